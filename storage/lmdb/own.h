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

/* Signs own log OWN at FRONTIER after the caller has read back what it signs.
 * The checkpoint counts when sg_own_write_highwater has said SG_OK. */
void sg_own_sign(struct sg_store *store, const struct sg_store_own *own,
                 const struct sg_frontier *frontier);

/* Writes the newest checkpoints of all own logs to the high-water file,
 * verifies those that were signed since the last call, and syncs the file.
 * Errors: FATAL (nothing may be acknowledged). */
SG_USE_RESULT enum sg_err sg_own_write_highwater(struct sg_store *store);

#endif
