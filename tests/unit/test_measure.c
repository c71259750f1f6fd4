/* storage/registry/quality/measure.h: counts, fractions, verdicts. */
#include "storage/registry/quality/measure.h"

#include "storage/base/prng.h"
#include "tests/lib/test.h"
#include "tests/unit/office.h"

/* Somebody of whom everything is right. */
static struct sg_quality_person good(void)
{
    struct sg_quality_person person = {.is_counted = true,
                                       .external = SG_RULES_UNKNOWN,
                                       .due = 10,
                                       .present = 10,
                                       .evident_of = 8,
                                       .evident = 8,
                                       .events = 1,
                                       .in_time = 1,
                                       .duties = 1,
                                       .met = 1,
                                       .is_touched = true};

    for (unsigned i = 1; i <= SG_RULES_COUNT; i++)
        person.rules[i] = SG_RULES_NOT_APPLICABLE;
    person.rules[1] = person.rules[5] = person.rules[8] = SG_RULES_PASS;
    return person;
}

static const struct sg_measure_outside fine = {
    .reference = 1000,
    .known_events = 50,
    .acknowledged = 50,
    .units_compared = 1,
    .units_equal = 1,
};

/* A unit of 1,000, all right. */
static struct sg_measure thousand(void)
{
    struct sg_measure measure = {0};
    struct sg_quality_person person = good();

    for (int i = 0; i < 1000; i++)
        sg_measure_count(&measure, &person, 1);
    return measure;
}

static enum sg_measure_verdict verdict(const struct sg_measure *measure,
                                       const struct sg_measure_outside *outside)
{
    struct sg_measure_result result;

    sg_measure_judge(measure, outside, &result);
    return result.verdict;
}

static struct sg_quality_person any_person(struct sg_prng *prng)
{
    struct sg_quality_person person = good();

    for (unsigned i = 1; i <= SG_RULES_COUNT; i++)
        person.rules[i] = (uint8_t)sg_prng_below(prng, 4);
    person.is_counted = sg_prng_below(prng, 5) != 0;
    person.is_deceased = !person.is_counted && sg_prng_below(prng, 2) == 0;
    person.is_death_disputed =
        person.is_deceased && sg_prng_below(prng, 2) == 0;
    person.is_homeless = sg_prng_below(prng, 9) == 0;
    person.is_pending = sg_prng_below(prng, 9) == 0;
    person.external = (enum sg_rules_verdict)sg_prng_below(prng, 4);
    person.is_sampled = sg_prng_below(prng, 3) == 0;
    person.is_wrong = sg_prng_below(prng, 3) == 0;
    person.stratum = (uint16_t)sg_prng_below(prng, 40);
    person.present = (uint16_t)sg_prng_below(prng, 11);
    person.evident = (uint16_t)sg_prng_below(prng, 9);
    person.dirt =
        sg_prng_below(prng, 2) == 0 ? (uint16_t)sg_prng_below(prng, 1024) : 0;
    person.is_new_year = sg_prng_below(prng, 4) == 0;
    person.events = (uint16_t)(1 + sg_prng_below(prng, 3));
    person.duties = (uint16_t)sg_prng_below(prng, 3);
    person.met = (uint16_t)sg_prng_below(prng, person.duties + 1u);
    person.is_touched = sg_prng_below(prng, 2) == 0;
    person.is_identity_wrong = sg_prng_below(prng, 2) == 0;
    return person;
}

/* What changed by one person at a time equals what is counted anew, in any
 * order; all taken out leave zeros. */
static void test_incremental_equals_recomputed(void **state)
{
    static struct sg_quality_person persons[300];
    const struct sg_measure none = {0};
    struct sg_measure kept = {0}, anew;
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 7);
    for (size_t i = 0; i < 300; i++) {
        persons[i] = any_person(&prng);
        sg_measure_count(&kept, &persons[i], 1);
    }
    for (int round = 0; round < 20; round++) {
        for (int k = 0; k < 50; k++) {
            size_t i = sg_prng_below(&prng, 300);

            sg_measure_count(&kept, &persons[i], -1);
            persons[i] = any_person(&prng);
            sg_measure_count(&kept, &persons[i], 1);
        }
        anew = none;
        for (size_t i = 300; i-- > 0;)
            sg_measure_count(&anew, &persons[i], 1);
        assert_memory_equal(&kept, &anew, sizeof anew);
    }
    for (size_t i = 0; i < 300; i++)
        sg_measure_count(&kept, &persons[i], -1);
    assert_memory_equal(&kept, &none, sizeof none);
}

#define PERSONS 6u

