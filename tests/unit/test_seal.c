#include "storage/log/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "storage/log/compress.h"
#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/lib/wrap.h"

/* Locked memory and zstd have allocators of their own: they have none when told
 * to. */
static bool no_secrets, no_compression;
static int n_secrets; /* made and not yet freed, which wipes them */

SG_WRAP((n_secrets += !no_secrets, no_secrets), NULL, void *,
        sg_crypto_secret_new, (size_t size), (size))
void __real_sg_crypto_secret_free(void *secret);
void __wrap_sg_crypto_secret_free(void *secret);
void __wrap_sg_crypto_secret_free(void *secret)
{
    n_secrets -= secret != NULL;
    __real_sg_crypto_secret_free(secret);
}
SG_WRAP(no_compression, SG_ERR_NOMEM, enum sg_err, sg_compress_frame,
        (struct sg_compressor * compressor, unsigned dictionary,
         struct sg_bytes body, uint8_t *frame, size_t *ret_size),
        (compressor, dictionary, body, frame, ret_size))

#define BODY_STORED_MAX 65502 /* of what cannot be compressed */

/* The registry, log, key and places of FORMAT.md's examples. */
struct fixture {
    struct sg_sealer *sealer;
    struct sg_opener *opener;
    struct sg_seal_keys keys;
    struct sg_seal_place place;
    struct sg_buf payload;
    enum sg_seal_kind kind;
    struct sg_bytes body;
};

static void example(const char *name, struct sg_buf *ret)
{
    sg_buf_init(ret, SG_PAYLOAD_SIZE_MAX);
    sg_page_hex("storage/FORMAT.md", name, ret);
}

static void example_keys(struct sg_seal_keys *ret)
{
    struct sg_registry_id registry;
    uint8_t key[SG_KEY_SIZE];
    struct sg_log_id log;
    struct sg_buf id;

    memset(&registry, 0x11, sizeof(registry));
    memset(key, 0x22, sizeof(key));
    example("log-id", &id);
    assert_int_equal(id.size, sizeof(log));
    memcpy(&log, id.data, sizeof(log));
    sg_buf_clear(&id);
    sg_seal_keys_init(ret, &registry, &log, key);
}

static int setup(void **state)
{
    struct fixture *f = sg_calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_ok(sg_crypto_init());
    assert_ok(sg_seal_sealer_new(&f->sealer));
    assert_ok(sg_seal_opener_new(&f->opener));
    example_keys(&f->keys);
    f->place = (struct sg_seal_place){.index = 2, .key_entry = 1};
    sg_buf_init(&f->payload, 8 * SG_PAYLOAD_SIZE_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sg_seal_sealer_free(f->sealer);
    sg_seal_opener_free(f->opener);
    sg_seal_keys_wipe(&f->keys);
    sg_buf_clear(&f->payload);
    sg_free(f);
    assert_int_equal(n_secrets, 0);
    return 0;
}

/* Seals BODY alone into the fixture's payload. */
static enum sg_err seal(struct fixture *f, struct sg_bytes body)
{
    sg_buf_truncate(&f->payload, 0);
    return sg_seal_encode(f->sealer, &f->keys, &f->place, SG_SEAL_OPAQUE, body,
                          &f->payload);
}

static enum sg_err open_payload(struct fixture *f)
{
    return sg_seal_decode(f->opener, &f->keys, &f->place,
                          sg_buf_bytes(&f->payload), &f->kind, &f->body);
}

/* What a holder of the keys can make of any PLAIN, written down from FORMAT.md
 * and not from seal.c; SALT_FLIP is xored into the salt before it is used. */
static void forge(struct fixture *f, struct sg_bytes plain, uint8_t salt_flip)
{
    uint8_t hash[32], nonce[24], ad[78], index[8], *payload;
    const uint8_t *log = f->keys.log.hash.bytes;
    size_t size = 8 + plain.size + 16;
    struct sg_blake2b ctx;

    sg_bytes_put_u64be(index, f->place.index);
    sg_crypto_blake2b_init(&ctx, f->keys.nonce, 32, 32);
    sg_crypto_blake2b_update(&ctx, (const uint8_t *)"\0", 1);
    sg_crypto_blake2b_update(&ctx, log, 32);
    sg_crypto_blake2b_update(&ctx, index, 8);
    sg_crypto_blake2b_update(&ctx, plain.data, plain.size);
    sg_crypto_blake2b_final(&ctx, hash, 32);
    hash[0] ^= salt_flip;
    sg_crypto_blake2b_init(&ctx, f->keys.nonce, 32, 24);
    sg_crypto_blake2b_update(&ctx, (const uint8_t *)"\1", 1);
    sg_crypto_blake2b_update(&ctx, log, 32);
    sg_crypto_blake2b_update(&ctx, index, 8);
    sg_crypto_blake2b_update(&ctx, hash, 8);
    sg_crypto_blake2b_final(&ctx, nonce, 24);
    memcpy(ad, f->keys.registry.hash.bytes, 32);
    memcpy(ad + 32, log, 32);
    ad[64] = 1; /* version, sealed, key entry, payload length */
    ad[65] = 3;
    sg_bytes_put_u64be(ad + 66, f->place.key_entry);
    sg_bytes_put_u32be(ad + 74, (uint32_t)size);
    sg_buf_truncate(&f->payload, 0);
    assert_ok(sg_buf_extend(&f->payload, size, &payload));
    memcpy(payload, hash, 8);
    assert_ok(sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, f->keys.cipher,
                             SG_BYTES_ARRAY(nonce), SG_BYTES_ARRAY(ad), plain,
                             payload + 8, size - 8));
}

