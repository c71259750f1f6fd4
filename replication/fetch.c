#include "replication/fetch.h"

#include <string.h>

#include "replication/fill.h"
#include "replication/first.h"
#include "replication/forks.h"
#include "replication/gossip.h"
#include "replication/partial.h"
#include "replication/quota.h"
#include "replication/session.h"
#include "replication/withhold.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* Claims looked at in one step, before others have their turn. */
#define CLAIMS_STEP_MAX 512u

/* --- Fetches ------------------------------------------------------------- */

struct sg_core_fetch *sg_fetch_find(struct sg_sync *core,
                                    const struct sg_log_id *id, uint8_t branch)
{
    for (size_t i = 0; i < core->fetches_top; i++) {
        struct sg_core_fetch *fetch = &core->fetches[i];

        if (fetch->state != SG_CORE_FETCH_FREE && fetch->branch == branch &&
            memcmp(&fetch->id, id, sizeof *id) == 0)
            return fetch;
    }
    return NULL;
}

static uint32_t number_of(const struct sg_sync *core,
                          const struct sg_core_fetch *fetch)
{
    return (uint32_t)(fetch - core->fetches);
}

struct sg_core_fetch *sg_fetch_begin(struct sg_sync *core,
                                     const struct sg_log_id *id,
                                     const struct sg_log_core *log_core,
                                     const struct sg_log *log)
{
    struct sg_core_fetch *fetch = NULL;
    struct sg_frontier empty = {0};
    struct sg_checkpoint none = {0};

    for (size_t i = 0; i < core->fetches_top && fetch == NULL; i++)
        if (core->fetches[i].state == SG_CORE_FETCH_FREE)
            fetch = &core->fetches[i];
    if (fetch == NULL && core->fetches_top < SG_CORE_FETCHES_MAX)
        fetch = &core->fetches[core->fetches_top++];
    if (fetch == NULL) {
        core->lacks_fetches = true;
        return NULL;
    }
    fetch->state = SG_CORE_FETCH_FREE; /* until something is asked */
    fetch->claimed = 0;
    fetch->serial = ++core->serial;
    fetch->session = SG_SYNC_NONE;
    fetch->number = 0;
    fetch->ticket = 0;
    fetch->id = *id;
    fetch->core = *log_core;
    fetch->branch = log == NULL ? 0 : log->branch;
    fetch->toward = 0;
    fetch->in_flight = 0;
    fetch->is_suspect = false;
    fetch->is_branch = false;
    fetch->has_said_stack = false;
    fetch->noted_ticket = 0;
    fetch->wanted_ms = core->now_ms;
    sg_package_receiver_init(&fetch->receiver, &empty,
                             log == NULL ? &none : &log->known);
    return fetch;
}

bool sg_fetch_load(struct sg_sync *core, struct sg_core_fetch *fetch,
                   struct sg_log *log)
{
    const struct sg_core_partial *partial;
    struct sg_frontier *kept;

    if (log == NULL || log->held == 0)
        return true;
    partial = log->branch == 0 ? sg_partial_find(core, log) : NULL;
    if (partial != NULL && partial->held.size == log->held) {
        sg_package_receiver_init(&fetch->receiver, &partial->held, &log->known);
        fetch->receiver.stack = partial->stack;
        return true;
    }
    kept = sg_log_table_frontier(core->table, log);
    if (kept == NULL || kept->size != log->held)
        return false;
    sg_package_receiver_init(&fetch->receiver, kept, &log->known);
    return true;
}

static struct sg_core_want *want_of(struct sg_core_session *session,
                                    uint64_t number)
{
    for (size_t i = 0; i < session->n_wants; i++)
        if (session->wants[i].number == number)
            return &session->wants[i];
    return NULL;
}

/* The want of a log ended: what the peer claimed of it meanwhile was passed
 * over. Of no other log, so that not all claims are looked through. */
static void drop_want(struct sg_core_session *session,
                      const struct sg_core_fetch *fetch)
{
    struct sg_core_want *want = want_of(session, fetch->number);

    if (want == NULL)
        return;
    *want = session->wants[--session->n_wants];
    session->stirs = true;
    if (session->scans)
        return;
    if (session->n_again < SG_CORE_WANTS_SESSION_MAX)
        session->again[session->n_again++] = fetch->id;
    else
        session->scans = true;
}

/* A fetch is free: who found none goes on with his claims. */
static void stir_waiting(struct sg_sync *core)
{
    for (uint32_t i = 0; i < core->top && core->lacks_fetches; i++)
        if (core->sessions[i].scans || core->sessions[i].n_again > 0)
            core->sessions[i].stirs = true;
    core->lacks_fetches = false;
}

