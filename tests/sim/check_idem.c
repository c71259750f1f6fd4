/* I-IDEM: a bundle of which nothing was lacking any more, taken once more
 * without memory, brings no entry, checkpoint, payload or proof into the store.
 * (A session's messages cannot be replayed: Noise takes each once.) */
#include "tests/sim/check.h"

void check_replay(struct world *world, struct node *node, uint64_t came)
{
    check_fact(world, CHECK_IDEM, node->number, NULL, came == 0, came, 0);
}
