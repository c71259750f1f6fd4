/* The merge: any set of records that fit folds without a word, in two orders to
 * one root, and its rows are canonical.
 *
 * The input is a list of records, made of small worlds so that they meet: three
 * subjects, a few units, days and numbers, parents among those before. What
 * does not fit its table is left out. */
#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/registry/merge/register.h"
#include "storage/registry/record_build.h"
#include "tests/fuzz/fuzz.h"

#define RECORDS_MAX   20u
#define PAYLOADS_MAX  (RECORDS_MAX * SG_RECORD_SIZE_MAX)
#define HEADS_MAX     6u
#define HANDOVER_TYPE 46u

static const struct sg_registry_id registry = {{{0x55}}};
static const uint64_t units[] = {31475820191201, 31475820250101, 31475820250701,
                                 10003820191201};
static const uint32_t days[] = {20230401, 20240115, 20250701, 20260106};

struct made {
    struct sg_register_copy copy;
    struct sg_record record;
    struct sg_ref ref;
    size_t at, size; /* of the payload */
};

struct world {
    const uint8_t *data;
    size_t size;
    struct sg_unit_table *units;
    struct sg_buf payloads;
    struct made made[RECORDS_MAX];
    size_t count;
};

/* Gives the next byte of the input, 0 behind its end. */
static uint8_t draw(struct world *world)
{
    if (world->size == 0)
        return 0;
    world->size--;
    return *world->data++;
}

/* --- values ------------------------------------------------------------ */

static void pack_value(struct world *world, struct sg_pack *pack,
                       const struct sg_schema_value *form, int rank);

static void fill(uint8_t *bytes, size_t size, unsigned value)
{
    memset(bytes, (int)value, size);
}

static void pack_ref(struct world *world, struct sg_pack *pack, uint8_t choice)
{
    uint8_t bytes[16];

    fill(bytes, sizeof bytes, choice);
    if (world->count > 0 && choice < 200)
        memcpy(bytes, world->made[choice % world->count].ref.bytes, 16);
    sg_pack_bin(pack, SG_BYTES_ARRAY(bytes));
}

static uint64_t number_of(const struct sg_schema_value *form, uint8_t choice)
{
    uint64_t span = form->max - form->min;

    switch (form->kind) {
    case SG_SCHEMA_DATE:
    case SG_SCHEMA_DAY:
        return days[choice % 4];
    case SG_SCHEMA_UNIT:
        return units[choice % 4];
    case SG_SCHEMA_PIN:
        return choice % 3 == 0 ? 0 : 999080000000u + choice % 3;
    default:
        return form->min + (span < 255 ? choice % (span + 1) : choice);
    }
}

static void pack_text(struct sg_pack *pack, const struct sg_schema_value *form,
                      uint8_t choice, bool is_text)
{
    uint8_t bytes[64];
    size_t size = form->min + choice % 3;

    if (size > form->max)
        size = (size_t)form->max;
    if (size > sizeof bytes)
        size = sizeof bytes;
    fill(bytes, size, 'a' + choice % 4u);
    if (is_text)
        sg_pack_str(pack, sg_bytes(bytes, size));
    else
        sg_pack_bin(pack, sg_bytes(bytes, size));
}

static void pack_members(struct world *world, struct sg_pack *pack,
                         const struct sg_schema_value *form, uint8_t choice,
                         int rank)
{
    uint32_t count = form->n_members;

    if (form->kind == SG_SCHEMA_ARRAY) {
        count = (uint32_t)form->min + choice % 3;
        if (count > form->max)
            count = (uint32_t)form->max;
    }
    sg_pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++)
        if (form->kind == SG_SCHEMA_ARRAY)
            pack_value(world, pack, form->members, (int)i);
        else
            pack_value(world, pack, &form->members[i], i == 0 ? rank : -1);
}

