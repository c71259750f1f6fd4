/* SHA-256 comes from libcrypto, which uses the SHA instructions of the machine;
 * all else from libsodium. The low-level SHA256_ calls are deprecated since
 * OpenSSL 3.0 in favour of EVP, and are used all the same: the state is a plain
 * struct of 112 bytes that is copied by assignment and cannot fail, and short
 * inputs are faster. Measured on one core with SHA-NI, OpenSSL 3.0.22, million
 * hashes a second:
 *
 *   bytes                            32     64     65    117    400   4096
 *   SHA256_ (used here)            20.8   11.9   11.5   12.2    4.1   0.48
 *   EVP, context and MD reused     13.4    9.9    9.7   10.2    3.9   0.47
 *   EVP_Digest, MD fetched before   9.0    7.2    7.2    7.5    3.4   0.47
 *   libsodium                       5.8    3.0    3.0    2.8    0.9   0.10
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "storage/base/crypto.h"

#include <string.h>

#include <openssl/sha.h>
#include <sodium.h>

#include "storage/base/check.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sg_sha256), "room for it");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct sg_sha256), "aligned");
_Static_assert(sizeof(struct sg_hash) == SHA256_DIGEST_LENGTH, "SHA-256");

static SHA256_CTX *sha256_state(struct sg_sha256 *ctx)
{
    return (SHA256_CTX *)(void *)ctx->opaque;
}

void sg_crypto_sha256_init(struct sg_sha256 *ctx)
{
    (void)SHA256_Init(sha256_state(ctx)); /* these three always return 1 */
}

void sg_crypto_sha256_update(struct sg_sha256 *ctx, const uint8_t *data,
                             size_t size)
{
    (void)SHA256_Update(sha256_state(ctx), data, size);
}

void sg_crypto_sha256_final(struct sg_sha256 *ctx, struct sg_hash *ret_hash)
{
    (void)SHA256_Final(ret_hash->bytes, sha256_state(ctx));
}

void sg_crypto_sha256(const uint8_t *data, size_t size,
                      struct sg_hash *ret_hash)
{
    struct sg_sha256 ctx;
    sg_crypto_sha256_init(&ctx);
    sg_crypto_sha256_update(&ctx, data, size);
    sg_crypto_sha256_final(&ctx, ret_hash);
}

void sg_crypto_sha256_after(const struct sg_sha256 *prefix, const uint8_t *data,
                            size_t size, struct sg_hash *ret_hash)
{
    struct sg_sha256 ctx = *prefix;
    sg_crypto_sha256_update(&ctx, data, size);
    sg_crypto_sha256_final(&ctx, ret_hash);
}

_Static_assert(SG_PURPOSE_SIZE == SG_PURPOSE_NAME_SIZE + sizeof(struct sg_hash),
               "the block is a name and a registry id");
_Static_assert(SG_PURPOSE_SIZE == SHA256_CBLOCK, "one block: a cheap prefix");

void sg_crypto_purpose_block(const char *purpose,
                             const struct sg_hash *registry,
                             uint8_t ret_block[SG_PURPOSE_SIZE])
{
    size_t size = strlen(purpose);
    SG_ASSERT(size > 0);
    SG_ASSERT(size <= SG_PURPOSE_NAME_SIZE);
    memset(ret_block, 0, SG_PURPOSE_SIZE);
    memcpy(ret_block, purpose, size);
    if (registry != NULL)
        memcpy(ret_block + SG_PURPOSE_NAME_SIZE, registry->bytes,
               sizeof(registry->bytes));
}

void sg_crypto_purpose_init(struct sg_sha256 *ctx, const char *purpose,
                            const struct sg_hash *registry)
{
    uint8_t block[SG_PURPOSE_SIZE];
    sg_crypto_purpose_block(purpose, registry, block);
    sg_crypto_sha256_init(ctx);
    sg_crypto_sha256_update(ctx, block, sizeof(block));
}

void sg_crypto_purpose_hash(const char *purpose, const struct sg_hash *registry,
                            const uint8_t *data, size_t size,
                            struct sg_hash *ret_hash)
{
    struct sg_sha256 ctx;
    sg_crypto_purpose_init(&ctx, purpose, registry);
    sg_crypto_sha256_update(&ctx, data, size);
    sg_crypto_sha256_final(&ctx, ret_hash);
}

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct sg_blake2b),
               "room for it");
_Static_assert(_Alignof(struct sg_blake2b) == 64, "libsodium wants 64");

static crypto_generichash_state *blake2b_state(struct sg_blake2b *ctx)
{
    return (crypto_generichash_state *)(void *)ctx->opaque;
}

/* libsodium refuses sizes only by not computing; ours are the caller's code. */
static void check_blake2b_sizes(size_t key_size, size_t ret_size)
{
    if (key_size > 0)
        SG_ASSERT(key_size >= crypto_generichash_KEYBYTES_MIN);
    SG_ASSERT(key_size <= crypto_generichash_KEYBYTES_MAX);
    SG_ASSERT(ret_size >= crypto_generichash_BYTES_MIN);
    SG_ASSERT(ret_size <= crypto_generichash_BYTES_MAX);
}

