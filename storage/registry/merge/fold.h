/* Fold: from the set of applied records about a subject to what the register
 * says of it. RECORDS.md, section 4.
 *
 * A function of sets alone: no clock, no order of arrival, no I/O. Where the
 * records are kept is somebody else's business, asked through the small
 * interface struct sg_fold_source (register.h keeps them in memory, the node in
 * LMDB). Which records are applied was decided before (admission.h).
 *
 * The order of the fold is the page's: homes; decisions; links of duplicates;
 * vital cells and status; freeze; residences and home; all other cells and
 * machines; what concerns other persons (C09); conflicts. row.h makes rows of
 * the result.
 *
 * Bounded: SG_SUBJECT_RECORDS_MAX records of a subject, of which nobody's is
 * lost: those beyond stay where they are and are listed (A15).
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_FOLD_H
#define SG_STORAGE_REGISTRY_MERGE_FOLD_H

#include "storage/registry/merge/subject.h"
#include "storage/registry/unit.h"

/* Bits of a record's marks. */
enum sg_fold_mark {
    SG_FOLD_SIGNED = 1, /* an admitted copy has a right signature */
    SG_FOLD_FORKED = 2, /* every admitted copy is on a fork's branch (C14) */
    SG_FOLD_LATE = 4,   /* every admitted copy came after a re-homing (C13) */
    /* Not applied, but to be listed: above a cut and not endorsed (C12). */
    SG_FOLD_QUARANTINED = 8,
};

/* A record of the types 32 to 48 that is applied, summed up from the admitted
 * copies that count. Everything is borrowed. */
struct sg_fold_record {
    struct sg_hash id;
    struct sg_bytes inner; /* the bytes that fit (A05) */
    uint64_t hlc;          /* effective, of the standing copy */
    uint8_t marks;         /* bits of enum sg_fold_mark */
    uint8_t roles;         /* of the officer's grant, by the standing copy */
    /* The grant's units; asked of handovers only. */
    const struct sg_unit_key *grant;
    size_t n_grant;
};

/* Where the records are. The functions get CONTEXT; what they give is borrowed
 * until the fold is over and must be the same, in any order, throughout it.
 * UNIT is whose rows are folded: only copies that its scope can read count, and
 * by it is said which came late; of the country, 0, all count (RECORDS 4.1). */
struct sg_fold_source {
    void *context;
    /* Gives the applied records of SUBJECT, for UNIT; none when it has none.
     * The same array for another unit says that nothing differs. */
    enum sg_err (*records)(void *context, const struct sg_uid *subject,
                           struct sg_unit_key unit,
                           const struct sg_fold_record *const **ret_records,
                           size_t *ret_count);
    /* Gives the persons of whom an applied record says NUMBER; of more than
     * SG_PIN_HOLDERS_MAX the smallest. */
    enum sg_err (*holders)(void *context, uint64_t number,
                           const struct sg_uid **ret_persons,
                           size_t *ret_count);
    /* Gives at least all persons with whom an applied duplicate record pairs
     * PERSON, smaller or larger. */
    enum sg_err (*partners)(void *context, const struct sg_uid *person,
                            const struct sg_uid **ret_persons,
                            size_t *ret_count);
    /* Gives the parents of RECORD, erased by an order, as packed in the order
     * (record.h: refs of 18 bytes); false when none names it. */
    bool (*bridge)(void *context, const struct sg_ref *record,
                   const uint8_t **ret_parents, size_t *ret_count);
};

/* What the authority has said in the whole cut. Borrowed. */
struct sg_fold_world {
    const struct sg_unit_table *units;
    struct sg_date as_of;
    unsigned duplicate_score; /* policy 6 */
};

/* One fold after the other; keeps its memory. */
struct sg_fold;

/* Gives a fold; caller frees with sg_fold_free. Borrows: WORLD, SOURCE.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_fold_new(const struct sg_fold_world *world,
                                      const struct sg_fold_source *source,
                                      struct sg_fold **ret_fold);

/* Takes FOLD, which may be NULL. */
void sg_fold_free(struct sg_fold *fold);

/* Folds SUBJECT as whoever reads for its home sees it; numbers held twice as
 * the centre does (RECORDS 4.1). The result
 * is borrowed until the next call. Errors: NOMEM; those of the source. */
SG_USE_RESULT enum sg_err sg_fold_subject(struct sg_fold *fold,
                                          const struct sg_uid *subject,
                                          const struct sg_subject **ret);

/* Gives homes(SUBJECT) (RECORDS 4), ascending, borrowed until the next call:
 * whose grants make a decision competent, or an endorsement stand (7.17).
 * Errors: as sg_fold_subject. */
SG_USE_RESULT enum sg_err sg_fold_homes(struct sg_fold *fold,
                                        const struct sg_uid *subject,
                                        const struct sg_unit_key **ret_units,
                                        size_t *ret_count);

#endif
