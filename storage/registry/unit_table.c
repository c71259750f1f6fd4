#include "storage/registry/unit_table.h"

#include <stdlib.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/limits.h"

enum sg_err sg_unit_table_new(struct sg_unit_table **ret_table)
{
    struct sg_unit_table *table = sg_calloc(1, sizeof *table);

    if (table == NULL)
        return SG_ERR_NOMEM;
    sg_buf_init(&table->texts, SG_UNIT_TEXTS_SIZE_MAX);
    *ret_table = table;
    return SG_OK;
}

void sg_unit_table_free(struct sg_unit_table *table)
{
    if (table == NULL)
        return;
    sg_free(table->units);
    sg_free(table->edges);
    sg_free(table->back);
    sg_free(table->spans);
    sg_free(table->by_name);
    sg_buf_clear(&table->texts);
    sg_free(table);
}

/* Makes room for one more item in *ARRAY, which has COUNT of SIZE bytes. */
static enum sg_err grow(void **array, size_t count, size_t size, size_t max,
                        size_t *capacity)
{
    size_t more = *capacity == 0 ? 64 : *capacity * 2;
    void *moved;

    if (count == max)
        return SG_ERR_LIMIT;
    if (count < *capacity)
        return SG_OK;
    more = more < max ? more : max;
    moved = sg_realloc(*array, more * size);
    if (moved == NULL)
        return SG_ERR_NOMEM;
    *array = moved;
    *capacity = more;
    return SG_OK;
}

/* Copies *TEXT and leaves in its place how far into the texts it begins: the
 * texts still move. */
static enum sg_err keep_text(struct sg_unit_table *table, struct sg_bytes *text)
{
    size_t offset = table->texts.size;
    enum sg_err err = sg_buf_append(&table->texts, *text);

    /* The offset goes through an integer: no pointer is made before the texts
     * lie still. */
    text->data = (const uint8_t *)(uintptr_t)offset;
    return err;
}

static void settle_text(const struct sg_unit_table *table,
                        struct sg_bytes *text)
{
    size_t offset = (size_t)(uintptr_t)text->data;

    text->data = text->size == 0 ? NULL : table->texts.data + offset;
}

enum sg_err sg_unit_table_add(struct sg_unit_table *table,
                              const struct sg_unit *unit)
{
    struct sg_unit copy = *unit;
    enum sg_err err;

    SG_ASSERT(!table->is_sealed);
    if (unit->key.value == 0 || !sg_unit_key_is_valid(unit->key) ||
        !sg_unit_key_is_valid(unit->parent) || unit->name.size == 0)
        return SG_ERR_INVALID;
    if (unit->until.ymd != 0 &&
        (sg_date_precision(unit->until) != SG_DATE_YMD ||
         unit->until.ymd <= sg_unit_key_from(unit->key).ymd))
        return SG_ERR_INVALID;
    if (unit->name.size > SG_UNIT_NAME_SIZE_MAX ||
        unit->act.size > SG_UNIT_ACT_SIZE_MAX)
        return SG_ERR_LIMIT;
    err = grow((void **)&table->units, table->n_units, sizeof copy,
               SG_UNITS_MAX, &table->units_capacity);
    if (err == SG_OK)
        err = keep_text(table, &copy.name);
    if (err == SG_OK)
        err = keep_text(table, &copy.act);
    if (err == SG_OK)
        table->units[table->n_units++] = copy;
    return err;
}

