/* An LMDB environment with the rules that keep it safe: the only door to LMDB.
 *
 * One directory, one data file, named databases, transactions with a sticky
 * error. It knows nothing of logs. What it adds to LMDB is in the README:
 * creation that survives a power cut, a size check before the first read, a map
 * that grows, damage that becomes an error instead of a signal, and failed
 * writes sorted into "full" (abort, go on) and "fatal" (stop the process).
 *
 * Work is done in functions that run inside a transaction and end with it, so
 * no transaction can outlive a turn of the caller's loop. Where there is no
 * environment (NULL: a compaction that failed has none left) work is FATAL.
 */
#ifndef SG_STORAGE_LMDB_ENV_H
#define SG_STORAGE_LMDB_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"

struct sg_env;
struct sg_txn;

/* Named databases at most in one environment. */
#define SG_ENV_DATABASES_MAX 16

struct sg_env_config {
    const char *dir;              /* holds data.mdb */
    const char *const *databases; /* names; their index is their number */
    unsigned database_count;
    uint64_t map_size;     /* at open, bytes; grown by doubling */
    uint64_t map_size_max; /* and never beyond */
    uint64_t reserve_size; /* a failed write with less free than this is FULL */
    /* Commits are not flushed: for what is made anew after any crash, behind a
     * durable marker that says so (sealed.h). Never for logs. */
    bool is_unsynced;
    /* Read alone, beside the process that has it: nothing is written, and its
     * lock is not asked for. */
    bool is_beside;
};

/* Work inside a transaction. What it reads is borrowed until it returns. */
typedef enum sg_err sg_env_fn(struct sg_txn *txn, void *context);

/* Makes a new environment in CONFIG->dir, which must not exist; its parent
 * must. The databases are made and FILL is run in the first transaction; then
 * file and directory are synced. The caller renames the directory into place
 * and syncs the parent: only then does the environment exist.
 * Errors: EXISTS, FULL, IO, those of FILL. */
SG_USE_RESULT enum sg_err sg_env_create(const struct sg_env_config *config,
                                        sg_env_fn *fill, void *context);

/* Opens an environment. Nothing is read that grows with it. The caller holds a
 * lock of its own that keeps every other process out.
 * Errors: NOTFOUND; TRUNCATED (the file is shorter than its last page);
 * DAMAGED; VERSION; ACCESS; NOMEM; IO. */
SG_USE_RESULT enum sg_err sg_env_open(const struct sg_env_config *config,
                                      struct sg_env **ret_env);

/* Closes; no transaction may be running. Takes NULL. */
void sg_env_close(struct sg_env *env);

/* Runs FN in a read transaction. Context: any thread, also at the same time.
 * Errors: DAMAGED (also where LMDB itself stumbles), those of FN. */
SG_USE_RESULT enum sg_err sg_env_read(struct sg_env *env, sg_env_fn *fn,
                                      void *context);

/* Runs FN in a write transaction and commits if it returns SG_OK, durably: two
 * flushes. If the map is full it grows and FN runs again from the start, so FN
 * must not change anything but the transaction before it succeeds.
 * Errors: those of FN, nothing is changed; FULL, nothing is changed and a later
 * call may succeed; FATAL or DAMAGED: the environment refuses all further work
 * and the process must stop without acknowledging anything more.
 * Context: one writer at a time, any thread. */
SG_USE_RESULT enum sg_err sg_env_write(struct sg_env *env, sg_env_fn *fn,
                                       void *context);

/* Flushes what commits of an unsynced environment have left. Errors: FATAL. */
SG_USE_RESULT enum sg_err sg_env_sync(struct sg_env *env);

/* Refuses all further work, as after a failed commit: what lies outside the
 * environment and belongs to it could not be kept. */
void sg_env_fail(struct sg_env *env);

/* Looks at every page that is in use. Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_env_look(struct sg_env *env);

/* Writes a compact copy to the file PATH, which must not exist, and syncs it.
 * Readers and the writer go on meanwhile.
 * Errors: EXISTS, FULL, IO, DAMAGED. */
SG_USE_RESULT enum sg_err sg_env_copy(struct sg_env *env, const char *path);

struct sg_env_stat {
    uint64_t file_size; /* bytes in use by pages */
    uint64_t map_size;
    uint64_t free_pages; /* of the file, waiting to be used again */
    unsigned flags;      /* of LMDB: always without the fast ones */
};

/* Gives sizes. Errors: as sg_env_read. */
SG_USE_RESULT enum sg_err sg_env_stat(struct sg_env *env,
                                      struct sg_env_stat *ret_stat);

/* Gives the bytes free for us on the volume of PATH. Errors: IO. */
SG_USE_RESULT enum sg_err sg_env_space(const char *path, uint64_t *ret_free,
                                       uint64_t *ret_total);

/* Syncs the directory PATH, so that a rename in it lasts. Errors: FATAL. */
SG_USE_RESULT enum sg_err sg_env_sync_dir(const char *path);

#endif
