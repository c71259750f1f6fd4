/* Row: what the register says of one object at a cut, as canonical bytes.
 * RECORDS.md, section 12.
 *
 * Two registers are equal when their rows are. Rows are made of a folded
 * subject (subject.h) and never read back: they are to be hashed, compared and
 * exported.
 */
#ifndef SG_STORAGE_REGISTRY_MERGE_ROW_H
#define SG_STORAGE_REGISTRY_MERGE_ROW_H

#include "storage/base/buf.h"
#include "storage/base/limits.h"
#include "storage/registry/authority.h"
#include "storage/registry/merge/subject.h"

/* The kinds beyond record types. */
#define SG_ROW_CONFLICT 100u
#define SG_ROW_STATUS   101u

struct sg_row {
    struct sg_unit_key unit; /* whose root counts it */
    bool is_person;          /* a status row of one who counts (state 1, 3, 4)
                              */
    struct sg_bytes bytes;
};

/* Gets one row after the other; stops at the first error. */
typedef enum sg_err sg_row_take(void *context, const struct sg_row *row);

/* Hands the rows of SUBJECT to TAKE with CONTEXT, in a fixed order. WORK is
 * used up to SG_ROW_SIZE_MAX; a row is borrowed for the call.
 * Errors: NOMEM, LIMIT; the first of TAKE. */
SG_USE_RESULT enum sg_err sg_row_each(const struct sg_subject *subject,
                                      struct sg_buf *work, sg_row_take *take,
                                      void *context);

/* Hands the row of CAMPAIGN to TAKE, as above. */
SG_USE_RESULT enum sg_err sg_row_campaign(
    const struct sg_authority_campaign *campaign, struct sg_buf *work,
    sg_row_take *take, void *context);

#endif
