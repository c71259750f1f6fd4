/* Forks: proofs made, taken, stored, shown; branches. A part of the sync core:
 * see core.h.
 *
 * PROTOCOL.md section 12.
 */
#ifndef SG_REPLICATION_FORKS_H
#define SG_REPLICATION_FORKS_H

#include "replication/core.h"

/* Takes a fork that was found here, which is a proof. */
void sg_forks_found(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_fork *fork);

/* Says whether a fork of LOG is proved, durable or not yet. */
bool sg_forks_has(const struct sg_sync *core, const struct sg_log_id *log);

/* Notes the proof of a fork that the store has: at start. */
void sg_forks_load(struct sg_sync *core, struct sg_bytes proof);

/* Takes `fork`. Errors: what the session is to be closed for. */
SG_USE_RESULT enum sg_err sg_forks_take(struct sg_sync *core,
                                        struct sg_core_session *session,
                                        struct sg_bytes body);

/* The peer knows a fork of LOG, or another checkpoint of the same size: asks
 * for what was signed, once until the peer says more. */
void sg_forks_ask(struct sg_sync *core, struct sg_core_session *session,
                  const struct sg_log_id *log, bool is_forked);

/* The peer showed a checkpoint smaller than what is known: the own tree says
 * whether it is of one history. */
void sg_forks_compare(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_log *log,
                      const struct sg_checkpoint *smaller);

/* Takes what the store gave for that; says whether it was. */
bool sg_forks_read(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_event *event);

/* Sends the proof of LOG, which is forked, and its branches. */
void sg_forks_send(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_log *log);

#endif
