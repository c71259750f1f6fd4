#include "replication/fill.h"

#include <string.h>

#include "replication/erase.h"
#include "replication/fetch.h"
#include "replication/gossip.h"
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

/* Says whether somebody asks for payloads of row NUMBER, or some are not
 * durable yet: the store would show as lacking what is on its way. */
static bool is_busy(const struct sg_sync *core, uint32_t number)
{
    for (uint32_t i = 0; i < core->top; i++)
        if (core->sessions[i].fills && core->sessions[i].fill_row == number)
            return true;
    return core->rows[number].filling > 0;
}

/* What of LOG's sealed payloads is wanted here. */
static enum sg_sync_payloads wanted(const struct sg_sync *core,
                                    const struct sg_log *log)
{
    if (!core->has_wants)
        return SG_SYNC_PAYLOADS_ALL;
    return log->core.kind == SG_LOG_AUDIT ? core->wants.audits
                                          : core->wants.records;
}

/* Says whether payloads of LOG are lacking that this node wants and that the
 * peer, who knows as much of it, may have. */
static bool is_lacking(const struct sg_sync *core,
                       const struct sg_core_session *session,
                       const struct sg_log *log)
{
    return core->rows[log->number].absent > 0 &&
           wanted(core, log) != SG_SYNC_PAYLOADS_NONE && log->branch == 0 &&
           !log->is_forked && !log->is_refused &&
           log->held == log->known.size &&
           session->logs[log->number].common >= log->known.size &&
           !session->logs[log->number].is_filled && !is_busy(core, log->number);
}

/* The peer may be asked for payloads of row NUMBER again. */
static void reopen(struct sg_core_session *session, uint32_t number)
{
    session->logs[number].is_filled = false;
    if (number < session->fill_cursor)
        session->fill_cursor = number;
    session->stirs = true;
}

/* Nobody works on row NUMBER any more: who asked for payloads of it hears that
 * some came, and sessions that passed it over meanwhile may ask for the rest.
 */
static void release(struct sg_sync *core, uint32_t number)
{
    struct sg_core_row *row = &core->rows[number];

    if (is_busy(core, number))
        return;
    if (row->is_refilled)
        sg_gossip_filled(core, sg_log_table_at(core->table, number));
    row->is_refilled = false;
    for (uint32_t i = 0; i < core->top && row->absent > 0; i++)
        if (core->sessions[i].link != SG_SYNC_BUNDLE &&
            sg_session_is_open(&core->sessions[i]) &&
            !core->sessions[i].logs[number].is_filled)
            reopen(&core->sessions[i], number);
}

void sg_fill_end(struct sg_core_session *session)
{
    if (!session->fills)
        return;
    session->fills = false;
    session->fill_number = 0;
    session->fill_ticket = 0;
    if (session->fill_again)
        reopen(session, session->fill_row);
    session->fill_again = false;
    session->stirs = true;
    release(session->core, session->fill_row);
}

/* Has the store read the next window of the row in work. */
static void look(struct sg_sync *core, struct sg_core_session *session)
{
    const struct sg_log *log = sg_log_table_at(core->table, session->fill_row);
    struct sg_effect *effect;

    if (session->fill_next >= session->fill_to || log->is_forked ||
        log->is_refused) {
        sg_fill_end(session);
        return;
    }
    if (core->rows[log->number].filling > 0)
        return; /* goes on when it is durable */
    if (!sg_core_has_effects(core, 1)) {
        session->stirs = true;
        return;
    }
    effect = sg_core_effect(core, SG_EFFECT_READ);
    effect->session = session->number;
    effect->ticket = ++core->ticket;
    effect->log = log->id;
    effect->read.first = session->fill_next;
    effect->read.to = sg_package_end_max(session->fill_next, session->fill_to);
    effect->read.size_max =
        (size_t)SG_PACKAGE_ENTRIES_MAX * SG_PAYLOAD_SIZE_MAX;
    effect->read.is_judged = true;
    session->fill_ticket = effect->ticket;
}

static void begin_row(struct sg_core_session *session, const struct sg_log *log)
{
    session->fills = true;
    session->fill_row = log->number;
    session->fill_next = 0;
    session->fill_to = log->held;
    session->fill_again = false;
    session->logs[log->number].is_filled = true;
}

