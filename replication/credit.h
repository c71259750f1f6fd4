/* Credit: how many bytes of packages a peer may have sent in a session.
 *
 * PROTOCOL.md section 10: counted over bodies of `package` messages since the
 * session began, SG_CREDIT_INITIAL at the start, then what `credit` says. Both
 * sides have one for each direction. A receiver grants as it commits, so what
 * it has taken and not yet written is bounded. Pure; a value.
 */
#ifndef SG_REPLICATION_CREDIT_H
#define SG_REPLICATION_CREDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/base/limits.h"

struct sg_credit {
    uint64_t allowed; /* in all; of the receiver: as granted */
    uint64_t used;    /* sent, or received */
    uint64_t settled; /* of the receiver: committed or dropped */
};

/* Begins a session's credit. */
void sg_credit_init(struct sg_credit *credit);

/* Gives what may still be sent. */
static inline uint64_t sg_credit_left(const struct sg_credit *credit)
{
    return credit->allowed - credit->used;
}

/* Counts a package of SIZE bytes, sent or received. Errors: LIMIT (more than
 * was allowed; not counted): of a peer, close 8. */
SG_USE_RESULT enum sg_err sg_credit_use(struct sg_credit *credit, size_t size);

/* The sender's: takes the TOTAL of a `credit` message. Errors: MALFORMED (less
 * than before; nothing changed). */
SG_USE_RESULT enum sg_err sg_credit_allow(struct sg_credit *credit,
                                          uint64_t total);

/* The receiver's: a package of SIZE bytes takes no memory any more. */
void sg_credit_settle(struct sg_credit *credit, size_t size);

/* The receiver's: says whether it is time to grant more, a quarter of
 * SG_CREDIT_INITIAL at least, and grants it: RET_TOTAL is what to send. */
bool sg_credit_grant(struct sg_credit *credit, uint64_t *ret_total);

#endif
