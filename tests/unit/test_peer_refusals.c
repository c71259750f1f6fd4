/* What a peer or a stick may not send, and in which state of the node: each is
 * refused with its code, and nothing of it is kept. */
#include <string.h>

#include "replication/core.h"
#include "replication/flow.h"
#include "replication/head_message.h"
#include "replication/package.h"
#include "replication/proof.h"
#include "tests/lib/sync_pair.h"

/* The session that a stick is read in. */
#define STICK 3u

/* Gives NODE a message on SESSION as if its peer had sent it. */
static void say(struct pair_net *net, size_t node, uint32_t session,
                enum sg_message_type type, struct sg_bytes body)
{
    struct sg_event event = {.kind = SG_EVENT_MESSAGE, .session = session};

    event.message.type = type;
    event.message.body = body;
    pair_step(net, node, &event);
}

/* Demands that NODE closed one session, and why. */
static void assert_closed(const struct pair_net *net, size_t node,
                          enum sg_err err)
{
    assert_int_equal(net->nodes[node].n_closed, 1);
    assert_string_equal(sg_err_name(net->nodes[node].closed), sg_err_name(err));
}

/* Two nodes that have all of each other; session 0 of both. */
static void meet(struct pair_net *net)
{
    pair_new(net, 2, NULL);
    pair_append(net, 0, 4);
    pair_append(net, 1, 4);
    pair_connect(net, 1, 0);
    pair_run(net, 10000);
    pair_assert_equal(net);
}

/* Opens a stick's session at NODE. */
static void plug(struct pair_net *net, size_t node)
{
    struct sg_event event = {.kind = SG_EVENT_OPEN, .session = STICK};

    event.open.link = SG_SYNC_BUNDLE;
    event.open.peer = SG_SYNC_NONE;
    net->nodes[node].ends[STICK].is_open = true;
    pair_step(net, node, &event);
}

/* Signs LOG of NODE as it is, and tells nobody. */
static void sign(struct pair_net *net, size_t node, struct pair_log *log)
{
    struct sg_hash root = sg_merkle_root(&log->frontier);

    sg_checkpoint_sign(&net->world.registry, &log->id, &net->nodes[node].key,
                       log->frontier.size, &root, &log->known);
}

/* Gives all of LOG as one pushed package, until the next call. */
static struct sg_bytes push_of(const struct pair_log *log)
{
    static struct sg_package_body body;
    static uint8_t bytes[4096];
    struct sg_writer writer;

    body.head = (struct sg_package_head){.ref = sg_package_ref(&log->id),
                                         .has_checkpoint = true,
                                         .is_fresh = true,
                                         .count = (size_t)log->known.size,
                                         .size = log->known.size};
    memcpy(body.head.signature, log->known.signature, SG_SIGNATURE_SIZE);
    memcpy(body.entries, log->entries,
           body.head.count * sizeof body.entries[0]);
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    assert_ok(sg_package_encode(&body, &writer));
    return sg_bytes(bytes, writer.size);
}

/* --- Packages ------------------------------------------------------------ */

/* Takes the checkpoint out of the packages for node 0. */
static bool strip_checkpoint(struct pair_net *net, struct pair_message *message)
{
    static struct sg_package_body body;
    struct sg_bytes bytes = sg_bytes(message->body, message->size);
    struct sg_entry_hasher hasher;
    struct sg_package_head head;
    struct sg_writer writer;
    uint8_t stripped[4096];

    if (message->type != SG_MESSAGE_PACKAGE || message->node != 0)
        return true;
    sg_entry_hasher_init(&hasher, &net->world.registry);
    assert_ok(sg_package_peek(bytes, &head));
    assert_true(head.has_checkpoint && head.number != 0);
    assert_ok(sg_package_decode(bytes, head.size, &hasher, &body));
    assert_int_equal(sg_package_end(&body.head), head.size);
    body.head.has_checkpoint = body.head.is_fresh = false;
    sg_writer_init_array(&writer, stripped, sizeof stripped);
    assert_ok(sg_package_encode(&body, &writer));
    assert_true(writer.size < message->size);
    memcpy(message->body, stripped, writer.size);
    message->size = writer.size;
    return true;
}

/* The first package that answers a want says toward which checkpoint it goes,
 * or nothing of it can be judged. */
