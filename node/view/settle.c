#include "node/view/settle.h"

#include <stdlib.h>
#include <string.h>

#include "node/view/stow.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/merge/conflict.h"

#define SCRATCH_MAX ((size_t)1 << 20)

void sg_settle_init(struct sg_settle *settle, struct sg_view *view)
{
    *settle = (struct sg_settle){.view = view, .desk = view->own};
    sg_buf_init(&settle->scratch, SCRATCH_MAX);
    sg_pile_reset(&view->own->pile);
}

void sg_settle_clear(struct sg_settle *settle)
{
    sg_tally_judge_clear(&settle->judge);
    sg_tally_clear(&settle->tallies);
    sg_table_clear(&settle->by_unit);
    sg_free(settle->due);
    sg_free(settle->rows);
    sg_free(settle->entries);
    sg_free(settle->roots);
    sg_buf_clear(&settle->scratch);
    sg_pile_reset(&settle->desk->pile);
}

/* --- who is due -------------------------------------------------------- */

static enum sg_err list(void *context, struct sg_pile_sheet *sheet)
{
    struct sg_settle *settle = context;

    if (sheet->is_listed)
        return SG_OK;
    if (!sg_alloc_grow((void **)&settle->due, settle->n_due,
                       &settle->due_capacity, sizeof(struct sg_pile_sheet *)))
        return SG_ERR_NOMEM;
    settle->due[settle->n_due++] = sheet;
    sheet->is_listed = true;
    sheet->has_facts = false;
    return SG_OK;
}

enum sg_err sg_settle_touch(struct sg_settle *settle, uint32_t number)
{
    struct sg_pile_sheet *sheet;
    enum sg_err err = sg_pile_at(&settle->desk->pile, number, &sheet);

    return err == SG_OK && sheet != NULL ? list(settle, sheet) : err;
}

/* Lists what has changed, all whom pairs join with it, then all who share a
 * number with one of them. */
static enum sg_err spread(struct sg_settle *settle)
{
    struct sg_pile *pile = &settle->desk->pile;
    size_t n_joined, n_loaded = pile->count;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < n_loaded && err == SG_OK; i++)
        if (pile->list[i]->is_changed)
            err = list(settle, pile->list[i]);
    if (pile->is_alone)
        return err;
    for (size_t i = 0; i < settle->n_due && err == SG_OK; i++)
        err = sg_pile_partners(pile, settle->due[i], list, settle);
    n_joined = settle->n_due;
    for (size_t i = 0; i < n_joined && err == SG_OK; i++)
        err = sg_pile_sharers(pile, settle->due[i], list, settle);
    return err;
}

static enum sg_err sweep(struct sg_settle *settle, uint32_t first, uint32_t end)
{
    enum sg_err err = SG_OK;

    for (uint32_t i = first; i < end && err == SG_OK; i++) {
        struct sg_pile_sheet *sheet;

        err = sg_pile_at(&settle->desk->pile, i, &sheet);
        if (err == SG_OK && sheet != NULL)
            err = list(settle, sheet);
    }
    return err;
}

/* Lists those whose figures depend on SHEET when it says something else now. */
static enum sg_err list_dependents(struct sg_settle *settle,
                                   const struct sg_pile_sheet *sheet)
{
    static const struct sg_sheet_facts none;
    struct sg_pile *pile = &settle->desk->pile;
    struct sg_inside_key prefix;

    if (sg_tally_same_facts(sheet->old != NULL ? &sheet->old->facts : &none,
                            &sheet->now.facts))
        return SG_OK;
    prefix =
        sg_pile_name(pile, SG_INSIDE_KIN, SG_BYTES_ARRAY(sheet->now.uid.bytes));
    return sg_pile_each(pile, SG_INSIDE_KIN, &prefix, list, settle);
}

/* --- folding one ------------------------------------------------------- */

struct summing {
    struct sg_view_reader *desk;
    struct sg_sheet_share *shares;
    size_t count, capacity;
};

static enum sg_err add_row(void *context, const struct sg_row *row)
{
    struct summing *sum = context;
    struct sg_hash hash;
    size_t at = 0;

