#include "storage/base/version.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/test.h"

static char printed[200];

/* Answers ARGUMENT, which may be NULL for none, and keeps what is printed. */
static bool answer(char *argument)
{
    char name[] = "prog";
    char *argv[] = {name, argument, NULL};
    FILE *file = tmpfile();
    int standard_output = dup(STDOUT_FILENO);
    bool is_answered;
    size_t size;

    assert_non_null(file);
    assert_int_equal(fflush(stdout), 0);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    is_answered = sg_version_answer(argument != NULL ? 2 : 1, argv, name,
                                    "What it does.\n");
    assert_int_equal(fflush(stdout), 0);
    assert_true(dup2(standard_output, STDOUT_FILENO) >= 0);
    assert_int_equal(close(standard_output), 0);
    rewind(file);
    size = fread(printed, 1, sizeof printed - 1, file);
    printed[size] = '\0';
    assert_int_equal(fclose(file), 0);
    return is_answered;
}

/* The version is the one that the build was given. */
static void test_version_is_the_projects(void **state)
{
    (void)state;
    assert_string_equal(sg_version(), SG_TEST_VERSION);
}

/* --version and --help are answered, in the first place only, and nothing
 * else is. */
static void test_version_answer(void **state)
{
    char version[] = "--version";
    char help[] = "--help";
    char verb[] = "status";

    (void)state;
    assert_true(answer(version));
    assert_string_equal(printed, "prog " SG_TEST_VERSION "\n");
    assert_true(answer(help));
    assert_string_equal(printed, "What it does.\n");
    assert_false(answer(verb));
    assert_string_equal(printed, "");
    assert_false(answer(NULL));
    assert_string_equal(printed, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_is_the_projects),
        cmocka_unit_test(test_version_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
