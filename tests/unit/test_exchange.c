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
    unsigned sent[32]; /* messages by type */
    bool is_exact;     /* whenever claims agree, they are the same */
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
    from->pair->sent[type]++;
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

/* Both know the same union of heads and claims: their judges say so. */
static void assert_claims_equal(struct pair *pair)
{
    uint32_t judges[2][2];

    for (int i = 0; i < 2; i++)
        sg_claims_judge(sg_exchange_claims(pair->sides[i].exchange), judges[i]);
    assert_memory_equal(judges[0], judges[1], sizeof judges[0]);
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
        if (pair->is_exact)
            assert_claims_equal(pair);
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

static bool has_room(const struct options *options)
{
    return options->send_max == plain.send_max &&
           options->claims_max == plain.claims_max;
}

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
    pair.is_exact = has_room(&options);
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
            if (has_room(options))
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

/* --- Logs that begin alike --------------------------------------------- */

#define SEARCHED 200000u

struct begin {
    uint32_t begin; /* of a log's id, or of a leaf */
    uint32_t n;
};

static int by_begin(const void *a, const void *b)
{
    const struct begin *left = a, *right = b;

    return (left->begin > right->begin) - (left->begin < right->begin);
}

/* Finds two that begin alike in LIST, in any order. */
static void find_alike(struct begin *list, uint32_t ret[2])
{
    qsort(list, SEARCHED, sizeof *list, by_begin);
    for (uint32_t i = 1; i < SEARCHED; i++) {
        if (list[i].begin != list[i - 1].begin)
            continue;
        ret[0] = list[i - 1].n;
        ret[1] = list[i].n;
        return;
    }
    fail_msg("no two begin alike");
}

/* Two logs whose ids have the same first 4 bytes. */
static void logs_alike(uint32_t ret[2])
{
    struct begin *list = sg_calloc(SEARCHED, sizeof *list);

    for (uint32_t n = 0; n < SEARCHED; n++) {
        struct sg_log_core core = heads_core(n);
        struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);

        list[n] = (struct begin){sg_bytes_get_u32be(id.hash.bytes), n};
    }
    find_alike(list, ret);
    sg_free(list);
}

/* A log that no world has. */
#define GROUND 9000u

/* Two variants of that log at size 5 with the same tag: a ground fork. */
static void tags_alike(uint32_t ret[2])
{
    struct begin *list = sg_calloc(SEARCHED, sizeof *list);
    struct sg_log_core core = heads_core(GROUND);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);
    struct sg_sha256 hasher;

    sg_head_tree_hasher(&heads_registry, &hasher);
    for (uint32_t n = 0; n < SEARCHED; n++) {
        struct sg_checkpoint known = heads_known(5, n);
        struct sg_hash leaf = sg_head_tree_leaf(&hasher, &id, 5, &known.root);

        list[n] = (struct begin){sg_bytes_get_u32be(leaf.bytes), n};
    }
    find_alike(list, ret);
    sg_free(list);
}

static uint32_t alike[2];

/* Which of the two logs each side knows, and up to where: two bits a log and
 * side. */
static void set_alike(struct pair *pair, uint64_t which)
{
    for (int i = 0; i < 4; i++) {
        uint64_t size = which >> (2 * i) & 3;

        if (size > 0)
            (void)heads_set(pair->sides[i / 2].table, alike[i % 2], 10 * size,
                            0);
    }
}

/* Runs to equal roots with and without cells, with and without a memory from
 * before what SET did; COMMON logs beside. Takes two roots, or three where the
 * closing exchange must show what the first could not. Returns how many tree
 * messages it took with cells and without memory. */
static unsigned run_alike(void (*set)(struct pair *pair, uint64_t which),
                          uint64_t which, uint64_t common)
{
    unsigned trees = 0;

    for (int mode = 0; mode < 4; mode++) {
        struct world world = {common, 0, 0, 0};
        struct options options = plain;
        struct sg_prng prng;
        struct pair pair;
        int rounds;

        options.has_cells = mode % 2 == 0;
        sg_prng_init(&prng, (uint64_t)mode);
        world_begin(&pair, &world, 1000);
        for (int i = 0; i < 2; i++) {
            options.remembers[i] = mode >= 2;
            options.change[i] = sg_log_table_change(pair.sides[i].table);
        }
        set(&pair, which);
        pair_open(&pair, &options);
        rounds = converge(&pair, &prng);
        assert_true(rounds <= (common > 64 && which == 0 && mode < 2 ? 2 : 3));
        if (mode == 0)
            trees = pair.sent[SG_MESSAGE_TREE];
        pair_close(&pair);
        world_end(&pair);
    }
    return trees;
}

