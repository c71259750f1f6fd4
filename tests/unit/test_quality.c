/* storage/registry/quality/quality.h: one person's entry, rule by rule. Lists
 * and texts are test_judge.c's. */
#include "storage/registry/quality/quality.h"

#include <string.h>

#include "storage/registry/record_build.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/folded.h"
#include "tests/lib/test.h"

#define DAY(n) ((struct sg_date){n})
#define HOME   UINT64_C(31475820191201)
#define NEXT   UINT64_C(31475820250101)
#define PIN    UINT64_C(999188000001) /* a woman born in 1988 */

static const struct sg_calendar calendar = {NULL, 0};
static struct sg_unit_table *units;
static struct folded man;
static struct sg_quality_facts facts;
static struct sg_quality_relative kin;
static struct sg_quality_household house;
static bool has_house, has_kin;
static uint16_t bad_code;
static size_t person, home;

static bool ask_relative(void *context, const struct sg_uid *uid,
                         struct sg_quality_relative *ret)
{
    (void)context;
    *ret = kin;
    return has_kin && uid->bytes[0] == 9;
}

static bool ask_household(void *context, const struct sg_uid *uid,
                          const struct sg_uid *of,
                          struct sg_quality_household *ret)
{
    (void)context;
    assert_int_equal(of->bytes[0], 1);
    *ret = house;
    return has_house && uid->bytes[0] == 5;
}

static bool ask_code(void *context, enum sg_schema_table table, uint16_t code,
                     struct sg_date day)
{
    (void)context;
    assert_true(sg_date_is_valid(day));
    if (table == SG_TABLE_COUNTRY)
        return false;
    if (table == SG_TABLE_PROVINCE)
        return code == 999 || code == 38;
    return code != bad_code;
}

static int open_units(void **state)
{
    (void)state;
    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    return 0;
}

static int close_units(void **state)
{
    (void)state;
    sg_unit_table_free(units);
    return 0;
}

static void fill_person(void)
{
    person = folded_add(&man, SG_TYPE_PERSON, 0);
    folded_name(&man, person, SG_FIELD_PERSON_NAME, "Nguyễn", "Thị", "Hòa");
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19880315);
    folded_uint(&man, person, SG_FIELD_PERSON_SEX, 2);
    folded_place(&man, person, SG_FIELD_PERSON_BIRTH_REG, HOME);
    folded_place(&man, person, SG_FIELD_PERSON_HOMETOWN, HOME);
    folded_uint(&man, person, SG_FIELD_PERSON_ETHNICITY, 1);
    folded_list(&man, person, SG_FIELD_PERSON_NATIONALITY, "VN");
    (void)folded_pin(&man, PIN);
    home = folded_home(&man, HOME, 20200101);
    folded_str(&man, home, SG_FIELD_RESIDENCE_ADDRESS, "Thôn 3");
    folded_uid(&man, home, SG_FIELD_RESIDENCE_HOUSEHOLD, 5);
}

/* A woman of 35 with everything that must be there, and a card. */
static int begin(void **state)
{
    size_t card;

    (void)state;
    folded_init(&man);
    fill_person();
    card = folded_add(&man, SG_TYPE_DOSSIER, 8);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_FROM, 20230101);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_UNTIL, 20280315);
    house = (struct sg_quality_household){true, 1, true, true, true};
    has_house = true;
    has_kin = false;
    bad_code = 0xffff;
    facts = (struct sg_quality_facts){
        .relative = ask_relative,
        .household = ask_household,
        .has_code = ask_code,
        .units = units,
        .calendar = &calendar,
        .today = {20230601},
        .fields = sg_quality_fields,
        .n_fields = sg_quality_n_fields,
    };
    return 0;
}

static struct sg_quality_person judge(void)
{
    struct sg_quality_person judged;

    sg_quality_judge(&man.subject, &facts, &judged);
    return judged;
}

