/* Own logs: which epoch goes on and which begins (DESIGN.md D4).
 *
 * Used by store.c and commit.c only.
 */
#ifndef SG_STORAGE_LMDB_OWN_H
#define SG_STORAGE_LMDB_OWN_H

#include "storage/lmdb/internal.h"

/* Makes the high-water file of a new store. Errors: EXISTS, FULL, IO, FATAL. */
SG_USE_RESULT enum sg_err sg_own_create_highwater(
    const char *dir, const struct sg_registry_id *registry,
    const uint8_t database[SG_DATABASE_ID_SIZE], struct sg_bytes machine);

/* Reads the high-water file and sets up an own log for each key: carried on,
 * or begun. Afterwards the file names exactly these logs.
 * Errors: as sg_store_open. */
SG_USE_RESULT enum sg_err sg_own_open(struct sg_store *store,
                                      struct sg_bytes machine,
                                      const struct sg_store_key keys[],
                                      size_t key_count);

/* Writes down that own log OWN is to be signed at FRONTIER. */
void sg_own_plan(struct sg_store *store, const struct sg_store_own *own,
                 const struct sg_frontier *frontier);

/* Says whether FRONTIER, which the caller has read back, is what is planned for
 * OWN. Context: also while the signer is at work. */
bool sg_own_is_planned(const struct sg_store *store,
                       const struct sg_store_own *own,
                       const struct sg_frontier *frontier);

/* Takes back all plans and wipes what was signed for them. */
void sg_own_forget(struct sg_store *store);

/* Waits until all that is planned is signed and verified, by the signer or
 * here, writes the newest checkpoints of all own logs to the high-water file
 * and syncs it. Errors: FATAL (nothing may be acknowledged). */
SG_USE_RESULT enum sg_err sg_own_write_highwater(struct sg_store *store);

#endif
