/* storage/registry/service/campaign.h: who is eligible, excluded, how far. */
#include "storage/registry/service/campaign.h"

#include "storage/base/check.h"
#include "storage/registry/record_build.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/folded.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

/* A ward of Thanh Hóa that is another from 2025-01-01 on and was split on
 * 2025-07-01; one of another district; the province. */
#define HOME     UINT64_C(31475820191201)
#define NEXT     UINT64_C(31475820250101)
#define AWAY     UINT64_C(31582020191201)
#define PROVINCE UINT64_C(10003820191201)

static const struct sg_calendar calendar = {NULL, 0};
static struct sg_unit_table *units;
static struct sg_campaign campaign;
static struct folded man;

static int open_units(void **state)
{
    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    return 0;
}

static int close_units(void **state)
{
    (void)state;
    sg_unit_table_free(units);
    return 0;
}

static struct sg_unit_key district_of(uint64_t unit)
{
    const struct sg_unit *commune =
        sg_unit_find(units, (struct sg_unit_key){unit});

    return sg_unit_above(units, commune, SG_UNIT_LEVEL_DISTRICT)->key;
}

/* A campaign for cards in the province; a woman of 23 who lives in HOME. */
static int begin(void **state)
{
    size_t person;

    (void)state;
    campaign = (struct sg_campaign){
        .uid = {{77}},
        .state = SG_CAMPAIGN_RUNNING,
        .goal = SG_CAMPAIGN_CARD,
        .age = 14,
        .residence = 1,
        .reference = {20230601},
        .committed = {20230629},
        .mandated = {20230730},
        .n_units = 1,
        .units = {{PROVINCE}},
    };
    folded_init(&man);
    person = folded_add(&man, SG_TYPE_PERSON, 0);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 20000315);
    (void)folded_home(&man, HOME, 20100101);
    return 0;
}

static struct sg_campaign_person judge_on(uint32_t today)
{
    struct sg_campaign_person person;

    sg_campaign_judge(&campaign, &man.subject, units, DAY(today), &calendar,
                      &person);
    return person;
}

static size_t add_dossier(unsigned state, uint32_t captured)
{
    size_t at = folded_add(&man, SG_TYPE_DOSSIER, state);

    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, captured);
    return at;
}

static size_t exclude(unsigned state, unsigned reason, uint32_t expires)
{
    size_t at = folded_add(&man, SG_TYPE_EXCLUSION, state);

    folded_uid(&man, at, SG_FIELD_EXCLUSION_CAMPAIGN, 77);
    folded_uint(&man, at, SG_FIELD_EXCLUSION_REASON, reason);
    folded_str(&man, at, SG_FIELD_EXCLUSION_EVIDENCE, "12/BC-CAX");
    folded_uint(&man, at, SG_FIELD_EXCLUSION_EXPIRES, expires);
    return at;
}

/* Whoever is old enough on the reference day, and not a day younger. */
static void test_age_on_the_reference_day(void **state)
{
    (void)state;
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
    assert_int_equal(judge_on(20230610).unit.value, HOME);
    folded_uint(&man, 0, SG_FIELD_PERSON_BIRTH, 20090601);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
    folded_uint(&man, 0, SG_FIELD_PERSON_BIRTH, 20090602);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_NOT_ELIGIBLE);
}

/* A birth date that is not known, or in dispute, makes nobody eligible. */
static void test_age_not_known(void **state)
{
    (void)state;
    folded_dispute(&man, 0, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_UNKNOWN);
    folded_nil(&man, 0, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_UNKNOWN);
}

/* Who is no person of the register any more, or had died by then, does not
 * count; who died later does, and is excluded by his death. */
