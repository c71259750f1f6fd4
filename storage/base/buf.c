#include "storage/base/buf.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* The first allocation: most records and messages fit without a second. */
#define CAPACITY_MIN 256

void sg_buf_init(struct sg_buf *buf, size_t size_max)
{
    *buf = (struct sg_buf){.size_max = size_max};
}

void sg_buf_clear(struct sg_buf *buf)
{
    if (buf == NULL)
        return;
    sg_free(buf->data);
    sg_buf_init(buf, buf->size_max);
}

void sg_buf_wipe(struct sg_buf *buf)
{
    if (buf == NULL)
        return;
    if (buf->data != NULL)
        explicit_bzero(buf->data, buf->capacity);
    sg_buf_clear(buf);
}

/* Doubles, but neither below what is needed nor above the maximum. */
static size_t reserve_capacity(const struct sg_buf *buf, size_t needed)
{
    size_t capacity = CAPACITY_MIN;

    if (buf->capacity > buf->size_max / 2)
        return buf->size_max;
    if (capacity < buf->capacity * 2)
        capacity = buf->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    return capacity < buf->size_max ? capacity : buf->size_max;
}

enum sg_err sg_buf_reserve(struct sg_buf *buf, size_t more)
{
    uint8_t *data;
    size_t capacity;

    SG_ASSERT(buf->size <= buf->capacity);
    SG_ASSERT(buf->size <= buf->size_max);
    if (more > buf->size_max - buf->size)
        return SG_ERR_LIMIT;
    if (more <= buf->capacity - buf->size)
        return SG_OK;
    capacity = reserve_capacity(buf, buf->size + more);
    data = sg_realloc(buf->data, capacity);
    if (data == NULL)
        return SG_ERR_NOMEM;
    buf->data = data;
    buf->capacity = capacity;
    return SG_OK;
}

enum sg_err sg_buf_append(struct sg_buf *buf, struct sg_bytes bytes)
{
    uint8_t *room;
    enum sg_err err = sg_buf_extend(buf, bytes.size, &room);

    if (err != SG_OK)
        return err;
    if (bytes.size > 0)
        memcpy(room, bytes.data, bytes.size);
    return SG_OK;
}

enum sg_err sg_buf_extend(struct sg_buf *buf, size_t size, uint8_t **ret_room)
{
    enum sg_err err = sg_buf_reserve(buf, size);

    if (err != SG_OK)
        return err;
    *ret_room = buf->data != NULL ? buf->data + buf->size : NULL;
    buf->size += size;
    return SG_OK;
}

void sg_buf_truncate(struct sg_buf *buf, size_t size)
{
    SG_ASSERT(size <= buf->size);
    buf->size = size;
}
