/* Packages and proofs that come: verified, handed to the store, acknowledged
 * when they are durable. */
#include <string.h>

#include "replication/erase.h"
#include "replication/fetch.h"
#include "replication/fill.h"
#include "replication/first.h"
#include "replication/forks.h"
#include "replication/gossip.h"
#include "replication/graft.h"
#include "replication/partial.h"
#include "replication/quota.h"
#include "replication/session.h"
#include "replication/withhold.h"
#include "storage/base/check.h"

/* --- Packages ------------------------------------------------------------ */

/* Hands the verified entries of the package in core->body to the store. */
static void write_package(struct sg_sync *core, struct sg_core_session *session,
                          struct sg_core_fetch *fetch, size_t skip, size_t size)
{
    struct sg_package_receiver *receiver = &fetch->receiver;
    struct sg_core_write *write =
        sg_core_begin_write(core, SG_EFFECT_WRITE_PACKAGE);
    struct sg_effect *effect;
    bool has_stack = receiver->stack.toward.size > 0;

    SG_ASSERT(write != NULL);
    write->fetch = (uint32_t)(fetch - core->fetches);
    write->fetch_serial = fetch->serial;
    write->session = session->number;
    write->session_serial = session->serial;
    write->id = fetch->id;
    write->core = fetch->core;
    write->branch = fetch->branch;
    write->held = receiver->held.size;
    write->known = has_stack ? receiver->stack.toward : receiver->known;
    write->bytes = size;
    for (size_t i = skip; i < core->body->head.count; i++)
        write->absent += core->body->entries[i].state == SG_PAYLOAD_NOT_HELD;
    fetch->in_flight++;
    sg_partial_note(fetch, write->ticket);
    effect = sg_core_effect(core, SG_EFFECT_WRITE_PACKAGE);
    effect->session = session->number;
    effect->ticket = write->ticket;
    effect->log = fetch->id;
    effect->branch = fetch->branch;
    effect->uses_reserve = sg_first_may_use_reserve(core, &fetch->core);
    effect->package.core = fetch->core;
    effect->package.first = core->body->head.first + skip;
    effect->package.entries = core->body->entries + skip;
    effect->package.count = core->body->head.count - skip;
    effect->package.known = write->known;
    if (has_stack) {
        struct sg_hash *cover = sg_core_memory(
            core, SG_MERKLE_HASHES_MAX * sizeof receiver->stack.hashes[0]);

        SG_ASSERT(cover != NULL);
        memcpy(cover, receiver->stack.hashes,
               receiver->stack.count * sizeof receiver->stack.hashes[0]);
        effect->package.cover = cover;
        effect->package.cover_count = receiver->stack.count;
    }
    core->counts.packages++;
    core->counts.entries += effect->package.count;
    session->carried.taken += effect->package.count;
    sg_quota_count(core, fetch->core.node_key, size);
}

/* Notes that the peer with SESSION is to hear how much of a log is durable. */
static void note_ack(struct sg_sync *core, uint32_t session, uint64_t number,
                     const struct sg_log_id *id, uint64_t held)
{
    struct sg_log_ref none = {{0}};
    struct sg_core_ack ack = {.session = session};

    ack.stored.number = number;
    ack.stored.ref = number == 0 ? sg_package_ref(id) : none;
    ack.stored.held = held;
    for (size_t i = 0; i < core->n_acks; i++) {
        struct sg_core_ack *other = &core->acks[i];

        if (other->session == session && other->stored.number == number &&
            memcmp(&other->stored.ref, &ack.stored.ref,
                   sizeof ack.stored.ref) == 0) {
            if (held > other->stored.held)
                other->stored.held = held;
            return;
        }
    }
    if (core->n_acks < SG_CORE_ACKS_MAX)
        core->acks[core->n_acks++] = ack;
}

/* All of a package is held already: by a push, or another peer's packages. The
 * want is at its end if this was its last. */
