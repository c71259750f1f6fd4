#include "storage/log/expand.h"

#include <string.h>

#include <zstd.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "storage/log/compress.h"
#include "storage/log/dictionary.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/lib/wrap.h"

/* zstd has an allocator of its own: these calls lack memory when told to. */
static bool no_context, no_dictionary;

SG_WRAP(no_context, NULL, ZSTD_DCtx *, ZSTD_createDCtx, (void), ())
SG_WRAP(no_dictionary, NULL, ZSTD_DDict *, ZSTD_createDDict,
        (const void *bytes, size_t size), (bytes, size))

#define FRAME_MAX 4096 /* of the frames that are made here */

struct fixture {
    struct sg_expander *expander;
    size_t size;
    uint8_t room[SG_COMPRESS_MAGIC_SIZE + SG_COMPRESS_FRAME_MAX];
    uint8_t body[SG_RECORD_SIZE_MAX];
    size_t body_size;
};

static int setup(void **state)
{
    struct fixture *f = sg_calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_ok(sg_expand_new(&f->expander));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sg_expand_free(f->expander);
    sg_free(f);
    return 0;
}

static uint8_t *frame_of(struct fixture *f)
{
    return f->room + SG_COMPRESS_MAGIC_SIZE;
}

/* Makes the frame with zstd itself, with one parameter as it should not be;
 * its magic number falls into the room. */
static void compress_with(struct fixture *f, ZSTD_cParameter parameter,
                          int value, const void *body, size_t size)
{
    struct sg_bytes dictionary = sg_dictionary_get(1);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t code;

    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0);
    code = ZSTD_CCtx_setParameter(context, parameter, value);
    assert_false(ZSTD_isError(code));
    ZSTD_CCtx_loadDictionary(context, dictionary.data, dictionary.size);
    code = ZSTD_compress2(context, f->room, sizeof(f->room), body, size);
    assert_false(ZSTD_isError(code));
    f->size = code - SG_COMPRESS_MAGIC_SIZE;
    ZSTD_freeCCtx(context);
}

static enum sg_err expand(struct fixture *f)
{
    return sg_expand_frame(f->expander, 1, frame_of(f), f->size, f->body,
                           &f->body_size);
}

static const char text[] = "Đinh Thị Quỳnh Như, Thôn 7, Mường Chanh, Mường Lát";

/* A frame of ours gives its body, whatever stood in the room before it. */
static void test_expand_frame(void **state)
{
    struct fixture *f = *state;

    compress_with(f, ZSTD_c_compressionLevel, 19, text, sizeof(text));
    memset(f->room, 0xaa, SG_COMPRESS_MAGIC_SIZE);
    assert_ok(expand(f));
    assert_int_equal(f->body_size, sizeof(text));
    assert_memory_equal(f->body, text, sizeof(text));
}

/* A header with anything that our writers leave out is refused, though zstd
 * would read it. */
static void test_expand_header(void **state)
{
    static const ZSTD_cParameter flags[] = {
        ZSTD_c_contentSizeFlag, ZSTD_c_checksumFlag, ZSTD_c_dictIDFlag};
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        compress_with(f, flags[i], 1, text, sizeof(text));
        assert_err(expand(f), MALFORMED);
    }
}

/* Exactly one frame: no second one, nothing behind it, nothing missing, and
 * not nothing. */
static void test_expand_one(void **state)
{
    struct fixture *f = *state;
    size_t size;

    compress_with(f, ZSTD_c_compressionLevel, 3, text, sizeof(text));
    size = f->size;
    for (f->size = 0; f->size < size; f->size++)
        assert_err(expand(f), MALFORMED);
    frame_of(f)[size] = 0;
    f->size = size + 1;
    assert_err(expand(f), MALFORMED);
    memcpy(frame_of(f) + size, "\x28\xb5\x2f\xfd", SG_COMPRESS_MAGIC_SIZE);
    memcpy(frame_of(f) + size + SG_COMPRESS_MAGIC_SIZE, frame_of(f), size);
    f->size = 2 * size + SG_COMPRESS_MAGIC_SIZE;
    assert_err(expand(f), MALFORMED);
    f->size = size;
    assert_ok(expand(f));
}

