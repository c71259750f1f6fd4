/* storage/registry/record.h, sg_record_fit: what does not fit its table. */
#include <stdio.h>
#include <string.h>

#include "storage/registry/record_build.h"
#include "tests/lib/test.h"

#define TEXT(lit) SG_BYTES_TEXT(lit)

static const struct sg_registry_id registry = {{{9}}};

/* A record as bytes: [inner, outer] with BODY in hex and PARENTS parents. */
struct raw {
    uint16_t type;
    uint8_t parents;
    uint32_t effective;
    const char *body;
};

static void pack_raw_record(struct sg_buf *payload, const struct raw *raw)
{
    uint8_t subject[16] = {0}, officer[8] = {0};
    struct sg_pack pack;

    subject[0] = 1;
    sg_pack_init(&pack, payload);
    sg_pack_array(&pack, 2);
    sg_pack_array(&pack, 9);
    sg_pack_uint(&pack, raw->type);
    sg_pack_uint(&pack, 1);
    sg_pack_bin(&pack, SG_BYTES_ARRAY(subject));
    sg_pack_raw(&pack, sg_hex(raw->body));
    sg_pack_array(&pack, raw->parents);
    for (uint8_t i = 0; i < raw->parents; i++) {
        uint8_t parent[16] = {0};

        parent[0] = (uint8_t)(i + 1);
        sg_pack_bin(&pack, SG_BYTES_ARRAY(parent));
    }
    sg_pack_array(&pack, 3);
    sg_pack_uint(&pack, 0);
    sg_pack_str(&pack, TEXT(""));
    sg_pack_str(&pack, TEXT(""));
    sg_pack_uint(&pack, raw->effective);
    sg_pack_bin(&pack, SG_BYTES_ARRAY(officer));
    sg_pack_bin(&pack, SG_BYTES_ARRAY(subject));
    sg_pack_array(&pack, 8);
    for (int i = 0; i < 5; i++)
        sg_pack_uint(&pack, 0);
    sg_pack_nil(&pack);
    sg_pack_nil(&pack);
    sg_pack_map(&pack, 0);
    assert_ok(sg_pack_end(&pack));
}

static void assert_misfit(const struct raw *raw, enum sg_record_misfit misfit,
                          uint8_t no)
{
    struct sg_record record;
    struct sg_buf payload;
    uint8_t found = 99;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    pack_raw_record(&payload, raw);
    assert_ok(sg_record_decode(sg_buf_bytes(&payload), &record));
    assert_int_equal(sg_record_fit(&record, &registry, &found), misfit);
    if (misfit != SG_RECORD_FITS)
        assert_int_equal(found, no);
    sg_buf_clear(&payload);
}

