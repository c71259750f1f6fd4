/* đúng: the rules of structure, asked of the values that stand; and what
 * verifications have found. */
#include "storage/registry/name.h"
#include "storage/registry/quality/judge.h"

#define METHOD_VISIT    1u
#define METHOD_NATIONAL 3u
#define RESULT_TRUE     1u
#define RESULT_FALSE    2u
#define STATE_OPEN      2u

static const struct sg_subject_object *person_of(
    const struct sg_subject *subject)
{
    return sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0));
}

/* Of several verdicts: a fail, else what is not known, else a pass. */
static uint8_t worse(uint8_t a, uint8_t b)
{
    static const uint8_t ranks[] = {
        [SG_RULES_PASS] = 1,
        [SG_RULES_FAIL] = 3,
        [SG_RULES_NOT_APPLICABLE] = 0,
        [SG_RULES_UNKNOWN] = 2,
    };

    return ranks[a] >= ranks[b] ? a : b;
}

/* --- V01, V02, V05 ---------------------------------------------------------
 */

static unsigned birth_province(const struct sg_subject_object *object,
                               const struct sg_quality_facts *facts)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(object, SG_FIELD_PERSON_BIRTH_REG);
    const struct sg_unit *unit;
    struct sg_record_place place;
    struct sg_msgpack reader;

    if (cell == NULL)
        return 0;
    sg_subject_open(cell, &reader);
    place = sg_record_read_place(&reader);
    unit = place.has_unit ? sg_unit_find(facts->units, place.unit) : NULL;
    if (unit != NULL)
        unit = sg_unit_above(facts->units, unit, SG_UNIT_LEVEL_PROVINCE);
    return unit == NULL ? 0 : sg_unit_key_code(unit->key);
}

static void judge_number(const struct sg_subject *subject,
                         const struct sg_quality_facts *facts,
                         struct sg_quality_person *person)
{
    const struct sg_subject_object *object = person_of(subject);
    struct sg_date birth = sg_subject_date(object, SG_FIELD_PERSON_BIRTH);
    enum sg_sex sex =
        (enum sg_sex)sg_subject_uint(object, SG_FIELD_PERSON_SEX, 0);
    uint64_t pin = sg_subject_pin(subject);

    person->rules[1] = person->rules[2] = SG_RULES_NOT_APPLICABLE;
    if (pin != 0) {
        person->rules[1] =
            facts->has_code(facts->context, SG_TABLE_PROVINCE,
                            (uint16_t)(pin / 1000000000), facts->today)
                ? (uint8_t)sg_rules_v01(pin, sex, birth)
                : SG_RULES_FAIL;
        person->rules[2] =
            (uint8_t)sg_rules_v02(pin, birth_province(object, facts));
    }
    /* As of quality, V05 asks for a day that can be: what is not exact enough
     * for a card is still correct. */
    person->rules[5] = SG_RULES_UNKNOWN;
    if (sg_date_is_valid(birth))
        person->rules[5] =
            birth.ymd >= 19000000 &&
                    sg_date_compare(sg_date_first(birth), facts->today) <= 0
                ? SG_RULES_PASS
                : SG_RULES_FAIL;
    person->rules[3] = sg_subject_has_open(subject, 9) ? SG_RULES_FAIL
                       : pin != 0                      ? SG_RULES_PASS
                                  : SG_RULES_NOT_APPLICABLE;
}

/* --- V06, V07 --------------------------------------------------------------
 */

static bool has_name_fault(struct sg_bytes part)
{
    return sg_name_check(part) != SG_NAME_FINE;
}

static void judge_name(const struct sg_subject *subject,
                       struct sg_quality_person *person)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(person_of(subject), SG_FIELD_PERSON_NAME);
    struct sg_record_name name;
    struct sg_msgpack reader;

    person->rules[6] = SG_RULES_UNKNOWN;
    if (cell == NULL)
        return;
    sg_subject_open(cell, &reader);
    name = sg_record_read_name(&reader);
    person->rules[6] = has_name_fault(name.family) ||
                               has_name_fault(name.middle) ||
                               has_name_fault(name.given)
                           ? SG_RULES_FAIL
                           : SG_RULES_PASS;
}

