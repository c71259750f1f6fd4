#include "storage/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/base/trace.h"

_Noreturn void sg_check_fail(const char *file, int line, const char *condition)
{
    (void)dprintf(STDERR_FILENO, "%s:%d: %s does not hold\n", file, line,
                  condition);
    sg_trace_print(STDERR_FILENO);
    abort();
}