/* Two logs that begin with the same 4 bytes are told apart, whichever of them
 * each side knows. */
static void test_logs_alike(void **state)
{
    (void)state;
    logs_alike(alike);
    assert_true(alike[0] > 2000);
    for (uint64_t which = 0; which < 256; which++)
        (void)run_alike(set_alike, which, 20);
    for (uint64_t which = 0; which < 256; which += 7)
        (void)run_alike(set_alike, which, 200);
    /* One side knows the one, one the other: of equal size, of another. */
    assert_int_equal(run_alike(set_alike, 1 << 2 | 1 << 4, 200), 0);
    assert_int_equal(run_alike(set_alike, 1 << 2 | 2 << 4, 200), 0);
}

static void set_ground(struct pair *pair, uint64_t which)
{
    (void)heads_set(pair->sides[0].table, GROUND, 5, alike[0]);
    (void)heads_set(pair->sides[1].table, GROUND, 5, alike[1]);
    if (which == 1)
        (void)heads_set(pair->sides[1].table, 7, 6000, 0);
}

/* A fork whose two tags are the same is found, also beside other changes. */
static void test_ground_fork(void **state)
{
    struct world none = {0};
    struct pair pair;

    (void)state;
    tags_alike(alike);
    assert_int_not_equal(alike[0], alike[1]);
    (void)run_alike(set_ground, 0, 30);
    (void)run_alike(set_ground, 1, 30);
    for (uint64_t common = 80; common < 130; common += 10)
        (void)run_alike(set_ground, 0, common);
    (void)run_alike(set_ground, 0, 500);
    (void)run_alike(set_ground, 1, 500);
    /* It is one: the tags are equal, the roots are not. */
    world_begin(&pair, &none, 0);
    set_ground(&pair, 0);
    assert_memory_equal(
        sg_log_table_tag(pair.sides[0].table,
                         sg_log_table_at(pair.sides[0].table, 0)),
        sg_log_table_tag(pair.sides[1].table,
                         sg_log_table_at(pair.sides[1].table, 0)),
        SG_HEAD_TAG_SIZE);
    assert_false(roots_are_equal(&pair));
    world_end(&pair);
}

/* Its id begins with fffffffd, which is 2 mod p: the refs wrap around. */
#define WRAPPING 271946498u

static void set_wrapping(struct pair *pair, uint64_t which)
{
    for (int i = 0; i < 2; i++) {
        if (which >> i & 1)
            (void)heads_set(pair->sides[i].table, WRAPPING, 5 + (uint64_t)i, 0);
    }
    (void)heads_set(pair->sides[1].table, 3, 6000, 0);
}

/* A log whose number is not the first 4 bytes of its id is found as well. */
static void test_wrapping(void **state)
{
    (void)state;
    for (uint64_t which = 1; which < 4; which++) {
        (void)run_alike(set_wrapping, which, 20);
        (void)run_alike(set_wrapping, which, 300);
    }
}

/* --- Sessions ---------------------------------------------------------- */

/* A ref that fits two logs on both sides is not asked for: they are named in
 * order. Where it fits one on one side it is asked for, whoever names it. */
static void test_order_of_alike(void **state)
{
    struct world world = {200, 0, 0, 0};
    struct options options = plain;
    struct sg_log_core core;
    struct sg_log_id id;
    struct pair pair;

    (void)state;
    logs_alike(alike);
    for (int run = 0; run < 6; run++) {
        const struct sg_claims *claims;
        uint32_t first = alike[0];
        int only = run % 3;

        alike[0] = alike[1];
        alike[1] = first;
        core = heads_core(alike[0]);
        id = sg_entry_log_id(&heads_registry, &core);
        options = plain;

        world_begin(&pair, &world, 1);
        for (int i = 0; i < 4; i++) {
            if (i != (only == 1 ? 3 : only == 2 ? 0 : 4))
                (void)heads_set(pair.sides[i / 2].table, alike[i % 2], 10, 0);
        }
        /* A memory that is wrong where A has never heard of the one. */
        options.remembers[1] = only == 2;
        options.change[1] = sg_log_table_change(pair.sides[1].table);
        (void)heads_set(pair.sides[1].table, alike[0], 20, 0);
        pair_open(&pair, &options);
        greet(&pair);
        claims = sg_exchange_claims(pair.sides[0].exchange);
        for (uint32_t i = 0; i < sg_claims_count(claims); i++) {
            const struct sg_claim *claim = sg_claims_at(claims, i);

            assert_int_equal(sg_claims_news(claims, claim),
                             memcmp(&claim->id, &id, sizeof id) == 0
                                 ? SG_CLAIM_LARGER
                                 : SG_CLAIM_OLD);
        }
        assert_true(sg_claims_count(claims) >= 1);
        assert_int_equal(pair.sent[SG_MESSAGE_ASK] > 0, only > 0);
        pair_close(&pair);
        world_end(&pair);
    }
}

