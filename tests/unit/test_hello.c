#include "replication/hello.h"

#include "replication/frame.h"
#include "tests/lib/dies.h"
#include "tests/lib/protocol.h"

static const struct sg_registry_id registry = {
    {{0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
      0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11}}};

/* The hellos of PROTOCOL.md section 2 are written and understood. */
static void test_example_hello(void **state)
{
    struct sg_bytes page = protocol_hex("hello");
    uint8_t hello[SG_HELLO_SIZE], answer[SG_HELLO_SIZE];

    (void)state;
    sg_hello_begin(hello);
    assert_hex(SG_BYTES_ARRAY(hello), sg_hex_text(page));
    assert_ok(sg_hello_answer(page.data, /* has_room= */ true, answer));
    assert_hex(SG_BYTES_ARRAY(answer), sg_hex_text(page));
    assert_ok(sg_hello_check(page.data));
    hello[6] = 2;
    assert_err(sg_hello_answer(hello, true, answer), MAJOR);
    page = protocol_hex("hello-other-major");
    assert_hex(SG_BYTES_ARRAY(answer), sg_hex_text(page));
    assert_err(sg_hello_check(page.data), MAJOR);
}

/* Who has no room says so, and is understood. */
static void test_no_room(void **state)
{
    uint8_t hello[SG_HELLO_SIZE], answer[SG_HELLO_SIZE];

    (void)state;
    sg_hello_begin(hello);
    assert_err(sg_hello_answer(hello, /* has_room= */ false, answer), NOROOM);
    assert_hex(SG_BYTES_ARRAY(answer), "736f676f6300 01 02");
    assert_err(sg_hello_check(answer), NOROOM);
}

/* Every byte of a hello has the value it must have, or the hello is refused by
 * the right name; an answer is given to other majors alone. */
static void test_hello_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < SG_HELLO_SIZE; i++) {
        uint8_t hello[SG_HELLO_SIZE], answer[SG_HELLO_SIZE] = {0};

        sg_hello_begin(hello);
        for (unsigned value = 0; value < 256; value++) {
            uint8_t right = hello[i];
            enum sg_err heard, checked;

            hello[i] = (uint8_t)value;
            heard = sg_hello_answer(hello, true, answer);
            checked = sg_hello_check(hello);
            hello[i] = right;
            if (value == right) {
                assert_ok(heard);
                assert_ok(checked);
            } else if (i == 6) {
                assert_err(heard, MAJOR);
                assert_err(checked, MAJOR);
            } else {
                assert_err(heard, MALFORMED);
                if (i == 7 && value <= 2)
                    assert_int_equal(checked,
                                     value == 1 ? SG_ERR_MAJOR : SG_ERR_NOROOM);
                else
                    assert_err(checked, MALFORMED);
            }
        }
    }
}

/* A refusal for its magic writes no answer. */
static void test_no_answer(void **state)
{
    uint8_t hello[SG_HELLO_SIZE] = "GET / HT", answer[SG_HELLO_SIZE] = {0};
    uint8_t zeros[SG_HELLO_SIZE] = {0};

    (void)state;
    assert_err(sg_hello_answer(hello, true, answer), MALFORMED);
    assert_memory_equal(answer, zeros, sizeof zeros);
}

/* A hello is whole after 8 bytes, in whatever pieces they come, and what
 * follows is left. */
static void test_take(void **state)
{
    static const uint8_t bytes[] = "12345678rest";

    (void)state;
    for (size_t piece = 1; piece < sizeof bytes; piece++) {
        struct sg_hello_reader reader = {.size = 0};
        size_t at = 0;
        bool is_whole = false;

        while (!is_whole) {
            size_t size = sizeof bytes - at < piece ? sizeof bytes - at : piece;
            struct sg_bytes input = sg_bytes(bytes + at, size);

            is_whole = sg_hello_take(&reader, &input);
            at += size - input.size;
            if (!is_whole)
                assert_int_equal(input.size, 0);
        }
        assert_int_equal(at, SG_HELLO_SIZE);
        assert_memory_equal(reader.bytes, bytes, SG_HELLO_SIZE);
    }
}

