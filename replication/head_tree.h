/* The head tree: one hash over what a node knows of all logs, and over any part
 * of them.
 *
 * PROTOCOL.md section 7. The tree is cut by the nibbles of log ids; the hash of
 * a set of logs depends on the set alone. A change costs the hashes of one path
 * (4 among 11,000 logs), and they are made when a hash is next asked for: a
 * thousand changes together cost each node once. Walks go in the order of ids.
 *
 * What a leaf says is the caller's: log_table.h puts the known checkpoints in,
 * another may put a cut in, whose root statements sign. Memory is taken at
 * creation. Not for two threads at a time: asking may hash.
 */
#ifndef SG_REPLICATION_HEAD_TREE_H
#define SG_REPLICATION_HEAD_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/log/entry.h"

#define SG_HEAD_NIBBLES_MAX 64u

/* The first NIBBLES of a log id, 4 bits each, the high half first; what follows
 * them in ID is zero. */
struct sg_head_prefix {
    uint8_t nibbles; /* 0 (all logs) to SG_HEAD_NIBBLES_MAX */
    struct sg_hash id;
};

/* Begins the hashes of leaves and nodes: once a registry. */
void sg_head_tree_hasher(const struct sg_registry_id *registry,
                         struct sg_sha256 *ret_hasher);

/* Gives the leaf of a log whose SIZE > 0 entries have ROOT; of a forked log. */
struct sg_hash sg_head_tree_leaf(const struct sg_sha256 *hasher,
                                 const struct sg_log_id *log, uint64_t size,
                                 const struct sg_hash *root);
struct sg_hash sg_head_tree_leaf_forked(const struct sg_sha256 *hasher,
                                        const struct sg_log_id *log);

struct sg_head_tree;

/* Makes an empty tree for at most LOGS_MAX logs, 1 to SG_LOGS_MAX; each takes
 * about 180 bytes. Caller frees. Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_head_tree_new(
    const struct sg_registry_id *registry, uint32_t logs_max,
    struct sg_head_tree **ret_tree);

/* Frees; takes NULL. */
void sg_head_tree_free(struct sg_head_tree *tree);

/* Sets the leaf of LOG, which stands in the tree from now on. SLOT is the
 * caller's number for it, below LOGS_MAX, always the same for one log. */
void sg_head_tree_put(struct sg_head_tree *tree, uint32_t slot,
                      const struct sg_log_id *log, const struct sg_hash *leaf);

/* Makes TREE empty. */
void sg_head_tree_clear(struct sg_head_tree *tree);

/* Counts the logs. */
uint32_t sg_head_tree_count(const struct sg_head_tree *tree);

/* Says whether SLOT is in the tree; gives its leaf and id, which it is. */
bool sg_head_tree_has(const struct sg_head_tree *tree, uint32_t slot);
const struct sg_hash *sg_head_tree_leaf_at(const struct sg_head_tree *tree,
                                           uint32_t slot);
const struct sg_log_id *sg_head_tree_id_at(const struct sg_head_tree *tree,
                                           uint32_t slot);

/* Gives node(all), whose first 16 bytes are the head root. */
struct sg_hash sg_head_tree_root(struct sg_head_tree *tree);

/* Gives node(PREFIX): zeros where no log is. */
struct sg_hash sg_head_tree_node(struct sg_head_tree *tree,
                                 const struct sg_head_prefix *prefix);

/* Gives node(PREFIX c) for the 16 nibbles c, and the bitmap of those that are
 * there (value 2^c). PREFIX has fewer than 64 nibbles. */
uint16_t sg_head_tree_children(struct sg_head_tree *tree,
                               const struct sg_head_prefix *prefix,
                               struct sg_hash ret_hashes[16]);

/* Gives PREFIX lengthened by NIBBLE. */
struct sg_head_prefix sg_head_tree_child(const struct sg_head_prefix *prefix,
                                         unsigned nibble);

/* A walk over the logs below a prefix, ascending by id. The tree's set of logs
 * does not change meanwhile; their leaves may. */
struct sg_head_tree_walk {
    const struct sg_head_tree *tree;
    unsigned depth; /* of the stack */
    uint32_t stack[SG_HEAD_NIBBLES_MAX + 1];
    uint16_t left[SG_HEAD_NIBBLES_MAX + 1]; /* children still to be walked */
};

/* Begins a walk below PREFIX. */
void sg_head_tree_walk_prefix(struct sg_head_tree_walk *walk,
                              const struct sg_head_tree *tree,
                              const struct sg_head_prefix *prefix);

/* Begins a walk over all logs from ID on. */
void sg_head_tree_walk_from(struct sg_head_tree_walk *walk,
                            const struct sg_head_tree *tree,
                            const struct sg_log_id *id);

/* Moves to the next log and gives its slot. False at the end. */
bool sg_head_tree_walk_next(struct sg_head_tree_walk *walk, uint32_t *ret_slot);

#endif
