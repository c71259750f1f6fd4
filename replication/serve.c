#include "replication/serve.h"

#include <string.h>

#include "replication/branches.h"
#include "replication/forks.h"
#include "replication/partial.h"
#include "replication/quota.h"
#include "replication/session.h"
#include "replication/withhold.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* The first slots are wants, the others pushes. */
#define PUSH_SLOTS (SG_OUTBOX_STREAMS_MAX - SG_WANTS_MAX)

/* What a package has beside its payloads at most: head, runs, lengths, nodes;
 * and of each entry that has no payload its hash and order. */
#define HEAD_SIZE_MAX  2304u
#define ENTRY_SIZE_MAX 60u
#define PAYLOADS_SIZE_MAX                  \
    (SG_MESSAGE_SIZE_MAX - HEAD_SIZE_MAX - \
     SG_PACKAGE_ENTRIES_MAX * ENTRY_SIZE_MAX)

_Static_assert(SG_WANTS_MAX < SG_OUTBOX_STREAMS_MAX, "pushes have slots");

/* --- Streams ------------------------------------------------------------- */

/* Up to here a log can be served: all that is held, if that is all that is
 * known; else as far as it can be tied to the known checkpoint. */
static uint64_t served(const struct sg_log *log)
{
    return log->is_forked || log->is_refused ? 0 : log->served;
}

static unsigned priority_of(const struct sg_sync *core,
                            const struct sg_log *log, uint64_t count)
{
    if (log->is_authority)
        return 0;
    if (log->core.kind == SG_LOG_AUDIT || sg_quota_is_later(core, log))
        return 4;
    return count <= SG_SMALL_ENTRIES_MAX ? 2 : 3;
}

static void open_stream(struct sg_sync *core, struct sg_core_session *session,
                        uint32_t slot, const struct sg_log *log)
{
    static const uint8_t nobody[SG_KEY_SIZE];
    struct sg_core_serve *serve = &session->serves[slot];
    const uint8_t *writer = log->core.node_key;
    unsigned priority = serve->is_filling
                            ? 4
                            : priority_of(core, log, serve->end - serve->next);

    if (SG_PLANT(sync_writers_mixed) && priority >= 2) {
        priority = 3;
        writer = nobody;
    }
    session->n_serves++;
    serve->log = log->number;
    serve->size = 0;
    serve->is_sent = false;
    serve->small = priority == 2 ? SG_SMALL_SIZE_MAX : 0;
    sg_outbox_open(session->outbox, slot, log->number, priority,
                   priority < 2 ? NULL : writer);
}

/* What few entries may take before the others has been taken: the rest is bulk.
 */
static void count_small(struct sg_core_session *session, uint32_t slot,
                        const struct sg_log *log, size_t size)
{
    struct sg_core_serve *serve = &session->serves[slot];

    if (serve->small == 0)
        return;
    serve->small -= size < serve->small ? size : serve->small;
    if (serve->small > 0)
        return;
    sg_outbox_close(session->outbox, slot);
    sg_outbox_open(session->outbox, slot, log->number, 3, log->core.node_key);
}

static void free_slot(struct sg_core_session *session, uint32_t slot)
{
    struct sg_core_serve *serve = &session->serves[slot];

    if (serve->kind == SG_CORE_SERVE_FREE)
        return;
    sg_outbox_close(session->outbox, slot);
    if (session->read_ticket != 0 && session->read_slot == slot) {
        session->read_ticket = 0;
        session->reserved = 0;
    }
    serve->kind = SG_CORE_SERVE_FREE;
    if (serve->is_sent)
        session->n_sent--;
    else
        session->n_serves--;
    session->quiet_ms = session->core->now_ms;
}

static uint32_t slot_of(const struct sg_core_session *session, uint64_t number)
{
    for (uint32_t i = 0; i < session->wants_top; i++)
        if (session->serves[i].kind != SG_CORE_SERVE_FREE &&
            session->serves[i].number == number)
            return i;
    return SG_OUTBOX_STREAMS_MAX;
}

/* A slot for a want: a free one, or one of which all was sent. */
static uint32_t take_slot(struct sg_core_session *session)
{
    for (uint32_t i = 0; i < session->wants_top; i++)
        if (session->serves[i].kind == SG_CORE_SERVE_FREE)
            return i;
    if (session->wants_top < SG_WANTS_MAX)
        return session->wants_top++;
    for (uint32_t i = 0; i < SG_WANTS_MAX; i++)
        if (session->serves[i].is_sent) {
            free_slot(session, i);
            return i;
        }
    return SG_OUTBOX_STREAMS_MAX;
}

