#include "node/person_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/registry/merge/conflict.h"

/* Bytes of the longest name, and of the largest id in hex. */
#define HEX_MAX 256u

struct making {
    const struct sg_authority *authority;
    json_t *units; /* names that were needed */
};

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static void add(json_t *list, json_t *value)
{
    (void)json_array_append_new(list, value);
}

/* --- Small values ---------------------------------------------------------
 */

static json_t *json_of_hex(struct sg_bytes bytes)
{
    uint8_t text[HEX_MAX];
    struct sg_writer writer;

    if (2 * bytes.size > sizeof text)
        return json_null();
    sg_writer_init_array(&writer, text, sizeof text);
    sg_text_hex_encode(&writer, bytes);
    return json_stringn((const char *)text, 2 * bytes.size);
}

static json_t *json_of_ref(const struct sg_ref *ref)
{
    return json_of_hex(SG_BYTES_ARRAY(ref->bytes));
}

static json_t *json_of_text(struct sg_bytes text)
{
    return text.data == NULL ? json_null()
                             : json_stringn((const char *)text.data, text.size);
}

static json_t *json_of_date(struct sg_date date)
{
    char text[SG_DATE_TEXT_SIZE];

    if (!sg_date_is_valid(date))
        return json_null();
    sg_date_format(date, SG_DATE_ISO, text);
    return json_string(text);
}

static json_t *json_of_pin(uint64_t pin)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%012" PRIu64, pin);
    return json_string(text);
}

static json_t *json_of_name(const struct sg_record_name *name)
{
    json_t *json = json_object();

    set(json, "family", json_of_text(name->family));
    set(json, "middle", json_of_text(name->middle));
    set(json, "given", json_of_text(name->given));
    return json;
}

void sg_person_json_unit(json_t *object, const struct sg_authority *authority,
                         struct sg_unit_key unit)
{
    const struct sg_unit *found;
    struct sg_authority_at at;
    char key[24];

    sg_authority_at_cut(authority, &at);
    found = sg_authority_unit(&at, unit);
    (void)snprintf(key, sizeof key, "%" PRIu64, unit.value);
    if (found != NULL && json_object_get(object, key) == NULL)
        set(object, key, json_of_text(found->name));
}

static json_t *json_of_unit(struct making *making, struct sg_unit_key unit)
{
    if (making != NULL)
        sg_person_json_unit(making->units, making->authority, unit);
    return json_integer((json_int_t)unit.value);
}

static json_t *json_of_place(struct making *making, struct sg_msgpack *reader)
{
    struct sg_record_place place = sg_record_read_place(reader);
    json_t *json = json_object();

    set(json, "unit",
        place.has_unit ? json_of_unit(making, place.unit) : json_null());
    set(json, "text", json_of_text(place.text));
    set(json, "country", json_of_text(place.country));
    return json;
}

static json_t *json_of_kin(struct sg_msgpack *reader)
{
    struct sg_record_kin kin = sg_record_read_kin(reader);
    json_t *json = json_object();

    set(json, "uid",
        kin.has_uid ? json_of_hex(SG_BYTES_ARRAY(kin.uid.bytes)) : json_null());
    set(json, "name", kin.has_name ? json_of_name(&kin.name) : json_null());
    set(json, "pin", kin.has_pin ? json_of_pin(kin.pin) : json_null());
    set(json, "old_number", json_of_text(kin.old_number));
    return json;
}

/* --- Values by their schema -----------------------------------------------
 */

static json_t *json_of_value(struct making *making,
                             const struct sg_schema_value *schema,
                             struct sg_msgpack *reader);

static json_t *json_of_members(struct making *making,
                               const struct sg_schema_value *schema,
                               struct sg_msgpack *reader)
{
    bool is_array = schema->kind == SG_SCHEMA_ARRAY;
    uint32_t n = sg_msgpack_read_array(reader);
    json_t *json = json_array();

    for (uint32_t i = 0; i < n && reader->err == SG_OK; i++)
        add(json,
            json_of_value(making, &schema->members[is_array ? 0 : i], reader));
    return json;
}

static json_t *json_of_number(struct making *making,
                              const struct sg_schema_value *schema,
                              struct sg_msgpack *reader)
{
    uint64_t number = sg_msgpack_read_uint(reader);

    switch (schema->kind) {
    case SG_SCHEMA_DATE:
    case SG_SCHEMA_DAY:
        return json_of_date((struct sg_date){(uint32_t)number});
    case SG_SCHEMA_UNIT:
        return json_of_unit(making, (struct sg_unit_key){number});
    case SG_SCHEMA_PIN:
        return json_of_pin(number);
    default:
        return json_integer((json_int_t)number);
    }
}

