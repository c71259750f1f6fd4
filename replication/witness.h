/* Witnesses: what this node says about others' logs that it stored, and what
 * others say: cosignatures, holding statements, statements. A part of the sync
 * core: see core.h.
 *
 * PROTOCOL.md section 13. What is verified goes to the store; what a central
 * node says of its holdings goes on to all peers, once.
 */
#ifndef SG_REPLICATION_WITNESS_H
#define SG_REPLICATION_WITNESS_H

#include "replication/core.h"

/* Takes one of the three messages. Errors: what the session is to be closed
 * for. */
SG_USE_RESULT enum sg_err sg_witness_take(
    struct sg_sync *core, struct sg_core_session *session,
    const struct sg_frame_message *message);

/* Takes what the store gave for a holding that is looked up; says whether it
 * was for that. */
bool sg_witness_read(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_event *event);

/* More of LOG, another node's, is durable: it may be said. */
void sg_witness_news(struct sg_sync *core, const struct sg_log *log);

/* Says what is due, as far as the effects reach; when that is next. */
void sg_witness_pump(struct sg_sync *core);
uint64_t sg_witness_deadline(const struct sg_sync *core);

#endif
