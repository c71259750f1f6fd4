#include "storage/base/date.h"

#include <string.h>

#include "storage/base/check.h"

#define YEAR_MAX     9999
#define DAYS_TO_1970 719162  /* from 0001-01-01 */
#define DAYS_MAX     3652058 /* from 0001-01-01 to 9999-12-31 */

struct parts {
    unsigned year;
    unsigned month;
    unsigned day;
};

static struct parts split(struct sg_date date)
{
    return (struct parts){date.ymd / 10000, date.ymd / 100 % 100,
                          date.ymd % 100};
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static enum sg_date_precision judge(struct parts parts)
{
    if (parts.year < 1 || parts.year > YEAR_MAX || parts.month > 12)
        return SG_DATE_NONE;
    if (parts.month == 0)
        return parts.day == 0 ? SG_DATE_Y : SG_DATE_NONE;
    if (parts.day > days_in_month(parts.year, parts.month))
        return SG_DATE_NONE;
    return parts.day == 0 ? SG_DATE_YM : SG_DATE_YMD;
}

struct sg_date sg_date_make(unsigned year, unsigned month, unsigned day)
{
    struct parts parts = {year, month, day};

    if (judge(parts) == SG_DATE_NONE)
        return (struct sg_date){0};
    return (struct sg_date){year * 10000 + month * 100 + day};
}

enum sg_date_precision sg_date_precision(struct sg_date date)
{
    return judge(split(date));
}

bool sg_date_is_valid(struct sg_date date)
{
    return sg_date_precision(date) != SG_DATE_NONE;
}

/* Matches TEXT with FORM, whose y, m and d stand for digits of the parts. */
static bool parse_form(struct sg_bytes text, const char *form,
                       struct parts *ret_parts)
{
    struct parts parts = {0};

    if (text.size != strlen(form))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned *part = form[i] == 'y'   ? &parts.year
                         : form[i] == 'm' ? &parts.month
                         : form[i] == 'd' ? &parts.day
                                          : NULL;

        if (part == NULL && text.data[i] == form[i])
            continue;
        if (part == NULL || text.data[i] < '0' || text.data[i] > '9')
            return false;
        *part = *part * 10 + text.data[i] - '0';
    }
    *ret_parts = parts;
    return true;
}

/* A part that is written may not be zero. */
static enum sg_err parse_judge(struct parts parts,
                               enum sg_date_precision precision,
                               struct sg_date *ret_date)
{
    if (judge(parts) != precision)
        return SG_ERR_INVALID;
    *ret_date = sg_date_make(parts.year, parts.month, parts.day);
    return SG_OK;
}

enum sg_err sg_date_parse(struct sg_bytes text, struct sg_date *ret_date)
{
    static const struct {
        const char *form;
        enum sg_date_precision precision;
    } forms[] = {
        {"yyyy-mm-dd", SG_DATE_YMD}, {"yyyy-mm", SG_DATE_YM},
        {"dd/mm/yyyy", SG_DATE_YMD}, {"mm/yyyy", SG_DATE_YM},
        {"yyyy", SG_DATE_Y},
    };
    struct parts parts;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (parse_form(text, forms[i].form, &parts))
            return parse_judge(parts, forms[i].precision, ret_date);
    }
    return SG_ERR_MALFORMED;
}

static char *format_number(char *to, unsigned value, size_t digits)
{
    for (size_t i = digits; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + digits;
}

static char *format_iso(char *to, struct parts parts)
{
    to = format_number(to, parts.year, 4);
    if (parts.month > 0) {
        *to++ = '-';
        to = format_number(to, parts.month, 2);
    }
    if (parts.day > 0) {
        *to++ = '-';
        to = format_number(to, parts.day, 2);
    }
    return to;
}

static char *format_vn(char *to, struct parts parts)
{
    if (parts.day > 0) {
        to = format_number(to, parts.day, 2);
        *to++ = '/';
    }
    if (parts.month > 0) {
        to = format_number(to, parts.month, 2);
        *to++ = '/';
    }
    return format_number(to, parts.year, 4);
}

void sg_date_format(struct sg_date date, enum sg_date_style style,
                    char ret_text[SG_DATE_TEXT_SIZE])
{
    char *end;

    SG_ASSERT(sg_date_is_valid(date));
    end = style == SG_DATE_VN ? format_vn(ret_text, split(date))
                              : format_iso(ret_text, split(date));
    *end = '\0';
}

struct sg_date sg_date_first(struct sg_date date)
{
    struct parts parts = split(date);

    SG_ASSERT(sg_date_is_valid(date));
    return sg_date_make(parts.year, parts.month > 0 ? parts.month : 1,
                        parts.day > 0 ? parts.day : 1);
}

struct sg_date sg_date_last(struct sg_date date)
{
    struct parts parts = split(date);

    SG_ASSERT(sg_date_is_valid(date));
    if (parts.month == 0)
        parts.month = 12;
    if (parts.day == 0)
        parts.day = days_in_month(parts.year, parts.month);
    return sg_date_make(parts.year, parts.month, parts.day);
}

int sg_date_compare(struct sg_date a, struct sg_date b)
{
    return (a.ymd > b.ymd) - (a.ymd < b.ymd);
}

/* Returns the days from 0001-01-01 to the first of January of YEAR. */
static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400;
}

int32_t sg_date_days(struct sg_date date)
{
    struct parts parts = split(date);
    int64_t days = days_before_year(parts.year);

    SG_ASSERT(sg_date_precision(date) == SG_DATE_YMD);
    for (unsigned month = 1; month < parts.month; month++)
        days += days_in_month(parts.year, month);
    return (int32_t)(days + parts.day - 1 - DAYS_TO_1970);
}

struct sg_date sg_date_from_days(int64_t days)
{
    unsigned year;
    unsigned month = 1;
    unsigned day;

    if (days < -DAYS_TO_1970 || days > DAYS_MAX - DAYS_TO_1970)
        return (struct sg_date){0};
    days += DAYS_TO_1970;
    year = (unsigned)(days * 400 / 146097) + 1; /* exact, or one too few */
    if (days_before_year(year + 1) <= days)
        year++;
    day = (unsigned)(days - days_before_year(year));
    while (day >= days_in_month(year, month))
        day -= days_in_month(year, month++);
    return sg_date_make(year, month, day + 1);
}

int32_t sg_date_diff(struct sg_date later, struct sg_date earlier)
{
    return sg_date_days(later) - sg_date_days(earlier);
}

struct sg_date sg_date_from_wall(struct sg_wall time, int offset_minutes)
{
    int64_t ms = sg_wall_add(time, (int64_t)offset_minutes * 60000).ms;
    int64_t days = ms / SG_WALL_DAY_MS;

    if (ms % SG_WALL_DAY_MS < 0)
        days--;
    return sg_date_from_days(days);
}
