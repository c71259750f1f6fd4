/* A disk as a power cut leaves it: recorded calls are replayed into a model
 * that knows what is durable and what is only on its way, and from it crash
 * images are made.
 *
 * The rules, harder than any file system's own: what a file was given since its
 * last sync is kept, lost, or kept in part, each sector of 512 bytes for
 * itself, and none of it in order; a file may have grown by zeros instead; of
 * the names that a folder was given or lost since its last sync, the latest are
 * lost; folders are independent of each other and of what is in the files. A
 * write through O_DSYNC is durable, and makes nothing else so.
 */
#ifndef SG_TESTS_FAULT_DISK_H
#define SG_TESTS_FAULT_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/prng.h"
#include "tests/fault/fault.h"

struct disk;

/* Makes an empty disk to replay RECORD on; the caller frees it with disk_free.
 * Exits when there is no memory. */
struct disk *disk_new(const struct fault_record *record);
void disk_free(struct disk *disk);

/* Replays up to EVENT, counted from 0, but not that one. Only forwards. */
void disk_replay(struct disk *disk, uint64_t event);

/* Counts the events of RECORD. */
uint64_t disk_events(const struct fault_record *record);

/* Gives the last mark that was replayed, of SIZE bytes; NULL if none was. */
const void *disk_mark(const struct disk *disk, size_t size);

/* Writes what the power cut leaves, by the numbers of PRNG, as the folder
 * DIR/NAME, where NAME is what the recorded store was called. DIR exists.
 * Exits on failure. */
void disk_image(const struct disk *disk, struct sg_prng *prng, const char *dir);

#endif
