#include "storage/registry/merge/dispute.h"

#include <stdlib.h>
#include <string.h>

#include "storage/registry/merge/ruling.h"

/* Rules whose conflicts are decided by decisions: bit n for Cn. */
#define DECIDED                                                               \
    (1u << 5 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 11 | 1u << 13 | \
     1u << 14 | 1u << 16 | 1u << 17 | 1u << 18)
/* Those of the whole subject. */
#define OF_SUBJECT (1u << 8 | 1u << 13 | 1u << 14)

static bool is_of(uint32_t rules, unsigned rule)
{
    return rule < 32 && (rules >> rule & 1) != 0;
}

void sg_dispute_add(struct sg_disputes *disputes,
                    const struct sg_dispute_key *key, const struct sg_ref *ref)
{
    if (disputes->count == disputes->capacity && !disputes->is_full) {
        size_t capacity = 2 * disputes->capacity + 8;
        struct sg_dispute_claim *claims = sg_arena_take(
            &disputes->graph->fold->arena, capacity, sizeof *claims);

        disputes->is_full = claims == NULL;
        if (claims != NULL && disputes->count > 0)
            memcpy(claims, disputes->claims, disputes->count * sizeof *claims);
        disputes->claims = claims;
        disputes->capacity = capacity;
    }
    if (!disputes->is_full)
        disputes->claims[disputes->count++] =
            (struct sg_dispute_claim){*key, *ref};
}

void sg_dispute_hear(struct sg_disputes *disputes, struct sg_graph *graph)
{
    size_t count = disputes->n_holders;
    struct sg_graph **graphs;

    for (size_t i = 0; i < count; i++)
        if (disputes->holders[i] == graph)
            return;
    if (graph == disputes->graph)
        return;
    graphs =
        sg_arena_take(&disputes->graph->fold->arena, count + 1, sizeof *graphs);
    if (graphs == NULL) {
        disputes->is_full = true;
        return;
    }
    if (count > 0)
        memcpy(graphs, disputes->holders, count * sizeof *graphs);
    graphs[count] = graph;
    disputes->holders = graphs;
    disputes->n_holders++;
}

static int compare_keys(const struct sg_dispute_key *a,
                        const struct sg_dispute_key *b)
{
    int order = a->rule - b->rule;

    if (order == 0)
        order = a->type - b->type;
    if (order == 0)
        order = sg_bytes_compare(a->object, b->object);
    if (order == 0)
        order = a->field - b->field;
    return order != 0 ? order : sg_bytes_compare(a->element, b->element);
}

static int by_key(const void *a, const void *b)
{
    const struct sg_dispute_claim *left = a, *right = b;
    int order = compare_keys(&left->key, &right->key);

    return order != 0 ? order : sg_ref_compare(&left->ref, &right->ref);
}

/* --- which decisions are for a key ------------------------------------- */

/* A decision and the graph of its subject. */
struct vote {
    const struct sg_graph *graph;
    const struct sg_ruling_decision *decision;
};

static bool is_vote(const struct sg_ruling_decision *decision)
{
    return decision->act >= SG_RULING_CHOOSE &&
           decision->act <= SG_RULING_CLEAR && is_of(DECIDED, decision->rule);
}

/* Says whether a decision counts: a choice must choose. */
static bool counts(const struct sg_ruling_decision *decision)
{
    return decision->stands &&
           (decision->act != SG_RULING_CHOOSE ||
            (decision->chosen != SG_GRAPH_NONE && !decision->is_dropped));
}

/* Says whether REF is a record of the object TYPE, KEY of GRAPH. */
static bool is_of_object(const struct sg_graph *graph, const uint8_t ref[16],
                         unsigned type, struct sg_bytes key)
{
    uint32_t first;
    size_t count = sg_graph_find(graph, ref, &first);

    for (size_t i = 0; i < count; i++) {
        uint32_t object = graph->nodes[first + i].object;

        if (object != SG_GRAPH_NONE && graph->objects[object].type == type &&
            sg_bytes_equal(graph->objects[object].key, key))
            return true;
    }
    return false;
}

/* Says whether VOTE is as KEY says: its field 8 names a record of the object.
 */
