#include "tests/lib/store.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

const struct sg_registry_id sg_test_registry = {
    {{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}}};

void sg_test_store_new(struct sg_test_store *test, uint8_t seed)
{
    uint8_t seeds[SG_KEY_SIZE];

    assert_ok(sg_crypto_init());
    memset(test, 0, sizeof *test);
    memset(seeds, seed, sizeof seeds);
    sg_crypto_sign_keypair(seeds, &test->key, test->public_key);
    test->dir = sg_tempdir_new();
    test->config.dir = test->dir;
    test->config.map_size = 1 << 20;
    test->config.reserve_size = 1;
    test->config.machine = SG_BYTES_TEXT("a machine");
    assert_ok(sg_store_create(&test->config, &sg_test_registry));
    assert_ok(sg_test_store_open(test));
}

void sg_test_store_close(struct sg_test_store *test)
{
    sg_batch_free(test->batch);
    sg_store_close(test->store);
    test->batch = NULL;
    test->store = NULL;
    test->own = NULL;
}

enum sg_err sg_test_store_open(struct sg_test_store *test)
{
    struct sg_store_key keys[] = {{&test->key, SG_LOG_RECORDS}};
    enum sg_err err = sg_store_open(&test->config, keys, 1, &test->store);
    if (err == SG_OK) {
        test->own = sg_store_own(test->store, 0);
        assert_ok(sg_batch_new(test->store, &test->batch));
    }
    return err;
}

void sg_test_store_free(struct sg_test_store *test)
{
    sg_test_store_close(test);
    sg_tempdir_free(test->dir);
}

size_t sg_test_store_payload(const struct sg_test_store *test, uint64_t index,
                             uint8_t ret[300])
{
    struct sg_hash hash;
    uint8_t name[8 + SG_KEY_SIZE];
    size_t size, i;

    sg_bytes_put_u64be(name, index);
    memcpy(name + 8, test->public_key, SG_KEY_SIZE);
    sg_crypto_sha256(name, sizeof name, &hash);
    size = 1 + sg_bytes_get_u16be(hash.bytes) % 300u;
    for (i = 0; i < size; i++) {
        ret[i] = hash.bytes[i % 32] ^ (uint8_t)(i / 32);
    }
    return size;
}

void sg_test_store_fill(struct sg_test_store *test, size_t count)
{
    static uint8_t payloads[SG_PACKAGE_ENTRIES_MAX][300];
    static struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX];

    while (count > 0) {
        uint64_t first = test->own->signed_checkpoint.size;
        size_t n =
            count < SG_PACKAGE_ENTRIES_MAX ? count : SG_PACKAGE_ENTRIES_MAX;
        size_t i;
        for (i = 0; i < n; i++) {
            size_t size = sg_test_store_payload(test, first + i, payloads[i]);
            assert_ok(sg_entry_make(sg_store_hasher(test->store),
                                    SG_ENTRY_PLAIN, 0,
                                    sg_bytes(payloads[i], size), &entries[i]));
        }
        assert_ok(
            sg_batch_append(test->batch, test->own->number, first, entries, n));
        assert_ok(sg_batch_commit(test->batch));
        count -= n;
    }
}

uint32_t sg_test_store_number(struct sg_test_store *from,
                              struct sg_test_store *to)
{
    struct sg_store_log log;
    return sg_store_find(to->store, &from->own->id, 0, &log) == SG_OK
               ? log.number
               : 0;
}

enum sg_err sg_test_store_send(struct sg_test_store *from,
                               struct sg_test_store *to, uint64_t first,
                               size_t count, bool without)
{
    static struct sg_fetch fetch; /* borrowed by the batch until commit */
    struct sg_package package;
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    size_t i;

    memset(&package, 0, sizeof package);
    if (fetch.memory.size_max == 0) {
        sg_fetch_init(&fetch, 1 << 20);
    }
    assert_ok(
        sg_fetch_range(from->store, from->own->number, first, count, &fetch));
    assert_int_equal(fetch.count, count);
    for (i = 0; i < count && without; i++) {
        if (first + i > 0) {
            fetch.entries[i].state = SG_PAYLOAD_NOT_HELD;
            fetch.entries[i].payload = sg_bytes(NULL, 0);
        }
    }
    package.first = first;
    package.entries = fetch.entries;
    package.count = count;
    package.known = from->own->signed_checkpoint;
    package.cover = cover;
    assert_ok(sg_fetch_cover(from->store, from->own->number, first + count,
                             package.known.size, cover, &package.cover_count));
    assert_ok(sg_batch_log(to->batch, &from->own->core, 0, &package.log));
    return sg_batch_package(to->batch, &package);
}
