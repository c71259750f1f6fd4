#include "storage/registry/merge/state_root.h"

#include <string.h>

#define WORDS 8

void sg_state_root_prefix(const struct sg_registry_id *registry,
                          struct sg_sha256 *ret_prefix)
{
    sg_crypto_purpose_init(ret_prefix, "sogoc v1 state row", &registry->hash);
}

void sg_state_root_hash(const struct sg_sha256 *prefix, struct sg_bytes row,
                        struct sg_hash *ret_hash)
{
    sg_crypto_sha256_after(prefix, row.data, row.size, ret_hash);
}

/* SUM += MORE mod 2^256. */
static void add_sum(struct sg_hash *sum, const struct sg_hash *more)
{
    uint64_t carry = 0;

    for (size_t i = WORDS; i > 0; i--) {
        uint8_t *at = sum->bytes + 4 * (i - 1);

        carry += (uint64_t)sg_bytes_get_u32be(at) +
                 sg_bytes_get_u32be(more->bytes + 4 * (i - 1));
        sg_bytes_put_u32be(at, (uint32_t)carry);
        carry >>= 32;
    }
}

/* SUM -= LESS mod 2^256. */
static void subtract_sum(struct sg_hash *sum, const struct sg_hash *less)
{
    uint64_t borrow = 0;

    for (size_t i = WORDS; i > 0; i--) {
        uint8_t *at = sum->bytes + 4 * (i - 1);
        uint64_t difference = (uint64_t)sg_bytes_get_u32be(at) -
                              sg_bytes_get_u32be(less->bytes + 4 * (i - 1)) -
                              borrow;

        sg_bytes_put_u32be(at, (uint32_t)difference);
        borrow = difference >> 63;
    }
}

void sg_state_root_add_row(struct sg_state_root *root, const struct sg_row *row,
                           const struct sg_hash *hash)
{
    add_sum(&root->sum, hash);
    root->n_rows++;
    root->n_persons += row->is_person;
}

void sg_state_root_add(struct sg_state_root *root,
                       const struct sg_state_root *other)
{
    add_sum(&root->sum, &other->sum);
    root->n_rows += other->n_rows;
    root->n_persons += other->n_persons;
}

void sg_state_root_subtract(struct sg_state_root *root,
                            const struct sg_state_root *other)
{
    subtract_sum(&root->sum, &other->sum);
    root->n_rows -= other->n_rows;
    root->n_persons -= other->n_persons;
}

bool sg_state_root_equal(const struct sg_state_root *a,
                         const struct sg_state_root *b)
{
    return memcmp(a->sum.bytes, b->sum.bytes, sizeof a->sum.bytes) == 0 &&
           a->n_rows == b->n_rows && a->n_persons == b->n_persons;
}
