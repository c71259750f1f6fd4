/* The house: every folder explains itself, every source is built, and the top
 * level holds what was agreed. */
#include "tests/tidy/tidy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool is_code(const struct tidy_file *file)
{
    return file->code != NULL || file->kind == TIDY_SCRIPT;
}

/* The first piece of code of a folder speaks for the folder. */
static bool is_first_code(const struct tidy_tree *tree,
                          const struct tidy_file *file)
{
    size_t folder = tidy_folder_size(file);

    if (!is_code(file))
        return false;
    for (const struct tidy_file *other = tree->files; other < file; other++) {
        if (is_code(other) && tidy_folder_size(other) == folder &&
            memcmp(other->path, file->path, folder) == 0)
            return false;
    }
    return true;
}

/* Tells whether TEXT has a markdown heading that begins with TITLE. */
static bool has_heading(const char *text, const char *title)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *words = line + strspn(line, "#");
        if (words == line || *words != ' ')
            continue;
        words += strspn(words, " ");
        if (strncmp(words, title, strlen(title)) == 0)
            return true;
    }
    return false;
}

void tidy_rule_readme(struct tidy_tree *tree, const struct tidy_file *file)
{
    static const char *const titles[] = {"What this is", "What it may include",
                                         "Files in reading order", "Invariants",
                                         "How it is tested"};
    char path[TIDY_PATH_SIZE_MAX + 16];
    int folder = (int)tidy_folder_size(file);

    if (folder == 0 || file->path[0] == '.' || !is_first_code(tree, file))
        return;
    (void)snprintf(path, sizeof(path), "%.*s/README.md", folder, file->path);
    const struct tidy_file *readme = tidy_tree_find(tree, path);
    if (readme == NULL) {
        tidy_fail(tree, file, 0, "readme", "the folder has no README.md");
        return;
    }
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (!has_heading(readme->text, titles[i]))
            tidy_fail(tree, readme, 0, "readme", "no heading \"%s\"",
                      titles[i]);
    }
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || strchr("_.-", c) != NULL;
}

/* Tells whether TEXT names the file NAME as a whole word. */
static bool names(const char *text, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = strstr(text, name); at != NULL;
         at = strstr(at + 1, name)) {
        bool begins = at == text || !is_name_char(at[-1]);
        if (begins && (at[size] == '\0' || !is_name_char(at[size])))
            return true;
    }
    return false;
}

/* The way into a folder of the product leads past each of its headers. */
void tidy_rule_tour(struct tidy_tree *tree, const struct tidy_file *file)
{
    static const char *const product[] = {"storage/*", "replication/*",
                                          "node/*", "tools/*", NULL};
    char path[TIDY_PATH_SIZE_MAX + 16];

    if (file->kind != TIDY_HEADER || !tidy_matches(file->path, product))
        return;
    (void)snprintf(path, sizeof(path), "%.*s/README.md",
                   (int)tidy_folder_size(file), file->path);
    const struct tidy_file *readme = tidy_tree_find(tree, path);
    if (readme != NULL && !names(readme->text, file->name))
        tidy_fail(tree, readme, 0, "tour",
                  "%s: name it under \"Files in reading order\"", file->name);
}

/* The CMakeLists.txt of the folder, or of one above it, names the source. */
void tidy_rule_built(struct tidy_tree *tree, const struct tidy_file *file)
{
    char path[TIDY_PATH_SIZE_MAX + 16];

    if (file->kind != TIDY_SOURCE)
        return;
    for (size_t i = strlen(file->path); i > 0; i--) {
        if (file->path[i] != '/')
            continue;
        (void)snprintf(path, sizeof(path), "%.*s/CMakeLists.txt", (int)i,
                       file->path);
        const struct tidy_file *list = tidy_tree_find(tree, path);
        if (list != NULL && names(list->text, file->path + i + 1))
            return;
    }
    tidy_fail(tree, file, 0, "built", "no CMakeLists.txt names this file");
}

void tidy_rule_top(struct tidy_tree *tree, const struct tidy_file *file)
{
    static const char *const agreed[] = {
        "node/*", "replication/*",  "storage/*", "tools/*", "tests/*",
        ".*",     "CMakeLists.txt", "README.md", "LICENSE", NULL};

    if (!tidy_matches(file->path, agreed))
        tidy_fail(tree, file, 0, "top",
                  "the top level holds node, replication, storage, tools, "
                  "tests and nothing else");
}
