#include "storage/log/entry.h"

#include <string.h>

#include "storage/base/limits.h"
#include "tests/lib/dies.h"
#include "tests/lib/format.h"
#include "tests/lib/test.h"

static void assert_bytes_equal(struct sg_bytes a, struct sg_bytes b)
{
    assert_string_equal(sg_hex_text(a), sg_hex_text(b));
}

/* The core and the id of FORMAT.md section 3 are made and read. */
static void test_core_example(void **state)
{
    struct format_log made = format_log();
    struct sg_bytes page = format_hex("log-core");
    uint8_t bytes[SG_LOG_CORE_SIZE];
    struct sg_log_core core;

    (void)state;
    sg_entry_core_encode(&made.core, bytes);
    assert_bytes_equal(SG_BYTES_ARRAY(bytes), page);
    assert_ok(sg_entry_core_decode(page, &core));
    assert_bytes_equal(SG_BYTES_ARRAY(core.node_key),
                       SG_BYTES_ARRAY(made.core.node_key));
    assert_bytes_equal(SG_BYTES_ARRAY(core.epoch),
                       SG_BYTES_ARRAY(made.core.epoch));
    assert_int_equal(core.kind, SG_LOG_RECORDS);
    assert_bytes_equal(SG_BYTES_ARRAY(made.log.hash.bytes),
                       format_hex("log-id"));
}

/* A core has one size and a kind that exists; each kind and each registry gives
 * another id. */
static void test_core_strict(void **state)
{
    struct format_log made = format_log();
    uint8_t bytes[SG_LOG_CORE_SIZE + 1] = {0};
    struct sg_log_core core;
    struct sg_log_id id;

    (void)state;
    made.core.kind = SG_LOG_AUDIT;
    id = sg_entry_log_id(&made.registry, &made.core);
    assert_memory_not_equal(&id, &made.log, sizeof id);
    made.core.kind = SG_LOG_RECORDS;
    made.registry.hash.bytes[31] ^= 1;
    id = sg_entry_log_id(&made.registry, &made.core);
    assert_memory_not_equal(&id, &made.log, sizeof id);
    sg_entry_core_encode(&made.core, bytes);
    assert_err(sg_entry_core_decode(sg_bytes(bytes, 48), &core), TRUNCATED);
    assert_err(sg_entry_core_decode(sg_bytes(bytes, 50), &core), TRAILING);
    for (unsigned kind = 0; kind < 256; kind++) {
        bytes[32] = (uint8_t)kind;
        if (kind == SG_LOG_RECORDS || kind == SG_LOG_AUDIT)
            assert_ok(sg_entry_core_decode(sg_bytes(bytes, 49), &core));
        else
            assert_err(sg_entry_core_decode(sg_bytes(bytes, 49), &core),
                       MALFORMED);
    }
}

/* The header and leaf of FORMAT.md section 4 are made and read. */
static void test_header_example(void **state)
{
    struct format_log made = format_log();
    const struct sg_entry *entry = &made.entries[2];
    struct sg_hash leaf = sg_entry_leaf(entry);
    uint8_t header[SG_ENTRY_HEADER_SIZE], brief[SG_SHORT_HEADER_SIZE];
    struct sg_entry read;

    (void)state;
    sg_entry_header_encode(entry, header);
    assert_bytes_equal(SG_BYTES_ARRAY(header), format_hex("entry-header"));
    sg_entry_short_header_encode(SG_ENTRY_SEALED, 1, entry->length, brief);
    assert_memory_equal(brief, header, sizeof brief);
    assert_bytes_equal(SG_BYTES_ARRAY(leaf.bytes), format_hex("entry-leaf"));
    assert_ok(sg_entry_header_decode(format_hex("entry-header"), &read));
    assert_int_equal(read.kind, SG_ENTRY_SEALED);
    assert_int_equal(read.state, SG_PAYLOAD_NOT_HELD);
    assert_int_equal(read.key_entry, 1);
    assert_int_equal(read.length, entry->payload.size);
    assert_int_equal(read.payload.size, 0);
    assert_memory_equal(&read.payload_hash, &entry->payload_hash,
                        sizeof read.payload_hash);
    leaf = sg_entry_leaf(&read);
    assert_bytes_equal(SG_BYTES_ARRAY(leaf.bytes), format_hex("entry-leaf"));
    assert_ok(sg_entry_check(&read, 2));
}

