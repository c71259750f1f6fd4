#include "replication/holding.h"

#include "tests/lib/format.h"
#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct format_log made;
static struct sg_hash root;
static struct sg_sign_key key;
static uint8_t holder[SG_KEY_SIZE];

static int begin(void **state)
{
    (void)state;
    made = format_log();
    root = sg_merkle_root(&made.frontier);
    key = trust_key(2, holder);
    return 0;
}

static struct sg_bytes page_body(void)
{
    struct sg_bytes message = protocol_hex("message-holding");

    return sg_bytes(message.data + 2, message.size - 2);
}

/* B's holding statement of the page verifies, and is made again as the same
 * bytes; so is the message for it. */
static void test_example(void **state)
{
    struct sg_bytes page = protocol_hex("holding");
    struct sg_holding holding, again = {
                                   .log = made.log,
                                   .held = 3,
                                   .root = root,
                                   .seconds = 1687046400,
                               };
    uint8_t bytes[SG_HOLDING_SIZE], room[256];
    struct sg_writer writer;

    (void)state;
    assert_ok(sg_holding_decode(page, &holding));
    assert_ok(sg_holding_verify(&holding, &made.registry));
    assert_int_equal(holding.held, 3);
    assert_memory_equal(holding.holder, holder, sizeof holder);
    sg_holding_sign(&again, &made.registry, &key);
    sg_holding_encode(&again, bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), sg_hex_text(page));
    sg_writer_init_array(&writer, room, sizeof room);
    sg_holding_message_encode(&again, &made.registry, &writer);
    assert_ok(sg_writer_end(&writer));
    assert_hex(sg_bytes(room, writer.size), sg_hex_text(page_body()));
}

/* Who has the same root rebuilds the 185 bytes from the message; who has
 * another finds that it was not signed: evidence of a fork. */
static void test_rebuild(void **state)
{
    struct sg_holding_message message;
    struct sg_holding holding;
    uint8_t bytes[SG_HOLDING_SIZE];

    (void)state;
    assert_ok(sg_holding_message_decode(page_body(), &message));
    sg_holding_rebuild(&message, &made.log, &root, holder, &holding);
    assert_ok(sg_holding_verify(&holding, &made.registry));
    sg_holding_encode(&holding, bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), sg_hex_text(protocol_hex("holding")));
    root.bytes[0] ^= 1;
    sg_holding_rebuild(&message, &made.log, &root, holder, &holding);
    assert_err(sg_holding_verify(&holding, &made.registry), SIGNATURE);
    root.bytes[0] ^= 1;
}

/* Of which one bit is another, it is refused or not signed. */
static void test_every_bit(void **state)
{
    struct sg_bytes page = protocol_hex("holding");
    uint8_t bytes[SG_HOLDING_SIZE + 1] = {0};
    struct sg_holding holding;

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t bit = 0; bit < page.size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (sg_holding_decode(sg_bytes(bytes, page.size), &holding) == SG_OK)
            assert_err(sg_holding_verify(&holding, &made.registry), SIGNATURE);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_err(sg_holding_decode(SG_BYTES_ARRAY(bytes), &holding), TRAILING);
    for (size_t size = 1; size < page.size; size++)
        assert_err(sg_holding_decode(sg_bytes(bytes, size), &holding),
                   TRUNCATED);
    bytes[80] = 4; /* absent, of 3 held */
    assert_err(sg_holding_decode(sg_bytes(bytes, page.size), &holding),
               MALFORMED);
    bytes[0] = 2;
    assert_err(sg_holding_decode(sg_bytes(bytes, page.size), &holding),
               VERSION);
}

/* The message has its strict form too. */
static void test_message_strict(void **state)
{
    struct sg_bytes page = page_body();
    struct sg_holding_message message;
    uint8_t bytes[256] = {0};

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t size = 0; size < page.size; size++)
        assert_err(sg_holding_message_decode(sg_bytes(bytes, size), &message),
                   TRUNCATED);
    assert_err(
        sg_holding_message_decode(sg_bytes(bytes, page.size + 1), &message),
        TRAILING);
    bytes[17] = 4;
    assert_err(sg_holding_message_decode(sg_bytes(bytes, page.size), &message),
               MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_rebuild),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_message_strict),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