static void test_status(void **state)
{
    static const struct {
        enum sg_subject_status status;
        uint32_t death;
        enum sg_campaign_standing standing;
    } cases[] = {
        {SG_SUBJECT_NO_PERSON, 0, SG_CAMPAIGN_NOT_ELIGIBLE},
        {SG_SUBJECT_ACTIVE, 0, SG_CAMPAIGN_REMAINING},
        {SG_SUBJECT_DECEASED, 20230601, SG_CAMPAIGN_NOT_ELIGIBLE},
        {SG_SUBJECT_DECEASED, 20230602, SG_CAMPAIGN_EXCLUDED},
        {SG_SUBJECT_DECEASED, 0, SG_CAMPAIGN_EXCLUDED},
        {SG_SUBJECT_MISSING, 0, SG_CAMPAIGN_REMAINING},
        {SG_SUBJECT_ABROAD, 0, SG_CAMPAIGN_REMAINING},
        {SG_SUBJECT_VOID, 0, SG_CAMPAIGN_NOT_ELIGIBLE},
        {SG_SUBJECT_MERGED, 0, SG_CAMPAIGN_NOT_ELIGIBLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        man.subject.status = cases[i].status;
        man.subject.death = DAY(cases[i].death);
        assert_int_equal(judge_on(20230610).standing, cases[i].standing);
    }
    man.subject.status = SG_SUBJECT_DECEASED;
    assert_int_equal(judge_on(20230610).reason, SG_CAMPAIGN_REASON_DECEASED);
}

/* One counts where one lived on the reference day, not before and not after. */
static void test_residence_is_dated(void **state)
{
    size_t home = man.subject.n_objects - 1;

    (void)state;
    folded_uint(&man, home, SG_FIELD_RESIDENCE_FROM, 20230601);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_FROM, 20230602);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_FROM, 20100101);
    man.objects[home].state = 3;
    man.subject.has_home = man.subject.has_residence = false;
    folded_uint(&man, home, SG_FIELD_RESIDENCE_UNTIL, 20230602);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
    assert_int_equal(judge_on(20230610).unit.value, HOME);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_UNTIL, 20230601);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
}

/* A home closed without a day ends on that of the record that closed it; one
 * that was only asked for, or refused, was none. */
static void test_residence_states(void **state)
{
    size_t home = man.subject.n_objects - 1;

    (void)state;
    man.objects[home].state = 3;
    man.records[man.objects[home].state_by - man.records].effective =
        DAY(20230602);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
    man.records[man.objects[home].state_by - man.records].effective =
        DAY(20230601);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
    man.objects[home].state = 1;
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
    man.objects[home].state = 4;
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
    man.objects[home].state = 2;
    folded_nil(&man, home, SG_FIELD_RESIDENCE_FROM);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
}

/* Who moved away after the reference day is counted where he came from. */
static void test_moved_away(void **state)
{
    size_t old = man.subject.n_objects - 1;
    size_t at;

    (void)state;
    man.objects[old].state = 3;
    folded_uint(&man, old, SG_FIELD_RESIDENCE_UNTIL, 20230615);
    at = folded_home(&man, AWAY, 20230615);
    assert_int_equal(judge_on(20230620).unit.value, HOME);
    campaign.units[0] = district_of(HOME);
    assert_int_equal(judge_on(20230620).standing, SG_CAMPAIGN_REMAINING);
    campaign.units[0] = district_of(AWAY);
    assert_int_equal(judge_on(20230620).standing, SG_CAMPAIGN_ELSEWHERE);
    folded_uint(&man, at, SG_FIELD_RESIDENCE_FROM, 20230601);
    assert_int_equal(judge_on(20230620).standing, SG_CAMPAIGN_REMAINING);
    assert_int_equal(judge_on(20230620).unit.value, AWAY);
}

/* The first of the kinds that the campaign counts and he has. */
static void test_residence_kinds(void **state)
{
    size_t stay = folded_add(&man, SG_TYPE_RESIDENCE, 2);

    (void)state;
    folded_uint(&man, stay, SG_FIELD_RESIDENCE_KIND, 2);
    folded_uint(&man, stay, SG_FIELD_RESIDENCE_UNIT, AWAY);
    folded_uint(&man, stay, SG_FIELD_RESIDENCE_FROM, 20230101);
    campaign.residence = 7;
    assert_int_equal(judge_on(20230610).unit.value, HOME);
    campaign.residence = 6;
    assert_int_equal(judge_on(20230610).unit.value, AWAY);
    campaign.residence = 4;
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
    campaign.residence = 1;
    man.objects[stay - 1].state = 3; /* closed, and no day known: until then */
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ELSEWHERE);
}

/* The units of the reference day decide who belongs to the campaign, those of
 * today where he is listed; after a split he is pending. */
static void test_units_change(void **state)
{
    (void)state;
    campaign.units[0] = district_of(HOME);
    man.subject.unit.value = NEXT;
    assert_int_equal(judge_on(20250101).standing, SG_CAMPAIGN_REMAINING);
    assert_int_equal(judge_on(20250101).unit.value, NEXT);
    assert_false(judge_on(20250101).is_pending);
    man.subject.marks = SG_SUBJECT_REHOMING;
    assert_true(judge_on(20250701).is_pending);
    /* The same of a home that stands no more. */
    man.objects[man.subject.n_objects - 1].state = 3;
    man.subject.has_home = man.subject.has_residence = false;
    folded_uint(&man, man.subject.n_objects - 1, SG_FIELD_RESIDENCE_UNTIL,
                20240101);
    assert_int_equal(judge_on(20250630).unit.value, NEXT);
    assert_false(judge_on(20250630).is_pending);
    assert_true(judge_on(20250701).is_pending);
}

