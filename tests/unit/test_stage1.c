#include "replication/stage1.h"

#include "tests/lib/page.h"
#include "tests/unit/stage1_pair.h"

#define END_MS UINT64_C(1924966800000) /* of 2030, UTC+7 */

/* In the common case stage 1 is one `ready` of no bytes: the initiator has said
 * so in message 3. */
static void test_common(void **state)
{
    (void)state;
    found(2);
    found(3);
    meet(2, 3);
    assert_true(sides[0].sent.is_ready);
    assert_int_equal(sides[0].sent.head_root[0], 0xee);
    assert_said("", "ready");
    assert_open(ACCEPTED, ACCEPTED);
    assert_memory_equal(sides[0].stage1.peer.node_key, nodes[3].node_key,
                        SG_KEY_SIZE);
    assert_int_equal(sides[0].bytes + sides[1].bytes, 0);
}

/* A node that was away during two rotations gets in, whoever dials: the chain
 * shows it the new root, its own certificate stands where it was admitted. */
static void test_away_for_two_rotations(void **state)
{
    (void)state;
    nodes[3].certificate =
        trust_certificate(&world, 2, SG_CERTIFICATE_DISTRICT, nodes[3].node_key,
                          nodes[3].transport.public_key);
    learn_rotations(2, 2);
    learn_rotations(3, 6);
    assert_int_equal(sg_trust_generation(nodes[3].trust), 2);
    meet(2, 3);
    assert_false(sides[0].sent.is_ready);
    assert_int_equal(sides[0].sent.head_root[0], 0); /* not judged yet */
    assert_said("ready", "chain ready");
    assert_open(ACCEPTED, ACCEPTED);
    assert_int_equal(sides[0].stage1.chain.count, 2);
    meet(3, 2);
    assert_said("chain ready", "ready");
    assert_int_equal(sides[0].sent.head_root[0], 0xee);
    assert_open(ACCEPTED, ACCEPTED);
}

/* A peer with a certificate of the old root is believed for the beginning, and
 * for good once the authority's logs say so; or closed, if they do not. */
static void test_limited(void **state)
{
    (void)state;
    learn_rotations(2, 2);
    learn_rotations(3, 6);
    meet(2, 3);
    assert_said("ready", "chain ready");
    assert_open(LIMITED, ACCEPTED);
    judge_again(0);
    assert_open(LIMITED, ACCEPTED);
    learn_rotations(2, 4);
    judge_again(0);
    assert_open(ACCEPTED, ACCEPTED);
    assert_string_equal(sides[0].said, "ready"); /* once */

    restart();
    nodes[3].certificate.serial = 9; /* not the one that was admitted */
    sg_certificate_sign(&nodes[3].certificate, &world.registry,
                        &world.roots[0]);
    struct sg_certificate admitted = nodes[3].certificate;
    learn_rotations(2, 2);
    learn_rotations(3, 6);
    nodes[3].certificate =
        trust_certificate(&world, 0, SG_CERTIFICATE_CENTRAL, nodes[3].node_key,
                          nodes[3].transport.public_key);
    meet(2, 3);
    assert_open(LIMITED, ACCEPTED);
    nodes[3].certificate = admitted;
    learn_rotations(2, 5);
    judge_again(0);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
    assert_string_equal(sides[0].said, "ready close");
}

/* The thief of a rotated root certifies himself and is not let in, by whom the
 * rotation has reached; nor does a chain of his own open the door. */
static void test_thief_of_old_root(void **state)
{
    struct trust_rotation rotation = {SG_TRUST_KEY_STOLEN, NULL, 0, 5, 6, 5};
    uint8_t room[SG_STAGE1_SIZE_MAX];
    struct sg_writer writer;

    (void)state;
    learn_rotations(3, 6);
    found(4);
    meet(4, 3);
    assert_closed(1, UNTRUSTED, UNTRUSTED);
    assert_string_equal(sides[1].said, "chain close");
    assert_true(sides[0].is_closed);
    assert_true(sides[0].is_by_peer);
    assert_int_equal(sides[0].code, SG_CLOSE_UNTRUSTED);

    /* He says that he knows generation 3, and shows his own. */
    found(2);
    dial(4, 2);
    sides[1].received.generation = 3;
    struct sg_stage1_config config = config_of(&sides[1], &sides[0]);
    struct sg_stage1_out out;
    memset(sides[1].said, 0, sizeof sides[1].said);
    config.received.is_ready = false;
    sg_stage1_init(&sides[1].stage1, &config, &out);
    assert_int_equal(out.count, 0); /* it waits */
    sg_writer_init_array(&writer, room, sizeof room);
    sg_chain_begin(&writer, 0);
    sg_chain_put(&writer, trust_rotate_as(&world, 1, 3, &rotation));
    say_to(1, SG_MESSAGE_CHAIN, sg_bytes(room, writer.size));
    assert_closed(1, UNTRUSTED, UNTRUSTED);
}

