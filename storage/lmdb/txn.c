#include "storage/lmdb/txn.h"

#include "storage/base/check.h"
#include "storage/lmdb/guard.h"
#include "storage/lmdb/mdb.h"
#include "storage/lmdb/page.h"

enum sg_err sg_txn_err(const struct sg_txn *txn)
{
    return txn->err;
}

enum sg_err sg_txn_fail(struct sg_txn *txn, enum sg_err err)
{
    if (txn->err == SG_OK) {
        txn->err = err;
    }
    return txn->err;
}

static MDB_val val(struct sg_bytes bytes)
{
    /* LMDB's values are not const, but it does not write through keys. */
    return (MDB_val){bytes.size, (void *)(uintptr_t)bytes.data};
}

/* A size that damage made up must not lead a reader out of the map. */
static bool take(struct sg_txn *txn, const MDB_val *from, struct sg_bytes *ret)
{
    const uint8_t *data = from->mv_data;
    /* Dirty pages of a write transaction lie on the heap. */
    if (!txn->writes &&
        (data < txn->map || from->mv_size > txn->map_size ||
         (size_t)(data - txn->map) > txn->map_size - from->mv_size)) {
        (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
        return false;
    }
    *ret = sg_bytes(data, from->mv_size);
    return true;
}

bool sg_txn_get(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                struct sg_bytes *ret_value)
{
    MDB_val k = val(key), v;
    int rc;
    if (txn->err != SG_OK) {
        return false;
    }
    sg_guard_enter();
    rc = mdb_get(txn->mdb, txn->dbi[db], &k, &v);
    sg_guard_exit();
    if (rc == MDB_NOTFOUND) {
        return false;
    }
    sg_mdb_fail(txn, rc);
    return rc == 0 && take(txn, &v, ret_value);
}

static MDB_cursor *cursor_of(struct sg_txn *txn, unsigned db)
{
    if (txn->err == SG_OK && txn->cursors[db] == NULL) {
        sg_mdb_fail(txn,
                    mdb_cursor_open(txn->mdb, txn->dbi[db], &txn->cursors[db]));
    }
    return txn->err == SG_OK ? txn->cursors[db] : NULL;
}

static bool cursor_move(struct sg_txn *txn, unsigned db, MDB_cursor_op op,
                        MDB_val *k, struct sg_bytes *ret_key,
                        struct sg_bytes *ret_value)
{
    MDB_cursor *cursor = cursor_of(txn, db);
    MDB_val v;
    int rc;
    if (cursor == NULL) {
        return false;
    }
    sg_guard_enter();
    rc = mdb_cursor_get(cursor, k, &v, op);
    sg_guard_exit();
    if (rc == MDB_NOTFOUND) {
        return false;
    }
    sg_mdb_fail(txn, rc);
    return rc == 0 && take(txn, k, ret_key) && take(txn, &v, ret_value);
}

bool sg_txn_seek(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                 struct sg_bytes *ret_key, struct sg_bytes *ret_value)
{
    MDB_val k = val(key);
    return cursor_move(txn, db, MDB_SET_RANGE, &k, ret_key, ret_value);
}

bool sg_txn_seek_back(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                      struct sg_bytes *ret_key, struct sg_bytes *ret_value)
{
    MDB_val k = val(key);
    bool found = cursor_move(txn, db, MDB_SET_RANGE, &k, ret_key, ret_value);
    if (found && sg_bytes_equal(*ret_key, key)) {
        return true;
    }
    return cursor_move(txn, db, found ? MDB_PREV : MDB_LAST, &k, ret_key,
                       ret_value);
}

bool sg_txn_next(struct sg_txn *txn, unsigned db, struct sg_bytes *ret_key,
                 struct sg_bytes *ret_value)
{
    MDB_val k = {0, NULL};
    return cursor_move(txn, db, MDB_NEXT, &k, ret_key, ret_value);
}

/* Nothing is written on a page that does not hold together. What follows the
 * first append of a transaction goes to pages that it has made itself. */
static bool look_first(struct sg_txn *txn, unsigned db, MDB_val key,
                       unsigned flags)
{
    bool sound = true;
    if ((flags & MDB_APPEND) == 0) {
        sound = sg_page_is_writable(txn, db, key);
    } else if ((txn->appended & 1u << db) == 0) {
        txn->appended |= 1u << db;
        sound = sg_page_is_appendable(txn, db);
    }
    if (!sound) {
        (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
    }
    return sound;
}

static void put(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                MDB_val *v, unsigned flags)
{
    MDB_val k = val(key);
    SG_ASSERT(txn->writes);
    if (txn->err == SG_OK && look_first(txn, db, k, flags)) {
        int rc;
        sg_guard_enter();
        rc = mdb_put(txn->mdb, txn->dbi[db], &k, v, flags);
        sg_guard_exit();
        sg_mdb_fail(txn, rc);
    }
}

void sg_txn_put(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                struct sg_bytes value)
{
    MDB_val v = val(value);
    put(txn, db, key, &v, 0);
}

void sg_txn_append(struct sg_txn *txn, unsigned db, struct sg_bytes key,
                   struct sg_bytes value)
{
    MDB_val v = val(value);
    put(txn, db, key, &v, MDB_APPEND);
}

uint8_t *sg_txn_append_room(struct sg_txn *txn, unsigned db,
                            struct sg_bytes key, size_t size)
{
    MDB_val v = {size, NULL};
    put(txn, db, key, &v, MDB_APPEND | MDB_RESERVE);
    return txn->err == SG_OK ? v.mv_data : NULL;
}

void sg_txn_del(struct sg_txn *txn, unsigned db, struct sg_bytes key)
{
    MDB_val k = val(key);
    int rc;
    SG_ASSERT(txn->writes);
    if (txn->err == SG_OK && look_first(txn, db, k, 0)) {
        sg_guard_enter();
        rc = mdb_del(txn->mdb, txn->dbi[db], &k, NULL);
        sg_guard_exit();
        sg_mdb_fail(txn, rc == MDB_NOTFOUND ? 0 : rc);
    }
}

uint64_t sg_txn_count(struct sg_txn *txn, unsigned db)
{
    MDB_stat stat;
    if (txn->err != SG_OK) {
        return 0;
    }
    sg_mdb_fail(txn, mdb_stat(txn->mdb, txn->dbi[db], &stat));
    return txn->err == SG_OK ? stat.ms_entries : 0;
}
