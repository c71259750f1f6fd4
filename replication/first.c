#include "replication/first.h"

#include <string.h>

#include "replication/erase.h"
#include "replication/session.h"
#include "replication/withhold.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"
#include "storage/base/reader.h"

/* Without its certificate's node key: kind and epoch. */
#define CORE_REST_SIZE (SG_LOG_CORE_SIZE - SG_KEY_SIZE)
/* Anti-entropy intervals that a session waits for what its peer has and cannot
 * serve. */
#define UNSERVED_INTERVALS 10u
/* Bytes of payloads that one reading of own entries brings. */
#define JUDGED_SIZE 65536u

/* --- In a session -------------------------------------------------------- */

void sg_first_pass(struct sg_core_session *session)
{
    session->gate = SG_CORE_GATE_PASSED;
    session->scans = true;
    session->stirs = true;
    session->cursor = 0;
}

/* Writes the certificate of a node of the authority, as signed. False: it is
 * not known here. */
static bool put_certificate(const struct sg_sync *core,
                            const uint8_t node_key[SG_KEY_SIZE],
                            struct sg_writer *writer)
{
    struct sg_trust_node node;

    if (sg_trust_node(core->trust, node_key, &node)) {
        sg_writer_bytes(writer, SG_BYTES_ARRAY(node.bytes));
        return true;
    }
    if (core->has_certificate &&
        memcmp(node_key, core->node_key, SG_KEY_SIZE) == 0) {
        sg_writer_bytes(writer, SG_BYTES_ARRAY(core->config.certificate));
        return true;
    }
    return false;
}

/* Sends `authority`: every authority log known here. */
static void list(struct sg_sync *core, struct sg_core_session *session)
{
    uint8_t body[SG_AUTHORITY_LISTED_MAX *
                 (SG_CERTIFICATE_SIZE + CORE_REST_SIZE + 24)];
    uint8_t bytes[SG_LOG_CORE_SIZE];
    struct sg_writer writer;

    sg_writer_init_array(&writer, body, sizeof body);
    for (size_t i = 0; i < core->n_judged; i++) {
        const struct sg_log *log =
            sg_log_table_at(core->table, core->judged[i].log);
        uint64_t size = log->is_forked ? 0 : log->known.size;

        if (log->branch != 0 || log->known.size == 0 ||
            !put_certificate(core, log->core.node_key, &writer))
            continue;
        sg_entry_core_encode(&log->core, bytes);
        sg_writer_bytes(&writer, sg_bytes(bytes + SG_KEY_SIZE, CORE_REST_SIZE));
        sg_writer_varint(&writer, size);
        sg_writer_varint(&writer, size == 0 ? 0 : size - log->served);
        sg_writer_bytes(&writer, sg_bytes(sg_log_table_tag(core->table, log),
                                          SG_HEAD_TAG_SIZE));
    }
    session->has_listed = true;
    sg_core_post_written(session, 0, SG_MESSAGE_AUTHORITY, &writer);
}

void sg_first_tag(struct sg_sync *core, struct sg_core_session *session,
                  const uint8_t tag[SG_HEAD_TAG_SIZE])
{
    uint8_t own[SG_HEAD_TAG_SIZE];

    sg_log_table_auth_tag(core->table, own);
    if (memcmp(own, tag, sizeof own) == 0 &&
        !sg_log_table_authority_is_forked(core->table)) {
        if (session->gate == SG_CORE_GATE_TAG)
            sg_first_equal(core, session);
        return;
    }
    if (!session->has_listed)
        list(core, session);
    if (session->gate == SG_CORE_GATE_TAG)
        session->gate = SG_CORE_GATE_LIST;
}

/* Says whether a root that is believed here, or shown in this session, signed
 * CERTIFICATE. */
