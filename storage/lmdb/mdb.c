#include "storage/lmdb/mdb.h"

#include <errno.h>

#include "storage/lmdb/txn.h"

enum sg_err sg_mdb_err(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return SG_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return SG_ERR_NOTFOUND;
    case MDB_KEYEXIST:
    case EEXIST:
        return SG_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL:
        return SG_ERR_FULL;
    case ENOMEM:
        return SG_ERR_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return SG_ERR_ACCESS;
    case MDB_VERSION_MISMATCH:
        return SG_ERR_VERSION;
    case MDB_PANIC:
        return SG_ERR_FATAL;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
    case MDB_BAD_TXN:
    case MDB_BAD_VALSIZE:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_DBI:
    case EINVAL:
        return SG_ERR_DAMAGED;
    default:
        return SG_ERR_IO;
    }
}

void sg_mdb_fail(struct sg_txn *txn, int code)
{
    if (code == MDB_MAP_FULL && txn->err == SG_OK) {
        txn->map_full = true;
    }
    (void)sg_txn_fail(txn, sg_mdb_err(code));
}
