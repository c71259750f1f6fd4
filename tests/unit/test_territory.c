#include "storage/registry/territory.h"

#include "storage/base/limits.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

static const struct sg_territory_node one = {{1}}, two = {{2}}, three = {{3}};
static const struct sg_hash old_log = {{11}}, new_log = {{12}};
static const struct sg_unit_key district = {20039820191201};
static const struct sg_unit_key commune = {31577520191201};
static const struct sg_unit_key sister = {31577820191201};
static const struct sg_unit_key nowhere = {39999920191201};

struct world {
    struct sg_unit_table *units;
    struct sg_territory *territory;
};

static struct world world(void)
{
    struct world world = {NULL, NULL};

    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &world.units, NULL));
    assert_ok(sg_territory_new(world.units, &world.territory));
    return world;
}

static void world_free(struct world *world)
{
    sg_territory_free(world->territory);
    sg_unit_table_free(world->units);
}

static enum sg_err move(struct world *world, struct sg_unit_key unit,
                        const struct sg_territory_node *from,
                        const struct sg_territory_node *to, uint64_t size)
{
    struct sg_territory_cut cut = {old_log, size};
    struct sg_territory_rehome rehome = {&unit, 1, *from, *to, &cut, 1};

    return sg_territory_rehome(world->territory, &rehome);
}

static void assert_served(const struct world *world, struct sg_unit_key unit,
                          const struct sg_territory_node *node)
{
    const struct sg_territory_node *got =
        sg_territory_node_of(world->territory, unit);

    assert_non_null(got);
    assert_memory_equal(got->key, node->key, sizeof got->key);
}

/* A node serves what it was admitted with and all below it; a unit named by
 * itself goes before the one above it. */
static void test_territory_admitted(void **state)
{
    struct world w = world();

    (void)state;
    assert_null(sg_territory_node_of(w.territory, commune));
    assert_ok(sg_territory_admit(w.territory, &one, &district, 1));
    assert_served(&w, district, &one);
    assert_served(&w, commune, &one);
    assert_ok(sg_territory_admit(w.territory, &two, &commune, 1));
    assert_served(&w, commune, &two);
    assert_served(&w, sister, &one);
    assert_err(sg_territory_admit(w.territory, &one, &nowhere, 1), NOTFOUND);
    assert_null(sg_territory_node_of(w.territory, nowhere));
    world_free(&w);
}

/* The last act about a unit, or about one above it, says who serves it. */
static void test_territory_last_act(void **state)
{
    struct world w = world();

    (void)state;
    assert_ok(sg_territory_admit(w.territory, &one, &district, 1));
    assert_ok(move(&w, commune, &one, &two, 5));
    assert_served(&w, commune, &two);
    assert_served(&w, sister, &one);
    assert_ok(move(&w, district, &one, &three, 9));
    assert_served(&w, commune, &three);
    assert_served(&w, sister, &three);
    assert_ok(move(&w, commune, &three, &one, 12));
    assert_served(&w, commune, &one);
    assert_err(move(&w, nowhere, &one, &two, 1), NOTFOUND);
    world_free(&w);
}

/* Entries of the old node are late from the cut-over on, in a log that the act
 * does not list from its first; never those of the new node, nor those about
 * units that stayed, nor what is written after the unit came back. */
static void test_territory_late(void **state)
{
    struct world w = world();

    (void)state;
    assert_ok(sg_territory_admit(w.territory, &one, &district, 1));
    assert_false(sg_territory_is_late(w.territory, commune, &one, &old_log, 9));
    assert_ok(move(&w, commune, &one, &two, 5));
    assert_false(sg_territory_is_late(w.territory, commune, &one, &old_log, 4));
    assert_true(sg_territory_is_late(w.territory, commune, &one, &old_log, 5));
    assert_true(sg_territory_is_late(w.territory, commune, &one, &new_log, 0));
    assert_false(sg_territory_is_late(w.territory, sister, &one, &old_log, 5));
    assert_false(sg_territory_is_late(w.territory, commune, &two, &new_log, 0));
    assert_ok(move(&w, district, &two, &three, 7));
    assert_true(sg_territory_is_late(w.territory, commune, &two, &old_log, 7));
    assert_true(sg_territory_is_late(w.territory, commune, &one, &old_log, 5));
    assert_ok(move(&w, commune, &three, &one, 12));
    assert_false(sg_territory_is_late(w.territory, commune, &one, &new_log, 0));
    assert_false(sg_territory_is_late(w.territory, nowhere, &one, &new_log, 0));
    world_free(&w);
}

/* More acts, units or cuts than there is room for are refused. */
static void test_territory_limits(void **state)
{
    struct world w = world();
    struct sg_territory_rehome rehome = {&commune, 1, one, two, NULL, 0};

    (void)state;
    rehome.n_cuts = SG_REHOME_CUTS_MAX + 1;
    assert_err(sg_territory_rehome(w.territory, &rehome), LIMIT);
    rehome.n_cuts = 0;
    rehome.n_units = SG_REHOME_UNITS_MAX + 1;
    assert_err(sg_territory_rehome(w.territory, &rehome), LIMIT);
    rehome.n_units = 1;
    for (int i = 0; i < SG_REHOMES_MAX; i++)
        assert_ok(sg_territory_rehome(w.territory, &rehome));
    assert_err(sg_territory_rehome(w.territory, &rehome), LIMIT);
    world_free(&w);
}

static enum sg_err once(void *context)
{
    struct world w = {NULL, NULL};
    enum sg_err err = sg_unit_file_read(sg_unit_file_shipped(), &w.units, NULL);

    (void)context;
    if (err == SG_OK)
        err = sg_territory_new(w.units, &w.territory);
    if (err == SG_OK)
        err = move(&w, commune, &one, &two, 5);
    if (err == SG_OK)
        err = move(&w, commune, &two, &one, 6);
    world_free(&w);
    return err;
}

/* A failing allocation is NOMEM, and nothing is left behind. */
static void test_territory_memory(void **state)
{
    (void)state;
    assert_true(sg_torture_run(once, NULL) > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_territory_admitted),
        cmocka_unit_test(test_territory_last_act),
        cmocka_unit_test(test_territory_late),
        cmocka_unit_test(test_territory_limits),
        cmocka_unit_test(test_territory_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
