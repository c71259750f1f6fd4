#include "storage/lmdb/fetch.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/lmdb/internal.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/tree.h"
#include "storage/lmdb/walk.h"

void sg_fetch_init(struct sg_fetch *fetch, size_t size_max)
{
    memset(fetch, 0, sizeof *fetch);
    sg_buf_init(&fetch->memory, size_max < SG_PAYLOAD_SIZE_MAX
                                    ? SG_PAYLOAD_SIZE_MAX
                                    : size_max);
}

void sg_fetch_clear(struct sg_fetch *fetch)
{
    sg_buf_clear(&fetch->memory);
    fetch->count = 0;
}

struct reading {
    struct sg_store *store;
    struct sg_fetch *fetch;
    uint32_t number;
    uint64_t from;
    size_t count_max;
    uint64_t next;
};

/* Copies a checked row out. Errors: LIMIT (memory is full). */
static enum sg_err take(struct sg_fetch *fetch, const struct sg_row_entry *row)
{
    enum sg_err err = SG_OK;
    if (row->entry.payload.size > 0) {
        err = sg_buf_append(&fetch->memory, row->entry.payload);
    }
    if (err == SG_OK) {
        fetch->entries[fetch->count] = row->entry;
        fetch->places[fetch->count].log = row->log;
        fetch->places[fetch->count].index = row->index;
        fetch->log = row->log;
        fetch->count++;
    }
    return err;
}

/* Payloads moved while the memory grew: point the entries at them. */
static void settle(struct sg_fetch *fetch)
{
    const uint8_t *at = fetch->memory.data;
    size_t i;
    for (i = 0; i < fetch->count; i++) {
        struct sg_entry *entry = &fetch->entries[i];
        if (entry->state == SG_PAYLOAD_PRESENT) {
            entry->payload.data = at;
            at += entry->payload.size;
        }
    }
}

/* Ends a loop of reading: intact entries before a stop are a result. */
static enum sg_err stop(struct sg_txn *txn, struct sg_fetch *fetch,
                        enum sg_err err, uint64_t at)
{
    if (err == SG_ERR_DAMAGED) {
        fetch->damaged = at;
    }
    if (sg_txn_err(txn) != SG_OK) {
        return sg_txn_err(txn);
    }
    if (err == SG_ERR_NOTFOUND || fetch->count > 0) {
        return SG_OK;
    }
    return err;
}

static enum sg_err read_range(struct sg_txn *txn, void *context)
{
    struct reading *reading = context;
    struct sg_fetch *fetch = reading->fetch;
    struct sg_row_entry row;
    struct sg_row_log log;
    struct sg_walk walk;
    enum sg_err err = sg_store_row(txn, reading->number, &log);

    sg_walk_begin(&walk, txn, reading->number, reading->from);
    while (err == SG_OK && fetch->count < reading->count_max &&
           walk.index < log.frontier.size) {
        err = sg_walk_next(&walk, &row);
        if (err == SG_ERR_NOTFOUND) {
            err = SG_ERR_DAMAGED; /* the log says that it is held */
        }
        if (err == SG_OK) {
            err = sg_walk_check(&reading->store->hasher, &row);
        }
        if (err == SG_OK) {
            err = take(fetch, &row);
        }
    }
    return stop(txn, fetch, err, reading->from + fetch->count);
}

static enum sg_err run(struct reading *reading, sg_env_fn *fn)
{
    struct sg_fetch *fetch = reading->fetch;
    enum sg_err err;

    SG_ASSERT(reading->count_max <= SG_PACKAGE_ENTRIES_MAX);
    sg_buf_truncate(&fetch->memory, 0);
    fetch->count = 0;
    fetch->first = reading->from;
    fetch->damaged = 0;
    err = sg_env_read(reading->store->env, fn, reading);
    settle(fetch);
    return err;
}

enum sg_err sg_fetch_range(struct sg_store *store, uint32_t number,
                           uint64_t first, size_t count_max,
                           struct sg_fetch *fetch)
{
    struct reading reading = {store, fetch, number, first, count_max, 0};
    return run(&reading, read_range);
}

