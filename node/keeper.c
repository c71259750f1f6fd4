#include "node/keeper.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "replication/cosignature.h"
#include "replication/holding.h"
#include "replication/statement.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/fetch.h"
#include "storage/registry/admission.h"

/* Nothing more came for so long: there is no company to wait for. A peer that
 * has used up its credit sends nothing until there was a commit. */
#define QUIET_US 250
/* How often a full volume is looked at again. */
#define FULL_MS 200

struct sg_keeper {
    struct sg_store *store;
    struct sg_batch *batch;
    bool is_erasing; /* a payload is removed by the batch; of who turns */
    sg_keeper_wake *wake;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t came;
    bool is_stopping;
    bool is_turning; /* somebody commits: this thread, or who is helping */
    struct sg_keeper_job *first, **last;
    size_t entries; /* of the jobs that wait */
    size_t appends; /* of those jobs */
    size_t size;    /* bytes of those and of the ones being committed */
    struct sg_keeper_done done;
    struct sg_keeper_job **done_last;
};

/* --- Jobs ----------------------------------------------------------------- */

static bool has_entries(const struct sg_effect *effect)
{
    return effect->kind == SG_EFFECT_WRITE_PACKAGE ||
           effect->kind == SG_EFFECT_WRITE_FILL;
}

static size_t size_of(const struct sg_effect *effect)
{
    size_t size = sizeof(struct sg_keeper_job);

    if (effect->kind == SG_EFFECT_WRITE_FORK)
        size += effect->proof.size;
    if (effect->kind == SG_EFFECT_WRITE_STATEMENT)
        size += effect->statement.bytes.size;
    if (!has_entries(effect))
        return size;
    size += effect->package.count * sizeof effect->package.entries[0] +
            effect->package.cover_count * sizeof effect->package.cover[0];
    for (size_t i = 0; i < effect->package.count; i++)
        size += effect->package.entries[i].payload.size;
    return size;
}

/* Copies BYTES to *AT, which moves behind them. */
static void *put_bytes(uint8_t **at, const void *bytes, size_t size)
{
    void *to = *at;

    if (size > 0)
        memcpy(to, bytes, size);
    *at += size;
    return to;
}

/* Entries first, then hashes: what has to be aligned lies before the bytes. */
static void copy_package(struct sg_keeper_job *job, uint8_t *at)
{
    const struct sg_effect from = job->effect;
    struct sg_entry *entries =
        put_bytes(&at, from.package.entries,
                  from.package.count * sizeof from.package.entries[0]);

    job->effect.package.entries = entries;
    job->effect.package.cover =
        put_bytes(&at, from.package.cover,
                  from.package.cover_count * sizeof from.package.cover[0]);
    for (size_t i = 0; i < from.package.count; i++) {
        struct sg_bytes payload = entries[i].payload;

        entries[i].payload =
            sg_bytes(put_bytes(&at, payload.data, payload.size), payload.size);
    }
}

static struct sg_keeper_job *job_of(const struct sg_effect *effect)
{
    size_t size = size_of(effect);
    struct sg_keeper_job *job = sg_alloc(size);
    uint8_t *at;

    if (job == NULL)
        return NULL;
    *job = (struct sg_keeper_job){.effect = *effect, .size = size};
    at = (uint8_t *)(job + 1);
    if (has_entries(effect))
        copy_package(job, at);
    else if (effect->kind == SG_EFFECT_WRITE_FORK)
        job->effect.proof =
            sg_bytes(put_bytes(&at, effect->proof.data, effect->proof.size),
                     effect->proof.size);
    else if (effect->kind == SG_EFFECT_WRITE_STATEMENT)
        job->effect.statement.bytes =
            sg_bytes(put_bytes(&at, effect->statement.bytes.data,
                               effect->statement.bytes.size),
                     effect->statement.bytes.size);
    return job;
}

void sg_keeper_done_clear(struct sg_keeper_done *done)
{
    while (done->jobs != NULL) {
        struct sg_keeper_job *job = done->jobs;

        done->jobs = job->next;
        sg_free(job);
    }
}

