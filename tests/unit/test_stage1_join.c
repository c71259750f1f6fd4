/* Joining, and stage 1 over a real connection. */
#include "replication/channel.h"
#include "replication/stage1.h"
#include "tests/unit/stage1_pair.h"

/* Node 4 applies at node 3, which invites. */
static void prepare_join(enum sg_join_answer answer)
{
    struct sg_join_request *request = &nodes[4].application.request;

    nodes[4].is_applicant = true;
    request->role = SG_CERTIFICATE_DISTRICT;
    request->unit = 20038020190101;
    memcpy(request->transport_key, nodes[4].transport.public_key, SG_KEY_SIZE);
    sg_join_request_sign(request, &world.registry, &nodes[4].key);
    memset(nodes[4].application.secret, 0x88, SG_JOIN_SECRET_SIZE);
    nodes[3].invites = true;
    memset(nodes[3].secret, 0x88, SG_JOIN_SECRET_SIZE);
    nodes[3].answer = answer;
    nodes[3].given = nodes[4].certificate;
}

/* An applicant is shown whom to believe, speaks its invite, and is admitted:
 * it then begins with the chain, and is a member. */
static void test_join(void **state)
{
    struct sg_certificate certificate;
    struct sg_bytes kept;

    (void)state;
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    meet(4, 3);
    assert_said("join close", "chain joined close");
    assert_true(sides[0].is_answered);
    assert_int_equal(sides[0].answer, SG_JOIN_ADMITTED);
    assert_closed(0, DONE, DONE);
    assert_closed(1, DONE, DONE);
    assert_true(sides[1].is_answered);
    assert_false(sides[0].was_opened);
    assert_ok(sg_certificate_decode(SG_BYTES_ARRAY(sides[0].certificate),
                                    &certificate));
    nodes[4].certificate = certificate;
    nodes[4].is_applicant = false;
    kept = sides[0].shown;
    assert_ok(sg_trust_add_chain(nodes[4].trust, kept));
    sg_trust_judge(nodes[4].trust);
    meet(4, 3);
    assert_open(ACCEPTED, ACCEPTED);
}

/* An officer must approve first, or has refused; a wrong invite is refused. */
static void test_join_not_yet(void **state)
{
    (void)state;
    found(3);
    prepare_join(SG_JOIN_WAIT);
    meet(4, 3);
    assert_said("join close", "chain joined close");
    assert_true(sides[0].is_answered);
    assert_int_equal(sides[0].answer, SG_JOIN_WAIT);
    prepare_join(SG_JOIN_REFUSED);
    meet(4, 3);
    assert_int_equal(sides[0].answer, SG_JOIN_REFUSED);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[4].application.secret[15] ^= 1;
    meet(4, 3);
    assert_true(sides[0].is_answered);
    assert_int_equal(sides[0].answer, SG_JOIN_REFUSED);
}

/* A node that issues no invites, or has no root itself, closes with 3. */
static void test_join_nobody_invites(void **state)
{
    (void)state;
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[3].invites = false;
    meet(4, 3);
    assert_said("", "close");
    assert_closed(1, UNTRUSTED, UNTRUSTED);
    nodes[2].invites = true;
    meet(4, 2);
    assert_closed(1, UNTRUSTED, UNTRUSTED);
}

/* The applicant speaks its invite to nobody who is not certified by the root at
 * the end of the chain, nor in another registry. */
static void test_join_at_stranger(void **state)
{
    (void)state;
    learn_rotations(3, 6); /* and its certificate is of root 0 */
    prepare_join(SG_JOIN_ADMITTED);
    meet(4, 3);
    assert_string_equal(sides[0].said, "close");
    assert_closed(0, UNTRUSTED, UNTRUSTED);
    restart();
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[3].certificate.signature[0] ^= 1;
    meet(4, 3);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
    assert_string_equal(sides[0].said, "close");
    restart();
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[4].registry.hash.bytes[0] ^= 1;
    meet(4, 3);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
    assert_string_equal(sides[0].said, "close");
}