static void test_wanted_without_checkpoint(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 4);
    net.filter = strip_checkpoint;
    pair_connect(&net, 1, 0);
    pair_run(&net, 1000);
    assert_closed(&net, 0, SG_ERR_MALFORMED);
    assert_int_equal(pair_held(&net, 0, 1), 0);
    pair_free(&net);
}

/* A push of what is held already is not stored again, but acknowledged: its
 * sender may have missed that. */
static void test_pushed_twice(void **state)
{
    struct sg_sync_counts before, after;
    struct pair_net net;
    size_t stored;

    (void)state;
    meet(&net);
    sg_sync_count(net.nodes[0].core, &before);
    stored = net.nodes[0].sent[SG_MESSAGE_STORED];
    say(&net, 0, 0, SG_MESSAGE_PACKAGE, push_of(pair_own(&net, 1)));
    sg_sync_count(net.nodes[0].core, &after);
    assert_int_equal(after.duplicates, before.duplicates + 1);
    assert_int_equal(after.packages, before.packages);
    assert_int_equal(net.nodes[0].n_writes, 0);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_STORED], stored + 1);
    assert_int_equal(net.nodes[0].n_closed, 0);
    pair_free(&net);
}

/* Spoils the packages for node 0. */
static bool spoil_packages(struct pair_net *net, struct pair_message *message)
{
    (void)net;
    if (message->type == SG_MESSAGE_PACKAGE && message->node == 0)
        message->body[message->size - 1] ^= 1;
    return true;
}

/* A package that does not fit what is known may be a fork's: its sender is
 * asked, and if there is but one history, it sent garbage. */
static void test_garbage_of_one_history(void **state)
{
    struct pair_net net;
    size_t asked;

    (void)state;
    meet(&net);
    asked = net.nodes[0].sent[SG_MESSAGE_PROVE];
    net.filter = spoil_packages;
    pair_append(&net, 1, 3);
    pair_run(&net, 1000);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_PROVE], asked + 1);
    assert_closed(&net, 0, SG_ERR_PROOF);
    assert_int_equal(pair_held(&net, 0, 1), 5);
    assert_false(pair_find(&net, 0, &pair_own(&net, 1)->id)->is_forked);
    assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_FORK), 0);
    net.filter = NULL;
    pair_connect(&net, 1, 0);
    pair_run(&net, 1000);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* A log of node 1 that its node signed, but whose opening is another log's. */
static struct pair_log *misname(struct pair_net *net)
{
    struct pair_log *log = pair_epoch(net, 1, 0x55);

    log->core.epoch[0] ^= 1;
    log->id = sg_entry_log_id(&net->world.registry, &log->core);
    sign(net, 1, log);
    return log;
}

/* Introduces LOG to node 0 on SESSION and pushes all of it. */
static void introduce(struct pair_net *net, uint32_t session,
                      const struct pair_log *log)
{
    struct sg_head_message_claim claim = {.size = log->known.size};
    struct sg_writer writer;
    uint8_t bytes[512];

    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_head_message_introduce_put(&writer, &log->core, &claim);
    say(net, 0, session, SG_MESSAGE_INTRODUCE, sg_bytes(bytes, writer.size));
    say(net, 0, session, SG_MESSAGE_PACKAGE, push_of(log));
}

/* A log that does not begin with its own opening is refused from a peer, who is
 * not to blame, and from a stick; one that does is taken from both. */
static void test_no_opening(void **state)
{
    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        bool is_stick = turn % 2 == 1, is_good = turn >= 2;
        struct sg_sync_counts counts;
        const struct pair_log *log;
        struct pair_net net;

        meet(&net);
        if (is_stick)
            plug(&net, 0);
        log = is_good ? pair_epoch(&net, 1, 0x55) : misname(&net);
        if (is_good)
            sign(&net, 1, pair_own(&net, 1));
        introduce(&net, is_stick ? STICK : 0, log);
        pair_run(&net, 1000);
        sg_sync_count(net.nodes[0].core, &counts);
        assert_int_equal(counts.refused_malformed, is_good ? 0 : 1);
        assert_int_equal(pair_held(&net, 0, 1), is_good ? 1 : 0);
        assert_int_equal(net.nodes[0].n_closed, 0);
        pair_free(&net);
    }
}

