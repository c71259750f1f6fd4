#include "replication/witness.h"

#include <string.h>

#include "replication/cosignature.h"
#include "replication/fetch.h"
#include "replication/holding.h"
#include "replication/session.h"
#include "replication/statement.h"
#include "replication/withhold.h"
#include "storage/base/check.h"

_Static_assert(SG_HOLDING_SIZE <= SG_OUTBOX_NOTE_SIZE_MAX,
               "holdings are notes");

/* --- Storing and passing on ---------------------------------------------- */

/* Gives what proves itself to the store. */
static void keep(struct sg_sync *core, enum sg_message_type type,
                 const struct sg_log_id *log, struct sg_bytes bytes)
{
    struct sg_core_write *write =
        sg_core_begin_write(core, SG_EFFECT_WRITE_STATEMENT);
    struct sg_effect *effect;
    uint8_t *copy;

    if (write == NULL)
        return;
    copy = sg_core_memory(core, bytes.size);
    SG_ASSERT(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    effect = sg_core_effect(core, SG_EFFECT_WRITE_STATEMENT);
    effect->ticket = write->ticket;
    if (log != NULL)
        effect->log = *log;
    effect->statement.type = type;
    effect->statement.bytes = sg_bytes(copy, bytes.size);
}

/* Posts a note to SESSION; one that finds no room is not sent: a newer one
 * follows. */
static void post_note(struct sg_core_session *session,
                      const uint8_t writer[SG_KEY_SIZE],
                      enum sg_message_type type, struct sg_bytes body)
{
    if (session->state != SG_CORE_OPEN || session->link == SG_SYNC_BUNDLE)
        return;
    session->stirs = true;
    session->dropped_notes +=
        sg_outbox_put(session->outbox, 2, writer, type, body) != SG_OK;
}

static enum sg_certificate_role role_of(const struct sg_core_session *session)
{
    return (enum sg_certificate_role)session->received.certificate[1];
}

/* Finds the certificate of the node whose key has ID: the peer's own, which was
 * judged, else among all that are known. */
static bool find_node(const struct sg_sync *core,
                      const struct sg_core_session *session,
                      const struct sg_key_id *id, struct sg_certificate *ret)
{
    struct sg_trust_node node;
    struct sg_key_id own =
        sg_key_id_of(&core->config.registry, SG_KEY_NODE, session->node_key);

    if (sg_key_id_compare(&own, id) == 0)
        return sg_certificate_decode(
                   SG_BYTES_ARRAY(session->received.certificate), ret) == SG_OK;
    if (!sg_trust_node_of_id(core->trust, id, &node))
        return false;
    *ret = node.certificate;
    return true;
}

/* --- Taking -------------------------------------------------------------- */

static enum sg_err take_cosignature(struct sg_sync *core,
                                    struct sg_core_session *session,
                                    struct sg_bytes body)
{
    struct sg_cosignature cosignature;
    struct sg_certificate node;
    const struct sg_log *log;
    enum sg_err err = sg_cosignature_decode(body, &cosignature);

    if (err != SG_OK)
        return err;
    log = sg_log_table_find_ref(core->table, cosignature.ref.bytes);
    if (log == NULL || log->is_forked || log->known.size != cosignature.size ||
        !find_node(core, session, &cosignature.witness, &node))
        return SG_OK;
    if (sg_cosignature_verify(&cosignature, &core->config.registry, &log->id,
                              &log->known, node.node_key) == SG_OK)
        keep(core, SG_MESSAGE_COSIGNATURE, &log->id, body);
    return SG_OK;
}

/* The root of LOG at SIZE, where it is at hand. */
static bool root_at(struct sg_sync *core, struct sg_log *log, uint64_t size,
                    struct sg_hash *ret_root)
{
    const struct sg_frontier *frontier;

    if (log->known.size == size) {
        *ret_root = log->known.root;
        return true;
    }
    frontier = sg_log_table_frontier(core->table, log);
    if (frontier == NULL || frontier->size != size)
        return false;
    *ret_root = sg_merkle_root(frontier);
    return true;
}

/* A holding of a central node goes on to all but whence it came. */
static void pass_on(struct sg_sync *core, const struct sg_core_session *from,
                    const struct sg_log *log,
                    const struct sg_holding_message *message,
                    const uint8_t holder[SG_KEY_SIZE], struct sg_bytes body)
{
    struct sg_core_row *row = &core->rows[log->number];

    row->central_held = message->held;
    row->central = message->holder;
    for (uint32_t i = 0; i < core->top; i++)
        if (&core->sessions[i] != from)
            post_note(&core->sessions[i], holder, SG_MESSAGE_HOLDING, body);
}

/* Judges what MESSAGE says of LOG, which has ROOT at its size. */
static void judge_holding(struct sg_sync *core, struct sg_core_session *session,
                          const struct sg_holding_message *message,
                          const struct sg_log *log, const struct sg_hash *root)
{
    uint8_t bytes[SG_HOLDING_SIZE], body[SG_OUTBOX_NOTE_SIZE_MAX];
    struct sg_holding holding;
    struct sg_certificate node;
    struct sg_writer writer;

    if (!find_node(core, session, &message->holder, &node))
        return;
    sg_holding_rebuild(message, &log->id, root, node.node_key, &holding);
    if (sg_holding_verify(&holding, &core->config.registry) != SG_OK) {
        /* Another root at this size: the holder's history may be another. */
        sg_fetch_prove(session, &log->id, 0);
        return;
    }
    sg_holding_encode(&holding, bytes);
    keep(core, SG_MESSAGE_HOLDING, &log->id, SG_BYTES_ARRAY(bytes));
    if (memcmp(session->node_key, holding.holder, SG_KEY_SIZE) == 0)
        sg_withhold_signed(core, session, log, message->held);
    if (node.role != SG_CERTIFICATE_CENTRAL)
        return;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_holding_message_encode(&holding, &core->config.registry, &writer);
    pass_on(core, session, log, message, holding.holder,
            sg_writer_written(&writer));
}

/* Says whether this was said before, by the central node that said it. */
static bool is_old(const struct sg_core_row *row,
                   const struct sg_holding_message *message)
{
    return message->held <= row->central_held &&
           sg_key_id_compare(&message->holder, &row->central) == 0;
}

static enum sg_err take_holding(struct sg_sync *core,
                                struct sg_core_session *session,
                                struct sg_bytes body)
{
    struct sg_holding_message message;
    struct sg_hash root;
    struct sg_effect *effect;
    struct sg_log *log;
    enum sg_err err = sg_holding_message_decode(body, &message);

    if (err != SG_OK)
        return err;
    log = sg_log_table_find_ref(core->table, message.ref.bytes);
    if (log == NULL || log->is_forked || message.held == 0 ||
        message.held > log->held || is_old(&core->rows[log->number], &message))
        return SG_OK;
    if (root_at(core, log, message.held, &root)) {
        judge_holding(core, session, &message, log, &root);
        return SG_OK;
    }
    if (session->holding_ticket != 0)
        return SG_OK; /* one is looked up; a newer one follows */
    effect = sg_core_effect(core, SG_EFFECT_READ);
    effect->session = session->number;
    effect->ticket = ++core->ticket;
    effect->log = log->id;
    effect->read.first = message.held;
    effect->read.to = message.held;
    effect->read.frontier = true;
    session->holding = message;
    session->holding_ticket = effect->ticket;
    return SG_OK;
}

bool sg_witness_read(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_event *event)
{
    struct sg_hash root;
    const struct sg_log *log;

    if (session->holding_ticket == 0 ||
        session->holding_ticket != event->read.ticket)
        return false;
    session->holding_ticket = 0;
    log = sg_log_table_find_ref(core->table, session->holding.ref.bytes);
    if (event->read.err != SG_OK || log == NULL ||
        event->read.hash_count !=
            sg_merkle_frontier_count(session->holding.held))
        return true;
    root = sg_merkle_join(event->read.hashes, event->read.hash_count);
    judge_holding(core, session, &session->holding, log, &root);
    return true;
}

static bool is_seen(struct sg_sync *core, struct sg_bytes body)
{
    struct sg_hash hash;

    sg_crypto_sha256(body.data, body.size, &hash);
    for (size_t i = 0; i < SG_CORE_STATEMENTS_MAX; i++)
        if (memcmp(&core->seen[i], &hash, sizeof hash) == 0)
            return true;
    core->seen[core->n_seen++ % SG_CORE_STATEMENTS_MAX] = hash;
    return false;
}

static enum sg_err take_statement(struct sg_sync *core,
                                  struct sg_core_session *session,
                                  struct sg_bytes body)
{
    struct sg_statement statement;
    enum sg_err err = sg_statement_decode(body, &statement);

    if (err != SG_OK || is_seen(core, body))
        return err;
    if (!sg_core_knows(core, statement.node_key))
        return SG_OK;
    if (sg_statement_verify(&statement, &core->config.registry) != SG_OK)
        return SG_ERR_PROOF;
    keep(core, SG_MESSAGE_STATEMENT, NULL, body);
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *other = &core->sessions[i];

        if (other != session && role_of(other) == SG_CERTIFICATE_CENTRAL)
            post_note(other, statement.node_key, SG_MESSAGE_STATEMENT, body);
    }
    return SG_OK;
}

