#include "storage/base/msgpack.h"

#include <malloc.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"

static struct sg_msgpack reader_of(const char *digits)
{
    struct sg_msgpack reader;

    sg_msgpack_init(&reader, sg_hex(digits));
    return reader;
}

/* Bytes that SIZE times repeat BYTE; they live until the next call. */
static struct sg_bytes repeat(uint8_t byte, size_t size)
{
    static uint8_t bytes[70000];

    assert_true(size <= sizeof bytes);
    memset(bytes, byte, size);
    return sg_bytes(bytes, size);
}

/* The bytes of HEAD followed by SIZE times BYTE. */
static struct sg_bytes filled(const char *head, uint8_t byte, size_t size)
{
    struct sg_bytes begin = sg_hex(head);
    struct sg_bytes bytes = repeat(byte, begin.size + size);

    memcpy((uint8_t *)(uintptr_t)bytes.data, begin.data, begin.size);
    return bytes;
}

/* Each type is read back as what it says, at both ends of each form. */
static void test_msgpack_integers(void **state)
{
    static const struct {
        const char *hex;
        int64_t value;
    } cases[] = {
        {"00", 0},
        {"7f", 127},
        {"cc80", 128},
        {"ccff", 255},
        {"cd0100", 256},
        {"cdffff", 65535},
        {"ce00010000", 65536},
        {"ceffffffff", UINT32_MAX},
        {"cf0000000100000000", INT64_C(1) << 32},
        {"cf7fffffffffffffff", INT64_MAX},
        {"ff", -1},
        {"e0", -32},
        {"d0df", -33},
        {"d080", -128},
        {"d1ff7f", -129},
        {"d18000", -32768},
        {"d2ffff7fff", -32769},
        {"d280000000", INT32_MIN},
        {"d3ffffffff7fffffff", INT64_C(-2147483649)},
        {"d38000000000000000", INT64_MIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_msgpack reader = reader_of(cases[i].hex);
        bool is_negative = cases[i].value < 0;

        assert_int_equal(sg_msgpack_peek(&reader),
                         is_negative ? SG_MSGPACK_INT : SG_MSGPACK_UINT);
        assert_true(sg_msgpack_read_int(&reader) == cases[i].value);
        assert_ok(sg_msgpack_end(&reader));
        reader = reader_of(cases[i].hex);
        assert_true(sg_msgpack_read_uint(&reader) ==
                    (is_negative ? 0 : (uint64_t)cases[i].value));
        assert_string_equal(sg_err_name(sg_msgpack_end(&reader)),
                            is_negative ? "TYPE" : "OK");
    }
}

/* The upper half of the unsigned integers is no signed one. */
static void test_msgpack_large_integers(void **state)
{
    struct sg_msgpack reader = reader_of("cfffffffffffffffff");

    (void)state;
    assert_true(sg_msgpack_read_uint(&reader) == UINT64_MAX);
    assert_ok(sg_msgpack_end(&reader));
    reader = reader_of("cf8000000000000000");
    assert_true(sg_msgpack_read_int(&reader) == 0);
    assert_err(sg_msgpack_end(&reader), TYPE);
}

/* A record of every type is read in straight lines. */
static void test_msgpack_all_types(void **state)
{
    struct sg_msgpack reader =
        reader_of("98 c0 c2 c3 05 ff a2c491 c4020102 81 01 90");

    (void)state;
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_ARRAY);
    assert_int_equal(sg_msgpack_read_array(&reader), 8);
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_NIL);
    sg_msgpack_read_nil(&reader);
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_BOOL);
    assert_false(sg_msgpack_read_bool(&reader));
    assert_true(sg_msgpack_read_bool(&reader));
    assert_int_equal(sg_msgpack_read_uint(&reader), 5);
    assert_int_equal(sg_msgpack_read_int(&reader), -1);
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_STR);
    assert_hex(sg_msgpack_read_str(&reader), "c491");
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_BIN);
    assert_hex(sg_msgpack_read_bin(&reader), "0102");
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_MAP);
    assert_int_equal(sg_msgpack_read_map(&reader), 1);
    assert_int_equal(sg_msgpack_read_uint(&reader), 1);
    assert_int_equal(sg_msgpack_read_array(&reader), 0);
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_NONE);
    assert_ok(sg_msgpack_end(&reader));
}

