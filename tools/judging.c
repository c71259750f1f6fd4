#include "tools/judging.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tools/import_report.h"

/* Bytes of rows at which a part goes off though it is not full. */
#define BYTES_FULL 65536u
#define BYTES_MAX  (BYTES_FULL + SG_ROWS_SIZE_MAX)
/* Records of a row in base64, with their signatures; what is usual. */
#define FORMS_MAX   (SG_JUDGING_ROWS * SG_CENSUS_RECORDS_MAX * 16384u)
#define FORMS_USUAL (1u << 20)
/* What is said of a row, by us or by the node, is a sentence in two languages.
 */
#define REPORT_MAX \
    (SG_JUDGING_ROWS * (SG_CENSUS_FAULTS_MAX + SG_CENSUS_RECORDS_MAX) * 1024u)

struct sg_judging {
    struct sg_judging_config config;
    struct sg_relay *relay;
    struct worker {
        struct sg_rows_reader *reader;
        struct sg_census *census;
        struct sg_census_result result;
    } workers[SG_JUDGING_THREADS];
    struct sg_judging_part parts[SG_JUDGING_PARTS];
};

/* --- One thread at a time -------------------------------------------------
 */

static enum sg_err take_row(struct sg_judging *judging,
                            struct sg_judging_part *part, bool *ret_is_end)
{
    struct sg_rows_piece piece;
    enum sg_err err = sg_rows_cut(judging->config.rows, &piece);

    if (err != SG_OK)
        return err;
    *ret_is_end = piece.state == SG_ROWS_END;
    if (*ret_is_end)
        return SG_OK;
    part->rows[part->n_rows].line = piece.line;
    part->rows[part->n_rows].state = piece.state;
    part->rows[part->n_rows].size =
        piece.state == SG_ROWS_ROW ? piece.bytes.size : 0;
    part->n_rows++;
    return piece.state == SG_ROWS_ROW ? sg_buf_append(&part->bytes, piece.bytes)
                                      : SG_OK;
}

static enum sg_err fill(void *context, unsigned slot, bool *ret_is_filled,
                        bool *ret_is_end)
{
    struct sg_judging *judging = context;
    struct sg_judging_part *part = &judging->parts[slot];
    enum sg_err err = SG_OK;

    part->n_rows = 0;
    sg_buf_truncate(&part->bytes, 0);
    while (err == SG_OK && !*ret_is_end && part->n_rows < SG_JUDGING_ROWS &&
           part->bytes.size < BYTES_FULL)
        err = take_row(judging, part, ret_is_end);
    *ret_is_filled = part->n_rows > 0;
    if (*ret_is_filled)
        sg_rows_digest(judging->config.rows, &part->digest);
    return err;
}

/* --- Any thread -----------------------------------------------------------
 */

static enum sg_err report_faults(struct sg_judging_part *part, uint64_t line,
                                 const struct sg_census_result *result)
{
    bool is_refused = result->n_records == 0;
    enum sg_err err = SG_OK;

    part->refused += is_refused;
    part->flagged += !is_refused && result->n_faults > 0;
    for (unsigned i = 0; i < result->n_faults && err == SG_OK; i++) {
        const struct sg_census_fault *fault = &result->faults[i];
        const struct sg_import_report_row row = {
            .line = line,
            .code =
                sg_bytes(fault->code, strnlen(fault->code, sizeof fault->code)),
            .field = fault->field,
            .is_flag = fault->is_flag,
            .english = fault->english,
            .vietnamese = fault->vietnamese,
        };

        err = sg_import_report_put(&part->report, &row);
    }
    return err;
}

static enum sg_err add_forms(struct sg_judging_part *part, size_t row,
                             const struct sg_census_result *result)
{
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < result->n_records && err == SG_OK; i++) {
        const struct sg_record *record = &result->records[i];
        size_t before = part->forms.size;

        err = sg_census_form(record, &part->forms);
        part->items[part->n_forms++] = (struct sg_judging_form){
            .row = (uint16_t)row,
            .type = record->type,
            .size = (uint32_t)(part->forms.size - before),
        };
    }
    return err;
}

