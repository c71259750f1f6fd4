/* storage/registry/schema.h: the tables in C are the tables of the page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/registry/schema.h"
#include "tests/lib/test.h"

#define CELLS_MAX 12
#define PAGE_MAX  (1 << 18)

/* The page, cut into lines in place. */
static char page[PAGE_MAX];
static const char *lines[4000];
static size_t n_lines;

static int setup(void **state)
{
    char path[4096];
    FILE *file;
    size_t size;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/storage/registry/RECORDS.md",
                   getenv("SG_SOURCE_DIR"));
    file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    size = fread(page, 1, sizeof(page) - 1, file);
    (void)fclose(file);
    for (char *at = page; at < page + size; n_lines++) {
        char *end = memchr(at, '\n', (size_t)(page + size - at));

        lines[n_lines] = at;
        *end = '\0';
        at = end + 1;
    }
    return 0;
}

/* The decimal number that CELL holds, and nothing else. */
static unsigned number_of(const char *cell)
{
    char *end;
    unsigned long number = strtoul(cell, &end, 10);

    assert_true(end != cell && *end == '\0' && number <= UINT16_MAX);
    return (unsigned)number;
}

/* Cuts a row of a table into trimmed cells; returns how many. */
static size_t cut(const char *line, char cells[CELLS_MAX][1024])
{
    size_t count = 0, size = 0;

    if (line[0] != '|')
        return 0;
    for (const char *at = line + 1; *at != '\0' && count < CELLS_MAX; at++) {
        if (*at != '|' || at[-1] == '\\') {
            if ((size > 0 || *at != ' ') && size < 1023)
                cells[count][size++] = *at;
            continue;
        }
        while (size > 0 && cells[count][size - 1] == ' ')
            size--;
        cells[count++][size] = '\0';
        size = 0;
    }
    return count;
}

static size_t find_line(const char *text)
{
    for (size_t i = 0; i < n_lines; i++) {
        if (strcmp(lines[i], text) == 0)
            return i;
    }
    fail_msg("the page has no line \"%s\"", text);
    return 0;
}

static void rules_text(uint32_t rules, char ret[64])
{
    size_t size = 0;

    ret[0] = '\0';
    for (unsigned i = 0; i < 32; i++) {
        if ((rules >> i & 1) != 0)
            size += (size_t)snprintf(ret + size, 64 - size, "%sV%02u",
                                     size > 0 ? " " : "", i);
    }
}

/* Compares FIELD with the row that has these CELLS. */
static void compare(const struct sg_schema_field *field,
                    char cells[CELLS_MAX][1024])
{
    static const char *const needs[] = {"", "o", "a"};
    char type[256], rules[64], merge[2] = {field->merge, '\0'};
    struct sg_writer writer;
    unsigned by = 1;

    sg_writer_init_array(&writer, (uint8_t *)type, sizeof(type) - 1);
    sg_schema_write_value(&writer, &field->value);
    assert_ok(sg_writer_end(&writer));
    type[writer.size] = '\0';
    rules_text(field->rules, rules);
    assert_string_equal(field->name, cells[1]);
    assert_string_equal(type, cells[2]);
    assert_string_equal(needs[field->need], cells[3]);
    assert_string_equal(merge, cells[4]);
    assert_string_equal(rules, cells[5]);
    if (field->value.kind != SG_SCHEMA_ARRAY)
        return;
    (void)sscanf(cells[6], "*by %u*", &by);
    assert_int_equal(field->value.sorted_by, by);
}

/* Compares the fields of TYPE that the table from line AT on has; returns
 * how many that are. */
static size_t compare_table(const struct sg_schema_type *type, size_t at)
{
    char cells[CELLS_MAX][1024];
    size_t count = 0;

    while (strncmp(lines[at], "| no | field | type |", 21) != 0)
        at++;
    for (at += 2; cut(lines[at], cells) == 7; at++) {
        const struct sg_schema_field *field =
            sg_schema_field(type, number_of(cells[0]));

        if (field == NULL)
            fail_msg("%s has no field %s", type->name, cells[1]);
        compare(field, cells);
        count++;
    }
    return count;
}

/* Every field of every type stands on the page as it stands in the table, and
 * the table has no other. */
static void test_fields_are_those_of_the_page(void **state)
{
    size_t count;
    const struct sg_schema_type *const *types = sg_schema_types(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char heading[64];
        size_t shared = 0;

        for (unsigned k = 0; k < types[i]->n_fields; k++) {
            unsigned no = types[i]->fields[k].no;
            bool is_own_state = no == 2 && types[i]->number == SG_TYPE_VITAL;

            if (sg_schema_is_shared(types[i]) && (no < 3 || no > 27) &&
                !is_own_state)
                shared++;
        }
        (void)snprintf(heading, sizeof(heading), "#### %d %s",
                       (int)types[i]->number, types[i]->name);
        assert_int_equal(compare_table(types[i], find_line(heading)) + shared,
                         types[i]->n_fields);
    }
    assert_int_equal(count, 42);
}

/* The shared fields stand at the head of section 7; a person has all but `of`
 * and `state`, a residence these too. */
static void test_shared_fields_are_those_of_the_page(void **state)
{
    const struct sg_schema_type *residence =
        sg_schema_find(SG_TYPE_RESIDENCE, 1);
    const struct sg_schema_type *person = sg_schema_find(SG_TYPE_PERSON, 1);
    size_t at = find_line("## 7. Records of the register");

    (void)state;
    assert_int_equal(compare_table(residence, at), 6);
    assert_null(sg_schema_field(person, SG_FIELD_COMMON_OF));
    assert_null(sg_schema_field(person, SG_FIELD_COMMON_STATE));
    assert_non_null(sg_schema_field(person, SG_FIELD_COMMON_PER_FIELD));
}

