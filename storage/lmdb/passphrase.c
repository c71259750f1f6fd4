#include "storage/lmdb/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/crypto.h"

/* A credential of systemd may be readable by its group: that is its ACL. */
#define OTHERS (S_IWGRP | S_IXGRP | S_IRWXO)

enum sg_err sg_passphrase_new(struct sg_passphrase **ret)
{
    struct sg_passphrase *passphrase = sg_crypto_secret_new(sizeof *passphrase);

    if (passphrase == NULL)
        return SG_ERR_NOMEM;
    passphrase->size = 0;
    *ret = passphrase;
    return SG_OK;
}

void sg_passphrase_free(struct sg_passphrase *passphrase)
{
    sg_crypto_secret_free(passphrase);
}

static enum sg_err err_from_errno(int code)
{
    return code == ENOENT || code == ENOTDIR                  ? SG_ERR_NOTFOUND
           : code == EACCES || code == EPERM || code == ELOOP ? SG_ERR_ACCESS
                                                              : SG_ERR_IO;
}

static enum sg_err check_file(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return err_from_errno(errno);
    if (!S_ISREG(info.st_mode))
        return SG_ERR_MALFORMED;
    return (info.st_mode & OTHERS) != 0 ? SG_ERR_ACCESS : SG_OK;
}

/* Reads up to the first newline; a byte at a time, so that no copy of the rest
 * lies anywhere. */
static enum sg_err read_line(int fd, struct sg_passphrase *passphrase)
{
    for (;;) {
        uint8_t byte;
        ssize_t n = read(fd, &byte, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_from_errno(errno);
        if (n == 0 || byte == '\n')
            return passphrase->size == 0 ? SG_ERR_INVALID : SG_OK;
        if (passphrase->size == sizeof passphrase->bytes)
            return SG_ERR_LIMIT;
        passphrase->bytes[passphrase->size++] = byte;
    }
}

enum sg_err sg_passphrase_read(const char *path, struct sg_passphrase **ret)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct sg_passphrase *passphrase = NULL;
    enum sg_err err;

    if (fd < 0)
        return err_from_errno(errno);
    err = check_file(fd);
    if (err == SG_OK)
        err = sg_passphrase_new(&passphrase);
    if (err == SG_OK)
        err = read_line(fd, passphrase);
    (void)close(fd);
    if (err == SG_OK)
        *ret = passphrase;
    else
        sg_passphrase_free(passphrase);
    return err;
}
