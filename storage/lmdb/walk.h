/* Walking over entry rows, and the check that a row is what was signed.
 *
 * Used inside storage/lmdb only, in a transaction. A row found here lies where
 * the extents say it does; whether its bytes are intact is sg_walk_check, which
 * every row passes before it leaves the store.
 */
#ifndef SG_STORAGE_LMDB_WALK_H
#define SG_STORAGE_LMDB_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/err.h"
#include "storage/lmdb/env.h"
#include "storage/lmdb/row.h"
#include "storage/log/entry.h"

/* A place in one log; read its fields, do not set them. */
struct sg_walk {
    struct sg_txn *txn;
    uint32_t log;
    uint64_t index;    /* of the next row */
    uint64_t arrival;  /* where it lies */
    uint64_t run_left; /* rows from there on without looking at extents */
    bool running;      /* the cursor stands on the row before */
};

/* Starts before the row at INDEX of LOG. */
void sg_walk_begin(struct sg_walk *walk, struct sg_txn *txn, uint32_t log,
                   uint64_t index);

/* Gives the next row; its payload is borrowed from the transaction.
 * Errors: NOTFOUND (past the end); DAMAGED (no row, another row or an
 * undecodable one in its place): then the walk stands after it. */
SG_USE_RESULT enum sg_err sg_walk_next(struct sg_walk *walk,
                                       struct sg_row_entry *ret_row);

/* Finds where the row at INDEX lies. Errors: NOTFOUND. */
SG_USE_RESULT enum sg_err sg_walk_locate(struct sg_txn *txn, uint32_t log,
                                         uint64_t index, uint64_t *ret_arrival);

/* Says whether an intact row of another place lies where the row at INDEX
 * should: it is the extents that are damaged then. */
bool sg_walk_is_taken(struct sg_txn *txn, uint32_t log, uint64_t index);

/* Recomputes ROW's payload hash, where there is a payload, and its leaf hash;
 * sets the payload hash.
 * Errors: DAMAGED. */
SG_USE_RESULT enum sg_err sg_walk_check(const struct sg_entry_hasher *hasher,
                                        struct sg_row_entry *row);

#endif
