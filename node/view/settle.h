/* Settle: from changed sheets to what is to be written: rows, index entries,
 * roots, tallies. The inside of the view.
 *
 * It reads the last commit and writes nothing: what comes out is written by
 * sg_settle_write in a transaction of its own, any number of times.
 */
#ifndef SG_NODE_VIEW_SETTLE_H
#define SG_NODE_VIEW_SETTLE_H

#include "node/view/briefs.h"
#include "node/view/index.h"
#include "node/view/spool.h"
#include "node/view/stand.h"
#include "node/view/tally.h"

/* A row to be written, or deleted (no bytes). */
struct sg_settle_row {
    uint32_t number;
    bool is_new;
    struct sg_uid uid;
    struct sg_bytes bytes;
};

struct sg_settle_entry {
    struct sg_index_entry entry;
    bool is_put;
};

/* Of a bulk build: each subject is folded as if he were alone. */
struct sg_settle_bulk {
    struct sg_spool *entries; /* struct sg_index_entry, by their first byte */
    unsigned n_parts;         /* of it */
    struct sg_spool *waits;   /* struct sg_tally_wait: one part */
    struct sg_briefs *briefs; /* NULL: figures are left to a sweep */
    size_t page_left;         /* of the last page of rows */
};

/* A change to the root of a unit on one side. */
struct sg_settle_root {
    struct sg_unit_key unit;
    uint8_t side;
    bool is_all; /* to that of all rows */
    struct sg_state_root root;
};

struct sg_settle {
    struct sg_view *view;
    struct sg_view_reader *desk;
    struct sg_tally_judge judge; /* of the world as it is at the fold */

    struct sg_pile_sheet **due;
    size_t n_due, due_capacity;
    size_t n_touched; /* of these, by what has changed; then those of a sweep */

    struct sg_settle_bulk *bulk; /* NULL: it is no bulk build. Then subjects
                                    are new */
    uint8_t *joined; /* after one: a bit for each subject that was folded with
                        others since; NULL: all were */
    struct sg_settle_row *rows;
    size_t n_rows, rows_capacity;
    struct sg_settle_entry *entries;
    size_t n_entries, entries_capacity;
    struct sg_table by_unit; /* and side */
    struct sg_settle_root **roots;
    size_t n_roots, roots_capacity;
    struct sg_tally_set tallies;
    struct sg_buf scratch;
    int64_t n_subjects; /* more, or fewer */
};

/* Begins with an empty pile. Ends with sg_settle_clear. */
void sg_settle_init(struct sg_settle *settle, struct sg_view *view);
void sg_settle_clear(struct sg_settle *settle);

/* Folds all changed sheets of the pile, whom they touch, and the subjects FIRST
 * to END - 1, which a sweep is at. In a read transaction, the pile's. Errors:
 * NOMEM, LIMIT, DAMAGED. */
SG_USE_RESULT enum sg_err sg_settle_fold(struct sg_settle *settle,
                                         uint32_t first, uint32_t end);

/* Has the subject NUMBER folded with whom it is joined. Errors: as the pile. */
SG_USE_RESULT enum sg_err sg_settle_touch(struct sg_settle *settle,
                                          uint32_t number);

/* Sums up the rows of the campaigns. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_settle_sum_campaigns(
    struct sg_view_reader *desk, struct sg_state_root *ret_root);

/* Adds to, or takes from, the roots what the campaigns' rows have in them, on
 * SIDES (bits 1, 2). Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_settle_campaigns(struct sg_settle *settle,
                                              const struct sg_state_root *by,
                                              unsigned sides, bool is_added);

/* Writes what came out. A failure is TXN's. */
void sg_settle_write(struct sg_settle *settle, struct sg_txn *txn);

/* Folds SHEET as it is now: its shares, owners and facts; kin by the caller.
 * Gives the subject, borrowed until the desk's next fold. Errors: NOMEM, LIMIT;
 * those of the pile. */
SG_USE_RESULT enum sg_err sg_settle_sheet(
    struct sg_view_reader *desk, struct sg_pile_sheet *sheet,
    const struct sg_subject **ret_subject);

#endif
