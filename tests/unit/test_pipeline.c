#include "tools/pipeline.h"

#include <stdatomic.h>
#include <string.h>

#include "tests/lib/test.h"

#define KEY_ENTRY 1
#define FIRST     2

/* Bodies 0, 1, 2 ... of three bytes, up to END; pauses where it is told. */
struct source {
    uint32_t at;
    uint32_t end;
    uint32_t pause_every; /* 0: never */
    bool has_paused;
    enum sg_err err; /* at the end */
    uint8_t body[3];
    atomic_uint calls;
};

static struct sg_registry_id registry;
static struct sg_entry_hasher hasher;
static struct sg_seal_keys keys;

static int set_up(void **state)
{
    static const struct sg_log_id log = {{{7}}};
    static const uint8_t secret[SG_KEY_SIZE] = "of a test";

    (void)state;
    assert_int_equal(sg_crypto_init(), SG_OK);
    sg_entry_hasher_init(&hasher, &registry);
    sg_seal_keys_init(&keys, &registry, &log, secret);
    return 0;
}

static enum sg_err next(void *context, bool is_empty,
                        enum sg_pipeline_next *ret_next,
                        struct sg_bytes *ret_body)
{
    struct source *source = context;

    (void)is_empty;
    atomic_fetch_add(&source->calls, 1);
    if (source->at == source->end) {
        *ret_next = SG_PIPELINE_END;
        return source->err;
    }
    if (source->pause_every > 0 && source->at % source->pause_every == 0 &&
        !source->has_paused) {
        source->has_paused = true;
        *ret_next = SG_PIPELINE_PAUSE;
        return SG_OK;
    }
    source->has_paused = false;
    source->body[0] = (uint8_t)(source->at >> 16);
    source->body[1] = (uint8_t)(source->at >> 8);
    source->body[2] = (uint8_t)source->at;
    source->at++;
    *ret_next = SG_PIPELINE_BODY;
    *ret_body = SG_BYTES_ARRAY(source->body);
    return SG_OK;
}

static struct sg_pipeline *start(struct source *source, size_t entries_max)
{
    const struct sg_pipeline_config config = {.hasher = &hasher,
                                              .keys = &keys,
                                              .key_entry = KEY_ENTRY,
                                              .first = FIRST,
                                              .entries_max = entries_max,
                                              .source = next,
                                              .context = source};
    struct sg_pipeline *pipeline;

    assert_int_equal(sg_pipeline_new(&config, &pipeline), SG_OK);
    return pipeline;
}

/* Opens every seal of CHUNK at the place that it says. */
static void check(const struct sg_pipeline_chunk *chunk, uint32_t body)
{
    struct sg_opener *opener;

    assert_int_equal(sg_seal_opener_new(&opener), SG_OK);
    for (size_t i = 0; i < chunk->count; i++, body++) {
        const struct sg_entry *entry = &chunk->entries[i];
        struct sg_seal_place place = {chunk->first + i, KEY_ENTRY};
        const uint8_t wanted[3] = {(uint8_t)(body >> 16), (uint8_t)(body >> 8),
                                   (uint8_t)body};
        enum sg_seal_kind kind;
        struct sg_bytes found;
        assert_int_equal(sg_seal_decode(opener, &keys, &place, entry->payload,
                                        &kind, &found),
                         SG_OK);
        assert_true(sg_bytes_equal(found, SG_BYTES_ARRAY(wanted)));
        assert_int_equal(entry->kind, SG_ENTRY_SEALED);
        assert_int_equal(entry->key_entry, KEY_ENTRY);
        struct sg_hash hash = sg_entry_payload_hash(&hasher, entry->payload);
        assert_memory_equal(&hash, &entry->payload_hash, sizeof hash);
    }
    sg_seal_opener_free(opener);
}

/* Every body comes out once, in order, sealed for the place it will have, in
 * chunks that are full but for the last. */
static void test_order(void **state)
{
    struct source source = {.end = 2500};
    struct sg_pipeline *pipeline = start(&source, 0);
    static const size_t counts[] = {1000, 1000, 500};
    struct sg_pipeline_chunk *chunk;
    uint32_t at = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
        assert_non_null(chunk);
        assert_int_equal(chunk->count, counts[i]);
        assert_int_equal(chunk->first, FIRST + at);
        check(chunk, at);
        at += (uint32_t)chunk->count;
        sg_pipeline_done(pipeline, chunk);
    }
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
    assert_null(chunk);
    sg_pipeline_free(pipeline);
}