static bool is_for(const struct vote *vote, const struct sg_dispute_key *key)
{
    const struct sg_ruling_decision *decision = vote->decision;

    if (!is_vote(decision) || decision->rule != key->rule ||
        decision->field != key->field ||
        (decision->element == NULL) != (key->element.size == 0) ||
        (decision->element != NULL &&
         memcmp(decision->element, key->element.data, 16) != 0))
        return false;
    if (decision->object == NULL)
        return key->object.size == 0;
    return !is_of(OF_SUBJECT, key->rule) &&
           is_of_object(vote->graph, decision->object, key->type, key->object);
}

/* Gives vote INDEX: of his own decisions, then of the other holders'. */
static bool get_vote(const struct sg_disputes *disputes, size_t index,
                     bool with_holders, struct vote *ret)
{
    const struct sg_graph *graph = disputes->graph;

    for (size_t i = 0;; i++) {
        if (index < graph->ruling->n_decisions) {
            *ret = (struct vote){graph, &graph->ruling->decisions[index]};
            return true;
        }
        index -= graph->ruling->n_decisions;
        if (!with_holders || i == disputes->n_holders)
            return false;
        graph = disputes->holders[i];
    }
}

static bool covers(const struct vote *vote, const struct sg_ref *contenders,
                   size_t count)
{
    const struct sg_graph_node *node =
        &vote->graph->nodes[vote->decision->node];

    if (count > SG_PARENTS_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!sg_ruling_names(node, contenders[i].bytes))
            return false;
    return true;
}

static bool names_one(const struct vote *vote, const struct sg_ref *contenders,
                      size_t count)
{
    const struct sg_graph_node *node =
        &vote->graph->nodes[vote->decision->node];

    for (size_t i = 0; i < count; i++)
        if (sg_ruling_names(node, contenders[i].bytes))
            return true;
    return false;
}

bool sg_dispute_is_decided(struct sg_graph *graph,
                           const struct sg_dispute_key *key,
                           const struct sg_ref *contenders, size_t count)
{
    const struct sg_disputes disputes = {.graph = graph};
    struct vote vote;

    for (size_t i = 0; get_vote(&disputes, i, false, &vote); i++)
        if (counts(vote.decision) && is_for(&vote, key) &&
            covers(&vote, contenders, count))
            return true;
    return false;
}

/* --- keys of which nobody contends any more ---------------------------- */

/* Returns the type of the first parent of VOTE that is held. */
static unsigned type_of_parents(const struct vote *vote)
{
    const struct sg_graph *graph = vote->graph;
    const struct sg_graph_node *node = &graph->nodes[vote->decision->node];

    for (uint32_t i = 0; i < node->n_links; i++)
        if (graph->records[node->links[i]].type != 0)
            return graph->records[node->links[i]].type;
    return 0;
}

/* Gives what VOTE, for which no condition holds, is about; false when that
 * cannot be told. */
static bool key_of(const struct vote *vote, struct sg_dispute_key *ret)
{
    const struct sg_ruling_decision *decision = vote->decision;
    const struct sg_graph *graph = vote->graph;
    uint32_t first;

    *ret = (struct sg_dispute_key){.rule = decision->rule,
                                   .field = decision->field};
    if (decision->element != NULL)
        ret->element = sg_bytes(decision->element, 16);
    if (decision->object != NULL) {
        if (sg_graph_find(graph, decision->object, &first) == 0 ||
            graph->nodes[first].object == SG_GRAPH_NONE)
            return false;
        ret->type = (uint8_t)graph->objects[graph->nodes[first].object].type;
        ret->object = graph->objects[graph->nodes[first].object].key;
    } else {
        ret->type = (uint8_t)type_of_parents(vote);
    }
    if (!is_of(OF_SUBJECT, decision->rule))
        return ret->type != 0;
    ret->type = 0;
    return true;
}

/* Adds the parents of VOTE as contenders for KEY. */
static void add_parents(struct sg_disputes *disputes, const struct vote *vote,
                        const struct sg_dispute_key *key)
{
    const struct sg_graph_node *node =
        &vote->graph->nodes[vote->decision->node];

    for (uint32_t i = 0; i < node->n_parents; i++) {
        struct sg_ref ref;

        memcpy(ref.bytes, node->parents + i * SG_GRAPH_REF_SIZE + 2,
               sizeof ref.bytes);
        sg_dispute_add(disputes, key, &ref);
    }
}

