#include "replication/trust.h"

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/torture.h"
#include "tests/unit/trust_story.h"

/* A statement that its root did not sign is refused at once, or when the root
 * has become known; and does not stand in the way of the right one. */
static void test_wrong_signature(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust *trust = story_trust();
    struct sg_bytes right = trust_heartbeat(world, 0, 2, 55);
    uint8_t wrong[512];

    (void)state;
    assert_in_range(right.size, 100, sizeof wrong);
    memcpy(wrong, right.data, right.size);
    wrong[right.size - 10] ^= 1; /* in the signature */
    assert_ok(story_add(trust, 1, 2, sg_bytes(wrong, right.size)));
    assert_ok(story_add(trust, 1, 3, right));
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 55);
    assert_int_equal(sg_trust_counts(trust).rejected, 1);
    assert_int_equal(sg_trust_counts(trust).waiting, 0);
    assert_err(story_add(trust, 1, 2, sg_bytes(wrong, right.size)), SIGNATURE);
    assert_int_equal(sg_trust_counts(trust).rejected, 2);
    sg_trust_free(trust);
}

/* Records that are not statements, of a later version or broken, are told
 * apart and kept out. */
static void test_kept_out(void **state)
{
    struct sg_trust *trust = story_trust();
    static const uint8_t grant[] = {0x92, 0x99, 8}, nothing[] = {0xc0};
    struct sg_bytes beat = trust_heartbeat(&story.world, 0, 2, 5);
    uint8_t later[512];
    struct sg_buf buf;

    (void)state;
    assert_err(story_add(trust, 1, 1, sg_bytes(grant, 2)), TRUNCATED);
    sg_buf_init(&buf, 4096);
    sg_page_hex("storage/registry/RECORDS.md", "officer-grant", &buf);
    assert_ok(story_add(trust, 1, 1, sg_buf_bytes(&buf))); /* the registry's */
    sg_buf_clear(&buf);
    assert_err(story_add(trust, 1, 1, SG_BYTES_ARRAY(nothing)), TYPE);
    memcpy(later, beat.data, beat.size);
    later[3] = 2;
    assert_err(story_add(trust, 1, 1, sg_bytes(later, beat.size)), VERSION);
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_counts(trust).rejected, 2);
    assert_int_equal(sg_trust_counts(trust).later, 1);
    assert_int_equal(sg_trust_counts(trust).stand, 0);
    sg_trust_free(trust);
}

static void add_nowhere(void *context)
{
    assert_ok(
        sg_trust_add(context, NULL, trust_heartbeat(&story.world, 0, 2, 5)));
}

/* Only what proves itself may be without a place. */
static void test_nowhere(void **state)
{
    struct sg_trust *trust = story_trust();

    (void)state;
    assert_true(sg_dies(add_nowhere, trust));
    sg_trust_free(trust);
}

/* --- limits ------------------------------------------------------------ */

static enum sg_err make(void *context)
{
    struct sg_trust_config config = {.limits = story_limits};
    struct sg_trust *trust;
    enum sg_err err = sg_trust_new(&config, &trust);

    (void)context;
    if (err == SG_OK)
        sg_trust_free(trust);
    return err;
}

/* Memory is taken at creation, and its lack found there. */
static void test_memory(void **state)
{
    struct sg_trust *trust;
    int64_t live;

    (void)state;
    assert_true(sg_torture_run(make, NULL) > 5);
    trust = story_trust();
    live = sg_alloc_live();
    assert_ok(story_add(trust, 1, 1, story.world.genesis));
    for (unsigned i = 0; i < 50; i++)
        assert_ok(
            story_add(trust, 1, i + 2, trust_heartbeat(&story.world, 0, i, i)));
    sg_trust_judge(trust);
    assert_int_equal(sg_alloc_live(), live);
    sg_trust_free(trust);
}

/* When room is short, deny statements are the last to be dropped, and each that
 * is dropped is counted. */
