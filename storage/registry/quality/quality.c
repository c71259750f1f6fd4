#include "storage/registry/quality/quality.h"

#include <string.h>

#include "storage/registry/name.h"
#include "storage/registry/quality/judge.h"
#include "storage/registry/service/dossier.h"

const struct sg_quality_field sg_quality_fields[] = {
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_NAME},
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH},
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_SEX},
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH_REG},
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_HOMETOWN},
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_ETHNICITY},
    {SG_QUALITY_ALL, SG_TYPE_PERSON, SG_FIELD_PERSON_NATIONALITY},
    {SG_QUALITY_ALL, SG_TYPE_PIN, SG_FIELD_PIN_NUMBER},
    {SG_QUALITY_ALL, SG_TYPE_RESIDENCE, SG_FIELD_RESIDENCE_UNIT},
    {SG_QUALITY_ALL, SG_TYPE_HOUSEHOLD, SG_FIELD_HOUSEHOLD_FILE_NO},
    {SG_QUALITY_ALL, SG_TYPE_HOUSEHOLD, SG_FIELD_HOUSEHOLD_MEMBERS},
    {SG_QUALITY_BELOW_18, SG_TYPE_PERSON, SG_FIELD_PERSON_FATHER},
    {SG_QUALITY_BELOW_18, SG_TYPE_PERSON, SG_FIELD_PERSON_MOTHER},
    {SG_QUALITY_BELOW_6, SG_TYPE_PERSON, SG_FIELD_PERSON_GUARDIAN},
    {SG_QUALITY_6_TO_13, SG_TYPE_PERSON, SG_FIELD_PERSON_GUARDIAN},
    {SG_QUALITY_FROM_14, SG_TYPE_DOSSIER, SG_FIELD_DOSSIER_CARD_FROM},
    {SG_QUALITY_DECEASED, SG_TYPE_VITAL, SG_FIELD_VITAL_AT},
};
const size_t sg_quality_n_fields =
    sizeof sg_quality_fields / sizeof sg_quality_fields[0];

#define TEXT_SIZE_MAX      512u
#define PIN_ACTIVE         2u
#define EXCLUSION_APPROVED 2u

/* --- What stands -----------------------------------------------------------
 */

static const struct sg_subject_object *own(const struct sg_subject *subject,
                                           enum sg_type type)
{
    return sg_subject_find(subject, type, sg_bytes(NULL, 0));
}

#define EMPTY_TEXT 0xa0u /* as encoded */

static bool is_value(const struct sg_subject_cell *cell)
{
    return cell != NULL && cell->value.size > 0 &&
           !(cell->value.size == 1 && cell->value.data[0] == EMPTY_TEXT);
}

/* --- đủ --------------------------------------------------------------------
 */

static bool is_due(enum sg_quality_age age, int years, bool is_dead)
{
    /* Of the dead nothing is asked any more but when they died. */
    if (is_dead)
        return age == SG_QUALITY_DECEASED;
    switch (age) {
    case SG_QUALITY_ALL:
        return true;
    case SG_QUALITY_BELOW_6:
        return years >= 0 && years < 6;
    case SG_QUALITY_6_TO_13:
        return years >= 6 && years <= 13;
    case SG_QUALITY_BELOW_18:
        return years >= 0 && years < 18;
    case SG_QUALITY_FROM_14:
        return years >= 14;
    case SG_QUALITY_DECEASED:
        return false;
    }
    return false;
}

static bool has_exclusion(const struct sg_subject *subject,
                          struct sg_date today)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_EXCLUSION, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_date expires =
            sg_subject_date(&objects[i], SG_FIELD_EXCLUSION_EXPIRES);

        if (objects[i].state == EXCLUSION_APPROVED &&
            sg_date_is_valid(expires) && sg_date_compare(today, expires) < 0)
            return true;
    }
    return false;
}

/* Finds the cell that FIELD is about; NULL when nobody sets it. */
static const struct sg_subject_cell *cell_of(
    const struct sg_subject *subject, const struct sg_quality_field *field)
{
    if (field->type == SG_TYPE_RESIDENCE)
        return sg_subject_known(sg_judge_home(subject), field->field);
    return sg_subject_known(own(subject, field->type), field->field);
}

/* One judgement of what is there. */
struct filling {
    struct sg_quality_person *person;
    struct sg_judge_source source;
};

static void count_evidence(struct filling *filling,
                           const struct sg_subject_record *record,
                           unsigned field)
{
    struct sg_quality_person *person = filling->person;

    person->evident_of++;
    if (sg_judge_has_evidence(&filling->source, record, field))
        person->evident++;
}

