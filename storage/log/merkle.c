#include "storage/log/merkle.h"

#include <stdbool.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/crypto.h"

/* RFC 6962, section 2.1: what keeps a leaf from passing for a node. */
#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

struct sg_hash sg_merkle_leaf(const uint8_t *data, size_t size)
{
    static const uint8_t prefix = LEAF_PREFIX;
    struct sg_sha256 ctx;
    struct sg_hash hash;

    sg_crypto_sha256_init(&ctx);
    sg_crypto_sha256_update(&ctx, &prefix, sizeof prefix);
    sg_crypto_sha256_update(&ctx, data, size);
    sg_crypto_sha256_final(&ctx, &hash);
    return hash;
}

struct sg_hash sg_merkle_node(const struct sg_hash *left,
                              const struct sg_hash *right)
{
    uint8_t data[1 + 2 * sizeof left->bytes];
    struct sg_hash hash;

    data[0] = NODE_PREFIX;
    memcpy(data + 1, left->bytes, sizeof left->bytes);
    memcpy(data + 1 + sizeof left->bytes, right->bytes, sizeof right->bytes);
    sg_crypto_sha256(data, sizeof data, &hash);
    return hash;
}

struct sg_hash sg_merkle_join(const struct sg_hash hashes[], size_t count)
{
    struct sg_hash hash;

    if (count == 0) {
        sg_crypto_sha256(NULL, 0, &hash);
        return hash;
    }
    hash = hashes[count - 1];
    for (size_t i = count - 1; i > 0; i--)
        hash = sg_merkle_node(&hashes[i - 1], &hash);
    return hash;
}

size_t sg_merkle_frontier_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

/* Adds the complete subtree of LEVEL that begins where the tree ends. It meets
 * the 1 bits of the size as a sum carries. */
static void add(struct sg_frontier *frontier, unsigned level,
                struct sg_hash hash, sg_merkle_node_fn *on_node, void *context)
{
    uint64_t size = frontier->size;
    size_t count = sg_merkle_frontier_count(size);

    SG_ASSERT((size & ((UINT64_C(1) << level) - 1)) == 0);
    frontier->size += UINT64_C(1) << level;
    SG_ASSERT(frontier->size > size);
    while ((size >> level & 1) != 0) {
        hash = sg_merkle_node(&frontier->hashes[--count], &hash);
        level++;
        if (on_node != NULL)
            on_node(context, level, size >> level, &hash);
    }
    frontier->hashes[count] = hash;
}

void sg_merkle_append(struct sg_frontier *frontier, const struct sg_hash *leaf,
                      sg_merkle_node_fn *on_node, void *context)
{
    add(frontier, 0, *leaf, on_node, context);
}

struct sg_hash sg_merkle_root(const struct sg_frontier *frontier)
{
    return sg_merkle_join(frontier->hashes,
                          sg_merkle_frontier_count(frontier->size));
}