static void test_deny_has_room(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_config config = {
        world->registry, story_limits, {0, 0}, NULL, NULL};
    struct sg_trust *trust = story_trust_with(&config);
    unsigned i, n_allow = 0, n_deny = 0;

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    for (i = 2; i < 100; i++) {
        if (story_add(trust, 1, i,
                      trust_admit(world, 0, i, &story.certificates[2])) ==
            SG_OK)
            n_allow++;
    }
    assert_int_equal(n_allow, 64 - 8 - 1);
    for (; i < 200; i++) {
        if (story_add(trust, 1, i,
                      trust_cut(world, 0, i, story.keys[3], SG_TRUST_REVOKE,
                                NULL, 0)) == SG_OK)
            n_deny++;
    }
    assert_int_equal(n_deny, 8);
    sg_trust_judge(trust);
    assert_verdict(trust, NULL, &story.certificates[3], REVOKED, REFUSED);
    assert_int_equal(sg_trust_counts(trust).dropped, 98 - 55 + 100 - 8);
    assert_false(sg_trust_wants_replay(trust));
    sg_trust_free(trust);
}

/* What waits for a root that nobody knows fills a quarter at most. When a root
 * has become known, all is wanted again, and then counts. */
static void test_waiting_has_a_quarter(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_config config = {
        world->registry, story_limits, {0, 0}, NULL, NULL};
    struct sg_trust *trust = story_trust_with(&config);
    struct sg_bytes beats[30];

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    for (unsigned i = 0; i < 30; i++) {
        beats[i] = trust_heartbeat(world, 1, i, 100 + i);
        assert_int_equal(story_add(trust, 1, i + 10, beats[i]),
                         i < 16 ? SG_OK : SG_ERR_LIMIT);
    }
    assert_int_equal(sg_trust_counts(trust).dropped, 14);
    /* The waiting do not keep out what is known to be signed. */
    assert_ok(story_add(trust, 1, 2, trust_heartbeat(world, 0, 2, 7)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 7);
    assert_false(sg_trust_wants_replay(trust));
    assert_err(sg_trust_add(trust, NULL, trust_rotate(world, 1, 1, NULL, 0)),
               LIMIT);
    sg_trust_free(trust);
}

/* The same, with room for the rotation. */
static void test_replay(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_config config = {
        world->registry, story_limits, {0, 0}, NULL, NULL};
    struct sg_trust *trust = story_trust_with(&config);
    struct sg_bytes rotation = trust_rotate(world, 1, 1, NULL, 0);
    struct sg_bytes beats[30];

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(sg_trust_add(trust, NULL, rotation));
    for (unsigned i = 0; i < 30; i++) {
        beats[i] = trust_heartbeat(world, 1, i, 100 + i);
        assert_int_equal(story_add(trust, 1, i + 10, beats[i]),
                         i < 15 ? SG_OK : SG_ERR_LIMIT);
    }
    assert_true(sg_trust_judge(trust));
    assert_int_equal(sg_trust_floor(trust).ms, 114);
    assert_true(sg_trust_wants_replay(trust));
    sg_trust_replay(trust);
    assert_false(sg_trust_wants_replay(trust));
    for (unsigned i = 0; i < 30; i++)
        assert_ok(story_add(trust, 1, i + 10, beats[i]));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 129);
    assert_false(sg_trust_wants_replay(trust));
    sg_trust_free(trust);
}

/* A thief fills all room with what the stolen root signs; after the rotation it
 * gives way. */
static void test_flood(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand stands = {story.logs[1], 3, {{0}}};
    struct sg_trust_config config = {
        world->registry, story_limits, {0, 0}, NULL, NULL};
    struct sg_trust *trust = story_trust_with(&config);
    struct sg_bytes real =
        trust_cut(world, 0, 2, story.keys[3], SG_TRUST_REVOKE, NULL, 0);
    unsigned i;

    (void)state;
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2, real));
    sg_trust_judge(trust);
    assert_ok(sg_trust_add(trust, NULL, trust_rotate(world, 1, 3, &stands, 1)));
    for (i = 4; i < 200; i++)
        (void)story_add(trust, 1, i, trust_heartbeat(world, 0, i, UINT64_MAX));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_generation(trust), 1);
    assert_int_equal(sg_trust_floor(trust).ms, 0);
    assert_int_equal(sg_trust_counts(trust).cut_off, 61);
    for (; i < 240; i++)
        assert_ok(story_add(trust, 1, i, trust_heartbeat(world, 1, i, i)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 239);
    assert_verdict(trust, NULL, &story.certificates[3], REVOKED, REFUSED);
    assert_int_equal(sg_trust_cut(trust, story.keys[3], &story.logs[3], 0), 0);
    assert_int_equal(sg_trust_counts(trust).cut_off, 0);
    sg_trust_free(trust);
}