/* Finds the next row to work on. False: there is none, or not yet. */
static bool find_row(struct sg_sync *core, struct sg_core_session *session)
{
    uint32_t n = sg_log_table_count(core->table);

    for (uint32_t i = 0; i < ROWS_STEP_MAX && session->fill_cursor < n; i++) {
        const struct sg_log *log =
            sg_log_table_at(core->table, session->fill_cursor++);

        if (is_lacking(core, session, log)) {
            begin_row(session, log);
            return true;
        }
    }
    if (session->fill_cursor < n)
        session->stirs = true;
    return false;
}

void sg_fill_pump(struct sg_sync *core, struct sg_core_session *session)
{
    if (session->fill_number != 0 &&
        core->now_ms >= session->fill_ms + SG_PROGRESS_MS_MAX)
        sg_fill_end(session); /* the peer gives nothing */
    if (session->state != SG_CORE_OPEN || session->link == SG_SYNC_BUNDLE ||
        session->gate != SG_CORE_GATE_PASSED || session->fill_number != 0 ||
        session->fill_ticket != 0 || session->n_wants > 0 || core->is_full ||
        sg_exchange_is_open(session->exchange))
        return;
    if (session->fills || find_row(core, session))
        look(core, session);
}

void sg_fill_lacking(struct sg_sync *core, const struct sg_log *log)
{
    if (wanted(core, log) != SG_SYNC_PAYLOADS_ALL)
        return;
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];

        if (sg_session_is_open(session) && session->link != SG_SYNC_BUNDLE)
            sg_fill_claimed(core, session, log);
    }
}

void sg_fill_claimed(struct sg_sync *core, struct sg_core_session *session,
                     const struct sg_log *log)
{
    if (session->fills && session->fill_row == log->number)
        session->fill_again = true; /* it began before they came */
    else if (core->rows[log->number].absent > 0 &&
             session->logs[log->number].is_filled)
        reopen(session, log->number);
}

/* --- The window ----------------------------------------------------------- */

static struct sg_hash *leaves_of(const struct sg_sync *core,
                                 const struct sg_core_session *session)
{
    return core->fill_leaves + (size_t)session->number * SG_PACKAGE_ENTRIES_MAX;
}

static bool lacks(const struct sg_core_session *session, size_t i)
{
    return (session->fill_lacks[i / 8] >> (i % 8) & 1u) != 0;
}

static void set_lacks(struct sg_core_session *session, size_t i, bool is_so)
{
    uint8_t bit = (uint8_t)(1u << (i % 8));
    uint8_t others = (uint8_t)(session->fill_lacks[i / 8] & ~bit);

    session->fill_lacks[i / 8] = is_so ? others | bit : others;
}

/* Asks for entries [FIRST, TO) of the window. */
static void ask(struct sg_sync *core, struct sg_core_session *session,
                uint64_t first, uint64_t to)
{
    const struct sg_log *log = sg_log_table_at(core->table, session->fill_row);
    struct sg_flow_want item = {.number = sg_core_number(session),
                                .ref = sg_package_ref(&log->id),
                                .is_filling = true,
                                .from = first,
                                .to = to};
    uint8_t body[64];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    sg_flow_wants_encode(&item, 1, &writer);
    session->fill_number = item.number;
    session->fill_end = to;
    session->fill_ms = core->now_ms;
    sg_core_post_written(session, 1, SG_MESSAGE_WANT, &writer);
}

/* Keeps the leaves of the window that was read, and asks for what it lacks. */
static void take_window(struct sg_sync *core, struct sg_core_session *session,
                        const struct sg_event *event)
{
    struct sg_hash *leaves = leaves_of(core, session);
    size_t first = SIZE_MAX, last = 0;

    session->fill_first = event->read.first;
    session->fill_count = event->read.count;
    session->fill_next = event->read.first + event->read.count;
    for (size_t i = 0; i < event->read.count; i++) {
        bool is_so = event->read.entries[i].state == SG_PAYLOAD_NOT_HELD;

        leaves[i] = sg_entry_leaf(&event->read.entries[i]);
        set_lacks(session, i, is_so);
        if (is_so && first == SIZE_MAX)
            first = i;
        if (is_so)
            last = i;
    }
    if (first != SIZE_MAX)
        ask(core, session, session->fill_first + first,
            session->fill_first + last + 1);
}

