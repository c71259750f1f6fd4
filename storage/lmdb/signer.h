/* Signs own logs on a thread of its own, while the writer waits for the disk.
 *
 * A signature and its verification take longer than all that the writer itself
 * does for one append, and need nothing of the disk. So they are made of what
 * was planned, while LMDB commits that. They stay in memory until the writer
 * has read back and hashed what was committed, and count only if that is the
 * same. What is signed is in store->made; this thread alone touches it between
 * begin and end.
 *
 * Used by own.c and commit.c only. Not a queue: one commit at a time.
 */
#ifndef SG_STORAGE_LMDB_SIGNER_H
#define SG_STORAGE_LMDB_SIGNER_H

#include "storage/base/err.h"

struct sg_signer;
struct sg_store;

/* Starts the thread, which waits. Borrows: STORE, until free.
 * Errors: NOMEM, LIMIT (no thread to be had). */
SG_USE_RESULT enum sg_err sg_signer_new(struct sg_store *store,
                                        struct sg_signer **ret_signer);

/* Ends it. Takes NULL. */
void sg_signer_free(struct sg_signer *signer);

/* Has all of store->made that has a size signed and verified. Every begin is
 * followed by an end. */
void sg_signer_begin(struct sg_signer *signer);

/* Waits until that is done; does it itself where the thread has not begun, or
 * was not asked. Errors: FATAL (a signature does not verify). */
SG_USE_RESULT enum sg_err sg_signer_end(struct sg_signer *signer);

#endif