static void post_stop(struct sg_core_session *session, uint64_t number,
                      enum sg_flow_reason reason)
{
    struct sg_flow_stop stop = {.number = number, .reason = reason};
    uint8_t body[SG_VARINT_SIZE_MAX + 1];
    struct sg_writer writer;

    if (number == 0)
        return;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_stop_encode(&stop, &writer);
    sg_core_post_written(session, 1, SG_MESSAGE_STOP, &writer);
}

/* --- Wants --------------------------------------------------------------- */

/* Says whether the packages of SERVE can be tied to the checkpoint that they
 * prove: it is held, or it is the known one. */
static bool can_tie(const struct sg_log *log, const struct sg_core_serve *serve)
{
    return serve->toward.size <= log->held ||
           (serve->toward.size == log->known.size && !serve->is_branch &&
            served(log) > 0);
}

/* Sets SERVE to what ITEM wants of LOG. Returns why it cannot be had, DONE if
 * it can. */
static enum sg_flow_reason plan(const struct sg_core_session *session,
                                const struct sg_flow_want *item,
                                const struct sg_log *log,
                                struct sg_core_serve *serve)
{
    uint64_t end;

    if (log == NULL)
        return SG_FLOW_NO_LOG;
    if (session->state != SG_CORE_OPEN && !log->is_authority)
        return SG_FLOW_NO_LOG;
    if (log->is_forked != item->has_branch)
        return SG_FLOW_NO_BRANCH;
    end = item->has_stack && !item->is_filling ? log->known.size : log->held;
    if (log->held <= item->from || item->to > end)
        return SG_FLOW_NOT_HELD;
    if (item->is_filling) {
        *serve =
            (struct sg_core_serve){.kind = SG_CORE_SERVE_WANT,
                                   .number = item->number,
                                   .next = item->from,
                                   .end = item->to == 0 ? log->held : item->to,
                                   .is_filling = true};
        return SG_FLOW_DONE;
    }
    if (served(log) <= item->from)
        return SG_FLOW_CANNOT_PROVE;
    serve->kind = SG_CORE_SERVE_WANT;
    serve->number = item->number;
    serve->next = item->from;
    serve->toward = log->known;
    serve->is_filling = false;
    serve->is_fresh = !item->has_stack;
    serve->end = item->to != 0 ? item->to : log->known.size;
    if (item->has_stack)
        serve->toward.size = item->to;
    return can_tie(log, serve) ? SG_FLOW_DONE : SG_FLOW_CANNOT_PROVE;
}

/* The same of a branch. */
static enum sg_flow_reason plan_branch(const struct sg_core_session *session,
                                       const struct sg_flow_want *item,
                                       const struct sg_log *branch,
                                       struct sg_core_serve *serve)
{
    if (branch->held < branch->known.size || branch->held <= item->from)
        return SG_FLOW_NOT_HELD;
    if (session->state != SG_CORE_OPEN && !branch->is_authority)
        return SG_FLOW_NO_LOG;
    *serve = (struct sg_core_serve){.kind = SG_CORE_SERVE_WANT,
                                    .number = item->number,
                                    .next = item->from,
                                    .end = branch->known.size,
                                    .toward = branch->known,
                                    .is_branch = true,
                                    .is_fresh = !item->has_stack};
    return SG_FLOW_DONE;
}

static enum sg_err serve_want(struct sg_sync *core,
                              struct sg_core_session *session,
                              const struct sg_flow_want *item)
{
    struct sg_log *log = sg_log_table_find_ref(core->table, item->ref.bytes);
    struct sg_core_serve planned = {.kind = SG_CORE_SERVE_FREE};
    struct sg_log *branch = NULL;
    enum sg_flow_reason reason;
    uint32_t slot;

    if (slot_of(session, item->number) != SG_OUTBOX_STREAMS_MAX)
        return SG_OK; /* it came twice */
    if (item->has_branch && log != NULL)
        branch = sg_branches_find(core, log, item->to, item->branch);
    if (branch != NULL) {
        log = branch;
        reason = plan_branch(session, item, branch, &planned);
    } else {
        reason = plan(session, item, log, &planned);
    }
    if (log != NULL && item->is_filling)
        session->logs[log->number].wants_fill = true;
    if (reason != SG_FLOW_DONE) {
        post_stop(session, item->number, reason);
        return SG_OK;
    }
    slot = take_slot(session);
    if (slot == SG_OUTBOX_STREAMS_MAX)
        return SG_ERR_LIMIT;
    session->serves[slot] = planned;
    session->logs[log->number].is_known = true;
    session->logs[log->number].offered = 0;
    if (item->from > session->logs[log->number].held)
        session->logs[log->number].held = item->from;
    open_stream(core, session, slot, log);
    return SG_OK;
}

