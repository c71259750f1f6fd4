#include "storage/lmdb/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/base/plant.h"
#include "storage/lmdb/ahead.h"
#include "storage/lmdb/guard.h"
#include "storage/lmdb/mdb.h"
#include "storage/lmdb/page.h"
#include "storage/lmdb/txn.h"

#define FILE_MODE 0600
#define DIR_MODE  0700
#define READERS   64
#define PAGE      4096u

struct sg_env {
    struct sg_env_config config;
    char *dir;
    MDB_env *mdb;
    MDB_dbi dbi[SG_ENV_DATABASES_MAX];
    const uint8_t *map;        /* where the file lies in memory */
    pthread_rwlock_t map_lock; /* readers share; growing the map excludes */
    struct sg_ahead ahead;     /* the writer's */
    atomic_bool failed;
};

/* LMDB's own assertions fail on damaged pages only. */
static void leave_guard(MDB_env *mdb, const char *message)
{
    (void)mdb;
    (void)message;
    sg_guard_leave();
}

/* The work of one transaction, under the guard. */
struct work {
    struct sg_txn *txn;
    sg_env_fn *fn;
    void *context;
};

static void do_work(void *context)
{
    struct work *work = context;
    (void)sg_txn_fail(work->txn, work->fn(work->txn, work->context));
}

static enum sg_err run(struct sg_txn *txn, sg_env_fn *fn, void *context)
{
    struct work work = {txn, fn, context};
    if (!sg_guard_run(txn->map, txn->map_size, do_work, &work)) {
        txn->err = SG_ERR_DAMAGED;
    }
    return txn->err;
}

/* --- Files -------------------------------------------------------------- */

enum sg_err sg_env_space(const char *path, uint64_t *ret_free,
                         uint64_t *ret_total)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0) {
        return SG_ERR_IO;
    }
    *ret_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    *ret_total = (uint64_t)fs.f_blocks * fs.f_frsize;
    return SG_OK;
}

enum sg_err sg_env_sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;
    if (fd < 0) {
        return SG_ERR_FATAL;
    }
    rc = fsync(fd);
    (void)close(fd);
    return rc == 0 ? SG_OK : SG_ERR_FATAL;
}

/* A file that is not there, or too short for meta pages, LMDB makes or refuses
 * itself. Of any other it believes what it says: a shorter one would be SIGBUS
 * at the first read of the map. */
static enum sg_err check_file(const char *dir)
{
    uint8_t bytes[SG_PAGE_METAS_SIZE];
    char path[PATH_MAX];
    struct stat info;
    ssize_t size = -1;
    int fd;

    if (snprintf(path, sizeof path, "%s/data.mdb", dir) >= (int)sizeof path) {
        return SG_ERR_LIMIT;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? SG_OK : sg_mdb_err(errno);
    }
    if (fstat(fd, &info) == 0) {
        size = pread(fd, bytes, sizeof bytes, 0);
    }
    (void)close(fd);
    if (size < 0) {
        return SG_ERR_IO;
    }
    return (size_t)size < sizeof bytes
               ? SG_OK
               : sg_page_check_metas(bytes, (uint64_t)info.st_size);
}

/* Finds where LMDB has mapped its file. It does not tell, and a range that is
 * known is what tells a damaged page from a bug. */
static enum sg_err find_map(struct sg_env *env)
{
    mdb_filehandle_t fd;
    char link[64], path[PATH_MAX], line[PATH_MAX + 128];
    ssize_t size;
    FILE *maps;

