/* storage/registry/authority.h: what stands of what the authority has said, at
 * a position and in the whole cut. RECORDS.md, section 6. */
#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/unit/book.h"

#define PROVINCE UINT64_C(10003820191201)
#define OLD      UINT64_C(31475520191201)
#define NEW      UINT64_C(31475820250701)
#define DAY(n)   ((struct sg_date){n})
#define DAY_MS   UINT64_C(86400000)
/* 2025-07-01 00:00 in Viet Nam, the genesis' day. */
#define GENESIS_MS UINT64_C(1751302800000)
#define CAPTURE    SG_ROLE_CAPTURE
#define APPROVE    SG_ROLE_APPROVE
#define CENTRAL    SG_AUTHORITY_ROLE_CENTRAL
#define DISTRICT   SG_AUTHORITY_ROLE_DISTRICT
#define ROLE_ROOT  SG_AUTHORITY_ROLE_AUTHORITY

/* Logs 0 and 1 are of node 0, the genesis' writer; 2 and 3 of node 1. */
struct fixture {
    struct book book;
    struct sg_authority *authority;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    book_init(&fixture->book);
    (void)book_found(&fixture->book);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    sg_authority_free(fixture->authority);
    book_clear(&fixture->book);
    free(fixture);
    return 0;
}

static const struct sg_authority *seal(struct fixture *fixture)
{
    sg_authority_free(fixture->authority);
    fixture->authority = book_authority(&fixture->book, NULL);
    return fixture->authority;
}

static struct sg_authority_at at_cut(const struct sg_authority *authority)
{
    struct sg_authority_at at;

    sg_authority_at_cut(authority, &at);
    return at;
}

static struct sg_authority_at at(const struct sg_authority *authority,
                                 uint32_t generation, uint32_t size)
{
    struct sg_authority_at at;

    assert_ok(
        sg_authority_at(authority, (uint64_t)generation << 32 | size, &at));
    return at;
}

static unsigned roles(const struct fixture *fixture,
                      const struct sg_authority_at *at, unsigned officer)
{
    const struct sg_authority_grant *grant =
        sg_authority_grant(at, &fixture->book.officers[officer].id);

    return grant == NULL ? 0 : grant->roles;
}

static unsigned role(const struct fixture *fixture,
                     const struct sg_authority_at *at, unsigned node)
{
    const struct sg_authority_node *found =
        sg_authority_node(at, fixture->book.nodes[node].public);

    return found == NULL ? 0 : found->role;
}

static size_t count_alarms(const struct sg_authority *authority,
                           enum sg_authority_alarm_kind kind)
{
    const struct sg_authority_alarm *alarms;
    size_t count, found = 0;

    alarms = sg_authority_alarms(authority, &count);
    for (size_t i = 0; i < count; i++)
        found += alarms[i].kind == kind;
    return found;
}

static struct sg_authority_place place(const struct fixture *fixture,
                                       unsigned log, uint64_t index,
                                       uint32_t branch)
{
    return (struct sg_authority_place){fixture->book.logs[log], index, branch};
}

static enum sg_authority_verdict verdict(const struct fixture *fixture,
                                         size_t entry)
{
    const struct book_entry *found = &fixture->book.entries[entry];
    struct sg_record record;

    assert_ok(sg_record_decode(found->payload, &record));
    return sg_authority_judge(fixture->authority, &found->id, &found->place,
                              record.copy.signature);
}

/* --- genesis ----------------------------------------------------------- */

/* The genesis names the writer, who has role authority until a node_admit
 * names his key, and never expires; the centre; and whether it is a test. */
static void test_genesis_founds_the_state(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_authority *authority = seal(fixture);
    struct sg_authority_at cut = at_cut(authority);
    const struct sg_authority_node *writer =
        sg_authority_node(&cut, fixture->book.nodes[0].public);

    assert_true(sg_authority_has_genesis(authority));
    assert_true(sg_authority_is_test(authority));
    assert_int_equal(sg_authority_centre(authority).value, PROVINCE);
    assert_non_null(writer);
    assert_int_equal(writer->role, ROLE_ROOT);
    assert_false(sg_authority_is_expired(&cut, writer->until));
    assert_int_equal(role(fixture, &cut, 1), 0);
    assert_int_equal(sg_authority_as_of(authority).ymd, 20250701);
    assert_int_equal(sg_authority_time_floor(&cut), GENESIS_MS);
    assert_int_equal(verdict(fixture, 0), SG_AUTHORITY_VALID);
}

/* Without its genesis nothing stands: nobody is known who could have said it.
 * A genesis whose hash is not the registry's id is none of it. */
static void test_genesis_is_the_one_of_the_registry(void **state)
{
    struct fixture *fixture = *state;
    struct sg_authority_at cut, ahead;
    const struct sg_authority *authority;

    (void)book_heartbeat(&fixture->book, 0, GENESIS_MS + DAY_MS);
    fixture->book.registry.hash.bytes[0] ^= 1;
    authority = seal(fixture);
    cut = at_cut(authority);
    assert_false(sg_authority_has_genesis(authority));
    assert_int_equal(role(fixture, &cut, 0), 0);
    assert_int_equal(sg_authority_as_of(authority).ymd, 0);
    assert_int_equal(sg_authority_time_floor(&cut), 0);
    assert_err(sg_authority_at(authority, 0, &ahead), STATE);
}

/* What is no statement of the authority is not taken in. */
static void test_add_takes_statements_only(void **state)
{
    struct fixture *fixture = *state;
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
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    book->serial = 10;
    (void)book_grant(book, 0, 0, CAPTURE | APPROVE, NEW, 20300101);
    book->serial = 5;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), CAPTURE | APPROVE);
    book->serial = 50;
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101);
    book->serial = 20;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), APPROVE);
    assert_int_equal(roles(fixture, &cut, 1), 0);
}