static bool is_signed(const struct sg_sync *core,
                      const struct sg_core_session *session,
                      const struct sg_certificate *certificate)
{
    const struct sg_root *root =
        sg_chain_root(&session->stage1.chain, certificate->generation);

    if (root == NULL)
        root = sg_trust_root(core->trust, certificate->generation);
    return root != NULL &&
           sg_certificate_verify(certificate, &core->config.registry,
                                 root->key) == SG_OK;
}

/* Reads one item; one whose certificate is not believed is passed over. */
static void take_item(struct sg_sync *core, struct sg_core_session *session,
                      struct sg_reader *reader)
{
    struct sg_bytes bytes = sg_reader_take(reader, SG_CERTIFICATE_SIZE);
    struct sg_core_listed *listed = &session->listed[session->n_listed];
    uint8_t core_bytes[SG_LOG_CORE_SIZE], tag[SG_HEAD_TAG_SIZE];
    struct sg_certificate certificate;
    const struct sg_log *log;

    sg_reader_copy(reader, core_bytes + SG_KEY_SIZE, CORE_REST_SIZE);
    listed->size = sg_reader_varint(reader);
    listed->short_by = sg_reader_varint(reader);
    sg_reader_copy(reader, tag, sizeof tag);
    if (reader->err != SG_OK)
        return;
    if (listed->short_by > listed->size) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
        return;
    }
    if (sg_certificate_decode(bytes, &certificate) != SG_OK) {
        sg_reader_fail(reader, SG_ERR_CERTIFICATE);
        return;
    }
    memcpy(core_bytes, certificate.node_key, SG_KEY_SIZE);
    if (sg_entry_core_decode(SG_BYTES_ARRAY(core_bytes), &listed->core) !=
        SG_OK) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
        return;
    }
    /* A certificate of a root that is news here does not make the log another:
     * it may be that very log that brings the root. */
    listed->id = sg_entry_log_id(&core->config.registry, &listed->core);
    log = sg_log_table_find(core->table, &listed->id, 0);
    if (log != NULL && log->is_authority)
        sg_withhold_listed(core, session, log, listed->size);
    if ((log != NULL && log->is_authority) ||
        (certificate.role == SG_CERTIFICATE_AUTHORITY &&
         is_signed(core, session, &certificate)))
        session->n_listed++;
    else if (sg_chain_root(&session->stage1.chain, certificate.generation) ==
                 NULL &&
             sg_trust_root(core->trust, certificate.generation) == NULL)
        session->lists_unknown = true; /* of a root yet to come */
    else
        sg_reader_fail(reader, SG_ERR_UNTRUSTED);
}

enum sg_err sg_first_take(struct sg_sync *core, struct sg_core_session *session,
                          struct sg_bytes body)
{
    struct sg_reader reader;
    size_t n = 0;

    sg_reader_init(&reader, body);
    session->n_listed = 0;
    session->lists_own = false;
    session->lists_unknown = false;
    while (reader.err == SG_OK && reader.left.size > 0) {
        if (n++ == SG_AUTHORITY_LISTED_MAX)
            return SG_ERR_LIMIT;
        take_item(core, session, &reader);
    }
    if (reader.err != SG_OK)
        return reader.err;
    if (!session->has_listed)
        list(core, session);
    if (session->gate != SG_CORE_GATE_PASSED) /* a bundle has no gate */
        session->gate = SG_CORE_GATE_LOGS;
    session->scans = true;
    session->stirs = true;
    session->cursor = 0;
    sg_first_check(core, session);
    return SG_OK;
}

/* Says up to where a log's entries have been judged. */
static uint64_t judged_upto(const struct sg_sync *core,
                            const struct sg_log *log)
{
    for (size_t i = 0; i < core->n_judged; i++)
        if (core->judged[i].log == log->number)
            return core->judged[i].upto;
    return 0;
}

/* Up to where LISTED must be held. A peer that knows a log and cannot serve all
 * of it, for it does not hold all that it knows, may have entries that are
 * lacking here: they come later, or from elsewhere, or are not waited for any
 * longer. */