    if (mdb_env_get_fd(env->mdb, &fd) != 0) {
        return SG_ERR_IO;
    }
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    maps = fopen("/proc/self/maps", "re");
    if (size < 0 || maps == NULL) {
        if (maps != NULL) {
            (void)fclose(maps);
        }
        return SG_ERR_IO;
    }
    path[size] = 0;
    env->map = NULL;
    while (env->map == NULL && fgets(line, sizeof line, maps) != NULL) {
        const char *name = strchr(line, '/');
        unsigned long long begin;
        if (name != NULL && strncmp(name, path, (size_t)size) == 0 &&
            name[size] == '\n' && sscanf(line, "%llx-", &begin) == 1) {
            env->map = (const uint8_t *)(uintptr_t)begin;
        }
    }
    (void)fclose(maps);
    return env->map != NULL ? SG_OK : SG_ERR_IO;
}

/* --- Open and close ----------------------------------------------------- */

static void env_free(struct sg_env *env)
{
    if (env->mdb != NULL) {
        mdb_env_close(env->mdb);
    }
    (void)pthread_rwlock_destroy(&env->map_lock);
    sg_free(env->dir);
    sg_free(env);
}

static enum sg_err env_new(const struct sg_env_config *config,
                           struct sg_env **ret_env)
{
    size_t length = strlen(config->dir) + 1;
    struct sg_env *env = sg_calloc(1, sizeof *env);
    if (env == NULL) {
        return SG_ERR_NOMEM;
    }
    env->config = *config;
    (void)pthread_rwlock_init(&env->map_lock, NULL);
    env->dir = sg_alloc(length);
    if (env->dir == NULL || mdb_env_create(&env->mdb) != 0) {
        env_free(env);
        return SG_ERR_NOMEM;
    }
    memcpy(env->dir, config->dir, length);
    env->config.dir = env->dir;
    *ret_env = env;
    return SG_OK;
}

/* Opens data.mdb and checks what can be checked without reading pages. */
static enum sg_err env_attach(struct sg_env *env)
{
    mdb_filehandle_t fd;
    MDB_envinfo info;
    enum sg_err err = check_file(env->dir);
    int stale, rc;
    if (err != SG_OK) {
        return err;
    }
    rc = mdb_env_set_maxdbs(env->mdb, env->config.database_count);
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(env->mdb, READERS);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(env->mdb, env->config.map_size);
    }
    if (rc == 0) {
        rc = mdb_env_set_assert(env->mdb, leave_guard);
    }
    if (rc == 0) {
        unsigned flags = MDB_NOTLS;
        if (SG_PLANT(nosync) || env->config.is_unsynced)
            flags |= MDB_NOSYNC;
        if (env->config.is_beside)
            flags |= MDB_RDONLY;
        rc = mdb_env_open(env->mdb, env->dir, flags, FILE_MODE);
    }
    if (rc == 0) {
        rc = mdb_reader_check(env->mdb, &stale);
    }
    if (rc != 0) {
        return sg_mdb_err(rc);
    }
    err = find_map(env);
    if (err == SG_OK && mdb_env_info(env->mdb, &info) == 0 &&
        mdb_env_get_fd(env->mdb, &fd) == 0) {
        /* LMDB takes a larger map where the file needs one. */
        env->config.map_size = info.me_mapsize;
        sg_ahead_init(&env->ahead, fd, (info.me_last_pgno + 1) * PAGE);
    }
    return err;
}

/* Sets the handles of the databases; they live as long as the environment. */
static enum sg_err open_databases(struct sg_txn *txn, unsigned flags)
{
    struct sg_env *env = txn->env;
    unsigned i;
    for (i = 0; i < env->config.database_count && txn->err == SG_OK; i++) {
        int rc = mdb_dbi_open(txn->mdb, env->config.databases[i], flags,
                              &env->dbi[i]);
        /* A store that lacks one of its databases was not made by us. */
        sg_mdb_fail(txn, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc);
    }
    return txn->err;
}

static enum sg_err find_databases(struct sg_txn *txn, void *context)
{
    (void)context;
    return open_databases(txn, 0);
}

static enum sg_err txn_begin(struct sg_env *env, bool writes,
                             struct sg_txn *txn)
{
    int rc;

