#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/base/crypto.h"
#include "storage/log/merkle.h"
#include "tests/lib/hex.h"

/* Trees of every size up to these are tried, with every place in them. */
#define PROOF_LEAVES_MAX 130u
#define COVER_LEAVES_MAX 300u

static struct sg_hash leaf_of(uint64_t index)
{
    uint8_t data[8];

    sg_bytes_put_u64be(data, index);
    return sg_merkle_leaf(data, sizeof data);
}

/* RFC 6962, section 2.1: the largest power of two smaller than n. */
static uint64_t split_of(uint64_t n)
{
    uint64_t k = 1;

    while (k < n - k)
        k *= 2;
    return k;
}

/* MTH(D[start:end]), as the RFC defines it, computed by its recursion. */
static struct sg_hash root_of(uint64_t start, uint64_t end)
{
    struct sg_hash left, right;
    uint64_t middle;

    if (start == end)
        return sg_merkle_join(NULL, 0);
    if (end - start == 1)
        return leaf_of(start);
    middle = start + split_of(end - start);
    left = root_of(start, middle);
    right = root_of(middle, end);
    return sg_merkle_node(&left, &right);
}

struct proof {
    size_t count;
    struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
    struct sg_hash hashes[SG_MERKLE_PROOF_MAX];
};

static void push(struct proof *proof, uint64_t start, uint64_t end)
{
    assert_true(proof->count < SG_MERKLE_PROOF_MAX);
    proof->ranges[proof->count++] = (struct sg_merkle_range){start, end};
}

/* PATH(m, D[start:end]) of RFC 6962, section 2.1.1. */
static void path_of(uint64_t index, uint64_t start, uint64_t end,
                    struct proof *ret)
{
    uint64_t middle;

    if (end - start == 1)
        return;
    middle = start + split_of(end - start);
    if (index < middle) {
        path_of(index, start, middle, ret);
        push(ret, middle, end);
    } else {
        path_of(index, middle, end, ret);
        push(ret, start, middle);
    }
}

/* SUBTREE_SUBPROOF of draft-ietf-plants-merkle-tree-certs, section 4.4.1, of
 * [start, end) in the tree over [low, high); for start 0 it is SUBPROOF of RFC
 * 6962, section 2.1.2. KNOWN: the verifier has the root of the range. */
static void subproof_of(uint64_t start, uint64_t end, uint64_t low,
                        uint64_t high, bool known, struct proof *ret)
{
    uint64_t middle;

    if (start == low && end == high) {
        if (!known)
            push(ret, low, high);
        return;
    }
    middle = low + split_of(high - low);
    if (end <= middle) {
        subproof_of(start, end, low, middle, known, ret);
        push(ret, middle, high);
    } else if (start >= middle) {
        subproof_of(start, end, middle, high, known, ret);
        push(ret, low, middle);
    } else {
        subproof_of(middle, end, middle, high, false, ret);
        push(ret, low, middle);
    }
}

static void look_up(struct proof *proof)
{
    for (size_t i = 0; i < proof->count; i++)
        proof->hashes[i] =
            root_of(proof->ranges[i].start, proof->ranges[i].end);
}

static void assert_hash_equal(const struct sg_hash *a, const struct sg_hash *b)
{
    assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
}

static void assert_ranges_equal(const struct sg_merkle_range *ranges,
                                size_t count, const struct proof *expected)
{
    assert_int_equal(count, expected->count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ranges[i].start, expected->ranges[i].start);
        assert_int_equal(ranges[i].end, expected->ranges[i].end);
    }
}

static struct sg_frontier frontier_of(uint64_t size)
{
    struct sg_frontier frontier = {.size = 0};

    for (uint64_t i = 0; i < size; i++) {
        struct sg_hash leaf = leaf_of(i);

        sg_merkle_append(&frontier, &leaf, NULL, NULL);
    }
    return frontier;
}

/* The inputs and roots that the certificate-transparency code has carried as
 * its test data since RFC 6962 was written. */