/* What a header may say; index 5 is where the entry stands. */
static const struct header_case {
    uint8_t version, kind;
    uint64_t key_entry;
    uint32_t length;
    enum sg_err decode;
    enum sg_err check; /* when it decodes */
} header_cases[] = {
    {1, SG_ENTRY_PLAIN, 0, 1, SG_OK, SG_OK},
    {1, SG_ENTRY_PLAIN, 0, SG_PAYLOAD_SIZE_MAX, SG_OK, SG_OK},
    {1, SG_ENTRY_CONTENT_KEY, 0, 127, SG_OK, SG_OK},
    {1, SG_ENTRY_SEALED, 1, 56, SG_OK, SG_OK},
    {1, SG_ENTRY_SEALED, 4, 56, SG_OK, SG_OK},
    {1, SG_ENTRY_SEALED, 5, 56, SG_OK, SG_ERR_MALFORMED},
    {1, SG_ENTRY_SEALED, UINT64_MAX, 56, SG_OK, SG_ERR_MALFORMED},
    {1, 4, 0, 1, SG_OK, SG_OK},
    {1, 15, 4, 1, SG_OK, SG_OK},
    {1, 15, 5, 1, SG_OK, SG_ERR_MALFORMED},
    {1, SG_ENTRY_OPENING, 0, 51, SG_OK, SG_ERR_MALFORMED},
    {0, SG_ENTRY_PLAIN, 0, 1, SG_ERR_VERSION, SG_OK},
    {2, SG_ENTRY_PLAIN, 0, 1, SG_ERR_VERSION, SG_OK},
    {1, 16, 0, 1, SG_ERR_MALFORMED, SG_OK},
    {1, SG_ENTRY_OPENING, 1, 51, SG_ERR_MALFORMED, SG_OK},
    {1, SG_ENTRY_CONTENT_KEY, 1, 127, SG_ERR_MALFORMED, SG_OK},
    {1, SG_ENTRY_PLAIN, 1, 1, SG_ERR_MALFORMED, SG_OK},
    {1, SG_ENTRY_SEALED, 0, 56, SG_ERR_MALFORMED, SG_OK},
    {1, SG_ENTRY_PLAIN, 0, 0, SG_ERR_MALFORMED, SG_OK},
    {1, SG_ENTRY_PLAIN, 0, SG_PAYLOAD_SIZE_MAX + 1, SG_ERR_MALFORMED, SG_OK},
};

/* A header that no writer makes is refused when it is read; one that does not
 * suit its place is refused there. */
static void test_header_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        const struct header_case *c = &header_cases[i];
        uint8_t bytes[SG_ENTRY_HEADER_SIZE] = {0};
        struct sg_entry entry;
        enum sg_err err;

        sg_entry_short_header_encode(c->kind, c->key_entry, c->length, bytes);
        bytes[0] = c->version;
        err = sg_entry_header_decode(SG_BYTES_ARRAY(bytes), &entry);
        assert_string_equal(sg_err_name(err), sg_err_name(c->decode));
        if (err == SG_OK)
            err = sg_entry_check(&entry, 5);
        else
            err = SG_OK;
        assert_string_equal(sg_err_name(err), sg_err_name(c->check));
    }
}

/* An opening is at index 0 and nothing else is; what cannot be decoded does not
 * pass when it is built in memory. */
static void test_check_place(void **state)
{
    struct format_log made = format_log();

    (void)state;
    assert_ok(sg_entry_check(&made.entries[0], 0));
    assert_err(sg_entry_check(&made.entries[0], 1), MALFORMED);
    assert_ok(sg_entry_check(&made.entries[1], 1));
    assert_err(sg_entry_check(&made.entries[1], 0), MALFORMED);
    assert_err(sg_entry_check(&made.entries[2], 1), MALFORMED);
    made.entries[1].length = 0;
    assert_err(sg_entry_check(&made.entries[1], 1), MALFORMED);
}

/* A header has one size, and of each changed byte of it either the reader
 * refuses it or the same bytes come out again. */
static void test_header_canonical(void **state)
{
    struct sg_bytes page = format_hex("entry-header");
    uint8_t bytes[SG_ENTRY_HEADER_SIZE + 1] = {0}, again[SG_ENTRY_HEADER_SIZE];
    struct sg_entry entry;

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t size = 0; size < SG_ENTRY_HEADER_SIZE; size++)
        assert_err(sg_entry_header_decode(sg_bytes(bytes, size), &entry),
                   TRUNCATED);
    assert_err(sg_entry_header_decode(SG_BYTES_ARRAY(bytes), &entry), TRAILING);
    for (size_t i = 0; i < SG_ENTRY_HEADER_SIZE; i++) {
        for (unsigned change = 1; change < 256; change++) {
            struct sg_bytes changed = {bytes, SG_ENTRY_HEADER_SIZE};

            bytes[i] ^= (uint8_t)change;
            if (sg_entry_header_decode(changed, &entry) == SG_OK) {
                sg_entry_header_encode(&entry, again);
                assert_memory_equal(again, bytes, sizeof again);
            }
            bytes[i] ^= (uint8_t)change;
        }
    }
}