static uint8_t rule(unsigned no)
{
    return judge().rules[no];
}

/* Somebody of whom all is right: no rule fails, nothing is missing, unclean or
 * due. */
static void test_all_is_right(void **state)
{
    struct sg_quality_person judged = judge();

    (void)state;
    assert_true(judged.is_counted);
    for (unsigned i = 1; i <= SG_RULES_COUNT; i++)
        assert_true(judged.rules[i] == SG_RULES_PASS ||
                    judged.rules[i] == SG_RULES_NOT_APPLICABLE);
    assert_int_equal(judged.missing, 0);
    assert_int_equal(judged.due, judged.present);
    assert_int_equal(judged.due, 12);
    assert_int_equal(judged.dirt, 0);
    assert_false(judged.is_identity_wrong);
    assert_true(judged.is_touched);
}

/* V01: digits against sex and year; a prefix in no table; unknown when sex or
 * year is. */
static void test_v01(void **state)
{
    (void)state;
    assert_int_equal(rule(1), SG_RULES_PASS);
    folded_uint(&man, person, SG_FIELD_PERSON_SEX, 1);
    assert_int_equal(rule(1), SG_RULES_FAIL);
    assert_true(judge().is_identity_wrong);
    folded_uint(&man, person, SG_FIELD_PERSON_SEX, 0);
    assert_int_equal(rule(1), SG_RULES_UNKNOWN);
    assert_true(judge().is_identity_wrong);
    assert_int_equal(begin(NULL), 0);
    folded_dispute(&man, person, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(rule(1), SG_RULES_UNKNOWN);
    assert_int_equal(begin(NULL), 0);
    man.objects[1].key.data = (const uint8_t[8]){0, 0, 0, 0, 1, 2, 3, 4};
    assert_int_equal(rule(1), SG_RULES_FAIL);
    man.objects[1].state = 3;
    assert_int_equal(rule(1), SG_RULES_NOT_APPLICABLE);
    assert_true(judge().is_identity_wrong);
}

/* V05 as of quality: a day that can be; of year alone too. */
static void test_v05(void **state)
{
    (void)state;
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19880000);
    assert_int_equal(rule(5), SG_RULES_PASS);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 18991231);
    assert_int_equal(rule(5), SG_RULES_FAIL);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 20230601);
    assert_int_equal(rule(5), SG_RULES_PASS);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 20230602);
    assert_int_equal(rule(5), SG_RULES_FAIL);
    folded_nil(&man, person, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(rule(5), SG_RULES_UNKNOWN);
}

/* V06, V07: a name of letters; codes in their tables, of nationality too. */
static void test_v06_v07(void **state)
{
    (void)state;
    folded_name(&man, person, SG_FIELD_PERSON_NAME, "Nguyá»n", "", "Hoa");
    assert_int_equal(rule(6), SG_RULES_FAIL);
    assert_true(judge().dirt == SG_QUALITY_NAME);
    folded_nil(&man, person, SG_FIELD_PERSON_NAME);
    assert_int_equal(rule(6), SG_RULES_UNKNOWN);
    assert_int_equal(begin(NULL), 0);
    bad_code = 1;
    assert_int_equal(rule(7), SG_RULES_FAIL);
    assert_true(judge().dirt == SG_QUALITY_CODE);
    bad_code = 'V' << 8 | 'N';
    assert_int_equal(rule(7), SG_RULES_FAIL);
    folded_nil(&man, person, SG_FIELD_PERSON_NATIONALITY);
    assert_int_equal(rule(7), SG_RULES_PASS);
    folded_nil(&man, person, SG_FIELD_PERSON_ETHNICITY);
    assert_int_equal(rule(7), SG_RULES_NOT_APPLICABLE);
}

