/* What a node keeps beside its logs: written with a batch, there after a start,
 * one row for each key. */
#include "storage/lmdb/keep.h"

#include <string.h>

#include "storage/lmdb/commit.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

struct fixture {
    struct sg_test_store test;
    struct sg_batch *batch;
};

static int setup(void **state)
{
    static struct fixture fixture;

    sg_test_store_new(&fixture.test, 1);
    assert_ok(sg_batch_new(fixture.test.store, &fixture.batch));
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    sg_batch_free(fixture->batch);
    sg_test_store_free(&fixture->test);
    return 0;
}

/* Commits, closes and opens again. */
static void start_again(struct fixture *fixture)
{
    assert_ok(sg_batch_commit(fixture->batch));
    sg_batch_free(fixture->batch);
    sg_test_store_close(&fixture->test);
    assert_ok(sg_test_store_open(&fixture->test));
    assert_ok(sg_batch_new(fixture->test.store, &fixture->batch));
}

static struct sg_keep_peer peer_of(uint8_t node, uint64_t change)
{
    struct sg_keep_peer peer = {.change = change};

    memset(peer.node_key, node, sizeof peer.node_key);
    memset(peer.database_tag, 0x70 + node, sizeof peer.database_tag);
    return peer;
}

struct seen {
    size_t count;
    struct sg_keep_peer peers[4];
    struct sg_log_id logs[4];
    uint8_t bytes[4][SG_KEEP_SIZE_MAX];
    size_t sizes[4];
    uint8_t by[4];
};

static enum sg_err see_peer(void *context, const struct sg_keep_peer *peer)
{
    struct seen *seen = context;

    assert_true(seen->count < 4);
    seen->peers[seen->count++] = *peer;
    return SG_OK;
}

static enum sg_err see_fork(void *context, const struct sg_log_id *log,
                            struct sg_bytes proof)
{
    struct seen *seen = context;

    assert_true(seen->count < 4);
    seen->logs[seen->count] = *log;
    memcpy(seen->bytes[seen->count], proof.data, proof.size);
    seen->sizes[seen->count++] = proof.size;
    return SG_OK;
}

static enum sg_err see_statement(void *context,
                                 const struct sg_keep_statement *statement)
{
    struct seen *seen = context;

    assert_true(seen->count < 4);
    seen->by[seen->count] = statement->by[0];
    memcpy(seen->bytes[seen->count], statement->bytes.data,
           statement->bytes.size);
    seen->sizes[seen->count++] = statement->bytes.size;
    return SG_OK;
}

/* A peer has one row, the newest; all are there after a start, by key. */
static void test_peers(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_keep_peer rows[] = {peer_of(2, 7), peer_of(1, 5),
                                        peer_of(2, 9)};
    static struct seen seen;

    for (size_t i = 0; i < 3; i++)
        assert_ok(sg_keep_put_peer(fixture->batch, &rows[i]));
    start_again(fixture);
    seen = (struct seen){0};
    assert_ok(sg_keep_each_peer(fixture->test.store, see_peer, &seen));
    assert_int_equal(seen.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(seen.peers[i].node_key, rows[i + 1].node_key,
                            SG_KEY_SIZE);
        assert_memory_equal(seen.peers[i].database_tag,
                            rows[i + 1].database_tag, SG_KEEP_TAG_SIZE);
        assert_int_equal(seen.peers[i].change, rows[i + 1].change);
    }
}

/* A proof of the largest size is kept whole; a longer one is refused. */
static void test_forks(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t proof[SG_KEEP_SIZE_MAX + 1];
    struct sg_log_id log;
    static struct seen seen;

    memset(&log, 0, sizeof log);
    for (size_t i = 0; i < sizeof proof; i++)
        proof[i] = (uint8_t)(i * 7);
    assert_err(sg_keep_put_fork(fixture->batch, &log, SG_BYTES_ARRAY(proof)),
               LIMIT);
    assert_ok(sg_keep_put_fork(fixture->batch, &log,
                               sg_bytes(proof, SG_KEEP_SIZE_MAX)));
    start_again(fixture);
    seen = (struct seen){0};
    assert_ok(sg_keep_each_fork(fixture->test.store, see_fork, &seen));
    assert_int_equal(seen.count, 1);
    assert_memory_equal(&seen.logs[0], &log, sizeof log);
    assert_int_equal(seen.sizes[0], SG_KEEP_SIZE_MAX);
    assert_memory_equal(seen.bytes[0], proof, SG_KEEP_SIZE_MAX);
}

