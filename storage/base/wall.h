/* Wall time: what a clock shows, for display and harmless ties only.
 *
 * It may be wrong by decades and may jump; nothing is decided by it (DESIGN.md
 * D12). It is not struct sg_mono. Where it is read is storage/base/clock.h.
 */
#ifndef SG_STORAGE_BASE_WALL_H
#define SG_STORAGE_BASE_WALL_H

#include <stdbool.h>
#include <stdint.h>

#define SG_WALL_DAY_MS INT64_C(86400000)

/* Milliseconds since 1970-01-01 00:00 UTC, without leap seconds. */
struct sg_wall {
    int64_t ms;
};

/* Returns the moment MS milliseconds after TIME, or before it when negative;
 * at either end of the range it stops. */
static inline struct sg_wall sg_wall_add(struct sg_wall time, int64_t ms)
{
    int64_t sum;

    if (__builtin_add_overflow(time.ms, ms, &sum))
        sum = ms < 0 ? INT64_MIN : INT64_MAX;
    return (struct sg_wall){sum};
}

/* Returns the milliseconds from EARLIER to LATER, negative when LATER is in
 * truth earlier; at either end of the range it stops. */
static inline int64_t sg_wall_diff(struct sg_wall later, struct sg_wall earlier)
{
    int64_t difference;

    if (__builtin_sub_overflow(later.ms, earlier.ms, &difference))
        difference = later.ms < earlier.ms ? INT64_MIN : INT64_MAX;
    return difference;
}

/* Says whether TIME is before MS since 1970; a clock may stand before 1970. */
static inline bool sg_wall_is_before(struct sg_wall time, uint64_t ms)
{
    return time.ms < 0 || (uint64_t)time.ms < ms;
}

/* Returns -1, 0 or 1 as A is before, at or after B. */
static inline int sg_wall_compare(struct sg_wall a, struct sg_wall b)
{
    return (a.ms > b.ms) - (a.ms < b.ms);
}

#endif
