/* storage/registry/rules.h: one test for each rule of scope record, with what
 * is accepted, what is refused (kept out, or flagged where the rule only flags)
 * and what is disputed; its source above it. */
#include <string.h>

#include "storage/registry/record_build.h"
#include "storage/registry/rules.h"
#include "tests/lib/test.h"

#define DAY(n)    ((struct sg_date){n})
#define TEXT(lit) SG_BYTES_TEXT(lit)

static const struct sg_registry_id registry = {{{9}}};
static const uint8_t our_node[SG_KEY_SIZE] = {7};

/* --- what the authority has said --------------------------------------- */

/* A province since 2019, a commune in it until 2025, the commune after. */
#define PROVINCE UINT64_C(10003820191201)
#define OLD      UINT64_C(31475520191201)
#define NEW      UINT64_C(31475820250701)
#define NOWHERE  UINT64_C(39999920191201)

static const struct sg_unit units[] = {
    {.key = {PROVINCE}},
    {.key = {OLD}, .parent = {PROVINCE}, .until = {20250701}},
    {.key = {NEW}, .parent = {PROVINCE}},
};

static bool has_code(const void *context, enum sg_schema_table table,
                     uint16_t code, struct sg_date first, struct sg_date last)
{
    (void)context;
    (void)first;
    switch (table) {
    case SG_TABLE_PROVINCE:
        return sg_pin_is_province(code, last);
    case SG_TABLE_COUNTRY:
        return code == 123;
    case SG_TABLE_ISO_COUNTRY:
        return code == 22094; /* VN */
    case SG_TABLE_ETHNIC:     /* 55 from 2020 on */
        return code >= 1 && code <= (last.ymd < 20200101 ? 54 : 55);
    default:
        return code >= 1 && code <= 4;
    }
}

static const struct sg_unit *find_unit(const void *context,
                                       struct sg_unit_key unit)
{
    (void)context;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].key.value == unit.value)
            return &units[i];
    }
    return NULL;
}

static bool is_part(const void *context, struct sg_unit_key from,
                    struct sg_unit_key to)
{
    (void)context;
    return from.value == OLD && to.value == NEW;
}

static bool find_block(const void *context, const struct sg_ref *block,
                       unsigned serial, struct sg_pin_block *ret_block)
{
    (void)context;
    (void)serial;
    if (block->bytes[0] != 1)
        return false;
    *ret_block = (struct sg_pin_block){
        .province = 38, .first = 1000, .last = 1999, .expires = {20260630}};
    memcpy(ret_block->node, our_node, sizeof(our_node));
    return true;
}

static bool covers(const void *context, const struct sg_key_id *officer,
                   struct sg_unit_key unit)
{
    (void)context;
    return officer->bytes[0] == 4 && unit.value == NEW;
}

static struct sg_rules_facts authority(void)
{
    struct sg_rules_facts facts = {.has_code = has_code,
                                   .find_unit = find_unit,
                                   .is_part = is_part,
                                   .find_block = find_block,
                                   .covers = covers};

    memcpy(facts.node, our_node, sizeof(our_node));
    return facts;
}

/* --- records under judgement ------------------------------------------- */

struct draft {
    struct sg_record_head head;
    struct sg_record_copy copy;
    struct sg_record_build build;
    struct sg_buf payload;
    struct sg_record record;
    struct sg_rules_findings findings;
};

#define HLC_2025 (UINT64_C(1751416200000) << 16) /* 2025-07-02 in Viet Nam */

static void begin(struct draft *draft, enum sg_type type, uint32_t effective)
{
    memset(draft, 0, sizeof(*draft));
    draft->head.type = type;
    draft->head.subject.bytes[0] = 1;
    draft->head.officer.bytes[0] = 4;
    draft->head.effective = DAY(effective);
    draft->copy.hlc = HLC_2025;
    draft->copy.trust = SG_RECORD_TRUST_SYNCED;
    sg_buf_init(&draft->payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&draft->build, &draft->head);
}

/* As begin, with legacy data (source class 1). */
static void begin_legacy(struct draft *draft, enum sg_type type,
                         uint32_t effective)
{
    const struct sg_record_src src = {.source = SG_RECORD_SOURCE_LEGACY};

    begin(draft, type, effective);
    sg_record_build_src(&draft->build, &src);
}

