/* Key files: one secret each, plain or under a passphrase, and the secret as it
 * lives in memory.
 *
 * FORMAT.md section 9. Pure: the bytes of a file go in and come out; reading
 * and writing the file itself is storage/lmdb/key_store.h. Key ids are
 * key_id.h.
 */
#ifndef SG_STORAGE_LOG_KEY_FILE_H
#define SG_STORAGE_LOG_KEY_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"
#include "storage/log/key_id.h"

#define SG_KEY_FILE_SIZE 172

/* A secret in locked memory, which is wiped when it is freed. Made by
 * sg_key_file_new, _draw or _decode only, never copied. */
struct sg_key {
    enum sg_key_kind kind;
    struct sg_registry_id registry;  /* zero if it belongs to none yet */
    uint8_t public_key[SG_KEY_SIZE]; /* zero for SG_KEY_VIEW */
    uint8_t secret[SG_KEY_SIZE]; /* Ed25519 seed, X25519 scalar or symmetric */
    struct sg_sign_key sign;     /* of the kinds that sign; else zero */
};

/* What a file says without its secret being opened. */
struct sg_key_file_info {
    enum sg_key_kind kind;
    struct sg_registry_id registry;
    uint8_t public_key[SG_KEY_SIZE];
    bool is_wrapped;         /* a passphrase is needed */
    struct sg_argon2id cost; /* of one guess at it; zero when plain */
};

/* How a secret is wrapped: every file has its own salt and nonce. */
struct sg_key_file_wrap {
    struct sg_argon2id cost;
    uint8_t salt[SG_ARGON2ID_SALT_SIZE];
    uint8_t nonce[SG_XAEAD_NONCE_SIZE];
};

/* Gives the key of KIND with SECRET; its public half is derived. REGISTRY is
 * NULL where there is none yet. The caller frees it with sg_key_file_free.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_key_file_new(enum sg_key_kind kind,
                                          const struct sg_registry_id *registry,
                                          const uint8_t secret[SG_KEY_SIZE],
                                          struct sg_key **ret_key);

/* As sg_key_file_new, with a secret drawn at random. */
SG_USE_RESULT enum sg_err sg_key_file_draw(
    enum sg_key_kind kind, const struct sg_registry_id *registry,
    struct sg_key **ret_key);

/* Takes KEY, which may be NULL, and wipes it. */
void sg_key_file_free(struct sg_key *key);

/* Draws salt and nonce for a wrap at COST; for new files
 * sg_crypto_argon2id_moderate, or _interactive where memory is short. */
void sg_key_file_wrap_draw(const struct sg_argon2id *cost,
                           struct sg_key_file_wrap *ret_wrap);

/* Encodes KEY in the clear. RET_FILE holds the secret: wipe it. */
void sg_key_file_encode(const struct sg_key *key,
                        uint8_t ret_file[SG_KEY_FILE_SIZE]);

/* Encodes KEY under PASSPHRASE. WRAP is drawn anew for each file.
 * Errors: INVALID when PASSPHRASE is empty, or the cost less than Argon2id can
 * do; LIMIT when PASSPHRASE is longer than SG_PASSPHRASE_SIZE_MAX, or the cost
 * is beyond what readers accept; NOMEM. */
SG_USE_RESULT enum sg_err sg_key_file_encode_wrapped(
    const struct sg_key *key, struct sg_bytes passphrase,
    const struct sg_key_file_wrap *wrap, uint8_t ret_file[SG_KEY_FILE_SIZE]);

/* Says what FILE holds, without opening it. Nothing here is authenticated yet;
 * the cost is within the limits.
 * Errors: TRUNCATED, TRAILING, VERSION, MALFORMED; LIMIT when Argon2id would
 * need more than SG_KEY_FILE_PASSES_MAX passes or SG_ARGON2ID_MEMORY_KIB_MAX,
 * which is found before anything is derived. */
SG_USE_RESULT enum sg_err sg_key_file_inspect(
    struct sg_bytes file, struct sg_key_file_info *ret_info);

/* Opens FILE. PASSPHRASE is not looked at when FILE is plain. The caller frees
 * the key with sg_key_file_free.
 * Errors: as sg_key_file_inspect; DECRYPT when PASSPHRASE is wrong or a wrapped
 * file was changed; MALFORMED when a plain file was changed, or the public key
 * is not the secret's; LIMIT (PASSPHRASE too long); NOMEM. */
SG_USE_RESULT enum sg_err sg_key_file_decode(struct sg_bytes file,
                                             struct sg_bytes passphrase,
                                             struct sg_key **ret_key);

/* Wraps what FILE holds anew: opens it with PASSPHRASE and encodes it under
 * NEW_PASSPHRASE with WRAP, or in the clear if WRAP is NULL.
 * Errors: as sg_key_file_decode and sg_key_file_encode_wrapped. */
SG_USE_RESULT enum sg_err sg_key_file_change(
    struct sg_bytes file, struct sg_bytes passphrase,
    struct sg_bytes new_passphrase, const struct sg_key_file_wrap *wrap,
    uint8_t ret_file[SG_KEY_FILE_SIZE]);

#endif
