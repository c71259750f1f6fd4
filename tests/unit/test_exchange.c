#include "replication/exchange.h"

#include <stdlib.h>

#include "replication/head_message.h"
#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "tests/lib/heads.h"
#include "tests/lib/protocol.h"
#include "tests/lib/torture.h"

/* --- Two nodes, connected ---------------------------------------------- */

#define QUEUE_MAX 64

struct side {
    struct sg_log_table *table;
    struct sg_exchange_room *room;
    struct sg_exchange *exchange;
    struct sg_exchange_report report;
    /* Messages on their way to this side. */
    struct sg_frame_message queue[QUEUE_MAX];
    size_t first, last;
    unsigned calls; /* of receive */
};

struct pair {
    struct side sides[2]; /* 0: the initiator */
    size_t bytes;
    size_t largest;
    bool is_traced;
};

struct options {
    bool has_cells;
    uint32_t claims_max;
    size_t send_max;
    bool remembers[2];
    uint64_t change[2];
};

static const struct options plain = {true, SG_HEADS_MAX, 1 << 20, {0}, {0}};

struct pair_context {
    struct pair *pair;
    struct side *to;
};

static void deliver(void *context, enum sg_message_type type,
                    struct sg_bytes body)
{
    struct pair_context *from = context;
    struct side *to = from->to;
    uint8_t *copy = sg_alloc(body.size);

    assert_true(to->last - to->first < QUEUE_MAX);
    assert_non_null(copy);
    if (body.size > 0)
        memcpy(copy, body.data, body.size);
    to->queue[to->last++ % QUEUE_MAX] =
        (struct sg_frame_message){type, sg_bytes(copy, body.size)};
    from->pair->bytes += body.size + (body.size < 128     ? 2
                                      : body.size < 16384 ? 3
                                                          : 4);
    if (body.size > from->pair->largest)
        from->pair->largest = body.size;
    if (from->pair->is_traced)
        print_message("%s -> %s %zu\n", to == &from->pair->sides[1] ? "A" : "B",
                      sg_frame_message_name(type), body.size);
}

static void pair_open(struct pair *pair, const struct options *options)
{
    *pair = (struct pair){.sides[0].table = pair->sides[0].table,
                          .sides[1].table = pair->sides[1].table};
    for (int i = 0; i < 2; i++) {
        struct side *side = &pair->sides[i];
        struct sg_exchange_config config = {.table = side->table,
                                            .claims_max = options->claims_max,
                                            .send_max = options->send_max};
        struct sg_exchange_session session = {.is_initiator = i == 0,
                                              .has_cells = options->has_cells,
                                              .remembers =
                                                  options->remembers[i],
                                              .change = options->change[i]};

        assert_ok(sg_exchange_room_new(&side->room));
        config.room = side->room;
        assert_ok(sg_exchange_new(&config, &side->exchange));
        sg_exchange_begin(side->exchange, &session);
    }
}

static void pair_close(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &pair->sides[i];

        for (; side->first < side->last; side->first++)
            sg_free((void *)side->queue[side->first % QUEUE_MAX].body.data);
        sg_exchange_free(side->exchange);
        sg_exchange_room_free(side->room);
        side->exchange = NULL;
    }
}

/* Lets the next message arrive at SIDE; false if there is none. */
static bool arrive(struct pair *pair, int i)
{
    struct side *side = &pair->sides[i];
    struct pair_context context = {pair, &pair->sides[1 - i]};
    struct sg_exchange_sink sink = {deliver, &context};
    struct sg_frame_message *message;
    struct sg_exchange_report report;

    if (side->first == side->last)
        return false;
    message = &side->queue[side->first++ % QUEUE_MAX];
    assert_true(sg_exchange_takes(message->type));
    assert_ok(sg_exchange_receive(side->exchange, message, &sink, &report));
    sg_free((void *)message->body.data);
    side->calls++;
    side->report.is_equal |= report.is_equal;
    side->report.is_agreed |= report.is_agreed;
    side->report.has_auth_tag |= report.has_auth_tag;
    if (report.is_equal)
        side->report.change = report.change;
    return true;
}

/* Lets all messages arrive; then no exchange is open. */
static void settle(struct pair *pair)
{
    bool any = true;

    while (any)
        any = arrive(pair, 0) | arrive(pair, 1);
    for (int i = 0; i < 2; i++)
        assert_false(sg_exchange_is_open(pair->sides[i].exchange));
}

static void clear_reports(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        pair->sides[i].report = (struct sg_exchange_report){0};
        pair->sides[i].calls = 0;
    }
}