/* What the peer has claimed itself is not told to him. */
static void test_not_told_back(void **state)
{
    struct world world = {2000, 0, 0, 0};
    struct options options = plain;
    struct pair pair;

    (void)state;
    world_begin(&pair, &world, 1);
    for (int i = 0; i < 2; i++) {
        options.remembers[i] = true;
        options.change[i] = sg_log_table_change(pair.sides[i].table);
        for (uint64_t n = 0; n < 100; n++)
            (void)heads_set(pair.sides[i].table, n, 6000, 0);
    }
    (void)heads_set(pair.sides[0].table, 500, 6000, 0);
    pair_open(&pair, &options);
    greet(&pair);
    assert_true(pair.sides[0].report.is_agreed);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[1].exchange)), 1);
    pair_close(&pair);
    world_end(&pair);
}

/* Where there is no room for all that is to be told, both sides agree on what
 * was told without more ado. */
static void test_cut_lists(void **state)
{
    struct world world = {0, 0, 0, 0};
    struct options options[2] = {plain, plain};
    struct pair pair;

    (void)state;
    options[0].send_max = SG_EXCHANGE_SEND_MIN;
    options[1].claims_max = 10;
    for (int i = 0; i < 2; i++) {
        world_begin(&pair, &world, 1);
        for (uint64_t n = 0; n < 1000; n++)
            (void)heads_set(pair.sides[1].table, n, 5, 0);
        pair_open(&pair, &options[i]);
        greet(&pair);
        assert_true(pair.sides[0].report.is_agreed);
        assert_in_range(
            sg_claims_count(sg_exchange_claims(pair.sides[0].exchange)), 10,
            40);
        assert_int_equal(pair.sent[SG_MESSAGE_CELLS], 1);
        assert_int_equal(pair.sent[SG_MESSAGE_TREE], 0);
        pair_close(&pair);
        world_end(&pair);
    }
}

/* A new node learns 12,000 logs in few rounds. */
static void test_join(void **state)
{
    struct world none = {0};
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    world_begin(&pair, &none, 0);
    for (uint64_t n = 0; n < 12000; n++)
        (void)heads_set(pair.sides[n % 2].table, 6000 + n / 2, 3, 0);
    sg_log_table_free(pair.sides[0].table);
    pair.sides[0].table = heads_table(20000);
    pair_open(&pair, &plain);
    assert_true(converge(&pair, &prng) <= 3);
    pair_close(&pair);
    world_end(&pair);
}

/* Equal heads cost one message without a body; the memory that comes of it
 * makes the next difference cost as much as DESIGN.md D8 allows. */
static void test_memory(void **state)
{
    struct world world = {11000, 0, 0, 0};
    struct options options = plain;
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    world_begin(&pair, &world, 0);
    pair_open(&pair, &options);
    greet(&pair);
    assert_int_equal(pair.bytes, 2);
    for (int i = 0; i < 2; i++) {
        assert_true(pair.sides[i].report.is_equal);
        options.remembers[i] = true;
        options.change[i] = pair.sides[i].report.change;
        assert_int_equal(options.change[i], 11000);
    }
    pair_close(&pair);
    (void)heads_set(pair.sides[1].table, 5, 5001, 0);
    pair_open(&pair, &options);
    greet(&pair);
    /* 11 + 7, 12, 2 bytes. */
    assert_in_range(pair.bytes, 30, 33);
    assert_true(pair.sides[0].report.is_agreed);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[0].exchange)), 1);
    /* Once told, it is not told again. */
    (void)heads_set(pair.sides[1].table, 6, 5001, 0);
    fetch(&pair.sides[0], &pair.sides[1]);
    assert_true(sg_exchange_wants_root(pair.sides[0].exchange));
    assert_false(sg_exchange_wants_root(pair.sides[1].exchange));
    pair_close(&pair);
    world_end(&pair);
}

