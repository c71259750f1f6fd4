#include "replication/channel.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "tests/lib/dies.h"
#include "tests/lib/protocol.h"

static const struct sg_registry_id registry = {
    {{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}}};

/* A and B of the page, each with what is on its way to it. */
struct pair {
    struct sg_channel *a, *b;
    size_t piece; /* bytes that come at once */
};

static enum sg_err make(enum sg_noise_role role, bool has_room,
                        struct sg_channel **ret)
{
    bool is_a = role == SG_NOISE_INITIATOR;
    struct sg_noise_key key =
        protocol_key(is_a ? PROTOCOL_STATIC_A : PROTOCOL_STATIC_B);
    uint8_t ephemeral[SG_KEY_SIZE];
    struct sg_channel_config config = {.role = role,
                                       .registry = &registry,
                                       .transport_key = &key,
                                       .ephemeral_secret = ephemeral,
                                       .has_room = has_room};

    assert_ok(sg_crypto_init());
    memset(ephemeral, is_a ? PROTOCOL_EPHEMERAL_A : PROTOCOL_EPHEMERAL_B,
           sizeof ephemeral);
    return sg_channel_new(&config, ret);
}

static struct pair pair_new(size_t piece)
{
    struct pair pair = {.piece = piece};

    assert_ok(make(SG_NOISE_INITIATOR, true, &pair.a));
    assert_ok(make(SG_NOISE_RESPONDER, true, &pair.b));
    return pair;
}

static void pair_free(struct pair *pair)
{
    sg_channel_free(pair->a);
    sg_channel_free(pair->b);
}

/* The payloads of the page, by message number. */
static struct sg_hello_payload payloads[4];

static int read_page(void **state)
{
    (void)state;
    for (unsigned number = 2; number <= 3; number++) {
        struct sg_noise_key key =
            protocol_key(number == 2 ? PROTOCOL_STATIC_B : PROTOCOL_STATIC_A);

        assert_ok(sg_hello_payload_decode(
            protocol_hex(number == 2 ? "payload-2" : "payload-3"), number,
            key.public_key, &payloads[number]));
    }
    return 0;
}

/* What came of moving bytes. */
struct outcome {
    enum sg_err err;
    unsigned opened;
    size_t messages;
    enum sg_message_type last;
    size_t last_size;
    uint8_t last_byte;
};

/* Moves what FROM has to say to TO, in pieces; greets where it is due. */
static void move(struct pair *pair, struct sg_channel *from,
                 struct sg_channel *to, struct outcome *out)
{
    struct sg_bytes all = sg_channel_output(from), input = {NULL, 0};
    size_t size = all.size < pair->piece ? all.size : pair->piece;
    enum sg_channel_event event = SG_CHANNEL_GREET;
    struct sg_frame_message message;

    input = sg_bytes(all.data, size);
    while (out->err == SG_OK && (input.size > 0 || event != SG_CHANNEL_MORE)) {
        out->err = sg_channel_take(to, &input, &event, &message);
        if (out->err != SG_OK)
            break;
        if (event == SG_CHANNEL_GREET) {
            out->err = sg_channel_greet(to, &payloads[to == pair->b ? 2 : 3]);
        } else if (event == SG_CHANNEL_OPENED) {
            out->opened++;
        } else if (event == SG_CHANNEL_MESSAGE) {
            out->messages++;
            out->last = message.type;
            out->last_size = message.body.size;
            if (message.body.size > 0)
                out->last_byte = message.body.data[message.body.size - 1];
        }
    }
    sg_channel_sent(from, size);
}

/* Moves bytes until both have said all. */
static void run(struct pair *pair, struct outcome *at_a, struct outcome *at_b)
{
    while (at_a->err == SG_OK && at_b->err == SG_OK &&
           sg_channel_output(pair->a).size + sg_channel_output(pair->b).size >
               0) {
        move(pair, pair->a, pair->b, at_b);
        move(pair, pair->b, pair->a, at_a);
    }
}

/* The page's connection, byte for byte, in whatever pieces it comes: 494 bytes
 * of hellos and handshake, then the frames of `ready`, `same` and of `close`:
 * 537 in all. */
