#include "node/view/index.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/test.h"

#define ENTRIES 20000u

static struct sg_index_entry entries[ENTRIES], wanted[ENTRIES], room[ENTRIES];

/* Draws entries of four databases, of keys of three sizes, some of them twice.
 */
static void draw(size_t count)
{
    static const uint8_t sizes[] = {8, 12, 7, 12};
    struct sg_prng prng;

    sg_prng_init(&prng, count);
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < count; i++) {
        struct sg_index_entry *entry = &entries[i];

        entry->db = (uint8_t)(2 + sg_prng_below(&prng, 4));
        entry->size = sizes[entry->db - 2];
        sg_prng_bytes(&prng, entry->key, entry->size);
        if (sg_prng_chance(&prng, 300))
            memset(entry->key, 7, entry->size - 1u);
        if (i > 0 && sg_prng_chance(&prng, 100))
            *entry = entries[sg_prng_below(&prng, i)];
    }
    memcpy(wanted, entries, sizeof wanted);
}

static int by_database_and_key(const void *a, const void *b)
{
    const struct sg_index_entry *x = a, *y = b;

    if (x->db != y->db)
        return x->db < y->db ? -1 : 1;
    return memcmp(x->key, y->key, x->size);
}

/* Any number of entries comes to be in the order of databases, then of keys,
 * which is that of their comparison. */
static void test_sort(void **state)
{
    static const size_t counts[] = {0, 1, 2, 3, 255, 256, 257, ENTRIES};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        draw(counts[i]);
        qsort(wanted, counts[i], sizeof wanted[0], by_database_and_key);
        sg_index_sort(entries, room, counts[i]);
        assert_memory_equal(entries, wanted, sizeof entries);
        for (size_t k = 1; k < counts[i]; k++)
            assert_true(sg_index_compare(&entries[k - 1], &entries[k]) <= 0);
    }
}

/* Entries that are alike stay as they are. */
static void test_alike(void **state)
{
    (void)state;
    draw(1);
    entries[1] = entries[2] = wanted[1] = wanted[2] = entries[0];
    sg_index_sort(entries, room, 3);
    assert_memory_equal(entries, wanted, sizeof entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