/* Roots that cross: the initiator's is answered, once. */
static void test_crossing(void **state)
{
    struct world world = {100, 5, 5, 1};
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    for (uint64_t seed = 0; seed < 10; seed++) {
        world_begin(&pair, &world, seed);
        pair_open(&pair, &plain);
        greet(&pair);
        world_go_on(&pair, &world, seed);
        clear_reports(&pair);
        send_root(&pair, 0);
        send_root(&pair, 1);
        if (seed % 2 == 0) {
            assert_true(arrive(&pair, 0));
            assert_true(sg_exchange_is_open(pair.sides[0].exchange));
        }
        settle(&pair);
        for (int i = 0; i < 2; i++)
            assert_true(pair.sides[i].report.is_agreed);
        assert_claims_equal(&pair);
        assert_true(pair.sides[0].calls <= 5);
        pair_close(&pair);
        world_end(&pair);
    }
}

/* Gives MESSAGE to side I, which answers into the queue of the other. */
static enum sg_err give(struct pair *pair, int i, enum sg_message_type type,
                        struct sg_bytes body)
{
    struct pair_context context = {pair, &pair->sides[1 - i]};
    struct sg_exchange_sink sink = {deliver, &context};
    struct sg_frame_message message = {type, body};

    return sg_exchange_receive(pair->sides[i].exchange, &message, &sink,
                               &pair->sides[i].report);
}

/* Two nodes of 100 logs that have found equal roots. */
static void begin_equal(struct pair *pair)
{
    struct world world = {100, 0, 0, 0};

    world_begin(pair, &world, 0);
    pair_open(pair, &plain);
    greet(pair);
}

static void end_pair(struct pair *pair)
{
    pair_close(pair);
    world_end(pair);
}

/* The bare claim that log N has SIZE entries, of another tag. */
static struct sg_bytes bare_claim(struct pair *pair, uint64_t n, uint64_t size)
{
    static uint8_t body[64];
    struct sg_head_message_heads heads = {.width = 32, .count = 1};
    struct sg_head_message_claim claim = {size, 0, {1, 2, 3, 4}};
    struct sg_log_core core = heads_core(n);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);
    uint32_t ref = sg_log_table_x(&id);
    struct sg_writer writer;

    (void)pair;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_heads_encode(&writer, &heads, &ref, &claim);
    assert_ok(sg_writer_end(&writer));
    return sg_bytes(body, writer.size);
}

/* A bare claim is taken and not answered: when nothing is open, and between a
 * root and its answer. */
static void test_bare_claim(void **state)
{
    const struct sg_claims *claims;
    struct pair pair;

    (void)state;
    begin_equal(&pair);
    claims = sg_exchange_claims(pair.sides[0].exchange);
    assert_ok(give(&pair, 0, SG_MESSAGE_HEADS, bare_claim(&pair, 3, 9000)));
    assert_int_equal(pair.sides[1].first, pair.sides[1].last);
    assert_int_equal(sg_claims_count(claims), 1);
    assert_int_equal(sg_claims_at(claims, 0)->size, 9000);
    assert_int_equal(sg_claims_news(claims, sg_claims_at(claims, 0)),
                     SG_CLAIM_LARGER);
    /* Of a log that is not known here it says nothing. */
    assert_ok(give(&pair, 0, SG_MESSAGE_HEADS, bare_claim(&pair, 300, 1)));
    assert_int_equal(sg_claims_count(claims), 1);
    send_root(&pair, 0);
    assert_ok(give(&pair, 0, SG_MESSAGE_HEADS, bare_claim(&pair, 4, 9000)));
    assert_int_equal(sg_claims_count(claims), 2);
    assert_true(sg_exchange_is_open(pair.sides[0].exchange));
    settle(&pair);
    assert_true(pair.sides[0].report.is_equal);
    end_pair(&pair);
}

/* Logs may be introduced and asked for at any time; a log that nobody knows is
 * answered by none. */