static void note_duplicate(struct sg_sync *core,
                           struct sg_core_session *session,
                           struct sg_core_fetch *fetch, bool is_wanted,
                           const struct sg_package_head *head)
{
    const struct sg_log *log =
        sg_log_table_find(core->table, &fetch->id, fetch->branch);

    if (head->has_checkpoint && is_wanted)
        fetch->toward = head->size;
    if (log == NULL)
        return;
    note_ack(core, session->number, head->number, &fetch->id, log->held);
    if (is_wanted && fetch->in_flight == 0 && fetch->toward > 0 &&
        log->held >= fetch->toward)
        sg_fetch_release(core, fetch);
}

/* The same of a bundle, where nobody can be asked for what is missing: it may
 * fit later, after others, or it is wrong. */
static enum sg_err refuse_carried(struct sg_sync *core,
                                  struct sg_core_session *session,
                                  struct sg_core_fetch *fetch,
                                  enum sg_package_verdict verdict)
{
    switch (verdict) {
    case SG_PACKAGE_DUPLICATE:
        core->counts.duplicates++;
        return SG_OK;
    case SG_PACKAGE_NO_STACK:
    case SG_PACKAGE_OLDER:
    case SG_PACKAGE_AHEAD:
    case SG_PACKAGE_UNPROVED:
        session->carried.missed++;
        return SG_OK;
    case SG_PACKAGE_NO_OPENING:
        sg_fetch_give_up(core, fetch, SG_FLOW_NO_LOG);
        return SG_ERR_MALFORMED;
    default:
        return SG_ERR_PROOF;
    }
}

/* A package that was not verified: what follows from the table of section 9. */
static enum sg_err refuse(struct sg_sync *core, struct sg_core_session *session,
                          struct sg_core_fetch *fetch,
                          enum sg_package_verdict verdict,
                          const struct sg_package_head *head)
{
    bool is_wanted = fetch->session == session->number && fetch->number != 0;

    if (session->link == SG_SYNC_BUNDLE)
        return refuse_carried(core, session, fetch, verdict);
    switch (verdict) {
    case SG_PACKAGE_DUPLICATE:
        core->counts.duplicates++;
        note_duplicate(core, session, fetch, is_wanted, head);
        return SG_OK;
    case SG_PACKAGE_NO_STACK:
        if (is_wanted)
            sg_fetch_give_up(core, fetch, SG_FLOW_DONE);
        return SG_OK;
    case SG_PACKAGE_OLDER:
        if (is_wanted) {
            sg_fetch_stop(session, &fetch->id);
            sg_fetch_give_up(core, fetch, SG_FLOW_CANNOT_PROVE);
        }
        return SG_OK;
    case SG_PACKAGE_AHEAD:
        if (is_wanted) /* one before it was lost here: from the end again */
            sg_fetch_give_up(core, fetch, SG_FLOW_DONE);
        return SG_OK;
    case SG_PACKAGE_UNPROVED:
    case SG_PACKAGE_MISMATCH:
        /* Where nothing is known there is no other history: it is garbage. */
        if (verdict == SG_PACKAGE_MISMATCH && fetch->receiver.known.size == 0)
            return SG_ERR_PROOF;
        if (fetch->is_branch) {
            sg_fetch_give_up(core, fetch, SG_FLOW_DONE);
            return SG_ERR_PROOF;
        }
        fetch->is_suspect = verdict == SG_PACKAGE_MISMATCH;
        if (fetch->session == SG_SYNC_NONE) {
            fetch->session = session->number;
            fetch->number = 0;
        }
        if (fetch->session == session->number) {
            sg_fetch_renumber(session, fetch, SG_FLOW_DONE);
            fetch->state = SG_CORE_FETCH_PROVING;
            fetch->wanted_ms = core->now_ms;
            sg_fetch_prove(session, &fetch->id, fetch->receiver.known.size);
        }
        return SG_OK;
    case SG_PACKAGE_NO_OPENING:
        core->counts.refused_malformed++;
        sg_fetch_stop(session, &fetch->id);
        sg_fetch_give_up(core, fetch, SG_FLOW_NO_LOG);
        return SG_OK;
    case SG_PACKAGE_FITS:
    case SG_PACKAGE_FORKS:
        break;
    }
    SG_ASSERT(false); /* no verdict that refuses */
}

