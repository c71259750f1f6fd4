/* storage/registry/merge/fold.h: rows of the page's examples, homes, machines,
 * handovers, and what bounds a fold. Conflicts are test_conflict.c's. */
#include "storage/registry/merge/fold.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"
#include "tests/unit/office.h"

static const char page[] = "storage/registry/RECORDS.md";

static struct office office;

static int open_office(void **state)
{
    (void)state;
    office_open(&office);
    return 0;
}

static int close_office(void **state)
{
    (void)state;
    office_close(&office);
    return 0;
}

/* --- the page's examples ----------------------------------------------- */

/* Files the example NAME of the page as it stands there. */
static void file_example(const char *name)
{
    struct office_copy *to = &office.copies[office.n_copies++];
    struct sg_buf payload;
    struct sg_hash id;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_page_hex(page, name, &payload);
    to->payload = sg_buf_bytes(&payload);
    assert_ok(sg_record_decode(to->payload, &to->record));
    sg_record_id(&office.registry, to->record.inner, &id);
    to->copy = (struct sg_register_copy){.index = office.n_copies,
                                         .id = id,
                                         .record = &to->record,
                                         .is_admitted = true,
                                         .is_signed = true,
                                         .roles = 7};
}

struct found {
    struct sg_buf rows[2];
    size_t count;
};

static enum sg_err keep_row(void *context, const struct sg_row *row)
{
    struct found *found = context;

    assert_true(found->count < 2);
    return sg_buf_append(&found->rows[found->count++], row->bytes);
}

/* The enrolment, its correction and the approval of both give the two rows of
 * the page, the hash of the first, and their root. RECORDS 14. */
static void test_rows_of_the_page(void **state)
{
    static const char *const names[] = {"state-row-person", "state-row-status"};
    struct found found = {.count = 0};
    struct sg_buf wanted;
    struct sg_sha256 prefix;
    struct sg_hash hash;
    struct sg_state_root root;

    (void)state;
    sg_buf_init(&wanted, 4096);
    sg_page_hex(page, "registry-id", &wanted);
    memcpy(office.registry.hash.bytes, wanted.data, 32);
    office.setup.registry = office.registry;
    office.setup.world.as_of.ymd = 20250702;
    file_example("enrolment");
    file_example("correction");
    file_example("decision");
    office_ask(&office);
    for (int i = 0; i < 2; i++)
        sg_buf_init(&found.rows[i], 4096);
    assert_ok(sg_register_rows(office.reg, keep_row, &found));
    assert_int_equal(found.count, 2);
    for (int i = 0; i < 2; i++) {
        sg_buf_truncate(&wanted, 0);
        sg_page_hex(page, names[i], &wanted);
        assert_true(sg_bytes_equal(sg_buf_bytes(&found.rows[i]),
                                   sg_buf_bytes(&wanted)));
    }
    sg_state_root_prefix(&office.registry, &prefix);
    sg_state_root_hash(&prefix, sg_buf_bytes(&found.rows[0]), &hash);
    sg_buf_truncate(&wanted, 0);
    sg_page_hex(page, "state-row-hash", &wanted);
    assert_memory_equal(hash.bytes, wanted.data, 32);
    sg_register_root_all(office.reg, &root);
    sg_buf_truncate(&wanted, 0);
    sg_page_hex(page, "state-root", &wanted);
    assert_memory_equal(root.sum.bytes, wanted.data, 32);
    assert_int_equal(root.n_rows, 2);
    assert_int_equal(root.n_persons, 1);
    sg_buf_clear(&wanted);
    sg_buf_clear(&found.rows[0]);
    sg_buf_clear(&found.rows[1]);
}

/* --- homes ------------------------------------------------------------- */

/* A home goes along with whole successions; where its unit is split it waits,
 * until somebody says into which part it went. RECORDS 4, 7.16. */
