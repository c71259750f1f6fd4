/* Cryptography: the one door to libsodium and libcrypto.
 *
 * Hashes, message codes, signatures, key agreement, seals, passphrase keys,
 * randomness and the care of secrets, each under the name we use for it. It is
 * not a protocol: what is signed or sealed, and in which order, is decided by
 * the callers and written in FORMAT.md, RECORDS.md and PROTOCOL.md.
 *
 * Call sg_crypto_init() once before anything else. Nothing here allocates from
 * the heap except sg_crypto_argon2id and sg_crypto_secret_new. Sizes are in
 * bytes. A function without a result cannot fail. Every function may be called
 * from any thread; a context belongs to one thread at a time. A pointer may be
 * NULL where its size is 0.
 *
 * Outputs are untouched on failure, with two exceptions that say so.
 */
#ifndef SG_STORAGE_BASE_CRYPTO_H
#define SG_STORAGE_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

#define SG_KEY_SIZE           32u /* seeds, secrets, public and sealing keys */
#define SG_SIGNATURE_SIZE     64u
#define SG_PURPOSE_SIZE       64u /* the block in front of all that we hash */
#define SG_PURPOSE_NAME_SIZE  32u /* its first half; the registry id follows */
#define SG_SEAL_TAG_SIZE      16u
#define SG_BOX_OVERHEAD       48u /* an ephemeral public key and a tag */
#define SG_ARGON2ID_SALT_SIZE 16u

/* Makes the libraries ready; the second and later calls do nothing. Until it
 * has returned SG_OK only hashing may be used.
 * Errors: CRYPTO when libsodium does not start. */
SG_USE_RESULT enum sg_err sg_crypto_init(void);

/* --- SHA-256 (FIPS 180-4) ---------------------------------------------- */

/* A hash in progress. A value: assigning it copies the state, so that a prefix
 * is hashed once and continued many times. Wipe it if it took in a secret. */
struct sg_sha256 {
    uint64_t opaque[14];
};

/* Hashes DATA in one go; the fast way for short inputs (leaves, nodes). */
void sg_crypto_sha256(const uint8_t *data, size_t size,
                      struct sg_hash *ret_hash);

/* Begins a hash; sg_crypto_sha256_update any number of times, then
 * sg_crypto_sha256_final, after which CTX must be begun anew. */
void sg_crypto_sha256_init(struct sg_sha256 *ctx);
void sg_crypto_sha256_update(struct sg_sha256 *ctx, const uint8_t *data,
                             size_t size);
void sg_crypto_sha256_final(struct sg_sha256 *ctx, struct sg_hash *ret_hash);

/* Hashes what PREFIX has taken in so far, followed by DATA. PREFIX stays as it
 * is: the cheap way to many hashes of one purpose. */
void sg_crypto_sha256_after(const struct sg_sha256 *prefix, const uint8_t *data,
                            size_t size, struct sg_hash *ret_hash);

/* Builds the block that separates what we hash and sign by purpose and by
 * registry: PURPOSE in ASCII padded with zero bytes to 32, then REGISTRY's id.
 * PURPOSE has 1 to 32 characters, such as "sogoc v1 payload"; REGISTRY is NULL
 * (32 zero bytes) where none exists yet. */
void sg_crypto_purpose_block(const char *purpose,
                             const struct sg_hash *registry,
                             uint8_t ret_block[SG_PURPOSE_SIZE]);

/* Begins a hash that no other purpose and no other registry can produce: its
 * first 64 bytes are the block of sg_crypto_purpose_block. */
void sg_crypto_purpose_init(struct sg_sha256 *ctx, const char *purpose,
                            const struct sg_hash *registry);

/* Hashes DATA for PURPOSE in one go: H(purpose; data) of FORMAT.md. */
void sg_crypto_purpose_hash(const char *purpose, const struct sg_hash *registry,
                            const uint8_t *data, size_t size,
                            struct sg_hash *ret_hash);

