#include "storage/lmdb/batch.h"

#include <string.h>

#include "storage/lmdb/verify.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

static void count_finding(void *context, uint32_t log, uint64_t index,
                          enum sg_damage damage)
{
    print_message("log %u, entry %lu: %s\n", log, (unsigned long)index,
                  sg_verify_damage_text(damage, SG_LANG_EN));
    ++*(unsigned *)context;
}

static void assert_verifies(struct sg_test_store *test)
{
    struct sg_verify *verify;
    unsigned findings = 0;
    bool done = false;
    assert_ok(sg_verify_new(test->store, count_finding, &findings, &verify));
    while (!done) {
        assert_ok(sg_verify_step(verify, 1000, &done));
    }
    assert_int_equal(findings, 0);
    sg_verify_free(verify);
}

static struct sg_entry plain(struct sg_test_store *test, const char *text)
{
    struct sg_entry entry;
    assert_ok(sg_entry_make(sg_store_hasher(test->store), SG_ENTRY_PLAIN, 0,
                            sg_bytes(text, strlen(text)), &entry));
    return entry;
}

/* What is appended is signed; an index that is not the end is refused, and so
 * is an entry without its payload, and one that is not at home there. */
static void test_append(void **state)
{
    struct sg_test_store a;
    struct sg_entry entry;
    (void)state;

    sg_test_store_new(&a, 1);
    entry = plain(&a, "one");
    assert_err(sg_batch_append(a.batch, a.own->number, 0, &entry, 1), STATE);
    assert_err(sg_batch_append(a.batch, a.own->number, 2, &entry, 1), STATE);
    assert_err(sg_batch_append(a.batch, 77, 1, &entry, 1), NOTFOUND);
    assert_ok(sg_batch_append(a.batch, a.own->number, 1, &entry, 1));
    assert_ok(sg_batch_append(a.batch, a.own->number, 2, &entry, 1));
    entry.kind = SG_ENTRY_OPENING;
    assert_err(sg_batch_append(a.batch, a.own->number, 3, &entry, 1),
               MALFORMED);
    entry.kind = SG_ENTRY_PLAIN;
    entry.state = SG_PAYLOAD_NOT_HELD;
    assert_err(sg_batch_append(a.batch, a.own->number, 3, &entry, 1), INVALID);
    assert_int_equal(a.own->signed_checkpoint.size, 1);
    assert_ok(sg_batch_commit(a.batch));
    assert_int_equal(a.own->signed_checkpoint.size, 3);
    assert_ok(sg_batch_commit(a.batch)); /* empty */
    assert_verifies(&a);
    sg_test_store_free(&a);
}

/* A closed log takes nothing more. */
static void test_closed(void **state)
{
    struct sg_test_store a;
    struct sg_entry entry;
    (void)state;

    sg_test_store_new(&a, 1);
    assert_ok(sg_batch_flag(a.batch, a.own->number, SG_LOG_CLOSED));
    assert_ok(sg_batch_commit(a.batch));
    entry = plain(&a, "one");
    assert_err(sg_batch_append(a.batch, a.own->number, 1, &entry, 1), CLOSED);
    sg_test_store_free(&a);
}

/* Packages of any size, in any grouping, give the log that was sent. */
static void test_packages(void **state)
{
    struct sg_test_store a, b;
    struct sg_store_log log;
    struct sg_hash root;
    uint64_t at = 0;
    size_t step = 1;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&b, 1500);
    while (at < 1501) {
        size_t n = step;
        if (n > 256 - at % 256) {
            n = 256 - at % 256;
        }
        if (n > 1501 - at) {
            n = 1501 - at;
        }
        assert_ok(sg_test_store_send(&b, &a, at, n, step % 3 == 2));
        assert_ok(sg_batch_commit(a.batch));
        at += n;
        step = step % 200 + 7;
    }
    assert_int_not_equal(sg_test_store_number(&b, &a), 0);
    assert_ok(sg_store_find(a.store, &b.own->id, 0, &log));
    assert_int_equal(log.row.frontier.size, 1501);
    assert_true(log.row.absent > 0);
    root = sg_merkle_root(&log.row.frontier);
    assert_memory_equal(&root, &b.own->signed_checkpoint.root, sizeof root);
    assert_verifies(&a);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* A package that is held already, one with a gap before it, and one with any
 * byte changed are refused, and the batch goes on as it was. */
