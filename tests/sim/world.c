#include "tests/sim/world.h"

#include <string.h>

#include "storage/base/check.h"
#include "tests/sim/authority.h"
#include "tests/sim/check.h"
#include "tests/sim/courier.h"
#include "tests/sim/healed.h"
#include "tests/sim/memory.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/random.h"
#include "tests/sim/secret.h"

#define BITS_MAX      UINT64_C(100000000)
#define BEGIN_SECONDS UINT64_C(1751302800)
/* Nodes below one hub, where there are too many for the centre alone. */
#define GROUP_NODES 28u
/* Logs beyond one a node and another after a restored backup: of who opens more
 * than he may, and branches. */
#define LOGS_SPARE 512u
/* Records that an officer saves together. */
#define SUBMIT_COUNT 2u

/* Whoever compares heads seldom has a metered link, and asks as seldom whether
 * the peer is still there. */
#define SELDOM_MS (10 * WORLD_MINUTE)
#define PING_MS   (15 * WORLD_MINUTE)

uint64_t world_ping_ms(const struct world *world)
{
    return world->interval_ms < SELDOM_MS ? world->interval_ms : PING_MS;
}

bool world_has(const struct world *world, enum nemesis nemesis)
{
    return world->nemesis[nemesis] && !world->is_healed;
}

void world_trace(struct world *world, uint32_t node, const char *what,
                 const struct sg_log_id *log, uint64_t a, uint64_t b,
                 uint64_t c)
{
    trace_line(&world->trace, world->now_ms, node, what, log, a, b, c);
}

uint64_t world_seconds(const struct world *world, const struct node *node)
{
    int64_t seconds =
        (int64_t)(BEGIN_SECONDS + world->now_ms / 1000) + node->clock_off;

    return seconds > 0 ? (uint64_t)seconds : 0;
}

void world_later(struct world *world, uint64_t delay_ms, enum queue_kind kind,
                 uint32_t node, uint64_t a, uint64_t b, void *pointer)
{
    queue_put(&world->queue,
              (struct queue_event){.at = world->now_ms + delay_ms,
                                   .kind = kind,
                                   .node = node,
                                   .a = a,
                                   .b = b,
                                   .pointer = pointer});
}

/* --- Making ------------------------------------------------------------------
 */

struct link *world_link(struct world *world, uint32_t a, uint32_t b)
{
    struct link *link = &world->links[world->n_links];

    SG_ASSERT(world->n_links < WORLD_LINKS_MAX);
    world->n_links++;
    /* One number after the other: a list of members has no order. */
    *link = (struct link){.node = {a, b}, .is_up = {true, true}};
    link->bits = UINT64_C(64000) << sg_prng_below(&world->prng, 12);
    if (link->bits > BITS_MAX)
        link->bits = BITS_MAX;
    link->latency_ms = 5 + sg_prng_below(&world->prng, 300);
    return link;
}

static void join(struct world *world, uint32_t a, uint32_t b)
{
    struct node *node = &world->nodes[a];

    if (a == b || net_link(world, a, b) != NULL)
        return;
    (void)world_link(world, a, b);
    for (int i = 0; i < 2; i++) {
        node->peers = memory_room(node->peers, node->n_peers + 1,
                                  &node->peers_room, sizeof *node->peers);
        node->peers[node->n_peers++] = i == 0 ? b : a;
        node = &world->nodes[b];
    }
}

/* Whom node I of a registry of N calls for everything: the centre; in a large
 * registry, the first of its group, who calls the centre. */
static uint32_t hub_of(uint32_t i, uint32_t n)
{
    uint32_t first = 2 + (i - 2) / GROUP_NODES * GROUP_NODES;

    return n <= 2 * GROUP_NODES || first == i ? 1 : first;
}

/* Everybody has a link to the centre or a hub and to two neighbours. */
static void lay_links(struct world *world)
{
    join(world, 0, 1);
    for (uint32_t i = 2; i < world->n_originals; i++) {
        join(world, hub_of(i, world->n_originals), i);
        join(world, i, i + 1 < world->n_originals ? i + 1 : 2);
        if (sg_prng_chance(&world->prng, 300))
            join(world, i,
                 2 + (uint32_t)sg_prng_below(&world->prng,
                                             world->n_originals - 2));
    }
}

