#include "storage/lmdb/commit.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/plant.h"
#include "storage/lmdb/own.h"
#include "storage/lmdb/schema.h"
#include "storage/lmdb/signer.h"
#include "storage/lmdb/walk.h"

/* --- In the transaction -------------------------------------------------- */

static struct sg_commit_log *log_of(struct sg_batch *batch, uint32_t number)
{
    size_t i;
    for (i = 0; i < batch->log_count; i++) {
        if (batch->logs[i].number == number) {
            return &batch->logs[i];
        }
    }
    return NULL;
}

static void put_row(struct sg_txn *txn, uint64_t arrival,
                    const struct sg_row_entry *row, bool append)
{
    struct sg_schema_key key = sg_schema_number(arrival);
    size_t size = sg_row_entry_size(row);
    uint8_t *room;
    uint8_t bytes[SG_ROW_ENTRY_MAX];

    if (append) {
        room =
            sg_txn_append_room(txn, SG_DB_ENTRIES, sg_schema_bytes(&key), size);
        if (room != NULL) {
            sg_row_entry_encode(row, room, size);
        }
        return;
    }
    sg_row_entry_encode(row, bytes, size);
    sg_txn_put(txn, SG_DB_ENTRIES, sg_schema_bytes(&key),
               sg_bytes(bytes, size));
}

/* Adds a row at the end; a new extent only where the run of arrivals breaks. */
static void add_row(struct sg_txn *txn, struct sg_commit_log *log,
                    const struct sg_row_entry *row, uint64_t arrival)
{
    put_row(txn, arrival, row, true);
    if (row->index == 0 || log->tail_now + 1 != arrival) {
        struct sg_schema_key key = sg_schema_place(row->log, row->index);
        struct sg_schema_key value = sg_schema_number(arrival);
        sg_txn_put(txn, SG_DB_EXTENTS, sg_schema_bytes(&key),
                   sg_schema_bytes(&value));
    }
    log->tail_now = arrival;
}

static void replace_row(struct sg_txn *txn, const struct sg_row_entry *row)
{
    struct sg_schema_key place = sg_schema_place(row->log, row->index);
    uint64_t arrival;
    enum sg_err err = sg_walk_locate(txn, row->log, row->index, &arrival);

    if (err != SG_OK) {
        (void)sg_txn_fail(txn, err);
        return;
    }
    put_row(txn, arrival, row, false);
    sg_txn_del(txn, SG_DB_DAMAGE, sg_schema_bytes(&place));
    if (row->entry.state == SG_PAYLOAD_ERASED) {
        uint8_t value[17];
        memcpy(value, row->entry.erased_by, 16);
        value[16] = 1; /* removed, not yet compacted */
        sg_txn_put(txn, SG_DB_ERASURES, sg_schema_bytes(&place),
                   SG_BYTES_ARRAY(value));
    }
}

/* Arrivals go on behind the last row. A damaged key there must not lead back
 * among the others: the logs of the batch know where they ended, too. */
static uint64_t next_arrival(struct sg_txn *txn, const struct sg_batch *batch)
{
    struct sg_bytes value;
    uint64_t last, next = 0;
    size_t i;

    if (sg_schema_last(txn, SG_DB_ENTRIES, &last, &value)) {
        next = last + 1;
    }
    for (i = 0; i < batch->log_count; i++) {
        const struct sg_commit_log *log = &batch->logs[i];
        if (log->before.size > 0 && log->tail_arrival >= next) {
            next = log->tail_arrival + 1;
        }
    }
    return next;
}

static void put_items(struct sg_txn *txn, struct sg_batch *batch)
{
    uint64_t arrival = next_arrival(txn, batch);
    struct sg_commit_log *log = NULL;
    size_t i;

    for (i = 0; i < batch->log_count; i++) {
        batch->logs[i].tail_now = batch->logs[i].tail_arrival;
    }
    for (i = 0; i < batch->item_count && sg_txn_err(txn) == SG_OK; i++) {
        const struct sg_commit_item *item = &batch->items[i];
        if (item->what == SG_COMMIT_REPLACE) {
            replace_row(txn, &item->row);
            continue;
        }
        if (log == NULL || log->number != item->row.log) {
            log = log_of(batch, item->row.log);
            SG_ASSERT(log != NULL);
        }
        add_row(txn, log, &item->row, arrival++);
    }
}

