/* I-CUT: who knows of a revocation cuts the logs of that key at the sizes it
 * lists and all its other logs at 0; at the end all honest nodes do. */
#include <string.h>

#include "tests/sim/check.h"

/* What the revocations known to the oracle let stand of LOG. */
static uint64_t expected(const struct world *world,
                         const struct sg_log_core *core,
                         const struct sg_log_id *id)
{
    const struct oracle *oracle = &world->oracle;
    uint64_t size = UINT64_MAX;

    for (size_t i = 0; i < oracle->n_cuts; i++) {
        const struct oracle_cut *cut = &oracle->cuts[i];

        if (memcmp(cut->node_key, core->node_key, SG_KEY_SIZE) != 0)
            continue;
        if (size == UINT64_MAX)
            size = 0;
        if (memcmp(&cut->log, id, sizeof *id) == 0)
            size = cut->size;
    }
    return size;
}

/* Of the other branch than the one that was cut only what comes before the fork
 * stands. */
static bool is_forked(const struct world *world, const struct sg_log_id *id)
{
    const struct oracle_log *truth = oracle_find(&world->oracle, id);

    return truth != NULL && truth->is_forked;
}

static void check_node(struct world *world, struct node *node, bool at_end)
{
    for (size_t i = 0; i < node->disk.n_logs; i++) {
        const struct disk_log *log = node->disk.logs[i];
        uint64_t size = expected(world, &log->core, &log->id);
        uint64_t cut = sg_sync_cut(node->core, &log->id);

        check_fact(world, CHECK_CUT, node->number, &log->id,
                   cut == size || (!at_end && cut == UINT64_MAX) ||
                       (is_forked(world, &log->id) && cut < size),
                   cut, size);
    }
}

void check_judged(struct world *world, struct node *node)
{
    if (node->is_honest)
        check_node(world, node, false);
}

bool check_is_cut(const struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];

        for (size_t k = 0; k < node->disk.n_logs && check_is_demanded(node);
             k++) {
            const struct disk_log *log = node->disk.logs[k];

            if (!node->is_up || sg_sync_cut(node->core, &log->id) !=
                                    expected(world, &log->core, &log->id))
                return false;
        }
    }
    return true;
}

void check_cuts(struct world *world)
{
    for (uint32_t i = 0; i < world->n_nodes; i++) {
        struct node *node = &world->nodes[i];

        if (node->is_honest && node->is_up && !node->is_revoked)
            check_node(world, node, true);
    }
}
