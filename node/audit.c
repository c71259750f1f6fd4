#include "node/audit.h"

#include <string.h>

#include "node/readers.h"
#include "node/unseal.h"
#include "node/write_key.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/lmdb/fetch.h"
#include "storage/log/seal.h"
#include "storage/registry/record_build.h"

/* Entries of one commit, each at worst with a content key of its own. */
#define FLIGHT_ENTRIES_MAX 1024u
#define FLIGHT_SIZE_MAX    (1u << 20)
/* An access record is about 200 bytes. */
#define NOTE_SIZE_MAX (SG_AUDIT_NOTE_MAX * 512u)
#define LOAD_BACK     4096u /* entries that are looked at for content keys */
#define VIETNAM_MIN   (7 * 60)

/* Notes in a row. */
struct row {
    struct sg_audit_note *first, **last;
};

struct sg_audit {
    struct sg_audit_config config;
    struct sg_store_log log; /* as it was found */
    struct sg_registry_id registry;
    struct sg_readers *readers;
    struct sg_write_key_ring *keys;
    struct sg_sealer *sealer;
    struct sg_buf body; /* a record */
    uint64_t position, floor_ms;
    uint64_t hlc;  /* of the last entry */
    uint64_t next; /* the index that the next entry will have */
    size_t n_waiting;
    struct row waiting, done;
    /* What is with the keeper. */
    bool is_flying;
    struct row flying;
    size_t count;
    uint64_t first;
    struct sg_buf payloads;
    struct sg_entry entries[FLIGHT_ENTRIES_MAX];
};

/* --- Notes ----------------------------------------------------------------
 */

static void row_init(struct row *row)
{
    row->first = NULL;
    row->last = &row->first;
}

static void row_put(struct row *row, struct sg_audit_note *note)
{
    note->next = NULL;
    *row->last = note;
    row->last = &note->next;
}

static struct sg_audit_note *row_take(struct row *row)
{
    struct sg_audit_note *note = row->first;

    if (note == NULL)
        return NULL;
    row->first = note->next;
    if (row->first == NULL)
        row->last = &row->first;
    note->next = NULL;
    return note;
}

struct sg_audit_note *sg_audit_note_new(void)
{
    struct sg_audit_note *note = sg_calloc(1, sizeof *note);

    if (note != NULL)
        sg_buf_init(&note->payloads, NOTE_SIZE_MAX);
    return note;
}

void sg_audit_note_free(struct sg_audit_note *note)
{
    if (note == NULL)
        return;
    sg_buf_wipe(&note->payloads);
    sg_free(note);
}

/* --- Entries --------------------------------------------------------------
 */

uint64_t sg_audit_now(const struct sg_audit *audit)
{
    uint64_t ms = (uint64_t)sg_clock_wall().ms;

    if (ms < audit->floor_ms)
        ms = audit->floor_ms;
    return ms > audit->hlc >> 16 ? ms : audit->hlc >> 16;
}

static void fill_access(struct sg_record_build *build,
                        const struct sg_audit_entry *entry)
{
    static const struct sg_uid query;

    sg_record_build_uint(build, SG_FIELD_ACCESS_WHAT, entry->what);
    sg_record_build_uint(build, SG_FIELD_ACCESS_PURPOSE, entry->purpose);
    sg_record_build_str(build, SG_FIELD_ACCESS_CASE, entry->matter);
    if (sg_uid_compare(&entry->subject, &query) == 0)
        sg_record_build_uint(build, SG_FIELD_ACCESS_PERSONS, entry->persons);
    if (entry->has_permit)
        sg_record_build_bin(build, SG_FIELD_ACCESS_PERMIT,
                            SG_BYTES_ARRAY(entry->permit.bytes));
    sg_record_build_uint(build, SG_FIELD_ACCESS_CHANNEL, entry->channel);
}

static void fill_session(const struct sg_audit *audit,
                         struct sg_record_build *build,
                         const struct sg_audit_entry *entry)
{
    struct sg_key_id device =
        sg_key_id_of(&audit->registry, SG_KEY_NODE, audit->config.node);

    sg_record_build_uint(build, SG_FIELD_SESSION_WHAT, entry->what);
    sg_record_build_bin(build, SG_FIELD_SESSION_DEVICE,
                        SG_BYTES_ARRAY(device.bytes));
}

static void fill_permit(struct sg_record_build *build,
                        const struct sg_audit_entry *entry)
{
    sg_record_build_bin(build, SG_FIELD_PERMIT_OFFICER,
                        SG_BYTES_ARRAY(entry->permitted.bytes));
    sg_record_build_uint(build, SG_FIELD_PERMIT_PERSONS, entry->persons);
    sg_record_build_uint(build, SG_FIELD_PERMIT_UNTIL, entry->until_ms);
    sg_record_build_uint(build, SG_FIELD_PERMIT_PURPOSE, entry->purpose);
    sg_record_build_str(build, SG_FIELD_PERMIT_CASE, entry->matter);
}

