#include "storage/registry/merge/link.h"

#include <stdlib.h>
#include <string.h>

#include "storage/registry/merge/cell.h"
#include "storage/registry/merge/handed.h"
#include "storage/registry/merge/ruling.h"
#include "storage/registry/merge/state.h"
#include "storage/registry/merge/status.h"

#define OPEN 1u
#define SAME 2u

/* Two persons whom decisions say to be one. Either may be given up. */
struct edge {
    uint32_t a, b; /* of seen; a is the smaller uid */
    bool gives_up_a, gives_up_b;
};

/* A walk along pairs in state `same`. */
struct walk {
    struct sg_graph *graph; /* of the person asked about */
    struct sg_uid *seen;
    size_t n_seen;
    struct edge *edges;
    size_t n_edges, capacity;
};

/* --- who is linked ----------------------------------------------------- */

static struct sg_bytes key_of(const struct sg_uid *uid)
{
    return sg_bytes(uid->bytes, sizeof uid->bytes);
}

/* Finds PERSON among those seen, or adds him; NONE when there is no more room.
 */
static uint32_t see(struct walk *walk, const struct sg_uid *person)
{
    for (uint32_t i = 0; i < walk->n_seen; i++)
        if (sg_uid_compare(&walk->seen[i], person) == 0)
            return i;
    if (walk->n_seen == SG_CLUSTER_SEEN_MAX)
        return SG_GRAPH_NONE;
    walk->seen[walk->n_seen] = *person;
    return (uint32_t)walk->n_seen++;
}

/* Marks in EDGE whom the decisions give up by which the pair is one. */
static void read_keep(const struct walk *walk, const struct sg_graph *graph,
                      const struct sg_graph_object *pair,
                      const struct sg_state_result *result, struct edge *edge)
{
    for (size_t i = 0; i < result->heads.count; i++) {
        uint32_t node = result->heads.nodes[i];
        const uint8_t *keep = NULL;

        if (graph->records[node].type == SG_TYPE_DECISION) {
            const struct sg_ruling_decision *decision =
                sg_ruling_find(graph, node);

            keep = decision->act == SG_RULING_SAME ? decision->keep : NULL;
        } else if (graph->nodes[node].in == NULL) {
            struct sg_cursor cursor = {
                sg_handed_value(graph, node, SG_FIELD_COMMON_STATE).data};

            (void)sg_cursor_array(&cursor);
            if (sg_cursor_uint(&cursor) == SAME && !sg_cursor_is_nil(cursor.at))
                keep = sg_cursor_bytes(&cursor).data;
        }
        if (keep == NULL)
            continue;
        edge->gives_up_a |= memcmp(keep, walk->seen[edge->a].bytes, 16) != 0;
        edge->gives_up_b |= memcmp(keep, pair->key.data, 16) != 0;
    }
}

static bool add_edge(struct walk *walk, const struct edge *edge)
{
    if (walk->n_edges == walk->capacity) {
        size_t capacity = 2 * walk->capacity + 16;
        struct edge *edges =
            sg_arena_take(&walk->graph->fold->arena, capacity, sizeof *edges);

        if (edges == NULL)
            return false;
        if (walk->n_edges > 0)
            memcpy(edges, walk->edges, walk->n_edges * sizeof *edges);
        walk->edges = edges;
        walk->capacity = capacity;
    }
    walk->edges[walk->n_edges++] = *edge;
    return true;
}

/* Follows the pair of GRAPH's person, the smaller, and the other in PAIR. */
static enum sg_err follow(struct walk *walk, struct sg_graph *graph,
                          struct sg_graph_object *pair, bool *is_crowd)
{
    struct sg_state_result result;
    struct sg_uid other;
    struct edge edge = {0};
    enum sg_err err = sg_state_judge(graph, pair, false, &result);

    if (err != SG_OK || pair->state != SAME)
        return err;
    memcpy(other.bytes, pair->key.data, sizeof other.bytes);
    edge.a = see(walk, &graph->subject);
    edge.b = see(walk, &other);
    *is_crowd = edge.a == SG_GRAPH_NONE || edge.b == SG_GRAPH_NONE;
    if (*is_crowd)
        return SG_OK;
    for (size_t i = 0; i < walk->n_edges; i++)
        if (walk->edges[i].a == edge.a && walk->edges[i].b == edge.b)
            return SG_OK;
    read_keep(walk, graph, pair, &result, &edge);
    return add_edge(walk, &edge) ? SG_OK : SG_ERR_NOMEM;
}

