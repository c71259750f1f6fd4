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
        cmocka_unit_test_setup_teardown(test_no_scope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unseals, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
