#include "storage/registry/merge/ruling.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/merge/handed.h"
#include "storage/registry/merge/home.h"

/* A ruling of one decision on one record. */
struct pair {
    uint32_t record, decision; /* nodes */
    bool is_approval;
};

/* Rules that only a superior decides. */
static bool is_superior_rule(unsigned rule)
{
    return rule == 7 || rule == 9 || rule == 11;
}

bool sg_ruling_names(const struct sg_graph_node *node, const uint8_t ref[16])
{
    for (uint32_t i = 0; i < node->n_parents; i++)
        if (memcmp(node->parents + i * SG_GRAPH_REF_SIZE + 2, ref, 16) == 0)
            return true;
    return false;
}

static bool is_decision(const struct sg_graph *graph, uint32_t node)
{
    return graph->records[node].type == SG_TYPE_DECISION;
}

/* --- which stand ------------------------------------------------------- */

static void read_decision(const struct sg_graph_node *node,
                          struct sg_ruling_decision *decision)
{
    decision->act = (uint8_t)sg_graph_uint(node, SG_FIELD_DECISION_ACT, 0);
    decision->rule = (uint8_t)sg_graph_uint(node, SG_FIELD_DECISION_RULE, 0);
    decision->field = (uint8_t)sg_graph_uint(node, SG_FIELD_DECISION_FIELD, 0);
    decision->unit.value = sg_graph_uint(node, SG_FIELD_DECISION_UNIT, 0);
    decision->object = sg_graph_bytes(node, SG_FIELD_DECISION_OBJECT).data;
    decision->element = sg_graph_bytes(node, SG_FIELD_DECISION_ELEMENT).data;
    decision->choice = sg_graph_bytes(node, SG_FIELD_DECISION_CHOICE).data;
    decision->keep = sg_graph_bytes(node, SG_FIELD_DECISION_KEEP).data;
    decision->chosen = SG_GRAPH_NONE;
}

/* Says whether DECISION is competent for the pairs that it rules on, too. */
static enum sg_err is_competent_for_pairs(
    struct sg_graph *graph, const struct sg_ruling_decision *decision,
    bool *is_competent)
{
    const struct sg_graph_node *node = &graph->nodes[decision->node];

    for (uint32_t i = 0; i < node->n_links && *is_competent; i++) {
        const struct sg_graph_node *pair = &graph->nodes[node->links[i]];
        struct sg_graph *other;
        struct sg_uid uid;
        enum sg_err err;

        if (graph->records[node->links[i]].type != SG_TYPE_DUPLICATE ||
            pair->in == NULL)
            continue;
        memcpy(uid.bytes, sg_graph_bytes(pair, SG_FIELD_DUPLICATE_OTHER).data,
               sizeof uid.bytes);
        err = sg_graph_load(graph->fold, &uid, graph->unit, &other);
        if (err != SG_OK)
            return err;
        *is_competent = sg_home_is_ruled_by(other, decision->unit);
    }
    return SG_OK;
}

/* V16: nobody rules on what he wrote himself. Decisions do not count. */
static bool has_four_eyes(const struct sg_graph *graph, uint32_t at)
{
    const struct sg_graph_node *node = &graph->nodes[at];
    const struct sg_key_id *officer = &graph->records[at].officer;

    for (uint32_t i = 0; i < node->n_links; i++) {
        uint32_t parent = node->links[i];

        if (parent < graph->n_real && !is_decision(graph, parent) &&
            sg_key_id_compare(&graph->records[parent].officer, officer) == 0)
            return false;
    }
    return true;
}

/* Says, but for reopening, whether DECISION stands. */
static enum sg_err admit(struct sg_graph *graph,
                         struct sg_ruling_decision *decision)
{
    decision->stands =
        sg_home_is_ruled_by(graph, decision->unit) &&
        (!is_superior_rule(decision->rule) ||
         sg_unit_key_level(decision->unit) <= SG_UNIT_LEVEL_PROVINCE) &&
        has_four_eyes(graph, decision->node);
    if (!decision->stands)
        return SG_OK;
    return is_competent_for_pairs(graph, decision, &decision->stands);
}

