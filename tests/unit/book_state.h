/* A book and what is made of it: the authority's state, and the judgement of
 * copies. Fixtures for cmocka.
 */
#ifndef SG_TESTS_UNIT_BOOK_STATE_H
#define SG_TESTS_UNIT_BOOK_STATE_H

#include "tests/unit/book.h"

/* What most tests stand on. Logs 0 and 1 are of node 0, the genesis' writer; 2
 * and 3 of node 1, and so on. */
struct book_state {
    struct book book;
    struct sg_authority *authority;
};

/* For cmocka: *STATE is a book with its genesis. */
int book_setup(void **state);
int book_teardown(void **state);

/* Makes the state of the book as it is now. */
const struct sg_authority *book_seal(struct book_state *fixture);

/* Go to the whole cut; to a position, which is held. */
struct sg_authority_at book_at_cut(const struct sg_authority *authority);
struct sg_authority_at book_at(const struct sg_authority *authority,
                               uint32_t generation, uint32_t size);

/* Return the roles of an officer, the role of a node; 0 for none. */
unsigned book_get_roles(const struct book_state *fixture,
                        const struct sg_authority_at *at, unsigned officer);
unsigned book_get_role(const struct book_state *fixture,
                       const struct sg_authority_at *at, unsigned node);

size_t book_count_alarms(const struct sg_authority *authority,
                         enum sg_authority_alarm_kind kind);
struct sg_authority_place book_place(const struct book_state *fixture,
                                     unsigned log, uint64_t index,
                                     uint32_t branch);

/* Judges entry ENTRY, a statement. */
enum sg_authority_verdict book_verdict(const struct book_state *fixture,
                                       size_t entry);

/* --- records and admission --------------------------------------------- */

/* For cmocka: the same with the three units, node 1 (logs 2 and 3) admitted for
 * a district and officer 0 granted to capture in NEW: entries 2 to 7 of log 0.
 * The position of all that is (0, BOOK_HERE). */
#define BOOK_HERE 8u
int book_setup_district(void **state);

/* Begins an enrolment by OFFICER at BOOK_HERE that passes when officer 0 files
 * it in log 2; ends it in LOG and gives its entry; both. */
struct sg_record_build *book_begin_person(struct book *book, unsigned officer);
size_t book_write_person(struct book *book, unsigned log);
size_t book_person(struct book *book, unsigned officer, unsigned log);

/* Judges COPY by the state as sealed last; entry ENTRY, sealing first. */
struct sg_admission_verdict book_judge(const struct book_state *fixture,
                                       const struct sg_admission_copy *copy);
struct sg_admission_verdict book_judge_entry(struct book_state *fixture,
                                             size_t entry);

#endif
