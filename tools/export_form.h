/* Persons of the register as a file for others: CSV and JSON lines as sogoc
 * import reads them, and XML after QCVN 109:2017 (data/README.md says what of
 * it is proven).
 *
 * Whose persons, and that it was written down who was shown them, is the
 * caller's business.
 */
#ifndef SG_TOOLS_EXPORT_FORM_H
#define SG_TOOLS_EXPORT_FORM_H

#include <jansson.h>
#include <stdio.h>

#include "storage/base/date.h"
#include "storage/base/err.h"

enum sg_export_form_kind {
    SG_EXPORT_FORM_CSV,
    SG_EXPORT_FORM_JSON,
    SG_EXPORT_FORM_XML
};

/* What an export is of: it stands at its head. */
struct sg_export_form_head {
    const char *registry; /* hex */
    const char *cut;      /* id, hex */
    const char *root;     /* state root, hex; "-" where there is none */
    uint64_t unit;
    struct sg_date day;   /* of the cut; no date: not known */
    uint64_t persons;     /* that follow */
    uint64_t in_conflict; /* of them, with an open conflict */
};

/* Gives what of PERSON, an answer of POST /v1/person, is exported: a flat
 * object of fields of census.h, texts all; NULL: no memory. The caller frees it
 * with json_decref. */
json_t *sg_export_form_row(const json_t *person);

/* Write the head, a ROW, the end. Failures are left in FILE. */
void sg_export_form_begin(FILE *file, enum sg_export_form_kind kind,
                          const struct sg_export_form_head *head);
void sg_export_form_put(FILE *file, enum sg_export_form_kind kind,
                        const json_t *row);
void sg_export_form_end(FILE *file, enum sg_export_form_kind kind);

#endif
