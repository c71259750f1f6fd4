/* Judging: the rows of a book through a census (census.h) on threads, given
 * back in parts, in the order of the file: what they come to as forms, and what
 * is to be reported of them.
 */
#ifndef SG_TOOLS_JUDGING_H
#define SG_TOOLS_JUDGING_H

#include "tools/census.h"
#include "tools/relay.h"
#include "tools/rows.h"

/* Making a record of a line takes much longer than finding the line: two
 * threads keep two cores busy. */
#define SG_JUDGING_THREADS 2u
/* Rows of a part, and parts that are under way or out. */
#define SG_JUDGING_ROWS  128u
#define SG_JUDGING_PARTS 8u

struct sg_judging_form {
    uint16_t row;  /* of the part, from 0 */
    uint16_t type; /* of the record */
    uint32_t size; /* they stand one behind the other */
};

/* Some rows. Who has it out may add to the report. */
struct sg_judging_part {
    size_t n_rows;
    struct {
        uint64_t line;
        size_t size;
        enum sg_rows_state state;
    } rows[SG_JUDGING_ROWS];
    struct sg_hash digest;     /* of the file up to the end of the last row */
    uint64_t refused, flagged; /* rows */
    uint64_t records;
    struct sg_buf report;
    size_t n_forms; /* the records, unless they are not wanted */
    struct sg_judging_form items[SG_JUDGING_ROWS * SG_CENSUS_RECORDS_MAX];
    struct sg_buf forms;
    struct sg_buf bytes; /* of the rows: nobody else's */
};

struct sg_judging_config {
    struct sg_rows *rows; /* bound, at the row to begin with; until free */
    const struct sg_census_config *census;
    bool has_forms; /* they are wanted */
};

struct sg_judging;

/* Starts judging. Borrows: what CONFIG points to, until free; caller frees with
 * sg_judging_free. Errors: NOMEM, LIMIT (no threads to be had). */
SG_USE_RESULT enum sg_err sg_judging_new(const struct sg_judging_config *config,
                                         struct sg_judging **ret_judging);

/* Takes NULL. Wipes what was read. */
void sg_judging_free(struct sg_judging *judging);

/* Takes the next part; up to SG_JUDGING_PARTS may be out, which are not waited
 * for then. Borrowed until it is given back. Errors: IO, NOMEM, after the parts
 * before it. */
SG_USE_RESULT enum sg_err sg_judging_get(struct sg_judging *judging,
                                         bool may_wait,
                                         enum sg_relay_got *ret_got,
                                         struct sg_judging_part **ret_part);

/* Gives the part back that is out longest. */
void sg_judging_done(struct sg_judging *judging);

#endif