/* `of` fits types 35 and 38 to 41, `state` 33 and 35 to 41. */
static void test_of_and_state_fit_where_the_page_says(void **state)
{
    size_t count;
    const struct sg_schema_type *const *types = sg_schema_types(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        unsigned number = types[i]->number;
        bool has_of = number == 35 || (number >= 38 && number <= 41);
        bool has_state = number == 33 || (number >= 35 && number <= 41);

        if (!sg_schema_is_shared(types[i]))
            continue;
        assert_int_equal(sg_schema_field(types[i], 1) != NULL, has_of);
        assert_int_equal(sg_schema_field(types[i], 2) != NULL, has_state);
        assert_int_equal(sg_schema_has_of(types[i]), has_of);
    }
}

static void signers_text(uint8_t signers, char ret[64])
{
    size_t size = 0;

    ret[0] = '\0';
    for (unsigned bit = 1; bit <= SG_ROLE_ADMINISTER; bit *= 2) {
        if ((signers & bit) != 0)
            size += (size_t)snprintf(ret + size, 64 - size, "%s%u",
                                     size > 0 ? ", " : "", bit);
    }
    if (signers == SG_SIGNER_ROOT)
        (void)snprintf(ret, 64, "root");
    if (signers == SG_SIGNER_NODE)
        (void)snprintf(ret, 64, "node");
}

static uint8_t readers_of(const char *text)
{
    uint8_t readers = 0;

    if (strcmp(text, "all") == 0)
        return SG_READER_ALL;
    if (strncmp(text, "as the records", 14) == 0)
        return SG_READER_ENDORSED;
    if (strstr(text, "H of both") != NULL)
        return SG_READER_CAPTURE | SG_READER_BOTH | SG_READER_CENTRE;
    for (const char *at = text; *at != '\0'; at++) {
        if (strncmp(at, " (C Z", 5) == 0)
            break;
        if (at != text && at[-1] != ' ')
            continue;
        readers |= *at == 'C' ? SG_READER_CAPTURE : 0;
        readers |= *at == 'H' ? SG_READER_HOME : 0;
        readers |= *at == 'O' ? SG_READER_OLD : 0;
        readers |= *at == 'Z' ? SG_READER_CENTRE : 0;
    }
    return readers;
}

/* Who signs and who reads a type, and how it is kept, stand in section 5. */
static void test_types_are_those_of_the_page(void **state)
{
    static const char *const entries[] = {"plain", "sealed",
                                          "sealed, audit log"};
    char cells[CELLS_MAX][1024];
    size_t at = find_line("## 5. Types"), count, found = 0;

    (void)state;
    (void)sg_schema_types(&count);
    while (strncmp(lines[at], "| type | name |", 15) != 0)
        at++;
    for (at += 2; cut(lines[at], cells) == 8; at++, found++) {
        const struct sg_schema_type *type =
            sg_schema_find((uint16_t)number_of(cells[0]), 1);
        char signers[64];

        assert_non_null(type);
        assert_string_equal(type->name, cells[1]);
        assert_string_equal(entries[type->entry], cells[2]);
        signers_text(type->signers, signers);
        if (strcmp(cells[3], "old and new root") == 0)
            assert_string_equal(signers, "root");
        else
            assert_string_equal(signers, cells[3]);
        assert_string_equal(type->is_signed ? "yes" : "no", cells[4]);
        /* "C, H of both, Z" has its own word; the rest are letters. */
        if (strcmp(cells[5], "O, H (new), Z") == 0)
            assert_int_equal(type->readers,
                             SG_READER_OLD | SG_READER_HOME | SG_READER_CENTRE);
        else
            assert_int_equal(type->readers, readers_of(cells[5]));
    }
    assert_int_equal(found, count);
}

/* A type or a version that the page does not have is not found. */
static void test_unknown_types_are_not_found(void **state)
{
    (void)state;
    assert_null(sg_schema_find(0, 1));
    assert_null(sg_schema_find(23, 1));
    assert_null(sg_schema_find(99, 3));
    assert_null(sg_schema_find(UINT16_MAX, 1));
    assert_null(sg_schema_find(SG_TYPE_PERSON, 2));
    assert_non_null(sg_schema_find(SG_TYPE_PERSON, 1));
}

/* Numbers ascend and fit a mask, names are unique within a type, and JSON
 * finds a field by its name. */
static void test_fields_are_found_by_number_and_name(void **state)
{
    size_t count;
    const struct sg_schema_type *const *types = sg_schema_types(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < types[i]->n_fields; k++) {
            const struct sg_schema_field *field = &types[i]->fields[k];

            assert_true(field->no < SG_FIELD_COUNT_MAX);
            if (k > 0)
                assert_true(field[-1].no < field->no);
            assert_ptr_equal(sg_schema_field(types[i], field->no), field);
            assert_ptr_equal(
                sg_schema_field_named(
                    types[i], sg_bytes(field->name, strlen(field->name))),
                field);
        }
        assert_null(sg_schema_field(types[i], 31));
        assert_null(sg_schema_field_named(types[i], SG_BYTES_TEXT("nonesuch")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_those_of_the_page),
        cmocka_unit_test(test_shared_fields_are_those_of_the_page),
        cmocka_unit_test(test_of_and_state_fit_where_the_page_says),
        cmocka_unit_test(test_types_are_those_of_the_page),
        cmocka_unit_test(test_unknown_types_are_not_found),
        cmocka_unit_test(test_fields_are_found_by_number_and_name),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
