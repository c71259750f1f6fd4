/* Sealed rows: an LMDB environment for what is derived and local, such as the
 * view, whose values nobody reads without a local key.
 *
 * Each value is encrypted and bound to its database and key; where a key would
 * name a person it is a keyed hash (FORMAT.md section 12). It knows neither
 * records nor logs, and it is no place for what cannot be made again: it is
 * deleted and made anew whenever it is of another format, under another key,
 * damaged, or was left in the middle of a bulk build.
 *
 * Work is done in functions that run inside a transaction (env.h); these calls
 * work in one, with its sticky error. Context: as env.h: readers on any thread
 * at any time, one writer.
 */
#ifndef SG_STORAGE_LMDB_SEALED_H
#define SG_STORAGE_LMDB_SEALED_H

#include "storage/base/buf.h"
#include "storage/base/crypto.h"
#include "storage/lmdb/env.h"
#include "storage/log/entry.h"

struct sg_sealed;

/* The first database: names and what they stand for. Its key `sealed` is this
 * module's. */
#define SG_SEALED_META 0u

/* A keyed hash that stands in a key; a caller who looks at what he finds may
 * cut it. */
#define SG_SEALED_KEY_SIZE 8u

/* A value in the clear, at most: what one transaction opens at once. */
#define SG_SEALED_SIZE_MAX ((size_t)64 << 20)

struct sg_sealed_config {
    const char *dir; /* the environment's own folder; its parent is there */
    const char *const *databases; /* number 0 is SG_SEALED_META */
    unsigned database_count;
    uint64_t format; /* of what the caller keeps: any other is made anew */
    struct sg_registry_id registry;
    uint8_t key[SG_KEY_SIZE]; /* local; the caller wipes it */
    uint64_t map_size;        /* as in env.h */
    uint64_t map_size_max;
    uint64_t reserve_size;
};

/* How an environment came to be open. */
enum sg_sealed_start {
    SG_SEALED_FOUND, /* as it was left */
    SG_SEALED_MADE,  /* there was none */
    /* There was one, which was deleted; empty now: */
    SG_SEALED_FORMAT,  /* of another format */
    SG_SEALED_KEY,     /* under another key, or of another registry */
    SG_SEALED_DAMAGED, /* it does not hold together */
    SG_SEALED_DIRTY,   /* a bulk build was not ended */
};

/* Opens the environment, and makes an empty one where there is none or it is of
 * no use. Caller closes with sg_sealed_close. Errors: FULL, IO, ACCESS, NOMEM.
 */
SG_USE_RESULT enum sg_err sg_sealed_open(const struct sg_sealed_config *config,
                                         struct sg_sealed **ret_sealed,
                                         enum sg_sealed_start *ret_start);

/* What a look at an environment has found wrong. */
enum sg_sealed_fault {
    SG_SEALED_VALUE, /* it does not open, or is not as it must be */
    SG_SEALED_ORDER, /* a key that does not follow the one before it */
    SG_SEALED_MARK,  /* of another format, key or registry, or a bulk build */
};

/* How an environment is looked at. */
struct sg_sealed_check {
    uint32_t plain; /* databases whose values are not sealed: bit by number */
    /* Says whether VALUE at KEY of such a database is as it must be. */
    bool (*judge)(void *context, unsigned db, struct sg_bytes key,
                  struct sg_bytes value);
    /* Called for each finding: row NO, from 0, of database DB. */
    void (*found)(void *context, unsigned db, uint64_t no,
                  enum sg_sealed_fault fault);
    void *context;
};

/* Opens every value of the environment that lies at CONFIG->dir, beside the
 * process that has it or none; nothing is changed. RET_ROWS is how many.
 * Errors: NOTFOUND (there is none); DAMAGED, TRUNCATED (its pages); VERSION;
 * ACCESS, IO, NOMEM. */
SG_USE_RESULT enum sg_err sg_sealed_look(const struct sg_sealed_config *config,
                                         const struct sg_sealed_check *check,
                                         uint64_t *ret_rows);

/* Closes; no transaction may be running. Takes NULL. */
void sg_sealed_close(struct sg_sealed *sealed);

/* Deletes all that is in it and begins anew, empty, under KEY. Readers wait.
 * Errors: as sg_sealed_open, and then SEALED refuses all work (FATAL). */
SG_USE_RESULT enum sg_err sg_sealed_clear(struct sg_sealed *sealed,
                                          const uint8_t key[SG_KEY_SIZE]);

/* Begins a bulk build: a durable marker says so, and from here on commits are
 * not flushed, until sg_sealed_bulk_end has flushed everything and taken the
 * marker away. What is closed or dies in between is empty at the next open.
 * Readers wait. Errors: as sg_env_write and sg_env_open, and then SEALED may
 * refuse all work (FATAL). */
SG_USE_RESULT enum sg_err sg_sealed_bulk_begin(struct sg_sealed *sealed);
SG_USE_RESULT enum sg_err sg_sealed_bulk_end(struct sg_sealed *sealed);

/* Run FN in a transaction: sg_env_read, sg_env_write. */
SG_USE_RESULT enum sg_err sg_sealed_read(struct sg_sealed *sealed,
                                         sg_env_fn *fn, void *context);
SG_USE_RESULT enum sg_err sg_sealed_write(struct sg_sealed *sealed,
                                          sg_env_fn *fn, void *context);

/* Gives sizes. Errors: as sg_env_stat. */
SG_USE_RESULT enum sg_err sg_sealed_stat(struct sg_sealed *sealed,
                                         struct sg_env_stat *ret_stat);

/* Gives how many bytes of a page, which has SG_SEALED_PAGE_SIZE for all its
 * rows, a value of SIZE bytes in the clear takes at a key of KEY_SIZE: for who
 * chooses an order in which pages are filled by sg_sealed_append. */
#define SG_SEALED_PAGE_SIZE 4080u
size_t sg_sealed_room_of(size_t key_size, size_t size);

/* --- in a transaction -------------------------------------------------- */

/* Computes what stands for BYTES, at most SG_SEALED_NAME_MAX of them, in keys
 * of database DB. */
#define SG_SEALED_NAME_MAX 1024u
void sg_sealed_name(const struct sg_sealed *sealed, unsigned db,
                    struct sg_bytes bytes, uint8_t ret[SG_SEALED_KEY_SIZE]);

/* Looks KEY up and appends its value in the clear to RET. Returns whether it is
 * there. A value that does not open fails TXN with DAMAGED; one that RET does
 * not take, with LIMIT or NOMEM. */
bool sg_sealed_get(const struct sg_sealed *sealed, struct sg_txn *txn,
                   unsigned db, struct sg_bytes key, struct sg_buf *ret);

/* Opens VALUE, which was found at KEY (sg_txn_seek, sg_txn_next), and appends
 * it to RET. Returns whether that was done; if not, TXN has failed as above. */
bool sg_sealed_decode(const struct sg_sealed *sealed, struct sg_txn *txn,
                      unsigned db, struct sg_bytes key, struct sg_bytes value,
                      struct sg_buf *ret);

/* Seals PLAIN and writes it; the second form where KEY is beyond all others in
 * DB. */
void sg_sealed_put(const struct sg_sealed *sealed, struct sg_txn *txn,
                   unsigned db, struct sg_bytes key, struct sg_bytes plain);
void sg_sealed_append(const struct sg_sealed *sealed, struct sg_txn *txn,
                      unsigned db, struct sg_bytes key, struct sg_bytes plain);

#endif
