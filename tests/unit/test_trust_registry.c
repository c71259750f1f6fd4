/* Section 6 of RECORDS.md is computed twice, by the registry and by
 * replication, by different people in different ways. Of what both answer they
 * say the same. */
#include "storage/base/prng.h"
#include "storage/registry/authority.h"
#include "tests/unit/trust_story.h"

#define ROUNDS     60
#define STATEMENTS 40
#define LOGS       4 /* 1 and 7 are the authority's, 2 and 3 districts' */
#define FORK       8 /* of log 7: its branches are 0 and 1 from here on */

static const unsigned log_numbers[LOGS] = {1, 7, 2, 3};

/* Root 1 is of branch 0, root 2 of branch 1 of log 7; root 9 of none held. */
static uint64_t prefix(void *context, const struct sg_log_id *log,
                       unsigned branch, uint64_t size,
                       const struct sg_hash *root)
{
    (void)context;
    if (memcmp(log, &story.logs[7], sizeof *log) != 0 ||
        root->bytes[0] == branch + 1)
        return size;
    return size < FORK ? size : FORK;
}

/* The same in the registry's words: its branches begin at the fork. */
static uint32_t branch_of(const void *context,
                          const struct sg_authority_prefix *at)
{
    (void)context;
    if (memcmp(&at->log, &story.logs[7], sizeof at->log) != 0 ||
        at->size <= FORK)
        return 0;
    return at->root.bytes[0] == 9 ? SG_AUTHORITY_BRANCH_NONE
                                  : at->root.bytes[0];
}

static struct sg_authority_place registry_place(
    const struct sg_trust_place *place)
{
    struct sg_authority_place at = {.log = place->log, .index = place->index};

    if (memcmp(&at.log, &story.logs[7], sizeof at.log) == 0 &&
        place->index >= FORK)
        at.branch = place->branch + 1;
    return at;
}

static struct sg_trust_place any_place(struct sg_prng *prng)
{
    unsigned number =
        log_numbers[sg_prng_below(prng, 8) == 0 ? 2 : sg_prng_below(prng, 2)];
    struct sg_trust_place place = {
        .log = story.logs[number],
        .branch = number == 7 ? (unsigned)sg_prng_below(prng, 2) : 0,
        .index = sg_prng_below(prng, 20),
    };

    memcpy(place.node_key, story.keys[number], SG_KEY_SIZE);
    return place;
}

/* Up to N different logs, each up to a random size. */
static size_t any_stands(struct sg_prng *prng, struct sg_trust_stand *ret,
                         size_t n)
{
    static const unsigned ascending[LOGS] = {1, 2, 3, 7};
    static const uint8_t roots[] = {1, 2, 9};
    size_t count = 0;

    for (size_t i = 0; i < LOGS && count < n; i++) {
        if (sg_prng_chance(prng, 400))
            continue;
        ret[count] = (struct sg_trust_stand){
            .log = story.logs[ascending[i]],
            .size = sg_prng_below(prng, 20),
        };
        ret[count++].root.bytes[0] = roots[sg_prng_below(prng, 3)];
    }
    return count;
}

/* A statement of any type, signed by the root of GENERATION. LAST is one that
 * was made before. */
static struct sg_bytes any_statement(struct sg_prng *prng, unsigned generation,
                                     uint64_t serial, struct sg_bytes last)
{
    struct trust_world *world = &story.world;
    const uint8_t *key = story.keys[2 + sg_prng_below(prng, 6)];
    struct sg_trust_stand stands[LOGS];
    size_t n = any_stands(prng, stands, LOGS);
    struct sg_certificate certificate;

    switch (sg_prng_below(prng, 8)) {
    case 0:
    case 1:
        certificate =
            trust_certificate(world, generation,
                              key == story.keys[7] ? SG_CERTIFICATE_AUTHORITY
                                                   : SG_CERTIFICATE_DISTRICT,
                              key, key);
        return trust_admit(world, generation, serial, &certificate);
    case 2:
        return trust_heartbeat(world, generation, serial,
                               JULY_2_MS + sg_prng_below(prng, 1000));
    case 3:
    case 4:
        return trust_cut(world, generation, serial, key,
                         (enum sg_trust_what)(1 + sg_prng_below(prng, 3)),
                         stands, n);
    case 5:
        return trust_lift(world, generation, serial, last);
    case 6:
        return trust_erase(world, generation, serial,
                           &story.logs[log_numbers[sg_prng_below(prng, 4)]],
                           sg_prng_below(prng, 20), 3);
    default:
        if (n == 0 || stands[0].size == 0)
            return trust_heartbeat(world, generation, serial, 0);
        return trust_endorse(world, generation, serial, sg_prng_below(prng, 20),
                             stands, false);
    }
}

static struct sg_trust *trust;
static struct sg_authority *authority;

static void add_both(const struct sg_trust_place *place,
                     struct sg_bytes payload)
{
    struct sg_authority_place at = registry_place(place);
    enum sg_err err = sg_trust_add(trust, place, payload);

    if (err != SG_ERR_SIGNATURE)
        assert_ok(err);
    assert_ok(sg_authority_add(authority, payload, &at, place->node_key));
}