static void test_home_is_carried_and_resettled(void **state)
{
    const struct sg_subject *subject;
    struct sg_record_build *build;
    struct sg_ref residence;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    residence = office_residence(&office, 1, OFFICE_HOME, 2);
    office.setup.world.as_of.ymd = 20250630;
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_NEXT);
    office.setup.world.as_of.ymd = 20250701;
    subject = office_subject(&office, 1);
    assert_int_equal(subject->unit.value, OFFICE_NEXT);
    assert_int_equal(subject->marks, SG_SUBJECT_REHOMING);
    office.effective.ymd = 20250702;
    build = office_begin(&office, SG_TYPE_RESETTLE, 1);
    sg_record_build_bin(build, SG_FIELD_RESETTLE_RESIDENCE,
                        SG_BYTES_ARRAY(residence.bytes));
    sg_record_build_uint(build, SG_FIELD_RESETTLE_FROM, OFFICE_NEXT);
    sg_record_build_uint(build, SG_FIELD_RESETTLE_TO, OFFICE_PART);
    (void)office_file(&office);
    subject = office_subject(&office, 1);
    assert_int_equal(subject->unit.value, OFFICE_PART);
    assert_int_equal(subject->marks, 0);
}

/* Without an open permanent residence somebody has no home and is counted where
 * he was first registered. RECORDS 8.3. */
static void test_no_home(void **state)
{
    const struct sg_subject *subject;
    struct sg_ref residence;

    (void)state;
    (void)office_person(&office, 1, 19800912);
    residence = office_residence(&office, 1, OFFICE_AWAY, 2);
    assert_int_equal(office_subject(&office, 1)->unit.value, OFFICE_AWAY);
    (void)office_move(&office, SG_TYPE_RESIDENCE, 1, residence, residence, 3);
    subject = office_subject(&office, 1);
    assert_false(subject->has_home);
    assert_int_equal(subject->unit.value, OFFICE_HOME);
    assert_int_equal(subject->status, SG_SUBJECT_ACTIVE);
}

/* What the home cannot read does not count in its rows; the centre's view is
 * another. RECORDS 4.1, 12. */
static void test_readers(void **state)
{
    static const struct sg_unit_key away[] = {{OFFICE_AWAY}};
    struct sg_ref first;
    const struct sg_subject_object *person;

    (void)state;
    first = office_person(&office, 1, 19800912);
    office.readers = away;
    office.n_readers = 1;
    (void)office_birth(&office, 1, first, 19800921);
    person = sg_subject_find(office_subject(&office, 1), SG_TYPE_PERSON,
                             (struct sg_bytes){0});
    assert_int_equal(sg_subject_date(person, SG_FIELD_PERSON_BIRTH).ymd,
                     19800912);
    office_last(&office)->readers = NULL; /* handed over */
    person = sg_subject_find(office_subject(&office, 1), SG_TYPE_PERSON,
                             (struct sg_bytes){0});
    assert_int_equal(sg_subject_date(person, SG_FIELD_PERSON_BIRTH).ymd,
                     19800921);
}

/* --- machines and rulings ---------------------------------------------- */

/* The refusal of an opening sets the state that section 8 names, and its values
 * are gone; the approval sets its own; a record of capture cannot. RECORDS 8.
 */
static void test_states_by_decision(void **state)
{
    struct sg_record_build *build;
    const struct sg_subject_object *object;
    struct sg_ref request[2];

    (void)state;
    (void)office_person(&office, 1, 19800912);
    for (int i = 0; i < 2; i++) {
        build = office_begin(&office, SG_TYPE_REQUEST, 1);
        sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
        sg_record_build_uint(build, SG_FIELD_REQUEST_KIND, 1);
        sg_record_build_uint(build, SG_FIELD_REQUEST_LODGED, 20230401);
        request[i] = office_file(&office);
    }
    office.officer = 2;
    (void)office_decide(&office, 1, 1, OFFICE_HOME, 1, &request[0]);
    (void)office_decide(&office, 1, 2, OFFICE_HOME, 1, &request[1]);
    object = sg_subject_find(office_subject(&office, 1), SG_TYPE_REQUEST,
                             SG_BYTES_ARRAY(request[0].bytes));
    assert_int_equal(object->state, 3);
    assert_int_equal(object->n_cells, 2);
    object = sg_subject_find(office_subject(&office, 1), SG_TYPE_REQUEST,
                             SG_BYTES_ARRAY(request[1].bytes));
    assert_int_equal(object->state, 4);
    assert_int_equal(object->n_cells, 0);
}

