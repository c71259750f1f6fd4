#include "tests/unit/any_record.h"

#include <string.h>

const struct sg_registry_id any_record_registry = {{{0x5a, 1, 2, 3}}};

#define NO_RANK (-1)

static const char *const words[] = {
    "Nguyễn",         "Thị",       "Hòa", "Đỗ",   "Mỹ",
    "Thôn 7",         "0147/2025", "a",   "Ê̆ban", "NĐ 70/2024 Đ.6",
    "một bản ghi thử"};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

static void pack_text(struct sg_pack *pack, struct sg_prng *prng,
                      const struct sg_schema_value *form, int rank)
{
    char text[256];
    size_t size = 0;

    if (rank >= 0)
        text[size++] = (char)('A' + rank);
    while (size < form->min ||
           (size < form->max && sg_prng_chance(prng, 700))) {
        const char *word = words[sg_prng_below(prng, N_WORDS)];
        size_t more = strlen(word);

        if (size + more > sizeof(text) || size + more > form->max) {
            if (size >= form->min)
                break;
            text[size++] = 'x';
            continue;
        }
        memcpy(text + size, word, more);
        size += more;
    }
    sg_pack_str(pack, sg_bytes(text, size));
}

static void pack_bytes(struct sg_pack *pack, struct sg_prng *prng,
                       const struct sg_schema_value *form, int rank)
{
    uint8_t bytes[512];
    size_t top = form->max < sizeof(bytes) ? (size_t)form->max : sizeof(bytes);
    size_t size =
        (size_t)form->min + sg_prng_below(prng, top - (size_t)form->min + 1);

    sg_prng_bytes(prng, bytes, size);
    if (rank >= 0 && size > 0)
        bytes[0] = (uint8_t)(rank + 1);
    sg_pack_bin(pack, sg_bytes(bytes, size));
}

static uint64_t any_day(struct sg_prng *prng, bool is_partial, int rank)
{
    uint64_t year =
        rank >= 0 ? 1990 + (uint64_t)rank : 1900 + sg_prng_below(prng, 140);
    uint64_t month = 1 + sg_prng_below(prng, 12);
    uint64_t day = 1 + sg_prng_below(prng, 28);

    if (is_partial && sg_prng_chance(prng, 200))
        month = day = 0;
    if (is_partial && sg_prng_chance(prng, 200))
        day = 0;
    return year * 10000 + month * 100 + day;
}

static uint64_t any_number(struct sg_prng *prng,
                           const struct sg_schema_value *form, int rank)
{
    uint64_t number;

    switch (form->kind) {
    case SG_SCHEMA_DATE:
        return any_day(prng, true, rank);
    case SG_SCHEMA_DAY:
        return any_day(prng, false, rank);
    case SG_SCHEMA_UNIT:
        return (rank >= 0 ? UINT64_C(3) : 1 + sg_prng_below(prng, 3)) *
                   UINT64_C(10000000000000) +
               (rank >= 0 ? (uint64_t)rank : sg_prng_below(prng, 100000)) *
                   UINT64_C(100000000) +
               any_day(prng, false, NO_RANK);
    default:
        if (rank >= 0)
            return form->min + (uint64_t)rank;
        if (form->max == UINT64_MAX) {
            number = sg_prng_u64(prng) >> sg_prng_below(prng, 64);
            return number < form->min ? form->min : number;
        }
        return form->min + sg_prng_below(prng, form->max - form->min + 1);
    }
}

static void pack_value(struct sg_pack *pack, struct sg_prng *prng,
                       const struct sg_schema_value *form, int rank)
{
    uint32_t count;

    if (form->is_nullable && rank < 0 && sg_prng_chance(prng, 300) &&
        form->kind != SG_SCHEMA_UNIT) {
        sg_pack_nil(pack);
        return;
    }
    switch (form->kind) {
    case SG_SCHEMA_STR:
        pack_text(pack, prng, form, rank);
        return;
    case SG_SCHEMA_ARRAY:
        count = (uint32_t)form->min + (uint32_t)sg_prng_below(prng, 4);
        if (count > form->max)
            count = (uint32_t)form->max;
        sg_pack_array(pack, count);
        for (uint32_t i = 0; i < count; i++)
            pack_value(pack, prng, form->members, (int)i);
        return;
    case SG_SCHEMA_NAME:
    case SG_SCHEMA_PLACE:
    case SG_SCHEMA_KIN:
    case SG_SCHEMA_SRC:
    case SG_SCHEMA_TUPLE:
        sg_pack_array(pack, form->n_members);
        for (unsigned i = 0; i < form->n_members; i++)
            pack_value(pack, prng, &form->members[i], i == 0 ? rank : NO_RANK);
        return;
    case SG_SCHEMA_BIN:
    case SG_SCHEMA_UID:
    case SG_SCHEMA_REF:
    case SG_SCHEMA_HASH:
    case SG_SCHEMA_LOG:
    case SG_SCHEMA_KEY:
    case SG_SCHEMA_SIG:
    case SG_SCHEMA_KEYID:
        pack_bytes(pack, prng, form, rank);
        return;
    default:
        sg_pack_uint(pack, any_number(prng, form, rank));
        return;
    }
}