/* Figures kept beside a register, person by person. */
struct kept {
    struct sg_measure measure;
    struct sg_quality_person persons[PERSONS + 1];
    struct sg_quality_facts facts;
};

static bool know_nobody(void *context, const struct sg_uid *uid,
                        struct sg_quality_relative *ret)
{
    (void)context;
    (void)uid;
    (void)ret;
    return false;
}

static bool know_no_house(void *context, const struct sg_uid *uid,
                          const struct sg_uid *person,
                          struct sg_quality_household *ret)
{
    (void)context;
    (void)uid;
    (void)person;
    (void)ret;
    return false;
}

static bool know_all_codes(void *context, enum sg_schema_table table,
                           uint16_t code, struct sg_date day)
{
    (void)context;
    (void)table;
    (void)code;
    (void)day;
    return true;
}

/* Takes out who he was and puts in who he is. */
static void changed(void *context, const struct sg_subject *subject)
{
    struct kept *kept = context;

    for (unsigned no = 1; no <= PERSONS; no++) {
        struct sg_uid uid = office_uid(no);

        if (sg_uid_compare(&uid, &subject->uid) != 0)
            continue;
        sg_measure_count(&kept->measure, &kept->persons[no], -1);
        sg_quality_judge(subject, &kept->facts, &kept->persons[no]);
        sg_measure_count(&kept->measure, &kept->persons[no], 1);
    }
}

static void write_story(struct office *office)
{
    for (unsigned no = 1; no <= PERSONS; no++) {
        struct sg_ref first = office_person(office, no, 19800912);

        (void)office_residence(office, no, OFFICE_HOME, 2);
        (void)office_pin(office, no, 999180000001 + no / 2, 2);
        if (no % 2 == 0)
            (void)office_birth(office, no, first, 19810912);
        if (no == 3)
            (void)office_vital(office, no, 2, 20220101);
        (void)office_phone(office, no, first, "0000000000");
    }
}

/* Of a real register, told record by record: what is kept beside it equals
 * what is counted of the whole, at every record. */
static void test_beside_a_register(void **state)
{
    static struct office office;
    static struct kept kept;
    const struct sg_calendar calendar = {NULL, 0};
    const struct sg_subject *subject;
    struct sg_register *reg;

    (void)state;
    office_open(&office);
    write_story(&office);
    kept.facts = (struct sg_quality_facts){.relative = know_nobody,
                                           .household = know_no_house,
                                           .has_code = know_all_codes,
                                           .units = office.units,
                                           .calendar = &calendar,
                                           .today = {20240101},
                                           .fields = sg_quality_fields,
                                           .n_fields = sg_quality_n_fields};
    assert_ok(sg_register_new(&office.setup, &reg));
    sg_register_watch(reg, changed, &kept);
    for (size_t i = 0; i < office.n_copies; i++) {
        struct sg_measure anew = {0};
        struct sg_quality_person person;
        struct sg_uid uid;
        size_t cursor = 0;

        assert_ok(sg_register_put(reg, &office.copies[i].copy));
        assert_ok(sg_register_settle(reg));
        while (sg_register_next(reg, &cursor, &uid)) {
            assert_ok(sg_register_subject(reg, &uid, &subject));
            sg_quality_judge(subject, &kept.facts, &person);
            sg_measure_count(&anew, &person, 1);
        }
        assert_memory_equal(&anew, &kept.measure, sizeof anew);
    }
    assert_int_equal(kept.measure.persons, PERSONS - 1);
    assert_true(kept.measure.dirty[0] > 0); /* one number of two persons */
    assert_int_equal(kept.measure.death_disputed, 1);
    assert_int_equal(kept.measure.dirty[8], PERSONS); /* the phone */
    sg_register_free(reg);
    office_close(&office);
}

/* Whoever is neither counted nor deceased is in no figure; of the dead only
 * their fields, their events, and a dispute. */
static void test_who_counts(void **state)
{
    const struct sg_measure none = {0};
    struct sg_measure measure = {0};
    struct sg_quality_person person = good();

    (void)state;
    person.is_counted = false;
    sg_measure_count(&measure, &person, 1);
    assert_memory_equal(&measure, &none, sizeof none);
    person.is_deceased = true;
    sg_measure_count(&measure, &person, 1);
    assert_int_equal(measure.persons, 0);
    assert_int_equal(measure.due, 10);
    assert_int_equal(measure.events, 1);
    assert_int_equal(measure.in_duty, 0);
    person.is_death_disputed = true;
    person.dirt = SG_QUALITY_AFTER_DEATH;
    sg_measure_count(&measure, &person, 1);
    assert_int_equal(measure.death_disputed, 1);
    assert_int_equal(measure.dirty[5], 1);
}

