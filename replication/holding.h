/* Holding statements: a node says that it holds a log durably up to here.
 *
 * PROTOCOL.md section 13: 185 bytes that prove by themselves, and a shorter
 * message from which the receiver rebuilds them with the root that it has
 * itself. Pure.
 */
#ifndef SG_REPLICATION_HOLDING_H
#define SG_REPLICATION_HOLDING_H

#include <stdint.h>

#include "replication/package.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"
#include "storage/log/entry.h"
#include "storage/log/key_id.h"

#define SG_HOLDING_SIZE 185u

struct sg_holding {
    struct sg_log_id log;
    uint64_t held; /* entries durable at the holder */
    struct sg_hash root;
    uint64_t absent;  /* payloads among them that are not held there */
    uint64_t seconds; /* since 1970, by the holder's clock: for display */
    uint8_t holder[SG_KEY_SIZE]; /* node key */
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Encodes HOLDING. */
void sg_holding_encode(const struct sg_holding *holding,
                       uint8_t ret_bytes[SG_HOLDING_SIZE]);

/* Decodes one without believing it. Errors: TRUNCATED, TRAILING, VERSION;
 * MALFORMED (more payloads absent than entries). */
SG_USE_RESULT enum sg_err sg_holding_decode(struct sg_bytes bytes,
                                            struct sg_holding *ret_holding);

/* Signs HOLDING by the holder's KEY: sets holder and signature. */
void sg_holding_sign(struct sg_holding *holding,
                     const struct sg_registry_id *registry,
                     const struct sg_sign_key *key);

/* Verifies that the holder it names signed it. Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_holding_verify(
    const struct sg_holding *holding, const struct sg_registry_id *registry);

/* What of it travels. */
struct sg_holding_message {
    struct sg_log_ref ref;
    uint64_t held;
    uint64_t absent;
    uint64_t seconds;
    struct sg_key_id holder;
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Writes the body of the message for HOLDING. Errors: as the writer's. */
void sg_holding_message_encode(const struct sg_holding *holding,
                               const struct sg_registry_id *registry,
                               struct sg_writer *writer);

/* Reads a body. Errors: TRUNCATED, TRAILING, NOTCANONICAL; MALFORMED. */
SG_USE_RESULT enum sg_err sg_holding_message_decode(
    struct sg_bytes body, struct sg_holding_message *ret_message);

/* Rebuilds what MESSAGE stands for, of LOG with ROOT at its size, by the node
 * with HOLDER's key; it is to be verified. */
void sg_holding_rebuild(const struct sg_holding_message *message,
                        const struct sg_log_id *log, const struct sg_hash *root,
                        const uint8_t holder[SG_KEY_SIZE],
                        struct sg_holding *ret_holding);

#endif
