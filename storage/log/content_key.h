/* Content keys: who can read what a log seals.
 *
 * A content key seals the records of one log for one set of readers during one
 * month. An entry of that log carries it, wrapped for each reading scope
 * (FORMAT.md section 6); whoever can open it may wrap it again for later
 * readers, in a log of his own. What the key then seals is seal.h. Pure.
 */
#ifndef SG_STORAGE_LOG_CONTENT_KEY_H
#define SG_STORAGE_LOG_CONTENT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/log/entry.h"
#include "storage/log/key_id.h"

#define SG_CONTENT_KEY_WRAP_SIZE \
    (SG_KEY_ID_SIZE + SG_KEY_SIZE + SG_BOX_OVERHEAD)
#define SG_CONTENT_KEY_SIZE_MAX (79 + SG_WRAPS_MAX * SG_CONTENT_KEY_WRAP_SIZE)

/* Names a content key: the log that it seals, and its own entry there. */
struct sg_content_key_place {
    struct sg_log_id log;
    uint64_t index;
};

/* What the payload of a content key entry says. */
struct sg_content_key {
    bool is_rewrap;                  /* of a key that is elsewhere */
    uint32_t period;                 /* decimal YYYYMM */
    struct sg_content_key_place own; /* of the key, wherever this is wrapped */
    uint8_t commitment[SG_KEY_SIZE];
    struct sg_bytes wraps; /* borrowed from the payload */
};

/* The public half of a scope's X25519 key. */
struct sg_scope_public {
    uint8_t bytes[SG_KEY_SIZE];
};

/* The whole of it: a secret. */
struct sg_scope_pair {
    struct sg_scope_public public_key;
    uint8_t secret[SG_KEY_SIZE];
};

/* Appends to RET_PAYLOAD the payload that gives KEY, drawn at random by the
 * caller, to the READER_COUNT scopes READERS. LOG is the log
 * where it will stand. PERIOD is decimal YYYYMM.
 * Errors: INVALID when PERIOD is no month or a reader is named twice; LIMIT
 * when there are none or more than SG_WRAPS_MAX of them; CRYPTO when a public
 * key is of low order; LIMIT, NOMEM of RET_PAYLOAD. */
SG_USE_RESULT enum sg_err sg_content_key_encode(
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    uint32_t period, const uint8_t key[SG_KEY_SIZE],
    const struct sg_scope_public readers[], size_t reader_count,
    struct sg_buf *ret_payload);

/* Appends to RET_PAYLOAD the payload that gives KEY, which is wrapped at OWN
 * already, to further readers.
 * Errors: as sg_content_key_encode. */
SG_USE_RESULT enum sg_err sg_content_key_rewrap(
    const struct sg_registry_id *registry,
    const struct sg_content_key_place *own, uint32_t period,
    const uint8_t key[SG_KEY_SIZE], const struct sg_scope_public readers[],
    size_t reader_count, struct sg_buf *ret_payload);

/* Parses the PAYLOAD of a content key entry that stands at PLACE. Borrows:
 * PAYLOAD, as long as RET_KEY is used.
 * Errors: TRUNCATED; TRAILING; VERSION; LIMIT (more than SG_WRAPS_MAX wraps);
 * NOTCANONICAL (wraps out of order, or two for one scope); MALFORMED. */
SG_USE_RESULT enum sg_err sg_content_key_parse(
    struct sg_bytes payload, const struct sg_content_key_place *place,
    struct sg_content_key *ret_key);

/* Returns the number of scopes that KEY is wrapped for, 1 to SG_WRAPS_MAX. */
size_t sg_content_key_reader_count(const struct sg_content_key *key);

/* Gives the id of the scope key number I, counted from 0; ascending. */
struct sg_key_id sg_content_key_reader_id(const struct sg_content_key *key,
                                          size_t i);

/* Opens KEY for READER and checks it against the commitment, so that it is the
 * key that all readers have. RET_KEY is a secret: wipe it.
 * Errors: NOTFOUND when KEY is not wrapped for READER; DECRYPT when the wrap
 * does not open, or holds another key than the commitment's. */
SG_USE_RESULT enum sg_err sg_content_key_unwrap(
    const struct sg_registry_id *registry, const struct sg_content_key *key,
    const struct sg_scope_pair *reader, uint8_t ret_key[SG_KEY_SIZE]);

#endif
