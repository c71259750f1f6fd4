#include "storage/lmdb/batch.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/commit.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/tree.h"
#include "storage/lmdb/walk.h"

enum sg_err sg_batch_new(struct sg_store *store, struct sg_batch **ret_batch)
{
    struct sg_batch *batch = sg_calloc(1, sizeof *batch);
    if (batch == NULL) {
        return SG_ERR_NOMEM;
    }
    batch->store = store;
    *ret_batch = batch;
    return SG_OK;
}

void sg_batch_free(struct sg_batch *batch)
{
    sg_free(batch);
}

void sg_batch_clear(struct sg_batch *batch)
{
    batch->begun = false;
    batch->urgent = false;
    batch->stamp = false;
    batch->begins = false;
    batch->fresh_count = 0;
    batch->log_count = 0;
    batch->item_count = 0;
    batch->node_count = 0;
    batch->keep_count = 0;
}

bool sg_batch_is_full(struct sg_batch *batch)
{
    uint64_t space, total;
    if (sg_env_space(batch->store->dir, &space, &total) == SG_OK &&
        space >= batch->store->reserve_size) {
        batch->full = false;
        return false;
    }
    return true;
}

void sg_batch_use_reserve(struct sg_batch *batch, bool may)
{
    batch->urgent = may;
}

/* Ordinary work leaves the reserve to revocations, erasures and audits. */
static enum sg_err check_space(struct sg_batch *batch)
{
    if (batch->urgent) {
        return SG_OK;
    }
    if ((batch->full || !batch->begun) && sg_batch_is_full(batch)) {
        return SG_ERR_FULL;
    }
    batch->begun = true;
    return SG_OK;
}

/* --- Logs that are touched ---------------------------------------------- */

static struct sg_commit_log *find(struct sg_batch *batch, uint32_t number)
{
    size_t i;
    for (i = 0; i < batch->log_count; i++) {
        if (batch->logs[i].number == number) {
            return &batch->logs[i];
        }
    }
    return NULL;
}

/* Collects the checkpoints between what is held and what is known. */
static enum sg_err load_ahead(struct sg_txn *txn, struct sg_commit_log *log)
{
    struct sg_schema_key from =
        sg_schema_place(log->number, log->row.frontier.size + 1);
    struct sg_bytes key, value;
    uint32_t number;
    uint64_t size;
    bool found = sg_txn_seek(txn, SG_DB_CHECKPOINTS, sg_schema_bytes(&from),
                             &key, &value);

    while (found && log->ahead_count < SG_COMMIT_AHEAD_MAX &&
           sg_schema_parse_place(key, &number, &size) &&
           number == log->number) {
        struct sg_checkpoint *ahead = &log->ahead[log->ahead_count];
        if (value.size != 32 + SG_SIGNATURE_SIZE) {
            return SG_ERR_DAMAGED;
        }
        ahead->size = size;
        memcpy(ahead->root.bytes, value.data, 32);
        memcpy(ahead->signature, value.data + 32, SG_SIGNATURE_SIZE);
        log->ahead_count++;
        found = sg_txn_next(txn, SG_DB_CHECKPOINTS, &key, &value);
    }
    return sg_txn_err(txn);
}

static enum sg_err load_log(struct sg_txn *txn, void *context)
{
    struct sg_commit_log *log = context;
    enum sg_err err = sg_store_row(txn, log->number, &log->row);
    if (err != SG_OK) {
        return err;
    }
    log->before = log->row.frontier;
    log->change_before = log->row.change;
    if (log->before.size > 0) {
        err = sg_walk_locate(txn, log->number, log->before.size - 1,
                             &log->tail_arrival);
        if (err != SG_OK) {
            return SG_ERR_DAMAGED;
        }
    }
    return load_ahead(txn, log);
}

/* Gives the log as the batch will leave it, loading it at first touch. */
static enum sg_err touch(struct sg_batch *batch, uint32_t number,
                         struct sg_commit_log **ret_log)
{
    struct sg_store *store = batch->store;
    struct sg_commit_log *log = find(batch, number);
    enum sg_err err;