static struct sg_ruling_decision *find(const struct sg_ruling *ruling,
                                       uint32_t node)
{
    size_t begin = 0, count = ruling->n_decisions;

    while (count > 0) {
        struct sg_ruling_decision *decision =
            &ruling->decisions[begin + count / 2];

        if (decision->node == node)
            return decision;
        if (decision->node < node)
            begin += count / 2 + 1;
        count = decision->node < node ? count - count / 2 - 1 : count / 2;
    }
    return NULL;
}

const struct sg_ruling_decision *sg_ruling_find(const struct sg_graph *graph,
                                                uint32_t node)
{
    return find(graph->ruling, node);
}

/* Takes what a standing `reopen` names down, the latest first: who reopens can
 * be reopened. */
static void reopen(struct sg_graph *graph)
{
    struct sg_ruling *ruling = graph->ruling;

    for (size_t i = graph->n_nodes; i > 0; i--) {
        uint32_t at = graph->order[i - 1];
        const struct sg_graph_node *node = &graph->nodes[at];
        struct sg_ruling_decision *decision;

        if (!is_decision(graph, at))
            continue;
        decision = find(ruling, at);
        decision->stands = decision->stands && !decision->is_reopened;
        if (!decision->stands || decision->act != SG_RULING_REOPEN)
            continue;
        for (uint32_t k = 0; k < node->n_links; k++) {
            struct sg_ruling_decision *named = find(ruling, node->links[k]);

            if (named != NULL)
                named->is_reopened = true;
        }
    }
    for (size_t i = 0; i < ruling->n_decisions; i++)
        graph->records[ruling->decisions[i].node].is_standing =
            ruling->decisions[i].stands;
}

/* --- approved, refused ------------------------------------------------- */

static int by_record(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;

    if (left->record != right->record)
        return left->record < right->record ? -1 : 1;
    return (left->decision > right->decision) -
           (left->decision < right->decision);
}

static enum sg_err add_clash(struct sg_graph *graph,
                             struct sg_ruling_clash clash)
{
    struct sg_ruling *ruling = graph->ruling;

    if (ruling->n_clashes == ruling->clashes_capacity) {
        size_t capacity = 2 * ruling->clashes_capacity + 8;
        struct sg_ruling_clash *clashes =
            sg_arena_take(&graph->fold->arena, capacity, sizeof *clashes);

        if (clashes == NULL)
            return SG_ERR_NOMEM;
        if (ruling->n_clashes > 0)
            memcpy(clashes, ruling->clashes,
                   ruling->n_clashes * sizeof *clashes);
        ruling->clashes = clashes;
        ruling->clashes_capacity = capacity;
    }
    ruling->clashes[ruling->n_clashes++] = clash;
    return SG_OK;
}

/* Says whether one of COUNT rulings, an approval, has DECISION as ancestor. */
static bool is_overruled(const struct sg_graph *graph, const struct pair *pairs,
                         size_t count, uint32_t decision, bool by_approval)
{
    for (size_t i = 0; i < count; i++)
        if ((!by_approval || pairs[i].is_approval) &&
            sg_graph_is_before(graph, graph->before, decision,
                               pairs[i].decision))
            return true;
    return false;
}

/* C11: of the last rulings one approves and another refuses. */
static enum sg_err find_clash(struct sg_graph *graph, const struct pair *pairs,
                              size_t count)
{
    uint32_t approval = SG_GRAPH_NONE, refusal = SG_GRAPH_NONE;
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < count; i++) {
        if (is_overruled(graph, pairs, count, pairs[i].decision, false))
            continue;
        if (pairs[i].is_approval)
            approval = pairs[i].decision;
        else
            refusal = pairs[i].decision;
    }
    if (approval == SG_GRAPH_NONE || refusal == SG_GRAPH_NONE)
        return SG_OK;
    for (size_t i = 0; i < count && err == SG_OK; i++)
        if (!is_overruled(graph, pairs, count, pairs[i].decision, false))
            err = add_clash(
                graph, (struct sg_ruling_clash){.record = pairs[i].record,
                                                .decision = pairs[i].decision});
    return err;
}

