/* A book: the logs of a small registry, for tests of what the authority says
 * and of which records count.
 *
 * It has keys for everybody (roots, nodes, officers) and LOGS logs. A statement
 * or record is begun, its fields are set, and it is written as the next entry
 * of a log; the same bytes can be filed again elsewhere. Nothing is judged: a
 * book holds what thieves write, too.
 *
 *     book_init(&book);
 *     book_founded(&book);                    log 0, entry 1: the genesis
 *     build = book_statement(&book, SG_TYPE_HEARTBEAT);
 *     sg_record_build_uint(build, SG_FIELD_HEARTBEAT_TIME, 5);
 *     ref = book_write(&book, 0);
 */
#ifndef SG_TESTS_UNIT_BOOK_H
#define SG_TESTS_UNIT_BOOK_H

#include "storage/registry/admission.h"
#include "storage/registry/record_build.h"

#define BOOK_ROOTS    4u
#define BOOK_NODES    6u
#define BOOK_OFFICERS 6u
#define BOOK_LOGS     12u
#define BOOK_BRANCHES 3u

#define BOOK_PROVINCE UINT64_C(10003820191201)
#define BOOK_OLD      UINT64_C(31475520191201) /* in it, until 2025-07-01 */
#define BOOK_NEW      UINT64_C(31475820250701) /* in it, from then on */
/* 2025-07-01 00:00 in Viet Nam, the genesis' day, in ms. */
#define BOOK_GENESIS_MS UINT64_C(1751302800000)

struct book_key {
    struct sg_sign_key secret;
    uint8_t public[SG_KEY_SIZE];
    struct sg_key_id id;
};

struct book_entry {
    unsigned log;
    struct sg_authority_place place;
    uint8_t entry_kind;
    struct sg_bytes payload; /* owned */
    struct sg_hash id;
};

struct book {
    struct sg_registry_id registry;
    struct book_key roots[BOOK_ROOTS];
    struct book_key nodes[BOOK_NODES];
    struct book_key officers[BOOK_OFFICERS];
    struct sg_log_id logs[BOOK_LOGS];
    unsigned node_of[BOOK_LOGS]; /* log n is of node n / 2 at first */
    uint64_t forks[BOOK_LOGS];   /* fork point; UINT64_MAX: none */
    /* Entry 0 is there from the start. Branch 0 ends at the fork point. */
    uint64_t sizes[BOOK_LOGS][BOOK_BRANCHES];
    enum sg_log_kind kinds[BOOK_LOGS];
    unsigned root; /* who signs statements */
    uint64_t serial;
    uint64_t made; /* records; makes submit differ */
    struct book_entry *entries;
    size_t n_entries;

    /* The record begun. */
    struct sg_record_head head;
    struct sg_record_copy copy;
    struct sg_record_build build;
    const struct book_key *signer;
    bool is_unsigned;  /* of the next that is written */
    bool is_missigned; /* its signature is wrong */
    bool rotates_odd;  /* rotations are signed by the other of the two */
};

/* Begin with keys and empty logs; free. */
void book_init(struct book *book);
void book_clear(struct book *book);

/* Writes the genesis, of a test registry, by root 0 and node 0, effective
 * 2025-07-01, as entry 1 of log 0; the book is of its registry from then on. */
struct sg_ref book_found(struct book *book);

/* Begins a statement by the root in use with the next serial, which is set
 * already; or with a certain one. */
struct sg_record_build *book_statement(struct book *book, enum sg_type type);
struct sg_record_build *book_statement_of(struct book *book, enum sg_type type,
                                          uint64_t serial);

/* Begins a record by OFFICER about person PERSON, at position (0, POSITION),
 * captured at CAPTURE; effective 2025-08-01. */
struct sg_record_build *book_record(struct book *book, enum sg_type type,
                                    unsigned officer, uint8_t person,
                                    uint64_t position, uint64_t capture);

/* Ends what was begun, signs it, and writes it as the next entry of LOG; gives
 * its ref. */
struct sg_ref book_write(struct book *book, unsigned log);