static void judge_with(struct draft *draft, const struct sg_rules_facts *facts)
{
    struct sg_hash id;

    assert_ok(sg_record_build_end(&draft->build, &draft->copy, NULL, &registry,
                                  &draft->payload, &id));
    assert_ok(sg_record_decode(sg_buf_bytes(&draft->payload), &draft->record));
    sg_rules_check(&draft->record, facts, &draft->findings);
    sg_buf_clear(&draft->payload);
}

static void judge(struct draft *draft)
{
    struct sg_rules_facts facts = authority();

    judge_with(draft, &facts);
}

static void assert_clean(struct draft *draft)
{
    judge(draft);
    assert_int_equal(draft->findings.count, 0);
    assert_int_equal(sg_rules_refused_by(&draft->findings), 0);
}

static void assert_found(struct draft *draft, unsigned rule, unsigned field,
                         enum sg_rules_severity severity)
{
    judge(draft);
    assert_int_equal(draft->findings.count, 1);
    assert_int_equal(draft->findings.items[0].rule, rule);
    assert_int_equal(draft->findings.items[0].field, field);
    assert_int_equal(draft->findings.items[0].severity, severity);
    assert_int_equal(sg_rules_refused_by(&draft->findings),
                     severity == SG_RULES_REJECT ? rule : 0);
}

static void begin_pin(struct draft *draft, uint64_t number, uint32_t effective)
{
    begin(draft, SG_TYPE_PIN, effective);
    sg_record_build_uint(&draft->build, SG_FIELD_PIN_NUMBER, number);
}

/* --- rules ------------------------------------------------------------- */

/* V01. Decree 137/2015 Art. 13; Circ. 07/2016, 59/2021: digits 1 to 3 are a
 * known province or country; 999 is for test registries alone. */