void sg_fetch_release(struct sg_sync *core, struct sg_core_fetch *fetch)
{
    if (fetch->session != SG_SYNC_NONE)
        drop_want(&core->sessions[fetch->session], fetch);
    fetch->session = SG_SYNC_NONE;
    fetch->number = 0;
    fetch->state = fetch->in_flight > 0 || SG_PLANT(sync_fetch_leaks)
                       ? SG_CORE_FETCH_ENDING
                       : SG_CORE_FETCH_FREE;
    if (fetch->state == SG_CORE_FETCH_FREE)
        stir_waiting(core);
}

static void post_stop(struct sg_core_session *session, uint64_t number,
                      enum sg_flow_reason reason)
{
    struct sg_flow_stop stop = {.number = number, .reason = reason};
    uint8_t body[SG_VARINT_SIZE_MAX + 1];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_stop_encode(&stop, &writer);
    sg_core_post_written(session, 1, SG_MESSAGE_STOP, &writer);
}

void sg_fetch_give_up(struct sg_sync *core, struct sg_core_fetch *fetch,
                      enum sg_flow_reason reason)
{
    if (fetch->session != SG_SYNC_NONE && fetch->number != 0)
        post_stop(&core->sessions[fetch->session], fetch->number, reason);
    sg_fetch_release(core, fetch);
}

void sg_fetch_renumber(struct sg_core_session *session,
                       struct sg_core_fetch *fetch, enum sg_flow_reason reason)
{
    struct sg_core_want *want = want_of(session, fetch->number);

    if (want == NULL)
        return;
    post_stop(session, fetch->number, reason);
    fetch->number = want->number = sg_core_number(session);
    fetch->toward = 0;
}

/* --- Asking -------------------------------------------------------------- */

void sg_fetch_prove(struct sg_core_session *session,
                    const struct sg_log_id *log, uint64_t from)
{
    struct sg_proof_question question = {.ref = sg_package_ref(log),
                                         .from = from};
    const struct sg_log *row = sg_log_table_find(session->core->table, log, 0);
    uint8_t body[SG_REF_SIZE + SG_VARINT_SIZE_MAX];
    struct sg_writer writer;

    if (row != NULL)
        session->logs[row->number].n_asked++;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_proof_question_encode(&question, &writer);
    sg_core_post_written(session, 1, SG_MESSAGE_PROVE, &writer);
}

void sg_fetch_want(struct sg_sync *core, struct sg_core_session *session,
                   struct sg_core_fetch *fetch)
{
    struct sg_flow_want item = {.number = fetch->number,
                                .ref = sg_package_ref(&fetch->id),
                                .from = fetch->receiver.held.size};
    uint8_t body[64];
    struct sg_writer writer;

    fetch->has_said_stack = false;
    if (fetch->receiver.stack.toward.size > item.from &&
        fetch->receiver.stack.toward.size == fetch->receiver.known.size) {
        fetch->has_said_stack = true;
        item.has_stack = true;
        item.to = fetch->receiver.stack.toward.size;
        fetch->toward = item.to;
    }
    if (fetch->is_branch) {
        item.has_branch = true;
        item.to = fetch->receiver.known.size;
        memcpy(item.branch, fetch->receiver.known.root.bytes,
               sizeof item.branch);
    }
    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_wants_encode(&item, 1, &writer);
    fetch->state = SG_CORE_FETCH_WANTED;
    fetch->wanted_ms = core->now_ms;
    sg_core_post_written(session, 1, SG_MESSAGE_WANT, &writer);
}

/* Proves first what is known here and not held, if the peer knows more: else
 * its packages could not be tied to it (section 8). With a stack they are
 * wanted toward what is known here, and what is more comes after it. */
static void ask(struct sg_sync *core, struct sg_core_session *session,
                struct sg_core_fetch *fetch, bool is_own)
{
    const struct sg_checkpoint *known = &fetch->receiver.known;
    bool has_stack = fetch->receiver.stack.toward.size == known->size;

    if (is_own || (fetch->peer_known > known->size && known->size > 0 &&
                   !has_stack && fetch->receiver.held.size < known->size)) {
        fetch->state = SG_CORE_FETCH_PROVING;
        sg_fetch_prove(session, &fetch->id, known->size);
        return;
    }
    sg_fetch_want(core, session, fetch);
}

