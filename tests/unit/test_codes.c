/* storage/registry/codes.h: the tables that a new registry publishes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/registry/codes.h"
#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

static const enum sg_schema_table shipped[] = {
    SG_TABLE_FORM,    SG_TABLE_ETHNIC,   SG_TABLE_BLOOD,
    SG_TABLE_MARITAL, SG_TABLE_RELATION, SG_TABLE_UNIT_KIND,
    SG_TABLE_REJECT,  SG_TABLE_PROVINCE, SG_TABLE_ISO_COUNTRY,
};

#define N_SHIPPED (sizeof(shipped) / sizeof(shipped[0]))

/* Codes ascend, and a name stands beside each. */
static void test_rows_ascend(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SHIPPED; i++) {
        const struct sg_codes_table *table = sg_codes_shipped(shipped[i]);

        assert_non_null(table);
        assert_int_equal(table->table, shipped[i]);
        assert_true(table->n_rows > 0);
        for (size_t k = 0; k < table->n_rows; k++) {
            assert_true(table->rows[k].code > 0);
            assert_true(k == 0 ||
                        table->rows[k - 1].code < table->rows[k].code);
            assert_true(strlen(table->rows[k].vietnamese) > 0);
            assert_int_equal(sg_date_precision(table->rows[k].from),
                             SG_DATE_YMD);
        }
    }
    assert_null(sg_codes_shipped(SG_TABLE_RELIGION));
    assert_null(sg_codes_shipped(SG_TABLE_COUNTRY));
    assert_int_equal(sg_codes_shipped(SG_TABLE_ETHNIC)->n_rows, 55);
    assert_int_equal(sg_codes_shipped(SG_TABLE_ISO_COUNTRY)->n_rows, 249);
}

/* Gives the line of the page, section 9, that is about TABLE. */
static void read_line(enum sg_schema_table table, char ret_line[4096])
{
    static char page[1 << 18];
    char path[4096];
    const char *line;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/storage/registry/RECORDS.md",
                   getenv("SG_SOURCE_DIR"));
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
    (void)fclose(file);
    line = strstr(page, "## 9. Code tables");
    assert_non_null(line);
    (void)snprintf(path, sizeof(path), "\n| %u | ", (unsigned)table);
    line = strstr(line, path);
    assert_non_null(line);
    (void)snprintf(ret_line, 4096, "%.*s,", (int)strcspn(line + 1, "\n") - 2,
                   line + 1);
}

/* The page's closed tables are these, row for row. */
static void test_rows_are_those_of_the_page(void **state)
{
    static const enum sg_schema_table closed[] = {
        SG_TABLE_FORM,     SG_TABLE_BLOOD,     SG_TABLE_MARITAL,
        SG_TABLE_RELATION, SG_TABLE_UNIT_KIND, SG_TABLE_REJECT,
    };
    char line[4096], row[256];

    (void)state;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        const struct sg_codes_table *table = sg_codes_shipped(closed[i]);
        size_t commas = 0;

        read_line(closed[i], line);
        for (size_t k = 0; k < table->n_rows; k++) {
            const struct sg_codes_row *at = &table->rows[k];
            bool is_there = false;

            (void)snprintf(row, sizeof(row), " %u %s,", at->code, at->english);
            is_there = strstr(line, row) != NULL;
            (void)snprintf(row, sizeof(row), " %u %s,", at->code,
                           at->vietnamese);
            assert_true(is_there || strstr(line, row) != NULL);
        }
        for (const char *c = line; *c != '\0'; c++)
            commas += *c == ',';
        assert_int_equal(commas, table->n_rows);
    }
}

/* Table 9 is the list of provinces that numbers are made with. */
static void test_provinces_are_those_of_numbers(void **state)
{
    const struct sg_codes_table *table = sg_codes_shipped(SG_TABLE_PROVINCE);
    const struct sg_pin_province *provinces;
    size_t count;

    (void)state;
    provinces = sg_pin_provinces(&count);
    assert_int_equal(table->n_rows, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(table->rows[i].code, provinces[i].code);
        assert_int_equal(table->rows[i].from.ymd, provinces[i].from.ymd);
        assert_string_equal(table->rows[i].vietnamese, provinces[i].name);
    }
}

/* Published, every table is looked up as it was shipped. */
static void test_published_tables_are_found(void **state)
{
    struct book_state *fixture = *state;
    struct book *book = &fixture->book;
    const struct sg_date day = {20250801}, before = {20250630};
    struct sg_authority_at at;

    for (size_t i = 0; i < N_SHIPPED; i++) {
        sg_codes_put(book_statement(book, SG_TYPE_CODE_TABLE),
                     sg_codes_shipped(shipped[i]));
        (void)book_write(book, 0);
    }
    at = book_at_cut(book_seal(fixture));
    assert_true(
        sg_authority_has_code(&at, SG_TABLE_ISO_COUNTRY, 22094, day, day));
    assert_true(sg_bytes_equal(
        sg_authority_code_text(&at, SG_TABLE_ETHNIC, 6, day, SG_LANG_VI),
        SG_BYTES_TEXT("Mường")));
    /* A name without English is shown in Vietnamese. */
    assert_true(sg_bytes_equal(
        sg_authority_code_text(&at, SG_TABLE_ETHNIC, 6, day, SG_LANG_EN),
        SG_BYTES_TEXT("Mường")));
    assert_false(sg_authority_has_code(&at, SG_TABLE_UNIT_KIND, 3, day, day));
    assert_true(
        sg_authority_has_code(&at, SG_TABLE_UNIT_KIND, 3, before, before));
    for (size_t i = 0; i < N_SHIPPED; i++) {
        const struct sg_codes_table *table = sg_codes_shipped(shipped[i]);

        for (size_t k = 0; k < table->n_rows; k++)
            assert_true(sg_authority_has_code(&at, table->table,
                                              table->rows[k].code,
                                              table->rows[k].from, day));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_ascend),
        cmocka_unit_test(test_rows_are_those_of_the_page),
        cmocka_unit_test(test_provinces_are_those_of_numbers),
        cmocka_unit_test_setup_teardown(test_published_tables_are_found,
                                        book_setup, book_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
