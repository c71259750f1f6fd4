/* Stage 2 of a session: what its messages are for, and head exchange in it. A
 * part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 6, 7, 10 and 11.
 */
#ifndef SG_REPLICATION_TALK_H
#define SG_REPLICATION_TALK_H

#include "replication/core.h"

/* Begins stage 2 of SESSION on this side: what it wants, and head exchange. */
void sg_talk_begin(struct sg_sync *core, struct sg_core_session *session);

/* Takes a message of stage 2. Errors: what the session is to be closed for. */
SG_USE_RESULT enum sg_err sg_talk_message(
    struct sg_sync *core, struct sg_core_session *session,
    const struct sg_frame_message *message);

/* Takes a message of a bundle. Errors: what is wrong with it; it is passed
 * over, and the session goes on. */
SG_USE_RESULT enum sg_err sg_talk_carried(
    struct sg_sync *core, struct sg_core_session *session,
    const struct sg_frame_message *message);

/* Moves SESSION on: a late `root`, wants, credit, questions for proofs. Returns
 * false when not all could be done in this step. */
bool sg_talk_pump(struct sg_sync *core, struct sg_core_session *session);

/* Sends `root`. */
void sg_talk_send_root(struct sg_sync *core, struct sg_core_session *session);

/* Says to SESSION's peer what this node wants of others' payloads. */
void sg_talk_subscribe(struct sg_sync *core, struct sg_core_session *session);

/* When a late `root` may be taken; UINT64_MAX: there is none. */
uint64_t sg_talk_deadline(const struct sg_core_session *session);

#endif
