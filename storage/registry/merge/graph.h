/* Graph: the applied records of one subject, read and put in relation: whose
 * ancestor each is, and which object it belongs to. RECORDS.md, section 4.
 *
 * The first step of the fold, and what all others work on; the inside of the
 * merge, not for readers (subject.h). Nodes 0 to n_real - 1 are records,
 * ascending by id. Behind them stand nodes for refs that are known without a
 * record: heads of handovers (handed.h), and erased records, which lend the
 * ancestry that their order bridges.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_GRAPH_H
#define SG_STORAGE_REGISTRY_MERGE_GRAPH_H

#include "storage/base/limits.h"
#include "storage/registry/merge/arena.h"
#include "storage/registry/merge/cursor.h"
#include "storage/registry/merge/fold.h"

#define SG_GRAPH_NONE UINT32_MAX
/* A bin 16 as encoded: c4 10 and the bytes. */
#define SG_GRAPH_REF_SIZE 18u
#define SG_GRAPH_TYPES    (SG_TYPE_ENDORSE - SG_TYPE_PERSON + 1)

struct sg_graph_node {
    const struct sg_fold_record *in;     /* NULL: not held */
    const struct sg_schema_type *schema; /* NULL: only ancestry is known */
    uint32_t present;                    /* bit n: field n is set */
    uint32_t object;                     /* of the graph's; NONE: an event */
    const struct sg_bytes *values;       /* of the fields present, ascending */
    const uint8_t *parents;              /* refs as encoded */
    uint32_t n_parents;
    uint32_t n_links;
    const uint32_t *links;  /* the parents that are nodes */
    bool has_unheld_parent; /* one is no applied record of the subject */
    bool is_opening;        /* as record.h says it: by its own bytes */
    uint8_t source;         /* of the whole record */
    struct sg_bytes key;    /* of the object, of a handover's head */
};

struct sg_graph_object {
    enum sg_type type;
    struct sg_bytes key;
    const uint32_t *members; /* its records, ascending by id */
    uint32_t n_members;
    /* What states.h found. */
    uint8_t state;
    uint32_t state_by; /* node, or NONE */
    bool is_judged;
};

/* Nodes to be put behind those of the records. */
struct sg_graph_extra {
    struct sg_subject_record record;
    struct sg_graph_node node;
};

struct sg_graph_extras {
    struct sg_graph_extra *items;
    size_t count, capacity;
};

/* A list of nodes. */
struct sg_graph_list {
    uint32_t *nodes;
    size_t count;
};

struct sg_handed;
struct sg_ruling;

struct sg_graph {
    struct sg_fold *fold;
    struct sg_uid subject;
    struct sg_unit_key unit;                   /* whose copies count */
    const struct sg_fold_record *const *given; /* by the source */
    size_t n_given;

    struct sg_subject_record *records; /* n_nodes */
    struct sg_graph_node *nodes;
    size_t n_real, n_nodes, n_left_out;
    uint32_t *order;  /* nodes, ancestors first */
    uint32_t *places; /* of each node in the order */
    size_t n_words;   /* of a row of bits */
    uint64_t *before; /* row of a node: its ancestors, as applied */
    uint64_t *live;   /* the same, without what refused records lend */
    bool has_circle;

    struct sg_graph_object *objects; /* ascending by type, key */
    size_t n_objects;

    const struct sg_unit_key *homes; /* ascending (home.h) */
    size_t n_homes;
    const struct sg_handed *handed; /* NULL: no handover counts */
    struct sg_ruling *ruling;       /* NULL: not yet asked (ruling.h) */
    struct sg_date death;           /* the last day it may have been */
    struct sg_graph *next;          /* of those that the fold has loaded */
};

/* The inside of a fold. */
struct sg_fold {
    const struct sg_fold_world *world;
    const struct sg_fold_source *source;
    struct sg_arena arena;
    const struct sg_schema_type *schemas[SG_GRAPH_TYPES];
    struct sg_graph *loaded;
};