/* V08: the unit of the home on the day one moved in; places need have been. */
static void test_v08(void **state)
{
    (void)state;
    assert_int_equal(rule(8), SG_RULES_PASS);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_UNIT, NEXT);
    assert_int_equal(rule(8), SG_RULES_FAIL);
    assert_true(judge().is_identity_wrong);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_FROM, 20250101);
    assert_int_equal(rule(8), SG_RULES_PASS);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_UNIT, HOME);
    assert_int_equal(rule(8), SG_RULES_FAIL);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_FROM, 20050101);
    assert_int_equal(rule(8), SG_RULES_PASS);
    folded_place(&man, person, SG_FIELD_PERSON_HOMETOWN, HOME + 1);
    assert_int_equal(rule(8), SG_RULES_FAIL);
    assert_int_equal(begin(NULL), 0);
    man.subject.has_home = man.subject.has_residence = false;
    assert_int_equal(rule(8), SG_RULES_UNKNOWN);
    assert_true(judge().is_identity_wrong);
    assert_true(judge().is_homeless);
    assert_true((judge().dirt & SG_QUALITY_ORPHAN) != 0);
}

/* V10: parents' ages, of those who are held; a spouse who names another. */
static void test_v10(void **state)
{
    (void)state;
    folded_kin(&man, person, SG_FIELD_PERSON_MOTHER, 9);
    assert_int_equal(rule(10), SG_RULES_NOT_APPLICABLE);
    has_kin = true;
    kin = (struct sg_quality_relative){.birth = {19760316}};
    assert_int_equal(rule(10), SG_RULES_FAIL);
    kin.birth = DAY(19760315);
    assert_int_equal(rule(10), SG_RULES_PASS);
    kin.birth = DAY(0);
    assert_int_equal(rule(10), SG_RULES_UNKNOWN);
    kin.birth = DAY(19600101);
    folded_kin(&man, person, SG_FIELD_PERSON_SPOUSE, 9);
    assert_int_equal(rule(10), SG_RULES_UNKNOWN);
    kin.has_spouse = true;
    kin.spouse = (struct sg_uid){{2}};
    assert_int_equal(rule(10), SG_RULES_FAIL);
    kin.spouse = (struct sg_uid){{1}};
    assert_int_equal(rule(10), SG_RULES_PASS);
}

/* V12: a card ends on the birthday that the law of its day gives. */
static void test_v12(void **state)
{
    size_t card = man.subject.n_objects - 1;

    (void)state;
    assert_int_equal(rule(12), SG_RULES_PASS);
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_UNTIL, 20280316);
    assert_int_equal(rule(12), SG_RULES_FAIL);
    folded_nil(&man, card, SG_FIELD_DOSSIER_CARD_UNTIL);
    assert_int_equal(rule(12), SG_RULES_UNKNOWN);
}

/* V02: digits 1 to 3 are the province of birth registration. */
static void test_v02(void **state)
{
    static const uint8_t thanh_hoa[8] = {0, 0, 0, 8, 0xe4, 0x2e, 0xa3, 1};

    (void)state;
    assert_int_equal(rule(2), SG_RULES_NOT_APPLICABLE);
    man.objects[1].key.data = thanh_hoa; /* 038 188 ...: of the province */
    assert_int_equal(sg_bytes_get_u64be(thanh_hoa) / 1000000000, 38);
    assert_int_equal(rule(2), SG_RULES_PASS);
    folded_nil(&man, person, SG_FIELD_PERSON_BIRTH_REG);
    assert_int_equal(rule(2), SG_RULES_UNKNOWN);
}

