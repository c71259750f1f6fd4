#include "node/write_key.h"

#include <string.h>

#include "node/unseal.h"
#include "storage/base/clock.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

/* Noon of 15 January and 15 February 2026, and the last second of January in
 * Viet Nam. */
#define JANUARY  INT64_C(1768453200000)
#define FEBRUARY INT64_C(1771131600000)
#define LAST     INT64_C(1769878799000)

static struct sg_wall now;

struct sg_wall __wrap_sg_clock_wall(void);
struct sg_wall __wrap_sg_clock_wall(void)
{
    return now;
}

static struct sg_test_store test;
static struct {
    struct sg_store *store;
    struct sg_key *scope;
} home;

static struct sg_key *scope_new(void)
{
    struct sg_key *key;

    assert_ok(sg_key_file_draw(SG_KEY_SCOPE, &sg_test_registry, &key));
    return key;
}

static int set_up(void **state)
{
    (void)state;
    now.ms = JANUARY;
    sg_test_store_new(&test, 1);
    home.store = test.store;
    home.scope = scope_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sg_key_file_free(home.scope);
    sg_test_store_free(&test);
    return 0;
}

/* Asks for the key of now; gives the entry that it is in. */
static uint64_t entry_of_now(void)
{
    struct sg_seal_keys *keys;
    uint64_t entry;

    assert_ok(sg_write_key_get(home.store, home.scope, test.own, test.batch,
                               &keys, &entry));
    sg_crypto_secret_free(keys);
    return entry;
}

static uint64_t size_of_log(void)
{
    return test.own->signed_checkpoint.size;
}

/* The first call writes the key behind the opening; it serves all the month, to
 * its last second in Viet Nam, also behind entries of other kinds. */
static void test_one_a_month(void **state)
{
    (void)state;
    assert_int_equal(entry_of_now(), 1);
    assert_int_equal(size_of_log(), 2);
    assert_int_equal(entry_of_now(), 1);
    sg_test_store_fill(&test, 100);
    now.ms = LAST;
    assert_int_equal(entry_of_now(), 1);
    assert_int_equal(size_of_log(), 102);
    now.ms = LAST + 1000;
    assert_int_equal(entry_of_now(), 102);
    now.ms = FEBRUARY;
    assert_int_equal(entry_of_now(), 102);
    assert_int_equal(size_of_log(), 103);
}

/* A key that our scope does not open is not ours to seal with. */
static void test_other_scope(void **state)
{
    (void)state;
    assert_int_equal(entry_of_now(), 1);
    sg_key_file_free(home.scope);
    home.scope = scope_new();
    assert_int_equal(entry_of_now(), 2);
    assert_int_equal(entry_of_now(), 2);
}

/* --- Sets of readers ------------------------------------------------------
 */

static struct sg_write_key_ring *keys_new(uint64_t back)
{
    struct sg_write_key_ring *keys;

    assert_ok(sg_write_key_new(home.store, home.scope, test.own->number,
                               &test.own->id, &keys));
    assert_ok(sg_write_key_load(keys, size_of_log(), back));
    return keys;
}

static struct sg_write_key_readers readers_of(const struct sg_key *const *all,
                                              size_t count)
{
    struct sg_write_key_readers readers = {.count = count};

    for (size_t i = 0; i < count; i++)
        memcpy(readers.all[i].bytes, all[i]->public_key, SG_KEY_SIZE);
    return readers;
}

/* Makes a key for READERS and writes its entry. */
static uint64_t write_key(struct sg_write_key_ring *keys,
                          const struct sg_write_key_readers *readers)
{
    uint64_t index = size_of_log();
    struct sg_entry entry;
    struct sg_buf payload;

    sg_buf_init(&payload, SG_CONTENT_KEY_SIZE_MAX);
    assert_ok(sg_write_key_make(keys, readers, index, &payload));
    assert_true(payload.size <= SG_WRITE_KEY_SIZE_MAX);
    assert_ok(sg_entry_make(sg_store_hasher(home.store), SG_ENTRY_CONTENT_KEY,
                            0, sg_buf_bytes(&payload), &entry));
    assert_ok(sg_batch_append(test.batch, test.own->number, index, &entry, 1));
    assert_ok(sg_batch_commit(test.batch));
    sg_buf_clear(&payload);
    return index;
}

/* Each set of readers has its own key, in whatever order it is said and whether
 * our own scope is among them; after a restart it is the same key, if its entry
 * is near enough; in another month it is none. */