/* Judges ROW of PART, whose bytes begin at BYTES. */
static enum sg_err judge(const struct sg_judging *judging,
                         struct worker *worker, struct sg_judging_part *part,
                         size_t row, uint8_t *bytes)
{
    struct sg_bytes values[SG_CENSUS_FIELD_COUNT];
    uint64_t line = part->rows[row].line;
    enum sg_rows_state state = part->rows[row].state;
    enum sg_err err;

    if (state == SG_ROWS_ROW)
        state =
            sg_rows_read(worker->reader, bytes, part->rows[row].size, values);
    if (state != SG_ROWS_ROW) {
        part->refused++;
        return sg_import_report_state(&part->report, line, state);
    }
    err = sg_census_take(worker->census, values, line, &worker->result);
    if (err == SG_OK)
        err = report_faults(part, line, &worker->result);
    part->records += worker->result.n_records;
    if (err == SG_OK && judging->config.has_forms)
        err = add_forms(part, row, &worker->result);
    return err;
}

static enum sg_err work(void *context, unsigned thread, unsigned slot)
{
    struct sg_judging *judging = context;
    struct sg_judging_part *part = &judging->parts[slot];
    uint8_t *bytes = part->bytes.data;
    enum sg_err err = SG_OK;

    part->refused = part->flagged = part->records = 0;
    part->n_forms = 0;
    sg_buf_truncate(&part->report, 0);
    sg_buf_truncate(&part->forms, 0);
    for (size_t i = 0; i < part->n_rows && err == SG_OK; i++) {
        err = judge(judging, &judging->workers[thread], part, i, bytes);
        bytes += part->rows[i].size;
    }
    return err;
}

/* --- Life -----------------------------------------------------------------
 */

static enum sg_err open_parts(struct sg_judging *judging)
{
    const struct sg_judging_config *config = &judging->config;
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < SG_JUDGING_PARTS; i++) {
        struct sg_judging_part *part = &judging->parts[i];

        sg_buf_init(&part->bytes, BYTES_MAX);
        sg_buf_init(&part->forms, FORMS_MAX);
        sg_buf_init(&part->report, REPORT_MAX);
        /* All at once: they are secrets, and what moves is not wiped. */
        if (err == SG_OK)
            err = sg_buf_reserve(&part->bytes, BYTES_MAX);
        if (err == SG_OK && config->has_forms)
            err = sg_buf_reserve(&part->forms, FORMS_USUAL);
    }
    for (unsigned i = 0; i < SG_JUDGING_THREADS && err == SG_OK; i++) {
        err = sg_census_new(config->census, &judging->workers[i].census);
        if (err == SG_OK)
            err = sg_rows_reader_new(config->rows, &judging->workers[i].reader);
    }
    return err;
}

enum sg_err sg_judging_new(const struct sg_judging_config *config,
                           struct sg_judging **ret_judging)
{
    struct sg_judging *judging = sg_calloc(1, sizeof *judging);
    const struct sg_relay_config relay = {
        .threads = SG_JUDGING_THREADS,
        .slots = SG_JUDGING_PARTS,
        .fill = fill,
        .work = work,
        .context = judging,
    };
    enum sg_err err;

    if (judging == NULL)
        return SG_ERR_NOMEM;
    judging->config = *config;
    err = open_parts(judging);
    if (err == SG_OK)
        err = sg_relay_new(&relay, &judging->relay);
    if (err != SG_OK) {
        sg_judging_free(judging);
        return err;
    }
    *ret_judging = judging;
    return SG_OK;
}

void sg_judging_free(struct sg_judging *judging)
{
    if (judging == NULL)
        return;
    sg_relay_free(judging->relay);
    for (unsigned i = 0; i < SG_JUDGING_THREADS; i++) {
        sg_census_free(judging->workers[i].census);
        sg_rows_reader_free(judging->workers[i].reader);
    }
    for (unsigned i = 0; i < SG_JUDGING_PARTS; i++) {
        sg_buf_wipe(&judging->parts[i].bytes);
        sg_buf_wipe(&judging->parts[i].forms);
        sg_buf_clear(&judging->parts[i].report);
    }
    sg_free(judging);
}

enum sg_err sg_judging_get(struct sg_judging *judging, bool may_wait,
                           enum sg_relay_got *ret_got,
                           struct sg_judging_part **ret_part)
{
    unsigned slot = 0;
    enum sg_err err = sg_relay_get(judging->relay, may_wait, ret_got, &slot);

    if (err == SG_OK && *ret_got == SG_RELAY_SLOT)
        *ret_part = &judging->parts[slot];
    return err;
}

void sg_judging_done(struct sg_judging *judging)
{
    sg_relay_done(judging->relay);
}