static bool has_number(const struct sg_subject *subject,
                       struct filling *filling)
{
    size_t count;
    const struct sg_subject_object *pins =
        sg_subject_objects(subject, SG_TYPE_PIN, &count);

    if (sg_subject_pin(subject) == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (pins[i].state == PIN_ACTIVE)
            count_evidence(filling, pins[i].opening, SG_FIELD_PIN_NUMBER);
    return true;
}

static bool has_any(const struct sg_subject *subject, enum sg_type type)
{
    size_t count;

    (void)sg_subject_objects(subject, type, &count);
    return count > 0;
}

static bool is_present(const struct sg_subject *subject,
                       const struct sg_quality_field *field,
                       struct filling *filling)
{
    const struct sg_subject_cell *cell;

    if (field->type == SG_TYPE_PIN)
        return has_number(subject, filling);
    if (field->type == SG_TYPE_DOSSIER)
        return filling->person->has_card_or_reason;
    if (field->type == SG_TYPE_HOUSEHOLD)
        return false; /* it is asked of the household: sg_quality_end */
    if (field->type == SG_TYPE_OLD_ID)
        return has_any(subject, field->type);
    cell = cell_of(subject, field);
    if (!is_value(cell))
        return false;
    if (field->type == SG_TYPE_PERSON && field->field == SG_FIELD_PERSON_SEX &&
        sg_subject_uint(own(subject, SG_TYPE_PERSON), SG_FIELD_PERSON_SEX, 0) ==
            0)
        return false;
    count_evidence(filling, cell->by, field->field);
    return true;
}

static void judge_fields(const struct sg_subject *subject,
                         const struct sg_quality_facts *facts, int years,
                         struct sg_quality_person *person)
{
    struct filling filling = {.person = person, .source.record = NULL};
    bool is_dead = subject->status == SG_SUBJECT_DECEASED;

    person->has_card_or_reason = sg_dossier_has_card(subject, facts->today) ||
                                 has_exclusion(subject, facts->today);
    for (size_t i = 0; i < facts->n_fields && i < SG_QUALITY_FIELDS_MAX; i++) {
        if (!is_due(facts->fields[i].age, years, is_dead))
            continue;
        person->due++;
        if (is_present(subject, &facts->fields[i], &filling))
            person->present++;
        else
            person->missing |= UINT64_C(1) << i;
    }
}

/* --- sạch ------------------------------------------------------------------
 */

/* One sign again and again: 0000000000, .... */
static bool is_one_sign(struct sg_bytes text)
{
    for (size_t i = 1; i < text.size; i++)
        if (text.data[i] != text.data[0])
            return false;
    return text.size > 0;
}

static bool contains(struct sg_bytes text, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, word, size) == 0)
            return true;
    return false;
}

/* "không rõ", not known, in any case and with or without its marks. */
static bool is_not_known(struct sg_bytes text)
{
    static const char word[] = "khong ro";
    uint8_t key[TEXT_SIZE_MAX];
    struct sg_writer writer;

    /* Each sign of a key comes from a byte or more of the text. */
    if (text.size < sizeof word - 1)
        return false;
    sg_writer_init_array(&writer, key, sizeof key);
    if (sg_name_search_key(&writer, text) != SG_OK)
        return contains(text, "không rõ") || contains(text, "KHÔNG RÕ");
    return contains(sg_writer_written(&writer), word);
}

static bool has_odd_name(const struct sg_subject_object *person, unsigned field)
{
    const struct sg_subject_cell *cell = sg_subject_known(person, field);
    struct sg_record_name name = {0};
    struct sg_msgpack reader;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    if (field == SG_FIELD_PERSON_NAME)
        name = sg_record_read_name(&reader);
    else
        name = sg_record_read_kin(&reader).name;
    return is_not_known(name.given) || is_not_known(name.middle) ||
           (is_not_known(name.family));
}

static bool has_odd_pin(const struct sg_subject *subject)
{
    uint64_t pin = sg_subject_pin(subject);

    return pin != 0 && pin % 1000000 == 0;
}

/* Stand-in values: what offices type when they know none. */
static bool has_stand_in(const struct sg_subject *subject)
{
    const struct sg_subject_object *person = own(subject, SG_TYPE_PERSON);
    struct sg_bytes address =
        sg_subject_str(sg_judge_home(subject), SG_FIELD_RESIDENCE_ADDRESS);

    return has_odd_pin(subject) ||
           is_one_sign(sg_subject_str(person, SG_FIELD_PERSON_PHONE)) ||
           is_one_sign(address) || is_not_known(address) ||
           has_odd_name(person, SG_FIELD_PERSON_NAME) ||
           has_odd_name(person, SG_FIELD_PERSON_FATHER) ||
           has_odd_name(person, SG_FIELD_PERSON_MOTHER);
}

