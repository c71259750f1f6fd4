/* Filling: payloads of entries that are held without them, asked for when this
 * node wants more than before, or when its disk lost them. A part of the sync
 * core: see core.h.
 *
 * PROTOCOL.md section 9, flag 1 of a want and flag 4 of a package. One log at a
 * time and session, when nothing else is fetched, and of it one window of as
 * many entries as a package has: the store is asked for the window first, for
 * its leaves and for what is lacking in it; the peer for nothing else.
 */
#ifndef SG_REPLICATION_FILL_H
#define SG_REPLICATION_FILL_H

#include "replication/core.h"

/* Asks for what is lacking, if nothing else is asked. */
void sg_fill_pump(struct sg_sync *core, struct sg_core_session *session);

/* All peers may be asked again: more is wanted, or lacking. */
void sg_fill_again(struct sg_sync *core);

/* Entries of LOG were stored without payloads: whoever has them may be asked,
 * unless it is for want of wanting them. */
void sg_fill_lacking(struct sg_sync *core, const struct sg_log *log);

/* The peer claims LOG anew: payloads that it did not have may be there now. */
void sg_fill_claimed(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_log *log);

/* Takes a package of payloads only. Errors: what the session is to be closed
 * for. */
SG_USE_RESULT enum sg_err sg_fill_take(struct sg_sync *core,
                                       struct sg_core_session *session,
                                       struct sg_bytes body,
                                       const struct sg_package_head *head);

/* Takes the leaves that the store was asked for; says whether it was. */
bool sg_fill_read(struct sg_sync *core, const struct sg_event *event);

/* The payloads of WRITE in LOG are durable, or refused. */
void sg_fill_stored(struct sg_sync *core, const struct sg_core_write *write,
                    const struct sg_log *log);

/* SESSION asks for no more payloads of the log in work; does nothing when there
 * is none. */
void sg_fill_end(struct sg_core_session *session);

/* The peer ended its want NUMBER; says whether it was a filling. */
bool sg_fill_stopped(struct sg_core_session *session, uint64_t number);

#endif
