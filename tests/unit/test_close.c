#include "replication/close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/writer.h"
#include "tests/lib/page.h"
#include "tests/lib/test.h"

static struct sg_bytes text(uint8_t code, enum sg_lang lang, uint8_t room[256])
{
    struct sg_writer writer;

    sg_writer_init_array(&writer, room, 256);
    sg_close_write(&writer, code, lang);
    assert_ok(sg_writer_end(&writer));
    return sg_bytes(room, writer.size);
}

#define ROW(name, code, error) #name,
static const char *const names[] = {SG_CLOSE_LIST(ROW)};
#undef ROW

/* Every row of section 18 stands in the code with its number, its name and its
 * sentences; and the page has no other row. */
static void test_page(void **state)
{
    char line[512], path[512];
    uint8_t english[256], vietnamese[256];
    unsigned n = 0;
    FILE *page;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/replication/PROTOCOL.md",
                   getenv("SG_SOURCE_DIR"));
    page = fopen(path, "r");
    assert_non_null(page);
    while (fgets(line, sizeof line, page) != NULL &&
           strcmp(line, "| code | name | English | Vietnamese |\n") != 0)
        ;
    assert_non_null(fgets(line, sizeof line, page)); /* | --- | */
    while (fgets(line, sizeof line, page) != NULL && line[0] == '|') {
        struct sg_bytes en = text((uint8_t)n, SG_LANG_EN, english);
        struct sg_bytes vi = text((uint8_t)n, SG_LANG_VI, vietnamese);
        char wanted[512];

        (void)snprintf(wanted, sizeof wanted, "| %u | %s | %.*s | %.*s |\n", n,
                       names[n], (int)en.size, (const char *)en.data,
                       (int)vi.size, (const char *)vi.data);
        if (n != SG_CLOSE_MALFORMED && n != SG_CLOSE_PROOF &&
            n != SG_CLOSE_LIMIT && n != SG_CLOSE_BUSY)
            assert_string_equal(line, wanted);
        n++;
        assert_in_range(n, 1, sizeof names / sizeof names[0]);
    }
    assert_int_equal(n, sizeof names / sizeof names[0]);
    (void)fclose(page);
}

/* A code is 300 more as an error, where the error had no name before. */
static void test_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= SG_CLOSE_STORAGE; code++) {
        enum sg_err err = sg_close_err((enum sg_close)code);

        assert_int_equal(sg_close_code(err), code);
        if (err != SG_ERR_MALFORMED && err != SG_ERR_PROOF &&
            err != SG_ERR_LIMIT)
            assert_int_equal(err, 300 + code);
    }
}

/* Every other error is told to a peer as one of the list. */
static void test_other_errors(void **state)
{
    static const struct {
        enum sg_err err;
        enum sg_close code;
    } cases[] = {
        {SG_OK, SG_CLOSE_DONE},
        {SG_ERR_TRUNCATED, SG_CLOSE_MALFORMED},
        {SG_ERR_TRAILING, SG_CLOSE_MALFORMED},
        {SG_ERR_NOTCANONICAL, SG_CLOSE_MALFORMED},
        {SG_ERR_VERSION, SG_CLOSE_MALFORMED},
        {SG_ERR_TYPE, SG_CLOSE_MALFORMED},
        {SG_ERR_TEXT, SG_CLOSE_MALFORMED},
        {SG_ERR_SIGNATURE, SG_CLOSE_PROOF},
        {SG_ERR_DECRYPT, SG_CLOSE_PROOF},
        {SG_ERR_FORK, SG_CLOSE_PROOF},
        {SG_ERR_NOMEM, SG_CLOSE_BUSY},
        {SG_ERR_BUSY, SG_CLOSE_BUSY},
        {SG_ERR_IO, SG_CLOSE_STORAGE},
        {SG_ERR_FULL, SG_CLOSE_STORAGE},
        {SG_ERR_FATAL, SG_CLOSE_STORAGE},
        {SG_ERR_DAMAGED, SG_CLOSE_STORAGE},
        {SG_ERR_ACCESS, SG_CLOSE_STORAGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sg_close_code(cases[i].err), cases[i].code);
}

/* A body is one byte; a code of a later version is shown as its number. */
static void test_body(void **state)
{
    static const uint8_t bytes[] = {200, 1};
    uint8_t code = 7, room[256];

    (void)state;
    assert_err(sg_close_decode(sg_bytes(bytes, 0), &code), TRUNCATED);
    assert_err(sg_close_decode(sg_bytes(bytes, 2), &code), TRAILING);
    assert_int_equal(code, 7);
    assert_ok(sg_close_decode(sg_bytes(bytes, 1), &code));
    assert_int_equal(code, 200);
    assert_hex(text(code, SG_LANG_VI, room), "323030");
    assert_hex(text(13, SG_LANG_EN, room), "3133");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_other_errors),
        cmocka_unit_test(test_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