static bool equal(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Where a proof's walk from a subtree up to the root is: on each level the
 * position of the subtree's first node, of its last, and of the tree's last. */
struct walk {
    uint64_t first;
    uint64_t last;
    uint64_t end;
};

static void walk_up(struct walk *walk)
{
    walk->first >>= 1;
    walk->last >>= 1;
    walk->end >>= 1;
}

/* Starts at the level of the largest complete subtree that ends the range
 * [START, END), or, when the range ends the tree of SIZE, of its own root. */
static struct walk walk_begin(uint64_t start, uint64_t end, uint64_t size)
{
    struct walk walk = {start, end - 1, size - 1};

    SG_ASSERT(start < end);
    SG_ASSERT(end <= size);
    while (walk.first != walk.last && (end == size || (walk.last & 1) != 0))
        walk_up(&walk);
    return walk;
}

/* The verification of draft-ietf-plants-merkle-tree-certs, section 4.4.3. With
 * start 0 it is RFC 9162's of consistency, with one leaf its of inclusion. */
static enum sg_err check(uint64_t start, uint64_t end, uint64_t size,
                         const struct sg_hash proof[], size_t proof_count,
                         const struct sg_hash *root_sub,
                         const struct sg_hash *root)
{
    struct walk walk = walk_begin(start, end, size);
    struct sg_hash sub = *root_sub; /* the subtree's, recomputed */
    struct sg_hash all = *root_sub; /* the tree's */
    size_t used = 0;

    if (walk.first != walk.last) {
        if (proof_count == 0)
            return SG_ERR_PROOF;
        sub = all = proof[used++];
    }
    for (; used < proof_count; used++) {
        if (walk.end == 0)
            return SG_ERR_PROOF;
        if ((walk.last & 1) != 0 || walk.last == walk.end) {
            if (walk.first < walk.last)
                sub = sg_merkle_node(&proof[used], &sub);
            all = sg_merkle_node(&proof[used], &all);
            while ((walk.last & 1) == 0)
                walk_up(&walk); /* the last node has no sibling here */
        } else {
            all = sg_merkle_node(&all, &proof[used]);
        }
        walk_up(&walk);
    }
    if (walk.end != 0 || !equal(&sub, root_sub) || !equal(&all, root))
        return SG_ERR_PROOF;
    return SG_OK;
}

enum sg_err sg_merkle_check_inclusion(uint64_t index, uint64_t size,
                                      const struct sg_hash *leaf,
                                      const struct sg_hash path[],
                                      size_t path_count,
                                      const struct sg_hash *root)
{
    if (index >= size)
        return SG_ERR_PROOF;
    return check(index, index + 1, size, path, path_count, leaf, root);
}

enum sg_err sg_merkle_check_consistency(uint64_t size_a, uint64_t size_b,
                                        const struct sg_hash proof[],
                                        size_t proof_count,
                                        const struct sg_hash *root_a,
                                        const struct sg_hash *root_b)
{
    if (size_a == 0 || size_a > size_b)
        return SG_ERR_PROOF;
    return check(0, size_a, size_b, proof, proof_count, root_a, root_b);
}

static bool is_subtree(uint64_t start, uint64_t end)
{
    if (start >= end)
        return false;
    if (end - start == 1)
        return true;
    return (start & UINT64_MAX >> __builtin_clzll(end - start - 1)) == 0;
}

enum sg_err sg_merkle_check_subtree_inclusion(
    uint64_t index, uint64_t start, uint64_t end, const struct sg_hash *leaf,
    const struct sg_hash path[], size_t path_count, const struct sg_hash *root)
{
    if (!is_subtree(start, end) || index < start || index >= end)
        return SG_ERR_PROOF;
    return sg_merkle_check_inclusion(index - start, end - start, leaf, path,
                                     path_count, root);
}

enum sg_err sg_merkle_check_subtree_consistency(uint64_t start, uint64_t end,
                                                uint64_t size,
                                                const struct sg_hash proof[],
                                                size_t proof_count,
                                                const struct sg_hash *root_sub,
                                                const struct sg_hash *root)
{
    if (end > size)
        return SG_ERR_PROOF;
    if (start == end) {
        struct sg_hash nothing = sg_merkle_join(NULL, 0);

        return proof_count == 0 && equal(root_sub, &nothing) ? SG_OK
                                                             : SG_ERR_PROOF;
    }
    if (!is_subtree(start, end))
        return SG_ERR_PROOF;
    return check(start, end, size, proof, proof_count, root_sub, root);
}

/* Gives the largest complete subtree that begins at FROM and ends by TO. */
static struct sg_merkle_place largest(uint64_t from, uint64_t to)
{
    unsigned level = 63 - (unsigned)__builtin_clzll(to - from);

    if (from != 0) {
        unsigned alignment = (unsigned)__builtin_ctzll(from);

        level = alignment < level ? alignment : level;
    }
    return (struct sg_merkle_place){level, from >> level};
}

size_t sg_merkle_cover(uint64_t from, uint64_t to,
                       struct sg_merkle_place ret_places[SG_MERKLE_COVER_MAX])
{
    size_t count = 0;

    SG_ASSERT(from <= to);
    while (from < to) {
        SG_ASSERT(count < SG_MERKLE_COVER_MAX);
        ret_places[count] = largest(from, to);
        from += UINT64_C(1) << ret_places[count++].level;
    }
    return count;
}

enum sg_err sg_merkle_extend(struct sg_frontier *frontier, uint64_t to,
                             const struct sg_hash hashes[], size_t count)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];

    if (to < frontier->size)
        return SG_ERR_PROOF;
    if (sg_merkle_cover(frontier->size, to, places) != count)
        return SG_ERR_PROOF;
    for (size_t i = 0; i < count; i++)
        add(frontier, places[i].level, hashes[i], /* on_node= */ NULL, NULL);
    SG_ASSERT(frontier->size == to);
    return SG_OK;
}

