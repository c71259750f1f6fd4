/* Looking at a view without changing it: does every row open, and does what is
 * not sealed say what it must.
 *
 * Works beside the process that has the view, or none. Whether rows and roots
 * are those of the logs is found by making another view of them: the caller
 * does, hands in what its rows that are not sealed say, and compares roots.
 */
#ifndef SG_NODE_VIEW_VIEW_CHECK_H
#define SG_NODE_VIEW_VIEW_CHECK_H

#include "node/view/view.h"

/* What a view says in rows that are not sealed and that the logs alone decide:
 * where statements and content keys lie, and how many; and what its indexes
 * lead to, whatever numbers its subjects have. */
#define SG_VIEW_PLAIN_INDEXES 16u
struct sg_view_plain {
    struct sg_buf rows; /* of one view, one after the other */
    uint64_t sums[SG_VIEW_PLAIN_INDEXES];
};

#define SG_VIEW_PLAIN_SIZE_MAX ((size_t)256 << 20)

struct sg_view_check {
    const char *dir; /* the data directory, with view/ in it */
    const struct sg_registry_id *registry;
    const struct sg_key *key; /* of the view */
    /* Takes what this view says, NULL: is not asked for; what it must say,
     * NULL: is not known. */
    struct sg_view_plain *says;
    const struct sg_view_plain *must;
    /* The logs that it must have been made of, as far as they go; and whether
     * they have less, or others: they were set back. NULL: is not asked for. */
    struct sg_store *store;
    bool *ret_is_set_back;
    /* Called for each finding: row NO, from 0, of DATABASE; static storage;
     * UINT64_MAX: an index as a whole leads to others than it must. */
    void (*found)(void *context, const char *database, uint64_t no,
                  enum sg_sealed_fault fault);
    void *context;
};

/* Looks at all rows. RET_ROWS is how many. Errors: as sg_sealed_look; LIMIT
 * (more than SG_VIEW_PLAIN_SIZE_MAX to be taken). */
SG_USE_RESULT enum sg_err sg_view_check(const struct sg_view_check *check,
                                        uint64_t *ret_rows);

#endif