/* --- What a job means for the batch ----------------------------------------
 */

static enum sg_err add_package(struct sg_keeper *keeper,
                               const struct sg_effect *effect)
{
    struct sg_package package = {
        .first = effect->package.first,
        .entries = effect->package.entries,
        .count = effect->package.count,
        .known = effect->package.known,
        .cover = effect->package.cover,
        .cover_count = effect->package.cover_count,
    };
    enum sg_err err = sg_batch_log(keeper->batch, &effect->package.core,
                                   effect->branch, &package.log);

    if (err == SG_OK)
        err = sg_batch_package(keeper->batch, &package);
    /* The core takes a tail that no checkpoint covers for not held. */
    return err == SG_ERR_EXISTS ? SG_OK : err;
}

/* What is there already, or erased meanwhile, needs no filling. */
static enum sg_err add_fill(struct sg_keeper *keeper,
                            const struct sg_effect *effect)
{
    struct sg_store_log log;
    enum sg_err err =
        sg_store_find(keeper->store, &effect->log, effect->branch, &log);

    for (size_t i = 0; i < effect->package.count && err == SG_OK; i++) {
        const struct sg_entry *entry = &effect->package.entries[i];

        if (entry->state != SG_PAYLOAD_PRESENT)
            continue;
        err = sg_batch_fill(keeper->batch, log.number,
                            effect->package.first + i, entry->payload);
        if (err == SG_ERR_EXISTS || err == SG_ERR_ERASED)
            err = SG_OK;
    }
    return err;
}

static enum sg_err add_known(struct sg_keeper *keeper,
                             const struct sg_effect *effect)
{
    uint32_t number;
    enum sg_err err = sg_batch_log(keeper->batch, &effect->known.core,
                                   effect->branch, &number);

    return err == SG_OK ? sg_batch_known(keeper->batch, number,
                                         &effect->known.checkpoint)
                        : err;
}

static enum sg_err add_fork(struct sg_keeper *keeper,
                            const struct sg_effect *effect)
{
    struct sg_fork fork;
    uint32_t number;
    enum sg_err err = sg_fork_decode(effect->proof, &fork);

    if (err == SG_OK)
        err = sg_keep_put_fork(keeper->batch, &effect->log, effect->proof);
    if (err == SG_OK)
        err = sg_batch_log(keeper->batch, &fork.core, 0, &number);
    return err == SG_OK ? sg_batch_flag(keeper->batch, number, SG_LOG_FORKED)
                        : err;
}

static enum sg_err add_memory(struct sg_keeper *keeper,
                              const struct sg_effect *effect)
{
    struct sg_keep_peer peer = {.change = effect->memory.change};

    memcpy(peer.node_key, effect->memory.node_key, sizeof peer.node_key);
    memcpy(peer.database_tag, effect->memory.database_tag,
           sizeof peer.database_tag);
    return sg_keep_put_peer(keeper->batch, &peer);
}

/* One is kept of each kind, about each log or unit, by each who says it. */
static enum sg_err add_statement(struct sg_keeper *keeper,
                                 const struct sg_effect *effect)
{
    struct sg_keep_statement said = {
        .kind = (enum sg_keep_kind)effect->statement.type,
        .bytes = effect->statement.bytes,
    };
    struct sg_cosignature cosignature;
    struct sg_statement statement;
    struct sg_holding holding;
    enum sg_err err = SG_ERR_INVALID;

    memcpy(said.about, effect->log.hash.bytes, sizeof said.about);
    if (effect->statement.type == SG_MESSAGE_COSIGNATURE) {
        err = sg_cosignature_decode(said.bytes, &cosignature);
        if (err == SG_OK)
            memcpy(said.by + sizeof said.by - SG_KEY_ID_SIZE,
                   cosignature.witness.bytes, SG_KEY_ID_SIZE);
    } else if (effect->statement.type == SG_MESSAGE_HOLDING) {
        err = sg_holding_decode(said.bytes, &holding);
        if (err == SG_OK)
            memcpy(said.by, holding.holder, sizeof said.by);
    } else if (effect->statement.type == SG_MESSAGE_STATEMENT) {
        err = sg_statement_decode(said.bytes, &statement);
        if (err == SG_OK) {
            sg_bytes_put_u64be(said.about + sizeof said.about - 8,
                               statement.unit);
            memcpy(said.by, statement.node_key, sizeof said.by);
        }
    }
    return err == SG_OK ? sg_keep_put_statement(keeper->batch, &said) : err;
}

