/* I-CONV, I-LIVE: when all is healed, every honest node comes to hold every
 * entry of every log that any of them holds, within the bound. */
#include <string.h>

#include "tests/sim/check.h"

bool check_is_demanded(const struct node *node)
{
    return node->is_honest && !node->is_revoked;
}

static bool has_all(const struct node *node, const struct disk_log *log)
{
    const struct disk_log *mine = disk_find(&node->disk, &log->id, 0);

    /* Branches of a forked log may differ in who has which as its first. */
    if (mine != NULL && mine->is_forked)
        return true;
    return mine != NULL && mine->n_slots >= log->n_slots &&
           mine->n_slots >= mine->known.size;
}

/* Logs of a key beyond its epochs need not be everywhere. */
bool check_is_ordinary(const struct world *world, const struct disk_log *log)
{
    const struct oracle_log *truth = oracle_find(&world->oracle, &log->id);

    return truth != NULL && !world->nodes[truth->identity].malice.spawns &&
           !world->nodes[truth->identity].is_revoked && log->branch == 0;
}

/* Finds a node that lacks something of a log that another one has; NULL when
 * there is none. */
static const struct node *find_lacking(const struct world *world,
                                       const struct disk_log **ret_log)
{
    for (uint32_t i = 0; i < world->n_nodes; i++) {
        const struct disk *disk = &world->nodes[i].disk;

        if (!check_is_demanded(&world->nodes[i]))
            continue;
        for (size_t k = 0; k < disk->n_logs; k++) {
            *ret_log = disk->logs[k];
            if (!check_is_ordinary(world, disk->logs[k]))
                continue;
            for (uint32_t j = 0; j < world->n_nodes; j++)
                if (check_is_demanded(&world->nodes[j]) &&
                    (!has_all(&world->nodes[j], disk->logs[k]) ||
                     check_lacks_payload(world, &world->nodes[j],
                                         disk->logs[k])))
                    return &world->nodes[j];
        }
    }
    return NULL;
}

bool check_is_equal(const struct world *world)
{
    const struct disk_log *log;

    return find_lacking(world, &log) == NULL;
}

void check_converged(struct world *world, uint64_t took_ms, uint64_t bound_ms)
{
    const struct disk_log *log = NULL;
    const struct node *node = find_lacking(world, &log);

    check_fact(
        world, CHECK_CONVERGE, node == NULL ? TRACE_NO_NODE : node->number,
        node == NULL ? NULL : &log->id, took_ms <= bound_ms, took_ms, bound_ms);
}
