#include "storage/lmdb/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/lmdb/internal.h"
#include "tests/lib/store.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

/* A new store has one own log, begun with an opening and signed. */
static void test_first(void **state)
{
    struct sg_test_store a;
    struct sg_store_log log;
    (void)state;

    sg_test_store_new(&a, 1);
    assert_int_equal(a.own->start, SG_START_FIRST);
    assert_int_equal(a.own->signed_checkpoint.size, 1);
    assert_ok(sg_checkpoint_verify(&sg_test_registry, &a.own->id, a.public_key,
                                   &a.own->signed_checkpoint));
    assert_ok(sg_store_find(a.store, &a.own->id, 0, &log));
    assert_int_equal(log.number, a.own->number);
    assert_int_equal(log.row.flags, SG_LOG_OWN);
    assert_err(sg_store_get(a.store, 99, &log), NOTFOUND);
    assert_null(sg_store_own(a.store, 1));
    sg_test_store_free(&a);
}

/* The store says everything of how its environment is opened, whatever the
 * memory held: above all that commits are flushed. */
static void test_flushed(void **state)
{
    struct sg_test_store a;
    struct sg_env_config config;
    char path[SG_STORE_PATH_MAX];
    uint8_t unsynced;
    (void)state;

    sg_test_store_new(&a, 1);
    memset(&config, 0xff, sizeof config);
    assert_ok(sg_store_env_config(a.store, "log", path, &config));
    memcpy(&unsynced, &config.is_unsynced, sizeof unsynced);
    assert_int_equal(unsynced, 0);
    sg_test_store_free(&a);
}

/* A store is opened once at a time, made once, and not where there is none. */
static void test_one_process(void **state)
{
    struct sg_test_store a;
    struct sg_store_config nowhere = {.dir = "/nonexistent/sogoc"};
    struct sg_store *second;
    (void)state;

    sg_test_store_new(&a, 1);
    assert_err(sg_store_open(&a.config, NULL, 0, &second), BUSY);
    assert_err(sg_store_create(&a.config, &sg_test_registry), BUSY);
    sg_test_store_close(&a);
    assert_err(sg_store_create(&a.config, &sg_test_registry), EXISTS);
    assert_err(sg_store_open(&nowhere, NULL, 0, &second), NOTFOUND);
    sg_test_store_free(&a);
}

/* Closing and opening carries the log on, however often. */
static void test_carry_on(void **state)
{
    struct sg_test_store a;
    struct sg_log_id id;
    unsigned i;
    (void)state;

    sg_test_store_new(&a, 1);
    id = a.own->id;
    for (i = 0; i < 5; i++) {
        sg_test_store_fill(&a, 3);
        sg_test_store_close(&a);
        assert_ok(sg_test_store_open(&a));
        assert_int_equal(a.own->start, SG_START_CARRIED_ON);
        assert_memory_equal(&a.own->id, &id, sizeof id);
        assert_int_equal(a.own->signed_checkpoint.size, 1 + 3 * (i + 1));
    }
    sg_test_store_free(&a);
}

/* The new log names the one before it, with what is known of it; that is
 * closed and takes nothing more. */
static void assert_epoch(struct sg_test_store *a, enum sg_store_start start,
                         const struct sg_log_id *before, uint64_t size)
{
    static struct sg_fetch fetch;
    struct sg_opening opening;
    struct sg_store_log log;

    assert_int_equal(a->own->start, start);
    assert_memory_not_equal(&a->own->id, before, sizeof *before);
    assert_int_equal(a->own->signed_checkpoint.size, 1);
    sg_fetch_init(&fetch, 1 << 17);
    assert_ok(sg_fetch_range(a->store, a->own->number, 0, 1, &fetch));
    assert_ok(sg_entry_opening_decode(fetch.entries[0].payload, &opening));
    assert_true(opening.follows);
    assert_memory_equal(&opening.predecessor, before, sizeof *before);
    assert_int_equal(opening.size, size);
    assert_ok(sg_store_find(a->store, before, 0, &log));
    assert_true((log.row.flags & SG_LOG_CLOSED) != 0);
    sg_fetch_clear(&fetch);
}

static void test_machine(void **state)
{
    struct sg_test_store a;
    struct sg_log_id before;
    (void)state;

    /* Another machine: a new epoch; again on that machine: carried on. */
    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    before = a.own->id;
    sg_test_store_close(&a);
    a.config.machine = SG_BYTES_TEXT("another machine");
    assert_ok(sg_test_store_open(&a));
    assert_epoch(&a, SG_START_MACHINE, &before, 10);
    before = a.own->id;
    sg_test_store_close(&a);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_CARRIED_ON);
    assert_memory_equal(&a.own->id, &before, sizeof before);
    sg_test_store_free(&a);
}

