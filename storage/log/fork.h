/* Fork proofs: bytes that prove by themselves that one key signed two
 * histories of one log.
 *
 * PROTOCOL.md section 12 has the bytes and says why nobody can be framed: the
 * hashes must give the signed larger root again, and then show another root at
 * the smaller size than the one that was signed there. Pure.
 */
#ifndef SG_STORAGE_LOG_FORK_H
#define SG_STORAGE_LOG_FORK_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/merkle.h"

/* frontier(m) and cover(m, n) together. */
#define SG_FORK_HASHES_MAX 127
#define SG_FORK_SIZE_MIN   290
#define SG_FORK_SIZE_MAX   (SG_FORK_SIZE_MIN + 32 * SG_FORK_HASHES_MAX)

struct sg_fork {
    struct sg_registry_id registry;
    struct sg_log_core core;
    struct sg_checkpoint smaller; /* of equal sizes, the smaller root */
    struct sg_checkpoint larger;
    /* The larger tree's frontier at the smaller size, then what leads from
     * there to its root (sg_merkle_plan_extension); none for equal sizes. */
    size_t hash_count;
    struct sg_hash hashes[SG_FORK_HASHES_MAX];
};

/* Puts two checkpoints of equal or unequal size in their order. */
void sg_fork_order(struct sg_fork *fork, const struct sg_checkpoint *a,
                   const struct sg_checkpoint *b);

/* Encodes FORK; returns the size. */
size_t sg_fork_encode(const struct sg_fork *fork,
                      uint8_t ret[SG_FORK_SIZE_MAX]);

/* Decodes a proof without judging it.
 * Errors: MALFORMED, VERSION, TRUNCATED, TRAILING. */
SG_USE_RESULT enum sg_err sg_fork_decode(struct sg_bytes bytes,
                                         struct sg_fork *ret_fork);

/* Judges a proof from its bytes alone.
 * Errors: SIGNATURE; PROOF (the two checkpoints are of one history, or the
 * hashes do not show otherwise). */
SG_USE_RESULT enum sg_err sg_fork_verify(const struct sg_fork *fork);

#endif
