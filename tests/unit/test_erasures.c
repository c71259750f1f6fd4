#include "storage/lmdb/erasures.h"

#include <string.h>

#include "storage/lmdb/backup.h"
#include "tests/lib/store.h"
#include "tests/lib/test.h"

static const uint8_t first[SG_ERASED_BY_SIZE] = {1};
static const uint8_t second[SG_ERASED_BY_SIZE] = {2};

struct seen {
    size_t n;
    struct sg_erasures_row rows[8];
};

static enum sg_err see(void *context, const struct sg_erasures_row *row)
{
    struct seen *seen = context;

    assert_true(seen->n < sizeof seen->rows / sizeof seen->rows[0]);
    seen->rows[seen->n++] = *row;
    return SG_OK;
}

/* The states of all rows as digits, by index. */
static void expect(struct sg_test_store *test, const char *states)
{
    struct seen seen = {.n = 0};

    assert_ok(sg_erasures_each(test->store, see, &seen));
    assert_int_equal(seen.n, strlen(states));
    for (size_t i = 0; i < seen.n; i++) {
        assert_int_equal(seen.rows[i].log, test->own->number);
        assert_int_equal((char)('0' + seen.rows[i].state), states[i]);
    }
}

static void erase(struct sg_test_store *test, uint64_t index,
                  const uint8_t order[SG_ERASED_BY_SIZE])
{
    assert_ok(sg_batch_erase(test->batch, test->own->number, index, order));
    assert_ok(sg_batch_commit(test->batch));
}

/* An erased entry is removed, then in no page, then said so: each once, by its
 * own order, and the store has it when it is opened again. */
static void test_states(void **state)
{
    struct seen seen = {.n = 0};
    struct sg_test_store test;

    (void)state;
    sg_test_store_new(&test, 1);
    sg_test_store_fill(&test, 20);
    expect(&test, "");
    erase(&test, 3, first);
    erase(&test, 9, second);
    erase(&test, 5, first);
    expect(&test, "111");
    assert_ok(sg_erasures_each(test.store, see, &seen));
    assert_int_equal(seen.rows[1].index, 5);
    assert_memory_equal(seen.rows[1].order, first, sizeof first);
    assert_memory_equal(seen.rows[2].order, second, sizeof second);

    /* What may lie in free pages is not said to be gone. */
    assert_ok(sg_erasures_say(test.store, first));
    expect(&test, "111");
    assert_ok(sg_backup_compact(test.store));
    expect(&test, "222");
    assert_ok(sg_erasures_say(test.store, first));
    expect(&test, "332");

    erase(&test, 4, first);
    expect(&test, "3132");
    assert_ok(sg_backup_compact(test.store));
    expect(&test, "3232");
    sg_test_store_close(&test);
    assert_ok(sg_test_store_open(&test));
    expect(&test, "3232");
    sg_test_store_free(&test);
}

static enum sg_err stop(void *context, const struct sg_erasures_row *row)
{
    (void)row;
    ++*(unsigned *)context;
    return SG_ERR_DONE;
}

/* The walk ends with what its caller says. */
static void test_a_walk_ends(void **state)
{
    struct sg_test_store test;
    unsigned n = 0;

    (void)state;
    sg_test_store_new(&test, 1);
    sg_test_store_fill(&test, 20);
    erase(&test, 3, first);
    erase(&test, 4, first);
    assert_err(sg_erasures_each(test.store, stop, &n), DONE);
    assert_int_equal(n, 1);
    sg_test_store_free(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_a_walk_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