static void path_of(const struct sg_test_store *a, const char *name,
                    char ret[4096])
{
    (void)snprintf(ret, 4096, "%s/%s", a->dir, name);
}

/* Without the high-water file there is a new epoch. */
static void test_no_highwater(void **state)
{
    struct sg_test_store a;
    struct sg_log_id before;
    char path[4096];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    before = a.own->id;
    sg_test_store_close(&a);
    path_of(&a, "highwater", path);
    assert_int_equal(unlink(path), 0);
    assert_ok(sg_test_store_open(&a));
    assert_epoch(&a, SG_START_NO_HIGHWATER, &before, 10);
    sg_test_store_free(&a);
}

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t size;
    assert_non_null(in);
    assert_non_null(out);
    while ((size = fread(buffer, 1, sizeof buffer, in)) > 0) {
        assert_int_equal(fwrite(buffer, 1, size, out), size);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* Hands the entries [FIRST, TO) that PEER holds of log ID back to A. */
static enum sg_err hand_back(struct sg_test_store *peer,
                             struct sg_test_store *a,
                             const struct sg_log_id *id, uint64_t first,
                             uint64_t to)
{
    static struct sg_fetch fetch; /* borrowed by the batch until commit */
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    struct sg_package package = {
        .first = first, .count = to - first, .cover = cover};
    struct sg_store_log log;

    if (fetch.memory.size_max == 0) {
        sg_fetch_init(&fetch, 1 << 20);
    }
    assert_ok(sg_store_find(peer->store, id, 0, &log));
    package.known = log.row.known;
    assert_ok(
        sg_fetch_range(peer->store, log.number, first, package.count, &fetch));
    assert_int_equal(fetch.count, package.count);
    package.entries = fetch.entries;
    assert_ok(sg_fetch_cover(peer->store, log.number, to, package.known.size,
                             cover, &package.cover_count));
    assert_ok(sg_batch_log(a->batch, &log.row.core, 0, &package.log));
    return sg_batch_package(a->batch, &package);
}

/* A database holds a tail that no checkpoint in it covers yet: restored, it
 * gets back what peers have from its last checkpoint on, over that tail. */
static void test_restored_tail_comes_back(void **state)
{
    struct sg_test_store a, peer;
    char data[4096], saved[4096];
    struct sg_store_log log;
    struct sg_log_id id;
    uint64_t at;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&peer, 2);
    id = a.own->id;
    path_of(&a, "log/data.mdb", data);
    path_of(&a, "saved", saved);
    sg_test_store_fill(&a, 100);
    copy_file(data, saved);
    sg_test_store_fill(&a, 500);
    for (at = 0; at < 601; at += 256) {
        assert_ok(sg_test_store_send(&a, &peer, at,
                                     at + 256 < 601 ? 256 : 601 - at, false));
        assert_ok(sg_batch_commit(peer.batch));
    }
    sg_test_store_close(&a);
    copy_file(saved, data);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_SHORTER);
    assert_ok(sg_store_find(a.store, &id, 0, &log));
    assert_int_equal(log.row.frontier.size, 101);
    assert_true(log.row.known.size < 90);

    at = log.row.known.size;
    assert_ok(hand_back(&peer, &a, &id, at, 90));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(sg_store_find(a.store, &id, 0, &log));
    assert_int_equal(log.row.known.size, 601);
    assert_int_equal(log.row.frontier.size, 101);
    assert_err(hand_back(&peer, &a, &id, at, 90), EXISTS);
    assert_ok(hand_back(&peer, &a, &id, 90, 256));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(hand_back(&peer, &a, &id, 256, 512));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(hand_back(&peer, &a, &id, 512, 601));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(sg_store_find(a.store, &id, 0, &log));
    assert_int_equal(log.row.frontier.size, 601);
    assert_true(log.row.known.size == 601);
    sg_test_store_free(&a);
    sg_test_store_free(&peer);
}

/* A database restored from before the last signature: a new epoch, whose
 * opening names only what is left. */
static void test_restored(void **state)
{
    struct sg_test_store a;
    struct sg_log_id before;
    char data[4096], saved[4096];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 9);
    before = a.own->id;
    path_of(&a, "log/data.mdb", data);
    path_of(&a, "saved.mdb", saved);
    sg_test_store_close(&a);
    copy_file(data, saved);
    assert_ok(sg_test_store_open(&a));
    sg_test_store_fill(&a, 5);
    sg_test_store_close(&a);
    copy_file(saved, data);
    assert_ok(sg_test_store_open(&a));
    assert_epoch(&a, SG_START_SHORTER, &before, 10);
    /* And once more, now that the file names the new epoch. */
    sg_test_store_close(&a);
    copy_file(saved, data);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_SHORTER);
    sg_test_store_free(&a);
}