/* Somebody of whom it is disputed whether he lives is not clean. */
static void test_disputed_death_is_not_clean(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_result result;

    (void)state;
    measure.death_disputed = 1;
    sg_measure_judge(&measure, &fine, &result);
    assert_int_equal(result.clean.of, 1000);
    assert_int_equal(result.clean.in, 1001);
}

/* Unknown is never a pass: it is in neither part of a DQI, and lowers the
 * coverage. */
static void test_unknown_is_no_pass(void **state)
{
    const struct sg_measure_rule rule = {.pass = 3, .fail = 1, .unknown = 6};

    (void)state;
    assert_int_equal(sg_measure_dqi(&rule).of, 3);
    assert_int_equal(sg_measure_dqi(&rule).in, 4);
    assert_int_equal(sg_measure_coverage(&rule).of, 4);
    assert_int_equal(sg_measure_coverage(&rule).in, 10);
}

/* Not applicable counts nowhere. */
static void test_not_applicable(void **state)
{
    struct sg_measure measure = thousand();

    (void)state;
    assert_int_equal(measure.rules[1].pass, 1000);
    assert_int_equal(measure.rules[2].pass, 0);
    assert_int_equal(measure.rules[2].fail, 0);
    assert_int_equal(measure.rules[2].unknown, 0);
}

/* Per cents are rounded down: 100.0 is the whole and nothing less. */
static void test_print(void **state)
{
    static const struct {
        struct sg_fraction fraction;
        const char *text;
    } cases[] = {
        {{0, 0}, "-"},      {{0, 5}, "0.0"},           {{1, 3}, "33.3"},
        {{5, 5}, "100.0"},  {{99999, 100000}, "99.9"}, {{899, 1000}, "89.9"},
        {{1, 1000}, "0.1"}, {{75, 1000}, "7.5"}};
    char text[8];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sg_measure_print(cases[i].fraction, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Fractions are compared exactly; one that is not computable limits nothing. */
static void test_compare(void **state)
{
    const struct sg_fraction third = {1, 3}, same = {33, 99}, half = {1, 2},
                             none = {0, 0};

    (void)state;
    assert_int_equal(sg_measure_compare(third, same), 0);
    assert_int_equal(sg_measure_compare(third, half), -1);
    assert_int_equal(sg_measure_compare(half, third), 1);
    assert_int_equal(sg_measure_compare(none, half), 1);
    assert_int_equal(sg_measure_compare(half, none), -1);
    assert_int_equal(sg_measure_compare(none, none), 0);
}

/* Green from 90 % of every criterion, yellow from 75 %: each criterion alone at
 * its limits. */
static void test_boundaries(void **state)
{
    static const struct {
        int64_t part;
        enum sg_measure_verdict verdict;
    } cases[] = {{1000, SG_MEASURE_GREEN},
                 {900, SG_MEASURE_GREEN},
                 {899, SG_MEASURE_YELLOW},
                 {750, SG_MEASURE_YELLOW},
                 {749, SG_MEASURE_RED}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_measure_outside outside = fine;
        struct sg_measure measure = thousand();
        int64_t part = cases[i].part;

        measure.rules[1] = measure.rules[5] = measure.rules[8] =
            (struct sg_measure_rule){part, 1000 - part, 0};
        assert_int_equal(verdict(&measure, &fine), cases[i].verdict);
        measure = thousand();
        measure.present = 10 * part;
        assert_int_equal(verdict(&measure, &fine), cases[i].verdict);
        measure = thousand();
        measure.clean = part;
        assert_int_equal(verdict(&measure, &fine), cases[i].verdict);
        measure.clean = 1000;
        measure.in_time = part;
        assert_int_equal(verdict(&measure, &fine), cases[i].verdict);
        measure = thousand();
        measure.met = part;
        assert_int_equal(verdict(&measure, &fine), cases[i].verdict);
        measure = thousand();
        outside.known_events = 1000;
        outside.acknowledged = part;
        assert_int_equal(verdict(&measure, &outside), cases[i].verdict);
        outside = fine;
        outside.units_compared = 1000;
        outside.units_equal = part;
        assert_int_equal(verdict(&measure, &outside), cases[i].verdict);
    }
}

/* Of persons the register may hold fewer than others count, or more: what is
 * beyond is told and makes nothing better. */
static void test_people(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_outside outside = fine;
    struct sg_measure_result result;

    (void)state;
    outside.reference = 1112; /* 89.9 % */
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_YELLOW);
    outside.reference = 1111; /* 90.009 % */
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_GREEN);
    outside.reference = 900;
    sg_measure_judge(&measure, &outside, &result);
    assert_int_equal(result.people.of, 900);
    assert_int_equal(result.people.in, 900);
    assert_int_equal(result.excess, 100);
}