static const struct published {
    const char *leaf;
    const char *root; /* of the tree that ends with this leaf */
} published[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021",
     "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031",
     "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243",
     "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657",
     "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void assert_hash_hex(const struct sg_hash *hash, const char *hex)
{
    uint8_t expected[32];

    assert_int_equal(hex_decode(hex, expected, sizeof expected), 32);
    assert_memory_equal(hash->bytes, expected, sizeof expected);
}

/* Leaves and nodes hash as in RFC 6962: the published tree of eight leaves has
 * the published roots at every size, and the empty tree is the empty hash. */
static void test_published_roots(void **state)
{
    struct sg_frontier frontier = {.size = 0};
    struct sg_hash root = sg_merkle_root(&frontier);

    (void)state;
    assert_hash_hex(
        &root,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        uint8_t data[16];
        size_t size = hex_decode(published[i].leaf, data, sizeof data);
        struct sg_hash leaf = sg_merkle_leaf(data, size);

        sg_merkle_append(&frontier, &leaf, NULL, NULL);
        root = sg_merkle_root(&frontier);
        assert_hash_hex(&root, published[i].root);
    }
}

/* A tree grown leaf by leaf has the root that the RFC's recursion gives, and
 * its frontier is the roots of its complete subtrees, largest first. */
static void test_append_against_recursion(void **state)
{
    struct sg_frontier frontier = {.size = 0};

    (void)state;
    for (uint64_t size = 1; size <= COVER_LEAVES_MAX; size++) {
        struct sg_hash leaf = leaf_of(size - 1);
        struct sg_hash root, expected = root_of(0, size);
        struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
        size_t count = sg_merkle_cover(0, size, places);

        sg_merkle_append(&frontier, &leaf, NULL, NULL);
        assert_int_equal(frontier.size, size);
        root = sg_merkle_root(&frontier);
        assert_hash_equal(&root, &expected);
        assert_int_equal(sg_merkle_frontier_count(size), count);
        for (size_t i = 0; i < count; i++) {
            uint64_t start = places[i].position << places[i].level;

            expected = root_of(start, start + (UINT64_C(1) << places[i].level));
            assert_hash_equal(&frontier.hashes[i], &expected);
        }
    }
}

struct seen {
    size_t count;
    uint64_t size; /* after the append */
    unsigned level_next;
};

static void see_node(void *context, unsigned level, uint64_t position,
                     const struct sg_hash *hash)
{
    struct seen *seen = context;
    uint64_t start = position << level;
    uint64_t end = start + (UINT64_C(1) << level);
    struct sg_hash expected = root_of(start, end);

    assert_int_equal(level, seen->level_next++);
    assert_int_equal(end, seen->size);
    assert_hash_equal(hash, &expected);
    seen->count++;
}

/* Appending names every complete subtree of level 1 and up exactly once, when
 * its last leaf comes, smallest first, with its place and root. */
static void test_append_names_nodes(void **state)
{
    struct sg_frontier frontier = {.size = 0};
    struct seen seen = {.count = 0};

    (void)state;
    for (uint64_t i = 0; i < COVER_LEAVES_MAX; i++) {
        struct sg_hash leaf = leaf_of(i);

        seen.size = i + 1;
        seen.level_next = 1;
        sg_merkle_append(&frontier, &leaf, see_node, &seen);
    }
    /* n leaves have n - popcount(n) complete subtrees above them. */
    assert_int_equal(seen.count, COVER_LEAVES_MAX - sg_merkle_frontier_count(
                                                        COVER_LEAVES_MAX));
}

/* Tries PROOF with each defect a bad prover can give it; all are refused. */
static void assert_defects_refused(uint64_t start, uint64_t end, uint64_t size,
                                   const struct proof *proof,
                                   const struct sg_hash *sub,
                                   const struct sg_hash *root)
{
    struct sg_hash hashes[SG_MERKLE_PROOF_MAX + 1];
    struct sg_hash other = *root;
    size_t count = proof->count;

    memcpy(hashes, proof->hashes, sizeof proof->hashes);
    hashes[count] = *root;
    other.bytes[31] ^= 1;
    assert_int_equal(sg_merkle_check_subtree_consistency(
                         start, end, size, hashes, count + 1, sub, root),
                     SG_ERR_PROOF);
    assert_int_equal(sg_merkle_check_subtree_consistency(
                         start, end, size, hashes, count, sub, &other),
                     SG_ERR_PROOF);
    if (count > 0) {
        assert_int_equal(sg_merkle_check_subtree_consistency(
                             start, end, size, hashes, count - 1, sub, root),
                         SG_ERR_PROOF);
        assert_int_equal(sg_merkle_check_subtree_consistency(
                             start, end, size, hashes, count, &other, root),
                         SG_ERR_PROOF);
    }
    for (size_t i = 0; i < count; i++) {
        hashes[i].bytes[i % 32] ^= 0x10;
        assert_int_equal(sg_merkle_check_subtree_consistency(
                             start, end, size, hashes, count, sub, root),
                         SG_ERR_PROOF);
        hashes[i].bytes[i % 32] ^= 0x10;
    }
}

/* For every leaf of every tree up to 130 leaves the plan is the RFC's path, the
 * path verifies, and no damaged path does. */
static void test_inclusion(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= PROOF_LEAVES_MAX; size++) {
        struct sg_hash root = root_of(0, size);

        for (uint64_t index = 0; index < size; index++) {
            struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
            struct sg_hash leaf = leaf_of(index);
            struct proof path = {.count = 0};
            size_t count = sg_merkle_plan_inclusion(index, size, ranges);

            path_of(index, 0, size, &path);
            assert_ranges_equal(ranges, count, &path);
            look_up(&path);
            assert_int_equal(sg_merkle_check_inclusion(index, size, &leaf,
                                                       path.hashes, path.count,
                                                       &root),
                             SG_OK);
            assert_defects_refused(index, index + 1, size, &path, &leaf, &root);
            assert_int_equal(sg_merkle_check_inclusion(size, size, &leaf,
                                                       path.hashes, path.count,
                                                       &root),
                             SG_ERR_PROOF);
        }
    }
}

