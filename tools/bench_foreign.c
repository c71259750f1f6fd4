#include "tools/bench_foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"

#define ENTRIES_MAX 200000u /* of all logs together */
#define PASSES      3
#define GOAL        400000.0

/* Entries that all logs share: payloads are opaque, and a replica does not look
 * into them. Entry 0, the opening, is each log's own. */
struct entries {
    size_t count;
    struct sg_entry *list;
    struct sg_hash *leaves;
    struct sg_buf payloads;
};

/* A log of another node. */
struct foreign {
    struct sg_log_core core;
    struct sg_checkpoint known;
    uint8_t opening[SG_OPENING_SIZE_MAX];
    struct sg_entry first[SG_PACKAGE_ENTRIES_MAX]; /* with its own opening */
    struct sg_hash *chunks; /* roots of complete chunks of 256 */
    struct sg_hash leaf;    /* of the opening */
    uint32_t number;
    uint64_t at;
};

struct replica {
    const struct sg_entry_hasher *hasher;
    struct entries entries;
    unsigned log_count;
    struct foreign logs[SG_BENCH_FOREIGN_LOGS_MAX];
};

static enum sg_err seal_entries(struct entries *entries,
                                const struct sg_entry_hasher *hasher,
                                const struct sg_bench_store *store,
                                struct sg_bench_workload *workload)
{
    struct sg_sealer *sealer;
    enum sg_err err = sg_seal_sealer_new(&sealer);
    size_t at = 0;

    if (err != SG_OK)
        return err;
    for (size_t i = 2; i < entries->count && err == SG_OK; i++) {
        struct sg_seal_place place = {i, 1};
        err = sg_seal_encode(sealer, &store->keys, &place, workload->kind,
                             sg_bench_store_body(workload), &entries->payloads);
        entries->list[i].length = (uint32_t)(entries->payloads.size - at);
        at = entries->payloads.size;
    }
    sg_seal_sealer_free(sealer);
    at = 0;
    for (size_t i = 1; i < entries->count && err == SG_OK; i++) {
        struct sg_bytes payload = i == 1 ? SG_BYTES_TEXT("opaque to a replica")
                                         : sg_bytes(entries->payloads.data + at,
                                                    entries->list[i].length);
        err = sg_entry_make(hasher,
                            i == 1 ? SG_ENTRY_CONTENT_KEY : SG_ENTRY_SEALED,
                            i == 1 ? 0 : 1, payload, &entries->list[i]);
        at += i == 1 ? 0 : payload.size;
        entries->leaves[i] = sg_entry_leaf(&entries->list[i]);
    }
    return err;
}

static enum sg_err make_entries(struct replica *replica,
                                const struct sg_bench_store *store,
                                struct sg_bench_workload *workload)
{
    struct entries *entries = &replica->entries;

    entries->count = ENTRIES_MAX / replica->log_count;
    entries->list = sg_calloc(entries->count, sizeof *entries->list);
    entries->leaves = sg_calloc(entries->count, sizeof *entries->leaves);
    sg_buf_init(&entries->payloads, (size_t)1 << 30);
    if (entries->list == NULL || entries->leaves == NULL)
        return SG_ERR_NOMEM;
    return seal_entries(entries, replica->hasher, store, workload);
}

static void keep_chunk(void *context, unsigned level, uint64_t position,
                       const struct sg_hash *hash)
{
    struct foreign *log = context;

    if (level == 8)
        log->chunks[position] = *hash;
}

/* Makes log I: its own key, opening and signed checkpoint. */
static enum sg_err make_log(struct replica *replica, unsigned i)
{
    struct foreign *log = &replica->logs[i];
    const struct entries *entries = &replica->entries;
    const struct sg_registry_id *registry = &replica->hasher->registry;
    struct sg_opening opening = {.follows = false};
    struct sg_frontier frontier = {.size = 0};
    uint8_t seed[SG_KEY_SIZE] = "a bench has no secret to keep";
    struct sg_sign_key key;

