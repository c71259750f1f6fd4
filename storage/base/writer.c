#include "storage/base/writer.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"

void sg_writer_init_array(struct sg_writer *writer, uint8_t *array,
                          size_t capacity)
{
    SG_ASSERT(array != NULL);
    *writer = (struct sg_writer){.array = array, .capacity = capacity};
}

void sg_writer_init_buf(struct sg_writer *writer, struct sg_buf *buf)
{
    *writer = (struct sg_writer){.buf = buf, .begin = buf->size};
}

void sg_writer_u8(struct sg_writer *writer, uint8_t value)
{
    sg_writer_bytes(writer, sg_bytes(&value, 1));
}

void sg_writer_u16be(struct sg_writer *writer, uint16_t value)
{
    uint8_t bytes[2];

    sg_bytes_put_u16be(bytes, value);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(bytes));
}

void sg_writer_u32be(struct sg_writer *writer, uint32_t value)
{
    uint8_t bytes[4];

    sg_bytes_put_u32be(bytes, value);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(bytes));
}

void sg_writer_u64be(struct sg_writer *writer, uint64_t value)
{
    uint8_t bytes[8];

    sg_bytes_put_u64be(bytes, value);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(bytes));
}

void sg_writer_varint(struct sg_writer *writer, uint64_t value)
{
    uint8_t bytes[SG_VARINT_SIZE_MAX];
    size_t size = 0;

    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    sg_writer_bytes(writer, sg_bytes(bytes, size));
}

void sg_writer_bytes(struct sg_writer *writer, struct sg_bytes bytes)
{
    uint8_t *room = sg_writer_room(writer, bytes.size);

    if (room != NULL && bytes.size > 0)
        memcpy(room, bytes.data, bytes.size);
}

static uint8_t *room_in_array(struct sg_writer *writer, size_t size)
{
    if (size > writer->capacity - writer->size) {
        sg_writer_fail(writer, SG_ERR_LIMIT);
        return NULL;
    }
    return writer->array + writer->size;
}

static uint8_t *room_in_buf(struct sg_writer *writer, size_t size)
{
    uint8_t *room = NULL;
    enum sg_err err;

    SG_ASSERT(writer->buf->size == writer->begin + writer->size);
    err = sg_buf_extend(writer->buf, size, &room);
    if (err != SG_OK)
        sg_writer_fail(writer, err);
    return room;
}

uint8_t *sg_writer_room(struct sg_writer *writer, size_t size)
{
    uint8_t *room;

    if (writer->err != SG_OK)
        return NULL;
    room = writer->buf != NULL ? room_in_buf(writer, size)
                               : room_in_array(writer, size);
    if (writer->err == SG_OK)
        writer->size += size;
    return room;
}

struct sg_bytes sg_writer_written(const struct sg_writer *writer)
{
    if (writer->err != SG_OK || writer->size == 0)
        return (struct sg_bytes){0};
    if (writer->buf != NULL)
        return sg_bytes(writer->buf->data + writer->begin, writer->size);
    return sg_bytes(writer->array, writer->size);
}

void sg_writer_fail(struct sg_writer *writer, enum sg_err err)
{
    SG_ASSERT(err != SG_OK);
    if (writer->err == SG_OK)
        writer->err = err;
}

enum sg_err sg_writer_end(struct sg_writer *writer)
{
    if (writer->err != SG_OK && writer->buf != NULL)
        sg_buf_truncate(writer->buf, writer->begin);
    return writer->err;
}
