/* Status: whether a person is alive, and what a death freezes. RECORDS.md,
 * sections 4 and 8.1. The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_STATUS_H
#define SG_STORAGE_REGISTRY_MERGE_STATUS_H

#include "storage/registry/merge/graph.h"

/* States of a person (8.1). */
#define SG_STATUS_DEAD     2u
#define SG_STATUS_MISSING  3u
#define SG_STATUS_DECLARED 4u
#define SG_STATUS_ABROAD   5u
#define SG_STATUS_VOID     7u

/* Makes GRAPH ready for cells and states, once: judges its decisions, then the
 * person's own state, freezes what comes after a death, and finds what is
 * chosen. Errors: NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_status_prepare(struct sg_graph *graph);

/* Returns the state of the person, whose graph is ready. */
unsigned sg_status_of(const struct sg_graph *graph);

/* Loads the graph of SUBJECT as UNIT reads it and makes it ready. Errors:
 * NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_status_load(struct sg_fold *fold,
                                         const struct sg_uid *subject,
                                         struct sg_unit_key unit,
                                         struct sg_graph **ret_graph);

#endif
