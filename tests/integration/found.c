/* Founds a registry for the integration tests: `found FOLDER N` makes N node
 * directories FOLDER/0, FOLDER/1, ... (tests/lib/founding.h). */
#include <stdio.h>
#include <stdlib.h>

#include "storage/base/version.h"
#include "tests/lib/founding.h"

static const char help[] =
    "usage: found FOLDER N [CITIZENS]\n"
    "\n"
    "Makes N node directories FOLDER/0, FOLDER/1, ... of a new registry; node\n"
    "0 is its authority. For tests: the root key is forgotten. With CITIZENS\n"
    "there are units, code tables and officers too, and FOLDER/forms.jsonl "
    "has\n"
    "what so many citizens hand in, as the API takes it.\n"
    "\n"
    "Example:\n"
    "  $ mkdir demo && found demo 3\n";

/* Reads a number up to MOST; 0: it is none. */
static unsigned long number_of(const char *text, unsigned long most)
{
    char *end = NULL;
    unsigned long n = strtoul(text, &end, 10);

    return *end == '\0' && n <= most ? n : 0;
}

int main(int argc, char **argv)
{
    unsigned long n = 0, citizens = 0;

    if (sg_version_answer(argc, argv, "found", help))
        return 0;
    if (argc == 3 || argc == 4)
        n = number_of(argv[2], FOUNDING_NODES_MAX);
    if (argc == 4)
        citizens = number_of(argv[3], 1000000);
    if (n == 0 || (argc == 4 && citizens == 0)) {
        (void)fprintf(stderr, "usage: found FOLDER N [CITIZENS] (N up to %d)\n",
                      FOUNDING_NODES_MAX);
        return 2;
    }
    if (citizens > 0)
        founding_make_forms(argv[1], n, citizens);
    else
        founding_make(argv[1], n);
    return 0;
}
