/* storage/registry/rules_state.h: one test for each rule of scope state, with
 * what is accepted, what is refused (it fails; nothing is unapplied) and what
 * is disputed: not known, or contradicted; its source above it. */
#include <string.h>

#include "storage/registry/rules_state.h"
#include "tests/lib/test.h"
#include "tests/unit/office.h"

#define DAY(n) ((struct sg_date){n})
#define NEVER  DAY(0)

static const struct sg_uid lan = {{1}}, mai = {{2}};

/* Ages count whole years; a leap day is the 28th in other years. */
static void test_ages(void **state)
{
    (void)state;
    assert_int_equal(sg_rules_age(DAY(20000315), DAY(20140314)), 13);
    assert_int_equal(sg_rules_age(DAY(20000315), DAY(20140315)), 14);
    assert_int_equal(sg_rules_age(DAY(20000229), DAY(20140227)), 13);
    assert_int_equal(sg_rules_age(DAY(20000229), DAY(20140228)), 14);
    assert_int_equal(sg_rules_age(DAY(20000229), DAY(20160228)), 15);
    assert_int_equal(sg_rules_age(DAY(20000229), DAY(20160229)), 16);
    assert_int_equal(sg_rules_age(DAY(20000000), DAY(20140101)), 14);
    assert_int_equal(sg_rules_age(DAY(20000102), DAY(20000101)), -1);
    assert_int_equal(sg_rules_age(DAY(20000101), DAY(20000101)), 0);
}

/* V01. Decree 137/2015 Art. 13; Circ. 07/2016, 59/2021: digit 4 says sex and
 * century, 5 and 6 the year. */
static void test_v01_pin_structure(void **state)
{
    const uint64_t number = 38188000001;

    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v01(number, SG_SEX_FEMALE, DAY(19880315)),
                     SG_RULES_PASS);
    /* Refused. */
    assert_int_equal(sg_rules_v01(number, SG_SEX_MALE, DAY(19880315)),
                     SG_RULES_FAIL);
    assert_int_equal(sg_rules_v01(number, SG_SEX_FEMALE, DAY(19890315)),
                     SG_RULES_FAIL);
    assert_int_equal(sg_rules_v01(number, SG_SEX_FEMALE, DAY(20880315)),
                     SG_RULES_FAIL);
    /* Disputed: of two sexes or birthdays none stands, so nothing is said;
     * what does stand may already contradict it. */
    assert_int_equal(sg_rules_v01(number, SG_SEX_UNKNOWN, DAY(19880315)),
                     SG_RULES_UNKNOWN);
    assert_int_equal(sg_rules_v01(number, SG_SEX_FEMALE, NEVER),
                     SG_RULES_UNKNOWN);
    assert_int_equal(sg_rules_v01(number, SG_SEX_MALE, NEVER), SG_RULES_FAIL);
    assert_int_equal(sg_rules_v01(0, SG_SEX_MALE, DAY(19880315)),
                     SG_RULES_NOT_APPLICABLE);
}

/* V02. Circ. 59/2021 Art. 4, 6: digits 1 to 3 are the province of birth
 * registration. */
static void test_v02_pin_province(void **state)
{
    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v02(38188000001, 38), SG_RULES_PASS);
    /* Refused. */
    assert_int_equal(sg_rules_v02(38188000001, 1), SG_RULES_FAIL);
    /* Disputed: the place is not known, or the number is a test's. */
    assert_int_equal(sg_rules_v02(38188000001, 0), SG_RULES_UNKNOWN);
    assert_int_equal(sg_rules_v02(999188000001, 38), SG_RULES_NOT_APPLICABLE);
}

/* V03. Law 26/2023 Art. 12: a number is one person's for ever; a cancelled one
 * is nobody's again. */
