#include "storage/registry/schema.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"

/* What the words of schema_list.h mean. */
#define MEMBERS(...) ((const struct sg_schema_value[]){__VA_ARGS__})
#define COUNT(...) \
    (sizeof(MEMBERS(__VA_ARGS__)) / sizeof(struct sg_schema_value))
#define OF_SIZE(word, n) .kind = SG_SCHEMA_##word, .min = (n), .max = (n)

#define T_OPT             .is_nullable = true,
#define T_UINT            .kind = SG_SCHEMA_UINT, .max = UINT64_MAX
#define T_RANGE(low, top) .kind = SG_SCHEMA_UINT, .min = (low), .max = (top)
#define T_STR(low, top)   .kind = SG_SCHEMA_STR, .min = (low), .max = (top)
#define T_BIN(low, top)   .kind = SG_SCHEMA_BIN, .min = (low), .max = (top)
#define T_UID             OF_SIZE(UID, 16)
#define T_REF             OF_SIZE(REF, 16)
#define T_HASH            OF_SIZE(HASH, 32)
#define T_LOG             OF_SIZE(LOG, 32)
#define T_KEY             OF_SIZE(KEY, 32)
#define T_SIG             OF_SIZE(SIG, 64)
#define T_KEYID           OF_SIZE(KEYID, 8)
#define T_DATE            .kind = SG_SCHEMA_DATE, .max = 99991231
#define T_DAY             .kind = SG_SCHEMA_DAY, .max = 99991231
#define T_MS              .kind = SG_SCHEMA_MS, .max = UINT64_MAX
#define T_UNIT            .kind = SG_SCHEMA_UNIT, .max = UINT64_MAX
#define T_PIN             .kind = SG_SCHEMA_PIN, .max = UINT64_C(999999999999)
#define T_CODE(name) \
    .kind = SG_SCHEMA_CODE, .max = UINT16_MAX, .table = SG_TABLE_##name
#define T_TUPLE(...)                                                   \
    .kind = SG_SCHEMA_TUPLE, .n_members = (uint8_t)COUNT(__VA_ARGS__), \
    .members = MEMBERS(__VA_ARGS__)
#define T_ARRAY(low, top, by, ...)                                          \
    .kind = SG_SCHEMA_ARRAY, .min = (low), .max = (top), .sorted_by = (by), \
    .n_members = 1, .members = MEMBERS({__VA_ARGS__})

#define T_NAME                              \
    .kind = SG_SCHEMA_NAME, .n_members = 3, \
    .members = MEMBERS({T_STR(0, 48)}, {T_STR(0, 96)}, {T_STR(1, 96)})
#define T_PLACE                              \
    .kind = SG_SCHEMA_PLACE, .n_members = 3, \
    .members =                               \
        MEMBERS({T_OPT T_UNIT}, {T_OPT T_STR(0, 160)}, {T_OPT T_STR(2, 2)})
#define T_KIN                                                        \
    .kind = SG_SCHEMA_KIN, .n_members = 4,                           \
    .members = MEMBERS({T_OPT T_UID}, {T_OPT T_NAME}, {T_OPT T_PIN}, \
                       {T_OPT T_STR(0, 12)})
#define T_SRC                              \
    .kind = SG_SCHEMA_SRC, .n_members = 3, \
    .members = MEMBERS({T_RANGE(0, 5)}, {T_STR(0, 64)}, {T_OPT T_DAY})

