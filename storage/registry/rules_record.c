/* The rules of scope record: from a record and the authority's state. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/name.h"
#include "storage/registry/rules.h"

#define BIRTH_YEAR_MIN  1900u
#define PARENTS_MAX     4 /* commune, district, province, country */
#define METHOD_CARD_QR  2u
#define RESULT_FALSE    2u
#define BY_LEASE        3u
#define PIN_ACTIVE      2u
#define SIGNED_GUARDIAN 2u
#define COUNTRY_SIZE    2u

/* A record under judgement. */
struct judge {
    const struct sg_record *record;
    const struct sg_rules_facts *facts;
    struct sg_rules_findings *findings;
    struct sg_date first, last; /* the days that `effective` may mean */
};

static void find(struct judge *judge, unsigned rule, uint8_t field,
                 enum sg_rules_severity severity)
{
    struct sg_rules_findings *findings = judge->findings;

    if (severity == SG_RULES_OFF)
        return;
    SG_ASSERT(findings->count < SG_RULES_FINDINGS_MAX);
    findings->items[findings->count++] = (struct sg_rules_finding){
        .rule = (uint8_t)rule, .field = field, .severity = severity};
}

static bool is_legacy(const struct judge *judge, uint8_t field)
{
    if (field == SG_FIELD_NONE || !sg_schema_is_shared(judge->record->schema))
        return false;
    return sg_record_src_of(judge->record, field).source ==
           SG_RECORD_SOURCE_LEGACY;
}

static enum sg_rules_severity severity(const struct judge *judge, unsigned rule,
                                       uint8_t field)
{
    return sg_rules_severity(rule, SG_RULES_RECORD, is_legacy(judge, field),
                             judge->record->effective, judge->facts->changes,
                             judge->facts->n_changes);
}

static bool has_value(const struct sg_record *record, unsigned no)
{
    return sg_record_has(record, no) && !sg_record_is_nil(record, no);
}

/* --- V01, V04: numbers ------------------------------------------------- */

static bool fails_v01(const struct judge *judge, uint8_t field)
{
    const struct sg_rules_facts *facts = judge->facts;
    unsigned province;
    uint64_t number;

    if (judge->record->type != SG_TYPE_PIN)
        return false; /* of a person, this is the state's */
    number = sg_record_uint(judge->record, field);
    if (number == 0)
        return false; /* asked for, not known yet */
    province = sg_pin_split(number).province;
    if (facts->is_test)
        return province != SG_PIN_PROVINCE_TEST;
    if (province == SG_PIN_PROVINCE_TEST)
        return true;
    return !facts->has_code(facts->context, SG_TABLE_PROVINCE,
                            (uint16_t)province, judge->first, judge->last) &&
           !facts->has_code(facts->context, SG_TABLE_COUNTRY,
                            (uint16_t)province, judge->first, judge->last);
}

static bool fails_v04_lease(const struct judge *judge)
{
    const struct sg_record *record = judge->record;
    const struct sg_rules_facts *facts = judge->facts;
    struct sg_pin_block block;
    struct sg_ref ref;
    unsigned serial;

    if (!has_value(record, SG_FIELD_PIN_BLOCK) ||
        !has_value(record, SG_FIELD_PIN_ASSIGNED))
        return true;
    ref = sg_record_ref(record, SG_FIELD_PIN_BLOCK);
    serial = sg_pin_split(sg_record_uint(record, SG_FIELD_PIN_NUMBER)).serial;
    if (!facts->find_block(facts->context, &ref, serial, &block))
        return true;
    return sg_pin_block_check(&block,
                              sg_record_uint(record, SG_FIELD_PIN_NUMBER),
                              sg_record_date(record, SG_FIELD_PIN_ASSIGNED),
                              facts->node) != SG_OK;
}

static bool fails_v04(const struct judge *judge, uint8_t field)
{
    const struct sg_record *record = judge->record;

    if (record->type != SG_TYPE_PIN)
        return false;
    switch (field) {
    case SG_FIELD_PIN_NUMBER:
        return sg_record_uint(record, field) == 0 &&
               sg_record_uint_or(record, SG_FIELD_COMMON_STATE, 0) ==
                   PIN_ACTIVE;
    case SG_FIELD_PIN_BY:
        return sg_record_uint(record, field) == BY_LEASE &&
               fails_v04_lease(judge);
    default:
        return false;
    }
}

/* --- V05: dates -------------------------------------------------------- */

static bool fails_v05(const struct judge *judge, uint8_t field)
{
    struct sg_date date = sg_record_date(judge->record, field);

    return date.ymd / 10000 < BIRTH_YEAR_MIN ||
           sg_date_compare(sg_date_first(date), judge->last) > 0;
}

