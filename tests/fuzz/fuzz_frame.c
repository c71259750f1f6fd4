/* Frames and messages: what comes out does not depend on the pieces in which it
 * came in, fits the table, and is written again as the same bytes. */
#include <string.h>

#include "replication/frame.h"
#include "storage/base/check.h"
#include "storage/base/crypto.h"
#include "tests/fuzz/fuzz.h"

/* A sum over all that came out, in order. */
struct seen {
    struct sg_blake2b hash;
    enum sg_err err;
};

static void seen_add(struct seen *seen, unsigned type, struct sg_bytes bytes)
{
    uint8_t head[8] = {(uint8_t)type};

    sg_bytes_put_u32be(head + 4, (uint32_t)bytes.size);
    sg_crypto_blake2b_update(&seen->hash, head, sizeof head);
    sg_crypto_blake2b_update(&seen->hash, bytes.data, bytes.size);
}

static void read_frames(struct sg_bytes input, struct seen *seen,
                        struct sg_frame_reader *reader)
{
    struct sg_bytes message = {NULL, 1};

    while (seen->err == SG_OK && message.size > 0) {
        seen->err = sg_frame_reader_next(reader, &input, &message);
        if (seen->err != SG_OK)
            return;
        SG_ASSERT(message.size == 0 || message.size >= reader->size_min);
        SG_ASSERT(message.size <= reader->size_max);
        if (message.size > 0)
            seen_add(seen, 0, message);
    }
    SG_ASSERT(input.size == 0);
}

/* The header that was read is the one we write. */
static void check_message(const struct sg_frame_message *message,
                          const struct sg_frame_stream *stream)
{
    uint8_t room[SG_MESSAGE_HEADER_SIZE_MAX];
    struct sg_writer writer;

    SG_ASSERT(strcmp(sg_frame_message_name(message->type), "unknown") != 0);
    sg_writer_init_array(&writer, room, sizeof room);
    sg_writer_u8(&writer, (uint8_t)message->type);
    sg_writer_varint(&writer, message->body.size);
    SG_ASSERT(sg_writer_end(&writer) == SG_OK);
    SG_ASSERT(memcmp(room, stream->header, writer.size) == 0);
}

static void read_messages(struct sg_bytes input, struct seen *seen,
                          struct sg_frame_stream *stream, uint8_t *room)
{
    struct sg_frame_message message = {SG_MESSAGE_READY, {NULL, 0}};

    while (seen->err == SG_OK && message.type != SG_MESSAGE_NONE) {
        seen->err = sg_frame_stream_next(stream, &input, &message);
        if (seen->err != SG_OK)
            return;
        if (message.type == SG_MESSAGE_NONE)
            continue;
        check_message(&message, stream);
        seen_add(seen, message.type, message.body);
        if (message.type == SG_MESSAGE_READY)
            sg_frame_stream_enter(stream, room, SG_MESSAGE_SIZE_MAX);
    }
    SG_ASSERT(input.size == 0);
}

/* Reads INPUT in pieces; as frames, or as messages. */
static struct seen read_all(struct sg_bytes input, size_t piece, bool is_frames)
{
    static uint8_t room[SG_MESSAGE_SIZE_MAX], small[SG_STAGE1_SIZE_MAX];
    struct sg_frame_reader reader;
    struct sg_frame_stream stream;
    struct seen seen = {.err = SG_OK};

    sg_crypto_blake2b_init(&seen.hash, /* key= */ NULL, 0, 32);
    sg_frame_reader_init(&reader, small, sizeof small);
    sg_frame_reader_expect(&reader, SG_SEAL_TAG_SIZE, 512);
    sg_frame_stream_init(&stream, small, sizeof small);
    for (size_t at = 0; seen.err == SG_OK && at < input.size; at += piece) {
        size_t left = input.size - at;
        struct sg_bytes part =
            sg_bytes(input.data + at, left < piece ? left : piece);

        if (is_frames)
            read_frames(part, &seen, &reader);
        else
            read_messages(part, &seen, &stream, room);
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t hash[2][32];

    if (size < 2)
        return 0;
    for (unsigned is_frames = 0; is_frames < 2; is_frames++) {
        struct sg_bytes input = {data + 1, size - 1};
        struct seen whole = read_all(input, input.size, is_frames);
        struct seen pieces = read_all(input, 1 + data[0], is_frames);

        SG_ASSERT(whole.err == pieces.err);
        sg_crypto_blake2b_final(&whole.hash, hash[0], 32);
        sg_crypto_blake2b_final(&pieces.hash, hash[1], 32);
        SG_ASSERT(memcmp(hash[0], hash[1], 32) == 0);
    }
    return 0;
}
