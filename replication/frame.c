#include "replication/frame.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"

/* Takes SIZE bytes off the front of INPUT. */
static struct sg_bytes take(struct sg_bytes *input, size_t size)
{
    struct sg_bytes taken = {input->data, size};

    SG_ASSERT(size <= input->size);
    if (size > 0)
        *input = sg_bytes(input->data + size, input->size - size);
    return taken;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Gives the next WHOLE bytes: in INPUT if all are there, else collected in
 * ROOM, *GOT of them so far. False when INPUT is used up before. */
static bool collect(uint8_t *room, size_t whole, size_t *got,
                    struct sg_bytes *input, struct sg_bytes *ret)
{
    struct sg_bytes part;

    SG_ASSERT(*got <= whole);
    if (*got == 0 && input->size >= whole) {
        *ret = take(input, whole);
        return true;
    }
    part = take(input, smaller(whole - *got, input->size));
    if (part.size > 0)
        memcpy(room + *got, part.data, part.size);
    *got += part.size;
    *ret = sg_bytes(room, whole);
    return *got == whole;
}

/* --- Frames ------------------------------------------------------------ */

void sg_frame_header_encode(size_t size, uint8_t ret[SG_FRAME_HEADER_SIZE])
{
    SG_ASSERT(size <= SG_NOISE_SIZE_MAX);
    sg_bytes_put_u16be(ret, (uint16_t)size);
}

void sg_frame_reader_init(struct sg_frame_reader *reader, uint8_t *room,
                          size_t room_size)
{
    *reader = (struct sg_frame_reader){
        .room = room, .room_size = room_size, .size_min = 1};
    reader->size_max = smaller(room_size, SG_NOISE_SIZE_MAX);
}

void sg_frame_reader_expect(struct sg_frame_reader *reader, size_t size_min,
                            size_t size_max)
{
    SG_ASSERT(size_min >= 1);
    SG_ASSERT(size_min <= size_max);
    SG_ASSERT(size_max <= reader->room_size);
    SG_ASSERT(reader->header_got == 0);
    reader->size_min = size_min;
    reader->size_max = size_max;
}

enum sg_err sg_frame_reader_next(struct sg_frame_reader *reader,
                                 struct sg_bytes *input,
                                 struct sg_bytes *ret_message)
{
    size_t size;

    if (reader->err != SG_OK)
        return reader->err;
    while (reader->header_got < SG_FRAME_HEADER_SIZE && input->size > 0)
        reader->header[reader->header_got++] = *take(input, 1).data;
    *ret_message = sg_bytes(NULL, 0);
    if (reader->header_got < SG_FRAME_HEADER_SIZE)
        return SG_OK;
    size = sg_bytes_get_u16be(reader->header);
    if (size < reader->size_min)
        reader->err = SG_ERR_MALFORMED;
    else if (size > reader->size_max)
        reader->err = SG_ERR_LIMIT;
    if (reader->err != SG_OK)
        return reader->err;
    if (!collect(reader->room, size, &reader->got, input, ret_message)) {
        *ret_message = sg_bytes(NULL, 0);
        return SG_OK;
    }
    reader->header_got = 0;
    reader->got = 0;
    return SG_OK;
}

/* --- Messages ---------------------------------------------------------- */

static const struct row {
    const char *text;
    unsigned stages;
    size_t body_max;
} rows[] = {
#define ROW(name, type, text, stages, body_max) \
    [type] = {text, stages, body_max},
    SG_MESSAGE_LIST(ROW)
#undef ROW
};

#define CHECK_ROW(name, type, text, stages, body_max) \
    _Static_assert((body_max) <= SG_MESSAGE_SIZE_MAX, "a whole message fits");
SG_MESSAGE_LIST(CHECK_ROW)
#undef CHECK_ROW

/* The row of TYPE; NULL if it is unknown. */
static const struct row *row_of(unsigned type)
{
    if (type >= sizeof rows / sizeof rows[0] || rows[type].text == NULL)
        return NULL;
    return &rows[type];
}

size_t sg_frame_body_max(unsigned type)
{
    const struct row *row = row_of(type);

    return row != NULL ? row->body_max : SG_MESSAGE_SIZE_MAX;
}

const char *sg_frame_message_name(unsigned type)
{
    const struct row *row = row_of(type);

    return row != NULL ? row->text : "unknown";
}

void sg_frame_message_put(struct sg_writer *writer, enum sg_message_type type,
                          struct sg_bytes body)
{
    const struct row *row = row_of(type);

