#include "storage/registry/merge/home.h"

#include <string.h>

#include "storage/registry/merge/handed.h"

#define PERMANENT 1u

/* A set of units, ascending. */
struct units {
    struct sg_arena *arena;
    struct sg_unit_key *keys;
    size_t count, capacity;
    bool is_full; /* no memory */
};

static void add(struct units *units, uint64_t value)
{
    size_t at = units->count;

    while (at > 0 && units->keys[at - 1].value > value)
        at--;
    if (units->is_full || (at > 0 && units->keys[at - 1].value == value))
        return;
    if (units->count == units->capacity) {
        size_t capacity = units->capacity > 0 ? 2 * units->capacity : 8;
        struct sg_unit_key *keys =
            sg_arena_take(units->arena, capacity, sizeof *keys);

        units->is_full = keys == NULL;
        if (keys == NULL)
            return;
        if (units->count > 0)
            memcpy(keys, units->keys, units->count * sizeof *keys);
        units->keys = keys;
        units->capacity = capacity;
    }
    memmove(units->keys + at + 1, units->keys + at,
            (units->count - at) * sizeof units->keys[0]);
    units->keys[at].value = value;
    units->count++;
}

/* Adds the unit in an encoded VALUE, if there is one. */
static void add_value(struct units *units, struct sg_bytes value)
{
    struct sg_cursor cursor = {value.data};

    if (value.size > 0 && !sg_cursor_is_nil(value.data))
        add(units, sg_cursor_uint(&cursor));
}

static bool is_unit_field(uint16_t type, unsigned field)
{
    if (type == SG_TYPE_RESIDENCE)
        return field == SG_FIELD_RESIDENCE_UNIT ||
               field == SG_FIELD_RESIDENCE_OLD_UNIT;
    if (type == SG_TYPE_PERSON)
        return field == SG_FIELD_PERSON_REGISTERED;
    return type == SG_TYPE_HOUSEHOLD && field == SG_FIELD_HOUSEHOLD_UNIT;
}

/* Says whether a handover says that the residence KEY is permanent. */
static bool is_handed_permanent(const struct sg_graph *graph,
                                struct sg_bytes key)
{
    for (uint32_t i = 0; i < graph->n_real; i++) {
        struct sg_handed_reader reader;
        struct sg_handed_head head;

        if (graph->records[i].type != SG_TYPE_HANDOVER)
            continue;
        sg_handed_open(&graph->nodes[i], &reader);
        while (sg_handed_next(&reader, &head)) {
            struct sg_cursor value = {head.value.data};

            if (head.type == SG_TYPE_RESIDENCE &&
                head.field == SG_FIELD_RESIDENCE_KIND &&
                sg_bytes_equal(head.key, key))
                return sg_cursor_uint(&value) == PERMANENT;
        }
    }
    return false;
}

/* Says whether the residence whose opening is KEY is permanent. */
static bool is_permanent(const struct sg_graph *graph, struct sg_bytes key)
{
    uint32_t first;
    size_t count = sg_graph_find(graph, key.data, &first);

    for (size_t i = 0; i < count; i++) {
        const struct sg_graph_node *node = &graph->nodes[first + i];

        if (graph->records[first + i].type == SG_TYPE_RESIDENCE &&
            sg_graph_has(node, SG_FIELD_RESIDENCE_KIND))
            return sg_graph_uint(node, SG_FIELD_RESIDENCE_KIND, 0) == PERMANENT;
    }
    return is_handed_permanent(graph, key);
}

static void add_record(struct units *units, const struct sg_graph *graph,
                       uint32_t at)
{
    const struct sg_graph_node *node = &graph->nodes[at];
    uint16_t type = graph->records[at].type;
    struct sg_bytes of;

    if (type == SG_TYPE_PERSON)
        add_value(units, sg_graph_value(node, SG_FIELD_PERSON_REGISTERED));
    if (type == SG_TYPE_HOUSEHOLD)
        add_value(units, sg_graph_value(node, SG_FIELD_HOUSEHOLD_UNIT));
    if (type != SG_TYPE_RESIDENCE)
        return;
    of = sg_graph_bytes(node, SG_FIELD_COMMON_OF);
    if (of.size > 0
            ? !is_permanent(graph, of)
            : sg_graph_uint(node, SG_FIELD_RESIDENCE_KIND, 0) != PERMANENT)
        return;
    add_value(units, sg_graph_value(node, SG_FIELD_RESIDENCE_UNIT));
    add_value(units, sg_graph_value(node, SG_FIELD_RESIDENCE_OLD_UNIT));
}