/* --- V06: names -------------------------------------------------------- */

static bool is_bad_name(const struct sg_record_name *name)
{
    return sg_name_check(name->family) != SG_NAME_FINE ||
           sg_name_check(name->middle) != SG_NAME_FINE ||
           sg_name_check(name->given) != SG_NAME_FINE;
}

static bool is_bad_kin(struct sg_msgpack *reader)
{
    struct sg_record_kin kin = sg_record_read_kin(reader);

    return kin.has_name && is_bad_name(&kin.name);
}

/* Elements (uid, kin?). */
static bool has_bad_kin(struct sg_msgpack *reader)
{
    uint32_t count = sg_msgpack_read_array(reader);
    bool is_bad = false;

    for (; count > 0; count--) {
        (void)sg_msgpack_read_array(reader);
        (void)sg_msgpack_skip(reader);
        is_bad = is_bad_kin(reader) || is_bad;
    }
    return is_bad;
}

/* The names of relatives may be foreigners': whatever is odd is a flag. */
static void judge_v06(struct judge *judge, const struct sg_schema_field *field)
{
    enum sg_rules_severity found;
    struct sg_record_name name;
    struct sg_msgpack reader;
    bool is_kin = false;
    bool is_bad;

    sg_record_open(judge->record, field->no, &reader);
    switch (field->value.kind) {
    case SG_SCHEMA_NAME:
        name = sg_record_read_name(&reader);
        is_bad = is_bad_name(&name);
        break;
    case SG_SCHEMA_STR:
        is_bad = sg_name_check(sg_msgpack_read_str(&reader)) != SG_NAME_FINE;
        break;
    case SG_SCHEMA_KIN:
        is_bad = is_bad_kin(&reader);
        is_kin = true;
        break;
    case SG_SCHEMA_ARRAY:
        if (field->no == SG_FIELD_COMMON_ORIGINAL)
            return; /* bytes as they came */
        is_bad = has_bad_kin(&reader);
        is_kin = true;
        break;
    default:
        return;
    }
    if (!is_bad)
        return;
    found = severity(judge, 6, field->no);
    if (is_kin && found == SG_RULES_REJECT)
        found = SG_RULES_FLAG;
    find(judge, 6, field->no, found);
}

/* --- V07: codes -------------------------------------------------------- */

/* Tables whose row 0 is "declared none" or the like (section 9). */
static bool has_zero(enum sg_schema_table table)
{
    return table == SG_TABLE_ETHNIC || table == SG_TABLE_RELIGION ||
           table == SG_TABLE_BLOOD || table == SG_TABLE_MARITAL ||
           table == SG_TABLE_RELATION;
}

static bool has_country(const struct judge *judge, struct sg_bytes country)
{
    uint16_t code = (uint16_t)(country.data[0] << 8 | country.data[1]);

    return judge->facts->has_code(judge->facts->context, SG_TABLE_ISO_COUNTRY,
                                  code, judge->first, judge->last);
}

static bool has_code(const struct judge *judge, enum sg_schema_table table,
                     uint64_t code)
{
    if (code == 0 && has_zero(table))
        return true;
    return judge->facts->has_code(judge->facts->context, table, (uint16_t)code,
                                  judge->first, judge->last);
}

/* Goes through a value of FORM and looks up the codes and countries in it:
 * texts of exactly two bytes are countries, on this page everywhere. */
static bool has_bad_code(const struct judge *judge,
                         const struct sg_schema_value *form,
                         struct sg_msgpack *reader)
{
    bool is_bad = false;
    uint32_t count;

    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        (void)sg_msgpack_skip(reader);
        return false;
    }
    if (form->kind == SG_SCHEMA_CODE)
        return !has_code(judge, form->table, sg_msgpack_read_uint(reader));
    if (form->kind == SG_SCHEMA_STR && form->min == COUNTRY_SIZE &&
        form->max == COUNTRY_SIZE)
        return !has_country(judge, sg_msgpack_read_str(reader));
    if (form->n_members == 0) {
        (void)sg_msgpack_skip(reader);
        return false;
    }
    count = sg_msgpack_read_array(reader);
    for (uint32_t i = 0; i < count; i++) {
        const struct sg_schema_value *member =
            form->kind == SG_SCHEMA_ARRAY ? form->members : &form->members[i];
        is_bad = has_bad_code(judge, member, reader) || is_bad;
    }
    return is_bad;
}

