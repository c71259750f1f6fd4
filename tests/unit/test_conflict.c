/* storage/registry/merge: every conflict rule by a test named after it, with
 * what is accepted, what is refused and what is disputed; the law above it.
 * Each question is asked of several orders of delivery (office.h). */
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

/* Says what the birth cell of person 1 shows: its value and its flags. */
static void assert_birth(uint64_t value, unsigned flags)
{
    const struct sg_subject_cell *cell =
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    const struct sg_subject_object *person = sg_subject_find(
        office_subject(&office, 1), SG_TYPE_PERSON, (struct sg_bytes){0});

    assert_non_null(cell);
    assert_int_equal(sg_subject_stands_uint(person, SG_FIELD_PERSON_BIRTH, 0),
                     value);
    cell = sg_subject_cell(person, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->flags, flags);
}

static void assert_conflict(unsigned no, unsigned rule, unsigned state,
                            size_t n_contenders)
{
    const struct sg_subject_conflict *conflict =
        office_conflict(&office, no, rule);

    if (state == 0) {
        assert_null(conflict);
        return;
    }
    assert_non_null(conflict);
    assert_int_equal(conflict->state, state);
    assert_int_equal(conflict->n_contenders, n_contenders);
}

/* Approves PARENT as the home's officer 2. */
static struct sg_ref approve(unsigned no, struct sg_ref parent)
{
    struct sg_ref ref;

    office.officer = 2;
    ref = office_decide(&office, no, 1, OFFICE_HOME, 1, &parent);
    office.officer = 1;
    return ref;
}

static struct sg_ref refuse(unsigned no, struct sg_ref parent, uint8_t officer)
{
    struct sg_ref ref;

    office.officer = officer;
    ref = office_decide(&office, no, 2, OFFICE_HOME, 1, &parent);
    office.officer = 1;
    return ref;
}

/* C01: one record filed at two places has one effect. D12. */
static void test_c01_same_record(void **state)
{
    struct sg_state_root once, twice;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_subject(&office, 1);
    sg_register_root_all(office.reg, &once);
    office.copies[1] = office.copies[0];
    office.copies[1].copy.index = 77;
    office.copies[1].copy.record = &office.copies[0].record;
    office.n_copies = 2;
    (void)office_subject(&office, 1);
    sg_register_root_all(office.reg, &twice);
    assert_true(sg_state_root_equal(&once, &twice));
    office.n_copies = 1; /* the second borrowed its bytes */
}

/* C02: what names the other as its parent replaces it, whatever the clocks
 * say. D12. */
static void test_c02_causal(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);

    (void)state;
    office.minutes = 0; /* a clock set back */
    (void)office_birth(&office, 1, first, 19800921);
    assert_birth(19800921, 0);
    assert_conflict(1, 5, 0, 0);
}

/* C03: concurrent changes of different fields are both kept. D12. */
static void test_c03_other_fields(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);

    (void)state;
    (void)office_birth(&office, 1, first, 19800921);
    (void)office_phone(&office, 1, first, "0900000147");
    assert_birth(19800921, 0);
    assert_non_null(
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE));
    assert_int_equal(office_subject(&office, 1)->n_conflicts, 0);
}

/* C04: the same value said twice is one value with two pieces of evidence.
 * D12. */
static void test_c04_same_value(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    const struct sg_subject_cell *cell;

    (void)state;
    (void)office_birth(&office, 1, first, 19800921);
    (void)office_birth(&office, 1, first, 19800921);
    assert_birth(19800921, 0);
    assert_conflict(1, 5, 0, 0);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->n_heads, 2);
}

/* C05, disputed: two offices change one identity field; nobody wins, what was
 * there before stands, until the home commune chooses. Decree 70/2024 Art. 6.
 */
static void test_c05_identity(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref two[2];

    (void)state;
    two[0] = office_birth(&office, 1, first, 19800921);
    two[1] = office_birth(&office, 1, first, 19800930);
    assert_birth(19800912, SG_SUBJECT_CONFLICT);
    assert_conflict(1, 5, SG_SUBJECT_OPEN, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 5, SG_FIELD_PERSON_BIRTH,
                        NULL, &two[1], 2, two);
    assert_birth(19800930, SG_SUBJECT_APPROVED);
    assert_conflict(1, 5, SG_SUBJECT_DECIDED, 2);
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
    assert_birth(19800912, SG_SUBJECT_CONFLICT);
    assert_conflict(1, 5, SG_SUBJECT_REOPENED, 2);
}

