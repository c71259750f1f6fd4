/* All entries of a run, each kept once: many disks hold the same ones.
 *
 * The pool is the simulator's memory, not a node's: a disk holds places in it
 * and says for itself whether it has the payload and whether it has rotted.
 */
#ifndef SG_TESTS_SIM_POOL_H
#define SG_TESTS_SIM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/log/entry.h"

/* ENTRY has the payload if anybody ever brought it. */
struct pool_entry {
    bool is_sound; /* the payload has the hash that the entry says */
    struct sg_entry entry;
    struct sg_hash leaf;
    struct pool_entry *next; /* of its bucket */
};

struct pool {
    struct sg_entry_hasher hasher;
    struct pool_entry **buckets;
    size_t n_buckets;
    size_t count;
};

void pool_init(struct pool *pool, const struct sg_registry_id *registry);
void pool_clear(struct pool *pool);

/* Gives the place of ENTRY, putting it in if it is new. Its payload, when it
 * has one, must be the one its header names. */
const struct pool_entry *pool_put(struct pool *pool,
                                  const struct sg_entry *entry);

/* Finds an entry by its leaf hash; NULL when there is none. */
const struct pool_entry *pool_find(const struct pool *pool,
                                   const struct sg_hash *leaf);

#endif