/* A revoked peer gets its revocation and the word, and nothing it sends is read
 * any more. It tells its officers. */
static void test_revoked(void **state)
{
    struct sg_bytes record;
    struct side before;

    (void)state;
    found(2);
    found(3);
    record =
        trust_cut(&world, 0, 2, nodes[2].node_key, SG_TRUST_REVOKE, NULL, 0);
    learn(3, 2, record);
    meet(2, 3);
    assert_string_equal(sides[1].said, "revoked close");
    assert_closed(1, REVOKED, REVOKED);
    assert_int_equal(sides[1].bytes, record.size + 1);
    assert_true(sides[0].is_by_peer);
    assert_int_equal(sides[0].code, SG_CLOSE_REVOKED);
    assert_true(sg_bytes_equal(sides[0].own_revocation, record));
    before = sides[1];
    say_to(1, SG_MESSAGE_READY, sg_bytes(NULL, 0));
    say_to(1, SG_MESSAGE_CHAIN, sg_bytes(NULL, 0));
    say_to(1, SG_MESSAGE_CLOSE, sg_bytes(NULL, 0));
    say_to(1, SG_MESSAGE_PACKAGE, sg_bytes("garbage", 7));
    judge_again(1);
    assert_memory_equal(before.said, sides[1].said, sizeof before.said);
    assert_int_equal(sides[1].stage1.state, SG_STAGE1_CLOSED);

    /* It learns this also when it is the one who is dialled. */
    meet(3, 2);
    assert_string_equal(sides[0].said, "revoked close");
    assert_true(sg_bytes_equal(sides[1].own_revocation, record));
    assert_int_equal(sides[0].sent.head_root[0], 0);
    assert_false(sides[0].sent.is_ready);
}

/* A revocation that does not fit is left out; the word is said. */
static void test_revocation_too_large(void **state)
{
    static struct sg_trust_stand stands[40];

    (void)state;
    for (uint8_t i = 0; i < 40; i++)
        stands[i].log = trust_log(i);
    found(2);
    found(3);
    learn(3, 2,
          trust_cut(&world, 0, 2, nodes[2].node_key, SG_TRUST_REVOKE, stands,
                    40));
    meet(2, 3);
    assert_said("", "close");
    assert_closed(1, REVOKED, REVOKED);
    assert_int_equal(sides[0].own_revocation.size, 0);
}

/* A revocation that is another's, or that nobody we know has signed, says
 * nothing; one that is no record is a fault. */
static void test_revocation_of_nobody(void **state)
{
    struct sg_bytes other, stranger;

    (void)state;
    found(2);
    found(3);
    other =
        trust_cut(&world, 0, 2, nodes[4].node_key, SG_TRUST_REVOKE, NULL, 0);
    stranger =
        trust_cut(&world, 3, 2, nodes[2].node_key, SG_TRUST_REVOKE, NULL, 0);
    meet(2, 3);
    say_to(0, SG_MESSAGE_REVOKED, other);
    say_to(0, SG_MESSAGE_REVOKED, stranger);
    say_to(0, SG_MESSAGE_REVOKED, world.genesis);
    assert_int_equal(sides[0].own_revocation.size, 0);
    assert_open(ACCEPTED, ACCEPTED);
    say_to(0, SG_MESSAGE_REVOKED, sg_bytes("x", 1));
    assert_closed(0, MALFORMED, MALFORMED);
}

/* The example of the page: node 1 of RECORDS learns that it was revoked. */
static void test_example_revoked(void **state)
{
    struct sg_bytes message = protocol_hex("message-revoked");
    struct sg_trust_config trust = {.limits = sg_trust_limits_province};
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 64);
    sg_page_hex("storage/registry/RECORDS.md", "registry-id", &buf);
    memcpy(trust.registry.hash.bytes, buf.data, 32);
    sg_buf_clear(&buf);
    sg_trust_free(nodes[0].trust);
    assert_ok(sg_trust_new(&trust, &nodes[0].trust));
    nodes[0].registry = trust.registry;
    sg_buf_init(&buf, 1024);
    sg_page_hex("storage/registry/RECORDS.md", "genesis", &buf);
    assert_ok(sg_trust_add(nodes[0].trust, NULL, sg_buf_bytes(&buf)));
    sg_buf_clear(&buf);
    sg_trust_judge(nodes[0].trust);
    found(3);
    dial(0, 3);
    n_queue = 0;
    sides[0].is_closed = false;
    sides[0].stage1.state = SG_STAGE1_WAITS;
    say_to(0, SG_MESSAGE_REVOKED, sg_bytes(message.data + 3, message.size - 3));
    assert_int_equal(sides[0].own_revocation.size, message.size - 3);
}

