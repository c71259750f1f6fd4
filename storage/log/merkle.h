/* The Merkle tree over a log's leaves: RFC 6962 hashing, kept as a frontier.
 *
 * A frontier is all that a writer or a verifier of a growing log must remember:
 * the roots of the complete subtrees that make up the tree, largest first. From
 * it come the root, the next frontier, and the check that a later tree extends
 * this one. Proofs are verified here and planned here; where the stored hashes
 * lie is the caller's business. Pure: no allocation, no I/O, no recursion.
 *
 * Words: leaf, the hash of an entry header; node (level, position), the root of
 * the complete subtree over leaves [position << level, (position + 1) <<
 * level); size, a number of leaves; index, the place of a leaf; range [start,
 * end), the leaves from start on and before end. Sizes reach 2^64 - 1.
 *
 * Sources: RFC 6962 section 2.1, RFC 9162 sections 2.1.3 and 2.1.4; for
 * subtrees draft-ietf-plants-merkle-tree-certs section 4.
 */
#ifndef SG_STORAGE_LOG_MERKLE_H
#define SG_STORAGE_LOG_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"

/* A path or a frontier of a tree of 2^64 - 1 leaves never holds more; a
 * consistency proof may hold one hash more. */
#define SG_MERKLE_HASHES_MAX 64
#define SG_MERKLE_PROOF_MAX  65
/* Complete subtrees that cover a range: one of each level up to 62 on the way
 * to the middle of the largest tree, and the same on the way down. */
#define SG_MERKLE_COVER_MAX 126

/* The frontier of a tree: one hash for each 1 bit of SIZE, largest subtree
 * first. A value: copy it freely. All zero is the empty tree. */
struct sg_frontier {
    uint64_t size;
    struct sg_hash hashes[SG_MERKLE_HASHES_MAX];
};

/* Hashes leaf data: SHA-256(00 || data). */
struct sg_hash sg_merkle_leaf(const uint8_t *data, size_t size);

/* Hashes two siblings: SHA-256(01 || left || right). */
struct sg_hash sg_merkle_node(const struct sg_hash *left,
                              const struct sg_hash *right);

/* Joins the roots of neighbouring complete subtrees that grow smaller from left
 * to right into the root over all of them; of none, the hash of nothing. */
struct sg_hash sg_merkle_join(const struct sg_hash hashes[], size_t count);

/* Counts the hashes of the frontier of a tree of SIZE leaves. */
size_t sg_merkle_frontier_count(uint64_t size);

/* Called for each subtree that became complete, smallest first, so that a store
 * can keep those it wants. */
typedef void sg_merkle_node_fn(void *context, unsigned level, uint64_t position,
                               const struct sg_hash *hash);

/* Adds one leaf. ON_NODE, if not NULL, is called for every complete subtree of
 * level 1 and up that LEAF completes. SIZE must be below 2^64 - 1. */
void sg_merkle_append(struct sg_frontier *frontier, const struct sg_hash *leaf,
                      sg_merkle_node_fn *on_node, void *context);

/* Gives the root; of the empty tree, the hash of nothing. */
struct sg_hash sg_merkle_root(const struct sg_frontier *frontier);

/* Checks that LEAF is at INDEX of the tree of SIZE leaves with ROOT.
 * Errors: PROOF (index beyond the size, wrong number of hashes, wrong root). */
SG_USE_RESULT enum sg_err sg_merkle_check_inclusion(
    uint64_t index, uint64_t size, const struct sg_hash *leaf,
    const struct sg_hash path[], size_t path_count, const struct sg_hash *root);

/* Checks that the tree of size B with ROOT_B extends the tree of size A with
 * ROOT_A. A proof from size 0 is an error, since it proves nothing; between
 * equal sizes it is empty and the roots are equal.
 * Errors: PROOF. */
SG_USE_RESULT enum sg_err sg_merkle_check_consistency(
    uint64_t size_a, uint64_t size_b, const struct sg_hash proof[],
    size_t proof_count, const struct sg_hash *root_a,
    const struct sg_hash *root_b);

