#include "replication/frame.h"

#include "replication/hello.h"
#include "tests/lib/dies.h"
#include "tests/lib/protocol.h"

/* --- Frames ------------------------------------------------------------ */

static const char *const frames[] = {"noise-1", "noise-2", "noise-3",
                                     "frame-ready-same", "frame-close"};

#define FRAMES (sizeof frames / sizeof frames[0])

/* Puts all frames of the page behind each other, as they stand there. */
static void page_frames(struct sg_buf *buf)
{
    sg_buf_init(buf, 4096);
    for (size_t i = 0; i < FRAMES; i++)
        assert_ok(sg_buf_append(buf, protocol_hex(frames[i])));
}

/* The page's frames are written: a length and the Noise message. */
static void test_frame_header(void **state)
{
    uint8_t header[SG_FRAME_HEADER_SIZE];

    (void)state;
    for (size_t i = 0; i < FRAMES; i++) {
        struct sg_bytes page = protocol_hex(frames[i]);

        sg_frame_header_encode(page.size - 2, header);
        assert_memory_equal(header, page.data, sizeof header);
    }
    sg_frame_header_encode(SG_NOISE_SIZE_MAX, header);
    assert_hex(SG_BYTES_ARRAY(header), "ffff");
}

/* Frames come out whole and in order, in whatever pieces they came in. */
static void test_frames_in_pieces(void **state)
{
    uint8_t room[SG_HANDSHAKE_SIZE_MAX];
    struct sg_buf buf;

    (void)state;
    page_frames(&buf);
    for (size_t piece = 1; piece <= buf.size; piece++) {
        struct sg_frame_reader reader;
        size_t count = 0;

        sg_frame_reader_init(&reader, room, sizeof room);
        for (size_t at = 0; at < buf.size; at += piece) {
            size_t left = buf.size - at;
            struct sg_bytes input =
                sg_bytes(buf.data + at, left < piece ? left : piece);
            struct sg_bytes message = {(const uint8_t *)"", 1};

            while (message.size > 0) {
                assert_ok(sg_frame_reader_next(&reader, &input, &message));
                if (message.size > 0)
                    assert_hex(message,
                               sg_hex_text(protocol_noise(frames[count++])));
            }
            assert_int_equal(input.size, 0);
        }
        assert_int_equal(count, FRAMES);
    }
    sg_buf_clear(&buf);
}

/* Reads one frame that says SIZE, of which nothing follows. */
static enum sg_err say_size(struct sg_frame_reader *reader, size_t size)
{
    uint8_t header[SG_FRAME_HEADER_SIZE + 1] = {0};
    struct sg_bytes input = SG_BYTES_ARRAY(header), message;
    enum sg_err err;

    sg_frame_header_encode(size, header);
    err = sg_frame_reader_next(reader, &input, &message);
    assert_int_equal(input.size, err == SG_OK ? 0 : 1);
    return err;
}

/* A frame whose length is out of its bounds is refused before a byte of it is
 * taken, and so is all that follows. */
static void test_frame_bounds(void **state)
{
    static const struct {
        size_t min, max, size;
        enum sg_err err;
    } cases[] = {
        {32, 32, 31, SG_ERR_MALFORMED},
        {32, 32, 32, SG_OK},
        {32, 32, 33, SG_ERR_LIMIT},
        {228, 512, 227, SG_ERR_MALFORMED},
        {228, 512, 228, SG_OK},
        {228, 512, 512, SG_OK},
        {228, 512, 513, SG_ERR_LIMIT},
        {16, 65535, 0, SG_ERR_MALFORMED},
        {16, 65535, 15, SG_ERR_MALFORMED},
        {16, 65535, 16, SG_OK},
        {16, 65535, 65535, SG_OK},
        {1, 1, 0, SG_ERR_MALFORMED},
    };
    static uint8_t room[SG_NOISE_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_frame_reader reader;
        enum sg_err err;

        sg_frame_reader_init(&reader, room, sizeof room);
        sg_frame_reader_expect(&reader, cases[i].min, cases[i].max);
        err = say_size(&reader, cases[i].size);
        assert_string_equal(sg_err_name(err), sg_err_name(cases[i].err));
        if (err != SG_OK) {
            struct sg_bytes input = protocol_hex("noise-1"), message;

            assert_int_equal(sg_frame_reader_next(&reader, &input, &message),
                             err);
        }
    }
}