static void make_node(struct world *world, uint32_t number)
{
    struct node *node = &world->nodes[number];
    uint8_t seed[SG_KEY_SIZE], database[16];

    *node = (struct node){
        .number = number,
        .identity = number,
        .role = number == 0   ? 1
                : number == 1 ? 2
                              : 3,
        .fingerprint = sg_prng_u64(&world->prng),
        .is_honest = true,
        .per_day = number == 0 ? 0 : world->options.per_day,
        .wants = {SG_SYNC_PAYLOADS_ALL, SG_SYNC_PAYLOADS_ALL, 0, {{{0}}}},
    };
    secret_key(&world->prng, seed);
    sg_prng_bytes(&world->prng, database, sizeof database);
    sg_crypto_sign_keypair(seed, &node->key, node->public_key);
    secret_key(&world->prng, node->transport_secret);
    sg_crypto_x25519_public(node->transport_secret, node->transport_public);
    disk_init(&node->disk, database, node->fingerprint);
}

/* Every node has joined: it begins with what the authority has said. */
static void hand_out(struct world *world)
{
    const struct disk_log *said = disk_own(&world->nodes[0].disk);

    for (uint32_t i = 1; i < world->n_originals; i++) {
        struct disk_op op = {.kind = SG_EFFECT_WRITE_PACKAGE,
                             .core = said->core,
                             .id = said->id,
                             .slots = said->slots,
                             .count = said->n_slots,
                             .known = said->known};

        SG_ASSERT(disk_apply(&world->nodes[i].disk, &world->registry, &op) ==
                  SG_OK);
    }
}

struct world *world_new(const struct world_options *options)
{
    struct world *world = memory_new(sizeof *world);

    world->options = *options;
    world->trace.prints = options->prints;
    sg_prng_init(&world->prng, options->seed);
    random_seed(options->seed);
    SG_ASSERT(sg_seal_sealer_new(&world->sealer) == SG_OK);
    world->n_nodes = world->n_originals = options->nodes;
    world->nodes =
        memory_new((options->nodes + WORLD_TWINS_MAX) * sizeof *world->nodes);
    world->links = memory_new(WORLD_LINKS_MAX * sizeof *world->links);
    for (uint32_t i = 0; i < world->n_originals; i++)
        make_node(world, i);
    authority_found(world);
    pool_init(&world->pool, &world->registry);
    lay_links(world);
    world->end_at = options->days * WORLD_DAY;
    world->interval_ms = options->interval_ms;
    world->logs_max = LOGS_SPARE + 2 * options->nodes;
    return world;
}

static void node_free(struct world *world, struct node *node)
{
    node_crash(world, node);
    disk_clear(&node->disk);
    if (node->has_backup)
        disk_clear(&node->backup);
    memory_free(node->peers);
    memory_free(node->seen);
}

void world_free(struct world *world)
{
    for (uint32_t i = 0; i < world->n_nodes; i++)
        node_free(world, &world->nodes[i]);
    queue_clear(&world->queue, net_free);
    pool_clear(&world->pool);
    sg_seal_sealer_free(world->sealer);
    oracle_clear(&world->oracle);
    sg_buf_clear(&world->authority.genesis);
    memory_free(world->nodes);
    memory_free(world->links);
    memory_free(world);
}

/* --- Running
 * ------------------------------------------------------------------ */

static void submit(struct world *world, struct node *node)
{
    uint64_t mean = WORLD_DAY * SUBMIT_COUNT / node->per_day;

    if (world->now_ms < world->end_at) {
        store_submit(world, node, SUBMIT_COUNT);
        store_audit(world, node, 1);
        if (node->is_revoked && node->is_up)
            world->changed[NEMESIS_BACKDATE]++;
    }
    if (!node->is_revoked || world->nemesis[NEMESIS_BACKDATE])
        world_later(world, 1 + sg_prng_below(&world->prng, 2 * mean),
                    QUEUE_SUBMIT, node->number, 0, 0, NULL);
}

