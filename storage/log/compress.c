#include "storage/log/compress.h"

#include <zstd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/log/dictionary.h"

/* The level for each dictionary, chosen by measurement: see README.md. Opaque
 * bodies come in bulk; records come signed one by one, which costs more time
 * than their compression; rows of the view are made again and again. */
static const int levels[SG_DICTIONARY_COUNT] = {
    [SG_DICTIONARY_OPAQUE - 1] = 3,
    [SG_DICTIONARY_RECORD - 1] = 4,
    [SG_DICTIONARY_SHEET - 1] = 2,
};

_Static_assert(SG_COMPRESS_MAGIC_SIZE + SG_COMPRESS_FRAME_MAX >=
                   ZSTD_COMPRESSBOUND(SG_RECORD_SIZE_MAX),
               "zstd always has room");

struct sg_compressor {
    ZSTD_CCtx *context;
    ZSTD_CDict *dictionaries[SG_DICTIONARY_COUNT];
};

/* Leaves out of frames what is known anyway: the size is within the seal, the
 * seal is the checksum, and the form names the dictionary. */
static void configure(ZSTD_CCtx *context)
{
    static const ZSTD_cParameter off[] = {
        ZSTD_c_contentSizeFlag, ZSTD_c_checksumFlag, ZSTD_c_dictIDFlag};

    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        size_t code = ZSTD_CCtx_setParameter(context, off[i], 0);
        SG_ASSERT(!ZSTD_isError(code));
    }
}

/* Errors: NOMEM. */
static enum sg_err fill(struct sg_compressor *compressor)
{
    compressor->context = ZSTD_createCCtx();
    if (compressor->context == NULL)
        return SG_ERR_NOMEM;
    configure(compressor->context);
    for (unsigned i = 0; i < SG_DICTIONARY_COUNT; i++) {
        struct sg_bytes bytes = sg_dictionary_get(i + 1);

        compressor->dictionaries[i] =
            ZSTD_createCDict(bytes.data, bytes.size, levels[i]);
        if (compressor->dictionaries[i] == NULL)
            return SG_ERR_NOMEM;
    }
    return SG_OK;
}

enum sg_err sg_compress_new(struct sg_compressor **ret)
{
    struct sg_compressor *compressor = sg_calloc(1, sizeof(*compressor));
    enum sg_err err;

    if (compressor == NULL)
        return SG_ERR_NOMEM;
    err = fill(compressor);
    if (err != SG_OK) {
        sg_compress_free(compressor);
        return err;
    }
    *ret = compressor;
    return SG_OK;
}

void sg_compress_free(struct sg_compressor *compressor)
{
    if (compressor == NULL)
        return;
    for (unsigned i = 0; i < SG_DICTIONARY_COUNT; i++)
        (void)ZSTD_freeCDict(compressor->dictionaries[i]);
    (void)ZSTD_freeCCtx(compressor->context);
    sg_free(compressor);
}

enum sg_err sg_compress_frame(struct sg_compressor *compressor,
                              unsigned dictionary, struct sg_bytes body,
                              uint8_t *frame, size_t *ret_size)
{
    size_t size;

    SG_ASSERT(dictionary >= 1);
    SG_ASSERT(dictionary <= SG_DICTIONARY_COUNT);
    SG_ASSERT(body.size <= SG_RECORD_SIZE_MAX);
    /* A call that ran out of memory may have stopped halfway. */
    size = ZSTD_CCtx_reset(compressor->context, ZSTD_reset_session_only);
    SG_ASSERT(!ZSTD_isError(size));
    size = ZSTD_CCtx_refCDict(compressor->context,
                              compressor->dictionaries[dictionary - 1]);
    SG_ASSERT(!ZSTD_isError(size));
    size = ZSTD_compress2(compressor->context, frame - SG_COMPRESS_MAGIC_SIZE,
                          SG_COMPRESS_MAGIC_SIZE + SG_COMPRESS_FRAME_MAX,
                          body.data, body.size);
    /* With room for any frame, memory is all that zstd can lack. */
    if (ZSTD_isError(size))
        return SG_ERR_NOMEM;
    SG_ASSERT(size > SG_COMPRESS_MAGIC_SIZE);
    *ret_size = size - SG_COMPRESS_MAGIC_SIZE;
    return SG_OK;
}