/* The page's name is sealed to the page's payload, and opens to the name. */
static void test_seal_page(void **state)
{
    struct sg_bytes name = SG_BYTES_TEXT("Nguyễn Thị Hoa");
    struct fixture *f = *state;
    struct sg_buf payload;

    example("seal-payload", &payload);
    assert_ok(seal(f, name));
    assert_hex(sg_buf_bytes(&f->payload), sg_hex_text(sg_buf_bytes(&payload)));
    assert_ok(open_payload(f));
    assert_int_equal(f->kind, SG_SEAL_OPAQUE);
    assert_hex(f->body, sg_hex_text(name));
    sg_buf_clear(&payload);
}

/* The page's plaintext, sealed step by step as the page says, is the page's
 * payload. */
static void test_seal_page_plaintext(void **state)
{
    struct sg_buf plain, payload;
    struct fixture *f = *state;

    example("seal-plaintext", &plain);
    example("seal-payload", &payload);
    forge(f, sg_buf_bytes(&plain), 0);
    assert_hex(sg_buf_bytes(&f->payload), sg_hex_text(sg_buf_bytes(&payload)));
    sg_buf_clear(&plain);
    sg_buf_clear(&payload);
}

/* The page's compressed record opens, with whatever version of zstd. */
static void test_seal_page_compressed(void **state)
{
    struct sg_bytes body = SG_BYTES_TEXT("Trần Thị Bích Ngọc, Hà Trung");
    struct fixture *f = *state;

    sg_buf_truncate(&f->payload, 0);
    sg_page_hex("storage/FORMAT.md", "seal-compressed", &f->payload);
    f->place.index = 3;
    assert_ok(open_payload(f));
    assert_hex(f->body, sg_hex_text(body));
    assert_ok(seal(f, body));
    assert_int_equal(f->payload.size, 8 + 32 + 16);
}

/* Every body up to the limit comes back, of either kind, compressed where it
 * can be, and in the size that the page says. */
static void test_seal_bodies(void **state)
{
    static uint8_t body[SG_RECORD_SIZE_MAX];
    struct fixture *f = *state;
    struct sg_prng prng;

    sg_prng_init(&prng, 3);
    for (unsigned i = 0; i < 600; i++) {
        bool is_noise = sg_prng_chance(&prng, 500);
        size_t most = i < 300    ? 64
                      : is_noise ? BODY_STORED_MAX
                                 : SG_RECORD_SIZE_MAX;
        size_t size = sg_prng_below(&prng, most + 1);
        enum sg_seal_kind kind = i % 2 == 0 ? SG_SEAL_OPAQUE : SG_SEAL_RECORD;

        memset(body, (uint8_t)i, size);
        if (is_noise)
            sg_prng_bytes(&prng, body, size);
        f->place.index = 2 + sg_prng_below(&prng, UINT64_MAX - 2);
        sg_buf_truncate(&f->payload, 0);
        assert_ok(sg_seal_encode(f->sealer, &f->keys, &f->place, kind,
                                 sg_bytes(body, size), &f->payload));
        assert_in_range(f->payload.size, 40, 24 + (1 + size) / 16 * 16 + 16);
        if (!is_noise && size > 64)
            assert_true(f->payload.size < 24 + size / 2);
        assert_ok(open_payload(f));
        assert_int_equal(f->kind, kind);
        assert_int_equal(f->body.size, size);
        assert_memory_equal(f->body.data, body, size);
    }
}