    while (at < sum->count &&
           !sg_unit_key_equal(sum->shares[at].unit, row->unit))
        at++;
    if (at == sum->capacity) {
        size_t more = 2 * sum->capacity + 1;
        struct sg_sheet_share *shares =
            sg_arena_take(&sum->desk->pile.arena, more, sizeof *shares);

        if (shares == NULL)
            return SG_ERR_NOMEM;
        if (sum->count > 0)
            memcpy(shares, sum->shares, sum->count * sizeof *shares);
        sum->shares = shares;
        sum->capacity = more;
    }
    if (at == sum->count)
        sum->shares[sum->count++] = (struct sg_sheet_share){.unit = row->unit};
    sg_state_root_hash(&sum->desk->view->row_prefix, row->bytes, &hash);
    sg_state_root_add_row(&sum->shares[at].root, row, &hash);
    return SG_OK;
}

static int compare_owners(const void *a, const void *b)
{
    const struct sg_sheet_owner *x = a, *y = b;

    if (x->unit.value != y->unit.value)
        return x->unit.value < y->unit.value ? -1 : 1;
    return (int)x->is_decided - (int)y->is_decided;
}

static enum sg_err find_owners(struct sg_view_reader *desk,
                               const struct sg_subject *subject,
                               struct sg_sheet *sheet)
{
    const struct sg_unit_table *units = desk->view->setup.world.units;
    struct sg_sheet_owner *owners =
        sg_arena_take(&desk->pile.arena, subject->n_conflicts, sizeof *owners);
    size_t count = 0, n = 0;

    if (owners == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < subject->n_conflicts; i++) {
        const struct sg_subject_conflict *conflict = &subject->conflicts[i];

        if (sg_conflict_get(conflict->rule)->owner == SG_CONFLICT_NOBODY)
            continue;
        owners[count++] =
            (struct sg_sheet_owner){sg_conflict_owner(units, subject, conflict),
                                    conflict->state == SG_SUBJECT_DECIDED};
    }
    if (count > 1)
        qsort(owners, count, sizeof *owners, compare_owners);
    for (size_t i = 0; i < count; i++)
        if (n == 0 || compare_owners(&owners[n - 1], &owners[i]) != 0)
            owners[n++] = owners[i];
    sheet->owners = owners;
    sheet->n_owners = n;
    return SG_OK;
}

/* Sums up the rows of SUBJECT, by their units. */
static enum sg_err sum_rows(struct sg_view_reader *desk,
                            const struct sg_subject *subject,
                            struct summing *ret_sum)
{
    *ret_sum = (struct summing){.desk = desk};
    return sg_row_each(subject, &desk->work, add_row, ret_sum);
}

enum sg_err sg_settle_sheet(struct sg_view_reader *desk,
                            struct sg_pile_sheet *sheet,
                            const struct sg_subject **ret_subject)
{
    struct summing sum;
    const struct sg_subject *subject;
    enum sg_err err = sg_fold_subject(desk->fold, &sheet->now.uid, &subject);

    if (err == SG_OK)
        err = sum_rows(desk, subject, &sum);
    if (err == SG_OK)
        err = find_owners(desk, subject, &sheet->now);
    if (err == SG_OK && !sheet->has_facts)
        err = sg_tally_facts(subject, &desk->pile.arena, &sheet->now.facts);
    if (err != SG_OK)
        return err;
    sheet->has_facts = true;
    sheet->now.shares = sum.shares;
    sheet->now.n_shares = sum.count;
    *ret_subject = subject;
    return SG_OK;
}

/* --- what comes out ---------------------------------------------------- */

static bool is_root(const void *item, const void *key)
{
    const struct sg_settle_root *root = item, *wanted = key;

    return sg_unit_key_equal(root->unit, wanted->unit) &&
           root->side == wanted->side && root->is_all == wanted->is_all;
}

static struct sg_settle_root *root_of(struct sg_settle *settle,
                                      const struct sg_settle_root *wanted)
{
    uint64_t hash = sg_table_hash_u64(
        wanted->unit.value << 2 ^ (unsigned)wanted->side << 1 ^ wanted->is_all);
    struct sg_settle_root *root =
        sg_table_find(&settle->by_unit, hash, is_root, wanted);

    if (root != NULL)
        return root;
    root = sg_arena_take_zero(&settle->desk->pile.arena, 1, sizeof *root);
    if (root == NULL || !sg_table_reserve(&settle->by_unit) ||
        !sg_alloc_grow((void **)&settle->roots, settle->n_roots,
                       &settle->roots_capacity,
                       sizeof(struct sg_settle_root *)))
        return NULL;
    *root = *wanted;
    sg_table_add(&settle->by_unit, hash, root);
    settle->roots[settle->n_roots++] = root;
    return root;
}

