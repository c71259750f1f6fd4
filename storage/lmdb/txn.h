/* Inside a transaction: reads and writes with a sticky error.
 *
 * A transaction is begun and ended by sg_env_read and sg_env_write (env.h);
 * these calls work in one. After the first failure every further call does
 * nothing, and the sg_env call returns that failure. Context: the thread that
 * runs the transaction.
 */
#ifndef SG_STORAGE_LMDB_TXN_H
#define SG_STORAGE_LMDB_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"

struct sg_txn;

/* Gives the first failure. */
enum sg_err sg_txn_err(const struct sg_txn *txn);

/* Records ERR as the failure if there is none yet; gives the first one. */
enum sg_err sg_txn_fail(struct sg_txn *txn, enum sg_err err);

/* Looks KEY up in database DB. Returns whether it is there; a missing key is
 * not a failure. RET_VALUE is valid until the next write in TXN. */
bool sg_txn_get(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                struct sg_bytes *ret_value);

/* Finds the first key >= KEY, or the last key <= KEY. Returns whether there is
 * one. */
bool sg_txn_seek(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                 struct sg_bytes *ret_key, struct sg_bytes *ret_value);
bool sg_txn_seek_back(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                      struct sg_bytes *ret_key, struct sg_bytes *ret_value);

/* Moves on from the last seek or step in DB. Returns whether there is one. */
bool sg_txn_next(struct sg_txn *txn, unsigned db, struct sg_bytes *ret_key,
                 struct sg_bytes *ret_value);

/* Writes; the second form for keys beyond all others in DB (Errors: EXISTS,
 * which fails the transaction). */
void sg_txn_put(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                struct sg_bytes value);
void sg_txn_append(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                   struct sg_bytes value);

/* Makes room for a value of SIZE bytes at a key beyond all others and gives it
 * to be filled in at once; NULL after a failure. */
uint8_t *sg_txn_append_room(struct sg_txn *txn, unsigned db,
                            struct sg_bytes key, size_t size);

/* Deletes KEY if it is there. */
void sg_txn_del(struct sg_txn *txn, unsigned db, struct sg_bytes key);

/* Counts the keys of DB. */
uint64_t sg_txn_count(struct sg_txn *txn, unsigned db);

#endif