/* C05, accepted and refused: what the home commune has approved stands against
 * an unapproved correction, which waits; once refused it is gone. Decree
 * 70/2024 Art. 6. */
static void test_c05_identity_pending(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref change;

    (void)state;
    (void)approve(1, first);
    change = office_birth(&office, 1, first, 19800921);
    assert_birth(19800912, SG_SUBJECT_APPROVED | SG_SUBJECT_PENDING);
    assert_conflict(1, 5, 0, 0);
    (void)refuse(1, change, 2);
    assert_birth(19800912, SG_SUBJECT_APPROVED);
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
    assert_birth(19800912, SG_SUBJECT_CONFLICT);
    assert_conflict(1, 5, SG_SUBJECT_REOPENED, 2);
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
    assert_birth(19800930, SG_SUBJECT_APPROVED);
}

/* C05: two numbers in force at once are a conflict of identity (7.2). Law
 * 26/2023 Art. 12. */
static void test_c05_two_numbers(void **state)
{
    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_pin(&office, 1, NUMBER, 2);
    (void)office_pin(&office, 1, NUMBER + 1, 2);
    assert_conflict(1, 5, SG_SUBJECT_OPEN, 2);
    assert_int_equal(sg_subject_pin(office_subject(&office, 1)), 0);
}

/* C06: a contact field has a winner and no conflict: the larger source class,
 * then the later clock; the loser is kept and shown. Low harm. */
static void test_c06_contact(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    const struct sg_subject_cell *cell;

    (void)state;
    office.source = SG_RECORD_SOURCE_IN_PERSON;
    (void)office_phone(&office, 1, first, "0900000147");
    office.source = SG_RECORD_SOURCE_DECLARED;
    (void)office_phone(&office, 1, first, "0900000258");
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_memory_equal(cell->value.data + 1, "0900000147", 10);
    assert_int_equal(cell->flags, 0);
    assert_int_equal(cell->n_heads, 2);
    office.source = SG_RECORD_SOURCE_IN_PERSON;
    (void)office_phone(&office, 1, first, "0900000369");
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_PHONE);
    assert_memory_equal(cell->value.data + 1, "0900000369", 10);
    assert_int_equal(office_subject(&office, 1)->n_conflicts, 0);
}

/* C07: two permanent residences are open; the later one is the home for the
 * time being, a unit of level 1 settles it and a commune cannot. Law on
 * Residence 2020 Art. 3, 22. */
static void test_c07_two_permanent(void **state)
{
    struct sg_ref two[2];

    (void)state;
    (void)office_person(&office, 1, 19800912);
    two[0] = office_residence(&office, 1, OFFICE_HOME, 2);
    assert_conflict(1, 7, 0, 0);
    office.effective.ymd = 20230501;
    two[1] = office_residence(&office, 1, OFFICE_AWAY, 2);
    assert_conflict(1, 7, SG_SUBJECT_OPEN, 2);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_AWAY);
    office.officer = 2;
    (void)office_settle(&office, 1, 4, OFFICE_HOME, 7, 0, NULL, NULL, 2, two);
    assert_conflict(1, 7, SG_SUBJECT_REOPENED, 2);
    (void)office_settle(&office, 1, 4, OFFICE_PROVINCE, 7, 0, NULL, NULL, 2,
                        two);
    assert_conflict(1, 7, SG_SUBJECT_DECIDED, 2);
    office.officer = 1;
    (void)office_move(&office, SG_TYPE_RESIDENCE, 1, two[1], two[1], 3);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_HOME);
}

/* C08: what is dated after a death takes no effect and is listed; what ends
 * things does; an annulled death gives it back. Law 26/2023 Art. 34; Residence
 * Art. 24. */