/* Two statements of one serial: the larger record id stands. */
static void test_equal_serials_go_by_id(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;
    const struct book_entry *made;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    book->serial--;
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101);
    made = &book->entries[1];
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0),
                     memcmp(&made[0].id, &made[1].id, sizeof(made[0].id)) > 0
                         ? CAPTURE
                         : APPROVE);
}

/* A slot is found by type and subject, also those that have no question of
 * their own. */
static void test_slot_gives_the_payload(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_uid subject = {{0}};
    const struct sg_authority *authority;
    struct sg_bytes payload;

    (void)book_policy(book, 0, 4, 100);
    (void)book_policy(book, 0, 4, 150);
    authority = seal(fixture);
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
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    /* Log 4 is of node 2, log 6 of node 3, log 8 of node 4. */
    (void)book_grant(book, 6, 0, CAPTURE, NEW, 20300101);
    (void)book_grant(book, 8, 1, CAPTURE, NEW, 20300101);
    (void)book_admit(book, 4, 3, ROLE_ROOT, 20300101);
    (void)book_admit(book, 2, 2, ROLE_ROOT, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), 0);
    assert_int_equal(verdict(fixture, 1), SG_AUTHORITY_NO_NODE);
    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_admit(book, 0, 4, DISTRICT, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), CAPTURE);
    assert_int_equal(verdict(fixture, 1), SG_AUTHORITY_VALID);
    assert_int_equal(roles(fixture, &cut, 1), 0);
    assert_int_equal(verdict(fixture, 2), SG_AUTHORITY_NO_NODE);
}

/* A node that had role 1 once keeps what it holds in the state, whatever role
 * stands now, and also when it is cut off: the root has signed it. */
static void test_statements_outlive_their_node(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_grant(book, 2, 0, CAPTURE, NEW, 20300101);
    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, NULL, 0);
    cut = at_cut(seal(fixture));
    assert_int_equal(role(fixture, &cut, 1), DISTRICT);
    assert_int_equal(roles(fixture, &cut, 0), CAPTURE);
}

/* A copy whose signature is wrong or missing does not count; another copy of
 * the same record does. */
static void test_signature_is_of_the_copy(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    (void)book_statement(book, SG_TYPE_HEARTBEAT);
    sg_record_build_uint(&book->build, SG_FIELD_HEARTBEAT_TIME, GENESIS_MS + 5);
    book->is_unsigned = true;
    (void)book_write(book, 0);
    cut = at_cut(seal(fixture));
    assert_int_equal(sg_authority_time_floor(&cut), GENESIS_MS);
    assert_int_equal(verdict(fixture, 1), SG_AUTHORITY_SIGNATURE);
    for (unsigned i = 0; i < 2; i++) { /* the same, mis-signed, then right */
        book->serial--;
        book->made--;
        (void)book_statement(book, SG_TYPE_HEARTBEAT);
        sg_record_build_uint(&book->build, SG_FIELD_HEARTBEAT_TIME,
                             GENESIS_MS + 5);
        book->is_missigned = i == 0;
        (void)book_write(book, 0);
        cut = at_cut(seal(fixture));
        assert_int_equal(sg_authority_time_floor(&cut), GENESIS_MS + 5 * i);
    }
    assert_int_equal(verdict(fixture, 1), SG_AUTHORITY_SIGNATURE);
    assert_int_equal(verdict(fixture, 2), SG_AUTHORITY_SIGNATURE);
    assert_int_equal(verdict(fixture, 3), SG_AUTHORITY_VALID);
}

/* Who is no root key says nothing. */
static void test_others_sign_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    book->root = 2;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), 0);
    assert_int_equal(verdict(fixture, 1), SG_AUTHORITY_NO_ROOT);
}

/* --- rotation ---------------------------------------------------------- */

/* After a planned rotation the new root speaks, from serial 1; the old one's
 * statements count inside `stands` and nowhere else, so a thief's serial of
 * 2^63 is worth nothing. */
static void test_rotation_cuts_the_old_root_off(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{0, 3, 0}};
    struct sg_authority_at cut;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* index 2: stands */
    (void)book_rotate(book, 0, 0, 1, 1, stands, 1);       /* index 3 */
    book->serial = UINT64_C(1) << 62;
    (void)book_grant(book, 0, 0, 31, 0, 20300101); /* the thief's, index 4 */
    (void)book_grant(book, 1, 1, 31, 0, 20300101); /* another log of his */
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), CAPTURE);
    assert_int_equal(roles(fixture, &cut, 1), 0);
    assert_int_equal(verdict(fixture, 2), SG_AUTHORITY_VALID);
    assert_int_equal(verdict(fixture, 3), SG_AUTHORITY_CUT);
    assert_int_equal(verdict(fixture, 4), SG_AUTHORITY_CUT);
    book->root = 1;
    book->serial = 0;
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), APPROVE);
}

/* Reasons 2 and 3: the key that was committed to rotates alone. A planned
 * rotation needs the old root's signature. */
static void test_rotation_after_loss_or_theft(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;

    for (unsigned reason = 2; reason <= 3; reason++) {
        (void)book_rotate(book, 2, reason - 2, reason - 1, reason, NULL, 0);
        book->root = reason - 1;
        book->serial = 0;
        (void)book_grant(book, 0, reason, CAPTURE, NEW, 20300101);
        cut = at_cut(seal(fixture));
        assert_int_equal(roles(fixture, &cut, reason), CAPTURE);
    }
    assert_int_equal(roles(fixture, &cut, 2), 0); /* root 1 is cut off, too */
}

/* To a key that was not committed to nobody rotates, and no proof but the new
 * key's own is one. */
static void test_rotation_needs_commitment_and_proof(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_authority_at cut;
    struct book_entry *entry;
    struct sg_record record;
    struct sg_bytes proof;

    (void)book_rotate(book, 0, 0, 2, 1, NULL, 0);
    book->root = 2;
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101);
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), 0);
    assert_int_equal(verdict(fixture, 1), SG_AUTHORITY_NO_ROOT);
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
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), 0);
    assert_int_equal(verdict(fixture, 3), SG_AUTHORITY_SIGNATURE);
}

