/* Flow messages, closes, proofs, fork proofs: what is read is written again as
 * the same bytes, fits the limits, and no proof says of a log what its writer
 * did not sign.
 *
 * Input: the type of a message, the size that is known here, then the body. The
 * log is any_log's of seed 1, of which the seeds' proofs are. */
#include <string.h>

#include "replication/close.h"
#include "replication/flow.h"
#include "replication/frame.h"
#include "replication/proof.h"
#include "storage/base/check.h"
#include "storage/log/fork.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/any_log.h"

#define COUNT 40u

static struct any_log log_;
static struct sg_checkpoint checkpoints[COUNT + 1];
static uint8_t room[SG_MESSAGE_SIZE_MAX];
static struct sg_writer writer;

static void init(void)
{
    struct sg_prng prng;

    if (log_.count > 0)
        return;
    SG_ASSERT(sg_crypto_init() == SG_OK);
    sg_prng_init(&prng, 1);
    any_log_init(&log_, &prng, COUNT);
    for (size_t size = 0; size <= COUNT; size++)
        checkpoints[size] = any_log_checkpoint(&log_, size);
}

static void try_wants(struct sg_bytes body)
{
    static struct sg_flow_want wants[SG_WANTS_MAX];
    size_t count;

    if (sg_flow_wants_decode(body, wants, &count) != SG_OK)
        return;
    SG_ASSERT(count > 0);
    SG_ASSERT(count <= SG_WANTS_MAX);
    sg_flow_wants_encode(wants, count, &writer);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
}

static void try_stored(struct sg_bytes body)
{
    static struct sg_flow_stored stored[SG_STORED_MAX];
    size_t count;

    if (sg_flow_stored_decode(body, stored, &count) != SG_OK)
        return;
    SG_ASSERT(count > 0);
    SG_ASSERT(count <= SG_STORED_MAX);
    sg_flow_stored_encode(stored, count, &writer);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
}

static void try_small(unsigned type, struct sg_bytes body)
{
    uint8_t echo[SG_FLOW_PING_SIZE];
    struct sg_flow_stop stop;
    uint64_t total;

    if (type == SG_MESSAGE_CREDIT &&
        sg_flow_credit_decode(body, &total) == SG_OK)
        sg_flow_credit_encode(total, &writer);
    else if (type == SG_MESSAGE_STOP &&
             sg_flow_stop_decode(body, &stop) == SG_OK)
        sg_flow_stop_encode(&stop, &writer);
    else if (type == SG_MESSAGE_PING &&
             sg_flow_ping_decode(body, echo) == SG_OK)
        sg_writer_bytes(&writer, SG_BYTES_ARRAY(echo));
    else
        return;
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
}

static void try_subscribe(struct sg_bytes body)
{
    static struct sg_flow_subscription subscription;

    if (sg_flow_subscribe_decode(body, &subscription) != SG_OK)
        return;
    sg_flow_subscribe_encode(&subscription, &writer);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
}

static void try_branches(struct sg_bytes body)
{
    static struct sg_flow_branches branches;

    if (sg_flow_branches_decode(body, &branches) != SG_OK)
        return;
    sg_flow_branches_encode(&branches, &writer);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
    if (sg_flow_branches_verify(&log_.of, &branches) != SG_OK)
        return;
    for (size_t i = 0; i < branches.count; i++) {
        SG_ASSERT(branches.items[i].checkpoint.size <= COUNT);
        SG_ASSERT(memcmp(&branches.items[i].checkpoint.root,
                         &checkpoints[branches.items[i].checkpoint.size].root,
                         sizeof(struct sg_hash)) == 0);
    }
}

static void try_question(struct sg_bytes body)
{
    struct sg_proof_question question;

    if (sg_proof_question_decode(body, &question) != SG_OK)
        return;
    sg_proof_question_encode(&question, &writer);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
}

static void try_proof(struct sg_bytes body, size_t known)
{
    static struct sg_proof_result result;
    static struct sg_proof proof;
    enum sg_proof_verdict verdict;

    if (sg_proof_decode(body, &proof) != SG_OK)
        return;
    sg_proof_encode(&proof, &writer);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(&writer), body));
    verdict = sg_proof_verify(&log_.of, &proof, &checkpoints[known], &result);
    SG_ASSERT(verdict != SG_PROOF_FORK);
    if (verdict == SG_PROOF_GARBAGE)
        return;
    SG_ASSERT(result.checkpoint.size <= COUNT);
    SG_ASSERT(memcmp(&result.checkpoint.root,
                     &checkpoints[result.checkpoint.size].root,
                     sizeof(struct sg_hash)) == 0);
}

/* The writer of the log has forked nothing. */
static void try_fork(struct sg_bytes body)
{
    static struct sg_fork fork;
    static uint8_t again[SG_FORK_SIZE_MAX];

    if (sg_fork_decode(body, &fork) != SG_OK)
        return;
    SG_ASSERT(fork.hash_count <= SG_FORK_HASHES_MAX);
    SG_ASSERT(sg_fork_encode(&fork, again) == body.size);
    SG_ASSERT(memcmp(again, body.data, body.size) == 0);
    if (sg_fork_verify(&fork) != SG_OK)
        return;
    SG_ASSERT(memcmp(fork.core.node_key, log_.of.core.node_key, SG_KEY_SIZE) !=
              0);
}

/* Any code has a sentence in both languages, one of a later version too. */
static void try_close(struct sg_bytes body)
{
    uint8_t code;

    if (sg_close_decode(body, &code) != SG_OK)
        return;
    SG_ASSERT(body.size == SG_CLOSE_SIZE);
    SG_ASSERT(body.data[0] == code);
    sg_close_write(&writer, code, SG_LANG_VI);
    SG_ASSERT(writer.size > 0);
    sg_close_write(&writer, code, SG_LANG_EN);
    SG_ASSERT(writer.err == SG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_bytes body;

    if (size < 2)
        return 0;
    init();
    body = sg_bytes(data + 2, size - 2);
    sg_writer_init_array(&writer, room, sizeof room);
    switch (data[0]) {
    case SG_MESSAGE_WANT:
        try_wants(body);
        break;
    case SG_MESSAGE_STORED:
        try_stored(body);
        break;
    case SG_MESSAGE_SUBSCRIBE:
        try_subscribe(body);
        break;
    case SG_MESSAGE_BRANCHES:
        try_branches(body);
        break;
    case SG_MESSAGE_PROVE:
        try_question(body);
        break;
    case SG_MESSAGE_PROOF:
        try_proof(body, data[1] % (COUNT + 1));
        break;
    case SG_MESSAGE_FORK:
        try_fork(body);
        break;
    case SG_MESSAGE_CLOSE:
        try_close(body);
        break;
    default:
        try_small(data[0], body);
    }
    return 0;
}
