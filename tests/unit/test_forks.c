#include "replication/forks.h"

#include <string.h>

#include "replication/proof.h"
#include "tests/lib/sync_pair.h"

static bool is_forked(struct pair_net *net, size_t node)
{
    const struct pair_log *log = pair_find(net, node, &pair_own(net, 2)->id);

    return log != NULL && log->is_forked;
}

/* Demands that NODE holds both histories whole, in whatever branches. */
static void assert_branches(struct pair_net *net, size_t node,
                            const size_t sizes[2])
{
    struct sg_log_id id = pair_own(net, 2)->id;
    size_t found[2] = {0};

    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        const struct pair_log *log = pair_branch(net, node, &id, branch);
        bool is_other;

        if (log == NULL || log->frontier.size < 6)
            continue;
        is_other = log->entries[5].length == sizeof "another" - 1;
        assert_int_equal(log->frontier.size, 5 + sizes[is_other]);
        found[is_other]++;
    }
    assert_int_equal(found[0], 1);
    assert_int_equal(found[1], 1);
}

/* Two histories of one log, of equal or unequal length, are found when the
 * first two honest nodes meet; the proof is stored by both, alarms, and goes to
 * who is connected before other data. Both histories are kept by everybody. */
static void test_found_at_first_contact(void **state)
{
    static const size_t cases[][2] = {{3, 3}, {1, 9}, {9, 1}, {300, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair_net net;
        struct sg_sync_counts counts;

        pair_new(&net, 4, NULL);
        pair_append(&net, 2, 4 + cases[i][0]);
        pair_connect(&net, 2, 0);
        pair_run(&net, 1000);
        assert_int_equal(pair_held(&net, 0, 2), 5 + cases[i][0]);
        pair_cut(&net, 0, 2);
        pair_fork(&net, 2, 5, cases[i][1]);
        pair_connect(&net, 2, 1);
        pair_run(&net, 1000);
        assert_int_equal(pair_held(&net, 1, 2), 5 + cases[i][1]);
        pair_connect(&net, 3, 1);
        pair_connect(&net, 1, 0);
        pair_run(&net, 60000);
        for (size_t node = 0; node < 4; node++) {
            assert_true(is_forked(&net, node));
            assert_branches(&net, node, cases[i]);
        }
        sg_sync_count(net.nodes[1].core, &counts);
        assert_int_equal(counts.forks, 1);
        assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_FORK), 1);
        assert_int_equal(pair_alarms(&net, 3, SG_SYNC_ALARM_FORK), 1);
        assert_int_equal(pair_alarms(&net, 2, SG_SYNC_ALARM_OWN_FORK), 1);
        pair_free(&net);
    }
}

/* A proof outlives the process that found it, and is shown to a node that comes
 * later. */
static void test_shown_after_restart(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, NULL);
    pair_append(&net, 2, 8);
    pair_connect(&net, 2, 0);
    pair_run(&net, 1000);
    pair_fork(&net, 2, 5, 9);
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    assert_true(is_forked(&net, 0));
    pair_restart(&net, 0);
    pair_connect(&net, 3, 0);
    pair_run(&net, 60000);
    assert_true(is_forked(&net, 3));
    assert_int_equal(pair_alarms(&net, 3, SG_SYNC_ALARM_FORK), 1);
    pair_free(&net);
}

/* A proof that does not prove closes its sender's session and marks nothing:
 * nobody is framed. */
static bool spoil_fork(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    if (message->type == SG_MESSAGE_FORK && message->node == 3)
        message->body[message->size - 1] ^= 1;
    return true;
}

static void test_nobody_is_framed(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, NULL);
    pair_append(&net, 2, 8);
    pair_connect(&net, 2, 0);
    pair_run(&net, 1000);
    pair_connect(&net, 3, 0);
    pair_run(&net, 10000);
    pair_fork(&net, 2, 5, 9);
    net.filter = spoil_fork;
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    assert_true(is_forked(&net, 0));
    assert_false(is_forked(&net, 3));
    assert_int_equal(pair_alarms(&net, 3, SG_SYNC_ALARM_FORK), 0);
    assert_err(net.nodes[3].closed, PROOF);
    pair_free(&net);
}

/* Shows NODE, on session 0, the head that node 2's log had at SIZE. */
static void show_head(struct pair_net *net, size_t node, uint64_t size)
{
    static struct sg_proof proof;
    const struct pair_log *log = pair_own(net, 2);
    struct sg_frontier frontier = {0};
    struct sg_hash root;
    struct sg_buf body;
    struct sg_writer writer;
    struct sg_event event = {.kind = SG_EVENT_MESSAGE};

    for (uint64_t i = 0; i < size; i++)
        sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
    root = sg_merkle_root(&frontier);
    sg_checkpoint_sign(&net->world.registry, &log->id, &net->nodes[2].key, size,
                       &root, &proof.checkpoint);
    memcpy(proof.ref.bytes, log->id.hash.bytes, sizeof proof.ref.bytes);
    proof.hash_count = 1; /* from 0: the root */
    proof.hashes[0] = root;
    sg_buf_init(&body, 1 << 16);
    sg_writer_init_buf(&writer, &body);
    sg_proof_encode(&proof, &writer);
    assert_ok(sg_writer_end(&writer));
    event.message.type = SG_MESSAGE_PROOF;
    event.message.body = sg_buf_bytes(&body);
    pair_step(net, node, &event);
    sg_buf_clear(&body);
}

/* A head that is longer than what is durable here, and shorter than what has
 * come and is on its way to the disk, is compared with neither. */
static void test_head_in_between(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 10);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 1, 2);
    pair_run(&net, 60000);
    assert_int_equal(pair_held(&net, 1, 2), 11);
    net.nodes[1].holds_commits = true;
    pair_append(&net, 2, 500);
    pair_run(&net, 2000);
    assert_true(net.nodes[1].n_writes > 0);
    show_head(&net, 1, 11);
    show_head(&net, 1, 50);
    assert_int_equal(net.nodes[1].n_closed, 0);
    net.nodes[1].holds_commits = false;
    show_head(&net, 1, 50);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    assert_false(is_forked(&net, 1));
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_at_first_contact),
        cmocka_unit_test(test_shown_after_restart),
        cmocka_unit_test(test_nobody_is_framed),
        cmocka_unit_test(test_head_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
