#include "storage/base/crypto.h"

#include <string.h>

#include <sodium.h>

#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* The link line wraps these calls of libsodium, which cannot fail otherwise. */
static bool failing;

SG_WRAP(failing, -1, int, crypto_sign_seed_keypair,
        (unsigned char *public_key, unsigned char *key,
         const unsigned char *seed),
        (public_key, key, seed))
SG_WRAP(failing, -1, int, crypto_sign_detached,
        (unsigned char *sig, unsigned long long *sig_size,
         const unsigned char *message, unsigned long long size,
         const unsigned char *key),
        (sig, sig_size, message, size, key))

static const struct sg_hash registry = {
    {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
     16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}};

static const struct rfc8032_test {
    const char *seed;
    const char *public_key;
    const char *message;
    const char *signature;
} rfc8032_tests[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

/* Ed25519 gives RFC 8032's first three tests: key, signature, verdict. */
static void test_sign_rfc8032(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct rfc8032_test *t = &rfc8032_tests[i];
        struct sg_bytes message = sg_hex(t->message);
        struct sg_sign_key key;
        uint8_t public_key[32], again[32], signature[64];
        sg_crypto_sign_keypair(sg_hex(t->seed).data, &key, public_key);
        assert_hex(SG_BYTES_ARRAY(public_key), t->public_key);
        sg_crypto_sign_public(&key, again);
        assert_hex(SG_BYTES_ARRAY(again), t->public_key);
        sg_crypto_sign(&key, message.data, message.size, signature);
        assert_hex(SG_BYTES_ARRAY(signature), t->signature);
        assert_ok(sg_crypto_verify(public_key, message.data, message.size,
                                   signature));
    }
}

struct signer {
    struct sg_sign_key key;
    uint8_t public_key[32];
};

static struct signer signer(void)
{
    struct signer s;
    sg_crypto_sign_keypair(registry.bytes, &s.key, s.public_key);
    return s;
}

/* One bit changed anywhere in key, message or signature is refused. */
static void test_verify_refuses_changes(void **state)
{
    (void)state;
    struct signer s = signer();
    uint8_t message[4] = "abc";
    uint8_t signature[64];
    sg_crypto_sign(&s.key, message, 3, signature);
    struct {
        uint8_t *bytes;
        size_t size;
    } parts[] = {{s.public_key, 32}, {message, 3}, {signature, 64}};
    for (size_t p = 0; p < 3; p++) {
        for (size_t bit = 0; bit < parts[p].size * 8; bit++) {
            uint8_t mask = (uint8_t)(1u << bit % 8);
            parts[p].bytes[bit / 8] ^= mask;
            assert_err(sg_crypto_verify(s.public_key, message, 3, signature),
                       SIGNATURE);
            parts[p].bytes[bit / 8] ^= mask;
        }
    }
    assert_ok(sg_crypto_verify(s.public_key, message, 3, signature));
}

/* A signature has one form: S + L, the same number modulo the group order, is
 * refused (RFC 8032, 8.4). */
static void test_verify_refuses_malleated(void **state)
{
    (void)state;
    struct signer s = signer();
    uint8_t signature[64];
    sg_crypto_sign(&s.key, NULL, 0, signature);
    struct sg_bytes order = sg_hex("edd3f55c1a631258d69cf7a2def9de14"
                                   "00000000000000000000000000000010");
    unsigned int carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned int)signature[32 + i] + order.data[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_err(sg_crypto_verify(s.public_key, NULL, 0, signature), SIGNATURE);
}

/* A key of small order, which would accept one signature for every message, is
 * refused: here the neutral point, with R = B and S = 1. */
static void test_verify_refuses_small_order(void **state)
{
    (void)state;
    const uint8_t neutral[32] = {1};
    struct sg_bytes signature = sg_hex(
        "5866666666666666666666666666666666666666666666666666666666666666"
        "0100000000000000000000000000000000000000000000000000000000000000");
    assert_err(sg_crypto_verify(neutral, NULL, 0, signature.data), SIGNATURE);
}

