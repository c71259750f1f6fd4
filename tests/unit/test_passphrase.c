#include "storage/lmdb/passphrase.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/crypto.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

static const char *write_file(void **state, const char *text, size_t size,
                              mode_t mode)
{
    static char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/words", (char *)*state);
    file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void assert_reads(void **state, const char *text, size_t size,
                         mode_t mode, const char *words)
{
    struct sg_passphrase *passphrase = NULL;

    assert_ok(
        sg_passphrase_read(write_file(state, text, size, mode), &passphrase));
    assert_int_equal(passphrase->size, strlen(words));
    assert_memory_equal(passphrase->bytes, words, strlen(words));
    assert_int_equal(sg_passphrase_bytes(passphrase).size, strlen(words));
    sg_passphrase_free(passphrase);
}

static void assert_refuses(void **state, const char *text, size_t size,
                           mode_t mode, enum sg_err want)
{
    struct sg_passphrase *passphrase = NULL;
    enum sg_err err =
        sg_passphrase_read(write_file(state, text, size, mode), &passphrase);

    assert_string_equal(sg_err_name(err), sg_err_name(want));
    assert_null(passphrase);
}

/* The first line counts, with or without its end; blanks belong to it. */
static void test_first_line(void **state)
{
    assert_reads(state, "số gốc\nrest", 13, 0600, "số gốc");
    assert_reads(state, "one", 3, 0400, "one");
    assert_reads(state, " a b \r\n", 7, 0440, " a b \r");
}

/* A file that others may read or change, an empty line, a line that is too
 * long, no file, no regular file. */
static void test_refusals(void **state)
{
    static char line[SG_PASSPHRASE_SIZE_MAX + 1];
    struct sg_passphrase *passphrase = NULL;

    memset(line, 'x', sizeof line);
    assert_refuses(state, "one", 3, 0604, SG_ERR_ACCESS);
    assert_refuses(state, "one", 3, 0620, SG_ERR_ACCESS);
    assert_refuses(state, "", 0, 0600, SG_ERR_INVALID);
    assert_refuses(state, "\none", 4, 0600, SG_ERR_INVALID);
    assert_refuses(state, line, sizeof line, 0600, SG_ERR_LIMIT);
    assert_int_equal(unlink(write_file(state, "x", 1, 0600)), 0);
    assert_err(sg_passphrase_read("/nonexistent", &passphrase), NOTFOUND);
    assert_err(sg_passphrase_read(*state, &passphrase), MALFORMED);
    assert_int_equal(sg_passphrase_bytes(NULL).size, 0);
    sg_passphrase_free(NULL);
}

static int begin(void **state)
{
    (void)state;
    return sg_crypto_init() == SG_OK ? 0 : -1;
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, sg_tempdir_setup, sg_tempdir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_line),
        TEST(test_refusals),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
