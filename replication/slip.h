/* Slips: what a citizen takes home, and anybody verifies with the authority's
 * public key alone (FORMAT.md section 11).
 *
 * A slip says that a node of the registry has filed the record with this id at
 * this place of its log, under this signed checkpoint. It holds no name and no
 * number. It is not the proof that the record is in the tree (checkpoint.h): it
 * is the node's word, and with any copy of the log the proof that it lied.
 * Pure; it stands here because of the certificate in it.
 */
#ifndef SG_REPLICATION_SLIP_H
#define SG_REPLICATION_SLIP_H

#include <stdint.h>

#include "replication/certificate.h"
#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"

#define SG_SLIP_SIZE   450u
#define SG_SLIP_PREFIX "SOGOC1:"
/* The text of the QR: Base45 makes three characters of two bytes. */
#define SG_SLIP_TEXT_SIZE (sizeof SG_SLIP_PREFIX - 1 + SG_SLIP_SIZE / 2 * 3)

struct sg_slip {
    struct sg_registry_id registry;
    struct sg_hash record; /* its id */
    struct sg_log_core log;
    uint64_t index;
    struct sg_hash leaf;
    uint64_t seconds; /* since 1970 UTC by the office's clock */
    struct sg_checkpoint checkpoint;
    uint8_t signature[SG_SIGNATURE_SIZE];
    uint8_t certificate[SG_CERTIFICATE_SIZE];
};

/* Signs SLIP with KEY, the node's: sets its signature. Errors: as
 * sg_crypto_sign_purpose. */
SG_USE_RESULT enum sg_err sg_slip_sign(struct sg_slip *slip,
                                       const struct sg_sign_key *key);

/* Encodes SLIP; decodes one without judging it. Errors: TRUNCATED, TRAILING,
 * VERSION, MALFORMED (log kind, an index beyond the checkpoint), CERTIFICATE.
 */
void sg_slip_encode(const struct sg_slip *slip,
                    uint8_t ret_bytes[SG_SLIP_SIZE]);
SG_USE_RESULT enum sg_err sg_slip_decode(struct sg_bytes bytes,
                                         struct sg_slip *ret_slip);

/* Verifies that the holder of ROOT, the authority's public key, admitted the
 * node, and that the node signed checkpoint and slip. Whether the node was
 * revoked later, and from where on, is not in a slip.
 * Errors: UNTRUSTED (another authority's certificate), SIGNATURE. */
SG_USE_RESULT enum sg_err sg_slip_verify(const struct sg_slip *slip,
                                         const uint8_t root[SG_KEY_SIZE]);

/* Appends the text of the QR: the prefix, and BYTES in Base45 (RFC 9285).
 * Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_slip_text(const uint8_t bytes[SG_SLIP_SIZE],
                                       struct sg_buf *buf);

/* Reads such a TEXT; white space around it is passed over. Errors: MALFORMED
 * (prefix, length, a character, a group above 65,535). */
SG_USE_RESULT enum sg_err sg_slip_parse(struct sg_bytes text,
                                        uint8_t ret_bytes[SG_SLIP_SIZE]);

#endif
