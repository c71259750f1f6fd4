#include "storage/registry/merge/cell.h"

#include <stdlib.h>
#include <string.h>

#include "storage/registry/merge/handed.h"
#include "storage/registry/merge/ruling.h"

#define ELEMENT_SIZE 18u /* a uid as encoded */
#define SETTERS_MIN  32u /* a whole person has 21 */

/* What one record, decision or handover says in one cell. */
struct setter {
    uint32_t node;
    uint8_t field;
    char merge;
    uint8_t source;
    bool is_approved;
    bool is_head;
    uint64_t hlc;
    const uint8_t *element; /* as encoded; NULL but for sets */
    struct sg_bytes value;
};

/* The setters of one object, and then of one of its cells. */
struct merge {
    struct sg_graph *graph;
    const struct sg_graph_object *object;
    const struct sg_schema_type *schema;
    struct setter *setters;
    size_t count;
    size_t capacity;
    bool is_full;                  /* no memory */
    uint64_t *room[2];             /* rows to work in */
    struct sg_handed_setter *rows; /* of the setters of one cell */
    struct sg_subject_head *heads; /* of all cells */
    size_t n_heads;
};

/* --- who sets what ----------------------------------------------------- */

/* Adds SETTER. A lack of memory shows at the end. */
static void push(struct merge *merge, const struct setter *setter)
{
    if (merge->count == merge->capacity && !merge->is_full) {
        size_t capacity =
            merge->capacity > 0 ? 2 * merge->capacity : SETTERS_MIN;
        struct setter *setters = sg_arena_take(&merge->graph->fold->arena,
                                               capacity, sizeof *setters);

        merge->is_full = setters == NULL;
        if (setters != NULL && merge->count > 0)
            memcpy(setters, merge->setters, merge->count * sizeof *setters);
        merge->setters = setters;
        merge->capacity = capacity;
    }
    if (!merge->is_full)
        merge->setters[merge->count++] = *setter;
}

/* Adds one setter, or one for each element of a set. */
static void push_value(struct merge *merge, struct setter setter,
                       struct sg_bytes value)
{
    struct sg_cursor cursor = {value.data};

    setter.value = value;
    if (setter.merge != 'S') {
        push(merge, &setter);
        return;
    }
    if (sg_cursor_is_nil(value.data))
        return;
    for (uint32_t n = sg_cursor_array(&cursor); n > 0; n--) {
        (void)sg_cursor_array(&cursor);
        setter.element = cursor.at;
        (void)sg_cursor_skip(&cursor);
        setter.value = sg_cursor_skip(&cursor);
        push(merge, &setter);
    }
}

static bool is_merged(char merge)
{
    return merge == 'I' || merge == 'C' || merge == 'V' || merge == 'S' ||
           merge == 'F';
}

static void add_record(struct merge *merge, uint32_t at)
{
    const struct sg_graph *graph = merge->graph;
    const struct sg_graph_node *node = &graph->nodes[at];
    const struct sg_schema_field *field = merge->schema->fields;
    const struct sg_bytes *value = node->values;
    struct setter setter = {.node = at,
                            .is_approved = graph->records[at].is_approved,
                            .hlc = graph->records[at].hlc};

    for (uint32_t left = node->present; left != 0; left &= left - 1, value++) {
        unsigned no = (unsigned)__builtin_ctz(left);

        while (field->no < no)
            field++;
        if (!is_merged(field->merge))
            continue;
        setter.field = (uint8_t)no;
        setter.merge = field->merge;
        setter.source = (uint8_t)sg_graph_source(node, no);
        push_value(merge, setter, *value);
    }
}

/* Adds what decisions choose in cells of the object: with the class and hlc of
 * the chosen record. */
