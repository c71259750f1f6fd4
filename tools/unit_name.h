/* Units as a person calls them: by name, or by the number of RECORDS.md 1. */
#ifndef SG_TOOLS_UNIT_NAME_H
#define SG_TOOLS_UNIT_NAME_H

#include "storage/registry/unit.h"
#include "tools/cli.h"

/* Gives the table of units that is shipped; the caller frees it with
 * sg_unit_table_free. Prints its error; returns the exit code, 0 for success.
 */
SG_USE_RESULT int sg_unit_name_shipped(const struct sg_cli *cli,
                                       struct sg_unit_table **ret_units);

/* Finds the unit of UNITS that TEXT calls: its number, 0 for the country, or
 * its whole name ("Huyện Mường Lát"); of units of one code and name the last.
 * Prints its error; returns the exit code, 0 for success. */
SG_USE_RESULT int sg_unit_name_find(const struct sg_cli *cli,
                                    const struct sg_unit_table *units,
                                    const char *text,
                                    struct sg_unit_key *ret_unit);

/* Finds the COUNT units that WORDS call, ascending; none may be named twice. */
SG_USE_RESULT int sg_unit_name_find_all(const struct sg_cli *cli,
                                        const struct sg_unit_table *units,
                                        char *const words[], size_t count,
                                        struct sg_unit_key ret_units[]);

#endif