/* The largest record expands; one byte more is refused, and so are the 16 MiB
 * that a few hundred bytes can stand for. */
static void test_expand_limit(void **state)
{
    const size_t bomb_size = 16 << 20;
    struct fixture *f = *state;
    uint8_t *zeros = sg_calloc(1, bomb_size);

    assert_non_null(zeros);
    compress_with(f, ZSTD_c_compressionLevel, 3, zeros, SG_RECORD_SIZE_MAX);
    assert_ok(expand(f));
    assert_int_equal(f->body_size, SG_RECORD_SIZE_MAX);
    compress_with(f, ZSTD_c_compressionLevel, 3, zeros, SG_RECORD_SIZE_MAX + 1);
    assert_err(expand(f), LIMIT);
    compress_with(f, ZSTD_c_compressionLevel, 3, zeros, bomb_size);
    assert_true(f->size < FRAME_MAX);
    assert_err(expand(f), LIMIT);
    sg_free(zeros);
}

/* A frame that is no shorter than its content was kept by no writer. */
static void test_expand_longer(void **state)
{
    struct fixture *f = *state;

    compress_with(f, ZSTD_c_compressionLevel, 3, "Q", 1);
    assert_true(f->size > 1);
    assert_err(expand(f), MALFORMED);
    compress_with(f, ZSTD_c_compressionLevel, 3, "", 0);
    assert_err(expand(f), MALFORMED);
}

/* Changed bytes give an error or other text, never more than a record, and
 * never disturb the next frame. */
static void test_expand_noise(void **state)
{
    struct fixture *f = *state;
    unsigned refused = 0;
    struct sg_prng prng;

    sg_prng_init(&prng, 11);
    for (unsigned i = 0; i < 2000; i++) {
        compress_with(f, ZSTD_c_compressionLevel, 3, text, sizeof(text));
        frame_of(f)[sg_prng_below(&prng, f->size)] ^=
            (uint8_t)(1u << sg_prng_below(&prng, 8));
        f->body_size = 0;
        refused += expand(f) != SG_OK;
        assert_true(f->body_size <= sizeof(f->body));
    }
    assert_in_range(refused, 200, 1999);
    compress_with(f, ZSTD_c_compressionLevel, 3, text, sizeof(text));
    assert_ok(expand(f));
    assert_memory_equal(f->body, text, sizeof(text));
}

/* A dictionary that this program does not have is a later version's. */
static void test_expand_version(void **state)
{
    struct fixture *f = *state;

    compress_with(f, ZSTD_c_compressionLevel, 3, text, sizeof(text));
    assert_err(sg_expand_frame(f->expander, SG_DICTIONARY_COUNT + 1,
                               frame_of(f), f->size, f->body, &f->body_size),
               VERSION);
    assert_err(sg_expand_frame(f->expander, 0, frame_of(f), f->size, f->body,
                               &f->body_size),
               VERSION);
}

static enum sg_err make(void *context)
{
    struct sg_expander *expander;
    enum sg_err err = sg_expand_new(&expander);

    (void)context;
    if (err == SG_OK)
        sg_expand_free(expander);
    return err;
}

/* Without memory, ours or zstd's, there is no expander and nothing is left
 * behind. */
static void test_expand_nomem(void **state)
{
    int64_t live = sg_alloc_live();

    (void)state;
    assert_int_equal(sg_torture_run(make, NULL), 1);
    no_context = true;
    assert_err(make(NULL), NOMEM);
    no_context = false;
    no_dictionary = true;
    assert_err(make(NULL), NOMEM);
    no_dictionary = false;
    assert_int_equal(sg_alloc_live(), live);
    sg_expand_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expand_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_noise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expand_version, setup, teardown),
        cmocka_unit_test(test_expand_nomem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