/* Changes the root of UNIT and that of all rows, on SIDES (bits 1, 2). */
static enum sg_err change_root(struct sg_settle *settle,
                               struct sg_unit_key unit, unsigned sides,
                               const struct sg_state_root *by, bool is_added)
{
    for (unsigned i = 0; i < 4; i++) {
        struct sg_settle_root wanted = {.side = i & 1, .is_all = i > 1};
        struct sg_settle_root *root;

        if ((sides >> wanted.side & 1) == 0)
            continue;
        if (!wanted.is_all)
            wanted.unit = unit;
        root = root_of(settle, &wanted);
        if (root == NULL)
            return SG_ERR_NOMEM;
        if (is_added)
            sg_state_root_add(&root->root, by);
        else
            sg_state_root_subtract(&root->root, by);
    }
    return SG_OK;
}

struct campaigns {
    const struct sg_view *view;
    struct sg_state_root root;
};

static enum sg_err add_campaign(void *context, const struct sg_row *row)
{
    struct campaigns *sum = context;
    struct sg_hash hash;

    sg_state_root_hash(&sum->view->row_prefix, row->bytes, &hash);
    sg_state_root_add_row(&sum->root, row, &hash);
    return SG_OK;
}

enum sg_err sg_settle_sum_campaigns(struct sg_view_reader *desk,
                                    struct sg_state_root *ret_root)
{
    const struct sg_register_setup *setup = &desk->view->setup;
    struct campaigns sum = {.view = desk->view};
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < setup->n_campaigns && err == SG_OK; i++)
        err = sg_row_campaign(&setup->campaigns[i], &desk->work, add_campaign,
                              &sum);
    if (err == SG_OK)
        *ret_root = sum.root;
    return err;
}

enum sg_err sg_settle_campaigns(struct sg_settle *settle,
                                const struct sg_state_root *by, unsigned sides,
                                bool is_added)
{
    return change_root(settle, SG_UNIT_COUNTRY, sides, by, is_added);
}

static enum sg_err change_roots(struct sg_settle *settle,
                                const struct sg_sheet_share *shares,
                                size_t count, unsigned sides, bool is_added)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < count && err == SG_OK; i++)
        err = change_root(settle, shares[i].unit, sides, &shares[i].root,
                          is_added);
    return err;
}

static enum sg_err add_entry(struct sg_settle *settle,
                             const struct sg_index_entry *entry, bool is_put)
{
    if (!sg_alloc_grow((void **)&settle->entries, settle->n_entries,
                       &settle->entries_capacity, sizeof *settle->entries))
        return SG_ERR_NOMEM;
    settle->entries[settle->n_entries++] =
        (struct sg_settle_entry){*entry, is_put};
    return SG_OK;
}

/* Adds what is in one of two sorted lists and not in the other. */
static enum sg_err change_entries(struct sg_settle *settle,
                                  const struct sg_index_list *old,
                                  const struct sg_index_list *now)
{
    size_t i = 0, k = 0;
    enum sg_err err = SG_OK;

    while (err == SG_OK && (i < old->count || k < now->count)) {
        int order = i == old->count ? 1
                    : k == now->count
                        ? -1
                        : sg_index_compare(&old->entries[i], &now->entries[k]);

        if (order < 0)
            err = add_entry(settle, &old->entries[i], false);
        else if (order > 0)
            err = add_entry(settle, &now->entries[k], true);
        i += order <= 0;
        k += order >= 0;
    }
    return err;
}

static bool same_bytes(const void *a, const void *b, size_t size)
{
    return size == 0 || memcmp(a, b, size) == 0;
}

/* Says whether a row that is not changed need not be written again. */
static bool is_same(const struct sg_pile_sheet *sheet)
{
    const struct sg_sheet *old = sheet->old, *now = &sheet->now;

    if (old == NULL || sheet->is_changed || old->n_shares != now->n_shares ||
        old->n_owners != now->n_owners || old->n_kin != now->n_kin ||
        !sg_tally_same_facts(&old->facts, &now->facts))
        return false;
    for (size_t i = 0; i < now->n_shares; i++)
        if (!sg_unit_key_equal(old->shares[i].unit, now->shares[i].unit))
            return false;
    for (size_t i = 0; i < now->n_owners; i++)
        if (compare_owners(&old->owners[i], &now->owners[i]) != 0)
            return false;
    return same_bytes(old->kin, now->kin, now->n_kin * sizeof *now->kin);
}

