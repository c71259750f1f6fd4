/* Head exchange (PROTOCOL.md section 7): what it costs in bytes to find which
 * of 11,000 heads differ, and in time to keep the hash over them.
 *
 * Two tables, two exchanges, every message really made and taken. Counted are
 * bodies, types and lengths in both directions until both sides agree, and 24
 * bytes of root and database tags in the handshake; not the sizes and tags of
 * the claims themselves, which stand for the checkpoints that come with the
 * first packages (as in tests/reference/heads_model.py). */
#include <stdio.h>
#include <string.h>

#include "replication/exchange.h"
#include "replication/head_message.h"
#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/clock.h"
#include "storage/base/prng.h"
#include "tools/bench.h"

#define LOGS            11000u
#define LOGS_MANY       262144u
#define SEEDS           5
#define SEND_MAX        (1 << 20)
#define HANDSHAKE_BYTES 24u
#define MESSAGES_MAX    16

static const struct sg_registry_id registry = {{{0x11}}};

/* --- Tables ------------------------------------------------------------ */

static enum sg_err set_head(struct sg_log_table *table, uint64_t seed,
                            uint32_t n, uint64_t size, uint64_t change)
{
    struct sg_log_core core = {.kind = SG_LOG_RECORDS};
    struct sg_checkpoint known = {.size = size};
    struct sg_log_id id;
    struct sg_log *log;

    sg_bytes_put_u64be(core.epoch, seed);
    sg_bytes_put_u32be(core.epoch + 8, n);
    sg_bytes_put_u64be(known.root.bytes, size);
    if (n < sg_log_table_count(table)) {
        log = sg_log_table_at(table, n);
    } else {
        enum sg_err err = sg_log_table_add(table, &core, 0, &log);
        if (err != SG_OK)
            return err;
    }
    id = log->id;
    memcpy(known.root.bytes + 8, id.hash.bytes, 16);
    sg_log_table_set_known(table, log, &known, change);
    sg_log_table_set_held(table, log, size, size, change);
    return SG_OK;
}

static enum sg_err fill(struct sg_log_table *table, uint64_t seed,
                        uint32_t logs)
{
    struct sg_prng prng;
    enum sg_err err = SG_OK;

    sg_prng_init(&prng, seed);
    for (uint32_t n = 0; n < logs && err == SG_OK; n++)
        err = set_head(table, seed, n, 1 + sg_prng_below(&prng, 4999), n + 1);
    sg_log_table_sort(table);
    return err;
}

static enum sg_err make_table(uint32_t logs_max,
                              struct sg_log_table **ret_table)
{
    const struct sg_log_table_config config = {
        .registry = registry, .logs_max = logs_max, .frontiers_max = 0};

    return sg_log_table_new(&config, ret_table);
}

/* --- Two sides --------------------------------------------------------- */

struct world {
    struct sg_log_table *tables[2];
    struct sg_exchange_room *room;
    struct sg_exchange *exchanges[2];
    /* Messages to each side; bodies lie in the buffer, one after another. */
    struct {
        struct sg_buf bodies;
        size_t count;
        enum sg_message_type types[MESSAGES_MAX];
        size_t sizes[MESSAGES_MAX];
    } ways[2];
    unsigned to; /* whom the sink sends to */
    enum sg_err err;
    size_t bytes;
};

/* Bytes of BODY that stand for checkpoints. */
static size_t apart(enum sg_message_type type, struct sg_bytes body)
{
    struct sg_head_message_heads heads;

    if (type == SG_MESSAGE_INTRODUCE)
        return body.size;
    if (type != SG_MESSAGE_HEADS ||
        sg_head_message_heads_decode(body, &heads) != SG_OK)
        return 0;
    return heads.claims.left.size - (heads.has_judge ? 8 : 0);
}

static void send(void *context, enum sg_message_type type, struct sg_bytes body)
{
    struct world *world = context;
    size_t header = body.size < 128 ? 2 : body.size < 16384 ? 3 : 4;
    size_t at = world->ways[world->to].count++;

    if (at == MESSAGES_MAX && world->err == SG_OK)
        world->err = SG_ERR_LIMIT;
    if (world->err == SG_OK)
        world->err = sg_buf_append(&world->ways[world->to].bodies, body);
    if (world->err != SG_OK)
        return;
    world->ways[world->to].types[at] = type;
    world->ways[world->to].sizes[at] = body.size;
    world->bytes += header + body.size - apart(type, body);
}

