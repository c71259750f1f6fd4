#include "replication/gossip.h"

#include <string.h>

#include "replication/flow.h"
#include "tests/lib/sync_pair.h"

/* A node that was restored from a backup learns from its peer what it once
 * signed: it is told to begin a new epoch, and gets its own tail back. */
static void test_own_tail_comes_back(void **state)
{
    struct pair_net net;
    struct sg_event event;
    struct pair_log *old;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 30);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    pair_fork(&net, 1, 11, 0);
    assert_int_equal(pair_own(&net, 1)->frontier.size, 11);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_int_equal(net.nodes[1].n_behind, 1);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_OWN_FORK), 0);
    old = pair_own(&net, 1);
    pair_epoch(&net, 1, 0x77);
    event = (struct sg_event){.kind = SG_EVENT_HEAD};
    event.head.core = old->core;
    event.head.known = old->known;
    event.head.frontier = old->frontier;
    pair_step(&net, 1, &event);
    pair_append(&net, 1, 1);
    pair_run(&net, 60000);
    assert_int_equal(old->frontier.size, 31);
    assert_int_equal(pair_held(&net, 0, 1), 2);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* An epoch of its own that a restored node does not know at all is told to it
 * too. */
static void test_own_epoch_comes_back(void **state)
{
    struct pair_net net;
    struct sg_log_id later;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    pair_epoch(&net, 1, 0x77);
    pair_append(&net, 1, 4);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 0, 1), 5);
    later = pair_own(&net, 1)->id;
    pair_forget(&net, 1, &later);
    pair_restart(&net, 1);
    pair_connect(&net, 0, 1);
    pair_run(&net, 60000);
    assert_int_equal(pair_find(&net, 1, &later)->frontier.size, 5);
    pair_free(&net);
}

/* Loses all packages to node 1 from node 0. */
static bool withhold(struct pair_net *net, struct pair_message *message)
{
    const struct pair_end *end =
        &net->nodes[message->node].ends[message->session];

    return message->type != SG_MESSAGE_PACKAGE || message->node != 1 ||
           end->node != 0 || pair_held(net, 1, 0) == 0;
}

/* Who claims and does not deliver is marked after ten intervals; what is
 * lacking comes from another peer as soon as there is one. */
static void test_withholding(void **state)
{
    struct sg_sync_session_view view;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    net.filter = withhold;
    pair_append(&net, 0, 100);
    pair_run(&net, 200000);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_WITHHOLDS), 0);
    pair_run(&net, 300000);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_WITHHOLDS), 1);
    assert_ok(sg_sync_session(net.nodes[1].core, 0, &view));
    assert_true(view.withholds);
    pair_connect(&net, 2, 0);
    pair_connect(&net, 2, 1);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* A writer that shows less of its log than was seen of it is an alarm; with
 * another root it is a fork, and what is held never moves back. */
static void test_rollback(void **state)
{
    (void)state;
    for (size_t other = 0; other < 2; other++) {
        struct pair_net net;
        struct sg_log_id log;

        pair_new(&net, 3, NULL);
        pair_append(&net, 2, 99);
        pair_connect(&net, 2, 0);
        pair_run(&net, 10000);
        log = pair_own(&net, 2)->id;
        pair_cut(&net, 2, 0);
        pair_fork(&net, 2, 60 - other, other);
        net.filter = NULL;
        pair_connect(&net, 2, 0);
        pair_run(&net, 60000);
        assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_ROLLBACK), 1);
        assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_FORK), other);
        assert_int_equal(pair_find(&net, 0, &log)->frontier.size, 100);
        pair_free(&net);
    }
}

/* The writer, node 2, goes on writing while messages are on their way. */
static bool write_meanwhile(struct pair_net *net, struct pair_message *message)
{
    size_t *left = net->context;

    (void)message;
    if (*left > 0 && (*left)-- % 3 == 0)
        pair_append(net, 2, 1);
    return true;
}