/* Gives the graph of SUBJECT as UNIT reads it; the same one when it is loaded
 * already. Errors: NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_graph_load(struct sg_fold *fold,
                                        const struct sg_uid *subject,
                                        struct sg_unit_key unit,
                                        struct sg_graph **ret_graph);

/* Adds a node for REF, of which nothing is known yet, to EXTRAS; NULL when
 * there is no memory. Borrowed until the next call. */
struct sg_graph_extra *sg_graph_add(struct sg_graph *graph,
                                    struct sg_graph_extras *extras,
                                    const uint8_t ref[16]);

/* Makes the rows of `live`, in which the nodes that are refused lend nothing.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_graph_mute(struct sg_graph *graph);

/* Finds the nodes of REF: gives the first and returns how many there are, next
 * to each other. */
size_t sg_graph_find(const struct sg_graph *graph, const uint8_t ref[16],
                     uint32_t *ret_first);

/* Finds the object TYPE, KEY; NONE when there is none. */
uint32_t sg_graph_object(const struct sg_graph *graph, enum sg_type type,
                         struct sg_bytes key);

/* Gives the records of OBJECT that are not refused and have no ancestor among
 * themselves: its openings, as contenders. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_graph_openings(
    struct sg_graph *graph, const struct sg_graph_object *object,
    struct sg_graph_list *ret_list);

static inline bool sg_graph_bit(const uint64_t *row, uint32_t node)
{
    return (row[node / 64] >> node % 64 & 1) != 0;
}

static inline void sg_graph_set(uint64_t *row, uint32_t node)
{
    row[node / 64] |= UINT64_C(1) << node % 64;
}

static inline const uint64_t *sg_graph_row(const struct sg_graph *graph,
                                           const uint64_t *rows, uint32_t node)
{
    return rows + node * graph->n_words;
}

/* Says whether A is an ancestor of B in ROWS, the graph's before or live. */
static inline bool sg_graph_is_before(const struct sg_graph *graph,
                                      const uint64_t *rows, uint32_t a,
                                      uint32_t b)
{
    return sg_graph_bit(sg_graph_row(graph, rows, b), a);
}

static inline bool sg_graph_has(const struct sg_graph_node *node, unsigned no)
{
    return (node->present >> no & 1) != 0;
}

/* Gives field NO as encoded; no bytes when NODE does not set it. */
static inline struct sg_bytes sg_graph_value(const struct sg_graph_node *node,
                                             unsigned no)
{
    uint32_t below = node->present & ((UINT32_C(1) << no) - 1);

    if (!sg_graph_has(node, no))
        return (struct sg_bytes){0};
    return node->values[__builtin_popcount(below)];
}

/* Returns the number in field NO; INSTEAD when there is none, or nil. */
static inline uint64_t sg_graph_uint(const struct sg_graph_node *node,
                                     unsigned no, uint64_t instead)
{
    struct sg_bytes value = sg_graph_value(node, no);
    struct sg_cursor cursor = {value.data};

    if (value.size == 0 || sg_cursor_is_nil(value.data))
        return instead;
    return sg_cursor_uint(&cursor);
}

/* Gives the text or bytes in field NO; data NULL when there are none. */
static inline struct sg_bytes sg_graph_bytes(const struct sg_graph_node *node,
                                             unsigned no)
{
    struct sg_bytes value = sg_graph_value(node, no);
    struct sg_cursor cursor = {value.data};

    if (value.size == 0 || sg_cursor_is_nil(value.data))
        return (struct sg_bytes){0};
    return sg_cursor_bytes(&cursor);
}

/* Says whether NODE counts: it is not refused, not frozen. */
static inline bool sg_graph_sets(const struct sg_graph *graph, uint32_t node)
{
    return !graph->records[node].is_refused && !graph->records[node].is_frozen;
}

/* Returns the source class of what NODE says in field NO. */
enum sg_record_source sg_graph_source(const struct sg_graph_node *node,
                                      unsigned no);

#endif
