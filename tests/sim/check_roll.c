/* I-ROLL, and its floor: while a process lives neither the generation nor the
 * position of the authority goes back; the time floor does so by a rotation
 * only, restarts or not, and is never later than what the authority signed. */
#include "tests/sim/authority.h"
#include "tests/sim/check.h"

void check_roll_anew(struct node *node)
{
    /* Its logs are judged from their beginnings again. */
    node->roll.position = 0;
    node->roll.generation = 0;
}

void check_roll(struct world *world, struct node *node)
{
    const struct sg_trust *trust = sg_sync_trust(node->core);
    struct check_roll *roll = &node->roll;
    struct sg_trust_floor floor = sg_trust_floor(trust);
    uint64_t position = sg_trust_position(trust);
    uint8_t generation = sg_trust_generation(trust);

    check_fact(world, CHECK_ROLL, node->number, NULL,
               position >= roll->position && generation >= roll->generation,
               position, roll->position);
    check_fact(world, CHECK_ROLL, node->number, NULL,
               floor.ms >= roll->floor.ms ||
                   floor.generation > roll->floor.generation,
               floor.ms, roll->floor.ms);
    check_fact(world, CHECK_ROLL, node->number, NULL,
               floor.ms <= world->authority.beat_ms, floor.ms,
               world->authority.beat_ms);
    roll->floor = floor;
    roll->position = position;
    roll->generation = generation;
    if (position > roll->position_ever)
        roll->position_ever = position;
    if (generation > roll->generation_ever)
        roll->generation_ever = generation;
}
