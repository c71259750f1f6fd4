#include "replication/roster.h"

#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static uint8_t room[SG_MESSAGE_SIZE_MAX];
static struct sg_writer writer;

static struct sg_bytes page_body(void)
{
    struct sg_bytes message = protocol_hex("message-authority");

    return sg_bytes(message.data + 3, message.size - 3);
}

/* The list of the page names one log of B, and is written again as the same
 * bytes. */
static void test_example(void **state)
{
    uint8_t node[SG_KEY_SIZE];
    struct sg_roster roster;
    struct sg_roster_item item;

    (void)state;
    trust_key(2, node);
    assert_ok(sg_roster_decode(page_body(), &roster));
    assert_int_equal(roster.count, 1);
    assert_true(sg_roster_next(&roster, &item));
    assert_memory_equal(item.core.node_key, node, SG_KEY_SIZE);
    assert_int_equal(item.core.kind, SG_LOG_RECORDS);
    assert_int_equal(item.core.epoch[0], 0xdd);
    assert_int_equal(item.claim.size, 1);
    assert_int_equal(item.claim.short_by, 0);
    assert_false(sg_roster_next(&roster, &item));
    sg_writer_init_array(&writer, room, sizeof room);
    sg_roster_put(&writer, &item);
    assert_ok(sg_writer_end(&writer));
    assert_hex(sg_bytes(room, writer.size), sg_hex_text(page_body()));
}

/* None and 256 logs can be listed, and no more. */
static void test_count(void **state)
{
    struct sg_roster roster;
    struct sg_roster_item item;
    uint32_t n = 0;

    (void)state;
    assert_ok(sg_roster_decode(sg_bytes(NULL, 0), &roster));
    assert_false(sg_roster_next(&roster, &item));
    assert_ok(sg_roster_decode(page_body(), &roster));
    assert_true(sg_roster_next(&roster, &item));
    sg_writer_init_array(&writer, room, sizeof room);
    for (unsigned i = 0; i < SG_AUTHORITY_LISTED_MAX; i++) {
        item.claim.size = UINT64_MAX - i;
        item.claim.short_by = UINT64_MAX - i;
        sg_roster_put(&writer, &item);
    }
    assert_true(writer.size <= 65536); /* what the message may have */
    assert_ok(sg_roster_decode(sg_bytes(room, writer.size), &roster));
    assert_int_equal(roster.count, SG_AUTHORITY_LISTED_MAX);
    while (sg_roster_next(&roster, &item))
        assert_true(item.claim.size == UINT64_MAX - n++);
    assert_int_equal(n, SG_AUTHORITY_LISTED_MAX);
    sg_roster_put(&writer, &item);
    assert_err(sg_roster_decode(sg_bytes(room, writer.size), &roster), LIMIT);
}

/* What cannot be is refused by its name. */
static void test_strict(void **state)
{
    struct sg_bytes page = page_body();
    struct sg_roster roster;

    (void)state;
    memcpy(room, page.data, page.size);
    for (size_t size = 1; size < page.size; size++)
        assert_int_not_equal(sg_roster_decode(sg_bytes(room, size), &roster),
                             SG_OK);
    room[1] = 9;
    assert_err(sg_roster_decode(sg_bytes(room, page.size), &roster),
               CERTIFICATE);
    memcpy(room, page.data, page.size);
    room[152] = 3; /* kind */
    assert_err(sg_roster_decode(sg_bytes(room, page.size), &roster), MALFORMED);
    room[152] = 2;
    assert_ok(sg_roster_decode(sg_bytes(room, page.size), &roster));
    room[170] = 2; /* short by more than the size */
    assert_err(sg_roster_decode(sg_bytes(room, page.size), &roster), MALFORMED);
    room[170] = 0x80;
    assert_err(sg_roster_decode(sg_bytes(room, page.size), &roster), TRUNCATED);
    room[171] = 0;
    assert_err(sg_roster_decode(sg_bytes(room, page.size + 1), &roster),
               NOTCANONICAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
