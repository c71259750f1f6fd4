/* Two nodes and a session between them, for the tests of stage 1.
 */
#ifndef SG_TESTS_UNIT_STAGE1_PAIR_H
#define SG_TESTS_UNIT_STAGE1_PAIR_H

#include <stdio.h>

#include "replication/stage1.h"
#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct trust_world world;

struct node {
    struct sg_trust *trust;
    struct sg_registry_id registry;
    uint8_t node_key[SG_KEY_SIZE];
    struct sg_sign_key key;
    struct sg_noise_key transport;
    struct sg_certificate certificate;
    bool is_applicant;
    struct sg_stage1_application application;
    /* Of who issues invites. */
    bool invites;
    uint8_t secret[SG_JOIN_SECRET_SIZE];
    enum sg_join_answer answer;
    struct sg_certificate given;
};

/* One side of a session, and what it said and came to. */
struct side {
    struct node *node;
    struct sg_hello_payload sent, received;
    struct sg_stage1 stage1;
    char said[256];
    size_t bytes; /* of bodies */
    bool was_opened;
    bool is_closed;
    bool is_by_peer;
    uint8_t code;
    enum sg_err err;
    struct sg_bytes own_revocation;
    bool is_answered;
    enum sg_join_answer answer;
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_bytes shown;
};

static struct node nodes[6]; /* 1 is the authority's */
static struct side sides[2];

static inline int begin(void **state)
{
    (void)state;
    memset(nodes, 0, sizeof nodes);
    for (uint8_t i = 0; i < 6; i++) {
        nodes[i].key = trust_key((uint8_t)(i + 1), nodes[i].node_key);
        nodes[i].transport = protocol_key((uint8_t)(0x41 + i));
    }
    world = trust_found(nodes[1].node_key);
    for (uint8_t i = 0; i < 6; i++) {
        struct sg_trust_config config = {
            .registry = world.registry,
            .limits = sg_trust_limits_province,
        };

        nodes[i].registry = world.registry;
        nodes[i].certificate =
            trust_certificate(&world, 0, SG_CERTIFICATE_DISTRICT,
                              nodes[i].node_key, nodes[i].transport.public_key);
        assert_ok(sg_trust_new(&config, &nodes[i].trust));
    }
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++)
        sg_trust_free(nodes[i].trust);
    return 0;
}

static inline void restart(void)
{
    (void)end(NULL);
    (void)begin(NULL);
}

/* Node NUMBER learns PAYLOAD as entry INDEX of the authority's log. */
static inline void learn(unsigned number, uint64_t index,
                         struct sg_bytes payload)
{
    struct sg_trust_place place = {.log = trust_log(1), .index = index};

    memcpy(place.node_key, nodes[1].node_key, SG_KEY_SIZE);
    assert_ok(sg_trust_add(nodes[number].trust, &place, payload));
    sg_trust_judge(nodes[number].trust);
}

static inline void found(unsigned number)
{
    learn(number, 1, world.genesis);
}

/* --- sessions ---------------------------------------------------------- */

static inline struct sg_hello_payload greet(const struct node *node,
                                            const struct sg_hello_payload *peer)
{
    struct sg_hello_payload payload = {
        .form = node->is_applicant ? SG_HELLO_APPLICANT : SG_HELLO_MEMBER,
        .generation = node->is_applicant ? SG_HELLO_NO_GENERATION : 0,
    };

    if (!node->is_applicant)
        sg_certificate_encode(&node->certificate, payload.certificate);
    if (peer != NULL && !node->is_applicant)
        memset(payload.head_root, 0xee, sizeof payload.head_root);
    sg_stage1_greet(node->trust, peer, &payload);
    return payload;
}

/* Carries PAYLOAD of message NUMBER over, as the handshake does. */
static inline struct sg_hello_payload carry(
    const struct sg_hello_payload *payload, unsigned number,
    const struct node *from)
{
    uint8_t bytes[SG_HELLO_PAYLOAD_SIZE_MAX];
    size_t size = sg_hello_payload_encode(payload, number, bytes);
    struct sg_hello_payload carried;

    assert_ok(sg_hello_payload_decode(sg_bytes(bytes, size), number,
                                      from->transport.public_key, &carried));
    return carried;
}

