/* What is answered, as last judged. */
#include "replication/trust.h"
#include "storage/base/prng.h"
#include "tests/unit/trust_story.h"

/* Who knows the registry's id alone knows nothing, and believes nobody. */
static void test_nothing(void **state)
{
    struct sg_trust *trust = story_trust();
    struct sg_trust_node node;
    uint8_t order[SG_ERASED_BY_SIZE], room[16];
    struct sg_writer writer;
    uint32_t no = 0;

    (void)state;
    sg_trust_judge(trust);
    assert_false(sg_trust_judge(trust));
    assert_int_equal(sg_trust_generation(trust), 255);
    assert_null(sg_trust_root(trust, 0));
    assert_false(sg_trust_node(trust, story.keys[2], &node));
    assert_false(sg_trust_next_node(trust, &no, &node));
    assert_false(sg_trust_is_authority(trust, story.keys[1]));
    assert_int_equal(sg_trust_epochs(trust, story.keys[1]), 0);
    assert_true(sg_trust_cut(trust, story.keys[2], &story.logs[2], 0) ==
                SG_TRUST_NO_CUT);
    assert_false(sg_trust_erasure(trust, &story.logs[2], 0, order));
    assert_int_equal(sg_trust_floor(trust).ms, 0);
    assert_false(sg_date_is_valid(sg_trust_floor_day(trust)));
    assert_int_equal(sg_trust_position(trust), 0);
    assert_false(sg_trust_is_revocation(trust, NULL, story.world.genesis,
                                        story.keys[2]));
    assert_verdict(trust, NULL, &story.certificates[2], UNTRUSTED, REFUSED);
    sg_writer_init_array(&writer, room, sizeof room);
    sg_trust_write_chain(trust, 255, sizeof room, &writer);
    assert_ok(sg_writer_end(&writer));
    assert_int_equal(writer.size, 0);
    sg_trust_free(trust);
    sg_trust_free(NULL);
}

/* A cut is by size and by log: what is listed stands so far, every other log of
 * the key not at all, other keys are not touched. Several cuts combine to the
 * smallest; of a forked log the branch with this root stands. */
static void test_cut(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand first[] = {{story.logs[2], 50, {{1}}},
                                     {story.logs[3], 7, {{9}}}};
    struct sg_trust_stand second[] = {{story.logs[2], 40, {{2}}}};
    unsigned asked = 0;
    struct sg_trust_config config = {
        .registry = world->registry,
        .limits = story_limits,
        .prefix = story_prefix,
        .context = &asked,
    };
    struct sg_trust *trust = story_trust_with(&config);

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(
        trust, 1, 2,
        trust_cut(world, 0, 2, story.keys[2], SG_TRUST_REVOKE, first, 2)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[2], 0), 50);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[2], 1), 30);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[3], 0), 7);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[4], 0), 0);
    assert_true(sg_trust_cut(trust, story.keys[3], &story.logs[2], 0) ==
                SG_TRUST_NO_CUT);
    assert_false(
        sg_trust_is_quarantined(trust, story.keys[2], &story.logs[2], 0, 49));
    assert_true(
        sg_trust_is_quarantined(trust, story.keys[2], &story.logs[2], 0, 50));
    assert_false(
        sg_trust_is_quarantined(trust, story.keys[3], &story.logs[2], 0, 50));
    assert_int_equal(
        sg_trust_quarantined(trust, story.keys[2], &story.logs[2], 0, 60), 10);
    assert_int_equal(
        sg_trust_quarantined(trust, story.keys[2], &story.logs[2], 0, 50), 0);
    assert_ok(story_add(
        trust, 1, 3,
        trust_cut(world, 0, 3, story.keys[2], SG_TRUST_RETIRE, second, 1)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[2], 0), 30);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[2], 1), 30);
    assert_int_equal(sg_trust_cut(trust, story.keys[2], &story.logs[3], 0), 0);
    assert_true(asked > 0);
    sg_trust_free(trust);
}

/* Endorsed ranges take entries out of quarantine, whatever they overlap, and
 * what is endorsed for one officer alone does not: the count is the sum of the
 * answers for each entry. */
