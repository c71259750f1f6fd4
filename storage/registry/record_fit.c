/* Does a body fit its table? The interpreter of schema.h (A05). */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/record.h"

/* --- values ------------------------------------------------------------ */

static bool check_value(struct sg_msgpack *reader,
                        const struct sg_schema_value *value);

/* Returns -1, 0 or 1 as the encoded A sorts before, with or after B, which are
 * of one type. A larger number is the longer one or, of one length, the larger
 * bytes; of texts and bytes the content counts and not the head. */
static int compare_encoded(struct sg_bytes a, struct sg_bytes b)
{
    struct sg_msgpack left, right;

    sg_msgpack_init(&left, a);
    sg_msgpack_init(&right, b);
    switch (sg_msgpack_peek(&left)) {
    case SG_MSGPACK_STR:
        return sg_bytes_compare(sg_msgpack_read_str(&left),
                                sg_msgpack_read_str(&right));
    case SG_MSGPACK_BIN:
        return sg_bytes_compare(sg_msgpack_read_bin(&left),
                                sg_msgpack_read_bin(&right));
    default:
        if (a.size != b.size)
            return a.size < b.size ? -1 : 1;
        return sg_bytes_compare(a, b);
    }
}

/* Says whether the elements A and B ascend by their first members, BY of them
 * where they are tuples. */
static bool ascends(const struct sg_schema_value *element, unsigned by,
                    struct sg_bytes a, struct sg_bytes b)
{
    struct sg_msgpack left, right;
    int order = 0;

    if (element->kind != SG_SCHEMA_TUPLE)
        return compare_encoded(a, b) < 0;
    sg_msgpack_init(&left, a);
    sg_msgpack_init(&right, b);
    (void)sg_msgpack_read_array(&left);
    (void)sg_msgpack_read_array(&right);
    for (unsigned i = 0; i < by && order == 0; i++)
        order =
            compare_encoded(sg_msgpack_skip(&left), sg_msgpack_skip(&right));
    return order < 0;
}

static bool check_array(struct sg_msgpack *reader,
                        const struct sg_schema_value *value)
{
    uint32_t count = sg_msgpack_read_array(reader);
    struct sg_bytes last = {0};

    if (reader->err != SG_OK || count < value->min || count > value->max)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct sg_bytes element = reader->left;

        if (!check_value(reader, value->members))
            return false;
        element.size -= reader->left.size;
        if (i > 0 && !ascends(value->members, value->sorted_by, last, element))
            return false;
        last = element;
    }
    return true;
}

static bool check_tuple(struct sg_msgpack *reader,
                        const struct sg_schema_value *value)
{
    if (sg_msgpack_read_array(reader) != value->n_members)
        return false;
    for (unsigned i = 0; i < value->n_members; i++) {
        if (!check_value(reader, &value->members[i]))
            return false;
    }
    return reader->err == SG_OK;
}

/* A place of which nothing is known is written as nil. */
static bool check_place(struct sg_msgpack *reader,
                        const struct sg_schema_value *value)
{
    static const uint8_t nothing[] = {0x93, 0xc0, 0xc0, 0xc0};
    struct sg_bytes place = reader->left;

    if (!check_tuple(reader, value))
        return false;
    place.size -= reader->left.size;
    return !sg_bytes_equal(place, SG_BYTES_ARRAY(nothing));
}

static bool check_number(struct sg_msgpack *reader,
                         const struct sg_schema_value *value)
{
    uint64_t number = sg_msgpack_read_uint(reader);

    if (reader->err != SG_OK || number < value->min || number > value->max)
        return false;
    switch (value->kind) {
    case SG_SCHEMA_DATE:
        return sg_date_is_valid((struct sg_date){(uint32_t)number});
    case SG_SCHEMA_DAY:
        return sg_date_precision((struct sg_date){(uint32_t)number}) ==
               SG_DATE_YMD;
    case SG_SCHEMA_UNIT:
        return sg_unit_key_is_valid((struct sg_unit_key){number});
    default:
        return true;
    }
}