/* 8.7: only an approved exclusion of this campaign counts, until it expires. */
static void test_exclusion_states(void **state)
{
    size_t at;

    (void)state;
    for (unsigned reason = 1; reason <= 7; reason++) {
        assert_int_equal(begin(NULL), 0);
        at = exclude(2, reason, 20230701);
        assert_int_equal(judge_on(20230630).standing, SG_CAMPAIGN_EXCLUDED);
        assert_int_equal(judge_on(20230630).reason, reason);
        assert_false(judge_on(20230630).is_unevidenced);
        assert_int_equal(judge_on(20230701).standing, SG_CAMPAIGN_REMAINING);
        assert_true(judge_on(20230701).is_expired);
        man.objects[at].state = 1;
        assert_int_equal(judge_on(20230630).standing, SG_CAMPAIGN_REMAINING);
        assert_true(judge_on(20230630).is_proposed);
        man.objects[at].state = 3;
        assert_int_equal(judge_on(20230630).standing, SG_CAMPAIGN_REMAINING);
        assert_false(judge_on(20230630).is_proposed);
        man.objects[at].state = 4;
        assert_int_equal(judge_on(20230630).standing, SG_CAMPAIGN_REMAINING);
    }
}

/* An exclusion of another campaign is none of this; one without evidence is
 * counted as such; one that never expires was never approved so. */
static void test_exclusion_fields(void **state)
{
    size_t at = exclude(2, 1, 20230701);

    (void)state;
    folded_nil(&man, at, SG_FIELD_EXCLUSION_EVIDENCE);
    assert_true(judge_on(20230610).is_unevidenced);
    folded_nil(&man, at, SG_FIELD_EXCLUSION_EXPIRES);
    assert_true(judge_on(20230610).is_expired);
    folded_uint(&man, at, SG_FIELD_EXCLUSION_EXPIRES, 20230701);
    folded_uid(&man, at, SG_FIELD_EXCLUSION_CAMPAIGN, 78);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_REMAINING);
    assert_false(judge_on(20230610).is_expired);
}

/* Each state of a dossier, for somebody who is to have a card. */
static void test_dossier_states(void **state)
{
    static const uint8_t standings[] = {
        SG_CAMPAIGN_REMAINING, SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_UNDER_WAY,
        SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_REMAINING,
        SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_ACHIEVED,
        SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_REMAINING, SG_CAMPAIGN_UNDER_WAY,
        SG_CAMPAIGN_REMAINING, SG_CAMPAIGN_ACHIEVED,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof standings; i++) {
        struct sg_campaign_person person;
        size_t at;

        assert_int_equal(begin(NULL), 0);
        at = add_dossier(i, 20230605);
        folded_uid(&man, at, SG_FIELD_DOSSIER_CAMPAIGN, 77);
        person = judge_on(20230610);
        assert_int_equal(person.standing, standings[i]);
        assert_int_equal(sg_campaign_is_reached(&campaign, &person),
                         standings[i] != SG_CAMPAIGN_REMAINING);
    }
}

/* A card that is good already will do, a dossier of another desk too; a card
 * that is none any more will not. */
static void test_other_dossiers(void **state)
{
    size_t at = add_dossier(8, 20210701);

    (void)state;
    folded_uint(&man, at, SG_FIELD_DOSSIER_CARD_UNTIL, 20230610);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ACHIEVED);
    assert_int_equal(judge_on(20230611).standing, SG_CAMPAIGN_REMAINING);
    (void)add_dossier(1, 20230608);
    assert_int_equal(judge_on(20230611).standing, SG_CAMPAIGN_UNDER_WAY);
    assert_int_equal(judge_on(20230611).reached.ymd, 20230608);
}

/* A rejection is told until it is captured again, the newest first; after 6
 * months nothing is left of it. */