static bool has_other_conflict(const struct sg_subject *subject)
{
    for (size_t i = 0; i < subject->n_conflicts; i++) {
        const struct sg_subject_conflict *conflict = &subject->conflicts[i];

        if (conflict->state != SG_SUBJECT_DECIDED && conflict->rule != 7 &&
            conflict->rule != 8 && conflict->rule != 9 && conflict->rule != 10)
            return true;
    }
    return false;
}

static void judge_clean(const struct sg_subject *subject,
                        struct sg_quality_person *person)
{
    const struct {
        bool is_so;
        uint16_t dirt;
    } causes[] = {
        {sg_subject_has_open(subject, 9) || person->rules[3] == SG_RULES_FAIL,
         SG_QUALITY_PIN_TWICE},
        {sg_subject_has_open(subject, 10), SG_QUALITY_DUPLICATE},
        {person->rules[6] == SG_RULES_FAIL, SG_QUALITY_NAME},
        {person->rules[7] == SG_RULES_FAIL, SG_QUALITY_CODE},
        {person->rules[9] == SG_RULES_FAIL || sg_subject_has_open(subject, 7),
         SG_QUALITY_RESIDENCE},
        {sg_subject_has_open(subject, 8) || person->rules[13] == SG_RULES_FAIL,
         SG_QUALITY_AFTER_DEATH},
        {has_stand_in(subject), SG_QUALITY_STAND_IN},
        {has_other_conflict(subject), SG_QUALITY_IN_CONFLICT},
    };

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].is_so)
            person->dirt |= causes[i].dirt;
    person->dirt |= SG_QUALITY_ORPHAN; /* until a household is found */
}

/* --- All of it -------------------------------------------------------------
 */

/* PIN and unit code: what is not known to be right is wrong here, and V02 may
 * be open only because the place of registration is. */
static bool is_identity_wrong(const struct sg_subject *subject,
                              const struct sg_quality_person *person)
{
    return sg_subject_pin(subject) == 0 || !subject->has_home ||
           person->rules[1] != SG_RULES_PASS ||
           person->rules[2] == SG_RULES_FAIL ||
           person->rules[8] != SG_RULES_PASS || has_odd_pin(subject) ||
           (person->dirt & (SG_QUALITY_PIN_TWICE | SG_QUALITY_RESIDENCE)) != 0;
}

void sg_quality_begin(const struct sg_subject *subject,
                      const struct sg_quality_facts *facts,
                      struct sg_quality_person *ret_person,
                      struct sg_quality_asked *ret_asked)
{
    struct sg_quality_person *person = ret_person;
    struct sg_date birth =
        sg_subject_date(own(subject, SG_TYPE_PERSON), SG_FIELD_PERSON_BIRTH);
    int years =
        sg_date_is_valid(birth) ? sg_rules_age(birth, facts->today) : -1;

    *person = (struct sg_quality_person){
        .is_counted = sg_subject_is_counted(subject),
        .is_deceased = subject->status == SG_SUBJECT_DECEASED,
        .is_homeless = !subject->has_home,
        .is_pending = (subject->marks & SG_SUBJECT_REHOMING) != 0,
        .unit = subject->unit,
        .is_new_year =
            sg_date_precision(birth) == SG_DATE_YMD && birth.ymd % 10000 == 101,
    };
    sg_judge_rules_fill(subject, facts, person);
    judge_fields(subject, facts, years, person);
    judge_clean(subject, person);
    sg_judge_life_fill(subject, facts, person);
    person->is_death_disputed =
        person->is_deceased && sg_subject_has_open(subject, 8);
    person->is_identity_wrong = is_identity_wrong(subject, person);
    sg_quality_ask(subject, ret_asked);
}

/* --- What others say -------------------------------------------------------
 */

static bool has_field(const struct sg_quality_household *household,
                      uint8_t field)
{
    if (field == SG_FIELD_HOUSEHOLD_FILE_NO)
        return household->has_file_no;
    if (field == SG_FIELD_HOUSEHOLD_MEMBERS)
        return household->has_members;
    return true;
}