static void test_v01_pin_structure(void **state)
{
    struct sg_rules_facts facts = authority();
    struct draft draft;

    (void)state;
    /* Accepted. */
    begin_pin(&draft, 38188000001, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    assert_clean(&draft);
    begin_pin(&draft, 123188000001, 20250702); /* born abroad */
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    assert_clean(&draft);
    /* Refused. */
    begin_pin(&draft, 3188000001, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    assert_found(&draft, 1, SG_FIELD_PIN_NUMBER, SG_RULES_REJECT);
    begin_pin(&draft, 999188000001, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    assert_found(&draft, 1, SG_FIELD_PIN_NUMBER, SG_RULES_REJECT);
    /* Disputed: what was imported is flagged. */
    begin_legacy(&draft, SG_TYPE_PIN, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_NUMBER, 3188000001);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    assert_found(&draft, 1, SG_FIELD_PIN_NUMBER, SG_RULES_FLAG);
    /* In a test registry it is the other way round. */
    facts.is_test = true;
    begin_pin(&draft, 999188000001, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    judge_with(&draft, &facts);
    assert_int_equal(draft.findings.count, 0);
    begin_pin(&draft, 38188000001, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
    judge_with(&draft, &facts);
    assert_int_equal(sg_rules_refused_by(&draft.findings), 1);
}

/* V04. Law 26/2023 Art. 12: numbers are given centrally; a node assigns only
 * from a lease of its own, inside it and before it expires. */
static void test_v04_pin_block(void **state)
{
    static const struct {
        uint64_t number;
        uint32_t assigned;
        uint8_t block;
        bool is_refused;
    } cases[] = {
        /* Accepted. */
        {38188001000, 20260630, 1, false},
        {38301001999, 20260101, 1, false},
        /* Refused. */
        {38188000999, 20260101, 1, true}, /* outside */
        {38188001000, 20260701, 1, true}, /* expired */
        {38188001000, 20260101, 2, true}, /* no such lease */
        {1188001000, 20260101, 1, true},  /* another province */
    };
    struct sg_rules_facts facts = authority();
    struct sg_ref block = {{0}};
    struct draft draft;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        block.bytes[0] = cases[i].block;
        begin_pin(&draft, cases[i].number, 20250702);
        sg_record_build_uint(&draft.build, SG_FIELD_PIN_ASSIGNED,
                             cases[i].assigned);
        sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 3);
        sg_record_build_bin(&draft.build, SG_FIELD_PIN_BLOCK,
                            SG_BYTES_ARRAY(block.bytes));
        judge(&draft);
        assert_int_equal(sg_rules_refused_by(&draft.findings),
                         cases[i].is_refused ? 4 : 0);
    }
    /* Another node's lease does not serve. */
    facts.node[0] = 8;
    block.bytes[0] = 1;
    begin_pin(&draft, 38188001000, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_ASSIGNED, 20260101);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 3);
    sg_record_build_bin(&draft.build, SG_FIELD_PIN_BLOCK,
                        SG_BYTES_ARRAY(block.bytes));
    judge_with(&draft, &facts);
    assert_int_equal(sg_rules_refused_by(&draft.findings), 4);
    /* Without lease or day there is nothing to stand on. */
    begin_pin(&draft, 38188001000, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 3);
    assert_found(&draft, 4, SG_FIELD_PIN_BY, SG_RULES_REJECT);
    /* Disputed: a number not known yet may be asked for, never active. */
    for (unsigned pin = 1; pin <= 2; pin++) {
        begin(&draft, SG_TYPE_PIN, 20250702);
        sg_record_build_uint(&draft.build, SG_FIELD_COMMON_STATE, pin);
        sg_record_build_uint(&draft.build, SG_FIELD_PIN_NUMBER, 0);
        sg_record_build_uint(&draft.build, SG_FIELD_PIN_BY, 1);
        judge(&draft);
        assert_int_equal(sg_rules_refused_by(&draft.findings),
                         pin == 2 ? 4 : 0);
    }
}

static void begin_birth(struct draft *draft, uint32_t birth, uint32_t effective)
{
    static const struct sg_ref parent = {{3}};

    begin(draft, SG_TYPE_PERSON, effective);
    draft->head.parents = &parent;
    draft->head.n_parents = 1;
    sg_record_build_uint(&draft->build, SG_FIELD_PERSON_BIRTH, birth);
}

/* V05. DC01 guidance: a birth is real, from 1900 on, and not after the record.
 */
static void test_v05_birth_date(void **state)
{
    static const struct {
        uint32_t birth, effective;
        bool is_refused;
    } cases[] = {
        /* Accepted. */
        {19880315, 20250702, false},
        {19880300, 20250702, false},
        {19880000, 20250702, false},
        {20250702, 20250702, false},
        {19000000, 20250702, false},
        /* Refused. */
        {20250703, 20250702, true},
        {18991231, 20250702, true},
        /* Disputed: wrong only if wrong on every day it may mean. */
        {20250000, 20250702, false},
        {20250800, 20250702, true},
        {20250902, 20250000, false},
    };
    struct draft draft;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin_birth(&draft, cases[i].birth, cases[i].effective);
        if (cases[i].is_refused)
            assert_found(&draft, 5, SG_FIELD_PERSON_BIRTH, SG_RULES_REJECT);
        else
            assert_clean(&draft);
    }
}

static void begin_name(struct draft *draft, const char *given, bool is_legacy)
{
    static const struct sg_ref parent = {{3}};
    const struct sg_record_name name = {TEXT("Nguyễn"), TEXT("Thị"),
                                        sg_bytes(given, strlen(given))};

    if (is_legacy)
        begin_legacy(draft, SG_TYPE_PERSON, 20250702);
    else
        begin(draft, SG_TYPE_PERSON, 20250702);
    draft->head.parents = &parent;
    draft->head.n_parents = 1;
    sg_record_build_name(&draft->build, SG_FIELD_PERSON_NAME, &name);
}

/* V06. TCVN 6909:2001; QCVN 109: letters and spaces, no residue of old
 * encodings. */
static void test_v06_name_text(void **state)
{
    static const char *const bad[] = {"Hoøa", "Hòa 2", " Hòa", "Ðào", "Анна"};
    const struct sg_record_kin mother = {
        .has_name = true,
        .name = {TEXT(""), TEXT(""), TEXT("Анна")},
    };
    struct draft draft;

    (void)state;
    /* Accepted. */
    begin_name(&draft, "Hòa", false);
    assert_clean(&draft);
    begin_name(&draft, "Hòa", true);
    assert_clean(&draft);
    /* Refused. */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin_name(&draft, bad[i], false);
        assert_found(&draft, 6, SG_FIELD_PERSON_NAME, SG_RULES_REJECT);
    }
    /* Disputed: what was imported is flagged; a relative may be a foreigner. */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin_name(&draft, bad[i], true);
        assert_found(&draft, 6, SG_FIELD_PERSON_NAME, SG_RULES_FLAG);
    }
    begin_name(&draft, "Hòa", false);
    sg_record_build_kin(&draft.build, SG_FIELD_PERSON_MOTHER, &mother);
    assert_found(&draft, 6, SG_FIELD_PERSON_MOTHER, SG_RULES_FLAG);
}

