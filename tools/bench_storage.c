/* The log store on workload W, and on signed records beside it: appends of its
 * own, packages of others, reads, proofs, opening, bytes on disk.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/prng.h"
#include "storage/lmdb/fetch.h"
#include "tools/bench_foreign.h"
#include "tools/bench_store.h"

#define NO_CALLS_MAX UINT64_MAX
#define RECORDS_FULL 10000000u
/* What the design asks (issue 3). */
#define GOAL_APPEND_SHARE 0.33 /* of the flush rate */
#define GOAL_APPEND_BATCH 250000.0
#define GOAL_PROOF_US     200.0
#define GOAL_OPEN_MS      50.0
/* Bytes on disk of one entry: of W, and of a signed record. */
#define GOAL_DISK_W       280.0
#define GOAL_DISK_RECORDS 420.0
/* Signed records to take turns with, and how many fill a store. */
#define SIGNED_COUNT 20000u
#define SIGNED_FILL  200000u
#define NAME_SIZE    64
/* Written before LMDB alone is measured: more than it will need. */
#define SINGLE_ROOM (64u << 20)

/* Writes the name of a figure on WORKLOAD. */
static const char *name_of(char name[NAME_SIZE], const char *what,
                           const struct sg_bench_workload *workload)
{
    (void)snprintf(name, NAME_SIZE, "storage/%s_%s", what, workload->name);
    return name;
}

static bool is_w(const struct sg_bench_workload *workload)
{
    return workload->kind == SG_SEAL_OPAQUE;
}

/* One entry, appended and made durable, by the writer alone. It is sealed ahead
 * on other threads, as whatever writes here has it done. */
struct single {
    struct sg_bench_filling filling;
    struct sg_pipeline_chunk *chunk; /* NULL: none yet */
    size_t next;
};

static enum sg_err append_one(void *context)
{
    struct single *single = context;
    struct sg_bench_store *store = single->filling.store;
    struct sg_pipeline *pipeline = single->filling.pipeline;
    enum sg_err err = SG_OK;

    if (single->chunk != NULL && single->next == single->chunk->count) {
        sg_pipeline_done(pipeline, single->chunk);
        single->chunk = NULL;
    }
    if (single->chunk == NULL) {
        err = sg_pipeline_get(pipeline, &single->chunk);
        single->next = 0;
    }
    if (err != SG_OK)
        return err;
    SG_ASSERT(single->chunk != NULL);
    err = sg_batch_append(store->batch, store->own->number,
                          single->chunk->first + single->next,
                          &single->chunk->entries[single->next], 1);
    single->next++;
    return err == SG_OK ? sg_batch_commit(store->batch) : err;
}

/* The flush, LMDB alone, and what is measured, in turn. What three flushes can
 * reach here is an append by LMDB alone to a file with room, which is two of
 * them, and one more, one after the other, with no work of ours. */
static enum sg_err measure_single(struct sg_bench *bench, struct single *single,
                                  struct sg_bench_limits_file *file,
                                  struct sg_bench_limits_lmdb *lmdb)
{
    const struct sg_bench_workload *workload = single->filling.workload;
    char name[NAME_SIZE], bound_name[NAME_SIZE];
    struct sg_bench_turn turns[] = {
        {1, NO_CALLS_MAX, sg_bench_limits_file_sync, file, 0},
        {1, NO_CALLS_MAX, sg_bench_limits_lmdb_append, lmdb, 0},
        {1, NO_CALLS_MAX, append_one, single, 0},
    };
    enum sg_err err = sg_bench_rates(bench, turns, 3);
    struct sg_bench_figure figure = {
        .name = name_of(name, "append_1", workload),
        .unit = "/s",
        .value = turns[2].rate,
        .limit = turns[0].rate,
        .goal = GOAL_APPEND_SHARE * turns[0].rate,
        .goal_kind = SG_BENCH_AT_LEAST,
    };
    struct sg_bench_figure bound = {
        .name = name_of(bound_name, "append_1_bound", workload),
        .unit = "/s",
        .value = 1 / (1 / turns[1].rate + 1 / turns[0].rate),
        .limit = turns[0].rate,
    };

    if (err == SG_OK) {
        sg_bench_print(bench, &figure);
        sg_bench_print(bench, &bound);
    }
    return err;
}

static enum sg_err run_single(struct sg_bench *bench,
                              struct sg_bench_store *store,
                              struct sg_bench_workload *workload)
{
    struct single single = {.filling = {store, workload, NULL}};
    struct sg_bench_limits_file *file = NULL;
    struct sg_bench_limits_lmdb *lmdb = NULL;
    enum sg_err err = sg_bench_limits_file_new(bench, &file);

    if (err == SG_OK)
        err = sg_bench_limits_lmdb_new(bench, 1, SINGLE_ROOM, &lmdb);
    if (err == SG_OK)
        err = sg_bench_store_fill_begin(&single.filling);
    if (err == SG_OK)
        err = measure_single(bench, &single, file, lmdb);
    if (single.chunk != NULL)
        sg_pipeline_done(single.filling.pipeline, single.chunk);
    sg_bench_store_fill_end(&single.filling);
    sg_bench_limits_lmdb_free(lmdb);
    sg_bench_limits_file_free(file);
    return err;
}

