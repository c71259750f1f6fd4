#include "replication/session.h"

#include <string.h>

#include "replication/dial.h"
#include "replication/fetch.h"
#include "replication/fill.h"
#include "replication/first.h"
#include "replication/gossip.h"
#include "replication/serve.h"
#include "replication/stage1.h"
#include "replication/talk.h"
#include "replication/withhold.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/trace.h"

/* A close that finds no room waits so long for it. */
#define CLOSING_MS_MAX 5000u

/* --- States -------------------------------------------------------------- */

#define TO(state) (1u << SG_CORE_##state)

/* The state machine: from each state to which. */
static const struct {
    const char *name;
    unsigned next;
} states[] = {
    [SG_CORE_FREE] = {"free", TO(JUDGING) | TO(READY)},
    [SG_CORE_JUDGING] = {"judging", TO(READY) | TO(CLOSING) | TO(FREE)},
    [SG_CORE_READY] = {"ready",
                       TO(LIMITED) | TO(OPEN) | TO(CLOSING) | TO(FREE)},
    [SG_CORE_LIMITED] = {"limited", TO(OPEN) | TO(CLOSING) | TO(FREE)},
    [SG_CORE_OPEN] = {"open", TO(LIMITED) | TO(CLOSING) | TO(FREE)},
    [SG_CORE_CLOSING] = {"closing", TO(FREE)},
};

static void move(struct sg_core_session *session, enum sg_core_state state)
{
    SG_ASSERT((states[session->state].next & (1u << state)) != 0);
    sg_trace(SG_TRACE_SESSION, (struct sg_mono){session->core->now_ms},
             "session % from state % to %", session->number,
             (uint64_t)session->state, (uint64_t)state, 0);
    session->state = state;
}

bool sg_session_is_open(const struct sg_core_session *session)
{
    return session->state == SG_CORE_OPEN || session->state == SG_CORE_LIMITED;
}

/* --- Memory -------------------------------------------------------------- */

enum sg_err sg_session_new(struct sg_sync *core,
                           struct sg_core_session *session)
{
    struct sg_exchange_config config = {.table = core->table,
                                        .room = core->room,
                                        .claims_max = core->config.claims_max,
                                        .send_max = SG_MESSAGE_SIZE_MAX / 2};
    enum sg_err err = sg_exchange_new(&config, &session->exchange);

    if (err == SG_OK)
        err = sg_outbox_new(&session->outbox);
    session->core = core;
    session->number = (uint32_t)(session - core->sessions);
    session->listed =
        sg_alloc(SG_AUTHORITY_LISTED_MAX * sizeof *session->listed);
    session->serves = sg_alloc(SG_OUTBOX_STREAMS_MAX * sizeof *session->serves);
    session->logs = sg_calloc(core->config.logs_max, sizeof *session->logs);
    if (err == SG_OK && (session->listed == NULL || session->serves == NULL ||
                         session->logs == NULL))
        err = SG_ERR_NOMEM;
    return err;
}

void sg_session_free(struct sg_core_session *session)
{
    sg_exchange_free(session->exchange);
    sg_outbox_free(session->outbox);
    sg_free(session->listed);
    sg_free(session->serves);
    sg_free(session->logs);
}

/* Sets SESSION to its beginning; its memory stays. */
static void reset(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_core_session kept = *session;

    *session = (struct sg_core_session){
        .core = core,
        .number = kept.number,
        .serial = ++core->serial,
        .peer = SG_SYNC_NONE,
        .exchange = kept.exchange,
        .outbox = kept.outbox,
        .listed = kept.listed,
        .serves = kept.serves,
        .logs = kept.logs,
        .opened_ms = core->now_ms,
        .moved_ms = core->now_ms,
        .quiet_ms = core->now_ms,
        .subscription = sg_flow_subscription_default(),
    };
    for (int i = 0; i < SG_CORE_PUSHES; i++)
        session->pushes[i] = (struct sg_core_list){SG_LOG_NONE, SG_LOG_NONE};
    /* No row beyond these was ever looked at. */
    memset(session->logs, 0,
           sg_log_table_count(core->table) * sizeof *session->logs);
    sg_credit_init(&session->credit);
    sg_outbox_reset(session->outbox, &core->no_budget);
}

/* --- The end ------------------------------------------------------------- */

