/* Expansion of what compress.h has made, strict and bounded.
 *
 * FORMAT.md section 5. The bytes come out of an authentic seal, yet from a
 * writer who may be careless or hostile: nothing but one frame of our form is
 * taken, and it never yields more than SG_RECORD_SIZE_MAX bytes.
 */
#ifndef SG_STORAGE_LOG_EXPAND_H
#define SG_STORAGE_LOG_EXPAND_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/base/limits.h"

/* An expander for one thread: zstd's working memory and every dictionary,
 * digested once. About 220 KiB. Its memory has held plaintext. */
struct sg_expander;

/* Gives an expander. The caller frees it with sg_expand_free.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_expand_new(struct sg_expander **ret);

/* Takes EXPANDER, which may be NULL. */
void sg_expand_free(struct sg_expander *expander);

/* Expands the FRAME of SIZE bytes, made under DICTIONARY, into RET_BODY, which
 * has room for SG_RECORD_SIZE_MAX bytes. The SG_COMPRESS_MAGIC_SIZE bytes
 * before FRAME are scratch. No overlap. On failure RET_BODY is undefined.
 * Errors: VERSION when this program does not have DICTIONARY; LIMIT when the
 * content is larger than a record may be; MALFORMED when FRAME is not one whole
 * frame of our form, or is no shorter than its content, which no writer
 * keeps. */
SG_USE_RESULT enum sg_err sg_expand_frame(struct sg_expander *expander,
                                          unsigned dictionary, uint8_t *frame,
                                          size_t size, uint8_t *ret_body,
                                          size_t *ret_size);

#endif
