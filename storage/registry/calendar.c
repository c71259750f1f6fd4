#include "storage/registry/calendar.h"

#include <stdlib.h>

#include "storage/base/check.h"

/* 1970-01-01 was a Thursday. */
#define EPOCH_WEEKDAY 3
/* No office rests longer than this; a calendar that says so is not followed. */
#define REST_DAYS_MAX 366

unsigned sg_calendar_weekday(struct sg_date day)
{
    int32_t days = sg_date_days(day);

    return (unsigned)((days % 7 + 7 + EPOCH_WEEKDAY) % 7);
}

static void read_days(const struct sg_record *record, unsigned no,
                      struct sg_date *ret_days, uint8_t *ret_count)
{
    struct sg_msgpack reader;
    uint32_t count;

    sg_record_open(record, no, &reader);
    count = sg_msgpack_read_array(&reader);
    SG_ASSERT(count <= SG_CALENDAR_DAYS_MAX);
    for (uint32_t i = 0; i < count; i++)
        ret_days[i] = sg_record_read_date(&reader);
    *ret_count = (uint8_t)count;
}

void sg_calendar_read(const struct sg_record *record,
                      struct sg_calendar_year *ret_year)
{
    SG_ASSERT(record->type == SG_TYPE_CALENDAR);
    ret_year->year = (uint16_t)sg_record_uint(record, SG_FIELD_CALENDAR_YEAR);
    ret_year->rest = (uint8_t)sg_record_uint(record, SG_FIELD_CALENDAR_REST);
    read_days(record, SG_FIELD_CALENDAR_OFF, ret_year->off, &ret_year->n_off);
    read_days(record, SG_FIELD_CALENDAR_WORK, ret_year->work,
              &ret_year->n_work);
}

static int compare_year(const void *key, const void *year)
{
    const uint32_t *wanted = key;
    const struct sg_calendar_year *other = year;

    return (*wanted > other->year) - (*wanted < other->year);
}

static const struct sg_calendar_year *find(const struct sg_calendar *calendar,
                                           struct sg_date day)
{
    uint32_t year = day.ymd / 10000;

    if (calendar->n_years == 0)
        return NULL;
    return bsearch(&year, calendar->years, calendar->n_years,
                   sizeof(calendar->years[0]), compare_year);
}

static bool lists(const struct sg_date *days, size_t count, struct sg_date day)
{
    for (size_t i = 0; i < count; i++) {
        if (days[i].ymd == day.ymd)
            return true;
    }
    return false;
}

bool sg_calendar_is_worked(const struct sg_calendar *calendar,
                           struct sg_date day, bool *is_provisional)
{
    const struct sg_calendar_year *year = find(calendar, day);
    unsigned weekday = 1u << sg_calendar_weekday(day);

    if (year == NULL) {
        *is_provisional = true;
        return (SG_CALENDAR_REST_WEEKEND & weekday) == 0;
    }
    if (lists(year->work, year->n_work, day))
        return true;
    if (lists(year->off, year->n_off, day))
        return false;
    return (year->rest & weekday) == 0;
}

/* Returns the first worked day from DAYS on. */
static struct sg_date next_worked(const struct sg_calendar *calendar,
                                  int64_t days, bool *is_provisional)
{
    struct sg_date day = sg_date_from_days(days);

    for (int i = 0; i < REST_DAYS_MAX && day.ymd != 0; i++) {
        if (sg_calendar_is_worked(calendar, day, is_provisional))
            return day;
        day = sg_date_from_days(++days);
    }
    return day;
}

struct sg_date sg_calendar_due_worked(const struct sg_calendar *calendar,
                                      struct sg_date start, unsigned n,
                                      bool *is_provisional)
{
    struct sg_date day = start;

    SG_ASSERT(n <= SG_CALENDAR_LIMIT_MAX);
    for (unsigned i = 0; i < n && day.ymd != 0; i++)
        day = next_worked(calendar, (int64_t)sg_date_days(day) + 1,
                          is_provisional);
    return day;
}

struct sg_date sg_calendar_due_days(const struct sg_calendar *calendar,
                                    struct sg_date start, unsigned n,
                                    bool *is_provisional)
{
    SG_ASSERT(n <= SG_CALENDAR_LIMIT_MAX);
    return next_worked(calendar, (int64_t)sg_date_days(start) + n,
                       is_provisional);
}

unsigned sg_calendar_count_worked(const struct sg_calendar *calendar,
                                  struct sg_date earlier, struct sg_date later,
                                  bool *is_provisional)
{
    unsigned count = 0;
    int32_t last = sg_date_days(later);

    for (int64_t days = (int64_t)sg_date_days(earlier) + 1; days <= last;
         days++) {
        if (sg_calendar_is_worked(calendar, sg_date_from_days(days),
                                  is_provisional))
            count++;
    }
    return count;
}