void sg_session_close(struct sg_core_session *session, enum sg_err err)
{
    struct sg_sync *core = session->core;

    if (session->state == SG_CORE_CLOSING || session->state == SG_CORE_FREE)
        return;
    session->close = err;
    session->says_close = session->link != SG_SYNC_BUNDLE;
    session->closing_ms = core->now_ms;
    session->stirs = true;
    move(session, SG_CORE_CLOSING);
    sg_fill_end(session);
    core->counts.closes++;
    switch (sg_close_code(err)) {
    case SG_CLOSE_MALFORMED:
        core->counts.refused_malformed++;
        break;
    case SG_CLOSE_PROOF:
        core->counts.refused_proof++;
        sg_core_say(core, SG_SYNC_ALARM_PROOF, session->number, NULL);
        break;
    case SG_CLOSE_LIMIT:
        core->counts.refused_limit++;
        break;
    default:
        return;
    }
    if (session->is_judged)
        sg_dial_punish(core, session->node_key);
}

void sg_session_end(struct sg_sync *core, struct sg_core_session *session)
{
    sg_fetch_leave(core, session);
    sg_fill_end(session);
    sg_dial_ended(core, session);
    sg_outbox_reset(session->outbox, &core->no_budget);
    move(session, SG_CORE_FREE);
}

/* Says the close, if there is room for it; the connection ends. */
static bool say_close(struct sg_sync *core, struct sg_core_session *session)
{
    bool has_room = session->room > 0;
    struct sg_effect *effect;
    uint8_t *code;

    if (session->says_close && !has_room &&
        core->now_ms < session->closing_ms + CLOSING_MS_MAX)
        return true;
    if (!sg_core_has_effects(core, SG_STAGE1_MESSAGES_MAX + 1))
        return false;
    if (session->says_close && has_room) {
        code = sg_core_memory(core, SG_CLOSE_SIZE);
        if (code == NULL)
            return false;
        *code = (uint8_t)sg_close_code(session->close);
        for (size_t i = 0; i < session->n_farewells; i++)
            (void)sg_core_send(core, session, session->farewells[i].type,
                               session->farewells[i].body);
        (void)sg_core_send(core, session, SG_MESSAGE_CLOSE,
                           sg_bytes(code, SG_CLOSE_SIZE));
    }
    effect = sg_core_effect(core, SG_EFFECT_CLOSE);
    effect->session = session->number;
    effect->close = session->close;
    sg_session_end(core, session);
    return true;
}

/* --- Stage 1 ------------------------------------------------------------- */

/* Both sides are in stage 2. */
static void enter(struct sg_sync *core, struct sg_core_session *session)
{
    move(session, session->stage1.verdict == SG_CERTIFICATE_ACCEPTED
                      ? SG_CORE_OPEN
                      : SG_CORE_LIMITED);
    sg_gossip_begin(core, session);
}

/* Closes the one of two sessions with the same node that is not to stay: the
 * initiator with the smaller node key keeps his; of two by one initiator the
 * newer one stays, for he knows that the older is dead. */
static void settle_double(struct sg_sync *core, struct sg_core_session *session)
{
    bool is_mine_first =
        memcmp(core->node_key, session->node_key, SG_KEY_SIZE) < 0;

    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *other = &core->sessions[i];

        if (other == session || other->state == SG_CORE_FREE ||
            other->state == SG_CORE_CLOSING || other->link == SG_SYNC_BUNDLE ||
            !other->is_judged ||
            memcmp(other->node_key, session->node_key, SG_KEY_SIZE) != 0)
            continue;
        if (other->is_initiator == session->is_initiator ||
            session->is_initiator == is_mine_first)
            sg_session_close(other, SG_ERR_DOUBLE);
        else
            sg_session_close(session, SG_ERR_DOUBLE);
    }
}

/* The peer has passed: its node key is proved, which before was anybody's word.
 * False: it is not let in all the same. */
static bool admit(struct sg_sync *core, struct sg_core_session *session)
{
    session->is_judged = true;
    if (sg_dial_is_punished(core, session->node_key))
        sg_session_close(session, SG_ERR_NOROOM);
    else
        settle_double(core, session);
    return session->state != SG_CORE_CLOSING;
}

/* An applicant asks; whether it is invited is the driver's to say. */
static void ask(struct sg_sync *core, struct sg_core_session *session,
                const struct sg_stage1_out *out)
{
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_JOIN);

    session->join_ticket = ++core->ticket;
    effect->session = session->number;
    effect->ticket = session->join_ticket;
    effect->join.request = out->request;
    effect->join.handshake = session->stage1.config.handshake;
    memcpy(effect->join.bytes, out->join.data, SG_JOIN_REQUEST_SIZE);
    memcpy(effect->join.proof, out->join.data + SG_JOIN_REQUEST_SIZE,
           SG_JOIN_PROOF_SIZE);
}