enum sg_err sg_serve_wants(struct sg_sync *core,
                           struct sg_core_session *session,
                           struct sg_bytes body)
{
    struct sg_flow_want items[SG_WANTS_MAX];
    size_t count = 0;
    enum sg_err err = sg_flow_wants_decode(body, items, &count);

    for (size_t i = 0; i < count && err == SG_OK; i++)
        err = serve_want(core, session, &items[i]);
    return err;
}

void sg_serve_stopped(struct sg_sync *core, struct sg_core_session *session,
                      uint64_t number)
{
    uint32_t slot = slot_of(session, number);

    (void)core;
    if (slot != SG_OUTBOX_STREAMS_MAX)
        free_slot(session, slot);
}

/* The peer has LOG durably up to HELD. */
static void note_stored(struct sg_core_session *session,
                        const struct sg_log *log, uint64_t held)
{
    struct sg_core_peer_log *peer_log = &session->logs[log->number];

    if (held <= log->held && held > peer_log->common)
        peer_log->common = held;
    for (uint32_t i = 0; i < session->wants_top && session->n_sent > 0; i++)
        if (session->serves[i].kind != SG_CORE_SERVE_FREE &&
            session->serves[i].is_sent &&
            session->serves[i].log == log->number &&
            held >= session->serves[i].end)
            free_slot(session, i);
}

enum sg_err sg_serve_stored(struct sg_sync *core,
                            struct sg_core_session *session,
                            struct sg_bytes body)
{
    struct sg_flow_stored items[SG_STORED_MAX];
    size_t count = 0;
    enum sg_err err = sg_flow_stored_decode(body, items, &count);

    for (size_t i = 0; i < count && err == SG_OK; i++) {
        uint32_t slot = SG_OUTBOX_STREAMS_MAX;
        struct sg_log *log;

        if (items[i].number != 0) {
            slot = slot_of(session, items[i].number);
            if (slot == SG_OUTBOX_STREAMS_MAX)
                continue;
            log = sg_log_table_at(core->table, session->serves[slot].log);
        } else {
            log = sg_log_table_find_ref(core->table, items[i].ref.bytes);
        }
        if (log == NULL)
            continue;
        sg_outbox_stored(session->outbox, core->now_ms, log->number,
                         items[i].held);
        note_stored(session, log, items[i].held);
        sg_withhold_stored(core, session, log, items[i].held);
    }
    return err;
}

/* A slot for a push; SG_OUTBOX_STREAMS_MAX when none is free. */
static uint32_t take_push_slot(struct sg_core_session *session)
{
    uint32_t top = SG_WANTS_MAX + session->pushes_top;

    for (uint32_t i = SG_WANTS_MAX; i < top; i++)
        if (session->serves[i].kind == SG_CORE_SERVE_FREE)
            return i;
    if (top < SG_OUTBOX_STREAMS_MAX)
        session->pushes_top++;
    return top;
}

bool sg_serve_push(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_log *log)
{
    uint32_t slot = take_push_slot(session);

    if (slot == SG_OUTBOX_STREAMS_MAX)
        return false;
    session->serves[slot] = (struct sg_core_serve){
        .kind = SG_CORE_SERVE_PUSH,
        .next = session->logs[log->number].held,
        .end = log->held,
        .toward = log->known,
        .is_fresh = true,
    };
    open_stream(core, session, slot, log);
    return true;
}

/* --- Packages ------------------------------------------------------------ */

/* Where READ goes beyond what is held, the partial of LOG has the hashes: sets
 * RET to it as it is now. False: the store has them all. */
static bool note_partial(struct sg_sync *core, const struct sg_log *log,
                         struct sg_effect *read, struct sg_core_partial *ret)
{
    const struct sg_core_partial *partial;

    if (read->read.prove_to <= log->held)
        return false;
    partial = sg_partial_find(core, log);
    SG_ASSERT(partial != NULL);
    *ret = *partial;
    read->read.held = partial->held.size;
    return true;
}

