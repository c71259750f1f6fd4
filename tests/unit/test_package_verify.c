/* What a receiver does with packages: the rows of PROTOCOL.md section 9. */
#include <string.h>

#include "tests/lib/test.h"
#include "tests/unit/any_log.h"

static struct any_log any, other;
static struct sg_package_body body, read;

static struct sg_bytes encode(void)
{
    return any_log_encode(&body);
}

/* --- Whole logs ----------------------------------------------------------- */

/* The receiver is where a replica with HELD entries of ANY must be, and its
 * stack is what the page calls it. */
static void assert_receiver(const struct sg_package_receiver *receiver,
                            size_t held)
{
    struct sg_frontier frontier = any_log_frontier(&any, held);
    struct sg_hash cover[SG_MERKLE_HASHES_MAX];
    size_t count;

    assert_int_equal(receiver->held.size, held);
    assert_memory_equal(receiver->held.hashes, frontier.hashes,
                        sg_merkle_frontier_count(held) * sizeof cover[0]);
    count =
        any_log_cover(&any, held, (size_t)receiver->stack.toward.size, cover);
    assert_int_equal(receiver->stack.count, count);
    assert_memory_equal(receiver->stack.hashes, cover, count * sizeof cover[0]);
}

/* Sends BODY over the wire to RECEIVER, which wants it. */
static void deliver(struct sg_package_receiver *receiver, uint64_t toward)
{
    static struct sg_package_result result;
    struct sg_package_head head;
    struct sg_bytes bytes = encode();

    assert_ok(sg_package_peek(bytes, &head));
    assert_int_equal(sg_package_judge(&head, toward, receiver),
                     SG_PACKAGE_FITS);
    assert_ok(sg_package_decode(bytes, toward, &any.hasher, &read));
    assert_int_equal(
        sg_package_verify(&any.of, &read, toward, receiver, &result),
        SG_PACKAGE_FITS);
    assert_int_equal(result.skip, 0);
}

/* A log in random packages, toward checkpoints that grow as it is fetched; the
 * stack is lost now and then. */
static void fetch(struct sg_prng *prng, unsigned lost)
{
    static struct sg_package_receiver receiver;
    size_t held = 0, toward = 0;

    memset(&receiver, 0, sizeof receiver);
    while (held < any.count) {
        bool is_fresh = held == toward || sg_prng_chance(prng, lost);
        size_t end_max, end;

        if (held == toward)
            toward += 1 + (size_t)sg_prng_below(prng, any.count - toward);
        end_max = (size_t)sg_package_end_max(held, toward);
        end = held + 1 + (size_t)sg_prng_below(prng, end_max - held);
        if (is_fresh)
            receiver.stack.toward.size = 0;
        any_log_package(&any, 1, held, end, toward, is_fresh, &body);
        any_log_lose(prng, &body);
        deliver(&receiver, is_fresh ? 0 : toward);
        assert_receiver(&receiver, end);
        assert_int_equal(receiver.known.size, toward);
        held = end;
    }
}

/* Random logs cut into random packages, with their stack lost at random, come
 * out as they went in, and no node is missing or too many. */
static void test_random_logs(void **state)
{
    static const unsigned lost[] = {0, 100, 500, 1000};
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 1);
    for (size_t round = 0; round < 24; round++) {
        any_log_init(&any, &prng, 1 + (size_t)sg_prng_below(&prng, 900));
        fetch(&prng, lost[round % 4]);
    }
}

/* Every range of a small log toward every size, fresh and on the stack. */
static void test_all_ranges(void **state)
{
    static struct sg_package_receiver receiver;
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 2);
    any_log_init(&any, &prng, 20);
    for (size_t size = 1; size <= any.count; size++) {
        for (size_t first = 0; first < size; first++) {
            for (size_t end = first + 1; end <= size; end++) {
                any_log_package(&any, 3, first, end, size, false, &body);
                any_log_receiver(&any, first, size, true, &receiver);
                deliver(&receiver, size);
                assert_receiver(&receiver, end);
                any_log_package(&any, 3, first, end, size, true, &body);
                any_log_receiver(&any, first, size, false, &receiver);
                deliver(&receiver, 0);
                assert_receiver(&receiver, end);
            }
        }
    }
}