static struct sg_inside_key uid_entry(const struct sg_view *view,
                                      const struct sg_settle_row *row)
{
    return sg_inside_with(
        sg_inside_name(view, SG_INSIDE_UIDS, SG_BYTES_ARRAY(row->uid.bytes)),
        row->number);
}

/* Whom the row is of is found by a bulk build's entries, too. */
static enum sg_err add_uid(struct sg_settle *settle,
                           const struct sg_settle_row *row)
{
    struct sg_inside_key key = uid_entry(settle->view, row);
    struct sg_index_entry entry = {.db = SG_INSIDE_UIDS,
                                   .size = (uint8_t)key.size};

    memcpy(entry.key, key.bytes, key.size);
    return add_entry(settle, &entry, true);
}

static enum sg_err add_row_of(struct sg_settle *settle,
                              const struct sg_pile_sheet *sheet)
{
    struct sg_settle_row row = {.number = sheet->number,
                                .is_new = sheet->old == NULL,
                                .uid = sheet->now.uid};
    struct sg_bytes bytes;
    uint8_t *kept;
    enum sg_err err;

    if (is_same(sheet) || (sheet->old == NULL && sheet->now.n_records == 0))
        return SG_OK;
    if (sheet->now.n_records > 0) {
        err = sg_sheet_encode(settle->desk->pile.coder, &sheet->now, &bytes);
        if (err != SG_OK)
            return err;
        kept = sg_arena_take(&settle->desk->pile.arena, 1, bytes.size);
        if (kept == NULL)
            return SG_ERR_NOMEM;
        memcpy(kept, bytes.data, bytes.size);
        row.bytes = sg_bytes(kept, bytes.size);
    }
    settle->n_subjects += (sheet->now.n_records > 0) - (sheet->old != NULL);
    if (!sg_alloc_grow((void **)&settle->rows, settle->n_rows,
                       &settle->rows_capacity, sizeof *settle->rows))
        return SG_ERR_NOMEM;
    settle->rows[settle->n_rows++] = row;
    return settle->bulk != NULL ? add_uid(settle, &row) : SG_OK;
}

/* Keeps those on whom the figures last judged depend. */
static enum sg_err take_kin(struct sg_settle *settle,
                            struct sg_pile_sheet *sheet)
{
    const struct sg_tally_judge *judge = &settle->judge;
    struct sg_uid *kin =
        sg_arena_take(&settle->desk->pile.arena, judge->n_kin, sizeof *kin);
    size_t count = 0;

    if (kin == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < judge->n_kin; i++) {
        size_t at = 0;

        while (at < count && sg_uid_compare(&kin[at], &judge->kin[i]) < 0)
            at++;
        if (at < count && sg_uid_compare(&kin[at], &judge->kin[i]) == 0)
            continue;
        memmove(kin + at + 1, kin + at, (count - at) * sizeof *kin);
        kin[at] = judge->kin[i];
        count++;
    }
    sheet->now.kin = kin;
    sheet->now.n_kin = count;
    return SG_OK;
}

/* --- one sheet --------------------------------------------------------- */

/* Which sides of the tallies have it as it was, and are to have it. */
static void find_sides(const struct sg_settle *settle,
                       const struct sg_pile_sheet *sheet, bool is_swept,
                       bool is_alone, unsigned *ret_old, unsigned *ret_now)
{
    const struct sg_inside_sweep *at = &settle->view->sweep;
    unsigned standing = 1u << settle->view->side, next = 1u << at->side;
    bool is_counted = at->is_on && sheet->number < at->next;

    if (is_alone) { /* what stands has it as it was counted then */
        *ret_old = 0;
        *ret_now = next;
        return;
    }
    *ret_old = standing | (is_counted ? next : 0);
    *ret_now = standing | (is_counted || is_swept ? next : 0);
    if (sheet->old == NULL)
        *ret_old = 0;
}

/* Says whether a bulk build folded the subject NUMBER alone, and nobody since:
 * this is the time. */
