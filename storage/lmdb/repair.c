#include "storage/lmdb/repair.h"

#include <string.h>

#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/tree.h"
#include "storage/lmdb/walk.h"

static bool same(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

enum sg_err sg_repair_entry(struct sg_store *store, struct sg_batch *batch,
                            uint32_t number, const struct sg_tlog_proof *proof,
                            const struct sg_entry *entry)
{
    const struct sg_checkpoint *checkpoint = &proof->note.checkpoint;
    struct sg_entry intact = *entry;
    struct sg_store_log log;
    struct sg_hash leaf;
    enum sg_err err = sg_store_get(store, number, &log);

    if (err != SG_OK) {
        return err;
    }
    if (!same(&proof->note.log.hash, &log.id.hash) ||
        !same(&proof->note.registry.hash, &store->registry.hash)) {
        return SG_ERR_PROOF;
    }
    err = sg_checkpoint_verify(&store->registry, &log.id, log.row.core.node_key,
                               checkpoint);
    if (err != SG_OK) {
        return err;
    }
    if (intact.state == SG_PAYLOAD_PRESENT) {
        intact.length = (uint32_t)intact.payload.size;
        intact.payload_hash =
            sg_entry_payload_hash(&store->hasher, intact.payload);
    }
    leaf = sg_entry_leaf(&intact);
    err = sg_merkle_check_inclusion(proof->index, checkpoint->size, &leaf,
                                    proof->path, proof->path_count,
                                    &checkpoint->root);
    if (err != SG_OK) {
        return SG_ERR_PROOF;
    }
    return sg_batch_mend(batch, number, proof->index, &intact);
}

/* Ties the range to the checkpoint: what comes before, the entries, what comes
 * after. Sets payload hashes. */
static enum sg_err check_range(const struct sg_store *store,
                               const struct sg_package *package,
                               const struct sg_frontier *before,
                               struct sg_entry entries[])
{
    struct sg_frontier frontier = *before;
    struct sg_hash leaf, root;
    enum sg_err err;
    size_t i;

    if (before->size != package->first) {
        return SG_ERR_PROOF;
    }
    for (i = 0; i < package->count; i++) {
        entries[i] = package->entries[i];
        if (entries[i].state == SG_PAYLOAD_PRESENT) {
            entries[i].length = (uint32_t)entries[i].payload.size;
            entries[i].payload_hash =
                sg_entry_payload_hash(&store->hasher, entries[i].payload);
        }
        leaf = sg_entry_leaf(&entries[i]);
        sg_merkle_append(&frontier, &leaf, NULL, NULL);
    }
    err = sg_merkle_fold(&frontier, package->known.size, package->cover,
                         package->cover_count, &root);
    if (err != SG_OK) {
        return err;
    }
    return same(&root, &package->known.root) ? SG_OK : SG_ERR_PROOF;
}

enum sg_err sg_repair_range(struct sg_store *store, struct sg_batch *batch,
                            const struct sg_package *package,
                            const struct sg_frontier *before,
                            size_t *ret_mended)
{
    struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX];
    struct sg_store_log log;
    size_t i, mended = 0;
    enum sg_err err = sg_store_get(store, package->log, &log);

    if (err == SG_OK && package->count > SG_PACKAGE_ENTRIES_MAX) {
        err = SG_ERR_LIMIT;
    }
    if (err == SG_OK) {
        err = sg_checkpoint_verify(&store->registry, &log.id,
                                   log.row.core.node_key, &package->known);
    }
    if (err == SG_OK) {
        err = check_range(store, package, before, entries);
    }
    for (i = 0; i < package->count && err == SG_OK; i++) {
        uint64_t index = package->first + i;
        if (!sg_batch_is_damaged(batch, package->log, index)) {
            continue;
        }
        err = sg_batch_mend(batch, package->log, index, &entries[i]);
        mended++;
    }
    if (err == SG_OK) {
        *ret_mended = mended;
    }
    return err;
}

