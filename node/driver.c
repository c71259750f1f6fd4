#include "node/driver.h"

#include <string.h>

#include "node/answer.h"
#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/check.h"
#include "storage/log/highwater.h"

/* Memories of peers, and fork proofs, that a start tells the core: it has room
 * for no more. */
#define KEPT_MAX 1024u

/* A READ effect that waits for its turn. */
struct reading {
    struct reading *next;
    struct sg_effect effect;
    struct sg_sync_wants filter;
};

struct sg_driver {
    struct sg_store *store;
    struct sg_sync *core;
    struct sg_keeper *keeper;
    struct sg_answer *answer;
    struct sg_driver_hooks hooks;
    struct reading *first, **last;
    enum sg_err failure;
    bool is_stepping;
    bool is_full;
    bool is_closed;
    uint64_t compact_ms;  /* after the last erasure; 0: never */
    uint64_t compacts_at; /* ms of now_ms; UINT64_MAX: nothing was erased */
    struct sg_keep_floor floor; /* as the store has it, or will */
    struct sg_effects effects;  /* too large for a stack */
};

/* --- Making one ------------------------------------------------------------
 */

enum sg_err sg_driver_new(struct sg_store *store,
                          const struct sg_sync_config *config,
                          const struct sg_driver_hooks *hooks,
                          struct sg_driver **ret_driver)
{
    struct sg_sync_config own = *config;
    struct sg_driver *driver = sg_calloc(1, sizeof *driver);
    enum sg_err err;

    if (driver == NULL)
        return SG_ERR_NOMEM;
    driver->store = store;
    driver->hooks = *hooks;
    driver->last = &driver->first;
    driver->compacts_at = UINT64_MAX;
    memcpy(own.database, sg_store_database(store), sizeof own.database);
    err = sg_keep_floor(store, &driver->floor);
    own.floor =
        (struct sg_trust_floor){driver->floor.ms, driver->floor.generation};
    if (err == SG_OK)
        err = sg_sync_new(&own, &driver->core);
    if (err == SG_OK)
        err = sg_answer_new(&driver->answer);
    if (err == SG_OK)
        err =
            sg_keeper_new(store, hooks->wake, hooks->context, &driver->keeper);
    if (err != SG_OK) {
        sg_driver_free(driver);
        return err;
    }
    *ret_driver = driver;
    return SG_OK;
}

void sg_driver_free(struct sg_driver *driver)
{
    if (driver == NULL)
        return;
    sg_keeper_free(driver->keeper);
    while (driver->first != NULL) {
        struct reading *reading = driver->first;

        driver->first = reading->next;
        sg_free(reading);
    }
    sg_answer_free(driver->answer);
    sg_sync_free(driver->core);
    sg_free(driver);
}

/* --- Effects ----------------------------------------------------------------
 */

static void fail(struct sg_driver *driver, enum sg_err err)
{
    if (driver->failure == SG_OK)
        driver->failure = err;
}

static void write(struct sg_driver *driver, const struct sg_effect *effect)
{
    enum sg_err err = sg_keeper_put(driver->keeper, effect);

    if (err != SG_OK)
        fail(driver, err);
}

static void read_later(struct sg_driver *driver, const struct sg_effect *effect)
{
    struct reading *reading = sg_calloc(1, sizeof *reading);

    if (reading == NULL) {
        fail(driver, SG_ERR_NOMEM);
        return;
    }
    reading->effect = *effect;
    if (effect->read.filter != NULL)
        reading->filter = *effect->read.filter;
    *driver->last = reading;
    driver->last = &reading->next;
}

/* Another holder of our key signed more, or something else: nothing is written
 * to that log any more. */
static void leave_log(struct sg_driver *driver, const struct sg_effect *effect)
{
    struct sg_effect close = {
        .kind = SG_EFFECT_BEHIND,
        .log = effect->log,
    };

    write(driver, &close);
}

/* The floor is kept when it moved: a restored database lowers it no more than
 * the backup's age. */