static void test_c08_after_death(void **state)
{
    struct sg_ref dead, dossier;
    struct sg_record_build *build;

    (void)state;
    office.effective.ymd = 20230101;
    (void)office_person(&office, 1, 19800912);
    office.effective.ymd = 20230401;
    dead = office_vital(&office, 1, 2, 20230300);
    dossier = office_dossier(&office, 1);
    assert_conflict(1, 8, SG_SUBJECT_OPEN, 1);
    assert_int_equal(office_subject(&office, 1)->status, SG_SUBJECT_DECEASED);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_FROZEN);
    assert_null(office_cell(&office, 1, SG_TYPE_DOSSIER, &dossier,
                            SG_FIELD_DOSSIER_NO));
    build = office_begin(&office, SG_TYPE_VITAL, 1);
    office_parent(&office, dead);
    sg_record_build_uint(build, SG_FIELD_VITAL_STATE, 6);
    (void)office_file(&office);
    assert_conflict(1, 8, 0, 0);
    assert_non_null(office_cell(&office, 1, SG_TYPE_DOSSIER, &dossier,
                                SG_FIELD_DOSSIER_NO));
}

/* C08: within a month that may be before or after, nothing freezes. */
static void test_c08_after_death_uncertain(void **state)
{
    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_vital(&office, 1, 2, 20230400);
    office.effective.ymd = 20230415;
    (void)office_dossier(&office, 1);
    assert_conflict(1, 8, 0, 0);
}

/* C09: one number with two persons flags both, for the centre; one of them is
 * void, or they are linked as one, and it is over. Circ. 59/2021 Art. 6. */
static void test_c09_same_pin(void **state)
{
    struct sg_ref two[2];
    struct sg_record_build *build;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_person(&office, 2, 19800912);
    two[0] = office_pin(&office, 1, NUMBER, 2);
    assert_conflict(1, 9, 0, 0);
    two[1] = office_pin(&office, 2, NUMBER, 1);
    assert_conflict(1, 9, SG_SUBJECT_OPEN, 2);
    assert_conflict(2, 9, SG_SUBJECT_OPEN, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 4, OFFICE_PROVINCE, 9, 0, &two[0], NULL, 2,
                        two);
    assert_conflict(1, 9, SG_SUBJECT_DECIDED, 2);
    assert_conflict(2, 9, SG_SUBJECT_DECIDED, 2);
    office.n_copies--;
    sg_free((void *)(uintptr_t)office.copies[office.n_copies].payload.data);
    build = office_begin(&office, SG_TYPE_VITAL, 2);
    sg_record_build_uint(build, SG_FIELD_VITAL_STATE, 7);
    sg_record_build_uint(build, SG_FIELD_VITAL_AT, 20230401);
    (void)office_file(&office);
    assert_conflict(1, 9, 0, 0);
    assert_conflict(2, 9, 0, 0);
}

/* C09: while it is open no card is made; before, its steps are legal. */
static void test_c09_same_pin_blocks_cards(void **state)
{
    struct sg_ref dossier, last;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_pin(&office, 1, NUMBER, 2);
    dossier = last = office_dossier(&office, 1);
    for (unsigned step = 2; step <= 4; step++)
        last = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, last, step);
    assert_conflict(1, 17, 0, 0);
    (void)office_person(&office, 2, 19800912);
    (void)office_pin(&office, 2, NUMBER, 2);
    assert_conflict(1, 17, SG_SUBJECT_OPEN, 1);
    assert_int_equal(sg_subject_find(office_subject(&office, 1),
                                     SG_TYPE_DOSSIER,
                                     SG_BYTES_ARRAY(dossier.bytes))
                         ->state,
                     3);
}

static struct sg_ref duplicate(unsigned score)
{
    struct sg_uid other = office_uid(2);
    struct sg_record_build *build = office_begin(&office, SG_TYPE_DUPLICATE, 1);

    sg_record_build_bin(build, SG_FIELD_DUPLICATE_OTHER,
                        SG_BYTES_ARRAY(other.bytes));
    sg_record_build_uint(build, SG_FIELD_DUPLICATE_SCORE, score);
    sg_record_build_uint(build, SG_FIELD_DUPLICATE_BY, 1);
    return office_file(&office);
}

/* C10: a likely pair is listed for both; *same* links and deletes nothing, and
 * *different* brings back. Decree 70/2024 Art. 6. */