/* Lets side I take all that is on its way to it. */
static enum sg_err take_all(struct world *world, unsigned i, bool *ret_agreed)
{
    const struct sg_exchange_sink sink = {send, world};
    struct sg_exchange_report report;
    size_t at = 0;

    world->to = 1 - i;
    for (size_t k = 0; k < world->ways[i].count && world->err == SG_OK; k++) {
        struct sg_frame_message message = {
            world->ways[i].types[k],
            sg_bytes(world->ways[i].bodies.data + at, world->ways[i].sizes[k])};

        at += world->ways[i].sizes[k];
        enum sg_err err =
            sg_exchange_receive(world->exchanges[i], &message, &sink, &report);
        if (err != SG_OK)
            return err;
        *ret_agreed = report.is_agreed || report.is_equal;
    }
    world->ways[i].count = 0;
    sg_buf_truncate(&world->ways[i].bodies, 0);
    return world->err;
}

/* Runs one exchange from message 3 until both sides agree. */
static enum sg_err run_exchange(struct world *world)
{
    const struct sg_exchange_sink sink = {send, world};
    struct sg_exchange_report report;
    uint8_t root[SG_HEAD_ROOT_SIZE];
    bool agreed = false;
    enum sg_err err = SG_OK;

    world->bytes = HANDSHAKE_BYTES;
    world->to = 0;
    sg_exchange_offer(world->exchanges[0], root);
    sg_exchange_answer(world->exchanges[1], root, &sink, &report);
    for (unsigned i = 0;
         err == SG_OK && world->ways[0].count + world->ways[1].count > 0;
         i = 1 - i)
        err = take_all(world, i, &agreed);
    if (err == SG_OK && (!agreed || sg_exchange_is_open(world->exchanges[0]) ||
                         sg_exchange_is_open(world->exchanges[1])))
        err = SG_ERR_STATE;
    return err;
}

/* Counts the heads that both sides found to differ. */
static uint32_t found(const struct world *world)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < 2; i++) {
        const struct sg_claims *claims =
            sg_exchange_claims(world->exchanges[i]);

        for (uint32_t k = 0; k < sg_claims_count(claims); k++)
            count += sg_claims_news(claims, sg_claims_at(claims, k)) ==
                     SG_CLAIM_LARGER;
    }
    return count;
}

static enum sg_err make_sides(struct world *world, bool remembers)
{
    enum sg_err err = sg_exchange_room_new(&world->room);

    for (unsigned i = 0; err == SG_OK && i < 2; i++) {
        const struct sg_exchange_config config = {.table = world->tables[i],
                                                  .room = world->room,
                                                  .claims_max = SG_HEADS_MAX,
                                                  .send_max = SEND_MAX};
        const struct sg_exchange_session session = {.is_initiator = i == 0,
                                                    .has_cells = true,
                                                    .remembers = remembers,
                                                    .change = LOGS};

        sg_buf_init(&world->ways[i].bodies, 2 * SEND_MAX);
        err = sg_exchange_new(&config, &world->exchanges[i]);
        if (err == SG_OK)
            sg_exchange_begin(world->exchanges[i], &session);
    }
    return err;
}

static void free_world(struct world *world)
{
    for (unsigned i = 0; i < 2; i++) {
        sg_exchange_free(world->exchanges[i]);
        sg_log_table_free(world->tables[i]);
        sg_buf_clear(&world->ways[i].bodies);
    }
    sg_exchange_room_free(world->room);
}

/* What a row measures. */
struct way {
    const char *name;
    uint32_t changed;
    bool remembers;
    bool on_both_sides; /* half of what changed, on each */
    double goal;        /* DESIGN.md D8 */
};

static const struct way ways[] = {
    {"sync/heads_0", 0, false, false, 34},
    {"sync/heads_1", 1, false, false, 850},
    {"sync/heads_10", 10, false, false, 3700},
    {"sync/heads_100", 100, false, false, 15000},
    {"sync/heads_100_both", 100, false, true, 15000},
    {"sync/heads_1000", 1000, false, false, 38000},
    {"sync/heads_memory_0", 0, true, false, 48},
    {"sync/heads_memory_1", 1, true, false, 52},
    {"sync/heads_memory_10", 10, true, false, 82},
    {"sync/heads_memory_100", 100, true, false, 320},
    {"sync/heads_memory_100_both", 100, true, true, 320},
    {"sync/heads_memory_1000", 1000, true, false, 2400},
};