static void add_choices(struct merge *merge)
{
    const struct sg_graph *graph = merge->graph;
    uint32_t object = (uint32_t)(merge->object - graph->objects);
    size_t count;
    const struct sg_ruling_touch *touches =
        sg_ruling_touching(graph, object, &count);

    for (size_t i = 0; i < count; i++) {
        const struct sg_ruling_decision *choice =
            &graph->ruling->decisions[touches[i].decision];
        const struct sg_schema_field *field;
        struct setter setter = {.node = choice->node, .is_approved = true};

        if (choice->chosen == SG_GRAPH_NONE || choice->is_dropped ||
            graph->nodes[choice->chosen].object != object)
            continue;
        field = sg_schema_field(merge->schema, choice->field);
        if (!is_merged(field->merge))
            continue; /* a state */
        setter.field = choice->field;
        setter.merge = field->merge;
        setter.hlc = graph->records[choice->chosen].hlc;
        setter.source = (uint8_t)sg_graph_source(&graph->nodes[choice->chosen],
                                                 choice->field);
        setter.value = choice->value;
        if (field->merge == 'S') /* the encoded form stands before it */
            setter.element = choice->element - 2;
        push(merge, &setter);
    }
}

/* Says whether a smaller handover says something of the same head, in the cell
 * of ELEMENT (NULL but for sets). */
static bool is_said_before(const struct sg_handed_head *heads, size_t at,
                           const uint8_t *element)
{
    for (size_t i = at; i > 0; i--) {
        const struct sg_handed_head *before = &heads[i - 1];

        if (before->field != heads[at].field ||
            memcmp(before->ref, heads[at].ref, 16) != 0)
            return false;
        if (element == NULL ||
            sg_handed_element(before->value, element + 2).size > 0)
            return true;
    }
    return false;
}

/* Adds what a head says of a record that is not held. */
static void add_head_of(struct merge *merge, struct setter setter,
                        const struct sg_handed_head *heads, size_t at)
{
    struct sg_cursor cursor = {heads[at].value.data};

    if (setter.merge != 'S') {
        setter.value = heads[at].value;
        if (!is_said_before(heads, at, NULL))
            push(merge, &setter);
        return;
    }
    if (sg_cursor_is_nil(heads[at].value.data))
        return;
    for (uint32_t n = sg_cursor_array(&cursor); n > 0; n--) {
        (void)sg_cursor_array(&cursor);
        setter.element = cursor.at;
        (void)sg_cursor_skip(&cursor);
        setter.value = sg_cursor_skip(&cursor);
        if (!is_said_before(heads, at, setter.element))
            push(merge, &setter);
    }
}

static void add_handed(struct merge *merge, const struct sg_handed_head *heads,
                       size_t at)
{
    const struct sg_graph *graph = merge->graph;
    const struct sg_handed_head *head = &heads[at];
    const struct sg_schema_field *field =
        sg_schema_field(merge->schema, head->field);
    struct setter setter = {
        .field = head->field, .source = head->source, .hlc = head->hlc};
    uint32_t first;
    size_t count = sg_graph_find(graph, head->ref, &first);

    if (field == NULL || !is_merged(field->merge) || count == 0 ||
        first < graph->n_real)
        return;
    setter.merge = field->merge;
    for (setter.node = first; setter.node < first + count; setter.node++) {
        setter.is_approved = graph->records[setter.node].is_approved;
        if (graph->nodes[setter.node].object ==
                (uint32_t)(merge->object - graph->objects) &&
            sg_graph_sets(graph, setter.node))
            add_head_of(merge, setter, heads, at);
    }
}

static void add_all(struct merge *merge)
{
    const struct sg_graph *graph = merge->graph;
    const struct sg_graph_object *object = merge->object;
    size_t n_heads;
    const struct sg_handed_head *heads =
        sg_handed_heads(graph, object->type, object->key, &n_heads);

    for (uint32_t i = 0; i < object->n_members; i++)
        if (graph->nodes[object->members[i]].in != NULL &&
            sg_graph_sets(graph, object->members[i]))
            add_record(merge, object->members[i]);
    if (graph->ruling->has_choices)
        add_choices(merge);
    for (size_t i = 0; i < n_heads; i++)
        add_handed(merge, heads, i);
}