/* The store is asked for the frontier that the table has not. */
static bool read_frontier(struct sg_sync *core, struct sg_core_fetch *fetch,
                          const struct sg_log *log)
{
    struct sg_effect *effect;

    if (!sg_core_has_effects(core, 1))
        return false;
    effect = sg_core_effect(core, SG_EFFECT_READ);
    effect->ticket = ++core->ticket;
    effect->log = log->id;
    effect->branch = log->branch;
    effect->read.first = log->held;
    effect->read.to = log->held;
    effect->read.frontier = true;
    fetch->ticket = effect->ticket;
    fetch->state = SG_CORE_FETCH_FRONTIER;
    return true;
}

void sg_fetch_ask_frontier(struct sg_sync *core, struct sg_core_fetch *fetch,
                           const struct sg_log *log)
{
    if (!read_frontier(core, fetch, log))
        fetch->state = SG_CORE_FETCH_FREE;
}

bool sg_fetch_is_stopped(const struct sg_core_session *session,
                         const struct sg_log_id *id)
{
    struct sg_log_ref ref = sg_package_ref(id);

    for (size_t i = 0; i < session->n_stopped; i++)
        if (memcmp(&session->stopped[i], &ref, sizeof ref) == 0)
            return true;
    return false;
}

void sg_fetch_stop(struct sg_core_session *session, const struct sg_log_id *id)
{
    if (session->n_stopped < SG_CORE_STOPPED_MAX &&
        !sg_fetch_is_stopped(session, id))
        session->stopped[session->n_stopped++] = sg_package_ref(id);
}

void sg_fetch_unstop(struct sg_core_session *session,
                     const struct sg_log_id *id)
{
    struct sg_log_ref ref = sg_package_ref(id);

    for (size_t i = 0; i < session->n_stopped; i++) {
        if (memcmp(&session->stopped[i], &ref, sizeof ref) != 0)
            continue;
        session->stopped[i] = session->stopped[--session->n_stopped];
        return;
    }
}

bool sg_fetch_may_introduce(struct sg_sync *core,
                            struct sg_core_session *session,
                            const struct sg_log_id *id,
                            const struct sg_log_core *log_core)
{
    if (sg_log_table_count(core->table) >= core->config.logs_max)
        return false;
    for (size_t i = 0; i < session->n_listed; i++)
        if (memcmp(&session->listed[i].id, id, sizeof *id) == 0)
            return true;
    if (sg_trust_is_authority(core->trust, log_core->node_key))
        return true;
    if (!sg_core_knows(core, log_core->node_key)) {
        core->counts.unknown_writers++;
        return false;
    }
    return sg_quota_allows_log(core, session, id, log_core);
}

/* A log that a peer may have more of. */
struct offer {
    const struct sg_log_id *id;
    const struct sg_log_core *core;
    struct sg_log *log; /* its row, or NULL */
    uint64_t known;     /* to the peer */
    uint64_t served;    /* by it; that is, it says so, unless IS_GUESS */
    bool is_guess;
};

/* Says whether OFFER brings more than is held here. Toward a checkpoint below
 * the one that is known here nothing can be verified. */
static bool is_more(const struct offer *offer)
{
    const struct sg_log *log = offer->log;

    if (log == NULL)
        return offer->served > 0;
    return offer->served > log->held &&
           (log->held == log->known.size || offer->known >= log->known.size);
}

/* Asks SESSION for a log. Returns false when it must be tried again. */
static bool consider(struct sg_sync *core, struct sg_core_session *session,
                     const struct offer *offer)
{
    const struct sg_log_id *id = offer->id;
    const struct sg_log_core *log_core = offer->core;
    struct sg_log *log = offer->log;
    struct sg_core_fetch *fetch = sg_fetch_find(core, id, 0);
    bool is_own = log != NULL && log->is_own;

    if (is_own && session->logs[log->number].is_asked)
        return true;
    if (!is_more(offer) || fetch != NULL || sg_fetch_is_stopped(session, id) ||
        sg_forks_has(core, id))
        return true;
    if (!sg_first_allows(core, session, log_core))
        return true;
    /* First, for what follows looks through all logs: a session that lacks many
     * is here at each of its messages. */
    if (session->n_wants == SG_CORE_WANTS_SESSION_MAX)
        return false;
    if (log == NULL ? !sg_fetch_may_introduce(core, session, id, log_core)
                    : log->is_refused || log->is_forked ||
                          !sg_quota_allows(core, session, log))
        return true;
    fetch = sg_fetch_begin(core, id, log_core, log);
    if (fetch == NULL)
        return false;
    fetch->session = session->number;
    fetch->number = session->next_number;
    fetch->claimed = offer->is_guess ? 0 : offer->served;
    fetch->peer_known = offer->known;
    if (!sg_fetch_load(core, fetch, log)) {
        if (!read_frontier(core, fetch, log)) {
            fetch->state = SG_CORE_FETCH_FREE;
            return false;
        }
    } else {
        ask(core, session, fetch, is_own);
    }
    if (is_own)
        session->logs[log->number].is_asked = true;
    session->next_number += SG_CORE_NUMBERS_STEP;
    session->wants[session->n_wants++] =
        (struct sg_core_want){fetch->number, number_of(core, fetch)};
    return true;
}

