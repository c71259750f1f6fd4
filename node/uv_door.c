#include "node/uv_door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/say.h"
#include "node/uv_address.h"

#define BACKLOG    64
#define TOKEN_MODE 0600
#define PATH_SIZE  512u

static enum sg_err say_failure(const char *where)
{
    sg_say(SG_CONFIG_LOG_ERROR, "cannot listen on %s: %s; stopping", where,
           strerror(errno));
    return SG_ERR_IO;
}

/* Says whether somebody listens at PATH: then it is not ours to remove. One who
 * has more callers than he answers says EAGAIN; nobody waits for him here. */
static bool is_taken(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_there = fd >= 0 && (connect(fd, (const struct sockaddr *)address,
                                        sizeof *address) == 0 ||
                                errno == EAGAIN);

    if (fd >= 0)
        (void)close(fd);
    return is_there;
}

/* A socket that nobody answers at is what a crash left. What is no socket was
 * put there by a mistake in the configuration, and is somebody's. */
static bool is_other_file(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode);
}

enum sg_err sg_uv_door_socket(const char *path, mode_t mode, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int fd, code;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        (void)say_failure(path);
        return SG_ERR_LIMIT;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (is_other_file(path)) {
        errno = EEXIST;
        return say_failure(path);
    }
    if (is_taken(&address)) {
        errno = EADDRINUSE;
        return say_failure(path);
    }
    (void)unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return say_failure(path);
    mask = umask(0777); /* nobody comes before it has its rights */
    code = bind(fd, (const struct sockaddr *)&address, sizeof address);
    (void)umask(mask);
    if (code != 0 || chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0) {
        (void)say_failure(path);
        (void)close(fd);
        return SG_ERR_IO;
    }
    *ret_fd = fd;
    return SG_OK;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    memcpy(&four, address, sizeof four);
    memcpy(&six, address, sizeof six);
    return address->ss_family == AF_INET
               ? ntohl(four.sin_addr.s_addr) >> 24 == 127
               : IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
}

enum sg_err sg_uv_door_loopback(const char *address, int *ret_fd)
{
    struct sockaddr_storage storage;
    socklen_t size;
    int fd, yes = 1;

    if (sg_uv_address_parse(address, &storage) != SG_OK ||
        !is_loopback(&storage)) {
        sg_say(SG_CONFIG_LOG_ERROR,
               "http: %s is not an address of this machine's loopback; "
               "stopping",
               address);
        return SG_ERR_INVALID;
    }
    size = storage.ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                        : sizeof(struct sockaddr_in6);
    fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                0);
    if (fd < 0)
        return say_failure(address);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&storage, size) != 0 ||
        listen(fd, BACKLOG) != 0) {
        (void)say_failure(address);
        (void)close(fd);
        return SG_ERR_IO;
    }
    *ret_fd = fd;
    return SG_OK;
}

/* Drawn anew at each start, what was seen once serves nobody for long: so it
 * need not survive a power cut. */
enum sg_err sg_uv_door_token(const char *dir, const char *token)
{
    char path[PATH_SIZE], fresh[PATH_SIZE];
    size_t size = strlen(token);
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof path, "%s/token", dir);
    (void)snprintf(fresh, sizeof fresh, "%s/token.new", dir);
    (void)unlink(fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, TOKEN_MODE);
    if (fd < 0)
        return say_failure(path);
    n = write(fd, token, size);
    if (close(fd) != 0 || n != (ssize_t)size || rename(fresh, path) != 0)
        return say_failure(path);
    return SG_OK;
}