static void begin_ethnicity(struct draft *draft, uint64_t code,
                            uint32_t effective, bool is_legacy)
{
    static const struct sg_ref parent = {{3}};

    if (is_legacy)
        begin_legacy(draft, SG_TYPE_PERSON, effective);
    else
        begin(draft, SG_TYPE_PERSON, effective);
    draft->head.parents = &parent;
    draft->head.n_parents = 1;
    sg_record_build_uint(&draft->build, SG_FIELD_PERSON_ETHNICITY, code);
}

/* V07. QCVN 109 annexes: a code is a row of its table on the day of the event.
 */
static void test_v07_codes(void **state)
{
    static const char *const countries[] = {"VN", "ZZ"};
    struct draft draft;

    (void)state;
    /* Accepted. */
    begin_ethnicity(&draft, 1, 20250702, false);
    assert_clean(&draft);
    begin_ethnicity(&draft, 0, 20250702, false); /* not declared */
    assert_clean(&draft);
    /* Refused; what was imported is flagged. */
    begin_ethnicity(&draft, 56, 20250702, false);
    assert_found(&draft, 7, SG_FIELD_PERSON_ETHNICITY, SG_RULES_REJECT);
    begin_ethnicity(&draft, 56, 20250702, true);
    assert_found(&draft, 7, SG_FIELD_PERSON_ETHNICITY, SG_RULES_FLAG);
    /* Disputed: 55 came in 2020; a date of 2019 is before it. */
    begin_ethnicity(&draft, 55, 20200101, false);
    assert_clean(&draft);
    begin_ethnicity(&draft, 55, 20190000, false);
    assert_found(&draft, 7, SG_FIELD_PERSON_ETHNICITY, SG_RULES_REJECT);
    for (size_t i = 0; i < 2; i++) {
        struct sg_pack *pack;

        begin_ethnicity(&draft, 1, 20250702, false);
        pack = sg_record_build_field(&draft.build, SG_FIELD_PERSON_NATIONALITY);
        sg_pack_array(pack, 1);
        sg_pack_str(pack, sg_bytes(countries[i], 2));
        judge(&draft);
        assert_int_equal(sg_rules_refused_by(&draft.findings), i == 0 ? 0 : 7);
    }
}

static void begin_residence(struct draft *draft, uint64_t unit, uint32_t from)
{
    begin(draft, SG_TYPE_RESIDENCE, 20250702);
    sg_record_build_uint(&draft->build, SG_FIELD_RESIDENCE_KIND, 1);
    sg_record_build_uint(&draft->build, SG_FIELD_RESIDENCE_UNIT, unit);
    sg_record_build_str(&draft->build, SG_FIELD_RESIDENCE_ADDRESS, TEXT(""));
    sg_record_build_uint(&draft->build, SG_FIELD_RESIDENCE_FROM, from);
}

static void begin_birth_place(struct draft *draft, uint64_t unit)
{
    static const struct sg_ref parent = {{3}};
    const struct sg_record_place place = {.has_unit = true, .unit = {unit}};

    begin(draft, SG_TYPE_PERSON, 20250702);
    draft->head.parents = &parent;
    draft->head.n_parents = 1;
    sg_record_build_place(&draft->build, SG_FIELD_PERSON_BIRTH_PLACE, &place);
}

