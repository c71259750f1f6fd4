/* I-FORK: when two honest nodes hold two histories of one log, all honest nodes
 * have the proof at the end. */
#include <string.h>

#include "tests/sim/check.h"

/* Which histories of the log fit all that NODE has of it, in any branch. */
static uint32_t common(const struct node *node, const struct sg_log_id *id)
{
    uint32_t all = UINT32_MAX;

    for (size_t i = 0; i < node->disk.n_logs; i++) {
        const struct disk_log *log = node->disk.logs[i];

        if (log->n_slots > 0 && memcmp(&log->id, id, sizeof *id) == 0)
            all &= log->variants;
    }
    return all;
}

static bool is_held_twice(const struct world *world,
                          const struct oracle_log *truth)
{
    uint32_t all = UINT32_MAX;

    for (uint32_t i = 0; i < world->n_nodes; i++)
        if (world->nodes[i].is_honest && !world->nodes[i].is_revoked)
            all &= common(&world->nodes[i], &truth->id);
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