/* For every pair of sizes up to 130 the plan is the RFC's proof, the proof
 * verifies, and no damaged proof does. */
static void test_consistency(void **state)
{
    (void)state;
    for (uint64_t b = 1; b <= PROOF_LEAVES_MAX; b++) {
        struct sg_hash root_b = root_of(0, b);

        for (uint64_t a = 1; a <= b; a++) {
            struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
            struct sg_hash root_a = root_of(0, a);
            struct proof proof = {.count = 0};
            size_t count = sg_merkle_plan_consistency(a, b, ranges);

            subproof_of(0, a, 0, b, true, &proof);
            assert_ranges_equal(ranges, count, &proof);
            look_up(&proof);
            assert_int_equal(sg_merkle_check_consistency(a, b, proof.hashes,
                                                         proof.count, &root_a,
                                                         &root_b),
                             SG_OK);
            assert_defects_refused(0, a, b, &proof, &root_a, &root_b);
        }
    }
}

/* Nothing is proved from size 0, nor backwards, nor without a proof. */
static void test_consistency_meaningless(void **state)
{
    struct sg_hash empty = root_of(0, 0), one = root_of(0, 1);
    struct sg_hash two = root_of(0, 2);

    (void)state;
    assert_int_equal(sg_merkle_check_consistency(0, 0, NULL, 0, &empty, &empty),
                     SG_ERR_PROOF);
    assert_int_equal(sg_merkle_check_consistency(0, 1, NULL, 0, &empty, &one),
                     SG_ERR_PROOF);
    assert_int_equal(sg_merkle_check_consistency(2, 1, NULL, 0, &two, &one),
                     SG_ERR_PROOF);
    assert_int_equal(sg_merkle_check_consistency(1, 2, NULL, 0, &one, &two),
                     SG_ERR_PROOF);
    assert_int_equal(sg_merkle_check_consistency(3, 7, NULL, 0, &one, &one),
                     SG_ERR_PROOF);
}