/* V08. QĐ 19/2025/QĐ-TTg: a unit is named by its own day; nothing is rewritten
 * when units change. */
static void test_v08_unit_valid(void **state)
{
    static const struct {
        uint64_t unit;
        uint32_t from;
        bool is_refused;
    } cases[] = {
        /* Accepted. */
        {OLD, 20250630, false},
        {NEW, 20250701, false},
        {OLD, 19950101, false}, /* before the first table */
        /* Refused. */
        {OLD, 20250701, true},
        {NEW, 20250630, true},
        {NOWHERE, 20250630, true},
        {0, 20250630, true},
        /* Disputed: the year alone leaves room for both. */
        {OLD, 20250000, false},
        {NEW, 20250000, false},
        {NEW, 20250600, true},
    };
    struct draft draft;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin_residence(&draft, cases[i].unit, cases[i].from);
        if (cases[i].is_refused)
            assert_found(&draft, 8, SG_FIELD_RESIDENCE_UNIT, SG_RULES_REJECT);
        else
            assert_clean(&draft);
    }
    /* A place of birth may be long gone. */
    begin_birth_place(&draft, OLD);
    assert_clean(&draft);
    begin_birth_place(&draft, NOWHERE);
    assert_found(&draft, 8, SG_FIELD_PERSON_BIRTH_PLACE, SG_RULES_REJECT);
}

/* V08. Resolution 190/2025/QH15: who lived in a split unit goes to a part of
 * it. */
static void test_v08_resettle_to_a_part(void **state)
{
    static const uint8_t residence[16] = {1};
    static const uint64_t to[] = {NEW, PROVINCE};
    struct draft draft;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&draft, SG_TYPE_RESETTLE, 20250702);
        sg_record_build_bin(&draft.build, SG_FIELD_RESETTLE_RESIDENCE,
                            SG_BYTES_ARRAY(residence));
        sg_record_build_uint(&draft.build, SG_FIELD_RESETTLE_FROM, OLD);
        sg_record_build_uint(&draft.build, SG_FIELD_RESETTLE_TO, to[i]);
        if (i == 0)
            assert_clean(&draft);
        else
            assert_found(&draft, 8, SG_FIELD_RESETTLE_TO, SG_RULES_REJECT);
    }
}

static void begin_dossier(struct draft *draft, unsigned kind, unsigned cause,
                          uint32_t effective)
{
    begin(draft, SG_TYPE_DOSSIER, effective);
    sg_record_build_str(&draft->build, SG_FIELD_DOSSIER_NO, TEXT("0147"));
    sg_record_build_uint(&draft->build, SG_FIELD_DOSSIER_KIND, kind);
    sg_record_build_uint(&draft->build, SG_FIELD_DOSSIER_CAUSE, cause);
    sg_record_build_uint(&draft->build, SG_FIELD_DOSSIER_CAPTURED, 20250702);
}

/* V11. Law 26/2023 Art. 19, 23, 24; Law 59/2014 Art. 19: the cause is one of
 * its kind; a guardian who signs is named. The ages are the state's to judge
 * (test_rules_state.c). */
static void test_v11_dossier_age(void **state)
{
    static const struct {
        unsigned kind, first, last;
    } causes[] = {{1, 0, 0}, {2, 1, 7}, {3, 8, 9}};
    const struct sg_record_kin guardian = {
        .has_name = true, .name = {TEXT(""), TEXT(""), TEXT("Mai")}};
    struct draft draft;

    (void)state;
    /* Accepted: each kind with its causes, and a guardian who is named. */
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        for (unsigned c = causes[i].first; c <= causes[i].last; c++) {
            begin_dossier(&draft, causes[i].kind, c, 20250702);
            assert_clean(&draft);
        }
    begin_dossier(&draft, 1, 0, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_DOSSIER_SIGNED_BY, 2);
    sg_record_build_kin(&draft.build, SG_FIELD_DOSSIER_GUARDIAN, &guardian);
    assert_clean(&draft);
    /* Refused: each kind with every other cause, and a guardian who is not. */
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        for (unsigned c = 0; c <= 10; c++) {
            if (c >= causes[i].first && c <= causes[i].last)
                continue;
            begin_dossier(&draft, causes[i].kind, c, 20250702);
            assert_found(&draft, 11, SG_FIELD_DOSSIER_CAUSE, SG_RULES_REJECT);
        }
    begin_dossier(&draft, 1, 0, 20250702);
    sg_record_build_uint(&draft.build, SG_FIELD_DOSSIER_SIGNED_BY, 2);
    assert_found(&draft, 11, SG_FIELD_DOSSIER_SIGNED_BY, SG_RULES_REJECT);
    /* Disputed: the causes are those of the law of 2023; 2023 had others. */
    begin_dossier(&draft, 1, 5, 20230618);
    assert_clean(&draft);
}

