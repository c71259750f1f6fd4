#include <stdlib.h>

#include "storage/base/alloc.h"
#include "tests/unit/exchange_pair.h"

/* A log that no world has. */
#define GROUND 9000u

/* Two variants of that log at size 5 with the same tag: a ground fork. */
static void tags_alike(uint32_t ret[2])
{
    struct pair_begin *list = sg_calloc(PAIR_SEARCHED, sizeof *list);
    struct sg_log_core core = heads_core(GROUND);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);
    struct sg_sha256 hasher;

    sg_head_tree_hasher(&heads_registry, &hasher);
    for (uint32_t n = 0; n < PAIR_SEARCHED; n++) {
        struct sg_checkpoint known = heads_known(5, n);
        struct sg_hash leaf = sg_head_tree_leaf(&hasher, &id, 5, &known.root);

        list[n] = (struct pair_begin){sg_bytes_get_u32be(leaf.bytes), n};
    }
    pair_find_alike(list, ret);
    sg_free(list);
}

static uint32_t alike[2];

/* Which of the two logs each side knows, and up to where: two bits a log and
 * side. */
static void set_alike(struct pair *pair, uint64_t which)
{
    for (int i = 0; i < 4; i++) {
        uint64_t size = which >> (2 * i) & 3;

        if (size > 0)
            (void)heads_set(pair->sides[i / 2].table, alike[i % 2], 10 * size,
                            0);
    }
}

/* Runs to equal roots with and without cells, with and without a memory from
 * before what SET did; COMMON logs beside. Takes two roots, or three where the
 * closing exchange must show what the first could not. Returns how many tree
 * messages it took with cells and without memory. */
static unsigned run_alike(void (*set)(struct pair *pair, uint64_t which),
                          uint64_t which, uint64_t common)
{
    unsigned trees = 0;

    for (int mode = 0; mode < 4; mode++) {
        struct pair_world world = {common, 0, 0, 0};
        struct pair_options options = pair_plain;
        struct sg_prng prng;
        struct pair pair;
        int rounds;

        options.has_cells = mode % 2 == 0;
        sg_prng_init(&prng, (uint64_t)mode);
        pair_begin_world(&pair, &world, 1000);
        for (int i = 0; i < 2; i++) {
            options.remembers[i] = mode >= 2;
            options.change[i] = sg_log_table_change(pair.sides[i].table);
        }
        set(&pair, which);
        pair_open(&pair, &options);
        rounds = pair_converge(&pair, &prng);
        assert_true(rounds <= (common > 64 && which == 0 && mode < 2 ? 2 : 3));
        if (mode == 0)
            trees = pair.sent[SG_MESSAGE_TREE];
        pair_close(&pair);
        pair_end_world(&pair);
    }
    return trees;
}

/* Two logs that begin with the same 4 bytes are told apart, whichever of them
 * each side knows. */
static void test_logs_alike(void **state)
{
    (void)state;
    pair_logs_alike(alike);
    assert_true(alike[0] > 2000);
    for (uint64_t which = 0; which < 256; which++)
        (void)run_alike(set_alike, which, 20);
    for (uint64_t which = 0; which < 256; which += 7)
        (void)run_alike(set_alike, which, 200);
    /* One side knows the one, one the other: of equal size, of another. */
    assert_int_equal(run_alike(set_alike, 1 << 2 | 1 << 4, 200), 0);
    assert_int_equal(run_alike(set_alike, 1 << 2 | 2 << 4, 200), 0);
}

static void set_ground(struct pair *pair, uint64_t which)
{
    (void)heads_set(pair->sides[0].table, GROUND, 5, alike[0]);
    (void)heads_set(pair->sides[1].table, GROUND, 5, alike[1]);
    if (which == 1)
        (void)heads_set(pair->sides[1].table, 7, 6000, 0);
}

/* A fork whose two tags are the same is found, also beside other changes. */
static void test_ground_fork(void **state)
{
    struct pair_world none = {0};
    struct pair pair;

    (void)state;
    tags_alike(alike);
    assert_int_not_equal(alike[0], alike[1]);
    (void)run_alike(set_ground, 0, 30);
    (void)run_alike(set_ground, 1, 30);
    for (uint64_t common = 80; common < 130; common += 10)
        (void)run_alike(set_ground, 0, common);
    (void)run_alike(set_ground, 0, 500);
    (void)run_alike(set_ground, 1, 500);
    /* It is one: the tags are equal, the roots are not. */
    pair_begin_world(&pair, &none, 0);
    set_ground(&pair, 0);
    assert_memory_equal(
        sg_log_table_tag(pair.sides[0].table,
                         sg_log_table_at(pair.sides[0].table, 0)),
        sg_log_table_tag(pair.sides[1].table,
                         sg_log_table_at(pair.sides[1].table, 0)),
        SG_HEAD_TAG_SIZE);
    assert_false(pair_is_equal(&pair));
    pair_end_world(&pair);
}

/* Its id begins with fffffffd, which is 2 mod p: the refs wrap around. */
#define WRAPPING 271946498u

static void set_wrapping(struct pair *pair, uint64_t which)
{
    for (int i = 0; i < 2; i++) {
        if (which >> i & 1)
            (void)heads_set(pair->sides[i].table, WRAPPING, 5 + (uint64_t)i, 0);
    }
    (void)heads_set(pair->sides[1].table, 3, 6000, 0);
}

/* A log whose number is not the first 4 bytes of its id is found as well. */
static void test_wrapping(void **state)
{
    (void)state;
    for (uint64_t which = 1; which < 4; which++) {
        (void)run_alike(set_wrapping, which, 20);
        (void)run_alike(set_wrapping, which, 300);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logs_alike),
        cmocka_unit_test(test_ground_fork),
        cmocka_unit_test(test_wrapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
