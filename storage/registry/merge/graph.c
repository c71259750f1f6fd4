#include "storage/registry/merge/graph.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/merge/handed.h"
#include "storage/registry/merge/home.h"

#define SORT_BY_HAND_MAX 24

/* --- reading a record -------------------------------------------------- */

static const struct sg_schema_type *schema_of(struct sg_fold *fold,
                                              uint64_t type, uint64_t version)
{
    const struct sg_schema_type **cached;

    if (type < SG_TYPE_PERSON || type > SG_TYPE_ENDORSE)
        return NULL;
    cached = &fold->schemas[type - SG_TYPE_PERSON];
    if (*cached == NULL || (*cached)->version != version)
        *cached = sg_schema_find((uint16_t)type, (uint16_t)version);
    return *cached;
}

/* Reads the class in an encoded `src`. */
static uint8_t read_source(const uint8_t *src)
{
    struct sg_cursor cursor = {src};

    (void)sg_cursor_array(&cursor);
    return (uint8_t)sg_cursor_uint(&cursor);
}

static bool read_body(struct sg_fold *fold, struct sg_cursor *cursor,
                      struct sg_graph_node *node)
{
    uint32_t count = sg_cursor_map(cursor);
    struct sg_bytes *values =
        sg_arena_take(&fold->arena, count, sizeof *values);

    if (values == NULL)
        return false;
    node->values = values;
    for (; count > 0; count--) {
        node->present |= UINT32_C(1) << sg_cursor_uint(cursor);
        *values++ = sg_cursor_skip(cursor);
    }
    return true;
}

/* Says whether NODE opens an object, by its own bytes alone. */
static bool opens(const struct sg_graph_node *node)
{
    if (node->schema->object == SG_SCHEMA_OBJECT_OPENING)
        return !sg_graph_has(node, SG_FIELD_COMMON_OF);
    return node->n_parents == 0;
}

/* Fills NODE and RECORD from IN; false when there is no memory. */
static bool read_record(struct sg_fold *fold, const struct sg_fold_record *in,
                        struct sg_graph_node *node,
                        struct sg_subject_record *record)
{
    struct sg_cursor cursor = {in->inner.data};
    uint64_t type;
    struct sg_bytes officer;

    *node = (struct sg_graph_node){
        .in = in, .object = SG_GRAPH_NONE, .source = SG_RECORD_SOURCE_DECLARED};
    (void)sg_cursor_array(&cursor);
    type = sg_cursor_uint(&cursor);
    node->schema = schema_of(fold, type, sg_cursor_uint(&cursor));
    SG_ASSERT(node->schema != NULL);
    (void)sg_cursor_bytes(&cursor); /* the subject */
    if (!read_body(fold, &cursor, node))
        return false;
    node->n_parents = sg_cursor_array(&cursor);
    node->parents = cursor.at;
    cursor.at += node->n_parents * SG_GRAPH_REF_SIZE;
    (void)sg_cursor_skip(&cursor); /* the basis */
    *record = (struct sg_subject_record){
        .ref = sg_ref_of(&in->id),
        .type = (uint16_t)type,
        .is_signed = (in->marks & SG_FOLD_SIGNED) != 0,
        .hlc = in->hlc,
        .effective = {(uint32_t)sg_cursor_uint(&cursor)},
        .inner = in->inner};
    officer = sg_cursor_bytes(&cursor);
    SG_ASSERT(officer.size == sizeof record->officer.bytes);
    memcpy(record->officer.bytes, officer.data, officer.size);
    if (sg_graph_has(node, SG_FIELD_COMMON_SRC))
        node->source = read_source(node->values[0].data);
    node->is_opening = opens(node);
    return true;
}

enum sg_record_source sg_graph_source(const struct sg_graph_node *node,
                                      unsigned no)
{
    struct sg_bytes value = sg_graph_value(node, SG_FIELD_COMMON_PER_FIELD);
    struct sg_cursor cursor = {value.data};

    if (value.size == 0)
        return (enum sg_record_source)node->source;
    for (uint32_t n = sg_cursor_array(&cursor); n > 0; n--) {
        (void)sg_cursor_array(&cursor);
        if (sg_cursor_uint(&cursor) == no)
            return (enum sg_record_source)read_source(cursor.at);
        (void)sg_cursor_skip(&cursor);
    }
    return (enum sg_record_source)node->source;
}

