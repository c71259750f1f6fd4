#include "node/view/stow.h"

#include <string.h>

#include "storage/base/prng.h"
#include "storage/lmdb/sealed.h"
#include "tests/lib/test.h"
#include "tests/lib/torture.h"

#define ROWS 5000u

static uint16_t sizes[ROWS];
static uint32_t order[ROWS];

/* Counts the pages that rows take as ORDER has them, or as they come. */
static size_t pages_of(const uint32_t *by, size_t *left)
{
    size_t pages = 0;

    for (size_t i = 0; i < ROWS; i++) {
        size_t size = sizes[by != NULL ? by[i] : i];

        if (size > *left) {
            pages++;
            *left = SG_SEALED_PAGE_SIZE;
        }
        *left -= size;
    }
    return pages;
}

static size_t draw(void)
{
    struct sg_prng prng;
    size_t sum = 0;

    sg_prng_init(&prng, 7);
    for (size_t i = 0; i < ROWS; i++) {
        sizes[i] = (uint16_t)(130 + 2 * (sg_prng_below(&prng, 130) +
                                         sg_prng_below(&prng, 130)));
        sum += sizes[i];
    }
    return sum;
}

/* Every row has one place, pages are filled to a hundredth, which they are not
 * as the rows come, and what the last page has left is told. */
static void test_filled(void **state)
{
    static bool is_placed[ROWS];
    size_t sum = draw(), left = 0, told = 0, least, pages;

    (void)state;
    least = sum / SG_SEALED_PAGE_SIZE;
    assert_ok(sg_stow_order(sizes, ROWS, &told, order));
    for (size_t i = 0; i < ROWS; i++) {
        assert_in_range(order[i], 0, ROWS - 1);
        assert_false(is_placed[order[i]]);
        is_placed[order[i]] = true;
    }
    pages = pages_of(order, &left);
    assert_in_range(pages, least, least + least / 100 + 1);
    assert_int_equal(left, told);
    left = 0;
    assert_true(pages_of(NULL, &left) > least + least / 40);
}

/* It goes on with the page that is there. */
static void test_goes_on(void **state)
{
    static const uint16_t few[] = {500, 3000, 900, 1000};
    size_t left = 1000;

    (void)state;
    assert_ok(sg_stow_order(few, 4, &left, order));
    assert_int_equal(order[0], 3);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 2);
    assert_int_equal(order[3], 0);
    assert_int_equal(left, SG_SEALED_PAGE_SIZE - 500);
    assert_ok(sg_stow_order(few, 0, &left, order));
    assert_int_equal(left, SG_SEALED_PAGE_SIZE - 500);
}

/* Rows of one size stay as they come; a row may take a page. */
static void test_same_size(void **state)
{
    static const uint16_t same[] = {SG_SEALED_PAGE_SIZE, 20, 20, 20,
                                    SG_SEALED_PAGE_SIZE};
    static const uint32_t wanted[] = {1, 2, 3, 0, 4};
    size_t left = 60;

    (void)state;
    assert_ok(sg_stow_order(same, 5, &left, order));
    assert_memory_equal(order, wanted, sizeof wanted);
    assert_int_equal(left, 0);
}

static enum sg_err order_all(void *context)
{
    size_t left = 0;

    (void)context;
    return sg_stow_order(sizes, ROWS, &left, order);
}

/* Without memory it says so. */
static void test_no_memory(void **state)
{
    (void)state;
    (void)draw();
    assert_int_equal(sg_torture_run(order_all, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filled),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_same_size),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
