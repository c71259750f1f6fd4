#include "replication/channel.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/writer.h"

#define FRAME_OVERHEAD (SG_FRAME_HEADER_SIZE + SG_SEAL_TAG_SIZE)

/* Two hellos never lie here; a hello and a handshake message do. */
#define SMALL_OUT_SIZE \
    (SG_HELLO_SIZE + SG_FRAME_HEADER_SIZE + SG_HANDSHAKE_SIZE_MAX)

/* What is to be sent: the largest message in the smallest frames fits. */
#define OUT_SIZE (SG_MESSAGE_SIZE_MAX + SG_NOISE_SIZE_MAX)

_Static_assert(SG_MESSAGE_HEADER_SIZE_MAX + FRAME_OVERHEAD +
                       SG_MESSAGE_SIZE_MAX / SG_CHANNEL_FRAME_MIN *
                           FRAME_OVERHEAD <
                   SG_NOISE_SIZE_MAX - 2 * FRAME_OVERHEAD,
               "a message fits with its frames");

enum state {
    STATE_HELLO,     /* waits for the peer's hello */
    STATE_HANDSHAKE, /* waits for the peer's handshake message */
    STATE_GREET,     /* waits for the own payload */
    STATE_OPENED,    /* open, and has not said so */
    STATE_OPEN,
};

struct sg_channel {
    enum state state;
    bool is_initiator;
    bool has_room;
    bool has_received;
    bool enters; /* the last message was the peer's `ready` */
    enum sg_err err;
    struct sg_noise noise;
    struct sg_hello_reader hello;
    struct sg_hello_payload received, sent;
    struct sg_hash handshake;

    struct sg_frame_reader frames;
    struct sg_frame_stream stream;
    uint8_t small_in[SG_HANDSHAKE_SIZE_MAX];
    uint8_t stage1[SG_STAGE1_SIZE_MAX];
    uint8_t *frame_room; /* a sealed frame, and what it opens to */
    uint8_t *plain_room;
    uint8_t *message_room;
    struct sg_bytes plain; /* of the last frame, not yet read */

    uint8_t small_out[SMALL_OUT_SIZE];
    uint8_t *out; /* SMALL_OUT, later OUT_SIZE bytes */
    size_t out_size;
    size_t begin;  /* of what is to be written */
    size_t sealed; /* end of what may be written */
    size_t end;    /* of a frame begun behind it, if larger than SEALED */
    size_t frame_size;
};

_Static_assert(sizeof(struct sg_channel) < SG_PREAUTH_SIZE_MAX,
               "memory before authentication");

/* --- Beginning and end ------------------------------------------------- */

/* Puts BYTES behind what is to be written before the session is open. */
static void put_out(struct sg_channel *channel, const uint8_t *bytes,
                    size_t size)
{
    SG_ASSERT(channel->sealed + size <= channel->out_size);
    memcpy(channel->out + channel->sealed, bytes, size);
    channel->sealed += size;
    channel->end = channel->sealed;
}

/* Writes the next handshake message around PAYLOAD. */
static enum sg_err put_handshake(struct sg_channel *channel,
                                 struct sg_bytes payload)
{
    uint8_t frame[SG_FRAME_HEADER_SIZE + SG_HANDSHAKE_SIZE_MAX];
    size_t size = payload.size + sg_noise_overhead(&channel->noise);
    enum sg_err err;

    SG_ASSERT(size <= SG_HANDSHAKE_SIZE_MAX);
    sg_frame_header_encode(size, frame);
    err = sg_noise_write(&channel->noise, payload, frame + SG_FRAME_HEADER_SIZE,
                         size);
    if (err == SG_OK)
        put_out(channel, frame, SG_FRAME_HEADER_SIZE + size);
    return err;
}

/* Sets the bounds of handshake message NUMBER, which comes next. */
static void expect(struct sg_channel *channel, unsigned number)
{
    struct sg_hello_bounds bounds = sg_hello_bounds(number);

    sg_frame_reader_expect(&channel->frames, bounds.size_min, bounds.size_max);
}

enum sg_err sg_channel_new(const struct sg_channel_config *config,
                           struct sg_channel **ret_channel)
{
    struct sg_channel *channel = sg_calloc(1, sizeof *channel);
    uint8_t hello[SG_HELLO_SIZE];
    enum sg_err err = SG_OK;