/* A record without a signature shows, but its approval does not count; a later
 * copy that brings the signature makes it count. RECORDS 2. */
static void test_approval_needs_a_signature(void **state)
{
    const struct sg_subject_cell *cell;
    struct sg_ref first;

    (void)state;
    office.is_unsigned = true;
    first = office_person(&office, 1, 19800912);
    office.is_unsigned = false;
    office.officer = 2;
    (void)office_decide(&office, 1, 1, OFFICE_HOME, 1, &first);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->flags, 0);
    office.copies[0].copy.is_signed = true;
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->flags, SG_SUBJECT_APPROVED);
}

/* Elements of a set are merged one by one; a nil rest takes one out. RECORDS 4,
 * class S. */
static void test_sets(void **state)
{
    struct sg_record_build *build = office_begin(&office, SG_TYPE_HOUSEHOLD, 9);
    struct sg_uid other = office_uid(2);
    struct sg_ref first;
    const struct sg_subject *subject;
    struct sg_pack *pack;

    (void)state;
    sg_record_build_uint(build, SG_FIELD_COMMON_STATE, 1);
    sg_record_build_str(build, SG_FIELD_HOUSEHOLD_FILE_NO, SG_BYTES_TEXT("1"));
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_UNIT, OFFICE_HOME);
    pack = sg_record_build_field(build, SG_FIELD_HOUSEHOLD_MEMBERS);
    sg_pack_array(pack, 2);
    for (unsigned i = 1; i <= 2; i++) {
        struct sg_uid uid = office_uid(i);

        sg_pack_array(pack, 2);
        sg_pack_bin(pack, SG_BYTES_ARRAY(uid.bytes));
        sg_pack_array(pack, 3);
        sg_pack_uint(pack, i);
        sg_pack_nil(pack);
        sg_pack_nil(pack);
    }
    sg_record_build_uint(build, SG_FIELD_HOUSEHOLD_OPENED, 20230401);
    first = office_file(&office);
    build = office_begin(&office, SG_TYPE_HOUSEHOLD, 9);
    office_parent(&office, first);
    pack = sg_record_build_field(build, SG_FIELD_HOUSEHOLD_MEMBERS);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_bin(pack, SG_BYTES_ARRAY(other.bytes));
    sg_pack_nil(pack);
    (void)office_file(&office);
    subject = office_subject(&office, 9);
    assert_int_equal(subject->n_objects, 1);
    assert_int_equal(subject->household_unit.value, OFFICE_HOME);
    assert_int_equal(subject->status, SG_SUBJECT_NO_PERSON);
    assert_int_equal(subject->objects[0].n_cells, 5);
    assert_int_equal(subject->objects[0].cells[2].value.data[0], 0x93);
    assert_int_equal(subject->objects[0].cells[3].value.data[0], 0xc0);
}

/* --- handovers --------------------------------------------------------- */

static void pack_head(struct sg_pack *pack, unsigned field, struct sg_ref ref,
                      unsigned flags)
{
    sg_pack_array(pack, 7);
    sg_pack_uint(pack, SG_TYPE_PERSON);
    sg_pack_bin(pack, (struct sg_bytes){0});
    sg_pack_uint(pack, field);
    sg_pack_bin(pack, SG_BYTES_ARRAY(ref.bytes));
    sg_pack_uint(pack, flags);
    sg_pack_uint(pack, 2);
    sg_pack_uint(pack, 5);
}

/* A handover brings the heads that its reader cannot read, with their approval;
 * what it covers is under them, and a later record may name one of them as its
 * parent. RECORDS 7.15. */
