/* Ed25519 by libsodium. */
#include "storage/base/crypto.h"

#include <string.h>

#include <sodium.h>

#include "storage/base/check.h"

_Static_assert(sizeof(struct sg_sign_key) == crypto_sign_SECRETKEYBYTES,
               "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "libsodium's");
_Static_assert(SG_KEY_SIZE == crypto_sign_SEEDBYTES, "libsodium's");
_Static_assert(SG_SIGNATURE_SIZE == crypto_sign_BYTES, "libsodium's");

void sg_crypto_sign_keypair(const uint8_t seed[SG_KEY_SIZE],
                            struct sg_sign_key *ret_key,
                            uint8_t ret_public[SG_KEY_SIZE])
{
    int rc = crypto_sign_seed_keypair(ret_public, ret_key->bytes, seed);
    SG_ASSERT(rc == 0);
}

void sg_crypto_sign_public(const struct sg_sign_key *key,
                           uint8_t ret_public[SG_KEY_SIZE])
{
    memcpy(ret_public, key->bytes + crypto_sign_SEEDBYTES, SG_KEY_SIZE);
}

void sg_crypto_sign(const struct sg_sign_key *key, const uint8_t *message,
                    size_t size, uint8_t ret_signature[SG_SIGNATURE_SIZE])
{
    int rc = crypto_sign_detached(ret_signature, /* siglen_p= */ NULL, message,
                                  size, key->bytes);
    SG_ASSERT(rc == 0);
}

enum sg_err sg_crypto_verify(const uint8_t public_key[SG_KEY_SIZE],
                             const uint8_t *message, size_t size,
                             const uint8_t signature[SG_SIGNATURE_SIZE])
{
    if (crypto_sign_verify_detached(signature, message, size, public_key) != 0)
        return SG_ERR_SIGNATURE;
    return SG_OK;
}

/* Ed25519 reads its message twice, so the block and the message must lie side
 * by side; the named limit lets them do so on the stack. */
struct purposed {
    uint8_t bytes[SG_PURPOSE_SIZE + SG_SIGN_PURPOSE_SIZE_MAX];
    size_t size;
};

static enum sg_err purposed_init(struct purposed *p, const char *purpose,
                                 const struct sg_hash *registry,
                                 const uint8_t *message, size_t size)
{
    if (size > SG_SIGN_PURPOSE_SIZE_MAX)
        return SG_ERR_LIMIT;
    sg_crypto_purpose_block(purpose, registry, p->bytes);
    if (size > 0)
        memcpy(p->bytes + SG_PURPOSE_SIZE, message, size);
    p->size = SG_PURPOSE_SIZE + size;
    return SG_OK;
}

enum sg_err sg_crypto_sign_purpose(const struct sg_sign_key *key,
                                   const char *purpose,
                                   const struct sg_hash *registry,
                                   const uint8_t *message, size_t size,
                                   uint8_t ret_signature[SG_SIGNATURE_SIZE])
{
    struct purposed p;
    enum sg_err err = purposed_init(&p, purpose, registry, message, size);
    if (err == SG_OK)
        sg_crypto_sign(key, p.bytes, p.size, ret_signature);
    return err;
}

enum sg_err sg_crypto_verify_purpose(const uint8_t public_key[SG_KEY_SIZE],
                                     const char *purpose,
                                     const struct sg_hash *registry,
                                     const uint8_t *message, size_t size,
                                     const uint8_t signature[SG_SIGNATURE_SIZE])
{
    struct purposed p;
    enum sg_err err = purposed_init(&p, purpose, registry, message, size);
    if (err != SG_OK)
        return err;
    return sg_crypto_verify(public_key, p.bytes, p.size, signature);
}