    memset(txn, 0, sizeof *txn);
    txn->env = env;
    txn->dbi = env->dbi;
    txn->writes = writes;
    if (atomic_load(&env->failed)) {
        return txn->err = SG_ERR_FATAL;
    }
    rc = mdb_txn_begin(env->mdb, NULL, writes ? 0 : MDB_RDONLY, &txn->mdb);
    if (rc != 0) {
        return txn->err = sg_mdb_err(rc);
    }
    txn->map = env->map;
    txn->map_size = env->config.map_size;
    return SG_OK;
}

static void close_cursors(struct sg_txn *txn)
{
    unsigned i;
    for (i = 0; i < SG_ENV_DATABASES_MAX; i++) {
        if (txn->cursors[i] != NULL) {
            mdb_cursor_close(txn->cursors[i]);
            txn->cursors[i] = NULL;
        }
    }
}

enum sg_err sg_env_open(const struct sg_env_config *config,
                        struct sg_env **ret_env)
{
    struct sg_env *env;
    struct sg_txn txn;
    enum sg_err err;

    SG_ASSERT(config->database_count <= SG_ENV_DATABASES_MAX);
    sg_guard_install();
    err = env_new(config, &env);
    if (err != SG_OK) {
        return err;
    }
    err = env_attach(env);
    if (err != SG_OK) {
        goto fail_env;
    }
    err = txn_begin(env, false, &txn);
    if (err != SG_OK) {
        goto fail_env;
    }
    err = run(&txn, find_databases, NULL);
    if (err != SG_OK) {
        mdb_txn_abort(txn.mdb);
        goto fail_env;
    }
    /* A read transaction that opened handles must commit to keep them. */
    err = sg_mdb_err(mdb_txn_commit(txn.mdb));
    if (err != SG_OK) {
        goto fail_env;
    }
    *ret_env = env;
    return SG_OK;

fail_env:
    env_free(env);
    return err;
}

void sg_env_close(struct sg_env *env)
{
    if (env != NULL) {
        env_free(env);
    }
}

struct creation {
    sg_env_fn *fill;
    void *context;
};

static enum sg_err create_all(struct sg_txn *txn, void *context)
{
    struct creation *creation = context;
    if (open_databases(txn, MDB_CREATE) != SG_OK) {
        return txn->err;
    }
    return creation->fill(txn, creation->context);
}

enum sg_err sg_env_create(const struct sg_env_config *config, sg_env_fn *fill,
                          void *context)
{
    struct creation creation = {fill, context};
    struct sg_env *env;
    enum sg_err err;

    SG_ASSERT(config->database_count <= SG_ENV_DATABASES_MAX);
    sg_guard_install();
    if (mkdir(config->dir, DIR_MODE) != 0) {
        return sg_mdb_err(errno);
    }
    err = env_new(config, &env);
    if (err != SG_OK) {
        return err;
    }
    err = env_attach(env);
    if (err == SG_OK) {
        err = sg_env_write(env, create_all, &creation);
    }
    if (err == SG_OK && mdb_env_sync(env->mdb, 1) != 0) {
        err = SG_ERR_FATAL;
    }
    if (err == SG_OK) {
        err = sg_env_sync_dir(env->dir);
    }
    env_free(env);
    return err;
}

/* --- Transactions ------------------------------------------------------- */

enum sg_err sg_env_read(struct sg_env *env, sg_env_fn *fn, void *context)
{
    struct sg_txn txn;
    enum sg_err err;

    if (env == NULL) {
        return SG_ERR_FATAL;
    }
    (void)pthread_rwlock_rdlock(&env->map_lock);
    err = txn_begin(env, false, &txn);
    if (err == SG_OK) {
        err = run(&txn, fn, context);
        close_cursors(&txn);
    }
    if (txn.mdb != NULL) {
        mdb_txn_abort(txn.mdb);
    }
    (void)pthread_rwlock_unlock(&env->map_lock);
    return err;
}