/* Claims cross what comes by other ways, and are read late: none of it is an
 * alarm, and nobody is closed for it. */
static void test_busy_writer(void **state)
{
    size_t left = 6000;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    net.context = &left;
    net.filter = write_meanwhile;
    pair_connect(&net, 2, 0);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 1, 2);
    pair_run(&net, 300000);
    assert_int_equal(left, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(net.nodes[i].n_alarms, 0);
        assert_int_equal(net.nodes[i].n_closed, 0);
    }
    pair_assert_equal(&net);
    pair_free(&net);
}

/* Takes NODE's copy of OF's log back to what it was at OLD. */
static void take_back(struct pair_net *net, size_t node, size_t of,
                      const struct sg_checkpoint *old)
{
    struct pair_log *log = pair_find(net, node, &pair_own(net, of)->id);

    pair_shorten(log, old->size);
    log->known = *old;
    net->nodes[node].has_memory = false;
    pair_restart(net, node);
}

/* A peer that claims less of a log than in an earlier session, though it is not
 * its own, is an alarm, once. */
static void test_rollback_between_sessions(void **state)
{
    struct sg_checkpoint old;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 30);
    pair_connect(&net, 2, 0);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    old = pair_own(&net, 2)->known;
    pair_append(&net, 2, 20);
    pair_run(&net, 1000);
    assert_int_equal(pair_held(&net, 1, 2), 51);
    pair_cut(&net, 1, 0);
    take_back(&net, 1, 2, &old);
    net.nodes[1].holds_commits = true;
    pair_connect(&net, 0, 1);
    pair_run(&net, 20000);
    assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_ROLLBACK), 1);
    net.nodes[1].holds_commits = false;
    pair_cut(&net, 1, 0);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_ROLLBACK), 1);
    assert_int_equal(pair_held(&net, 1, 2), 51);
    pair_free(&net);
}

/* A peer that keeps less of an authority log than it had stored is an alarm at
 * once, and marked after ten intervals; not if it stores it again. */
static void test_authority_kept(void **state)
{
    (void)state;
    for (size_t is_honest = 0; is_honest < 2; is_honest++) {
        struct sg_sync_session_view view;
        struct sg_checkpoint old;
        struct pair_net net;

        pair_new(&net, 2, NULL);
        pair_connect(&net, 1, 0);
        pair_run(&net, 60000);
        old = pair_own(&net, 0)->known;
        pair_append(&net, 0, 10);
        pair_run(&net, 60000);
        pair_cut(&net, 1, 0);
        take_back(&net, 1, 0, &old);
        net.nodes[1].holds_commits = is_honest == 0;
        pair_connect(&net, 1, 0);
        pair_run(&net, 20000);
        assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_ROLLBACK), 1);
        assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_WITHHOLDS), 0);
        pair_run(&net, 400000);
        assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_WITHHOLDS),
                         1 - is_honest);
        if (net.nodes[0].ends[0].is_open) {
            assert_ok(sg_sync_session(net.nodes[0].core, 0, &view));
            assert_int_equal(view.withholds, is_honest == 0);
        }
        pair_free(&net);
    }
}

/* A node that wants no payloads gets leaves; when it wants them they are filled
 * in, from who has them. So is what its disk lost. */
