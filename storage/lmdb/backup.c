#include "storage/lmdb/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/tree.h"

#define DIR_MODE 0700

static enum sg_err err_from_errno(void)
{
    return errno == EEXIST   ? SG_ERR_EXISTS
           : errno == EACCES ? SG_ERR_ACCESS
           : errno == ENOSPC ? SG_ERR_FULL
           : errno == ENOENT ? SG_ERR_NOTFOUND
                             : SG_ERR_IO;
}

/* Makes FOLDER with a compact copy of the logs in it, synced. */
static enum sg_err copy_into(struct sg_store *store, const char *folder)
{
    char file[SG_STORE_PATH_MAX];
    enum sg_err err = sg_store_path(folder, "data.mdb", file, sizeof file);
    if (err == SG_OK && mkdir(folder, DIR_MODE) != 0) {
        err = err_from_errno();
    }
    if (err == SG_OK) {
        err = sg_env_copy(store->env, file);
        if (err != SG_OK) {
            (void)rmdir(folder);
        }
    }
    return err == SG_OK ? sg_env_sync_dir(folder) : err;
}

/* --- What was signed last ------------------------------------------------- */

struct signing {
    const struct sg_store *store;
    const struct sg_highwater *highwater;
};

/* Enters what was signed of LAST's log as its known checkpoint, if the log here
 * has that. */
static enum sg_err enter(struct sg_txn *txn, const struct sg_store *store,
                         const struct sg_highwater_log *last)
{
    const struct sg_checkpoint *checkpoint = &last->checkpoint;
    struct sg_schema_key id = sg_schema_log_id(&last->log, 0), key;
    uint8_t bytes[SG_ROW_LOG_MAX];
    struct sg_frontier frontier;
    struct sg_row_log row;
    struct sg_bytes value;
    struct sg_hash root;
    uint32_t number;

    if (!sg_txn_get(txn, SG_DB_LOGIDS, sg_schema_bytes(&id), &value) ||
        value.size != 4) {
        return sg_txn_err(txn);
    }
    number = sg_bytes_get_u32be(value.data);
    if (sg_store_row(txn, number, &row) != SG_OK ||
        checkpoint->size > row.frontier.size ||
        checkpoint->size <= row.known.size ||
        sg_checkpoint_verify(&store->registry, &last->log, row.core.node_key,
                             checkpoint) != SG_OK ||
        sg_tree_frontier(txn, number, checkpoint->size, &frontier) != SG_OK) {
        return sg_txn_err(txn);
    }
    root = sg_merkle_root(&frontier);
    if (memcmp(&root, &checkpoint->root, sizeof root) == 0) {
        row.known = *checkpoint;
        key = sg_schema_log(number);
        sg_txn_put(txn, SG_DB_LOGS, sg_schema_bytes(&key),
                   sg_bytes(bytes, sg_row_log_encode(&row, bytes)));
    }
    return sg_txn_err(txn);
}

static enum sg_err enter_all(struct sg_txn *txn, void *context)
{
    const struct signing *signing = context;
    enum sg_err err = SG_OK;
    unsigned i;

    for (i = 0; i < signing->highwater->count && err == SG_OK; i++) {
        err = enter(txn, signing->store, &signing->highwater->logs[i]);
    }
    return err;
}

/* Enters it into the copy in FOLDER: the newest signature is in the high-water
 * file alone, which stays behind, and without one nobody would believe what was
 * acknowledged. */
static enum sg_err sign_copy(const struct sg_store *store, const char *folder,
                             const struct sg_highwater *highwater)
{
    struct signing signing = {store, highwater};
    char path[SG_STORE_PATH_MAX];
    struct sg_env_config config;
    struct sg_env *env;
    enum sg_err err = sg_store_env_config(store, "log", path, &config);

    if (err != SG_OK || highwater->count == 0) {
        return err;
    }
    config.dir = folder;
    config.is_beside = false;
    err = sg_env_open(&config, &env);
    if (err == SG_OK) {
        err = sg_env_write(env, enter_all, &signing);
        sg_env_close(env);
    }
    if (err == SG_OK) {
        err = sg_store_path(folder, "lock.mdb", path, sizeof path);
    }
    if (err == SG_OK) {
        (void)unlink(path); /* LMDB's; made by who opens it */
        err = sg_env_sync_dir(folder);
    }
    return err;
}

