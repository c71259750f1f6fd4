/* storage/registry/service/funnel.h: counts, verdicts, forecasts. */
#include "storage/registry/service/funnel.h"

#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})
#define TODAY  DAY(20230615)

static struct sg_campaign campaign = {
    .goal = SG_CAMPAIGN_CARD,
    .reference = {20230601},
    .committed = {20230629},
    .mandated = {20230730},
    .excluded_permille = 20,
};

static struct sg_campaign_person any_person(struct sg_prng *prng)
{
    struct sg_campaign_person person = {
        .standing = (enum sg_campaign_standing)sg_prng_below(prng, 7),
        .is_pending = sg_prng_below(prng, 9) == 0,
        .reason = (uint8_t)(1 + sg_prng_below(prng, 7)),
        .is_unevidenced = sg_prng_below(prng, 5) == 0,
        .is_proposed = sg_prng_below(prng, 5) == 0,
        .is_expired = sg_prng_below(prng, 5) == 0,
        .is_blocked = sg_prng_below(prng, 5) == 0,
        .is_undelivered = sg_prng_below(prng, 3) == 0,
        .waiting = (int32_t)sg_prng_below(prng, 200),
        .account = (enum sg_account_shown)sg_prng_below(prng, 8),
        .account_level = (uint8_t)sg_prng_below(prng, 3),
        .is_account_issued = sg_prng_below(prng, 2) == 0,
        .is_account_notified = sg_prng_below(prng, 2) == 0,
        .is_account_late = sg_prng_below(prng, 2) == 0,
        .reached = {20230600 + 1 + (uint32_t)sg_prng_below(prng, 30)},
        .is_after_committed = sg_prng_below(prng, 4) == 0,
        .is_after_mandated = sg_prng_below(prng, 8) == 0,
    };

    if (person.standing == SG_CAMPAIGN_REMAINING) {
        person.is_rejected = sg_prng_below(prng, 3) == 0;
        person.reject_code = (uint8_t)sg_prng_below(prng, 12);
        person.is_dropped = person.is_rejected && sg_prng_below(prng, 2) == 0;
    } else if (person.standing == SG_CAMPAIGN_UNDER_WAY) {
        person.stage = (enum sg_dossier_stage)(1 + sg_prng_below(prng, 4));
    } else if (person.standing == SG_CAMPAIGN_ACHIEVED) {
        person.stage = SG_DOSSIER_DELIVERED;
    }
    return person;
}

static void check_sums(const struct sg_funnel *funnel)
{
    int64_t target = sg_funnel_target(funnel);

    assert_int_equal(funnel->remaining + funnel->under_way + funnel->achieved,
                     target);
    assert_int_equal(target + sg_funnel_excluded(funnel), funnel->eligible);
    assert_int_equal(funnel->counted + sg_funnel_left(funnel), target);
    assert_int_equal(funnel->counted, funnel->under_way + funnel->achieved);
    for (int i = SG_DOSSIER_APPROVED; i < SG_DOSSIER_STAGE_COUNT; i++)
        assert_true(funnel->reached[i] <= funnel->reached[i - 1]);
    assert_int_equal(funnel->reached[SG_DOSSIER_CAPTURED], funnel->counted);
    assert_true(funnel->counted_7 <= funnel->counted);
}

/* Everybody is in one place, whoever comes and goes; all taken out again leave
 * zeros; parts add up to the whole. */
static void test_in_and_out(void **state)
{
    static struct sg_campaign_person persons[500];
    struct sg_funnel whole = {0}, parts[3] = {{0}}, sum = {0}, none = {0};
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 42);
    for (size_t i = 0; i < 500; i++) {
        persons[i] = any_person(&prng);
        sg_funnel_count(&whole, &campaign, &persons[i], TODAY, 1);
        sg_funnel_count(&parts[i % 3], &campaign, &persons[i], TODAY, 1);
        check_sums(&whole);
    }
    for (size_t i = 0; i < 3; i++)
        sg_funnel_add(&sum, &parts[i]);
    assert_memory_equal(&sum, &whole, sizeof sum);
    for (size_t i = 500; i-- > 0;)
        sg_funnel_count(&whole, &campaign, &persons[(i * 7) % 500], TODAY, -1);
    assert_memory_equal(&whole, &none, sizeof none);
}

static struct sg_funnel one(struct sg_campaign_person person)
{
    struct sg_funnel funnel = {0};

    sg_funnel_count(&funnel, &campaign, &person, TODAY, 1);
    return funnel;
}

/* Who is not of the campaign is in no count; whose age is not known in one of
 * his own. */
