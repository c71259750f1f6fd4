#include "storage/base/crypto.h"

#include <string.h>

#include <sodium.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* The link line wraps these calls of libsodium, which cannot fail otherwise. */
static bool failing;

SG_WRAP(failing, -1, int, crypto_scalarmult_base,
        (unsigned char *public_key, const unsigned char *secret),
        (public_key, secret))
SG_WRAP(failing, -1, int, crypto_aead_xchacha20poly1305_ietf_encrypt,
        (unsigned char *c, unsigned long long *c_size, const unsigned char *m,
         unsigned long long m_size, const unsigned char *ad,
         unsigned long long ad_size, const unsigned char *unused,
         const unsigned char *nonce, const unsigned char *key),
        (c, c_size, m, m_size, ad, ad_size, unused, nonce, key))

static const struct sg_bytes nothing = {NULL, 0};

static const char alice_hex[] =
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
static const char bob_hex[] =
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
static const char alice_and_bob_hex[] =
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

/* X25519 gives RFC 7748's Alice, Bob and their secret, section 6.1. */
static void test_x25519_rfc7748(void **state)
{
    (void)state;
    uint8_t alice[32], bob[32], shared[32];
    sg_crypto_x25519_public(sg_hex(alice_hex).data, alice);
    assert_hex(
        SG_BYTES_ARRAY(alice),
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    sg_crypto_x25519_public(sg_hex(bob_hex).data, bob);
    assert_hex(
        SG_BYTES_ARRAY(bob),
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_ok(sg_crypto_x25519(sg_hex(alice_hex).data, bob, shared));
    assert_hex(SG_BYTES_ARRAY(shared), alice_and_bob_hex);
    assert_ok(sg_crypto_x25519(sg_hex(bob_hex).data, alice, shared));
    assert_hex(SG_BYTES_ARRAY(shared), alice_and_bob_hex);
}

/* A thousand agreements in a row end where RFC 7748, 5.2, says. */
static void test_x25519_thousand_times(void **state)
{
    (void)state;
    uint8_t k[32] = {9}, u[32] = {9}, next[32];
    for (int i = 0; i < 1000; i++) {
        assert_ok(sg_crypto_x25519(k, u, next));
        memcpy(u, k, sizeof(u));
        memcpy(k, next, sizeof(k));
    }
    assert_hex(
        SG_BYTES_ARRAY(k),
        "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

/* An agreement whose result would be zero whatever the secret is refused, and
 * the output stays as it was: the points of low order, and p + 1. */
static void test_x25519_refuses_low_order(void **state)
{
    (void)state;
    static const char *points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    const uint8_t secret[32] = {1, 2, 3};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        uint8_t shared[32], before[32];
        memset(shared, 0x5a, sizeof(shared));
        memcpy(before, shared, sizeof(before));
        assert_err(sg_crypto_x25519(secret, sg_hex(points[i]).data, shared),
                   CRYPTO);
        assert_memory_equal(shared, before, sizeof(before));
    }
}

/* Two key pairs drawn in turn differ, and each public half is the secret's. */
static void test_x25519_keypair(void **state)
{
    (void)state;
    uint8_t secret[2][32], public_key[2][32], again[32];
    for (int i = 0; i < 2; i++) {
        sg_crypto_x25519_keypair(secret[i], public_key[i]);
        sg_crypto_x25519_public(secret[i], again);
        assert_memory_equal(public_key[i], again, 32);
    }
    assert_memory_not_equal(secret[0], secret[1], 32);
}

struct box {
    uint8_t secret[32];
    uint8_t public_key[32];
    uint8_t plain[32];
    uint8_t sealed[32 + SG_BOX_OVERHEAD];
};

static struct box box(void)
{
    struct box b = {.secret = {1}, .plain = "a content key of 32 bytes......"};
    sg_crypto_x25519_public(b.secret, b.public_key);
    assert_ok(sg_crypto_box_seal(b.public_key, SG_BYTES_ARRAY(b.plain),
                                 b.sealed, sizeof(b.sealed)));
    return b;
}

static enum sg_err box_open(const struct box *b, size_t sealed_size,
                            uint8_t *ret_plain)
{
    return sg_crypto_box_open(b->public_key, b->secret,
                              sg_bytes(b->sealed, sealed_size), ret_plain,
                              sealed_size - SG_BOX_OVERHEAD);
}

/* What is sealed for a key opens with its secret, and each seal is another. */
static void test_box(void **state)
{
    (void)state;
    struct box b = box();
    struct box other = box();
    assert_memory_not_equal(b.sealed, other.sealed, sizeof(b.sealed));
    uint8_t plain[32];
    assert_ok(box_open(&b, sizeof(b.sealed), plain));
    assert_memory_equal(plain, b.plain, sizeof(plain));
}

/* Nothing can be sealed too. */
static void test_box_empty(void **state)
{
    (void)state;
    struct box b = box();
    uint8_t none;
    assert_ok(
        sg_crypto_box_seal(b.public_key, nothing, b.sealed, SG_BOX_OVERHEAD));
    assert_ok(box_open(&b, SG_BOX_OVERHEAD, &none));
}

/* A box with one bit changed, cut short, or meant for another does not open,
 * and the output stays as it was. */
static void test_box_refuses_changes(void **state)
{
    (void)state;
    struct box b = box();
    uint8_t plain[32] = {0};
    static const uint8_t zero[32];
    for (size_t bit = 0; bit < sizeof(b.sealed) * 8; bit++) {
        /* The top bit of the ephemeral key does not change the agreement (RFC
         * 7748, 5), but it changes the nonce, which is a hash over the key. */
        uint8_t mask = (uint8_t)(1u << bit % 8);
        b.sealed[bit / 8] ^= mask;
        assert_err(box_open(&b, sizeof(b.sealed), plain), DECRYPT);
        b.sealed[bit / 8] ^= mask;
    }
    for (size_t size = 0; size < sizeof(b.sealed); size++) {
        enum sg_err expected =
            size < SG_BOX_OVERHEAD ? SG_ERR_TRUNCATED : SG_ERR_DECRYPT;
        assert_int_equal(box_open(&b, size, plain), expected);
    }
    b.secret[1] ^= 1;
    assert_err(box_open(&b, sizeof(b.sealed), plain), DECRYPT);
    assert_memory_equal(plain, zero, sizeof(zero));
}

/* Nothing is sealed for a public key of low order: anybody could open it. */
static void test_box_refuses_low_order(void **state)
{
    (void)state;
    const uint8_t low_order[32] = {1};
    uint8_t sealed[3 + SG_BOX_OVERHEAD];
    static const uint8_t zero[sizeof(sealed)];
    memset(sealed, 0x5a, sizeof(sealed));
    assert_err(sg_crypto_box_seal(low_order, SG_BYTES_TEXT("abc"), sealed,
                                  sizeof(sealed)),
               CRYPTO);
    assert_memory_equal(sealed, zero, sizeof(zero));
}

static const char sunscreen[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one "
    "tip for the future, sunscreen would be it.";

static const struct aead_example {
    enum sg_aead aead;
    const char *nonce;
    const char *sealed;
} aead_examples[] = {
    /* RFC 8439, 2.8.2 */
    {SG_AEAD_CHACHA20POLY1305, "070000004041424344454647",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b6116"
     "1ae10b594f09e26a7e902ecbd0600691"},
    /* draft-irtf-cfrg-xchacha-03, A.3.1 */
    {SG_AEAD_XCHACHA20POLY1305,
     "404142434445464748494a4b4c4d4e4f5051525354555657",
     "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
     "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
     "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
     "21f9664c97637da9768812f615c68b13b52e"
     "c0875924c1c7987947deafd8780acf49"},
};

#define SUNSCREEN_SIZE (sizeof(sunscreen) - 1)
#define SEALED_SIZE    (SUNSCREEN_SIZE + SG_SEAL_TAG_SIZE)

struct aead {
    enum sg_aead aead;
    uint8_t key[32];
    uint8_t nonce_bytes[24];
    uint8_t ad_bytes[12];
    struct sg_bytes nonce;
    struct sg_bytes ad;
    uint8_t expected[SEALED_SIZE];
    uint8_t buffer[SEALED_SIZE];
};

static void aead_init(struct aead *a, const struct aead_example *example)
{
    a->aead = example->aead;
    for (size_t i = 0; i < sizeof(a->key); i++)
        a->key[i] = (uint8_t)(0x80 + i);
    a->nonce.data = a->nonce_bytes;
    a->nonce.size = hex_decode(example->nonce, a->nonce_bytes, 24);
    hex_decode("50515253c0c1c2c3c4c5c6c7", a->ad_bytes, sizeof(a->ad_bytes));
    a->ad = (struct sg_bytes){a->ad_bytes, sizeof(a->ad_bytes)};
    hex_decode(example->sealed, a->expected, SEALED_SIZE);
    memcpy(a->buffer, sunscreen, SUNSCREEN_SIZE);
}

static enum sg_err aead_open(const struct aead *a, const uint8_t *sealed,
                             size_t size, uint8_t *ret_plain)
{
    return sg_crypto_open(a->aead, a->key, a->nonce, a->ad,
                          sg_bytes(sealed, size), ret_plain,
                          size - SG_SEAL_TAG_SIZE);
}

/* Both ciphers give their RFC's example, and open it, from one place to
 * another. */
static void test_seal_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct aead a;
        aead_init(&a, &aead_examples[i]);
        uint8_t sealed[SEALED_SIZE], plain[SUNSCREEN_SIZE];
        assert_ok(sg_crypto_seal(a.aead, a.key, a.nonce, a.ad,
                                 sg_bytes(a.buffer, SUNSCREEN_SIZE), sealed,
                                 sizeof(sealed)));
        assert_memory_equal(sealed, a.expected, SEALED_SIZE);
        assert_ok(aead_open(&a, sealed, sizeof(sealed), plain));
        assert_memory_equal(plain, sunscreen, SUNSCREEN_SIZE);
    }
}

/* Sealing and opening in place give the same bytes. */
static void test_seal_in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct aead a;
        aead_init(&a, &aead_examples[i]);
        assert_ok(sg_crypto_seal(a.aead, a.key, a.nonce, a.ad,
                                 sg_bytes(a.buffer, SUNSCREEN_SIZE), a.buffer,
                                 SEALED_SIZE));
        assert_memory_equal(a.buffer, a.expected, SEALED_SIZE);
        assert_ok(aead_open(&a, a.buffer, SEALED_SIZE, a.buffer));
        assert_memory_equal(a.buffer, sunscreen, SUNSCREEN_SIZE);
    }
}

