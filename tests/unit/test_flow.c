#include "replication/flow.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/format.h"
#include "tests/lib/protocol.h"

static uint8_t room[65536];
static struct sg_writer writer;
static struct sg_flow_want wants[SG_WANTS_MAX + 1];
static struct sg_flow_stored stored[SG_STORED_MAX + 1];
static size_t count;

static void begin(void)
{
    sg_writer_init_array(&writer, room, sizeof room);
}

/* What was written since begin(). */
static struct sg_bytes written(void)
{
    assert_ok(sg_writer_end(&writer));
    return sg_writer_written(&writer);
}

/* The ref of FORMAT's log. */
static struct sg_log_ref page_ref(void)
{
    struct format_log made = format_log();

    return sg_package_ref(&made.log);
}

static void assert_page(const char *name)
{
    assert_hex(written(), sg_hex_text(protocol_body(name)));
}

/* Every body refuses each of its beginnings, and a byte more. DECODE says how
 * it is read. */
static void assert_ends(struct sg_bytes body,
                        enum sg_err (*decode)(struct sg_bytes body))
{
    static uint8_t longer[65537];

    memcpy(longer, body.data, body.size);
    longer[body.size] = 0;
    assert_ok(decode(body));
    for (size_t size = 0; size < body.size; size++)
        assert_int_not_equal(decode(sg_bytes(longer, size)), SG_OK);
    assert_int_not_equal(decode(sg_bytes(longer, body.size + 1)), SG_OK);
}

/* --- want ----------------------------------------------------------------- */

static enum sg_err read_wants(struct sg_bytes body)
{
    return sg_flow_wants_decode(body, wants, &count);
}

/* The page's want is item 1 of FORMAT's log, all of it. */
static void test_want_page(void **state)
{
    struct sg_log_ref ref = page_ref();

    (void)state;
    assert_ok(read_wants(protocol_body("message-want")));
    assert_int_equal(count, 1);
    assert_int_equal(wants[0].number, 1);
    assert_memory_equal(&wants[0].ref, &ref, sizeof ref);
    assert_int_equal(wants[0].from, 0);
    assert_int_equal(wants[0].to, 0);
    begin();
    sg_flow_wants_encode(wants, count, &writer);
    assert_page("message-want");
    assert_ends(protocol_body("message-want"), read_wants);
}

/* Items with all flags come back as they were; one more than allowed is LIMIT.
 */
static void test_want_items(void **state)
{
    static struct sg_flow_want made[SG_WANTS_MAX];

    (void)state;
    for (size_t i = 0; i < SG_WANTS_MAX; i++) {
        made[i] = (struct sg_flow_want){.number = i + 1,
                                        .is_filling = (i & 1) != 0,
                                        .has_stack = (i & 2) != 0,
                                        .has_branch = (i & 4) != 0,
                                        .from = i * 1000,
                                        .to = i * 1000 + 1};
        memset(made[i].ref.bytes, (int)i, sizeof made[i].ref.bytes);
        if (made[i].has_branch)
            memset(made[i].branch, 7, sizeof made[i].branch);
        if (i % 16 == 0)
            made[i].to = 0;
    }
    begin();
    sg_flow_wants_encode(made, SG_WANTS_MAX, &writer);
    assert_ok(read_wants(written()));
    assert_int_equal(count, SG_WANTS_MAX);
    for (size_t i = 0; i < SG_WANTS_MAX; i++) {
        assert_int_equal(wants[i].number, made[i].number);
        assert_memory_equal(&wants[i].ref, &made[i].ref, SG_REF_SIZE);
        assert_int_equal(wants[i].is_filling, made[i].is_filling);
        assert_int_equal(wants[i].has_stack, made[i].has_stack);
        assert_int_equal(wants[i].has_branch, made[i].has_branch);
        assert_memory_equal(wants[i].branch, made[i].branch, 4);
        assert_int_equal(wants[i].from, made[i].from);
        assert_int_equal(wants[i].to, made[i].to);
    }
    sg_flow_wants_encode(made, 1, &writer);
    assert_err(read_wants(written()), LIMIT);
}

#define REF "11111111111111111111111111111111"

