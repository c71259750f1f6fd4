/* storage/registry/service/account.h: states, time limits, lapse, locks,
 * basis. */
#include "storage/registry/service/account.h"

#include <string.h>

#include "tests/lib/folded.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

static const struct sg_calendar calendar = {NULL, 0};
static struct folded man;
static size_t card;

/* An account of LEVEL in STATE, requested on Monday 2024-07-01 by somebody of
 * 24 with a card in force. */
static size_t begin(unsigned level, unsigned state)
{
    size_t person, at;

    folded_init(&man);
    person = folded_add(&man, SG_TYPE_PERSON, 0);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 20000315);
    card = folded_add(&man, SG_TYPE_DOSSIER, 8);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_FROM, 20230101);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_UNTIL, 20250315);
    at = folded_add(&man, SG_TYPE_ACCOUNT, state);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_LEVEL, level);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_REQUESTED, 20240701);
    folded_str(&man, at, SG_FIELD_ACCOUNT_PHONE, "0912000001");
    return at;
}

static struct sg_account read_on(size_t at, uint32_t today)
{
    struct sg_account account;

    sg_account_read(&man.subject, &man.objects[at], DAY(today), &calendar,
                    &account);
    return account;
}

/* Each state of 8.6 is shown as such. */
static void test_states(void **state)
{
    static const uint8_t shown[] = {
        SG_ACCOUNT_NONE,     SG_ACCOUNT_REQUESTED, SG_ACCOUNT_ISSUED,
        SG_ACCOUNT_NOTIFIED, SG_ACCOUNT_ACTIVE,    SG_ACCOUNT_LOCKED,
        SG_ACCOUNT_DELETED,  SG_ACCOUNT_NONE,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof shown; i++)
        assert_int_equal(read_on(begin(2, i), 20240701).shown, shown[i]);
}

static void check_issue(unsigned level, bool has_card, uint32_t due,
                        uint32_t after)
{
    size_t at = begin(level, 1);

    if (!has_card)
        man.objects[card].state = 10;
    assert_int_equal(read_on(at, 20240701).issue_due.ymd, due);
    assert_false(read_on(at, due).is_issue_overdue);
    assert_true(read_on(at, after).is_issue_overdue);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ISSUED, due);
    assert_false(read_on(at, 20250101).is_issue_overdue);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ISSUED, after);
    assert_true(read_on(at, 20250101).is_issue_overdue);
}

/* Decree 69/2024 Art. 13: 1, 3 and, without a valid card, 7 worked days. */
static void test_issue_limits(void **state)
{
    (void)state;
    check_issue(1, true, 20240702, 20240703);
    check_issue(2, true, 20240704, 20240705);
    check_issue(2, false, 20240710, 20240711);
}

/* Nobody waits for an account of level 0; what was deleted is waited for no
 * more; before 2024-07-01 there was no such limit. */
static void test_no_issue_limit(void **state)
{
    size_t at;

    (void)state;
    assert_int_equal(read_on(begin(0, 1), 20250101).issue_due.ymd, 0);
    assert_int_equal(read_on(begin(2, 6), 20250101).issue_due.ymd, 0);
    at = begin(2, 1);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_REQUESTED, 20240630);
    assert_int_equal(read_on(at, 20250101).issue_due.ymd, 0);
    assert_false(read_on(at, 20250101).is_issue_overdue);
}

/* Decree 69/2024 Art. 14: 7 days after notice; after them it has lapsed, and
 * can still be activated, late. */
static void test_lapse(void **state)
{
    size_t at = begin(2, 3);

    (void)state;
    assert_int_equal(read_on(at, 20240801).activation_due.ymd, 0);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_NOTIFIED, 20240703);
    assert_int_equal(read_on(at, 20240703).activation_due.ymd, 20240710);
    assert_int_equal(read_on(at, 20240710).shown, SG_ACCOUNT_NOTIFIED);
    assert_int_equal(read_on(at, 20240711).shown, SG_ACCOUNT_LAPSED);
    man.objects[at].state = 4;
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ACTIVATED, 20240710);
    assert_int_equal(read_on(at, 20240801).shown, SG_ACCOUNT_ACTIVE);
    assert_false(read_on(at, 20240801).is_late);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ACTIVATED, 20240711);
    assert_int_equal(read_on(at, 20240801).shown, SG_ACCOUNT_ACTIVE);
    assert_true(read_on(at, 20240801).is_late);
}

/* The decree of 2022 knew no lapse. */
static void test_no_lapse_before(void **state)
{
    size_t at = begin(2, 3);

    (void)state;
    folded_uint(&man, at, SG_FIELD_ACCOUNT_NOTIFIED, 20240630);
    assert_int_equal(read_on(at, 20250101).shown, SG_ACCOUNT_NOTIFIED);
    assert_int_equal(read_on(at, 20250101).activation_due.ymd, 0);
}