static void authority_day(struct world *world)
{
    if (world->now_ms >= world->end_at)
        return; /* nothing is written any more: all is to become equal */
    authority_speak(world, AUTHORITY_BEAT);
    world_later(world, WORLD_DAY, QUEUE_AUTHORITY, 0, 0, 0, NULL);
}

static void handle(struct world *world, const struct queue_event *event)
{
    struct node *node =
        event->node < world->n_nodes ? &world->nodes[event->node] : NULL;
    bool is_same = node != NULL && node->is_up && event->a == node->generation;

    switch (event->kind) {
    case QUEUE_TICK:
        node_tick(world, node, event->a);
        return;
    case QUEUE_DELIVER:
        net_deliver(world, event->pointer);
        return;
    case QUEUE_OPEN:
        net_open(world, event->pointer);
        return;
    case QUEUE_DIALLED:
        if (node->is_up && event->b == node->generation)
            net_dialled(world, node, event->a);
        return;
    case QUEUE_COMMIT:
        if (is_same)
            store_committed(world, node);
        return;
    case QUEUE_MARK:
        if (is_same)
            store_marked(world, node, event->b != 0);
        return;
    case QUEUE_READ:
        if (is_same)
            store_readied(world, node, event->pointer);
        else
            memory_free(event->pointer);
        return;
    case QUEUE_SUBMIT:
        submit(world, node);
        return;
    case QUEUE_CRASH:
        if (is_same)
            store_fail(world, node);
        return;
    case QUEUE_START:
        if (!world->is_healed || event->node < world->n_originals)
            node_start(world, node);
        return;
    case QUEUE_NEMESIS:
        nemesis_act(world, event->node, event->a);
        return;
    case QUEUE_LINK:
        nemesis_link(world, event->a, event->b);
        return;
    case QUEUE_STICK:
        courier_arrive(world, event->pointer);
        return;
    case QUEUE_TAKING:
        if (is_same && node->taking != NULL)
            taking_go_on(world, node);
        return;
    case QUEUE_AUTHORITY:
        authority_day(world);
        return;
    case QUEUE_CHECK:
        check_roots(world);
        world_later(world, 10 * WORLD_DAY, QUEUE_CHECK, TRACE_NO_NODE, 0, 0,
                    NULL);
        return;
    }
}

void world_run_until(struct world *world, uint64_t until)
{
    struct queue_event event;

    while (queue_take(&world->queue, &event)) {
        if (event.at > until) {
            queue_put(&world->queue, event);
            break;
        }
        world->now_ms = event.at;
        handle(world, &event);
    }
    world->now_ms = until;
}

static void begin(struct world *world)
{
    node_start(world, &world->nodes[0]);
    authority_admit_all(world);
    world_run_until(world, WORLD_MINUTE);
    hand_out(world);
    for (uint32_t i = 1; i < world->n_originals; i++) {
        world_later(world, sg_prng_below(&world->prng, WORLD_HOUR), QUEUE_START,
                    i, 0, 0, NULL);
        world_later(world, WORLD_HOUR + sg_prng_below(&world->prng, WORLD_DAY),
                    QUEUE_SUBMIT, i, 0, 0, NULL);
    }
    world_later(world, WORLD_DAY, QUEUE_AUTHORITY, 0, 0, 0, NULL);
    world_later(world, 10 * WORLD_DAY, QUEUE_CHECK, TRACE_NO_NODE, 0, 0, NULL);
    nemesis_begin(world);
}

uint64_t world_run(struct world *world)
{
    begin(world);
    world_run_until(world, world->end_at);
    healed_run(world);
    world_run_until(world, world->now_ms + 4 * world->interval_ms);
    check_cuts(world);
    check_erased(world);
    check_filled(world);
    check_trusts(world);
    check_forks(world);
    check_roots(world);
    for (uint32_t i = 0; i < world->n_nodes; i++)
        check_started(world, &world->nodes[i]);
    if (world->nemesis[NEMESIS_FLOOD])
        check_quota(world);
    return world->oracle.violations;
}
