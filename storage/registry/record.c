#include "storage/registry/record.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/registry/nfc.h"

#define INNER_COUNT 9
#define OUTER_COUNT 8
/* The wall clock may be this far off the hybrid one, in milliseconds. */
#define WALL_OFFSET_MAX (INT64_C(1) << 53)
/* Keys of ext below this belong to a later form of envelope (A06). */
#define EXT_IGNORED_MIN  16
#define BASIS_TEXT_MAX   64
#define VIET_NAM_MINUTES 420
/* A bin 16 as encoded: c4 10 and the bytes. */
#define REF_ENCODED_SIZE 18

/* Returns a number of at most MAX. */
static uint64_t read_below(struct sg_msgpack *reader, uint64_t max)
{
    uint64_t value = sg_msgpack_read_uint(reader);

    if (value <= max)
        return value;
    sg_msgpack_fail(reader, SG_ERR_LIMIT);
    return 0;
}

/* Copies exactly SIZE bytes to RET; zeros after a failure. */
static void read_exactly(struct sg_msgpack *reader, uint8_t *ret, size_t size)
{
    struct sg_bytes bytes = sg_msgpack_read_bin(reader);

    memset(ret, 0, size);
    if (bytes.size == size)
        memcpy(ret, bytes.data, size);
    else
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
}

/* Checks that a text may stand in a record: canonical UTF-8. */
static void check_text(struct sg_msgpack *reader, struct sg_bytes text)
{
    enum sg_err err = sg_nfc_check(text);

    if (err != SG_OK)
        sg_msgpack_fail(reader, err);
}

static struct sg_bytes read_text(struct sg_msgpack *reader, size_t size_max)
{
    struct sg_bytes text = sg_msgpack_read_str(reader);

    if (text.size > size_max)
        sg_msgpack_fail(reader, SG_ERR_LIMIT);
    check_text(reader, text);
    return text;
}

/* Moves over one value of any form that section 1 allows. Not deeper than
 * SG_MSGPACK_DEPTH_MAX, which the reader sees to. */
static void walk(struct sg_msgpack *reader)
{
    uint32_t count;

    switch (sg_msgpack_peek(reader)) {
    case SG_MSGPACK_STR:
        check_text(reader, sg_msgpack_read_str(reader));
        break;
    case SG_MSGPACK_ARRAY:
        count = sg_msgpack_read_array(reader);
        for (; count > 0 && reader->err == SG_OK; count--)
            walk(reader);
        break;
    case SG_MSGPACK_MAP:
        count = sg_msgpack_read_map(reader);
        for (; count > 0 && reader->err == SG_OK; count--) {
            (void)sg_msgpack_read_uint(reader);
            walk(reader);
        }
        break;
    case SG_MSGPACK_BOOL:
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
        break;
    default:
        (void)sg_msgpack_skip(reader);
        break;
    }
}

/* Returns what was read since START. */
static struct sg_bytes since(const struct sg_msgpack *reader,
                             const uint8_t *start)
{
    if (reader->err != SG_OK)
        return (struct sg_bytes){0};
    return sg_bytes(start, (size_t)(reader->left.data - start));
}

static void read_body(struct sg_msgpack *reader, struct sg_record *record)
{
    const uint8_t *start = reader->left.data;
    uint32_t count = sg_msgpack_read_map(reader);

    for (; count > 0 && reader->err == SG_OK; count--) {
        uint64_t no = sg_msgpack_read_uint(reader);
        const uint8_t *value = reader->left.data;

        walk(reader);
        if (no >= SG_FIELD_COUNT_MAX)
            continue;
        record->present |= UINT32_C(1) << no;
        record->fields[no] = since(reader, value);
    }
    record->body = since(reader, start);
}

static void read_parents(struct sg_msgpack *reader, struct sg_record *record)
{
    uint32_t count = sg_msgpack_read_array(reader);
    const uint8_t *last = NULL;

    if (count > SG_PARENTS_MAX) {
        sg_msgpack_fail(reader, SG_ERR_LIMIT);
        return;
    }
    record->n_parents = count;
    record->parents = reader->left.data;
    for (uint32_t i = 0; i < count && reader->err == SG_OK; i++) {
        struct sg_bytes ref = sg_msgpack_read_bin(reader);

        if (ref.size != sizeof(struct sg_ref))
            sg_msgpack_fail(reader, SG_ERR_MALFORMED);
        else if (last != NULL && memcmp(last, ref.data, ref.size) >= 0)
            sg_msgpack_fail(reader, SG_ERR_NOTCANONICAL);
        last = ref.data;
    }
}

static void read_basis(struct sg_msgpack *reader, struct sg_record_basis *basis)
{
    if (sg_msgpack_read_array(reader) != 3)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    basis->form = (uint8_t)read_below(reader, UINT8_MAX);
    basis->document = read_text(reader, BASIS_TEXT_MAX);
    basis->clause = read_text(reader, BASIS_TEXT_MAX);
}

static struct sg_unit_key read_unit(struct sg_msgpack *reader)
{
    struct sg_unit_key unit = {sg_msgpack_read_uint(reader)};

    if (!sg_unit_key_is_valid(unit))
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    return unit;
}

/* The part that the id covers. */
static void read_inner(struct sg_msgpack *reader, struct sg_record *record)
{
    const uint8_t *start = reader->left.data;

    if (sg_msgpack_read_array(reader) != INNER_COUNT)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    record->type = (uint16_t)read_below(reader, UINT16_MAX);
    record->version = (uint16_t)read_below(reader, UINT16_MAX);
    if (record->type == 0 || record->version == 0)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    read_exactly(reader, record->subject.bytes, sizeof(record->subject.bytes));
    read_body(reader, record);
    read_parents(reader, record);
    read_basis(reader, &record->basis);
    record->effective.ymd = (uint32_t)read_below(reader, UINT32_MAX);
    if (!sg_date_is_valid(record->effective))
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    read_exactly(reader, record->officer.bytes, sizeof(record->officer.bytes));
    read_exactly(reader, record->submit.bytes, sizeof(record->submit.bytes));
    record->inner = since(reader, start);
}