static void test_who_does_not_count(void **state)
{
    const struct sg_funnel none = {0};
    struct sg_funnel funnel = one((struct sg_campaign_person){
        .standing = SG_CAMPAIGN_ELSEWHERE, .is_pending = true});

    (void)state;
    assert_memory_equal(&funnel, &none, sizeof none);
    funnel = one((struct sg_campaign_person){
        .standing = SG_CAMPAIGN_NOT_ELIGIBLE, .is_rejected = true});
    assert_memory_equal(&funnel, &none, sizeof none);
    funnel = one((struct sg_campaign_person){.standing = SG_CAMPAIGN_UNKNOWN});
    assert_int_equal(funnel.unknown, 1);
    assert_int_equal(funnel.eligible, 0);
}

/* Every reason is counted under its own number. */
static void test_reasons(void **state)
{
    (void)state;
    for (uint8_t reason = 1; reason < SG_CAMPAIGN_REASON_COUNT; reason++) {
        struct sg_funnel funnel = one((struct sg_campaign_person){
            .standing = SG_CAMPAIGN_EXCLUDED, .reason = reason});

        assert_int_equal(funnel.excluded[reason], 1);
        assert_int_equal(sg_funnel_excluded(&funnel), 1);
        assert_int_equal(sg_funnel_target(&funnel), 0);
    }
}

/* A rejection is counted by its code; one that is not in our table, or none,
 * under 0. */
static void test_reject_codes(void **state)
{
    (void)state;
    for (uint8_t code = 0; code < 14; code++) {
        struct sg_funnel funnel =
            one((struct sg_campaign_person){.standing = SG_CAMPAIGN_REMAINING,
                                            .is_rejected = true,
                                            .reject_code = code});

        assert_int_equal(funnel.rejected[code < 10 ? code : 0], 1);
    }
}

/* Cards that wait, by how long: each limit on its day and the day after. */
static void test_waiting(void **state)
{
    static const struct {
        int32_t days;
        enum sg_funnel_waiting place;
    } cases[] = {{0, SG_FUNNEL_WEEK},     {7, SG_FUNNEL_WEEK},
                 {8, SG_FUNNEL_MONTH},    {30, SG_FUNNEL_MONTH},
                 {31, SG_FUNNEL_QUARTER}, {90, SG_FUNNEL_QUARTER},
                 {91, SG_FUNNEL_LONGER}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_funnel funnel =
            one((struct sg_campaign_person){.standing = SG_CAMPAIGN_UNDER_WAY,
                                            .stage = SG_DOSSIER_ISSUED,
                                            .is_undelivered = true,
                                            .waiting = cases[i].days});

        for (int k = 0; k < SG_FUNNEL_WAITING_COUNT; k++)
            assert_int_equal(funnel.undelivered[k],
                             k == (int)cases[i].place ? 1 : 0);
    }
}

/* The last 7 days are today and the six before. */
static void test_last_seven_days(void **state)
{
    static const struct {
        uint32_t day;
        int count;
    } cases[] = {{20230616, 0}, {20230615, 1}, {20230609, 1}, {20230608, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_funnel funnel =
            one((struct sg_campaign_person){.standing = SG_CAMPAIGN_UNDER_WAY,
                                            .stage = SG_DOSSIER_CAPTURED,
                                            .reached = DAY(cases[i].day)});

        assert_int_equal(funnel.counted_7, cases[i].count);
    }
}

/* Accounts: issued by level, notified, active in time or late, lapsed, locked.
 */
static void test_accounts(void **state)
{
    struct sg_campaign_person person = {.standing = SG_CAMPAIGN_REMAINING,
                                        .account = SG_ACCOUNT_ACTIVE,
                                        .account_level = 1,
                                        .is_account_issued = true,
                                        .is_account_notified = true};

    (void)state;
    assert_int_equal(one(person).account_issued[1], 1);
    assert_int_equal(one(person).notified, 1);
    assert_int_equal(one(person).active_in_time, 1);
    person.is_account_late = true;
    assert_int_equal(one(person).active_late, 1);
    assert_int_equal(one(person).active_in_time, 0);
    person.account = SG_ACCOUNT_LAPSED;
    assert_int_equal(one(person).lapsed, 1);
    person.account = SG_ACCOUNT_LOCKED;
    assert_int_equal(one(person).locked, 1);
    assert_int_equal(one(person).notified, 1);
    assert_int_equal(one(person).active_late, 0);
}

/* 100 % is of the target, honest only with evidence and within the approved
 * share, and nobody's age open. */
static void test_verdicts(void **state)
{
    struct sg_funnel funnel = {0};

    (void)state;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign), SG_FUNNEL_EMPTY);
    funnel.unknown = 1;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign), SG_FUNNEL_UNKNOWN);
    funnel = (struct sg_funnel){.eligible = 100,
                                .counted = 97,
                                .under_way = 1,
                                .excluded = {[5] = 2},
                                .remaining = 1,
                                .achieved = 96};
    assert_int_equal(sg_funnel_judge(&funnel, &campaign), SG_FUNNEL_OPEN);
    funnel.remaining--;
    funnel.counted++;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign), SG_FUNNEL_HUNDRED);
    funnel.under_way = 0;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign), SG_FUNNEL_FINISHED);
    funnel.unknown = 1;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign), SG_FUNNEL_UNKNOWN);
    funnel.unevidenced = 1;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign),
                     SG_FUNNEL_NOT_EVIDENCED);
    /* 20 of 1,000 were approved: 2 of 100 are, 2 of 99 are too many. */
    funnel.eligible--;
    funnel.counted--;
    assert_int_equal(sg_funnel_judge(&funnel, &campaign),
                     SG_FUNNEL_TOO_MANY_EXCLUDED);
}

