/* storage/registry/record.h: typed reading of a record that fits. */
#include <string.h>

#include "storage/registry/record.h"
#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

#define TEXT(lit) SG_BYTES_TEXT(lit)

struct example {
    struct sg_buf payload;
    struct sg_record record;
};

static void load(struct example *example, const char *name)
{
    sg_buf_init(&example->payload, SG_RECORD_SIZE_MAX);
    sg_page_hex("storage/registry/RECORDS.md", name, &example->payload);
    assert_ok(
        sg_record_decode(sg_buf_bytes(&example->payload), &example->record));
}

static void unload(struct example *example)
{
    sg_buf_clear(&example->payload);
}

static void assert_text(struct sg_bytes text, const char *expected)
{
    assert_true(sg_bytes_equal(text, sg_bytes(expected, strlen(expected))));
}

/* Each field of the enrolment of the page is what the page's program put
 * there. */
static void test_fields_of_the_enrolment(void **state)
{
    struct example example;
    const struct sg_record *record = &example.record;
    struct sg_record_name name;
    struct sg_record_place place;
    struct sg_record_kin kin;

    (void)state;
    load(&example, "enrolment");
    name = sg_record_name(record, SG_FIELD_PERSON_NAME);
    assert_text(name.family, "Nguyễn");
    assert_text(name.middle, "Thị");
    assert_text(name.given, "Hoa");
    assert_int_equal(sg_record_date(record, SG_FIELD_PERSON_BIRTH).ymd,
                     19880315);
    assert_int_equal(sg_record_uint(record, SG_FIELD_PERSON_SEX), 2);
    kin = sg_record_kin(record, SG_FIELD_PERSON_FATHER);
    assert_false(kin.has_uid || kin.has_pin);
    assert_true(kin.has_name);
    assert_text(kin.name.given, "Bình");
    assert_null(kin.old_number.data);
    kin = sg_record_kin(record, SG_FIELD_PERSON_SPOUSE);
    assert_true(kin.has_uid && kin.has_name && kin.has_pin);
    assert_int_equal(kin.uid.bytes[15], 0xc2);
    assert_int_equal(kin.pin, UINT64_C(999088012345));
    place = sg_record_place(record, SG_FIELD_PERSON_HOMETOWN);
    assert_true(place.has_unit);
    assert_int_equal(place.unit.value, UINT64_C(31475520191201));
    assert_text(place.text, "Thôn 4");
    assert_null(place.country.data);
    assert_text(sg_record_str(record, SG_FIELD_PERSON_OCCUPATION), "Nông dân");
    assert_int_equal(sg_record_unit(record, SG_FIELD_PERSON_REGISTERED).value,
                     UINT64_C(31475820250701));
    assert_int_equal(sg_record_uint_or(record, SG_FIELD_PERSON_SEX, 7), 2);
    unload(&example);
}

/* A field that is not there is not there; what is asked for all the same is a
 * mistake of the caller. */
static void read_absent(void *context)
{
    (void)sg_record_uint(context, SG_FIELD_PERSON_CHILDREN);
}

static void read_as_text(void *context)
{
    (void)sg_record_str(context, SG_FIELD_PERSON_SEX);
}

static void test_wrong_questions_are_asserted(void **state)
{
    struct example example;

    (void)state;
    load(&example, "enrolment");
    assert_false(sg_record_has(&example.record, SG_FIELD_PERSON_CHILDREN));
    assert_false(sg_record_has(&example.record, SG_FIELD_NONE));
    assert_int_equal(
        sg_record_uint_or(&example.record, SG_FIELD_PERSON_CHILDREN, 7), 7);
    assert_true(sg_dies(read_absent, &example.record));
    assert_true(sg_dies(read_as_text, &example.record));
    unload(&example);
}

/* The envelope of the correction: its parent is the enrolment, its basis a
 * form, its clock behind. */
static void test_envelope_of_the_correction(void **state)
{
    struct example example;
    struct sg_buf id;
    struct sg_ref parent;

    (void)state;
    load(&example, "correction");
    sg_buf_init(&id, 64);
    sg_page_hex("storage/registry/RECORDS.md", "enrolment-id", &id);
    assert_int_equal(example.record.n_parents, 1);
    parent = sg_record_parent(&example.record, 0);
    assert_memory_equal(parent.bytes, id.data, sizeof(parent.bytes));
    assert_int_equal(example.record.basis.form, 5);
    assert_text(example.record.basis.document, "22/DC02");
    assert_text(example.record.basis.clause, "NĐ 70/2024 Đ.6");
    assert_int_equal(example.record.effective.ymd, 20250703);
    assert_int_equal(example.record.copy.wall_offset, -140);
    assert_int_equal(example.record.copy.trust, SG_RECORD_TRUST_SYNCED);
    assert_int_equal(example.record.copy.home.value,
                     example.record.copy.capture.value);
    assert_int_equal(sg_record_captured(&example.record).ymd, 20250703);
    sg_buf_clear(&id);
    unload(&example);
}

/* Provenance: the record's own, else declared by the citizen. */
static void test_provenance(void **state)
{
    struct example example;
    struct sg_record_src src;

    (void)state;
    load(&example, "enrolment");
    src = sg_record_src_of(&example.record, SG_FIELD_PERSON_NAME);
    assert_int_equal(src.source, SG_RECORD_SOURCE_DOCUMENT);
    assert_int_equal(src.evidence.size, 0);
    assert_int_equal(src.verified.ymd, 0);
    unload(&example);
    load(&example, "correction");
    src = sg_record_src_of(&example.record, SG_FIELD_PERSON_NAME);
    assert_int_equal(src.source, SG_RECORD_SOURCE_DECLARED);
    unload(&example);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_of_the_enrolment),
        cmocka_unit_test(test_wrong_questions_are_asserted),
        cmocka_unit_test(test_envelope_of_the_correction),
        cmocka_unit_test(test_provenance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
