/* What an entry says to whoever holds a scope key: content keys are found in
 * the log itself and opened with it.
 *
 * Keys that were wrapped again in another log are not looked for.
 */
#ifndef SG_NODE_UNSEAL_H
#define SG_NODE_UNSEAL_H

#include "storage/lmdb/fetch.h"
#include "storage/log/content_key.h"
#include "storage/log/key_file.h"
#include "storage/log/seal.h"

struct sg_unseal;

/* Gives what unseals the entries of STORE's logs that SCOPE may read; NULL
 * opens nothing. Borrows: both. The caller frees it with sg_unseal_free, which
 * takes NULL. Errors: NOMEM. Context: one thread for each. */
SG_USE_RESULT enum sg_err sg_unseal_new(struct sg_store *store,
                                        const struct sg_key *scope,
                                        struct sg_unseal **ret_unseal);
void sg_unseal_free(struct sg_unseal *unseal);

/* Has UNSEAL use the scope keys GIVEN besides, which is borrowed; what did not
 * open is tried again. */
struct sg_given;
void sg_unseal_give(struct sg_unseal *unseal, const struct sg_given *given);

/* Gives the keys of the content key in entry INDEX of LOG, borrowed until the
 * next call.
 * Errors: NOTFOUND (not wrapped for our scope, or we have no scope key);
 * DECRYPT (not the key that its entry commits to); as sg_fetch_range and
 * sg_content_key_parse. */
SG_USE_RESULT enum sg_err sg_unseal_keys(struct sg_unseal *unseal,
                                         const struct sg_store_log *log,
                                         uint64_t index,
                                         const struct sg_seal_keys **ret_keys);

/* Opens the seal of ENTRY, which is sealed, present, and entry INDEX of LOG.
 * RET_BODY is borrowed until the next call.
 * Errors: as sg_unseal_keys and sg_seal_decode. */
SG_USE_RESULT enum sg_err sg_unseal_body(struct sg_unseal *unseal,
                                         const struct sg_store_log *log,
                                         const struct sg_entry *entry,
                                         uint64_t index,
                                         enum sg_seal_kind *ret_kind,
                                         struct sg_bytes *ret_body);

#endif