static bool fails_v07(const struct judge *judge,
                      const struct sg_schema_field *field)
{
    struct sg_msgpack reader;

    if (!sg_schema_is_shared(judge->record->schema))
        return false; /* the tables themselves */
    sg_record_open(judge->record, field->no, &reader);
    return has_bad_code(judge, &field->value, &reader);
}

/* --- V08: units -------------------------------------------------------- */

static struct sg_date clamped(struct sg_date day)
{
    return sg_date_compare(day, SG_UNIT_FIRST_DAY) < 0 ? SG_UNIT_FIRST_DAY
                                                       : day;
}

/* Says whether UNIT and all above it were there on one day from FIRST to
 * LAST. */
static bool unit_is_valid(const struct judge *judge, struct sg_unit_key key,
                          struct sg_date first, struct sg_date last)
{
    first = clamped(first);
    last = clamped(last);
    for (int i = 0; i < PARENTS_MAX; i++) {
        const struct sg_unit *unit =
            judge->facts->find_unit(judge->facts->context, key);
        struct sg_date from = sg_unit_key_from(key);

        if (unit == NULL)
            return false;
        if (sg_date_compare(from, first) > 0)
            first = from;
        if (unit->until.ymd != 0 && sg_date_compare(unit->until, last) <= 0)
            last = sg_date_from_days((int64_t)sg_date_days(unit->until) - 1);
        if (sg_date_compare(first, last) > 0)
            return false;
        key = unit->parent;
        if (key.value == 0)
            return true;
    }
    return false;
}

/* Places of birth and origin may lie in units long gone by. */
static bool unit_was_defined(const struct judge *judge, struct sg_unit_key key)
{
    return judge->facts->find_unit(judge->facts->context, key) != NULL &&
           sg_date_compare(sg_unit_key_from(key), clamped(judge->last)) <= 0;
}

/* Gives the field with the day of the event, by which units are judged. */
static uint8_t day_field(const struct sg_record *record)
{
    switch (record->type) {
    case SG_TYPE_RESIDENCE:
        return SG_FIELD_RESIDENCE_FROM;
    case SG_TYPE_VITAL:
        return SG_FIELD_VITAL_AT;
    default:
        return SG_FIELD_NONE;
    }
}

static bool fails_v08_place(const struct judge *judge, struct sg_unit_key unit)
{
    uint8_t no = day_field(judge->record);
    struct sg_date day;

    if (!has_value(judge->record, no))
        return !unit_is_valid(judge, unit, judge->first, judge->last);
    day = sg_record_date(judge->record, no);
    return !unit_is_valid(judge, unit, sg_date_first(day), sg_date_last(day));
}

static bool fails_v08(const struct judge *judge,
                      const struct sg_schema_field *field)
{
    const struct sg_record *record = judge->record;
    struct sg_record_place place;
    struct sg_unit_key unit;

    if (record->type == SG_TYPE_RESETTLE) {
        unit = sg_record_unit(record, SG_FIELD_RESETTLE_FROM);
        if (field->no == SG_FIELD_RESETTLE_FROM)
            return !unit_was_defined(judge, unit);
        return !judge->facts->is_part(judge->facts->context, unit,
                                      sg_record_unit(record, field->no));
    }
    if (field->value.kind != SG_SCHEMA_PLACE)
        return fails_v08_place(judge, sg_record_unit(record, field->no));
    place = sg_record_place(record, field->no);
    if (!place.has_unit)
        return false;
    return record->type == SG_TYPE_PERSON ? !unit_was_defined(judge, place.unit)
                                          : fails_v08_place(judge, place.unit);
}

/* --- V11, V16, V20 ----------------------------------------------------- */

/* Law 26/2023 Art. 24: the causes of exchange and of re-issue. */
static bool cause_fits(uint64_t kind, uint64_t cause)
{
    switch (kind) {
    case 1:
        return cause == 0;
    case 2:
        return cause >= 1 && cause <= 7;
    default:
        return cause == 8 || cause == 9;
    }
}

static bool fails_v11(const struct judge *judge, uint8_t field)
{
    const struct sg_record *record = judge->record;

    if (record->type != SG_TYPE_DOSSIER || !sg_record_is_opening(record))
        return false;
    switch (field) {
    case SG_FIELD_DOSSIER_CAUSE:
        return !cause_fits(sg_record_uint(record, SG_FIELD_DOSSIER_KIND),
                           sg_record_uint(record, field));
    case SG_FIELD_DOSSIER_SIGNED_BY:
        return sg_record_uint(record, field) == SIGNED_GUARDIAN &&
               !has_value(record, SG_FIELD_DOSSIER_GUARDIAN);
    default:
        return false;
    }
}

