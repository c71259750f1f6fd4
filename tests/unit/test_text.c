#include "storage/base/text.h"

#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/test.h"

typedef void codec(struct sg_writer *writer, struct sg_bytes bytes);

/* What CODEC makes of BYTES, in hex; or the name of its error. */
static const char *result(codec *run, struct sg_bytes bytes)
{
    static uint8_t array[300];
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, array, sizeof array);
    run(&writer, bytes);
    err = sg_writer_end(&writer);
    return err != SG_OK ? sg_err_name(err)
                        : sg_hex_text(sg_bytes(array, writer.size));
}

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

/* Bytes are UTF-8 exactly when RFC 3629 says so: each row of its syntax, the
 * first and last of each, and what lies just outside. */
static void test_text_utf8(void **state)
{
    static const struct {
        const char *hex;
        bool is_utf8;
    } cases[] = {
        {"", true},
        {"00", true},
        {"7f", true},
        {"80", false},
        {"bf", false},
        {"c080", false}, /* overlong 0 */
        {"c1bf", false},
        {"c280", true},
        {"dfbf", true},
        {"c2", false},
        {"c27f", false},
        {"c2c0", false},
        {"e09fbf", false}, /* overlong */
        {"e0a080", true},
        {"ecbfbf", true},
        {"ed9fbf", true},
        {"eda080", false}, /* surrogate */
        {"edbfbf", false},
        {"ee8080", true},
        {"efbfbf", true},
        {"e0a0", false},
        {"e0a07f", false},
        {"e0a0c0", false},
        {"f08fbfbf", false}, /* overlong */
        {"f0908080", true},
        {"f48fbfbf", true},  /* U+10FFFF */
        {"f4908080", false}, /* beyond */
        {"f3808080", true},
        {"f38080", false},
        {"f380807f", false},
        {"f58080", false},
        {"f5808080", false},
        {"ff", false},
        {"4e6775796ee1bb856e", true}, /* Nguyễn */
        {"4e67e1bb", false},
        {"418042", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (sg_text_is_utf8(sg_hex(cases[i].hex)) != cases[i].is_utf8)
            fail_msg("%s", cases[i].hex);
    }
}

/* Hex digits are lowercase, two a byte. */
static void test_text_hex(void **state)
{
    uint8_t array[6];
    struct sg_writer writer;

    (void)state;
    sg_writer_init_array(&writer, array, sizeof array);
    sg_text_hex_encode(&writer, sg_hex("01 9a ef"));
    assert_ok(sg_writer_end(&writer));
    assert_memory_equal(array, "019aef", 6);
    assert_string_equal(result(sg_text_hex_decode, text_of("019aef")),
                        "019aef");
    assert_string_equal(result(sg_text_hex_decode, text_of("")), "");
}

/* Nothing else is read as hex, not even capitals. */
static void test_text_hex_is_strict(void **state)
{
    (void)state;
    assert_string_equal(result(sg_text_hex_decode, text_of("012")),
                        "MALFORMED");
    assert_string_equal(result(sg_text_hex_decode, text_of("0A")),
                        "NOTCANONICAL");
    assert_string_equal(result(sg_text_hex_decode, text_of("F0")),
                        "NOTCANONICAL");
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t text[2] = {'0', (uint8_t)byte};
        bool is_digit = byte != 0 && strchr("0123456789abcdef", (int)byte);
        bool is_capital = byte != 0 && strchr("ABCDEF", (int)byte);

        if (!is_digit && !is_capital)
            assert_string_equal(
                result(sg_text_hex_decode, SG_BYTES_ARRAY(text)), "MALFORMED");
    }
}

/* The examples of RFC 4648, section 10, both ways; and the last two digits. */
static void test_text_base64(void **state)
{
    static const struct {
        const char *hex;
        const char *text;
    } cases[] = {
        {"", ""},
        {"66", "Zg=="},
        {"666f", "Zm8="},
        {"666f6f", "Zm9v"},
        {"666f6f62", "Zm9vYg=="},
        {"666f6f6261", "Zm9vYmE="},
        {"666f6f626172", "Zm9vYmFy"},
        {"fbefbe ffffff 000000", "++++////AAAA"},
        {"ff", "/w=="},
        {"ffff", "//8="},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes text = text_of(cases[i].text);

        assert_string_equal(result(sg_text_base64_encode, sg_hex(cases[i].hex)),
                            sg_hex_text(text));
        assert_string_equal(result(sg_text_base64_decode, text),
                            sg_hex_text(sg_hex(cases[i].hex)));
    }
}

