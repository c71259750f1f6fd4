/* A report by unit: how many persons each unit of one day's table has, those
 * pending re-home and those not to be placed listed apart.
 *
 * Whatever unit a home was recorded in, however long ago, it is counted in the
 * table of the day that is asked for, in exactly one place (RECORDS.md 4, home;
 * domain: reports may be projected onto any version). Counting takes O(log n)
 * and allocates nothing. It counts what it is handed: who lives at all on the
 * day is the fold's business.
 */
#ifndef SG_STORAGE_REGISTRY_UNIT_REPORT_H
#define SG_STORAGE_REGISTRY_UNIT_REPORT_H

#include "storage/registry/unit.h"

struct sg_unit_report;

/* Gives an empty report by units of LEVEL on DAY; caller frees with
 * sg_unit_report_free. Borrows: TABLE, sealed, until then. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_unit_report_new(const struct sg_unit_table *table,
                                             struct sg_date day,
                                             enum sg_unit_level level,
                                             struct sg_unit_report **ret);

/* Takes REPORT, which may be NULL. */
void sg_unit_report_free(struct sg_unit_report *report);

/* Counts one person whose home is HOME (a resettled person's is the part that
 * he went to), and says where he was counted. */
struct sg_unit_place sg_unit_report_count(struct sg_unit_report *report,
                                          struct sg_unit_key home);

/* How the persons counted so far stand. */
struct sg_unit_totals {
    uint64_t placed;  /* in a unit of the day */
    uint64_t pending; /* in a unit that was split, not resettled */
    uint64_t unclear; /* in a later unit made of several */
    uint64_t unknown; /* in no unit of that level, or an unknown one */
};

struct sg_unit_totals sg_unit_report_totals(
    const struct sg_unit_report *report);

/* Returns how many persons stand under UNIT: placed in it if it is of the day,
 * else pending or unclear under it. 0 for an unknown one. */
uint64_t sg_unit_report_of(const struct sg_unit_report *report,
                           struct sg_unit_key unit);

#endif