static void test_v03_pin_unique(void **state)
{
    const struct sg_rules_holder alone[] = {{lan, 2, false}};
    const struct sg_rules_holder both[] = {{lan, 2, false}, {mai, 1, false}};
    const struct sg_rules_holder linked[] = {{lan, 2, false}, {lan, 2, false}};
    const struct sg_rules_holder once[] = {{lan, 3, false}, {mai, 2, false}};
    const struct sg_rules_holder again[] = {{lan, 3, false}, {lan, 2, false}};
    const struct sg_rules_holder gone[] = {{lan, 3, false}, {mai, 3, false}};
    const struct sg_rules_holder error[] = {{lan, 2, false}, {mai, 2, true}};

    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v03(5, alone, 1), SG_RULES_PASS);
    /* Refused. */
    assert_int_equal(sg_rules_v03(5, both, 2), SG_RULES_FAIL);
    assert_int_equal(sg_rules_v03(5, once, 2), SG_RULES_FAIL);
    assert_int_equal(sg_rules_v03(5, again, 2), SG_RULES_FAIL);
    /* Disputed: two entries of one person, or one that never was. */
    assert_int_equal(sg_rules_v03(5, linked, 2), SG_RULES_PASS);
    assert_int_equal(sg_rules_v03(5, error, 2), SG_RULES_PASS);
    assert_int_equal(sg_rules_v03(5, gone, 2), SG_RULES_PASS);
    assert_int_equal(sg_rules_v03(0, both, 2), SG_RULES_NOT_APPLICABLE);
}

/* V05. DC01 guidance: registered with the year alone, but no card without the
 * day. */
static void test_v05_birth_date(void **state)
{
    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v05(DAY(19540507)), SG_RULES_PASS);
    /* Refused: a card, not the registration. */
    assert_int_equal(sg_rules_v05(DAY(19540500)), SG_RULES_FAIL);
    assert_int_equal(sg_rules_v05(DAY(19540000)), SG_RULES_FAIL);
    /* Disputed: of two birthdays none stands. */
    assert_int_equal(sg_rules_v05(NEVER), SG_RULES_UNKNOWN);
}

static enum sg_rules_severity v09(const struct sg_rules_residence *residences,
                                  size_t count)
{
    enum sg_rules_severity severity;
    enum sg_rules_verdict verdict = sg_rules_v09(residences, count, &severity);

    assert_int_equal(verdict == SG_RULES_PASS, severity == SG_RULES_OFF);
    return severity;
}

/* V09. Law on Residence 2020 Art. 3, 27: one permanent residence, and at most
 * one temporary, of 30 days to 2 years. */
static void test_v09_residence(void **state)
{
    const struct sg_rules_residence fine[] = {
        {1, true, {20200101}, {0}},
        {2, true, {20250101}, {20270101}},
        {3, true, {20250101}, {0}},
        {1, false, {20100101}, {20200101}},
    };
    const struct sg_rules_residence two[] = {{1, true, {20200101}, {0}},
                                             {1, true, {20210101}, {0}}};
    const struct sg_rules_residence twice[] = {
        {2, true, {20250101}, {20260101}}, {2, true, {20250101}, {20260101}}};
    const struct sg_rules_residence longer[] = {
        {2, true, {20250101}, {20270102}}};
    const struct sg_rules_residence shorter[] = {
        {2, true, {20250101}, {20250130}}};
    const struct sg_rules_residence month[] = {
        {2, true, {20250101}, {20250131}}};
    const struct sg_rules_residence open[] = {{2, true, {20200101}, {0}}};

    (void)state;
    /* Accepted. */
    assert_int_equal(v09(fine, 4), SG_RULES_OFF);
    assert_int_equal(v09(month, 1), SG_RULES_OFF);
    /* Refused: that is, flagged. */
    assert_int_equal(v09(twice, 2), SG_RULES_FLAG);
    assert_int_equal(v09(longer, 1), SG_RULES_FLAG);
    assert_int_equal(v09(shorter, 1), SG_RULES_FLAG);
    /* Disputed: two homes are a conflict (C07); an end not known is not judged.
     */
    assert_int_equal(v09(two, 2), SG_RULES_CONFLICT);
    assert_int_equal(v09(open, 1), SG_RULES_OFF);
}

