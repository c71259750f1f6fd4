/* storage/registry/pin.h: the number of a person. */
#include <string.h>

#include "storage/base/prng.h"
#include "storage/registry/pin.h"
#include "storage/registry/record_build.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})

/* Decree 137/2015 Art. 13: digit 4 says century and sex, 5 and 6 the year. */
static void test_parts_of_a_number(void **state)
{
    static const struct {
        uint64_t number;
        struct sg_pin_parts parts;
    } cases[] = {
        {38088000001, {38, SG_SEX_MALE, 1988, 1}},
        {38188000001, {38, SG_SEX_FEMALE, 1988, 1}},
        {1201999999, {1, SG_SEX_MALE, 2001, 999999}},
        {96300012345, {96, SG_SEX_FEMALE, 2000, 12345}},
        {999999000000, {999, SG_SEX_FEMALE, 2399, 0}},
        {999410000000, {999, SG_SEX_MALE, 2110, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sg_pin_parts parts = sg_pin_split(cases[i].number);
        uint64_t number;

        assert_int_equal(parts.province, cases[i].parts.province);
        assert_int_equal(parts.sex, cases[i].parts.sex);
        assert_int_equal(parts.year, cases[i].parts.year);
        assert_int_equal(parts.serial, cases[i].parts.serial);
        assert_ok(sg_pin_join(&parts, &number));
        assert_int_equal(number, cases[i].number);
    }
}

/* Splitting and joining any number gives it back, and so does its text. */
static void test_numbers_round_trip(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 12);
    for (int i = 0; i < 10000; i++) {
        uint64_t number = sg_prng_below(&prng, SG_PIN_MAX + 1), again;
        struct sg_pin_parts parts = sg_pin_split(number);
        char text[SG_PIN_TEXT_SIZE];

        assert_ok(sg_pin_join(&parts, &again));
        assert_int_equal(again, number);
        sg_pin_format(number, text);
        assert_int_equal(strlen(text), SG_PIN_DIGITS);
        assert_ok(sg_pin_parse(sg_bytes(text, SG_PIN_DIGITS), &again));
        assert_int_equal(again, number);
    }
}

/* Twelve digits and nothing else are a number. */
static void test_other_texts_are_none(void **state)
{
    static const char *const texts[] = {"",
                                        "03808800000",
                                        "0380880000011",
                                        "03808800000x",
                                        "+38088000001",
                                        "038088 00001"};
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_err(sg_pin_parse(sg_bytes(texts[i], strlen(texts[i])), &number),
                   MALFORMED);
    assert_int_equal(number, 7);
}

/* No number is made of parts that it cannot say. */
static void test_parts_out_of_range_make_no_number(void **state)
{
    static const struct sg_pin_parts parts[] = {
        {38, SG_SEX_UNKNOWN, 1988, 1},
        {38, SG_SEX_MALE, 1899, 1},
        {38, SG_SEX_MALE, 2400, 1},
        {1000, SG_SEX_MALE, 1988, 1},
        {38, SG_SEX_MALE, 1988, 1000000}};
    uint64_t number;

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_err(sg_pin_join(&parts[i], &number), INVALID);
}

/* The 63 codes ascend, are those of the page's table 9, and hold from the law
 * of 2014 on. */
static void test_provinces(void **state)
{
    static const uint16_t page[] = {
        1,  2,  4,  6,  8,  10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25,
        26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45, 46, 48,
        49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75,
        77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93, 94, 95, 96};
    size_t count;
    const struct sg_pin_province *provinces = sg_pin_provinces(&count);

    (void)state;
    assert_int_equal(count, sizeof(page) / sizeof(page[0]));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(provinces[i].code, page[i]);
    assert_true(sg_pin_is_province(38, DAY(20160101)));
    assert_true(sg_pin_is_province(38, DAY(20991231)));
    assert_false(sg_pin_is_province(38, DAY(20151231)));
    assert_false(sg_pin_is_province(3, DAY(20250101)));
    assert_false(sg_pin_is_province(0, DAY(20250101)));
    assert_false(sg_pin_is_province(SG_PIN_PROVINCE_TEST, DAY(20250101)));
}

/* A number is checked against sex and birth year as far as they are known. */
static void test_number_against_person(void **state)
{
    const uint64_t number = 38188000001;

    (void)state;
    assert_int_equal(sg_pin_check_person(number, SG_SEX_FEMALE, DAY(19880315)),
                     SG_PIN_FITS);
    assert_int_equal(sg_pin_check_person(number, SG_SEX_FEMALE, DAY(19880000)),
                     SG_PIN_FITS);
    assert_int_equal(sg_pin_check_person(number, SG_SEX_MALE, DAY(19880315)),
                     SG_PIN_SEX);
    assert_int_equal(sg_pin_check_person(number, SG_SEX_FEMALE, DAY(20880315)),
                     SG_PIN_YEAR);
    assert_int_equal(sg_pin_check_person(number, SG_SEX_UNKNOWN, DAY(19880315)),
                     SG_PIN_UNKNOWN);
    assert_int_equal(sg_pin_check_person(number, SG_SEX_FEMALE, DAY(0)),
                     SG_PIN_UNKNOWN);
    assert_int_equal(sg_pin_check_person(number, SG_SEX_UNKNOWN, DAY(19870000)),
                     SG_PIN_YEAR);
}

static const struct sg_pin_block lease = {.node = {1},
                                          .province = 999,
                                          .first = 1000,
                                          .last = 1999,
                                          .expires = {20260630}};

/* A lease allows its node the numbers inside it until its last day, and
 * nothing else. */
static void test_lease_allows_what_it_says(void **state)
{
    const uint8_t node[SG_KEY_SIZE] = {1}, other[SG_KEY_SIZE] = {2};
    const uint64_t inside = 999188001000, last = 999301001999;

    (void)state;
    assert_ok(sg_pin_block_check(&lease, inside, DAY(20260630), node));
    assert_ok(sg_pin_block_check(&lease, last, DAY(20260101), node));
    assert_err(sg_pin_block_check(&lease, inside, DAY(20260701), node), STATE);
    assert_err(sg_pin_block_check(&lease, inside, DAY(20260101), other),
               ACCESS);
    assert_err(sg_pin_block_check(&lease, inside - 1, DAY(20260101), node),
               LIMIT);
    assert_err(sg_pin_block_check(&lease, last + 1, DAY(20260101), node),
               LIMIT);
    assert_err(
        sg_pin_block_check(&lease, inside - 1000000000, DAY(20260101), node),
        LIMIT);
}

/* What is drawn from a lease is inside it and fits the person. */
static void test_draws_are_inside(void **state)
{
    const uint8_t node[SG_KEY_SIZE] = {1};
    struct sg_pin_block none = lease;
    struct sg_prng prng;
    uint64_t number;

    (void)state;
    sg_prng_init(&prng, 3);
    for (int i = 0; i < 1000; i++) {
        assert_ok(sg_pin_block_draw(&lease, SG_SEX_FEMALE, 2012,
                                    sg_prng_u64(&prng), &number));
        assert_ok(sg_pin_block_check(&lease, number, DAY(20260101), node));
        assert_int_equal(
            sg_pin_check_person(number, SG_SEX_FEMALE, DAY(20120000)),
            SG_PIN_FITS);
    }
    assert_err(sg_pin_block_draw(&lease, SG_SEX_UNKNOWN, 2012, 0, &number),
               INVALID);
    none.last = 999;
    assert_err(sg_pin_block_draw(&none, SG_SEX_MALE, 2012, 0, &number),
               INVALID);
}

/* Leases of one province overlap when they share a serial. */
static void test_overlap(void **state)
{
    struct sg_pin_block other = lease;

    (void)state;
    assert_true(sg_pin_block_overlaps(&lease, &other));
    other.first = other.last = 1999;
    assert_true(sg_pin_block_overlaps(&lease, &other));
    other.first = other.last = 2000;
    assert_false(sg_pin_block_overlaps(&lease, &other));
    other = lease;
    other.province = 38;
    assert_false(sg_pin_block_overlaps(&lease, &other));
}

/* A lease is read from the statement that grants it. */
static void test_lease_is_read_from_its_statement(void **state)
{
    const struct sg_registry_id registry = {{{9}}};
    const struct sg_record_head head = {
        .type = SG_TYPE_PIN_BLOCK, .subject = {{5}}, .effective = {20260101}};
    const struct sg_record_copy copy = {.hlc = 1};
    struct sg_record_build build;
    struct sg_pin_block block;
    struct sg_record record;
    struct sg_hash id;
    struct sg_buf payload;

    (void)state;
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    sg_record_build_uint(&build, SG_FIELD_PIN_BLOCK_SERIAL, 1);
    sg_record_build_bin(&build, SG_FIELD_PIN_BLOCK_NODE,
                        SG_BYTES_ARRAY(lease.node));
    sg_record_build_uint(&build, SG_FIELD_PIN_BLOCK_PROVINCE, 999);
    sg_record_build_uint(&build, SG_FIELD_PIN_BLOCK_FIRST, 1000);
    sg_record_build_uint(&build, SG_FIELD_PIN_BLOCK_LAST, 1999);
    sg_record_build_uint(&build, SG_FIELD_PIN_BLOCK_EXPIRES, 20260630);
    assert_ok(
        sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id));
    assert_ok(sg_record_decode(sg_buf_bytes(&payload), &record));
    sg_pin_block_read(&record, &block);
    assert_memory_equal(block.node, lease.node, sizeof(block.node));
    assert_int_equal(block.province, lease.province);
    assert_int_equal(block.first, lease.first);
    assert_int_equal(block.last, lease.last);
    assert_int_equal(block.expires.ymd, lease.expires.ymd);
    sg_buf_clear(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_of_a_number),
        cmocka_unit_test(test_numbers_round_trip),
        cmocka_unit_test(test_other_texts_are_none),
        cmocka_unit_test(test_parts_out_of_range_make_no_number),
        cmocka_unit_test(test_provinces),
        cmocka_unit_test(test_number_against_person),
        cmocka_unit_test(test_lease_allows_what_it_says),
        cmocka_unit_test(test_draws_are_inside),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_lease_is_read_from_its_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