#define V(rule) (UINT32_C(1) << (rule))
#define FIELD(TYPE, number, NAME, word, form, needs, letter, looks_at) \
    {                                                                  \
        .no = (number),                                                \
        .merge = (#letter)[0],                                         \
        .need = SG_SCHEMA_##needs,                                     \
        .rules = (looks_at),                                           \
        .name = #word,                                                 \
        .value = {form},                                               \
    },

#define FIELDS(name)    static const struct sg_schema_field name##_fields[]
#define SHARED          SG_SCHEMA_COMMON_SRC(FIELD)
#define SHARED_OF       SG_SCHEMA_COMMON_SRC(FIELD) SG_SCHEMA_COMMON_OF(FIELD)
#define SHARED_STATE    SHARED SG_SCHEMA_COMMON_STATE(FIELD)
#define SHARED_OF_STATE SHARED_OF SG_SCHEMA_COMMON_STATE(FIELD)
#define TAIL            SG_SCHEMA_COMMON_TAIL(FIELD)

FIELDS(genesis) = {SG_SCHEMA_GENESIS(FIELD)};
FIELDS(authority_log) = {SG_SCHEMA_AUTHORITY_LOG(FIELD)};
FIELDS(root_rotate) = {SG_SCHEMA_ROOT_ROTATE(FIELD)};
FIELDS(heartbeat) = {SG_SCHEMA_HEARTBEAT(FIELD)};
FIELDS(node_admit) = {SG_SCHEMA_NODE_ADMIT(FIELD)};
FIELDS(node_cut) = {SG_SCHEMA_NODE_CUT(FIELD)};
FIELDS(officer_grant) = {SG_SCHEMA_OFFICER_GRANT(FIELD)};
FIELDS(officer_cut) = {SG_SCHEMA_OFFICER_CUT(FIELD)};
FIELDS(lift) = {SG_SCHEMA_LIFT(FIELD)};
FIELDS(scope_key) = {SG_SCHEMA_SCOPE_KEY(FIELD)};
FIELDS(unit) = {SG_SCHEMA_UNIT(FIELD)};
FIELDS(unit_succession) = {SG_SCHEMA_UNIT_SUCCESSION(FIELD)};
FIELDS(rehome) = {SG_SCHEMA_REHOME(FIELD)};
FIELDS(code_table) = {SG_SCHEMA_CODE_TABLE(FIELD)};
FIELDS(calendar) = {SG_SCHEMA_CALENDAR(FIELD)};
FIELDS(campaign) = {SG_SCHEMA_CAMPAIGN(FIELD)};
FIELDS(pin_block) = {SG_SCHEMA_PIN_BLOCK(FIELD)};
FIELDS(erasure) = {SG_SCHEMA_ERASURE(FIELD)};
FIELDS(rules) = {SG_SCHEMA_RULES(FIELD)};
FIELDS(policy) = {SG_SCHEMA_POLICY(FIELD)};
FIELDS(endorse_range) = {SG_SCHEMA_ENDORSE_RANGE(FIELD)};
FIELDS(erasure_done) = {SG_SCHEMA_ERASURE_DONE(FIELD)};

FIELDS(person) = {SHARED SG_SCHEMA_PERSON(FIELD) TAIL};
FIELDS(pin) = {SHARED_STATE SG_SCHEMA_PIN(FIELD) TAIL};
FIELDS(old_id) = {SHARED SG_SCHEMA_OLD_ID(FIELD) TAIL};
FIELDS(residence) = {SHARED_OF_STATE SG_SCHEMA_RESIDENCE(FIELD) TAIL};
FIELDS(household) = {SHARED_STATE SG_SCHEMA_HOUSEHOLD(FIELD) TAIL};
FIELDS(vital) = {SHARED SG_SCHEMA_VITAL(FIELD) TAIL};
FIELDS(dossier) = {SHARED_OF_STATE SG_SCHEMA_DOSSIER(FIELD) TAIL};
FIELDS(account) = {SHARED_OF_STATE SG_SCHEMA_ACCOUNT(FIELD) TAIL};
FIELDS(exclusion) = {SHARED_OF_STATE SG_SCHEMA_EXCLUSION(FIELD) TAIL};
FIELDS(request) = {SHARED_OF_STATE SG_SCHEMA_REQUEST(FIELD) TAIL};
FIELDS(decision) = {SHARED SG_SCHEMA_DECISION(FIELD) TAIL};
FIELDS(duplicate) = {SHARED SG_SCHEMA_DUPLICATE(FIELD) TAIL};
FIELDS(verification) = {SHARED SG_SCHEMA_VERIFICATION(FIELD) TAIL};
FIELDS(receipt) = {SHARED SG_SCHEMA_RECEIPT(FIELD) TAIL};
FIELDS(handover) = {SHARED SG_SCHEMA_HANDOVER(FIELD) TAIL};
FIELDS(resettle) = {SHARED SG_SCHEMA_RESETTLE(FIELD) TAIL};
FIELDS(endorse) = {SHARED SG_SCHEMA_ENDORSE(FIELD) TAIL};

FIELDS(access) = {SG_SCHEMA_ACCESS(FIELD)};
FIELDS(session) = {SG_SCHEMA_SESSION(FIELD)};
FIELDS(permit) = {SG_SCHEMA_PERMIT(FIELD)};

enum {
    NO = 0,
    YES = 1,
    ROOT = SG_SIGNER_ROOT,
    NODE = SG_SIGNER_NODE,
    C = SG_READER_CAPTURE,
    H = SG_READER_HOME,
    O = SG_READER_OLD,
    Z = SG_READER_CENTRE,
    BOTH = SG_READER_BOTH,
    ENDORSED = SG_READER_ENDORSED,
    ALL = SG_READER_ALL,
};

#define TYPE(NAME, no, word, kept, by, must_sign, for_whom, about, names) \
    static const struct sg_schema_type word = {                           \
        .number = SG_TYPE_##NAME,                                         \
        .version = 1,                                                     \
        .name = #word,                                                    \
        .entry = SG_SCHEMA_##kept,                                        \
        .signers = (by),                                                  \
        .is_signed = (must_sign),                                         \
        .readers = (for_whom),                                            \
        .subject = SG_SCHEMA_SUBJECT_##about,                             \
        .object = SG_SCHEMA_OBJECT_##names,                               \
        .n_fields = sizeof(word##_fields) / sizeof(word##_fields[0]),     \
        .fields = word##_fields,                                          \
    };
SG_SCHEMA_TYPES(TYPE)

#define BY_NUMBER(NAME, no, word, ...) [no] = &word,
static const struct sg_schema_type *const by_number[] = {
    SG_SCHEMA_TYPES(BY_NUMBER)};

#define IN_ORDER(NAME, no, word, ...) &word,
static const struct sg_schema_type *const in_order[] = {
    SG_SCHEMA_TYPES(IN_ORDER)};

const struct sg_schema_type *sg_schema_find(uint16_t type, uint16_t version)
{
    const struct sg_schema_type *found;

    if (type >= sizeof(by_number) / sizeof(by_number[0]))
        return NULL;
    found = by_number[type];
    return found != NULL && found->version == version ? found : NULL;
}

const struct sg_schema_type *const *sg_schema_types(size_t *ret_count)
{
    *ret_count = sizeof(in_order) / sizeof(in_order[0]);
    return in_order;
}

const struct sg_schema_field *sg_schema_field(const struct sg_schema_type *type,
                                              unsigned no)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].no == no)
            return &type->fields[i];
    }
    return NULL;
}