static void test_filling(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_WANTS};
    struct pair_net net;
    struct pair_log *log;
    size_t present = 0;

    (void)state;
    pair_new(&net, 2, NULL);
    for (size_t i = 0; i < 600; i++)
        pair_append_plain(&net, pair_own(&net, 0), SG_ENTRY_PLAIN,
                          sg_bytes(&i, sizeof i));
    for (size_t i = 0; i < 600; i++) {
        uint8_t payload[900] = {(uint8_t)i, (uint8_t)(i >> 8)};

        pair_append_plain(&net, pair_own(&net, 0), SG_ENTRY_SEALED,
                          SG_BYTES_ARRAY(payload));
    }
    pair_append(&net, 0, 1);
    event.wants.records = SG_SYNC_PAYLOADS_NONE;
    pair_step(&net, 1, &event);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    log = pair_find(&net, 1, &pair_own(&net, 0)->id);
    assert_int_equal(log->frontier.size, pair_own(&net, 0)->frontier.size);
    for (uint64_t i = 0; i < log->frontier.size; i++)
        present += log->entries[i].state == SG_PAYLOAD_PRESENT;
    assert_int_equal(present, log->frontier.size - 600);
    event.wants.records = SG_SYNC_PAYLOADS_ALL;
    pair_step(&net, 1, &event);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    log->entries[700].state = SG_PAYLOAD_NOT_HELD;
    pair_head(log, &event);
    pair_step(&net, 1, &event);
    pair_run(&net, 60000);
    assert_int_equal(log->entries[700].state, SG_PAYLOAD_PRESENT);
    pair_append(&net, 0, 3000); /* what was filled in cost no credit for ever */
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* Payloads also come through a node that wanted none when it was asked: it says
 * when it has them, and is asked again in the same session. */
static void test_filling_through_another(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_WANTS};
    struct pair_net net;
    struct pair_log *log;

    (void)state;
    pair_new(&net, 3, NULL);
    event.wants.records = SG_SYNC_PAYLOADS_NONE;
    pair_step(&net, 1, &event);
    for (size_t i = 0; i < 300; i++) {
        uint8_t payload[100] = {(uint8_t)i, (uint8_t)(i >> 8)};

        pair_append_plain(&net, pair_own(&net, 0), SG_ENTRY_SEALED,
                          SG_BYTES_ARRAY(payload));
    }
    pair_append(&net, 0, 1);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 1);
    pair_run(&net, 300000);
    log = pair_find(&net, 2, &pair_own(&net, 0)->id);
    assert_int_equal(log->frontier.size, pair_own(&net, 0)->frontier.size);
    assert_int_equal(log->entries[log->frontier.size - 2].state,
                     SG_PAYLOAD_NOT_HELD);
    event.wants.records = SG_SYNC_PAYLOADS_ALL;
    pair_step(&net, 1, &event);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* Nodes that never know the same of all logs fill in what they agree on. */
static void test_filling_with_unequal_roots(void **state)
{
    struct sg_event event;
    struct pair_net net;
    struct pair_log *log;

    (void)state;
    pair_new(&net, 2, NULL);
    for (size_t i = 0; i < 20; i++) {
        uint8_t payload[100] = {(uint8_t)i};

        pair_append_plain(&net, pair_own(&net, 0), SG_ENTRY_SEALED,
                          SG_BYTES_ARRAY(payload));
    }
    pair_append(&net, 0, 1);
    net.writer_size_max = 1000;
    pair_restart(&net, 0);
    pair_append(&net, 1, 100);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    pair_cut(&net, 1, 0);
    pair_append(&net, 1, 100); /* more than node 0 takes of one writer */
    log = pair_find(&net, 1, &pair_own(&net, 0)->id);
    log->entries[10].state = SG_PAYLOAD_NOT_HELD;
    pair_head(log, &event);
    pair_step(&net, 1, &event);
    pair_connect(&net, 1, 0);
    pair_run(&net, 300000);
    assert_true(pair_held(&net, 0, 1) < pair_held(&net, 1, 1));
    assert_int_equal(log->entries[10].state, SG_PAYLOAD_PRESENT);
    pair_free(&net);
}

/* NODE's disk loses the payloads [FROM, TO) of LOG. */
static void lose_payloads(struct pair_net *net, size_t node,
                          const struct sg_log_id *id, uint64_t from,
                          uint64_t to)
{
    struct pair_log *log = pair_find(net, node, id);
    struct sg_event event;

    for (uint64_t i = from; i < to; i++)
        log->entries[i].state = SG_PAYLOAD_NOT_HELD;
    pair_head(log, &event);
    pair_step(net, node, &event);
}