static bool check_value(struct sg_msgpack *reader,
                        const struct sg_schema_value *value)
{
    size_t size;

    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        sg_msgpack_read_nil(reader);
        return value->is_nullable;
    }
    switch (value->kind) {
    case SG_SCHEMA_UINT:
    case SG_SCHEMA_DATE:
    case SG_SCHEMA_DAY:
    case SG_SCHEMA_MS:
    case SG_SCHEMA_UNIT:
    case SG_SCHEMA_PIN:
    case SG_SCHEMA_CODE:
        return check_number(reader, value);
    case SG_SCHEMA_STR:
        size = sg_msgpack_read_str(reader).size;
        break;
    case SG_SCHEMA_PLACE:
        return check_place(reader, value);
    case SG_SCHEMA_NAME:
    case SG_SCHEMA_KIN:
    case SG_SCHEMA_SRC:
    case SG_SCHEMA_TUPLE:
        return check_tuple(reader, value);
    case SG_SCHEMA_ARRAY:
        return check_array(reader, value);
    default:
        size = sg_msgpack_read_bin(reader).size;
        break;
    }
    return reader->err == SG_OK && size >= value->min && size <= value->max;
}

/* Says whether ENCODED, canonical already, is a value of FIELD. */
static bool fits_field(const struct sg_schema_field *field,
                       struct sg_bytes encoded)
{
    struct sg_msgpack reader;

    sg_msgpack_init(&reader, encoded);
    return check_value(&reader, &field->value) &&
           sg_msgpack_end(&reader) == SG_OK;
}

/* --- fields ------------------------------------------------------------ */

static bool may_be_nil(const struct sg_schema_field *field)
{
    return field->value.is_nullable || field->merge == 'I' ||
           field->merge == 'C' || field->merge == 'V';
}

static enum sg_record_misfit check_field(const struct sg_record *record,
                                         const struct sg_schema_field *field,
                                         bool is_opening)
{
    bool is_fixed = field->merge == 'F' ||
                    (field->merge == 'K' && field->need != SG_SCHEMA_ALWAYS);

    if (!sg_record_has(record, field->no)) {
        bool is_due = field->need == SG_SCHEMA_ALWAYS ||
                      (field->need == SG_SCHEMA_OPENING && is_opening);
        return is_due ? SG_RECORD_FIELD_MISSING : SG_RECORD_FITS;
    }
    if (is_fixed && !is_opening)
        return SG_RECORD_FIELD_AMENDED;
    if (sg_record_is_nil(record, field->no))
        return may_be_nil(field) ? SG_RECORD_FITS : SG_RECORD_FIELD_NIL;
    return fits_field(field, record->fields[field->no]) ? SG_RECORD_FITS
                                                        : SG_RECORD_FIELD_FORM;
}

/* Checks the fields one by one; *RET_NO is the one that does not fit. */
static enum sg_record_misfit check_fields(const struct sg_record *record,
                                          uint8_t *ret_no)
{
    const struct sg_schema_type *type = record->schema;
    bool is_opening = sg_record_is_opening(record);
    uint32_t known = 0;

    for (unsigned i = 0; i < type->n_fields; i++) {
        enum sg_record_misfit misfit =
            check_field(record, &type->fields[i], is_opening);

        *ret_no = type->fields[i].no;
        if (misfit != SG_RECORD_FITS)
            return misfit;
        known |= UINT32_C(1) << type->fields[i].no;
    }
    *ret_no = SG_FIELD_NONE;
    return (record->present & ~known) != 0 ? SG_RECORD_FIELD_UNKNOWN
                                           : SG_RECORD_FITS;
}

/* Says whether the body has a field that no table can have. */
static bool has_large_field(const struct sg_record *record)
{
    struct sg_msgpack reader;

    sg_msgpack_init(&reader, record->body);
    return sg_msgpack_read_map(&reader) !=
           (unsigned)__builtin_popcount(record->present);
}

/* --- what concerns more than one field --------------------------------- */

/* Declared by the citizen, on the evidence of the basis, is never written; and
 * a field's own provenance differs from the record's. */
