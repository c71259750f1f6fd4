#include "storage/log/lines.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/base/writer.h"

void sg_lines_init(struct sg_lines *lines, struct sg_bytes text)
{
    *lines = (struct sg_lines){.left = text};
}

void sg_lines_fail(struct sg_lines *lines, enum sg_err err)
{
    SG_ASSERT(err != SG_OK);
    if (lines->err == SG_OK)
        lines->err = err;
}

struct sg_bytes sg_lines_next(struct sg_lines *lines)
{
    struct sg_bytes line = {lines->left.data, 0};
    const uint8_t *end;

    if (lines->err != SG_OK)
        return (struct sg_bytes){0};
    if (lines->left.size > 0)
        end = memchr(lines->left.data, '\n', lines->left.size);
    else
        end = NULL;
    if (end == NULL) {
        sg_lines_fail(lines, SG_ERR_TRUNCATED);
        return (struct sg_bytes){0};
    }
    line.size = (size_t)(end - lines->left.data);
    lines->left.data += line.size + 1;
    lines->left.size -= line.size + 1;
    return line;
}

struct sg_bytes sg_lines_after(struct sg_lines *lines, struct sg_bytes prefix)
{
    struct sg_bytes line = sg_lines_next(lines);

    if (lines->err != SG_OK)
        return line;
    if (line.size < prefix.size ||
        !sg_bytes_equal(sg_bytes(line.data, prefix.size), prefix)) {
        sg_lines_fail(lines, SG_ERR_MALFORMED);
        return (struct sg_bytes){0};
    }
    return sg_bytes(line.data + prefix.size, line.size - prefix.size);
}

/* Reads TEXT with DECODE into the SIZE bytes at RET. */
static void read_with(struct sg_lines *lines,
                      void (*decode)(struct sg_writer *, struct sg_bytes),
                      struct sg_bytes text, uint8_t *ret, size_t size)
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, ret, size);
    decode(&writer, text);
    err = sg_writer_end(&writer);
    if (err == SG_ERR_LIMIT || (err == SG_OK && writer.size != size))
        err = SG_ERR_MALFORMED;
    if (err != SG_OK)
        sg_lines_fail(lines, err);
    if (lines->err != SG_OK)
        memset(ret, 0, size);
}

void sg_lines_base64(struct sg_lines *lines, struct sg_bytes text, uint8_t *ret,
                     size_t size)
{
    read_with(lines, sg_text_base64_decode, text, ret, size);
}

void sg_lines_hex(struct sg_lines *lines, struct sg_bytes text, uint8_t *ret,
                  size_t size)
{
    read_with(lines, sg_text_hex_decode, text, ret, size);
}

uint64_t sg_lines_decimal(struct sg_lines *lines, struct sg_bytes text)
{
    uint64_t value = 0;
    enum sg_err err = sg_text_decimal_decode(text, &value);

    if (err != SG_OK)
        sg_lines_fail(lines, err);
    return lines->err == SG_OK ? value : 0;
}

enum sg_err sg_lines_end(struct sg_lines *lines)
{
    if (lines->left.size > 0)
        sg_lines_fail(lines, SG_ERR_TRAILING);
    return lines->err;
}
