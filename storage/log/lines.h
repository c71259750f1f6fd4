/* A reader of text in lines: walks over borrowed text in which a newline ends
 * every line, the last too, with a sticky error.
 *
 * What sg_reader is for fixed layouts, this is for notes and proofs: after the
 * first failure every further call does nothing and gives nothing, so a parser
 * is straight lines with one check at the end. A carriage return is a byte like
 * others and so never right. It allocates nothing.
 */
#ifndef SG_STORAGE_LOG_LINES_H
#define SG_STORAGE_LOG_LINES_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"

struct sg_lines {
    struct sg_bytes left; /* what is not yet read */
    enum sg_err err;      /* the first failure */
};

/* Sets LINES to the start of TEXT. Borrows: TEXT for as long as the lines, and
 * whatever they give, are used. */
void sg_lines_init(struct sg_lines *lines, struct sg_bytes text);

/* Gives the next line, without its newline. Errors: TRUNCATED when no newline
 * follows. */
struct sg_bytes sg_lines_next(struct sg_lines *lines);

/* Gives what follows PREFIX in the next line. Errors: TRUNCATED; MALFORMED when
 * the line does not begin so. */
struct sg_bytes sg_lines_after(struct sg_lines *lines, struct sg_bytes prefix);

/* Read TEXT, a line or a part of one, as the base64 and as the lowercase hex of
 * exactly SIZE bytes; RET is zero after a failure. Errors: MALFORMED,
 * NOTCANONICAL. */
void sg_lines_base64(struct sg_lines *lines, struct sg_bytes text, uint8_t *ret,
                     size_t size);
void sg_lines_hex(struct sg_lines *lines, struct sg_bytes text, uint8_t *ret,
                  size_t size);

/* Reads TEXT as a decimal number; 0 after a failure. Errors: MALFORMED,
 * NOTCANONICAL. */
uint64_t sg_lines_decimal(struct sg_lines *lines, struct sg_bytes text);

/* Records ERR as the failure if there is none yet. */
void sg_lines_fail(struct sg_lines *lines, enum sg_err err);

/* Ends the reading. Errors: the first failure; else TRAILING when text is left
 * over. */
SG_USE_RESULT enum sg_err sg_lines_end(struct sg_lines *lines);

#endif