    SG_ASSERT(row != NULL);
    SG_ASSERT(body.size <= row->body_max);
    sg_writer_u8(writer, (uint8_t)type);
    sg_writer_varint(writer, body.size);
    sg_writer_bytes(writer, body);
}

void sg_frame_stream_init(struct sg_frame_stream *stream, uint8_t *room,
                          size_t room_size)
{
    SG_ASSERT(room_size >= SG_STAGE1_SIZE_MAX);
    *stream = (struct sg_frame_stream){
        .room = room,
        .room_size = room_size,
        .stage = SG_STAGE_1,
        .stage1_left = SG_STAGE1_SIZE_MAX,
    };
}

void sg_frame_stream_enter(struct sg_frame_stream *stream, uint8_t *room,
                           size_t room_size)
{
    SG_ASSERT(stream->stage == SG_STAGE_1);
    SG_ASSERT(stream->err == SG_OK);
    SG_ASSERT(stream->header_size == 0);
    SG_ASSERT(room_size >= SG_MESSAGE_SIZE_MAX);
    stream->stage = SG_STAGE_2;
    stream->room = room;
    stream->room_size = room_size;
}

/* Judges a header that is whole: whether the body comes, is passed over, or
 * may not come. */
static enum sg_err begin_body(struct sg_frame_stream *stream)
{
    const struct row *row = row_of(stream->header[0]);
    struct sg_reader reader;
    uint64_t size;

    sg_reader_init(&reader,
                   sg_bytes(stream->header + 1, stream->header_size - 1));
    size = sg_reader_varint(&reader);
    if (reader.err != SG_OK)
        return reader.err;
    if (row != NULL && (row->stages & stream->stage) == 0)
        return SG_ERR_MALFORMED;
    if (size > (row != NULL ? row->body_max : SG_MESSAGE_SIZE_MAX))
        return SG_ERR_LIMIT;
    if (stream->stage == SG_STAGE_1) {
        if (size > stream->stage1_left)
            return SG_ERR_LIMIT;
        stream->stage1_left -= (size_t)size;
    }
    SG_ASSERT(row == NULL || size <= stream->room_size);
    stream->in_body = true;
    stream->is_skipped = row == NULL;
    stream->body_size = (size_t)size;
    stream->got = 0;
    return SG_OK;
}

/* Takes the header, byte by byte; a length that is not done in three bytes is
 * above SG_MESSAGE_SIZE_MAX or not the shortest. */
static enum sg_err take_header(struct sg_frame_stream *stream,
                               struct sg_bytes *input)
{
    while (!stream->in_body && input->size > 0) {
        uint8_t byte = *take(input, 1).data;
        bool is_length = stream->header_size > 0;

        stream->header[stream->header_size++] = byte;
        if (is_length && (byte & 0x80) == 0)
            return begin_body(stream);
        if (stream->header_size == SG_MESSAGE_HEADER_SIZE_MAX)
            return SG_ERR_LIMIT;
    }
    return SG_OK;
}

/* Takes the body. True when it is whole, and then the next header follows. */
static bool take_body(struct sg_frame_stream *stream, struct sg_bytes *input,
                      struct sg_bytes *ret_body)
{
    if (stream->is_skipped) {
        size_t left = stream->body_size - stream->got;
        stream->got += take(input, smaller(left, input->size)).size;
        if (stream->got < stream->body_size)
            return false;
    } else if (!collect(stream->room, stream->body_size, &stream->got, input,
                        ret_body)) {
        return false;
    }
    stream->in_body = false;
    stream->header_size = 0;
    return true;
}

enum sg_err sg_frame_stream_next(struct sg_frame_stream *stream,
                                 struct sg_bytes *input,
                                 struct sg_frame_message *ret_message)
{
    struct sg_bytes body = {NULL, 0};

    if (stream->err != SG_OK)
        return stream->err;
    *ret_message = (struct sg_frame_message){SG_MESSAGE_NONE, {NULL, 0}};
    for (;;) {
        stream->err = take_header(stream, input);
        if (stream->err != SG_OK)
            return stream->err;
        if (!stream->in_body || !take_body(stream, input, &body))
            return SG_OK;
        if (!stream->is_skipped)
            break;
    }
    ret_message->type = (enum sg_message_type)stream->header[0];
    ret_message->body = body;
    return SG_OK;
}
