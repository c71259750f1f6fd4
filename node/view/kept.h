/* Kept: what the view has on disk beside sheets and indexes: how far it is in
 * the logs, statements, sets, standings, its own state. The inside of the view.
 */
#ifndef SG_NODE_VIEW_KEPT_H
#define SG_NODE_VIEW_KEPT_H

#include "node/view/apply.h"

/* Makes VIEW as the last commit left it: forgets what is in memory and reads it
 * anew. Errors: DAMAGED, NOMEM, LIMIT; those of the feed. */
SG_USE_RESULT enum sg_err sg_kept_load(struct sg_view *view);

/* Frees what sg_kept_load makes. */
void sg_kept_free(struct sg_view *view);

/* Writes all that APPLY came to, in one commit, CAMPAIGNS being the sum of the
 * campaigns' rows; then VIEW's state is that of the commit. Errors: as
 * sg_env_write; after FULL the view is to be loaded again. */
SG_USE_RESULT enum sg_err sg_kept_write(struct sg_apply *apply,
                                        const struct sg_state_root *campaigns);

/* Has what the status says computed again. */
void sg_kept_status(struct sg_view *view);

#endif
