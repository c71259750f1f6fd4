/* Every rule of tidy is broken once in a small tree, and tidy must name the
 * line. The tree is clean before each plant, so that what is found is the
 * plant. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

#define PATH_SIZE_MAX   512
#define OUTPUT_SIZE_MAX 65536

extern char **environ;

#define HEADINGS                                            \
    "# A folder\n## What this is\n## What it may include\n" \
    "## Files in reading order\n## Invariants\n## How it is tested\n"

struct text {
    const char *path;
    const char *text;
};

/* The clean tree: small, with the shapes that a careless rule would take for a
 * breach (members called like banned functions, words in comments and strings,
 * a header family, an allowed library). */
static const struct text clean[] = {
    {"CMakeLists.txt", "add_subdirectory(storage)\n"},
    {"README.md", "# The tree\n"},
    {"storage/CMakeLists.txt", "add_library(x base/box.c base/crypto_sign.c\n"
                               "  base/alloc.c log/leaf.c)\n"},
    {"storage/base/README.md", HEADINGS "1. `box.h`, then `crypto.h`.\n"},
    {"storage/base/box.h",
     "/* A box. */\n#ifndef SG_STORAGE_BASE_BOX_H\n"
     "#define SG_STORAGE_BASE_BOX_H\n\n#include <stddef.h>\n\n"
     "struct sg_box {\n    size_t size;\n};\n\n"
     "/* clang-format off */\n#define SG_BOX_LIST(X) X(A) X(B)\n"
     "/* clang-format on */\n\n"
     "_Static_assert(sizeof(struct sg_box) == 8, \"size\");\n\n"
     "extern const struct sg_box sg_box_empty;\n\n"
     "size_t sg_box_size(const struct sg_box *box)\n"
     "    __attribute__((warn_unused_result));\n\n#endif\n"},
    {"storage/base/box.c",
     "#include \"storage/base/box.h\"\n\n"
     "const struct sg_box sg_box_empty = {0};\n\n"
     "static const char *const word = \"sprintf(a) /* no comment\";\n\n"
     "/* strcpy(a, b) is not called here */\n"
     "size_t sg_box_size(const struct sg_box *box)\n{\n"
     "    return box->size + (word[0] == '\"');\n}\n"},
    {"storage/base/crypto.h",
     "#ifndef SG_STORAGE_BASE_CRYPTO_H\n#define SG_STORAGE_BASE_CRYPTO_H\n\n"
     "int sg_crypto_sign(void);\n\n#endif\n"},
    {"storage/base/crypto_sign.c",
     "#include \"storage/base/crypto.h\"\n\n#include <sodium.h>\n\n"
     "int sg_crypto_sign(void)\n{\n    return sodium_init();\n}\n"},
    {"storage/base/alloc.c",
     "#include <stdlib.h>\n\nvoid *sg_alloc(size_t size)\n{\n"
     "    return malloc(size);\n}\n\nvoid sg_free(void *memory)\n{\n"
     "    free(memory);\n}\n"},
    {"storage/log/README.md", HEADINGS},
    {"storage/log/leaf.c",
     "#include \"storage/base/box.h\"\n\nstruct sg_leaf {\n"
     "    int (*free)(int);\n};\n\n"
     "static int leaf_free(const struct sg_leaf *leaf)\n{\n"
     "    return leaf->free(0);\n}\n\nint sg_leaf(void)\n{\n"
     "    const struct sg_leaf leaf = {0};\n    return leaf_free(&leaf);\n}\n"},
};

/* A plant: PATH gets TEXT (NULL: it is removed), and a line of the output
 * begins with FINDS. */
