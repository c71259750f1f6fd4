/* Payloads that come late and payloads that must go: fillings, and orders to
 * erase. A part of the sync core: see core.h.
 *
 * PROTOCOL.md sections 6 and 9; DESIGN.md D18.
 */
#ifndef SG_REPLICATION_ERASE_H
#define SG_REPLICATION_ERASE_H

#include "replication/core.h"

/* Puts the orders known here in force on a verified package of LOG. */
void sg_erase_settle(struct sg_sync *core, const struct sg_log_id *log,
                     struct sg_package_body *body);

/* The authority's state changed: orders may be new. */
void sg_erase_again(struct sg_sync *core);

/* Takes a package of payloads only. Errors: what the session is to be closed
 * for. */
SG_USE_RESULT enum sg_err sg_erase_fill(struct sg_sync *core,
                                        struct sg_core_session *session,
                                        struct sg_bytes body,
                                        const struct sg_package_head *head);

#endif
