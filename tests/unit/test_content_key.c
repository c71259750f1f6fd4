#include "storage/log/content_key.h"

#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

#define PERIOD 202306
#define WRAP   SG_CONTENT_KEY_WRAP_SIZE

/* The registry, log, key and reader of FORMAT.md's example. */
struct fixture {
    struct sg_registry_id registry;
    struct sg_content_key_place place;
    uint8_t key[SG_KEY_SIZE];
    struct sg_scope_pair reader;
    struct sg_buf payload;
    struct sg_content_key parsed;
};

static void page(const char *name, struct sg_buf *ret)
{
    sg_buf_init(ret, 1000);
    sg_page_hex("storage/FORMAT.md", name, ret);
}

static int setup(void **state)
{
    static struct fixture f;
    struct sg_buf id;

    assert_ok(sg_crypto_init());
    memset(&f, 0, sizeof(f));
    memset(&f.registry, 0x11, sizeof(f.registry));
    memset(f.key, 0x22, sizeof(f.key));
    memset(f.reader.secret, 0x33, sizeof(f.reader.secret));
    sg_crypto_x25519_public(f.reader.secret, f.reader.public_key.bytes);
    page("log-id", &id);
    memcpy(&f.place.log, id.data, sizeof(f.place.log));
    sg_buf_clear(&id);
    f.place.index = 1;
    sg_buf_init(&f.payload, SG_CONTENT_KEY_SIZE_MAX);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sg_buf_clear(&f->payload);
    return 0;
}

/* Encodes the fixture's key for these READERS. */
static enum sg_err encode(struct fixture *f,
                          const struct sg_scope_public readers[], size_t count)
{
    sg_buf_truncate(&f->payload, 0);
    return sg_content_key_encode(&f->registry, &f->place.log, PERIOD, f->key,
                                 readers, count, &f->payload);
}

static enum sg_err encode_one(struct fixture *f)
{
    return encode(f, &f->reader.public_key, 1);
}

static enum sg_err parse(struct fixture *f)
{
    return sg_content_key_parse(sg_buf_bytes(&f->payload), &f->place,
                                &f->parsed);
}

static enum sg_err unwrap(struct fixture *f, uint8_t ret_key[SG_KEY_SIZE])
{
    return sg_content_key_unwrap(&f->registry, &f->parsed, &f->reader, ret_key);
}

static void draw_readers(uint64_t seed, struct sg_scope_pair *readers,
                         struct sg_scope_public public_keys[], size_t count)
{
    struct sg_prng prng;

    sg_prng_init(&prng, seed);
    for (size_t i = 0; i < count; i++) {
        sg_prng_bytes(&prng, readers[i].secret, SG_KEY_SIZE);
        sg_crypto_x25519_public(readers[i].secret, readers[i].public_key.bytes);
        public_keys[i] = readers[i].public_key;
    }
}

/* The page's content key opens for the page's reader and gives the page's
 * key. (It cannot be made again: the box has an ephemeral key.) */
static void test_content_key_page(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SG_KEY_SIZE];

    sg_page_hex("storage/FORMAT.md", "content-key", &f->payload);
    assert_ok(parse(f));
    assert_false(f->parsed.is_rewrap);
    assert_int_equal(f->parsed.period, PERIOD);
    assert_int_equal(f->parsed.own.index, 1);
    assert_int_equal(sg_content_key_reader_count(&f->parsed), 1);
    assert_ok(unwrap(f, key));
    assert_memory_equal(key, f->key, sizeof(key));
}

/* What is made again from the page's values differs from the page in the box
 * alone. */
static void test_content_key_made(void **state)
{
    struct fixture *f = *state;
    struct sg_buf example;

    page("content-key", &example);
    assert_ok(encode_one(f));
    assert_int_equal(f->payload.size, example.size);
    assert_memory_equal(f->payload.data, example.data, 39 + SG_KEY_ID_SIZE);
    assert_memory_not_equal(f->payload.data + 47, example.data + 47, 80);
    sg_buf_clear(&example);
}

/* Every reader gets the key, up to the largest set, in whatever order they are
 * named; nobody else does. */
