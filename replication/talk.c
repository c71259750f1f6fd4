#include "replication/talk.h"

#include <string.h>

#include "replication/branches.h"
#include "replication/fetch.h"
#include "replication/fill.h"
#include "replication/first.h"
#include "replication/forks.h"
#include "replication/gossip.h"
#include "replication/head_message.h"
#include "replication/serve.h"
#include "replication/session.h"
#include "replication/witness.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* `root` more often than this is answered late (PROTOCOL.md section 7). */
#define ROOT_MS_MIN 5000u

/* --- Head exchange ------------------------------------------------------- */

static void post_head(void *context, enum sg_message_type type,
                      struct sg_bytes body)
{
    sg_core_post(context, 1, type, body);
}

static struct sg_exchange_sink sink_of(struct sg_core_session *session)
{
    return (struct sg_exchange_sink){.send = post_head, .context = session};
}

/* The roots are equal: both sides write their memory of the other. */
static void remember(struct sg_sync *core, struct sg_core_session *session,
                     uint64_t change)
{
    struct sg_core_memory *row = NULL;
    struct sg_core_write *write;
    struct sg_effect *effect;

    for (size_t i = 0; i < SG_CORE_MEMORIES_MAX; i++) {
        struct sg_core_memory *memory = &core->memories[i];

        if (memory->used > 0 &&
            memcmp(memory->node_key, session->node_key, SG_KEY_SIZE) == 0) {
            row = memory;
            break;
        }
        if (row == NULL || memory->used < row->used)
            row = memory;
    }
    if (row->used > 0 && row->change == change &&
        memcmp(row->node_key, session->node_key, SG_KEY_SIZE) == 0 &&
        memcmp(row->database_tag, session->received.database_tag,
               SG_HELLO_TAG_SIZE) == 0)
        return;
    write = sg_core_begin_write(core, SG_EFFECT_WRITE_MEMORY);
    if (write == NULL)
        return;
    memcpy(row->node_key, session->node_key, SG_KEY_SIZE);
    memcpy(row->database_tag, session->received.database_tag,
           SG_HELLO_TAG_SIZE);
    row->change = change;
    row->used = ++core->serial;
    effect = sg_core_effect(core, SG_EFFECT_WRITE_MEMORY);
    effect->ticket = write->ticket;
    memcpy(effect->memory.node_key, row->node_key, SG_KEY_SIZE);
    memcpy(effect->memory.database_tag, row->database_tag, SG_HELLO_TAG_SIZE);
    effect->memory.change = change;
}

/* The peer knows what this node knows. */
static void note_equal(struct sg_sync *core, struct sg_core_session *session,
                       uint64_t change)
{
    uint32_t n = sg_log_table_count(core->table);

    session->is_equal = true;
    if (session->gate == SG_CORE_GATE_TAG)
        sg_first_equal(core, session);
    for (uint32_t i = 0; i < n; i++) {
        const struct sg_log *log = sg_log_table_at(core->table, i);

        session->logs[i].is_known = log->known.size > 0;
        session->logs[i].common = log->known.size;
    }
    session->fill_cursor = 0;
    remember(core, session, change);
}

/* The claims say all in which the two differ: what the peer claimed nothing
 * about it knows as this node does. Roots of nodes that keep different logs of
 * a writer with too many never become equal, and these nodes talk all the same.
 */
static void note_agreed(struct sg_sync *core, struct sg_core_session *session)
{
    const struct sg_claims *claims = sg_exchange_claims(session->exchange);
    uint32_t n = sg_log_table_count(core->table);

    for (uint32_t i = 0; i < n; i++) {
        const struct sg_log *log = sg_log_table_at(core->table, i);

        if (log->branch == 0 && sg_claims_find(claims, &log->id) == NULL)
            session->logs[i].common = log->known.size;
    }
    session->fill_cursor = 0;
}

