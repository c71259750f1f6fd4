/* Chain: the message that shows newer root keys to a node that was away.
 *
 * PROTOCOL.md section 5. A chain goes on from a root that the receiver knows,
 * or begins with the genesis; it widens what is believed in one session, and
 * keeps no records: these come with the authority's logs. Pure.
 */
#ifndef SG_REPLICATION_CHAIN_H
#define SG_REPLICATION_CHAIN_H

#include <stdint.h>

#include "replication/root.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/writer.h"
#include "storage/log/entry.h"

/* A chain that begins with the genesis. */
#define SG_CHAIN_FROM_GENESIS 255u

/* What one message showed. */
struct sg_chain {
    uint8_t first; /* generation of roots[0] */
    uint8_t count; /* 0: nothing was shown */
    struct sg_root roots[SG_CHAIN_LINKS_MAX];
};

/* Gives the root of GENERATION that CHAIN shows, borrowed; NULL if it does not.
 * CHAIN may be NULL. */
const struct sg_root *sg_chain_root(const struct sg_chain *chain,
                                    uint8_t generation);

/* Reads the body of a `chain` message that goes on from generation FROM, whose
 * root is KNOWN; or, with SG_CHAIN_FROM_GENESIS and NULL, begins with the
 * genesis. Errors: UNTRUSTED when a link does not verify; MALFORMED when it
 * begins elsewhere or has no link, and the other errors of reading; LIMIT. */
SG_USE_RESULT enum sg_err sg_chain_decode(struct sg_bytes body,
                                          const struct sg_registry_id *registry,
                                          uint8_t from,
                                          const struct sg_root *known,
                                          struct sg_chain *ret_chain);

/* Begins the body of a `chain` message; then each record in turn. Errors: as
 * the writer's. */
void sg_chain_begin(struct sg_writer *writer, uint8_t from);
void sg_chain_put(struct sg_writer *writer, struct sg_bytes record);

#endif
