/* The journal of an import: how far it is, on the disk before anybody relies
 * on it.
 *
 * One small file of JSON, mode 0600, replaced whole. It names no person.
 */
#ifndef SG_TOOLS_IMPORT_JOURNAL_H
#define SG_TOOLS_IMPORT_JOURNAL_H

#include "storage/base/date.h"
#include "storage/base/err.h"

struct sg_import_journal {
    struct sg_hash settings; /* officer, registry, columns */
    struct sg_date day;
    uint64_t line;         /* the last that is done; 0: none */
    struct sg_hash digest; /* of the file up to its end */
    uint64_t report;       /* bytes of the report that are about lines done */
    uint64_t lines, refused, flagged, records;
};

/* Reads PATH. Errors: NOTFOUND, ACCESS, IO; MALFORMED (it is no journal). */
SG_USE_RESULT enum sg_err sg_import_journal_read(
    const char *path, struct sg_import_journal *ret_journal);

/* Puts JOURNAL into PATH, durably: the old one stands until the new one does.
 * PATH has fewer than 1,019 bytes. Errors: ACCESS, FULL, IO, NOMEM. */
SG_USE_RESULT enum sg_err sg_import_journal_write(
    const char *path, const struct sg_import_journal *journal);

#endif