/* A stack saves nodes: in bulk, each node of level 8 and up travels once. */
static void test_nodes_travel_once(void **state)
{
    struct sg_prng prng;
    size_t nodes = 0;

    (void)state;
    sg_prng_init(&prng, 3);
    any_log_init(&any, &prng, 1024);
    for (size_t first = 0; first < 1024; first += 256) {
        any_log_package(&any, 1, first, first + 256, 1024, first == 0, &body);
        nodes += body.node_count;
    }
    assert_int_equal(nodes, 2 + 0 + 1 + 0);
}

/* --- Section 9, "found, then" --------------------------------------------- */

static struct sg_package_receiver receiver;
static struct sg_package_result result;

/* Gives BODY to a copy of RECEIVER through the wire; it is as before unless it
 * fits. */
static enum sg_package_verdict give(uint64_t toward)
{
    static struct sg_package_receiver before;
    enum sg_package_verdict verdict;

    memcpy(&before, &receiver, sizeof before);
    assert_ok(sg_package_decode(encode(), toward, &any.hasher, &read));
    verdict = sg_package_verify(&any.of, &read, toward, &receiver, &result);
    if (verdict != SG_PACKAGE_FITS)
        assert_memory_equal(&before, &receiver, sizeof before);
    return verdict;
}

static void setup_log(uint64_t seed, size_t count)
{
    struct sg_prng prng;

    sg_prng_init(&prng, seed);
    memset(&receiver, 0, sizeof receiver);
    any_log_init(&any, &prng, count);
}

/* b <= held: ignored. */
static void test_duplicate(void **state)
{
    (void)state;
    setup_log(4, 40);
    any_log_receiver(&any, 20, 30, true, &receiver);
    any_log_package(&any, 1, 10, 20, 30, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_DUPLICATE);
    any_log_package(&any, 1, 3, 9, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_DUPLICATE);
    any_log_package(&any, 1, 3, 9, 30, false, &body);
    assert_int_equal(give(30), SG_PACKAGE_DUPLICATE);
}

/* a > held: not applicable. */
static void test_ahead(void **state)
{
    (void)state;
    setup_log(5, 40);
    any_log_receiver(&any, 20, 20, false, &receiver);
    any_log_package(&any, 0, 21, 30, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_AHEAD);
    assert_int_equal(read.head.size, 40);
    any_log_package(&any, 1, 21, 30, 40, false, &body);
    assert_int_equal(give(40), SG_PACKAGE_AHEAD);
}

/* a < held < b: what is held is passed over, whatever is said of it; the rest
 * is verified as from held. */
static void test_overlap(void **state)
{
    (void)state;
    setup_log(6, 60);
    for (unsigned is_fresh = 0; is_fresh < 2; is_fresh++) {
        for (size_t first = 0; first < 24; first++) {
            for (size_t end = 25; end <= 50; end++) {
                any_log_receiver(&any, 24, 50, true, &receiver);
                any_log_package(&any, 1, first, end, 50, is_fresh, &body);
                body.entries[0].length += first > 0 && first < 24;
                body.entries[0].state = SG_PAYLOAD_NOT_HELD;
                assert_int_equal(give(50), SG_PACKAGE_FITS);
                assert_int_equal(result.skip, 24 - first);
                assert_receiver(&receiver, end);
            }
        }
    }
}