static void test_page_connection(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 600; piece += piece < 40 ? 1 : 280) {
        struct pair pair = pair_new(piece);
        struct outcome at_a = {0}, at_b = {0};

        run(&pair, &at_a, &at_b);
        assert_int_equal(at_a.opened, 1);
        assert_int_equal(at_b.opened, 1);
        assert_hex(sg_bytes(sg_channel_handshake(pair.a)->bytes, 32),
                   sg_hex_text(protocol_hex("handshake-hash")));
        assert_memory_equal(sg_channel_handshake(pair.b)->bytes,
                            sg_channel_handshake(pair.a)->bytes, 32);
        assert_ok(sg_channel_send(pair.b, SG_MESSAGE_READY, sg_bytes(NULL, 0)));
        assert_ok(sg_channel_send(pair.b, SG_MESSAGE_SAME, sg_bytes(NULL, 0)));
        assert_int_equal(sg_channel_output(pair.b).size, 0);
        assert_ok(sg_channel_flush(pair.b));
        assert_hex(sg_channel_output(pair.b),
                   sg_hex_text(protocol_hex("frame-ready-same")));
        run(&pair, &at_a, &at_b);
        assert_int_equal(at_a.messages, 2);
        assert_int_equal(at_a.last, SG_MESSAGE_SAME);
        assert_ok(sg_channel_send(pair.a, SG_MESSAGE_CLOSE,
                                  sg_bytes((const uint8_t[]){0}, 1)));
        assert_ok(sg_channel_flush(pair.a));
        assert_hex(sg_channel_output(pair.a),
                   sg_hex_text(protocol_hex("frame-close")));
        run(&pair, &at_a, &at_b);
        assert_int_equal(at_b.last, SG_MESSAGE_CLOSE);
        assert_memory_equal(sg_channel_received(pair.a)->certificate,
                            payloads[2].certificate, SG_CERTIFICATE_SIZE);
        assert_memory_equal(sg_channel_sent_payload(pair.a)->head_root,
                            sg_channel_received(pair.b)->head_root,
                            SG_HELLO_ROOT_SIZE);
        pair_free(&pair);
    }
    assert_int_equal(sg_alloc_live(), 0);
}

/* Opens a session and leaves stage 1 on both sides. */
static struct pair pair_open(void)
{
    struct pair pair = pair_new(4096);
    struct outcome at_a = {0}, at_b = {0};

    run(&pair, &at_a, &at_b);
    assert_ok(sg_channel_send(pair.b, SG_MESSAGE_READY, sg_bytes(NULL, 0)));
    assert_ok(sg_channel_flush(pair.b));
    run(&pair, &at_a, &at_b);
    assert_int_equal(at_a.messages, 1);
    return pair;
}

/* An open channel without output has room for any message, whatever its
 * frames' size, and what it says it takes it takes. */
static void test_room(void **state)
{
    static const size_t sizes[] = {SG_CHANNEL_FRAME_MIN, 1024, 4097, 30000,
                                   SG_CHANNEL_FRAME_MAX};
    static uint8_t body[SG_MESSAGE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pair pair = pair_open();
        struct outcome at_a = {0}, at_b = {0};
        size_t sent = 0;

        sg_channel_frame_size(pair.a, sizes[i]);
        assert_in_range(sg_channel_room(pair.a), SG_MESSAGE_SIZE_MAX + 4,
                        2 * SG_MESSAGE_SIZE_MAX);
        memset(body, 0x5a, sizeof body);
        assert_ok(
            sg_channel_send(pair.a, SG_MESSAGE_PACKAGE, SG_BYTES_ARRAY(body)));
        sent++;
        while (sg_channel_room(pair.a) >= 64) {
            size_t room = sg_channel_room(pair.a) - SG_MESSAGE_HEADER_SIZE_MAX;
            if (room > 7777)
                room = 7777;
            assert_ok(sg_channel_send(pair.a, SG_MESSAGE_PACKAGE,
                                      sg_bytes(body, room)));
            sent++;
        }
        assert_ok(sg_channel_flush(pair.a));
        run(&pair, &at_a, &at_b);
        assert_ok(at_b.err);
        assert_int_equal(at_b.messages, sent);
        assert_int_equal(at_b.last_byte, 0x5a);
        assert_in_range(sg_channel_room(pair.a), SG_MESSAGE_SIZE_MAX + 4,
                        2 * SG_MESSAGE_SIZE_MAX);
        pair_free(&pair);
    }
}

