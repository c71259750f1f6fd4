/* A writer of fixed layouts: big-endian, into the caller's array or onto the
 * end of a buffer, with a sticky error.
 *
 * After the first failure every further call does nothing; one check of
 * sg_writer_end at the end. It allocates only through the buffer it was given.
 */
#ifndef SG_STORAGE_BASE_WRITER_H
#define SG_STORAGE_BASE_WRITER_H

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"

struct sg_writer {
    uint8_t *array;     /* borrowed, or NULL: then buf */
    size_t capacity;    /* of array */
    struct sg_buf *buf; /* borrowed, or NULL: then array */
    size_t begin;       /* size of buf at init */
    size_t size;        /* written so far, by this writer */
    enum sg_err err;    /* the first failure */
};

/* Sets WRITER to the start of ARRAY. Borrows: ARRAY until the last call. */
void sg_writer_init_array(struct sg_writer *writer, uint8_t *array,
                          size_t capacity);

/* Sets WRITER to the end of BUF, which nobody else may change meanwhile.
 * Borrows: BUF until sg_writer_end. */
void sg_writer_init_buf(struct sg_writer *writer, struct sg_buf *buf);

/* Write one integer. Errors: LIMIT when the array or the buffer's maximum is
 * full; NOMEM. */
void sg_writer_u8(struct sg_writer *writer, uint8_t value);
void sg_writer_u16be(struct sg_writer *writer, uint16_t value);
void sg_writer_u32be(struct sg_writer *writer, uint32_t value);
void sg_writer_u64be(struct sg_writer *writer, uint64_t value);

/* Writes VALUE as unsigned LEB128 in its shortest form, 1 to 10 bytes.
 * Errors: LIMIT, NOMEM. */
void sg_writer_varint(struct sg_writer *writer, uint64_t value);

/* Writes BYTES, without a length. Errors: LIMIT, NOMEM. */
void sg_writer_bytes(struct sg_writer *writer, struct sg_bytes bytes);

/* Gives room for SIZE bytes for the caller to fill in, valid until the next
 * call; NULL after a failure. Errors: LIMIT, NOMEM. */
uint8_t *sg_writer_room(struct sg_writer *writer, size_t size);

/* Gives what was written so far, borrowed until the next call; no bytes after
 * a failure. */
struct sg_bytes sg_writer_written(const struct sg_writer *writer);

/* Records ERR as the writer's failure if it has none yet. */
void sg_writer_fail(struct sg_writer *writer, enum sg_err err);

/* Ends the writing; writer->size says how much it was. After a failure a
 * buffer is cut back to what it held at init. Errors: the first failure. */
SG_USE_RESULT enum sg_err sg_writer_end(struct sg_writer *writer);

#endif