/* Doubles the map. Readers wait; they are short. */
static enum sg_err env_grow(struct sg_env *env)
{
    uint64_t size = env->config.map_size * 2;
    enum sg_err err;
    int stale;

    if (size > env->config.map_size_max) {
        return SG_ERR_FULL;
    }
    (void)pthread_rwlock_wrlock(&env->map_lock);
    (void)mdb_reader_check(env->mdb, &stale);
    err = sg_mdb_err(mdb_env_set_mapsize(env->mdb, size));
    if (err == SG_OK) {
        env->config.map_size = size;
        err = find_map(env);
    }
    (void)pthread_rwlock_unlock(&env->map_lock);
    return err;
}

/* Says whether the volume has less free than the reserve, or the file is so
 * near to the size that this process may give it: there a run of pages is cut
 * short, which LMDB calls EIO. */
static bool is_short_of_room(const struct sg_env *env)
{
    uint64_t space, total;
    struct rlimit limit;
    struct stat file;
    mdb_filehandle_t fd;

    if (sg_env_space(env->dir, &space, &total) == SG_OK &&
        space < env->config.reserve_size) {
        return true;
    }
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY &&
           mdb_env_get_fd(env->mdb, &fd) == 0 && fstat(fd, &file) == 0 &&
           (uint64_t)file.st_size + env->config.reserve_size > limit.rlim_cur;
}

/* Sorts a failed commit: no room is an error to wait out; a disk that fails
 * with room left cannot be trusted with a second try. */
static enum sg_err commit_failed(const struct sg_env *env, int code)
{
    if (code == MDB_MAP_FULL || code == ENOMEM) {
        return sg_mdb_err(code);
    }
    if (code == ENOSPC || code == EDQUOT || code == EFBIG ||
        (code == EIO && is_short_of_room(env))) {
        return SG_ERR_FULL;
    }
    return SG_ERR_FATAL;
}

/* Writes ahead where that is due and leaves the reserve untouched. That there
 * is no room is no matter here; that the disk fails is. */
static enum sg_err write_ahead(struct sg_env *env)
{
    uint64_t space, total;
    mdb_filehandle_t fd;
    MDB_envinfo info;
    int code;

    if (env->config.is_unsynced || mdb_env_info(env->mdb, &info) != 0 ||
        !sg_ahead_is_due(&env->ahead, (info.me_last_pgno + 1) * PAGE) ||
        mdb_env_get_fd(env->mdb, &fd) != 0 ||
        sg_env_space(env->dir, &space, &total) != SG_OK ||
        space < env->config.reserve_size + SG_AHEAD_SIZE) {
        return SG_OK;
    }
    code = sg_ahead_write(&env->ahead, fd, env->config.map_size);
    return code == 0 || commit_failed(env, code) != SG_ERR_FATAL ? SG_OK
                                                                 : SG_ERR_FATAL;
}

/* One try. RET_GROW says that the map was too small. */
static enum sg_err write_once(struct sg_env *env, sg_env_fn *fn, void *context,
                              bool *ret_grow)
{
    struct sg_txn txn;
    enum sg_err err;
    int rc;

    *ret_grow = false;
    err = txn_begin(env, true, &txn);
    if (err != SG_OK) {
        if (txn.mdb != NULL) {
            mdb_txn_abort(txn.mdb);
        }
        return err;
    }
    err = run(&txn, fn, context);
    if (err == SG_ERR_DAMAGED) {
        /* The transaction's own state may be part of the damage: leave it, and
         * the writer's lock with it, to the end of the process. */
        atomic_store(&env->failed, true);
        return err;
    }
    close_cursors(&txn);
    if (err != SG_OK) {
        mdb_txn_abort(txn.mdb);
        *ret_grow = txn.map_full;
        return err;
    }
    rc = mdb_txn_commit(txn.mdb);
    err = rc == 0 ? write_ahead(env) : commit_failed(env, rc);
    *ret_grow = rc == MDB_MAP_FULL;
    if (err == SG_ERR_FATAL) {
        atomic_store(&env->failed, true);
    }
    return err;
}

