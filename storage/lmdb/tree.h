/* The stored Merkle tree of one log: nodes of level 8 and up from their
 * database, those below from the leaf hashes in the entry rows.
 *
 * Used inside storage/lmdb only, in a transaction. Every function trusts what
 * is stored; whoever hands a proof out checks it against a signed root first.
 */
#ifndef SG_STORAGE_LMDB_TREE_H
#define SG_STORAGE_LMDB_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/env.h"
#include "storage/log/merkle.h"

/* The lowest level that has rows of its own: complete subtrees of 256. */
#define SG_TREE_LEVEL_MIN 8

/* Gives the complete subtree over [POSITION << LEVEL, (POSITION + 1) << LEVEL).
 * Errors: NOTFOUND (beyond what is held), DAMAGED. */
SG_USE_RESULT enum sg_err sg_tree_node(struct sg_txn *txn, uint32_t log,
                                       unsigned level, uint64_t position,
                                       struct sg_hash *ret_hash);

/* Gives the frontier as it was at SIZE. Errors: as above. */
SG_USE_RESULT enum sg_err sg_tree_frontier(struct sg_txn *txn, uint32_t log,
                                           uint64_t size,
                                           struct sg_frontier *ret_frontier);

/* Gives the root over leaves [START, END) as RFC 6962 hashes a list of that
 * length; START < END. Errors: as above. */
SG_USE_RESULT enum sg_err sg_tree_range(struct sg_txn *txn, uint32_t log,
                                        uint64_t start, uint64_t end,
                                        struct sg_hash *ret_hash);

/* Gives the hashes of sg_merkle_plan_extension(FROM, TO). Errors: as above. */
SG_USE_RESULT enum sg_err sg_tree_extension(
    struct sg_txn *txn, uint32_t log, uint64_t from, uint64_t to,
    struct sg_hash ret_hashes[SG_MERKLE_HASHES_MAX], size_t *ret_count);

/* Gives the inclusion path of INDEX in the tree of SIZE, INDEX < SIZE; and the
 * consistency proof from A to B, 0 < A <= B. Errors: as above. */
SG_USE_RESULT enum sg_err sg_tree_inclusion(
    struct sg_txn *txn, uint32_t log, uint64_t index, uint64_t size,
    struct sg_hash ret_path[SG_MERKLE_HASHES_MAX], size_t *ret_count);
SG_USE_RESULT enum sg_err sg_tree_consistency(
    struct sg_txn *txn, uint32_t log, uint64_t size_a, uint64_t size_b,
    struct sg_hash ret_proof[SG_MERKLE_PROOF_MAX], size_t *ret_count);

#endif
