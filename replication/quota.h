/* Quotas: how much of one writer this node takes. A part of the sync core: see
 * core.h.
 *
 * PROTOCOL.md section 11. Bytes are counted as they come, since the start of
 * the process; own logs and those of the authority have no quota.
 */
#ifndef SG_REPLICATION_QUOTA_H
#define SG_REPLICATION_QUOTA_H

#include "replication/core.h"

/* Says whether a log that is not known here may come; alarms EPOCHS if its
 * writer has opened more than he may. */
bool sg_quota_allows_log(struct sg_sync *core, struct sg_core_session *session,
                         const struct sg_log_id *id,
                         const struct sg_log_core *log_core);

/* Says whether more of LOG may come; alarms QUOTA. */
bool sg_quota_allows(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_log *log);

/* Counts SIZE bytes of a writer's entries. */
void sg_quota_count(struct sg_sync *core, const uint8_t node_key[SG_KEY_SIZE],
                    size_t size);

/* Says whether entries of LOG wait at priority 4: its writer's day is full, or
 * its end is above a cut. */
bool sg_quota_is_later(const struct sg_sync *core, const struct sg_log *log);

#endif
