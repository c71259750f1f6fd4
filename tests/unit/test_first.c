#include "replication/first.h"

#include <string.h>

#include "tests/lib/sync_pair.h"

/* Watches the order in which node 1 gets what. */
struct order {
    size_t early; /* packages of other logs before the authority's is held */
};

static bool watch_order(struct pair_net *net, struct pair_message *message)
{
    struct order *order = net->context;

    if (message->type == SG_MESSAGE_PACKAGE && message->node == 1 &&
        pair_held(net, 1, 0) < pair_own(net, 0)->frontier.size)
        order->early += message->size > 0 && pair_held(net, 1, 2) > 100;
    return true;
}

/* No entry of another log is accepted before the authority logs that the peer
 * claimed are durable and judged, also when the disk is slow. */
static void test_authority_first(void **state)
{
    struct order order = {0};
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 0, 300);
    pair_append(&net, 2, 300);
    pair_connect(&net, 2, 0);
    pair_run(&net, 20000);
    net.filter = watch_order;
    net.context = &order;
    net.nodes[1].holds_commits = true;
    pair_connect(&net, 1, 2);
    pair_run(&net, 5000);
    assert_int_equal(net.nodes[1].n_judged, 0);
    assert_int_equal(pair_held(&net, 1, 2), 0);
    net.nodes[1].holds_commits = false;
    pair_run(&net, 5000);
    assert_int_equal(order.early, 0);
    assert_true(net.nodes[1].n_judged > 0);
    pair_assert_equal(&net);
    pair_free(&net);
}

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

/* A revocation travels at once, closes the revoked node's sessions everywhere
 * with its own revocation as the last word, and cuts its log by size. */
static void test_revocation_in_session(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 20);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 1, 2);
    pair_run(&net, 20000);
    pair_assert_equal(&net);
    assert_int_equal(sg_sync_cut(net.nodes[1].core, &pair_own(&net, 2)->id),
                     UINT64_MAX);
    revoke(&net, 2);
    pair_run(&net, 100);
    assert_err(net.nodes[1].closed, REVOKED);
    assert_int_equal(net.nodes[1].n_closed, 1);
    assert_int_equal(pair_alarms(&net, 2, SG_SYNC_ALARM_REVOKED), 1);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sg_sync_cut(net.nodes[i].core, &pair_own(&net, 2)->id),
                         1);
    pair_free(&net);
}

/* A revoked node that dials gets its own revocation and no more; what it wrote
 * after the cut is kept by who has it, and goes on to others. */
static void test_revoked_dials(void **state)
{
    struct pair_net net;
    size_t before;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 20);
    pair_connect(&net, 0, 2);
    pair_run(&net, 20000);
    pair_cut(&net, 0, 2);
    revoke(&net, 2);
    pair_append(&net, 2, 20);
    before = net.nodes[0].bytes;
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    assert_err(net.nodes[0].closed, REVOKED);
    assert_in_range(net.nodes[0].bytes - before, 100, 4096);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_REVOKED], 1);
    assert_int_equal(pair_held(&net, 0, 2), 21);
    assert_int_equal(pair_alarms(&net, 2, SG_SYNC_ALARM_REVOKED), 1);
    pair_connect(&net, 1, 0);
    pair_run(&net, 20000);
    assert_int_equal(pair_held(&net, 1, 2), 21);
    assert_int_equal(sg_sync_cut(net.nodes[1].core, &pair_own(&net, 2)->id), 1);
    pair_free(&net);
}

/* A node that was away during a rotation of the root is shown the chain, lets
 * itself be judged by the old certificate that stands, and gets the rest. */
static void test_rotation_while_away(void **state)
{
    struct sg_certificate renewed;
    struct sg_trust_stand stand;
    uint8_t transport[SG_KEY_SIZE];
    struct pair_net net;
    struct pair_log *log;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 20000);
    pair_assert_equal(&net);
    pair_cut(&net, 2, 0);
    log = pair_own(&net, 0);
    stand = (struct sg_trust_stand){
        .log = log->id, .size = log->frontier.size, .root = log->known.root};
    pair_write(&net, 0, trust_rotate(&net.world, 1, net.serial++, &stand, 1));
    memset(transport, 0x41, sizeof transport);
    renewed = trust_certificate(&net.world, 1, SG_CERTIFICATE_DISTRICT,
                                net.nodes[1].node_key, transport);
    pair_write(&net, 0, trust_admit(&net.world, 1, 1, &renewed));
    pair_append(&net, 2, 5);
    pair_run(&net, 1000);
    pair_connect(&net, 2, 1);
    pair_run(&net, 60000);
    assert_int_equal(net.nodes[1].sent[SG_MESSAGE_CHAIN], 1);
    assert_int_equal(net.nodes[1].n_closed, 0);
    assert_int_equal(net.nodes[2].n_closed, 0);
    assert_int_equal(sg_trust_generation(sg_sync_trust(net.nodes[2].core)), 1);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* A node that was away, was revoked by a root that it does not know, and dials,
 * is shown that root first: so it can check its revocation. In all it gets no
 * more than stage 1 has. */
