#include "storage/log/compress.h"

#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "storage/log/dictionary.h"
#include "tests/lib/dies.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/lib/wrap.h"

/* zstd has an allocator of its own: these calls lack memory when told to. */
static bool no_context, no_dictionary, no_room;

SG_WRAP(no_context, NULL, ZSTD_CCtx *, ZSTD_createCCtx, (void), ())
SG_WRAP(no_dictionary, NULL, ZSTD_CDict *, ZSTD_createCDict,
        (const void *bytes, size_t size, int level), (bytes, size, level))
SG_WRAP(no_room, (size_t)-ZSTD_error_memory_allocation, size_t, ZSTD_compress2,
        (ZSTD_CCtx * context, void *to, size_t to_size, const void *from,
         size_t from_size),
        (context, to, to_size, from, from_size))

/* A frame, with the room in front of it that zstd wants. */
struct frame {
    size_t size;
    uint8_t room[SG_COMPRESS_MAGIC_SIZE + SG_COMPRESS_FRAME_MAX];
};

static uint8_t *frame_bytes(struct frame *frame)
{
    return frame->room + SG_COMPRESS_MAGIC_SIZE;
}

static void compress(struct sg_bytes body, struct frame *frame)
{
    struct sg_compressor *compressor;

    assert_ok(sg_compress_new(&compressor));
    assert_ok(sg_compress_frame(compressor, 1, body, frame_bytes(frame),
                                &frame->size));
    sg_compress_free(compressor);
}

/* With the magic number put back, zstd itself and the dictionary give the body
 * again; the header holds nothing but the window. */
static void test_compress_is_zstd(void **state)
{
    struct sg_bytes body = SG_BYTES_TEXT("Trần Thị Bích Ngọc, Hà Trung");
    struct sg_bytes dictionary = sg_dictionary_get(1);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    static struct frame frame;
    uint8_t again[64];
    size_t size;

    (void)state;
    compress(body, &frame);
    assert_true(frame.size < body.size);
    assert_int_equal(frame_bytes(&frame)[0], 0);
    memcpy(frame.room, "\x28\xb5\x2f\xfd", SG_COMPRESS_MAGIC_SIZE);
    size = ZSTD_decompress_usingDict(context, again, sizeof(again), frame.room,
                                     SG_COMPRESS_MAGIC_SIZE + frame.size,
                                     dictionary.data, dictionary.size);
    assert_int_equal(size, body.size);
    assert_memory_equal(again, body.data, size);
    ZSTD_freeDCtx(context);
}

/* What cannot be compressed, up to the largest record, stays within the room
 * that the header promises to be enough. */
static void test_compress_room(void **state)
{
    static uint8_t noise[SG_RECORD_SIZE_MAX];
    static struct frame frame;
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 5);
    sg_prng_bytes(&prng, noise, sizeof(noise));
    compress(SG_BYTES_ARRAY(noise), &frame);
    assert_in_range(frame.size, sizeof(noise), SG_COMPRESS_FRAME_MAX);
    compress(sg_bytes(noise, 0), &frame);
    assert_in_range(frame.size, 1, 8);
}

/* One compressor gives the same frame again, whatever it did meanwhile. */
static void test_compress_repeats(void **state)
{
    static const char *const bodies[] = {"Nguyễn Văn An", "",
                                         "Lê Thị Hoa, Bát Mọt"};
    struct sg_compressor *compressor;
    static struct frame first, again;

    (void)state;
    assert_ok(sg_compress_new(&compressor));
    for (size_t i = 0; i < 9; i++) {
        const char *body = bodies[i % 3];
        compress(sg_bytes(body, strlen(body)), &first);
        assert_ok(sg_compress_frame(compressor, 1, sg_bytes(body, strlen(body)),
                                    frame_bytes(&again), &again.size));
        assert_int_equal(again.size, first.size);
        assert_memory_equal(frame_bytes(&again), frame_bytes(&first),
                            first.size);
    }
    sg_compress_free(compressor);
}

static enum sg_err make(void *context)
{
    struct sg_compressor *compressor;
    enum sg_err err = sg_compress_new(&compressor);

    (void)context;
    if (err == SG_OK)
        sg_compress_free(compressor);
    return err;
}

/* Without memory, ours or zstd's, there is no compressor and nothing is left
 * behind; a frame that fails can be tried again. */
static void test_compress_nomem(void **state)
{
    struct sg_compressor *compressor;
    int64_t live = sg_alloc_live();
    static struct frame frame;

    (void)state;
    assert_int_equal(sg_torture_run(make, NULL), 1);
    no_context = true;
    assert_err(make(NULL), NOMEM);
    no_context = false;
    no_dictionary = true;
    assert_err(make(NULL), NOMEM);
    no_dictionary = false;
    assert_int_equal(sg_alloc_live(), live);
    assert_ok(sg_compress_new(&compressor));
    no_room = true;
    assert_err(sg_compress_frame(compressor, 1, SG_BYTES_TEXT("An"),
                                 frame_bytes(&frame), &frame.size),
               NOMEM);
    no_room = false;
    assert_ok(sg_compress_frame(compressor, 1, SG_BYTES_TEXT("An"),
                                frame_bytes(&frame), &frame.size));
    sg_compress_free(compressor);
    sg_compress_free(NULL);
}

static void compress_without_dictionary(void *compressor)
{
    static struct frame frame;

    (void)!sg_compress_frame(compressor, 0, SG_BYTES_TEXT("An"),
                             frame_bytes(&frame), &frame.size);
}

/* Compression without a dictionary is not a thing that callers may ask for. */
static void test_compress_dictionary(void **state)
{
    struct sg_compressor *compressor;

    (void)state;
    assert_ok(sg_compress_new(&compressor));
    assert_true(sg_dies(compress_without_dictionary, compressor));
    sg_compress_free(compressor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compress_is_zstd),
        cmocka_unit_test(test_compress_room),
        cmocka_unit_test(test_compress_repeats),
        cmocka_unit_test(test_compress_nomem),
        cmocka_unit_test(test_compress_dictionary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