/* Stage 1 has ended the session; what it says before the close is kept. */
static void end_stage1(struct sg_core_session *session,
                       const struct sg_stage1_out *out)
{
    if (out->is_by_peer) {
        session->close = out->err;
        session->says_close = false;
        session->closing_ms = session->core->now_ms;
        move(session, SG_CORE_CLOSING);
        return;
    }
    sg_session_close(session, out->err);
    SG_ASSERT(out->messages[out->count - 1].type == SG_MESSAGE_CLOSE);
    session->n_farewells = out->count - 1;
    memcpy(session->farewells, out->messages,
           session->n_farewells * sizeof out->messages[0]);
}

/* Does what follows from a call of stage 1. */
static void follow(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_stage1_out *out)
{
    const struct sg_stage1 *stage1 = &session->stage1;
    bool is_news = !session->is_judged && stage1->has_sent_ready &&
                   stage1->verdict != SG_CERTIFICATE_REFUSED;

    if (out->own_revocation.size > 0 && !core->is_revoked) {
        core->is_revoked = true;
        sg_core_say(core, SG_SYNC_ALARM_REVOKED, session->number, NULL);
    }
    if (out->is_closed) {
        end_stage1(session, out);
        return;
    }
    if (is_news && !admit(core, session))
        return;
    for (size_t i = 0; i < out->count; i++)
        sg_core_post(session, 0, out->messages[i].type, out->messages[i].body);
    if (session->state == SG_CORE_CLOSING)
        return;
    if (out->is_asked)
        ask(core, session, out);
    if (is_news) {
        move(session, SG_CORE_READY);
        sg_talk_begin(core, session);
    }
    if (out->is_opened && session->state == SG_CORE_READY)
        enter(core, session);
}

void sg_session_joined(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_stage1_out out;

    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];

        if (session->state != SG_CORE_JUDGING ||
            session->join_ticket != event->joined.ticket)
            continue;
        session->join_ticket = 0;
        sg_stage1_answer(&session->stage1, event->joined.answer,
                         event->joined.answer == SG_JOIN_ADMITTED
                             ? event->joined.certificate
                             : NULL,
                         &out);
        follow(core, session, &out);
        return;
    }
}

/* Reads who the peer says it is, before anything of that is judged. */
static enum sg_err read_peer(struct sg_sync *core,
                             struct sg_core_session *session)
{
    struct sg_certificate certificate;
    enum sg_err err;

    if (session->received.form != SG_HELLO_MEMBER)
        return SG_OK;
    err = sg_certificate_decode(SG_BYTES_ARRAY(session->received.certificate),
                                &certificate);
    if (err != SG_OK)
        return err;
    memcpy(session->node_key, certificate.node_key, SG_KEY_SIZE);
    if (memcmp(session->node_key, core->node_key, SG_KEY_SIZE) == 0)
        return SG_ERR_DOUBLE;
    return SG_OK;
}

static void begin_stage1(struct sg_sync *core, struct sg_core_session *session,
                         const struct sg_event *event)
{
    struct sg_stage1_config config = {
        .trust = core->trust,
        .registry = &core->config.registry,
        .handshake = event->open.handshake,
        .sent = event->open.sent,
        .received = event->open.received,
        .invites = core->is_inviting,
    };
    struct sg_stage1_out out;

    memcpy(config.node_key, core->node_key, SG_KEY_SIZE);
    memcpy(config.remote_static, event->open.remote_static, SG_KEY_SIZE);
    sg_stage1_init(&session->stage1, &config, &out);
    follow(core, session, &out);
}

/* Begins what is read from a bundle: nobody is there, so nobody is judged; what
 * is in it proves itself. */
static void open_bundle(struct sg_core_session *session)
{
    struct sg_exchange_session begin = {.is_initiator = false};

    sg_exchange_begin(session->exchange, &begin);
    session->has_exchange = true;
    session->gate = SG_CORE_GATE_PASSED;
    session->close = SG_OK;
    move(session, SG_CORE_READY);
    move(session, SG_CORE_OPEN);
    if (session->core->is_stopping)
        sg_session_close(session, SG_ERR_STOPPING);
}

