/* A reader of fixed layouts: walks over borrowed bytes, big-endian, with a
 * sticky error.
 *
 * After the first failure every further call does nothing and gives zeros, so
 * a decoder is straight lines with one check at the end:
 *
 *     sg_reader_init(&reader, bytes);
 *     size = sg_reader_u64be(&reader);
 *     sg_reader_copy(&reader, signature, 64);
 *     return sg_reader_end(&reader);
 *
 * It allocates nothing and never reads past the end. It is not for msgpack
 * (msgpack.h) and not for text (text.h).
 */
#ifndef SG_STORAGE_BASE_READER_H
#define SG_STORAGE_BASE_READER_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"

/* A varint is at most this long. */
#define SG_VARINT_SIZE_MAX 10

struct sg_reader {
    struct sg_bytes left; /* what is not yet read */
    enum sg_err err;      /* the first failure */
};

/* Sets READER to the start of BYTES. Borrows: BYTES for as long as the reader,
 * and whatever it gives, is used. */
void sg_reader_init(struct sg_reader *reader, struct sg_bytes bytes);

/* Read one integer. Errors: TRUNCATED. */
uint8_t sg_reader_u8(struct sg_reader *reader);
uint16_t sg_reader_u16be(struct sg_reader *reader);
uint32_t sg_reader_u32be(struct sg_reader *reader);
uint64_t sg_reader_u64be(struct sg_reader *reader);

/* Reads an unsigned LEB128 integer: 7 bits a byte, least significant first.
 * Errors: TRUNCATED; NOTCANONICAL when a shorter form exists; MALFORMED when
 * the value exceeds 64 bits. */
uint64_t sg_reader_varint(struct sg_reader *reader);

/* Gives the next SIZE bytes, borrowed from the input; no bytes after a
 * failure. Errors: TRUNCATED. */
struct sg_bytes sg_reader_take(struct sg_reader *reader, size_t size);

/* Copies the next SIZE bytes to RET; zeros after a failure, so that RET is
 * always defined. Errors: TRUNCATED. */
void sg_reader_copy(struct sg_reader *reader, uint8_t *ret, size_t size);

/* Gives all that is left and moves to the end. */
struct sg_bytes sg_reader_rest(struct sg_reader *reader);

/* Records ERR as the reader's failure if it has none yet: for the decoder's
 * own findings, such as a flag that must be zero. */
void sg_reader_fail(struct sg_reader *reader, enum sg_err err);

/* Ends the reading. Errors: the first failure; else TRAILING when bytes are
 * left over. */
SG_USE_RESULT enum sg_err sg_reader_end(struct sg_reader *reader);

#endif