static uint64_t end_of(const struct sg_sync *core,
                       const struct sg_core_session *session,
                       const struct sg_core_listed *listed)
{
    uint64_t wait_ms = UNSERVED_INTERVALS * core->config.interval_ms;

    if (listed->short_by == 0 || core->is_full ||
        core->now_ms < session->opened_ms + wait_ms)
        return listed->size;
    return listed->size - listed->short_by;
}

void sg_first_equal(struct sg_sync *core, struct sg_core_session *session)
{
    session->n_listed = 0;
    session->lists_own = true;
    session->lists_unknown = false;
    for (size_t i = 0; i < core->n_judged; i++) {
        const struct sg_log *log =
            sg_log_table_at(core->table, core->judged[i].log);

        if (log->is_forked || log->branch != 0 || log->held >= log->known.size)
            continue;
        session->listed[session->n_listed++] = (struct sg_core_listed){
            .id = log->id, .core = log->core, .size = log->known.size};
    }
    session->gate = SG_CORE_GATE_LOGS;
    session->scans = true;
    session->stirs = true;
    session->cursor = 0;
    sg_first_check(core, session);
}

void sg_first_check(struct sg_sync *core, struct sg_core_session *session)
{
    if (session->gate != SG_CORE_GATE_LOGS || session->lists_unknown)
        return;
    for (size_t i = 0; i < session->n_listed; i++) {
        const struct sg_core_listed *listed = &session->listed[i];
        const struct sg_log *log =
            sg_log_table_find(core->table, &listed->id, 0);
        uint64_t end = end_of(core, session, listed);

        if (end == 0 || (log != NULL && log->is_refused) ||
            (session->lists_own &&
             memcmp(&session->unserved, &listed->id, sizeof listed->id) == 0))
            continue;
        if (log == NULL || log->held < end || judged_upto(core, log) < end)
            return;
    }
    sg_first_pass(session);
}

bool sg_first_may_use_reserve(const struct sg_sync *core,
                              const struct sg_log_core *log)
{
    return sg_trust_is_authority(core->trust, log->node_key);
}

bool sg_first_allows(const struct sg_sync *core,
                     const struct sg_core_session *session,
                     const struct sg_log_core *log)
{
    /* A full store keeps room for what the authority says, and for no more. */
    if (core->is_full && !sg_first_may_use_reserve(core, log))
        return false;
    if (session->gate == SG_CORE_GATE_PASSED && session->state == SG_CORE_OPEN)
        return true;
    if (SG_PLANT(sync_gate_open))
        return true;
    if (sg_trust_is_authority(core->trust, log->node_key))
        return true;
    for (size_t i = 0; i < session->n_listed; i++)
        if (memcmp(session->listed[i].core.node_key, log->node_key,
                   SG_KEY_SIZE) == 0)
            return true;
    return false;
}

/* --- What is believed ---------------------------------------------------- */

enum sg_err sg_first_begin(struct sg_sync *core, struct sg_bytes chain)
{
    enum sg_err err;

    if (chain.size == 0)
        return SG_OK;
    err = sg_trust_add_chain(core->trust, chain);
    if (err == SG_ERR_NOMEM)
        return err;
    (void)sg_trust_judge(core->trust);
    return err == SG_OK ? SG_OK : SG_ERR_INVALID;
}

bool sg_first_is_judged(const struct sg_sync *core)
{
    for (size_t i = 0; i < core->n_judged; i++)
        if (!core->judged[i].is_stuck &&
            core->judged[i].upto <
                sg_log_table_at(core->table, core->judged[i].log)->held)
            return false;
    return true;
}

void sg_first_note(struct sg_sync *core, struct sg_log *log)
{
    if (log->core.kind != SG_LOG_RECORDS ||
        !sg_trust_is_authority(core->trust, log->core.node_key))
        return;
    for (size_t i = 0; i < core->n_judged; i++)
        if (core->judged[i].log == log->number)
            return;
    if (core->n_judged == SG_AUTHORITY_LISTED_MAX ||
        (log->branch == 0 &&
         sg_log_table_set_authority(core->table, log) != SG_OK))
        return;
    log->is_authority = true;
    core->judged[core->n_judged++] =
        (struct sg_core_judged){.log = log->number};
}