static void test_c10_same_person(void **state)
{
    struct sg_ref pair[2];
    struct sg_uid keep = office_uid(2);
    struct sg_ref kept;

    (void)state;
    memcpy(kept.bytes, keep.bytes, sizeof kept.bytes);
    (void)office_person(&office, 1, 19800912);
    (void)office_person(&office, 2, 19800912);
    pair[0] = duplicate(699);
    assert_conflict(1, 10, 0, 0);
    (void)duplicate(900);
    office.n_copies = 2;
    sg_free((void *)(uintptr_t)office.copies[2].payload.data);
    sg_free((void *)(uintptr_t)office.copies[3].payload.data);
    pair[0] = duplicate(900);
    assert_conflict(1, 10, SG_SUBJECT_OPEN, 1);
    assert_conflict(2, 10, SG_SUBJECT_OPEN, 1);
    assert_true(office_conflict(&office, 2, 10)->since > 0);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_DUPLICATE);
    assert_int_equal(office_subject(&office, 2)->marks, SG_SUBJECT_DUPLICATE);
    office.officer = 2;
    pair[1] =
        office_settle(&office, 1, 7, OFFICE_HOME, 0, 0, NULL, &kept, 1, pair);
    assert_int_equal(office_subject(&office, 1)->status, SG_SUBJECT_MERGED);
    assert_int_equal(
        sg_uid_compare(&office_subject(&office, 1)->canonical, &keep), 0);
    assert_int_equal(office_subject(&office, 2)->status, SG_SUBJECT_ACTIVE);
    assert_conflict(2, 10, 0, 0);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
    office.officer = 3;
    (void)office_decide(&office, 1, 8, OFFICE_HOME, 2, pair);
    assert_int_equal(office_subject(&office, 1)->status, SG_SUBJECT_ACTIVE);
}

/* C10: one number with two entries of one person is no conflict (C09). */
static void test_c10_same_person_shares_number(void **state)
{
    struct sg_ref pair, kept;
    struct sg_uid keep = office_uid(1);

    (void)state;
    memcpy(kept.bytes, keep.bytes, sizeof kept.bytes);
    (void)office_person(&office, 1, 19800912);
    (void)office_person(&office, 2, 19800912);
    (void)office_pin(&office, 1, NUMBER, 2);
    (void)office_pin(&office, 2, NUMBER, 2);
    pair = duplicate(900);
    assert_conflict(2, 9, SG_SUBJECT_OPEN, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 7, OFFICE_HOME, 0, 0, NULL, &kept, 1,
                        &pair);
    assert_conflict(1, 9, 0, 0);
    assert_conflict(2, 9, 0, 0);
}

/* C11: one approves and another refuses, neither knowing of the other: the
 * refusal blocks and the superior is asked; his ruling, which names both, ends
 * it. The safe side. */
static void test_c11_approve_refuse(void **state)
{
    struct sg_ref all[3];

    (void)state;
    all[0] = office_person(&office, 1, 19800912);
    all[1] = approve(1, all[0]);
    assert_birth(19800912, SG_SUBJECT_APPROVED);
    all[2] = refuse(1, all[0], 3);
    assert_conflict(1, 11, SG_SUBJECT_OPEN, 2);
    assert_null(
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH));
    office.officer = 4;
    (void)office_decide(&office, 1, 1, OFFICE_PROVINCE, 3, all);
    assert_birth(19800912, SG_SUBJECT_APPROVED);
    assert_conflict(1, 11, 0, 0);
}

/* C11: nobody quarrels about a record that an order has erased. D18. */
static void test_c11_erased(void **state)
{
    struct sg_ref erased = {{7}};

    (void)state;
    office.setup.bridge = bridge_nothing;
    office.setup.context = &erased;
    (void)approve(1, erased);
    (void)refuse(1, erased, 3);
    assert_conflict(1, 11, 0, 0);
}

/* C12: what stands above a cut is listed and sets nothing until it is endorsed.
 * D6. */