static void test_ask_any_time(void **state)
{
    struct sg_log_core core = heads_core(7);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);
    uint32_t refs[2] = {sg_log_table_x(&id), 0};
    struct sg_writer writer;
    uint8_t body[64];
    struct pair pair;

    (void)state;
    begin_equal(&pair);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_ask_encode(&writer, 32, refs, 1);
    assert_ok(give(&pair, 0, SG_MESSAGE_ASK, sg_bytes(body, writer.size)));
    assert_int_equal(pair.sides[1].last - pair.sides[1].first, 1);
    assert_int_equal(pair.sides[1].queue[pair.sides[1].first % QUEUE_MAX].type,
                     SG_MESSAGE_INTRODUCE);
    settle(&pair);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[1].exchange)), 1);
    refs[0] = 12345;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_ask_encode(&writer, 32, refs, 1);
    assert_ok(give(&pair, 0, SG_MESSAGE_ASK, sg_bytes(body, writer.size)));
    assert_int_equal(
        pair.sides[1].queue[pair.sides[1].first % QUEUE_MAX].body.size, 0);
    settle(&pair);
    end_pair(&pair);
}

/* Heads that change while cells travel cost a new sketch, nothing else. */
static void test_change_between(void **state)
{
    struct world world = {2000, 300, 0, 0};
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    for (unsigned at = 1; at < 10; at++) {
        struct pair_context context = {&pair, &pair.sides[0]};
        struct sg_exchange_sink sink = {deliver, &context};
        uint8_t root[SG_HEAD_ROOT_SIZE];

        world_begin(&pair, &world, at);
        world_go_on(&pair, &world, at);
        pair_open(&pair, &plain);
        sg_exchange_offer(pair.sides[0].exchange, root);
        sg_exchange_answer(pair.sides[1].exchange, root, &sink,
                           &pair.sides[1].report);
        for (unsigned i = 0; i < at; i++) {
            (void)heads_set(pair.sides[i % 2].table, 1999 - i, 7000 + i, 0);
            (void)arrive(&pair, (int)(i % 2));
        }
        settle(&pair);
        assert_true(at < 4 || pair.sent[SG_MESSAGE_MORE] > 0);
        assert_int_equal(pair.sent[SG_MESSAGE_TREE], 0);
        fetch(&pair.sides[0], &pair.sides[1]);
        fetch(&pair.sides[1], &pair.sides[0]);
        pair_close(&pair);
        pair_open(&pair, &plain);
        assert_true(converge(&pair, &prng) <= 3);
        end_pair(&pair);
    }
}

/* --- Refusals ---------------------------------------------------------- */

/* What belongs into an exchange is refused where none is open, and what cannot
 * follow from what was said. */
static void test_refused(void **state)
{
    static const struct {
        enum sg_message_type type;
        const char *body;
    } closed[] = {
        {SG_MESSAGE_CELLS, "0000 000000010000000100000001"},
        {SG_MESSAGE_MORE, "10"},
        {SG_MESSAGE_TREE, "00 01 00 00"},
    };
    struct world world = {300, 10, 0, 0};
    struct pair pair;
    struct pair_context context = {&pair, &pair.sides[0]};
    struct sg_exchange_sink sink = {deliver, &context};
    uint8_t root[SG_HEAD_ROOT_SIZE] = {1};

    (void)state;
    begin_equal(&pair);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        assert_err(give(&pair, 0, closed[i].type, sg_hex(closed[i].body)),
                   MALFORMED);
    assert_ok(give(&pair, 0, SG_MESSAGE_SAME, sg_hex("")));
    assert_false(pair.sides[0].report.is_agreed);
    assert_err(give(&pair, 0, SG_MESSAGE_SAME, sg_hex("00")), TRAILING);
    assert_err(give(&pair, 0, SG_MESSAGE_ROOT, sg_hex("00")), TRUNCATED);
    assert_err(give(&pair, 0, SG_MESSAGE_HEADS, sg_hex("")), TRUNCATED);
    assert_err(give(&pair, 0, SG_MESSAGE_ASK, sg_hex("20 00")), MALFORMED);
    assert_err(give(&pair, 0, SG_MESSAGE_INTRODUCE, sg_hex("00")), TRUNCATED);
    end_pair(&pair);
    world_begin(&pair, &world, 1);
    pair_open(&pair, &plain);
    sg_exchange_answer(pair.sides[1].exchange, root, &sink,
                       &pair.sides[1].report); /* 16 cells */
    assert_err(give(&pair, 1, SG_MESSAGE_MORE, sg_hex("10")), MALFORMED);
    assert_err(give(&pair, 1, SG_MESSAGE_MORE, sg_hex("00")), MALFORMED);
    assert_err(give(&pair, 1, SG_MESSAGE_TREE, sg_hex("00")), TRUNCATED);
    assert_err(give(&pair, 1, SG_MESSAGE_CELLS, sg_hex("00")), TRUNCATED);
    assert_err(give(&pair, 1, SG_MESSAGE_CELLS, /* there are none before */
                    sg_hex("0005 000000010000000100000001")),
               MALFORMED);
    end_pair(&pair);
}

