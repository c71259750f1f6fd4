#include "tools/out.h"

#include <string.h>

#include "tests/lib/test.h"

static const struct sg_out_shape shape = {
    .type = "thing",
    .field_count = 3,
    .fields = {{"n", {"number", "số"}, -6},
               {"id", {"id", "mã"}, 8},
               {"text", {"text", "nội dung"}, 0}},
    .legend = {"number: which.", "số: cái nào."},
};

static char text[4096];

static struct sg_out begin(enum sg_lang lang, bool is_json)
{
    struct sg_out out = {.lang = lang, .is_json = is_json};

    memset(text, 0, sizeof text);
    out.file = fmemopen(text, sizeof text, "w");
    assert_non_null(out.file);
    return out;
}

static void assert_printed(struct sg_out *out, const char *wanted)
{
    assert_int_equal(sg_out_end(out), SG_OK);
    (void)fclose(out->file);
    assert_string_equal(text, wanted);
}

static const struct sg_out_value *row(uint64_t number, struct sg_bytes body)
{
    static const uint8_t id[] = {0xAB, 0xCD, 0xEF, 0x01, 0x23};
    static struct sg_out_value values[3];

    values[0] = sg_out_number(number);
    values[1] = sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(id));
    values[2] = sg_out_bytes(SG_OUT_BODY, body);
    return values;
}

/* A table has a head, columns that line up in Vietnamese too, and a legend. */
static void test_table(void **state)
{
    struct sg_out out = begin(SG_LANG_VI, false);

    (void)state;
    sg_out_row(&out, &shape, row(7, SG_BYTES_TEXT("một")));
    sg_out_row(&out, &shape, row(1234, SG_BYTES_TEXT("hai")));
    assert_printed(&out, "    số  mã        nội dung\n"
                         "     7  abcdef01  một\n"
                         "  1234  abcdef01  hai\n"
                         "\nsố: cái nào.\n");
}

/* A card shows each value in full; a table before it ends with its legend. */
static void test_card(void **state)
{
    struct sg_out out = begin(SG_LANG_EN, false);

    (void)state;
    sg_out_row(&out, &shape, row(1, SG_BYTES_TEXT("x")));
    sg_out_card(&out, &shape, row(2, SG_BYTES_TEXT("y")));
    assert_printed(&out, "number  id        text\n"
                         "     1  abcdef01  x\n"
                         "\nnumber: which.\n"
                         "\nnumber  2\n"
                         "id      abcdef0123\n"
                         "text    y\n");
}

/* JSON has one object a line; text that is no UTF-8 stands in base64; a number
 * that JSON's readers would round is a string. */
static void test_json(void **state)
{
    struct sg_out out = begin(SG_LANG_VI, true);

    (void)state;
    sg_out_row(&out, &shape, row(7, SG_BYTES_TEXT("\"một\"\n")));
    sg_out_card(&out, &shape, row(UINT64_MAX, SG_BYTES_TEXT("\xFF\xFE\xFD")));
    assert_printed(&out, "{\"type\":\"thing\",\"n\":7,\"id\":\"abcdef0123\","
                         "\"text\":\"\\\"một\\\"\\n\"}\n"
                         "{\"type\":\"thing\",\"n\":\"18446744073709551615\","
                         "\"id\":\"abcdef0123\",\"text_base64\":\"//79\"}\n");
}

/* Nothing that a terminal obeys gets through: controls, turned writing
 * direction, stray bytes. */
static void test_shown(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"xin chào 👋", "xin chào 👋"},
        {"a\x1b[31mb\tc", "a\\u{1b}[31mb\\u{9}c"},
        {"\xC2\x9B"
         "31m",
         "\\u{9b}31m"},
        {"\xE2\x80\xAE"
         "abc",
         "\\u{202e}abc"},
        {"\xE2\x81\xA6x", "\\u{2066}x"},
        {"\xFFz\xC3", "\\xffz\\xc3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sg_out out = begin(SG_LANG_EN, false);
        (void)sg_out_shown(out.file, sg_bytes(cases[i].in, strlen(cases[i].in)),
                           0);
        assert_printed(&out, cases[i].out);
    }
}

/* Output that does not reach its file is an error, not silence. */
static void test_full(void **state)
{
    struct sg_out out = {.file = fopen("/dev/full", "we")};

    (void)state;
    assert_non_null(out.file);
    sg_out_row(&out, &shape, row(1, SG_BYTES_TEXT("x")));
    assert_int_equal(sg_out_end(&out), SG_ERR_IO);
    (void)fclose(out.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_card),
        cmocka_unit_test(test_json),  cmocka_unit_test(test_shown),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
