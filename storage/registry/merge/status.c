#include "storage/registry/merge/status.h"

#include "storage/registry/merge/handed.h"
#include "storage/registry/merge/ruling.h"
#include "storage/registry/merge/state.h"
#include "storage/registry/rules_state.h"

#define NO_KEY              ((struct sg_bytes){0})
#define RESIDENCE_CLOSED    3u
#define CARD_WITHDRAWN      10u
#define DOSSIER_WITHDRAWN   12u
#define ACCOUNT_LOCKED      5u
#define ACCOUNT_DELETED     6u
#define EXCLUSION_FOR_DEATH 3u

static bool is_dead(unsigned state)
{
    return state == SG_STATUS_DEAD || state == SG_STATUS_DECLARED;
}

unsigned sg_status_of(const struct sg_graph *graph)
{
    uint32_t at = sg_graph_object(graph, SG_TYPE_VITAL, NO_KEY);

    return at == SG_GRAPH_NONE ? 0 : graph->objects[at].state;
}

/* --- the day of death -------------------------------------------------- */

static bool is_in(const struct sg_graph_list *list, uint32_t node)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->nodes[i] == node)
            return true;
    return false;
}

static unsigned number_in(struct sg_bytes value)
{
    struct sg_cursor cursor = {value.data};

    return value.size == 0 || sg_cursor_is_nil(value.data)
               ? 0
               : (unsigned)sg_cursor_uint(&cursor);
}

/* Says whether NODE says on which day it was: it sets the state that stands,
 * and field 3, and is a head of the machine or an ancestor of one. */
static bool tells_day(const struct sg_graph *graph,
                      const struct sg_graph_object *vital,
                      const struct sg_state_result *result, uint32_t node)
{
    if (!sg_graph_sets(graph, node) || is_in(&result->illegal, node) ||
        number_in(sg_handed_value(graph, node, SG_FIELD_VITAL_STATE)) !=
            vital->state ||
        number_in(sg_handed_value(graph, node, SG_FIELD_VITAL_AT)) == 0)
        return false;
    if (is_in(&result->heads, node))
        return true;
    for (size_t i = 0; i < result->heads.count; i++)
        if (sg_graph_is_before(graph, graph->live, node,
                               result->heads.nodes[i]))
            return true;
    return false;
}

/* Finds the day of death; of several that are said concurrently, the one that
 * may be latest. */
static void find_death(struct sg_graph *graph,
                       const struct sg_graph_object *vital,
                       const struct sg_state_result *result)
{
    for (uint32_t i = 0; i < vital->n_members; i++) {
        uint32_t node = vital->members[i];
        struct sg_date at;
        bool is_last = true;

        if (!tells_day(graph, vital, result, node))
            continue;
        for (uint32_t k = 0; k < vital->n_members && is_last; k++)
            is_last = !sg_graph_is_before(graph, graph->live, node,
                                          vital->members[k]) ||
                      !tells_day(graph, vital, result, vital->members[k]);
        at.ymd = number_in(sg_handed_value(graph, node, SG_FIELD_VITAL_AT));
        if (is_last &&
            (graph->death.ymd == 0 ||
             sg_date_compare(sg_date_last(at), sg_date_last(graph->death)) > 0))
            graph->death = at;
    }
}

/* --- what it freezes --------------------------------------------------- */

static uint32_t identity_fields(const struct sg_schema_type *schema)
{
    uint32_t fields = 0;

    for (unsigned i = 0; i < schema->n_fields; i++)
        if (schema->fields[i].merge == 'I')
            fields |= UINT32_C(1) << schema->fields[i].no;
    return fields;
}

/* Says whether an exclusion, or its opening, is because of the death. */
static bool is_for_death(const struct sg_graph *graph, uint32_t at)
{
    const struct sg_graph_object *object =
        &graph->objects[graph->nodes[at].object];
    uint32_t first;
    size_t count = sg_graph_find(graph, object->key.data, &first);

    if (sg_graph_uint(&graph->nodes[at], SG_FIELD_EXCLUSION_REASON, 0) ==
        EXCLUSION_FOR_DEATH)
        return true;
    for (; count > 0 && first < graph->n_real; count--, first++)
        if (graph->records[first].type == SG_TYPE_EXCLUSION &&
            sg_graph_uint(&graph->nodes[first], SG_FIELD_EXCLUSION_REASON, 0) ==
                EXCLUSION_FOR_DEATH)
            return true;
    return false;
}

/* Says whether records like AT freeze when they come after a death. */
static bool can_freeze(const struct sg_graph *graph, uint32_t at)
{
    const struct sg_graph_node *node = &graph->nodes[at];
    uint64_t state;

    if (node->schema == NULL)
        return false;
    state = sg_graph_has(node, SG_FIELD_COMMON_STATE)
                ? sg_graph_uint(node, SG_FIELD_COMMON_STATE, 0)
                : 0;
    switch (graph->records[at].type) {
    case SG_TYPE_DOSSIER:
        return state != CARD_WITHDRAWN && state != DOSSIER_WITHDRAWN;
    case SG_TYPE_ACCOUNT:
        return state != ACCOUNT_LOCKED && state != ACCOUNT_DELETED;
    case SG_TYPE_RESIDENCE:
        return state != RESIDENCE_CLOSED;
    case SG_TYPE_EXCLUSION:
        return !is_for_death(graph, at);
    case SG_TYPE_PERSON:
        return (node->present & identity_fields(node->schema)) != 0;
    default:
        return false;
    }
}

static bool is_freezable(unsigned type)
{
    return type == SG_TYPE_PERSON || type == SG_TYPE_RESIDENCE ||
           type == SG_TYPE_DOSSIER || type == SG_TYPE_ACCOUNT ||
           type == SG_TYPE_EXCLUSION;
}

static void freeze(struct sg_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_real; i++)
        graph->records[i].is_frozen =
            graph->death.ymd != 0 && can_freeze(graph, i) &&
            sg_rules_is_after(graph->records[i].effective, graph->death);
    for (uint32_t i = (uint32_t)graph->n_real; i < graph->n_nodes; i++)
        graph->records[i].is_frozen = is_freezable(graph->records[i].type) &&
                                      sg_handed_is_frozen(graph, i);
}

enum sg_err sg_status_prepare(struct sg_graph *graph)
{
    uint32_t at = sg_graph_object(graph, SG_TYPE_VITAL, NO_KEY);
    struct sg_state_result result;
    enum sg_err err;

    if (graph->ruling != NULL)
        return SG_OK;
    err = sg_ruling_judge(graph);
    if (err == SG_OK && at != SG_GRAPH_NONE) {
        struct sg_graph_object *vital = &graph->objects[at];

        err = sg_ruling_choose(graph, SG_TYPE_VITAL);
        if (err == SG_OK)
            err = sg_state_judge(graph, vital, false, &result);
        if (err == SG_OK && is_dead(vital->state)) {
            find_death(graph, vital, &result);
            freeze(graph);
        }
    }
    return err == SG_OK ? sg_ruling_choose(graph, 0) : err;
}

enum sg_err sg_status_load(struct sg_fold *fold, const struct sg_uid *subject,
                           struct sg_unit_key unit, struct sg_graph **ret_graph)
{
    enum sg_err err = sg_graph_load(fold, subject, unit, ret_graph);

    return err == SG_OK ? sg_status_prepare(*ret_graph) : err;
}
