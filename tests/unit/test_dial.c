#include "replication/dial.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/sync_pair.h"

static struct pair_net dialling(void)
{
    static const struct sg_sync_peer peers[] = {{.dial = true}};
    struct pair_net net;

    pair_new(&net, 2, NULL);
    net.peers = peers;
    net.n_peers = 1;
    return net;
}

/* A call that comes to nothing is repeated after a random point in the second
 * half of 1 s, 2 s, 4 s, ... 5 min. */
static void test_backoff(void **state)
{
    struct pair_net net = dialling();
    uint64_t wait = 1000, last;
    size_t dials;

    (void)state;
    net.last = &net.first;
    pair_restart(&net, 1);
    pair_run(&net, 1001);
    assert_int_equal(net.nodes[1].n_dials, 1);
    for (size_t i = 0; i < 14; i++) {
        struct sg_event event = {.kind = SG_EVENT_UNDIALLED};

        pair_step(&net, 1, &event);
        last = net.now_ms;
        dials = net.nodes[1].n_dials;
        pair_run(&net, wait / 2 - 1);
        assert_int_equal(net.nodes[1].n_dials, dials);
        while (net.nodes[1].n_dials == dials)
            pair_run(&net, 1);
        assert_in_range(net.now_ms - last, wait / 2, wait + 1);
        wait = wait < 150000 ? 2 * wait : 300000;
    }
    pair_free(&net);
}

/* A session that ends as soon as it began is a call that came to nothing: the
 * next wait is longer. After one that lasted, though a bad link cut it, it
 * is the shortest again. */
static void test_unsteady(void **state)
{
    struct pair_net net = dialling();
    uint64_t last;
    size_t dials;

    (void)state;
    net.last = &net.first;
    pair_restart(&net, 0);
    pair_run(&net, 1001);
    pair_connect(&net, 0, 1);
    pair_run(&net, 1000);
    pair_cut(&net, 0, 1);
    for (size_t i = 0; i < 12; i++) {
        dials = net.nodes[0].n_dials;
        for (last = net.now_ms; net.nodes[0].n_dials == dials;)
            pair_run(&net, 100);
        pair_connect(&net, 0, 1);
        pair_run(&net, 1000);
        pair_cut(&net, 0, 1);
    }
    assert_in_range(net.now_ms - last, 150000, 302000);
    dials = net.nodes[0].n_dials;
    while (net.nodes[0].n_dials == dials)
        pair_run(&net, 100);
    pair_connect(&net, 0, 1);
    pair_run(&net, 21000);
    pair_cut(&net, 0, 1);
    dials = net.nodes[0].n_dials;
    pair_run(&net, 1100);
    assert_int_equal(net.nodes[0].n_dials, dials + 1);
    pair_free(&net);
}

/* Where a revoked node answers is called less and less, down to once an hour:
 * a link that is paid by the byte has better uses. */
static void test_revoked(void **state)
{
    struct pair_net net = dialling();
    uint64_t last;
    size_t dials;

    (void)state;
    net.last = &net.first;
    pair_write(&net, 0,
               trust_cut(&net.world, 0, net.serial++, net.nodes[1].node_key,
                         SG_TRUST_REVOKE, NULL, 0));
    pair_restart(&net, 0);
    pair_run(&net, 2000);
    assert_int_equal(net.nodes[0].n_dials, 1);
    for (size_t i = 0; i < 14; i++) {
        dials = net.nodes[0].n_dials;
        pair_connect(&net, 0, 1);
        pair_run(&net, 1);
        assert_err(net.nodes[0].closed, REVOKED);
        for (last = net.now_ms; net.nodes[0].n_dials == dials;)
            pair_run(&net, 1000);
    }
    assert_in_range(net.now_ms - last, 1800000 - 1000, 3600000 + 2000);
    pair_free(&net);
}

/* Who has a session here by his own call is not called; when it ended he soon
 * is. */
