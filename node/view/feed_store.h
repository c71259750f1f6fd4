/* Feed of a log store: entries opened with the scope keys at hand. The inside
 * of the view.
 */
#ifndef SG_NODE_VIEW_FEED_STORE_H
#define SG_NODE_VIEW_FEED_STORE_H

#include "node/view/feed.h"
#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"

/* Gives a feed of STORE, opened with SCOPES and with the scope keys that are
 * given to TRANSPORT (NULL: to nobody); what it borrows it needs until its
 * free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_feed_store_new(struct sg_store *store,
                                            const struct sg_key *const *scopes,
                                            size_t n_scopes,
                                            const struct sg_key *transport,
                                            struct sg_feed *ret_feed);

#endif
