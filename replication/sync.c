#include "replication/sync.h"

#include <string.h>

#include "replication/branches.h"
#include "replication/core.h"
#include "replication/dial.h"
#include "replication/erase.h"
#include "replication/fetch.h"
#include "replication/fill.h"
#include "replication/first.h"
#include "replication/forks.h"
#include "replication/gossip.h"
#include "replication/graft.h"
#include "replication/lineage.h"
#include "replication/partial.h"
#include "replication/serve.h"
#include "replication/session.h"
#include "replication/talk.h"
#include "replication/witness.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

#define LOGS_DEFAULT     16384u
#define INTERVAL_DEFAULT 30000u
/* Longest quiet before a ping, for metered links (PROTOCOL.md 10). */
#define PING_MS_MAX        UINT64_C(900000)
#define METERED_DEFAULT    600000u
#define WRITER_DEFAULT     (UINT64_C(4) << 30)
#define WRITER_DAY_DEFAULT (UINT64_C(256) << 20)
/* Arena that pumping leaves: a package that is laid out. */
#define ARENA_SPARE (SG_MESSAGE_SIZE_MAX + 65536u)

/* --- Making one ----------------------------------------------------------- */

/* Copies the configuration, with the defaults in place. */
static enum sg_err configure(struct sg_sync *core,
                             const struct sg_sync_config *config)
{
    struct sg_sync_config *own = &core->config;

    *own = *config;
    if (own->sessions_max == 0)
        own->sessions_max = SG_PEERS_MAX;
    if (own->logs_max == 0)
        own->logs_max = LOGS_DEFAULT;
    if (own->claims_max == 0)
        own->claims_max =
            own->logs_max < SG_HEADS_MAX ? own->logs_max : SG_HEADS_MAX;
    if (own->frontiers_max == 0 || own->frontiers_max > own->logs_max)
        own->frontiers_max = own->logs_max;
    if (own->interval_ms == 0)
        own->interval_ms = INTERVAL_DEFAULT;
    if (own->ping_ms == 0)
        own->ping_ms = SG_PROGRESS_MS_MAX;
    if (own->ping_ms > PING_MS_MAX)
        own->ping_ms = PING_MS_MAX;
    if (own->metered_ms == 0)
        own->metered_ms = METERED_DEFAULT;
    if (own->writer_size_max == 0)
        own->writer_size_max = WRITER_DEFAULT;
    if (own->writer_day_max == 0)
        own->writer_day_max = WRITER_DAY_DEFAULT;
    own->peers = NULL;
    own->chain = sg_bytes(NULL, 0);
    own->trust_limits = NULL;
    if (own->key == NULL || own->sessions_max > SG_PEERS_MAX ||
        own->logs_max > SG_LOGS_MAX || own->claims_max > SG_HEADS_MAX ||
        own->n_peers > SG_PEERS_MAX)
        return SG_ERR_INVALID;
    return SG_OK;
}

/* Reads who this node is: its certificate, if it has one. */
static enum sg_err read_identity(struct sg_sync *core)
{
    static const uint8_t none[SG_CERTIFICATE_SIZE];

    sg_crypto_sign_public(core->config.key, core->node_key);
    if (memcmp(core->config.certificate, none, sizeof none) == 0)
        return SG_OK;
    if (sg_certificate_decode(SG_BYTES_ARRAY(core->config.certificate),
                              &core->certificate) != SG_OK ||
        memcmp(core->certificate.node_key, core->node_key, SG_KEY_SIZE) != 0)
        return SG_ERR_INVALID;
    core->has_certificate = true;
    return SG_OK;
}

static enum sg_err take_memory(struct sg_sync *core)
{
    uint32_t logs = core->config.logs_max;

