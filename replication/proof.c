#include "replication/proof.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/plant.h"
#include "storage/base/reader.h"

/* --- The bytes ------------------------------------------------------------ */

void sg_proof_question_encode(const struct sg_proof_question *question,
                              struct sg_writer *writer)
{
    sg_writer_bytes(writer, SG_BYTES_ARRAY(question->ref.bytes));
    sg_writer_varint(writer, question->from);
    if (question->has_branch)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(question->branch));
}

enum sg_err sg_proof_question_decode(struct sg_bytes body,
                                     struct sg_proof_question *ret_question)
{
    struct sg_proof_question question = {.has_branch = false};
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, question.ref.bytes, sizeof question.ref.bytes);
    question.from = sg_reader_varint(&reader);
    question.has_branch = reader.left.size > 0;
    if (question.has_branch)
        sg_reader_copy(&reader, question.branch, sizeof question.branch);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_question = question;
    return err;
}

size_t sg_proof_hash_count(uint64_t from, uint64_t size)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];

    return sg_merkle_frontier_count(from) +
           sg_merkle_plan_extension(from, size, ranges);
}

void sg_proof_encode(const struct sg_proof *proof, struct sg_writer *writer)
{
    SG_ASSERT(proof->checkpoint.size > 0);
    SG_ASSERT(proof->from <= proof->checkpoint.size);
    SG_ASSERT(proof->hash_count ==
              sg_proof_hash_count(proof->from, proof->checkpoint.size));
    sg_writer_bytes(writer, SG_BYTES_ARRAY(proof->ref.bytes));
    sg_writer_varint(writer, proof->from);
    sg_writer_varint(writer, proof->checkpoint.size);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(proof->checkpoint.signature));
    for (size_t i = 0; i < proof->hash_count; i++)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(proof->hashes[i].bytes));
}

enum sg_err sg_proof_decode(struct sg_bytes body, struct sg_proof *ret_proof)
{
    struct sg_proof proof;
    struct sg_reader reader;
    enum sg_err err;

    memset(&proof, 0, sizeof proof);
    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, proof.ref.bytes, sizeof proof.ref.bytes);
    proof.from = sg_reader_varint(&reader);
    proof.checkpoint.size = sg_reader_varint(&reader);
    sg_reader_copy(&reader, proof.checkpoint.signature,
                   sizeof proof.checkpoint.signature);
    if (proof.checkpoint.size == 0 || proof.from > proof.checkpoint.size)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    if (reader.err == SG_OK)
        proof.hash_count =
            sg_proof_hash_count(proof.from, proof.checkpoint.size);
    SG_ASSERT(proof.hash_count <= SG_FORK_HASHES_MAX);
    for (size_t i = 0; i < proof.hash_count; i++)
        sg_reader_copy(&reader, proof.hashes[i].bytes,
                       sizeof proof.hashes[i].bytes);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_proof = proof;
    return err;
}

/* --- What it says --------------------------------------------------------- */

static bool is_same(const struct sg_hash *a, const struct sg_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Folds frontier(FROM) and cover(FROM, SIZE), COUNT hashes, to both roots. */
static enum sg_err fold(uint64_t from, uint64_t size,
                        const struct sg_hash hashes[], size_t count,
                        struct sg_hash *ret_from, struct sg_hash *ret_size)
{
    struct sg_frontier frontier = {.size = from};
    size_t before = sg_merkle_frontier_count(from);

    if (count < before)
        return SG_ERR_PROOF;
    memcpy(frontier.hashes, hashes, before * sizeof hashes[0]);
    *ret_from = sg_merkle_root(&frontier);
    return sg_merkle_fold(&frontier, size, hashes + before, count - before,
                          ret_size);
}

/* A proof of the log's two checkpoints; HASHES are of the larger one's tree,
 * none where their sizes are equal. */
static void write_fork(const struct sg_package_log *log,
                       const struct sg_checkpoint *a,
                       const struct sg_checkpoint *b,
                       const struct sg_hash hashes[], size_t count,
                       struct sg_fork *ret_fork)
{
    ret_fork->registry = log->hasher->registry;
    ret_fork->core = log->core;
    sg_fork_order(ret_fork, a, b);
    ret_fork->hash_count = a->size == b->size ? 0 : count;
    SG_ASSERT(ret_fork->hash_count <= SG_FORK_HASHES_MAX);
    memcpy(ret_fork->hashes, hashes,
           ret_fork->hash_count * sizeof ret_fork->hashes[0]);
}

enum sg_proof_verdict sg_proof_verify(const struct sg_package_log *log,
                                      const struct sg_proof *proof,
                                      const struct sg_checkpoint *known,
                                      struct sg_proof_result *ret)
{
    struct sg_checkpoint theirs = proof->checkpoint;
    struct sg_hash root; /* at FROM */
    const struct sg_hash *same_size = NULL;
    enum sg_err err;

    err = fold(proof->from, theirs.size, proof->hashes, proof->hash_count,
               &root, &theirs.root);
    SG_ASSERT(err == SG_OK); /* as many hashes as sg_proof_hash_count says */
    if (!SG_PLANT(sync_proof_believed) &&
        sg_checkpoint_verify(&log->hasher->registry, &log->id,
                             log->core.node_key, &theirs) != SG_OK)
        return SG_PROOF_GARBAGE;
    ret->checkpoint = theirs;
    if (known->size == 0)
        return SG_PROOF_CONSISTENT;
    if (theirs.size == known->size)
        same_size = &theirs.root;
    else if (proof->from == known->size)
        same_size = &root;
    if (same_size == NULL)
        return theirs.size < known->size ? SG_PROOF_SMALLER : SG_PROOF_LARGER;
    if (is_same(same_size, &known->root))
        return SG_PROOF_CONSISTENT;
    write_fork(log, known, &theirs, proof->hashes, proof->hash_count,
               &ret->fork);
    return SG_PROOF_FORK;
}

enum sg_proof_verdict sg_proof_compare(const struct sg_package_log *log,
                                       const struct sg_checkpoint *smaller,
                                       const struct sg_checkpoint *known,
                                       const struct sg_hash hashes[],
                                       size_t count, struct sg_fork *ret_fork)
{
    struct sg_hash at_smaller, at_known;

    SG_ASSERT(smaller->size < known->size);
    if (fold(smaller->size, known->size, hashes, count, &at_smaller,
             &at_known) != SG_OK)
        return SG_PROOF_GARBAGE;
    if (!is_same(&at_known, &known->root))
        return SG_PROOF_GARBAGE;
    if (is_same(&at_smaller, &smaller->root))
        return SG_PROOF_CONSISTENT;
    write_fork(log, smaller, known, hashes, count, ret_fork);
    return SG_PROOF_FORK;
}

void sg_proof_apply(const struct sg_proof *proof,
                    const struct sg_proof_result *result,
                    struct sg_package_receiver *receiver)
{
    size_t before = sg_merkle_frontier_count(proof->from);
    struct sg_package_stack *stack = &receiver->stack;

    if (result->checkpoint.size <= receiver->known.size)
        return;
    SG_ASSERT(receiver->known.size == 0 || proof->from == receiver->known.size);
    if (proof->from == receiver->held.size) {
        SG_ASSERT(receiver->held.size == receiver->known.size);
        stack->toward = result->checkpoint;
        stack->count = proof->hash_count - before;
        memcpy(stack->hashes, proof->hashes + before,
               stack->count * sizeof stack->hashes[0]);
    }
    receiver->known = result->checkpoint;
}
