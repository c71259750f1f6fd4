/* I-SIGN: a machine never signs two histories of one log, and signs nothing
 * that is not durable (what is on a disk of this simulation is). */
#include <string.h>

#include "tests/sim/check.h"

void check_sign(struct world *world, struct node *node,
                const struct disk_log *log, uint64_t from)
{
    const struct oracle_log *truth = oracle_find(&world->oracle, &log->id);
    bool is_consistent = true;

    for (size_t i = 0; truth != NULL && i < truth->n_variants; i++) {
        const struct oracle_variant *mine = &truth->variants[i];

        if (mine->machine != node->number)
            continue;
        for (size_t j = 0; j < mine->count && j < log->n_slots; j++)
            is_consistent = is_consistent &&
                            memcmp(&mine->leaves[j], &log->slots[j].place->leaf,
                                   sizeof *mine->leaves) == 0;
        is_consistent = is_consistent && mine->count <= log->n_slots;
    }
    check_fact(world, CHECK_SIGN, node->number, &log->id, is_consistent, from,
               log->n_slots);
}