    core->writers_max = logs;
    core->arena = sg_alloc(SG_CORE_ARENA_SIZE);
    core->fill_leaves =
        sg_calloc((size_t)core->config.sessions_max * SG_PACKAGE_ENTRIES_MAX,
                  sizeof *core->fill_leaves);
    core->body = sg_calloc(1, sizeof *core->body);
    core->writes = sg_alloc(SG_CORE_WRITES_MAX * sizeof *core->writes);
    core->sessions =
        sg_calloc(core->config.sessions_max, sizeof *core->sessions);
    core->fetches = sg_alloc(SG_CORE_FETCHES_MAX * sizeof *core->fetches);
    core->partials = sg_calloc(SG_CORE_PARTIALS_MAX, sizeof *core->partials);
    core->promises = sg_calloc(SG_CORE_PROMISES_MAX, sizeof *core->promises);
    core->lineages = sg_calloc(SG_CORE_LINEAGES_MAX, sizeof *core->lineages);
    core->memories = sg_calloc(SG_CORE_MEMORIES_MAX, sizeof *core->memories);
    core->peers = sg_calloc(core->config.n_peers + 1, sizeof *core->peers);
    core->penalties = sg_calloc(SG_CORE_PENALTIES_MAX, sizeof *core->penalties);
    core->writers = sg_calloc(logs, sizeof *core->writers);
    core->rows = sg_calloc(logs, sizeof *core->rows);
    core->proofs = sg_alloc(SG_FORKED_LOGS_MAX * sizeof *core->proofs);
    if (core->arena == NULL || core->fill_leaves == NULL ||
        core->body == NULL || core->writes == NULL || core->sessions == NULL ||
        core->fetches == NULL || core->partials == NULL ||
        core->lineages == NULL || core->promises == NULL ||
        core->memories == NULL || core->peers == NULL ||
        core->penalties == NULL || core->writers == NULL ||
        core->rows == NULL || core->proofs == NULL)
        return SG_ERR_NOMEM;
    return SG_OK;
}

static enum sg_err take_parts(struct sg_sync *core,
                              const struct sg_sync_config *config)
{
    struct sg_log_table_config table = {
        .registry = config->registry,
        .logs_max = core->config.logs_max,
        .frontiers_max = core->config.frontiers_max,
    };
    struct sg_trust_config trust = {
        .registry = config->registry,
        .limits = config->trust_limits != NULL ? *config->trust_limits
                                               : sg_trust_limits_province,
        .floor = config->floor,
        .prefix = sg_lineage_prefix,
        .context = core,
    };
    enum sg_err err = sg_log_table_new(&table, &core->table);

    if (SG_PLANT(sync_floor_forgotten))
        trust.floor = (struct sg_trust_floor){0};

    if (err == SG_OK)
        err = sg_trust_new(&trust, &core->trust);
    if (err == SG_OK)
        err = sg_exchange_room_new(&core->room);
    if (err == SG_OK)
        err = sg_first_begin(core, config->chain);
    for (uint32_t i = 0; i < core->config.sessions_max && err == SG_OK; i++)
        err = sg_session_new(core, &core->sessions[i]);
    return err;
}

enum sg_err sg_sync_new(const struct sg_sync_config *config,
                        struct sg_sync **ret_core)
{
    struct sg_sync *core = sg_calloc(1, sizeof *core);
    enum sg_err err;

    if (core == NULL)
        return SG_ERR_NOMEM;
    err = configure(core, config);
    if (err == SG_OK)
        err = read_identity(core);
    if (err == SG_OK)
        err = take_memory(core);
    if (err == SG_OK)
        err = take_parts(core, config);
    if (err != SG_OK) {
        sg_sync_free(core);
        return err;
    }
    sg_entry_hasher_init(&core->hasher, &core->config.registry);
    sg_prng_init(&core->prng, sg_bytes_get_u64be(config->seed));
    sg_budget_init(&core->no_budget, 0, 0);
    core->due_now = (struct sg_core_list){SG_LOG_NONE, SG_LOG_NONE};
    core->due_later = core->due_now;
    for (size_t i = 0; i < config->n_peers; i++) {
        core->peers[i].config = config->peers[i];
        core->peers[i].session = SG_SYNC_NONE;
        sg_budget_init(&core->peers[i].budget, config->peers[i].hour,
                       config->peers[i].day);
    }
    *ret_core = core;
    return SG_OK;
}

