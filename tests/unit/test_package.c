#include "replication/package.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/format.h"
#include "tests/lib/protocol.h"
#include "tests/unit/any_log.h"

static struct any_log any;
static struct sg_package_body body, read;
static uint8_t room[SG_MESSAGE_SIZE_MAX];

/* Encodes BODY into the room. */
static struct sg_bytes encode(void)
{
    struct sg_bytes bytes = any_log_encode(&body);

    memcpy(room, bytes.data, bytes.size);
    return sg_bytes(room, bytes.size);
}

/* Says whether two entries are the same, payloads by content. */
static void assert_entry(const struct sg_entry *a, const struct sg_entry *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->key_entry, b->key_entry);
    assert_int_equal(a->length, b->length);
    assert_memory_equal(&a->payload_hash, &b->payload_hash, 32);
    assert_true(sg_bytes_equal(a->payload, b->payload));
    assert_memory_equal(a->erased_by, b->erased_by, sizeof a->erased_by);
}

/* READ is what BODY was. */
static void assert_read(void)
{
    assert_memory_equal(&read.head.ref, &body.head.ref, sizeof read.head.ref);
    assert_int_equal(read.head.number, body.head.number);
    assert_int_equal(read.head.has_checkpoint, body.head.has_checkpoint);
    assert_int_equal(read.head.is_fresh, body.head.is_fresh);
    assert_int_equal(read.head.is_filling, body.head.is_filling);
    assert_int_equal(read.head.first, body.head.first);
    assert_int_equal(read.head.count, body.head.count);
    assert_int_equal(read.head.size, body.head.size);
    assert_memory_equal(read.head.signature, body.head.signature, 64);
    for (size_t i = 0; i < body.head.count; i++)
        assert_entry(&read.entries[i], &body.entries[i]);
    assert_int_equal(read.node_count, body.node_count);
    assert_memory_equal(read.nodes, body.nodes,
                        body.node_count * sizeof body.nodes[0]);
}

/* --- The page ------------------------------------------------------------- */

/* Reads the message NAME of the page, writes it again, and leaves it in READ.
 */
static void read_page(const char *name, uint64_t size,
                      const struct sg_entry_hasher *hasher)
{
    struct sg_bytes bytes = protocol_body(name);
    struct sg_package_head head;

    assert_ok(sg_package_peek(bytes, &head));
    assert_ok(sg_package_decode(bytes, size, hasher, &read));
    assert_int_equal(head.first, read.head.first);
    assert_int_equal(head.number, read.head.number);
    body = read;
    assert_true(sg_bytes_equal(encode(), bytes));
}

static void init_page(struct format_log *made, struct sg_entry_hasher *hasher,
                      struct sg_package_log *log)
{
    *made = format_log();
    sg_entry_hasher_init(hasher, &made->registry);
    *log = (struct sg_package_log){
        .hasher = hasher, .id = made->log, .core = made->core};
}

/* The page's packages are FORMAT's log: whole, its last entry pushed, and with
 * that entry erased; each verifies and gives the same root. */
static void test_page(void **state)
{
    static struct sg_package_receiver receiver, at_1, at_2;
    static struct sg_package_result result;
    struct sg_entry_hasher hasher;
    struct sg_package_log log;
    struct format_log made;
    struct sg_hash root;

    (void)state;
    init_page(&made, &hasher, &log);
    root = sg_merkle_root(&made.frontier);
    memset(&receiver, 0, sizeof receiver);
    read_page("message-package", 0, &hasher);
    for (size_t i = 0; i < 3; i++)
        assert_entry(&read.entries[i], &made.entries[i]);
    assert_int_equal(sg_package_verify(&log, &read, 0, &receiver, &result),
                     SG_PACKAGE_FITS);
    assert_memory_equal(&receiver.known.root, &root, sizeof root);
    assert_int_equal(receiver.held.size, 3);
    assert_true(result.has_known_grown);

    memset(&at_1, 0, sizeof at_1);
    for (size_t i = 0; i < 2; i++) {
        struct sg_hash leaf = sg_entry_leaf(&made.entries[i]);

        sg_merkle_append(&at_1.held, &leaf, NULL, NULL);
        if (i == 0)
            at_2 = at_1;
    }
    at_1.known.size = 2;
    at_2.known.size = 1;
    read_page("message-push", 0, &hasher);
    assert_int_equal(sg_package_verify(&log, &read, 0, &at_1, &result),
                     SG_PACKAGE_FITS);
    assert_memory_equal(&at_1.known.root, &root, sizeof root);
    read_page("message-package-erased", 0, &hasher);
    assert_int_equal(read.entries[1].state, SG_PAYLOAD_ERASED);
    assert_int_equal(sg_package_verify(&log, &read, 0, &at_2, &result),
                     SG_PACKAGE_FITS);
    assert_memory_equal(&at_2.known.root, &root, sizeof root);
}

