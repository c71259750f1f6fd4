/* libmishap.so: what happens to a machine, for a daemon that knows nothing of
 * it. Loaded before the C library (LD_PRELOAD).
 *
 *   MISHAP_CLOCK=SECONDS  the clock on the wall shows SECONDS since 1970 when
 * the program begins, and goes on from there MISHAP_STALL=FILE     as long as
 * FILE is there, a flush of the disk takes three seconds
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STALL_S 3

static atomic_llong offset_s; /* what is added to the clock on the wall */
static const char *stall;

static int read_clock(clockid_t id, struct timespec *now)
{
    return (int)syscall(SYS_clock_gettime, id, now);
}

__attribute__((constructor)) static void begin(void)
{
    const char *clock = getenv("MISHAP_CLOCK");
    struct timespec now;

    stall = getenv("MISHAP_STALL");
    if (clock != NULL && read_clock(CLOCK_REALTIME, &now) == 0)
        atomic_store(&offset_s, strtoll(clock, NULL, 10) - now.tv_sec);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int code = read_clock(id, now);

    if (code == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += atomic_load(&offset_s);
    return code;
}

time_t time(time_t *ret)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int fdatasync(int fd)
{
    const struct timespec pause = {.tv_sec = STALL_S};

    if (stall != NULL && access(stall, F_OK) == 0)
        (void)nanosleep(&pause, NULL);
    return (int)syscall(SYS_fdatasync, fd);
}
