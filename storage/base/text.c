#include "storage/base/text.h"

#define DECIMAL_SIZE_MAX 20

/* RFC 3629, section 4: by first byte, how long a sequence of more than one is
 * and what the second byte may be; the others are 80 to BF. */
static const struct lead {
    uint8_t first_min;
    uint8_t first_max;
    uint8_t size;
    uint8_t second_min;
    uint8_t second_max;
} leads[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool within(uint8_t byte, uint8_t min, uint8_t max)
{
    return byte >= min && byte <= max;
}

/* Returns the length of the sequence at the start of TEXT, which is no ASCII;
 * 0 if it is none. */
static size_t utf8_sequence(struct sg_bytes text)
{
    const struct lead *lead = leads;
    const struct lead *end = leads + sizeof leads / sizeof leads[0];

    while (lead < end && text.data[0] > lead->first_max)
        lead++;
    if (lead == end || text.data[0] < lead->first_min || text.size < lead->size)
        return 0;
    if (!within(text.data[1], lead->second_min, lead->second_max))
        return 0;
    for (size_t i = 2; i < lead->size; i++) {
        if (!within(text.data[i], 0x80, 0xbf))
            return 0;
    }
    return lead->size;
}

bool sg_text_is_utf8(struct sg_bytes text)
{
    while (text.size > 0) {
        size_t size = text.data[0] < 0x80 ? 1 : utf8_sequence(text);

        if (size == 0)
            return false;
        text.data += size;
        text.size -= size;
    }
    return true;
}

void sg_text_hex_encode(struct sg_writer *writer, struct sg_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.size; i++) {
        sg_writer_u8(writer, (uint8_t)digits[bytes.data[i] >> 4]);
        sg_writer_u8(writer, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

static unsigned hex_digit(struct sg_writer *writer, uint8_t digit)
{
    if (within(digit, '0', '9'))
        return digit - (unsigned)'0';
    if (within(digit, 'a', 'f'))
        return digit - (unsigned)'a' + 10;
    if (within(digit, 'A', 'F'))
        sg_writer_fail(writer, SG_ERR_NOTCANONICAL);
    sg_writer_fail(writer, SG_ERR_MALFORMED);
    return 0;
}

void sg_text_hex_decode(struct sg_writer *writer, struct sg_bytes text)
{
    if (text.size % 2 != 0)
        sg_writer_fail(writer, SG_ERR_MALFORMED);
    for (size_t i = 0; i + 1 < text.size; i += 2) {
        unsigned high = hex_digit(writer, text.data[i]);
        unsigned low = hex_digit(writer, text.data[i + 1]);

        sg_writer_u8(writer, (uint8_t)(high << 4 | low));
    }
}

void sg_text_base64_encode(struct sg_writer *writer, struct sg_bytes bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t size = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = 0;

        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < size ? bytes.data[i + k] : 0u);
        for (size_t k = 0; k < 4; k++) {
            uint32_t digit = group >> (18 - 6 * k) & 63;

            sg_writer_u8(writer, k <= size ? (uint8_t)digits[digit] : '=');
        }
    }
}

static unsigned base64_digit(struct sg_writer *writer, uint8_t digit)
{
    if (within(digit, 'A', 'Z'))
        return digit - (unsigned)'A';
    if (within(digit, 'a', 'z'))
        return digit - (unsigned)'a' + 26;
    if (within(digit, '0', '9'))
        return digit - (unsigned)'0' + 52;
    if (digit == '+')
        return 62;
    if (digit == '/')
        return 63;
    sg_writer_fail(writer, SG_ERR_MALFORMED);
    return 0;
}

/* Decodes one group of SIZE digits, 2 to 4, that say SIZE - 1 bytes. */
static void base64_group(struct sg_writer *writer, const uint8_t *digits,
                         size_t size)
{
    uint32_t group = 0;

    for (size_t k = 0; k < 4; k++)
        group = group << 6 | (k < size ? base64_digit(writer, digits[k]) : 0);
    if ((group & (0xffffffu >> 8 * (size - 1))) != 0)
        sg_writer_fail(writer, SG_ERR_NOTCANONICAL);
    for (size_t k = 0; k + 1 < size; k++)
        sg_writer_u8(writer, (uint8_t)(group >> (16 - 8 * k)));
}

void sg_text_base64_decode(struct sg_writer *writer, struct sg_bytes text)
{
    if (text.size % 4 != 0)
        sg_writer_fail(writer, SG_ERR_MALFORMED);
    for (size_t i = 0; i + 3 < text.size; i += 4) {
        size_t size = 4;

        if (i + 4 == text.size && text.data[i + 3] == '=')
            size = text.data[i + 2] == '=' ? 2 : 3;
        base64_group(writer, text.data + i, size);
    }
}

void sg_text_decimal_encode(struct sg_writer *writer, uint64_t value)
{
    uint8_t digits[DECIMAL_SIZE_MAX];
    size_t begin = sizeof digits;

    do {
        digits[--begin] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    sg_writer_bytes(writer, sg_bytes(digits + begin, sizeof digits - begin));
}

enum sg_err sg_text_decimal_decode(struct sg_bytes text, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (text.size == 0)
        return SG_ERR_MALFORMED;
    for (size_t i = 0; i < text.size; i++) {
        if (!within(text.data[i], '0', '9'))
            return SG_ERR_MALFORMED;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, text.data[i] - (unsigned)'0', &value))
            return SG_ERR_MALFORMED;
    }
    if (text.size > 1 && text.data[0] == '0')
        return SG_ERR_NOTCANONICAL;
    *ret_value = value;
    return SG_OK;
}
