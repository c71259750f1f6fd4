#include "replication/head_tree.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define PURPOSE "sogoc v1 heads"

/* What is hashed begins with what it is. */
#define MARK_LEAF   0
#define MARK_NODE   1
#define MARK_FORKED 2

/* A place below a node: nothing, a log's slot, or another node's index + 1. */
#define REF_NONE 0u
#define REF_LOG  UINT32_C(0x80000000)

_Static_assert(SG_LOGS_MAX < REF_LOG, "slots and nodes fit a place");

struct leaf {
    struct sg_log_id id;
    struct sg_hash hash;
    bool is_there;
};

/* Two or more logs whose ids first differ in nibble DEPTH. */
struct node {
    uint32_t children[16];
    struct sg_hash hash;
    uint16_t bitmap;
    uint8_t depth;
    bool is_stale; /* the hash is; then those of all nodes above are too */
};

struct sg_head_tree {
    struct sg_sha256 hasher;
    uint32_t logs_max;
    uint32_t count;      /* of logs */
    uint32_t node_count; /* never above count - 1 */
    uint32_t root;       /* a place */
    struct leaf *leaves;
    struct node *nodes;
};

/* --- Hashes ------------------------------------------------------------ */

void sg_head_tree_hasher(const struct sg_registry_id *registry,
                         struct sg_sha256 *ret_hasher)
{
    sg_crypto_purpose_init(ret_hasher, PURPOSE, &registry->hash);
}

struct sg_hash sg_head_tree_leaf(const struct sg_sha256 *hasher,
                                 const struct sg_log_id *log, uint64_t size,
                                 const struct sg_hash *root)
{
    uint8_t bytes[1 + 32 + 8 + 32] = {MARK_LEAF};
    struct sg_hash leaf;

    SG_ASSERT(size > 0);
    memcpy(bytes + 1, log->hash.bytes, 32);
    sg_bytes_put_u64be(bytes + 33, size);
    memcpy(bytes + 41, root->bytes, 32);
    sg_crypto_sha256_after(hasher, bytes, sizeof bytes, &leaf);
    return leaf;
}

struct sg_hash sg_head_tree_leaf_forked(const struct sg_sha256 *hasher,
                                        const struct sg_log_id *log)
{
    uint8_t bytes[1 + 32] = {MARK_FORKED};
    struct sg_hash leaf;

    memcpy(bytes + 1, log->hash.bytes, 32);
    sg_crypto_sha256_after(hasher, bytes, sizeof bytes, &leaf);
    return leaf;
}

static unsigned nibble_of(const struct sg_log_id *id, unsigned n)
{
    uint8_t byte = id->hash.bytes[n / 2];

    return n % 2 == 0 ? byte >> 4 : byte & 15u;
}

static struct node *node_at(const struct sg_head_tree *tree, uint32_t ref)
{
    SG_ASSERT(ref != REF_NONE);
    SG_ASSERT((ref & REF_LOG) == 0);
    return &tree->nodes[ref - 1];
}

/* The hash of all logs below REF, made anew where it is stale. No deeper than
 * an id has nibbles. */
static struct sg_hash hash_of(struct sg_head_tree *tree, uint32_t ref)
{
    uint8_t bytes[1 + 2 + 16 * sizeof(struct sg_hash)] = {MARK_NODE};
    size_t size = 3;
    struct node *node;

    if (ref == REF_NONE)
        return (struct sg_hash){{0}};
    if (ref & REF_LOG)
        return tree->leaves[ref & ~REF_LOG].hash;
    node = node_at(tree, ref);
    if (!node->is_stale)
        return node->hash;
    sg_bytes_put_u16be(bytes + 1, node->bitmap);
    for (unsigned c = 0; c < 16; c++) {
        if (node->children[c] == REF_NONE)
            continue;
        struct sg_hash child = hash_of(tree, node->children[c]);
        memcpy(bytes + size, child.bytes, sizeof child.bytes);
        size += sizeof child.bytes;
    }
    sg_crypto_sha256_after(&tree->hasher, bytes, size, &node->hash);
    node->is_stale = false;
    return node->hash;
}

/* --- Making and changing ----------------------------------------------- */

enum sg_err sg_head_tree_new(const struct sg_registry_id *registry,
                             uint32_t logs_max, struct sg_head_tree **ret_tree)
{
    struct sg_head_tree *tree;

    if (logs_max < 1 || logs_max > SG_LOGS_MAX)
        return SG_ERR_LIMIT;
    tree = sg_calloc(1, sizeof *tree);
    if (tree == NULL)
        return SG_ERR_NOMEM;
    tree->logs_max = logs_max;
    tree->leaves = sg_calloc(logs_max, sizeof *tree->leaves);
    tree->nodes = sg_calloc(logs_max, sizeof *tree->nodes);
    if (tree->leaves == NULL || tree->nodes == NULL) {
        sg_head_tree_free(tree);
        return SG_ERR_NOMEM;
    }
    sg_head_tree_hasher(registry, &tree->hasher);
    *ret_tree = tree;
    return SG_OK;
}