static int by_cell(const void *a, const void *b)
{
    const struct setter *left = a, *right = b;
    int order = left->field - right->field;

    if (order == 0 && left->element != NULL)
        order = memcmp(left->element, right->element, ELEMENT_SIZE);
    if (order == 0)
        order = (left->node > right->node) - (left->node < right->node);
    return order != 0 ? order : sg_bytes_compare(left->value, right->value);
}

static enum sg_err list_setters(struct merge *merge)
{
    bool is_sorted = true;

    add_all(merge);
    if (merge->is_full)
        return SG_ERR_NOMEM;
    for (size_t i = 1; i < merge->count && is_sorted; i++)
        is_sorted = by_cell(&merge->setters[i - 1], &merge->setters[i]) <= 0;
    if (!is_sorted)
        qsort(merge->setters, merge->count, sizeof merge->setters[0], by_cell);
    return SG_OK;
}

/* --- heads ------------------------------------------------------------- */

/* Ors the rows of those of COUNT setters that are WANTED into ROW. */
static void cover(const struct merge *merge, const bool *wanted, size_t count,
                  uint64_t *row)
{
    size_t n_words = merge->graph->n_words;

    memset(row, 0, n_words * sizeof *row);
    for (size_t i = 0; i < count; i++)
        if (wanted == NULL || wanted[i])
            for (size_t w = 0; w < n_words; w++)
                row[w] |= merge->rows[i].row[w];
}

static enum sg_err find_heads(struct merge *merge, struct setter *setters,
                              size_t count)
{
    struct sg_graph *graph = merge->graph;
    const uint8_t *element = setters[0].element;
    enum sg_err err;

    for (size_t i = 0; i < count; i++)
        merge->rows[i] = (struct sg_handed_setter){
            setters[i].node, sg_graph_row(graph, graph->live, setters[i].node)};
    err = sg_handed_overlay(graph, merge->object, setters[0].field,
                            element != NULL ? element + 2 : NULL, merge->rows,
                            count);
    if (err != SG_OK)
        return err;
    cover(merge, NULL, count, merge->room[0]);
    for (size_t i = 0; i < count; i++)
        setters[i].is_head = !sg_graph_bit(merge->room[0], setters[i].node);
    return SG_OK;
}

/* Says whether all setters that are WANTED, and there is one, say the same;
 * *RET_ONE is one of them, an approved one if there is any. */
static bool agree(const struct setter *setters, const bool *wanted,
                  size_t count, const struct setter **ret_one)
{
    const struct setter *one = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!wanted[i])
            continue;
        if (one != NULL && !sg_bytes_equal(one->value, setters[i].value))
            return false;
        if (one == NULL || (!one->is_approved && setters[i].is_approved))
            one = &setters[i];
    }
    *ret_one = one;
    return one != NULL;
}

/* Narrows WANTED down to those that are no ancestor of another of them. */
static void keep_last(const struct merge *merge, const struct setter *setters,
                      bool *wanted, size_t count)
{
    cover(merge, wanted, count, merge->room[0]);
    for (size_t i = 0; i < count; i++)
        wanted[i] = wanted[i] && !sg_graph_bit(merge->room[0], setters[i].node);
}

/* Marks those that are ancestors of every head. */
static void want_common(const struct merge *merge, const struct setter *setters,
                        bool *wanted, size_t count)
{
    uint64_t *common = merge->room[1];
    size_t n_words = merge->graph->n_words;

    memset(common, 0xff, n_words * sizeof *common);
    for (size_t i = 0; i < count; i++)
        if (setters[i].is_head)
            for (size_t w = 0; w < n_words; w++)
                common[w] &= merge->rows[i].row[w];
    for (size_t i = 0; i < count; i++)
        wanted[i] = sg_graph_bit(common, setters[i].node);
}

/* --- what stands ------------------------------------------------------- */