/* What a stick has of the node's own log beyond its store warns it; but only
 * if the node once signed that. */
static void test_own_log_on_a_stick(void **state)
{
    static uint8_t bytes[4096];
    struct sg_sync_counts counts;
    struct sg_checkpoint known;
    struct pair_log *log;
    struct pair_net net;
    struct sg_bytes body;

    (void)state;
    meet(&net);
    log = pair_own(&net, 1);
    known = log->known;
    pair_append_plain(&net, log, SG_ENTRY_PLAIN, SG_BYTES_TEXT("forgotten"));
    sign(&net, 1, log);
    body = push_of(log);
    memcpy(bytes, body.data, body.size);
    pair_shorten(log, known.size);
    log->known = known;
    plug(&net, 1);
    bytes[body.size - 1] ^= 1;
    say(&net, 1, STICK, SG_MESSAGE_PACKAGE, sg_bytes(bytes, body.size));
    sg_sync_count(net.nodes[1].core, &counts);
    assert_int_equal(counts.refused_proof, 1);
    assert_int_equal(counts.refused_malformed, 0);
    say(&net, 1, STICK, SG_MESSAGE_PACKAGE, sg_bytes(bytes, body.size - 1));
    sg_sync_count(net.nodes[1].core, &counts);
    assert_int_equal(counts.refused_malformed, 1);
    assert_int_equal(net.nodes[1].n_behind, 0);
    bytes[body.size - 1] ^= 1;
    say(&net, 1, STICK, SG_MESSAGE_PACKAGE, sg_bytes(bytes, body.size));
    assert_int_equal(net.nodes[1].n_behind, 1);
    pair_free(&net);
}

/* Says whether NODE holds the other history of node 2's log whole, in whatever
 * branch. */
static bool has_other(struct pair_net *net, size_t node)
{
    struct sg_log_id id = pair_own(net, 2)->id;
    bool has = false;

    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        const struct pair_log *log = pair_branch(net, node, &id, branch);

        has = has || (log != NULL && log->frontier.size == 13 &&
                      log->entries[5].length == sizeof "another" - 1);
    }
    return has;
}

/* Spoils what comes to node 0 of branches: packages, once the log is forked. */
static bool spoil_branches(struct pair_net *net, struct pair_message *message)
{
    const struct pair_log *log =
        pair_find(net, message->node, &pair_own(net, 2)->id);

    if (message->type == SG_MESSAGE_PACKAGE && message->node == 0 &&
        log != NULL && log->is_forked)
        message->body[message->size - 1] ^= 1;
    return true;
}

/* Garbage for a branch of a forked log closes with PROOF and is not kept; an
 * honest peer's packages are. */
static void test_garbage_for_a_branch(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 8);
    pair_connect(&net, 2, 0);
    pair_run(&net, 1000);
    pair_cut(&net, 0, 2);
    pair_fork(&net, 2, 5, 8);
    pair_connect(&net, 2, 1);
    pair_run(&net, 1000);
    pair_cut(&net, 2, 1);
    assert_int_equal(net.nodes[0].n_closed, 0);
    net.filter = spoil_branches;
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_true(pair_find(&net, 0, &pair_own(&net, 2)->id)->is_forked);
    assert_closed(&net, 0, SG_ERR_PROOF);
    assert_false(has_other(&net, 0));
    net.filter = NULL;
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_true(has_other(&net, 0));
    pair_free(&net);
}

/* Tells NODE's core whether its disk is full. */
static void fill_disk(struct pair_net *net, size_t node, bool is_full)
{
    struct sg_event event = {.kind = SG_EVENT_FULL};

    event.is_full = is_full;
    pair_step(net, node, &event);
}

/* A node whose disk is full takes no push and asks for nothing; nobody is to
 * blame. When there is room it has what it missed at once. */