/* Says whether no order can erase entry INDEX of LOG (RECORDS.md 6.9): it was
 * held before the order was known, and is looked at here. */
static enum sg_err look_if_kept(struct sg_keeper *keeper, uint32_t number,
                                uint64_t index, bool *ret_is_kept)
{
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    enum sg_err err = SG_ERR_NOMEM;

    if (fetch == NULL)
        return err;
    sg_fetch_init(fetch, SG_PAYLOAD_SIZE_MAX);
    err = sg_fetch_range(keeper->store, number, index, 1, fetch);
    if (err == SG_OK)
        *ret_is_kept = sg_admission_is_kept(fetch->entries[0].kind,
                                            fetch->entries[0].payload);
    sg_fetch_clear(fetch);
    sg_free(fetch);
    return err;
}

/* Erases what one side of a log has there, if it goes so far. */
static enum sg_err erase_side(struct sg_keeper *keeper,
                              const struct sg_effect *effect, uint8_t branch)
{
    uint64_t index = effect->erase.index;
    struct sg_store_log log;
    bool is_kept;
    enum sg_err err = sg_store_find(keeper->store, &effect->log, branch, &log);

    if (err == SG_ERR_NOTFOUND ||
        (err == SG_OK && index >= log.row.frontier.size))
        return branch == 0 ? SG_ERR_NOTFOUND : SG_OK;
    if (err == SG_OK)
        err = look_if_kept(keeper, log.number, index, &is_kept);
    if (err != SG_OK || is_kept)
        return err;
    err = sg_batch_erase(keeper->batch, log.number, index, effect->erase.order);
    keeper->is_erasing = keeper->is_erasing || err == SG_OK;
    return err == SG_ERR_EXISTS ? SG_OK : err;
}

/* An order names the entry on every side of a fork. A damaged one waits for its
 * repair: the order is gone through again at the next start. */
static enum sg_err add_erase(struct sg_keeper *keeper,
                             const struct sg_effect *effect)
{
    enum sg_err err = SG_OK;

    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX && err == SG_OK; branch++)
        err = erase_side(keeper, effect, branch);
    return err == SG_ERR_DAMAGED ? SG_ERR_STATE : err;
}

static enum sg_err add_close(struct sg_keeper *keeper,
                             const struct sg_effect *effect)
{
    struct sg_store_log log;
    enum sg_err err = sg_store_find(keeper->store, &effect->log, 0, &log);

    return err == SG_OK
               ? sg_batch_flag(keeper->batch, log.number, SG_LOG_CLOSED)
               : err;
}

static enum sg_err add_effect(struct sg_keeper *keeper,
                              const struct sg_effect *effect)
{
    switch (effect->kind) {
    case SG_EFFECT_WRITE_PACKAGE:
        return add_package(keeper, effect);
    case SG_EFFECT_WRITE_FILL:
        return add_fill(keeper, effect);
    case SG_EFFECT_WRITE_KNOWN:
        return add_known(keeper, effect);
    case SG_EFFECT_WRITE_FORK:
        return add_fork(keeper, effect);
    case SG_EFFECT_WRITE_ERASE:
        return add_erase(keeper, effect);
    case SG_EFFECT_BEHIND:
        return add_close(keeper, effect);
    case SG_EFFECT_WRITE_MEMORY:
        return add_memory(keeper, effect);
    case SG_EFFECT_WRITE_STATEMENT:
        return add_statement(keeper, effect);
    default:
        return SG_ERR_INVALID;
    }
}

