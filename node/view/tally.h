/* Tally: what is counted by unit: the funnels of campaigns, quality, open
 * conflicts; and changes to it, to be added to what is on disk. The inside of
 * the view.
 */
#ifndef SG_NODE_VIEW_TALLY_H
#define SG_NODE_VIEW_TALLY_H

#include "node/view/pile.h"

#define SG_TALLY_FUNNEL_COUNTS   (sizeof(struct sg_funnel) / sizeof(int64_t))
#define SG_TALLY_MEASURE_COUNTS  (sizeof(struct sg_measure) / sizeof(int64_t))
#define SG_TALLY_CONFLICT_COUNTS 19u /* C01 to C18 at their numbers */
#define SG_TALLY_COUNTS_MAX      SG_TALLY_MEASURE_COUNTS

_Static_assert(sizeof(struct sg_funnel) % sizeof(int64_t) == 0, "counts");
_Static_assert(sizeof(struct sg_measure) % sizeof(int64_t) == 0, "counts");
_Static_assert(SG_TALLY_FUNNEL_COUNTS <= SG_TALLY_COUNTS_MAX, "the larger");

/* Counts of one unit, or changes to them. */
struct sg_tally {
    uint8_t what;           /* enum sg_inside_tally, with the side; counts */
    struct sg_uid campaign; /* zero but for funnels */
    struct sg_unit_key unit;
    size_t n_counts;
    int64_t counts[]; /* struct sg_funnel, struct sg_measure, or conflicts */
};

/* Changes, by what they change. Lies in an arena; all zero when empty. */
struct sg_tally_set {
    struct sg_table table;
    struct sg_tally **list;
    size_t count, capacity;
};

void sg_tally_clear(struct sg_tally_set *set);

/* Parents, spouse, household. */
#define SG_TALLY_KIN_MAX 4u

/* What figures are judged by: the whole cut, as of its day. */
struct sg_tally_judge {
    struct sg_pile *pile;
    struct sg_fold *other; /* a second fold, for relatives */
    struct sg_authority_at at;
    struct sg_quality_facts facts;
    struct sg_campaign *campaigns; /* frozen ones and later */
    size_t n_campaigns;
    struct sg_uid kin[SG_TALLY_KIN_MAX]; /* on whom the last one depends */
    size_t n_kin;
    enum sg_err err; /* what an answer failed with */
};

/* Begins judging by what the view's world is now. Borrows: PILE, OTHER. Errors:
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_tally_judge_init(struct sg_tally_judge *judge,
                                              struct sg_pile *pile,
                                              struct sg_fold *other);
void sg_tally_judge_clear(struct sg_tally_judge *judge);

/* Counts SUBJECT, as it is at the pile's time, in SET, SIGN times, on SIDES
 * (bits 1, 2); kin are those that it depends on. Errors: NOMEM; those of the
 * pile. */
SG_USE_RESULT enum sg_err sg_tally_count(struct sg_tally_judge *judge,
                                         const struct sg_subject *subject,
                                         unsigned sides, int sign,
                                         struct sg_tally_set *set);

/* Quality of one person, but for what others say. */
struct sg_tally_wait {
    struct sg_quality_person person;
    struct sg_quality_asked asked;
};

/* The same on SIDE (0, 1), once, in two steps: others are not looked at, and
 * what depends on them is not counted but given in *RET_WAIT; false where that
 * is nothing. Kin are those that are to be asked. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_tally_begin(struct sg_tally_judge *judge,
                                         const struct sg_subject *subject,
                                         unsigned side,
                                         struct sg_tally_set *set,
                                         struct sg_tally_wait *ret_wait,
                                         bool *ret_is_waiting);
SG_USE_RESULT enum sg_err sg_tally_end(struct sg_tally_judge *judge,
                                       const struct sg_tally_wait *wait,
                                       const struct sg_quality_facts *facts,
                                       unsigned side, struct sg_tally_set *set);

/* Gives what the figures of others ask of SUBJECT, in ARENA. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_tally_facts(const struct sg_subject *subject,
                                         struct sg_arena *arena,
                                         struct sg_sheet_facts *ret_facts);
bool sg_tally_same_facts(const struct sg_sheet_facts *a,
                         const struct sg_sheet_facts *b);

/* Gives the key of a tally, and of the root of UNIT on SIDE; IS_ALL: of all
 * rows. */
struct sg_inside_key sg_tally_key(const struct sg_view *view, unsigned what,
                                  const struct sg_uid *campaign,
                                  struct sg_unit_key unit);
struct sg_inside_key sg_tally_root_key(const struct sg_view *view,
                                       unsigned side, struct sg_unit_key unit,
                                       bool is_all);

/* Read and write values: UNIT and counts. Errors: DAMAGED; NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_tally_decode(struct sg_bytes value,
                                          struct sg_unit_key *ret_unit,
                                          int64_t *ret_counts, size_t count);
SG_USE_RESULT enum sg_err sg_tally_encode(struct sg_unit_key unit,
                                          const int64_t *counts, size_t count,
                                          struct sg_buf *ret);
SG_USE_RESULT enum sg_err sg_tally_decode_root(struct sg_bytes value,
                                               struct sg_unit_key *ret_unit,
                                               struct sg_state_root *ret_root);
SG_USE_RESULT enum sg_err sg_tally_encode_root(struct sg_unit_key unit,
                                               const struct sg_state_root *root,
                                               struct sg_buf *ret);

/* Adds what SET has to what is on disk. A failure is TXN's. */
void sg_tally_write(const struct sg_view *view, struct sg_txn *txn,
                    const struct sg_tally_set *set, struct sg_buf *scratch);

#endif
