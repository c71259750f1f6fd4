#include "tests/fault/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 1024
#define LIE_MAX (8u << 20)

const char *const fault_kind_names[FAULT_KINDS] = {
    [FAULT_NONE] = "none",
    [FAULT_KILL_BEFORE] = "kill_before",
    [FAULT_KILL_AFTER] = "kill_after",
    [FAULT_KILL_HALF] = "kill_half",
    [FAULT_EIO] = "eio",
    [FAULT_ENOSPC] = "enospc",
    [FAULT_SHORT] = "short",
    [FAULT_LIE] = "lie",
};

const char *const fault_op_names[FAULT_OPS] = {
    [FAULT_WRITE] = "write", [FAULT_SYNC] = "sync", [FAULT_SIZE] = "size",
    [FAULT_MAKE] = "make",   [FAULT_MOVE] = "move", [FAULT_DROP] = "drop",
    [FAULT_MARK] = "mark",
};

/* A descriptor of a file under the plan's directory. */
struct tracked {
    bool is;
    bool counts;
    bool dsync;
    uint64_t file;
};

static struct {
    pthread_mutex_t lock;
    bool on;
    size_t dir_size;
    uint64_t calls;
    struct fault_plan plan;
    struct tracked fds[FDS_MAX];
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool fault_fits(enum fault_kind kind, enum fault_op op)
{
    switch (kind) {
    case FAULT_KILL_BEFORE:
    case FAULT_KILL_AFTER:
    case FAULT_EIO:
        return true;
    case FAULT_ENOSPC:
        return op != FAULT_DROP;
    case FAULT_KILL_HALF:
    case FAULT_SHORT:
        return op == FAULT_WRITE;
    default:
        return false;
    }
}

/* --- The plan ------------------------------------------------------------- */

void fault_begin(const struct fault_plan *plan)
{
    shim.plan = *plan;
    shim.dir_size = strlen(plan->dir);
    shim.calls = 0;
    shim.on = true;
}

void fault_end(void)
{
    shim.on = false;
}

static void report(void)
{
    if (shim.on) {
        (void)fprintf(stderr, "fault: %llu calls\n",
                      (unsigned long long)shim.calls);
    }
}

/* The plan of a program that knows nothing of us. */
__attribute__((constructor)) static void begin_from_environment(void)
{
    const char *dir = getenv("FAULT_DIR");
    const char *kind = getenv("FAULT_KIND");
    const char *at = getenv("FAULT_AT");
    struct fault_plan plan;
    unsigned i;

    if (dir == NULL) {
        return;
    }
    memset(&plan, 0, sizeof plan);
    (void)snprintf(plan.dir, sizeof plan.dir, "%s", dir);
    for (i = 0; kind != NULL && i < FAULT_KINDS; i++) {
        if (strcmp(kind, fault_kind_names[i]) == 0) {
            plan.kind = (enum fault_kind)i;
        }
    }
    plan.at = at != NULL ? strtoull(at, NULL, 10) : 0;
    fault_begin(&plan);
    if (getenv("FAULT_REPORT") != NULL) {
        (void)atexit(report);
    }
}

static bool covers(const char *path)
{
    return shim.on && strncmp(path, shim.plan.dir, shim.dir_size) == 0 &&
           (path[shim.dir_size] == 0 || path[shim.dir_size] == '/');
}

static struct tracked *tracked(int fd)
{
    return shim.on && fd >= 0 && fd < FDS_MAX && shim.fds[fd].is ? &shim.fds[fd]
                                                                 : NULL;
}

static void kill_now(void)
{
    (void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) {
        (void)syscall(SYS_pause);
    }
}

static bool counts(const char *path)
{
    const char *name = strrchr(path, '/');
    return shim.plan.only[0] == 0 ||
           (name != NULL && strcmp(name + 1, shim.plan.only) == 0);
}

/* Counts a call, and gives what shall go wrong with it. */
static enum fault_kind count(enum fault_op op, bool is_counted)
{
    struct fault_seen *seen = shim.plan.seen;
    enum fault_kind kind = FAULT_NONE;