static void keep_floor(struct sg_driver *driver)
{
    struct sg_trust_floor now = sg_trust_floor(sg_sync_trust(driver->core));
    const struct sg_keep_floor floor = {now.ms, now.generation};
    enum sg_err err;

    if (floor.ms == driver->floor.ms &&
        floor.generation == driver->floor.generation)
        return;
    err = sg_keeper_floor(driver->keeper, &floor);
    if (err != SG_OK)
        fail(driver, err);
    driver->floor = floor;
}

static void execute(struct sg_driver *driver, const struct sg_effect *effect)
{
    const struct sg_driver_hooks *hooks = &driver->hooks;

    switch (effect->kind) {
    case SG_EFFECT_SEND:
        hooks->send(hooks->context, effect->session, effect->send.type,
                    effect->send.body);
        return;
    case SG_EFFECT_CLOSE:
        hooks->close(hooks->context, effect->session, effect->close);
        return;
    case SG_EFFECT_READ:
        read_later(driver, effect);
        return;
    case SG_EFFECT_DIAL:
        hooks->dial(hooks->context, effect->dial);
        return;
    case SG_EFFECT_BEHIND:
        leave_log(driver, effect);
        return;
    case SG_EFFECT_ALARM:
        hooks->alarm(hooks->context, effect);
        if (effect->alarm == SG_SYNC_ALARM_OWN_FORK)
            leave_log(driver, effect);
        return;
    case SG_EFFECT_JOIN:
        if (hooks->join != NULL)
            hooks->join(hooks->context, effect);
        return;
    case SG_EFFECT_JUDGED:
        keep_floor(driver);
        /* The core reads the authority's logs anew at each start. */
        if (hooks->judged != NULL)
            hooks->judged(hooks->context);
        return;
    default:
        write(driver, effect);
        return;
    }
}

/* Answers the reading that waits longest. False: there is none. */
static bool answer_one(struct sg_driver *driver, struct sg_event *ret_event)
{
    struct reading *reading = driver->first;

    if (reading == NULL)
        return false;
    driver->first = reading->next;
    if (driver->first == NULL)
        driver->last = &driver->first;
    sg_answer_read(driver->answer, driver->store, &reading->effect,
                   reading->effect.read.filter != NULL ? &reading->filter
                                                       : NULL,
                   ret_event);
    sg_free(reading);
    return true;
}

void sg_driver_step(struct sg_driver *driver, const struct sg_event *event)
{
    struct sg_event next = *event;

    SG_ASSERT(!driver->is_stepping);
    driver->is_stepping = true;
    for (;;) {
        enum sg_err err;

        next.now_ms = event->now_ms;
        next.seconds = event->seconds;
        err = sg_sync_step(driver->core, &next, &driver->effects);
        SG_ASSERT(err == SG_OK);
        for (size_t i = 0; i < driver->effects.count; i++)
            execute(driver, &driver->effects.items[i]);
        if (driver->failure != SG_OK)
            break;
        if (driver->effects.more)
            next = (struct sg_event){.kind = SG_EVENT_TICK};
        else if (!answer_one(driver, &next))
            break;
    }
    driver->is_stepping = false;
}

/* --- The store's news
 * --------------------------------------------------------- */

static bool is_own(const struct sg_store *store, uint32_t number)
{
    const struct sg_store_own *own;

    for (size_t i = 0; (own = sg_store_own(store, i)) != NULL; i++)
        if (own->number == number)
            return true;
    return false;
}

struct sg_sync_head sg_driver_head(const struct sg_store_log *log)
{
    return (struct sg_sync_head){
        .core = log->row.core,
        .branch = log->branch,
        .is_forked = (log->row.flags & SG_LOG_FORKED) != 0,
        .known = log->row.known,
        .frontier = log->row.frontier,
        .absent = log->row.absent,
        .change = log->row.change,
    };
}

static void tell_head(struct sg_driver *driver, const struct sg_event *event,
                      const struct sg_store_log *log, bool is_own_log)
{
    struct sg_event next = *event;

    next.kind = SG_EVENT_HEAD;
    next.head = sg_driver_head(log);
    next.head.is_own = is_own_log;
    sg_driver_step(driver, &next);
}

