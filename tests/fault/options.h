/* What all programs of this folder are told. */
#ifndef SG_TESTS_FAULT_OPTIONS_H
#define SG_TESTS_FAULT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    uint64_t seed;        /* 1 */
    bool full;            /* the long campaign */
    unsigned jobs;        /* 2 */
    uint64_t one_in;      /* 10; 1 with --full */
    uint64_t count;       /* of images or flips; 0: the program's own number */
    const char *one_case; /* to replay; NULL: all */
};

/* Parses ARGV; says on standard error what it does not understand, and returns
 * false. */
bool options_parse(int argc, char **argv, struct options *ret_options);

#endif
