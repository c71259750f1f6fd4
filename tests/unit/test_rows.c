#include "tools/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static const char *const names[] = {"a", "b", NULL};

/* Opens a file that has TEXT, asking for a and b; whether it has them. */
static enum sg_err open_text(const char *path, const void *text, size_t size,
                             enum sg_rows_form form, struct sg_rows **ret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool found[3];
    enum sg_err err;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    assert_int_equal(close(fd), 0);
    assert_int_equal(sg_rows_open(path, form, ',', ret), SG_OK);
    err = sg_rows_bind(*ret, names, 3, found);
    if (err == SG_OK)
        assert_true(found[0] && found[1]);
    return err;
}

static void assert_row(struct sg_rows *rows, uint64_t line, const char *a,
                       const char *b)
{
    struct sg_bytes values[3];
    enum sg_rows_state state = SG_ROWS_END;

    assert_int_equal(sg_rows_next(rows, values, &state), SG_OK);
    assert_int_equal(state, SG_ROWS_ROW);
    assert_int_equal(sg_rows_line(rows), line);
    assert_true(sg_bytes_equal(values[0], sg_bytes(a, strlen(a))));
    assert_true(sg_bytes_equal(values[1], sg_bytes(b, strlen(b))));
}

static void assert_state(struct sg_rows *rows, uint64_t line,
                         enum sg_rows_state wanted)
{
    struct sg_bytes values[3];
    enum sg_rows_state state = SG_ROWS_ROW;

    assert_int_equal(sg_rows_next(rows, values, &state), SG_OK);
    assert_int_equal(state, wanted);
    assert_int_equal(sg_rows_line(rows), line);
}

static char *path_new(char path[512])
{
    char *dir = sg_tempdir_new();

    (void)snprintf(path, 512, "%s/book", dir);
    return dir;
}

/* CSV is what RFC 4180 says: quotation marks, separators and line ends in
 * values, both line ends, no end behind the last; columns in any order. */
static void test_csv(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf"
        "# remark\r\n"
        "b,other,a\r\n1,2,3\r\n\n\"x,\"\"y\"\"\",,\"two\nlines\"\n4,5,6";
    struct sg_bytes left;
    struct sg_rows *rows;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_int_equal(open_text(path, text, sizeof text - 1, SG_ROWS_CSV, &rows),
                     SG_OK);
    assert_true(sg_rows_left_over(rows, 0, &left));
    assert_true(sg_bytes_equal(left, SG_BYTES_TEXT("other")));
    assert_false(sg_rows_left_over(rows, 1, &left));
    assert_row(rows, 3, "3", "1");
    assert_row(rows, 5, "two\nlines", "x,\"y\"");
    assert_row(rows, 7, "6", "4");
    assert_state(rows, 7, SG_ROWS_END);
    sg_rows_close(rows);
    sg_tempdir_free(dir);
}

/* A row that is not right costs itself alone. */
static void test_csv_bad(void **state)
{
    static const char text[] = "a,b\n1\n1,2,3\n\"x,2\n3,4\nx\"y,2\n\"x\"y,2\n"
                               "\xff,2\n5,6\n\"\"\"";
    struct sg_rows *rows;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_int_equal(open_text(path, text, sizeof text - 1, SG_ROWS_CSV, &rows),
                     SG_OK);
    assert_state(rows, 2, SG_ROWS_COUNT);
    assert_state(rows, 3, SG_ROWS_COUNT);
    assert_state(rows, 4, SG_ROWS_QUOTE);
    assert_row(rows, 5, "3", "4");
    assert_state(rows, 6, SG_ROWS_QUOTE);
    assert_state(rows, 7, SG_ROWS_QUOTE);
    assert_state(rows, 8, SG_ROWS_TEXT);
    assert_row(rows, 9, "5", "6");
    assert_state(rows, 10, SG_ROWS_QUOTE);
    assert_state(rows, 10, SG_ROWS_END);
    sg_rows_close(rows);
    sg_tempdir_free(dir);
}

/* A head that is none, or names a column twice, is refused. */
static void test_csv_head(void **state)
{
    static const char *const heads[] = {"", "\n\n", "a,b,a\n", "\"a,b\n"};
    struct sg_rows *rows;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        assert_int_equal(
            open_text(path, heads[i], strlen(heads[i]), SG_ROWS_CSV, &rows),
            SG_ERR_MALFORMED);
        sg_rows_close(rows);
    }
    assert_int_equal(sg_rows_open("no/such", SG_ROWS_CSV, ',', &rows),
                     SG_ERR_NOTFOUND);
    sg_rows_close(NULL);
    sg_tempdir_free(dir);
}

