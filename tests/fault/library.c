#include "tests/fault/library.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/lmdb/fetch.h"
#include "tests/fault/judge.h"

#define FETCH_MAX  (4u << 20)
#define PROOF_STEP 397u

/* --- Filling -------------------------------------------------------------- */

struct fill {
    const struct script *script;
    struct sg_store *store;
    struct sg_batch *batch;
    struct workload_entries memory;
};

static enum sg_err fill_own(struct fill *fill, unsigned log, uint64_t count)
{
    const struct sg_store_own *own = sg_store_own(fill->store, log);
    enum sg_err err = SG_OK;
    while (err == SG_OK && own->signed_checkpoint.size < count) {
        uint64_t first = own->signed_checkpoint.size, more = count - first;
        more = more < WORKLOAD_ENTRIES_MAX ? more : WORKLOAD_ENTRIES_MAX;
        workload_own(fill->script->workload, log, first, more, &fill->memory);
        err = sg_batch_append(fill->batch, own->number, first,
                              fill->memory.entries, more);
        if (err == SG_OK) {
            err = sg_batch_commit(fill->batch);
        }
    }
    return err;
}

static enum sg_err fill_foreign(struct fill *fill, uint32_t *ret_number)
{
    const struct workload *workload = fill->script->workload;
    enum sg_err err =
        sg_batch_log(fill->batch, &workload->foreign_core, 0, ret_number);
    uint64_t at = 0;
    if (err == SG_OK) {
        err = sg_batch_commit(fill->batch);
    }
    if (err == SG_OK) {
        err =
            sg_batch_known(fill->batch, *ret_number, &workload->foreign_known);
    }
    while (err == SG_OK && at < WORKLOAD_FOREIGN) {
        struct sg_package package;
        size_t count = at == 0 ? SG_PACKAGE_ENTRIES_MAX
                               : WORKLOAD_FOREIGN - SG_PACKAGE_ENTRIES_MAX;
        workload_package(workload, at, count, &fill->memory, &package);
        package.log = *ret_number;
        err = sg_batch_package(fill->batch, &package);
        if (err == SG_OK) {
            err = sg_batch_commit(fill->batch);
        }
        at += count;
    }
    return err;
}

static enum sg_err fill_all(struct fill *fill, uint64_t records,
                            uint32_t *ret_foreign)
{
    const struct sg_store_own *own = sg_store_own(fill->store, 0);
    enum sg_err err = fill_own(fill, 0, records / 2);
    if (err == SG_OK) {
        err = fill_foreign(fill, ret_foreign);
    }
    if (err == SG_OK) {
        err = fill_own(fill, 1, records / 10);
    }
    if (err == SG_OK) {
        err = fill_own(fill, 0, records);
    }
    if (err == SG_OK) {
        err = sg_batch_erase(fill->batch, own->number, SCRIPT_ERASED,
                             script_order);
    }
    if (err == SG_OK) {
        err = sg_batch_erase(fill->batch, *ret_foreign, SCRIPT_ERASED_AWAY,
                             script_order);
    }
    return err == SG_OK ? sg_batch_commit(fill->batch) : err;
}

static enum sg_err note_log(struct sg_store *store, uint32_t number,
                            struct library_log *log)
{
    struct sg_store_log found;
    enum sg_err err = sg_store_get(store, number, &found);
    unsigned i;
    if (err != SG_OK) {
        return err;
    }
    log->number = number;
    log->size = found.row.frontier.size;
    log->id = found.id;
    memcpy(log->node_key, found.row.core.node_key, SG_KEY_SIZE);
    log->step = log->size / LIBRARY_ROOTS_MAX;
    for (i = 0; i < LIBRARY_ROOTS_MAX && err == SG_OK; i++) {
        err = sg_fetch_root(store, number, 1 + i * log->step, &log->roots[i]);
    }
    return err;
}

enum sg_err library_fill(const struct script *script, uint64_t records,
                         struct library *ret_library)
{
    struct sg_store_config config = script_config(script);
    struct fill *fill = sg_calloc(1, sizeof *fill);
    uint32_t foreign = 0;
    unsigned i;
    enum sg_err err;

    if (fill == NULL) {
        return SG_ERR_NOMEM;
    }
    fill->script = script;
    err = sg_store_create(&config, &workload_registry);
    if (err == SG_OK) {
        err = script_open(script, &fill->store);
    }
    if (err == SG_OK) {
        err = sg_batch_new(fill->store, &fill->batch);
    }
    if (err == SG_OK) {
        err = fill_all(fill, records, &foreign);
    }
    ret_library->workload = script->workload;
    ret_library->arrivals = 0;
    for (i = 0; i < LIBRARY_LOGS && err == SG_OK; i++) {
        err = note_log(fill->store,
                       i < WORKLOAD_OWN ? sg_store_own(fill->store, i)->number
                                        : foreign,
                       &ret_library->logs[i]);
        ret_library->arrivals += ret_library->logs[i].size;
    }
    sg_batch_free(fill->batch);
    sg_store_close(fill->store);
    sg_free(fill);
    return err;
}

/* --- Reading -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void wrong(
    struct library_reading *reading, const char *format, ...)
{
    va_list list;
    if (reading->wrong++ == 0) {
        va_start(list, format);
        (void)vsnprintf(reading->what, sizeof reading->what, format, list);
        va_end(list);
    }
}

/* Counts an error; only DAMAGED and NOTFOUND are names for damage. */
static void refuse(struct library_reading *reading, const char *what,
                   enum sg_err err)
{
    if (reading->refused[0] == 0) {
        (void)snprintf(reading->refused, sizeof reading->refused, "%s: %s",
                       what, sg_err_name(err));
    }
    if (err == SG_ERR_DAMAGED) {
        reading->damaged++;
    } else if (err == SG_ERR_NOTFOUND) {
        reading->missing++;
    } else {
        wrong(reading, "%s: %s", what, sg_err_name(err));
    }
}

