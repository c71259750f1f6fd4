/* Shape: spaces, columns, lengths. */
#include "tests/tidy/tidy.h"

#include <string.h>

#define COLUMNS_SOFT   80u  /* printed */
#define COLUMNS_HARD   100u /* counted against the ratchet */
#define FUNCTION_LINES 70u
#define FILE_LINES     800u

/* Counts code points, so that Vietnamese is as wide as it looks (the tree is
 * NFC: one code point, one column). */
static size_t columns(const char *line, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)line[i] & 0xc0u) != 0x80u;
    return n;
}

static void check_columns(struct tidy_tree *tree, const struct tidy_file *file,
                          size_t at, size_t size)
{
    size_t n = columns(file->text + at, size);

    if (file->code == NULL || n <= COLUMNS_SOFT)
        return;
    tidy_note(file, at, "length", "%zu columns", n);
    tree->n_long_lines += n > COLUMNS_HARD;
}

void tidy_rule_space(struct tidy_tree *tree, const struct tidy_file *file)
{
    if (file->kind == TIDY_OTHER)
        return;
    for (size_t at = 0; at < file->size;) {
        const char *line = file->text + at;
        size_t size = strcspn(line, "\n");
        if (memchr(line, '\t', size) != NULL)
            tidy_fail(tree, file, at, "space", "a tab");
        if (memchr(line, '\r', size) != NULL)
            tidy_fail(tree, file, at, "space", "a carriage return");
        if (size > 0 && line[size - 1] == ' ')
            tidy_fail(tree, file, at, "space", "a space at the end of a line");
        check_columns(tree, file, at, size);
        at += size + 1;
    }
    if (file->size > 0 && file->text[file->size - 1] != '\n')
        tidy_fail(tree, file, file->size, "space",
                  "the last line ends with a newline");
}

static size_t count_lines(const char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += text[i] == '\n';
    return n;
}

void tidy_rule_length(struct tidy_tree *tree, const struct tidy_file *file)
{
    struct tidy_decl decl;
    size_t at = 0;

    if (file->code == NULL)
        return;
    size_t n_lines = count_lines(file->text, file->size);
    if (n_lines > FILE_LINES) {
        tidy_note(file, 0, "length", "the file has %zu lines", n_lines);
        tree->n_long_files++;
    }
    while (tidy_decl_next(file, &at, &decl)) {
        size_t size = decl.end - decl.begin;
        size_t n = count_lines(file->text + decl.begin, size) + 1;
        if (decl.kind != TIDY_FUNCTION || n <= FUNCTION_LINES)
            continue;
        tidy_note(file, decl.begin, "length", "%.*s() has %zu lines",
                  (int)decl.name_size, file->code + decl.name, n);
        tree->n_long_functions++;
    }
}
