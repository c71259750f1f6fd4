#include "replication/sync.h"

#include <string.h>

#include "replication/core.h"
#include "replication/fetch.h"
#include "replication/head_message.h"
#include "replication/package.h"
#include "storage/base/alloc.h"
#include "tests/lib/sync_pair.h"

/* Anti-entropy, when nothing is configured. */
#define INTERVAL_MS 30000u

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

/* What a push has no room for is asked for at once: it does not wait for the
 * next exchange of heads. */
static void test_push_and_rest(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 0, 1);
    pair_connect(&net, 1, 2);
    pair_run(&net, 60000);
    pair_append(&net, 0, 60);
    pair_run(&net, 1);
    assert_true(net.nodes[0].sent[SG_MESSAGE_PACKAGE] > 0);
    assert_int_equal(pair_held(&net, 1, 0), pair_own(&net, 0)->frontier.size);
    pair_run(&net, 10);
    assert_int_equal(pair_held(&net, 2, 0), pair_own(&net, 0)->frontier.size);
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

/* A store that refuses everything is not offered the same again and again: a
 * log is asked for after each exchange of heads, of which either side begins at
 * most one in half an interval, until the store takes it. */
static void test_refused_writes(void **state)
{
    struct pair_net net;
    size_t wants;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 60000);
    net.nodes[1].refuses = true;
    net.nodes[1].refuses_all = true;
    wants = net.nodes[1].sent[SG_MESSAGE_WANT];
    pair_append(&net, 2, 600);
    pair_run(&net, 10 * INTERVAL_MS);
    assert_int_equal(pair_held(&net, 1, 2), 1);
    assert_in_range(net.nodes[1].sent[SG_MESSAGE_WANT], wants + 1, wants + 40);
    net.nodes[1].refuses = net.nodes[1].refuses_all = false;
    pair_run(&net, 2 * INTERVAL_MS);
    pair_assert_equal(&net);
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

/* Keeps what node 0 sends to node 1 of the kinds that a bundle has. */
struct stick {
    size_t n;
    struct {
        enum sg_message_type type;
        size_t size;
        uint8_t body[4096];
    } items[64];
};

/* Writes a bundle's messages for one log: introduction and one package. */
static void record(struct pair_net *net, size_t node, size_t of, bool is_first,
                   struct stick *stick)
{
    const struct pair_log *log = pair_find(net, node, &pair_own(net, of)->id);
    struct sg_head_message_claim claim = {.size = log->known.size};
    static struct sg_package_body body;
    struct sg_writer writer;
    uint8_t core[SG_LOG_CORE_SIZE];

    sg_writer_init_array(&writer, stick->items[stick->n].body, 4096);
    if (is_first) {
        sg_entry_core_encode(&log->core, core);
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(net->nodes[of].certificate));
        sg_writer_bytes(&writer, sg_bytes(core + SG_KEY_SIZE, 17));
        sg_writer_varint(&writer, log->known.size);
        sg_writer_varint(&writer, 0);
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(claim.tag));
    }
    stick->items[stick->n].type = SG_MESSAGE_AUTHORITY;
    stick->items[stick->n].size = writer.size;
    stick->n += is_first;
    sg_writer_init_array(&writer, stick->items[stick->n].body, 4096);
    sg_head_message_introduce_put(&writer, &log->core, &claim);
    stick->items[stick->n].type = SG_MESSAGE_INTRODUCE;
    stick->items[stick->n++].size = writer.size;
    body.head = (struct sg_package_head){.ref = sg_package_ref(&log->id),
                                         .has_checkpoint = true,
                                         .is_fresh = true,
                                         .count = (size_t)log->known.size,
                                         .size = log->known.size};
    memcpy(body.head.signature, log->known.signature, SG_SIGNATURE_SIZE);
    memcpy(body.entries, log->entries,
           body.head.count * sizeof body.entries[0]);
    sg_writer_init_array(&writer, stick->items[stick->n].body, 4096);
    assert_ok(sg_package_encode(&body, &writer));
    stick->items[stick->n].type = SG_MESSAGE_PACKAGE;
    stick->items[stick->n++].size = writer.size;
}