/* Without other bounds a frame is not empty, and fits the room. */
static void test_frame_bounds_at_first(void **state)
{
    struct sg_frame_reader reader;
    uint8_t room[20];

    (void)state;
    sg_frame_reader_init(&reader, room, sizeof room);
    assert_err(say_size(&reader, 0), MALFORMED);
    sg_frame_reader_init(&reader, room, sizeof room);
    assert_ok(say_size(&reader, sizeof room));
    sg_frame_reader_init(&reader, room, sizeof room);
    assert_err(say_size(&reader, sizeof room + 1), LIMIT);
}

/* --- Messages ---------------------------------------------------------- */

static uint8_t stage1_room[SG_STAGE1_SIZE_MAX];
static uint8_t stage2_room[SG_MESSAGE_SIZE_MAX];

static void begin_stage(struct sg_frame_stream *stream, unsigned stage)
{
    sg_frame_stream_init(stream, stage1_room, sizeof stage1_room);
    if (stage == SG_STAGE_2)
        sg_frame_stream_enter(stream, stage2_room, sizeof stage2_room);
}

/* The page's messages of both stages; each example begins with the name. */
static const struct example {
    const char *name;
    unsigned stage;
    enum sg_message_type type;
} examples[] = {
    {"message-chain", SG_STAGE_1, SG_MESSAGE_CHAIN},
    {"message-revoked", SG_STAGE_1, SG_MESSAGE_REVOKED},
    {"message-join", SG_STAGE_1, SG_MESSAGE_JOIN},
    {"message-joined", SG_STAGE_1, SG_MESSAGE_JOINED},
    {"message-ping", SG_STAGE_2, SG_MESSAGE_PING},
    {"message-root", SG_STAGE_2, SG_MESSAGE_ROOT},
    {"message-heads", SG_STAGE_2, SG_MESSAGE_HEADS},
    {"message-ask", SG_STAGE_2, SG_MESSAGE_ASK},
    {"message-introduce", SG_STAGE_2, SG_MESSAGE_INTRODUCE},
    {"message-cells", SG_STAGE_2, SG_MESSAGE_CELLS},
    {"message-more", SG_STAGE_2, SG_MESSAGE_MORE},
    {"message-tree", SG_STAGE_2, SG_MESSAGE_TREE},
    {"message-mine", SG_STAGE_2, SG_MESSAGE_MINE},
    {"message-authority", SG_STAGE_2, SG_MESSAGE_AUTHORITY},
    {"message-want", SG_STAGE_2, SG_MESSAGE_WANT},
    {"message-package", SG_STAGE_2, SG_MESSAGE_PACKAGE},
    {"message-push", SG_STAGE_2, SG_MESSAGE_PACKAGE},
    {"message-package-erased", SG_STAGE_2, SG_MESSAGE_PACKAGE},
    {"message-stored", SG_STAGE_2, SG_MESSAGE_STORED},
    {"message-stop", SG_STAGE_2, SG_MESSAGE_STOP},
    {"message-credit", SG_STAGE_2, SG_MESSAGE_CREDIT},
    {"message-prove", SG_STAGE_2, SG_MESSAGE_PROVE},
    {"message-proof", SG_STAGE_2, SG_MESSAGE_PROOF},
    {"message-subscribe", SG_STAGE_2, SG_MESSAGE_SUBSCRIBE},
    {"message-cosignature", SG_STAGE_2, SG_MESSAGE_COSIGNATURE},
    {"message-holding", SG_STAGE_2, SG_MESSAGE_HOLDING},
    {"message-branches", SG_STAGE_2, SG_MESSAGE_BRANCHES},
};

#define EXAMPLES (sizeof examples / sizeof examples[0])

/* Every message of the page has the type of its name, and is written again as
 * it stands there. */
static void test_example_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct sg_bytes page = protocol_hex(examples[i].name), input = page;
        static uint8_t again[1 << 16];
        struct sg_frame_message message;
        struct sg_frame_stream stream;
        struct sg_writer writer;

        begin_stage(&stream, examples[i].stage);
        assert_ok(sg_frame_stream_next(&stream, &input, &message));
        assert_int_equal(message.type, examples[i].type);
        assert_int_equal(input.size, 0);
        sg_writer_init_array(&writer, again, sizeof again);
        sg_frame_message_put(&writer, message.type, message.body);
        assert_ok(sg_writer_end(&writer));
        assert_hex(sg_bytes(again, writer.size), sg_hex_text(page));
    }
}