/* What gives way takes nothing with it: cuts, orders and ranges that stand are
 * as they were, before the next judgement too. */
static void test_room_is_made(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand stands = {story.logs[1], 5, {{0}}};
    struct sg_trust_config config = {
        world->registry, story_limits, {0, 0}, NULL, NULL};
    struct sg_trust *trust = story_trust_with(&config);
    uint8_t order[SG_ERASED_BY_SIZE];
    struct sg_bytes before;
    unsigned i;

    (void)state;
    for (i = 10; i < 40; i++) /* the thief's, before all that stands */
        assert_true(story_add(trust, 1, i, trust_heartbeat(world, 0, i, i)) ==
                        SG_OK ||
                    i >= 26);
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    assert_ok(story_add(
        trust, 1, 2,
        trust_cut(world, 0, 2, story.keys[3], SG_TRUST_REVOKE, &stands, 1)));
    assert_ok(
        story_add(trust, 1, 3, trust_erase(world, 0, 3, &story.logs[4], 7, 2)));
    assert_ok(
        story_add(trust, 1, 4, trust_endorse(world, 0, 4, 9, &stands, false)));
    assert_ok(sg_trust_add(trust, NULL, trust_rotate(world, 1, 5, &stands, 1)));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_counts(trust).cut_off, 16);
    before = story_dump(trust);
    for (i = 50; i < 110; i++)
        (void)!story_add(trust, 1, i,
                         trust_erase(world, 1, i, &story.logs[5], i, 1));
    assert_true(sg_bytes_equal(story_dump(trust), before));
    assert_true(sg_trust_erasure(trust, &story.logs[4], 8, order));
    assert_int_equal(sg_trust_cut(trust, story.keys[3], &story.logs[1], 0), 5);
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_counts(trust).cut_off, 0);
    assert_true(sg_trust_erasure(trust, &story.logs[4], 8, order));
    assert_true(sg_trust_erasure(trust, &story.logs[5], 80, order));
    sg_trust_free(trust);
}

/* Places, logs, bytes and erased entries have their limits too. */
static void test_other_limits(void **state)
{
    struct trust_world *world = &story.world;
    struct sg_trust_config config = {
        world->registry, story_limits, {0, 0}, NULL, NULL};
    struct sg_trust *trust;
    struct sg_bytes beat = trust_heartbeat(world, 0, 2, 5);

    (void)state;
    config.limits.places = 3;
    trust = story_trust_with(&config);
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_ok(story_add(trust, 1, 2, beat));
    assert_ok(story_add(trust, 2, 3, beat));
    assert_ok(
        story_add(trust, 2, 2, beat)); /* the first place in a log is enough */
    assert_err(story_add(trust, 3, 2, beat), LIMIT);
    assert_err(story_add(trust, 1, 3, trust_heartbeat(world, 0, 3, 6)), LIMIT);
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_floor(trust).ms, 5);
    assert_int_equal(sg_trust_counts(trust).stand, 2);
    assert_int_equal(sg_trust_counts(trust).waiting, 0);
    sg_trust_free(trust);

    config.limits = story_limits;
    config.limits.logs = 1;
    trust = story_trust_with(&config);
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_err(story_add(trust, 2, 1, beat), LIMIT);
    assert_err(sg_trust_held(trust, &story.logs[2], 0, 4), LIMIT);
    assert_err(sg_trust_held(trust, &story.logs[1], 1, 4), LIMIT);
    sg_trust_free(trust);

    config.limits = story_limits;
    config.limits.bytes = (uint32_t)world->genesis.size;
    trust = story_trust_with(&config);
    assert_ok(story_add(trust, 1, 1, world->genesis));
    assert_err(story_add(trust, 1, 2, beat), LIMIT);
    sg_trust_free(trust);

    config.limits = story_limits;
    trust = story_trust_with(&config);
    assert_ok(story_add(trust, 1, 1, world->genesis));
    sg_trust_judge(trust);
    assert_err(
        story_add(trust, 1, 2, trust_erase(world, 0, 2, &story.logs[2], 0, 65)),
        LIMIT);
    assert_ok(story_add(trust, 1, 3,
                        trust_erase(world, 0, 3, &story.logs[2], 0, 64)));
    assert_err(
        story_add(trust, 1, 4, trust_erase(world, 0, 4, &story.logs[2], 64, 1)),
        LIMIT);
    sg_trust_free(trust);
}

