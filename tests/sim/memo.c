/* Signatures that were made here or verified once are remembered by a hash of
 * key, message and signature: 27 nodes verify the same checkpoint, and a hash
 * costs a hundredth of it. The answer is the one that the first verification
 * gave; of a signature that the real function has just made it is known. */
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

static struct sg_hash hash_of(const unsigned char *signature,
                              const unsigned char *message, size_t size,
                              const unsigned char *public_key)
{
    struct sg_sha256 sha;
    struct sg_hash hash;

    sg_crypto_sha256_init(&sha);
    sg_crypto_sha256_update(&sha, public_key, SG_KEY_SIZE);
    sg_crypto_sha256_update(&sha, signature, SG_SIGNATURE_SIZE);
    sg_crypto_sha256_update(&sha, message, size);
    sg_crypto_sha256_final(&sha, &hash);
    return hash;
}

static void remember(const struct sg_hash *hash, int result)
{
    *find(hash) = (struct memo){*hash, result, true};
}

int __real_crypto_sign_verify_detached(const unsigned char *signature,
                                       const unsigned char *message,
                                       unsigned long long size,
                                       const unsigned char *public_key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature,
                                       const unsigned char *message,
                                       unsigned long long size,
                                       const unsigned char *public_key);
int __real_crypto_sign_detached(unsigned char *ret_signature,
                                unsigned long long *ret_size,
                                const unsigned char *message,
                                unsigned long long size,
                                const unsigned char *secret_key);
int __wrap_crypto_sign_detached(unsigned char *ret_signature,
                                unsigned long long *ret_size,
                                const unsigned char *message,
                                unsigned long long size,
                                const unsigned char *secret_key);

int __wrap_crypto_sign_verify_detached(const unsigned char *signature,
                                       const unsigned char *message,
                                       unsigned long long size,
                                       const unsigned char *public_key)
{
    struct sg_hash hash = hash_of(signature, message, (size_t)size, public_key);
    const struct memo *memo = find(&hash);
    int result;

    if (memo->is_set && memcmp(&memo->hash, &hash, sizeof hash) == 0)
        return memo->result;
    result = __real_crypto_sign_verify_detached(signature, message, size,
                                                public_key);
    remember(&hash, result);
    return result;
}

/* The second half of libsodium's secret key is the public key. */
int __wrap_crypto_sign_detached(unsigned char *ret_signature,
                                unsigned long long *ret_size,
                                const unsigned char *message,
                                unsigned long long size,
                                const unsigned char *secret_key)
{
    int result = __real_crypto_sign_detached(ret_signature, ret_size, message,
                                             size, secret_key);
    struct sg_hash hash;

    if (result != 0)
        return result;
    hash =
        hash_of(ret_signature, message, (size_t)size, secret_key + SG_KEY_SIZE);
    remember(&hash, 0);
    return result;
}