/* The exchange of message 3. */
static void greet(struct pair *pair)
{
    struct pair_context context = {pair, &pair->sides[0]};
    struct sg_exchange_sink sink = {deliver, &context};
    uint8_t root[SG_HEAD_ROOT_SIZE];

    clear_reports(pair);
    sg_exchange_offer(pair->sides[0].exchange, root);
    sg_exchange_answer(pair->sides[1].exchange, root, &sink,
                       &pair->sides[1].report);
    settle(pair);
}

static void send_root(struct pair *pair, int i)
{
    struct pair_context context = {pair, &pair->sides[1 - i]};
    struct sg_exchange_sink sink = {deliver, &context};

    sg_exchange_send_root(pair->sides[i].exchange, &sink);
}

/* Takes what SIDE's claims say is lacking, from the OTHER side's table as it
 * is: what packages, proofs and fork proofs do. */
static void fetch(struct side *side, struct side *other)
{
    const struct sg_claims *claims = sg_exchange_claims(side->exchange);

    for (uint32_t i = 0; i < sg_claims_count(claims); i++) {
        const struct sg_claim *claim = sg_claims_at(claims, i);
        enum sg_claim_news news = sg_claims_news(claims, claim);
        struct sg_log *theirs = sg_log_table_find(other->table, &claim->id, 0);
        struct sg_log *mine = sg_claims_log(claims, claim);
        uint64_t change = sg_log_table_change(side->table) + 1;

        if (news == SG_CLAIM_OLD || theirs == NULL)
            continue;
        if (mine == NULL)
            assert_ok(sg_log_table_add(side->table, &claim->core, 0, &mine));
        if (theirs->known.size > mine->known.size) {
            sg_log_table_set_known(side->table, mine, &theirs->known, change);
        } else if (theirs->known.size == mine->known.size &&
                   memcmp(&theirs->known.root, &mine->known.root, 32) != 0) {
            sg_log_table_set_forked(side->table, mine, change);
            sg_log_table_set_forked(other->table, theirs,
                                    sg_log_table_change(other->table) + 1);
        }
        if (theirs->is_forked)
            sg_log_table_set_forked(side->table, mine, change);
    }
}

static bool roots_are_equal(struct pair *pair)
{
    struct sg_hash a = sg_log_table_root(pair->sides[0].table);
    struct sg_hash b = sg_log_table_root(pair->sides[1].table);

    return memcmp(&a, &b, sizeof a) == 0;
}

/* Exchanges and fetches until both sides found equal roots; returns after how
 * many roots. */
static int converge(struct pair *pair, struct sg_prng *prng)
{
    int rounds = 1;

    greet(pair);
    while (!pair->sides[0].report.is_equal) {
        assert_false(pair->sides[1].report.is_equal);
        assert_true(pair->sides[0].report.is_agreed);
        assert_true(pair->sides[1].report.is_agreed);
        assert_true(pair->sides[0].report.has_auth_tag);
        fetch(&pair->sides[0], &pair->sides[1]);
        fetch(&pair->sides[1], &pair->sides[0]);
        assert_true(rounds++ < 40);
        clear_reports(pair);
        send_root(pair, sg_exchange_wants_root(pair->sides[0].exchange)
                            ? 0
                            : (int)sg_prng_below(prng, 2));
        settle(pair);
    }
    assert_true(pair->sides[1].report.is_equal);
    assert_true(roots_are_equal(pair));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pair->sides[i].report.change,
                         sg_log_table_change(pair->sides[i].table));
    return rounds;
}

/* --- Worlds ------------------------------------------------------------ */

struct world {
    uint64_t common;  /* logs known to both */
    uint64_t changed; /* of them, changed since, on either side or both */
    uint64_t added;   /* known to one side alone */
    uint64_t forked;  /* of equal size with another root, or proved forked */
};

/* Both tables at a time when they were equal. */
static void world_begin(struct pair *pair, const struct world *world,
                        uint64_t seed)
{
    struct sg_prng prng;

    *pair = (struct pair){.bytes = 0};
    sg_prng_init(&prng, seed);
    for (int i = 0; i < 2; i++)
        pair->sides[i].table = heads_table(20000);
    for (uint64_t n = 0; n < world->common; n++) {
        uint64_t size = 1 + sg_prng_below(&prng, 5000);

        (void)heads_set(pair->sides[0].table, n, size, 0);
        (void)heads_set(pair->sides[1].table, n, size, 0);
    }
}

static uint64_t size_of(struct side *side, uint64_t n)
{
    struct sg_log_core core = heads_core(n);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);

    return sg_log_table_find(side->table, &id, 0)->known.size;
}

