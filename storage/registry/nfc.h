/* NFC: the one form of a text (Unicode Standard Annex #15).
 *
 * What looks alike is then the same bytes. Strings of records must be in it
 * (sg_nfc_check); what is typed or imported is brought into it (sg_nfc_write)
 * and the bytes received are kept beside. It is not about names: see name.h.
 *
 * All nodes must judge alike, so this is Unicode 15.0 and no other: characters
 * that it does not assign are refused. RECORDS.md, section 1.
 */
#ifndef SG_STORAGE_REGISTRY_NFC_H
#define SG_STORAGE_REGISTRY_NFC_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"

/* The version of the tables that are compiled in, "15.0.0". */
const char *sg_nfc_version(void);

/* Checks that TEXT may stand in a record. Allocates nothing.
 * Errors: TEXT when it is not UTF-8, or has a control or an unassigned
 * character; LIMIT when more than SG_TEXT_MARKS_MAX combining characters
 * follow each other; NOTCANONICAL when it is not NFC. */
SG_USE_RESULT enum sg_err sg_nfc_check(struct sg_bytes text);

/* Writes TEXT in NFC. *RET_CHANGED says whether that is other than TEXT.
 * Allocates nothing. Errors: TEXT, LIMIT as above, and as sg_writer_bytes; they
 * are left in WRITER too. */
SG_USE_RESULT enum sg_err sg_nfc_write(struct sg_writer *writer,
                                       struct sg_bytes text, bool *ret_changed);

#endif
