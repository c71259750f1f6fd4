#include "tests/fault/script.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/plant.h"
#include "storage/lmdb/backup.h"
#include "storage/lmdb/batch.h"

#define TRIES 3

const uint8_t script_order[16] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee};

/* A script under way. */
struct run {
    const struct script *script;
    struct script_acks *acks;
    struct sg_store *store;
    struct sg_batch *batch;
    struct workload_entries memory[WORKLOAD_OWN]; /* borrowed by the batch */
};

static void acknowledge(struct run *run)
{
    run->acks->count++;
    if (run->script->on_ack != NULL) {
        run->script->on_ack(run->acks);
    }
}

struct sg_store_config script_config(const struct script *script)
{
    struct sg_store_config config;
    memset(&config, 0, sizeof config);
    config.dir = script->dir;
    config.map_size = SCRIPT_MAP_SIZE;
    config.reserve_size = 1;
    config.machine = SG_BYTES_TEXT("a machine");
    if (script->machine != NULL) {
        config.machine = sg_bytes(script->machine, strlen(script->machine));
    }
    return config;
}

void script_backup_dir(const struct script *script,
                       char ret[SCRIPT_PATH_MAX + 32])
{
    (void)snprintf(ret, SCRIPT_PATH_MAX + 32, "%s/backup", script->dir);
}

enum sg_err script_open(const struct script *script,
                        struct sg_store **ret_store)
{
    struct sg_store_config config = script_config(script);
    struct sg_store_key keys[WORKLOAD_OWN] = {
        {&script->workload->key, SG_LOG_RECORDS},
        {&script->workload->key, SG_LOG_AUDIT},
    };
    return sg_store_open(&config, keys, WORKLOAD_OWN, ret_store);
}

/* --- Commits -------------------------------------------------------------- */

/* A fault comes once: what was FULL has room at the next try. What is FATAL
 * must stay so. */
static enum sg_err commit(struct run *run)
{
    enum sg_err err = sg_batch_commit(run->batch);
    int tries;
    for (tries = 1; err == SG_ERR_FULL && tries < TRIES; tries++) {
        run->acks->full++;
        err = sg_batch_commit(run->batch);
    }
    if (err == SG_ERR_FATAL && sg_batch_commit(run->batch) == SG_OK) {
        run->acks->undead = true;
    }
    return err;
}

static void note_sizes(struct run *run)
{
    unsigned i;
    for (i = 0; i < WORKLOAD_OWN; i++) {
        const struct sg_store_own *own = sg_store_own(run->store, i);
        run->acks->id[i] = own->id;
        run->acks->size[i] = own->signed_checkpoint.size;
    }
}

static enum sg_err add(struct run *run, unsigned log, size_t count)
{
    const struct sg_store_own *own = sg_store_own(run->store, log);
    struct workload_entries *memory = &run->memory[log];
    uint64_t first = own->signed_checkpoint.size;
    workload_own(run->script->workload, log, first, count, memory);
    return sg_batch_append(run->batch, own->number, first, memory->entries,
                           count);
}

static enum sg_err append(struct run *run, size_t records, size_t audits)
{
    enum sg_err err = records > 0 ? add(run, 0, records) : SG_OK;
    if (err == SG_OK && audits > 0) {
        err = add(run, 1, audits);
    }
    if (SG_PLANT(ack_before_commit)) {
        run->acks->size[0] += records;
        run->acks->size[1] += audits;
        acknowledge(run);
    }
    if (err == SG_OK) {
        err = commit(run);
    }
    if (err == SG_OK) {
        note_sizes(run);
        acknowledge(run);
    }
    return err;
}

/* --- Opening -------------------------------------------------------------- */

static enum sg_err open_all(struct run *run)
{
    enum sg_err err = script_open(run->script, &run->store);
    if (err == SG_OK) {
        err = sg_batch_new(run->store, &run->batch);
    }
    if (err == SG_OK) {
        note_sizes(run);
        run->acks->opened = true;
        acknowledge(run);
    }
    return err;
}

static void close_all(struct run *run)
{
    sg_batch_free(run->batch);
    sg_store_close(run->store);
    run->batch = NULL;
    run->store = NULL;
}

static enum sg_err create(struct run *run)
{
    struct sg_store_config config = script_config(run->script);
    enum sg_err err = sg_store_create(&config, &workload_registry);
    if (err == SG_ERR_FULL) {
        run->acks->full++;
        err = sg_store_create(&config, &workload_registry);
    }
    if (err == SG_OK) {
        run->acks->created = true;
        acknowledge(run);
    }
    return err;
}

/* --- Steps ---------------------------------------------------------------- */

static enum sg_err run_appends(struct run *run)
{
    enum sg_err err = SG_OK;
    unsigned i;
    for (i = 0; i < SCRIPT_SINGLES && err == SG_OK; i++) {
        err = append(run, 1, 0);
    }
    for (i = 0; i < SCRIPT_BATCHES && err == SG_OK; i++) {
        err = append(run, 90, 10);
    }
    return err;
}

