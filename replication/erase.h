/* Payloads that must go: orders to erase. A part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 6 and 9; DESIGN.md D18.
 */
#ifndef SG_REPLICATION_ERASE_H
#define SG_REPLICATION_ERASE_H

#include "replication/core.h"

/* Puts the orders known here in force on a verified package of LOG. */
void sg_erase_settle(struct sg_sync *core, const struct sg_log_id *log,
                     struct sg_package_body *body);

/* Writes are durable: orders that found their entries on the way to the disk
 * are gone through again. */
void sg_erase_stored(struct sg_sync *core);

/* Takes entries of an authority log that are judged: what its orders name and
 * is held here is erased in the store, as far as this step's effects reach; the
 * rest is read again. */
void sg_erase_read(struct sg_sync *core, struct sg_core_judged *judged,
                   const struct sg_event *event);

#endif