/* Where packages overlap, nodes that the stack has already must be the same. */
static void test_overlap_nodes(void **state)
{
    (void)state;
    setup_log(7, 64);
    any_log_package(&any, 1, 16, 18, 64, false, &body);
    assert_int_equal(body.node_count, 3);
    for (size_t i = 0; i < 3; i++) {
        any_log_receiver(&any, 17, 64, true, &receiver);
        body.nodes[i].bytes[0] ^= 1;
        assert_int_equal(give(64), SG_PACKAGE_MISMATCH);
        body.nodes[i].bytes[0] ^= 1;
    }
    any_log_receiver(&any, 17, 64, true, &receiver);
    assert_int_equal(give(64), SG_PACKAGE_FITS);
}

/* N < known: refused, unless the own stack can judge it. */
static void test_older(void **state)
{
    (void)state;
    setup_log(8, 40);
    any_log_receiver(&any, 10, 40, false, &receiver);
    any_log_package(&any, 1, 10, 16, 20, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_OLDER);
    any_log_receiver(&any, 10, 40, true, &receiver);
    any_log_package(&any, 1, 10, 15, 20, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_OLDER);
    any_log_package(&any, 1, 10, 16, 20, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_FITS);
    assert_receiver(&receiver, 16);
    assert_int_equal(receiver.known.size, 40);
    assert_false(result.has_known_grown);
}

/* The stack's own checkpoint may be older than what is known by now. */
static void test_older_stack(void **state)
{
    (void)state;
    setup_log(9, 40);
    any_log_receiver(&any, 10, 30, true, &receiver);
    receiver.known = any_log_checkpoint(&any, 40);
    any_log_package(&any, 1, 10, 13, 30, false, &body);
    assert_int_equal(give(30), SG_PACKAGE_FITS);
    assert_receiver(&receiver, 13);
    assert_int_equal(receiver.known.size, 40);
    assert_int_equal(receiver.stack.toward.size, 30);
}

/* What the own stack judges is judged: wrong leaves do not pass because their
 * own checkpoint is older. */