static bool fails_v16(const struct judge *judge, uint8_t field)
{
    const struct sg_record *record = judge->record;
    struct sg_bytes officer;

    if (record->type == SG_TYPE_PERMIT) {
        officer = sg_record_bin(record, field);
        return sg_bytes_equal(officer, SG_BYTES_ARRAY(record->officer.bytes));
    }
    if (record->type != SG_TYPE_DECISION || field != SG_FIELD_DECISION_UNIT)
        return false;
    return !judge->facts->covers(judge->facts->context, &record->officer,
                                 sg_record_unit(record, field));
}

static bool has_false_result(const struct sg_record *record)
{
    struct sg_msgpack reader;
    uint32_t count;

    sg_record_open(record, SG_FIELD_VERIFICATION_RESULTS, &reader);
    for (count = sg_msgpack_read_array(&reader); count > 0; count--) {
        (void)sg_msgpack_read_array(&reader);
        (void)sg_msgpack_read_uint(&reader);
        if (sg_msgpack_read_uint(&reader) == RESULT_FALSE)
            return true;
    }
    return false;
}

static bool is_old_number(const struct sg_record *record)
{
    struct sg_bytes number = sg_record_str(record, SG_FIELD_OLD_ID_NUMBER);
    uint64_t kind = sg_record_uint(record, SG_FIELD_OLD_ID_KIND);

    for (size_t i = 0; i < number.size; i++) {
        if (number.data[i] < '0' || number.data[i] > '9')
            return false;
    }
    return number.size == (kind == 1 ? 9u : 12u);
}

static bool fails_v20(const struct judge *judge, uint8_t field)
{
    const struct sg_record *record = judge->record;

    if (record->type == SG_TYPE_OLD_ID)
        return !is_old_number(record);
    return record->type == SG_TYPE_VERIFICATION &&
           sg_record_uint(record, field) == METHOD_CARD_QR &&
           has_false_result(record);
}

/* --- V18: the envelope ------------------------------------------------- */

/* Of an unsure clock it is a doubt, of a sure one a breach: a flag both. */
static bool fails_v18(const struct judge *judge)
{
    struct sg_date captured = sg_record_captured(judge->record);
    struct sg_date last;

    if (captured.ymd == 0)
        return false; /* the clock shows no year of ours */
    last = sg_date_from_days((int64_t)sg_date_days(captured) + 1);
    return last.ymd != 0 && sg_date_compare(judge->first, last) > 0;
}

/* --- all --------------------------------------------------------------- */

static bool fails(const struct judge *judge, unsigned rule,
                  const struct sg_schema_field *field)
{
    switch (rule) {
    case 1:
        return fails_v01(judge, field->no);
    case 4:
        return fails_v04(judge, field->no);
    case 5:
        return fails_v05(judge, field->no);
    case 7:
        return fails_v07(judge, field);
    case 8:
        return fails_v08(judge, field);
    case 11:
        return fails_v11(judge, field->no);
    case 16:
        return fails_v16(judge, field->no);
    case 20:
        return fails_v20(judge, field->no);
    default:
        return false;
    }
}

static void judge_field(struct judge *judge, unsigned rule,
                        const struct sg_schema_field *field)
{
    if (!has_value(judge->record, field->no))
        return;
    if (rule == 6)
        judge_v06(judge, field);
    else if (fails(judge, rule, field))
        find(judge, rule, field->no, severity(judge, rule, field->no));
}

void sg_rules_check(const struct sg_record *record,
                    const struct sg_rules_facts *facts,
                    struct sg_rules_findings *ret_findings)
{
    const uint32_t judged = 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 |
                            1u << 8 | 1u << 11 | 1u << 16 | 1u << 20;
    const struct sg_schema_type *type = record->schema;
    struct judge judge = {record, facts, ret_findings,
                          sg_date_first(record->effective),
                          sg_date_last(record->effective)};
    uint32_t due = 0;

    SG_ASSERT(type != NULL);
    ret_findings->count = 0;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (sg_record_has(record, type->fields[i].no))
            due |= type->fields[i].rules;
    }
    due = (due & judged) | 1u << 18;
    for (unsigned rule = 1; rule <= SG_RULES_COUNT; rule++) {
        if ((due >> rule & 1) == 0)
            continue;
        if (rule == 18 && fails_v18(&judge))
            find(&judge, 18, SG_FIELD_NONE,
                 severity(&judge, 18, SG_FIELD_NONE));
        for (unsigned i = 0; i < type->n_fields; i++) {
            if ((type->fields[i].rules >> rule & 1) != 0)
                judge_field(&judge, rule, &type->fields[i]);
        }
    }
}