static bool was_alone(const struct sg_settle *settle, uint32_t number)
{
    uint8_t *bits = settle->joined, bit = (uint8_t)(1u << number % 8);
    bool is_so = bits != NULL && (bits[number / 8] & bit) == 0;

    if (is_so)
        bits[number / 8] |= bit;
    return is_so;
}

/* Counts SUBJECT, who is new, as far as that can be done before all others are
 * folded. */
static enum sg_err count_new(struct sg_settle *settle,
                             const struct sg_pile_sheet *sheet,
                             const struct sg_subject *subject)
{
    struct sg_settle_bulk *bulk = settle->bulk;
    struct sg_tally_wait wait;
    bool is_waiting;
    enum sg_err err =
        sg_tally_begin(&settle->judge, subject, settle->view->side,
                       &settle->tallies, &wait, &is_waiting);

    if (err == SG_OK && bulk->briefs != NULL)
        err = sg_briefs_put(bulk->briefs, &sheet->now.uid, &sheet->now.facts);
    if (err == SG_ERR_LIMIT) {
        sg_briefs_free(bulk->briefs);
        bulk->briefs = NULL;
        err = SG_OK;
    }
    return err == SG_OK && is_waiting && bulk->briefs != NULL
               ? sg_spool_put(bulk->waits, 0,
                              sg_bytes((const uint8_t *)&wait, sizeof wait),
                              sg_bytes(NULL, 0))
               : err;
}

/* Folds SHEET as it was, and takes it from figures and roots. */
static enum sg_err fold_old(struct sg_settle *settle,
                            struct sg_pile_sheet *sheet, unsigned sides,
                            struct sg_index_list *ret_list)
{
    struct sg_pile *pile = &settle->desk->pile;
    const struct sg_subject *subject;
    struct summing sum;
    enum sg_err err;

    *ret_list = (struct sg_index_list){.count = 0};
    if (sheet->old == NULL)
        return SG_OK;
    pile->time = SG_PILE_OLD;
    pile->is_alone = was_alone(settle, sheet->number);
    err = sg_fold_subject(settle->desk->fold, &sheet->now.uid, &subject);
    if (err == SG_OK)
        err = sg_tally_count(&settle->judge, subject, sides, -1,
                             &settle->tallies);
    if (err == SG_OK)
        err = sum_rows(settle->desk, subject, &sum);
    if (err == SG_OK)
        err = change_roots(settle, sum.shares, sum.count, sides, false);
    if (err == SG_OK)
        err =
            sg_index_collect(pile, sheet, SG_PILE_OLD, subject, NULL, ret_list);
    pile->time = SG_PILE_NOW;
    pile->is_alone = false;
    return err;
}

static bool same_units(const struct sg_pile_sheet *sheet)
{
    const struct sg_sheet *old = sheet->old, *now = &sheet->now;

    if (old->n_shares != now->n_shares)
        return false;
    for (size_t i = 0; i < now->n_shares; i++)
        if (!sg_unit_key_equal(old->shares[i].unit, now->shares[i].unit))
            return false;
    return true;
}

static enum sg_err collect(struct sg_settle *settle,
                           struct sg_pile_sheet *sheet,
                           const struct sg_subject *subject, bool is_alone,
                           struct sg_index_list *old,
                           struct sg_index_list *ret_now)
{
    struct sg_pile *pile = &settle->desk->pile;
    enum sg_err err = SG_OK;

    if (is_alone) /* it says what it said, elsewhere */
        err = sg_index_collect(pile, sheet, SG_PILE_OLD, subject, NULL, old);
    return err == SG_OK ? sg_index_collect(pile, sheet, SG_PILE_NOW, subject,
                                           old, ret_now)
                        : err;
}

/* IS_ALONE: a sweep is all that happens to it, so that it is as it was but for
 * the world. */