/* --- The tree ------------------------------------------------------------- */

struct rebuild {
    struct sg_store *store;
    uint32_t number;
    struct sg_txn *txn;
    struct sg_frontier frontier;
    uint64_t written;
};

static void put_node(void *context, unsigned level, uint64_t position,
                     const struct sg_hash *hash)
{
    struct rebuild *rebuild = context;
    struct sg_schema_key key;
    struct sg_hash stored;
    if (level < SG_TREE_LEVEL_MIN) {
        return;
    }
    if (sg_tree_node(rebuild->txn, rebuild->number, level, position, &stored) ==
            SG_OK &&
        same(&stored, hash)) {
        return;
    }
    key = sg_schema_node(rebuild->number, level, position);
    sg_txn_put(rebuild->txn, SG_DB_NODES, sg_schema_bytes(&key),
               SG_BYTES_ARRAY(hash->bytes));
    rebuild->written++;
}

/* The checkpoint decides; where it is ahead of the rows, the frontier it was
 * verified with does. */
static enum sg_err check_root(const struct rebuild *rebuild,
                              const struct sg_row_log *row,
                              const struct sg_frontier *at_known)
{
    struct sg_hash found, want;
    if (row->known.size > 0 && row->known.size <= rebuild->frontier.size) {
        found = sg_merkle_root(at_known);
        return same(&found, &row->known.root) ? SG_OK : SG_ERR_PROOF;
    }
    found = sg_merkle_root(&rebuild->frontier);
    want = sg_merkle_root(&row->frontier);
    return same(&found, &want) ? SG_OK : SG_ERR_PROOF;
}

static enum sg_err rebuild_tree(struct sg_txn *txn, void *context)
{
    struct rebuild *rebuild = context;
    struct sg_schema_key key = sg_schema_log(rebuild->number);
    const struct sg_store_own *own =
        sg_store_own_by_number(rebuild->store, rebuild->number);
    uint8_t bytes[SG_ROW_LOG_MAX];
    struct sg_frontier at_known;
    struct sg_row_entry entry;
    struct sg_row_log row;
    struct sg_walk walk;
    uint64_t held;
    enum sg_err err = sg_store_row(txn, rebuild->number, &row);

    if (err != SG_OK) {
        return err;
    }
    if (own != NULL) {
        row.known = own->signed_checkpoint;
    }
    held = row.frontier.size;
    rebuild->txn = txn;
    rebuild->written = 0;
    memset(&rebuild->frontier, 0, sizeof rebuild->frontier);
    memset(&at_known, 0, sizeof at_known);
    sg_walk_begin(&walk, txn, rebuild->number, 0);
    while (rebuild->frontier.size < held) {
        err = sg_walk_next(&walk, &entry);
        if (err == SG_OK) {
            err = sg_walk_check(&rebuild->store->hasher, &entry);
        }
        if (err != SG_OK) {
            return SG_ERR_PROOF; /* mend the entries first */
        }
        sg_merkle_append(&rebuild->frontier, &entry.leaf, put_node, rebuild);
        if (rebuild->frontier.size == row.known.size) {
            at_known = rebuild->frontier;
        }
    }
    err = check_root(rebuild, &row, &at_known);
    if (err != SG_OK) {
        return err;
    }
    row.frontier = rebuild->frontier;
    sg_txn_put(txn, SG_DB_LOGS, sg_schema_bytes(&key),
               sg_bytes(bytes, sg_row_log_encode(&row, bytes)));
    return sg_txn_err(txn);
}

enum sg_err sg_repair_tree(struct sg_store *store, uint32_t number,
                           uint64_t *ret_written)
{
    struct rebuild rebuild = {.store = store, .number = number};
    enum sg_err err = sg_env_write(store->env, rebuild_tree, &rebuild);
    if (err == SG_OK) {
        *ret_written = rebuild.written;
    }
    return err;
}
