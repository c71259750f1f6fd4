#include "tools/pipeline.h"

#include <pthread.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tools/relay.h"

/* Room for one more body than the size at which a chunk is full. */
#define BODIES_MAX (SG_PIPELINE_BODIES_SIZE + SG_RECORD_SIZE_MAX)
/* What a seal adds to a body, and what compression may want in between. */
#define PAYLOADS_MAX \
    (BODIES_MAX + SG_PIPELINE_ENTRIES_MAX * 64u + 2u * SG_PAYLOAD_SIZE_MAX)

struct sg_pipeline {
    struct sg_pipeline_config config;
    struct sg_relay *relay;
    struct sg_sealer *sealers[SG_PIPELINE_THREADS];
    struct sg_sealer *again_sealer; /* the writer's */
    bool is_out;                    /* a chunk is with the writer */

    pthread_mutex_t mutex;
    /* Under the mutex: */
    uint64_t next; /* index of the next body to be sealed */
    uint64_t round;

    struct sg_pipeline_chunk chunks[SG_PIPELINE_CHUNKS];
};

/* Seals the bodies of CHUNK for the places from FIRST on. */
static enum sg_err seal(const struct sg_pipeline_config *config,
                        struct sg_sealer *sealer,
                        struct sg_pipeline_chunk *chunk, uint64_t first)
{
    size_t at = 0;

    for (size_t i = 0; i < chunk->count; i++) {
        chunk->items[i].index = first + i;
        chunk->items[i].kind = config->kind;
        chunk->items[i].body.data = chunk->bodies.data + chunk->offsets[i];
    }
    sg_buf_truncate(&chunk->payloads, 0);
    enum sg_err err =
        sg_seal_encode_batch(sealer, config->keys, config->key_entry,
                             chunk->items, chunk->count, &chunk->payloads);
    for (size_t i = 0; i < chunk->count && err == SG_OK; i++) {
        size_t size = chunk->items[i].payload_size;
        err = sg_entry_make(config->hasher, SG_ENTRY_SEALED, config->key_entry,
                            sg_bytes(chunk->payloads.data + at, size),
                            &chunk->entries[i]);
        at += size;
    }
    chunk->first = first;
    return err;
}

/* Fills CHUNK from the source. */
static enum sg_err take(const struct sg_pipeline_config *config,
                        struct sg_pipeline_chunk *chunk, bool *ret_end)
{
    enum sg_pipeline_next next = SG_PIPELINE_BODY;
    enum sg_err err = SG_OK;
    struct sg_bytes body;

    chunk->count = 0;
    sg_buf_truncate(&chunk->bodies, 0);
    while (chunk->count < config->entries_max &&
           chunk->bodies.size < SG_PIPELINE_BODIES_SIZE) {
        err = config->source(config->context, chunk->count == 0, &next, &body);
        if (err != SG_OK || next != SG_PIPELINE_BODY)
            break;
        chunk->offsets[chunk->count] = chunk->bodies.size;
        chunk->items[chunk->count].body.size = body.size;
        err = sg_buf_append(&chunk->bodies, body);
        if (err != SG_OK)
            break;
        chunk->count++;
    }
    *ret_end = next == SG_PIPELINE_END;
    return err;
}

/* Gives CHUNK the place that it will have as things are now. */
static void place(struct sg_pipeline *pipeline, struct sg_pipeline_chunk *chunk)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    chunk->first = pipeline->next;
    chunk->round = pipeline->round;
    pipeline->next += chunk->count;
    (void)pthread_mutex_unlock(&pipeline->mutex);
}

static enum sg_err fill(void *context, unsigned slot, bool *ret_is_filled,
                        bool *ret_is_end)
{
    struct sg_pipeline *pipeline = context;
    struct sg_pipeline_chunk *chunk = &pipeline->chunks[slot];
    enum sg_err err = take(&pipeline->config, chunk, ret_is_end);

    place(pipeline, chunk);
    *ret_is_filled = chunk->count > 0;
    return err;
}

static enum sg_err work(void *context, unsigned thread, unsigned slot)
{
    struct sg_pipeline *pipeline = context;
    struct sg_pipeline_chunk *chunk = &pipeline->chunks[slot];

