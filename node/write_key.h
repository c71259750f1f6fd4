/* The content keys that an own log is sealed with now: one for each set of
 * readers and month (DESIGN.md D3), found again in the log or made.
 *
 * The directory's own scope key is always a reader, so that the writer finds
 * its keys again after a restart; whom else a record is for, readers.h says. A
 * key that is not found is made anew: nobody has to look through a whole log.
 * Context: one thread.
 */
#ifndef SG_NODE_WRITE_KEY_H
#define SG_NODE_WRITE_KEY_H

#include "storage/lmdb/batch.h"
#include "storage/log/content_key.h"
#include "storage/log/key_file.h"
#include "storage/log/seal.h"

/* Readers of one key beside our own scope; content keys that are known at once:
 * a district has some twenty sets of readers, a province half a thousand. */
#define SG_WRITE_KEY_READERS_MAX 8u
#define SG_WRITE_KEY_MAX         1024u

/* Bytes that the payload of one content key has at most. */
#define SG_WRITE_KEY_SIZE_MAX \
    (79u + (SG_WRITE_KEY_READERS_MAX + 1) * SG_CONTENT_KEY_WRAP_SIZE)

/* Who reads, beside our own scope; in any order, our own may be among them. */
struct sg_write_key_readers {
    size_t count;
    struct sg_scope_public all[SG_WRITE_KEY_READERS_MAX];
};

struct sg_write_key_ring;

/* Gives the period of now, decimal YYYYMM: the months of Viet Nam. */
uint32_t sg_write_key_period(void);

/* Makes a table of keys for the log ID, number NUMBER of STORE; it knows none.
 * Borrows: STORE, SCOPE. The caller frees it; free takes NULL. Errors: NOMEM.
 */
SG_USE_RESULT enum sg_err sg_write_key_new(struct sg_store *store,
                                           const struct sg_key *scope,
                                           uint32_t number,
                                           const struct sg_log_id *id,
                                           struct sg_write_key_ring **ret_keys);
void sg_write_key_free(struct sg_write_key_ring *keys);

/* Learns the keys of this month that the last BACK of the log's SIZE entries
 * are or name, and our scope opens. What is damaged is passed over.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_write_key_load(struct sg_write_key_ring *keys,
                                            uint64_t size, uint64_t back);

/* Finds the key of this month for READERS; NULL: it is not known. Borrowed
 * until the next call that changes KEYS. */
const struct sg_seal_keys *sg_write_key_find(
    const struct sg_write_key_ring *keys,
    const struct sg_write_key_readers *readers, uint64_t *ret_entry);

/* Draws a key of this month for READERS, which will be entry INDEX, and appends
 * the payload of that entry to RET_PAYLOAD; write it before what it seals. The
 * oldest of SG_WRITE_KEY_MAX makes room. Errors: as sg_content_key_encode. */
SG_USE_RESULT enum sg_err sg_write_key_make(
    struct sg_write_key_ring *keys, const struct sg_write_key_readers *readers,
    uint64_t index, struct sg_buf *ret_payload);

/* Forgets the keys of entries FROM and above: they were not written. Takes
 * NULL. */
void sg_write_key_drop(struct sg_write_key_ring *keys, uint64_t from);

/* Gives the keys that seal for SCOPE alone, and the index of the content key's
 * entry. BATCH is empty and committed if a new key is needed. The caller frees
 * RET_KEYS with sg_crypto_secret_free. Context: the writer's thread.
 * Errors: NOTFOUND (no scope key); as sg_batch_append and sg_batch_commit;
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_write_key_get(struct sg_store *store,
                                           const struct sg_key *scope,
                                           const struct sg_store_own *own,
                                           struct sg_batch *batch,
                                           struct sg_seal_keys **ret_keys,
                                           uint64_t *ret_entry);

#endif