/* Two rotations from one root: the smaller record id stands, and an alarm. */
static void test_two_rotations_go_by_id(void **state)
{
    struct fixture *fixture = *state;
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
    cut = at_cut(seal(fixture));
    assert_int_equal(roles(fixture, &cut, 0), first_stands ? CAPTURE : 0);
    assert_int_equal(
        count_alarms(fixture->authority, SG_AUTHORITY_ALARM_ROTATION), 1);
}

/* --- positions --------------------------------------------------------- */

/* A record is judged by what its writer held: the grant before the change, and
 * no grant before there was one. */
static void test_position_shows_what_the_writer_held(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* index 2 */
    (void)book_grant(book, 0, 0, APPROVE, NEW, 20300101); /* index 3 */
    (void)book_admit(book, 0, 0, CENTRAL, 20300101);      /* index 4 */
    authority = seal(fixture);
    then = at(authority, 0, 2);
    assert_int_equal(roles(fixture, &then, 0), 0);
    then = at(authority, 0, 3);
    assert_int_equal(roles(fixture, &then, 0), CAPTURE);
    then = at(authority, 0, 4);
    assert_int_equal(roles(fixture, &then, 0), APPROVE);
    assert_int_equal(role(fixture, &then, 0), ROLE_ROOT);
    then = at(authority, 0, 5);
    assert_int_equal(role(fixture, &then, 0), CENTRAL);
    assert_err(sg_authority_at(authority, 6, &then), STATE);
    assert_err(sg_authority_at(authority, UINT64_C(1) << 32, &then), STATE);
}

/* A later generation sees of earlier logs what it lists, and no more, until it
 * repeats it; the position of the earlier generation stays what it was. */
static void test_generation_sees_what_it_lists(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 3, 0}};
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* 0, 2: listed */
    (void)book_grant(book, 0, 1, CAPTURE, NEW, 20300101); /* 0, 3: not */
    (void)book_open(book, 1, 7, listed, 1);               /* 1, 1 */
    (void)book_grant(book, 1, 2, CAPTURE, NEW, 20300101); /* 1, 2 */
    book_file_again(book, 2, 1);                          /* 1, 3: repeats */
    authority = seal(fixture);
    then = at(authority, 7, 2);
    assert_int_equal(roles(fixture, &then, 0), CAPTURE);
    assert_int_equal(roles(fixture, &then, 1), 0);
    assert_int_equal(roles(fixture, &then, 2), 0);
    then = at(authority, 7, 4);
    assert_int_equal(roles(fixture, &then, 1), CAPTURE);
    assert_int_equal(roles(fixture, &then, 2), CAPTURE);
    then = at(authority, 0, 4);
    assert_int_equal(roles(fixture, &then, 1), CAPTURE);
    assert_int_equal(roles(fixture, &then, 2), 0);
}

/* A position is ahead while a log that its generation lists is not held as far
 * as it is listed. */
static void test_position_waits_for_what_is_listed(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 3, 0}};
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_open(book, 1, 1, listed, 1);
    authority = seal(fixture);
    assert_err(sg_authority_at(authority, UINT64_C(1) << 32 | 2, &then), STATE);
    (void)book_heartbeat(book, 0, GENESIS_MS + 1);
    authority = seal(fixture);
    assert_ok(sg_authority_at(authority, UINT64_C(1) << 32 | 2, &then));
}

/* Several logs that claim one generation count together. */
static void test_logs_of_one_generation_are_a_union(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand listed[] = {{0, 3, 0}};
    struct sg_authority_at then;

    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_open(book, 1, 1, listed, 1);
    (void)book_open(book, 2, 1, listed, 1);
    (void)book_grant(book, 1, 0, CAPTURE, NEW, 20300101);
    (void)book_grant(book, 2, 1, CAPTURE, NEW, 20300101);
    then = at(seal(fixture), 1, 3);
    assert_int_equal(roles(fixture, &then, 0), CAPTURE);
    assert_int_equal(roles(fixture, &then, 1), CAPTURE);
}

/* An authority_log opens only the log that it names, as entry 1 of it, and
 * nothing when it lists a generation that is not before its own. */
static void test_generation_is_opened_by_entry_1(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand first[] = {{0, 2, 0}};
    const struct book_stand second[] = {{1, 2, 0}};
    struct sg_authority_at then;
    const struct sg_authority *authority;

    (void)book_admit(book, 0, 1, ROLE_ROOT, 20300101);
    (void)book_heartbeat(book, 2, GENESIS_MS + 1);
    (void)book_open(book, 2, 5, first, 1); /* entry 2 */
    authority = seal(fixture);
    assert_err(sg_authority_at(authority, UINT64_C(5) << 32 | 2, &then), STATE);
    (void)book_open(book, 1, 6, first, 1);
    (void)book_open(book, 3, 6, second, 1); /* lists a log of 6 */
    (void)book_grant(book, 3, 0, CAPTURE, NEW, 20300101);
    authority = seal(fixture);
    then = at(authority, 6, 2);
    assert_int_equal(count_alarms(authority, SG_AUTHORITY_ALARM_GENERATION), 1);
    assert_err(sg_authority_at(authority, UINT64_C(6) << 32 | 3, &then), STATE);
}

/* Of a forked log that is listed, the branch with that root counts; of the log
 * that opened the generation every branch does. */
static void test_position_knows_branches(void **state)
{
    struct fixture *fixture = *state;
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
    authority = seal(fixture);
    then = at(authority, 1, 2);
    assert_int_equal(roles(fixture, &then, 0), 0);
    assert_int_equal(roles(fixture, &then, 1), CAPTURE);
    then = at(authority, 0, 4);
    assert_int_equal(roles(fixture, &then, 0), CAPTURE);
    assert_int_equal(roles(fixture, &then, 1), CAPTURE);
}

