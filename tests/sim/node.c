/* One node's process: the driver around a core, as the daemon's will be. */
#include <string.h>

#include "storage/base/check.h"
#include "tests/sim/authority.h"
#include "tests/sim/check.h"
#include "tests/sim/courier.h"
#include "tests/sim/memory.h"
#include "tests/sim/secret.h"
#include "tests/sim/world.h"

/* Steps of a node between two looks at its queues. */
#define BOUND_STEPS 8u
/* Of a thousand nodes each knows thousands of logs; a province's are fewer. */
#define FRONTIERS_MAX 1024u
/* The statements of a province's authority are for fewer nodes than these. */
#define PROVINCE_NODES 512u

/* --- Effects ------------------------------------------------------------ */

/* A liar damages one byte of what it sends, now and then. */
static void send(struct world *world, struct node *node,
                 const struct sg_effect *effect)
{
    struct sg_bytes body = effect->send.body;
    uint8_t *bytes;
    size_t at;

    if (node->malice.withholds && world_has(world, NEMESIS_WITHHOLD) &&
        effect->send.type == SG_MESSAGE_PACKAGE) {
        world->changed[NEMESIS_WITHHOLD]++;
        return;
    }
    if (!node->malice.lies || !world_has(world, NEMESIS_LIE) ||
        body.size == 0 || !sg_prng_chance(&world->prng, 100)) {
        net_send(world, node, effect->session, effect->send.type, body);
        return;
    }
    bytes = memory_copy(body.data, body.size);
    at = (size_t)sg_prng_below(&world->prng, body.size);
    bytes[at] ^= (uint8_t)(1u << sg_prng_below(&world->prng, 8));
    world->changed[NEMESIS_LIE]++;
    net_send(world, node, effect->session, effect->send.type,
             sg_bytes(bytes, body.size));
    memory_free(bytes);
}

static void alarm(struct world *world, struct node *node,
                  const struct sg_effect *effect)
{
    world_trace(world, node->number, "alarm", &effect->log,
                (uint64_t)effect->alarm, effect->session, 0);
    check_alarm(world, node, effect);
    if (effect->alarm == SG_SYNC_ALARM_OWN_FORK)
        store_new_epoch(world, node);
}

static void execute(struct world *world, struct node *node,
                    const struct sg_effect *effect)
{
    switch (effect->kind) {
    case SG_EFFECT_SEND:
        send(world, node, effect);
        return;
    case SG_EFFECT_CLOSE:
        world_trace(world, node->number, "close", NULL, effect->session,
                    (uint64_t)effect->close, 0);
        if (effect->session == node->slots)
            return; /* a stick's: nobody is there to be told */
        check_close(world, node, effect);
        net_close(world, node, effect->session, false);
        return;
    case SG_EFFECT_READ:
        store_read(world, node, effect);
        return;
    case SG_EFFECT_DIAL:
        net_dial(world, node, effect->dial);
        return;
    case SG_EFFECT_JUDGED:
        node->floor = sg_trust_floor(sg_sync_trust(node->core));
        check_roll(world, node);
        check_judged(world, node);
        return;
    case SG_EFFECT_BEHIND:
        world_trace(world, node->number, "behind", &effect->log,
                    effect->known.checkpoint.size, 0, 0);
        store_new_epoch(world, node);
        return;
    case SG_EFFECT_ALARM:
        alarm(world, node, effect);
        return;
    default:
        store_write(world, node, effect);
        return;
    }
}

/* --- Stepping ------------------------------------------------------------ */

static void wake_later(struct world *world, struct node *node)
{
    uint64_t at = sg_sync_deadline(node->core);

    if (at == UINT64_MAX || (node->tick_at != 0 && node->tick_at <= at))
        return;
    if (at < world->now_ms)
        at = world->now_ms;
    node->tick_at = at;
    world_later(world, at - world->now_ms, QUEUE_TICK, node->number,
                node->generation, at, NULL);
}

void node_event(struct sg_event *ret_event, enum sg_event_kind kind,
                uint32_t session)
{
    ret_event->kind = kind;
    ret_event->change = 0;
    ret_event->session = session;
}

void node_step(struct world *world, struct node *node, struct sg_event *event)
{
    static struct sg_effects effects; /* too large for a stack */

    if (!node->is_up)
        return;
    SG_ASSERT(!node->is_stepping);
    node->is_stepping = true;
    for (;;) {
        event->now_ms = world->now_ms;
        event->seconds = world_seconds(world, node);
        check_event(world, node, event,
                    sg_sync_step(node->core, event, &effects));
        for (size_t i = 0; i < effects.count; i++)
            execute(world, node, &effects.items[i]);
        if (!effects.more)
            break;
        node_event(event, SG_EVENT_TICK, 0);
    }
    node->is_stepping = false;
    if (node->steps++ % BOUND_STEPS == 0)
        check_bound(world, node);
    wake_later(world, node);
}

void node_tick(struct world *world, struct node *node, uint64_t generation)
{
    struct sg_event event;

    /* One that was put in before an earlier one is too late for its purpose. */
    if (generation != node->generation || !node->is_up ||
        node->tick_at != world->now_ms)
        return;
    node->tick_at = 0;
    node_event(&event, SG_EVENT_TICK, 0);
    node_step(world, node, &event);
}

