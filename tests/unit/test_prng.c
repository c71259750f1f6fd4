#include "storage/base/prng.h"

#include "tests/lib/dies.h"
#include "tests/lib/test.h"

/* splitmix64 of the seed 1234567 gives the published numbers, as the state. */
static void test_prng_seed(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 1234567);
    assert_true(prng.state[0] == UINT64_C(6457827717110365317));
    assert_true(prng.state[1] == UINT64_C(3203168211198807973));
    assert_true(prng.state[2] == UINT64_C(9817491932198370423));
    assert_true(prng.state[3] == UINT64_C(4593380528125082431));
}

/* xoshiro256** gives the published numbers from the state 1, 2, 3, 4. */
static void test_prng_sequence(void **state)
{
    static const uint64_t expected[] = {
        11520,
        0,
        1509978240,
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct sg_prng prng = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(sg_prng_u64(&prng) == expected[i]);
}

/* The same seed gives the same numbers, another seed others. */
static void test_prng_is_deterministic(void **state)
{
    struct sg_prng a;
    struct sg_prng b;
    struct sg_prng c;

    (void)state;
    sg_prng_init(&a, 5);
    sg_prng_init(&b, 5);
    sg_prng_init(&c, 6);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t value = sg_prng_u64(&a);

        assert_true(value == sg_prng_u64(&b));
        assert_true(value != sg_prng_u64(&c));
    }
}

/* Every number below n comes, about equally often, and no other. */
static void test_prng_below(void **state)
{
    struct sg_prng prng;
    unsigned counts[7] = {0};

    (void)state;
    sg_prng_init(&prng, 7);
    for (unsigned i = 0; i < 70000; i++) {
        uint64_t value = sg_prng_below(&prng, 7);

        assert_true(value < 7);
        counts[value]++;
    }
    for (unsigned i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_true(sg_prng_below(&prng, 1) == 0);
}

/* Where 2^64 is far from a multiple of n, the excess is thrown away: each half
 * of the range comes as often as the other. With a bare remainder the lower
 * third would come twice as often as the rest. */
static void test_prng_below_is_unbiased(void **state)
{
    const uint64_t third = UINT64_C(1) << 62;
    struct sg_prng prng;
    unsigned counts[3] = {0};

    (void)state;
    sg_prng_init(&prng, 8);
    for (unsigned i = 0; i < 30000; i++)
        counts[sg_prng_below(&prng, 3 * third) / third]++;
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(counts[i], 9600, 10400);
}

/* Bytes are the numbers, least significant byte first, and no byte more. */
static void test_prng_bytes(void **state)
{
    struct sg_prng prng = {{1, 2, 3, 4}};
    uint8_t bytes[20] = {0};

    (void)state;
    sg_prng_bytes(&prng, bytes, 19);
    assert_hex(SG_BYTES_ARRAY(bytes),
               "002d000000000000 0000000000000000 807000 00");
    assert_true(sg_prng_u64(&prng) == UINT64_C(1215971899390074240));
    sg_prng_bytes(&prng, bytes, 0);
    assert_true(sg_prng_u64(&prng) == UINT64_C(1216172134540287360));
}

/* A chance of 0 never comes, of 1,000 always, of 250 a quarter of the time. */
static void test_prng_chance(void **state)
{
    struct sg_prng prng;
    unsigned count = 0;

    (void)state;
    sg_prng_init(&prng, 9);
    for (unsigned i = 0; i < 10000; i++) {
        assert_false(sg_prng_chance(&prng, 0));
        assert_true(sg_prng_chance(&prng, 1000));
        assert_true(sg_prng_chance(&prng, 5000));
        count += sg_prng_chance(&prng, 250);
    }
    assert_in_range(count, 2300, 2700);
}

static void below_none(void *context)
{
    (void)sg_prng_below(context, 0);
}

/* There is no number below 0. */
static void test_prng_asserts(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 0);
    assert_true(sg_dies(below_none, &prng));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prng_seed),
        cmocka_unit_test(test_prng_sequence),
        cmocka_unit_test(test_prng_is_deterministic),
        cmocka_unit_test(test_prng_below),
        cmocka_unit_test(test_prng_below_is_unbiased),
        cmocka_unit_test(test_prng_bytes),
        cmocka_unit_test(test_prng_chance),
        cmocka_unit_test(test_prng_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