static enum sg_record_misfit check_src(const struct sg_record *record,
                                       uint8_t *ret_no)
{
    static const uint8_t declared[] = {0x93, SG_RECORD_SOURCE_DECLARED, 0xa0,
                                       0xc0};
    struct sg_bytes src = SG_BYTES_ARRAY(declared);
    struct sg_msgpack reader;
    uint32_t count;

    if (sg_record_has(record, SG_FIELD_COMMON_SRC)) {
        *ret_no = SG_FIELD_COMMON_SRC;
        if (sg_bytes_equal(record->fields[SG_FIELD_COMMON_SRC], src))
            return SG_RECORD_FIELD_REDUNDANT;
        src = record->fields[SG_FIELD_COMMON_SRC];
    }
    if (!sg_record_has(record, SG_FIELD_COMMON_PER_FIELD))
        return SG_RECORD_FITS;
    *ret_no = SG_FIELD_COMMON_PER_FIELD;
    sg_record_open(record, SG_FIELD_COMMON_PER_FIELD, &reader);
    for (count = sg_msgpack_read_array(&reader); count > 0; count--) {
        (void)sg_msgpack_read_array(&reader);
        (void)sg_msgpack_read_uint(&reader);
        if (sg_bytes_equal(sg_msgpack_skip(&reader), src))
            return SG_RECORD_FIELD_REDUNDANT;
    }
    return SG_RECORD_FITS;
}

static bool has_text(const struct sg_record *record, unsigned no)
{
    return sg_record_has(record, no) && sg_record_str(record, no).size > 0;
}

/* Section 7.11: what each act of a decision needs. */
static enum sg_record_misfit check_act(const struct sg_record *record,
                                       uint8_t *ret_no)
{
    static const uint32_t needs[] = {
        [3] = 1u << SG_FIELD_DECISION_RULE | 1u << SG_FIELD_DECISION_FIELD |
              1u << SG_FIELD_DECISION_CHOICE,
        [4] = 1u << SG_FIELD_DECISION_RULE,
        [5] = 1u << SG_FIELD_DECISION_RULE,
        [7] = 1u << SG_FIELD_DECISION_KEEP,
        [9] = 1u << SG_FIELD_DECISION_DEFER_UNTIL,
    };
    uint64_t act = sg_record_uint(record, SG_FIELD_DECISION_ACT);
    uint32_t missing = needs[act] & ~record->present;

    *ret_no = SG_FIELD_NONE;
    if (record->n_parents == 0)
        return SG_RECORD_ACT;
    if ((act == 2 || act == 6 || act == 8) &&
        !has_text(record, SG_FIELD_DECISION_REASON)) {
        *ret_no = SG_FIELD_DECISION_REASON;
        return SG_RECORD_ACT;
    }
    if (missing == 0)
        return SG_RECORD_FITS;
    *ret_no = (uint8_t)__builtin_ctz(missing);
    return SG_RECORD_ACT;
}

/* Reads the next of a handover's heads; gives its type and field. */
static const struct sg_schema_field *read_head(struct sg_msgpack *heads,
                                               enum sg_type *ret_type)
{
    const struct sg_schema_type *type;
    uint64_t number, no;

    (void)sg_msgpack_read_array(heads);
    number = sg_msgpack_read_uint(heads);
    (void)sg_msgpack_read_bin(heads);
    no = sg_msgpack_read_uint(heads);
    for (int i = 0; i < 4; i++)
        (void)sg_msgpack_skip(heads);
    type = sg_schema_find((uint16_t)number, 1);
    *ret_type = (enum sg_type)number;
    return type == NULL ? NULL : sg_schema_field(type, (unsigned)no);
}

/* The state of a duplicate is [state, keep or nil]; it has no field 2. */
static bool fits_pair_state(struct sg_bytes value)
{
    static const struct sg_schema_value members[] = {
        {.kind = SG_SCHEMA_UINT, .min = 1, .max = 31},
        {.kind = SG_SCHEMA_UID, .is_nullable = true, .min = 16, .max = 16},
    };
    static const struct sg_schema_field state = {
        .value = {.kind = SG_SCHEMA_TUPLE, .n_members = 2, .members = members}};

    return fits_field(&state, value);
}

static bool fits_head(const struct sg_schema_field *field, enum sg_type type,
                      struct sg_bytes value)
{
    if (type == SG_TYPE_DUPLICATE && field == NULL)
        return fits_pair_state(value);
    if (field == NULL)
        return false;
    if (value.size == 1 && value.data[0] == 0xc0)
        return may_be_nil(field);
    return fits_field(field, value);
}

