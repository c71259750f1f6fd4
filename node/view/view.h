/* The view: the register of now, made of the logs that this node holds, on
 * disk, sealed, and deletable at any time.
 *
 * One thread writes (sg_view_apply and what stands beside it; view_thread.h
 * runs it); any thread reads, each with a reader of its own. What is read is of
 * one commit. The same logs give the same rows and roots as merge/register.h,
 * in whatever order and pieces they came. It knows no socket and no clock:
 * "today" is the as-of day of the cut (RECORDS.md 4), so that equal cuts give
 * equal figures.
 *
 * A read of a person's data is recorded before it is shown; that is the
 * caller's duty, and this module does not know who asks.
 *
 *     sg_view_open(&config, &view, &start);
 *     do err = sg_view_apply(view, 4096, &is_done); while (!err && !is_done);
 *     sg_view_reader_new(view, &reader);
 *     err = sg_view_person(reader, &uid, &subject);
 *
 * On disk: FORMAT.md section 12. How it is kept right: README.md.
 */
#ifndef SG_NODE_VIEW_VIEW_H
#define SG_NODE_VIEW_VIEW_H

#include "storage/lmdb/sealed.h"
#include "storage/lmdb/store.h"
#include "storage/log/key_file.h"
#include "storage/registry/authority.h"
#include "storage/registry/merge/state_root.h"
#include "storage/registry/merge/subject.h"
#include "storage/registry/quality/measure.h"
#include "storage/registry/service/funnel.h"

struct sg_view;
struct sg_view_reader;

struct sg_view_config {
    const char *dir;        /* the data directory; view/ is made in it */
    struct sg_store *store; /* borrowed until close */
    /* Scope keys at hand; borrowed until close. */
    const struct sg_key *const *scopes;
    size_t n_scopes;
    /* Opens the scope keys that the authority gives it, whenever it does; NULL:
     * there are none but the above. Borrowed until close. */
    const struct sg_key *transport;
    const struct sg_key *key; /* of the view (kind 6), borrowed */
    uint64_t map_size;        /* 0: SG_MAP_SIZE */
    uint64_t map_size_max;    /* 0: SG_MAP_SIZE_MAX */
    uint64_t reserve_size;    /* as the store's; 0: SG_RESERVE_SIZE */
};

/* Opens the view of CONFIG's store, or makes an empty one. RET_START says which
 * (sealed.h); after anything but FOUND all is applied anew. Caller closes with
 * sg_view_close. Errors: as sg_sealed_open; DAMAGED, NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_view_open(const struct sg_view_config *config,
                                       struct sg_view **ret_view,
                                       enum sg_sealed_start *ret_start);

/* Closes; no reader may be left. Takes NULL. */
void sg_view_close(struct sg_view *view);

/* --- the writer: one thread -------------------------------------------- */

/* Takes in what the store has and the view has not, up to about ENTRIES_MAX
 * entries (what was begun again counts too), in one commit. *RET_IS_DONE says
 * that nothing was left. Errors: FULL (try later; nothing happened); FATAL,
 * DAMAGED (close and open anew: the view is made again); NOMEM; those of the
 * store. */
SG_USE_RESULT enum sg_err sg_view_apply(struct sg_view *view,
                                        size_t entries_max, bool *ret_is_done);

/* Verifies the officers' signatures (A12) of at most ENTRIES_MAX entries that
 * were applied without: until then a record counts as captured and not as
 * approved. *RET_IS_DONE says that none is left. Errors: as sg_view_apply. */
SG_USE_RESULT enum sg_err sg_view_verify(struct sg_view *view,
                                         size_t entries_max, bool *ret_is_done);

/* Deletes the view and applies the logs in bulk: sorted and appended, behind a
 * durable marker. KEY, borrowed until close, takes the place of the config's,
 * so that what was erased is unreadable in whatever the disk still has of the
 * old file (D18). Readers find nothing meanwhile. Errors: as sg_view_apply. */
SG_USE_RESULT enum sg_err sg_view_rebuild(struct sg_view *view,
                                          const struct sg_key *key);

/* --- what is known of the view itself: any thread ---------------------- */

struct sg_view_status {
    uint64_t held;     /* entries that the store has, of all logs of records */
    uint64_t applied;  /* of these */
    uint64_t verified; /* of these: nothing is left to verify */
    uint64_t own; /* entries of the log that this node writes which are applied
                     and verified: what it was acknowledged up to there, rows
                     have */
    uint64_t absent;     /* payloads not held */
    uint64_t unreadable; /* logs with payloads not held, or that our keys do
                            not open */
    uint64_t lost;       /* of these: of some of them nobody says who reads */
    uint64_t waiting;    /* A14: for the authority's state */
    uint64_t quarantined;
    uint64_t refused; /* for ever, unknown types and forms too */
    uint64_t subjects;
    /* Subjects that are still to be folded anew, because the authority has
     * said something that may change any of them, or a day has passed: rows
     * and figures are a mixture until it is 0. */
    uint64_t to_fold;
    struct sg_date as_of;   /* of the cut; no date without a genesis */
    struct sg_date counted; /* the day that tallies are of */
    bool is_ready;          /* a genesis is known; else nothing is applied */
    bool is_building;       /* in bulk */
    /* What was found at open was made of more than the logs have, or of others:
     * they were set back. It was deleted, and is made anew. */
    bool is_set_back;
};

