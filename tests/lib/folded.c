#include "tests/lib/folded.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/pack.h"
#include "tests/lib/test.h"

void folded_init(struct folded *man)
{
    *man = (struct folded){
        .effective = {20230101},
        .written = {20230101},
        .source = SG_RECORD_SOURCE_DECLARED,
    };
    man->subject = (struct sg_subject){
        .uid = {{1}},
        .canonical = {{1}},
        .status = SG_SUBJECT_ACTIVE,
        .objects = man->objects,
        .conflicts = man->conflicts,
        .records = man->records,
    };
}

static struct sg_bytes keep(struct folded *man, struct sg_bytes bytes)
{
    uint8_t *to = man->bytes + man->used;

    assert_true(man->used + bytes.size <= FOLDED_BYTES);
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    man->used += bytes.size;
    return sg_bytes(to, bytes.size);
}

static uint64_t hlc_of(struct sg_date day)
{
    uint64_t noon = (uint64_t)sg_date_days(day) * 86400 + 5 * 3600;

    return noon * 1000 << 16;
}

static struct sg_subject_record *add_record(struct folded *man, uint16_t type)
{
    struct sg_subject_record *record = &man->records[man->subject.n_records];

    assert_true(man->subject.n_records < FOLDED_RECORDS);
    *record = (struct sg_subject_record){
        .type = type,
        .is_signed = true,
        .hlc = hlc_of(man->written),
        .effective = man->effective,
    };
    record->ref.bytes[0] = 1;
    record->ref.bytes[1] = (uint8_t)(man->subject.n_records >> 8);
    record->ref.bytes[2] = (uint8_t)man->subject.n_records;
    man->subject.n_records++;
    return record;
}

size_t folded_add_key(struct folded *man, enum sg_type type,
                      struct sg_bytes key, unsigned state)
{
    size_t at = man->subject.n_objects;
    const struct sg_subject_record *record = add_record(man, (uint16_t)type);

    assert_true(at < FOLDED_OBJECTS);
    assert_true(at == 0 || man->objects[at - 1].type <= type);
    man->objects[at] = (struct sg_subject_object){
        .type = type,
        .key = keep(man, key),
        .state = (uint8_t)state,
        .opening = record,
        .state_by = record,
        .cells = man->cells[at],
    };
    man->subject.n_objects++;
    return at;
}

size_t folded_add(struct folded *man, enum sg_type type, unsigned state)
{
    struct sg_ref ref = {{1, 0, (uint8_t)man->subject.n_objects}};

    if (type == SG_TYPE_PERSON || type == SG_TYPE_VITAL)
        return folded_add_key(man, type, sg_bytes(NULL, 0), state);
    return folded_add_key(man, type, SG_BYTES_ARRAY(ref.bytes), state);
}

/* Makes room for FIELD among the cells of object AT. */
static struct sg_subject_cell *place_of(struct folded *man, size_t at,
                                        unsigned field)
{
    struct sg_subject_object *object = &man->objects[at];
    struct sg_subject_cell *cells = man->cells[at];
    size_t i = 0;

    while (i < object->n_cells && cells[i].field < field)
        i++;
    if (i < object->n_cells && cells[i].field == field)
        return &cells[i];
    assert_true(object->n_cells < FOLDED_CELLS);
    memmove(cells + i + 1, cells + i, (object->n_cells - i) * sizeof *cells);
    object->n_cells++;
    return &cells[i];
}

static void begin(struct sg_pack *pack, struct sg_buf *buf)
{
    sg_buf_init(buf, 1024);
    sg_pack_init(pack, buf);
}

static void end(struct folded *man, size_t at, unsigned field,
                struct sg_pack *pack, struct sg_buf *buf)
{
    struct sg_subject_cell *cell = place_of(man, at, field);

    assert_ok(sg_pack_end(pack));
    *cell = (struct sg_subject_cell){
        .field = (uint8_t)field,
        .merge = 'V',
        .value = keep(man, sg_buf_bytes(buf)),
        .by = add_record(man, (uint16_t)man->objects[at].type),
        .source = man->source,
    };
    sg_buf_clear(buf);
}

