/* Dispute: who contends for what, gathered while a subject is folded, and what
 * decisions make of it: open, decided, reopened. RECORDS.md, section 4. The
 * inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_DISPUTE_H
#define SG_STORAGE_REGISTRY_MERGE_DISPUTE_H

#include "storage/registry/merge/graph.h"

/* What a conflict is about. */
struct sg_dispute_key {
    uint8_t rule;
    uint8_t type; /* 0: the whole subject */
    uint8_t field;
    struct sg_bytes object;
    struct sg_bytes element; /* 16 bytes, or none */
};

/* One who contends. */
struct sg_dispute_claim {
    struct sg_dispute_key key;
    struct sg_ref ref;
};

/* What is gathered for one subject. */
struct sg_disputes {
    struct sg_graph *graph;
    struct sg_dispute_claim *claims;
    size_t count, capacity;
    /* Others who are concerned: who have one of his numbers, whose decisions on
     * C09 count; who hold a pair that he belongs to. */
    struct sg_graph **holders;
    size_t n_holders;
    bool is_full; /* no memory */
};

/* Adds that REF contends for KEY. A lack of memory shows at the end. */
void sg_dispute_add(struct sg_disputes *disputes,
                    const struct sg_dispute_key *key, const struct sg_ref *ref);

/* Adds GRAPH, of another person, to those who are concerned. */
void sg_dispute_hear(struct sg_disputes *disputes, struct sg_graph *graph);

/* Says whether a standing decision of GRAPH covers all COUNT contenders for
 * KEY. */
bool sg_dispute_is_decided(struct sg_graph *graph,
                           const struct sg_dispute_key *key,
                           const struct sg_ref *contenders, size_t count);

/* Makes the conflicts of what was gathered and of the decisions that stand,
 * ascending by key. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_dispute_settle(
    struct sg_disputes *disputes,
    const struct sg_subject_conflict **ret_conflicts, size_t *ret_count);

#endif