/* What the setters of a cell come to. */
struct outcome {
    const struct setter *stands; /* NULL: nobody */
    uint8_t flags;
};

/* Class I: no winner. */
static struct outcome merge_identity(const struct merge *merge,
                                     const struct setter *setters, bool *wanted,
                                     size_t count)
{
    struct outcome outcome = {0};
    bool is_one, has_approved = false, has_approved_head = false;

    for (size_t i = 0; i < count; i++) {
        wanted[i] = setters[i].is_head;
        has_approved = has_approved || setters[i].is_approved;
        has_approved_head =
            has_approved_head || (setters[i].is_head && setters[i].is_approved);
    }
    is_one = agree(setters, wanted, count, &outcome.stands);
    if (is_one && (has_approved_head || !has_approved)) {
        outcome.flags = has_approved_head ? SG_SUBJECT_APPROVED : 0;
        return outcome;
    }
    outcome.flags = is_one ? SG_SUBJECT_PENDING : SG_SUBJECT_CONFLICT;
    for (size_t i = 0; i < count; i++)
        wanted[i] = setters[i].is_approved;
    keep_last(merge, setters, wanted, count);
    if (!agree(setters, wanted, count, &outcome.stands)) {
        want_common(merge, setters, wanted, count);
        keep_last(merge, setters, wanted, count);
        if (!agree(setters, wanted, count, &outcome.stands))
            outcome.stands = NULL;
    }
    if (outcome.stands != NULL && outcome.stands->is_approved)
        outcome.flags |= SG_SUBJECT_APPROVED;
    return outcome;
}

/* Says whether A comes before B, concurrent in a cell of class MERGE. */
static bool is_better(const struct merge *merge, const struct setter *a,
                      const struct setter *b)
{
    const struct sg_subject_record *records = merge->graph->records;

    if (a->merge == 'F')
        return sg_ref_compare(&records[a->node].ref, &records[b->node].ref) < 0;
    if (a->merge != 'C' && a->is_approved != b->is_approved)
        return a->is_approved;
    if (a->source != b->source)
        return a->source > b->source;
    if (a->hlc != b->hlc)
        return a->hlc > b->hlc;
    return sg_ref_compare(&records[a->node].ref, &records[b->node].ref) > 0;
}

/* Classes V, C, S and F: the best stands. */
static struct outcome merge_best(const struct merge *merge,
                                 const struct setter *setters, size_t count)
{
    struct outcome outcome = {0};
    bool is_one = true;

    for (size_t i = 0; i < count; i++) {
        if (!setters[i].is_head)
            continue;
        if (outcome.stands != NULL)
            is_one = is_one &&
                     sg_bytes_equal(outcome.stands->value, setters[i].value);
        if (outcome.stands == NULL ||
            is_better(merge, &setters[i], outcome.stands))
            outcome.stands = &setters[i];
    }
    if (!is_one && setters[0].merge != 'C' && setters[0].merge != 'F')
        outcome.flags = SG_SUBJECT_CONFLICT;
    for (size_t i = 0; i < count; i++)
        if (setters[i].is_head && setters[i].is_approved &&
            sg_bytes_equal(outcome.stands->value, setters[i].value))
            outcome.flags |= SG_SUBJECT_APPROVED;
    return outcome;
}

/* --- the cells of an object -------------------------------------------- */

static enum sg_err prepare(struct merge *merge)
{
    struct sg_arena *arena = &merge->graph->fold->arena;
    size_t n_words = merge->graph->n_words;

    merge->rows = sg_arena_take(arena, merge->count, sizeof *merge->rows);
    merge->room[0] = sg_arena_take(arena, n_words, sizeof(uint64_t));
    merge->room[1] = sg_arena_take(arena, n_words, sizeof(uint64_t));
    if (merge->rows == NULL || merge->room[0] == NULL || merge->room[1] == NULL)
        return SG_ERR_NOMEM;
    return SG_OK;
}

