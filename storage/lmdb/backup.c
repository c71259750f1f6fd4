#include "storage/lmdb/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"

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

enum sg_err sg_backup_write(struct sg_store *store, const char *dir)
{
    char part[SG_STORE_PATH_MAX], folder[SG_STORE_PATH_MAX];
    char parent[SG_STORE_PATH_MAX];
    struct stat there;
    int length = snprintf(part, sizeof part, "%s.part", dir);
    enum sg_err err;

    if (length < 0 || (size_t)length >= sizeof part) {
        return SG_ERR_LIMIT;
    }
    if (stat(dir, &there) == 0) {
        return SG_ERR_EXISTS;
    }
    if (mkdir(part, DIR_MODE) != 0) {
        return err_from_errno();
    }
    err = sg_store_path(part, "log", folder, sizeof folder);
    if (err == SG_OK) {
        err = copy_into(store, folder);
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