/* What a head message, or its answer, brought about. */
static void take_report(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_exchange_report *report)
{
    if (report->has_auth_tag)
        sg_first_tag(core, session, report->auth_tag);
    if (report->is_equal)
        note_equal(core, session, report->change);
    else {
        session->is_equal = false;
        if (report->is_agreed)
            note_agreed(core, session);
        sg_gossip_ask_mine(core, session);
    }
    session->scans = true;
    session->stirs = true;
    session->cursor = 0;
    session->n_stopped = 0;
}

void sg_talk_subscribe(struct sg_sync *core, struct sg_core_session *session)
{
    uint8_t body[SG_KEY_ID_SIZE * SG_SUBSCRIBE_SCOPES_MAX + 2];
    struct sg_flow_subscription subscription = {
        .records = (enum sg_flow_payloads)core->wants.records,
        .audits = (enum sg_flow_payloads)core->wants.audits,
        .scope_count = core->wants.n_scopes,
    };
    struct sg_writer writer;

    if (!core->has_wants)
        return;
    memcpy(subscription.scopes, core->wants.scopes, sizeof subscription.scopes);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_subscribe_encode(&subscription, &writer);
    sg_core_post_written(session, 1, SG_MESSAGE_SUBSCRIBE, &writer);
}

void sg_talk_begin(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_exchange_session begin = {
        .is_initiator = session->is_initiator,
        .has_cells = (session->received.features & SG_HELLO_FEATURE_CELLS) != 0,
    };
    struct sg_exchange_sink sink = sink_of(session);
    struct sg_exchange_report report = {0};
    uint8_t root[SG_HEAD_ROOT_SIZE];

    for (size_t i = 0; i < SG_CORE_MEMORIES_MAX; i++) {
        const struct sg_core_memory *memory = &core->memories[i];

        if (memory->used == 0 ||
            memcmp(memory->node_key, session->node_key, SG_KEY_SIZE) != 0)
            continue;
        begin.remembers =
            memcmp(memory->database_tag, session->received.database_tag,
                   SG_HELLO_TAG_SIZE) == 0;
        begin.change = memory->change;
    }
    sg_talk_subscribe(core, session);
    sg_exchange_begin(session->exchange, &begin);
    session->has_exchange = true;
    session->root_change = sg_log_table_change(core->table);
    sg_branches_begin(core, session, begin.remembers ? begin.change : 0);
    if (session->is_initiator) {
        sg_exchange_offer(session->exchange, root);
        return;
    }
    sg_exchange_answer(session->exchange, session->received.head_root, &sink,
                       &report);
    take_report(core, session, &report);
}

void sg_talk_send_root(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_exchange_sink sink = sink_of(session);

    session->has_listed = false;
    session->root_change = sg_log_table_change(core->table);
    sg_exchange_send_root(session->exchange, &sink);
}

static enum sg_err take_head(struct sg_sync *core,
                             struct sg_core_session *session,
                             const struct sg_frame_message *message)
{
    struct sg_exchange_sink sink = sink_of(session);
    struct sg_exchange_report report = {0};
    enum sg_err err =
        sg_exchange_receive(session->exchange, message, &sink, &report);

    if (err != SG_OK)
        return err;
    take_report(core, session, &report);
    /* Streams are ordered: no `authority` before it means equal tags. */
    if (session->gate == SG_CORE_GATE_TAG && !report.has_auth_tag &&
        (message->type == SG_MESSAGE_HEADS ||
         message->type == SG_MESSAGE_CELLS ||
         message->type == SG_MESSAGE_TREE || message->type == SG_MESSAGE_SAME))
        sg_first_equal(core, session);
    return SG_OK;
}

/* Takes the peer's `root` when its time has come. */
static enum sg_err take_root(struct sg_sync *core,
                             struct sg_core_session *session)
{
    struct sg_frame_message message = {
        .type = SG_MESSAGE_ROOT,
        .body = SG_BYTES_ARRAY(session->late_root),
    };

    if (!session->has_late_root || core->now_ms < sg_talk_deadline(session))
        return SG_OK;
    session->has_late_root = false;
    session->has_listed = false;
    session->rooted_ms = core->now_ms;
    return take_head(core, session, &message);
}

