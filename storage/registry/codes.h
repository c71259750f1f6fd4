/* Codes: the code tables that the release ships, for a new registry to publish.
 *
 * In a running registry a code table is a statement of the authority (type 15)
 * and nothing else: what is here is what a first statement says. Tables 3
 * (religion) and 10 (country of a number) are annexes of QCVN 109:2017 that are
 * not shipped: the authority publishes them. RECORDS.md, section 9.
 */
#ifndef SG_STORAGE_REGISTRY_CODES_H
#define SG_STORAGE_REGISTRY_CODES_H

#include "storage/base/date.h"
#include "storage/registry/record_build.h"

struct sg_codes_row {
    uint16_t code;
    const char *vietnamese;
    const char *english;  /* "": none */
    struct sg_date from;  /* the first day it is valid */
    struct sg_date until; /* the first day it no longer is; no date: it is */
};

struct sg_codes_table {
    enum sg_schema_table table;
    const char *source; /* at most 64 bytes */
    size_t n_rows;
    const struct sg_codes_row *rows; /* ascending by code */
};

/* Gives TABLE as shipped; NULL when it is not. Static storage. */
const struct sg_codes_table *sg_codes_shipped(enum sg_schema_table table);

/* Sets the fields `table` to `source` of a code_table statement that was begun,
 * with TABLE whole as part 0. */
void sg_codes_put(struct sg_record_build *build,
                  const struct sg_codes_table *table);

#endif
