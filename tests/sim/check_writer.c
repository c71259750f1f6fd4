/* I-ONEWRITER: a log that begins is new: no machine has ever written it. */
#include "tests/sim/check.h"

void check_epoch(struct world *world, struct node *node,
                 const struct disk_log *log)
{
    check_fact(world, CHECK_WRITER, node->number, &log->id,
               oracle_find(&world->oracle, &log->id) == NULL, 0, 0);
}
