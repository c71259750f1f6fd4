/* Text forms of bytes and numbers: UTF-8 check, hex, base64 and decimal.
 *
 * Every decoder is strict: one text for one value, so that what is read and
 * printed again is the same text. Not for secrets: table look-ups take a time
 * that depends on the data. Encoders and decoders write to a struct sg_writer
 * and leave their failure in it.
 */
#ifndef SG_STORAGE_BASE_TEXT_H
#define SG_STORAGE_BASE_TEXT_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/writer.h"

/* Says whether TEXT is UTF-8 as RFC 3629 has it: no overlong forms, no
 * surrogates, nothing above U+10FFFF. */
bool sg_text_is_utf8(struct sg_bytes text);

/* Writes BYTES as lowercase hex digits. Errors: as sg_writer_bytes. */
void sg_text_hex_encode(struct sg_writer *writer, struct sg_bytes bytes);

/* Writes the bytes that the lowercase hex digits of TEXT say. Errors:
 * MALFORMED, also for an odd number of digits; NOTCANONICAL for A to F; as
 * sg_writer_bytes. */
void sg_text_hex_decode(struct sg_writer *writer, struct sg_bytes text);

/* Writes BYTES in base64 (RFC 4648, section 4: padded, no line breaks).
 * Errors: as sg_writer_bytes. */
void sg_text_base64_encode(struct sg_writer *writer, struct sg_bytes bytes);

/* Writes the bytes that the base64 of TEXT says. Errors: MALFORMED;
 * NOTCANONICAL when unused bits are not zero (RFC 4648, section 3.5); as
 * sg_writer_bytes. */
void sg_text_base64_decode(struct sg_writer *writer, struct sg_bytes text);

/* Writes VALUE in decimal digits. Errors: as sg_writer_bytes. */
void sg_text_decimal_encode(struct sg_writer *writer, uint64_t value);

/* Reads the decimal digits of TEXT. Errors: MALFORMED, also beyond 64 bits;
 * NOTCANONICAL for a leading zero. */
SG_USE_RESULT enum sg_err sg_text_decimal_decode(struct sg_bytes text,
                                                 uint64_t *ret_value);

#endif
