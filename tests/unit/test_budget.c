#include "replication/budget.h"

#include "storage/base/prng.h"
#include "tests/lib/test.h"

#define MINUTE UINT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Without limits everything goes, always. */
static void test_no_limit(void **state)
{
    struct sg_budget budget;

    (void)state;
    sg_budget_init(&budget, 0, 0);
    sg_budget_count(&budget, 5, 3, UINT64_MAX / 2);
    for (unsigned priority = 0; priority < 5; priority++)
        assert_int_equal(sg_budget_left(&budget, 5, priority), UINT64_MAX);
    assert_int_equal(sg_budget_next(&budget, 5), UINT64_MAX);
}

/* 2 to 4 share the budget; 1 goes 10 % above it; 0 goes always and is not
 * counted. */
static void test_priorities(void **state)
{
    struct sg_budget budget;

    (void)state;
    sg_budget_init(&budget, 1000, 0);
    sg_budget_count(&budget, 0, 0, 5000);
    assert_int_equal(sg_budget_left(&budget, 0, 4), 1000);
    sg_budget_count(&budget, 0, 4, 600);
    sg_budget_count(&budget, 0, 1, 300);
    assert_int_equal(sg_budget_left(&budget, 0, 2), 100);
    assert_int_equal(sg_budget_left(&budget, 0, 1), 200);
    sg_budget_count(&budget, 0, 2, 150);
    assert_int_equal(sg_budget_left(&budget, 0, 3), 0);
    assert_int_equal(sg_budget_left(&budget, 0, 1), 50);
    sg_budget_count(&budget, 0, 1, 60);
    assert_int_equal(sg_budget_left(&budget, 0, 1), 0);
    assert_int_equal(sg_budget_left(&budget, 0, 0), UINT64_MAX);
}

/* The hour and the day bind both; the smaller rest counts. */
static void test_hour_and_day(void **state)
{
    struct sg_budget budget;
    uint64_t now = 77 * DAY;

    (void)state;
    sg_budget_init(&budget, 1000, 3000);
    for (unsigned hour = 0; hour < 3; hour++) {
        assert_int_equal(sg_budget_left(&budget, now, 3), 1000);
        sg_budget_count(&budget, now, 3, 1000);
        assert_int_equal(sg_budget_left(&budget, now, 3), 0);
        now += HOUR + 5 * MINUTE;
    }
    assert_int_equal(sg_budget_left(&budget, now, 3), 0);
    assert_int_equal(sg_budget_left(&budget, 77 * DAY + DAY + HOUR, 3), 1000);
    assert_int_equal(sg_budget_left(&budget, 79 * DAY + 5 * HOUR, 3), 1000);
}

/* What is next is the end of the piece that goes on. */
static void test_next(void **state)
{
    struct sg_budget budget;

    (void)state;
    sg_budget_init(&budget, 0, 5);
    assert_int_equal(sg_budget_next(&budget, 0), 5 * MINUTE);
    assert_int_equal(sg_budget_next(&budget, 5 * MINUTE), 10 * MINUTE);
    assert_int_equal(sg_budget_next(&budget, 5 * MINUTE - 1), 5 * MINUTE);
}

/* Whoever takes all that is left, at any times, never has more than the budget
 * in any hour, wherever it begins. */
static void test_any_hour(void **state)
{
    static uint64_t times[20000], sizes[20000];
    struct sg_budget budget;
    struct sg_prng prng;
    uint64_t now = 3 * HOUR, sum = 0;
    size_t count, first = 0;

    (void)state;
    sg_prng_init(&prng, 1);
    sg_budget_init(&budget, 10000, 0);
    for (count = 0; count < 20000; count++) {
        uint64_t left = sg_budget_left(&budget, now, 3);

        times[count] = now;
        sizes[count] = left == 0 ? 0 : 1 + sg_prng_below(&prng, left);
        sg_budget_count(&budget, now, 3, sizes[count]);
        now += sg_prng_below(&prng, 10 * MINUTE);
    }
    for (size_t i = 0; i < count; i++) {
        sum += sizes[i];
        while (times[first] + HOUR <= times[i])
            sum -= sizes[first++];
        assert_true(sum <= 10000);
    }
}

/* What is left is the budget less what the last 13 pieces of five minutes and
 * the last 25 hours had, and not a byte less. */
static void test_comes_back(void **state)
{
    static struct {
        uint64_t ms, size;
    } past[3000];
    struct sg_budget budget;
    struct sg_prng prng;
    uint64_t now = 0;

    (void)state;
    sg_prng_init(&prng, 2);
    sg_budget_init(&budget, 1 << 20, 8 << 20);
    for (size_t count = 0; count < 3000; count++) {
        uint64_t hour = 0, day = 0;

        now += sg_prng_below(&prng,
                             sg_prng_chance(&prng, 50) ? 9 * HOUR : 9 * MINUTE);
        for (size_t i = 0; i < count; i++) {
            if (past[i].ms / (5 * MINUTE) + 13 > now / (5 * MINUTE))
                hour += past[i].size;
            if (past[i].ms / HOUR + 25 > now / HOUR)
                day += past[i].size;
        }
        assert_true(hour <= 1 << 20);
        assert_true(day <= 8 << 20);
        hour = (1 << 20) - hour;
        day = (8 << 20) - day;
        assert_int_equal(sg_budget_left(&budget, now, 3),
                         hour < day ? hour : day);
        past[count].ms = now;
        past[count].size =
            sg_prng_below(&prng, 1 + (hour < day ? hour : day) / 3);
        sg_budget_count(&budget, now, 3, past[count].size);
    }
}

/* Numbers at the end of their range are numbers. */
static void test_largest(void **state)
{
    struct sg_budget budget;

    (void)state;
    sg_budget_init(&budget, UINT64_MAX, UINT64_MAX - 5);
    assert_int_equal(sg_budget_left(&budget, 0, 1), UINT64_MAX);
    assert_int_equal(sg_budget_left(&budget, 0, 2), UINT64_MAX - 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),     cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_hour_and_day), cmocka_unit_test(test_next),
        cmocka_unit_test(test_any_hour),     cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
