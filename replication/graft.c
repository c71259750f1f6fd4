#include "replication/graft.h"

#include <string.h>

#include "replication/fetch.h"
#include "replication/partial.h"
#include "storage/base/check.h"

/* Fewer entries than this are fetched again rather than looked for. */
#define ENTRIES_MIN 64u
/* The search ends when the place is known to so many entries. */
#define ENTRIES_NEAR 8u
/* A peer that does not answer for so long is not asked any more. */
#define WAIT_MS SG_PROGRESS_MS_MAX
/* Bytes of payloads that one reading brings. */
#define READ_SIZE (SG_MESSAGE_SIZE_MAX / 2)

static struct sg_core_fetch *fetch_of(struct sg_sync *core)
{
    return &core->fetches[core->graft.fetch];
}

/* Says whether the fetch is the graft's still: a write that is refused ends it.
 */
static bool is_fetch(struct sg_sync *core)
{
    return fetch_of(core)->serial == core->graft.fetch_serial &&
           fetch_of(core)->state == SG_CORE_FETCH_GRAFTED;
}

static struct sg_log *source_of(const struct sg_sync *core)
{
    return sg_log_table_find(core->table, &core->graft.id, core->graft.source);
}

/* Ends the graft; the session goes on with the branch, as far as it came. */
static void end(struct sg_sync *core)
{
    struct sg_core_session *session =
        sg_core_session(core, core->graft.session, core->graft.serial);

    core->graft.state = SG_CORE_GRAFT_NONE;
    if (is_fetch(core))
        sg_fetch_release(core, fetch_of(core));
    if (session != NULL) {
        session->is_grafted = true;
        session->branch_row = 0;
    }
    for (uint32_t i = 0; i < core->top; i++)
        core->sessions[i].stirs = true; /* others may wait for their turn */
}

/* --- The search ---------------------------------------------------------- */

/* Asks the store for the own frontier at the size that is looked at next. */
static void read_own(struct sg_sync *core)
{
    struct sg_core_graft *graft = &core->graft;
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_READ);

    effect->ticket = ++core->ticket;
    effect->log = graft->id;
    effect->branch = graft->source;
    effect->read.first = graft->at;
    effect->read.to = graft->at;
    effect->read.frontier = true;
    graft->ticket = effect->ticket;
    graft->state = SG_CORE_GRAFT_READING;
}

/* The branch held here that most may be shared with. */
static const struct sg_log *find_source(const struct sg_sync *core,
                                        const struct sg_log_id *id,
                                        uint8_t branch, uint64_t size)
{
    const struct sg_log *found = NULL;
    uint64_t most = 0;

    for (uint8_t i = 0; i < SG_BRANCHES_MAX; i++) {
        const struct sg_log *row = sg_log_table_find(core->table, id, i);
        uint64_t held = row == NULL ? 0 : row->held < size ? row->held : size;

        if (i == branch || held <= most)
            continue;
        most = held;
        found = row;
    }
    return found;
}

bool sg_graft_begin(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_log *log, uint8_t branch,
                    const struct sg_flow_branch *item)
{
    const struct sg_log *row = sg_log_table_find(core->table, &log->id, branch);
    uint64_t held = row == NULL ? 0 : row->held;
    uint64_t size = item->checkpoint.size;
    const struct sg_log *source = find_source(core, &log->id, branch, size);
    struct sg_core_graft *graft = &core->graft;
    struct sg_core_fetch *fetch;

    if (graft->state != SG_CORE_GRAFT_NONE)
        return true;
    if (source == NULL || session->is_grafted ||
        (source->held < size ? source->held : size) < held + ENTRIES_MIN ||
        !sg_core_has_effects(core, 1))
        return false;
    fetch = sg_fetch_begin(core, &log->id, &log->core, row);
    if (fetch == NULL || !sg_fetch_load(core, fetch, (struct sg_log *)row))
        return false;
    fetch->state = SG_CORE_FETCH_GRAFTED;
    fetch->branch = branch;
    fetch->is_branch = true;
    fetch->receiver.known = item->checkpoint;
    graft->fetch = (uint32_t)(fetch - core->fetches);
    graft->fetch_serial = fetch->serial;
    graft->session = session->number;
    graft->serial = session->serial;
    graft->id = log->id;
    graft->source = source->branch;
    graft->toward = item->checkpoint;
    graft->low = 0;
    graft->high = (source->held < size ? source->held : size) + 1;
    graft->at = graft->high - 1;
    graft->since_ms = core->now_ms;
    read_own(core);
    return true;
}

bool sg_graft_is_of(const struct sg_sync *core,
                    const struct sg_core_session *session)
{
    return core->graft.state != SG_CORE_GRAFT_NONE &&
           core->graft.session == session->number &&
           core->graft.serial == session->serial;
}

