#include "replication/trust_record.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"

static const char purpose_id[] = "sogoc v1 record";
static const char purpose_registry[] = "sogoc v1 registry";
static const char purpose_signature[] = "sogoc v1 record sig";

#define INNER_COUNT 9
#define OUTER_COUNT 8
#define SCHEMA      1
/* The wall clock may be this far off the hybrid one, in milliseconds. */
#define WALL_OFFSET_MAX (INT64_C(1) << 53)
#define CLOCK_TRUST_MAX 2
/* Keys of ext below this belong to a later form of envelope (A06). */
#define EXT_IGNORED_MIN 16
#define BASIS_TEXT_MAX  64
/* A unit is level * 10^13 + code * 10^8 + valid_from; levels 1 to 3. */
#define LEVEL_UNIT      UINT64_C(10000000000000)
#define DAY_UNIT        UINT64_C(100000000)
#define SUBJECT_SIZE    16
#define CERTIFICATE_MIN 100
#define CERTIFICATE_MAX 160
#define GENERATION_MAX  254 /* the last that a certificate can name */
#define STAND_MEMBERS   3   /* log, size, root; of a node_cut a signature too */
#define KEPT_MAX        31u /* the last type that no order erases */
#define ERASED_MEMBERS  4   /* log, index, the record, its parents */
#define FIELDS_MAX      10

/* --- values ------------------------------------------------------------ */

static uint64_t read_range(struct sg_msgpack *reader, uint64_t min,
                           uint64_t max)
{
    uint64_t value = sg_msgpack_read_uint(reader);

    if (value >= min && value <= max)
        return value;
    sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    return min;
}

/* Gives exactly SIZE bytes, or none after a failure. */
static struct sg_bytes read_exactly(struct sg_msgpack *reader, size_t size)
{
    struct sg_bytes bytes = sg_msgpack_read_bin(reader);

    if (bytes.size == size)
        return bytes;
    sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    return (struct sg_bytes){0};
}

/* Copies exactly SIZE bytes to RET; zeros after a failure. */
static void copy_exactly(struct sg_msgpack *reader, uint8_t *ret, size_t size)
{
    struct sg_bytes bytes = read_exactly(reader, size);

    memset(ret, 0, size);
    if (bytes.size == size)
        memcpy(ret, bytes.data, size);
}

/* No U+0000 to U+001F, no U+007F to U+009F. */
static bool has_control(struct sg_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];

        if (byte < 0x20 || byte == 0x7f)
            return true;
        if (byte == 0xc2 && i + 1 < text.size && text.data[i + 1] < 0xa0)
            return true;
    }
    return false;
}

static void read_text(struct sg_msgpack *reader, size_t min, size_t max)
{
    struct sg_bytes text = sg_msgpack_read_str(reader);

    if (text.size < min || text.size > max)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    if (has_control(text))
        sg_msgpack_fail(reader, SG_ERR_TEXT);
}

static struct sg_date read_day(struct sg_msgpack *reader)
{
    struct sg_date day = {
        (uint32_t)read_range(reader, 0, UINT32_MAX),
    };

    if (sg_date_precision(day) != SG_DATE_YMD)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    return day;
}

static uint64_t read_unit(struct sg_msgpack *reader)
{
    uint64_t unit = read_range(reader, 0, 4 * LEVEL_UNIT - 1);
    struct sg_date from = {(uint32_t)(unit % DAY_UNIT)};

    if (unit != 0 &&
        (unit < LEVEL_UNIT || sg_date_precision(from) != SG_DATE_YMD))
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    return unit;
}

/* --- lists ------------------------------------------------------------- */

/* Reads one element into a key by which the list ascends. */
typedef void read_element(struct sg_msgpack *reader, struct sg_bytes *ret_key,
                          uint64_t *ret_number);

/* Reads a list of MIN to MAX elements in strictly ascending order, by their
 * bytes, then by their number. */
