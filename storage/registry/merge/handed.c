#include "storage/registry/merge/handed.h"

#include <stdlib.h>
#include <string.h>

#include "storage/registry/merge/home.h"

void sg_handed_begin(struct sg_bytes heads, struct sg_bytes values,
                     struct sg_handed_reader *ret_reader)
{
    ret_reader->heads.at = heads.data;
    ret_reader->left = sg_cursor_array(&ret_reader->heads);
    ret_reader->values.at = values.data;
    ret_reader->values.at = sg_cursor_bytes(&ret_reader->values).data;
    (void)sg_cursor_array(&ret_reader->values);
}

void sg_handed_open(const struct sg_graph_node *node,
                    struct sg_handed_reader *ret_reader)
{
    sg_handed_begin(sg_graph_value(node, SG_FIELD_HANDOVER_HEADS),
                    sg_graph_value(node, SG_FIELD_HANDOVER_VALUES), ret_reader);
}

bool sg_handed_next(struct sg_handed_reader *reader,
                    struct sg_handed_head *ret_head)
{
    if (reader->left == 0)
        return false;
    reader->left--;
    (void)sg_cursor_array(&reader->heads);
    ret_head->type = (uint16_t)sg_cursor_uint(&reader->heads);
    ret_head->key = sg_cursor_bytes(&reader->heads);
    ret_head->field = (uint8_t)sg_cursor_uint(&reader->heads);
    ret_head->ref = sg_cursor_bytes(&reader->heads).data;
    ret_head->flags = (uint8_t)sg_cursor_uint(&reader->heads);
    ret_head->source = (uint8_t)sg_cursor_uint(&reader->heads);
    ret_head->hlc = sg_cursor_uint(&reader->heads);
    ret_head->value = sg_cursor_skip(&reader->values);
    return true;
}

/* --- which count ------------------------------------------------------- */

static uint32_t count_items(struct sg_bytes value)
{
    struct sg_cursor cursor = {value.data};

    return value.size > 0 ? sg_cursor_array(&cursor) : 0;
}

/* Finds the handovers that count: their officer's grant covers a home, and they
 * bring no more refs than a subject may be given. */
static bool find_overs(struct sg_graph *graph, struct sg_handed *handed,
                       size_t n_overs)
{
    size_t n_refs = 0;

    handed->overs =
        sg_arena_take(&graph->fold->arena, n_overs, sizeof *handed->overs);
    if (handed->overs == NULL)
        return false;
    for (uint32_t i = 0; i < graph->n_real; i++) {
        const struct sg_graph_node *node = &graph->nodes[i];
        struct sg_handed_over *over = &handed->overs[handed->n_overs];
        struct sg_bytes covers;
        size_t n_heads;

        if (graph->records[i].type != SG_TYPE_HANDOVER ||
            !sg_home_is_covered(graph, node->in->grant, node->in->n_grant))
            continue;
        covers = sg_graph_value(node, SG_FIELD_HANDOVER_COVERS);
        n_heads = count_items(sg_graph_value(node, SG_FIELD_HANDOVER_HEADS));
        over->node = i;
        over->n_covers = count_items(covers);
        over->covers = covers.data + (over->n_covers < 16 ? 1 : 3);
        if (n_refs + over->n_covers + n_heads > SG_SUBJECT_HANDED_MAX)
            continue;
        n_refs += over->n_covers + n_heads;
        handed->n_heads += n_heads;
        handed->n_overs++;
    }
    return true;
}

static int compare_object(const struct sg_handed_head *head, unsigned type,
                          struct sg_bytes key)
{
    int order = (head->type > type) - (head->type < type);

    return order != 0 ? order : sg_bytes_compare(head->key, key);
}

static int by_cell(const void *a, const void *b)
{
    const struct sg_handed_head *left = a, *right = b;
    int order = compare_object(left, right->type, right->key);

    if (order == 0)
        order = left->field - right->field;
    if (order == 0)
        order = memcmp(left->ref, right->ref, 16);
    return order != 0 ? order
                      : (left->over > right->over) - (left->over < right->over);
}

static bool read_heads(struct sg_graph *graph, struct sg_handed *handed)
{
    size_t count = 0;

    handed->heads = sg_arena_take(&graph->fold->arena, handed->n_heads,
                                  sizeof *handed->heads);
    if (handed->heads == NULL)
        return false;
    for (size_t i = 0; i < handed->n_overs; i++) {
        struct sg_handed_reader reader;

        sg_handed_open(&graph->nodes[handed->overs[i].node], &reader);
        while (sg_handed_next(&reader, &handed->heads[count]))
            handed->heads[count++].over = (uint32_t)i;
    }
    if (count > 1)
        qsort(handed->heads, count, sizeof handed->heads[0], by_cell);
    return true;
}

