/* Importing: the lines of a file through a census (census.h) to a running node
 * (courier.h), so that it goes on where it was cut off.
 *
 * Lines are judged on threads (judging.h) and handed in by parts, several at a
 * time. When all records of the oldest part are answered it is done; every few
 * thousand lines the report of refused lines goes to the disk and then the
 * journal, which says the last line that is done and the hash of the file up to
 * there. What is handed in beyond the journal has fewer records than the node
 * knows submit ids of (node/API.md), so what was on its way when somebody
 * pulled the plug is handed in again and filed once.
 */
#ifndef SG_TOOLS_IMPORTING_H
#define SG_TOOLS_IMPORTING_H

#include "tools/census.h"
#include "tools/cli.h"
#include "tools/rows.h"

#define SG_IMPORTING_PATH_MAX 1024

/* Which column each field is. */
struct sg_importing_columns {
    enum sg_rows_form form;
    const char *names[SG_CENSUS_FIELD_COUNT]; /* NULL: none */
    bool is_said[SG_CENSUS_FIELD_COUNT];      /* by a mapping */
};

/* Sets what they are called where nothing is said. */
void sg_importing_columns_init(struct sg_importing_columns *columns,
                               enum sg_rows_form form);

/* Takes in the mapping TEXT: field=column, divided by commas or lines; a line
 * with # is a remark, no column: the field is left out. Borrows and changes
 * TEXT. Prints its error and returns the exit code. */
SG_USE_RESULT int sg_importing_columns_map(const struct sg_cli *cli,
                                           struct sg_importing_columns *columns,
                                           char *text);

/* All borrowed for the call. */
struct sg_importing_config {
    struct sg_cli *cli;
    const char *file;
    enum sg_rows_form form;
    char separator;
    const struct sg_importing_columns *columns;
    struct sg_census_config *census; /* an import that goes on has its day */
    bool is_day_given;
    const char *report;
    const char *journal; /* NULL: a dry run, nothing is filed */
    const char *socket;
    unsigned callers;
    uint32_t wait_ms; /* for a node that is not there yet, or busy */
};

struct sg_importing_sum {
    bool is_begun;                   /* the rest means something */
    uint64_t lines;                  /* in all */
    uint64_t lines_now;              /* in this run */
    uint64_t refused, flagged;       /* lines */
    uint64_t records, filed, before; /* records */
    uint64_t resumed;                /* the line after which it went on; or 0 */
};

/* Runs the import. Prints its error and returns the exit code. */
SG_USE_RESULT int sg_importing_run(const struct sg_importing_config *config,
                                   struct sg_importing_sum *ret_sum);

#endif
