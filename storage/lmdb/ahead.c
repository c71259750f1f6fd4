#include "storage/lmdb/ahead.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/check.h"
#include "storage/base/limits.h"

/* A commit that needed no more new pages than this is small; with less left
 * than it needs, the next small one might have to grow the file itself. */
#define SMALL (UINT64_C(16) * 4096)

_Static_assert(SG_AHEAD_SIZE > SMALL,
               "more is written ahead than is too little");

void sg_ahead_init(struct sg_ahead *ahead, int fd, uint64_t used)
{
    struct stat info;

    ahead->used = used;
    ahead->size = used;
    if (fstat(fd, &info) == 0 && (uint64_t)info.st_size > used) {
        ahead->size = (uint64_t)info.st_size;
    }
}

bool sg_ahead_is_due(struct sg_ahead *ahead, uint64_t used)
{
    bool is_small = used <= ahead->used + SMALL;

    ahead->used = used;
    if (ahead->size < used) {
        ahead->size = used;
    }
    return is_small && ahead->size - used < SMALL;
}

int sg_ahead_write(struct sg_ahead *ahead, int fd, uint64_t size_max)
{
    static const uint8_t zeros[SG_AHEAD_SIZE];
    uint64_t size = sizeof zeros;
    ssize_t written;

    SG_ASSERT(ahead->size >= ahead->used);
    if (ahead->size >= size_max) {
        return 0;
    }
    if (size > size_max - ahead->size) {
        size = size_max - ahead->size;
    }
    written = pwrite(fd, zeros, size, (off_t)ahead->size);
    if (written < 0) {
        return errno;
    }
    ahead->size += (uint64_t)written;
    return 0;
}
