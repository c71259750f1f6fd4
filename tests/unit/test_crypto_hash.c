#include "storage/base/crypto.h"

#include <string.h>

#include <sodium.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* The link line wraps these calls of libsodium, which cannot fail otherwise. */
static bool failing;

SG_WRAP(failing, -1, int, crypto_generichash,
        (unsigned char *out, size_t out_size, const unsigned char *in,
         unsigned long long in_size, const unsigned char *key, size_t key_size),
        (out, out_size, in, in_size, key, key_size))
SG_WRAP(failing, -1, int, crypto_generichash_init,
        (crypto_generichash_state * state, const unsigned char *key,
         const size_t key_size, const size_t out_size),
        (state, key, key_size, out_size))
SG_WRAP(failing, -1, int, crypto_generichash_update,
        (crypto_generichash_state * state, const unsigned char *in,
         unsigned long long in_size),
        (state, in, in_size))
SG_WRAP(failing, -1, int, crypto_generichash_final,
        (crypto_generichash_state * state, unsigned char *out,
         const size_t out_size),
        (state, out, out_size))

static const struct sg_hash registry = {
    {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
     16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}};

static const uint8_t *ascii(const char *text)
{
    return (const uint8_t *)text;
}

static const struct sha256_example {
    const char *message;
    const char *hash;
} sha256_examples[] = {
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

/* SHA-256 gives the hashes of FIPS 180-4's examples. */
static void test_sha256_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct sha256_example *e = &sha256_examples[i];
        struct sg_hash hash;
        sg_crypto_sha256(ascii(e->message), strlen(e->message), &hash);
        assert_hex(SG_BYTES_ARRAY(hash.bytes), e->hash);
    }
}

/* A message in parts of any size has the hash of the whole: FIPS 180-4's
 * million times "a", in parts that straddle every block boundary. */
