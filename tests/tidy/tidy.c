#include "tests/tidy/tidy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/base/version.h"

static const char help[] =
    "usage: tidy [--format] [--rules] [DIR]\n"
    "\n"
    "Reads the source tree DIR (default: .) and prints every place where it\n"
    "breaks a rule of the house: \"path:line: rule: what to do\".\n"
    "\n"
    "  --format   a missing clang-format is a finding, not a remark\n"
    "  --rules    print the rules and end\n"
    "  --version, --help\n"
    "\n"
    "Exit: 0 nothing found, 1 findings, 2 the tree could not be read.\n";

static const struct {
    const char *name;
    tidy_rule *check;
    const char *says;
} rules[] = {
    {"arrow", tidy_rule_arrow, "includes follow the arrows, from the root"},
    {"library", tidy_rule_library, "each library has one place that knows it"},
    {"guard", tidy_rule_guard, "header guards carry the path"},
    {"call", tidy_rule_call, "banned calls, each with its replacement"},
    {"word", tidy_rule_word, "no marks of unfinished work"},
    {"symbol", tidy_rule_symbol, "external symbols carry their file"},
    {"filename", tidy_rule_filename, "code is named in lower_snake"},
    {"space", tidy_rule_space, "no tabs, no space at the end of a line"},
    {"length", tidy_rule_length, "functions <= 70 lines, files <= 800"},
    {"readme", tidy_rule_readme, "a folder has a README with five headings"},
    {"tour", tidy_rule_tour, "a README names every header beside it"},
    {"built", tidy_rule_built, "every source is named in a CMakeLists.txt"},
    {"top", tidy_rule_top, "the top level holds what was agreed"},
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/* The ratchet: how many there are today. The numbers go down, never up. */
#define LONG_LINES     0u /* over 100 columns */
#define LONG_FUNCTIONS 0u /* over 70 lines */
#define LONG_FILES     0u /* over 800 lines */

static size_t line_of(const struct tidy_file *file, size_t offset)
{
    size_t line = 1;

    for (size_t i = 0; i < offset && i < file->size; i++)
        line += file->text[i] == '\n';
    return line;
}

static void print_place(const struct tidy_file *file, size_t offset)
{
    if (file == NULL)
        printf("tidy: ");
    else
        printf("%s:%zu: ", file->path, line_of(file, offset));
}

void tidy_fail(struct tidy_tree *tree, const struct tidy_file *file,
               size_t offset, const char *rule, const char *format, ...)
{
    va_list arguments;

    tree->n_findings++;
    print_place(file, offset);
    printf("%s: ", rule);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void tidy_note(const struct tidy_file *file, size_t offset, const char *rule,
               const char *format, ...)
{
    va_list arguments;

    print_place(file, offset);
    printf("%s (no failure): ", rule);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void turn_ratchet(struct tidy_tree *tree, const char *what, size_t n,
                         size_t allowed)
{
    if (n > allowed)
        tidy_fail(tree, NULL, 0, "length", "%zu %s; at most %zu are allowed", n,
                  what, allowed);
    else if (n < allowed)
        tidy_fail(tree, NULL, 0, "length",
                  "only %zu %s are left: lower the number in tidy.c from %zu",
                  n, what, allowed);
}

static int check(const char *root, bool format_required)
{
    static struct tidy_tree tree;

    if (!tidy_tree_read(&tree, root))
        return 2;
    for (size_t i = 0; i < tree.n_files; i++) {
        for (size_t k = 0; k < N_RULES; k++)
            rules[k].check(&tree, &tree.files[i]);
    }
    turn_ratchet(&tree, "lines over 100 columns", tree.n_long_lines,
                 LONG_LINES);
    turn_ratchet(&tree, "functions over 70 lines", tree.n_long_functions,
                 LONG_FUNCTIONS);
    turn_ratchet(&tree, "files over 800 lines", tree.n_long_files, LONG_FILES);
    (void)fflush(stdout);
    tidy_format(&tree, format_required);
    printf("tidy: %zu files, %zu findings\n", tree.n_files, tree.n_findings);
    return tree.n_findings == 0 ? 0 : 1;
}

static int print_rules(void)
{
    for (size_t i = 0; i < N_RULES; i++)
        printf("%-10s %s\n", rules[i].name, rules[i].says);
    printf("%-10s %s\n", "format", "clang-format 14 would change nothing");
    return 0;
}

int main(int argc, char **argv)
{
    const char *root = ".";
    bool format_required = getenv("CI") != NULL;

    if (sg_version_answer(argc, argv, "tidy", help))
        return 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rules") == 0)
            return print_rules();
        if (strcmp(argv[i], "--format") == 0) {
            format_required = true;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "tidy: %s is no option; see --help\n", argv[i]);
            return 2;
        } else {
            root = argv[i];
        }
    }
    return check(root, format_required);
}