/* Says what COUNT rulings make of the one record that they are about. */
static enum sg_err rule_on(struct sg_graph *graph, const struct pair *pairs,
                           size_t count, bool *has_refused)
{
    struct sg_subject_record *record = &graph->records[pairs[0].record];
    bool is_approved = false;

    for (size_t i = 0; i < count; i++) {
        if (pairs[i].is_approval)
            is_approved = true;
        else if (!is_overruled(graph, pairs, count, pairs[i].decision, true))
            record->is_refused = true;
    }
    record->is_approved =
        is_approved && !record->is_refused && record->is_signed;
    *has_refused = *has_refused || record->is_refused;
    return count > 1 ? find_clash(graph, pairs, count) : SG_OK;
}

/* Lists the rulings that stand on what is held, and not only bridged by an
 * order; *RET_COUNT of them. */
static struct pair *list_rulings(const struct sg_graph *graph,
                                 size_t *ret_count)
{
    const struct sg_ruling *ruling = graph->ruling;
    size_t capacity = 0;
    struct pair *pairs;

    *ret_count = 0;
    for (size_t i = 0; i < ruling->n_decisions; i++)
        capacity += graph->nodes[ruling->decisions[i].node].n_links;
    pairs = sg_arena_take(&graph->fold->arena, capacity, sizeof *pairs);
    for (size_t i = 0; pairs != NULL && i < ruling->n_decisions; i++) {
        const struct sg_ruling_decision *decision = &ruling->decisions[i];
        const struct sg_graph_node *node = &graph->nodes[decision->node];

        if (!decision->stands || decision->act > SG_RULING_REFUSE)
            continue;
        for (uint32_t k = 0; k < node->n_links; k++)
            if (graph->nodes[node->links[k]].schema != NULL &&
                !is_decision(graph, node->links[k]))
                pairs[(*ret_count)++] =
                    (struct pair){node->links[k], decision->node,
                                  decision->act == SG_RULING_APPROVE};
    }
    return pairs;
}

static enum sg_err rule(struct sg_graph *graph)
{
    size_t count, first = 0;
    struct pair *pairs = list_rulings(graph, &count);
    bool has_refused = false;

    if (pairs == NULL)
        return SG_ERR_NOMEM;
    if (count > 1)
        qsort(pairs, count, sizeof *pairs, by_record);
    for (size_t i = 1; i <= count; i++) {
        enum sg_err err;

        if (i < count && pairs[i].record == pairs[first].record)
            continue;
        err = rule_on(graph, pairs + first, i - first, &has_refused);
        if (err != SG_OK)
            return err;
        first = i;
    }
    return has_refused ? sg_graph_mute(graph) : SG_OK;
}

/* --- which objects they are about --------------------------------------- */

static int by_touched(const void *a, const void *b)
{
    const struct sg_ruling_touch *left = a, *right = b;

    if (left->object != right->object)
        return left->object < right->object ? -1 : 1;
    return (left->decision > right->decision) -
           (left->decision < right->decision);
}

/* Lists what the decisions that stand touch, each once. */
static enum sg_err list_touches(struct sg_graph *graph)
{
    struct sg_ruling *ruling = graph->ruling;
    size_t capacity = 0, count = 0;

    for (size_t i = 0; i < ruling->n_decisions; i++)
        capacity += graph->nodes[ruling->decisions[i].node].n_links;
    ruling->touches =
        sg_arena_take(&graph->fold->arena, capacity, sizeof *ruling->touches);
    if (ruling->touches == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < ruling->n_decisions; i++) {
        const struct sg_graph_node *node =
            &graph->nodes[ruling->decisions[i].node];

        for (uint32_t k = 0; ruling->decisions[i].stands && k < node->n_links;
             k++)
            ruling->touches[count++] = (struct sg_ruling_touch){
                graph->nodes[node->links[k]].object, i};
    }
    if (count > 1)
        qsort(ruling->touches, count, sizeof *ruling->touches, by_touched);
    for (size_t i = 0; i < count; i++)
        if (i == 0 ||
            by_touched(&ruling->touches[i - 1], &ruling->touches[i]) != 0)
            ruling->touches[ruling->n_touches++] = ruling->touches[i];
    return SG_OK;
}