static void begin(struct sg_noise *noise, enum sg_noise_role role)
{
    bool is_a = role == SG_NOISE_INITIATOR;
    struct sg_noise_key key =
        protocol_key(is_a ? PROTOCOL_STATIC_A : PROTOCOL_STATIC_B);
    uint8_t ephemeral[SG_KEY_SIZE];

    assert_ok(sg_crypto_init());
    memset(ephemeral, is_a ? PROTOCOL_EPHEMERAL_A : PROTOCOL_EPHEMERAL_B,
           sizeof ephemeral);
    sg_hello_handshake(noise, role, &registry, &key, ephemeral);
}

/* The prologue is the page's, and with it the handshake begins as there. */
static void test_example_prologue(void **state)
{
    uint8_t prologue[SG_HELLO_PROLOGUE_SIZE], none[1];
    uint8_t message[SG_HANDSHAKE_SIZE_MAX];
    struct sg_bytes payload = protocol_hex("payload-2");
    struct sg_bytes one = protocol_noise("noise-1");
    struct sg_noise b;

    (void)state;
    sg_hello_prologue(&registry, prologue);
    assert_hex(SG_BYTES_ARRAY(prologue), sg_hex_text(protocol_hex("prologue")));
    begin(&b, SG_NOISE_RESPONDER);
    assert_ok(sg_noise_read(&b, one, none, 0));
    assert_ok(sg_noise_write(&b, payload, message, payload.size + 96));
    assert_hex(sg_bytes(message, payload.size + 96),
               sg_hex_text(protocol_noise("noise-2")));
}

/* The bounds hold what the page's messages need and nothing before them; the
 * overheads are those of the pattern. */
static void test_bounds(void **state)
{
    static const char *const names[] = {"noise-1", "noise-2", "noise-3"};
    static const size_t overheads[] = {SG_HELLO_OVERHEAD_1, SG_HELLO_OVERHEAD_2,
                                       SG_HELLO_OVERHEAD_3};
    struct sg_hello_bounds bounds;
    struct sg_noise party[2];
    uint8_t message[SG_HANDSHAKE_SIZE_MAX], none[1];

    (void)state;
    begin(&party[0], SG_NOISE_INITIATOR);
    begin(&party[1], SG_NOISE_RESPONDER);
    for (unsigned i = 0; i < 3; i++) {
        size_t size = overheads[i];

        bounds = sg_hello_bounds(i + 1);
        assert_in_range(protocol_noise(names[i]).size, bounds.size_min,
                        bounds.size_max);
        assert_int_equal(sg_noise_overhead(&party[i % 2]), size);
        assert_ok(
            sg_noise_write(&party[i % 2], sg_bytes(NULL, 0), message, size));
        assert_ok(sg_noise_read(&party[(i + 1) % 2], sg_bytes(message, size),
                                none, 0));
    }
    bounds = sg_hello_bounds(1);
    assert_int_equal(bounds.size_min, 32);
    assert_int_equal(bounds.size_max, 32);
    assert_int_equal(sg_hello_bounds(2).size_min, 96 + 132);
    assert_int_equal(sg_hello_bounds(3).size_min, 64 + 12);
    assert_int_equal(sg_hello_bounds(2).size_max, 512);
    assert_int_equal(sg_hello_bounds(3).size_max, 512);
}

static enum sg_err decode(struct sg_bytes bytes, unsigned number,
                          struct sg_hello_payload *ret)
{
    struct sg_noise_key key =
        protocol_key(number == 2 ? PROTOCOL_STATIC_B : PROTOCOL_STATIC_A);

    return sg_hello_payload_decode(bytes, number, key.public_key, ret);
}

/* The payloads of the page are read, written again, and give the certificate
 * with the key that the handshake proved in its place. */
