/* The content key that an own log is sealed with now: the one of this month if
 * the newest entries name it and we can open it, else a new one.
 *
 * Its one reader is the scope of this data directory; reader sets of communes
 * come with the scope keys of the authority.
 */
#ifndef SG_NODE_WRITE_KEY_H
#define SG_NODE_WRITE_KEY_H

#include "storage/lmdb/batch.h"
#include "storage/log/key_file.h"
#include "storage/log/seal.h"

/* An own log, and who reads what is sealed for it. */
struct sg_write_key_log {
    struct sg_store *store;
    const struct sg_key *scope;
    uint32_t number;
    struct sg_log_id id;
    uint64_t size; /* entries it has */
};

/* Gives the period of now, decimal YYYYMM: the months of Viet Nam. */
uint32_t sg_write_key_period(void);

/* Finds the content key in use at the end of LOG; keep RET_KEYS where secrets
 * are kept. Errors: NOTFOUND (none of this month that our scope opens), NOMEM;
 * as sg_fetch_range. */
SG_USE_RESULT enum sg_err sg_write_key_find(const struct sg_write_key_log *log,
                                            struct sg_seal_keys *ret_keys,
                                            uint64_t *ret_entry);

/* Draws a new content key of this month for LOG and appends the payload of its
 * entry to RET_PAYLOAD; write it before what it seals. Errors: as
 * sg_content_key_encode. */
SG_USE_RESULT enum sg_err sg_write_key_make(const struct sg_write_key_log *log,
                                            struct sg_seal_keys *ret_keys,
                                            struct sg_buf *ret_payload);

/* Gives the keys and the index of the content key's entry. BATCH is empty and
 * committed if a new key is needed. The caller frees RET_KEYS with
 * sg_crypto_secret_free. Context: the writer's thread.
 * Errors: NOTFOUND (no scope key); as sg_batch_append and sg_batch_commit;
 * DAMAGED; NOMEM. */
SG_USE_RESULT enum sg_err sg_write_key_get(struct sg_store *store,
                                           const struct sg_key *scope,
                                           const struct sg_store_own *own,
                                           struct sg_batch *batch,
                                           struct sg_seal_keys **ret_keys,
                                           uint64_t *ret_entry);

#endif