/* The extents must lead to where the row lies, or its place is made up. */
static enum sg_err check_place(struct sg_txn *txn,
                               const struct sg_row_entry *row, uint64_t arrival)
{
    uint64_t found;
    enum sg_err err = sg_walk_locate(txn, row->log, row->index, &found);
    return err == SG_OK && found == arrival ? SG_OK : SG_ERR_DAMAGED;
}

static enum sg_err read_arrivals(struct sg_txn *txn, void *context)
{
    struct reading *reading = context;
    struct sg_fetch *fetch = reading->fetch;
    struct sg_schema_key from = sg_schema_number(reading->from);
    struct sg_row_entry row;
    struct sg_bytes key, value;
    uint64_t arrival = reading->from;
    enum sg_err err = SG_OK;
    bool found =
        sg_txn_seek(txn, SG_DB_ENTRIES, sg_schema_bytes(&from), &key, &value);

    while (found && err == SG_OK && fetch->count < reading->count_max) {
        err = SG_ERR_DAMAGED;
        if (key.size == 8 && sg_bytes_get_u64be(key.data) >= arrival) {
            arrival = sg_bytes_get_u64be(key.data);
            err = sg_row_entry_decode(value, &row);
        }
        if (err == SG_OK) {
            err = sg_walk_check(&reading->store->hasher, &row);
        }
        if (err == SG_OK) {
            err = check_place(txn, &row, arrival);
        }
        if (err == SG_OK) {
            err = take(fetch, &row);
        }
        if (err == SG_OK) {
            reading->next = ++arrival;
            found = sg_txn_next(txn, SG_DB_ENTRIES, &key, &value);
        }
    }
    return stop(txn, fetch, err, arrival);
}

enum sg_err sg_fetch_arrivals(struct sg_store *store, uint64_t from,
                              size_t count_max, struct sg_fetch *fetch,
                              uint64_t *ret_next)
{
    struct reading reading = {store, fetch, 0, from, count_max, from};
    enum sg_err err = run(&reading, read_arrivals);
    if (err == SG_OK) {
        *ret_next = reading.next;
    }
    return err;
}

/* --- Proofs --------------------------------------------------------------- */

struct proving {
    struct sg_store *store;
    uint32_t number;
    uint64_t a;
    uint64_t b;
    struct sg_hash *hashes;
    size_t *count;
    struct sg_hash root;
    struct sg_tlog_proof *proof;
    struct sg_frontier *frontier;
};

/* Stored nodes have no checksums: FRONTIER must lead to what LOG is now. */
static enum sg_err check_leads(struct sg_txn *txn, uint32_t number,
                               const struct sg_row_log *log,
                               const struct sg_frontier *frontier)
{
    struct sg_hash hashes[SG_MERKLE_HASHES_MAX], found;
    struct sg_hash want = sg_merkle_root(&log->frontier);
    size_t count;
    enum sg_err err = sg_tree_extension(txn, number, frontier->size,
                                        log->frontier.size, hashes, &count);
    if (err == SG_OK) {
        err =
            sg_merkle_fold(frontier, log->frontier.size, hashes, count, &found);
    }
    if (err == SG_OK && memcmp(&found, &want, sizeof want) != 0) {
        err = SG_ERR_DAMAGED;
    }
    return err;
}

static enum sg_err root_at(struct sg_txn *txn, uint32_t number,
                           const struct sg_row_log *log, uint64_t size,
                           struct sg_hash *ret_root)
{
    struct sg_frontier frontier;
    enum sg_err err = sg_tree_frontier(txn, number, size, &frontier);
    if (err == SG_OK) {
        err = check_leads(txn, number, log, &frontier);
    }
    if (err == SG_OK) {
        *ret_root = sg_merkle_root(&frontier);
    }
    return err;
}

/* Refuses sizes that the log does not have; beyond that a missing node is
 * damage. */
static enum sg_err check_held(struct sg_txn *txn, uint32_t number,
                              uint64_t size, struct sg_row_log *ret_log)
{
    enum sg_err err = sg_store_row(txn, number, ret_log);
    if (err == SG_OK && (size == 0 || size > ret_log->frontier.size)) {
        return SG_ERR_NOTFOUND;
    }
    return err;
}

