/* Link: pairs of entries that may be one person, and the clusters that
 * decisions make of them. RECORDS.md, section 8.9. The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_LINK_H
#define SG_STORAGE_REGISTRY_MERGE_LINK_H

#include "storage/registry/merge/dispute.h"
#include "storage/registry/merge/graph.h"

/* Those who count as one. */
struct sg_link_cluster {
    const struct sg_uid *members; /* ascending; at least the person himself */
    size_t n_members;
    struct sg_uid canonical;
};

/* Finds the cluster of the person of GRAPH. Errors: NOMEM; those of the source.
 */
SG_USE_RESULT enum sg_err sg_link_cluster(struct sg_graph *graph,
                                          struct sg_link_cluster *ret);

bool sg_link_has(const struct sg_link_cluster *cluster,
                 const struct sg_uid *person);

/* Adds the pairs (C10) of the person of GRAPH to DISPUTES, each under the uid
 * of the other; those that another person holds while they are open. Says
 * whether one is. Errors: NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_link_open_pairs(struct sg_graph *graph,
                                             struct sg_disputes *disputes,
                                             bool *ret_is_open);

#endif
