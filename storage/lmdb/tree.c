#include "storage/lmdb/tree.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/walk.h"

/* The root over COUNT stored leaves from FIRST, by way of a frontier. */
static enum sg_err from_leaves(struct sg_txn *txn, uint32_t log, uint64_t first,
                               uint64_t count, struct sg_hash *ret_hash)
{
    struct sg_frontier frontier;
    struct sg_row_entry row;
    struct sg_walk walk;
    enum sg_err err = SG_OK;

    memset(&frontier, 0, sizeof frontier);
    sg_walk_begin(&walk, txn, log, first);
    while (frontier.size < count && err == SG_OK) {
        err = sg_walk_next(&walk, &row);
        if (err == SG_OK) {
            sg_merkle_append(&frontier, &row.leaf, NULL, NULL);
        }
    }
    if (err == SG_OK) {
        *ret_hash = sg_merkle_root(&frontier);
    }
    return err;
}

enum sg_err sg_tree_node(struct sg_txn *txn, uint32_t log, unsigned level,
                         uint64_t position, struct sg_hash *ret_hash)
{
    struct sg_schema_key key = sg_schema_node(log, level, position);
    struct sg_bytes value;

    SG_ASSERT(level < 64);
    if (level < SG_TREE_LEVEL_MIN) {
        return from_leaves(txn, log, position << level, UINT64_C(1) << level,
                           ret_hash);
    }
    if (!sg_txn_get(txn, SG_DB_NODES, sg_schema_bytes(&key), &value)) {
        return sg_txn_err(txn) != SG_OK ? sg_txn_err(txn) : SG_ERR_NOTFOUND;
    }
    if (value.size != sizeof ret_hash->bytes) {
        return SG_ERR_DAMAGED;
    }
    memcpy(ret_hash->bytes, value.data, value.size);
    return SG_OK;
}

/* The complete subtrees over [FROM, TO), left to right. */
static enum sg_err cover(struct sg_txn *txn, uint32_t log, uint64_t from,
                         uint64_t to,
                         struct sg_hash ret_hashes[SG_MERKLE_COVER_MAX],
                         size_t *ret_count)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    size_t count = sg_merkle_cover(from, to, places);
    enum sg_err err = SG_OK;
    size_t i;
    for (i = 0; i < count && err == SG_OK; i++) {
        err = sg_tree_node(txn, log, places[i].level, places[i].position,
                           &ret_hashes[i]);
    }
    *ret_count = count;
    return err;
}

enum sg_err sg_tree_frontier(struct sg_txn *txn, uint32_t log, uint64_t size,
                             struct sg_frontier *ret_frontier)
{
    struct sg_hash hashes[SG_MERKLE_COVER_MAX];
    size_t count;
    enum sg_err err = cover(txn, log, 0, size, hashes, &count);
    if (err != SG_OK) {
        return err;
    }
    memset(ret_frontier, 0, sizeof *ret_frontier);
    return sg_merkle_extend(ret_frontier, size, hashes, count);
}

/* [START, END) of a proof begins at a multiple of its size's power of two, so
 * its complete parts lie largest first, as in a frontier. */
enum sg_err sg_tree_range(struct sg_txn *txn, uint32_t log, uint64_t start,
                          uint64_t end, struct sg_hash *ret_hash)
{
    struct sg_hash hashes[SG_MERKLE_COVER_MAX];
    size_t count;
    enum sg_err err;

    SG_ASSERT(start < end);
    err = cover(txn, log, start, end, hashes, &count);
    if (err != SG_OK) {
        return err;
    }
    while (count > 1) {
        hashes[count - 2] =
            sg_merkle_node(&hashes[count - 2], &hashes[count - 1]);
        count--;
    }
    *ret_hash = hashes[0];
    return SG_OK;
}

static enum sg_err look_up(struct sg_txn *txn, uint32_t log,
                           const struct sg_merkle_range *ranges, size_t count,
                           struct sg_hash *ret_hashes)
{
    enum sg_err err = SG_OK;
    size_t i;
    for (i = 0; i < count && err == SG_OK; i++) {
        err = sg_tree_range(txn, log, ranges[i].start, ranges[i].end,
                            &ret_hashes[i]);
    }
    return err;
}

enum sg_err sg_tree_inclusion(struct sg_txn *txn, uint32_t log, uint64_t index,
                              uint64_t size,
                              struct sg_hash ret_path[SG_MERKLE_HASHES_MAX],
                              size_t *ret_count)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    *ret_count = sg_merkle_plan_inclusion(index, size, ranges);
    return look_up(txn, log, ranges, *ret_count, ret_path);
}

enum sg_err sg_tree_consistency(struct sg_txn *txn, uint32_t log,
                                uint64_t size_a, uint64_t size_b,
                                struct sg_hash ret_proof[SG_MERKLE_PROOF_MAX],
                                size_t *ret_count)
{
    struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
    *ret_count = sg_merkle_plan_consistency(size_a, size_b, ranges);
    return look_up(txn, log, ranges, *ret_count, ret_proof);
}

enum sg_err sg_tree_extension(struct sg_txn *txn, uint32_t log, uint64_t from,
                              uint64_t to,
                              struct sg_hash ret_hashes[SG_MERKLE_HASHES_MAX],
                              size_t *ret_count)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    *ret_count = sg_merkle_plan_extension(from, to, ranges);
    return look_up(txn, log, ranges, *ret_count, ret_hashes);
}
