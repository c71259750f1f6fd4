#include "replication/partial.h"

#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/sync_pair.h"

#define LEAVES 700u

/* --- Nodes --------------------------------------------------------------- */

static struct sg_hash leaves[LEAVES];

static struct sg_hash root_of(uint64_t from, uint64_t to)
{
    struct sg_frontier frontier = {0};

    for (uint64_t i = from; i < to; i++)
        sg_merkle_append(&frontier, &leaves[i], NULL, NULL);
    return sg_merkle_root(&frontier);
}

/* cover(FROM, TO) by its definition, from all leaves. */
static size_t cover(uint64_t from, uint64_t to, struct sg_hash *ret)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = sg_merkle_plan_extension(from, to, ranges);

    for (size_t i = 0; i < n; i++)
        ret[i] = root_of(ranges[i].start, ranges[i].end);
    return n;
}

static void hold(struct sg_core_partial *partial, uint64_t held, uint64_t size)
{
    memset(partial, 0, sizeof *partial);
    for (uint64_t i = 0; i < held; i++)
        sg_merkle_append(&partial->held, &leaves[i], NULL, NULL);
    partial->stack.toward.size = size;
    partial->stack.count = cover(held, size, partial->stack.hashes);
}

/* Who holds a part of a tree and the stack beyond it has the nodes of every
 * package of that part, fresh or not, the same as who holds all of it. */
static void test_nodes(void **state)
{
    struct sg_hash below[SG_MERKLE_HASHES_MAX], nodes[SG_MERKLE_HASHES_MAX];
    struct sg_hash wanted[SG_MERKLE_HASHES_MAX];
    struct sg_core_partial partial;
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 4);
    for (size_t i = 0; i < LEAVES; i++)
        sg_prng_bytes(&prng, leaves[i].bytes, sizeof leaves[i].bytes);
    for (size_t round = 0; round < 1500; round++) {
        uint64_t size = 2 + sg_prng_below(&prng, LEAVES - 2);
        uint64_t held = 1 + sg_prng_below(&prng, size - 1);
        uint64_t first = sg_prng_below(&prng, held);
        uint64_t end = first + 1 + sg_prng_below(&prng, held - first);
        bool is_fresh = first == 0 || sg_prng_chance(&prng, 500);
        uint64_t reach = sg_package_reach(first, end, size, is_fresh);
        size_t count, n_wanted = cover(end, reach, wanted);
        size_t n_below = cover(end, reach < held ? reach : held, below);

        hold(&partial, held, size);
        assert_true(sg_partial_nodes(&partial, end, reach, below, n_below,
                                     nodes, &count));
        assert_int_equal(count, n_wanted);
        assert_memory_equal(nodes, wanted, count * sizeof nodes[0]);
        assert_true(sg_partial_nodes(NULL, end, reach, wanted, n_wanted, nodes,
                                     &count));
        assert_memory_equal(nodes, wanted, count * sizeof nodes[0]);
    }
}

/* Hashes that are too few are not made up for. */
static void test_nodes_missing(void **state)
{
    struct sg_hash below[SG_MERKLE_HASHES_MAX], nodes[SG_MERKLE_HASHES_MAX];
    struct sg_core_partial partial;
    size_t count, n_below = cover(65, 301, below);

    (void)state;
    hold(&partial, 301, 700);
    assert_true(
        sg_partial_nodes(&partial, 65, 700, below, n_below, nodes, &count));
    for (size_t n = 0; n + 1 < n_below; n++)
        assert_false(
            sg_partial_nodes(&partial, 65, 700, below, n, nodes, &count));
    assert_false(
        sg_partial_nodes(NULL, 65, 700, below, n_below, nodes, &count));
    partial.stack.count = 0;
    assert_false(
        sg_partial_nodes(&partial, 65, 700, below, n_below, nodes, &count));
    assert_false(sg_partial_nodes(&partial, 301, 700, NULL, 0, nodes, &count));
}

/* --- Between nodes ------------------------------------------------------- */

/* What a filter lets pass from node 1 to node 0. */
struct dam {
    size_t packages; /* of node 1's log, so many */
};

static bool is_from(const struct pair_net *net,
                    const struct pair_message *message, size_t from, size_t to)
{
    return message->node == to &&
           net->nodes[to].ends[message->session].node == from;
}

static bool pass_some(struct pair_net *net, struct pair_message *message)
{
    struct dam *dam = net->context;
    if (message->type != SG_MESSAGE_PACKAGE || !is_from(net, message, 1, 0))
        return true;
    if (dam->packages == 0)
        return false;
    dam->packages--;
    return true;
}

/* Node 1 writes and reaches node 0 alone, whose link breaks after so many
 * packages; node 2 reaches node 0 alone. What node 0 holds, node 2 gets. */
static void test_chain(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 14; cut++) {
        struct dam dam = {SIZE_MAX};
        struct pair_net net;
        uint64_t held;

        pair_new(&net, 3, NULL);
        net.filter = pass_some;
        net.context = &dam;
        pair_connect(&net, 0, 1);
        pair_connect(&net, 0, 2);
        pair_run(&net, 40000);
        dam.packages = cut;
        pair_append(&net, 1, 1500 + cut);
        pair_run(&net, 20000);
        held = pair_held(&net, 0, 1);
        assert_in_range(held, 2, 1500);
        assert_int_equal(pair_held(&net, 2, 1), held);
        assert_int_equal(net.nodes[0].n_closed + net.nodes[2].n_closed, 0);
        dam.packages = SIZE_MAX;
        pair_cut(&net, 0, 1);
        pair_connect(&net, 0, 1);
        pair_run(&net, 60000);
        assert_int_equal(pair_held(&net, 2, 1), 1501 + cut);
        pair_cut(&net, 0, 2);
        pair_connect(&net, 0, 2);
        pair_run(&net, 40000);
        pair_assert_equal(&net);
        assert_int_equal(net.nodes[0].n_alarms + net.nodes[2].n_alarms, 0);
        pair_free(&net);
    }
}

