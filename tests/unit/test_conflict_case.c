/* storage/registry/merge: the conflict rules about homes, deaths, numbers,
 * doubles, logs and steps, each by a test named after it, with what is
 * accepted, what is refused and what is disputed; the source above it. Each
 * question is asked of several orders of delivery (office.h). */
#include <string.h>

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

/* C07: two permanent residences are open; the later one is the home for the
 * time being, a unit of level 1 settles it and a commune cannot. Law on
 * Residence 2020 Art. 3, 22. */
static void test_c07_two_permanent(void **state)
{
    struct sg_ref two[2];

    (void)state;
    (void)office_person(&office, 1, 19800912);
    /* Accepted: one. */
    two[0] = office_residence(&office, 1, OFFICE_HOME, 2);
    office_assert_conflict(&office, 1, 7, 0, 0);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_HOME);
    /* Disputed: two, until the province settles it. */
    office.effective.ymd = 20230501;
    two[1] = office_residence(&office, 1, OFFICE_AWAY, 2);
    office_assert_conflict(&office, 1, 7, SG_SUBJECT_OPEN, 2);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_AWAY);
    /* Refused: the word of one of the two communes. */
    office.officer = 2;
    (void)office_settle(&office, 1, 4, OFFICE_HOME, 7, 0, NULL, NULL, 2, two);
    office_assert_conflict(&office, 1, 7, SG_SUBJECT_REOPENED, 2);
    (void)office_settle(&office, 1, 4, OFFICE_PROVINCE, 7, 0, NULL, NULL, 2,
                        two);
    office_assert_conflict(&office, 1, 7, SG_SUBJECT_DECIDED, 2);
    office.officer = 1;
    (void)office_move(&office, SG_TYPE_RESIDENCE, 1, two[1], two[1], 3);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_HOME);
}

/* Says whether DOSSIER stands. */
static void assert_dossier(struct sg_ref dossier, bool stands)
{
    const struct sg_subject_cell *cell =
        office_cell(&office, 1, SG_TYPE_DOSSIER, &dossier, SG_FIELD_DOSSIER_NO);

    assert_true((cell != NULL) == stands);
}

/* C08: what is dated after a death takes no effect and is listed; what ends
 * things does; an annulled death gives it back. Law 26/2023 Art. 34; Residence
 * Art. 24. */
static void test_c08_after_death(void **state)
{
    struct sg_ref dead, before, after;
    struct sg_record_build *build;

    (void)state;
    office.effective.ymd = 20230101;
    (void)office_person(&office, 1, 19800912);
    before = office_dossier(&office, 1);
    /* Accepted: what was before, and what ends it. */
    dead = office_vital(&office, 1, 2, 20230300);
    office.effective.ymd = 20230401;
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, before, before, 12);
    office_assert_conflict(&office, 1, 8, 0, 0);
    assert_dossier(before, true);
    assert_int_equal(sg_subject_find(office_subject(&office, 1),
                                     SG_TYPE_DOSSIER,
                                     SG_BYTES_ARRAY(before.bytes))
                         ->state,
                     12);
    assert_int_equal(office_subject(&office, 1)->status, SG_SUBJECT_DECEASED);
    /* Refused: what begins after it. */
    after = office_dossier(&office, 1);
    office_assert_conflict(&office, 1, 8, SG_SUBJECT_OPEN, 1);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_FROZEN);
    assert_dossier(after, false);
    /* Disputed: the death is annulled; everything comes back. */
    build = office_begin(&office, SG_TYPE_VITAL, 1);
    office_parent(&office, dead);
    sg_record_build_uint(build, SG_FIELD_VITAL_STATE, 6);
    (void)office_file(&office);
    office_assert_conflict(&office, 1, 8, 0, 0);
    assert_dossier(after, true);
}

