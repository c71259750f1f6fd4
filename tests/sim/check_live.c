/* I-LIVE, its first half: on a node with room on its disk a record is
 * acknowledged within 2 s, whatever the network does. */
#include "tests/sim/check.h"

#define WAIT_MS_MAX 2000u

void check_live(struct world *world, struct node *node, uint64_t waited_ms)
{
    check_fact(world, CHECK_LIVE, node->number, NULL, waited_ms <= WAIT_MS_MAX,
               waited_ms, 0);
}
