#include "replication/field.h"

#include "storage/base/prng.h"
#include "tests/lib/test.h"

#define P UINT64_C(4294967291)

/* Every operation is what the integers say, at the edges and anywhere. */
static void test_field(void **state)
{
    static const uint32_t edges[] = {0,          1,          2,     5,
                                     0x7fffffff, 0x80000000, P - 2, P - 1};
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 1);
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t a = sg_prng_below(&prng, P), b = sg_prng_below(&prng, P);
        uint64_t any = sg_prng_u64(&prng);

        if (i < 64) {
            a = edges[i % 8];
            b = edges[i / 8];
            any = UINT64_MAX - i;
        }
        assert_int_equal(sg_field_of(any), any % P);
        assert_int_equal(sg_field_of(P * a), 0);
        assert_int_equal(sg_field_add((uint32_t)a, (uint32_t)b), (a + b) % P);
        assert_int_equal(sg_field_sub((uint32_t)a, (uint32_t)b),
                         (a + P - b) % P);
        assert_int_equal(sg_field_mul((uint32_t)a, (uint32_t)b), a * b % P);
        assert_int_equal(
            sg_field_mul((uint32_t)a, sg_field_inverse((uint32_t)a)), a != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_field)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
