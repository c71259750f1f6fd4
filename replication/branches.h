/* Branches: both sides of a forked log are kept. A part of the sync core: see
 * core.h.
 *
 * PROTOCOL.md section 12. A branch is a row of its own beside branch 0, up to
 * SG_BRANCHES_MAX of them, whole from entry 0: what it has in common with one
 * that is held is copied (graft.h), the rest is fetched. A checkpoint that lies
 * within a branch held here is no branch.
 */
#ifndef SG_REPLICATION_BRANCHES_H
#define SG_REPLICATION_BRANCHES_H

#include "replication/core.h"

/* Sends `branches` of LOG, which is forked, to SESSION's peer; to all. */
void sg_branches_send(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_log_id *log);
void sg_branches_tell(struct sg_sync *core, const struct sg_log_id *log);

/* At the start of stage 2: sends the `branches` of forked logs that changed
 * here after CHANGE, when the roots were equal last (0: they never were), and
 * asks about those of which a branch is on its way since an earlier session. */
void sg_branches_begin(struct sg_sync *core, struct sg_core_session *session,
                       uint64_t change);

/* Takes a `branches` message. Errors: what the session is to be closed for. */
SG_USE_RESULT enum sg_err sg_branches_take(struct sg_sync *core,
                                           struct sg_core_session *session,
                                           struct sg_bytes body);

/* Goes on with what the last one named: asks the store what lies within what is
 * held, and the peer for the rest. False: this step has no effects for it. */
bool sg_branches_pump(struct sg_sync *core, struct sg_core_session *session);

/* Takes what the store gave for that; says whether it was. */
bool sg_branches_read(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_event *event);

/* Gives the row whose known checkpoint is of size TO and has a root that begins
 * with ROOT; NULL: no branch of LOG has. */
struct sg_log *sg_branches_find(const struct sg_sync *core,
                                const struct sg_log *log, uint64_t to,
                                const uint8_t root[4]);

#endif
