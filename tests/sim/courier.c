#include "tests/sim/courier.h"

#include <string.h>

#include "storage/base/check.h"
#include "tests/sim/check.h"
#include "tests/sim/memory.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/secret.h"

#define EXPONENT     SG_BUNDLE_MAKE_EXPONENT_MIN
#define MESSAGES_MAX 512u

/* --- Plans -----------------------------------------------------------------
 */

struct sg_bundle_plan *courier_plan(struct world *world, struct node *node)
{
    struct sg_bundle_plan_config config = {
        .registry = world->registry,
        .trust = sg_sync_trust(node->core),
        .logs_max = world->logs_max,
    };
    struct sg_bundle_plan *plan;

    memcpy(config.certificate, node->certificate, sizeof config.certificate);
    SG_ASSERT(sg_bundle_plan_new(&config, &plan) == SG_OK);
    for (size_t i = 0; i < node->disk.n_logs; i++) {
        struct sg_sync_head head;

        disk_head(node->disk.logs[i], &head);
        SG_ASSERT(sg_bundle_plan_add(plan, &head) == SG_OK);
    }
    return plan;
}

/* Messages that are kept for the maker. */
struct kept {
    size_t n;
    struct sg_bundle_make_message items[MESSAGES_MAX];
};

static void keep(void *context, enum sg_message_type type, struct sg_bytes body)
{
    struct kept *kept = context;

    SG_ASSERT(kept->n < MESSAGES_MAX);
    kept->items[kept->n++] = (struct sg_bundle_make_message){
        type, sg_bytes(memory_copy(body.data, body.size), body.size)};
}

static void drop(struct kept *kept)
{
    for (size_t i = 0; i < kept->n; i++)
        memory_free((void *)(uintptr_t)kept->items[i].body.data);
}

/* --- Making ----------------------------------------------------------------
 */

/* A bundle in the making. */
struct work {
    struct world *world;
    struct node *node;
    struct node *to;
    struct stick *part; /* the last one begun */
    struct stick *parts[64];
    size_t n_parts;
};

/* Answers a READ of MAKE from NODE's disk. */
static void give(struct work *work, struct sg_bundle_make *make,
                 const struct sg_bundle_make_log *of,
                 const struct sg_bundle_turn *turn)
{
    struct sg_log_id id = sg_entry_log_id(&work->world->registry, &of->core);
    struct disk_log *log = disk_find(&work->node->disk, &id, 0);
    struct sg_effect effect = {.kind = SG_EFFECT_READ};
    struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX];
    struct sg_hash hashes[SG_FORK_HASHES_MAX];
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = 0, n_hashes = 0, n_ranges;

    SG_ASSERT(log != NULL);
    effect.read.first = turn->first;
    effect.read.to = turn->to;
    effect.read.size_max = turn->size_max;
    /* What has rotted is not held from then on: it is read without. */
    while (store_give(work->world, work->node, log, &effect, entries, &n) !=
           SG_OK)
        continue;
    if (turn->is_proof) {
        struct sg_frontier frontier;

        disk_frontier(log, turn->first, &frontier);
        n_hashes = sg_merkle_frontier_count(turn->first);
        memcpy(hashes, frontier.hashes, n_hashes * sizeof *hashes);
    }
    n_ranges =
        sg_merkle_plan_extension(turn->first + n, turn->prove_to, ranges);
    for (size_t i = 0; i < n_ranges; i++)
        hashes[n_hashes++] = disk_range(log, ranges[i].start, ranges[i].end);
    SG_ASSERT(sg_bundle_make_give(make, entries, n, hashes, n_hashes) == SG_OK);
}

static void write_part(struct work *work, const struct sg_bundle_turn *turn,
                       const struct sg_bundle_make_config *config)
{
    struct stick *part = work->part;

    if (turn->kind == SG_BUNDLE_TURN_HEADER) {
        SG_ASSERT(work->n_parts < 64);
        part = work->parts[work->n_parts++] = memory_new(sizeof *part);
        *part = (struct stick){.kind = config->kind,
                               .from = work->node->number,
                               .to = work->to->number,
                               .is_whole = true};
        work->part = part;
    }
    part->bytes =
        memory_room(part->bytes, part->size + turn->bytes.size, &part->room, 1);
    memcpy(part->bytes + part->size, turn->bytes.data, turn->bytes.size);
    part->size += turn->bytes.size;
}