static void test_c12_revoked(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);

    (void)state;
    (void)office_birth(&office, 1, first, 19800921);
    office_last(&office)->is_admitted = false;
    office_last(&office)->is_quarantined = true;
    assert_conflict(1, 12, SG_SUBJECT_OPEN, 1);
    assert_birth(19800912, 0);
    office_last(&office)->is_admitted = true; /* endorsed */
    assert_conflict(1, 12, 0, 0);
    assert_birth(19800921, 0);
}

/* C13: what the old node writes after its territory was moved is applied,
 * marked, and cleared by the new home. The act of re-homing. */
static void test_c13_rehomed(void **state)
{
    const struct sg_unit_key moved = {OFFICE_HOME};
    const struct sg_territory_cut cut = {.size = 1};
    struct sg_territory_rehome act = {
        .units = &moved, .n_units = 1, .cuts = &cut, .n_cuts = 1};
    struct sg_territory *territory;
    struct sg_ref first, late;

    (void)state;
    memset(act.to.key, 9, sizeof act.to.key);
    assert_ok(sg_territory_new(office.units, &territory));
    assert_ok(sg_territory_rehome(territory, &act));
    office.setup.territory = territory;
    first = office_person(&office, 1, 19800912); /* index 0: before the cut */
    assert_conflict(1, 13, 0, 0);
    late = office_birth(&office, 1, first, 19800921);
    assert_birth(19800921, 0);
    assert_conflict(1, 13, SG_SUBJECT_OPEN, 1);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_LATE);
    office.officer = 2;
    (void)office_settle(&office, 1, 5, OFFICE_HOME, 13, 0, NULL, NULL, 1,
                        &late);
    memset(office_last(&office)->node.key, 9, 32); /* the new node's */
    assert_conflict(1, 13, SG_SUBJECT_DECIDED, 1);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
    sg_territory_free(territory);
}

/* C14: a record of which every copy lies on a fork's branch is applied and
 * marked; a clean copy, or a decision, takes the mark away. D5. */
static void test_c14_forked(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);

    (void)state;
    office_last(&office)->is_forked = true;
    assert_birth(19800912, 0);
    assert_conflict(1, 14, SG_SUBJECT_OPEN, 1);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_FORKED);
    office.officer = 2;
    (void)office_settle(&office, 1, 5, OFFICE_HOME, 14, 0, NULL, NULL, 1,
                        &first);
    assert_conflict(1, 14, SG_SUBJECT_DECIDED, 1);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
    office.copies[0].copy.is_forked = false;
    office.n_copies = 1;
    sg_free((void *)(uintptr_t)office.copies[1].payload.data);
    assert_conflict(1, 14, 0, 0);
}

/* C15: of two statements of the authority in one slot the later serial stands:
 * storage/registry/authority.h, tests/unit/test_authority.c. Here: the fold
 * takes what the authority says, and takes it anew when it changes. D6. */
static void test_c15_tables(void **state)
{
    struct sg_register_setup later;
    struct sg_state_root before, after;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_residence(&office, 1, OFFICE_HOME, 2);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_HOME);
    later = office.setup;
    later.world.as_of.ymd = 20250301;
    sg_register_root_all(office.reg, &before);
    assert_ok(sg_register_set(office.reg, &later));
    assert_ok(sg_register_settle(office.reg));
    sg_register_root_all(office.reg, &after);
    assert_false(sg_state_root_equal(&before, &after));
    office.setup = later;
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_NEXT);
}

static struct sg_ref marital(struct sg_ref parent, unsigned code)
{
    struct sg_record_build *build = office_begin(&office, SG_TYPE_PERSON, 1);

    office_parent(&office, parent);
    sg_record_build_uint(build, SG_FIELD_PERSON_MARITAL, code);
    return office_file(&office);
}

/* C16: two values of another field: one stands for the time being, approved
 * before not approved, and the conflict is open until it is settled. Decree
 * 70/2024 Art. 6. */