/* Gives the status after the last commit. */
void sg_view_status(struct sg_view *view, struct sg_view_status *ret_status);

/* Gives what the authority has said, sealed, in the whole cut; valid until
 * sg_view_release, which must follow on the same thread, soon: the writer
 * waits. */
const struct sg_authority *sg_view_hold(struct sg_view *view);
void sg_view_release(struct sg_view *view);

/* One log of the cut that the view is of. */
struct sg_view_log {
    uint32_t number; /* in the store: sg_fetch_root gives the root */
    struct sg_log_id log;
    uint8_t branch;
    uint64_t size; /* entries that are applied */
};

/* Gives the cut: up to MAX logs of records from *CURSOR on, 0 at first; *CURSOR
 * is 0 after the last. Errors: none yet. */
SG_USE_RESULT enum sg_err sg_view_cut(struct sg_view *view, uint64_t *cursor,
                                      struct sg_view_log *ret_logs, size_t max,
                                      size_t *ret_count);

/* --- readers: each on one thread --------------------------------------- */

/* Gives a reader; caller frees with sg_view_reader_free, which takes NULL.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_view_reader_new(struct sg_view *view,
                                             struct sg_view_reader **ret);
void sg_view_reader_free(struct sg_view_reader *reader);

/* Gives a person, household or other subject as the register has it, borrowed
 * until the reader's next call. Errors: NOTFOUND; DAMAGED; NOMEM. */
SG_USE_RESULT enum sg_err sg_view_person(struct sg_view_reader *reader,
                                         const struct sg_uid *uid,
                                         const struct sg_subject **ret_subject);

/* Where one copy of a record about a subject lies. */
struct sg_view_copy {
    struct sg_ref record;
    uint32_t log; /* number in the store */
    uint64_t index;
    bool is_admitted; /* else it is quarantined */
    bool is_signed;   /* and the signature is right */
};
typedef enum sg_err sg_view_take_copy(void *context,
                                      const struct sg_view_copy *copy);

/* Hands all copies of all records about a subject to TAKE, by record. Ends what
 * the reader's last call gave. Errors: as sg_view_person; those of TAKE. */
SG_USE_RESULT enum sg_err sg_view_copies(struct sg_view_reader *reader,
                                         const struct sg_uid *uid,
                                         sg_view_take_copy *take,
                                         void *context);

/* Hands the rows of a subject to TAKE. Errors: as sg_view_person, sg_row_each.
 */
SG_USE_RESULT enum sg_err sg_view_rows(struct sg_view_reader *reader,
                                       const struct sg_uid *uid,
                                       sg_row_take *take, void *context);

/* A page of subjects. Go on with the CURSOR that came back; 0 at first, and 0
 * again when there are no more. What changes meanwhile may be missed. */
struct sg_view_page {
    uint64_t cursor;
    size_t max;   /* set by the caller: room in uids */
    size_t count; /* found */
    struct sg_uid *uids;
};

/* Finds the persons of whom an applied record says the personal number NUMBER,
 * valid or not. Errors: DAMAGED, NOMEM. */
SG_USE_RESULT enum sg_err sg_view_find_pin(struct sg_view_reader *reader,
                                           uint64_t number,
                                           struct sg_view_page *page);

/* What is asked of names: all that is there must fit. */
struct sg_view_name {
    /* Words of a name, with or without diacritics, in any case: the whole name
     * (family, middle, given), or family and given name, or the given name
     * alone with a unit. */
    struct sg_bytes text;
    struct sg_unit_key unit; /* 0: anywhere; else where his rows are */
    uint32_t birth_year;     /* 0: any */
};

/* Finds persons by the name that stands. Errors: INVALID (no words; one word
 * without unit); TEXT; DAMAGED, NOMEM. */
SG_USE_RESULT enum sg_err sg_view_find_name(struct sg_view_reader *reader,
                                            const struct sg_view_name *name,
                                            struct sg_view_page *page);

/* Lists the subjects whose rows are of UNIT: persons, and households with them.
 * Errors: DAMAGED, NOMEM. */
SG_USE_RESULT enum sg_err sg_view_find_unit(struct sg_view_reader *reader,
                                            struct sg_unit_key unit,
                                            struct sg_view_page *page);