/* --- the records that count -------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct sg_fold_record *const *left = a, *const *right = b;

    return memcmp((*left)->id.bytes, (*right)->id.bytes,
                  sizeof(*left)->id.bytes);
}

/* Gives those of the records given that are applied, ascending by id, and at
 * most SG_SUBJECT_RECORDS_MAX of them. */
static enum sg_err choose(struct sg_graph *graph,
                          const struct sg_fold_record ***ret)
{
    const struct sg_fold_record **chosen = sg_arena_take(
        &graph->fold->arena, graph->n_given, sizeof(struct sg_fold_record *));
    size_t count = 0;
    bool is_sorted = true;

    if (chosen == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < graph->n_given; i++) {
        if ((graph->given[i]->marks & SG_FOLD_QUARANTINED) != 0)
            continue;
        chosen[count] = graph->given[i];
        if (count > 0 && by_id(&chosen[count - 1], &chosen[count]) > 0)
            is_sorted = false;
        count++;
    }
    if (!is_sorted)
        qsort(chosen, count, sizeof *chosen, by_id);
    graph->n_real =
        count < SG_SUBJECT_RECORDS_MAX ? count : SG_SUBJECT_RECORDS_MAX;
    graph->n_left_out = count - graph->n_real;
    *ret = chosen;
    return SG_OK;
}

static enum sg_err read_all(struct sg_graph *graph)
{
    struct sg_arena *arena = &graph->fold->arena;
    const struct sg_fold_record **chosen;
    enum sg_err err = choose(graph, &chosen);

    if (err != SG_OK)
        return err;
    graph->records =
        sg_arena_take(arena, graph->n_real, sizeof *graph->records);
    graph->nodes = sg_arena_take(arena, graph->n_real, sizeof *graph->nodes);
    if (graph->records == NULL || graph->nodes == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < graph->n_real; i++)
        if (!read_record(graph->fold, chosen[i], &graph->nodes[i],
                         &graph->records[i]))
            return SG_ERR_NOMEM;
    graph->n_nodes = graph->n_real;
    return SG_OK;
}

/* --- refs -------------------------------------------------------------- */