/* V10, plausibility: parents are older by 12 to 60 (mother) or 80 years
 * (father), and spouses name each other. */
static void test_v10_kin_ages(void **state)
{
    static const struct {
        enum sg_rules_kin kin;
        uint32_t parent, child;
        enum sg_rules_verdict verdict;
    } cases[] = {
        /* Accepted. */
        {SG_RULES_MOTHER, 19700101, 19820101, SG_RULES_PASS},
        {SG_RULES_MOTHER, 19200101, 19801231, SG_RULES_PASS},
        {SG_RULES_FATHER, 19200101, 19810101, SG_RULES_PASS},
        /* Refused. */
        {SG_RULES_MOTHER, 19700101, 19811231, SG_RULES_FAIL},
        {SG_RULES_MOTHER, 19200101, 19810101, SG_RULES_FAIL},
        {SG_RULES_FATHER, 19200101, 20010101, SG_RULES_FAIL},
        {SG_RULES_MOTHER, 20200101, 19900101, SG_RULES_FAIL},
        /* Disputed: not known, or not to the day; then its first day. */
        {SG_RULES_MOTHER, 0, 19900101, SG_RULES_UNKNOWN},
        {SG_RULES_MOTHER, 19700101, 0, SG_RULES_UNKNOWN},
        {SG_RULES_MOTHER, 19700000, 19820101, SG_RULES_PASS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sg_rules_v10_parent(cases[i].kin, DAY(cases[i].parent),
                                             DAY(cases[i].child)),
                         cases[i].verdict);
    assert_int_equal(sg_rules_v10_spouse(&lan, &lan), SG_RULES_PASS);
    assert_int_equal(sg_rules_v10_spouse(&lan, &mai), SG_RULES_FAIL);
    assert_int_equal(sg_rules_v10_spouse(&lan, NULL), SG_RULES_UNKNOWN);
}

/* V11. Law 26/2023 Art. 19, 23, 24; Law 59/2014 Art. 19: biometrics from 6, a
 * guardian up to 13, one's own hand from 14; before 2024-07-01 no card below
 * 14. */
static void test_v11_dossier_age(void **state)
{
    static const struct {
        struct sg_rules_dossier dossier;
        enum sg_rules_verdict verdict;
    } cases[] = {
        /* Accepted. */
        {{{20250101}, {20200101}, false, true, 2}, SG_RULES_PASS},
        {{{20250101}, {20190101}, true, true, 2}, SG_RULES_PASS},
        {{{20250101}, {20110101}, true, false, 1}, SG_RULES_PASS},
        {{{20250101}, {20110102}, true, true, 2}, SG_RULES_PASS},
        /* Refused. */
        {{{20250101}, {20200101}, true, true, 2}, SG_RULES_FAIL},
        {{{20250101}, {20190101}, true, false, 1}, SG_RULES_FAIL},
        {{{20250101}, {20110101}, true, true, 2}, SG_RULES_FAIL},
        /* Disputed: who signed, or the birthday, is not known. */
        {{{20250101}, {20110101}, true, true, 0}, SG_RULES_UNKNOWN},
        {{{20250101}, {0}, true, true, 1}, SG_RULES_UNKNOWN},
        /* The campaign of 2023 stood under the law of 2014. */
        {{{20230618}, {20090618}, true, false, 1}, SG_RULES_PASS},
        {{{20230618}, {20090619}, true, true, 2}, SG_RULES_FAIL},
        {{{20240630}, {20150101}, true, true, 2}, SG_RULES_FAIL},
        {{{20240701}, {20150101}, true, true, 2}, SG_RULES_PASS},
        {{{20151231}, {19800101}, true, false, 1}, SG_RULES_NOT_APPLICABLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sg_rules_v11(&cases[i].dossier), cases[i].verdict);
}

/* V12. Law 26/2023 Art. 21; Law 59/2014 Art. 21: a card ends at 14, 25, 40 or
 * 60, or at the next of these when issued within two years before; then it is
 * for life. The law of 2014 knew no 14. */
static void test_v12_card_expiry(void **state)
{
    static const struct {
        uint32_t birth, issued, until;
    } cases[] = {
        {20150310, 20240701, 20290310}, {20150310, 20270309, 20290310},
        {20150310, 20270310, 20400310}, {20150310, 20290310, 20400310},
        {20000310, 20240701, 20400310}, {20000310, 20230309, 20250310},
        {20000310, 20230310, 20400310}, {19880315, 20250702, 20280315},
        {19660101, 20250702, 99991231}, {19640101, 20240101, 99991231},
        {20000229, 20200101, 20250228}, {20100101, 20230618, 20350101},
        {20000310, 20151231, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(
            sg_rules_card_until(DAY(cases[i].birth), DAY(cases[i].issued)).ymd,
            cases[i].until);
    /* Accepted. */
    assert_int_equal(sg_rules_v12(DAY(20150310), DAY(20240701), DAY(20290310)),
                     SG_RULES_PASS);
    /* Refused: that is, flagged. */
    assert_int_equal(sg_rules_v12(DAY(20150310), DAY(20240701), DAY(20400310)),
                     SG_RULES_FAIL);
    /* Disputed: a date is not known; there was no such card. */
    assert_int_equal(sg_rules_v12(DAY(20150300), DAY(20240701), DAY(20290310)),
                     SG_RULES_UNKNOWN);
    assert_int_equal(sg_rules_v12(DAY(20150310), DAY(20240701), NEVER),
                     SG_RULES_UNKNOWN);
    assert_int_equal(sg_rules_v12(DAY(20000310), DAY(20151231), DAY(20250310)),
                     SG_RULES_NOT_APPLICABLE);
}

/* V13. Law 26/2023 Art. 34; Residence Art. 24: nothing begins after death. What
 * may have been before it is left alone. */
static void test_v13_after_death(void **state)
{
    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v13(DAY(20250702), DAY(20250703)), SG_RULES_PASS);
    assert_int_equal(sg_rules_v13(DAY(20250703), DAY(20250703)), SG_RULES_PASS);
    assert_int_equal(sg_rules_v13(DAY(20250702), NEVER),
                     SG_RULES_NOT_APPLICABLE);
    /* Refused. */
    assert_int_equal(sg_rules_v13(DAY(20250704), DAY(20250703)), SG_RULES_FAIL);
    assert_int_equal(sg_rules_v13(DAY(20250801), DAY(20250700)), SG_RULES_FAIL);
    /* Disputed: the month alone is known of one of them, or nothing. */
    assert_int_equal(sg_rules_v13(DAY(20250700), DAY(20250703)), SG_RULES_PASS);
    assert_int_equal(sg_rules_v13(DAY(20250731), DAY(20250700)), SG_RULES_PASS);
    assert_int_equal(sg_rules_v13(NEVER, DAY(20250703)), SG_RULES_UNKNOWN);
}

/* V14. Decree 69/2024 Art. 10: level 2 needs a card in force and a phone of
 * one's own; below 14 a guardian. */
static void test_v14_account_basis(void **state)
{
    const struct sg_rules_account good = {.level = 2,
                                          .requested = {20250101},
                                          .birth = {19880315},
                                          .card_from = {20210101},
                                          .card_until = {20280315},
                                          .has_phone = true};
    struct sg_rules_account account = good;

    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v14(&account), SG_RULES_PASS);
    account.card_until = account.requested;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_PASS);
    account = good;
    account.birth = DAY(20150101);
    account.has_guardian = true;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_PASS);
    /* Refused. */
    account.has_guardian = false;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_FAIL);
    account = good;
    account.has_phone = false;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_FAIL);
    account = good;
    account.card_until = DAY(20241231);
    assert_int_equal(sg_rules_v14(&account), SG_RULES_FAIL);
    account = good;
    account.card_from = NEVER;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_FAIL);
    /* Disputed: the birthday is not known; level 1, and the decree of 2022,
     * asked for other things. */
    account = good;
    account.birth = NEVER;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_UNKNOWN);
    account = good;
    account.level = 1;
    account.has_phone = false;
    assert_int_equal(sg_rules_v14(&account), SG_RULES_NOT_APPLICABLE);
    account.level = 2;
    account.requested = DAY(20240630);
    assert_int_equal(sg_rules_v14(&account), SG_RULES_NOT_APPLICABLE);
}