static void test_called_by_the_peer(void **state)
{
    struct pair_net net = dialling();
    size_t dials;

    (void)state;
    net.last = &net.first;
    pair_restart(&net, 0);
    pair_restart(&net, 1);
    pair_run(&net, 1001);
    pair_connect(&net, 0, 1);
    pair_run(&net, 21000);
    pair_cut(&net, 0, 1);
    dials = net.nodes[0].n_dials;
    pair_connect(&net, 1, 0);
    pair_run(&net, 120000);
    assert_int_equal(net.nodes[0].n_dials, dials);
    pair_cut(&net, 0, 1);
    pair_run(&net, 30000);
    assert_int_equal(net.nodes[0].n_dials, dials + 1);
    pair_free(&net);
}

/* Of two sessions by calls of our own the second counts: the end of the first
 * is no reason to call again. */
static void test_two_calls(void **state)
{
    struct pair_net net = dialling();
    size_t dials;

    (void)state;
    net.last = &net.first;
    pair_restart(&net, 0);
    pair_run(&net, 1001);
    dials = net.nodes[0].n_dials;
    pair_connect(&net, 0, 1);
    pair_connect(&net, 0, 1);
    pair_run(&net, 120000);
    assert_true(net.nodes[0].n_closed + net.nodes[1].n_closed > 0);
    assert_int_equal(net.nodes[0].n_dials, dials);
    pair_free(&net);
}

/* More peers than one step has effects for are all called. */
static void test_many_peers(void **state)
{
    static struct sg_sync_peer peers[SG_PEERS_MAX];
    struct sg_event tick = {.kind = SG_EVENT_TICK};
    struct pair_net net;

    (void)state;
    for (size_t i = 0; i < SG_PEERS_MAX; i++)
        peers[i].dial = true;
    pair_new(&net, 1, NULL);
    net.peers = peers;
    net.n_peers = SG_PEERS_MAX;
    pair_restart(&net, 0);
    net.now_ms += 2000; /* all are due in one step */
    pair_step(&net, 0, &tick);
    assert_in_range(net.nodes[0].n_dials, 1, SG_PEERS_MAX - 1);
    pair_run(&net, 1);
    assert_int_equal(net.nodes[0].n_dials, SG_PEERS_MAX);
    pair_free(&net);
}

/* Loses all packages to node 0. */
static bool withhold(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    return message->type != SG_MESSAGE_PACKAGE || message->node != 0;
}

/* When a peer withholds, who waits for his next call is called soon. */
static void test_hurry(void **state)
{
    static const struct sg_sync_peer peers[] = {{.dial = true}, {.dial = true}};
    struct sg_event event = {.kind = SG_EVENT_UNDIALLED, .undialled = 1};
    struct pair_net net;
    uint64_t last;

    (void)state;
    pair_new(&net, 2, NULL);
    net.peers = peers;
    net.n_peers = 2;
    pair_restart(&net, 0);
    pair_run(&net, 1001);
    pair_connect(&net, 0, 1);
    pair_run(&net, 10000);
    net.filter = withhold;
    pair_append(&net, 1, 100);
    for (last = net.now_ms; net.now_ms < last + 240000;) {
        size_t dials = net.nodes[0].n_dials;

        pair_step(&net, 0, &event); /* peer 1 does not answer */
        while (net.nodes[0].n_dials == dials)
            pair_run(&net, 1000);
    }
    pair_step(&net, 0, &event);
    while (pair_alarms(&net, 0, SG_SYNC_ALARM_WITHHOLDS) == 0)
        pair_run(&net, 100);
    assert_in_range(net.now_ms, last + 300000, last + 400000);
    last = net.nodes[0].n_dials;
    pair_run(&net, 1100);
    assert_int_equal(net.nodes[0].n_dials, last + 1);
    pair_free(&net);
}

/* A node that broke the protocol is not let in again before its time, which
 * doubles up to an hour; another node is. */
static bool spoil(struct pair_net *net, struct pair_message *message)
{
    if (message->type == SG_MESSAGE_PACKAGE && message->node == 0 &&
        net->nodes[0].ends[message->session].node == 1)
        message->body[message->size - 1] ^= 1;
    return true;
}