/* C08: within a month that may be before or after, nothing freezes. */
static void test_c08_after_death_uncertain(void **state)
{
    (void)state;
    (void)office_person(&office, 1, 19800912);
    (void)office_vital(&office, 1, 2, 20230400);
    office.effective.ymd = 20230415;
    (void)office_dossier(&office, 1);
    office_assert_conflict(&office, 1, 8, 0, 0);
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
    /* Accepted: one holder. */
    two[0] = office_pin(&office, 1, NUMBER, 2);
    office_assert_conflict(&office, 1, 9, 0, 0);
    /* Disputed: two, until the centre settles it. */
    two[1] = office_pin(&office, 2, NUMBER, 1);
    office_assert_conflict(&office, 1, 9, SG_SUBJECT_OPEN, 2);
    office_assert_conflict(&office, 2, 9, SG_SUBJECT_OPEN, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 4, OFFICE_PROVINCE, 9, 0, &two[0], NULL, 2,
                        two);
    office_assert_conflict(&office, 1, 9, SG_SUBJECT_DECIDED, 2);
    office_assert_conflict(&office, 2, 9, SG_SUBJECT_DECIDED, 2);
    office_withdraw(&office, 4);
    /* Refused: the word of a commune. A holder who never was holds nothing. */
    (void)office_settle(&office, 1, 4, OFFICE_HOME, 9, 0, &two[0], NULL, 2,
                        two);
    office_assert_conflict(&office, 1, 9, SG_SUBJECT_REOPENED, 2);
    office_withdraw(&office, 4);
    build = office_begin(&office, SG_TYPE_VITAL, 2);
    sg_record_build_uint(build, SG_FIELD_VITAL_STATE, 7);
    sg_record_build_uint(build, SG_FIELD_VITAL_AT, 20230401);
    (void)office_file(&office);
    office_assert_conflict(&office, 1, 9, 0, 0);
    office_assert_conflict(&office, 2, 9, 0, 0);
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
    office_assert_conflict(&office, 1, 17, 0, 0);
    (void)office_person(&office, 2, 19800912);
    (void)office_pin(&office, 2, NUMBER, 2);
    office_assert_conflict(&office, 1, 17, SG_SUBJECT_OPEN, 1);
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
    /* Accepted: too little alike to be listed. */
    (void)duplicate(699);
    office_assert_conflict(&office, 1, 10, 0, 0);
    office_withdraw(&office, 2);
    /* Disputed: alike. */
    pair[0] = duplicate(900);
    office_assert_conflict(&office, 1, 10, SG_SUBJECT_OPEN, 1);
    office_assert_conflict(&office, 2, 10, SG_SUBJECT_OPEN, 1);
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
    office_assert_conflict(&office, 2, 10, 0, 0);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
    /* Refused: they are not the same after all. */
    office.officer = 3;
    (void)office_decide(&office, 1, 8, OFFICE_HOME, 2, pair);
    assert_int_equal(office_subject(&office, 1)->status, SG_SUBJECT_ACTIVE);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
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
    office_assert_conflict(&office, 2, 9, SG_SUBJECT_OPEN, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 7, OFFICE_HOME, 0, 0, NULL, &kept, 1,
                        &pair);
    office_assert_conflict(&office, 1, 9, 0, 0);
    office_assert_conflict(&office, 2, 9, 0, 0);
}

/* C12: what stands above a cut is listed and sets nothing until it is endorsed.
 * D6. */
static void test_c12_revoked(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);

    (void)state;
    /* Accepted: below the cut. */
    office_assert_birth(&office, 19800912, 0);
    office_assert_conflict(&office, 1, 12, 0, 0);
    /* Refused: above it. It sets nothing, and is listed. */
    (void)office_birth(&office, 1, first, 19800921);
    office_last(&office)->is_admitted = false;
    office_last(&office)->is_quarantined = true;
    office_assert_birth(&office, 19800912, 0);
    office_assert_conflict(&office, 1, 12, SG_SUBJECT_OPEN, 1);
    /* Disputed: a superior has looked at it and endorses. */
    office_last(&office)->is_admitted = true;
    office_assert_conflict(&office, 1, 12, 0, 0);
    office_assert_birth(&office, 19800921, 0);
}

