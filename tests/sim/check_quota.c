/* I-QUOTA: when one writer floods, the others' entries reach everybody within
 * twice the time that they may take without him.
 *
 * Nothing of this can be seen while links are cut and nodes crash. So it is a
 * trial after the end of a run whose seed has the nemesis: all links are up and
 * slow, all sessions new; one node files what the slowest of them carries in
 * four minutes, and a moment later everybody else files one record, or more
 * than is pushed: pushes have a priority, in bulk the writers take turns.
 */
#include "tests/sim/check.h"

#define LINK_BITS 64000u
#define FLOOD     8000u /* entries of some 230 bytes */
#define SETTLE_MS (20 * WORLD_MINUTE)
#define MOMENT_MS (2 * WORLD_SECOND)
#define STEP_MS   100u
#define BULK      (SG_SMALL_ENTRIES_MAX + 8u)
#define BULKS     2u  /* who file so many */
#define NODES_MAX 64u /* whose entries are looked for */
/* Of three links, the longest way: a package of two seconds that is under way,
 * a turn of the flooding writer, the package itself, three times the latency
 * and two commits; a second more, since those that file much share it. */
#define BOUND_MS (3 * (2000 + 2048 + 100 + 3 * 305 + 2 * 40 + 1000))

static bool takes_part(const struct world *world, const struct node *node)
{
    const struct disk_log *own;

    if (!node->is_up || !check_is_demanded(node) || node->malice.spawns)
        return false;
    own = disk_own(&node->disk);
    return own != NULL && !own->is_forked &&
           !oracle_find(&world->oracle, &own->id)->is_forked;
}

/* Says whether all who take part have entry INDEX of LOG. */
static bool is_everywhere(const struct world *world,
                          const struct sg_log_id *log, uint64_t index)
{
    for (uint32_t i = 1; i < world->n_originals; i++) {
        const struct disk_log *mine;

        if (!takes_part(world, &world->nodes[i]))
            continue;
        mine = disk_find(&world->nodes[i].disk, log, 0);
        if (mine == NULL || mine->n_slots <= index)
            return false;
    }
    return true;
}

static struct node *find_flooder(struct world *world)
{
    for (uint32_t i = 2; i < world->n_originals; i++)
        if (takes_part(world, &world->nodes[i]))
            return &world->nodes[i];
    return NULL;
}

/* Audits wait for everything else: not even the flooder's own records are
 * late when it floods its log of audits. */
static bool floods_audits(const struct world *world)
{
    return world->options.seed % 2 == 0;
}

/* An entry that is to reach everybody. */
struct parcel {
    uint32_t writer;
    struct sg_log_id log;
    uint64_t index;
    uint64_t took_ms; /* 0: not there yet */
};

static size_t file_all(struct world *world, const struct node *flooder,
                       struct parcel *parcels)
{
    size_t n = 0;

    for (uint32_t i = 1; i < world->n_originals && n < NODES_MAX; i++) {
        struct node *node = &world->nodes[i];
        uint64_t count = n < BULKS ? BULK : 1;

        if ((node == flooder && !floods_audits(world)) ||
            !takes_part(world, node))
            continue;
        parcels[n++] = (struct parcel){
            .writer = i,
            .log = disk_own(&node->disk)->id,
            .index = disk_own(&node->disk)->n_slots + count - 1,
        };
        store_submit(world, node, count);
    }
    return n;
}

void check_quota(struct world *world)
{
    struct parcel parcels[NODES_MAX];
    struct node *flooder;
    uint64_t began;
    size_t n, left;

    for (uint32_t i = 0; i < world->n_links; i++)
        world->links[i].bits = LINK_BITS;
    net_shut_all(world);
    world_run_until(world, world->now_ms + SETTLE_MS);
    flooder = find_flooder(world);
    if (flooder == NULL)
        return;
    if (floods_audits(world))
        store_audit(world, flooder, FLOOD);
    else
        store_submit(world, flooder, FLOOD);
    world_run_until(world, world->now_ms + MOMENT_MS);
    began = world->now_ms;
    left = n = file_all(world, flooder, parcels);
    while (left > 0 && world->now_ms - began <= 4 * BOUND_MS) {
        world_run_until(world, world->now_ms + STEP_MS);
        for (size_t i = 0; i < n; i++) {
            if (parcels[i].took_ms != 0 ||
                !is_everywhere(world, &parcels[i].log, parcels[i].index))
                continue;
            parcels[i].took_ms = world->now_ms - began;
            left--;
        }
    }
    for (size_t i = 0; i < n; i++)
        check_fact(world, CHECK_QUOTA, parcels[i].writer, &parcels[i].log,
                   parcels[i].took_ms != 0 &&
                       parcels[i].took_ms <= 2 * BOUND_MS,
                   parcels[i].took_ms, BOUND_MS);
}