/* What of the authority is on the stick, which has to be taken first. */
static void note_authority(struct work *work,
                           const struct sg_bundle_make_config *config)
{
    struct stick *part = work->parts[0];

    for (size_t i = 0; i < config->n_logs; i++)
        if (memcmp(config->logs[i].core.node_key,
                   work->world->nodes[0].public_key, SG_KEY_SIZE) == 0 &&
            part->n_authority < SESSION_AUTHORITY_MAX)
            part->authority[part->n_authority++] = (struct session_authority){
                sg_entry_log_id(&work->world->registry, &config->logs[i].core),
                config->logs[i].known.size};
}

/* Half of the bundles are for whoever gets hold of them. */
static size_t choose_readers(struct world *world, const struct node *to,
                             uint8_t (*ret_keys)[SG_KEY_SIZE])
{
    bool is_for_all = sg_prng_chance(&world->prng, 500);
    size_t n = 0;

    for (uint32_t i = 0; i < world->n_originals; i++)
        if ((is_for_all && n < SG_BUNDLE_DESTINATIONS_MAX) || i == to->identity)
            memcpy(ret_keys[n++], world->nodes[i].transport_public,
                   SG_KEY_SIZE);
    return n;
}

static void forget_parts(struct work *work)
{
    while (work->n_parts > 0)
        courier_free(work->parts[--work->n_parts]);
}

/* Returns false when something rotted between counting and writing: what was
 * counted is void, and it has to be made anew. */
static bool write_all(struct work *work,
                      const struct sg_bundle_make_config *config)
{
    struct sg_bundle_make *make;
    struct sg_bundle_turn turn;
    enum sg_err err;

    SG_ASSERT(sg_bundle_make_new(config, &make) == SG_OK);
    do {
        err = sg_bundle_make_next(make, &turn);
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_READ)
            give(work, make, &config->logs[turn.log], &turn);
        else if (err == SG_OK && turn.kind != SG_BUNDLE_TURN_DONE)
            write_part(work, &turn, config);
    } while (err == SG_OK && turn.kind != SG_BUNDLE_TURN_DONE);
    sg_bundle_make_free(make);
    SG_ASSERT(err == SG_OK || err == SG_ERR_STATE);
    return err == SG_OK;
}

static void run(struct work *work, struct sg_bundle_make_config *config)
{
    struct world *world = work->world;
    uint8_t(*keys)[SG_KEY_SIZE] = memory_new(world->n_originals * sizeof *keys);

    config->registry = world->registry;
    config->exponent = EXPONENT;
    if (sg_prng_chance(&world->prng, 500))
        config->part_size_max = 1; /* a piece a part */
    sg_prng_bytes(&world->prng, config->id, sizeof config->id);
    secret_key(&world->prng, config->key);
    memcpy(config->certificate, work->node->certificate, SG_CERTIFICATE_SIZE);
    config->node_key = &work->node->key;
    config->seconds = world_seconds(world, work->node);
    config->transport_keys = (const uint8_t(*)[SG_KEY_SIZE])keys;
    config->n_destinations = choose_readers(world, work->to, keys);
    while (!write_all(work, config))
        forget_parts(work);
    memory_free(keys);
    world_trace(world, work->node->number, "stick", NULL, work->to->number,
                (uint64_t)config->kind, work->n_parts);
}

/* --- Carrying --------------------------------------------------------------
 */

void courier_free(struct stick *stick)
{
    memory_free(stick->bytes);
    memory_free(stick->progress);
    memory_free(stick);
}

static struct stick *copy(const struct stick *stick)
{
    struct stick *twin = memory_copy(stick, sizeof *stick);

    twin->bytes = memory_copy(stick->bytes, stick->size);
    return twin;
}

static void carry(struct world *world, struct stick *stick)
{
    world_later(world, nemesis_span(world), QUEUE_STICK, stick->to, 0, 0,
                stick);
}

/* Cuts the end off, or flips a few bits. */
static void damage(struct world *world, struct stick *stick)
{
    unsigned flips = (unsigned)sg_prng_below(&world->prng, 4);

    stick->is_whole = false;
    if (flips == 0)
        stick->size = (size_t)sg_prng_below(&world->prng, stick->size);
    for (unsigned i = 0; i < flips; i++) {
        size_t at = (size_t)sg_prng_below(&world->prng, stick->size);

        stick->bytes[at] ^= (uint8_t)(1u << sg_prng_below(&world->prng, 8));
    }
}

