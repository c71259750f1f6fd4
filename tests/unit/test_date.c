#include "storage/base/date.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"

static struct sg_date ymd(uint32_t number)
{
    return (struct sg_date){number};
}

/* A date is a year, a month of a year or a day that the calendar has. */
static void test_date_precision(void **state)
{
    static const struct {
        uint32_t ymd;
        enum sg_date_precision precision;
    } cases[] = {
        {0, SG_DATE_NONE},          {19540507, SG_DATE_YMD},
        {19540500, SG_DATE_YM},     {19540000, SG_DATE_Y},
        {19540007, SG_DATE_NONE},   {19541300, SG_DATE_NONE},
        {19541301, SG_DATE_NONE},   {19540431, SG_DATE_NONE},
        {19540430, SG_DATE_YMD},    {20000229, SG_DATE_YMD},
        {19000229, SG_DATE_NONE},   {20240229, SG_DATE_YMD},
        {20230229, SG_DATE_NONE},   {20241231, SG_DATE_YMD},
        {20241232, SG_DATE_NONE},   {10101, SG_DATE_YMD},
        {10000, SG_DATE_Y},         {1231, SG_DATE_NONE},
        {99991231, SG_DATE_YMD},    {100000101, SG_DATE_NONE},
        {UINT32_MAX, SG_DATE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_date date = ymd(cases[i].ymd);

        assert_int_equal(sg_date_precision(date), cases[i].precision);
        assert_int_equal(sg_date_is_valid(date),
                         cases[i].precision != SG_DATE_NONE);
    }
}

/* Parts make the date they say, or no date. */
static void test_date_make(void **state)
{
    (void)state;
    assert_int_equal(sg_date_make(1954, 5, 7).ymd, 19540507);
    assert_int_equal(sg_date_make(1954, 5, 0).ymd, 19540500);
    assert_int_equal(sg_date_make(1954, 0, 0).ymd, 19540000);
    assert_int_equal(sg_date_make(1954, 2, 29).ymd, 0);
    assert_int_equal(sg_date_make(429497, 1, 1).ymd, 0);
    assert_int_equal(sg_date_make(1954, 429497, 1).ymd, 0);
}

/* Both styles are read, and written back the same. */
static void test_date_text(void **state)
{
    static const struct {
        const char *iso;
        const char *vn;
        uint32_t ymd;
    } cases[] = {
        {"1954-05-07", "07/05/1954", 19540507},
        {"1954-05", "05/1954", 19540500},
        {"1954", "1954", 19540000},
        {"0001-12-31", "31/12/0001", 11231},
        {"2024-02-29", "29/02/2024", 20240229},
    };
    char text[SG_DATE_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes iso = sg_bytes(cases[i].iso, strlen(cases[i].iso));
        struct sg_bytes vn = sg_bytes(cases[i].vn, strlen(cases[i].vn));
        struct sg_date date = ymd(0);

        assert_ok(sg_date_parse(iso, &date));
        assert_int_equal(date.ymd, cases[i].ymd);
        date = ymd(0);
        assert_ok(sg_date_parse(vn, &date));
        assert_int_equal(date.ymd, cases[i].ymd);
        sg_date_format(date, SG_DATE_ISO, text);
        assert_string_equal(text, cases[i].iso);
        sg_date_format(date, SG_DATE_VN, text);
        assert_string_equal(text, cases[i].vn);
    }
}

/* What has another form, or is no day, is refused; a part that is written may
 * not be zero. */
static void test_date_parse_refuses(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } cases[] = {
        {"", "MALFORMED"},           {"195", "MALFORMED"},
        {"1954-5-7", "MALFORMED"},   {"7/5/1954", "MALFORMED"},
        {"1954/05/07", "MALFORMED"}, {"07-05-1954", "MALFORMED"},
        {"1954-05-0a", "MALFORMED"}, {"1954-05-0/", "MALFORMED"},
        {" 1954", "MALFORMED"},      {"19540507", "MALFORMED"},
        {"+954", "MALFORMED"},       {"1954-05-071", "MALFORMED"},
        {"1954-02-29", "INVALID"},   {"29/02/1954", "INVALID"},
        {"1954-13", "INVALID"},      {"1954-00", "INVALID"},
        {"1954-05-00", "INVALID"},   {"00/05/1954", "INVALID"},
        {"00/1954", "INVALID"},      {"0000", "INVALID"},
        {"1954-00-00", "INVALID"},
    };
    struct sg_date date = ymd(7);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sg_err err = sg_date_parse(
            sg_bytes(cases[i].text, strlen(cases[i].text)), &date);

        if (strcmp(sg_err_name(err), cases[i].name) != 0)
            fail_msg("%s: %s", cases[i].text, sg_err_name(err));
    }
    assert_int_equal(date.ymd, 7);
}