/* An entry is made of 1 to 65,536 bytes; its hash is that of purpose, registry
 * and payload. */
static void test_make_limits(void **state)
{
    static const uint8_t payload[SG_PAYLOAD_SIZE_MAX + 1];
    struct format_log made = format_log();
    struct sg_entry_hasher hasher;
    struct sg_entry entry;
    struct sg_hash hash;

    (void)state;
    sg_entry_hasher_init(&hasher, &made.registry);
    assert_err(
        sg_entry_make(&hasher, SG_ENTRY_PLAIN, 0, sg_bytes(payload, 0), &entry),
        LIMIT);
    assert_err(sg_entry_make(&hasher, SG_ENTRY_PLAIN, 0,
                             sg_bytes(payload, SG_PAYLOAD_SIZE_MAX + 1),
                             &entry),
               LIMIT);
    assert_ok(sg_entry_make(&hasher, SG_ENTRY_PLAIN, 0,
                            sg_bytes(payload, SG_PAYLOAD_SIZE_MAX), &entry));
    assert_int_equal(entry.length, SG_PAYLOAD_SIZE_MAX);
    assert_int_equal(entry.state, SG_PAYLOAD_PRESENT);
    assert_ok(sg_entry_check(&entry, 1));
    sg_crypto_purpose_hash("sogoc v1 payload", &made.registry.hash, payload,
                           SG_PAYLOAD_SIZE_MAX, &hash);
    assert_memory_equal(&entry.payload_hash, &hash, sizeof hash);
}

/* Both openings of FORMAT.md section 3 are made and read. */
static void test_opening_examples(void **state)
{
    struct format_log made = format_log();
    struct sg_opening opening = {.core = made.core}, read;
    uint8_t bytes[SG_OPENING_SIZE_MAX];
    size_t size = sg_entry_opening_encode(&opening, bytes);

    (void)state;
    assert_bytes_equal(sg_bytes(bytes, size), format_hex("opening-first"));
    assert_ok(sg_entry_opening_decode(format_hex("opening-first"), &read));
    assert_false(read.follows);
    assert_ok(sg_entry_opening_check(&made.registry, &made.log, &read));

    memset(opening.core.epoch, 0xef, sizeof opening.core.epoch);
    opening.follows = true;
    opening.predecessor = made.log;
    opening.size = 3;
    memset(opening.root.bytes, 0xaa, sizeof opening.root.bytes);
    size = sg_entry_opening_encode(&opening, bytes);
    assert_bytes_equal(sg_bytes(bytes, size), format_hex("opening-follows"));
    assert_ok(sg_entry_opening_decode(format_hex("opening-follows"), &read));
    assert_true(read.follows);
    assert_int_equal(read.size, 3);
    assert_memory_equal(&read.predecessor, &made.log, sizeof made.log);
    assert_memory_equal(&read.root, &opening.root, sizeof read.root);
    assert_bytes_equal(SG_BYTES_ARRAY(read.core.epoch),
                       SG_BYTES_ARRAY(opening.core.epoch));
}

/* An opening belongs to the log whose id its core hashes to, and follows
 * another log than its own. */
static void test_opening_check(void **state)
{
    struct format_log made = format_log();
    struct sg_opening opening = {.core = made.core};
    struct sg_log_id other = made.log;

    (void)state;
    other.hash.bytes[0] ^= 1;
    assert_err(sg_entry_opening_check(&made.registry, &other, &opening),
               MALFORMED);
    opening.follows = true;
    opening.predecessor = other;
    assert_ok(sg_entry_opening_check(&made.registry, &made.log, &opening));
    opening.predecessor = made.log;
    assert_err(sg_entry_opening_check(&made.registry, &made.log, &opening),
               MALFORMED);
}