void sg_sync_free(struct sg_sync *core)
{
    if (core == NULL)
        return;
    if (core->sessions != NULL)
        for (uint32_t i = 0; i < core->config.sessions_max; i++)
            sg_session_free(&core->sessions[i]);
    sg_exchange_room_free(core->room);
    sg_trust_free(core->trust);
    sg_log_table_free(core->table);
    sg_free(core->arena);
    sg_free(core->fill_leaves);
    sg_free(core->body);
    sg_free(core->writes);
    sg_free(core->sessions);
    sg_free(core->fetches);
    sg_free(core->partials);
    sg_free(core->lineages);
    sg_free(core->promises);
    sg_free(core->memories);
    sg_free(core->peers);
    sg_free(core->penalties);
    sg_free(core->writers);
    sg_free(core->rows);
    sg_free(core->proofs);
    sg_free(core);
}

/* --- The store's events --------------------------------------------------- */

/* Gives the row of a log's branch, adding it; NULL: the table is full. */
static struct sg_log *row_of(struct sg_sync *core,
                             const struct sg_log_core *log_core, uint8_t branch)
{
    struct sg_log_id id = sg_entry_log_id(&core->config.registry, log_core);
    struct sg_log *log = sg_log_table_find(core->table, &id, branch);

    if (log == NULL &&
        sg_log_table_add(core->table, log_core, branch, &log) != SG_OK)
        return NULL;
    sg_first_note(core, log);
    return log;
}

/* Sets what is known and held; what is served follows from it. */
static void set_row(struct sg_sync *core, struct sg_log *log,
                    const struct sg_checkpoint *known, uint64_t held,
                    uint64_t change)
{
    uint64_t last = sg_log_table_change(core->table);

    if (core->is_started && change < last)
        change = last;
    if (known->size > log->known.size)
        sg_log_table_set_known(core->table, log, known, change);
    if (held < log->held)
        held = log->held;
    if (held > log->known.size)
        held = log->known.size; /* a tail that is not signed yet */
    sg_log_table_set_held(core->table, log, held, /* served= */ 0, change);
    sg_log_table_set_served(core->table, log, sg_partial_served(core, log));
    sg_partial_settle(core, log);
}

static void take_head(struct sg_sync *core, const struct sg_event *event)
{
    const struct sg_sync_head *head = &event->head;
    struct sg_log *log = row_of(core, &head->core, head->branch);
    struct sg_frontier *kept;

    if (log == NULL)
        return;
    /* One that is closed is foreign from now on: its tail is fetched. */
    if (core->is_started && log->is_own && !head->is_own)
        sg_gossip_rescan(core, NULL);
    log->is_own = head->is_own;
    set_row(core, log, &head->known, head->frontier.size, head->change);
    if (head->is_forked && !log->is_forked)
        sg_log_table_set_forked(core->table, log, log->change);
    if (core->is_started && head->absent > core->rows[log->number].absent)
        sg_fill_again(core); /* the disk lost some */
    core->rows[log->number].absent = head->absent;
    kept = sg_log_table_frontier(core->table, log);
    if (kept != NULL && head->frontier.size == log->held)
        *kept = head->frontier;
    for (size_t i = 0; i < core->n_judged; i++)
        if (core->judged[i].log == log->number)
            core->judged[i].is_stuck = false;
    if (core->is_started)
        sg_gossip_news(core, log, SG_SYNC_NONE);
}

static void take_memory_row(struct sg_sync *core, const struct sg_event *event)
{
    for (size_t i = 0; i < SG_CORE_MEMORIES_MAX; i++) {
        struct sg_core_memory *memory = &core->memories[i];

        if (memory->used > 0)
            continue;
        memory->used = ++core->serial;
        memory->change = event->memory.change;
        memcpy(memory->node_key, event->memory.node_key, SG_KEY_SIZE);
        memcpy(memory->database_tag, event->memory.database_tag,
               SG_HELLO_TAG_SIZE);
        return;
    }
}