static struct sg_trust_list read_list(struct sg_msgpack *reader, uint32_t min,
                                      uint32_t max, read_element *element)
{
    struct sg_trust_list list = {.count = sg_msgpack_read_array(reader)};
    const uint8_t *start = reader->left.data;
    struct sg_bytes last = {0};
    uint64_t last_number = 0;

    if (list.count < min || list.count > max)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    for (uint32_t i = 0; i < list.count && reader->err == SG_OK; i++) {
        struct sg_bytes key = {0};
        uint64_t number = 0;
        int order;

        element(reader, &key, &number);
        order = sg_bytes_compare(last, key);
        if (i > 0 && (order > 0 || (order == 0 && last_number >= number)))
            sg_msgpack_fail(reader, SG_ERR_NOTCANONICAL);
        last = key;
        last_number = number;
    }
    if (reader->err != SG_OK)
        return (struct sg_trust_list){0};
    list.encoded = sg_bytes(start, (size_t)(reader->left.data - start));
    return list;
}

static void expect_array(struct sg_msgpack *reader, uint32_t count)
{
    if (sg_msgpack_read_array(reader) != count)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
}

static void read_stand(struct sg_msgpack *reader, struct sg_bytes *ret_key,
                       uint64_t *ret_number)
{
    (void)ret_number;
    expect_array(reader, STAND_MEMBERS);
    *ret_key = read_exactly(reader, sizeof(struct sg_log_id));
    (void)sg_msgpack_read_uint(reader);
    (void)read_exactly(reader, sizeof(struct sg_hash));
}

/* That of a node_cut, with the signature of its checkpoint. */
static void read_signed_stand(struct sg_msgpack *reader,
                              struct sg_bytes *ret_key, uint64_t *ret_number)
{
    (void)ret_number;
    expect_array(reader, STAND_MEMBERS + 1);
    *ret_key = read_exactly(reader, sizeof(struct sg_log_id));
    (void)sg_msgpack_read_uint(reader);
    (void)read_exactly(reader, sizeof(struct sg_hash));
    (void)read_exactly(reader, SG_SIGNATURE_SIZE);
}

static void read_ref(struct sg_msgpack *reader, struct sg_bytes *ret_key,
                     uint64_t *ret_number)
{
    (void)ret_number;
    *ret_key = read_exactly(reader, SG_TRUST_REF_SIZE);
}

static void read_number(struct sg_msgpack *reader, struct sg_bytes *ret_key,
                        uint64_t *ret_number)
{
    (void)ret_key;
    *ret_number = read_unit(reader);
}

static void read_erased(struct sg_msgpack *reader, struct sg_bytes *ret_key,
                        uint64_t *ret_number)
{
    expect_array(reader, ERASED_MEMBERS);
    *ret_key = read_exactly(reader, sizeof(struct sg_log_id));
    *ret_number = sg_msgpack_read_uint(reader);
    (void)read_exactly(reader, SG_TRUST_REF_SIZE);
    (void)read_list(reader, 0, SG_PARENTS_MAX, read_ref);
}

static struct sg_bytes element_take(struct sg_trust_list *list,
                                    struct sg_msgpack *ret_reader)
{
    struct sg_msgpack whole;
    struct sg_bytes element;

    SG_ASSERT(list->count > 0);
    sg_msgpack_init(&whole, list->encoded);
    element = sg_msgpack_skip(&whole);
    SG_ASSERT(whole.err == SG_OK);
    list->encoded = whole.left;
    list->count--;
    sg_msgpack_init(ret_reader, element);
    return element;
}

struct sg_trust_stand sg_trust_record_next_stand(struct sg_trust_list *list)
{
    struct sg_trust_stand stand;
    struct sg_msgpack reader;

    (void)element_take(list, &reader);
    (void)sg_msgpack_read_array(&reader);
    copy_exactly(&reader, stand.log.hash.bytes, sizeof stand.log.hash.bytes);
    stand.size = sg_msgpack_read_uint(&reader);
    copy_exactly(&reader, stand.root.bytes, sizeof stand.root.bytes);
    SG_ASSERT(reader.err == SG_OK);
    return stand;
}

struct sg_trust_erased sg_trust_record_next_erased(struct sg_trust_list *list)
{
    struct sg_trust_erased erased;
    struct sg_msgpack reader;

    (void)element_take(list, &reader);
    (void)sg_msgpack_read_array(&reader);
    copy_exactly(&reader, erased.log.hash.bytes, sizeof erased.log.hash.bytes);
    erased.index = sg_msgpack_read_uint(&reader);
    SG_ASSERT(reader.err == SG_OK);
    return erased;
}

