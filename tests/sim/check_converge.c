/* I-CONV, I-LIVE: when all is healed, every honest node comes to hold every
 * entry of every log that any of them holds, within the bound of healed.h. */
#include <string.h>

#include "tests/sim/check.h"
#include "tests/sim/memory.h"

/* An entry that travels alone: its header, the proof, a signature, what is said
 * about it and what answers. */
#define ENTRY_OVERHEAD 250u

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

/* The longest copy of every log that the oracle knows, NULL where no node that
 * is demanded has one; the caller frees it. */
static const struct disk_log **longest_copies(const struct world *world)
{
    const struct oracle *oracle = &world->oracle;
    const struct disk_log **longest =
        memory_new(oracle->n_logs * sizeof(const struct disk_log *));

    for (uint32_t i = 0; i < world->n_nodes; i++) {
        const struct disk *disk = &world->nodes[i].disk;

        for (size_t k = 0;
             k < disk->n_logs && check_is_demanded(&world->nodes[i]); k++) {
            const struct disk_log *log = disk->logs[k];
            const struct disk_log **place;

            if (!check_is_ordinary(world, log))
                continue;
            place = &longest[oracle_find(oracle, &log->id) - oracle->logs];
            if (*place == NULL || log->n_slots > (*place)->n_slots)
                *place = log;
        }
    }
    return longest;
}

/* Finds a node that lacks something of a log that another one has; NULL when
 * there is none. */
static const struct node *find_lacking(const struct world *world,
                                       const struct disk_log **ret_log)
{
    const struct disk_log **longest = longest_copies(world);
    const struct node *found = NULL;

    for (uint32_t i = 0; i < world->n_nodes && found == NULL; i++)
        for (size_t k = 0;
             k < world->oracle.n_logs && check_is_demanded(&world->nodes[i]);
             k++)
            if (longest[k] != NULL && !has_all(&world->nodes[i], longest[k])) {
                *ret_log = longest[k];
                found = &world->nodes[i];
                break;
            }
    memory_free(longest);
    return found;
}

bool check_is_equal(const struct world *world)
{
    const struct disk_log *log;

    return find_lacking(world, &log) == NULL;
}

void check_converged(struct world *world, bool in_time, uint64_t took_ms,
                     uint64_t bound_ms)
{
    const struct disk_log *log = NULL;
    const struct node *node = find_lacking(world, &log);

    check_fact(world, CHECK_CONVERGE,
               node == NULL ? TRACE_NO_NODE : node->number,
               node == NULL ? NULL : &log->id, in_time, took_ms, bound_ms);
}

/* --- What it takes ---------------------------------------------------------
 */

/* The bytes of LOG that NODE lacks. */
static uint64_t lacks(const struct node *node, const struct disk_log *log)
{
    const struct disk_log *mine = disk_find(&node->disk, &log->id, 0);
    size_t from = mine == NULL ? 0 : mine->n_slots;
    uint64_t bytes = 0;

    if (mine != NULL && mine->is_forked)
        return 0;
    for (size_t i = from; i < log->n_slots; i++)
        bytes += log->slots[i].place->entry.payload.size + ENTRY_OVERHEAD;
    return bytes;
}

uint64_t check_lacking(const struct world *world, bool of_authority)
{
    const struct disk_log **longest = longest_copies(world);
    uint64_t most = 0;

    for (uint32_t i = 0; i < world->n_originals; i++) {
        uint64_t bytes = 0;

        for (size_t k = 0;
             k < world->oracle.n_logs && check_is_demanded(&world->nodes[i]);
             k++)
            if (longest[k] != NULL &&
                (!of_authority ||
                 memcmp(longest[k]->core.node_key, world->nodes[0].public_key,
                        SG_KEY_SIZE) == 0))
                bytes += lacks(&world->nodes[i], longest[k]);
        most = bytes > most ? bytes : most;
    }
    memory_free(longest);
    return most;
}
