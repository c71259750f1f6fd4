/* What both halves of a judgement ask: the home, and its household. */
#include "storage/registry/quality/judge.h"

const struct sg_subject_object *sg_judge_home(const struct sg_subject *subject)
{
    if (!subject->has_residence)
        return NULL;
    return sg_subject_find(
        subject, SG_TYPE_RESIDENCE,
        sg_bytes(subject->residence.bytes, sizeof subject->residence.bytes));
}

bool sg_judge_household(const struct sg_subject *subject,
                        struct sg_uid *ret_household)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(sg_judge_home(subject), SG_FIELD_RESIDENCE_HOUSEHOLD);
    struct sg_msgpack reader;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    return sg_record_read_uid(&reader, ret_household);
}

struct sg_date sg_judge_day(uint64_t hlc)
{
    return sg_date_from_days((int64_t)((hlc >> 16) / 1000 + 7 * 3600) / 86400);
}

static bool read_source(struct sg_judge_source *source)
{
    const struct sg_subject_record *record = source->record;

    return record->inner.size > 0 &&
           sg_record_decode_inner(record->inner, &source->decoded) == SG_OK &&
           source->decoded.schema != NULL &&
           sg_schema_is_shared(source->decoded.schema);
}

bool sg_judge_has_evidence(struct sg_judge_source *source,
                           const struct sg_subject_record *record,
                           unsigned field)
{
    if (record == NULL)
        return false;
    if (source->record != record) {
        source->record = record;
        source->is_readable = read_source(source);
    }
    return source->is_readable &&
           (source->decoded.basis.document.size > 0 ||
            sg_record_src_of(&source->decoded, field).evidence.size > 0);
}