struct sg_bytes sg_trust_record_next_ref(struct sg_trust_list *list)
{
    struct sg_msgpack reader;

    (void)element_take(list, &reader);
    return sg_msgpack_read_bin(&reader);
}

/* --- bodies ------------------------------------------------------------ */

/* Each reads field NO of its type; says whether the type has such a field.
 * Field 0, the serial, all have. */

static bool read_genesis(struct sg_msgpack *reader, uint64_t no,
                         struct sg_trust_record *record)
{
    switch (no) {
    case 1: /* format of the page */
    case 6: /* signatures that a statement needs: one, in this version */
        (void)read_range(reader, 1, 1);
        return true;
    case 2:
        read_text(reader, 1, 64);
        return true;
    case 3:
        expect_array(reader, 1);
        copy_exactly(reader, record->genesis.root, SG_KEY_SIZE);
        return true;
    case 4:
        copy_exactly(reader, record->genesis.next.bytes,
                     sizeof record->genesis.next.bytes);
        return true;
    case 5:
        copy_exactly(reader, record->genesis.writer, SG_KEY_SIZE);
        return true;
    case 7:
        (void)read_range(reader, 0, 1);
        return true;
    case 8:
        (void)read_unit(reader);
        return true;
    default:
        return false;
    }
}

static bool read_opened(struct sg_msgpack *reader, uint64_t no,
                        struct sg_trust_record *record)
{
    switch (no) {
    case 1:
        record->opened.generation = (uint32_t)read_range(reader, 1, UINT32_MAX);
        return true;
    case 2:
        copy_exactly(reader, record->opened.log.hash.bytes,
                     sizeof record->opened.log.hash.bytes);
        return true;
    case 3:
        record->opened.stands_on = read_list(reader, 1, 64, read_stand);
        return true;
    default:
        return false;
    }
}

static bool read_rotate(struct sg_msgpack *reader, uint64_t no,
                        struct sg_trust_record *record)
{
    switch (no) {
    case 1:
        record->rotate.generation = (uint8_t)read_range(reader, 1, UINT8_MAX);
        return true;
    case 2:
        copy_exactly(reader, record->rotate.root, SG_KEY_SIZE);
        return true;
    case 3:
        record->rotate.stands = read_list(reader, 0, 64, read_stand);
        return true;
    case 4:
        record->rotate.proof = read_exactly(reader, SG_SIGNATURE_SIZE);
        return true;
    case 5:
        record->rotate.reason = (enum sg_trust_reason)read_range(
            reader, SG_TRUST_PLANNED, SG_TRUST_KEY_STOLEN);
        return true;
    case 6:
        copy_exactly(reader, record->rotate.next.bytes,
                     sizeof record->rotate.next.bytes);
        return true;
    default:
        return false;
    }
}

static bool read_heartbeat(struct sg_msgpack *reader, uint64_t no,
                           struct sg_trust_record *record)
{
    if (no != 1)
        return false;
    record->heartbeat.ms = sg_msgpack_read_uint(reader);
    return true;
}

static void read_certificate(struct sg_msgpack *reader,
                             struct sg_trust_record *record)
{
    struct sg_bytes bytes = sg_msgpack_read_bin(reader);

    if (bytes.size < CERTIFICATE_MIN || bytes.size > CERTIFICATE_MAX)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    record->admit.certificate = bytes;
}

static bool read_admit(struct sg_msgpack *reader, uint64_t no,
                       struct sg_trust_record *record)
{
    switch (no) {
    case 1:
        read_certificate(reader, record);
        return true;
    case 2:
        copy_exactly(reader, record->admit.node, SG_KEY_SIZE);
        return true;
    case 3:
        record->admit.role = (uint8_t)read_range(reader, 1, 5);
        return true;
    case 4:
    case 5:
        (void)read_day(reader);
        return true;
    case 6:
        (void)read_list(reader, 0, 256, read_number);
        return true;
    case 7:
        read_text(reader, 0, 32);
        return true;
    case 8:
        (void)read_range(reader, 1, 400);
        return true;
    case 9:
        (void)read_range(reader, 1, SG_EPOCHS_MAX);
        return true;
    default:
        return false;
    }
}