/* A request that is not of this session's key, or not signed, is no proof. */
static void test_join_not_own(void **state)
{
    (void)state;
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    memcpy(nodes[4].application.request.transport_key,
           nodes[5].transport.public_key, SG_KEY_SIZE);
    sg_join_request_sign(&nodes[4].application.request, &world.registry,
                         &nodes[4].key);
    meet(4, 3);
    assert_closed(1, PROOF, PROOF);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[4].application.request.signature[0] ^= 1;
    meet(4, 3);
    assert_closed(1, PROOF, PROOF);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[4].application.request.role = (enum sg_certificate_role)9;
    meet(4, 3);
    assert_closed(1, MALFORMED, MALFORMED);
}

/* Who has asked waits for one answer: a second question is out of turn, and an
 * answer to nobody says nothing. */
static void test_join_asked_once(void **state)
{
    struct sg_frame_message join = {.type = SG_MESSAGE_JOIN};
    uint8_t body[SG_JOIN_SIZE];
    struct sg_stage1_out out;

    (void)state;
    found(3);
    prepare_join(SG_JOIN_WAIT);
    dial(4, 3);
    sg_stage1_answer(&sides[1].stage1, SG_JOIN_WAIT, NULL, &out);
    assert_int_equal(out.count, 0);
    assert_false(out.is_closed);
    sg_join_request_encode(&nodes[4].application.request, body);
    memset(body + SG_JOIN_REQUEST_SIZE, 0, SG_JOIN_PROOF_SIZE);
    join.body = SG_BYTES_ARRAY(body);
    sg_stage1_take(&sides[1].stage1, &join, &out);
    assert_true(out.is_asked);
    assert_int_equal(out.count, 0);
    assert_true(sg_bytes_equal(out.join, join.body));
    sg_stage1_take(&sides[1].stage1, &join, &out);
    assert_true(out.is_closed);
    assert_err(out.err, MALFORMED);
    sg_stage1_answer(&sides[1].stage1, SG_JOIN_WAIT, NULL, &out);
    assert_int_equal(out.count, 0);
}

/* A certificate that is not the applicant's own, or not the newest root's, is
 * not taken. */
static void test_join_wrong_certificate(void **state)
{
    (void)state;
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[3].given = nodes[5].certificate;
    meet(4, 3);
    assert_false(sides[0].is_answered);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[3].given =
        trust_certificate(&world, 0, SG_CERTIFICATE_DISTRICT, nodes[4].node_key,
                          nodes[5].transport.public_key);
    meet(4, 3);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
    prepare_join(SG_JOIN_ADMITTED);
    nodes[3].given.signature[3] ^= 1;
    meet(4, 3);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
}

/* Who applies and who is applied to say nothing else. */
static void test_join_out_of_turn(void **state)
{
    (void)state;
    found(3);
    prepare_join(SG_JOIN_WAIT);
    for (unsigned i = 0; i < 2; i++) {
        static const enum sg_message_type types[] = {
            SG_MESSAGE_READY, SG_MESSAGE_CHAIN, SG_MESSAGE_JOIN,
            SG_MESSAGE_JOINED, SG_MESSAGE_HEADS};

        for (size_t j = 0; j < sizeof types / sizeof types[0]; j++) {
            dial(4, 3);
            say_to(i, types[j], sg_bytes(NULL, 0));
            assert_true(sides[i].is_closed);
            assert_int_equal(sides[i].code, SG_CLOSE_MALFORMED);
        }
        dial(4, 3);
        judge_again(i); /* there is nobody to judge */
        assert_int_equal(sides[i].stage1.state, SG_STAGE1_WAITS);
    }
}

/* An applicant that was shown a chain as long as stage 1 bears is still
 * answered. */