/* Each field of the default list, missing, is told, and no other with it. */
static void test_each_missing_field(void **state)
{
    static const uint8_t fields[] = {
        SG_FIELD_PERSON_NAME, SG_FIELD_PERSON_BIRTH_REG,
        SG_FIELD_PERSON_HOMETOWN, SG_FIELD_PERSON_ETHNICITY,
        SG_FIELD_PERSON_NATIONALITY};

    (void)state;
    for (size_t i = 0; i < sizeof fields; i++) {
        struct sg_quality_person judged;
        unsigned no = 0;

        assert_int_equal(begin(NULL), 0);
        folded_nil(&man, person, fields[i]);
        judged = judge();
        assert_int_equal(judged.present + 1, judged.due);
        while ((judged.missing >> no & 1) == 0)
            no++;
        assert_int_equal(judged.missing, UINT64_C(1) << no);
        assert_int_equal(sg_quality_fields[no].field, fields[i]);
        assert_true(sg_quality_is_behind(&judged, SG_QUALITY_LIST_FIELD, no));
    }
    assert_int_equal(begin(NULL), 0);
    folded_uint(&man, person, SG_FIELD_PERSON_SEX, 0); /* not known */
    assert_int_equal(judge().present + 1, judge().due);
    house.has_file_no = false;
    assert_int_equal(judge().present + 2, judge().due);
    house.has_members = false;
    assert_int_equal(judge().present + 3, judge().due);
}

static uint16_t due_of(uint32_t birth)
{
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, birth);
    return judge().due;
}

/* What must be there by age: guardians below 14, parents below 18, a card from
 * 14; each limit on its day and the day after. */
static void test_ages(void **state)
{
    (void)state;
    assert_int_equal(due_of(20090601), 14); /* 14 today: card, parents */
    assert_int_equal(due_of(20090602), 14); /* 13: guardian, parents */
    assert_int_equal(due_of(20050601), 12); /* 18 today */
    assert_int_equal(due_of(20050602), 14);
    assert_int_equal(due_of(20170601), 14); /* 6 today */
    assert_int_equal(due_of(20170602), 14);
    folded_nil(&man, person, SG_FIELD_PERSON_BIRTH);
    assert_int_equal(judge().due, 11); /* of all ages; the birth date lacks */
    assert_int_equal(judge().present, 10);
}

/* From 14 on a card in force is due, or an exclusion that holds. */
static void test_card_or_reason(void **state)
{
    size_t card = man.subject.n_objects - 1;
    size_t at;

    (void)state;
    man.objects[card].state = 10;
    assert_false(judge().has_card_or_reason);
    at = folded_add(&man, SG_TYPE_EXCLUSION, 2);
    assert_false(judge().has_card_or_reason);
    folded_uint(&man, at, SG_FIELD_EXCLUSION_EXPIRES, 20230602);
    assert_true(judge().has_card_or_reason);
    folded_uint(&man, at, SG_FIELD_EXCLUSION_EXPIRES, 20230601);
    assert_false(judge().has_card_or_reason);
}

/* Of the dead nothing is asked but the day. */
static void test_dead(void **state)
{
    struct sg_quality_person judged;
    size_t at;

    (void)state;
    man.subject.status = SG_SUBJECT_DECEASED;
    man.subject.n_objects--; /* the card, in whose place comes the death */
    at = folded_add(&man, SG_TYPE_VITAL, 2);
    judged = judge();
    assert_false(judged.is_counted);
    assert_true(judged.is_deceased);
    assert_int_equal(judged.due, 1);
    assert_int_equal(judged.present, 0);
    folded_uint(&man, at, SG_FIELD_VITAL_AT, 20230501);
    assert_int_equal(judge().present, 1);
    assert_false(judge().is_death_disputed);
    folded_conflict(&man, 8, SG_SUBJECT_OPEN);
    assert_true(judge().is_death_disputed);
    assert_int_equal(judge().dirt, SG_QUALITY_AFTER_DEATH);
}

