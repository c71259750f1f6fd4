/* The personal identification number (số định danh cá nhân): twelve digits.
 *
 * Digits 1 to 3 are the province, or the country, of birth registration; digit
 * 4 the century and the sex; 5 and 6 the year; the rest is drawn. There is no
 * check digit. Decree 137/2015 Art. 13; Circular 59/2021 Art. 4.
 *
 * A number is given by the national database, or drawn from a block that the
 * centre has leased to a node (RECORDS.md 6.8): no node invents one. Here it is
 * taken apart and checked; whether it is unique is the merge's to say. A number
 * is personal: it is never in a file name, a metric or a line of a log.
 */
#ifndef SG_STORAGE_REGISTRY_PIN_H
#define SG_STORAGE_REGISTRY_PIN_H

#include "storage/base/bytes.h"
#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/registry/record.h"

#define SG_PIN_DIGITS     12
#define SG_PIN_TEXT_SIZE  13 /* with its terminating 0 */
#define SG_PIN_MAX        UINT64_C(999999999999)
#define SG_PIN_SERIAL_MAX 999999u
/* The province of test registries and of nobody else. */
#define SG_PIN_PROVINCE_TEST 999u

/* QCVN 109: GioiTinh. */
enum sg_sex { SG_SEX_UNKNOWN, SG_SEX_MALE, SG_SEX_FEMALE };

struct sg_pin_parts {
    unsigned province; /* or country: digits 1 to 3 */
    enum sg_sex sex;
    unsigned year;   /* 1900 to 2399 */
    unsigned serial; /* digits 7 to 12 */
};

/* A province as a place of birth registration. */
struct sg_pin_province {
    uint16_t code;
    struct sg_date from; /* the first day it is a code of numbers */
    const char *name;
};

/* A range that the centre has leased to a node: for every sex and year. */
struct sg_pin_block {
    uint8_t node[SG_KEY_SIZE];
    unsigned province;
    unsigned first; /* serials first <= n <= last */
    unsigned last;
    struct sg_date expires; /* the last day of assignment */
};

enum sg_pin_verdict {
    SG_PIN_FITS,
    SG_PIN_UNKNOWN, /* sex or birth year is not known */
    SG_PIN_SEX,     /* digit 4 says another sex */
    SG_PIN_YEAR,    /* digits 4 to 6 say another year */
};

/* Reads twelve digits. Errors: MALFORMED for anything else. */
SG_USE_RESULT enum sg_err sg_pin_parse(struct sg_bytes text,
                                       uint64_t *ret_number);

/* Writes NUMBER, at most SG_PIN_MAX, as twelve digits, ended with 0. */
void sg_pin_format(uint64_t number, char ret_text[SG_PIN_TEXT_SIZE]);

/* Takes NUMBER, at most SG_PIN_MAX, apart. */
struct sg_pin_parts sg_pin_split(uint64_t number);

/* Puts a number together. Errors: INVALID when a part cannot be said: sex not
 * known, year outside 1900 to 2399, province or serial too large. */
SG_USE_RESULT enum sg_err sg_pin_join(const struct sg_pin_parts *parts,
                                      uint64_t *ret_number);

/* Gives the 63 provinces of code table 9 as shipped, ascending by code; they
 * stay valid in numbers for ever, though 34 provinces are left since
 * 2025-07-01. *RET_COUNT says how many. Static storage. */
const struct sg_pin_province *sg_pin_provinces(size_t *ret_count);

/* Says whether CODE was a province of numbers on DAY. 999 never is. */
bool sg_pin_is_province(unsigned code, struct sg_date day);

/* Says whether NUMBER is that of a person of this SEX and BIRTH, which may be
 * unknown (no date). */
enum sg_pin_verdict sg_pin_check_person(uint64_t number, enum sg_sex sex,
                                        struct sg_date birth);

/* --- leases ------------------------------------------------------------ */

/* Reads RECORD, a pin_block that fits. Whether the centre has signed it is
 * judged where statements are. */
void sg_pin_block_read(const struct sg_record *record,
                       struct sg_pin_block *ret_block);

/* Says whether NODE may assign NUMBER on the day ASSIGNED under BLOCK. Errors:
 * ACCESS when the block is another node's; LIMIT when the number is outside;
 * STATE when it was assigned after the lease. */
SG_USE_RESULT enum sg_err sg_pin_block_check(const struct sg_pin_block *block,
                                             uint64_t number,
                                             struct sg_date assigned,
                                             const uint8_t node[SG_KEY_SIZE]);

/* Says whether A and B share a number. */
bool sg_pin_block_overlaps(const struct sg_pin_block *a,
                           const struct sg_pin_block *b);

/* Draws a number of BLOCK for a person, by RANDOM, which is 64 random bits.
 * The caller sees to it that it was not drawn before. Errors: INVALID as
 * sg_pin_join. */
SG_USE_RESULT enum sg_err sg_pin_block_draw(const struct sg_pin_block *block,
                                            enum sg_sex sex, unsigned year,
                                            uint64_t random,
                                            uint64_t *ret_number);

#endif