enum sg_err sg_audit_add(const struct sg_audit *audit,
                         struct sg_audit_note *note,
                         const struct sg_audit_entry *entry,
                         const struct sg_key *key)
{
    struct sg_wall now = {.ms = (int64_t)sg_audit_now(audit)};
    struct sg_record_head head = {
        .type = entry->type,
        .subject = entry->subject,
        .effective = sg_date_from_wall(now, VIETNAM_MIN),
        .officer = entry->officer,
    };
    /* The outer part is written when the place is known. */
    const struct sg_record_copy copy = {
        .capture = entry->capture,
        .home = entry->type == SG_TYPE_ACCESS &&
                        entry->home.value != SG_UNIT_COUNTRY.value
                    ? entry->home
                    : entry->capture,
    };
    struct sg_record_build build;
    enum sg_err err;

    if (note->count == SG_AUDIT_NOTE_MAX)
        return SG_ERR_LIMIT;
    sg_crypto_random(head.submit.bytes, sizeof head.submit.bytes);
    sg_record_build_init(&build, &head);
    if (entry->type == SG_TYPE_ACCESS)
        fill_access(&build, entry);
    else if (entry->type == SG_TYPE_SESSION)
        fill_session(audit, &build, entry);
    else
        fill_permit(&build, entry);
    err = sg_record_build_end(&build, &copy, key == NULL ? NULL : &key->sign,
                              &audit->registry, &note->payloads, &note->last);
    if (err == SG_OK)
        note->ends[note->count++] = note->payloads.size;
    return err;
}

/* --- Sealing --------------------------------------------------------------
 */

/* Makes PAYLOAD the next entry of the flight. */
static enum sg_err add_entry(struct sg_audit *audit, enum sg_entry_kind kind,
                             uint64_t key_entry, size_t start)
{
    struct sg_bytes payload =
        sg_bytes(audit->payloads.data + start, audit->payloads.size - start);
    enum sg_err err =
        sg_entry_make(sg_store_hasher(audit->config.store), kind, key_entry,
                      payload, &audit->entries[audit->count]);

    audit->count += err == SG_OK;
    return err;
}

/* Gives the content key for READERS, which the flight brings along if it is
 * new. */
static enum sg_err need_key(struct sg_audit *audit,
                            const struct sg_write_key_readers *readers,
                            const struct sg_seal_keys **ret_keys,
                            uint64_t *ret_entry)
{
    size_t start = audit->payloads.size;
    enum sg_err err;

    *ret_keys = sg_write_key_find(audit->keys, readers, ret_entry);
    if (*ret_keys != NULL)
        return SG_OK;
    err = sg_write_key_make(audit->keys, readers, audit->first + audit->count,
                            &audit->payloads);
    if (err == SG_OK)
        err = add_entry(audit, SG_ENTRY_CONTENT_KEY, 0, start);
    if (err != SG_OK)
        return err;
    *ret_keys = sg_write_key_find(audit->keys, readers, ret_entry);
    /* None: a month ended in between. */
    return *ret_keys != NULL ? SG_OK : SG_ERR_STATE;
}

/* Writes the outer part around RECORD into audit->body (RECORDS.md 2). */
static enum sg_err put_copy(struct sg_audit *audit,
                            const struct sg_record *record)
{
    uint64_t wall_ms = (uint64_t)sg_clock_wall().ms;
    uint64_t hlc = (wall_ms > audit->floor_ms ? wall_ms : audit->floor_ms)
                   << 16;
    struct sg_record_copy copy = record->copy;

    if (hlc <= audit->hlc)
        hlc = audit->hlc + 1;
    copy.hlc = hlc;
    copy.wall_offset = (int64_t)wall_ms - (int64_t)(hlc >> 16);
    copy.trust = SG_RECORD_TRUST_UNKNOWN;
    copy.position = audit->position;
    audit->hlc = hlc;
    sg_buf_truncate(&audit->body, 0);
    return sg_record_build_copy(record->inner, &copy, &audit->body);
}

/* Seals PAYLOAD, a record without its outer part. */
static enum sg_err seal(struct sg_audit *audit, struct sg_bytes payload)
{
    struct sg_write_key_readers readers;
    const struct sg_seal_keys *keys;
    struct sg_seal_place place;
    struct sg_record record;
    size_t start;
    enum sg_err err = sg_record_decode(payload, &record);

