#include "replication/proof.h"

#include <string.h>

#include "tests/lib/dies.h"
#include "tests/lib/format.h"
#include "tests/lib/protocol.h"
#include "tests/unit/any_log.h"

static struct any_log any, other;
static struct sg_proof proof, read;
static struct sg_proof_result result;
static uint8_t room[4352];

/* Encodes the proof and reads it again, as the peer does. */
static struct sg_bytes carry(void)
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, room, sizeof room);
    sg_proof_encode(&proof, &writer);
    assert_ok(sg_writer_end(&writer));
    assert_ok(sg_proof_decode(sg_writer_written(&writer), &read));
    return sg_writer_written(&writer);
}

/* Answers `prove` FROM as a node does that knows LOG up to SIZE. */
static void answer(const struct any_log *log, size_t from, size_t size)
{
    struct sg_frontier frontier = any_log_frontier(log, from);
    size_t before = sg_merkle_frontier_count(from);

    memset(&proof, 0, sizeof proof);
    proof.ref = sg_package_ref(&log->of.id);
    proof.from = from;
    proof.checkpoint = any_log_checkpoint(log, size);
    memcpy(proof.hashes, frontier.hashes, before * sizeof proof.hashes[0]);
    proof.hash_count =
        before + any_log_cover(log, from, size, proof.hashes + before);
    (void)carry();
}

static enum sg_proof_verdict judge(size_t known)
{
    struct sg_checkpoint checkpoint = any_log_checkpoint(&any, known);

    return sg_proof_verify(&any.of, &read, &checkpoint, &result);
}

static void setup_logs(uint64_t seed, size_t size, size_t branch)
{
    struct sg_prng prng;

    sg_prng_init(&prng, seed);
    any_log_init(&any, &prng, size);
    any_log_branch(&any, &prng, branch, &other);
}

/* The page's question and answer: from 2 to 3 of FORMAT's log. */
static void test_page(void **state)
{
    struct format_log made = format_log();
    struct sg_entry_hasher hasher;
    struct sg_package_log log = {&hasher, made.log, made.core};
    struct sg_checkpoint known = {.size = 2};
    struct sg_frontier frontier = {.size = 0};
    struct sg_proof_question question;
    struct sg_hash root = sg_merkle_root(&made.frontier);
    struct sg_writer writer;

    (void)state;
    sg_entry_hasher_init(&hasher, &made.registry);
    assert_ok(
        sg_proof_question_decode(protocol_body("message-prove"), &question));
    assert_int_equal(question.from, 2);
    sg_writer_init_array(&writer, room, sizeof room);
    sg_proof_question_encode(&question, &writer);
    assert_hex(sg_writer_written(&writer),
               sg_hex_text(protocol_body("message-prove")));
    assert_ok(sg_proof_decode(protocol_body("message-proof"), &proof));
    assert_hex(carry(), sg_hex_text(protocol_body("message-proof")));
    for (size_t i = 0; i < 2; i++) {
        struct sg_hash leaf = sg_entry_leaf(&made.entries[i]);

        sg_merkle_append(&frontier, &leaf, NULL, NULL);
    }
    known.root = sg_merkle_root(&frontier);
    assert_int_equal(sg_proof_verify(&log, &read, &known, &result),
                     SG_PROOF_CONSISTENT);
    assert_memory_equal(&result.checkpoint.root, &root, sizeof root);
}

/* A question may name a branch by four bytes of its root, neither fewer nor
 * more. */
static void test_question_of_branch(void **state)
{
    struct sg_bytes page = protocol_body("message-prove");
    struct sg_proof_question question;
    struct sg_writer writer;
    uint8_t bytes[32];

    (void)state;
    memset(bytes, 0xab, sizeof bytes);
    memcpy(bytes, page.data, page.size);
    for (size_t more = 0; more < 8; more++) {
        struct sg_bytes body = sg_bytes(bytes, page.size + more);
        enum sg_err err = sg_proof_question_decode(body, &question);

        if (more > 0 && more < SG_PROOF_BRANCH_SIZE)
            assert_err(err, TRUNCATED);
        else if (more > SG_PROOF_BRANCH_SIZE)
            assert_err(err, TRAILING);
        else
            assert_ok(err);
        if (err != SG_OK)
            continue;
        assert_int_equal(question.has_branch, more > 0);
        sg_writer_init_array(&writer, room, sizeof room);
        sg_proof_question_encode(&question, &writer);
        assert_hex(sg_writer_written(&writer), sg_hex_text(body));
    }
}

