/* A file of a bundle, opened and its header read; and what can be seen of it
 * without taking it.
 *
 * Functions print their error and return the exit code, 0 for success.
 */
#ifndef SG_TOOLS_STICK_FILE_H
#define SG_TOOLS_STICK_FILE_H

#include <stdint.h>

#include "replication/bundle.h"
#include "storage/log/key_file.h"
#include "tools/cli.h"

struct sg_stick_file {
    const struct sg_cli *cli;
    const char *path; /* borrowed */
    int fd;
    uint64_t size;
    uint8_t *head; /* the first bytes: the header, all of it */
    size_t head_size;
    struct sg_bundle_header header;
    struct sg_bytes boxes; /* in HEAD */
};

/* Opens PATH, a regular file that begins with the header of a bundle of
 * REGISTRY. The caller ends it with sg_stick_file_close. */
SG_USE_RESULT int sg_stick_file_open(const struct sg_cli *cli, const char *path,
                                     const struct sg_registry_id *registry,
                                     struct sg_stick_file *ret_file);
void sg_stick_file_close(struct sg_stick_file *file);

/* Reads SIZE bytes at OFFSET into ROOM. Errors: IO, also where the file has
 * fewer. Prints nothing: a piece that cannot be read is passed over. */
SG_USE_RESULT enum sg_err sg_stick_file_read(const struct sg_stick_file *file,
                                             uint64_t offset, uint8_t *room,
                                             size_t size);

/* Prints that FILE is refused with ERR, one of sg_bundle_header_decode or
 * _key_open, and what to do. */
int sg_stick_file_fail(const struct sg_cli *cli, const char *path,
                       enum sg_err err);

/* What a file says of itself. */
struct sg_stick_sight {
    struct sg_bundle_header header;
    uint32_t cut_at;  /* the piece from which on nothing is there; 0: whole */
    bool is_ours;     /* sealed for our key; else nothing below is known */
    uint32_t damaged; /* pieces that do not open */
    uint64_t entries; /* in its packages */
    bool has_maker;   /* a manifest with a signature that is its maker's */
    uint8_t maker[SG_KEY_SIZE]; /* node key; whether it is a member is not
                                   looked at */
    uint64_t seconds;           /* since 1970, by the maker's clock */
};

/* Looks at the file PATH with the transport key KEY. Nothing is taken. */
SG_USE_RESULT int sg_stick_look(const struct sg_cli *cli, const char *path,
                                const struct sg_key *key,
                                struct sg_stick_sight *ret_sight);

#endif