/* Gives the bytes of one exchange. */
static enum sg_err measure(const struct way *way, uint64_t seed,
                           size_t *ret_bytes)
{
    struct world world = {.bytes = 0};
    struct sg_prng prng;
    uint32_t changed = 0;
    enum sg_err err = SG_OK;

    for (unsigned i = 0; err == SG_OK && i < 2; i++) {
        err = make_table(LOGS, &world.tables[i]);
        if (err == SG_OK)
            err = fill(world.tables[i], seed, LOGS);
    }
    sg_prng_init(&prng, ~seed);
    while (err == SG_OK && changed < way->changed) {
        uint32_t n = (uint32_t)sg_prng_below(&prng, LOGS);
        unsigned side = way->on_both_sides ? changed % 2 : 1;

        if (sg_log_table_at(world.tables[0], n)->change > LOGS ||
            sg_log_table_at(world.tables[1], n)->change > LOGS)
            continue;
        changed++;
        err = set_head(world.tables[side], seed, n,
                       sg_log_table_at(world.tables[side], n)->known.size + 1 +
                           sg_prng_below(&prng, 49),
                       LOGS + changed);
    }
    if (err == SG_OK)
        err = make_sides(&world, way->remembers);
    if (err == SG_OK)
        err = run_exchange(&world);
    if (err == SG_OK && found(&world) != way->changed) {
        fprintf(stderr, "bench: %s: %u heads found\n", way->name,
                found(&world));
        err = SG_ERR_STATE;
    }
    *ret_bytes = world.bytes;
    free_world(&world);
    return err;
}

/* The most bytes of five sets. */
static enum sg_err bench_bytes(struct sg_bench *bench, const struct way *way)
{
    struct sg_bench_figure figure = {.name = way->name,
                                     .unit = "B",
                                     .goal = way->goal,
                                     .goal_kind = SG_BENCH_AT_MOST};

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        size_t bytes;
        enum sg_err err = measure(way, seed, &bytes);

        if (err != SG_OK)
            return err;
        if ((double)bytes > figure.value)
            figure.value = (double)bytes;
    }
    sg_bench_print(bench, &figure);
    return SG_OK;
}

/* --- Times ------------------------------------------------------------- */

struct updates {
    struct sg_log_table *table;
    struct sg_prng prng;
    uint64_t size;
    uint32_t logs;
};

/* One head changes, and the root is asked for. */
static enum sg_err update(void *context)
{
    struct updates *updates = context;
    uint32_t n = (uint32_t)sg_prng_below(&updates->prng, updates->logs);
    enum sg_err err = set_head(updates->table, 0, n, ++updates->size,
                               sg_log_table_change(updates->table) + 1);

    (void)sg_log_table_root(updates->table);
    return err;
}

/* The limit is to hash PATH_SIZE bytes, what a leaf and the nodes above it are
 * made of: 36 bytes a child, 16 children down to the last level. */
static enum sg_err bench_updates(struct sg_bench *bench, const char *name,
                                 uint32_t logs, size_t path_size)
{
    struct sg_bench_figure figure = {.name = name, .unit = "/s"};
    struct updates updates = {.size = 5000, .logs = logs};
    enum sg_err err = make_table(logs, &updates.table);

    sg_prng_init(&updates.prng, 1);
    if (err == SG_OK)
        err = sg_bench_limits_hash(bench, path_size, &figure.limit);
    if (err == SG_OK)
        err = fill(updates.table, 0, logs);
    if (err == SG_OK)
        err = sg_bench_rate(bench, 1, UINT64_MAX, update, &updates,
                            &figure.value);
    sg_log_table_free(updates.table);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

/* Cores in, root out: what a node does when it starts. */
static enum sg_err build(void *context)
{
    struct sg_log_table *table;
    enum sg_err err = make_table(LOGS_MANY, &table);

    (void)context;
    if (err != SG_OK)
        return err;
    err = fill(table, 0, LOGS_MANY);
    (void)sg_log_table_root(table);
    sg_log_table_free(table);
    return err;
}

static enum sg_err bench_build(struct sg_bench *bench)
{
    struct sg_bench_figure figure = {.name = "sync/heads_build_262144",
                                     .unit = "/s"};
    enum sg_err err =
        sg_bench_rate(bench, LOGS_MANY, UINT64_MAX, build, NULL, &figure.value);

    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

enum sg_err sg_bench_heads(struct sg_bench *bench)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && err == SG_OK; i++)
        err = bench_bytes(bench, &ways[i]);
    if (err == SG_OK)
        err = bench_updates(bench, "sync/heads_update_11000", LOGS, 2048);
    if (err == SG_OK)
        err = bench_updates(bench, "sync/heads_update_262144", LOGS_MANY, 2688);
    if (err == SG_OK)
        err = bench_build(bench);
    return err;
}