static void pack_value(struct world *world, struct sg_pack *pack,
                       const struct sg_schema_value *form, int rank)
{
    uint8_t choice = rank >= 0 ? (uint8_t)rank : draw(world);
    uint8_t bytes[16];

    if (form->is_nullable && rank < 0 && choice % 4 == 3) {
        sg_pack_nil(pack);
        return;
    }
    switch (form->kind) {
    case SG_SCHEMA_STR:
        pack_text(pack, form, choice, true);
        break;
    case SG_SCHEMA_UID:
        fill(bytes, sizeof bytes, choice % 5u);
        sg_pack_bin(pack, SG_BYTES_ARRAY(bytes));
        break;
    case SG_SCHEMA_REF:
        pack_ref(world, pack, choice);
        break;
    case SG_SCHEMA_NAME:
    case SG_SCHEMA_PLACE:
    case SG_SCHEMA_KIN:
    case SG_SCHEMA_SRC:
    case SG_SCHEMA_TUPLE:
    case SG_SCHEMA_ARRAY:
        pack_members(world, pack, form, choice, rank);
        break;
    case SG_SCHEMA_UINT:
    case SG_SCHEMA_CODE:
    case SG_SCHEMA_DATE:
    case SG_SCHEMA_DAY:
    case SG_SCHEMA_MS:
    case SG_SCHEMA_UNIT:
    case SG_SCHEMA_PIN:
        sg_pack_uint(pack, number_of(form, choice));
        break;
    default:
        pack_text(pack, form, choice, false);
        break;
    }
}

/* --- handovers --------------------------------------------------------- */

/* A field of a record that was made, as a head of a handover. */
struct head {
    const struct made *made;
    struct sg_bytes key;
    uint8_t field, flags;
    uint8_t room[SG_SUBJECT_KEY_SIZE_MAX];
};

/* Gives the key of MADE's object where it is short to tell. */
static struct sg_bytes key_of(const struct made *made, uint8_t room[34])
{
    const struct sg_record *record = &made->record;

    switch (record->schema->object) {
    case SG_SCHEMA_OBJECT_OPENING:
        return sg_record_has(record, SG_FIELD_COMMON_OF)
                   ? sg_record_bin(record, SG_FIELD_COMMON_OF)
                   : SG_BYTES_ARRAY(made->ref.bytes);
    case SG_SCHEMA_OBJECT_NUMBER:
        sg_bytes_put_u64be(room, sg_record_uint(record, SG_FIELD_PIN_NUMBER));
        return sg_bytes(room, 8);
    default:
        return (struct sg_bytes){0};
    }
}

static int compare(const struct head *a, const struct head *b)
{
    int order = a->made->record.type - b->made->record.type;

    if (order == 0)
        order = sg_bytes_compare(a->key, b->key);
    if (order == 0)
        order = a->field - b->field;
    return order != 0 ? order : sg_ref_compare(&a->made->ref, &b->made->ref);
}

/* Draws heads, ascending, no two alike; returns how many. */
static size_t draw_heads(struct world *world, struct head *heads)
{
    size_t count = 0, wanted = draw(world) % (HEADS_MAX + 1);

    for (; wanted > 0 && world->count > 0; wanted--) {
        struct head head = {.made = &world->made[draw(world) % world->count],
                            .field = draw(world) % 26,
                            .flags = draw(world) % 8};
        size_t at = count;

        if (!sg_record_has(&head.made->record, head.field) ||
            sg_record_is_nil(&head.made->record, head.field) ||
            head.made->record.schema->object == SG_SCHEMA_OBJECT_NONE)
            continue;
        head.key = key_of(head.made, head.room);
        while (at > 0 && compare(&heads[at - 1], &head) > 0)
            at--;
        if (at > 0 && compare(&heads[at - 1], &head) == 0)
            continue;
        memmove(heads + at + 1, heads + at, (count - at) * sizeof *heads);
        heads[at] = head;
        if (head.key.data == head.room)
            heads[at].key.data = heads[at].room;
        count++;
    }
    return count;
}

