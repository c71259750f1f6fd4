/* The authority first: its logs before all others, and what they say judged.
 * A part of the sync core: see core.h.
 *
 * PROTOCOL.md section 6. Entries of authority logs go to trust.h once they are
 * durable, read back from the store; then peers are judged again.
 */
#ifndef SG_REPLICATION_FIRST_H
#define SG_REPLICATION_FIRST_H

#include "replication/core.h"

/* Takes the peer's auth tag. */
void sg_first_tag(struct sg_sync *core, struct sg_core_session *session,
                  const uint8_t tag[SG_HEAD_TAG_SIZE]);

/* Takes the body of an `authority` message. Errors: MALFORMED, LIMIT and what
 * else decoding says. */
SG_USE_RESULT enum sg_err sg_first_take(struct sg_sync *core,
                                        struct sg_core_session *session,
                                        struct sg_bytes body);

/* Opens SESSION for all logs: the authority's state is equal. */
void sg_first_pass(struct sg_core_session *session);

/* The peer knows the same of the authority: opens SESSION, once all that is
 * known is held and judged here too, or the peer says that it cannot give it.
 */
void sg_first_equal(struct sg_sync *core, struct sg_core_session *session);

/* Does so if what the peer listed is durable here and judged. */
void sg_first_check(struct sg_sync *core, struct sg_core_session *session);

/* Says whether entries of the log of CORE may be written below the store's
 * reserve: it is the authority's (DESIGN.md D17). */
bool sg_first_may_use_reserve(const struct sg_sync *core,
                              const struct sg_log_core *log);

/* Says whether the log of CORE may be fetched from SESSION now: the authority's
 * state comes first, and while the store is full nothing else comes. */
bool sg_first_allows(const struct sg_sync *core,
                     const struct sg_core_session *session,
                     const struct sg_log_core *log);

/* Reads the chain that the node was made with. Errors: INVALID, NOMEM. */
SG_USE_RESULT enum sg_err sg_first_begin(struct sg_sync *core,
                                         struct sg_bytes chain);

/* Says whether all that is held of the authority's logs is judged. Until then,
 * after a start, nobody is let in: this node could not say what it knows. */
bool sg_first_is_judged(const struct sg_sync *core);

/* Notes a row of the table that is new, or whose writer may be the authority
 * now. */
void sg_first_note(struct sg_sync *core, struct sg_log *log);

/* Judges all statements that are in, and does what follows if anything is
 * another than before. */
void sg_first_judge(struct sg_sync *core);

/* Asks the store for entries that are durable and not judged yet; takes what it
 * gave. */
void sg_first_pump(struct sg_sync *core);
void sg_first_read(struct sg_sync *core, const struct sg_event *event);

#endif
