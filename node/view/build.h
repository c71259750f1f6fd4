/* Build: the view from nothing, in bulk: copies sorted by subject, each subject
 * folded once, rows and index entries appended in order. The inside of the
 * view.
 *
 * In its turn each subject is folded as if he were alone: those who share a
 * number or are paired are folded again, together, at the end. Figures that ask
 * for others wait until all are folded, and are answered from briefs. What
 * grows with the register lies in spools, but for briefs (briefs.h) and a bit
 * for each subject.
 */
#ifndef SG_NODE_VIEW_BUILD_H
#define SG_NODE_VIEW_BUILD_H

#include "node/view/apply.h"

/* Applies all logs to VIEW, which is empty; where there are more subjects than
 * briefs, figures and roots are left to the sweep that follows. DIR takes
 * nameless files. Errors: as sg_view_apply, and then the view is to be cleared.
 */
SG_USE_RESULT enum sg_err sg_build_all(struct sg_view *view, const char *dir);

#endif
