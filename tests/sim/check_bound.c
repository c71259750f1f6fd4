/* I-BOUND: what is queued for a peer stays below a few messages, whatever the
 * peer does. */
#include "tests/sim/check.h"

#define QUEUED_MAX (4u * SG_MESSAGE_SIZE_MAX)

void check_bound(struct world *world, struct node *node)
{
    for (uint32_t i = 0; i < node->slots; i++) {
        struct sg_sync_session_view view;

        if (node->sessions[i].connection == NULL ||
            sg_sync_session(node->core, i, &view) != SG_OK)
            continue;
        if (view.queued > node->queued_max)
            node->queued_max = view.queued;
        check_fact(world, CHECK_BOUND, node->number, NULL,
                   view.queued <= QUEUED_MAX, i, view.queued);
    }
}