/* Section 7.15: `values` is a canonical array, one for each of `heads`. */
static enum sg_record_misfit check_handover(const struct sg_record *record,
                                            uint8_t *ret_no)
{
    struct sg_bytes bytes = sg_record_bin(record, SG_FIELD_HANDOVER_VALUES);
    struct sg_msgpack heads, values;
    uint32_t count;

    *ret_no = SG_FIELD_HANDOVER_VALUES;
    sg_record_open(record, SG_FIELD_HANDOVER_HEADS, &heads);
    count = sg_msgpack_read_array(&heads);
    sg_msgpack_init(&values, bytes);
    if (sg_msgpack_read_array(&values) != count || values.err != SG_OK)
        return SG_RECORD_VALUES;
    for (; count > 0; count--) {
        enum sg_type type;
        const struct sg_schema_field *field = read_head(&heads, &type);
        struct sg_bytes value = sg_msgpack_skip(&values);

        if (values.err != SG_OK || sg_record_check_value(value) != SG_OK ||
            !fits_head(field, type, value))
            return SG_RECORD_VALUES;
    }
    return sg_msgpack_end(&values) == SG_OK ? SG_RECORD_FITS : SG_RECORD_VALUES;
}

/* --- subject ----------------------------------------------------------- */

static const struct sg_uid zero;

static struct sg_uid subject_of_number(uint64_t number)
{
    struct sg_uid subject = zero;

    sg_bytes_put_u64be(subject.bytes + 8, number);
    return subject;
}

static struct sg_uid subject_of_keyid(const uint8_t id[8])
{
    struct sg_uid subject = zero;

    memcpy(subject.bytes + 8, id, 8);
    return subject;
}

static struct sg_uid subject_of_key(const struct sg_record *record,
                                    const struct sg_registry_id *registry,
                                    enum sg_key_kind kind, unsigned no)
{
    struct sg_key_id id =
        sg_key_id_of(registry, kind, sg_record_bin(record, no).data);

    return subject_of_keyid(id.bytes);
}

/* The first 16 bytes of a key, log or ref. */
static struct sg_uid subject_of_bytes(const struct sg_record *record,
                                      unsigned no)
{
    struct sg_uid subject;

    memcpy(subject.bytes, sg_record_bin(record, no).data,
           sizeof(subject.bytes));
    return subject;
}

static unsigned number_of(const struct sg_schema_type *type, const char *name)
{
    const struct sg_schema_field *field =
        sg_schema_field_named(type, sg_bytes(name, strlen(name)));

    SG_ASSERT(field != NULL);
    return field->no;
}

/* Says whether the fields say what the subject is. */
static bool is_subject_said(const struct sg_schema_type *type)
{
    switch (type->subject) {
    case SG_SCHEMA_SUBJECT_UID:
    case SG_SCHEMA_SUBJECT_UID_OR_ZERO:
    case SG_SCHEMA_SUBJECT_SMALLER:
    case SG_SCHEMA_SUBJECT_RANDOM:
        return false;
    default:
        return true;
    }
}

/* Returns what the subject must be; itself where the fields do not say. */
static struct sg_uid due_subject(const struct sg_record *record,
                                 const struct sg_registry_id *registry)
{
    const struct sg_schema_type *type = record->schema;

    switch (type->subject) {
    case SG_SCHEMA_SUBJECT_ZERO:
        return zero;
    case SG_SCHEMA_SUBJECT_GENERATION:
    case SG_SCHEMA_SUBJECT_UNIT:
    case SG_SCHEMA_SUBJECT_NUMBER:
        return subject_of_number(sg_record_uint(record, 1));
    case SG_SCHEMA_SUBJECT_TABLE:
        return subject_of_number(
            sg_record_uint(record, SG_FIELD_CODE_TABLE_TABLE) << 8 |
            sg_record_uint(record, SG_FIELD_CODE_TABLE_PART));
    case SG_SCHEMA_SUBJECT_NODE:
        return subject_of_bytes(record, number_of(type, "node"));
    case SG_SCHEMA_SUBJECT_LOG:
        return subject_of_bytes(record, number_of(type, "log"));
    case SG_SCHEMA_SUBJECT_ORDER:
        return subject_of_bytes(record, number_of(type, "order"));
    case SG_SCHEMA_SUBJECT_OFFICER:
        return subject_of_keyid(
            sg_record_bin(record, number_of(type, "officer")).data);
    case SG_SCHEMA_SUBJECT_SIGNER:
        return subject_of_keyid(record->officer.bytes);
    case SG_SCHEMA_SUBJECT_OFFICER_KEY:
        return subject_of_key(record, registry, SG_KEY_OFFICER,
                              SG_FIELD_OFFICER_GRANT_OFFICER);
    case SG_SCHEMA_SUBJECT_SCOPE_KEY:
        return subject_of_key(record, registry, SG_KEY_SCOPE,
                              SG_FIELD_SCOPE_KEY_PUBLIC);
    default:
        return record->subject;
    }
}