void sg_crypto_blake2b_init(struct sg_blake2b *ctx, const uint8_t *key,
                            size_t key_size, size_t ret_size)
{
    check_blake2b_sizes(key_size, ret_size);
    int rc =
        crypto_generichash_init(blake2b_state(ctx), key, key_size, ret_size);
    SG_ASSERT(rc == 0);
}

void sg_crypto_blake2b_update(struct sg_blake2b *ctx, const uint8_t *data,
                              size_t size)
{
    int rc = crypto_generichash_update(blake2b_state(ctx), data, size);
    SG_ASSERT(rc == 0);
}

void sg_crypto_blake2b_final(struct sg_blake2b *ctx, uint8_t *ret_hash,
                             size_t ret_size)
{
    int rc = crypto_generichash_final(blake2b_state(ctx), ret_hash, ret_size);
    SG_ASSERT(rc == 0);
    sodium_memzero(ctx, sizeof(*ctx));
}

void sg_crypto_blake2b(const uint8_t *key, size_t key_size, const uint8_t *data,
                       size_t size, uint8_t *ret_hash, size_t ret_size)
{
    check_blake2b_sizes(key_size, ret_size);
    int rc = crypto_generichash(ret_hash, ret_size, data, size, key, key_size);
    SG_ASSERT(rc == 0);
}

void sg_crypto_blake2b_purpose_init(struct sg_blake2b *ctx, const uint8_t *key,
                                    size_t key_size, size_t ret_size,
                                    const char *purpose,
                                    const struct sg_hash *registry)
{
    uint8_t block[SG_PURPOSE_SIZE];
    sg_crypto_purpose_block(purpose, registry, block);
    sg_crypto_blake2b_init(ctx, key, key_size, ret_size);
    sg_crypto_blake2b_update(ctx, block, sizeof(block));
}

_Static_assert(crypto_shorthash_siphash24_KEYBYTES == SG_SIPHASH_KEY_SIZE,
               "SipHash-2-4");
_Static_assert(crypto_shorthash_siphash24_BYTES == SG_SIPHASH_SIZE,
               "SipHash-2-4");

void sg_crypto_siphash(const uint8_t key[SG_SIPHASH_KEY_SIZE],
                       const uint8_t *data, size_t size,
                       uint8_t ret_hash[SG_SIPHASH_SIZE])
{
    int rc = crypto_shorthash_siphash24(ret_hash, data, size, key);
    SG_ASSERT(rc == 0);
}

void sg_crypto_hmac_sha256(const uint8_t *key, size_t key_size,
                           const uint8_t *data, size_t size,
                           uint8_t ret_tag[32])
{
    crypto_auth_hmacsha256_state state;
    if (key_size == 0)
        key = (const uint8_t *)""; /* libsodium wants an address all the same */
    (void)crypto_auth_hmacsha256_init(&state, key, key_size);
    (void)crypto_auth_hmacsha256_update(&state, data, size);
    (void)crypto_auth_hmacsha256_final(&state, ret_tag);
    sodium_memzero(&state, sizeof(state));
}

/* RFC 5869, 2.2: PRK = HMAC-Hash(salt, IKM). */
void sg_crypto_hkdf_extract(const uint8_t *salt, size_t salt_size,
                            const uint8_t *input, size_t input_size,
                            uint8_t ret_key[SG_KEY_SIZE])
{
    sg_crypto_hmac_sha256(salt, salt_size, input, input_size, ret_key);
}

/* RFC 5869, 2.3: T(n) = HMAC-Hash(PRK, T(n-1) | info | n), T(0) is empty. */
enum sg_err sg_crypto_hkdf_expand(const uint8_t key[SG_KEY_SIZE],
                                  const uint8_t *info, size_t info_size,
                                  uint8_t *ret_out, size_t ret_size)
{
    if (ret_size > SG_HKDF_SIZE_MAX)
        return SG_ERR_LIMIT;
    crypto_auth_hmacsha256_state state;
    uint8_t block[crypto_auth_hmacsha256_BYTES];
    size_t done = 0;
    for (uint8_t n = 1; done < ret_size; n++) {
        (void)crypto_auth_hmacsha256_init(&state, key, SG_KEY_SIZE);
        if (n > 1)
            (void)crypto_auth_hmacsha256_update(&state, block, sizeof(block));
        (void)crypto_auth_hmacsha256_update(&state, info, info_size);
        (void)crypto_auth_hmacsha256_update(&state, &n, sizeof(n));
        (void)crypto_auth_hmacsha256_final(&state, block);
        size_t left = ret_size - done;
        size_t part = left < sizeof(block) ? left : sizeof(block);
        memcpy(ret_out + done, block, part);
        done += part;
    }
    sodium_memzero(&state, sizeof(state));
    sodium_memzero(block, sizeof(block));
    return SG_OK;
}
