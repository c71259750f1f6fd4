/* Close: how a session ends, and the word for it on both sides.
 *
 * PROTOCOL.md section 18. Inside the program an end is an enum sg_err, which
 * has its sentences in err.h; on the wire it is one byte. Pure.
 */
#ifndef SG_REPLICATION_CLOSE_H
#define SG_REPLICATION_CLOSE_H

#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"

/* X(name, code, error): the table of section 18. */
/* clang-format off */
#define SG_CLOSE_LIST(X)            \
    X(DONE, 0, DONE)                \
    X(MALFORMED, 1, MALFORMED)      \
    X(CERTIFICATE, 2, CERTIFICATE)  \
    X(UNTRUSTED, 3, UNTRUSTED)      \
    X(REVOKED, 4, REVOKED)          \
    X(EXPIRED, 5, EXPIRED)          \
    X(DOUBLE, 6, DOUBLE)            \
    X(PROOF, 7, PROOF)              \
    X(LIMIT, 8, LIMIT)              \
    X(SLOW, 9, SLOW)                \
    X(BUSY, 10, NOROOM)             \
    X(STOPPING, 11, STOPPING)       \
    X(STORAGE, 12, STORAGE)
/* clang-format on */

enum sg_close {
#define SG_CLOSE_ENUM(name, code, error) SG_CLOSE_##name = code,
    SG_CLOSE_LIST(SG_CLOSE_ENUM)
#undef SG_CLOSE_ENUM
};

#define SG_CLOSE_SIZE 1u /* of the body */

/* Returns the code that tells a peer of ERR: every way in which bytes can be
 * wrong is MALFORMED, wrong signatures and hashes are PROOF, lack of memory is
 * BUSY, failures of the disk are STORAGE. */
enum sg_close sg_close_code(enum sg_err err);

/* Returns the error that CODE, one of the list, stands for. */
enum sg_err sg_close_err(enum sg_close code);

/* Reads the body of a `close` message. A code of a later version is a number
 * beyond the list. Errors: TRUNCATED, TRAILING. */
SG_USE_RESULT enum sg_err sg_close_decode(struct sg_bytes body,
                                          uint8_t *ret_code);

/* Writes what CODE says, as a sentence; an unknown code as its number. Errors:
 * as sg_writer_bytes, left in WRITER. */
void sg_close_write(struct sg_writer *writer, uint8_t code, enum sg_lang lang);

#endif
