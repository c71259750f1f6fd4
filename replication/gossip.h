/* Gossip: what is new here goes to the peers at once, and every interval roots
 * are compared. A part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 10, 11 and 14.
 */
#ifndef SG_REPLICATION_GOSSIP_H
#define SG_REPLICATION_GOSSIP_H

#include "replication/core.h"

/* SESSION is in stage 2 on both sides. */
void sg_gossip_begin(struct sg_sync *core, struct sg_core_session *session);

/* LOG has durable news, which came from session FROM, or from nobody. */
void sg_gossip_news(struct sg_sync *core, const struct sg_log *log,
                    uint32_t from);

/* Payloads of LOG came that were lacking here: peers who asked for payloads of
 * it hear a claim, and ask again. */
void sg_gossip_filled(struct sg_sync *core, const struct sg_log *log);

/* Offers SESSION what is new. */
void sg_gossip_pump(struct sg_sync *core, struct sg_core_session *session);

/* Lets all sessions but SESSION look through their claims again: a log may be
 * had from them now. SESSION may be NULL. */
void sg_gossip_rescan(struct sg_sync *core,
                      const struct sg_core_session *session);

/* Does what is due; says when that is next. */
void sg_gossip_tick(struct sg_sync *core, struct sg_core_session *session);
uint64_t sg_gossip_deadline(const struct sg_sync *core,
                            const struct sg_core_session *session);

/* Takes `mine`. Errors: what decoding says. */
SG_USE_RESULT enum sg_err sg_gossip_mine(struct sg_sync *core,
                                         struct sg_core_session *session,
                                         struct sg_bytes body);

/* Asks the peer of SESSION what this node once signed, once for each peer. */
void sg_gossip_ask_mine(struct sg_sync *core, struct sg_core_session *session);

#endif
