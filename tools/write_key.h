/* The content key that the own log is sealed with now: the one of this month if
 * the newest entries name it and we can open it, else a new one, written first.
 *
 * Its one reader is the scope of this data directory; reader sets of communes
 * come with the register.
 */
#ifndef SG_TOOLS_WRITE_KEY_H
#define SG_TOOLS_WRITE_KEY_H

#include "storage/lmdb/batch.h"
#include "storage/log/seal.h"
#include "tools/home.h"

/* Gives the keys and the index of the content key's entry. BATCH is empty and
 * committed if a new key is needed. The caller frees RET_KEYS with
 * sg_crypto_secret_free.
 * Errors: NOTFOUND (no scope key); as sg_batch_append and sg_batch_commit;
 * DAMAGED; NOMEM. */
SG_USE_RESULT enum sg_err sg_write_key_get(const struct sg_home *home,
                                           const struct sg_store_own *own,
                                           struct sg_batch *batch,
                                           struct sg_seal_keys **ret_keys,
                                           uint64_t *ret_entry);

#endif