static enum sg_err as_damage(enum sg_err err)
{
    return err == SG_ERR_NOTFOUND || err == SG_ERR_PROOF ? SG_ERR_DAMAGED : err;
}

static enum sg_err read_root(struct sg_txn *txn, void *context)
{
    struct proving *p = context;
    struct sg_row_log log;
    enum sg_err err = check_held(txn, p->number, p->b, &log);
    return err != SG_OK
               ? err
               : as_damage(root_at(txn, p->number, &log, p->b, &p->root));
}

enum sg_err sg_fetch_root(struct sg_store *store, uint32_t number,
                          uint64_t size, struct sg_hash *ret_root)
{
    struct proving p = {.store = store, .number = number, .b = size};
    enum sg_err err = sg_env_read(store->env, read_root, &p);
    if (err == SG_OK) {
        *ret_root = p.root;
    }
    return err;
}

static enum sg_err read_proof(struct sg_txn *txn, void *context)
{
    struct proving *p = context;
    struct sg_tlog_proof *proof = p->proof;
    struct sg_row_entry row;
    struct sg_row_log log;
    struct sg_walk walk;
    enum sg_err err =
        check_held(txn, p->number, proof->note.checkpoint.size, &log);

    if (err != SG_OK) {
        return err;
    }
    sg_walk_begin(&walk, txn, p->number, proof->index);
    err = sg_walk_next(&walk, &row);
    if (err == SG_OK) {
        err = sg_walk_check(&p->store->hasher, &row);
    }
    if (err == SG_OK) {
        sg_entry_header_encode(&row.entry, proof->header);
        err = sg_tree_inclusion(txn, p->number, proof->index,
                                proof->note.checkpoint.size, proof->path,
                                &proof->path_count);
    }
    return as_damage(err);
}

enum sg_err sg_fetch_proof(struct sg_store *store, uint32_t number,
                           uint64_t index, struct sg_tlog_proof *ret_proof)
{
    struct sg_tlog_proof proof;
    struct proving p = {.store = store, .number = number, .proof = &proof};
    struct sg_store_log log;
    enum sg_err err = sg_store_get(store, number, &log);

    if (err != SG_OK) {
        return err;
    }
    memset(&proof, 0, sizeof proof);
    proof.note.registry = store->registry;
    proof.note.log = log.id;
    proof.note.key_id =
        sg_checkpoint_key_id(&store->registry, &log.id, log.row.core.node_key);
    proof.index = index;
    proof.note.checkpoint = log.row.known;
    if (index >= proof.note.checkpoint.size) {
        return SG_ERR_NOTFOUND;
    }
    err = sg_env_read(store->env, read_proof, &p);
    if (err == SG_OK) {
        /* A proof that would not convince others is damage of ours. */
        err = sg_checkpoint_proof_verify(&proof, log.row.core.node_key);
        err = err == SG_OK ? SG_OK : SG_ERR_DAMAGED;
    }
    if (err == SG_OK) {
        *ret_proof = proof;
    }
    return err;
}

static enum sg_err read_consistency(struct sg_txn *txn, void *context)
{
    struct proving *p = context;
    struct sg_hash root_a, root_b;
    struct sg_row_log log;
    enum sg_err err = check_held(txn, p->number, p->b, &log);

    if (err != SG_OK || p->a == 0 || p->a > p->b) {
        return err != SG_OK ? err : SG_ERR_NOTFOUND;
    }
    err = sg_tree_consistency(txn, p->number, p->a, p->b, p->hashes, p->count);
    if (err == SG_OK) {
        err = root_at(txn, p->number, &log, p->a, &root_a);
    }
    if (err == SG_OK) {
        err = root_at(txn, p->number, &log, p->b, &root_b);
    }
    if (err == SG_OK) {
        err = sg_merkle_check_consistency(p->a, p->b, p->hashes, *p->count,
                                          &root_a, &root_b);
    }
    return as_damage(err);
}