/* --- conflicts --------------------------------------------------------- */

/* Puts the claims in order, each once; returns how many are left. */
static size_t sort(struct sg_dispute_claim *claims, size_t count)
{
    size_t kept = 0;

    if (count > 1)
        qsort(claims, count, sizeof *claims, by_key);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || by_key(&claims[kept - 1], &claims[i]) != 0)
            claims[kept++] = claims[i];
    return kept;
}

static size_t end_of_key(const struct sg_dispute_claim *claims, size_t count,
                         size_t first)
{
    size_t end = first;

    while (end < count &&
           compare_keys(&claims[first].key, &claims[end].key) == 0)
        end++;
    return end;
}

/* One conflict in the making. */
struct making {
    const struct sg_dispute_claim *claims; /* those of the condition */
    size_t count;
    struct sg_ref *refs; /* the same refs */
    bool holds;
};

/* Says whether VOTE decides: all contenders are among its parents. */
static bool decides(const struct making *making, const struct vote *vote)
{
    struct sg_dispute_key key;

    if (!counts(vote->decision))
        return false;
    if (making->holds)
        return covers(vote, making->refs, making->count);
    return key_of(vote, &key) &&
           compare_keys(&key, &making->claims[0].key) == 0;
}

/* Finds the decisions for the conflict: its state, its history. */
static enum sg_err find_history(const struct sg_disputes *disputes,
                                const struct making *making,
                                const struct sg_dispute_key *key,
                                struct sg_subject_conflict *conflict)
{
    struct sg_arena *arena = &disputes->graph->fold->arena;
    const struct sg_subject_record **history = NULL;
    struct vote vote;

    conflict->state = SG_SUBJECT_OPEN;
    for (int pass = 0; pass < 2; pass++) {
        conflict->n_decisions = 0;
        for (size_t i = 0; get_vote(disputes, i, key->rule == 9, &vote); i++) {
            if (!is_for(&vote, key))
                continue;
            if (pass > 0)
                history[conflict->n_decisions] =
                    &vote.graph->records[vote.decision->node];
            conflict->n_decisions++;
            if (decides(making, &vote))
                conflict->state = SG_SUBJECT_DECIDED;
            else if (conflict->state == SG_SUBJECT_OPEN &&
                     names_one(&vote, making->refs, making->count))
                conflict->state = SG_SUBJECT_REOPENED;
        }
        if (pass > 0 || conflict->n_decisions == 0)
            break;
        history = sg_arena_take(arena, conflict->n_decisions, sizeof *history);
        if (history == NULL)
            return SG_ERR_NOMEM;
    }
    conflict->decisions = history;
    return SG_OK;
}

/* Gives the contenders of a decided conflict: all parents of what decides. */
static enum sg_err find_parents(const struct sg_disputes *disputes,
                                const struct making *making,
                                const struct sg_dispute_key *key,
                                struct sg_subject_conflict *conflict)
{
    struct sg_disputes parents = {.graph = disputes->graph};
    struct vote vote;
    struct sg_ref *refs;

    for (size_t i = 0; get_vote(disputes, i, key->rule == 9, &vote); i++)
        if (is_for(&vote, key) && decides(making, &vote))
            add_parents(&parents, &vote, key);
    refs = sg_arena_take(&disputes->graph->fold->arena, parents.count,
                         sizeof *refs);
    if (parents.is_full || refs == NULL)
        return SG_ERR_NOMEM;
    conflict->n_contenders = sort(parents.claims, parents.count);
    for (size_t i = 0; i < conflict->n_contenders; i++)
        refs[i] = parents.claims[i].ref;
    conflict->contenders = refs;
    return SG_OK;
}

/* Returns the largest hlc of the contenders that are held. */
static uint64_t since(const struct sg_disputes *disputes,
                      const struct sg_subject_conflict *conflict)
{
    uint64_t largest = 0;

    for (size_t i = 0; i < conflict->n_contenders; i++)
        for (size_t k = 0; k <= disputes->n_holders; k++) {
            const struct sg_graph *graph =
                k == 0 ? disputes->graph : disputes->holders[k - 1];
            uint32_t first;

            if (sg_graph_find(graph, conflict->contenders[i].bytes, &first) >
                    0 &&
                graph->records[first].hlc > largest)
                largest = graph->records[first].hlc;
        }
    return largest;
}