/* Gives all subjects, for exports. Errors: as above. */
SG_USE_RESULT enum sg_err sg_view_find_all(struct sg_view_reader *reader,
                                           struct sg_view_page *page);

/* Lists the subjects that have a conflict which UNIT is to decide (0: the
 * centre): open or reopened ones, or decided ones. Which it is: the subject's
 * conflicts, with sg_conflict_owner. Errors: as above. */
SG_USE_RESULT enum sg_err sg_view_conflicts(struct sg_view_reader *reader,
                                            struct sg_unit_key unit,
                                            bool is_decided,
                                            struct sg_view_page *page);

/* Finds the persons whom BUCKET, below SG_VIEW_BUCKETS, holds: what is told to
 * other districts is buckets alone. Errors: as above. */
#define SG_VIEW_BUCKET_BITS 20u
#define SG_VIEW_BUCKETS     (UINT32_C(1) << SG_VIEW_BUCKET_BITS)
SG_USE_RESULT enum sg_err sg_view_find_bucket(struct sg_view_reader *reader,
                                              uint32_t bucket,
                                              struct sg_view_page *page);

/* Sets bit N (bit N % 8 of byte N / 8) for each bucket that holds somebody.
 * Errors: as above. */
SG_USE_RESULT enum sg_err sg_view_buckets(
    struct sg_view_reader *reader, uint8_t ret_bits[SG_VIEW_BUCKETS / 8]);

/* Most buckets of one person. */
#define SG_VIEW_BUCKETS_MAX 2u

/* Computes the buckets of a person by name and birth date, as every node does;
 * returns how many: none where a part is not known. */
size_t sg_view_bucket_of(const struct sg_record_name *name,
                         struct sg_date birth,
                         uint32_t ret[SG_VIEW_BUCKETS_MAX]);

/* --- figures: any thread ----------------------------------------------- */

/* Why the root of a unit is no number (RECORDS 12); bits. */
enum sg_view_reason {
    SG_VIEW_UNREADABLE = 1, /* a payload for it is not held or does not open */
    SG_VIEW_RULES = 2,      /* rules of a later version are in force */
    SG_VIEW_UNSIGNED = 4,   /* signatures are still being checked */
    SG_VIEW_WAITING = 8,    /* records wait for the authority's state */
    SG_VIEW_FOLDING = 16,   /* subjects are being folded anew */
    SG_VIEW_NO_GENESIS = 32,
};

struct sg_view_root {
    struct sg_unit_key unit;
    struct sg_state_root root;
    unsigned reasons; /* 0: it is computable, and stands */
};

/* Gives the root of UNIT's rows, and of all rows, at the cut; zero where there
 * are none. Errors: DAMAGED, NOMEM. */
SG_USE_RESULT enum sg_err sg_view_root(struct sg_view *view,
                                       struct sg_unit_key unit,
                                       struct sg_view_root *ret_root);
SG_USE_RESULT enum sg_err sg_view_root_all(struct sg_view *view,
                                           struct sg_view_root *ret_root);

typedef enum sg_err sg_view_take_root(void *context,
                                      const struct sg_view_root *root);
/* Hands the roots of all units that have rows to TAKE, in no order. Errors: as
 * sg_view_root; those of TAKE. */
SG_USE_RESULT enum sg_err sg_view_roots(struct sg_view *view,
                                        sg_view_take_root *take, void *context);

/* What is counted of one unit by itself, without the units below it, as of the
 * day `counted` of the status. */
struct sg_view_tally {
    struct sg_unit_key unit;
    const struct sg_funnel *funnel;   /* of a campaign; else NULL */
    const struct sg_measure *measure; /* of quality; else NULL */
    /* Of conflicts: open ones by rule, by who is to decide; else NULL. */
    const int64_t *conflicts; /* SG_CONFLICT_COUNT + 1 */
};

typedef enum sg_err sg_view_take_tally(void *context,
                                       const struct sg_view_tally *tally);

/* Hand the tallies of all units to TAKE, in no order: of CAMPAIGN, which is
 * frozen or later; of quality; of open conflicts. Sums for the units above:
 * sg_funnel_add, sg_measure_add. Errors: DAMAGED, NOMEM; those of TAKE. */
SG_USE_RESULT enum sg_err sg_view_funnels(struct sg_view *view,
                                          const struct sg_uid *campaign,
                                          sg_view_take_tally *take,
                                          void *context);
SG_USE_RESULT enum sg_err sg_view_measures(struct sg_view *view,
                                           sg_view_take_tally *take,
                                           void *context);
SG_USE_RESULT enum sg_err sg_view_conflict_counts(struct sg_view *view,
                                                  sg_view_take_tally *take,
                                                  void *context);

#endif