static void test_full_disk(void **state)
{
    struct pair_net net;
    size_t wants;

    (void)state;
    meet(&net);
    fill_disk(&net, 0, true);
    wants = net.nodes[0].sent[SG_MESSAGE_WANT];
    pair_append(&net, 1, 3); /* that fits on what is held */
    pair_run(&net, 100);
    assert_int_equal(pair_held(&net, 0, 1), 5);
    pair_append(&net, 1, 300);
    pair_run(&net, 120000);
    assert_true(net.nodes[1].sent[SG_MESSAGE_PACKAGE] > 0);
    assert_int_equal(pair_held(&net, 0, 1), 5);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_WANT], wants);
    assert_int_equal(net.nodes[0].n_closed + net.nodes[1].n_closed, 0);
    fill_disk(&net, 0, false);
    pair_run(&net, 100);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* --- Lists, branches, forks ---------------------------------------------- */

/* Gives node 0 an `authority` item with node 1's certificate and log, whose
 * kind is xored with KIND; node 0 closes with ERR. */
static void list(uint8_t kind, enum sg_err err)
{
    struct sg_head_message_claim claim = {.size = 1};
    uint8_t bytes[SG_CERTIFICATE_SIZE + 64], core[SG_LOG_CORE_SIZE];
    struct sg_writer writer;
    struct pair_net net;

    meet(&net);
    sg_entry_core_encode(&pair_own(&net, 1)->core, core);
    core[SG_KEY_SIZE] ^= kind;
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(net.nodes[1].certificate));
    sg_writer_bytes(
        &writer, sg_bytes(core + SG_KEY_SIZE, SG_LOG_CORE_SIZE - SG_KEY_SIZE));
    sg_writer_varint(&writer, claim.size);
    sg_writer_varint(&writer, 0);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(claim.tag));
    assert_ok(sg_writer_end(&writer));
    say(&net, 0, 0, SG_MESSAGE_AUTHORITY, sg_bytes(bytes, writer.size));
    assert_closed(&net, 0, err);
    pair_free(&net);
}

/* A district's log is not the authority's, and a log of no kind is none. */
static void test_listed(void **state)
{
    (void)state;
    list(0, SG_ERR_UNTRUSTED);
    list(0x7f, SG_ERR_MALFORMED);
}

/* A head that the log's node did not sign closes with PROOF; a signed one that
 * is known already is harmless. */
static void test_unsigned_head(void **state)
{
    static struct sg_proof proof;
    struct sg_writer writer;
    struct pair_net net;
    uint8_t bytes[512];

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        meet(&net);
        proof.ref = sg_package_ref(&pair_own(&net, 1)->id);
        proof.checkpoint = pair_own(&net, 1)->known;
        proof.checkpoint.signature[0] ^= turn == 1;
        proof.hash_count = 1; /* from 0: the root */
        proof.hashes[0] = proof.checkpoint.root;
        sg_writer_init_array(&writer, bytes, sizeof bytes);
        sg_proof_encode(&proof, &writer);
        say(&net, 0, 0, SG_MESSAGE_PROOF, sg_bytes(bytes, writer.size));
        if (turn == 1)
            assert_closed(&net, 0, SG_ERR_PROOF);
        else
            assert_int_equal(net.nodes[0].n_closed, 0);
        pair_free(&net);
    }
}

/* `branches` that the log's node did not sign close with PROOF. */
static void test_unsigned_branches(void **state)
{
    struct sg_flow_branches branches = {.count = 1};
    uint8_t bytes[512];
    struct sg_writer writer;
    struct pair_net net;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        meet(&net);
        branches.ref = sg_package_ref(&pair_own(&net, 1)->id);
        branches.items[0].checkpoint = pair_own(&net, 1)->known;
        branches.items[0].checkpoint.signature[0] ^= turn == 1;
        sg_writer_init_array(&writer, bytes, sizeof bytes);
        sg_flow_branches_encode(&branches, &writer);
        say(&net, 0, 0, SG_MESSAGE_BRANCHES, sg_bytes(bytes, writer.size));
        if (turn == 1)
            assert_closed(&net, 0, SG_ERR_PROOF);
        else
            assert_int_equal(net.nodes[0].n_closed, 0);
        pair_free(&net);
    }
}

/* A fork proof of another registry closes with PROOF, true as it is there: the
 * log here is not that one. The same of this registry marks it. */