/* --- time -------------------------------------------------------------- */

/* The time floor is the largest heartbeat of the cut, and at a position that
 * of the statements there: so a grant expires for those who have heard of it
 * (RECORDS 3). */
static void test_time_floor_is_of_the_position(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;

    (void)book_heartbeat(book, 0, GENESIS_MS + 9 * DAY_MS);      /* 2 */
    (void)book_heartbeat(book, 0, GENESIS_MS + 3 * DAY_MS);      /* 3 */
    (void)book_heartbeat(book, 0, GENESIS_MS + 31 * DAY_MS);     /* 4 */
    (void)book_heartbeat(book, 0, GENESIS_MS + 31 * DAY_MS - 1); /* 5 */
    authority = seal(fixture);
    then = at(authority, 0, 2);
    assert_int_equal(sg_authority_time_floor(&then), GENESIS_MS);
    then = at(authority, 0, 4);
    assert_int_equal(sg_authority_time_floor(&then), GENESIS_MS + 9 * DAY_MS);
    assert_false(sg_authority_is_expired(&then, DAY(20250711)));
    assert_true(sg_authority_is_expired(&then, DAY(20250710)));
    then = at(authority, 0, 6);
    assert_true(sg_authority_is_expired(&then, DAY(20250801)));
    assert_false(sg_authority_is_expired(&then, DAY(20250802)));
    assert_int_equal(sg_authority_as_of(authority).ymd, 20250801);
}

/* A clock beyond the time floor and the clock window of policy 5 wins no tie;
 * up to there it counts as it is. A floor beyond all calendars is no crash. */
static void test_clock_window(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority = seal(fixture);
    uint64_t last = (GENESIS_MS + 45 * DAY_MS) << 16 | 0xffff;
    struct sg_authority_at then;

    assert_int_equal(sg_authority_hlc_max(authority), last);
    assert_int_equal(sg_authority_effective_hlc(authority, last), last);
    assert_int_equal(sg_authority_effective_hlc(authority, last + 1), 0);
    (void)book_policy(book, 0, SG_AUTHORITY_POLICY_CLOCK_DAYS, 1);
    authority = seal(fixture);
    last = (GENESIS_MS + DAY_MS) << 16 | 0xffff;
    assert_int_equal(sg_authority_hlc_max(authority), last);
    (void)book_policy(book, 0, SG_AUTHORITY_POLICY_CLOCK_DAYS, UINT64_MAX);
    (void)book_heartbeat(book, 0, UINT64_MAX);
    authority = seal(fixture);
    assert_int_equal(sg_authority_hlc_max(authority), UINT64_MAX);
    assert_int_equal(sg_authority_as_of(authority).ymd, 99991231);
    then = at_cut(authority);
    assert_true(sg_authority_is_expired(&then, DAY(99991231)));
}

/* --- cuts -------------------------------------------------------------- */

static bool is_above_node(const struct fixture *fixture, unsigned node,
                          unsigned log, uint64_t index, uint32_t branch)
{
    struct sg_authority_place at = place(fixture, log, index, branch);

    return sg_authority_is_above_node(fixture->authority,
                                      fixture->book.nodes[node].public, &at);
}

static bool is_above_officer(const struct fixture *fixture, unsigned officer,
                             unsigned log, uint64_t index)
{
    struct sg_authority_place at = place(fixture, log, index, 0);

    return sg_authority_is_above_officer(
        fixture->authority, &fixture->book.officers[officer].id, &at);
}

/* A cut by size: entries below stand, those at or above do not, and every log
 * of the key that is not listed has cut 0. Other keys are not touched. */
static void test_node_cut_by_size(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{2, 10, 0}, {4, 3, 0}};

    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, stands, 2);
    (void)seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 9, 0));
    assert_true(is_above_node(fixture, 1, 2, 10, 0));
    assert_true(is_above_node(fixture, 1, 3, 0, 0));
    assert_false(is_above_node(fixture, 2, 3, 99, 0));
    assert_int_equal(
        sg_authority_node_cut(fixture->authority, book->nodes[1].public),
        SG_AUTHORITY_REVOKED);
    assert_int_equal(
        sg_authority_node_cut(fixture->authority, book->nodes[2].public),
        SG_AUTHORITY_NOT_CUT);
}

/* Deny beats allow: a cut holds though the node is admitted again later, and at
 * every position. Several cuts combine to the smallest size for each log. */
static void test_cuts_combine_and_beat_admissions(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand first[] = {{2, 10, 0}, {3, 5, 0}};
    const struct book_stand second[] = {{2, 4, 0}, {3, 9, 0}};

    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_RETIRED, first, 2);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_SUSPENDED, second, 2);
    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    (void)seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 3, 0));
    assert_true(is_above_node(fixture, 1, 2, 4, 0));
    assert_false(is_above_node(fixture, 1, 3, 4, 0));
    assert_true(is_above_node(fixture, 1, 3, 5, 0));
    assert_int_equal(
        sg_authority_node_cut(fixture->authority, book->nodes[1].public),
        SG_AUTHORITY_RETIRED);
}

/* A lifted suspension is as if never made; a retirement or revocation is never
 * lifted, and asking for it is an alarm. */
static void test_lift_ends_suspensions_only(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_ref suspended, revoked, officer;

    suspended = book_cut_node(book, 0, 1, SG_AUTHORITY_SUSPENDED, NULL, 0);
    revoked = book_cut_node(book, 0, 2, SG_AUTHORITY_REVOKED, NULL, 0);
    officer = book_cut_officer(book, 0, 3, SG_AUTHORITY_SUSPENDED, NULL, 0);
    (void)seal(fixture);
    assert_true(is_above_node(fixture, 1, 2, 1, 0));
    assert_true(is_above_officer(fixture, 3, 2, 1));
    (void)book_lift(book, 0, suspended);
    (void)book_lift(book, 0, revoked);
    (void)book_lift(book, 0, officer);
    (void)seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 1, 0));
    assert_false(is_above_officer(fixture, 3, 2, 1));
    assert_true(is_above_node(fixture, 2, 4, 1, 0));
    assert_int_equal(count_alarms(fixture->authority, SG_AUTHORITY_ALARM_LIFT),
                     1);
}