static const struct {
    const char *path;
    const char *text;
    const char *finds;
} plants[] = {
    {"storage/base/box.c", "#include \"storage/log/leaf.h\"\n",
     "storage/base/box.c:1: arrow: \"storage/log/leaf.h\": no such file"},
    {"storage/base/box.c", "\n#include \"storage/log/README.md\"\n",
     "storage/base/box.c:2: arrow: \"storage/log/README.md\" is not to be"},
    {"storage/base/box.c", "#include \"box.h\"\n",
     "storage/base/box.c:1: arrow: \"box.h\": no such file"},
    {"storage/base/box.c", "#include \"../base/box.h\"\n",
     "storage/base/box.c:1: arrow: \"../base/box.h\": write the path"},
    {"storage/log/leaf.c", "#  include <lmdb.h>\n",
     "storage/log/leaf.c:1: library: <lmdb.h>: only storage/lmdb"},
    {"storage/base/box.c", "int sg_box;\n#include <uv.h>\n",
     "storage/base/box.c:2: library: <uv.h>: only files named uv_*"},
    {"storage/base/box.c", "#include <sodium/crypto_sign.h>\n",
     "storage/base/box.c:1: library: <sodium/crypto_sign.h>: only"},
    {"storage/log/leaf.c", "#include <openssl/evp.h>\n",
     "storage/log/leaf.c:1: library: <openssl/evp.h>: only"},
    {"storage/log/leaf.c", "#include <msgpack.h>\n",
     "storage/log/leaf.c:1: library: <msgpack.h>: only storage/base"},
    {"storage/log/leaf.c", "#include <stdio.h>\n",
     "storage/log/leaf.c:1: library: <stdio.h>: this folder takes bytes"},
    {"storage/log/leaf.c", "#include \"storage/base/clock.h\"\n",
     "storage/log/leaf.c:1: library: <storage/base/clock.h>: time comes in"},
    {"storage/log/leaf.c", "#include <sys/socket.h>\n",
     "storage/log/leaf.c:1: library: <sys/socket.h>: this folder has no"},
    {"storage/base/box.h",
     "#ifndef SG_STORAGE_BASE_BOX_H\n#define SG_STORAGE_BASE_BOX_H\n"
     "#include <uv.h>\n#endif\n",
     "storage/log/leaf.c:1: library: <uv.h> through storage/base/box.h"},
    {"storage/base/box.h", "#ifndef BOX_H\n#define BOX_H\n#endif\n",
     "storage/base/box.h:1: guard: the header opens with"},
    {"storage/base/crypto.h",
     "#ifndef SG_STORAGE_BASE_CRYPTO_H\n#define SG_STORAGE_BASE_CRYPTO_H\n"
     "#endif\nint sg_crypto_sign(void);\n",
     "storage/base/crypto.h:4: guard: nothing follows the #endif"},
    {"storage/base/box.c", "int sg_box(void)\n{\n    return rand();\n}\n",
     "storage/base/box.c:3: call: rand(): use the seeded sg_prng_*"},
    {"storage/base/box.c",
     "void sg_box(char *a)\n{\n    sprintf (a, \"\");\n}\n",
     "storage/base/box.c:3: call: sprintf(): use snprintf"},
    {"storage/log/leaf.c", "void sg_leaf(void *a)\n{\n    free(a);\n}\n",
     "storage/log/leaf.c:3: call: free(): use sg_free"},
    {"storage/log/leaf.c", "long sg_leaf(void)\n{\n    return time(0);\n}\n",
     "storage/log/leaf.c:3: call: time(): use storage/base/clock.h"},
    {"storage/log/leaf.c",
     "/* TO"
     "DO: more */\n",
     "storage/log/leaf.c:1: word: TO"
     "DO: finish it"},
    {"storage/log/README.md",
     HEADINGS "FIX"
              "ME\n",
     "storage/log/README.md:7: word: FIX"
     "ME: finish it"},
    {"storage/base/box.h",
     "#ifndef SG_STORAGE_BASE_BOX_H\n#define SG_STORAGE_BASE_BOX_H\n"
     "struct sg_box *sg_crate(int a,\n    int b);\n#endif\n",
     "storage/base/box.h:3: symbol: sg_crate: begin it with sg_box_"},
    {"storage/base/box.h",
     "#ifndef SG_STORAGE_BASE_BOX_H\n#define SG_STORAGE_BASE_BOX_H\n"
     "extern const char *const sg_boxes[];\n#endif\n",
     "storage/base/box.h:3: symbol: sg_boxes: begin it with sg_box_"},
    {"storage/log/leaf.c",
     "__attribute__((unused)) int help(int a)\n{\n    return a;\n}\n",
     "storage/log/leaf.c:1: symbol: help: begin it with sg_leaf_"},
    {"storage/base/Box.c", "\n",
     "storage/base/Box.c:1: filename: use lower_snake"},
    {"tools/make-it", "#!/bin/sh\n", "tools/make-it:1: filename: use"},
    {"storage/base/box.c", "int sg_box(void)\n{\n\treturn 0;\n}\n",
     "storage/base/box.c:3: space: a tab"},
    {"storage/CMakeLists.txt",
     "base/box.c base/crypto_sign.c base/alloc.c\n"
     "log/leaf.c \n",
     "storage/CMakeLists.txt:2: space: a space at the end"},
    {"storage/base/box.c", "int sg_box;",
     "storage/base/box.c:1: space: the last line ends"},
    {"storage/log/README.md", NULL,
     "storage/log/leaf.c:1: readme: the folder has no README.md"},
    {"storage/log/README.md",
     "# A\n## What this is\n## What it may include\n"
     "## Files in reading order\n## How it is tested\n",
     "storage/log/README.md:1: readme: no heading \"Invariants\""},
    {"storage/base/README.md",
     HEADINGS "1. `box.h`, then `sandbox.crypto.h`.\n",
     "storage/base/README.md:1: tour: crypto.h: name it"},
    {"storage/base/crate.c", "int sg_crate;\n",
     "storage/base/crate.c:1: built: no CMakeLists.txt names this file"},
    {"storage/base/ox.c", "int sg_ox;\n",
     "storage/base/ox.c:1: built: no CMakeLists.txt names this file"},
    {"notes.md", "# Notes\n", "notes.md:1: top: the top level holds"},
};

