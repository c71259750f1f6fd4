#include "replication/branches.h"

#include <string.h>

#include "replication/fetch.h"
#include "replication/first.h"
#include "replication/graft.h"
#include "replication/quota.h"
#include "replication/session.h"
#include "storage/base/check.h"

#define BODY_SIZE_MAX 4608u
/* Peers are asked for the other branch, while there is none, so often. */
#define ASKED_MS UINT64_C(3600000)

struct sg_log *sg_branches_find(const struct sg_sync *core,
                                const struct sg_log *log, uint64_t to,
                                const uint8_t root[4])
{
    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        struct sg_log *row = sg_log_table_find(core->table, &log->id, branch);

        if (row != NULL && row->known.size == to &&
            memcmp(row->known.root.bytes, root, 4) == 0)
            return row;
    }
    return NULL;
}

/* --- Saying -------------------------------------------------------------- */

void sg_branches_send(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_log_id *log)
{
    struct sg_flow_branches branches = {.ref = sg_package_ref(log)};
    uint8_t body[BODY_SIZE_MAX];
    struct sg_writer writer;

    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        const struct sg_log *row = sg_log_table_find(core->table, log, branch);

        if (row == NULL || row->known.size == 0)
            continue;
        branches.items[branches.count].checkpoint = row->known;
        branches.items[branches.count].lacks =
            row->known.size - (row->held == row->known.size ? row->held : 0);
        branches.count++;
    }
    if (branches.count == 0)
        return;
    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_branches_encode(&branches, &writer);
    sg_core_post_written(session, 0, SG_MESSAGE_BRANCHES, &writer);
}

void sg_branches_tell(struct sg_sync *core, const struct sg_log_id *log)
{
    for (uint32_t i = 0; i < core->top; i++)
        if (sg_session_is_open(&core->sessions[i]))
            sg_branches_send(core, &core->sessions[i], log);
}

/* Says whether a branch of LOG changed after CHANGE; and whether the peer is to
 * be asked about it, because one is known here and not held, or only one is:
 * that not too often, for nobody may have the other. */
static bool has_changed(struct sg_sync *core, const struct sg_log *log,
                        uint64_t change, bool *ret_lacks)
{
    uint64_t *asked_ms = &core->rows[log->number].asked_ms;
    bool has_changed = false;
    size_t n = 0;

    *ret_lacks = false;
    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        const struct sg_log *row =
            sg_log_table_find(core->table, &log->id, branch);

        if (row == NULL || row->known.size == 0)
            continue;
        n++;
        has_changed = has_changed || row->change > change;
        *ret_lacks = *ret_lacks || row->held < row->known.size;
    }
    if (n < 2 && (*asked_ms == 0 || core->now_ms >= *asked_ms + ASKED_MS)) {
        *asked_ms = core->now_ms;
        *ret_lacks = true;
    }
    return has_changed;
}

void sg_branches_begin(struct sg_sync *core, struct sg_core_session *session,
                       uint64_t change)
{
    uint32_t count = sg_log_table_count(core->table);
    size_t n = 0;

    for (uint32_t i = 0; i < count && n < SG_FORKED_LOGS_MAX; i++) {
        const struct sg_log *log = sg_log_table_at(core->table, i);
        bool lacks;

        if (!log->is_forked || log->branch != 0)
            continue;
        if (has_changed(core, log, change, &lacks))
            sg_branches_send(core, session, &log->id);
        if (lacks)
            sg_fetch_prove(session, &log->id, 0);
        n++;
    }
}

/* --- Taking -------------------------------------------------------------- */

/* Notes a log whose `branches` came while those of another are looked at: the
 * peer is asked for them again. */
static void note_late(struct sg_core_session *session,
                      const struct sg_log_ref *ref)
{
    for (size_t i = 0; i < session->n_late; i++)
        if (memcmp(&session->late[i], ref, sizeof *ref) == 0)
            return;
    if (session->n_late < SG_FORKED_LOGS_MAX)
        session->late[session->n_late++] = *ref;
}

/* The next of them. */
static void ask_late(struct sg_sync *core, struct sg_core_session *session)
{
    const struct sg_log *log;

    if (session->n_late == 0 || session->branch_at < session->branches.count)
        return;
    log = sg_log_table_find_ref(core->table,
                                session->late[--session->n_late].bytes);
    if (log != NULL)
        sg_fetch_prove(session, &log->id, 0);
}

enum sg_err sg_branches_take(struct sg_sync *core,
                             struct sg_core_session *session,
                             struct sg_bytes body)
{
    struct sg_flow_branches branches;
    struct sg_package_log log;
    const struct sg_log *row;
    enum sg_err err = sg_flow_branches_decode(body, &branches);

    if (err != SG_OK)
        return err;
    row = sg_log_table_find_ref(core->table, branches.ref.bytes);
    if (row == NULL || session->link == SG_SYNC_BUNDLE)
        return SG_OK;
    log = sg_core_package_log(core, &row->id, &row->core);
    if (sg_flow_branches_verify(&log, &branches) != SG_OK)
        return SG_ERR_PROOF;
    if (session->branch_at < session->branches.count &&
        memcmp(&session->branches.ref, &branches.ref, sizeof branches.ref) !=
            0) {
        note_late(session, &branches.ref);
        return SG_OK;
    }
    session->branches = branches;
    session->branch_at = 0;
    session->branch_row = 0;
    session->branch_ticket = 0;
    session->is_grafted = false;
    session->has_grown = false;
    return SG_OK;
}

/* Fetches the checkpoint of ITEM into BRANCH, from what is held of it. False:
 * not now. */
