/* What the benches of storage share: workload W in memory, and a store in the
 * folder of the bench that is filled with it.
 */
#ifndef SG_TOOLS_BENCH_STORE_H
#define SG_TOOLS_BENCH_STORE_H

#include "storage/lmdb/batch.h"
#include "storage/log/seal.h"
#include "tools/bench.h"
#include "tools/pipeline.h"

#define SG_BENCH_STORE_PATH_MAX 4352

/* Bodies, one after the other, again and again: workload W, or the signed
 * records of synthetic citizens. */
struct sg_bench_workload {
    const char *name; /* as it stands in the names of figures */
    enum sg_seal_kind kind;
    struct sg_buf memory;
    struct sg_bytes *bodies;
    size_t count;
    size_t at;
};

/* Reads FILE, which `tools/workload COUNT --msgpack` printed. Ends with
 * sg_bench_store_clear. Errors: IO, MALFORMED, NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_bench_store_load(const char *file,
                                              struct sg_bench_workload *ret);

/* Makes at least COUNT records of what offices write about synthetic citizens,
 * each with its officer's signature. Ends with sg_bench_store_clear.
 * Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_bench_store_invent(size_t count,
                                                struct sg_bench_workload *ret);
void sg_bench_store_clear(struct sg_bench_workload *workload);

/* Gives the next body. */
struct sg_bytes sg_bench_store_body(struct sg_bench_workload *workload);

/* A store with one own log, whose entry 1 is a content key. */
struct sg_bench_store {
    char dir[SG_BENCH_STORE_PATH_MAX];
    struct sg_registry_id registry;
    struct sg_sign_key key;
    struct sg_store *store;
    struct sg_batch *batch;
    const struct sg_store_own *own;
    struct sg_seal_keys keys;
    uint64_t key_entry;
};

/* Makes a new store in BENCH's folder. Ends with sg_bench_store_remove, which
 * takes what failed, too. */
SG_USE_RESULT enum sg_err sg_bench_store_make(const struct sg_bench *bench,
                                              struct sg_bench_store *ret_store);
void sg_bench_store_remove(struct sg_bench_store *store);

/* Takes the data directory DIR of a node that does not run, and gives its log a
 * content key. Ends with sg_bench_store_close: the directory stays. Errors: as
 * sg_store_open; of a key file that does not open. */
SG_USE_RESULT enum sg_err sg_bench_store_adopt(
    const char *dir, struct sg_bench_store *ret_store);

/* Opens what was closed; closes. */
SG_USE_RESULT enum sg_err sg_bench_store_open(struct sg_bench_store *store);
void sg_bench_store_close(struct sg_bench_store *store);

/* Appends chunks of a pipeline that seals WORKLOAD on its own thread. */
struct sg_bench_filling {
    struct sg_bench_store *store;
    struct sg_bench_workload *workload;
    struct sg_pipeline *pipeline;
};

SG_USE_RESULT enum sg_err sg_bench_store_fill_begin(
    struct sg_bench_filling *filling);
/* Writes one chunk durably; a sg_bench_work of SG_PIPELINE_ENTRIES_MAX. */
SG_USE_RESULT enum sg_err sg_bench_store_fill_step(void *filling);
void sg_bench_store_fill_end(struct sg_bench_filling *filling);

/* Appends COUNT bodies of WORKLOAD, durably. */
SG_USE_RESULT enum sg_err sg_bench_store_fill(
    struct sg_bench_store *store, struct sg_bench_workload *workload,
    size_t count);

/* Founds an invented registry: its genesis, appended to RET_GENESIS, and the
 * keys of the authority's node, which it names as writer. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_bench_store_found(
    struct sg_buf *ret_genesis, struct sg_registry_id *ret_registry,
    struct sg_sign_key *ret_key, uint8_t ret_node[SG_KEY_SIZE]);

#endif
