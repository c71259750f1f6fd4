/* A buffer that owns its bytes and grows up to a maximum fixed at init, so
 * that no input can make it grow without bound.
 *
 * An append that fails changes nothing. It is not wiped when it grows or is
 * cleared: for secrets reserve the whole size first and end with _wipe.
 */
#ifndef SG_STORAGE_BASE_BUF_H
#define SG_STORAGE_BASE_BUF_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"

struct sg_buf {
    uint8_t *data;   /* owned; NULL before the first byte */
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    size_t size_max; /* size never exceeds this */
};

/* Makes BUF empty, with room for at most SIZE_MAX bytes; allocates nothing.
 * Ends with sg_buf_clear or sg_buf_wipe. */
void sg_buf_init(struct sg_buf *buf, size_t size_max);

/* Frees what BUF holds and leaves it empty as after init, to be used again.
 * Takes NULL, and a buffer that is cleared already. */
void sg_buf_clear(struct sg_buf *buf);

/* Overwrites all of BUF's memory with zeros, then as sg_buf_clear. */
void sg_buf_wipe(struct sg_buf *buf);

/* Makes room for MORE bytes beyond the size, so that appending them cannot
 * fail and moves nothing. Errors: LIMIT when that is above the maximum;
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_buf_reserve(struct sg_buf *buf, size_t more);

/* Appends BYTES. Borrows: BYTES for the call; they must not lie in BUF.
 * Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_buf_append(struct sg_buf *buf,
                                        struct sg_bytes bytes);

/* Appends SIZE bytes for the caller to fill in, and gives where they begin;
 * valid until BUF changes. Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_buf_extend(struct sg_buf *buf, size_t size,
                                        uint8_t **ret_room);

/* Cuts BUF back to SIZE, which is at most its size; keeps the memory. */
void sg_buf_truncate(struct sg_buf *buf, size_t size);

/* Borrows the bytes of BUF, until it changes. */
static inline struct sg_bytes sg_buf_bytes(const struct sg_buf *buf)
{
    return (struct sg_bytes){buf->data, buf->size};
}

#endif