/* --- any order --------------------------------------------------------- */

struct item {
    struct sg_trust_place place;
    bool has_place;
    struct sg_bytes payload;
};

static struct item items[64];
static size_t n_items;

static void put(unsigned log, unsigned branch, uint64_t index,
                struct sg_bytes payload)
{
    struct item *item = &items[n_items++];

    assert_in_range(n_items, 1, sizeof items / sizeof items[0]);
    *item = (struct item){
        .place = {.log = story.logs[log], .branch = branch, .index = index},
        .has_place = true,
        .payload = payload,
    };
    memcpy(item->place.node_key, story.keys[log], SG_KEY_SIZE);
}

/* A history with everything in it: two authority logs, one of them forked, two
 * rotations and a rival, a thief, cuts, lifts, orders, ranges, copies. */
static void write_history(struct sg_prng *prng)
{
    struct trust_world *world = &story.world;
    struct sg_trust_stand first[] = {{story.logs[1], 12, {{1}}},
                                     {story.logs[7], 4, {{1}}}};
    struct sg_trust_stand second[] = {{story.logs[7], 9, {{1}}}};
    struct trust_rotation rival = {SG_TRUST_KEY_STOLEN, first, 1, 1, 2, 1};
    struct sg_bytes suspend;

    n_items = 0;
    put(1, 0, 1, world->genesis);
    for (unsigned i = 2; i < 8; i++)
        put(1, 0, i, trust_admit(world, 0, i, &story.certificates[i]));
    suspend = trust_cut(world, 0, 8, story.keys[3], SG_TRUST_SUSPEND, NULL, 0);
    put(1, 0, 8, suspend);
    put(1, 0, 9, trust_lift(world, 0, 9, suspend));
    put(1, 0, 10, trust_heartbeat(world, 0, 10, 1000 + sg_prng_below(prng, 9)));
    put(1, 0, 11, trust_erase(world, 0, 11, &story.logs[2], 5, 3));
    put(1, 0, 12, trust_heartbeat(world, 0, 12, UINT64_MAX)); /* the thief */
    put(1, 0, 13,
        trust_cut(world, 0, 13, story.keys[2], SG_TRUST_REVOKE, NULL, 0));
    put(1, 1, 11, trust_erase(world, 0, 14, &story.logs[2], 6, 3));
    put(1, 1, 12, trust_heartbeat(world, 0, 15, 3333));
    put(7, 0, 1, trust_opened(world, 0, 16, 1, &story.logs[7], first, 1));
    put(7, 0, 2,
        trust_cut(world, 0, 17, story.keys[4], SG_TRUST_RETIRE, first, 2));
    put(7, 0, 3, trust_endorse(world, 0, 18, 7, &first[0], false));
    put(7, 0, 4, trust_rotate(world, 1, 19, first, 2));
    put(7, 0, 5, trust_heartbeat(world, 1, 1, 5000));
    put(7, 0, 6, trust_rotate_as(world, 1, 20, &rival));
    put(7, 0, 7, items[11].payload); /* a copy, by the authority itself */
    put(7, 0, 8, trust_rotate(world, 2, 3, second, 1));
    put(7, 0, 9, trust_heartbeat(world, 2, 1, 6000));
    put(7, 0, 10, trust_heartbeat(world, 1, 2, 7000)); /* cut off */
    put(2, 0, 4, trust_heartbeat(world, 2, 5, 9000));  /* a district's log */
    put(7, 0, 11, trust_endorse(world, 2, 6, 9, &first[0], true));
}