/* Every bit of dirt by what makes it so, alone. */
static void test_conflicts_are_dirt(void **state)
{
    static const struct {
        uint8_t rule;
        uint16_t dirt;
    } cases[] = {{9, SG_QUALITY_PIN_TWICE},    {10, SG_QUALITY_DUPLICATE},
                 {7, SG_QUALITY_RESIDENCE},    {8, SG_QUALITY_AFTER_DEATH},
                 {5, SG_QUALITY_IN_CONFLICT},  {11, SG_QUALITY_IN_CONFLICT},
                 {14, SG_QUALITY_IN_CONFLICT}, {18, SG_QUALITY_IN_CONFLICT}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(begin(NULL), 0);
        folded_conflict(&man, cases[i].rule, SG_SUBJECT_OPEN);
        assert_int_equal(judge().dirt, cases[i].dirt);
        man.conflicts[0].state = SG_SUBJECT_REOPENED;
        assert_int_equal(judge().dirt, cases[i].dirt);
        man.conflicts[0].state = SG_SUBJECT_DECIDED;
        assert_int_equal(judge().dirt, 0);
    }
}

/* A household without head, with two, closed, not held, or without him. */
static void test_household(void **state)
{
    (void)state;
    house.heads = 0;
    assert_int_equal(judge().dirt, SG_QUALITY_ORPHAN);
    house.heads = 2;
    assert_int_equal(judge().dirt, SG_QUALITY_TWO_HEADS);
    house.heads = 1;
    house.is_open = false;
    assert_int_equal(judge().dirt, SG_QUALITY_ORPHAN);
    house.is_open = true;
    house.has_person = false;
    assert_int_equal(judge().dirt, SG_QUALITY_ORPHAN);
    house.has_person = true;
    assert_int_equal(judge().dirt, 0);
    has_house = false;
    assert_int_equal(judge().dirt, SG_QUALITY_ORPHAN);
}

/* Stand-in values are dirt, whoever typed them. */
static void test_stand_ins(void **state)
{
    static const char *const odd[] = {"không rõ",     "Không rõ", "KHÔNG RÕ",
                                      "xã, Khong ro", "...",      "xxx"};
    static const uint8_t zeros[8] = {0, 0, 0, 0xe8, 0xa4, 0x3e, 0xed, 0};

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(begin(NULL), 0);
        folded_str(&man, home, SG_FIELD_RESIDENCE_ADDRESS, odd[i]);
        assert_int_equal(judge().dirt, SG_QUALITY_STAND_IN);
    }
    assert_int_equal(begin(NULL), 0);
    folded_str(&man, person, SG_FIELD_PERSON_PHONE, "0000000000");
    assert_int_equal(judge().dirt, SG_QUALITY_STAND_IN);
    folded_str(&man, person, SG_FIELD_PERSON_PHONE, "0900000000");
    assert_int_equal(judge().dirt, 0);
    folded_name(&man, person, SG_FIELD_PERSON_NAME, "", "", "Không Rõ");
    assert_int_equal(judge().dirt, SG_QUALITY_STAND_IN);
    assert_int_equal(begin(NULL), 0);
    man.objects[1].key.data = zeros; /* ... 000000 */
    assert_int_equal(sg_bytes_get_u64be(zeros) % 1000000, 0);
    assert_true((judge().dirt & SG_QUALITY_STAND_IN) != 0);
    assert_true(judge().is_identity_wrong);
}

/* A first of January is one only in full. */
static void test_new_year(void **state)
{
    (void)state;
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19880101);
    assert_true(judge().is_new_year);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19880000);
    assert_false(judge().is_new_year);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19880102);
    assert_false(judge().is_new_year);
}

/* --- verifications ------------------------------------------------------ */

struct result {
    unsigned type, field, result;
};