/* Lengths and counts are read at both ends of each form. */
static void test_msgpack_lengths(void **state)
{
    static const struct {
        const char *head;
        size_t size;
        enum sg_msgpack_type type;
    } cases[] = {
        {"a0", 0, SG_MSGPACK_STR},
        {"bf", 31, SG_MSGPACK_STR},
        {"d920", 32, SG_MSGPACK_STR},
        {"d9ff", 255, SG_MSGPACK_STR},
        {"da0100", 256, SG_MSGPACK_STR},
        {"daffff", 65535, SG_MSGPACK_STR},
        {"db00010000", 65536, SG_MSGPACK_STR},
        {"c400", 0, SG_MSGPACK_BIN},
        {"c4ff", 255, SG_MSGPACK_BIN},
        {"c50100", 256, SG_MSGPACK_BIN},
        {"c5ffff", 65535, SG_MSGPACK_BIN},
        {"c600010000", 65536, SG_MSGPACK_BIN},
        {"90", 0, SG_MSGPACK_ARRAY},
        {"9f", 15, SG_MSGPACK_ARRAY},
        {"dc0010", 16, SG_MSGPACK_ARRAY},
        {"dcffff", 65535, SG_MSGPACK_ARRAY},
        {"dd00010000", 65536, SG_MSGPACK_ARRAY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes bytes = filled(cases[i].head, 1, cases[i].size);
        struct sg_msgpack reader;

        assert_ok(sg_msgpack_check(bytes, bytes.size));
        sg_msgpack_init(&reader, bytes);
        assert_int_equal(sg_msgpack_peek(&reader), cases[i].type);
        if (cases[i].type == SG_MSGPACK_STR)
            assert_int_equal(sg_msgpack_read_str(&reader).size, cases[i].size);
        else if (cases[i].type == SG_MSGPACK_BIN)
            assert_int_equal(sg_msgpack_read_bin(&reader).size, cases[i].size);
        else
            assert_int_equal(sg_msgpack_read_array(&reader), cases[i].size);
    }
}

static const struct {
    const char *hex;
    const char *name;
} refused[] = {
    /* longer than needed */
    {"cc7f", "NOTCANONICAL"},
    {"cd00ff", "NOTCANONICAL"},
    {"ce0000ffff", "NOTCANONICAL"},
    {"cf00000000ffffffff", "NOTCANONICAL"},
    {"d000", "NOTCANONICAL"},
    {"d07f", "NOTCANONICAL"},
    {"d0e0", "NOTCANONICAL"},
    {"d0ff", "NOTCANONICAL"},
    {"d1ff80", "NOTCANONICAL"},
    {"d17fff", "NOTCANONICAL"},
    {"d2ffff8000", "NOTCANONICAL"},
    {"d27fffffff", "NOTCANONICAL"},
    {"d3ffffffff80000000", "NOTCANONICAL"},
    {"d37fffffffffffffff", "NOTCANONICAL"},
    {"d90161", "NOTCANONICAL"},
    {"d91f", "NOTCANONICAL"},
    {"da000161", "NOTCANONICAL"},
    {"da00ff", "NOTCANONICAL"},
    {"db0000ffff", "NOTCANONICAL"},
    {"c500ff", "NOTCANONICAL"},
    {"c60000ffff", "NOTCANONICAL"},
    {"dc000f", "NOTCANONICAL"},
    {"dd0000ffff", "NOTCANONICAL"},
    {"de000f", "NOTCANONICAL"},
    {"df0000ffff", "NOTCANONICAL"},
    /* types that do not exist here */
    {"c1", "MALFORMED"},
    {"ca00000000", "MALFORMED"},
    {"cb0000000000000000", "MALFORMED"},
    {"c70001", "MALFORMED"},
    {"c8000001", "MALFORMED"},
    {"c90000000001", "MALFORMED"},
    {"d40100", "MALFORMED"},
    {"d5010000", "MALFORMED"},
    {"d6ff00000000", "MALFORMED"},
    {"d7ff0000000000000000", "MALFORMED"},
    {"d80100000000000000000000000000000000", "MALFORMED"},
    /* text */
    {"a180", "TEXT"},
    {"a2c380", "OK"},
    {"a1c3", "TEXT"},
    {"a3eda080", "TEXT"},
    {"92a1c3a180", "TEXT"},
    /* too short, too long */
    {"", "TRUNCATED"},
    {"cc", "TRUNCATED"},
    {"cf00000001000000", "TRUNCATED"},
    {"a161 00", "TRAILING"},
    {"a261", "TRUNCATED"},
    {"c401", "TRUNCATED"},
    {"91", "TRUNCATED"},
    {"9200", "TRUNCATED"},
    {"8100", "TRUNCATED"},
    {"9291 00", "TRUNCATED"},
    {"00 00", "TRAILING"},
    {"90 90", "TRAILING"},
};

/* A value that is not in the one canonical form is refused by its reason. */
static void test_msgpack_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        enum sg_err err = sg_msgpack_check(sg_hex(refused[i].hex), 1000);

        if (strcmp(sg_err_name(err), refused[i].name) != 0)
            fail_msg("%s: %s, not %s", refused[i].hex, sg_err_name(err),
                     refused[i].name);
    }
}

