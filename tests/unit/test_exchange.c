#include "replication/exchange.h"

#include "tests/lib/torture.h"
#include "tests/unit/exchange_pair.h"

static const struct pair_world worlds[] = {
    {0, 0, 0, 0},      {0, 0, 1, 0},       {1, 1, 0, 0},
    {0, 0, 40, 0},     {1, 0, 300, 0},     {60, 10, 3, 1},
    {64, 0, 0, 1},     {65, 0, 0, 1},      {300, 0, 0, 0},
    {300, 1, 0, 0},    {300, 12, 5, 2},    {300, 300, 200, 20},
    {2000, 40, 20, 3}, {2000, 900, 50, 0}, {5000, 20, 0, 0},
};

static bool has_room(const struct pair_options *options)
{
    return options->send_max == pair_plain.send_max &&
           options->claims_max == pair_plain.claims_max;
}

enum memory { NO_MEMORY, RIGHT_MEMORY, WRONG_MEMORY };

/* Runs one world to its end; returns the number of roots compared. */
static int run_world(const struct pair_world *world,
                     struct pair_options options, enum memory memory,
                     uint64_t seed)
{
    struct sg_prng prng;
    struct pair pair;
    int rounds;

    sg_prng_init(&prng, seed + 99);
    pair_begin_world(&pair, world, seed);
    for (int i = 0; i < 2; i++) {
        options.remembers[i] =
            memory != NO_MEMORY && !(seed % 3 == (uint64_t)i);
        options.change[i] = sg_log_table_change(pair.sides[i].table);
    }
    pair_change_world(&pair, world, seed);
    for (int i = 0; i < 2 && memory == WRONG_MEMORY; i++)
        options.change[i] = sg_prng_below(
            &prng, 2 * sg_log_table_change(pair.sides[i].table) + 2);
    pair_open(&pair, &options);
    pair.is_exact = has_room(&options);
    rounds = pair_converge(&pair, &prng);
    assert_true(pair.largest <= options.send_max);
    pair_close(&pair);
    pair_end_world(&pair);
    return rounds;
}

static void run_worlds(const struct pair_options *options, enum memory memory)
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
    run_worlds(&pair_plain, NO_MEMORY);
}

/* with the right one on one side or both, */
static void test_right_memory(void **state)
{
    (void)state;
    run_worlds(&pair_plain, RIGHT_MEMORY);
}

/* with a wrong one, */
static void test_wrong_memory(void **state)
{
    (void)state;
    run_worlds(&pair_plain, WRONG_MEMORY);
}

/* without cells, so that the tree is walked, */
static void test_tree(void **state)
{
    struct pair_options options = pair_plain;

    (void)state;
    options.has_cells = false;
    run_worlds(&options, NO_MEMORY);
    run_worlds(&options, WRONG_MEMORY);
}

/* and with room for little, where it takes more rounds. */
static void test_little_room(void **state)
{
    struct pair_options options = pair_plain;

    (void)state;
    options.send_max = SG_EXCHANGE_SEND_MIN;
    run_worlds(&options, NO_MEMORY);
    run_worlds(&options, WRONG_MEMORY);
    options.has_cells = false;
    run_worlds(&options, NO_MEMORY);
    options = pair_plain;
    options.claims_max = 50;
    run_worlds(&options, NO_MEMORY);
    run_worlds(&options, WRONG_MEMORY);
}

/* A new node learns 12,000 logs in few rounds, with cells and without, and at
 * once where there is room for all messages together. */
static void test_join(void **state)
{
    static const struct {
        bool has_cells;
        size_t send_max;
        int rounds;
    } cases[] = {{true, 1 << 20, 3}, {false, 1 << 20, 3}, {true, 1 << 22, 2}};
    struct pair_world none = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair_options options = pair_plain;
        struct sg_prng prng;
        struct pair pair;

        sg_prng_init(&prng, 1);
        pair_begin_world(&pair, &none, 0);
        for (uint64_t n = 0; n < 12000; n++)
            (void)heads_set(pair.sides[1].table, n, 3, 0);
        options.has_cells = cases[i].has_cells;
        options.send_max = cases[i].send_max;
        pair_open(&pair, &options);
        assert_in_range(pair_converge(&pair, &prng), 2, cases[i].rounds);
        pair_close(&pair);
        pair_end_world(&pair);
    }
}

/* Equal heads cost one message without a body; the memory that comes of it
 * makes the next difference cost as much as DESIGN.md D8 allows. */
static void test_memory(void **state)
{
    struct pair_world world = {11000, 0, 0, 0};
    struct pair_options options = pair_plain;
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    pair_begin_world(&pair, &world, 0);
    pair_open(&pair, &options);
    pair_greet(&pair);
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
    pair_greet(&pair);
    /* 11 + 7, 12, 2 bytes. */
    assert_in_range(pair.bytes, 30, 33);
    assert_true(pair.sides[0].report.is_agreed);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[0].exchange)), 1);
    /* Once told, it is not told again. */
    (void)heads_set(pair.sides[1].table, 6, 5001, 0);
    pair_fetch(&pair.sides[0], &pair.sides[1]);
    assert_true(sg_exchange_wants_root(pair.sides[0].exchange));
    assert_false(sg_exchange_wants_root(pair.sides[1].exchange));
    pair_close(&pair);
    pair_end_world(&pair);
}