/* The parts go each its own way. */
static void send(struct work *work)
{
    struct world *world = work->world;

    for (size_t i = 0; i < work->n_parts; i++) {
        struct stick *part = work->parts[i];

        check_seal(world, work->node->number,
                   sg_bytes(part->bytes, part->size));
        part->is_whole = work->n_parts == 1;
        if (world_has(world, NEMESIS_STICK_TWICE) &&
            sg_prng_chance(&world->prng, 400)) {
            world->changed[NEMESIS_STICK_TWICE]++;
            carry(world, copy(part));
        }
        if (world_has(world, NEMESIS_STICK_CUT) &&
            sg_prng_chance(&world->prng, 400))
            damage(world, part);
        carry(world, part);
    }
}

void courier_later(struct world *world, struct stick *stick)
{
    world_later(world, WORLD_HOUR, QUEUE_STICK, stick->to, 0, 0, stick);
}

/* A node makes and takes bundles when it has read its authority's logs. */
static bool is_ready(const struct world *world, const struct node *node)
{
    return node->is_up && world->now_ms >= node->up_at + WORLD_MINUTE;
}

void courier_arrive(struct world *world, struct stick *stick)
{
    struct node *node = &world->nodes[stick->to];

    if (!is_ready(world, node) || node->taking != NULL)
        courier_later(world, stick);
    else
        taking_begin(world, node, stick);
}

/* --- Trips -----------------------------------------------------------------
 */

void courier_answer(struct world *world, struct node *node, struct node *to,
                    struct sg_bundle_plan *plan, const uint8_t *request)
{
    struct sg_bundle_make_config config = {.kind = SG_BUNDLE_ENTRIES};
    struct work work = {.world = world, .node = node, .to = to};
    struct kept kept = {0};

    if (plan == NULL)
        plan = courier_plan(world, node);
    SG_ASSERT(sg_bundle_plan_authority(plan, keep, &kept) == SG_OK);
    for (size_t i = 0; i < node->disk.n_logs; i++) {
        const struct disk_log *log = node->disk.logs[i];

        if (log->proof != NULL)
            keep(&kept, SG_MESSAGE_FORK, sg_bytes(log->proof, log->proof_size));
    }
    sg_bundle_plan_proofs(plan, keep, &kept);
    config.messages = kept.items;
    config.n_messages = kept.n;
    config.logs = sg_bundle_plan_logs(plan, &config.n_logs);
    if (request != NULL)
        memcpy(config.request, request, sizeof config.request);
    run(&work, &config);
    note_authority(&work, &config);
    send(&work);
    drop(&kept);
    sg_bundle_plan_free(plan);
}

static void ask(struct world *world, struct node *node, struct node *to)
{
    struct sg_bundle_make_config config = {.kind = SG_BUNDLE_REQUEST};
    struct work work = {.world = world, .node = node, .to = to};
    struct sg_bundle_plan *plan = courier_plan(world, node);
    struct kept kept = {0};

    SG_ASSERT(sg_bundle_plan_request(plan, NULL, EXPONENT, keep, &kept) ==
              SG_OK);
    config.messages = kept.items;
    config.n_messages = kept.n;
    run(&work, &config);
    send(&work);
    drop(&kept);
    sg_bundle_plan_free(plan);
}

void courier_state(struct world *world, struct node *node, struct node *to)
{
    struct sg_bundle_make_config config = {.kind = SG_BUNDLE_STATEMENTS};
    struct work work = {.world = world, .node = node, .to = to};
    struct sg_bundle_plan *plan = courier_plan(world, node);
    struct kept kept = {0};

    sg_bundle_plan_statements(plan, &node->key, world_seconds(world, node),
                              keep, &kept);
    config.messages = kept.items;
    config.n_messages = kept.n;
    run(&work, &config);
    send(&work);
    drop(&kept);
    sg_bundle_plan_free(plan);
}

void courier_set_out(struct world *world)
{
    uint32_t n = world->n_originals;
    struct node *a = &world->nodes[sg_prng_below(&world->prng, n)];
    struct node *b = &world->nodes[sg_prng_below(&world->prng, n)];
    bool is_asked = sg_prng_chance(&world->prng, 500);

    if (a == b || !is_ready(world, a) || !is_ready(world, b))
        return;
    if (is_asked)
        ask(world, a, b);
    else
        courier_answer(world, a, b, NULL, NULL);
}