/* A pause hands over what there is, and an empty chunk never comes. */
static void test_pause(void **state)
{
    struct source source = {.end = 40, .pause_every = 10};
    struct sg_pipeline *pipeline = start(&source, 0);
    struct sg_pipeline_chunk *chunk;

    (void)state;
    for (uint32_t at = 0; at < 40; at += 10) {
        assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
        assert_int_equal(chunk->count, 10);
        check(chunk, at);
        sg_pipeline_done(pipeline, chunk);
    }
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
    assert_null(chunk);
    sg_pipeline_free(pipeline);
}

/* When the source fails, the bodies before come out, then its error. */
static void test_source_fails(void **state)
{
    struct source source = {.end = 15, .err = SG_ERR_IO};
    struct sg_pipeline *pipeline = start(&source, 10);
    struct sg_pipeline_chunk *chunk;

    (void)state;
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
    assert_int_equal(chunk->count, 10);
    sg_pipeline_done(pipeline, chunk);
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
    assert_int_equal(chunk->count, 5);
    check(chunk, 10);
    sg_pipeline_done(pipeline, chunk);
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_ERR_IO);
    sg_pipeline_free(pipeline);
}

/* Memory is bounded: the source is not asked for more than the chunks hold
 * until one is given back. */
static void test_bounded(void **state)
{
    struct source source = {.end = UINT32_MAX};
    struct sg_pipeline *pipeline = start(&source, 4);
    struct sg_pipeline_chunk *chunk;

    (void)state;
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
    sg_pipeline_free(pipeline);
    assert_in_range(atomic_load(&source.calls), 4, 4 * SG_PIPELINE_CHUNKS);
}

/* When the log has grown meanwhile, the chunk and all behind it move on by as
 * much, whether they were sealed before the writer noticed or after. */
static void test_again(void **state)
{
    struct source source = {.end = 60};
    struct sg_pipeline *pipeline = start(&source, 10);
    struct sg_pipeline_chunk *chunk;
    uint64_t end = FIRST; /* of the log, as the writer knows it */
    unsigned corrected = 0;

    (void)state;
    for (uint32_t at = 0; at < 60; at += 10) {
        assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_OK);
        assert_int_equal(chunk->count, 10);
        if (at == 10 || at == 30)
            end += 3; /* somebody else wrote */
        if (chunk->first != end) {
            assert_int_equal(sg_pipeline_again(pipeline, chunk, end), SG_OK);
            corrected++;
        }
        assert_int_equal(chunk->first, end);
        check(chunk, at);
        end += chunk->count;
        sg_pipeline_done(pipeline, chunk);
    }
    assert_in_range(corrected, 2, 5);
    sg_pipeline_free(pipeline);
}

/* A pipeline whose source has nothing to give can be freed all the same. */
static enum sg_err nothing(void *context, bool is_empty,
                           enum sg_pipeline_next *ret_next,
                           struct sg_bytes *ret_body)
{
    (void)context;
    (void)ret_body;
    assert_true(is_empty);
    *ret_next = SG_PIPELINE_PAUSE;
    return SG_OK;
}

static void test_idle(void **state)
{
    const struct sg_pipeline_config config = {.hasher = &hasher,
                                              .keys = &keys,
                                              .key_entry = KEY_ENTRY,
                                              .first = FIRST,
                                              .source = nothing};
    struct sg_pipeline *pipeline;

    (void)state;
    assert_int_equal(sg_pipeline_new(&config, &pipeline), SG_OK);
    sg_pipeline_free(pipeline);
}

/* A content that no seal takes ends the pipeline with the seal's error. */
static enum sg_err too_long(void *context, bool is_empty,
                            enum sg_pipeline_next *ret_next,
                            struct sg_bytes *ret_body)
{
    static const uint8_t body[SG_RECORD_SIZE_MAX + 1];

    (void)context;
    (void)is_empty;
    *ret_next = SG_PIPELINE_BODY;
    *ret_body = SG_BYTES_ARRAY(body);
    return SG_OK;
}

static void test_seal_fails(void **state)
{
    const struct sg_pipeline_config config = {.hasher = &hasher,
                                              .keys = &keys,
                                              .key_entry = KEY_ENTRY,
                                              .first = FIRST,
                                              .entries_max = 1,
                                              .source = too_long};
    struct sg_pipeline *pipeline;
    struct sg_pipeline_chunk *chunk;

    (void)state;
    assert_int_equal(sg_pipeline_new(&config, &pipeline), SG_OK);
    assert_int_equal(sg_pipeline_get(pipeline, &chunk), SG_ERR_LIMIT);
    sg_pipeline_free(pipeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_source_fails), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_again),        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_seal_fails),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