/* Counts the wants of either side, each of which has its own numbers; loses
 * none. The context is one count a node. */
static bool has_own_number(struct pair_net *net, struct pair_message *message)
{
    static struct sg_flow_want wants[SG_WANTS_MAX];
    size_t *counts = net->context, n;

    if (message->type != SG_MESSAGE_WANT)
        return true;
    assert_ok(sg_flow_wants_decode(sg_bytes(message->body, message->size),
                                   wants, &n));
    for (size_t i = 0; i < n; i++) /* node 1 dialled */
        assert_int_equal(wants[i].number % 2, message->node == 0 ? 1 : 0);
    counts[message->node] += n;
    return true;
}

/* Two nodes that fill in from each other at once do not end each other's wants:
 * what the one says it does not have is not what it asked for itself. */
static void test_filling_both_ways(void **state)
{
    struct pair_net net;
    size_t counts[2] = {0};
    struct sg_log_id full, nowhere;

    (void)state;
    pair_new(&net, 3, NULL);
    full = pair_own(&net, 0)->id;
    nowhere = pair_own(&net, 2)->id;
    for (size_t i = 0; i < 600; i++) {
        uint8_t payload[900] = {(uint8_t)i, (uint8_t)(i >> 8)};

        pair_append_plain(&net, pair_own(&net, 0), SG_ENTRY_SEALED,
                          SG_BYTES_ARRAY(payload));
    }
    pair_append(&net, 0, 1);
    pair_append(&net, 2, 10);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    pair_cut(&net, 1, 0);
    pair_cut(&net, 2, 0);
    lose_payloads(&net, 0, &nowhere, 3, 6);
    lose_payloads(&net, 1, &nowhere, 3, 6);
    lose_payloads(&net, 1, &full, 10, 600);
    net.filter = has_own_number;
    net.context = counts;
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    for (uint64_t i = 10; i < 600; i++)
        assert_int_equal(pair_find(&net, 1, &full)->entries[i].state,
                         SG_PAYLOAD_PRESENT);
    assert_int_equal(pair_find(&net, 0, &nowhere)->entries[3].state,
                     SG_PAYLOAD_NOT_HELD);
    assert_true(counts[0] > 0 && counts[1] > 0);
    pair_free(&net);
}

/* A push that waits for a proof does not keep its log when the session ends: it
 * comes from another peer. */
static bool lose_proofs(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    return message->type != SG_MESSAGE_PROOF &&
           !(message->type == SG_MESSAGE_PACKAGE && message->node == 1 &&
             net->context != NULL);
}

static void test_cut_while_proving(void **state)
{
    struct pair_net net;
    struct pair_log *log;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 400);
    pair_connect(&net, 2, 0);
    pair_connect(&net, 1, 0);
    pair_run(&net, 20000);
    pair_append(&net, 2, 300);
    net.filter = lose_proofs;
    net.context = &net;
    pair_run(&net, 100); /* node 1 hears of 300 more, and gets none */
    net.context = NULL;
    pair_append(&net, 2, 1);
    pair_run(&net, 100);
    pair_cut(&net, 1, 0);
    net.filter = NULL;
    pair_connect(&net, 1, 2);
    pair_run(&net, 60000);
    log = pair_find(&net, 1, &pair_own(&net, 2)->id);
    assert_int_equal(log->frontier.size, 702);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_tail_comes_back),
        cmocka_unit_test(test_own_epoch_comes_back),
        cmocka_unit_test(test_withholding),
        cmocka_unit_test(test_filling),
        cmocka_unit_test(test_filling_through_another),
        cmocka_unit_test(test_filling_with_unequal_roots),
        cmocka_unit_test(test_filling_both_ways),
        cmocka_unit_test(test_cut_while_proving),
        cmocka_unit_test(test_rollback),
        cmocka_unit_test(test_busy_writer),
        cmocka_unit_test(test_rollback_between_sessions),
        cmocka_unit_test(test_authority_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