static void verify(unsigned method, uint32_t day, unsigned stratum,
                   const struct result *results, uint32_t count)
{
    const struct sg_registry_id registry = {0};
    struct sg_record_head head = {
        .type = SG_TYPE_VERIFICATION, .subject = {{1}}, .effective = {day}};
    struct sg_record_copy copy = {.hlc = 1};
    const struct sg_uid sample = {{33}};
    struct sg_record_build build;
    struct sg_buf payload;
    struct sg_pack *pack;
    struct sg_hash id;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    sg_record_build_bin(&build, SG_FIELD_VERIFICATION_SAMPLE,
                        SG_BYTES_ARRAY(sample.bytes));
    sg_record_build_uint(&build, SG_FIELD_VERIFICATION_STRATUM, stratum);
    sg_record_build_uint(&build, SG_FIELD_VERIFICATION_METHOD, method);
    pack = sg_record_build_field(&build, SG_FIELD_VERIFICATION_RESULTS);
    sg_pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++) {
        sg_pack_array(pack, 2);
        sg_pack_uint(pack, results[i].type << 8 | results[i].field);
        sg_pack_uint(pack, results[i].result);
    }
    assert_ok(
        sg_record_build_end(&build, &copy, NULL, &registry, &payload, &id));
    man.written = DAY(day);
    (void)folded_record(&man, sg_buf_bytes(&payload));
    sg_buf_clear(&payload);
}

/* D-ext: number, name, birth date and sex together; one that was not compared,
 * or was changed since, leaves it unknown; one false part fails it. */
static void test_external(void **state)
{
    struct result tuple[] = {
        {32, 3, 1}, {32, 4, 1}, {32, 5, 1}, {32, 12, 2}, {33, 3, 1}};

    (void)state;
    assert_int_equal(judge().external, SG_RULES_UNKNOWN);
    verify(3, 20230201, 0, tuple, 4); /* without the number */
    assert_int_equal(judge().external, SG_RULES_UNKNOWN);
    verify(3, 20230202, 0, tuple, 5);
    assert_int_equal(judge().external, SG_RULES_PASS);
    for (size_t i = 0; i < 5; i++) {
        tuple[i].result = 2;
        verify(3, 20230203, 0, tuple, 5);
        assert_int_equal(judge().external,
                         i == 3 ? SG_RULES_PASS : SG_RULES_FAIL);
        tuple[i].result = i == 3 ? 2 : 3;
        verify(3, 20230203, 0, tuple, 5);
        assert_int_equal(judge().external,
                         i == 3 ? SG_RULES_PASS : SG_RULES_UNKNOWN);
        tuple[i].result = i == 3 ? 2 : 1;
    }
    tuple[3].result = 4;
    verify(3, 20230204, 0, tuple, 5);
    assert_int_equal(judge().external, SG_RULES_FAIL);
    verify(1, 20230301, 0, tuple, 5); /* a visit is no comparison */
    assert_int_equal(judge().external, SG_RULES_FAIL);
}

/* What was set after the comparison was not compared. */
static void test_external_is_stale(void **state)
{
    const struct result tuple[] = {
        {32, 3, 1}, {32, 4, 1}, {32, 5, 1}, {33, 3, 1}};

    (void)state;
    verify(3, 20230202, 0, tuple, 4);
    assert_int_equal(judge().external, SG_RULES_PASS);
    man.written = DAY(20230203);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19880316);
    assert_int_equal(judge().external, SG_RULES_UNKNOWN);
}

/* D-sample: persons who were visited, by stratum; the newest visit counts, and
 * only of the sample that is asked for. */
static void test_sample(void **state)
{
    const struct result right[] = {{32, 3, 1}, {32, 4, 3}};
    const struct result wrong[] = {{32, 3, 1}, {32, 4, 2}};
    const struct result none[] = {{32, 3, 3}};
    const struct sg_uid mine = {{33}}, other = {{34}};

    (void)state;
    verify(1, 20230201, 7, none, 1);
    assert_false(judge().is_sampled);
    verify(1, 20230202, 7, wrong, 2);
    assert_true(judge().is_sampled);
    assert_true(judge().is_wrong);
    assert_int_equal(judge().stratum, 7);
    verify(1, 20230203, 8, right, 2);
    assert_false(judge().is_wrong);
    assert_int_equal(judge().stratum, 8);
    verify(2, 20230204, 9, wrong, 2); /* a card's QR is no visit */
    assert_int_equal(judge().stratum, 8);
    facts.sample = &mine;
    assert_true(judge().is_sampled);
    facts.sample = &other;
    assert_false(judge().is_sampled);
}