static void test_join_after_long_chain(void **state)
{
    (void)state;
    found(3);
    prepare_join(SG_JOIN_ADMITTED);
    for (unsigned g = 1; g <= 15; g++)
        learn(3, g + 2U, trust_rotate(&world, g, 3, NULL, 0));
    dial(4, 3);
    assert_string_equal(sides[1].said, "chain");
    assert_true(sides[1].bytes > 3500);
    say_to(1, SG_MESSAGE_JOIN, sg_bytes(NULL, 0));
    assert_closed(1, MALFORMED, MALFORMED);
    dial(4, 3);
    uint8_t body[SG_JOIN_SIZE];
    n_queue = 0;
    sg_join_request_encode(&nodes[4].application.request, body);
    sg_join_proof(&world.registry, nodes[4].application.secret,
                  &sides[1].stage1.config.handshake, body,
                  body + SG_JOIN_REQUEST_SIZE);
    say_to(1, SG_MESSAGE_JOIN, SG_BYTES_ARRAY(body));
    assert_string_equal(sides[1].said, "chain joined close");
}

/* --- over a real connection -------------------------------------------- */

static struct sg_channel *channels[2];
static size_t on_wire[2];

static void connect_channels(unsigned a, unsigned b)
{
    memset(sides, 0, sizeof sides);
    sides[0].node = &nodes[a];
    sides[1].node = &nodes[b];
    n_queue = 0;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t ephemeral[SG_KEY_SIZE];
        struct sg_channel_config config = {
            .role = i == 0 ? SG_NOISE_INITIATOR : SG_NOISE_RESPONDER,
            .registry = &sides[i].node->registry,
            .transport_key = &sides[i].node->transport,
            .ephemeral_secret = ephemeral,
            .has_room = true,
        };

        memset(ephemeral, (int)(0x51 + i), sizeof ephemeral);
        assert_ok(sg_channel_new(&config, &channels[i]));
        on_wire[i] = 0;
    }
}

/* Sends what a call of stage 1 gave. */
static void send_out(unsigned i, struct sg_stage1_out *out)
{
    do {
        note(i, out);
        n_queue = 0;
        for (size_t j = 0; j < out->count; j++)
            assert_ok(sg_channel_send(channels[i], out->messages[j].type,
                                      out->messages[j].body));
    } while (answer(i, out));
    assert_ok(sg_channel_flush(channels[i]));
}

static void on_event(unsigned i, enum sg_channel_event event,
                     const struct sg_frame_message *message)
{
    struct side *side = &sides[i];
    struct sg_stage1_out out;
    struct sg_stage1_config config;

    if (event == SG_CHANNEL_GREET) {
        side->sent =
            greet(side->node, i == 0 ? sg_channel_received(channels[0]) : NULL);
        assert_ok(sg_channel_greet(channels[i], &side->sent));
    } else if (event == SG_CHANNEL_OPENED) {
        side->sent = *sg_channel_sent_payload(channels[i]);
        side->received = *sg_channel_received(channels[i]);
        config = config_of(side, &sides[1 - i]);
        config.handshake = *sg_channel_handshake(channels[i]);
        assert_memory_equal(config.remote_static,
                            sg_channel_remote_static(channels[i]), SG_KEY_SIZE);
        sg_stage1_init(&side->stage1, &config, &out);
        send_out(i, &out);
    } else if (event == SG_CHANNEL_MESSAGE) {
        sg_stage1_take(&side->stage1, message, &out);
        send_out(i, &out);
    }
}

static enum sg_err take_all(unsigned i, struct sg_bytes input)
{
    enum sg_channel_event event = SG_CHANNEL_GREET;

    while (event != SG_CHANNEL_MORE) {
        struct sg_frame_message message;
        enum sg_err err =
            sg_channel_take(channels[i], &input, &event, &message);

        if (err != SG_OK)
            return err;
        on_event(i, event, &message);
    }
    return SG_OK;
}

/* Moves bytes both ways, PIECE at a time, until there are none. Returns the
 * first error. */
