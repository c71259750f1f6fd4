/* Properties of all records: one encoding, nothing else accepted. */
#include <string.h>

#include "storage/registry/rules.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"
#include "tests/unit/any_record.h"

#define ROUNDS 30

struct made {
    struct sg_buf payload;
    struct sg_hash id;
    struct sg_record record;
};

static void make(struct sg_prng *prng, const struct sg_schema_type *type,
                 struct made *made)
{
    sg_buf_init(&made->payload, SG_RECORD_SIZE_MAX);
    assert_ok(any_record(prng, type, &made->payload, &made->id));
    assert_ok(sg_record_decode(sg_buf_bytes(&made->payload), &made->record));
}

/* Calls TEST with random records of every type. */
static void for_all(void (*test)(struct sg_prng *prng, struct made *made),
                    int rounds)
{
    size_t count;
    const struct sg_schema_type *const *types = sg_schema_types(&count);
    struct sg_prng prng;

    sg_prng_init(&prng, 20250702);
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < rounds; k++) {
            struct made made;

            make(&prng, types[i], &made);
            test(&prng, &made);
            sg_buf_clear(&made.payload);
        }
    }
}

/* Packs the value that READER is at once more; nothing is left out. */
static void repack(struct sg_msgpack *reader, struct sg_pack *pack)
{
    uint32_t count;

    switch (sg_msgpack_peek(reader)) {
    case SG_MSGPACK_NIL:
        sg_msgpack_read_nil(reader);
        sg_pack_nil(pack);
        break;
    case SG_MSGPACK_UINT:
        sg_pack_uint(pack, sg_msgpack_read_uint(reader));
        break;
    case SG_MSGPACK_INT:
        sg_pack_int(pack, sg_msgpack_read_int(reader));
        break;
    case SG_MSGPACK_STR:
        sg_pack_str(pack, sg_msgpack_read_str(reader));
        break;
    case SG_MSGPACK_BIN:
        sg_pack_bin(pack, sg_msgpack_read_bin(reader));
        break;
    case SG_MSGPACK_ARRAY:
        count = sg_msgpack_read_array(reader);
        sg_pack_array(pack, count);
        for (; count > 0; count--)
            repack(reader, pack);
        break;
    case SG_MSGPACK_MAP:
        count = sg_msgpack_read_map(reader);
        sg_pack_map(pack, count);
        for (; count > 0; count--) {
            repack(reader, pack);
            repack(reader, pack);
        }
        break;
    default:
        fail();
    }
}

static void check_round_trip(struct sg_prng *prng, struct made *made)
{
    struct sg_msgpack reader;
    struct sg_pack pack;
    struct sg_hash id;
    struct sg_buf again;
    uint8_t no;

    (void)prng;
    assert_int_equal(sg_record_fit(&made->record, &any_record_registry, &no),
                     SG_RECORD_FITS);
    sg_record_id(&any_record_registry, made->record.inner, &id);
    assert_memory_equal(id.bytes, made->id.bytes, sizeof(id.bytes));
    sg_buf_init(&again, SG_RECORD_SIZE_MAX);
    sg_msgpack_init(&reader, sg_buf_bytes(&made->payload));
    sg_pack_init(&pack, &again);
    repack(&reader, &pack);
    assert_ok(sg_pack_end(&pack));
    assert_true(
        sg_bytes_equal(sg_buf_bytes(&again), sg_buf_bytes(&made->payload)));
    sg_buf_clear(&again);
}

/* A record of any type that was written is read, fits its table, has the id
 * it was given, and read and packed again is the same bytes. */
static void test_round_trip(void **state)
{
    (void)state;
    for_all(check_round_trip, ROUNDS);
}

static void check_flips(struct sg_prng *prng, struct made *made)
{
    size_t inner_end = (size_t)(made->record.inner.data - made->payload.data) +
                       made->record.inner.size;

    for (size_t at = 0; at < made->payload.size; at++) {
        const uint8_t before = made->payload.data[at];
        struct sg_record record;
        struct sg_hash id;

        made->payload.data[at] ^= (uint8_t)(1 + sg_prng_below(prng, 255));
        if (sg_record_decode(sg_buf_bytes(&made->payload), &record) == SG_OK) {
            sg_record_id(&any_record_registry, record.inner, &id);
            /* In the outer part it is another copy of the same record. */
            assert_int_equal(memcmp(&id, &made->id, sizeof(id)) == 0,
                             at >= inner_end);
        }
        made->payload.data[at] = before;
    }
}