/* Counts what came above a cut: kept, not applied, shown. */
static void note_quarantine(struct sg_sync *core, const struct sg_log *log,
                            uint64_t before)
{
    uint64_t then = sg_trust_quarantined(core->trust, log->core.node_key,
                                         &log->id, log->branch, before);
    uint64_t now = sg_trust_quarantined(core->trust, log->core.node_key,
                                        &log->id, log->branch, log->held);

    if (now <= then)
        return;
    core->counts.quarantined += now - then;
    sg_core_say(core, SG_SYNC_ALARM_QUARANTINE, SG_SYNC_NONE, &log->id);
}

/* One write is durable: it may be seen from now on. */
static void apply(struct sg_sync *core, const struct sg_core_write *write,
                  uint64_t change)
{
    struct sg_log *log = NULL;
    uint64_t before = 0;

    switch (write->kind) {
    case SG_EFFECT_WRITE_PACKAGE:
        if (!write->is_refused)
            log = row_of(core, &write->core, write->branch);
        if (log != NULL) {
            before = log->held;
            set_row(core, log, &write->known, write->held, change);
        }
        sg_fetch_stored(core, write, log);
        if (log == NULL)
            break;
        if (log->branch != 0 || log->is_forked) {
            if (log->held == log->known.size)
                sg_branches_tell(core, &log->id);
            break;
        }
        core->rows[log->number].absent += write->absent;
        if (write->absent > 0)
            sg_fill_lacking(core, log);
        note_quarantine(core, log, before);
        sg_witness_news(core, log);
        sg_gossip_news(core, log, write->session);
        break;
    case SG_EFFECT_WRITE_KNOWN:
        log = write->is_refused ? NULL
                                : row_of(core, &write->core, write->branch);
        if (log != NULL)
            set_row(core, log, &write->known, log->held, change);
        break;
    case SG_EFFECT_WRITE_FILL:
        sg_fill_stored(core, write,
                       sg_log_table_find(core->table, &write->id, 0));
        break;
    case SG_EFFECT_WRITE_FORK:
        log = write->is_refused ? NULL
                                : row_of(core, &write->core, write->branch);
        if (log != NULL && !log->is_forked)
            sg_log_table_set_forked(
                core->table, log,
                change > 0 ? change : sg_log_table_change(core->table));
        if (log != NULL) {
            sg_branches_tell(core, &log->id);
            sg_first_judge(core); /* cuts go by branch from now on */
        }
        /* Of a log that is new here the branches came too early. */
        if (log != NULL && log->known.size == 0 &&
            sg_core_session(core, write->session, write->session_serial) !=
                NULL)
            sg_fetch_prove(&core->sessions[write->session], &log->id, 0);
        break;
    default:
        break;
    }
}

static struct sg_core_write *write_at(struct sg_sync *core, size_t i)
{
    return &core->writes[(core->first_write + i) % SG_CORE_WRITES_MAX];
}

static enum sg_err take_stored(struct sg_sync *core,
                               const struct sg_event *event)
{
    uint64_t change = sg_log_table_change(core->table);

    if (event->stored > core->ticket)
        return SG_ERR_INVALID;
    change = event->change > change ? event->change : change + 1;
    while (core->n_writes > 0 && write_at(core, 0)->ticket <= event->stored) {
        struct sg_core_write write = *write_at(core, 0);

        /* From the beginning again when none is left: of a ring of megabytes a
         * quiet core touches the first page. */
        core->n_writes--;
        core->first_write = core->n_writes == 0
                                ? 0
                                : (core->first_write + 1) % SG_CORE_WRITES_MAX;
        apply(core, &write, change);
    }
    sg_fetch_acknowledge(core);
    sg_erase_stored(core);
    return SG_OK;
}