/* Says by the draft's words whether [start, end) is a subtree. */
static bool is_subtree_by_words(uint64_t start, uint64_t end)
{
    uint64_t power = 1;

    while (power < end - start)
        power *= 2;
    return start < end && start % power == 0;
}

/* Exactly the aligned ranges of a tree are its subtrees; each of them is proved
 * to be part of it by the draft's proof, and holds its leaves. */
static void test_subtrees(void **state)
{
    const uint64_t size = 41;
    struct sg_hash root = root_of(0, size);

    (void)state;
    for (uint64_t start = 0; start < size; start++) {
        for (uint64_t end = start + 1; end <= size; end++) {
            struct sg_hash sub = root_of(start, end);
            struct sg_hash last = leaf_of(end - 1);
            struct proof proof = {.count = 0}, path = {.count = 0};
            enum sg_err expected = SG_ERR_PROOF;

            if (is_subtree_by_words(start, end)) {
                subproof_of(start, end, 0, size, true, &proof);
                look_up(&proof);
                assert_defects_refused(start, end, size, &proof, &sub, &root);
                expected = SG_OK;
            }
            path_of(end - 1, start, end, &path);
            look_up(&path);
            assert_int_equal(
                sg_merkle_check_subtree_consistency(
                    start, end, size, proof.hashes, proof.count, &sub, &root),
                expected);
            assert_int_equal(
                sg_merkle_check_subtree_inclusion(
                    end - 1, start, end, &last, path.hashes, path.count, &sub),
                expected);
            assert_int_equal(
                sg_merkle_check_subtree_inclusion(
                    end, start, end, &last, path.hashes, path.count, &sub),
                SG_ERR_PROOF);
        }
    }
}

/* A subtree ends within its tree and holds nothing left of its start; an empty
 * one has the hash of nothing, wherever it is. */
static void test_subtree_edges(void **state)
{
    struct sg_hash empty = root_of(0, 0), leaf = leaf_of(2);
    struct sg_hash root = root_of(0, 3);

    (void)state;
    assert_int_equal(
        sg_merkle_check_subtree_consistency(2, 4, 3, NULL, 0, &leaf, &root),
        SG_ERR_PROOF);
    assert_int_equal(
        sg_merkle_check_subtree_inclusion(1, 2, 3, &leaf, NULL, 0, &leaf),
        SG_ERR_PROOF);
    assert_int_equal(
        sg_merkle_check_subtree_consistency(2, 1, 3, NULL, 0, &leaf, &root),
        SG_ERR_PROOF);
    assert_int_equal(
        sg_merkle_check_subtree_consistency(3, 3, 3, NULL, 0, &empty, &root),
        SG_OK);
    assert_int_equal(
        sg_merkle_check_subtree_consistency(3, 3, 3, &leaf, 1, &empty, &root),
        SG_ERR_PROOF);
    assert_int_equal(
        sg_merkle_check_subtree_consistency(3, 3, 3, NULL, 0, &leaf, &root),
        SG_ERR_PROOF);
}

static void assert_cover(uint64_t from, uint64_t to,
                         const struct sg_merkle_place *places, size_t count)
{
    uint64_t at = from;
    bool falling = false;

    for (size_t i = 0; i < count; i++) {
        uint64_t width = UINT64_C(1) << places[i].level;

        assert_int_equal(places[i].position << places[i].level, at);
        assert_true(width <= to - at);
        /* The fewest: levels rise, then fall, none twice on a side. */
        if (i > 0 && places[i].level <= places[i - 1].level) {
            assert_false(falling && places[i].level == places[i - 1].level);
            falling = true;
        } else if (i > 0) {
            assert_false(falling);
        }
        at += width;
    }
    assert_int_equal(at, to);
}

/* From every size up to 300 to every later one the frontier is extended by the
 * roots of the cover alone, and is then the one that leaves would give. */