/* --- There and back ------------------------------------------------------- */

static void setup_log(uint64_t seed, size_t count)
{
    struct sg_prng prng;

    sg_prng_init(&prng, seed);
    any_log_init(&any, &prng, count);
}

/* Random packages come out as they went in: fresh, on the stack, pushed, with
 * payloads absent and erased. */
static void test_there_and_back(void **state)
{
    struct sg_prng prng;

    (void)state;
    setup_log(27, 300);
    sg_prng_init(&prng, 27);
    for (unsigned round = 0; round < 200; round++) {
        size_t first = (size_t)sg_prng_below(&prng, 300);
        size_t max = (size_t)sg_package_end_max(first, 300) - first;
        bool is_fresh = sg_prng_chance(&prng, 500);

        any_log_package(&any, is_fresh ? sg_prng_below(&prng, 2) : 9, first,
                        first + 1 + (size_t)sg_prng_below(&prng, max), 300,
                        is_fresh, &body);
        any_log_lose(&prng, &body);
        if (!is_fresh && sg_prng_chance(&prng, 300)) {
            body.head.is_filling = true;
            body.head.number = sg_prng_below(&prng, 2);
            body.node_count = 0;
        }
        assert_ok(sg_package_decode(encode(), 300, &any.hasher, &read));
        assert_read();
    }
}

/* --- The page's figures --------------------------------------------------- */

/* Bytes on the wire of a message with a body of SIZE, alone in its frames: two
 * bytes of length and a tag for each. */
static size_t wire(size_t size)
{
    size_t plain = 2u + (size > 127) + (size > 16383) + size;

    return plain + 18 * ((plain + 65518) / 65519);
}

/* Lays out COUNT records of LENGTH bytes and two reader sets from FIRST on,
 * toward SIZE; gives what they take on the wire. */
static size_t figure(uint64_t number, uint64_t first, size_t count,
                     uint64_t size, uint32_t length, bool is_fresh)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    static const uint8_t payload[1000];

    memset(&body, 0, sizeof body);
    body.head = (struct sg_package_head){.number = number,
                                         .has_checkpoint = is_fresh,
                                         .is_fresh = is_fresh,
                                         .first = first,
                                         .count = count,
                                         .size = is_fresh ? size : 0};
    for (size_t i = 0; i < count; i++)
        body.entries[i] =
            (struct sg_entry){.kind = SG_ENTRY_SEALED,
                              .key_entry = i % 2 == 0 ? 1 : 40,
                              .length = length,
                              .payload = sg_bytes(payload, length)};
    body.node_count = sg_merkle_plan_extension(
        first + count, sg_package_reach(first, first + count, size, is_fresh),
        ranges);
    return wire(encode().size);
}

/* A record in bulk and a record pushed cost what the page says, in tenths of a
 * byte and in bytes; `stored` and `credit` for every fourth package are in it.
 */
static void test_page_figures(void **state)
{
    static const struct {
        uint32_t length;
        size_t bulk_tenths, pushed;
    } cases[] = {{139, 1423, 252}, {235, 2383, 348}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t total = 16 * wire(18), records = 64 * 256, tenths;

        for (uint64_t k = 1; k <= 64; k++)
            total += figure(1, k * 256, 256, 65 * 256, cases[i].length, k == 1);
        tenths = (total * 10 + records / 2) / records;
        assert_int_equal(tenths, cases[i].bulk_tenths);
        assert_int_equal(figure(0, 5000, 1, 5001, cases[i].length, true),
                         cases[i].pushed);
    }
}

/* --- Bytes that are not right --------------------------------------------- */