static bool read_cut(struct sg_msgpack *reader, uint64_t no,
                     struct sg_trust_record *record)
{
    switch (no) {
    case 1:
        copy_exactly(reader, record->cut.node, SG_KEY_SIZE);
        return true;
    case 2:
        record->cut.what = (enum sg_trust_what)read_range(
            reader, SG_TRUST_SUSPEND, SG_TRUST_REVOKE);
        return true;
    case 3:
        record->cut.stands = read_list(reader, 0, 256, read_signed_stand);
        return true;
    case 4:
        (void)read_range(reader, 1, 7);
        return true;
    case 5:
        read_text(reader, 0, 160);
        return true;
    default:
        return false;
    }
}

static bool read_lift(struct sg_msgpack *reader, uint64_t no,
                      struct sg_trust_record *record)
{
    if (no != 1)
        return false;
    record->lift.of = read_list(reader, 1, 64, read_ref);
    return true;
}

static bool read_erasure(struct sg_msgpack *reader, uint64_t no,
                         struct sg_trust_record *record)
{
    switch (no) {
    case 1:
    case 2:
        read_text(reader, 1, 64);
        return true;
    case 3:
        (void)read_range(reader, 1, 4);
        return true;
    case 4:
        record->erasure.entries = read_list(reader, 1, 800, read_erased);
        return true;
    case 5:
        (void)read_day(reader);
        return true;
    default:
        return false;
    }
}

static bool read_endorse(struct sg_msgpack *reader, uint64_t no,
                         struct sg_trust_record *record)
{
    struct sg_trust_stand *stand = &record->endorse.stand;

    switch (no) {
    case 1:
        copy_exactly(reader, stand->log.hash.bytes,
                     sizeof stand->log.hash.bytes);
        return true;
    case 2:
        record->endorse.first = sg_msgpack_read_uint(reader);
        return true;
    case 3:
        stand->size = read_range(reader, 1, UINT64_MAX);
        return true;
    case 4:
        copy_exactly(reader, stand->root.bytes, sizeof stand->root.bytes);
        return true;
    case 5:
        (void)read_exactly(reader, SG_KEY_ID_SIZE);
        record->endorse.is_of_officer = true;
        return true;
    case 6:
        read_text(reader, 1, 160);
        return true;
    default:
        return false;
    }
}

/* The types: which fields are due, and how one is read. */
static const struct type {
    uint16_t number;
    uint16_t due; /* bit n: field n */
    bool (*read_field)(struct sg_msgpack *reader, uint64_t no,
                       struct sg_trust_record *record);
} types[] = {
    {SG_TRUST_GENESIS, 0x1ff, read_genesis},
    {SG_TRUST_LOG, 0x00f, read_opened},
    {SG_TRUST_ROOT_ROTATE, 0x07f, read_rotate},
    {SG_TRUST_HEARTBEAT, 0x003, read_heartbeat},
    {SG_TRUST_NODE_ADMIT, 0x03f, read_admit},
    {SG_TRUST_NODE_CUT, 0x01f, read_cut},
    {SG_TRUST_LIFT, 0x003, read_lift},
    {SG_TRUST_ERASURE, 0x03f, read_erasure},
    {SG_TRUST_ENDORSE_RANGE, 0x05f, read_endorse},
};

static const struct type *type_find(uint64_t number)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].number == number)
            return &types[i];
    }
    return NULL;
}

static void read_body(struct sg_msgpack *reader, const struct type *type,
                      struct sg_trust_record *record)
{
    uint32_t count = sg_msgpack_read_map(reader);
    unsigned present = 0;

    for (; count > 0 && reader->err == SG_OK; count--) {
        uint64_t no = sg_msgpack_read_uint(reader);

        if (no == 0)
            record->serial = sg_msgpack_read_uint(reader);
        else if (!type->read_field(reader, no, record))
            sg_msgpack_fail(reader, SG_ERR_MALFORMED);
        if (no < FIELDS_MAX)
            present |= 1U << no;
    }
    if ((present & type->due) != type->due)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    if (type->number == SG_TRUST_GENESIS && record->serial != 1)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
}

