#include "storage/registry/unit.h"

#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/registry/unit_table.h"

#define LEVEL_UNIT UINT64_C(10000000000000)
#define CODE_UNIT  UINT64_C(100000000)
#define CODE_MAX   99999u

_Static_assert(SG_UNIT_LEVEL_COMMUNE *LEVEL_UNIT + CODE_MAX * CODE_UNIT +
                       99991231 <
                   4 * LEVEL_UNIT,
               "RECORDS 1: L CCCCC YYYYMMDD never runs into the next level");

struct sg_unit_key sg_unit_key_make(enum sg_unit_level level, uint32_t code,
                                    struct sg_date from)
{
    SG_ASSERT(level >= SG_UNIT_LEVEL_PROVINCE);
    SG_ASSERT(level <= SG_UNIT_LEVEL_COMMUNE);
    SG_ASSERT(code <= CODE_MAX);
    return (struct sg_unit_key){(uint64_t)level * LEVEL_UNIT +
                                code * CODE_UNIT + from.ymd};
}

bool sg_unit_key_is_valid(struct sg_unit_key key)
{
    if (key.value == 0)
        return true;
    if (key.value < LEVEL_UNIT || key.value >= 4 * LEVEL_UNIT)
        return false;
    return sg_date_precision(sg_unit_key_from(key)) == SG_DATE_YMD;
}

size_t sg_unit_table_size(const struct sg_unit_table *table)
{
    SG_ASSERT(table->is_sealed);
    return table->n_units;
}

const struct sg_unit *sg_unit_table_get(const struct sg_unit_table *table,
                                        size_t index)
{
    SG_ASSERT(table->is_sealed);
    SG_ASSERT(index < table->n_units);
    return &table->units[index];
}

size_t sg_unit_index(const struct sg_unit_table *table,
                     const struct sg_unit *unit)
{
    SG_ASSERT(unit >= table->units);
    SG_ASSERT(unit < table->units + table->n_units);
    return (size_t)(unit - table->units);
}

/* Gives the last unit whose key is at most KEY; NULL when all are larger. */
static const struct sg_unit *find_last(const struct sg_unit_table *table,
                                       uint64_t key)
{
    const struct sg_unit *unit = table->units;
    size_t count = table->n_units;

    SG_ASSERT(table->is_sealed);
    if (count == 0)
        return NULL;
    /* Without a branch that no processor can foresee. */
    while (count > 1) {
        size_t half = count / 2;

        unit = unit[half].key.value <= key ? unit + half : unit;
        count -= half;
    }
    return unit->key.value <= key ? unit : NULL;
}

const struct sg_unit *sg_unit_find(const struct sg_unit_table *table,
                                   struct sg_unit_key key)
{
    const struct sg_unit *unit = find_last(table, key.value);

    return unit != NULL && sg_unit_key_equal(unit->key, key) ? unit : NULL;
}

bool sg_unit_is_at(const struct sg_unit *unit, struct sg_date day)
{
    return sg_unit_key_from(unit->key).ymd <= day.ymd &&
           (unit->until.ymd == 0 || day.ymd < unit->until.ymd);
}

const struct sg_unit *sg_unit_find_at(const struct sg_unit_table *table,
                                      enum sg_unit_level level, uint32_t code,
                                      struct sg_date day)
{
    const struct sg_unit *unit;

    if (code > CODE_MAX || level == SG_UNIT_LEVEL_COUNTRY)
        return NULL;
    unit = find_last(table, sg_unit_key_make(level, code, day).value);
    if (unit == NULL || sg_unit_key_level(unit->key) != level ||
        sg_unit_key_code(unit->key) != code)
        return NULL;
    return sg_unit_is_at(unit, day) ? unit : NULL;
}

size_t sg_unit_count_at(const struct sg_unit_table *table,
                        enum sg_unit_level level, struct sg_date day)
{
    size_t count = 0;