/* A row is never longer than the limit; the next one is read. */
static void test_long(void **state)
{
    static char text[3 * SG_ROWS_SIZE_MAX];
    struct sg_rows *rows;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    for (unsigned form = 0; form < 2; form++) {
        const char *head = form == 0 ? "a,b\n" : "";
        const char *tail =
            form == 0 ? "\n1,2\n" : "\n{\"a\":\"1\",\"b\":\"2\"}\n";
        size_t size = strlen(head);

        memset(text, 'x', sizeof text);
        memcpy(text, head, size);
        size += 2 * SG_ROWS_SIZE_MAX;
        memcpy(text + size, tail, strlen(tail));
        assert_int_equal(open_text(path, text, size + strlen(tail),
                                   (enum sg_rows_form)form, &rows),
                         SG_OK);
        assert_state(rows, form == 0 ? 2 : 1, SG_ROWS_LONG);
        assert_row(rows, form == 0 ? 3 : 2, "1", "2");
        assert_state(rows, form == 0 ? 3 : 2, SG_ROWS_END);
        sg_rows_close(rows);
    }
    sg_tempdir_free(dir);
}

/* JSON lines give members, members of members and of lists, numbers as text;
 * what is no object is told. */
static void test_json(void **state)
{
    static const char *const paths[] = {"a", "b.x", "c.1"};
    static const char text[] =
        "{\"a\":7,\"b\":{\"x\":\"y\"},\"c\":[\"0\",\"1\"]}\n[]\n{\"a\":1,"
        "\"a\":2}\n\xff\n{\"a\":null,\"b\":[],\"c\":{}}";
    struct sg_bytes values[3];
    enum sg_rows_state row;
    struct sg_rows *rows;
    bool found[3];
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_int_equal(
        open_text(path, text, sizeof text - 1, SG_ROWS_JSON, &rows), SG_OK);
    assert_int_equal(sg_rows_bind(rows, paths, 3, found), SG_OK);
    assert_int_equal(sg_rows_next(rows, values, &row), SG_OK);
    assert_true(sg_bytes_equal(values[0], SG_BYTES_TEXT("7")));
    assert_true(sg_bytes_equal(values[1], SG_BYTES_TEXT("y")));
    assert_true(sg_bytes_equal(values[2], SG_BYTES_TEXT("1")));
    assert_state(rows, 2, SG_ROWS_NO_OBJECT);
    assert_state(rows, 3, SG_ROWS_NO_OBJECT);
    assert_state(rows, 4, SG_ROWS_TEXT);
    assert_int_equal(sg_rows_next(rows, values, &row), SG_OK);
    assert_int_equal(row, SG_ROWS_ROW);
    assert_int_equal(values[0].size + values[1].size + values[2].size, 0);
    assert_state(rows, 5, SG_ROWS_END);
    sg_rows_close(rows);
    sg_tempdir_free(dir);
}

/* The head of an export of ours is no row; behind it it would be one. */
static void test_json_head(void **state)
{
    static const char text[] = "{\"sogoc_export\":1}\n{\"a\":\"1\",\"b\":"
                               "\"2\"}\n{\"sogoc_export\":1}\n";
    struct sg_rows *rows;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_int_equal(
        open_text(path, text, sizeof text - 1, SG_ROWS_JSON, &rows), SG_OK);
    assert_row(rows, 2, "1", "2");
    assert_row(rows, 3, "", "");
    assert_state(rows, 3, SG_ROWS_END);
    sg_rows_close(rows);
    sg_tempdir_free(dir);
}

/* The digest is of the bytes up to the last row: empty lines behind it, and
 * what is added there later, are not in it. */
static void test_digest(void **state)
{
    static const char text[] = "a,b\n1,\"2\"\n\n\n3,4\n";
    static const size_t sizes[] = {11, 12, 17};
    struct sg_hash digests[3], wanted;
    struct sg_rows *rows;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(open_text(path, text, sizes[i], SG_ROWS_CSV, &rows),
                         SG_OK);
        assert_row(rows, 2, "1", "2");
        if (i < 2)
            assert_state(rows, 2, SG_ROWS_END);
        sg_rows_digest(rows, &digests[i]);
        sg_rows_close(rows);
    }
    sg_crypto_sha256((const uint8_t *)text, 10, &wanted);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(&digests[i], &wanted, sizeof wanted);
    sg_tempdir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),      cmocka_unit_test(test_csv_bad),
        cmocka_unit_test(test_csv_head), cmocka_unit_test(test_long),
        cmocka_unit_test(test_json),     cmocka_unit_test(test_json_head),
        cmocka_unit_test(test_digest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