/* Roots that cross: the initiator's is answered, once. */
static void test_crossing(void **state)
{
    struct pair_world world = {100, 5, 5, 1};
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    for (uint64_t seed = 0; seed < 10; seed++) {
        pair_begin_world(&pair, &world, seed);
        pair_open(&pair, &pair_plain);
        pair_greet(&pair);
        pair_change_world(&pair, &world, seed);
        pair_forget(&pair);
        pair_send_root(&pair, 0);
        pair_send_root(&pair, 1);
        if (seed % 2 == 0) {
            assert_true(pair_arrive(&pair, 0));
            assert_true(sg_exchange_is_open(pair.sides[0].exchange));
        }
        pair_settle(&pair);
        for (int i = 0; i < 2; i++)
            assert_true(pair.sides[i].report.is_agreed);
        pair_assert_agreed(&pair);
        assert_true(pair.sides[0].calls <= 5);
        pair_close(&pair);
        pair_end_world(&pair);
    }
}

/* Two nodes of 100 logs that have found equal roots. */
static void begin_equal(struct pair *pair)
{
    struct pair_world world = {100, 0, 0, 0};

    pair_begin_world(pair, &world, 0);
    pair_open(pair, &pair_plain);
    pair_greet(pair);
}

static void end_pair(struct pair *pair)
{
    pair_close(pair);
    pair_end_world(pair);
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
    assert_ok(pair_give(&pair, 0, SG_MESSAGE_ASK, sg_bytes(body, writer.size)));
    assert_int_equal(pair.sides[1].last - pair.sides[1].first, 1);
    assert_int_equal(
        pair.sides[1].queue[pair.sides[1].first % PAIR_QUEUE_MAX].type,
        SG_MESSAGE_INTRODUCE);
    pair_settle(&pair);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[1].exchange)), 1);
    refs[0] = 12345;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_ask_encode(&writer, 32, refs, 1);
    assert_ok(pair_give(&pair, 0, SG_MESSAGE_ASK, sg_bytes(body, writer.size)));
    assert_int_equal(
        pair.sides[1].queue[pair.sides[1].first % PAIR_QUEUE_MAX].body.size, 0);
    pair_settle(&pair);
    end_pair(&pair);
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
    struct pair_world world = {300, 10, 0, 0};
    struct pair pair;
    uint8_t root[SG_HEAD_ROOT_SIZE] = {1};

    (void)state;
    begin_equal(&pair);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        assert_err(pair_give(&pair, 0, closed[i].type, sg_hex(closed[i].body)),
                   MALFORMED);
    assert_ok(pair_give(&pair, 0, SG_MESSAGE_SAME, sg_hex("")));
    assert_false(pair.sides[0].report.is_agreed);
    assert_err(pair_give(&pair, 0, SG_MESSAGE_SAME, sg_hex("00")), TRAILING);
    assert_err(pair_give(&pair, 0, SG_MESSAGE_ROOT, sg_hex("00")), TRUNCATED);
    assert_err(pair_give(&pair, 0, SG_MESSAGE_HEADS, sg_hex("")), TRUNCATED);
    assert_err(pair_give(&pair, 0, SG_MESSAGE_ASK, sg_hex("20 00")), MALFORMED);
    assert_err(pair_give(&pair, 0, SG_MESSAGE_INTRODUCE, sg_hex("00")),
               TRUNCATED);
    end_pair(&pair);
    pair_begin_world(&pair, &world, 1);
    pair_open(&pair, &pair_plain);
    pair_answer(&pair, root); /* 16 cells */
    assert_err(pair_give(&pair, 1, SG_MESSAGE_MORE, sg_hex("10")), MALFORMED);
    assert_err(pair_give(&pair, 1, SG_MESSAGE_MORE, sg_hex("00")), MALFORMED);
    assert_err(pair_give(&pair, 1, SG_MESSAGE_TREE, sg_hex("00")), TRUNCATED);
    assert_err(pair_give(&pair, 1, SG_MESSAGE_CELLS, sg_hex("00")), TRUNCATED);
    assert_err(pair_give(&pair, 1, SG_MESSAGE_CELLS, /* there are none before */
                         sg_hex("0005 000000010000000100000001")),
               MALFORMED);
    end_pair(&pair);
}

/* Cells are refused by who has not the feature. */
static void test_no_feature(void **state)
{
    struct pair_world world = {300, 10, 0, 0};
    struct pair_options options = pair_plain;
    struct pair pair;
    uint8_t root[SG_HEAD_ROOT_SIZE] = {1};

    (void)state;
    options.has_cells = false;
    pair_begin_world(&pair, &world, 1);
    pair_open(&pair, &options);
    pair_answer(&pair, root);
    assert_err(pair_give(&pair, 1, SG_MESSAGE_CELLS,
                         sg_hex("0000 000000010000000100000001")),
               MALFORMED);
    end_pair(&pair);
}

/* One exchange takes SG_EXCHANGE_MESSAGES_MAX messages and no more, from the
 * answer to the root on. */
static void test_messages_max(void **state)
{
    struct pair_world world = {300, 10, 0, 0};
    uint8_t root[SG_HEAD_ROOT_SIZE] = {1};
    struct pair pair;

    (void)state;
    pair_begin_world(&pair, &world, 1);
    pair_open(&pair, &pair_plain);
    pair_answer(&pair, root);
    for (int i = 0; i < SG_EXCHANGE_MESSAGES_MAX; i++)
        assert_ok(pair_give(&pair, 1, SG_MESSAGE_INTRODUCE, sg_hex("")));
    assert_err(pair_give(&pair, 1, SG_MESSAGE_INTRODUCE, sg_hex("")), LIMIT);
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
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_crossing),
        cmocka_unit_test(test_ask_any_time),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_feature),
        cmocka_unit_test(test_messages_max),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