void sg_fetch_claim(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_log *log, uint64_t size)
{
    struct sg_log *row = sg_log_table_at(core->table, log->number);
    struct offer offer = {
        .id = &row->id,
        .core = &row->core,
        .log = row,
        .known = size,
        .served = size,
    };

    if (session->link != SG_SYNC_BUNDLE)
        (void)consider(core, session, &offer);
}

/* One claim of head exchange. */
static bool take_claim(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_claims *claims,
                       const struct sg_claim *claim)
{
    struct sg_log *log = sg_claims_log(claims, claim);
    const struct sg_log_core *log_core =
        log != NULL ? &log->core : &claim->core;

    if (log == NULL && !claim->is_introduced)
        return true;
    if (log != NULL) {
        session->logs[log->number].is_known = true;
        if (claim->size - claim->short_by > session->logs[log->number].held)
            session->logs[log->number].held = claim->size - claim->short_by;
        if (claim->size > 0)
            sg_withhold_claim(core, session, log, claim->size);
        sg_fill_claimed(core, session, log);
        switch (sg_claims_news(claims, claim)) {
        case SG_CLAIM_OTHER:
        case SG_CLAIM_FORKED:
            sg_forks_ask(core, session, &log->id, log->is_forked);
            return true;
        default:
            break;
        }
    }
    if (log == NULL && claim->size == 0) {
        if (sg_first_allows(core, session, log_core) &&
            sg_core_knows(core, log_core->node_key))
            sg_forks_ask(core, session, &claim->id, false);
        return true;
    }
    return consider(core, session,
                    &(struct offer){.id = &claim->id,
                                    .core = log_core,
                                    .log = log,
                                    .known = claim->size,
                                    .served = claim->size - claim->short_by});
}

static bool scan_listed(struct sg_sync *core, struct sg_core_session *session)
{
    for (size_t i = 0; i < session->n_listed; i++) {
        const struct sg_core_listed *listed = &session->listed[i];
        struct offer offer = {
            .id = &listed->id,
            .core = &listed->core,
            .log = sg_log_table_find(core->table, &listed->id, 0),
            .known = listed->size,
            .served = listed->size - listed->short_by,
            .is_guess = session->lists_own,
        };

        if (!consider(core, session, &offer))
            return false;
    }
    return true;
}

/* One log of which more is known here than held, and the peer claimed nothing
 * else: it knows as much, and may hold it. */
static bool take_row(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_claims *claims, uint32_t number)
{
    struct sg_log *log = sg_log_table_at(core->table, number);
    struct offer offer = {
        .id = &log->id,
        .core = &log->core,
        .log = log,
        .known = log->known.size,
        .served = log->known.size,
        .is_guess = true,
    };
    uint64_t has = session->logs[number].held;

    if (log->branch != 0 || log->held >= log->known.size ||
        (has <= log->held && sg_claims_find(claims, &log->id) != NULL))
        return true;
    if (has > log->held) { /* so much it pushed, or claimed alone */
        offer.served = has;
        offer.is_guess = false;
    }
    return consider(core, session, &offer);
}

/* Looks again at the logs whose wants ended. False: it must be tried again. */
static bool scan_again(struct sg_sync *core, struct sg_core_session *session,
                       const struct sg_claims *claims)
{
    while (session->n_again > 0) {
        const struct sg_log_id *id = &session->again[session->n_again - 1];
        const struct sg_claim *claim = sg_claims_find(claims, id);
        const struct sg_log *log = sg_log_table_find(core->table, id, 0);

        if ((claim != NULL && !take_claim(core, session, claims, claim)) ||
            (log != NULL && !take_row(core, session, claims, log->number)))
            return false;
        session->n_again--;
    }
    return true;
}

