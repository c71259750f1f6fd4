/* I-FORK: when two honest nodes hold two histories of one log, all honest nodes
 * have the proof at the end. */
#include "tests/sim/check.h"

static bool is_held_twice(const struct world *world,
                          const struct oracle_log *truth)
{
    uint32_t all = UINT32_MAX;

    for (uint32_t i = 0; i < world->n_nodes; i++) {
        const struct disk_log *log =
            disk_find(&world->nodes[i].disk, &truth->id, 0);

        if (log != NULL && log->n_slots > 0 && world->nodes[i].is_honest &&
            !world->nodes[i].is_revoked)
            all &= log->variants;
    }
    return (all & ((UINT32_C(1) << truth->n_variants) - 1)) == 0;
}

void check_forks(struct world *world)
{
    for (size_t i = 0; i < world->oracle.n_logs; i++) {
        const struct oracle_log *truth = &world->oracle.logs[i];

        if (!truth->is_forked || !is_held_twice(world, truth))
            continue;
        world->changed[NEMESIS_EQUIVOCATE]++;
        for (uint32_t j = 0; j < world->n_nodes; j++) {
            const struct node *node = &world->nodes[j];
            const struct disk_log *log = disk_find(&node->disk, &truth->id, 0);

            if (node->is_honest && !node->is_revoked)
                check_fact(world, CHECK_FORK, j, &truth->id,
                           log != NULL && log->is_forked, truth->n_variants, 0);
        }
    }
}