/* Takes the own frontier, and asks the peer for his. */
static void take_own(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_graft *graft = &core->graft;
    struct sg_core_session *session =
        sg_core_session(core, graft->session, graft->serial);
    struct sg_proof_question question = {.ref = sg_package_ref(&graft->id),
                                         .from = graft->at,
                                         .has_branch = true};
    uint8_t body[SG_REF_SIZE + SG_VARINT_SIZE_MAX + SG_PROOF_BRANCH_SIZE];
    struct sg_writer writer;

    if (event->read.err != SG_OK || session == NULL ||
        event->read.hash_count != sg_merkle_frontier_count(graft->at)) {
        end(core);
        return;
    }
    graft->partial.held.size = graft->at;
    memcpy(graft->partial.held.hashes, event->read.hashes,
           event->read.hash_count * sizeof event->read.hashes[0]);
    memcpy(question.branch, graft->toward.root.bytes, sizeof question.branch);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_proof_question_encode(&question, &writer);
    graft->state = SG_CORE_GRAFT_PROVING;
    graft->since_ms = core->now_ms;
    sg_core_post_written(session, 1, SG_MESSAGE_PROVE, &writer);
}

bool sg_graft_compare(const struct sg_hash a[], const struct sg_hash b[],
                      uint64_t size, struct sg_merkle_range *ret_range)
{
    uint64_t start = 0, left = size;

    for (size_t i = 0; left > 0; i++) {
        uint64_t width = UINT64_C(1) << (63 - __builtin_clzll(left));

        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0) {
            *ret_range = (struct sg_merkle_range){start, start + width};
            return true;
        }
        start += width;
        left -= width;
    }
    return false;
}

/* Narrows the search by HASHES, the peer's frontier. False: it is the own one.
 */
static bool narrow(struct sg_core_graft *graft, const struct sg_hash hashes[])
{
    struct sg_merkle_range range;

    if (!sg_graft_compare(hashes, graft->partial.held.hashes, graft->at,
                          &range)) {
        graft->low = graft->at;
        return false;
    }
    if (range.start > graft->low)
        graft->low = range.start;
    graft->high = range.end;
    return true;
}

/* Says whether PROOF is what was asked for: its hashes give the branch's root,
 * which is signed. */
static bool is_answer(const struct sg_core_graft *graft,
                      const struct sg_proof *proof)
{
    size_t before = sg_merkle_frontier_count(graft->at);
    struct sg_frontier frontier = {.size = graft->at};
    struct sg_hash root;

    if (proof->from != graft->at ||
        proof->checkpoint.size != graft->toward.size)
        return false;
    memcpy(frontier.hashes, proof->hashes, before * sizeof frontier.hashes[0]);
    return sg_merkle_fold(&frontier, graft->toward.size, proof->hashes + before,
                          proof->hash_count - before, &root) == SG_OK &&
           memcmp(&root, &graft->toward.root, sizeof root) == 0;
}

/* Where all that the source holds is the branch's beginning the two are one,
 * which has grown: it is fetched into the source's row. */
static bool is_beginning(struct sg_sync *core)
{
    struct sg_core_graft *graft = &core->graft;
    struct sg_core_session *session =
        sg_core_session(core, graft->session, graft->serial);
    struct sg_log *source = source_of(core);
    struct sg_frontier *kept;

    if (source->is_own || source->held != source->known.size ||
        graft->at != source->held)
        return false;
    kept = sg_log_table_frontier(core->table, source);
    if (kept == NULL)
        return false;
    *kept = graft->partial.held;
    session->has_grown = true;
    session->grown = source->branch;
    return true;
}

bool sg_graft_proof(struct sg_sync *core, struct sg_core_session *session,
                    const struct sg_proof *proof)
{
    struct sg_core_graft *graft = &core->graft;
    struct sg_log_ref ref = sg_package_ref(&graft->id);
    size_t before = sg_merkle_frontier_count(graft->at);
    uint64_t held;

    if (graft->state != SG_CORE_GRAFT_PROVING ||
        !sg_graft_is_of(core, session) ||
        memcmp(&ref, &proof->ref, sizeof ref) != 0)
        return false;
    if (!is_answer(graft, proof)) {
        end(core);
        return true;
    }
    held = fetch_of(core)->receiver.held.size;
    if (narrow(graft, proof->hashes)) {
        graft->at = graft->high - graft->low <= ENTRIES_NEAR || graft->high < 2
                        ? graft->low
                        : graft->high - 1;
        if (graft->at == 0 || graft->high <= held + ENTRIES_MIN)
            end(core);
        else
            read_own(core);
        return true;
    }
    if (is_beginning(core)) {
        end(core);
        return true;
    }
    graft->partial.stack.toward = graft->toward;
    graft->partial.stack.count = proof->hash_count - before;
    memcpy(graft->partial.stack.hashes, proof->hashes + before,
           graft->partial.stack.count * sizeof proof->hashes[0]);
    graft->state = SG_CORE_GRAFT_COPYING;
    graft->ticket = 0;
    return true;
}

/* --- The copy ------------------------------------------------------------ */