/* A certificate expires by the floor, on every side that has it, in the middle
 * of a session too; the peer that has not heard of it goes by its own. */
static void test_expired(void **state)
{
    (void)state;
    found(2);
    found(3);
    learn(3, 2, trust_heartbeat(&world, 0, 2, END_MS - 1));
    meet(2, 3);
    assert_open(ACCEPTED, ACCEPTED);
    learn(3, 3, trust_heartbeat(&world, 0, 3, END_MS));
    judge_again(1);
    deliver();
    assert_closed(1, EXPIRED, EXPIRED);
    assert_string_equal(sides[1].said, "ready close");
    assert_true(sides[0].is_by_peer);
    meet(2, 3);
    assert_closed(1, EXPIRED, EXPIRED);
    assert_string_equal(sides[1].said, "close");
}

/* Who is revoked in the middle of a session is told so, and it ends. */
static void test_revoked_in_stage_2(void **state)
{
    struct sg_bytes record;

    (void)state;
    found(2);
    found(3);
    meet(2, 3);
    record =
        trust_cut(&world, 0, 2, nodes[2].node_key, SG_TRUST_SUSPEND, NULL, 0);
    learn(3, 2, record);
    judge_again(1);
    deliver();
    assert_string_equal(sides[1].said, "ready revoked close");
    assert_closed(1, REVOKED, REVOKED);
    assert_true(sg_bytes_equal(sides[0].own_revocation, record));
    assert_int_equal(sides[0].code, SG_CLOSE_REVOKED);
}

/* A certificate that is none closes with 2, one of another root with 3. */
static void test_other_certificates(void **state)
{
    (void)state;
    found(2);
    found(3);
    dial(2, 3);
    n_queue = 0;
    struct sg_stage1_config config = config_of(&sides[1], &sides[0]);
    struct sg_stage1_out out;
    config.received.certificate[1] = 6;
    sg_stage1_init(&sides[1].stage1, &config, &out);
    memset(&sides[1].said, 0, sizeof sides[1].said);
    note(1, &out);
    assert_closed(1, CERTIFICATE, CERTIFICATE);
    /* Somebody else's certificate: the transport key is not the session's. */
    restart();
    found(2);
    found(3);
    nodes[2].transport = nodes[4].transport;
    meet(2, 3);
    assert_closed(1, UNTRUSTED, UNTRUSTED);
    /* Nobody believes who has no root, nor does he anybody. */
    restart();
    found(3);
    meet(2, 3);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
}

/* A node without any root waits for no chain that it could check. */
static void test_chain_to_nobody(void **state)
{
    (void)state;
    learn_rotations(3, 6);
    meet(2, 3);
    assert_closed(0, UNTRUSTED, UNTRUSTED);
}

/* What a peer may say in which state; all else closes with 1. */
static void test_out_of_turn(void **state)
{
    static const enum sg_message_type stage2[] = {
        SG_MESSAGE_PING,    SG_MESSAGE_HEADS, SG_MESSAGE_AUTHORITY,
        SG_MESSAGE_PACKAGE, SG_MESSAGE_FORK,  SG_MESSAGE_NONE,
    };

    (void)state;
    found(2);
    found(3);
    for (size_t i = 0; i < sizeof stage2 / sizeof stage2[0]; i++) {
        dial(2, 3);
        say_to(0, stage2[i], sg_bytes(NULL, 0)); /* before its ready */
        assert_closed(0, MALFORMED, MALFORMED);
        meet(2, 3);
        say_to(0, stage2[i], sg_bytes(NULL, 0)); /* not for stage 1 to take */
        assert_closed(0, MALFORMED, MALFORMED);
    }
    for (unsigned type = SG_MESSAGE_CHAIN; type <= SG_MESSAGE_JOINED; type++) {
        if (type == SG_MESSAGE_REVOKED)
            continue;
        meet(2, 3);
        say_to(0, (enum sg_message_type)type, sg_bytes(NULL, 0)); /* again */
        assert_closed(0, MALFORMED, MALFORMED);
        if (type == SG_MESSAGE_READY)
            continue;
        dial(2, 3);
        say_to(0, (enum sg_message_type)type, sg_bytes(NULL, 0));
        assert_closed(0, MALFORMED, MALFORMED);
    }
    dial(2, 3);
    say_to(0, SG_MESSAGE_READY, sg_bytes("x", 1));
    assert_closed(0, MALFORMED, MALFORMED);
}

