#include "replication/claims.h"

#include "replication/field.h"
#include "tests/lib/heads.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

/* A table of logs 0 to 9, log N known at size 10 N + 10, and claims on it. */
struct fixture {
    struct sg_log_table *table;
    struct sg_claims *claims;
};

static void begin(struct fixture *fixture, uint32_t claims_max)
{
    fixture->table = heads_table(20);
    for (uint64_t n = 0; n < 10; n++)
        (void)heads_set(fixture->table, n, 10 * n + 10, 0);
    assert_ok(sg_claims_new(fixture->table, claims_max, &fixture->claims));
}

static void end(struct fixture *fixture)
{
    sg_claims_free(fixture->claims);
    sg_log_table_free(fixture->table);
}

static struct sg_log *log_at(struct fixture *fixture, uint32_t n)
{
    return sg_log_table_at(fixture->table, n);
}

/* Says what a claim that log N has SIZE entries and TAG is worth. */
static enum sg_claim_news news(struct fixture *fixture, uint32_t n,
                               uint64_t size, const uint8_t *tag,
                               int *ret_order)
{
    struct sg_claim *claim =
        sg_claims_take(fixture->claims, log_at(fixture, n), size, 0, tag);

    *ret_order = sg_claims_compare(fixture->claims, claim);
    return sg_claims_news(fixture->claims, claim);
}

/* A claim is compared with what is known: forked, then size, then tag. */
static void test_compare(void **state)
{
    static const uint8_t low[4], high[4] = {0xff, 0xff, 0xff, 0xff};
    struct fixture fixture;
    const uint8_t *own;
    int order;

    (void)state;
    begin(&fixture, 20);
    own = sg_log_table_tag(fixture.table, log_at(&fixture, 3));
    assert_int_equal(news(&fixture, 3, 39, high, &order), SG_CLAIM_OLD);
    assert_int_equal(order, -1);
    assert_int_equal(news(&fixture, 3, 40, own, &order), SG_CLAIM_OLD);
    assert_int_equal(order, 0);
    assert_int_equal(news(&fixture, 3, 40, low, &order), SG_CLAIM_OTHER);
    assert_int_equal(order, -1);
    assert_int_equal(news(&fixture, 3, 40, high, &order), SG_CLAIM_OTHER);
    assert_int_equal(order, 1);
    assert_int_equal(news(&fixture, 3, 41, low, &order), SG_CLAIM_LARGER);
    assert_int_equal(order, 1);
    assert_int_equal(news(&fixture, 3, 0, low, &order), SG_CLAIM_FORKED);
    assert_int_equal(order, 1);
    /* What has forked here cannot be larger elsewhere. */
    sg_log_table_set_forked(fixture.table, log_at(&fixture, 3), 100);
    assert_int_equal(news(&fixture, 3, 0, low, &order), SG_CLAIM_OLD);
    assert_int_equal(order, 0);
    assert_int_equal(news(&fixture, 3, 1000, high, &order), SG_CLAIM_OLD);
    assert_int_equal(order, -1);
    assert_int_equal(sg_claims_count(fixture.claims), 1);
    end(&fixture);
}

/* A suspicion is news although size and tag are the same; a later word ends
 * it. */
static void test_suspect(void **state)
{
    struct fixture fixture;
    struct sg_claim *claim;
    const uint8_t *own;

    (void)state;
    begin(&fixture, 20);
    own = sg_log_table_tag(fixture.table, log_at(&fixture, 0));
    claim = sg_claims_take(fixture.claims, log_at(&fixture, 0), 10, 0, own);
    claim->is_suspect = true;
    assert_int_equal(sg_claims_news(fixture.claims, claim), SG_CLAIM_OTHER);
    claim = sg_claims_take(fixture.claims, log_at(&fixture, 0), 10, 0, own);
    assert_int_equal(sg_claims_news(fixture.claims, claim), SG_CLAIM_OLD);
    end(&fixture);
}

/* An introduced log is found by its id, and becomes an ordinary one when the
 * table has it; one that the table has is not introduced. */
static void test_introduce(void **state)
{
    static const uint8_t tag[4] = {1};
    struct fixture fixture;
    struct sg_log_core core = heads_core(50), known = heads_core(4);
    struct sg_claim *claim;
    struct sg_log *log;

    (void)state;
    begin(&fixture, 20);
    claim = sg_claims_introduce(fixture.claims, &core, 7, 2, tag);
    assert_non_null(claim);
    assert_true(claim->is_introduced);
    assert_int_equal(claim->number, SG_LOG_NONE);
    assert_memory_equal(&claim->core, &core, sizeof core);
    assert_ptr_equal(sg_claims_find(fixture.claims, &claim->id), claim);
    assert_null(sg_claims_log(fixture.claims, claim));
    assert_int_equal(sg_claims_news(fixture.claims, claim), SG_CLAIM_LARGER);
    /* A row of which nothing is known yet changes nothing. */
    assert_ok(sg_log_table_add(fixture.table, &core, 0, &log));
    assert_ptr_equal(sg_claims_log(fixture.claims, claim), log);
    assert_int_equal(sg_claims_news(fixture.claims, claim), SG_CLAIM_LARGER);
    log = heads_set(fixture.table, 50, 8, 0);
    assert_int_equal(sg_claims_news(fixture.claims, claim), SG_CLAIM_OLD);
    claim = sg_claims_introduce(fixture.claims, &known, 7, 2, tag);
    assert_false(claim->is_introduced);
    assert_int_equal(claim->number, 4);
    assert_null(sg_claims_find(fixture.claims, &log_at(&fixture, 5)->id));
    end(&fixture);
}

