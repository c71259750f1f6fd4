/* Signatures that were verified once are remembered by a hash of key, message
 * and signature: 27 nodes verify the same checkpoint, and a hash costs a
 * hundredth of it. The answer is the one that the first verification gave. */
#include <string.h>

#include "storage/base/crypto.h"

#define MEMO_COUNT (1u << 20)

struct memo {
    struct sg_hash hash;
    int result;
    bool is_set;
};

static struct memo memos[MEMO_COUNT];

static struct memo *find(const struct sg_hash *hash)
{
    uint32_t place;

    memcpy(&place, hash->bytes, sizeof place);
    return &memos[place % MEMO_COUNT];
}

int __real_crypto_sign_verify_detached(const unsigned char *signature,
                                       const unsigned char *message,
                                       unsigned long long size,
                                       const unsigned char *public_key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature,
                                       const unsigned char *message,
                                       unsigned long long size,
                                       const unsigned char *public_key);

int __wrap_crypto_sign_verify_detached(const unsigned char *signature,
                                       const unsigned char *message,
                                       unsigned long long size,
                                       const unsigned char *public_key)
{
    struct sg_sha256 sha;
    struct sg_hash hash;
    struct memo *memo;

    sg_crypto_sha256_init(&sha);
    sg_crypto_sha256_update(&sha, public_key, SG_KEY_SIZE);
    sg_crypto_sha256_update(&sha, signature, SG_SIGNATURE_SIZE);
    sg_crypto_sha256_update(&sha, message, (size_t)size);
    sg_crypto_sha256_final(&sha, &hash);
    memo = find(&hash);
    if (memo->is_set && memcmp(&memo->hash, &hash, sizeof hash) == 0)
        return memo->result;
    memo->hash = hash;
    memo->result = __real_crypto_sign_verify_detached(signature, message, size,
                                                      public_key);
    memo->is_set = true;
    return memo->result;
}
