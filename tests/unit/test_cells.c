#include "replication/cells.h"

#include "replication/field.h"
#include "storage/base/prng.h"
#include "tests/lib/heads.h"
#include "tests/lib/protocol.h"

#define DIFFERENCES 8000u

static struct sg_cells_work work;
static struct sg_head_cell mine[SG_CELLS_MAX], theirs[SG_CELLS_MAX];
static uint32_t numbers[SG_CELLS_MAX], expected[DIFFERENCES];

/* Makes sketches of COUNT cells whose maps differ in D logs: on one side only,
 * or in value. What differs is in expected[], sorted. */
static uint32_t draw(struct sg_prng *prng, uint32_t count, uint32_t d)
{
    memset(mine, 0, count * sizeof mine[0]);
    memset(theirs, 0, count * sizeof theirs[0]);
    for (uint32_t i = 0; i < 500 + d; i++) {
        uint32_t x = (uint32_t)sg_prng_below(prng, SG_FIELD_PRIME);
        uint32_t v = 1 + (uint32_t)sg_prng_below(prng, SG_FIELD_PRIME - 1);

        sg_cells_add(mine, 0, count, x, v);
        if (i >= d)
            sg_cells_add(theirs, 0, count, x, v);
        else if (i % 3 == 0)
            sg_cells_add(theirs, 0, count, x, v == 1 ? 2 : v - 1);
        if (i < d)
            expected[i] = x;
    }
    return sg_cells_sort(expected, d);
}

/* The seven cells of the page are those of its two logs. */
static void test_example(void **state)
{
    struct sg_bytes message = protocol_hex("message-cells");
    struct sg_head_message_cells cells;
    struct sg_head_message_ask ask;
    struct sg_head_cell cell;
    uint32_t first, second;

    (void)state;
    /* One log's number is asked for in message-ask, the other's ref is in
     * message-prove; their values are the tags in message-tree. */
    assert_ok(sg_head_message_ask_decode(
        sg_bytes(protocol_hex("message-ask").data + 2, 7), &ask));
    assert_true(sg_head_message_ask_next(&ask, &second));
    first = sg_bytes_get_u32be(protocol_hex("message-prove").data + 2);
    assert_ok(sg_head_message_cells_decode(
        sg_bytes(message.data + 2, message.size - 2), &cells));
    sg_cells_add(mine, 0, 7, first, UINT32_C(0x264d9437));
    sg_cells_add(mine, 0, 7, second, UINT32_C(0xf59ace8c));
    for (size_t i = 0; sg_head_message_cells_next(&cells, &cell); i++)
        assert_memory_equal(&cell, &mine[i], sizeof cell);
}

/* Twice as many cells as logs differ always decode, to just those logs. */
static void test_decode(void **state)
{
    static const uint32_t ds[] = {1, 2, 3, 10, 50, 100, 1000, DIFFERENCES};
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 3);
    for (size_t k = 0; k < sizeof ds / sizeof ds[0]; k++) {
        for (int run = 0; run < (ds[k] < 1000 ? 50 : 2); run++) {
            uint32_t count = 2 * ds[k] + 30, found;

            if (count > SG_CELLS_MAX)
                count = SG_CELLS_MAX;
            uint32_t d = draw(&prng, count, ds[k]);
            sg_cells_minus(mine, theirs, count);
            assert_true(sg_cells_decode(mine, count, &work, numbers, &found));
            assert_int_equal(found, d);
            assert_memory_equal(numbers, expected, d * sizeof d);
        }
    }
}

/* Equal maps leave nothing; too few cells say that they are too few, and the
 * estimate is enough and not much more. */
