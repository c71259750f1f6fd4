#include "storage/base/plant.h"

#include <stdlib.h>

#include "tests/lib/test.h"

/* A bug is planted when the environment names exactly it, and not otherwise. */
static void test_plant_is(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("SG_PLANT"), 0);
    assert_false(sg_plant_is("ack_early"));
    assert_int_equal(setenv("SG_PLANT", "ack_early", 1), 0);
    assert_true(sg_plant_is("ack_early"));
    assert_false(sg_plant_is("ack"));
    assert_false(sg_plant_is("ack_early_twice"));
    assert_int_equal(unsetenv("SG_PLANT"), 0);
}

/* A build that was not made for it has no planted bugs, whatever the
 * environment says. */
static void test_plant_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(setenv("SG_PLANT", "ack_early", 1), 0);
#ifdef SG_PLANTS
    assert_true(SG_PLANT(ack_early));
#else
    assert_false(SG_PLANT(ack_early));
#endif
    assert_int_equal(unsetenv("SG_PLANT"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plant_is),
        cmocka_unit_test(test_plant_is_nothing),
    };

    return cmocka_run_group_tests_name("plant", tests, NULL, NULL);
}