const struct sg_schema_field *sg_schema_field_named(
    const struct sg_schema_type *type, struct sg_bytes name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const char *text = type->fields[i].name;

        if (sg_bytes_equal(sg_bytes(text, strlen(text)), name))
            return &type->fields[i];
    }
    return NULL;
}

bool sg_schema_has_of(const struct sg_schema_type *type)
{
    return type->object == SG_SCHEMA_OBJECT_OPENING;
}

static const char *const words[] = {
    [SG_SCHEMA_UINT] = "uint", [SG_SCHEMA_STR] = "str",
    [SG_SCHEMA_BIN] = "bin",   [SG_SCHEMA_UID] = "uid",
    [SG_SCHEMA_REF] = "ref",   [SG_SCHEMA_HASH] = "hash",
    [SG_SCHEMA_LOG] = "log",   [SG_SCHEMA_KEY] = "key",
    [SG_SCHEMA_SIG] = "sig",   [SG_SCHEMA_KEYID] = "keyid",
    [SG_SCHEMA_DATE] = "date", [SG_SCHEMA_DAY] = "day",
    [SG_SCHEMA_MS] = "ms",     [SG_SCHEMA_UNIT] = "unit",
    [SG_SCHEMA_PIN] = "pin",   [SG_SCHEMA_CODE] = "code",
    [SG_SCHEMA_NAME] = "name", [SG_SCHEMA_PLACE] = "place",
    [SG_SCHEMA_KIN] = "kin",   [SG_SCHEMA_SRC] = "src",
};

static const char *const tables[] = {
    [SG_TABLE_FORM] = "form",
    [SG_TABLE_ETHNIC] = "ethnic",
    [SG_TABLE_RELIGION] = "religion",
    [SG_TABLE_BLOOD] = "blood",
    [SG_TABLE_MARITAL] = "marital",
    [SG_TABLE_RELATION] = "relation",
    [SG_TABLE_UNIT_KIND] = "unit_kind",
    [SG_TABLE_REJECT] = "reject",
    [SG_TABLE_PROVINCE] = "province",
    [SG_TABLE_COUNTRY] = "country",
    [SG_TABLE_ISO_COUNTRY] = "iso_country",
};

static void write_text(struct sg_writer *writer, const char *text)
{
    sg_writer_bytes(writer, sg_bytes(text, strlen(text)));
}

static void write_range(struct sg_writer *writer,
                        const struct sg_schema_value *value)
{
    write_text(writer, " ");
    sg_text_decimal_encode(writer, value->min);
    if (value->kind == SG_SCHEMA_BIN && value->min == value->max)
        return;
    write_text(writer, "..");
    sg_text_decimal_encode(writer, value->max);
}

static void write_members(struct sg_writer *writer,
                          const struct sg_schema_value *value)
{
    bool is_tuple = value->kind == SG_SCHEMA_TUPLE;

    write_text(writer, is_tuple ? "(" : "[");
    for (unsigned i = 0; i < value->n_members; i++) {
        if (i > 0)
            write_text(writer, ", ");
        sg_schema_write_value(writer, &value->members[i]);
    }
    write_text(writer, is_tuple ? ")" : "]");
}

void sg_schema_write_value(struct sg_writer *writer,
                           const struct sg_schema_value *value)
{
    if (value->kind == SG_SCHEMA_TUPLE || value->kind == SG_SCHEMA_ARRAY)
        write_members(writer, value);
    else
        write_text(writer, words[value->kind]);
    if (value->kind == SG_SCHEMA_CODE) {
        write_text(writer, " ");
        write_text(writer, tables[value->table]);
    }
    if (value->is_nullable)
        write_text(writer, "?");
    if (value->kind == SG_SCHEMA_ARRAY || value->kind == SG_SCHEMA_STR ||
        value->kind == SG_SCHEMA_BIN ||
        (value->kind == SG_SCHEMA_UINT && value->max != UINT64_MAX) ||
        (value->kind == SG_SCHEMA_UINT && value->min != 0))
        write_range(writer, value);
}