static inline struct sg_stage1_config config_of(const struct side *side,
                                                const struct side *other)
{
    struct node *node = side->node;
    struct sg_stage1_config config = {
        .trust = node->trust,
        .registry = &node->registry,
        .handshake = {{0x99}},
        .sent = side->sent,
        .received = side->received,
        .invites = node->invites,
        .application = node->is_applicant ? &node->application : NULL,
    };

    memcpy(config.node_key, node->node_key, SG_KEY_SIZE);
    memcpy(config.remote_static, other->node->transport.public_key,
           SG_KEY_SIZE);
    return config;
}

/* What is on its way to a side. */
static struct {
    enum sg_message_type type;
    uint8_t to;
    struct sg_bytes body;
} queue[32];
static size_t n_queue;

/* Takes note of what a call gave, and puts its messages on their way. */
static inline void note(unsigned from, const struct sg_stage1_out *out)
{
    struct side *side = &sides[from];

    for (size_t i = 0; i < out->count; i++) {
        const struct sg_frame_message *message = &out->messages[i];
        size_t size = strlen(side->said);

        (void)snprintf(side->said + size, sizeof side->said - size, "%s%s",
                       size == 0 ? "" : " ",
                       sg_frame_message_name(message->type));
        side->bytes += message->body.size;
        assert_in_range(n_queue, 0, sizeof queue / sizeof queue[0] - 1);
        queue[n_queue].type = message->type;
        queue[n_queue].to = (uint8_t)(1 - from);
        queue[n_queue++].body = sg_hex(sg_hex_text(message->body));
    }
    assert_in_range(side->bytes, 0, SG_STAGE1_SIZE_MAX);
    side->was_opened = side->was_opened || out->is_opened;
    if (out->is_closed) {
        assert_false(side->is_closed);
        assert_int_equal(side->stage1.state, SG_STAGE1_CLOSED);
        side->is_closed = true;
        side->is_by_peer = out->is_by_peer;
        side->code = out->code;
        side->err = out->err;
    }
    if (out->own_revocation.size > 0)
        side->own_revocation = out->own_revocation;
    if (out->shown.size > 0)
        side->shown = out->shown;
    if (out->is_answered) {
        side->is_answered = true;
        side->answer = out->answer;
        memcpy(side->certificate, out->certificate, SG_CERTIFICATE_SIZE);
    }
}

/* Answers the applicant who asks by OUT, which is what follows then, by the
 * node's table of invites: its one secret. False: nobody asks. */
static inline bool answer(unsigned i, struct sg_stage1_out *out)
{
    struct node *node = sides[i].node;
    uint8_t wanted[SG_JOIN_PROOF_SIZE], again[SG_JOIN_REQUEST_SIZE];
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    enum sg_join_answer said = node->answer;

    if (!out->is_asked)
        return false;
    assert_int_equal(out->count, 0);
    assert_int_equal(out->join.size, SG_JOIN_SIZE);
    sg_join_request_encode(&out->request, again);
    assert_memory_equal(out->join.data, again, sizeof again);
    sg_join_proof(&node->registry, node->secret,
                  &sides[i].stage1.config.handshake, again, wanted);
    if (memcmp(wanted, out->join.data + SG_JOIN_REQUEST_SIZE, sizeof wanted) !=
        0)
        said = SG_JOIN_REFUSED;
    sg_certificate_encode(&node->given, certificate);
    sg_stage1_answer(&sides[i].stage1, said,
                     said == SG_JOIN_ADMITTED ? certificate : NULL, out);
    return true;
}

/* Takes note of OUT, and of what follows from the answer to it. */
static inline void settle(unsigned i, struct sg_stage1_out *out)
{
    do
        note(i, out);
    while (answer(i, out));
}

static inline void deliver(void)
{
    for (size_t i = 0; i < n_queue; i++) {
        struct sg_stage1_out out;
        struct sg_frame_message message = {queue[i].type, queue[i].body};

        sg_stage1_take(&sides[queue[i].to].stage1, &message, &out);
        settle(queue[i].to, &out);
    }
    n_queue = 0;
}

