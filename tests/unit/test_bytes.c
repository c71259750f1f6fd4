#include "storage/base/bytes.h"

#include "tests/lib/test.h"

static const struct sg_bytes none = {0};

/* The order is byte by byte, unsigned, and a prefix comes first. */
static void test_bytes_compare(void **state)
{
    (void)state;
    assert_int_equal(sg_bytes_compare(sg_hex("00ff"), sg_hex("0100")), -1);
    assert_int_equal(sg_bytes_compare(sg_hex("80"), sg_hex("7f")), 1);
    assert_int_equal(sg_bytes_compare(sg_hex("0102"), sg_hex("0102")), 0);
    assert_int_equal(sg_bytes_compare(sg_hex("01"), sg_hex("0100")), -1);
    assert_int_equal(sg_bytes_compare(sg_hex("0100"), sg_hex("01")), 1);
    assert_int_equal(sg_bytes_compare(none, none), 0);
    assert_int_equal(sg_bytes_compare(none, sg_hex("00")), -1);
}

/* Equal are the same bytes, and nothing else. */
static void test_bytes_equal(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool is_equal;
    } cases[] = {
        {"", "", true},          {"00", "", false},
        {"", "00", false},       {"0102", "0102", true},
        {"0102", "0103", false}, {"0102", "8102", false},
        {"0102", "01", false},   {"0003", "0300", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes a = sg_hex(cases[i].a);
        struct sg_bytes b = sg_hex(cases[i].b);

        assert_int_equal(sg_bytes_equal(a, b), cases[i].is_equal);
    }
    assert_true(sg_bytes_equal(none, none));
}

/* Integers lie in memory with their most significant byte first. */
static void test_bytes_big_endian(void **state)
{
    uint8_t to[8];

    (void)state;
    sg_bytes_put_u16be(to, 0xf1e2);
    assert_hex(sg_bytes(to, 2), "f1e2");
    assert_int_equal(sg_bytes_get_u16be(to), 0xf1e2);
    sg_bytes_put_u32be(to, 0xf1e2d3c4);
    assert_hex(sg_bytes(to, 4), "f1e2d3c4");
    assert_int_equal(sg_bytes_get_u32be(to), 0xf1e2d3c4);
    sg_bytes_put_u64be(to, 0xf1e2d3c4b5a69788);
    assert_hex(sg_bytes(to, 8), "f1e2d3c4b5a69788");
    assert_true(sg_bytes_get_u64be(to) == 0xf1e2d3c4b5a69788);
}

/* The macros give an array whole and a literal without its final 0. */
static void test_bytes_macros(void **state)
{
    static const uint8_t array[3] = {1, 2, 3};

    (void)state;
    assert_hex(SG_BYTES_ARRAY(array), "010203");
    assert_hex(SG_BYTES_TEXT("ab"), "6162");
    assert_int_equal(SG_BYTES_TEXT("").size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_compare),
        cmocka_unit_test(test_bytes_equal),
        cmocka_unit_test(test_bytes_big_endian),
        cmocka_unit_test(test_bytes_macros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