static enum sg_err add(struct sg_keeper *keeper,
                       const struct sg_keeper_job *job)
{
    const struct sg_keeper_append *append = &job->append;

    sg_batch_use_reserve(keeper->batch,
                         !job->is_append && job->effect.uses_reserve);

    if (job->is_floor)
        return sg_keep_put_floor(keeper->batch, &job->floor);
    if (!job->is_append)
        return add_effect(keeper, &job->effect);
    return sg_batch_append(keeper->batch, append->number, append->first,
                           append->entries, append->count);
}

/* --- Committing ------------------------------------------------------------
 */

/* Notes what became of the log that JOB wrote to. An own log is looked at now,
 * before the next commit: all that is held of it is signed. */
static void note_change(struct sg_keeper *keeper, struct sg_keeper_job *job,
                        struct sg_keeper_done *done)
{
    struct sg_store_log log;
    enum sg_err err =
        job->is_append ? sg_store_get(keeper->store, job->append.number, &log)
                       : sg_store_find(keeper->store, &job->effect.log,
                                       job->effect.branch, &log);

    if (err == SG_OK && log.row.change > done->change)
        done->change = log.row.change;
    if (job->is_append && job->err == SG_OK) {
        job->err = err;
        job->own = log;
    }
}

/* Jobs FIRST up to END share the fate of the batch. */
static enum sg_err commit(struct sg_keeper *keeper, struct sg_keeper_job *first,
                          const struct sg_keeper_job *end,
                          struct sg_keeper_done *done)
{
    enum sg_err err = sg_batch_commit(keeper->batch);

    for (struct sg_keeper_job *job = first; job != end; job = job->next) {
        if (job->err == SG_OK)
            job->err = err;
        if (job->err == SG_OK && job->effect.kind == SG_EFFECT_BEHIND)
            done->is_closed = true;
        if (err == SG_OK)
            note_change(keeper, job, done);
    }
    if (err != SG_OK)
        sg_batch_clear(keeper->batch);
    done->is_erased = done->is_erased || (err == SG_OK && keeper->is_erasing);
    keeper->is_erasing = false;
    if (err == SG_ERR_FULL)
        done->is_full = true;
    return err == SG_ERR_FULL ? SG_OK : err;
}

/* Adds and commits all JOBS; a batch that is full is committed first. */
static void commit_all(struct sg_keeper *keeper, struct sg_keeper_job *jobs,
                       struct sg_keeper_done *done)
{
    struct sg_keeper_job *open = jobs;
    enum sg_err err = SG_OK;

    for (struct sg_keeper_job *job = jobs; job != NULL && err == SG_OK;
         job = job->next) {
        job->err = add(keeper, job);
        if (job->err == SG_ERR_LIMIT && open != job) {
            job->err = SG_OK;
            err = commit(keeper, open, job, done);
            open = job;
            if (err == SG_OK)
                job->err = add(keeper, job);
        }
        if (job->err == SG_ERR_FATAL || job->err == SG_ERR_DAMAGED)
            err = job->err;
    }
    if (err == SG_OK)
        err = commit(keeper, open, NULL, done);
    done->is_full = sg_batch_is_full(keeper->batch);
    done->err = err;
}

/* --- The thread ------------------------------------------------------------
 */

/* Lets go of the lock for a moment. */
static void wait_us(struct sg_keeper *keeper, unsigned us)
{
    const struct timespec time = {.tv_nsec = (long)us * 1000};

    (void)pthread_mutex_unlock(&keeper->lock);
    (void)nanosleep(&time, NULL);
    (void)pthread_mutex_lock(&keeper->lock);
}

/* Waits as long as more comes and there is room for it in one commit. */
static void wait_for_company(struct sg_keeper *keeper)
{
    for (unsigned waited = 0; waited < SG_COMMIT_MS_MAX * 1000;
         waited += QUIET_US) {
        size_t before = keeper->size;

        if (keeper->is_stopping || keeper->appends > 0 ||
            keeper->entries >= SG_COMMIT_ENTRIES_MAX)
            return;
        wait_us(keeper, QUIET_US);
        if (keeper->size == before)
            return;
    }
}