/* The end at the rate of the last 7 days, against two deadlines. */
static void test_forecast(void **state)
{
    struct sg_funnel funnel = {.eligible = 100, .counted = 80, .counted_7 = 10};
    struct sg_funnel_forecast forecast;

    (void)state;
    /* 20 left, 10 in 7 days: 14 days from 2023-06-15 are the committed day. */
    sg_funnel_foresee(&funnel, &campaign, TODAY, &forecast);
    assert_true(forecast.has_end);
    assert_false(forecast.is_done);
    assert_int_equal(forecast.done.ymd, 20230629);
    assert_true(forecast.is_before_committed);
    assert_int_equal(forecast.needed_committed, 2);
    assert_int_equal(forecast.needed_mandated, 1);
    funnel.counted = 79;
    sg_funnel_foresee(&funnel, &campaign, TODAY, &forecast);
    assert_int_equal(forecast.done.ymd, 20230630);
    assert_false(forecast.is_before_committed);
    assert_true(forecast.is_before_mandated);
    funnel.counted_7 = 0;
    sg_funnel_foresee(&funnel, &campaign, TODAY, &forecast);
    assert_false(forecast.has_end);
    assert_false(forecast.is_before_mandated);
    assert_int_equal(forecast.needed_committed, 2);
}

/* On its last day a deadline asks for all who are left, and then for nobody. */
static void test_last_day(void **state)
{
    struct sg_funnel funnel = {.eligible = 100, .counted = 90};
    struct sg_funnel_forecast forecast;

    (void)state;
    sg_funnel_foresee(&funnel, &campaign, campaign.committed, &forecast);
    assert_int_equal(forecast.needed_committed, 10);
    sg_funnel_foresee(&funnel, &campaign, DAY(20230630), &forecast);
    assert_int_equal(forecast.needed_committed, 0);
    assert_int_equal(forecast.needed_mandated, 1);
}

/* When nobody is left, what counts is whether all were in time. */
static void test_done(void **state)
{
    struct sg_funnel funnel = {.eligible = 100, .counted = 100};
    struct sg_funnel_forecast forecast;

    (void)state;
    sg_funnel_foresee(&funnel, &campaign, DAY(20240101), &forecast);
    assert_true(forecast.is_done);
    assert_true(forecast.is_before_committed);
    funnel.after_committed = 1;
    sg_funnel_foresee(&funnel, &campaign, DAY(20240101), &forecast);
    assert_false(forecast.is_before_committed);
    assert_true(forecast.is_before_mandated);
    assert_int_equal(forecast.needed_mandated, 0);
}

/* For the goal "account" the funnel counts who is active. */
static void test_goal_account(void **state)
{
    struct sg_campaign other = campaign;
    struct sg_funnel funnel = {0};
    const struct sg_campaign_person person = {.standing = SG_CAMPAIGN_UNDER_WAY,
                                              .stage = SG_DOSSIER_DELIVERED,
                                              .account = SG_ACCOUNT_NOTIFIED,
                                              .account_level = 2};

    (void)state;
    other.goal = SG_CAMPAIGN_ACCOUNT;
    sg_funnel_count(&funnel, &other, &person, TODAY, 1);
    assert_int_equal(sg_funnel_left(&funnel), 1);
    assert_int_equal(sg_funnel_judge(&funnel, &other), SG_FUNNEL_OPEN);
}

/* Every verdict is said in both languages, each differently. */
static void test_text(void **state)
{
    (void)state;
    for (int i = 0; i < SG_FUNNEL_VERDICT_COUNT; i++) {
        enum sg_funnel_verdict verdict = (enum sg_funnel_verdict)i;

        assert_string_not_equal(sg_funnel_text(verdict, SG_LANG_EN),
                                sg_funnel_text(verdict, SG_LANG_VI));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_and_out),
        cmocka_unit_test(test_who_does_not_count),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_reject_codes),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_last_seven_days),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_forecast),
        cmocka_unit_test(test_last_day),
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_goal_account),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