static size_t frame_count(struct sg_bytes output)
{
    size_t count = 0;

    for (size_t at = 0; at < output.size; count++)
        at += 2 + sg_bytes_get_u16be(output.data + at);
    return count;
}

/* Small messages share a frame; a large one begins its own, so that nobody
 * waits for the end of it who could do with what was before. */
static void test_frames(void **state)
{
    static const uint8_t body[SG_CHANNEL_FRAME_MIN];
    struct pair pair = pair_open();

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_ok(sg_channel_send(pair.a, SG_MESSAGE_PACKAGE,
                                  sg_bytes(body, sizeof body - 1)));
    assert_int_equal(frame_count(sg_channel_output(pair.a)), 0);
    for (size_t i = 0; i < 2; i++)
        assert_ok(
            sg_channel_send(pair.a, SG_MESSAGE_PACKAGE, SG_BYTES_ARRAY(body)));
    assert_int_equal(frame_count(sg_channel_output(pair.a)), 2);
    assert_ok(sg_channel_flush(pair.a));
    assert_int_equal(frame_count(sg_channel_output(pair.a)), 3);
    pair_free(&pair);
}

/* Messages of all sizes in frames of all sizes come out as they went in. */
static void test_stream(void **state)
{
    static uint8_t body[SG_MESSAGE_SIZE_MAX];
    struct pair pair = pair_open();
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 1);
    sg_prng_bytes(&prng, body, sizeof body);
    for (size_t i = 0; i < 400; i++) {
        struct sg_channel *from = i % 2 == 0 ? pair.a : pair.b;
        struct outcome at_a = {0}, at_b = {0}, *out;
        size_t size = (size_t)sg_prng_below(&prng, i % 9 == 0 ? 262145 : 3000);

        out = i % 2 == 0 ? &at_b : &at_a;
        pair.piece = 1 + (size_t)sg_prng_below(&prng, 70000);
        sg_channel_frame_size(from, SG_CHANNEL_FRAME_MIN +
                                        (size_t)sg_prng_below(&prng, 9000));
        assert_ok(sg_channel_send(from, SG_MESSAGE_WANT, sg_bytes(body, size)));
        assert_ok(sg_channel_flush(from));
        assert_ok(sg_channel_flush(from));
        run(&pair, &at_a, &at_b);
        assert_int_equal(out->messages, 1);
        assert_int_equal(out->last_size, size);
        if (size > 0)
            assert_int_equal(out->last_byte, body[size - 1]);
    }
    pair_free(&pair);
}

/* A responder without room says so, and another major is told apart. */
static void test_refusals_of_hello(void **state)
{
    struct outcome at_a = {0}, at_b = {0};
    struct pair pair = {.piece = 8};
    enum sg_channel_event event;
    struct sg_frame_message message;
    struct sg_bytes input = protocol_hex("hello-other-major");
    uint8_t other[SG_HELLO_SIZE];

    (void)state;
    assert_ok(make(SG_NOISE_INITIATOR, true, &pair.a));
    assert_ok(make(SG_NOISE_RESPONDER, false, &pair.b));
    move(&pair, pair.a, pair.b, &at_b);
    assert_err(at_b.err, NOROOM);
    move(&pair, pair.b, pair.a, &at_a);
    assert_err(at_a.err, NOROOM);
    pair_free(&pair);

    assert_ok(make(SG_NOISE_INITIATOR, true, &pair.a));
    assert_err(sg_channel_take(pair.a, &input, &event, &message), MAJOR);
    input = protocol_hex("hello");
    assert_err(sg_channel_take(pair.a, &input, &event, &message), MAJOR);
    sg_channel_free(pair.a);

    sg_hello_begin(other);
    other[6] = 2;
    assert_ok(make(SG_NOISE_RESPONDER, true, &pair.b));
    input = SG_BYTES_ARRAY(other);
    assert_err(sg_channel_take(pair.b, &input, &event, &message), MAJOR);
    assert_hex(sg_channel_output(pair.b),
               sg_hex_text(protocol_hex("hello-other-major")));
    sg_channel_free(pair.b);

    assert_ok(make(SG_NOISE_RESPONDER, true, &pair.b));
    input = SG_BYTES_TEXT("GET / HTTP/1.1");
    assert_err(sg_channel_take(pair.b, &input, &event, &message), MALFORMED);
    assert_int_equal(sg_channel_output(pair.b).size, 0);
    sg_channel_free(pair.b);
}