/* Verifies the package in BODY for FETCH. */
static enum sg_err verify(struct sg_sync *core, struct sg_core_session *session,
                          struct sg_core_fetch *fetch, struct sg_bytes body,
                          const struct sg_package_head *head)
{
    static const struct sg_package_result empty;
    struct sg_package_result result = empty;
    struct sg_package_log log =
        sg_core_package_log(core, &fetch->id, &fetch->core);
    uint64_t toward = head->number == 0 ? 0 : fetch->toward;
    enum sg_package_verdict verdict;
    enum sg_err err;

    if (head->has_checkpoint)
        toward = head->size;
    if (toward == 0)
        return SG_ERR_MALFORMED;
    verdict = sg_package_judge(head, toward, &fetch->receiver);
    if (verdict == SG_PACKAGE_FITS) {
        err = sg_package_decode(body, toward, &core->hasher, core->body);
        if (err != SG_OK)
            return err;
        verdict = sg_package_verify(&log, core->body, toward, &fetch->receiver,
                                    &result);
    }
    if (verdict == SG_PACKAGE_FORKS) {
        bool is_known = fetch->is_branch;

        sg_fetch_give_up(core, fetch, SG_FLOW_DONE);
        if (!is_known)
            sg_forks_found(core, session, &result.fork);
        return SG_OK;
    }
    if (verdict != SG_PACKAGE_FITS)
        return refuse(core, session, fetch, verdict, head);
    if (head->number != 0)
        fetch->toward = toward;
    fetch->wanted_ms = core->now_ms;
    sg_withhold_came(session, &fetch->id);
    sg_erase_settle(core, &fetch->id, core->body);
    write_package(core, session, fetch, result.skip, body.size);
    return SG_OK;
}

/* The fetch of a log that is not in the table, and that the peer introduced. */
static struct sg_core_fetch *fetch_of_new(struct sg_sync *core,
                                          struct sg_core_session *session,
                                          const struct sg_package_head *head)
{
    const struct sg_claim *claim = sg_claims_find_ref(
        sg_exchange_claims(session->exchange), head->ref.bytes);
    struct sg_core_fetch *fetch;

    if (claim == NULL || !claim->is_introduced)
        return NULL;
    /* This session's gate counts, also where another one fetches the log. */
    if (sg_forks_has(core, &claim->id) ||
        !sg_first_allows(core, session, &claim->core))
        return NULL;
    fetch = sg_fetch_find(core, &claim->id, 0);
    if (fetch != NULL)
        return fetch->state == SG_CORE_FETCH_FRONTIER ? NULL : fetch;
    if (!sg_fetch_may_introduce(core, session, &claim->id, &claim->core))
        return NULL;
    fetch = sg_fetch_begin(core, &claim->id, &claim->core, NULL);
    if (fetch == NULL)
        return NULL;
    fetch->state = SG_CORE_FETCH_PUSHED;
    fetch->session = session->number;
    return fetch;
}

/* The fetch that a push belongs to, begun if need be; NULL: it is no use now,
 * and the peer is asked for the log where that helps. */
static struct sg_core_fetch *fetch_of_push(struct sg_sync *core,
                                           struct sg_core_session *session,
                                           const struct sg_package_head *head)
{
    struct sg_log *log = sg_log_table_find_ref(core->table, head->ref.bytes);
    struct sg_core_fetch *fetch;

    if (log == NULL)
        return fetch_of_new(core, session, head);
    if (log->is_refused || log->is_forked || log->is_own ||
        sg_forks_has(core, &log->id) ||
        !sg_first_allows(core, session, &log->core) ||
        !sg_quota_allows(core, session, log))
        return NULL;
    if (head->size > session->logs[log->number].held)
        session->logs[log->number].held = head->size;
    session->logs[log->number].is_known = true;
    sg_fetch_unstop(session, &log->id);
    fetch = sg_fetch_find(core, &log->id, 0);
    if (fetch != NULL)
        return fetch->state == SG_CORE_FETCH_FRONTIER ? NULL : fetch;
    if (head->first > log->held) {
        sg_fetch_claim(core, session, log, head->size);
        return NULL;
    }
    fetch = sg_fetch_begin(core, &log->id, &log->core, log);
    if (fetch == NULL)
        return NULL;
    if (!sg_fetch_load(core, fetch, log)) {
        sg_fetch_claim(core, session, log, head->size);
        return NULL;
    }
    fetch->state = SG_CORE_FETCH_PUSHED;
    fetch->session = session->number;
    return fetch;
}