    seed[SG_KEY_SIZE - 1] = (uint8_t)(1 + i);
    log->core.kind = SG_LOG_RECORDS;
    sg_crypto_sign_keypair(seed, &key, log->core.node_key);
    opening.core = log->core;
    size_t size = sg_entry_opening_encode(&opening, log->opening);
    log->chunks = sg_calloc(entries->count / 256 + 1, sizeof *log->chunks);
    if (log->chunks == NULL)
        return SG_ERR_NOMEM;
    size_t n = entries->count < SG_PACKAGE_ENTRIES_MAX ? entries->count
                                                       : SG_PACKAGE_ENTRIES_MAX;
    memcpy(log->first, entries->list, n * sizeof *log->first);
    enum sg_err err =
        sg_entry_make(replica->hasher, SG_ENTRY_OPENING, 0,
                      sg_bytes(log->opening, size), &log->first[0]);
    if (err != SG_OK)
        return err;
    log->leaf = sg_entry_leaf(&log->first[0]);
    sg_merkle_append(&frontier, &log->leaf, keep_chunk, log);
    for (size_t k = 1; k < entries->count; k++)
        sg_merkle_append(&frontier, &entries->leaves[k], keep_chunk, log);
    struct sg_log_id id = sg_entry_log_id(registry, &log->core);
    struct sg_hash root = sg_merkle_root(&frontier);
    sg_checkpoint_sign(registry, &id, &key, entries->count, &root, &log->known);
    return SG_OK;
}

/* Gives the root of the complete subtree at PLACE, from chunks or leaves. */
static struct sg_hash subtree(const struct replica *replica,
                              const struct foreign *log,
                              struct sg_merkle_place place)
{
    struct sg_frontier frontier = {.size = 0};
    uint64_t unit = place.level >= 8 ? place.level - 8u : place.level;
    uint64_t first = place.position << unit;

    for (uint64_t i = first; i < first + (UINT64_C(1) << unit); i++)
        sg_merkle_append(&frontier,
                         place.level >= 8 ? &log->chunks[i]
                         : i == 0         ? &log->leaf
                                          : &replica->entries.leaves[i],
                         NULL, NULL);
    return sg_merkle_root(&frontier);
}

/* Gives the root over the leaves of RANGE. */
static struct sg_hash range_root(const struct replica *replica,
                                 const struct foreign *log,
                                 struct sg_merkle_range range)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_hash hashes[SG_MERKLE_COVER_MAX];
    size_t count = sg_merkle_cover(range.start, range.end, places);

    for (size_t i = 0; i < count; i++)
        hashes[i] = subtree(replica, log, places[i]);
    return sg_merkle_join(hashes, count);
}

/* A package ready to be sent: its cover is made before the clock runs. */
struct sending {
    struct sg_package package;
    unsigned log;
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
};

static void make_package(const struct replica *replica, struct foreign *log,
                         struct sending *sending)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    struct sg_package *package = &sending->package;
    uint64_t left = replica->entries.count - log->at;

    package->first = log->at;
    package->count =
        left < SG_PACKAGE_ENTRIES_MAX ? (size_t)left : SG_PACKAGE_ENTRIES_MAX;
    package->entries =
        log->at == 0 ? log->first : &replica->entries.list[log->at];
    package->known = log->known;
    log->at += package->count;
    package->cover_count =
        sg_merkle_plan_extension(log->at, log->known.size, ranges);
    package->cover = sending->cover;
    for (size_t i = 0; i < package->cover_count; i++)
        sending->cover[i] = range_root(replica, log, ranges[i]);
}

/* Lays out all packages, the logs taking turns. */
static enum sg_err make_packages(struct replica *replica,
                                 struct sending **ret_list, size_t *ret_count)
{
    size_t per_log = (replica->entries.count + SG_PACKAGE_ENTRIES_MAX - 1) /
                     SG_PACKAGE_ENTRIES_MAX;
    size_t count = per_log * replica->log_count;
    struct sending *list = sg_calloc(count, sizeof *list);

    if (list == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        list[i].log = (unsigned)(i % replica->log_count);
        make_package(replica, &replica->logs[list[i].log], &list[i]);
    }
    *ret_list = list;
    *ret_count = count;
    return SG_OK;
}

