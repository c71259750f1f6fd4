/* Withholding: a peer that claims and does not deliver, or claims less than
 * before. A part of the sync core: see core.h.
 *
 * PROTOCOL.md section 11. It is shown, not punished: what is lacking is asked
 * for elsewhere, and others are dialled.
 */
#ifndef SG_REPLICATION_WITHHOLD_H
#define SG_REPLICATION_WITHHOLD_H

#include "replication/core.h"

/* The peer claims LOG up to SIZE, which is above 0. What it claims is
 * remembered, also when the session is over. One who claims less than before is
 * asked for his head: only what he answers can be an alarm. */
void sg_withhold_claim(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_log *log, uint64_t size);

/* The peer proved that it knows SIZE of LOG, as it was asked to or not. */
void sg_withhold_shown(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_log *log, uint64_t size);

/* The peer lists LOG, which is the authority's, with SIZE; says that it holds
 * SIZE of LOG durably; signed that it does. */
void sg_withhold_listed(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, uint64_t size);
void sg_withhold_stored(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, uint64_t size);
void sg_withhold_signed(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, uint64_t size);

/* The peer did not deliver a log that it said to serve. */
void sg_withhold_missed(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log_id *log, uint64_t size);

/* The peer delivered some of LOG. */
void sg_withhold_came(struct sg_core_session *session,
                      const struct sg_log_id *log);

/* Ends wants without progress; says who withholds. And when that is next. */
void sg_withhold_tick(struct sg_sync *core, struct sg_core_session *session);
uint64_t sg_withhold_deadline(const struct sg_sync *core,
                              const struct sg_core_session *session);

#endif
