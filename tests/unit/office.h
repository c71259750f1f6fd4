/* An office: writes records about a few subjects and sees what the register
 * makes of them, for tests of the merge.
 *
 * Nobody judges what it writes: every copy is admitted unless the test says
 * otherwise. Whenever it is asked what stands, it delivers its copies to fresh
 * registers in several orders, in pieces and some twice, and fails the test
 * unless all have one root.
 *
 *     office_open(&office);
 *     build = office_begin(&office, SG_TYPE_PERSON, 1);
 *     sg_record_build_uint(build, SG_FIELD_PERSON_SEX, 2);
 *     ref = office_file(&office);
 *     subject = office_subject(&office, 1);
 */
#ifndef SG_TESTS_UNIT_OFFICE_H
#define SG_TESTS_UNIT_OFFICE_H

#include "storage/registry/merge/register.h"
#include "storage/registry/record_build.h"

#define OFFICE_COPIES 256u

/* Units: a ward that goes whole into the next on 2025-01-01, which is split on
 * 2025-07-01; one of another district; and what is above. */
#define OFFICE_HOME     UINT64_C(31475820191201)
#define OFFICE_NEXT     UINT64_C(31475820250101)
#define OFFICE_PART     UINT64_C(31475820250701)
#define OFFICE_AWAY     UINT64_C(31582020191201)
#define OFFICE_PROVINCE UINT64_C(10003820191201)

struct office_copy {
    struct sg_register_copy copy;
    struct sg_bytes payload; /* owned */
    struct sg_record record;
};

struct office {
    struct sg_registry_id registry;
    struct sg_unit_table *units;
    struct sg_register_setup setup;
    struct sg_register *reg; /* the last that was asked */
    struct office_copy copies[OFFICE_COPIES];
    size_t n_copies;

    /* Of the next record; they stay until changed. */
    uint8_t officer; /* a number stands for the officer's key */
    uint8_t roles;
    uint64_t capture; /* unit */
    struct sg_date effective;
    uint64_t minutes; /* of the writer's clock; goes on by one with each */
    bool is_unsigned;
    enum sg_record_source source; /* 2: not written */
    const struct sg_unit_key *readers;
    size_t n_readers;
    const struct sg_unit_key *grant;
    size_t n_grant;

    struct sg_record_head head;
    struct sg_ref parents[SG_PARENTS_MAX];
    struct sg_record_build build;
};

void office_open(struct office *office);
void office_close(struct office *office);

/* Returns the uid of person or household NO. */
struct sg_uid office_uid(unsigned no);

/* Begins a record of TYPE about subject NO; parents come next, then fields. */
struct sg_record_build *office_begin(struct office *office, enum sg_type type,
                                     unsigned no);
void office_parent(struct office *office, struct sg_ref ref);

/* Ends and files it; gives its ref. */
struct sg_ref office_file(struct office *office);

/* Gives the last copy that was filed, to say more of it. */
struct sg_register_copy *office_last(struct office *office);

/* Whole records. A person has name, birth (unless 0), sex and `registered`; the
 * others amend one field, with one parent. */
struct sg_ref office_person(struct office *office, unsigned no, uint32_t birth);
struct sg_ref office_birth(struct office *office, unsigned no,
                           struct sg_ref parent, uint32_t birth);
struct sg_ref office_phone(struct office *office, unsigned no,
                           struct sg_ref parent, const char *phone);
struct sg_ref office_residence(struct office *office, unsigned no,
                               uint64_t unit, unsigned state);
struct sg_ref office_pin(struct office *office, unsigned no, uint64_t number,
                         unsigned state);
struct sg_ref office_vital(struct office *office, unsigned no, unsigned state,
                           uint32_t at);
struct sg_ref office_dossier(struct office *office, unsigned no);
/* Takes OBJECT of TYPE on to STATE. */
struct sg_ref office_move(struct office *office, enum sg_type type, unsigned no,
                          struct sg_ref object, struct sg_ref parent,
                          unsigned state);
/* Decides by ACT for UNIT, on COUNT parents. */
struct sg_ref office_decide(struct office *office, unsigned no, unsigned act,
                            uint64_t unit, size_t count,
                            const struct sg_ref *parents);
/* The same for a conflict: RULE, FIELD (0: none), OBJECT, choice (NULL: none).
 */
struct sg_ref office_settle(struct office *office, unsigned no, unsigned act,
                            uint64_t unit, unsigned rule, unsigned field,
                            const struct sg_ref *object,
                            const struct sg_ref *choice, size_t count,
                            const struct sg_ref *parents);

/* Rules on RECORD about subject NO, for the home, as OFFICER. */
struct sg_ref office_approve(struct office *office, unsigned no,
                             struct sg_ref record, uint8_t officer);
struct sg_ref office_refuse(struct office *office, unsigned no,
                            struct sg_ref record, uint8_t officer);

/* Forgets the copies filed last, down to N_COPIES. */
void office_withdraw(struct office *office, size_t n_copies);

/* Asks what stands: office->reg is a register with all copies. */
void office_ask(struct office *office);

/* Gives what stands of subject NO; borrowed until the office is asked again. */
const struct sg_subject *office_subject(struct office *office, unsigned no);

/* Gives conflict RULE of subject NO, the first; NULL when there is none. */
const struct sg_subject_conflict *office_conflict(struct office *office,
                                                  unsigned no, unsigned rule);

/* Gives the cell FIELD of the object TYPE, OBJECT (NULL: the only one). */
const struct sg_subject_cell *office_cell(struct office *office, unsigned no,
                                          enum sg_type type,
                                          const struct sg_ref *object,
                                          unsigned field);

/* Says what the birth cell of person 1 shows: its value (0: none) and flags. */
void office_assert_birth(struct office *office, uint64_t value, unsigned flags);

/* Says that conflict RULE of subject NO is in STATE with so many contenders; in
 * state 0 there is none. */
void office_assert_conflict(struct office *office, unsigned no, unsigned rule,
                            unsigned state, size_t n_contenders);

/* Delivers all copies to a fresh register in the order of SEED (0: as filed).
 */
struct sg_register *office_deliver(const struct office *office, uint64_t seed);

#endif
