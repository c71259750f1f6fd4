#include "replication/budget.h"

#include <string.h>

#include "storage/base/check.h"

#define HOUR_PIECE_MS UINT64_C(300000)
#define DAY_PIECE_MS  UINT64_C(3600000)

_Static_assert((SG_BUDGET_HOUR_PIECES - 1) * HOUR_PIECE_MS == 3600000, "hour");
_Static_assert((SG_BUDGET_DAY_PIECES - 1) * DAY_PIECE_MS == 86400000, "day");

void sg_budget_init(struct sg_budget *budget, uint64_t hour_max,
                    uint64_t day_max)
{
    *budget = (struct sg_budget){.hour_max = hour_max, .day_max = day_max};
}

/* Adds SIZE to piece NUMBER of a window of COUNT pieces, whose last one was
 * *LAST. */
static void add(uint64_t pieces[], uint64_t count, uint64_t *last,
                uint64_t number, uint64_t size)
{
    SG_ASSERT(number >= *last);
    if (number - *last >= count) {
        memset(pieces, 0, (size_t)count * sizeof pieces[0]);
    } else {
        for (uint64_t i = *last + 1; i <= number; i++)
            pieces[i % count] = 0;
    }
    *last = number;
    pieces[number % count] += size;
}

/* Sums the pieces that are in the window when piece NUMBER is going on. */
static uint64_t sum(const uint64_t pieces[], uint64_t count, uint64_t last,
                    uint64_t number)
{
    uint64_t total = 0;

    SG_ASSERT(number >= last);
    for (uint64_t age = number - last; age < count; age++)
        total += pieces[(number - age) % count] * (age <= number);
    return total;
}

void sg_budget_count(struct sg_budget *budget, uint64_t now_ms,
                     unsigned priority, uint64_t size)
{
    if (priority == 0)
        return;
    add(budget->hour, SG_BUDGET_HOUR_PIECES, &budget->hour_piece,
        now_ms / HOUR_PIECE_MS, size);
    add(budget->day, SG_BUDGET_DAY_PIECES, &budget->day_piece,
        now_ms / DAY_PIECE_MS, size);
}

/* What is left of MAX for PRIORITY when USED is used; 0 is no limit. */
static uint64_t left_of(uint64_t max, uint64_t used, unsigned priority)
{
    uint64_t above = priority == 1 ? max / 10 : 0;

    if (max == 0)
        return UINT64_MAX;
    max = above < UINT64_MAX - max ? max + above : UINT64_MAX;
    return used < max ? max - used : 0;
}

uint64_t sg_budget_left(const struct sg_budget *budget, uint64_t now_ms,
                        unsigned priority)
{
    uint64_t hour, day;

    if (priority == 0 || (budget->hour_max == 0 && budget->day_max == 0))
        return UINT64_MAX;
    hour = left_of(budget->hour_max,
                   sum(budget->hour, SG_BUDGET_HOUR_PIECES, budget->hour_piece,
                       now_ms / HOUR_PIECE_MS),
                   priority);
    day = left_of(budget->day_max,
                  sum(budget->day, SG_BUDGET_DAY_PIECES, budget->day_piece,
                      now_ms / DAY_PIECE_MS),
                  priority);
    return hour < day ? hour : day;
}

uint64_t sg_budget_next(const struct sg_budget *budget, uint64_t now_ms)
{
    if (budget->hour_max == 0 && budget->day_max == 0)
        return UINT64_MAX;
    /* Pieces of a day end where pieces of an hour do. */
    return (now_ms / HOUR_PIECE_MS + 1) * HOUR_PIECE_MS;
}