    SG_ASSERT(err == SG_OK);
    /* H and Z of a person's, C and Z else: home is the capture unit then. */
    sg_readers_of(audit->readers, &record, record.copy.home, record.copy.home,
                  &readers);
    err = need_key(audit, &readers, &keys, &place.key_entry);
    if (err == SG_OK)
        err = put_copy(audit, &record);
    if (err != SG_OK)
        return err;
    place.index = audit->first + audit->count;
    start = audit->payloads.size;
    err = sg_seal_encode(audit->sealer, keys, &place, SG_SEAL_RECORD,
                         sg_buf_bytes(&audit->body), &audit->payloads);
    return err == SG_OK
               ? add_entry(audit, SG_ENTRY_SEALED, place.key_entry, start)
               : err;
}

static enum sg_err seal_note(struct sg_audit *audit,
                             const struct sg_audit_note *note)
{
    enum sg_err err = SG_OK;
    size_t from = 0;

    for (size_t i = 0; i < note->count && err == SG_OK; i++) {
        err = seal(audit,
                   sg_bytes(note->payloads.data + from, note->ends[i] - from));
        from = note->ends[i];
    }
    return err;
}

/* --- Flights --------------------------------------------------------------
 */

static void finish(struct sg_audit *audit, struct sg_audit_note *note,
                   enum sg_err err)
{
    note->err = err;
    SG_ASSERT(audit->n_waiting > 0);
    audit->n_waiting--;
    row_put(&audit->done, note);
}

static void finish_all(struct sg_audit *audit, enum sg_err err)
{
    struct sg_audit_note *note;

    while ((note = row_take(&audit->flying)) != NULL)
        finish(audit, note, err);
}

/* Reads for whom is sealed now. */
static enum sg_err read_readers(struct sg_audit *audit)
{
    struct sg_view *view = sg_roll_view(audit->config.roll);
    const struct sg_authority *authority = sg_view_hold(view);
    enum sg_err err = authority == NULL || !sg_authority_has_genesis(authority)
                          ? SG_ERR_STATE
                          : sg_readers_read(audit->readers, authority);

    if (err != SG_OK)
        sg_view_release(view);
    return err;
}

/* Seals what waits and gives it to the keeper. */
static enum sg_err fly(struct sg_audit *audit)
{
    struct sg_keeper_append append = {
        .number = audit->log.number,
        .first = audit->next,
        .entries = audit->entries,
        .owner = audit,
    };
    struct sg_audit_note *note;
    enum sg_err err = read_readers(audit);
    bool is_held = err == SG_OK;

    audit->count = 0;
    audit->first = audit->next;
    sg_buf_truncate(&audit->payloads, 0);
    while (err == SG_OK && (note = audit->waiting.first) != NULL &&
           audit->count + 2 * note->count <= FLIGHT_ENTRIES_MAX &&
           audit->payloads.size < FLIGHT_SIZE_MAX) {
        row_put(&audit->flying, row_take(&audit->waiting));
        err = seal_note(audit, note);
    }
    if (is_held)
        sg_view_release(sg_roll_view(audit->config.roll));
    append.count = audit->count;
    if (err == SG_OK)
        err = sg_keeper_append(audit->config.keeper, &append);
    if (err != SG_OK) {
        sg_write_key_drop(audit->keys, audit->first);
        return err;
    }
    audit->next += audit->count;
    audit->is_flying = true;
    return SG_OK;
}

/* Lets fly what waits, if nothing flies; what cannot is given back. */
static void go_on(struct sg_audit *audit)
{
    enum sg_err err;

    while (!audit->is_flying && audit->waiting.first != NULL) {
        err = fly(audit);
        if (err == SG_OK)
            return;
        if (audit->flying.first == NULL)
            row_put(&audit->flying, row_take(&audit->waiting));
        finish_all(audit, err);
    }
}

enum sg_err sg_audit_put(struct sg_audit *audit, struct sg_audit_note *note)
{
    SG_ASSERT(note->count > 0);
    if (audit->n_waiting == SG_AUDIT_WAITING_MAX)
        return SG_ERR_LIMIT;
    audit->n_waiting++;
    row_put(&audit->waiting, note);
    go_on(audit);
    return SG_OK;
}

bool sg_audit_settle(struct sg_audit *audit, const struct sg_keeper_job *job)
{
    struct sg_store_log log;

    if (job->append.owner != audit)
        return false;
    SG_ASSERT(audit->is_flying);
    audit->is_flying = false;
    if (job->err != SG_OK) {
        sg_write_key_drop(audit->keys, audit->first);
        if (sg_store_get(audit->config.store, audit->log.number, &log) == SG_OK)
            audit->next = log.row.known.size;
    }
    finish_all(audit, job->err);
    go_on(audit);
    return true;
}

struct sg_audit_note *sg_audit_take(struct sg_audit *audit)
{
    return row_take(&audit->done);
}

void sg_audit_judge(struct sg_audit *audit, uint64_t position,
                    uint64_t floor_ms)
{
    audit->position = position;
    audit->floor_ms = floor_ms;
}