/* What the store keeps beside the logs, gathered: the core is not called
 * within a read of the store. */
struct keepsakes {
    struct sg_keep_peer peers[KEPT_MAX];
    size_t n_peers;
    struct sg_buf proofs;
    size_t ends[KEPT_MAX];
    size_t n_proofs;
};

static enum sg_err gather_peer(void *context, const struct sg_keep_peer *peer)
{
    struct keepsakes *all = context;

    if (all->n_peers < KEPT_MAX)
        all->peers[all->n_peers++] = *peer;
    return SG_OK;
}

/* A row that proves nothing any more is passed over, not believed. */
static enum sg_err gather_proof(void *context, const struct sg_log_id *log,
                                struct sg_bytes bytes)
{
    struct keepsakes *all = context;
    struct sg_fork fork;
    enum sg_err err;

    (void)log;
    if (all->n_proofs == KEPT_MAX || sg_fork_decode(bytes, &fork) != SG_OK ||
        sg_fork_verify(&fork) != SG_OK)
        return SG_OK;
    err = sg_buf_append(&all->proofs, bytes);
    if (err == SG_OK)
        all->ends[all->n_proofs++] = all->proofs.size;
    return err;
}

static void tell_keepsakes(struct sg_driver *driver,
                           const struct sg_event *event,
                           const struct keepsakes *all)
{
    struct sg_event next = *event;
    size_t from = 0;

    next.kind = SG_EVENT_MEMORY;
    for (size_t i = 0; i < all->n_peers; i++) {
        memcpy(next.memory.node_key, all->peers[i].node_key, SG_KEY_SIZE);
        memcpy(next.memory.database_tag, all->peers[i].database_tag,
               SG_KEEP_TAG_SIZE);
        next.memory.change = all->peers[i].change;
        sg_driver_step(driver, &next);
    }
    next.kind = SG_EVENT_PROOF;
    for (size_t i = 0; i < all->n_proofs; i++) {
        next.proof = sg_bytes(all->proofs.data + from, all->ends[i] - from);
        from = all->ends[i];
        sg_driver_step(driver, &next);
    }
}

static enum sg_err load_keepsakes(struct sg_driver *driver,
                                  const struct sg_event *event)
{
    struct keepsakes *all = sg_calloc(1, sizeof *all);
    enum sg_err err;

    if (all == NULL)
        return SG_ERR_NOMEM;
    sg_buf_init(&all->proofs, KEPT_MAX * (size_t)SG_FORK_SIZE_MAX);
    err = sg_keep_each_peer(driver->store, gather_peer, all);
    if (err == SG_OK)
        err = sg_keep_each_fork(driver->store, gather_proof, all);
    if (err == SG_OK)
        tell_keepsakes(driver, event, all);
    sg_buf_clear(&all->proofs);
    sg_free(all);
    return err;
}

enum sg_err sg_driver_start(struct sg_driver *driver,
                            const struct sg_event *event)
{
    struct sg_event next = *event;
    struct sg_store_log log;
    enum sg_err err = SG_OK;

    for (uint32_t number = 1; err == SG_OK; number++) {
        err = sg_store_get(driver->store, number, &log);
        if (err != SG_OK)
            break;
        tell_head(driver, event, &log, is_own(driver->store, number));
    }
    if (err != SG_ERR_NOTFOUND)
        return err;
    err = load_keepsakes(driver, event);
    if (err != SG_OK)
        return err;
    next.kind = SG_EVENT_WANTS;
    next.wants = (struct sg_sync_wants){
        .records = SG_SYNC_PAYLOADS_ALL,
        .audits = SG_SYNC_PAYLOADS_ALL,
    };
    sg_driver_step(driver, &next);
    next.kind = SG_EVENT_START;
    sg_driver_step(driver, &next);
    return SG_OK;
}