/* Follows all pairs of PERSON: his own, and those of smaller partners. */
static enum sg_err visit(struct walk *walk, struct sg_uid person,
                         bool *is_crowd)
{
    struct sg_fold *fold = walk->graph->fold;
    const struct sg_uid *partners;
    size_t n_partners;
    struct sg_graph *graph;
    enum sg_err err = sg_status_load(fold, &person, walk->graph->unit, &graph);

    for (size_t i = 0; err == SG_OK && i < graph->n_objects && !*is_crowd; i++)
        if (graph->objects[i].type == SG_TYPE_DUPLICATE)
            err = follow(walk, graph, &graph->objects[i], is_crowd);
    if (err == SG_OK)
        err = fold->source->partners(fold->source->context, &person, &partners,
                                     &n_partners);
    for (size_t i = 0; err == SG_OK && i < n_partners && !*is_crowd; i++) {
        uint32_t at;

        if (sg_uid_compare(&partners[i], &person) >= 0)
            continue;
        err = sg_status_load(fold, &partners[i], walk->graph->unit, &graph);
        if (err != SG_OK)
            break;
        at = sg_graph_object(graph, SG_TYPE_DUPLICATE, key_of(&person));
        if (at != SG_GRAPH_NONE)
            err = follow(walk, graph, &graph->objects[at], is_crowd);
    }
    return err;
}

/* --- clusters ---------------------------------------------------------- */

static uint32_t top_of(uint32_t *above, uint32_t at)
{
    while (above[at] != at) {
        above[at] = above[above[at]];
        at = above[at];
    }
    return at;
}

/* A pair with the uids of both, to be taken in their order. */
struct named_edge {
    struct sg_uid a, b;
    struct edge edge;
};

static int by_uids(const void *a, const void *b)
{
    const struct named_edge *left = a, *right = b;
    int order = sg_uid_compare(&left->a, &right->a);

    return order != 0 ? order : sg_uid_compare(&left->b, &right->b);
}

/* Joins the pairs one by one as long as nobody gets too many; ABOVE says who
 * belongs to whom, IS_UP who was given up. */
static enum sg_err join(const struct walk *walk, uint32_t *above,
                        uint32_t *sizes, bool *is_up)
{
    struct named_edge *edges =
        sg_arena_take(&walk->graph->fold->arena, walk->n_edges, sizeof *edges);

    if (edges == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < walk->n_edges; i++)
        edges[i] =
            (struct named_edge){walk->seen[walk->edges[i].a],
                                walk->seen[walk->edges[i].b], walk->edges[i]};
    qsort(edges, walk->n_edges, sizeof *edges, by_uids);
    for (size_t i = 0; i < walk->n_edges; i++) {
        const struct edge *edge = &edges[i].edge;
        uint32_t a = top_of(above, edge->a), b = top_of(above, edge->b);

        if (a != b && sizes[a] + sizes[b] > SG_CLUSTER_MEMBERS_MAX)
            continue;
        is_up[edge->a] |= edge->gives_up_a;
        is_up[edge->b] |= edge->gives_up_b;
        if (a != b) {
            above[a] = b;
            sizes[b] += sizes[a];
        }
    }
    return SG_OK;
}

static int by_uid(const void *a, const void *b)
{
    return sg_uid_compare(a, b);
}

/* Gathers the cluster of the first one seen. */
static enum sg_err gather(const struct walk *walk, uint32_t *above,
                          const bool *is_up, struct sg_link_cluster *ret)
{
    struct sg_uid *members =
        sg_arena_take(&walk->graph->fold->arena, walk->n_seen, sizeof *members);
    const struct sg_uid *kept = NULL;

    if (members == NULL)
        return SG_ERR_NOMEM;
    ret->members = members;
    ret->n_members = 0;
    for (uint32_t i = 0; i < walk->n_seen; i++) {
        if (top_of(above, i) != top_of(above, 0))
            continue;
        members[ret->n_members++] = walk->seen[i];
        if (!is_up[i] &&
            (kept == NULL || sg_uid_compare(&walk->seen[i], kept) < 0))
            kept = &walk->seen[i];
    }
    qsort(members, ret->n_members, sizeof *members, by_uid);
    ret->canonical = kept != NULL ? *kept : members[0];
    return SG_OK;
}

static enum sg_err cluster(const struct walk *walk, struct sg_link_cluster *ret)
{
    struct sg_arena *arena = &walk->graph->fold->arena;
    uint32_t *above = sg_arena_take(arena, walk->n_seen, sizeof *above);
    uint32_t *sizes = sg_arena_take(arena, walk->n_seen, sizeof *sizes);
    bool *is_up = sg_arena_take_zero(arena, walk->n_seen, sizeof *is_up);
    enum sg_err err;

    if (above == NULL || sizes == NULL || is_up == NULL)
        return SG_ERR_NOMEM;
    for (uint32_t i = 0; i < walk->n_seen; i++) {
        above[i] = i;
        sizes[i] = 1;
    }
    err = join(walk, above, sizes, is_up);
    return err == SG_OK ? gather(walk, above, is_up, ret) : err;
}

