/* The store from inside: what store.c, batch.c, fetch.c and the files about
 * care share. Nobody outside storage/lmdb includes it.
 */
#ifndef SG_STORAGE_LMDB_INTERNAL_H
#define SG_STORAGE_LMDB_INTERNAL_H

#include <pthread.h>

#include "storage/lmdb/env.h"
#include "storage/lmdb/store.h"
#include "storage/log/highwater.h"

struct sg_store {
    char *dir;
    int lock_fd;
    int highwater_fd;
    struct sg_env *env;
    struct sg_registry_id registry;
    struct sg_entry_hasher hasher;
    uint8_t database[SG_DATABASE_ID_SIZE];
    uint64_t reserve_size;
    uint64_t map_size;
    uint64_t map_size_max;
    bool is_beside; /* another process may have it: read alone */

    struct sg_hash fingerprint;
    struct sg_highwater highwater; /* as last written */
    unsigned highwater_slot;       /* where */

    /* Logs that the file names and nobody opened: they stay in it. */
    size_t unopened_count;
    struct sg_highwater_log unopened[SG_HIGHWATER_LOGS_MAX];

    size_t own_count;
    struct sg_store_own own[SG_HIGHWATER_LOGS_MAX];
    /* Of the signed checkpoints in it: the writer moves them, anybody reads. */
    pthread_mutex_t own_lock;
    struct sg_sign_key *own_keys; /* locked memory, one for each own log */
    /* Planned, then signed, and not yet in the file; size 0: none. */
    struct sg_checkpoint made[SG_HIGHWATER_LOGS_MAX];
    struct sg_signer *signer; /* NULL: no keys, nothing is signed */
};

/* Takes DIR's lock, whether a store is in it or not; nothing is opened. Close
 * it as any other. Errors: NOTFOUND (DIR), BUSY, ACCESS, FULL, NOMEM, IO. */
SG_USE_RESULT enum sg_err sg_store_claim(const char *dir,
                                         struct sg_store **ret_store);

/* Says whether there is a folder NAME in DIR. */
bool sg_store_has_folder(const char *dir, const char *name);

/* Joins DIR and NAME with a slash into RET. Errors: LIMIT. */
SG_USE_RESULT enum sg_err sg_store_path(const char *dir, const char *name,
                                        char *ret, size_t size);

/* Removes DIR's folder NAME with the files in it; it may be missing.
 * Errors: IO. */
SG_USE_RESULT enum sg_err sg_store_remove_folder(const char *dir,
                                                 const char *name);

/* Reads the store's high-water file as it is.
 * Errors: NOTFOUND, ACCESS, IO. */
SG_USE_RESULT enum sg_err sg_store_read_highwater(
    const struct sg_store *store, uint8_t ret_file[SG_HIGHWATER_FILE_SIZE],
    size_t *ret_size);

/* Configures the environment in DIR's folder NAME ("log" or "log.new"); PATH
 * is scratch that must live as long as RET_CONFIG. */
#define SG_STORE_PATH_MAX 4096
SG_USE_RESULT enum sg_err sg_store_env_config(const struct sg_store *store,
                                              const char *name,
                                              char path[SG_STORE_PATH_MAX],
                                              struct sg_env_config *ret_config);

/* Gives the own log with NUMBER, or NULL. */
struct sg_store_own *sg_store_own_by_number(struct sg_store *store,
                                            uint32_t number);

/* Reads a log row. Errors: NOTFOUND, DAMAGED, VERSION. */
SG_USE_RESULT enum sg_err sg_store_row(struct sg_txn *txn, uint32_t number,
                                       struct sg_row_log *ret_row);

#endif
