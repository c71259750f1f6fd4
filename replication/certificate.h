/* Certificates: 152 bytes by which the authority's root says that a node is of
 * this registry. No chain: one signature, by the root key of its generation.
 *
 * PROTOCOL.md section 3 has the bytes and the table by which one is judged. It
 * is pure, and knows no state: whoever judges brings the facts (trust.h
 * gathers them). The local clock is never asked.
 */
#ifndef SG_REPLICATION_CERTIFICATE_H
#define SG_REPLICATION_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/log/entry.h"

/* The last generation that a certificate can name; 255 says "none". */
#define SG_CERTIFICATE_GENERATION_MAX 254u

enum sg_certificate_role {
    SG_CERTIFICATE_AUTHORITY = 1,
    SG_CERTIFICATE_CENTRAL = 2,
    SG_CERTIFICATE_DISTRICT = 3,
    SG_CERTIFICATE_RELAY = 4,
    SG_CERTIFICATE_AUDITOR = 5,
};

struct sg_certificate {
    enum sg_certificate_role role;
    uint8_t generation; /* of the root that signed it; the genesis root is 0 */
    uint8_t epochs;     /* logs per kind that the node may open, at least 1 */
    uint32_t serial;
    uint64_t unit; /* decimal as in RECORDS.md; 0 none */
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t transport_key[SG_KEY_SIZE];
    struct sg_date from;
    struct sg_date until; /* the last day */
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Encodes CERTIFICATE, whose values are those of the table. */
void sg_certificate_encode(const struct sg_certificate *certificate,
                           uint8_t ret_bytes[SG_CERTIFICATE_SIZE]);

/* Decodes a certificate without judging it. Errors: CERTIFICATE when version,
 * role, generation, epochs or dates are not as in the table, or the size. */
SG_USE_RESULT enum sg_err sg_certificate_decode(
    struct sg_bytes bytes, struct sg_certificate *ret_certificate);

/* Signs CERTIFICATE by the root key of its generation: sets its signature. */
void sg_certificate_sign(struct sg_certificate *certificate,
                         const struct sg_registry_id *registry,
                         const struct sg_sign_key *root);

/* Verifies that ROOT signed CERTIFICATE for REGISTRY. Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_certificate_verify(
    const struct sg_certificate *certificate,
    const struct sg_registry_id *registry, const uint8_t root[SG_KEY_SIZE]);

/* What a node knows about one certificate when it judges it. */
struct sg_certificate_facts {
    const struct sg_registry_id *registry;
    /* The root of the certificate's generation; NULL where it is unknown. */
    const uint8_t *root;
    uint8_t newest;   /* generation, shown by either side */
    bool is_admitted; /* the authority's logs, as far as they stand, hold a
                       * node_admit with these bytes */
    bool is_behind;   /* those logs are not held as far as they stand: what is
                       * not found there may still come */
    bool is_cut;      /* a node_cut that stands names the node key */
    bool is_shown;    /* the root is known from this session's chain alone: what
                       * older roots say of the node may have been cut off */
    /* Day of the largest heartbeat, UTC+7; no date when there was none. */
    struct sg_date floor;
};

enum sg_certificate_verdict {
    SG_CERTIFICATE_REFUSED,
    /* Not before the authority's logs are here: accepted for stage 1 and
     * authority messages alone. */
    SG_CERTIFICATE_LIMITED,
    SG_CERTIFICATE_ACCEPTED,
};

/* Judges CERTIFICATE by the table of section 3, in its order. RET_VERDICT is
 * always set. Errors, each with its close code (close.h): UNTRUSTED, REVOKED,
 * EXPIRED. (CERTIFICATE is sg_certificate_decode's, and comes first.) */
SG_USE_RESULT enum sg_err sg_certificate_judge(
    const struct sg_certificate *certificate,
    const struct sg_certificate_facts *facts,
    enum sg_certificate_verdict *ret_verdict);

#endif