    if (!is_counted) {
        return FAULT_NONE;
    }
    (void)pthread_mutex_lock(&shim.lock);
    if (seen != NULL && shim.calls < FAULT_CALLS_MAX) {
        seen->op[shim.calls] = (uint8_t)op;
    }
    shim.calls++;
    if (seen != NULL) {
        seen->calls = shim.calls;
    }
    if (shim.calls == shim.plan.at && fault_fits(shim.plan.kind, op)) {
        kind = shim.plan.kind;
        if (seen != NULL) {
            seen->hit = true;
        }
    }
    (void)pthread_mutex_unlock(&shim.lock);
    if (kind == FAULT_KILL_BEFORE) {
        kill_now();
    }
    return kind;
}

static bool refuses(enum fault_kind kind)
{
    if (kind == FAULT_EIO || kind == FAULT_ENOSPC) {
        errno = kind == FAULT_EIO ? EIO : ENOSPC;
        return true;
    }
    return false;
}

static void finish(enum fault_kind kind)
{
    if (kind == FAULT_KILL_AFTER || kind == FAULT_KILL_HALF) {
        kill_now();
    }
}

/* --- The record ----------------------------------------------------------- */

static uint8_t *room(struct fault_record *record, size_t size)
{
    uint8_t *at = record->bytes + record->size;
    if (record->capacity - record->size < size) {
        record->overflow++;
        return NULL;
    }
    return at;
}

/* Appends EVENT and two pieces of bytes as one. */
static void append(struct fault_event *event, const void *name,
                   const struct iovec *data, int data_count)
{
    struct fault_record *record = shim.plan.record;
    uint8_t *at;
    int i;

    if (record == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&shim.lock);
    event->size =
        (uint32_t)(sizeof *event + event->name + event->data + 7) & ~7u;
    at = room(record, event->size);
    if (at != NULL) {
        memcpy(at, event, sizeof *event);
        at += sizeof *event;
        if (event->name > 0) {
            memcpy(at, name, event->name);
        }
        at += event->name;
        size_t left = event->data;
        for (i = 0; i < data_count && left > 0; i++) {
            size_t part = data[i].iov_len < left ? data[i].iov_len : left;
            memcpy(at, data[i].iov_base, part);
            at += part;
            left -= part;
        }
        record->size += event->size;
    }
    (void)pthread_mutex_unlock(&shim.lock);
}

void fault_mark(const void *bytes, size_t size)
{
    struct iovec data = {(void *)(uintptr_t)bytes, size};
    struct fault_event event = {.op = FAULT_MARK, .data = (uint32_t)size};
    append(&event, NULL, &data, 1);
}

static uint64_t inode_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

/* Splits PATH; gives the inode of its folder and its last name. */
static uint64_t folder_of(const char *path, const char **ret_name)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    *ret_name = slash + 1;
    return inode_of(folder);
}

static void record_name(enum fault_op op, const char *path, uint64_t file,
                        bool folder)
{
    struct fault_event event = {.op = (uint8_t)op, .file = file, .at = folder};
    const char *name;
    if (shim.plan.record != NULL) {
        event.folder = folder_of(path, &name);
        event.name = (uint32_t)strlen(name);
        append(&event, name, NULL, 0);
    }
}

static void record_move(const char *from, const char *to, uint64_t other)
{
    struct fault_event event = {.op = FAULT_MOVE, .file2 = other};
    const char *name, *name2;
    struct iovec second;
    if (shim.plan.record != NULL) {
        event.file = inode_of(to);
        event.folder = folder_of(from, &name);
        event.folder2 = folder_of(to, &name2);
        event.name = (uint32_t)strlen(name);
        event.data = (uint32_t)strlen(name2);
        second.iov_base = (void *)(uintptr_t)name2;
        second.iov_len = event.data;
        append(&event, name, &second, 1);
    }
}

/* --- Writing -------------------------------------------------------------- */

static ssize_t raw_write(int fd, const struct iovec *iov, int n, off_t at)
{
    return at < 0 ? (ssize_t)syscall(SYS_writev, fd, iov, n)
                  : (ssize_t)syscall(SYS_pwritev, fd, iov, n, at, 0);
}