/* What is on a stick is taken as from a hostile peer: what proves itself is
 * stored, twice is harmless, what is damaged is skipped; and nothing is sent.
 */
static void test_bundle(void **state)
{
    static struct stick stick;
    struct sg_sync_session_view view;
    struct sg_sync_counts counts;
    struct sg_event event = {.kind = SG_EVENT_OPEN, .session = 3};
    struct pair_net net;

    (void)state;
    stick.n = 0;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 10);
    pair_connect(&net, 0, 1);
    pair_run(&net, 10000);
    pair_cut(&net, 0, 1);
    record(&net, 0, 0, true, &stick);
    record(&net, 0, 1, false, &stick);
    pair_forget(&net, 1, &pair_own(&net, 0)->id);
    pair_epoch(&net, 1, 0x55);
    for (size_t i = 0; i < net.nodes[1].n_logs; i++)
        if (!net.nodes[1].logs[i].is_own)
            pair_forget(&net, 1, &net.nodes[1].logs[i].id);
    pair_restart(&net, 1);
    event.open.link = SG_SYNC_BUNDLE;
    event.open.peer = SG_SYNC_NONE;
    net.nodes[1].ends[3].is_open = true;
    pair_step(&net, 1, &event);
    for (size_t turn = 0; turn < 3; turn++)
        for (size_t i = 0; i < stick.n; i++) {
            event = (struct sg_event){.kind = SG_EVENT_MESSAGE, .session = 3};
            event.message.type = stick.items[i].type;
            stick.items[i].body[stick.items[i].size - 1] ^= turn == 0;
            event.message.body =
                sg_bytes(stick.items[i].body, stick.items[i].size);
            pair_step(&net, 1, &event);
            stick.items[i].body[stick.items[i].size - 1] ^= turn == 0;
            pair_run(&net, 10);
            assert_ok(sg_sync_session(net.nodes[1].core, 3, &view));
            assert_false(view.settles);
            assert_true(turn > 0 || net.nodes[1].n_logs == 1);
        }
    assert_int_equal(net.nodes[1].n_logs, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(net.nodes[1].logs[i].frontier.size, i == 0   ? 1
                                                             : i == 1 ? 4
                                                                      : 11);
    sg_sync_count(net.nodes[1].core, &counts);
    assert_true(counts.refused_proof > 0);
    assert_int_equal(view.sent, 0);
    event = (struct sg_event){.kind = SG_EVENT_SHUT, .session = 3};
    net.nodes[1].ends[3].is_open = false;
    pair_step(&net, 1, &event);
    pair_free(&net);
}

/* Notes how much of node 1's log was sent to node 3 when node 2's was through.
 */
static bool watch_shares(struct pair_net *net, struct pair_message *message)
{
    uint64_t *at_end = net->context;

    (void)message;
    if (*at_end == 0 && pair_held(net, 3, 2) == 201)
        *at_end = pair_held(net, 3, 1);
    return true;
}

/* Few entries go before many, but only while they are small: 60 of 10 kB do not
 * hold up another writer's 200 of 139 bytes. */
static void test_large_ones_are_bulk(void **state)
{
    static uint8_t large[10000];
    uint64_t at_end = 0;
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, NULL);
    for (size_t i = 0; i < 60; i++)
        pair_write(&net, 1, SG_BYTES_ARRAY(large));
    pair_append(&net, 2, 200);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 60000);
    net.filter = watch_shares;
    net.context = &at_end;
    pair_connect(&net, 3, 0);
    pair_run(&net, 60000);
    assert_int_equal(pair_held(&net, 3, 1), 61);
    assert_in_range(at_end, 1, 30);
    pair_free(&net);
}

static bool lose_to_1(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    return message->node != 1;
}

/* A stick's entries wait for the authority's entries that it lists, also of a
 * log that is just being fetched from a peer who has shown all of his. */