/* --- sống --------------------------------------------------------------- */

/* An event counts from its own day to that of its record; imports are none. */
static void test_late_events(void **state)
{
    size_t at;

    (void)state;
    folded_init(&man); /* him alone, and his death */
    person = folded_add(&man, SG_TYPE_PERSON, 0);
    at = folded_add(&man, SG_TYPE_VITAL, 2);
    man.written = DAY(20230516); /* a Tuesday, 15 days after */
    folded_uint(&man, at, SG_FIELD_VITAL_AT, 20230501);
    assert_int_equal(judge().events, 1);
    assert_int_equal(judge().in_time, 1);
    man.written = DAY(20230517);
    folded_uint(&man, at, SG_FIELD_VITAL_AT, 20230501);
    assert_int_equal(judge().events, 1);
    assert_int_equal(judge().in_time, 0);
    man.source = SG_RECORD_SOURCE_LEGACY;
    folded_uint(&man, at, SG_FIELD_VITAL_AT, 20230501);
    assert_int_equal(judge().events, 0);
}

/* A request counts to its decision; while there is time left it counts not. */
static void test_requests(void **state)
{
    size_t at = folded_add(&man, SG_TYPE_REQUEST, 1);
    uint16_t before = judge().events;

    (void)state;
    facts.today = DAY(20240703);
    before = judge().events;
    folded_uint(&man, at, SG_FIELD_REQUEST_KIND, 1);
    folded_uint(&man, at, SG_FIELD_REQUEST_LODGED, 20240701);
    assert_int_equal(judge().events, before);
    facts.today = DAY(20240704);
    assert_int_equal(judge().events, before + 1);
    man.objects[at].state = 3;
    man.records[man.objects[at].state_by - man.records].effective =
        DAY(20240703);
    assert_int_equal(judge().in_time, judge().events);
    man.records[man.objects[at].state_by - man.records].effective =
        DAY(20240704);
    assert_int_equal(judge().in_time + 1, judge().events);
    man.objects[at].state = 5;
    assert_int_equal(judge().events, before);
}

/* At 14, 25, 40 and 60 a card is due, for a year after; so is what a temporary
 * residence ends with. */
static void test_duties(void **state)
{
    static const unsigned ages[] = {14, 25, 40, 60};
    size_t card = man.subject.n_objects - 1;

    (void)state;
    man.objects[card].state = 10;
    folded_nil(&man, card, SG_FIELD_DOSSIER_CARD_UNTIL);
    for (size_t i = 0; i < 4; i++) {
        uint32_t year = (2023 - ages[i]) * 10000;

        folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, year + 601);
        assert_int_equal(judge().duties, 1);
        assert_int_equal(judge().met, 0);
        folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, year + 602);
        assert_int_equal(judge().duties, 0);
        folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, year - 10000 + 602);
        assert_int_equal(judge().duties, 1);
        folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, year - 10000 + 601);
        assert_int_equal(judge().duties, 0);
    }
    man.objects[card].state = 8;
    folded_uint(&man, card, SG_FIELD_DOSSIER_CARD_UNTIL, 20281231);
    folded_uint(&man, person, SG_FIELD_PERSON_BIRTH, 19830601);
    assert_int_equal(judge().met, 1);
}

/* Touched: anything recorded in the last 24 months. */
static void test_touched(void **state)
{
    (void)state;
    facts.today = DAY(20250101);
    assert_true(judge().is_touched);
    facts.today = DAY(20250102);
    assert_false(judge().is_touched);
    assert_true(sg_quality_is_behind(&(struct sg_quality_person){0},
                                     SG_QUALITY_LIST_UNTOUCHED, 0));
}

/* A dossier, an account and its activation are events with limits of their own;
 * what was withdrawn or deleted is waited for no more. */