static void test_too_few(void **state)
{
    struct sg_prng prng;
    uint32_t found, next, total = 0;

    (void)state;
    sg_prng_init(&prng, 4);
    assert_int_equal(draw(&prng, 16, 0), 0);
    sg_cells_minus(mine, theirs, 16);
    assert_true(sg_cells_decode(mine, 16, &work, numbers, &found));
    assert_int_equal(found, 0);
    for (uint32_t run = 0; run < 50; run++) {
        uint32_t count = 16, tries = 0;
        uint64_t seed = sg_prng_u64(&prng);

        for (;;) {
            struct sg_prng again;

            sg_prng_init(&again, seed);
            (void)draw(&again, count, 300);
            sg_cells_minus(mine, theirs, count);
            next = sg_cells_next(mine, count);
            assert_true(next > count);
            if (sg_cells_decode(mine, count, &work, numbers, &found))
                break;
            assert_true(next <= SG_CELLS_MAX);
            count = next;
            assert_true(tries++ < 10);
        }
        total += count;
    }
    assert_in_range(total / 50, 400, 700); /* 1.3 to 2.3 cells a log */
    (void)draw(&prng, 8000, DIFFERENCES);
    memset(mine, 1, sizeof mine); /* all full: more than a sketch can hold */
    assert_true(sg_cells_next(mine, 8000) > SG_CELLS_MAX);
    assert_int_equal(sg_cells_next(mine, 4100), SG_CELLS_MAX);
}

/* Cells can be made in parts, and what is added can be taken away. */
static void test_parts(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 5);
    for (int run = 0; run < 100; run++) {
        uint32_t to = 1 + (uint32_t)sg_prng_below(&prng, 3000);
        uint32_t at = (uint32_t)sg_prng_below(&prng, to);
        uint32_t x = (uint32_t)sg_prng_below(&prng, SG_FIELD_PRIME);

        memset(mine, 0, to * sizeof mine[0]);
        memset(theirs, 0, to * sizeof theirs[0]);
        sg_cells_add(mine, 0, to, x, 7);
        sg_cells_add(theirs, 0, at, x, 7);
        sg_cells_add(theirs + at, at, to, x, 7);
        assert_memory_equal(mine, theirs, to * sizeof mine[0]);
        sg_cells_sub(mine, 0, to, x, 7);
        for (uint32_t i = 0; i < to; i++)
            assert_int_equal(
                mine[i].sums[0] | mine[i].sums[1] | mine[i].sums[2], 0);
    }
}

/* Cells of no map at all are not decoded, and decoding them ends. */
static void test_garbage(void **state)
{
    struct sg_prng prng;
    uint32_t found;

    (void)state;
    sg_prng_init(&prng, 6);
    for (int run = 0; run < 20; run++) {
        uint32_t count = run < 10 ? 1 + (uint32_t)run : SG_CELLS_MAX;

        for (uint32_t i = 0; i < count; i++) {
            for (int k = 0; k < 3; k++)
                mine[i].sums[k] =
                    (uint32_t)sg_prng_below(&prng, SG_FIELD_PRIME);
        }
        /* Lone cells that nobody shares: each looks like a log. */
        for (uint32_t i = 0; run > 14 && i < count; i++) {
            uint32_t x = (uint32_t)sg_prng_below(&prng, SG_FIELD_PRIME);

            mine[i] = (struct sg_head_cell){{1, x, sg_field_mul(x, x)}};
        }
        assert_false(sg_cells_decode(mine, count, &work, numbers, &found));
        assert_true(found <= count);
    }
}

/* Sorting sorts, and leaves each number once. */
static void test_sort(void **state)
{
    struct sg_prng prng;

    (void)state;
    sg_prng_init(&prng, 7);
    for (uint32_t count = 0; count < 200; count++) {
        uint32_t left;
        bool seen[50] = {false};

        for (uint32_t i = 0; i < count; i++) {
            numbers[i] = (uint32_t)sg_prng_below(&prng, 50);
            seen[numbers[i]] = true;
        }
        left = sg_cells_sort(numbers, count);
        for (uint32_t i = 0; i < left; i++) {
            assert_true(i == 0 || numbers[i] > numbers[i - 1]);
            assert_true(seen[numbers[i]]);
            seen[numbers[i]] = false;
        }
        for (int i = 0; i < 50; i++)
            assert_false(seen[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example), cmocka_unit_test(test_decode),
        cmocka_unit_test(test_too_few), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_garbage), cmocka_unit_test(test_sort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