/* The first messages of the page's session: the responder leaves stage 1 within
 * a frame, the initiator closes. */
static void test_example_session(void **state)
{
    struct sg_bytes input = sg_hex("0300 1000"), rest = sg_hex("0801 00");
    struct sg_frame_message message;
    struct sg_frame_stream stream;

    (void)state;
    begin_stage(&stream, SG_STAGE_1);
    assert_ok(sg_frame_stream_next(&stream, &input, &message));
    assert_int_equal(message.type, SG_MESSAGE_READY);
    sg_frame_stream_enter(&stream, stage2_room, sizeof stage2_room);
    assert_ok(sg_frame_stream_next(&stream, &input, &message));
    assert_int_equal(message.type, SG_MESSAGE_SAME);
    assert_ok(sg_frame_stream_next(&stream, &input, &message));
    assert_int_equal(message.type, SG_MESSAGE_NONE);
    assert_ok(sg_frame_stream_next(&stream, &rest, &message));
    assert_int_equal(message.type, SG_MESSAGE_CLOSE);
    assert_hex(message.body, "00");
}

/* Messages come out whole and in order in whatever pieces they came in, and
 * what is unknown between them is passed over. */
static void test_messages_in_pieces(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 1 << 16);
    for (size_t i = 4; i < EXAMPLES; i++) {
        assert_ok(sg_buf_append(&buf, sg_hex("7f03 123456 ff00")));
        assert_ok(sg_buf_append(&buf, protocol_hex(examples[i].name)));
    }
    for (size_t piece = 1; piece <= buf.size; piece += 1 + piece / 7) {
        struct sg_frame_stream stream;
        size_t count = 4;

        begin_stage(&stream, SG_STAGE_2);
        for (size_t at = 0; at < buf.size; at += piece) {
            size_t left = buf.size - at;
            struct sg_bytes input =
                sg_bytes(buf.data + at, left < piece ? left : piece);
            struct sg_frame_message message = {SG_MESSAGE_CLOSE, {NULL, 0}};

            while (message.type != SG_MESSAGE_NONE) {
                assert_ok(sg_frame_stream_next(&stream, &input, &message));
                if (message.type == SG_MESSAGE_NONE)
                    continue;
                assert_int_equal(message.type, examples[count].type);
                struct sg_bytes page = protocol_hex(examples[count++].name);
                assert_memory_equal(message.body.data,
                                    page.data + page.size - message.body.size,
                                    message.body.size);
            }
            assert_int_equal(input.size, 0);
        }
        assert_int_equal(count, EXAMPLES);
    }
    sg_buf_clear(&buf);
}

/* PROTOCOL.md section 4, read once more: type, stages, largest body. */
static const struct {
    unsigned first, last, stages;
    size_t body_max;
} table[] = {
    {1, 1, SG_STAGE_1, 4096},
    {2, 2, SG_STAGE_1 | SG_STAGE_2, 4096},
    {3, 3, SG_STAGE_1, 0},
    {4, 5, SG_STAGE_1, 256},
    {8, 8, SG_STAGE_1 | SG_STAGE_2, 1},
    {9, 10, SG_STAGE_2, 4},
    {16, 16, SG_STAGE_2, 0},
    {17, 19, SG_STAGE_2, 262144},
    {20, 21, SG_STAGE_2, 196608},
    {22, 22, SG_STAGE_2, 262144},
    {23, 23, SG_STAGE_2, 20},
    {24, 25, SG_STAGE_2, 4352},
    {26, 26, SG_STAGE_2, 9},
    {28, 28, SG_STAGE_2, 65536},
    {32, 33, SG_STAGE_2, 262144},
    {34, 36, SG_STAGE_2, 65536},
    {48, 48, SG_STAGE_2, 4096},
    {49, 50, SG_STAGE_2, 256},
    {51, 52, SG_STAGE_2, 4608},
    {53, 53, SG_STAGE_2, 217},
    {54, 54, 0, 240},
};

/* Says a header of TYPE and SIZE in STAGE, and a first byte of the body, which
 * is taken only if the header was not refused. */
