/* Shelf: the copies of records that a register in memory keeps, by subject, by
 * number and by pair, and what of them each unit reads. The inside of
 * register.c.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_SHELF_H
#define SG_STORAGE_REGISTRY_MERGE_SHELF_H

#include "storage/registry/merge/arena.h"
#include "storage/registry/merge/register.h"
#include "storage/registry/merge/table.h"

/* A list of units that many copies share. */
struct sg_shelf_units {
    size_t count;
    struct sg_unit_key keys[];
};

/* A copy of a record, admitted or quarantined. */
struct sg_shelf_copy {
    struct sg_shelf_copy *next;
    struct sg_territory_node node;
    struct sg_hash log;
    uint64_t index;
    uint32_t branch;
    uint64_t hlc;
    const struct sg_shelf_units *grant;
    const struct sg_shelf_units *readers; /* NULL: everybody */
    uint8_t roles;
    bool is_admitted, is_signed, is_forked;
};

struct sg_shelf_entry;

/* A record; `sum` is what all its copies come to. */
struct sg_shelf_record {
    struct sg_fold_record sum;
    struct sg_shelf_entry *entry;
    struct sg_shelf_copy *copies;
    bool is_listed; /* in its entry */
    bool is_applied;
    uint8_t inner[];
};

/* What a subject has in the root of one unit. */
struct sg_shelf_share {
    struct sg_unit_key unit;
    struct sg_state_root root;
};

/* A subject. */
struct sg_shelf_entry {
    struct sg_uid uid;
    const struct sg_fold_record **records; /* applied and quarantined */
    size_t n_records, capacity;
    struct sg_uid *partners;
    size_t n_partners, partners_capacity;
    uint64_t *numbers; /* that a record ever said of him */
    size_t n_numbers, numbers_capacity;
    struct sg_shelf_share *shares;
    size_t n_shares;
    bool is_touched;
    bool is_everybodys; /* no copy is hidden from anybody */
};

/* A number, and the persons of whom applied records say it. */
struct sg_shelf_number {
    uint64_t value;
    struct sg_uid *persons; /* ascending */
    uint32_t *counts;       /* how many records */
    size_t count, capacity;
};

struct sg_register {
    struct sg_register_setup setup;
    struct sg_fold_source source;
    struct sg_fold *fold;
    struct sg_sha256 prefix;
    struct sg_table by_id, by_uid, by_number, by_units, by_unit;
    struct sg_shelf_entry **entries;
    size_t n_entries, entries_capacity;
    struct sg_shelf_entry **touched;
    size_t n_touched, touched_capacity;
    struct sg_arena arena; /* what one unit reads, during a fold */
    struct sg_buf work;
    struct sg_state_root all;
    struct sg_state_root campaigns; /* what they have in it */
    /* Records, copies, lists of units: as long as the register. */
    struct sg_arena kept;
    struct sg_shelf_copy *spare; /* taken back, to be used again */
    sg_register_changed *changed;
    void *changed_context;
};

/* The root of one unit. */
struct sg_shelf_root {
    struct sg_unit_key unit;
    struct sg_state_root root;
};

/* Gives REG the source that its fold asks. */
void sg_shelf_source(struct sg_register *reg, struct sg_fold_source *ret);

/* Frees all that is kept. */
void sg_shelf_clear(struct sg_register *reg);

/* Finds the subject UID; NULL when no copy about it ever came. */
struct sg_shelf_entry *sg_shelf_find(const struct sg_register *reg,
                                     const struct sg_uid *uid);

/* Finds who has NUMBER; NULL when nobody ever had. */
struct sg_shelf_number *sg_shelf_number(const struct sg_register *reg,
                                        uint64_t number);

/* Finds the root of UNIT, or makes one; NULL when there is no memory. */
struct sg_shelf_root *sg_shelf_root(struct sg_register *reg,
                                    struct sg_unit_key unit);

/* Puts COPY on the shelf, or takes it off, and touches whom that concerns.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_shelf_put(struct sg_register *reg,
                                       const struct sg_register_copy *copy);

/* Sums all records of ENTRY up anew: what the authority says has changed. */
void sg_shelf_refresh(struct sg_register *reg, struct sg_shelf_entry *entry);

/* Says that ENTRY is to be folded anew. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_shelf_touch(struct sg_register *reg,
                                         struct sg_shelf_entry *entry);

#endif