    return seal(&pipeline->config, pipeline->sealers[thread], chunk,
                chunk->first);
}

static enum sg_err start(struct sg_pipeline *pipeline)
{
    const struct sg_relay_config relay = {
        .threads = SG_PIPELINE_THREADS,
        .slots = SG_PIPELINE_CHUNKS,
        .fill = fill,
        .work = work,
        .context = pipeline,
    };
    enum sg_err err = sg_seal_sealer_new(&pipeline->again_sealer);

    for (unsigned i = 0; i < SG_PIPELINE_THREADS && err == SG_OK; i++)
        err = sg_seal_sealer_new(&pipeline->sealers[i]);
    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS && err == SG_OK; i++) {
        /* All at once: bodies are secrets, and what moves is not wiped. */
        err = sg_buf_reserve(&pipeline->chunks[i].bodies, BODIES_MAX);
    }
    return err == SG_OK ? sg_relay_new(&relay, &pipeline->relay) : err;
}

enum sg_err sg_pipeline_new(const struct sg_pipeline_config *config,
                            struct sg_pipeline **ret_pipeline)
{
    struct sg_pipeline *pipeline = sg_calloc(1, sizeof *pipeline);

    if (pipeline == NULL)
        return SG_ERR_NOMEM;
    pipeline->config = *config;
    if (config->entries_max == 0)
        pipeline->config.entries_max = SG_PIPELINE_ENTRIES_MAX;
    SG_ASSERT(pipeline->config.entries_max <= SG_PIPELINE_ENTRIES_MAX);
    pipeline->next = config->first;
    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS; i++) {
        sg_buf_init(&pipeline->chunks[i].bodies, BODIES_MAX);
        sg_buf_init(&pipeline->chunks[i].payloads, PAYLOADS_MAX);
    }
    (void)pthread_mutex_init(&pipeline->mutex, NULL);
    enum sg_err err = start(pipeline);
    if (err == SG_OK)
        *ret_pipeline = pipeline;
    else
        sg_pipeline_free(pipeline);
    return err;
}

void sg_pipeline_free(struct sg_pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    sg_relay_free(pipeline->relay);
    for (unsigned i = 0; i < SG_PIPELINE_THREADS; i++)
        sg_seal_sealer_free(pipeline->sealers[i]);
    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS; i++) {
        sg_buf_wipe(&pipeline->chunks[i].bodies);
        sg_buf_clear(&pipeline->chunks[i].payloads);
    }
    sg_seal_sealer_free(pipeline->again_sealer);
    (void)pthread_mutex_destroy(&pipeline->mutex);
    sg_free(pipeline);
}

enum sg_err sg_pipeline_get(struct sg_pipeline *pipeline,
                            struct sg_pipeline_chunk **ret_chunk)
{
    enum sg_relay_got got;
    unsigned slot = 0;
    enum sg_err err;

    SG_ASSERT(!pipeline->is_out);
    err = sg_relay_get(pipeline->relay, true, &got, &slot);
    if (err != SG_OK)
        return err;
    pipeline->is_out = got == SG_RELAY_SLOT;
    *ret_chunk = pipeline->is_out ? &pipeline->chunks[slot] : NULL;
    return SG_OK;
}

void sg_pipeline_done(struct sg_pipeline *pipeline,
                      struct sg_pipeline_chunk *chunk)
{
    SG_ASSERT(pipeline->is_out);
    SG_ASSERT(chunk >= pipeline->chunks);
    pipeline->is_out = false;
    sg_relay_done(pipeline->relay);
}

enum sg_err sg_pipeline_again(struct sg_pipeline *pipeline,
                              struct sg_pipeline_chunk *chunk, uint64_t first)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    /* A chunk that was placed before an earlier correction is late, not a sign
     * of another one. */
    if (chunk->round == pipeline->round) {
        pipeline->next += first - chunk->first;
        pipeline->round++;
    }
    (void)pthread_mutex_unlock(&pipeline->mutex);
    return seal(&pipeline->config, pipeline->again_sealer, chunk, first);
}