static void test_example_payloads(void **state)
{
    uint8_t again[SG_HELLO_PAYLOAD_SIZE_MAX];
    struct sg_hello_payload payload;
    size_t size;

    (void)state;
    assert_ok(decode(protocol_hex("payload-2"), 2, &payload));
    assert_int_equal(payload.form, SG_HELLO_MEMBER);
    assert_int_equal(payload.minor, 0);
    assert_int_equal(payload.features, SG_HELLO_FEATURE_CELLS);
    assert_false(payload.is_ready);
    assert_int_equal(payload.generation, 0);
    assert_hex(SG_BYTES_ARRAY(payload.database_tag), "b0b0b0b0");
    size = sg_hello_payload_encode(&payload, 2, again);
    assert_hex(sg_bytes(again, size), sg_hex_text(protocol_hex("payload-2")));

    assert_ok(decode(protocol_hex("payload-3"), 3, &payload));
    assert_true(payload.is_ready);
    assert_hex(SG_BYTES_ARRAY(payload.certificate),
               sg_hex_text(protocol_hex("certificate")));
    size = sg_hello_payload_encode(&payload, 3, again);
    assert_hex(sg_bytes(again, size), sg_hex_text(protocol_hex("payload-3")));
}

/* The certificate of a peer who has proved another key is another one. */
static void test_certificate_is_bound(void **state)
{
    struct sg_noise_key thief = protocol_key(0x13);
    struct sg_hello_payload payload;

    (void)state;
    assert_ok(sg_hello_payload_decode(protocol_hex("payload-3"), 3,
                                      thief.public_key, &payload));
    assert_memory_equal(payload.certificate + 48, thief.public_key,
                        SG_KEY_SIZE);
    assert_memory_not_equal(payload.certificate,
                            protocol_hex("certificate").data,
                            sizeof payload.certificate);
}

/* An applicant's payload is 12 bytes; it is ready for nothing, and nobody
 * answers with one. */
static void test_applicant(void **state)
{
    struct sg_hello_payload payload = {.form = SG_HELLO_APPLICANT,
                                       .generation = SG_HELLO_NO_GENERATION};
    uint8_t bytes[SG_HELLO_PAYLOAD_SIZE_MAX];
    size_t size;

    (void)state;
    size = sg_hello_payload_encode(&payload, 3, bytes);
    assert_hex(sg_bytes(bytes, size), "02 00 00000000 00 ff 00000000");
    memset(&payload, 0xaa, sizeof payload);
    assert_ok(decode(sg_bytes(bytes, size), 3, &payload));
    assert_int_equal(payload.form, SG_HELLO_APPLICANT);
    assert_int_equal(payload.certificate[0], 0);
    assert_err(decode(sg_bytes(bytes, size), 2, &payload), MALFORMED);
}

/* What a payload may say: byte AT of the page's payload of message NUMBER is
 * VALUE. */
static const struct payload_case {
    unsigned number;
    size_t at;
    uint8_t value;
    enum sg_err err;
} payload_cases[] = {
    {2, 0, 0, SG_ERR_MALFORMED},
    {2, 0, 2, SG_ERR_MALFORMED},
    {3, 0, 2, SG_ERR_MALFORMED},
    {3, 0, 3, SG_ERR_MALFORMED},
    {2, 1, 1, SG_OK},
    {3, 1, 255, SG_OK},
    {2, 2, 0x80, SG_OK},
    {2, 5, 0, SG_OK},
    {2, 6, 1, SG_ERR_MALFORMED},
    {3, 6, 0, SG_OK},
    {3, 6, 2, SG_ERR_MALFORMED},
    {3, 6, 3, SG_ERR_MALFORMED},
    {3, 6, 0x81, SG_ERR_MALFORMED},
    {2, 7, 255, SG_ERR_MALFORMED},
    {3, 7, 255, SG_ERR_MALFORMED},
    {3, 7, 254, SG_OK},
};

/* Forms, flags and generations that nobody of this version sends are refused;
 * features and minor versions that come later are not. */
static void test_payload_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof payload_cases / sizeof payload_cases[0];
         i++) {
        const struct payload_case *c = &payload_cases[i];
        struct sg_bytes page =
            protocol_hex(c->number == 2 ? "payload-2" : "payload-3");
        uint8_t bytes[SG_HELLO_PAYLOAD_SIZE_MAX];
        struct sg_hello_payload payload;

        memcpy(bytes, page.data, page.size);
        bytes[c->at] = c->value;
        assert_string_equal(sg_err_name(decode(sg_bytes(bytes, page.size),
                                               c->number, &payload)),
                            sg_err_name(c->err));
    }
}

