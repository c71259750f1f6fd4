/* storage/registry/admission.h: what the copies of one record come to, and the
 * words for it. RECORDS.md, sections 2 and 3. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

#define NEW         BOOK_NEW
#define QUARANTINED SG_ADMISSION_QUARANTINED
#define REFUSED     SG_ADMISSION_REFUSED

/* --- copies of one record ---------------------------------------------- */

static void sum_up(const struct book_state *fixture, const size_t *entries,
                   size_t count, struct sg_admission_sum *ret_sum)
{
    memset(ret_sum, 0, sizeof(*ret_sum));
    for (size_t i = 0; i < count; i++) {
        struct sg_admission_copy copy = book_copy(&fixture->book, entries[i]);
        struct sg_admission_verdict verdict = book_judge(fixture, &copy);

        sg_admission_add(ret_sum, &copy, &verdict);
    }
}

/* A record is applied when one copy is admitted; the standing copy is, of the
 * admitted, the one with the smallest (hlc, log id, index), in any order. */
static void test_copies_of_one_record(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entries[3], turned[3];
    struct sg_admission_sum sum, again;

    entries[0] = book_person(book, 0, 4); /* a node that is not admitted */
    for (unsigned i = 1; i < 3; i++) {    /* the same record, filed later */
        book->made--;
        (void)book_begin_person(book, 0);
        book->copy.hlc = book->entries[entries[0]].place.index + 10 - i;
        entries[i] = book_write_person(book, 2);
    }
    assert_memory_equal(&book->entries[entries[0]].id,
                        &book->entries[entries[2]].id, sizeof(struct sg_hash));
    (void)book_seal(fixture);
    sum_up(fixture, entries, 1, &sum);
    assert_false(sg_admission_is_applied(&sum));
    assert_int_equal(sum.code, SG_ADMISSION_A08);
    sum_up(fixture, entries, 3, &sum);
    assert_true(sg_admission_is_applied(&sum));
    assert_int_equal(sum.n_copies, 3);
    assert_int_equal(sum.n_admitted, 2);
    assert_int_equal(sum.place.index, 2); /* the smaller hlc */
    turned[0] = entries[2];
    turned[1] = entries[0];
    turned[2] = entries[1];
    sum_up(fixture, turned, 3, &again);
    assert_memory_equal(&sum, &again, sizeof(sum));
}

/* Of copies with one clock the smaller log id stands, then the smaller index.
 */
static void test_copies_with_one_clock(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entries[3];
    struct sg_admission_sum sum;
    unsigned first;

    entries[0] = book_person(book, 0, 2);
    entries[1] = book->n_entries;
    book_file_again(book, entries[0], 2);
    (void)book_seal(fixture);
    sum_up(fixture, entries, 2, &sum);
    assert_int_equal(sum.place.index, 1);
    entries[2] = entries[0];
    sum_up(fixture, entries + 1, 2, &sum);
    assert_int_equal(sum.place.index, 1);
    book_file_again(book, entries[0], 3);
    entries[0] = book->n_entries - 1;
    sum_up(fixture, entries, 3, &sum);
    first = memcmp(&book->logs[2], &book->logs[3], sizeof(book->logs[2])) < 0
                ? 2
                : 3;
    assert_memory_equal(&sum.place.log, &book->logs[first],
                        sizeof(sum.place.log));
}

/* Of a record that is not applied the copy is listed that is nearest: waiting
 * before quarantined, and of one standing the later check. */
static void test_copy_that_is_nearest(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    size_t entries[3];
    struct sg_admission_sum sum;

    entries[0] = book_person(book, 1, 4); /* A08 */
    for (unsigned i = 1; i < 3; i++) {
        book->made--;
        (void)book_begin_person(book, 1);
        book->copy.position = i == 1 ? BOOK_HERE : BOOK_HERE + 50;
        entries[i] = book_write_person(book, 2); /* A10, then A14 */
    }
    (void)book_seal(fixture);
    sum_up(fixture, entries, 2, &sum);
    assert_int_equal(sum.code, SG_ADMISSION_A10);
    assert_int_equal(sum.standing, QUARANTINED);
    sum_up(fixture, entries, 3, &sum);
    assert_int_equal(sum.code, SG_ADMISSION_A14);
}

/* A record whose every admitted copy is on a branch is forked (C14), until a
 * clean copy comes. A right signature on one copy is the record's. */
