/* The rules about where a record or a statement comes from: V17, by a test like
 * those of test_rules_record.c, and C15, by one like those of test_conflict.c.
 */
#include <string.h>

#include "storage/log/merkle.h"
#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

#define CAPTURE SG_ROLE_CAPTURE
#define APPROVE SG_ROLE_APPROVE

static void assert_judged(const struct book_state *fixture,
                          const struct sg_admission_copy *copy,
                          enum sg_admission_standing standing,
                          enum sg_admission_code code)
{
    struct sg_admission_verdict verdict = book_judge(fixture, copy);

    assert_int_equal(verdict.standing, standing);
    assert_int_equal(verdict.code, code);
}

/* Looks at the signature of COPY and gives it back with what was found. */
static struct sg_admission_copy verified(const struct book_state *fixture,
                                         struct sg_admission_copy copy)
{
    struct sg_admission_judge judge;
    struct sg_admission_verdict verdict;

    sg_admission_judge_init(&judge, fixture->authority,
                            &fixture->book.registry);
    sg_admission_judge(&judge, &copy, &verdict);
    copy.signature = sg_admission_verify(&judge, &copy, &verdict);
    return copy;
}

/* V17. D1, D6: a record counts when its log proves it, its officer signed it
 * and no cut lies below it; what stands above a cut is kept apart, not thrown
 * away.
 */
static void test_v17_log_integrity(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands = {2, 3, 0};
    size_t below = book_person(book, 0, 2), forged, above;
    struct sg_admission_copy copy;

    (void)book_begin_person(book, 0);
    book->is_missigned = true;
    forged = book_write_person(book, 2);
    above = book_person(book, 0, 2);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, &stands, 1);
    (void)book_seal(fixture);
    /* Accepted: signed, and below the cut. */
    copy = verified(fixture, book_copy(book, below));
    assert_int_equal(copy.signature, SG_ADMISSION_RIGHT);
    assert_judged(fixture, &copy, SG_ADMISSION_ADMITTED, SG_ADMISSION_A00);
    /* Refused: with another's signature, for ever; above the cut, for now. */
    copy = verified(fixture, book_copy(book, forged));
    assert_judged(fixture, &copy, SG_ADMISSION_REFUSED, SG_ADMISSION_A12);
    copy = verified(fixture, book_copy(book, above));
    assert_judged(fixture, &copy, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A09);
    /* Disputed: one superior endorses it, another rejects it. */
    copy.endorsement = SG_ADMISSION_ENDORSED;
    assert_judged(fixture, &copy, SG_ADMISSION_ADMITTED, SG_ADMISSION_A00);
    copy.endorsement = SG_ADMISSION_REJECTED;
    assert_judged(fixture, &copy, SG_ADMISSION_QUARANTINED, SG_ADMISSION_A09);
    assert_int_equal(sg_rules_get(17)->periods[0].record, SG_RULES_QUARANTINE);
    assert_int_equal(sg_rules_get(17)->periods[0].from.ymd, 0);
}

/* V17, D1: a byte that was changed in its place, or an entry that was taken
 * out, leaves a record that the checkpoint's root does not prove. */
static void test_v17_log_integrity_of_the_tree(void **state)
{
    struct book_state *fixture = *state;
    struct sg_frontier tree = {.size = 0};
    struct sg_hash leaves[3], path[2], root;

    (void)book_seal(fixture);
    for (size_t i = 0; i < 3; i++) {
        struct sg_bytes payload = fixture->book.entries[i].payload;

        leaves[i] = sg_merkle_leaf(payload.data, payload.size);
        sg_merkle_append(&tree, &leaves[i], NULL, NULL);
    }
    root = sg_merkle_root(&tree);
    path[0] = leaves[0];
    path[1] = leaves[2];
    assert_ok(sg_merkle_check_inclusion(1, 3, &leaves[1], path, 2, &root));
    assert_err(sg_merkle_check_inclusion(1, 3, &leaves[2], path, 2, &root),
               PROOF);
    assert_err(sg_merkle_check_inclusion(1, 2, &leaves[1], path, 1, &root),
               PROOF);
    leaves[1].bytes[0] ^= 1;
    assert_err(sg_merkle_check_inclusion(1, 3, &leaves[1], path, 2, &root),
               PROOF);
}

static unsigned roles_now(struct book_state *fixture)
{
    struct sg_authority_at cut = book_at_cut(book_seal(fixture));

    return book_get_roles(fixture, &cut, 0);
}

/* C15: of two statements of the authority in one slot the one with the later
 * serial stands whole. D6. */
static void test_c15_tables(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_entry *two;
    unsigned larger;

    /* Accepted: the later serial. */
    book->serial = 100;
    (void)book_grant(book, 0, 0, CAPTURE | APPROVE, BOOK_NEW, 20300101);
    assert_int_equal(roles_now(fixture), CAPTURE | APPROVE);
    /* Refused: an earlier one that comes after it; one by no root key. */
    book->serial = 50;
    (void)book_grant(book, 0, 0, CAPTURE, BOOK_NEW, 20300101);
    book->serial = 200;
    book->root = 3;
    (void)book_grant(book, 0, 0, APPROVE, BOOK_NEW, 20300101);
    book->root = 0;
    assert_int_equal(roles_now(fixture), CAPTURE | APPROVE);
    /* Disputed: two of one serial. The larger id stands on every node, the
     * other is kept, and the next serial says which it is to be. */
    for (unsigned i = 0; i < 2; i++) {
        book->serial = 300;
        (void)book_grant(book, 0, 0, i == 0 ? CAPTURE : APPROVE, BOOK_NEW,
                         20300101);
    }
    two = &book->entries[book->n_entries - 2];
    larger = memcmp(&two[0].id, &two[1].id, sizeof(two[0].id)) > 0 ? CAPTURE
                                                                   : APPROVE;
    assert_int_equal(roles_now(fixture), larger);
    assert_int_equal(book_verdict(fixture, book->n_entries - 1),
                     book_verdict(fixture, book->n_entries - 2));
    book->serial = 301;
    (void)book_grant(book, 0, 0, larger ^ (CAPTURE | APPROVE), BOOK_NEW,
                     20300101);
    assert_int_equal(roles_now(fixture), larger ^ (CAPTURE | APPROVE));
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, book_setup_district, book_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_v17_log_integrity),
        TEST(test_v17_log_integrity_of_the_tree),
        TEST(test_c15_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