/* C13: what the old node writes after its territory was moved is applied,
 * marked, and cleared by the new home. The act of re-homing. */
static void test_c13_re_homed(void **state)
{
    const struct sg_unit_key moved = {OFFICE_HOME};
    const struct sg_territory_cut cut = {.size = 1};
    struct sg_territory_rehome act = {
        .units = &moved, .n_units = 1, .cuts = &cut, .n_cuts = 1};
    struct sg_territory *territory;
    struct sg_ref first, late, clear;

    (void)state;
    memset(act.to.key, 9, sizeof act.to.key);
    assert_ok(sg_territory_new(office.units, &territory));
    assert_ok(sg_territory_rehome(territory, &act));
    office.setup.territory = territory;
    /* Accepted without a mark: index 0, before the cut. */
    first = office_person(&office, 1, 19800912);
    office_assert_conflict(&office, 1, 13, 0, 0);
    /* Disputed: written after it. It is applied, and marked. */
    late = office_birth(&office, 1, first, 19800921);
    office_assert_birth(&office, 19800921, 0);
    office_assert_conflict(&office, 1, 13, SG_SUBJECT_OPEN, 1);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_LATE);
    /* Refused: the old node clears it. That does not end it: its word is late
     * itself. */
    office.officer = 2;
    clear =
        office_settle(&office, 1, 5, OFFICE_HOME, 13, 0, NULL, NULL, 1, &late);
    office_assert_conflict(&office, 1, 13, SG_SUBJECT_OPEN, 1);
    assert_int_equal(
        sg_ref_compare(office_conflict(&office, 1, 13)->contenders, &clear), 0);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_LATE);
    office_withdraw(&office, 2);
    (void)office_settle(&office, 1, 5, OFFICE_HOME, 13, 0, NULL, NULL, 1,
                        &late);
    memset(office_last(&office)->node.key, 9, 32); /* the new node's */
    office_assert_conflict(&office, 1, 13, SG_SUBJECT_DECIDED, 1);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
    sg_territory_free(territory);
}

/* C14: a record of which every copy lies on a fork's branch is applied and
 * marked; a clean copy, or a decision, takes the mark away. D5. */
static void test_c14_forked(void **state)
{
    struct sg_ref first = office_person(&office, 1, 19800912);

    (void)state;
    /* Disputed: on a branch. It is applied, and marked, until somebody who did
     * not write it clears it. */
    office_last(&office)->is_forked = true;
    office_assert_birth(&office, 19800912, 0);
    office_assert_conflict(&office, 1, 14, SG_SUBJECT_OPEN, 1);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_FORKED);
    office.officer = 2;
    (void)office_settle(&office, 1, 5, OFFICE_HOME, 14, 0, NULL, NULL, 1,
                        &first);
    office_assert_conflict(&office, 1, 14, SG_SUBJECT_DECIDED, 1);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
    office_withdraw(&office, 1);
    /* Refused: its writer's own word. */
    office.officer = 1;
    (void)office_settle(&office, 1, 5, OFFICE_HOME, 14, 0, NULL, NULL, 1,
                        &first);
    office_assert_conflict(&office, 1, 14, SG_SUBJECT_REOPENED, 1);
    assert_int_equal(office_subject(&office, 1)->marks, SG_SUBJECT_FORKED);
    office_withdraw(&office, 1);
    /* Accepted: a copy that lies on no branch. */
    office.copies[0].copy.is_forked = false;
    office_assert_conflict(&office, 1, 14, 0, 0);
    assert_int_equal(office_subject(&office, 1)->marks, 0);
}

/* C15: the fold takes what the authority says, and takes it anew when it
 * changes. D6. The rule itself: test_rules_origin.c. */
