#include <string.h>
#include <sys/timex.h>

#include "node/desk_flight.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/registry/record_build.h"

/* How old an answer of the system about its clock may be. */
#define CLOCK_MS 1000u

/* --- What the authority has said ------------------------------------------
 */

/* The core speaks of heartbeats alone: before the first, the registry's own
 * beginning is the floor, or a dead battery would date a birth to 1970. */
static void raise_floor(struct sg_desk *desk,
                        const struct sg_authority *authority)
{
    struct sg_authority_at at;
    uint64_t floor_ms;

    sg_authority_at_cut(authority, &at);
    floor_ms = sg_authority_time_floor(&at);
    if (desk->floor_ms < floor_ms)
        desk->floor_ms = floor_ms;
    (void)pthread_mutex_lock(&desk->lock);
    desk->known_floor_ms = floor_ms;
    (void)pthread_mutex_unlock(&desk->lock);
}

/* --- Judging a paper ------------------------------------------------------
 */

void sg_desk_sort_anew(struct sg_desk *desk)
{
    const struct sg_authority *authority;

    (void)pthread_mutex_lock(&desk->lock);
    desk->is_told = false;
    desk->position = desk->told_position;
    desk->floor_ms = desk->told_floor_ms;
    (void)pthread_mutex_unlock(&desk->lock);
    desk->judged_ms = sg_clock_mono().ms;
    desk->is_stale = false;
    desk->has_judge = false;
    if (sg_gazette_read(desk->gazette) != SG_OK)
        return; /* no memory: nothing is taken until it is told again */
    authority = sg_gazette_authority(desk->gazette);
    if (authority == NULL || sg_readers_read(desk->readers, authority) != SG_OK)
        return;
    raise_floor(desk, authority);
    sg_admission_judge_init(&desk->judge, authority,
                            sg_store_registry(desk->config.store));
    desk->has_judge = true;
}

enum sg_record_trust sg_desk_sort_clock(struct sg_desk *desk)
{
    struct timex time = {.modes = 0};
    uint64_t now_ms = sg_clock_mono().ms;

    if (sg_wall_is_before(sg_clock_wall(), desk->floor_ms))
        return SG_RECORD_TRUST_UNKNOWN;
    if (desk->asked_ms == 0 || now_ms - desk->asked_ms >= CLOCK_MS) {
        desk->asked_ms = now_ms;
        desk->is_synced =
            adjtimex(&time) >= 0 && (time.status & STA_UNSYNC) == 0;
    }
    return desk->is_synced ? SG_RECORD_TRUST_SYNCED : SG_RECORD_TRUST_DRIFTING;
}

/* The outer part (RECORDS.md section 2, the writer's clock). */
static void fill_copy(const struct sg_desk *desk,
                      const struct sg_desk_paper *paper,
                      const struct sg_desk_sorting *sorting,
                      struct sg_record_copy *ret_copy)
{
    struct sg_wall wall = sg_clock_wall();
    uint64_t ms = sg_wall_is_before(wall, desk->floor_ms) ? desk->floor_ms
                                                          : (uint64_t)wall.ms;
    uint64_t hlc = ms << 16;

    if (hlc <= desk->hlc)
        hlc = desk->hlc + 1;
    *ret_copy = (struct sg_record_copy){
        .hlc = hlc,
        .wall_offset = wall.ms - (int64_t)(hlc >> 16),
        .trust = sorting->trust,
        .position = desk->position,
        .capture = paper->capture,
        .home = paper->home,
        .signature = paper->is_signed ? SG_BYTES_ARRAY(paper->signature)
                                      : sg_bytes(NULL, 0),
    };
}

static void refuse(struct sg_desk_paper *paper,
                   const struct sg_admission_verdict *verdict,
                   const struct sg_registry_id *registry)
{
    paper->answer = SG_DESK_REFUSED;
    paper->code = verdict->code;
    paper->rule = verdict->rule;
    paper->field = SG_FIELD_NONE;
    if (verdict->code == SG_ADMISSION_A05)
        paper->misfit =
            sg_record_fit(&verdict->record, registry, &paper->field);
}

/* Says whether an order erased the record ID, wherever it was filed: who hands
 * the old form in again does not bring it back (DESIGN.md D18). */
static bool is_erased(const struct sg_desk *desk, const struct sg_hash *id)
{
    struct sg_ref ref = sg_ref_of(id);

    return sg_authority_find_bridge(desk->judge.authority, &ref) != NULL;
}

/* Says whether the record in desk->body would be admitted as entry INDEX; if
 * not, PAPER says why. */
