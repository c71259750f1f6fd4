/* storage/registry/authority.h: who may say something, what its order is, what
 * a position holds of it, and when. RECORDS.md, sections 6.1 and 6.2. */
#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/unit/book_state.h"

#define DAY(n)     ((struct sg_date){n})
#define DAY_MS     UINT64_C(86400000)
#define CAPTURE    SG_ROLE_CAPTURE
#define APPROVE    SG_ROLE_APPROVE
#define CENTRAL    SG_AUTHORITY_ROLE_CENTRAL
#define DISTRICT   SG_AUTHORITY_ROLE_DISTRICT
#define ROLE_ROOT  SG_AUTHORITY_ROLE_AUTHORITY
#define PROVINCE   BOOK_PROVINCE
#define OLD        BOOK_OLD
#define NEW        BOOK_NEW
#define GENESIS_MS BOOK_GENESIS_MS

/* --- genesis ----------------------------------------------------------- */

/* The genesis names the writer, who has role authority until a node_admit
 * names his key, and never expires; the centre; and whether it is a test. */
static void test_genesis_founds_the_state(void **state)
{
    struct book_state *fixture = *state;
    const struct sg_authority *authority = book_seal(fixture);
    struct sg_authority_at cut = book_at_cut(authority);
    const struct sg_authority_node *writer =
        sg_authority_node(&cut, fixture->book.nodes[0].public);

    assert_true(sg_authority_has_genesis(authority));
    assert_true(sg_authority_is_test(authority));
    assert_int_equal(sg_authority_centre(authority).value, PROVINCE);
    assert_non_null(writer);
    assert_int_equal(writer->role, ROLE_ROOT);
    assert_false(sg_authority_is_expired(&cut, writer->until));
    assert_int_equal(book_get_role(fixture, &cut, 1), 0);
    assert_int_equal(sg_authority_as_of(authority).ymd, 20250701);
    assert_int_equal(sg_authority_time_floor(&cut), GENESIS_MS);
    assert_int_equal(book_verdict(fixture, 0), SG_AUTHORITY_VALID);
}

/* Without its genesis nothing stands: nobody is known who could have said it.
 * A genesis whose hash is not the registry's id is none of it. */
static void test_genesis_is_the_one_of_the_registry(void **state)
{
    struct book_state *fixture = *state;
    struct sg_authority_at cut, ahead;
    const struct sg_authority *authority;

    (void)book_heartbeat(&fixture->book, 0, GENESIS_MS + DAY_MS);
    fixture->book.registry.hash.bytes[0] ^= 1;
    authority = book_seal(fixture);
    cut = book_at_cut(authority);
    assert_false(sg_authority_has_genesis(authority));
    assert_int_equal(book_get_role(fixture, &cut, 0), 0);
    assert_int_equal(sg_authority_as_of(authority).ymd, 0);
    assert_int_equal(sg_authority_time_floor(&cut), 0);
    assert_err(sg_authority_at(authority, 0, &ahead), STATE);
}

/* What is no statement of the authority is not taken in. */
static void test_add_takes_statements_only(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority *authority;
    struct book_entry *entry;

    (void)book_record(book, SG_TYPE_ERASURE_DONE, 0, 1, 2, NEW);
    sg_record_build_bin(&book->build, SG_FIELD_ERASURE_DONE_ORDER,
                        sg_bytes(book->logs[0].hash.bytes, 16));
    sg_record_build_uint(&book->build, SG_FIELD_ERASURE_DONE_STATE, 1);
    sg_record_build_uint(&book->build, SG_FIELD_ERASURE_DONE_ENTRIES, 1);
    (void)book_write(book, 0);
    entry = &book->entries[book->n_entries - 1];
    assert_ok(sg_authority_new(&book->registry, NULL, NULL, &authority));
    assert_err(sg_authority_add(authority, entry->payload, &entry->place,
                                book->nodes[0].public),
               INVALID);
    assert_err(sg_authority_add(authority, sg_bytes("\xc0", 1), &entry->place,
                                book->nodes[0].public),
               INVALID);
    sg_authority_free(authority);
}