/* Of a forked log the branch with the root that is named stands; when that
 * branch is not held, what all branches share stands up to the size. */
static void test_cut_names_a_branch(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand branch[] = {{2, 20, 2}};
    const struct book_stand unknown[] = {{4, 20, 99}};

    for (unsigned i = 0; i < 4; i++) {
        (void)book_heartbeat(book, 2, 1);
        (void)book_heartbeat(book, 4, 1);
    }
    book_fork(book, 2);
    book_fork(book, 4);
    (void)book_cut_node(book, 0, 1, SG_AUTHORITY_REVOKED, branch, 1);
    (void)book_cut_node(book, 0, 2, SG_AUTHORITY_REVOKED, unknown, 1);
    (void)seal(fixture);
    assert_false(is_above_node(fixture, 1, 2, 4, 0));
    assert_false(is_above_node(fixture, 1, 2, 7, 2));
    assert_true(is_above_node(fixture, 1, 2, 7, 1));
    assert_true(is_above_node(fixture, 1, 2, 20, 2));
    assert_false(is_above_node(fixture, 2, 4, 4, 0));
    assert_true(is_above_node(fixture, 2, 4, 7, 1));
    assert_true(is_above_node(fixture, 2, 4, 7, 2));
}

/* An officer's cut is over the logs that he wrote in. */
static void test_officer_cut_by_size(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand stands[] = {{2, 10, 0}};

    (void)book_cut_officer(book, 0, 0, SG_AUTHORITY_REVOKED, stands, 1);
    (void)seal(fixture);
    assert_false(is_above_officer(fixture, 0, 2, 9));
    assert_true(is_above_officer(fixture, 0, 2, 10));
    assert_true(is_above_officer(fixture, 0, 3, 0));
    assert_false(is_above_officer(fixture, 1, 3, 0));
    assert_int_equal(
        sg_authority_officer_cut(fixture->authority, &book->officers[0].id),
        SG_AUTHORITY_REVOKED);
}

/* A range of the root lets entries count: these indices of this log, of all
 * officers or of one, on its branch. */
static void test_endorse_range(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct book_stand all = {2, 20, 0}, one = {3, 20, 0};
    const unsigned officer = 1;
    const struct sg_key_id *ids[] = {&book->officers[0].id,
                                     &book->officers[1].id};
    struct sg_authority_place at;

    (void)book_endorse_range(book, 0, &all, 10, NULL);
    (void)book_endorse_range(book, 0, &one, 10, &officer);
    (void)seal(fixture);
    at = place(fixture, 2, 9, 0);
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    at.index = 10;
    assert_true(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    at.index = 19;
    assert_true(sg_authority_is_endorsed(fixture->authority, ids[1], &at));
    at.branch = 1;
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[1], &at));
    at = place(fixture, 2, 20, 0);
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    at = place(fixture, 3, 15, 0);
    assert_false(sg_authority_is_endorsed(fixture->authority, ids[0], &at));
    assert_true(sg_authority_is_endorsed(fixture->authority, ids[1], &at));
}

/* --- erasure ----------------------------------------------------------- */

/* An order names entries by place, and by record for the bridge; of two orders
 * for one entry the smaller ref is given. */
static void test_erasure_and_its_bridge(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_ref record = {{9}}, parents[] = {{{1}}, {{2}}};
    const struct sg_authority_erased *erased;
    struct sg_ref a, b;

    a = book_erase(book, 0, 2, 7, record, parents, 2);
    b = book_erase(book, 0, 2, 7, record, NULL, 0);
    (void)seal(fixture);
    erased = sg_authority_find_erased(fixture->authority, &book->logs[2], 7);
    assert_non_null(erased);
    assert_memory_equal(&erased->order, sg_ref_compare(&a, &b) < 0 ? &a : &b,
                        sizeof(a));
    assert_null(
        sg_authority_find_erased(fixture->authority, &book->logs[2], 8));
    assert_null(
        sg_authority_find_erased(fixture->authority, &book->logs[3], 7));
    erased = sg_authority_find_bridge(fixture->authority, &record);
    assert_non_null(erased);
    if (sg_ref_compare(&a, &b) < 0) {
        struct sg_ref parent = sg_authority_erased_parent(erased, 1);

        assert_int_equal(erased->n_parents, 2);
        assert_memory_equal(&parent, &parents[1], sizeof(parent));
    } else {
        assert_int_equal(erased->n_parents, 0);
    }
    assert_null(sg_authority_find_bridge(fixture->authority, &parents[0]));
}

/* --- units ------------------------------------------------------------- */

static void write_units(struct book *book)
{
    (void)book_unit(book, 0, PROVINCE, 0, 0, "Tỉnh Thanh Hóa");
    (void)book_unit(book, 0, OLD, PROVINCE, 20250701, "Phường Ba Đình");
    (void)book_unit(book, 0, NEW, PROVINCE, 0, "Phường Hạc Thành");
    (void)book_succession(book, 0, OLD, NEW, SG_UNIT_PART);
}

/* Units and successions are those of the position; the whole cut's make a
 * table, and the nodes admitted for them serve them. */
