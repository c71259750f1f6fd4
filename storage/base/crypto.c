#include "storage/base/crypto.h"

#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

#include "storage/base/check.h"

static atomic_bool ready;

enum sg_err sg_crypto_init(void)
{
    /* 1 means that it was ready before; threads that race here wait inside. */
    if (sodium_init() < 0)
        return SG_ERR_CRYPTO;
    atomic_store(&ready, true);
    return SG_OK;
}

void sg_crypto_random(uint8_t *ret, size_t size)
{
    SG_ASSERT(atomic_load(&ready));
    if (size > 0)
        randombytes_buf(ret, size);
}

void sg_crypto_wipe(void *secret, size_t size)
{
    if (size > 0)
        sodium_memzero(secret, size);
}

bool sg_crypto_equal(const void *a, const void *b, size_t size)
{
    return size == 0 || sodium_memcmp(a, b, size) == 0;
}

/* sodium_malloc and not sodium_mlock on the caller's memory: locks do not nest
 * and hold for whole pages, so unlocking one secret would release its
 * neighbours. */
void *sg_crypto_secret_new(size_t size)
{
    SG_ASSERT(atomic_load(&ready));
    SG_ASSERT(size > 0);
    return sodium_malloc(size);
}

void sg_crypto_secret_free(void *secret)
{
    sodium_free(secret);
}

const struct sg_argon2id sg_crypto_argon2id_interactive = {
    .passes = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
    .memory_kib = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE / 1024,
};

const struct sg_argon2id sg_crypto_argon2id_moderate = {
    .passes = crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
    .memory_kib = crypto_pwhash_argon2id_MEMLIMIT_MODERATE / 1024,
};

_Static_assert(SG_ARGON2ID_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES,
               "libsodium's");
_Static_assert(SG_ARGON2ID_MEMORY_KIB_MIN * 1024 ==
                   crypto_pwhash_argon2id_MEMLIMIT_MIN,
               "libsodium's");

static bool argon2id_cost_ok(const struct sg_argon2id *cost)
{
    return cost->passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN &&
           cost->passes <= SG_ARGON2ID_PASSES_MAX &&
           cost->memory_kib >= SG_ARGON2ID_MEMORY_KIB_MIN &&
           cost->memory_kib <= SG_ARGON2ID_MEMORY_KIB_MAX;
}

enum sg_err sg_crypto_argon2id(const struct sg_argon2id *cost,
                               struct sg_bytes passphrase,
                               const uint8_t salt[SG_ARGON2ID_SALT_SIZE],
                               uint8_t ret_key[SG_KEY_SIZE])
{
    if (!argon2id_cost_ok(cost))
        return SG_ERR_INVALID;
    if (passphrase.size > SG_PASSPHRASE_SIZE_MAX)
        return SG_ERR_LIMIT;
    if (passphrase.size == 0)
        passphrase = SG_BYTES_TEXT(""); /* libsodium wants an address */
    uint8_t key[SG_KEY_SIZE];
    int rc = crypto_pwhash_argon2id(
        key, sizeof(key), (const char *)passphrase.data, passphrase.size, salt,
        cost->passes, (size_t)cost->memory_kib * 1024,
        crypto_pwhash_argon2id_ALG_ARGON2ID13);
    if (rc == 0)
        memcpy(ret_key, key, sizeof(key));
    sodium_memzero(key, sizeof(key));
    /* With all arguments within their limits, memory is what is left to lack.
     */
    return rc == 0 ? SG_OK : SG_ERR_NOMEM;
}