    if (channel == NULL)
        return SG_ERR_NOMEM;
    channel->is_initiator = config->role == SG_NOISE_INITIATOR;
    channel->has_room = config->has_room;
    channel->out = channel->small_out;
    channel->out_size = sizeof channel->small_out;
    channel->frame_size = SG_CHANNEL_FRAME_FIRST;
    sg_frame_reader_init(&channel->frames, channel->small_in,
                         sizeof channel->small_in);
    sg_hello_handshake(&channel->noise, config->role, config->registry,
                       config->transport_key, config->ephemeral_secret);
    if (channel->is_initiator) {
        sg_hello_begin(hello);
        put_out(channel, hello, sizeof hello);
        err = put_handshake(channel, sg_bytes(NULL, 0));
    }
    SG_ASSERT(err == SG_OK); /* message 1 mixes no key of a peer */
    expect(channel, channel->is_initiator ? 2 : 1);
    *ret_channel = channel;
    return SG_OK;
}

void sg_channel_free(struct sg_channel *channel)
{
    if (channel == NULL)
        return;
    sg_noise_clear(&channel->noise);
    sg_free(channel->frame_room);
    sg_free(channel->plain_room);
    sg_free(channel->message_room);
    if (channel->out != channel->small_out)
        sg_free(channel->out);
    sg_crypto_wipe(channel, sizeof *channel);
    sg_free(channel);
}

/* --- To an open session ------------------------------------------------ */

/* Takes the memory of a session; what is to be written moves with it. */
static enum sg_err take_rooms(struct sg_channel *channel)
{
    uint8_t *out;

    channel->frame_room = sg_alloc(SG_NOISE_SIZE_MAX);
    channel->plain_room = sg_alloc(SG_NOISE_SIZE_MAX);
    out = sg_alloc(OUT_SIZE);
    if (out == NULL || channel->frame_room == NULL ||
        channel->plain_room == NULL) {
        sg_free(out);
        return SG_ERR_NOMEM;
    }
    memcpy(out, channel->small_out, channel->sealed);
    channel->out = out;
    channel->out_size = OUT_SIZE;
    return SG_OK;
}

/* The handshake is complete. */
static enum sg_err open_session(struct sg_channel *channel)
{
    struct sg_bytes hash = sg_noise_handshake_hash(&channel->noise);
    enum sg_err err = take_rooms(channel);

    if (err != SG_OK)
        return err;
    SG_ASSERT(hash.size == sizeof channel->handshake.bytes);
    memcpy(channel->handshake.bytes, hash.data, hash.size);
    sg_frame_reader_init(&channel->frames, channel->frame_room,
                         SG_NOISE_SIZE_MAX);
    sg_frame_reader_expect(&channel->frames, SG_SEAL_TAG_SIZE,
                           SG_NOISE_SIZE_MAX);
    sg_frame_stream_init(&channel->stream, channel->stage1,
                         sizeof channel->stage1);
    channel->enters = !channel->is_initiator && channel->received.is_ready;
    channel->state = STATE_OPENED;
    return SG_OK;
}

static enum sg_err take_hello(struct sg_channel *channel,
                              struct sg_bytes *input)
{
    uint8_t answer[SG_HELLO_SIZE];
    enum sg_err err;

    if (!sg_hello_take(&channel->hello, input))
        return SG_OK;
    channel->state = STATE_HANDSHAKE;
    if (channel->is_initiator)
        return sg_hello_check(channel->hello.bytes);
    err = sg_hello_answer(channel->hello.bytes, channel->has_room, answer);
    if (err != SG_ERR_MALFORMED)
        put_out(channel, answer, sizeof answer);
    return err;
}

/* Reads the peer's handshake message NUMBER. */
static enum sg_err read_handshake(struct sg_channel *channel,
                                  struct sg_bytes message, unsigned number)
{
    uint8_t payload[SG_HANDSHAKE_SIZE_MAX];
    size_t size = message.size - sg_noise_overhead(&channel->noise);
    enum sg_err err = sg_noise_read(&channel->noise, message, payload, size);

    if (err != SG_OK || number == 1)
        return err;
    err = sg_hello_payload_decode(sg_bytes(payload, size), number,
                                  sg_noise_remote_static(&channel->noise),
                                  &channel->received);
    channel->has_received = err == SG_OK;
    return err;
}

static enum sg_err take_handshake(struct sg_channel *channel,
                                  struct sg_bytes *input)
{
    unsigned number = (unsigned)channel->noise.messages + 1;
    struct sg_bytes message;
    enum sg_err err = sg_frame_reader_next(&channel->frames, input, &message);

    if (err != SG_OK || message.size == 0)
        return err;
    err = read_handshake(channel, message, number);
    if (err != SG_OK)
        return err;
    if (number == 3)
        return open_session(channel);
    channel->state = STATE_GREET;
    return SG_OK;
}