/* Asks the store for what is to be copied next. */
static void read_entries(struct sg_sync *core)
{
    struct sg_core_graft *graft = &core->graft;
    uint64_t held = fetch_of(core)->receiver.held.size;
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_READ);

    effect->ticket = ++core->ticket;
    effect->log = graft->id;
    effect->branch = graft->source;
    effect->read.first = held;
    effect->read.to = sg_package_end_max(held, graft->at);
    effect->read.size_max = READ_SIZE;
    effect->read.prove_to = graft->toward.size;
    effect->read.held = graft->at;
    effect->read.is_fresh = true;
    graft->ticket = effect->ticket;
}

/* Copies COUNT entries and their payloads into what outlives the event. NULL:
 * they do not fit. */
static const struct sg_entry *copy(struct sg_sync *core,
                                   const struct sg_entry entries[],
                                   size_t count)
{
    struct sg_entry *own = core->body->entries;
    uint8_t *at;
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += entries[i].payload.size;
    at = sg_core_memory(core, size + 1);
    if (at == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        own[i] = entries[i];
        if (entries[i].payload.size == 0)
            continue;
        memcpy(at, entries[i].payload.data, entries[i].payload.size);
        own[i].payload.data = at;
        at += entries[i].payload.size;
    }
    return own;
}

/* Writes what was read to the end of the branch. False: it cannot be. */
static bool write_entries(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_graft *graft = &core->graft;
    struct sg_core_fetch *fetch = fetch_of(core);
    uint64_t held = fetch->receiver.held.size;
    uint64_t reached = event->read.first + event->read.count;
    struct sg_hash *cover = sg_core_memory(
        core, SG_MERKLE_HASHES_MAX * sizeof graft->partial.stack.hashes[0]);
    const struct sg_entry *entries;
    struct sg_core_write *write;
    struct sg_effect *effect;
    size_t count;

    if (event->read.err != SG_OK || event->read.count == 0 ||
        event->read.first != held || reached > graft->at || cover == NULL ||
        !sg_partial_nodes(&graft->partial, reached, graft->toward.size,
                          event->read.hashes, event->read.hash_count, cover,
                          &count))
        return false;
    entries = copy(core, event->read.entries, event->read.count);
    write = entries == NULL
                ? NULL
                : sg_core_begin_write(core, SG_EFFECT_WRITE_PACKAGE);
    if (write == NULL)
        return false;
    for (size_t i = 0; i < event->read.count; i++) {
        struct sg_hash leaf = sg_entry_leaf(&entries[i]);

        sg_merkle_append(&fetch->receiver.held, &leaf, /* on_node= */ NULL,
                         NULL);
    }
    write->fetch = graft->fetch;
    write->fetch_serial = fetch->serial;
    write->session = SG_SYNC_NONE;
    write->id = graft->id;
    write->core = fetch->core;
    write->branch = fetch->branch;
    write->held = reached;
    write->known = graft->toward;
    fetch->in_flight++;
    effect = sg_core_effect(core, SG_EFFECT_WRITE_PACKAGE);
    effect->ticket = write->ticket;
    effect->log = graft->id;
    effect->branch = fetch->branch;
    effect->package.core = fetch->core;
    effect->package.first = held;
    effect->package.entries = entries;
    effect->package.count = event->read.count;
    effect->package.known = graft->toward;
    effect->package.cover = cover;
    effect->package.cover_count = count;
    return true;
}

bool sg_graft_read(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_graft *graft = &core->graft;

    if (graft->state == SG_CORE_GRAFT_NONE || graft->ticket == 0 ||
        graft->ticket != event->read.ticket)
        return false;
    graft->ticket = 0;
    if (graft->state == SG_CORE_GRAFT_READING)
        take_own(core, event);
    else if (!write_entries(core, event))
        end(core);
    return true;
}

void sg_graft_pump(struct sg_sync *core)
{
    struct sg_core_graft *graft = &core->graft;
    const struct sg_core_fetch *fetch = fetch_of(core);

    if (graft->state == SG_CORE_GRAFT_NONE)
        return;
    if (!is_fetch(core)) {
        end(core);
        return;
    }
    if (graft->state == SG_CORE_GRAFT_PROVING) {
        if (core->now_ms >= graft->since_ms + WAIT_MS ||
            sg_core_session(core, graft->session, graft->serial) == NULL)
            end(core);
        return;
    }
    if (graft->state != SG_CORE_GRAFT_COPYING || graft->ticket != 0 ||
        fetch->in_flight > 0)
        return;
    if (fetch->receiver.held.size >= graft->at || core->is_full)
        end(core);
    else if (sg_core_has_effects(core, 1))
        read_entries(core);
}

uint64_t sg_graft_deadline(const struct sg_sync *core)
{
    return core->graft.state == SG_CORE_GRAFT_PROVING
               ? core->graft.since_ms + WAIT_MS
               : UINT64_MAX;
}
