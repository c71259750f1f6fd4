#include "replication/head_tree.h"

#include <stdlib.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "tests/lib/format.h"
#include "tests/lib/heads.h"
#include "tests/lib/protocol.h"
#include "tests/lib/torture.h"

struct item {
    struct sg_log_id id;
    struct sg_hash leaf;
};

static unsigned nibble(const struct sg_log_id *id, unsigned n)
{
    return id->hash.bytes[n / 2] >> (n % 2 == 0 ? 4 : 0) & 15;
}

/* The page's definition, word for word: of ITEMS[0] to ITEMS[COUNT - 1], which
 * are sorted and agree in all nibbles before DEPTH. */
static struct sg_hash plain_hash(const struct item *items, size_t count,
                                 unsigned depth)
{
    struct sg_sha256 hash;
    struct sg_hash node = {{0}};
    uint8_t head[3] = {1};
    uint16_t bitmap = 0;

    if (count == 0)
        return node;
    if (count == 1)
        return items[0].leaf;
    while (nibble(&items[0].id, depth) == nibble(&items[count - 1].id, depth))
        depth++;
    for (size_t i = 0; i < count; i++)
        bitmap |= (uint16_t)(1u << nibble(&items[i].id, depth));
    sg_bytes_put_u16be(head + 1, bitmap);
    sg_head_tree_hasher(&heads_registry, &hash);
    sg_crypto_sha256_update(&hash, head, sizeof head);
    for (size_t i = 0, next; i < count; i = next) {
        struct sg_hash child;

        for (next = i; next < count && nibble(&items[next].id, depth) ==
                                           nibble(&items[i].id, depth);)
            next++;
        child = plain_hash(items + i, next - i, depth + 1);
        sg_crypto_sha256_update(&hash, child.bytes, sizeof child.bytes);
    }
    sg_crypto_sha256_final(&hash, &node);
    return node;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(&((const struct item *)a)->id, &((const struct item *)b)->id,
                  sizeof(struct sg_log_id));
}

static bool begins_with(const struct sg_log_id *id,
                        const struct sg_head_prefix *prefix)
{
    struct sg_log_id other = {prefix->id};

    for (unsigned n = 0; n < prefix->nibbles; n++) {
        if (nibble(id, n) != nibble(&other, n))
            return false;
    }
    return true;
}

static struct sg_head_prefix prefix_of(const struct sg_log_id *id, unsigned n)
{
    struct sg_head_prefix prefix = {0};

    while (prefix.nibbles < n)
        prefix = sg_head_tree_child(&prefix, nibble(id, prefix.nibbles));
    return prefix;
}

/* Ids of which many begin alike, up to all but the last nibble. */
static void draw_items(struct item *items, size_t count, uint64_t seed)
{
    struct sg_prng prng;

    sg_prng_init(&prng, seed);
    for (size_t i = 0; i < count; i++) {
        sg_prng_bytes(&prng, items[i].id.hash.bytes, 32);
        sg_prng_bytes(&prng, items[i].leaf.bytes, 32);
        if (i > 0 && sg_prng_chance(&prng, 500)) {
            size_t same = (size_t)sg_prng_below(&prng, 32);
            uint8_t *byte = &items[i].id.hash.bytes[same];

            memcpy(items[i].id.hash.bytes,
                   items[sg_prng_below(&prng, i)].id.hash.bytes, same);
            *byte = (uint8_t)(*byte & 0x11) | 0x80;
        }
    }
}

/* --- Tests ------------------------------------------------------------- */

