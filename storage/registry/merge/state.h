/* State: the state of an object by the machine of its type. RECORDS.md, section
 * 8. The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_STATE_H
#define SG_STORAGE_REGISTRY_MERGE_STATE_H

#include "storage/registry/machine.h"
#include "storage/registry/merge/graph.h"

struct sg_state_result {
    struct sg_graph_list heads;   /* that set a state and are no ancestor */
    struct sg_graph_list illegal; /* C17 */
    bool has_conflict;            /* C18 */
};

/* Judges the state of OBJECT, and keeps it in it. IS_BLOCKED: a dossier may not
 * go on towards a card. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_state_judge(struct sg_graph *graph,
                                         struct sg_graph_object *object,
                                         bool is_blocked,
                                         struct sg_state_result *ret);

/* Returns the state of the object TYPE, KEY, judging it if that was not done;
 * 0 when there is none. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_state_of(struct sg_graph *graph, enum sg_type type,
                                      struct sg_bytes key, uint8_t *ret_state);

#endif