static void test_units_at_a_position_and_in_the_cut(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_unit_key old = {OLD}, new = {NEW}, province = {PROVINCE};
    const struct sg_authority *authority;
    const struct sg_unit *unit;
    struct sg_authority_at then;
    size_t count;

    write_units(book); /* 2 to 5 */
    authority = seal(fixture);
    then = at(authority, 0, 4);
    assert_null(sg_authority_unit(&then, new));
    assert_false(sg_authority_is_part(&then, old, new));
    then = at(authority, 0, 6);
    unit = sg_authority_unit(&then, new);
    assert_non_null(unit);
    assert_int_equal(unit->parent.value, PROVINCE);
    assert_true(sg_authority_is_part(&then, old, new));
    assert_false(sg_authority_is_part(&then, new, old));
    assert_int_equal(sg_unit_table_size(sg_authority_units(authority)), 3);
    assert_non_null(sg_unit_find(sg_authority_units(authority), province));
    assert_non_null(
        sg_unit_edges_from(sg_authority_units(authority), old, &count));
    assert_int_equal(count, 1);
}

/* A grant covers the unit, what lies below it, and with 0 the country; a unit
 * that is not defined has nothing above it. */
static void test_grants_cover_what_lies_below(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_unit_key new = {NEW}, province = {PROVINCE};
    const struct sg_authority_grant *grant;
    struct sg_authority_at then;
    const struct sg_authority *authority;

    (void)book_grant(book, 0, 0, CAPTURE, PROVINCE, 20300101);
    (void)book_grant(book, 0, 1, CAPTURE, NEW, 20300101);
    (void)book_grant(book, 0, 2, CAPTURE, 0, 20300101);
    write_units(book);
    authority = seal(fixture);
    then = at_cut(authority);
    grant = sg_authority_grant(&then, &book->officers[0].id);
    assert_true(sg_authority_covers(&then, grant, new));
    assert_true(sg_authority_covers(&then, grant, province));
    assert_false(sg_authority_covers(&then, grant, SG_UNIT_COUNTRY));
    grant = sg_authority_grant(&then, &book->officers[1].id);
    assert_true(sg_authority_covers(&then, grant, new));
    assert_false(sg_authority_covers(&then, grant, province));
    grant = sg_authority_grant(&then, &book->officers[2].id);
    assert_true(sg_authority_covers(&then, grant, new));
    assert_true(sg_authority_covers(&then, grant, SG_UNIT_COUNTRY));
    then = at(authority, 0, 5); /* before the units */
    grant = sg_authority_grant(&then, &book->officers[0].id);
    assert_false(sg_authority_covers(&then, grant, new));
    grant = sg_authority_grant(&then, &book->officers[1].id);
    assert_true(sg_authority_covers(&then, grant, new));
}

/* A unit that is no unit is an alarm and left out of the table. */
static void test_impossible_unit_is_an_alarm(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_authority *authority;

    (void)book_unit(&fixture->book, 0, NEW, PROVINCE, 20200101, "Sai");
    authority = seal(fixture);
    assert_int_equal(sg_unit_table_size(sg_authority_units(authority)), 0);
    assert_int_equal(count_alarms(authority, SG_AUTHORITY_ALARM_UNIT), 1);
}

/* A re-homing beats the admission; what the cut does not list is late. */
static void test_territory_follows_the_acts(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_unit_key new = {NEW};
    struct sg_territory_node node;
    const struct sg_territory *territory;
    struct sg_record_build *build;
    struct sg_pack *pack;

    write_units(book);
    build = book_statement(book, SG_TYPE_REHOME);
    pack = sg_record_build_field(build, SG_FIELD_REHOME_UNITS);
    sg_pack_array(pack, 1);
    sg_pack_uint(pack, PROVINCE);
    sg_record_build_bin(build, SG_FIELD_REHOME_FROM,
                        SG_BYTES_ARRAY(book->nodes[1].public));
    sg_record_build_bin(build, SG_FIELD_REHOME_TO,
                        SG_BYTES_ARRAY(book->nodes[2].public));
    pack = sg_record_build_field(build, SG_FIELD_REHOME_CUT);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 3);
    sg_pack_bin(pack, SG_BYTES_ARRAY(book->logs[2].hash.bytes));
    sg_pack_uint(pack, 10);
    sg_pack_bin(pack, SG_BYTES_ARRAY(book->logs[2].hash.bytes));
    sg_record_build_str(build, SG_FIELD_REHOME_ACT, SG_BYTES_TEXT("QĐ 1"));
    (void)book_write(book, 0);
    territory = sg_authority_territory(seal(fixture));
    assert_non_null(sg_territory_node_of(territory, new));
    assert_memory_equal(sg_territory_node_of(territory, new)->key,
                        book->nodes[2].public, SG_KEY_SIZE);
    memcpy(node.key, book->nodes[1].public, SG_KEY_SIZE);
    assert_false(
        sg_territory_is_late(territory, new, &node, &book->logs[2].hash, 9));
    assert_true(
        sg_territory_is_late(territory, new, &node, &book->logs[2].hash, 10));
}

/* --- codes ------------------------------------------------------------- */

/* A code is looked up at the position, on the days it is valid; a later
 * statement replaces its part whole, and no other part. */
static void test_codes_at_a_position(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const uint16_t first[] = {1, 2}, second[] = {2, 3}, other[] = {9};
    const struct sg_authority *authority;
    struct sg_authority_at then;
    const struct sg_date day = {20250801}, before = {20191231};

    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 0, first, 2, 20200101);  /* 2 */
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 1, other, 1, 20200101);  /* 3 */
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 0, second, 2, 20200101); /* 4 */
    authority = seal(fixture);
    then = at(authority, 0, 2);
    assert_false(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, day, day));
    then = at(authority, 0, 4);
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, day, day));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 9, day, day));
    assert_false(sg_authority_has_code(&then, SG_TABLE_RELIGION, 1, day, day));
    assert_false(
        sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, before, before));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, before, day));
    then = at_cut(authority);
    assert_false(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 1, day, day));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 3, day, day));
    assert_true(sg_authority_has_code(&then, SG_TABLE_ETHNIC, 9, day, day));
    assert_true(sg_bytes_equal(
        sg_authority_code_text(&then, SG_TABLE_ETHNIC, 3, day, SG_LANG_EN),
        SG_BYTES_TEXT("English")));
    assert_true(sg_bytes_equal(
        sg_authority_code_text(&then, SG_TABLE_ETHNIC, 3, day, SG_LANG_VI),
        SG_BYTES_TEXT("tiếng Việt")));
    assert_int_equal(
        sg_authority_code_text(&then, SG_TABLE_ETHNIC, 1, day, SG_LANG_VI).size,
        0);
    assert_int_equal(count_alarms(authority, SG_AUTHORITY_ALARM_CODE), 0);
    (void)book_codes(book, 0, SG_TABLE_ETHNIC, 2, other, 1, 20200101);
    assert_int_equal(count_alarms(seal(fixture), SG_AUTHORITY_ALARM_CODE), 1);
}

