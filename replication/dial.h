/* Dialling: when a configured peer is called, and whom not to let in. A part of
 * the sync core: see core.h.
 *
 * PROTOCOL.md sections 2 and 11: again after 1 s doubling to 5 min, or to 1 h
 * where a revoked node was, each time a random point in [half, whole]; from 1 s
 * anew after a session that lasted; bad behaviour doubles the wait of its node
 * key from 1 s to 1 h.
 */
#ifndef SG_REPLICATION_DIAL_H
#define SG_REPLICATION_DIAL_H

#include "replication/core.h"

/* Calls whoever is due, as far as the effects reach; says when that is next. */
void sg_dial_pump(struct sg_sync *core);
uint64_t sg_dial_deadline(const struct sg_sync *core);

/* A call came to nothing. */
void sg_dial_failed(struct sg_sync *core, uint32_t peer);

/* A session began; ended. */
void sg_dial_connected(struct sg_sync *core, struct sg_core_session *session);
void sg_dial_ended(struct sg_sync *core, struct sg_core_session *session);

/* Calls those who have no session soon: one who has one withholds. */
void sg_dial_hurry(struct sg_sync *core);

/* A node misbehaved; says whether it is to wait still. */
void sg_dial_punish(struct sg_sync *core, const uint8_t node_key[SG_KEY_SIZE]);
bool sg_dial_is_punished(const struct sg_sync *core,
                         const uint8_t node_key[SG_KEY_SIZE]);

/* Counts bytes that came against the peer's budget. */
void sg_dial_count(struct sg_sync *core, struct sg_core_session *session,
                   size_t size);

#endif