static void assert_opening_canonical(struct sg_bytes page)
{
    uint8_t bytes[SG_OPENING_SIZE_MAX + 1] = {0}, again[SG_OPENING_SIZE_MAX];
    struct sg_opening opening;

    memcpy(bytes, page.data, page.size);
    for (size_t size = 0; size < page.size; size++)
        assert_err(sg_entry_opening_decode(sg_bytes(bytes, size), &opening),
                   TRUNCATED);
    assert_err(
        sg_entry_opening_decode(sg_bytes(bytes, page.size + 1), &opening),
        TRAILING);
    for (size_t i = 0; i < page.size; i++) {
        for (unsigned change = 1; change < 256; change++) {
            struct sg_bytes changed = {bytes, page.size};

            bytes[i] ^= (uint8_t)change;
            if (sg_entry_opening_decode(changed, &opening) == SG_OK) {
                assert_int_equal(sg_entry_opening_encode(&opening, again),
                                 page.size);
                assert_memory_equal(again, bytes, page.size);
            }
            bytes[i] ^= (uint8_t)change;
        }
    }
}

/* An opening has no size but its own, and of each changed byte of it either the
 * reader refuses it or the same bytes come out again. */
static void test_opening_canonical(void **state)
{
    (void)state;
    assert_opening_canonical(format_hex("opening-first"));
    assert_opening_canonical(format_hex("opening-follows"));
}

/* An opening says its version, 0 or 1 for a predecessor, and of a predecessor
 * of which nothing is known the root of the empty tree. */
static void test_opening_strict(void **state)
{
    struct sg_bytes page = format_hex("opening-follows");
    struct sg_hash nothing = sg_merkle_join(NULL, 0);
    uint8_t bytes[SG_OPENING_SIZE_MAX], again[SG_OPENING_SIZE_MAX];
    struct sg_opening opening;

    (void)state;
    memcpy(bytes, page.data, page.size);
    bytes[0] = 2;
    assert_err(sg_entry_opening_decode(SG_BYTES_ARRAY(bytes), &opening),
               VERSION);
    bytes[0] = 1;
    bytes[50] = 2;
    assert_err(sg_entry_opening_decode(SG_BYTES_ARRAY(bytes), &opening),
               MALFORMED);
    bytes[50] = 1;
    bytes[90] = 0; /* size 0 */
    assert_err(sg_entry_opening_decode(SG_BYTES_ARRAY(bytes), &opening),
               MALFORMED);
    memcpy(bytes + 91, nothing.bytes, sizeof nothing.bytes);
    assert_ok(sg_entry_opening_decode(SG_BYTES_ARRAY(bytes), &opening));
    assert_int_equal(sg_entry_opening_encode(&opening, again), sizeof again);
    assert_memory_equal(again, bytes, sizeof again);
}

static void make_sealed_without_key(void *context)
{
    struct sg_entry_hasher *hasher = context;
    struct sg_entry entry;

    assert_ok(
        sg_entry_make(hasher, SG_ENTRY_SEALED, 0, SG_BYTES_TEXT("x"), &entry));
}

static void make_of_unknown_kind(void *context)
{
    struct sg_entry_hasher *hasher = context;
    struct sg_entry entry;

    assert_ok(sg_entry_make(hasher, (enum sg_entry_kind)4, 0,
                            SG_BYTES_TEXT("x"), &entry));
}

static void encode_core_without_kind(void *context)
{
    struct sg_log_core *core = context;
    uint8_t bytes[SG_LOG_CORE_SIZE];

    core->kind = (enum sg_log_kind)0;
    sg_entry_core_encode(core, bytes);
}

static void encode_opening_with_root_of_nothing(void *context)
{
    struct sg_opening opening = {.core = *(struct sg_log_core *)context,
                                 .follows = true};
    uint8_t bytes[SG_OPENING_SIZE_MAX];

    (void)sg_entry_opening_encode(&opening, bytes);
}

/* What this program may never write ends it. */
static void test_entry_asserts(void **state)
{
    struct format_log made = format_log();
    struct sg_entry_hasher hasher;

    (void)state;
    sg_entry_hasher_init(&hasher, &made.registry);
    assert_true(sg_dies(make_sealed_without_key, &hasher));
    assert_true(sg_dies(make_of_unknown_kind, &hasher));
    assert_true(sg_dies(encode_opening_with_root_of_nothing, &made.core));
    assert_true(sg_dies(encode_core_without_kind, &made.core));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_example),
        cmocka_unit_test(test_core_strict),
        cmocka_unit_test(test_header_example),
        cmocka_unit_test(test_header_strict),
        cmocka_unit_test(test_check_place),
        cmocka_unit_test(test_header_canonical),
        cmocka_unit_test(test_make_limits),
        cmocka_unit_test(test_opening_examples),
        cmocka_unit_test(test_opening_check),
        cmocka_unit_test(test_opening_canonical),
        cmocka_unit_test(test_opening_strict),
        cmocka_unit_test(test_entry_asserts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
