/* One session: from the handshake over both stages to its close; its messages,
 * its turns to send, its time. A part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 4, 5, 10 and 18.
 */
#ifndef SG_REPLICATION_SESSION_H
#define SG_REPLICATION_SESSION_H

#include "replication/core.h"

/* Take and give back the memory of a session, which serves one after the other.
 * Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_session_new(struct sg_sync *core,
                                         struct sg_core_session *session);
void sg_session_free(struct sg_core_session *session);

/* Begins the session of an OPEN event; SESSION is free. */
void sg_session_open(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_event *event);

/* Takes a message of the peer. */
void sg_session_message(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_frame_message *message);

/* Answers the applicant whose question has the event's ticket, if he is still
 * there. */
void sg_session_joined(struct sg_sync *core, const struct sg_event *event);

/* Ends SESSION for ERR, which the peer is told; once. */
void sg_session_close(struct sg_core_session *session, enum sg_err err);

/* Forgets SESSION, whose connection is gone: its number is free. */
void sg_session_end(struct sg_sync *core, struct sg_core_session *session);

/* Says whether SESSION is in stage 2. */
bool sg_session_is_open(const struct sg_core_session *session);

/* Judges the peer again, after the authority's state has changed. */
void sg_session_judge_again(struct sg_sync *core,
                            struct sg_core_session *session);

/* Does what is due by the time. */
void sg_session_tick(struct sg_sync *core, struct sg_core_session *session);

/* When that is next; UINT64_MAX: never. */
uint64_t sg_session_deadline(const struct sg_sync *core,
                             const struct sg_core_session *session);

/* Hands out what waits. Returns false when it could not all be handed out in
 * this step. */
bool sg_session_pump(struct sg_sync *core, struct sg_core_session *session);

/* Writes the payload of the handshake, as sg_sync_greet says. */
void sg_session_greet(const struct sg_sync *core,
                      const struct sg_hello_payload *peer,
                      struct sg_hello_payload *ret_payload);

#endif