    if (log == NULL) {
        if (batch->log_count == SG_COMMIT_LOGS_MAX) {
            return SG_ERR_LIMIT;
        }
        log = &batch->logs[batch->log_count];
        memset(log, 0, sizeof *log);
        log->number = number;
        err = sg_env_read(store->env, load_log, log);
        if (err != SG_OK) {
            return err;
        }
        log->id = sg_entry_log_id(&store->registry, &log->row.core);
        batch->log_count++;
    }
    if (log->own == NULL) {
        log->own = sg_store_own_by_number(store, number);
        if (log->own != NULL) {
            log->row.known = log->own->signed_checkpoint;
        }
    }
    *ret_log = log;
    return SG_OK;
}

struct find_id {
    struct sg_log_id id;
    uint8_t branch;
    uint32_t number; /* 0: not here */
    uint32_t next;
};

static enum sg_err find_id(struct sg_txn *txn, void *context)
{
    struct find_id *wanted = context;
    struct sg_schema_key key = sg_schema_log_id(&wanted->id, wanted->branch);
    struct sg_bytes value;
    if (sg_txn_get(txn, SG_DB_LOGIDS, sg_schema_bytes(&key), &value)) {
        if (value.size != 4) {
            return SG_ERR_DAMAGED;
        }
        wanted->number = sg_bytes_get_u32be(value.data);
    }
    wanted->next = (uint32_t)sg_txn_count(txn, SG_DB_LOGS) + 1;
    return sg_txn_err(txn);
}

enum sg_err sg_batch_log(struct sg_batch *batch, const struct sg_log_core *core,
                         uint8_t branch, uint32_t *ret_number)
{
    struct find_id wanted = {.branch = branch};
    struct sg_commit_log *log;
    enum sg_err err;
    size_t i;

    SG_ASSERT(branch < SG_BRANCHES_MAX);
    wanted.id = sg_entry_log_id(&batch->store->registry, core);
    for (i = 0; i < batch->log_count; i++) {
        log = &batch->logs[i];
        if (log->fresh && log->row.branch == branch &&
            memcmp(&log->id, &wanted.id, sizeof wanted.id) == 0) {
            *ret_number = log->number;
            return SG_OK;
        }
    }
    err = sg_env_read(batch->store->env, find_id, &wanted);
    if (err != SG_OK) {
        return err;
    }
    if (wanted.number == 0) {
        if (batch->log_count == SG_COMMIT_LOGS_MAX) {
            return SG_ERR_LIMIT;
        }
        log = &batch->logs[batch->log_count++];
        memset(log, 0, sizeof *log);
        log->fresh = true;
        log->id = wanted.id;
        log->number = wanted.next + batch->fresh_count++;
        log->row.core = *core;
        log->row.branch = branch;
        wanted.number = log->number;
    }
    *ret_number = wanted.number;
    return SG_OK;
}

/* --- Entries at the end of a log ---------------------------------------- */

/* A log in the making: assigned to the batch only when all of it is good. */
struct growth {
    struct sg_batch *batch;
    struct sg_commit_log log;
    size_t node_count;
    bool overflow;
};

static void keep_node(void *context, unsigned level, uint64_t position,
                      const struct sg_hash *hash)
{
    struct growth *growth = context;
    struct sg_commit_node *node;
    if (level < SG_TREE_LEVEL_MIN) {
        return;
    }
    if (growth->node_count == SG_COMMIT_NODES_MAX) {
        growth->overflow = true;
        return;
    }
    node = &growth->batch->nodes[growth->node_count++];
    node->log = growth->log.number;
    node->level = level;
    node->position = position;
    node->hash = *hash;
}

/* The log must pass through every checkpoint its node ever signed. */
static enum sg_err check_ahead(const struct sg_commit_log *log)
{
    struct sg_hash root;
    unsigned i;
    for (i = 0; i < log->ahead_count; i++) {
        if (log->ahead[i].size == log->row.frontier.size) {
            root = sg_merkle_root(&log->row.frontier);
            if (memcmp(&root, &log->ahead[i].root, sizeof root) != 0) {
                return SG_ERR_FORK;
            }
        }
    }
    return SG_OK;
}

static enum sg_err check_opening(const struct sg_commit_log *log,
                                 const struct sg_entry *entry)
{
    struct sg_opening opening;
    enum sg_err err;
    if (entry->state != SG_PAYLOAD_PRESENT) {
        return SG_ERR_MALFORMED;
    }
    err = sg_entry_opening_decode(entry->payload, &opening);
    if (err != SG_OK) {
        return err;
    }
    return memcmp(opening.core.node_key, log->row.core.node_key,
                  sizeof opening.core.node_key) == 0 &&
                   opening.core.kind == log->row.core.kind &&
                   memcmp(opening.core.epoch, log->row.core.epoch,
                          sizeof opening.core.epoch) == 0
               ? SG_OK
               : SG_ERR_MALFORMED;
}