static void test_sha256_in_parts(void **state)
{
    (void)state;
    uint8_t part[999];
    memset(part, 'a', sizeof(part));
    struct sg_sha256 ctx;
    sg_crypto_sha256_init(&ctx);
    size_t left = 1000000;
    for (size_t size = 0; left > 0; size = (size + 7) % sizeof(part)) {
        size_t take = size < left ? size : left;
        sg_crypto_sha256_update(&ctx, part, take);
        left -= take;
    }
    struct sg_hash hash;
    sg_crypto_sha256_final(&ctx, &hash);
    assert_hex(
        SG_BYTES_ARRAY(hash.bytes),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Nothing has a hash too, and NULL is a good pointer to it. */
static void test_sha256_of_null(void **state)
{
    (void)state;
    struct sg_hash hash;
    sg_crypto_sha256(NULL, 0, &hash);
    assert_hex(SG_BYTES_ARRAY(hash.bytes), sha256_examples[1].hash);
}

/* A prefix taken in once serves many hashes and is not used up. */
static void test_sha256_after_prefix(void **state)
{
    (void)state;
    struct sg_sha256 prefix;
    sg_crypto_sha256_init(&prefix);
    sg_crypto_sha256_update(&prefix, ascii("ab"), 2);
    struct sg_hash hash;
    for (int i = 0; i < 2; i++) {
        sg_crypto_sha256_after(&prefix, ascii("c"), 1, &hash);
        assert_hex(SG_BYTES_ARRAY(hash.bytes), sha256_examples[0].hash);
    }
    struct sg_sha256 copy = prefix;
    sg_crypto_sha256_update(&copy, ascii("x"), 1);
    sg_crypto_sha256_after(&prefix, ascii("c"), 1, &hash);
    assert_hex(SG_BYTES_ARRAY(hash.bytes), sha256_examples[0].hash);
}

/* The purpose block is the name, zero bytes up to 32, and the registry id, or
 * 32 zero bytes more where there is none. */
static void test_purpose_block(void **state)
{
    (void)state;
    uint8_t expected[SG_PURPOSE_SIZE] = "sogoc v1 payload";
    uint8_t block[SG_PURPOSE_SIZE];
    sg_crypto_purpose_block("sogoc v1 payload", NULL, block);
    assert_memory_equal(block, expected, sizeof(block));
    memcpy(expected + 32, registry.bytes, 32);
    sg_crypto_purpose_block("sogoc v1 payload", &registry, block);
    assert_memory_equal(block, expected, sizeof(block));
}

/* A purpose of exactly 32 characters fills its half of the block. */
static void test_purpose_block_longest(void **state)
{
    (void)state;
    static const char name[] = "0123456789abcdef0123456789abcdef";
    uint8_t block[SG_PURPOSE_SIZE];
    sg_crypto_purpose_block(name, &registry, block);
    assert_memory_equal(block, name, 32);
    assert_memory_equal(block + 32, registry.bytes, 32);
}

/* A hash with a purpose is the SHA-256 of the block and the data (the values
 * are from Python's hashlib). */
static void test_purpose_hash(void **state)
{
    (void)state;
    struct sg_hash hash;
    sg_crypto_purpose_hash("sogoc v1 payload", &registry, ascii("abc"), 3,
                           &hash);
    assert_hex(
        SG_BYTES_ARRAY(hash.bytes),
        "d4fb3c5de1b253553ad35c769aca866bfdc712be2c7ec55b2a1c19d2eddfcd5d");
    struct sg_sha256 ctx;
    sg_crypto_purpose_init(&ctx, "sogoc v1 registry", NULL);
    sg_crypto_sha256_after(&ctx, ascii("abc"), 3, &hash);
    assert_hex(
        SG_BYTES_ARRAY(hash.bytes),
        "c22e24aef3fa7109f6194455ec78728a5b033c46c040783472ae77cefc125c85");
}

/* BLAKE2b gives RFC 7693's "abc", appendix A, whole and in parts. */
static void test_blake2b_plain(void **state)
{
    (void)state;
    static const char expected[] =
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
    uint8_t hash[64];
    sg_crypto_blake2b(NULL, 0, ascii("abc"), 3, hash, sizeof(hash));
    assert_hex(SG_BYTES_ARRAY(hash), expected);
    struct sg_blake2b ctx;
    sg_crypto_blake2b_init(&ctx, NULL, 0, sizeof(hash));
    sg_crypto_blake2b_update(&ctx, ascii("a"), 1);
    sg_crypto_blake2b_update(&ctx, NULL, 0);
    sg_crypto_blake2b_update(&ctx, ascii("bc"), 2);
    sg_crypto_blake2b_final(&ctx, hash, sizeof(hash));
    assert_hex(SG_BYTES_ARRAY(hash), expected);
}

/* Keyed BLAKE2b gives the first and the last line of the reference's table of
 * known answers (key 00..3f; empty input, then 00..fe). */
static void test_blake2b_keyed(void **state)
{
    (void)state;
    uint8_t input[255];
    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (uint8_t)i;
    uint8_t hash[64];
    sg_crypto_blake2b(input, 64, NULL, 0, hash, sizeof(hash));
    assert_hex(
        SG_BYTES_ARRAY(hash),
        "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786"
        "b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568");
    sg_crypto_blake2b(input, 64, input, sizeof(input), hash, sizeof(hash));
    assert_hex(
        SG_BYTES_ARRAY(hash),
        "142709d62e28fcccd0af97fad0f8465b971e82201dc51070faa0372aa43e9248"
        "4be1c1e73ba10906d5d1853db6a4106e0a7bf9800d373d6dee2d46d62ef2a461");
}

/* A shorter output is another hash, not the head of the longer one. */
static void test_blake2b_sizes(void **state)
{
    (void)state;
    uint8_t longest[64];
    uint8_t shortest[16];
    sg_crypto_blake2b(NULL, 0, ascii("abc"), 3, longest, sizeof(longest));
    sg_crypto_blake2b(NULL, 0, ascii("abc"), 3, shortest, sizeof(shortest));
    assert_memory_not_equal(longest, shortest, sizeof(shortest));
}

/* A keyed hash with a purpose takes the block in first (value from Python's
 * hashlib), and its state is wiped at the end. */
static void test_blake2b_purpose(void **state)
{
    (void)state;
    uint8_t key[32];
    memset(key, 'k', sizeof(key));
    uint8_t hash[64];
    struct sg_blake2b ctx;
    sg_crypto_blake2b_purpose_init(&ctx, key, sizeof(key), sizeof(hash),
                                   "sogoc v1 seal", &registry);
    sg_crypto_blake2b_update(&ctx, ascii("abc"), 3);
    sg_crypto_blake2b_final(&ctx, hash, sizeof(hash));
    assert_hex(
        SG_BYTES_ARRAY(hash),
        "43277a3064fa36ece1ebee932a783427436ae961d6ae15795b0b9f4166fd1ac3"
        "d3734a352f076f271f160f8c39470232990ffacd3017c0b4c018c6a918cd935d");
    static const struct sg_blake2b zero;
    assert_memory_equal(&ctx, &zero, sizeof(zero));
}

/* HMAC-SHA256 gives RFC 4231's cases 1, 2 and 6 (a key longer than a block). */
static void test_hmac_sha256(void **state)
{
    (void)state;
    uint8_t key[131];
    uint8_t tag[32];
    memset(key, 0x0b, 20);
    sg_crypto_hmac_sha256(key, 20, ascii("Hi There"), 8, tag);
    assert_hex(
        SG_BYTES_ARRAY(tag),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    static const char want[] = "what do ya want for nothing?";
    sg_crypto_hmac_sha256(ascii("Jefe"), 4, ascii(want), strlen(want), tag);
    assert_hex(
        SG_BYTES_ARRAY(tag),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    static const char hash_first[] =
        "Test Using Larger Than Block-Size Key - Hash Key First";
    memset(key, 0xaa, sizeof(key));
    sg_crypto_hmac_sha256(key, sizeof(key), ascii(hash_first),
                          strlen(hash_first), tag);
    assert_hex(
        SG_BYTES_ARRAY(tag),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* HKDF-SHA256 gives RFC 5869's test case 1. */
static void test_hkdf_with_salt_and_info(void **state)
{
    (void)state;
    uint8_t input[22];
    memset(input, 0x0b, sizeof(input));
    struct sg_bytes salt = sg_hex("000102030405060708090a0b0c");
    struct sg_bytes info = sg_hex("f0f1f2f3f4f5f6f7f8f9");
    uint8_t key[32];
    sg_crypto_hkdf_extract(salt.data, salt.size, input, sizeof(input), key);
    assert_hex(
        SG_BYTES_ARRAY(key),
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    uint8_t out[42];
    assert_ok(
        sg_crypto_hkdf_expand(key, info.data, info.size, out, sizeof(out)));
    assert_hex(SG_BYTES_ARRAY(out),
               "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4"
               "c5bf34007208d5b887185865");
}

/* HKDF-SHA256 gives RFC 5869's test case 3: no salt, no info. */
static void test_hkdf_without_salt_and_info(void **state)
{
    (void)state;
    uint8_t input[22];
    memset(input, 0x0b, sizeof(input));
    uint8_t key[32];
    sg_crypto_hkdf_extract(NULL, 0, input, sizeof(input), key);
    uint8_t out[42];
    assert_ok(sg_crypto_hkdf_expand(key, NULL, 0, out, sizeof(out)));
    assert_hex(SG_BYTES_ARRAY(out),
               "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c73"
               "8d2d9d201395faa4b61a96c8");
}

/* HKDF fills 255 blocks and refuses one byte more without touching the
 * output; nothing asked is nothing done. */
static void test_hkdf_limit(void **state)
{
    (void)state;
    static uint8_t out[SG_HKDF_SIZE_MAX + 1];
    static uint8_t untouched[sizeof(out)];
    const uint8_t key[32] = {1};
    assert_err(sg_crypto_hkdf_expand(key, NULL, 0, out, sizeof(out)), LIMIT);
    assert_ok(sg_crypto_hkdf_expand(key, NULL, 0, out, 0));
    assert_memory_equal(out, untouched, sizeof(out));
    assert_ok(sg_crypto_hkdf_expand(key, NULL, 0, out, sizeof(out) - 1));
    assert_memory_not_equal(out + sizeof(out) - 33, untouched, 32);
}

static void purpose_of(void *name)
{
    uint8_t block[SG_PURPOSE_SIZE];
    sg_crypto_purpose_block(name, NULL, block);
}

/* A purpose without a name, or with one that would run into the registry id, is
 * a mistake in the program. */
static void test_purpose_dies(void **state)
{
    (void)state;
    char too_long[] = "0123456789abcdef0123456789abcdef!";
    char empty[] = "";
    assert_true(sg_dies(purpose_of, too_long));
    assert_true(sg_dies(purpose_of, empty));
}

struct sizes {
    size_t key;
    size_t hash;
};

static void blake2b_of(void *sizes)
{
    const struct sizes *s = sizes;
    uint8_t bytes[65] = {0};
    sg_crypto_blake2b(bytes, s->key, NULL, 0, bytes, s->hash);
}

static void blake2b_init_of(void *sizes)
{
    const struct sizes *s = sizes;
    uint8_t bytes[65] = {0};
    struct sg_blake2b ctx;
    sg_crypto_blake2b_init(&ctx, bytes, s->key, s->hash);
}

/* Sizes that BLAKE2b does not have are mistakes in the program. */
static void test_blake2b_sizes_die(void **state)
{
    (void)state;
    struct sizes good[] = {{0, 16}, {16, 64}, {64, 32}};
    struct sizes bad[] = {{15, 32}, {65, 32}, {32, 15}, {32, 65}};
    for (size_t i = 0; i < 3; i++) {
        assert_false(sg_dies(blake2b_of, &good[i]));
        assert_false(sg_dies(blake2b_init_of, &good[i]));
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(sg_dies(blake2b_of, &bad[i]));
        assert_true(sg_dies(blake2b_init_of, &bad[i]));
    }
}

static void blake2b_update_of(void *ctx)
{
    sg_crypto_blake2b_update(ctx, NULL, 0);
}

static void blake2b_final_of(void *ctx)
{
    uint8_t hash[32];
    sg_crypto_blake2b_final(ctx, hash, sizeof(hash));
}

/* A library that does not hash stops the program: no hash goes on from there
 * as if it were one. */
static void test_blake2b_failure_dies(void **state)
{
    (void)state;
    struct sizes sizes = {32, 32};
    struct sg_blake2b ctx;
    sg_crypto_blake2b_init(&ctx, NULL, 0, 32);
    failing = true;
    assert_true(sg_dies(blake2b_of, &sizes));
    assert_true(sg_dies(blake2b_init_of, &sizes));
    assert_true(sg_dies(blake2b_update_of, &ctx));
    assert_true(sg_dies(blake2b_final_of, &ctx));
}

static int mend(void **state)
{
    (void)state;
    failing = false;
    return 0;
}

/* SipHash-2-4 gives the first, the sixteenth and the last of the 64 hashes that
 * its authors give for key 00 01 02..., messages 00 01 02... of 0 to 63 bytes.
 */
static void test_siphash_examples(void **state)
{
    uint8_t bytes[64], hash[SG_SIPHASH_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    sg_crypto_siphash(bytes, bytes, 0, hash);
    assert_hex(SG_BYTES_ARRAY(hash), "310e0edd47db6f72");
    sg_crypto_siphash(bytes, bytes, 15, hash);
    assert_hex(SG_BYTES_ARRAY(hash), "e545be4961ca29a1");
    sg_crypto_siphash(bytes, bytes, 63, hash);
    assert_hex(SG_BYTES_ARRAY(hash), "724506eb4c328a95");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_examples),
        cmocka_unit_test(test_sha256_in_parts),
        cmocka_unit_test(test_sha256_of_null),
        cmocka_unit_test(test_sha256_after_prefix),
        cmocka_unit_test(test_purpose_block),
        cmocka_unit_test(test_purpose_block_longest),
        cmocka_unit_test(test_purpose_hash),
        cmocka_unit_test(test_blake2b_plain),
        cmocka_unit_test(test_blake2b_keyed),
        cmocka_unit_test(test_blake2b_sizes),
        cmocka_unit_test(test_blake2b_purpose),
        cmocka_unit_test(test_siphash_examples),
        cmocka_unit_test(test_hmac_sha256),
        cmocka_unit_test(test_hkdf_with_salt_and_info),
        cmocka_unit_test(test_hkdf_without_salt_and_info),
        cmocka_unit_test(test_hkdf_limit),
        cmocka_unit_test(test_purpose_dies),
        cmocka_unit_test(test_blake2b_sizes_die),
        cmocka_unit_test_teardown(test_blake2b_failure_dies, mend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