/* --- what they bring --------------------------------------------------- */

/* A record that a head names and that is not held. */
static enum sg_err add_head(struct sg_graph *graph,
                            struct sg_graph_extras *extras,
                            const struct sg_handed_head *head)
{
    const struct sg_schema_type *schema = sg_schema_find(head->type, 1);
    struct sg_graph_extra *extra;
    uint32_t first;

    if (schema == NULL || schema->object == SG_SCHEMA_OBJECT_NONE ||
        sg_graph_find(graph, head->ref, &first) > 0)
        return SG_OK;
    /* Heads of one object come together, and their refs are few. */
    for (size_t i = extras->count; i > 0; i--) {
        extra = &extras->items[i - 1];
        if (compare_object(head, extra->record.type, extra->node.key) != 0)
            break;
        if (memcmp(extra->record.ref.bytes, head->ref, 16) == 0)
            return SG_OK;
    }
    extra = sg_graph_add(graph, extras, head->ref);
    if (extra == NULL)
        return SG_ERR_NOMEM;
    extra->record.type = head->type;
    extra->record.hlc = head->hlc;
    extra->record.is_signed = true; /* as the handover vouches */
    extra->node.schema = schema;
    extra->node.key = head->key;
    return SG_OK;
}

enum sg_err sg_handed_read(struct sg_graph *graph,
                           struct sg_graph_extras *extras)
{
    struct sg_handed *handed;
    size_t n_overs = 0;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < graph->n_real; i++)
        n_overs += graph->records[i].type == SG_TYPE_HANDOVER;
    if (n_overs == 0)
        return SG_OK;
    handed = sg_arena_take_zero(&graph->fold->arena, 1, sizeof *handed);
    if (handed == NULL || !find_overs(graph, handed, n_overs) ||
        !read_heads(graph, handed))
        return SG_ERR_NOMEM;
    graph->handed = handed;
    for (size_t i = 0; i < handed->n_heads && err == SG_OK; i++)
        err = add_head(graph, extras, &handed->heads[i]);
    return err;
}

bool sg_handed_covers(const struct sg_handed_over *over, const uint8_t ref[16])
{
    size_t begin = 0, count = over->n_covers;

    while (count > 0) {
        size_t half = count / 2;
        int order = memcmp(
            over->covers + (begin + half) * SG_GRAPH_REF_SIZE + 2, ref, 16);

        if (order == 0)
            return true;
        if (order < 0)
            begin += half + 1;
        count = order < 0 ? count - half - 1 : half;
    }
    return false;
}

bool sg_handed_is_covered(const struct sg_graph *graph, const uint8_t ref[16])
{
    const struct sg_handed *handed = graph->handed;

    for (size_t i = 0; handed != NULL && i < handed->n_overs; i++)
        if (sg_handed_covers(&handed->overs[i], ref))
            return true;
    return false;
}

const struct sg_handed_head *sg_handed_heads(const struct sg_graph *graph,
                                             enum sg_type type,
                                             struct sg_bytes key,
                                             size_t *ret_count)
{
    const struct sg_handed *handed = graph->handed;
    size_t first = 0, end;

    *ret_count = 0;
    if (handed == NULL)
        return NULL;
    while (first < handed->n_heads &&
           compare_object(&handed->heads[first], type, key) < 0)
        first++;
    for (end = first; end < handed->n_heads; end++)
        if (compare_object(&handed->heads[end], type, key) != 0)
            break;
    *ret_count = end - first;
    return handed->heads + first;
}

struct sg_bytes sg_handed_value(const struct sg_graph *graph, uint32_t node,
                                uint8_t field)
{
    const struct sg_graph_object *object =
        &graph->objects[graph->nodes[node].object];
    const struct sg_handed_head *heads;
    size_t count;

    if (graph->nodes[node].in != NULL)
        return sg_graph_value(&graph->nodes[node], field);
    heads = sg_handed_heads(graph, object->type, object->key, &count);
    for (size_t i = 0; i < count; i++)
        if (heads[i].field == field &&
            memcmp(heads[i].ref, graph->records[node].ref.bytes, 16) == 0)
            return heads[i].value;
    return (struct sg_bytes){0};
}

bool sg_handed_is_frozen(const struct sg_graph *graph, uint32_t node)
{
    const struct sg_handed *handed = graph->handed;

    for (size_t i = 0; handed != NULL && i < handed->n_heads; i++)
        if ((handed->heads[i].flags & SG_HANDED_FROZEN) != 0 &&
            memcmp(handed->heads[i].ref, graph->records[node].ref.bytes, 16) ==
                0)
            return true;
    return false;
}

/* --- what they stand above --------------------------------------------- */

