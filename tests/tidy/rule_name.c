/* Names: a symbol carries its file, a file is lower_snake. */
#include "tests/tidy/tidy.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Files that own more names than their own: value types, and verbs so common
 * that the file's name would only be noise. */
static const struct {
    const char *path;        /* without the ending */
    const char *prefixes[6]; /* beside sg_<file> */
} exceptions[] = {
    {"storage/base/alloc", {"sg_free", "sg_calloc", "sg_realloc"}},
    /* What store.c shows its own folder. */
    {"storage/lmdb/internal", {"sg_store"}},
};

static const char *const product[] = {"storage/*", "replication/*", "node/*",
                                      "tools/*", NULL};

/* Tells whether NAME is PREFIX, or begins with it and an underscore. */
static bool has_prefix(const char *name, size_t size, const char *prefix)
{
    size_t prefix_size = strlen(prefix);

    if (size < prefix_size || memcmp(name, prefix, prefix_size) != 0)
        return false;
    return size == prefix_size || name[prefix_size] == '_';
}

/* crypto_sign.c may carry the names of crypto.h beside it: a header may have
 * its code in several files. */
static bool family_allows(const struct tidy_tree *tree,
                          const struct tidy_file *file, const char *name,
                          size_t size)
{
    char header[TIDY_PATH_SIZE_MAX + 2], prefix[TIDY_PATH_SIZE_MAX + 4];
    size_t folder = (size_t)(file->name - file->path);
    size_t stem = strlen(file->name) - 2;

    for (size_t i = stem; i > 0; i--) {
        if (i != stem && file->name[i] != '_')
            continue;
        int n = (int)(folder + i);
        (void)snprintf(header, sizeof(header), "%.*s.h", n, file->path);
        (void)snprintf(prefix, sizeof(prefix), "sg_%.*s", (int)i, file->name);
        if ((i == stem || tidy_tree_find(tree, header) != NULL) &&
            has_prefix(name, size, prefix))
            return true;
    }
    return false;
}

static bool exception_allows(const struct tidy_file *file, const char *name,
                             size_t size)
{
    size_t stem = strlen(file->path) - 2;

    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        if (strlen(exceptions[i].path) != stem ||
            memcmp(exceptions[i].path, file->path, stem) != 0)
            continue;
        for (size_t k = 0; exceptions[i].prefixes[k] != NULL; k++) {
            if (has_prefix(name, size, exceptions[i].prefixes[k]))
                return true;
        }
    }
    return false;
}

void tidy_rule_symbol(struct tidy_tree *tree, const struct tidy_file *file)
{
    struct tidy_decl decl;
    size_t at = 0;

    if (file->code == NULL || !tidy_matches(file->path, product))
        return;
    while (tidy_decl_next(file, &at, &decl)) {
        const char *name = file->code + decl.name;
        if (decl.is_static || decl.kind == TIDY_TYPE || decl.name_size == 0)
            continue;
        if (decl.name_size == 4 && memcmp(name, "main", 4) == 0)
            continue;
        if (family_allows(tree, file, name, decl.name_size) ||
            exception_allows(file, name, decl.name_size))
            continue;
        tidy_fail(tree, file, decl.name, "symbol",
                  "%.*s: begin it with sg_%.*s_, or make it static",
                  (int)decl.name_size, name, (int)strlen(file->name) - 2,
                  file->name);
    }
}

void tidy_rule_filename(struct tidy_tree *tree, const struct tidy_file *file)
{
    bool is_code = file->code != NULL || file->kind == TIDY_SCRIPT;

    if (!is_code || file->path[0] == '.')
        return;
    for (const char *c = file->path; *c != '\0'; c++) {
        if (islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
            strchr("_./", *c) != NULL)
            continue;
        tidy_fail(tree, file, 0, "filename", "use lower_snake for code");
        return;
    }
}