static enum sg_err grow_one(struct growth *growth, const struct sg_entry *entry,
                            struct sg_commit_item *item)
{
    struct sg_row_log *row = &growth->log.row;
    uint64_t index = row->frontier.size;
    enum sg_err err = sg_entry_check(entry, index);

    if (err == SG_OK && index == 0) {
        err = check_opening(&growth->log, entry);
    }
    if (err != SG_OK) {
        return err;
    }
    item->what = SG_COMMIT_ADD;
    item->row.log = growth->log.number;
    item->row.index = index;
    item->row.entry = *entry;
    if (entry->state == SG_PAYLOAD_PRESENT) {
        if (entry->payload.size != entry->length) {
            return SG_ERR_MALFORMED;
        }
        item->row.entry.payload_hash = sg_entry_payload_hash(
            &growth->batch->store->hasher, entry->payload);
    }
    row->absent += entry->state == SG_PAYLOAD_NOT_HELD;
    row->erased += entry->state == SG_PAYLOAD_ERASED;
    item->row.leaf = sg_entry_leaf(&item->row.entry);
    sg_merkle_append(&row->frontier, &item->row.leaf, keep_node, growth);
    return growth->overflow ? SG_ERR_LIMIT : check_ahead(&growth->log);
}

static enum sg_err grow(struct sg_batch *batch, const struct sg_commit_log *log,
                        const struct sg_entry entries[], size_t count,
                        struct growth *growth)
{
    enum sg_err err = SG_OK;
    size_t i;

    if (count == 0 || count > SG_COMMIT_ENTRIES_MAX - batch->item_count) {
        return count == 0 ? SG_ERR_INVALID : SG_ERR_LIMIT;
    }
    growth->batch = batch;
    growth->log = *log;
    growth->node_count = batch->node_count;
    growth->overflow = false;
    for (i = 0; i < count && err == SG_OK; i++) {
        err =
            grow_one(growth, &entries[i], &batch->items[batch->item_count + i]);
    }
    return err;
}

static void keep(struct sg_commit_log *log, const struct growth *growth,
                 size_t count)
{
    *log = growth->log;
    growth->batch->item_count += count;
    growth->batch->node_count = growth->node_count;
}

enum sg_err sg_batch_append(struct sg_batch *batch, uint32_t number,
                            uint64_t first, const struct sg_entry entries[],
                            size_t count)
{
    struct sg_commit_log *log;
    struct growth growth;
    enum sg_err err = touch(batch, number, &log);
    size_t i;

    if (err != SG_OK) {
        return err;
    }
    if (log->own == NULL) {
        return SG_ERR_INVALID;
    }
    /* What is read is written down also when nothing else is written. */
    if (log->row.core.kind != SG_LOG_AUDIT) {
        err = check_space(batch);
    }
    if (err != SG_OK) {
        return err;
    }
    if ((log->row.flags & SG_LOG_CLOSED) != 0) {
        return SG_ERR_CLOSED;
    }
    if (first != log->row.frontier.size) {
        return SG_ERR_STATE;
    }
    for (i = 0; i < count; i++) {
        if (entries[i].state != SG_PAYLOAD_PRESENT) {
            return SG_ERR_INVALID;
        }
    }
    err = grow(batch, log, entries, count, &growth);
    if (err == SG_OK) {
        keep(log, &growth, count);
    }
    return err;
}

enum sg_err sg_batch_opening(struct sg_batch *batch, uint32_t number,
                             const struct sg_entry *opening)
{
    struct sg_commit_log *log;
    struct growth growth;
    enum sg_err err = touch(batch, number, &log);
    if (err == SG_OK) {
        err = grow(batch, log, opening, 1, &growth);
    }
    if (err == SG_OK) {
        keep(log, &growth, 1);
    }
    return err;
}

void sg_batch_stamp(struct sg_batch *batch, bool begins)
{
    batch->stamp = batch->log_count > 0;
    batch->begins = begins;
}

/* --- Packages and checkpoints of others --------------------------------- */

static bool same_root(const struct sg_checkpoint *a,
                      const struct sg_checkpoint *b)
{
    return memcmp(&a->root, &b->root, sizeof a->root) == 0;
}

