/* Build: the view from nothing, in bulk: copies sorted by subject, each subject
 * folded once, rows and index entries appended in order. The inside of the
 * view.
 */
#ifndef SG_NODE_VIEW_BUILD_H
#define SG_NODE_VIEW_BUILD_H

#include "node/view/apply.h"

/* Applies all logs to VIEW, which is empty; only figures and what depends on
 * several subjects are left to the sweep that follows. DIR takes a nameless
 * file. Errors: as sg_view_apply, and then the view is to be cleared. */
SG_USE_RESULT enum sg_err sg_build_all(struct sg_view *view, const char *dir);

#endif