/* Up to where the stream of SERVE can go now. */
static uint64_t reach_of(const struct sg_log *log,
                         const struct sg_core_serve *serve)
{
    uint64_t end = serve->toward.size <= log->held ? log->held : served(log);

    return serve->is_filling || serve->end < end ? serve->end : end;
}

/* Asks the store for the next entries of the stream in SLOT. */
static void read_entries(struct sg_sync *core, struct sg_core_session *session,
                         uint32_t slot)
{
    struct sg_core_serve *serve = &session->serves[slot];
    const struct sg_log *log = sg_log_table_at(core->table, serve->log);
    uint64_t to = sg_package_end_max(serve->next, reach_of(log, serve));
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_READ);

    if (serve->to != 0 && serve->to > serve->next && serve->to < to)
        to = serve->to;
    effect->session = session->number;
    effect->ticket = ++core->ticket;
    effect->log = log->id;
    effect->branch = log->branch;
    effect->read.first = serve->next;
    effect->read.to = to;
    effect->read.size_max = serve->size;
    effect->read.prove_to = serve->is_filling ? 0 : serve->toward.size;
    effect->read.held = log->held;
    effect->read.is_fresh = serve->is_fresh;
    session->reads_partial =
        note_partial(core, log, effect, &session->read_partial);
    effect->read.filter = session->has_filter ? &session->filter : NULL;
    session->read_ticket = effect->ticket;
    session->read_slot = slot;
}

void sg_serve_turn(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_outbox_turn *turn)
{
    struct sg_core_serve *serve = &session->serves[turn->slot];
    size_t max;
    const struct sg_log *log = sg_log_table_at(core->table, serve->log);

    SG_ASSERT(serve->kind != SG_CORE_SERVE_FREE);
    if (serve->kind == SG_CORE_SERVE_PUSH && served(log) == log->known.size) {
        serve->end = log->held; /* by now */
        serve->toward = log->known;
    }
    if (log->is_refused || (log->is_forked && !serve->is_branch) ||
        (!serve->is_filling && !can_tie(log, serve)) ||
        serve->next >= reach_of(log, serve)) {
        post_stop(session, serve->number, SG_FLOW_CANNOT_PROVE);
        free_slot(session, turn->slot);
        return;
    }
    max = serve->small > 0 && serve->small < turn->size_max ? serve->small
                                                            : turn->size_max;
    serve->size = max < PAYLOADS_SIZE_MAX ? max : PAYLOADS_SIZE_MAX;
    serve->body_max = max;
    serve->to = 0;
    session->reserved = (int64_t)turn->size_max;
    read_entries(core, session, turn->slot);
}

/* Sets core->body's head to that of the next package of SERVE, but for its
 * count. */
static void lay_head(struct sg_sync *core, const struct sg_core_serve *serve,
                     const struct sg_log *log)
{
    struct sg_package_head *head = &core->body->head;

    *head = (struct sg_package_head){.number = serve->number,
                                     .has_checkpoint = serve->is_fresh,
                                     .is_fresh = serve->is_fresh,
                                     .is_filling = serve->is_filling,
                                     .first = serve->next};
    if (serve->number == 0)
        head->ref = sg_package_ref(&log->id);
    if (!serve->is_fresh)
        return;
    head->size = serve->toward.size;
    memcpy(head->signature, serve->toward.signature, sizeof head->signature);
}

/* Lays out the first N entries that were read behind it. False: the hashes do
 * not fit. */
static bool lay_out(struct sg_sync *core, const struct sg_core_session *session,
                    const struct sg_core_serve *serve,
                    const struct sg_event *event, size_t n)
{
    struct sg_package_body *body = core->body;
    uint64_t end;

    body->head.count = n;
    memcpy(body->entries, event->read.entries, n * sizeof body->entries[0]);
    body->node_count = 0;
    if (serve->is_filling)
        return true;
    end = sg_package_end(&body->head);
    return sg_partial_nodes(
        session->reads_partial ? &session->read_partial : NULL, end,
        sg_package_reach(body->head.first, end, serve->toward.size,
                         serve->is_fresh),
        event->read.hashes, event->read.hash_count, body->nodes,
        &body->node_count);
}