/* Nothing, about nothing, can be sealed: only a tag comes out. */
static void test_seal_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct aead a;
        aead_init(&a, &aead_examples[i]);
        a.ad = nothing;
        uint8_t tag[SG_SEAL_TAG_SIZE], none;
        assert_ok(sg_crypto_seal(a.aead, a.key, a.nonce, a.ad, nothing, tag,
                                 sizeof(tag)));
        assert_ok(aead_open(&a, tag, sizeof(tag), &none));
        tag[0] ^= 1;
        assert_err(aead_open(&a, tag, sizeof(tag), &none), DECRYPT);
    }
}

/* One bit changed in key, nonce, associated data or sealed bytes is refused,
 * and no byte of what was inside comes out. */
static void test_open_refuses_changes(void **state)
{
    (void)state;
    static const uint8_t zero[SUNSCREEN_SIZE];
    for (size_t i = 0; i < 2; i++) {
        struct aead a;
        aead_init(&a, &aead_examples[i]);
        struct {
            uint8_t *bytes;
            size_t size;
        } parts[] = {{a.key, sizeof(a.key)},
                     {a.nonce_bytes, a.nonce.size},
                     {a.ad_bytes, sizeof(a.ad_bytes)},
                     {a.expected, SEALED_SIZE}};
        for (size_t p = 0; p < 4; p++) {
            for (size_t bit = 0; bit < parts[p].size * 8; bit++) {
                uint8_t mask = (uint8_t)(1u << bit % 8);
                uint8_t plain[SUNSCREEN_SIZE];
                memset(plain, 0x5a, sizeof(plain));
                parts[p].bytes[bit / 8] ^= mask;
                assert_err(aead_open(&a, a.expected, SEALED_SIZE, plain),
                           DECRYPT);
                assert_memory_equal(plain, zero, sizeof(zero));
                parts[p].bytes[bit / 8] ^= mask;
            }
        }
    }
}

