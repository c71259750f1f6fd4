/* Conflict: the rules C01 to C18 as data, who owns a conflict, and by when it
 * is to be decided. RECORDS.md, section 4.
 *
 * Which conflicts there are is found by the fold (subject.h lists them); this
 * is what to say about them. A due day is a function of the calendar and shown,
 * never part of a row.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_CONFLICT_H
#define SG_STORAGE_REGISTRY_MERGE_CONFLICT_H

#include "storage/registry/calendar.h"
#include "storage/registry/merge/subject.h"

#define SG_CONFLICT_COUNT 18u /* C01 to C18 */

enum sg_conflict_owner {
    SG_CONFLICT_NOBODY,   /* resolved by rule: nothing to decide */
    SG_CONFLICT_HOME,     /* the home commune */
    SG_CONFLICT_SUPERIOR, /* the unit of level 1 above each home */
    SG_CONFLICT_CENTRE,
    SG_CONFLICT_BOTH_HOMES, /* the homes of both persons */
};

struct sg_conflict_rule {
    uint8_t no;
    const char *key;
    enum sg_conflict_owner owner;
    uint8_t due_days; /* worked days; 0: none */
    bool has_row;
    const char *english; /* "": never shown */
    const char *vietnamese;
    const char *source; /* the law */
};

/* Gives rule NO, 1 to SG_CONFLICT_COUNT. Static storage. */
const struct sg_conflict_rule *sg_conflict_get(unsigned no);

/* Says in LANG what a conflict of rule NO is. Static storage. */
const char *sg_conflict_text(unsigned no, enum sg_lang lang);

/* Returns the unit that decides CONFLICT of SUBJECT: his home, the unit of
 * level 1 above it, or the country for the centre. For a pair ask with each of
 * the two subjects. */
struct sg_unit_key sg_conflict_owner(
    const struct sg_unit_table *units, const struct sg_subject *subject,
    const struct sg_subject_conflict *conflict);

/* Returns the last day to decide CONFLICT; no date when the rule has none.
 * *IS_PROVISIONAL as in calendar.h. */
struct sg_date sg_conflict_due(const struct sg_subject_conflict *conflict,
                               const struct sg_calendar *calendar,
                               bool *is_provisional);

#endif
