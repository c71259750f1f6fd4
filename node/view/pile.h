/* Pile: sheets in memory, as the last commit has them and as they are to be,
 * and what the fold reads of them (struct sg_fold_source). The inside of the
 * view.
 *
 * A pile belongs to one thread. It works on a transaction that somebody else
 * began and ends; what it gives is borrowed until it is reset.
 */
#ifndef SG_NODE_VIEW_PILE_H
#define SG_NODE_VIEW_PILE_H

#include "node/view/inside.h"

/* Which of its copies count. */
enum sg_pile_time {
    SG_PILE_NOW,
    SG_PILE_OLD,   /* as committed last */
    SG_PILE_FIRST, /* now, without what officers endorse */
    SG_PILE_TIMES,
};

/* Sums of records for the whole country. */
struct sg_pile_sums {
    const struct sg_fold_record *const *records; /* NULL: not made */
    size_t count;
};

struct sg_pile_sheet {
    struct sg_sheet now;
    const struct sg_sheet *old; /* NULL: it is not on disk */
    uint32_t number;
    bool is_changed; /* its copies are not those on disk */
    bool is_listed;  /* among those to be settled */
    bool has_facts;  /* now.facts are up to date */
    struct sg_pile_sums sums[SG_PILE_TIMES];
};

/* A keyed hash that was computed. */
struct sg_pile_name {
    uint8_t db, size;
    uint8_t bytes[16];
    uint8_t name[SG_SEALED_KEY_SIZE];
};

struct sg_pile {
    struct sg_view *view;
    struct sg_pile_name *names; /* by a hash of what they are of */
    struct sg_sheet_coder *coder;
    struct sg_txn *txn; /* set by whoever is in one */
    enum sg_pile_time time;
    bool is_bulk;  /* nothing of what is asked for is on disk yet */
    bool is_alone; /* who shares a number, or is paired, is left out */
    struct sg_arena arena;
    struct sg_table by_uid, by_number;
    struct sg_table by_mention;  /* of changed sheets */
    struct sg_table by_relative; /* facts of those that are not loaded */
    struct sg_pile_sheet **list; /* in the order of loading */
    size_t count, capacity;
    struct sg_buf row;
    uint64_t clamped; /* smallest hlc beyond the clock window; 0: none */
};

/* Makes PILE empty. Errors: NOMEM. Ends with sg_pile_clear. */
SG_USE_RESULT enum sg_err sg_pile_init(struct sg_pile *pile,
                                       struct sg_view *view, bool is_writer);
void sg_pile_clear(struct sg_pile *pile);

/* Forgets all sheets. */
void sg_pile_reset(struct sg_pile *pile);

/* As sg_inside_name; what is asked again and again is computed once. */
struct sg_inside_key sg_pile_name(struct sg_pile *pile, enum sg_inside_db db,
                                  struct sg_bytes bytes);

/* Gives the sheet of UID, loaded where it is on disk; NULL when there is none,
 * and IS_MADE does not ask for one. Errors: DAMAGED, NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_pile_get(struct sg_pile *pile,
                                      const struct sg_uid *uid, bool is_made,
                                      struct sg_pile_sheet **ret);

/* Gives what figures ask of UID, at the pile's time; NULL when he is not here.
 * Of one who is not loaded no more than that is read. A sheet in the pile whose
 * facts are not made yet is given in *RET_SHEET instead. Errors: as above. */
SG_USE_RESULT enum sg_err sg_pile_facts(struct sg_pile *pile,
                                        const struct sg_uid *uid,
                                        const struct sg_sheet_facts **ret_facts,
                                        struct sg_pile_sheet **ret_sheet);

/* Gives the sheet with NUMBER; NULL when there is none. Errors: as above. */
SG_USE_RESULT enum sg_err sg_pile_at(struct sg_pile *pile, uint32_t number,
                                     struct sg_pile_sheet **ret);

/* Makes SHEET ready to be changed: the last moment is sg_pile_mention. */
SG_USE_RESULT enum sg_err sg_pile_change(struct sg_pile *pile,
                                         struct sg_pile_sheet *sheet);

/* Has the numbers and pairs of changed sheets found, now that all are changed.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_pile_mention(struct sg_pile *pile);

static inline const struct sg_sheet *sg_pile_sheet_at(
    const struct sg_pile_sheet *sheet, enum sg_pile_time time)
{
    return time == SG_PILE_OLD ? sheet->old : &sheet->now;
}

/* Sums up the copies of SHEET that UNIT reads; IS_FIRST: those that count
 * without endorses. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_pile_sum(struct sg_pile *pile,
                                      const struct sg_sheet *sheet,
                                      struct sg_unit_key unit, bool is_first,
                                      struct sg_pile_sums *ret);

/* Gives what the country reads of SHEET at TIME. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_pile_sums_of(struct sg_pile *pile,
                                          struct sg_pile_sheet *sheet,
                                          enum sg_pile_time time,
                                          const struct sg_pile_sums **ret);

/* Gives the source of a fold; its context is PILE, its time PILE's. */
void sg_pile_source(struct sg_pile *pile, struct sg_fold_source *ret);

/* Gives all whom SHEET touches when it changes, as it was and as it is: who has
 * one of its numbers, who is paired with it. Errors: as sg_pile_get. */
typedef enum sg_err sg_pile_take(void *context, struct sg_pile_sheet *sheet);
SG_USE_RESULT enum sg_err sg_pile_partners(struct sg_pile *pile,
                                           struct sg_pile_sheet *sheet,
                                           sg_pile_take *take, void *context);
SG_USE_RESULT enum sg_err sg_pile_sharers(struct sg_pile *pile,
                                          struct sg_pile_sheet *sheet,
                                          sg_pile_take *take, void *context);

/* Calls TAKE for what the applied records of SHEET mention at TIME. Errors:
 * NOMEM. */
SG_USE_RESULT enum sg_err sg_pile_mentions(
    struct sg_pile *pile, struct sg_pile_sheet *sheet, enum sg_pile_time time,
    bool (*take)(void *, unsigned, struct sg_bytes), void *context);

/* Hands the sheets of an index to TAKE: those of keys that begin with PREFIX in
 * DB, by the number at their end. Errors: as sg_pile_get; those of TAKE. */
SG_USE_RESULT enum sg_err sg_pile_each(struct sg_pile *pile,
                                       enum sg_inside_db db,
                                       const struct sg_inside_key *prefix,
                                       sg_pile_take *take, void *context);

#endif