static void test_cover_extend(void **state)
{
    static struct sg_frontier grown[COVER_LEAVES_MAX + 1];
    static struct sg_hash levels[9][COVER_LEAVES_MAX];

    (void)state;
    for (uint64_t size = 0; size <= COVER_LEAVES_MAX; size++)
        grown[size] = frontier_of(size);
    for (unsigned level = 0; level < 9; level++) {
        for (uint64_t i = 0; i < COVER_LEAVES_MAX >> level; i++)
            levels[level][i] = root_of(i << level, (i + 1) << level);
    }
    for (uint64_t to = 0; to <= COVER_LEAVES_MAX; to++) {
        for (uint64_t from = 0; from <= to; from++) {
            struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
            struct sg_hash hashes[SG_MERKLE_COVER_MAX];
            size_t count = sg_merkle_cover(from, to, places);
            struct sg_frontier frontier = grown[from];

            assert_cover(from, to, places, count);
            for (size_t i = 0; i < count; i++)
                hashes[i] = levels[places[i].level][places[i].position];
            assert_int_equal(sg_merkle_extend(&frontier, to, hashes, count),
                             SG_OK);
            assert_int_equal(frontier.size, to);
            assert_memory_equal(frontier.hashes, grown[to].hashes,
                                sg_merkle_frontier_count(to) *
                                    sizeof frontier.hashes[0]);
        }
    }
}

/* An extension with one hash too few or too many, or to a smaller size, is
 * refused and changes nothing. */
static void test_extend_refuses(void **state)
{
    struct sg_frontier frontier = frontier_of(5), before = frontier;
    struct sg_hash hashes[4] = {{{1}}, {{2}}, {{3}}, {{4}}};

    (void)state;
    /* [5, 11) is 5, 6..7, 8..9 and 10. */
    assert_int_equal(sg_merkle_extend(&frontier, 11, hashes, 3), SG_ERR_PROOF);
    assert_int_equal(sg_merkle_extend(&frontier, 10, hashes, 4), SG_ERR_PROOF);
    assert_int_equal(sg_merkle_extend(&frontier, 4, hashes, 0), SG_ERR_PROOF);
    assert_int_equal(sg_merkle_extend(&frontier, 5, hashes, 1), SG_ERR_PROOF);
    assert_memory_equal(&frontier, &before, sizeof frontier);
    assert_int_equal(sg_merkle_extend(&frontier, 11, hashes, 4), SG_OK);
}

/* PROTOCOL.md section 8: cover(b, n), as its lines say it. */
static void assert_extension(uint64_t from, uint64_t to,
                             const struct sg_merkle_range *ranges, size_t count)
{
    size_t used = 0;

    for (uint64_t b = from; b < to; used++) {
        uint64_t power = 1, end = to;

        while (b != 0 && (b & power) == 0)
            power *= 2;
        if (b != 0 && power < to - b)
            end = b + power;
        assert_true(used < count);
        assert_int_equal(ranges[used].start, b);
        assert_int_equal(ranges[used].end, end);
        b = end;
    }
    assert_int_equal(used, count);
}

/* The frontier at any size folds with the ranges right of it to the root at any
 * later size, and to no other root when a hash is changed. */
static void test_fold(void **state)
{
    static struct sg_frontier grown[PROOF_LEAVES_MAX + 1];

    (void)state;
    for (uint64_t size = 0; size <= PROOF_LEAVES_MAX; size++)
        grown[size] = frontier_of(size);
    for (uint64_t to = 0; to <= PROOF_LEAVES_MAX; to++) {
        struct sg_hash expected = root_of(0, to);

        for (uint64_t from = 0; from <= to; from++) {
            struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
            struct sg_hash hashes[SG_MERKLE_HASHES_MAX + 1], root;
            size_t count = sg_merkle_plan_extension(from, to, ranges);

            assert_extension(from, to, ranges, count);
            for (size_t i = 0; i < count; i++)
                hashes[i] = root_of(ranges[i].start, ranges[i].end);
            assert_int_equal(
                sg_merkle_fold(&grown[from], to, hashes, count, &root), SG_OK);
            assert_hash_equal(&root, &expected);
            for (size_t i = 0; i < count; i++) {
                hashes[i].bytes[i] ^= 1;
                assert_int_equal(
                    sg_merkle_fold(&grown[from], to, hashes, count, &root),
                    SG_OK);
                assert_memory_not_equal(&root, &expected, sizeof root);
                hashes[i].bytes[i] ^= 1;
            }
            hashes[count] = expected;
            assert_int_equal(
                sg_merkle_fold(&grown[from], to, hashes, count + 1, &root),
                SG_ERR_PROOF);
            if (count > 0)
                assert_int_equal(
                    sg_merkle_fold(&grown[from], to, hashes, count - 1, &root),
                    SG_ERR_PROOF);
        }
    }
}