/* Microseconds of processor that this process has used, of all cores. */
static double cpu_us(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return 1e6 * (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* The rate hangs on how busy the machine is; the work of an entry does not. */
static enum sg_err run_batches(struct sg_bench *bench,
                               struct sg_bench_store *store,
                               struct sg_bench_workload *workload)
{
    char name[NAME_SIZE], cpu_name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name_of(name, "append_1000", workload),
        .unit = "/s",
        .goal = GOAL_APPEND_BATCH,
        .goal_kind = is_w(workload) ? SG_BENCH_AT_LEAST : SG_BENCH_NO_GOAL};
    struct sg_bench_figure cpu = {
        .name = name_of(cpu_name, "append_1000_cpu", workload), .unit = "us"};
    struct sg_bench_filling filling = {store, workload, NULL};
    enum sg_err err =
        sg_bench_limits_append(bench, SG_PIPELINE_ENTRIES_MAX, &figure.limit);

    if (err == SG_OK)
        err = sg_bench_store_fill_begin(&filling);
    if (err != SG_OK)
        return err;
    uint64_t size = store->own->signed_checkpoint.size;
    double begin = cpu_us();
    err = sg_bench_rate(bench, SG_PIPELINE_ENTRIES_MAX, NO_CALLS_MAX,
                        sg_bench_store_fill_step, &filling, &figure.value);
    cpu.value = (cpu_us() - begin) /
                (double)(store->own->signed_checkpoint.size - size);
    sg_bench_store_fill_end(&filling);
    if (err == SG_OK) {
        sg_bench_print(bench, &figure);
        sg_bench_print(bench, &cpu);
    }
    return err;
}

/* Fills the store until it holds COUNT records. */
static enum sg_err fill(struct sg_bench_store *store,
                        struct sg_bench_workload *workload, uint64_t count)
{
    struct sg_bench_filling filling = {store, workload, NULL};
    enum sg_err err = sg_bench_store_fill_begin(&filling);

    if (err != SG_OK)
        return err;
    while (err == SG_OK && store->own->signed_checkpoint.size < count)
        err = sg_bench_store_fill_step(&filling);
    sg_bench_store_fill_end(&filling);
    return err;
}

/* --- Reads ---------------------------------------------------------------- */

struct reads {
    struct sg_bench_store *store;
    struct sg_fetch *fetch;
    struct sg_prng prng;
    uint64_t at;
    uint64_t size;
};

static enum sg_err read_range(void *context)
{
    struct reads *reads = context;

    if (reads->at + SG_PACKAGE_ENTRIES_MAX > reads->size)
        reads->at = 0;
    enum sg_err err =
        sg_fetch_range(reads->store->store, reads->store->own->number,
                       reads->at, SG_PACKAGE_ENTRIES_MAX, reads->fetch);
    reads->at += reads->fetch->count;
    return err;
}

static enum sg_err prove(void *context)
{
    struct reads *reads = context;
    struct sg_tlog_proof proof;

    return sg_fetch_proof(reads->store->store, reads->store->own->number,
                          sg_prng_below(&reads->prng, reads->size), &proof);
}

static enum sg_err reopen(void *context)
{
    struct reads *reads = context;

    sg_bench_store_close(reads->store);
    return sg_bench_store_open(reads->store);
}

static enum sg_err run_range(struct sg_bench *bench, struct reads *reads,
                             const struct sg_bench_workload *workload)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name_of(name, "range_read", workload), .unit = "/s"};
    double n = reads->size >= SG_PACKAGE_ENTRIES_MAX ? SG_PACKAGE_ENTRIES_MAX
                                                     : (double)reads->size;
    enum sg_err err = sg_bench_limits_hash(bench, 400, &figure.limit);

    if (err == SG_OK)
        err = sg_bench_rate(bench, n, NO_CALLS_MAX, read_range, reads,
                            &figure.value);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

static enum sg_err run_proof(struct sg_bench *bench, struct reads *reads)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {.name = name,
                                     .unit = "us",
                                     .goal = GOAL_PROOF_US,
                                     .goal_kind = SG_BENCH_AT_MOST};
    double rate = 0;
    enum sg_err err =
        sg_bench_rate(bench, 1, NO_CALLS_MAX, prove, reads, &rate);

    (void)snprintf(name, sizeof name, "storage/proof_%" PRIu64, reads->size);
    if (err != SG_OK)
        return err;
    figure.value = 1e6 / rate;
    sg_bench_print(bench, &figure);
    return SG_OK;
}

static enum sg_err run_open(struct sg_bench *bench, struct reads *reads)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {.name = name,
                                     .unit = "ms",
                                     .goal = GOAL_OPEN_MS,
                                     .goal_kind = SG_BENCH_AT_MOST};
    double rate = 0;
    enum sg_err err = sg_bench_rate(bench, 1, 50, reopen, reads, &rate);

    (void)snprintf(name, sizeof name, "storage/open_%" PRIu64, reads->size);
    if (err != SG_OK)
        return err;
    figure.value = 1e3 / rate;
    sg_bench_print(bench, &figure);
    return SG_OK;
}