static void test_work_is_events(void **state)
{
    uint16_t before;
    size_t at;

    (void)state;
    facts.today = DAY(20240801);
    before = judge().events;
    at = folded_add(&man, SG_TYPE_DOSSIER, 1);
    folded_uint(&man, at, SG_FIELD_DOSSIER_CAPTURED, 20240701);
    assert_int_equal(judge().events, before + 1);
    assert_int_equal(judge().in_time, before);
    man.objects[at].state = 12;
    assert_int_equal(judge().events, before);
    at = folded_add(&man, SG_TYPE_ACCOUNT, 4);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_LEVEL, 2);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_REQUESTED, 20240701);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ISSUED, 20240704);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_NOTIFIED, 20240704);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ACTIVATED, 20240711);
    assert_int_equal(judge().events, before + 2);
    assert_int_equal(judge().in_time, before + 2);
    folded_uint(&man, at, SG_FIELD_ACCOUNT_ISSUED, 20240705);
    assert_int_equal(judge().in_time, before + 1);
    man.objects[at].state = 6;
    assert_int_equal(judge().events, before);
}

/* A temporary residence that ends is a duty until it is closed. */
static void test_temporary_residence(void **state)
{
    (void)state;
    folded_uint(&man, home, SG_FIELD_RESIDENCE_KIND, 2);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_UNTIL, 20230601);
    man.subject.has_home = man.subject.has_residence = false;
    assert_int_equal(judge().duties, 1);
    assert_int_equal(judge().met, 0);
    man.objects[home].state = 3;
    assert_int_equal(judge().met, 1);
    folded_uint(&man, home, SG_FIELD_RESIDENCE_UNTIL, 20230602);
    assert_int_equal(judge().duties, 0);
}

/* V03, V09, V13 as the merge found them. */
static void test_state_rules(void **state)
{
    size_t at;

    (void)state;
    assert_int_equal(rule(3), SG_RULES_PASS);
    folded_conflict(&man, 9, SG_SUBJECT_OPEN);
    assert_int_equal(rule(3), SG_RULES_FAIL);
    assert_true(judge().is_identity_wrong);
    assert_int_equal(rule(13), SG_RULES_NOT_APPLICABLE);
    man.subject.status = SG_SUBJECT_DECEASED;
    assert_int_equal(rule(13), SG_RULES_PASS);
    man.subject.marks = SG_SUBJECT_FROZEN;
    assert_int_equal(rule(13), SG_RULES_FAIL);
    assert_int_equal(begin(NULL), 0);
    man.subject.n_objects--; /* the card: residences come before it */
    at = folded_add(&man, SG_TYPE_RESIDENCE, 2);
    folded_uint(&man, at, SG_FIELD_RESIDENCE_KIND, 1);
    assert_int_equal(rule(9), SG_RULES_FAIL);
    assert_int_equal(judge().dirt, SG_QUALITY_RESIDENCE);
    assert_true(judge().is_identity_wrong);
    man.objects[at].state = 3;
    assert_int_equal(rule(9), SG_RULES_PASS);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_is_right),
        TEST(test_v01),
        TEST(test_v02),
        TEST(test_v05),
        TEST(test_v06_v07),
        TEST(test_v08),
        TEST(test_v10),
        TEST(test_v12),
        TEST(test_each_missing_field),
        TEST(test_ages),
        TEST(test_card_or_reason),
        TEST(test_dead),
        TEST(test_conflicts_are_dirt),
        TEST(test_household),
        TEST(test_stand_ins),
        TEST(test_new_year),
        TEST(test_external),
        TEST(test_external_is_stale),
        TEST(test_sample),
        TEST(test_late_events),
        TEST(test_requests),
        TEST(test_duties),
        TEST(test_touched),
        TEST(test_work_is_events),
        TEST(test_temporary_residence),
        TEST(test_state_rules),
    };

    return cmocka_run_group_tests(tests, open_units, close_units);
}
