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

/* A type that this version does not know is read, has no schema, and is shown
 * as what it is in both languages. */
static void test_unknown_type_is_carried(void **state)
{
    static const char *const shown[] = {
        "unknown type 99 schema 3, carried and proved",
        "loại 99 phiên bản 3 chưa biết, vẫn được giữ và chứng thực"};
    struct sg_record record;
    struct sg_buf buf;

    (void)state;
    load("unknown-type", &buf);
    assert_ok(sg_record_decode(sg_buf_bytes(&buf), &record));
    assert_null(record.schema);
    assert_int_equal(record.type, 99);
    assert_int_equal(record.version, 3);
    for (int i = 0; i < 2; i++) {
        uint8_t text[128];
        struct sg_writer writer;

        sg_writer_init_array(&writer, text, sizeof(text));
        sg_record_write_unknown(&writer, &record,
                                i == 0 ? SG_LANG_EN : SG_LANG_VI);
        assert_ok(sg_writer_end(&writer));
        assert_true(sg_bytes_equal(sg_bytes(text, writer.size),
                                   sg_bytes(shown[i], strlen(shown[i]))));
    }
    sg_buf_clear(&buf);
}

/* Changes the byte AT of EXAMPLE and gives what the reader says. */
static enum sg_err decode_changed(const char *example, size_t at, uint8_t from,
                                  uint8_t to)
{
    struct sg_record record;
    struct sg_buf buf;
    enum sg_err err;

    load(example, &buf);
    assert_true(at < buf.size);
    assert_int_equal(buf.data[at], from);
    buf.data[at] = to;
    err = sg_record_decode(sg_buf_bytes(&buf), &record);
    sg_buf_clear(&buf);
    return err;
}

/* An envelope of another shape is refused: longer arrays, type 0, texts and
 * numbers in the place of others, true and false. */
static void test_other_envelopes_are_refused(void **state)
{
    (void)state;
    assert_err(decode_changed("enrolment", 0, 0x92, 0x93), MALFORMED);
    assert_err(decode_changed("enrolment", 1, 0x99, 0x98), MALFORMED);
    assert_err(decode_changed("enrolment", 1, 0x99, 0x9a), MALFORMED);
    assert_err(decode_changed("enrolment", 2, 0x20, 0x00), MALFORMED);
    assert_err(decode_changed("enrolment", 3, 0x01, 0x00), MALFORMED);
    assert_err(decode_changed("enrolment", 3, 0x01, 0xc3), TYPE);
    assert_err(decode_changed("enrolment", 3, 0x01, 0xff), TYPE);
    assert_err(decode_changed("unknown-type", 23, 0x03, 0xc0), MALFORMED);
}

/* The body of an unknown type is held to the one encoding too: no true, no
 * texts as keys, no text that is not NFC. */
static void test_unknown_bodies_are_canonical(void **state)
{
    static const char *const bodies[] = {
        "82 03 01 04 c3",       /* true */
        "81 a1 61 01",          /* a text as key */
        "81 03 a3 61 cc 80",    /* a and a grave: à decomposed */
        "81 03 a1 09",          /* a tab */
        "82 04 01 03 01",       /* keys that descend */
        "81 03 ca 00 00 00 00", /* a float */
        "81 03 91 91 91 91 91 91 91 91 91 91 91 91 91 91 91 c0", /* too deep */
    };
    static const char fine[] =
        "81 03 91 91 91 91 91 91 91 91 91 91 91 91 91 c0";

    (void)state;
    for (size_t i = 0; i <= sizeof(bodies) / sizeof(bodies[0]); i++) {
        bool is_fine = i == sizeof(bodies) / sizeof(bodies[0]);
        struct sg_record record;
        struct sg_buf page_buf, buf;

        load("unknown-type", &page_buf);
        assert_ok(sg_record_decode(sg_buf_bytes(&page_buf), &record));
        sg_buf_init(&buf, SG_RECORD_SIZE_MAX);
        size_t before = (size_t)(record.body.data - page_buf.data);
        assert_ok(sg_buf_append(&buf, sg_bytes(page_buf.data, before)));
        assert_ok(sg_buf_append(&buf, sg_hex(is_fine ? fine : bodies[i])));
        before += record.body.size;
        assert_ok(sg_buf_append(
            &buf, sg_bytes(page_buf.data + before, page_buf.size - before)));
        assert_int_equal(sg_record_decode(sg_buf_bytes(&buf), &record) == SG_OK,
                         is_fine);
        sg_buf_clear(&page_buf);
        sg_buf_clear(&buf);
    }
}

/* A payload of 65,536 bytes may be a record, one more never. */
static void test_size_is_limited(void **state)
{
    static uint8_t big[SG_RECORD_SIZE_MAX + 1];
    struct sg_record record;

    (void)state;
    assert_err(sg_record_decode(sg_bytes(big, sizeof(big)), &record), LIMIT);
    assert_err(sg_record_decode(sg_bytes(big, sizeof(big) - 1), &record), TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_are_read),
        cmocka_unit_test(test_examples_are_signed),
        cmocka_unit_test(test_genesis_gives_the_registry),
        cmocka_unit_test(test_id_is_of_the_inner_part),
        cmocka_unit_test(test_unknown_type_is_carried),
        cmocka_unit_test(test_other_envelopes_are_refused),
        cmocka_unit_test(test_unknown_bodies_are_canonical),
        cmocka_unit_test(test_size_is_limited),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