enum sg_err sg_witness_take(struct sg_sync *core,
                            struct sg_core_session *session,
                            const struct sg_frame_message *message)
{
    if (message->type == SG_MESSAGE_COSIGNATURE)
        return take_cosignature(core, session, message->body);
    if (message->type == SG_MESSAGE_HOLDING)
        return take_holding(core, session, message->body);
    return take_statement(core, session, message->body);
}

/* --- Saying -------------------------------------------------------------- */

void sg_witness_news(struct sg_sync *core, const struct sg_log *log)
{
    struct sg_core_row *row = &core->rows[log->number];
    bool is_later = row->said_ms != 0 &&
                    core->now_ms < row->said_ms + core->config.interval_ms;
    struct sg_core_list *list = is_later ? &core->due_later : &core->due_now;

    if (row->is_due || log->held < log->known.size || log->branch != 0 ||
        log->is_forked || !core->has_certificate ||
        memcmp(log->core.node_key, core->node_key, SG_KEY_SIZE) == 0)
        return;
    row->is_due = true;
    row->next = SG_LOG_NONE;
    if (list->first == SG_LOG_NONE)
        list->first = log->number;
    else
        core->rows[list->last].next = log->number;
    list->last = log->number;
}

/* Says to whom it concerns that LOG is held durably up to its end: to its
 * writer, and as a central node to all. */