static bool fetch(struct sg_sync *core, struct sg_core_session *session,
                  const struct sg_log *log, uint8_t branch,
                  const struct sg_flow_branch *item)
{
    struct sg_log *row = sg_log_table_find(core->table, &log->id, branch);
    struct sg_core_fetch *fetch;

    if (session->n_wants == SG_CORE_WANTS_SESSION_MAX)
        return false;
    if (item->lacks > 0 || sg_fetch_find(core, &log->id, branch) != NULL ||
        !sg_first_allows(core, session, &log->core) ||
        !sg_quota_allows(core, session, log))
        return true; /* the next `branches` asks again */
    if (sg_graft_begin(core, session, log, branch, item))
        return false;
    fetch = sg_fetch_begin(core, &log->id, &log->core, row);
    if (fetch == NULL)
        return false;
    fetch->branch = branch;
    if (!sg_fetch_load(core, fetch, row)) {
        fetch->state = SG_CORE_FETCH_FREE;
        return true;
    }
    fetch->receiver.known = item->checkpoint;
    fetch->is_branch = true;
    fetch->claimed = item->checkpoint.size;
    fetch->session = session->number;
    fetch->number = sg_core_number(session);
    session->wants[session->n_wants++] =
        (struct sg_core_want){fetch->number, (uint32_t)(fetch - core->fetches)};
    sg_fetch_want(core, session, fetch);
    return true;
}

/* Says whether ITEM is on its way, from whomever. */
static bool is_coming(const struct sg_sync *core, const struct sg_log_id *log,
                      const struct sg_flow_branch *item)
{
    for (size_t i = 0; i < core->fetches_top; i++) {
        const struct sg_core_fetch *fetch = &core->fetches[i];

        if (fetch->state != SG_CORE_FETCH_FREE && fetch->is_branch &&
            memcmp(&fetch->id, log, sizeof *log) == 0 &&
            memcmp(&fetch->receiver.known.root, &item->checkpoint.root,
                   sizeof fetch->receiver.known.root) == 0)
            return true;
    }
    return false;
}

/* The branch that ITEM is fetched into when no row has it: the first that has
 * nothing yet. */
static uint8_t free_branch(const struct sg_sync *core,
                           const struct sg_log_id *log)
{
    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        const struct sg_log *row = sg_log_table_find(core->table, log, branch);
        bool is_fetched = false;

        for (size_t i = 0; i < core->fetches_top; i++)
            is_fetched = is_fetched ||
                         (core->fetches[i].state != SG_CORE_FETCH_FREE &&
                          core->fetches[i].branch == branch &&
                          memcmp(&core->fetches[i].id, log, sizeof *log) == 0);
        if (!is_fetched && (row == NULL || row->known.size == 0))
            return branch;
    }
    return SG_BRANCHES_MAX;
}

/* Asks the store for the root that ROW has at SIZE, within what it holds. */
static void read_root(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_log *row, uint64_t size)
{
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_READ);

    effect->session = session->number;
    effect->ticket = ++core->ticket;
    effect->log = row->id;
    effect->branch = row->branch;
    effect->read.first = size;
    effect->read.to = size;
    effect->read.frontier = true;
    session->branch_ticket = effect->ticket;
}

static void next_item(struct sg_core_session *session)
{
    session->branch_at++;
    session->branch_row = 0;
    session->is_grafted = false;
    session->has_grown = false;
}

bool sg_branches_pump(struct sg_sync *core, struct sg_core_session *session)
{
    const struct sg_log *log =
        sg_log_table_find_ref(core->table, session->branches.ref.bytes);

    while (session->branch_at < session->branches.count &&
           session->branch_ticket == 0) {
        const struct sg_flow_branch *item =
            &session->branches.items[session->branch_at];
        const struct sg_log *row;
        uint8_t branch = session->branch_row;

        if (log == NULL || !log->is_forked)
            return true; /* the proof is not durable yet */
        if (sg_graft_is_of(core, session))
            return true; /* it goes on when that has ended */
        if (branch == SG_BRANCHES_MAX) {
            branch = session->has_grown ? session->grown
                                        : free_branch(core, &log->id);
            if (branch < SG_BRANCHES_MAX && !is_coming(core, &log->id, item) &&
                !fetch(core, session, log, branch, item))
                return true;
            next_item(session);
            continue;
        }
        row = sg_log_table_find(core->table, &log->id, branch);
        if (row != NULL && row->known.size == item->checkpoint.size &&
            memcmp(&row->known.root, &item->checkpoint.root,
                   sizeof row->known.root) == 0) {
            if (row->held < row->known.size &&
                !fetch(core, session, log, branch, item))
                return true;
            next_item(session);
            continue;
        }
        if (row != NULL && row->held > item->checkpoint.size) {
            if (!sg_core_has_effects(core, 1))
                return false;
            read_root(core, session, row, item->checkpoint.size);
            return true;
        }
        session->branch_row++;
    }
    ask_late(core, session);
    return true;
}

bool sg_branches_read(struct sg_sync *core, struct sg_core_session *session,
                      const struct sg_event *event)
{
    const struct sg_flow_branch *item;
    struct sg_hash root;

    (void)core;
    if (session->branch_ticket == 0 ||
        session->branch_ticket != event->read.ticket)
        return false;
    session->branch_ticket = 0;
    item = &session->branches.items[session->branch_at];
    root = sg_merkle_join(event->read.hashes, event->read.hash_count);
    if (event->read.err == SG_OK &&
        memcmp(&root, &item->checkpoint.root, sizeof root) == 0)
        next_item(session); /* it lies within this branch */
    else
        session->branch_row++;
    return true;
}
