#include "tests/unit/exchange_pair.h"

static uint32_t alike[2];

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

/* --- Sessions ---------------------------------------------------------- */

/* A ref that fits two logs on both sides is not asked for: they are named in
 * order. Where it fits one on one side it is asked for, whoever names it. */
static void test_order_of_alike(void **state)
{
    struct pair_world world = {200, 0, 0, 0};
    struct pair_options options = pair_plain;
    struct sg_log_core core;
    struct sg_log_id id;
    struct pair pair;

    (void)state;
    pair_logs_alike(alike);
    for (int run = 0; run < 6; run++) {
        const struct sg_claims *claims;
        uint32_t first = alike[0];
        int only = run % 3;

        alike[0] = alike[1];
        alike[1] = first;
        core = heads_core(alike[0]);
        id = sg_entry_log_id(&heads_registry, &core);
        options = pair_plain;

        pair_begin_world(&pair, &world, 1);
        for (int i = 0; i < 4; i++) {
            if (i != (only == 1 ? 3 : only == 2 ? 0 : 4))
                (void)heads_set(pair.sides[i / 2].table, alike[i % 2], 10, 0);
        }
        /* A memory that is wrong where A has never heard of the one. */
        options.remembers[1] = only == 2;
        options.change[1] = sg_log_table_change(pair.sides[1].table);
        (void)heads_set(pair.sides[1].table, alike[0], 20, 0);
        pair_open(&pair, &options);
        pair_greet(&pair);
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
        pair_end_world(&pair);
    }
}

/* What the peer has claimed itself is not told to him. */
static void test_not_told_back(void **state)
{
    struct pair_world world = {2000, 0, 0, 0};
    struct pair_options options = pair_plain;
    struct pair pair;

    (void)state;
    pair_begin_world(&pair, &world, 1);
    for (int i = 0; i < 2; i++) {
        options.remembers[i] = true;
        options.change[i] = sg_log_table_change(pair.sides[i].table);
        for (uint64_t n = 0; n < 100; n++)
            (void)heads_set(pair.sides[i].table, n, 6000, 0);
    }
    (void)heads_set(pair.sides[0].table, 500, 6000, 0);
    pair_open(&pair, &options);
    pair_greet(&pair);
    assert_true(pair.sides[0].report.is_agreed);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[1].exchange)), 1);
    pair_close(&pair);
    pair_end_world(&pair);
}

/* Where there is no room for all that is to be told, both sides agree on what
 * was told without more ado. */
static void test_cut_lists(void **state)
{
    struct pair_world world = {0, 0, 0, 0};
    struct pair_options options[2] = {pair_plain, pair_plain};
    struct pair pair;

    (void)state;
    options[0].send_max = SG_EXCHANGE_SEND_MIN;
    options[1].claims_max = 10;
    for (int i = 0; i < 2; i++) {
        pair_begin_world(&pair, &world, 1);
        for (uint64_t n = 0; n < 1000; n++)
            (void)heads_set(pair.sides[1].table, n, 5, 0);
        pair_open(&pair, &options[i]);
        pair_greet(&pair);
        assert_true(pair.sides[0].report.is_agreed);
        assert_in_range(
            sg_claims_count(sg_exchange_claims(pair.sides[0].exchange)), 10,
            40);
        assert_int_equal(pair.sent[SG_MESSAGE_CELLS], 1);
        assert_int_equal(pair.sent[SG_MESSAGE_TREE], 0);
        pair_close(&pair);
        pair_end_world(&pair);
    }
}

/* The same where it is the logs known to both that do not fit: of the largest
 * sizes, so that their list is long. */
static void test_cut_larger(void **state)
{
    struct pair_world world = {0, 0, 0, 0};
    struct pair_options options = pair_plain;
    struct pair pair;
    uint32_t count = 0;

    (void)state;
    options.send_max = SG_EXCHANGE_SEND_MIN;
    pair_begin_world(&pair, &world, 1);
    for (uint64_t n = 0; n < 66; n++) {
        if (n < 64)
            (void)heads_set(pair.sides[0].table, n, 1 + n, 0);
        struct sg_log *log =
            heads_set(pair.sides[1].table, n, (UINT64_C(1) << 63) + n, 0);

        sg_log_table_set_held(pair.sides[1].table, log, 0, 0, log->change);
    }
    pair_open(&pair, &options);
    pair_greet(&pair);
    assert_true(pair.sides[0].report.is_agreed);
    assert_int_equal(pair.sent[SG_MESSAGE_TREE], 0);
    for (uint32_t n = 0; n < 64; n++) {
        const struct sg_claims *claims =
            sg_exchange_claims(pair.sides[0].exchange);
        const struct sg_claim *claim = sg_claims_find(
            claims, &sg_log_table_at(pair.sides[0].table, n)->id);

        count +=
            claim != NULL && sg_claims_news(claims, claim) == SG_CLAIM_LARGER;
    }
    assert_in_range(count, 40, 63);
    pair_close(&pair);
    pair_end_world(&pair);
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
    assert_ok(
        pair_give(&pair, 0, SG_MESSAGE_HEADS, bare_claim(&pair, 3, 9000)));
    assert_int_equal(pair.sides[1].first, pair.sides[1].last);
    assert_int_equal(sg_claims_count(claims), 1);
    assert_int_equal(sg_claims_at(claims, 0)->size, 9000);
    assert_int_equal(sg_claims_news(claims, sg_claims_at(claims, 0)),
                     SG_CLAIM_LARGER);
    /* Of a log that is not known here it says nothing. */
    assert_ok(pair_give(&pair, 0, SG_MESSAGE_HEADS, bare_claim(&pair, 300, 1)));
    assert_int_equal(sg_claims_count(claims), 1);
    pair_send_root(&pair, 0);
    assert_ok(
        pair_give(&pair, 0, SG_MESSAGE_HEADS, bare_claim(&pair, 4, 9000)));
    assert_int_equal(sg_claims_count(claims), 2);
    assert_true(sg_exchange_is_open(pair.sides[0].exchange));
    /* A root may be answered late: meanwhile they have no bound. */
    for (uint64_t i = 0; i < SG_EXCHANGE_MESSAGES_MAX; i++) {
        assert_ok(pair_give(&pair, 0, SG_MESSAGE_HEADS,
                            bare_claim(&pair, 4, 9001 + i)));
        assert_ok(pair_give(&pair, 0, SG_MESSAGE_INTRODUCE, sg_hex("")));
    }
    assert_int_equal(sg_claims_count(claims), 2);
    pair_settle(&pair);
    assert_true(pair.sides[0].report.is_equal);
    end_pair(&pair);
}