static void test_c16_value(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);
    struct sg_ref two[2];
    const struct sg_subject_cell *cell;

    (void)state;
    two[0] = marital(first, 1);
    two[1] = marital(first, 2);
    cell =
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_MARITAL);
    assert_int_equal(cell->value.data[0], 2); /* the later clock */
    assert_int_equal(cell->flags, SG_SUBJECT_CONFLICT);
    assert_conflict(1, 16, SG_SUBJECT_OPEN, 2);
    (void)approve(1, two[0]);
    cell =
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_MARITAL);
    assert_int_equal(cell->value.data[0], 1);
    assert_int_equal(cell->flags, SG_SUBJECT_CONFLICT | SG_SUBJECT_APPROVED);
    office.officer = 2;
    (void)office_settle(&office, 1, 4, OFFICE_HOME, 16, SG_FIELD_PERSON_MARITAL,
                        NULL, NULL, 2, two);
    cell =
        office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_MARITAL);
    assert_int_equal(cell->flags, SG_SUBJECT_APPROVED);
    assert_conflict(1, 16, SG_SUBJECT_DECIDED, 2);
}

/* C17: a step that the machine does not know from there sets no state; nor does
 * one by an officer without the role; with a parent that is not held every step
 * is accepted. Section 8. */
static void test_c17_transition(void **state)
{
    struct sg_ref dossier, unheld = {{7}};
    const struct sg_subject_object *object;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    dossier = office_dossier(&office, 1);
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 8);
    assert_conflict(1, 17, SG_SUBJECT_OPEN, 1);
    office.roles = SG_ROLE_CAPTURE;
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 12);
    assert_conflict(1, 17, SG_SUBJECT_OPEN, 2);
    object = sg_subject_find(office_subject(&office, 1), SG_TYPE_DOSSIER,
                             SG_BYTES_ARRAY(dossier.bytes));
    assert_int_equal(object->state, 1);
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, unheld, 7);
    object = sg_subject_find(office_subject(&office, 1), SG_TYPE_DOSSIER,
                             SG_BYTES_ARRAY(dossier.bytes));
    assert_int_equal(object->state, 7);
}

/* C18: two concurrent steps that do not lead to each other: the safer one
 * stands and somebody decides; where one leads to the other there is nothing to
 * decide. Section 8. */
static void test_c18_states(void **state)
{
    struct sg_ref dossier, two[2];
    const struct sg_subject_object *object;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    dossier = office_dossier(&office, 1);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 2);
    assert_conflict(1, 18, 0, 0);
    two[1] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 12);
    assert_conflict(1, 18, 0, 0); /* 2 -> 12 */
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 3);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 4);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 6);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 10);
    assert_conflict(1, 18, SG_SUBJECT_OPEN, 2);
    object = sg_subject_find(office_subject(&office, 1), SG_TYPE_DOSSIER,
                             SG_BYTES_ARRAY(dossier.bytes));
    assert_int_equal(object->state, 10);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 18, SG_FIELD_COMMON_STATE,
                        &dossier, &two[1], 2, two);
    object = sg_subject_find(office_subject(&office, 1), SG_TYPE_DOSSIER,
                             SG_BYTES_ARRAY(dossier.bytes));
    assert_int_equal(object->state, 12);
    assert_conflict(1, 18, SG_SUBJECT_DECIDED, 2);
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
        OFFICE_TEST(test_c05_identity_pending),
        OFFICE_TEST(test_c05_identity_incompetent),
        OFFICE_TEST(test_c05_identity_erased),
        OFFICE_TEST(test_c05_two_numbers),
        OFFICE_TEST(test_c06_contact),
        OFFICE_TEST(test_c07_two_permanent),
        OFFICE_TEST(test_c08_after_death),
        OFFICE_TEST(test_c08_after_death_uncertain),
        OFFICE_TEST(test_c09_same_pin),
        OFFICE_TEST(test_c09_same_pin_blocks_cards),
        OFFICE_TEST(test_c10_same_person),
        OFFICE_TEST(test_c10_same_person_shares_number),
        OFFICE_TEST(test_c11_approve_refuse),
        OFFICE_TEST(test_c11_erased),
        OFFICE_TEST(test_c12_revoked),
        OFFICE_TEST(test_c13_rehomed),
        OFFICE_TEST(test_c14_forked),
        OFFICE_TEST(test_c15_tables),
        OFFICE_TEST(test_c16_value),
        OFFICE_TEST(test_c17_transition),
        OFFICE_TEST(test_c18_states),
        OFFICE_TEST(test_words_are_the_pages),
        OFFICE_TEST(test_owner_and_due_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
