/* Every shipped unit and succession, said as statements and taken in again, is
 * the same table. */
#include "storage/registry/unit_put.h"

#include <stdlib.h>

#include "storage/registry/authority.h"
#include "storage/registry/unit_file.h"
#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

static void write_all(struct book *book, const struct sg_unit_table *units)
{
    for (size_t i = 0; i < sg_unit_table_size(units); i++) {
        const struct sg_unit *unit = sg_unit_table_get(units, i);
        const struct sg_unit_edge *edges;
        size_t n;

        sg_unit_put_unit(book_statement(book, SG_TYPE_UNIT), unit);
        (void)book_write(book, 0);
        edges = sg_unit_edges_from(units, unit->key, &n);
        if (n == 0)
            continue;
        sg_unit_put_edges(book_statement(book, SG_TYPE_UNIT_SUCCESSION), unit,
                          edges, n);
        (void)book_write(book, 0);
    }
}

static void assert_same(const struct sg_unit_table *said,
                        const struct sg_unit_table *units)
{
    size_t edges = 0;

    assert_int_equal(sg_unit_table_size(said), sg_unit_table_size(units));
    for (size_t i = 0; i < sg_unit_table_size(units); i++) {
        const struct sg_unit *a = sg_unit_table_get(units, i);
        const struct sg_unit *b = sg_unit_table_get(said, i);
        const struct sg_unit_edge *to_a, *to_b;
        size_t n, m;

        assert_true(sg_unit_key_equal(a->key, b->key));
        assert_true(sg_unit_key_equal(a->parent, b->parent));
        assert_int_equal(a->until.ymd, b->until.ymd);
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->is_proven, b->is_proven);
        assert_true(sg_bytes_equal(a->name, b->name));
        assert_true(sg_bytes_equal(a->act, b->act));
        to_a = sg_unit_edges_from(units, a->key, &n);
        to_b = sg_unit_edges_from(said, a->key, &m);
        assert_int_equal(n, m);
        for (size_t k = 0; k < n; k++) {
            assert_true(sg_unit_key_equal(to_a[k].to, to_b[k].to));
            assert_int_equal(to_a[k].share, to_b[k].share);
            assert_int_equal(to_a[k].is_proven, to_b[k].is_proven);
            assert_true(sg_bytes_equal(to_a[k].act, to_b[k].act));
        }
        edges += n;
    }
    assert_true(edges > 500);
}

static void test_shipped_units(void **state)
{
    struct book_state *fixture = *state;
    struct sg_unit_table *units;

    assert_ok(sg_unit_file_read(sg_unit_file_shipped(), &units, NULL));
    write_all(&fixture->book, units);
    assert_same(sg_authority_units(book_seal(fixture)), units);
    sg_unit_table_free(units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shipped_units, book_setup,
                                        book_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
