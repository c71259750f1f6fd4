/* Home: where a subject lives or lived, who is competent for him by that, and
 * in which unit he is now. RECORDS.md, section 4. The inside of the merge.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_HOME_H
#define SG_STORAGE_REGISTRY_MERGE_HOME_H

#include "storage/registry/merge/graph.h"

/* Fills in the homes of GRAPH from its records as they are. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_home_list(struct sg_graph *graph);

/* Says whether UNIT is one of GRAPH's homes or a unit above one; true too when
 * no home is known. */
bool sg_home_is_ruled_by(const struct sg_graph *graph, struct sg_unit_key unit);

/* Says whether one of UNITS covers a home of GRAPH, or is the country; true too
 * when no home is known. */
bool sg_home_is_covered(const struct sg_graph *graph,
                        const struct sg_unit_key *units, size_t count);

struct sg_home_place {
    struct sg_unit_key unit;
    bool is_pending; /* UNIT was split and no resettle says which part */
};

/* Says where the residence KEY in UNIT has come to be, following successions,
 * and the resettles of OBJECTS, up to the as-of day. */
struct sg_home_place sg_home_carry(const struct sg_fold_world *world,
                                   const struct sg_subject *objects,
                                   const struct sg_ref *residence,
                                   struct sg_unit_key unit);

#endif
