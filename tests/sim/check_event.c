/* EVENT: the driver tells the core nothing impossible, so no step may refuse.
 */
#include "tests/sim/check.h"

void check_event(struct world *world, struct node *node,
                 const struct sg_event *event, enum sg_err err)
{
    check_fact(world, CHECK_EVENT, node->number, NULL, err == SG_OK,
               (uint64_t)event->kind, (uint64_t)err);
}
