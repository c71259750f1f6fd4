/* Roster: the body of `authority`, which lists the authority's logs so that
 * they are fetched before anything else (PROTOCOL.md section 6). Pure. */
#ifndef SG_REPLICATION_ROSTER_H
#define SG_REPLICATION_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "replication/certificate.h"
#include "replication/head_message.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"
#include "storage/log/entry.h"

/* One log of the authority. */
struct sg_roster_item {
    uint8_t certificate[SG_CERTIFICATE_SIZE]; /* of its writer */
    struct sg_log_core core; /* the node key is the certificate's */
    struct sg_head_message_claim claim;
};

struct sg_roster {
    uint32_t count; /* at most SG_AUTHORITY_LISTED_MAX */
    struct sg_reader left;
};

/* Looks through BODY, strictly; then the walk cannot fail. Certificates are not
 * judged: one that does not pass, or is not of role authority, is the caller's
 * to pass over. Errors: TRUNCATED, NOTCANONICAL,
 * CERTIFICATE, MALFORMED; LIMIT for too many. */
SG_USE_RESULT enum sg_err sg_roster_decode(struct sg_bytes body,
                                           struct sg_roster *ret_roster);

/* Gives the next log. False at the end. */
bool sg_roster_next(struct sg_roster *roster, struct sg_roster_item *ret_item);

/* Writes one log; a body is any number of them up to the limit. Errors: as the
 * writer's. */
void sg_roster_put(struct sg_writer *writer, const struct sg_roster_item *item);

#endif