static json_t *json_of_value(struct making *making,
                             const struct sg_schema_value *schema,
                             struct sg_msgpack *reader)
{
    struct sg_record_name name;

    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        sg_msgpack_read_nil(reader);
        return json_null();
    }
    switch (schema->kind) {
    case SG_SCHEMA_NAME:
        name = sg_record_read_name(reader);
        return json_of_name(&name);
    case SG_SCHEMA_PLACE:
        return json_of_place(making, reader);
    case SG_SCHEMA_KIN:
        return json_of_kin(reader);
    case SG_SCHEMA_STR:
        return json_of_text(sg_msgpack_read_str(reader));
    case SG_SCHEMA_TUPLE:
    case SG_SCHEMA_ARRAY:
    case SG_SCHEMA_SRC:
        return json_of_members(making, schema, reader);
    case SG_SCHEMA_UINT:
    case SG_SCHEMA_DATE:
    case SG_SCHEMA_DAY:
    case SG_SCHEMA_MS:
    case SG_SCHEMA_UNIT:
    case SG_SCHEMA_PIN:
    case SG_SCHEMA_CODE:
        return json_of_number(making, schema, reader);
    default:
        return json_of_hex(sg_msgpack_read_bin(reader));
    }
}

/* What a cell's VALUE says: of a set, what the element's tuple says behind its
 * key. */
static json_t *json_of_cell_value(struct making *making,
                                  const struct sg_schema_field *field,
                                  struct sg_bytes value)
{
    const struct sg_schema_value *schema = &field->value;
    struct sg_msgpack reader;

    if (value.size == 0)
        return json_null();
    if (sg_schema_is_set(field)) {
        SG_ASSERT(schema->members[0].n_members >= 2);
        schema = &schema->members[0].members[1];
    }
    sg_msgpack_init(&reader, value);
    return json_of_value(making, schema, &reader);
}

/* --- Objects --------------------------------------------------------------
 */

static const char *const sources[] = {
    [SG_RECORD_SOURCE_UNKNOWN] = "unknown",
    [SG_RECORD_SOURCE_LEGACY] = "legacy",
    [SG_RECORD_SOURCE_DECLARED] = "declared",
    [SG_RECORD_SOURCE_DOCUMENT] = "document",
    [SG_RECORD_SOURCE_IN_PERSON] = "in_person",
    [SG_RECORD_SOURCE_NATIONAL] = "national",
};

static json_t *json_of_by(const struct sg_subject_record *record)
{
    return record == NULL ? json_null() : json_of_ref(&record->ref);
}

static json_t *json_of_cell(struct making *making,
                            const struct sg_schema_field *field,
                            const struct sg_subject_cell *cell)
{
    json_t *json = json_object();

    set(json, "field", json_string(field->name));
    /* The key of an element is a uid, as encoded: two bytes before it. */
    if (cell->element.size > 2)
        set(json, "element",
            json_of_hex(
                sg_bytes(cell->element.data + 2, cell->element.size - 2)));
    set(json, "value", json_of_cell_value(making, field, cell->value));
    set(json, "by", json_of_by(cell->by));
    set(json, "source",
        json_string(sources[(unsigned)cell->source <= SG_RECORD_SOURCE_NATIONAL
                                ? cell->source
                                : SG_RECORD_SOURCE_UNKNOWN]));
    set(json, "approved",
        json_boolean((cell->flags & SG_SUBJECT_APPROVED) != 0));
    set(json, "conflict",
        json_boolean((cell->flags & SG_SUBJECT_CONFLICT) != 0));
    set(json, "pending", json_boolean((cell->flags & SG_SUBJECT_PENDING) != 0));
    if (cell->n_heads > 1) {
        json_t *heads = json_array();

        for (size_t i = 0; i < cell->n_heads; i++) {
            json_t *head = json_object();

            set(head, "value",
                json_of_cell_value(making, field, cell->heads[i].value));
            set(head, "by", json_of_by(cell->heads[i].record));
            set(head, "approved", json_boolean(cell->heads[i].is_approved));
            add(heads, head);
        }
        set(json, "heads", heads);
    }
    return json;
}

