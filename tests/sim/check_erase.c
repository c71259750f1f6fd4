/* I-ERASE: at the end every honest node that holds an entry which the authority
 * ordered erased has no payload of it, and nothing else was erased: "erased"
 * from a peer counts only by an order. */
#include <string.h>

#include "tests/sim/check.h"

/* Says whether an order for entry INDEX of LOG was given. One that the
 * authority lost in a crash was not. */
static bool is_ordered(const struct world *world, const struct sg_log_id *log,
                       uint64_t index)
{
    uint8_t order[SG_ERASED_BY_SIZE];

    return sg_trust_erasure(sg_sync_trust(world->nodes[0].core), log, index,
                            order);
}

static void check_order(struct world *world, const struct oracle_order *order)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];
        const struct disk_log *log = disk_find(&node->disk, &order->log, 0);

        if (node->is_honest && !node->is_revoked && log != NULL &&
            order->index < log->n_slots)
            check_fact(world, CHECK_ERASE, i, &order->log,
                       log->slots[order->index].state == SG_PAYLOAD_ERASED,
                       order->index, 0);
    }
}

static void check_node(struct world *world, const struct node *node)
{
    for (size_t i = 0; i < node->disk.n_logs; i++) {
        const struct disk_log *log = node->disk.logs[i];

        for (uint64_t k = 0; k < log->n_slots; k++)
            if (log->slots[k].state == SG_PAYLOAD_ERASED)
                check_fact(world, CHECK_ERASE, node->number, &log->id,
                           is_ordered(world, &log->id, k), k, 1);
    }
}

void check_erased(struct world *world)
{
    for (size_t i = 0; i < world->oracle.n_orders; i++) {
        const struct oracle_order *order = &world->oracle.orders[i];

        if (is_ordered(world, &order->log, order->index))
            check_order(world, order);
    }
    for (uint32_t i = 0; i < world->n_originals; i++)
        if (world->nodes[i].is_honest)
            check_node(world, &world->nodes[i]);
}
