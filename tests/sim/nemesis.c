/* Nemeses: what makes trouble, when, and for how long. */
#include "tests/sim/nemesis.h"

#include <string.h>

#include "tests/sim/authority.h"
#include "tests/sim/check.h"
#include "tests/sim/courier.h"
#include "tests/sim/memory.h"

/* Short runs have as much trouble as one of so many days. */
#define USUAL_DAYS 67u

/* Mean days between two acts of a nemesis that acts; 0: it only is. */
static const unsigned days_between[NEMESIS_COUNT] = {
    [NEMESIS_ONE_WAY] = 6,  [NEMESIS_PARTITION] = 8, [NEMESIS_CRASH] = 4,
    [NEMESIS_FULL] = 10,    [NEMESIS_ROT] = 2,       [NEMESIS_CLONE] = 25,
    [NEMESIS_RESTORE] = 12, [NEMESIS_CLOCK] = 10,    [NEMESIS_EQUIVOCATE] = 30,
    [NEMESIS_FLOOD] = 10,   [NEMESIS_EPOCHS] = 10,   [NEMESIS_REVOKE] = 25,
    [NEMESIS_ROTATE] = 40,  [NEMESIS_MINOR] = 1,     [NEMESIS_BACKDATE] = 5,
    [NEMESIS_BUNDLE] = 1,   [NEMESIS_ERASE] = 3,     [NEMESIS_WANTS] = 3,
};

static uint64_t random_ms(struct world *world, uint64_t from, uint64_t to)
{
    return from + sg_prng_below(&world->prng, to - from + 1);
}

/* Any node but the authority's and, unless WITH_CENTRE, the centre's. */
static struct node *pick(struct world *world, bool with_centre)
{
    uint32_t first = with_centre ? 1 : 2;

    return &world->nodes[first + sg_prng_below(&world->prng,
                                               world->n_originals - first)];
}

static void again(struct world *world, enum nemesis nemesis)
{
    uint64_t mean = days_between[nemesis] * WORLD_DAY;

    if (world->end_at < USUAL_DAYS * WORLD_DAY)
        mean = days_between[nemesis] * world->end_at / USUAL_DAYS;
    if (mean > 0)
        world_later(world, random_ms(world, mean / 4, mean * 7 / 4),
                    QUEUE_NEMESIS, TRACE_NO_NODE, (uint64_t)nemesis, 0, NULL);
}

/* --- At the beginning ----------------------------------------------------- */

static void choose_malice(struct world *world)
{
    struct node *node;

    if (world->nemesis[NEMESIS_WITHHOLD]) {
        node = pick(world, false);
        node->malice.withholds = true;
        node->is_honest = false;
    }
    if (world->nemesis[NEMESIS_LIE]) {
        node = pick(world, false);
        node->malice.lies = true;
        node->is_honest = false;
    }
    if (world->nemesis[NEMESIS_FLOOD])
        pick(world, false)->malice.floods = true;
    if (world->nemesis[NEMESIS_EPOCHS]) {
        node = pick(world, false);
        node->malice.spawns = true;
        node->is_honest = false;
    }
}

static void choose_links(struct world *world)
{
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];

        if (world->nemesis[NEMESIS_LOSS] && sg_prng_chance(&world->prng, 500))
            link->loss = 10 + (unsigned)sg_prng_below(&world->prng, 290);
        if (world->nemesis[NEMESIS_SLOW] && sg_prng_chance(&world->prng, 400)) {
            link->bits = 2000 + sg_prng_below(&world->prng, 62000);
            world->changed[NEMESIS_SLOW]++;
        }
    }
}

void nemesis_begin(struct world *world)
{
    bool is_short = world->end_at < USUAL_DAYS * WORLD_DAY / 4;

    for (int i = 0; i < NEMESIS_COUNT; i++) {
        world->nemesis[i] = sg_prng_chance(&world->prng, 400);
        if (world->options.only != 0)
            world->nemesis[i] = (world->options.only >> i & 1) != 0;
        if (world->options.is_quiet)
            world->nemesis[i] = false;
    }
    world->crash_permille =
        1 + (unsigned)sg_prng_below(&world->prng, is_short ? 30 : 10);
    choose_malice(world);
    choose_links(world);
    for (uint32_t i = 2; i < world->n_originals; i++)
        world->nodes[i].is_later_minor =
            world->nemesis[NEMESIS_MINOR] && sg_prng_chance(&world->prng, 300);
    for (int i = 0; i < NEMESIS_COUNT; i++)
        if (world->nemesis[i])
            again(world, (enum nemesis)i);
}

