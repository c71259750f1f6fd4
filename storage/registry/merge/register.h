/* Register: the folded register of one cut, in memory.
 *
 * Copies of records come in, in any order and any number of times, with what
 * admission said of them; whom they concern is folded anew, his old rows are
 * taken from the state roots and the new ones added. What depends on others
 * (one number of two persons, linked duplicates) is folded with them. The same
 * set of copies gives the same rows and roots, whatever came first.
 *
 *     sg_register_new(&setup, &reg);
 *     for each copy: sg_register_put(reg, &copy);
 *     sg_register_settle(reg);
 *     sg_register_root(reg, unit, &root);
 *
 * It is for tests, tools and figures; a node keeps the same in LMDB. Nothing
 * here reads a clock. Context: one thread.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_REGISTER_H
#define SG_STORAGE_REGISTRY_MERGE_REGISTER_H

#include "storage/registry/authority.h"
#include "storage/registry/merge/fold.h"
#include "storage/registry/merge/state_root.h"
#include "storage/registry/territory.h"

struct sg_register;

/* What the authority has said in the whole cut; sg_register_setup_of fills it
 * in. What it points to is borrowed as long as the register, or until the next
 * setup. */
struct sg_register_setup {
    struct sg_registry_id registry;
    struct sg_fold_world world;
    /* The hlc of a copy above this counts as 0 (RECORDS 2). */
    uint64_t hlc_max;
    /* Who serves what, for C13; NULL: nothing was ever re-homed. */
    const struct sg_territory *territory;
    /* Whose rows are the centre's; none: NULL, 0. */
    const struct sg_authority_campaign *campaigns;
    size_t n_campaigns;
    /* Bridges of erased records, as in struct sg_fold_source; may be NULL. */
    bool (*bridge)(void *context, const struct sg_ref *record,
                   const uint8_t **ret_parents, size_t *ret_count);
    void *context;
};

/* Gives what AUTHORITY, sealed, says for the register of REGISTRY. Borrows:
 * AUTHORITY, as long as RET is used. */
void sg_register_setup_of(const struct sg_authority *authority,
                          const struct sg_registry_id *registry,
                          struct sg_register_setup *ret);

/* A copy that was judged. Borrowed for the call. */
struct sg_register_copy {
    struct sg_territory_node node;
    struct sg_hash log;
    uint64_t index;
    uint32_t branch;
    struct sg_hash id;
    /* Decoded, and fits. May be NULL when the copy is taken back: an erased one
     * has no bytes, and is known by its id and place. */
    const struct sg_record *record;
    bool is_admitted; /* else: quarantined, or taken back if known */
    bool is_quarantined;
    bool is_signed; /* its signature is right */
    bool is_forked;
    uint8_t roles;
    const struct sg_unit_key *grant;
    size_t n_grant;
    const struct sg_unit_key *readers; /* NULL: everybody */
    size_t n_readers;
};

/* Gives an empty register; caller frees with sg_register_free. Errors: NOMEM.
 */
SG_USE_RESULT enum sg_err sg_register_new(const struct sg_register_setup *setup,
                                          struct sg_register **ret_register);

/* Takes REG, which may be NULL. */
void sg_register_free(struct sg_register *reg);

/* Takes what the authority says now: everything is folded anew at the next
 * settle. Errors: NOMEM, and then nothing has changed. */
SG_USE_RESULT enum sg_err sg_register_set(
    struct sg_register *reg, const struct sg_register_setup *setup);

/* Takes in COPY, or its new verdict: the last one about (log, index, branch)
 * counts. Records of types other than 32 to 48 are not the register's and do
 * nothing. Errors: NOMEM, and then it is to be put again. */
SG_USE_RESULT enum sg_err sg_register_put(struct sg_register *reg,
                                          const struct sg_register_copy *copy);

/* Folds all that was touched. Errors: NOMEM, LIMIT; call again. */
SG_USE_RESULT enum sg_err sg_register_settle(struct sg_register *reg);

/* Is told at settle of each subject that was folded anew; for figures kept
 * beside the register. SUBJECT is borrowed for the call. NULL: nobody. */
typedef void sg_register_changed(void *context,
                                 const struct sg_subject *subject);
void sg_register_watch(struct sg_register *reg, sg_register_changed *changed,
                       void *context);

/*
 * Asking a settled register.
 */

/* Gives the root of UNIT's rows, and of all rows. Zero where there are none. */
void sg_register_root(const struct sg_register *reg, struct sg_unit_key unit,
                      struct sg_state_root *ret_root);
void sg_register_root_all(const struct sg_register *reg,
                          struct sg_state_root *ret_root);

/* Gives the units that have rows, from *CURSOR, 0 at first, in no order; false
 * after the last. */
bool sg_register_next_unit(const struct sg_register *reg, size_t *cursor,
                           struct sg_unit_key *ret_unit,
                           struct sg_state_root *ret_root);

/* Returns how many subjects have records. */
size_t sg_register_count(const struct sg_register *reg);

/* Gives the subjects, from *CURSOR, 0 at first, in the order they came in;
 * false after the last. */
bool sg_register_next(const struct sg_register *reg, size_t *cursor,
                      struct sg_uid *ret_uid);

/* Folds UID and gives it, borrowed until the next call of any function that
 * folds. Errors: NOTFOUND when no record is about it; NOMEM. */
SG_USE_RESULT enum sg_err sg_register_subject(struct sg_register *reg,
                                              const struct sg_uid *uid,
                                              const struct sg_subject **ret);

/* Hands all rows to TAKE, subject after subject. Errors: as sg_row_each. */
SG_USE_RESULT enum sg_err sg_register_rows(struct sg_register *reg,
                                           sg_row_take *take, void *context);

#endif
