#include "tests/fault/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char *text, uint64_t *ret)
{
    char *end;
    *ret = strtoull(text, &end, 10);
    return *text != 0 && *end == 0;
}

bool options_parse(int argc, char **argv, struct options *ret_options)
{
    struct options options = {.seed = 1, .jobs = 2, .one_in = 10};
    uint64_t jobs = 2;
    int i;

    for (i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--full") == 0) {
            options.full = true;
        } else if (more && strcmp(argv[i], "--case") == 0) {
            options.one_case = argv[++i];
        } else if (!(more && strcmp(argv[i], "--seed") == 0 &&
                     number(argv[++i], &options.seed)) &&
                   !(more && strcmp(argv[i], "--count") == 0 &&
                     number(argv[++i], &options.count)) &&
                   !(more && strcmp(argv[i], "--one-in") == 0 &&
                     number(argv[++i], &options.one_in) &&
                     options.one_in > 0) &&
                   !(more && strcmp(argv[i], "--jobs") == 0 &&
                     number(argv[++i], &jobs) && jobs > 0 && jobs <= 64)) {
            (void)fprintf(stderr,
                          "%s: %s is not understood; [--seed N] [--full] "
                          "[--jobs N] [--count N] [--one-in N] [--case CASE]\n",
                          argv[0], argv[i]);
            return false;
        }
    }
    options.jobs = (unsigned)jobs;
    options.one_in = options.full ? 1 : options.one_in;
    *ret_options = options;
    return true;
}