/* --- Links ------------------------------------------------------------------
 */

enum link_word {
    LINK_UP_FORTH = 1,
    LINK_UP_BACK = 2,
};

void nemesis_link(struct world *world, uint64_t number, uint64_t what)
{
    struct link *link = &world->links[number];

    if ((what & LINK_UP_FORTH) != 0)
        link->is_up[0] = true;
    if ((what & LINK_UP_BACK) != 0)
        link->is_up[1] = true;
    world_trace(world, link->node[0], "link", NULL, link->node[1], what, 0);
}

static void cut(struct world *world, uint32_t number, bool one_way,
                uint64_t for_ms)
{
    struct link *link = &world->links[number];
    unsigned side = (unsigned)sg_prng_below(&world->prng, 2);

    link->is_up[side] = false;
    if (!one_way)
        link->is_up[1 - side] = false;
    world_trace(world, link->node[0], "cut", NULL, link->node[1], one_way,
                for_ms);
    world_later(world, for_ms, QUEUE_LINK, TRACE_NO_NODE, number,
                LINK_UP_FORTH | LINK_UP_BACK, NULL);
}

uint64_t nemesis_span(struct world *world)
{
    uint64_t ms = WORLD_MINUTE;
    uint64_t left = world->end_at - world->now_ms;

    for (unsigned i = 0; i < 16 && sg_prng_chance(&world->prng, 880); i++)
        ms *= 2;
    ms = random_ms(world, ms / 2, ms * 4 / 3);
    ms = ms < 60 * WORLD_DAY ? ms : 60 * WORLD_DAY;
    return ms < left + 1 ? ms : left + 1;
}

static void partition(struct world *world)
{
    uint64_t for_ms = nemesis_span(world);
    uint32_t half =
        1 + (uint32_t)sg_prng_below(&world->prng, world->n_originals - 1);
    bool isolates = sg_prng_chance(&world->prng, 600);

    for (uint32_t i = 0; i < world->n_links; i++) {
        const struct link *link = &world->links[i];
        bool a = isolates ? link->node[0] == half : link->node[0] < half;
        bool b = isolates ? link->node[1] == half : link->node[1] < half;

        if (a != b)
            cut(world, i, false, for_ms);
    }
}

/* --- Disks
 * -------------------------------------------------------------------- */

static void tell_full(struct world *world, struct node *node, bool is_full)
{
    struct sg_event event = {.kind = SG_EVENT_FULL, .is_full = is_full};

    node->disk.is_full = is_full;
    world_trace(world, node->number, "full", NULL, is_full, 0, 0);
    node_step(world, node, &event);
    if (is_full)
        world_later(world, random_ms(world, WORLD_MINUTE, 3 * WORLD_DAY),
                    QUEUE_NEMESIS, node->number, NEMESIS_FULL, 0, NULL);
}

static void rot(struct world *world, struct node *node)
{
    struct disk_log *log;
    struct disk_slot *slot;

    if (node->disk.n_logs == 0)
        return;
    log = node->disk.logs[sg_prng_below(&world->prng, node->disk.n_logs)];
    if (log->n_slots < 3)
        return;
    slot = &log->slots[2 + sg_prng_below(&world->prng, log->n_slots - 2)];
    if (slot->state == SG_PAYLOAD_PRESENT &&
        slot->place->entry.kind == SG_ENTRY_SEALED)
        slot->is_rotten = true;
    world_later(world, random_ms(world, WORLD_MINUTE, WORLD_DAY), QUEUE_NEMESIS,
                node->number, NEMESIS_ROT, 0, NULL);
}

/* The disk, high-water file and all, goes on in another machine. */
static void move_disk(struct world *world, struct node *node)
{
    node_crash(world, node);
    node->fingerprint = sg_prng_u64(&world->prng);
    world->changed[NEMESIS_CLONE]++;
    world_later(world, random_ms(world, WORLD_MINUTE, WORLD_DAY), QUEUE_START,
                node->number, 0, 0, NULL);
}

/* All links of NODE are down for a while. */
static void isolate(struct world *world, const struct node *node)
{
    uint64_t for_ms = nemesis_span(world);

    for (uint32_t i = 0; i < world->n_links; i++)
        if (world->links[i].node[0] == node->number ||
            world->links[i].node[1] == node->number)
            cut(world, i, false, for_ms);
}

