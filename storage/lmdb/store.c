#include "storage/lmdb/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/base/plant.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/own.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/signer.h"

#define DIR_MODE  0700
#define LOCK_MODE 0600

/* --- Places -------------------------------------------------------------- */

enum sg_err sg_store_path(const char *dir, const char *name, char *ret,
                          size_t size)
{
    int length = snprintf(ret, size, "%s/%s", dir, name);
    return length > 0 && (size_t)length < size ? SG_OK : SG_ERR_LIMIT;
}

enum sg_err sg_store_env_config(const struct sg_store *store, const char *name,
                                char path[SG_STORE_PATH_MAX],
                                struct sg_env_config *ret_config)
{
    enum sg_err err = sg_store_path(store->dir, name, path, SG_STORE_PATH_MAX);
    if (err == SG_OK) {
        *ret_config = (struct sg_env_config){
            .dir = path,
            .databases = sg_schema_names,
            .database_count = SG_DB_COUNT,
            .map_size = store->map_size,
            .map_size_max = store->map_size_max,
            .reserve_size = store->reserve_size,
            .is_beside = store->is_beside,
        };
    }
    return err;
}

enum sg_err sg_store_remove_folder(const char *dir, const char *name)
{
    char path[SG_STORE_PATH_MAX], file[SG_STORE_PATH_MAX];
    struct dirent *item;
    DIR *folder;
    enum sg_err err = sg_store_path(dir, name, path, sizeof path);

    if (err != SG_OK) {
        return err;
    }
    folder = opendir(path);
    if (folder == NULL) {
        return errno == ENOENT ? SG_OK : SG_ERR_IO;
    }
    while (err == SG_OK && (item = readdir(folder)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) {
            continue;
        }
        err = sg_store_path(path, item->d_name, file, sizeof file);
        if (err == SG_OK && unlink(file) != 0) {
            err = SG_ERR_IO;
        }
    }
    (void)closedir(folder);
    if (err == SG_OK && rmdir(path) != 0) {
        err = SG_ERR_IO;
    }
    return err;
}

bool sg_store_has_folder(const char *dir, const char *name)
{
    char path[SG_STORE_PATH_MAX];
    struct stat stat_of;
    return sg_store_path(dir, name, path, sizeof path) == SG_OK &&
           stat(path, &stat_of) == 0;
}

enum sg_err sg_store_read_highwater(const struct sg_store *store,
                                    uint8_t ret_file[SG_HIGHWATER_FILE_SIZE],
                                    size_t *ret_size)
{
    char path[SG_STORE_PATH_MAX];
    ssize_t size;
    enum sg_err err = sg_store_path(store->dir, "highwater", path, sizeof path);
    int fd;

    if (err != SG_OK) {
        return err;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT   ? SG_ERR_NOTFOUND
               : errno == EACCES ? SG_ERR_ACCESS
                                 : SG_ERR_IO;
    }
    size = pread(fd, ret_file, SG_HIGHWATER_FILE_SIZE, 0);
    (void)close(fd);
    if (size < 0) {
        return SG_ERR_IO;
    }
    *ret_size = (size_t)size;
    return SG_OK;
}

/* --- A store in memory --------------------------------------------------- */

static void set_sizes(struct sg_store *store,
                      const struct sg_store_config *config)
{
    uint64_t space, total = 0;
    store->map_size = config->map_size ? config->map_size : SG_MAP_SIZE;
    store->map_size_max =
        config->map_size_max ? config->map_size_max : SG_MAP_SIZE_MAX;
    store->reserve_size = config->reserve_size;
    if (store->reserve_size == 0) {
        store->reserve_size = SG_RESERVE_SIZE;
        if (sg_env_space(config->dir, &space, &total) == SG_OK &&
            total / 20 < SG_RESERVE_SIZE) {
            store->reserve_size = total / 20;
        }
    }
}

static enum sg_err store_new(const struct sg_store_config *config,
                             struct sg_store **ret_store)
{
    struct sg_store *store = sg_calloc(1, sizeof *store);
    size_t length = strlen(config->dir) + 1;
    if (store == NULL) {
        return SG_ERR_NOMEM;
    }
    store->lock_fd = -1;
    store->highwater_fd = -1;
    (void)pthread_mutex_init(&store->own_lock, NULL);
    store->dir = sg_alloc(length);
    store->own_keys =
        sg_crypto_secret_new(SG_HIGHWATER_LOGS_MAX * sizeof *store->own_keys);
    if (store->dir == NULL || store->own_keys == NULL) {
        sg_store_close(store);
        return SG_ERR_NOMEM;
    }
    memcpy(store->dir, config->dir, length);
    set_sizes(store, config);
    *ret_store = store;
    return SG_OK;
}