/* The largest bodies: one that cannot be compressed must leave room for the
 * seal in a payload, others fill a record. */
static void test_seal_limit(void **state)
{
    static uint8_t body[SG_RECORD_SIZE_MAX + 1];
    struct fixture *f = *state;
    struct sg_prng prng;

    assert_ok(seal(f, sg_bytes(body, SG_RECORD_SIZE_MAX)));
    assert_ok(open_payload(f));
    assert_int_equal(f->body.size, SG_RECORD_SIZE_MAX);
    assert_err(seal(f, sg_bytes(body, sizeof(body))), LIMIT);
    sg_prng_init(&prng, 1);
    sg_prng_bytes(&prng, body, sizeof(body));
    assert_ok(seal(f, sg_bytes(body, BODY_STORED_MAX)));
    assert_int_equal(f->payload.size, SG_PAYLOAD_SIZE_MAX - 8);
    assert_ok(open_payload(f));
    assert_err(seal(f, sg_bytes(body, BODY_STORED_MAX + 1)), LIMIT);
    assert_int_equal(f->payload.size, 0);
}

/* A buffer without room for the payload is told, and left as it was. */
static void test_seal_buffer(void **state)
{
    struct fixture *f = *state;
    struct sg_buf small;

    sg_buf_init(&small, 50);
    assert_err(sg_seal_encode(f->sealer, &f->keys, &f->place, SG_SEAL_OPAQUE,
                              SG_BYTES_TEXT("Nguyễn Thị Hoa"), &small),
               LIMIT);
    assert_int_equal(small.size, 0);
    sg_buf_clear(&small);
}

/* A payload opens only with its key, in its registry and log, at its index and
 * under its key entry. */
static void test_seal_bound(void **state)
{
    struct fixture *f = *state;
    const struct sg_seal_keys keys = f->keys;
    const struct sg_seal_place place = f->place;

    assert_ok(seal(f, SG_BYTES_TEXT("Nguyễn Thị Hoa")));
    for (unsigned bit = 0; bit < 256; bit++) {
        uint8_t key[SG_KEY_SIZE], flip = (uint8_t)(1u << bit % 8);

        memset(key, 0x22, sizeof(key));
        key[bit / 8] ^= flip;
        sg_seal_keys_init(&f->keys, &keys.registry, &keys.log, key);
        assert_err(open_payload(f), DECRYPT);
        f->keys = keys;
        f->keys.registry.hash.bytes[bit / 8] ^= flip;
        assert_err(open_payload(f), DECRYPT);
        f->keys = keys;
        f->keys.log.hash.bytes[bit / 8] ^= flip;
        assert_err(open_payload(f), DECRYPT);
        f->keys = keys;
        f->place.index ^= UINT64_C(1) << bit % 64;
        assert_err(open_payload(f), DECRYPT);
        f->place = place;
        f->place.key_entry ^= UINT64_C(1) << bit % 64;
        assert_err(open_payload(f), DECRYPT);
        f->place = place;
    }
    assert_ok(open_payload(f));
}

/* The keys are bound to registry and log: another of either, other keys. */
static void test_seal_keys(void **state)
{
    struct sg_seal_keys keys, other;
    static const uint8_t key[SG_KEY_SIZE] = {9};
    struct sg_registry_id registry = {0};
    struct sg_log_id log = {0};

    (void)state;
    sg_seal_keys_init(&keys, &registry, &log, key);
    assert_memory_not_equal(keys.cipher, keys.nonce, SG_KEY_SIZE);
    registry.hash.bytes[0] = 1;
    sg_seal_keys_init(&other, &registry, &log, key);
    assert_memory_not_equal(keys.cipher, other.cipher, SG_KEY_SIZE);
    assert_memory_not_equal(keys.nonce, other.nonce, SG_KEY_SIZE);
    registry.hash.bytes[0] = 0;
    log.hash.bytes[0] = 1;
    sg_seal_keys_init(&other, &registry, &log, key);
    assert_memory_not_equal(keys.cipher, other.cipher, SG_KEY_SIZE);
    assert_memory_not_equal(keys.nonce, other.nonce, SG_KEY_SIZE);
}