static void build_handover(struct world *world, struct sg_record_build *build)
{
    struct head heads[HEADS_MAX + 1];
    size_t count = draw_heads(world, heads);
    struct sg_buf values;
    struct sg_pack packed, *pack;

    sg_record_build_uint(build, SG_FIELD_HANDOVER_FROM_UNIT, units[0]);
    sg_record_build_uint(build, SG_FIELD_HANDOVER_TO_UNIT, units[2]);
    pack = sg_record_build_field(build, SG_FIELD_HANDOVER_COVERS);
    sg_pack_array(pack, count > 0 ? 1 : 0);
    if (count > 0)
        sg_pack_bin(pack, SG_BYTES_ARRAY(heads[0].made->ref.bytes));
    pack = sg_record_build_field(build, SG_FIELD_HANDOVER_HEADS);
    sg_pack_array(pack, (uint32_t)count);
    sg_buf_init(&values, 60000);
    sg_pack_init(&packed, &values);
    sg_pack_array(&packed, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        sg_pack_array(pack, 7);
        sg_pack_uint(pack, heads[i].made->record.type);
        sg_pack_bin(pack, heads[i].key);
        sg_pack_uint(pack, heads[i].field);
        sg_pack_bin(pack, SG_BYTES_ARRAY(heads[i].made->ref.bytes));
        sg_pack_uint(pack, heads[i].flags);
        sg_pack_uint(pack, heads[i].flags % 6);
        sg_pack_uint(pack, i);
        sg_pack_raw(&packed, heads[i].made->record.fields[heads[i].field]);
    }
    if (sg_pack_end(&packed) == SG_OK)
        sg_record_build_bin(build, SG_FIELD_HANDOVER_VALUES,
                            sg_buf_bytes(&values));
    sg_buf_clear(&values);
    pack = sg_record_build_field(build, SG_FIELD_HANDOVER_CONFLICTS);
    sg_pack_array(pack, 0);
    sg_record_build_nil(build, SG_FIELD_HANDOVER_HOME_THEN);
}

/* --- records ----------------------------------------------------------- */

/* Says whether a record carries FIELD: what is due, what may not be there, and
 * what is left to the input. */
static bool carries(const struct sg_record_build *build,
                    const struct sg_schema_type *type,
                    const struct sg_schema_field *field, bool is_wanted)
{
    bool is_opening = build->head->n_parents == 0;

    if (field->no > 27)
        return false;
    if (field->no == SG_FIELD_COMMON_OF && sg_schema_has_of(type))
        return !is_opening;
    if (field->need == SG_SCHEMA_ALWAYS ||
        (field->need == SG_SCHEMA_OPENING && is_opening))
        return true;
    return is_wanted && (is_opening || field->merge != 'F');
}

static void build_body(struct world *world, struct sg_record_build *build,
                       const struct sg_schema_type *type)
{
    uint32_t wanted =
        (uint32_t)draw(world) << 16 | (uint32_t)draw(world) << 8 | draw(world);

    if (type->number == HANDOVER_TYPE) {
        build_handover(world, build);
        return;
    }
    for (unsigned i = 0; i < type->n_fields; i++) {
        const struct sg_schema_field *field = &type->fields[i];

        if (!carries(build, type, field, (wanted >> i % 24 & 1) != 0))
            continue;
        if (type->number == SG_TYPE_VITAL && field->no == SG_FIELD_VITAL_AT)
            sg_record_build_uint(build, field->no, build->head->effective.ymd);
        else
            pack_value(world, sg_record_build_field(build, field->no),
                       &field->value, -1);
    }
}

/* Makes the next record of the input, if it fits. */
static void make(struct world *world)
{
    static const uint8_t signature[SG_SIGNATURE_SIZE];
    uint8_t choice = draw(world), flags = draw(world), n = draw(world) % 4;
    const struct sg_schema_type *type =
        sg_schema_find(SG_TYPE_PERSON + choice % 17, 1);
    struct sg_ref parents[4];
    struct sg_record_head head = {.type = type->number,
                                  .parents = parents,
                                  .effective = {days[flags >> 6]}};
    struct sg_record_copy outer = {.hlc = (uint64_t)(flags % 8) << 20,
                                   .capture = {units[0]},
                                   .home = {units[0]},
                                   .signature = SG_BYTES_ARRAY(signature)};
    struct made *made = &world->made[world->count];
    struct sg_record_build build;
    struct sg_hash id;

    fill(head.subject.bytes, 16, choice >> 6);
    fill(head.officer.bytes, 8, flags >> 4 & 3);
    sg_bytes_put_u64be(head.submit.bytes, world->count);
    for (; n > 0 && world->count > 0; n--) {
        struct sg_ref ref = world->made[draw(world) % world->count].ref;
        bool is_known = false;

        for (size_t i = 0; i < head.n_parents; i++)
            is_known = is_known || sg_ref_compare(&parents[i], &ref) == 0;
        if (!is_known)
            parents[head.n_parents++] = ref;
    }
    sg_record_build_init(&build, &head);
    build_body(world, &build, type);
    made->at = world->payloads.size;
    if (sg_record_build_end(&build, &outer, NULL, &registry, &world->payloads,
                            &id) != SG_OK)
        return;
    made->size = world->payloads.size - made->at;
    made->ref = sg_ref_of(&id);
    made->copy = (struct sg_register_copy){.index = world->count,
                                           .id = id,
                                           .is_admitted = (flags & 8) == 0 ||
                                                          choice % 2 == 0,
                                           .is_quarantined = (flags & 8) != 0,
                                           .is_signed = choice % 5 != 0,
                                           .is_forked = choice % 7 == 0,
                                           .roles = 1 + choice % 7u};
    SG_ASSERT(
        sg_record_decode(sg_bytes(world->payloads.data + made->at, made->size),
                         &made->record) == SG_OK);
    made->copy.record = &made->record;
    world->count++;
}

