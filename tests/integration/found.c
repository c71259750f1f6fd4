/* Founds a registry for the integration tests: `found FOLDER N` makes N node
 * directories FOLDER/0, FOLDER/1, ... (tests/lib/founding.h). */
#include <stdio.h>
#include <stdlib.h>

#include "storage/base/version.h"
#include "tests/lib/founding.h"

static const char help[] =
    "usage: found FOLDER N\n"
    "\n"
    "Makes N node directories FOLDER/0, FOLDER/1, ... of a new registry; node\n"
    "0 is its authority. For tests: the root key is forgotten.\n"
    "\n"
    "Example:\n"
    "  $ mkdir demo && found demo 3\n";

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long n;

    if (sg_version_answer(argc, argv, "found", help))
        return 0;
    n = argc == 3 ? strtoul(argv[2], &end, 10) : 0;
    if (n < 1 || n > FOUNDING_NODES_MAX || *end != '\0') {
        (void)fprintf(stderr, "usage: found FOLDER N (N up to %d)\n",
                      FOUNDING_NODES_MAX);
        return 2;
    }
    founding_make(argv[1], n);
    return 0;
}