void sg_head_tree_free(struct sg_head_tree *tree)
{
    if (tree == NULL)
        return;
    sg_free(tree->leaves);
    sg_free(tree->nodes);
    sg_free(tree);
}

void sg_head_tree_clear(struct sg_head_tree *tree)
{
    for (uint32_t i = 0; i < tree->logs_max; i++)
        tree->leaves[i].is_there = false;
    tree->count = 0;
    tree->node_count = 0;
    tree->root = REF_NONE;
}

/* Any log below REF: they all begin alike. */
static const struct sg_log_id *some_id(const struct sg_head_tree *tree,
                                       uint32_t ref)
{
    while (!(ref & REF_LOG)) {
        const struct node *node = node_at(tree, ref);

        ref = node->children[__builtin_ctz(node->bitmap)];
    }
    return &tree->leaves[ref & ~REF_LOG].id;
}

/* The first nibble in which A and B differ; 64 if they do not. */
static unsigned first_difference(const struct sg_log_id *a,
                                 const struct sg_log_id *b)
{
    for (unsigned i = 0; i < sizeof a->hash.bytes; i++) {
        unsigned differing = a->hash.bytes[i] ^ b->hash.bytes[i];

        if (differing != 0)
            return 2 * i + (differing < 16);
    }
    return SG_HEAD_NIBBLES_MAX;
}

/* The log in the tree that ID begins like longest: where the way of ID is not
 * there any more, all below have the same beginning. */
static const struct sg_log_id *nearest_id(const struct sg_head_tree *tree,
                                          const struct sg_log_id *id)
{
    uint32_t ref = tree->root;

    while (!(ref & REF_LOG)) {
        const struct node *node = node_at(tree, ref);
        uint32_t child = node->children[nibble_of(id, node->depth)];

        if (child == REF_NONE)
            return some_id(tree, ref);
        ref = child;
    }
    return &tree->leaves[ref & ~REF_LOG].id;
}

/* Makes all hashes on the way to ID stale, down to nodes of DEPTH; returns
 * where the way ends. */
static uint32_t *make_stale(struct sg_head_tree *tree,
                            const struct sg_log_id *id, unsigned depth)
{
    uint32_t *ref = &tree->root;

    while (*ref != REF_NONE && !(*ref & REF_LOG)) {
        struct node *node = node_at(tree, *ref);

        if (node->depth >= depth)
            break;
        node->is_stale = true;
        ref = &node->children[nibble_of(id, node->depth)];
    }
    return ref;
}

static void insert(struct sg_head_tree *tree, const struct sg_log_id *id,
                   uint32_t ref)
{
    unsigned depth;
    uint32_t *place;
    struct node *node;

    if (tree->root == REF_NONE) {
        tree->root = ref;
        return;
    }
    depth = first_difference(id, nearest_id(tree, id));
    SG_ASSERT(depth < SG_HEAD_NIBBLES_MAX);
    place = make_stale(tree, id, depth);
    if ((*place & REF_LOG) || node_at(tree, *place)->depth != depth) {
        unsigned other = nibble_of(some_id(tree, *place), depth);

        SG_ASSERT(tree->node_count < tree->logs_max);
        node = &tree->nodes[tree->node_count++];
        *node = (struct node){.depth = (uint8_t)depth};
        node->bitmap = (uint16_t)(1u << other);
        node->children[other] = *place;
        *place = tree->node_count;
    }
    node = node_at(tree, *place);
    node->is_stale = true;
    node->bitmap |= (uint16_t)(1u << nibble_of(id, depth));
    node->children[nibble_of(id, depth)] = ref;
}

void sg_head_tree_put(struct sg_head_tree *tree, uint32_t slot,
                      const struct sg_log_id *log, const struct sg_hash *leaf)
{
    SG_ASSERT(slot < tree->logs_max);
    if (tree->leaves[slot].is_there) {
        SG_ASSERT(first_difference(&tree->leaves[slot].id, log) ==
                  SG_HEAD_NIBBLES_MAX);
        (void)make_stale(tree, log, SG_HEAD_NIBBLES_MAX);
        tree->leaves[slot].hash = *leaf;
        return;
    }
    tree->leaves[slot] = (struct leaf){*log, *leaf, true};
    insert(tree, log, REF_LOG | slot);
    tree->count++;
}

/* --- Looking ----------------------------------------------------------- */

uint32_t sg_head_tree_count(const struct sg_head_tree *tree)
{
    return tree->count;
}

bool sg_head_tree_has(const struct sg_head_tree *tree, uint32_t slot)
{
    SG_ASSERT(slot < tree->logs_max);
    return tree->leaves[slot].is_there;
}

const struct sg_hash *sg_head_tree_leaf_at(const struct sg_head_tree *tree,
                                           uint32_t slot)
{
    SG_ASSERT(sg_head_tree_has(tree, slot));
    return &tree->leaves[slot].hash;
}

const struct sg_log_id *sg_head_tree_id_at(const struct sg_head_tree *tree,
                                           uint32_t slot)
{
    SG_ASSERT(sg_head_tree_has(tree, slot));
    return &tree->leaves[slot].id;
}

