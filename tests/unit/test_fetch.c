#include "storage/lmdb/fetch.h"

#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

/* What was appended comes back, byte for byte, from any place in any number. */
static void test_range(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a;
    struct sg_prng prng;
    unsigned round;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 700);
    sg_fetch_init(&fetch, 1 << 20);
    sg_prng_init(&prng, 3);
    for (round = 0; round < 200; round++) {
        uint64_t first = sg_prng_below(&prng, 710);
        size_t count = 1 + sg_prng_below(&prng, 256), i;
        uint64_t left = first < 701 ? 701 - first : 0;
        assert_ok(sg_fetch_range(a.store, a.own->number, first, count, &fetch));
        assert_int_equal(fetch.count, left < count ? left : count);
        for (i = 0; i < fetch.count; i++) {
            uint8_t payload[300];
            size_t size = sg_test_store_payload(&a, first + i, payload);
            if (first + i > 0) {
                assert_int_equal(fetch.entries[i].payload.size, size);
                assert_memory_equal(fetch.entries[i].payload.data, payload,
                                    size);
            }
            assert_int_equal(fetch.places[i].index, first + i);
        }
    }
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
}

/* Where payloads fill the memory, fewer entries come. */
static void test_memory(void **state)
{
    static struct sg_fetch fetch;
    static uint8_t big[40000];
    struct sg_test_store a;
    struct sg_entry entries[4];
    size_t i;
    (void)state;

    sg_test_store_new(&a, 1);
    for (i = 0; i < 4; i++) {
        assert_ok(sg_entry_make(sg_store_hasher(a.store), SG_ENTRY_PLAIN, 0,
                                SG_BYTES_ARRAY(big), &entries[i]));
    }
    assert_ok(sg_batch_append(a.batch, a.own->number, 1, entries, 4));
    assert_ok(sg_batch_commit(a.batch));
    sg_fetch_init(&fetch, 90000);
    assert_ok(sg_fetch_range(a.store, a.own->number, 1, 4, &fetch));
    assert_int_equal(fetch.count, 2);
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
}

/* Following the arrivals meets every entry of every log once, in order. */
static void test_arrivals(void **state)
{
    static struct sg_fetch fetch;
    struct sg_test_store a, b;
    uint64_t at = 0, next, own = 0, other = 0;
    uint32_t number;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_new(&b, 2);
    sg_test_store_fill(&b, 100);
    sg_test_store_fill(&a, 10);
    assert_ok(sg_test_store_send(&b, &a, 0, 60, false));
    assert_ok(sg_batch_commit(a.batch));
    sg_test_store_fill(&a, 10);
    assert_ok(sg_test_store_send(&b, &a, 60, 41, true));
    assert_ok(sg_batch_commit(a.batch));
    number = sg_test_store_number(&b, &a);
    sg_fetch_init(&fetch, 1 << 20);
    for (;;) {
        size_t i;
        assert_ok(sg_fetch_arrivals(a.store, at, 17, &fetch, &next));
        if (fetch.count == 0) {
            break;
        }
        for (i = 0; i < fetch.count; i++) {
            uint64_t *expected = fetch.places[i].log == number ? &other : &own;
            assert_int_equal(fetch.places[i].index, *expected);
            ++*expected;
        }
        assert_true(next > at);
        at = next;
    }
    assert_int_equal(own, 21);
    assert_int_equal(other, 101);
    sg_fetch_clear(&fetch);
    sg_test_store_free(&a);
    sg_test_store_free(&b);
}

/* Every entry has a proof to the signed checkpoint, and every pair of sizes a
 * consistency proof; beyond the end there is none. */
static void test_proofs(void **state)
{
    struct sg_tlog_proof proof;
    struct sg_hash hashes[SG_MERKLE_PROOF_MAX], root_a, root_b;
    struct sg_test_store a;
    uint64_t i, j;
    size_t count;
    (void)state;

    sg_test_store_new(&a, 1);
    sg_test_store_fill(&a, 530);
    for (i = 0; i < 531; i++) {
        assert_ok(sg_fetch_proof(a.store, a.own->number, i, &proof));
        assert_int_equal(proof.note.checkpoint.size, 531);
    }
    assert_err(sg_fetch_proof(a.store, a.own->number, 531, &proof), NOTFOUND);
    for (i = 1; i <= 531; i += 53) {
        for (j = i; j <= 531; j += 31) {
            assert_ok(sg_fetch_root(a.store, a.own->number, i, &root_a));
            assert_ok(sg_fetch_root(a.store, a.own->number, j, &root_b));
            assert_ok(sg_fetch_consistency(a.store, a.own->number, i, j, hashes,
                                           &count));
            assert_ok(sg_merkle_check_consistency(i, j, hashes, count, &root_a,
                                                  &root_b));
        }
    }
    assert_err(sg_fetch_root(a.store, a.own->number, 0, &root_a), NOTFOUND);
    assert_err(sg_fetch_root(a.store, a.own->number, 532, &root_a), NOTFOUND);
    assert_err(
        sg_fetch_consistency(a.store, a.own->number, 0, 5, hashes, &count),
        NOTFOUND);
    assert_err(sg_fetch_root(a.store, 99, 1, &root_a), NOTFOUND);
    sg_test_store_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_arrivals),
        cmocka_unit_test(test_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
