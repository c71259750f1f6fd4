/* Torture: a piece of code is run again and again, with its first allocation
 * failing, then its second, and so on until it gets through.
 */
#ifndef SG_TESTS_LIB_TORTURE_H
#define SG_TESTS_LIB_TORTURE_H

#include <stdint.h>

#include "storage/base/err.h"

/* Calls RUN(CONTEXT) with the n-th sg_alloc in it failing, for n = 1, 2, …, and
 * once with none failing. Fails the test unless each failure comes back as
 * NOMEM, the last run as OK, and no run leaves an allocation behind. Returns
 * how many allocations the last run made, so that a test can say it made any.
 * RUN begins and ends with nothing of its own allocated. Context: no other
 * thread allocates meanwhile. */
int64_t sg_torture_run(enum sg_err (*run)(void *context), void *context);

#endif
