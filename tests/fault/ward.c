#include "tests/fault/ward.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 60
#define WALK_FDS    16
#define WARD_MAX    64

static void give_up(const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

/* --- Children ------------------------------------------------------------- */

static struct ward_end wait_for(pid_t child)
{
    struct ward_end end = {-1, 0};
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            give_up("waitpid");
        }
    }
    if (WIFEXITED(status)) {
        end.code = WEXITSTATUS(status);
    } else {
        end.signal = WTERMSIG(status);
    }
    return end;
}

struct ward_end ward_run(int (*fn)(void *context), void *context)
{
    pid_t child = fork();
    if (child < 0) {
        give_up("fork");
    }
    if (child == 0) {
        (void)alarm(SECONDS_MAX);
        _exit(fn(context));
    }
    return wait_for(child);
}

unsigned ward_run_all(unsigned n, int (*fn)(void *context, unsigned i),
                      void *context)
{
    pid_t children[WARD_MAX];
    unsigned i, bad = 0;
    for (i = 0; i < n && i < WARD_MAX; i++) {
        (void)fflush(stdout);
        children[i] = fork();
        if (children[i] < 0) {
            give_up("fork");
        }
        if (children[i] == 0) {
            int code = fn(context, i);
            (void)fflush(stdout);
            _exit(code);
        }
    }
    while (i-- > 0) {
        struct ward_end end = wait_for(children[i]);
        bad += end.code != 0;
    }
    return bad;
}

void *ward_share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        give_up("mmap");
    }
    return memory;
}

/* --- Folders -------------------------------------------------------------- */

static char folder[PATH_MAX];

const char *ward_folder(void)
{
    const char *parent = "/dev/shm";
    if (folder[0] == 0) {
        if (access(parent, W_OK) != 0) {
            parent = getenv("TMPDIR");
        }
        if (parent == NULL || parent[0] == 0) {
            parent = "/tmp";
        }
        (void)snprintf(folder, sizeof folder, "%s/sogoc-fault-XXXXXX", parent);
        if (mkdtemp(folder) == NULL) {
            give_up(folder);
        }
    }
    return folder;
}

void ward_clean(void)
{
    if (folder[0] != 0) {
        ward_remove(folder);
        folder[0] = 0;
    }
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void ward_remove(const char *path)
{
    if (access(path, F_OK) == 0 &&
        nftw(path, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS) != 0) {
        give_up(path);
    }
}

static void copy_file(const char *from, const char *to)
{
    struct stat status;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    void *map;
    if (in < 0 || out < 0 || fstat(in, &status) != 0) {
        give_up(from);
    }
    if (status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        map = mmap(NULL, size, PROT_READ, MAP_SHARED, in, 0);
        if (map == MAP_FAILED || write(out, map, size) != (ssize_t)size) {
            give_up(to);
        }
        (void)munmap(map, size);
    }
    (void)close(in);
    (void)close(out);
}

static struct {
    const char *from;
    const char *to;
} copying;

static int copy_one(const char *path, const struct stat *status, int type,
                    struct FTW *where)
{
    char target[PATH_MAX];
    (void)status;
    (void)where;
    (void)snprintf(target, sizeof target, "%s%s", copying.to,
                   path + strlen(copying.from));
    if (type == FTW_D) {
        if (mkdir(target, 0700) != 0) {
            give_up(target);
        }
    } else {
        copy_file(path, target);
    }
    return 0;
}

void ward_copy(const char *from, const char *to)
{
    copying.from = from;
    copying.to = to;
    ward_remove(to);
    if (access(from, F_OK) == 0 &&
        nftw(from, copy_one, WALK_FDS, FTW_PHYS) != 0) {
        give_up(from);
    }
}