/* --- Bundles ------------------------------------------------------------- */

/* A larger checkpoint of one history with what is known. */
static void grow(struct sg_sync *core, struct sg_log *log,
                 const struct sg_checkpoint *checkpoint)
{
    struct sg_core_write *write;
    struct sg_effect *effect;
    enum sg_effect_kind kind =
        log->is_own ? SG_EFFECT_BEHIND : SG_EFFECT_WRITE_KNOWN;

    if (checkpoint->size <= log->known.size)
        return;
    if (log->is_own) {
        if (checkpoint->size <= core->behind_size &&
            memcmp(&core->behind, &log->id, sizeof log->id) == 0)
            return;
        core->behind = log->id;
        core->behind_size = checkpoint->size;
        effect = sg_core_effect(core, kind);
    } else {
        write = sg_core_begin_write(core, kind);
        if (write == NULL)
            return;
        write->id = log->id;
        write->core = log->core;
        write->branch = log->branch;
        write->known = *checkpoint;
        effect = sg_core_effect(core, kind);
        effect->ticket = write->ticket;
    }
    effect->log = log->id;
    effect->branch = log->branch;
    effect->uses_reserve = sg_first_may_use_reserve(core, &log->core);
    effect->known.core = log->core;
    effect->known.checkpoint = *checkpoint;
}

/* The fetch that a package of a bundle belongs to; NULL: it cannot be taken
 * now. As for a push, but nobody is asked for anything. */
static struct sg_core_fetch *fetch_of_carried(
    struct sg_sync *core, struct sg_core_session *session,
    const struct sg_package_head *head)
{
    struct sg_log *log = sg_log_table_find_ref(core->table, head->ref.bytes);
    struct sg_core_fetch *fetch;

    if (log == NULL)
        return fetch_of_new(core, session, head);
    if (sg_package_end(head) <= log->held || log->is_refused ||
        log->is_forked || sg_forks_has(core, &log->id) ||
        !sg_first_allows(core, session, &log->core) ||
        !sg_quota_allows(core, session, log))
        return NULL;
    fetch = sg_fetch_find(core, &log->id, 0);
    if (fetch != NULL)
        return fetch->state == SG_CORE_FETCH_FRONTIER ? NULL : fetch;
    if (head->first > log->held)
        return NULL;
    fetch = sg_fetch_begin(core, &log->id, &log->core, log);
    if (fetch == NULL)
        return NULL;
    if (!sg_fetch_load(core, fetch, log)) {
        sg_fetch_ask_frontier(core, fetch, log);
        return NULL;
    }
    fetch->state = SG_CORE_FETCH_PUSHED;
    fetch->session = session->number;
    return fetch;
}

/* Says whether a package of a bundle that was not taken may be worth another
 * try. */
static bool may_fit_later(const struct sg_sync *core,
                          const struct sg_package_head *head)
{
    const struct sg_log *log =
        sg_log_table_find_ref(core->table, head->ref.bytes);

    return log == NULL ||
           (sg_package_end(head) > log->held && !log->is_refused &&
            !log->is_forked && !sg_forks_has(core, &log->id));
}

/* A package of this node's own log that reaches further than its store does:
 * what it once signed (PROTOCOL.md section 14). */