/* Takes all packages into STORE, as they would arrive. */
static enum sg_err receive(struct replica *replica,
                           const struct sg_bench_store *store,
                           struct sending *list, size_t count)
{
    struct sg_batch *batch = store->batch;
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < replica->log_count && err == SG_OK; i++)
        err = sg_batch_log(batch, &replica->logs[i].core, 0,
                           &replica->logs[i].number);
    for (size_t i = 0, n = 0; i < count && err == SG_OK; i++) {
        struct sg_package *package = &list[i].package;
        if (n + package->count > SG_COMMIT_ENTRIES_MAX) {
            err = sg_batch_commit(batch);
            n = 0;
        }
        package->log = replica->logs[list[i].log].number;
        if (err == SG_OK)
            err = sg_batch_package(batch, package);
        n += package->count;
    }
    return err == SG_OK ? sg_batch_commit(batch) : err;
}

static enum sg_err pass(struct sg_bench *bench, struct replica *replica,
                        struct sending *list, size_t count, double *ret_rate)
{
    struct sg_bench_store store;
    enum sg_err err = sg_bench_store_make(bench, &store);

    if (err == SG_OK) {
        struct sg_mono begin = sg_clock_mono();
        err = receive(replica, &store, list, count);
        uint64_t ms = sg_mono_diff(sg_clock_mono(), begin);
        *ret_rate = (double)replica->entries.count * replica->log_count *
                    1000.0 / (double)(ms > 0 ? ms : 1);
    }
    sg_bench_store_remove(&store);
    return err;
}

static int by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static enum sg_err measure(struct sg_bench *bench, struct replica *replica,
                           const struct sg_bench_workload *workload,
                           struct sending *list, size_t count)
{
    char name[64];
    struct sg_bench_figure figure = {.name = name, .unit = "/s", .goal = GOAL};
    double rates[PASSES];
    enum sg_err err = sg_bench_limits_append(bench, 1000, &figure.limit);

    for (int i = 0; i < PASSES && err == SG_OK; i++)
        err = pass(bench, replica, list, count, &rates[i]);
    if (err != SG_OK)
        return err;
    qsort(rates, PASSES, sizeof rates[0], by_value);
    figure.value = rates[PASSES / 2];
    if (workload->kind == SG_SEAL_OPAQUE)
        figure.goal_kind = SG_BENCH_AT_LEAST;
    (void)snprintf(name, sizeof name, "storage/packages_%u_logs_%s",
                   replica->log_count, workload->name);
    sg_bench_print(bench, &figure);
    return SG_OK;
}

static enum sg_err prepare(struct sg_bench *bench, struct replica *replica,
                           struct sg_bench_workload *workload)
{
    struct sg_bench_store store;
    enum sg_err err = sg_bench_store_make(bench, &store);

    if (err == SG_OK)
        err = make_entries(replica, &store, workload);
    for (unsigned i = 0; i < replica->log_count && err == SG_OK; i++)
        err = make_log(replica, i);
    sg_bench_store_remove(&store);
    return err;
}

enum sg_err sg_bench_foreign_run(struct sg_bench *bench,
                                 struct sg_bench_workload *workload,
                                 unsigned log_count)
{
    struct replica *replica = sg_calloc(1, sizeof *replica);
    struct sg_entry_hasher hasher;
    struct sg_registry_id registry;
    struct sending *list = NULL;
    size_t count = 0;

    SG_ASSERT(log_count >= 1 && log_count <= SG_BENCH_FOREIGN_LOGS_MAX);
    if (replica == NULL)
        return SG_ERR_NOMEM;
    memset(&registry, 0x11, sizeof registry); /* as of sg_bench_store_make */
    sg_entry_hasher_init(&hasher, &registry);
    replica->hasher = &hasher;
    replica->log_count = log_count;
    enum sg_err err = prepare(bench, replica, workload);
    if (err == SG_OK)
        err = make_packages(replica, &list, &count);
    if (err == SG_OK)
        err = measure(bench, replica, workload, list, count);
    for (unsigned i = 0; i < log_count; i++)
        sg_free(replica->logs[i].chunks);
    sg_free(list);
    sg_free(replica->entries.list);
    sg_free(replica->entries.leaves);
    sg_buf_clear(&replica->entries.payloads);
    sg_free(replica);
    return err;
}
