/* storage/registry/quality/judge.h: days and evidence; and of quality.h the
 * lists and texts. */
#include "storage/registry/quality/judge.h"

#include <string.h>

#include "storage/registry/record_build.h"
#include "tests/lib/test.h"

/* A record's day is Viet Nam's: it begins at 17:00 UTC. */
static void test_day(void **state)
{
    const uint64_t day = UINT64_C(1704067200000); /* 2024-01-01 00:00 UTC */

    (void)state;
    assert_int_equal(sg_judge_day(day << 16).ymd, 20240101);
    assert_int_equal(sg_judge_day((day + 61199999) << 16 | 65535).ymd,
                     20240101);
    assert_int_equal(sg_judge_day((day + 61200000) << 16).ymd, 20240102);
}

/* A correction of an ethnic group, with this evidence and document. */
static bool has_evidence(const char *evidence, const char *document)
{
    const struct sg_registry_id registry = {0};
    const struct sg_ref parent = {{1}};
    const struct sg_record_src src = {
        SG_RECORD_SOURCE_DOCUMENT, sg_bytes(evidence, strlen(evidence)), {0}};
    const struct sg_record_head head = {
        .type = SG_TYPE_PERSON,
        .subject = {{1}},
        .parents = &parent,
        .n_parents = 1,
        .basis = {4, sg_bytes(document, strlen(document)), {0}},
        .effective = {20230101}};
    const struct sg_record_copy copy = {.hlc = 1};
    const struct sg_subject_record not_held = {.type = SG_TYPE_PERSON};
    struct sg_subject_record entry = {.type = SG_TYPE_PERSON};
    struct sg_record_build build;
    struct sg_record record;
    struct sg_buf payload;
    struct sg_hash id;
    struct sg_judge_source source = {.record = NULL};
    bool has;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    sg_record_build_src(&build, &src);
    sg_record_build_uint(&build, SG_FIELD_PERSON_ETHNICITY, 1);
    assert_ok(
        sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id));
    assert_ok(sg_record_decode(sg_buf_bytes(&payload), &record));
    entry.inner = record.inner;
    has = sg_judge_has_evidence(&source, &entry, SG_FIELD_PERSON_ETHNICITY);
    /* What was decoded stands until another record is asked. */
    assert_int_equal(
        has, sg_judge_has_evidence(&source, &entry, SG_FIELD_PERSON_ETHNICITY));
    assert_false(
        sg_judge_has_evidence(&source, &not_held, SG_FIELD_PERSON_ETHNICITY));
    assert_int_equal(
        has, sg_judge_has_evidence(&source, &entry, SG_FIELD_PERSON_ETHNICITY));
    sg_buf_clear(&payload);
    return has;
}

/* Evidence is a reference: the field's, or that of the record's basis. What is
 * not held gives none. */
static void test_evidence(void **state)
{
    const struct sg_subject_record not_held = {.type = SG_TYPE_PERSON};
    struct sg_judge_source source = {.record = NULL};

    (void)state;
    assert_false(has_evidence("", ""));
    assert_true(has_evidence("GKS 12", ""));
    assert_true(has_evidence("", "12/QD"));
    assert_false(sg_judge_has_evidence(&source, NULL, SG_FIELD_PERSON_NAME));
    assert_false(
        sg_judge_has_evidence(&source, &not_held, SG_FIELD_PERSON_NAME));
}

/* The persons behind a figure are those who keep it from being whole. */
static void test_behind(void **state)
{
    const struct sg_quality_person judged = {
        .rules = {[6] = SG_RULES_FAIL, [1] = SG_RULES_UNKNOWN},
        .external = SG_RULES_FAIL,
        .is_wrong = true,
        .missing = 4,
        .dirt = SG_QUALITY_NAME,
        .is_new_year = true,
        .is_identity_wrong = true,
        .events = 2,
        .in_time = 1,
        .duties = 1};
    const struct {
        enum sg_quality_list list;
        unsigned yes, no;
    } cases[] = {{SG_QUALITY_LIST_RULE, 6, 1},
                 {SG_QUALITY_LIST_RULE_UNKNOWN, 1, 6},
                 {SG_QUALITY_LIST_FIELD, 2, 1},
                 {SG_QUALITY_LIST_DIRT, SG_QUALITY_NAME, SG_QUALITY_CODE}};
    const enum sg_quality_list plain[] = {
        SG_QUALITY_LIST_EXTERNAL, SG_QUALITY_LIST_SAMPLE,
        SG_QUALITY_LIST_NEW_YEAR, SG_QUALITY_LIST_IDENTITY,
        SG_QUALITY_LIST_LATE,     SG_QUALITY_LIST_DUTY};
    const struct sg_quality_person fine = {.is_counted = true};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(sg_quality_is_behind(&judged, cases[i].list, cases[i].yes));
        assert_false(sg_quality_is_behind(&judged, cases[i].list, cases[i].no));
        assert_false(sg_quality_is_behind(&fine, cases[i].list, cases[i].yes));
        assert_false(sg_quality_is_behind(&judged, cases[i].list, 1u << 20));
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_true(sg_quality_is_behind(&judged, plain[i], 0));
        assert_false(sg_quality_is_behind(&fine, plain[i], 0));
    }
}

/* Every bit of dirt is said in both languages, each differently. */
static void test_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SG_QUALITY_DIRT_COUNT; i++) {
        enum sg_quality_dirt dirt = (enum sg_quality_dirt)(1u << i);

        assert_string_not_equal(sg_quality_dirt_text(dirt, SG_LANG_EN),
                                sg_quality_dirt_text(dirt, SG_LANG_VI));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_day),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
