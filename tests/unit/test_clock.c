#include "storage/base/clock.h"

#include <time.h>

#include "storage/base/date.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

static bool clock_fails;

SG_WRAP(clock_fails, -1, int, clock_gettime,
        (clockid_t id, struct timespec *now), (id, now))

/* The monotonic clock does not step back, and counts milliseconds as the
 * system's clock does. */
static void test_clock_mono(void **state)
{
    struct sg_mono first = sg_clock_mono();
    struct timespec now;
    struct sg_mono last;

    (void)state;
    assert_int_equal(__real_clock_gettime(CLOCK_BOOTTIME, &now), 0);
    last = sg_clock_mono();
    assert_true(first.ms / 1000 <= (uint64_t)now.tv_sec);
    assert_true((uint64_t)now.tv_sec <= last.ms / 1000);
    assert_true(sg_mono_compare(first, last) <= 0);
}

/* The wall clock agrees with the system's to the second. */
static void test_clock_wall(void **state)
{
    struct sg_wall first = sg_clock_wall();
    struct timespec now;
    struct sg_wall last;

    (void)state;
    assert_int_equal(__real_clock_gettime(CLOCK_REALTIME, &now), 0);
    last = sg_clock_wall();
    assert_true(first.ms / 1000 <= now.tv_sec);
    assert_true(now.tv_sec <= last.ms / 1000);
}

static void read_mono(void *context)
{
    (void)context;
    (void)sg_clock_mono();
}

/* A machine without such a clock is no machine to run on. */
static void test_clock_fails(void **state)
{
    (void)state;
    clock_fails = true;
    assert_true(sg_dies(read_mono, NULL));
    clock_fails = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_mono),
        cmocka_unit_test(test_clock_wall),
        cmocka_unit_test(test_clock_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