/* Closing another descriptor of LMDB's own lock file would release LMDB's
 * locks; so the one process is kept by a file that nobody else opens. */
static enum sg_err lock(struct sg_store *store)
{
    char path[SG_STORE_PATH_MAX];
    enum sg_err err = sg_store_path(store->dir, "lock", path, sizeof path);
    if (err != SG_OK) {
        return err;
    }
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
    if (store->lock_fd < 0) {
        return errno == EACCES   ? SG_ERR_ACCESS
               : errno == ENOENT ? SG_ERR_NOTFOUND
               : errno == ENOSPC ? SG_ERR_FULL
                                 : SG_ERR_IO;
    }
    return flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0 ? SG_OK : SG_ERR_BUSY;
}

void sg_store_close(struct sg_store *store)
{
    if (store == NULL) {
        return;
    }
    sg_signer_free(store->signer);
    sg_env_close(store->env);
    sg_crypto_secret_free(store->own_keys);
    if (store->highwater_fd >= 0) {
        (void)close(store->highwater_fd);
    }
    if (store->lock_fd >= 0) {
        (void)close(store->lock_fd);
    }
    (void)pthread_mutex_destroy(&store->own_lock);
    sg_free(store->dir);
    sg_free(store);
}

/* --- Creation ------------------------------------------------------------ */

static enum sg_err fill_meta(struct sg_txn *txn, void *context)
{
    const struct sg_store *store = context;
    sg_schema_meta_put(txn, "format", SG_SCHEMA_FORMAT);
    sg_txn_put(txn, SG_DB_META, SG_BYTES_TEXT("registry"),
               SG_BYTES_ARRAY(store->registry.hash.bytes));
    sg_txn_put(txn, SG_DB_META, SG_BYTES_TEXT("database"),
               SG_BYTES_ARRAY(store->database));
    return sg_txn_err(txn);
}

/* The rename is the moment of birth: before it there is no store. */
static enum sg_err create_locked(struct sg_store *store,
                                 struct sg_bytes machine)
{
    char made[SG_STORE_PATH_MAX], final[SG_STORE_PATH_MAX];
    struct sg_env_config config;
    enum sg_err err;

    if (sg_store_has_folder(store->dir, "log")) {
        return SG_ERR_EXISTS;
    }
    err = sg_store_remove_folder(store->dir, "log.new");
    if (err == SG_OK) {
        err = sg_store_env_config(store, "log.new", made, &config);
    }
    if (err == SG_OK) {
        err = sg_env_create(&config, fill_meta, store);
    }
    if (err == SG_OK) {
        err = sg_own_create_highwater(store->dir, &store->registry,
                                      store->database, machine);
    }
    if (err == SG_OK) {
        err = sg_env_sync_dir(store->dir);
    }
    if (err == SG_OK) {
        err = sg_store_path(store->dir, "log", final, sizeof final);
    }
    if (err == SG_OK && rename(made, final) != 0) {
        err = SG_ERR_IO;
    }
    if (err == SG_OK && !SG_PLANT(no_directory_sync)) {
        err = sg_env_sync_dir(store->dir);
    }
    return err;
}

/* The directory itself must last, too, even if a process that was killed made
 * it. */
static enum sg_err make_dir(const char *dir)
{
    char parent[SG_STORE_PATH_MAX];
    if (mkdir(dir, DIR_MODE) != 0 && errno != EEXIST) {
        return errno == EACCES   ? SG_ERR_ACCESS
               : errno == ENOSPC ? SG_ERR_FULL
                                 : SG_ERR_IO;
    }
    if (sg_store_path(dir, "..", parent, sizeof parent) != SG_OK) {
        return SG_ERR_LIMIT;
    }
    return sg_env_sync_dir(parent);
}

enum sg_err sg_store_create(const struct sg_store_config *config,
                            const struct sg_registry_id *registry)
{
    struct sg_store *store;
    enum sg_err err = make_dir(config->dir);
    if (err == SG_OK) {
        err = store_new(config, &store);
    }
    if (err != SG_OK) {
        return err;
    }
    store->registry = *registry;
    sg_crypto_random(store->database, sizeof store->database);
    err = lock(store);
    if (err == SG_OK) {
        err = create_locked(store, config->machine);
    }
    sg_store_close(store);
    return err;
}

/* --- Open ---------------------------------------------------------------- */