static bool covered_before(const void *context, const struct sg_key_id *officer,
                           struct sg_unit_key unit)
{
    (void)context;
    return officer->bytes[0] == 4 && unit.value == OLD;
}

static void begin_decision(struct draft *draft, uint64_t unit, uint8_t officer)
{
    static const struct sg_ref ruled = {{3}};

    begin(draft, SG_TYPE_DECISION, 20250702);
    draft->head.officer.bytes[0] = officer;
    draft->head.parents = &ruled;
    draft->head.n_parents = 1;
    sg_record_build_uint(&draft->build, SG_FIELD_DECISION_ACT, 1);
    sg_record_build_uint(&draft->build, SG_FIELD_DECISION_UNIT, unit);
}

/* A permit that officer 4 signs, for READER. */
static void begin_permit(struct draft *draft, uint8_t reader)
{
    uint8_t officer[8] = {reader};

    begin(draft, SG_TYPE_PERMIT, 20250702);
    memset(draft->head.subject.bytes, 0, 16);
    memcpy(draft->head.subject.bytes + 8, officer, sizeof(officer));
    sg_record_build_bin(&draft->build, SG_FIELD_PERMIT_OFFICER,
                        SG_BYTES_ARRAY(officer));
    sg_record_build_uint(&draft->build, SG_FIELD_PERMIT_PERSONS, 300);
    sg_record_build_uint(&draft->build, SG_FIELD_PERMIT_UNTIL, 1);
    sg_record_build_uint(&draft->build, SG_FIELD_PERMIT_PURPOSE, 4);
    sg_record_build_str(&draft->build, SG_FIELD_PERMIT_CASE, TEXT("7"));
}

/* V16. Circ. 59/2021 Art. 3: an officer decides for units of his grant, and
 * nobody permits himself to read more. */
static void test_v16_four_eyes(void **state)
{
    struct sg_rules_facts before = authority();
    struct draft draft;

    (void)state;
    /* Accepted. */
    begin_decision(&draft, NEW, 4);
    assert_clean(&draft);
    begin_permit(&draft, 5);
    assert_clean(&draft);
    /* Refused. */
    begin_decision(&draft, OLD, 4);
    assert_found(&draft, 16, SG_FIELD_DECISION_UNIT, SG_RULES_REJECT);
    begin_decision(&draft, NEW, 5);
    assert_found(&draft, 16, SG_FIELD_DECISION_UNIT, SG_RULES_REJECT);
    begin_permit(&draft, 4);
    assert_found(&draft, 16, SG_FIELD_PERMIT_OFFICER, SG_RULES_REJECT);
    /* Disputed: his grant was changed meanwhile; what the authority had said at
     * the record's position decides, both ways. */
    before.covers = covered_before;
    begin_decision(&draft, OLD, 4);
    judge_with(&draft, &before);
    assert_int_equal(draft.findings.count, 0);
    begin_decision(&draft, NEW, 4);
    judge_with(&draft, &before);
    assert_int_equal(sg_rules_refused_by(&draft.findings), 16);
}

/* V18, offline clocks: an effective date more than a day after the capture is
 * flagged, whatever the clock; it is a doubt when the clock was not sure. */