/* Leaves and a node are those of PROTOCOL.md. */
static void test_examples(void **state)
{
    struct format_log made = format_log();
    struct sg_log_core second = {.kind = SG_LOG_RECORDS};
    struct sg_head_tree *tree;
    struct sg_log_id second_id;
    struct sg_sha256 hasher;
    struct sg_hash leaf, root;
    struct sg_sign_key key;
    uint8_t seed[SG_KEY_SIZE];

    (void)state;
    memset(seed, 2, sizeof seed);
    sg_crypto_sign_keypair(seed, &key, second.node_key);
    memset(second.epoch, 0xdd, sizeof second.epoch);
    second_id = sg_entry_log_id(&heads_registry, &second);
    sg_head_tree_hasher(&heads_registry, &hasher);
    root = sg_merkle_root(&made.frontier);
    leaf = sg_head_tree_leaf(&hasher, &made.log, 3, &root);
    assert_hex(SG_BYTES_ARRAY(leaf.bytes),
               sg_hex_text(protocol_hex("head-leaf")));
    assert_ok(sg_head_tree_new(&heads_registry, 2, &tree));
    sg_head_tree_put(tree, 1, &made.log, &leaf);
    root = sg_head_tree_root(tree);
    assert_memory_equal(&root, &leaf, sizeof leaf);
    leaf = sg_head_tree_leaf_forked(&hasher, &made.log);
    assert_hex(SG_BYTES_ARRAY(leaf.bytes),
               sg_hex_text(protocol_hex("head-leaf-forked")));
    memset(root.bytes, 0xcc, sizeof root.bytes);
    leaf = sg_head_tree_leaf(&hasher, &second_id, 1, &root);
    sg_head_tree_put(tree, 0, &second_id, &leaf);
    root = sg_head_tree_root(tree);
    assert_hex(SG_BYTES_ARRAY(root.bytes),
               sg_hex_text(protocol_hex("head-node")));
    sg_head_tree_free(tree);
}

#define ITEMS 300u

/* Compares the hash of each prefix of some id, and of some that no id has. */
static void check_prefixes(struct sg_head_tree *tree, const struct item *items,
                           size_t count, struct sg_prng *prng)
{
    for (int i = 0; i < 200; i++) {
        struct sg_log_id id = items[sg_prng_below(prng, count)].id;
        unsigned n = (unsigned)sg_prng_below(prng, 65);
        struct sg_head_prefix prefix;
        struct sg_hash expected, found;
        size_t from = 0, to;

        if (i % 4 == 0)
            id.hash.bytes[sg_prng_below(prng, 32)] ^= 0x21;
        prefix = prefix_of(&id, n);
        while (from < count && !begins_with(&items[from].id, &prefix))
            from++;
        for (to = from; to < count && begins_with(&items[to].id, &prefix);)
            to++;
        expected = plain_hash(items + from, to - from, n);
        found = sg_head_tree_node(tree, &prefix);
        assert_memory_equal(&found, &expected, sizeof found);
        if (n == 64)
            continue;
        struct sg_hash children[16];
        uint16_t bitmap = sg_head_tree_children(tree, &prefix, children);
        for (unsigned c = 0; c < 16; c++) {
            struct sg_head_prefix child = sg_head_tree_child(&prefix, c);

            found = sg_head_tree_node(tree, &child);
            assert_memory_equal(&found, &children[c], sizeof found);
            expected = (struct sg_hash){{0}};
            assert_int_equal(bitmap >> c & 1,
                             memcmp(&found, &expected, sizeof found) != 0);
        }
    }
}

/* After every change all hashes are what the page's definition makes of the
 * set, in whatever order the logs came. */
static void test_as_defined(void **state)
{
    static struct item items[ITEMS];
    struct sg_head_tree *tree;
    struct sg_hash root, expected;
    struct sg_prng prng;

    (void)state;
    assert_ok(sg_head_tree_new(&heads_registry, ITEMS, &tree));
    root = sg_head_tree_root(tree);
    expected = plain_hash(items, 0, 0);
    assert_memory_equal(&root, &expected, sizeof root);
    for (uint64_t seed = 0; seed < 20; seed++) {
        size_t count = seed < 10 ? seed + 1 : ITEMS;

        draw_items(items, count, seed);
        sg_prng_init(&prng, seed);
        for (uint32_t i = 0; i < count; i++)
            sg_head_tree_put(tree, i, &items[i].id, &items[i].leaf);
        for (int change = 0; change < 50; change++) {
            uint32_t slot = (uint32_t)sg_prng_below(&prng, count);

            sg_prng_bytes(&prng, items[slot].leaf.bytes, 32);
            sg_head_tree_put(tree, slot, &items[slot].id, &items[slot].leaf);
            struct item sorted[ITEMS];
            memcpy(sorted, items, count * sizeof *items);
            qsort(sorted, count, sizeof *sorted, by_id);
            root = sg_head_tree_root(tree);
            expected = plain_hash(sorted, count, 0);
            assert_memory_equal(&root, &expected, sizeof root);
        }
        assert_int_equal(sg_head_tree_count(tree), count);
        qsort(items, count, sizeof *items, by_id);
        check_prefixes(tree, items, count, &prng);
        sg_head_tree_clear(tree);
    }
    sg_head_tree_free(tree);
}

