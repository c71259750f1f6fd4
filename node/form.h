/* Form: a record as a JSON object, for whoever has no msgpack at hand (API.md,
 * "Records as JSON").
 *
 * The mapping is driven by the field tables (schema.h) and has one JSON form
 * for each value, so that a record goes there and back unchanged. What comes
 * out of sg_form_encode is the inner part of RECORDS.md 2; whether it fits its
 * table, is right and may be filed is asked afterwards, as of any record.
 */
#ifndef SG_NODE_FORM_H
#define SG_NODE_FORM_H

#include <jansson.h>

#include "storage/base/buf.h"
#include "storage/registry/record.h"

/* What is wrong with a form. Static storage, or the table's. */
struct sg_form_fault {
    const char *member; /* of the form; "?": one that it must not have */
    const char *field;  /* of the body; NULL: it is none */
};

/* Appends the inner bytes of the record that JSON says to INNER, which has room
 * for SG_RECORD_SIZE_MAX more. OFFICER stands where JSON names none; NULL: it
 * must. RET_FAULT is set on INVALID. Errors: INVALID (a member is missing, or
 * is not what it must be); LIMIT (too long for a record); NOMEM. */
SG_USE_RESULT enum sg_err sg_form_encode(const json_t *json,
                                         const struct sg_key_id *officer,
                                         struct sg_buf *inner,
                                         struct sg_form_fault *ret_fault);

/* Gives RECORD, of a known type and fitting, as such an object; NULL: no
 * memory. The caller frees it with json_decref. */
json_t *sg_form_decode(const struct sg_record *record);

#endif
