#include "storage/base/check.h"

#include <string.h>

#include "storage/base/trace.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"

static int evaluations;

static int counted(int value)
{
    evaluations++;
    return value;
}

static void check(void *context)
{
    SG_ASSERT(counted(*(int *)context));
}

/* A condition that holds is evaluated once, and that is all. */
static void test_check_holds(void **state)
{
    int yes = 2;

    (void)state;
    evaluations = 0;
    assert_false(sg_dies(check, &yes));
    assert_int_equal(evaluations, 1);
    assert_string_equal(sg_dies_output(), "");
}

/* One that does not hold aborts, in every kind of build, and says which it
 * was, where, and what happened before. */
static void test_check_does_not_hold(void **state)
{
    int no = 0;

    (void)state;
    sg_trace(SG_TRACE_TEST, SG_MONO_NEVER, "before % fell", 7, 0, 0, 0);
    evaluations = 0;
    assert_true(sg_dies(check, &no));
    assert_int_equal(evaluations, 1);
    assert_non_null(strstr(sg_dies_output(), "test_check.c:"));
    assert_non_null(
        strstr(sg_dies_output(), ": counted(*(int *)context) does not hold\n"));
    assert_non_null(strstr(sg_dies_output(), "[test] before 7 fell\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_holds),
        cmocka_unit_test(test_check_does_not_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
