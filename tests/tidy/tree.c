#include "tests/tidy/tidy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path, const char *what)
{
    fprintf(stderr, "tidy: %s: %s\n", path, what);
    return false;
}

/* The arena is reserved once and touched as it is used: texts are never given
 * back singly, and the pages of an anonymous mapping read as zeros. */
static char *take(struct tidy_tree *tree, size_t size)
{
    if (size > TIDY_ARENA_SIZE - tree->arena_used)
        return NULL;
    char *bytes = tree->arena + tree->arena_used;
    tree->arena_used += size;
    return bytes;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

static enum tidy_kind kind_of(const struct tidy_file *file)
{
    if (ends_with(file->name, ".c"))
        return TIDY_SOURCE;
    if (ends_with(file->name, ".h"))
        return TIDY_HEADER;
    if (ends_with(file->name, ".cmake") ||
        strcmp(file->name, "CMakeLists.txt") == 0)
        return TIDY_CMAKE;
    if (ends_with(file->name, ".md"))
        return TIDY_MARKDOWN;
    if (file->size > 2 && memcmp(file->text, "#!", 2) == 0)
        return TIDY_SCRIPT;
    return TIDY_OTHER;
}

static bool read_bytes(int fd, char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, bytes + done, size - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* Reads the file whose path and size are set. */
static bool read_file(struct tidy_tree *tree, struct tidy_file *file,
                      int folder)
{
    char *text = take(tree, file->size + 1);
    if (text == NULL)
        return fail(file->path, "the tree is larger than TIDY_ARENA_SIZE");
    int fd = openat(folder, file->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(file->path, strerror(errno));
    bool whole = read_bytes(fd, text, file->size);
    (void)close(fd);
    if (!whole)
        return fail(file->path, "it changed while it was read");
    file->text = text;
    file->kind = kind_of(file);
    if (file->kind != TIDY_SOURCE && file->kind != TIDY_HEADER)
        return true;
    char *code = take(tree, file->size + 1);
    if (code == NULL)
        return fail(file->path, "the tree is larger than TIDY_ARENA_SIZE");
    tidy_blank(text, file->size, code);
    file->code = code;
    return true;
}

/* Folders that hold no sources of ours. */
static bool is_foreign(const char *folder, const char *name)
{
    static const char *const anywhere[] = {".",      "..",          ".git",
                                           ".cache", "__pycache__", NULL};

    if (folder[0] == '\0' && strncmp(name, "build", 5) == 0)
        return true;
    return tidy_matches(name, anywhere);
}

static bool read_folder(struct tidy_tree *tree, int parent, const char *folder);

static bool read_entry(struct tidy_tree *tree, int folder_fd,
                       const char *folder, const char *name)
{
    struct stat status;
    char path[TIDY_PATH_SIZE_MAX];

    int size = snprintf(path, sizeof(path), "%s%s%s", folder,
                        folder[0] == '\0' ? "" : "/", name);
    if (size < 0 || (size_t)size >= sizeof(path))
        return fail(name, "the path is longer than TIDY_PATH_SIZE_MAX");
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return read_folder(tree, folder_fd, path);
    if (!S_ISREG(status.st_mode))
        return true;
    if (tree->n_files == TIDY_FILES_MAX)
        return fail(path, "the tree has more files than TIDY_FILES_MAX");
    struct tidy_file *file = &tree->files[tree->n_files++];
    memcpy(file->path, path, sizeof(path));
    file->size = (size_t)status.st_size;
    file->name = file->path + strlen(path) - strlen(name);
    return read_file(tree, file, folder_fd);
}

static int by_name(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;

    return strcmp(*left, *right);
}

/* Lists the open folder FD into NAMES, sorted, so that two runs print the same.
 * Returns how many, or -1. */
static int list(struct tidy_tree *tree, int fd, const char *folder,
                const char *names[TIDY_FOLDER_MAX])
{
    size_t n = 0;

    int listed = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = listed < 0 ? NULL : fdopendir(listed);
    if (stream == NULL)
        return -1;
    for (;;) {
        const struct dirent *entry = readdir(stream);
        if (entry == NULL || n == TIDY_FOLDER_MAX)
            break;
        if (is_foreign(folder, entry->d_name))
            continue;
        size_t size = strlen(entry->d_name) + 1;
        char *name = take(tree, size);
        if (name == NULL)
            break;
        memcpy(name, entry->d_name, size);
        names[n++] = name;
    }
    (void)closedir(stream);
    qsort(names, n, sizeof(names[0]), by_name);
    return n == TIDY_FOLDER_MAX ? -1 : (int)n;
}

/* Reads FOLDER (empty for the root), which lies in the open folder PARENT. */
static bool read_folder(struct tidy_tree *tree, int parent, const char *folder)
{
    const char *names[TIDY_FOLDER_MAX];
    const char *slash = strrchr(folder, '/');
    const char *name = slash == NULL ? folder : slash + 1;

    int fd = openat(parent, name[0] == '\0' ? "." : name,
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(folder, strerror(errno));
    int n_names = list(tree, fd, folder, names);
    bool good = n_names >= 0 || fail(folder, "it cannot be listed");
    for (int i = 0; good && i < n_names; i++)
        good = read_entry(tree, fd, folder, names[i]);
    (void)close(fd);
    return good;
}

bool tidy_tree_read(struct tidy_tree *tree, const char *root)
{
    tree->root = root;
    tree->arena = mmap(NULL, TIDY_ARENA_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (tree->arena == MAP_FAILED)
        return fail(root, strerror(errno));
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(root, strerror(errno));
    bool good = read_folder(tree, fd, "");
    (void)close(fd);
    return good;
}

const struct tidy_file *tidy_tree_find(const struct tidy_tree *tree,
                                       const char *path)
{
    for (size_t i = 0; i < tree->n_files; i++) {
        if (strcmp(tree->files[i].path, path) == 0)
            return &tree->files[i];
    }
    return NULL;
}

size_t tidy_folder_size(const struct tidy_file *file)
{
    return file->name == file->path ? 0 : (size_t)(file->name - file->path) - 1;
}

bool tidy_matches(const char *path, const char *const *patterns)
{
    for (size_t i = 0; patterns[i] != NULL; i++) {
        if (fnmatch(patterns[i], path, 0) == 0)
            return true;
    }
    return false;
}