enum sg_err sg_channel_greet(struct sg_channel *channel,
                             const struct sg_hello_payload *payload)
{
    uint8_t bytes[SG_HELLO_PAYLOAD_SIZE_MAX];
    unsigned number = (unsigned)channel->noise.messages + 1;
    size_t size = sg_hello_payload_encode(payload, number, bytes);

    SG_ASSERT(channel->state == STATE_GREET);
    SG_ASSERT(channel->err == SG_OK);
    channel->sent = *payload;
    channel->err = put_handshake(channel, sg_bytes(bytes, size));
    if (channel->err != SG_OK)
        return channel->err;
    if (number == 3) {
        channel->err = open_session(channel);
    } else {
        channel->state = STATE_HANDSHAKE;
        expect(channel, 3);
    }
    return channel->err;
}

/* --- What the peer says ------------------------------------------------ */

/* Moves the stream to stage 2, for the peer has said that he is. */
static enum sg_err enter(struct sg_channel *channel)
{
    channel->message_room = sg_alloc(SG_MESSAGE_SIZE_MAX);
    if (channel->message_room == NULL)
        return SG_ERR_NOMEM;
    sg_frame_stream_enter(&channel->stream, channel->message_room,
                          SG_MESSAGE_SIZE_MAX);
    channel->enters = false;
    return SG_OK;
}

/* Opens the next frame into PLAIN. */
static enum sg_err take_frame(struct sg_channel *channel,
                              struct sg_bytes *input)
{
    struct sg_bytes message;
    size_t size;
    enum sg_err err = sg_frame_reader_next(&channel->frames, input, &message);

    if (err != SG_OK || message.size == 0)
        return err;
    size = message.size - SG_SEAL_TAG_SIZE;
    err = sg_noise_open(&channel->noise, message, channel->plain_room, size);
    if (err == SG_OK)
        channel->plain = sg_bytes(channel->plain_room, size);
    return err;
}

static enum sg_err take_message(struct sg_channel *channel,
                                struct sg_bytes *input,
                                enum sg_channel_event *ret_event,
                                struct sg_frame_message *ret_message)
{
    enum sg_err err = channel->enters ? enter(channel) : SG_OK;

    while (err == SG_OK) {
        err = sg_frame_stream_next(&channel->stream, &channel->plain,
                                   ret_message);
        if (err != SG_OK)
            break;
        if (ret_message->type != SG_MESSAGE_NONE) {
            channel->enters = ret_message->type == SG_MESSAGE_READY;
            *ret_event = SG_CHANNEL_MESSAGE;
            return SG_OK;
        }
        if (input->size == 0)
            break;
        err = take_frame(channel, input);
    }
    return err;
}

/* One turn; RET_EVENT stays MORE when nothing has happened yet. */
static enum sg_err take(struct sg_channel *channel, struct sg_bytes *input,
                        enum sg_channel_event *ret_event,
                        struct sg_frame_message *ret_message)
{
    switch (channel->state) {
    case STATE_HELLO:
        return take_hello(channel, input);
    case STATE_HANDSHAKE:
        return take_handshake(channel, input);
    case STATE_GREET:
        *ret_event = SG_CHANNEL_GREET;
        return SG_OK;
    case STATE_OPENED:
        channel->state = STATE_OPEN;
        *ret_event = SG_CHANNEL_OPENED;
        return SG_OK;
    case STATE_OPEN:
        break;
    }
    return take_message(channel, input, ret_event, ret_message);
}

enum sg_err sg_channel_take(struct sg_channel *channel, struct sg_bytes *input,
                            enum sg_channel_event *ret_event,
                            struct sg_frame_message *ret_message)
{
    *ret_event = SG_CHANNEL_MORE;
    *ret_message = (struct sg_frame_message){SG_MESSAGE_NONE, {NULL, 0}};
    for (;;) {
        bool is_ready = channel->state == STATE_GREET ||
                        channel->state == STATE_OPENED ||
                        channel->plain.size > 0 || input->size > 0;

        if (channel->err != SG_OK || *ret_event != SG_CHANNEL_MORE || !is_ready)
            return channel->err;
        channel->err = take(channel, input, ret_event, ret_message);
        if (channel->err == SG_OK)
            continue;
        sg_noise_clear(&channel->noise);
    }
}

const struct sg_hello_payload *sg_channel_received(
    const struct sg_channel *channel)
{
    return channel->has_received ? &channel->received : NULL;
}

const struct sg_hello_payload *sg_channel_sent_payload(
    const struct sg_channel *channel)
{
    SG_ASSERT(channel->state >= STATE_OPENED);
    return &channel->sent;
}

const struct sg_hash *sg_channel_handshake(const struct sg_channel *channel)
{
    SG_ASSERT(channel->state >= STATE_OPENED);
    return &channel->handshake;
}

