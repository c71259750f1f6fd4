/* LMDB's side of a transaction: what env.c and txn.c share and nobody else
 * includes.
 */
#ifndef SG_STORAGE_LMDB_MDB_H
#define SG_STORAGE_LMDB_MDB_H

#include <lmdb.h>
#include <stdbool.h>

#include "storage/lmdb/env.h"

struct sg_txn {
    struct sg_env *env;
    MDB_txn *mdb;
    const MDB_dbi *dbi; /* of the environment's databases, by number */
    MDB_cursor *cursors[SG_ENV_DATABASES_MAX];
    const uint8_t *map;
    size_t map_size;
    bool writes;
    uint32_t appended; /* databases, as bits, whose end was looked at */
    bool map_full;     /* LMDB said MDB_MAP_FULL: a larger map may do */
    enum sg_err err;
};

/* Translates a code of LMDB or errno. */
enum sg_err sg_mdb_err(int code);

/* Records CODE, if it is not 0, as the failure of TXN. */
void sg_mdb_fail(struct sg_txn *txn, int code);

#endif