/* --- BLAKE2b (RFC 7693) ------------------------------------------------ */

struct sg_blake2b {
    _Alignas(64) uint8_t opaque[384];
};

/* Hashes DATA under KEY into RET_SIZE bytes, 16 to 64. KEY_SIZE is 16 to 64, or
 * 0 for the plain hash. */
void sg_crypto_blake2b(const uint8_t *key, size_t key_size, const uint8_t *data,
                       size_t size, uint8_t *ret_hash, size_t ret_size);

/* The same in parts; RET_SIZE is the same at init and final. Final
 * wipes the state. */
void sg_crypto_blake2b_init(struct sg_blake2b *ctx, const uint8_t *key,
                            size_t key_size, size_t ret_size);
void sg_crypto_blake2b_update(struct sg_blake2b *ctx, const uint8_t *data,
                              size_t size);
void sg_crypto_blake2b_final(struct sg_blake2b *ctx, uint8_t *ret_hash,
                             size_t ret_size);

/* Begins a hash under KEY for one purpose: the first 64 bytes it takes in are
 * the block of sg_crypto_purpose_block. B(n, key, purpose; data) of FORMAT.md
 * with n = RET_SIZE. */
void sg_crypto_blake2b_purpose_init(struct sg_blake2b *ctx, const uint8_t *key,
                                    size_t key_size, size_t ret_size,
                                    const char *purpose,
                                    const struct sg_hash *registry);

/* --- SipHash-2-4 (Aumasson, Bernstein 2012) ------------------------------ */

#define SG_SIPHASH_KEY_SIZE 16u
#define SG_SIPHASH_SIZE     8u

/* Hashes DATA under KEY, a secret: for what is looked up by a keyed hash and
 * never leaves this machine, in a tenth of the time of BLAKE2b. Of 64 bits two
 * may be equal: it is no tag and no id. */
void sg_crypto_siphash(const uint8_t key[SG_SIPHASH_KEY_SIZE],
                       const uint8_t *data, size_t size,
                       uint8_t ret_hash[SG_SIPHASH_SIZE]);

/* --- HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869) ----------------- */

#define SG_HKDF_SIZE_MAX (255u * 32u) /* RFC 5869, 2.3: L <= 255*HashLen */

void sg_crypto_hmac_sha256(const uint8_t *key, size_t key_size,
                           const uint8_t *data, size_t size,
                           uint8_t ret_tag[32]);

/* Concentrates the secret INPUT into one key; SALT may be empty. */
void sg_crypto_hkdf_extract(const uint8_t *salt, size_t salt_size,
                            const uint8_t *input, size_t input_size,
                            uint8_t ret_key[SG_KEY_SIZE]);

/* Expands KEY into RET_SIZE bytes bound to INFO.
 * Errors: LIMIT above SG_HKDF_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_crypto_hkdf_expand(const uint8_t key[SG_KEY_SIZE],
                                                const uint8_t *info,
                                                size_t info_size,
                                                uint8_t *ret_out,
                                                size_t ret_size);

/* --- Ed25519 (RFC 8032), with libsodium's rules of acceptance ---------- */

/* A secret: wipe it. Seed and public key, as libsodium keeps them. */
struct sg_sign_key {
    uint8_t bytes[64];
};

/* Derives the key pair of SEED. */
void sg_crypto_sign_keypair(const uint8_t seed[SG_KEY_SIZE],
                            struct sg_sign_key *ret_key,
                            uint8_t ret_public[SG_KEY_SIZE]);

/* Gives the public half of KEY. */
void sg_crypto_sign_public(const struct sg_sign_key *key,
                           uint8_t ret_public[SG_KEY_SIZE]);

/* Signs MESSAGE as it stands: for formats that bring a purpose of their own
 * (signed notes). Everything of ours is signed by sg_crypto_sign_purpose. */