static enum sg_err settle_one(struct sg_settle *settle,
                              struct sg_pile_sheet *sheet, bool is_swept,
                              bool is_alone)
{
    struct sg_pile *pile = &settle->desk->pile;
    struct sg_index_list old, now;
    const struct sg_subject *subject;
    unsigned sides_old, sides_now;
    enum sg_err err;

    is_alone = is_alone && !sheet->is_changed;
    find_sides(settle, sheet, is_swept, is_alone, &sides_old, &sides_now);
    err = is_alone ? SG_OK : fold_old(settle, sheet, sides_old, &old);
    if (err == SG_OK)
        err = sg_settle_sheet(settle->desk, sheet, &subject);
    if (err == SG_OK)
        err = settle->bulk != NULL
                  ? count_new(settle, sheet, subject)
                  : sg_tally_count(&settle->judge, subject, sides_now, 1,
                                   &settle->tallies);
    if (err == SG_OK)
        err = take_kin(settle, sheet);
    if (err == SG_OK)
        err = is_alone && same_units(sheet)
                  ? sg_index_collect_stored(pile, sheet, &old, &now)
                  : collect(settle, sheet, subject, is_alone, &old, &now);
    if (err == SG_OK)
        err = change_entries(settle, &old, &now);
    if (err == SG_OK)
        err = change_roots(settle, sheet->now.shares, sheet->now.n_shares,
                           sides_now, true);
    return err == SG_OK ? add_row_of(settle, sheet) : err;
}

/* --- numbers of a bulk build ------------------------------------------- */

/* Gives the rows numbers in the order in which they fill their pages. RET_MAP
 * has the new number of each, from FIRST on. */
static enum sg_err number_rows(struct sg_settle *settle, uint32_t first,
                               uint32_t *ret_map)
{
    struct sg_arena *arena = &settle->desk->pile.arena;
    size_t count = settle->n_rows;
    uint16_t *sizes = sg_arena_take(arena, count, sizeof *sizes);
    uint32_t *order = sg_arena_take(arena, count, sizeof *order);
    enum sg_err err;

    if (sizes == NULL || order == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        sizes[i] = (uint16_t)sg_sealed_room_of(SG_INSIDE_NUMBER_SIZE,
                                               settle->rows[i].bytes.size);
    err = sg_stow_order(sizes, count, &settle->bulk->page_left, order);
    for (size_t i = 0; i < count && err == SG_OK; i++) {
        struct sg_settle_row *row = &settle->rows[order[i]];

        ret_map[row->number - first] = first + (uint32_t)i;
        row->number = first + (uint32_t)i;
    }
    return err;
}

/* Numbers all who are new, and spools their index entries. */
static enum sg_err number_new(struct sg_settle *settle)
{
    struct sg_settle_bulk *bulk = settle->bulk;
    struct sg_pile *pile = &settle->desk->pile;
    uint32_t *map = sg_arena_take(&pile->arena, pile->count, sizeof *map);
    uint32_t first = pile->count > 0 ? pile->list[0]->number : 0;
    enum sg_err err = map != NULL ? SG_OK : SG_ERR_NOMEM;

    SG_ASSERT(settle->n_rows == pile->count); /* who is new has a record */
    if (err == SG_OK)
        err = number_rows(settle, first, map);
    for (size_t i = 0; i < settle->n_entries && err == SG_OK; i++) {
        struct sg_index_entry *entry = &settle->entries[i].entry;
        uint8_t *number = entry->key + entry->size - SG_INSIDE_NUMBER_SIZE;

        SG_ASSERT(settle->entries[i].is_put);
        sg_bytes_put_u32be(number, map[sg_bytes_get_u32be(number) - first]);
        err = sg_spool_put(bulk->entries, entry->key[0] * bulk->n_parts / 256u,
                           sg_bytes((const uint8_t *)entry, sizeof *entry),
                           sg_bytes(NULL, 0));
    }
    settle->n_entries = 0;
    return err;
}

enum sg_err sg_settle_fold(struct sg_settle *settle, uint32_t first,
                           uint32_t end)
{
    struct sg_view_reader *desk = settle->desk;
    enum sg_err err =
        sg_tally_judge_init(&settle->judge, &desk->pile, desk->other);

    desk->pile.is_alone = settle->bulk != NULL;
    if (err == SG_OK && !desk->pile.is_alone)
        err = sg_pile_mention(&desk->pile);
    if (err == SG_OK)
        err = spread(settle);
    settle->n_touched = settle->n_due;
    if (err == SG_OK)
        err = sweep(settle, first, end);
    /* It grows: who depends on one that is settled is due, too. What they ask
     * of one that is not yet is found out at once (tally.c). */
    for (size_t i = 0; i < settle->n_due && err == SG_OK; i++) {
        struct sg_pile_sheet *sheet = settle->due[i];
        bool is_swept = sheet->number >= first && sheet->number < end;

        err = settle_one(settle, sheet, is_swept,
                         is_swept && i >= settle->n_touched);
        if (err == SG_OK && settle->bulk == NULL)
            err = list_dependents(settle, sheet);
    }
    return err == SG_OK && settle->bulk != NULL ? number_new(settle) : err;
}

/* --- writing ----------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
    const struct sg_settle_row *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

static void write_rows(struct sg_settle *settle, struct sg_txn *txn)
{
    const struct sg_view *view = settle->view;

    /* New numbers are beyond all others: they are appended in their order. */
    if (settle->n_rows > 1)
        qsort(settle->rows, settle->n_rows, sizeof *settle->rows, compare_rows);

    for (size_t i = 0; i < settle->n_rows; i++) {
        const struct sg_settle_row *row = &settle->rows[i];
        struct sg_inside_key key = sg_inside_number(row->number);
        struct sg_inside_key name;

        if (row->is_new || row->bytes.size == 0)
            name = uid_entry(view, row);
        if (row->bytes.size == 0) {
            sg_txn_del(txn, SG_INSIDE_SUBJECTS, sg_inside_bytes(&key));
            sg_set_del(txn, SG_INSIDE_UIDS, sg_inside_bytes(&name));
            continue;
        }
        if (row->is_new)
            sg_sealed_append(view->sealed, txn, SG_INSIDE_SUBJECTS,
                             sg_inside_bytes(&key), row->bytes);
        else
            sg_sealed_put(view->sealed, txn, SG_INSIDE_SUBJECTS,
                          sg_inside_bytes(&key), row->bytes);
        if (row->is_new && settle->bulk == NULL)
            sg_set_put(txn, SG_INSIDE_UIDS, sg_inside_bytes(&name));
    }
}

