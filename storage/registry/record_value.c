/* Typed access to the fields of a record that fits: what was checked once is
 * read straight, and a mistake in the caller's type is asserted. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/record.h"

void sg_record_open(const struct sg_record *record, unsigned no,
                    struct sg_msgpack *ret_reader)
{
    SG_ASSERT(sg_record_has(record, no));
    sg_msgpack_init(ret_reader, record->fields[no]);
}

bool sg_record_is_nil(const struct sg_record *record, unsigned no)
{
    SG_ASSERT(sg_record_has(record, no));
    return record->fields[no].data[0] == 0xc0;
}

/* Moves over a nil; says whether it was one. */
static bool take_nil(struct sg_msgpack *reader)
{
    if (sg_msgpack_peek(reader) != SG_MSGPACK_NIL)
        return false;
    sg_msgpack_read_nil(reader);
    return true;
}

static void take_array(struct sg_msgpack *reader, uint32_t count)
{
    SG_ASSERT(sg_msgpack_read_array(reader) == count);
}

static bool take_bin(struct sg_msgpack *reader, uint8_t *ret, size_t size)
{
    struct sg_bytes bytes;

    if (take_nil(reader))
        return false;
    bytes = sg_msgpack_read_bin(reader);
    SG_ASSERT(bytes.size == size);
    memcpy(ret, bytes.data, size);
    return true;
}

static struct sg_bytes take_str(struct sg_msgpack *reader)
{
    if (take_nil(reader))
        return (struct sg_bytes){0};
    return sg_msgpack_read_str(reader);
}

bool sg_record_read_uid(struct sg_msgpack *reader, struct sg_uid *ret)
{
    return take_bin(reader, ret->bytes, sizeof(ret->bytes));
}

bool sg_record_read_ref(struct sg_msgpack *reader, struct sg_ref *ret)
{
    return take_bin(reader, ret->bytes, sizeof(ret->bytes));
}

bool sg_record_read_unit(struct sg_msgpack *reader, struct sg_unit_key *ret)
{
    if (take_nil(reader))
        return false;
    ret->value = sg_msgpack_read_uint(reader);
    return true;
}

struct sg_date sg_record_read_date(struct sg_msgpack *reader)
{
    if (take_nil(reader))
        return (struct sg_date){0};
    return (struct sg_date){(uint32_t)sg_msgpack_read_uint(reader)};
}

struct sg_record_name sg_record_read_name(struct sg_msgpack *reader)
{
    struct sg_record_name name;

    take_array(reader, 3);
    name.family = sg_msgpack_read_str(reader);
    name.middle = sg_msgpack_read_str(reader);
    name.given = sg_msgpack_read_str(reader);
    return name;
}

struct sg_record_place sg_record_read_place(struct sg_msgpack *reader)
{
    struct sg_record_place place = {0};

    if (take_nil(reader))
        return place;
    take_array(reader, 3);
    place.has_unit = sg_record_read_unit(reader, &place.unit);
    place.text = take_str(reader);
    place.country = take_str(reader);
    return place;
}

struct sg_record_kin sg_record_read_kin(struct sg_msgpack *reader)
{
    struct sg_record_kin kin = {0};

    if (take_nil(reader))
        return kin;
    take_array(reader, 4);
    kin.has_uid = sg_record_read_uid(reader, &kin.uid);
    kin.has_name = !take_nil(reader);
    if (kin.has_name)
        kin.name = sg_record_read_name(reader);
    kin.has_pin = !take_nil(reader);
    if (kin.has_pin)
        kin.pin = sg_msgpack_read_uint(reader);
    kin.old_number = take_str(reader);
    return kin;
}

struct sg_record_src sg_record_read_src(struct sg_msgpack *reader)
{
    struct sg_record_src src;

    take_array(reader, 3);
    src.source = (enum sg_record_source)sg_msgpack_read_uint(reader);
    src.evidence = sg_msgpack_read_str(reader);
    src.verified = sg_record_read_date(reader);
    return src;
}

/* Asserts that the field was of the type that the caller took it for. */
static void close_field(struct sg_msgpack *reader)
{
    enum sg_err err = sg_msgpack_end(reader);

    SG_ASSERT(err == SG_OK);
}

