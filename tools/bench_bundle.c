/* Bundles: how fast a stick's pieces are made of a log's entries, and how fast
 * a core that knows nothing takes them: pieces opened, packages verified,
 * entries handed to a store that keeps them in memory. */
#include <stdio.h>
#include <string.h>

#include "replication/bundle_make.h"
#include "replication/bundle_take.h"
#include "replication/chain.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tools/bench_store.h"

#define ENTRIES 100000u /* the opening and a content key among them */
/* A signed record, sealed (PROTOCOL.md section 9). */
#define PAYLOAD_SIZE 235u
#define LEVELS       17u /* complete subtrees below 2^17 entries */
#define EXPONENT     SG_BUNDLE_MAKE_EXPONENT_MIN
/* Issue 7: entries a second. */
#define GOAL 100000.0

struct work {
    struct sg_registry_id registry;
    struct sg_bytes genesis;
    struct sg_log_core core;
    struct sg_log_id id;
    struct sg_sign_key key;
    struct sg_checkpoint known;
    struct sg_entry *entries;
    uint8_t *payloads;
    struct sg_hash *nodes[LEVELS]; /* by level and position */
    struct sg_buf part;
    uint8_t transport[SG_KEY_SIZE], secret[SG_KEY_SIZE];
    struct sg_sync *sync;
    struct sg_effects effects;
    uint64_t ticket; /* last write; 0: all is durable */
    uint64_t change;
    struct sg_event reads[SG_EFFECTS_MAX];
    size_t n_reads;
    uint64_t held; /* by the taker */
};

/* --- The log -------------------------------------------------------------- */

static void note_node(void *context, unsigned level, uint64_t position,
                      const struct sg_hash *hash)
{
    struct work *work = context;

    SG_ASSERT(level < LEVELS);
    work->nodes[level][position] = *hash;
}

static enum sg_err make_entry(struct work *work,
                              const struct sg_entry_hasher *hasher, size_t i)
{
    static const uint8_t wraps[3 * 88];
    static uint8_t opening_bytes[SG_OPENING_SIZE_MAX];
    uint8_t *payload = work->payloads + i * PAYLOAD_SIZE;
    struct sg_opening opening = {.core = work->core};

    if (i == 0)
        return sg_entry_make(
            hasher, SG_ENTRY_OPENING, 0,
            sg_bytes(opening_bytes,
                     sg_entry_opening_encode(&opening, opening_bytes)),
            &work->entries[i]);
    if (i == 1)
        return sg_entry_make(hasher, SG_ENTRY_CONTENT_KEY, 0,
                             SG_BYTES_ARRAY(wraps), &work->entries[i]);
    memset(payload, (int)i, PAYLOAD_SIZE);
    sg_bytes_put_u64be(payload, i);
    return sg_entry_make(hasher, SG_ENTRY_SEALED, 1,
                         sg_bytes(payload, PAYLOAD_SIZE), &work->entries[i]);
}

static enum sg_err make_log(struct work *work)
{
    struct sg_frontier frontier = {.size = 0};
    struct sg_entry_hasher hasher;
    struct sg_hash root;

    work->id = sg_entry_log_id(&work->registry, &work->core);
    sg_entry_hasher_init(&hasher, &work->registry);
    for (size_t i = 0; i < ENTRIES; i++) {
        enum sg_err err = make_entry(work, &hasher, i);

        if (err != SG_OK)
            return err;
        work->nodes[0][i] = sg_entry_leaf(&work->entries[i]);
        sg_merkle_append(&frontier, &work->nodes[0][i], note_node, work);
    }
    root = sg_merkle_root(&frontier);
    sg_checkpoint_sign(&work->registry, &work->id, &work->key, ENTRIES, &root,
                       &work->known);
    return SG_OK;
}

/* --- Making ----------------------------------------------------------------
 */

/* The hash of a range of the tree, of subtrees that were kept. */
static struct sg_hash range_root(const struct work *work,
                                 const struct sg_merkle_range *range)
{
    struct sg_frontier frontier = {.size = range->end - range->start};
    uint64_t at = range->start;
    size_t n = 0;

    for (unsigned level = LEVELS; level-- > 0;) {
        if ((frontier.size >> level & 1u) == 0)
            continue;
        frontier.hashes[n++] = work->nodes[level][at >> level];
        at += UINT64_C(1) << level;
    }
    return sg_merkle_root(&frontier);
}

