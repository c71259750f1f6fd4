/* storage/registry/merge: the conflict rules about values and rulings, each by
 * a test named after it, with what is accepted, what is refused and what is
 * disputed; the source above it. The others: test_conflict_case.c. Each
 * question is asked of several orders of delivery (office.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/registry/merge/conflict.h"
#include "tests/lib/test.h"
#include "tests/unit/office.h"

#define NUMBER UINT64_C(999080000147)

static struct office office;

static int open_office(void **state)
{
    (void)state;
    office_open(&office);
    return 0;
}

static int close_office(void **state)
{
    (void)state;
    office_close(&office);
    return 0;
}

/* C01: one record filed at two places has one effect. D12. */
static void test_c01_same_record(void **state)
{
    struct sg_state_root once, twice;
    const struct sg_subject_cell *cell;

    (void)state;
    /* Accepted: filed once. */
    (void)office_person(&office, 1, 19800912);
    office_assert_birth(&office, 19800912, 0);
    sg_register_root_all(office.reg, &once);
    /* Refused: the second copy adds nothing, neither value nor evidence. */
    office.copies[1] = office.copies[0];
    office.copies[1].payload = (struct sg_bytes){0}; /* freed once */
    office.copies[1].copy.index = 77;
    office.copies[1].copy.record = &office.copies[0].record;
    office.n_copies = 2;
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->n_heads, 1);
    sg_register_root_all(office.reg, &twice);
    assert_true(sg_state_root_equal(&once, &twice));
    /* Disputed: one of the copies lies on a fork's branch. The clean one
     * counts; when both lie on branches, somebody is asked (C14). */
    office.copies[0].copy.is_forked = true;
    office_assert_conflict(&office, 1, 14, 0, 0);
    office.copies[1].copy.is_forked = true;
    office_assert_conflict(&office, 1, 14, SG_SUBJECT_OPEN, 1);
    office_assert_birth(&office, 19800912, 0);
}

/* C02: what names the other as its parent replaces it, whatever the clocks
 * say. D12. */
static void test_c02_causal(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912), second;
    const struct sg_subject_cell *cell;

    (void)state;
    /* Accepted: the later, by a clock set back. */
    office.minutes = 0;
    second = office_birth(&office, 1, first, 19800921);
    office_assert_birth(&office, 19800921, 0);
    /* Refused: the earlier is no head any more, and nobody is asked. */
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->n_heads, 1);
    office_assert_conflict(&office, 1, 5, 0, 0);
    /* Disputed: one who knew the first alone. Who knows both replaces both. */
    office.minutes = 600;
    office.officer = 3;
    first = office_birth(&office, 1, first, 19800930);
    office_assert_birth(&office, 19800912, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_OPEN, 2);
    (void)office_begin(&office, SG_TYPE_PERSON, 1);
    office_parent(&office, first);
    office_parent(&office, second);
    sg_record_build_uint(&office.build, SG_FIELD_PERSON_BIRTH, 19800925);
    (void)office_file(&office);
    office_assert_birth(&office, 19800925, 0);
    office_assert_conflict(&office, 1, 5, 0, 0);
}

/* C03: concurrent changes of different fields are both kept. D12. */
static void test_c03_other_fields(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    const struct sg_subject_cell *cell;

    (void)state;
    /* Accepted: the change of each office. */
    (void)office_birth(&office, 1, first, 19800921);
    (void)office_phone(&office, 1, first, "0900000147");
    office_assert_birth(&office, 19800921, 0);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_memory_equal(cell->value.data + 1, "0900000147", 10);
    /* Refused: nobody is asked, for nothing contends. */
    assert_int_equal(office_subject(&office, 1)->n_conflicts, 0);
    /* Disputed: a third changes one of the two. That field alone is in
     * conflict; the other stands. */
    (void)office_birth(&office, 1, first, 19800930);
    office_assert_birth(&office, 19800912, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_OPEN, 2);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_int_equal(cell->flags, 0);
    assert_memory_equal(cell->value.data + 1, "0900000147", 10);
}

/* C04: the same value said twice is one value with two pieces of evidence.
 * D12. */
