/* Endorse: which records above a cut officers have had count, or rejected for
 * good (RECORDS.md, sections 3 and 7.17). The inside of the view.
 */
#ifndef SG_NODE_VIEW_ENDORSE_H
#define SG_NODE_VIEW_ENDORSE_H

#include "node/view/apply.h"

/* Judges again all copies above a cut of which officers now say otherwise than
 * when they were judged. Errors: NOMEM; those of the pile and of the feed. */
SG_USE_RESULT enum sg_err sg_endorse_all(struct sg_apply *apply);

#endif