/* --- order, slots ------------------------------------------------------ */

/* Of the statements of a slot the one with the largest serial stands whole,
 * whichever came first. */
static void test_largest_serial_stands(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    book->serial = 10;
    (void)book_grant(book, 0, 0, CAPTURE | APPROVE, NEW, 20300101);
    book->serial = 5;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), CAPTURE | APPROVE);
    book->serial = 50;
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101);
    book->serial = 20;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), APPROVE);
    assert_int_equal(book_get_roles(fixture, &cut, 1), 0);
}

/* Two statements of one serial: the larger record id stands. */
static void test_equal_serials_go_by_id(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;
    const struct book_entry *made;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    book->serial--;
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101);
    made = &book->entries[1];
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0),
                     memcmp(&made[0].id, &made[1].id, sizeof(made[0].id)) > 0
                         ? CAPTURE
                         : APPROVE);
}

/* A slot is found by type and subject, also those that have no question of
 * their own. */
static void test_slot_gives_the_payload(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_uid subject = {{0}};
    const struct sg_authority *authority;
    struct sg_bytes payload;

    (void)book_policy(book, 0, 4, 100);
    (void)book_policy(book, 0, 4, 150);
    authority = book_seal(fixture);
    subject.bytes[15] = 4;
    payload = sg_authority_slot(authority, SG_TYPE_POLICY, &subject);
    assert_true(sg_bytes_equal(payload, book->entries[2].payload));
    subject.bytes[15] = 5;
    payload = sg_authority_slot(authority, SG_TYPE_POLICY, &subject);
    assert_int_equal(payload.size, 0);
}

/* --- who may say it ---------------------------------------------------- */

/* A statement counts in logs of the genesis' writer and of nodes that a
 * statement that counts has given role 1, in a chain of any length; not in
 * others, though the root signed it. */
static void test_role_authority_goes_along_a_chain(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    /* Log 4 is of node 2, log 6 of node 3, log 8 of node 4. */
    (void)book_grant(book, 6, 0, CAPTURE, NEW, 20300101);
    (void)book_grant(book, 8, 1, CAPTURE, NEW, 20300101);
    (void)book_admit(book, 4, 3, ROLE_ROOT, 20300101);
    (void)book_admit(book, 2, 2, ROLE_ROOT, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), 0);
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_NO_NODE);
    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_admit(book, 0, 4, DISTRICT, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), CAPTURE);
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_VALID);
    assert_int_equal(book_get_roles(fixture, &cut, 1), 0);
    assert_int_equal(book_verdict(fixture, 2), SG_AUTHORITY_NO_NODE);
}

/* A node that had role 1 once keeps what it holds in the state, whatever role
 * stands now, and also when it is cut off: the root has signed it. */
static void test_statements_outlive_their_node(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_grant(book, 2, 0, CAPTURE, NEW, 20300101);
    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, NULL, 0);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_role(fixture, &cut, 1), DISTRICT);
    assert_int_equal(book_get_roles(fixture, &cut, 0), CAPTURE);
}

/* A copy whose signature is wrong or missing does not count; another copy of
 * the same record does. */
static void test_signature_is_of_the_copy(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    (void)book_statement(book, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(&book->build, SG_FIELD_HEARTBEAT_TIME, GENESIS_MS + 5);
    book->is_unsigned = true;
    (void)book_write(book, 0);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(sg_authority_time_floor(&cut), GENESIS_MS);
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_SIGNATURE);
    for (unsigned i = 0; i < 2; i++) { /* the same, mis-signed, then right */
        book->serial--;
        book->made--;
        (void)book_statement(book, SG_TYPE_HEARTBEAT);
        sg_record_build_uint(&book->build, SG_FIELD_HEARTBEAT_TIME,
                             GENESIS_MS + 5);
        book->is_missigned = i == 0;
        (void)book_write(book, 0);
        cut = book_at_cut(book_seal(fixture));
        assert_int_equal(sg_authority_time_floor(&cut), GENESIS_MS + 5 * i);
    }
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_SIGNATURE);
    assert_int_equal(book_verdict(fixture, 2), SG_AUTHORITY_SIGNATURE);
    assert_int_equal(book_verdict(fixture, 3), SG_AUTHORITY_VALID);
}