static enum sg_err answer(struct work *work, struct sg_bundle_make *make,
                          const struct sg_bundle_turn *turn)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    struct sg_hash hashes[SG_MERKLE_HASHES_MAX];
    size_t n = 0, count, size = 0;

    while (turn->first + n < turn->to) {
        size += work->entries[turn->first + n].payload.size;
        if (n > 0 && size > turn->size_max)
            break;
        n++;
    }
    count = sg_merkle_plan_extension(turn->first + n, turn->prove_to, ranges);
    for (size_t i = 0; i < count; i++)
        hashes[i] = range_root(work, &ranges[i]);
    return sg_bundle_make_give(make, work->entries + turn->first, n, hashes,
                               count);
}

static enum sg_err make_bundle(void *context)
{
    struct work *work = context;
    struct sg_bundle_make_log log = {.core = work->core, .known = work->known};
    struct sg_bundle_make_config config = {
        .registry = work->registry,
        .kind = SG_BUNDLE_ENTRIES,
        .id = {1},
        .key = {2},
        .node_key = &work->key,
        .transport_keys = (const uint8_t(*)[SG_KEY_SIZE])work->transport,
        .n_destinations = 1,
        .logs = &log,
        .n_logs = 1,
    };
    struct sg_bundle_turn turn = {.kind = SG_BUNDLE_TURN_READ};
    struct sg_bundle_make *make;
    enum sg_err err = sg_bundle_make_new(&config, &make);

    if (err != SG_OK)
        return err;
    work->part.size = 0;
    while (err == SG_OK && turn.kind != SG_BUNDLE_TURN_DONE) {
        err = sg_bundle_make_next(make, &turn);
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_READ)
            err = answer(work, make, &turn);
        else if (err == SG_OK && turn.kind != SG_BUNDLE_TURN_DONE)
            err = sg_buf_append(&work->part, turn.bytes);
    }
    sg_bundle_make_free(make);
    return err;
}

/* --- Taking -----------------------------------------------------------------
 */

static void note_effect(struct work *work, const struct sg_effect *effect)
{
    switch (effect->kind) {
    case SG_EFFECT_WRITE_PACKAGE:
        work->held = effect->package.first + effect->package.count;
        work->ticket = effect->ticket;
        break;
    case SG_EFFECT_READ: { /* the authority's logs are judged */
        struct sg_event *read = &work->reads[work->n_reads++];
        uint64_t count = effect->read.to - effect->read.first;

        *read = (struct sg_event){.kind = SG_EVENT_READ,
                                  .session = effect->session};
        read->read.ticket = effect->ticket;
        read->read.first = effect->read.first;
        read->read.count = count < SG_PACKAGE_ENTRIES_MAX
                               ? (size_t)count
                               : SG_PACKAGE_ENTRIES_MAX;
        read->read.entries = work->entries + effect->read.first;
        break;
    }
    default:
        break;
    }
}

static enum sg_err step(struct work *work, const struct sg_event *event)
{
    struct sg_event next = *event;
    enum sg_err err;

    do {
        err = sg_sync_step(work->sync, &next, &work->effects);
        for (size_t i = 0; i < work->effects.count && err == SG_OK; i++)
            note_effect(work, &work->effects.items[i]);
        next = (struct sg_event){.kind = SG_EVENT_TICK};
    } while (err == SG_OK && work->effects.more);
    return err;
}

static enum sg_err settle(struct work *work)
{
    enum sg_err err = SG_OK;

    while (err == SG_OK && (work->ticket != 0 || work->n_reads > 0)) {
        struct sg_event event = {.kind = SG_EVENT_STORED};

        if (work->n_reads > 0) {
            event = work->reads[--work->n_reads];
        } else {
            event.stored = work->ticket;
            event.change = ++work->change;
            work->ticket = 0;
        }
        err = step(work, &event);
    }
    return err;
}

static enum sg_err obey(struct work *work, struct sg_bundle_take *take,
                        const struct sg_bundle_take_turn *turn)
{
    switch (turn->kind) {
    case SG_BUNDLE_TAKE_READ:
        sg_bundle_take_give(
            take, SG_OK, sg_bytes(work->part.data + turn->offset, turn->size));
        return SG_OK;
    case SG_BUNDLE_TAKE_EVENT:
        return step(work, &turn->event);
    case SG_BUNDLE_TAKE_SETTLE:
        return settle(work);
    case SG_BUNDLE_TAKE_DAMAGE:
        return turn->damage;
    default:
        return SG_OK;
    }
}