bool sg_fill_read(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_session *session;

    if (event->session >= core->config.sessions_max)
        return false;
    session = &core->sessions[event->session];
    if (session->fill_ticket == 0 || session->fill_ticket != event->read.ticket)
        return false;
    session->fill_ticket = 0;
    session->stirs = true;
    if (event->read.err != SG_OK || event->read.count == 0)
        sg_fill_end(session); /* the store says so by itself, or mends it */
    else
        take_window(core, session, event);
    return true;
}

/* --- Taking -------------------------------------------------------------- */

/* Leaves of the package in core->body what is lacking here. Returns how much
 * that is. */
static uint64_t pick(struct sg_sync *core, struct sg_core_session *session)
{
    struct sg_package_body *body = core->body;
    size_t at = (size_t)(body->head.first - session->fill_first);
    uint64_t count = 0;

    for (size_t i = 0; i < body->head.count; i++) {
        struct sg_entry *entry = &body->entries[i];

        if (entry->state == SG_PAYLOAD_PRESENT && lacks(session, at + i)) {
            set_lacks(session, at + i, false);
            count++;
        } else {
            entry->state = SG_PAYLOAD_NOT_HELD;
            entry->payload = sg_bytes(NULL, 0);
        }
    }
    return count;
}

/* Hands COUNT payloads in core->body to the store. */
static void write_fill(struct sg_sync *core, const struct sg_log *log,
                       uint64_t count)
{
    struct sg_core_write *write =
        sg_core_begin_write(core, SG_EFFECT_WRITE_FILL);
    struct sg_effect *effect;

    SG_ASSERT(write != NULL);
    write->id = log->id;
    write->core = log->core;
    write->absent = count;
    core->rows[log->number].filling++;
    effect = sg_core_effect(core, SG_EFFECT_WRITE_FILL);
    effect->ticket = write->ticket;
    effect->log = log->id;
    effect->package.core = log->core;
    effect->package.first = core->body->head.first;
    effect->package.entries = core->body->entries;
    effect->package.count = core->body->head.count;
}

enum sg_err sg_fill_take(struct sg_sync *core, struct sg_core_session *session,
                         struct sg_bytes body,
                         const struct sg_package_head *head)
{
    const struct sg_log *log;
    uint64_t count;
    enum sg_err err;

    if (head->number == 0 || head->number != session->fill_number ||
        head->first < session->fill_first ||
        sg_package_end(head) > session->fill_first + session->fill_count)
        return SG_OK;
    log = sg_log_table_at(core->table, session->fill_row);
    err = sg_package_decode(body, log->known.size, &core->hasher, core->body);
    if (err == SG_OK)
        err = sg_package_verify_filling(
            core->body, leaves_of(core, session) +
                            (size_t)(head->first - session->fill_first));
    if (err != SG_OK)
        return err;
    session->fill_ms = core->now_ms;
    if (sg_package_end(head) >= session->fill_end)
        session->fill_number = 0;
    if (core->n_writes == SG_CORE_WRITES_MAX) {
        session->fill_again = true;
        return SG_OK;
    }
    sg_erase_settle(core, &log->id, core->body);
    count = pick(core, session);
    if (count > 0)
        write_fill(core, log, count);
    return SG_OK;
}

/* --- Afterwards ----------------------------------------------------------- */

void sg_fill_stored(struct sg_sync *core, const struct sg_core_write *write,
                    const struct sg_log *log)
{
    struct sg_core_row *row = &core->rows[log->number];

    SG_ASSERT(row->filling > 0);
    row->filling--;
    if (!write->is_refused) {
        row->absent -=
            write->absent < row->absent ? write->absent : row->absent;
        row->is_refilled = true;
    }
    for (uint32_t i = 0; i < core->top; i++)
        if (core->sessions[i].fills &&
            core->sessions[i].fill_row == log->number)
            core->sessions[i].stirs = true;
    release(core, log->number);
}

bool sg_fill_stopped(struct sg_core_session *session, uint64_t number)
{
    if (number == 0 || number != session->fill_number)
        return false;
    session->fill_number = 0;
    session->stirs = true;
    return true;
}
