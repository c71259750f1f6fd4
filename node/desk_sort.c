#include <string.h>
#include <sys/timex.h>

#include "node/desk_flight.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/registry/record_build.h"

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
    if (authority == NULL)
        return;
    sg_admission_judge_init(&desk->judge, authority,
                            sg_store_registry(desk->config.store));
    desk->has_judge = true;
}

enum sg_record_trust sg_desk_sort_clock(uint64_t floor_ms)
{
    struct timex time = {.modes = 0};

    if ((uint64_t)sg_clock_wall().ms < floor_ms)
        return SG_RECORD_TRUST_UNKNOWN;
    return adjtimex(&time) >= 0 && (time.status & STA_UNSYNC) == 0
               ? SG_RECORD_TRUST_SYNCED
               : SG_RECORD_TRUST_DRIFTING;
}

/* The outer part (RECORDS.md section 2, the writer's clock). */
static void fill_copy(const struct sg_desk *desk,
                      const struct sg_desk_paper *paper,
                      const struct sg_desk_sorting *sorting,
                      struct sg_record_copy *ret_copy)
{
    uint64_t wall_ms = (uint64_t)sg_clock_wall().ms;
    uint64_t hlc = (wall_ms > desk->floor_ms ? wall_ms : desk->floor_ms) << 16;

    if (hlc <= desk->hlc)
        hlc = desk->hlc + 1;
    *ret_copy = (struct sg_record_copy){
        .hlc = hlc,
        .wall_offset = (int64_t)wall_ms - (int64_t)(hlc >> 16),
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
    if (verdict.standing == SG_ADMISSION_ADMITTED)
        return true;
    refuse(paper, &verdict, sg_store_registry(desk->config.store));
    return false;
}

/* --- Sealing --------------------------------------------------------------
 */

enum sg_err sg_desk_sort_keys(struct sg_desk *desk,
                              struct sg_desk_flight *flight)
{
    const struct sg_write_key_log log = {
        desk->config.store, desk->config.scope, desk->log.number,
        desk->log.id,       desk->next,
    };
    enum sg_err err;

    if (desk->has_keys && desk->period == sg_write_key_period())
        return SG_OK;
    desk->period = sg_write_key_period();
    err = sg_write_key_find(&log, desk->keys, &desk->key_entry);
    if (err == SG_ERR_NOTFOUND) {
        err = sg_write_key_make(&log, desk->keys, &flight->payloads);
        if (err == SG_OK)
            err = sg_entry_make(
                sg_store_hasher(desk->config.store), SG_ENTRY_CONTENT_KEY, 0,
                sg_buf_bytes(&flight->payloads), &flight->entries[0]);
        flight->has_key = err == SG_OK;
        flight->count = flight->has_key;
        desk->key_entry = desk->next;
    }
    desk->has_keys = err == SG_OK;
    return err;
}

/* Seals what is in desk->body as the next entry of FLIGHT. */
static enum sg_err seal(struct sg_desk *desk, struct sg_desk_flight *flight,
                        bool is_plain)
{
    struct sg_seal_place place = {flight->first + flight->count,
                                  desk->key_entry};
    size_t start = flight->payloads.size;
    struct sg_bytes payload;
    enum sg_err err;

    err = is_plain
              ? sg_buf_append(&flight->payloads, sg_buf_bytes(&desk->body))
              : sg_seal_encode(desk->sealer, desk->keys, &place, SG_SEAL_RECORD,
                               sg_buf_bytes(&desk->body), &flight->payloads);
    if (err != SG_OK)
        return err;
    payload =
        sg_bytes(flight->payloads.data + start, flight->payloads.size - start);
    err = sg_entry_make(sg_store_hasher(desk->config.store),
                        is_plain ? SG_ENTRY_PLAIN : SG_ENTRY_SEALED,
                        is_plain ? 0 : desk->key_entry, payload,
                        &flight->entries[flight->count]);
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

/* Judges and files a record that is not known. */
static void sort_new(struct sg_desk *desk, struct sg_desk_sorting *sorting,
                     struct sg_desk_paper *paper, bool is_plain)
{
    struct sg_desk_flight *flight = sorting->flight;
    struct sg_filed_entry entry = {
        .submit = paper->submit,
        .id = paper->id,
        .index = flight->first + flight->count,
    };
    struct sg_record_copy copy;
    bool is_admitted = false;
    enum sg_err err;

    err = judge(desk, sorting, paper, is_plain, &copy, &is_admitted);
    if (err == SG_OK && !is_admitted && desk->is_stale &&
        asks_authority(paper->code)) {
        sg_desk_sort_anew(desk);
        if (desk->has_judge)
            err = judge(desk, sorting, paper, is_plain, &copy, &is_admitted);
    }
    if (err == SG_OK && !is_admitted) {
        sg_desk_row_put(&sorting->answered, paper);
        return;
    }
    if (err == SG_OK)
        err = seal(desk, flight, is_plain);
    if (err != SG_OK) {
        sort_unable(sorting, paper, err);
        return;
    }
    desk->hlc = copy.hlc;
    paper->log = desk->log.id;
    paper->index = entry.index;
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
        sort_new(desk, sorting, paper,
                 record.schema != NULL &&
                     record.schema->entry == SG_SCHEMA_PLAIN);
}