/* --- Life -----------------------------------------------------------------
 */

/* Finds the hlc of the last entry that can be read. */
static enum sg_err load_clock(struct sg_audit *audit)
{
    uint64_t size = audit->next;
    uint64_t at =
        size > SG_PACKAGE_ENTRIES_MAX ? size - SG_PACKAGE_ENTRIES_MAX : 0;
    struct sg_fetch *fetch = sg_alloc(sizeof *fetch);
    struct sg_unseal *unseal = NULL;
    enum sg_err err = SG_ERR_NOMEM;

    if (fetch == NULL)
        return err;
    sg_fetch_init(fetch, (size_t)SG_MESSAGE_SIZE_MAX);
    err = sg_unseal_new(audit->config.store, audit->config.scope, &unseal);
    while (err == SG_OK && at < size) {
        err = sg_fetch_range(audit->config.store, audit->log.number, at,
                             SG_PACKAGE_ENTRIES_MAX, fetch);
        if (err != SG_OK || fetch->count == 0) {
            err = err == SG_ERR_NOMEM ? err : SG_OK;
            at++; /* damaged: what comes after it is still ours */
            continue;
        }
        for (size_t i = 0; i < fetch->count; i++) {
            const struct sg_entry *entry = &fetch->entries[i];
            struct sg_record record;
            struct sg_bytes body;
            enum sg_seal_kind kind;

            if (entry->kind == SG_ENTRY_SEALED &&
                entry->state == SG_PAYLOAD_PRESENT &&
                sg_unseal_body(unseal, &audit->log, entry, at + i, &kind,
                               &body) == SG_OK &&
                sg_record_decode(body, &record) == SG_OK &&
                record.copy.hlc > audit->hlc)
                audit->hlc = record.copy.hlc;
        }
        at += fetch->count;
    }
    sg_unseal_free(unseal);
    sg_fetch_clear(fetch);
    sg_free(fetch);
    return err;
}

static enum sg_err make_parts(struct sg_audit *audit)
{
    const struct sg_audit_config *config = &audit->config;
    const struct sg_store_own *own = sg_store_own(config->store, 1);
    enum sg_err err;

    if (own == NULL || own->core.kind != SG_LOG_AUDIT ||
        config->scope == NULL || config->roll == NULL)
        return SG_ERR_NOTFOUND;
    err = sg_store_get(config->store, own->number, &audit->log);
    if (err == SG_OK)
        err = sg_write_key_new(config->store, config->scope, audit->log.number,
                               &audit->log.id, &audit->keys);
    if (err == SG_OK)
        err = sg_readers_new(&audit->readers);
    if (err == SG_OK)
        err = sg_seal_sealer_new(&audit->sealer);
    if (err == SG_OK)
        err = sg_buf_reserve(&audit->body, SG_RECORD_SIZE_MAX);
    audit->next = audit->log.row.known.size;
    if (err == SG_OK)
        err = sg_write_key_load(audit->keys, audit->next, LOAD_BACK);
    /* All at once: entries borrow it. */
    if (err == SG_OK)
        err = sg_buf_reserve(&audit->payloads, audit->payloads.size_max);
    return err == SG_OK ? load_clock(audit) : err;
}

enum sg_err sg_audit_new(const struct sg_audit_config *config,
                         struct sg_audit **ret_audit)
{
    struct sg_audit *audit = sg_calloc(1, sizeof *audit);
    enum sg_err err;

    if (audit == NULL)
        return SG_ERR_NOMEM;
    audit->config = *config;
    audit->registry = *sg_store_registry(config->store);
    row_init(&audit->waiting);
    row_init(&audit->done);
    row_init(&audit->flying);
    sg_buf_init(&audit->body, SG_RECORD_SIZE_MAX);
    sg_buf_init(&audit->payloads,
                FLIGHT_SIZE_MAX + NOTE_SIZE_MAX +
                    FLIGHT_ENTRIES_MAX * SG_WRITE_KEY_SIZE_MAX +
                    2 * SG_PAYLOAD_SIZE_MAX);
    err = make_parts(audit);
    if (err != SG_OK) {
        sg_audit_free(audit);
        return err;
    }
    *ret_audit = audit;
    return SG_OK;
}

static void row_clear(struct row *row)
{
    struct sg_audit_note *note;

    while ((note = row_take(row)) != NULL)
        sg_audit_note_free(note);
}

void sg_audit_free(struct sg_audit *audit)
{
    if (audit == NULL)
        return;
    row_clear(&audit->waiting);
    row_clear(&audit->done);
    row_clear(&audit->flying);
    sg_buf_wipe(&audit->body);
    sg_buf_clear(&audit->payloads);
    sg_seal_sealer_free(audit->sealer);
    sg_readers_free(audit->readers);
    sg_write_key_free(audit->keys);
    sg_free(audit);
}