static void add_head(struct merge *merge, const struct setter *setter)
{
    merge->heads[merge->n_heads++] = (struct sg_subject_head){
        .record = &merge->graph->records[setter->node],
        .value = setter->value,
        .source = (enum sg_record_source)setter->source,
        .is_approved = setter->is_approved};
}

/* Merges several setters of one cell. */
static enum sg_err merge_several(struct merge *merge, struct setter *setters,
                                 size_t count, struct outcome *ret)
{
    bool *wanted;
    enum sg_err err = SG_OK;

    if (merge->rows == NULL)
        err = prepare(merge);
    if (err == SG_OK)
        err = find_heads(merge, setters, count);
    if (err != SG_OK)
        return err;
    if (setters[0].merge != 'I') {
        if (setters[0].merge == 'F')
            for (size_t i = 0; i < count; i++)
                setters[i].is_head = true;
        *ret = merge_best(merge, setters, count);
        return SG_OK;
    }
    wanted = sg_arena_take(&merge->graph->fold->arena, count, sizeof *wanted);
    if (wanted == NULL)
        return SG_ERR_NOMEM;
    *ret = merge_identity(merge, setters, wanted, count);
    return SG_OK;
}

static int by_ref(const void *a, const void *b)
{
    const struct sg_subject_head *left = a, *right = b;

    return sg_ref_compare(&left->record->ref, &right->record->ref);
}

static enum sg_err make_cell(struct merge *merge, struct setter *setters,
                             size_t count, struct sg_subject_cell *ret)
{
    struct outcome outcome = {setters, setters[0].is_approved ? 1 : 0};
    size_t first = merge->n_heads;

    setters[0].is_head = true;
    if (count > 1) {
        enum sg_err err = merge_several(merge, setters, count, &outcome);

        if (err != SG_OK)
            return err;
    }
    for (size_t i = 0; i < count; i++)
        if (setters[i].is_head)
            add_head(merge, &setters[i]);
    if (merge->n_heads - first > 1)
        qsort(merge->heads + first, merge->n_heads - first,
              sizeof merge->heads[0], by_ref);
    *ret = (struct sg_subject_cell){.field = setters[0].field,
                                    .merge = setters[0].merge,
                                    .flags = outcome.flags,
                                    .heads = merge->heads + first,
                                    .n_heads = merge->n_heads - first};
    if (setters[0].element != NULL)
        ret->element = sg_bytes(setters[0].element, ELEMENT_SIZE);
    if (outcome.stands != NULL) {
        ret->value = outcome.stands->value;
        ret->by = &merge->graph->records[outcome.stands->node];
        ret->source = (enum sg_record_source)outcome.stands->source;
    }
    return SG_OK;
}

static bool same_cell(const struct setter *a, const struct setter *b)
{
    return a->field == b->field &&
           (a->element == NULL ||
            memcmp(a->element, b->element, ELEMENT_SIZE) == 0);
}

enum sg_err sg_cell_merge(struct sg_graph *graph,
                          const struct sg_graph_object *object,
                          const struct sg_subject_cell **ret_cells,
                          size_t *ret_count)
{
    struct merge merge = {.graph = graph,
                          .object = object,
                          .schema = graph->nodes[object->members[0]].schema};
    struct sg_arena *arena = &graph->fold->arena;
    struct sg_subject_cell *cells;
    size_t count = 0, first = 0;
    enum sg_err err = list_setters(&merge);

    if (err != SG_OK)
        return err;
    cells = sg_arena_take(arena, merge.count, sizeof *cells);
    merge.heads = sg_arena_take(arena, merge.count, sizeof *merge.heads);
    if (cells == NULL || merge.heads == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 1; i <= merge.count; i++) {
        if (i < merge.count &&
            same_cell(&merge.setters[first], &merge.setters[i]))
            continue;
        err = make_cell(&merge, &merge.setters[first], i - first,
                        &cells[count++]);
        if (err != SG_OK)
            return err;
        first = i;
    }
    *ret_cells = cells;
    *ret_count = count;
    return SG_OK;
}
