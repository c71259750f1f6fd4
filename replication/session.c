#include "replication/session.h"

#include <string.h>

#include "replication/dial.h"
#include "replication/fetch.h"
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
        sg_calloc(SG_AUTHORITY_LISTED_MAX, sizeof *session->listed);
    session->serves = sg_calloc(SG_OUTBOX_STREAMS_MAX, sizeof *session->serves);
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
        .next_number = 1,
        .opened_ms = core->now_ms,
        .moved_ms = core->now_ms,
        .quiet_ms = core->now_ms,
        .subscription = sg_flow_subscription_default(),
    };
    for (int i = 0; i < SG_CORE_PUSHES; i++)
        session->pushes[i] = (struct sg_core_list){SG_LOG_NONE, SG_LOG_NONE};
    memset(session->serves, 0, SG_OUTBOX_STREAMS_MAX * sizeof *session->serves);
    memset(session->logs, 0, core->config.logs_max * sizeof *session->logs);
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
    sg_dial_ended(core, session);
    sg_outbox_reset(session->outbox, &core->no_budget);
    move(session, SG_CORE_FREE);
}

/* Says to a peer that was refused what it may still know: the newer roots, if
 * it was not let into stage 2, and its own revocation, which they sign; each if
 * it fits. Both lie in ROOM, of SG_STAGE1_SIZE_MAX bytes. */
static void say_refusal(struct sg_sync *core, struct sg_core_session *session,
                        uint8_t *room)
{
    size_t size_max = SG_STAGE1_SIZE_MAX - SG_CLOSE_SIZE;
    struct sg_writer writer;
    struct sg_bytes record = {0};

    sg_writer_init_array(&writer, room, size_max);
    if (!session->has_said_ready)
        sg_trust_write_chain(core->trust, session->received.generation,
                             size_max, &writer);
    if (writer.size > 0)
        (void)sg_core_send(core, session, SG_MESSAGE_CHAIN,
                           sg_writer_written(&writer));
    if (session->close == SG_ERR_REVOKED)
        record = sg_trust_revocation(core->trust, session->node_key,
                                     size_max - writer.size);
    if (record.size > 0) {
        memcpy(room + writer.size, record.data, record.size);
        (void)sg_core_send(core, session, SG_MESSAGE_REVOKED,
                           sg_bytes(room + writer.size, record.size));
    }
}

static bool is_refusal(enum sg_err err)
{
    return err == SG_ERR_UNTRUSTED || err == SG_ERR_REVOKED ||
           err == SG_ERR_EXPIRED;
}

/* Says the close, if there is room for it; the connection ends. */
static bool say_close(struct sg_sync *core, struct sg_core_session *session)
{
    bool has_room = session->room > 0;
    struct sg_effect *effect;
    uint8_t *room;

    if (session->says_close && !has_room &&
        core->now_ms < session->closing_ms + CLOSING_MS_MAX)
        return true;
    if (!sg_core_has_effects(core, 4))
        return false;
    if (session->says_close && has_room) {
        room = sg_core_memory(core, SG_STAGE1_SIZE_MAX);
        if (room == NULL)
            return false;
        if (is_refusal(session->close) &&
            session->received.form == SG_HELLO_MEMBER)
            say_refusal(core, session, room);
        room += SG_STAGE1_SIZE_MAX - SG_CLOSE_SIZE;
        *room = (uint8_t)sg_close_code(session->close);
        (void)sg_core_send(core, session, SG_MESSAGE_CLOSE,
                           sg_bytes(room, SG_CLOSE_SIZE));
    }
    effect = sg_core_effect(core, SG_EFFECT_CLOSE);
    effect->session = session->number;
    effect->close = session->close;
    sg_session_end(core, session);
    return true;
}

/* --- Stage 1 ------------------------------------------------------------- */

static enum sg_err judge(struct sg_sync *core, struct sg_core_session *session,
                         enum sg_certificate_verdict *ret_verdict)
{
    return sg_trust_judge_certificate(core->trust, &session->chain,
                                      session->certificate, ret_verdict);
}

