#include "replication/fill.h"

#include <string.h>

#include "replication/erase.h"
#include "replication/fetch.h"
#include "replication/session.h"
#include "storage/base/check.h"

/* Rows looked at in one step. */
#define ROWS_STEP_MAX 256u

/* --- Asking -------------------------------------------------------------- */

void sg_fill_again(struct sg_sync *core)
{
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];

        for (uint32_t n = 0; n < sg_log_table_count(core->table); n++)
            session->logs[n].is_filled = false;
        session->fill_cursor = 0;
        session->stirs = true;
    }
}

/* Says whether payloads of LOG are lacking that this node wants and that the
 * peer, who knows as much of it, may have. */
static bool is_lacking(const struct sg_sync *core,
                       const struct sg_core_session *session,
                       const struct sg_log *log)
{
    enum sg_sync_payloads what = !core->has_wants ? SG_SYNC_PAYLOADS_ALL
                                 : log->core.kind == SG_LOG_AUDIT
                                     ? core->wants.audits
                                     : core->wants.records;

    return core->rows[log->number].absent > 0 &&
           what != SG_SYNC_PAYLOADS_NONE && log->branch == 0 &&
           !log->is_forked && !log->is_refused &&
           log->held == log->known.size &&
           session->logs[log->number].common >= log->known.size &&
           !session->logs[log->number].is_filled;
}

static void ask(struct sg_sync *core, struct sg_core_session *session,
                const struct sg_log *log)
{
    struct sg_flow_want item = {.number = session->next_number++,
                                .ref = sg_package_ref(&log->id),
                                .is_filling = true,
                                .to = log->held};
    uint8_t body[64];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_wants_encode(&item, 1, &writer);
    session->fill_number = item.number;
    session->fill_row = log->number;
    session->fill_end = log->held;
    session->fill_ms = core->now_ms;
    session->logs[log->number].is_filled = true;
    sg_core_post_written(session, 1, SG_MESSAGE_WANT, &writer);
}

void sg_fill_pump(struct sg_sync *core, struct sg_core_session *session)
{
    uint32_t n = sg_log_table_count(core->table);

    if (session->fill_number != 0 &&
        core->now_ms >= session->fill_ms + SG_PROGRESS_MS_MAX)
        session->fill_number = 0;
    if (session->state != SG_CORE_OPEN || session->link == SG_SYNC_BUNDLE ||
        session->gate != SG_CORE_GATE_PASSED || session->fill_number != 0 ||
        session->n_wants > 0 || core->is_full ||
        sg_exchange_is_open(session->exchange))
        return;
    for (uint32_t i = 0; i < ROWS_STEP_MAX && session->fill_cursor < n; i++) {
        const struct sg_log *log =
            sg_log_table_at(core->table, session->fill_cursor++);

        if (is_lacking(core, session, log)) {
            ask(core, session, log);
            return;
        }
    }
    if (session->fill_cursor < n)
        session->stirs = true;
}

/* --- Taking -------------------------------------------------------------- */

enum sg_err sg_fill_take(struct sg_sync *core, struct sg_core_session *session,
                         struct sg_bytes body,
                         const struct sg_package_head *head)
{
    const struct sg_log *log;
    struct sg_effect *effect;

    if (head->number == 0 || head->number != session->fill_number)
        return SG_OK;
    log = sg_log_table_at(core->table, session->fill_row);
    if (core->filling_ticket != 0 || sg_package_end(head) > log->held)
        return SG_OK; /* another is looked up: asked for again later */
    memcpy(core->filling, body.data, body.size);
    core->filling_size = body.size;
    core->filling_session = session->number;
    core->filling_serial = session->serial;
    effect = sg_core_effect(core, SG_EFFECT_READ);
    effect->ticket = ++core->ticket;
    effect->log = log->id;
    effect->read.first = head->first;
    effect->read.to = sg_package_end(head);
    effect->read.size_max =
        (size_t)SG_PACKAGE_ENTRIES_MAX * SG_PAYLOAD_SIZE_MAX;
    effect->read.is_judged = true;
    core->filling_ticket = effect->ticket;
    session->fill_ms = core->now_ms;
    return SG_OK;
}

/* Hands what fits the leaves to the store. */
static enum sg_err fill(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_log *log, const struct sg_event *event)
{
    struct sg_hash leaves[SG_PACKAGE_ENTRIES_MAX];
    uint8_t *copy = sg_core_memory(core, core->filling_size);
    struct sg_package_body *body = core->body;
    struct sg_core_write *write;
    struct sg_effect *effect;
    uint64_t filled = 0;
    enum sg_err err;

    SG_ASSERT(copy != NULL);
    memcpy(copy, core->filling, core->filling_size);
    err = sg_package_decode(sg_bytes(copy, core->filling_size), log->known.size,
                            &core->hasher, body);
    if (err != SG_OK || event->read.first != body->head.first ||
        event->read.count != body->head.count)
        return err;
    for (size_t i = 0; i < event->read.count; i++)
        leaves[i] = sg_entry_leaf(&event->read.entries[i]);
    err = sg_package_verify_filling(body, leaves);
    if (err != SG_OK)
        return err;
    sg_erase_settle(core, &log->id, body);
    for (size_t i = 0; i < body->head.count; i++) {
        if (event->read.entries[i].state != SG_PAYLOAD_NOT_HELD) {
            body->entries[i].state = SG_PAYLOAD_NOT_HELD;
            body->entries[i].payload = sg_bytes(NULL, 0);
        }
        filled += body->entries[i].state == SG_PAYLOAD_PRESENT;
    }
    if (sg_package_end(&body->head) >= session->fill_end)
        session->fill_number = 0;
    if (filled == 0)
        return SG_OK;
    write = sg_core_begin_write(core, SG_EFFECT_WRITE_FILL);
    if (write == NULL)
        return SG_OK;
    write->id = log->id;
    write->core = log->core;
    write->absent = filled;
    effect = sg_core_effect(core, SG_EFFECT_WRITE_FILL);
    effect->ticket = write->ticket;
    effect->log = log->id;
    effect->package.core = log->core;
    effect->package.first = body->head.first;
    effect->package.entries = body->entries;
    effect->package.count = body->head.count;
    return SG_OK;
}

bool sg_fill_read(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_session *session;
    const struct sg_log *log;
    enum sg_err err;

    if (core->filling_ticket == 0 || core->filling_ticket != event->read.ticket)
        return false;
    core->filling_ticket = 0;
    session =
        sg_core_session(core, core->filling_session, core->filling_serial);
    if (session == NULL || event->read.err != SG_OK)
        return true;
    session->stirs = true;
    log = sg_log_table_at(core->table, session->fill_row);
    err = fill(core, session, log, event);
    if (err != SG_OK)
        sg_session_close(session, err);
    return true;
}

void sg_fill_stored(struct sg_sync *core, const struct sg_core_write *write,
                    struct sg_log *log)
{
    struct sg_core_row *row;

    if (log == NULL)
        return;
    row = &core->rows[log->number];
    row->absent -= write->absent < row->absent ? write->absent : row->absent;
}

bool sg_fill_stopped(struct sg_core_session *session, uint64_t number)
{
    if (number == 0 || number != session->fill_number)
        return false;
    session->fill_number = 0;
    return true;
}
