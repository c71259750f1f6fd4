#include "storage/lmdb/walk.h"

#include <string.h>

#include "storage/lmdb/schema.h"

void sg_walk_begin(struct sg_walk *walk, struct sg_txn *txn, uint32_t log,
                   uint64_t index)
{
    memset(walk, 0, sizeof *walk);
    walk->txn = txn;
    walk->log = log;
    walk->index = index;
}

/* Finds the extent of INDEX: where it lies, and how many rows follow it. */
static enum sg_err find_run(struct sg_txn *txn, uint32_t log, uint64_t index,
                            uint64_t *ret_arrival, uint64_t *ret_run)
{
    struct sg_schema_key wanted = sg_schema_place(log, index);
    struct sg_bytes key, value;
    uint64_t first = 0;
    uint32_t found = 0;

    if (!sg_txn_seek_back(txn, SG_DB_EXTENTS, sg_schema_bytes(&wanted), &key,
                          &value)) {
        enum sg_err err = sg_txn_err(txn);
        return err != SG_OK ? err : SG_ERR_NOTFOUND;
    }
    if (!sg_schema_parse_place(key, &found, &first) || value.size != 8) {
        return SG_ERR_DAMAGED;
    }
    if (found != log || first > index) {
        return SG_ERR_NOTFOUND;
    }
    *ret_arrival = sg_bytes_get_u64be(value.data) + (index - first);
    *ret_run = UINT64_MAX;
    if (sg_txn_next(txn, SG_DB_EXTENTS, &key, &value) &&
        sg_schema_parse_place(key, &found, &first) && found == log) {
        if (first <= index) {
            return SG_ERR_DAMAGED;
        }
        *ret_run = first - index;
    }
    return sg_txn_err(txn);
}

enum sg_err sg_walk_locate(struct sg_txn *txn, uint32_t log, uint64_t index,
                           uint64_t *ret_arrival)
{
    uint64_t run;
    return find_run(txn, log, index, ret_arrival, &run);
}

/* Moves to the row at walk->arrival. */
static bool step(struct sg_walk *walk, struct sg_bytes *ret_value)
{
    struct sg_schema_key wanted = sg_schema_number(walk->arrival);
    struct sg_bytes key;
    bool found;

    if (walk->running) {
        found = sg_txn_next(walk->txn, SG_DB_ENTRIES, &key, ret_value);
    } else {
        found = sg_txn_seek(walk->txn, SG_DB_ENTRIES, sg_schema_bytes(&wanted),
                            &key, ret_value);
    }
    walk->running = found && sg_bytes_equal(key, sg_schema_bytes(&wanted));
    return walk->running;
}

enum sg_err sg_walk_next(struct sg_walk *walk, struct sg_row_entry *ret_row)
{
    struct sg_bytes value;
    enum sg_err err;
    uint64_t index = walk->index;
    bool found;

    if (walk->run_left == 0) {
        walk->running = false;
        err = find_run(walk->txn, walk->log, index, &walk->arrival,
                       &walk->run_left);
        if (err != SG_OK) {
            return err;
        }
    }
    found = step(walk, &value);
    walk->index++;
    walk->arrival++;
    walk->run_left--;
    if (sg_txn_err(walk->txn) != SG_OK) {
        return sg_txn_err(walk->txn);
    }
    if (!found) {
        /* The last extent is open-ended: is this the end or a hole? */
        return walk->run_left > UINT64_MAX / 2 ? SG_ERR_NOTFOUND
                                               : SG_ERR_DAMAGED;
    }
    err = sg_row_entry_decode(value, ret_row);
    if (err == SG_OK &&
        (ret_row->log != walk->log || ret_row->index != index)) {
        /* Another log's row after the open end of this log's last extent. */
        walk->running = false;
        return walk->run_left > UINT64_MAX / 2 && ret_row->log != walk->log
                   ? SG_ERR_NOTFOUND
                   : SG_ERR_DAMAGED;
    }
    return err;
}

bool sg_walk_is_taken(struct sg_txn *txn, uint32_t log, uint64_t index)
{
    struct sg_row_entry row;
    struct sg_schema_key key;
    struct sg_bytes value;
    uint64_t arrival, back;

    if (sg_walk_locate(txn, log, index, &arrival) != SG_OK) {
        return false;
    }
    key = sg_schema_number(arrival);
    return sg_txn_get(txn, SG_DB_ENTRIES, sg_schema_bytes(&key), &value) &&
           sg_row_entry_decode(value, &row) == SG_OK &&
           (row.log != log || row.index != index) &&
           sg_walk_locate(txn, row.log, row.index, &back) == SG_OK &&
           back == arrival;
}

enum sg_err sg_walk_check(const struct sg_entry_hasher *hasher,
                          struct sg_row_entry *row)
{
    struct sg_hash leaf;
    if (row->entry.state == SG_PAYLOAD_PRESENT) {
        row->entry.payload_hash =
            sg_entry_payload_hash(hasher, row->entry.payload);
    }
    leaf = sg_entry_leaf(&row->entry);
    return memcmp(leaf.bytes, row->leaf.bytes, sizeof leaf.bytes) == 0
               ? SG_OK
               : SG_ERR_DAMAGED;
}
