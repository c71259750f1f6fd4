#include "replication/lineage.h"

#include <string.h>

#include "tests/lib/sync_pair.h"

/* Revokes NODE from all it wrote after the opening on. */
static void revoke(struct pair_net *net, size_t node)
{
    const struct pair_log *log = pair_own(net, node);
    struct sg_frontier frontier = {0};
    struct sg_trust_stand stand = {.log = log->id, .size = 1};

    sg_merkle_append(&frontier, &log->leaves[0], NULL, NULL);
    stand.root = sg_merkle_root(&frontier);
    pair_write(net, 0,
               trust_cut(&net->world, 0, net->serial++,
                         net->nodes[node].node_key, SG_TRUST_REVOKE, &stand,
                         1));
}

static uint64_t cut_of(struct pair_net *net, size_t node, size_t of)
{
    return sg_sync_cut(net->nodes[node].core, &pair_own(net, of)->id);
}

/* Node 0, the authority, and 1 and 2 know the same. Returns the size of the
 * authority's log. */
static uint64_t begin(struct pair_net *net)
{
    pair_new(net, 4, NULL);
    for (size_t i = 1; i < 4; i++)
        pair_connect(net, i, 0);
    pair_run(net, 20000);
    for (size_t i = 1; i < 4; i++)
        pair_cut(net, 0, i);
    return pair_own(net, 0)->frontier.size;
}

/* Lets NODE have what the authority wrote, and it alone. */
static void give(struct pair_net *net, size_t node)
{
    pair_connect(net, node, 0);
    pair_run(net, 20000);
    pair_cut(net, 0, node);
    assert_int_equal(pair_held(net, node, 0), pair_own(net, 0)->frontier.size);
}

/* What the authority says counts in whichever branch of its log it stands: a
 * revocation that only the other branch has is obeyed by who had the first. */
static void test_union_of_branches(void **state)
{
    struct pair_net net;
    uint64_t size;

    (void)state;
    size = begin(&net);
    revoke(&net, 3);
    give(&net, 1);
    pair_fork(&net, 0, size, 0);
    pair_write(&net, 0, trust_heartbeat(&net.world, 0, net.serial++, 1000));
    give(&net, 2);
    assert_int_equal(cut_of(&net, 1, 3), 1);
    assert_int_equal(cut_of(&net, 2, 3), UINT64_MAX);
    pair_connect(&net, 1, 2);
    pair_run(&net, 60000);
    assert_int_equal(pair_alarms(&net, 2, SG_SYNC_ALARM_FORK), 1);
    assert_int_equal(cut_of(&net, 1, 3), 1);
    assert_int_equal(cut_of(&net, 2, 3), 1);
    pair_restart(&net, 2); /* and when it reads its store again */
    assert_int_equal(cut_of(&net, 2, 3), 1);
    pair_free(&net);
}

/* A rotation lets stand what is of the history that it names, and of the other
 * branch what is before they part: what a thief with the old root wrote there
 * counts nowhere, whichever branch a node had first. */
static void test_rotation_names_a_branch(void **state)
{
    struct sg_trust_stand stand;
    struct pair_net net;
    uint64_t size;

    (void)state;
    size = begin(&net);
    pair_write(&net, 0, trust_heartbeat(&net.world, 0, net.serial++, 1000));
    pair_write(&net, 0, trust_heartbeat(&net.world, 0, net.serial++, 1001));
    stand = (struct sg_trust_stand){.log = pair_own(&net, 0)->id,
                                    .size = size + 2,
                                    .root = pair_own(&net, 0)->known.root};
    pair_write(&net, 0, trust_rotate(&net.world, 1, net.serial++, &stand, 1));
    give(&net, 1);
    pair_fork(&net, 0, size, 0);
    revoke(&net, 3); /* entry SIZE, below the size that stands */
    give(&net, 2);
    assert_int_equal(cut_of(&net, 2, 3), 1);
    pair_connect(&net, 1, 2);
    pair_run(&net, 60000);
    for (size_t node = 1; node < 3; node++) {
        const struct sg_trust *trust = sg_sync_trust(net.nodes[node].core);

        assert_int_equal(pair_alarms(&net, node, SG_SYNC_ALARM_FORK), 1);
        assert_int_equal(sg_trust_generation(trust), 1);
        assert_int_equal(cut_of(&net, node, 3), UINT64_MAX);
        assert_int_equal(sg_trust_floor(trust).ms, 1001);
        assert_int_equal(net.nodes[node].n_closed, 0);
    }
    pair_free(&net);
}

/* A cut names a history too: in the branch that is another, what stands ends
 * where they part, and all nodes say the same. */
static void test_cut_names_a_branch(void **state)
{
    static const uint64_t parts[] = {1, 2, 63, 64, 65, 100, 149};
    struct sg_trust_stand stand;

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct pair_net net;
        struct sg_log_id id;

        (void)begin(&net);
        id = pair_own(&net, 3)->id;
        pair_append(&net, 3, 149);
        stand = (struct sg_trust_stand){
            .log = id, .size = 150, .root = pair_own(&net, 3)->known.root};
        pair_connect(&net, 3, 1);
        pair_run(&net, 20000);
        pair_cut(&net, 1, 3);
        pair_fork(&net, 3, parts[i], 190);
        pair_connect(&net, 3, 2);
        pair_run(&net, 20000);
        pair_cut(&net, 2, 3);
        pair_write(&net, 0,
                   trust_cut(&net.world, 0, net.serial++, net.nodes[3].node_key,
                             SG_TRUST_REVOKE, &stand, 1));
        give(&net, 1);
        give(&net, 2);
        assert_int_equal(cut_of(&net, 1, 3), 150);
        pair_connect(&net, 1, 2);
        pair_run(&net, 100000);
        assert_int_equal(pair_held(&net, 1, 3), 150);
        assert_int_equal(pair_held(&net, 2, 3), parts[i] + 190);
        assert_int_equal(cut_of(&net, 1, 3), 150);
        assert_int_equal(cut_of(&net, 2, 3), parts[i]);
        pair_free(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_union_of_branches),
        cmocka_unit_test(test_rotation_names_a_branch),
        cmocka_unit_test(test_cut_names_a_branch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