static void test_package_refused(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a, b;
    struct sg_package package;
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&b, 600);
    assert_ok(sg_test_store_send(&b, &a, 0, 100, false));
    assert_ok(sg_batch_commit(a.batch));
    assert_err(sg_test_store_send(&b, &a, 0, 100, false), EXISTS);
    assert_err(sg_test_store_send(&b, &a, 101, 5, false), STATE);
    assert_err(sg_test_store_send(&b, &a, 98, 2, false), EXISTS);

    sg_fetch_init(&fetch, 1 << 20);
    assert_ok(sg_fetch_range(b.store, b.own->number, 100, 50, &fetch));
    memset(&package, 0, sizeof package);
    package.log = sg_test_store_number(&b, &a);
    assert_ok(sg_batch_log(a.batch, &b.own->core, 0, &package.log));
    package.first = 100;
    package.entries = fetch.entries;
    package.count = 50;
    package.known = b.own->signed_checkpoint;
    package.cover = cover;
    assert_ok(sg_fetch_cover(b.store, b.own->number, 150, 601, cover,
                             &package.cover_count));
    fetch.memory.data[500] ^= 1;
    assert_err(sg_batch_package(a.batch, &package), PROOF);
    fetch.memory.data[500] ^= 1;
    cover[0].bytes[9] ^= 1;
    assert_err(sg_batch_package(a.batch, &package), PROOF);
    cover[0].bytes[9] ^= 1;
    package.known.root.bytes[9] ^= 1;
    assert_err(sg_batch_package(a.batch, &package), SIGNATURE);
    package.known.root.bytes[9] ^= 1;
    package.known.size++;
    assert_err(sg_batch_package(a.batch, &package), SIGNATURE);
    package.known.size--;
    package.cover_count--;
    assert_err(sg_batch_package(a.batch, &package), PROOF);
    package.cover_count++;
    assert_ok(sg_batch_package(a.batch, &package));
    assert_ok(sg_batch_commit(a.batch));
    assert_verifies(&a);
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* Two histories of one log, both signed: whichever way the second comes, it is
 * a fork and nothing of it is stored. */
static void test_fork(void **state)
{
    struct sg_test_store a, b, twin;
    struct sg_checkpoint ahead;
    struct sg_entry entry;
    struct sg_hash root;
    uint32_t number;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&b, 300);
    assert_ok(sg_test_store_send(&b, &a, 0, 256, false));
    assert_ok(sg_batch_commit(a.batch));
    number = sg_test_store_number(&b, &a);

    /* The same size, another root. */
    root = b.own->signed_checkpoint.root;
    root.bytes[0] ^= 1;
    sg_checkpoint_sign(&sg_test_registry, &b.own->id, &b.key, 301, &root,
                       &ahead);
    assert_err(sg_batch_known(a.batch, number, &ahead), FORK);
    /* A size that is held, another root. */
    sg_checkpoint_sign(&sg_test_registry, &b.own->id, &b.key, 77, &root,
                       &ahead);
    assert_err(sg_batch_known(a.batch, number, &ahead), FORK);
    /* A size ahead, which the entries then do not lead to. */
    sg_checkpoint_sign(&sg_test_registry, &b.own->id, &b.key, 310, &root,
                       &ahead);
    assert_ok(sg_batch_known(a.batch, number, &ahead));
    assert_ok(sg_batch_commit(a.batch));
    sg_test_store_fill(&b, 20);
    assert_ok(sg_test_store_send(&b, &a, 256, 10, false));
    assert_ok(sg_batch_commit(a.batch));
    assert_err(sg_test_store_send(&b, &a, 266, 50, false), FORK);
    sg_batch_clear(a.batch);
    assert_verifies(&a);

    /* The other side can be kept beside it, as a branch. */
    sg_test_store_new(&twin, 2);
    entry = plain(&twin, "other");
    assert_ok(sg_batch_log(a.batch, &twin.own->core, 1, &number));
    assert_ok(sg_batch_flag(a.batch, number, SG_LOG_FORKED));
    assert_ok(sg_batch_commit(a.batch));
    assert_int_equal(entry.kind, SG_ENTRY_PLAIN);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
    sg_test_store_free(&twin);
}

