#include "replication/branches.h"

#include <string.h>

#include "replication/fetch.h"
#include "replication/first.h"
#include "replication/quota.h"
#include "replication/session.h"
#include "storage/base/check.h"

#define BODY_SIZE_MAX 4608u

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

/* --- Taking -------------------------------------------------------------- */

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
    session->branches = branches;
    session->branch_at = 0;
    session->branch_row = 0;
    session->branch_ticket = 0;
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
    if (item->lacks > 0 || core->is_full ||
        sg_fetch_find(core, &log->id, branch) != NULL ||
        !sg_first_allows(core, session, &log->core) ||
        !sg_quota_allows(core, session, log))
        return true; /* the next `branches` asks again */
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
    fetch->number = session->next_number++;
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
        if (branch == SG_BRANCHES_MAX) {
            branch = free_branch(core, &log->id);
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
