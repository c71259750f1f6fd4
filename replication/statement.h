/* Statements: a signed cut with its state root and counts.
 *
 * PROTOCOL.md section 13. What the roots mean is RECORDS.md's (state root) and
 * section 7's (cut root); here they are bytes. Two statements of one unit,
 * position, rule version and cut must have one state root: a difference is a
 * bug, and is shown as one. Pure.
 */
#ifndef SG_REPLICATION_STATEMENT_H
#define SG_REPLICATION_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"

#define SG_STATEMENT_SIZE 217u

struct sg_statement {
    uint64_t unit;     /* decimal as in RECORDS.md; 0 all */
    uint64_t position; /* of the authority, RECORDS.md 2 */
    uint32_t logs;     /* in the cut */
    struct sg_hash cut_root;
    struct sg_hash state_root;
    uint32_t rules; /* version */
    uint64_t rows;
    uint64_t persons;
    uint64_t quarantined; /* records of the cut */
    uint64_t seconds;     /* since 1970: for display */
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t signature[SG_SIGNATURE_SIZE];
};

/* Encodes STATEMENT, which is the body of the message too. */
void sg_statement_encode(const struct sg_statement *statement,
                         uint8_t ret_bytes[SG_STATEMENT_SIZE]);

/* Decodes one without believing it. Errors: TRUNCATED, TRAILING, VERSION. */
SG_USE_RESULT enum sg_err sg_statement_decode(
    struct sg_bytes bytes, struct sg_statement *ret_statement);

/* Signs STATEMENT by the node's KEY: sets node key and signature. */
void sg_statement_sign(struct sg_statement *statement,
                       const struct sg_registry_id *registry,
                       const struct sg_sign_key *key);

/* Verifies that the node it names signed it. Errors: SIGNATURE. */
SG_USE_RESULT enum sg_err sg_statement_verify(
    const struct sg_statement *statement,
    const struct sg_registry_id *registry);

/* Says whether A and B speak of one cut under the same rules, and yet differ in
 * what it says: somebody computes wrongly. */
bool sg_statement_contradicts(const struct sg_statement *a,
                              const struct sg_statement *b);

#endif
