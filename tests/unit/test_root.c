#include "replication/root.h"

#include "tests/lib/trust.h"

static struct trust_world world;

static int begin(void **state)
{
    uint8_t writer[SG_KEY_SIZE];

    (void)state;
    trust_key(1, writer);
    world = trust_found(writer);
    return 0;
}

static struct sg_trust_record decode(struct sg_bytes payload)
{
    struct sg_trust_record record;

    assert_ok(sg_trust_record_decode(payload, &record));
    return record;
}

static struct sg_root first_root(void)
{
    struct sg_trust_record genesis = decode(world.genesis);
    struct sg_root root;

    assert_ok(sg_root_from_genesis(&genesis, &world.registry, &root));
    return root;
}

/* The registry's id fixes the genesis: another id, another record, another
 * signature, and it is none. */
static void test_genesis(void **state)
{
    struct sg_trust_record genesis = decode(world.genesis);
    struct sg_trust_record beat = decode(trust_heartbeat(&world, 0, 1, 1));
    struct sg_registry_id other = world.registry;
    struct sg_hash next = sg_root_commitment(world.root_keys[1]);
    struct sg_root root = first_root();

    (void)state;
    assert_memory_equal(root.key, world.root_keys[0], SG_KEY_SIZE);
    assert_memory_equal(&root.next, &next, sizeof next);
    other.hash.bytes[0] ^= 1;
    assert_err(sg_root_from_genesis(&genesis, &other, &root), UNTRUSTED);
    assert_err(sg_root_from_genesis(&beat, &world.registry, &root), UNTRUSTED);
    genesis.signature[0] ^= 1;
    assert_err(sg_root_from_genesis(&genesis, &world.registry, &root),
               UNTRUSTED);
    genesis = decode(world.genesis);
    genesis.officer.bytes[0] = 1; /* zeros on the page */
    assert_err(sg_root_from_genesis(&genesis, &world.registry, &root),
               UNTRUSTED);
}

/* A link names its generation, and both roots have signed it. */
static void test_rotation(void **state)
{
    struct sg_trust_record record = decode(trust_rotate(&world, 1, 1, NULL, 0));
    struct sg_trust_record genesis = decode(world.genesis);
    struct sg_root before = first_root(), root;

    (void)state;
    assert_ok(
        sg_root_from_rotation(&record, &world.registry, 1, &before, &root));
    assert_memory_equal(root.key, world.root_keys[1], SG_KEY_SIZE);
    assert_err(
        sg_root_from_rotation(&record, &world.registry, 2, &before, &root),
        UNTRUSTED);
    assert_err(
        sg_root_from_rotation(&genesis, &world.registry, 1, &before, &root),
        UNTRUSTED);
    assert_err(sg_root_from_rotation(&record, &world.registry, 1, &root, &root),
               UNTRUSTED);
    record.signature[5] ^= 1;
    assert_err(
        sg_root_from_rotation(&record, &world.registry, 1, &before, &root),
        UNTRUSTED);
}

/* The proof is the new root's, over all but itself. */
static void test_proof(void **state)
{
    struct sg_bytes payload = trust_rotate(&world, 1, 1, NULL, 0);
    struct sg_trust_record record = decode(payload);
    struct sg_root before = first_root(), root;
    uint8_t *proof =
        (uint8_t *)payload.data + (record.rotate.proof.data - payload.data);

    (void)state;
    assert_ok(sg_trust_record_verify_proof(&record, &world.registry));
    proof[63] ^= 1;
    assert_err(sg_trust_record_verify_proof(&record, &world.registry),
               SIGNATURE);
    trust_sign(&world.registry, &world.roots[0], record.inner,
               record.signature);
    assert_err(
        sg_root_from_rotation(&record, &world.registry, 1, &before, &root),
        UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_proof),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