static void say_holding(struct sg_sync *core, struct sg_log *log)
{
    struct sg_holding holding = {
        .log = log->id,
        .held = log->held,
        .absent = core->rows[log->number].absent,
        .seconds = core->seconds,
    };
    uint8_t body[SG_OUTBOX_NOTE_SIZE_MAX];
    struct sg_writer writer;
    bool is_made = false;

    if (log->held == 0 || !root_at(core, log, log->held, &holding.root))
        return;
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];

        if (session->state != SG_CORE_OPEN ||
            (!core->config.cosigns &&
             memcmp(session->node_key, log->core.node_key, SG_KEY_SIZE) != 0))
            continue;
        if (!is_made) {
            sg_holding_sign(&holding, &core->config.registry, core->config.key);
            sg_writer_init_array(&writer, body, sizeof body);
            sg_holding_message_encode(&holding, &core->config.registry,
                                      &writer);
            SG_ASSERT(writer.err == SG_OK);
            is_made = true;
        }
        post_note(session, core->node_key, SG_MESSAGE_HOLDING,
                  sg_writer_written(&writer));
    }
}

/* A central node cosigns every checkpoint it stores. */
static void cosign(struct sg_sync *core, const struct sg_log *log)
{
    struct sg_cosignature cosignature;
    uint8_t body[SG_OUTBOX_NOTE_SIZE_MAX];
    struct sg_writer writer;

    if (!core->config.cosigns || log->known.size == 0)
        return;
    sg_cosignature_sign(&cosignature, &core->config.registry, &log->id,
                        &log->known, core->config.key, core->seconds);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_cosignature_encode(&cosignature, &writer);
    SG_ASSERT(writer.err == SG_OK);
    keep(core, SG_MESSAGE_COSIGNATURE, &log->id, sg_writer_written(&writer));
    for (uint32_t i = 0; i < core->top; i++)
        post_note(&core->sessions[i], core->node_key, SG_MESSAGE_COSIGNATURE,
                  sg_writer_written(&writer));
}

/* Says what LIST has that is due by now. */
static void pump_list(struct sg_sync *core, struct sg_core_list *list)
{
    while (list->first != SG_LOG_NONE && sg_core_has_effects(core, 1)) {
        struct sg_log *log = sg_log_table_at(core->table, list->first);
        struct sg_core_row *row = &core->rows[log->number];

        if (row->said_ms != 0 &&
            core->now_ms < row->said_ms + core->config.interval_ms)
            return;
        list->first = row->next;
        row->is_due = false;
        if (log->is_forked || log->held < log->known.size)
            continue; /* it is due again when all that is known is held */
        row->said_ms = core->now_ms;
        say_holding(core, log);
        cosign(core, log);
    }
}

void sg_witness_pump(struct sg_sync *core)
{
    pump_list(core, &core->due_now);
    pump_list(core, &core->due_later);
}

uint64_t sg_witness_deadline(const struct sg_sync *core)
{
    if (core->due_now.first != SG_LOG_NONE)
        return core->now_ms;
    if (core->due_later.first == SG_LOG_NONE)
        return UINT64_MAX;
    return core->rows[core->due_later.first].said_ms + core->config.interval_ms;
}
