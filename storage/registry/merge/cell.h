/* Cell: what stands in each field of an object, by the merge class of the
 * field. RECORDS.md, section 4. The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_CELL_H
#define SG_STORAGE_REGISTRY_MERGE_CELL_H

#include "storage/registry/merge/graph.h"

/* Merges the cells of OBJECT, ascending by field and element; borrowed from the
 * fold's arena. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_cell_merge(
    struct sg_graph *graph, const struct sg_graph_object *object,
    const struct sg_subject_cell **ret_cells, size_t *ret_count);

#endif