/*
 * Subtrees: the range [start, end) is one when start is a multiple of the
 * smallest power of two that is not below end - start. Its root is that of a
 * tree of its own leaves. The empty range is in every tree.
 */

/* Checks that LEAF, at INDEX of the log, is in the subtree [START, END) with
 * ROOT.
 * Errors: PROOF. */
SG_USE_RESULT enum sg_err sg_merkle_check_subtree_inclusion(
    uint64_t index, uint64_t start, uint64_t end, const struct sg_hash *leaf,
    const struct sg_hash path[], size_t path_count, const struct sg_hash *root);

/* Checks that the subtree [START, END) with ROOT_SUB is part of the tree of
 * SIZE leaves with ROOT.
 * Errors: PROOF. */
SG_USE_RESULT enum sg_err sg_merkle_check_subtree_consistency(
    uint64_t start, uint64_t end, uint64_t size, const struct sg_hash proof[],
    size_t proof_count, const struct sg_hash *root_sub,
    const struct sg_hash *root);

/*
 * Extension by complete subtrees: how a store moves from one frontier to a
 * later one, and what it looks up for a range.
 */

/* A node of the tree by place. */
struct sg_merkle_place {
    unsigned level;
    uint64_t position;
};

/* Lists the complete subtrees that cover leaves [from, to), left to right, the
 * fewest there are: joined with the frontier at FROM they give the root at TO.
 * Returns their number. FROM <= TO. (PROTOCOL.md's cover is another, of ranges:
 * sg_merkle_plan_extension.) */
size_t sg_merkle_cover(uint64_t from, uint64_t to,
                       struct sg_merkle_place ret_places[SG_MERKLE_COVER_MAX]);

/* Moves FRONTIER to size TO by the hashes of sg_merkle_cover(frontier->size,
 * TO), in that order; a failure leaves it as it was.
 * Errors: PROOF when COUNT does not fit, or TO is below the frontier's size. */
SG_USE_RESULT enum sg_err sg_merkle_extend(struct sg_frontier *frontier,
                                           uint64_t to,
                                           const struct sg_hash hashes[],
                                           size_t count);

/*
 * Planning proofs: which nodes a prover must look up. A range that is not one
 * complete subtree (at the right edge) is looked up as sg_merkle_cover lists it
 * and joined with sg_merkle_join.
 */

/* One hash of a proof: the root over leaves [start, end). */
struct sg_merkle_range {
    uint64_t start;
    uint64_t end;
};

/* Plans the inclusion path of INDEX in a tree of SIZE: its hashes in order,
 * from the leaf's sibling up. Returns their number. INDEX < SIZE. */
size_t sg_merkle_plan_inclusion(
    uint64_t index, uint64_t size,
    struct sg_merkle_range ret_ranges[SG_MERKLE_HASHES_MAX]);

/* Plans the consistency proof from A to B, 0 < A <= B. Returns the number. */
size_t sg_merkle_plan_consistency(
    uint64_t size_a, uint64_t size_b,
    struct sg_merkle_range ret_ranges[SG_MERKLE_PROOF_MAX]);

/*
 * Extension by ranges: what travels with packages and proofs (PROTOCOL.md
 * section 8). To who has the frontier at FROM, the ranges right of it in the
 * tree of size TO give the root at TO.
 */

/* Plans the ranges right of FROM in the tree of size TO, nearest first:
 * PROTOCOL.md's cover(FROM, TO). Only the last one may be incomplete. From 0 it
 * is the whole tree, between equal sizes nothing. Returns their number. FROM <=
 * TO. */
size_t sg_merkle_plan_extension(
    uint64_t from, uint64_t to,
    struct sg_merkle_range ret_ranges[SG_MERKLE_HASHES_MAX]);

/* Gives the root at size TO that FRONTIER has with the hashes of
 * sg_merkle_plan_extension(frontier->size, TO), in that order: PROTOCOL.md's
 * fold.
 * Errors: PROOF when COUNT does not fit, or TO is below the frontier's size. */
SG_USE_RESULT enum sg_err sg_merkle_fold(const struct sg_frontier *frontier,
                                         uint64_t to,
                                         const struct sg_hash hashes[],
                                         size_t count,
                                         struct sg_hash *ret_root);

#endif