/* Who is no root key says nothing. */
static void test_others_sign_nothing(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    book->root = 2;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), 0);
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_NO_ROOT);
}

/* --- rotation ---------------------------------------------------------- */

/* After a planned rotation the new root speaks, from serial 1; the old one's
 * statements count inside `stands` and nowhere else, so a thief's serial of
 * 2^63 is worth nothing. */
static void test_rotation_cuts_the_old_root_off(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{0, 3, 0}};
    struct sg_authority_at cut;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* index 2: stands */
    (void)book_rotate(book, 0, 0, 1, 1, stands, 1);       /* index 3 */
    book->serial = UINT64_C(1) << 62;
    (void)book_grant(book, 0, 0, 31, 0, 20300101); /* the thief's, index 4 */
    (void)book_grant(book, 1, 1, 31, 0, 20300101); /* another log of his */
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), CAPTURE);
    assert_int_equal(book_get_roles(fixture, &cut, 1), 0);
    assert_int_equal(book_verdict(fixture, 2), SG_AUTHORITY_VALID);
    assert_int_equal(book_verdict(fixture, 3), SG_AUTHORITY_CUT);
    assert_int_equal(book_verdict(fixture, 4), SG_AUTHORITY_CUT);
    book->root = 1;
    book->serial = 0;
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), APPROVE);
}

/* Reasons 2 and 3: the key that was committed to rotates alone. A planned
 * rotation needs the old root's signature. */
static void test_rotation_after_loss_or_theft(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    for (unsigned reason = 2; reason <= 3; reason++) {
        (void)book_rotate(book, 2, reason - 2, reason - 1, reason, NULL, 0);
        book->root = reason - 1;
        book->serial = 0;
        (void)book_grant(book, 0, reason, CAPTURE, NEW, 20300101);
        cut = book_at_cut(book_seal(fixture));
        assert_int_equal(book_get_roles(fixture, &cut, reason), CAPTURE);
    }
    assert_int_equal(book_get_roles(fixture, &cut, 2),
                     0); /* root 1 is cut off, too */
}

/* A planned rotation is signed by the old root, one after a loss by the new;
 * after a theft either may sign. */
static void test_rotation_is_signed_by_the_right_root(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    book->rotates_odd = true;
    (void)book_rotate(book, 0, 0, 1, 1, NULL, 0);
    (void)book_rotate(book, 0, 0, 1, 2, NULL, 0);
    book->root = 1;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), 0);
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_NO_ROOT);
    assert_int_equal(book_verdict(fixture, 2), SG_AUTHORITY_NO_ROOT);
    (void)book_rotate(book, 0, 0, 1, 3, NULL, 0);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), CAPTURE);
}

/* To a key that was not committed to nobody rotates, and no proof but the new
 * key's own is one. */
static void test_rotation_needs_commitment_and_proof(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;
    struct book_entry *entry;
    struct sg_record record;
    struct sg_bytes proof;

    (void)book_rotate(book, 0, 0, 2, 1, NULL, 0);
    book->root = 2;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), 0);
    assert_int_equal(book_verdict(fixture, 1), SG_AUTHORITY_NO_ROOT);
    (void)book_rotate(book, 0, 0, 1, 2, NULL, 0);
    entry = &book->entries[book->n_entries - 1];
    assert_ok(sg_record_decode(entry->payload, &record));
    proof = sg_record_bin(&record, SG_FIELD_ROOT_ROTATE_PROOF);
    ((uint8_t *)(uintptr_t)proof.data)[0] ^= 1; /* another id, wrong twice */
    sg_record_id(&book->registry, record.inner, &entry->id);
    assert_ok(sg_record_sign(&book->roots[1].secret, &book->registry,
                             &entry->id,
                             (uint8_t *)(uintptr_t)record.copy.signature.data));
    book->root = 1;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0), 0);
    assert_int_equal(book_verdict(fixture, 3), SG_AUTHORITY_SIGNATURE);
}