static enum sg_err take_own(struct sg_sync *core,
                            struct sg_core_session *session, struct sg_log *log,
                            struct sg_bytes body,
                            const struct sg_package_head *head)
{
    static const struct sg_package_result empty;
    struct sg_package_result result = empty;
    struct sg_package_log own = sg_core_package_log(core, &log->id, &log->core);
    struct sg_frontier *kept = sg_log_table_frontier(core->table, log);
    struct sg_package_receiver receiver;
    enum sg_err err;

    if (head->size <= log->known.size || kept == NULL ||
        kept->size != log->held)
        return SG_OK;
    sg_package_receiver_init(&receiver, kept, &log->known);
    if (sg_package_judge(head, head->size, &receiver) != SG_PACKAGE_FITS)
        return SG_OK;
    err = sg_package_decode(body, head->size, &core->hasher, core->body);
    if (err != SG_OK)
        return err;
    switch (
        sg_package_verify(&own, core->body, head->size, &receiver, &result)) {
    case SG_PACKAGE_FITS:
        grow(core, log,
             receiver.stack.toward.size > 0 ? &receiver.stack.toward
                                            : &receiver.known);
        session->carried.missed++; /* foreign from now on: it is taken then */
        return SG_OK;
    case SG_PACKAGE_FORKS:
        sg_forks_found(core, session, &result.fork);
        return SG_OK;
    default:
        return SG_ERR_PROOF;
    }
}

/* Takes a package of a bundle. */
static enum sg_err take_carried(struct sg_sync *core,
                                struct sg_core_session *session,
                                struct sg_bytes body,
                                const struct sg_package_head *head)
{
    struct sg_log *log = sg_log_table_find_ref(core->table, head->ref.bytes);
    struct sg_core_fetch *fetch;
    enum sg_err err;

    if (head->is_filling || head->number != 0)
        return SG_OK;
    if (log != NULL && log->is_own)
        return take_own(core, session, log, body, head);
    fetch = core->n_writes + 1 >= SG_CORE_WRITES_MAX
                ? NULL
                : fetch_of_carried(core, session, head);
    if (fetch == NULL) {
        if (may_fit_later(core, head))
            session->carried.missed++;
        else
            core->counts.duplicates++;
        return SG_OK;
    }
    err = verify(core, session, fetch, body, head);
    if (fetch->state == SG_CORE_FETCH_PUSHED && fetch->in_flight == 0)
        sg_fetch_release(core, fetch);
    return err;
}

static enum sg_err take(struct sg_sync *core, struct sg_core_session *session,
                        struct sg_bytes body,
                        const struct sg_package_head *head)
{
    struct sg_core_fetch *fetch = NULL;
    enum sg_err err;

    if (session->link == SG_SYNC_BUNDLE)
        return take_carried(core, session, body, head);
    if (head->is_filling)
        return sg_fill_take(core, session, body, head);
    if (head->number == 0) {
        core->counts.pushes++;
        fetch = fetch_of_push(core, session, head);
    } else {
        for (size_t i = 0; i < session->n_wants; i++)
            if (session->wants[i].number == head->number)
                fetch = &core->fetches[session->wants[i].fetch];
        if (fetch != NULL && fetch->state != SG_CORE_FETCH_WANTED)
            return SG_OK;
    }
    if (fetch == NULL || core->n_writes + 1 >= SG_CORE_WRITES_MAX)
        return SG_OK;
    err = verify(core, session, fetch, body, head);
    if (fetch->state == SG_CORE_FETCH_PUSHED && fetch->in_flight == 0)
        sg_fetch_release(core, fetch);
    return err;
}

enum sg_err sg_fetch_package(struct sg_sync *core,
                             struct sg_core_session *session,
                             struct sg_bytes body)
{
    uint64_t written = core->counts.packages;
    struct sg_package_head head;
    enum sg_err err = sg_package_peek(body, &head);
    uint8_t *copy;

