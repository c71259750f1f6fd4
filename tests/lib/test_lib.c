#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/dies.h"
#include "tests/lib/page.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

/* Hex may have blanks, line breaks, capitals and remarks; half a byte, or
 * another letter, is no hex. */
static void test_lib_hex(void **state)
{
    static const char *const bad[] = {"0", "0g", "00 0", "x", "0;0"};
    struct sg_bytes bytes = sg_hex("01 aB\n\tCd ; a remark: 99\nef;");

    (void)state;
    assert_int_equal(bytes.size, 4);
    assert_memory_equal(bytes.data, "\x01\xab\xcd\xef", 4);
    assert_string_equal(sg_hex_text(bytes), "01abcdef");
    assert_int_equal(sg_hex("").size, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sg_hex_parse(text_of(bad[i]), &bytes));
    assert_int_equal(bytes.size, 4);
}

/* A block is found by its kind and name, whole; one that is missing, double or
 * open is an error. */
static void test_lib_page_find(void **state)
{
    static const char page[] = "# Page\n```hex a\n00\n01\n```\n"
                               "```hex ab\n02\n```\n```text a\nx\n```\n"
                               "```hex twice\n03\n```\n```hex twice\n03\n```\n"
                               "```text outer\n```hex inner\n```\n"
                               "```hex open\n04\n";
    static const struct {
        const char *kind;
        const char *name;
        const char *content; /* or the name of the error */
    } cases[] = {
        {"hex", "a", "00\n01\n"},     {"hex", "ab", "02\n"},
        {"text", "a", "x\n"},         {"hex", "b", "NOTFOUND"},
        {"hex", "", "NOTFOUND"},      {"hex", "twice", "EXISTS"},
        {"hex", "open", "TRUNCATED"}, {"text", "outer", "```hex inner\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_bytes content = {0};
        enum sg_err err =
            sg_page_find(text_of(page), cases[i].kind, cases[i].name, &content);

        if (err != SG_OK)
            assert_string_equal(sg_err_name(err), cases[i].content);
        else
            assert_true(sg_bytes_equal(content, text_of(cases[i].content)));
    }
}

/* A block of a page of the sources is appended as bytes, or as text. */
static void test_lib_page(void **state)
{
    struct sg_buf buf;

    (void)state;
    sg_buf_init(&buf, 100);
    sg_page_hex("tests/lib/README.md", "example", &buf);
    assert_hex(sg_buf_bytes(&buf), "dead beef");
    sg_buf_truncate(&buf, 0);
    sg_page_text("tests/lib/README.md", "example", &buf);
    assert_true(sg_bytes_equal(sg_buf_bytes(&buf), text_of("sổ gốc\n")));
    sg_buf_clear(&buf);
}

/* FOLDER/NAME; lives until the next call. */
static const char *in(const char *folder, const char *name)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool is_there(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

/* A temporary directory is new and empty, and goes with all that is in it,
 * but what a link in it leads to stays. */
static void test_lib_tempdir(void **state)
{
    char *other = sg_tempdir_new();
    char *path = sg_tempdir_new();
    char kept[PATH_MAX];
    char gone[PATH_MAX];

    (void)state;
    assert_string_not_equal(path, other);
    (void)snprintf(kept, sizeof kept, "%s", in(other, "kept"));
    (void)snprintf(gone, sizeof gone, "%s", path);
    assert_int_equal(mkdir(kept, 0700), 0);
    assert_int_equal(mkdir(in(path, "folder"), 0700), 0);
    assert_int_equal(symlink(other, in(path, "link")), 0);
    sg_tempdir_free(path);
    assert_false(is_there(gone));
    assert_true(is_there(kept));
    sg_tempdir_free(other);
    assert_false(is_there(kept));
    sg_tempdir_free(NULL);
}

static void die_if(void *context)
{
    (void)fputs("last words\n", stderr);
    if (*(int *)context != 0)
        abort();
}

/* Dying is noticed, living too, and both leave their words. */
static void test_lib_dies(void **state)
{
    int yes = 1;
    int no = 0;

    (void)state;
    assert_true(sg_dies(die_if, &yes));
    assert_string_equal(sg_dies_output(), "last words\n");
    assert_false(sg_dies(die_if, &no));
    assert_string_equal(sg_dies_output(), "last words\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lib_hex),  cmocka_unit_test(test_lib_page_find),
        cmocka_unit_test(test_lib_page), cmocka_unit_test(test_lib_tempdir),
        cmocka_unit_test(test_lib_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
