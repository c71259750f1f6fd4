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

/* One entry, sealed, appended and made durable, by the writer alone. */
struct single {
    struct sg_bench_store *store;
    struct sg_bench_workload *workload;
    struct sg_sealer *sealer;
    struct sg_buf payload;
};

static enum sg_err append_one(void *context)
{
    struct single *single = context;
    struct sg_bench_store *store = single->store;
    struct sg_seal_place place = {store->own->signed_checkpoint.size,
                                  store->key_entry};
    struct sg_entry entry;

    sg_buf_truncate(&single->payload, 0);
    enum sg_err err =
        sg_seal_encode(single->sealer, &store->keys, &place, SG_SEAL_OPAQUE,
                       sg_bench_store_body(single->workload), &single->payload);
    if (err == SG_OK)
        err = sg_entry_make(sg_store_hasher(store->store), SG_ENTRY_SEALED,
                            place.key_entry, sg_buf_bytes(&single->payload),
                            &entry);
    if (err == SG_OK)
        err = sg_batch_append(store->batch, store->own->number, place.index,
                              &entry, 1);
    return err == SG_OK ? sg_batch_commit(store->batch) : err;
}

/* What three flushes can reach here: an append by LMDB alone, which is two of
 * them, and one more, one after the other, with no work of ours. */
static void print_bound(struct sg_bench *bench,
                        const struct sg_bench_workload *workload,
                        double flush_rate, double lmdb_rate)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name_of(name, "append_1_bound", workload),
        .unit = "/s",
        .value = 1 / (1 / lmdb_rate + 1 / flush_rate),
        .limit = flush_rate};

    sg_bench_print(bench, &figure);
}

static enum sg_err run_single(struct sg_bench *bench,
                              struct sg_bench_store *store,
                              struct sg_bench_workload *workload)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {.name =
                                         name_of(name, "append_1", workload),
                                     .unit = "/s",
                                     .goal_kind = SG_BENCH_AT_LEAST};
    struct single single = {.store = store, .workload = workload};
    double lmdb_rate = 0;
    enum sg_err err = sg_bench_limits_sync(bench, &figure.limit);

    if (err == SG_OK)
        err = sg_bench_limits_append(bench, 1, &lmdb_rate);
    if (err == SG_OK)
        err = sg_seal_sealer_new(&single.sealer);
    if (err != SG_OK)
        return err;
    sg_buf_init(&single.payload, SG_PAYLOAD_SIZE_MAX);
    err = sg_bench_rate(bench, 1, NO_CALLS_MAX, append_one, &single,
                        &figure.value);
    figure.goal = GOAL_APPEND_SHARE * figure.limit;
    if (err == SG_OK) {
        sg_bench_print(bench, &figure);
        print_bound(bench, workload, figure.limit, lmdb_rate);
    }
    sg_buf_clear(&single.payload);
    sg_seal_sealer_free(single.sealer);
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
