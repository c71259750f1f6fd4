#include "tools/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static const char *const names[] = {"a", "b", NULL};

/* A file, and the row of it that was read last. */
struct book {
    struct sg_rows *rows;
    struct sg_rows_reader *reader;
    uint64_t line;
    struct sg_bytes values[3];
    uint8_t row[SG_ROWS_SIZE_MAX];
};

/* Opens a file that has TEXT, asking for PATHS; whether it has them. */
static enum sg_err open_paths(struct book *book, const char *path,
                              struct sg_bytes text, enum sg_rows_form form,
                              const char *const paths[])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool found[3];
    enum sg_err err;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.size), text.size);
    assert_int_equal(close(fd), 0);
    assert_ok(sg_rows_open(path, form, ',', &book->rows));
    err = sg_rows_bind(book->rows, paths, 3, found);
    book->reader = NULL;
    if (err != SG_OK)
        return err;
    assert_true(found[0] && found[1]);
    assert_ok(sg_rows_reader_new(book->rows, &book->reader));
    return SG_OK;
}

static enum sg_err open_text(struct book *book, const char *path,
                             struct sg_bytes text, enum sg_rows_form form)
{
    return open_paths(book, path, text, form, names);
}

static void close_book(struct book *book)
{
    sg_rows_reader_free(book->reader);
    sg_rows_close(book->rows);
}

/* Cuts the next row off and takes it apart. */
static enum sg_rows_state next_row(struct book *book)
{
    struct sg_rows_piece piece;

    assert_ok(sg_rows_cut(book->rows, &piece));
    book->line = piece.line;
    assert_int_equal(sg_rows_line(book->rows), piece.line);
    if (piece.state != SG_ROWS_ROW)
        return piece.state;
    assert_true(piece.bytes.size <= sizeof book->row);
    memcpy(book->row, piece.bytes.data, piece.bytes.size);
    return sg_rows_read(book->reader, book->row, piece.bytes.size,
                        book->values);
}

static void assert_row(struct book *book, uint64_t line, const char *a,
                       const char *b)
{
    assert_int_equal(next_row(book), SG_ROWS_ROW);
    assert_int_equal(book->line, line);
    assert_true(sg_bytes_equal(book->values[0], sg_bytes(a, strlen(a))));
    assert_true(sg_bytes_equal(book->values[1], sg_bytes(b, strlen(b))));
}

static void assert_state(struct book *book, uint64_t line,
                         enum sg_rows_state wanted)
{
    assert_int_equal(next_row(book), wanted);
    assert_int_equal(book->line, line);
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
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_ok(
        open_text(&book, path, sg_bytes(text, sizeof text - 1), SG_ROWS_CSV));
    assert_true(sg_rows_left_over(book.rows, 0, &left));
    assert_true(sg_bytes_equal(left, SG_BYTES_TEXT("other")));
    assert_false(sg_rows_left_over(book.rows, 1, &left));
    assert_row(&book, 3, "3", "1");
    assert_row(&book, 5, "two\nlines", "x,\"y\"");
    assert_row(&book, 7, "6", "4");
    assert_state(&book, 7, SG_ROWS_END);
    close_book(&book);
    sg_tempdir_free(dir);
}

/* A row that is not right costs itself alone. */
static void test_csv_bad(void **state)
{
    static const char text[] = "a,b\n1\n1,2,3\n\"x,2\n3,4\nx\"y,2\n\"x\"y,2\n"
                               "\xff,2\n5,6\n\"\"\"";
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_ok(
        open_text(&book, path, sg_bytes(text, sizeof text - 1), SG_ROWS_CSV));
    assert_state(&book, 2, SG_ROWS_COUNT);
    assert_state(&book, 3, SG_ROWS_COUNT);
    assert_state(&book, 4, SG_ROWS_QUOTE);
    assert_row(&book, 5, "3", "4");
    assert_state(&book, 6, SG_ROWS_QUOTE);
    assert_state(&book, 7, SG_ROWS_QUOTE);
    assert_state(&book, 8, SG_ROWS_TEXT);
    assert_row(&book, 9, "5", "6");
    assert_state(&book, 10, SG_ROWS_QUOTE);
    assert_state(&book, 10, SG_ROWS_END);
    close_book(&book);
    sg_tempdir_free(dir);
}

