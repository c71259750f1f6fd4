/* Subscriptions and fills: a node that wants a payload comes to have it as long
 * as any honest node does, whether it wanted less before or its disk lost it.
 */
#include "tests/sim/check.h"

static bool has_payload(const struct world *world, const struct sg_log_id *id,
                        uint64_t index)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];
        const struct disk_log *log;

        if (!node->is_honest || node->is_revoked)
            continue;
        log = disk_find(&node->disk, id, 0);
        if (log != NULL && index < log->n_slots &&
            log->slots[index].state == SG_PAYLOAD_PRESENT)
            return true;
    }
    return false;
}

bool check_is_filled(const struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];

        for (size_t k = 0; k < node->disk.n_logs && check_is_demanded(node);
             k++)
            if (check_is_ordinary(world, node->disk.logs[k]) &&
                check_lacks_payload(world, node, node->disk.logs[k]))
                return false;
    }
    return true;
}

void check_filled(struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];

        for (size_t k = 0; k < node->disk.n_logs; k++)
            if (check_is_demanded(node) &&
                check_is_ordinary(world, node->disk.logs[k]))
                check_fact(
                    world, CHECK_FILL, i, &node->disk.logs[k]->id,
                    !check_lacks_payload(world, node, node->disk.logs[k]),
                    node->disk.logs[k]->absent, 0);
    }
}

bool check_lacks_payload(const struct world *world, const struct node *node,
                         const struct disk_log *log)
{
    const struct disk_log *mine = disk_find(&node->disk, &log->id, 0);

    if (mine == NULL || mine->absent == 0 || mine->is_forked)
        return false;
    for (uint64_t i = 0; i < mine->n_slots; i++)
        if (mine->slots[i].state == SG_PAYLOAD_NOT_HELD &&
            has_payload(world, &log->id, i))
            return true;
    return false;
}
