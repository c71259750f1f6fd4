/* Says whether code aborts: the failing side of SG_ASSERT, in one process. */
#ifndef SG_TESTS_LIB_DIES_H
#define SG_TESTS_LIB_DIES_H

#include <stdbool.h>

/* Calls RUN(CONTEXT) and says whether it aborted. What it wrote to standard
 * error is kept, up to a limit, for sg_dies_output. RUN holds no memory or
 * lock when it aborts, since it does not return. Context: one thread. */
bool sg_dies(void (*run)(void *context), void *context);

/* Gives what the last RUN wrote to standard error; static storage. */
const char *sg_dies_output(void);

#endif
