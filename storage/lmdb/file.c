#include "storage/lmdb/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define MODE      (S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)

static enum sg_err err_from_errno(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
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
    default:
        return SG_ERR_IO;
    }
}

enum sg_err sg_file_read(const char *path, struct sg_buf *buf)
{
    enum sg_err err = SG_OK;
    uint8_t bytes[1024];
    FILE *file = fopen(path, "rbe");
    size_t n;

    if (file == NULL)
        return err_from_errno(errno);
    do {
        n = fread(bytes, 1, sizeof bytes, file);
        err = sg_buf_append(buf, sg_bytes(bytes, n));
    } while (n == sizeof bytes && err == SG_OK);
    if (ferror(file) && err == SG_OK)
        err = SG_ERR_IO;
    (void)fclose(file);
    return err;
}

enum sg_err sg_file_sync_parent(const char *path)
{
    char parent[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? snprintf(parent, sizeof parent, ".")
                          : snprintf(parent, sizeof parent, "%.*s/",
                                     (int)(slash - path), path);
    enum sg_err err;
    int fd;

    if (n < 0 || n >= (int)sizeof parent)
        return SG_ERR_LIMIT;
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    err = fsync(fd) == 0 ? SG_OK : SG_ERR_FATAL;
    (void)close(fd);
    return err;
}

enum sg_err sg_file_make_folder(const char *path)
{
    char plain[PATH_SIZE];
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size >= sizeof plain)
        return SG_ERR_LIMIT;
    memcpy(plain, path, size);
    plain[size] = '\0';
    if (mkdir(plain, S_IRWXU) != 0)
        return err_from_errno(errno);
    return sg_file_sync_parent(plain);
}

static enum sg_err write_all(int fd, struct sg_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t n = write(fd, bytes.data, bytes.size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        bytes = sg_bytes(bytes.data + n, bytes.size - (size_t)n);
    }
    return SG_OK;
}

/* Writes the new file TEMP, synced. */
static enum sg_err write_temp(const char *temp, struct sg_bytes bytes)
{
    enum sg_err err;
    int fd;

    /* A crash may have left one behind. */
    if (unlink(temp) != 0 && errno != ENOENT)
        return err_from_errno(errno);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
    if (fd < 0)
        return err_from_errno(errno);
    err = write_all(fd, bytes);
    if (err == SG_OK && fsync(fd) != 0)
        err = SG_ERR_FATAL;
    if (close(fd) != 0 && err == SG_OK)
        err = SG_ERR_IO;
    return err;
}

enum sg_err sg_file_write(const char *path, struct sg_bytes bytes)
{
    char temp[PATH_SIZE];
    int n = snprintf(temp, sizeof temp, "%s.new", path);
    enum sg_err err;

    if (n < 0 || n >= (int)sizeof temp)
        return SG_ERR_LIMIT;
    err = write_temp(temp, bytes);
    if (err == SG_OK && rename(temp, path) != 0)
        err = err_from_errno(errno);
    if (err != SG_OK) {
        (void)unlink(temp);
        return err;
    }
    return sg_file_sync_parent(path);
}
