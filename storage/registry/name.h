/* Names of persons: what may stand in one, and the keys to find one by.
 *
 * Two spellings of one name differ in bytes and not to the eye: composed or
 * not (nfc.h), the place of the tone (hoà, hòa), Ð for Đ, capitals. A name is
 * kept as it was written, in NFC; the keys are for comparing and searching,
 * never shown and never in a record. It changes no i into y: Lí and Lý are two
 * names that one key finds. RECORDS.md, section 10.1.
 */
#ifndef SG_STORAGE_REGISTRY_NAME_H
#define SG_STORAGE_REGISTRY_NAME_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"

enum sg_name_fault {
    SG_NAME_FINE,
    SG_NAME_SPACE,     /* at an end, or two together */
    SG_NAME_CHARACTER, /* no letter: a digit, a sign, a control */
    SG_NAME_SCRIPT,    /* a letter that is not Latin */
    SG_NAME_RESIDUE,   /* what is left of TCVN3 or VNI, or Ð for Đ */
};

/* Finds the first fault of TEXT, one part of a name in UTF-8; an empty part
 * has none. The graver ones come first: SCRIPT and RESIDUE are found only
 * where all else is fine, since the name of a foreigner may have them. */
enum sg_name_fault sg_name_check(struct sg_bytes text);

/* Writes what TEXT, as typed or imported, should be: in NFC, with single
 * spaces, Đ for Ð and the apostrophe U+2019 for '. *RET_CHANGED says whether
 * that is other than TEXT, which is then kept beside (field 29). Letters are
 * left as they are. Errors: LIMIT above SG_NAME_SIZE_MAX; TEXT; as
 * sg_writer_bytes. They are left in WRITER too. */
SG_USE_RESULT enum sg_err sg_name_repair(struct sg_writer *writer,
                                         struct sg_bytes text,
                                         bool *ret_changed);

/* Writes the matching key of the name of these PARTS (family, middle, given;
 * empty ones are left out): lower case, each word's tone as a digit behind it,
 * i for a y that is the only vowel. "Nguyễn Thị Hòa" gives "nguyên4 thi5
 * hoa1". Errors: as sg_name_repair. */
SG_USE_RESULT enum sg_err sg_name_match_key(struct sg_writer *writer,
                                            const struct sg_bytes parts[3]);

/* Writes the search key of TEXT: lower case and without any diacritics, đ as
 * d. "Đỗ Mỹ Lý" gives "do my ly". Errors: as sg_name_repair. */
SG_USE_RESULT enum sg_err sg_name_search_key(struct sg_writer *writer,
                                             struct sg_bytes text);

#endif