void sg_session_open(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_event *event)
{
    enum sg_err err;

    reset(core, session);
    session->link = event->open.link;
    session->is_initiator = session->link == SG_SYNC_INITIATOR;
    session->next_number = session->is_initiator ? 1 : 2;
    session->peer = event->open.peer;
    session->received = event->open.received;
    if (session->link == SG_SYNC_BUNDLE) {
        open_bundle(session);
        return;
    }
    err = read_peer(core, session);
    move(session, SG_CORE_JUDGING);
    sg_dial_connected(core, session);
    if (err == SG_OK && !core->was_judged && !sg_first_is_judged(core))
        err = SG_ERR_NOROOM;
    if (err == SG_OK && core->is_stopping)
        err = SG_ERR_STOPPING;
    if (err == SG_OK)
        begin_stage1(core, session, event);
    else
        sg_session_close(session, err);
}

void sg_session_judge_again(struct sg_sync *core,
                            struct sg_core_session *session)
{
    struct sg_stage1_out out;

    if (session->state == SG_CORE_FREE || session->state == SG_CORE_CLOSING ||
        session->link == SG_SYNC_BUNDLE)
        return;
    sg_stage1_judge(&session->stage1, &out);
    follow(core, session, &out);
    if (session->stage1.verdict == SG_CERTIFICATE_ACCEPTED &&
        session->state == SG_CORE_LIMITED) {
        move(session, SG_CORE_OPEN);
        session->scans = true;
        session->stirs = true;
        session->cursor = 0;
    }
}

/* --- Messages ------------------------------------------------------------ */

/* Says whether stage 1 takes a message: in stage 2 too it watches. */
static bool is_early(enum sg_message_type type)
{
    switch (type) {
    case SG_MESSAGE_CHAIN:
    case SG_MESSAGE_REVOKED:
    case SG_MESSAGE_READY:
    case SG_MESSAGE_JOIN:
    case SG_MESSAGE_JOINED:
    case SG_MESSAGE_CLOSE:
        return true;
    default:
        return false;
    }
}

static void take_early(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_frame_message *message)
{
    struct sg_stage1_out out;

    sg_stage1_take(&session->stage1, message, &out);
    follow(core, session, &out);
}

/* A message of a bundle. One that is wrong ends nothing: the next may be right,
 * and there is nobody to be told. */
static void take_carried(struct sg_sync *core, struct sg_core_session *session,
                         const struct sg_frame_message *message)
{
    enum sg_err err = sg_talk_carried(core, session, message);

    if (err == SG_OK)
        return;
    session->carried.refused++;
    if (sg_close_code(err) == SG_CLOSE_PROOF) {
        core->counts.refused_proof++;
        sg_core_say(core, SG_SYNC_ALARM_PROOF, session->number, NULL);
    } else if (sg_close_code(err) == SG_CLOSE_LIMIT) {
        core->counts.refused_limit++;
    } else {
        core->counts.refused_malformed++;
    }
}

void sg_session_message(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_frame_message *message)
{
    enum sg_err err = SG_ERR_MALFORMED;

    if (session->state == SG_CORE_CLOSING)
        return;
    session->moved_ms = core->now_ms;
    session->awaits_pong = false;
    session->received_bytes += message->body.size;
    if (session->link == SG_SYNC_BUNDLE) {
        take_carried(core, session, message);
        return;
    }
    if (message->type != SG_MESSAGE_AUTHORITY &&
        message->type != SG_MESSAGE_FORK)
        sg_dial_count(core, session, message->body.size);
    if (is_early(message->type)) {
        take_early(core, session, message);
        return;
    }
    if (sg_session_is_open(session))
        err = sg_talk_message(core, session, message);
    if (err != SG_OK)
        sg_session_close(session, err);
}

/* --- Time ---------------------------------------------------------------- */

/* Says whether the peer owes something, so that silence is no progress. */
static bool is_owed(const struct sg_core_session *session)
{
    if (session->awaits_pong || session->n_wants > 0)
        return true;
    if (session->has_exchange && sg_exchange_is_open(session->exchange))
        return true;
    return session->room <= session->reserved &&
           sg_outbox_waiting(session->outbox) > 0;
}

/* Says whether what waits would wait for the budget longer than the peer waits
 * for it; then the session ends and the next one comes when there is budget. */
static bool is_used_up(const struct sg_sync *core,
                       struct sg_core_session *session)
{
    uint64_t at = sg_outbox_deadline(session->outbox, core->now_ms);