/* Asked for m = known: consistent, for every m and n. */
static void test_consistent(void **state)
{
    (void)state;
    setup_logs(1, 24, 5);
    for (size_t size = 1; size <= 24; size++) {
        for (size_t from = 0; from <= size; from++) {
            answer(&any, from, size);
            assert_int_equal(judge(from), SG_PROOF_CONSISTENT);
            assert_int_equal(result.checkpoint.size, size);
        }
    }
}

/* m = 0 is the full head: taken where nothing is known, equal to what is known,
 * or else a question to one of the two trees. */
static void test_full_head(void **state)
{
    (void)state;
    setup_logs(2, 24, 5);
    answer(&any, 0, 17);
    assert_int_equal(read.hash_count, 1);
    assert_int_equal(judge(0), SG_PROOF_CONSISTENT);
    assert_int_equal(judge(17), SG_PROOF_CONSISTENT);
    assert_int_equal(judge(18), SG_PROOF_SMALLER);
    assert_int_equal(judge(16), SG_PROOF_LARGER);
}

/* A proof from another size than the known one says no more than its head. */
static void test_other_from(void **state)
{
    (void)state;
    setup_logs(3, 24, 5);
    answer(&any, 9, 17);
    assert_int_equal(judge(10), SG_PROOF_LARGER);
    assert_int_equal(judge(17), SG_PROOF_CONSISTENT);
    assert_int_equal(judge(20), SG_PROOF_SMALLER);
}

/* Another branch: proven at equal sizes by m = 0, at unequal ones by m = known;
 * the evidence verifies by itself, for every pair of sizes beyond the branch.
 */
static void test_fork(void **state)
{
    (void)state;
    setup_logs(4, 24, 5);
    for (size_t size = 6; size <= 24; size++) {
        answer(&other, 0, size);
        assert_int_equal(judge(size), SG_PROOF_FORK);
        assert_ok(sg_fork_verify(&result.fork));
        for (size_t from = 6; from <= size; from++) {
            answer(&other, from, size);
            assert_int_equal(judge(from), SG_PROOF_FORK);
            assert_int_equal(result.fork.larger.size, size);
            assert_ok(sg_fork_verify(&result.fork));
        }
    }
    answer(&other, 5, 24);
    assert_int_equal(judge(5), SG_PROOF_CONSISTENT);
}

/* A smaller head is judged by the own tree. */
static void test_compare(void **state)
{
    struct sg_checkpoint known;
    struct sg_fork fork;

    (void)state;
    setup_logs(5, 24, 5);
    known = any_log_checkpoint(&any, 24);
    for (size_t size = 1; size < 24; size++) {
        struct sg_checkpoint smaller = any_log_checkpoint(&other, size);

        answer(&any, size, 24); /* the own hashes */
        assert_int_equal(sg_proof_compare(&any.of, &smaller, &known,
                                          proof.hashes, proof.hash_count,
                                          &fork),
                         size <= 5 ? SG_PROOF_CONSISTENT : SG_PROOF_FORK);
        if (size > 5)
            assert_ok(sg_fork_verify(&fork));
        assert_int_equal(sg_proof_compare(&any.of, &smaller, &known,
                                          proof.hashes, proof.hash_count - 1,
                                          &fork),
                         SG_PROOF_GARBAGE);
        assert_int_equal(
            sg_proof_compare(&any.of, &smaller, &known, proof.hashes, 0, &fork),
            SG_PROOF_GARBAGE);
        proof.hashes[proof.hash_count - 1].bytes[0] ^= 1;
        assert_int_equal(sg_proof_compare(&any.of, &smaller, &known,
                                          proof.hashes, proof.hash_count,
                                          &fork),
                         SG_PROOF_GARBAGE);
    }
}