struct sg_bytes sg_handed_element(struct sg_bytes set, const uint8_t key[16])
{
    struct sg_cursor cursor = {set.data};

    if (set.size == 0 || sg_cursor_is_nil(set.data))
        return (struct sg_bytes){0};
    for (uint32_t n = sg_cursor_array(&cursor); n > 0; n--) {
        struct sg_bytes element;

        (void)sg_cursor_array(&cursor);
        element = sg_cursor_bytes(&cursor);
        if (memcmp(element.data, key, 16) == 0)
            return sg_cursor_skip(&cursor);
        (void)sg_cursor_skip(&cursor);
    }
    return (struct sg_bytes){0};
}

/* The cell that an overlay is about, and its two sheets of bits: what the
 * handovers add, a row for each setter. */
struct overlay {
    struct sg_graph *graph;
    const struct sg_handed_head *heads; /* of the object */
    size_t n_heads;
    unsigned field;
    const uint8_t *element;
    struct sg_handed_setter *setters;
    size_t count;
    uint64_t *added;
};

static bool is_in_cell(const struct overlay *overlay,
                       const struct sg_handed_head *head)
{
    return head->field == overlay->field &&
           (overlay->element == NULL ||
            sg_handed_element(head->value, overlay->element).size > 0);
}

/* Says whether handover OVER names NODE as a head of the cell that is not there
 * only because it stands. */
static bool is_head_of(const struct overlay *overlay, uint32_t over,
                       uint32_t node)
{
    const uint8_t *ref = overlay->graph->records[node].ref.bytes;

    for (size_t i = 0; i < overlay->n_heads; i++)
        if (overlay->heads[i].over == over &&
            (overlay->heads[i].flags & SG_HANDED_STANDING) == 0 &&
            memcmp(overlay->heads[i].ref, ref, 16) == 0 &&
            is_in_cell(overlay, &overlay->heads[i]))
            return true;
    return false;
}

/* Puts what OVER covers under its head, setter AT. */
static void stand_above(struct overlay *overlay, uint32_t over, size_t at)
{
    const struct sg_graph *graph = overlay->graph;
    uint32_t head = overlay->setters[at].node;

    for (size_t i = 0; i < overlay->count; i++) {
        uint32_t node = overlay->setters[i].node;

        if (node != head &&
            sg_handed_covers(&graph->handed->overs[over],
                             graph->records[node].ref.bytes) &&
            !is_head_of(overlay, over, node) &&
            !sg_graph_bit(overlay->setters[i].row, head))
            sg_graph_set(overlay->added + at * graph->n_words, node);
    }
}

/* Says whether handovers put setter A under setter B. */
static bool is_added(const struct overlay *overlay, size_t a, size_t b)
{
    return sg_graph_bit(overlay->added + b * overlay->graph->n_words,
                        overlay->setters[a].node);
}

/* Gives each setter its row with what was added; not where two are each under
 * the other. */
static bool merge_rows(struct overlay *overlay)
{
    size_t n_words = overlay->graph->n_words;
    uint64_t *rows = sg_arena_take(&overlay->graph->fold->arena, overlay->count,
                                   n_words * sizeof *rows);

    if (rows == NULL)
        return false;
    for (size_t b = 0; b < overlay->count; b++) {
        uint64_t *row = rows + b * n_words;

        memcpy(row, overlay->setters[b].row, n_words * sizeof *row);
        for (size_t a = 0; a < overlay->count; a++)
            if (is_added(overlay, a, b) && !is_added(overlay, b, a))
                sg_graph_set(row, overlay->setters[a].node);
    }
    for (size_t i = 0; i < overlay->count; i++)
        overlay->setters[i].row = rows + i * n_words;
    return true;
}

enum sg_err sg_handed_overlay(struct sg_graph *graph,
                              const struct sg_graph_object *object,
                              unsigned field, const uint8_t *element,
                              struct sg_handed_setter *setters, size_t count)
{
    struct overlay overlay = {.graph = graph,
                              .field = field,
                              .element = element,
                              .setters = setters,
                              .count = count};

    if (graph->handed == NULL || count < 2)
        return SG_OK;
    overlay.heads =
        sg_handed_heads(graph, object->type, object->key, &overlay.n_heads);
    if (overlay.n_heads == 0)
        return SG_OK;
    overlay.added = sg_arena_take_zero(&graph->fold->arena, count,
                                       graph->n_words * sizeof(uint64_t));
    if (overlay.added == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t over = 0; over < graph->handed->n_overs; over++)
        for (size_t i = 0; i < count; i++)
            if (is_head_of(&overlay, over, setters[i].node))
                stand_above(&overlay, over, i);
    return merge_rows(&overlay) ? SG_OK : SG_ERR_NOMEM;
}
