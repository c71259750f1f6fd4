#include "tools/intake.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static struct sg_intake intake;

static void write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

static void assert_line(const char *wanted)
{
    enum sg_pipeline_next next = SG_PIPELINE_END;
    struct sg_bytes line;

    assert_int_equal(sg_intake_next(&intake, true, &next, &line), SG_OK);
    assert_int_equal(next, SG_PIPELINE_BODY);
    assert_int_equal(line.size, strlen(wanted));
    assert_memory_equal(line.data, wanted, line.size);
}

static void assert_end(void)
{
    enum sg_pipeline_next next = SG_PIPELINE_BODY;
    struct sg_bytes line;

    assert_int_equal(sg_intake_next(&intake, true, &next, &line), SG_OK);
    assert_int_equal(next, SG_PIPELINE_END);
}

/* Lines come file after file; empty ones are passed over, the last one needs no
 * newline, and a file's end ends a line. */
static void test_lines(void **state)
{
    char *dir = sg_tempdir_new();
    char a[512], b[512], empty[512];
    char *const names[] = {a, empty, b};

    (void)state;
    (void)snprintf(a, sizeof a, "%s/a", dir);
    (void)snprintf(b, sizeof b, "%s/b", dir);
    (void)snprintf(empty, sizeof empty, "%s/empty", dir);
    write_file(a, "one\n\n\ntwo", 9);
    write_file(b, "three\n", 6);
    write_file(empty, "", 0);
    sg_intake_init(&intake, names, 3);
    assert_line("one");
    assert_int_equal(intake.line, 1);
    assert_line("two");
    assert_int_equal(intake.line, 4);
    assert_line("three");
    assert_end();
    assert_end();
    sg_intake_clear(&intake);
    sg_tempdir_free(dir);
}

/* A line of the limit is taken wherever it lies; one byte more is refused with
 * its number. */
static void test_longest(void **state)
{
    static uint8_t bytes[5 * (SG_INTAKE_LINE_MAX + 1) + 1];
    char *dir = sg_tempdir_new();
    char path[512];
    char *const names[] = {path};
    enum sg_pipeline_next next;
    struct sg_bytes line;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/long", dir);
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 1; i <= 4; i++)
        bytes[i * (SG_INTAKE_LINE_MAX + 1) - 1] = '\n';
    write_file(path, bytes, sizeof bytes);
    sg_intake_init(&intake, names, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sg_intake_next(&intake, true, &next, &line), SG_OK);
        assert_int_equal(next, SG_PIPELINE_BODY);
        assert_int_equal(line.size, SG_INTAKE_LINE_MAX);
    }
    /* The fifth fills the rest of the file: two bytes too many. */
    assert_int_equal(sg_intake_next(&intake, true, &next, &line), SG_ERR_LIMIT);
    assert_int_equal(intake.line, 5);
    sg_intake_clear(&intake);
    sg_tempdir_free(dir);
}

/* A file that is not there is named by its place in the list. */
static void test_missing(void **state)
{
    char *const names[] = {"/nonexistent/file"};
    enum sg_pipeline_next next;
    struct sg_bytes line;

    (void)state;
    sg_intake_init(&intake, names, 1);
    assert_int_equal(sg_intake_next(&intake, true, &next, &line),
                     SG_ERR_NOTFOUND);
    assert_int_equal(intake.at, 0);
    sg_intake_clear(&intake);
}

/* A pipe that has nothing more for now gives a pause to a caller that holds
 * lines, and does not make it wait. */
static void test_pause(void **state)
{
    char *const names[] = {"-"};
    enum sg_pipeline_next next;
    struct sg_bytes line;
    int ends[2], saved = dup(STDIN_FILENO);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    assert_int_equal(write(ends[1], "one\ntw", 6), 6);
    sg_intake_init(&intake, names, 1);
    assert_line("one");
    assert_int_equal(sg_intake_next(&intake, false, &next, &line), SG_OK);
    assert_int_equal(next, SG_PIPELINE_PAUSE);
    assert_int_equal(write(ends[1], "o\n", 2), 2);
    assert_line("two");
    assert_int_equal(close(ends[1]), 0);
    assert_end();
    sg_intake_clear(&intake);
    if (saved >= 0) {
        (void)dup2(saved, STDIN_FILENO);
        (void)close(saved);
    }
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