static enum sg_err take_refused(struct sg_sync *core,
                                const struct sg_event *event)
{
    for (size_t i = 0; i < core->n_writes; i++) {
        struct sg_core_write *write = write_at(core, i);

        if (write->ticket != event->refused.ticket)
            continue;
        write->is_refused = true;
        write->is_unwanted = event->refused.err != SG_ERR_EXISTS;
        return SG_OK;
    }
    return SG_ERR_INVALID;
}

static void take_read(struct sg_sync *core, const struct sg_event *event)
{
    if (core->is_judging && event->read.ticket == core->judge_ticket) {
        sg_first_read(core, event);
        return;
    }
    if (sg_fetch_read(core, event) || sg_fill_read(core, event) ||
        sg_graft_read(core, event) || sg_lineage_read(core, event))
        return;
    if (event->session < core->config.sessions_max &&
        sg_session_is_open(&core->sessions[event->session]))
        core->sessions[event->session].stirs = true;
    else
        return;
    if (!sg_witness_read(core, &core->sessions[event->session], event) &&
        !sg_branches_read(core, &core->sessions[event->session], event) &&
        !sg_forks_read(core, &core->sessions[event->session], event))
        sg_serve_read(core, &core->sessions[event->session], event);
}

static void start(struct sg_sync *core)
{
    sg_log_table_sort(core->table);
    core->is_started = true;
    core->heartbeat_ms = core->now_ms;
    for (size_t i = 0; i < core->config.n_peers; i++)
        core->peers[i].dial_ms =
            core->now_ms + sg_prng_below(&core->prng, 1000);
}

static void stop(struct sg_sync *core)
{
    core->is_stopping = true;
    for (uint32_t i = 0; i < core->top; i++)
        sg_session_close(&core->sessions[i], SG_ERR_STOPPING);
}

static void take_wants(struct sg_sync *core, const struct sg_event *event)
{
    core->wants = event->wants;
    core->has_wants = true;
    sg_fill_again(core);
    for (uint32_t i = 0; i < core->top; i++)
        if (sg_session_is_open(&core->sessions[i]))
            sg_talk_subscribe(core, &core->sessions[i]);
}

static void take_full(struct sg_sync *core, const struct sg_event *event)
{
    bool was_full = core->is_full;

    core->is_full =
        event->is_full || (was_full && SG_PLANT(sync_full_for_ever));
    if (!was_full || core->is_full)
        return;
    for (uint32_t i = 0; i < core->top; i++)
        core->sessions[i].n_stopped = 0; /* what was refused may fit now */
    sg_gossip_rescan(core, NULL);
    sg_fill_again(core);
}

/* --- Stepping ------------------------------------------------------------- */

/* Says whether EVENT can be. */
static bool is_possible(const struct sg_sync *core,
                        const struct sg_event *event)
{
    const struct sg_core_session *session = NULL;

    if (event->now_ms < core->now_ms)
        return false;
    if (event->session < core->config.sessions_max)
        session = &core->sessions[event->session];
    switch (event->kind) {
    case SG_EVENT_OPEN:
        return session != NULL && session->state == SG_CORE_FREE &&
               (event->open.peer == SG_SYNC_NONE ||
                event->open.peer < core->config.n_peers);
    case SG_EVENT_MESSAGE:
    case SG_EVENT_ROOM:
    case SG_EVENT_SHUT:
        return session != NULL && session->state != SG_CORE_FREE;
    case SG_EVENT_UNDIALLED:
        return event->undialled < core->config.n_peers;
    case SG_EVENT_WANTS:
        return event->wants.n_scopes <= SG_SUBSCRIBE_SCOPES_MAX;
    case SG_EVENT_JOINED:
        return event->joined.ticket > 0 && event->joined.ticket <= core->ticket;
    case SG_EVENT_READ:
        return event->read.ticket <= core->ticket &&
               event->read.count <= SG_PACKAGE_ENTRIES_MAX &&
               event->read.hash_count <= SG_FORK_HASHES_MAX;
    default:
        return true;
    }
}

