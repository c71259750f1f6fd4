/* storage/registry/calendar.h: when a legal time limit ends. */
#include <string.h>

#include "storage/registry/calendar.h"
#include "storage/registry/record_build.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

/* 2025 in Viet Nam: Tết from 27 January, Hùng kings on 7 April, 2 May off and
 * Saturday 26 April worked for it. */
static const struct sg_calendar_year years[] = {
    {.year = 2025,
     .rest = SG_CALENDAR_REST_WEEKEND,
     .n_off = 12,
     .n_work = 1,
     .off = {{20250101},
             {20250127},
             {20250128},
             {20250129},
             {20250130},
             {20250131},
             {20250407},
             {20250430},
             {20250501},
             {20250502},
             {20250901},
             {20250902}},
     .work = {{20250426}}},
};

static const struct sg_calendar calendar = {years, 1};

/* Weekdays are those of the calendar on the wall. */
static void test_weekdays(void **state)
{
    (void)state;
    assert_int_equal(sg_calendar_weekday(DAY(19700101)), 3);
    assert_int_equal(sg_calendar_weekday(DAY(20250127)), 0);
    assert_int_equal(sg_calendar_weekday(DAY(20250426)), 5);
    assert_int_equal(sg_calendar_weekday(DAY(19000101)), 0);
    assert_int_equal(sg_calendar_weekday(DAY(20000229)), 1);
}

/* Worked in exchange beats off, off beats the week. */
static void test_what_is_worked(void **state)
{
    bool is_provisional = false;

    (void)state;
    assert_true(
        sg_calendar_is_worked(&calendar, DAY(20250425), &is_provisional));
    assert_true(
        sg_calendar_is_worked(&calendar, DAY(20250426), &is_provisional));
    assert_false(
        sg_calendar_is_worked(&calendar, DAY(20250427), &is_provisional));
    assert_false(
        sg_calendar_is_worked(&calendar, DAY(20250502), &is_provisional));
    assert_false(is_provisional);
}

/* A year without a calendar rests at the weekend, and it is said so. */
static void test_a_year_without_a_calendar_is_provisional(void **state)
{
    bool is_provisional = false;

    (void)state;
    assert_true(
        sg_calendar_is_worked(&calendar, DAY(20260101), &is_provisional));
    assert_true(is_provisional);
    is_provisional = false;
    assert_false(
        sg_calendar_is_worked(&calendar, DAY(20260103), &is_provisional));
    assert_true(is_provisional);
}

/* Limits in working days step over Tết; the day of lodging does not count. */
static void test_due_in_worked_days(void **state)
{
    bool is_provisional = false;

    (void)state;
    assert_int_equal(
        sg_calendar_due_worked(&calendar, DAY(20250124), 2, &is_provisional)
            .ymd,
        20250204);
    assert_int_equal(
        sg_calendar_due_worked(&calendar, DAY(20250425), 1, &is_provisional)
            .ymd,
        20250426);
    assert_int_equal(
        sg_calendar_due_worked(&calendar, DAY(20250429), 1, &is_provisional)
            .ymd,
        20250505);
    assert_int_equal(
        sg_calendar_due_worked(&calendar, DAY(20250303), 0, &is_provisional)
            .ymd,
        20250303);
    assert_false(is_provisional);
    assert_int_equal(
        sg_calendar_due_worked(&calendar, DAY(20251230), 2, &is_provisional)
            .ymd,
        20260101);
    assert_true(is_provisional);
}

/* Limits in calendar days end on the next worked day. */
static void test_due_in_days(void **state)
{
    bool is_provisional = false;

    (void)state;
    assert_int_equal(
        sg_calendar_due_days(&calendar, DAY(20250303), 7, &is_provisional).ymd,
        20250310);
    assert_int_equal(
        sg_calendar_due_days(&calendar, DAY(20250120), 7, &is_provisional).ymd,
        20250203);
}

/* Counting is the inverse of due. */
static void test_count_is_the_inverse(void **state)
{
    bool is_provisional = false;

    (void)state;
    for (unsigned n = 1; n < 200; n++) {
        struct sg_date due = sg_calendar_due_worked(&calendar, DAY(20250103), n,
                                                    &is_provisional);

        assert_int_equal(sg_calendar_count_worked(&calendar, DAY(20250103), due,
                                                  &is_provisional),
                         n);
    }
    assert_int_equal(sg_calendar_count_worked(&calendar, DAY(20250110),
                                              DAY(20250103), &is_provisional),
                     0);
}

static void build_days(struct sg_record_build *build, unsigned no,
                       const struct sg_date *days, unsigned count)
{
    struct sg_pack *pack = sg_record_build_field(build, no);

    sg_pack_array(pack, count);
    for (unsigned i = 0; i < count; i++)
        sg_pack_uint(pack, days[i].ymd);
}

/* A calendar is read from the statement that publishes it. */
static void test_calendar_is_read_from_its_statement(void **state)
{
    const struct sg_registry_id registry = {{{9}}};
    struct sg_record_head head = {.type = SG_TYPE_CALENDAR,
                                  .effective = {20250101}};
    const struct sg_record_copy copy = {.hlc = 1};
    struct sg_record_build build;
    struct sg_calendar_year year = {0};
    struct sg_record record;
    struct sg_hash id;
    struct sg_buf payload;

    (void)state;
    sg_bytes_put_u64be(head.subject.bytes + 8, 2025);
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_CALENDAR_SERIAL, 1);
    sg_record_build_uint(&build, SG_FIELD_CALENDAR_YEAR, 2025);
    sg_record_build_uint(&build, SG_FIELD_CALENDAR_REST, 96);
    build_days(&build, SG_FIELD_CALENDAR_OFF, years[0].off, years[0].n_off);
    build_days(&build, SG_FIELD_CALENDAR_WORK, years[0].work, years[0].n_work);
    sg_record_build_str(&build, SG_FIELD_CALENDAR_ACT, SG_BYTES_TEXT(""));
    assert_ok(
        sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id));
    assert_ok(sg_record_decode(sg_buf_bytes(&payload), &record));
    sg_calendar_read(&record, &year);
    assert_memory_equal(&year, &years[0], sizeof(year));
    sg_buf_clear(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weekdays),
        cmocka_unit_test(test_what_is_worked),
        cmocka_unit_test(test_a_year_without_a_calendar_is_provisional),
        cmocka_unit_test(test_due_in_worked_days),
        cmocka_unit_test(test_due_in_days),
        cmocka_unit_test(test_count_is_the_inverse),
        cmocka_unit_test(test_calendar_is_read_from_its_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