/* Fields that the type does not have, of any number. */
static void test_unknown_fields(void **state)
{
    static const struct raw cases[] = {
        {SG_TYPE_PERSON, 1, 20250702, "81 1a 01"},    /* 26 */
        {SG_TYPE_PERSON, 1, 20250702, "81 1f 01"},    /* 31 */
        {SG_TYPE_PERSON, 1, 20250702, "81 cc ff 01"}, /* 255 */
        {SG_TYPE_PERSON, 1, 20250702,
         "81 01 c410 01010101010101010101010101010101"}, /* of */
        {SG_TYPE_OLD_ID, 1, 20250702,
         "84 02 01 03 01 04 a1 31 05 c0"}, /* state */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_misfit(&cases[i], SG_RECORD_FIELD_UNKNOWN, SG_FIELD_NONE);
}

/* Values of another type or out of their limits; the last that fits beside. */
static void test_forms(void **state)
{
    static const struct {
        const char *body;
        uint8_t no;
        bool fits;
    } cases[] = {
        {"81 05 02", 5, true}, /* sex 0 to 2 */
        {"81 05 03", 5, false},
        {"81 05 a1 31", 5, false},       /* a text */
        {"81 05 ff", 5, false},          /* below zero */
        {"81 04 ce 012f597b", 4, true},  /* 1988-03-15 */
        {"81 04 ce 012f59ff", 4, false}, /* 1988-04-47 */
        {"81 03 93 a0 a0 a1 41", 3, true},
        {"81 03 93 a0 a0 a0", 3, false}, /* no given name */
        {"81 03 92 a0 a1 41", 3, false}, /* a tuple of two */
        {"81 03 94 a0 a0 a1 41 a0", 3, false},
        {"81 0e 90", 14, true}, /* nationality */
        {"81 0e 91 a2 5641", 14, true},
        {"81 0e 92 a2 5641 a2 564e", 14, true},
        {"81 0e 92 a2 564e a2 5641", 14, false}, /* not ascending */
        {"81 0e 92 a2 564e a2 564e", 14, false}, /* twice */
        {"81 0e 91 a3 564e41", 14, false},
        {"81 0e 94 a2 5641 a2 5642 a2 5643 a2 5644", 14, false},
        {"81 0c cd ffff", 12, true}, /* a code is 16 bits */
        {"81 0c ce 00010000", 12, false},
        {"81 09 93 c0 c0 a2 4c41", 9, true},
        {"81 09 93 c0 c0 c0", 9, false}, /* a place of nothing is nil */
        {"81 09 c0", 9, true},
        {"81 06 94 c0 c0 c0 c0", 6, true}, /* declared none */
        {"81 06 94 c0 c0 cf 000000e8d4a50fff c0", 6, true},
        {"81 06 94 c0 c0 cf 000000e8d4a51000 c0", 6, false}, /* 10^12 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw raw = {SG_TYPE_PERSON, 1, 20250702, cases[i].body};
        struct sg_record record;
        struct sg_buf payload;
        uint8_t no = 99;

        sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
        pack_raw_record(&payload, &raw);
        assert_ok(sg_record_decode(sg_buf_bytes(&payload), &record));
        assert_int_equal(sg_record_fit(&record, &registry, &no),
                         cases[i].fits ? SG_RECORD_FITS : SG_RECORD_FIELD_FORM);
        if (!cases[i].fits)
            assert_int_equal(no, cases[i].no);
        sg_buf_clear(&payload);
    }
}

/* What an opening record must carry, and what only it may. */
static void test_opening_and_amendment(void **state)
{
    static const struct raw opening = {SG_TYPE_PERSON, 0, 20250702, "81 05 01"};
    static const struct raw amended = {SG_TYPE_PERSON, 1, 20250702, "81 19 00"};
    static const struct raw no_number = {SG_TYPE_PIN, 1, 20250702, "81 02 02"};
    static const struct raw number = {SG_TYPE_PIN, 1, 20250702,
                                      "82 02 02 03 05"};

    (void)state;
    assert_misfit(&opening, SG_RECORD_FIELD_MISSING, SG_FIELD_PERSON_NAME);
    assert_misfit(&amended, SG_RECORD_FIELD_AMENDED,
                  SG_FIELD_PERSON_REGISTERED);
    assert_misfit(&no_number, SG_RECORD_FIELD_MISSING, SG_FIELD_PIN_NUMBER);
    assert_misfit(&number, SG_RECORD_FITS, 0);
}

/* Only values that can be unknown are set to nil. */
static void test_nil(void **state)
{
    static const struct raw phone = {SG_TYPE_PERSON, 1, 20250702, "81 15 c0"};
    static const struct raw children = {SG_TYPE_PERSON, 1, 20250702,
                                        "81 12 c0"};
    static const struct raw said = {SG_TYPE_PERSON, 1, 20250702, "81 1c c0"};
    static const struct raw issued = {SG_TYPE_OLD_ID, 0, 20250702,
                                      "83 03 01 04 a1 31 05 c0"};

    (void)state;
    assert_misfit(&phone, SG_RECORD_FITS, 0);
    assert_misfit(&issued, SG_RECORD_FITS, 0);
    assert_misfit(&children, SG_RECORD_FIELD_NIL, SG_FIELD_PERSON_CHILDREN);
    assert_misfit(&said, SG_RECORD_FIELD_NIL, SG_FIELD_COMMON_NOTE);
}

/* The default provenance is never written, nor a field's own that is the
 * record's. */
static void test_redundant_provenance(void **state)
{
    static const struct raw declared = {SG_TYPE_PERSON, 1, 20250702,
                                        "82 00 93 02 a0 c0 05 01"};
    static const struct raw seen = {SG_TYPE_PERSON, 1, 20250702,
                                    "82 00 93 03 a0 c0 05 01"};
    static const struct raw same = {
        SG_TYPE_PERSON, 1, 20250702,
        "83 00 93 03 a0 c0 05 01 1e 91 92 05 93 03 a0 c0"};
    static const struct raw other = {
        SG_TYPE_PERSON, 1, 20250702,
        "83 00 93 03 a0 c0 05 01 1e 91 92 05 93 02 a0 c0"};

    (void)state;
    assert_misfit(&declared, SG_RECORD_FIELD_REDUNDANT, SG_FIELD_COMMON_SRC);
    assert_misfit(&seen, SG_RECORD_FITS, 0);
    assert_misfit(&same, SG_RECORD_FIELD_REDUNDANT, SG_FIELD_COMMON_PER_FIELD);
    assert_misfit(&other, SG_RECORD_FITS, 0);
}

/* Section 7.11: what each act needs, and a parent always. */
static void test_acts(void **state)
{
    static const struct {
        const char *body;
        uint8_t parents;
        bool fits;
        uint8_t no;
    } cases[] = {
        {"82 03 01 04 00", 1, true, 0},
        {"82 03 01 04 00", 0, false, SG_FIELD_NONE},
        {"82 03 02 04 00", 1, false, SG_FIELD_DECISION_REASON},
        {"83 03 02 04 00 05 a0", 1, false, SG_FIELD_DECISION_REASON},
        {"83 03 02 04 00 05 a1 78", 1, true, 0},
        {"82 03 03 04 00", 1, false, SG_FIELD_DECISION_RULE},
        {"83 03 03 04 00 06 05", 1, false, SG_FIELD_DECISION_FIELD},
        {"84 03 03 04 00 06 05 07 03", 1, false, SG_FIELD_DECISION_CHOICE},
        {"82 03 04 04 00", 1, false, SG_FIELD_DECISION_RULE},
        {"83 03 04 04 00 06 05", 1, true, 0},
        {"82 03 07 04 00", 1, false, SG_FIELD_DECISION_KEEP},
        {"82 03 09 04 00", 1, false, SG_FIELD_DECISION_DEFER_UNTIL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw raw = {SG_TYPE_DECISION, cases[i].parents, 20250702,
                          cases[i].body};

        assert_misfit(&raw, cases[i].fits ? SG_RECORD_FITS : SG_RECORD_ACT,
                      cases[i].no);
    }
}

/* A vital event is effective on its own day. */
static void test_vital_day(void **state)
{
    static const struct raw same = {SG_TYPE_VITAL, 0, 20250702,
                                    "82 02 02 03 ce 0135004e"};
    struct raw other = same;

    (void)state;
    other.effective = 20250703;
    assert_misfit(&same, SG_RECORD_FITS, 0);
    assert_misfit(&other, SG_RECORD_EFFECTIVE, SG_FIELD_NONE);
}

/* The subject of a statement is what its fields say: any other is a misfit,
 * and a duplicate names the larger uid second. */
static void test_subject(void **state)
{
    static const struct raw smaller = {
        SG_TYPE_DUPLICATE, 0, 20250702,
        "83 03 c410 02000000000000000000000000000000 04 00 06 01"};
    static const struct raw larger = {
        SG_TYPE_DUPLICATE, 0, 20250702,
        "83 03 c410 00000000000000000000000000000001 04 00 06 01"};
    static const struct raw policy = {SG_TYPE_POLICY, 0, 20250702,
                                      "83 00 01 01 01 02 07"};

    (void)state;
    assert_misfit(&smaller, SG_RECORD_FITS, 0);
    assert_misfit(&larger, SG_RECORD_SUBJECT, SG_FIELD_NONE);
    assert_misfit(&policy, SG_RECORD_SUBJECT, SG_FIELD_NONE);
}

/* Section 7.15: the values of a handover are one for each head, and of its
 * field. */
static void test_handover_values(void **state)
{
    static const struct {
        const char *type, *field, *values;
        bool fits;
    } cases[] = {
        {"20", "05", "c402 9102", true},     /* sex */
        {"20", "05", "c402 91c0", true},     /* unknown */
        {"20", "05", "c402 9103", false},    /* no such sex */
        {"20", "05", "c403 920201", false},  /* two values */
        {"20", "05", "c401 90", false},      /* none */
        {"20", "05", "c403 91cc02", false},  /* not canonical */
        {"20", "05", "c403 910200", false},  /* bytes behind */
        {"20", "1a", "c402 9102", false},    /* no such field */
        {"32", "03", "c402 9102", false},    /* no such type */
        {"2b", "02", "c404 919202c0", true}, /* state of a pair */
        {"2b", "02", "c402 9102", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char body[512];
        struct raw raw = {SG_TYPE_HANDOVER, 0, 20250702, body};

        (void)snprintf(
            body, sizeof(body),
            "87 03 00 04 00 05 90 06 91 97 %s c400 %s "
            "c410 01000000000000000000000000000000 01 02 00 07 %s 08 90 09 c0",
            cases[i].type, cases[i].field, cases[i].values);
        assert_misfit(&raw, cases[i].fits ? SG_RECORD_FITS : SG_RECORD_VALUES,
                      SG_FIELD_HANDOVER_VALUES);
    }
}

/* Every misfit has its words in both languages. */
static void test_every_misfit_has_words(void **state)
{
    (void)state;
    for (int i = SG_RECORD_FITS; i <= SG_RECORD_VALUES; i++) {
        const char *en =
            sg_record_misfit_text((enum sg_record_misfit)i, SG_LANG_EN);
        const char *vi =
            sg_record_misfit_text((enum sg_record_misfit)i, SG_LANG_VI);

        assert_true(strlen(en) > 10);
        assert_true(strlen(vi) > 10);
        assert_string_not_equal(en, vi);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_opening_and_amendment),
        cmocka_unit_test(test_nil),
        cmocka_unit_test(test_redundant_provenance),
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_vital_day),
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_handover_values),
        cmocka_unit_test(test_every_misfit_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