static enum sg_err take_session_event(struct sg_sync *core,
                                      const struct sg_event *event)
{
    struct sg_core_session *session = &core->sessions[event->session];

    session->stirs = true;
    if (event->session >= core->top)
        core->top = event->session + 1;
    switch (event->kind) {
    case SG_EVENT_OPEN:
        sg_session_open(core, session, event);
        break;
    case SG_EVENT_MESSAGE:
        sg_session_message(core, session, &event->message);
        break;
    case SG_EVENT_ROOM:
        session->room += (int64_t)event->room;
        session->moved_ms = core->now_ms;
        break;
    default:
        sg_session_end(core, session);
        break;
    }
    return SG_OK;
}

static enum sg_err take(struct sg_sync *core, const struct sg_event *event)
{
    switch (event->kind) {
    case SG_EVENT_TICK:
        return SG_OK;
    case SG_EVENT_START:
        start(core);
        return SG_OK;
    case SG_EVENT_HEAD:
        if (!core->is_started || !SG_PLANT(sync_heads_unheard))
            take_head(core, event);
        return SG_OK;
    case SG_EVENT_MEMORY:
        take_memory_row(core, event);
        return SG_OK;
    case SG_EVENT_PROOF:
        sg_forks_load(core, event->proof);
        return SG_OK;
    case SG_EVENT_STORED:
        return take_stored(core, event);
    case SG_EVENT_REFUSED:
        return take_refused(core, event);
    case SG_EVENT_FULL:
        take_full(core, event);
        return SG_OK;
    case SG_EVENT_READ:
        take_read(core, event);
        return SG_OK;
    case SG_EVENT_UNDIALLED:
        sg_dial_failed(core, event->undialled);
        return SG_OK;
    case SG_EVENT_WANTS:
        take_wants(core, event);
        return SG_OK;
    case SG_EVENT_INVITES:
        core->is_inviting = event->is_inviting;
        return SG_OK;
    case SG_EVENT_JOINED:
        sg_session_joined(core, event);
        return SG_OK;
    case SG_EVENT_STOP:
        stop(core);
        return SG_OK;
    default:
        return take_session_event(core, event);
    }
}

/* Says the alarms that wait, and that the authority's state changed. */
static void say_waiting(struct sg_sync *core)
{
    size_t said = 0;

    if (core->says_judged && sg_core_has_effects(core, 1)) {
        (void)sg_core_effect(core, SG_EFFECT_JUDGED);
        core->says_judged = false;
    }
    while (said < core->n_alarms && sg_core_has_effects(core, 1)) {
        struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_ALARM);

        effect->alarm = core->alarms[said].alarm;
        effect->session = core->alarms[said].session;
        effect->log = core->alarms[said].log;
        said++;
    }
    core->n_alarms -= said;
    memmove(core->alarms, core->alarms + said,
            core->n_alarms * sizeof core->alarms[0]);
}

/* Fetches that have ended are not looked through any more. */
static void lower_fetches(struct sg_sync *core)
{
    while (core->fetches_top > 0 &&
           core->fetches[core->fetches_top - 1].state == SG_CORE_FETCH_FREE)
        core->fetches_top--;
}

/* Hands out what waits. Returns whether more is left. */
static bool pump(struct sg_sync *core)
{
    uint32_t n = core->top;
    bool is_more = false;

    say_waiting(core);
    sg_first_pump(core);
    for (uint32_t i = 0; i < n; i++) {
        struct sg_core_session *session = &core->sessions[(core->turn + i) % n];

        if (!session->stirs && core->now_ms < session->due_ms)
            continue;
        sg_session_tick(core, session);
        session->stirs = false;
        if (!sg_session_pump(core, session))
            session->stirs = true;
        is_more = is_more || session->stirs;
        session->due_ms = sg_session_deadline(core, session);
    }
    core->turn = n > 0 ? (core->turn + 1) % n : 0;
    sg_graft_pump(core);
    sg_lineage_pump(core);
    sg_witness_pump(core);
    sg_dial_pump(core);
    return is_more || core->n_alarms > 0 || core->says_judged;
}