static void judge_codes(const struct sg_subject *subject,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_person *person)
{
    static const struct {
        uint8_t field;
        enum sg_schema_table table;
    } codes[] = {
        {SG_FIELD_PERSON_ETHNICITY, SG_TABLE_ETHNIC},
        {SG_FIELD_PERSON_RELIGION, SG_TABLE_RELIGION},
        {SG_FIELD_PERSON_BLOOD, SG_TABLE_BLOOD},
        {SG_FIELD_PERSON_MARITAL, SG_TABLE_MARITAL},
    };
    const struct sg_subject_object *object = person_of(subject);

    person->rules[7] = SG_RULES_NOT_APPLICABLE;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        uint64_t code = sg_subject_uint(object, codes[i].field, 0);

        if (code == 0)
            continue;
        person->rules[7] = worse(person->rules[7],
                                 facts->has_code(facts->context, codes[i].table,
                                                 (uint16_t)code, facts->today)
                                     ? SG_RULES_PASS
                                     : SG_RULES_FAIL);
    }
}

/* --- V08, V09 --------------------------------------------------------------
 */

static uint8_t judge_unit(const struct sg_subject_object *residence,
                          const struct sg_quality_facts *facts)
{
    struct sg_unit_key unit =
        sg_subject_unit(residence, SG_FIELD_RESIDENCE_UNIT);
    struct sg_date from = sg_subject_date(residence, SG_FIELD_RESIDENCE_FROM);

    if (unit.value == 0)
        return SG_RULES_UNKNOWN;
    if (!sg_date_is_valid(from))
        return sg_unit_find(facts->units, unit) != NULL ? SG_RULES_PASS
                                                        : SG_RULES_FAIL;
    /* What came before the first table was entered by it. */
    if (sg_date_compare(sg_date_last(from), SG_UNIT_FIRST_DAY) < 0)
        from = SG_UNIT_FIRST_DAY;
    return sg_unit_chain_is_at(facts->units, unit, sg_date_first(from)) ||
                   sg_unit_chain_is_at(facts->units, unit, sg_date_last(from))
               ? SG_RULES_PASS
               : SG_RULES_FAIL;
}

#define RESIDENCES_MAX 64u

static void judge_residences(const struct sg_subject *subject,
                             const struct sg_quality_facts *facts,
                             struct sg_quality_person *person)
{
    struct sg_rules_residence residences[RESIDENCES_MAX];
    enum sg_rules_severity severity;
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_RESIDENCE, &count);
    size_t n = 0;

    person->rules[8] = SG_RULES_UNKNOWN;
    if (sg_judge_home(subject) != NULL)
        person->rules[8] = judge_unit(sg_judge_home(subject), facts);
    for (size_t i = 0; i < count && n < RESIDENCES_MAX; i++)
        residences[n++] = (struct sg_rules_residence){
            .kind = (uint8_t)sg_subject_uint(&objects[i],
                                             SG_FIELD_RESIDENCE_KIND, 0),
            .is_open = objects[i].state == STATE_OPEN,
            .from = sg_subject_date(&objects[i], SG_FIELD_RESIDENCE_FROM),
            .until = sg_subject_date(&objects[i], SG_FIELD_RESIDENCE_UNTIL),
        };
    person->rules[9] = (uint8_t)sg_rules_v09(residences, n, &severity);
}

/* --- V10
 * ----------------------------------------------------------------------------
 */

static bool read_kin(const struct sg_subject_object *object, unsigned field,
                     struct sg_record_kin *ret)
{
    const struct sg_subject_cell *cell = sg_subject_known(object, field);
    struct sg_msgpack reader;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    *ret = sg_record_read_kin(&reader);
    return ret->has_uid;
}

static uint8_t judge_parent(const struct sg_subject_object *object,
                            const struct sg_quality_facts *facts,
                            unsigned field, enum sg_rules_kin which)
{
    struct sg_quality_relative parent;
    struct sg_record_kin kin;

    if (!read_kin(object, field, &kin) ||
        !facts->relative(facts->context, &kin.uid, &parent))
        return SG_RULES_NOT_APPLICABLE;
    return (uint8_t)sg_rules_v10_parent(
        which, parent.birth, sg_subject_date(object, SG_FIELD_PERSON_BIRTH));
}