/* --- the promise ------------------------------------------------------- */

static enum sg_err check_row(void *context, const struct sg_row *row)
{
    (void)context;
    SG_ASSERT(sg_msgpack_check(row->bytes, SG_ROW_SIZE_MAX) == SG_OK);
    return SG_OK;
}

static struct sg_state_root fold(const struct world *world, bool is_backwards)
{
    const struct sg_register_setup setup = {.registry = registry,
                                            .world = {.units = world->units,
                                                      .as_of = {20260101},
                                                      .duplicate_score = 100},
                                            .hlc_max = UINT64_MAX};
    struct sg_state_root root;
    struct sg_register *reg;

    SG_ASSERT(sg_register_new(&setup, &reg) == SG_OK);
    for (size_t i = 0; i < world->count; i++) {
        const struct made *made =
            &world->made[is_backwards ? world->count - 1 - i : i];

        SG_ASSERT(sg_register_put(reg, &made->copy) == SG_OK);
        if (is_backwards && i % 4 == 0)
            SG_ASSERT(sg_register_settle(reg) == SG_OK);
    }
    SG_ASSERT(sg_register_settle(reg) == SG_OK);
    SG_ASSERT(sg_register_rows(reg, check_row, NULL) == SG_OK);
    sg_register_root_all(reg, &root);
    sg_register_free(reg);
    return root;
}

/* The few units that values are drawn from. */
static struct sg_unit_table *few_units(void)
{
    struct sg_unit_table *table;

    SG_ASSERT(sg_unit_table_new(&table) == SG_OK);
    for (size_t i = 0; i < 4; i++) {
        struct sg_unit unit = {.key = {units[i]},
                               .parent = {i < 3 ? units[3] : 0},
                               .name = SG_BYTES_TEXT("Phường")};

        if (i < 2)
            unit.until = sg_unit_key_from((struct sg_unit_key){units[i + 1]});
        SG_ASSERT(sg_unit_table_add(table, &unit) == SG_OK);
        if (i < 2)
            SG_ASSERT(sg_unit_table_link(
                          table, &(struct sg_unit_edge){
                                     .from = {units[i]},
                                     .to = {units[i + 1]},
                                     .share = i == 0 ? SG_UNIT_WHOLE
                                                     : SG_UNIT_PART}) == SG_OK);
    }
    SG_ASSERT(sg_unit_table_seal(table) == SG_OK);
    return table;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = sg_calloc(1, sizeof *world);
    struct sg_state_root forwards, backwards;

    SG_ASSERT(world != NULL);
    SG_ASSERT(sg_crypto_init() == SG_OK);
    world->data = data;
    world->size = size;
    world->units = few_units();
    sg_buf_init(&world->payloads, PAYLOADS_MAX);
    /* Records borrow their payloads, which must not move. */
    SG_ASSERT(sg_buf_reserve(&world->payloads, PAYLOADS_MAX / 8) == SG_OK);
    while (world->size > 0 && world->count < RECORDS_MAX &&
           world->payloads.size < PAYLOADS_MAX / 16)
        make(world);
    forwards = fold(world, false);
    backwards = fold(world, true);
    SG_ASSERT(sg_state_root_equal(&forwards, &backwards));
    sg_buf_clear(&world->payloads);
    sg_unit_table_free(world->units);
    sg_free(world);
    return 0;
}