static char *root;
static char output[OUTPUT_SIZE_MAX];

static void path_of(char path[PATH_SIZE_MAX], const char *name)
{
    int size = snprintf(path, PATH_SIZE_MAX, "%s/%s", root, name);
    assert_in_range(size, 1, PATH_SIZE_MAX - 1);
}

static void make_folders(const char *name)
{
    char path[PATH_SIZE_MAX];

    path_of(path, name);
    for (char *at = path + strlen(root) + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *at = '/';
    }
}

static void put(const char *name, const char *text)
{
    char path[PATH_SIZE_MAX];

    make_folders(name);
    path_of(path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *name)
{
    char path[PATH_SIZE_MAX];

    path_of(path, name);
    assert_int_equal(unlink(path), 0);
}

static void put_clean(void)
{
    for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
        put(clean[i].path, clean[i].text);
}

/* Runs build/tidy on TREE, its output in `output`; returns its exit code. */
static int run_tidy(char *tree, char *const *environment)
{
    const char *build = getenv("SG_BUILD_DIR");
    char program[PATH_SIZE_MAX], *argv[] = {program, tree, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], status;
    size_t size = 0;
    pid_t child;

    assert_non_null(build);
    assert_in_range(snprintf(program, sizeof(program), "%s/tidy", build), 1,
                    sizeof(program) - 1);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    assert_int_equal(
        posix_spawn(&child, program, &actions, NULL, argv, environment), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    for (;;) {
        ssize_t n = read(ends[0], output + size, sizeof(output) - 1 - size);
        assert_true(n >= 0);
        if (n == 0)
            break;
        size += (size_t)n;
    }
    output[size] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Formatting has a test of its own: here the PATH has no clang-format. */
static int run_without_format(char *tree)
{
    static char path[] = "PATH=/nowhere", *environment[] = {path, NULL};

    return run_tidy(tree, environment);
}

/* Tells whether a line of the output begins with START. */
static bool has_line(const char *start)
{
    for (const char *line = output; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, start, strlen(start)) == 0)
            return true;
    }
    return false;
}

static int set_up(void **state)
{
    if (sg_tempdir_setup(state) != 0)
        return -1;
    root = *state;
    put_clean();
    return 0;
}

/* A clean tree passes, and a missing clang-format is said. */
static void test_clean_tree_passes(void **state)
{
    (void)state;
    int code = run_without_format(root);

    if (code != 0)
        print_error("%s", output);
    assert_int_equal(code, 0);
    assert_true(has_line("tidy: format: not checked"));
}

/* Every planted breach is found at its line, and ends the run with 1. */
static void test_every_plant_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        if (plants[i].text == NULL)
            drop(plants[i].path);
        else
            put(plants[i].path, plants[i].text);
        int code = run_without_format(root);
        if (code != 1 || !has_line(plants[i].finds)) {
            print_error("not found: %s\nexit %d\n%s", plants[i].finds, code,
                        output);
            fail();
        }
        if (plants[i].text != NULL)
            drop(plants[i].path);
        put_clean();
    }
}