static void report(struct sg_keeper *keeper, struct sg_keeper_job *jobs,
                   const struct sg_keeper_done *done)
{
    struct sg_keeper_done *all = &keeper->done;

    *keeper->done_last = jobs;
    while (*keeper->done_last != NULL) {
        keeper->size -= (*keeper->done_last)->size;
        keeper->done_last = &(*keeper->done_last)->next;
    }
    all->change = done->change;
    all->is_full = done->is_full;
    all->is_closed = all->is_closed || done->is_closed;
    all->is_erased = all->is_erased || done->is_erased;
    if (all->err == SG_OK)
        all->err = done->err;
}

/* One round; the lock is held before and after. */
static void turn(struct sg_keeper *keeper)
{
    struct sg_keeper_done done = {.change = keeper->done.change};
    struct sg_keeper_job *jobs;

    keeper->is_turning = true;
    wait_for_company(keeper);
    jobs = keeper->first;
    keeper->first = NULL;
    keeper->last = &keeper->first;
    keeper->entries = 0;
    keeper->appends = 0;
    (void)pthread_mutex_unlock(&keeper->lock);
    commit_all(keeper, jobs, &done);
    (void)pthread_mutex_lock(&keeper->lock);
    report(keeper, jobs, &done);
    keeper->is_turning = false;
}

static void look_for_room(struct sg_keeper *keeper)
{
    wait_us(keeper, FULL_MS * 1000);
    if (keeper->first == NULL)
        keeper->done.is_full = sg_batch_is_full(keeper->batch);
}