static json_t *json_of_object(struct making *making,
                              const struct sg_subject_object *object)
{
    const struct sg_schema_type *type =
        sg_schema_find((uint16_t)object->type, 1);
    json_t *json = json_object(), *fields = json_array();

    set(json, "type",
        type == NULL ? json_integer(object->type) : json_string(type->name));
    if (object->type == SG_TYPE_PIN && object->key.size == 8)
        set(json, "key", json_of_pin(sg_bytes_get_u64be(object->key.data)));
    else if (object->key.size > 0)
        set(json, "key", json_of_hex(object->key));
    if (object->state != 0)
        set(json, "state", json_integer(object->state));
    if (object->state_by != NULL)
        set(json, "state_by", json_of_by(object->state_by));
    if (object->opening != NULL)
        set(json, "opened_by", json_of_by(object->opening));
    for (size_t i = 0; i < object->n_cells; i++) {
        const struct sg_schema_field *field =
            type == NULL ? NULL : sg_schema_field(type, object->cells[i].field);

        if (field != NULL)
            add(fields, json_of_cell(making, field, &object->cells[i]));
    }
    set(json, "fields", fields);
    return json;
}

/* --- Conflicts, records ---------------------------------------------------
 */

static json_t *json_of_refs(const struct sg_ref *refs, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        add(list, json_of_ref(&refs[i]));
    return list;
}

static json_t *json_of_conflict(struct making *making,
                                const struct sg_subject *subject,
                                const struct sg_subject_conflict *conflict)
{
    static const char *const states[] = {
        [SG_SUBJECT_OPEN] = "open",
        [SG_SUBJECT_DECIDED] = "decided",
        [SG_SUBJECT_REOPENED] = "reopened",
    };
    const struct sg_schema_type *type = sg_schema_find(conflict->type, 1);
    const struct sg_schema_field *field =
        type == NULL ? NULL : sg_schema_field(type, conflict->field);
    bool is_provisional = false;
    json_t *json = json_object(), *decisions = json_array();

    set(json, "rule", json_integer(conflict->rule));
    set(json, "en", json_string(sg_conflict_text(conflict->rule, SG_LANG_EN)));
    set(json, "vi", json_string(sg_conflict_text(conflict->rule, SG_LANG_VI)));
    set(json, "state", json_string(states[conflict->state]));
    set(json, "type", type == NULL ? json_null() : json_string(type->name));
    set(json, "field", field == NULL ? json_null() : json_string(field->name));
    set(json, "object", json_of_hex(conflict->object));
    set(json, "element", json_of_hex(conflict->element));
    set(json, "decides",
        json_of_unit(making,
                     sg_conflict_owner(sg_authority_units(making->authority),
                                       subject, conflict)));
    set(json, "due",
        json_of_date(sg_conflict_due(conflict,
                                     sg_authority_calendar(making->authority),
                                     &is_provisional)));
    set(json, "contenders",
        json_of_refs(conflict->contenders, conflict->n_contenders));
    for (size_t i = 0; i < conflict->n_decisions; i++)
        add(decisions, json_of_ref(&conflict->decisions[i]->ref));
    set(json, "decisions", decisions);
    return json;
}

static json_t *json_of_places(const struct sg_ref *ref,
                              const struct sg_person_json_place *places,
                              size_t n)
{
    json_t *list = json_array();
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sg_ref_compare(&places[middle].record, ref) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < n && sg_ref_compare(&places[low].record, ref) == 0; low++) {
        json_t *json = json_object();

        set(json, "log",
            json_of_hex(SG_BYTES_ARRAY(places[low].log.hash.bytes)));
        set(json, "index", json_integer((json_int_t)places[low].index));
        set(json, "admitted", json_boolean(places[low].is_admitted));
        add(list, json);
    }
    return list;
}

static json_t *json_of_record(const struct sg_subject_record *record,
                              const struct sg_person_json_place *places,
                              size_t n_places)
{
    const struct sg_schema_type *type = sg_schema_find(record->type, 1);
    json_t *json = json_object(), *marks = json_array();
    const struct {
        bool is_set;
        const char *word;
    } all[] = {
        {record->is_signed, "signed"},     {record->is_approved, "approved"},
        {record->is_refused, "refused"},   {record->is_frozen, "frozen"},
        {record->is_standing, "standing"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].is_set)
            add(marks, json_string(all[i].word));
    set(json, "ref", json_of_ref(&record->ref));
    set(json, "type",
        type == NULL ? json_integer(record->type) : json_string(type->name));
    set(json, "officer", json_of_hex(SG_BYTES_ARRAY(record->officer.bytes)));
    set(json, "effective", json_of_date(record->effective));
    set(json, "ms", json_integer((json_int_t)(record->hlc >> 16)));
    set(json, "marks", marks);
    set(json, "at", json_of_places(&record->ref, places, n_places));
    return json;
}

/* --- The whole ------------------------------------------------------------
 */

static const char *const statuses[] = {
    [SG_SUBJECT_NO_PERSON] = "no_person", [SG_SUBJECT_ACTIVE] = "active",
    [SG_SUBJECT_DECEASED] = "deceased",   [SG_SUBJECT_MISSING] = "missing",
    [SG_SUBJECT_ABROAD] = "abroad",       [SG_SUBJECT_VOID] = "void",
    [SG_SUBJECT_MERGED] = "merged",
};