static void test_content_key_readers(void **state)
{
    struct sg_scope_pair readers[SG_WRAPS_MAX + 1];
    struct sg_scope_public public_keys[SG_WRAPS_MAX + 1];
    const size_t counts[] = {1, 2, 3, SG_WRAPS_MAX};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t count = counts[i];
        uint8_t key[SG_KEY_SIZE];

        draw_readers(i, readers, public_keys, count + 1);
        assert_ok(encode(f, public_keys, count));
        assert_int_equal(f->payload.size, 39 + count * WRAP);
        assert_ok(parse(f));
        assert_int_equal(sg_content_key_reader_count(&f->parsed), count);
        for (size_t k = 0; k < count; k++) {
            f->reader = readers[k];
            memset(key, 0, sizeof(key));
            assert_ok(unwrap(f, key));
            assert_memory_equal(key, f->key, sizeof(key));
        }
        f->reader = readers[count];
        assert_err(unwrap(f, key), NOTFOUND);
        for (size_t k = 1; k < count; k++) {
            struct sg_key_id a = sg_content_key_reader_id(&f->parsed, k - 1);
            struct sg_key_id b = sg_content_key_reader_id(&f->parsed, k);
            assert_int_equal(sg_key_id_compare(&a, &b), -1);
        }
    }
}

/* A re-wrap, made in another log from what a reader opened, gives a later
 * reader the same key and says where it belongs. */
static void test_content_key_rewrap(void **state)
{
    struct sg_content_key_place elsewhere = {.index = 77};
    struct sg_scope_pair later;
    struct sg_scope_public public_key;
    uint8_t key[SG_KEY_SIZE] = {0};
    struct fixture *f = *state;
    struct sg_content_key_place own = f->place;

    assert_ok(encode_one(f));
    assert_ok(parse(f));
    assert_ok(unwrap(f, key));
    draw_readers(9, &later, &public_key, 1);
    sg_buf_truncate(&f->payload, 0);
    assert_ok(sg_content_key_rewrap(&f->registry, &f->parsed.own,
                                    f->parsed.period, key, &public_key, 1,
                                    &f->payload));
    assert_int_equal(f->payload.size, 79 + WRAP);
    f->place = elsewhere;
    f->reader = later;
    memset(key, 0, sizeof(key));
    assert_ok(parse(f));
    assert_true(f->parsed.is_rewrap);
    assert_int_equal(f->parsed.own.index, own.index);
    assert_memory_equal(&f->parsed.own.log, &own.log, sizeof(own.log));
    assert_ok(unwrap(f, key));
    assert_memory_equal(key, f->key, sizeof(key));
}

/* A key that is not the commitment's is refused: by a wrap that holds another
 * key, in another registry, or said to belong to another log. */
static void test_content_key_commitment(void **state)
{
    uint8_t other[SG_KEY_SIZE] = {1}, key[SG_KEY_SIZE] = {0xee};
    struct fixture *f = *state;
    struct fixture good;

    assert_ok(encode_one(f));
    assert_ok(sg_crypto_box_seal(f->reader.public_key.bytes,
                                 SG_BYTES_ARRAY(other), f->payload.data + 47,
                                 80));
    assert_ok(parse(f));
    assert_err(unwrap(f, key), DECRYPT);
    assert_ok(encode_one(f));
    good = *f;
    f->place.log.hash.bytes[5] ^= 1;
    assert_ok(parse(f));
    assert_err(unwrap(f, key), DECRYPT);
    *f = good;
    f->payload.data[6] ^= 1;
    assert_ok(parse(f));
    assert_err(unwrap(f, key), DECRYPT);
    assert_int_equal(key[0], 0xee);
}

/* Every changed bit of a content key is refused, by the parser or when it is
 * opened; only the month can be changed into another month. */
