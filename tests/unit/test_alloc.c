#include "storage/base/alloc.h"

#include <string.h>

#include "tests/lib/test.h"
#include "tests/lib/torture.h"

/* Under AddressSanitizer an impossible size gives NULL, as malloc does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* No machine has this much; not a constant, or compilers complain. */
static volatile size_t too_much = SIZE_MAX / 2;

/* Every allocation is counted until it is freed, one of no bytes too. */
static void test_alloc_counts_what_lives(void **state)
{
    int64_t before = sg_alloc_live();
    void *a = sg_alloc(0);
    void *b = sg_calloc(3, 5);
    void *c = sg_realloc(NULL, 7);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_int_equal(sg_alloc_live(), before + 3);
    c = sg_realloc(c, 0);
    assert_non_null(c);
    assert_int_equal(sg_alloc_live(), before + 3);
    sg_free(a);
    sg_free(b);
    sg_free(c);
    sg_free(NULL);
    assert_int_equal(sg_alloc_live(), before);
}

/* sg_calloc gives zeros, and refuses a product that is no size. */
static void test_alloc_calloc(void **state)
{
    static const uint8_t zeros[600];
    uint8_t *memory = sg_calloc(200, 3);

    (void)state;
    assert_non_null(memory);
    assert_memory_equal(memory, zeros, sizeof zeros);
    sg_free(memory);
    assert_null(sg_calloc(SIZE_MAX / 2, 3));
    assert_null(sg_calloc(3, SIZE_MAX / 2));
    memory = sg_calloc(0, SIZE_MAX);
    assert_non_null(memory);
    sg_free(memory);
}

/* What the system refuses is NULL and is not counted; the memory that was to
 * grow stays as it was. */
static void test_alloc_refused_by_the_system(void **state)
{
    int64_t before = sg_alloc_live();
    char *memory = sg_alloc(4);

    (void)state;
    assert_non_null(memory);
    memcpy(memory, "abc", 4);
    assert_null(sg_alloc(too_much));
    assert_null(sg_calloc(1, too_much));
    assert_null(sg_realloc(memory, too_much));
    assert_string_equal(memory, "abc");
    sg_free(memory);
    assert_int_equal(sg_alloc_live(), before);
}

/* The planned call fails, and that one only, whichever of the three it is. */
static void test_alloc_fails_when_planned(void **state)
{
    void *first;
    void *second;

    (void)state;
    sg_alloc_fail_at(2);
    first = sg_alloc(1);
    assert_non_null(first);
    assert_false(sg_alloc_failed());
    assert_null(sg_calloc(1, 1));
    assert_true(sg_alloc_failed());
    second = sg_calloc(1, 1);
    assert_non_null(second);
    sg_free(second);

    sg_alloc_fail_at(1);
    assert_false(sg_alloc_failed());
    assert_null(sg_realloc(first, 2));
    assert_true(sg_alloc_failed());

    sg_alloc_fail_at(1);
    assert_null(sg_alloc(1));

    sg_alloc_fail_at(1);
    sg_alloc_fail_at(0);
    second = sg_alloc(1);
    assert_non_null(second);
    assert_false(sg_alloc_failed());
    sg_free(second);
    sg_free(first);
}

/* Makes three allocations, each after the one before has come. */
static enum sg_err run_three(void *context)
{
    enum sg_err err = SG_ERR_NOMEM;
    void *first = sg_alloc(1);
    void *second = first != NULL ? sg_calloc(1, 1) : NULL;
    void *third = second != NULL ? sg_realloc(NULL, 1) : NULL;

    (*(int *)context)++;
    if (third != NULL)
        err = SG_OK;
    sg_free(third);
    sg_free(second);
    sg_free(first);
    return err;
}

/* Torture runs once for each allocation and once more, and says how many
 * there were. */
static void test_alloc_torture_counts(void **state)
{
    int runs = 0;

    (void)state;
    assert_int_equal(sg_torture_run(run_three, &runs), 3);
    assert_int_equal(runs, 4);
}

/* An array grows with its capacity and keeps what is in it; where there is no
 * memory, or no such size, nothing changes. */
static void test_alloc_grow(void **state)
{
    uint32_t *array = NULL;
    size_t capacity = 0, before;

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(
            sg_alloc_grow((void **)&array, i, &capacity, sizeof *array));
        assert_true(capacity > i);
        array[i] = i;
    }
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(array[i], i);
    before = capacity;
    sg_alloc_fail_at(1);
    assert_false(
        sg_alloc_grow((void **)&array, capacity, &capacity, sizeof *array));
    assert_int_equal(capacity, before);
    assert_int_equal(array[99], 99);
    assert_false(sg_alloc_grow((void **)&array, capacity, &capacity, SIZE_MAX));
    assert_int_equal(capacity, before);
    capacity = SIZE_MAX / 2 + 1;
    assert_false(sg_alloc_grow((void **)&array, capacity, &capacity, 1));
    assert_int_equal(array[99], 99);
    sg_free(array);
    assert_int_equal(sg_alloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_counts_what_lives),
        cmocka_unit_test(test_alloc_calloc),
        cmocka_unit_test(test_alloc_refused_by_the_system),
        cmocka_unit_test(test_alloc_fails_when_planned),
        cmocka_unit_test(test_alloc_torture_counts),
        cmocka_unit_test(test_alloc_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
