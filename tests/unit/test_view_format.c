/* What the view has on disk, as FORMAT.md section 12 says, and what becomes of
 * a view that another version left there. */
#include <stdio.h>
#include <string.h>

#include "node/view/feed_store.h"
#include "node/view/view_open.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/set.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tools/synth_store.h"

#define PERSONS 500u
#define ALL     1024u

/* As FORMAT.md has them. */
#define FORMAT     5u
#define PURPOSE    "sogoc v1 view row"
#define UNITS      5u /* number of the database */
#define SHORT_SIZE 4u /* bytes of P4 */

static const uint8_t secret[SG_KEY_SIZE] = {8};
static struct sg_synth_store store;
static char *dir;
static struct sg_key *key;
static struct sg_view *view;
static struct sg_view_reader *reader;
static enum sg_sealed_start start;

static const struct sg_unit_key *everybody(void *context, uint32_t number,
                                           uint64_t key_entry,
                                           size_t *ret_count)
{
    (void)context;
    (void)number;
    (void)key_entry;
    *ret_count = 0;
    return NULL;
}

/* What the logs are said to be: as they are, shorter, or others. */
enum logs { AS_THEY_ARE, SHORTER, OTHERS };
static enum logs logs_are;

static enum sg_err root_of(void *context, uint32_t number, uint64_t size,
                           struct sg_hash *ret_root)
{
    enum sg_err err = logs_are == SHORTER
                          ? SG_ERR_NOTFOUND
                          : sg_fetch_root(store.store, number, size, ret_root);

    (void)context;
    if (logs_are == OTHERS)
        ret_root->bytes[0] ^= 1;
    return err;
}

static void open_view(void)
{
    static const struct sg_key *scopes[1];
    const struct sg_view_config config = {
        .dir = dir, .key = key, .reserve_size = 1};
    struct sg_feed feed;

    scopes[0] = store.scope;
    assert_ok(sg_feed_store_new(store.store, scopes, 1, NULL, &feed));
    feed.readers = everybody;
    feed.root = root_of;
    assert_ok(sg_view_open_feed(&config, sg_store_registry(store.store), &feed,
                                &view, &start));
    assert_ok(sg_view_reader_new(view, &reader));
}

static void close_view(void)
{
    sg_view_reader_free(reader);
    sg_view_close(view);
    reader = NULL;
    view = NULL;
}

static void apply_all(void)
{
    bool is_done = false;

    while (!is_done)
        assert_ok(sg_view_apply(view, ALL, &is_done));
}

static int setup_all(void **state)
{
    struct sg_synth_store_options options = {.persons = PERSONS, .seed = 4};

    (void)state;
    assert_ok(sg_crypto_init());
    dir = sg_tempdir_new();
    options.dir = dir;
    assert_ok(sg_synth_store_make(&options, &store));
    assert_ok(sg_key_file_new(SG_KEY_VIEW, NULL, secret, &key));
    open_view();
    assert_int_equal(start, SG_SEALED_MADE);
    assert_ok(sg_view_rebuild(view, key));
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    close_view();
    sg_key_file_free(key);
    sg_synth_store_close(&store);
    sg_tempdir_free(dir);
    return 0;
}

/* --- the file itself --------------------------------------------------- */

/* Runs FN on the closed view, in which database 1 is NAME. */
static void on_disk(const char *name, sg_env_fn *fn, void *context)
{
    const char *const names[] = {"meta", name};
    struct sg_sealed_config config = {.databases = names,
                                      .database_count = 2,
                                      .format = FORMAT,
                                      .registry =
                                          *sg_store_registry(store.store),
                                      .reserve_size = 1};
    struct sg_sealed *sealed;
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/view", dir);
    config.dir = path;
    memcpy(config.key, secret, sizeof secret);
    close_view();
    assert_ok(sg_sealed_open(&config, &sealed, &start));
    assert_int_equal(start, SG_SEALED_FOUND);
    assert_ok(sg_sealed_write(sealed, fn, context));
    sg_sealed_close(sealed);
}

/* --- names in keys ----------------------------------------------------- */

/* P4(5; unit). */
static uint32_t short_of(const uint8_t names_key[SG_SIPHASH_KEY_SIZE],
                         uint64_t unit)
{
    uint8_t bytes[9] = {UNITS}, hash[SG_SIPHASH_SIZE];

    sg_bytes_put_u64be(bytes + 1, unit);
    sg_crypto_siphash(names_key, bytes, sizeof bytes, hash);
    return sg_bytes_get_u32be(hash);
}

/* B(16, V, purpose; 01). */
static void derive(uint8_t ret[SG_SIPHASH_KEY_SIZE])
{
    static const uint8_t for_names = 1;
    struct sg_blake2b ctx;

    sg_crypto_blake2b_purpose_init(&ctx, secret, sizeof secret,
                                   SG_SIPHASH_KEY_SIZE, PURPOSE,
                                   &sg_store_registry(store.store)->hash);
    sg_crypto_blake2b_update(&ctx, &for_names, 1);
    sg_crypto_blake2b_final(&ctx, ret, SG_SIPHASH_KEY_SIZE);
}

struct units {
    struct sg_unit_key keys[ALL];
    uint32_t shorts[ALL];
    size_t count;
};