/* One person with a wrong number or unit is enough to keep a unit from green.
 */
static void test_identity_is_whole(void **state)
{
    struct sg_measure measure = thousand();

    (void)state;
    measure.identity_wrong = 1;
    assert_int_equal(verdict(&measure, &fine), SG_MEASURE_YELLOW);
}

/* Grey: coverage below 50 %, nothing to judge, or older than 30 days. */
static void test_grey(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_outside outside = fine;
    const struct sg_measure none = {0};

    (void)state;
    measure.rules[5] = (struct sg_measure_rule){0};
    measure.rules[8] = (struct sg_measure_rule){0};
    measure.rules[1] = (struct sg_measure_rule){500, 0, 500};
    assert_int_equal(verdict(&measure, &fine), SG_MEASURE_GREEN);
    measure.rules[1] = (struct sg_measure_rule){499, 0, 501};
    assert_int_equal(verdict(&measure, &fine), SG_MEASURE_GREY);
    measure = thousand();
    outside.head_age_hours = 720;
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_GREEN);
    outside.head_age_hours = 721;
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_GREY);
    assert_int_equal(verdict(&none, &fine), SG_MEASURE_GREY);
    measure.events = measure.in_duty = 0;
    outside = fine;
    outside.known_events = 0;
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_GREY);
}

/* What was not compared is no pass: without a reference count, or a comparison
 * with the centre, no unit is green. */
static void test_not_compared_is_not_green(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_outside outside = fine;

    (void)state;
    outside.reference = 0;
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_YELLOW);
    outside = fine;
    outside.units_compared = outside.units_equal = 0;
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_YELLOW);
    outside = fine;
    outside.mapping_errors = 1;
    assert_int_equal(verdict(&measure, &outside), SG_MEASURE_RED);
}

/* đúng: the smaller of structure and agreement with the national database, if
 * half of the persons were compared; else of structure, and provisional. */
static void test_external(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_result result;

    (void)state;
    measure.external = (struct sg_measure_rule){400, 99, 501};
    sg_measure_judge(&measure, &fine, &result);
    assert_true(result.is_provisional);
    assert_int_equal(result.correct.of, result.correct.in);
    measure.external = (struct sg_measure_rule){400, 100, 500};
    sg_measure_judge(&measure, &fine, &result);
    assert_false(result.is_provisional);
    assert_int_equal(result.correct.of, 400);
    assert_int_equal(result.correct.in, 500);
    assert_int_equal(result.external_coverage.of, 500);
    assert_int_equal(result.external_coverage.in, 1000);
}

/* Below 30 persons a sample is insufficient; Wilson's bound for 30 of which
 * none and 3 were wrong, and 100 of which 10 were (1.96): 11.36, 25.62 and
 * 17.44 %. */
static void test_sample(void **state)
{
    static const struct {
        int64_t sampled, wrong, max;
    } cases[] = {{30, 0, 113514}, {30, 3, 256203}, {100, 10, 174370}};
    struct sg_measure measure = thousand();
    struct sg_measure_result result;

    (void)state;
    measure.strata[3] = (struct sg_measure_stratum){29, 1};
    sg_measure_judge(&measure, &fine, &result);
    assert_false(result.has_sample);
    assert_int_equal(result.sampled, 29);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        measure.strata[3] =
            (struct sg_measure_stratum){cases[i].sampled, cases[i].wrong};
        sg_measure_judge(&measure, &fine, &result);
        assert_true(result.has_sample);
        assert_int_equal(result.sample_wrong,
                         cases[i].wrong * 1000000 / cases[i].sampled);
        assert_in_range(result.sample_wrong_max, cases[i].max,
                        cases[i].max + 1000);
    }
    measure.beyond_strata = 1;
    sg_measure_judge(&measure, &fine, &result);
    assert_false(result.has_sample);
}

/* A stratum weighs as many persons as it has: sum of w k / n. One that nobody
 * visited leaves the sample insufficient. */