/* Whoever else signs for an open log of ours holds our key: a fork, and nothing
 * is taken into the log. */
static void test_own_fork(void **state)
{
    struct sg_test_store a, b;
    struct sg_checkpoint more;
    struct sg_hash root = {{5}};
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&a, 5);
    assert_ok(sg_test_store_send(&a, &b, 0, 6, false));
    assert_ok(sg_batch_commit(b.batch));
    assert_err(
        sg_batch_known(a.batch, a.own->number, &a.own->signed_checkpoint),
        EXISTS);
    sg_checkpoint_sign(&sg_test_registry, &a.own->id, &a.key, 9, &root, &more);
    assert_err(sg_batch_known(a.batch, a.own->number, &more), FORK);
    more.root.bytes[0] ^= 1;
    assert_err(sg_batch_known(a.batch, a.own->number, &more), SIGNATURE);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* A payload that comes later is taken if it is the right one, once. */
static void test_fill(void **state)
{
    struct sg_test_store a, b;
    struct sg_store_log log;
    uint8_t payload[300];
    uint32_t number;
    size_t size;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&b, 10);
    assert_ok(sg_test_store_send(&b, &a, 0, 11, true));
    assert_ok(sg_batch_commit(a.batch));
    number = sg_test_store_number(&b, &a);
    size = sg_test_store_payload(&b, 5, payload);
    payload[0] ^= 1;
    assert_err(sg_batch_fill(a.batch, number, 5, sg_bytes(payload, size)),
               PROOF);
    payload[0] ^= 1;
    assert_ok(sg_batch_fill(a.batch, number, 5, sg_bytes(payload, size)));
    assert_ok(sg_batch_commit(a.batch));
    assert_err(sg_batch_fill(a.batch, number, 5, sg_bytes(payload, size)),
               EXISTS);
    assert_err(sg_batch_fill(a.batch, number, 11, sg_bytes(payload, size)),
               NOTFOUND);
    assert_ok(sg_store_get(a.store, number, &log));
    assert_int_equal(log.row.absent, 9);
    assert_verifies(&a);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* An erased payload is gone, its proof is not, and it does not come back. */
static void test_erase(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a;
    struct sg_tlog_proof proof;
    struct sg_store_log log;
    const uint8_t order[16] = {9};
    uint8_t payload[300];
    size_t size;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 10);
    assert_ok(sg_batch_erase(a.batch, a.own->number, 4, order));
    assert_err(sg_batch_erase(a.batch, a.own->number, 4, order), LIMIT);
    assert_ok(sg_batch_commit(a.batch));
    assert_err(sg_batch_erase(a.batch, a.own->number, 4, order), EXISTS);
    size = sg_test_store_payload(&a, 4, payload);
    assert_err(
        sg_batch_fill(a.batch, a.own->number, 4, sg_bytes(payload, size)),
        ERASED);
    sg_fetch_init(&fetch, 1 << 17);
    assert_ok(sg_fetch_range(a.store, a.own->number, 4, 1, &fetch));
    assert_int_equal(fetch.entries[0].state, SG_PAYLOAD_ERASED);
    assert_memory_equal(fetch.entries[0].erased_by, order, sizeof order);
    assert_ok(sg_fetch_proof(a.store, a.own->number, 4, &proof));
    assert_ok(sg_store_get(a.store, a.own->number, &log));
    assert_int_equal(log.row.erased, 1);
    assert_verifies(&a);
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
}

/* Below the reserve ordinary work is refused; an erasure is not, nor an own
 * entry of what may use the reserve. That ends with the batch. */