/* Every single changed bit of a payload is refused, stored or compressed. */
static void test_seal_bits(void **state)
{
    static const char *const bodies[] = {"Lê Thị Hoa",
                                         "Trần Thị Bích Ngọc, Hà Trung"};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        assert_ok(seal(f, sg_bytes(bodies[i], strlen(bodies[i]))));
        for (size_t bit = 0; bit < 8 * f->payload.size; bit++) {
            f->payload.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_err(open_payload(f), DECRYPT);
            f->payload.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_ok(open_payload(f));
    }
}

/* A payload that lost or won bytes is refused, by its size if no seal has that
 * size. */
static void test_seal_sizes(void **state)
{
    static uint8_t large[SG_PAYLOAD_SIZE_MAX + 1];
    struct fixture *f = *state;
    size_t size;

    assert_ok(seal(f, SG_BYTES_TEXT("Nguyễn Thị Hoa")));
    size = f->payload.size;
    assert_ok(sg_buf_append(&f->payload, sg_bytes(large, 100)));
    for (f->payload.size = 0; f->payload.size < size + 100; f->payload.size++) {
        enum sg_err err = open_payload(f);

        if (f->payload.size < 40)
            assert_err(err, TRUNCATED);
        else if (f->payload.size % 16 != 8)
            assert_err(err, MALFORMED);
        else if (f->payload.size != size)
            assert_err(err, DECRYPT);
        else
            assert_ok(err);
    }
    assert_err(sg_seal_decode(f->opener, &f->keys, &f->place,
                              SG_BYTES_ARRAY(large), &f->kind, &f->body),
               LIMIT);
}

static int by_salt(const void *a, const void *b)
{
    return memcmp(a, b, SG_SEAL_SALT_SIZE);
}

/* One key in two logs gives nothing in common; one content at one place gives
 * the same bytes again; other content there has another salt, so that the nonce
 * of a restored backup is never met again. */
static void test_seal_nonce(void **state)
{
    enum { COUNT = 2000 };
    static uint8_t salts[COUNT][SG_SEAL_SALT_SIZE];
    uint8_t body[8], first[64];
    struct fixture *f = *state;
    size_t size;

    for (uint32_t i = 0; i < COUNT; i++) {
        sg_bytes_put_u64be(body, i);
        assert_ok(seal(f, SG_BYTES_ARRAY(body)));
        memcpy(salts[i], f->payload.data, SG_SEAL_SALT_SIZE);
    }
    qsort(salts, COUNT, sizeof(salts[0]), by_salt);
    for (unsigned i = 1; i < COUNT; i++)
        assert_memory_not_equal(salts[i - 1], salts[i], sizeof(salts[0]));
    size = f->payload.size;
    assert_true(size <= sizeof(first));
    memcpy(first, f->payload.data, size);
    assert_ok(seal(f, SG_BYTES_ARRAY(body)));
    assert_memory_equal(f->payload.data, first, size);
    example_keys(&f->keys);
    f->keys.log.hash.bytes[0] ^= 1;
    assert_ok(seal(f, SG_BYTES_ARRAY(body)));
    for (size_t i = 0; i + 8 <= size; i++)
        assert_memory_not_equal(f->payload.data + i, first + i, 8);
}

/* Content that was sealed with the right key but not by the rule of the salt is
 * refused: so no holder of the key can steer the nonce. */
static void test_seal_salt(void **state)
{
    struct fixture *f = *state;
    struct sg_buf plain;

    example("seal-plaintext", &plain);
    forge(f, sg_buf_bytes(&plain), 0x40);
    assert_err(open_payload(f), MALFORMED);
    sg_buf_clear(&plain);
}

struct forgery {
    const char *plain; /* hex */
    enum sg_err err;
};

/* Of the plaintexts that a holder of the key can seal, only those of the page
 * are taken. */
