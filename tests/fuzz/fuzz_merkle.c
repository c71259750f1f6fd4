/* Proofs as numbers and hashes: any of them is judged within bounds, fits at
 * most one root, and only with as many hashes as the plan says. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/log/merkle.h"
#include "tests/fuzz/fuzz.h"

#define HASHES_MAX 130

/* Three numbers, and of the rest as many hashes as there are. */
struct input {
    uint64_t a, b, c;
    struct sg_hash hashes[HASHES_MAX];
    size_t count;
};

static struct input read_input(const uint8_t *data, size_t size)
{
    struct input input = {.count = 0};
    struct sg_reader reader;

    sg_reader_init(&reader, sg_bytes(data, size));
    input.a = sg_reader_u64be(&reader);
    input.b = sg_reader_u64be(&reader);
    input.c = sg_reader_u64be(&reader);
    while (reader.left.size > 0 && input.count < HASHES_MAX) {
        /* Short ones too, so that a small input holds a long proof. */
        size_t part = reader.left.size < 4 ? reader.left.size : 4;

        sg_reader_copy(&reader, input.hashes[input.count++].bytes, part);
    }
    return input;
}

static void try_inclusion(const struct input *in)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    const struct sg_hash *leaf = &in->hashes[0], *root = &in->hashes[1];
    const struct sg_hash *path = &in->hashes[2];
    size_t count = in->count < 2 ? 0 : in->count - 2;
    enum sg_err err =
        sg_merkle_check_inclusion(in->a, in->b, leaf, path, count, root);
    struct sg_hash other = *root;

    other.bytes[0] ^= 1;
    if (in->a >= in->b) {
        SG_ASSERT(err == SG_ERR_PROOF);
        return;
    }
    if (sg_merkle_plan_inclusion(in->a, in->b, ranges) != count)
        SG_ASSERT(err == SG_ERR_PROOF);
    if (err == SG_OK)
        SG_ASSERT(sg_merkle_check_inclusion(in->a, in->b, leaf, path, count,
                                            &other) == SG_ERR_PROOF);
}

static void try_consistency(const struct input *in)
{
    struct sg_merkle_range ranges[SG_MERKLE_PROOF_MAX];
    const struct sg_hash *roots = in->hashes, *proof = &in->hashes[2];
    size_t count = in->count < 2 ? 0 : in->count - 2;
    enum sg_err err = sg_merkle_check_consistency(in->a, in->b, proof, count,
                                                  &roots[0], &roots[1]);

    if (in->a == 0 || in->a > in->b) {
        SG_ASSERT(err == SG_ERR_PROOF);
        return;
    }
    if (sg_merkle_plan_consistency(in->a, in->b, ranges) != count)
        SG_ASSERT(err == SG_ERR_PROOF);
    SG_ASSERT(err == sg_merkle_check_subtree_consistency(
                         0, in->a, in->b, proof, count, &roots[0], &roots[1]));
}

static void try_subtrees(const struct input *in)
{
    const struct sg_hash *roots = in->hashes, *proof = &in->hashes[2];
    size_t count = in->count < 2 ? 0 : in->count - 2;
    enum sg_err err;

    err = sg_merkle_check_subtree_consistency(in->a, in->b, in->c, proof, count,
                                              &roots[0], &roots[1]);
    if (in->a > in->b || in->b > in->c)
        SG_ASSERT(err == SG_ERR_PROOF);
    err = sg_merkle_check_subtree_inclusion(in->a, in->b, in->c, &roots[0],
                                            proof, count, &roots[1]);
    if (in->a < in->b || in->a >= in->c)
        SG_ASSERT(err == SG_ERR_PROOF);
}

/* Folds FRONTIER, of size A, to B. */
static void try_fold(const struct input *in, const struct sg_frontier *frontier)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    struct sg_hash root;
    enum sg_err err =
        sg_merkle_fold(frontier, in->b, in->hashes, in->count, &root);

    if (in->a > in->b)
        SG_ASSERT(err == SG_ERR_PROOF);
    else if (sg_merkle_plan_extension(in->a, in->b, ranges) != in->count)
        SG_ASSERT(err == SG_ERR_PROOF);
    else
        SG_ASSERT(err == SG_OK);
}

/* Extends a tree of size A to B, and in one step from nothing to B. */
static void try_extend(const struct input *in)
{
    struct sg_merkle_place places[SG_MERKLE_COVER_MAX];
    struct sg_frontier frontier = {.size = 0}, before;
    size_t count = sg_merkle_cover(0, in->a, places);
    enum sg_err err;

    SG_ASSERT(count == sg_merkle_frontier_count(in->a));
    SG_ASSERT(sg_merkle_extend(&frontier, in->a, in->hashes, count) == SG_OK);
    before = frontier;
    try_fold(in, &frontier);
    err = sg_merkle_extend(&frontier, in->b, in->hashes, in->count);
    if (err != SG_OK) {
        SG_ASSERT(memcmp(&frontier, &before, sizeof frontier) == 0);
        return;
    }
    SG_ASSERT(sg_merkle_cover(in->a, in->b, places) == in->count);
    SG_ASSERT(frontier.size == in->b);
    (void)sg_merkle_root(&frontier);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = read_input(data, size);

    try_inclusion(&input);
    try_consistency(&input);
    try_subtrees(&input);
    try_extend(&input);
    return 0;
}