/* No bit of a proof can be changed unseen. */
static void test_every_flip(void **state)
{
    static uint8_t changed[sizeof room];
    struct sg_bytes bytes;

    (void)state;
    setup_logs(6, 24, 5);
    answer(&any, 13, 24);
    bytes = carry();
    memcpy(changed, bytes.data, bytes.size);
    for (size_t bit = SG_REF_SIZE * 8; bit < bytes.size * 8; bit++) {
        enum sg_err err;

        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        err = sg_proof_decode(sg_bytes(changed, bytes.size), &read);
        if (err == SG_OK)
            assert_int_equal(judge(13), SG_PROOF_GARBAGE);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Sizes that cannot be, and ends that are not there. */
static void test_refusals(void **state)
{
    struct sg_bytes bytes;

    (void)state;
    setup_logs(7, 24, 5);
    answer(&any, 13, 24);
    bytes = carry();
    for (size_t size = 0; size < bytes.size; size++)
        assert_err(sg_proof_decode(sg_bytes(bytes.data, size), &read),
                   TRUNCATED);
    room[bytes.size] = 0;
    assert_err(sg_proof_decode(sg_bytes(bytes.data, bytes.size + 1), &read),
               TRAILING);
    room[16] = 25; /* m */
    assert_err(sg_proof_decode(bytes, &read), MALFORMED);
    room[16] = room[17] = 0;
    assert_err(sg_proof_decode(sg_bytes(room, 16 + 2 + 64), &read), MALFORMED);
}

/* The largest proof there can be fits its message. */
static void test_largest(void **state)
{
    (void)state;
    memset(&proof, 0, sizeof proof);
    proof.from = UINT64_MAX / 2 + 1 + UINT64_MAX / 4;
    proof.checkpoint.size = UINT64_MAX;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t from = UINT64_MAX >> bit;

        if (sg_proof_hash_count(from, UINT64_MAX) >
            sg_proof_hash_count(proof.from, UINT64_MAX))
            proof.from = from;
    }
    proof.hash_count = sg_proof_hash_count(proof.from, UINT64_MAX);
    assert_true(proof.hash_count <= SG_FORK_HASHES_MAX);
    (void)carry();
    assert_int_equal(read.hash_count, proof.hash_count);
}

/* After a proof the next package needs no fresh nodes: the stack is there. */
static void test_apply_at_held(void **state)
{
    static struct sg_package_receiver receiver;
    static struct sg_package_body body;
    static struct sg_package_result taken;

    (void)state;
    setup_logs(8, 24, 5);
    for (size_t held = 0; held < 24; held++) {
        any_log_receiver(&any, held, held, false, &receiver);
        answer(&any, held, 24);
        assert_int_equal(judge(held), SG_PROOF_CONSISTENT);
        sg_proof_apply(&read, &result, &receiver);
        assert_int_equal(receiver.known.size, 24);
        any_log_package(&any, 1, held, 24, 24, false, &body);
        assert_int_equal(
            sg_package_verify(&any.of, &body, 24, &receiver, &taken),
            SG_PACKAGE_FITS);
    }
}

/* Known grows under a log that is being fetched; its stack stays good for the
 * packages that are on their way. What is no news changes nothing. */
static void test_apply_ahead(void **state)
{
    static struct sg_package_receiver receiver;
    static struct sg_package_body body;
    static struct sg_package_result taken;

    (void)state;
    setup_logs(9, 24, 5);
    any_log_receiver(&any, 7, 20, true, &receiver);
    answer(&any, 20, 24);
    assert_int_equal(judge(20), SG_PROOF_CONSISTENT);
    sg_proof_apply(&read, &result, &receiver);
    assert_int_equal(receiver.known.size, 24);
    assert_int_equal(receiver.stack.toward.size, 20);
    any_log_package(&any, 1, 7, 11, 20, false, &body);
    assert_int_equal(sg_package_verify(&any.of, &body, 20, &receiver, &taken),
                     SG_PACKAGE_FITS);
    answer(&any, 0, 24);
    assert_int_equal(judge(24), SG_PROOF_CONSISTENT);
    sg_proof_apply(&read, &result, &receiver);
    assert_int_equal(receiver.stack.toward.size, 20);
}

static void encode_broken(void *context)
{
    struct sg_writer writer;

    (void)context;
    sg_writer_init_array(&writer, room, sizeof room);
    sg_proof_encode(&proof, &writer);
}

/* A proof with the wrong number of hashes is not written. */
static void test_encode_dies(void **state)
{
    (void)state;
    setup_logs(10, 24, 5);
    answer(&any, 13, 24);
    proof.hash_count--;
    assert_true(sg_dies(encode_broken, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_question_of_branch),
        cmocka_unit_test(test_consistent),
        cmocka_unit_test(test_full_head),
        cmocka_unit_test(test_other_from),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_every_flip),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_apply_at_held),
        cmocka_unit_test(test_apply_ahead),
        cmocka_unit_test(test_encode_dies),
    };

    assert_int_equal(sg_crypto_init(), SG_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
