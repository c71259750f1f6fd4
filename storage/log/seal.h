/* Seals: what a record looks like to everybody who may not read it.
 *
 * A payload is compressed, padded and encrypted under a content key, bound to
 * its registry, log, place and header (FORMAT.md section 5). Which key seals
 * for which readers is content_key.h; what a record means is the registry's
 * business. Pure.
 *
 * A content key is turned once per log into struct sg_seal_keys; a sealer or an
 * opener, one per thread, holds zstd's memory and serves any number of keys.
 */
#ifndef SG_STORAGE_LOG_SEAL_H
#define SG_STORAGE_LOG_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/log/entry.h"

#define SG_SEAL_SALT_SIZE  8
#define SG_SEAL_BLOCK_SIZE 16 /* plaintext is padded to a multiple of it */
#define SG_SEAL_OVERHEAD   (SG_SEAL_SALT_SIZE + SG_SEAL_TAG_SIZE)

/* What a body means: the high nibble of the form. */
enum sg_seal_kind {
    SG_SEAL_OPAQUE = 0, /* the register ignores it */
    SG_SEAL_RECORD = 1, /* RECORDS.md */
};

/* The keys of one content key in one log. A secret value: keep it where secrets
 * are kept (sg_crypto_secret_new), and wipe it with sg_seal_keys_wipe. */
struct sg_seal_keys {
    struct sg_registry_id registry;
    struct sg_log_id log;
    uint8_t cipher[SG_KEY_SIZE];
    uint8_t nonce[SG_KEY_SIZE];
};

/* Where in its log a payload stands; the seal opens nowhere else. */
struct sg_seal_place {
    uint64_t index;
    uint64_t key_entry; /* of the content key; below index */
};

/* One body of a batch. */
struct sg_seal_item {
    uint64_t index;
    enum sg_seal_kind kind;
    struct sg_bytes body;
    size_t payload_size; /* set by sg_seal_encode_batch */
};

/* Derives the keys of CONTENT_KEY for the log LOG of REGISTRY. */
void sg_seal_keys_init(struct sg_seal_keys *keys,
                       const struct sg_registry_id *registry,
                       const struct sg_log_id *log,
                       const uint8_t content_key[SG_KEY_SIZE]);

/* Overwrites KEYS with zero bytes. */
void sg_seal_keys_wipe(struct sg_seal_keys *keys);

/* Holds a compressor and, in locked memory, the plaintext in work. */
struct sg_sealer;

/* Gives a sealer. The caller frees it with sg_seal_sealer_free.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_seal_sealer_new(struct sg_sealer **ret);

/* Takes SEALER, which may be NULL; wipes the last plaintext. */
void sg_seal_sealer_free(struct sg_sealer *sealer);

/* Seals BODY for PLACE and appends the payload to RET_PAYLOAD. The same
 * arguments always give the same bytes; other content at the same place has
 * another nonce.
 * Errors: LIMIT when BODY is larger than SG_RECORD_SIZE_MAX, or the payload
 * would be larger than SG_PAYLOAD_SIZE_MAX or than RET_PAYLOAD takes; NOMEM. */
SG_USE_RESULT enum sg_err sg_seal_encode(struct sg_sealer *sealer,
                                         const struct sg_seal_keys *keys,
                                         const struct sg_seal_place *place,
                                         enum sg_seal_kind kind,
                                         struct sg_bytes body,
                                         struct sg_buf *ret_payload);

/* Seals COUNT items whose keys come from KEY_ENTRY, and appends their payloads
 * to RET_PAYLOADS one after the other. All or nothing: on failure RET_PAYLOADS
 * is as before.
 * Errors: as sg_seal_encode, of the first item that fails. */
SG_USE_RESULT enum sg_err sg_seal_encode_batch(struct sg_sealer *sealer,
                                               const struct sg_seal_keys *keys,
                                               uint64_t key_entry,
                                               struct sg_seal_item items[],
                                               size_t count,
                                               struct sg_buf *ret_payloads);

/* Holds an expander and, in locked memory, the last plaintext. */
struct sg_opener;

/* Gives an opener. The caller frees it with sg_seal_opener_free.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_seal_opener_new(struct sg_opener **ret);

/* Takes OPENER, which may be NULL; wipes the last plaintext. */
void sg_seal_opener_free(struct sg_opener *opener);

/* Opens PAYLOAD, which stands at PLACE. RET_BODY is borrowed from OPENER until
 * its next call.
 * Errors: TRUNCATED, LIMIT or MALFORMED when PAYLOAD has a size that no seal
 * has; DECRYPT when key, place, log, registry or a byte is another. What was
 * sealed by the key's holder, but not by the rules: MALFORMED (salt, padding,
 * compression); LIMIT (content above SG_RECORD_SIZE_MAX); VERSION (a form or a
 * dictionary this program does not know: keep the entry). */
SG_USE_RESULT enum sg_err sg_seal_decode(struct sg_opener *opener,
                                         const struct sg_seal_keys *keys,
                                         const struct sg_seal_place *place,
                                         struct sg_bytes payload,
                                         enum sg_seal_kind *ret_kind,
                                         struct sg_bytes *ret_body);

#endif
