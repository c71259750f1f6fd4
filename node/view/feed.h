/* Feed: where the view's entries come from. The node reads them from its log
 * store (feed_store.h); a test may make them up.
 *
 * An interface only. All but `readers`, `closed` and `branch_of` is asked by
 * the view's writer alone, or, while it judges what was read before, `read` by
 * the thread that reads ahead of it (ahead.h).
 */
#ifndef SG_NODE_VIEW_FEED_H
#define SG_NODE_VIEW_FEED_H

#include "storage/log/entry.h"
#include "storage/registry/authority.h"

/* A log, or one branch of a forked one. */
struct sg_feed_log {
    uint32_t number; /* local, lasting; small */
    struct sg_log_id id;
    uint8_t node[SG_KEY_SIZE];
    enum sg_log_kind kind;
    uint64_t held;   /* entries there are */
    uint64_t absent; /* of these without payload */
    /* As an authority's place counts them (authority.h): 0 for the log as first
     * seen; of its other sides from the fork point on. */
    uint32_t branch;
    uint64_t fork; /* first index that is not of all branches held; UINT64_MAX:
                      it has not forked */
    bool is_own;   /* this node writes it */
};

/* What there is of an entry. */
enum sg_feed_state {
    SG_FEED_OPEN,    /* payload: what a plain entry, or a seal, holds */
    SG_FEED_ABSENT,  /* not held, or no key at hand opens it */
    SG_FEED_ERASED,  /* by an order */
    SG_FEED_OTHER,   /* no record: an opening, opaque, damaged */
    SG_FEED_UNKNOWN, /* of a later form: it is kept */
    /* A content key, or one that is wrapped again: it seals entries of log
     * `log` behind `key_index`. */
    SG_FEED_KEY,
};

struct sg_feed_item {
    enum sg_feed_state state;
    uint64_t index;
    uint8_t kind; /* enum sg_entry_kind */
    uint64_t key_entry;
    /* Absent, and sealed by a key that no key at hand opens: `closed` has the
     * units that read it. */
    bool is_foreign;
    struct sg_bytes payload; /* borrowed until the next read */
    uint32_t log;            /* of a key: the log that it seals */
    uint64_t key_index;      /* and its own entry there */
};

#define SG_FEED_ITEMS_MAX 256u

/* A scope key's id, and whose it is. */
struct sg_feed_scope {
    struct sg_key_id id;
    struct sg_unit_key unit;
};

struct sg_feed {
    void *context;
    /* Gives log NO, counted from 0; NOTFOUND beyond the last. Numbers ascend.
     * What it says of one log may be newer than of the one before. */
    enum sg_err (*log)(void *context, size_t no, struct sg_feed_log *ret_log);
    /* Reads entries of log NUMBER from FIRST on: at least one, at most
     * COUNT_MAX (up to SG_FEED_ITEMS_MAX), where the log has it. */
    enum sg_err (*read)(void *context, uint32_t number, uint64_t first,
                        size_t count_max, struct sg_feed_item *ret_items,
                        size_t *ret_count);
    /* Gives the root of the first SIZE entries of log NUMBER: what the view was
     * made of is compared with what there is. Errors: NOTFOUND (it has not so
     * many). NULL: nothing is compared. */
    enum sg_err (*root)(void *context, uint32_t number, uint64_t size,
                        struct sg_hash *ret_root);
    /* Gives the units that read what the content key KEY_ENTRY of log NUMBER
     * seals; NULL: everybody. Borrowed until the world changes. Any thread that
     * holds the world. */
    const struct sg_unit_key *(*readers)(void *context, uint32_t number,
                                         uint64_t key_entry, size_t *ret_count);
    /* Gives the units that read what a content key seals which no key at hand
     * opens, ascending. Borrowed until the world changes. Any thread that holds
     * the world. NULL: there are none. */
    const struct sg_unit_key *(*closed)(void *context, size_t *ret_count);
    /* As sg_authority_branch_of. */
    uint32_t (*branch_of)(void *context,
                          const struct sg_authority_prefix *prefix);
    /* Is told whose the scope keys are (borrowed until the next call), and who
     * was given them; says whether it opens with one more than before, so that
     * what was read has to be read again. And that the key of (NUMBER, INDEX)
     * is wrapped at (OTHER, OTHER_INDEX), which may be the same place. Readers
     * may differ afterwards. May be NULL. */
    enum sg_err (*scopes)(void *context, const struct sg_feed_scope *scopes,
                          size_t count, const struct sg_authority *authority,
                          bool *ret_is_more);
    enum sg_err (*wrap)(void *context, uint32_t number, uint64_t index,
                        uint32_t other, uint64_t other_index);
    /* Ends it; may be NULL. */
    void (*free)(void *context);
};

#endif