static void test_seal_plaintexts(void **state)
{
    static const struct forgery forgeries[] = {
        /* An empty body; and one of 15 bytes, whose padding is a block. */
        {"00800000000000000000000000000000", SG_OK},
        {"00010203040506070809101112131415 80000000000000000000000000000000",
         SG_OK},
        /* No padding, padding of a block too much, padding that is not. */
        {"00000000000000000000000000000000", SG_ERR_MALFORMED},
        {"80000000000000000000000000000000", SG_ERR_MALFORMED},
        {"00010203040506070809101112138000 00000000000000000000000000000000",
         SG_ERR_MALFORMED},
        {"00800000000000000000000000000001", SG_ERR_MALFORMED},
        /* A record, a kind to come, a dictionary to come, the view's own. */
        {"10418000000000000000000000000000", SG_OK},
        {"20418000000000000000000000000000", SG_ERR_VERSION},
        {"f0418000000000000000000000000000", SG_ERR_VERSION},
        {"0f418000000000000000000000000000", SG_ERR_VERSION},
        {"03418000000000000000000000000000", SG_ERR_VERSION},
        /* Said to be compressed, and is not. */
        {"01418000000000000000000000000000", SG_ERR_MALFORMED},
        {"01800000000000000000000000000000", SG_ERR_MALFORMED},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
        forge(f, sg_hex(forgeries[i].plain), 0);
        assert_string_equal(sg_err_name(open_payload(f)),
                            sg_err_name(forgeries[i].err));
    }
}

/* A batch is what its records are one by one; if one fails there is none. */
static void test_seal_batch(void **state)
{
    static uint8_t noise[SG_RECORD_SIZE_MAX];
    struct sg_seal_item items[] = {
        {7, SG_SEAL_OPAQUE, SG_BYTES_TEXT("Nguyễn Thị Hoa"), 0},
        {8, SG_SEAL_RECORD, SG_BYTES_TEXT(""), 0},
        {11, SG_SEAL_OPAQUE, SG_BYTES_TEXT("Thôn 3, Bát Mọt, Quan Sơn"), 0},
    };
    struct fixture *f = *state;
    struct sg_prng prng;
    struct sg_buf all;
    size_t at = 2;

    sg_buf_init(&all, 1000);
    assert_ok(sg_buf_append(&all, SG_BYTES_TEXT("ab")));
    assert_ok(sg_seal_encode_batch(f->sealer, &f->keys, 1, items, 3, &all));
    for (size_t i = 0; i < 3; i++) {
        f->place.index = items[i].index;
        sg_buf_truncate(&f->payload, 0);
        assert_ok(sg_seal_encode(f->sealer, &f->keys, &f->place, items[i].kind,
                                 items[i].body, &f->payload));
        assert_int_equal(items[i].payload_size, f->payload.size);
        assert_memory_equal(all.data + at, f->payload.data, f->payload.size);
        at += items[i].payload_size;
    }
    assert_int_equal(all.size, at);
    sg_prng_init(&prng, 2);
    sg_prng_bytes(&prng, noise, sizeof(noise));
    items[2].body = SG_BYTES_ARRAY(noise);
    sg_buf_truncate(&all, 2);
    assert_err(sg_seal_encode_batch(f->sealer, &f->keys, 1, items, 3, &all),
               LIMIT);
    assert_hex(sg_buf_bytes(&all), "6162");
    sg_buf_clear(&all);
}

/* The mean payload of COUNT records in the framed file NAME of the build. */
static double mean_payload(struct fixture *f, const char *name)
{
    const char *folder = getenv("SG_BUILD_DIR");
    uint8_t record[4096], head[4];
    size_t total = 0, count = 0;
    char path[4096];
    FILE *file;

    assert_non_null(folder);
    (void)snprintf(path, sizeof(path), "%s/tests/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    while (fread(head, sizeof(head), 1, file) == 1) {
        size_t size = head[0] | (size_t)head[1] << 8;

        assert_true(size <= sizeof(record));
        assert_int_equal(fread(record, size, 1, file), 1);
        assert_ok(seal(f, sg_bytes(record, size)));
        assert_ok(open_payload(f));
        assert_int_equal(f->body.size, size);
        assert_memory_equal(f->body.data, record, size);
        total += f->payload.size;
        count++;
    }
    (void)fclose(file);
    assert_int_equal(count, 2000);
    return (double)total / (double)count;
}

