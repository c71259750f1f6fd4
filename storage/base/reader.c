#include "storage/base/reader.h"

#include <string.h>

#include "storage/base/check.h"

void sg_reader_init(struct sg_reader *reader, struct sg_bytes bytes)
{
    *reader = (struct sg_reader){.left = bytes};
}

uint8_t sg_reader_u8(struct sg_reader *reader)
{
    uint8_t value;

    sg_reader_copy(reader, &value, 1);
    return value;
}

uint16_t sg_reader_u16be(struct sg_reader *reader)
{
    uint8_t value[2];

    sg_reader_copy(reader, value, sizeof value);
    return sg_bytes_get_u16be(value);
}

uint32_t sg_reader_u32be(struct sg_reader *reader)
{
    uint8_t value[4];

    sg_reader_copy(reader, value, sizeof value);
    return sg_bytes_get_u32be(value);
}

uint64_t sg_reader_u64be(struct sg_reader *reader)
{
    uint8_t value[8];

    sg_reader_copy(reader, value, sizeof value);
    return sg_bytes_get_u64be(value);
}

uint64_t sg_reader_varint(struct sg_reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = sg_reader_u8(reader);
        uint64_t bits = byte & 0x7f;

        if (reader->err != SG_OK)
            return 0;
        if (bits << shift >> shift != bits)
            break; /* the tenth byte has one bit of room */
        value |= bits << shift;
        if (byte == 0 && shift > 0) {
            sg_reader_fail(reader, SG_ERR_NOTCANONICAL);
            return 0;
        }
        if (byte < 0x80)
            return value;
    }
    sg_reader_fail(reader, SG_ERR_MALFORMED);
    return 0;
}

struct sg_bytes sg_reader_take(struct sg_reader *reader, size_t size)
{
    struct sg_bytes taken = {reader->left.data, size};

    if (size > reader->left.size)
        sg_reader_fail(reader, SG_ERR_TRUNCATED);
    if (reader->err != SG_OK || size == 0)
        return (struct sg_bytes){0};
    reader->left.data += size;
    reader->left.size -= size;
    return taken;
}

void sg_reader_copy(struct sg_reader *reader, uint8_t *ret, size_t size)
{
    struct sg_bytes taken = sg_reader_take(reader, size);

    if (taken.size > 0)
        memcpy(ret, taken.data, size);
    else if (size > 0)
        memset(ret, 0, size);
}

struct sg_bytes sg_reader_rest(struct sg_reader *reader)
{
    return sg_reader_take(reader, reader->left.size);
}

void sg_reader_fail(struct sg_reader *reader, enum sg_err err)
{
    SG_ASSERT(err != SG_OK);
    if (reader->err == SG_OK)
        reader->err = err;
}

enum sg_err sg_reader_end(struct sg_reader *reader)
{
    if (reader->left.size > 0)
        sg_reader_fail(reader, SG_ERR_TRAILING);
    return reader->err;
}