static void read_ranges(const struct library *library, struct sg_store *store,
                        unsigned log, struct sg_fetch *fetch,
                        struct library_reading *reading)
{
    const struct library_log *truth = &library->logs[log];
    uint64_t at = 0, bad;
    while (at < truth->size) {
        enum sg_err err = sg_fetch_range(store, truth->number, at,
                                         SG_PACKAGE_ENTRIES_MAX, fetch);
        if (err != SG_OK || fetch->count == 0) {
            refuse(reading, "range", err != SG_OK ? err : SG_ERR_NOTFOUND);
            at++;
            continue;
        }
        bad = judge_entries(library->workload, log, at, fetch->entries,
                            fetch->count);
        if (bad != UINT64_MAX || at + fetch->count > truth->size) {
            wrong(reading, "range: log %u index %llu", log,
                  (unsigned long long)bad);
        }
        reading->entries += fetch->count;
        at += fetch->count;
    }
}

static void check_arrival(const struct library *library,
                          const struct sg_fetch *fetch, size_t i,
                          struct library_reading *reading)
{
    uint64_t index = fetch->places[i].index;
    unsigned log = 0;
    while (log < LIBRARY_LOGS &&
           library->logs[log].number != fetch->places[i].log) {
        log++;
    }
    if (log == LIBRARY_LOGS) {
        reading->fresh++;
    } else if (index >= library->logs[log].size ||
               judge_entries(library->workload, log, index, &fetch->entries[i],
                             1) != UINT64_MAX) {
        wrong(reading, "arrival: log %u index %llu", fetch->places[i].log,
              (unsigned long long)index);
    }
}

static void read_arrivals(const struct library *library, struct sg_store *store,
                          struct sg_fetch *fetch,
                          struct library_reading *reading)
{
    uint64_t at = 0, next, handed_out = 0, damaged = 0;
    size_t i;
    while (at < library->arrivals) {
        enum sg_err err =
            sg_fetch_arrivals(store, at, SG_PACKAGE_ENTRIES_MAX, fetch, &next);
        if (err != SG_OK) {
            refuse(reading, "arrivals", err);
            damaged++;
            at++;
            continue;
        }
        if (fetch->count == 0) {
            break;
        }
        for (i = 0; i < fetch->count; i++) {
            check_arrival(library, fetch, i, reading);
        }
        handed_out += fetch->count;
        at = next;
    }
    if (handed_out + damaged < library->arrivals) {
        reading->missing++;
    }
}

static void read_proofs(const struct library *library, struct sg_store *store,
                        unsigned log, struct library_reading *reading)
{
    const struct library_log *truth = &library->logs[log];
    static struct sg_tlog_proof proof;
    struct sg_hash root, path[SG_MERKLE_PROOF_MAX];
    enum sg_err err;
    size_t count;
    uint64_t i;

    for (i = 0; i < truth->size; i += PROOF_STEP) {
        err = sg_fetch_proof(store, truth->number, i, &proof);
        if (err != SG_OK) {
            refuse(reading, "proof", err);
        } else if (sg_checkpoint_proof_verify(&proof, truth->node_key) !=
                       SG_OK ||
                   proof.index != i ||
                   memcmp(&proof.note.log, &truth->id, sizeof truth->id)) {
            wrong(reading, "proof: log %u index %llu", log,
                  (unsigned long long)i);
        }
    }
    for (i = 0; i < LIBRARY_ROOTS_MAX; i++) {
        uint64_t size = 1 + i * truth->step;
        err = sg_fetch_root(store, truth->number, size, &root);
        if (err != SG_OK) {
            refuse(reading, "root", err);
            continue;
        }
        if (memcmp(&root, &truth->roots[i], sizeof root) != 0) {
            wrong(reading, "root: log %u size %llu", log,
                  (unsigned long long)size);
        }
        if (i == 0) {
            continue;
        }
        err = sg_fetch_consistency(store, truth->number, size - truth->step,
                                   size, path, &count);
        if (err != SG_OK) {
            refuse(reading, "consistency", err);
        } else if (sg_merkle_check_consistency(size - truth->step, size, path,
                                               count, &truth->roots[i - 1],
                                               &truth->roots[i]) != SG_OK) {
            wrong(reading, "consistency: log %u size %llu", log,
                  (unsigned long long)size);
        }
    }
}

/* A log is what it was: its id, its key, and what is known of it. */
static void read_logs(const struct library *library, struct sg_store *store,
                      unsigned log, struct library_reading *reading)
{
    const struct library_log *truth = &library->logs[log];
    struct sg_store_log found;
    enum sg_err err = sg_store_find(store, &truth->id, 0, &found);
    if (err != SG_OK) {
        refuse(reading, "log", err);
    } else if (found.number != truth->number ||
               memcmp(&found.id, &truth->id, sizeof found.id) != 0 ||
               memcmp(found.row.core.node_key, truth->node_key, SG_KEY_SIZE)) {
        wrong(reading, "log %u is another one", log);
    }
}

void library_read(const struct library *library, struct sg_store *store,
                  struct library_reading *ret_reading)
{
    static struct sg_fetch fetch;
    unsigned log;
    memset(ret_reading, 0, sizeof *ret_reading);
    sg_fetch_init(&fetch, FETCH_MAX);
    for (log = 0; log < LIBRARY_LOGS; log++) {
        read_logs(library, store, log, ret_reading);
        read_ranges(library, store, log, &fetch, ret_reading);
        read_proofs(library, store, log, ret_reading);
    }
    read_arrivals(library, store, &fetch, ret_reading);
    sg_fetch_clear(&fetch);
}
