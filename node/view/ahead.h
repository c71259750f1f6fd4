/* Ahead: entries read by a second thread while those before them are judged.
 * The inside of the view's bulk build.
 *
 * Fetching, hashing and opening entries takes about as long as judging them.
 * Between the first call of sg_ahead_read and the end nothing may be asked of
 * the feed but `readers`, `branch_of` and, after a key was given, what follows
 * from it. Context: the view's writer.
 */
#ifndef SG_NODE_VIEW_AHEAD_H
#define SG_NODE_VIEW_AHEAD_H

#include "node/view/feed.h"

struct sg_ahead;

/* Gives one that reads FEED, borrowed. Caller frees it with sg_ahead_free,
 * which takes NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_ahead_new(const struct sg_feed *feed,
                                       struct sg_ahead **ret_ahead);
void sg_ahead_free(struct sg_ahead *ahead);

/* Entries that are wanted of a log. */
struct sg_ahead_range {
    uint32_t number;
    uint64_t first;
    size_t count_max; /* up to SG_FEED_ITEMS_MAX */
};

/* As the feed's read of RANGE; what is given is borrowed until the next call.
 * It may have been read already. If none of it is a key, the reading of what
 * follows, at most FOLLOWING entries, is begun. */
SG_USE_RESULT enum sg_err sg_ahead_read(struct sg_ahead *ahead,
                                        const struct sg_ahead_range *range,
                                        uint64_t following,
                                        const struct sg_feed_item **ret_items,
                                        size_t *ret_count);

#endif