void sg_first_judge(struct sg_sync *core)
{
    uint32_t n = sg_log_table_count(core->table);

    if (!sg_trust_judge(core->trust))
        return;
    core->says_judged = true;
    core->heartbeat_ms = core->now_ms;
    for (uint32_t i = 0; i < n; i++)
        sg_first_note(core, sg_log_table_at(core->table, i));
    if (sg_trust_wants_replay(core->trust)) {
        sg_trust_replay(core->trust);
        for (size_t i = 0; i < core->n_judged; i++)
            core->judged[i].upto = 0;
    }
    for (size_t i = 0; i < core->n_judged; i++)
        if (core->judged[i].erased_upto > core->judged[i].upto)
            core->judged[i].erased_upto = 0;
    for (uint32_t i = 0; i < core->top; i++) {
        struct sg_core_session *session = &core->sessions[i];

        sg_session_judge_again(core, session);
        session->scans = true;
        session->stirs = true;
        session->cursor = 0;
    }
}

void sg_first_pump(struct sg_sync *core)
{
    if (core->is_judging || !core->is_started || !sg_core_has_effects(core, 1))
        return;
    for (size_t i = 0; i < core->n_judged; i++) {
        const struct sg_log *log =
            sg_log_table_at(core->table, core->judged[i].log);
        struct sg_effect *effect;

        core->is_erasing = core->judged[i].upto >= log->held;
        if (core->judged[i].is_stuck ||
            (core->is_erasing && core->judged[i].erased_upto >= log->held))
            continue;
        effect = sg_core_effect(core, SG_EFFECT_READ);
        effect->ticket = ++core->ticket;
        effect->log = log->id;
        effect->branch = log->branch;
        effect->read.first = core->is_erasing ? core->judged[i].erased_upto
                                              : core->judged[i].upto;
        effect->read.to = log->held;
        effect->read.size_max = JUDGED_SIZE;
        effect->read.is_judged = true;
        core->is_judging = true;
        core->judge_ticket = effect->ticket;
        core->judge_at = i;
        return;
    }
}

void sg_first_read(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_judged *judged = &core->judged[core->judge_at];
    const struct sg_log *log = sg_log_table_at(core->table, judged->log);
    struct sg_trust_place place = {.log = log->id, .branch = log->branch};

    core->is_judging = false;
    if (event->read.err != SG_OK || event->read.count == 0) {
        judged->is_stuck = true;
        sg_core_say(core, SG_SYNC_ALARM_DAMAGED, SG_SYNC_NONE, &log->id);
        return;
    }
    if (core->is_erasing) {
        sg_erase_read(core, judged, event);
        return;
    }
    if (event->read.first != judged->upto)
        return; /* a replay began meanwhile */
    memcpy(place.node_key, log->core.node_key, SG_KEY_SIZE);
    for (size_t i = 0; i < event->read.count; i++) {
        const struct sg_entry *entry = &event->read.entries[i];

        place.index = event->read.first + i;
        if (entry->kind == SG_ENTRY_PLAIN &&
            entry->state == SG_PAYLOAD_PRESENT &&
            sg_trust_add(core->trust, &place, entry->payload) != SG_OK)
            core->counts.refused_statements++;
    }
    judged->upto += event->read.count;
    if (sg_trust_held(core->trust, &log->id, log->branch, judged->upto) !=
        SG_OK)
        core->counts.refused_limit++;
    if (judged->upto >= log->held)
        sg_first_judge(core);
    core->was_judged = core->was_judged || sg_first_is_judged(core);
    for (uint32_t i = 0; i < core->top; i++)
        if (core->sessions[i].gate == SG_CORE_GATE_LOGS)
            core->sessions[i].stirs = true;
}
