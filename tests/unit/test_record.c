/* storage/registry/record.h: reading records, against the page's examples. */
#include <string.h>

#include "storage/registry/record.h"
#include "storage/registry/record_build.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

static const char page[] = "storage/registry/RECORDS.md";

/* The records of section 14, all of one registry. */
static const struct {
    const char *name;
    enum sg_type type;
    enum sg_key_kind signer;
    uint8_t seed; /* 32 times this byte; 0: not signed */
} examples[] = {
    {"genesis", SG_TYPE_GENESIS, SG_KEY_ROOT, 10},
    {"officer-grant", SG_TYPE_OFFICER_GRANT, SG_KEY_ROOT, 10},
    {"revocation", SG_TYPE_NODE_CUT, SG_KEY_ROOT, 10},
    {"enrolment", SG_TYPE_PERSON, SG_KEY_OFFICER, 4},
    {"correction", SG_TYPE_PERSON, SG_KEY_OFFICER, 4},
    {"decision", SG_TYPE_DECISION, SG_KEY_OFFICER, 5},
    {"root-rotation", SG_TYPE_ROOT_ROTATE, SG_KEY_ROOT, 10},
    {"handover", SG_TYPE_HANDOVER, SG_KEY_OFFICER, 5},
    {"access", SG_TYPE_ACCESS, SG_KEY_OFFICER, 0},
};

#define N_EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static void load(const char *name, struct sg_buf *buf)
{
    sg_buf_init(buf, SG_RECORD_SIZE_MAX);
    sg_page_hex(page, name, buf);
}

static struct sg_registry_id registry_of_page(void)
{
    struct sg_registry_id registry;
    struct sg_buf buf;

    load("registry-id", &buf);
    assert_int_equal(buf.size, sizeof(registry.hash.bytes));
    memcpy(registry.hash.bytes, buf.data, buf.size);
    sg_buf_clear(&buf);
    return registry;
}

static void key_of_seed(uint8_t seed, struct sg_sign_key *key,
                        uint8_t public_key[SG_KEY_SIZE])
{
    uint8_t bytes[SG_KEY_SIZE];

    memset(bytes, seed, sizeof(bytes));
    sg_crypto_sign_keypair(bytes, key, public_key);
}

/* Every worked example of the page is read, is of its type and fits it. */
static void test_examples_are_read(void **state)
{
    struct sg_registry_id registry = registry_of_page();

    (void)state;
    for (size_t i = 0; i < N_EXAMPLES; i++) {
        struct sg_record record;
        struct sg_buf buf;
        uint8_t no;

        load(examples[i].name, &buf);
        assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
        assert_int_equal(record.type, examples[i].type);
        assert_non_null(record.schema);
        assert_int_equal(sg_record_fit(&record, &registry, &no),
                         SG_RECORD_FITS);
        sg_buf_clear(&buf);
    }
}

/* The signatures of the examples are those of their officers' keys, and the
 * officers are named by the ids of those keys. */
static void test_examples_are_signed(void **state)
{
    struct sg_registry_id registry = registry_of_page();

    (void)state;
    for (size_t i = 0; i < N_EXAMPLES; i++) {
        uint8_t public_key[SG_KEY_SIZE];
        struct sg_sign_key key;
        struct sg_record record;
        struct sg_key_id officer;
        struct sg_hash id;
        struct sg_buf buf;

        load(examples[i].name, &buf);
        assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
        sg_record_id(&registry, record.inner, &id);
        key_of_seed(examples[i].seed, &key, public_key);
        if (examples[i].seed == 0) {
            assert_err(sg_record_verify(&record, &id, &registry, public_key),
                       NOTFOUND);
        } else {
            assert_ok(sg_record_verify(&record, &id, &registry, public_key));
            id.bytes[0] ^= 1;
            assert_err(sg_record_verify(&record, &id, &registry, public_key),
                       SIGNATURE);
        }
        officer = sg_key_id_of(&registry, examples[i].signer, public_key);
        if (record.type == SG_TYPE_GENESIS)
            memset(&officer, 0, sizeof(officer));
        if (examples[i].seed != 0)
            assert_memory_equal(record.officer.bytes, officer.bytes,
                                sizeof(officer.bytes));
        sg_buf_clear(&buf);
    }
}

/* The genesis founds the registry whose id the page gives. */
static void test_genesis_gives_the_registry(void **state)
{
    struct sg_registry_id registry = registry_of_page(), founded;
    struct sg_record record;
    struct sg_buf buf;

    (void)state;
    load("genesis", &buf);
    assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
    sg_record_registry(record.inner, &founded);
    assert_memory_equal(founded.hash.bytes, registry.hash.bytes,
                        sizeof(founded.hash.bytes));
    sg_buf_clear(&buf);
}

/* A record's id is that of its inner bytes alone. */
static void test_id_is_of_the_inner_part(void **state)
{
    struct sg_registry_id registry = registry_of_page();
    struct sg_hash id, again;
    struct sg_sha256 prefix;
    struct sg_buf inner, whole, expected;
    struct sg_record record;

    (void)state;
    load("enrolment-inner", &inner);
    load("enrolment", &whole);
    load("enrolment-id", &expected);
    assert_ok(sg_record_decode(sg_buf_bytes(&whole), &record));
    assert_true(sg_bytes_equal(record.inner, sg_buf_bytes(&inner)));
    sg_record_id(&registry, record.inner, &id);
    assert_memory_equal(id.bytes, expected.data, expected.size);
    sg_record_id_prefix(&registry, &prefix);
    sg_record_id_after(&prefix, record.inner, &again);
    assert_memory_equal(id.bytes, again.bytes, sizeof(id.bytes));
    sg_buf_clear(&inner);
    sg_buf_clear(&whole);
    sg_buf_clear(&expected);
}

/* A type that this version does not know is read, and has no schema. */
static void test_unknown_type_is_carried(void **state)
{
    struct sg_record record;
    struct sg_buf buf;

    (void)state;
    load("unknown-type", &buf);
    assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
    assert_null(record.schema);
    assert_int_equal(record.type, 99);
    assert_int_equal(record.version, 3);
    sg_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_are_read),
        cmocka_unit_test(test_examples_are_signed),
        cmocka_unit_test(test_genesis_gives_the_registry),
        cmocka_unit_test(test_id_is_of_the_inner_part),
        cmocka_unit_test(test_unknown_type_is_carried),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
