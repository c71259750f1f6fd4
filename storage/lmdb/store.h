/* The log store: a directory of signed logs that survives power cuts, full and
 * failing disks, bit rot, restored backups and cloned disks.
 *
 * One process has a store open at a time. This header makes, opens and closes
 * it and says what logs there are. Changes go through storage/lmdb/batch.h,
 * reads through storage/lmdb/fetch.h, care through check.. files named in the
 * README. It is not the register: payloads are opaque here.
 *
 * Words: own log, one that this node writes and signs; held, the entries of a
 * log that this store has, always a prefix; known checkpoint, the newest signed
 * size it has seen, maybe ahead of held; epoch, as in DESIGN.md D4.
 */
#ifndef SG_STORAGE_LMDB_STORE_H
#define SG_STORAGE_LMDB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/lmdb/row.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/highwater.h"

struct sg_store;

#define SG_DATABASE_ID_SIZE 16

struct sg_store_config {
    const char *dir;
    uint64_t map_size;     /* 0: SG_MAP_SIZE */
    uint64_t map_size_max; /* 0: SG_MAP_SIZE_MAX */
    uint64_t reserve_size; /* 0: SG_RESERVE_SIZE, or 5 % of the volume */
    /* Stands for the machine's names in the fingerprint; empty: the real ones
     * (FORMAT.md section 8). */
    struct sg_bytes machine;
};

/* A log that the store shall be able to write: its key and kind. */
struct sg_store_key {
    const struct sg_sign_key *key;
    enum sg_log_kind kind;
};

/* Why an own log begins where it does. */
enum sg_store_start {
    SG_START_CARRIED_ON, /* as it was left */
    SG_START_FIRST,      /* there was none before */
    SG_START_TAIL,       /* entries were committed and not signed: signed now */
    SG_START_CUT,        /* the unsigned tail was damaged and removed */
    /* New epochs: */
    SG_START_NO_HIGHWATER, /* the file is missing or unreadable */
    SG_START_MACHINE,      /* another machine or directory */
    SG_START_DATABASE,     /* another copy of the database */
    SG_START_SHORTER,      /* the database lacks what was signed */
    SG_START_DIFFERS,      /* the database has something else there */
};

/* An own log. */
struct sg_store_own {
    uint32_t number;
    struct sg_log_id id;
    struct sg_log_core core;
    struct sg_checkpoint signed_checkpoint; /* durable, acknowledged up to it */
    enum sg_store_start start;
};

/* Makes a new, empty store for REGISTRY in CONFIG->dir, which may exist if it
 * holds no store. What a crash leaves half made is made anew by the next call.
 * Errors: EXISTS (a store is there), BUSY, FULL, ACCESS, IO. */
SG_USE_RESULT enum sg_err sg_store_create(
    const struct sg_store_config *config,
    const struct sg_registry_id *registry);

/* Opens a store and decides each own log's epoch: KEYS are copied into locked
 * memory. With no keys nothing can be written to own logs. Reads nothing that
 * grows with the number of entries.
 * Errors: NOTFOUND (no store), BUSY, TRUNCATED, DAMAGED, VERSION, ACCESS,
 * FULL (a new epoch, or the signature of a tail that a crash left, was needed
 * and could not be written), FATAL, NOMEM, LIMIT (more than
 * SG_HIGHWATER_LOGS_MAX keys). */
SG_USE_RESULT enum sg_err sg_store_open(const struct sg_store_config *config,
                                        const struct sg_store_key keys[],
                                        size_t key_count,
                                        struct sg_store **ret_store);

/* Opens the logs in DIR to be read, beside the process that has them open or
 * none: no own logs, no lock, nothing is written, so that a medium that cannot
 * be written will do. Close it as any other. Context: a process that has not
 * opened DIR itself.
 * Errors: NOTFOUND, TRUNCATED, DAMAGED, VERSION, ACCESS, NOMEM, IO. */
SG_USE_RESULT enum sg_err sg_store_open_beside(const char *dir,
                                               struct sg_store **ret_store);

/* Closes; nothing may be running. Takes NULL. */
void sg_store_close(struct sg_store *store);

/* Give what the store was made for; borrowed until close. */
const struct sg_registry_id *sg_store_registry(const struct sg_store *store);
const uint8_t *sg_store_database(const struct sg_store *store);
const struct sg_entry_hasher *sg_store_hasher(const struct sg_store *store);

/* Gives the I-th own log, in the order of the keys at open; NULL beyond. Its
 * checkpoint moves on with each commit. Context: the writer's thread. */
const struct sg_store_own *sg_store_own(const struct sg_store *store, size_t i);

/* Gives what the high-water file beside STORE says was signed last, which the
 * database itself may not have yet; sequence 0 where there is no such file, or
 * none that says anything. Its signatures are not verified.
 * Errors: ACCESS, IO. */
SG_USE_RESULT enum sg_err sg_store_signed(const struct sg_store *store,
                                          struct sg_highwater *ret_signed);

/* A log as it is now. */
struct sg_store_log {
    uint32_t number;
    uint8_t branch;
    struct sg_log_id id;
    struct sg_row_log row;
};

/* Finds a log by id and branch (0: as first seen), or by number. An own log's
 * known checkpoint is the newest signed one; while the writer is at work, what
 * is held may be ahead of it by what is not signed yet.
 * Context: any thread.
 * Errors: NOTFOUND, DAMAGED. */
SG_USE_RESULT enum sg_err sg_store_find(struct sg_store *store,
                                        const struct sg_log_id *id,
                                        uint8_t branch,
                                        struct sg_store_log *ret_log);
SG_USE_RESULT enum sg_err sg_store_get(struct sg_store *store, uint32_t number,
                                       struct sg_store_log *ret_log);

/* Called for each log; stops at the first result other than SG_OK. */
typedef enum sg_err sg_store_log_fn(void *context,
                                    const struct sg_store_log *log);

/* Calls FN for every log by number, in one read transaction.
 * Errors: those of FN, DAMAGED. */
SG_USE_RESULT enum sg_err sg_store_each(struct sg_store *store,
                                        sg_store_log_fn *fn, void *context);

#endif
