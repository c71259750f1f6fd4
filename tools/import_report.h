/* The report of an import: a row of CSV for each line that was refused, or let
 * through with a flag, and why.
 *
 * Nothing of what the line says is in it: who has the file looks there.
 */
#ifndef SG_TOOLS_IMPORT_REPORT_H
#define SG_TOOLS_IMPORT_REPORT_H

#include "storage/base/buf.h"
#include "tools/rows.h"

#define SG_IMPORT_REPORT_HEAD "line,verdict,code,field,reason_en,reason_vi\r\n"

struct sg_import_report_row {
    uint64_t line;
    struct sg_bytes code; /* V01 to V20, A03 to A15, CSV ... */
    const char *field;    /* column, or type of the record */
    bool is_flag;         /* it was let through */
    const char *english, *vietnamese;
};

/* Appends ROW to TEXT. Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_import_report_put(
    struct sg_buf *text, const struct sg_import_report_row *row);

/* As above, of LINE, which STATE, one that is no row, has no values of. */
SG_USE_RESULT enum sg_err sg_import_report_state(struct sg_buf *text,
                                                 uint64_t line,
                                                 enum sg_rows_state state);

#endif
