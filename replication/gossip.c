#include "replication/gossip.h"

#include <string.h>

#include "replication/fetch.h"
#include "replication/head_message.h"
#include "replication/quota.h"
#include "replication/serve.h"
#include "replication/session.h"
#include "replication/talk.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* The closing `root` waits so long for the other side to want something. */
#define QUIET_MS 1000u
/* `root` is sent without news after so many intervals. */
#define IDLE_INTERVALS 10u
/* Changes that are looked through to find out whether roots are still equal. */
#define CHANGES_MAX 64u
/* Pushes that are streams at a time. */
#define PUSHES_MAX 64u

/* --- Lists of what is new ------------------------------------------------ */

static void append(struct sg_core_session *session, enum sg_core_push kind,
                   uint32_t number)
{
    struct sg_core_list *list = &session->pushes[kind];

    if (session->logs[number].is_queued)
        return;
    session->stirs = true;
    session->logs[number].is_queued = true;
    session->logs[number].next = SG_LOG_NONE;
    if (list->first == SG_LOG_NONE)
        list->first = number;
    else
        session->logs[list->last].next = number;
    list->last = number;
}

static void drop_first(struct sg_core_session *session, enum sg_core_push kind)
{
    struct sg_core_list *list = &session->pushes[kind];
    struct sg_core_peer_log *first = &session->logs[list->first];

    first->is_queued = false;
    list->first = first->next;
}

static enum sg_core_push kind_of(const struct sg_sync *core,
                                 const struct sg_log *log)
{
    if (log->is_authority)
        return SG_CORE_PUSH_AUTHORITY;
    if (log->core.kind == SG_LOG_AUDIT || sg_quota_is_later(core, log))
        return SG_CORE_PUSH_LATER;
    return SG_CORE_PUSH_RECORDS;
}

/* Says whether LOG is being given to the peer up to what is known: what comes
 * to it goes there without a word. */
static bool is_given(const struct sg_core_session *session,
                     const struct sg_log *log)
{
    for (uint32_t i = 0; session->n_serves > 0 && i < session->wants_top; i++)
        if (session->serves[i].kind == SG_CORE_SERVE_WANT &&
            session->serves[i].log == log->number &&
            session->serves[i].end >= log->known.size &&
            !session->serves[i].is_sent && !session->serves[i].is_filling)
            return true;
    return false;
}

/* Says whether the peer is to hear of LOG. One that is held in part is claimed
 * once, and when the peer has asked for it and got what there was; to one who
 * does not ask, when there is a quarter more. */
static bool is_news_for(const struct sg_core_session *session,
                        const struct sg_log *log)
{
    const struct sg_core_peer_log *peer_log = &session->logs[log->number];

    if (is_given(session, log))
        return false;
    if (log->held == log->known.size)
        return peer_log->held < log->held;
    return log->served > peer_log->held &&
           log->served > peer_log->offered + peer_log->offered / 4;
}

void sg_gossip_news(struct sg_sync *core, const struct sg_log *log,
                    uint32_t from)
{
    if (log->branch != 0 || log->is_forked || log->is_refused ||
        log->known.size == 0)
        return;
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];
        struct sg_core_peer_log *peer_log = &session->logs[log->number];

        if (!sg_session_is_open(session) || session->link == SG_SYNC_BUNDLE)
            continue;
        session->stirs = true; /* the root is another */
        if (i == from && log->held > peer_log->held)
            peer_log->held = log->held;
        if (is_news_for(session, log))
            append(session, kind_of(core, log), log->number);
    }
}

void sg_gossip_filled(struct sg_sync *core, const struct sg_log *log)
{
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];
        struct sg_core_peer_log *peer_log = &session->logs[log->number];

        if (!sg_session_is_open(session) || session->link == SG_SYNC_BUNDLE ||
            !peer_log->wants_fill || SG_PLANT(sync_fill_untold))
            continue;
        peer_log->wants_fill = false;
        peer_log->owes_claim = true;
        append(session, kind_of(core, log), log->number);
    }
}

/* --- Offering ------------------------------------------------------------ */

static struct sg_head_message_claim claim_of(const struct sg_sync *core,
                                             const struct sg_log *log)
{
    struct sg_head_message_claim claim = {
        .size = log->known.size, .short_by = log->known.size - log->served};

    memcpy(claim.tag, sg_log_table_tag(core->table, log), SG_HEAD_TAG_SIZE);
    return claim;
}