bool sg_fetch_scan(struct sg_sync *core, struct sg_core_session *session)
{
    const struct sg_claims *claims = sg_exchange_claims(session->exchange);
    uint32_t n_claims = sg_claims_count(claims), n = n_claims;

    if ((!session->scans && session->n_again == 0) ||
        session->link == SG_SYNC_BUNDLE || SG_PLANT(sync_claims_ignored))
        return true;
    if (!sg_core_has_effects(core, 1))
        return false;
    if (session->cursor == 0 && !scan_listed(core, session))
        return true; /* a want that ends scans again */
    if (sg_exchange_is_open(session->exchange))
        return true;
    if (!session->scans)
        return scan_again(core, session, claims) || session->n_wants > 0 ||
               core->lacks_fetches;
    session->n_again = 0;
    n += sg_log_table_count(core->table);
    for (uint32_t i = 0; i < CLAIMS_STEP_MAX && session->cursor < n; i++) {
        uint32_t at = session->cursor;
        bool is_done =
            at < n_claims
                ? take_claim(core, session, claims, sg_claims_at(claims, at))
                : take_row(core, session, claims, at - n_claims);

        if (!is_done) /* a want or a fetch that ends goes on here */
            return session->n_wants > 0 || core->lacks_fetches;
        session->cursor++;
    }
    if (session->cursor < n)
        return false;
    session->cursor = 0;
    session->scans = false;
    return true;
}

bool sg_fetch_read(struct sg_sync *core, const struct sg_event *event)
{
    for (size_t i = 0; i < core->fetches_top; i++) {
        struct sg_core_fetch *fetch = &core->fetches[i];
        struct sg_log *log;
        struct sg_frontier *kept;

        if (fetch->state != SG_CORE_FETCH_FRONTIER ||
            fetch->ticket != event->read.ticket)
            continue;
        log = sg_log_table_find(core->table, &fetch->id, fetch->branch);
        kept = log == NULL ? NULL : sg_log_table_frontier(core->table, log);
        if (event->read.err != SG_OK || kept == NULL ||
            event->read.first != log->held ||
            event->read.hash_count != sg_merkle_frontier_count(log->held)) {
            sg_fetch_release(core, fetch);
            return true;
        }
        kept->size = log->held;
        memcpy(kept->hashes, event->read.hashes,
               event->read.hash_count * sizeof kept->hashes[0]);
        sg_package_receiver_init(&fetch->receiver, kept, &log->known);
        if (fetch->session == SG_SYNC_NONE)
            sg_fetch_release(core, fetch);
        else
            ask(core, &core->sessions[fetch->session], fetch, log->is_own);
        return true;
    }
    return false;
}

/* Says whether a peer who stops so does not give what he may have claimed. */
static bool is_refusal(enum sg_flow_reason reason)
{
    return reason == SG_FLOW_DONE || reason == SG_FLOW_NOT_HELD ||
           reason == SG_FLOW_CANNOT_PROVE;
}

void sg_fetch_stopped(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_flow_stop *stop)
{
    struct sg_core_want *want = want_of(session, stop->number);
    struct sg_core_fetch *fetch;

    if (want == NULL)
        return;
    fetch = &core->fetches[want->fetch];
    /* Who cannot go on from the stack here may prove what is known first. */
    if (stop->reason == SG_FLOW_CANNOT_PROVE && fetch->has_said_stack &&
        fetch->in_flight == 0) {
        fetch->receiver.stack.toward.size = 0;
        fetch->number = want->number = sg_core_number(session);
        fetch->toward = 0;
        ask(core, session, fetch, /* is_own= */ false);
        return;
    }
    if (stop->reason == SG_FLOW_NOT_HELD ||
        stop->reason == SG_FLOW_CANNOT_PROVE)
        session->unserved = fetch->id;
    if (is_refusal(stop->reason) && fetch->claimed > fetch->receiver.held.size)
        sg_withhold_missed(core, session, &fetch->id, fetch->claimed);
    sg_fetch_stop(session, &fetch->id);
    sg_fetch_release(core, fetch);
    sg_gossip_rescan(core, session);
}

void sg_fetch_leave(struct sg_sync *core, struct sg_core_session *session)
{
    bool has_left = session->n_wants > 0;

    while (session->n_wants > 0)
        sg_fetch_release(core, &core->fetches[session->wants[0].fetch]);
    for (size_t i = 0; i < core->fetches_top; i++)
        if (core->fetches[i].state != SG_CORE_FETCH_FREE &&
            core->fetches[i].session == session->number)
            sg_fetch_release(core, &core->fetches[i]); /* a push's proof */
    if (has_left)
        sg_gossip_rescan(core, session);
}