static void say(struct fixture *fixture, enum sg_keep_kind kind, uint8_t about,
                uint8_t by, const char *text)
{
    struct sg_keep_statement statement = {
        .kind = kind, .bytes = sg_bytes(text, strlen(text))};

    memset(statement.about, about, sizeof statement.about);
    memset(statement.by, by, sizeof statement.by);
    assert_ok(sg_keep_put_statement(fixture->batch, &statement));
}

/* Of each kind, about each log, by each holder one is kept; asked for by kind
 * and log, nothing else comes. */
static void test_statements(void **state)
{
    struct fixture *fixture = *state;
    uint8_t about[32];
    static struct seen seen;

    say(fixture, SG_KEEP_HOLDING, 5, 1, "first, and longer than a short one");
    say(fixture, SG_KEEP_HOLDING, 5, 2, "by another");
    say(fixture, SG_KEEP_HOLDING, 6, 1, "another log");
    say(fixture, SG_KEEP_COSIGNATURE, 5, 1, "another kind");
    say(fixture, SG_KEEP_HOLDING, 5, 1, "newer");
    start_again(fixture);
    seen = (struct seen){0};
    memset(about, 5, sizeof about);
    assert_ok(sg_keep_each_statement(fixture->test.store, SG_KEEP_HOLDING,
                                     about, see_statement, &seen));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.by[0], 1);
    assert_hex(sg_bytes(seen.bytes[0], seen.sizes[0]),
               sg_hex_text(SG_BYTES_TEXT("newer")));
    assert_int_equal(seen.by[1], 2);
}

/* There is no floor before the first; the last one stands. */
static void test_floor(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_keep_floor first = {1700000000000, 0};
    const struct sg_keep_floor second = {1800000000000, 3};
    struct sg_keep_floor floor = {1, 1};

    assert_ok(sg_keep_floor(fixture->test.store, &floor));
    assert_true(floor.ms == 0 && floor.generation == 0);
    assert_ok(sg_keep_put_floor(fixture->batch, &first));
    assert_ok(sg_keep_put_floor(fixture->batch, &second));
    start_again(fixture);
    assert_ok(sg_keep_floor(fixture->test.store, &floor));
    assert_true(floor.ms == second.ms && floor.generation == 3);
}

/* A batch takes so many rows and says when it is full; what is cleared is
 * forgotten; entries and rows go together. */
static void test_batch(void **state)
{
    struct fixture *fixture = *state;
    struct sg_keep_peer peer = peer_of(9, 1);
    static struct seen seen;

    for (size_t i = 0; i < SG_COMMIT_KEEPS_MAX; i++)
        assert_ok(sg_keep_put_peer(fixture->batch, &peer));
    assert_err(sg_keep_put_peer(fixture->batch, &peer), LIMIT);
    sg_batch_clear(fixture->batch);
    start_again(fixture);
    seen = (struct seen){0};
    assert_ok(sg_keep_each_peer(fixture->test.store, see_peer, &seen));
    assert_int_equal(seen.count, 0);
    assert_ok(sg_keep_put_peer(fixture->batch, &peer));
    sg_test_store_fill(&fixture->test, 3);
    start_again(fixture);
    assert_ok(sg_keep_each_peer(fixture->test.store, see_peer, &seen));
    assert_int_equal(seen.count, 1);
    assert_int_equal(fixture->test.own->signed_checkpoint.size, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_peers), TEST(test_forks), TEST(test_statements),
        TEST(test_floor), TEST(test_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