static void test_content_key_bits(void **state)
{
    uint8_t key[SG_KEY_SIZE];
    struct fixture *f = *state;

    assert_ok(encode_one(f));
    for (size_t bit = 0; bit < 8 * f->payload.size; bit++) {
        enum sg_err err;

        f->payload.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        err = parse(f);
        if (err == SG_OK)
            err = unwrap(f, key);
        if (bit / 8 < 2 || bit / 8 >= 6)
            assert_int_not_equal(err, SG_OK);
        else if (err == SG_OK)
            assert_in_range(f->parsed.period % 100, 1, 12);
        f->payload.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

struct malformed {
    size_t at; /* the byte that is set */
    uint8_t value;
    enum sg_err err;
};

/* What no writer produces is refused with its reason. */
static void test_content_key_strict(void **state)
{
    static const struct malformed wrong[] = {
        {0, 0, SG_ERR_VERSION},
        {0, 2, SG_ERR_VERSION},
        {1, 2, SG_ERR_MALFORMED},    /* neither new nor re-wrap */
        {5, 0x3c, SG_ERR_MALFORMED}, /* month 0 */
        {5, 0x49, SG_ERR_MALFORMED}, /* month 13 */
        {2, 1, SG_ERR_MALFORMED},    /* beyond year 9999 */
        {78, 0, SG_ERR_MALFORMED},   /* no wraps */
        {78, SG_WRAPS_MAX + 1, SG_ERR_LIMIT},
        {78, 1, SG_ERR_TRAILING},
        {78, 3, SG_ERR_TRUNCATED},
        {77, 0, SG_ERR_MALFORMED}, /* an own entry that is an opening */
    };
    struct sg_scope_pair readers[2];
    struct sg_scope_public public_keys[2];
    uint8_t wraps[2][WRAP];
    struct fixture *f = *state;
    size_t size;

    draw_readers(4, readers, public_keys, 2);
    assert_ok(sg_content_key_rewrap(&f->registry, &f->place, PERIOD, f->key,
                                    public_keys, 2, &f->payload));
    assert_ok(parse(f));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint8_t *byte = &f->payload.data[wrong[i].at], before = *byte;

        *byte = wrong[i].value;
        assert_string_equal(sg_err_name(parse(f)), sg_err_name(wrong[i].err));
        *byte = before;
    }
    size = f->payload.size;
    for (f->payload.size = 0; f->payload.size < size; f->payload.size++)
        assert_int_not_equal(parse(f), SG_OK);
    memcpy(wraps, f->payload.data + 79, sizeof(wraps));
    memcpy(f->payload.data + 79, wraps[1], WRAP);
    assert_err(parse(f), NOTCANONICAL);
    memcpy(f->payload.data + 79 + WRAP, wraps[0], WRAP);
    assert_err(parse(f), NOTCANONICAL);
}

/* A writer that asks for nonsense is told, and nothing is written: no month, no
 * readers, too many, one of them twice, a key that no one can own. */
static void test_content_key_invalid(void **state)
{
    static const uint32_t no_months[] = {0, 1, 12, 202300, 202313, 1000001};
    static const struct sg_scope_public many[SG_WRAPS_MAX + 1];
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(no_months) / sizeof(no_months[0]); i++)
        assert_err(sg_content_key_encode(&f->registry, &f->place.log,
                                         no_months[i], f->key, many, 1,
                                         &f->payload),
                   INVALID);
    assert_err(encode(f, many, 0), LIMIT);
    assert_err(encode(f, many, SG_WRAPS_MAX + 1), LIMIT);
    assert_err(encode(f, many, 2), INVALID);
    assert_err(encode(f, many, 1), CRYPTO);
    assert_int_equal(f->payload.size, 0);
}

static enum sg_err encode_once(void *fixture)
{
    struct fixture *f = fixture;
    enum sg_err err = encode_one(f);

    sg_buf_clear(&f->payload);
    return err;
}

/* Without memory, or room in the buffer, nothing is written. */
static void test_content_key_nomem(void **state)
{
    struct fixture *f = *state;

    assert_in_range(sg_torture_run(encode_once, f), 1, 9);
    sg_buf_init(&f->payload, 39 + WRAP - 1);
    assert_err(encode_one(f), LIMIT);
    assert_int_equal(f->payload.size, 0);
}

static void rewrap_opening(void *fixture)
{
    struct fixture *f = fixture;

    f->place.index = 0;
    (void)!sg_content_key_rewrap(&f->registry, &f->place, PERIOD, f->key,
                                 &f->reader.public_key, 1, &f->payload);
}

static void read_beyond(void *fixture)
{
    struct fixture *f = fixture;

    (void)sg_content_key_reader_id(&f->parsed, 1);
}

/* Entry 0 is never a key, and there is no reader after the last. */
static void test_content_key_asserts(void **state)
{
    struct fixture *f = *state;

    assert_ok(encode_one(f));
    assert_ok(parse(f));
    assert_true(sg_dies(read_beyond, f));
    assert_true(sg_dies(rewrap_opening, f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_content_key_page),       TEST(test_content_key_made),
        TEST(test_content_key_readers),    TEST(test_content_key_rewrap),
        TEST(test_content_key_commitment), TEST(test_content_key_bits),
        TEST(test_content_key_strict),     TEST(test_content_key_invalid),
        TEST(test_content_key_nomem),      TEST(test_content_key_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
