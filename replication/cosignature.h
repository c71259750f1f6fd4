/* The message `cosignature`: that a witness has seen a checkpoint and found it
 * consistent with all it knew (PROTOCOL.md section 13).
 *
 * What is signed is C2SP's cosignature/v1 (storage/log/checkpoint.h makes and
 * verifies it); the message names log, size and witness, and the receiver takes
 * the root from the checkpoint that it has of that size. Pure.
 */
#ifndef SG_REPLICATION_COSIGNATURE_H
#define SG_REPLICATION_COSIGNATURE_H

#include <stdint.h>

#include "replication/package.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"
#include "storage/log/checkpoint.h"
#include "storage/log/key_id.h"

struct sg_cosignature {
    struct sg_log_ref ref;
    uint64_t size;                      /* of the checkpoint, at least 1 */
    struct sg_key_id witness;           /* of its node key */
    uint8_t bytes[SG_COSIGNATURE_SIZE]; /* seconds, signature */
};

/* Writes the body. Errors: as the writer's. */
void sg_cosignature_encode(const struct sg_cosignature *cosignature,
                           struct sg_writer *writer);

/* Reads a body without believing it. Errors: TRUNCATED, TRAILING, NOTCANONICAL;
 * MALFORMED (size 0). */
SG_USE_RESULT enum sg_err sg_cosignature_decode(
    struct sg_bytes body, struct sg_cosignature *ret_cosignature);

/* Makes the cosignature of WITNESS over CHECKPOINT of LOG at SECONDS since
 * 1970. */
void sg_cosignature_sign(struct sg_cosignature *cosignature,
                         const struct sg_registry_id *registry,
                         const struct sg_log_id *log,
                         const struct sg_checkpoint *checkpoint,
                         const struct sg_sign_key *witness, uint64_t seconds);

/* Verifies that the node with WITNESS_KEY cosigned CHECKPOINT of LOG. Errors:
 * SIGNATURE, also when log, size or witness are others than it names. */
SG_USE_RESULT enum sg_err sg_cosignature_verify(
    const struct sg_cosignature *cosignature,
    const struct sg_registry_id *registry, const struct sg_log_id *log,
    const struct sg_checkpoint *checkpoint,
    const uint8_t witness_key[SG_KEY_SIZE]);

/* Returns the witness's time, seconds since 1970: for display. */
uint64_t sg_cosignature_seconds(const struct sg_cosignature *cosignature);

#endif