static void put_lines(const char *path, const char *first, const char *line,
                      size_t n, const char *last)
{
    char text[16384];
    size_t size = 0;

    size += (size_t)snprintf(text, sizeof(text), "%s", first);
    for (size_t i = 0; i < n; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", line);
    (void)snprintf(text + size, sizeof(text) - size, "%s", last);
    put(path, text);
}

/* The ratchet holds at the exact lengths: 70 lines a function, 800 lines a
 * file, 100 columns a line. */
static void test_lengths_are_exact(void **state)
{
    static const struct {
        const char *first, *line, *last;
        size_t n;
        const char *finds;
    } shapes[] = {
        {"int sg_box(int a)\n{\n", "    a++;\n", "    return a;\n}\n", 66,
         "tidy: length: 1 functions"},
        {"", "int sg_box;\n", "", 800, "tidy: length: 1 files"},
        {"/*", "x", "*/\n", 96, "tidy: length: 1 lines"},
        /* A letter of two bytes is one column wide. */
        {"/*", "\xc4\x91", "*/\n", 96, "tidy: length: 1 lines"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        put_lines("storage/base/box.c", shapes[i].first, shapes[i].line,
                  shapes[i].n, shapes[i].last);
        assert_int_equal(run_without_format(root), 0);
        put_lines("storage/base/box.c", shapes[i].first, shapes[i].line,
                  shapes[i].n + 1, shapes[i].last);
        assert_int_equal(run_without_format(root), 1);
        assert_true(has_line(shapes[i].finds));
    }
    put_clean();
}

/* With clang-format at hand a badly indented file is found. */
static void test_format_is_checked(void **state)
{
    (void)state;
    put(".clang-format", "BasedOnStyle: LLVM\nIndentWidth: 4\n");
    put("storage/base/box.c", "int sg_box(void) {\n  return 0;\n}\n");
    int code = run_tidy(root, environ);
    bool is_missing = has_line("tidy: format: not checked");
    bool is_found = has_line("storage/base/box.c:1: format: run clang-format");
    drop(".clang-format");
    put_clean();
    if (is_missing)
        skip();
    assert_int_equal(code, 1);
    assert_true(is_found);
}

/* A tree that cannot be read is an error of its own, not a clean tree. */
static void test_missing_tree_is_an_error(void **state)
{
    char nowhere[PATH_SIZE_MAX];

    (void)state;
    path_of(nowhere, "nowhere");
    assert_int_equal(run_without_format(nowhere), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_tree_passes),
        cmocka_unit_test(test_every_plant_is_found),
        cmocka_unit_test(test_lengths_are_exact),
        cmocka_unit_test(test_format_is_checked),
        cmocka_unit_test(test_missing_tree_is_an_error),
    };

    return cmocka_run_group_tests_name("tidy", tests, set_up,
                                       sg_tempdir_teardown);
}
