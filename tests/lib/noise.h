/* BLAKE2b as a hash of Noise (RFC 7693; 64 bytes, blocks of 128): the public
 * vectors and the tests use it, the product does not.
 *
 * Its users link sg_replication, which is why it is a header alone.
 */
#ifndef SG_TESTS_LIB_NOISE_H
#define SG_TESTS_LIB_NOISE_H

#include <string.h>

#include "replication/noise.h"

#define BLAKE2B_SIZE       64u
#define BLAKE2B_BLOCK_SIZE 128u

static inline void noise_blake2b_digest(struct sg_bytes a, struct sg_bytes b,
                                        uint8_t *ret_digest)
{
    struct sg_blake2b ctx;

    sg_crypto_blake2b_init(&ctx, /* key= */ NULL, 0, BLAKE2B_SIZE);
    sg_crypto_blake2b_update(&ctx, a.data, a.size);
    sg_crypto_blake2b_update(&ctx, b.data, b.size);
    sg_crypto_blake2b_final(&ctx, ret_digest, BLAKE2B_SIZE);
}

/* RFC 2104 with B = 128. */
static inline void noise_blake2b_hmac(const uint8_t *key, struct sg_bytes data,
                                      uint8_t *ret_tag)
{
    uint8_t inner[BLAKE2B_BLOCK_SIZE], outer[BLAKE2B_BLOCK_SIZE];
    uint8_t digest[BLAKE2B_SIZE];

    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < BLAKE2B_SIZE; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    noise_blake2b_digest(SG_BYTES_ARRAY(inner), data, digest);
    noise_blake2b_digest(SG_BYTES_ARRAY(outer), SG_BYTES_ARRAY(digest),
                         ret_tag);
}

static const struct sg_noise_hash noise_blake2b = {
    "BLAKE2b", BLAKE2B_SIZE, noise_blake2b_digest, noise_blake2b_hmac};

#endif