static void test_fork_of_another_registry(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        static uint8_t bytes[SG_FORK_SIZE_MAX];
        static const struct sg_hash roots[2] = {{{0x11}}, {{0x77}}};
        struct sg_checkpoint signed_both[2];
        struct sg_fork fork = {0};
        struct sg_log_id id;
        struct pair_net net;

        meet(&net);
        fork.registry = net.world.registry;
        fork.registry.hash.bytes[0] ^= turn == 1;
        fork.core = pair_own(&net, 1)->core;
        id = sg_entry_log_id(&fork.registry, &fork.core);
        for (size_t i = 0; i < 2; i++)
            sg_checkpoint_sign(&fork.registry, &id, &net.nodes[1].key, 3,
                               &roots[i], &signed_both[i]);
        sg_fork_order(&fork, &signed_both[0], &signed_both[1]);
        assert_ok(sg_fork_verify(&fork));
        say(&net, 0, 0, SG_MESSAGE_FORK,
            sg_bytes(bytes, sg_fork_encode(&fork, bytes)));
        pair_run(&net, 10);
        if (turn == 1)
            assert_closed(&net, 0, SG_ERR_PROOF);
        assert_int_equal(pair_find(&net, 0, &pair_own(&net, 1)->id)->is_forked,
                         turn == 0);
        pair_free(&net);
    }
}

/* --- Too much ------------------------------------------------------------- */

/* Who wants more than SG_WANTS_MAX at once is closed with LIMIT. */
static void test_too_many_wants(void **state)
{
    static struct sg_flow_want wants[SG_WANTS_MAX];
    static uint8_t bytes[SG_WANTS_MAX * 64];
    struct sg_writer writer;
    struct pair_net net;

    (void)state;
    meet(&net);
    for (size_t i = 0; i < SG_WANTS_MAX; i++)
        wants[i] = (struct sg_flow_want){
            .number = 1000 + i, .ref = sg_package_ref(&pair_own(&net, 0)->id)};
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_flow_wants_encode(wants, SG_WANTS_MAX, &writer);
    say(&net, 0, 0, SG_MESSAGE_WANT, sg_bytes(bytes, writer.size));
    assert_int_equal(net.nodes[0].n_closed, 0);
    wants[0].number = 5000;
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_flow_wants_encode(wants, 1, &writer);
    say(&net, 0, 0, SG_MESSAGE_WANT, sg_bytes(bytes, writer.size));
    assert_closed(&net, 0, SG_ERR_LIMIT);
    pair_free(&net);
}

/* Who asks for more proofs than a session keeps is closed with LIMIT. */
static void test_too_many_proves(void **state)
{
    struct sg_proof_question question = {.from = 1};
    struct sg_writer writer;
    struct pair_net net;
    uint8_t bytes[64];

    (void)state;
    meet(&net);
    question.ref = sg_package_ref(&pair_own(&net, 0)->id);
    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_proof_question_encode(&question, &writer);
    for (size_t i = 0; i < SG_CORE_PROVES_MAX; i++)
        say(&net, 0, 0, SG_MESSAGE_PROVE, sg_bytes(bytes, writer.size));
    assert_int_equal(net.nodes[0].n_closed, 0);
    say(&net, 0, 0, SG_MESSAGE_PROVE, sg_bytes(bytes, writer.size));
    assert_closed(&net, 0, SG_ERR_LIMIT);
    pair_free(&net);
}

/* --- Who connects, and when ----------------------------------------------- */

/* Opens a session at node 0 with what node FROM greets with, CERTIFICATE's byte
 * AT xored with BITS; no room to send is given. */
static void open_from(struct pair_net *net, size_t from, size_t at,
                      uint8_t bits)
{
    struct sg_event event = {.kind = SG_EVENT_OPEN, .session = 0};

    event.open.link = SG_SYNC_RESPONDER;
    event.open.peer = SG_SYNC_NONE;
    sg_sync_greet(net->nodes[0].core, NULL, &event.open.sent);
    sg_sync_greet(net->nodes[from].core, &event.open.sent,
                  &event.open.received);
    event.open.received.certificate[at] ^= bits;
    net->nodes[0].ends[0] = (struct pair_end){true, 1, 0};
    pair_step(net, 0, &event);
}

/* Gives room to send on what open_from opened. */
static void give_room(struct pair_net *net)
{
    struct sg_event event = {.kind = SG_EVENT_ROOM, .session = 0};

    event.room = SG_MESSAGE_SIZE_MAX;
    pair_step(net, 0, &event);
}

