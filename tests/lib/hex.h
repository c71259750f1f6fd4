/* Hex digits to bytes, for the vectors in tests.
 *
 * Not for the product, which never reads hex from outside.
 */
#ifndef SG_TESTS_LIB_HEX_H
#define SG_TESTS_LIB_HEX_H

#include <stddef.h>
#include <stdint.h>

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

#endif
