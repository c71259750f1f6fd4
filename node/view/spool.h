/* Spool: bytes in parts, on their way from one step of a bulk build to the
 * next: a nameless file of sealed blocks. The inside of the view's bulk build.
 *
 * What belongs together is put into one part and comes out together, in the
 * order in which it was put in. The key is drawn for the spool and kept in
 * memory alone: what the disk still has afterwards nobody reads.
 */
#ifndef SG_NODE_VIEW_SPOOL_H
#define SG_NODE_VIEW_SPOOL_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/registry/merge/arena.h"

struct sg_spool;

/* Gives a spool of N_PARTS, 1 to SG_SPOOL_PARTS_MAX, whose file lies in the
 * folder DIR. Caller frees it with sg_spool_free, which takes NULL. Errors:
 * NOMEM, IO, FULL. */
#define SG_SPOOL_PARTS_MAX 256u
SG_USE_RESULT enum sg_err sg_spool_new(const char *dir, unsigned n_parts,
                                       struct sg_spool **ret_spool);
void sg_spool_free(struct sg_spool *spool);

/* Adds HEAD and, behind it, BODY to PART: together at most SG_SPOOL_PIECE_MAX,
 * and they stay together. Errors: NOMEM, IO, FULL. */
#define SG_SPOOL_PIECE_MAX (SG_RECORD_SIZE_MAX + 1024u)
SG_USE_RESULT enum sg_err sg_spool_put(struct sg_spool *spool, unsigned part,
                                       struct sg_bytes head,
                                       struct sg_bytes body);

/* Ends the adding. Errors: as sg_spool_put. */
SG_USE_RESULT enum sg_err sg_spool_end(struct sg_spool *spool);

/* Hands PART to TAKE, some whole pieces at a time, which stay in ARENA. Errors:
 * NOMEM, IO; DAMAGED; those of TAKE. */
typedef enum sg_err sg_spool_take(void *context, struct sg_bytes pieces);
SG_USE_RESULT enum sg_err sg_spool_each(struct sg_spool *spool, unsigned part,
                                        struct sg_arena *arena,
                                        sg_spool_take *take, void *context);

#endif