static json_t *json_of_marks(unsigned marks)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {
        {SG_SUBJECT_FORKED, "forked"},       {SG_SUBJECT_LATE, "late"},
        {SG_SUBJECT_FROZEN, "frozen"},       {SG_SUBJECT_REHOMING, "rehoming"},
        {SG_SUBJECT_DUPLICATE, "duplicate"},
    };
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((marks & words[i].bit) != 0)
            add(list, json_string(words[i].word));
    return list;
}

/* The cell of the person himself that is asked for most. */
static const struct sg_subject_cell *cell_of(const struct sg_subject *subject,
                                             unsigned field)
{
    const struct sg_subject_cell *cell = sg_subject_cell(
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0)), field);

    return cell == NULL || cell->value.size == 0 || cell->value.data[0] == 0xc0
               ? NULL
               : cell;
}

static json_t *json_of_own(const struct sg_subject *subject, unsigned field)
{
    const struct sg_subject_cell *cell = cell_of(subject, field);
    const struct sg_schema_type *type = sg_schema_find(SG_TYPE_PERSON, 1);

    return cell == NULL ? json_null()
                        : json_of_cell_value(NULL, sg_schema_field(type, field),
                                             cell->value);
}

bool sg_person_json_birth(const struct sg_subject *subject,
                          struct sg_date *ret_birth)
{
    const struct sg_subject_cell *cell =
        cell_of(subject, SG_FIELD_PERSON_BIRTH);
    struct sg_msgpack reader;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    *ret_birth = sg_record_read_date(&reader);
    return sg_date_is_valid(*ret_birth);
}

json_t *sg_person_json_brief(const struct sg_subject *subject)
{
    uint64_t pin = sg_subject_pin(subject);
    json_t *json = json_object();
    size_t n_open = 0;

    for (size_t i = 0; i < subject->n_conflicts; i++)
        n_open += subject->conflicts[i].state != SG_SUBJECT_DECIDED;
    set(json, "uid", json_of_hex(SG_BYTES_ARRAY(subject->uid.bytes)));
    set(json, "status", json_string(statuses[subject->status]));
    set(json, "marks", json_of_marks(subject->marks));
    set(json, "unit", json_integer((json_int_t)subject->unit.value));
    set(json, "name", json_of_own(subject, SG_FIELD_PERSON_NAME));
    set(json, "birth", json_of_own(subject, SG_FIELD_PERSON_BIRTH));
    set(json, "sex", json_of_own(subject, SG_FIELD_PERSON_SEX));
    set(json, "pin", pin == 0 ? json_null() : json_of_pin(pin));
    set(json, "conflicts_open", json_integer((json_int_t)n_open));
    return json;
}

/* The records, in the order of their refs, as many as are listed. */
static json_t *json_of_records(const struct sg_subject *subject,
                               const struct sg_person_json_place *places,
                               size_t n_places)
{
    json_t *list = json_array();
    size_t n = subject->n_records;

    for (size_t i = 0; i < n && i < SG_PERSON_JSON_RECORDS_MAX; i++)
        add(list, json_of_record(&subject->records[i], places, n_places));
    return list;
}

json_t *sg_person_json(const struct sg_subject *subject,
                       const struct sg_authority *authority,
                       const struct sg_person_json_place *places,
                       size_t n_places)
{
    struct making making = {authority, json_object()};
    json_t *json = sg_person_json_brief(subject);
    json_t *objects = json_array(), *conflicts = json_array();
    size_t listed = subject->n_records < SG_PERSON_JSON_RECORDS_MAX
                        ? subject->n_records
                        : SG_PERSON_JSON_RECORDS_MAX;

    sg_person_json_unit(making.units, authority, subject->unit);
    set(json, "canonical",
        json_of_hex(SG_BYTES_ARRAY(subject->canonical.bytes)));
    set(json, "home", json_boolean(subject->has_home));
    set(json, "death", json_of_date(subject->death));
    for (size_t i = 0; i < subject->n_objects; i++)
        add(objects, json_of_object(&making, &subject->objects[i]));
    for (size_t i = 0; i < subject->n_conflicts; i++)
        add(conflicts,
            json_of_conflict(&making, subject, &subject->conflicts[i]));
    set(json, "objects", objects);
    set(json, "conflicts", conflicts);
    set(json, "records", json_of_records(subject, places, n_places));
    set(json, "records_left_out",
        json_integer(
            (json_int_t)(subject->n_records - listed + subject->n_left_out)));
    set(json, "units", making.units);
    set(json, "as_of", json_of_date(sg_authority_as_of(authority)));
    return json;
}
