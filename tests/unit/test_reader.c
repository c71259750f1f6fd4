#include "storage/base/reader.h"

#include "tests/lib/dies.h"
#include "tests/lib/test.h"

/* A reader gives the fields of a layout in order and ends without error. */
static void test_reader_fields(void **state)
{
    struct sg_reader reader;
    uint8_t copy[2];

    (void)state;
    sg_reader_init(&reader,
                   sg_hex("01 0203 04050607 08090a0b0c0d0e0f 8001 a1a2 b1b2b3"
                          "c1c2"));
    assert_int_equal(sg_reader_u8(&reader), 0x01);
    assert_int_equal(sg_reader_u16be(&reader), 0x0203);
    assert_int_equal(sg_reader_u32be(&reader), 0x04050607);
    assert_true(sg_reader_u64be(&reader) == 0x08090a0b0c0d0e0f);
    assert_int_equal(sg_reader_varint(&reader), 128);
    sg_reader_copy(&reader, copy, sizeof copy);
    assert_hex(SG_BYTES_ARRAY(copy), "a1a2");
    assert_hex(sg_reader_take(&reader, 3), "b1b2b3");
    assert_int_equal(sg_reader_take(&reader, 0).size, 0);
    assert_hex(sg_reader_rest(&reader), "c1c2");
    assert_int_equal(sg_reader_rest(&reader).size, 0);
    assert_ok(sg_reader_end(&reader));
}

/* After the first failure everything is zeros and the first error stays. */
static void test_reader_error_sticks(void **state)
{
    struct sg_reader reader;
    uint8_t copy[2] = {0xee, 0xee};

    (void)state;
    sg_reader_init(&reader, sg_hex("ffffff"));
    assert_int_equal(sg_reader_u32be(&reader), 0);
    assert_int_equal(sg_reader_u8(&reader), 0);
    assert_int_equal(sg_reader_u16be(&reader), 0);
    assert_true(sg_reader_u64be(&reader) == 0);
    assert_int_equal(sg_reader_varint(&reader), 0);
    assert_int_equal(sg_reader_take(&reader, 1).size, 0);
    assert_int_equal(sg_reader_rest(&reader).size, 0);
    sg_reader_copy(&reader, copy, sizeof copy);
    assert_hex(SG_BYTES_ARRAY(copy), "0000");
    sg_reader_copy(&reader, copy, 0);
    sg_reader_fail(&reader, SG_ERR_VERSION);
    assert_err(sg_reader_end(&reader), TRUNCATED);
}

/* What is left over is an error, and so is what the decoder itself found. */
static void test_reader_end(void **state)
{
    struct sg_reader reader;

    (void)state;
    sg_reader_init(&reader, sg_hex("0102"));
    (void)sg_reader_u8(&reader);
    assert_err(sg_reader_end(&reader), TRAILING);
    sg_reader_init(&reader, sg_hex("01"));
    if (sg_reader_u8(&reader) != 2)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    assert_err(sg_reader_end(&reader), VERSION);
    sg_reader_init(&reader, (struct sg_bytes){0});
    assert_ok(sg_reader_end(&reader));
}

/* A varint is accepted in its shortest form and in no other. */
static void test_reader_varint(void **state)
{
    static const struct {
        const char *hex;
        enum sg_err err;
        uint64_t value;
    } cases[] = {
        {"00", SG_OK, 0},
        {"7f", SG_OK, 127},
        {"8001", SG_OK, 128},
        {"ff7f", SG_OK, 16383},
        {"808001", SG_OK, 16384},
        {"e58e26", SG_OK, 624485},
        {"ffffffffffffffff7f", SG_OK, INT64_MAX},
        {"80808080808080808001", SG_OK, UINT64_C(1) << 63},
        {"ffffffffffffffffff01", SG_OK, UINT64_MAX},
        {"8000", SG_ERR_NOTCANONICAL, 0},
        {"ff00", SG_ERR_NOTCANONICAL, 0},
        {"808000", SG_ERR_NOTCANONICAL, 0},
        {"80808080808080808000", SG_ERR_NOTCANONICAL, 0},
        {"ffffffffffffffffff02", SG_ERR_MALFORMED, 0},
        {"ffffffffffffffffff7f", SG_ERR_MALFORMED, 0},
        {"ffffffffffffffffff81", SG_ERR_MALFORMED, 0},
        {"80808080808080808080", SG_ERR_MALFORMED, 0},
        {"", SG_ERR_TRUNCATED, 0},
        {"80", SG_ERR_TRUNCATED, 0},
        {"ffffffffffffffffff", SG_ERR_TRUNCATED, 0},
    };
    struct sg_reader reader;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sg_reader_init(&reader, sg_hex(cases[i].hex));
        assert_true(sg_reader_varint(&reader) == cases[i].value);
        assert_string_equal(sg_err_name(sg_reader_end(&reader)),
                            sg_err_name(cases[i].err));
    }
}

static void fail_with_ok(void *context)
{
    sg_reader_fail(context, SG_OK);
}

/* No error is no failure to record. */
static void test_reader_asserts(void **state)
{
    struct sg_reader reader;

    (void)state;
    sg_reader_init(&reader, (struct sg_bytes){0});
    assert_true(sg_dies(fail_with_ok, &reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_fields),
        cmocka_unit_test(test_reader_error_sticks),
        cmocka_unit_test(test_reader_end),
        cmocka_unit_test(test_reader_varint),
        cmocka_unit_test(test_reader_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