    if (err != SG_OK && err != SG_ERR_VERSION)
        return err;
    if (session->link != SG_SYNC_BUNDLE &&
        sg_credit_use(&session->credit, body.size) != SG_OK)
        return SG_ERR_LIMIT;
    if (err == SG_OK) {
        copy = sg_core_memory(core, body.size);
        SG_ASSERT(copy != NULL); /* a step takes one message */
        memcpy(copy, body.data, body.size);
        err = take(core, session, sg_bytes(copy, body.size), &head);
    }
    if (err == SG_ERR_VERSION) {
        struct sg_flow_stop stop = {head.number, SG_FLOW_NO_LOG};

        sg_fetch_stopped(core, session, &stop);
        err = SG_OK;
    }
    /* What does not go to the store takes no memory any more. */
    if (core->counts.packages == written && session->link != SG_SYNC_BUNDLE)
        sg_credit_settle(&session->credit, body.size);
    sg_fetch_acknowledge(core);
    return err;
}

/* --- Proofs -------------------------------------------------------------- */

/* A proof that fits what is known: the want may follow. */
static enum sg_err go_on(struct sg_sync *core, struct sg_core_session *session,
                         struct sg_core_fetch *fetch,
                         const struct sg_proof *proof,
                         const struct sg_proof_result *result, bool is_own)
{
    bool was_suspect;

    if (fetch == NULL || fetch->session != session->number ||
        fetch->state != SG_CORE_FETCH_PROVING)
        return SG_OK;
    was_suspect = fetch->is_suspect;
    fetch->is_suspect = false;
    if (was_suspect)
        return SG_ERR_PROOF; /* one history: so the package was garbage */
    sg_proof_apply(proof, result, &fetch->receiver);
    if (fetch->number == 0 || is_own ||
        fetch->receiver.known.size <= fetch->receiver.held.size)
        sg_fetch_release(core, fetch);
    else
        sg_fetch_want(core, session, fetch);
    return SG_OK;
}

enum sg_err sg_fetch_take_proof(struct sg_sync *core,
                                struct sg_core_session *session,
                                struct sg_bytes body)
{
    static struct sg_proof_result none;
    struct sg_proof_result result = none;
    struct sg_core_fetch *fetch;
    struct sg_package_log verified;
    struct sg_proof proof;
    enum sg_proof_verdict verdict;
    struct sg_log *log;
    enum sg_err err = sg_proof_decode(body, &proof);

    if (err != SG_OK)
        return err;
    log = sg_log_table_find_ref(core->table, proof.ref.bytes);
    if (sg_graft_proof(core, session, &proof) || log == NULL || log->is_forked)
        return SG_OK;
    fetch = sg_fetch_find(core, &log->id, 0);
    verified = sg_core_package_log(core, &log->id, &log->core);
    verdict = sg_proof_verify(
        &verified, &proof, fetch != NULL ? &fetch->receiver.known : &log->known,
        &result);
    if (verdict != SG_PROOF_GARBAGE)
        sg_withhold_shown(core, session, log, proof.checkpoint.size);
    switch (verdict) {
    case SG_PROOF_GARBAGE:
        return SG_ERR_PROOF;
    case SG_PROOF_CONSISTENT:
        grow(core, log, &result.checkpoint);
        return go_on(core, session, fetch, &proof, &result, log->is_own);
    case SG_PROOF_FORK:
        if (fetch != NULL)
            sg_fetch_give_up(core, fetch, SG_FLOW_DONE);
        sg_forks_found(core, session, &result.fork);
        return SG_OK;
    case SG_PROOF_SMALLER:
        sg_forks_compare(core, session, log, &result.checkpoint);
        break;
    case SG_PROOF_LARGER:
        /* One who was asked from here on and cannot say more is not asked
         * again. */
        if (proof.from == 0 &&
            (fetch == NULL || fetch->session != session->number ||
             fetch->state != SG_CORE_FETCH_PROVING))
            sg_fetch_prove(session, &log->id, log->known.size);
        else
            sg_fetch_stop(session, &log->id);
        break;
    }
    if (fetch != NULL && fetch->session == session->number &&
        fetch->state == SG_CORE_FETCH_PROVING)
        sg_fetch_give_up(core, fetch, SG_FLOW_CANNOT_PROVE);
    return SG_OK;
}

