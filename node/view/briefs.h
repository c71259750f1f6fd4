/* Briefs: what the figures of some ask of all others, in memory, for the time
 * of a bulk build: who they are to be asked of may be folded last. The inside
 * of the view.
 *
 * Subjects are known by their names in `uids` (FORMAT.md section 12), so that
 * an entry is small: two fall together once in 2^64 pairs.
 */
#ifndef SG_NODE_VIEW_BRIEFS_H
#define SG_NODE_VIEW_BRIEFS_H

#include "node/view/pile.h"
#include "storage/registry/quality/quality.h"

/* Of subjects and members of households; beyond it there are no briefs, and
 * figures are made by a sweep. 24 and 8 bytes each, in tables half full. */
#define SG_BRIEFS_MAX (UINT32_C(1) << 24)

struct sg_briefs;

/* Gives an empty one. Borrows: PILE, for the names. Caller frees it with
 * sg_briefs_free, which takes NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_briefs_new(struct sg_pile *pile,
                                        struct sg_briefs **ret_briefs);
void sg_briefs_free(struct sg_briefs *briefs);

/* Adds what is asked of UID, who is not in yet. Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_briefs_put(struct sg_briefs *briefs,
                                        const struct sg_uid *uid,
                                        const struct sg_sheet_facts *facts);

/* Has the questions of FACTS about others answered from BRIEFS. ASKED is whom
 * they are for: set it before each judgement. */
void sg_briefs_answer(struct sg_briefs *briefs, struct sg_quality_facts *facts);
void sg_briefs_ask_for(struct sg_briefs *briefs,
                       const struct sg_quality_asked *asked);

#endif