static void test_reserve(void **state)
{
    struct sg_test_store a;
    struct sg_entry entry;
    const uint8_t order[16] = {9};
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 3);
    sg_test_store_close(&a);
    a.config.reserve_size = UINT64_C(1) << 60;
    assert_ok(sg_test_store_open(&a));
    entry = plain(&a, "one");
    assert_err(sg_batch_append(a.batch, a.own->number, 4, &entry, 1), FULL);
    assert_true(sg_batch_is_full(a.batch));
    assert_ok(sg_batch_erase(a.batch, a.own->number, 2, order));
    assert_ok(sg_batch_commit(a.batch));
    sg_batch_use_reserve(a.batch, true);
    assert_ok(sg_batch_append(a.batch, a.own->number, 4, &entry, 1));
    sg_batch_use_reserve(a.batch, false);
    assert_err(sg_batch_append(a.batch, a.own->number, 5, &entry, 1), FULL);
    assert_ok(sg_batch_commit(a.batch));
    assert_int_equal(a.own->signed_checkpoint.size, 5);
    sg_batch_use_reserve(a.batch, true);
    sg_batch_clear(a.batch);
    assert_err(sg_batch_append(a.batch, a.own->number, 5, &entry, 1), FULL);
    sg_test_store_free(&a);
}

/* Packages and checkpoints of the authority's logs are taken from the reserve,
 * others' are not. */
static void test_reserve_for_others(void **state)
{
    struct sg_test_store a, b;
    uint32_t number;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&a, 300);
    sg_test_store_close(&b);
    b.config.reserve_size = UINT64_C(1) << 60;
    assert_ok(sg_test_store_open(&b));
    assert_err(sg_test_store_send(&a, &b, 0, 256, false), FULL);
    sg_batch_use_reserve(b.batch, true);
    assert_ok(sg_test_store_send(&a, &b, 0, 256, false));
    assert_ok(sg_batch_commit(b.batch));
    number = sg_test_store_number(&a, &b);
    assert_err(sg_batch_known(b.batch, number, &a.own->signed_checkpoint),
               FULL);
    sg_batch_use_reserve(b.batch, true);
    assert_ok(sg_test_store_send(&a, &b, 256, 45, false));
    assert_ok(sg_batch_commit(b.batch));
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* Audits are written below the reserve: no read is shown without one. */
static void test_reserve_for_audits(void **state)
{
    struct sg_test_store a;
    struct sg_store_key keys[2];
    struct sg_entry entry;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_close(&a);
    a.config.reserve_size = UINT64_C(1) << 60;
    keys[0] = (struct sg_store_key){&a.key, SG_LOG_RECORDS};
    keys[1] = (struct sg_store_key){&a.key, SG_LOG_AUDIT};
    assert_ok(sg_store_open(&a.config, keys, 2, &a.store));
    assert_ok(sg_batch_new(a.store, &a.batch));
    entry = plain(&a, "read");
    assert_err(sg_batch_append(a.batch, sg_store_own(a.store, 0)->number, 1,
                               &entry, 1),
               FULL);
    assert_ok(sg_batch_append(a.batch, sg_store_own(a.store, 1)->number, 1,
                              &entry, 1));
    assert_ok(sg_batch_commit(a.batch));
    sg_test_store_free(&a);
}

/* A batch takes what its limit says and no more, and starts afresh. */
static void test_limit(void **state)
{
    static struct sg_entry entries[SG_COMMIT_ENTRIES_MAX];
    struct sg_test_store a;
    size_t i;
    (void)state;

    sg_test_store_new(&a, 1);
    for (i = 0; i < SG_COMMIT_ENTRIES_MAX; i++) {
        entries[i] = plain(&a, "same");
    }
    assert_ok(sg_batch_append(a.batch, a.own->number, 1, entries,
                              SG_COMMIT_ENTRIES_MAX));
    assert_err(sg_batch_append(a.batch, a.own->number,
                               1 + SG_COMMIT_ENTRIES_MAX, entries, 1),
               LIMIT);
    assert_ok(sg_batch_commit(a.batch));
    assert_int_equal(a.own->signed_checkpoint.size, 1 + SG_COMMIT_ENTRIES_MAX);
    assert_verifies(&a);
    sg_test_store_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_packages),
        cmocka_unit_test(test_package_refused),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_own_fork),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_reserve_for_others),
        cmocka_unit_test(test_reserve_for_audits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