void sg_crypto_sign(const struct sg_sign_key *key, const uint8_t *message,
                    size_t size, uint8_t ret_signature[SG_SIGNATURE_SIZE]);

/* Accepts exactly what libsodium 1.0.18 accepts, because two verifiers that
 * differ on one signature split a register: S is below the group order; the
 * public key is canonically encoded and not of small order; R is not of small
 * order and equals S*B - k*A byte for byte, without multiplying by the
 * cofactor. Points with a small-order component beside a large one pass when
 * the equation holds. tests/conformance pins this case by case.
 * Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_crypto_verify(
    const uint8_t public_key[SG_KEY_SIZE], const uint8_t *message, size_t size,
    const uint8_t signature[SG_SIGNATURE_SIZE]);

/* Signs the block of PURPOSE and REGISTRY (see sg_crypto_purpose_init) followed
 * by MESSAGE.
 * Errors: LIMIT above SG_SIGN_PURPOSE_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_crypto_sign_purpose(
    const struct sg_sign_key *key, const char *purpose,
    const struct sg_hash *registry, const uint8_t *message, size_t size,
    uint8_t ret_signature[SG_SIGNATURE_SIZE]);

/* Verifies what sg_crypto_sign_purpose signed.
 * Errors: SIGNATURE; LIMIT above SG_SIGN_PURPOSE_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_crypto_verify_purpose(
    const uint8_t public_key[SG_KEY_SIZE], const char *purpose,
    const struct sg_hash *registry, const uint8_t *message, size_t size,
    const uint8_t signature[SG_SIGNATURE_SIZE]);

/* --- X25519 (RFC 7748) ------------------------------------------------- */

/* Draws a key pair. RET_SECRET is a secret: wipe it. */
void sg_crypto_x25519_keypair(uint8_t ret_secret[SG_KEY_SIZE],
                              uint8_t ret_public[SG_KEY_SIZE]);

/* Gives the public half of any 32 secret bytes (they are clamped in use). */
void sg_crypto_x25519_public(const uint8_t secret[SG_KEY_SIZE],
                             uint8_t ret_public[SG_KEY_SIZE]);

/* Agrees on a shared secret; hash it before use as a key.
 * Errors: CRYPTO when the result is all zero (PUBLIC_KEY is of low order). */
SG_USE_RESULT enum sg_err sg_crypto_x25519(
    const uint8_t secret[SG_KEY_SIZE], const uint8_t public_key[SG_KEY_SIZE],
    uint8_t ret_shared[SG_KEY_SIZE]);

/* --- Sealed boxes: for one reader, from nobody in particular ----------- */

/* Seals PLAIN for the owner of PUBLIC_KEY (an X25519 key) under an ephemeral
 * key. RET_SIZE is plain.size + SG_BOX_OVERHEAD; no overlap.
 * Errors: CRYPTO when PUBLIC_KEY is of low order, and then RET_SEALED is all
 * zero; LIMIT above SG_SEAL_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_crypto_box_seal(
    const uint8_t public_key[SG_KEY_SIZE], struct sg_bytes plain,
    uint8_t *ret_sealed, size_t ret_size);

/* Opens SEALED with the key pair it was made for. RET_SIZE is sealed.size -
 * SG_BOX_OVERHEAD; no overlap.
 * Errors: TRUNCATED when SEALED is shorter than SG_BOX_OVERHEAD, whatever
 * RET_SIZE; LIMIT above SG_SEAL_SIZE_MAX + SG_BOX_OVERHEAD; DECRYPT. */
SG_USE_RESULT enum sg_err sg_crypto_box_open(
    const uint8_t public_key[SG_KEY_SIZE], const uint8_t secret[SG_KEY_SIZE],
    struct sg_bytes sealed, uint8_t *ret_plain, size_t ret_size);

/* --- Authenticated encryption ------------------------------------------ */

