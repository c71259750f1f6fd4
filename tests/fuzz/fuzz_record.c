/* Records: any bytes are refused, or are a record that can be shown, checked
 * and judged; and one that fits is read field by field without an assertion. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/rules.h"
#include "tests/fuzz/fuzz.h"

static const struct sg_registry_id registry = {{{0x55}}};

/* An authority that says yes or no by the bytes it is asked about. */
static bool has_code(const void *context, enum sg_schema_table table,
                     uint16_t code, struct sg_date first, struct sg_date last)
{
    (void)context;
    return (code + table + first.ymd + last.ymd) % 2 == 0;
}

static const struct sg_unit *find_unit(const void *context,
                                       struct sg_unit_key unit)
{
    static const struct sg_unit known = {.key = {31475820250701},
                                         .parent = {10003820191201}};
    static const struct sg_unit province = {.key = {10003820191201},
                                            .until = {20300101}};

    (void)context;
    if (unit.value == province.key.value)
        return &province;
    return unit.value % 3 == 0 ? NULL : &known;
}

static bool is_part(const void *context, struct sg_unit_key from,
                    struct sg_unit_key to)
{
    (void)context;
    return from.value < to.value;
}

static bool find_block(const void *context, const struct sg_ref *block,
                       unsigned serial, struct sg_pin_block *ret_block)
{
    (void)context;
    (void)serial;
    memset(ret_block, 0, sizeof(*ret_block));
    ret_block->last = SG_PIN_SERIAL_MAX;
    return block->bytes[0] % 2 == 0;
}

static bool covers(const void *context, const struct sg_key_id *officer,
                   struct sg_unit_key unit)
{
    (void)context;
    return (officer->bytes[0] + unit.value) % 2 == 0;
}

static const struct sg_rules_facts facts = {
    .has_code = has_code,
    .find_unit = find_unit,
    .is_part = is_part,
    .find_block = find_block,
    .covers = covers,
};

/* Every field of a record that fits can be read by its form. */
static void read_fields(const struct sg_record *record)
{
    for (unsigned i = 0; i < record->schema->n_fields; i++) {
        const struct sg_schema_field *field = &record->schema->fields[i];

        if (!sg_record_has(record, field->no) ||
            sg_record_is_nil(record, field->no))
            continue;
        if (sg_schema_is_shared(record->schema))
            (void)sg_record_src_of(record, field->no);
        switch (field->value.kind) {
        case SG_SCHEMA_STR:
            (void)sg_record_str(record, field->no);
            break;
        case SG_SCHEMA_NAME:
            (void)sg_record_name(record, field->no);
            break;
        case SG_SCHEMA_PLACE:
            (void)sg_record_place(record, field->no);
            break;
        case SG_SCHEMA_KIN:
            (void)sg_record_kin(record, field->no);
            break;
        case SG_SCHEMA_UINT:
        case SG_SCHEMA_DATE:
        case SG_SCHEMA_DAY:
        case SG_SCHEMA_UNIT:
        case SG_SCHEMA_PIN:
        case SG_SCHEMA_CODE:
            (void)sg_record_uint(record, field->no);
            break;
        default:
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_rules_findings findings;
    struct sg_record record;
    struct sg_uid subject;
    struct sg_hash id;
    uint8_t no = 0;

    if (sg_record_decode(sg_bytes(data, size), &record) != SG_OK)
        return 0;
    SG_ASSERT(record.inner.data > data);
    SG_ASSERT(record.inner.data + record.inner.size < data + size);
    for (unsigned i = 0; i < record.n_parents; i++)
        (void)sg_record_parent(&record, i);
    (void)sg_record_captured(&record);
    sg_record_id(&registry, record.inner, &id);
    if (record.schema == NULL)
        return 0;
    if (sg_record_fit(&record, &registry, &no) != SG_RECORD_FITS)
        return 0;
    SG_ASSERT(sg_record_subject(&record, &registry, &subject) == SG_OK);
    read_fields(&record);
    sg_rules_check(&record, &facts, &findings);
    SG_ASSERT(findings.count <= SG_RULES_FINDINGS_MAX);
    return 0;
}