/* V15. Decree 69/2024 Art. 14: activated within 7 days of notice, else by the
 * late path. */
static void test_v15_account_activation(void **state)
{
    (void)state;
    /* Accepted. */
    assert_int_equal(sg_rules_v15(DAY(20250101), DAY(20250108), DAY(20260101)),
                     SG_RULES_PASS);
    assert_int_equal(sg_rules_v15(DAY(20250101), NEVER, DAY(20250108)),
                     SG_RULES_PASS);
    /* Refused: that is, flagged. */
    assert_int_equal(sg_rules_v15(DAY(20250101), DAY(20250109), DAY(20260101)),
                     SG_RULES_FAIL);
    assert_int_equal(sg_rules_v15(DAY(20250101), NEVER, DAY(20250109)),
                     SG_RULES_FAIL);
    /* Disputed: nobody knows of a notice, or it is older than the decree. */
    assert_int_equal(sg_rules_v15(NEVER, NEVER, DAY(20250109)),
                     SG_RULES_NOT_APPLICABLE);
    assert_int_equal(sg_rules_v15(NEVER, DAY(20250109), DAY(20250109)),
                     SG_RULES_NOT_APPLICABLE);
    assert_int_equal(sg_rules_v15(DAY(20230301), NEVER, DAY(20250109)),
                     SG_RULES_NOT_APPLICABLE);
}

