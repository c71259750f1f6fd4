/* X25519, sealed boxes and authenticated encryption by libsodium. */
#include "storage/base/crypto.h"

#include <string.h>

#include <sodium.h>

#include "storage/base/check.h"

_Static_assert(SG_KEY_SIZE == crypto_scalarmult_BYTES, "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_scalarmult_SCALARBYTES, "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_box_SECRETKEYBYTES, "libsodium's");
_Static_assert(SG_BOX_OVERHEAD == crypto_box_SEALBYTES, "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES,
               "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "libsodium's");
_Static_assert(SG_AEAD_NONCE_SIZE ==
                   crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
               "libsodium's");
_Static_assert(SG_XAEAD_NONCE_SIZE ==
                   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
               "libsodium's");
_Static_assert(SG_SEAL_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES,
               "libsodium's");
_Static_assert(SG_SEAL_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "libsodium's");

void sg_crypto_x25519_keypair(uint8_t ret_secret[SG_KEY_SIZE],
                              uint8_t ret_public[SG_KEY_SIZE])
{
    sg_crypto_random(ret_secret, SG_KEY_SIZE);
    sg_crypto_x25519_public(ret_secret, ret_public);
}

void sg_crypto_x25519_public(const uint8_t secret[SG_KEY_SIZE],
                             uint8_t ret_public[SG_KEY_SIZE])
{
    int rc = crypto_scalarmult_base(ret_public, secret);
    SG_ASSERT(rc == 0);
}

enum sg_err sg_crypto_x25519(const uint8_t secret[SG_KEY_SIZE],
                             const uint8_t public_key[SG_KEY_SIZE],
                             uint8_t ret_shared[SG_KEY_SIZE])
{
    uint8_t shared[SG_KEY_SIZE];
    int rc = crypto_scalarmult(shared, secret, public_key);
    if (rc == 0)
        memcpy(ret_shared, shared, sizeof(shared));
    sodium_memzero(shared, sizeof(shared));
    return rc == 0 ? SG_OK : SG_ERR_CRYPTO;
}

/* Neither range begins inside the other. */
static bool apart(const void *a, size_t a_size, const void *b, size_t b_size)
{
    uintptr_t x = (uintptr_t)a;
    uintptr_t y = (uintptr_t)b;
    return x <= y ? y - x >= a_size : x - y >= b_size;
}

enum sg_err sg_crypto_box_seal(const uint8_t public_key[SG_KEY_SIZE],
                               struct sg_bytes plain, uint8_t *ret_sealed,
                               size_t ret_size)
{
    if (plain.size > SG_SEAL_SIZE_MAX)
        return SG_ERR_LIMIT;
    SG_ASSERT(ret_size == plain.size + SG_BOX_OVERHEAD);
    SG_ASSERT(apart(ret_sealed, ret_size, plain.data, plain.size));
    if (crypto_box_seal(ret_sealed, plain.data, plain.size, public_key) != 0) {
        sodium_memzero(ret_sealed, ret_size);
        return SG_ERR_CRYPTO;
    }
    return SG_OK;
}

enum sg_err sg_crypto_box_open(const uint8_t public_key[SG_KEY_SIZE],
                               const uint8_t secret[SG_KEY_SIZE],
                               struct sg_bytes sealed, uint8_t *ret_plain,
                               size_t ret_size)
{
    if (sealed.size < SG_BOX_OVERHEAD)
        return SG_ERR_TRUNCATED;
    if (sealed.size - SG_BOX_OVERHEAD > SG_SEAL_SIZE_MAX)
        return SG_ERR_LIMIT;
    SG_ASSERT(ret_size == sealed.size - SG_BOX_OVERHEAD);
    SG_ASSERT(apart(ret_plain, ret_size, sealed.data, sealed.size));
    if (crypto_box_seal_open(ret_plain, sealed.data, sealed.size, public_key,
                             secret) != 0)
        return SG_ERR_DECRYPT;
    return SG_OK;
}

/* The two ciphers have the same calls and differ in the size of the nonce. */
static const struct cipher {
    size_t nonce_size;
    int (*encrypt)(unsigned char *c, unsigned long long *c_size,
                   const unsigned char *m, unsigned long long m_size,
                   const unsigned char *ad, unsigned long long ad_size,
                   const unsigned char *unused, const unsigned char *nonce,
                   const unsigned char *key);
    int (*decrypt)(unsigned char *m, unsigned long long *m_size,
                   unsigned char *unused, const unsigned char *c,
                   unsigned long long c_size, const unsigned char *ad,
                   unsigned long long ad_size, const unsigned char *nonce,
                   const unsigned char *key);
} ciphers[] = {
    [SG_AEAD_CHACHA20POLY1305] = {SG_AEAD_NONCE_SIZE,
                                  crypto_aead_chacha20poly1305_ietf_encrypt,
                                  crypto_aead_chacha20poly1305_ietf_decrypt},
    [SG_AEAD_XCHACHA20POLY1305] = {SG_XAEAD_NONCE_SIZE,
                                   crypto_aead_xchacha20poly1305_ietf_encrypt,
                                   crypto_aead_xchacha20poly1305_ietf_decrypt},
};

static const struct cipher *cipher_of(enum sg_aead aead)
{
    SG_ASSERT((size_t)aead < sizeof(ciphers) / sizeof(ciphers[0]));
    return &ciphers[aead];
}

enum sg_err sg_crypto_seal(enum sg_aead aead, const uint8_t key[SG_KEY_SIZE],
                           struct sg_bytes nonce, struct sg_bytes ad,
                           struct sg_bytes plain, uint8_t *ret_sealed,
                           size_t ret_size)
{
    const struct cipher *cipher = cipher_of(aead);
    if (nonce.size != cipher->nonce_size)
        return SG_ERR_INVALID;
    if (plain.size > SG_SEAL_SIZE_MAX)
        return SG_ERR_LIMIT;
    SG_ASSERT(ret_size == plain.size + SG_SEAL_TAG_SIZE);
    if (ret_sealed != plain.data)
        SG_ASSERT(apart(ret_sealed, ret_size, plain.data, plain.size));
    int rc =
        cipher->encrypt(ret_sealed, /* c_size= */ NULL, plain.data, plain.size,
                        ad.data, ad.size, /* unused= */ NULL, nonce.data, key);
    SG_ASSERT(rc == 0);
    return SG_OK;
}

enum sg_err sg_crypto_open(enum sg_aead aead, const uint8_t key[SG_KEY_SIZE],
                           struct sg_bytes nonce, struct sg_bytes ad,
                           struct sg_bytes sealed, uint8_t *ret_plain,
                           size_t ret_size)
{
    const struct cipher *cipher = cipher_of(aead);
    if (nonce.size != cipher->nonce_size)
        return SG_ERR_INVALID;
    if (sealed.size < SG_SEAL_TAG_SIZE)
        return SG_ERR_TRUNCATED;
    if (sealed.size - SG_SEAL_TAG_SIZE > SG_SEAL_SIZE_MAX)
        return SG_ERR_LIMIT;
    SG_ASSERT(ret_size == sealed.size - SG_SEAL_TAG_SIZE);
    if (ret_plain != sealed.data)
        SG_ASSERT(apart(ret_plain, ret_size, sealed.data, sealed.size));
    if (cipher->decrypt(ret_plain, /* m_size= */ NULL, /* unused= */ NULL,
                        sealed.data, sealed.size, ad.data, ad.size, nonce.data,
                        key) != 0)
        return SG_ERR_DECRYPT; /* libsodium has zeroed ret_plain */
    return SG_OK;
}