/* Two rotations from one root: the smaller record id stands, and an alarm. */
static void test_two_rotations_go_by_id(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{0, 100, 0}};
    const struct book_entry *made;
    struct sg_authority_at cut;
    bool first_stands;

    (void)book_rotate(book, 0, 0, 1, 1, stands, 1);
    (void)book_rotate(book, 0, 0, 1, 1, NULL, 0);
    made = &book->entries[1];
    first_stands = memcmp(&made[0].id, &made[1].id, sizeof(made[0].id)) < 0;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* by the old root */
    cut = book_at_cut(book_seal(fixture));
    assert_int_equal(book_get_roles(fixture, &cut, 0),
                     first_stands ? CAPTURE : 0);
    assert_int_equal(
        book_count_alarms(fixture->authority, SG_AUTHORITY_ALARM_ROTATION), 1);
}

/* --- positions --------------------------------------------------------- */

/* A record is judged by what its writer held: the grant before the change, and
 * no grant before there was one. */
static void test_position_shows_what_the_writer_held(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* index 2 */
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101); /* index 3 */
    (void)book_admit(book, 0, 0, CENTRAL, 20300101);      /* index 4 */
    authority = book_seal(fixture);
    then = book_at(authority, 0, 2);
    assert_int_equal(book_get_roles(fixture, &then, 0), 0);
    then = book_at(authority, 0, 3);
    assert_int_equal(book_get_roles(fixture, &then, 0), CAPTURE);
    then = book_at(authority, 0, 4);
    assert_int_equal(book_get_roles(fixture, &then, 0), APPROVE);
    assert_int_equal(book_get_role(fixture, &then, 0), ROLE_ROOT);
    then = book_at(authority, 0, 5);
    assert_int_equal(book_get_role(fixture, &then, 0), CENTRAL);
    assert_err(sg_authority_at(authority, 6, &then), STATE);
    assert_err(sg_authority_at(authority, UINT64_C(1) << 32, &then), STATE);
}

/* A later generation sees of earlier logs what it lists, and no more, until it
 * repeats it; the position of the earlier generation stays what it was. */
static void test_generation_sees_what_it_lists(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 3, 0}};
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* 0, 2: listed */
    (void)book_grant(book, 0, 1, CAPTURE, NEW, 20300101); /* 0, 3: not */
    (void)book_open(book, 1, 7, listed, 1);               /* 1, 1 */
    (void)book_grant(book, 1, 2, CAPTURE, NEW, 20300101); /* 1, 2 */
    book_file_again(book, 2, 1);                          /* 1, 3: repeats */
    authority = book_seal(fixture);
    then = book_at(authority, 7, 2);
    assert_int_equal(book_get_roles(fixture, &then, 0), CAPTURE);
    assert_int_equal(book_get_roles(fixture, &then, 1), 0);
    assert_int_equal(book_get_roles(fixture, &then, 2), 0);
    then = book_at(authority, 7, 4);
    assert_int_equal(book_get_roles(fixture, &then, 1), CAPTURE);
    assert_int_equal(book_get_roles(fixture, &then, 2), CAPTURE);
    then = book_at(authority, 0, 4);
    assert_int_equal(book_get_roles(fixture, &then, 1), CAPTURE);
    assert_int_equal(book_get_roles(fixture, &then, 2), 0);
}

/* A position is ahead while a log that its generation lists is not held as far
 * as it is listed. */
static void test_position_waits_for_what_is_listed(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 3, 0}};
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_open(book, 1, 1, listed, 1);
    authority = book_seal(fixture);
    assert_err(sg_authority_at(authority, UINT64_C(1) << 32 | 2, &then), STATE);
    (void)book_heartbeat(book, 0, GENESIS_MS + 1);
    authority = book_seal(fixture);
    assert_ok(sg_authority_at(authority, UINT64_C(1) << 32 | 2, &then));
}