/* --- What it takes -------------------------------------------------------- */

static enum sg_err run_disk(struct sg_bench *bench, const struct reads *reads,
                            const struct sg_bench_workload *workload)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {.name = name_of(name, "disk", workload),
                                     .unit = "B",
                                     .goal = is_w(workload) ? GOAL_DISK_W
                                                            : GOAL_DISK_RECORDS,
                                     .goal_kind = SG_BENCH_AT_MOST};
    char path[SG_BENCH_STORE_PATH_MAX + 32];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/log/data.mdb", reads->store->dir);
    if (stat(path, &info) != 0)
        return SG_ERR_IO;
    figure.value = (double)info.st_blocks * 512.0 / (double)reads->size;
    sg_bench_print(bench, &figure);
    return SG_OK;
}

/* Memory of this process that is not the mapped file. */
static enum sg_err run_memory(struct sg_bench *bench)
{
    static const char field[] = "RssAnon:";
    struct sg_bench_figure figure = {.name = "storage/rss", .unit = "MB"};
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");

    if (status == NULL)
        return SG_ERR_IO;
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, sizeof field - 1) == 0)
            figure.value =
                (double)strtoul(line + sizeof field - 1, NULL, 10) / 1024.0;
    }
    (void)fclose(status);
    sg_bench_print(bench, &figure);
    return SG_OK;
}

/* A store of COUNT records: filled, opened, read. */
static enum sg_err run_filled(struct sg_bench *bench,
                              struct sg_bench_store *store,
                              struct sg_bench_workload *workload,
                              uint64_t count)
{
    struct reads reads = {.store = store};
    enum sg_err err = fill(store, workload, count);

    if (err != SG_OK)
        return err;
    reads.size = store->own->signed_checkpoint.size;
    sg_prng_init(&reads.prng, 1);
    reads.fetch = sg_alloc(sizeof *reads.fetch);
    if (reads.fetch == NULL)
        return SG_ERR_NOMEM;
    sg_fetch_init(reads.fetch, SG_MESSAGE_SIZE_MAX);
    err = run_range(bench, &reads, workload);
    if (err == SG_OK && is_w(workload))
        err = run_proof(bench, &reads);
    if (err == SG_OK && is_w(workload))
        err = run_open(bench, &reads);
    if (err == SG_OK)
        err = run_disk(bench, &reads, workload);
    if (err == SG_OK && is_w(workload))
        err = run_memory(bench);
    sg_fetch_clear(reads.fetch);
    sg_free(reads.fetch);
    return err;
}

/* --- All ------------------------------------------------------------------ */

static void print_missing(struct sg_bench *bench, const char *name,
                          const char *why)
{
    struct sg_bench_figure figure = {
        .name = name, .unit = "/s", .missing = why};

    sg_bench_print(bench, &figure);
}

static enum sg_err run_own(struct sg_bench *bench,
                           struct sg_bench_workload *workload)
{
    struct sg_bench_store store;
    enum sg_err err = sg_bench_store_make(bench, &store);

    if (err == SG_OK)
        err = run_single(bench, &store, workload);
    if (err == SG_OK)
        err = run_batches(bench, &store, workload);
    sg_bench_store_remove(&store);
    return err;
}

static enum sg_err run_kept(struct sg_bench *bench,
                            struct sg_bench_workload *workload)
{
    struct sg_bench_store store;
    uint64_t count = bench->records;
    enum sg_err err = sg_bench_store_make(bench, &store);

    if (!is_w(workload) && count > SIGNED_FILL)
        count = SIGNED_FILL;
    if (err == SG_OK)
        err = run_filled(bench, &store, workload, count);
    if (err == SG_OK && is_w(workload) && bench->is_full &&
        count < RECORDS_FULL)
        err = run_filled(bench, &store, workload, RECORDS_FULL);
    sg_bench_store_remove(&store);
    return err;
}

static enum sg_err run_workload(struct sg_bench *bench,
                                struct sg_bench_workload *workload)
{
    enum sg_err err = run_own(bench, workload);

    if (err == SG_OK)
        err = run_kept(bench, workload);
    if (err == SG_OK)
        err = sg_bench_foreign_run(bench, workload, 1);
    if (err == SG_OK)
        err = sg_bench_foreign_run(bench, workload, 27);
    sg_bench_store_clear(workload);
    return err;
}

enum sg_err sg_bench_storage(struct sg_bench *bench)
{
    struct sg_bench_workload workload;
    enum sg_err err = SG_OK;

    if (bench->workload == NULL) {
        print_missing(bench, "storage/W", "no --workload: see --help");
    } else {
        err = sg_bench_store_load(bench->workload, &workload);
        if (err == SG_OK)
            err = run_workload(bench, &workload);
        if (err == SG_OK && !bench->is_full)
            print_missing(bench, "storage/open_10000000", "only with --full");
    }
    if (err == SG_OK)
        err = sg_bench_store_invent(SIGNED_COUNT, &workload);
    if (err == SG_OK)
        err = run_workload(bench, &workload);
    return err;
}
