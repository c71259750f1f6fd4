/* Cursor: over the bytes of a record that was found canonical and fitting.
 *
 * What has been judged once is read straight: nothing is checked here, so only
 * bytes that sg_record_decode and sg_record_fit have passed may come. msgpack.h
 * is for all others. Not for anybody outside the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_CURSOR_H
#define SG_STORAGE_REGISTRY_MERGE_CURSOR_H

#include "storage/base/bytes.h"

struct sg_cursor {
    const uint8_t *at;
};

static inline bool sg_cursor_is_nil(const uint8_t *value)
{
    return value[0] == 0xc0;
}

/* Reads the N bytes of a big-endian number. */
static inline uint64_t sg_cursor_be(struct sg_cursor *cursor, unsigned n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | *cursor->at++;
    return value;
}

/* Reads a number from 0 up. */
static inline uint64_t sg_cursor_uint(struct sg_cursor *cursor)
{
    uint8_t head = *cursor->at++;

    return head < 0x80 ? head : sg_cursor_be(cursor, 1u << (head - 0xcc));
}

/* Begins an array: gives how many items follow. */
static inline uint32_t sg_cursor_array(struct sg_cursor *cursor)
{
    uint8_t head = *cursor->at++;

    return head < 0xa0 ? head & 15u : (uint32_t)sg_cursor_be(cursor, 2);
}

/* Begins a map: gives how many pairs follow. */
static inline uint32_t sg_cursor_map(struct sg_cursor *cursor)
{
    uint8_t head = *cursor->at++;

    return head < 0x90 ? head & 15u : (uint32_t)sg_cursor_be(cursor, 2);
}

/* Reads a string or bytes. */
static inline struct sg_bytes sg_cursor_bytes(struct sg_cursor *cursor)
{
    uint8_t head = *cursor->at++;
    struct sg_bytes bytes;

    if (head < 0xc0)
        bytes.size = head & 31u;
    else
        bytes.size =
            (size_t)sg_cursor_be(cursor, head == 0xc4 || head == 0xd9 ? 1 : 2);
    bytes.data = cursor->at;
    cursor->at += bytes.size;
    return bytes;
}

/* Moves over one value; gives it as encoded. */
static inline struct sg_bytes sg_cursor_skip(struct sg_cursor *cursor)
{
    const uint8_t *start = cursor->at;
    uint64_t left = 1;

    for (; left > 0; left--) {
        uint8_t head = *cursor->at;

        if (head < 0x80 || head >= 0xe0 || head == 0xc0)
            cursor->at++;
        else if (head < 0x90 || head == 0xde)
            left += 2 * (uint64_t)sg_cursor_map(cursor);
        else if (head < 0xa0 || head == 0xdc)
            left += sg_cursor_array(cursor);
        else if (head < 0xc6 || head == 0xd9 || head == 0xda)
            (void)sg_cursor_bytes(cursor);
        else
            cursor->at += 1 + (1u << (head & 3)); /* integers */
    }
    return sg_bytes(start, (size_t)(cursor->at - start));
}

#endif