/* An introduction that nobody asked for is taken, and not for the answer to the
 * question that is open. */
static void test_unasked(void **state)
{
    struct sg_log_core cores[2] = {heads_core(300), heads_core(301)};
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &cores[0]);
    struct sg_head_message_heads heads = {
        .width = 32, .count = 1, .auth.is_there = true};
    struct sg_head_message_claim claim = {5, 0, {1, 2, 3, 4}};
    uint32_t ref = sg_log_table_x(&id);
    struct sg_writer writer;
    uint8_t body[100];
    struct pair pair;

    (void)state;
    begin_equal(&pair);
    pair_send_root(&pair, 0);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_heads_encode(&writer, &heads, &ref, &claim);
    assert_ok(
        pair_give(&pair, 0, SG_MESSAGE_HEADS, sg_bytes(body, writer.size)));
    assert_int_equal(pair.sent[SG_MESSAGE_ASK], 1);
    for (int i = 1; i >= 0; i--) {
        assert_int_equal(pair.sent[SG_MESSAGE_HEADS], 0);
        sg_writer_init_array(&writer, body, sizeof body);
        sg_head_message_introduce_put(&writer, &cores[i], &claim);
        assert_ok(pair_give(&pair, 0, SG_MESSAGE_INTRODUCE,
                            sg_bytes(body, writer.size)));
    }
    assert_int_equal(pair.sent[SG_MESSAGE_HEADS], 1);
    assert_int_equal(
        sg_claims_count(sg_exchange_claims(pair.sides[0].exchange)), 2);
    end_pair(&pair);
}

/* A peer who asks for cells, or sends them, one by one is shown the tree. */
static void test_sketches_max(void **state)
{
    struct sg_head_message_auth auth = {.is_there = false};
    struct sg_head_cell cell = {{1, 2, 3}};
    uint8_t root[SG_HEAD_ROOT_SIZE] = {1};
    struct sg_writer writer;
    uint8_t body[100];
    struct pair pair;

    (void)state;
    for (int is_sent = 0; is_sent < 2; is_sent++) {
        struct pair_world world = {100, 0, 0, 0};
        unsigned count = 0;

        pair_begin_world(&pair, &world, 0);
        pair_open(&pair, &pair_plain);
        pair_answer(&pair, root);
        while (pair.sent[SG_MESSAGE_TREE] == 0) {
            sg_writer_init_array(&writer, body, sizeof body);
            if (is_sent)
                sg_head_message_cells_encode(&writer, &auth, count, &cell, 1);
            else
                sg_head_message_more_encode(&writer, 17 + count);
            assert_ok(pair_give(&pair, 1,
                                is_sent ? SG_MESSAGE_CELLS : SG_MESSAGE_MORE,
                                sg_bytes(body, writer.size)));
            pair_drop(&pair, 0);
            assert_true(++count < 100);
        }
        assert_int_equal(count, SG_EXCHANGE_SKETCHES_MAX + 1);
        end_pair(&pair);
    }
}

/* Heads that change while cells travel cost a new sketch, nothing else. */
static void test_change_between(void **state)
{
    struct pair_world world = {2000, 300, 0, 0};
    struct sg_prng prng;
    struct pair pair;

    (void)state;
    sg_prng_init(&prng, 1);
    for (unsigned at = 1; at < 10; at++) {
        uint8_t root[SG_HEAD_ROOT_SIZE];

        pair_begin_world(&pair, &world, at);
        pair_change_world(&pair, &world, at);
        pair_open(&pair, &pair_plain);
        sg_exchange_offer(pair.sides[0].exchange, root);
        pair_answer(&pair, root);
        for (unsigned i = 0; i < at; i++) {
            (void)heads_set(pair.sides[i % 2].table, 1999 - i, 7000 + i, 0);
            (void)pair_arrive(&pair, (int)(i % 2));
        }
        pair_settle(&pair);
        assert_true(at < 4 || pair.sent[SG_MESSAGE_MORE] > 0);
        assert_int_equal(pair.sent[SG_MESSAGE_TREE], 0);
        pair_fetch(&pair.sides[0], &pair.sides[1]);
        pair_fetch(&pair.sides[1], &pair.sides[0]);
        pair_close(&pair);
        pair_open(&pair, &pair_plain);
        assert_true(pair_converge(&pair, &prng) <= 3);
        end_pair(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_alike),
        cmocka_unit_test(test_not_told_back),
        cmocka_unit_test(test_cut_lists),
        cmocka_unit_test(test_cut_larger),
        cmocka_unit_test(test_bare_claim),
        cmocka_unit_test(test_unasked),
        cmocka_unit_test(test_sketches_max),
        cmocka_unit_test(test_change_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