/* Cells are refused by who has not the feature. */
static void test_no_feature(void **state)
{
    struct world world = {300, 10, 0, 0};
    struct options options = plain;
    struct pair pair;
    struct pair_context context = {&pair, &pair.sides[0]};
    struct sg_exchange_sink sink = {deliver, &context};
    uint8_t root[SG_HEAD_ROOT_SIZE] = {1};

    (void)state;
    options.has_cells = false;
    world_begin(&pair, &world, 1);
    pair_open(&pair, &options);
    sg_exchange_answer(pair.sides[1].exchange, root, &sink,
                       &pair.sides[1].report);
    assert_err(give(&pair, 1, SG_MESSAGE_CELLS,
                    sg_hex("0000 000000010000000100000001")),
               MALFORMED);
    end_pair(&pair);
}

/* One exchange takes SG_EXCHANGE_MESSAGES_MAX messages and no more. */
static void test_messages_max(void **state)
{
    struct pair pair;

    (void)state;
    begin_equal(&pair);
    send_root(&pair, 0);
    for (int i = 0; i < SG_EXCHANGE_MESSAGES_MAX; i++)
        assert_ok(give(&pair, 0, SG_MESSAGE_INTRODUCE, sg_hex("")));
    assert_err(give(&pair, 0, SG_MESSAGE_INTRODUCE, sg_hex("")), LIMIT);
    end_pair(&pair);
}

static enum sg_err make_one(void *context)
{
    struct sg_exchange_room *room = NULL;
    struct sg_exchange *exchange = NULL;
    struct sg_exchange_config config = {
        .table = context, .claims_max = 10, .send_max = SG_EXCHANGE_SEND_MIN};
    enum sg_err err = sg_exchange_room_new(&room);

    config.room = room;
    if (err == SG_OK)
        err = sg_exchange_new(&config, &exchange);
    sg_exchange_free(exchange);
    sg_exchange_room_free(room);
    return err;
}

/* An exchange wants room for the least it sends, and for a claim; where memory
 * fails nothing is left. */
static void test_limits(void **state)
{
    struct sg_log_table *table = heads_table(4);
    struct sg_exchange_config config = {
        .table = table, .claims_max = 10, .send_max = SG_EXCHANGE_SEND_MIN - 1};
    struct sg_exchange *exchange;

    (void)state;
    assert_err(sg_exchange_new(&config, &exchange), LIMIT);
    config.send_max++;
    config.claims_max = 0;
    assert_err(sg_exchange_new(&config, &exchange), LIMIT);
    config.claims_max = SG_HEADS_MAX + 1;
    assert_err(sg_exchange_new(&config, &exchange), LIMIT);
    assert_true(sg_torture_run(make_one, table) >= 4);
    sg_log_table_free(table);
    assert_true(sg_exchange_takes(SG_MESSAGE_SAME));
    assert_true(sg_exchange_takes(SG_MESSAGE_ROOT));
    assert_false(sg_exchange_takes(SG_MESSAGE_PROVE));
    assert_false(sg_exchange_takes(SG_MESSAGE_PONG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_right_memory),
        cmocka_unit_test(test_wrong_memory),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_little_room),
        cmocka_unit_test(test_logs_alike),
        cmocka_unit_test(test_ground_fork),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_order_of_alike),
        cmocka_unit_test(test_not_told_back),
        cmocka_unit_test(test_cut_lists),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_crossing),
        cmocka_unit_test(test_bare_claim),
        cmocka_unit_test(test_ask_any_time),
        cmocka_unit_test(test_change_between),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_feature),
        cmocka_unit_test(test_messages_max),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