/* Finds the first of RECORDS, ascending by ref, that is not below REF. */
static size_t lower_bound(const struct sg_subject_record *records, size_t count,
                          const uint8_t ref[16])
{
    size_t begin = 0;

    while (count > 0) {
        size_t half = count / 2;

        if (memcmp(records[begin + half].ref.bytes, ref, 16) < 0) {
            begin += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return begin;
}

size_t sg_graph_find(const struct sg_graph *graph, const uint8_t ref[16],
                     uint32_t *ret_first)
{
    size_t first = lower_bound(graph->records, graph->n_real, ref);
    size_t end = graph->n_real, count = 0;

    if (first == end || memcmp(graph->records[first].ref.bytes, ref, 16) != 0) {
        end = graph->n_nodes;
        first = graph->n_real + lower_bound(graph->records + graph->n_real,
                                            end - graph->n_real, ref);
    }
    while (first + count < end &&
           memcmp(graph->records[first + count].ref.bytes, ref, 16) == 0)
        count++;
    *ret_first = (uint32_t)first;
    return count;
}

/* --- what is known without a record ------------------------------------ */

struct sg_graph_extra *sg_graph_add(struct sg_graph *graph,
                                    struct sg_graph_extras *extras,
                                    const uint8_t ref[16])
{
    struct sg_graph_extra *extra;

    if (extras->count == extras->capacity) {
        size_t capacity = extras->capacity > 0 ? 2 * extras->capacity : 16;
        struct sg_graph_extra *items =
            sg_arena_take(&graph->fold->arena, capacity, sizeof *items);

        if (items == NULL)
            return NULL;
        if (extras->count > 0)
            memcpy(items, extras->items, extras->count * sizeof *items);
        extras->items = items;
        extras->capacity = capacity;
    }
    extra = &extras->items[extras->count++];
    *extra = (struct sg_graph_extra){.node = {.object = SG_GRAPH_NONE}};
    memcpy(extra->record.ref.bytes, ref, sizeof extra->record.ref.bytes);
    return extra;
}

/* Adds a node for REF when it is not known yet and an order bridges it. */
static enum sg_err bridge(struct sg_graph *graph,
                          struct sg_graph_extras *extras, const uint8_t ref[16])
{
    const struct sg_fold_source *source = graph->fold->source;
    struct sg_graph_extra *extra;
    const uint8_t *parents;
    struct sg_ref erased;
    uint32_t first;
    size_t count;

    memcpy(erased.bytes, ref, sizeof erased.bytes);
    if (sg_graph_find(graph, ref, &first) > 0 ||
        extras->count >= SG_SUBJECT_HANDED_MAX ||
        !source->bridge(source->context, &erased, &parents, &count))
        return SG_OK;
    for (size_t i = 0; i < extras->count; i++)
        if (memcmp(extras->items[i].record.ref.bytes, ref, 16) == 0)
            return SG_OK;
    extra = sg_graph_add(graph, extras, ref);
    if (extra == NULL)
        return SG_ERR_NOMEM;
    extra->node.parents = parents;
    extra->node.n_parents = (uint32_t)count;
    return SG_OK;
}

/* Adds a node for each erased record that a parent names and an order bridges,
 * and for those that these name. */
static enum sg_err add_bridges(struct sg_graph *graph,
                               struct sg_graph_extras *extras)
{
    const struct sg_fold_source *source = graph->fold->source;

    if (source->bridge == NULL)
        return SG_OK;
    for (size_t i = 0; i < extras->count; i++) {
        struct sg_graph_extra *extra = &extras->items[i];
        size_t count;

        if (source->bridge(source->context, &extra->record.ref,
                           &extra->node.parents, &count))
            extra->node.n_parents = (uint32_t)count;
    }
    for (size_t at = 0; at < graph->n_real + extras->count; at++) {
        const struct sg_graph_node *node =
            at < graph->n_real ? &graph->nodes[at]
                               : &extras->items[at - graph->n_real].node;
        const uint8_t *parents = node->parents;

        for (uint32_t i = node->n_parents; i > 0; i--) {
            enum sg_err err = bridge(graph, extras, parents + 2);

            if (err != SG_OK)
                return err;
            parents += SG_GRAPH_REF_SIZE;
        }
    }
    return SG_OK;
}

static int by_ref(const void *a, const void *b)
{
    const struct sg_graph_extra *left = a, *right = b;
    int order = sg_ref_compare(&left->record.ref, &right->record.ref);

    if (order == 0)
        order = (left->record.type > right->record.type) -
                (left->record.type < right->record.type);
    return order != 0 ? order
                      : sg_bytes_compare(left->node.key, right->node.key);
}

/* Puts the extra nodes, ascending by ref, behind those of the records. */
static enum sg_err append(struct sg_graph *graph,
                          const struct sg_graph_extras *extras)
{
    size_t count = graph->n_real + extras->count;
    struct sg_subject_record *records =
        sg_arena_take(&graph->fold->arena, count, sizeof *records);
    struct sg_graph_node *nodes =
        sg_arena_take(&graph->fold->arena, count, sizeof *nodes);

    if (records == NULL || nodes == NULL)
        return SG_ERR_NOMEM;
    if (graph->n_real > 0) {
        memcpy(records, graph->records, graph->n_real * sizeof *records);
        memcpy(nodes, graph->nodes, graph->n_real * sizeof *nodes);
    }
    qsort(extras->items, extras->count, sizeof extras->items[0], by_ref);
    for (size_t i = 0; i < extras->count; i++) {
        records[graph->n_real + i] = extras->items[i].record;
        nodes[graph->n_real + i] = extras->items[i].node;
    }
    graph->records = records;
    graph->nodes = nodes;
    graph->n_nodes = count;
    return SG_OK;
}

static enum sg_err add_extras(struct sg_graph *graph)
{
    struct sg_graph_extras extras = {0};
    enum sg_err err = sg_handed_read(graph, &extras);

    if (err == SG_OK)
        err = add_bridges(graph, &extras);
    return err != SG_OK || extras.count == 0 ? err : append(graph, &extras);
}

/* --- ancestry ---------------------------------------------------------- */

/* Finds the nodes that the parents of NODE name. A ref that a handover covers
 * counts as applied. */
static enum sg_err link_node(struct sg_graph *graph, struct sg_graph_node *node)
{
    size_t capacity = node->n_parents + 4;
    uint32_t *links;

    if (node->n_parents == 0)
        return SG_OK;
    links = sg_arena_take(&graph->fold->arena, capacity, sizeof *links);
    if (links == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < node->n_parents; i++) {
        const uint8_t *ref = node->parents + i * SG_GRAPH_REF_SIZE + 2;
        uint32_t first;
        size_t count = sg_graph_find(graph, ref, &first);

        if ((count == 0 || first >= graph->n_real) &&
            !sg_handed_is_covered(graph, ref))
            node->has_unheld_parent = true;
        /* More than a few records of one ref take 2^64 tries each. */
        for (size_t k = 0; k < count && node->n_links < capacity; k++)
            links[node->n_links++] = first + (uint32_t)k;
    }
    node->links = links;
    return SG_OK;
}

enum color { NEW, OPEN, DONE };

/* A walk over the nodes, each before those that name it. */
struct walk {
    uint8_t *colors;
    uint32_t *stack;
    uint32_t *next; /* link to look at */
    size_t n_ordered;
    bool has_circle; /* parents that an order bridges can go in circles */
};

/* Puts what is above NODE, and then NODE, into the order. */
static void put_in_order(const struct sg_graph *graph, struct walk *walk,
                         uint32_t node)
{
    size_t depth = 0;

    walk->stack[depth++] = node;
    walk->colors[node] = OPEN;
    while (depth > 0) {
        uint32_t top = walk->stack[depth - 1], link;

        if (walk->next[top] == graph->nodes[top].n_links) {
            walk->colors[top] = DONE;
            graph->order[walk->n_ordered++] = top;
            depth--;
            continue;
        }
        link = graph->nodes[top].links[walk->next[top]++];
        walk->has_circle = walk->has_circle || walk->colors[link] == OPEN;
        if (walk->colors[link] != NEW)
            continue;
        walk->colors[link] = OPEN;
        walk->stack[depth++] = link;
    }
}

/* Adds what LINK lends to ROW. */
static bool lend(const struct sg_graph *graph, uint64_t *row,
                 const uint64_t *rows, uint32_t link)
{
    const uint64_t *above = sg_graph_row(graph, rows, link);
    uint64_t more = ~row[link / 64] & UINT64_C(1) << link % 64;

    sg_graph_set(row, link);
    for (size_t w = 0; w < graph->n_words; w++) {
        more |= above[w] & ~row[w];
        row[w] |= above[w];
    }
    return more != 0;
}

/* Fills ROWS, all zero, with the ancestors of each node. */
static void fill_rows(const struct sg_graph *graph, uint64_t *rows,
                      bool has_circle)
{
    bool has_grown = true;

    while (has_grown) {
        has_grown = false;
        for (size_t i = 0; i < graph->n_nodes; i++) {
            uint32_t at = graph->order[i];
            const struct sg_graph_node *node = &graph->nodes[at];
            uint64_t *row = rows + at * graph->n_words;

            for (uint32_t k = 0; k < node->n_links; k++)
                if (!graph->records[node->links[k]].is_refused)
                    has_grown |= lend(graph, row, rows, node->links[k]);
        }
        has_grown = has_grown && has_circle;
    }
}

static enum sg_err relate(struct sg_graph *graph)
{
    struct sg_arena *arena = &graph->fold->arena;
    size_t n = graph->n_nodes;
    struct walk walk = {0};

    graph->n_words = (n + 63) / 64;
    graph->before = sg_arena_take_zero(arena, n * graph->n_words, 8);
    graph->order = sg_arena_take(arena, n, sizeof *graph->order);
    walk.colors = sg_arena_take_zero(arena, n, 1);
    walk.stack = sg_arena_take(arena, n, sizeof *walk.stack);
    walk.next = sg_arena_take_zero(arena, n, sizeof *walk.next);
    if (graph->before == NULL || graph->order == NULL || walk.colors == NULL ||
        walk.stack == NULL || walk.next == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        enum sg_err err = link_node(graph, &graph->nodes[i]);

        if (err != SG_OK)
            return err;
    }
    for (uint32_t i = 0; i < n; i++)
        if (walk.colors[i] == NEW)
            put_in_order(graph, &walk, i);
    graph->places = walk.stack; /* it has done its work */
    for (uint32_t i = 0; i < n; i++)
        graph->places[graph->order[i]] = i;
    graph->has_circle = walk.has_circle;
    fill_rows(graph, graph->before, walk.has_circle);
    graph->live = graph->before;
    return SG_OK;
}

enum sg_err sg_graph_mute(struct sg_graph *graph)
{
    graph->live = sg_arena_take_zero(&graph->fold->arena,
                                     graph->n_nodes * graph->n_words, 8);
    if (graph->live == NULL)
        return SG_ERR_NOMEM;
    fill_rows(graph, graph->live, graph->has_circle);
    return SG_OK;
}

/* --- objects ----------------------------------------------------------- */

struct member {
    struct sg_bytes key;
    uint16_t type;
    uint32_t node;
};

static int by_object(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int order = (left->type > right->type) - (left->type < right->type);

    if (order == 0)
        order = sg_bytes_compare(left->key, right->key);
    return order != 0 ? order
                      : (left->node > right->node) - (left->node < right->node);
}

/* Makes the key of an old number or a resettle, in memory of its own; no bytes
 * when there is none. */
static uint8_t *key_room(struct sg_graph *graph, size_t size)
{
    return sg_arena_take_zero(&graph->fold->arena, 1, size);
}

static bool make_key(struct sg_graph *graph, const struct sg_graph_node *node,
                     struct sg_bytes *ret_key)
{
    uint8_t *key = NULL;
    size_t size = 0;

    if (node->schema->object == SG_SCHEMA_OBJECT_NUMBER) {
        size = 8;
        key = key_room(graph, size);
        if (key != NULL)
            sg_bytes_put_u64be(key,
                               sg_graph_uint(node, SG_FIELD_PIN_NUMBER, 0));
    } else if (node->schema->object == SG_SCHEMA_OBJECT_OLD_ID) {
        struct sg_bytes number = sg_graph_bytes(node, SG_FIELD_OLD_ID_NUMBER);

        size = 17;
        key = key_room(graph, size);
        if (key != NULL) {
            key[0] = (uint8_t)sg_graph_uint(node, SG_FIELD_OLD_ID_KIND, 0);
            memcpy(key + 1, number.data, number.size);
            sg_bytes_put_u32be(key + 13, (uint32_t)sg_graph_uint(
                                             node, SG_FIELD_OLD_ID_ISSUED, 0));
        }
    } else { /* a resettle */
        struct sg_bytes residence =
            sg_graph_bytes(node, SG_FIELD_RESETTLE_RESIDENCE);

        size = 24;
        key = key_room(graph, size);
        if (key != NULL) {
            memcpy(key, residence.data, residence.size);
            sg_bytes_put_u64be(key + 16,
                               sg_graph_uint(node, SG_FIELD_RESETTLE_FROM, 0));
        }
    }
    *ret_key = sg_bytes(key, size);
    return key != NULL;
}

/* Gives the key of NODE's object; false when there is no memory. */
static bool key_of(struct sg_graph *graph, uint32_t at, struct sg_bytes *ret)
{
    const struct sg_graph_node *node = &graph->nodes[at];

    switch (node->schema->object) {
    case SG_SCHEMA_OBJECT_SUBJECT:
        *ret = (struct sg_bytes){0};
        return true;
    case SG_SCHEMA_OBJECT_OPENING:
        *ret = sg_graph_has(node, SG_FIELD_COMMON_OF)
                   ? sg_graph_bytes(node, SG_FIELD_COMMON_OF)
                   : SG_BYTES_ARRAY(graph->records[at].ref.bytes);
        return true;
    case SG_SCHEMA_OBJECT_OTHER:
        *ret = sg_graph_bytes(node, SG_FIELD_DUPLICATE_OTHER);
        return true;
    default:
        return make_key(graph, node, ret);
    }
}

static void sort_members(struct member *members, size_t count)
{
    if (count > SORT_BY_HAND_MAX) {
        qsort(members, count, sizeof *members, by_object);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct member member = members[i];
        size_t k = i;

        for (; k > 0 && by_object(&members[k - 1], &member) > 0; k--)
            members[k] = members[k - 1];
        members[k] = member;
    }
}

/* Finds the records that have an object, with the key of each. */
static enum sg_err list_members(struct sg_graph *graph, struct member *members,
                                size_t *ret_count)
{
    size_t count = 0;

    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const struct sg_graph_node *node = &graph->nodes[i];
        struct member *member = &members[count];

        if (node->schema == NULL ||
            node->schema->object == SG_SCHEMA_OBJECT_NONE)
            continue;
        member->type = graph->records[i].type;
        member->node = i;
        if (i >= graph->n_real)
            member->key = node->key;
        else if (!key_of(graph, i, &member->key))
            return SG_ERR_NOMEM;
        count++;
    }
    *ret_count = count;
    return SG_OK;
}

static bool same_object(const struct member *a, const struct member *b)
{
    return a->type == b->type && sg_bytes_equal(a->key, b->key);
}

static enum sg_err group(struct sg_graph *graph)
{
    struct sg_arena *arena = &graph->fold->arena;
    struct member *members =
        sg_arena_take(arena, graph->n_nodes, sizeof *members);
    uint32_t *nodes = sg_arena_take(arena, graph->n_nodes, sizeof *nodes);
    size_t count;
    enum sg_err err;

    graph->objects =
        sg_arena_take(arena, graph->n_nodes, sizeof *graph->objects);
    if (members == NULL || nodes == NULL || graph->objects == NULL)
        return SG_ERR_NOMEM;
    err = list_members(graph, members, &count);
    if (err != SG_OK)
        return err;
    sort_members(members, count);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = members[i].node;
        if (i == 0 || !same_object(&members[i - 1], &members[i]))
            graph->objects[graph->n_objects++] =
                (struct sg_graph_object){.type = (enum sg_type)members[i].type,
                                         .key = members[i].key,
                                         .members = &nodes[i],
                                         .state_by = SG_GRAPH_NONE};
        graph->nodes[nodes[i]].object = (uint32_t)graph->n_objects - 1;
        graph->objects[graph->n_objects - 1].n_members++;
    }
    return SG_OK;
}