/* Several logs that claim one generation count together. */
static void test_logs_of_one_generation_are_a_union(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 3, 0}};
    struct sg_authority_at then;

    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_open(book, 1, 1, listed, 1);
    (void)book_open(book, 2, 1, listed, 1);
    (void)book_grant(book, 1, 0, CAPTURE, NEW, 20300101);
    (void)book_grant(book, 2, 1, CAPTURE, NEW, 20300101);
    then = book_at(book_seal(fixture), 1, 3);
    assert_int_equal(book_get_roles(fixture, &then, 0), CAPTURE);
    assert_int_equal(book_get_roles(fixture, &then, 1), CAPTURE);
}

/* An authority_log opens only the log that it names, as entry 1 of it, and
 * nothing when it lists a generation that is not before its own. */
static void test_generation_is_opened_by_entry_1(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand first[] = {{0, 2, 0}};
    const struct book_stand second[] = {{1, 2, 0}};
    struct sg_authority_at then;
    const struct sg_authority *authority;

    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_heartbeat(book, 2, GENESIS_MS + 1);
    (void)book_open(book, 2, 5, first, 1); /* entry 2 */
    authority = book_seal(fixture);
    assert_err(sg_authority_at(authority, UINT64_C(5) << 32 | 2, &then), STATE);
    (void)book_open(book, 1, 6, first, 1);
    (void)book_open(book, 3, 6, second, 1); /* lists a log of 6 */
    (void)book_grant(book, 3, 0, CAPTURE, NEW, 20300101);
    authority = book_seal(fixture);
    then = book_at(authority, 6, 2);
    assert_int_equal(
        book_count_alarms(authority, SG_AUTHORITY_ALARM_GENERATION), 1);
    assert_err(sg_authority_at(authority, UINT64_C(6) << 32 | 3, &then), STATE);
}

/* Of a forked log that is listed, the branch with that root counts; of the log
 * that opened the generation every branch does. */
static void test_position_knows_branches(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 4, 2}};
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_heartbeat(book, 0, GENESIS_MS + 1); /* 0, 2 */
    book_fork(book, 0);
    (void)book_statement(book, SG_TYPE_POLICY);
    sg_record_build_uint(&book->build, SG_FIELD_POLICY_NUMBER, 1);
    sg_record_build_uint(&book->build, SG_FIELD_POLICY_VALUE, 1);
    (void)book_write_on(book, 0, 2);
    (void)book_open(book, 1, 1, listed, 1);
    /* Two grants at one index of two branches of log 0. */
    book->sizes[0][1] = book->sizes[0][2] = 3;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    book->entries[book->n_entries - 1].place.branch = 1;
    (void)book_grant(book, 0, 1, CAPTURE, NEW, 20300101);
    book->entries[book->n_entries - 1].place =
        (struct sg_authority_place){book->logs[0], 3, 2};
    book->sizes[0][2] = 4;
    authority = book_seal(fixture);
    then = book_at(authority, 1, 2);
    assert_int_equal(book_get_roles(fixture, &then, 0), 0);
    assert_int_equal(book_get_roles(fixture, &then, 1), CAPTURE);
    then = book_at(authority, 0, 4);
    assert_int_equal(book_get_roles(fixture, &then, 0), CAPTURE);
    assert_int_equal(book_get_roles(fixture, &then, 1), CAPTURE);
}

/* --- time -------------------------------------------------------------- */

/* The time floor is the largest heartbeat of the cut, and at a position that
 * of the statements there: so a grant expires for those who have heard of it
 * (RECORDS 3). */
static void test_time_floor_is_of_the_position(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_heartbeat(book, 0, GENESIS_MS + 9 * DAY_MS);      /* 2 */
    (void)book_heartbeat(book, 0, GENESIS_MS + 3 * DAY_MS);      /* 3 */
    (void)book_heartbeat(book, 0, GENESIS_MS + 31 * DAY_MS);     /* 4 */
    (void)book_heartbeat(book, 0, GENESIS_MS + 31 * DAY_MS - 1); /* 5 */
    authority = book_seal(fixture);
    then = book_at(authority, 0, 2);
    assert_int_equal(sg_authority_time_floor(&then), GENESIS_MS);
    then = book_at(authority, 0, 4);
    assert_int_equal(sg_authority_time_floor(&then), GENESIS_MS + 9 * DAY_MS);
    assert_false(sg_authority_is_expired(&then, DAY(20250711)));
    assert_true(sg_authority_is_expired(&then, DAY(20250710)));
    then = book_at(authority, 0, 6);
    assert_true(sg_authority_is_expired(&then, DAY(20250801)));
    assert_false(sg_authority_is_expired(&then, DAY(20250802)));
    assert_int_equal(sg_authority_as_of(authority).ymd, 20250801);
}