/* Sealed bytes cut anywhere do not open; below the tag's size they are called
 * truncated. */
static void test_open_refuses_truncated(void **state)
{
    (void)state;
    struct aead a;
    aead_init(&a, &aead_examples[1]);
    for (size_t size = 0; size < SEALED_SIZE; size++) {
        uint8_t plain[SUNSCREEN_SIZE];
        enum sg_err expected =
            size < SG_SEAL_TAG_SIZE ? SG_ERR_TRUNCATED : SG_ERR_DECRYPT;
        assert_int_equal(aead_open(&a, a.expected, size, plain), expected);
    }
}

/* A nonce of any other size than the cipher's is refused, both ways. */
static void test_seal_refuses_nonce_sizes(void **state)
{
    (void)state;
    static const uint8_t bytes[64];
    const size_t right[] = {12, 24};
    for (size_t i = 0; i < 2; i++) {
        struct aead a;
        aead_init(&a, &aead_examples[i]);
        for (size_t size = 0; size < sizeof(bytes); size++) {
            if (size == right[i])
                continue;
            a.nonce = (struct sg_bytes){bytes, size};
            uint8_t out[SEALED_SIZE];
            assert_err(sg_crypto_seal(a.aead, a.key, a.nonce, a.ad,
                                      sg_bytes(a.buffer, SUNSCREEN_SIZE), out,
                                      SEALED_SIZE),
                       INVALID);
            assert_err(aead_open(&a, a.expected, SEALED_SIZE, out), INVALID);
        }
    }
}

