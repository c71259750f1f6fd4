/* Serving: packages for what a peer wants and for what is new, proofs for what
 * it asks. A part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 8 to 10. Only what is durable here and can be proved is
 * served. Each want and each push is a stream of the session's outbox, which
 * decides whose turn it is; the entries are read when the turn has come.
 */
#ifndef SG_REPLICATION_SERVE_H
#define SG_REPLICATION_SERVE_H

#include "replication/core.h"
#include "replication/outbox.h"

/* Take messages. Errors: what the session is to be closed for. */
SG_USE_RESULT enum sg_err sg_serve_wants(struct sg_sync *core,
                                         struct sg_core_session *session,
                                         struct sg_bytes body);
SG_USE_RESULT enum sg_err sg_serve_stored(struct sg_sync *core,
                                          struct sg_core_session *session,
                                          struct sg_bytes body);
SG_USE_RESULT enum sg_err sg_serve_prove(struct sg_sync *core,
                                         struct sg_core_session *session,
                                         struct sg_bytes body);

/* The peer ended its want NUMBER. */
void sg_serve_stopped(struct sg_sync *core, struct sg_core_session *session,
                      uint64_t number);

/* Opens a push of LOG from what the peer holds on. False: no stream is free. */
bool sg_serve_push(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_log *log);

/* A package of TURN's stream is due: asks the store for its entries. */
void sg_serve_turn(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_outbox_turn *turn);

/* Answers questions for proofs. Returns false when one waits for this step's
 * effects. */
bool sg_serve_pump(struct sg_sync *core, struct sg_core_session *session);

/* Takes what the store gave for SESSION: sends the package or the proof. */
void sg_serve_read(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_event *event);

#endif