/* Writes what was not asked for, where `lie` is among it. */
static ssize_t write_lie(int fd, const struct iovec *iov, int n, off_t at)
{
    static uint8_t copy[LIE_MAX];
    struct iovec all = {copy, 0};
    uint8_t *found;
    int i;
    for (i = 0; i < n; i++) {
        if (all.iov_len + iov[i].iov_len > sizeof copy) {
            return raw_write(fd, iov, n, at);
        }
        memcpy(copy + all.iov_len, iov[i].iov_base, iov[i].iov_len);
        all.iov_len += iov[i].iov_len;
    }
    found = memmem(copy, all.iov_len, shim.plan.lie, FAULT_LIE_MAX);
    if (found == NULL) {
        return raw_write(fd, iov, n, at);
    }
    found[FAULT_LIE_MAX / 2] ^= 1;
    if (shim.plan.seen != NULL) {
        shim.plan.seen->hit = true;
    }
    return raw_write(fd, &all, 1, at);
}

static ssize_t write_some(int fd, const struct iovec *iov, int n, off_t at,
                          size_t size)
{
    struct iovec cut[IOV_MAX];
    int i;
    for (i = 0; i < n && size > 0; i++) {
        cut[i] = iov[i];
        if (cut[i].iov_len > size) {
            cut[i].iov_len = size;
        }
        size -= cut[i].iov_len;
    }
    return raw_write(fd, cut, i, at);
}

/* All writes come here. AT -1: at the file's position. */
static ssize_t shim_write(int fd, const struct iovec *iov, int n, off_t at)
{
    struct fault_event event = {.op = FAULT_WRITE};
    struct tracked *file = tracked(fd);
    enum fault_kind kind;
    off_t where = at;
    size_t size = 0;
    ssize_t done;
    int i;

    if (file == NULL) {
        return raw_write(fd, iov, n, at);
    }
    for (i = 0; i < n; i++) {
        size += iov[i].iov_len;
    }
    if (at < 0) {
        where = lseek(fd, 0, SEEK_CUR);
    }
    kind = count(FAULT_WRITE, file->counts);
    if (refuses(kind)) {
        return -1;
    }
    if (shim.plan.kind == FAULT_LIE) {
        return write_lie(fd, iov, n, at);
    }
    if (kind == FAULT_KILL_HALF || kind == FAULT_SHORT) {
        size = size / 2;
    }
    done = write_some(fd, iov, n, at, size);
    if (done > 0) {
        event.file = file->file;
        event.at = (uint64_t)where;
        event.data = (uint32_t)done;
        event.durable = file->dsync;
        append(&event, NULL, iov, n);
    }
    finish(kind);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct iovec iov = {(void *)(uintptr_t)bytes, size};
    return shim_write(fd, &iov, 1, -1);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
    return shim_write(fd, iov, n, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    struct iovec iov = {(void *)(uintptr_t)bytes, size};
    return shim_write(fd, &iov, 1, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
    return shim_write(fd, iov, n, at);
}

/* Nobody here copies inside the kernel; who began to would not be seen. */
ssize_t sendfile(int to, int from, off_t *at, size_t size)
{
    if (tracked(to) != NULL) {
        (void)fputs("fault: sendfile is not recorded\n", stderr);
        abort();
    }
    return (ssize_t)syscall(SYS_sendfile, to, from, at, size);
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at,
                        size_t size, unsigned flags)
{
    if (tracked(to) != NULL) {
        (void)fputs("fault: copy_file_range is not recorded\n", stderr);
        abort();
    }
    return (ssize_t)syscall(SYS_copy_file_range, from, from_at, to, to_at, size,
                            flags);
}

/* --- Syncs and sizes ------------------------------------------------------ */

static int shim_sync(int fd, long number)
{
    struct fault_event event = {.op = FAULT_SYNC};
    struct tracked *file = tracked(fd);
    enum fault_kind kind;
    int rc;

    if (file == NULL) {
        return (int)syscall(number, fd);
    }
    kind = count(FAULT_SYNC, file->counts);
    if (refuses(kind)) {
        return -1;
    }
    rc = (int)syscall(number, fd);
    event.file = file->file;
    append(&event, NULL, NULL, 0);
    finish(kind);
    return rc;
}

int fsync(int fd)
{
    return shim_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return shim_sync(fd, SYS_fdatasync);
}

int ftruncate(int fd, off_t size)
{
    struct fault_event event = {.op = FAULT_SIZE, .at = (uint64_t)size};
    struct tracked *file = tracked(fd);
    enum fault_kind kind;
    int rc;

    if (file == NULL) {
        return (int)syscall(SYS_ftruncate, fd, size);
    }
    kind = count(FAULT_SIZE, file->counts);
    if (refuses(kind)) {
        return -1;
    }
    rc = (int)syscall(SYS_ftruncate, fd, size);
    event.file = file->file;
    append(&event, NULL, NULL, 0);
    finish(kind);
    return rc;
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    if (tracked(fd) != NULL) {
        (void)fputs("fault: fallocate is not recorded\n", stderr);
        abort();
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, size);
}

/* --- Names ---------------------------------------------------------------- */

static void track(int fd, const char *path, int flags)
{
    struct stat status;
    if (fd >= 0 && fd < FDS_MAX && fstat(fd, &status) == 0) {
        shim.fds[fd].is = true;
        shim.fds[fd].counts = counts(path);
        shim.fds[fd].dsync = (flags & O_DSYNC) != 0;
        shim.fds[fd].file = (uint64_t)status.st_ino;
    }
}

int open(const char *path, int flags, ...)
{
    enum fault_kind kind = FAULT_NONE;
    mode_t mode = 0;
    bool made = false;
    int fd;

    if ((flags & O_CREAT) != 0) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    if (!covers(path)) {
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    }
    if ((flags & O_CREAT) != 0) {
        made = inode_of(path) == 0;
        kind = count(FAULT_MAKE, counts(path));
        if (refuses(kind)) {
            return -1;
        }
    }
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0) {
        track(fd, path, flags);
        if (made) {
            record_name(FAULT_MAKE, path, shim.fds[fd].file, false);
        }
    }
    finish(kind);
    return fd;
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX) {
        shim.fds[fd].is = false;
    }
    return (int)syscall(SYS_close, fd);
}