static enum sg_err take_package(struct run *run, uint32_t log, uint64_t first,
                                size_t count)
{
    struct sg_package package;
    enum sg_err err;
    workload_package(run->script->workload, first, count, &run->memory[0],
                     &package);
    package.log = log;
    err = sg_batch_package(run->batch, &package);
    if (err == SG_OK) {
        err = commit(run);
    }
    if (err == SG_OK) {
        run->acks->foreign_held = first + count;
        run->acks->foreign_known = package.known.size;
        acknowledge(run);
    }
    return err;
}

static enum sg_err introduce(struct run *run, uint32_t *ret_log)
{
    const struct workload *workload = run->script->workload;
    enum sg_err err =
        sg_batch_log(run->batch, &workload->foreign_core, 0, ret_log);
    if (err == SG_OK) {
        err = commit(run);
    }
    if (err == SG_OK) {
        err = sg_batch_known(run->batch, *ret_log, &workload->foreign_known);
    }
    if (err == SG_OK) {
        err = commit(run);
    }
    if (err == SG_OK) {
        run->acks->foreign_known = workload->foreign_known.size;
        acknowledge(run);
    }
    return err;
}

static enum sg_err erase(struct run *run, uint32_t log)
{
    const struct sg_store_own *own = sg_store_own(run->store, 0);
    enum sg_err err =
        sg_batch_erase(run->batch, own->number, SCRIPT_ERASED, script_order);
    if (err == SG_OK) {
        err = sg_batch_erase(run->batch, log, SCRIPT_ERASED_AWAY, script_order);
    }
    if (err == SG_OK) {
        err = commit(run);
    }
    if (err == SG_OK) {
        run->acks->erased = true;
        acknowledge(run);
        err = sg_backup_compact(run->store);
        if (err == SG_ERR_FULL) {
            run->acks->full++;
            err = sg_backup_compact(run->store);
        }
        if (err == SG_ERR_FATAL &&
            sg_batch_flag(run->batch, log, SG_LOG_REFUSED) == SG_OK &&
            sg_batch_commit(run->batch) == SG_OK) {
            run->acks->undead = true;
        }
    }
    if (err == SG_OK) {
        run->acks->compacted = true;
        acknowledge(run);
    }
    return err;
}

static enum sg_err fill(struct run *run, uint32_t log)
{
    static uint8_t payload[WORKLOAD_PAYLOAD_MAX];
    size_t size = workload_payload(run->script->workload, WORKLOAD_FOREIGN_LOG,
                                   SCRIPT_FILLED, payload);
    enum sg_err err =
        sg_batch_fill(run->batch, log, SCRIPT_FILLED, sg_bytes(payload, size));
    if (err == SG_OK) {
        err = commit(run);
    }
    if (err == SG_OK) {
        run->acks->filled = true;
        acknowledge(run);
    }
    return err;
}

static enum sg_err back_up(struct run *run)
{
    char dir[SCRIPT_PATH_MAX + 32];
    enum sg_err err;

    script_backup_dir(run->script, dir);
    err = sg_backup_write(run->store, dir);
    if (err == SG_ERR_FULL) {
        run->acks->full++;
        err = sg_backup_write(run->store, dir);
    }
    if (err == SG_OK) {
        run->acks->backed_up = true;
        run->acks->backup_size = run->acks->size[0];
        acknowledge(run);
    }
    return err;
}

static enum sg_err run_steps(struct run *run)
{
    uint32_t log;
    enum sg_err err = open_all(run);
    if (err == SG_OK) {
        err = run_appends(run);
    }
    if (err == SG_OK) {
        err = introduce(run, &log);
    }
    if (err == SG_OK) {
        err = take_package(run, log, 0, 100);
    }
    if (err == SG_OK) {
        err = erase(run, log);
    }
    if (err == SG_OK) { /* up to the large ones, and these */
        err = append(run, WORKLOAD_LARGE_TO - run->acks->size[0], 0);
    }
    close_all(run);
    if (err == SG_OK) {
        err = open_all(run);
    }
    if (err == SG_OK) {
        err = take_package(run, log, 100, 156);
    }
    if (err == SG_OK) {
        err = fill(run, log);
    }
    if (err == SG_OK) {
        err = back_up(run);
    }
    if (err == SG_OK) {
        err = append(run, 1, 1);
    }
    return err;
}

/* RUN is large: it lives on the heap. */
static enum sg_err begin(const struct script *script, struct run **ret_run)
{
    struct run *run = sg_calloc(1, sizeof *run);
    if (run == NULL) {
        return SG_ERR_NOMEM;
    }
    run->script = script;
    run->acks = script->acks;
    *ret_run = run;
    return SG_OK;
}

enum sg_err script_run(const struct script *script)
{
    struct run *run;
    enum sg_err err = begin(script, &run);
    if (err != SG_OK) {
        return err;
    }
    err = create(run);
    if (err == SG_OK) {
        err = run_steps(run);
    }
    run->acks->done = err == SG_OK;
    close_all(run);
    sg_free(run);
    return err;
}

enum sg_err script_recover(const struct script *script)
{
    struct run *run;
    enum sg_err err = begin(script, &run);
    if (err != SG_OK) {
        return err;
    }
    err = open_all(run);
    if (err == SG_ERR_NOTFOUND && !run->acks->created) {
        err = create(run);
        if (err == SG_OK) {
            err = open_all(run);
        }
    }
    if (err == SG_OK) {
        err = append(run, 1, 1);
    }
    close_all(run);
    sg_free(run);
    return err;
}
