/* The authority's statements are read twice: by the registry, from its tables,
 * and by replication, which does not see the registry. Both accept the same. */
#include <string.h>

#include "replication/trust_record.h"
#include "storage/registry/record.h"
#include "tests/lib/test.h"
#include "tests/unit/any_record.h"

#define ROUNDS    40
#define FLIPS_MAX 1500

static const uint16_t types[] = {
    SG_TRUST_GENESIS,   SG_TRUST_LOG,        SG_TRUST_ROOT_ROTATE,
    SG_TRUST_HEARTBEAT, SG_TRUST_NODE_ADMIT, SG_TRUST_NODE_CUT,
    SG_TRUST_LIFT,      SG_TRUST_ERASURE,    SG_TRUST_ENDORSE_RANGE,
};

/* Says whether the registry takes PAYLOAD for a signed statement that it knows
 * and that fits. */
static bool registry_takes(struct sg_bytes payload)
{
    struct sg_record record;
    uint8_t no;

    return sg_record_decode(payload, &record) == SG_OK &&
           record.schema != NULL && !record.copy.is_later_form &&
           record.copy.signature.size > 0 &&
           sg_record_fit(&record, &any_record_registry, &no) == SG_RECORD_FITS;
}

/* What replication does not do yet: several roots, signatures of several, and a
 * generation that no certificate can name. */
static bool is_beyond(struct sg_bytes payload)
{
    struct sg_record record;
    struct sg_msgpack reader;

    assert_ok(sg_record_decode(payload, &record));
    if (record.type == SG_TRUST_ROOT_ROTATE)
        return sg_record_uint(&record, 1) == 255;
    if (record.type != SG_TRUST_GENESIS)
        return false;
    sg_record_open(&record, 3, &reader);
    return sg_msgpack_read_array(&reader) != 1 ||
           sg_record_uint(&record, 6) != 1;
}

/* Marks the bytes of texts in IN_TEXT: what Unicode 15 says of them only the
 * registry knows. */
static void mark(struct sg_msgpack *reader, const uint8_t *begin, bool *in_text)
{
    struct sg_bytes text;
    uint32_t count;

    switch (sg_msgpack_peek(reader)) {
    case SG_MSGPACK_STR:
        text = sg_msgpack_read_str(reader);
        for (size_t i = 0; i < text.size; i++)
            in_text[text.data - begin + (ptrdiff_t)i] = true;
        break;
    case SG_MSGPACK_ARRAY:
        for (count = sg_msgpack_read_array(reader); count > 0; count--)
            mark(reader, begin, in_text);
        break;
    case SG_MSGPACK_MAP:
        for (count = 2 * sg_msgpack_read_map(reader); count > 0; count--)
            mark(reader, begin, in_text);
        break;
    default:
        (void)sg_msgpack_skip(reader);
        break;
    }
}

static bool in_text[SG_RECORD_SIZE_MAX];

static void mark_texts(struct sg_bytes payload)
{
    struct sg_msgpack reader;

    memset(in_text, 0, sizeof in_text);
    sg_msgpack_init(&reader, payload);
    mark(&reader, payload.data, in_text);
    assert_ok(sg_msgpack_end(&reader));
}

static void compare(struct sg_bytes payload, unsigned *taken)
{
    struct sg_trust_record record;
    bool is_taken = registry_takes(payload);
    enum sg_err err = sg_trust_record_decode(payload, &record);

    if (err == SG_OK) {
        assert_true(is_taken);
        (*taken)++;
    } else if (is_taken && err != SG_ERR_NOTFOUND) {
        assert_true(is_beyond(payload));
    }
}

/* Random statements of every type, and each with one bit turned, are taken by
 * both or by none. */
static void test_same(void **state)
{
    struct sg_prng prng;

    (void)state;
    assert_ok(sg_crypto_init());
    sg_prng_init(&prng, 31);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct sg_schema_type *schema = sg_schema_find(types[i], 1);
        unsigned taken = 0, taken_flipped = 0;

        assert_non_null(schema);
        for (unsigned round = 0; round < ROUNDS; round++) {
            struct sg_buf buf;
            struct sg_hash id;
            size_t n_flips;

            sg_buf_init(&buf, SG_RECORD_SIZE_MAX);
            assert_ok(any_record(&prng, schema, &buf, &id));
            mark_texts(sg_buf_bytes(&buf));
            compare(sg_buf_bytes(&buf), &taken);
            n_flips = buf.size * 8 < FLIPS_MAX ? buf.size * 8 : FLIPS_MAX;
            for (size_t k = 0; k < n_flips; k++) {
                size_t bit = n_flips == FLIPS_MAX
                                 ? sg_prng_below(&prng, buf.size * 8)
                                 : k;

                if (in_text[bit / 8])
                    continue;
                buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
                compare(sg_buf_bytes(&buf), &taken_flipped);
                buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            }
            sg_buf_clear(&buf);
        }
        if (types[i] != SG_TRUST_GENESIS) { /* seldom of one root */
            assert_true(taken > 0);
            assert_true(taken_flipped > 0);
        }
    }
}

/* And what both take has one id, officer and serial. */
static void test_same_meaning(void **state)
{
    struct sg_prng prng;

    (void)state;
    assert_ok(sg_crypto_init());
    sg_prng_init(&prng, 32);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct sg_schema_type *schema = sg_schema_find(types[i], 1);

        for (unsigned round = 0; round < ROUNDS; round++) {
            struct sg_trust_record trusted;
            struct sg_record record;
            struct sg_buf buf;
            struct sg_hash id, again;

            sg_buf_init(&buf, SG_RECORD_SIZE_MAX);
            assert_ok(any_record(&prng, schema, &buf, &id));
            if (sg_trust_record_decode(sg_buf_bytes(&buf), &trusted) == SG_OK) {
                assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
                again = sg_trust_record_id(&trusted, &any_record_registry);
                assert_memory_equal(&again, &id, sizeof id);
                assert_int_equal(
                    sg_key_id_compare(&trusted.officer, &record.officer), 0);
                assert_true(trusted.serial == sg_record_uint(&record, 0));
                assert_memory_equal(trusted.signature,
                                    record.copy.signature.data,
                                    SG_SIGNATURE_SIZE);
            }
            sg_buf_clear(&buf);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_same_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