/* Keys of a map are unsigned integers and strings, ascending as encoded. */
static void test_msgpack_keys(void **state)
{
    static const struct {
        const char *hex;
        const char *name;
    } cases[] = {
        {"80", "OK"},
        {"81 00 c0", "OK"},
        {"82 00 c0 01 c0", "OK"},
        {"82 7f c0 cc80 c0", "OK"},
        {"82 ccff c0 cd0100 c0", "OK"},
        {"82 a161 c0 a162 c0", "OK"},
        {"82 a162 c0 a26161 c0", "OK"}, /* the shorter first */
        {"83 05 c0 a161 c0 cc80 c0", "OK"},
        {"82 01 c0 00 c0", "NOTCANONICAL"},
        {"82 01 c0 01 c0", "NOTCANONICAL"},
        {"82 a162 c0 a161 c0", "NOTCANONICAL"},
        {"82 a161 c0 a161 c1", "NOTCANONICAL"},
        {"82 a26161 c0 a162 c0", "NOTCANONICAL"},
        {"82 cc80 c0 a161 c0", "NOTCANONICAL"},
        {"83 00 c0 02 c0 01 c0", "NOTCANONICAL"},
        {"81 ff c0", "MALFORMED"},
        {"81 c0 c0", "MALFORMED"},
        {"81 c3 c0", "MALFORMED"},
        {"81 c40161 c0", "MALFORMED"},
        {"81 90 c0", "MALFORMED"},
        {"81 80 c0", "MALFORMED"},
        /* the order is each map's own */
        {"82 05 81 09 c0 06 c0", "OK"},
        {"82 05 81 00 c0 06 81 00 c0", "OK"},
        {"82 05 82 01 00 01 00 06 c0", "NOTCANONICAL"},
        {"82 05 92 09 01 05 c0", "NOTCANONICAL"},
        {"92 82 00 c0 01 c0 00", "OK"},
        {"81 00 81 ff 00", "MALFORMED"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sg_err err = sg_msgpack_check(sg_hex(cases[i].hex), 1000);

        if (strcmp(sg_err_name(err), cases[i].name) != 0)
            fail_msg("%s: %s, not %s", cases[i].hex, sg_err_name(err),
                     cases[i].name);
    }
}

/* Sixteen arrays or maps within each other pass, seventeen do not; side by
 * side there may be any number. */
static void test_msgpack_depth(void **state)
{
    uint8_t bytes[2 * SG_MSGPACK_DEPTH_MAX + 4];
    size_t size = 0;

    (void)state;
    assert_err(sg_msgpack_check(filled("", 0x91, 16), 1000), TRUNCATED);
    memset(bytes, 0x91, 15);
    bytes[15] = 0x90;
    assert_ok(sg_msgpack_check(sg_bytes(bytes, 16), 1000));
    memset(bytes, 0x91, 16);
    bytes[16] = 0xc0;
    assert_ok(sg_msgpack_check(sg_bytes(bytes, 17), 1000));
    bytes[16] = 0x90;
    assert_err(sg_msgpack_check(sg_bytes(bytes, 17), 1000), LIMIT);
    bytes[16] = 0x80;
    assert_err(sg_msgpack_check(sg_bytes(bytes, 17), 1000), LIMIT);
    for (unsigned i = 0; i < SG_MSGPACK_DEPTH_MAX; i++) {
        bytes[size++] = 0x81;
        bytes[size++] = 0x00;
    }
    bytes[size++] = 0x81;
    bytes[size++] = 0x00;
    bytes[size++] = 0xc0;
    assert_err(sg_msgpack_check(sg_bytes(bytes, size), 1000), LIMIT);
    assert_ok(sg_msgpack_check(sg_bytes(bytes + 2, size - 2), 1000));
    assert_ok(sg_msgpack_check(filled("dc0100", 0x90, 256), 1000));
}

/* The maximum is the caller's: a value of that size passes, one byte more does
 * not, before anything is read. */
static void test_msgpack_size(void **state)
{
    (void)state;
    assert_ok(sg_msgpack_check(sg_hex("a26162"), 3));
    assert_err(sg_msgpack_check(sg_hex("a26162"), 2), LIMIT);
    assert_err(sg_msgpack_check(sg_hex("c1c1c1"), 2), LIMIT);
}

/* Five bytes that claim thousands of millions of items are refused at once,
 * without memory. */
static void test_msgpack_bombs(void **state)
{
    static const char *const bombs[] = {
        "dd10000000", "ddffffffff", "df10000000",       "dfffffffff",
        "dcffff",     "deffff",     "91 dd10000000",    "dbffffffff",
        "c6ffffffff", "df80000000", "81 00 df80000000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        struct sg_bytes bytes = sg_hex(bombs[i]);
        struct sg_msgpack reader;
        size_t before = mallinfo2().uordblks;
        enum sg_err err;

        sg_alloc_fail_at(1);
        err = sg_msgpack_check(bytes, SG_RECORD_SIZE_MAX);
        sg_msgpack_init(&reader, bytes);
        assert_int_equal(sg_msgpack_read_array(&reader) > 1, false);
        assert_false(sg_alloc_failed());
        sg_alloc_fail_at(0);
        assert_int_equal(mallinfo2().uordblks, before);
        assert_err(err, TRUNCATED);
    }
}

/* An array or map may claim as many items as bytes are left, not one more. */
static void test_msgpack_claims(void **state)
{
    struct sg_msgpack reader;

    (void)state;
    reader = reader_of("93 000000");
    assert_int_equal(sg_msgpack_read_array(&reader), 3);
    reader = reader_of("93 0000");
    assert_int_equal(sg_msgpack_read_array(&reader), 0);
    assert_err(sg_msgpack_end(&reader), TRUNCATED);
    reader = reader_of("82 00000100");
    assert_int_equal(sg_msgpack_read_map(&reader), 2);
    reader = reader_of("82 000001");
    assert_int_equal(sg_msgpack_read_map(&reader), 0);
    assert_err(sg_msgpack_end(&reader), TRUNCATED);
}

/* Reading another type than is there is a failure that sticks. */
static void test_msgpack_wrong_type(void **state)
{
    struct sg_msgpack reader = reader_of("98 00 00 00 00 00 00 00 00");

    (void)state;
    assert_int_equal(sg_msgpack_read_array(&reader), 8);
    assert_int_equal(sg_msgpack_read_str(&reader).size, 0);
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_NONE);
    assert_int_equal(sg_msgpack_read_uint(&reader), 0);
    assert_int_equal(sg_msgpack_read_int(&reader), 0);
    assert_false(sg_msgpack_read_bool(&reader));
    sg_msgpack_read_nil(&reader);
    assert_int_equal(sg_msgpack_read_bin(&reader).size, 0);
    assert_int_equal(sg_msgpack_read_array(&reader), 0);
    assert_int_equal(sg_msgpack_read_map(&reader), 0);
    assert_int_equal(sg_msgpack_skip(&reader).size, 0);
    sg_msgpack_fail(&reader, SG_ERR_VERSION);
    assert_err(sg_msgpack_end(&reader), TYPE);
}

