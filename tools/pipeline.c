#include "tools/pipeline.h"

#include <pthread.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* Room for one more body than the size at which a chunk is full. */
#define BODIES_MAX (SG_PIPELINE_BODIES_SIZE + SG_RECORD_SIZE_MAX)
/* What a seal adds to a body, and what compression may want in between. */
#define PAYLOADS_MAX \
    (BODIES_MAX + SG_PIPELINE_ENTRIES_MAX * 64u + 2u * SG_PAYLOAD_SIZE_MAX)

struct sg_pipeline {
    struct sg_pipeline_config config;
    struct sg_sealer *sealer;       /* the thread's */
    struct sg_sealer *again_sealer; /* the writer's */
    pthread_t thread;
    bool is_started;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex: */
    uint64_t next; /* index of the next body to be sealed */
    uint64_t round;
    unsigned n_sealed; /* chunks handed over, in all */
    unsigned n_got;
    unsigned n_done;
    bool is_ended;
    bool is_stopping;
    enum sg_err err; /* how it ended */

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
        chunk->items[i].kind = SG_SEAL_OPAQUE;
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
static enum sg_err fill(const struct sg_pipeline_config *config,
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
        if (err != SG_OK || next == SG_PIPELINE_END ||
            (next == SG_PIPELINE_PAUSE && chunk->count > 0))
            break;
        if (next == SG_PIPELINE_PAUSE)
            continue;
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

/* Waits for a chunk that is free; NULL when the writer stops. */
static struct sg_pipeline_chunk *wait_free(struct sg_pipeline *pipeline)
{
    struct sg_pipeline_chunk *chunk = NULL;

    (void)pthread_mutex_lock(&pipeline->mutex);
    while (!pipeline->is_stopping &&
           pipeline->n_sealed - pipeline->n_done == SG_PIPELINE_CHUNKS)
        (void)pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    if (!pipeline->is_stopping)
        chunk = &pipeline->chunks[pipeline->n_sealed % SG_PIPELINE_CHUNKS];
    (void)pthread_mutex_unlock(&pipeline->mutex);
    return chunk;
}

/* Where CHUNK, which is filled, will stand as things are now. */
static uint64_t place(struct sg_pipeline *pipeline,
                      struct sg_pipeline_chunk *chunk)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    uint64_t first = pipeline->next;
    pipeline->next += chunk->count;
    chunk->round = pipeline->round;
    (void)pthread_mutex_unlock(&pipeline->mutex);
    return first;
}

static void hand_over(struct sg_pipeline *pipeline, bool has_chunk, bool is_end,
                      enum sg_err err)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    if (has_chunk)
        pipeline->n_sealed++;
    pipeline->is_ended = is_end || err != SG_OK;
    pipeline->err = err;
    (void)pthread_cond_broadcast(&pipeline->changed);
    (void)pthread_mutex_unlock(&pipeline->mutex);
}

static void *run(void *context)
{
    struct sg_pipeline *pipeline = context;
    const struct sg_pipeline_config *config = &pipeline->config;
    struct sg_pipeline_chunk *chunk;
    enum sg_err err = SG_OK;
    bool is_end = false;

    while (err == SG_OK && !is_end && (chunk = wait_free(pipeline)) != NULL) {
        enum sg_err sealed = SG_OK;
        err = fill(config, chunk, &is_end);
        if (chunk->count > 0)
            sealed =
                seal(config, pipeline->sealer, chunk, place(pipeline, chunk));
        if (sealed != SG_OK)
            err = sealed;
        hand_over(pipeline, chunk->count > 0 && sealed == SG_OK, is_end, err);
    }
    return NULL;
}

static enum sg_err start(struct sg_pipeline *pipeline)
{
    if (sg_seal_sealer_new(&pipeline->sealer) != SG_OK ||
        sg_seal_sealer_new(&pipeline->again_sealer) != SG_OK)
        return SG_ERR_NOMEM;
    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS; i++) {
        /* All at once: bodies are secrets, and what moves is not wiped. */
        enum sg_err err =
            sg_buf_reserve(&pipeline->chunks[i].bodies, BODIES_MAX);
        if (err != SG_OK)
            return err;
    }
    if (pthread_create(&pipeline->thread, NULL, run, pipeline) != 0)
        return SG_ERR_LIMIT;
    pipeline->is_started = true;
    return SG_OK;
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
    (void)pthread_cond_init(&pipeline->changed, NULL);
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
    if (pipeline->is_started) {
        (void)pthread_mutex_lock(&pipeline->mutex);
        pipeline->is_stopping = true;
        (void)pthread_cond_broadcast(&pipeline->changed);
        (void)pthread_mutex_unlock(&pipeline->mutex);
        (void)pthread_join(pipeline->thread, NULL);
    }
    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS; i++) {
        sg_buf_wipe(&pipeline->chunks[i].bodies);
        sg_buf_clear(&pipeline->chunks[i].payloads);
    }
    sg_seal_sealer_free(pipeline->sealer);
    sg_seal_sealer_free(pipeline->again_sealer);
    (void)pthread_cond_destroy(&pipeline->changed);
    (void)pthread_mutex_destroy(&pipeline->mutex);
    sg_free(pipeline);
}

enum sg_err sg_pipeline_get(struct sg_pipeline *pipeline,
                            struct sg_pipeline_chunk **ret_chunk)
{
    struct sg_pipeline_chunk *chunk = NULL;
    enum sg_err err = SG_OK;

    (void)pthread_mutex_lock(&pipeline->mutex);
    SG_ASSERT(pipeline->n_got == pipeline->n_done);
    while (pipeline->n_got == pipeline->n_sealed && !pipeline->is_ended)
        (void)pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    if (pipeline->n_got < pipeline->n_sealed)
        chunk = &pipeline->chunks[pipeline->n_got++ % SG_PIPELINE_CHUNKS];
    else
        err = pipeline->err;
    (void)pthread_mutex_unlock(&pipeline->mutex);
    if (err == SG_OK)
        *ret_chunk = chunk;
    return err;
}

void sg_pipeline_done(struct sg_pipeline *pipeline,
                      struct sg_pipeline_chunk *chunk)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    SG_ASSERT(chunk ==
              &pipeline->chunks[pipeline->n_done % SG_PIPELINE_CHUNKS]);
    pipeline->n_done++;
    SG_ASSERT(pipeline->n_done == pipeline->n_got);
    (void)pthread_cond_broadcast(&pipeline->changed);
    (void)pthread_mutex_unlock(&pipeline->mutex);
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
