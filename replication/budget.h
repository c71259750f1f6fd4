/* A byte budget: how much may cross a metered link in an hour and in a day.
 *
 * PROTOCOL.md section 10. Both directions count, and every priority above 0. It
 * belongs to a peer, not to a session: dialling again does not renew it. It is
 * memory only: a restart does. The past is kept in pieces of five minutes and
 * of an hour, and a piece counts until all of it is over: so no hour and no
 * day, wherever it begins, has more than the budget. Pure; a value.
 *
 * Times are milliseconds of a monotonic clock, never less than before.
 */
#ifndef SG_REPLICATION_BUDGET_H
#define SG_REPLICATION_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pieces of a window, and the one that is going on. */
#define SG_BUDGET_HOUR_PIECES 13u
#define SG_BUDGET_DAY_PIECES  25u

struct sg_budget {
    uint64_t hour_max;   /* bytes an hour; 0: no limit */
    uint64_t day_max;    /* bytes a day; 0: no limit */
    uint64_t hour_piece; /* the number of the piece that is going on */
    uint64_t day_piece;
    uint64_t hour[SG_BUDGET_HOUR_PIECES]; /* by number, mod their count */
    uint64_t day[SG_BUDGET_DAY_PIECES];
};

/* Begins a budget of HOUR_MAX bytes an hour and DAY_MAX a day; 0: no limit. */
void sg_budget_init(struct sg_budget *budget, uint64_t hour_max,
                    uint64_t day_max);

/* Counts SIZE bytes, sent or received, of PRIORITY; 0 does not count. */
void sg_budget_count(struct sg_budget *budget, uint64_t now_ms,
                     unsigned priority, uint64_t size);

/* Says how many bytes of PRIORITY may still go: of 2 to 4 up to the budget, of
 * 1 up to 10 % above it, of 0 always. UINT64_MAX: no limit. */
uint64_t sg_budget_left(const struct sg_budget *budget, uint64_t now_ms,
                        unsigned priority);

/* Gives the time at which a piece is over and sg_budget_left may be more.
 * UINT64_MAX: there is no limit. */
uint64_t sg_budget_next(const struct sg_budget *budget, uint64_t now_ms);

#endif