uint32_t sg_graph_object(const struct sg_graph *graph, enum sg_type type,
                         struct sg_bytes key)
{
    size_t begin = 0, count = graph->n_objects;

    while (count > 0) {
        const struct sg_graph_object *object =
            &graph->objects[begin + count / 2];
        int order = (object->type > type) - (object->type < type);

        if (order == 0)
            order = sg_bytes_compare(object->key, key);
        if (order == 0)
            return (uint32_t)(begin + count / 2);
        if (order < 0)
            begin += count / 2 + 1;
        count = order < 0 ? count - count / 2 - 1 : count / 2;
    }
    return SG_GRAPH_NONE;
}

enum sg_err sg_graph_openings(struct sg_graph *graph,
                              const struct sg_graph_object *object,
                              struct sg_graph_list *ret_list)
{
    struct sg_arena *arena = &graph->fold->arena;
    uint64_t *members = sg_arena_take_zero(arena, graph->n_words, 8);

    ret_list->count = 0;
    ret_list->nodes =
        sg_arena_take(arena, object->n_members, sizeof *ret_list->nodes);
    if (members == NULL || ret_list->nodes == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < object->n_members; i++)
        if (!graph->records[object->members[i]].is_refused)
            sg_graph_set(members, object->members[i]);
    for (uint32_t i = 0; i < object->n_members; i++) {
        const uint64_t *row =
            sg_graph_row(graph, graph->live, object->members[i]);
        uint64_t above = 0;

        for (size_t w = 0; w < graph->n_words; w++)
            above |= row[w] & members[w];
        if (above == 0 && sg_graph_bit(members, object->members[i]))
            ret_list->nodes[ret_list->count++] = object->members[i];
    }
    return SG_OK;
}