/* Verifies KNOWN unless it is the one we have; two signed roots for one size
 * are a fork. */
static enum sg_err check_known(const struct sg_batch *batch,
                               const struct sg_commit_log *log,
                               const struct sg_checkpoint *known)
{
    const struct sg_checkpoint *have = &log->row.known;
    bool same_size = have->size == known->size;
    enum sg_err err;
    unsigned i;

    if (same_size && same_root(have, known) &&
        memcmp(have->signature, known->signature, SG_SIGNATURE_SIZE) == 0) {
        return SG_OK;
    }
    err = sg_checkpoint_verify(&batch->store->registry, &log->id,
                               log->row.core.node_key, known);
    if (err == SG_OK && same_size && !same_root(have, known)) {
        err = SG_ERR_FORK;
    }
    for (i = 0; i < log->ahead_count && err == SG_OK; i++) {
        if (log->ahead[i].size == known->size &&
            !same_root(&log->ahead[i], known)) {
            err = SG_ERR_FORK;
        }
    }
    return err;
}

/* Makes KNOWN the newest; the one before stays a milestone until the entries
 * have passed it. */
static enum sg_err move_known(struct sg_commit_log *log,
                              const struct sg_checkpoint *known)
{
    struct sg_checkpoint *before = &log->row.known;
    if (known->size <= before->size) {
        return SG_OK;
    }
    if (before->size > log->row.frontier.size) {
        if (log->ahead_count == SG_COMMIT_AHEAD_MAX) {
            /* The nearest stay: they are met first. */
            log->ahead[SG_COMMIT_AHEAD_MAX - 1] = *before;
        } else {
            log->ahead[log->ahead_count++] = *before;
        }
    }
    *before = *known;
    return SG_OK;
}

/* Checks that the tree after the package leads to its checkpoint. */
static enum sg_err check_cover(const struct sg_package *package,
                               const struct sg_frontier *after)
{
    struct sg_hash root;
    enum sg_err err = sg_merkle_fold(after, package->known.size, package->cover,
                                     package->cover_count, &root);
    if (err != SG_OK) {
        return err;
    }
    return memcmp(&root, &package->known.root, sizeof root) == 0 ? SG_OK
                                                                 : SG_ERR_PROOF;
}

/* An open own log grows here and nowhere else: a signature for more of it is
 * another holder of our key. */
static enum sg_err others_sign(const struct sg_batch *batch,
                               const struct sg_commit_log *log,
                               const struct sg_checkpoint *known)
{
    enum sg_err err = check_known(batch, log, known);
    return err == SG_OK ? SG_ERR_FORK : err;
}

struct frontier_at {
    uint32_t log;
    uint64_t size;
    struct sg_frontier frontier;
};

static enum sg_err frontier_at(struct sg_txn *txn, void *context)
{
    struct frontier_at *wanted = context;

    return sg_tree_frontier(txn, wanted->log, wanted->size, &wanted->frontier);
}

/* All of PACKAGE is held. What is new in it may be the checkpoint: an own log
 * that was left has a tail that none covers here, and others bring it. */
static enum sg_err know_more(struct sg_batch *batch, struct sg_commit_log *log,
                             const struct sg_package *package)
{
    struct frontier_at past = {
        log->number, package->first + package->count, {0}};
    enum sg_err err;

    if (log->own != NULL || package->known.size <= log->row.known.size ||
        past.size > log->before.size) {
        return SG_ERR_EXISTS;
    }
    err = check_known(batch, log, &package->known);
    if (err == SG_OK) {
        err = sg_env_read(batch->store->env, frontier_at, &past);
    }
    if (err == SG_OK && check_cover(package, &past.frontier) != SG_OK) {
        err = SG_ERR_FORK;
    }
    return err == SG_OK ? move_known(log, &package->known) : err;
}

/* Adds what of PACKAGE is not held yet. That the rest is the same as what is
 * held follows from the root that both must lead to. */
static enum sg_err add_package(struct sg_batch *batch,
                               struct sg_commit_log *log,
                               const struct sg_package *package)
{
    size_t held = (size_t)(log->row.frontier.size - package->first);
    size_t count = package->count - held;
    struct growth growth;
    enum sg_err err = check_known(batch, log, &package->known);

    if (err == SG_OK) {
        /* What we knew before is a milestone on the way, too. */
        struct sg_commit_log with = *log;
        (void)move_known(&with, &package->known);
        err = grow(batch, &with, package->entries + held, count, &growth);
    }
    if (err == SG_OK) {
        err = check_cover(package, &growth.log.row.frontier);
    }
    if (err == SG_OK) {
        keep(log, &growth, count);
    }
    return err;
}

