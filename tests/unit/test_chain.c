#include "replication/chain.h"

#include "replication/frame.h"
#include "tests/lib/page.h"
#include "tests/lib/protocol.h"
#include "tests/lib/trust.h"

static struct trust_world world;
static uint8_t room[SG_STAGE1_SIZE_MAX + 1024];
static struct sg_writer writer;

static int begin(void **state)
{
    uint8_t node[SG_KEY_SIZE];

    (void)state;
    trust_key(1, node);
    world = trust_found(node);
    sg_writer_init_array(&writer, room, sizeof room);
    return 0;
}

static struct sg_root root_of(unsigned number)
{
    struct sg_root root;

    memcpy(root.key, world.root_keys[number], SG_KEY_SIZE);
    root.next = sg_root_commitment(world.root_keys[number + 1]);
    return root;
}

static enum sg_err decode(uint8_t from, const struct sg_root *known,
                          struct sg_chain *ret_chain)
{
    assert_ok(sg_writer_end(&writer));
    return sg_chain_decode(sg_bytes(room, writer.size), &world.registry, from,
                           known, ret_chain);
}

/* The chain of the page begins with the genesis, which its registry's id fixes,
 * and leads to the next root. */
static void test_example(void **state)
{
    struct sg_bytes message = protocol_hex("message-chain");
    struct sg_bytes body = sg_bytes(message.data + 3, message.size - 3);
    struct sg_registry_id registry;
    struct sg_chain chain;
    struct sg_buf buf;
    uint8_t next[SG_KEY_SIZE];

    (void)state;
    sg_buf_init(&buf, 1024);
    sg_page_hex("storage/registry/RECORDS.md", "registry-id", &buf);
    memcpy(registry.hash.bytes, buf.data, sizeof registry.hash.bytes);
    sg_buf_clear(&buf);
    trust_key(11, next);
    assert_ok(sg_chain_decode(body, &registry, 255, NULL, &chain));
    assert_int_equal(chain.first, 0);
    assert_int_equal(chain.count, 2);
    assert_memory_equal(chain.roots[1].key, next, sizeof next);
    assert_ptr_equal(sg_chain_root(&chain, 1), &chain.roots[1]);
    assert_null(sg_chain_root(&chain, 2));
    assert_null(sg_chain_root(NULL, 0));
    /* The same bytes are written again. */
    sg_chain_begin(&writer, 255);
    sg_page_hex("storage/registry/RECORDS.md", "genesis", &buf);
    sg_chain_put(&writer, sg_buf_bytes(&buf));
    sg_buf_clear(&buf);
    sg_page_hex("storage/registry/RECORDS.md", "root-rotation", &buf);
    sg_chain_put(&writer, sg_buf_bytes(&buf));
    sg_buf_clear(&buf);
    assert_ok(sg_writer_end(&writer));
    assert_hex(sg_bytes(room, writer.size), sg_hex_text(body));
    registry.hash.bytes[1] ^= 1;
    assert_err(sg_chain_decode(body, &registry, 255, NULL, &chain), UNTRUSTED);
}

/* A chain goes on from the root that is known, and from no other. */
static void test_goes_on(void **state)
{
    struct sg_root three = root_of(3), two = root_of(2);
    struct sg_chain chain;

    (void)state;
    sg_chain_begin(&writer, 3);
    sg_chain_put(&writer, trust_rotate(&world, 4, 1, NULL, 0));
    sg_chain_put(&writer, trust_rotate(&world, 5, 1, NULL, 0));
    assert_ok(decode(3, &three, &chain));
    assert_int_equal(chain.first, 4);
    assert_int_equal(chain.count, 2);
    assert_memory_equal(sg_chain_root(&chain, 5)->key, world.root_keys[5],
                        SG_KEY_SIZE);
    assert_null(sg_chain_root(&chain, 3));
    assert_err(decode(2, &two, &chain), MALFORMED);
    assert_err(decode(3, &two, &chain), UNTRUSTED);
    assert_err(decode(255, NULL, &chain), MALFORMED);
}

/* Every link follows the one before it. */
static void test_links(void **state)
{
    struct sg_root zero = root_of(0), last = root_of(3);
    struct sg_chain chain;

    (void)state;
    sg_chain_begin(&writer, 0);
    sg_chain_put(&writer, trust_rotate(&world, 1, 1, NULL, 0));
    sg_chain_put(&writer, trust_rotate(&world, 3, 1, NULL, 0));
    assert_err(decode(0, &zero, &chain), UNTRUSTED);
    begin(state);
    sg_chain_begin(&writer, 0);
    sg_chain_put(&writer, world.genesis);
    assert_err(decode(0, &zero, &chain), UNTRUSTED);
    begin(state);
    sg_chain_begin(&writer, 255);
    sg_chain_put(&writer, trust_rotate(&world, 1, 1, NULL, 0));
    assert_err(decode(255, NULL, &chain), UNTRUSTED);
    /* There is no generation after 254. */
    begin(state);
    sg_chain_begin(&writer, 254);
    sg_chain_put(&writer, trust_rotate(&world, 4, 1, NULL, 0));
    assert_err(decode(254, &last, &chain), UNTRUSTED);
}

/* Records that are no statements of ours, and bytes that are no records. */
static void test_no_link(void **state)
{
    struct sg_buf person;
    struct sg_root zero = root_of(0);
    struct sg_chain chain;

    (void)state;
    sg_chain_begin(&writer, 0);
    assert_err(decode(0, &zero, &chain), MALFORMED);
    sg_buf_init(&person, 1024);
    sg_page_hex("storage/registry/RECORDS.md", "enrolment", &person);
    sg_chain_put(&writer, sg_buf_bytes(&person));
    sg_buf_clear(&person);
    assert_err(decode(0, &zero, &chain), UNTRUSTED);
    begin(state);
    sg_chain_begin(&writer, 0);
    sg_chain_put(&writer, sg_bytes(NULL, 0));
    assert_err(decode(0, &zero, &chain), TRUNCATED);
    begin(state);
    sg_chain_begin(&writer, 0);
    sg_chain_put(&writer, trust_rotate(&world, 1, 1, NULL, 0));
    sg_writer_u8(&writer, 5);
    assert_err(decode(0, &zero, &chain), TRUNCATED);
    assert_err(
        sg_chain_decode(sg_bytes(room, 0), &world.registry, 0, &zero, &chain),
        TRUNCATED);
    assert_err(sg_chain_decode(sg_bytes(room, SG_STAGE1_SIZE_MAX + 1),
                               &world.registry, 0, &zero, &chain),
               LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_example, begin),
        cmocka_unit_test_setup(test_goes_on, begin),
        cmocka_unit_test_setup(test_links, begin),
        cmocka_unit_test_setup(test_no_link, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
