#include "storage/log/fork.h"

#include <string.h>

#include "storage/base/buf.h"
#include "tests/lib/page.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

static void read_page(const char *name, struct sg_buf *page)
{
    sg_buf_init(page, SG_FORK_SIZE_MAX);
    sg_page_hex("replication/PROTOCOL.md", name, page);
}

/* The proofs of PROTOCOL.md verify, and are encoded to the same bytes. */
static void test_examples(void **state)
{
    static const char *const names[] = {"fork-equal", "fork-unequal"};
    uint8_t again[SG_FORK_SIZE_MAX];
    struct sg_fork fork;
    struct sg_buf page;
    size_t i;
    (void)state;

    for (i = 0; i < 2; i++) {
        read_page(names[i], &page);
        assert_ok(sg_fork_decode(sg_buf_bytes(&page), &fork));
        assert_ok(sg_fork_verify(&fork));
        assert_int_equal(sg_fork_encode(&fork, again), page.size);
        assert_memory_equal(again, page.data, page.size);
        sg_buf_clear(&page);
    }
}

/* A proof with any bit changed, cut anywhere or with more behind it proves
 * nothing: nobody can be framed by noise. */
static void test_changed(void **state)
{
    static const char *const names[] = {"fork-equal", "fork-unequal"};
    struct sg_fork fork;
    struct sg_buf page;
    size_t i, at;
    (void)state;

    for (i = 0; i < 2; i++) {
        read_page(names[i], &page);
        for (at = 0; at < 8 * page.size; at += 3) {
            page.data[at / 8] ^= (uint8_t)(1u << at % 8);
            assert_true(sg_fork_decode(sg_buf_bytes(&page), &fork) != SG_OK ||
                        sg_fork_verify(&fork) != SG_OK);
            page.data[at / 8] ^= (uint8_t)(1u << at % 8);
        }
        for (at = 0; at < page.size; at++) {
            assert_true(sg_fork_decode(sg_bytes(page.data, at), &fork) !=
                            SG_OK ||
                        sg_fork_verify(&fork) != SG_OK);
        }
        sg_buf_clear(&page);
    }
}

static void assert_no_proof(const struct sg_fork *fork)
{
    assert_err(sg_fork_verify(fork), PROOF);
}

/* There is one encoding of a proof: the smaller checkpoint first, or the
 * smaller root; no hash that is not needed, none too many. */
static void test_order(void **state)
{
    static uint8_t long_one[SG_FORK_SIZE_MAX + 32];
    struct sg_fork fork, ordered;
    struct sg_checkpoint swap;
    struct sg_buf page;
    unsigned i;
    (void)state;

    for (i = 0; i < 2; i++) {
        read_page(i == 0 ? "fork-equal" : "fork-unequal", &page);
        assert_ok(sg_fork_decode(sg_buf_bytes(&page), &fork));
        ordered = fork;
        sg_fork_order(&ordered, &fork.larger, &fork.smaller);
        assert_memory_equal(&ordered, &fork, sizeof fork);
        sg_fork_order(&ordered, &fork.smaller, &fork.larger);
        assert_memory_equal(&ordered, &fork, sizeof fork);
        ordered.hash_count++;
        assert_no_proof(&ordered);
        ordered = fork;
        swap = ordered.smaller;
        ordered.smaller = ordered.larger;
        ordered.larger = swap;
        assert_no_proof(&ordered);
        memcpy(long_one, page.data, page.size);
        assert_true(sg_fork_decode(SG_BYTES_ARRAY(long_one), &fork) != SG_OK);
        sg_buf_clear(&page);
    }
    fork.larger = fork.smaller;
    fork.hash_count = 0;
    assert_no_proof(&fork); /* the same one twice */
}

/* Two honest checkpoints of one log, of any sizes, never make a proof. */
static void test_honest(void **state)
{
    struct sg_checkpoint early;
    struct sg_test_store a;
    struct sg_fork fork;
    unsigned i;
    (void)state;

    sg_test_store_new(&a, 1);
    for (i = 0; i < 40; i++) {
        early = a.own->signed_checkpoint;
        assert_err(sg_fetch_fork(a.store, a.own->number, &early, &fork), PROOF);
        sg_test_store_fill(&a, 1 + i % 7);
        assert_err(sg_fetch_fork(a.store, a.own->number, &early, &fork), PROOF);
    }
    sg_test_store_free(&a);
}

/* Clones of one store that both signed: a third store that holds one history
 * meets the other's checkpoint, of any size, and has the proof, which verifies
 * from its bytes alone. */
static void test_clones(void **state)
{
    uint8_t bytes[SG_FORK_SIZE_MAX];
    struct sg_test_store a, b;
    struct sg_checkpoint other;
    struct sg_fork fork, read;
    struct sg_hash root;
    uint32_t number;
    uint64_t size;
    size_t length;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&a, 40);
    assert_ok(sg_test_store_send(&a, &b, 0, 41, false));
    assert_ok(sg_batch_commit(b.batch));
    number = sg_test_store_number(&a, &b);
    for (size = 1; size <= 41; size++) {
        /* What a clone signed at this size. */
        memset(&root, (int)size, sizeof root);
        sg_checkpoint_sign(&sg_test_registry, &a.own->id, &a.key, size, &root,
                           &other);
        assert_err(sg_batch_known(b.batch, number, &other), FORK);
        assert_ok(sg_fetch_fork(b.store, number, &other, &fork));
        length = sg_fork_encode(&fork, bytes);
        assert_ok(sg_fork_decode(sg_bytes(bytes, length), &read));
        assert_ok(sg_fork_verify(&read));
    }
    sg_checkpoint_sign(&sg_test_registry, &a.own->id, &a.key, 42, &root,
                       &other);
    assert_err(sg_fetch_fork(b.store, number, &other, &fork), NOTFOUND);
    other.size = 7;
    assert_err(sg_fetch_fork(b.store, number, &other, &fork), SIGNATURE);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_changed),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_honest),
        cmocka_unit_test(test_clones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
