#include "tools/cli.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

static void set_environment(const char *all, const char *lang, const char *dir)
{
    assert_int_equal(setenv("LC_ALL", all, 1), 0);
    assert_int_equal(setenv("LC_MESSAGES", "", 1), 0);
    assert_int_equal(setenv("LANG", lang, 1), 0);
    assert_int_equal(setenv("SOGOC_DIR", dir, 1), 0);
}

/* The options of every verb are taken out wherever they stand; what is left
 * keeps its order. */
static void test_init(void **state)
{
    char *argv[] = {"sogoc", "log", "--json", "show", "--dir",
                    "d",     "1",   "--lang", "vi",   NULL};
    struct sg_cli_words words;
    struct sg_cli cli;

    (void)state;
    set_environment("", "C", "e");
    assert_int_equal(sg_cli_init(&cli, 9, argv, &words), 0);
    assert_int_equal(words.count, 3);
    assert_string_equal(words.words[0], "log");
    assert_string_equal(words.words[1], "show");
    assert_string_equal(words.words[2], "1");
    assert_true(cli.is_json && cli.out.is_json);
    assert_int_equal(cli.lang, SG_LANG_VI);
    assert_int_equal(cli.out.lang, SG_LANG_VI);
    assert_string_equal(cli.dir, "d");
}

/* Without options the environment decides, LC_ALL before LANG, and a directory
 * of last resort. */
static void test_environment(void **state)
{
    static const struct {
        const char *all, *lang, *dir;
        enum sg_lang wanted;
        const char *wanted_dir;
    } cases[] = {
        {"", "vi_VN.UTF-8", "e", SG_LANG_VI, "e"},
        {"", "vi", "", SG_LANG_VI, "sogoc-data"},
        {"C", "vi_VN", "", SG_LANG_EN, "sogoc-data"},
        {"vi_VN", "C", "", SG_LANG_VI, "sogoc-data"},
        {"", "vile", "", SG_LANG_EN, "sogoc-data"},
    };
    char *argv[] = {"sogoc", NULL};
    struct sg_cli_words words;
    struct sg_cli cli;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_environment(cases[i].all, cases[i].lang, cases[i].dir);
        assert_int_equal(sg_cli_init(&cli, 1, argv, &words), 0);
        assert_int_equal(cli.lang, cases[i].wanted);
        assert_string_equal(cli.dir, cases[i].wanted_dir);
    }
}

/* A verb's options may stand anywhere; "-" is a word; too few or too many words
 * and unknown options are usage errors. */
static void test_options(void **state)
{
    bool flag = false;
    const char *name = NULL;
    uint64_t number = 5;
    const struct sg_cli_option options[] = {
        {"--flag", SG_CLI_FLAG, .flag = &flag},
        {"--name", SG_CLI_TEXT, .text = &name},
        {"--number", SG_CLI_NUMBER, .number = &number},
    };
    char *good[] = {"a", "--number", "12", "-", "--flag", "--name", "n"};
    char *bad[] = {"--number", "1x"};
    char *unknown[] = {"--other"};
    char *cut[] = {"--name"};
    struct sg_cli cli = {.out.file = stdout};
    struct sg_cli_words words = {7, good};

    (void)state;
    assert_int_equal(sg_cli_options(&cli, &words, options, 3, 2, 2), 0);
    assert_true(flag);
    assert_string_equal(name, "n");
    assert_int_equal(number, 12);
    assert_int_equal(words.count, 2);
    assert_string_equal(words.words[1], "-");
    assert_int_equal(sg_cli_options(&cli, &words, options, 3, 3, 4), 2);
    assert_int_equal(sg_cli_options(&cli, &words, options, 3, 0, 1), 2);
    words = (struct sg_cli_words){2, bad};
    assert_int_equal(sg_cli_options(&cli, &words, options, 3, 0, 9), 2);
    assert_int_equal(number, 12);
    words = (struct sg_cli_words){1, unknown};
    assert_int_equal(sg_cli_options(&cli, &words, options, 3, 0, 9), 2);
    words = (struct sg_cli_words){1, cut};
    assert_int_equal(sg_cli_options(&cli, &words, options, 3, 0, 9), 2);
}

/* Exit codes tell scripts what to do next; what no row of the table explains is
 * a mistake of ours. */
static void test_exit(void **state)
{
    (void)state;
    assert_int_equal(sg_cli_exit_of(SG_OK), 0);
    assert_int_equal(sg_cli_exit_of(SG_ERR_NOTFOUND), 3);
    assert_int_equal(sg_cli_exit_of(SG_ERR_EXISTS), 3);
    assert_int_equal(sg_cli_exit_of(SG_ERR_DAMAGED), 4);
    assert_int_equal(sg_cli_exit_of(SG_ERR_TRUNCATED), 4);
    assert_int_equal(sg_cli_exit_of(SG_ERR_BUSY), 5);
    assert_int_equal(sg_cli_exit_of(SG_ERR_FULL), 6);
    assert_int_equal(sg_cli_exit_of(SG_ERR_ACCESS), 7);
    assert_int_equal(sg_cli_exit_of(SG_ERR_DECRYPT), 8);
    assert_int_equal(sg_cli_exit_of(SG_ERR_IO), 9);
    assert_int_equal(sg_cli_exit_of(SG_ERR_FATAL), 9);
    assert_int_equal(sg_cli_exit_of(SG_ERR_NOMEM), 70);
    assert_int_equal(sg_cli_exit_of(SG_ERR_INVALID), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_exit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