static enum sg_err say_header(unsigned type, size_t size, unsigned stage)
{
    uint8_t bytes[16];
    struct sg_frame_message message;
    struct sg_frame_stream stream;
    struct sg_writer writer;
    struct sg_bytes input;
    enum sg_err err;

    sg_writer_init_array(&writer, bytes, sizeof bytes);
    sg_writer_u8(&writer, (uint8_t)type);
    sg_writer_varint(&writer, size);
    sg_writer_u8(&writer, 0xdd);
    assert_ok(sg_writer_end(&writer));
    begin_stage(&stream, stage);
    input = sg_bytes(bytes, writer.size);
    err = sg_frame_stream_next(&stream, &input, &message);
    if (err == SG_OK)
        return SG_OK;
    assert_true(input.size > 0);
    input = sg_hex("0801 00");
    assert_int_equal(sg_frame_stream_next(&stream, &input, &message), err);
    return err;
}

/* Each type is taken in its stages, up to its largest body, and refused
 * otherwise; a type that is not known is passed over up to the largest message
 * of all, or what stage 1 allows. */
static void test_every_type(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        unsigned stages = SG_STAGE_1 | SG_STAGE_2;
        size_t body_max = SG_MESSAGE_SIZE_MAX;
        bool is_known = false;

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            if (type < table[i].first || type > table[i].last)
                continue;
            stages = table[i].stages;
            body_max = table[i].body_max;
            is_known = true;
        }
        assert_int_equal(strcmp(sg_frame_message_name(type), "unknown") != 0,
                         is_known);
        for (unsigned stage = SG_STAGE_1; stage <= SG_STAGE_2; stage++) {
            size_t max = stage == SG_STAGE_1 && body_max > SG_STAGE1_SIZE_MAX
                             ? SG_STAGE1_SIZE_MAX
                             : body_max;

            if ((stages & stage) == 0) {
                assert_err(say_header(type, 0, stage), MALFORMED);
                continue;
            }
            assert_ok(say_header(type, max, stage));
            assert_err(say_header(type, max + 1, stage), LIMIT);
        }
    }
    assert_string_equal(sg_frame_message_name(SG_MESSAGE_HEADS), "heads");
    assert_string_equal(sg_frame_message_name(1000), "unknown");
}