/* A bad value is met as such whichever call reads it. */
static void test_msgpack_bad_value(void **state)
{
    struct sg_msgpack reader = reader_of("c1");

    (void)state;
    assert_int_equal(sg_msgpack_peek(&reader), SG_MSGPACK_NONE);
    assert_int_equal(sg_msgpack_read_int(&reader), 0);
    assert_err(sg_msgpack_end(&reader), MALFORMED);
}

/* Skipping gives a value as encoded, with all that is in it, and leaves the
 * rest to be read. */
static void test_msgpack_skip(void **state)
{
    struct sg_msgpack reader =
        reader_of("94 93 01 81 02 a161 c3 05 c402aabb a0");

    (void)state;
    assert_int_equal(sg_msgpack_read_array(&reader), 4);
    assert_hex(sg_msgpack_skip(&reader), "93 01 81 02 a161 c3");
    assert_hex(sg_msgpack_skip(&reader), "05");
    assert_hex(sg_msgpack_skip(&reader), "c402aabb");
    assert_hex(sg_msgpack_skip(&reader), "a0");
    assert_ok(sg_msgpack_end(&reader));
}

/* Skipping checks what it skips. */
static void test_msgpack_skip_checks(void **state)
{
    struct sg_msgpack reader = reader_of("92 00 82 01 c0 01 c0");

    (void)state;
    assert_int_equal(sg_msgpack_read_array(&reader), 2);
    assert_hex(sg_msgpack_skip(&reader), "00");
    assert_int_equal(sg_msgpack_skip(&reader).size, 0);
    assert_err(sg_msgpack_end(&reader), NOTCANONICAL);
}