static void test_rejected(void **state)
{
    size_t at = add_dossier(5, 20230605);

    (void)state;
    folded_uint(&man, at, SG_FIELD_DOSSIER_REJECT_CODE, 2);
    folded_uint(&man, at, SG_FIELD_DOSSIER_RESULT, 20230607);
    assert_true(judge_on(20230610).is_rejected);
    assert_int_equal(judge_on(20230610).reject_code, 2);
    assert_false(judge_on(20231206).is_dropped);
    assert_true(judge_on(20231207).is_dropped);
    at = add_dossier(5, 20230608);
    folded_uint(&man, at, SG_FIELD_DOSSIER_REJECT_CODE, 4);
    assert_int_equal(judge_on(20230610).reject_code, 4);
    folded_uid(&man, at, SG_FIELD_DOSSIER_CAMPAIGN, 78);
    assert_int_equal(judge_on(20230610).reject_code, 2);
    (void)add_dossier(1, 20230609);
    assert_false(judge_on(20230610).is_rejected);
    assert_int_equal(judge_on(20230610).reject_code, 0);
}

/* What was achieved before the reason came stays achieved; what is only under
 * way does not. */
static void test_excluded_and_captured(void **state)
{
    size_t dossier = add_dossier(8, 20230605);

    (void)state;
    folded_uid(&man, dossier, SG_FIELD_DOSSIER_CAMPAIGN, 77);
    (void)exclude(2, 4, 20230701);
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_ACHIEVED);
    man.objects[dossier].state = 1;
    assert_int_equal(judge_on(20230610).standing, SG_CAMPAIGN_EXCLUDED);
}

/* Two deadlines, each to its last day. */
static void test_deadlines(void **state)
{
    size_t at = add_dossier(1, 20230629);

    (void)state;
    assert_false(judge_on(20230801).is_after_committed);
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20230630);
    assert_true(judge_on(20230801).is_after_committed);
    assert_false(judge_on(20230801).is_after_mandated);
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20230730);
    assert_false(judge_on(20230801).is_after_mandated);
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20230731);
    assert_true(judge_on(20230801).is_after_mandated);
}

/* The goal "account": of level 2, and active. */
static void test_accounts(void **state)
{
    static const uint8_t standings[] = {
        SG_CAMPAIGN_REMAINING, SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_UNDER_WAY,
        SG_CAMPAIGN_UNDER_WAY, SG_CAMPAIGN_ACHIEVED,  SG_CAMPAIGN_UNDER_WAY,
        SG_CAMPAIGN_REMAINING,
    };

    (void)state;
    campaign.goal = SG_CAMPAIGN_ACCOUNT;
    for (unsigned level = 0; level <= 2; level++)
        for (unsigned i = 0; i < sizeof standings; i++) {
            size_t at;

            folded_init(&man);
            at = folded_add(&man, SG_TYPE_PERSON, 0);
            folded_uint(&man, at, SG_FIELD_PERSON_BIRTH, 20000315);
            (void)folded_home(&man, HOME, 20100101);
            at = folded_add(&man, SG_TYPE_ACCOUNT, i);
            folded_uint(&man, at, SG_FIELD_ACCOUNT_LEVEL, level);
            folded_uint(&man, at, SG_FIELD_ACCOUNT_ACTIVATED, 20230605);
            assert_int_equal(judge_on(20230610).standing,
                             level == 2 ? standings[i] : SG_CAMPAIGN_REMAINING);
            assert_int_equal(judge_on(20230610).reached.ymd,
                             level == 2 && i == 4 ? 20230605 : 0);
        }
}

/* Of several accounts the highest level counts, and of these the farthest. */
static void test_best_account(void **state)
{
    static const uint8_t levels[] = {1, 2, 2, 0};
    static const uint8_t states[] = {4, 1, 3, 4};

    (void)state;
    for (size_t i = 0; i < sizeof levels; i++) {
        size_t at = folded_add(&man, SG_TYPE_ACCOUNT, states[i]);

        folded_uint(&man, at, SG_FIELD_ACCOUNT_LEVEL, levels[i]);
    }
    assert_int_equal(judge_on(20230610).account_level, 2);
    assert_int_equal(judge_on(20230610).account, SG_ACCOUNT_NOTIFIED);
    assert_true(judge_on(20230610).is_account_notified);
    assert_false(judge_on(20230610).is_account_issued);
}

static void pack_pair(struct sg_pack *pack, uint64_t unit, uint64_t value)
{
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, unit);
    sg_pack_uint(pack, value);
}

