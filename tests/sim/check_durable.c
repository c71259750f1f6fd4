/* I-DUR: every acknowledged record is on its node's disk after any crash. */
#include <string.h>

#include "tests/sim/check.h"

void check_started(struct world *world, struct node *node)
{
    for (size_t i = 0; i < node->disk.n_logs; i++)
        check_monotone(world, node, node->disk.logs[i]);
    for (size_t i = 0; i < world->oracle.n_acks; i++) {
        const struct oracle_ack *ack = &world->oracle.acks[i];
        const struct disk_log *log;
        bool is_there;

        if (ack->node != node->number || ack->is_lost)
            continue;
        log = disk_find(&node->disk, &ack->log, 0);
        is_there = log != NULL && ack->index < log->n_slots &&
                   memcmp(&log->slots[ack->index].place->leaf, &ack->leaf,
                          sizeof ack->leaf) == 0;
        check_fact(world, CHECK_DUR, node->number, &ack->log, is_there,
                   ack->index, ack->at_ms);
    }
}