static void test_revoked_by_newer_root(void **state)
{
    struct sg_trust_stand stand;
    struct pair_net net;
    struct pair_log *log;
    size_t before;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 20000);
    pair_cut(&net, 1, 0);
    log = pair_own(&net, 0);
    stand = (struct sg_trust_stand){
        .log = log->id, .size = log->frontier.size, .root = log->known.root};
    pair_write(&net, 0, trust_rotate(&net.world, 1, net.serial++, &stand, 1));
    pair_write(&net, 0,
               trust_cut(&net.world, 1, 1, net.nodes[1].node_key,
                         SG_TRUST_REVOKE, NULL, 0));
    pair_run(&net, 1000);
    for (size_t dialler = 0; dialler < 2; dialler++) {
        before = net.nodes[0].bytes;
        pair_connect(&net, dialler, 1 - dialler);
        pair_run(&net, 10000);
        assert_err(net.nodes[0].closed, REVOKED);
        assert_int_equal(net.nodes[0].sent[SG_MESSAGE_CHAIN], dialler + 1);
        assert_int_equal(net.nodes[0].sent[SG_MESSAGE_REVOKED], dialler + 1);
        assert_in_range(net.nodes[0].bytes - before, 100, SG_STAGE1_SIZE_MAX);
    }
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_REVOKED), 1);
    pair_free(&net);
}

/* A revocation that is too large for stage 1 is left out, and the word said. */
static void test_revocation_too_large(void **state)
{
    static struct sg_trust_stand stands[40];
    struct pair_net net;

    (void)state;
    for (uint8_t i = 0; i < 40; i++)
        stands[i].log = trust_log(i);
    pair_new(&net, 2, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 20000);
    pair_cut(&net, 1, 0);
    pair_write(&net, 0,
               trust_cut(&net.world, 0, net.serial++, net.nodes[1].node_key,
                         SG_TRUST_REVOKE, stands, 40));
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_err(net.nodes[0].closed, REVOKED);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_REVOKED], 0);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_REVOKED), 0);
    pair_free(&net);
}

/* A certificate of another registry's root is refused by its code, whoever
 * dials; the stranger gets not a byte of a log. */
static void test_stranger(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    net.nodes[1].certificate[100] ^= 1;
    pair_restart(&net, 1);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_err(net.nodes[0].closed, UNTRUSTED);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_PACKAGE], 0);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_HEADS], 0);
    assert_int_equal(pair_held(&net, 1, 0), 0);
    pair_free(&net);
}

/* The time floor is the authority's: a heartbeat after a certificate's last day
 * ends its sessions with EXPIRED. */
static void test_expiry(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    pair_write(&net, 0,
               trust_heartbeat(&net.world, 0, net.serial++,
                               UINT64_C(1956528000000))); /* 2032 */
    pair_run(&net, 1000);
    assert_true(net.nodes[0].closed == SG_ERR_EXPIRED ||
                net.nodes[1].closed == SG_ERR_EXPIRED);
    pair_free(&net);
}

/* An order to erase reaches what is held at once, also more of it than one step
 * has effects, and what comes later on arrival: then a present payload is
 * dropped and the entry is kept as erased. */