static void test_c04_same_value(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912), second;
    const struct sg_subject_cell *cell;

    (void)state;
    /* Accepted. */
    (void)office_birth(&office, 1, first, 19800921);
    second = office_birth(&office, 1, first, 19800921);
    office_assert_birth(&office, 19800921, 0);
    office_assert_conflict(&office, 1, 5, 0, 0);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->n_heads, 2);
    /* Disputed: a third says something else. */
    (void)office_birth(&office, 1, first, 19800930);
    office_assert_birth(&office, 19800912, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_OPEN, 3);
    office_withdraw(&office, 3);
    /* Refused: one of the two by the home; the other still says it. */
    (void)office_refuse(&office, 1, second, 2);
    office_assert_birth(&office, 19800921, 0);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->n_heads, 1);
}

/* C05: what the home commune has approved stands against a correction; of two
 * concurrent ones nobody wins until it chooses. Decree 70/2024 Art. 6. */
static void test_c05_identity(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref two[2], change;
    size_t n_copies = office.n_copies;

    (void)state;
    /* Accepted: the approved value stands, the correction waits. */
    (void)office_approve(&office, 1, first, 2);
    change = office_birth(&office, 1, first, 19800921);
    office_assert_birth(&office, 19800912,
                        SG_SUBJECT_APPROVED | SG_SUBJECT_PENDING);
    office_assert_conflict(&office, 1, 5, 0, 0);
    /* Refused: it is gone. */
    (void)office_refuse(&office, 1, change, 2);
    office_assert_birth(&office, 19800912, SG_SUBJECT_APPROVED);
    office_withdraw(&office, n_copies);
    /* Disputed: two offices; what was there before stands until the home
     * chooses, and the history stays. */
    two[0] = office_birth(&office, 1, first, 19800921);
    two[1] = office_birth(&office, 1, first, 19800930);
    office_assert_birth(&office, 19800912, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_OPEN, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 5, SG_FIELD_PERSON_BIRTH,
                        NULL, &two[1], 2, two);
    office_assert_birth(&office, 19800930, SG_SUBJECT_APPROVED);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_DECIDED, 2);
    assert_int_equal(office_conflict(&office, 1, 5)->n_decisions, 1);
}

/* C05: a contender that the decision did not name opens it again; so does the
 * reopening of the decision. */
static void test_c05_identity_reopened(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref two[2], choice;

    (void)state;
    two[0] = office_birth(&office, 1, first, 19800921);
    two[1] = office_birth(&office, 1, first, 19800930);
    office.officer = 2;
    choice = office_settle(&office, 1, 3, OFFICE_HOME, 5, SG_FIELD_PERSON_BIRTH,
                           NULL, &two[1], 2, two);
    office.officer = 3;
    (void)office_decide(&office, 1, 6, OFFICE_PROVINCE, 1, &choice);
    office_assert_birth(&office, 19800912, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_REOPENED, 2);
}

/* C05: who decides for a unit that the person never lived in decides nothing;
 * nor does who wrote one of the contenders (V16). Circ. 59/2021 Art. 3. */
static void test_c05_identity_incompetent(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref two[2];

    (void)state;
    two[0] = office_birth(&office, 1, first, 19800921);
    two[1] = office_birth(&office, 1, first, 19800930);
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 5, SG_FIELD_PERSON_BIRTH,
                        NULL, &two[1], 2, two);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_AWAY, 5, SG_FIELD_PERSON_BIRTH,
                        NULL, &two[1], 2, two);
    office_assert_birth(&office, 19800912, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_REOPENED, 2);
}

static bool bridge_nothing(void *context, const struct sg_ref *record,
                           const uint8_t **ret_parents, size_t *ret_count)
{
    *ret_parents = NULL;
    *ret_count = 0;
    return sg_ref_compare(record, context) == 0;
}

/* C05: a choice that names an object by a record that was erased since chooses
 * all the same. D18. */
static void test_c05_identity_erased(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref erased = {{7}};
    struct sg_ref three[3];

    (void)state;
    office.setup.bridge = bridge_nothing;
    office.setup.context = &erased;
    three[0] = office_birth(&office, 1, first, 19800921);
    three[1] = office_birth(&office, 1, first, 19800930);
    three[2] = erased;
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 5, SG_FIELD_PERSON_BIRTH,
                        &erased, &three[1], 3, three);
    office_assert_birth(&office, 19800930, SG_SUBJECT_APPROVED);
}

/* C05: two numbers in force at once are a conflict of identity (7.2). Law
 * 26/2023 Art. 12. */
