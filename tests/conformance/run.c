#include "tests/conformance/run.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The part of FILE that follows the root of all vectors. */
static const char *under_root(const struct run *run, const char *file)
{
    size_t size = strlen(run->root);
    if (strncmp(file, run->root, size) == 0 && file[size] == '/')
        return file + size + 1;
    return file;
}

void run_pass(struct run *run)
{
    run->folder.passed++;
}

void run_fail(struct run *run, const char *file, const char *id,
              const char *format, ...)
{
    run->folder.failed++;
    printf("FAIL %s %s: ", under_root(run, file), id);
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
}

void run_skip(struct run *run, const char *file, size_t count,
              const char *format, ...)
{
    run->folder.skipped += count;
    printf("skip %s (%zu): ", under_root(run, file), count);
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)putchar('\n');
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t size = strlen(name);
    size_t suffix_size = strlen(suffix);
    return size >= suffix_size &&
           strcmp(name + size - suffix_size, suffix) == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* A folder or file that cannot be read, a dangling link, a loop of links. */
static bool is_unreadable(int info)
{
    return info == FTS_DNR || info == FTS_ERR || info == FTS_NS ||
           info == FTS_SLNONE || info == FTS_DC;
}

FTS *run_walk(const char *path)
{
    char root[PATH_MAX];
    (void)snprintf(root, sizeof(root), "%s", path);
    char *roots[] = {root, NULL};
    return fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
}

void run_files(struct run *run, const char *path, const char *suffix,
               run_file *each, void *context)
{
    FTS *walk = run_walk(path);
    FTSENT *entry;
    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        bool is_hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
        if (is_hidden)
            (void)fts_set(walk, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && ends_in(entry->fts_name, suffix))
            each(run, entry->fts_path, context);
        else if (is_unreadable(entry->fts_info))
            run_fail(run, entry->fts_path, "file", "cannot be read");
    }
    if (walk != NULL)
        (void)fts_close(walk);
}
