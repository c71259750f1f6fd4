/* Copies of a store: the hot backup, how one is put back, and the compaction
 * that removes erased bytes for good.
 *
 * A backup holds the logs and nothing that would let it pass for the original:
 * no keys, no high-water file. Opened as a store it begins new epochs.
 */
#ifndef SG_STORAGE_LMDB_BACKUP_H
#define SG_STORAGE_LMDB_BACKUP_H

#include "storage/base/err.h"
#include "storage/lmdb/store.h"
#include "storage/log/highwater.h"

/* Writes a compact copy of the logs to the new directory DIR, which becomes
 * visible only when it is complete and durable. Reading and writing go on.
 * Context: any thread.
 * Errors: EXISTS (DIR or an unfinished DIR.part), FULL, ACCESS, IO, DAMAGED. */
SG_USE_RESULT enum sg_err sg_backup_write(struct sg_store *store,
                                          const char *dir);

/* The same of the store in FROM, which another process may have open, or none:
 * its lock is not asked for, nothing in it is written. Context: a process that
 * has not opened FROM itself.
 * Errors: also NOTFOUND (no store), TRUNCATED, VERSION. */
SG_USE_RESULT enum sg_err sg_backup_beside(const char *from, const char *dir);

/* What becomes of a store that is there. */
enum sg_backup_mode {
    SG_BACKUP_NEW,     /* there is none */
    SG_BACKUP_REPLACE, /* it is put aside: `log.old`, `highwater.old` */
};

/* Puts a copy of the store in FROM, a backup, into DIR, under a database id of
 * its own. No high-water file vouches for it, so that the next open with a key
 * closes every own log and begins new ones; what is derived from another store
 * (`view`, `taking`) is removed. A crash leaves the old store, none, or the new
 * one; then the same call goes on, with NEW where there is none. RET_BEFORE is
 * what the high-water file in DIR said was signed; its sequence is 0 where none
 * said anything. Its signatures are not verified.
 * Errors: as sg_backup_beside of FROM; EXISTS (there is a store; or `log.old`);
 * BUSY (a process has DIR); NOTFOUND (FROM has no store, or there is no DIR);
 * FATAL (a sync failed: stop). */
SG_USE_RESULT enum sg_err sg_backup_restore(const char *from, const char *dir,
                                            enum sg_backup_mode mode,
                                            struct sg_highwater *ret_before);

/* Replaces the logs by a compact copy, so that erased payloads are in no page
 * of the file any more, and says so in the database `erasures`. A crash leaves
 * either the old file or the new one. Nothing else may use the store meanwhile:
 * no batch, no read. Context: the writer.
 * Errors: FULL (as before), FATAL (stop the process and open again). */
SG_USE_RESULT enum sg_err sg_backup_compact(struct sg_store *store);

#endif