int mkdir(const char *path, mode_t mode)
{
    enum fault_kind kind;
    int rc;
    if (!covers(path)) {
        return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    }
    kind = count(FAULT_MAKE, counts(path));
    if (refuses(kind)) {
        return -1;
    }
    rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (rc == 0) {
        record_name(FAULT_MAKE, path, inode_of(path), true);
    }
    finish(kind);
    return rc;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to,
              unsigned flags)
{
    enum fault_kind kind;
    uint64_t other;
    int rc;
    if (from_fd != AT_FDCWD || to_fd != AT_FDCWD || !covers(to)) {
        return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
    }
    kind = count(FAULT_MOVE, counts(to));
    if (refuses(kind)) {
        return -1;
    }
    other = (flags & RENAME_EXCHANGE) != 0 ? inode_of(to) : 0;
    rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    if (rc == 0) {
        record_move(from, to, other);
    }
    finish(kind);
    return rc;
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int shim_drop(const char *path, int flags)
{
    enum fault_kind kind;
    uint64_t file;
    int rc;
    if (!covers(path)) {
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    }
    kind = count(FAULT_DROP, counts(path));
    if (refuses(kind)) {
        return -1;
    }
    file = inode_of(path);
    rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (rc == 0) {
        record_name(FAULT_DROP, path, file, flags != 0);
    }
    finish(kind);
    return rc;
}

int unlink(const char *path)
{
    return shim_drop(path, 0);
}

int rmdir(const char *path)
{
    return shim_drop(path, AT_REMOVEDIR);
}

/* --- Identity ------------------------------------------------------------- */

int statx(int fd, const char *restrict path, int flags, unsigned mask,
          struct statx *restrict ret)
{
    int rc = (int)syscall(SYS_statx, fd, path, flags, mask, ret);
    if (rc == 0 && shim.plan.same_identity) {
        ret->stx_ino = 1;
        ret->stx_mask |= STATX_BTIME;
        ret->stx_btime.tv_sec = 1;
        ret->stx_btime.tv_nsec = 1;
    }
    return rc;
}