static void write_history(struct sg_prng *prng)
{
    struct trust_world *world = &story.world;
    unsigned n_roots = 1 + (unsigned)sg_prng_below(prng, 3);
    struct sg_trust_place place = any_place(prng);
    struct sg_bytes last =
        trust_cut(world, 0, 1, story.keys[2], SG_TRUST_SUSPEND, NULL, 0);

    place.log = story.logs[1];
    memcpy(place.node_key, story.keys[1], SG_KEY_SIZE);
    place.branch = 0;
    place.index = 1;
    add_both(&place, world->genesis);
    for (unsigned g = 1; g < n_roots; g++) {
        struct sg_trust_stand stands[LOGS];
        size_t n = any_stands(prng, stands, LOGS);

        place = any_place(prng);
        add_both(&place, trust_rotate(world, g, 900 + g, stands, n));
        if (sg_prng_chance(prng, 300)) /* a rival to the same successor */
            add_both(&place, trust_rotate(world, g, 950 + g, stands, n / 2));
    }
    for (unsigned i = 0; i < STATEMENTS; i++) {
        struct sg_bytes payload = any_statement(
            prng, (unsigned)sg_prng_below(prng, n_roots + 1), 10 + i, last);

        for (uint64_t copies = sg_prng_below(prng, 3); copies < 3; copies++) {
            place = any_place(prng);
            add_both(&place, payload);
        }
        if (sg_prng_chance(prng, 500))
            last = payload;
        if (sg_prng_chance(prng, 100))
            sg_trust_judge(trust);
    }
    sg_trust_judge(trust);
    assert_ok(sg_authority_seal(authority));
}

static unsigned n_cut, n_erased, n_endorsed, n_admitted;

static void compare_entry(const uint8_t *key, const struct sg_trust_place *at)
{
    static const struct sg_key_id officer = {{1}};
    struct sg_authority_place place = registry_place(at);
    const struct sg_authority_erased *erased =
        sg_authority_find_erased(authority, &at->log, at->index);
    uint8_t order[SG_ERASED_BY_SIZE];
    bool is_above = at->index >= sg_trust_cut(trust, key, &at->log, at->branch);
    bool is_endorsed = sg_authority_is_endorsed(authority, &officer, &place);
    bool is_quarantined =
        sg_trust_is_quarantined(trust, key, &at->log, at->branch, at->index);

    assert_int_equal(sg_authority_is_above_node(authority, key, &place),
                     is_above);
    assert_int_equal(is_quarantined, is_above && !is_endorsed);
    assert_int_equal(sg_trust_erasure(trust, &at->log, at->index, order),
                     erased != NULL);
    if (erased != NULL)
        assert_memory_equal(order, erased->order.bytes, sizeof order);
    n_cut += is_above;
    n_erased += erased != NULL;
    n_endorsed += is_above && is_endorsed;
}

static void compare_node(const uint8_t *key)
{
    static const enum sg_trust_node_state states[] = {
        [SG_AUTHORITY_NOT_CUT] = SG_TRUST_ADMITTED,
        [SG_AUTHORITY_SUSPENDED] = SG_TRUST_SUSPENDED,
        [SG_AUTHORITY_RETIRED] = SG_TRUST_RETIRED,
        [SG_AUTHORITY_REVOKED] = SG_TRUST_REVOKED,
    };
    const struct sg_authority_node *admitted;
    struct sg_authority_at at;
    struct sg_trust_node node;

    sg_authority_at_cut(authority, &at);
    admitted = sg_authority_node(&at, key);
    assert_int_equal(sg_trust_node(trust, key, &node), admitted != NULL);
    if (admitted == NULL)
        return;
    n_admitted++;
    assert_int_equal(node.certificate.role, (int)admitted->role);
    assert_int_equal(node.state, states[sg_authority_node_cut(authority, key)]);
}

static void compare(void)
{
    struct sg_authority_at at;

    sg_authority_at_cut(authority, &at);
    if (sg_trust_floor(trust).ms > 0)
        assert_true(sg_authority_time_floor(&at) == sg_trust_floor(trust).ms);
    for (unsigned i = 2; i < 8; i++) {
        compare_node(story.keys[i]);
        for (unsigned j = 0; j < LOGS; j++) {
            struct sg_trust_place place = {.log = story.logs[log_numbers[j]]};

            for (place.branch = 0; place.branch < (j == 1 ? 2U : 1U);
                 place.branch++) {
                for (place.index = 0; place.index < 24; place.index++)
                    compare_entry(story.keys[i], &place);
            }
        }
    }
}

/* Random histories with rotations, rivals, forks, copies and strangers' logs:
 * both say the same of every node and every entry. */
static void test_same_state(void **state)
{
    struct sg_prng prng;

    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct sg_trust_config config = {
            .registry = story.world.registry,
            .limits = sg_trust_limits_province,
            .prefix = prefix,
        };

        sg_prng_init(&prng, seed);
        trust = story_trust_with(&config);
        assert_ok(sg_authority_new(&story.world.registry, branch_of, NULL,
                                   &authority));
        write_history(&prng);
        compare();
        sg_trust_free(trust);
        sg_authority_free(authority);
    }
    assert_true(n_cut > 1000);
    assert_true(n_erased > 1000);
    assert_true(n_endorsed > 100);
    assert_true(n_admitted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_same_state, story_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