/* A row of several lines that is not right ends with its first line, but one
 * that only lacks values. */
static void test_csv_lines(void **state)
{
    static const char text[] =
        "a,b\n\"1\n2\",3,4\n\"x\ny\"\n\"\xff\n\",5\n6,7\n";
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_ok(
        open_text(&book, path, sg_bytes(text, sizeof text - 1), SG_ROWS_CSV));
    assert_state(&book, 2, SG_ROWS_COUNT);
    assert_state(&book, 3, SG_ROWS_QUOTE);
    assert_state(&book, 4, SG_ROWS_COUNT);
    assert_state(&book, 6, SG_ROWS_TEXT);
    assert_state(&book, 7, SG_ROWS_QUOTE);
    assert_row(&book, 8, "6", "7");
    assert_state(&book, 8, SG_ROWS_END);
    close_book(&book);
    sg_tempdir_free(dir);
}

/* A head that is none, or names a column twice, is refused. */
static void test_csv_head(void **state)
{
    static const char *const heads[] = {"", "\n\n", "a,b,a\n", "\"a,b\n"};
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        assert_err(open_text(&book, path, sg_bytes(heads[i], strlen(heads[i])),
                             SG_ROWS_CSV),
                   MALFORMED);
        close_book(&book);
    }
    assert_err(sg_rows_open("no/such", SG_ROWS_CSV, ',', &book.rows), NOTFOUND);
    sg_rows_close(NULL);
    sg_tempdir_free(dir);
}

/* A row is never longer than the limit; the next one is read. */
static void test_long(void **state)
{
    static char text[3 * SG_ROWS_SIZE_MAX];
    static struct book book;
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
        assert_ok(open_text(&book, path, sg_bytes(text, size + strlen(tail)),
                            (enum sg_rows_form)form));
        assert_state(&book, form == 0 ? 2 : 1, SG_ROWS_LONG);
        assert_row(&book, form == 0 ? 3 : 2, "1", "2");
        assert_state(&book, form == 0 ? 3 : 2, SG_ROWS_END);
        close_book(&book);
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
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_ok(open_paths(&book, path, sg_bytes(text, sizeof text - 1),
                         SG_ROWS_JSON, paths));
    assert_row(&book, 1, "7", "y");
    assert_true(sg_bytes_equal(book.values[2], SG_BYTES_TEXT("1")));
    assert_state(&book, 2, SG_ROWS_NO_OBJECT);
    assert_state(&book, 3, SG_ROWS_NO_OBJECT);
    assert_state(&book, 4, SG_ROWS_TEXT);
    assert_row(&book, 5, "", "");
    assert_int_equal(book.values[2].size, 0);
    assert_state(&book, 5, SG_ROWS_END);
    close_book(&book);
    sg_tempdir_free(dir);
}

/* The head of an export of ours is no row; behind it it would be one. */
static void test_json_head(void **state)
{
    static const char text[] = "{\"sogoc_export\":1}\n{\"a\":\"1\",\"b\":"
                               "\"2\"}\n{\"sogoc_export\":1}\n";
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    assert_ok(
        open_text(&book, path, sg_bytes(text, sizeof text - 1), SG_ROWS_JSON));
    assert_row(&book, 2, "1", "2");
    assert_row(&book, 3, "", "");
    assert_state(&book, 3, SG_ROWS_END);
    close_book(&book);
    sg_tempdir_free(dir);
}

/* The digest is of the bytes up to the last row: empty lines behind it, and
 * what is added there later, are not in it. */
static void test_digest(void **state)
{
    static const char text[] = "a,b\n1,\"2\"\n\n\n3,4\n";
    static const size_t sizes[] = {11, 12, 17};
    struct sg_hash digests[3], wanted;
    static struct book book;
    char path[512];
    char *dir = path_new(path);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_ok(
            open_text(&book, path, sg_bytes(text, sizes[i]), SG_ROWS_CSV));
        assert_row(&book, 2, "1", "2");
        if (i < 2)
            assert_state(&book, 2, SG_ROWS_END);
        sg_rows_digest(book.rows, &digests[i]);
        close_book(&book);
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
        cmocka_unit_test(test_digest),   cmocka_unit_test(test_csv_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