static bool admits(struct sg_desk *desk, struct sg_desk_paper *paper,
                   uint64_t index, bool is_plain)
{
    struct sg_admission_verdict verdict;
    struct sg_admission_copy copy = {
        .place = {desk->log.id, index, 0},
        .node = desk->config.node,
        .log_kind = SG_LOG_RECORDS,
        .entry_kind = is_plain ? SG_ENTRY_PLAIN : SG_ENTRY_SEALED,
        .payload = sg_buf_bytes(&desk->body),
    };

    sg_admission_judge(&desk->judge, &copy, &verdict);
    if (verdict.standing == SG_ADMISSION_ADMITTED && paper->is_signed &&
        sg_admission_verify(&desk->judge, &copy, &verdict) ==
            SG_ADMISSION_WRONG) {
        verdict.standing = SG_ADMISSION_REFUSED;
        verdict.code = SG_ADMISSION_A12;
    }
    if (verdict.standing == SG_ADMISSION_ADMITTED &&
        is_erased(desk, &verdict.id)) {
        verdict.standing = SG_ADMISSION_ERASED;
        verdict.code = SG_ADMISSION_A02;
    }
    if (verdict.standing == SG_ADMISSION_ADMITTED)
        return true;
    refuse(paper, &verdict, sg_store_registry(desk->config.store));
    return false;
}

/* --- Sealing --------------------------------------------------------------
 */

/* Writes a content key for READERS as the next entry of FLIGHT. */
static enum sg_err add_key(struct sg_desk *desk, struct sg_desk_flight *flight,
                           const struct sg_write_key_readers *readers)
{
    size_t start = flight->payloads.size;
    struct sg_bytes payload;
    enum sg_err err;

    err = sg_write_key_make(desk->keys, readers, flight->first + flight->count,
                            &flight->payloads);
    if (err != SG_OK)
        return err;
    payload =
        sg_bytes(flight->payloads.data + start, flight->payloads.size - start);
    err =
        sg_entry_make(sg_store_hasher(desk->config.store), SG_ENTRY_CONTENT_KEY,
                      0, payload, &flight->entries[flight->count]);
    SG_ASSERT(err == SG_OK); /* it is as small as it should be */
    flight->count++;
    return SG_OK;
}

/* The content key that a record is sealed with. */
struct sealing {
    const struct sg_seal_keys *keys; /* NULL: it is not sealed */
    uint64_t key_entry;
};

/* Gives the content key for READERS, which FLIGHT brings with it if it is new.
 */
static enum sg_err need_key(struct sg_desk *desk, struct sg_desk_flight *flight,
                            const struct sg_write_key_readers *readers,
                            struct sealing *ret_sealing)
{
    enum sg_err err;

    ret_sealing->keys =
        sg_write_key_find(desk->keys, readers, &ret_sealing->key_entry);
    if (ret_sealing->keys != NULL)
        return SG_OK;
    err = add_key(desk, flight, readers);
    if (err != SG_OK)
        return err;
    ret_sealing->keys =
        sg_write_key_find(desk->keys, readers, &ret_sealing->key_entry);
    /* None: a month ended in between. */
    return ret_sealing->keys != NULL ? SG_OK : SG_ERR_STATE;
}

/* Makes what is in desk->body the next entry of FLIGHT. */
static enum sg_err file(struct sg_desk *desk, struct sg_desk_flight *flight,
                        const struct sealing *sealing)
{
    bool is_plain = sealing->keys == NULL;
    uint64_t key_entry = is_plain ? 0 : sealing->key_entry;
    struct sg_seal_place place = {flight->first + flight->count, key_entry};
    size_t start = flight->payloads.size;
    struct sg_bytes payload;
    enum sg_err err;

    err = is_plain ? sg_buf_append(&flight->payloads, sg_buf_bytes(&desk->body))
                   : sg_seal_encode(desk->sealer, sealing->keys, &place,
                                    SG_SEAL_RECORD, sg_buf_bytes(&desk->body),
                                    &flight->payloads);
    if (err != SG_OK)
        return err;
    payload =
        sg_bytes(flight->payloads.data + start, flight->payloads.size - start);
    err = sg_entry_make(sg_store_hasher(desk->config.store),
                        is_plain ? SG_ENTRY_PLAIN : SG_ENTRY_SEALED, key_entry,
                        payload, &flight->entries[flight->count]);
    flight->count += err == SG_OK;
    return err;
}

/* --- Papers into a flight -------------------------------------------------
 */

static void sort_known(struct sg_desk *desk, struct sg_desk_sorting *sorting,
                       struct sg_desk_paper *paper,
                       const struct sg_filed_entry *known)
{
    if (memcmp(&known->id, &paper->id, sizeof paper->id) != 0) {
        paper->answer = SG_DESK_USED;
        sg_desk_row_put(&sorting->answered, paper);
        return;
    }
    paper->log = desk->log.id;
    paper->index = known->index;
    sg_desk_row_put(known->index >= sorting->flight->first
                        ? &sorting->flight->again
                        : &sorting->again,
                    paper);
}

static void sort_unable(struct sg_desk_sorting *sorting,
                        struct sg_desk_paper *paper, enum sg_err err)
{
    paper->answer = SG_DESK_UNABLE;
    paper->err = err;
    sg_desk_row_put(&sorting->answered, paper);
}

