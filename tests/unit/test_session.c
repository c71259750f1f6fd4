#include "replication/session.h"

#include <string.h>

#include "replication/package.h"
#include "replication/stage1.h"
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
    struct sg_sync_session_view view;
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
    event.kind = SG_EVENT_JOINED;
    event.joined.ticket = 1000;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.joined.ticket = 0;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.kind = SG_EVENT_UNDIALLED;
    event.undialled = 9;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    event.kind = SG_EVENT_REFUSED;
    event.refused.ticket = 1000; /* no write of this core's */
    event.refused.err = SG_ERR_EXISTS;
    assert_err(sg_sync_step(net.nodes[0].core, &event, &effects), INVALID);
    assert_err(sg_sync_session(net.nodes[0].core, 0, &view), NOTFOUND);
    assert_err(sg_sync_session(net.nodes[0].core, 1000, &view), NOTFOUND);
    pair_free(&net);
}

/* --- Applicants ------------------------------------------------------------
 */

/* What one side of an application says, and what came of it. */
struct applying {
    struct pair_net net;
    struct sg_trust *trust;
    struct sg_sign_key key;
    struct sg_stage1_application application;
    struct sg_stage1 stage1;
    struct sg_stage1_out out; /* of the last message */
    struct sg_effect asked;   /* the JOIN effect; ticket 0: none */
    size_t n_answers;
    enum sg_join_answer answer; /* the last */
};

/* Gives EVENT to node 0's core, whose session 0 is the applicant's: what it
 * sends is taken by stage 1 there, which answers. */
static void carry(struct applying *a, struct sg_event event)
{
    static struct sg_effects effects;
    struct sg_event next = {.kind = SG_EVENT_TICK};

    event.now_ms = a->net.now_ms;
    assert_ok(sg_sync_step(a->net.nodes[0].core, &event, &effects));
    for (size_t i = 0; i < effects.count; i++) {
        const struct sg_effect *effect = &effects.items[i];

        if (effect->kind == SG_EFFECT_JOIN)
            a->asked = *effect;
        if (effect->kind == SG_EFFECT_CLOSE) {
            a->net.nodes[0].n_closed++;
            a->net.nodes[0].closed = effect->close;
        }
        if (effect->kind == SG_EFFECT_SEND) {
            struct sg_frame_message message = {effect->send.type,
                                               effect->send.body};

            sg_stage1_take(&a->stage1, &message, &a->out);
            a->n_answers += a->out.is_answered;
            if (a->out.is_answered)
                a->answer = a->out.answer;
        }
    }
    assert_false(effects.more);
    if (a->out.count == 0)
        return;
    next = (struct sg_event){.kind = SG_EVENT_MESSAGE};
    next.message = a->out.messages[0];
    a->out.count = 0;
    carry(a, next);
}

/* An applicant with the invite SECRET connects to node 0, whose static key for
 * it is STATIC_KEY, as the handshake found. */
static void apply(struct applying *a, uint8_t static_key)
{
    struct sg_stage1_config config = {.trust = a->trust,
                                      .registry = &a->net.world.registry,
                                      .handshake = {{0x99}},
                                      .application = &a->application};
    struct sg_event event = {.kind = SG_EVENT_OPEN};

    sg_sync_greet(a->net.nodes[0].core, NULL, &config.received);
    config.sent.form = SG_HELLO_APPLICANT;
    config.sent.generation = SG_HELLO_NO_GENERATION;
    sg_stage1_init(&a->stage1, &config, &a->out);
    a->asked.ticket = 0;
    a->net.nodes[0].n_closed = 0;
    event.open.link = SG_SYNC_RESPONDER;
    event.open.peer = SG_SYNC_NONE;
    event.open.sent = config.received;
    event.open.received = config.sent;
    event.open.handshake = config.handshake;
    memset(event.open.remote_static, static_key, SG_KEY_SIZE);
    carry(a, event);
    event = (struct sg_event){.kind = SG_EVENT_ROOM};
    event.room = SG_MESSAGE_SIZE_MAX;
    carry(a, event);
}

static void begin_applying(struct applying *a, bool is_inviting)
{
    struct sg_join_request *request = &a->application.request;
    struct sg_trust_config config = {.limits = sg_trust_limits_province};
    struct sg_event event = {.kind = SG_EVENT_INVITES};
    uint8_t node_key[SG_KEY_SIZE];

    memset(a, 0, sizeof *a);
    pair_new(&a->net, 2, NULL);
    config.registry = a->net.world.registry;
    assert_ok(sg_trust_new(&config, &a->trust));
    a->key = trust_key(9, node_key);
    request->role = SG_CERTIFICATE_DISTRICT;
    memset(request->transport_key, 0x49, SG_KEY_SIZE);
    sg_join_request_sign(request, &a->net.world.registry, &a->key);
    memset(a->application.secret, 0x88, SG_JOIN_SECRET_SIZE);
    event.is_inviting = is_inviting;
    pair_step(&a->net, 0, &event);
}

static void end_applying(struct applying *a)
{
    sg_trust_free(a->trust);
    pair_free(&a->net);
}