static void restore(struct world *world, struct node *node)
{
    struct disk restored;
    struct disk_mark marks[2];

    for (uint32_t i = 0; i < world->n_originals; i++)
        if (world->nodes[i].has_backup)
            node = &world->nodes[i];
    if (!node->has_backup) {
        disk_copy(&node->disk, true, &node->backup);
        node->has_backup = true;
        node->backup_at = world->now_ms;
        return;
    }
    if (sg_prng_chance(&world->prng, 500))
        isolate(world, node); /* it writes before it meets anybody */
    node_crash(world, node);
    memcpy(marks, node->disk.marks, sizeof marks);
    disk_copy(&node->backup, true, &restored);
    disk_clear(&node->disk);
    node->disk = restored;
    disk_clear(&node->backup);
    node->has_backup = false;
    if (sg_prng_chance(&world->prng, 500))
        memcpy(node->disk.marks, marks, sizeof marks);
    sg_prng_bytes(&world->prng, node->disk.database,
                  sizeof node->disk.database);
    check_forget(node);
    for (size_t i = 0; i < world->oracle.n_acks; i++)
        if (world->oracle.acks[i].node == node->number &&
            world->oracle.acks[i].at_ms >= node->backup_at)
            world->oracle.acks[i].is_lost = true;
    world->changed[NEMESIS_RESTORE]++;
    world_trace(world, node->number, "restore", NULL, 0, 0, 0);
    world_later(world, random_ms(world, WORLD_MINUTE, WORLD_DAY), QUEUE_START,
                node->number, 0, 0, NULL);
}

/* A second machine with the same key and the same disk, which nothing tells
 * from the first. */
static void equivocate(struct world *world, struct node *node)
{
    struct node *twin;

    if (world->n_nodes == world->n_originals + WORLD_TWINS_MAX ||
        node->malice.spawns || node->is_revoked || !node->is_up)
        return;
    twin = &world->nodes[world->n_nodes];
    *twin = (struct node){
        .number = world->n_nodes++,
        .identity = node->number,
        .key = node->key,
        .role = node->role,
        .fingerprint = node->fingerprint,
        .per_day = node->per_day,
        .wants = node->wants,
    };
    memcpy(twin->public_key, node->public_key, SG_KEY_SIZE);
    memcpy(twin->transport_secret, node->transport_secret, SG_KEY_SIZE);
    memcpy(twin->transport_public, node->transport_public, SG_KEY_SIZE);
    memcpy(twin->certificate, node->certificate, SG_CERTIFICATE_SIZE);
    twin->peers = memory_copy(node->peers, node->n_peers * sizeof *node->peers);
    twin->n_peers = node->n_peers;
    for (size_t i = 0; i < twin->n_peers; i++)
        world_link(world, twin->number, twin->peers[i]);
    disk_copy(&node->disk, false, &twin->disk);
    oracle_cloned(&world->oracle, node->number, twin->number);
    world_trace(world, twin->number, "twin", NULL, node->number, 0, 0);
    world_later(world, WORLD_HOUR, QUEUE_START, twin->number, 0, 0, NULL);
    world_later(world, WORLD_HOUR + 1, QUEUE_SUBMIT, twin->number, 0, 0, NULL);
}

/* --- Acting
 * -------------------------------------------------------------------- */

static void flood(struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        struct node *node = &world->nodes[i];

        if (!node->malice.floods || !node->is_up)
            continue;
        store_submit(world, node, node->per_day * 100);
        world->changed[NEMESIS_FLOOD]++;
    }
}

static void spawn(struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        struct node *node = &world->nodes[i];

        if (!node->malice.spawns || !node->is_up)
            continue;
        store_new_epoch(world, node);
        world->changed[NEMESIS_EPOCHS]++;
    }
}

static void chatter(struct world *world)
{
    for (uint32_t i = 0; i < world->n_originals; i++) {
        struct node *node = &world->nodes[i];
        uint32_t slot = (uint32_t)sg_prng_below(&world->prng, WORLD_SLOTS);

        for (uint32_t j = 0; j < WORLD_SLOTS && node->is_later_minor &&
                             node->sessions[slot].connection == NULL;
             j++)
            slot = (slot + 1) % WORLD_SLOTS;
        if (!node->is_later_minor || node->sessions[slot].connection == NULL)
            continue;
        net_send(world, node, slot, (enum sg_message_type)120,
                 sg_bytes("later", 5));
        world->changed[NEMESIS_MINOR]++;
    }
}

static void off_clock(struct world *world, struct node *node)
{
    uint64_t seconds = 60;

    for (unsigned i = 0; i < 25 && sg_prng_chance(&world->prng, 900); i++)
        seconds *= 2;
    node->clock_off = (int64_t)seconds;
    if (sg_prng_chance(&world->prng, 500))
        node->clock_off = -node->clock_off;
    world->changed[NEMESIS_CLOCK]++;
    world_trace(world, node->number, "clock", NULL, seconds,
                node->clock_off < 0, 0);
}

