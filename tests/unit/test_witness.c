#include "replication/witness.h"

#include <string.h>

#include "replication/holding.h"
#include "replication/statement.h"
#include "tests/lib/sync_pair.h"

static const enum sg_certificate_role roles[] = {
    SG_CERTIFICATE_AUTHORITY, SG_CERTIFICATE_CENTRAL, SG_CERTIFICATE_DISTRICT,
    SG_CERTIFICATE_DISTRICT};

/* Who stores a log tells its writer, once an interval, and what the writer then
 * has proves itself. */
static void test_holding(void **state)
{
    struct pair_net net;
    size_t sent;

    (void)state;
    pair_new(&net, 4, roles);
    pair_append(&net, 2, 10);
    pair_connect(&net, 2, 0);
    pair_run(&net, 10000);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_HOLDING], 1);
    assert_int_equal(net.nodes[2].n_statements, 1);
    sent = net.nodes[0].sent[SG_MESSAGE_HOLDING];
    for (size_t i = 0; i < 20; i++) {
        pair_append(&net, 2, 1);
        pair_run(&net, 10);
    }
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_HOLDING], sent);
    pair_run(&net, 60000);
    assert_int_equal(net.nodes[0].sent[SG_MESSAGE_HOLDING], sent + 1);
    assert_int_equal(net.nodes[2].n_statements, 2);
    pair_free(&net);
}

/* A central node's holdings reach the writer through others, and its
 * cosignatures all peers. */
static void test_central(void **state)
{
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, roles);
    pair_connect(&net, 3, 0);
    pair_connect(&net, 3, 1);
    pair_connect(&net, 3, 2);
    pair_run(&net, 30000);
    pair_append(&net, 2, 3);
    pair_run(&net, 60000);
    pair_assert_equal(&net);
    assert_true(net.nodes[1].sent[SG_MESSAGE_COSIGNATURE] > 0);
    assert_true(net.nodes[1].sent[SG_MESSAGE_HOLDING] > 0);
    assert_true(net.nodes[3].sent[SG_MESSAGE_HOLDING] > 1);
    assert_true(net.nodes[2].n_statements > 1);
    pair_free(&net);
}

/* A statement is verified, kept and passed to central nodes once; one whose
 * signature is wrong closes the session. */
static void say(struct pair_net *net, size_t node, uint32_t session,
                const struct sg_statement *statement)
{
    uint8_t bytes[SG_STATEMENT_SIZE];
    struct sg_event event = {.kind = SG_EVENT_MESSAGE, .session = session};

    sg_statement_encode(statement, bytes);
    event.message.type = SG_MESSAGE_STATEMENT;
    event.message.body = SG_BYTES_ARRAY(bytes);
    pair_step(net, node, &event);
}

static void test_statement(void **state)
{
    struct sg_statement statement = {.unit = 5, .rows = 7};
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, roles);
    pair_connect(&net, 3, 0);
    pair_connect(&net, 3, 1);
    pair_connect(&net, 3, 2);
    pair_run(&net, 30000);
    net.nodes[3].n_statements = 0;
    net.nodes[1].n_statements = 0;
    sg_statement_sign(&statement, &net.world.registry, &net.nodes[2].key);
    say(&net, 3, 2, &statement);
    say(&net, 3, 2, &statement);
    pair_run(&net, 10);
    assert_int_equal(net.nodes[3].n_statements, 1);
    assert_int_equal(net.nodes[1].n_statements, 1);
    assert_int_equal(net.nodes[3].sent[SG_MESSAGE_STATEMENT], 1);
    statement.rows++;
    say(&net, 3, 2, &statement);
    assert_err(net.nodes[3].closed, PROOF);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holding),
        cmocka_unit_test(test_central),
        cmocka_unit_test(test_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