/* Plans the siblings on the way from node (LEVEL, POSITION) to the root of the
 * tree of SIZE; returns their number. */
static size_t plan_siblings(unsigned level, uint64_t position, uint64_t size,
                            struct sg_merkle_range ret_ranges[])
{
    size_t count = 0;

    for (uint64_t last = (size - 1) >> level; last > 0; last >>= 1) {
        uint64_t sibling = position ^ 1;

        if (sibling <= last) {
            uint64_t start = sibling << level;
            uint64_t end = sibling == last ? size : (sibling + 1) << level;

            ret_ranges[count++] = (struct sg_merkle_range){start, end};
        }
        position >>= 1;
        level++;
    }
    return count;
}

size_t sg_merkle_plan_inclusion(
    uint64_t index, uint64_t size,
    struct sg_merkle_range ret_ranges[SG_MERKLE_HASHES_MAX])
{
    size_t count;

    SG_ASSERT(index < size);
    count = plan_siblings(0, index, size, ret_ranges);
    SG_ASSERT(count <= SG_MERKLE_HASHES_MAX);
    return count;
}

size_t sg_merkle_plan_consistency(
    uint64_t size_a, uint64_t size_b,
    struct sg_merkle_range ret_ranges[SG_MERKLE_PROOF_MAX])
{
    unsigned level;
    uint64_t position;
    size_t count = 0;

    SG_ASSERT(size_a > 0);
    SG_ASSERT(size_a <= size_b);
    if (size_a == size_b)
        return 0;
    level = (unsigned)__builtin_ctzll(size_a);
    position = (size_a >> level) - 1;
    if (position != 0) /* a power of two is known by its root */
        ret_ranges[count++] =
            (struct sg_merkle_range){position << level, size_a};
    count += plan_siblings(level, position, size_b, ret_ranges + count);
    SG_ASSERT(count <= SG_MERKLE_PROOF_MAX);
    return count;
}

size_t sg_merkle_plan_extension(
    uint64_t from, uint64_t to,
    struct sg_merkle_range ret_ranges[SG_MERKLE_HASHES_MAX])
{
    size_t count = 0;

    SG_ASSERT(from <= to);
    while (from < to) {
        uint64_t width = from & (0 - from); /* 0: all there is */
        uint64_t end = width == 0 || width > to - from ? to : from + width;

        SG_ASSERT(count < SG_MERKLE_HASHES_MAX);
        ret_ranges[count++] = (struct sg_merkle_range){from, end};
        from = end;
    }
    return count;
}

/* The walk of a consistency proof: from the frontier's last subtree up, with
 * the frontier's others as left siblings and HASHES as right ones. */
static size_t fold_up(const struct sg_frontier *frontier, uint64_t to,
                      const struct sg_hash hashes[], struct sg_hash *ret_root)
{
    size_t left = sg_merkle_frontier_count(frontier->size) - 1, right = 0;
    struct sg_hash hash = frontier->hashes[left];
    unsigned level = (unsigned)__builtin_ctzll(frontier->size);
    uint64_t position = (frontier->size >> level) - 1;

    for (uint64_t last = (to - 1) >> level; last > 0; last >>= 1) {
        if ((position & 1) != 0)
            hash = sg_merkle_node(&frontier->hashes[--left], &hash);
        else if (position < last)
            hash = sg_merkle_node(&hash, &hashes[right++]);
        position >>= 1;
    }
    SG_ASSERT(left == 0);
    *ret_root = hash;
    return right;
}

enum sg_err sg_merkle_fold(const struct sg_frontier *frontier, uint64_t to,
                           const struct sg_hash hashes[], size_t count,
                           struct sg_hash *ret_root)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t used;

    if (to < frontier->size)
        return SG_ERR_PROOF;
    if (sg_merkle_plan_extension(frontier->size, to, ranges) != count)
        return SG_ERR_PROOF;
    if (frontier->size == 0) {
        *ret_root = sg_merkle_join(hashes, count);
        return SG_OK;
    }
    used = fold_up(frontier, to, hashes, ret_root);
    SG_ASSERT(used == count);
    return SG_OK;
}