/* A package went out: the stream goes on, or is done. */
static void note_sent(struct sg_sync *core, struct sg_core_session *session,
                      uint32_t slot, uint64_t end, size_t size)
{
    struct sg_core_serve *serve = &session->serves[slot];
    struct sg_core_peer_log *peer_log = &session->logs[serve->log];
    const struct sg_log *log = sg_log_table_at(core->table, serve->log);
    bool is_all = end >= serve->end || serve->kind == SG_CORE_SERVE_PUSH;
    bool is_done = is_all || end >= reach_of(log, serve);

    sg_outbox_made(session->outbox, core->now_ms, size, end, is_done);
    session->read_ticket = 0;
    session->reserved = 0;
    serve->next = end;
    serve->is_fresh = false;
    if (end > peer_log->held && !serve->is_filling)
        peer_log->held = end;
    if (!is_done) {
        count_small(session, slot, log, size);
        return;
    }
    /* The rest is not here yet; it is claimed when it is. */
    if (!is_all)
        post_stop(session, serve->number, SG_FLOW_DONE);
    serve->end = end;
    serve->is_sent = true;
    session->n_serves--;
    session->n_sent++;
    if (serve->kind == SG_CORE_SERVE_PUSH || serve->is_filling)
        free_slot(session, slot); /* nobody says `stored` of a filling */
}

/* A filling without a payload would say nothing: it does not travel. False:
 * there is one among the N entries. */
static bool passes_over(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_event *event, size_t n)
{
    uint32_t slot = session->read_slot;
    const struct sg_core_serve *serve = &session->serves[slot];
    uint64_t number = serve->number, end = event->read.first + n;
    bool is_last = end >= serve->end;

    if (!serve->is_filling)
        return false;
    for (size_t i = 0; i < n; i++)
        if (event->read.entries[i].state == SG_PAYLOAD_PRESENT)
            return false;
    note_sent(core, session, slot, end, 0);
    if (is_last)
        post_stop(session, number, SG_FLOW_DONE);
    return true;
}

static void send_package(struct sg_sync *core, struct sg_core_session *session,
                         const struct sg_event *event)
{
    uint32_t slot = session->read_slot;
    struct sg_core_serve *serve = &session->serves[slot];
    const struct sg_log *log = sg_log_table_at(core->table, serve->log);
    struct sg_writer writer;
    uint8_t *bytes;
    size_t n;

    lay_head(core, serve, log);
    n = sg_package_fit(
        &core->body->head, event->read.entries, event->read.count,
        serve->is_filling ? log->held : serve->toward.size, serve->body_max);
    if (n == 0) {
        post_stop(session, serve->number, SG_FLOW_NOT_HELD);
        free_slot(session, slot);
        return;
    }
    /* Its nodes are for another end; a filling has none. */
    if (n < event->read.count && !serve->is_filling) {
        serve->to = event->read.first + n;
        read_entries(core, session, slot);
        return;
    }
    if (passes_over(core, session, event, n))
        return;
    bytes = sg_core_memory(core, SG_MESSAGE_SIZE_MAX);
    SG_ASSERT(bytes != NULL); /* a step answers one READ */
    sg_writer_init_array(&writer, bytes, SG_MESSAGE_SIZE_MAX);
    if (!lay_out(core, session, serve, event, n) ||
        sg_package_encode(core->body, &writer) != SG_OK) {
        post_stop(session, serve->number, SG_FLOW_NOT_HELD);
        free_slot(session, slot);
        return;
    }
    core->arena_used = (size_t)(bytes - core->arena) + writer.size;
    note_sent(core, session, slot, event->read.first + n, writer.size);
    (void)sg_core_send(core, session, SG_MESSAGE_PACKAGE,
                       sg_bytes(bytes, writer.size));
}

/* --- Proofs -------------------------------------------------------------- */

enum sg_err sg_serve_prove(struct sg_sync *core,
                           struct sg_core_session *session,
                           struct sg_bytes body)
{
    struct sg_proof_question question;
    enum sg_err err = sg_proof_question_decode(body, &question);

    (void)core;
    if (err != SG_OK)
        return err;
    if (session->n_proves == SG_CORE_PROVES_MAX)
        return SG_ERR_LIMIT;
    session->proves[session->n_proves++] = question;
    return SG_OK;
}

static void post_proof(struct sg_core_session *session,
                       const struct sg_proof *proof)
{
    uint8_t body[4352];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_proof_encode(proof, &writer);
    sg_core_post_written(session, 1, SG_MESSAGE_PROOF, &writer);
}