void folded_uint(struct folded *man, size_t at, unsigned field, uint64_t value)
{
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_uint(&pack, value);
    end(man, at, field, &pack, &buf);
}

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

void folded_str(struct folded *man, size_t at, unsigned field, const char *text)
{
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_str(&pack, text_of(text));
    end(man, at, field, &pack, &buf);
}

void folded_list(struct folded *man, size_t at, unsigned field,
                 const char *text)
{
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_array(&pack, 1);
    sg_pack_str(&pack, text_of(text));
    end(man, at, field, &pack, &buf);
}

void folded_uid(struct folded *man, size_t at, unsigned field, uint8_t first)
{
    const struct sg_uid uid = {{first}};
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_bin(&pack, SG_BYTES_ARRAY(uid.bytes));
    end(man, at, field, &pack, &buf);
}

void folded_nil(struct folded *man, size_t at, unsigned field)
{
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_nil(&pack);
    end(man, at, field, &pack, &buf);
}

static void pack_name(struct sg_pack *pack, const char *family,
                      const char *middle, const char *given)
{
    sg_pack_array(pack, 3);
    sg_pack_str(pack, text_of(family));
    sg_pack_str(pack, text_of(middle));
    sg_pack_str(pack, text_of(given));
}

void folded_name(struct folded *man, size_t at, unsigned field,
                 const char *family, const char *middle, const char *given)
{
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    pack_name(&pack, family, middle, given);
    end(man, at, field, &pack, &buf);
}

void folded_place(struct folded *man, size_t at, unsigned field, uint64_t unit)
{
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_array(&pack, 3);
    sg_pack_uint(&pack, unit);
    sg_pack_nil(&pack);
    sg_pack_nil(&pack);
    end(man, at, field, &pack, &buf);
}

void folded_kin(struct folded *man, size_t at, unsigned field, uint8_t first)
{
    const struct sg_uid uid = {{first}};
    struct sg_buf buf;
    struct sg_pack pack;

    begin(&pack, &buf);
    sg_pack_array(&pack, 4);
    sg_pack_bin(&pack, SG_BYTES_ARRAY(uid.bytes));
    sg_pack_nil(&pack);
    sg_pack_nil(&pack);
    sg_pack_nil(&pack);
    end(man, at, field, &pack, &buf);
}

void folded_dispute(struct folded *man, size_t at, unsigned field)
{
    place_of(man, at, field)->flags |= SG_SUBJECT_CONFLICT;
}

size_t folded_pin(struct folded *man, uint64_t number)
{
    uint8_t key[8];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(number >> (56 - 8 * i));
    return folded_add_key(man, SG_TYPE_PIN, SG_BYTES_ARRAY(key), 2);
}

size_t folded_home(struct folded *man, uint64_t unit, uint32_t from)
{
    size_t at = folded_add(man, SG_TYPE_RESIDENCE, 2);

    folded_uint(man, at, SG_FIELD_RESIDENCE_KIND, 1);
    folded_uint(man, at, SG_FIELD_RESIDENCE_UNIT, unit);
    folded_uint(man, at, SG_FIELD_RESIDENCE_FROM, from);
    man->subject.unit.value = unit;
    man->subject.has_home = man->subject.has_residence = true;
    memcpy(man->subject.residence.bytes, man->objects[at].key.data,
           sizeof man->subject.residence.bytes);
    return at;
}

void folded_conflict(struct folded *man, unsigned rule,
                     enum sg_subject_conflict_state state)
{
    assert_true(man->subject.n_conflicts < FOLDED_CONFLICTS);
    man->conflicts[man->subject.n_conflicts++] = (struct sg_subject_conflict){
        .rule = (uint8_t)rule,
        .state = state,
        .since = hlc_of(man->written),
    };
}

size_t folded_record(struct folded *man, struct sg_bytes payload)
{
    struct sg_record record;
    struct sg_subject_record *added;

    assert_ok(sg_record_decode(payload, &record));
    added = add_record(man, record.type);
    added->effective = record.effective;
    added->inner = keep(man, record.inner);
    return man->subject.n_records - 1;
}
