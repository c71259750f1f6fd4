/* What the copies of records come to, for whoever reads for a unit. */
#include <string.h>

#include "node/view/pile.h"

static bool can_read(const struct sg_view *view,
                     const struct sg_sheet_copy *copy, struct sg_unit_key unit)
{
    const struct sg_unit_key *readers;
    size_t count;

    if (unit.value == 0)
        return true;
    readers = view->feed.readers(view->feed.context, copy->log, copy->key_entry,
                                 &count);
    if (readers == NULL)
        return true;
    for (size_t i = 0; i < count; i++)
        if (sg_unit_key_equal(readers[i], unit))
            return true;
    return false;
}

/* Says whether A comes before B as the standing copy. */
static bool stands_before(const struct sg_view *view,
                          const struct sg_sheet_copy *a,
                          const struct sg_sheet_copy *b)
{
    const struct sg_inside_log *log_a = &view->logs[a->log];
    const struct sg_inside_log *log_b = &view->logs[b->log];
    int order = (a->hlc > b->hlc) - (a->hlc < b->hlc);

    if (order == 0)
        order = memcmp(&log_a->feed.id, &log_b->feed.id, sizeof log_a->feed.id);
    if (order == 0)
        order = (a->index > b->index) - (a->index < b->index);
    return order != 0 ? order < 0 : log_a->feed.branch < log_b->feed.branch;
}

static bool is_late(const struct sg_view *view,
                    const struct sg_sheet_copy *copy, struct sg_unit_key unit)
{
    const struct sg_inside_log *log = &view->logs[copy->log];
    struct sg_territory_node node;

    if (view->setup.territory == NULL || unit.value == 0)
        return false;
    memcpy(node.key, log->feed.node, sizeof node.key);
    return sg_territory_is_late(view->setup.territory, unit, &node,
                                &log->feed.id.hash, copy->index);
}

/* Sums up the copies of RECORD that UNIT reads; false when none counts. */
static bool sum_up(struct sg_pile *pile, const struct sg_sheet_record *record,
                   struct sg_unit_key unit, bool is_first,
                   struct sg_fold_record *ret)
{
    const struct sg_view *view = pile->view;
    const struct sg_sheet_copy *standing = NULL;
    const uint8_t counts = is_first ? SG_SHEET_FIRST : SG_SHEET_ADMITTED;
    uint8_t marks = SG_FOLD_FORKED | SG_FOLD_LATE;
    bool is_quarantined = false;

    for (size_t i = 0; i < record->n_copies; i++) {
        const struct sg_sheet_copy *copy = &record->copies[i];

        if (sg_inside_log(view, copy->log) == NULL ||
            !can_read(view, copy, unit))
            continue;
        is_quarantined = is_quarantined || (copy->flags & counts) == 0;
        if ((copy->flags & counts) == 0)
            continue;
        if (standing == NULL || stands_before(view, copy, standing))
            standing = copy;
        if ((copy->flags & SG_SHEET_SIGNED) != 0)
            marks |= SG_FOLD_SIGNED;
        if ((copy->flags & SG_SHEET_FORKED) == 0)
            marks &= (uint8_t)~SG_FOLD_FORKED;
        if ((marks & SG_FOLD_LATE) != 0 && !is_late(view, copy, unit))
            marks &= (uint8_t)~SG_FOLD_LATE;
    }
    *ret = (struct sg_fold_record){
        .id = record->id, .inner = record->inner, .marks = SG_FOLD_QUARANTINED};
    if (standing == NULL)
        return is_quarantined && !is_first;
    ret->marks = marks;
    ret->hlc = standing->hlc <= view->setup.hlc_max ? standing->hlc : 0;
    if (ret->hlc == 0 && standing->hlc > 0 &&
        (pile->clamped == 0 || standing->hlc < pile->clamped))
        pile->clamped = standing->hlc;
    ret->roles = standing->roles;
    ret->grant =
        standing->set < view->n_sets ? view->sets[standing->set]->units : NULL;
    ret->n_grant =
        standing->set < view->n_sets ? view->sets[standing->set]->count : 0;
    return true;
}

enum sg_err sg_pile_sum(struct sg_pile *pile, const struct sg_sheet *sheet,
                        struct sg_unit_key unit, bool is_first,
                        struct sg_pile_sums *ret)
{
    struct sg_fold_record *sums =
        sg_arena_take(&pile->arena, sheet->n_records + 1, sizeof *sums);
    const struct sg_fold_record **records =
        sg_arena_take(&pile->arena, sheet->n_records + 1, sizeof *records);

    if (sums == NULL || records == NULL)
        return SG_ERR_NOMEM;
    ret->count = 0;
    for (size_t i = 0; i < sheet->n_records; i++) {
        if (!sum_up(pile, &sheet->records[i], unit, is_first,
                    &sums[ret->count]))
            continue;
        records[ret->count] = &sums[ret->count];
        ret->count++;
    }
    ret->records = records;
    return SG_OK;
}

enum sg_err sg_pile_sums_of(struct sg_pile *pile, struct sg_pile_sheet *sheet,
                            enum sg_pile_time time,
                            const struct sg_pile_sums **ret)
{
    const struct sg_sheet *what = sg_pile_sheet_at(sheet, time);
    struct sg_pile_sums *sums = &sheet->sums[time];
    enum sg_err err = SG_OK;

    *ret = sums;
    if (sums->records != NULL || what == NULL)
        return SG_OK;
    if (time == SG_PILE_OLD && !sheet->is_changed)
        err = sg_pile_sums_of(pile, sheet, SG_PILE_NOW, ret);
    else
        err = sg_pile_sum(pile, what, SG_UNIT_COUNTRY, time == SG_PILE_FIRST,
                          sums);
    return err;
}
