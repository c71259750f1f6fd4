#include "storage/registry/merge/row.h"

#include <string.h>

#include "storage/base/writer.h"
#include "storage/registry/merge/conflict.h"

#define NIL 0xc0

/* Fields of a campaign that its row shows. */
#define CAMPAIGN_FIRST SG_FIELD_CAMPAIGN_GOAL
#define CAMPAIGN_LAST  SG_FIELD_CAMPAIGN_UNITS

/* Rows in the making. Written straight: their values are canonical already, and
 * what is left is small. */
struct rows {
    const struct sg_subject *subject;
    struct sg_buf *work;
    struct sg_uid uid;
    struct sg_writer writer;
    sg_row_take *take;
    void *context;
};

/* --- canonical bytes --------------------------------------------------- */

static void put_uint(struct sg_writer *writer, uint64_t value)
{
    if (value < 0x80) {
        sg_writer_u8(writer, (uint8_t)value);
    } else if (value <= UINT8_MAX) {
        sg_writer_u8(writer, 0xcc);
        sg_writer_u8(writer, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        sg_writer_u8(writer, 0xcd);
        sg_writer_u16be(writer, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        sg_writer_u8(writer, 0xce);
        sg_writer_u32be(writer, (uint32_t)value);
    } else {
        sg_writer_u8(writer, 0xcf);
        sg_writer_u64be(writer, value);
    }
}

/* Begins an array, or with MAP a map, of COUNT members. */
static void put_head(struct sg_writer *writer, bool is_map, size_t count)
{
    if (count < 16) {
        sg_writer_u8(writer, (uint8_t)((is_map ? 0x80 : 0x90) | count));
        return;
    }
    if (count > UINT16_MAX)
        sg_writer_fail(writer, SG_ERR_LIMIT);
    sg_writer_u8(writer, is_map ? 0xde : 0xdc);
    sg_writer_u16be(writer, (uint16_t)count);
}

static void put_bin(struct sg_writer *writer, const void *data, size_t size)
{
    sg_writer_u8(writer, 0xc4);
    sg_writer_u8(writer, (uint8_t)size);
    sg_writer_bytes(writer, sg_bytes(data, size));
}

static void put_refs(struct sg_writer *writer, const struct sg_ref *refs,
                     size_t count)
{
    put_head(writer, false, count);
    for (size_t i = 0; i < count; i++)
        put_bin(writer, refs[i].bytes, sizeof refs[i].bytes);
}

/* --- one row ----------------------------------------------------------- */

/* Writes members 0 to 4. */
static void begin(struct rows *rows, unsigned kind, struct sg_bytes object,
                  struct sg_unit_key unit, unsigned state)
{
    sg_buf_truncate(rows->work, 0);
    sg_writer_init_buf(&rows->writer, rows->work);
    put_head(&rows->writer, false, 6);
    put_uint(&rows->writer, kind);
    put_bin(&rows->writer, rows->uid.bytes, sizeof rows->uid.bytes);
    put_bin(&rows->writer, object.data, object.size);
    put_uint(&rows->writer, unit.value);
    put_uint(&rows->writer, state);
}

static enum sg_err end(struct rows *rows, struct sg_unit_key unit,
                       bool is_person)
{
    enum sg_err err = sg_writer_end(&rows->writer);
    const struct sg_row row = {unit, is_person, sg_buf_bytes(rows->work)};

    return err == SG_OK ? rows->take(rows->context, &row) : err;
}

/* --- objects ----------------------------------------------------------- */

static bool is_nil(const struct sg_subject_cell *cell)
{
    return cell->value.size == 0 || cell->value.data[0] == NIL;
}

/* Says whether CELL is shown; of a set, whether the element is present. */
static bool is_shown(const struct sg_subject_cell *cell)
{
    return !is_nil(cell) ||
           (cell->merge != 'S' && (cell->flags & ~SG_SUBJECT_APPROVED) != 0);
}

static void put_value(struct sg_writer *writer,
                      const struct sg_subject_cell *cell)
{
    if (cell->value.size > 0)
        sg_writer_bytes(writer, cell->value);
    else
        sg_writer_u8(writer, NIL);
}

static void put_cell(struct sg_writer *writer,
                     const struct sg_subject_cell *cell)
{
    bool has_contenders = (cell->flags & ~SG_SUBJECT_APPROVED) != 0;
    size_t count = 0;

    put_uint(writer, cell->field);
    put_head(writer, false, has_contenders ? 3 : 2);
    put_uint(writer, cell->flags);
    put_value(writer, cell);
    if (!has_contenders)
        return;
    for (size_t i = 0; i < cell->n_heads; i++)
        count += i == 0 || sg_ref_compare(&cell->heads[i - 1].record->ref,
                                          &cell->heads[i].record->ref) != 0;
    put_head(writer, false, count);
    for (size_t i = 0; i < cell->n_heads; i++)
        if (i == 0 || sg_ref_compare(&cell->heads[i - 1].record->ref,
                                     &cell->heads[i].record->ref) != 0)
            put_bin(writer, cell->heads[i].record->ref.bytes,
                    sizeof cell->heads[i].record->ref.bytes);
}

/* Writes the elements of the set that begins at FIRST, of which PRESENT are
 * shown; returns the cell behind it. */
static const struct sg_subject_cell *put_set(
    struct sg_writer *writer, const struct sg_subject_cell *first,
    const struct sg_subject_cell *last, size_t present)
{
    const struct sg_subject_cell *cell = first;

    if (present > 0) {
        put_uint(writer, first->field);
        put_head(writer, false, 2);
        put_uint(writer, 0);
        put_head(writer, false, present);
    }
    for (; cell < last && cell->field == first->field; cell++) {
        if (!is_shown(cell))
            continue;
        put_head(writer, false, 3);
        sg_writer_bytes(writer, cell->element);
        put_uint(writer, cell->flags);
        put_value(writer, cell);
    }
    return cell;
}

static size_t count_present(const struct sg_subject_cell *first,
                            const struct sg_subject_cell *last)
{
    size_t count = 0;

    for (const struct sg_subject_cell *cell = first;
         cell < last && cell->field == first->field; cell++)
        count += is_shown(cell);
    return count;
}

/* Counts the fields of OBJECT that are shown. */
static size_t count_fields(const struct sg_subject_object *object)
{
    size_t count = 0;
    unsigned last = UINT8_MAX;

    for (size_t i = 0; i < object->n_cells; i++) {
        if (!is_shown(&object->cells[i]) || object->cells[i].field == last)
            continue;
        last = object->cells[i].field;
        count++;
    }
    return count;
}

static enum sg_err give_object(struct rows *rows,
                               const struct sg_subject_object *object)
{
    const struct sg_subject_cell *cell = object->cells;
    const struct sg_subject_cell *last = cell + object->n_cells;
    size_t n_fields = count_fields(object);
    struct sg_unit_key unit = object->type == SG_TYPE_HOUSEHOLD
                                  ? rows->subject->household_unit
                                  : rows->subject->unit;

    if (n_fields == 0 && object->state == 0)
        return SG_OK;
    begin(rows, object->type, object->key, unit, object->state);
    put_head(&rows->writer, true, n_fields);
    while (cell < last) {
        if (cell->merge == 'S') {
            cell =
                put_set(&rows->writer, cell, last, count_present(cell, last));
            continue;
        }
        if (is_shown(cell))
            put_cell(&rows->writer, cell);
        cell++;
    }
    return end(rows, unit, false);
}

/* --- conflicts and status ---------------------------------------------- */

static enum sg_err give_conflict(struct rows *rows,
                                 const struct sg_subject_conflict *conflict)
{
    struct sg_unit_key unit = rows->subject->unit;
    uint8_t object[3 + SG_SUBJECT_KEY_SIZE_MAX + 16];
    size_t size = 3;

    if (!sg_conflict_get(conflict->rule)->has_row)
        return SG_OK;
    if (conflict->rule == 9)
        unit = SG_UNIT_COUNTRY;
    else if (conflict->type == SG_TYPE_HOUSEHOLD)
        unit = rows->subject->household_unit;
    object[0] = conflict->rule;
    object[1] = conflict->field;
    object[2] = conflict->type;
    if (conflict->object.size > 0)
        memcpy(object + size, conflict->object.data, conflict->object.size);
    size += conflict->object.size;
    if (conflict->element.size > 0)
        memcpy(object + size, conflict->element.data, conflict->element.size);
    size += conflict->element.size;
    begin(rows, SG_ROW_CONFLICT, sg_bytes(object, size), unit, conflict->state);
    put_head(&rows->writer, true, 1);
    put_uint(&rows->writer, 0);
    put_refs(&rows->writer, conflict->contenders, conflict->n_contenders);
    return end(rows, unit, false);
}

static enum sg_err give_status(struct rows *rows)
{
    const struct sg_subject *subject = rows->subject;

    begin(rows, SG_ROW_STATUS, (struct sg_bytes){0}, subject->unit,
          subject->status);
    put_head(&rows->writer, true, subject->has_residence ? 3 : 2);
    put_uint(&rows->writer, 0);
    put_bin(&rows->writer, subject->canonical.bytes,
            sizeof subject->canonical.bytes);
    put_uint(&rows->writer, 1);
    put_uint(&rows->writer, subject->marks);
    if (subject->has_residence) {
        put_uint(&rows->writer, 2);
        put_bin(&rows->writer, subject->residence.bytes,
                sizeof subject->residence.bytes);
    }
    return end(rows, subject->unit, sg_subject_is_counted(subject));
}

enum sg_err sg_row_each(const struct sg_subject *subject, struct sg_buf *work,
                        sg_row_take *take, void *context)
{
    struct rows rows = {.subject = subject,
                        .uid = subject->uid,
                        .work = work,
                        .take = take,
                        .context = context};
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < subject->n_objects && err == SG_OK; i++)
        err = give_object(&rows, &subject->objects[i]);
    for (size_t i = 0; i < subject->n_conflicts && err == SG_OK; i++)
        err = give_conflict(&rows, &subject->conflicts[i]);
    if (err == SG_OK && subject->status != SG_SUBJECT_NO_PERSON)
        err = give_status(&rows);
    return err;
}

/* --- campaigns --------------------------------------------------------- */

static bool says(const struct sg_record *record, unsigned no)
{
    return sg_record_has(record, no) && !sg_record_is_nil(record, no);
}

enum sg_err sg_row_campaign(const struct sg_authority_campaign *campaign,
                            struct sg_buf *work, sg_row_take *take,
                            void *context)
{
    struct rows rows = {
        .uid = campaign->uid, .work = work, .take = take, .context = context};
    struct sg_record record;
    size_t count = 0;
    enum sg_err err = sg_record_decode(campaign->payload, &record);

    if (err != SG_OK)
        return err;
    for (unsigned no = CAMPAIGN_FIRST; no <= CAMPAIGN_LAST; no++)
        count += says(&record, no);
    begin(&rows, SG_TYPE_CAMPAIGN, (struct sg_bytes){0}, SG_UNIT_COUNTRY,
          campaign->state);
    put_head(&rows.writer, true, count);
    for (unsigned no = CAMPAIGN_FIRST; no <= CAMPAIGN_LAST; no++) {
        if (!says(&record, no))
            continue;
        put_uint(&rows.writer, no);
        put_head(&rows.writer, false, 2);
        put_uint(&rows.writer, 0);
        sg_writer_bytes(&rows.writer, record.fields[no]);
    }
    return end(&rows, SG_UNIT_COUNTRY, false);
}