/* The judge is the sum over the larger of both words on each log. */
static void test_judge(void **state)
{
    static const uint8_t tag[4] = {0, 0, 0, 9};
    struct fixture fixture;
    struct sg_log_core core = heads_core(50);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);
    uint32_t expected[2] = {0, 0}, judge[2];

    (void)state;
    begin(&fixture, 20);
    (void)sg_claims_take(fixture.claims, log_at(&fixture, 1), 21, 0, tag);
    (void)sg_claims_take(fixture.claims, log_at(&fixture, 2), 29, 0, tag);
    (void)sg_claims_introduce(fixture.claims, &core, 1, 0, tag);
    for (uint32_t n = 0; n < 11; n++) {
        struct sg_log *log = n < 10 ? log_at(&fixture, n) : NULL;
        uint32_t x = sg_log_table_x(n < 10 ? &log->id : &id);
        uint32_t v = n == 1 || n == 10
                         ? 9
                         : sg_log_table_v(sg_log_table_tag(fixture.table, log));

        expected[0] = sg_field_add(expected[0], v);
        expected[1] = sg_field_add(expected[1], sg_field_mul(v, x));
    }
    sg_claims_judge(fixture.claims, judge);
    assert_memory_equal(judge, expected, sizeof judge);
    sg_claims_clear(fixture.claims);
    sg_claims_judge(fixture.claims, judge);
    sg_log_table_sums(fixture.table, expected);
    assert_memory_equal(judge, expected, sizeof judge);
    end(&fixture);
}

/* What is no news is forgotten when told, the rest stays and is found. */
static void test_sweep(void **state)
{
    static const uint8_t tag[4] = {1};
    struct fixture fixture;
    uint64_t version;

    (void)state;
    begin(&fixture, 20);
    for (uint32_t n = 0; n < 10; n++)
        (void)sg_claims_take(fixture.claims, log_at(&fixture, n), 55, 0, tag);
    for (uint64_t n = 50; n < 60; n++) {
        struct sg_log_core core = heads_core(n);

        (void)sg_claims_introduce(fixture.claims, &core, n, 0, tag);
    }
    assert_true(sg_claims_are_full(fixture.claims));
    version = sg_claims_version(fixture.claims);
    sg_claims_sweep(fixture.claims);
    assert_int_not_equal(sg_claims_version(fixture.claims), version);
    assert_int_equal(sg_claims_count(fixture.claims), 15);
    for (uint32_t n = 0; n < 10; n++)
        assert_int_equal(
            sg_claims_find(fixture.claims, &log_at(&fixture, n)->id) != NULL,
            10 * n + 10 < 55);
    for (uint64_t n = 50; n < 60; n++) {
        struct sg_log_core core = heads_core(n);
        struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);

        assert_int_equal(sg_claims_find(fixture.claims, &id)->size, n);
    }
    sg_claims_unlist(fixture.claims);
    for (uint32_t i = 0; i < sg_claims_count(fixture.claims); i++)
        assert_false(sg_claims_at(fixture.claims, i)->is_listed);
    end(&fixture);
}

static enum sg_err make_one(void *context)
{
    struct sg_claims *claims;
    enum sg_err err = sg_claims_new(context, 3, &claims);

    if (err == SG_OK)
        sg_claims_free(claims);
    return err;
}

/* What does not fit is passed over, what was said stays; there is room for 1 to
 * SG_HEADS_MAX claims; where memory fails nothing is left. */
static void test_limits(void **state)
{
    static const uint8_t tag[4] = {1};
    struct sg_log_core core = heads_core(50);
    struct fixture fixture;
    struct sg_claims *claims;

    (void)state;
    begin(&fixture, 1);
    assert_non_null(
        sg_claims_take(fixture.claims, log_at(&fixture, 0), 1, 0, tag));
    assert_null(sg_claims_take(fixture.claims, log_at(&fixture, 1), 1, 0, tag));
    assert_null(sg_claims_introduce(fixture.claims, &core, 1, 0, tag));
    assert_non_null(
        sg_claims_take(fixture.claims, log_at(&fixture, 0), 2, 0, tag));
    assert_int_equal(sg_claims_at(fixture.claims, 0)->size, 2);
    assert_err(sg_claims_new(fixture.table, 0, &claims), LIMIT);
    assert_err(sg_claims_new(fixture.table, SG_HEADS_MAX + 1, &claims), LIMIT);
    assert_true(sg_torture_run(make_one, fixture.table) >= 3);
    sg_claims_free(NULL);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),   cmocka_unit_test(test_suspect),
        cmocka_unit_test(test_introduce), cmocka_unit_test(test_judge),
        cmocka_unit_test(test_sweep),     cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