/* The database of another store with the same key is not trusted. */
static void test_other_database(void **state)
{
    struct sg_test_store a, b;
    char data[4096], other[4096];
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 1);
    sg_test_store_fill(&b, 4);
    sg_test_store_close(&a);
    sg_test_store_close(&b);
    path_of(&a, "log/data.mdb", data);
    path_of(&b, "log/data.mdb", other);
    copy_file(other, data);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_DATABASE);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* A log whose key is not at hand today keeps its mark for tomorrow. */
static void test_two_keys(void **state)
{
    struct sg_test_store a;
    struct sg_store_key keys[2];
    struct sg_log_id audit;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_close(&a);
    keys[0] = (struct sg_store_key){&a.key, SG_LOG_RECORDS};
    keys[1] = (struct sg_store_key){&a.key, SG_LOG_AUDIT};
    assert_ok(sg_store_open(&a.config, keys, 2, &a.store));
    assert_int_equal(sg_store_own(a.store, 0)->start, SG_START_CARRIED_ON);
    assert_int_equal(sg_store_own(a.store, 1)->start, SG_START_FIRST);
    audit = sg_store_own(a.store, 1)->id;
    sg_test_store_close(&a);
    assert_ok(sg_test_store_open(&a)); /* records only */
    sg_test_store_fill(&a, 4);
    sg_test_store_close(&a);
    assert_ok(sg_store_open(&a.config, keys, 2, &a.store));
    assert_int_equal(sg_store_own(a.store, 0)->start, SG_START_CARRIED_ON);
    assert_int_equal(sg_store_own(a.store, 1)->start, SG_START_CARRIED_ON);
    assert_memory_equal(&sg_store_own(a.store, 1)->id, &audit, sizeof audit);
    /* On another machine neither is trusted, whichever key comes first. */
    sg_test_store_close(&a);
    a.config.machine = SG_BYTES_TEXT("another machine");
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_MACHINE);
    sg_test_store_close(&a);
    assert_ok(sg_store_open(&a.config, keys, 2, &a.store));
    assert_int_equal(sg_store_own(a.store, 0)->start, SG_START_CARRIED_ON);
    assert_memory_not_equal(&sg_store_own(a.store, 1)->id, &audit,
                            sizeof audit);
    sg_test_store_free(&a);
}

static enum sg_err count_log(void *context, const struct sg_store_log *log)
{
    (void)log;
    ++*(unsigned *)context;
    return SG_OK;
}

/* Each log is visited once; a visitor that refuses stops the visit. */
static void test_each(void **state)
{
    struct sg_test_store a, b;
    unsigned count = 0;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    assert_ok(sg_test_store_send(&b, &a, 0, 1, false));
    assert_ok(sg_batch_commit(a.batch));
    assert_ok(sg_store_each(a.store, count_log, &count));
    assert_int_equal(count, 2);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* Opens, writes, reads and closes. */
static enum sg_err work(void *context)
{
    static struct sg_fetch fetch;
    struct sg_test_store *a = context;
    struct sg_store_key key = {&a->key, SG_LOG_RECORDS};
    struct sg_store *store = NULL;
    struct sg_batch *batch = NULL;
    const struct sg_store_own *own;
    struct sg_entry entry;
    enum sg_err err = sg_store_open(&a->config, &key, 1, &store);

    sg_fetch_init(&fetch, 1 << 17);
    if (err == SG_OK) {
        err = sg_batch_new(store, &batch);
    }
    if (err == SG_OK) {
        own = sg_store_own(store, 0);
        assert_ok(sg_entry_make(sg_store_hasher(store), SG_ENTRY_PLAIN, 0,
                                SG_BYTES_TEXT("x"), &entry));
        assert_ok(sg_batch_append(batch, own->number,
                                  own->signed_checkpoint.size, &entry, 1));
        err = sg_batch_commit(batch);
    }
    if (err == SG_OK) {
        err = sg_fetch_range(store, 1, 0, 2, &fetch);
    }
    sg_fetch_clear(&fetch);
    sg_batch_free(batch);
    sg_store_close(store);
    return err;
}

/* Every allocation that fails is reported, leaks nothing and loses nothing. */
static void test_memory(void **state)
{
    struct sg_test_store a;
    (void)state;
    sg_test_store_new(&a, 1);
    sg_test_store_close(&a);
    assert_true(sg_torture_run(work, &a) > 3);
    assert_ok(sg_test_store_open(&a));
    assert_int_equal(a.own->start, SG_START_CARRIED_ON);
    sg_test_store_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_flushed),
        cmocka_unit_test(test_one_process),
        cmocka_unit_test(test_carry_on),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_restored_tail_comes_back),
        cmocka_unit_test(test_no_highwater),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_other_database),
        cmocka_unit_test(test_two_keys),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