static void test_handover(void **state)
{
    static const struct sg_unit_key home[] = {{OFFICE_HOME}};
    static const uint8_t values[] = {0x91, 0xce, 0x01, 0x2e, 0x23, 0x59};
    struct sg_ref first, unheld = {{7}};
    struct sg_record_build *build;
    struct sg_pack *pack;
    const struct sg_subject_object *person;

    (void)state;
    first = office_person(&office, 1, 19800912);
    office.grant = home;
    build = office_begin(&office, SG_TYPE_HANDOVER, 1);
    sg_record_build_uint(build, SG_FIELD_HANDOVER_FROM_UNIT, OFFICE_HOME);
    sg_record_build_uint(build, SG_FIELD_HANDOVER_TO_UNIT, OFFICE_AWAY);
    pack = sg_record_build_field(build, SG_FIELD_HANDOVER_COVERS);
    sg_pack_array(pack, 2);
    sg_pack_bin(pack, SG_BYTES_ARRAY(unheld.bytes));
    sg_pack_bin(pack, SG_BYTES_ARRAY(first.bytes));
    pack = sg_record_build_field(build, SG_FIELD_HANDOVER_HEADS);
    sg_pack_array(pack, 1);
    pack_head(pack, SG_FIELD_PERSON_BIRTH, unheld, 1);
    sg_record_build_bin(build, SG_FIELD_HANDOVER_VALUES,
                        SG_BYTES_ARRAY(values));
    pack = sg_record_build_field(build, SG_FIELD_HANDOVER_CONFLICTS);
    sg_pack_array(pack, 0);
    sg_record_build_nil(build, SG_FIELD_HANDOVER_HOME_THEN);
    (void)office_file(&office);
    person = sg_subject_find(office_subject(&office, 1), SG_TYPE_PERSON,
                             (struct sg_bytes){0});
    assert_int_equal(sg_subject_date(person, SG_FIELD_PERSON_BIRTH).ymd,
                     19800921);
    assert_int_equal(sg_subject_cell(person, SG_FIELD_PERSON_BIRTH)->flags,
                     SG_SUBJECT_APPROVED);
    (void)office_birth(&office, 1, unheld, 19800930);
    person = sg_subject_find(office_subject(&office, 1), SG_TYPE_PERSON,
                             (struct sg_bytes){0});
    assert_int_equal(sg_subject_cell(person, SG_FIELD_PERSON_BIRTH)->flags,
                     SG_SUBJECT_APPROVED | SG_SUBJECT_PENDING);
}

/* --- erasure ----------------------------------------------------------- */

struct erased {
    struct sg_ref ref;
    uint8_t parents[18]; /* one ref, as encoded */
};

static bool bridge(void *context, const struct sg_ref *record,
                   const uint8_t **ret_parents, size_t *ret_count)
{
    const struct erased *erased = context;

    *ret_parents = erased->parents;
    *ret_count = 1;
    return sg_ref_compare(record, &erased->ref) == 0;
}

/* A record that an order has erased goes on lending its ancestry, which the
 * order bridges; without the order what it stood between is concurrent.
 * RECORDS 6.9. */
static void test_erased_in_between(void **state)
{
    struct erased erased = {.ref = {{7}}, .parents = {0xc4, 0x10}};
    const struct sg_subject_cell *cell;
    struct sg_ref first;

    (void)state;
    first = office_person(&office, 1, 19800912);
    (void)office_birth(&office, 1, erased.ref, 19800930);
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->flags, SG_SUBJECT_CONFLICT);
    memcpy(erased.parents + 2, first.bytes, sizeof first.bytes);
    office.setup.bridge = bridge;
    office.setup.context = &erased;
    cell = office_cell(&office, 1, SG_TYPE_PERSON, NULL, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(cell->flags, 0);
    assert_int_equal(cell->n_heads, 1);
}

/* --- bounds ------------------------------------------------------------ */

