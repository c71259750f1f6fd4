/* Small whole files beside the store: certificates, requests, admissions.
 *
 * Read whole, or written so that after a crash the old file or the new one is
 * there, never a part. Not for secrets (key_store.h) and not for the store's
 * own files.
 */
#ifndef SG_STORAGE_LMDB_FILE_H
#define SG_STORAGE_LMDB_FILE_H

#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"

/* Appends all of PATH to BUF, whose maximum bounds it.
 * Errors: NOTFOUND, ACCESS, IO; LIMIT, NOMEM of BUF. */
SG_USE_RESULT enum sg_err sg_file_read(const char *path, struct sg_buf *buf);

/* Writes BYTES as PATH, for its owner to write and for all to read. When this
 * returns, file and folder are synced. What was there is replaced.
 * Errors: LIMIT (the path is too long), NOTFOUND (its folder), ACCESS, FULL,
 * IO; FATAL when a sync failed: stop. */
SG_USE_RESULT enum sg_err sg_file_write(const char *path,
                                        struct sg_bytes bytes);

/* Makes the directory PATH, for its owner alone, to last: its parent is synced.
 * Errors: EXISTS, NOTFOUND (its parent), ACCESS, FULL, IO, FATAL. */
SG_USE_RESULT enum sg_err sg_file_make_folder(const char *path);

/* Syncs the folder that PATH is in. Errors: as above. */
SG_USE_RESULT enum sg_err sg_file_sync_parent(const char *path);

#endif