/* What happened since. */
static void world_go_on(struct pair *pair, const struct world *world,
                        uint64_t seed)
{
    struct sg_prng prng;

    sg_prng_init(&prng, ~seed);
    for (uint64_t i = 0; i < world->changed && world->common > 0; i++) {
        uint64_t n = sg_prng_below(&prng, world->common);
        struct side *side = &pair->sides[sg_prng_below(&prng, 2)];

        (void)heads_set(side->table, n,
                        size_of(side, n) + 1 + sg_prng_below(&prng, 50), 0);
    }
    for (uint64_t i = 0; i < world->added; i++) {
        struct side *side = &pair->sides[sg_prng_below(&prng, 2)];

        (void)heads_set(side->table, world->common + i,
                        1 + sg_prng_below(&prng, 9), 0);
    }
    for (uint64_t i = 0; i < world->forked && world->common > 0; i++) {
        uint64_t n = sg_prng_below(&prng, world->common);
        struct side *side = &pair->sides[sg_prng_below(&prng, 2)];
        struct sg_log *log = heads_set(side->table, n, size_of(side, n), 1 + i);

        if (sg_prng_chance(&prng, 300))
            sg_log_table_set_forked(side->table, log, log->change + 1);
    }
}

static void world_end(struct pair *pair)
{
    sg_log_table_free(pair->sides[0].table);
    sg_log_table_free(pair->sides[1].table);
}

static const struct world worlds[] = {
    {0, 0, 0, 0},      {0, 0, 1, 0},       {1, 1, 0, 0},
    {0, 0, 40, 0},     {1, 0, 300, 0},     {60, 10, 3, 1},
    {64, 0, 0, 1},     {65, 0, 0, 1},      {300, 0, 0, 0},
    {300, 1, 0, 0},    {300, 12, 5, 2},    {300, 300, 200, 20},
    {2000, 40, 20, 3}, {2000, 900, 50, 0}, {5000, 20, 0, 0},
};

enum memory { NO_MEMORY, RIGHT_MEMORY, WRONG_MEMORY };

/* Runs one world to its end; returns the number of roots compared. */
static int run_world(const struct world *world, struct options options,
                     enum memory memory, uint64_t seed)
{
    struct sg_prng prng;
    struct pair pair;
    int rounds;

    sg_prng_init(&prng, seed + 99);
    world_begin(&pair, world, seed);
    for (int i = 0; i < 2; i++) {
        options.remembers[i] =
            memory != NO_MEMORY && !(seed % 3 == (uint64_t)i);
        options.change[i] = sg_log_table_change(pair.sides[i].table);
    }
    world_go_on(&pair, world, seed);
    for (int i = 0; i < 2 && memory == WRONG_MEMORY; i++)
        options.change[i] = sg_prng_below(
            &prng, 2 * sg_log_table_change(pair.sides[i].table) + 2);
    pair_open(&pair, &options);
    rounds = converge(&pair, &prng);
    assert_true(pair.largest <= options.send_max);
    pair_close(&pair);
    world_end(&pair);
    return rounds;
}

static void run_worlds(const struct options *options, enum memory memory)
{
    for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
        for (uint64_t seed = 0; seed < 6; seed++) {
            int rounds = run_world(&worlds[i], *options, memory,
                                   1000 * (uint64_t)i + seed);

            /* One exchange finds all, the closing root says so; a fork found
             * changes heads once more. */
            if (options->send_max == plain.send_max &&
                options->claims_max == plain.claims_max)
                assert_true(rounds <= 2 + (worlds[i].forked > 0));
        }
    }
}

/* --- Tests ------------------------------------------------------------- */

/* Whatever differs, both sides end with the same claims and then the same
 * heads: without memory of each other, */
static void test_no_memory(void **state)
{
    (void)state;
    run_worlds(&plain, NO_MEMORY);
}

/* with the right one on one side or both, */
static void test_right_memory(void **state)
{
    (void)state;
    run_worlds(&plain, RIGHT_MEMORY);
}

/* with a wrong one, */
static void test_wrong_memory(void **state)
{
    (void)state;
    run_worlds(&plain, WRONG_MEMORY);
}

/* without cells, so that the tree is walked, */
static void test_tree(void **state)
{
    struct options options = plain;

    (void)state;
    options.has_cells = false;
    run_worlds(&options, NO_MEMORY);
    run_worlds(&options, WRONG_MEMORY);
}

/* and with room for little, where it takes more rounds. */
static void test_little_room(void **state)
{
    struct options options = plain;

    (void)state;
    options.send_max = SG_EXCHANGE_SEND_MIN;
    run_worlds(&options, NO_MEMORY);
    run_worlds(&options, WRONG_MEMORY);
    options.has_cells = false;
    run_worlds(&options, NO_MEMORY);
    options = plain;
    options.claims_max = 50;
    run_worlds(&options, NO_MEMORY);
    run_worlds(&options, WRONG_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_right_memory),
        cmocka_unit_test(test_wrong_memory),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_little_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