/* --- What became durable ------------------------------------------------- */

/* The end of a want, when all that its packages proved is durable. */
static void settle(struct sg_sync *core, struct sg_core_fetch *fetch,
                   struct sg_log *log)
{
    struct sg_frontier *kept;

    if (fetch->in_flight > 0)
        return;
    kept = sg_log_table_frontier(core->table, log);
    if (kept != NULL && fetch->receiver.held.size == log->held)
        *kept = fetch->receiver.held;
    /* Meanwhile nobody else was asked for it. */
    if (fetch->state == SG_CORE_FETCH_ENDING && log->held < log->known.size)
        sg_gossip_rescan(core, NULL);
    /* What a push had no room for is asked for. */
    if (fetch->state == SG_CORE_FETCH_PUSHED &&
        fetch->session != SG_SYNC_NONE && log->held < log->known.size) {
        core->sessions[fetch->session].scans = true;
        core->sessions[fetch->session].cursor = 0;
        core->sessions[fetch->session].stirs = true;
    }
    if (fetch->state == SG_CORE_FETCH_PUSHED ||
        fetch->state == SG_CORE_FETCH_ENDING ||
        (fetch->state == SG_CORE_FETCH_WANTED && fetch->toward > 0 &&
         log->held >= fetch->toward))
        sg_fetch_release(core, fetch);
}

void sg_fetch_stored(struct sg_sync *core, const struct sg_core_write *write,
                     struct sg_log *log)
{
    struct sg_core_session *session =
        sg_core_session(core, write->session, write->session_serial);
    struct sg_core_fetch *fetch = &core->fetches[write->fetch];
    uint64_t number = 0;

    if (session != NULL) {
        session->stirs = true;
        if (session->link != SG_SYNC_BUNDLE)
            sg_credit_settle(&session->credit, write->bytes);
        else if (log == NULL)
            session->carried.missed++; /* the store refused it */
    }
    if (fetch->state == SG_CORE_FETCH_FREE ||
        fetch->serial != write->fetch_serial)
        fetch = NULL;
    if (fetch != NULL) {
        SG_ASSERT(fetch->in_flight > 0);
        fetch->in_flight--;
        sg_partial_stored(core, fetch, write->ticket, log);
        if (session != NULL && fetch->session == session->number)
            number = fetch->number;
    }
    if (log == NULL) {
        /* Asked again at once it would be refused again, round after round. */
        if (session != NULL && write->is_unwanted)
            sg_fetch_stop(session, &write->id);
        if (fetch != NULL)
            sg_fetch_give_up(core, fetch, SG_FLOW_DONE);
        return;
    }
    if (session != NULL) {
        struct sg_core_peer_log *peer_log = &session->logs[log->number];

        note_ack(core, session->number, number, &log->id, log->held);
        if (write->known.size > peer_log->common)
            peer_log->common = write->known.size;
    }
    if (fetch != NULL)
        settle(core, fetch, log);
}

void sg_fetch_acknowledge(struct sg_sync *core)
{
    struct sg_flow_stored items[SG_CORE_ACKS_MAX];
    uint8_t body[SG_CORE_ACKS_MAX * (2 * SG_VARINT_SIZE_MAX + SG_REF_SIZE)];

    while (core->n_acks > 0) {
        uint32_t session = core->acks[0].session;
        struct sg_writer writer;
        size_t n = 0, kept = 0;

        for (size_t i = 0; i < core->n_acks; i++) {
            if (core->acks[i].session == session)
                items[n++] = core->acks[i].stored;
            else
                core->acks[kept++] = core->acks[i];
        }
        core->n_acks = kept;
        sg_writer_init_array(&writer, body, sizeof body);
        sg_flow_stored_encode(items, n, &writer);
        if (sg_session_is_open(&core->sessions[session]))
            sg_core_post_written(&core->sessions[session], 1, SG_MESSAGE_STORED,
                                 &writer);
    }
}
