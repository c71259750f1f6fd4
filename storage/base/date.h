/* Calendar dates as the register keeps them: a year, a month of a year or a
 * day, in the Gregorian calendar, years 1 to 9999.
 *
 * Many birth dates are known to the year only, so a date says how precise it
 * is. It is a date in the world, not a moment: see wall.h and mono.h for those.
 */
#ifndef SG_STORAGE_BASE_DATE_H
#define SG_STORAGE_BASE_DATE_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/wall.h"

/* Decimal YYYYMMDD; MM and DD are 00 where unknown, and no day is known
 * without its month. 0 is no date. */
struct sg_date {
    uint32_t ymd;
};

enum sg_date_precision {
    SG_DATE_NONE, /* not a valid date */
    SG_DATE_Y,
    SG_DATE_YM,
    SG_DATE_YMD,
};

enum sg_date_style {
    SG_DATE_ISO, /* 1954-05-07, 1954-05, 1954 */
    SG_DATE_VN,  /* 07/05/1954, 05/1954, 1954 */
};

/* The longest text, with its terminating 0. */
#define SG_DATE_TEXT_SIZE 11

/* Returns the date of YEAR, MONTH and DAY, of which the last one or two may be
 * 0 for unknown; no date when there is no such day. */
struct sg_date sg_date_make(unsigned year, unsigned month, unsigned day);

/* Says how precise DATE is; SG_DATE_NONE when it is not a date. */
enum sg_date_precision sg_date_precision(struct sg_date date);

/* Says whether DATE is a date, of any precision. */
bool sg_date_is_valid(struct sg_date date);

/* Reads a date in either style, every digit written. Errors: MALFORMED when
 * TEXT has neither form; INVALID when there is no such day. */
SG_USE_RESULT enum sg_err sg_date_parse(struct sg_bytes text,
                                        struct sg_date *ret_date);

/* Writes DATE, which is valid, in STYLE and ends it with 0. */
void sg_date_format(struct sg_date date, enum sg_date_style style,
                    char ret_text[SG_DATE_TEXT_SIZE]);

/* Return the first and the last day that DATE, which is valid, can mean. */
struct sg_date sg_date_first(struct sg_date date);
struct sg_date sg_date_last(struct sg_date date);

/* Returns -1, 0 or 1 as A sorts before, with or after B: a year before its
 * months, a month before its days. Whether A was certainly earlier is
 * sg_date_compare(sg_date_last(A), sg_date_first(B)) < 0. */
int sg_date_compare(struct sg_date a, struct sg_date b);

/* Returns the days from 1970-01-01 to DATE, which is a day. */
int32_t sg_date_days(struct sg_date date);

/* Returns the day DAYS after 1970-01-01; no date outside the years 1 to 9999.*/
struct sg_date sg_date_from_days(int64_t days);

/* Returns the days from EARLIER to LATER, both of them days. */
int32_t sg_date_diff(struct sg_date later, struct sg_date earlier);

/* Returns the day that calendars show at TIME, OFFSET_MINUTES east of UTC (420
 * in Viet Nam); no date outside the years 1 to 9999. */
struct sg_date sg_date_from_wall(struct sg_wall time, int offset_minutes);

#endif
