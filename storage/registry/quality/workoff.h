/* Work-off: by when what is wrong with an entry is to be verified, fixed, or,
 * when it is contested, settled. RECORDS.md 10.2, "quality work-off": 5 worked
 * days to verify, 5 more to fix, 15 when contested. Pure; no clock.
 *
 * A flag is a function of rows and a day and has no record of its own, so its
 * clock starts where it can be seen by everyone alike: on the day of the newest
 * record of what it is about (of the conflict, its newest contender; of a
 * missing field, the person's first record). Changing something else does not
 * start it again.
 */
#ifndef SG_STORAGE_REGISTRY_QUALITY_WORKOFF_H
#define SG_STORAGE_REGISTRY_QUALITY_WORKOFF_H

#include "storage/registry/quality/quality.h"

enum sg_workoff_stage {
    SG_WORKOFF_NOTHING,   /* there is nothing to do */
    SG_WORKOFF_VERIFY,    /* nobody has looked yet */
    SG_WORKOFF_FIX,       /* somebody has, and it is still so */
    SG_WORKOFF_CONTESTED, /* a request or a conflict about it is open */
    SG_WORKOFF_STAGE_COUNT,
};

struct sg_workoff {
    enum sg_workoff_stage stage;
    struct sg_date since; /* of the oldest flag */
    struct sg_date due;
    bool is_overdue;
    bool is_provisional;     /* a year without calendar was met */
    struct sg_unit_key unit; /* whose work it is */
};

/* Says what there is to do about SUBJECT, judged as PERSON, on TODAY. */
void sg_workoff_read(const struct sg_subject *subject,
                     const struct sg_quality_person *person,
                     struct sg_date today, const struct sg_calendar *calendar,
                     struct sg_workoff *ret_workoff);

/* Persons of a unit by stage, and of these overdue. */
struct sg_workoff_count {
    int64_t by_stage[SG_WORKOFF_STAGE_COUNT];
    int64_t overdue[SG_WORKOFF_STAGE_COUNT];
};

/* Adds WORKOFF, or with SIGN -1 takes it out. */
void sg_workoff_count(struct sg_workoff_count *count,
                      const struct sg_workoff *workoff, int sign);

/* Names STAGE in LANG. Static storage. */
const char *sg_workoff_text(enum sg_workoff_stage stage, enum sg_lang lang);

#endif