/* A payload ends where its version says: earlier is refused, later too, unless
 * a later minor version appended it. A refusal writes nothing. */
static void test_payload_ends(void **state)
{
    for (unsigned number = 2; number <= 3; number++) {
        struct sg_bytes page =
            protocol_hex(number == 2 ? "payload-2" : "payload-3");
        struct sg_hello_payload payload, before;
        uint8_t bytes[SG_HELLO_PAYLOAD_SIZE_MAX + 40] = {0};

        memset(&before, 0xcc, sizeof before);
        payload = before;
        memcpy(bytes, page.data, page.size);
        for (size_t size = 0; size < page.size; size++)
            assert_err(decode(sg_bytes(bytes, size), number, &payload),
                       TRUNCATED);
        assert_err(decode(sg_bytes(bytes, page.size + 1), number, &payload),
                   TRAILING);
        assert_memory_equal(&payload, &before, sizeof payload);
        bytes[1] = 1;
        assert_err(decode(sg_bytes(bytes, page.size - 1), number, &payload),
                   TRUNCATED);
        assert_ok(decode(sg_bytes(bytes, page.size + 40), number, &payload));
        assert_int_equal(payload.minor, 1);
    }
    (void)state;
}

/* One end of a connection, from its first byte to its handshake's last. */
struct end {
    enum sg_noise_role role;
    struct sg_noise noise;
    struct sg_hello_reader hello;
    struct sg_frame_reader frames;
    uint8_t room[SG_HANDSHAKE_SIZE_MAX];
    unsigned number; /* of the next Noise message, 1 to 3 */
    struct sg_buf sent;
    enum sg_err err;
};

static void end_expect(struct end *end, unsigned number)
{
    struct sg_hello_bounds bounds = sg_hello_bounds(number);

    sg_frame_reader_expect(&end->frames, bounds.size_min, bounds.size_max);
}

/* Writes the next Noise message in its frame. */
static void end_write(struct end *end)
{
    struct sg_bytes payload = {NULL, 0};
    uint8_t *room;
    size_t size;

    if (end->number > 1)
        payload = protocol_hex(end->number == 2 ? "payload-2" : "payload-3");
    size = payload.size + sg_noise_overhead(&end->noise);
    assert_ok(sg_buf_extend(&end->sent, 2 + size, &room));
    sg_frame_header_encode(size, room);
    end->err = sg_noise_write(&end->noise, payload, room + 2, size);
    end->number++;
}

static void end_begin(struct end *end, enum sg_noise_role role)
{
    uint8_t *room;

    memset(end, 0, sizeof *end);
    end->role = role;
    end->number = 1;
    begin(&end->noise, role);
    sg_buf_init(&end->sent, 1024);
    sg_frame_reader_init(&end->frames, end->room, sizeof end->room);
    end_expect(end, role == SG_NOISE_INITIATOR ? 2 : 1);
    if (role == SG_NOISE_RESPONDER)
        return;
    assert_ok(sg_buf_extend(&end->sent, SG_HELLO_SIZE, &room));
    sg_hello_begin(room);
    end_write(end);
}

static void end_read(struct end *end, struct sg_bytes message)
{
    size_t overhead = sg_noise_overhead(&end->noise);
    uint8_t bytes[SG_HANDSHAKE_SIZE_MAX];
    struct sg_hello_payload payload;
    size_t size = message.size < overhead ? 0 : message.size - overhead;
    unsigned number = end->number++;

    end->err = sg_noise_read(&end->noise, message, bytes, size);
    if (end->err == SG_OK && number > 1)
        end->err = sg_hello_payload_decode(sg_bytes(bytes, size), number,
                                           sg_noise_remote_static(&end->noise),
                                           &payload);
    if (end->err == SG_OK && number < 3) {
        end_write(end);
        if (end->role == SG_NOISE_RESPONDER)
            end_expect(end, 3);
    }
}

