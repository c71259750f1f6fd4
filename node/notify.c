#include "node/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "storage/base/clock.h"

#define TEXT_SIZE 80

/* Fills RET with PATH: a path, or an abstract name behind '@'. Returns its
 * size; 0 for what is neither, or too long. */
static socklen_t address_of(const char *path, struct sockaddr_un *ret)
{
    size_t size = strlen(path);

    if ((path[0] != '/' && path[0] != '@') || size < 2 ||
        size >= sizeof ret->sun_path)
        return 0;
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, path, size);
    if (path[0] == '@')
        ret->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* A reload says when it began, so that the manager knows which READY ends it.
 */
static void print_state(enum sg_notify_state state, char ret[TEXT_SIZE])
{
    switch (state) {
    case SG_NOTIFY_READY:
        (void)snprintf(ret, TEXT_SIZE, "READY=1");
        return;
    case SG_NOTIFY_RELOADING:
        (void)snprintf(ret, TEXT_SIZE, "RELOADING=1\nMONOTONIC_USEC=%llu",
                       (unsigned long long)sg_clock_mono().ms * 1000);
        return;
    case SG_NOTIFY_STOPPING:
        break;
    }
    (void)snprintf(ret, TEXT_SIZE, "STOPPING=1");
}

bool sg_notify_state(enum sg_notify_state state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    char text[TEXT_SIZE];
    socklen_t size = path == NULL ? 0 : address_of(path, &address);
    ssize_t sent;
    int fd;

    if (size == 0)
        return false;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    print_state(state, text);
    sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL,
                  (const struct sockaddr *)&address, size);
    (void)close(fd);
    return sent == (ssize_t)strlen(text);
}