/* Every beginning of a package is TRUNCATED, and a byte more is TRAILING. */
static void test_cut(void **state)
{
    struct sg_bytes bytes;

    (void)state;
    setup_log(20, 40);
    any_log_package(&any, 0, 0, 20, 40, true, &body);
    bytes = encode();
    for (size_t size = 0; size < bytes.size; size++)
        assert_err(sg_package_decode(sg_bytes(bytes.data, size), 0, &any.hasher,
                                     &read),
                   TRUNCATED);
    room[bytes.size] = 0;
    assert_err(sg_package_decode(sg_bytes(bytes.data, bytes.size + 1), 0,
                                 &any.hasher, &read),
               TRAILING);
}

/* What a field may not say; toward 9. Bodies are hex: a want's number, flags,
 * first, count, and on. */
static void test_refusals(void **state)
{
    static const struct {
        const char *hex, *err;
    } cases[] = {
        {"01 08 01 01", "MALFORMED"}, /* bit 3 */
        {"01 02 01 01", "MALFORMED"}, /* fresh, no checkpoint */
        {"01 05 01 01", "MALFORMED"}, /* filling, checkpoint */
        {"00 11111111111111111111111111111111 00 01 01", "MALFORMED"},
        {"00 11111111111111111111111111111111 01 01 01", "MALFORMED"},
        {"01 10 01 01", "VERSION"},
        {"01 f0 01 01", "VERSION"},
        {"01 00 01 00", "MALFORMED"},                   /* no entries */
        {"01 04 00 8102", "LIMIT"},                     /* 257 of them */
        {"01 04 01 8002", "MALFORMED"},                 /* across 256 */
        {"01 04 ff01 02", "MALFORMED"},                 /* across 256 */
        {"01 04 ffffffffffffffffff01 01", "MALFORMED"}, /* beyond 2^64 - 1 */
        {"01 00 8100 01", "NOTCANONICAL"},
        {"01 00 01 09", "MALFORMED"},             /* beyond the checkpoint */
        {"01 00 01 01 30 02", "MALFORMED"},       /* state 3 */
        {"01 00 01 01 42 02", "MALFORMED"},       /* a run too long */
        {"01 00 01 02 02 02", "NOTCANONICAL"},    /* runs not maximal */
        {"01 00 01 01 00 02", "MALFORMED"},       /* an opening at 1 */
        {"01 04 00 01 02 02", "MALFORMED"},       /* none at 0 */
        {"01 00 01 01 02 00", "MALFORMED"},       /* an empty payload */
        {"01 00 01 01 02 818004", "LIMIT"},       /* one too long */
        {"01 00 02 01 03 00", "MALFORMED"},       /* no keys */
        {"01 00 02 01 03 02 00", "MALFORMED"},    /* more keys than entries */
        {"01 00 02 01 03 01 00 01", "MALFORMED"}, /* key entry 0 */
        {"01 00 02 01 03 01 02 01", "MALFORMED"}, /* the entry itself */
        {"01 00 03 02 43 02 01 00 00 00 01 01", "NOTCANONICAL"}, /* unused */
        {"01 00 03 02 43 02 01 00 00 02 01 01", "MALFORMED"}, /* no such row */
        {"01 00 03 02 43 02 01 ffffffffffffffffff01 00 01 01 01",
         "MALFORMED"}, /* a key entry beyond 2^64 - 1 */
    };

    (void)state;
    setup_log(21, 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sg_err err =
            sg_package_decode(sg_hex(cases[i].hex), 9, &any.hasher, &read);

        assert_string_equal(sg_err_name(err), cases[i].err);
    }
}

/* The head alone has the same refusals, and names the log that a version we do
 * not know closes. */
static void test_peek(void **state)
{
    struct sg_package_head head = {.number = 77};

    (void)state;
    assert_err(sg_package_peek(sg_hex("05 00 01 00"), &head), MALFORMED);
    assert_int_equal(head.number, 77);
    assert_err(sg_package_peek(sg_hex("05 20 01 01"), &head), VERSION);
    assert_int_equal(head.number, 5);
    assert_err(sg_package_peek(sg_hex("00 11111111111111111111111111111122 12"),
                               &head),
               VERSION);
    assert_int_equal(head.ref.bytes[15], 0x22);
    assert_err(sg_package_peek(sg_hex("05 01 01 03 03"), &head), TRUNCATED);
}