static void test_v18_future_effective(void **state)
{
    static const struct {
        uint32_t effective;
        uint64_t hlc;
        enum sg_record_trust trust;
        bool is_flagged;
    } cases[] = {
        /* Accepted. */
        {20250702, HLC_2025, SG_RECORD_TRUST_SYNCED, false},
        {20250703, HLC_2025, SG_RECORD_TRUST_SYNCED, false},
        {20250000, HLC_2025, SG_RECORD_TRUST_SYNCED, false},
        /* Refused: that is, flagged; it is applied all the same. */
        {20250704, HLC_2025, SG_RECORD_TRUST_SYNCED, true},
        {20260000, HLC_2025, SG_RECORD_TRUST_SYNCED, true},
        /* Disputed: the clock was not sure, or shows no year of ours. */
        {20250703, HLC_2025, SG_RECORD_TRUST_DRIFTING, false},
        {20250704, HLC_2025, SG_RECORD_TRUST_DRIFTING, true},
        {20250704, UINT64_C(260000000000000) << 16, SG_RECORD_TRUST_DRIFTING,
         false},
    };
    struct draft draft;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin_birth(&draft, 19880315, cases[i].effective);
        draft.copy.hlc = cases[i].hlc;
        draft.copy.trust = cases[i].trust;
        if (cases[i].is_flagged)
            assert_found(&draft, 18, SG_FIELD_NONE, SG_RULES_FLAG);
        else
            assert_clean(&draft);
        assert_int_equal(draft.record.copy.trust, cases[i].trust);
    }
}

static void begin_old_id(struct draft *draft, unsigned kind, const char *number)
{
    begin(draft, SG_TYPE_OLD_ID, 20250702);
    sg_record_build_uint(&draft->build, SG_FIELD_OLD_ID_KIND, kind);
    sg_record_build_str(&draft->build, SG_FIELD_OLD_ID_NUMBER,
                        sg_bytes(number, strlen(number)));
    sg_record_build_nil(&draft->build, SG_FIELD_OLD_ID_ISSUED);
}

/* A verification of a name by METHOD with RESULT. */
static void begin_verification(struct draft *draft, unsigned method,
                               unsigned result)
{
    struct sg_pack *pack;

    begin(draft, SG_TYPE_VERIFICATION, 20250702);
    sg_record_build_uint(&draft->build, SG_FIELD_VERIFICATION_METHOD, method);
    pack = sg_record_build_field(&draft->build, SG_FIELD_VERIFICATION_RESULTS);
    sg_pack_array(pack, 1);
    sg_pack_array(pack, 2);
    sg_pack_uint(pack, SG_TYPE_PERSON << 8 | SG_FIELD_PERSON_NAME);
    sg_pack_uint(pack, result);
}

/* V20, card QR of 2021: what it says is compared and never overwrites; a
 * difference is a flag. */
static void test_v20_card_qr(void **state)
{
    struct draft draft;

    (void)state;
    /* Accepted. */
    begin_old_id(&draft, 1, "171234567");
    assert_clean(&draft);
    begin_old_id(&draft, 3, "038188000001");
    assert_clean(&draft);
    begin_verification(&draft, 2, 1);
    assert_clean(&draft);
    /* Refused: that is, flagged. */
    begin_old_id(&draft, 1, "038188000001");
    assert_found(&draft, 20, SG_FIELD_OLD_ID_NUMBER, SG_RULES_FLAG);
    begin_old_id(&draft, 1, "17123456x");
    assert_found(&draft, 20, SG_FIELD_OLD_ID_NUMBER, SG_RULES_FLAG);
    /* Disputed: card and register differ, and somebody must look; what a visit
     * finds false is not the card's. */
    begin_verification(&draft, 2, 2);
    assert_found(&draft, 20, SG_FIELD_VERIFICATION_METHOD, SG_RULES_FLAG);
    begin_verification(&draft, 1, 2);
    assert_clean(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v01_pin_structure),
        cmocka_unit_test(test_v04_pin_block),
        cmocka_unit_test(test_v05_birth_date),
        cmocka_unit_test(test_v06_name_text),
        cmocka_unit_test(test_v07_codes),
        cmocka_unit_test(test_v08_unit_valid),
        cmocka_unit_test(test_v08_resettle_to_a_part),
        cmocka_unit_test(test_v11_dossier_age),
        cmocka_unit_test(test_v16_four_eyes),
        cmocka_unit_test(test_v18_future_effective),
        cmocka_unit_test(test_v20_card_qr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