static void test_endorsed(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 4);
    for (unsigned round = 0; round < 50; round++) {
        struct sg_trust_stand cut = {
            story.logs[2], sg_prng_below(&prng, 40), {{1}}};
        struct sg_trust_config config = {
            world->registry, story_limits, {0, 0}, NULL, NULL};
        struct sg_trust *trust = story_trust_with(&config);
        uint64_t counted = 0, index;

        assert_ok(story_add(trust, 1, 1, world->genesis));
        assert_ok(story_add(
            trust, 1, 2,
            trust_cut(world, 0, 2, story.keys[2], SG_TRUST_REVOKE, &cut, 1)));
        for (unsigned i = 0; i < 4; i++) {
            struct sg_trust_stand end = {
                story.logs[2 + sg_prng_below(&prng, 2)],
                1 + sg_prng_below(&prng, 90),
                {{1}}};

            assert_ok(story_add(trust, 1, 3 + i,
                                trust_endorse(world, 0, 3 + i,
                                              sg_prng_below(&prng, 90), &end,
                                              sg_prng_chance(&prng, 200))));
        }
        sg_trust_judge(trust);
        for (index = 0; index < 100; index++) {
            assert_int_equal(sg_trust_quarantined(trust, story.keys[2],
                                                  &story.logs[2], 0, index),
                             counted);
            if (sg_trust_is_quarantined(trust, story.keys[2], &story.logs[2], 0,
                                        index)) {
                assert_true(index >= cut.size);
                counted++;
            }
        }
        sg_trust_free(trust);
    }
}

/* A certificate that is not one is refused before anything is asked. */
static void test_malformed_certificate(void **state)
{
    struct sg_trust *trust = story_trust();
    uint8_t bytes[SG_CERTIFICATE_SIZE] = {0};
    enum sg_certificate_verdict verdict = SG_CERTIFICATE_ACCEPTED;

    (void)state;
    assert_err(sg_trust_judge_certificate(trust, NULL, bytes, &verdict),
               CERTIFICATE);
    assert_int_equal(verdict, SG_CERTIFICATE_REFUSED);
    sg_trust_free(trust);
}

/* The record that says so is shown to who is cut: the gravest, then the newest,
 * of those that fit. */
static void test_revocation(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand stand = {story.logs[2], 5, {{0}}};
    struct sg_bytes suspend =
        trust_cut(world, 0, 9, story.keys[2], SG_TRUST_SUSPEND, NULL, 0);
    struct sg_bytes old =
        trust_cut(world, 0, 3, story.keys[2], SG_TRUST_REVOKE, NULL, 0);
    struct sg_bytes newer =
        trust_cut(world, 0, 4, story.keys[2], SG_TRUST_REVOKE, &stand, 1);
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_revocation(trust, story.keys[2], 4096).size, 0);
    /* It is believed before it is here, since the newest root signed it. */
    assert_true(sg_trust_is_revocation(trust, NULL, old, story.keys[2]));
    assert_false(sg_trust_is_revocation(trust, NULL, old, story.keys[3]));
    assert_false(
        sg_trust_is_revocation(trust, NULL, world->genesis, story.keys[2]));
    assert_ok(story_add(trust, 1, 2, newer));
    assert_ok(story_add(trust, 1, 3, old));
    assert_ok(story_add(trust, 1, 4, suspend));
    sg_trust_judge(trust);
    assert_true(
        sg_bytes_equal(sg_trust_revocation(trust, story.keys[2], 4096), newer));
    assert_true(sg_bytes_equal(
        sg_trust_revocation(trust, story.keys[2], newer.size - 1), old));
    assert_int_equal(sg_trust_revocation(trust, story.keys[2], 10).size, 0);
    assert_int_equal(sg_trust_revocation(trust, story.keys[3], 4096).size, 0);
    /* A suspension that was lifted is none, whoever shows it. */
    assert_ok(story_add(trust, 1, 5, trust_lift(world, 0, 10, suspend)));
    sg_trust_judge(trust);
    assert_false(sg_trust_is_revocation(trust, NULL, suspend, story.keys[2]));
    assert_true(sg_trust_is_revocation(trust, NULL, old, story.keys[2]));
    sg_trust_free(trust);
}

