#include "storage/base/wall.h"

#include "tests/lib/test.h"

static struct sg_wall at(int64_t ms)
{
    return (struct sg_wall){ms};
}

/* Adding goes both ways and stops at the ends of the range. */
static void test_wall_add(void **state)
{
    (void)state;
    assert_true(sg_wall_add(at(5), 7).ms == 12);
    assert_true(sg_wall_add(at(5), -7).ms == -2);
    assert_true(sg_wall_add(at(INT64_MAX - 1), 2).ms == INT64_MAX);
    assert_true(sg_wall_add(at(INT64_MIN + 1), -2).ms == INT64_MIN);
}

/* A difference has a sign and stops at the ends of the range. */
static void test_wall_diff(void **state)
{
    (void)state;
    assert_true(sg_wall_diff(at(12), at(5)) == 7);
    assert_true(sg_wall_diff(at(5), at(12)) == -7);
    assert_true(sg_wall_diff(at(INT64_MAX), at(-1)) == INT64_MAX);
    assert_true(sg_wall_diff(at(INT64_MIN), at(1)) == INT64_MIN);
}

/* Times before 1970 come before times after it. */
static void test_wall_compare(void **state)
{
    (void)state;
    assert_int_equal(sg_wall_compare(at(-1), at(1)), -1);
    assert_int_equal(sg_wall_compare(at(1), at(1)), 0);
    assert_int_equal(sg_wall_compare(at(1), at(INT64_MIN)), 1);
}

/* It is before a time that it does not show yet; before all of them where it
 * stands before 1970, which a dead battery has brought about. */
static void test_wall_is_before(void **state)
{
    (void)state;
    assert_false(sg_wall_is_before(at(1000), 0));
    assert_false(sg_wall_is_before(at(1000), 1000));
    assert_true(sg_wall_is_before(at(1000), 1001));
    assert_true(sg_wall_is_before(at(-1), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_add),
        cmocka_unit_test(test_wall_diff),
        cmocka_unit_test(test_wall_compare),
        cmocka_unit_test(test_wall_is_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