enum sg_err sg_env_write(struct sg_env *env, sg_env_fn *fn, void *context)
{
    bool grow = false;
    enum sg_err err;
    int stale;

    if (env == NULL) {
        return SG_ERR_FATAL;
    }
    /* Who read beside us and was killed holds on to pages until he is struck
     * off; he is asked after only where there is another process. */
    (void)mdb_reader_check(env->mdb, &stale);
    err = write_once(env, fn, context, &grow);
    while (err == SG_ERR_FULL && grow) {
        err = env_grow(env);
        if (err != SG_OK) {
            return err;
        }
        err = write_once(env, fn, context, &grow);
    }
    return err;
}

enum sg_err sg_env_sync(struct sg_env *env)
{
    if (env == NULL || atomic_load(&env->failed)) {
        return SG_ERR_FATAL;
    }
    if (mdb_env_sync(env->mdb, 1) != 0) {
        atomic_store(&env->failed, true);
        return SG_ERR_FATAL;
    }
    return SG_OK;
}

void sg_env_fail(struct sg_env *env)
{
    if (env != NULL) {
        atomic_store(&env->failed, true);
    }
}

static enum sg_err look_at_pages(struct sg_txn *txn, void *context)
{
    (void)context;
    return sg_page_all_are_sound(txn) ? SG_OK : SG_ERR_DAMAGED;
}

enum sg_err sg_env_look(struct sg_env *env)
{
    return sg_env_read(env, look_at_pages, NULL);
}

/* LMDB copies without a guard, on a thread of its own: it is not let near a
 * damaged page. */
enum sg_err sg_env_copy(struct sg_env *env, const char *path)
{
    enum sg_err err = sg_env_look(env);
    int fd;
    if (err != SG_OK) {
        return err;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return sg_mdb_err(errno);
    }
    (void)pthread_rwlock_rdlock(&env->map_lock);
    err = sg_mdb_err(mdb_env_copyfd2(env->mdb, fd, MDB_CP_COMPACT));
    (void)pthread_rwlock_unlock(&env->map_lock);
    if (err == SG_OK && fsync(fd) != 0) {
        err = SG_ERR_IO;
    }
    if (close(fd) != 0 && err == SG_OK) {
        err = SG_ERR_IO;
    }
    if (err != SG_OK) {
        (void)unlink(path);
    }
    return err;
}

/* Free pages are listed in database 0, whose values begin with their count. */
static enum sg_err stat_read(struct sg_txn *txn, void *context)
{
    struct sg_env_stat *stat = context;
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_envinfo info;
    MDB_stat tree;
    size_t count;
    int rc = mdb_cursor_open(txn->mdb, 0, &cursor);

    if (rc != 0) {
        return sg_mdb_err(rc);
    }
    stat->free_pages = 0;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        if (value.mv_size < sizeof count) {
            rc = MDB_CORRUPTED;
            break;
        }
        memcpy(&count, value.mv_data, sizeof count);
        stat->free_pages += count;
    }
    mdb_cursor_close(cursor);
    if (rc != MDB_NOTFOUND || mdb_env_info(txn->env->mdb, &info) != 0 ||
        mdb_env_stat(txn->env->mdb, &tree) != 0 ||
        mdb_env_get_flags(txn->env->mdb, &stat->flags) != 0) {
        return SG_ERR_DAMAGED;
    }
    stat->file_size = (info.me_last_pgno + 1) * tree.ms_psize;
    stat->map_size = info.me_mapsize;
    return SG_OK;
}

enum sg_err sg_env_stat(struct sg_env *env, struct sg_env_stat *ret_stat)
{
    return sg_env_read(env, stat_read, ret_stat);
}