/* Both sides are in stage 2. */
static void enter(struct sg_sync *core, struct sg_core_session *session)
{
    enum sg_certificate_verdict verdict;
    enum sg_err err = judge(core, session, &verdict);

    if (err != SG_OK) {
        sg_session_close(session, err);
        return;
    }
    move(session,
         verdict == SG_CERTIFICATE_ACCEPTED ? SG_CORE_OPEN : SG_CORE_LIMITED);
    sg_dial_opened(core, session);
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

/* Says `ready` if the handshake has not said it; stage 2 begins on this side.
 */
static void get_ready(struct sg_sync *core, struct sg_core_session *session)
{
    enum sg_certificate_verdict verdict;
    enum sg_err err = judge(core, session, &verdict);

    if (err != SG_OK) {
        sg_session_close(session, err);
        return;
    }
    /* Now the node key is proved: before, it was anybody's word. */
    session->is_judged = true;
    if (sg_dial_is_punished(core, session->node_key)) {
        sg_session_close(session, SG_ERR_NOROOM);
        return;
    }
    settle_double(core, session);
    if (session->state == SG_CORE_CLOSING)
        return;
    if (!session->has_said_ready)
        sg_core_post(session, 0, SG_MESSAGE_READY, sg_bytes(NULL, 0));
    session->has_said_ready = true;
    move(session, SG_CORE_READY);
    sg_talk_begin(core, session);
    if (session->state == SG_CORE_READY && session->has_peer_ready)
        enter(core, session);
}

/* Sends the links that the peer, who knows the roots up to FROM, lacks. */
static void show_chain(struct sg_sync *core, struct sg_core_session *session,
                       uint8_t from)
{
    uint8_t body[SG_STAGE1_SIZE_MAX];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_trust_write_chain(core->trust, from, sizeof body - SG_CLOSE_SIZE,
                         &writer);
    if (writer.err == SG_OK && writer.size > 0)
        sg_core_post_written(session, 0, SG_MESSAGE_CHAIN, &writer);
}

/* Generations by age: none is before the genesis. */
static int age(uint8_t generation)
{
    return generation == SG_HELLO_NO_GENERATION ? -1 : (int)generation;
}

static enum sg_err check_peer(struct sg_sync *core,
                              struct sg_core_session *session)
{
    struct sg_certificate certificate;
    enum sg_err err;

    if (session->received.form != SG_HELLO_MEMBER)
        return SG_ERR_UNTRUSTED; /* no invites are issued here */
    err = sg_certificate_decode(SG_BYTES_ARRAY(session->certificate),
                                &certificate);
    if (err != SG_OK)
        return err;
    memcpy(session->node_key, certificate.node_key, SG_KEY_SIZE);
    if (memcmp(session->node_key, core->node_key, SG_KEY_SIZE) == 0)
        return SG_ERR_DOUBLE;
    return SG_OK;
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
    int mine = age(event->open.sent.generation);
    int theirs = age(event->open.received.generation);
    enum sg_err err;

    reset(core, session);
    session->link = event->open.link;
    session->is_initiator = session->link == SG_SYNC_INITIATOR;
    session->peer = event->open.peer;
    session->received = event->open.received;
    session->handshake = event->open.handshake;
    session->generation = event->open.sent.generation;
    session->has_said_ready =
        session->is_initiator && event->open.sent.is_ready;
    session->has_peer_ready =
        !session->is_initiator && session->received.is_ready;
    memcpy(session->certificate, session->received.certificate,
           sizeof session->certificate);
    if (session->link == SG_SYNC_BUNDLE) {
        open_bundle(session);
        return;
    }
    err = check_peer(core, session);
    move(session, SG_CORE_JUDGING);
    sg_dial_connected(core, session);
    if (err == SG_OK && !core->was_judged && !sg_first_is_judged(core))
        err = SG_ERR_NOROOM;
    if (err == SG_OK && core->is_stopping)
        err = SG_ERR_STOPPING;
    if (err == SG_OK && mine < theirs && session->has_peer_ready)
        err = SG_ERR_MALFORMED; /* its chain is due first */
    if (err != SG_OK) {
        sg_session_close(session, err);
        return;
    }
    if (mine > theirs)
        show_chain(core, session, event->open.received.generation);
    if (mine >= theirs)
        get_ready(core, session);
}

static enum sg_err take_chain(struct sg_sync *core,
                              struct sg_core_session *session,
                              struct sg_bytes body)
{
    uint8_t generation = session->generation;
    const struct sg_root *known = sg_trust_root(core->trust, generation);
    enum sg_err err;

    if (session->state != SG_CORE_JUDGING)
        return SG_ERR_MALFORMED;
    if (known == NULL && generation != SG_CHAIN_FROM_GENESIS)
        return SG_ERR_UNTRUSTED; /* nothing is known to go on from */
    err = sg_chain_decode(body, &core->config.registry, generation, known,
                          &session->chain);
    if (err == SG_OK)
        get_ready(core, session);
    return err;
}

static void take_revoked(struct sg_sync *core, struct sg_core_session *session,
                         struct sg_bytes body)
{
    if (core->is_revoked ||
        !sg_trust_is_revocation(core->trust, &session->chain, body,
                                core->node_key))
        return;
    core->is_revoked = true;
    sg_core_say(core, SG_SYNC_ALARM_REVOKED, session->number, NULL);
}

static enum sg_err take_close(struct sg_sync *core,
                              struct sg_core_session *session,
                              struct sg_bytes body)
{
    uint8_t code;
    enum sg_err err = sg_close_decode(body, &code);

    if (err != SG_OK)
        return err;
    session->close =
        code <= SG_CLOSE_STORAGE ? sg_close_err(code) : SG_ERR_CLOSED;
    session->says_close = false;
    session->closing_ms = core->now_ms;
    move(session, SG_CORE_CLOSING);
    return SG_OK;
}

void sg_session_judge_again(struct sg_sync *core,
                            struct sg_core_session *session)
{
    enum sg_certificate_verdict verdict;
    enum sg_err err;

    if (!sg_session_is_open(session) || session->link == SG_SYNC_BUNDLE)
        return;
    err = judge(core, session, &verdict);
    if (err != SG_OK) {
        sg_session_close(session, err);
        return;
    }
    if (verdict == SG_CERTIFICATE_ACCEPTED &&
        session->state == SG_CORE_LIMITED) {
        move(session, SG_CORE_OPEN);
        session->scans = true;
        session->stirs = true;
        session->cursor = 0;
    }
}

/* --- Messages ------------------------------------------------------------ */

/* Messages of stage 1, and those of any. False: it is of stage 2. */
static bool take_early(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_frame_message *message,
                       enum sg_err *ret_err)
{
    switch (message->type) {
    case SG_MESSAGE_CHAIN:
        *ret_err = take_chain(core, session, message->body);
        return true;
    case SG_MESSAGE_REVOKED:
        take_revoked(core, session, message->body);
        return true;
    case SG_MESSAGE_CLOSE:
        *ret_err = take_close(core, session, message->body);
        return true;
    case SG_MESSAGE_READY:
        if (session->has_peer_ready || message->body.size > 0 ||
            session->state == SG_CORE_JUDGING)
            *ret_err = SG_ERR_MALFORMED;
        session->has_peer_ready = true;
        if (session->state == SG_CORE_READY)
            enter(core, session);
        return true;
    case SG_MESSAGE_JOIN:
    case SG_MESSAGE_JOINED:
        *ret_err = SG_ERR_MALFORMED;
        return true;
    default:
        return false;
    }
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
    enum sg_err err = SG_OK;

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
    if (!take_early(core, session, message, &err))
        err = sg_session_is_open(session)
                  ? sg_talk_message(core, session, message)
                  : SG_ERR_MALFORMED;
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