static void *run(void *context)
{
    struct sg_keeper *keeper = context;

    (void)pthread_mutex_lock(&keeper->lock);
    while (keeper->done.err == SG_OK) {
        if (keeper->is_turning) {
            (void)pthread_cond_wait(&keeper->came, &keeper->lock);
            continue;
        }
        if (keeper->first == NULL && keeper->is_stopping)
            break;
        if (keeper->first != NULL)
            turn(keeper);
        else if (keeper->done.is_full)
            look_for_room(keeper);
        else {
            (void)pthread_cond_wait(&keeper->came, &keeper->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&keeper->lock);
        keeper->wake(keeper->context);
        (void)pthread_mutex_lock(&keeper->lock);
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* --- From the loop's thread --------------------------------------------------
 */

static enum sg_err start(struct sg_keeper *keeper)
{
    if (pthread_mutex_init(&keeper->lock, NULL) != 0)
        return SG_ERR_NOMEM;
    if (pthread_cond_init(&keeper->came, NULL) == 0) {
        if (pthread_create(&keeper->thread, NULL, run, keeper) == 0)
            return SG_OK;
        (void)pthread_cond_destroy(&keeper->came);
    }
    (void)pthread_mutex_destroy(&keeper->lock);
    return SG_ERR_NOMEM;
}

enum sg_err sg_keeper_new(struct sg_store *store, sg_keeper_wake *wake,
                          void *context, struct sg_keeper **ret_keeper)
{
    struct sg_keeper *keeper = sg_calloc(1, sizeof *keeper);
    enum sg_err err;

    if (keeper == NULL)
        return SG_ERR_NOMEM;
    keeper->store = store;
    keeper->wake = wake;
    keeper->context = context;
    keeper->last = &keeper->first;
    keeper->done_last = &keeper->done.jobs;
    err = sg_batch_new(store, &keeper->batch);
    if (err == SG_OK) {
        /* Who begins on a full disk says so before he is given anything; the
         * batch is asked while no other thread has it. */
        keeper->done.is_full = sg_batch_is_full(keeper->batch);
        err = start(keeper);
    }
    if (err != SG_OK) {
        sg_batch_free(keeper->batch);
        sg_free(keeper);
        return err;
    }
    *ret_keeper = keeper;
    return SG_OK;
}

void sg_keeper_free(struct sg_keeper *keeper)
{
    struct sg_keeper_done left = {.jobs = NULL};

    if (keeper == NULL)
        return;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->is_stopping = true;
    (void)pthread_cond_signal(&keeper->came);
    (void)pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL);
    left.jobs = keeper->first; /* after FATAL they are left */
    sg_keeper_done_clear(&left);
    sg_keeper_done_clear(&keeper->done);
    (void)pthread_cond_destroy(&keeper->came);
    (void)pthread_mutex_destroy(&keeper->lock);
    sg_batch_free(keeper->batch);
    sg_free(keeper);
}

/* Takes JOB; the lock is held. */
static void enqueue(struct sg_keeper *keeper, struct sg_keeper_job *job)
{
    SG_ASSERT(!keeper->is_stopping);
    *keeper->last = job;
    keeper->last = &job->next;
    keeper->size += job->size;
    keeper->appends += job->is_append;
    keeper->entries += job->is_append              ? job->append.count
                       : has_entries(&job->effect) ? job->effect.package.count
                                                   : 0;
}

/* Takes JOB. */
static void put(struct sg_keeper *keeper, struct sg_keeper_job *job)
{
    (void)pthread_mutex_lock(&keeper->lock);
    enqueue(keeper, job);
    (void)pthread_mutex_unlock(&keeper->lock);
    /* After the lock: who is woken within it only waits for it. */
    (void)pthread_cond_signal(&keeper->came);
}

enum sg_err sg_keeper_put(struct sg_keeper *keeper,
                          const struct sg_effect *effect)
{
    struct sg_keeper_job *job = job_of(effect);

    if (job == NULL)
        return SG_ERR_NOMEM;
    put(keeper, job);
    return SG_OK;
}

static struct sg_keeper_job *job_of_append(
    const struct sg_keeper_append *append)
{
    struct sg_keeper_job *job = sg_alloc(sizeof *job);

    SG_ASSERT(append->count > 0);
    SG_ASSERT(append->count <= SG_COMMIT_ENTRIES_MAX);
    if (job != NULL)
        *job = (struct sg_keeper_job){
            .is_append = true,
            .append = *append,
            .size = sizeof *job,
        };
    return job;
}

enum sg_err sg_keeper_append(struct sg_keeper *keeper,
                             const struct sg_keeper_append *append)
{
    struct sg_keeper_job *job = job_of_append(append);

    if (job == NULL)
        return SG_ERR_NOMEM;
    put(keeper, job);
    return SG_OK;
}

enum sg_err sg_keeper_append_here(struct sg_keeper *keeper,
                                  const struct sg_keeper_append *append)
{
    struct sg_keeper_job *job = job_of_append(append);
    bool is_helping, is_wanted;

    if (job == NULL)
        return SG_ERR_NOMEM;
    (void)pthread_mutex_lock(&keeper->lock);
    is_helping = !keeper->is_turning && keeper->first == NULL &&
                 !keeper->done.is_full && keeper->done.err == SG_OK;
    enqueue(keeper, job);
    if (is_helping)
        turn(keeper);
    is_wanted = !is_helping || keeper->first != NULL || keeper->is_stopping ||
                keeper->done.is_full || keeper->done.err != SG_OK;
    (void)pthread_mutex_unlock(&keeper->lock);
    if (is_wanted)
        (void)pthread_cond_signal(&keeper->came);
    if (is_helping)
        keeper->wake(keeper->context);
    return SG_OK;
}

enum sg_err sg_keeper_floor(struct sg_keeper *keeper,
                            const struct sg_keep_floor *floor)
{
    struct sg_keeper_job *job = sg_alloc(sizeof *job);

    if (job == NULL)
        return SG_ERR_NOMEM;
    *job = (struct sg_keeper_job){
        .is_floor = true,
        .floor = *floor,
        .size = sizeof *job,
    };
    put(keeper, job);
    return SG_OK;
}

size_t sg_keeper_waiting(struct sg_keeper *keeper)
{
    size_t size;

    (void)pthread_mutex_lock(&keeper->lock);
    size = keeper->size;
    (void)pthread_mutex_unlock(&keeper->lock);
    return size;
}

void sg_keeper_take(struct sg_keeper *keeper, struct sg_keeper_done *ret_done)
{
    (void)pthread_mutex_lock(&keeper->lock);
    *ret_done = keeper->done;
    keeper->done.is_erased = false;
    keeper->done.jobs = NULL;
    keeper->done_last = &keeper->done.jobs;
    (void)pthread_mutex_unlock(&keeper->lock);
}