/* The first question is answered. */
static void end_prove(struct sg_core_session *session)
{
    SG_ASSERT(session->n_proves > 0);
    session->n_proves--;
    memmove(&session->proves[0], &session->proves[1],
            session->n_proves * sizeof session->proves[0]);
    session->prove_ticket = 0;
}

/* The own head alone: its root is all that folds to it. */
static void prove_head(struct sg_core_session *session,
                       const struct sg_log *log)
{
    struct sg_proof proof = {.ref = sg_package_ref(&log->id),
                             .checkpoint = log->known,
                             .hash_count = 1};

    proof.hashes[0] = log->known.root;
    post_proof(session, &proof);
}

/* The row of the branch that QUESTION names, which is held up to its end; NULL:
 * it is not here. */
static struct sg_log *branch_of(const struct sg_sync *core,
                                const struct sg_log *log,
                                const struct sg_proof_question *question)
{
    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        struct sg_log *row = sg_log_table_find(core->table, &log->id, branch);

        if (row != NULL && row->held == row->known.size &&
            question->from <= row->held &&
            memcmp(row->known.root.bytes, question->branch,
                   sizeof question->branch) == 0)
            return row;
    }
    return NULL;
}

bool sg_serve_pump(struct sg_sync *core, struct sg_core_session *session)
{
    while (session->n_proves > 0 && session->prove_ticket == 0) {
        const struct sg_proof_question *question = &session->proves[0];
        struct sg_log *log =
            sg_log_table_find_ref(core->table, question->ref.bytes);
        struct sg_effect *effect;

        if (log != NULL && question->has_branch)
            log = branch_of(core, log, question);
        if (log != NULL && log->is_forked && !question->has_branch) {
            sg_forks_send(core, session, log);
        } else if (log != NULL && log->known.size > 0 &&
                   !question->has_branch &&
                   (question->from == 0 || question->from > served(log))) {
            prove_head(session, log);
        } else if (log != NULL && log->known.size > 0) {
            if (!sg_core_has_effects(core, 1))
                return false;
            effect = sg_core_effect(core, SG_EFFECT_READ);
            effect->session = session->number;
            effect->ticket = ++core->ticket;
            effect->log = log->id;
            effect->branch = log->branch;
            effect->read.first = question->from;
            effect->read.to = question->from;
            effect->read.prove_to = log->known.size;
            effect->read.held = log->held;
            effect->read.is_fresh = true;
            effect->read.frontier = true;
            session->proves_partial =
                note_partial(core, log, effect, &session->prove_partial);
            session->prove_ticket = effect->ticket;
            session->prove_toward = log->known;
            return true;
        }
        end_prove(session);
    }
    return true;
}

static void send_proof(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_event *event)
{
    struct sg_proof proof = {.ref = session->proves[0].ref,
                             .from = session->proves[0].from,
                             .checkpoint = session->prove_toward};
    struct sg_log *log = sg_log_table_find_ref(core->table, proof.ref.bytes);
    size_t before = sg_merkle_frontier_count(proof.from);
    bool is_branch = session->proves[0].has_branch;

    end_prove(session);
    if (log == NULL || log->is_forked != is_branch)
        return;
    if (event->read.err != SG_OK || event->read.hash_count < before ||
        !sg_partial_nodes(
            session->proves_partial ? &session->prove_partial : NULL,
            proof.from, proof.checkpoint.size, event->read.hashes + before,
            event->read.hash_count - before, proof.hashes + before,
            &proof.hash_count)) {
        if (!is_branch)
            prove_head(session, log);
        return;
    }
    memcpy(proof.hashes, event->read.hashes, before * sizeof proof.hashes[0]);
    proof.hash_count += before;
    post_proof(session, &proof);
}

void sg_serve_read(struct sg_sync *core, struct sg_core_session *session,
                   const struct sg_event *event)
{
    if (session->prove_ticket == event->read.ticket) {
        send_proof(core, session, event);
        return;
    }
    if (session->read_ticket != event->read.ticket)
        return; /* of a stream that was ended */
    if (event->read.err == SG_OK && event->read.count > 0) {
        send_package(core, session, event);
        return;
    }
    if (event->read.err == SG_ERR_DAMAGED)
        sg_core_say(core, SG_SYNC_ALARM_DAMAGED, SG_SYNC_NONE,
                    &sg_log_table_at(core->table,
                                     session->serves[session->read_slot].log)
                         ->id);
    post_stop(session, session->serves[session->read_slot].number,
              SG_FLOW_NOT_HELD);
    free_slot(session, session->read_slot);
}
