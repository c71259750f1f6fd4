#include "replication/credit.h"

#include "storage/base/prng.h"
#include "tests/lib/test.h"

/* A session begins with SG_CREDIT_INITIAL; more than was allowed is refused and
 * not counted. */
static void test_use(void **state)
{
    struct sg_credit credit;

    (void)state;
    sg_credit_init(&credit);
    assert_int_equal(sg_credit_left(&credit), SG_CREDIT_INITIAL);
    assert_ok(sg_credit_use(&credit, SG_CREDIT_INITIAL - 1));
    assert_err(sg_credit_use(&credit, 2), LIMIT);
    assert_ok(sg_credit_use(&credit, 1));
    assert_int_equal(sg_credit_left(&credit), 0);
}

/* The total of a `credit` never gets smaller. */
static void test_allow(void **state)
{
    struct sg_credit credit;

    (void)state;
    sg_credit_init(&credit);
    assert_err(sg_credit_allow(&credit, SG_CREDIT_INITIAL - 1), MALFORMED);
    assert_ok(sg_credit_allow(&credit, SG_CREDIT_INITIAL));
    assert_ok(sg_credit_allow(&credit, UINT64_MAX));
    assert_err(sg_credit_allow(&credit, SG_CREDIT_INITIAL), MALFORMED);
    assert_int_equal(sg_credit_left(&credit), UINT64_MAX);
}

/* Whatever sizes are sent and in whatever order things are settled: no sender
 * waits for ever for room for one entry, no receiver holds more than the first
 * credit, and grants are few. */
static void test_both_sides(void **state)
{
    struct sg_credit sender, receiver;
    struct sg_prng prng;
    size_t held = 0, grants = 0;
    uint64_t sent = 0;

    (void)state;
    sg_prng_init(&prng, 1);
    sg_credit_init(&sender);
    sg_credit_init(&receiver);
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = 1 + (size_t)sg_prng_below(&prng, 69632);
        uint64_t total;

        if (sg_credit_left(&sender) >= SG_PACKAGE_ONE_SIZE_MAX &&
            sg_prng_chance(&prng, 600)) {
            assert_ok(sg_credit_use(&sender, size));
            assert_ok(sg_credit_use(&receiver, size));
            held += size;
            sent += size;
        } else {
            sg_credit_settle(&receiver, held);
            held = 0;
        }
        assert_true(held <= SG_CREDIT_INITIAL);
        if (sg_credit_grant(&receiver, &total)) {
            assert_ok(sg_credit_allow(&sender, total));
            grants++;
        }
        if (held == 0)
            assert_true(sg_credit_left(&sender) >= SG_PACKAGE_ONE_SIZE_MAX);
    }
    assert_true(grants <= sent / (SG_CREDIT_INITIAL / 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_use),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_both_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