/* A clock beyond the time floor and the clock window of policy 5 wins no tie;
 * up to there it counts as it is. A floor beyond all calendars is no crash. */
static void test_clock_window(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority = book_seal(fixture);
    uint64_t last = (GENESIS_MS + 45 * DAY_MS) << 16 | 0xffff;
    struct sg_authority_at then;

    assert_int_equal(sg_authority_hlc_max(authority), last);
    assert_int_equal(sg_authority_effective_hlc(authority, last), last);
    assert_int_equal(sg_authority_effective_hlc(authority, last + 1), 0);
    (void)book_policy(book, 0, SG_AUTHORITY_POLICY_CLOCK_DAYS, 1);
    authority = book_seal(fixture);
    last = (GENESIS_MS + DAY_MS) << 16 | 0xffff;
    assert_int_equal(sg_authority_hlc_max(authority), last);
    (void)book_policy(book, 0, SG_AUTHORITY_POLICY_CLOCK_DAYS, UINT64_MAX);
    (void)book_heartbeat(book, 0, UINT64_MAX);
    authority = book_seal(fixture);
    assert_int_equal(sg_authority_hlc_max(authority), UINT64_MAX);
    assert_int_equal(sg_authority_as_of(authority).ymd, 99991231);
    then = book_at_cut(authority);
    assert_true(sg_authority_is_expired(&then, DAY(99991231)));
}

/* --- limits and memory ------------------------------------------------- */

/* Logs are bounded, and a log that is known already costs nothing. */
static void test_logs_are_limited(void **state)
{
    struct book_state *fixture = *state;
    struct sg_authority *authority;
    struct sg_log_id log = {{{0}}};

    assert_ok(
        sg_authority_new(&fixture->book.registry, NULL, NULL, &authority));
    for (unsigned i = 0; i < SG_AUTHORITY_LOGS_MAX; i++) {
        sg_bytes_put_u32be(log.hash.bytes, i);
        assert_ok(sg_authority_hold(authority, &log, 1));
    }
    assert_ok(sg_authority_hold(authority, &log, 2));
    log.hash.bytes[31] = 1;
    assert_err(sg_authority_hold(authority, &log, 1), LIMIT);
    sg_authority_free(authority);
}

/* Statements are bounded. They differ in their serial, which stands at a known
 * place of the bytes. */
static void test_statements_are_limited(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority *authority;
    struct sg_record record;
    struct sg_bytes payload;
    uint8_t *serial;
    enum sg_err err = SG_OK;
    uint32_t added = 0;

    (void)book_statement_of(book, SG_TYPE_HEARTBEAT, UINT32_MAX);
    sg_record_build_uint(&book->build, SG_FIELD_HEARTBEAT_TIME, 1);
    (void)book_write(book, 0);
    payload = book->entries[1].payload;
    assert_ok(sg_record_decode(payload, &record));
    serial = (uint8_t *)(uintptr_t)record.fields[0].data + 1;
    assert_ok(sg_authority_new(&book->registry, NULL, NULL, &authority));
    for (; err == SG_OK && added <= SG_AUTHORITY_STATEMENTS_MAX; added++) {
        sg_bytes_put_u32be(serial, UINT32_MAX - added);
        err = sg_authority_add(authority, payload, &book->entries[1].place,
                               book->nodes[0].public);
    }
    assert_err(err, LIMIT);
    assert_int_equal(added, SG_AUTHORITY_STATEMENTS_MAX + 1u);
    sg_authority_free(authority);
}