static void test_older_mismatch(void **state)
{
    struct sg_prng prng;

    (void)state;
    setup_log(10, 40);
    sg_prng_init(&prng, 10);
    any_log_branch(&any, &prng, 12, &other);
    any_log_receiver(&any, 10, 40, true, &receiver);
    any_log_package(&other, 1, 10, 16, 20, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
}

/* N > known > held: known grows by a proof alone. */
static void test_unproved(void **state)
{
    (void)state;
    setup_log(11, 40);
    any_log_receiver(&any, 10, 20, false, &receiver);
    any_log_package(&any, 1, 10, 16, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_UNPROVED);
    any_log_receiver(&any, 10, 20, true, &receiver);
    any_log_package(&any, 1, 10, 16, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_FITS);
    assert_int_equal(receiver.known.size, 20);
    any_log_package(&any, 1, 16, 17, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_UNPROVED);
}

/* Not fresh: only on the stack toward that very checkpoint. */
static void test_no_stack(void **state)
{
    (void)state;
    setup_log(12, 40);
    any_log_receiver(&any, 10, 40, false, &receiver);
    any_log_package(&any, 1, 10, 16, 40, false, &body);
    assert_int_equal(give(40), SG_PACKAGE_NO_STACK);
    any_log_receiver(&any, 10, 39, true, &receiver);
    assert_int_equal(give(40), SG_PACKAGE_NO_STACK);
    assert_int_equal(sg_package_judge(&body.head, 0, &receiver),
                     SG_PACKAGE_NO_STACK);
    any_log_receiver(&any, 10, 40, false, &receiver);
    assert_int_equal(sg_package_judge(&body.head, 0, &receiver),
                     SG_PACKAGE_NO_STACK);
}

/* A fold that differs from what is signed: in a leaf, a node, the signature,
 * the size. */
static void test_mismatch(void **state)
{
    (void)state;
    setup_log(13, 40);
    any_log_receiver(&any, 10, 10, false, &receiver);
    any_log_package(&any, 1, 10, 16, 39, true, &body);
    body.nodes[body.node_count - 1].bytes[31] ^= 0x80;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
    any_log_package(&any, 1, 10, 16, 39, true, &body);
    body.entries[0].length ^= 1;
    body.entries[0].state = SG_PAYLOAD_NOT_HELD;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
    any_log_package(&any, 1, 10, 16, 39, true, &body);
    body.head.signature[3] ^= 1;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
    any_log_package(&any, 1, 10, 16, 39, true, &body);
    body.head.size = 38;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
    body.head.size = 39;
    assert_int_equal(give(0), SG_PACKAGE_FITS);
}

/* What is known is known by another signature of the same key over the same
 * words, which others may have kept: the package's own is verified. */
static void test_other_signature(void **state)
{
    (void)state;
    setup_log(28, 40);
    any_log_receiver(&any, 10, 40, false, &receiver);
    memset(receiver.known.signature, 0, 64);
    any_log_package(&any, 1, 10, 16, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_FITS);
    assert_memory_equal(receiver.known.signature, body.head.signature, 64);
    any_log_package(&any, 1, 16, 17, 40, true, &body);
    body.head.signature[9] ^= 1;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
}

/* A checkpoint that comes with a package on the stack is the stack's. */
static void test_checkpoint_on_stack(void **state)
{
    struct sg_checkpoint checkpoint;

    (void)state;
    setup_log(14, 40);
    checkpoint = any_log_checkpoint(&any, 40);
    any_log_package(&any, 1, 10, 16, 40, false, &body);
    body.head.has_checkpoint = true;
    body.head.size = 40;
    memcpy(body.head.signature, checkpoint.signature, 64);
    any_log_receiver(&any, 10, 40, true, &receiver);
    assert_int_equal(give(0), SG_PACKAGE_FITS);
    any_log_receiver(&any, 10, 40, true, &receiver);
    body.head.signature[0] ^= 1;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
    /* The stack does not remember signatures wrongly: a right one passes. */
    memset(receiver.stack.toward.signature, 0, 64);
    body.head.signature[0] ^= 1;
    assert_int_equal(give(0), SG_PACKAGE_FITS);
}

/* Another branch at the known size: proof of the fork, at once. At another size
 * it is a mismatch, which `prove` will explain. */
static void test_fork(void **state)
{
    struct sg_prng prng;

    (void)state;
    setup_log(15, 40);
    sg_prng_init(&prng, 15);
    any_log_branch(&any, &prng, 12, &other);
    any_log_receiver(&any, 10, 40, false, &receiver);
    any_log_package(&other, 1, 10, 16, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_FORKS);
    assert_ok(sg_fork_verify(&result.fork));
    assert_int_equal(result.fork.smaller.size, 40);
    body.head.signature[0] ^= 1;
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
    any_log_receiver(&any, 20, 20, false, &receiver);
    any_log_package(&other, 1, 20, 26, 40, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_MISMATCH);
}

/* Signed by its writer and yet no opening of this log: the log is refused. */
static void test_no_opening(void **state)
{
    (void)state;
    setup_log(16, 9);
    any_log_package(&any, 1, 0, 9, 9, true, &body);
    body.entries[0].state = SG_PAYLOAD_NOT_HELD;
    assert_int_equal(give(0), SG_PACKAGE_NO_OPENING);
    any.of.core.epoch[0] ^= 1;
    any.of.id = sg_entry_log_id(&any.hasher.registry, &any.of.core);
    any_log_package(&any, 1, 0, 9, 9, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_NO_OPENING);
    any.pool[0] ^= 1; /* the opening's version */
    any.entries[0].payload_hash =
        sg_entry_payload_hash(&any.hasher, any.entries[0].payload);
    any.leaves[0] = sg_entry_leaf(&any.entries[0]);
    any_log_package(&any, 1, 0, 9, 9, true, &body);
    assert_int_equal(give(0), SG_PACKAGE_NO_OPENING);
}

/* Payloads for entries that are held without: good only if they are what the
 * leaves say, all of them. */
static void test_filling(void **state)
{
    (void)state;
    setup_log(17, 40);
    any_log_package(&any, 2, 4, 30, 40, false, &body);
    body.head.is_filling = true;
    body.node_count = 0;
    body.entries[3].state = SG_PAYLOAD_NOT_HELD;
    body.entries[3].payload = sg_bytes(NULL, 0);
    assert_ok(sg_package_decode(encode(), 0, &any.hasher, &read));
    assert_ok(sg_package_verify_filling(&read, any.leaves + 4));
    read.entries[25].payload_hash.bytes[0] ^= 1;
    assert_err(sg_package_verify_filling(&read, any.leaves + 4), PROOF);
    assert_err(sg_package_verify_filling(&body, any.leaves + 5), PROOF);
}

static const uint8_t order_known[SG_ERASED_BY_SIZE] = {7};

/* Entries 3 and 5 are ordered erased. */
static bool order_of(void *context, uint64_t index,
                     uint8_t ret_order[SG_ERASED_BY_SIZE])
{
    (void)context;
    memcpy(ret_order, order_known, sizeof order_known);
    return index == 3 || index == 5;
}

/* State 2 counts if the order is known here; a present payload of an entry
 * ordered erased is dropped; the leaves stay what they were. */
static void test_settle(void **state)
{
    static const enum sg_payload_state states[] = {
        SG_PAYLOAD_PRESENT, SG_PAYLOAD_ERASED, SG_PAYLOAD_NOT_HELD,
        SG_PAYLOAD_ERASED, SG_PAYLOAD_NOT_HELD};

    (void)state;
    /* A log in which they are sealed: such as an order may name. */
    setup_log(18, 9);
    for (uint64_t seed = 19; any.entries[3].kind != SG_ENTRY_SEALED ||
                             any.entries[5].kind != SG_ENTRY_SEALED;
         seed++)
        setup_log(seed, 9);
    any_log_package(&any, 1, 3, 9, 9, true, &body);
    for (size_t i = 1; i < 5; i++) {
        body.entries[i].state = states[i];
        body.entries[i].payload = sg_bytes(NULL, 0);
    }
    memset(body.entries[1].erased_by, 9, SG_ERASED_BY_SIZE);
    sg_package_settle(&body, order_of, NULL);
    assert_int_equal(body.entries[0].state, SG_PAYLOAD_ERASED);
    assert_memory_equal(body.entries[0].erased_by, order_known, 16);
    assert_int_equal(body.entries[0].payload.size, 0);
    assert_int_equal(body.entries[1].state, SG_PAYLOAD_NOT_HELD);
    assert_int_equal(body.entries[1].erased_by[0], 0);
    assert_int_equal(body.entries[2].state, SG_PAYLOAD_ERASED);
    assert_int_equal(body.entries[3].state, SG_PAYLOAD_NOT_HELD);
    assert_int_equal(body.entries[4].state, SG_PAYLOAD_NOT_HELD);
    assert_int_equal(body.entries[5].state, SG_PAYLOAD_PRESENT);
    for (size_t i = 0; i < 6; i++) {
        struct sg_hash leaf = sg_entry_leaf(&body.entries[i]);

        assert_memory_equal(&leaf, &any.leaves[3 + i], sizeof leaf);
    }
}

/* Everything is ordered erased. */
static bool order_all(void *context, uint64_t index,
                      uint8_t ret_order[SG_ERASED_BY_SIZE])
{
    (void)context;
    (void)index;
    memcpy(ret_order, order_known, sizeof order_known);
    return true;
}

/* Whatever an order names, openings, content keys and plain records of types 1
 * to 31 stay (RECORDS.md 6.9): with them a node would lose what others sealed,
 * or what the authority said. A peer that has lost one does not hold it. */
static void test_settle_keeps(void **state)
{
    /* [[type, schema 1, seven values], the outer part] */
    static const uint8_t statement[12] = {0x92, 0x99, 31, 1};
    static const uint8_t record[12] = {0x92, 0x99, 32, 1};
    struct sg_entry *entries = body.entries;

    (void)state;
    setup_log(18, 9);
    any_log_package(&any, 1, 3, 9, 9, true, &body);
    for (size_t i = 0; i < 6; i++)
        entries[i].state = SG_PAYLOAD_PRESENT;
    entries[0].kind = SG_ENTRY_OPENING;
    entries[1].kind = SG_ENTRY_CONTENT_KEY;
    entries[2].kind = SG_ENTRY_CONTENT_KEY;
    entries[2].state = SG_PAYLOAD_ERASED;
    entries[3].kind = SG_ENTRY_PLAIN;
    entries[3].payload = SG_BYTES_ARRAY(statement);
    entries[4].kind = SG_ENTRY_PLAIN;
    entries[4].payload = SG_BYTES_ARRAY(record);
    entries[5].kind = SG_ENTRY_SEALED;
    sg_package_settle(&body, order_all, NULL);
    assert_int_equal(entries[0].state, SG_PAYLOAD_PRESENT);
    assert_int_equal(entries[1].state, SG_PAYLOAD_PRESENT);
    assert_int_equal(entries[2].state, SG_PAYLOAD_NOT_HELD);
    assert_int_equal(entries[3].state, SG_PAYLOAD_PRESENT);
    assert_int_equal(entries[4].state, SG_PAYLOAD_ERASED);
    assert_int_equal(entries[5].state, SG_PAYLOAD_ERASED);
}

/* --- Bytes that are not right --------------------------------------------- */

/* Every change of one byte of a package is refused, or changes nothing that
 * the log's writer has signed. */
static void flip_all(size_t first, size_t end, size_t size, bool is_fresh,
                     uint64_t toward)
{
    struct sg_bytes bytes = encode();
    static uint8_t changed[SG_MESSAGE_SIZE_MAX];

    memcpy(changed, bytes.data, bytes.size);
    for (size_t at = 0; at < bytes.size * 8; at++) {
        enum sg_package_verdict verdict;

        changed[at / 8] ^= (uint8_t)(1 << at % 8);
        any_log_receiver(&any, first, is_fresh ? first : size, !is_fresh,
                         &receiver);
        if (sg_package_decode(sg_bytes(changed, bytes.size), toward,
                              &any.hasher, &read) == SG_OK &&
            !read.head.is_filling) {
            verdict =
                sg_package_verify(&any.of, &read, toward, &receiver, &result);
            assert_int_not_equal(verdict, SG_PACKAGE_FORKS);
            if (verdict == SG_PACKAGE_FITS) {
                assert_int_equal(receiver.held.size, end);
                assert_receiver(&receiver, end);
            }
        }
        changed[at / 8] ^= (uint8_t)(1 << at % 8);
    }
}

static void test_every_flip(void **state)
{
    struct sg_prng prng;

    (void)state;
    setup_log(19, 40);
    sg_prng_init(&prng, 19);
    for (unsigned round = 0; round < 3; round++) {
        any_log_package(&any, 1, 0, 7, 23, true, &body);
        if (round > 0)
            any_log_lose(&prng, &body);
        flip_all(0, 7, 23, true, 0);
        any_log_package(&any, 0, 11, 14, 40, true, &body);
        flip_all(11, 14, 40, true, 0);
        any_log_package(&any, 2, 11, 14, 40, false, &body);
        flip_all(11, 14, 40, false, 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_logs),
        cmocka_unit_test(test_all_ranges),
        cmocka_unit_test(test_nodes_travel_once),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_overlap_nodes),
        cmocka_unit_test(test_older),
        cmocka_unit_test(test_older_stack),
        cmocka_unit_test(test_older_mismatch),
        cmocka_unit_test(test_unproved),
        cmocka_unit_test(test_no_stack),
        cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_other_signature),
        cmocka_unit_test(test_checkpoint_on_stack),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_no_opening),
        cmocka_unit_test(test_filling),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_settle_keeps),
        cmocka_unit_test(test_every_flip),
    };

    assert_int_equal(sg_crypto_init(), SG_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