static void test_sets(void **state)
{
    struct sg_key *const all[] = {scope_new(), scope_new(), home.scope};
    const struct sg_key *const ab[] = {all[0], all[1]};
    const struct sg_key *const bao[] = {all[1], all[0], all[2]};
    const struct sg_write_key_readers both = readers_of(ab, 2);
    const struct sg_write_key_readers same = readers_of(bao, 3);
    const struct sg_write_key_readers one = readers_of(ab, 1);
    struct sg_write_key_ring *keys = keys_new(10);
    struct sg_seal_keys first;
    uint64_t entry;

    (void)state;
    assert_null(sg_write_key_find(keys, &both, &entry));
    assert_int_equal(write_key(keys, &both), 1);
    assert_null(sg_write_key_find(keys, &one, &entry));
    assert_int_equal(write_key(keys, &one), 2);
    first = *sg_write_key_find(keys, &same, &entry);
    assert_int_equal(entry, 1);
    sg_write_key_free(keys);

    keys = keys_new(1);
    assert_null(sg_write_key_find(keys, &both, &entry));
    assert_non_null(sg_write_key_find(keys, &one, &entry));
    assert_int_equal(entry, 2);
    sg_write_key_free(keys);

    keys = keys_new(10);
    assert_non_null(sg_write_key_find(keys, &one, &entry));
    assert_int_equal(entry, 2);
    assert_memory_equal(sg_write_key_find(keys, &same, &entry), &first,
                        sizeof first);
    assert_int_equal(entry, 1);
    sg_write_key_drop(keys, 2);
    assert_null(sg_write_key_find(keys, &one, &entry));
    assert_non_null(sg_write_key_find(keys, &both, &entry));
    now.ms = FEBRUARY;
    assert_null(sg_write_key_find(keys, &both, &entry));
    sg_write_key_free(keys);
    sg_key_file_free(all[0]);
    sg_key_file_free(all[1]);
}

/* Without a scope key nothing is written that nobody could read. */
static void test_no_scope(void **state)
{
    struct sg_seal_keys *keys;
    uint64_t entry;

    (void)state;
    sg_key_file_free(home.scope);
    home.scope = NULL;
    assert_err(sg_write_key_get(home.store, home.scope, test.own, test.batch,
                                &keys, &entry),
               NOTFOUND);
    assert_int_equal(size_of_log(), 1);
}

/* What is sealed with the key opens by way of the log alone; not for another
 * scope, and not in another place. */
static void test_unseals(void **state)
{
    static const struct sg_bytes body = {(const uint8_t *)"xin chào", 9};
    struct sg_store_log log = {.number = test.own->number, .id = test.own->id};
    struct sg_seal_place place = {.index = 2};
    struct sg_seal_keys *keys;
    struct sg_sealer *sealer;
    struct sg_unseal *unseal;
    struct sg_entry entry;
    struct sg_buf payload;
    enum sg_seal_kind kind;
    struct sg_bytes found;

    (void)state;
    sg_buf_init(&payload, SG_PAYLOAD_SIZE_MAX);
    assert_ok(sg_seal_sealer_new(&sealer));
    assert_ok(sg_write_key_get(home.store, home.scope, test.own, test.batch,
                               &keys, &place.key_entry));
    assert_ok(
        sg_seal_encode(sealer, keys, &place, SG_SEAL_OPAQUE, body, &payload));
    assert_ok(sg_entry_make(sg_store_hasher(home.store), SG_ENTRY_SEALED,
                            place.key_entry, sg_buf_bytes(&payload), &entry));

    assert_ok(sg_unseal_new(home.store, home.scope, &unseal));
    assert_ok(sg_unseal_body(unseal, &log, &entry, 2, &kind, &found));
    assert_true(sg_bytes_equal(found, body));
    assert_int_equal(kind, SG_SEAL_OPAQUE);
    assert_err(sg_unseal_body(unseal, &log, &entry, 3, &kind, &found), DECRYPT);
    sg_unseal_free(unseal);

    sg_key_file_free(home.scope);
    home.scope = scope_new();
    assert_ok(sg_unseal_new(home.store, home.scope, &unseal));
    assert_err(sg_unseal_body(unseal, &log, &entry, 2, &kind, &found),
               NOTFOUND);
    /* An entry that names no content key. */
    entry.key_entry = 0;
    assert_err(sg_unseal_body(unseal, &log, &entry, 2, &kind, &found),
               MALFORMED);
    sg_unseal_free(unseal);
    sg_crypto_secret_free(keys);
    sg_seal_sealer_free(sealer);
    sg_buf_clear(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_a_month, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_scope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_scope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unseals, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