/* Answers the question with TICKET. */
static void answer(struct applying *a, uint64_t ticket,
                   enum sg_join_answer said)
{
    struct sg_event event = {.kind = SG_EVENT_JOINED};
    struct sg_certificate given = trust_certificate(
        &a->net.world, 0, SG_CERTIFICATE_DISTRICT,
        a->application.request.node_key, a->application.request.transport_key);

    event.joined.ticket = ticket;
    event.joined.answer = said;
    if (said == SG_JOIN_ADMITTED)
        sg_certificate_encode(&given, event.joined.certificate);
    carry(a, event);
}

/* A node that issues no invites closes an applicant with 3; one that did and
 * does no more, too. */
static void test_no_invites(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_INVITES};
    struct applying a;

    (void)state;
    begin_applying(&a, false);
    apply(&a, 0x49);
    assert_int_equal(a.net.nodes[0].n_closed, 1);
    assert_err(a.net.nodes[0].closed, UNTRUSTED);
    assert_true(a.out.is_by_peer);
    assert_int_equal(a.out.code, SG_CLOSE_UNTRUSTED);
    event.is_inviting = true;
    pair_step(&a.net, 0, &event);
    apply(&a, 0x49);
    assert_int_equal(a.net.nodes[0].n_closed, 0);
    answer(&a, a.asked.ticket, SG_JOIN_WAIT);
    event.is_inviting = false;
    pair_step(&a.net, 0, &event);
    apply(&a, 0x49);
    assert_err(a.net.nodes[0].closed, UNTRUSTED);
    assert_int_equal(a.asked.ticket, 0);
    end_applying(&a);
}

/* An applicant's question goes out whole, its proof is what the driver can
 * compute, and each answer reaches it; then the session ends. */
static void test_join(void **state)
{
    static const enum sg_join_answer answers[] = {SG_JOIN_WAIT, SG_JOIN_REFUSED,
                                                  SG_JOIN_ADMITTED};
    uint8_t proof[SG_JOIN_PROOF_SIZE], bytes[SG_JOIN_REQUEST_SIZE];
    struct applying a;

    (void)state;
    begin_applying(&a, true);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        apply(&a, 0x49);
        assert_true(a.asked.ticket > 0);
        assert_int_equal(a.asked.session, 0);
        sg_join_request_encode(&a.application.request, bytes);
        assert_memory_equal(a.asked.join.bytes, bytes, sizeof bytes);
        assert_memory_equal(a.asked.join.request.node_key,
                            a.application.request.node_key, SG_KEY_SIZE);
        sg_join_proof(&a.net.world.registry, a.application.secret,
                      &a.asked.join.handshake, bytes, proof);
        assert_memory_equal(a.asked.join.proof, proof, sizeof proof);
        answer(&a, a.asked.ticket, answers[i]);
        assert_err(a.net.nodes[0].closed, DONE);
        assert_int_equal(a.net.nodes[0].n_closed, 1);
        assert_int_equal(a.n_answers, i + 1);
        assert_int_equal(a.answer, answers[i]);
    }
    end_applying(&a);
}

/* A request that is not of the session's key closes with PROOF and is not
 * handed on; what an applicant may not say closes with MALFORMED. */
static void test_join_wrong(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_MESSAGE};
    struct applying a;

    (void)state;
    begin_applying(&a, true);
    apply(&a, 0x48);
    assert_err(a.net.nodes[0].closed, PROOF);
    assert_int_equal(a.asked.ticket, 0);
    apply(&a, 0x49);
    assert_true(a.asked.ticket > 0);
    event.message.type = SG_MESSAGE_ROOT;
    carry(&a, event);
    assert_err(a.net.nodes[0].closed, MALFORMED);
    end_applying(&a);
}

/* An answer that comes when the applicant has gone, or was dropped because none
 * came, finds nobody; not another one either. */
static void test_join_late(void **state)
{
    struct sg_event event = {.kind = SG_EVENT_SHUT};
    struct applying a;
    uint64_t first;

    (void)state;
    begin_applying(&a, true);
    apply(&a, 0x49);
    first = a.asked.ticket;
    carry(&a, event);
    answer(&a, first, SG_JOIN_ADMITTED);
    apply(&a, 0x49);
    assert_true(a.asked.ticket > first);
    answer(&a, first, SG_JOIN_ADMITTED);
    assert_int_equal(a.net.nodes[0].n_closed, 0);
    a.net.now_ms += SG_STAGE1_MS_MAX;
    event.kind = SG_EVENT_TICK;
    carry(&a, event);
    assert_err(a.net.nodes[0].closed, SLOW);
    answer(&a, a.asked.ticket, SG_JOIN_ADMITTED);
    assert_int_equal(a.net.nodes[0].n_closed, 1);
    end_applying(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_credit),
        cmocka_unit_test(test_budget),     cmocka_unit_test(test_slow),
        cmocka_unit_test(test_double),     cmocka_unit_test(test_stop),
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_no_invites),
        cmocka_unit_test(test_join),       cmocka_unit_test(test_join_wrong),
        cmocka_unit_test(test_join_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