static int compare_entries(const void *a, const void *b)
{
    const struct sg_settle_entry *x = a, *y = b;

    return sg_index_compare(&x->entry, &y->entry);
}

static void write_entries(struct sg_settle *settle, struct sg_txn *txn)
{
    /* Neighbours in a database are written together. */
    if (settle->n_entries > 1)
        qsort(settle->entries, settle->n_entries, sizeof *settle->entries,
              compare_entries);
    for (size_t i = 0; i < settle->n_entries; i++) {
        const struct sg_index_entry *entry = &settle->entries[i].entry;
        struct sg_bytes key = sg_bytes(entry->key, entry->size);

        if (settle->entries[i].is_put)
            sg_set_put(txn, entry->db, key);
        else
            sg_set_del(txn, entry->db, key);
    }
}

static void write_root(struct sg_settle *settle, struct sg_txn *txn,
                       const struct sg_settle_root *change)
{
    static const struct sg_state_root none;
    const struct sg_view *view = settle->view;
    struct sg_unit_key unit = change->unit;
    struct sg_inside_key key =
        sg_tally_root_key(view, change->side, unit, change->is_all);
    struct sg_state_root root = none;
    enum sg_err err = SG_OK;

    if (sg_state_root_equal(&change->root, &none))
        return;
    sg_buf_truncate(&settle->scratch, 0);
    if (sg_sealed_get(view->sealed, txn, SG_INSIDE_TALLIES,
                      sg_inside_bytes(&key), &settle->scratch))
        err =
            sg_tally_decode_root(sg_buf_bytes(&settle->scratch), &unit, &root);
    sg_state_root_add(&root, &change->root);
    sg_buf_truncate(&settle->scratch, 0);
    if (err == SG_OK)
        err = sg_tally_encode_root(unit, &root, &settle->scratch);
    if (err != SG_OK)
        (void)sg_txn_fail(txn, err);
    else if (sg_state_root_equal(&root, &none))
        sg_txn_del(txn, SG_INSIDE_TALLIES, sg_inside_bytes(&key));
    else
        sg_sealed_put(view->sealed, txn, SG_INSIDE_TALLIES,
                      sg_inside_bytes(&key), sg_buf_bytes(&settle->scratch));
}

void sg_settle_write(struct sg_settle *settle, struct sg_txn *txn)
{
    write_rows(settle, txn);
    write_entries(settle, txn);
    for (size_t i = 0; i < settle->n_roots && sg_txn_err(txn) == SG_OK; i++)
        write_root(settle, txn, settle->roots[i]);
    sg_tally_write(settle->view, txn, &settle->tallies, &settle->scratch);
}
