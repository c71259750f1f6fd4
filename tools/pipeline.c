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
    struct worker {
        struct sg_pipeline *pipeline;
        struct sg_sealer *sealer;
        pthread_t thread;
    } workers[SG_PIPELINE_THREADS];
    unsigned n_started;
    struct sg_sealer *again_sealer; /* the writer's */

    pthread_mutex_t source; /* held while a chunk is filled; before mutex */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex: */
    uint64_t next; /* index of the next body to be sealed */
    uint64_t round;
    unsigned n_filled; /* chunks that were filled and placed, in all */
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

/* Waits for a chunk that is free; NULL when there is nothing more to do. */
static struct sg_pipeline_chunk *wait_free(struct sg_pipeline *pipeline)
{
    struct sg_pipeline_chunk *chunk = NULL;

    (void)pthread_mutex_lock(&pipeline->mutex);
    while (!pipeline->is_stopping && !pipeline->is_ended &&
           pipeline->n_filled - pipeline->n_done == SG_PIPELINE_CHUNKS)
        (void)pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    if (!pipeline->is_stopping && !pipeline->is_ended)
        chunk = &pipeline->chunks[pipeline->n_filled % SG_PIPELINE_CHUNKS];
    (void)pthread_mutex_unlock(&pipeline->mutex);
    return chunk;
}

/* Gives CHUNK, which is filled unless it is empty, its turn; returns where it
 * will stand as things are now. */
static uint64_t place(struct sg_pipeline *pipeline,
                      struct sg_pipeline_chunk *chunk, bool is_end,
                      enum sg_err err)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    uint64_t first = pipeline->next;
    if (chunk->count > 0) {
        pipeline->next += chunk->count;
        pipeline->n_filled++;
        chunk->round = pipeline->round;
        chunk->is_sealed = false;
    }
    pipeline->is_ended = is_end || err != SG_OK;
    pipeline->err = err;
    (void)pthread_cond_broadcast(&pipeline->changed);
    (void)pthread_mutex_unlock(&pipeline->mutex);
    return first;
}

static void hand_over(struct sg_pipeline *pipeline,
                      struct sg_pipeline_chunk *chunk, enum sg_err err)
{
    (void)pthread_mutex_lock(&pipeline->mutex);
    chunk->is_sealed = true;
    chunk->err = err;
    (void)pthread_cond_broadcast(&pipeline->changed);
    (void)pthread_mutex_unlock(&pipeline->mutex);
}

/* Takes the next chunk's bodies; one thread at a time, so that their order is
 * the source's. NULL at the end. */
static struct sg_pipeline_chunk *take(struct sg_pipeline *pipeline,
                                      uint64_t *ret_first)
{
    struct sg_pipeline_chunk *chunk;
    enum sg_err err;
    bool is_end = false;

    (void)pthread_mutex_lock(&pipeline->source);
    do { /* again after a pause that came before the first body */
        chunk = wait_free(pipeline);
        if (chunk == NULL)
            break;
        err = fill(&pipeline->config, chunk, &is_end);
        *ret_first = place(pipeline, chunk, is_end, err);
    } while (chunk->count == 0);
    (void)pthread_mutex_unlock(&pipeline->source);
    return chunk;
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct sg_pipeline *pipeline = worker->pipeline;
    struct sg_pipeline_chunk *chunk;
    uint64_t first;

    while ((chunk = take(pipeline, &first)) != NULL)
        hand_over(pipeline, chunk,
                  seal(&pipeline->config, worker->sealer, chunk, first));
    return NULL;
}

static enum sg_err start_workers(struct sg_pipeline *pipeline)
{
    for (unsigned i = 0; i < SG_PIPELINE_THREADS; i++) {
        struct worker *worker = &pipeline->workers[i];
        worker->pipeline = pipeline;
        enum sg_err err = sg_seal_sealer_new(&worker->sealer);
        if (err != SG_OK)
            return err;
        if (pthread_create(&worker->thread, NULL, run, worker) != 0)
            return SG_ERR_LIMIT;
        pipeline->n_started++;
    }
    return SG_OK;
}

static enum sg_err start(struct sg_pipeline *pipeline)
{
    enum sg_err err = sg_seal_sealer_new(&pipeline->again_sealer);

    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS && err == SG_OK; i++) {
        /* All at once: bodies are secrets, and what moves is not wiped. */
        err = sg_buf_reserve(&pipeline->chunks[i].bodies, BODIES_MAX);
    }
    return err == SG_OK ? start_workers(pipeline) : err;
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
    (void)pthread_mutex_init(&pipeline->source, NULL);
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
    (void)pthread_mutex_lock(&pipeline->mutex);
    pipeline->is_stopping = true;
    (void)pthread_cond_broadcast(&pipeline->changed);
    (void)pthread_mutex_unlock(&pipeline->mutex);
    for (unsigned i = 0; i < pipeline->n_started; i++)
        (void)pthread_join(pipeline->workers[i].thread, NULL);
    for (unsigned i = 0; i < SG_PIPELINE_THREADS; i++)
        sg_seal_sealer_free(pipeline->workers[i].sealer);
    for (unsigned i = 0; i < SG_PIPELINE_CHUNKS; i++) {
        sg_buf_wipe(&pipeline->chunks[i].bodies);
        sg_buf_clear(&pipeline->chunks[i].payloads);
    }
    sg_seal_sealer_free(pipeline->again_sealer);
    (void)pthread_cond_destroy(&pipeline->changed);
    (void)pthread_mutex_destroy(&pipeline->mutex);
    (void)pthread_mutex_destroy(&pipeline->source);
    sg_free(pipeline);
}

enum sg_err sg_pipeline_get(struct sg_pipeline *pipeline,
                            struct sg_pipeline_chunk **ret_chunk)
{
    struct sg_pipeline_chunk *chunk =
        &pipeline->chunks[pipeline->n_got % SG_PIPELINE_CHUNKS];
    enum sg_err err;

    (void)pthread_mutex_lock(&pipeline->mutex);
    SG_ASSERT(pipeline->n_got == pipeline->n_done);
    while (pipeline->n_got == pipeline->n_filled ? !pipeline->is_ended
                                                 : !chunk->is_sealed)
        (void)pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    if (pipeline->n_got == pipeline->n_filled) {
        chunk = NULL;
        err = pipeline->err;
    } else {
        err = chunk->err;
        pipeline->n_got += err == SG_OK;
    }
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