    SG_ASSERT(table->is_sealed);
    for (size_t i = 0; i < table->n_units; i++) {
        const struct sg_unit *unit = &table->units[i];

        if (sg_unit_key_level(unit->key) == level && sg_unit_is_at(unit, day))
            count++;
    }
    return count;
}

/* Gives the unit above UNIT; NULL at the top. A parent of the same or a lower
 * level is a fault and counts as none: so every way up ends. */
static const struct sg_unit *parent_of(const struct sg_unit_table *table,
                                       const struct sg_unit *unit)
{
    const struct sg_unit *parent = sg_unit_find(table, unit->parent);

    if (parent == NULL ||
        sg_unit_key_level(parent->key) >= sg_unit_key_level(unit->key))
        return NULL;
    return parent;
}

bool sg_unit_chain_is_at(const struct sg_unit_table *table,
                         struct sg_unit_key key, struct sg_date day)
{
    const struct sg_unit *unit;

    if (sg_unit_key_equal(key, SG_UNIT_COUNTRY))
        return true;
    if (day.ymd < SG_UNIT_FIRST_DAY.ymd)
        day = SG_UNIT_FIRST_DAY;
    unit = sg_unit_find(table, key);
    while (unit != NULL && sg_unit_is_at(unit, day)) {
        if (sg_unit_key_equal(unit->parent, SG_UNIT_COUNTRY))
            return true;
        unit = parent_of(table, unit);
    }
    return false;
}

const struct sg_unit *sg_unit_above(const struct sg_unit_table *table,
                                    const struct sg_unit *unit,
                                    enum sg_unit_level level)
{
    while (unit != NULL && sg_unit_key_level(unit->key) > level)
        unit = parent_of(table, unit);
    return unit != NULL && sg_unit_key_level(unit->key) == level ? unit : NULL;
}

bool sg_unit_covers(const struct sg_unit_table *table, struct sg_unit_key above,
                    struct sg_unit_key key)
{
    const struct sg_unit *unit;

    if (sg_unit_key_equal(above, SG_UNIT_COUNTRY) ||
        sg_unit_key_equal(above, key))
        return true;
    unit = sg_unit_find(table, key);
    while (unit != NULL && !sg_unit_key_equal(unit->key, above))
        unit = parent_of(table, unit);
    return unit != NULL;
}

const struct sg_unit_edge *sg_unit_edges_from(const struct sg_unit_table *table,
                                              struct sg_unit_key key,
                                              size_t *ret_count)
{
    const struct sg_unit *unit = sg_unit_find(table, key);

    *ret_count = 0;
    if (unit == NULL)
        return table->edges;
    const struct sg_unit_span *span = &table->spans[sg_unit_index(table, unit)];
    *ret_count = span->n_out;
    /* A table without edges has no array to count from. */
    return span->n_out > 0 ? table->edges + span->out : table->edges;
}

const struct sg_unit_edge *sg_unit_edges_to(const struct sg_unit_table *table,
                                            struct sg_unit_key key,
                                            size_t *ret_count)
{
    const struct sg_unit *unit = sg_unit_find(table, key);

    *ret_count = 0;
    if (unit == NULL)
        return table->back;
    const struct sg_unit_span *span = &table->spans[sg_unit_index(table, unit)];
    *ret_count = span->n_in;
    return span->n_in > 0 ? table->back + span->in : table->back;
}

static struct sg_unit_place place(enum sg_unit_fit fit, struct sg_unit_key unit)
{
    return (struct sg_unit_place){fit, unit};
}

/* Gives the unit that EDGE leads to from FROM; NULL for an edge that does not
 * lead on in time, which is a fault: so every way forward ends. */
static const struct sg_unit *edge_target(const struct sg_unit_table *table,
                                         const struct sg_unit *from,
                                         const struct sg_unit_edge *edge)
{
    const struct sg_unit *to = sg_unit_find(table, edge->to);

    return to != NULL && sg_unit_is_at(to, from->until) ? to : NULL;
}

