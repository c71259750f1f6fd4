/* A fuzz target without libFuzzer: every seed of a folder, every beginning of
 * it, and every seed with one byte changed in each of eight bits. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/version.h"
#include "tests/fuzz/fuzz.h"

#define SEED_SIZE_MAX 65536u
#ifndef NEAR_SIZE_MAX       /* a slow target has less: see CMakeLists.txt */
#define NEAR_SIZE_MAX 1024u /* larger seeds are replayed as they are */
#endif

static const char help[] =
    "usage: fuzz_<name> DIR\n"
    "\n"
    "Replays the seeds in DIR and their near neighbours. To fuzz, build with\n"
    "CC=clang and -DSG_FUZZ=ON -DSG_SANITIZE=address,undefined.\n";

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "replay: %s: %s\n", what, why);
    return 1;
}

/* Runs a copy of exactly SIZE bytes, so that a sanitizer sees one byte more. */
static int run(const uint8_t *data, size_t size)
{
    uint8_t *copy = sg_alloc(size);

    if (copy == NULL)
        return fail("a seed", "out of memory");
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    sg_free(copy);
    return 0;
}

static int run_near(uint8_t *data, size_t size)
{
    int code = run(data, size);

    if (size > NEAR_SIZE_MAX)
        return code;
    for (size_t i = 0; code == 0 && i < size; i++) {
        code = run(data, i);
        for (unsigned bit = 0; code == 0 && bit < 8; bit++) {
            data[i] ^= (uint8_t)(1u << bit);
            code = run(data, size);
            data[i] ^= (uint8_t)(1u << bit);
        }
    }
    return code;
}

static int run_file(int folder, const char *name)
{
    static uint8_t seed[SEED_SIZE_MAX];
    size_t size = 0;
    ssize_t n;

    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(name, strerror(errno));
    while ((n = read(fd, seed + size, sizeof(seed) - size)) > 0)
        size += (size_t)n;
    (void)close(fd);
    if (n < 0)
        return fail(name, strerror(errno));
    return run_near(seed, size);
}

int main(int argc, char **argv)
{
    unsigned n_seeds = 0;
    int code = 0;

    if (sg_version_answer(argc, argv, "replay", help))
        return 0;
    if (argc != 2)
        return fail("one argument is wanted", "see --help");
    DIR *folder = opendir(argv[1]);
    if (folder == NULL)
        return fail(argv[1], strerror(errno));
    for (const struct dirent *entry = readdir(folder);
         code == 0 && entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        code = run_file(dirfd(folder), entry->d_name);
        n_seeds++;
    }
    (void)closedir(folder);
    if (n_seeds == 0)
        return fail(argv[1], "it holds no seed");
    printf("replay: %u seeds and their neighbours\n", n_seeds);
    return code;
}