static void write_everything(struct book *book)
{
    const struct book_stand stands[] = {{0, 3, 0}};
    const struct book_stand all[] = {{0, 100, 0}, {1, 100, 0}};
    const uint16_t codes[] = {1, 2};

    book_write_units(book);
    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 0, codes, 2, 20200101);
    (void)book_block(book, 0, 1, 100, 199);
    (void)book_block(book, 0, 2, 150, 250);
    (void)book_cut_node(book, 0, 2, SG_AUTHORITY_REVOKED, stands, 1);
    (void)book_cut_officer(book, 0, 1, SG_AUTHORITY_REVOKED, stands, 1);
    (void)book_lift(book, 0, book_policy(book, 0, 1, 2));
    (void)book_endorse_range(book, 0, &stands[0], 0, NULL);
    (void)book_erase(book, 0, 2, 7, (struct sg_ref){{9}}, NULL, 0);
    (void)book_campaign(book, 0, 1, 1, 14);
    (void)book_heartbeat(book, 0, GENESIS_MS + DAY_MS);
    book_write_rules(book, 1, 20250801, 1);
    book_write_year(book, 2025, 96);
    (void)book_open(book, 1, 1, stands, 1);
    (void)book_rotate(book, 0, 0, 1, 1, all, 2);
    (void)book_rotate(book, 0, 0, 1, 1, all, 2);
}

static enum sg_err build_all(void *context)
{
    const struct book *book = context;
    struct sg_authority *authority = NULL;
    enum sg_err err =
        sg_authority_new(&book->registry, book_branch_of, book, &authority);

    for (size_t i = 0; err == SG_OK && i < book->n_entries; i++)
        err = sg_authority_add(
            authority, book->entries[i].payload, &book->entries[i].place,
            book->nodes[book->node_of[book->entries[i].log]].public);
    if (err == SG_OK)
        err = sg_authority_seal(authority);
    sg_authority_free(authority);
    return err;
}

/* Without memory it says so, at every step, and loses nothing. */
static void test_without_memory(void **state)
{
    struct book_state *fixture = *state;

    write_everything(&fixture->book);
    assert_true(sg_torture_run(build_all, &fixture->book) > 60);
}

/* A sealing that had no memory is made again, and asked as if nothing was. */
static void test_seal_again_after_failure(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority *authority;
    struct sg_authority_at cut;
    unsigned failures = 0;

    write_everything(book);
    authority = book_authority(book, NULL);
    for (int64_t nth = 1;; nth++) {
        enum sg_err err;

        sg_alloc_fail_at(nth);
        err = sg_authority_seal(authority);
        sg_alloc_fail_at(0);
        if (err == SG_OK)
            break;
        assert_err(err, NOMEM);
        failures++;
        assert_ok(sg_authority_seal(authority));
        cut = book_at_cut(authority);
        assert_int_equal(book_get_roles(fixture, &cut, 0), CAPTURE);
    }
    assert_true(failures > 30);
    sg_authority_free(authority);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, book_setup, book_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_genesis_founds_the_state),
        TEST(test_genesis_is_the_one_of_the_registry),
        TEST(test_add_takes_statements_only),
        TEST(test_largest_serial_stands),
        TEST(test_equal_serials_go_by_id),
        TEST(test_slot_gives_the_payload),
        TEST(test_role_authority_goes_along_a_chain),
        TEST(test_statements_outlive_their_node),
        TEST(test_signature_is_of_the_copy),
        TEST(test_others_sign_nothing),
        TEST(test_rotation_cuts_the_old_root_off),
        TEST(test_rotation_after_loss_or_theft),
        TEST(test_rotation_is_signed_by_the_right_root),
        TEST(test_rotation_needs_commitment_and_proof),
        TEST(test_two_rotations_go_by_id),
        TEST(test_position_shows_what_the_writer_held),
        TEST(test_generation_sees_what_it_lists),
        TEST(test_position_waits_for_what_is_listed),
        TEST(test_logs_of_one_generation_are_a_union),
        TEST(test_generation_is_opened_by_entry_1),
        TEST(test_position_knows_branches),
        TEST(test_time_floor_is_of_the_position),
        TEST(test_clock_window),
        TEST(test_logs_are_limited),
        TEST(test_statements_are_limited),
        TEST(test_without_memory),
        TEST(test_seal_again_after_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
