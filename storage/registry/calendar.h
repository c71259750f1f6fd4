/* Working days: on which days an office works, and when a legal time limit
 * ends. RECORDS.md, section 10.2.
 *
 * Holidays are decided by the government every year, so they are data: one
 * statement of the authority for each year (type 16). A year without one is
 * taken to rest on Saturdays and Sundays only, and whatever was computed from
 * it is provisional. Days are calendar days in Viet Nam; it reads no clock.
 */
#ifndef SG_STORAGE_REGISTRY_CALENDAR_H
#define SG_STORAGE_REGISTRY_CALENDAR_H

#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/registry/record.h"

/* Bit 0 Monday to bit 6 Sunday. */
#define SG_CALENDAR_REST_WEEKEND 96u

struct sg_calendar_year {
    uint16_t year;
    uint8_t rest; /* weekdays of rest */
    uint8_t n_off;
    uint8_t n_work;
    struct sg_date off[SG_CALENDAR_DAYS_MAX];  /* ascending: further days off */
    struct sg_date work[SG_CALENDAR_DAYS_MAX]; /* ascending: worked in turn */
};

/* The years that are known. Borrowed, ascending by year, no two alike. */
struct sg_calendar {
    const struct sg_calendar_year *years;
    size_t n_years;
};

/* Says which day of the week DAY, which is a day, is: 0 Monday to 6 Sunday. */
unsigned sg_calendar_weekday(struct sg_date day);

/* Reads RECORD, a calendar that fits. */
void sg_calendar_read(const struct sg_record *record,
                      struct sg_calendar_year *ret_year);

/* Says whether DAY, which is a day, is worked; *IS_PROVISIONAL becomes true
 * when its year has no calendar and is otherwise left alone. */
bool sg_calendar_is_worked(const struct sg_calendar *calendar,
                           struct sg_date day, bool *is_provisional);

/* Returns the N-th worked day after START, which is a day and itself does not
 * count; N is at most SG_CALENDAR_LIMIT_MAX. No date beyond the year 9999. */
struct sg_date sg_calendar_due_worked(const struct sg_calendar *calendar,
                                      struct sg_date start, unsigned n,
                                      bool *is_provisional);

/* Returns the N-th calendar day after START or, when that is a day off, the
 * next worked day (Civil Code 2015 Art. 148). */
struct sg_date sg_calendar_due_days(const struct sg_calendar *calendar,
                                    struct sg_date start, unsigned n,
                                    bool *is_provisional);

/* Counts the worked days after EARLIER up to LATER; 0 when it is not later. */
unsigned sg_calendar_count_worked(const struct sg_calendar *calendar,
                                  struct sg_date earlier, struct sg_date later,
                                  bool *is_provisional);

#endif
