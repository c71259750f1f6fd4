#include "storage/lmdb/key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/crypto.h"

#define SUFFIX      ".key"
#define SUFFIX_TEMP ".key.new"
#define NAME_SIZE   (SG_KEY_STORE_NAME_MAX + sizeof(SUFFIX_TEMP))

/* What nobody but the owner may do with a file of secrets. */
#define OTHERS (S_IRWXG | S_IRWXO)

static enum sg_err err_from_errno(int code)
{
    switch (code) {
    case ENOENT:
        return SG_ERR_NOTFOUND;
    case EEXIST:
        return SG_ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return SG_ERR_ACCESS;
    case ENOSPC:
    case EDQUOT:
        return SG_ERR_FULL;
    case ELOOP: /* a link where a file should be */
    case ENOTDIR:
        return SG_ERR_MALFORMED;
    default:
        return SG_ERR_IO;
    }
}

/* Writes NAME with SUFFIX to RET. Errors: INVALID. */
static enum sg_err file_name(const char *name, const char *suffix,
                             char ret[NAME_SIZE])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t size = strlen(name);

    if (size < 1 || size > SG_KEY_STORE_NAME_MAX)
        return SG_ERR_INVALID;
    if (strspn(name, allowed) != size)
        return SG_ERR_INVALID;
    (void)snprintf(ret, NAME_SIZE, "%s%s", name, suffix);
    return SG_OK;
}

static enum sg_err sync_fd(int fd)
{
    return fsync(fd) == 0 ? SG_OK : SG_ERR_FATAL;
}

/* Opens FOLDER, and makes it first if it is not there, so that it stays. */
static enum sg_err open_folder(const char *folder, int *ret_fd)
{
    bool is_new = mkdir(folder, S_IRWXU) == 0;
    enum sg_err err = SG_OK;
    int fd, parent;

    if (!is_new && errno != EEXIST)
        return err_from_errno(errno);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    if (is_new) {
        parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        err = parent < 0 ? err_from_errno(errno) : sync_fd(parent);
        if (parent >= 0)
            (void)close(parent);
    }
    if (err != SG_OK)
        (void)close(fd);
    else
        *ret_fd = fd;
    return err;
}

static enum sg_err write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        bytes += n;
        size -= (size_t)n;
    }
    return SG_OK;
}

/* Makes the file TEMP with the bytes FILE, synced. */
static enum sg_err write_temp(int folder, const char *temp,
                              const uint8_t file[SG_KEY_FILE_SIZE])
{
    enum sg_err err;
    int fd;

    /* A crash may have left one behind. */
    if (unlinkat(folder, temp, 0) != 0 && errno != ENOENT)
        return err_from_errno(errno);
    fd = openat(folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                S_IRUSR | S_IWUSR);
    if (fd < 0)
        return err_from_errno(errno);
    err = write_all(fd, file, SG_KEY_FILE_SIZE);
    if (err == SG_OK)
        err = sync_fd(fd);
    if (close(fd) != 0 && err == SG_OK)
        err = err_from_errno(errno);
    return err;
}

/* Gives TEMP its NAME. One process has the data directory, so nobody comes
 * between the look and the rename. */
static enum sg_err put_in_place(int folder, const char *temp, const char *name,
                                enum sg_key_store_mode mode)
{
    unsigned flags = mode == SG_KEY_STORE_CREATE ? RENAME_NOREPLACE : 0;

    if (mode == SG_KEY_STORE_REPLACE && faccessat(folder, name, F_OK, 0) != 0)
        return err_from_errno(errno);
    if (renameat2(folder, temp, folder, name, flags) != 0)
        return err_from_errno(errno);
    return sync_fd(folder);
}

enum sg_err sg_key_store_write(const char *folder, const char *name,
                               enum sg_key_store_mode mode,
                               const uint8_t file[SG_KEY_FILE_SIZE])
{
    char path[NAME_SIZE], temp[NAME_SIZE];
    enum sg_err err = file_name(name, SUFFIX, path);
    int fd = -1;

    if (err == SG_OK)
        err = file_name(name, SUFFIX_TEMP, temp);
    if (err == SG_OK)
        err = open_folder(folder, &fd);
    if (err != SG_OK)
        return err;
    err = write_temp(fd, temp, file);
    if (err == SG_OK)
        err = put_in_place(fd, temp, path, mode);
    if (err != SG_OK)
        (void)unlinkat(fd, temp, 0);
    (void)close(fd);
    return err;
}

/* Checks that FD is a file for its owner alone. */
static enum sg_err check_file(int fd)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return err_from_errno(errno);
    if (!S_ISREG(stat.st_mode))
        return SG_ERR_MALFORMED;
    if ((stat.st_mode & OTHERS) != 0)
        return SG_ERR_ACCESS;
    return SG_OK;
}

/* Reads what must be exactly SG_KEY_FILE_SIZE bytes. */
static enum sg_err read_all(int fd, uint8_t ret_file[SG_KEY_FILE_SIZE])
{
    uint8_t file[SG_KEY_FILE_SIZE + 1];
    enum sg_err err = SG_OK;
    size_t size = 0;

    while (size < sizeof(file)) {
        ssize_t n = read(fd, file + size, sizeof(file) - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            err = err_from_errno(errno);
        if (n <= 0)
            break;
        size += (size_t)n;
    }
    if (err == SG_OK && size < SG_KEY_FILE_SIZE)
        err = SG_ERR_TRUNCATED;
    if (err == SG_OK && size > SG_KEY_FILE_SIZE)
        err = SG_ERR_TRAILING;
    if (err == SG_OK)
        memcpy(ret_file, file, SG_KEY_FILE_SIZE);
    sg_crypto_wipe(file, sizeof(file));
    return err;
}

enum sg_err sg_key_store_read(const char *folder, const char *name,
                              uint8_t ret_file[SG_KEY_FILE_SIZE])
{
    char path[NAME_SIZE];
    enum sg_err err = file_name(name, SUFFIX, path);
    int dir, fd;

    if (err != SG_OK)
        return err;
    dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_from_errno(errno);
    /* Without waiting for whoever writes, should it be a pipe. */
    fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    err = fd < 0 ? err_from_errno(errno) : check_file(fd);
    if (err == SG_OK)
        err = read_all(fd, ret_file);
    if (fd >= 0)
        (void)close(fd);
    (void)close(dir);
    return err;
}
