/* The version that every program prints, and how it prints it. */
#ifndef SG_STORAGE_BASE_VERSION_H
#define SG_STORAGE_BASE_VERSION_H

#include <stdbool.h>

/* Returns the release, such as "0.1.0"; static storage. Context: any thread. */
const char *sg_version(void);

/* Answers --version and --help when one of them is the first argument: prints
 * "NAME 0.1.0", or HELP as it stands, to stdout and returns true: the program
 * is then to end with 0. The first call of every main(). */
bool sg_version_answer(int argc, char *const *argv, const char *name,
                       const char *help);

#endif