enum sg_err sg_backup_write(struct sg_store *store, const char *dir)
{
    char part[SG_STORE_PATH_MAX], folder[SG_STORE_PATH_MAX];
    char parent[SG_STORE_PATH_MAX];
    struct sg_highwater highwater;
    struct stat there;
    int length = snprintf(part, sizeof part, "%s.part", dir);
    enum sg_err err;

    if (length < 0 || (size_t)length >= sizeof part) {
        return SG_ERR_LIMIT;
    }
    if (stat(dir, &there) == 0) {
        return SG_ERR_EXISTS;
    }
    /* Before the copy, which then has all that this covers. */
    err = sg_store_signed(store, &highwater);
    if (err != SG_OK) {
        return err;
    }
    if (mkdir(part, DIR_MODE) != 0) {
        return err_from_errno();
    }
    err = sg_store_path(part, "log", folder, sizeof folder);
    if (err == SG_OK) {
        err = copy_into(store, folder);
    }
    if (err == SG_OK) {
        err = sign_copy(store, folder, &highwater);
    }
    if (err == SG_OK) {
        err = sg_env_sync_dir(part);
    }
    if (err == SG_OK && rename(part, dir) != 0) {
        err = err_from_errno();
    }
    if (err != SG_OK) {
        if (sg_store_remove_folder(part, "log") == SG_OK) {
            (void)rmdir(part);
        }
        return err;
    }
    err = sg_store_path(dir, "..", parent, sizeof parent);
    return err == SG_OK ? sg_env_sync_dir(parent) : err;
}

enum sg_err sg_backup_beside(const char *from, const char *dir)
{
    struct sg_store *store;
    enum sg_err err = sg_store_open_beside(from, &store);

    if (err == SG_OK) {
        err = sg_backup_write(store, dir);
        sg_store_close(store);
    }
    return err;
}

/* --- Restoring ------------------------------------------------------------ */

/* A copy is another database, and no start of its writer has begun it here. */
static enum sg_err rename_database(struct sg_txn *txn, void *context)
{
    const uint8_t *database = context;
    sg_txn_put(txn, SG_DB_META, SG_BYTES_TEXT("database"),
               sg_bytes(database, SG_DATABASE_ID_SIZE));
    sg_txn_del(txn, SG_DB_META, SG_BYTES_TEXT("machine"));
    sg_txn_del(txn, SG_DB_META, SG_BYTES_TEXT("begun"));
    return sg_txn_err(txn);
}

/* Makes `log.new` of FROM, and enters what was signed here BEFORE. */
static enum sg_err make_copy(struct sg_store *store, const char *from,
                             const struct sg_highwater *before)
{
    char made[SG_STORE_PATH_MAX];
    uint8_t database[SG_DATABASE_ID_SIZE];
    struct sg_env_config config;
    struct sg_store *backup;
    enum sg_err err = sg_store_open_beside(from, &backup);

    if (err != SG_OK) {
        return err;
    }
    err = sg_store_remove_folder(store->dir, "log.new");
    if (err == SG_OK) {
        err = sg_store_env_config(store, "log.new", made, &config);
    }
    if (err == SG_OK) {
        err = copy_into(backup, made);
    }
    if (err == SG_OK) {
        err = sign_copy(backup, made, before);
    }
    sg_store_close(backup);
    if (err == SG_OK) {
        err = sg_env_open(&config, &store->env);
    }
    if (err == SG_OK) {
        sg_crypto_random(database, sizeof database);
        err = sg_env_write(store->env, rename_database, database);
        sg_env_close(store->env);
        store->env = NULL;
    }
    return err;
}

/* Gives DIR's NAME the name OLD; it may be missing. */
static enum sg_err put_aside(const struct sg_store *store, const char *name,
                             const char *old)
{
    char from[SG_STORE_PATH_MAX], to[SG_STORE_PATH_MAX];
    enum sg_err err = sg_store_path(store->dir, name, from, sizeof from);

    if (err == SG_OK) {
        err = sg_store_path(store->dir, old, to, sizeof to);
    }
    if (err == SG_OK && rename(from, to) != 0 && errno != ENOENT) {
        err = err_from_errno();
    }
    return err;
}

/* Exchanges what is there for the copy: the logs leave first, so that at no
 * moment a file vouches for logs that it was not written beside. */
