/* Includes: which folder may see which, who may see the libraries, and that
 * every header can be read twice. */
#include "tests/tidy/tidy.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* The arrows. The first row that fits the including file decides. */
static const struct {
    const char *folder;
    const char *may_see[6];
} arrows[] = {
    {"storage/base/*", {"storage/base/*"}},
    {"storage/log/*", {"storage/base/*", "storage/log/*"}},
    {"storage/registry/*",
     {"storage/base/*", "storage/log/*", "storage/registry/*"}},
    {"storage/lmdb/*",
     {"storage/base/*", "storage/log/*", "storage/registry/*",
      "storage/lmdb/*"}},
    {"replication/*", {"storage/base/*", "storage/log/*", "replication/*"}},
    {"node/*", {"storage/*", "replication/*", "node/*"}},
    {"tools/*", {"storage/*", "replication/*", "node/*", "tools/*"}},
    {"tests/*", {"*"}},
};

/* The libraries with a choke point, and headers that the pure folders do
 * without, the clocks of ours among them. A rule holds through headers of ours
 * too: whoever includes a header that includes <uv.h> has included <uv.h>. */
static const struct {
    const char *header;
    const char *only[4];  /* the files that may include it; empty: all */
    const char *never[4]; /* the files that may not */
    const char *why;
} libraries[] = {
    {"uv.h",
     {"node/uv_*", "tests/*/uv_*"},
     {NULL},
     "only files named uv_* know libuv"},
    {"microhttpd.h",
     {"node/uv_http.c"},
     {NULL},
     "only node/uv_http.c knows libmicrohttpd"},
    {"lmdb.h",
     {"storage/lmdb/*", "tools/bench_limits.c", "tools/bench_bare.c",
      "tests/unit/test_page.c"},
     {NULL},
     "only storage/lmdb knows LMDB (and its bench, and the test of its pages)"},
    {"sodium*",
     {"storage/base/crypto*.c", "tests/unit/test_crypto*.c",
      "tests/sim/random.c"},
     {NULL},
     "only storage/base/crypto*.c knows libsodium (and the simulator, which "
     "gives it random bytes): use sg_crypto_*"},
    {"openssl/*",
     {"storage/base/crypto*.c", "tests/unit/test_crypto*.c"},
     {NULL},
     "only storage/base/crypto*.c knows libcrypto: use sg_crypto_*"},
    {"msgpack*",
     {"storage/base/*.c"},
     {NULL},
     "only storage/base knows msgpack-c: use storage/base/msgpack.h"},
    {"stdio.h",
     {NULL},
     {"storage/log/*", "storage/registry/*", "replication/*"},
     "this folder takes bytes and gives bytes; it reads and prints nothing"},
    {"time.h",
     {NULL},
     {"storage/log/*", "storage/registry/*", "replication/*"},
     "time comes in as an argument or an event"},
    {"storage/base/clock.h",
     {NULL},
     {"storage/log/*", "storage/registry/*", "replication/*"},
     "time comes in as an argument or an event"},
    {"unistd.h",
     {NULL},
     {"storage/log/*", "storage/registry/*", "replication/*"},
     "this folder has no files, sockets or processes"},
    {"sys/*",
     {NULL},
     {"storage/log/*", "storage/registry/*", "replication/*"},
     "this folder has no files, sockets or processes"},
    {"pthread.h",
     {NULL},
     {"storage/log/*", "storage/registry/*", "replication/*"},
     "this folder starts no threads and takes no locks"},
};

#define N_ARROWS    (sizeof(arrows) / sizeof(arrows[0]))
#define N_LIBRARIES (sizeof(libraries) / sizeof(libraries[0]))

static bool may_see(const char *path, const char *included)
{
    for (size_t i = 0; i < N_ARROWS; i++) {
        if (fnmatch(arrows[i].folder, path, 0) == 0)
            return tidy_matches(included, arrows[i].may_see);
    }
    return true;
}