/* --- one subject after the other --------------------------------------- */

static enum sg_err build(struct sg_graph *graph)
{
    const struct sg_fold_source *source = graph->fold->source;
    enum sg_err err =
        source->records(source->context, &graph->subject, graph->unit,
                        &graph->given, &graph->n_given);

    if (err == SG_OK)
        err = read_all(graph);
    if (err == SG_OK)
        err = sg_home_list(graph);
    if (err == SG_OK)
        err = add_extras(graph);
    if (err == SG_OK)
        err = relate(graph);
    return err == SG_OK ? group(graph) : err;
}

enum sg_err sg_graph_load(struct sg_fold *fold, const struct sg_uid *subject,
                          struct sg_unit_key unit, struct sg_graph **ret_graph)
{
    struct sg_graph *graph = fold->loaded;
    enum sg_err err;

    for (; graph != NULL; graph = graph->next)
        if (sg_unit_key_equal(graph->unit, unit) &&
            sg_uid_compare(&graph->subject, subject) == 0)
            break;
    if (graph == NULL) {
        graph = sg_arena_take_zero(&fold->arena, 1, sizeof *graph);
        if (graph == NULL)
            return SG_ERR_NOMEM;
        graph->fold = fold;
        graph->subject = *subject;
        graph->unit = unit;
        err = build(graph);
        if (err != SG_OK)
            return err;
        graph->next = fold->loaded;
        fold->loaded = graph;
    }
    *ret_graph = graph;
    return SG_OK;
}