/* Names a log that the peer does not know yet. */
static void introduce(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_log *log)
{
    struct sg_head_message_claim claim = claim_of(core, log);
    uint8_t body[SG_HEAD_INTRODUCED_SIZE_MAX];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_introduce_put(&writer, &log->core, &claim);
    sg_core_post_written(session, 1, SG_MESSAGE_INTRODUCE, &writer);
    session->logs[log->number].is_known = true;
}

/* `heads` of one log. */
static void claim_alone(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log)
{
    struct sg_head_message_claim claim = claim_of(core, log);
    struct sg_head_message_heads heads = {.width = 32, .count = 1};
    uint32_t ref = sg_log_table_x(&log->id);
    uint8_t body[64];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_heads_encode(&writer, &heads, &ref, &claim);
    sg_core_post_written(session, 1, SG_MESSAGE_HEADS, &writer);
}

/* Offers one log. False: not now. */
static bool offer(struct sg_sync *core, struct sg_core_session *session,
                  const struct sg_log *log)
{
    struct sg_core_peer_log *peer_log = &session->logs[log->number];
    bool is_exchanging = sg_exchange_is_open(session->exchange);

    if (log->is_forked || log->is_refused ||
        (peer_log->held >= log->served && !peer_log->owes_claim))
        return true;
    if (session->state != SG_CORE_OPEN && !log->is_authority)
        return true; /* head exchange finds it when the peer is let in */
    if (log->served == log->known.size && peer_log->is_known &&
        peer_log->held > 0 && !peer_log->owes_claim &&
        log->held - peer_log->held <= SG_SMALL_ENTRIES_MAX &&
        sg_outbox_has_credit(session->outbox)) {
        if (session->n_pushes >= PUSHES_MAX)
            return false;
        return sg_serve_push(core, session, log);
    }
    if (is_exchanging)
        return false;
    peer_log->owes_claim = false;
    peer_log->offered = log->served < log->known.size ? log->served : 0;
    if (peer_log->is_known)
        claim_alone(core, session, log);
    else
        introduce(core, session, log);
    return true;
}

void sg_gossip_pump(struct sg_sync *core, struct sg_core_session *session)
{
    if (session->link == SG_SYNC_BUNDLE)
        return;
    for (int kind = 0; kind < SG_CORE_PUSHES; kind++) {
        struct sg_core_list *list = &session->pushes[kind];

        if (kind != SG_CORE_PUSH_AUTHORITY &&
            session->gate != SG_CORE_GATE_PASSED)
            return;
        while (list->first != SG_LOG_NONE) {
            const struct sg_log *log =
                sg_log_table_at(core->table, list->first);

            if (sg_outbox_waiting(session->outbox) > SG_MESSAGE_SIZE_MAX / 4)
                return;
            if (!offer(core, session, log))
                break;
            drop_first(session, (enum sg_core_push)kind);
        }
    }
}

void sg_gossip_rescan(struct sg_sync *core,
                      const struct sg_core_session *session)
{
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *other = &core->sessions[i];

        if (other == session || !sg_session_is_open(other))
            continue;
        other->scans = true;
        other->stirs = true;
        other->cursor = 0;
    }
}

/* --- Anti-entropy -------------------------------------------------------- */

static uint64_t interval_of(const struct sg_sync *core,
                            const struct sg_core_session *session)
{
    bool is_metered = session->peer != SG_SYNC_NONE &&
                      core->peers[session->peer].config.metered;

    return is_metered ? core->config.metered_ms : core->config.interval_ms;
}

/* A random point in the second half of an interval. */
static void plan_root(struct sg_sync *core, struct sg_core_session *session)
{
    uint64_t interval = interval_of(core, session);

    session->root_ms = core->now_ms + interval / 2 +
                       sg_prng_below(&core->prng, interval / 2 + 1);
}

void sg_gossip_begin(struct sg_sync *core, struct sg_core_session *session)
{
    session->said_root_ms = core->now_ms;
}

/* Nothing is fetched or served, and no exchange goes on. */
static bool is_quiet(const struct sg_core_session *session)
{
    return session->n_wants == 0 && session->n_serves == 0 && !session->scans &&
           !session->has_late_root && !sg_exchange_is_open(session->exchange) &&
           session->n_proves == 0;
}

static bool closes(const struct sg_core_session *session)
{
    return is_quiet(session) && sg_exchange_wants_root(session->exchange);
}

/* Says whether the roots, once equal, are so still: all that changed here since
 * is known to be there too. */