/* The thief of a rotated root cannot tell a node that it was revoked. */
static void test_revocation_by_old_root(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *here = story_trust(), *there = story_trust();
    struct sg_bytes fake =
        trust_cut(world, 0, 3, story.keys[2], SG_TRUST_REVOKE, NULL, 0);
    struct sg_bytes real =
        trust_cut(world, 1, 1, story.keys[2], SG_TRUST_REVOKE, NULL, 0);
    struct sg_chain chain;

    (void)state;
    assert_ok(story_add(here, 1, 1, world->genesis));
    assert_ok(story_add(there, 1, 1, world->genesis));
    assert_ok(story_add(there, 1, 3, trust_rotate(world, 1, 3, NULL, 0)));
    sg_trust_judge(here);
    sg_trust_judge(there);
    chain = story_chain(there, 0, sg_trust_root(here, 0));
    assert_true(sg_trust_is_revocation(here, NULL, fake, story.keys[2]));
    assert_false(sg_trust_is_revocation(here, &chain, fake, story.keys[2]));
    assert_false(sg_trust_is_revocation(there, NULL, fake, story.keys[2]));
    assert_true(sg_trust_is_revocation(here, &chain, real, story.keys[2]));
    assert_false(sg_trust_is_revocation(here, NULL, real, story.keys[2]));
    sg_trust_free(here);
    sg_trust_free(there);
}

/* A chain goes on from where the peer is, as far as there is room. */
static void test_chain(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *trust = story_trust();
    uint8_t room[SG_STAGE1_SIZE_MAX];
    struct sg_writer writer;
    struct sg_chain chain;
    size_t size;

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    for (uint8_t g = 1; g <= 14; g++)
        assert_ok(
            story_add(trust, 1, g + 1U, trust_rotate(world, g, g, NULL, 0)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_generation(trust), 14);
    chain = story_chain(trust, 12, sg_trust_root(trust, 12));
    assert_int_equal(chain.first, 13);
    assert_int_equal(chain.count, 2);
    assert_memory_equal(sg_chain_root(&chain, 14), sg_trust_root(trust, 14),
                        sizeof(struct sg_root));
    chain = story_chain(trust, SG_CHAIN_FROM_GENESIS, NULL);
    assert_int_equal(chain.first, 0);
    assert_in_range(chain.count, 12, 14); /* not all: 4,096 bytes */
    for (size_t max = 0; max <= sizeof room; max += 31) {
        sg_writer_init_array(&writer, room, sizeof room);
        sg_trust_write_chain(trust, 3, max, &writer);
        assert_ok(sg_writer_end(&writer));
        assert_true(writer.size <= max);
        size = writer.size;
        if (size > 0)
            assert_ok(sg_chain_decode(sg_bytes(room, size), &world->registry, 3,
                                      sg_trust_root(trust, 3), &chain));
    }
    sg_writer_init_array(&writer, room, sizeof room);
    sg_trust_write_chain(trust, 14, sizeof room, &writer);
    assert_int_equal(writer.size, 0);
    sg_trust_free(trust);
}

/* --- erasure, position ------------------------------------------------- */

/* A chain that a node keeps is what it begins with. */
static void test_begin_with_chain(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *trust = story_trust(), *again = story_trust();
    uint8_t room[SG_STAGE1_SIZE_MAX];
    struct sg_writer writer;

    (void)state;
    assert_ok(sg_trust_add(trust, NULL, world->genesis));
    assert_ok(sg_trust_add(trust, NULL, trust_rotate(world, 1, 1, NULL, 0)));
    sg_trust_judge(trust);
    sg_writer_init_array(&writer, room, sizeof room);
    sg_trust_write_chain(trust, SG_CHAIN_FROM_GENESIS, sizeof room, &writer);
    assert_ok(sg_writer_end(&writer));
    for (size_t size = 0; size < writer.size; size++) {
        enum sg_err err = sg_trust_add_chain(again, sg_bytes(room, size));

        /* Cut between two records it is a shorter chain. */
        assert_true(err != SG_OK || size == 1 ||
                    size == 1 + 2 + world->genesis.size);
    }
    assert_ok(sg_trust_add_chain(again, sg_bytes(room, writer.size)));
    sg_trust_judge(again);
    assert_int_equal(sg_trust_generation(again), 1);
    room[0] = 0;
    assert_err(sg_trust_add_chain(again, sg_bytes(room, writer.size)),
               MALFORMED);
    sg_writer_init_array(&writer, room, sizeof room);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, trust_heartbeat(world, 0, 1, 1));
    assert_ok(sg_writer_end(&writer));
    assert_err(sg_trust_add_chain(again, sg_bytes(room, writer.size)),
               MALFORMED);
    sg_trust_free(trust);
    sg_trust_free(again);
}

