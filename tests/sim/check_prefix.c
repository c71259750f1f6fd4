/* I-PREFIX: each copy of a log is a prefix of a history that its writer signed,
 * and one copy never mixes two. I-MONO: no size goes back. */
#include "tests/sim/check.h"

#include <string.h>

#include "tests/sim/memory.h"

void check_monotone(struct world *world, struct node *node,
                    const struct disk_log *log)
{
    struct check_seen *seen = NULL;

    for (size_t i = 0; i < node->n_seen && seen == NULL; i++)
        if (node->seen[i].branch == log->branch &&
            memcmp(&node->seen[i].log, &log->id, sizeof log->id) == 0)
            seen = &node->seen[i];
    if (seen == NULL) {
        node->seen = memory_room(node->seen, ++node->n_seen, &node->seen_room,
                                 sizeof *node->seen);
        seen = &node->seen[node->n_seen - 1];
        *seen = (struct check_seen){.log = log->id, .branch = log->branch};
    }
    check_fact(world, CHECK_MONO, node->number, &log->id,
               log->known.size >= seen->known && log->n_slots >= seen->held,
               log->known.size, log->n_slots);
    seen->known = log->known.size;
    seen->held = log->n_slots;
}

void check_forget(struct node *node)
{
    node->n_seen = 0;
    node->roll.position_ever = 0;
    node->roll.generation_ever = 0;
}

void check_stored(struct world *world, struct node *node, struct disk_log *log,
                  uint64_t from)
{
    const struct oracle_log *truth = oracle_find(&world->oracle, &log->id);
    uint32_t existing;

    check_monotone(world, node, log);
    if (truth == NULL) {
        check_fact(world, CHECK_PREFIX, node->number, &log->id, false, from, 0);
        return;
    }
    existing = (UINT32_C(1) << truth->n_variants) - 1;
    for (uint64_t i = from; i < log->n_slots; i++)
        log->variants =
            oracle_match(truth, log->variants, i, &log->slots[i].place->leaf);
    check_fact(world, CHECK_PREFIX, node->number, &log->id,
               (log->variants & existing) != 0 &&
                   sg_checkpoint_verify(&world->registry, &log->id,
                                        log->core.node_key,
                                        &log->known) == SG_OK,
               from, log->n_slots);
}
