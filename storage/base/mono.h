/* Monotonic time: for deadlines and durations, never shown to anybody.
 *
 * Its zero is some moment of this process's machine; it never steps back and
 * means nothing after a restart. It is not the clock on the wall, which is
 * struct sg_wall, and the compiler keeps the two apart. Where it is read is
 * storage/base/clock.h; pure code is handed the time.
 */
#ifndef SG_STORAGE_BASE_MONO_H
#define SG_STORAGE_BASE_MONO_H

#include <stdbool.h>
#include <stdint.h>

struct sg_mono {
    uint64_t ms;
};

/* The deadline that never comes. */
#define SG_MONO_NEVER ((struct sg_mono){UINT64_MAX})

/* Returns the moment MS milliseconds after TIME; never, when that is beyond
 * the end of time, and never stays never. */
static inline struct sg_mono sg_mono_add(struct sg_mono time, uint64_t ms)
{
    uint64_t room = UINT64_MAX - time.ms;

    return (struct sg_mono){ms < room ? time.ms + ms : UINT64_MAX};
}

/* Returns the milliseconds from EARLIER to LATER, 0 when LATER is not later. */
static inline uint64_t sg_mono_diff(struct sg_mono later,
                                    struct sg_mono earlier)
{
    return later.ms > earlier.ms ? later.ms - earlier.ms : 0;
}

/* Returns -1, 0 or 1 as A is before, at or after B. */
static inline int sg_mono_compare(struct sg_mono a, struct sg_mono b)
{
    return (a.ms > b.ms) - (a.ms < b.ms);
}

/* Returns the earlier of A and B. */
static inline struct sg_mono sg_mono_min(struct sg_mono a, struct sg_mono b)
{
    return a.ms < b.ms ? a : b;
}

/* Says whether DEADLINE has come at NOW; never has not. */
static inline bool sg_mono_reached(struct sg_mono deadline, struct sg_mono now)
{
    return deadline.ms <= now.ms && deadline.ms != UINT64_MAX;
}

#endif