/* V16. Circ. 59/2021 Art. 3: who captured it may not approve it. */
static void test_v16_four_eyes(void **state)
{
    const struct sg_key_id a = {{1}}, b = {{2}};
    static struct office office;
    struct sg_ref two[2];

    (void)state;
    office_open(&office);
    two[0] = office_person(&office, 1, 19800912); /* by officer 1 */
    office.officer = 2;
    two[1] = office_phone(&office, 1, two[0], "0900000147");
    /* Accepted. */
    assert_int_equal(sg_rules_v16(&a, &b), SG_RULES_PASS);
    (void)office_decide(&office, 1, 1, OFFICE_HOME, 1, &two[0]);
    office_assert_birth(&office, 19800912, SG_SUBJECT_APPROVED);
    office_withdraw(&office, 2);
    /* Refused: the decision does not stand. */
    assert_int_equal(sg_rules_v16(&a, &a), SG_RULES_FAIL);
    office.officer = 1;
    (void)office_decide(&office, 1, 1, OFFICE_HOME, 1, &two[0]);
    office_assert_birth(&office, 19800912, 0);
    office_withdraw(&office, 2);
    /* Disputed: he wrote one of the two that he rules on: it stands for
     * neither; the ruling of a third does for both. */
    office.officer = 2;
    (void)office_decide(&office, 1, 1, OFFICE_HOME, 2, two);
    office_assert_birth(&office, 19800912, 0);
    office.officer = 3;
    (void)office_decide(&office, 1, 1, OFFICE_HOME, 2, two);
    office_assert_birth(&office, 19800912, SG_SUBJECT_APPROVED);
    office_close(&office);
}

/* V19. Decree 70/2024 Art. 6; Law 26/2023 Art. 26; Decree 69/2024 Art. 13, 14:
 * limits in working days, calendar days and months, and since when. */
