/* Said: what the authority has said, as far as the view has read its logs. The
 * inside of the view.
 *
 * Statements are added as they come; sealing makes a state of them and says
 * what that may have changed. Only what lies in a log of the authority's nodes
 * is kept.
 */
#ifndef SG_NODE_VIEW_SAID_H
#define SG_NODE_VIEW_SAID_H

#include "node/view/feed.h"
#include "storage/registry/authority.h"

struct sg_said;

/* What a sealing may have changed; bits. */
enum sg_said_change {
    SG_SAID_ANYTHING = 1, /* there is something new */
    SG_SAID_FOLD = 2,     /* what the fold reads, or figures */
    SG_SAID_VERDICTS = 4, /* copies of any log are to be judged anew */
    SG_SAID_NODES = 8,    /* those of some nodes: sg_said_is_cut */
    SG_SAID_SCOPES = 16,  /* whose the scope keys are */
    SG_SAID_DAY = 32,     /* the as-of day */
};

/* Gives an empty state. Borrows: FEED. Caller frees with sg_said_free. Errors:
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_said_new(const struct sg_registry_id *registry,
                                      const struct sg_feed *feed,
                                      struct sg_said **ret_said);
void sg_said_free(struct sg_said *said);

/* Takes the plain entry at (LOG, ITEM) when it is a statement (types 1 to 22)
 * of the authority's; else does nothing. *RET_TYPE is its type then, else 0.
 * Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_said_put(struct sg_said *said,
                                      const struct sg_feed_log *log,
                                      const struct sg_feed_item *item,
                                      unsigned *ret_type);

/* Says that SIZE entries of LOG, of the authority's, are read. Errors: as
 * sg_authority_hold. */
SG_USE_RESULT enum sg_err sg_said_hold(struct sg_said *said,
                                       const struct sg_feed_log *log,
                                       uint64_t size);

/* Makes the state anew where something was added. Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_said_seal(struct sg_said *said,
                                       unsigned *ret_changes);

/* Says whether the genesis was put in. */
bool sg_said_has_genesis(const struct sg_said *said);

/* Says whether NODE writes the authority's logs; while there is no genesis,
 * whoever may hold it. */
bool sg_said_is_authority(const struct sg_said *said,
                          const uint8_t node[SG_KEY_SIZE]);

/* After SG_SAID_NODES: says whether what was added since _forget_cut cuts NODE,
 * or makes it one of the authority's. */
bool sg_said_is_cut(const struct sg_said *said,
                    const uint8_t node[SG_KEY_SIZE]);
void sg_said_forget_cut(struct sg_said *said);

/* Says whether any order erases anything. */
bool sg_said_has_erased(const struct sg_said *said);

const struct sg_authority *sg_said_authority(const struct sg_said *said);

/* Gives the scope keys of valid statements; borrowed until the next seal. */
const struct sg_feed_scope *sg_said_scopes(const struct sg_said *said,
                                           size_t *ret_count);

#endif
