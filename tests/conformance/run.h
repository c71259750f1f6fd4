/* The tally of a conformance run, and the table of the kinds of vectors.
 *
 * A kind is a folder of vectors with one format, such as wycheproof; its file
 * here runs whatever vectors of that format it is given. A run counts and
 * prints; it does not stop at the first failure.
 */
#ifndef SG_TESTS_CONFORMANCE_RUN_H
#define SG_TESTS_CONFORMANCE_RUN_H

#include <fts.h>
#include <stdbool.h>
#include <stddef.h>

struct tally {
    size_t passed;
    size_t failed;
    size_t skipped;
};

struct run {
    const char *root;    /* the folder that holds the kinds' folders */
    struct tally folder; /* of the kind that is being run */
    struct tally all;
};

/* Counts one vector that did what it must. */
void run_pass(struct run *run);

/* Counts one failure and prints FILE (a path under run->root), ID and the
 * reason. */
__attribute__((format(printf, 4, 5))) void run_fail(struct run *run,
                                                    const char *file,
                                                    const char *id,
                                                    const char *format, ...);

/* Counts COUNT vectors of FILE that are not for us, and prints why. */
__attribute__((format(printf, 4, 5))) void run_skip(struct run *run,
                                                    const char *file,
                                                    size_t count,
                                                    const char *format, ...);

/* Begins a walk through PATH in the order of the names; NULL without memory.
 * The caller ends it with fts_close. */
FTS *run_walk(const char *path);

typedef void run_file(struct run *run, const char *file, void *context);

/* Calls EACH with CONTEXT for every file below PATH whose name ends in SUFFIX,
 * in the order of their names. */
void run_files(struct run *run, const char *path, const char *suffix,
               run_file *each, void *context);

/* A kind runs all the vectors below PATH. */
void cctv_run(struct run *run, const char *path);
void merkle_run(struct run *run, const char *path);
void noise_run(struct run *run, const char *path);
void note_run(struct run *run, const char *path);
void tessera_run(struct run *run, const char *path);
void msgpack_run(struct run *run, const char *path);
void wycheproof_run(struct run *run, const char *path);

#endif
