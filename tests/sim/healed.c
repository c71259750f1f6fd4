#include "tests/sim/healed.h"

#include "tests/sim/check.h"
#include "tests/sim/memory.h"
#include "tests/sim/nemesis.h"

/* How often it is looked whether it has come: a time is known so exactly. */
#define STEP_MS (10 * WORLD_SECOND)
/* The longest wait before a peer is called again, a call and a stage 1; and a
 * ping that is not answered. */
#define BACKOFF_MS (6 * WORLD_MINUTE)
#define SILENCE_MS (1 * WORLD_MINUTE)
#define BITS_MIN   UINT64_C(64000)

/* --- How far ---------------------------------------------------------------
 */

/* Marks what is reached from FROM through nodes that are demanded; returns the
 * steps to the farthest. */
static uint64_t reach(const struct world *world, uint32_t from, uint32_t *line,
                      uint64_t *steps)
{
    size_t n = 1;
    uint64_t most = 0;

    for (uint32_t i = 0; i < world->n_originals; i++)
        steps[i] = UINT64_MAX;
    line[0] = from;
    steps[from] = 0;
    for (size_t at = 0; at < n; at++) {
        const struct node *node = &world->nodes[line[at]];

        most = steps[line[at]];
        for (size_t i = 0; i < node->n_peers; i++) {
            uint32_t peer = node->peers[i];

            if (peer >= world->n_originals || steps[peer] != UINT64_MAX ||
                !check_is_demanded(&world->nodes[peer]))
                continue;
            steps[peer] = most + 1;
            line[n++] = peer;
        }
    }
    return most;
}

/* The longest of the shortest ways between two nodes that are demanded. */
static uint64_t diameter(const struct world *world)
{
    uint32_t *line = memory_new(world->n_originals * sizeof *line);
    uint64_t *steps = memory_new(world->n_originals * sizeof *steps);
    uint64_t most = 1;

    for (uint32_t i = 0; i < world->n_originals; i++) {
        uint64_t far = check_is_demanded(&world->nodes[i])
                           ? reach(world, i, line, steps)
                           : 0;

        most = far > most ? far : most;
    }
    memory_free(line);
    memory_free(steps);
    return most;
}

/* --- In touch --------------------------------------------------------------
 */

static bool is_open(const struct node *node, uint32_t slot)
{
    struct sg_sync_session_view view;

    return slot != SG_SYNC_NONE &&
           sg_sync_session(node->core, slot, &view) == SG_OK && view.in_stage2;
}

/* Says whether A has a session with B that both have. */
static bool are_in_touch(const struct node *a, const struct node *b)
{
    for (uint32_t i = 0; i < a->slots; i++) {
        const struct connection *connection = a->sessions[i].connection;
        unsigned other = 1 - a->sessions[i].side;

        if (connection != NULL && connection->node[other] == b->number &&
            is_open(a, i) && is_open(b, connection->slot[other]))
            return true;
    }
    return false;
}

/* Finds a node that is not in touch with a peer it has a link to. */
static const struct node *find_alone(const struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        const struct node *node = &world->nodes[i];

        for (size_t k = 0; k < node->n_peers && check_is_demanded(node); k++)
            if (node->peers[k] < world->n_originals &&
                check_is_demanded(&world->nodes[node->peers[k]]) &&
                (!node->is_up ||
                 !are_in_touch(node, &world->nodes[node->peers[k]])))
                return node;
    }
    return NULL;
}

/* --- The phases ------------------------------------------------------------
 */

static uint64_t since_healed(const struct world *world)
{
    return world->now_ms - world->healed_at;
}

/* Milliseconds that BYTES take on each link of a way of D. */
static uint64_t ms_of(uint64_t bytes, uint64_t d)
{
    return d * bytes * 8 * 1000 / BITS_MIN;
}

/* What is awaited: when it came, by when it has to; UINT64_MAX: not yet. */
struct awaited {
    uint64_t came_ms;
    uint64_t bound_ms;
};

static void look(struct world *world, struct awaited *awaited, bool is_there)
{
    if (awaited->came_ms == UINT64_MAX && is_there)
        awaited->came_ms = since_healed(world);
}

/* By the next look after the bound. */
static bool is_in_time(const struct awaited *awaited)
{
    return awaited->came_ms != UINT64_MAX &&
           awaited->came_ms <= awaited->bound_ms + STEP_MS;
}

void healed_run(struct world *world)
{
    struct awaited touch = {UINT64_MAX, 0};
    struct awaited cuts = touch, entries = touch, payloads = touch;
    uint64_t d = diameter(world), interval = world->interval_ms;
    uint64_t cut_ms, entry_ms;
    const struct node *alone;

    nemesis_heal(world);
    world->healed_at = world->now_ms;
    world_trace(world, TRACE_NO_NODE, "healed", NULL, world->records, d, 0);
    touch.bound_ms = world_ping_ms(world) + SILENCE_MS + BACKOFF_MS;
    cut_ms = d * interval + ms_of(check_lacking(world, true), d);
    entry_ms = 2 * d * interval + ms_of(check_lacking(world, false), d);
    do {
        alone = touch.came_ms == UINT64_MAX ? find_alone(world) : NULL;
        look(world, &touch, alone == NULL);
        look(world, &cuts, check_is_cut(world));
        look(world, &entries, check_is_equal(world));
        look(world, &payloads,
             entries.came_ms != UINT64_MAX && check_is_filled(world));
        if (touch.came_ms != UINT64_MAX && cuts.came_ms != UINT64_MAX &&
            payloads.came_ms != UINT64_MAX)
            break;
        world_run_until(world, world->now_ms + STEP_MS);
    } while (since_healed(world) <= touch.bound_ms + 2 * entry_ms);
    world->took_ms = since_healed(world);
    check_fact(world, CHECK_TOUCH,
               alone == NULL ? TRACE_NO_NODE : alone->number, NULL,
               is_in_time(&touch), touch.came_ms, touch.bound_ms);
    if (touch.came_ms == UINT64_MAX)
        touch.came_ms = touch.bound_ms;
    cuts.bound_ms = touch.came_ms + cut_ms;
    entries.bound_ms = touch.came_ms + entry_ms;
    if (world->oracle.n_cuts > 0)
        check_fact(world, CHECK_REVOKED, TRACE_NO_NODE, NULL, is_in_time(&cuts),
                   cuts.came_ms, cuts.bound_ms);
    check_converged(world, is_in_time(&entries), entries.came_ms,
                    entries.bound_ms);
    world_trace(world, TRACE_NO_NODE, "equal", NULL, touch.came_ms,
                cuts.came_ms, entries.came_ms);
}