/* Nothing folds to a smaller size. */
static void test_fold_backwards(void **state)
{
    struct sg_frontier frontier = frontier_of(5);
    struct sg_hash root;

    (void)state;
    assert_int_equal(sg_merkle_fold(&frontier, 4, NULL, 0, &root),
                     SG_ERR_PROOF);
    assert_int_equal(sg_merkle_fold(&frontier, 0, NULL, 0, &root),
                     SG_ERR_PROOF);
}

/* One hash stands for every node of a level, so trees of any size are cheap:
 * all leaves are alike. */
static struct sg_hash alike[64];

static void alike_init(void)
{
    alike[0] = leaf_of(0);
    for (size_t level = 1; level < 64; level++)
        alike[level] = sg_merkle_node(&alike[level - 1], &alike[level - 1]);
}

static struct sg_hash alike_root(uint64_t start, uint64_t end)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_hash hashes[SG_MERKLE_COVER_MAX];
    size_t count = sg_merkle_cover(start, end, places);

    for (size_t i = 0; i < count; i++)
        hashes[i] = alike[places[i].level];
    return sg_merkle_join(hashes, count);
}

static void alike_look_up(struct sg_merkle_range *ranges, size_t count,
                          struct sg_hash *ret_hashes)
{
    for (size_t i = 0; i < count; i++)
        ret_hashes[i] = alike_root(ranges[i].start, ranges[i].end);
}

/* xorshift64: the numbers only need to be many and the same every time. */
static uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Draws sizes of every magnitude, and the neighbours of powers of two. */
static uint64_t draw_size(uint64_t *seed)
{
    uint64_t size = draw(seed) >> (draw(seed) % 64);

    if (draw(seed) % 4 == 0)
        size = (UINT64_C(1) << draw(seed) % 64) - draw(seed) % 3;
    return size == 0 ? UINT64_MAX : size;
}

static void assert_big(uint64_t a, uint64_t b, uint64_t index)
{
    struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
    struct sg_hash hashes[SG_MERKLE_PROOF_MAX];
    struct sg_hash root_a = alike_root(0, a), root_b = alike_root(0, b);
    struct proof proof = {.count = 0}, path = {.count = 0};
    size_t count = sg_merkle_plan_consistency(a, b, ranges);

    subproof_of(0, a, 0, b, true, &proof);
    assert_ranges_equal(ranges, count, &proof);
    alike_look_up(ranges, count, hashes);
    assert_int_equal(
        sg_merkle_check_consistency(a, b, hashes, count, &root_a, &root_b),
        SG_OK);
    path_of(index, 0, b, &path);
    count = sg_merkle_plan_inclusion(index, b, ranges);
    assert_ranges_equal(ranges, count, &path);
    alike_look_up(ranges, count, hashes);
    assert_int_equal(
        sg_merkle_check_inclusion(index, b, &alike[0], hashes, count, &root_b),
        SG_OK);
    if (count > 0)
        assert_int_equal(sg_merkle_check_inclusion(index, b, &alike[0], hashes,
                                                   count - 1, &root_b),
                         SG_ERR_PROOF);
}