static enum sg_err read_meta(struct sg_txn *txn, void *context)
{
    struct sg_store *store = context;
    struct sg_bytes registry, database;
    if (sg_schema_meta_get(txn, "format") != SG_SCHEMA_FORMAT) {
        return sg_txn_fail(txn, SG_ERR_VERSION);
    }
    if (!sg_txn_get(txn, SG_DB_META, SG_BYTES_TEXT("registry"), &registry) ||
        !sg_txn_get(txn, SG_DB_META, SG_BYTES_TEXT("database"), &database) ||
        registry.size != 32 || database.size != SG_DATABASE_ID_SIZE) {
        return sg_txn_fail(txn, SG_ERR_DAMAGED);
    }
    memcpy(store->registry.hash.bytes, registry.data, registry.size);
    memcpy(store->database, database.data, database.size);
    return SG_OK;
}

static enum sg_err open_env(struct sg_store *store)
{
    char path[SG_STORE_PATH_MAX];
    struct sg_env_config config;
    enum sg_err err = sg_store_env_config(store, "log", path, &config);
    if (err == SG_OK) {
        err = sg_env_open(&config, &store->env);
    }
    if (err == SG_OK) {
        err = sg_env_read(store->env, read_meta, store);
    }
    return err;
}

enum sg_err sg_store_open(const struct sg_store_config *config,
                          const struct sg_store_key keys[], size_t key_count,
                          struct sg_store **ret_store)
{
    struct sg_store *store;
    enum sg_err err;

    if (key_count > SG_HIGHWATER_LOGS_MAX) {
        return SG_ERR_LIMIT;
    }
    err = store_new(config, &store);
    if (err != SG_OK) {
        return err;
    }
    if (!sg_store_has_folder(config->dir, "log")) {
        err = SG_ERR_NOTFOUND;
    }
    if (err == SG_OK) {
        err = lock(store);
    }
    if (err == SG_OK) {
        /* `log` may have its name from a process that was killed before it
         * synced: nothing is built on a name that a power cut takes back. */
        err = sg_env_sync_dir(store->dir);
    }
    if (err == SG_OK) {
        err = sg_store_remove_folder(store->dir, "log.new");
    }
    if (err == SG_OK) {
        err = open_env(store);
    }
    if (err == SG_OK) {
        sg_entry_hasher_init(&store->hasher, &store->registry);
        err = key_count > 0 ? sg_signer_new(store, &store->signer) : SG_OK;
    }
    if (err == SG_OK) {
        err = sg_own_open(store, config->machine, keys, key_count);
    }
    if (err != SG_OK) {
        sg_store_close(store);
        return err;
    }
    *ret_store = store;
    return SG_OK;
}

enum sg_err sg_store_open_beside(const char *dir, struct sg_store **ret_store)
{
    /* Whatever the process that writes makes of it meanwhile, it fits. */
    const struct sg_store_config config = {.dir = dir,
                                           .map_size = SG_MAP_SIZE_MAX};
    struct sg_store *store;
    enum sg_err err = store_new(&config, &store);

    if (err != SG_OK) {
        return err;
    }
    store->is_beside = true;
    err = sg_store_has_folder(dir, "log") ? open_env(store) : SG_ERR_NOTFOUND;
    if (err == SG_OK) {
        sg_entry_hasher_init(&store->hasher, &store->registry);
    } else {
        sg_store_close(store);
        return err;
    }
    *ret_store = store;
    return SG_OK;
}

enum sg_err sg_store_claim(const char *dir, struct sg_store **ret_store)
{
    const struct sg_store_config config = {.dir = dir};
    struct sg_store *store;
    enum sg_err err = store_new(&config, &store);

    if (err == SG_OK) {
        err = lock(store);
        if (err == SG_OK) {
            *ret_store = store;
        } else {
            sg_store_close(store);
        }
    }
    return err;
}

enum sg_err sg_store_signed(const struct sg_store *store,
                            struct sg_highwater *ret_signed)
{
    uint8_t file[SG_HIGHWATER_FILE_SIZE];
    unsigned slot;
    size_t size;
    enum sg_err err = sg_store_read_highwater(store, file, &size);

    memset(ret_signed, 0, sizeof *ret_signed);
    if (err == SG_OK) {
        err = sg_highwater_choose(sg_bytes(file, size), ret_signed, &slot);
    }
    if (err == SG_ERR_NOTFOUND) {
        memset(ret_signed, 0, sizeof *ret_signed);
        err = SG_OK;
    }
    return err;
}

/* --- What is in it ------------------------------------------------------- */

const struct sg_registry_id *sg_store_registry(const struct sg_store *store)
{
    return &store->registry;
}