/* The place that holds exactly the logs below PREFIX. */
static uint32_t place_of(const struct sg_head_tree *tree,
                         const struct sg_head_prefix *prefix)
{
    struct sg_log_id id = {prefix->id};
    uint32_t ref = tree->root;

    SG_ASSERT(prefix->nibbles <= SG_HEAD_NIBBLES_MAX);
    while (ref != REF_NONE && !(ref & REF_LOG)) {
        const struct node *node = node_at(tree, ref);

        if (node->depth >= prefix->nibbles)
            break;
        ref = node->children[nibble_of(&id, node->depth)];
    }
    if (ref != REF_NONE &&
        first_difference(&id, some_id(tree, ref)) < prefix->nibbles)
        return REF_NONE;
    return ref;
}

struct sg_hash sg_head_tree_root(struct sg_head_tree *tree)
{
    return hash_of(tree, tree->root);
}

struct sg_hash sg_head_tree_node(struct sg_head_tree *tree,
                                 const struct sg_head_prefix *prefix)
{
    return hash_of(tree, place_of(tree, prefix));
}

uint16_t sg_head_tree_children(struct sg_head_tree *tree,
                               const struct sg_head_prefix *prefix,
                               struct sg_hash ret_hashes[16])
{
    uint32_t ref = place_of(tree, prefix);
    unsigned only;

    SG_ASSERT(prefix->nibbles < SG_HEAD_NIBBLES_MAX);
    memset(ret_hashes, 0, 16 * sizeof ret_hashes[0]);
    if (ref == REF_NONE)
        return 0;
    if (!(ref & REF_LOG) && node_at(tree, ref)->depth == prefix->nibbles) {
        const struct node *node = node_at(tree, ref);

        for (unsigned c = 0; c < 16; c++)
            ret_hashes[c] = hash_of(tree, node->children[c]);
        return node->bitmap;
    }
    only = nibble_of(some_id(tree, ref), prefix->nibbles);
    ret_hashes[only] = hash_of(tree, ref);
    return (uint16_t)(1u << only);
}

struct sg_head_prefix sg_head_tree_child(const struct sg_head_prefix *prefix,
                                         unsigned nibble)
{
    struct sg_head_prefix child = *prefix;
    uint8_t *byte = &child.id.bytes[prefix->nibbles / 2];

    SG_ASSERT(prefix->nibbles < SG_HEAD_NIBBLES_MAX);
    SG_ASSERT(nibble < 16);
    *byte |= (uint8_t)(prefix->nibbles % 2 == 0 ? nibble << 4 : nibble);
    child.nibbles++;
    return child;
}

/* --- Walking ----------------------------------------------------------- */

/* Puts REF on the stack, of whose children those in LEFT will be walked. */
static void walk_into(struct sg_head_tree_walk *walk, uint32_t ref,
                      uint16_t left)
{
    SG_ASSERT(walk->depth <= SG_HEAD_NIBBLES_MAX);
    walk->stack[walk->depth] = ref;
    walk->left[walk->depth] = left;
    walk->depth++;
}

static void walk_whole(struct sg_head_tree_walk *walk, uint32_t ref)
{
    if (ref != REF_NONE)
        walk_into(walk, ref,
                  ref & REF_LOG ? 0 : node_at(walk->tree, ref)->bitmap);
}

void sg_head_tree_walk_prefix(struct sg_head_tree_walk *walk,
                              const struct sg_head_tree *tree,
                              const struct sg_head_prefix *prefix)
{
    *walk = (struct sg_head_tree_walk){.tree = tree};
    walk_whole(walk, place_of(tree, prefix));
}

void sg_head_tree_walk_from(struct sg_head_tree_walk *walk,
                            const struct sg_head_tree *tree,
                            const struct sg_log_id *id)
{
    uint32_t ref = tree->root;

    *walk = (struct sg_head_tree_walk){.tree = tree};
    while (ref != REF_NONE) {
        const struct sg_log_id *some = some_id(tree, ref);
        unsigned at = first_difference(id, some), c;
        const struct node *node;

        if ((ref & REF_LOG) || at < node_at(tree, ref)->depth) {
            if (at == SG_HEAD_NIBBLES_MAX ||
                nibble_of(some, at) > nibble_of(id, at))
                walk_whole(walk, ref);
            return;
        }
        node = node_at(tree, ref);
        c = nibble_of(id, node->depth);
        walk_into(walk, ref, (uint16_t)(node->bitmap & (0xfffeu << c)));
        ref = node->children[c];
    }
}

bool sg_head_tree_walk_next(struct sg_head_tree_walk *walk, uint32_t *ret_slot)
{
    while (walk->depth > 0) {
        uint32_t ref = walk->stack[walk->depth - 1];
        uint16_t *left = &walk->left[walk->depth - 1];

        if (ref & REF_LOG) {
            walk->depth--;
            *ret_slot = ref & ~REF_LOG;
            return true;
        }
        if (*left == 0) {
            walk->depth--;
            continue;
        }
        ref = node_at(walk->tree, ref)->children[__builtin_ctz(*left)];
        *left = (uint16_t)(*left & (*left - 1));
        walk_whole(walk, ref);
    }
    return false;
}