    if (at == UINT64_MAX || at < core->now_ms + SG_PROGRESS_MS_MAX)
        return false;
    session->budget_ms = at;
    return true;
}

void sg_session_tick(struct sg_sync *core, struct sg_core_session *session)
{
    uint8_t echo[SG_FLOW_PING_SIZE] = {0};
    uint64_t now = core->now_ms;

    if (session->state == SG_CORE_CLOSING || session->state == SG_CORE_FREE ||
        session->link == SG_SYNC_BUNDLE)
        return;
    if (is_used_up(core, session)) {
        sg_session_close(session, SG_ERR_DONE);
        return;
    }
    if (!sg_session_is_open(session)) {
        if (now >= session->opened_ms + SG_STAGE1_MS_MAX)
            sg_session_close(session, SG_ERR_SLOW);
        return;
    }
    if (now >= session->moved_ms + SG_PROGRESS_MS_MAX && is_owed(session)) {
        sg_session_close(session, SG_ERR_SLOW);
        return;
    }
    if (now >= session->moved_ms + core->config.ping_ms) {
        sg_core_post(session, 1, SG_MESSAGE_PING, SG_BYTES_ARRAY(echo));
        session->awaits_pong = true;
        session->moved_ms = now;
    }
    sg_withhold_tick(core, session);
    sg_gossip_tick(core, session);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sg_session_deadline(const struct sg_sync *core,
                             const struct sg_core_session *session)
{
    uint64_t at;

    if (session->state == SG_CORE_FREE || session->link == SG_SYNC_BUNDLE)
        return UINT64_MAX;
    if (session->state == SG_CORE_CLOSING)
        return session->closing_ms + CLOSING_MS_MAX;
    if (!sg_session_is_open(session))
        return session->opened_ms + SG_STAGE1_MS_MAX;
    at = session->moved_ms +
         (is_owed(session) ? SG_PROGRESS_MS_MAX : core->config.ping_ms);
    at = earlier(at, sg_gossip_deadline(core, session));
    at = earlier(at, sg_withhold_deadline(core, session));
    if (session->room > 0)
        at = earlier(at, sg_outbox_deadline(session->outbox, core->now_ms));
    return at;
}

/* --- Turns --------------------------------------------------------------- */

static void send_message(struct sg_sync *core, struct sg_core_session *session,
                         const struct sg_outbox_turn *turn)
{
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_SEND);

    effect->session = session->number;
    effect->send.type = turn->type;
    effect->send.body = turn->body; /* the outbox keeps it for this step */
    session->room -= (int64_t)turn->body.size;
    session->sent += turn->body.size;
    session->has_given = true;
    session->moved_ms = core->now_ms;
}

bool sg_session_pump(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_outbox_turn turn;

    if (session->state == SG_CORE_FREE)
        return true;
    if (session->state == SG_CORE_CLOSING)
        return say_close(core, session);
    if (sg_session_is_open(session) && !sg_talk_pump(core, session))
        return false;
    while (session->room > session->reserved) {
        size_t room = (size_t)(session->room - session->reserved);

        if (session->state == SG_CORE_CLOSING)
            return false;
        if (!sg_core_has_effects(core, 1))
            return false;
        if (!sg_outbox_next(session->outbox, core->now_ms, &room, &turn))
            return true;
        if (turn.kind == SG_OUTBOX_MESSAGE)
            send_message(core, session, &turn);
        else
            sg_serve_turn(core, session, &turn);
    }
    return true;
}

/* --- Greeting ------------------------------------------------------------ */

void sg_session_greet(const struct sg_sync *core,
                      const struct sg_hello_payload *peer,
                      struct sg_hello_payload *ret_payload)
{
    struct sg_hello_payload payload = {
        .form = SG_HELLO_MEMBER,
        .minor = SG_HELLO_MINOR,
        .features = SG_HELLO_FEATURE_CELLS,
    };
    struct sg_hash root = sg_log_table_root(core->table);

    memcpy(payload.database_tag, core->config.database, SG_HELLO_TAG_SIZE);
    memcpy(payload.certificate, core->config.certificate, SG_CERTIFICATE_SIZE);
    if (peer != NULL)
        memcpy(payload.head_root, root.bytes, SG_HELLO_ROOT_SIZE);
    sg_stage1_greet(core->trust, peer, &payload);
    *ret_payload = payload;
}
