/* Sealing ahead of the writer: threads take bodies from a source, seal them for
 * the places that they will have, and hand them over in chunks, in order, while
 * the writer commits the chunk before (DESIGN.md D14).
 *
 * Places are predicted. Where the writer finds the log longer than that
 * (SG_ERR_STATE), it has the chunk sealed again for where the log ends now. It
 * writes nothing itself.
 */
#ifndef SG_TOOLS_PIPELINE_H
#define SG_TOOLS_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/log/seal.h"

/* Sealing a record takes three times what the writer does with it: two threads
 * keep two cores busy. */
#define SG_PIPELINE_THREADS 2
/* Chunks on their way: one at the writer, one ready, one with each thread. */
#define SG_PIPELINE_CHUNKS (SG_PIPELINE_THREADS + 2)
/* Entries of one chunk. */
#define SG_PIPELINE_ENTRIES_MAX 1000
/* Bytes of bodies at which a chunk is handed over though it is not full. */
#define SG_PIPELINE_BODIES_SIZE (2u << 20)

enum sg_pipeline_next {
    SG_PIPELINE_BODY,  /* here is one */
    SG_PIPELINE_PAUSE, /* none for the moment: hand over what there is */
    SG_PIPELINE_END,   /* there will be none */
};

/* Gives the next body, borrowed until the next call; while the chunk IS_EMPTY
 * it may wait for it, though not for ever. An error ends the pipeline after the
 * bodies before it. Context: the sealing threads, one at a time. */
typedef enum sg_err sg_pipeline_source(void *context, bool is_empty,
                                       enum sg_pipeline_next *ret_next,
                                       struct sg_bytes *ret_body);

struct sg_pipeline_config {
    const struct sg_entry_hasher *hasher;
    const struct sg_seal_keys *keys;
    uint64_t key_entry;
    enum sg_seal_kind kind; /* of all bodies */
    uint64_t first;         /* index of the first one */
    size_t entries_max;     /* of a chunk; 0: SG_PIPELINE_ENTRIES_MAX */
    sg_pipeline_source *source;
    void *context;
};

/* A chunk as the writer gets it; read it, do not change it. */
struct sg_pipeline_chunk {
    uint64_t first; /* index that entries[0] is sealed for */
    size_t count;
    struct sg_entry entries[SG_PIPELINE_ENTRIES_MAX];
    /* The pipeline's own: */
    struct sg_seal_item items[SG_PIPELINE_ENTRIES_MAX];
    size_t offsets[SG_PIPELINE_ENTRIES_MAX]; /* of the bodies */
    struct sg_buf bodies;
    struct sg_buf payloads;
    uint64_t round; /* how often places had been corrected */
};

struct sg_pipeline;

/* Starts a pipeline. Borrows: what CONFIG points to, until free. The caller
 * frees it with sg_pipeline_free.
 * Errors: NOMEM, LIMIT (no threads to be had). */
SG_USE_RESULT enum sg_err sg_pipeline_new(
    const struct sg_pipeline_config *config, struct sg_pipeline **ret_pipeline);

/* Stops the threads, when their source returns, and frees. Takes NULL. */
void sg_pipeline_free(struct sg_pipeline *pipeline);

/* Waits for the next chunk, which is borrowed until sg_pipeline_done; NULL when
 * the source has ended. Context: the writer.
 * Errors: the source's, after all chunks before it; as sg_seal_encode. */
SG_USE_RESULT enum sg_err sg_pipeline_get(struct sg_pipeline *pipeline,
                                          struct sg_pipeline_chunk **ret_chunk);

/* Gives CHUNK back. Context: the writer. */
void sg_pipeline_done(struct sg_pipeline *pipeline,
                      struct sg_pipeline_chunk *chunk);

/* Seals CHUNK again, to begin at FIRST, and those after it behind it. Context:
 * the writer. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_pipeline_again(struct sg_pipeline *pipeline,
                                            struct sg_pipeline_chunk *chunk,
                                            uint64_t first);

#endif
