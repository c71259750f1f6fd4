#include "replication/sync.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/sync_pair.h"

/* Two nodes that know nothing of each other replicate their logs both ways,
 * the authority's log first, and find their roots equal. */
static void test_two_nodes(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 10);
    pair_append(&net, 1, 600);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 0, 1), 601);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* A node relays between two that never meet; what is written later reaches
 * everybody by push, within one step of the network. */
static void test_relay_and_push(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 300);
    pair_connect(&net, 0, 1);
    pair_connect(&net, 1, 2);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    for (size_t i = 0; i < 3; i++) {
        pair_append(&net, i, 1);
        pair_run(&net, 1);
    }
    pair_assert_equal(&net);
    assert_true(net.nodes[2].sent[SG_MESSAGE_PACKAGE] > 0);
    pair_free(&net);
}

/* Loses what is sent after so many packages. */
static bool after_packages(struct pair_net *net, struct pair_message *message)
{
    size_t *left = net->context;

    if (message->type == SG_MESSAGE_PACKAGE && *left > 0)
        (*left)--;
    return *left > 0;
}

/* A fetch that is cut at any package goes on from there, from this peer or from
 * another, and never twice over. */
static void test_resume(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 12; cut++) {
        struct pair_net net;
        size_t left = cut;

        pair_new(&net, 3, NULL);
        pair_append(&net, 1, 900);
        pair_connect(&net, 0, 1);
        pair_run(&net, 20000);
        net.filter = after_packages;
        net.context = &left;
        pair_connect(&net, 2, 1);
        pair_run(&net, 1000);
        pair_cut(&net, 1, 2);
        net.filter = NULL;
        pair_connect(&net, 2, cut % 2 == 0 ? 0 : 1);
        pair_run(&net, 60000);
        assert_int_equal(pair_held(&net, 2, 1), 901);
        pair_free(&net);
    }
}

/* A peer that does not answer is dropped for lack of progress, 60 s later, and
 * told why. */
static bool lose_packages(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    return message->type != SG_MESSAGE_PACKAGE &&
           message->type != SG_MESSAGE_PING;
}

static void test_no_progress(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    net.filter = lose_packages;
    pair_connect(&net, 1, 0);
    pair_run(&net, 59000);
    assert_int_equal(net.nodes[1].n_closed, 0);
    pair_run(&net, 70000);
    assert_int_equal(net.nodes[1].n_closed, 1);
    assert_err(net.nodes[1].closed, SLOW);
    pair_free(&net);
}

/* A core that starts anew from its store goes on: with its memory of the peer
 * a reconnect with nothing to say costs the handshake, `ready` and `same`. */
static void test_restart(void **state)
{
    struct pair_net net;
    size_t before, same;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 50);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_restart(&net, 1);
    before = net.nodes[0].bytes + net.nodes[1].bytes;
    same = net.nodes[0].sent[SG_MESSAGE_SAME];
    pair_connect(&net, 1, 0);
    pair_run(&net, 10);
    assert_int_equal(net.nodes[0].bytes + net.nodes[1].bytes, before);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_SAME], same + 1);
    pair_append(&net, 1, 5);
    pair_run(&net, 10);
    assert_int_equal(pair_held(&net, 0, 1), 56);
    pair_free(&net);
}

/* A write that the store refuses is asked for again, and nothing of it is
 * shown before it is durable. */
static void test_refused_write(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 700);
    net.nodes[1].holds_commits = true;
    pair_connect(&net, 1, 0);
    pair_run(&net, 1000);
    assert_true(net.nodes[1].n_writes > 0);
    assert_int_equal(net.nodes[1].sent[SG_MESSAGE_STORED], 0);
    net.nodes[1].holds_commits = false;
    net.nodes[1].refuses = true;
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_nodes), cmocka_unit_test(test_relay_and_push),
        cmocka_unit_test(test_resume),    cmocka_unit_test(test_no_progress),
        cmocka_unit_test(test_restart),   cmocka_unit_test(test_refused_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
