#include "replication/session.h"

#include <string.h>

#include "replication/package.h"

#include "tests/lib/sync_pair.h"

/* Gives node NODE a message on session 0 as if its peer had sent it. */
static void say(struct pair_net *net, size_t node, enum sg_message_type type,
                struct sg_bytes body)
{
    struct sg_event event = {.kind = SG_EVENT_MESSAGE, .session = 0};

    event.message.type = type;
    event.message.body = body;
    pair_step(net, node, &event);
}

/* What a peer may not say closes its session with the code for it, and changes
 * nothing else. */
static void test_refusals(void **state)
{
    static const uint8_t bytes[512] = {0xff};
    static const struct {
        enum sg_message_type type;
        size_t size;
        enum sg_err err;
    } cases[] = {
        {SG_MESSAGE_READY, 0, SG_ERR_MALFORMED}, /* twice */
        {SG_MESSAGE_CHAIN, 40, SG_ERR_MALFORMED},
        {SG_MESSAGE_JOIN, 40, SG_ERR_MALFORMED},
        {SG_MESSAGE_JOINED, 1, SG_ERR_MALFORMED},
        {SG_MESSAGE_CLOSE, 0, SG_ERR_TRUNCATED},
        {SG_MESSAGE_PING, 3, SG_ERR_TRUNCATED},
        {SG_MESSAGE_HEADS, 1, SG_ERR_TRUNCATED},
        {SG_MESSAGE_ASK, 0, SG_ERR_TRUNCATED},
        {SG_MESSAGE_INTRODUCE, 5, SG_ERR_TRUNCATED},
        {SG_MESSAGE_ROOT, 19, SG_ERR_MALFORMED},
        {SG_MESSAGE_PROVE, 3, SG_ERR_TRUNCATED},
        {SG_MESSAGE_PROOF, 3, SG_ERR_TRUNCATED},
        {SG_MESSAGE_MINE, 2, SG_ERR_MALFORMED},
        {SG_MESSAGE_AUTHORITY, 10, SG_ERR_TRUNCATED},
        {SG_MESSAGE_AUTHORITY, 200, SG_ERR_CERTIFICATE},
        {SG_MESSAGE_WANT, 1, SG_ERR_TRUNCATED},
        {SG_MESSAGE_PACKAGE, 1, SG_ERR_TRUNCATED},
        {SG_MESSAGE_STORED, 1, SG_ERR_TRUNCATED},
        {SG_MESSAGE_STOP, 1, SG_ERR_TRUNCATED},
        {SG_MESSAGE_CREDIT, 0, SG_ERR_TRUNCATED},
        {SG_MESSAGE_SUBSCRIBE, 1, SG_ERR_MALFORMED},
        {SG_MESSAGE_COSIGNATURE, 4, SG_ERR_TRUNCATED},
        {SG_MESSAGE_HOLDING, 4, SG_ERR_TRUNCATED},
        {SG_MESSAGE_FORK, 4, SG_ERR_VERSION},
        {SG_MESSAGE_BRANCHES, 4, SG_ERR_TRUNCATED},
        {SG_MESSAGE_STATEMENT, 4, SG_ERR_VERSION},
        {SG_MESSAGE_MANIFEST, 4, SG_ERR_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair_net net;
        struct sg_hash before, after;

        pair_new(&net, 2, NULL);
        pair_connect(&net, 1, 0);
        pair_run(&net, 10000);
        before = sg_sync_root(net.nodes[0].core);
        say(&net, 0, cases[i].type, sg_bytes(bytes, cases[i].size));
        pair_run(&net, 10);
        assert_int_equal(net.nodes[0].n_closed, 1);
        if (net.nodes[0].closed != cases[i].err)
            print_message("%s: %s\n", sg_frame_message_name(cases[i].type),
                          sg_err_name(net.nodes[0].closed));
        assert_string_equal(sg_err_name(net.nodes[0].closed),
                            sg_err_name(cases[i].err));
        after = sg_sync_root(net.nodes[0].core);
        assert_memory_equal(&before, &after, sizeof before);
        pair_free(&net);
    }
}

/* A peer is granted what is stored or dropped; more than that closes with
 * LIMIT. */
static void test_credit(void **state)
{
    static uint8_t body[SG_MESSAGE_SIZE_MAX];
    struct pair_net net;
    struct sg_package_head head;
    struct sg_writer writer;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_writer_varint(&writer, 77); /* no want of ours: dropped, and counted */
    sg_writer_u8(&writer, 0);
    sg_writer_varint(&writer, 0);
    sg_writer_varint(&writer, 1);
    assert_ok(sg_package_peek(SG_BYTES_ARRAY(body), &head));
    for (size_t i = 0; i < 20; i++) {
        say(&net, 0, SG_MESSAGE_PACKAGE, sg_bytes(body, 60000));
        pair_run(&net, 1);
    }
    /* What is dropped takes no memory: it is granted anew. */
    assert_int_equal(net.nodes[0].n_closed, 0);
    assert_true(net.nodes[0].sent[SG_MESSAGE_CREDIT] > 1);
    say(&net, 0, SG_MESSAGE_PACKAGE, sg_bytes(body, 40000));
    say(&net, 0, SG_MESSAGE_PACKAGE, SG_BYTES_ARRAY(body));
    assert_err(net.nodes[0].closed, LIMIT);
    pair_free(&net);
}

/* A metered peer gets its budget an hour and no more; a session that has used
 * it up ends, and the rest comes in later ones. */
static void test_budget(void **state)
{
    struct sg_sync_peer peers[] = {{.hour = 20000}};
    struct pair_net net;
    size_t sent;

    (void)state;
    pair_new(&net, 2, NULL);
    net.peers = peers;
    net.n_peers = 1;
    pair_restart(&net, 1);
    pair_append(&net, 1, 1000);
    pair_connect(&net, 1, 0);
    pair_run(&net, 600000);
    sent = net.nodes[1].bytes;
    assert_in_range(sent, 10000, 30000);
    assert_true(pair_held(&net, 0, 1) < 1001);
    assert_err(net.nodes[1].closed, DONE);
    for (size_t hour = 0; hour < 20 && pair_held(&net, 0, 1) < 1001; hour++) {
        sent = net.nodes[1].bytes + net.nodes[0].bytes;
        pair_run(&net, 3600000);
        if (!net.nodes[1].ends[0].is_open)
            pair_connect(&net, 1, 0);
        sent = net.nodes[1].bytes + net.nodes[0].bytes - sent;
        assert_in_range(sent, 0, 45000); /* two hours meet in one */
    }
    assert_int_equal(pair_held(&net, 0, 1), 1001);
    pair_free(&net);
}

/* A peer that is not taken out of its queue is dropped after a minute, and one
 * that says nothing in stage 1 too. */
static void test_slow(void **state)
{
    struct sg_hello_payload from_a, from_b;
    struct sg_event event = {.kind = SG_EVENT_OPEN, .session = 0};
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    sg_sync_greet(net.nodes[1].core, NULL, &from_b);
    sg_sync_greet(net.nodes[0].core, &from_b, &from_a);
    from_a.is_ready = false;
    net.nodes[1].ends[0] = (struct pair_end){true, 0, 0};
    event.open.link = SG_SYNC_RESPONDER;
    event.open.peer = SG_SYNC_NONE;
    event.open.sent = from_b;
    event.open.received = from_a;
    pair_step(&net, 1, &event);
    pair_run(&net, 59000);
    assert_int_equal(net.nodes[1].n_closed, 0);
    pair_run(&net, 10000);
    assert_int_equal(net.nodes[1].n_closed, 1);
    assert_err(net.nodes[1].closed, SLOW);
    pair_free(&net);
}

/* Of two sessions of one pair the one whose initiator has the smaller key
 * stays, whichever came first; of two by one initiator the newer. */
static void test_double(void **state)
{
    (void)state;
    for (size_t turn = 0; turn < 2; turn++) {
        struct pair_net net;
        size_t smaller;

        pair_new(&net, 2, NULL);
        smaller = memcmp(net.nodes[0].node_key, net.nodes[1].node_key,
                         SG_KEY_SIZE) < 0
                      ? 0
                      : 1;
        pair_connect(&net, turn, 1 - turn);
        pair_run(&net, 1000);
        pair_connect(&net, 1 - turn, turn);
        pair_run(&net, 1000);
        assert_true(net.nodes[0].closed == SG_ERR_DOUBLE ||
                    net.nodes[1].closed == SG_ERR_DOUBLE);
        assert_int_equal(net.nodes[0].ends[0].is_open, smaller == turn);
        assert_int_equal(net.nodes[0].ends[1].is_open, smaller != turn);
        pair_free(&net);
    }
}

/* A node that stops says so to everybody. */
static void test_stop(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_STOP};
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    pair_step(&net, 0, &event);
    assert_int_equal(net.nodes[0].n_closed, 2);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_CLOSE], 2);
    assert_err(net.nodes[0].closed, STOPPING);
    pair_free(&net);
}

/* Events that cannot be are refused and change nothing. */
static void test_impossible(void **state)
{
    static struct sg_effects effects;
    struct sg_event event;
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    event = (struct sg_event){.kind = SG_EVENT_TICK, .now_ms = 0};
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event = (struct sg_event){.kind = SG_EVENT_SHUT, .now_ms = net.now_ms};
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.kind = SG_EVENT_MESSAGE;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.kind = SG_EVENT_STORED;
    event.stored = 1000;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.kind = SG_EVENT_OPEN;
    event.session = 1000;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.kind = SG_EVENT_UNDIALLED;
    event.undialled = 9;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_credit),
        cmocka_unit_test(test_budget),     cmocka_unit_test(test_slow),
        cmocka_unit_test(test_double),     cmocka_unit_test(test_stop),
        cmocka_unit_test(test_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
