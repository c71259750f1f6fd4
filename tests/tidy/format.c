/* Formatting is clang-format's word alone, of one version: two versions do not
 * agree. */
#include "tests/tidy/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VERSION "version 14."

extern char **environ;

/* Runs argv with stdout and stderr in a pipe. Returns the end to read, or -1;
 * ret_child is for finish(). */
static int start(const char *folder, const char *const *argv, pid_t *ret_child)
{
    posix_spawn_file_actions_t actions;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addchdir_np(&actions, folder);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    /* The prototype wants char *const *, and changes none of them. */
    union {
        const char *const *in;
        char *const *out;
    } args = {.in = argv};
    int error =
        posix_spawnp(ret_child, argv[0], &actions, NULL, args.out, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    if (error == 0)
        return ends[0];
    (void)close(ends[0]);
    return -1;
}

static int finish(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_pinned(const char *program)
{
    const char *const argv[] = {program, "--version", NULL};
    char text[256] = "";
    pid_t child;

    int fd = start("/", argv, &child);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    return finish(child) == 0 && n > 0 && strstr(text, VERSION) != NULL;
}

/* Turns "storage/log/a.c:12:4: error: code should be ..." into one finding a
 * file: whoever runs clang-format -i does not need the lines. */
static void report(struct tidy_tree *tree, FILE *output)
{
    char line[4096];
    const struct tidy_file *last = NULL;

    while (fgets(line, sizeof(line), output) != NULL) {
        if (strstr(line, ": error: ") == NULL)
            continue;
        line[strcspn(line, ":")] = '\0';
        const struct tidy_file *file = tidy_tree_find(tree, line);
        if (file == NULL || file == last)
            continue;
        last = file;
        tidy_fail(tree, file, 0, "format", "run clang-format -i on it");
    }
}

static void run(struct tidy_tree *tree, const char *program)
{
    static const char *argv[TIDY_FILES_MAX + 4];
    size_t n = 0;
    pid_t child;

    argv[n++] = program;
    argv[n++] = "--dry-run";
    argv[n++] = "-Werror";
    for (size_t i = 0; i < tree->n_files; i++) {
        if (tree->files[i].code != NULL)
            argv[n++] = tree->files[i].path;
    }
    argv[n] = NULL;
    if (n == 3)
        return;
    size_t before = tree->n_findings;
    int fd = start(tree->root, argv, &child);
    FILE *output = fd < 0 ? NULL : fdopen(fd, "r");
    if (output != NULL) {
        report(tree, output);
        (void)fclose(output);
    }
    bool good = output != NULL && finish(child) == 0;
    if (!good && tree->n_findings == before)
        tidy_fail(tree, NULL, 0, "format", "%s failed", program);
}

void tidy_format(struct tidy_tree *tree, bool required)
{
    static const char *const programs[] = {"clang-format-14", "clang-format"};

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (is_pinned(programs[i])) {
            run(tree, programs[i]);
            return;
        }
    }
    if (required)
        tidy_fail(tree, NULL, 0, "format", "no clang-format " VERSION "*");
    else
        printf("tidy: format: not checked, for want of clang-format " VERSION
               "*\n");
}