enum sg_err sg_link_cluster(struct sg_graph *graph, struct sg_link_cluster *ret)
{
    struct walk walk = {.graph = graph};
    bool is_crowd = false;
    const struct sg_uid *partners;
    size_t n_partners;
    struct sg_fold *fold = graph->fold;
    enum sg_err err = fold->source->partners(
        fold->source->context, &graph->subject, &partners, &n_partners);

    *ret = (struct sg_link_cluster){&graph->subject, 1, graph->subject};
    if (err != SG_OK || n_partners == 0)
        return err;
    walk.seen = sg_arena_take(&graph->fold->arena, SG_CLUSTER_SEEN_MAX,
                              sizeof *walk.seen);
    if (walk.seen == NULL)
        return SG_ERR_NOMEM;
    (void)see(&walk, &graph->subject);
    for (size_t i = 0; i < walk.n_seen && err == SG_OK && !is_crowd; i++)
        err = visit(&walk, walk.seen[i], &is_crowd);
    if (err != SG_OK)
        return err;
    return walk.n_seen == 1 || is_crowd ? SG_OK : cluster(&walk, ret);
}

bool sg_link_has(const struct sg_link_cluster *cluster_of,
                 const struct sg_uid *person)
{
    for (size_t i = 0; i < cluster_of->n_members; i++)
        if (sg_uid_compare(&cluster_of->members[i], person) == 0)
            return true;
    return false;
}

/* --- open pairs -------------------------------------------------------- */

/* Says whether the score of PAIR that stands makes it a conflict. */
static enum sg_err is_likely(struct sg_graph *graph,
                             const struct sg_graph_object *pair, bool *ret)
{
    const struct sg_subject_cell *cells;
    size_t count;
    enum sg_err err = sg_cell_merge(graph, pair, &cells, &count);

    *ret = false;
    for (size_t i = 0; err == SG_OK && i < count; i++) {
        struct sg_cursor cursor = {cells[i].value.data};

        if (cells[i].field == SG_FIELD_DUPLICATE_SCORE &&
            cells[i].value.size > 0 && !sg_cursor_is_nil(cells[i].value.data))
            *ret =
                sg_cursor_uint(&cursor) >= graph->fold->world->duplicate_score;
    }
    return err;
}

/* Adds PAIR of GRAPH to DISPUTES if it is open, under the uid of the other. */
static enum sg_err add_pair(struct sg_graph *graph,
                            struct sg_graph_object *pair, struct sg_bytes other,
                            struct sg_disputes *disputes, bool *is_open)
{
    const struct sg_dispute_key key = {
        .rule = 10, .type = SG_TYPE_DUPLICATE, .object = pair->key};
    struct sg_dispute_key shown = key;
    struct sg_graph_list openings;
    struct sg_ref *refs;
    bool is_it = false;
    uint8_t state;
    enum sg_err err = sg_state_of(graph, pair->type, pair->key, &state);

    if (err == SG_OK && state == OPEN)
        err = is_likely(graph, pair, &is_it);
    if (err != SG_OK || !is_it)
        return err;
    err = sg_graph_openings(graph, pair, &openings);
    if (err != SG_OK)
        return err;
    refs = sg_arena_take(&graph->fold->arena, openings.count, sizeof *refs);
    if (refs == NULL)
        return SG_ERR_NOMEM;
    shown.object = other;
    for (size_t i = 0; i < openings.count; i++)
        refs[i] = graph->records[openings.nodes[i]].ref;
    if (!sg_dispute_is_decided(graph, &key, refs, openings.count))
        *is_open = true;
    else if (graph != disputes->graph)
        return SG_OK; /* decided is said where the pair is held */
    sg_dispute_hear(disputes, graph);
    for (size_t i = 0; i < openings.count; i++)
        sg_dispute_add(disputes, &shown, &refs[i]);
    return SG_OK;
}

enum sg_err sg_link_open_pairs(struct sg_graph *graph,
                               struct sg_disputes *disputes, bool *ret_is_open)
{
    struct sg_fold *fold = graph->fold;
    const struct sg_uid *partners;
    size_t n_partners;
    enum sg_err err = fold->source->partners(
        fold->source->context, &graph->subject, &partners, &n_partners);

    *ret_is_open = false;
    for (size_t i = 0; err == SG_OK && i < n_partners; i++) {
        bool is_own = sg_uid_compare(&partners[i], &graph->subject) > 0;
        const struct sg_uid *other = is_own ? &partners[i] : &graph->subject;
        struct sg_graph *holder = graph;
        uint32_t at;

        if (!is_own)
            err = sg_status_load(fold, &partners[i], graph->unit, &holder);
        if (err != SG_OK)
            break;
        at = sg_graph_object(holder, SG_TYPE_DUPLICATE, key_of(other));
        if (at != SG_GRAPH_NONE)
            err = add_pair(holder, &holder->objects[at], key_of(&partners[i]),
                           disputes, ret_is_open);
    }
    return err;
}