static void want_less(struct world *world, struct node *node)
{
    if (!node->is_up)
        return;
    if (node->wants.records != SG_SYNC_PAYLOADS_ALL)
        node_want(world, node, SG_SYNC_PAYLOADS_ALL);
    else if (sg_prng_chance(&world->prng, 500))
        node_want(world, node, SG_SYNC_PAYLOADS_SCOPES);
    else
        node_want(world, node, SG_SYNC_PAYLOADS_NONE);
}

/* What the authority says; the gravest of it often while some are cut off, who
 * then hear of it much later. */
static void act_of_authority(struct world *world, enum nemesis nemesis)
{
    if (nemesis == NEMESIS_ERASE) {
        authority_speak(world, AUTHORITY_ERASE);
        return;
    }
    if (sg_prng_chance(&world->prng, 700))
        partition(world);
    authority_speak(world, nemesis == NEMESIS_REVOKE ? AUTHORITY_REVOKE
                                                     : AUTHORITY_ROTATE);
}

static void act(struct world *world, enum nemesis nemesis)
{
    struct node *node = pick(world, true);
    uint32_t link;

    switch (nemesis) {
    case NEMESIS_ONE_WAY:
        world->changed[nemesis]++;
        link = (uint32_t)sg_prng_below(&world->prng, world->n_links);
        cut(world, link, true, nemesis_span(world));
        return;
    case NEMESIS_PARTITION:
        world->changed[nemesis]++;
        partition(world);
        return;
    case NEMESIS_CRASH:
        store_fail(world, node);
        return;
    case NEMESIS_FULL:
        if (node->is_up)
            tell_full(world, node, true);
        return;
    case NEMESIS_ROT:
        rot(world, node);
        return;
    case NEMESIS_CLONE:
        move_disk(world, node);
        return;
    case NEMESIS_RESTORE:
        restore(world, pick(world, false));
        return;
    case NEMESIS_CLOCK:
        off_clock(world, node);
        return;
    case NEMESIS_EQUIVOCATE:
        equivocate(world, pick(world, false));
        return;
    case NEMESIS_FLOOD:
        flood(world);
        return;
    case NEMESIS_EPOCHS:
        spawn(world);
        return;
    case NEMESIS_REVOKE:
    case NEMESIS_ROTATE:
    case NEMESIS_ERASE:
        act_of_authority(world, nemesis);
        return;
    case NEMESIS_MINOR:
        chatter(world);
        if (sg_prng_chance(&world->prng, 100))
            authority_speak(world, AUTHORITY_LATER);
        return;
    case NEMESIS_WANTS:
        want_less(world, node);
        return;
    case NEMESIS_BUNDLE:
        courier_set_out(world);
        return;
    default:
        return;
    }
}

void nemesis_act(struct world *world, uint32_t node, uint64_t nemesis)
{
    if (node != TRACE_NO_NODE && nemesis == NEMESIS_ROT) {
        store_scrub(world, &world->nodes[node]);
        return;
    }
    if (node != TRACE_NO_NODE) { /* the end of an act */
        if (world->nodes[node].disk.is_full)
            tell_full(world, &world->nodes[node], false);
        return;
    }
    if (!world_has(world, (enum nemesis)nemesis))
        return;
    act(world, (enum nemesis)nemesis);
    again(world, (enum nemesis)nemesis);
}

void nemesis_heal(struct world *world)
{
    world->is_healed = true;
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];

        link->is_up[0] = link->is_up[1] = true;
        link->loss = 0;
        if (link->bits < 64000)
            link->bits = 64000;
    }
    /* Who withheld has drawn on his peers' credit for what he did not send: his
     * sessions would stand still for ever. */
    if (world->nemesis[NEMESIS_WITHHOLD])
        net_shut_all(world);
    /* Peers keep one session with a key: while a second machine has it, either
     * may be shut out. Somebody finds it and switches it off. */
    for (uint32_t i = world->n_originals; i < world->n_nodes; i++)
        node_crash(world, &world->nodes[i]);
    for (uint32_t i = 0; i < world->n_originals; i++) {
        struct node *node = &world->nodes[i];

        if (node->disk.is_full)
            tell_full(world, node, false);
        store_scrub(world, node);
        node_want(world, node, SG_SYNC_PAYLOADS_ALL);
        node->malice = (struct malice){.spawns = node->malice.spawns};
        node_start(world, node);
    }
}