/* Law 26/2023 Art. 34: the causes of a lock; death locks without a record. */
static void test_locks(void **state)
{
    (void)state;
    for (unsigned cause = 1; cause <= 5; cause++) {
        size_t at = begin(2, 5);

        folded_uint(&man, at, SG_FIELD_ACCOUNT_LOCK_CAUSE, cause);
        assert_int_equal(read_on(at, 20240801).lock_cause, cause);
        man.objects[at].state = 4; /* unlocked: the old cause says nothing */
        assert_int_equal(read_on(at, 20240801).lock_cause, 0);
    }
    for (unsigned i = 1; i <= 5; i++) {
        size_t at = begin(2, i);

        man.subject.status = SG_SUBJECT_DECEASED;
        assert_int_equal(read_on(at, 20240801).shown, SG_ACCOUNT_LOCKED);
        assert_int_equal(read_on(at, 20240801).lock_cause, 4);
    }
}

/* What was deleted before the holder died stays deleted, and what never had a
 * state has none to lock. */
static void test_death_locks_what_there_is(void **state)
{
    size_t at = begin(2, 6);

    (void)state;
    man.subject.status = SG_SUBJECT_DECEASED;
    assert_int_equal(read_on(at, 20240801).shown, SG_ACCOUNT_DELETED);
    at = begin(2, 0);
    man.subject.status = SG_SUBJECT_DECEASED;
    assert_int_equal(read_on(at, 20240801).shown, SG_ACCOUNT_NONE);
}

/* V14: level 2 stands on a card in force on the day of issue and a phone, which
 * may be the person's. */
static void test_basis(void **state)
{
    size_t at = begin(2, 2);

    (void)state;
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ISSUED, 20240704);
    assert_false(read_on(at, 20260101).is_basis_missing);
    man.objects[card].state = 10;
    assert_true(read_on(at, 20240801).is_basis_missing);
    man.objects[card].state = 8;
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_FROM, 20240704);
    assert_false(read_on(at, 20240801).is_basis_missing);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_FROM, 20240705);
    assert_true(read_on(at, 20240801).is_basis_missing);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_FROM, 20240704);
    folded_nil(&man, at, SG_FIELD_ACCOUNT_PHONE);
    assert_true(read_on(at, 20240801).is_basis_missing);
    folded_str(&man, 0, SG_FIELD_PERSON_PHONE, "0912000002");
    assert_false(read_on(at, 20240801).is_basis_missing);
}

/* Below 14 a guardian is needed, named by the account or by the person. */
static void test_guardian(void **state)
{
    size_t at = begin(1, 1);

    (void)state;
    assert_false(read_on(at, 20240801).is_basis_missing);
    folded_uint(&man, 0, SG_FIELD_PERSON_BIRTH, 20100702);
    assert_true(read_on(at, 20240801).is_basis_missing);
    folded_kin(&man, 0, SG_FIELD_PERSON_GUARDIAN, 9);
    assert_false(read_on(at, 20240801).is_basis_missing);
    folded_nil(&man, 0, SG_FIELD_PERSON_GUARDIAN);
    folded_kin(&man, at, SG_FIELD_ACCOUNT_GUARDIAN, 9);
    assert_false(read_on(at, 20240801).is_basis_missing);
    folded_nil(&man, at, SG_FIELD_ACCOUNT_GUARDIAN);
    man.objects[at].state = 6;
    assert_false(read_on(at, 20240801).is_basis_missing);
}

/* The campaign is the one that the account names. */
static void test_campaign(void **state)
{
    size_t at = begin(2, 4);

    (void)state;
    assert_false(read_on(at, 20240801).has_campaign);
    folded_uid(&man, at, SG_FIELD_ACCOUNT_CAMPAIGN, 77);
    assert_true(read_on(at, 20240801).has_campaign);
    assert_int_equal(read_on(at, 20240801).campaign.bytes[0], 77);
}

/* All is said in both languages, each differently. */
static void test_text(void **state)
{
    (void)state;
    for (int i = 0; i < SG_ACCOUNT_SHOWN_COUNT; i++) {
        enum sg_account_shown shown = (enum sg_account_shown)i;

        assert_string_not_equal(sg_account_text(shown, SG_LANG_EN),
                                sg_account_text(shown, SG_LANG_VI));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(
                sg_account_text(shown, SG_LANG_VI),
                sg_account_text((enum sg_account_shown)k, SG_LANG_VI));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_issue_limits),
        cmocka_unit_test(test_no_issue_limit),
        cmocka_unit_test(test_lapse),
        cmocka_unit_test(test_no_lapse_before),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_death_locks_what_there_is),
        cmocka_unit_test(test_basis),
        cmocka_unit_test(test_guardian),
        cmocka_unit_test(test_campaign),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