static void test_bundle_waits(void **state)
{
    static struct stick stick;
    struct sg_event event = {.kind = SG_EVENT_OPEN, .session = 3};
    struct pair_net net;
    size_t before = 0;

    (void)state;
    stick.n = 0;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 60000);
    net.nodes[1].holds_commits = true;
    pair_append(&net, 2, 10);
    pair_connect(&net, 2, 0);
    pair_run(&net, 2000);
    assert_null(pair_find(&net, 1, &pair_own(&net, 2)->id));
    assert_true(net.nodes[1].n_writes > 0);
    net.filter = lose_to_1;
    pair_append(&net, 0, 5);
    pair_append(&net, 2, 5);
    pair_run(&net, 2000);
    record(&net, 0, 0, true, &stick);
    record(&net, 0, 2, false, &stick);
    event.open.link = SG_SYNC_BUNDLE;
    event.open.peer = SG_SYNC_NONE;
    net.nodes[1].ends[3].is_open = true;
    pair_step(&net, 1, &event);
    for (size_t i = 0; i < stick.n; i++) {
        before = net.nodes[1].n_writes;
        event = (struct sg_event){.kind = SG_EVENT_MESSAGE, .session = 3};
        event.message.type = stick.items[i].type;
        event.message.body = sg_bytes(stick.items[i].body, stick.items[i].size);
        pair_step(&net, 1, &event);
    }
    assert_int_equal(event.message.type, SG_MESSAGE_PACKAGE);
    assert_int_equal(net.nodes[1].n_writes, before);
    net.nodes[1].holds_commits = false;
    pair_run(&net, 1000);
    pair_step(&net, 1, &event);
    pair_run(&net, 1000);
    assert_int_equal(pair_held(&net, 1, 2), 16);
    pair_free(&net);
}

/* A core that was told of a tail that nobody signed has no frontier of what is
 * signed: it reads that from the store before it asks for more. */
static void test_frontier_from_the_store(void **state)
{
    struct pair_log *log;
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 4);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    log = pair_find(&net, 0, &pair_own(&net, 1)->id);
    assert_int_equal(log->frontier.size, 5);
    pair_append_plain(&net, log, SG_ENTRY_PLAIN, SG_BYTES_TEXT("tail"));
    pair_restart(&net, 0);
    pair_shorten(log, 5);
    pair_append(&net, 1, 300);
    pair_connect(&net, 1, 0);
    pair_run(&net, 1000);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* Where all fetches are in use, a session that has none waits for one to end,
 * and does not ask to be stepped again at once: other sessions' fetches end by
 * what comes later. */
static void test_no_fetch_is_free(void **state)
{
    struct sg_core_fetch *fetches[SG_CORE_FETCHES_MAX];
    struct sg_log_core other = {0};
    struct sg_sync *core;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_connect(&net, 1, 0);
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    pair_cut(&net, 2, 0);
    pair_append(&net, 2, 300);
    core = net.nodes[1].core;
    for (size_t i = 0; i < SG_CORE_FETCHES_MAX; i++) {
        struct sg_log_id id = {{{(uint8_t)i, 1}}};

        fetches[i] = sg_fetch_begin(core, &id, &other, NULL);
        assert_non_null(fetches[i]);
        fetches[i]->state = SG_CORE_FETCH_ENDING;
    }
    pair_connect(&net, 1, 2);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 1, 2), 1);
    sg_fetch_release(core, fetches[7]);
    pair_run(&net, 5000);
    pair_assert_equal(&net);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_ones_are_bulk),
        cmocka_unit_test(test_push_and_rest),
        cmocka_unit_test(test_two_nodes),
        cmocka_unit_test(test_relay_and_push),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_no_progress),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_refused_write),
        cmocka_unit_test(test_refused_writes),
        cmocka_unit_test(test_frontier_from_the_store),
        cmocka_unit_test(test_no_fetch_is_free),
        cmocka_unit_test(test_bundle_waits),
        cmocka_unit_test(test_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