const struct sg_ruling_touch *sg_ruling_touching(const struct sg_graph *graph,
                                                 uint32_t object,
                                                 size_t *ret_count)
{
    const struct sg_ruling *ruling = graph->ruling;
    size_t first = 0, count = ruling->n_touches;

    if (count == 0) { /* and then there is no array to count from */
        *ret_count = 0;
        return NULL;
    }
    while (count > 0) {
        size_t half = count / 2;

        if (ruling->touches[first + half].object < object) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    while (first + count < ruling->n_touches &&
           ruling->touches[first + count].object == object)
        count++;
    *ret_count = count;
    return ruling->touches + first;
}

/* Approves what a handover says was approved. */
static void approve_handed(struct sg_graph *graph)
{
    const struct sg_handed *handed = graph->handed;

    for (size_t i = 0; handed != NULL && i < handed->n_heads; i++) {
        uint32_t first;
        size_t count = sg_graph_find(graph, handed->heads[i].ref, &first);

        if ((handed->heads[i].flags & SG_HANDED_APPROVED) == 0)
            continue;
        for (; count > 0; count--, first++)
            graph->records[first].is_approved =
                graph->records[first].is_signed &&
                !graph->records[first].is_refused;
    }
}

enum sg_err sg_ruling_judge(struct sg_graph *graph)
{
    struct sg_arena *arena = &graph->fold->arena;
    struct sg_ruling *ruling = sg_arena_take_zero(arena, 1, sizeof *ruling);
    size_t count = 0;
    enum sg_err err;

    if (ruling == NULL)
        return SG_ERR_NOMEM;
    graph->ruling = ruling;
    for (uint32_t i = 0; i < graph->n_real; i++)
        count += is_decision(graph, i);
    if (count == 0) {
        approve_handed(graph);
        return SG_OK;
    }
    ruling->decisions =
        sg_arena_take_zero(arena, count, sizeof *ruling->decisions);
    if (ruling->decisions == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < graph->n_real; i++) {
        struct sg_ruling_decision *decision =
            &ruling->decisions[ruling->n_decisions];

        if (!is_decision(graph, i))
            continue;
        ruling->n_decisions++;
        decision->node = i;
        read_decision(&graph->nodes[i], decision);
        err = admit(graph, decision);
        if (err != SG_OK)
            return err;
    }
    reopen(graph);
    err = rule(graph);
    approve_handed(graph);
    return err == SG_OK ? list_touches(graph) : err;
}

/* --- choices ----------------------------------------------------------- */

/* Gives what the chosen NODE says in the field that DECISION is about. */
static struct sg_bytes chosen_value(const struct sg_graph *graph, uint32_t node,
                                    const struct sg_ruling_decision *decision)
{
    const struct sg_schema_field *field =
        sg_schema_field(graph->nodes[node].schema, decision->field);
    struct sg_bytes value = sg_handed_value(graph, node, decision->field);

    if (field == NULL || value.size == 0 ||
        strchr("ICVSM", field->merge) == NULL)
        return (struct sg_bytes){0};
    if (field->merge != 'S')
        return decision->element == NULL ? value : (struct sg_bytes){0};
    return decision->element != NULL
               ? sg_handed_element(value, decision->element)
               : (struct sg_bytes){0};
}

/* Says whether field 8 of DECISION, if it is there, names no other object than
 * OBJECT: what is not held, or only bridged by an order, is of none. */
static bool fits_object(const struct sg_graph *graph,
                        const struct sg_ruling_decision *decision,
                        uint32_t object)
{
    bool names_other = false;
    uint32_t first;
    size_t count;

    if (decision->object == NULL)
        return true;
    count = sg_graph_find(graph, decision->object, &first);
    for (size_t i = 0; i < count; i++) {
        if (graph->nodes[first + i].object == object)
            return true;
        names_other = names_other || graph->nodes[first + i].schema != NULL;
    }
    return !names_other;
}

/* Finds what DECISION chooses, a record of TYPE, or of any but the vital. */
static void choose(const struct sg_graph *graph,
                   struct sg_ruling_decision *decision, unsigned type)
{
    const struct sg_graph_node *node = &graph->nodes[decision->node];

    for (uint32_t i = 0; i < node->n_links; i++) {
        uint32_t at = node->links[i];
        const struct sg_graph_node *chosen = &graph->nodes[at];

        if (memcmp(graph->records[at].ref.bytes, decision->choice, 16) != 0 ||
            (type != 0 ? graph->records[at].type != type
                       : graph->records[at].type == SG_TYPE_VITAL) ||
            chosen->object == SG_GRAPH_NONE || !sg_graph_sets(graph, at) ||
            !fits_object(graph, decision, chosen->object))
            continue;
        decision->value = chosen_value(graph, at, decision);
        if (decision->value.size > 0)
            decision->chosen = at;
        break;
    }
}

static bool same_cell(const struct sg_graph *graph,
                      const struct sg_ruling_decision *a,
                      const struct sg_ruling_decision *b)
{
    if (graph->nodes[a->chosen].object != graph->nodes[b->chosen].object ||
        a->field != b->field)
        return false;
    if (a->element == NULL || b->element == NULL)
        return a->element == b->element;
    return memcmp(a->element, b->element, 16) == 0;
}

/* Says whether A and B are choices of one cell, of different values, neither an
 * ancestor of the other. */
static bool contradict(const struct sg_graph *graph,
                       const struct sg_ruling_decision *a,
                       const struct sg_ruling_decision *b)
{
    return a != b && a->chosen != SG_GRAPH_NONE && b->chosen != SG_GRAPH_NONE &&
           same_cell(graph, a, b) && !sg_bytes_equal(a->value, b->value) &&
           !sg_graph_is_before(graph, graph->live, a->node, b->node) &&
           !sg_graph_is_before(graph, graph->live, b->node, a->node);
}

/* Says whether a later choice of the cell, *LAST being a good guess, has both A
 * and B as ancestors. */
static bool is_resolved(const struct sg_graph *graph,
                        const struct sg_ruling_decision *a,
                        const struct sg_ruling_decision *b, size_t *last)
{
    size_t count = graph->ruling->n_decisions;

    for (size_t i = 0; i <= count; i++) {
        size_t at = i == 0 ? *last : i - 1;
        const struct sg_ruling_decision *later = &graph->ruling->decisions[at];

        if (later->chosen == SG_GRAPH_NONE || !same_cell(graph, later, a) ||
            !sg_graph_is_before(graph, graph->live, a->node, later->node) ||
            !sg_graph_is_before(graph, graph->live, b->node, later->node))
            continue;
        *last = at;
        return true;
    }
    return false;
}

/* Drops the choice A when another contradicts it; says whether that is a
 * conflict still. */
static bool drop(const struct sg_graph *graph, struct sg_ruling_decision *a,
                 size_t *last)
{
    for (size_t i = 0; i < graph->ruling->n_decisions; i++) {
        const struct sg_ruling_decision *b = &graph->ruling->decisions[i];

        if (!contradict(graph, a, b))
            continue;
        a->is_dropped = true;
        if (!is_resolved(graph, a, b, last))
            return true;
    }
    return false;
}

static enum sg_err drop_contradicted(struct sg_graph *graph, unsigned type)
{
    struct sg_ruling *ruling = graph->ruling;
    enum sg_err err = SG_OK;
    size_t last = 0;

    for (size_t i = 0; i < ruling->n_decisions && err == SG_OK; i++) {
        struct sg_ruling_decision *choice = &ruling->decisions[i];

        if (choice->chosen == SG_GRAPH_NONE ||
            (graph->records[choice->chosen].type == SG_TYPE_VITAL) !=
                (type == SG_TYPE_VITAL) ||
            !drop(graph, choice, &last))
            continue;
        err = add_clash(graph,
                        (struct sg_ruling_clash){.record = choice->chosen,
                                                 .field = choice->field,
                                                 .element = choice->element,
                                                 .decision = choice->node});
    }
    return err;
}

enum sg_err sg_ruling_choose(struct sg_graph *graph, unsigned type)
{
    struct sg_ruling *ruling = graph->ruling;
    size_t n_chosen = 0;

    for (size_t i = 0; i < ruling->n_decisions; i++) {
        struct sg_ruling_decision *decision = &ruling->decisions[i];

        if (decision->stands && decision->act == SG_RULING_CHOOSE &&
            decision->chosen == SG_GRAPH_NONE)
            choose(graph, decision, type);
        n_chosen += decision->chosen != SG_GRAPH_NONE;
    }
    ruling->has_choices = n_chosen > 0;
    return n_chosen > 1 ? drop_contradicted(graph, type) : SG_OK;
}