/* What an item may not say. */
static void test_want_refusals(void **state)
{
    static const char *const bad[] = {
        "",                  /* no item */
        "00" REF "00 00 00", /* number 0 */
        "01" REF "08 00 00", /* an unknown flag */
        "01" REF "02 00 00", /* a stack toward nothing */
        "01" REF "04 00 00 00000000",
        "01" REF "00 05 05", /* nothing */
        "01" REF "00 06 05",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_err(read_wants(sg_hex(bad[i])), MALFORMED);
    assert_ok(read_wants(sg_hex("01" REF "07 05 06 00000000")));
    assert_err(read_wants(sg_hex("8100" REF "00 05 06")), NOTCANONICAL);
}

/* --- stored --------------------------------------------------------------- */

static enum sg_err read_stored(struct sg_bytes body)
{
    return sg_flow_stored_decode(body, stored, &count);
}

/* The page's says that want 1 is stored up to 3. */
static void test_stored_page(void **state)
{
    (void)state;
    assert_ok(read_stored(protocol_body("message-stored")));
    assert_int_equal(count, 1);
    assert_int_equal(stored[0].number, 1);
    assert_int_equal(stored[0].held, 3);
    begin();
    sg_flow_stored_encode(stored, count, &writer);
    assert_page("message-stored");
    assert_ends(protocol_body("message-stored"), read_stored);
}

/* Pushes are named by ref, wants by number; there is at least one and at most
 * as many as the limit. */
static void test_stored_items(void **state)
{
    static struct sg_flow_stored made[SG_STORED_MAX];

    (void)state;
    for (size_t i = 0; i < SG_STORED_MAX; i++) {
        made[i] = (struct sg_flow_stored){.number = i % 3, .held = i * i};
        if (i % 3 == 0)
            memset(made[i].ref.bytes, (int)i, SG_REF_SIZE);
    }
    begin();
    sg_flow_stored_encode(made, SG_STORED_MAX, &writer);
    assert_ok(read_stored(written()));
    assert_int_equal(count, SG_STORED_MAX);
    for (size_t i = 0; i < SG_STORED_MAX; i++) {
        assert_int_equal(stored[i].number, made[i].number);
        assert_memory_equal(&stored[i].ref, &made[i].ref, SG_REF_SIZE);
        assert_int_equal(stored[i].held, made[i].held);
    }
    sg_flow_stored_encode(made, 1, &writer);
    assert_err(read_stored(written()), LIMIT);
    assert_err(read_stored(sg_bytes(NULL, 0)), MALFORMED);
}

/* --- credit, stop, ping --------------------------------------------------- */

static enum sg_err read_credit(struct sg_bytes body)
{
    uint64_t total;

    return sg_flow_credit_decode(body, &total);
}

static enum sg_err read_stop(struct sg_bytes body)
{
    struct sg_flow_stop stop;

    return sg_flow_stop_decode(body, &stop);
}

static enum sg_err read_ping(struct sg_bytes body)
{
    uint8_t echo[SG_FLOW_PING_SIZE];

    return sg_flow_ping_decode(body, echo);
}

/* The page's credit is 512 KiB, its stop "not held" of want 1. */
static void test_credit_stop_ping_pages(void **state)
{
    uint8_t echo[SG_FLOW_PING_SIZE];
    struct sg_flow_stop stop;
    uint64_t total;

    (void)state;
    assert_ok(sg_flow_credit_decode(protocol_body("message-credit"), &total));
    assert_int_equal(total, 524288);
    begin();
    sg_flow_credit_encode(total, &writer);
    assert_page("message-credit");
    assert_ok(sg_flow_stop_decode(protocol_body("message-stop"), &stop));
    assert_int_equal(stop.number, 1);
    assert_int_equal(stop.reason, SG_FLOW_NOT_HELD);
    begin();
    sg_flow_stop_encode(&stop, &writer);
    assert_page("message-stop");
    assert_ok(sg_flow_ping_decode(protocol_body("message-ping"), echo));
    assert_hex(SG_BYTES_ARRAY(echo), "01020304");
    assert_ends(protocol_body("message-credit"), read_credit);
    assert_ends(protocol_body("message-stop"), read_stop);
    assert_ends(protocol_body("message-ping"), read_ping);
}

/* A stop names a want, and gives a reason of the table. */
static void test_stop_refusals(void **state)
{
    (void)state;
    assert_err(read_stop(sg_hex("00 01")), MALFORMED);
    assert_err(read_stop(sg_hex("01 06")), MALFORMED);
    assert_ok(read_stop(sg_hex("01 05")));
    assert_err(read_credit(sg_hex("8000")), NOTCANONICAL);
}

/* --- subscribe ------------------------------------------------------------ */

static enum sg_err read_subscribe(struct sg_bytes body)
{
    static struct sg_flow_subscription subscription;

    return sg_flow_subscribe_decode(body, &subscription);
}

/* The page's asks for what one scope key reads, and no audits. */
static void test_subscribe_page(void **state)
{
    static struct sg_flow_subscription subscription;

    (void)state;
    assert_ok(sg_flow_subscribe_decode(protocol_body("message-subscribe"),
                                       &subscription));
    assert_int_equal(subscription.records, SG_FLOW_PAYLOADS_SCOPES);
    assert_int_equal(subscription.audits, SG_FLOW_PAYLOADS_NONE);
    assert_int_equal(subscription.scope_count, 1);
    begin();
    sg_flow_subscribe_encode(&subscription, &writer);
    assert_page("message-subscribe");
    subscription = sg_flow_subscription_default();
    begin();
    sg_flow_subscribe_encode(&subscription, &writer);
    assert_hex(written(), "0101");
}

/* Scopes are ascending, only where they are asked for, and within the limit. */
static void test_subscribe_refusals(void **state)
{
    static uint8_t many[2 + 8 * (SG_SUBSCRIBE_SCOPES_MAX + 1)] = {2, 1};

    (void)state;
    assert_err(read_subscribe(sg_hex("03 00")), MALFORMED);
    assert_err(read_subscribe(sg_hex("00 03")), MALFORMED);
    assert_err(read_subscribe(sg_hex("01 00 1111111111111111")), TRAILING);
    assert_ok(read_subscribe(sg_hex("00 02 1111111111111111")));
    assert_ok(read_subscribe(sg_hex("02 02")));
    assert_err(read_subscribe(sg_hex("02 00 1111111111111111"
                                     "1111111111111111")),
               MALFORMED);
    assert_err(read_subscribe(sg_hex("02 00 1111111111111111 11")), TRUNCATED);
    assert_err(read_subscribe(sg_hex("02")), TRUNCATED);
    for (size_t i = 0; i <= SG_SUBSCRIBE_SCOPES_MAX; i++)
        sg_bytes_put_u16be(many + 2 + 8 * i, (uint16_t)i);
    assert_ok(read_subscribe(sg_bytes(many, sizeof many - 8)));
    assert_err(read_subscribe(sg_bytes(many, sizeof many)), LIMIT);
}

/* --- branches ------------------------------------------------------------- */

static enum sg_err read_branches(struct sg_bytes body)
{
    static struct sg_flow_branches branches;

    return sg_flow_branches_decode(body, &branches);
}

/* The page's are the two histories of its fork; both are signed. */
static void test_branches_page(void **state)
{
    static struct sg_flow_branches branches;
    struct sg_entry_hasher hasher;
    struct format_log made = format_log();
    struct sg_package_log log = {&hasher, made.log, made.core};

    (void)state;
    sg_entry_hasher_init(&hasher, &made.registry);
    assert_ok(
        sg_flow_branches_decode(protocol_body("message-branches"), &branches));
    assert_int_equal(branches.count, 2);
    assert_int_equal(branches.items[0].checkpoint.size, 3);
    assert_int_equal(branches.items[1].checkpoint.size, 5);
    assert_ok(sg_flow_branches_verify(&log, &branches));
    begin();
    sg_flow_branches_encode(&branches, &writer);
    assert_page("message-branches");
    assert_ends(protocol_body("message-branches"), read_branches);
    branches.items[1].checkpoint.root.bytes[7] ^= 1;
    assert_err(sg_flow_branches_verify(&log, &branches), SIGNATURE);
}

/* One to eight branches, none empty, none that lacks more than it has. */
static void test_branches_refusals(void **state)
{
    static uint8_t none[200] = {0};
    struct sg_bytes one = sg_bytes(none, 16 + 1 + 2 + 96);

    (void)state;
    assert_err(read_branches(sg_bytes(none, 17)), MALFORMED);
    none[16] = SG_BRANCHES_MAX + 1;
    assert_err(read_branches(one), LIMIT);
    none[16] = 1;
    assert_err(read_branches(one), MALFORMED);
    none[17] = 4;
    none[18] = 5;
    assert_err(read_branches(one), MALFORMED);
    none[18] = 4;
    assert_ok(read_branches(one));
}

/* --- Programmer errors ---------------------------------------------------- */

static void write_no_wants(void *context)
{
    (void)context;
    sg_flow_wants_encode(wants, 0, &writer);
}

static void write_scopes_unasked(void *context)
{
    sg_flow_subscribe_encode(context, &writer);
}

/* What no peer would accept is not written. */
static void test_encode_dies(void **state)
{
    static struct sg_flow_subscription subscription = {.scope_count = 1};

    (void)state;
    begin();
    assert_true(sg_dies(write_no_wants, NULL));
    assert_true(sg_dies(write_scopes_unasked, &subscription));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_want_page),
        cmocka_unit_test(test_want_items),
        cmocka_unit_test(test_want_refusals),
        cmocka_unit_test(test_stored_page),
        cmocka_unit_test(test_stored_items),
        cmocka_unit_test(test_credit_stop_ping_pages),
        cmocka_unit_test(test_stop_refusals),
        cmocka_unit_test(test_subscribe_page),
        cmocka_unit_test(test_subscribe_refusals),
        cmocka_unit_test(test_branches_page),
        cmocka_unit_test(test_branches_refusals),
        cmocka_unit_test(test_encode_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
