#include "storage/base/version.h"

#include <stdio.h>
#include <string.h>

const char *sg_version(void)
{
    return SG_VERSION;
}

bool sg_version_answer(int argc, char *const *argv, const char *name,
                       const char *help)
{
    if (argc < 2)
        return false;
    if (strcmp(argv[1], "--version") == 0)
        (void)printf("%s %s\n", name, sg_version());
    else if (strcmp(argv[1], "--help") == 0)
        (void)fputs(help, stdout);
    else
        return false;
    return true;
}
