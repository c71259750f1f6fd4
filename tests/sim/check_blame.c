/* I-NOFRAME, its other half: a session is closed as malformed, unproved or
 * beyond a limit only when the peer lies. */
#include "replication/close.h"
#include "tests/sim/check.h"

void check_close(struct world *world, struct node *node,
                 const struct sg_effect *effect)
{
    const struct session *session = &node->sessions[effect->session];
    const struct node *peer =
        &world->nodes[session->connection->node[1 - session->side]];
    enum sg_close code = sg_close_code(effect->close);
    bool blames = code == SG_CLOSE_MALFORMED || code == SG_CLOSE_PROOF ||
                  code == SG_CLOSE_LIMIT;

    if (node->is_honest && peer->is_honest)
        check_fact(world, CHECK_BLAME, node->number, NULL, !blames,
                   peer->number, (uint64_t)effect->close);
}
