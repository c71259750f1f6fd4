/* Founding a registry: its first root key, its genesis, the authority's node.
 *
 * All of it is made in DIR.new, which is renamed to DIR when it is whole: there
 * is a registry or there is none.
 */
#ifndef SG_TOOLS_FOUND_H
#define SG_TOOLS_FOUND_H

#include "storage/registry/unit.h"
#include "tools/cli.h"

struct sg_found {
    const char *title;  /* of the registry, 1 to 64 bytes */
    const char *next;   /* folder for the key of the next root */
    const char *centre; /* unit whose scope reads everything; NULL: the first
                           province of the shipped units */
    bool is_plain;      /* root, next and escrow in the clear; the node's keys
                           are, unless CLI names a file with their passphrase */
    bool is_test;       /* a test registry: invented numbers, 999 */
    bool has_no_units;
};

/* Founds the registry PLAN in CLI's directory, which must not be there, or be
 * empty. Prints what was made, or the error; returns the exit code. */
SG_USE_RESULT int sg_found_registry(struct sg_cli *cli,
                                    const struct sg_found *plan);

#endif
