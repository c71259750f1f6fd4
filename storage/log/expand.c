#include "storage/log/expand.h"

#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "storage/base/alloc.h"
#include "storage/log/compress.h"
#include "storage/log/dictionary.h"

/* Frame_Header_Descriptor (RFC 8878, 3.1.1.1.1) with every flag off: a window
 * descriptor follows and nothing else; no content size, no checksum, no
 * dictionary id. */
#define DESCRIPTOR 0x00

static const uint8_t magic[SG_COMPRESS_MAGIC_SIZE] = {0x28, 0xb5, 0x2f, 0xfd};

struct sg_expander {
    ZSTD_DCtx *context;
    ZSTD_DDict *dictionaries[SG_DICTIONARY_COUNT];
};

/* Errors: NOMEM. */
static enum sg_err fill(struct sg_expander *expander)
{
    expander->context = ZSTD_createDCtx();
    if (expander->context == NULL)
        return SG_ERR_NOMEM;
    for (unsigned i = 0; i < SG_DICTIONARY_COUNT; i++) {
        struct sg_bytes bytes = sg_dictionary_get(i + 1);

        expander->dictionaries[i] = ZSTD_createDDict(bytes.data, bytes.size);
        if (expander->dictionaries[i] == NULL)
            return SG_ERR_NOMEM;
    }
    return SG_OK;
}

enum sg_err sg_expand_new(struct sg_expander **ret)
{
    struct sg_expander *expander = sg_calloc(1, sizeof(*expander));
    enum sg_err err;

    if (expander == NULL)
        return SG_ERR_NOMEM;
    err = fill(expander);
    if (err != SG_OK) {
        sg_expand_free(expander);
        return err;
    }
    *ret = expander;
    return SG_OK;
}

void sg_expand_free(struct sg_expander *expander)
{
    if (expander == NULL)
        return;
    for (unsigned i = 0; i < SG_DICTIONARY_COUNT; i++)
        (void)ZSTD_freeDDict(expander->dictionaries[i]);
    (void)ZSTD_freeDCtx(expander->context);
    sg_free(expander);
}

enum sg_err sg_expand_frame(struct sg_expander *expander, unsigned dictionary,
                            uint8_t *frame, size_t size, uint8_t *ret_body,
                            size_t *ret_size)
{
    uint8_t *whole = frame - sizeof(magic);
    size_t whole_size = size + sizeof(magic);
    size_t body_size;

    if (dictionary < 1 || dictionary > SG_DICTIONARY_COUNT)
        return SG_ERR_VERSION;
    if (size == 0 || frame[0] != DESCRIPTOR)
        return SG_ERR_MALFORMED;
    memcpy(whole, magic, sizeof(magic));
    /* zstd would go on with a second frame, or skip one. */
    if (ZSTD_findFrameCompressedSize(whole, whole_size) != whole_size)
        return SG_ERR_MALFORMED;
    body_size = ZSTD_decompress_usingDDict(
        expander->context, ret_body, SG_RECORD_SIZE_MAX, whole, whole_size,
        expander->dictionaries[dictionary - 1]);
    if (ZSTD_getErrorCode(body_size) == ZSTD_error_dstSize_tooSmall)
        return SG_ERR_LIMIT;
    if (ZSTD_isError(body_size) || body_size <= size)
        return SG_ERR_MALFORMED;
    *ret_size = body_size;
    return SG_OK;
}
