/* Compression of one record, as it stands inside a seal: a zstd frame without
 * magic number, content size, checksum and dictionary id, under one of our
 * dictionaries.
 *
 * FORMAT.md section 5; the other direction is expand.h. It seals nothing, and
 * it is not for streams or blocks of records: each record must open alone.
 *
 * Source: RFC 8878. Only the stable interface of libzstd is used: the magic
 * number is taken off here instead of by the experimental "magicless" format.
 */
#ifndef SG_STORAGE_LOG_COMPRESS_H
#define SG_STORAGE_LOG_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

/* The magic number of RFC 8878, section 3.1.1: it never travels, but zstd wants
 * to see it, so callers keep this many bytes free in front of a frame. */
#define SG_COMPRESS_MAGIC_SIZE 4

/* A frame never needs more room than this, whatever the body. */
#define SG_COMPRESS_FRAME_MAX (SG_RECORD_SIZE_MAX + 512)

/* A compressor for one thread: zstd's working memory and every dictionary,
 * digested once. About 800 KiB. Its memory has held plaintext. */
struct sg_compressor;

/* Gives a compressor. The caller frees it with sg_compress_free.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_compress_new(struct sg_compressor **ret);

/* Takes COMPRESSOR, which may be NULL. */
void sg_compress_free(struct sg_compressor *compressor);

/* Compresses BODY under DICTIONARY, 1 to SG_DICTIONARY_COUNT, into FRAME, which
 * has room for SG_COMPRESS_FRAME_MAX bytes and SG_COMPRESS_MAGIC_SIZE bytes of
 * scratch before it. BODY is at most SG_RECORD_SIZE_MAX; no overlap. RET_SIZE
 * may be larger than BODY's: the caller keeps the shorter.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_compress_frame(struct sg_compressor *compressor,
                                            unsigned dictionary,
                                            struct sg_bytes body,
                                            uint8_t *frame, size_t *ret_size);

#endif
