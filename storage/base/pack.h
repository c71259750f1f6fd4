/* A writer of canonical MessagePack onto the end of a buffer, by msgpack-c.
 *
 * Sticky error: straight-line calls, one check of sg_pack_end, which also reads
 * the bytes back with the strict reader. So what _end accepts, every reader
 * accepts; keys out of order, a wrong count or text that is not UTF-8 are found
 * before the bytes are hashed, sealed or sent. Nothing outside pack.c knows
 * msgpack-c. To read, see msgpack.h.
 */
#ifndef SG_STORAGE_BASE_PACK_H
#define SG_STORAGE_BASE_PACK_H

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"

struct sg_pack {
    struct sg_writer writer;
};

/* Sets PACK to the end of BUF. Borrows: BUF until sg_pack_end; nobody else may
 * change it meanwhile. */
void sg_pack_init(struct sg_pack *pack, struct sg_buf *buf);

/* Write one value in its shortest form. Errors: LIMIT, NOMEM; of _str and _bin
 * also LIMIT beyond 32 bits of length. */
void sg_pack_nil(struct sg_pack *pack);
void sg_pack_bool(struct sg_pack *pack, bool value);
void sg_pack_uint(struct sg_pack *pack, uint64_t value);
void sg_pack_int(struct sg_pack *pack, int64_t value);
void sg_pack_str(struct sg_pack *pack, struct sg_bytes text);
void sg_pack_bin(struct sg_pack *pack, struct sg_bytes bytes);

/* Begin an array of COUNT items, or a map of COUNT pairs; the caller writes
 * them next, the keys of a map in ascending order. Errors: LIMIT, NOMEM. */
void sg_pack_array(struct sg_pack *pack, uint32_t count);
void sg_pack_map(struct sg_pack *pack, uint32_t count);

/* Writes a value that is encoded already, as sg_msgpack_skip gives it. Errors:
 * LIMIT, NOMEM. */
void sg_pack_raw(struct sg_pack *pack, struct sg_bytes encoded);

/* Ends the one value that was packed. After a failure the buffer is cut back
 * to what it held at init. Errors: the first failure; else those of
 * sg_msgpack_check, when the calls did not make one canonical value. */
SG_USE_RESULT enum sg_err sg_pack_end(struct sg_pack *pack);

#endif