static void judge_kin(const struct sg_subject *subject,
                      const struct sg_quality_facts *facts,
                      struct sg_quality_person *person)
{
    const struct sg_subject_object *object = person_of(subject);
    struct sg_quality_relative spouse;
    struct sg_record_kin kin;
    uint8_t verdict =
        judge_parent(object, facts, SG_FIELD_PERSON_MOTHER, SG_RULES_MOTHER);

    verdict = worse(verdict, judge_parent(object, facts, SG_FIELD_PERSON_FATHER,
                                          SG_RULES_FATHER));
    if (read_kin(object, SG_FIELD_PERSON_SPOUSE, &kin) &&
        facts->relative(facts->context, &kin.uid, &spouse))
        verdict =
            worse(verdict, (uint8_t)sg_rules_v10_spouse(
                               &subject->uid,
                               spouse.has_spouse ? &spouse.spouse : NULL));
    person->rules[10] = verdict;
}

/* --- V12, V13 --------------------------------------------------------------
 */

static void judge_cards(const struct sg_subject *subject,
                        struct sg_quality_person *person)
{
    struct sg_date birth =
        sg_subject_date(person_of(subject), SG_FIELD_PERSON_BIRTH);
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_DOSSIER, &count);

    person->rules[12] = SG_RULES_NOT_APPLICABLE;
    for (size_t i = 0; i < count; i++) {
        struct sg_date from =
            sg_subject_date(&objects[i], SG_FIELD_DOSSIER_CARD_FROM);
        struct sg_date until =
            sg_subject_date(&objects[i], SG_FIELD_DOSSIER_CARD_UNTIL);

        if (sg_date_is_valid(from))
            person->rules[12] = worse(
                person->rules[12], (uint8_t)sg_rules_v12(birth, from, until));
    }
    person->rules[13] =
        subject->status != SG_SUBJECT_DECEASED      ? SG_RULES_NOT_APPLICABLE
        : (subject->marks & SG_SUBJECT_FROZEN) != 0 ? SG_RULES_FAIL
                                                    : SG_RULES_PASS;
}

/* --- Verifications ---------------------------------------------------------
 */

static void read_results(const struct sg_record *record, bool is_national,
                         struct sg_quality_person *person)
{
    struct sg_msgpack reader;
    uint32_t count;
    bool is_wrong = false;

    sg_record_open(record, SG_FIELD_VERIFICATION_RESULTS, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t result;

        (void)sg_msgpack_read_array(&reader);
        (void)sg_msgpack_read_uint(&reader);
        result = sg_msgpack_read_uint(&reader);
        is_wrong = is_wrong || result == RESULT_FALSE;
        if (!is_national && (result == RESULT_TRUE || result == RESULT_FALSE)) {
            person->sampled++;
            person->wrong =
                (uint16_t)(person->wrong + (result == RESULT_FALSE));
        }
    }
    if (is_national)
        person->external = is_wrong ? SG_RULES_FAIL : SG_RULES_PASS;
}

/* The newest comparison with the national database counts; of visits all. */
static void judge_verifications(const struct sg_subject *subject,
                                struct sg_quality_person *person)
{
    uint64_t newest = 0;

    person->external = SG_RULES_UNKNOWN;
    for (size_t i = 0; i < subject->n_records; i++) {
        const struct sg_subject_record *entry = &subject->records[i];
        struct sg_record record;
        uint64_t method;

        if (entry->type != SG_TYPE_VERIFICATION || entry->is_refused ||
            sg_record_decode_inner(entry->inner, &record) != SG_OK)
            continue;
        method = sg_record_uint(&record, SG_FIELD_VERIFICATION_METHOD);
        if (method == METHOD_VISIT)
            read_results(&record, false, person);
        if (method != METHOD_NATIONAL || entry->hlc < newest)
            continue;
        newest = entry->hlc;
        read_results(&record, true, person);
    }
}

void sg_judge_rules_fill(const struct sg_subject *subject,
                         const struct sg_quality_facts *facts,
                         struct sg_quality_person *person)
{
    for (unsigned i = 0; i <= SG_RULES_COUNT; i++)
        person->rules[i] = SG_RULES_NOT_APPLICABLE;
    judge_number(subject, facts, person);
    judge_name(subject, person);
    judge_codes(subject, facts, person);
    judge_residences(subject, facts, person);
    judge_kin(subject, facts, person);
    judge_cards(subject, person);
    judge_verifications(subject, person);
}
