#include "storage/lmdb/rewrite.h"

#include <string.h>

#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/verify.h"
#include "storage/lmdb/walk.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

static void count(void *context, uint32_t log, uint64_t index,
                  enum sg_damage damage)
{
    unsigned *findings = context;
    (void)log;
    (void)index;
    (void)damage;
    (*findings)++;
}

static unsigned verify(struct sg_test_store *test)
{
    struct sg_verify *verify;
    unsigned findings = 0;
    bool done = false;
    assert_ok(sg_verify_new(test->store, count, &findings, &verify));
    while (!done) {
        assert_ok(sg_verify_step(verify, 1000, &done));
    }
    sg_verify_free(verify);
    return findings;
}

/* B, which holds A's log among entries of its own, all of it or but the end. */
static void make_two(struct sg_test_store *a, struct sg_test_store *b,
                     bool is_all)
{
    uint64_t at;
    sg_test_store_new(a, 1);
    sg_test_store_new(b, 2);
    sg_test_store_fill(a, 600);
    for (at = 0; at < 600; at += 100) {
        assert_ok(sg_test_store_send(a, b, at, 100, false));
        assert_ok(sg_batch_commit(b->batch));
        sg_test_store_fill(b, 7);
    }
    if (is_all) {
        assert_ok(sg_test_store_send(a, b, 600, 1, false));
        assert_ok(sg_batch_commit(b->batch));
    }
    assert_int_equal(verify(b), 0);
}

static void free_two(struct sg_test_store *a, struct sg_test_store *b)
{
    sg_test_store_free(a);
    sg_test_store_free(b);
}

/* A change of one row of the database, whole. */
struct rot {
    unsigned db;
    struct sg_schema_key key;
    uint8_t value[SG_ROW_LOG_MAX];
    size_t size; /* 0: of the row, whose byte AT is turned over */
    size_t at;
};

static enum sg_err rot(struct sg_txn *txn, void *context)
{
    struct rot *rot = context;
    struct sg_bytes value;
    if (rot->size == 0) {
        assert_true(
            sg_txn_get(txn, rot->db, sg_schema_bytes(&rot->key), &value));
        rot->size = value.size;
        memcpy(rot->value, value.data, value.size);
        rot->value[rot->at] ^= 8;
    }
    sg_txn_put(txn, rot->db, sg_schema_bytes(&rot->key),
               sg_bytes(rot->value, rot->size));
    return sg_txn_err(txn);
}

/* What is intact is not written again, whether all of the log is here or its
 * checkpoint is ahead of what is. */
static void test_intact(void **state)
{
    struct sg_test_store a, b;
    struct sg_rewrite_facts facts = {.node_key = NULL};
    uint64_t written = 99;
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        make_two(&a, &b, i == 0);
        facts.node_key = b.public_key;
        written = 99;
        assert_ok(sg_rewrite_log(b.store, sg_test_store_number(&a, &b), &facts,
                                 &written));
        assert_int_equal(written, 0);
        assert_int_equal(verify(&b), 0);
        assert_err(sg_rewrite_log(b.store, 77, &facts, &written), NOTFOUND);
        free_two(&a, &b);
    }
}

/* An extent that leads to another log's rows: nothing is mended over them, and
 * the extents are found again. */
static void test_extents(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a, b;
    unsigned refused = 0;
    uint32_t number;
    uint64_t written;
    struct rot wrong = {.db = SG_DB_EXTENTS};
    (void)state;

    make_two(&a, &b, true);
    number = sg_test_store_number(&a, &b);
    wrong.key = sg_schema_place(number, 300);
    wrong.at = 7; /* some rows further on */
    assert_ok(sg_env_write(b.store->env, rot, &wrong));
    assert_true(verify(&b) > 0);
    sg_fetch_init(&fetch, 1 << 17);
    for (uint64_t index = 300; index < 400; index++) {
        if (!sg_batch_is_damaged(b.batch, number, index)) {
            continue;
        }
        assert_ok(sg_fetch_range(a.store, a.own->number, index, 1, &fetch));
        refused += sg_batch_mend(b.batch, number, index, &fetch.entries[0]) ==
                   SG_ERR_STATE;
        sg_batch_clear(b.batch);
    }
    assert_int_equal(refused, 8);
    assert_ok(sg_rewrite_extents(b.store, number, &written));
    assert_int_equal(written, 7);
    assert_int_equal(verify(&b), 0);
    assert_err(sg_rewrite_extents(b.store, 77, &written), NOTFOUND);
    sg_fetch_clear(&fetch);
    free_two(&a, &b);
}

/* A row of a log with any byte changed: made anew where a checkpoint vouches
 * for the entries, the row's own or another's; refused where none does. */
static void test_row(void **state)
{
    struct sg_test_store a, b;
    struct sg_store_log log;
    struct sg_rewrite_facts facts = {.node_key = NULL};
    uint32_t number;
    uint64_t written;
    size_t at;
    (void)state;

    make_two(&a, &b, true);
    number = sg_test_store_number(&a, &b);
    for (at = 0; at < 188; at++) {
        struct rot wrong = {
            .db = SG_DB_LOGS, .key = sg_schema_log(number), .at = at};
        assert_ok(sg_env_write(b.store->env, rot, &wrong));
        if (at >= 84 || at < 50) { /* its checkpoint may be what is damaged */
            facts.checkpoints = NULL;
            facts.checkpoint_count = 0;
            if (sg_rewrite_log(b.store, number, &facts, &written) == SG_OK) {
                assert_int_equal(verify(&b), 0);
            }
        }
        facts.checkpoints = &a.own->signed_checkpoint;
        facts.checkpoint_count = 1;
        assert_ok(sg_rewrite_log(b.store, number, &facts, &written));
        assert_int_equal(verify(&b), 0);
        assert_ok(sg_store_get(b.store, number, &log));
        assert_int_equal(log.row.frontier.size, 601);
        assert_int_equal(log.row.known.size, 601);
    }
    free_two(&a, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intact),
        cmocka_unit_test(test_extents),
        cmocka_unit_test(test_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
