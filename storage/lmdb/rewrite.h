/* Rewriting: what is derived of one log's entries (its extents, its row, its
 * tree) made anew from them, where it was damaged.
 *
 * Entries are mended first (repair.h); they vouch for nothing by themselves: a
 * log's row is written only if a checkpoint that its node has signed leads to
 * these entries. Context: the writer; nothing else may use the store meanwhile.
 */
#ifndef SG_STORAGE_LMDB_REWRITE_H
#define SG_STORAGE_LMDB_REWRITE_H

#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/store.h"
#include "storage/log/checkpoint.h"

/* Finds the rows of log NUMBER among all entries and writes its extents anew,
 * so that they lead there. RET_WRITTEN is how many there are. Reads every entry
 * of the store. Errors: NOTFOUND (no entry of it), FULL, FATAL, DAMAGED (a
 * page). */
SG_USE_RESULT enum sg_err sg_rewrite_extents(struct sg_store *store,
                                             uint32_t number,
                                             uint64_t *ret_written);

/* What is known of a log from elsewhere. */
struct sg_rewrite_facts {
    const uint8_t *node_key; /* of this node: its logs are own ones; or NULL */
    /* Checkpoints that may be this log's: each is judged, so that those of all
     * logs of another store will do. */
    const struct sg_checkpoint *checkpoints;
    size_t checkpoint_count;
};

/* Writes the row of log NUMBER anew: core and id from its opening, what is
 * held, the frontier, the nodes and counters from its entries, the newest
 * checkpoint of those at hand that its node has signed and its entries lead to.
 * An own log stays open if the high-water file names it. RET_WRITTEN is how
 * many rows were written; 0: all was as it should be.
 * Errors: PROOF (an entry is damaged; or no checkpoint vouches for what is
 * held), NOTFOUND (no entry of it), MALFORMED (entry 0 is no opening), FULL,
 * FATAL, DAMAGED (a page). */
SG_USE_RESULT enum sg_err sg_rewrite_log(struct sg_store *store,
                                         uint32_t number,
                                         const struct sg_rewrite_facts *facts,
                                         uint64_t *ret_written);

#endif
