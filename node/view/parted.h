/* Parted: where the histories of a forked log part, as far as they are held.
 *
 * What is held decides, not what was signed: a branch of which nothing behind
 * the common part is here yet is only the beginning of another.
 */
#ifndef SG_NODE_VIEW_PARTED_H
#define SG_NODE_VIEW_PARTED_H

#include "storage/lmdb/store.h"

/* Gives of each of the N LOGS, which are all of STORE by number, the first
 * index that is not of all branches held; UINT64_MAX: it has not forked.
 * Errors: NOTFOUND, DAMAGED. */
SG_USE_RESULT enum sg_err sg_parted_find(struct sg_store *store,
                                         const struct sg_store_log *logs,
                                         size_t n, uint64_t *ret_forks);

#endif