enum sg_aead {
    SG_AEAD_CHACHA20POLY1305,  /* RFC 8439, nonce of 12 bytes */
    SG_AEAD_XCHACHA20POLY1305, /* draft-irtf-cfrg-xchacha-03, 24 bytes */
};

#define SG_AEAD_NONCE_SIZE  12u
#define SG_XAEAD_NONCE_SIZE 24u

/* Encrypts PLAIN and appends the tag that also covers AD. RET_SIZE is
 * plain.size + SG_SEAL_TAG_SIZE. In place is allowed: RET_SEALED == plain.data,
 * or no overlap at all. Never the same nonce twice under one key.
 * Errors: INVALID when the nonce has another size than AEAD's (libsodium would
 * read a fixed number of bytes); LIMIT above SG_SEAL_SIZE_MAX. */
SG_USE_RESULT enum sg_err sg_crypto_seal(enum sg_aead aead,
                                         const uint8_t key[SG_KEY_SIZE],
                                         struct sg_bytes nonce,
                                         struct sg_bytes ad,
                                         struct sg_bytes plain,
                                         uint8_t *ret_sealed, size_t ret_size);

/* Checks the tag and decrypts. RET_SIZE is sealed.size - SG_SEAL_TAG_SIZE. In
 * place is allowed as above.
 * Errors: INVALID (nonce); TRUNCATED (no room for a tag), whatever RET_SIZE;
 * LIMIT above SG_SEAL_SIZE_MAX + SG_SEAL_TAG_SIZE; DECRYPT, and then RET_PLAIN
 * is all zero: in place, the sealed bytes are gone. */
SG_USE_RESULT enum sg_err sg_crypto_open(enum sg_aead aead,
                                         const uint8_t key[SG_KEY_SIZE],
                                         struct sg_bytes nonce,
                                         struct sg_bytes ad,
                                         struct sg_bytes sealed,
                                         uint8_t *ret_plain, size_t ret_size);

/* --- Keys from passphrases: Argon2id (RFC 9106), one lane -------------- */

/* What one guess costs; stored beside the key it protects. */
struct sg_argon2id {
    uint32_t passes;
    uint32_t memory_kib;
};

/* About 0.06 s and 64 MiB: devices with 512 MiB of memory. */
extern const struct sg_argon2id sg_crypto_argon2id_interactive;
/* About 0.4 s and 256 MiB: officers' passphrases. */
extern const struct sg_argon2id sg_crypto_argon2id_moderate;

/* Derives a key from PASSPHRASE.
 * Errors: INVALID when COST, which may come from a file, is out of its limits;
 * LIMIT when PASSPHRASE is longer than SG_PASSPHRASE_SIZE_MAX; NOMEM when the
 * memory it asks for is not there. */
SG_USE_RESULT enum sg_err sg_crypto_argon2id(
    const struct sg_argon2id *cost, struct sg_bytes passphrase,
    const uint8_t salt[SG_ARGON2ID_SALT_SIZE], uint8_t ret_key[SG_KEY_SIZE]);

/* --- Randomness and the care of secrets -------------------------------- */

/* Fills RET with bytes from the kernel's generator. Never for the replication
 * core, whose randomness comes in as events. */
void sg_crypto_random(uint8_t *ret, size_t size);

/* Overwrites a secret with zero bytes, whatever the optimiser thinks. */
void sg_crypto_wipe(void *secret, size_t size);

/* Compares in a time that depends on SIZE alone: for tags, keys and tokens. */
bool sg_crypto_equal(const void *a, const void *b, size_t size);

/* Gives SIZE bytes for secrets on pages of their own: kept out of swap where
 * the limit of locked memory allows, and out of core dumps, between guard
 * pages. NULL when there is no memory. The caller frees them with
 * sg_crypto_secret_free. */
SG_USE_RESULT void *sg_crypto_secret_new(size_t size);

/* Wipes and frees. SECRET may be NULL. */
void sg_crypto_secret_free(void *secret);

#endif