/* Any single byte changed: the record is refused or has another id; outside
 * the inner part, where the clock and the signature are, the id stays. */
static void test_every_changed_byte_shows(void **state)
{
    (void)state;
    for_all(check_flips, 3);
}

static void check_cuts(struct sg_prng *prng, struct made *made)
{
    struct sg_bytes payload = sg_buf_bytes(&made->payload);
    struct sg_record record;
    uint8_t zero = 0;

    (void)prng;
    for (size_t size = 0; size < payload.size; size++)
        assert_int_not_equal(
            sg_record_decode(sg_bytes(payload.data, size), &record), SG_OK);
    assert_ok(sg_buf_append(&made->payload, sg_bytes(&zero, 1)));
    assert_err(sg_record_decode(sg_buf_bytes(&made->payload), &record),
               TRAILING);
}

/* A record that is cut short anywhere, or has a byte too many, is refused. */
static void test_every_cut_is_refused(void **state)
{
    (void)state;
    for_all(check_cuts, 2);
}

/* Gives in VARIANT the payload with the head at AT in a longer form; says
 * whether there is one. */
static bool lengthen(const struct sg_buf *payload, size_t at,
                     struct sg_buf *variant)
{
    const uint8_t *from = payload->data;
    uint8_t head[3];
    size_t size, old = 1;

    if (from[at] < 0x80) { /* fixint -> uint 8 */
        head[0] = 0xcc;
        head[1] = from[at];
        size = 2;
    } else if (from[at] < 0x90) { /* fixmap -> map 16 */
        head[0] = 0xde;
        head[1] = 0;
        head[2] = from[at] & 0x0f;
        size = 3;
    } else if (from[at] < 0xa0) { /* fixarray -> array 16 */
        head[0] = 0xdc;
        head[1] = 0;
        head[2] = from[at] & 0x0f;
        size = 3;
    } else if (from[at] < 0xc0) { /* fixstr -> str 8 */
        head[0] = 0xd9;
        head[1] = from[at] & 0x1f;
        size = 2;
    } else if (from[at] == 0xc4 || from[at] == 0xcc) { /* 8 -> 16 */
        head[0] = (uint8_t)(from[at] + 1);
        head[1] = 0;
        head[2] = from[at + 1];
        size = 3;
        old = 2;
    } else {
        return false;
    }
    sg_buf_truncate(variant, 0);
    assert_ok(sg_buf_append(variant, sg_bytes(from, at)));
    assert_ok(sg_buf_append(variant, sg_bytes(head, size)));
    assert_ok(sg_buf_append(
        variant, sg_bytes(from + at + old, payload->size - at - old)));
    return true;
}

/* Tries a longer form of every value in the record: finds the heads by walking
 * as the reader does. */
static void try_lengthened(struct sg_msgpack *reader, const struct made *made,
                           struct sg_buf *variant, size_t *count)
{
    size_t at = (size_t)(reader->left.data - made->payload.data);
    struct sg_record record;
    uint32_t items = 0;

    if (lengthen(&made->payload, at, variant)) {
        assert_err(sg_record_decode(sg_buf_bytes(variant), &record),
                   NOTCANONICAL);
        ++*count;
    }
    if (sg_msgpack_peek(reader) == SG_MSGPACK_ARRAY)
        items = sg_msgpack_read_array(reader);
    else if (sg_msgpack_peek(reader) == SG_MSGPACK_MAP)
        items = 2 * sg_msgpack_read_map(reader);
    else
        (void)sg_msgpack_skip(reader);
    for (; items > 0; items--)
        try_lengthened(reader, made, variant, count);
}