/* Hears INPUT, and answers, until the handshake is done or refused. */
static void end_hear(struct end *end, struct sg_bytes input)
{
    struct sg_bytes message = {(const uint8_t *)"", 1};
    uint8_t answer[SG_HELLO_SIZE] = {0};

    if (end->hello.size < SG_HELLO_SIZE) {
        if (!sg_hello_take(&end->hello, &input))
            return;
        if (end->role == SG_NOISE_INITIATOR)
            end->err = sg_hello_check(end->hello.bytes);
        else
            end->err = sg_hello_answer(end->hello.bytes, true, answer);
        if (end->role == SG_NOISE_RESPONDER && end->err == SG_OK)
            assert_ok(sg_buf_append(&end->sent, SG_BYTES_ARRAY(answer)));
    }
    while (end->err == SG_OK && message.size > 0 &&
           sg_noise_state(&end->noise) != SG_NOISE_OPEN) {
        end->err = sg_frame_reader_next(&end->frames, &input, &message);
        if (end->err == SG_OK && message.size > 0)
            end_read(end, message);
    }
}

/* Runs a connection with bit BIT of all that is sent flipped; SIZE_MAX flips
 * none. Returns how many ends came through. */
static size_t run_connection(size_t bit, size_t *ret_size)
{
    struct end ends[2];
    size_t heard[2] = {0, 0}, total = 0, open = 0;
    bool is_moving = true;

    end_begin(&ends[0], SG_NOISE_INITIATOR);
    end_begin(&ends[1], SG_NOISE_RESPONDER);
    for (size_t i = 0; is_moving || i % 2 == 1; i++) {
        struct end *from = &ends[i % 2], *to = &ends[(i + 1) % 2];
        size_t size = from->sent.size - heard[i % 2];

        is_moving = size > 0 && to->err == SG_OK;
        if (!is_moving)
            continue;
        if (bit / 8 >= total && bit / 8 < total + size)
            from->sent.data[heard[i % 2] + bit / 8 - total] ^=
                (uint8_t)(1u << bit % 8);
        end_hear(to, sg_bytes(from->sent.data + heard[i % 2], size));
        heard[i % 2] += size;
        total += size;
    }
    for (size_t i = 0; i < 2; i++) {
        bool is_open = sg_noise_state(&ends[i].noise) == SG_NOISE_OPEN;
        open += is_open && ends[i].err == SG_OK;
        sg_buf_clear(&ends[i].sent);
    }
    *ret_size = total;
    return open;
}

/* Hellos and handshake are 494 bytes, and every bit of them counts: with one
 * flipped on the way, the connection never stands on both ends. */
static void test_flipped_bits(void **state)
{
    size_t size, all = 0, refused = 0;

    (void)state;
    assert_int_equal(run_connection(SIZE_MAX, &size), 2);
    assert_int_equal(size, 494);
    for (size_t bit = 0; bit < 8 * 494; bit++) {
        all++;
        refused += run_connection(bit, &size) < 2;
    }
    assert_int_equal(refused, all);
}

/* Each encodes what this version never sends; 3 is right. */
static void misuse(void *context)
{
    size_t what = *(const size_t *)context;
    struct sg_hello_payload payload = {.form = SG_HELLO_MEMBER};
    uint8_t bytes[SG_HELLO_PAYLOAD_SIZE_MAX];

    if (what == 0)
        payload.minor = 1;
    if (what == 1)
        payload.features = 2;
    if (what == 2)
        payload.is_ready = true;
    (void)sg_hello_payload_encode(&payload, 2, bytes);
}

/* A payload that this version does not have is not written. */
static void test_encode_strict(void **state)
{
    (void)state;
    for (size_t what = 0; what <= 3; what++)
        assert_int_equal(sg_dies(misuse, &what), what < 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_hello),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_hello_strict),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_example_prologue),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_example_payloads),
        cmocka_unit_test(test_certificate_is_bound),
        cmocka_unit_test(test_applicant),
        cmocka_unit_test(test_payload_strict),
        cmocka_unit_test(test_payload_ends),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_encode_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