static enum sg_err put_in_place(struct sg_store *store)
{
    static const char *const derived[] = {"view", "view.new", "taking"};
    enum sg_err err = put_aside(store, "log", "log.old");
    size_t i;

    for (i = 0; i < sizeof derived / sizeof derived[0] && err == SG_OK; i++) {
        err = sg_store_remove_folder(store->dir, derived[i]);
    }
    if (err == SG_OK) {
        err = put_aside(store, "highwater", "highwater.old");
    }
    if (err == SG_OK) {
        err = sg_env_sync_dir(store->dir);
    }
    if (err == SG_OK) {
        err = put_aside(store, "log.new", "log");
    }
    return err == SG_OK ? sg_env_sync_dir(store->dir) : err;
}

enum sg_err sg_backup_restore(const char *from, const char *dir,
                              enum sg_backup_mode mode,
                              struct sg_highwater *ret_before)
{
    struct sg_store *store;
    enum sg_err err = sg_store_claim(dir, &store);

    if (err != SG_OK) {
        return err;
    }
    if (sg_store_has_folder(dir, "log") &&
        (mode != SG_BACKUP_REPLACE || sg_store_has_folder(dir, "log.old"))) {
        err = SG_ERR_EXISTS;
    }
    if (err == SG_OK) {
        err = sg_store_signed(store, ret_before);
    }
    if (err == SG_OK) {
        err = make_copy(store, from, ret_before);
    }
    if (err == SG_OK) {
        err = put_in_place(store);
    }
    sg_store_close(store);
    return err;
}

/* --- Compaction ----------------------------------------------------------- */

static enum sg_err mark_compacted(struct sg_txn *txn, void *context)
{
    struct sg_schema_key from = sg_schema_place(0, 0);
    struct sg_bytes key, value;
    bool found =
        sg_txn_seek(txn, SG_DB_ERASURES, sg_schema_bytes(&from), &key, &value);
    (void)context;
    while (found) {
        struct sg_schema_key at;
        uint8_t row[17];
        if (value.size != sizeof row || key.size > sizeof at.bytes) {
            return SG_ERR_DAMAGED;
        }
        at.size = (uint8_t)key.size;
        memcpy(at.bytes, key.data, key.size);
        memcpy(row, value.data, sizeof row);
        if (row[16] == 1) {
            row[16] = 2;
            sg_txn_put(txn, SG_DB_ERASURES, sg_schema_bytes(&at),
                       SG_BYTES_ARRAY(row));
        }
        found = sg_txn_next(txn, SG_DB_ERASURES, &key, &value);
    }
    return sg_txn_err(txn);
}

/* Exchanges `log` and `log.new`; whichever is `log` after a crash is whole. */
static enum sg_err exchange(struct sg_store *store, const char *made)
{
    char path[SG_STORE_PATH_MAX], final[SG_STORE_PATH_MAX];
    struct sg_env_config config;
    enum sg_err err = sg_store_path(store->dir, "log", final, sizeof final);

    if (err != SG_OK) {
        return err;
    }
    sg_env_close(store->env);
    store->env = NULL;
    if (renameat2(AT_FDCWD, made, AT_FDCWD, final, RENAME_EXCHANGE) != 0 ||
        sg_env_sync_dir(store->dir) != SG_OK) {
        return SG_ERR_FATAL;
    }
    err = sg_store_env_config(store, "log", path, &config);
    if (err == SG_OK) {
        err = sg_env_open(&config, &store->env);
    }
    return err == SG_OK ? SG_OK : SG_ERR_FATAL;
}

enum sg_err sg_backup_compact(struct sg_store *store)
{
    char made[SG_STORE_PATH_MAX];
    enum sg_err err = sg_store_path(store->dir, "log.new", made, sizeof made);

    if (err == SG_OK) {
        err = sg_store_remove_folder(store->dir, "log.new");
    }
    if (err == SG_OK) {
        err = copy_into(store, made);
    }
    if (err == SG_OK) {
        err = exchange(store, made);
    }
    if (err == SG_OK) {
        /* The old file, and the erased bytes with it. */
        err = sg_store_remove_folder(store->dir, "log.new");
        err = err == SG_OK ? sg_env_sync_dir(store->dir) : SG_ERR_FATAL;
    }
    if (err == SG_OK) {
        err = sg_env_write(store->env, mark_compacted, NULL);
    }
    if (err == SG_ERR_FATAL) {
        sg_env_fail(store->env);
    }
    return err;
}
