/* storage/registry/nfc.h: one form of every text. */
#include <string.h>

#include "storage/base/limits.h"
#include "storage/registry/nfc.h"
#include "tests/lib/test.h"

#define TEXT(literal) SG_BYTES_TEXT(literal)

static void assert_nfc(struct sg_bytes text, struct sg_bytes expected)
{
    uint8_t room[256];
    struct sg_writer writer;
    bool is_changed = false;

    sg_writer_init_array(&writer, room, sizeof(room));
    assert_ok(sg_nfc_write(&writer, text, &is_changed));
    assert_true(sg_bytes_equal(sg_bytes(room, writer.size), expected));
    assert_int_equal(is_changed, !sg_bytes_equal(text, expected));
    assert_ok(sg_nfc_check(expected));
    if (is_changed)
        assert_err(sg_nfc_check(text), NOTCANONICAL);
}

/* The tables are Unicode 15.0: another version would judge texts differently
 * on different nodes, and needs a new rule version. */
static void test_tables_are_unicode_15(void **state)
{
    (void)state;
    assert_string_equal(sg_nfc_version(), "15.0.0");
}

/* Texts in NFC pass as they are, the Vietnamese ones without a look-up. */
static void test_nfc_passes(void **state)
{
    static const char *const texts[] = {
        "",     "Nguyễn Thị Hòa", "Đặng Ỷ Ẫn",    "Khơ-mú", "a",
        "Ê̆ban", "Ȁ ʯ ỹ ẞ",        "\xe1\x84\x80", "日本",   "한국"};

    (void)state;
    assert_ok(sg_nfc_check((struct sg_bytes){0}));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sg_bytes text = sg_bytes(texts[i], strlen(texts[i]));

        assert_ok(sg_nfc_check(text));
        assert_nfc(text, text);
    }
}

/* Whatever is decomposed, half decomposed or in another order of marks comes
 * out as the one composed form. */
static void test_others_are_composed(void **state)
{
    (void)state;
    assert_nfc(TEXT("Nguye\u0302\u0303n"), TEXT("Nguyễn"));
    assert_nfc(TEXT("Nguy\u00ea\u0303n"), TEXT("Nguyễn"));
    assert_nfc(TEXT("Nguy\u1ebd\u0302n"), TEXT("Nguy\u1ebd\u0302n"));
    assert_nfc(TEXT("a\u0302\u0323"), TEXT("ậ"));
    assert_nfc(TEXT("a\u0323\u0302"), TEXT("ậ"));
    assert_nfc(TEXT("\u1ea1\u0302"), TEXT("ậ"));
    assert_nfc(TEXT("\u212b"), TEXT("\u00c5"));
    assert_nfc(TEXT("\u1112\u1161\u11ab"), TEXT("\ud55c"));
    assert_nfc(TEXT("\u0340"), TEXT("\u0300"));
    /* Excluded from composition: stays in two. */
    assert_nfc(TEXT("\u0958"), TEXT("\u0915\u093c"));
}

/* What is no text, or no character of Unicode 15.0, may not stand in one. */
static void test_other_characters_are_refused(void **state)
{
    static const char *const texts[] = {
        "\xff", "a\xcc",    "\xc0\xaf",     "\xed\xa0\x80",     "a\tb",
        "\x7f", "\xc2\x85", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbe", "\xcd\xb8",
        "a\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_err(sg_nfc_check(sg_bytes(texts[i], strlen(texts[i]))), TEXT);
    assert_err(sg_nfc_check(sg_bytes("a\0b", 3)), TEXT);
}

/* 30 marks on one letter pass, 31 are too many. */
static void test_marks_are_limited(void **state)
{
    char text[1 + 2 * (SG_TEXT_MARKS_MAX + 1)] = "q";

    (void)state;
    for (size_t i = 0; i <= SG_TEXT_MARKS_MAX; i++)
        memcpy(text + 1 + 2 * i, "\u0300", 2);
    assert_ok(sg_nfc_check(sg_bytes(text, sizeof(text) - 2)));
    assert_err(sg_nfc_check(sg_bytes(text, sizeof(text))), LIMIT);
}

/* A failure is told and leaves the caller's answer alone. */
static void test_write_fails_cleanly(void **state)
{
    uint8_t room[2];
    struct sg_writer writer;
    bool is_changed = true;

    (void)state;
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_err(sg_nfc_write(&writer, TEXT("abc"), &is_changed), LIMIT);
    sg_writer_init_array(&writer, room, sizeof(room));
    assert_err(sg_nfc_write(&writer, TEXT("a\t"), &is_changed), TEXT);
    assert_true(is_changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_unicode_15),
        cmocka_unit_test(test_nfc_passes),
        cmocka_unit_test(test_others_are_composed),
        cmocka_unit_test(test_other_characters_are_refused),
        cmocka_unit_test(test_marks_are_limited),
        cmocka_unit_test(test_write_fails_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