/* Feeds all items in a random order, each once to three times, with judgements
 * in between. */
static struct sg_bytes feed(struct sg_prng *prng)
{
    unsigned asked = 0;
    struct sg_trust_config config = {
        .registry = story.world.registry,
        .limits = story_limits,
        .prefix = story_prefix,
        .context = &asked,
    };
    struct sg_trust *trust = story_trust_with(&config);
    unsigned left[64], n_left = 0;
    struct sg_bytes dumped;

    config.limits.bytes = 1 << 20;
    for (size_t i = 0; i < n_items; i++)
        left[i] = 1 + (unsigned)sg_prng_below(prng, 3);
    for (size_t i = 0; i < n_items; i++)
        n_left += left[i];
    while (n_left > 0) {
        size_t i = sg_prng_below(prng, n_items);

        if (left[i] == 0)
            continue;
        left[i]--;
        n_left--;
        /* Room for what waits may be short; then it comes again. */
        if (sg_trust_add(trust, &items[i].place, items[i].payload) != SG_OK) {
            left[i]++;
            n_left++;
            sg_trust_judge(trust);
        }
        if (sg_prng_chance(prng, 150))
            sg_trust_judge(trust);
    }
    assert_ok(sg_trust_held(trust, &story.logs[1], 0, 12));
    assert_ok(sg_trust_held(trust, &story.logs[7], 0, 12));
    sg_trust_judge(trust);
    dumped = story_dump(trust);
    sg_trust_free(trust);
    return dumped;
}

/* The same statements in any order, any number of times, judged at any moment:
 * the same state, to the letter. */
static void test_any_order(void **state)
{
    struct sg_prng prng;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sg_bytes wanted;

        sg_prng_init(&prng, seed);
        write_history(&prng);
        wanted = feed(&prng);
        for (unsigned round = 0; round < 10; round++) {
            struct sg_bytes got = feed(&prng);

            assert_int_equal(got.size, wanted.size);
            assert_memory_equal(got.data, wanted.data, got.size);
        }
    }
}

/* And it is the right state. */
static void test_history(void **state)
{
    struct sg_prng prng;
    struct sg_trust *trust = story_trust();
    struct sg_trust_node node;
    uint32_t no = 0;
    unsigned n_nodes = 0;
    uint8_t order[SG_ERASED_BY_SIZE];

    (void)state;
    sg_prng_init(&prng, 1);
    write_history(&prng);
    for (size_t i = 0; i < n_items; i++)
        assert_ok(sg_trust_add(trust, &items[i].place, items[i].payload));
    sg_trust_judge(trust);
    assert_int_equal(sg_trust_generation(trust), 2);
    assert_int_equal(sg_trust_counts(trust).rivals, 1);
    assert_int_equal(sg_trust_floor(trust).ms, 6000);
    assert_true(sg_trust_node(trust, story.keys[3], &node));
    assert_int_equal(node.state, SG_TRUST_ADMITTED); /* lifted */
    assert_true(sg_trust_node(trust, story.keys[2], &node));
    assert_int_equal(node.state, SG_TRUST_ADMITTED); /* the thief's cut */
    while (sg_trust_next_node(trust, &no, &node))
        n_nodes++;
    assert_int_equal(n_nodes, 6);
    assert_true(sg_trust_erasure(trust, &story.logs[2], 5, order));
    sg_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_wrong_signature, story_begin),
        cmocka_unit_test_setup(test_kept_out, story_begin),
        cmocka_unit_test_setup(test_nowhere, story_begin),
        cmocka_unit_test_setup(test_memory, story_begin),
        cmocka_unit_test_setup(test_deny_has_room, story_begin),
        cmocka_unit_test_setup(test_waiting_has_a_quarter, story_begin),
        cmocka_unit_test_setup(test_replay, story_begin),
        cmocka_unit_test_setup(test_flood, story_begin),
        cmocka_unit_test_setup(test_room_is_made, story_begin),
        cmocka_unit_test_setup(test_other_limits, story_begin),
        cmocka_unit_test_setup(test_any_order, story_begin),
        cmocka_unit_test_setup(test_history, story_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
