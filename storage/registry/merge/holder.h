/* Holder: one personal number with several persons (C09). RECORDS.md, section
 * 4. The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_HOLDER_H
#define SG_STORAGE_REGISTRY_MERGE_HOLDER_H

#include "storage/registry/merge/link.h"

/* Adds the numbers that the person of GRAPH, who belongs to CLUSTER, shares
 * with others to DISPUTES; says whether one of these conflicts is open. Errors:
 * NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_holder_find(struct sg_graph *graph,
                                         const struct sg_link_cluster *cluster,
                                         struct sg_disputes *disputes,
                                         bool *ret_is_open);

#endif