static void add_handover(struct units *units, const struct sg_graph *graph,
                         uint32_t at)
{
    struct sg_handed_reader reader;
    struct sg_handed_head head;

    sg_handed_open(&graph->nodes[at], &reader);
    while (sg_handed_next(&reader, &head)) {
        if (!is_unit_field(head.type, head.field))
            continue;
        if (head.type != SG_TYPE_RESIDENCE || is_permanent(graph, head.key))
            add_value(units, head.value);
    }
}

/* Adds every unit that succeeded one of UNITS up to the as-of day. */
static void follow(struct units *units, const struct sg_fold_world *world)
{
    size_t before = 0;

    while (before != units->count) {
        before = units->count;
        for (size_t i = 0; i < units->count; i++) {
            const struct sg_unit *unit =
                sg_unit_find(world->units, units->keys[i]);
            const struct sg_unit_edge *edges;
            size_t count = 0;

            if (unit != NULL && unit->until.ymd != 0 &&
                unit->until.ymd <= world->as_of.ymd)
                edges = sg_unit_edges_from(world->units, unit->key, &count);
            for (size_t k = 0; k < count; k++)
                if (sg_unit_find(world->units, edges[k].to) != NULL)
                    add(units, edges[k].to.value);
        }
    }
}

enum sg_err sg_home_list(struct sg_graph *graph)
{
    struct units units = {.arena = &graph->fold->arena};

    for (uint32_t i = 0; i < graph->n_real; i++) {
        add_record(&units, graph, i);
        if (graph->records[i].type == SG_TYPE_HANDOVER)
            add_handover(&units, graph, i);
    }
    follow(&units, graph->fold->world);
    graph->homes = units.keys;
    graph->n_homes = units.count;
    return units.is_full ? SG_ERR_NOMEM : SG_OK;
}

bool sg_home_is_ruled_by(const struct sg_graph *graph, struct sg_unit_key unit)
{
    for (size_t i = 0; i < graph->n_homes; i++)
        if (sg_unit_covers(graph->fold->world->units, unit, graph->homes[i]))
            return true;
    return graph->n_homes == 0;
}

bool sg_home_is_covered(const struct sg_graph *graph,
                        const struct sg_unit_key *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sg_unit_key_equal(units[i], SG_UNIT_COUNTRY) ||
            sg_home_is_ruled_by(graph, units[i]))
            return true;
    return graph->n_homes == 0;
}

/* --- where it is now --------------------------------------------------- */

/* Says whether TO is one of the parts of FROM. */
static bool is_part(const struct sg_unit_edge *edges, size_t count, uint64_t to)
{
    for (size_t i = 0; i < count; i++)
        if (edges[i].to.value == to)
            return true;
    return false;
}

/* Returns which part of FROM the RESIDENCE is in; 0 when nobody says. */
static uint64_t resettled(const struct sg_subject *subject,
                          const struct sg_ref *residence,
                          struct sg_unit_key from)
{
    uint8_t key[24];

    memcpy(key, residence->bytes, sizeof residence->bytes);
    sg_bytes_put_u64be(key + 16, from.value);
    return sg_subject_stands_uint(
        sg_subject_find(subject, SG_TYPE_RESETTLE, SG_BYTES_ARRAY(key)),
        SG_FIELD_RESETTLE_TO, 0);
}

struct sg_home_place sg_home_carry(const struct sg_fold_world *world,
                                   const struct sg_subject *objects,
                                   const struct sg_ref *residence,
                                   struct sg_unit_key unit)
{
    struct sg_home_place place = {.unit = unit};
    /* Units follow each other in time; a table that goes in circles ends. */
    size_t steps = sg_unit_table_size(world->units);

    for (; steps > 0; steps--) {
        const struct sg_unit *now = sg_unit_find(world->units, place.unit);
        const struct sg_unit_edge *edges;
        size_t count;

        if (now == NULL || now->until.ymd == 0 ||
            world->as_of.ymd < now->until.ymd)
            break;
        edges = sg_unit_edges_from(world->units, now->key, &count);
        if (count == 0 || sg_unit_find(world->units, edges[0].to) == NULL)
            break;
        if (edges[0].share == SG_UNIT_PART) {
            uint64_t to = resettled(objects, residence, now->key);

            place.is_pending = !is_part(edges, count, to);
            if (place.is_pending)
                break;
            place.unit.value = to;
        } else {
            place.unit = edges[0].to;
        }
    }
    return place;
}