/* A ready before a chain that is due, in message 3 or after it. */
static void test_ready_before_chain(void **state)
{
    struct sg_stage1_config config;
    struct sg_stage1_out out;

    (void)state;
    learn_rotations(2, 6);
    found(3);
    dial(3, 2);
    n_queue = 0;
    say_to(0, SG_MESSAGE_READY, sg_bytes(NULL, 0));
    assert_closed(0, MALFORMED, MALFORMED);
    dial(2, 3);
    config = config_of(&sides[1], &sides[0]);
    config.received.is_ready = true;
    sg_stage1_init(&sides[1].stage1, &config, &out);
    note(1, &out);
    assert_closed(1, MALFORMED, MALFORMED);
}

/* Every word of the peer ends the session and has its name; one that is not
 * known has its number. A word of two bytes is none. */
static void test_close(void **state)
{
    (void)state;
    found(2);
    found(3);
    for (unsigned code = 0; code < 256; code++) {
        uint8_t byte = (uint8_t)code;

        meet(2, 3);
        say_to(0, SG_MESSAGE_CLOSE, sg_bytes(&byte, 1));
        assert_true(sides[0].is_closed);
        assert_true(sides[0].is_by_peer);
        assert_int_equal(sides[0].code, code);
        assert_string_equal(sides[0].said, ""); /* nothing is answered */
        assert_int_equal(sides[0].err, code <= SG_CLOSE_STORAGE
                                           ? sg_close_err((enum sg_close)code)
                                           : SG_ERR_VERSION);
    }
    meet(2, 3);
    say_to(0, SG_MESSAGE_CLOSE, sg_bytes("\0\0", 2));
    assert_closed(0, MALFORMED, TRAILING);
}

/* The caller may end it at any time; once. */
static void test_close_ours(void **state)
{
    struct sg_stage1_out out;

    (void)state;
    found(2);
    found(3);
    meet(2, 3);
    sg_stage1_close(&sides[0].stage1, SG_ERR_SLOW, &out);
    note(0, &out);
    assert_closed(0, SLOW, SLOW);
    deliver();
    assert_int_equal(sides[1].code, SG_CLOSE_SLOW);
    sg_stage1_close(&sides[0].stage1, SG_ERR_SLOW, &out);
    assert_int_equal(out.count, 0);
    assert_false(out.is_closed);
}

/* A chain of many long links goes as far as 4,096 bytes, with the revocation
 * behind it if that fits: never more. */
static void test_bound(void **state)
{
    static struct sg_trust_stand stands[20];

    (void)state;
    for (uint8_t i = 0; i < 20; i++)
        stands[i].log = trust_log(i);
    found(2);
    found(3);
    for (unsigned g = 1; g <= 10; g++) {
        struct sg_stage1_out out;

        learn(3, g + 2U,
              trust_cut(&world, g - 1, 7, nodes[2].node_key, SG_TRUST_REVOKE,
                        stands, g % 7));
        learn(3, g + 20U, trust_rotate(&world, g, 3, stands, g));
        meet(2, 3); /* note() asserts the bound of every side */
        assert_true(sides[1].is_closed);
        assert_memory_equal(sides[1].said, "chain", 5);
        sg_stage1_judge(&sides[1].stage1, &out);
        assert_int_equal(out.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE1_TEST(test_common),
        STAGE1_TEST(test_away_for_two_rotations),
        STAGE1_TEST(test_limited),
        STAGE1_TEST(test_thief_of_old_root),
        STAGE1_TEST(test_revoked),
        STAGE1_TEST(test_revocation_too_large),
        STAGE1_TEST(test_revocation_of_nobody),
        STAGE1_TEST(test_example_revoked),
        STAGE1_TEST(test_expired),
        STAGE1_TEST(test_revoked_in_stage_2),
        STAGE1_TEST(test_other_certificates),
        STAGE1_TEST(test_chain_to_nobody),
        STAGE1_TEST(test_out_of_turn),
        STAGE1_TEST(test_ready_before_chain),
        STAGE1_TEST(test_close),
        STAGE1_TEST(test_close_ours),
        STAGE1_TEST(test_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