static void read_home(struct sg_msgpack *reader, struct sg_record_copy *copy)
{
    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        sg_msgpack_read_nil(reader);
        copy->home = copy->capture;
        return;
    }
    copy->home = read_unit(reader);
    if (copy->home.value == copy->capture.value)
        sg_msgpack_fail(reader, SG_ERR_NOTCANONICAL);
}

static void read_signature(struct sg_msgpack *reader,
                           struct sg_record_copy *copy)
{
    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        sg_msgpack_read_nil(reader);
        return;
    }
    copy->signature = sg_msgpack_read_bin(reader);
    if (copy->signature.size != SG_SIGNATURE_SIZE)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
}

static void read_ext(struct sg_msgpack *reader, struct sg_record_copy *copy)
{
    uint32_t count = sg_msgpack_read_map(reader);

    for (; count > 0 && reader->err == SG_OK; count--) {
        if (sg_msgpack_read_uint(reader) < EXT_IGNORED_MIN)
            copy->is_later_form = true;
        walk(reader);
    }
}

static void read_outer(struct sg_msgpack *reader, struct sg_record_copy *copy)
{
    if (sg_msgpack_read_array(reader) != OUTER_COUNT)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    copy->hlc = sg_msgpack_read_uint(reader);
    copy->wall_offset = sg_msgpack_read_int(reader);
    if (copy->wall_offset < -WALL_OFFSET_MAX ||
        copy->wall_offset > WALL_OFFSET_MAX)
        sg_msgpack_fail(reader, SG_ERR_LIMIT);
    copy->trust =
        (enum sg_record_trust)read_below(reader, SG_RECORD_TRUST_SYNCED);
    copy->position = sg_msgpack_read_uint(reader);
    copy->capture = read_unit(reader);
    read_home(reader, copy);
    read_signature(reader, copy);
    read_ext(reader, copy);
}

enum sg_err sg_record_decode(struct sg_bytes payload,
                             struct sg_record *ret_record)
{
    struct sg_msgpack reader;
    struct sg_record record = {0};
    enum sg_err err;

    if (payload.size > SG_RECORD_SIZE_MAX)
        return SG_ERR_LIMIT;
    sg_msgpack_init(&reader, payload);
    if (sg_msgpack_read_array(&reader) != 2)
        sg_msgpack_fail(&reader, SG_ERR_MALFORMED);
    read_inner(&reader, &record);
    read_outer(&reader, &record.copy);
    err = sg_msgpack_end(&reader);
    if (err != SG_OK)
        return err;
    record.schema = sg_schema_find(record.type, record.version);
    *ret_record = record;
    return SG_OK;
}

enum sg_err sg_record_decode_inner(struct sg_bytes inner,
                                   struct sg_record *ret_record)
{
    struct sg_msgpack reader;
    struct sg_record record = {0};
    enum sg_err err;

    if (inner.size > SG_RECORD_SIZE_MAX)
        return SG_ERR_LIMIT;
    sg_msgpack_init(&reader, inner);
    read_inner(&reader, &record);
    err = sg_msgpack_end(&reader);
    if (err != SG_OK)
        return err;
    record.schema = sg_schema_find(record.type, record.version);
    *ret_record = record;
    return SG_OK;
}

enum sg_err sg_record_check_value(struct sg_bytes value)
{
    struct sg_msgpack reader;

    sg_msgpack_init(&reader, value);
    walk(&reader);
    return sg_msgpack_end(&reader);
}

void sg_record_write_unknown(struct sg_writer *writer,
                             const struct sg_record *record, enum sg_lang lang)
{
    bool is_vi = lang == SG_LANG_VI;

    SG_ASSERT(record->schema == NULL);
    sg_writer_bytes(writer, is_vi ? SG_BYTES_TEXT("loại ")
                                  : SG_BYTES_TEXT("unknown type "));
    sg_text_decimal_encode(writer, record->type);
    sg_writer_bytes(writer, is_vi ? SG_BYTES_TEXT(" phiên bản ")
                                  : SG_BYTES_TEXT(" schema "));
    sg_text_decimal_encode(writer, record->version);
    sg_writer_bytes(writer, is_vi ? SG_BYTES_TEXT(" chưa biết, vẫn được giữ và "
                                                  "chứng thực")
                                  : SG_BYTES_TEXT(", carried and proved"));
}

bool sg_record_is_opening(const struct sg_record *record)
{
    SG_ASSERT(record->schema != NULL);
    if (sg_schema_has_of(record->schema))
        return !sg_record_has(record, SG_FIELD_COMMON_OF);
    if (record->schema->object == SG_SCHEMA_OBJECT_NONE)
        return true;
    return record->n_parents == 0;
}

struct sg_ref sg_record_parent(const struct sg_record *record, unsigned index)
{
    struct sg_ref ref;

    SG_ASSERT(index < record->n_parents);
    memcpy(ref.bytes, record->parents + index * REF_ENCODED_SIZE + 2,
           sizeof(ref.bytes));
    return ref;
}

struct sg_date sg_record_captured(const struct sg_record *record)
{
    struct sg_wall hlc = {(int64_t)(record->copy.hlc >> 16)};

    return sg_date_from_wall(sg_wall_add(hlc, record->copy.wall_offset),
                             VIET_NAM_MINUTES);
}