/* --- Life ---------------------------------------------------------------- */

static struct sg_sync *make_core(struct world *world, struct node *node)
{
    struct sg_sync_peer peers[WORLD_SLOTS] = {0};
    struct sg_sync_config config = {
        .registry = world->registry,
        .key = &node->key,
        .sessions_max = node->slots + 1,
        .logs_max = world->logs_max,
        .frontiers_max = FRONTIERS_MAX,
        .trust_limits = world->options.nodes > PROVINCE_NODES
                            ? &sg_trust_limits_country
                            : NULL,
        .interval_ms = world->interval_ms,
        .metered_ms = world->interval_ms,
        .ping_ms = world_ping_ms(world),
        .cosigns = node->role == 2,
        .peers = peers,
        .n_peers = node->n_peers,
    };
    struct sg_sync *core = NULL;
    struct sg_buf chain;

    SG_ASSERT(node->slots < WORLD_SLOTS);
    authority_chain(world, &chain);
    config.chain = sg_buf_bytes(&chain);
    config.floor = node->floor;
    memcpy(config.certificate, node->certificate, sizeof config.certificate);
    memcpy(config.database, node->disk.database, sizeof config.database);
    sg_prng_bytes(&world->prng, config.seed, sizeof config.seed);
    for (size_t i = 0; i < node->n_peers; i++)
        peers[i].dial = node->number >= world->n_originals ||
                        node->number < node->peers[i]; /* nobody knows twins */
    SG_ASSERT(sg_sync_new(&config, &core) == SG_OK);
    sg_buf_clear(&chain);
    return core;
}

static void tell_wants(struct world *world, struct node *node)
{
    struct sg_event event = {.kind = SG_EVENT_WANTS, .wants = node->wants};

    node_step(world, node, &event);
}

void node_want(struct world *world, struct node *node,
               enum sg_sync_payloads what)
{
    if (node->wants.records == what)
        return;
    node->wants.records = node->wants.audits = what;
    node->wants.n_scopes = what == SG_SYNC_PAYLOADS_SCOPES;
    node->wants.scopes[0] = secret_scope(world, node->number);
    world_trace(world, node->number, "wants", NULL, (uint64_t)what, 0, 0);
    tell_wants(world, node);
}

static void load_core(struct world *world, struct node *node)
{
    struct sg_event event;

    for (size_t i = 0; i < node->disk.n_logs; i++) {
        node_event(&event, SG_EVENT_HEAD, 0);
        disk_head(node->disk.logs[i], &event.head);
        node_step(world, node, &event);
    }
    for (size_t i = 0; i < node->disk.n_memories; i++) {
        const struct disk_memory *memory = &node->disk.memories[i];

        event = (struct sg_event){.kind = SG_EVENT_MEMORY};
        memcpy(event.memory.node_key, memory->node_key, SG_KEY_SIZE);
        memcpy(event.memory.database_tag, memory->tag, SG_HELLO_TAG_SIZE);
        event.memory.change = memory->change;
        node_step(world, node, &event);
    }
    for (size_t i = 0; i < node->disk.n_logs; i++) {
        const struct disk_log *log = node->disk.logs[i];

        if (log->proof == NULL)
            continue;
        event = (struct sg_event){.kind = SG_EVENT_PROOF};
        event.proof = sg_bytes(log->proof, log->proof_size);
        node_step(world, node, &event);
    }
    tell_wants(world, node);
    event = (struct sg_event){.kind = SG_EVENT_START};
    node_step(world, node, &event);
    if (node->disk.is_full) {
        event = (struct sg_event){.kind = SG_EVENT_FULL, .is_full = true};
        node_step(world, node, &event);
    }
}

void node_start(struct world *world, struct node *node)
{
    if (node->is_up)
        return;
    node->generation++;
    /* A peer may call while his last call is not known to be dead. */
    node->slots = (uint32_t)node->n_peers * 3 / 2 + 4;
    node->tick_at = 0;
    node->is_committing = false;
    if (!store_open(world, node)) {
        world_later(world, WORLD_MINUTE, QUEUE_START, node->number, 0, 0, NULL);
        return;
    }
    world_trace(world, node->number, "up", NULL, node->generation, 0, 0);
    check_roll_anew(node);
    node->core = make_core(world, node);
    node->is_up = true;
    node->up_at = world->now_ms;
    load_core(world, node);
    check_started(world, node);
}

void node_crash(struct world *world, struct node *node)
{
    if (!node->is_up)
        return;
    world_trace(world, node->number, "down", NULL, node->generation, 0, 0);
    node->is_up = false;
    node->generation++;
    for (uint32_t i = 0; i < WORLD_SLOTS; i++)
        if (node->sessions[i].connection != NULL)
            net_close(world, node, i, true);
    taking_dies(world, node);
    sg_sync_free(node->core);
    node->core = NULL;
    disk_drop(&node->disk, node->disk.n_waiting);
    node->is_committing = false;
    node->asked_at = 0;
}