/* The handshake between A, who dials, and B; then the beginnings. */
static inline void dial(unsigned a, unsigned b)
{
    struct sg_stage1_config config;
    struct sg_stage1_out out;

    memset(sides, 0, sizeof sides);
    n_queue = 0;
    sides[0].node = &nodes[a];
    sides[1].node = &nodes[b];
    sides[1].sent = greet(&nodes[b], NULL);
    sides[0].received = carry(&sides[1].sent, 2, &nodes[b]);
    sides[0].sent = greet(&nodes[a], &sides[0].received);
    sides[1].received = carry(&sides[0].sent, 3, &nodes[a]);
    for (unsigned i = 0; i < 2; i++) {
        config = config_of(&sides[i], &sides[1 - i]);
        sg_stage1_init(&sides[i].stage1, &config, &out);
        note(i, &out);
    }
}

static inline void meet(unsigned a, unsigned b)
{
    dial(a, b);
    deliver();
}

static inline void judge_again(unsigned i)
{
    struct sg_stage1_out out;

    sg_stage1_judge(&sides[i].stage1, &out);
    note(i, &out);
}

/* Gives side I a message out of turn. */
static inline void say_to(unsigned i, enum sg_message_type type,
                          struct sg_bytes body)
{
    struct sg_frame_message message = {type, body};
    struct sg_stage1_out out;

    sg_stage1_take(&sides[i].stage1, &message, &out);
    settle(i, &out);
}

#define assert_said(a, b)                      \
    do {                                       \
        assert_string_equal(sides[0].said, a); \
        assert_string_equal(sides[1].said, b); \
    } while (0)

#define assert_open(verdict_a, verdict_b)                                      \
    do {                                                                       \
        assert_true(sides[0].was_opened);                                      \
        assert_true(sides[1].was_opened);                                      \
        assert_false(sides[0].is_closed);                                      \
        assert_false(sides[1].is_closed);                                      \
        assert_int_equal(sides[0].stage1.state, SG_STAGE1_OPEN);               \
        assert_int_equal(sides[1].stage1.state, SG_STAGE1_OPEN);               \
        assert_int_equal(sides[0].stage1.verdict, SG_CERTIFICATE_##verdict_a); \
        assert_int_equal(sides[1].stage1.verdict, SG_CERTIFICATE_##verdict_b); \
    } while (0)

/* Side I closed with this code and error, and the other heard it. */
#define assert_closed(i, wanted, name)                             \
    do {                                                           \
        assert_true(sides[i].is_closed);                           \
        assert_false(sides[i].is_by_peer);                         \
        assert_int_equal(sides[i].code, SG_CLOSE_##wanted);        \
        assert_err(sides[i].err, name);                            \
        assert_int_equal(sides[i].stage1.state, SG_STAGE1_CLOSED); \
    } while (0)

/* Gives the authority's history to node NUMBER: admissions of 2 and 3, two
 * rotations, the last entry being LAST. */
static inline void learn_rotations(unsigned number, uint64_t last)
{
    static struct sg_bytes entries[8];
    struct sg_trust_stand stands = {trust_log(1), 4, {{0}}};

    world.submits = 100; /* the same records for everyone */
    entries[1] = world.genesis;
    entries[2] = trust_admit(&world, 0, 2, &nodes[2].certificate);
    entries[3] = trust_admit(&world, 0, 3, &nodes[3].certificate);
    entries[4] = trust_rotate(&world, 1, 4, &stands, 1);
    entries[5] = trust_heartbeat(&world, 1, 1, 1000);
    stands.size = 6;
    entries[6] = trust_rotate(&world, 2, 2, &stands, 1);
    for (uint64_t i = 1; i <= last; i++)
        learn(number, i, entries[i]);
    assert_ok(sg_trust_held(nodes[number].trust, &stands.log, 0, last + 1));
    sg_trust_judge(nodes[number].trust);
}

#define STAGE1_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