/* The subject says what the fields say. */
static bool is_subject(const struct sg_trust_record *record,
                       const uint8_t subject[SUBJECT_SIZE])
{
    uint8_t wanted[SUBJECT_SIZE] = {0};

    switch (record->type) {
    case SG_TRUST_LOG:
        sg_bytes_put_u64be(wanted + 8, record->opened.generation);
        break;
    case SG_TRUST_NODE_ADMIT:
        memcpy(wanted, record->admit.node, sizeof wanted);
        break;
    case SG_TRUST_NODE_CUT:
        memcpy(wanted, record->cut.node, sizeof wanted);
        break;
    case SG_TRUST_ENDORSE_RANGE:
        memcpy(wanted, record->endorse.stand.log.hash.bytes, sizeof wanted);
        break;
    case SG_TRUST_ERASURE:
        return true; /* random */
    default:
        break;
    }
    return memcmp(wanted, subject, sizeof wanted) == 0;
}

/* --- the envelope ------------------------------------------------------ */

static void read_basis(struct sg_msgpack *reader)
{
    expect_array(reader, 3);
    (void)read_range(reader, 0, UINT8_MAX);
    read_text(reader, 0, BASIS_TEXT_MAX);
    read_text(reader, 0, BASIS_TEXT_MAX);
}

/* Reads the part that the id covers, of a type and schema that are known. */
static void read_inner(struct sg_msgpack *reader, const struct type *type,
                       struct sg_trust_record *record)
{
    uint8_t subject[SUBJECT_SIZE];
    struct sg_date effective;

    copy_exactly(reader, subject, sizeof subject);
    read_body(reader, type, record);
    (void)read_list(reader, 0, SG_PARENTS_MAX, read_ref);
    read_basis(reader);
    effective.ymd = (uint32_t)read_range(reader, 0, UINT32_MAX);
    if (!sg_date_is_valid(effective))
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    copy_exactly(reader, record->officer.bytes, sizeof record->officer.bytes);
    (void)read_exactly(reader, SG_TRUST_REF_SIZE); /* submit id */
    if (reader->err == SG_OK && !is_subject(record, subject))
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
}

/* Moves over one value of any form that section 1 of the page allows. Not
 * deeper than SG_MSGPACK_DEPTH_MAX, which the reader sees to. */
