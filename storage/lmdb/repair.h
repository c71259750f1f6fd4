/* Repair: damaged entries from another store's intact ones, and the tree from
 * its leaves.
 *
 * Nothing is believed that a signature does not cover: an entry comes with a
 * proof that ties it to a checkpoint of its log's node, and a tree is rewritten
 * only if it leads to the checkpoint this store knows. Context: the writer.
 */
#ifndef SG_STORAGE_LMDB_REPAIR_H
#define SG_STORAGE_LMDB_REPAIR_H

#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/batch.h"
#include "storage/log/checkpoint.h"

/* Adds to BATCH the replacement of the entry that PROOF is about in log NUMBER
 * by ENTRY, as sg_fetch_proof and sg_fetch_range of another store gave them.
 * Borrows: ENTRY's payload until commit or clear.
 * Errors: PROOF (another log, or ENTRY is not what the proof is about),
 * SIGNATURE, and those of sg_batch_mend. */
SG_USE_RESULT enum sg_err sg_repair_entry(struct sg_store *store,
                                          struct sg_batch *batch,
                                          uint32_t number,
                                          const struct sg_tlog_proof *proof,
                                          const struct sg_entry *entry);

/* Adds to BATCH the replacement of all damaged entries of PACKAGE's range in
 * its log. What it needs beyond a package: BEFORE, the frontier at its first
 * entry, so that the range is tied to the signed checkpoint whatever this
 * store's own tree has become. Entries that are intact
 * here stay as they are. RET_MENDED is how many were replaced.
 * Borrows: the entries' payloads until commit or clear.
 * Errors: PROOF, SIGNATURE, NOTFOUND (the range is not held), and those of
 * sg_batch_mend. */
SG_USE_RESULT enum sg_err sg_repair_range(struct sg_store *store,
                                          struct sg_batch *batch,
                                          const struct sg_package *package,
                                          const struct sg_frontier *before,
                                          size_t *ret_mended);

/* Computes the stored nodes and the frontier of log NUMBER anew from its rows
 * and writes those that differ. RET_WRITTEN is how many.
 * Errors: PROOF (a row is damaged: mend the entries first; or the rows do not
 * lead to the known checkpoint), FULL, FATAL. */
SG_USE_RESULT enum sg_err sg_repair_tree(struct sg_store *store,
                                         uint32_t number,
                                         uint64_t *ret_written);

#endif