static enum sg_err run(size_t piece)
{
    bool goes_on = true;

    while (goes_on) {
        goes_on = false;
        for (unsigned i = 0; i < 2; i++) {
            struct sg_bytes output = sg_channel_output(channels[i]);
            struct sg_bytes input = output;
            enum sg_err err;

            if (output.size > piece)
                input.size = piece;
            if (input.size == 0)
                continue;
            input = sg_hex(sg_hex_text(input));
            sg_channel_sent(channels[i], input.size);
            on_wire[i] += input.size;
            goes_on = true;
            err = take_all(1 - i, input);
            if (err != SG_OK)
                return err;
        }
    }
    return SG_OK;
}

static void hang_up(void)
{
    sg_channel_free(channels[0]);
    sg_channel_free(channels[1]);
}

/* The same over hello, Noise and frames, in pieces of any size: members at
 * once; one that was away; a revoked one; an applicant. 494 bytes of handshake,
 * 20 more for a `ready`. */
static void test_over_noise(void **state)
{
    static const size_t pieces[] = {1, 7, 100, 100000};

    (void)state;
    nodes[3].certificate =
        trust_certificate(&world, 2, SG_CERTIFICATE_DISTRICT, nodes[3].node_key,
                          nodes[3].transport.public_key);
    learn_rotations(2, 6);
    learn_rotations(3, 6);
    found(0);
    nodes[0].certificate = nodes[2].certificate;
    memcpy(nodes[0].node_key, nodes[2].node_key, SG_KEY_SIZE);
    nodes[0].transport = nodes[2].transport;
    prepare_join(SG_JOIN_ADMITTED);
    nodes[3].given =
        trust_certificate(&world, 2, SG_CERTIFICATE_DISTRICT, nodes[4].node_key,
                          nodes[4].transport.public_key);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        connect_channels(2, 3);
        assert_ok(run(pieces[i]));
        assert_said("", "ready");
        assert_open(ACCEPTED, ACCEPTED);
        assert_int_equal(on_wire[0] + on_wire[1], 494 + 20);
        hang_up();

        connect_channels(0, 3); /* as node 2 was before the rotations */
        assert_ok(run(pieces[i]));
        assert_said("ready", "chain ready");
        assert_open(ACCEPTED, ACCEPTED);
        hang_up();

        connect_channels(4, 3);
        assert_ok(run(pieces[i]));
        assert_said("join close", "chain joined close");
        assert_int_equal(sides[0].answer, SG_JOIN_ADMITTED);
        hang_up();
    }
    learn(3, 7,
          trust_cut(&world, 2, 9, nodes[2].node_key, SG_TRUST_REVOKE, NULL, 0));
    connect_channels(2, 3);
    assert_ok(run(50));
    assert_string_equal(sides[1].said, "revoked close");
    assert_true(sides[0].own_revocation.size > 0);
    assert_true(on_wire[1] < SG_STAGE1_SIZE_MAX);
    hang_up();
}

/* Another registry ends in the handshake: nothing is judged. */
static void test_other_registry(void **state)
{
    (void)state;
    found(2);
    found(3);
    nodes[3].registry.hash.bytes[5] ^= 1;
    connect_channels(2, 3);
    assert_err(run(1000), HANDSHAKE);
    assert_false(sides[0].was_opened || sides[1].was_opened);
    hang_up();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE1_TEST(test_join),
        STAGE1_TEST(test_join_not_yet),
        STAGE1_TEST(test_join_nobody_invites),
        STAGE1_TEST(test_join_at_stranger),
        STAGE1_TEST(test_join_asked_once),
        STAGE1_TEST(test_join_not_own),
        STAGE1_TEST(test_join_wrong_certificate),
        STAGE1_TEST(test_join_out_of_turn),
        STAGE1_TEST(test_join_after_long_chain),
        STAGE1_TEST(test_over_noise),
        STAGE1_TEST(test_other_registry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