/* A checkpoint that is smaller than the package's end, or none at all, where
 * there was none before, is malformed. */
static void test_checkpoint_needed(void **state)
{
    struct sg_bytes bytes;

    (void)state;
    setup_log(22, 9);
    any_log_package(&any, 1, 2, 4, 9, false, &body);
    bytes = encode();
    assert_err(sg_package_decode(bytes, 0, &any.hasher, &read), MALFORMED);
    assert_err(sg_package_decode(bytes, 3, &any.hasher, &read), MALFORMED);
    assert_ok(sg_package_decode(bytes, 9, &any.hasher, &read));
    any_log_package(&any, 1, 2, 4, 9, true, &body);
    (void)encode();
    room[4] = 3; /* the size */
    assert_err(sg_package_decode(sg_bytes(room, bytes.size + 65 + 96), 0,
                                 &any.hasher, &read),
               MALFORMED);
}

/* --- How much fits -------------------------------------------------------- */

/* Says whether COUNT entries from FIRST on fit MAX bytes, and would have less
 * beside them for their BYTES than others that have NODES: by more than a
 * tenth, for sg_package_fit guesses some. */
static bool is_better(size_t first, size_t count, size_t max, bool is_fresh,
                      size_t bytes, size_t nodes)
{
    size_t size, own_nodes;

    any_log_package(&any, body.head.number, first, first + count, 700, is_fresh,
                    &body);
    size = encode().size;
    own_nodes = 32 * body.node_count;
    return size + size / 16 + 40 <= max &&
           (own_nodes + SG_PACKAGE_EXTRA) * bytes * 11 <
               (nodes + SG_PACKAGE_EXTRA) * (size - own_nodes) * 10;
}

/* What is said to fit fits, and one entry always does. Of a large package an
 * entry more would not have been far below the limit; of a small one no other
 * end would have been cheaper. */
static void test_fit(void **state)
{
    struct sg_prng prng;

    (void)state;
    setup_log(23, 700);
    sg_prng_init(&prng, 23);
    for (unsigned round = 0; round < 300; round++) {
        size_t first = (size_t)sg_prng_below(&prng, 600);
        size_t max = 200 + (size_t)sg_prng_below(&prng, 20000), count, size;
        size_t nodes;
        bool is_fresh = sg_prng_chance(&prng, 500);

        any_log_package(&any, is_fresh ? sg_prng_below(&prng, 2) : 5, first,
                        first + 1, 700, is_fresh, &body);
        count = sg_package_fit(&body.head, any.entries + first, 700 - first,
                               700, max);
        assert_true(count >= 1);
        assert_true(first + count <= sg_package_end_max(first, 700));
        any_log_package(&any, body.head.number, first, first + count, 700,
                        is_fresh, &body);
        size = encode().size;
        nodes = 32 * body.node_count;
        if (count > 1)
            assert_true(size <= max);
        if (max > SG_PACKAGE_SMALL) {
            assert_true(first + count == sg_package_end_max(first, 700) ||
                        size + any.entries[first + count].length + 700 > max);
            continue;
        }
        for (size_t n = 1; first + n <= sg_package_end_max(first, 700); n++)
            assert_false(
                is_better(first, n, max, is_fresh, size - nodes, nodes));
    }
}

/* A small package ends where the tree is round: nine entries would fit. */
static void test_fit_round(void **state)
{
    struct sg_package_head head = {.number = 1, .first = 64};

    (void)state;
    setup_log(25, 700);
    for (size_t i = 64; i < 100; i++) {
        any.entries[i] = any.entries[64];
        any.entries[i].length = 110;
    }
    assert_int_equal(sg_package_fit(&head, any.entries + 64, 36, 700, 1152), 8);
    head.first = 72;
    assert_int_equal(sg_package_fit(&head, any.entries + 72, 28, 700, 1152), 8);
    head.first = 75; /* and goes on from there */
    assert_int_equal(sg_package_fit(&head, any.entries + 75, 25, 700, 1152), 5);
}

