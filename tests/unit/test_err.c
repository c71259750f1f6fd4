#include "storage/base/err.h"

#include <string.h>

#include "storage/base/text.h"
#include "tests/lib/test.h"

static const enum sg_err all[] = {
#define LIST(name, code, english, vietnamese) SG_ERR_##name,
    SG_ERR_LIST(LIST)
#undef LIST
};

#define ALL_COUNT (sizeof all / sizeof all[0])

/* No code, name or sentence stands in the list twice. */
static void test_err_is_unambiguous(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(all[i], all[k]);
            for (enum sg_lang lang = SG_LANG_EN; lang <= SG_LANG_VI; lang++)
                assert_string_not_equal(sg_err_text(all[i], lang),
                                        sg_err_text(all[k], lang));
        }
    }
}

/* A code gives its own name and its sentence in the language asked for. */
static void test_err_names_and_sentences(void **state)
{
    (void)state;
    assert_int_equal(SG_OK, 0);
    assert_string_equal(sg_err_name(SG_ERR_TRUNCATED), "TRUNCATED");
    assert_int_equal(SG_ERR_TRUNCATED, 100);
    assert_string_equal(sg_err_text(SG_ERR_NOTFOUND, SG_LANG_EN), "not found");
    assert_string_equal(sg_err_text(SG_ERR_NOTFOUND, SG_LANG_VI),
                        "không tìm thấy");
}

/* Every sentence is UTF-8, does not end with a full stop, and the Vietnamese
 * one is not left in English. */
static void test_err_sentences_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        for (enum sg_lang lang = SG_LANG_EN; lang <= SG_LANG_VI; lang++) {
            const char *text = sg_err_text(all[i], lang);
            size_t size = strlen(text);

            assert_true(size > 0);
            assert_true(sg_text_is_utf8(sg_bytes(text, size)));
            assert_int_not_equal(text[size - 1], '.');
        }
        assert_string_not_equal(sg_err_text(all[i], SG_LANG_EN),
                                sg_err_text(all[i], SG_LANG_VI));
    }
}

/* A number that is in no list is called unknown, in both languages. */
static void test_err_unknown_number(void **state)
{
    (void)state;
    assert_string_equal(sg_err_name((enum sg_err)99999), "UNKNOWN");
    assert_string_equal(sg_err_text((enum sg_err)99999, SG_LANG_EN),
                        "an unknown error");
    assert_string_equal(sg_err_text((enum sg_err)99999, SG_LANG_VI),
                        "lỗi không xác định");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err_is_unambiguous),
        cmocka_unit_test(test_err_names_and_sentences),
        cmocka_unit_test(test_err_sentences_are_well_formed),
        cmocka_unit_test(test_err_unknown_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
