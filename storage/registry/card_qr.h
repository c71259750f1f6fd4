/* The QR of the identity card of 2021: seven texts with `|` between them.
 *
 *   PIN|CMND|HỌ VÀ TÊN|ddMMyyyy|Nam or Nữ|address|ddMMyyyy
 *
 * The old number is often empty, the last field is the day of issue. What it
 * says is compared with the register and written as a verification (V20); it
 * never overwrites a value. It is not signed: anybody can print one.
 */
#ifndef SG_STORAGE_REGISTRY_CARD_QR_H
#define SG_STORAGE_REGISTRY_CARD_QR_H

#include "storage/registry/pin.h"

/* Borrows its texts. */
struct sg_card_qr {
    uint64_t number;
    struct sg_bytes old_number; /* no bytes: none on the card */
    struct sg_bytes name;       /* the whole line */
    struct sg_date birth;
    enum sg_sex sex;
    struct sg_bytes address;
    struct sg_date issued;
};

/* Bits of what can differ. The address is words and is not compared. */
enum sg_card_qr_field {
    SG_CARD_QR_NUMBER = 1,
    SG_CARD_QR_OLD_NUMBER = 2,
    SG_CARD_QR_NAME = 4,
    SG_CARD_QR_BIRTH = 8,
    SG_CARD_QR_SEX = 16,
    SG_CARD_QR_ISSUED = 32,
};

/* Reads TEXT, with or without a line end. Borrows: TEXT as long as the card is
 * used. Errors: LIMIT above SG_CARD_QR_SIZE_MAX; TEXT when it is not UTF-8;
 * MALFORMED when there are not seven fields, or one is not what it must be;
 * INVALID for a day that does not exist. */
SG_USE_RESULT enum sg_err sg_card_qr_parse(struct sg_bytes text,
                                           struct sg_card_qr *ret_card);

/* What the register has of the person; 0, no date, no bytes: not known. */
struct sg_card_qr_stored {
    uint64_t number;
    struct sg_bytes old_number;
    struct sg_bytes name[3];
    struct sg_date birth;
    enum sg_sex sex;
    struct sg_date issued;
};

/* V20: compares; names by their matching key. *RET_DIFFERS gets the fields in
 * which both know something and it differs, *RET_COMPARED all that were
 * compared. Errors: TEXT, LIMIT for a name that has no key. */
SG_USE_RESULT enum sg_err sg_card_qr_compare(
    const struct sg_card_qr *card, const struct sg_card_qr_stored *stored,
    unsigned *ret_differs, unsigned *ret_compared);

#endif