/* An imprecise date lies between its first and its last day. */
static void test_date_first_and_last(void **state)
{
    static const struct {
        uint32_t ymd;
        uint32_t first;
        uint32_t last;
    } cases[] = {
        {19540000, 19540101, 19541231}, {19540200, 19540201, 19540228},
        {20000200, 20000201, 20000229}, {19541200, 19541201, 19541231},
        {19540507, 19540507, 19540507},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_date date = ymd(cases[i].ymd);

        assert_int_equal(sg_date_first(date).ymd, cases[i].first);
        assert_int_equal(sg_date_last(date).ymd, cases[i].last);
    }
}

/* A year sorts before its months, a month before its days. */
static void test_date_compare(void **state)
{
    (void)state;
    assert_int_equal(sg_date_compare(ymd(19540000), ymd(19540100)), -1);
    assert_int_equal(sg_date_compare(ymd(19540101), ymd(19540100)), 1);
    assert_int_equal(sg_date_compare(ymd(19540101), ymd(19540101)), 0);
}

/* Some days that are known from elsewhere. */
static void test_date_days(void **state)
{
    static const struct {
        uint32_t ymd;
        int32_t days;
    } cases[] = {
        {19700101, 0},     {19691231, -1},     {20000301, 11017},
        {20240229, 19782}, {10101, -719162},   {99991231, 2932896},
        {19540507, -5718}, {19000101, -25567},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(sg_date_days(ymd(cases[i].ymd)), cases[i].days);
        assert_int_equal(sg_date_from_days(cases[i].days).ymd, cases[i].ymd);
    }
    assert_int_equal(sg_date_diff(ymd(20240301), ymd(20240228)), 2);
    assert_int_equal(sg_date_diff(ymd(19700101), ymd(19700102)), -1);
}

/* The day after DATE, found by trying. */
static uint32_t successor(uint32_t date)
{
    if (sg_date_is_valid(ymd(date + 1)))
        return date + 1;
    if (sg_date_is_valid(ymd(date - date % 100 + 101)))
        return date - date % 100 + 101;
    return date - date % 10000 + 10101;
}

/* Counting days and dates in step, all days of 9,999 years agree both ways. */
static void test_date_every_day(void **state)
{
    uint32_t date = 10101;

    (void)state;
    for (int32_t days = -719162; days <= 2932896; days++) {
        if (sg_date_from_days(days).ymd != date)
            fail_msg("%d is not %u", days, date);
        if (sg_date_days(ymd(date)) != days)
            fail_msg("%u is not %d", date, days);
        date = successor(date);
    }
    assert_int_equal(date, 100000101);
    assert_int_equal(sg_date_from_days(-719163).ymd, 0);
    assert_int_equal(sg_date_from_days(2932897).ymd, 0);
    assert_int_equal(sg_date_from_days(INT64_MIN).ymd, 0);
    assert_int_equal(sg_date_from_days(INT64_MAX).ymd, 0);
}

/* The day begins at midnight of the place, before 1970 too. */
static void test_date_from_wall(void **state)
{
    static const struct {
        int64_t ms;
        int offset_minutes;
        uint32_t ymd;
    } cases[] = {
        {0, 0, 19700101},          {-1, 0, 19691231},
        {-86400000, 0, 19691231},  {-86400001, 0, 19691230},
        {86399999, 0, 19700101},   {86400000, 0, 19700102},
        {61199999, 420, 19700101}, {61200000, 420, 19700102},
        {3600000, -120, 19691231}, {INT64_MAX, 420, 0},
        {INT64_MIN, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_wall time = {cases[i].ms};

        assert_int_equal(sg_date_from_wall(time, cases[i].offset_minutes).ymd,
                         cases[i].ymd);
    }
}

static void format_none(void *context)
{
    sg_date_format(ymd(0), SG_DATE_ISO, context);
}

static void first_of_none(void *context)
{
    (void)context;
    (void)sg_date_first(ymd(0));
}

static void last_of_none(void *context)
{
    (void)context;
    (void)sg_date_last(ymd(19541300));
}

static void days_of_month(void *context)
{
    (void)context;
    (void)sg_date_days(ymd(19540500));
}

/* Asking these of no date, or of no day, aborts. */
static void test_date_asserts(void **state)
{
    char text[SG_DATE_TEXT_SIZE];

    (void)state;
    assert_true(sg_dies(format_none, text));
    assert_true(sg_dies(first_of_none, NULL));
    assert_true(sg_dies(last_of_none, NULL));
    assert_true(sg_dies(days_of_month, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date_precision),
        cmocka_unit_test(test_date_make),
        cmocka_unit_test(test_date_text),
        cmocka_unit_test(test_date_parse_refuses),
        cmocka_unit_test(test_date_first_and_last),
        cmocka_unit_test(test_date_compare),
        cmocka_unit_test(test_date_days),
        cmocka_unit_test(test_date_every_day),
        cmocka_unit_test(test_date_from_wall),
        cmocka_unit_test(test_date_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