/* The same on BRANCH, from 1 on, of a log that book_fork has forked. */
struct sg_ref book_write_on(struct book *book, unsigned log, uint32_t branch);

/* Forks LOG where it ends. */
void book_fork(struct book *book, unsigned log);

/* Files entry NO, an index into entries, again as the next of LOG. */
void book_file_again(struct book *book, size_t no, unsigned log);

/* --- whole statements -------------------------------------------------- */

struct sg_ref book_heartbeat(struct book *book, unsigned log, uint64_t ms);
struct sg_ref book_admit(struct book *book, unsigned log, unsigned node,
                         enum sg_authority_role role, uint32_t until);
struct sg_ref book_grant(struct book *book, unsigned log, unsigned officer,
                         unsigned roles, uint64_t unit, uint32_t until);
/* A log that stands up to a size; they are given in any order. */
struct book_stand {
    unsigned log;
    uint64_t size;
    uint8_t branch; /* its root is 32 times this byte: book_branch_of */
};
struct sg_ref book_cut_node(struct book *book, unsigned log, unsigned node,
                            unsigned what, const struct book_stand *stands,
                            size_t count);
struct sg_ref book_cut_officer(struct book *book, unsigned log,
                               unsigned officer, unsigned what,
                               const struct book_stand *stands, size_t count);
struct sg_ref book_lift(struct book *book, unsigned log, struct sg_ref of);
struct sg_ref book_endorse_range(struct book *book, unsigned log,
                                 const struct book_stand *stand, uint64_t first,
                                 const unsigned *officer);
struct sg_ref book_erase(struct book *book, unsigned log, unsigned of,
                         uint64_t index, struct sg_ref record,
                         const struct sg_ref *parents, size_t count);
struct sg_ref book_unit(struct book *book, unsigned log, uint64_t unit,
                        uint64_t parent, uint32_t until, const char *name);
struct sg_ref book_succession(struct book *book, unsigned log, uint64_t from,
                              uint64_t to, enum sg_unit_share share);
/* A table of one part and two rows at most: CODES from FROM on. */
struct sg_ref book_codes(struct book *book, unsigned log, unsigned table,
                         unsigned part, const uint16_t *codes, size_t count,
                         uint32_t from);
struct sg_ref book_block(struct book *book, unsigned log, unsigned node,
                         unsigned first, unsigned last);
struct sg_ref book_policy(struct book *book, unsigned log, unsigned number,
                          uint64_t value);
struct sg_ref book_campaign(struct book *book, unsigned log, uint8_t uid,
                            unsigned state, unsigned age);
/* Opens GENERATION in LOG. */
struct sg_ref book_open(struct book *book, unsigned log, uint32_t generation,
                        const struct book_stand *stands, size_t count);
/* Rotates from root OLD to NEW. REASON 1 is signed by OLD, 2 and 3 by NEW; with
 * rotates_odd the other way round. */
struct sg_ref book_rotate(struct book *book, unsigned log, unsigned old,
                          unsigned new, unsigned reason,
                          const struct book_stand *stands, size_t count);

/* The three units above, and OLD a part of NEW: four entries of log 0. */
void book_write_units(struct book *book);
/* Version VERSION in log 0, that changes rule V06 from FROM on to SEVERITY and
 * from the day after to one more. */
void book_write_rules(struct book *book, unsigned version, uint32_t from,
                      unsigned severity);
/* A calendar in log 0 without further days. */
void book_write_year(struct book *book, unsigned year, unsigned rest);

/* --- what is made of it ------------------------------------------------ */

/* Gives the authority's state of the book: entries in the order ORDER (NULL: as
 * written), sealed. Caller frees. */
struct sg_authority *book_authority(struct book *book, const size_t *order);

/* Returns the size of LOG, of its longest branch. */
uint64_t book_longest(const struct book *book, unsigned log);

/* Gives entry NO as a copy to judge. */
struct sg_admission_copy book_copy(const struct book *book, size_t no);

/* The branch that a prefix lies on, for sg_authority_new: what its root's bytes
 * say, when the log has a fork point below its size. */
uint32_t book_branch_of(const void *context,
                        const struct sg_authority_prefix *prefix);

#endif