static void test_forked_and_signed_copies(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_admission_verdict verdict;
    struct sg_admission_copy copy;
    struct sg_admission_sum sum = {0};
    size_t clean;

    (void)book_begin_person(book, 0);
    sg_record_build_uint(&book->build, SG_FIELD_PERSON_REGISTERED, NEW);
    book_fork(book, 2);
    book->is_unsigned = true;
    (void)book_write_on(book, 2, 1);
    copy = book_copy(book, book->n_entries - 1);
    book->made--;
    (void)book_begin_person(book, 0);
    clean = book_write_person(book, 3);
    (void)book_seal(fixture);
    verdict = book_judge(fixture, &copy);
    sg_admission_add(&sum, &copy, &verdict);
    assert_true(verdict.is_forked);
    assert_true(sg_admission_is_forked(&sum));
    assert_false(sum.has_signature);
    copy = book_copy(book, clean);
    copy.signature = SG_ADMISSION_RIGHT;
    verdict = book_judge(fixture, &copy);
    sg_admission_add(&sum, &copy, &verdict);
    assert_false(sg_admission_is_forked(&sum));
    assert_true(sum.has_signature);
    assert_true(sum.has_right_signature);
}

/* --- the judge --------------------------------------------------------- */

/* A judge goes from position to position and back: what it says of a copy does
 * not depend on what it was asked before. */
static void test_judge_is_not_led(void **state)
{
    static const uint64_t positions[] = {BOOK_HERE, BOOK_HERE - 1,
                                         UINT64_C(1) << 32, BOOK_HERE};
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const size_t first = book->n_entries;
    struct sg_admission_judge judge;

    for (size_t i = 0; i < 4; i++) {
        (void)book_begin_person(book, 0);
        book->copy.position = positions[i];
        (void)book_write_person(book, 2);
    }
    sg_admission_judge_init(&judge, book_seal(fixture), &book->registry);
    for (size_t i = 0; i < 64; i++) {
        size_t entry = first + (i + i / 4 + i / 16) % 4;
        struct sg_admission_copy copy = book_copy(book, entry);
        struct sg_admission_verdict fresh = book_judge(fixture, &copy), led;

        sg_admission_judge(&judge, &copy, &led);
        assert_int_equal(led.code, fresh.code);
        assert_int_equal(led.standing, fresh.standing);
        assert_int_equal(led.code, entry == first + 1   ? SG_ADMISSION_A10
                                   : entry == first + 2 ? SG_ADMISSION_A14
                                                        : SG_ADMISSION_A00);
    }
}

/* --- words ------------------------------------------------------------- */

static void written(const struct sg_admission_verdict *verdict,
                    enum sg_lang lang, char ret_text[256])
{
    struct sg_writer writer;
    struct sg_bytes text;

    sg_writer_init_array(&writer, (uint8_t *)ret_text, 255);
    sg_admission_write(&writer, verdict, lang);
    assert_ok(writer.err);
    text = sg_writer_written(&writer);
    ret_text[text.size] = '\0';
}

/* Every sentence is that of the page: section 3's fourth column. */
static void test_words_are_those_of_the_page(void **state)
{
    struct sg_admission_verdict verdict = {.standing = REFUSED};
    char english[256], vietnamese[256], row[600];
    static char page[1 << 18];
    char path[4096];
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/storage/registry/RECORDS.md",
                   getenv("SG_SOURCE_DIR"));
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
    (void)fclose(file);
    for (unsigned i = SG_ADMISSION_A01; i <= SG_ADMISSION_A15; i++) {
        if (i == SG_ADMISSION_A04 || i == SG_ADMISSION_A13)
            continue;
        verdict.code = (enum sg_admission_code)i;
        written(&verdict, SG_LANG_EN, english);
        written(&verdict, SG_LANG_VI, vietnamese);
        (void)snprintf(row, sizeof(row), "| %s / %s |\n", english, vietnamese);
        assert_non_null(strstr(page, row));
        assert_int_equal(sg_admission_code_name(verdict.code)[2],
                         '0' + (char)(i % 10));
    }
}

/* A04 names type and schema, A13 the rule and its sentence. */
static void test_words_with_numbers(void **state)
{
    struct sg_admission_verdict verdict = {
        .code = SG_ADMISSION_A13,
        .rule = 5,
        .record = {.type = 99, .version = 3}};
    char text[256];

    (void)state;
    written(&verdict, SG_LANG_EN, text);
    assert_string_equal(text, "rule V05: the birth date is not possible, or "
                              "not exact enough for a card");
    written(&verdict, SG_LANG_VI, text);
    assert_memory_equal(text, "quy tắc V05: ", strlen("quy tắc V05: "));
    verdict.code = SG_ADMISSION_A04;
    written(&verdict, SG_LANG_EN, text);
    assert_string_equal(text, "unknown type 99 schema 3, carried and proved");
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, book_setup_district, book_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_copies_of_one_record),
        TEST(test_copies_with_one_clock),
        TEST(test_copy_that_is_nearest),
        TEST(test_forked_and_signed_copies),
        TEST(test_judge_is_not_led),
        cmocka_unit_test(test_words_are_those_of_the_page),
        cmocka_unit_test(test_words_with_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