/* Checks that WALK gives items FROM to TO - 1 and ends. */
static void check_walk(struct sg_head_tree_walk *walk,
                       const struct sg_head_tree *tree,
                       const struct item *items, size_t from, size_t to)
{
    uint32_t slot;

    for (; from < to; from++) {
        assert_true(sg_head_tree_walk_next(walk, &slot));
        assert_memory_equal(sg_head_tree_id_at(tree, slot), &items[from].id,
                            sizeof(struct sg_log_id));
    }
    assert_false(sg_head_tree_walk_next(walk, &slot));
    assert_false(sg_head_tree_walk_next(walk, &slot));
}

/* A walk gives exactly the logs below its prefix, or from its id on, in the
 * order of ids. */
static void test_walks(void **state)
{
    static struct item items[ITEMS];
    struct sg_head_tree *tree;
    struct sg_head_tree_walk walk;
    struct sg_prng prng;

    (void)state;
    assert_ok(sg_head_tree_new(&heads_registry, ITEMS, &tree));
    sg_head_tree_walk_from(&walk, tree, &items[0].id);
    check_walk(&walk, tree, items, 0, 0);
    draw_items(items, ITEMS, 77);
    for (uint32_t i = 0; i < ITEMS; i++)
        sg_head_tree_put(tree, i, &items[i].id, &items[i].leaf);
    qsort(items, ITEMS, sizeof *items, by_id);
    sg_prng_init(&prng, 78);
    for (int i = 0; i < 3000; i++) {
        struct item sought = {items[sg_prng_below(&prng, ITEMS)].id, {{0}}};
        struct sg_head_prefix prefix;
        size_t from = 0, to;

        if (i % 3 > 0)
            sought.id.hash.bytes[sg_prng_below(&prng, 32)] ^=
                (uint8_t)sg_prng_u64(&prng);
        while (from < ITEMS && by_id(&items[from], &sought) < 0)
            from++;
        sg_head_tree_walk_from(&walk, tree, &sought.id);
        check_walk(&walk, tree, items, from, ITEMS);
        prefix = prefix_of(&sought.id, (unsigned)sg_prng_below(&prng, 65));
        for (from = 0; from < ITEMS && !begins_with(&items[from].id, &prefix);)
            from++;
        for (to = from; to < ITEMS && begins_with(&items[to].id, &prefix);)
            to++;
        sg_head_tree_walk_prefix(&walk, tree, &prefix);
        check_walk(&walk, tree, items, from, to);
    }
    sg_head_tree_free(tree);
}

static enum sg_err make_one(void *context)
{
    struct sg_head_tree *tree;
    enum sg_err err = sg_head_tree_new(&heads_registry, 5, &tree);

    (void)context;
    if (err == SG_OK)
        sg_head_tree_free(tree);
    return err;
}

/* A tree is for 1 to SG_LOGS_MAX logs; where memory fails nothing is left. */
static void test_limits(void **state)
{
    struct sg_head_tree *tree;

    (void)state;
    assert_err(sg_head_tree_new(&heads_registry, 0, &tree), LIMIT);
    assert_err(sg_head_tree_new(&heads_registry, SG_LOGS_MAX + 1, &tree),
               LIMIT);
    assert_true(sg_torture_run(make_one, NULL) >= 3);
    sg_head_tree_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_as_defined),
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