static void check_lengthened(struct sg_prng *prng, struct made *made)
{
    struct sg_msgpack reader;
    struct sg_buf variant;
    size_t count = 0;

    (void)prng;
    sg_buf_init(&variant, 2 * SG_RECORD_SIZE_MAX);
    sg_msgpack_init(&reader, sg_buf_bytes(&made->payload));
    try_lengthened(&reader, made, &variant, &count);
    assert_true(count > 15);
    sg_buf_clear(&variant);
}

/* The same value in a longer encoding, anywhere in the record, is refused. */
static void test_every_longer_form_is_refused(void **state)
{
    (void)state;
    for_all(check_lengthened, 3);
}

/* --- rules over anything ----------------------------------------------- */

static bool no_code(const void *context, enum sg_schema_table table,
                    uint16_t code, struct sg_date first, struct sg_date last)
{
    (void)context;
    (void)table;
    (void)code;
    (void)first;
    (void)last;
    return false;
}

static const struct sg_unit *no_unit(const void *context,
                                     struct sg_unit_key unit)
{
    (void)context;
    (void)unit;
    return NULL;
}

static bool no_part(const void *context, struct sg_unit_key from,
                    struct sg_unit_key to)
{
    (void)context;
    (void)from;
    (void)to;
    return false;
}

static bool no_block(const void *context, const struct sg_ref *block,
                     unsigned serial, struct sg_pin_block *ret_block)
{
    (void)context;
    (void)serial;
    (void)block;
    (void)ret_block;
    return false;
}

static bool no_grant(const void *context, const struct sg_key_id *officer,
                     struct sg_unit_key unit)
{
    (void)context;
    (void)officer;
    (void)unit;
    return false;
}

static void check_rules(struct sg_prng *prng, struct made *made)
{
    const struct sg_rules_facts facts = {.has_code = no_code,
                                         .find_unit = no_unit,
                                         .is_part = no_part,
                                         .find_block = no_block,
                                         .covers = no_grant};
    struct sg_rules_findings findings, again;

    (void)prng;
    memset(&findings, 0, sizeof(findings));
    memset(&again, 0, sizeof(again));
    sg_rules_check(&made->record, &facts, &findings);
    sg_rules_check(&made->record, &facts, &again);
    assert_memory_equal(&findings, &again, sizeof(findings));
    for (size_t i = 1; i < findings.count; i++) {
        const struct sg_rules_finding *a = &findings.items[i - 1];
        const struct sg_rules_finding *b = &findings.items[i];

        assert_true(a->rule < b->rule ||
                    (a->rule == b->rule && a->field < b->field));
    }
}

/* The rules judge every record that fits, where the authority has said nothing
 * at all; findings ascend by rule and field, and are the same again. */
static void test_rules_judge_all(void **state)
{
    (void)state;
    for_all(check_rules, ROUNDS);
}

/* No type has more pairs of field and rule than there is room for. */
static void test_findings_have_room(void **state)
{
    size_t count;
    const struct sg_schema_type *const *types = sg_schema_types(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t pairs = 1; /* the envelope */

        for (unsigned k = 0; k < types[i]->n_fields; k++)
            pairs += (size_t)__builtin_popcount(types[i]->fields[k].rules);
        assert_true(pairs <= SG_RULES_FINDINGS_MAX);
    }
}

static enum sg_err write_person(void *context)
{
    struct sg_prng prng;
    struct sg_buf payload;
    struct sg_hash id;
    enum sg_err err;

    (void)context;
    sg_prng_init(&prng, 5);
    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    err = any_record(&prng, sg_schema_find(SG_TYPE_PERSON, 1), &payload, &id);
    if (err != SG_OK)
        assert_int_equal(payload.size, 0);
    sg_buf_clear(&payload);
    return err;
}

/* Writing a record with any of its allocations failing gives NOMEM, and
 * nothing is left behind. */
static void test_writing_survives_lack_of_memory(void **state)
{
    (void)state;
    assert_true(sg_torture_run(write_person, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_changed_byte_shows),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_every_longer_form_is_refused),
        cmocka_unit_test(test_rules_judge_all),
        cmocka_unit_test(test_findings_have_room),
        cmocka_unit_test(test_writing_survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
