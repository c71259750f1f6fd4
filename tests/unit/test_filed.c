/* Filed: the newest submit ids, and no others. */
#include "node/filed.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"

static struct sg_filed_entry entry_of(uint64_t number)
{
    struct sg_filed_entry entry = {.index = number};

    sg_bytes_put_u64be(entry.submit.bytes + 8, number);
    sg_bytes_put_u64be(entry.id.bytes, ~number);
    return entry;
}

static const struct sg_filed_entry *find(const struct sg_filed *filed,
                                         uint64_t number)
{
    struct sg_filed_entry entry = entry_of(number);

    return sg_filed_find(filed, &entry.submit);
}

static void put(struct sg_filed *filed, uint64_t number)
{
    struct sg_filed_entry entry = entry_of(number);

    sg_filed_put(filed, &entry);
}

static void drop(struct sg_filed *filed, uint64_t number)
{
    struct sg_filed_entry entry = entry_of(number);

    sg_filed_drop(filed, &entry.submit);
}

/* As many are known as the header says; the oldest makes room for a new one. */
static void test_the_newest_are_known(void **state)
{
    struct sg_filed *filed;

    (void)state;
    assert_ok(sg_filed_new(&filed));
    assert_null(find(filed, 1));
    for (uint64_t i = 0; i < 3 * SG_FILED_COUNT; i++) {
        put(filed, i);
        assert_int_equal(find(filed, i)->index, i);
        if (i >= SG_FILED_COUNT) {
            assert_null(find(filed, i - SG_FILED_COUNT));
            assert_non_null(find(filed, i - SG_FILED_COUNT + 1));
        }
    }
    for (uint64_t i = 2 * SG_FILED_COUNT; i < 3 * SG_FILED_COUNT; i++) {
        struct sg_filed_entry entry = entry_of(i);

        assert_memory_equal(&find(filed, i)->id, &entry.id, sizeof entry.id);
    }
    sg_filed_free(filed);
    sg_filed_free(NULL);
    assert_int_equal(sg_alloc_live(), 0);
}

/* What is dropped can be put again; its old slot harms nobody when its turn
 * comes. */
static void test_dropped_ones_are_put_again(void **state)
{
    struct sg_filed *filed;

    (void)state;
    assert_ok(sg_filed_new(&filed));
    drop(filed, 7);
    for (uint64_t i = 0; i < 100; i++)
        put(filed, i);
    for (uint64_t i = 0; i < 100; i += 2)
        drop(filed, i);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(find(filed, i) == NULL, i % 2 == 0);
    for (uint64_t i = 0; i < 100; i += 2)
        put(filed, i);
    for (uint64_t i = 100; i < SG_FILED_COUNT; i++)
        put(filed, i);
    /* 50 more than there are slots were put: the first 50 slots have been
     * written anew, of which those of dropped ones belonged to nobody. */
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(find(filed, i) == NULL, i % 2 == 1 && i < 50);
    sg_filed_free(filed);
}

static int setup(void **state)
{
    (void)state;
    assert_ok(sg_crypto_init());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_are_known),
        cmocka_unit_test(test_dropped_ones_are_put_again),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
