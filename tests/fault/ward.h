/* A ward for patients that may die: children with a time limit, memory that
 * they share with their parent, folders for their stores, and several at once.
 */
#ifndef SG_TESTS_FAULT_WARD_H
#define SG_TESTS_FAULT_WARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a child ended. */
struct ward_end {
    int code;   /* of exit; -1 if it did not exit */
    int signal; /* that killed it; 0 if none */
};

/* Runs FN(CONTEXT) in a child, whose exit code is what FN returns, and waits. A
 * child that takes 60 seconds is ended by SIGALRM. */
struct ward_end ward_run(int (*fn)(void *context), void *context);

/* Runs FN(CONTEXT, I) in children I = 0 .. N - 1 at the same time; returns how
 * many did not return 0. */
unsigned ward_run_all(unsigned n, int (*fn)(void *context, unsigned i),
                      void *context);

/* Gives SIZE zero bytes that children share; never freed. Exits on failure. */
void *ward_share(size_t size);

/* Gives a new folder for everything: under /dev/shm where it is, else under
 * $TMPDIR, else /tmp. Static storage. Removed by ward_clean. */
const char *ward_folder(void);
void ward_clean(void);

/* Removes a folder and what is in it, which may be missing. */
void ward_remove(const char *path);

/* Makes a copy of the folder FROM, of files and folders. Exits on failure. */
void ward_copy(const char *from, const char *to);

#endif