static enum sg_err make(const struct sg_disputes *disputes,
                        const struct sg_dispute_claim *claims, size_t count,
                        bool holds, struct sg_subject_conflict *conflict)
{
    const struct sg_dispute_key *key = &claims[0].key;
    struct making making = {claims, count, NULL, holds};
    enum sg_err err;

    making.refs = sg_arena_take(&disputes->graph->fold->arena, count,
                                sizeof *making.refs);
    if (making.refs == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        making.refs[i] = claims[i].ref;
    *conflict = (struct sg_subject_conflict){.rule = key->rule,
                                             .field = key->field,
                                             .type = key->type,
                                             .object = key->object,
                                             .element = key->element,
                                             .contenders = making.refs,
                                             .n_contenders = count};
    err = find_history(disputes, &making, key, conflict);
    if (err == SG_OK && conflict->state == SG_SUBJECT_DECIDED)
        err = find_parents(disputes, &making, key, conflict);
    conflict->since = since(disputes, conflict);
    return err;
}

static bool is_claimed(const struct sg_disputes *disputes,
                       const struct sg_dispute_key *key)
{
    for (size_t i = 0; i < disputes->count; i++)
        if (compare_keys(&disputes->claims[i].key, key) == 0)
            return true;
    return false;
}

/* Says whether VOTE is for a conflict that holds: it is as its key says, and
 * one of its contenders is among the parents. */
static bool is_for_one(const struct sg_disputes *disputes,
                       const struct vote *vote)
{
    for (size_t i = 0; i < disputes->count; i++)
        if (is_for(vote, &disputes->claims[i].key) &&
            names_one(vote, &disputes->claims[i].ref, 1))
            return true;
    return false;
}

/* Adds what stands decided although nobody contends any more. */
static void add_decided(struct sg_disputes *disputes,
                        struct sg_disputes *decided)
{
    struct sg_dispute_key key;
    struct vote vote;

    for (size_t i = 0; get_vote(disputes, i, false, &vote); i++)
        if (is_vote(vote.decision) && counts(vote.decision) &&
            key_of(&vote, &key) && !is_for_one(disputes, &vote) &&
            !is_claimed(disputes, &key))
            add_parents(decided, &vote, &key);
}

static int by_conflict(const void *a, const void *b)
{
    const struct sg_subject_conflict *left = a, *right = b;
    const struct sg_dispute_key keys[] = {
        {left->rule, left->type, left->field, left->object, left->element},
        {right->rule, right->type, right->field, right->object,
         right->element}};

    return compare_keys(&keys[0], &keys[1]);
}

enum sg_err sg_dispute_settle(struct sg_disputes *disputes,
                              const struct sg_subject_conflict **ret_conflicts,
                              size_t *ret_count)
{
    struct sg_disputes decided = {.graph = disputes->graph};
    struct sg_subject_conflict *conflicts;
    size_t count = 0;

    disputes->count = sort(disputes->claims, disputes->count);
    add_decided(disputes, &decided);
    decided.count = sort(decided.claims, decided.count);
    conflicts =
        sg_arena_take(&disputes->graph->fold->arena,
                      disputes->count + decided.count, sizeof *conflicts);
    if (disputes->is_full || decided.is_full || conflicts == NULL)
        return SG_ERR_NOMEM;
    for (int pass = 0; pass < 2; pass++) {
        const struct sg_disputes *from = pass == 0 ? disputes : &decided;

        for (size_t i = 0; i < from->count;) {
            size_t end = end_of_key(from->claims, from->count, i);
            enum sg_err err = make(disputes, from->claims + i, end - i,
                                   pass == 0, &conflicts[count++]);

            if (err != SG_OK)
                return err;
            i = end;
        }
    }
    if (count > 1)
        qsort(conflicts, count, sizeof *conflicts, by_conflict);
    *ret_conflicts = conflicts;
    *ret_count = count;
    return SG_OK;
}