/* A decoder that stops early, or adds its own finding, gets an error. */
static void test_msgpack_end(void **state)
{
    struct sg_msgpack reader = reader_of("92 00 01");

    (void)state;
    (void)sg_msgpack_read_array(&reader);
    (void)sg_msgpack_read_uint(&reader);
    assert_err(sg_msgpack_end(&reader), TRAILING);
    reader = reader_of("92 91 00");
    (void)sg_msgpack_read_array(&reader);
    (void)sg_msgpack_read_array(&reader);
    (void)sg_msgpack_read_uint(&reader);
    assert_err(sg_msgpack_end(&reader), TRUNCATED);
    reader = reader_of("00");
    if (sg_msgpack_read_uint(&reader) != 1)
        sg_msgpack_fail(&reader, SG_ERR_VERSION);
    assert_err(sg_msgpack_end(&reader), VERSION);
}

/* No prefix of a value is a value, and none is read past its end (the copy is
 * as long as the prefix, so a sanitizer would see it). */
static void test_msgpack_prefixes(void **state)
{
    struct sg_bytes whole = sg_hex("85 00 93 cc80 cd0100 ce00010000"
                                   "01 92 d0df d3ffffffff7fffffff"
                                   "a161 bf 61616161616161616161616161616161"
                                   "616161616161616161616161616161"
                                   "a26162 c403010203"
                                   "cc80 cf0000000100000000");

    (void)state;
    assert_ok(sg_msgpack_check(whole, whole.size));
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *copy = sg_alloc(size + 1);

        assert_non_null(copy);
        memcpy(copy + 1, whole.data, size);
        assert_err(sg_msgpack_check(sg_bytes(copy + 1, size), whole.size),
                   TRUNCATED);
        sg_free(copy);
    }
}

static void fail_with_ok(void *context)
{
    sg_msgpack_fail(context, SG_OK);
}

/* No error is no failure to record. */
static void test_msgpack_asserts(void **state)
{
    struct sg_msgpack reader = reader_of("00");

    (void)state;
    assert_true(sg_dies(fail_with_ok, &reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_msgpack_integers),
        cmocka_unit_test(test_msgpack_large_integers),
        cmocka_unit_test(test_msgpack_all_types),
        cmocka_unit_test(test_msgpack_lengths),
        cmocka_unit_test(test_msgpack_refuses),
        cmocka_unit_test(test_msgpack_keys),
        cmocka_unit_test(test_msgpack_depth),
        cmocka_unit_test(test_msgpack_size),
        cmocka_unit_test(test_msgpack_bombs),
        cmocka_unit_test(test_msgpack_claims),
        cmocka_unit_test(test_msgpack_wrong_type),
        cmocka_unit_test(test_msgpack_bad_value),
        cmocka_unit_test(test_msgpack_skip),
        cmocka_unit_test(test_msgpack_skip_checks),
        cmocka_unit_test(test_msgpack_end),
        cmocka_unit_test(test_msgpack_prefixes),
        cmocka_unit_test(test_msgpack_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