/* Fields of the household are asked of the household of the home. */
static void take_fields(const struct sg_quality_household *household,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_person *person)
{
    for (size_t i = 0; i < facts->n_fields && i < SG_QUALITY_FIELDS_MAX; i++) {
        const struct sg_quality_field *field = &facts->fields[i];
        uint64_t bit = UINT64_C(1) << i;

        if (field->type != SG_TYPE_HOUSEHOLD || (person->missing & bit) == 0 ||
            !has_field(household, field->field))
            continue;
        person->missing &= ~bit;
        person->present++;
    }
}

static uint16_t household_dirt(const struct sg_quality_household *household)
{
    if (!household->is_open || !household->has_person || household->heads == 0)
        return SG_QUALITY_ORPHAN;
    return household->heads > 1 ? SG_QUALITY_TWO_HEADS : 0;
}

void sg_quality_end(const struct sg_quality_asked *asked,
                    const struct sg_quality_facts *facts,
                    struct sg_quality_person *person)
{
    struct sg_quality_household household;

    person->rules[10] = sg_judge_kin(asked, facts);
    if (!asked->has_household ||
        !facts->household(facts->context, &asked->household, &asked->person,
                          &household))
        return;
    take_fields(&household, facts, person);
    if (asked->has_home)
        person->dirt = (uint16_t)((person->dirt & ~SG_QUALITY_ORPHAN) |
                                  household_dirt(&household));
}

void sg_quality_judge(const struct sg_subject *subject,
                      const struct sg_quality_facts *facts,
                      struct sg_quality_person *ret_person)
{
    struct sg_quality_asked asked;

    sg_quality_begin(subject, facts, ret_person, &asked);
    sg_quality_end(&asked, facts, ret_person);
}

void sg_quality_ask(const struct sg_subject *subject,
                    struct sg_quality_asked *ret_asked)
{
    struct sg_quality_asked *asked = ret_asked;

    *asked = (struct sg_quality_asked){.person = subject->uid,
                                       .has_home = subject->has_home};
    sg_judge_ask(subject, asked);
    /* For the fields of the household, then for what is unclean in it. */
    asked->has_household =
        (subject->status != SG_SUBJECT_DECEASED || subject->has_home) &&
        sg_judge_household(subject, &asked->household);
}

bool sg_quality_is_behind(const struct sg_quality_person *person,
                          enum sg_quality_list list, unsigned no)
{
    switch (list) {
    case SG_QUALITY_LIST_RULE:
        return no <= SG_RULES_COUNT && person->rules[no] == SG_RULES_FAIL;
    case SG_QUALITY_LIST_RULE_UNKNOWN:
        return no <= SG_RULES_COUNT && person->rules[no] == SG_RULES_UNKNOWN;
    case SG_QUALITY_LIST_EXTERNAL:
        return person->external == SG_RULES_FAIL;
    case SG_QUALITY_LIST_SAMPLE:
        return person->is_wrong;
    case SG_QUALITY_LIST_FIELD:
        return no < SG_QUALITY_FIELDS_MAX && (person->missing >> no & 1) != 0;
    case SG_QUALITY_LIST_DIRT:
        return (person->dirt & no) != 0;
    case SG_QUALITY_LIST_NEW_YEAR:
        return person->is_new_year;
    case SG_QUALITY_LIST_IDENTITY:
        return person->is_identity_wrong;
    case SG_QUALITY_LIST_LATE:
        return person->in_time < person->events;
    case SG_QUALITY_LIST_DUTY:
        return person->met < person->duties;
    case SG_QUALITY_LIST_UNTOUCHED:
        return !person->is_touched;
    }
    return false;
}

const char *sg_quality_dirt_text(enum sg_quality_dirt dirt, enum sg_lang lang)
{
    static const char *const texts[SG_QUALITY_DIRT_COUNT][2] = {
        {"two persons have the number", "trùng số định danh"},
        {"may be entered twice", "có thể trùng hồ sơ"},
        {"the name has characters that do not belong in a name",
         "họ tên có ký tự không hợp lệ"},
        {"a code is not in its table", "mã không có trong danh mục"},
        {"more than one residence of a kind", "có nhiều nơi cư trú cùng loại"},
        {"something is dated after the death", "có sự kiện sau khi chết"},
        {"in no household, or in one without a head",
         "không thuộc hộ nào, hoặc hộ không có chủ hộ"},
        {"the household has two heads", "hộ có hai chủ hộ"},
        {"a stand-in value where none was known",
         "có giá trị điền thay cho dữ liệu"},
        {"an open conflict", "có xung đột chưa giải quyết"},
    };
    unsigned bit = 0;

    while (bit + 1 < SG_QUALITY_DIRT_COUNT && (dirt >> bit & 1) == 0)
        bit++;
    return texts[bit][lang == SG_LANG_VI];
}
