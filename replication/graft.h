/* Grafts: what a branch of a forked log has in common with a branch that is
 * held here is not fetched again. A part of the sync core: see core.h.
 *
 * PROTOCOL.md section 12. The peer's frontier at a size, proved up to the
 * branch's checkpoint, beside the own one at that size shows the subtree in
 * which the two part; a few such questions find where. What is before that is
 * copied, through the store, into the row of the branch; the fetch begins
 * behind it. One graft at a time.
 */
#ifndef SG_REPLICATION_GRAFT_H
#define SG_REPLICATION_GRAFT_H

#include "replication/core.h"

/* Begins a graft for BRANCH of LOG, which the peer names by ITEM, if that is
 * worth it. Returns whether one is under way, here or elsewhere: then its
 * caller waits. */
bool sg_graft_begin(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_log *log, uint8_t branch,
                    const struct sg_flow_branch *item);

/* Finds the first subtree in which A and B, two frontiers at SIZE, differ.
 * False: there is none. */
bool sg_graft_compare(const struct sg_hash a[], const struct sg_hash b[],
                      uint64_t size, struct sg_merkle_range *ret_range);

/* Says whether a graft of SESSION is under way. */
bool sg_graft_is_of(const struct sg_sync *core,
                    const struct sg_core_session *session);

/* Takes a `proof`, and what the store gave; say whether it was for a graft. */
bool sg_graft_proof(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_proof *proof);
bool sg_graft_read(struct sg_sync *core, const struct sg_event *event);

/* Goes on copying; ends a graft whose peer does not answer, or is gone. */
void sg_graft_pump(struct sg_sync *core);

/* When that is due; UINT64_MAX: nothing waits for a peer. */
uint64_t sg_graft_deadline(const struct sg_sync *core);

#endif