/* Entries without payload take their hashes. */
static void test_fit_lost(void **state)
{
    struct sg_package_head head = {.number = 1, .first = 256};
    struct sg_prng prng;

    (void)state;
    setup_log(29, 600);
    sg_prng_init(&prng, 29);
    for (size_t max = 1000; max < 30000; max += 500) {
        static struct sg_entry lost[SG_PACKAGE_ENTRIES_MAX];
        size_t count;

        any_log_package(&any, 1, 256, 512, 600, false, &body);
        any_log_lose(&prng, &body);
        memcpy(lost, body.entries, sizeof lost);
        count = sg_package_fit(&head, lost, 256, 600, max);
        any_log_package(&any, 1, 256, 256 + count, 600, false, &body);
        memcpy(body.entries, lost, count * sizeof lost[0]);
        assert_true(encode().size <= max);
        assert_true(count == 256 || encode().size + 1600 > max);
    }
}

/* The largest entries make the smallest packages; a kind that no package can
 * say ends it; a filling needs no nodes. */
static void test_fit_limits(void **state)
{
    const struct sg_package_head head = {.number = 1, .first = 1};
    const struct sg_package_head filling = {
        .number = 1, .first = 2, .is_filling = true};
    const struct sg_entry *entries = any.entries + 1;

    (void)state;
    setup_log(24, 30);
    for (size_t i = 2; i < 30; i++)
        any.entries[i] = any.entries[1];
    assert_int_equal(sg_package_fit(&filling, entries + 1, 28, 30,
                                    40 + 3 * (any.entries[1].length + 3)),
                     3);
    for (size_t i = 1; i < 30; i++)
        any.entries[i].length = SG_PAYLOAD_SIZE_MAX;
    assert_int_equal(sg_package_fit(&head, entries, 29, 30, SIZE_MAX), 3);
    assert_int_equal(sg_package_fit(&head, entries, 29, 30, 0), 1);
    assert_int_equal(sg_package_fit(&head, entries, 0, 30, 9999), 0);
    any.entries[2].kind = SG_ENTRY_KIND_MAX + 1;
    assert_int_equal(sg_package_fit(&head, entries, 29, 30, SIZE_MAX), 1);
    assert_int_equal(sg_package_fit(&filling, entries + 1, 28, 30, SIZE_MAX),
                     0);
    assert_int_equal(sg_package_end_max(0, 300), 256);
    assert_int_equal(sg_package_end_max(255, 300), 256);
    assert_int_equal(sg_package_end_max(256, 300), 300);
    assert_int_equal(sg_package_end_max(UINT64_MAX - 1, UINT64_MAX),
                     UINT64_MAX);
}

/* --- Programmer errors ---------------------------------------------------- */

static void encode_broken(void *context)
{
    struct sg_writer writer;

    (void)context;
    sg_writer_init_array(&writer, room, sizeof room);
    if (sg_package_encode(&body, &writer) == SG_OK)
        return;
}

/* What no receiver would accept is not written. */
static void test_encode_dies(void **state)
{
    (void)state;
    setup_log(25, 300);
    any_log_package(&any, 1, 200, 256, 300, true, &body);
    body.node_count--;
    assert_true(sg_dies(encode_broken, NULL));
    any_log_package(&any, 1, 200, 256, 300, true, &body);
    body.head.count = 57;
    assert_true(sg_dies(encode_broken, NULL));
    any_log_package(&any, 1, 200, 256, 300, true, &body);
    body.head.size = 255;
    assert_true(sg_dies(encode_broken, NULL));
    any_log_package(&any, 1, 200, 256, 300, true, &body);
    body.entries[4].payload.size--;
    assert_true(sg_dies(encode_broken, NULL));
}

/* A package that is larger than the writer's room is not written. */
static void test_encode_limit(void **state)
{
    struct sg_writer writer;
    uint8_t small[100];

    (void)state;
    setup_log(26, 30);
    any_log_package(&any, 1, 0, 30, 30, true, &body);
    sg_writer_init_array(&writer, small, sizeof small);
    assert_err(sg_package_encode(&body, &writer), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_peek),
        cmocka_unit_test(test_checkpoint_needed),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_fit_round),
        cmocka_unit_test(test_fit_lost),
        cmocka_unit_test(test_fit_limits),
        cmocka_unit_test(test_encode_dies),
        cmocka_unit_test(test_encode_limit),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_page_figures),
    };

    assert_int_equal(sg_crypto_init(), SG_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
