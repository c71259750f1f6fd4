/* đúng: the rules of structure, asked of the values that stand; and what
 * verifications have found. */
#include "storage/registry/name.h"
#include "storage/registry/quality/judge.h"

#define METHOD_VISIT    1u
#define METHOD_NATIONAL 3u
#define RESULT_TRUE     1u
#define RESULT_FALSE    2u
#define RESULT_NOBODY   4u /* the person agrees to none */
#define STATE_OPEN      2u
#define STATE_ACTIVE    2u

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

/* Digits 1 to 3: a province, or the country of a birth registered abroad; in a
 * test registry 999 alone. */
static bool has_place_code(const struct sg_quality_facts *facts, uint16_t code)
{
    return facts->has_code(facts->context, SG_TABLE_PROVINCE, code,
                           facts->today) ||
           facts->has_code(facts->context, SG_TABLE_COUNTRY, code,
                           facts->today);
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
        person->rules[1] = has_place_code(facts, (uint16_t)(pin / 1000000000))
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

/* A code is looked up as of the day of the event that said it. */
static void judge_code(const struct sg_quality_facts *facts,
                       const struct sg_subject_cell *cell,
                       enum sg_schema_table table, uint16_t code,
                       struct sg_quality_person *person)
{
    struct sg_date day = facts->today;

    if (cell == NULL || code == 0)
        return;
    if (cell->by != NULL && sg_date_is_valid(cell->by->effective))
        day = sg_date_last(cell->by->effective);
    person->rules[7] = worse(person->rules[7],
                             facts->has_code(facts->context, table, code, day)
                                 ? SG_RULES_PASS
                                 : SG_RULES_FAIL);
}

static void judge_nationality(const struct sg_subject_object *object,
                              const struct sg_quality_facts *facts,
                              struct sg_quality_person *person)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(object, SG_FIELD_PERSON_NATIONALITY);
    struct sg_msgpack reader;
    uint32_t count;

    if (cell == NULL)
        return;
    sg_subject_open(cell, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        struct sg_bytes code = sg_msgpack_read_str(&reader);

        if (code.size == 2)
            judge_code(facts, cell, SG_TABLE_ISO_COUNTRY,
                       (uint16_t)(code.data[0] << 8 | code.data[1]), person);
    }
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
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        judge_code(
            facts, sg_subject_known(object, codes[i].field), codes[i].table,
            (uint16_t)sg_subject_uint(object, codes[i].field, 0), person);
    judge_nationality(object, facts, person);
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

/* A place where one was born, registered or comes from need not be there any
 * more, but must have been a unit. */
static uint8_t judge_places(const struct sg_subject_object *object,
                            const struct sg_quality_facts *facts)
{
    static const uint8_t fields[] = {SG_FIELD_PERSON_BIRTH_PLACE,
                                     SG_FIELD_PERSON_BIRTH_REG,
                                     SG_FIELD_PERSON_HOMETOWN};
    uint8_t verdict = SG_RULES_NOT_APPLICABLE;

    for (size_t i = 0; i < sizeof fields; i++) {
        const struct sg_subject_cell *cell =
            sg_subject_known(object, fields[i]);
        struct sg_record_place place;
        struct sg_msgpack reader;

        if (cell == NULL)
            continue;
        sg_subject_open(cell, &reader);
        place = sg_record_read_place(&reader);
        if (place.has_unit && place.unit.value != 0)
            verdict =
                worse(verdict, sg_unit_find(facts->units, place.unit) != NULL
                                   ? SG_RULES_PASS
                                   : SG_RULES_FAIL);
    }
    return verdict;
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
        person->rules[8] = worse(judge_unit(sg_judge_home(subject), facts),
                                 judge_places(person_of(subject), facts));
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
                     struct sg_uid *ret_uid)
{
    const struct sg_subject_cell *cell = sg_subject_known(object, field);
    struct sg_msgpack reader;
    struct sg_record_kin kin;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    kin = sg_record_read_kin(&reader);
    if (kin.has_uid)
        *ret_uid = kin.uid;
    return kin.has_uid;
}

void sg_judge_ask(const struct sg_subject *subject,
                  struct sg_quality_asked *asked)
{
    const struct sg_subject_object *object = person_of(subject);

    asked->birth = sg_subject_date(object, SG_FIELD_PERSON_BIRTH);
    asked->has_mother =
        read_kin(object, SG_FIELD_PERSON_MOTHER, &asked->mother);
    asked->has_father =
        read_kin(object, SG_FIELD_PERSON_FATHER, &asked->father);
    asked->has_spouse =
        read_kin(object, SG_FIELD_PERSON_SPOUSE, &asked->spouse);
}

static uint8_t judge_parent(const struct sg_quality_asked *asked,
                            const struct sg_quality_facts *facts,
                            const struct sg_uid *uid, enum sg_rules_kin which)
{
    struct sg_quality_relative parent;

    if (!facts->relative(facts->context, uid, &parent))
        return SG_RULES_NOT_APPLICABLE;
    return (uint8_t)sg_rules_v10_parent(which, parent.birth, asked->birth);
}

uint8_t sg_judge_kin(const struct sg_quality_asked *asked,
                     const struct sg_quality_facts *facts)
{
    struct sg_quality_relative spouse;
    uint8_t verdict = SG_RULES_NOT_APPLICABLE;

    if (asked->has_mother)
        verdict = judge_parent(asked, facts, &asked->mother, SG_RULES_MOTHER);
    if (asked->has_father)
        verdict = worse(verdict, judge_parent(asked, facts, &asked->father,
                                              SG_RULES_FATHER));
    if (asked->has_spouse &&
        facts->relative(facts->context, &asked->spouse, &spouse))
        verdict =
            worse(verdict, (uint8_t)sg_rules_v10_spouse(
                               &asked->person,
                               spouse.has_spouse ? &spouse.spouse : NULL));
    return verdict;
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

/* --- Verifications ------------------------------------------------------ */

/* What the tuple of D-ext is made of. */
static const struct {
    enum sg_type type;
    uint8_t field;
} tuple[] = {
    {SG_TYPE_PIN, SG_FIELD_PIN_NUMBER},
    {SG_TYPE_PERSON, SG_FIELD_PERSON_NAME},
    {SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH},
    {SG_TYPE_PERSON, SG_FIELD_PERSON_SEX},
};
#define N_TUPLE (sizeof tuple / sizeof tuple[0])

/* What a verification says of each part of the tuple, and of any field. */
struct results {
    uint8_t of[N_TUPLE]; /* 0: not compared */
    bool has_true, has_false, has_nobody;
};

static void read_results(const struct sg_record *record,
                         struct results *ret_results)
{
    struct sg_msgpack reader;
    uint32_t count;

    *ret_results = (struct results){0};
    sg_record_open(record, SG_FIELD_VERIFICATION_RESULTS, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t field, result;

        (void)sg_msgpack_read_array(&reader);
        field = sg_msgpack_read_uint(&reader);
        result = sg_msgpack_read_uint(&reader);
        ret_results->has_true |= result == RESULT_TRUE;
        ret_results->has_false |= result == RESULT_FALSE;
        ret_results->has_nobody |= result == RESULT_NOBODY;
        for (size_t k = 0; k < N_TUPLE; k++)
            if (field == ((uint64_t)tuple[k].type << 8 | tuple[k].field))
                ret_results->of[k] = (uint8_t)result;
    }
}

/* Says whether part K of the tuple was set after the comparison. */
static bool is_newer(const struct sg_subject *subject, size_t k, uint64_t hlc)
{
    const struct sg_subject_cell *cell;

    if (tuple[k].type == SG_TYPE_PIN) {
        size_t count;
        const struct sg_subject_object *pins =
            sg_subject_objects(subject, SG_TYPE_PIN, &count);

        for (size_t i = 0; i < count; i++)
            if (pins[i].state == STATE_ACTIVE && pins[i].opening != NULL &&
                pins[i].opening->hlc > hlc)
                return true;
        return false;
    }
    cell = sg_subject_known(person_of(subject), tuple[k].field);
    return cell == NULL || (cell->by != NULL && cell->by->hlc > hlc);
}

/* One false part is a difference, whatever the others are. */
static enum sg_rules_verdict compare_tuple(const struct sg_subject *subject,
                                           const struct results *results,
                                           uint64_t hlc)
{
    bool is_whole = sg_subject_pin(subject) != 0;

    if (results->has_nobody)
        return SG_RULES_FAIL;
    for (size_t k = 0; k < N_TUPLE; k++) {
        bool is_stale = is_newer(subject, k, hlc);

        if (results->of[k] == RESULT_FALSE && !is_stale)
            return SG_RULES_FAIL;
        is_whole = is_whole && results->of[k] == RESULT_TRUE && !is_stale;
    }
    return is_whole ? SG_RULES_PASS : SG_RULES_UNKNOWN;
}

static bool is_of_sample(const struct sg_record *record,
                         const struct sg_uid *sample)
{
    struct sg_uid uid;

    if (sample == NULL)
        return true;
    if (!sg_record_has(record, SG_FIELD_VERIFICATION_SAMPLE))
        return false;
    uid = sg_record_uid(record, SG_FIELD_VERIFICATION_SAMPLE);
    return sg_uid_compare(&uid, sample) == 0;
}

/* Of several visits the newest counts, and so does the newest comparison. */
struct newest {
    uint64_t visit;
    uint64_t national;
};

static void judge_verification(const struct sg_subject *subject,
                               const struct sg_quality_facts *facts,
                               const struct sg_subject_record *entry,
                               struct newest *newest,
                               struct sg_quality_person *person)
{
    struct sg_record record;
    struct results results;
    uint64_t method;

    if (sg_record_decode_inner(entry->inner, &record) != SG_OK)
        return;
    method = sg_record_uint(&record, SG_FIELD_VERIFICATION_METHOD);
    read_results(&record, &results);
    if (method == METHOD_NATIONAL && entry->hlc >= newest->national) {
        newest->national = entry->hlc;
        person->external = compare_tuple(subject, &results, entry->hlc);
    }
    if (method != METHOD_VISIT || entry->hlc < newest->visit ||
        !is_of_sample(&record, facts->sample) ||
        !(results.has_true || results.has_false))
        return;
    newest->visit = entry->hlc;
    person->is_sampled = true;
    person->is_wrong = results.has_false;
    person->stratum =
        (uint16_t)sg_record_uint_or(&record, SG_FIELD_VERIFICATION_STRATUM, 0);
}

static void judge_verifications(const struct sg_subject *subject,
                                const struct sg_quality_facts *facts,
                                struct sg_quality_person *person)
{
    struct newest newest = {0, 0};

    person->external = SG_RULES_UNKNOWN;
    for (size_t i = 0; i < subject->n_records; i++)
        if (subject->records[i].type == SG_TYPE_VERIFICATION &&
            !subject->records[i].is_refused)
            judge_verification(subject, facts, &subject->records[i], &newest,
                               person);
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
    judge_cards(subject, person);
    judge_verifications(subject, facts, person);
}
