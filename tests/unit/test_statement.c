#include "replication/statement.h"

#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct sg_registry_id registry;

static int begin(void **state)
{
    (void)state;
    assert_ok(sg_crypto_init());
    memset(&registry, 0x11, sizeof registry);
    return 0;
}

static struct sg_statement example(void)
{
    struct sg_statement statement;

    assert_ok(sg_statement_decode(protocol_hex("statement"), &statement));
    return statement;
}

/* B's statement of the page verifies, says what the page says, and is made
 * again as the same bytes. */
static void test_example(void **state)
{
    struct sg_statement statement = example();
    struct sg_sign_key key;
    uint8_t bytes[SG_STATEMENT_SIZE], node[SG_KEY_SIZE];

    (void)state;
    key = trust_key(2, node);
    assert_ok(sg_statement_verify(&statement, &registry));
    assert_int_equal(statement.unit, 0);
    assert_int_equal(statement.position, 5);
    assert_int_equal(statement.logs, 1);
    assert_hex(SG_BYTES_ARRAY(statement.cut_root.bytes),
               sg_hex_text(protocol_hex("head-leaf")));
    assert_int_equal(statement.rules, 1);
    assert_int_equal(statement.rows, 9);
    assert_int_equal(statement.persons, 1);
    assert_int_equal(statement.quarantined, 0);
    assert_int_equal(statement.seconds, 1687046400);
    memset(statement.signature, 0, sizeof statement.signature);
    memset(statement.node_key, 0, sizeof statement.node_key);
    sg_statement_sign(&statement, &registry, &key);
    sg_statement_encode(&statement, bytes);
    assert_hex(SG_BYTES_ARRAY(bytes), sg_hex_text(protocol_hex("statement")));
}

/* Of which one bit is another, it is of another version or not signed. */
static void test_every_bit(void **state)
{
    struct sg_bytes page = protocol_hex("statement");
    uint8_t bytes[SG_STATEMENT_SIZE + 1] = {0};
    struct sg_statement statement;

    (void)state;
    memcpy(bytes, page.data, page.size);
    for (size_t bit = 0; bit < page.size * 8; bit++) {
        enum sg_err err;

        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        err = sg_statement_decode(sg_bytes(bytes, page.size), &statement);
        if (bit < 8)
            assert_err(err, VERSION);
        else
            assert_err(sg_statement_verify(&statement, &registry), SIGNATURE);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_err(sg_statement_decode(SG_BYTES_ARRAY(bytes), &statement),
               TRAILING);
    for (size_t size = 1; size < page.size; size++)
        assert_err(sg_statement_decode(sg_bytes(bytes, size), &statement),
                   TRUNCATED);
}

/* Two statements of one cut under the same rules contradict each other if they
 * say different things of it; of different cuts they never do. */
static void test_contradiction(void **state)
{
    struct sg_statement a = example(), b = example();

    (void)state;
    assert_false(sg_statement_contradicts(&a, &b));
    b.seconds++;
    b.node_key[0] ^= 1;
    assert_false(sg_statement_contradicts(&a, &b));
    b.state_root.bytes[31] ^= 1;
    assert_true(sg_statement_contradicts(&a, &b));
    assert_true(sg_statement_contradicts(&b, &a));
    b.position++;
    assert_false(sg_statement_contradicts(&a, &b));
    b = a;
    b.unit = 1;
    b.rows++;
    assert_false(sg_statement_contradicts(&a, &b));
    b.unit = 0;
    assert_true(sg_statement_contradicts(&a, &b));
    b.rules++;
    assert_false(sg_statement_contradicts(&a, &b));
    b = a;
    b.persons++;
    assert_true(sg_statement_contradicts(&a, &b));
    b.cut_root.bytes[0] ^= 1;
    assert_false(sg_statement_contradicts(&a, &b));
    b = a;
    b.quarantined++;
    assert_true(sg_statement_contradicts(&a, &b));
    b = a;
    b.logs++;
    assert_true(sg_statement_contradicts(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_contradiction),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
