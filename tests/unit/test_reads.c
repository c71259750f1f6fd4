/* Reads: so many different persons an officer and day; beyond it under a permit
 * of a second officer, for its matter, until it ends. */
#include "node/reads.h"

#include <string.h>

#include "tests/lib/test.h"

#define LIMIT 200u
/* Noon in Viet Nam. */
#define NOON UINT64_C(1751346000000)
#define HOUR UINT64_C(3600000)

static const struct sg_key_id officer = {{1}}, other = {{2}};

static struct sg_uid uid(uint32_t number)
{
    struct sg_uid ret = {{[15] = 1}};

    sg_bytes_put_u32be(ret.bytes, number);
    return ret;
}

static struct sg_reads_verdict ask(struct sg_reads *reads, uint64_t ms,
                                   const char *matter, uint32_t first,
                                   size_t count)
{
    const struct sg_reads_asked asked = {
        .officer = officer,
        .ms = ms,
        .limit = LIMIT,
        .purpose = 1,
        .matter = sg_bytes(matter, strlen(matter)),
    };
    struct sg_reads_verdict verdict;
    struct sg_uid uids[16];

    for (size_t i = 0; i < count; i++)
        uids[i] = uid(first + (uint32_t)i);
    sg_reads_ask(reads, &asked, uids, count, &verdict);
    return verdict;
}

static void count(struct sg_reads *reads, uint32_t first, uint32_t n,
                  uint64_t ms)
{
    for (uint32_t i = first; i < first + n; i++) {
        struct sg_uid whom = uid(i);

        sg_reads_count(reads, &officer, &whom, ms, NULL);
    }
}

static struct sg_reads *full(void)
{
    struct sg_reads *reads;

    assert_ok(sg_reads_new(&reads));
    count(reads, 0, LIMIT, NOON);
    return reads;
}

/* The 201st is refused, whoever was shown already is not; another officer and
 * another day begin anew; the day is that of Viet Nam. */
static void test_limit(void **state)
{
    struct sg_reads *reads = full();
    (void)state;

    assert_int_equal(sg_reads_today(reads, &officer, NOON), LIMIT);
    assert_false(ask(reads, NOON, "", LIMIT, 1).may);
    assert_int_equal(ask(reads, NOON, "", LIMIT, 1).left, 0);
    assert_true(ask(reads, NOON, "", 0, 16).may);
    count(reads, 0, LIMIT, NOON); /* again: the same persons */
    assert_int_equal(sg_reads_today(reads, &officer, NOON), LIMIT);
    assert_int_equal(sg_reads_today(reads, &other, NOON), 0);
    assert_false(ask(reads, NOON + 12 * HOUR - 1, "", LIMIT, 1).may);
    assert_true(ask(reads, NOON + 12 * HOUR, "", LIMIT, 16).may);
    assert_int_equal(sg_reads_day_begin(NOON), NOON - 12 * HOUR);
    sg_reads_free(reads);
}

/* A screen with more new persons than are left is refused whole. */
static void test_screen(void **state)
{
    struct sg_reads *reads;
    (void)state;

    assert_ok(sg_reads_new(&reads));
    count(reads, 0, LIMIT - 10, NOON);
    assert_true(ask(reads, NOON, "", LIMIT, 10).may);
    assert_false(ask(reads, NOON, "", LIMIT, 11).may);
    assert_int_equal(ask(reads, NOON, "", LIMIT, 11).left, 10);
    assert_true(ask(reads, NOON, "", LIMIT - 16, 16).may); /* 10 are new */
    sg_reads_free(reads);
}

/* A permit counts for its officer, purpose and matter, as many times as it
 * says, until it ends; who was shown under it costs nothing again. */
static void test_permit(void **state)
{
    struct sg_reads_permit permit = {.ref = {{7}},
                                     .officer = officer,
                                     .persons = 2,
                                     .until_ms = NOON + HOUR,
                                     .purpose = 1,
                                     .matter_size = 1,
                                     .matter = "A"};
    struct sg_reads *reads = full();
    struct sg_reads_verdict verdict;
    (void)state;

    sg_reads_permit(reads, &permit);
    assert_false(ask(reads, NOON, "B", LIMIT, 1).may);
    assert_false(ask(reads, NOON, "A", LIMIT, 3).may);
    assert_false(ask(reads, NOON + HOUR, "A", LIMIT, 1).may);
    verdict = ask(reads, NOON, "A", LIMIT, 1);
    assert_true(verdict.may && verdict.has_permit);
    assert_int_equal(sg_ref_compare(&verdict.permit, &permit.ref), 0);
    for (uint32_t i = LIMIT; i < LIMIT + 2; i++) {
        struct sg_uid whom = uid(i);

        sg_reads_count(reads, &officer, &whom, NOON, &permit.ref);
    }
    assert_false(ask(reads, NOON, "A", LIMIT + 2, 1).may);
    verdict = ask(reads, NOON, "A", LIMIT, 2);
    assert_true(verdict.may && !verdict.has_permit);
    assert_int_equal(sg_reads_today(reads, &officer, NOON), LIMIT);
    sg_reads_free(reads);
}

/* Read back from the log, a permit's reads may come before the permit. */
static void test_order(void **state)
{
    const struct sg_reads_permit permit = {.ref = {{7}},
                                           .officer = officer,
                                           .persons = 1,
                                           .until_ms = NOON + HOUR,
                                           .purpose = 1};
    struct sg_reads *reads = full();
    struct sg_uid whom = uid(LIMIT);
    (void)state;

    sg_reads_count(reads, &officer, &whom, NOON, &permit.ref);
    sg_reads_permit(reads, &permit);
    assert_false(ask(reads, NOON, "", LIMIT + 1, 1).may);
    sg_reads_free(reads);
    sg_reads_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_screen),
        cmocka_unit_test(test_permit),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