/* A signature with a purpose is one over the block and the message: the value
 * is OpenSSL's, and the plain verifier agrees. */
static void test_sign_purpose(void **state)
{
    (void)state;
    struct signer s = signer();
    uint8_t signature[64];
    assert_ok(sg_crypto_sign_purpose(&s.key, "sogoc v1 holding", &registry,
                                     (const uint8_t *)"abc", 3, signature));
    assert_hex(
        SG_BYTES_ARRAY(signature),
        "0bbea15cbfe746ba3fc5ba679264d79adb222852b83a9d7cbddb6ebb001fe19f"
        "0b7907bdf91404cd3e8da0b77f07570a77c6c6c23e95e30b08e09e1f87392e0e");
    uint8_t whole[SG_PURPOSE_SIZE + 3];
    sg_crypto_purpose_block("sogoc v1 holding", &registry, whole);
    memcpy(whole + SG_PURPOSE_SIZE, "abc", 3);
    assert_ok(sg_crypto_verify(s.public_key, whole, sizeof(whole), signature));
}

/* A signature given for one purpose or registry is worth nothing in another. */
static void test_sign_purpose_separates(void **state)
{
    (void)state;
    struct signer s = signer();
    uint8_t signature[64];
    const uint8_t *message = (const uint8_t *)"abc";
    assert_ok(sg_crypto_sign_purpose(&s.key, "sogoc v1 holding", &registry,
                                     message, 3, signature));
    assert_ok(sg_crypto_verify_purpose(s.public_key, "sogoc v1 holding",
                                       &registry, message, 3, signature));
    assert_err(sg_crypto_verify_purpose(s.public_key, "sogoc v1 holdinh",
                                        &registry, message, 3, signature),
               SIGNATURE);
    assert_err(sg_crypto_verify_purpose(s.public_key, "sogoc v1 holding", NULL,
                                        message, 3, signature),
               SIGNATURE);
    assert_err(sg_crypto_verify(s.public_key, message, 3, signature),
               SIGNATURE);
}

/* A message signed for a purpose has a named limit: the empty and the longest
 * are signed, one byte more is refused, both ways. */
static void test_sign_purpose_limit(void **state)
{
    (void)state;
    struct signer s = signer();
    static uint8_t message[SG_SIGN_PURPOSE_SIZE_MAX + 1];
    uint8_t signature[64];
    const size_t good[] = {0, SG_SIGN_PURPOSE_SIZE_MAX};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(sg_crypto_sign_purpose(&s.key, "t", NULL, message, good[i],
                                         signature));
        assert_ok(sg_crypto_verify_purpose(s.public_key, "t", NULL, message,
                                           good[i], signature));
    }
    assert_err(sg_crypto_sign_purpose(&s.key, "t", NULL, message,
                                      sizeof(message), signature),
               LIMIT);
    assert_err(sg_crypto_verify_purpose(s.public_key, "t", NULL, message,
                                        sizeof(message), signature),
               LIMIT);
}

static void keypair_of(void *signer)
{
    struct signer *s = signer;
    sg_crypto_sign_keypair(registry.bytes, &s->key, s->public_key);
}

static void sign_of(void *signer)
{
    const struct signer *s = signer;
    uint8_t signature[64];
    sg_crypto_sign(&s->key, NULL, 0, signature);
}

/* A library that does not sign stops the program: nothing that is no signature
 * leaves it. */
static void test_sign_failure_dies(void **state)
{
    (void)state;
    struct signer s = signer();
    failing = true;
    assert_true(sg_dies(keypair_of, &s));
    assert_true(sg_dies(sign_of, &s));
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
        cmocka_unit_test(test_sign_rfc8032),
        cmocka_unit_test(test_verify_refuses_changes),
        cmocka_unit_test(test_verify_refuses_malleated),
        cmocka_unit_test(test_verify_refuses_small_order),
        cmocka_unit_test(test_sign_purpose),
        cmocka_unit_test(test_sign_purpose_separates),
        cmocka_unit_test(test_sign_purpose_limit),
        cmocka_unit_test_teardown(test_sign_failure_dies, mend),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
