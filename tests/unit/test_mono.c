#include "storage/base/mono.h"

#include "tests/lib/test.h"

static struct sg_mono at(uint64_t ms)
{
    return (struct sg_mono){ms};
}

/* Adding to a moment never goes around the end of time; never stays never. */
static void test_mono_add(void **state)
{
    (void)state;
    assert_true(sg_mono_add(at(5), 7).ms == 12);
    assert_true(sg_mono_add(at(0), UINT64_MAX).ms == UINT64_MAX);
    assert_true(sg_mono_add(at(UINT64_MAX - 1), 1).ms == UINT64_MAX);
    assert_true(sg_mono_add(at(UINT64_MAX - 1), 9).ms == UINT64_MAX);
    assert_true(sg_mono_add(at(UINT64_MAX - 9), 3).ms == UINT64_MAX - 6);
    assert_true(sg_mono_add(SG_MONO_NEVER, 1).ms == SG_MONO_NEVER.ms);
    assert_true(sg_mono_add(SG_MONO_NEVER, 0).ms == SG_MONO_NEVER.ms);
}

/* A difference is not negative. */
static void test_mono_diff(void **state)
{
    (void)state;
    assert_true(sg_mono_diff(at(12), at(5)) == 7);
    assert_true(sg_mono_diff(at(5), at(5)) == 0);
    assert_true(sg_mono_diff(at(5), at(12)) == 0);
}

/* Moments have an order, and never is after all of them. */
static void test_mono_order(void **state)
{
    (void)state;
    assert_int_equal(sg_mono_compare(at(1), at(2)), -1);
    assert_int_equal(sg_mono_compare(at(2), at(2)), 0);
    assert_int_equal(sg_mono_compare(SG_MONO_NEVER, at(2)), 1);
    assert_true(sg_mono_min(at(3), SG_MONO_NEVER).ms == 3);
    assert_true(sg_mono_min(at(3), at(2)).ms == 2);
}

/* A deadline is reached at its moment; never is not reached at all. */
static void test_mono_reached(void **state)
{
    (void)state;
    assert_false(sg_mono_reached(at(5), at(4)));
    assert_true(sg_mono_reached(at(5), at(5)));
    assert_true(sg_mono_reached(at(5), at(6)));
    assert_false(sg_mono_reached(SG_MONO_NEVER, at(6)));
    assert_false(sg_mono_reached(SG_MONO_NEVER, SG_MONO_NEVER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mono_add),
        cmocka_unit_test(test_mono_diff),
        cmocka_unit_test(test_mono_order),
        cmocka_unit_test(test_mono_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
