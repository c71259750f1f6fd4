/* Ruling: the decisions about a subject: which stand, which records they
 * approve or refuse, which values they choose. RECORDS.md, sections 4 and 7.11.
 * The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_RULING_H
#define SG_STORAGE_REGISTRY_MERGE_RULING_H

#include "storage/registry/merge/graph.h"

enum sg_ruling_act {
    SG_RULING_APPROVE = 1,
    SG_RULING_REFUSE,
    SG_RULING_CHOOSE,
    SG_RULING_SETTLE,
    SG_RULING_CLEAR,
    SG_RULING_REOPEN,
    SG_RULING_SAME,
    SG_RULING_DIFFERENT,
    SG_RULING_DEFER,
};

struct sg_ruling_decision {
    uint32_t node;
    uint8_t act;
    uint8_t rule;  /* 0: none */
    uint8_t field; /* 0: none */
    bool stands;
    bool is_reopened;
    bool is_dropped; /* a choice that another one contradicts */
    struct sg_unit_key unit;
    const uint8_t *object; /* refs and uids of 16 bytes; NULL: none */
    const uint8_t *element;
    const uint8_t *choice;
    const uint8_t *keep;
    /* Of a choice that chooses: the record, and its value. */
    uint32_t chosen; /* node, or NONE */
    struct sg_bytes value;
};

/* A decision that another one contradicts (C11): on RECORD, or choosing it. */
struct sg_ruling_clash {
    uint32_t record; /* nodes */
    uint32_t decision;
    uint8_t field; /* 0: approve and refuse */
    const uint8_t *element;
};

/* A decision that stands names a record of an object. */
struct sg_ruling_touch {
    uint32_t object;
    uint32_t decision; /* of sg_ruling's */
};

struct sg_ruling {
    struct sg_ruling_decision *decisions; /* ascending by node */
    size_t n_decisions;
    struct sg_ruling_touch *touches; /* ascending by object, decision */
    size_t n_touches;
    struct sg_ruling_clash *clashes; /* C11 */
    size_t n_clashes, clashes_capacity;
    bool has_choices;
};

/* Finds which decisions stand, and marks what they approve and refuse; gives
 * GRAPH its ruling. Errors: NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_ruling_judge(struct sg_graph *graph);

/* Finds what the choices choose, of records of TYPE or, when it is 0, of all
 * but the vital ones. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_ruling_choose(struct sg_graph *graph,
                                           unsigned type);

/* Gives the decision that NODE is. */
const struct sg_ruling_decision *sg_ruling_find(const struct sg_graph *graph,
                                                uint32_t node);

/* Gives the decisions that stand and name a record of OBJECT. */
const struct sg_ruling_touch *sg_ruling_touching(const struct sg_graph *graph,
                                                 uint32_t object,
                                                 size_t *ret_count);

/* Says whether REF is among the parents of NODE. */
bool sg_ruling_names(const struct sg_graph_node *node, const uint8_t ref[16]);

#endif
