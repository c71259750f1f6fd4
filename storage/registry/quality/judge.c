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
                        const struct sg_quality_facts *facts,
                        struct sg_quality_household *ret)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(sg_judge_home(subject), SG_FIELD_RESIDENCE_HOUSEHOLD);
    struct sg_msgpack reader;
    struct sg_uid uid;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    return sg_record_read_uid(&reader, &uid) &&
           facts->household(facts->context, &uid, &subject->uid, ret);
}