/* Milestones that the entries have not reached stay; others are done with. */
static void put_ahead(struct sg_txn *txn, const struct sg_commit_log *log)
{
    unsigned i;
    for (i = 0; i < log->ahead_count; i++) {
        const struct sg_checkpoint *ahead = &log->ahead[i];
        struct sg_schema_key key = sg_schema_place(log->number, ahead->size);
        uint8_t value[32 + SG_SIGNATURE_SIZE];
        if (ahead->size <= log->row.frontier.size) {
            sg_txn_del(txn, SG_DB_CHECKPOINTS, sg_schema_bytes(&key));
            continue;
        }
        memcpy(value, ahead->root.bytes, 32);
        memcpy(value + 32, ahead->signature, SG_SIGNATURE_SIZE);
        sg_txn_put(txn, SG_DB_CHECKPOINTS, sg_schema_bytes(&key),
                   SG_BYTES_ARRAY(value));
    }
}

/* Where change numbers stand: the next one, and the log of the newest run in
 * `changes` (0: none). */
struct numbering {
    uint64_t change;
    uint32_t newest;
};

static void read_numbering(struct sg_txn *txn, const struct sg_batch *batch,
                           struct numbering *n)
{
    struct sg_row_log row;
    struct sg_bytes value;
    uint64_t first;
    size_t i;

