/* Proofs between peers: `prove` and `proof` as bytes, and what a proof says
 * against what is known here.
 *
 * PROTOCOL.md section 8: hashes for fixed ranges, frontier(m) and cover(m, n),
 * with the signature at n. All that known ever grows by, beside packages, is
 * judged here; so is a fork of one log. It looks nothing up: hashes of the own
 * tree come from the caller. Pure.
 *
 *     asked for m = known    -> sg_proof_verify: CONSISTENT, FORK, or GARBAGE
 *     asked for m = 0        -> the full head, whatever is known here
 *     SMALLER: own hashes    -> sg_proof_compare: CONSISTENT or FORK
 */
#ifndef SG_REPLICATION_PROOF_H
#define SG_REPLICATION_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "replication/package.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"
#include "storage/log/checkpoint.h"
#include "storage/log/fork.h"
#include "storage/log/merkle.h"

/* How much of a branch's root names it. */
#define SG_PROOF_BRANCH_SIZE 4u

/* `prove`: show me your known checkpoint of a log, from FROM on; or of that
 * branch of a forked log whose root begins with BRANCH. */
struct sg_proof_question {
    struct sg_log_ref ref;
    uint64_t from; /* PROTOCOL's m */
    bool has_branch;
    uint8_t branch[SG_PROOF_BRANCH_SIZE];
};

void sg_proof_question_encode(const struct sg_proof_question *question,
                              struct sg_writer *writer);

/* Errors: TRUNCATED, TRAILING, NOTCANONICAL. */
SG_USE_RESULT enum sg_err sg_proof_question_decode(
    struct sg_bytes body, struct sg_proof_question *ret_question);

/* `proof`. The root at the checkpoint's size does not travel: it is zeros until
 * the proof is verified. */
struct sg_proof {
    struct sg_log_ref ref;
    uint64_t from;                   /* m: 0, or as it was asked */
    struct sg_checkpoint checkpoint; /* the sender's known one: n and its
                                      * signature; m <= n */
    size_t hash_count;               /* frontier(m), then cover(m, n) */
    struct sg_hash hashes[SG_FORK_HASHES_MAX];
};

/* Says how many hashes a proof from FROM to SIZE has. FROM <= SIZE. */
size_t sg_proof_hash_count(uint64_t from, uint64_t size);

void sg_proof_encode(const struct sg_proof *proof, struct sg_writer *writer);

/* Errors: TRUNCATED, TRAILING, NOTCANONICAL, MALFORMED. */
SG_USE_RESULT enum sg_err sg_proof_decode(struct sg_bytes body,
                                          struct sg_proof *ret_proof);

enum sg_proof_verdict {
    /* It does not verify by itself: close 7. */
    SG_PROOF_GARBAGE,
    /* The peer's checkpoint extends what is known here, or is the same, or
     * nothing was known here: known = RET->checkpoint. */
    SG_PROOF_CONSISTENT,
    /* Signed twice: RET->fork proves it. */
    SG_PROOF_FORK,
    /* The peer's checkpoint is valid and smaller than what is known here: the
     * own tree says whether it is of one history, by sg_proof_compare. */
    SG_PROOF_SMALLER,
    /* It is valid and larger, and not shown to extend what is known: `prove`
     * with m = known. Also when known has grown since that was asked. */
    SG_PROOF_LARGER,
};

struct sg_proof_result {
    struct sg_checkpoint checkpoint; /* the peer's, with root; not after
                                      * GARBAGE */
    struct sg_fork fork;             /* after FORK only */
};

/* Judges PROOF of LOG, as sg_proof_decode gave it, against KNOWN, the
 * checkpoint known here (size 0: none). Sets RET as its fields say. */
enum sg_proof_verdict sg_proof_verify(const struct sg_package_log *log,
                                      const struct sg_proof *proof,
                                      const struct sg_checkpoint *known,
                                      struct sg_proof_result *ret);

/* Judges a verified checkpoint SMALLER than KNOWN by the own tree: HASHES are
 * its frontier(smaller) and cover(smaller, known), COUNT of them. CONSISTENT;
 * FORK with RET_FORK; GARBAGE when the hashes do not fold to KNOWN, and are
 * therefore not the own tree's. */
enum sg_proof_verdict sg_proof_compare(const struct sg_package_log *log,
                                       const struct sg_checkpoint *smaller,
                                       const struct sg_checkpoint *known,
                                       const struct sg_hash hashes[],
                                       size_t count, struct sg_fork *ret_fork);

/* Moves RECEIVER's known on after CONSISTENT. If all that was known is held and
 * the proof begins there, its hashes become the stack: the next want may say
 * flag 2. Otherwise a stack stays, toward the checkpoint that it is for. */
void sg_proof_apply(const struct sg_proof *proof,
                    const struct sg_proof_result *result,
                    struct sg_package_receiver *receiver);

#endif
