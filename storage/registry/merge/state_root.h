/* State root: one number for all rows of a unit, or of the register.
 * RECORDS.md, section 12.
 *
 * The sum of the rows' hashes modulo 2^256, with the counts of rows and
 * persons: a row is added or taken away in O(1), in any order, and equal sums
 * mean equal rows. A sum of all zero bytes is the empty register's.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_STATE_ROOT_H
#define SG_STORAGE_REGISTRY_MERGE_STATE_ROOT_H

#include "storage/base/crypto.h"
#include "storage/log/key_id.h"
#include "storage/registry/merge/row.h"

struct sg_state_root {
    struct sg_hash sum; /* big-endian */
    uint64_t n_rows;
    uint64_t n_persons;
};

/* Prepares the hashes of REGISTRY's rows. */
void sg_state_root_prefix(const struct sg_registry_id *registry,
                          struct sg_sha256 *ret_prefix);

/* Hashes the bytes of a row. */
void sg_state_root_hash(const struct sg_sha256 *prefix, struct sg_bytes row,
                        struct sg_hash *ret_hash);

/* Adds ROW, whose hash is HASH, to ROOT. */
void sg_state_root_add_row(struct sg_state_root *root, const struct sg_row *row,
                           const struct sg_hash *hash);

/* Adds all that OTHER counts to ROOT, or takes it away. */
void sg_state_root_add(struct sg_state_root *root,
                       const struct sg_state_root *other);
void sg_state_root_subtract(struct sg_state_root *root,
                            const struct sg_state_root *other);

bool sg_state_root_equal(const struct sg_state_root *a,
                         const struct sg_state_root *b);

#endif
