/* storage/registry/rules.h: the table that says how severe a breach is on which
 * day, its words, and that each rule has its test. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/registry/merge/conflict.h"
#include "storage/registry/rules.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

/* --- the table --------------------------------------------------------- */

/* The law of 2023 judges the events of 2023: before the law there is no
 * breach, at its first day there is. */
static void test_severity_is_of_the_day(void **state)
{
    static const struct {
        unsigned no;
        enum sg_rules_scope scope;
        uint32_t day;
        enum sg_rules_severity severity;
    } cases[] = {
        {1, SG_RULES_RECORD, 20151231, SG_RULES_OFF},
        {1, SG_RULES_RECORD, 20160101, SG_RULES_REJECT},
        {1, SG_RULES_STATE, 20250101, SG_RULES_FLAG},
        {9, SG_RULES_STATE, 20210630, SG_RULES_OFF},
        {9, SG_RULES_STATE, 20210701, SG_RULES_CONFLICT},
        {9, SG_RULES_RECORD, 20250101, SG_RULES_OFF},
        {11, SG_RULES_RECORD, 20240630, SG_RULES_OFF},
        {11, SG_RULES_RECORD, 20240701, SG_RULES_REJECT},
        {11, SG_RULES_STATE, 20230618, SG_RULES_BLOCK},
        {14, SG_RULES_STATE, 20240630, SG_RULES_OFF},
        {14, SG_RULES_STATE, 20240701, SG_RULES_BLOCK},
        {6, SG_RULES_RECORD, 19500101, SG_RULES_REJECT},
        {14, SG_RULES_STATE, 20240000, SG_RULES_OFF}, /* its first day */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sg_rules_severity(cases[i].no, cases[i].scope, false,
                                           DAY(cases[i].day), NULL, 0),
                         cases[i].severity);
}

/* A statement of the authority replaces dates and severity for its days, and
 * a legacy value is still flagged where a new one is rejected. */
static void test_severity_is_changed_by_statement(void **state)
{
    static const struct sg_rules_change changes[] = {
        {6, {20260101}, {20270101}, SG_RULES_FLAG},
        {14, {20230101}, {0}, SG_RULES_REJECT},
    };

    (void)state;
    assert_int_equal(
        sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20251231), changes, 2),
        SG_RULES_REJECT);
    assert_int_equal(
        sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20260101), changes, 2),
        SG_RULES_FLAG);
    assert_int_equal(
        sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20270101), changes, 2),
        SG_RULES_REJECT);
    assert_int_equal(
        sg_rules_severity(14, SG_RULES_STATE, false, DAY(20300101), changes, 2),
        SG_RULES_REJECT);
    assert_int_equal(
        sg_rules_severity(14, SG_RULES_STATE, true, DAY(20300101), changes, 2),
        SG_RULES_FLAG);
    assert_int_equal(sg_rules_severity(14, SG_RULES_RECORD, false,
                                       DAY(20300101), changes, 2),
                     SG_RULES_OFF);
}

/* Key, sentences and source of every rule stand on the page word for word. */
static void test_rules_are_those_of_the_page(void **state)
{
    static char page[1 << 18];
    char path[4096], row[1024];
    FILE *file;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/storage/registry/RECORDS.md",
                   getenv("SG_SOURCE_DIR"));
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
    (void)fclose(file);
    for (unsigned no = 1; no <= SG_RULES_COUNT; no++) {
        const struct sg_rules_rule *rule = sg_rules_get(no);
        const char *line;

        assert_int_equal(rule->no, no);
        (void)snprintf(row, sizeof(row), "\n| V%02u | %s | %s |\n", no,
                       sg_rules_text(no, SG_LANG_EN),
                       sg_rules_text(no, SG_LANG_VI));
        assert_non_null(strstr(page, row));
        (void)snprintf(row, sizeof(row), "\n| V%02u | %s | ", no, rule->key);
        line = strstr(page, row);
        assert_non_null(line);
        (void)snprintf(row, sizeof(row), "%.*s", (int)strcspn(line + 1, "\n"),
                       line + 1);
        assert_non_null(strstr(row, rule->source));
        assert_int_equal(strstr(row, "| record") != NULL,
                         (rule->scopes & SG_RULES_RECORD) != 0);
    }
}

/* --- every rule has its test -------------------------------------------- */

#define SOURCE_SIZE_MAX (1u << 17)

/* Copies the comment FROM to END as one line in small letters. */
static void flatten(const char *from, const char *end, char *ret, size_t max)
{
    size_t size = 0;

    for (; from < end && size + 1 < max; from++) {
        bool is_gap = isspace((unsigned char)*from) || *from == '*';

        if (!is_gap)
            ret[size++] = (char)tolower((unsigned char)*from);
        else if (size > 0 && ret[size - 1] != ' ')
            ret[size++] = ' ';
    }
    ret[size] = '\0';
}

/* Says whether the comment that ends right above AT in TEXT names SOURCE. */
static bool names_source(const char *text, const char *at, const char *source)
{
    char comment[2048], small[256];
    const char *begin = at - 3;

    if (at - text < 4 || strncmp(begin, "*/\n", 3) != 0)
        return false;
    while (begin > text && strncmp(begin, "/*", 2) != 0)
        begin--;
    flatten(begin, at, comment, sizeof(comment));
    flatten(source, source + strlen(source), small, sizeof(small));
    return strstr(comment, small) != NULL;
}

