#include "storage/lmdb/ahead.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/limits.h"
#include "tests/lib/test.h"

#define PAGE UINT64_C(4096)

static FILE *stream;
static int file;

static int setup(void **state)
{
    (void)state;
    stream = tmpfile();
    file = stream != NULL ? fileno(stream) : -1;
    return stream != NULL ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    return fclose(stream);
}

static uint64_t size_of(void)
{
    struct stat info;
    assert_int_equal(fstat(file, &info), 0);
    return (uint64_t)info.st_size;
}

/* It is time when a small commit leaves little room, and only then. */
static void test_ahead_is_due(void **state)
{
    struct sg_ahead ahead;
    (void)state;

    assert_int_equal(ftruncate(file, 100 * PAGE), 0);
    sg_ahead_init(&ahead, file, 80 * PAGE);
    assert_int_equal(ahead.size, 100 * PAGE);
    assert_false(sg_ahead_is_due(&ahead, 84 * PAGE)); /* 16 are left */
    assert_true(sg_ahead_is_due(&ahead, 85 * PAGE));
    assert_true(sg_ahead_is_due(&ahead, 101 * PAGE)); /* 16 at once */
    assert_int_equal(ahead.size, 101 * PAGE);
    assert_false(sg_ahead_is_due(&ahead, 118 * PAGE)); /* 17 at once */
    assert_true(sg_ahead_is_due(&ahead, 118 * PAGE));
}

/* A file that is shorter than it should be, or none, has no room. */
static void test_ahead_init(void **state)
{
    struct sg_ahead ahead;
    (void)state;

    assert_int_equal(ftruncate(file, PAGE), 0);
    sg_ahead_init(&ahead, file, 2 * PAGE);
    assert_int_equal(ahead.size, 2 * PAGE);
    sg_ahead_init(&ahead, -1, 3 * PAGE);
    assert_int_equal(ahead.size, 3 * PAGE);
}

/* What is written are zeros behind the end, up to the bound; what is before
 * them stays. A disk that refuses says why. */
static void test_ahead_write(void **state)
{
    struct sg_ahead ahead;
    uint8_t bytes[2] = {1, 1};
    (void)state;

    assert_int_equal(pwrite(file, "x", 1, PAGE - 1), 1);
    sg_ahead_init(&ahead, file, PAGE);
    assert_int_equal(sg_ahead_write(&ahead, file, UINT64_MAX), 0);
    assert_int_equal(ahead.size, PAGE + SG_AHEAD_SIZE);
    assert_int_equal(size_of(), ahead.size);
    assert_int_equal(pread(file, bytes, 2, PAGE - 1), 2);
    assert_memory_equal(bytes, "x", 2);
    assert_int_equal(sg_ahead_write(&ahead, file, ahead.size + PAGE), 0);
    assert_int_equal(size_of(), 2 * PAGE + SG_AHEAD_SIZE);
    assert_int_equal(sg_ahead_write(&ahead, file, ahead.size), 0);
    assert_int_equal(sg_ahead_write(&ahead, file, 0), 0);
    assert_int_equal(size_of(), 2 * PAGE + SG_AHEAD_SIZE);
    assert_int_equal(sg_ahead_write(&ahead, -1, UINT64_MAX), EBADF);
    assert_int_equal(ahead.size, 2 * PAGE + SG_AHEAD_SIZE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ahead_is_due),
        TEST(test_ahead_init),
        TEST(test_ahead_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
