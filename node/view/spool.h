/* Spool: judged copies on their way from the logs to sheets, in a nameless file
 * of sealed blocks, so that those of one subject come together. The inside of
 * the view's bulk build.
 *
 * The key is drawn for the spool and kept in memory alone: what the disk still
 * has afterwards nobody reads.
 */
#ifndef SG_NODE_VIEW_SPOOL_H
#define SG_NODE_VIEW_SPOOL_H

#include "node/view/apply.h"

struct sg_spool;

/* Gives a spool of N_PARTS, 1 to SG_SPOOL_PARTS_MAX, whose file lies in the
 * folder DIR. Caller frees it with sg_spool_free, which takes NULL. Errors:
 * NOMEM, IO, FULL. */
#define SG_SPOOL_PARTS_MAX 256u
SG_USE_RESULT enum sg_err sg_spool_new(const char *dir, unsigned n_parts,
                                       struct sg_spool **ret_spool);
void sg_spool_free(struct sg_spool *spool);

/* Adds TAKE, which is kept, to the part that its subject belongs to. Errors:
 * NOMEM, IO, FULL. */
SG_USE_RESULT enum sg_err sg_spool_put(struct sg_spool *spool,
                                       const struct sg_apply_take *take);

/* Ends the adding. Errors: as sg_spool_put. */
SG_USE_RESULT enum sg_err sg_spool_end(struct sg_spool *spool);

/* Adds all of PART to APPLY's takes. Errors: NOMEM, IO; DAMAGED. */
SG_USE_RESULT enum sg_err sg_spool_get(struct sg_spool *spool, unsigned part,
                                       struct sg_apply *apply);

#endif