/* NODE breaks the protocol, and is let in after WAIT but not before. */
static void break_and_wait(struct pair_net *net, size_t node, uint64_t wait)
{
    pair_connect(net, node, 0);
    pair_run(net, 100);
    assert_err(net->nodes[0].closed, PROOF);
    pair_run(net, wait - 500);
    pair_connect(net, node, 0);
    pair_run(net, 10);
    assert_err(net->nodes[0].closed, NOROOM);
    pair_run(net, 1000);
}

static void test_penalty(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 1, 5);
    net.filter = spoil;
    for (uint64_t wait = 1000; wait < 4096000; wait *= 2)
        break_and_wait(&net, 1, wait);
    for (unsigned i = 0; i < 2; i++)
        break_and_wait(&net, 1, 3600000);
    assert_int_equal(pair_held(&net, 0, 1), 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    net.filter = NULL;
    pair_connect(&net, 2, 1);
    pair_run(&net, 30000);
    pair_assert_equal(&net);
    pair_free(&net);
}

static bool spoil_all(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    if (message->type == SG_MESSAGE_PACKAGE && message->node == 0)
        message->body[message->size - 1] ^= 1;
    return true;
}

/* Each of two has a wait of its own. */
static void test_two_penalties(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 1, 5);
    pair_append(&net, 2, 5);
    net.filter = spoil_all;
    for (uint64_t wait = 1000; wait <= 4000; wait *= 2)
        break_and_wait(&net, 1, wait);
    break_and_wait(&net, 2, 1000);
    break_and_wait(&net, 1, 8000);
    break_and_wait(&net, 2, 2000);
    pair_free(&net);
}

/* A writer may open so many logs as his certificate says; more are refused and
 * alarm, and what he has is not touched. */
static void test_epochs(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    for (uint8_t epoch = 0; epoch < 18; epoch++) {
        pair_epoch(&net, 1, (uint8_t)(0x60 + epoch));
        pair_append(&net, 1, 1);
    }
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    assert_int_equal(net.nodes[0].n_logs, 1 + 16);
    assert_true(pair_alarms(&net, 0, SG_SYNC_ALARM_EPOCHS) > 0);
    pair_free(&net);
}

/* A writer beyond his quota is refused and alarms; others are served. */
static void test_quota(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    net.writer_size_max = 20000;
    pair_restart(&net, 0);
    pair_append(&net, 1, 2000);
    pair_append(&net, 2, 20);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 60000);
    pair_append(&net, 1, 200);
    pair_run(&net, 60000);
    assert_int_equal(pair_held(&net, 0, 2), 21);
    assert_true(pair_held(&net, 0, 1) < 2201);
    assert_true(pair_alarms(&net, 0, SG_SYNC_ALARM_QUOTA) > 0);
    pair_free(&net);
}

/* A core that cannot have its memory is not made, and leaves none behind. */
static void test_no_memory(void **state)
{
    struct sg_sync_config config = {.sessions_max = 2, .logs_max = 8};
    uint8_t public_key[SG_KEY_SIZE];
    struct sg_sign_key key = trust_key(1, public_key);
    struct sg_sync *core = NULL;

    (void)state;
    config.key = &key;
    for (int64_t nth = 1;; nth++) {
        enum sg_err err;
        bool has_failed;

        sg_alloc_fail_at(nth);
        err = sg_sync_new(&config, &core);
        has_failed = sg_alloc_failed();
        sg_alloc_fail_at(0);
        if (!has_failed) {
            assert_ok(err);
            break;
        }
        assert_err(err, NOMEM);
        assert_int_equal(sg_alloc_live(), 0);
    }
    sg_sync_free(core);
    sg_sync_free(NULL);
    config.sessions_max = SG_PEERS_MAX + 1;
    assert_err(sg_sync_new(&config, &core), INVALID);
    config.sessions_max = 2;
    config.logs_max = SG_LOGS_MAX + 1;
    assert_err(sg_sync_new(&config, &core), INVALID);
    config.logs_max = 8;
    config.certificate[5] = 1;
    assert_err(sg_sync_new(&config, &core), INVALID);
    assert_int_equal(sg_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_unsteady),
        cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_penalty),
        cmocka_unit_test(test_called_by_the_peer),
        cmocka_unit_test(test_two_calls),
        cmocka_unit_test(test_many_peers),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_two_penalties),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