enum sg_err sg_fetch_consistency(struct sg_store *store, uint32_t number,
                                 uint64_t size_a, uint64_t size_b,
                                 struct sg_hash ret_proof[SG_MERKLE_PROOF_MAX],
                                 size_t *ret_count)
{
    struct proving p = {.store = store,
                        .number = number,
                        .a = size_a,
                        .b = size_b,
                        .hashes = ret_proof,
                        .count = ret_count};
    return sg_env_read(store->env, read_consistency, &p);
}

static enum sg_err read_cover(struct sg_txn *txn, void *context)
{
    struct proving *p = context;
    struct sg_frontier frontier;
    struct sg_hash found, want;
    struct sg_row_log log;
    enum sg_err err = check_held(txn, p->number, p->b, &log);
    if (err != SG_OK || p->a > p->b) {
        return err != SG_OK ? err : SG_ERR_NOTFOUND;
    }
    err = sg_tree_extension(txn, p->number, p->a, p->b, p->hashes, p->count);
    if (err == SG_OK) {
        err = sg_tree_frontier(txn, p->number, p->a, &frontier);
    }
    if (err == SG_OK) {
        err = sg_merkle_fold(&frontier, p->b, p->hashes, *p->count, &found);
    }
    if (err == SG_OK) {
        err = root_at(txn, p->number, &log, p->b, &want);
    }
    if (err == SG_OK && memcmp(&found, &want, sizeof want) != 0) {
        err = SG_ERR_DAMAGED;
    }
    return as_damage(err);
}

enum sg_err sg_fetch_cover(struct sg_store *store, uint32_t number,
                           uint64_t from, uint64_t to,
                           struct sg_hash ret_hashes[SG_MERKLE_HASHES_MAX],
                           size_t *ret_count)
{
    struct proving p = {.store = store,
                        .number = number,
                        .a = from,
                        .b = to,
                        .hashes = ret_hashes,
                        .count = ret_count};
    return sg_env_read(store->env, read_cover, &p);
}

static enum sg_err read_frontier(struct sg_txn *txn, void *context)
{
    struct proving *p = context;
    struct sg_row_log log;
    enum sg_err err = sg_store_row(txn, p->number, &log);
    if (err != SG_OK || p->b > log.frontier.size) {
        return err != SG_OK ? err : SG_ERR_NOTFOUND;
    }
    err = sg_tree_frontier(txn, p->number, p->b, p->frontier);
    if (err == SG_OK) {
        err = check_leads(txn, p->number, &log, p->frontier);
    }
    return as_damage(err);
}

enum sg_err sg_fetch_frontier(struct sg_store *store, uint32_t number,
                              uint64_t size, struct sg_frontier *ret_frontier)
{
    struct proving p = {
        .store = store, .number = number, .b = size, .frontier = ret_frontier};
    return sg_env_read(store->env, read_frontier, &p);
}

enum sg_err sg_fetch_fork(struct sg_store *store, uint32_t number,
                          const struct sg_checkpoint *other,
                          struct sg_fork *ret_fork)
{
    struct sg_frontier before;
    struct sg_store_log log;
    struct sg_fork fork;
    size_t count, cover;
    enum sg_err err = sg_store_get(store, number, &log);

    if (err != SG_OK) {
        return err;
    }
    if (other->size > log.row.known.size) {
        return SG_ERR_NOTFOUND;
    }
    memset(&fork, 0, sizeof fork);
    fork.registry = store->registry;
    fork.core = log.row.core;
    sg_fork_order(&fork, other, &log.row.known);
    if (other->size < log.row.known.size) {
        err = sg_fetch_frontier(store, number, other->size, &before);
        if (err != SG_OK) {
            return err;
        }
        count = (size_t)__builtin_popcountll(before.size);
        memcpy(fork.hashes, before.hashes, count * sizeof before.hashes[0]);
        err = sg_fetch_cover(store, number, other->size, log.row.known.size,
                             fork.hashes + count, &cover);
        fork.hash_count = count + cover;
    }
    if (err == SG_OK) {
        err = sg_fork_verify(&fork);
    }
    if (err == SG_OK) {
        *ret_fork = fork;
    }
    return err;
}