/* Puts PAPER's record together in desk->body and judges it. */
static enum sg_err judge(struct sg_desk *desk,
                         const struct sg_desk_sorting *sorting,
                         struct sg_desk_paper *paper, bool is_plain,
                         struct sg_record_copy *ret_copy, bool *ret_is_admitted)
{
    const struct sg_desk_flight *flight = sorting->flight;
    enum sg_err err;

    sg_buf_truncate(&desk->body, 0);
    fill_copy(desk, paper, sorting, ret_copy);
    err = sg_record_build_copy(sg_bytes(paper->inner, paper->size), ret_copy,
                               &desk->body);
    if (err == SG_OK)
        *ret_is_admitted =
            admits(desk, paper, flight->first + flight->count, is_plain);
    return err;
}

/* Says whether the check CODE may end otherwise when the authority has said
 * more. */
static bool asks_authority(enum sg_admission_code code)
{
    return code >= SG_ADMISSION_A08 && code <= SG_ADMISSION_A14 &&
           code != SG_ADMISSION_A12;
}

/* Judges a record, by what the authority says now if it says more. */
static enum sg_err judge_now(struct sg_desk *desk,
                             const struct sg_desk_sorting *sorting,
                             struct sg_desk_paper *paper, bool is_plain,
                             struct sg_record_copy *ret_copy,
                             bool *ret_is_admitted)
{
    enum sg_err err =
        judge(desk, sorting, paper, is_plain, ret_copy, ret_is_admitted);

    if (err == SG_OK && !*ret_is_admitted && desk->is_stale &&
        asks_authority(paper->code)) {
        sg_desk_sort_anew(desk);
        if (desk->has_judge)
            err = judge(desk, sorting, paper, is_plain, ret_copy,
                        ret_is_admitted);
    }
    return err;
}

/* Gets the content key of RECORD, which is admitted. A new one takes the place
 * that the record was judged at: it is judged once more, for the next. */
static enum sg_err get_key(struct sg_desk *desk,
                           const struct sg_desk_sorting *sorting,
                           struct sg_desk_paper *paper,
                           const struct sg_record *record,
                           struct sealing *ret_sealing,
                           struct sg_record_copy *copy, bool *ret_is_admitted)
{
    struct sg_desk_flight *flight = sorting->flight;
    struct sg_write_key_readers readers;
    size_t count = flight->count;
    enum sg_err err;

    sg_readers_of(desk->readers, record, paper->capture, paper->home, &readers);
    err = need_key(desk, flight, &readers, ret_sealing);
    if (err != SG_OK || flight->count == count)
        return err;
    return judge(desk, sorting, paper, false, copy, ret_is_admitted);
}

/* Judges and files RECORD, which is PAPER's and not known. */
static void sort_new(struct sg_desk *desk, struct sg_desk_sorting *sorting,
                     struct sg_desk_paper *paper,
                     const struct sg_record *record)
{
    struct sg_desk_flight *flight = sorting->flight;
    struct sealing sealing = {.keys = NULL};
    struct sg_record_copy copy;
    struct sg_filed_entry entry;
    bool is_plain =
        record->schema != NULL && record->schema->entry == SG_SCHEMA_PLAIN;
    bool is_admitted = false;
    enum sg_err err;

    err = judge_now(desk, sorting, paper, is_plain, &copy, &is_admitted);
    if (err == SG_OK && is_admitted && !is_plain)
        err = get_key(desk, sorting, paper, record, &sealing, &copy,
                      &is_admitted);
    if (err == SG_OK && !is_admitted) {
        sg_desk_row_put(&sorting->answered, paper);
        return;
    }
    paper->index = flight->first + flight->count;
    if (err == SG_OK)
        err = file(desk, flight, &sealing);
    if (err != SG_OK) {
        sort_unable(sorting, paper, err);
        return;
    }
    desk->hlc = copy.hlc;
    paper->log = desk->log.id;
    entry = (struct sg_filed_entry){paper->submit, paper->id, paper->index};
    sg_filed_put(desk->filed, &entry);
    sg_desk_row_put(&flight->papers, paper);
}

void sg_desk_sort(struct sg_desk *desk, struct sg_desk_sorting *sorting,
                  struct sg_desk_paper *paper)
{
    struct sg_bytes inner = sg_bytes(paper->inner, paper->size);
    const struct sg_filed_entry *known;
    struct sg_record record;

    paper->err = sg_record_decode_inner(inner, &record);
    if (paper->err != SG_OK) {
        paper->answer = SG_DESK_REFUSED;
        paper->code = SG_ADMISSION_A03;
        sg_desk_row_put(&sorting->answered, paper);
        return;
    }
    sg_record_id(sg_store_registry(desk->config.store), inner, &paper->id);
    paper->submit = record.submit;
    paper->has_id = true;
    known = sg_filed_find(desk->filed, &paper->submit);
    if (known != NULL)
        sort_known(desk, sorting, paper, known);
    else
        sort_new(desk, sorting, paper, &record);
}