/* Beyond the named limit nothing is sealed or opened; the bytes are not even
 * looked at. */
static void test_seal_limit(void **state)
{
    (void)state;
    struct aead a;
    aead_init(&a, &aead_examples[1]);
    struct box b = box();
    const struct sg_bytes plain = {a.buffer, (size_t)SG_SEAL_SIZE_MAX + 1};
    const size_t sealed_size = plain.size + SG_SEAL_TAG_SIZE;
    const size_t box_size = plain.size + SG_BOX_OVERHEAD;
    uint8_t out[1];
    assert_err(
        sg_crypto_seal(a.aead, a.key, a.nonce, a.ad, plain, out, sealed_size),
        LIMIT);
    assert_err(aead_open(&a, a.expected, sealed_size, out), LIMIT);
    assert_err(sg_crypto_box_seal(b.public_key, plain, out, box_size), LIMIT);
    assert_err(box_open(&b, box_size, out), LIMIT);
}

static void keypair_of(void *unused)
{
    (void)unused;
    uint8_t secret[32], public_key[32];
    sg_crypto_x25519_keypair(secret, public_key);
}

/* Ranges of a call that dies: what is taken from and given to one buffer. */
struct ranges {
    size_t from;
    size_t from_size;
    size_t to;
    size_t to_size;
};

static uint8_t arena[256];

static struct sg_bytes taken(const struct ranges *r)
{
    return sg_bytes(arena + r->from, r->from_size);
}

static void seal_of(void *ranges)
{
    const struct ranges *r = ranges;
    static const uint8_t zero[32];
    (void)!sg_crypto_seal(SG_AEAD_XCHACHA20POLY1305, zero, sg_bytes(zero, 24),
                          nothing, taken(r), arena + r->to, r->to_size);
}