enum sg_err sg_batch_package(struct sg_batch *batch,
                             const struct sg_package *package)
{
    struct sg_commit_log *log;
    enum sg_err err = check_space(batch);

    if (err == SG_OK) {
        err = touch(batch, package->log, &log);
    }
    if (err != SG_OK) {
        return err;
    }
    if (package->first + package->count <= log->row.frontier.size) {
        return know_more(batch, log, package);
    }
    if (log->own != NULL) {
        return others_sign(batch, log, &package->known);
    }
    if (package->first > log->row.frontier.size) {
        return SG_ERR_STATE;
    }
    if (package->count > SG_PACKAGE_ENTRIES_MAX) {
        return SG_ERR_LIMIT;
    }
    return add_package(batch, log, package);
}

enum sg_err sg_batch_known(struct sg_batch *batch, uint32_t number,
                           const struct sg_checkpoint *checkpoint)
{
    enum sg_err err = check_space(batch);

    return err == SG_OK ? sg_batch_signed(batch, number, checkpoint) : err;
}

enum sg_err sg_batch_signed(struct sg_batch *batch, uint32_t number,
                            const struct sg_checkpoint *checkpoint)
{
    struct frontier_at past = {number, checkpoint->size, {0}};
    struct sg_hash root;
    struct sg_commit_log *log;
    enum sg_err err = touch(batch, number, &log);

    if (err != SG_OK) {
        return err;
    }
    err = check_known(batch, log, checkpoint);
    if (err == SG_OK && log->own != NULL &&
        checkpoint->size > log->own->signed_checkpoint.size) {
        err = SG_ERR_FORK;
    }
    if (err != SG_OK) {
        return err;
    }
    if (checkpoint->size <= log->before.size) {
        err = sg_env_read(batch->store->env, frontier_at, &past);
        root = sg_merkle_root(&past.frontier);
        if (err == SG_OK &&
            memcmp(&root, &checkpoint->root, sizeof root) != 0) {
            return SG_ERR_FORK;
        }
    }
    if (err == SG_OK && checkpoint->size <= log->row.known.size) {
        return SG_ERR_EXISTS;
    }
    return err == SG_OK ? move_known(log, checkpoint) : err;
}

/* --- Rows that change ---------------------------------------------------- */

struct row_at {
    const struct sg_entry_hasher *hasher;
    uint32_t log;
    uint64_t index;
    bool taken;              /* by a row of another place */
    struct sg_row_entry row; /* without its payload */
};

static enum sg_err row_at(struct sg_txn *txn, void *context)
{
    struct row_at *wanted = context;
    struct sg_walk walk;
    enum sg_err err;

    sg_walk_begin(&walk, txn, wanted->log, wanted->index);
    err = sg_walk_next(&walk, &wanted->row);
    if (err == SG_OK) {
        err = sg_walk_check(wanted->hasher, &wanted->row);
    }
    wanted->taken =
        err != SG_OK && sg_walk_is_taken(txn, wanted->log, wanted->index);
    wanted->row.entry.payload = sg_bytes(NULL, 0);
    return err;
}

/* Looks the row up and makes room for its successor. */
static enum sg_err replace(struct sg_batch *batch, uint32_t number,
                           uint64_t index, struct row_at *at,
                           struct sg_commit_log **ret_log)
{
    enum sg_err err = touch(batch, number, ret_log);
    size_t i;
    if (err != SG_OK) {
        return err;
    }
    if (index >= (*ret_log)->before.size) {
        return SG_ERR_NOTFOUND;
    }
    if (batch->item_count == SG_COMMIT_ENTRIES_MAX) {
        return SG_ERR_LIMIT;
    }
    for (i = 0; i < batch->item_count; i++) {
        /* One change of a row in a batch: the second waits for the next. */
        if (batch->items[i].row.log == number &&
            batch->items[i].row.index == index) {
            return SG_ERR_LIMIT;
        }
    }
    memset(at, 0, sizeof *at);
    at->hasher = &batch->store->hasher;
    at->log = number;
    at->index = index;
    return sg_env_read(batch->store->env, row_at, at);
}