const uint8_t *sg_channel_remote_static(const struct sg_channel *channel)
{
    SG_ASSERT(channel->state >= STATE_OPENED);
    return sg_noise_remote_static(&channel->noise);
}

/* --- What is sent ------------------------------------------------------ */

size_t sg_channel_room(const struct sg_channel *channel)
{
    size_t used = channel->end - channel->begin;
    size_t frame = channel->frame_size + FRAME_OVERHEAD, room, rest;

    if (channel->err != SG_OK || channel->state < STATE_OPENED)
        return 0;
    room = channel->out_size - used;
    if (room < 2 * FRAME_OVERHEAD)
        return 0;
    room -= 2 * FRAME_OVERHEAD;
    rest = room % frame;
    return room / frame * channel->frame_size +
           (rest > FRAME_OVERHEAD ? rest - FRAME_OVERHEAD : 0);
}

enum sg_err sg_channel_flush(struct sg_channel *channel)
{
    size_t size = channel->end - channel->sealed;
    uint8_t *frame = channel->out + channel->sealed;
    uint8_t *plain = frame + SG_FRAME_HEADER_SIZE;
    enum sg_err err;

    if (channel->err != SG_OK || size == 0)
        return channel->err;
    size -= SG_FRAME_HEADER_SIZE;
    sg_frame_header_encode(size + SG_SEAL_TAG_SIZE, frame);
    err = sg_noise_seal(&channel->noise, sg_bytes(plain, size), plain,
                        size + SG_SEAL_TAG_SIZE);
    channel->err = err;
    if (err == SG_OK)
        channel->sealed += FRAME_OVERHEAD + size;
    channel->end = channel->sealed;
    return err;
}

/* Puts BYTES into the stream, ending each frame that is full. */
static enum sg_err put_plain(struct sg_channel *channel, struct sg_bytes bytes)
{
    size_t at = 0;

    while (at < bytes.size) {
        size_t used = channel->end - channel->sealed, part;

        if (used == 0) {
            channel->end += SG_FRAME_HEADER_SIZE;
            used = SG_FRAME_HEADER_SIZE;
        }
        used -= SG_FRAME_HEADER_SIZE;
        if (used >= channel->frame_size) {
            enum sg_err err = sg_channel_flush(channel);
            if (err != SG_OK)
                return err;
            continue;
        }
        part = channel->frame_size - used;
        if (part > bytes.size - at)
            part = bytes.size - at;
        SG_ASSERT(channel->end + part + SG_SEAL_TAG_SIZE <= channel->out_size);
        memcpy(channel->out + channel->end, bytes.data + at, part);
        channel->end += part;
        at += part;
    }
    return SG_OK;
}

enum sg_err sg_channel_send(struct sg_channel *channel,
                            enum sg_message_type type, struct sg_bytes body)
{
    uint8_t header[SG_MESSAGE_HEADER_SIZE_MAX];
    struct sg_writer writer;
    enum sg_err err;

    if (channel->err != SG_OK)
        return channel->err;
    SG_ASSERT(channel->state >= STATE_OPENED);
    sg_writer_init_array(&writer, header, sizeof header);
    sg_writer_u8(&writer, (uint8_t)type);
    sg_writer_varint(&writer, body.size);
    SG_ASSERT(writer.err == SG_OK);
    SG_ASSERT(writer.size + body.size <= sg_channel_room(channel));
    memmove(channel->out, channel->out + channel->begin,
            channel->end - channel->begin);
    channel->end -= channel->begin;
    channel->sealed -= channel->begin;
    channel->begin = 0;
    /* A cut that takes the end of one large message spares those before. */
    err = body.size < SG_CHANNEL_FRAME_MIN ? SG_OK : sg_channel_flush(channel);
    if (err == SG_OK)
        err = put_plain(channel, sg_writer_written(&writer));
    return err == SG_OK ? put_plain(channel, body) : err;
}

void sg_channel_frame_size(struct sg_channel *channel, size_t size)
{
    SG_ASSERT(size >= SG_CHANNEL_FRAME_MIN);
    SG_ASSERT(size <= SG_CHANNEL_FRAME_MAX);
    channel->frame_size = size;
}

struct sg_bytes sg_channel_output(const struct sg_channel *channel)
{
    return sg_bytes(channel->out + channel->begin,
                    channel->sealed - channel->begin);
}

void sg_channel_sent(struct sg_channel *channel, size_t size)
{
    SG_ASSERT(size <= channel->sealed - channel->begin);
    channel->begin += size;
    if (channel->begin == channel->end) {
        channel->begin = 0;
        channel->sealed = 0;
        channel->end = 0;
    }
}