    *n = (struct numbering){1, 0};
    if (sg_schema_last(txn, SG_DB_CHANGES, &first, &value)) {
        if (value.size != 4) {
            (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
            return;
        }
        n->newest = sg_bytes_get_u32be(value.data);
        n->change = first + 1;
        if (sg_store_row(txn, n->newest, &row) != SG_OK) {
            (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
            return;
        }
        if (row.change >= n->change) {
            n->change = row.change + 1;
        }
    }
    for (i = 0; i < batch->log_count; i++) {
        if (batch->logs[i].change_before >= n->change) {
            n->change = batch->logs[i].change_before + 1;
        }
    }
}

/* A log that changes again and again keeps its row: the run goes on. Else the
 * row of its last run makes way for that of a new one. */
static void put_change(struct sg_txn *txn, const struct sg_commit_log *log,
                       struct numbering *n)
{
    struct sg_schema_key before = sg_schema_number(log->change_before);
    struct sg_schema_key now = sg_schema_number(n->change);
    struct sg_schema_key number = sg_schema_log(log->number);
    struct sg_bytes key, value;

    if (n->newest == log->number) {
        return;
    }
    if (!log->fresh &&
        sg_txn_seek_back(txn, SG_DB_CHANGES, sg_schema_bytes(&before), &key,
                         &value) &&
        key.size == sizeof(uint64_t) &&
        sg_bytes_equal(value, sg_schema_bytes(&number))) {
        before = sg_schema_number(sg_bytes_get_u64be(key.data));
        sg_txn_del(txn, SG_DB_CHANGES, sg_schema_bytes(&before));
    }
    sg_txn_append(txn, SG_DB_CHANGES, sg_schema_bytes(&now),
                  sg_schema_bytes(&number));
    n->newest = log->number;
}

static void put_log(struct sg_txn *txn, struct sg_commit_log *log,
                    struct numbering *n)
{
    struct sg_schema_key key = sg_schema_log(log->number);
    struct sg_schema_key id = sg_schema_log_id(&log->id, log->row.branch);
    uint8_t row[SG_ROW_LOG_MAX];
    size_t size;

    put_change(txn, log, n);
    log->row.change = n->change++;
    size = sg_row_log_encode(&log->row, row);
    sg_txn_put(txn, SG_DB_LOGS, sg_schema_bytes(&key), sg_bytes(row, size));
    if (log->fresh) {
        sg_txn_put(txn, SG_DB_LOGIDS, sg_schema_bytes(&id),
                   sg_schema_bytes(&key));
    }
    put_ahead(txn, log);
}

static void put_keeps(struct sg_txn *txn, const struct sg_batch *batch)
{
    size_t i;
    for (i = 0; i < batch->keep_count; i++) {
        const struct sg_commit_keep *keep = &batch->keeps[i];
        struct sg_bytes value = keep->value;
        if (value.data == NULL) {
            value.data = keep->copy;
        }
        sg_txn_put(txn, keep->db, sg_bytes(keep->key, keep->key_size), value);
    }
}

static enum sg_err apply(struct sg_txn *txn, void *context)
{
    struct sg_batch *batch = context;
    struct numbering numbering;
    size_t i;

    put_items(txn, batch);
    for (i = 0; i < batch->node_count; i++) {
        const struct sg_commit_node *node = &batch->nodes[i];
        struct sg_schema_key key =
            sg_schema_node(node->log, node->level, node->position);
        sg_txn_put(txn, SG_DB_NODES, sg_schema_bytes(&key),
                   SG_BYTES_ARRAY(node->hash.bytes));
    }
    read_numbering(txn, batch, &numbering);
    for (i = 0; i < batch->log_count; i++) {
        put_log(txn, &batch->logs[i], &numbering);
    }
    put_keeps(txn, batch);
    if (batch->stamp) {
        sg_txn_put(txn, SG_DB_META, SG_BYTES_TEXT("machine"),
                   SG_BYTES_ARRAY(batch->store->fingerprint.bytes));
    }
    if (batch->begins) {
        sg_schema_meta_put(txn, "begun", batch->store->highwater.sequence);
    }
    return sg_txn_err(txn);
}

/* --- After the transaction ----------------------------------------------- */

struct read_back {
    const struct sg_entry_hasher *hasher;
    const struct sg_commit_log *log;
    struct sg_frontier frontier;
};

/* Recomputes what is to be signed from what the disk gives back. */
static enum sg_err read_back(struct sg_txn *txn, void *context)
{
    struct read_back *back = context;
    struct sg_row_entry row;
    struct sg_walk walk;
    enum sg_err err = SG_OK;

    sg_walk_begin(&walk, txn, back->log->number, back->frontier.size);
    while (err == SG_OK && back->frontier.size < back->log->row.frontier.size) {
        err = sg_walk_next(&walk, &row);
        if (err == SG_OK) {
            err = sg_walk_check(back->hasher, &row);
        }
        if (err == SG_OK) {
            sg_merkle_append(&back->frontier, &row.leaf, NULL, NULL);
        }
    }
    return err;
}

static bool grew(const struct sg_commit_log *log)
{
    return log->own != NULL && log->row.frontier.size > log->before.size;
}

/* Has the signer sign what the own logs of BATCH will be, while the disk takes
 * it. Sets RET_ASKED where there are any. */
static enum sg_err ask_signer(struct sg_batch *batch, bool *ret_asked)
{
    size_t i;
    for (i = 0; i < batch->log_count; i++) {
        const struct sg_commit_log *log = &batch->logs[i];
        if (grew(log)) {
            const struct sg_checkpoint *last = &log->own->signed_checkpoint;
            struct sg_hash before = sg_merkle_root(&log->before);
            if (last->size == log->before.size && last->size > 0 &&
                memcmp(&before, &last->root, sizeof before) != 0) {
                return SG_ERR_FATAL;
            }
            sg_own_plan(batch->store, log->own, &log->row.frontier);
            *ret_asked = true;
        }
    }
    if (*ret_asked) {
        sg_signer_begin(batch->store->signer);
    }
    return SG_OK;
}

/* Reads back what one own log grew by. A root that differs from the one that
 * was computed before the commit is a memory or disk that cannot be trusted. */
static enum sg_err check_back(struct sg_batch *batch,
                              const struct sg_commit_log *log)
{
    struct read_back back = {&batch->store->hasher, log, log->before};
    enum sg_err err = SG_OK;

    if (SG_PLANT(no_read_back)) {
        back.frontier = log->row.frontier;
    } else {
        err = sg_env_read(batch->store->env, read_back, &back);
    }
    return err == SG_OK &&
                   sg_own_is_planned(batch->store, log->own, &back.frontier)
               ? SG_OK
               : SG_ERR_FATAL;
}

enum sg_err sg_commit_run(struct sg_batch *batch)
{
    bool asked = false;
    enum sg_err err = ask_signer(batch, &asked);
    size_t i;

    if (err == SG_OK) {
        err = sg_env_write(batch->store->env, apply, batch);
    }
    for (i = 0; i < batch->log_count && err == SG_OK; i++) {
        if (grew(&batch->logs[i])) {
            err = check_back(batch, &batch->logs[i]);
        }
    }
    if (err == SG_OK && asked) {
        err = sg_own_write_highwater(batch->store);
    } else if (asked) {
        sg_own_forget(batch->store);
    }
    if (err == SG_ERR_FATAL || err == SG_ERR_DAMAGED) {
        /* What LMDB has now nobody vouches for: it must not be built upon. */
        sg_env_fail(batch->store->env);
    }
    return err;
}