/* Tells the core where the own logs end now, then whoever appended. A log that
 * was appended to twice is told once, as it is after the last time. */
static void settle_appends(struct sg_driver *driver,
                           const struct sg_event *event,
                           const struct sg_keeper_job *jobs)
{
    const struct sg_store_log *logs[SG_HIGHWATER_LOGS_MAX];
    size_t n = 0;

    for (const struct sg_keeper_job *job = jobs; job != NULL; job = job->next) {
        size_t i = 0;

        if (!job->is_append || job->err != SG_OK)
            continue;
        while (i < n && logs[i]->number != job->own.number)
            i++;
        SG_ASSERT(i < SG_HIGHWATER_LOGS_MAX);
        logs[i] = &job->own;
        n += i == n;
    }
    for (size_t i = 0; i < n; i++)
        tell_head(driver, event, logs[i],
                  (logs[i]->row.flags & SG_LOG_CLOSED) == 0);
    for (const struct sg_keeper_job *job = jobs; job != NULL; job = job->next)
        if (job->is_append && driver->hooks.appended != NULL)
            driver->hooks.appended(driver->hooks.context, job);
}

bool sg_driver_settle(struct sg_driver *driver, const struct sg_event *event)
{
    struct sg_event next = *event;
    struct sg_keeper_done done;
    uint64_t ticket = 0;
    bool is_any;

    sg_keeper_take(driver->keeper, &done);
    is_any = done.jobs != NULL;
    driver->is_closed = driver->is_closed || done.is_closed;
    if (done.is_erased && driver->compact_ms > 0)
        driver->compacts_at = event->now_ms + driver->compact_ms;
    if (done.err != SG_OK)
        fail(driver, done.err);
    for (const struct sg_keeper_job *job = done.jobs;
         job != NULL && driver->failure == SG_OK; job = job->next) {
        if (job->effect.ticket == 0)
            continue;
        ticket = job->effect.ticket;
        if (job->err == SG_OK)
            continue;
        next.kind = SG_EVENT_REFUSED;
        next.refused.ticket = ticket;
        next.refused.err = job->err;
        sg_driver_step(driver, &next);
    }
    if (ticket > 0 && driver->failure == SG_OK) {
        next.kind = SG_EVENT_STORED;
        next.change = done.change;
        next.stored = ticket;
        sg_driver_step(driver, &next);
    }
    if (driver->failure == SG_OK)
        settle_appends(driver, event, done.jobs);
    if (driver->is_full != done.is_full && driver->failure == SG_OK) {
        driver->is_full = done.is_full;
        next.kind = SG_EVENT_FULL;
        next.is_full = done.is_full;
        sg_driver_step(driver, &next);
    }
    sg_keeper_done_clear(&done);
    return is_any;
}

/* --- Looking in
 * ---------------------------------------------------------------- */

uint64_t sg_driver_deadline(const struct sg_driver *driver)
{
    uint64_t at = sg_sync_deadline(driver->core);

    return at < driver->compacts_at ? at : driver->compacts_at;
}

void sg_driver_compact_after(struct sg_driver *driver, uint64_t ms)
{
    driver->compact_ms = ms;
}

bool sg_driver_compacts(struct sg_driver *driver, uint64_t now_ms)
{
    if (now_ms < driver->compacts_at)
        return false;
    driver->compacts_at = UINT64_MAX;
    return true;
}

bool sg_driver_is_busy(struct sg_driver *driver)
{
    return sg_keeper_waiting(driver->keeper) > SG_DRIVER_WAITING_MAX;
}

bool sg_driver_is_full(const struct sg_driver *driver)
{
    return driver->is_full;
}

bool sg_driver_is_closed(const struct sg_driver *driver)
{
    return driver->is_closed;
}

enum sg_err sg_driver_failure(const struct sg_driver *driver)
{
    return driver->failure;
}

struct sg_keeper *sg_driver_keeper(struct sg_driver *driver)
{
    return driver->keeper;
}

const struct sg_sync *sg_driver_core(const struct sg_driver *driver)
{
    return driver->core;
}