static void test_c05_two_numbers(void **state)
{
    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_pin(&office, 1, NUMBER, 2);
    (void)office_pin(&office, 1, NUMBER + 1, 2);
    office_assert_conflict(&office, 1, 5, SG_SUBJECT_OPEN, 2);
    assert_int_equal(sg_subject_pin(office_subject(&office, 1)), 0);
}

/* C06: a contact field has a winner and no conflict: the larger source class,
 * then the later clock; the loser is kept and shown. Low harm. */
static void test_c06_contact(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912), all[3];
    const struct sg_subject_cell *cell;

    (void)state;
    office.source = SG_RECORD_SOURCE_IN_PERSON;
    all[0] = office_phone(&office, 1, first, "0900000147");
    office.source = SG_RECORD_SOURCE_DECLARED;
    all[1] = office_phone(&office, 1, first, "0900000258");
    /* Accepted: said in person, though earlier. */
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_memory_equal(cell->value.data + 1, "0900000147", 10);
    assert_int_equal(cell->flags, 0);
    /* Refused: the other, which is kept. */
    assert_int_equal(cell->n_heads, 2);
    /* Disputed: both in person. The later clock, and still no conflict; the
     * home may choose the loser all the same. */
    office.source = SG_RECORD_SOURCE_IN_PERSON;
    all[2] = office_phone(&office, 1, first, "0900000369");
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_memory_equal(cell->value.data + 1, "0900000369", 10);
    assert_int_equal(cell->n_heads, 3);
    assert_int_equal(office_subject(&office, 1)->n_conflicts, 0);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 6, SG_FIELD_PERSON_PHONE,
                        NULL, &all[1], 3, all);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_memory_equal(cell->value.data + 1, "0900000258", 10);
}

/* C11: one approves and another refuses, neither knowing of the other: the
 * refusal blocks and the superior is asked; his ruling, which names both, ends
 * it. The safe side. */
static void test_c11_approve_refuse(void **state)
{
    struct sg_ref all[3];

    (void)state;
    all[0] = office_person(&office, 1, 19800912);
    /* Accepted. */
    all[1] = office_approve(&office, 1, all[0], 2);
    office_assert_birth(&office, 19800912, SG_SUBJECT_APPROVED);
    /* Refused by one who knows of the approval: a change of mind, no conflict.
     */
    office.officer = 3;
    (void)office_decide(&office, 1, 2, OFFICE_HOME, 2, all);
    office_assert_birth(&office, 0, 0);
    office_assert_conflict(&office, 1, 11, 0, 0);
    office_withdraw(&office, 2);
    /* Disputed: he does not know of it. */
    all[2] = office_refuse(&office, 1, all[0], 3);
    office_assert_conflict(&office, 1, 11, SG_SUBJECT_OPEN, 2);
    office_assert_birth(&office, 0, 0);
    office.officer = 4;
    (void)office_decide(&office, 1, 1, OFFICE_PROVINCE, 3, all);
    office_assert_birth(&office, 19800912, SG_SUBJECT_APPROVED);
    office_assert_conflict(&office, 1, 11, 0, 0);
}

/* C11: nobody quarrels about a record that an order has erased. D18. */
static void test_c11_erased(void **state)
{
    struct sg_ref erased = {{7}};

    (void)state;
    office.setup.bridge = bridge_nothing;
    office.setup.context = &erased;
    (void)office_approve(&office, 1, erased, 2);
    (void)office_refuse(&office, 1, erased, 3);
    office_assert_conflict(&office, 1, 11, 0, 0);
}

static struct sg_ref marital(struct sg_ref parent, unsigned code)
{
    struct sg_record_build *build = office_begin(&office, SG_TYPE_PERSON, 1);

    office_parent(&office, parent);
    sg_record_build_uint(build, SG_FIELD_PERSON_MARITAL, code);
    return office_file(&office);
}

static void assert_marital(unsigned code, unsigned flags)
{
    const struct sg_subject_cell *cell =
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_MARITAL);

    assert_int_equal(cell->value.data[0], code);
    assert_int_equal(cell->flags, flags);
}

/* C16: two values of another field: one stands for the time being, approved
 * before not approved, and the conflict is open until it is settled. Decree
 * 70/2024 Art. 6. */
