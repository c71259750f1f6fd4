/* storage/registry/quality/workoff.h: by when what is wrong is to be done. */
#include "storage/registry/quality/workoff.h"

#include "storage/base/prng.h"
#include "tests/lib/folded.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

static const struct sg_calendar calendar = {NULL, 0};
static struct folded man;
static struct sg_quality_person judged;
static size_t person;

/* Somebody whose name was written on Monday 2024-07-01 and breaks a rule. */
static int begin(void **state)
{
    (void)state;
    folded_init(&man);
    man.written = DAY(20240610);
    person = folded_add(&man, SG_TYPE_PERSON, 0);
    man.written = DAY(20240701);
    folded_name(&man, person, SG_FIELD_PERSON_NAME, "A", "", "1");
    judged = (struct sg_quality_person){.is_counted = true,
                                        .unit = {31475820191201}};
    for (unsigned i = 0; i <= SG_RULES_COUNT; i++)
        judged.rules[i] = SG_RULES_NOT_APPLICABLE;
    judged.rules[6] = SG_RULES_FAIL;
    judged.dirt = SG_QUALITY_NAME;
    return 0;
}

static struct sg_workoff read_on(uint32_t today)
{
    struct sg_workoff workoff;

    sg_workoff_read(&man.subject, &judged, DAY(today), &calendar, &workoff);
    return workoff;
}

static void add_later(enum sg_type type, uint32_t day)
{
    struct sg_subject_record *record = &man.records[man.subject.n_records++];

    man.written = DAY(day);
    *record = man.records[man.subject.n_records - 2];
    record->type = (uint16_t)type;
    record->hlc = ((uint64_t)sg_date_days(DAY(day)) * 86400 + 18000) * 1000
                  << 16;
}

/* 5 worked days to verify: on the fifth it is in time, on the next not. */
static void test_verify(void **state)
{
    (void)state;
    assert_int_equal(read_on(20240701).stage, SG_WORKOFF_VERIFY);
    assert_int_equal(read_on(20240701).since.ymd, 20240701);
    assert_int_equal(read_on(20240701).due.ymd, 20240708);
    assert_false(read_on(20240708).is_overdue);
    assert_true(read_on(20240709).is_overdue);
    assert_true(read_on(20240701).is_provisional);
    assert_int_equal(read_on(20240701).unit.value, judged.unit.value);
}

/* Verified and still so: 5 more. A verification from before says nothing. */
static void test_fix(void **state)
{
    (void)state;
    add_later(SG_TYPE_VERIFICATION, 20240630);
    assert_int_equal(read_on(20240710).stage, SG_WORKOFF_VERIFY);
    add_later(SG_TYPE_VERIFICATION, 20240703);
    assert_int_equal(read_on(20240710).stage, SG_WORKOFF_FIX);
    assert_int_equal(read_on(20240710).due.ymd, 20240715);
    assert_false(read_on(20240715).is_overdue);
    assert_true(read_on(20240716).is_overdue);
}

/* Contested, by a request or a conflict that is open: 15. */
static void test_contested(void **state)
{
    size_t at = folded_add(&man, SG_TYPE_REQUEST, 1);

    (void)state;
    assert_int_equal(read_on(20240701).stage, SG_WORKOFF_CONTESTED);
    assert_int_equal(read_on(20240701).due.ymd, 20240722);
    assert_false(read_on(20240722).is_overdue);
    assert_true(read_on(20240723).is_overdue);
    man.objects[at].state = 2;
    assert_int_equal(read_on(20240701).stage, SG_WORKOFF_CONTESTED);
    man.objects[at].state = 3;
    assert_int_equal(read_on(20240701).stage, SG_WORKOFF_VERIFY);
    folded_conflict(&man, 5, SG_SUBJECT_DECIDED);
    assert_int_equal(read_on(20240701).stage, SG_WORKOFF_VERIFY);
    man.conflicts[0].state = SG_SUBJECT_REOPENED;
    assert_int_equal(read_on(20240701).stage, SG_WORKOFF_CONTESTED);
}

/* Changing something else does not start the clock again; of several flags the
 * oldest counts; a missing field has been missing from the first record on. */
static void test_since(void **state)
{
    (void)state;
    man.written = DAY(20240801);
    folded_str(&man, person, SG_FIELD_PERSON_PHONE, "0912000001");
    assert_int_equal(read_on(20240801).since.ymd, 20240701);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 20300101);
    judged.rules[5] = SG_RULES_FAIL;
    assert_int_equal(read_on(20240801).since.ymd, 20240701);
    judged.rules[6] = SG_RULES_PASS;
    judged.dirt = 0;
    assert_int_equal(read_on(20240801).since.ymd, 20240801);
    judged.missing = 1;
    assert_int_equal(read_on(20240801).since.ymd, 20240610);
}

/* Nothing wrong, nothing to do; nor about whom the register does not count. */
static void test_nothing(void **state)
{
    (void)state;
    judged.is_counted = false;
    assert_int_equal(read_on(20250101).stage, SG_WORKOFF_NOTHING);
    judged.is_death_disputed = true;
    assert_int_equal(read_on(20250101).stage, SG_WORKOFF_VERIFY);
    judged.is_counted = true;
    judged.rules[6] = SG_RULES_UNKNOWN;
    judged.dirt = 0;
    assert_int_equal(read_on(20250101).stage, SG_WORKOFF_NOTHING);
    assert_false(read_on(20250101).is_overdue);
}

/* Persons put in and taken out leave zeros, and overdue is part of its stage.
 */
static void test_count(void **state)
{
    struct sg_workoff works[100];
    struct sg_workoff_count count = {{0}, {0}};
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 3);
    for (size_t i = 0; i < 100; i++) {
        works[i] = (struct sg_workoff){
            .stage = (enum sg_workoff_stage)sg_prng_below(&prng, 4),
            .is_overdue = sg_prng_below(&prng, 2) == 0};
        sg_workoff_count(&count, &works[i], 1);
    }
    for (int i = 0; i < SG_WORKOFF_STAGE_COUNT; i++)
        assert_in_range(count.overdue[i], 1, count.by_stage[i]);
    for (size_t i = 0; i < 100; i++)
        sg_workoff_count(&count, &works[i], -1);
    for (int i = 0; i < SG_WORKOFF_STAGE_COUNT; i++) {
        assert_int_equal(count.by_stage[i], 0);
        assert_int_equal(count.overdue[i], 0);
        assert_string_not_equal(
            sg_workoff_text((enum sg_workoff_stage)i, SG_LANG_EN),
            sg_workoff_text((enum sg_workoff_stage)i, SG_LANG_VI));
    }
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verify), TEST(test_fix),     TEST(test_contested),
        TEST(test_since),  TEST(test_nothing), TEST(test_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