static bool subject_fits(const struct sg_record *record,
                         const struct sg_registry_id *registry)
{
    struct sg_uid due;

    if (record->schema->subject == SG_SCHEMA_SUBJECT_SMALLER) {
        due = sg_record_uid(record, SG_FIELD_DUPLICATE_OTHER);
        return sg_uid_compare(&record->subject, &due) < 0;
    }
    due = due_subject(record, registry);
    return sg_uid_compare(&record->subject, &due) == 0;
}

enum sg_err sg_record_subject(const struct sg_record *record,
                              const struct sg_registry_id *registry,
                              struct sg_uid *ret_subject)
{
    uint8_t no;

    if (is_subject_said(record->schema) &&
        check_fields(record, &no) != SG_RECORD_FITS)
        return SG_ERR_INVALID;
    *ret_subject = due_subject(record, registry);
    return SG_OK;
}

const char *sg_record_misfit_text(enum sg_record_misfit misfit,
                                  enum sg_lang lang)
{
    static const char *const texts[][2] = {
        [SG_RECORD_FITS] = {"the fields fit the type",
                            "trường dữ liệu đúng loại"},
        [SG_RECORD_FIELD_UNKNOWN] = {"a field that the type does not have",
                                     "trường dữ liệu không thuộc loại này"},
        [SG_RECORD_FIELD_FORM] = {"a field has another type or is too long",
                                  "trường dữ liệu sai kiểu hoặc quá dài"},
        [SG_RECORD_FIELD_NIL] = {"a field cannot be set to unknown",
                                 "trường dữ liệu không được để trống"},
        [SG_RECORD_FIELD_MISSING] = {"a field is missing",
                                     "thiếu trường dữ liệu bắt buộc"},
        [SG_RECORD_FIELD_AMENDED] =
            {"a field that only the first record sets",
             "trường dữ liệu chỉ được ghi ở bản ghi đầu"},
        [SG_RECORD_FIELD_REDUNDANT] =
            {"a field says what is said without it",
             "trường dữ liệu ghi thừa giá trị mặc định"},
        [SG_RECORD_ACT] = {"the decision lacks what its act needs",
                           "quyết định thiếu nội dung bắt buộc"},
        [SG_RECORD_SUBJECT] = {"the subject is not that of the fields",
                               "đối tượng không khớp với trường dữ liệu"},
        [SG_RECORD_EFFECTIVE] = {"the date is not the day of the event",
                                 "ngày hiệu lực khác ngày xảy ra sự kiện"},
        [SG_RECORD_VALUES] = {"the values are not those of the heads",
                              "giá trị bàn giao không khớp danh mục"},
    };

    SG_ASSERT(misfit <= SG_RECORD_VALUES);
    return texts[misfit][lang == SG_LANG_VI];
}

enum sg_record_misfit sg_record_fit(const struct sg_record *record,
                                    const struct sg_registry_id *registry,
                                    uint8_t *ret_no)
{
    enum sg_record_misfit misfit;

    SG_ASSERT(record->schema != NULL);
    SG_ASSERT(registry != NULL);
    misfit = check_fields(record, ret_no);
    if (misfit == SG_RECORD_FITS && has_large_field(record))
        misfit = SG_RECORD_FIELD_UNKNOWN;
    if (misfit == SG_RECORD_FITS && sg_schema_is_shared(record->schema))
        misfit = check_src(record, ret_no);
    if (misfit == SG_RECORD_FITS && record->type == SG_TYPE_DECISION)
        misfit = check_act(record, ret_no);
    if (misfit == SG_RECORD_FITS && record->type == SG_TYPE_HANDOVER)
        misfit = check_handover(record, ret_no);
    if (misfit != SG_RECORD_FITS)
        return misfit;
    *ret_no = SG_FIELD_NONE;
    if (!subject_fits(record, registry))
        return SG_RECORD_SUBJECT;
    if (record->type == SG_TYPE_VITAL &&
        sg_record_has(record, SG_FIELD_VITAL_AT) &&
        !sg_record_is_nil(record, SG_FIELD_VITAL_AT) &&
        sg_record_uint(record, SG_FIELD_VITAL_AT) != record->effective.ymd)
        return SG_RECORD_EFFECTIVE;
    return SG_RECORD_FITS;
}