/* Beyond SG_SUBJECT_RECORDS_MAX records the largest ids are not applied, in any
 * order of arrival; nothing is lost, and the subject says how many (A15). */
static void test_too_many_records(void **state)
{
    const size_t count = SG_SUBJECT_RECORDS_MAX + 50;
    struct sg_register_copy copy;
    struct sg_uid uid = office_uid(1);
    const struct sg_subject *subject;
    struct sg_register *regs[2];
    struct sg_state_root roots[2];

    (void)state;
    (void)office_person(&office, 1, 19800912);
    copy = office.copies[0].copy;
    for (int k = 0; k < 2; k++) {
        assert_ok(sg_register_new(&office.setup, &regs[k]));
        for (size_t i = 0; i < count; i++) {
            size_t no = k == 0 ? i : count - 1 - i;

            /* The same bytes under many ids: the register believes them. */
            memset(copy.id.bytes, 0, sizeof copy.id.bytes);
            sg_bytes_put_u32be(copy.id.bytes, (uint32_t)(no * 2654435761u));
            sg_bytes_put_u32be(copy.id.bytes + 4, (uint32_t)no);
            assert_ok(sg_register_put(regs[k], &copy));
        }
        assert_ok(sg_register_settle(regs[k]));
        sg_register_root_all(regs[k], &roots[k]);
    }
    assert_ok(sg_register_subject(regs[1], &uid, &subject));
    assert_int_equal(subject->n_left_out, 50);
    assert_int_equal(subject->n_records, SG_SUBJECT_RECORDS_MAX);
    assert_true(sg_state_root_equal(&roots[0], &roots[1]));
    sg_register_free(regs[0]);
    sg_register_free(regs[1]);
}

/* A cluster has at most SG_CLUSTER_MEMBERS_MAX members, taken in the order of
 * the pairs; who comes later stays alone. RECORDS 13. */
static void test_too_many_linked(void **state)
{
    const unsigned count = SG_CLUSTER_MEMBERS_MAX + 2;
    const struct sg_uid first = office_uid(1);
    struct sg_ref keep;

    (void)state;
    memcpy(keep.bytes, first.bytes, sizeof keep.bytes);
    for (unsigned no = 2; no <= count; no++) {
        struct sg_uid other = office_uid(no);
        struct sg_record_build *build =
            office_begin(&office, SG_TYPE_DUPLICATE, 1);
        struct sg_ref pair;

        sg_record_build_bin(build, SG_FIELD_DUPLICATE_OTHER,
                            SG_BYTES_ARRAY(other.bytes));
        sg_record_build_uint(build, SG_FIELD_DUPLICATE_SCORE, 900);
        sg_record_build_uint(build, SG_FIELD_DUPLICATE_BY, 1);
        pair = office_file(&office);
        office.officer = 2;
        (void)office_settle(&office, 1, 7, OFFICE_HOME, 0, 0, NULL, &keep, 1,
                            &pair);
        office.officer = 1;
    }
    for (unsigned no = count - 2; no <= count; no++)
        (void)office_person(&office, no, 19800912);
    assert_int_equal(office_subject(&office, count - 2)->status,
                     SG_SUBJECT_MERGED);
    assert_int_equal(office_subject(&office, count - 1)->status,
                     SG_SUBJECT_ACTIVE);
    assert_int_equal(office_subject(&office, count)->status, SG_SUBJECT_ACTIVE);
}

#define OFFICE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(test_rows_of_the_page),
        OFFICE_TEST(test_home_is_carried_and_resettled),
        OFFICE_TEST(test_no_home),
        OFFICE_TEST(test_readers),
        OFFICE_TEST(test_states_by_decision),
        OFFICE_TEST(test_approval_needs_a_signature),
        OFFICE_TEST(test_sets),
        OFFICE_TEST(test_handover),
        OFFICE_TEST(test_erased_in_between),
        OFFICE_TEST(test_too_many_records),
        OFFICE_TEST(test_too_many_linked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
