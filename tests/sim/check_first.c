/* I-REVFIRST: in a session no entry of another log is taken before the
 * authority's statements that the peer had when it began are durable here. */
#include <string.h>

#include "tests/sim/check.h"

void check_write(struct world *world, struct node *node,
                 const struct sg_effect *effect)
{
    const struct session *session;
    const uint8_t *authority = world->nodes[0].public_key;

    if (effect->session >= WORLD_SLOTS ||
        memcmp(effect->package.core.node_key, authority, SG_KEY_SIZE) == 0)
        return;
    session = &node->sessions[effect->session];
    for (size_t i = 0; i < session->n_authority; i++) {
        const struct session_authority *had = &session->authority[i];
        const struct disk_log *log = disk_find(&node->disk, &had->log, 0);

        check_fact(world, CHECK_FIRST, node->number, &effect->log,
                   log != NULL && log->n_slots >= had->size, had->size,
                   log == NULL ? 0 : log->n_slots);
    }
}
