/* Copies of a store: the hot backup, and the compaction that removes erased
 * bytes for good.
 *
 * A backup holds the logs and nothing that would let it pass for the original:
 * no keys, no high-water file. Opened as a store it begins new epochs.
 */
#ifndef SG_STORAGE_LMDB_BACKUP_H
#define SG_STORAGE_LMDB_BACKUP_H

#include "storage/base/err.h"
#include "storage/lmdb/store.h"

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

/* Replaces the logs by a compact copy, so that erased payloads are in no page
 * of the file any more, and says so in the database `erasures`. A crash leaves
 * either the old file or the new one. Nothing else may use the store meanwhile:
 * no batch, no read. Context: the writer.
 * Errors: FULL (as before), FATAL (stop the process and open again). */
SG_USE_RESULT enum sg_err sg_backup_compact(struct sg_store *store);

#endif