static void build_statement(struct sg_record_build *build)
{
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_SERIAL, 4);
    sg_record_build_str(build, SG_FIELD_CAMPAIGN_TITLE, SG_BYTES_TEXT("C"));
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_STATE, 3);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_GOAL, 2);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_AGE, 14);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_RESIDENCE, 3);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_REFERENCE, 20230601);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_COMMITTED, 20230629);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_MANDATED, 20230730);
    pack = sg_record_build_field(build, SG_FIELD_CAMPAIGN_TARGETS);
    sg_pack_array(pack, 2);
    pack_pair(pack, HOME, 5000);
    pack_pair(pack, AWAY, 6000);
    pack = sg_record_build_field(build, SG_FIELD_CAMPAIGN_DENOMINATORS);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 4);
    sg_pack_uint(pack, AWAY);
    sg_pack_uint(pack, 7700);
    sg_pack_str(pack, SG_BYTES_TEXT("sổ hộ khẩu"));
    sg_pack_uint(pack, 20230101);
    sg_record_build_uint(build, SG_FIELD_CAMPAIGN_EXCLUDED_PERMILLE, 20);
    pack = sg_record_build_field(build, SG_FIELD_CAMPAIGN_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, PROVINCE);
}

/* What the authority's statement says is read as it says it: rule, days, units,
 * what each unit was set, what others count there. */
static void test_statement(void **state)
{
    const struct sg_registry_id registry = {0};
    struct sg_record_head head = {
        .type = SG_TYPE_CAMPAIGN, .subject = {{77}}, .effective = {20230501}};
    struct sg_record_copy copy = {.hlc = 1};
    struct sg_campaign_denominator denominator;
    struct sg_record_build build;
    struct sg_record record;
    struct sg_buf payload;
    struct sg_hash id;
    uint64_t target;

    (void)state;
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    build_statement(&build);
    assert_ok(
        sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id));
    assert_ok(sg_record_decode(sg_buf_bytes(&payload), &record));
    sg_campaign_read(&record, &campaign);
    assert_int_equal(campaign.goal, SG_CAMPAIGN_ACCOUNT);
    assert_int_equal(campaign.state, SG_CAMPAIGN_RUNNING);
    assert_int_equal(campaign.age, 14);
    assert_int_equal(campaign.residence, 3);
    assert_int_equal(campaign.mandated.ymd, 20230730);
    assert_int_equal(campaign.excluded_permille, 20);
    assert_int_equal(campaign.n_units, 1);
    assert_int_equal(campaign.units[0].value, PROVINCE);
    assert_true(
        sg_campaign_target(&record, (struct sg_unit_key){AWAY}, &target));
    assert_int_equal(target, 6000);
    assert_false(
        sg_campaign_target(&record, (struct sg_unit_key){NEXT}, &target));
    assert_true(sg_campaign_denominator(&record, (struct sg_unit_key){AWAY},
                                        &denominator));
    assert_int_equal(denominator.persons, 7700);
    assert_int_equal(denominator.day.ymd, 20230101);
    assert_int_equal(denominator.source.size, sizeof "sổ hộ khẩu" - 1);
    assert_false(sg_campaign_denominator(&record, (struct sg_unit_key){HOME},
                                         &denominator));
    sg_buf_clear(&payload);
}

/* Standings and reasons are said in both languages, each differently. */
static void test_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SG_CAMPAIGN_REASON_COUNT; i++)
        assert_string_not_equal(sg_campaign_reason_text(i, SG_LANG_EN),
                                sg_campaign_reason_text(i, SG_LANG_VI));
    assert_string_equal(sg_campaign_reason_text(99, SG_LANG_EN), "none");
    for (int i = SG_CAMPAIGN_ELSEWHERE; i <= SG_CAMPAIGN_ACHIEVED; i++)
        assert_string_not_equal(
            sg_campaign_text((enum sg_campaign_standing)i, SG_LANG_EN),
            sg_campaign_text((enum sg_campaign_standing)i, SG_LANG_VI));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_age_on_the_reference_day),
        TEST(test_age_not_known),
        TEST(test_status),
        TEST(test_residence_is_dated),
        TEST(test_residence_states),
        TEST(test_moved_away),
        TEST(test_residence_kinds),
        TEST(test_units_change),
        TEST(test_exclusion_states),
        TEST(test_exclusion_fields),
        TEST(test_dossier_states),
        TEST(test_other_dossiers),
        TEST(test_rejected),
        TEST(test_excluded_and_captured),
        TEST(test_deadlines),
        TEST(test_accounts),
        TEST(test_best_account),
        TEST(test_statement),
        TEST(test_text),
    };

    return cmocka_run_group_tests(tests, open_units, close_units);
}