/* Whatever bit of the connection is flipped on the way, the side that reads it
 * refuses, at once or at the handshake's end, and stays closed. */
static void test_flips(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 494 * 8; bit += 5) {
        struct pair pair = pair_new(SIZE_MAX);
        struct outcome at_a = {0}, at_b = {0};
        size_t at = 0;

        while (at_a.err == SG_OK && at_b.err == SG_OK) {
            bool to_b = sg_channel_output(pair.a).size > 0;
            struct sg_channel *from = to_b ? pair.a : pair.b;
            struct sg_bytes bytes = sg_channel_output(from);

            if (bytes.size == 0)
                break;
            if (bit / 8 >= at && bit / 8 < at + bytes.size)
                ((uint8_t *)(uintptr_t)bytes.data)[bit / 8 - at] ^=
                    (uint8_t)(1u << bit % 8);
            at += bytes.size;
            move(&pair, from, to_b ? pair.b : pair.a, to_b ? &at_b : &at_a);
        }
        assert_true(at_a.err != SG_OK || at_b.err != SG_OK ||
                    at_a.opened + at_b.opened < 2);
        pair_free(&pair);
    }
}

/* A message for the other stage, a frame that does not open and one too short
 * for its tag end the channel. */
static void test_refusals_in_session(void **state)
{
    struct outcome at_a = {0}, at_b = {0};
    struct pair pair = pair_new(4096);
    uint8_t short_frame[] = {0, 15}, frame[64] = {0, 40};
    struct sg_bytes input;
    enum sg_channel_event event;
    struct sg_frame_message message;

    (void)state;
    run(&pair, &at_a, &at_b);
    assert_ok(sg_channel_send(pair.b, SG_MESSAGE_SAME, sg_bytes(NULL, 0)));
    assert_ok(sg_channel_flush(pair.b));
    run(&pair, &at_a, &at_b);
    assert_err(at_a.err, MALFORMED);
    pair_free(&pair);

    pair = pair_open();
    input = SG_BYTES_ARRAY(short_frame);
    assert_err(sg_channel_take(pair.a, &input, &event, &message), MALFORMED);
    input = SG_BYTES_ARRAY(frame);
    assert_err(sg_channel_take(pair.b, &input, &event, &message), DECRYPT);
    assert_err(sg_channel_send(pair.b, SG_MESSAGE_PING,
                               sg_bytes((const uint8_t *)"abcd", 4)),
               DECRYPT);
    assert_int_equal(sg_channel_room(pair.b), 0);
    pair_free(&pair);
}

/* Nothing is lost or leaked when memory is short at any point. */
static void test_no_memory(void **state)
{
    (void)state;
    for (int64_t nth = 1;; nth++) {
        struct pair pair = {.piece = 4096};
        struct outcome at_a = {0}, at_b = {0};
        enum sg_err err;
        bool has_failed;

        sg_alloc_fail_at(nth);
        err = make(SG_NOISE_INITIATOR, true, &pair.a);
        if (err == SG_OK)
            err = make(SG_NOISE_RESPONDER, true, &pair.b);
        if (err == SG_OK) {
            run(&pair, &at_a, &at_b);
            err = at_a.err != SG_OK ? at_a.err : at_b.err;
        }
        if (err == SG_OK) {
            assert_ok(
                sg_channel_send(pair.b, SG_MESSAGE_READY, sg_bytes(NULL, 0)));
            assert_ok(
                sg_channel_send(pair.b, SG_MESSAGE_SAME, sg_bytes(NULL, 0)));
            assert_ok(sg_channel_flush(pair.b));
            run(&pair, &at_a, &at_b);
            err = at_a.err;
        }
        has_failed = sg_alloc_failed();
        sg_alloc_fail_at(0);
        if (has_failed)
            assert_err(err, NOMEM);
        else
            assert_ok(err);
        pair_free(&pair);
        assert_int_equal(sg_alloc_live(), 0);
        if (!has_failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_connection),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_refusals_of_hello),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_refusals_in_session),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, read_page, NULL);
}