/* What is not the one base64 of some bytes is refused. */
static void test_text_base64_is_strict(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } cases[] = {
        {"Z", "MALFORMED"},        {"Zg", "MALFORMED"},
        {"Zg=", "MALFORMED"},      {"Zm9", "MALFORMED"},
        {"Zg==Zg==", "MALFORMED"}, {"Zm8=Zm8=", "MALFORMED"},
        {"====", "MALFORMED"},     {"Z===", "MALFORMED"},
        {"Zg=v", "MALFORMED"},     {"Zm 9", "MALFORMED"},
        {"Zm9v\n", "MALFORMED"},   {"Zm-_", "MALFORMED"},
        {"Zm9@", "MALFORMED"},     {"Zm9[", "MALFORMED"},
        {"Zm9`", "MALFORMED"},     {"Zm9{", "MALFORMED"},
        {"Zh==", "NOTCANONICAL"},  {"Zv==", "NOTCANONICAL"},
        {"Zm9=", "NOTCANONICAL"},  {"Zm//Zm+=", "NOTCANONICAL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(result(sg_text_base64_decode, text_of(cases[i].text)),
                   cases[i].name) != 0)
            fail_msg("%s", cases[i].text);
    }
}

/* Random bytes come back from both encodings. */
static void test_text_round_trip(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 2);
    for (size_t size = 0; size < 100; size++) {
        uint8_t bytes[100];
        uint8_t text[200];
        struct sg_writer writer;

        sg_prng_bytes(&prng, bytes, size);
        sg_writer_init_array(&writer, text, sizeof text);
        sg_text_base64_encode(&writer, sg_bytes(bytes, size));
        assert_ok(sg_writer_end(&writer));
        assert_string_equal(
            result(sg_text_base64_decode, sg_bytes(text, writer.size)),
            sg_hex_text(sg_bytes(bytes, size)));
        sg_writer_init_array(&writer, text, sizeof text);
        sg_text_hex_encode(&writer, sg_bytes(bytes, size));
        assert_ok(sg_writer_end(&writer));
        assert_string_equal(
            result(sg_text_hex_decode, sg_bytes(text, writer.size)),
            sg_hex_text(sg_bytes(bytes, size)));
    }
}

/* A number up to 64 bits is written and read in decimal. */
static void test_text_decimal(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        {"0", 0},
        {"7", 7},
        {"10", 10},
        {"18446744073709551615", UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes text = text_of(cases[i].text);
        uint8_t array[20];
        struct sg_writer writer;
        uint64_t value;

        sg_writer_init_array(&writer, array, sizeof array);
        sg_text_decimal_encode(&writer, cases[i].value);
        assert_ok(sg_writer_end(&writer));
        assert_true(sg_bytes_equal(sg_bytes(array, writer.size), text));
        assert_ok(sg_text_decimal_decode(text, &value));
        assert_true(value == cases[i].value);
    }
}

/* A leading zero, a sign, a blank or a 65th bit is refused, and the result is
 * left alone. */
static void test_text_decimal_is_strict(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } cases[] = {
        {"", "MALFORMED"},
        {"-1", "MALFORMED"},
        {"+1", "MALFORMED"},
        {" 1", "MALFORMED"},
        {"1:", "MALFORMED"},
        {"18446744073709551616", "MALFORMED"},
        {"18446744073709551620", "MALFORMED"},
        {"99999999999999999999", "MALFORMED"},
        {"00", "NOTCANONICAL"},
        {"01", "NOTCANONICAL"},
    };
    uint64_t value = 5;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sg_err err =
            sg_text_decimal_decode(text_of(cases[i].text), &value);

        assert_string_equal(sg_err_name(err), cases[i].name);
    }
    assert_true(value == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_utf8),
        cmocka_unit_test(test_text_hex),
        cmocka_unit_test(test_text_hex_is_strict),
        cmocka_unit_test(test_text_base64),
        cmocka_unit_test(test_text_base64_is_strict),
        cmocka_unit_test(test_text_round_trip),
        cmocka_unit_test(test_text_decimal),
        cmocka_unit_test(test_text_decimal_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
