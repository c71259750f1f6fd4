#include "storage/registry/unit_report.h"

#include "storage/base/prng.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

#define PERSONS 100000

static struct sg_unit_table *shipped(void)
{
    struct sg_unit_table *table = NULL;

    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &table, NULL));
    return table;
}

/* Gives every person a commune of DAY. */
static void settle(const struct sg_unit_table *table, struct sg_date day,
                   struct sg_unit_key *homes)
{
    struct sg_prng prng;

    sg_prng_init(&prng, 1);
    for (size_t i = 0; i < PERSONS;) {
        const struct sg_unit *unit = sg_unit_table_get(
            table, sg_prng_below(&prng, sg_unit_table_size(table)));

        if (sg_unit_key_level(unit->key) == SG_UNIT_LEVEL_COMMUNE &&
            sg_unit_is_at(unit, day))
            homes[i++] = unit->key;
    }
}

/* Sums what stands under units of DAY and of LEVEL, and under the others. */
static void sums(const struct sg_unit_table *table,
                 const struct sg_unit_report *report, struct sg_date day,
                 enum sg_unit_level level, uint64_t ret[2])
{
    ret[0] = ret[1] = 0;
    for (size_t i = 0; i < sg_unit_table_size(table); i++) {
        const struct sg_unit *unit = sg_unit_table_get(table, i);
        bool is_of =
            sg_unit_key_level(unit->key) == level && sg_unit_is_at(unit, day);

        ret[is_of ? 0 : 1] += sg_unit_report_of(report, unit->key);
    }
}

/* From any version onto any other, at every level, each of 100,000 persons is
 * counted once: placed, pending, unclear or unknown; rows and totals agree. */
static void test_unit_report_everyone_once(void **state)
{
    static const struct sg_date days[] = {
        {20230410}, {20240201}, {20250101}, {20250701}};
    struct sg_unit_table *table = shipped();
    struct sg_unit_key *homes = test_calloc(PERSONS, sizeof *homes);

    (void)state;
    for (size_t from = 0; from < 4; from++) {
        settle(table, days[from], homes);
        for (size_t to = 0; to < 4; to++)
            for (int level = 1; level <= 3; level++) {
                struct sg_unit_report *report = NULL;
                struct sg_unit_totals totals;
                uint64_t sum[2];

                assert_ok(sg_unit_report_new(
                    table, days[to], (enum sg_unit_level)level, &report));
                for (size_t i = 0; i < PERSONS; i++)
                    (void)sg_unit_report_count(report, homes[i]);
                totals = sg_unit_report_totals(report);
                sums(table, report, days[to], (enum sg_unit_level)level, sum);
                assert_int_equal(totals.placed, sum[0]);
                assert_int_equal(totals.pending + totals.unclear, sum[1]);
                assert_int_equal(sum[0] + sum[1] + totals.unknown, PERSONS);
                assert_int_equal(totals.unknown,
                                 level == 2 && to == 3 ? PERSONS : 0);
                if (from == to && totals.unknown == 0)
                    assert_int_equal(totals.placed, PERSONS);
                if (from <= to)
                    assert_int_equal(totals.unclear, 0);
                if (from < 3 && to == 3 && level == 3)
                    assert_true(totals.pending > 0);
                sg_unit_report_free(report);
            }
    }
    test_free(homes);
    sg_unit_table_free(table);
}

/* A resettled person is counted in the part that he went to, his neighbours
 * still under the unit that was split. */
static void test_unit_report_resettled(void **state)
{
    struct sg_unit_table *table = shipped();
    struct sg_unit_key town = {31577220240201}, part = {31577220250701};
    struct sg_unit_report *report = NULL;

    (void)state;
    assert_ok(sg_unit_report_new(table, (struct sg_date){20250701},
                                 SG_UNIT_LEVEL_COMMUNE, &report));
    for (int i = 0; i < 3; i++)
        assert_int_equal(sg_unit_report_count(report, town).fit,
                         SG_UNIT_FIT_PENDING);
    assert_int_equal(sg_unit_report_count(report, part).fit, SG_UNIT_FIT_EXACT);
    assert_int_equal(
        sg_unit_report_count(report, (struct sg_unit_key){39999920191201}).fit,
        SG_UNIT_FIT_NONE);
    assert_int_equal(sg_unit_report_of(report, town), 3);
    assert_int_equal(sg_unit_report_of(report, part), 1);
    assert_int_equal(
        sg_unit_report_of(report, (struct sg_unit_key){39999920191201}), 0);
    assert_int_equal(sg_unit_report_totals(report).unknown, 1);
    sg_unit_report_free(report);
    sg_unit_table_free(table);
}

static enum sg_err report_once(void *context)
{
    struct sg_unit_report *report = NULL;
    struct sg_unit_table *table = NULL;
    enum sg_err err = sg_unit_table_new(&table);

    (void)context;
    if (err == SG_OK)
        err = sg_unit_table_seal(table);
    if (err == SG_OK)
        err = sg_unit_report_new(table, (struct sg_date){20230101},
                                 SG_UNIT_LEVEL_COMMUNE, &report);
    sg_unit_report_free(report);
    sg_unit_table_free(table);
    return err;
}

/* A failing allocation is NOMEM, and nothing is left behind. */
static void test_unit_report_memory(void **state)
{
    (void)state;
    assert_true(sg_torture_run(report_once, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_report_everyone_once),
        cmocka_unit_test(test_unit_report_resettled),
        cmocka_unit_test(test_unit_report_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