struct sg_unit_place sg_unit_carry(const struct sg_unit_table *table,
                                   struct sg_unit_key key, struct sg_date day)
{
    const struct sg_unit *unit = sg_unit_find(table, key);

    while (unit != NULL) {
        const struct sg_unit_edge *edges;
        size_t count;

        if (unit->until.ymd == 0 || day.ymd < unit->until.ymd)
            return place(SG_UNIT_FIT_EXACT, unit->key);
        edges = sg_unit_edges_from(table, unit->key, &count);
        if (count == 0)
            break;
        if (edges[0].share == SG_UNIT_PART)
            return place(SG_UNIT_FIT_PENDING, unit->key);
        unit = edge_target(table, unit, &edges[0]);
    }
    return place(SG_UNIT_FIT_NONE, key);
}

/* The units of one day that a unit of another day may be. */
struct reached {
    const struct sg_unit *units[SG_UNIT_EDGES_MAX];
    size_t count;
    struct sg_unit_key split; /* the first split on the way; 0: none */
    bool is_over;             /* there were more than fit */
};

static void reached_add(struct reached *reached, const struct sg_unit *unit)
{
    for (size_t i = 0; i < reached->count; i++)
        if (reached->units[i] == unit)
            return;
    if (reached->count == SG_UNIT_EDGES_MAX)
        reached->is_over = true;
    else
        reached->units[reached->count++] = unit;
}

/* Replaces every unit that is not yet there on DAY, or no longer, by those it
 * came from or went into; says whether there was one. */
static bool reached_step(const struct sg_unit_table *table, struct sg_date day,
                         struct reached *reached)
{
    struct reached next = {.split = reached->split,
                           .is_over = reached->is_over};
    bool moved = false;

    for (size_t i = 0; i < reached->count; i++) {
        const struct sg_unit *unit = reached->units[i];
        const struct sg_unit_edge *edges;
        size_t count;

        if (sg_unit_is_at(unit, day)) {
            reached_add(&next, unit);
            continue;
        }
        moved = true;
        if (day.ymd < sg_unit_key_from(unit->key).ymd) {
            edges = sg_unit_edges_to(table, unit->key, &count);
            for (size_t k = 0; k < count; k++) {
                const struct sg_unit *from = sg_unit_find(table, edges[k].from);

                if (from != NULL && edge_target(table, from, &edges[k]) == unit)
                    reached_add(&next, from);
            }
            continue;
        }
        edges = sg_unit_edges_from(table, unit->key, &count);
        if (count > 1 && next.split.value == 0)
            next.split = unit->key;
        for (size_t k = 0; k < count; k++) {
            const struct sg_unit *to = edge_target(table, unit, &edges[k]);

            if (to != NULL)
                reached_add(&next, to);
        }
    }
    *reached = next;
    return moved;
}

struct sg_unit_place sg_unit_project(const struct sg_unit_table *table,
                                     struct sg_unit_key key, struct sg_date day,
                                     enum sg_unit_level level)
{
    const struct sg_unit *unit = sg_unit_find(table, key);
    const struct sg_unit *only = NULL;
    struct reached reached = {.count = 0};

    SG_ASSERT(level != SG_UNIT_LEVEL_COUNTRY);
    if (unit == NULL)
        return place(SG_UNIT_FIT_NONE, key);
    reached_add(&reached, unit);
    while (!reached.is_over && reached_step(table, day, &reached))
        ;
    for (size_t i = 0; i < reached.count; i++) {
        const struct sg_unit *above =
            sg_unit_above(table, reached.units[i], level);

        if (above == NULL)
            return place(SG_UNIT_FIT_NONE, key);
        if (only != NULL && only != above)
            reached.is_over = true;
        only = above;
    }
    if (only == NULL)
        return place(SG_UNIT_FIT_NONE, key);
    if (!reached.is_over)
        return place(SG_UNIT_FIT_EXACT, only->key);
    if (reached.split.value != 0)
        return place(SG_UNIT_FIT_PENDING, reached.split);
    return place(SG_UNIT_FIT_UNCLEAR, key);
}