static void test_erasure(void **state)
{
    struct pair_net net;
    struct pair_log *log;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 1, 150);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    log = pair_own(&net, 1);
    pair_write(&net, 0,
               trust_erase(&net.world, 0, net.serial++, &log->id, 2, 140));
    pair_run(&net, 1000);
    for (size_t node = 0; node < 2; node++) {
        const struct pair_log *at = pair_find(&net, node, &log->id);

        for (uint64_t i = 0; i < at->frontier.size; i++)
            assert_int_equal(at->entries[i].state, i >= 2 && i < 142
                                                       ? SG_PAYLOAD_ERASED
                                                       : SG_PAYLOAD_PRESENT);
    }
    log->entries[5].state = SG_PAYLOAD_PRESENT; /* a peer that did not obey */
    pair_connect(&net, 2, 1);
    pair_run(&net, 20000);
    log = pair_find(&net, 2, &log->id);
    assert_int_equal(log->frontier.size, 151);
    assert_int_equal(log->entries[5].state, SG_PAYLOAD_ERASED);
    assert_int_equal(log->entries[4].state, SG_PAYLOAD_ERASED);
    assert_int_equal(log->entries[1].state, SG_PAYLOAD_PRESENT);
    pair_free(&net);
}

/* An order that comes to be known while an entry is verified and not yet on the
 * disk reaches it all the same. */
static void test_erasure_of_what_is_under_way(void **state)
{
    struct pair_net net;
    struct pair_log *log, *said;
    struct sg_event event;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 1, 5);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 1);
    pair_run(&net, 10000);
    pair_cut(&net, 1, 0);
    log = pair_own(&net, 1);
    assert_int_equal(pair_held(&net, 2, 1), 6);
    net.nodes[2].holds_commits = true;
    pair_append(&net, 1, 1);
    pair_run(&net, 1000);
    pair_write(&net, 0,
               trust_erase(&net.world, 0, net.serial++, &log->id, 6, 1));
    said = pair_find(&net, 2, &pair_own(&net, 0)->id);
    pair_append_plain(&net, said, SG_ENTRY_PLAIN,
                      pair_own(&net, 0)->entries[said->frontier.size].payload);
    said->known = pair_own(&net, 0)->known;
    pair_head(said, &event);
    pair_step(&net, 2, &event);
    pair_run(&net, 1000);
    assert_int_equal(pair_held(&net, 2, 1), 6);
    net.nodes[2].holds_commits = false;
    pair_run(&net, 1000);
    log = pair_find(&net, 2, &log->id);
    assert_int_equal(log->frontier.size, 7);
    assert_int_equal(log->entries[6].state, SG_PAYLOAD_ERASED);
    pair_free(&net);
}

/* Entries above a cut are kept, counted, shown as quarantined, and passed on.
 */
static void test_quarantine(void **state)
{
    struct sg_sync_counts counts;
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, NULL);
    pair_append(&net, 2, 20);
    pair_connect(&net, 2, 3);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 3, 2), 0); /* who is that? */
    pair_cut(&net, 2, 3);
    pair_connect(&net, 3, 0);
    pair_run(&net, 10000);
    pair_cut(&net, 3, 0);
    pair_connect(&net, 2, 3);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 3, 2), 21);
    pair_cut(&net, 2, 3);
    revoke(&net, 2);
    pair_run(&net, 1000);
    pair_connect(&net, 3, 1);
    pair_run(&net, 20000);
    assert_int_equal(pair_held(&net, 1, 2), 21);
    sg_sync_count(net.nodes[1].core, &counts);
    assert_int_equal(counts.quarantined, 20);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_QUARANTINE), 1);
    pair_free(&net);
}

/* A node that knows all of the authority's log and does not hold it yet, as
 * after a crash, fetches it first, though both know the same. */
static void test_known_and_not_held(void **state)
{
    struct order order = {0};
    struct pair_net net;
    struct pair_log *log;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 0, 300);
    pair_append(&net, 2, 300);
    pair_connect(&net, 2, 0);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    for (size_t i = 0; i < 2; i++) {
        log = pair_find(&net, 1, &pair_own(&net, i == 0 ? 0 : 2)->id);
        pair_shorten(log, 100);
    }
    pair_restart(&net, 1);
    net.filter = watch_order;
    net.context = &order;
    pair_connect(&net, 1, 2);
    pair_run(&net, 20000);
    assert_int_equal(order.early, 0);
    pair_assert_equal(&net);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority_first),
        cmocka_unit_test(test_known_and_not_held),
        cmocka_unit_test(test_revocation_in_session),
        cmocka_unit_test(test_revoked_dials),
        cmocka_unit_test(test_rotation_while_away),
        cmocka_unit_test(test_revoked_by_newer_root),
        cmocka_unit_test(test_revocation_too_large),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_erasure),
        cmocka_unit_test(test_erasure_of_what_is_under_way),
        cmocka_unit_test(test_quarantine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
