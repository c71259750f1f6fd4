#include "storage/registry/merge/holder.h"

#include "storage/registry/merge/ruling.h"
#include "storage/registry/merge/state.h"
#include "storage/registry/merge/status.h"

#define ASKED  1u
#define ACTIVE 2u

/* All who have one number. */
struct holders {
    struct sg_graph *graphs[SG_PIN_HOLDERS_MAX]; /* the person asked about
                                                    first */
    uint8_t states[SG_PIN_HOLDERS_MAX];
    size_t count;
};

static bool is_held(unsigned state)
{
    return state == ASKED || state == ACTIVE;
}

/* Adds the person of GRAPH when he has the number KEY and is not void. */
static enum sg_err add(struct holders *holders, struct sg_graph *graph,
                       struct sg_bytes key)
{
    uint8_t state;
    enum sg_err err = sg_state_of(graph, SG_TYPE_PIN, key, &state);

    if (err != SG_OK || state == 0 || sg_status_of(graph) == SG_STATUS_VOID)
        return err;
    holders->states[holders->count] = state;
    holders->graphs[holders->count++] = graph;
    return SG_OK;
}

static enum sg_err find_holders(struct sg_graph *graph, struct sg_bytes key,
                                struct holders *ret)
{
    struct sg_fold *fold = graph->fold;
    const struct sg_uid *persons;
    size_t count;
    enum sg_err err = fold->source->holders(
        fold->source->context, sg_bytes_get_u64be(key.data), &persons, &count);

    ret->count = 0;
    if (err != SG_OK || count < 2)
        return err;
    err = add(ret, graph, key);
    for (size_t i = 0;
         i < count && err == SG_OK && ret->count < SG_PIN_HOLDERS_MAX; i++) {
        struct sg_graph *other;

        if (sg_uid_compare(&persons[i], &graph->subject) == 0)
            continue;
        err = sg_status_load(fold, &persons[i], graph->unit, &other);
        if (err == SG_OK)
            err = add(ret, other, key);
    }
    return err;
}

/* Says whether the number is in use, and with somebody of another cluster too,
 * or cancelled with anybody. */
static bool is_shared(const struct holders *holders,
                      const struct sg_link_cluster *cluster)
{
    bool is_within = false, is_without = false, is_cancelled = false;

    for (size_t i = 0; i < holders->count; i++) {
        if (!is_held(holders->states[i]))
            is_cancelled = true;
        else if (sg_link_has(cluster, &holders->graphs[i]->subject))
            is_within = true;
        else
            is_without = true;
    }
    return (is_within && is_without) ||
           ((is_within || is_without) && is_cancelled);
}

/* Adds the openings of all holders as contenders. */
static enum sg_err contend(const struct holders *holders,
                           const struct sg_dispute_key *key,
                           struct sg_disputes *disputes)
{
    for (size_t i = 0; i < holders->count; i++) {
        struct sg_graph *graph = holders->graphs[i];
        uint32_t at = sg_graph_object(graph, SG_TYPE_PIN, key->object);
        struct sg_graph_list openings;
        enum sg_err err =
            sg_graph_openings(graph, &graph->objects[at], &openings);

        if (err != SG_OK)
            return err;
        for (size_t k = 0; k < openings.count; k++)
            sg_dispute_add(disputes, key,
                           &graph->records[openings.nodes[k]].ref);
    }
    return SG_OK;
}

/* Judges one number. */
static enum sg_err judge(struct sg_graph *graph, struct sg_bytes number,
                         const struct sg_link_cluster *cluster,
                         struct sg_disputes *disputes)
{
    const struct sg_dispute_key key = {
        .rule = 9, .type = SG_TYPE_PIN, .object = number};
    struct holders holders;
    enum sg_err err = find_holders(graph, number, &holders);

    if (err != SG_OK || holders.count == 0)
        return err;
    for (size_t i = 0; i < holders.count; i++)
        sg_dispute_hear(disputes, holders.graphs[i]);
    if (holders.graphs[0] != graph || !is_shared(&holders, cluster))
        return SG_OK;
    return contend(&holders, &key, disputes);
}

/* Says whether a conflict of one of the numbers is open. */
static enum sg_err find_open(const struct sg_disputes *disputes, bool *ret)
{
    struct sg_disputes numbers = *disputes;
    const struct sg_subject_conflict *conflicts;
    size_t count;
    enum sg_err err;

    numbers.count = 0;
    numbers.capacity = 0;
    numbers.claims = NULL;
    for (size_t i = 0; i < disputes->count; i++)
        if (disputes->claims[i].key.rule == 9)
            sg_dispute_add(&numbers, &disputes->claims[i].key,
                           &disputes->claims[i].ref);
    *ret = false;
    if (numbers.count == 0 && !numbers.is_full)
        return SG_OK;
    err = sg_dispute_settle(&numbers, &conflicts, &count);
    for (size_t i = 0; err == SG_OK && i < count; i++)
        *ret = *ret || (conflicts[i].rule == 9 &&
                        conflicts[i].state != SG_SUBJECT_DECIDED);
    return err;
}

enum sg_err sg_holder_find(struct sg_graph *graph,
                           const struct sg_link_cluster *cluster,
                           struct sg_disputes *disputes, bool *ret_is_open)
{
    for (size_t i = 0; i < graph->n_objects; i++) {
        const struct sg_graph_object *object = &graph->objects[i];
        enum sg_err err;

        if (object->type != SG_TYPE_PIN ||
            sg_bytes_get_u64be(object->key.data) == 0)
            continue;
        err = judge(graph, object->key, cluster, disputes);
        if (err != SG_OK)
            return err;
    }
    return find_open(disputes, ret_is_open);
}