/* The same where node 2 comes later, and knows nothing of the log. */
static void test_late(void **state)
{
    struct dam dam = {3};
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 1, 1500);
    net.filter = pass_some;
    net.context = &dam;
    pair_connect(&net, 0, 1);
    pair_run(&net, 20000);
    assert_true(pair_held(&net, 0, 1) > 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 2, 1), pair_held(&net, 0, 1));
    pair_free(&net);
}

static const struct sg_flow_want *asked; /* the last want from node 0 to 1 */

static bool read_wants(struct pair_net *net, struct pair_message *message)
{
    static struct sg_flow_want wants[SG_WANTS_MAX];
    size_t count;

    if (message->type == SG_MESSAGE_WANT && is_from(net, message, 0, 1)) {
        assert_ok(sg_flow_wants_decode(sg_bytes(message->body, message->size),
                                       wants, &count));
        asked = &wants[count - 1];
    }
    return pass_some(net, message);
}

/* After a cut a fetch goes on with the stack that it had, toward the checkpoint
 * that it was toward, though the writer has gone on: nothing is proved again,
 * and what is more comes after it. */
static void test_goes_on(void **state)
{
    struct dam dam = {4};
    struct pair_net net;
    uint64_t held;
    size_t proves;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 1500);
    net.filter = read_wants;
    net.context = &dam;
    pair_connect(&net, 0, 1);
    pair_run(&net, 1000);
    held = pair_held(&net, 0, 1);
    assert_in_range(held, 1, 1500);
    pair_cut(&net, 0, 1);
    pair_append(&net, 1, 200);
    proves = net.nodes[0].sent[SG_MESSAGE_PROVE];
    asked = NULL;
    pair_connect(&net, 0, 1);
    pair_run(&net, 100);
    assert_non_null(asked);
    assert_true(asked->has_stack);
    assert_int_equal(asked->from, held);
    assert_int_equal(asked->to, 1501);
    dam.packages = SIZE_MAX;
    pair_cut(&net, 0, 1);
    pair_connect(&net, 0, 1);
    pair_run(&net, 20000);
    assert_int_equal(pair_held(&net, 0, 1), 1701);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_PROVE], proves);
    pair_free(&net);
}

/* What is lost with the process is not served, and nobody is blamed for what he
 * did not claim; with the first fresh package it is served again. */
static void test_restart(void **state)
{
    struct dam dam = {4};
    struct pair_net net;
    uint64_t held;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 1, 1500);
    net.filter = pass_some;
    net.context = &dam;
    pair_connect(&net, 0, 1);
    pair_connect(&net, 2, 0);
    pair_run(&net, 20000);
    held = pair_held(&net, 0, 1);
    assert_int_equal(pair_held(&net, 2, 1), held);
    pair_restart(&net, 0);
    pair_shorten(pair_find(&net, 2, &pair_own(&net, 1)->id), 2);
    pair_restart(&net, 2);
    pair_connect(&net, 2, 0);
    pair_run(&net, 400000);
    assert_int_equal(pair_held(&net, 2, 1), 2);
    assert_int_equal(pair_alarms(&net, 2, SG_SYNC_ALARM_WITHHOLDS), 0);
    dam.packages = 2;
    pair_connect(&net, 0, 1);
    pair_run(&net, 40000);
    assert_true(pair_held(&net, 0, 1) > held);
    assert_int_equal(pair_held(&net, 2, 1), pair_held(&net, 0, 1));
    pair_free(&net);
}

/* The writer signs more just before he hears a want: the log is proved first,
 * and wanted again under another number, so that what still comes for the old
 * one means nothing. */
static bool write_more(struct pair_net *net, struct pair_message *message)
{
    size_t *left = net->context;

    if (message->type == SG_MESSAGE_WANT && is_from(net, message, 0, 1) &&
        *left > 0) {
        (*left)--;
        pair_append(net, 1, 1);
    }
    return true;
}

static void test_grows_meanwhile(void **state)
{
    struct pair_net net;
    size_t left = 1;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 1500);
    pair_connect(&net, 0, 1);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_shorten(pair_find(&net, 0, &pair_own(&net, 1)->id), 10);
    pair_restart(&net, 0);
    net.filter = write_more;
    net.context = &left;
    pair_connect(&net, 0, 1);
    pair_run(&net, 40000);
    assert_int_equal(left, 0);
    assert_int_equal(net.nodes[0].n_closed + net.nodes[1].n_closed, 0);
    assert_int_equal(pair_held(&net, 0, 1), 1502);
    pair_free(&net);
}

/* A peer who does not ask is not told of every commit. */
static bool lose_wants(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    return message->type != SG_MESSAGE_WANT || !is_from(net, message, 2, 0);
}

static void test_claims_are_few(void **state)
{
    struct pair_net net;
    size_t before;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 0, 2);
    pair_connect(&net, 0, 1);
    pair_run(&net, 40000);
    net.filter = lose_wants;
    pair_append(&net, 1, 6000);
    before = net.nodes[0].sent[SG_MESSAGE_HEADS];
    pair_run(&net, 1000);
    assert_int_equal(pair_held(&net, 0, 1), 6001);
    assert_in_range(net.nodes[0].sent[SG_MESSAGE_HEADS] - before, 1, 30);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_nodes_missing),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_grows_meanwhile),
        cmocka_unit_test(test_claims_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
