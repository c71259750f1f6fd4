/* The scrub: verification in the background, with a list of what it found.
 *
 * LMDB has no checksums, so damage shows only to who looks. A scrub walks the
 * store in small steps, round after round, and keeps the database `damage`:
 * each finding with the time it was last seen; at the end of a round, what was
 * not seen again is taken off the list. How often to step, and that a round
 * takes no longer than seven days, is for the caller.
 *
 * Context: the writer; a step writes only if it found something or ends a
 * round.
 */
#ifndef SG_STORAGE_LMDB_SCRUB_H
#define SG_STORAGE_LMDB_SCRUB_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/base/wall.h"
#include "storage/lmdb/verify.h"

/* Findings that one step writes down; in a store that is ruined the rest is
 * found by the next round. */
#define SG_SCRUB_FINDINGS_MAX 256

struct sg_scrub;

/* Prepares to scrub STORE. Caller frees with sg_scrub_free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_scrub_new(struct sg_store *store,
                                       struct sg_scrub **ret_scrub);
void sg_scrub_free(struct sg_scrub *scrub);

/* Goes on by about ENTRIES at the time NOW. RET_ROUND when that was the end of
 * a round.
 * Errors: those of sg_verify_step and sg_env_write. */
SG_USE_RESULT enum sg_err sg_scrub_step(struct sg_scrub *scrub,
                                        uint64_t entries, struct sg_wall now,
                                        bool *ret_round);

/* Called for each finding on the list. */
typedef void sg_scrub_found_fn(void *context, uint32_t log, uint64_t index,
                               enum sg_damage damage, struct sg_wall seen);

/* Calls FN for every finding by log and index. Context: any thread.
 * Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_scrub_each(struct sg_store *store,
                                        sg_scrub_found_fn *fn, void *context);

#endif