static void test_v19_clocks(void **state)
{
    static const struct sg_calendar_year years[] = {
        {.year = 2025,
         .rest = SG_CALENDAR_REST_WEEKEND,
         .n_off = 2,
         .off = {{20250901}, {20250902}}},
        {.year = 2026, .rest = SG_CALENDAR_REST_WEEKEND}};
    const struct sg_calendar calendar = {years, 2};
    static const struct {
        enum sg_rules_clock clock;
        uint32_t start, due;
    } cases[] = {
        {SG_RULES_CLOCK_ADJUST, 20250828, 20250903},
        {SG_RULES_CLOCK_RESIDENCE, 20250702, 20250711},
        {SG_RULES_CLOCK_CARD, 20250828, 20250910},
        {SG_RULES_CLOCK_ACCOUNT_1, 20250704, 20250707},
        {SG_RULES_CLOCK_ACCOUNT_2, 20250704, 20250709},
        {SG_RULES_CLOCK_ACCOUNT_2_NO_CARD, 20250704, 20250715},
        {SG_RULES_CLOCK_LOCK, 20250704, 20250709},
        {SG_RULES_CLOCK_ACTIVATION, 20250705, 20250714},
        {SG_RULES_CLOCK_BIRTH, 20250702, 20250903},
        {SG_RULES_CLOCK_DEATH, 20250702, 20250717},
        {SG_RULES_CLOCK_TEMPORARY, 20250702, 20250801},
        {SG_RULES_CLOCK_MOVE, 20250705, 20260706},
        {SG_RULES_CLOCK_SUBJECT, 20260105, 20260107},
    };
    bool is_provisional = false;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sg_date start = DAY(cases[i].start), due = DAY(cases[i].due);
        struct sg_date late = sg_date_from_days((int64_t)sg_date_days(due) + 1);

        assert_int_equal(cases[i].clock, i);
        assert_int_equal(
            sg_rules_due(cases[i].clock, start, &calendar, &is_provisional).ymd,
            due.ymd);
        /* Accepted: ended in time, or not yet late. */
        assert_int_equal(sg_rules_v19(cases[i].clock, start, due, late,
                                      &calendar, &is_provisional),
                         SG_RULES_PASS);
        assert_int_equal(sg_rules_v19(cases[i].clock, start, NEVER, due,
                                      &calendar, &is_provisional),
                         SG_RULES_PASS);
        /* Refused: that is, overdue. */
        assert_int_equal(sg_rules_v19(cases[i].clock, start, late, late,
                                      &calendar, &is_provisional),
                         SG_RULES_FAIL);
        assert_int_equal(sg_rules_v19(cases[i].clock, start, NEVER, late,
                                      &calendar, &is_provisional),
                         SG_RULES_FAIL);
        /* Disputed: what began before the law has no limit by it; when it
         * began is not known. */
        assert_int_equal(sg_rules_v19(cases[i].clock, DAY(20151231), late, late,
                                      &calendar, &is_provisional),
                         SG_RULES_NOT_APPLICABLE);
        assert_int_equal(sg_rules_v19(cases[i].clock, NEVER, late, late,
                                      &calendar, &is_provisional),
                         SG_RULES_UNKNOWN);
    }
    assert_false(is_provisional);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_v01_pin_structure),
        cmocka_unit_test(test_v02_pin_province),
        cmocka_unit_test(test_v03_pin_unique),
        cmocka_unit_test(test_v05_birth_date),
        cmocka_unit_test(test_v09_residence),
        cmocka_unit_test(test_v10_kin_ages),
        cmocka_unit_test(test_v11_dossier_age),
        cmocka_unit_test(test_v12_card_expiry),
        cmocka_unit_test(test_v13_after_death),
        cmocka_unit_test(test_v14_account_basis),
        cmocka_unit_test(test_v15_account_activation),
        cmocka_unit_test(test_v16_four_eyes),
        cmocka_unit_test(test_v19_clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
