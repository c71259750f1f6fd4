/* Signatures that were verified once are remembered by a hash of key, message
 * and signature: 27 nodes verify the same checkpoint, and a hash costs a
 * hundredth of it. The answer is the one that the first verification gave. */
#include <string.h>

#include "storage/base/crypto.h"

#define MEMO_COUNT (1u << 20)

struct memo {
    struct sg_hash hash;
    enum sg_err err;
    bool is_set;
};

static struct memo memos[MEMO_COUNT];

static struct memo *find(const struct sg_hash *hash)
{
    uint32_t place;

    memcpy(&place, hash->bytes, sizeof place);
    return &memos[place % MEMO_COUNT];
}

enum sg_err __real_sg_crypto_verify(const uint8_t public_key[SG_KEY_SIZE],
                                    const uint8_t *message, size_t size,
                                    const uint8_t signature[SG_SIGNATURE_SIZE]);
enum sg_err __wrap_sg_crypto_verify(const uint8_t public_key[SG_KEY_SIZE],
                                    const uint8_t *message, size_t size,
                                    const uint8_t signature[SG_SIGNATURE_SIZE]);

enum sg_err __wrap_sg_crypto_verify(const uint8_t public_key[SG_KEY_SIZE],
                                    const uint8_t *message, size_t size,
                                    const uint8_t signature[SG_SIGNATURE_SIZE])
{
    struct sg_sha256 sha;
    struct sg_hash hash;
    struct memo *memo;

    sg_crypto_sha256_init(&sha);
    sg_crypto_sha256_update(&sha, public_key, SG_KEY_SIZE);
    sg_crypto_sha256_update(&sha, signature, SG_SIGNATURE_SIZE);
    sg_crypto_sha256_update(&sha, message, size);
    sg_crypto_sha256_final(&sha, &hash);
    memo = find(&hash);
    if (memo->is_set && memcmp(&memo->hash, &hash, sizeof hash) == 0)
        return memo->err;
    memo->hash = hash;
    memo->err = __real_sg_crypto_verify(public_key, message, size, signature);
    memo->is_set = true;
    return memo->err;
}