/* --- leases ------------------------------------------------------------ */

/* Where two nodes were leased one number, the smaller order's node keeps it, as
 * seen at the position; an alarm. One node may have both. */
static void test_leases_never_overlap(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority;
    struct sg_authority_at then;
    struct sg_pin_block block;
    struct sg_ref first, second, third;

    first = book_block(book, 0, 1, 100, 199);  /* 2 */
    second = book_block(book, 0, 2, 150, 250); /* 3 */
    third = book_block(book, 0, 1, 190, 210);  /* 4 */
    authority = seal(fixture);
    assert_int_equal(count_alarms(authority, SG_AUTHORITY_ALARM_BLOCK), 2);
    then = at_cut(authority);
    assert_true(sg_authority_block(&then, &first, 150, &block));
    assert_memory_equal(block.node, book->nodes[1].public, SG_KEY_SIZE);
    assert_false(sg_authority_block(&then, &second, 150, &block));
    assert_false(sg_authority_block(&then, &second, 199, &block));
    assert_true(sg_authority_block(&then, &second, 200, &block));
    assert_true(sg_authority_block(&then, &third, 195, &block) ==
                false); /* the second has it, by its place in the order */
    then = at(authority, 0, 3);
    assert_false(sg_authority_block(&then, &second, 200, &block));
    assert_false(sg_authority_block(&then, &(struct sg_ref){{7}}, 1, &block));
}

/* --- campaigns --------------------------------------------------------- */

static unsigned campaign_age(const struct sg_authority *authority,
                             unsigned *ret_state)
{
    const struct sg_authority_campaign *campaigns;
    struct sg_record record;
    size_t count;

    campaigns = sg_authority_campaigns(authority, &count);
    *ret_state = 0;
    if (count == 0)
        return 0;
    assert_int_equal(count, 1);
    *ret_state = campaigns[0].state;
    assert_ok(sg_record_decode(campaigns[0].payload, &record));
    return (unsigned)sg_record_uint(&record, SG_FIELD_CAMPAIGN_AGE);
}

/* A campaign moves one state at a time, from draft; once frozen its rule does
 * not change. What would is ignored, with an alarm. */
static void test_campaign_moves_and_freezes(void **state)
{
    static const struct {
        unsigned state, age;     /* said */
        unsigned then, age_then; /* stands */
        size_t alarms;
    } steps[] = {
        {2, 14, 0, 0, 1}, /* over draft */
        {1, 14, 1, 14, 1}, {1, 16, 1, 16, 1}, {3, 16, 1, 16, 2},
        {2, 18, 2, 18, 2}, {2, 14, 2, 18, 3}, {3, 18, 3, 18, 3},
        {1, 18, 3, 18, 4}, {4, 18, 4, 18, 4},
    };
    struct fixture *fixture = *state;
    unsigned now;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        (void)book_campaign(&fixture->book, 0, 1, steps[i].state, steps[i].age);
        assert_int_equal(campaign_age(seal(fixture), &now), steps[i].age_then);
        assert_int_equal(now, steps[i].then);
        assert_int_equal(
            count_alarms(fixture->authority, SG_AUTHORITY_ALARM_CAMPAIGN),
            steps[i].alarms);
    }
}

/* --- rules, policies, calendars ---------------------------------------- */

static void write_rules(struct book *book, unsigned version, uint32_t from,
                        unsigned severity)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_RULES);
    struct sg_pack *pack;

    sg_record_build_uint(build, SG_FIELD_RULES_VERSION, version);
    pack = sg_record_build_field(build, SG_FIELD_RULES_CHANGES);
    sg_pack_array(pack, 2);
    for (unsigned i = 0; i < 2; i++) {
        sg_pack_array(pack, 4);
        sg_pack_uint(pack, 6);
        sg_pack_uint(pack, from + i);
        sg_pack_nil(pack);
        sg_pack_uint(pack, severity + i);
    }
    (void)book_write(book, 0);
}

/* The largest version is in force; of changes the later beginning holds, and
 * those of versions that this program lacks are not followed. */
static void test_rules_in_force(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_rules_change *changes;
    const struct sg_authority *authority = seal(fixture);
    size_t count;

    assert_int_equal(sg_authority_rule_version(authority), 1);
    write_rules(book, 1, 20250801, 1);
    authority = seal(fixture);
    changes = sg_authority_rules_changes(authority, &count);
    assert_int_equal(count, 2);
    assert_int_equal(sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20250731),
                                       changes, count),
                     SG_RULES_REJECT);
    assert_int_equal(sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20250801),
                                       changes, count),
                     1);
    assert_int_equal(sg_rules_severity(6, SG_RULES_RECORD, false, DAY(20250802),
                                       changes, count),
                     2);
    write_rules(book, 2, 20250801, 0);
    authority = seal(fixture);
    (void)sg_authority_rules_changes(authority, &count);
    assert_int_equal(sg_authority_rule_version(authority), 2);
    assert_int_equal(count, 2);
}

/* A policy is its statement's value, else the default of the page; of lists a
 * member replaces its own default. */
