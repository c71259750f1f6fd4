#include "storage/registry/unit_report.h"

#include "storage/base/alloc.h"
#include "storage/base/check.h"

struct sg_unit_report {
    const struct sg_unit_table *table;
    struct sg_unit_place *places; /* of each unit of the table */
    uint64_t *counts;             /* of each unit of the table */
    struct sg_unit_totals totals;
};

enum sg_err sg_unit_report_new(const struct sg_unit_table *table,
                               struct sg_date day, enum sg_unit_level level,
                               struct sg_unit_report **ret)
{
    size_t size = sg_unit_table_size(table);
    struct sg_unit_report *report = sg_calloc(1, sizeof *report);

    if (report == NULL)
        return SG_ERR_NOMEM;
    report->table = table;
    report->places = sg_calloc(size, sizeof *report->places);
    report->counts = sg_calloc(size, sizeof *report->counts);
    if (report->places == NULL || report->counts == NULL) {
        sg_unit_report_free(report);
        return SG_ERR_NOMEM;
    }
    for (size_t i = 0; i < size; i++)
        report->places[i] = sg_unit_project(
            table, sg_unit_table_get(table, i)->key, day, level);
    *ret = report;
    return SG_OK;
}

void sg_unit_report_free(struct sg_unit_report *report)
{
    if (report == NULL)
        return;
    sg_free(report->places);
    sg_free(report->counts);
    sg_free(report);
}

struct sg_unit_place sg_unit_report_count(struct sg_unit_report *report,
                                          struct sg_unit_key home)
{
    struct sg_unit_totals *totals = &report->totals;
    const struct sg_unit *unit = sg_unit_find(report->table, home);
    struct sg_unit_place place = {SG_UNIT_FIT_NONE, home};

    if (unit != NULL)
        place = report->places[sg_unit_index(report->table, unit)];
    switch (place.fit) {
    case SG_UNIT_FIT_EXACT:
        totals->placed++;
        break;
    case SG_UNIT_FIT_PENDING:
        totals->pending++;
        break;
    case SG_UNIT_FIT_UNCLEAR:
        totals->unclear++;
        break;
    case SG_UNIT_FIT_NONE:
        totals->unknown++;
        return place;
    }
    unit = sg_unit_find(report->table, place.unit);
    SG_ASSERT(unit != NULL);
    report->counts[sg_unit_index(report->table, unit)]++;
    return place;
}

struct sg_unit_totals sg_unit_report_totals(const struct sg_unit_report *report)
{
    return report->totals;
}

uint64_t sg_unit_report_of(const struct sg_unit_report *report,
                           struct sg_unit_key key)
{
    const struct sg_unit *unit = sg_unit_find(report->table, key);

    return unit == NULL ? 0
                        : report->counts[sg_unit_index(report->table, unit)];
}
