#include "storage/log/lines.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"

static void assert_text(struct sg_bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

/* Lines come one by one without their newline, empty ones too, and values are
 * read from them. */
static void test_lines_fields(void **state)
{
    struct sg_lines lines;
    uint8_t bytes[3];

    (void)state;
    sg_lines_init(&lines, SG_BYTES_TEXT("one\n\nsize 42\nAQID\na1b2c3\n"));
    assert_text(sg_lines_next(&lines), "one");
    assert_text(sg_lines_next(&lines), "");
    assert_int_equal(
        sg_lines_decimal(&lines,
                         sg_lines_after(&lines, SG_BYTES_TEXT("size "))),
        42);
    sg_lines_base64(&lines, sg_lines_next(&lines), bytes, sizeof bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), "010203");
    sg_lines_hex(&lines, sg_lines_next(&lines), bytes, sizeof bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), "a1b2c3");
    assert_ok(sg_lines_end(&lines));
}

/* A last line without a newline, and text after the last line, are errors. */
static void test_lines_end(void **state)
{
    struct sg_lines lines;

    (void)state;
    sg_lines_init(&lines, (struct sg_bytes){0});
    assert_ok(sg_lines_end(&lines));
    assert_int_equal(sg_lines_next(&lines).size, 0);
    assert_err(sg_lines_end(&lines), TRUNCATED);
    sg_lines_init(&lines, SG_BYTES_TEXT("one\ntwo"));
    assert_text(sg_lines_next(&lines), "one");
    assert_int_equal(sg_lines_next(&lines).size, 0);
    assert_err(sg_lines_end(&lines), TRUNCATED);
    sg_lines_init(&lines, SG_BYTES_TEXT("one\ntwo\n"));
    assert_text(sg_lines_next(&lines), "one");
    assert_err(sg_lines_end(&lines), TRAILING);
}

/* After the first failure nothing more is given and the first error stays. */
static void test_lines_error_sticks(void **state)
{
    struct sg_lines lines;
    uint8_t bytes[2] = {0xee, 0xee};

    (void)state;
    sg_lines_init(&lines, SG_BYTES_TEXT("index 7\nAQI=\n12\n"));
    assert_int_equal(sg_lines_after(&lines, SG_BYTES_TEXT("extra ")).size, 0);
    assert_int_equal(sg_lines_next(&lines).size, 0);
    assert_int_equal(sg_lines_after(&lines, SG_BYTES_TEXT("")).size, 0);
    sg_lines_base64(&lines, SG_BYTES_TEXT("AQI="), bytes, sizeof bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), "0000");
    assert_int_equal(sg_lines_decimal(&lines, SG_BYTES_TEXT("12")), 0);
    sg_lines_fail(&lines, SG_ERR_VERSION);
    assert_err(sg_lines_end(&lines), MALFORMED);
    sg_lines_init(&lines, SG_BYTES_TEXT("in\n"));
    assert_int_equal(sg_lines_after(&lines, SG_BYTES_TEXT("index")).size, 0);
    assert_err(sg_lines_end(&lines), MALFORMED);
}

/* Base64 and hex say exactly as many bytes as are wanted, in their one form;
 * numbers have no leading zero and fit 64 bits. */
static void test_lines_strict(void **state)
{
    static const struct {
        const char *base64, *hex, *decimal;
        enum sg_err err;
    } cases[] = {
        {"AQI=", "0102", "0", SG_OK},
        {"AQ==", "01", "", SG_ERR_MALFORMED},
        {"AQID", "010203", "+1", SG_ERR_MALFORMED},
        {"AQI", "010", "1 ", SG_ERR_MALFORMED},
        {"AQI-", "01 2", "18446744073709551616", SG_ERR_MALFORMED},
        {"AQJ=", "01FF", "01", SG_ERR_NOTCANONICAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_lines lines[3] = {{.err = SG_OK}};
        const char *name = sg_err_name(cases[i].err);
        uint8_t bytes[2];

        sg_lines_base64(&lines[0],
                        sg_bytes(cases[i].base64, strlen(cases[i].base64)),
                        bytes, sizeof bytes);
        sg_lines_hex(&lines[1], sg_bytes(cases[i].hex, strlen(cases[i].hex)),
                     bytes, sizeof bytes);
        (void)sg_lines_decimal(
            &lines[2], sg_bytes(cases[i].decimal, strlen(cases[i].decimal)));
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(sg_err_name(sg_lines_end(&lines[k])), name);
    }
}

static void fail_with_ok(void *context)
{
    sg_lines_fail(context, SG_OK);
}

/* No error is no failure to record. */
static void test_lines_asserts(void **state)
{
    struct sg_lines lines = {.err = SG_OK};

    (void)state;
    assert_true(sg_dies(fail_with_ok, &lines));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_fields),
        cmocka_unit_test(test_lines_end),
        cmocka_unit_test(test_lines_error_sticks),
        cmocka_unit_test(test_lines_strict),
        cmocka_unit_test(test_lines_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