/* Lists the units of all subjects. */
static void list_units(struct units *units)
{
    static struct sg_uid uids[ALL];
    struct sg_view_page page = {.max = ALL, .uids = uids};
    uint8_t names_key[SG_SIPHASH_KEY_SIZE];

    derive(names_key);
    assert_ok(sg_view_find_all(reader, &page));
    assert_int_equal(page.cursor, 0);
    units->count = page.count;
    for (size_t i = 0; i < page.count; i++) {
        const struct sg_subject *subject;

        assert_ok(sg_view_person(reader, &uids[i], &subject));
        units->keys[i] = subject->unit;
        units->shorts[i] = short_of(names_key, subject->unit.value);
    }
}

static enum sg_err find_members(struct sg_txn *txn, void *context)
{
    const struct units *units = context;

    for (size_t i = 0; i < units->count; i++) {
        uint8_t name[SHORT_SIZE];
        struct sg_set_walk walk;

        sg_bytes_put_u32be(name, units->shorts[i]);
        assert_true(
            sg_set_seek(txn, 1, SHORT_SIZE + 4, SG_BYTES_ARRAY(name), &walk));
        assert_memory_equal(walk.member, name, sizeof name);
    }
    return SG_OK;
}

/* A unit whose short hash is that of another, one in 2^32, finds nobody of that
 * other one, while what is on disk is found by either. */
static void test_chance_hit(void **state)
{
    static struct units units;
    static uint8_t is_first[1 << 16]; /* by the first half of a hash */
    static struct sg_uid uids[ALL];
    struct sg_view_page page = {.max = ALL, .uids = uids};
    uint8_t names_key[SG_SIPHASH_KEY_SIZE];
    struct sg_unit_key other = {UINT64_C(1) << 40};
    size_t at;

    (void)state;
    list_units(&units);
    derive(names_key);
    for (size_t i = 0; i < units.count; i++)
        is_first[units.shorts[i] >> 16] = 1;
    for (at = units.count; at == units.count; other.value++) {
        uint32_t hash = short_of(names_key, other.value + 1);

        for (at = is_first[hash >> 16] ? 0 : units.count;
             at < units.count && units.shorts[at] != hash; at++)
            continue;
    }
    assert_ok(sg_view_find_unit(reader, units.keys[at], &page));
    assert_true(page.count > 0);
    assert_ok(sg_view_find_unit(reader, other, &page));
    assert_int_equal(page.count, 0);
    assert_int_equal(page.cursor, 0);
    on_disk("units", find_members, &units);
    open_view();
    assert_int_equal(start, SG_SEALED_FOUND);
}

/* --- other formats ----------------------------------------------------- */

static enum sg_err put_format(struct sg_txn *txn, void *context)
{
    const uint64_t *format = context;
    struct sg_bytes value;
    uint8_t mark[16];

    assert_true(sg_txn_get(txn, 0, SG_BYTES_TEXT("sealed"), &value));
    assert_int_equal(value.size, sizeof mark);
    memcpy(mark, value.data, sizeof mark);
    assert_int_equal(sg_bytes_get_u64be(mark), FORMAT);
    sg_bytes_put_u64be(mark, *format);
    sg_txn_put(txn, 0, SG_BYTES_TEXT("sealed"), SG_BYTES_ARRAY(mark));
    return sg_txn_err(txn);
}

/* A view of any earlier format, or of a later one, is deleted and made again:
 * nothing of it is read, and what comes out is the same. */
static void test_other_format(void **state)
{
    struct sg_view_root before, after;
    struct sg_view_status status;

    (void)state;
    assert_ok(sg_view_root_all(view, &before));
    assert_true(before.root.n_persons > 0);
    for (uint64_t format = 1; format <= FORMAT + 1; format++) {
        if (format == FORMAT)
            continue;
        on_disk("subjects", put_format, &format);
        open_view();
        assert_int_equal(start, SG_SEALED_FORMAT);
        sg_view_status(view, &status);
        assert_int_equal(status.subjects, 0);
        assert_int_equal(status.applied, 0);
        apply_all();
        assert_ok(sg_view_root_all(view, &after));
        assert_memory_equal(&before.root, &after.root, sizeof before.root);
        close_view();
        open_view();
        assert_int_equal(start, SG_SEALED_FOUND);
    }
}

/* A view whose logs were set back beside it is deleted and made again, and says
 * so; one that is as far as they are, or not as far, is not. */
static void test_set_back(void **state)
{
    struct sg_view_root before, after;
    struct sg_view_status status;

    (void)state;
    assert_ok(sg_view_root_all(view, &before));
    for (enum logs now = AS_THEY_ARE; now <= OTHERS; now++) {
        bool is_set_back = now != AS_THEY_ARE;

        close_view();
        logs_are = now;
        open_view();
        assert_int_equal(start,
                         is_set_back ? SG_SEALED_DAMAGED : SG_SEALED_FOUND);
        sg_view_status(view, &status);
        assert_true(status.is_set_back == is_set_back);
        assert_true((status.subjects == 0) == is_set_back);
        logs_are = AS_THEY_ARE;
        apply_all();
        assert_ok(sg_view_root_all(view, &after));
        assert_memory_equal(&before.root, &after.root, sizeof before.root);
        sg_view_status(view, &status);
        assert_true(status.is_set_back == is_set_back);
    }
    close_view();
    open_view();
    assert_int_equal(start, SG_SEALED_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chance_hit),
        cmocka_unit_test(test_other_format),
        cmocka_unit_test(test_set_back),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
