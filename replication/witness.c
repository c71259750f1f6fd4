#include "replication/witness.h"

enum sg_err sg_witness_take(struct sg_sync *core,
                            struct sg_core_session *session,
                            const struct sg_frame_message *message)
{
    (void)session;
    (void)message;
    core->counts.unknown_messages++;
    return SG_OK;
}