enum sg_err sg_unit_table_link(struct sg_unit_table *table,
                               const struct sg_unit_edge *edge)
{
    struct sg_unit_edge copy = *edge;
    enum sg_err err;

    SG_ASSERT(!table->is_sealed);
    if (!sg_unit_key_is_valid(edge->from) || !sg_unit_key_is_valid(edge->to) ||
        (edge->share != SG_UNIT_WHOLE && edge->share != SG_UNIT_PART))
        return SG_ERR_INVALID;
    if (edge->act.size > SG_UNIT_ACT_SIZE_MAX)
        return SG_ERR_LIMIT;
    err = grow((void **)&table->edges, table->n_edges, sizeof copy,
               SG_UNIT_ALL_EDGES_MAX, &table->edges_capacity);
    if (err == SG_OK)
        err = keep_text(table, &copy.act);
    if (err == SG_OK)
        table->edges[table->n_edges++] = copy;
    return err;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_units(const void *a, const void *b)
{
    const struct sg_unit *x = a;
    const struct sg_unit *y = b;

    return compare_u64(x->key.value, y->key.value);
}

static int compare_edges(const void *a, const void *b)
{
    const struct sg_unit_edge *x = a;
    const struct sg_unit_edge *y = b;
    int order = compare_u64(x->from.value, y->from.value);

    return order != 0 ? order : compare_u64(x->to.value, y->to.value);
}

static int compare_back(const void *a, const void *b)
{
    const struct sg_unit_edge *x = a;
    const struct sg_unit_edge *y = b;
    int order = compare_u64(x->to.value, y->to.value);

    return order != 0 ? order : compare_u64(x->from.value, y->from.value);
}

/* Ascending by (parent, name, first day): those of one name stand together. */
static int compare_names(const void *a, const void *b)
{
    const struct sg_unit *const *x = a;
    const struct sg_unit *const *y = b;
    int order = compare_u64((*x)->parent.value, (*y)->parent.value);

    if (order == 0)
        order = sg_bytes_compare((*x)->name, (*y)->name);
    return order != 0 ? order
                      : compare_u64(sg_unit_key_from((*x)->key).ymd,
                                    sg_unit_key_from((*y)->key).ymd);
}

/* Finds for each unit its edges in both lists. Edges of unknown units belong to
 * nobody's span; sg_unit_table_check names them. */
static enum sg_err seal_spans(struct sg_unit_table *table)
{
    size_t out = 0;
    size_t in = 0;

    for (size_t i = 0; i < table->n_units; i++) {
        uint64_t key = table->units[i].key.value;
        struct sg_unit_span *span = &table->spans[i];

        while (out < table->n_edges && table->edges[out].from.value < key)
            out++;
        while (in < table->n_edges && table->back[in].to.value < key)
            in++;
        span->out = (uint32_t)out;
        span->in = (uint32_t)in;
        while (out < table->n_edges && table->edges[out].from.value == key)
            out++;
        while (in < table->n_edges && table->back[in].to.value == key)
            in++;
        span->n_out = (uint32_t)out - span->out;
        span->n_in = (uint32_t)in - span->in;
        if (span->n_out > SG_UNIT_EDGES_MAX)
            return SG_ERR_LIMIT;
    }
    return SG_OK;
}

/* Sorts COUNT items of SIZE bytes at ARRAY, which may be NULL when there are
 * none. */
static void sort(void *array, size_t count, size_t size,
                 int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(array, count, size, compare);
}

static void seal_order(struct sg_unit_table *table)
{
    for (size_t i = 0; i < table->n_units; i++) {
        settle_text(table, &table->units[i].name);
        settle_text(table, &table->units[i].act);
    }
    sort(table->units, table->n_units, sizeof *table->units, compare_units);
    for (size_t i = 0; i < table->n_units; i++)
        table->by_name[i] = &table->units[i];
    sort(table->by_name, table->n_units, sizeof(struct sg_unit *),
         compare_names);
    for (size_t i = 0; i < table->n_edges; i++) {
        settle_text(table, &table->edges[i].act);
        table->back[i] = table->edges[i];
    }
    sort(table->edges, table->n_edges, sizeof *table->edges, compare_edges);
    sort(table->back, table->n_edges, sizeof *table->back, compare_back);
}

enum sg_err sg_unit_table_seal(struct sg_unit_table *table)
{
    SG_ASSERT(!table->is_sealed);
    table->spans = sg_calloc(table->n_units, sizeof *table->spans);
    table->back = sg_calloc(table->n_edges, sizeof *table->back);
    table->by_name = sg_calloc(table->n_units, sizeof(struct sg_unit *));
    if (table->spans == NULL || table->back == NULL || table->by_name == NULL)
        return SG_ERR_NOMEM;
    seal_order(table);
    for (size_t i = 1; i < table->n_units; i++)
        if (compare_units(&table->units[i - 1], &table->units[i]) == 0)
            return SG_ERR_EXISTS;
    for (size_t i = 1; i < table->n_edges; i++)
        if (compare_edges(&table->edges[i - 1], &table->edges[i]) == 0)
            return SG_ERR_EXISTS;
    table->is_sealed = true;
    return seal_spans(table);
}

/*
 * Checks.
 */

struct check {
    const struct sg_unit_table *table;
    struct sg_unit_fault *faults;
    size_t max;
    size_t count;
};

static void check_fail(struct check *check, enum sg_unit_fault_kind kind,
                       struct sg_unit_key unit, struct sg_unit_key other)
{
    if (check->count < check->max)
        check->faults[check->count] = (struct sg_unit_fault){kind, unit, other};
    check->count++;
}

/* The first day on which UNIT is no more, for comparing. */
static uint32_t until_of(const struct sg_unit *unit)
{
    return unit->until.ymd == 0 ? UINT32_MAX : unit->until.ymd;
}

static void check_parent(struct check *check, const struct sg_unit *unit)
{
    const struct sg_unit *parent;

    if (unit->parent.value == 0) {
        if (sg_unit_key_level(unit->key) != SG_UNIT_LEVEL_PROVINCE)
            check_fail(check, SG_UNIT_FAULT_PARENT, unit->key, unit->parent);
        return;
    }
    parent = sg_unit_find(check->table, unit->parent);
    if (parent == NULL ||
        sg_unit_key_level(parent->key) >= sg_unit_key_level(unit->key))
        check_fail(check, SG_UNIT_FAULT_PARENT, unit->key, unit->parent);
    else if (sg_unit_key_from(parent->key).ymd >
                 sg_unit_key_from(unit->key).ymd ||
             until_of(parent) < until_of(unit))
        check_fail(check, SG_UNIT_FAULT_COVER, unit->key, unit->parent);
}

static void check_edges_of(struct check *check, const struct sg_unit *unit)
{
    const struct sg_unit_edge *edges;
    size_t count;

    edges = sg_unit_edges_from(check->table, unit->key, &count);
    if (count > 0 && unit->until.ymd == 0)
        check_fail(check, SG_UNIT_FAULT_FROM, unit->key, edges[0].to);
    for (size_t i = 0; i < count; i++) {
        const struct sg_unit *to = sg_unit_find(check->table, edges[i].to);

        if (to == NULL || !sg_unit_is_at(to, unit->until) ||
            sg_unit_key_level(to->key) != sg_unit_key_level(unit->key))
            check_fail(check, SG_UNIT_FAULT_TO, unit->key, edges[i].to);
        if ((count == 1) != (edges[i].share == SG_UNIT_WHOLE))
            check_fail(check, SG_UNIT_FAULT_SHARE, unit->key, edges[i].to);
    }
}

static void check_names(struct check *check)
{
    const struct sg_unit *const *sorted = check->table->by_name;
    const struct sg_unit *longest = NULL;

    for (size_t i = 0; i < check->table->n_units; i++) {
        const struct sg_unit *unit = sorted[i];

        if (longest == NULL ||
            !sg_unit_key_equal(longest->parent, unit->parent) ||
            !sg_bytes_equal(longest->name, unit->name)) {
            longest = unit;
            continue;
        }
        if (sg_unit_key_from(unit->key).ymd < until_of(longest))
            check_fail(check, SG_UNIT_FAULT_NAME, longest->key, unit->key);
        if (until_of(longest) < until_of(unit))
            longest = unit;
    }
}

size_t sg_unit_table_check(const struct sg_unit_table *table,
                           struct sg_unit_fault *ret_faults, size_t max)
{
    struct check check = {table, ret_faults, max, 0};

    SG_ASSERT(table->is_sealed);
    for (size_t i = 0; i < table->n_units; i++) {
        const struct sg_unit *unit = &table->units[i];
        const struct sg_unit *next = unit + 1;

        check_parent(&check, unit);
        check_edges_of(&check, unit);
        if (i + 1 < table->n_units &&
            sg_unit_key_level(next->key) == sg_unit_key_level(unit->key) &&
            sg_unit_key_code(next->key) == sg_unit_key_code(unit->key) &&
            sg_unit_key_from(next->key).ymd < until_of(unit))
            check_fail(&check, SG_UNIT_FAULT_OVERLAP, unit->key, next->key);
    }
    for (size_t i = 0; i < table->n_edges; i++)
        if (sg_unit_find(table, table->edges[i].from) == NULL)
            check_fail(&check, SG_UNIT_FAULT_FROM, table->edges[i].from,
                       table->edges[i].to);
    check_names(&check);
    return check.count;
}
