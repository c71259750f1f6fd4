#include "tests/lib/hex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

/* What was handed out last; used round and round. Pages that no test touches
 * cost nothing. */
#define KEPT_SIZE (64u << 20)

static uint8_t kept[KEPT_SIZE];
static size_t kept_size;

static uint8_t *keep(size_t size)
{
    uint8_t *room;

    assert_true(size <= KEPT_SIZE);
    if (size > KEPT_SIZE - kept_size)
        kept_size = 0;
    room = kept + kept_size;
    kept_size += size;
    memset(room, 0, size);
    return room;
}

bool sg_hex_parse(struct sg_bytes text, struct sg_bytes *ret_bytes)
{
    uint8_t *bytes = keep(text.size / 2 + 1);
    size_t count = 0;
    bool is_remark = false;

    for (size_t i = 0; i < text.size; i++) {
        int digit = hex_digit((char)text.data[i]);

        is_remark = text.data[i] != '\n' && (is_remark || text.data[i] == ';');
        if (is_remark || isspace(text.data[i]))
            continue;
        if (digit < 0)
            return false;
        bytes[count / 2] = (uint8_t)(bytes[count / 2] << 4 | digit);
        count++;
    }
    if (count % 2 != 0)
        return false;
    *ret_bytes = sg_bytes(bytes, count / 2);
    return true;
}

struct sg_bytes sg_hex(const char *digits)
{
    struct sg_bytes bytes = {0};

    if (!sg_hex_parse(sg_bytes(digits, strlen(digits)), &bytes))
        fail_msg("not hex: %s", digits);
    return bytes;
}

const char *sg_hex_text(struct sg_bytes bytes)
{
    char *text = (char *)keep(bytes.size * 2 + 1);

    for (size_t i = 0; i < bytes.size; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes.data[i]);
    return text;
}
