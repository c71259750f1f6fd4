/* Apply: from entries of the logs to copies that are judged, and from there, in
 * one commit, to the view. The inside of the view.
 *
 * What a later word of the authority may have changed is judged again: a log is
 * read again from the first entry that may be another's now, and every subject
 * is folded anew (a sweep) where the world that folds read is another.
 * README.md says which word does what.
 */
#ifndef SG_NODE_VIEW_APPLY_H
#define SG_NODE_VIEW_APPLY_H

#include "node/view/ahead.h"
#include "node/view/settle.h"

/* A copy that was judged. */
struct sg_apply_take {
    uint32_t log;
    uint64_t index;
    bool is_kept;    /* admitted, or quarantined */
    bool has_id;     /* the bytes are a record's: of types 32 to 48 */
    bool was_judged; /* it may be somewhere already */
    bool is_above;   /* a cut of its node or officer */
    uint8_t endorsement;
    uint8_t standing; /* enum sg_admission_standing */
    uint8_t code, rule;
    struct sg_hash id;
    struct sg_uid uid;
    struct sg_bytes inner;
    struct sg_sheet_copy copy;
};

struct sg_apply_place {
    uint32_t log;
    uint64_t index;
    uint8_t type;
};

/* A content key that is wrapped again elsewhere. */
struct sg_apply_rewrap {
    uint32_t log, other;
    uint64_t index, other_index;
};

/* One commit in the making. */
struct sg_apply {
    struct sg_view *view;
    struct sg_settle settle;
    struct sg_admission_judge judge;
    struct sg_arena arena; /* what takes borrow */
    struct sg_apply_take *takes;
    size_t n_takes, takes_capacity;
    struct sg_apply_place *statements;
    size_t n_statements, statements_capacity;
    struct sg_apply_rewrap *rewraps;
    size_t n_rewraps, rewraps_capacity;
    size_t n_read;
    bool is_verifying;
    bool is_spooling;       /* what counts is put elsewhere (build.h) */
    struct sg_ahead *ahead; /* that reads; NULL: it is read when it is asked */
    bool is_spooled; /* takes come from there: all else of them is written */
    const uint32_t *touched; /* subjects to be folded for no change of theirs */
    size_t n_touched;
    /* What is to be settled besides, in the transaction of the folds; NULL:
     * nothing. */
    enum sg_err (*more)(struct sg_apply *apply, void *context);
    void *more_context;
    bool is_sweeping;
    uint32_t sweep_first, sweep_end;
    int64_t n_standing[SG_ADMISSION_REFUSED + 1]; /* more, or fewer */
};

/* Begins a commit, with the logs as they are now. Errors: NOMEM; those of the
 * feed. Ends with sg_apply_end. */
SG_USE_RESULT enum sg_err sg_apply_begin(struct sg_apply *apply,
                                         struct sg_view *view);
void sg_apply_end(struct sg_apply *apply);

/* Takes in all statements that are new, and what follows from them. */
SG_USE_RESULT enum sg_err sg_apply_hear(struct sg_apply *apply);

/* Judges up to ENTRIES_MAX entries that are to be read. */
SG_USE_RESULT enum sg_err sg_apply_read(struct sg_apply *apply,
                                        size_t entries_max);

/* Verifies the signatures of up to ENTRIES_MAX entries. */
SG_USE_RESULT enum sg_err sg_apply_verify(struct sg_apply *apply,
                                          size_t entries_max);

/* Judges the entry at (LOG, INDEX) again, endorsed as ENDORSEMENT says. */
SG_USE_RESULT enum sg_err sg_apply_again(struct sg_apply *apply, uint32_t log,
                                         uint64_t index, uint8_t endorsement);

/* Reads and judges one entry; *RET_RECORD borrows until the next read. Errors:
 * NOTFOUND when it is no record. */
SG_USE_RESULT enum sg_err sg_apply_look(struct sg_apply *apply, uint32_t log,
                                        uint64_t index,
                                        struct sg_admission_verdict *ret);

/* Folds and writes all that was taken; where nothing was, a part of a sweep. */
SG_USE_RESULT enum sg_err sg_apply_commit(struct sg_apply *apply);

/* Adds a copy of TAKE; false when there is no memory. */
bool sg_apply_add(struct sg_apply *apply, const struct sg_apply_take *take);

/* Says whether entries are left to be read; to be verified. */
bool sg_apply_has_more(const struct sg_view *view);
bool sg_apply_has_unverified(const struct sg_view *view);

/* Gives the number of the set of UNITS, made when it is new; the caller holds
 * the world where others may read it. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_apply_set(struct sg_view *view,
                                       const struct sg_unit_key *units,
                                       size_t count, uint32_t *ret_number);

/* Makes the setup of what the authority says now. */
void sg_apply_setup(struct sg_view *view);

#endif
