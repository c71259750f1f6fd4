/* Hex digits to bytes and back, for the vectors and examples in tests.
 *
 * Not for the product, which is stricter (storage/base/text.h). None of these
 * uses sg_alloc.
 */
#ifndef SG_TESTS_LIB_HEX_H
#define SG_TESTS_LIB_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"

#define HEX_BAD SIZE_MAX

static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Reads the digits of TEXT, in pairs, with any '-' or blank between pairs, into
 * at most RET_MAX bytes. Gives the count of bytes, or HEX_BAD when TEXT is
 * something else or does not fit. */
static inline size_t hex_decode(const char *text, uint8_t *ret, size_t ret_max)
{
    size_t size = 0;
    while (*text != '\0') {
        if (*text == '-' || *text == ' ') {
            text++;
            continue;
        }
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || size == ret_max)
            return HEX_BAD;
        ret[size++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return size;
}

/* Gives the bytes that DIGITS say, to be written in the middle of an
 * expression: they live until 64 MiB more were given out. Blanks and line
 * breaks mean nothing, and a semicolon begins a remark up to the end of its
 * line. Fails the test if that is not hex. */
struct sg_bytes sg_hex(const char *digits);

/* As sg_hex, of TEXT. Returns false, and leaves RET_BYTES alone, if that is not
 * hex. */
bool sg_hex_parse(struct sg_bytes text, struct sg_bytes *ret_bytes);

/* Gives BYTES in lowercase hex digits, ended with 0; they live as long. */
const char *sg_hex_text(struct sg_bytes bytes);

#endif
