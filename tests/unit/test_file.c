#include "storage/lmdb/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"
#include "tests/lib/wrap.h"

/* Calls that change the disk, counted; number fail_at fails. */
static unsigned calls, fail_at;

static bool falters(void)
{
    errno = EIO;
    return ++calls == fail_at;
}

SG_WRAP(falters(), -1, int, fsync, (int fd), (fd))
SG_WRAP(falters(), -1, ssize_t, write, (int fd, const void *from, size_t size),
        (fd, from, size))
SG_WRAP(falters(), -1, int, rename, (const char *from, const char *to),
        (from, to))

static char *path_of(void **state, const char *name)
{
    static char path[4096];

    assert_true(snprintf(path, sizeof path, "%s/%s", (char *)*state, name) > 0);
    return path;
}

static void assert_holds(const char *path, const char *text)
{
    struct sg_buf buf;

    sg_buf_init(&buf, 4096);
    assert_ok(sg_file_read(path, &buf));
    assert_int_equal(buf.size, strlen(text));
    assert_memory_equal(buf.data, text, buf.size);
    sg_buf_clear(&buf);
}

/* What is written is read back; what was there is replaced; nothing else is
 * left in the folder. */
static void test_write_and_read(void **state)
{
    const char *path = path_of(state, "certificate");
    char temp[4200];

    calls = fail_at = 0;
    assert_ok(sg_file_write(path, SG_BYTES_TEXT("first")));
    assert_holds(path, "first");
    assert_ok(sg_file_write(path, SG_BYTES_TEXT("the second")));
    assert_holds(path, "the second");
    (void)snprintf(temp, sizeof temp, "%s.new", path);
    assert_int_equal(access(temp, F_OK), -1);
}

/* Whichever call fails, the old file is there whole, or the new one. */
static void test_each_call_fails(void **state)
{
    const char *path = path_of(state, "chain");
    char temp[4200];

    (void)snprintf(temp, sizeof temp, "%s.new", path);
    for (unsigned i = 1; i <= 4; i++) {
        enum sg_err err;

        calls = fail_at = 0;
        assert_ok(sg_file_write(path, SG_BYTES_TEXT("old")));
        assert_int_equal(calls, 4);
        calls = 0;
        fail_at = i;
        err = sg_file_write(path, SG_BYTES_TEXT("new"));
        assert_true(err == SG_ERR_IO || err == SG_ERR_FATAL);
        assert_int_equal(err == SG_ERR_FATAL, i == 2 || i == 4);
        assert_holds(path, i == 4 ? "new" : "old");
        assert_int_equal(access(temp, F_OK), -1);
    }
    calls = fail_at = 0;
}

/* What is not there, and what is larger than wanted. */
static void test_refusals(void **state)
{
    static char far[5000];
    struct sg_buf buf;

    sg_buf_init(&buf, 3);
    assert_err(sg_file_read(path_of(state, "nowhere"), &buf), NOTFOUND);
    assert_err(sg_file_write(path_of(state, "no/such"), SG_BYTES_TEXT("x")),
               NOTFOUND);
    assert_ok(sg_file_write(path_of(state, "four"), SG_BYTES_TEXT("four")));
    assert_err(sg_file_read(path_of(state, "four"), &buf), LIMIT);
    sg_buf_clear(&buf);
    memset(far, 'a', sizeof far - 1);
    assert_err(sg_file_write(far, SG_BYTES_TEXT("x")), LIMIT);
}

/* A folder is made once, for its owner alone; a slash behind it does no harm.
 */
static void test_make_folder(void **state)
{
    struct stat info;

    assert_ok(sg_file_make_folder(path_of(state, "dir/")));
    assert_int_equal(stat(path_of(state, "dir"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_err(sg_file_make_folder(path_of(state, "dir")), EXISTS);
    assert_err(sg_file_make_folder(path_of(state, "no/such")), NOTFOUND);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, sg_tempdir_setup, sg_tempdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_and_read),
        TEST(test_each_call_fails),
        TEST(test_refusals),
        TEST(test_make_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
