/* Joining: the request of a node that is to be admitted, the proof that it was
 * invited, and the answer.
 *
 * PROTOCOL.md section 16 has the bytes. Who is invited, how often one may try
 * and for how long is the caller's to know. Pure.
 */
#ifndef SG_REPLICATION_JOIN_H
#define SG_REPLICATION_JOIN_H

#include <stdint.h>

#include "replication/certificate.h"
#include "replication/chain.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/writer.h"
#include "storage/log/entry.h"

#define SG_JOIN_REQUEST_SIZE 154u
#define SG_JOIN_PROOF_SIZE   32u
#define SG_JOIN_SIZE         (SG_JOIN_REQUEST_SIZE + SG_JOIN_PROOF_SIZE)
#define SG_JOIN_SECRET_SIZE  16u /* of an invite */
#define SG_JOIN_RANDOM_SIZE  16u

struct sg_join_request {
    enum sg_certificate_role role; /* wished */
    uint64_t unit;                 /* wished */
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t transport_key[SG_KEY_SIZE];
    uint8_t random[SG_JOIN_RANDOM_SIZE];
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Encodes REQUEST. */
void sg_join_request_encode(const struct sg_join_request *request,
                            uint8_t ret_bytes[SG_JOIN_REQUEST_SIZE]);

/* Decodes a request without believing it. Errors: TRUNCATED, TRAILING, VERSION,
 * MALFORMED (role). */
SG_USE_RESULT enum sg_err sg_join_request_decode(
    struct sg_bytes bytes, struct sg_join_request *ret_request);

/* Signs REQUEST with the node's KEY: sets node key and signature. */
void sg_join_request_sign(struct sg_join_request *request,
                          const struct sg_registry_id *registry,
                          const struct sg_sign_key *key);

/* Verifies that REQUEST was signed by the key that it names. Errors: SIGNATURE.
 */
SG_USE_RESULT enum sg_err sg_join_request_verify(
    const struct sg_join_request *request,
    const struct sg_registry_id *registry);

/* Computes the proof that the invite with SECRET is known, by who sends REQUEST
 * in the session of this HANDSHAKE hash, and by nobody in the middle. */
void sg_join_proof(const struct sg_registry_id *registry,
                   const uint8_t secret[SG_JOIN_SECRET_SIZE],
                   const struct sg_hash *handshake,
                   const uint8_t request[SG_JOIN_REQUEST_SIZE],
                   uint8_t ret_proof[SG_JOIN_PROOF_SIZE]);

enum sg_join_answer {
    SG_JOIN_WAIT = 0, /* an officer must approve; ask again */
    SG_JOIN_ADMITTED = 1,
    SG_JOIN_REFUSED = 2,
};

#define SG_JOIN_ANSWER_SIZE_MAX (1u + SG_CERTIFICATE_SIZE)

/* Writes the body of `joined`. CERTIFICATE goes with ADMITTED, and is NULL
 * otherwise. Errors: as the writer's. */
void sg_join_answer_put(struct sg_writer *writer, enum sg_join_answer answer,
                        const uint8_t certificate[SG_CERTIFICATE_SIZE]);

/* Reads the body of `joined`; the certificate is not judged, and zeros unless
 * admitted. Errors: TRUNCATED, TRAILING, MALFORMED. */
SG_USE_RESULT enum sg_err sg_join_answer_decode(
    struct sg_bytes body, enum sg_join_answer *ret_answer,
    uint8_t ret_certificate[SG_CERTIFICATE_SIZE]);

/* The answer to a request by files: what the office puts into its node. */
#define SG_JOIN_ADMISSION_HEAD     (8u + 1u + 32u + SG_CERTIFICATE_SIZE)
#define SG_JOIN_ADMISSION_SIZE_MAX (SG_JOIN_ADMISSION_HEAD + SG_STAGE1_SIZE_MAX)

struct sg_join_admission {
    struct sg_registry_id registry;
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_bytes chain; /* body of a `chain` message from the genesis on */
};

/* Writes ADMISSION. Errors: LIMIT for a chain that no stage 1 could show; as
 * the writer's. */
void sg_join_admission_put(struct sg_writer *writer,
                           const struct sg_join_admission *admission);

/* Reads an admission without believing it. Borrows: BYTES, as long as the
 * chain is used. Errors: TRUNCATED, VERSION, LIMIT; MALFORMED when it is none.
 */
SG_USE_RESULT enum sg_err sg_join_admission_decode(
    struct sg_bytes bytes, struct sg_join_admission *ret_admission);

/* Judges ADMISSION for the node with NODE_KEY and TRANSPORT_KEY that wants to
 * be in REGISTRY: the chain proves itself, the root of its generation has
 * signed the certificate, which is of these two keys. Errors: UNTRUSTED
 * (another registry, chain, signature); CERTIFICATE; INVALID (of other keys);
 * LIMIT. */
SG_USE_RESULT enum sg_err sg_join_admission_judge(
    const struct sg_join_admission *admission,
    const struct sg_registry_id *registry, const uint8_t node_key[SG_KEY_SIZE],
    const uint8_t transport_key[SG_KEY_SIZE]);

#endif