static void test_c16_value(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref two[2];

    (void)state;
    /* Accepted: one value. */
    two[0] = marital(first, 1);
    assert_marital(1, 0);
    office_assert_conflict(&office, 1, 16, 0, 0);
    /* Disputed: two. The later clock, the approved before it, until settled. */
    two[1] = marital(first, 2);
    assert_marital(2, SG_SUBJECT_CONFLICT);
    office_assert_conflict(&office, 1, 16, SG_SUBJECT_OPEN, 2);
    (void)office_approve(&office, 1, two[0], 2);
    assert_marital(1, SG_SUBJECT_CONFLICT | SG_SUBJECT_APPROVED);
    office.officer = 2;
    (void)office_settle(&office, 1, 4, OFFICE_HOME, 16, SG_FIELD_PERSON_MARITAL,
                        NULL, NULL, 2, two);
    assert_marital(1, SG_SUBJECT_APPROVED);
    office_assert_conflict(&office, 1, 16, SG_SUBJECT_DECIDED, 2);
    office_withdraw(&office, 3);
    /* Refused: one of the two; the other stands, and nobody is asked. */
    (void)office_refuse(&office, 1, two[1], 2);
    assert_marital(1, 0);
    office_assert_conflict(&office, 1, 16, 0, 0);
}

/* --- words, owners, due days ------------------------------------------- */

/* The table in C is the page's: both sentences of each rule that is shown. */
static void test_words_are_the_pages(void **state)
{
    static char page[1 << 18];
    char path[4096], row[512];
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/storage/registry/RECORDS.md",
                   getenv("SG_SOURCE_DIR"));
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof page - 1, file) > 0);
    (void)fclose(file);
    for (unsigned no = 1; no <= SG_CONFLICT_COUNT; no++) {
        const struct sg_conflict_rule *rule = sg_conflict_get(no);

        (void)snprintf(row, sizeof row, "| C%02u | %s |", no, rule->key);
        assert_non_null(strstr(page, row));
        if (rule->english[0] == '\0')
            continue;
        (void)snprintf(row, sizeof row, "| C%02u | %s | %s |\n", no,
                       sg_conflict_text(no, SG_LANG_EN),
                       sg_conflict_text(no, SG_LANG_VI));
        assert_non_null(strstr(page, row));
    }
}

/* The home decides in two working days after the last contender wrote, the
 * province for two residences in seven, the centre about numbers. */
static void test_owner_and_due_day(void **state)
{
    const struct sg_calendar calendar = {0};
    struct sg_subject_conflict conflict = {.rule = 5};
    const struct sg_subject subject = {.unit = {OFFICE_HOME}};
    bool is_provisional = false;

    (void)state;
    /* Friday 2024-05-31, 20:00 UTC, is Saturday in Viet Nam. */
    conflict.since = UINT64_C(1717185600000) << 16;
    assert_int_equal(sg_conflict_due(&conflict, &calendar, &is_provisional).ymd,
                     20240604);
    assert_true(is_provisional);
    assert_int_equal(sg_conflict_owner(office.units, &subject, &conflict).value,
                     OFFICE_HOME);
    conflict.rule = 7;
    assert_int_equal(sg_conflict_due(&conflict, &calendar, &is_provisional).ymd,
                     20240611);
    assert_int_equal(sg_conflict_owner(office.units, &subject, &conflict).value,
                     OFFICE_PROVINCE);
    conflict.rule = 9;
    assert_int_equal(sg_conflict_owner(office.units, &subject, &conflict).value,
                     0);
    conflict.rule = 6;
    assert_int_equal(sg_conflict_due(&conflict, &calendar, &is_provisional).ymd,
                     0);
}

#define OFFICE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(test_c01_same_record),
        OFFICE_TEST(test_c02_causal),
        OFFICE_TEST(test_c03_other_fields),
        OFFICE_TEST(test_c04_same_value),
        OFFICE_TEST(test_c05_identity),
        OFFICE_TEST(test_c05_identity_reopened),
        OFFICE_TEST(test_c05_identity_incompetent),
        OFFICE_TEST(test_c05_identity_erased),
        OFFICE_TEST(test_c05_two_numbers),
        OFFICE_TEST(test_c06_contact),
        OFFICE_TEST(test_c11_approve_refuse),
        OFFICE_TEST(test_c11_erased),
        OFFICE_TEST(test_c16_value),
        OFFICE_TEST(test_words_are_the_pages),
        OFFICE_TEST(test_owner_and_due_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