static void walk(struct sg_msgpack *reader)
{
    uint32_t count;

    switch (sg_msgpack_peek(reader)) {
    case SG_MSGPACK_STR:
        read_text(reader, 0, SIZE_MAX);
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

/* Returns whether a key belongs to a later form of envelope. */
static bool read_ext(struct sg_msgpack *reader)
{
    uint32_t count = sg_msgpack_read_map(reader);
    bool is_later = false;

    for (; count > 0 && reader->err == SG_OK; count--) {
        if (sg_msgpack_read_uint(reader) < EXT_IGNORED_MIN)
            is_later = true;
        walk(reader);
    }
    return is_later;
}

static bool read_outer(struct sg_msgpack *reader,
                       struct sg_trust_record *record)
{
    uint64_t capture, home;
    int64_t offset;

    expect_array(reader, OUTER_COUNT);
    (void)sg_msgpack_read_uint(reader); /* hlc */
    offset = sg_msgpack_read_int(reader);
    if (offset < -WALL_OFFSET_MAX || offset > WALL_OFFSET_MAX)
        sg_msgpack_fail(reader, SG_ERR_MALFORMED);
    (void)read_range(reader, 0, CLOCK_TRUST_MAX);
    (void)sg_msgpack_read_uint(reader); /* position */
    capture = read_unit(reader);
    if (sg_msgpack_peek(reader) == SG_MSGPACK_NIL) {
        sg_msgpack_read_nil(reader);
    } else {
        home = read_unit(reader);
        if (home == capture)
            sg_msgpack_fail(reader, SG_ERR_NOTCANONICAL);
    }
    /* Statements are signed types: nil is not one. */
    copy_exactly(reader, record->signature, SG_SIGNATURE_SIZE);
    return read_ext(reader);
}

/* The types that the page knows and this does not read, and those of later
 * versions, are of no concern here whatever is in them. */
static enum sg_err read_type(struct sg_msgpack *reader,
                             const struct type **ret_type)
{
    uint64_t number, schema;

    expect_array(reader, 2);
    expect_array(reader, INNER_COUNT);
    number = read_range(reader, 1, UINT16_MAX);
    schema = read_range(reader, 1, UINT16_MAX);
    if (reader->err != SG_OK)
        return reader->err;
    *ret_type = type_find(number);
    if (*ret_type == NULL)
        return SG_ERR_NOTFOUND;
    return schema == SCHEMA ? SG_OK : SG_ERR_VERSION;
}

bool sg_trust_record_is_kept(struct sg_bytes payload)
{
    struct sg_msgpack reader;

    sg_msgpack_init(&reader, payload);
    expect_array(&reader, 2);
    expect_array(&reader, INNER_COUNT);
    (void)read_range(&reader, 1, KEPT_MAX);
    return reader.err == SG_OK;
}

enum sg_err sg_trust_record_decode(struct sg_bytes payload,
                                   struct sg_trust_record *ret_record)
{
    struct sg_trust_record record = {.payload = payload};
    const struct type *type = NULL;
    struct sg_msgpack reader;
    enum sg_err err;
    bool is_later;

    if (payload.size > SG_RECORD_SIZE_MAX)
        return SG_ERR_LIMIT;
    sg_msgpack_init(&reader, payload);
    err = read_type(&reader, &type);
    if (err != SG_OK)
        return err;
    record.type = (enum sg_trust_type)type->number;
    read_inner(&reader, type, &record);
    /* The inner array begins behind the head of the outer one. */
    record.inner =
        sg_bytes(payload.data + 1, payload.size - 1 - reader.left.size);
    is_later = read_outer(&reader, &record);
    err = sg_msgpack_end(&reader);
    if (err != SG_OK)
        return err;
    if (is_later || (record.type == SG_TRUST_ROOT_ROTATE &&
                     record.rotate.generation > GENERATION_MAX))
        return SG_ERR_VERSION;
    *ret_record = record;
    return SG_OK;
}

/* --- identity ---------------------------------------------------------- */

struct sg_hash sg_trust_record_id(const struct sg_trust_record *record,
                                  const struct sg_registry_id *registry)
{
    struct sg_hash id;

    sg_crypto_purpose_hash(purpose_id, &registry->hash, record->inner.data,
                           record->inner.size, &id);
    return id;
}

struct sg_registry_id sg_trust_record_registry(
    const struct sg_trust_record *record)
{
    struct sg_registry_id registry;

    SG_ASSERT(record->type == SG_TRUST_GENESIS);
    sg_crypto_purpose_hash(purpose_registry, NULL, record->inner.data,
                           record->inner.size, &registry.hash);
    return registry;
}

enum sg_err sg_trust_record_verify(const struct sg_trust_record *record,
                                   const struct sg_registry_id *registry,
                                   const uint8_t root[SG_KEY_SIZE])
{
    struct sg_hash id = sg_trust_record_id(record, registry);

    return sg_crypto_verify_purpose(root, purpose_signature, &registry->hash,
                                    id.bytes, sizeof id.bytes,
                                    record->signature);
}

/* The new root signs the record as it is with zeros in the place of the proof,
 * which cannot cover itself. */
enum sg_err sg_trust_record_verify_proof(const struct sg_trust_record *record,
                                         const struct sg_registry_id *registry)
{
    static const uint8_t zeros[SG_SIGNATURE_SIZE] = {0};
    const uint8_t *proof = record->rotate.proof.data;
    const uint8_t *end = record->inner.data + record->inner.size;
    const uint8_t *after = proof + SG_SIGNATURE_SIZE;
    struct sg_sha256 ctx;
    struct sg_hash id;

    SG_ASSERT(record->type == SG_TRUST_ROOT_ROTATE);
    sg_crypto_purpose_init(&ctx, purpose_id, &registry->hash);
    sg_crypto_sha256_update(&ctx, record->inner.data,
                            (size_t)(proof - record->inner.data));
    sg_crypto_sha256_update(&ctx, zeros, sizeof zeros);
    sg_crypto_sha256_update(&ctx, after, (size_t)(end - after));
    sg_crypto_sha256_final(&ctx, &id);
    return sg_crypto_verify_purpose(record->rotate.root, purpose_signature,
                                    &registry->hash, id.bytes, sizeof id.bytes,
                                    proof);
}