static void put_item(struct sg_batch *batch, const struct sg_row_entry *row)
{
    struct sg_commit_item *item = &batch->items[batch->item_count++];
    item->what = SG_COMMIT_REPLACE;
    item->row = *row;
}

enum sg_err sg_batch_fill(struct sg_batch *batch, uint32_t number,
                          uint64_t index, struct sg_bytes payload)
{
    struct sg_commit_log *log;
    struct row_at at;
    struct sg_hash hash;
    enum sg_err err = check_space(batch);

    if (err == SG_OK) {
        err = replace(batch, number, index, &at, &log);
    }
    if (err != SG_OK) {
        return err;
    }
    if (at.row.entry.state != SG_PAYLOAD_NOT_HELD) {
        return at.row.entry.state == SG_PAYLOAD_ERASED ? SG_ERR_ERASED
                                                       : SG_ERR_EXISTS;
    }
    hash = sg_entry_payload_hash(&batch->store->hasher, payload);
    if (payload.size != at.row.entry.length ||
        memcmp(&hash, &at.row.entry.payload_hash, sizeof hash) != 0) {
        return SG_ERR_PROOF;
    }
    at.row.entry.state = SG_PAYLOAD_PRESENT;
    at.row.entry.payload = payload;
    log->row.absent--;
    put_item(batch, &at.row);
    return SG_OK;
}

enum sg_err sg_batch_mend(struct sg_batch *batch, uint32_t number,
                          uint64_t index, const struct sg_entry *entry)
{
    struct sg_commit_log *log = NULL;
    struct row_at at;
    enum sg_err err = check_space(batch);

    if (err == SG_OK) {
        err = replace(batch, number, index, &at, &log);
    }
    if (err == SG_ERR_DAMAGED ||
        (err == SG_ERR_NOTFOUND && log != NULL && index < log->before.size)) {
        /* At the end of a log a row that became another's looks like none. */
        err = at.taken ? SG_ERR_STATE : SG_OK;
    }
    if (err != SG_OK) {
        return err;
    }
    at.row.log = number;
    at.row.index = index;
    at.row.entry = *entry;
    if (entry->state == SG_PAYLOAD_PRESENT) {
        at.row.entry.payload_hash =
            sg_entry_payload_hash(&batch->store->hasher, entry->payload);
    }
    at.row.leaf = sg_entry_leaf(&at.row.entry);
    put_item(batch, &at.row);
    return SG_OK;
}

bool sg_batch_is_damaged(struct sg_batch *batch, uint32_t number,
                         uint64_t index)
{
    struct row_at at = {
        .hasher = &batch->store->hasher, .log = number, .index = index};
    struct sg_commit_log *log;
    return touch(batch, number, &log) == SG_OK && index < log->before.size &&
           sg_env_read(batch->store->env, row_at, &at) != SG_OK;
}

enum sg_err sg_batch_erase(struct sg_batch *batch, uint32_t number,
                           uint64_t index, const uint8_t order[16])
{
    struct sg_commit_log *log;
    struct row_at at;
    enum sg_err err = replace(batch, number, index, &at, &log);

    if (err != SG_OK) {
        return err;
    }
    if (at.row.entry.state == SG_PAYLOAD_ERASED) {
        return SG_ERR_EXISTS;
    }
    log->row.absent -= at.row.entry.state == SG_PAYLOAD_NOT_HELD;
    log->row.erased++;
    at.row.entry.state = SG_PAYLOAD_ERASED;
    memcpy(at.row.entry.erased_by, order, sizeof at.row.entry.erased_by);
    put_item(batch, &at.row);
    return SG_OK;
}

enum sg_err sg_batch_flag(struct sg_batch *batch, uint32_t number,
                          uint8_t flags)
{
    struct sg_commit_log *log;
    enum sg_err err = touch(batch, number, &log);
    if (err == SG_OK) {
        log->row.flags |= flags;
    }
    return err;
}

enum sg_err sg_batch_commit(struct sg_batch *batch)
{
    enum sg_err err;
    if (batch->log_count == 0 && batch->keep_count == 0) {
        return SG_OK;
    }
    err = sg_commit_run(batch);
    if (err == SG_OK) {
        sg_batch_clear(batch);
    }
    batch->full = err == SG_ERR_FULL;
    return err;
}