static bool is_still_equal(const struct sg_sync *core,
                           struct sg_core_session *session)
{
    const struct sg_log *log = sg_log_table_newest(core->table);

    if (!session->is_equal)
        return false;
    for (size_t n = 0; log != NULL && log->change > session->root_change;
         log = sg_log_table_older(core->table, log)) {
        if (n++ == CHANGES_MAX || log->is_forked ||
            (log->branch == 0 &&
             session->logs[log->number].common < log->known.size))
            return false;
    }
    session->root_change = sg_log_table_change(core->table);
    return true;
}

/* Says whether the peer is to hear the root: it changed, the peer's was
 * another, or it was not said for long. */
static bool has_root_to_say(const struct sg_sync *core,
                            struct sg_core_session *session)
{
    return !is_still_equal(core, session) ||
           core->now_ms >= session->said_root_ms +
                               IDLE_INTERVALS * interval_of(core, session);
}

static void say_root(struct sg_sync *core, struct sg_core_session *session)
{
    sg_talk_send_root(core, session);
    session->said_root_ms = core->now_ms;
    session->root_ms = 0;
}

void sg_gossip_tick(struct sg_sync *core, struct sg_core_session *session)
{
    if (closes(session) && core->now_ms >= session->moved_ms + QUIET_MS) {
        say_root(core, session);
        return;
    }
    if (!has_root_to_say(core, session)) {
        session->root_ms = 0;
        return;
    }
    if (session->root_ms == 0)
        plan_root(core, session);
    if (core->now_ms < session->root_ms)
        return;
    if (is_quiet(session))
        say_root(core, session);
    else
        plan_root(core, session);
}

uint64_t sg_gossip_deadline(const struct sg_sync *core,
                            const struct sg_core_session *session)
{
    uint64_t at = session->root_ms;
    uint64_t late = sg_talk_deadline(session);

    if (at == 0)
        at =
            session->said_root_ms + IDLE_INTERVALS * interval_of(core, session);
    if (closes(session) && session->moved_ms + QUIET_MS < at)
        at = session->moved_ms + QUIET_MS;
    return late < at ? late : at;
}

/* --- Own heads ----------------------------------------------------------- */

static void post_mine(struct sg_sync *core, struct sg_core_session *session,
                      const uint8_t node_key[SG_KEY_SIZE], bool is_answer)
{
    struct sg_head_message_mine mine = {.is_answer = is_answer};
    uint8_t body[SG_HEAD_MINE_SIZE + 1];
    struct sg_writer writer;

    sg_log_table_mine(core->table, node_key, mine.heads);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_mine_encode(&writer, &mine);
    sg_core_post_written(session, 1, SG_MESSAGE_MINE, &writer);
}

void sg_gossip_ask_mine(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_core_peer_key *row = NULL;

    if (session->link == SG_SYNC_BUNDLE || !core->has_certificate)
        return;
    for (size_t i = 0; i < SG_CORE_ASKED_MAX; i++) {
        if (memcmp(core->asked[i].bytes, session->node_key, SG_KEY_SIZE) == 0)
            return;
    }
    row = &core->asked[core->n_asked++ % SG_CORE_ASKED_MAX];
    memcpy(row->bytes, session->node_key, SG_KEY_SIZE);
    post_mine(core, session, core->node_key, false);
}

enum sg_err sg_gossip_mine(struct sg_sync *core,
                           struct sg_core_session *session,
                           struct sg_bytes body)
{
    struct sg_head_message_mine mine;
    uint8_t own[SG_HEAD_MINE_SIZE];
    enum sg_err err = sg_head_message_mine_decode(body, &mine);

    if (err != SG_OK || mine.is_answer)
        return err;
    sg_log_table_mine(core->table, session->node_key, own);
    if (memcmp(own, mine.heads, sizeof own) != 0)
        for (uint32_t i = 0; i < sg_log_table_count(core->table); i++) {
            const struct sg_log *log = sg_log_table_at(core->table, i);

            if (log->branch != 0 || log->known.size == 0 ||
                memcmp(log->core.node_key, session->node_key, SG_KEY_SIZE) != 0)
                continue;
            introduce(core, session, log);
            if (session->n_proves < SG_CORE_PROVES_MAX)
                session->proves[session->n_proves++] =
                    (struct sg_proof_question){.ref = sg_package_ref(&log->id)};
        }
    post_mine(core, session, session->node_key, true);
    return SG_OK;
}