/* Says what the test NAME in TEXT lacks: a test has its source above it, and in
 * it each of the three cases, with an assertion behind; NULL if nothing. */
static const char *missing(const char *text, const char *name,
                           const char *source)
{
    static const char *const cases[] = {"/* Accepted", "/* Refused",
                                        "/* Disputed"};
    char head[128];
    const char *at, *end, *found, *asserted;

    (void)snprintf(head, sizeof(head), "static void %s(void **state)\n{\n",
                   name);
    at = strstr(text, head);
    if (at == NULL)
        return "the test";
    if (!names_source(text, at, source))
        return "the source";
    end = strstr(at, "\n}\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        found = strstr(at, cases[i]);
        if (end == NULL || found == NULL || found > end)
            return cases[i] + 3;
        asserted = strstr(found, "assert_");
        if (asserted == NULL || asserted > end)
            return "an assertion";
    }
    return NULL;
}

/* Adds a file of tests/unit to TEXT. */
static void add_source(char *text, const char *name)
{
    size_t size = strlen(text);
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/tests/unit/%s",
                   getenv("SG_SOURCE_DIR"), name);
    file = fopen(path, "rb");
    assert_non_null(file);
    size += fread(text + size, 1, SOURCE_SIZE_MAX - 1 - size, file);
    (void)fclose(file);
    assert_true(size < SOURCE_SIZE_MAX - 1);
    text[size] = '\0';
}

/* Demands the test of rule NO of the class LETTER, named after its KEY. */
static void demand(const char *text, char letter, unsigned no, const char *key,
                   const char *source)
{
    char name[64];
    const char *lacks;

    (void)snprintf(name, sizeof(name), "test_%c%02u_%s", letter, no, key);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
    lacks = missing(text, name, source);
    if (lacks != NULL)
        fail_msg("%s lacks %s", name, lacks);
}

/* Each of V01 to V20 has a test named after it for each of its scopes, each of
 * C01 to C18 has one, with the three cases and the source of the table. */
static void test_every_rule_has_its_test(void **state)
{
    static char texts[4][SOURCE_SIZE_MAX]; /* by scope; 3: conflicts */

    (void)state;
    add_source(texts[0], "test_rules_origin.c");
    add_source(texts[SG_RULES_RECORD], "test_rules_record.c");
    add_source(texts[SG_RULES_STATE], "test_rules_state.c");
    add_source(texts[3], "test_conflict.c");
    add_source(texts[3], "test_conflict_case.c");
    add_source(texts[3], "test_rules_origin.c");
    for (unsigned no = 1; no <= SG_RULES_COUNT; no++) {
        const struct sg_rules_rule *rule = sg_rules_get(no);

        if (rule->scopes == 0)
            demand(texts[0], 'v', no, rule->key, rule->source);
        for (unsigned scope = SG_RULES_RECORD; scope <= SG_RULES_STATE; scope++)
            if ((rule->scopes & scope) != 0)
                demand(texts[scope], 'v', no, rule->key, rule->source);
    }
    for (unsigned no = 1; no <= SG_CONFLICT_COUNT; no++) {
        const struct sg_conflict_rule *rule = sg_conflict_get(no);

        demand(texts[3], 'c', no, rule->key, rule->source);
    }
}

/* The check above finds each thing that a test may lack. */
static void test_missing_cases_are_found(void **state)
{
#define HEAD  "static void test_v99_x(void **state)\n{\n"
#define THREE "/* Accepted. */ /* Refused. */ /* Disputed. */"
    static const struct {
        const char *text, *lacks;
    } cases[] = {
        {"/* V99. Law\n * 1. */\n" HEAD THREE " assert_ok();\n}\n", NULL},
        {"/* V99. Law 1. */\n", "the test"},
        {"/* V99. Law 1. */\n\n" HEAD THREE " assert_ok();\n}\n", "the source"},
        {"/* V99. Law 2. */\n" HEAD THREE " assert_ok();\n}\n", "the source"},
        {"/* Law 1. */\n" HEAD THREE "\n}\n assert_ok();", "an assertion"},
        {"/* Law 1. */\n" HEAD "/* Refused. */ assert_ok();\n}\n" THREE,
         "Accepted"},
        {"/* Law 1. */\n" HEAD "/* Accepted. */ assert_ok();\n}\n", "Refused"},
        {"/* Law 1. */\n" HEAD
         "/* Accepted. */ /* Refused. */ assert_ok();\n}\n",
         "Disputed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *lacks = missing(cases[i].text, "test_v99_x", "law 1");

        if (cases[i].lacks == NULL)
            assert_null(lacks);
        else
            assert_string_equal(lacks, cases[i].lacks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_severity_is_of_the_day),
        cmocka_unit_test(test_severity_is_changed_by_statement),
        cmocka_unit_test(test_rules_are_those_of_the_page),
        cmocka_unit_test(test_every_rule_has_its_test),
        cmocka_unit_test(test_missing_cases_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
