#include "storage/base/clock.h"

#include <time.h>

#include "storage/base/check.h"

static struct timespec read_clock(clockid_t id)
{
    struct timespec now;

    SG_ASSERT(clock_gettime(id, &now) == 0);
    return now;
}

struct sg_mono sg_clock_mono(void)
{
    struct timespec now = read_clock(CLOCK_BOOTTIME);

    return (struct sg_mono){(uint64_t)now.tv_sec * 1000 +
                            (uint64_t)now.tv_nsec / 1000000};
}

struct sg_wall sg_clock_wall(void)
{
    struct timespec now = read_clock(CLOCK_REALTIME);

    return (struct sg_wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}