static void test_strata(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_outside outside = fine;
    struct sg_measure_result result;

    (void)state;
    measure.strata[0] = (struct sg_measure_stratum){100, 10};
    measure.strata[1] = (struct sg_measure_stratum){100, 50};
    outside.strata[0] = 900;
    outside.strata[1] = 100;
    sg_measure_judge(&measure, &outside, &result);
    assert_int_equal(result.sample_wrong, 140000); /* 0.9 0.1 + 0.1 0.5 */
    /* As much as 1 / (0.81 / 100 + 0.01 / 100) = 121.9 persons: 21.24 %. */
    assert_in_range(result.sample_wrong_max, 212000, 214000);
    sg_measure_judge(&measure, &fine, &result);
    assert_int_equal(result.sample_wrong, 300000);
    outside.strata[2] = 1;
    sg_measure_judge(&measure, &outside, &result);
    assert_false(result.has_sample);
}

/* More than three times the national share of first days of January are not
 * clean, in a unit of at least 200. */
static void test_new_year(void **state)
{
    struct sg_measure measure = thousand();
    struct sg_measure_outside outside = fine;
    struct sg_measure_result result;

    (void)state;
    measure.new_year = 8; /* 3 of 365 are 8.2 of 1,000 */
    measure.clean_new_year = 7;
    sg_measure_judge(&measure, &fine, &result);
    assert_false(result.has_new_year);
    measure.new_year = 9;
    sg_measure_judge(&measure, &fine, &result);
    assert_true(result.has_new_year);
    assert_int_equal(result.clean.of, 993);
    outside.national = (struct sg_fraction){3, 1000};
    sg_measure_judge(&measure, &outside, &result);
    assert_false(result.has_new_year);
    measure.new_year = 10;
    sg_measure_judge(&measure, &outside, &result);
    assert_true(result.has_new_year);
    measure.persons = 199;
    sg_measure_judge(&measure, &outside, &result);
    assert_false(result.has_new_year);
}

/* Above the commune each commune's own share counts, not their common one. */
static void test_sum_of_communes(void **state)
{
    const struct sg_fraction none = {0, 0};
    struct sg_measure odd = thousand(), plain = thousand(), district = {0},
                      province = {0};
    struct sg_measure_result result;

    (void)state;
    odd.new_year = odd.clean_new_year = 9;
    sg_measure_add(&district, &odd, none);
    for (int i = 0; i < 9; i++)
        sg_measure_add(&district, &plain, none);
    sg_measure_add(&province, &district, none);
    sg_measure_judge(&province, &fine, &result);
    assert_int_equal(province.communes, 10);
    assert_int_equal(province.persons, 10000);
    assert_int_equal(result.clean.of, 9991);
    assert_true(result.has_new_year);
}

/* A mean is weighted by the table of policy 7 and stands beside the verdict; a
 * rule that judged nobody is not in it. */
static void test_mean(void **state)
{
    uint64_t weights[SG_RULES_COUNT + 1];
    struct sg_measure measure = {0};
    const uint8_t rules[] = {1, 2, 5};

    (void)state;
    for (size_t i = 0; i <= SG_RULES_COUNT; i++)
        weights[i] = 1000;
    assert_int_equal(sg_measure_mean(&measure, rules, 3, weights), -1);
    measure.rules[1] = (struct sg_measure_rule){1, 1, 5};
    measure.rules[5] = (struct sg_measure_rule){4, 0, 0};
    assert_int_equal(sg_measure_mean(&measure, rules, 3, NULL), 750000);
    assert_int_equal(sg_measure_mean(&measure, rules, 3, weights), 750000);
    weights[1] = 3000;
    assert_int_equal(sg_measure_mean(&measure, rules, 3, weights), 625000);
    weights[1] = weights[5] = 0;
    assert_int_equal(sg_measure_mean(&measure, rules, 3, weights), -1);
}

/* Verdicts are said in both languages, each differently. */
static void test_text(void **state)
{
    (void)state;
    for (int i = SG_MEASURE_GREY; i <= SG_MEASURE_GREEN; i++)
        assert_string_not_equal(
            sg_measure_text((enum sg_measure_verdict)i, SG_LANG_EN),
            sg_measure_text((enum sg_measure_verdict)i, SG_LANG_VI));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_incremental_equals_recomputed),
        cmocka_unit_test(test_beside_a_register),
        cmocka_unit_test(test_who_counts),
        cmocka_unit_test(test_disputed_death_is_not_clean),
        cmocka_unit_test(test_unknown_is_no_pass),
        cmocka_unit_test(test_not_applicable),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_identity_is_whole),
        cmocka_unit_test(test_grey),
        cmocka_unit_test(test_not_compared_is_not_green),
        cmocka_unit_test(test_external),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_strata),
        cmocka_unit_test(test_new_year),
        cmocka_unit_test(test_sum_of_communes),
        cmocka_unit_test(test_mean),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