static void test_policies_and_their_defaults(void **state)
{
    static const uint64_t defaults[] = {7, 30, 35, 200, 45, 700, 1000, 0, 90};
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_authority *authority = seal(fixture);
    struct sg_record_build *build;
    struct sg_pack *pack;

    for (unsigned i = 1; i <= 9; i++)
        assert_int_equal(
            sg_authority_policy(authority, (enum sg_authority_policy)i, 0),
            defaults[i - 1]);
    assert_int_equal(sg_authority_policy(authority,
                                         SG_AUTHORITY_POLICY_MANDATORY,
                                         32u << 8 | 4),
                     1);
    (void)book_policy(book, 0, 6, 650);
    build = book_statement(book, SG_TYPE_POLICY);
    sg_record_build_uint(build, SG_FIELD_POLICY_NUMBER, 8);
    sg_record_build_uint(build, SG_FIELD_POLICY_VALUE, 0);
    pack = sg_record_build_field(build, SG_FIELD_POLICY_DETAIL);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, 32u << 8 | 4);
    sg_pack_uint(pack, 0);
    (void)book_write(book, 0);
    authority = seal(fixture);
    assert_int_equal(
        sg_authority_policy(authority, SG_AUTHORITY_POLICY_DUPLICATE_SCORE, 0),
        650);
    assert_int_equal(sg_authority_policy(authority,
                                         SG_AUTHORITY_POLICY_MANDATORY,
                                         32u << 8 | 4),
                     0);
    assert_int_equal(sg_authority_policy(authority,
                                         SG_AUTHORITY_POLICY_MANDATORY,
                                         32u << 8 | 3),
                     1);
}

static void write_year(struct book *book, unsigned year, unsigned rest)
{
    struct sg_record_build *build = book_statement(book, SG_TYPE_CALENDAR);

    sg_record_build_uint(build, SG_FIELD_CALENDAR_YEAR, year);
    sg_record_build_uint(build, SG_FIELD_CALENDAR_REST, rest);
    sg_pack_array(sg_record_build_field(build, SG_FIELD_CALENDAR_OFF), 0);
    sg_pack_array(sg_record_build_field(build, SG_FIELD_CALENDAR_WORK), 0);
    sg_record_build_str(build, SG_FIELD_CALENDAR_ACT, SG_BYTES_TEXT(""));
    (void)book_write(book, 0);
}

/* Calendars come ascending by year, the later statement of a year only. */
static void test_calendars_by_year(void **state)
{
    struct fixture *fixture = *state;
    const struct sg_calendar *calendar;

    write_year(&fixture->book, 2026, 96);
    write_year(&fixture->book, 2025, 96);
    write_year(&fixture->book, 2026, 64);
    calendar = sg_authority_calendar(seal(fixture));
    assert_int_equal(calendar->n_years, 2);
    assert_int_equal(calendar->years[0].year, 2025);
    assert_int_equal(calendar->years[1].rest, 64);
}

/* A certificate that says otherwise than the fields is an alarm; the fields
 * count. */
static void test_certificate_differs(void **state)
{
    struct fixture *fixture = *state;
    struct book *book = &fixture->book;
    struct sg_record_build *build;
    static const uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_authority_at cut;

    (void)book_admit(book, 0, 1, DISTRICT, 20300101);
    build = book_statement(book, SG_TYPE_NODE_ADMIT);
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_CERTIFICATE,
                        SG_BYTES_ARRAY(certificate));
    sg_record_build_bin(build, SG_FIELD_NODE_ADMIT_NODE,
                        SG_BYTES_ARRAY(book->nodes[2].public));
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_ROLE, CENTRAL);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_FROM, 20250701);
    sg_record_build_uint(build, SG_FIELD_NODE_ADMIT_UNTIL, 20300101);
    (void)book_write(book, 0);
    cut = at_cut(seal(fixture));
    assert_int_equal(role(fixture, &cut, 2), CENTRAL);
    assert_int_equal(
        count_alarms(fixture->authority, SG_AUTHORITY_ALARM_CERTIFICATE), 1);
}

/* --- limits and memory ------------------------------------------------- */

/* Logs are bounded, and a log that is known already costs nothing. */
static void test_logs_are_limited(void **state)
{
    struct fixture *fixture = *state;
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
    struct fixture *fixture = *state;
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
    const uint16_t codes[] = {1, 2};

    write_units(book);
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
    write_rules(book, 1, 20250801, 1);
    write_year(book, 2025, 96);
    (void)book_open(book, 1, 1, stands, 1);
    (void)book_rotate(book, 0, 0, 1, 1, stands, 1);
    (void)book_rotate(book, 0, 0, 1, 1, NULL, 0);
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
    struct fixture *fixture = *state;

    write_everything(&fixture->book);
    assert_true(sg_torture_run(build_all, &fixture->book) > 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(test_node_cut_by_size),
        TEST(test_cuts_combine_and_beat_admissions),
        TEST(test_lift_ends_suspensions_only),
        TEST(test_cut_names_a_branch),
        TEST(test_officer_cut_by_size),
        TEST(test_endorse_range),
        TEST(test_erasure_and_its_bridge),
        TEST(test_units_at_a_position_and_in_the_cut),
        TEST(test_grants_cover_what_lies_below),
        TEST(test_impossible_unit_is_an_alarm),
        TEST(test_territory_follows_the_acts),
        TEST(test_codes_at_a_position),
        TEST(test_leases_never_overlap),
        TEST(test_campaign_moves_and_freezes),
        TEST(test_rules_in_force),
        TEST(test_policies_and_their_defaults),
        TEST(test_calendars_by_year),
        TEST(test_certificate_differs),
        TEST(test_logs_are_limited),
        TEST(test_statements_are_limited),
        TEST(test_without_memory),
    };

    return cmocka_run_group_tests_name("authority", tests, NULL, NULL);
}