enum sg_err sg_sync_step(struct sg_sync *core, const struct sg_event *event,
                         struct sg_effects *ret_effects)
{
    enum sg_err err;

    SG_ASSERT(!core->is_stepping);
    ret_effects->count = 0;
    ret_effects->more = false;
    if (!is_possible(core, event))
        return SG_ERR_INVALID;
    core->is_stepping = true;
    core->effects = ret_effects;
    core->arena_used = 0;
    core->now_ms = event->now_ms;
    core->seconds = event->seconds;
    for (uint32_t i = 0; i < core->top; i++) {
        if (core->sessions[i].has_given)
            sg_outbox_release(core->sessions[i].outbox);
        core->sessions[i].has_given = false;
    }
    err = take(core, event);
    lower_fetches(core);
    if (err == SG_OK)
        ret_effects->more = pump(core);
    core->is_stepping = false;
    return err;
}

uint64_t sg_sync_deadline(const struct sg_sync *core)
{
    uint64_t at = sg_dial_deadline(core), said = sg_witness_deadline(core);

    if (said < at)
        at = said;
    if (sg_graft_deadline(core) < at)
        at = sg_graft_deadline(core);
    for (uint32_t i = 0; i < core->top; i++) {
        if (core->sessions[i].due_ms < at)
            at = core->sessions[i].due_ms;
    }
    return at;
}

void sg_sync_greet(const struct sg_sync *core,
                   const struct sg_hello_payload *peer,
                   struct sg_hello_payload *ret_payload)
{
    sg_session_greet(core, peer, ret_payload);
}

/* --- Looking in ----------------------------------------------------------- */

/* Says whether something is on its way to the store or from it. */
static bool settles(const struct sg_sync *core)
{
    bool waits = core->n_writes > 0 || core->is_judging;

    for (size_t i = 0; i < core->n_judged; i++)
        waits = waits ||
                (!core->judged[i].is_stuck &&
                 core->judged[i].upto <
                     sg_log_table_at(core->table, core->judged[i].log)->held);
    return waits;
}

enum sg_err sg_sync_session(const struct sg_sync *core, uint32_t number,
                            struct sg_sync_session_view *ret_view)
{
    const struct sg_core_session *session;

    if (number >= core->config.sessions_max ||
        core->sessions[number].state == SG_CORE_FREE)
        return SG_ERR_NOTFOUND;
    session = &core->sessions[number];
    *ret_view = (struct sg_sync_session_view){
        .in_stage2 = sg_session_is_open(session),
        .is_equal = session->is_equal,
        .withholds = session->withholds,
        .settles = settles(core),
        .sent = session->sent,
        .received = session->received_bytes,
        .wants = session->n_wants,
        .queued = sg_outbox_waiting(session->outbox),
        .carried = session->carried,
    };
    ret_view->carried.is_gated = session->gate != SG_CORE_GATE_PASSED;
    memcpy(ret_view->node_key, session->node_key, SG_KEY_SIZE);
    return SG_OK;
}

void sg_sync_count(const struct sg_sync *core, struct sg_sync_counts *ret)
{
    *ret = core->counts;
}

const struct sg_trust *sg_sync_trust(const struct sg_sync *core)
{
    return core->trust;
}

struct sg_hash sg_sync_root(const struct sg_sync *core)
{
    return sg_log_table_root(core->table);
}

uint64_t sg_sync_cut(const struct sg_sync *core, const struct sg_log_id *log)
{
    const struct sg_log *row = sg_log_table_find(core->table, log, 0);

    if (row == NULL)
        return UINT64_MAX;
    return sg_trust_cut(core->trust, row->core.node_key, log, 0);
}