/* Packs field NO if something else decides it; says whether it did. */
static bool pack_decided(struct sg_record_build *build,
                         const struct sg_schema_type *type, unsigned no,
                         struct sg_date effective)
{
    static const uint8_t no_values[] = {0x90};
    uint8_t largest[16];

    memset(largest, 0xff, sizeof(largest));
    if (no == SG_FIELD_COMMON_SRC && sg_schema_is_shared(type)) {
        const struct sg_record_src src = {.source = SG_RECORD_SOURCE_DOCUMENT};
        sg_record_build_src(build, &src);
    } else if (no == SG_FIELD_COMMON_PER_FIELD && sg_schema_is_shared(type)) {
        struct sg_pack *pack = sg_record_build_field(build, no);
        const struct sg_record_src src = {.source = SG_RECORD_SOURCE_NATIONAL};
        sg_pack_array(pack, 1);
        sg_pack_array(pack, 2);
        sg_pack_uint(pack, 3);
        sg_record_build_pack_src(pack, &src);
    } else if (type->number == SG_TYPE_HANDOVER &&
               no == SG_FIELD_HANDOVER_HEADS) {
        sg_pack_array(sg_record_build_field(build, no), 0);
    } else if (type->number == SG_TYPE_HANDOVER &&
               no == SG_FIELD_HANDOVER_VALUES) {
        sg_record_build_bin(build, no, SG_BYTES_ARRAY(no_values));
    } else if (type->number == SG_TYPE_DECISION &&
               no == SG_FIELD_DECISION_REASON) {
        sg_record_build_str(build, no, SG_BYTES_TEXT("lý do"));
    } else if (type->number == SG_TYPE_VITAL && no == SG_FIELD_VITAL_AT) {
        sg_record_build_uint(build, no, effective.ymd);
    } else if (type->number == SG_TYPE_DUPLICATE &&
               no == SG_FIELD_DUPLICATE_OTHER) {
        sg_record_build_bin(build, no, SG_BYTES_ARRAY(largest));
    } else {
        return false;
    }
    return true;
}

static bool is_left_out(struct sg_prng *prng, const struct sg_schema_type *type,
                        const struct sg_schema_field *field)
{
    if (sg_schema_has_of(type) && field->no == SG_FIELD_COMMON_OF)
        return true;
    return field->need == SG_SCHEMA_MAY && type->number != SG_TYPE_DECISION &&
           sg_prng_chance(prng, 400);
}

static void pack_body(struct sg_record_build *build, struct sg_prng *prng,
                      const struct sg_schema_type *type,
                      struct sg_date effective)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct sg_schema_field *field = &type->fields[i];

        if (is_left_out(prng, type, field) ||
            pack_decided(build, type, field->no, effective))
            continue;
        if (field->need == SG_SCHEMA_MAY && sg_prng_chance(prng, 100) &&
            (field->merge == 'V' || field->merge == 'C'))
            sg_record_build_nil(build, field->no);
        else
            pack_value(sg_record_build_field(build, field->no), prng,
                       &field->value, NO_RANK);
    }
}

enum sg_err any_record(struct sg_prng *prng, const struct sg_schema_type *type,
                       struct sg_buf *payload, struct sg_hash *ret_id)
{
    static const struct sg_ref parents[2] = {{{2}}, {{1}}};
    static const uint64_t units[] = {UINT64_C(31475820250701),
                                     UINT64_C(31475520191201)};
    struct sg_record_head head = {
        .type = type->number,
        .basis = {.form = (uint8_t)sg_prng_below(prng, 24),
                  .document = SG_BYTES_TEXT("0147/2025")},
        .effective = {(uint32_t)any_day(prng, true, NO_RANK)},
    };
    struct sg_record_copy copy = {
        .hlc = sg_prng_u64(prng) >> 8,
        .wall_offset = (int64_t)sg_prng_below(prng, 2000) - 1000,
        .trust = (enum sg_record_trust)sg_prng_below(prng, 3),
        .position = sg_prng_below(prng, 10000),
        .capture = {units[0]},
        .home = {units[sg_prng_below(prng, 2)]}};
    uint8_t signature[SG_SIGNATURE_SIZE];
    struct sg_record_build build;

    sg_prng_bytes(prng, head.subject.bytes, sizeof(head.subject.bytes));
    sg_prng_bytes(prng, head.officer.bytes, sizeof(head.officer.bytes));
    sg_prng_bytes(prng, head.submit.bytes, sizeof(head.submit.bytes));
    sg_prng_bytes(prng, signature, sizeof(signature));
    head.subject.bytes[0] &= 0x7f; /* smaller than `other` of a duplicate */
    if (type->object == SG_SCHEMA_OBJECT_NONE) {
        head.parents = parents;
        head.n_parents = 2;
    }
    if (sg_prng_chance(prng, 700))
        copy.signature = SG_BYTES_ARRAY(signature);
    sg_record_build_init(&build, &head);
    pack_body(&build, prng, type, head.effective);
    return sg_record_build_end(&build, &copy, NULL, &any_record_registry,
                               payload, ret_id);
}