/* A node does not talk to itself, nor to one whose certificate is none. */
static void test_who_connects(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    open_from(&net, 0, 0, 0);
    give_room(&net);
    assert_closed(&net, 0, SG_ERR_DOUBLE);
    pair_free(&net);
    pair_new(&net, 2, NULL);
    open_from(&net, 1, 1, 0xff); /* a role that there is not */
    give_room(&net);
    assert_closed(&net, 0, SG_ERR_CERTIFICATE);
    pair_free(&net);
}

/* Starts node 0 anew, which has not read the authority's log yet. */
static void start_unread(struct pair_net *net)
{
    struct pair_node *at = &net->nodes[0];
    struct sg_sync_config config = {.registry = net->world.registry,
                                    .key = &at->key,
                                    .sessions_max = PAIR_SESSIONS_MAX,
                                    .logs_max = PAIR_LOGS_MAX};
    struct sg_event event;
    struct sg_writer writer;
    uint8_t chain[1024];

    sg_writer_init_array(&writer, chain, sizeof chain);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, net->world.genesis);
    assert_ok(sg_writer_end(&writer));
    config.chain = sg_bytes(chain, writer.size);
    memcpy(config.certificate, at->certificate, sizeof config.certificate);
    sg_sync_free(at->core);
    assert_ok(sg_sync_new(&config, &at->core));
    pair_head(pair_own(net, 0), &event);
    pair_step(net, 0, &event);
    event = (struct sg_event){.kind = SG_EVENT_START};
    pair_step(net, 0, &event);
    assert_true(at->n_reads > 0);
}

/* A node that does not know yet who was revoked lets nobody in; when it has
 * read that, it does. */
static void test_opened_too_early(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    start_unread(&net);
    open_from(&net, 1, 0, 0);
    give_room(&net);
    assert_closed(&net, 0, SG_ERR_NOROOM);
    pair_run(&net, 10);
    pair_connect(&net, 1, 0);
    pair_run(&net, 1000);
    assert_int_equal(net.nodes[0].n_closed, 1);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* A node that is stopping lets nobody in and reads no stick. */
static void test_opened_while_stopping(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_STOP};
    struct pair_net net;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        pair_new(&net, 2, NULL);
        pair_step(&net, 0, &event);
        if (turn == 0) {
            open_from(&net, 1, 0, 0);
            give_room(&net);
        } else {
            plug(&net, 0);
        }
        assert_closed(&net, 0, SG_ERR_STOPPING);
        pair_free(&net);
    }
}

/* A peer that asks and asks and takes no answer is closed with SLOW when what
 * waits for it is too much. */
static void test_takes_no_answers(void **state)
{
    static const uint8_t echo[SG_FLOW_PING_SIZE] = {1};
    struct sg_sync_session_view view;
    struct pair_net net;
    size_t n = 0;

    (void)state;
    pair_new(&net, 2, NULL);
    open_from(&net, 1, 0, 0);
    do {
        assert_true(n++ < 100000);
        assert_int_equal(net.nodes[0].n_closed, 0);
        say(&net, 0, 0, SG_MESSAGE_PING, SG_BYTES_ARRAY(echo));
        assert_ok(sg_sync_session(net.nodes[0].core, 0, &view));
    } while (view.in_stage2);
    assert_true(n > 100);
    pair_run(&net, 10000); /* it does not wait for room for its `close` */
    assert_closed(&net, 0, SG_ERR_SLOW);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted_without_checkpoint),
        cmocka_unit_test(test_pushed_twice),
        cmocka_unit_test(test_garbage_of_one_history),
        cmocka_unit_test(test_no_opening),
        cmocka_unit_test(test_own_log_on_a_stick),
        cmocka_unit_test(test_garbage_for_a_branch),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_listed),
        cmocka_unit_test(test_unsigned_head),
        cmocka_unit_test(test_unsigned_branches),
        cmocka_unit_test(test_fork_of_another_registry),
        cmocka_unit_test(test_too_many_wants),
        cmocka_unit_test(test_too_many_proves),
        cmocka_unit_test(test_who_connects),
        cmocka_unit_test(test_opened_too_early),
        cmocka_unit_test(test_opened_while_stopping),
        cmocka_unit_test(test_takes_no_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