/* A record of workload W, of a population that the dictionary has not seen,
 * takes at most 143 bytes sealed. */
static void test_seal_size(void **state)
{
    double mean = mean_payload(*state, "workload.msgpack");

    print_message("W, msgpack, sealed: %.1f bytes\n", mean);
    assert_true(mean <= 143.0);
}

/* A record of the register is smaller sealed as one than as opaque bytes: its
 * dictionary knows it. */
static void test_seal_record(void **state)
{
    static const char *const examples[] = {"enrolment", "correction",
                                           "decision", "access"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct sg_buf record;
        size_t opaque_size;

        sg_buf_init(&record, SG_RECORD_SIZE_MAX);
        sg_page_hex("storage/registry/RECORDS.md", examples[i], &record);
        assert_ok(seal(f, sg_buf_bytes(&record)));
        opaque_size = f->payload.size;
        sg_buf_truncate(&f->payload, 0);
        assert_ok(sg_seal_encode(f->sealer, &f->keys, &f->place, SG_SEAL_RECORD,
                                 sg_buf_bytes(&record), &f->payload));
        print_message("%s: %zu bytes, %zu sealed\n", examples[i], record.size,
                      f->payload.size);
        assert_true(f->payload.size < opaque_size);
        sg_buf_clear(&record);
    }
}

static enum sg_err make_both(void *context)
{
    struct sg_sealer *sealer = NULL;
    struct sg_opener *opener = NULL;
    enum sg_err err = sg_seal_sealer_new(&sealer);

    (void)context;
    if (err == SG_OK)
        err = sg_seal_opener_new(&opener);
    sg_seal_sealer_free(sealer);
    sg_seal_opener_free(opener);
    return err;
}

static enum sg_err seal_once(void *fixture)
{
    struct fixture *f = fixture;
    struct sg_buf payload;
    enum sg_err err;

    sg_buf_init(&payload, SG_PAYLOAD_SIZE_MAX);
    err = sg_seal_encode(f->sealer, &f->keys, &f->place, SG_SEAL_OPAQUE,
                         SG_BYTES_TEXT("An"), &payload);
    sg_buf_clear(&payload);
    return err;
}

/* Without memory, locked or not, there is no sealer, no opener, no payload,
 * and nothing is left behind. */
static void test_seal_nomem(void **state)
{
    struct sg_sealer *sealer;
    struct sg_opener *opener;

    assert_int_equal(sg_torture_run(make_both, NULL), 4);
    assert_int_equal(sg_torture_run(seal_once, *state), 1);
    no_secrets = true;
    assert_err(sg_seal_sealer_new(&sealer), NOMEM);
    assert_err(sg_seal_opener_new(&opener), NOMEM);
    no_secrets = false;
    no_compression = true;
    assert_err(seal(*state, SG_BYTES_TEXT("An")), NOMEM);
    no_compression = false;
}

/* Wiped keys are zero. */
static void test_seal_wipe(void **state)
{
    static const struct sg_seal_keys zero;
    struct sg_seal_keys keys;

    (void)state;
    example_keys(&keys);
    sg_seal_keys_wipe(&keys);
    assert_memory_equal(&keys, &zero, sizeof(keys));
}

static void seal_before_key(void *fixture)
{
    struct fixture *f = fixture;

    f->place.key_entry = f->place.index;
    (void)!seal(f, SG_BYTES_TEXT("An"));
}

/* No writer seals with a key that comes later in the log. */
static void test_seal_order(void **state)
{
    assert_true(sg_dies(seal_before_key, *state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seal_page),
        TEST(test_seal_page_plaintext),
        TEST(test_seal_page_compressed),
        TEST(test_seal_bodies),
        TEST(test_seal_limit),
        TEST(test_seal_buffer),
        TEST(test_seal_bound),
        TEST(test_seal_keys),
        TEST(test_seal_bits),
        TEST(test_seal_sizes),
        TEST(test_seal_nonce),
        TEST(test_seal_salt),
        TEST(test_seal_plaintexts),
        TEST(test_seal_batch),
        TEST(test_seal_size),
        TEST(test_seal_record),
        TEST(test_seal_nomem),
        TEST(test_seal_wipe),
        TEST(test_seal_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