static void test_c15_tables_in_the_fold(void **state)
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

static void assert_state(struct sg_ref dossier, unsigned state)
{
    const struct sg_subject_object *object =
        sg_subject_find(office_subject(&office, 1), SG_TYPE_DOSSIER,
                        SG_BYTES_ARRAY(dossier.bytes));

    assert_non_null(object);
    assert_int_equal(object->state, state);
}

/* C17: a step that the machine does not know from there sets no state; nor does
 * one by an officer without the role; with a parent that is not held every step
 * is accepted. RECORDS, section 8. */
static void test_c17_transition(void **state)
{
    struct sg_ref dossier, unheld = {{7}};

    (void)state;
    (void)office_person(&office, 1, 19800912);
    dossier = office_dossier(&office, 1);
    /* Accepted. */
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 2);
    assert_state(dossier, 2);
    office_assert_conflict(&office, 1, 17, 0, 0);
    office_withdraw(&office, 2);
    /* Refused. */
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 8);
    office_assert_conflict(&office, 1, 17, SG_SUBJECT_OPEN, 1);
    office.roles = SG_ROLE_CAPTURE;
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 12);
    office_assert_conflict(&office, 1, 17, SG_SUBJECT_OPEN, 2);
    assert_state(dossier, 1);
    /* Disputed: what it builds on has not come yet. */
    (void)office_move(&office, SG_TYPE_DOSSIER, 1, dossier, unheld, 7);
    assert_state(dossier, 7);
    office_assert_conflict(&office, 1, 17, SG_SUBJECT_OPEN, 2);
}

/* C18: two concurrent steps that do not lead to each other: the safer one
 * stands and somebody decides; where one leads to the other there is nothing to
 * decide. RECORDS, section 8. */
static void test_c18_states(void **state)
{
    struct sg_ref dossier, two[2];

    (void)state;
    (void)office_person(&office, 1, 19800912);
    dossier = office_dossier(&office, 1);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 2);
    office_assert_conflict(&office, 1, 18, 0, 0);
    /* Accepted: 2 leads to 12. */
    two[1] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, dossier, 12);
    assert_state(dossier, 12);
    office_assert_conflict(&office, 1, 18, 0, 0);
    /* Disputed: 10 and 12 both end it. */
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 3);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 4);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 6);
    two[0] = office_move(&office, SG_TYPE_DOSSIER, 1, dossier, two[0], 10);
    office_assert_conflict(&office, 1, 18, SG_SUBJECT_OPEN, 2);
    assert_state(dossier, 10);
    /* Refused: the choice of the officer who took one of the steps. */
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 18, SG_FIELD_COMMON_STATE,
                        &dossier, &two[1], 2, two);
    assert_state(dossier, 10);
    office_assert_conflict(&office, 1, 18, SG_SUBJECT_REOPENED, 2);
    office.officer = 2;
    (void)office_settle(&office, 1, 3, OFFICE_HOME, 18, SG_FIELD_COMMON_STATE,
                        &dossier, &two[1], 2, two);
    assert_state(dossier, 12);
    office_assert_conflict(&office, 1, 18, SG_SUBJECT_DECIDED, 2);
}

#define OFFICE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(test_c07_two_permanent),
        OFFICE_TEST(test_c08_after_death),
        OFFICE_TEST(test_c08_after_death_uncertain),
        OFFICE_TEST(test_c09_same_pin),
        OFFICE_TEST(test_c09_same_pin_blocks_cards),
        OFFICE_TEST(test_c10_same_person),
        OFFICE_TEST(test_c10_same_person_shares_number),
        OFFICE_TEST(test_c12_revoked),
        OFFICE_TEST(test_c13_re_homed),
        OFFICE_TEST(test_c14_forked),
        OFFICE_TEST(test_c15_tables_in_the_fold),
        OFFICE_TEST(test_c17_transition),
        OFFICE_TEST(test_c18_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