/* A length is in its shortest form and ends within three bytes. */
static void test_length_strict(void **state)
{
    static const struct {
        const char *hex;
        enum sg_err err;
    } cases[] = {
        {"11 00", SG_OK},
        {"11 8000", SG_ERR_NOTCANONICAL},
        {"11 808000", SG_ERR_NOTCANONICAL},
        {"11 80808000", SG_ERR_LIMIT},
        {"11 808010", SG_OK},
        {"11 818010", SG_ERR_LIMIT},
        {"11 ffffff7f", SG_ERR_LIMIT},
        {"f0 818010", SG_ERR_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes input = sg_hex(cases[i].hex);
        struct sg_frame_message message;
        struct sg_frame_stream stream;
        enum sg_err err;

        begin_stage(&stream, SG_STAGE_2);
        err = sg_frame_stream_next(&stream, &input, &message);
        assert_string_equal(sg_err_name(err), sg_err_name(cases[i].err));
    }
}

/* Who is not judged yet may send 4,096 bytes of bodies in all, known or not;
 * after that stage there is no such sum. */
static void test_stage1_sum(void **state)
{
    static uint8_t bytes[2048 + 3] = {0x01, 0x80, 0x10};
    struct sg_bytes one = sg_hex("7f01 00"), ready = sg_hex("0300");
    struct sg_frame_message message;
    struct sg_frame_stream stream;
    struct sg_bytes input;

    (void)state;
    for (size_t enters = 0; enters < 2; enters++) {
        begin_stage(&stream, SG_STAGE_1);
        for (size_t i = 0; i < 2; i++) {
            bytes[0] = i == 0 ? SG_MESSAGE_CHAIN : 0x7f;
            input = SG_BYTES_ARRAY(bytes);
            assert_ok(sg_frame_stream_next(&stream, &input, &message));
            assert_int_equal(message.body.size, i == 0 ? 2048 : 0);
        }
        input = ready;
        assert_ok(sg_frame_stream_next(&stream, &input, &message));
        assert_int_equal(message.type, SG_MESSAGE_READY);
        if (enters == 1)
            sg_frame_stream_enter(&stream, stage2_room, sizeof stage2_room);
        input = one;
        assert_int_equal(sg_frame_stream_next(&stream, &input, &message),
                         enters == 1 ? SG_OK : SG_ERR_LIMIT);
    }
}

/* The largest message comes whole out of frames of the largest size. */
static void test_largest_message(void **state)
{
    static uint8_t bytes[SG_MESSAGE_SIZE_MAX + SG_MESSAGE_HEADER_SIZE_MAX];
    size_t frame = SG_NOISE_SIZE_MAX - SG_SEAL_TAG_SIZE;
    struct sg_frame_message message = {SG_MESSAGE_NONE, {NULL, 0}};
    struct sg_frame_stream stream;

    (void)state;
    memset(bytes, 0x5a, sizeof bytes);
    memcpy(bytes, sg_hex("21 808010").data, 4);
    begin_stage(&stream, SG_STAGE_2);
    for (size_t at = 0; at < sizeof bytes; at += frame) {
        size_t left = sizeof bytes - at;
        struct sg_bytes input =
            sg_bytes(bytes + at, left < frame ? left : frame);

        assert_int_equal(message.type, SG_MESSAGE_NONE);
        assert_ok(sg_frame_stream_next(&stream, &input, &message));
    }
    assert_int_equal(message.type, SG_MESSAGE_PACKAGE);
    assert_int_equal(message.body.size, SG_MESSAGE_SIZE_MAX);
    assert_memory_equal(message.body.data, bytes + 4, message.body.size);
}

/* All that a connection needs before its peer is known stays within its limit.
 */
static void test_memory_before_authentication(void **state)
{
    size_t size = sizeof(struct sg_hello_reader) + sizeof(struct sg_noise) +
                  sizeof(struct sg_frame_reader) + SG_HANDSHAKE_SIZE_MAX +
                  sizeof(struct sg_frame_stream) + SG_STAGE1_SIZE_MAX;

    (void)state;
    assert_in_range(size, 1, SG_PREAUTH_SIZE_MAX);
}

/* Each is a mistake of the caller; 6 is none. */
static void misuse(void *context)
{
    size_t what = *(const size_t *)context;
    struct sg_frame_reader reader;
    struct sg_frame_stream stream;
    struct sg_bytes input = sg_hex("0020"), message;
    struct sg_frame_message read;
    struct sg_writer writer;
    uint8_t room[32];

    sg_frame_reader_init(&reader, room, sizeof room);
    begin_stage(&stream, SG_STAGE_1);
    sg_writer_init_array(&writer, room, sizeof room);
    if (what == 0)
        sg_frame_reader_expect(&reader, 1, sizeof room + 1);
    assert_ok(sg_frame_reader_next(&reader, &input, &message));
    if (what == 1)
        sg_frame_reader_expect(&reader, 1, 1);
    input = sg_hex("01");
    if (what == 2)
        assert_ok(sg_frame_stream_next(&stream, &input, &read));
    sg_frame_stream_enter(&stream, stage2_room, sizeof stage2_room);
    if (what == 3)
        sg_frame_message_put(&writer, (enum sg_message_type)7, message);
    if (what == 4)
        sg_frame_message_put(&writer, SG_MESSAGE_CLOSE, sg_bytes(room, 2));
    if (what == 5)
        sg_frame_header_encode(SG_NOISE_SIZE_MAX + 1, room);
}

/* Bounds change between frames, stages between messages, and nothing is written
 * that the other side must refuse. */
static void test_misuse(void **state)
{
    (void)state;
    for (size_t what = 0; what <= 6; what++)
        assert_int_equal(sg_dies(misuse, &what), what < 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_header),
        cmocka_unit_test(test_frames_in_pieces),
        cmocka_unit_test(test_frame_bounds),
        cmocka_unit_test(test_frame_bounds_at_first),
        cmocka_unit_test(test_example_messages),
        cmocka_unit_test(test_example_session),
        cmocka_unit_test(test_messages_in_pieces),
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_length_strict),
        cmocka_unit_test(test_stage1_sum),
        cmocka_unit_test(test_largest_message),
        cmocka_unit_test(test_memory_before_authentication),
        cmocka_unit_test(test_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
