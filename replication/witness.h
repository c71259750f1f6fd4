/* Witnesses: cosignatures, holding statements, statements. A part of the sync
 * core: see core.h.
 *
 * PROTOCOL.md section 13.
 */
#ifndef SG_REPLICATION_WITNESS_H
#define SG_REPLICATION_WITNESS_H

#include "replication/core.h"

/* Takes one of the three messages. Errors: what the session is to be closed
 * for. */
SG_USE_RESULT enum sg_err sg_witness_take(
    struct sg_sync *core, struct sg_core_session *session,
    const struct sg_frame_message *message);

#endif