/* An entry is erased by every order that names it; the smallest is shown. */
static void test_erasure(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *trust = story_trust();
    struct sg_bytes orders[2] = {
        trust_erase(world, 0, 2, &story.logs[3], 40, 3),
        trust_erase(world, 0, 3, &story.logs[3], 42, 2)};
    uint8_t ids[2][SG_ERASED_BY_SIZE], order[SG_ERASED_BY_SIZE];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct sg_trust_record record;
        struct sg_hash id;

        assert_ok(sg_trust_record_decode(orders[i], &record));
        id = sg_trust_record_id(&record, &world->registry);
        memcpy(ids[i], id.bytes, sizeof ids[i]);
    }
    assert_ok(story_add(trust, 1, 2, orders[0]));
    assert_ok(story_add(trust, 1, 3, orders[1]));
    sg_trust_judge(trust);
    assert_false(sg_trust_erasure(trust, &story.logs[3], 41, order));
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    for (uint64_t i = 38; i < 46; i++) {
        bool first = i >= 40 && i < 43, second = i >= 42 && i < 44;

        assert_int_equal(sg_trust_erasure(trust, &story.logs[3], i, order),
                         first || second);
        assert_int_equal(sg_trust_has_order(trust, &story.logs[3], i, ids[0]),
                         first);
        assert_int_equal(sg_trust_has_order(trust, &story.logs[3], i, ids[1]),
                         second);
        assert_false(sg_trust_erasure(trust, &story.logs[4], i, order));
    }
    assert_true(sg_trust_erasure(trust, &story.logs[3], 42, order));
    assert_memory_equal(
        order, memcmp(ids[0], ids[1], sizeof order) < 0 ? ids[0] : ids[1],
        sizeof order);
    sg_trust_free(trust);
}

/* The position is what is held of the log that opened the newest generation;
 * one that lists a log as new as itself opens nothing. */
static void test_position(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand first = {story.logs[1], 5, {{0}}};
    struct sg_trust_stand second = {story.logs[7], 5, {{0}}};
    struct sg_trust_place place = {.log = story.logs[8], .index = 1};
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2,
                        trust_admit(world, 0, 2, &story.certificates[7])));
    assert_ok(sg_trust_held(trust, &story.logs[1], 0, 9));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_position(trust), 9);
    assert_ok(story_add(
        trust, 7, 1, trust_opened(world, 0, 3, 4, &story.logs[7], &first, 1)));
    assert_ok(sg_trust_held(trust, &story.logs[7], 0, 2));
    sg_trust_judge(trust);
    assert_true(sg_trust_position(trust) == (UINT64_C(4) << 32 | 2));
    /* Not entry 1 of the log it names; and one that lists what is as new. */
    assert_ok(story_add(
        trust, 1, 3, trust_opened(world, 0, 4, 8, &story.logs[1], &first, 1)));
    memcpy(place.node_key, story.keys[7], SG_KEY_SIZE);
    assert_ok(
        sg_trust_add(trust, &place,
                     trust_opened(world, 0, 5, 4, &story.logs[8], &second, 1)));
    assert_ok(sg_trust_held(trust, &story.logs[8], 0, 6));
    sg_trust_judge(trust);
    assert_true(sg_trust_position(trust) == (UINT64_C(4) << 32 | 2));
    sg_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing, story_begin),
        cmocka_unit_test_setup(test_cut, story_begin),
        cmocka_unit_test_setup(test_endorsed, story_begin),
        cmocka_unit_test_setup(test_malformed_certificate, story_begin),
        cmocka_unit_test_setup(test_revocation, story_begin),
        cmocka_unit_test_setup(test_revocation_by_old_root, story_begin),
        cmocka_unit_test_setup(test_chain, story_begin),
        cmocka_unit_test_setup(test_begin_with_chain, story_begin),
        cmocka_unit_test_setup(test_erasure, story_begin),
        cmocka_unit_test_setup(test_position, story_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