uint64_t sg_talk_deadline(const struct sg_core_session *session)
{
    if (!session->has_late_root)
        return UINT64_MAX;
    return session->rooted_ms == 0 ? 0 : session->rooted_ms + ROOT_MS_MIN;
}

static enum sg_err keep_root(struct sg_sync *core,
                             struct sg_core_session *session,
                             struct sg_bytes body)
{
    if (body.size != sizeof session->late_root)
        return SG_ERR_MALFORMED;
    memcpy(session->late_root, body.data, body.size);
    session->has_late_root = true;
    return take_root(core, session);
}

/* --- Small messages ------------------------------------------------------ */

static enum sg_err take_ping(struct sg_core_session *session,
                             const struct sg_frame_message *message)
{
    uint8_t echo[SG_FLOW_PING_SIZE];
    enum sg_err err = sg_flow_ping_decode(message->body, echo);

    if (err == SG_OK && message->type == SG_MESSAGE_PING)
        sg_core_post(session, 1, SG_MESSAGE_PONG, SG_BYTES_ARRAY(echo));
    return err;
}

static enum sg_err take_credit(struct sg_core_session *session,
                               struct sg_bytes body)
{
    uint64_t total;
    enum sg_err err = sg_flow_credit_decode(body, &total);

    return err == SG_OK ? sg_outbox_credit(session->outbox, total) : err;
}

static enum sg_err take_subscribe(struct sg_core_session *session,
                                  struct sg_bytes body)
{
    struct sg_flow_subscription *given = &session->subscription;
    enum sg_err err = sg_flow_subscribe_decode(body, given);

    if (err != SG_OK)
        return err;
    session->filter = (struct sg_sync_wants){
        .records = (enum sg_sync_payloads)given->records,
        .audits = (enum sg_sync_payloads)given->audits,
        .n_scopes = given->scope_count,
    };
    memcpy(session->filter.scopes, given->scopes, sizeof given->scopes);
    session->has_filter = true;
    return SG_OK;
}

static enum sg_err take_stop(struct sg_sync *core,
                             struct sg_core_session *session,
                             struct sg_bytes body)
{
    struct sg_flow_stop stop;
    enum sg_err err = sg_flow_stop_decode(body, &stop);

    if (err != SG_OK)
        return err;
    /* Either side ends a want. Of the two there is one: what this side asks for
     * and what the peer asks for never has one number, unless the peer wills
     * it so, who then ends both of them. */
    if (!sg_fill_stopped(session, stop.number))
        sg_fetch_stopped(core, session, &stop);
    sg_serve_stopped(core, session, stop.number);
    return SG_OK;
}

/* --- Dispatch ------------------------------------------------------------ */

static enum sg_err take_rest(struct sg_sync *core,
                             struct sg_core_session *session,
                             const struct sg_frame_message *message)
{
    switch (message->type) {
    case SG_MESSAGE_PING:
    case SG_MESSAGE_PONG:
        return take_ping(session, message);
    case SG_MESSAGE_CREDIT:
        return take_credit(session, message->body);
    case SG_MESSAGE_SUBSCRIBE:
        return take_subscribe(session, message->body);
    case SG_MESSAGE_STOP:
        return take_stop(core, session, message->body);
    case SG_MESSAGE_COSIGNATURE:
    case SG_MESSAGE_HOLDING:
    case SG_MESSAGE_STATEMENT:
        return sg_witness_take(core, session, message);
    case SG_MESSAGE_MANIFEST:
        return SG_ERR_MALFORMED; /* of bundles */
    default:
        core->counts.unknown_messages++;
        return SG_PLANT(sync_unknown_closes) ? SG_ERR_MALFORMED : SG_OK;
    }
}