static enum sg_err take_part(struct work *work)
{
    struct sg_bundle_take_config config = {.registry = work->registry,
                                           .core = work->sync};
    struct sg_bundle_take_turn turn = {.kind = SG_BUNDLE_TAKE_READ};
    struct sg_bundle_take *take;
    enum sg_err err;

    memcpy(config.public_key, work->transport, SG_KEY_SIZE);
    memcpy(config.secret, work->secret, SG_KEY_SIZE);
    err = sg_bundle_take_new(&config, sg_buf_bytes(&work->part),
                             work->part.size, sg_bytes(NULL, 0), &take);
    if (err != SG_OK)
        return err;
    while (err == SG_OK && turn.kind != SG_BUNDLE_TAKE_DONE) {
        sg_bundle_take_next(take, &turn);
        err = obey(work, take, &turn);
    }
    sg_bundle_take_free(take);
    return err;
}

/* A core that knows the registry's founding and nothing else takes it all. */
static enum sg_err take_bundle(void *context)
{
    struct work *work = context;
    struct sg_sync_config config = {.registry = work->registry,
                                    .key = &work->key,
                                    .sessions_max = 1,
                                    .logs_max = 16};
    struct sg_event start = {.kind = SG_EVENT_START};
    struct sg_buf chain;
    struct sg_writer writer;
    enum sg_err err;

    sg_buf_init(&chain, SG_STAGE1_SIZE_MAX);
    sg_writer_init_buf(&writer, &chain);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, work->genesis);
    err = sg_writer_end(&writer);
    config.chain = sg_buf_bytes(&chain);
    work->sync = NULL;
    work->held = work->ticket = work->change = 0;
    if (err == SG_OK)
        err = sg_sync_new(&config, &work->sync);
    if (err == SG_OK)
        err = step(work, &start);
    if (err == SG_OK)
        err = take_part(work);
    sg_sync_free(work->sync);
    sg_buf_clear(&chain);
    return err == SG_OK && work->held != ENTRIES ? SG_ERR_PROOF : err;
}

/* --- Figures
 * ------------------------------------------------------------------ */

static enum sg_err measure(struct sg_bench *bench, struct work *work,
                           const char *name, sg_bench_work *what)
{
    struct sg_bench_figure figure = {.name = name,
                                     .unit = "entries/s",
                                     .goal = GOAL,
                                     .goal_kind = SG_BENCH_AT_LEAST};
    enum sg_err err =
        sg_bench_rate(bench, ENTRIES, UINT64_MAX, what, work, &figure.value);

    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

static enum sg_err run(struct sg_bench *bench, struct work *work,
                       struct sg_buf *genesis)
{
    enum sg_err err = sg_bench_store_found(genesis, &work->registry, &work->key,
                                           work->core.node_key);

    work->genesis = sg_buf_bytes(genesis);
    work->core.kind = SG_LOG_RECORDS;
    memset(work->secret, 7, sizeof work->secret);
    sg_crypto_x25519_public(work->secret, work->transport);
    if (err == SG_OK)
        err = make_log(work);
    if (err == SG_OK)
        err = measure(bench, work, "sync/bundle_made", make_bundle);
    if (err == SG_OK)
        err = measure(bench, work, "sync/bundle_taken", take_bundle);
    return err;
}

enum sg_err sg_bench_bundle(struct sg_bench *bench)
{
    static struct work work;
    struct sg_buf genesis;
    enum sg_err err = SG_ERR_NOMEM;
    bool has_room = true;

    memset(&work, 0, sizeof work);
    sg_buf_init(&genesis, SG_STAGE1_SIZE_MAX);
    sg_buf_init(&work.part, (size_t)1 << 30);
    work.entries = sg_calloc(ENTRIES, sizeof *work.entries);
    work.payloads = sg_calloc(ENTRIES, PAYLOAD_SIZE);
    for (unsigned level = 0; level < LEVELS; level++) {
        work.nodes[level] =
            sg_calloc((ENTRIES >> level) + 1, sizeof *work.nodes[level]);
        has_room = has_room && work.nodes[level] != NULL;
    }
    if (work.entries != NULL && work.payloads != NULL && has_room)
        err = run(bench, &work, &genesis);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: bundles: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    for (unsigned level = 0; level < LEVELS; level++)
        sg_free(work.nodes[level]);
    sg_buf_clear(&work.part);
    sg_buf_clear(&genesis);
    sg_free(work.payloads);
    sg_free(work.entries);
    return err;
}