static void assert_big_extend(uint64_t from, uint64_t to)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_hash hashes[SG_MERKLE_COVER_MAX], root, expected;
    struct sg_frontier frontier = {.size = 0};
    size_t count = sg_merkle_cover(0, from, places);

    for (size_t i = 0; i < count; i++)
        hashes[i] = alike[places[i].level];
    assert_int_equal(sg_merkle_extend(&frontier, from, hashes, count), SG_OK);
    expected = alike_root(0, to);
    count = sg_merkle_plan_extension(from, to, ranges);
    assert_extension(from, to, ranges, count);
    alike_look_up(ranges, count, hashes);
    assert_int_equal(sg_merkle_fold(&frontier, to, hashes, count, &root),
                     SG_OK);
    assert_hash_equal(&root, &expected);
    count = sg_merkle_cover(from, to, places);
    assert_cover(from, to, places, count);
    for (size_t i = 0; i < count; i++)
        hashes[i] = alike[places[i].level];
    assert_int_equal(sg_merkle_extend(&frontier, to, hashes, count), SG_OK);
    root = sg_merkle_root(&frontier);
    assert_hash_equal(&root, &expected);
}

/* Plans, proofs and extensions hold for sizes of any magnitude up to
 * 2^64 - 1. */
static void test_big_sizes(void **state)
{
    uint64_t seed = 20230401;

    (void)state;
    alike_init();
    for (size_t i = 0; i < 2000; i++) {
        uint64_t a = draw_size(&seed), b = draw_size(&seed);
        uint64_t low = a < b ? a : b, high = a < b ? b : a;

        assert_big(low, high, draw(&seed) % high);
        assert_big(low, high, high - 1);
        assert_big_extend(low, high);
    }
    assert_big(UINT64_MAX - 1, UINT64_MAX, 0);
    assert_big((UINT64_C(1) << 63) + 1, UINT64_MAX, UINT64_C(1) << 63);
    assert_big_extend(0, UINT64_MAX);
}

/* The largest tree needs exactly the room that the header promises, and its
 * last leaf can still be appended. */
static void test_largest(void **state)
{
    struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_hash hashes[SG_MERKLE_HASHES_MAX], root, expected;
    struct sg_frontier frontier = {.size = 0};
    size_t count = sg_merkle_cover(0, UINT64_MAX - 1, places);

    (void)state;
    alike_init();
    assert_int_equal(sg_merkle_plan_inclusion(0, UINT64_MAX, ranges),
                     SG_MERKLE_HASHES_MAX);
    assert_int_equal(
        sg_merkle_plan_consistency((UINT64_C(1) << 63) + 1, UINT64_MAX, ranges),
        SG_MERKLE_PROOF_MAX);
    for (size_t i = 0; i < count; i++)
        hashes[i] = alike[places[i].level];
    assert_int_equal(sg_merkle_extend(&frontier, UINT64_MAX - 1, hashes, count),
                     SG_OK);
    sg_merkle_append(&frontier, &alike[0], NULL, NULL);
    assert_int_equal(sg_merkle_frontier_count(frontier.size),
                     SG_MERKLE_HASHES_MAX);
    root = sg_merkle_root(&frontier);
    expected = alike_root(0, UINT64_MAX);
    assert_hash_equal(&root, &expected);
    assert_int_equal(sg_merkle_cover(1, UINT64_MAX, places),
                     SG_MERKLE_COVER_MAX);
    assert_int_equal(sg_merkle_plan_extension(1, UINT64_MAX, ranges),
                     SG_MERKLE_HASHES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_roots),
        cmocka_unit_test(test_append_against_recursion),
        cmocka_unit_test(test_append_names_nodes),
        cmocka_unit_test(test_inclusion),
        cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_consistency_meaningless),
        cmocka_unit_test(test_subtrees),
        cmocka_unit_test(test_subtree_edges),
        cmocka_unit_test(test_cover_extend),
        cmocka_unit_test(test_extend_refuses),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_fold_backwards),
        cmocka_unit_test(test_big_sizes),
        cmocka_unit_test(test_largest),
    };

    return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