uint64_t sg_record_uint(const struct sg_record *record, unsigned no)
{
    struct sg_msgpack reader;
    uint64_t value;

    sg_record_open(record, no, &reader);
    value = sg_msgpack_read_uint(&reader);
    close_field(&reader);
    return value;
}

uint64_t sg_record_uint_or(const struct sg_record *record, unsigned no,
                           uint64_t instead)
{
    if (!sg_record_has(record, no) || sg_record_is_nil(record, no))
        return instead;
    return sg_record_uint(record, no);
}

struct sg_date sg_record_date(const struct sg_record *record, unsigned no)
{
    return (struct sg_date){(uint32_t)sg_record_uint(record, no)};
}

struct sg_unit_key sg_record_unit(const struct sg_record *record, unsigned no)
{
    return (struct sg_unit_key){sg_record_uint(record, no)};
}

struct sg_bytes sg_record_str(const struct sg_record *record, unsigned no)
{
    struct sg_msgpack reader;
    struct sg_bytes value;

    sg_record_open(record, no, &reader);
    value = sg_msgpack_read_str(&reader);
    close_field(&reader);
    return value;
}

struct sg_bytes sg_record_bin(const struct sg_record *record, unsigned no)
{
    struct sg_msgpack reader;
    struct sg_bytes value;

    sg_record_open(record, no, &reader);
    value = sg_msgpack_read_bin(&reader);
    close_field(&reader);
    return value;
}

struct sg_uid sg_record_uid(const struct sg_record *record, unsigned no)
{
    struct sg_bytes bytes = sg_record_bin(record, no);
    struct sg_uid uid;

    SG_ASSERT(bytes.size == sizeof(uid.bytes));
    memcpy(uid.bytes, bytes.data, bytes.size);
    return uid;
}

struct sg_ref sg_record_ref(const struct sg_record *record, unsigned no)
{
    struct sg_bytes bytes = sg_record_bin(record, no);
    struct sg_ref ref;

    SG_ASSERT(bytes.size == sizeof(ref.bytes));
    memcpy(ref.bytes, bytes.data, bytes.size);
    return ref;
}

struct sg_record_name sg_record_name(const struct sg_record *record,
                                     unsigned no)
{
    struct sg_record_name name;
    struct sg_msgpack reader;

    sg_record_open(record, no, &reader);
    name = sg_record_read_name(&reader);
    close_field(&reader);
    return name;
}

struct sg_record_place sg_record_place(const struct sg_record *record,
                                       unsigned no)
{
    struct sg_record_place place;
    struct sg_msgpack reader;

    sg_record_open(record, no, &reader);
    place = sg_record_read_place(&reader);
    close_field(&reader);
    return place;
}

struct sg_record_kin sg_record_kin(const struct sg_record *record, unsigned no)
{
    struct sg_record_kin kin;
    struct sg_msgpack reader;

    sg_record_open(record, no, &reader);
    kin = sg_record_read_kin(&reader);
    close_field(&reader);
    return kin;
}

struct sg_record_src sg_record_src_of(const struct sg_record *record,
                                      unsigned no)
{
    struct sg_record_src src = {.source = SG_RECORD_SOURCE_DECLARED};
    struct sg_msgpack reader;
    uint32_t count;

    SG_ASSERT(sg_schema_is_shared(record->schema));
    if (sg_record_has(record, SG_FIELD_COMMON_SRC)) {
        sg_record_open(record, SG_FIELD_COMMON_SRC, &reader);
        src = sg_record_read_src(&reader);
    }
    if (!sg_record_has(record, SG_FIELD_COMMON_PER_FIELD))
        return src;
    sg_record_open(record, SG_FIELD_COMMON_PER_FIELD, &reader);
    for (count = sg_msgpack_read_array(&reader); count > 0; count--) {
        struct sg_record_src other;
        bool is_it;

        take_array(&reader, 2);
        is_it = sg_msgpack_read_uint(&reader) == no;
        other = sg_record_read_src(&reader);
        if (is_it)
            return other;
    }
    return src;
}
