#include "storage/registry/unit_file.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

/* What is shipped is read whole: the number of units and edges that its last
 * line says, with names and acts as written. */
static void test_unit_file_shipped(void **state)
{
    struct sg_unit_table *table = NULL;
    const struct sg_unit *unit;

    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &table, NULL));
    unit = sg_unit_find(table, (struct sg_unit_key){31582920240201});
    assert_non_null(unit);
    assert_int_equal(unit->kind, 9);
    assert_int_equal(unit->until.ymd, 20250701);
    assert_int_equal(unit->parent.value, 20039820191201);
    assert_true(unit->is_proven);
    assert_true(sg_bytes_equal(unit->name, text_of("Thị trấn Hậu Hiền")));
    assert_true(sg_bytes_equal(unit->act, text_of("NQ 939/NQ-UBTVQH15")));
    unit = sg_unit_find(table, (struct sg_unit_key){10003820191201});
    assert_int_equal(unit->act.size, 0);
    assert_int_equal(unit->until.ymd, 0);
    sg_unit_table_free(table);
}

#define HEAD "sogoc units 1\n"
#define P    "unit\t10000120200101\t0\t1\t0\t0\t1\tP\n"
#define A    "unit\t30000120200101\t20210101\t7\t10000120200101\t0\t1\tA\n"
#define B    "unit\t30000120210101\t0\t7\t10000120200101\t0\t0\tB\n"
#define AB   "edge\t30000120200101\t30000120210101\t1\t0\t0\n"

/* One fault each: the text, the error, and the line that it names. */
static const struct {
    const char *text;
    const char *error;
    size_t line;
} bad[] = {
    {"", "TRUNCATED", 1},
    {"sogoc units 2\n", "VERSION", 1},
    {"sogoc units 1", "TRUNCATED", 1},
    {HEAD, "TRUNCATED", 2},
    {HEAD P A B AB, "TRUNCATED", 6},
    {HEAD "\nend\t0\t0\n", "MALFORMED", 2},
    {HEAD "unix\t1\n", "MALFORMED", 2},
    {HEAD "end\t0\n", "MALFORMED", 2},
    {HEAD "end\t1\t0\n", "INVALID", 2},
    {HEAD "end\t0\t1\n", "INVALID", 2},
    {HEAD "end\t00\t0\n", "NOTCANONICAL", 2},
    {HEAD "end\t0\t0\n# more\n", "TRAILING", 2},
    {HEAD "act\t2\tX\n", "INVALID", 2},
    {HEAD "act\t1\tX\tY\n", "MALFORMED", 2},
    {HEAD "act\t1000\tX\n", "INVALID", 2},
    {HEAD P "act\t1\tX\n", "MALFORMED", 3},
    {HEAD P P, "NOTCANONICAL", 3},
    {HEAD P B A, "NOTCANONICAL", 4},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\n", "MALFORMED", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\tP\t\n", "MALFORMED", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t1\t1\tP\n", "INVALID", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t2\tP\n", "INVALID", 2},
    {HEAD "unit\t10000120200101\t0\t70000\t0\t0\t1\tP\n", "INVALID", 2},
    {HEAD "unit\t10000120200101\t-\t1\t0\t0\t1\tP\n", "MALFORMED", 2},
    {HEAD "unit\t10000120200101\t20200101\t1\t0\t0\t1\tP\n", "INVALID", 2},
    {HEAD "unit\t10000120209901\t0\t1\t0\t0\t1\tP\n", "INVALID", 2},
    {HEAD "unit\t10000120200101\t0\t1\t7\t0\t1\tP\n", "INVALID", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\t\n", "INVALID", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\t\xff\n", "TEXT", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\tA\r\n", "MALFORMED", 2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\tA\xcc\x80\n", "NOTCANONICAL",
     2},
    {HEAD "unit\t10000120200101\t0\t1\t0\t0\t1\tA\xcd\x80\n", "NOTCANONICAL",
     2},
    {HEAD P A B AB P, "MALFORMED", 6},
    {HEAD P A B AB AB, "NOTCANONICAL", 6},
    {HEAD P A B "edge\t30000120200101\t30000120210101\t3\t0\t0\n", "INVALID",
     5},
    {HEAD P A B "edge\t30000120200101\t30000120210101\t0\t0\t0\n", "INVALID",
     5},
    {HEAD P A B "edge\t30000120200101\t30000120210101\t1\t0\n", "MALFORMED", 5},
    /* Well written, but a part that is the only one is a fault. */
    {HEAD P A B "edge\t30000120200101\t30000120210101\t2\t0\t0\nend\t3\t1\n",
     "INVALID", 6},
};

/* A text with one fault is refused, by name and line. */
static void test_unit_file_refuses(void **state)
{
    struct sg_unit_table *table = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t line = 0;
        enum sg_err err =
            sg_unit_file_read(text_of(bad[i].text), &table, &line);

        if (strcmp(sg_err_name(err), bad[i].error) != 0 || line != bad[i].line)
            fail_msg("%zu: %s in line %zu", i, sg_err_name(err), line);
        assert_null(table);
    }
}

/* The same text without a fault is read; remarks stand anywhere. */
static void test_unit_file_smallest(void **state)
{
    struct sg_unit_table *table = NULL;
    const struct sg_unit_edge *edge;
    size_t count;

    (void)state;
    assert_ok(sg_unit_file_read(
        text_of(HEAD "#\n" P A "# remark\n" B AB "end\t3\t1\n"), &table, NULL));
    edge =
        sg_unit_edges_from(table, (struct sg_unit_key){30000120200101}, &count);
    assert_int_equal(count, 1);
    assert_int_equal(edge->share, SG_UNIT_WHOLE);
    assert_false(edge->is_proven);
    sg_unit_table_free(table);
}

/* Cut short anywhere, the shipped text is not taken for a whole one. */
static void test_unit_file_cut(void **state)
{
    struct sg_bytes text = sg_unit_file_shipped();
    struct sg_unit_table *table = NULL;

    (void)state;
    for (size_t size = 0; size < text.size; size += size < 4000 ? 1 : 977)
        assert_true(sg_unit_file_read(sg_bytes(text.data, size), &table,
                                      NULL) != SG_OK);
    for (size_t less = 1; less < 40; less++)
        assert_true(sg_unit_file_read(sg_bytes(text.data, text.size - less),
                                      &table, NULL) != SG_OK);
    assert_null(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_file_shipped),
        cmocka_unit_test(test_unit_file_refuses),
        cmocka_unit_test(test_unit_file_smallest),
        cmocka_unit_test(test_unit_file_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