const uint8_t *sg_store_database(const struct sg_store *store)
{
    return store->database;
}

const struct sg_entry_hasher *sg_store_hasher(const struct sg_store *store)
{
    return &store->hasher;
}

const struct sg_store_own *sg_store_own(const struct sg_store *store, size_t i)
{
    return i < store->own_count ? &store->own[i] : NULL;
}

struct sg_store_own *sg_store_own_by_number(struct sg_store *store,
                                            uint32_t number)
{
    size_t i;
    for (i = 0; i < store->own_count; i++) {
        if (store->own[i].number == number) {
            return &store->own[i];
        }
    }
    return NULL;
}

enum sg_err sg_store_row(struct sg_txn *txn, uint32_t number,
                         struct sg_row_log *ret_row)
{
    struct sg_schema_key key = sg_schema_log(number);
    struct sg_bytes value;
    if (!sg_txn_get(txn, SG_DB_LOGS, sg_schema_bytes(&key), &value)) {
        return sg_txn_err(txn) != SG_OK ? sg_txn_err(txn) : SG_ERR_NOTFOUND;
    }
    return sg_row_log_decode(value, ret_row);
}

static void describe(struct sg_store *store, uint32_t number,
                     struct sg_store_log *log)
{
    const struct sg_store_own *own = sg_store_own_by_number(store, number);
    log->number = number;
    log->branch = log->row.branch;
    log->id = sg_entry_log_id(&store->registry, &log->row.core);
    if (own != NULL) {
        (void)pthread_mutex_lock(&store->own_lock);
        log->row.known = own->signed_checkpoint;
        (void)pthread_mutex_unlock(&store->own_lock);
    }
}

struct lookup {
    struct sg_store *store;
    const struct sg_log_id *id; /* NULL: by number */
    uint8_t branch;
    uint32_t number;
    struct sg_store_log log;
    sg_store_log_fn *fn;
    void *context;
};

static enum sg_err look_up(struct sg_txn *txn, void *context)
{
    struct lookup *lookup = context;
    struct sg_bytes value;
    if (lookup->id != NULL) {
        struct sg_schema_key key = sg_schema_log_id(lookup->id, lookup->branch);
        if (!sg_txn_get(txn, SG_DB_LOGIDS, sg_schema_bytes(&key), &value)) {
            return sg_txn_err(txn) != SG_OK ? sg_txn_err(txn) : SG_ERR_NOTFOUND;
        }
        if (value.size != 4) {
            return SG_ERR_DAMAGED;
        }
        lookup->number = sg_bytes_get_u32be(value.data);
    }
    return sg_store_row(txn, lookup->number, &lookup->log.row);
}

static enum sg_err finish(struct lookup *lookup, struct sg_store_log *ret_log)
{
    enum sg_err err = sg_env_read(lookup->store->env, look_up, lookup);
    if (err == SG_OK) {
        describe(lookup->store, lookup->number, &lookup->log);
        *ret_log = lookup->log;
    }
    return err;
}

enum sg_err sg_store_find(struct sg_store *store, const struct sg_log_id *id,
                          uint8_t branch, struct sg_store_log *ret_log)
{
    struct lookup lookup = {.store = store, .id = id, .branch = branch};
    return finish(&lookup, ret_log);
}

enum sg_err sg_store_get(struct sg_store *store, uint32_t number,
                         struct sg_store_log *ret_log)
{
    struct lookup lookup = {.store = store, .number = number};
    return finish(&lookup, ret_log);
}

static enum sg_err visit(struct sg_txn *txn, void *context)
{
    struct lookup *lookup = context;
    struct sg_schema_key from = sg_schema_log(0);
    struct sg_bytes key, value;
    enum sg_err err = SG_OK;
    bool found =
        sg_txn_seek(txn, SG_DB_LOGS, sg_schema_bytes(&from), &key, &value);
    while (found && err == SG_OK) {
        if (key.size != 4) {
            return SG_ERR_DAMAGED;
        }
        err = sg_row_log_decode(value, &lookup->log.row);
        if (err == SG_OK) {
            describe(lookup->store, sg_bytes_get_u32be(key.data), &lookup->log);
            err = lookup->fn(lookup->context, &lookup->log);
        }
        found = sg_txn_next(txn, SG_DB_LOGS, &key, &value);
    }
    return err != SG_OK ? err : sg_txn_err(txn);
}

enum sg_err sg_store_each(struct sg_store *store, sg_store_log_fn *fn,
                          void *context)
{
    struct lookup lookup = {.store = store, .fn = fn, .context = context};
    return sg_env_read(store->env, visit, &lookup);
}