void tidy_rule_arrow(struct tidy_tree *tree, const struct tidy_file *file)
{
    char name[TIDY_PATH_SIZE_MAX];
    size_t at = 0, offset;
    bool is_system;

    if (file->code == NULL)
        return;
    while (tidy_include_next(file, &at, name, &is_system, &offset)) {
        if (strstr(name, "..") != NULL)
            tidy_fail(tree, file, offset, "arrow",
                      "\"%s\": write the path from the root", name);
        else if (is_system)
            continue;
        else if (tidy_tree_find(tree, name) == NULL)
            tidy_fail(tree, file, offset, "arrow",
                      "\"%s\": no such file; write the path from the root",
                      name);
        else if (!may_see(file->path, name))
            tidy_fail(tree, file, offset, "arrow",
                      "\"%s\" is not to be seen from this folder", name);
    }
}

/* A walk through the headers that one file reaches. */
struct reach {
    struct tidy_tree *tree;
    const struct tidy_file *file; /* the file that is judged */
    size_t offset;                /* of its own #include line */
    bool seen[TIDY_FILES_MAX];
};

static void judge(struct reach *reach, const char *header,
                  const struct tidy_file *through)
{
    for (size_t i = 0; i < N_LIBRARIES; i++) {
        if (fnmatch(libraries[i].header, header, 0) != 0)
            continue;
        bool allowed = libraries[i].only[0] == NULL ||
                       tidy_matches(reach->file->path, libraries[i].only);
        if (allowed && !tidy_matches(reach->file->path, libraries[i].never))
            continue;
        if (through == reach->file)
            tidy_fail(reach->tree, reach->file, reach->offset, "library",
                      "<%s>: %s", header, libraries[i].why);
        else
            tidy_fail(reach->tree, reach->file, reach->offset, "library",
                      "<%s> through %s: %s", header, through->path,
                      libraries[i].why);
    }
}

/* The depth is bounded by `seen`: every file is entered once. */
static void walk(struct reach *reach, const struct tidy_file *file)
{
    char name[TIDY_PATH_SIZE_MAX];
    size_t at = 0, offset;
    bool is_system;

    while (tidy_include_next(file, &at, name, &is_system, &offset)) {
        if (file == reach->file)
            reach->offset = offset;
        judge(reach, name, file);
        if (is_system)
            continue;
        const struct tidy_file *next = tidy_tree_find(reach->tree, name);
        if (next == NULL || next->code == NULL)
            continue;
        size_t index = (size_t)(next - reach->tree->files);
        if (!reach->seen[index]) {
            reach->seen[index] = true;
            walk(reach, next);
        }
    }
}

void tidy_rule_library(struct tidy_tree *tree, const struct tidy_file *file)
{
    struct reach reach = {.tree = tree, .file = file};

    if (file->code != NULL)
        walk(&reach, file);
}

/* The guard of storage/log/tree.h is SG_STORAGE_LOG_TREE_H. */
static void guard_of(const struct tidy_file *file,
                     char ret_guard[TIDY_PATH_SIZE_MAX + 4])
{
    int size = snprintf(ret_guard, TIDY_PATH_SIZE_MAX + 4, "SG_%s", file->path);

    for (int i = 0; i < size; i++) {
        char c = ret_guard[i];
        ret_guard[i] = isalnum((unsigned char)c) ? (char)toupper(c) : '_';
    }
}

void tidy_rule_guard(struct tidy_tree *tree, const struct tidy_file *file)
{
    char guard[TIDY_PATH_SIZE_MAX + 4], opening[2 * TIDY_PATH_SIZE_MAX + 64];

    if (file->kind != TIDY_HEADER)
        return;
    guard_of(file, guard);
    (void)snprintf(opening, sizeof(opening), "#ifndef %s\n#define %s\n", guard,
                   guard);
    size_t first = strspn(file->code, " \n");
    if (strncmp(file->code + first, opening, strlen(opening)) != 0)
        tidy_fail(tree, file, first, "guard",
                  "the header opens with #ifndef %s, #define %s", guard, guard);
    size_t end = file->size;
    while (end > 0 && isspace((unsigned char)file->code[end - 1]))
        end--;
    if (end < 6 || memcmp(file->code + end - 6, "#endif", 6) != 0)
        tidy_fail(tree, file, end, "guard",
                  "nothing follows the #endif of the guard");
}