enum sg_err sg_talk_message(struct sg_sync *core,
                            struct sg_core_session *session,
                            const struct sg_frame_message *message)
{
    switch (message->type) {
    case SG_MESSAGE_ROOT:
        return keep_root(core, session, message->body);
    case SG_MESSAGE_AUTHORITY:
        return sg_first_take(core, session, message->body);
    case SG_MESSAGE_WANT:
        return sg_serve_wants(core, session, message->body);
    case SG_MESSAGE_PACKAGE:
        return sg_fetch_package(core, session, message->body);
    case SG_MESSAGE_STORED:
        return sg_serve_stored(core, session, message->body);
    case SG_MESSAGE_PROVE:
        return sg_serve_prove(core, session, message->body);
    case SG_MESSAGE_PROOF:
        return sg_fetch_take_proof(core, session, message->body);
    case SG_MESSAGE_MINE:
        return sg_gossip_mine(core, session, message->body);
    case SG_MESSAGE_FORK:
        return sg_forks_take(core, session, message->body);
    case SG_MESSAGE_BRANCHES:
        return sg_branches_take(core, session, message->body);
    default:
        if (sg_exchange_takes(message->type))
            return take_head(core, session, message);
        return take_rest(core, session, message);
    }
}

/* --- Bundles ------------------------------------------------------------- */

/* Names logs. When the claims are full, those of earlier pieces are forgotten:
 * each piece introduces its own. */
static enum sg_err carry_introduce(struct sg_sync *core,
                                   struct sg_core_session *session,
                                   const struct sg_frame_message *message)
{
    struct sg_exchange_session begin = {.is_initiator = false};

    if (sg_claims_are_full(sg_exchange_claims(session->exchange)))
        sg_exchange_begin(session->exchange, &begin);
    return take_head(core, session, message);
}

static enum sg_err carry_authority(struct sg_sync *core,
                                   struct sg_core_session *session,
                                   struct sg_bytes body)
{
    enum sg_err err;

    session->gate = SG_CORE_GATE_LIST;
    err = sg_first_take(core, session, body);
    if (err != SG_OK)
        sg_first_pass(session);
    return err;
}

enum sg_err sg_talk_carried(struct sg_sync *core,
                            struct sg_core_session *session,
                            const struct sg_frame_message *message)
{
    switch (message->type) {
    case SG_MESSAGE_AUTHORITY:
        return carry_authority(core, session, message->body);
    case SG_MESSAGE_INTRODUCE:
        return carry_introduce(core, session, message);
    case SG_MESSAGE_PACKAGE:
    case SG_MESSAGE_PROOF:
    case SG_MESSAGE_FORK:
    case SG_MESSAGE_BRANCHES:
        return sg_talk_message(core, session, message);
    case SG_MESSAGE_HOLDING:
        session->carried.missed += session->holding_ticket != 0;
        return sg_witness_take(core, session, message);
    case SG_MESSAGE_COSIGNATURE:
    case SG_MESSAGE_STATEMENT:
        return sg_witness_take(core, session, message);
    default:
        return SG_OK; /* questions and claims: nobody hears the answer */
    }
}

/* --- Pumping ------------------------------------------------------------- */

static void grant(struct sg_core_session *session)
{
    uint8_t body[SG_VARINT_SIZE_MAX];
    struct sg_writer writer;
    uint64_t total;

    if (!sg_credit_grant(&session->credit, &total))
        return;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_credit_encode(total, &writer);
    sg_core_post_written(session, 1, SG_MESSAGE_CREDIT, &writer);
}

bool sg_talk_pump(struct sg_sync *core, struct sg_core_session *session)
{
    enum sg_err err = take_root(core, session);
    bool is_done;

    if (session->link == SG_SYNC_BUNDLE) {
        sg_first_check(core, session);
        return true;
    }
    if (err != SG_OK) {
        sg_session_close(session, err);
        return false;
    }
    grant(session);
    sg_first_check(core, session);
    is_done = sg_fetch_scan(core, session);
    is_done = sg_serve_pump(core, session) && is_done;
    is_done = sg_branches_pump(core, session) && is_done;
    sg_gossip_pump(core, session);
    sg_fill_pump(core, session);
    return is_done;
}