static void open_of(void *ranges)
{
    const struct ranges *r = ranges;
    static const uint8_t zero[32];
    (void)!sg_crypto_open(SG_AEAD_XCHACHA20POLY1305, zero, sg_bytes(zero, 24),
                          nothing, taken(r), arena + r->to, r->to_size);
}

static void box_seal_of(void *ranges)
{
    const struct ranges *r = ranges;
    const uint8_t nine[32] = {9};
    (void)!sg_crypto_box_seal(nine, taken(r), arena + r->to, r->to_size);
}

static void box_open_of(void *ranges)
{
    const struct ranges *r = ranges;
    const uint8_t nine[32] = {9};
    (void)!sg_crypto_box_open(nine, nine, taken(r), arena + r->to, r->to_size);
}

/* An output of another size than the seal's, or one that overlaps the input
 * without being the same place, is a mistake in the program. A neighbour on
 * either side is none. */
static void test_seal_ranges_die(void **state)
{
    (void)state;
    const struct {
        void (*run)(void *ranges);
        struct ranges ranges;
        bool dies;
    } cases[] = {
        {seal_of, {64, 64, 0, 79}, true},
        {seal_of, {100, 64, 99, 80}, true},
        {seal_of, {100, 64, 163, 80}, true},
        {seal_of, {80, 64, 0, 80}, false},
        {seal_of, {0, 64, 64, 80}, false},
        {seal_of, {0, 64, 0, 80}, false},
        {open_of, {64, 80, 0, 63}, true},
        {open_of, {0, 80, 1, 64}, true},
        {open_of, {0, 80, 80, 64}, false},
        {box_seal_of, {64, 32, 128, 81}, true},
        {box_seal_of, {0, 32, 0, 80}, true},
        {box_seal_of, {0, 32, 32, 80}, false},
        {box_open_of, {0, 80, 128, 31}, true},
        {box_open_of, {0, 80, 0, 32}, true},
        {box_open_of, {0, 80, 80, 32}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ranges ranges = cases[i].ranges;
        assert_int_equal(sg_dies(cases[i].run, &ranges), cases[i].dies);
    }
}

static void seal_with_no_cipher(void *unused)
{
    (void)unused;
    uint8_t tag[SG_SEAL_TAG_SIZE];
    (void)!sg_crypto_seal((enum sg_aead)2, arena, nothing, nothing, nothing,
                          tag, sizeof(tag));
}

/* A cipher that is not one, and a library that does not seal or multiply, stop
 * the program: no plain bytes leave it as if they were sealed. */
static void test_seal_failure_dies(void **state)
{
    (void)state;
    struct ranges ranges = {0, 64, 64, 80};
    assert_true(sg_dies(seal_with_no_cipher, NULL));
    failing = true;
    assert_true(sg_dies(seal_of, &ranges));
    assert_true(sg_dies(keypair_of, NULL));
}

static int mend(void **state)
{
    (void)state;
    failing = false;
    return 0;
}

static int init(void **state)
{
    (void)state;
    return sg_crypto_init() == SG_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x25519_rfc7748),
        cmocka_unit_test(test_x25519_thousand_times),
        cmocka_unit_test(test_x25519_refuses_low_order),
        cmocka_unit_test(test_x25519_keypair),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_box_empty),
        cmocka_unit_test(test_box_refuses_changes),
        cmocka_unit_test(test_box_refuses_low_order),
        cmocka_unit_test(test_seal_examples),
        cmocka_unit_test(test_seal_in_place),
        cmocka_unit_test(test_seal_empty),
        cmocka_unit_test(test_open_refuses_changes),
        cmocka_unit_test(test_open_refuses_truncated),
        cmocka_unit_test(test_seal_refuses_nonce_sizes),
        cmocka_unit_test(test_seal_limit),
        cmocka_unit_test(test_seal_ranges_die),
        cmocka_unit_test_teardown(test_seal_failure_dies, mend),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
