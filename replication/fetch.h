/* Fetching: what is lacking here is asked for, proved, verified and handed to
 * the store. A part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 8 and 9. One log comes from one peer at a time, and goes
 * on from any other. A *fetch* is a log under way: what is verified of it may
 * be ahead of what is durable, and nothing of that is shown to anybody.
 */
#ifndef SG_REPLICATION_FETCH_H
#define SG_REPLICATION_FETCH_H

#include "replication/core.h"

/* Looks through what the peer claims, and asks for what is lacking. Returns
 * false when it is not through. */
bool sg_fetch_scan(struct sg_sync *core, struct sg_core_session *session);

/* Takes a claim that came alone: the peer serves branch 0 of LOG up to SIZE. */
void sg_fetch_claim(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_log *log, uint64_t size);

/* Take messages. Errors: what the session is to be closed for. */
SG_USE_RESULT enum sg_err sg_fetch_package(struct sg_sync *core,
                                           struct sg_core_session *session,
                                           struct sg_bytes body);
SG_USE_RESULT enum sg_err sg_fetch_take_proof(struct sg_sync *core,
                                              struct sg_core_session *session,
                                              struct sg_bytes body);

/* The peer ended a want. */
void sg_fetch_stopped(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_flow_stop *stop);

/* Lets go what SESSION fetched: others may go on with it. */
void sg_fetch_leave(struct sg_sync *core, struct sg_core_session *session);

/* Takes the frontier that the store was asked for; says whether it was. */
bool sg_fetch_read(struct sg_sync *core, const struct sg_event *event);

/* A write of a package became durable, in row LOG, or was refused (LOG is
 * NULL). After all of one event: tells the peers. */
void sg_fetch_stored(struct sg_sync *core, const struct sg_core_write *write,
                     struct sg_log *log);
void sg_fetch_acknowledge(struct sg_sync *core);

/* Asks for the log of CLAIM's row from its end on with `prove`, to learn what
 * the peer has signed: FROM 0 for the checkpoint alone. */
void sg_fetch_prove(struct sg_core_session *session,
                    const struct sg_log_id *log, uint64_t from);

/* Notes that SESSION's peer is not asked for a log again until it says more;
 * says whether it is so. */
void sg_fetch_stop(struct sg_core_session *session,
                   const struct sg_log_id *log);
/* The same peer said more of it. */
void sg_fetch_unstop(struct sg_core_session *session,
                     const struct sg_log_id *log);
bool sg_fetch_is_stopped(const struct sg_core_session *session,
                         const struct sg_log_id *log);

/* --- For fetch_package.c ------------------------------------------------- */

/* Gives the fetch of a log's branch; NULL if there is none. */
struct sg_core_fetch *sg_fetch_find(struct sg_sync *core,
                                    const struct sg_log_id *id, uint8_t branch);

/* Takes a fetch for a log; NULL if all are in use. LOG is its row, if any. */
struct sg_core_fetch *sg_fetch_begin(struct sg_sync *core,
                                     const struct sg_log_id *id,
                                     const struct sg_log_core *log_core,
                                     const struct sg_log *log);

/* Says whether a log that is new here may come: its writer is known, and has
 * not opened more logs than he may. */
bool sg_fetch_may_introduce(struct sg_sync *core,
                            struct sg_core_session *session,
                            const struct sg_log_id *id,
                            const struct sg_log_core *log_core);

/* Sets the receiver to what is durable. False: the table does not have the
 * frontier, the store must be asked. */
bool sg_fetch_load(struct sg_sync *core, struct sg_core_fetch *fetch,
                   struct sg_log *log);

/* Sends the want of FETCH, from what is verified on. */
void sg_fetch_want(struct sg_sync *core, struct sg_core_session *session,
                   struct sg_core_fetch *fetch);

/* Nobody asks for it any more: it is free when its writes are done. The second
 * tells the peer so. */
void sg_fetch_release(struct sg_sync *core, struct sg_core_fetch *fetch);
void sg_fetch_give_up(struct sg_sync *core, struct sg_core_fetch *fetch,
                      enum sg_flow_reason reason);

/* Gives the want of FETCH another number: what still comes for the old one, of
 * which the peer is told, means nothing. */
void sg_fetch_renumber(struct sg_core_session *session,
                       struct sg_core_fetch *fetch, enum sg_flow_reason reason);

/* Asks the store for the frontier that FETCH, which is nobody's, needs; the
 * fetch ends when it is there. */
void sg_fetch_ask_frontier(struct sg_sync *core, struct sg_core_fetch *fetch,
                           const struct sg_log *log);

#endif
