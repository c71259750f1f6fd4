/* The gazette: what the authority has said, read from the logs of its nodes in
 * the store and kept up with them.
 *
 * It finds those logs by itself: the one that begins with the genesis, then all
 * of nodes that were admitted as an authority's, until no more are found. What
 * it means is storage/registry/authority.h; quick decisions about peers are the
 * core's (replication/trust.h). Of a forked log it reads what was first seen.
 * Context: one thread.
 */
#ifndef SG_NODE_GAZETTE_H
#define SG_NODE_GAZETTE_H

#include "storage/lmdb/store.h"
#include "storage/registry/authority.h"

struct sg_gazette;

/* Makes one that has read nothing. Borrows: STORE. Caller frees.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_gazette_new(struct sg_store *store,
                                         struct sg_gazette **ret_gazette);
void sg_gazette_free(struct sg_gazette *gazette);

/* Reads what has come since the last time. What is damaged or not held ends the
 * reading of its log there. Errors: NOMEM, LIMIT; what was read before stays.
 */
SG_USE_RESULT enum sg_err sg_gazette_read(struct sg_gazette *gazette);

/* Gives what a record that is written now says of the authority: generation <<
 * 32 | entries of its log that were read (RECORDS.md 6.1).
 * Errors: STATE before there is a genesis; DAMAGED, NOMEM. */
SG_USE_RESULT enum sg_err sg_gazette_position(struct sg_gazette *gazette,
                                              uint64_t *ret_position);

/* Gives the state, sealed, borrowed until the next read; NULL before there is a
 * genesis. */
const struct sg_authority *sg_gazette_authority(
    const struct sg_gazette *gazette);

#endif
