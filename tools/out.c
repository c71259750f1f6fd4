#include "tools/out.h"

#include <inttypes.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"

/* Columns of a text that is in NFC: one for each character. */
static int columns_of(const char *text)
{
    int n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void pad(FILE *file, int n)
{
    if (n > 0)
        (void)fprintf(file, "%*s", n, "");
}

/* Decodes the character at the start of TEXT, which is UTF-8; its size. */
static size_t character(struct sg_bytes text, uint32_t *ret_code)
{
    static const uint8_t mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint8_t lead = text.data[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t code = lead & mask[size];

    SG_ASSERT(size <= text.size);
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (text.data[i] & 0x3F);
    *ret_code = code;
    return size;
}

/* Says whether a terminal might obey CODE instead of showing it. */
static bool is_dangerous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) ||
           (code >= 0x200E && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

int sg_out_shown(FILE *file, struct sg_bytes bytes, int width)
{
    bool is_text = sg_text_is_utf8(bytes);
    int n = 0;

    while (bytes.size > 0) {
        uint32_t code = bytes.data[0];
        size_t size = is_text ? character(bytes, &code) : 1;
        if (width > 0 && n + 8 > width && bytes.size > 8) {
            (void)fputs("…", file);
            return n + 1;
        }
        if (!is_text && (code < 0x20 || code >= 0x7F)) {
            n += fprintf(file, "\\x%02" PRIx32, code);
        } else if (is_dangerous(code)) {
            n += fprintf(file, "\\u{%" PRIx32 "}", code);
        } else {
            (void)fwrite(bytes.data, 1, size, file);
            n++;
        }
        bytes.data += size;
        bytes.size -= size;
    }
    return n;
}

static int print_hex(FILE *file, struct sg_bytes bytes, int width)
{
    size_t n = bytes.size;

    if (width > 0 && n > (size_t)width / 2)
        n = (size_t)width / 2;
    for (size_t i = 0; i < n; i++)
        (void)fprintf(file, "%02x", bytes.data[i]);
    return (int)(2 * n);
}

static int print_base64(FILE *file, struct sg_bytes bytes)
{
    char text[SG_OUT_FIELDS_MAX * 64];
    int printed = 0;

    while (bytes.size > 0) {
        struct sg_writer writer;
        size_t n = bytes.size < 384 ? bytes.size : 384; /* a multiple of 3 */
        sg_writer_init_array(&writer, (uint8_t *)text, sizeof text);
        sg_text_base64_encode(&writer, sg_bytes(bytes.data, n));
        if (sg_writer_end(&writer) == SG_OK)
            printed += (int)fwrite(text, 1, writer.size, file);
        bytes.data += n;
        bytes.size -= n;
    }
    return printed;
}

/* Prints VALUE in at most WIDTH columns, 0 without a limit; how many it
 * took. */
static int print_value(FILE *file, const struct sg_out_value *value, int width)
{
    const char *word = value->shown != NULL ? value->shown : value->word;

    switch (value->kind) {
    case SG_OUT_NONE:
        return fprintf(file, "-");
    case SG_OUT_WORD:
        (void)fputs(word, file);
        return columns_of(word);
    case SG_OUT_NUMBER:
        return fprintf(file, "%" PRIu64, value->number);
    case SG_OUT_HEX:
        return print_hex(file, value->bytes, width);
    case SG_OUT_BODY:
        return sg_out_shown(file, value->bytes, width);
    case SG_OUT_BASE64:
        return print_base64(file, value->bytes);
    }
    return 0;
}

static void print_head(struct sg_out *out, const struct sg_out_shape *shape)
{
    for (unsigned i = 0; i < shape->field_count; i++) {
        const char *title = shape->fields[i].title[out->lang];
        int width = shape->fields[i].width;
        if (width < 0)
            pad(out->file, -width - columns_of(title));
        (void)fputs(title, out->file);
        if (width > 0 && i + 1 < shape->field_count)
            pad(out->file, width - columns_of(title));
        (void)fputs(i + 1 < shape->field_count ? "  " : "\n", out->file);
    }
    out->table = shape;
}

/* A table ends with what its words mean. */
static void end_table(struct sg_out *out)
{
    if (out->table != NULL && out->table->legend[out->lang] != NULL)
        (void)fprintf(out->file, "\n%s\n", out->table->legend[out->lang]);
    out->table = NULL;
}

static int digits_of(const struct sg_out_value *value)
{
    char text[24];

    if (value->kind != SG_OUT_NUMBER)
        return 1;
    return snprintf(text, sizeof text, "%" PRIu64, value->number);
}

void sg_out_row(struct sg_out *out, const struct sg_out_shape *shape,
                const struct sg_out_value values[])
{
    SG_ASSERT(shape->field_count <= SG_OUT_FIELDS_MAX);
    if (out->is_json) {
        sg_out_json(out, shape, values);
        return;
    }
    if (out->table != shape)
        print_head(out, shape);
    for (unsigned i = 0; i < shape->field_count; i++) {
        int width = shape->fields[i].width, n;
        if (width < 0)
            pad(out->file, -width - digits_of(&values[i]));
        n = print_value(out->file, &values[i], width > 0 ? width : 0);
        if (width > 0 && i + 1 < shape->field_count)
            pad(out->file, width - n);
        (void)fputs(i + 1 < shape->field_count ? "  " : "\n", out->file);
    }
}

void sg_out_card(struct sg_out *out, const struct sg_out_shape *shape,
                 const struct sg_out_value values[])
{
    int width = 0;

    SG_ASSERT(shape->field_count <= SG_OUT_FIELDS_MAX);
    if (out->is_json) {
        sg_out_json(out, shape, values);
        return;
    }
    if (out->table != NULL) {
        end_table(out);
        (void)fputs("\n", out->file);
    }
    for (unsigned i = 0; i < shape->field_count; i++) {
        int n = columns_of(shape->fields[i].title[out->lang]);
        width = n > width ? n : width;
    }
    for (unsigned i = 0; i < shape->field_count; i++) {
        const char *title = shape->fields[i].title[out->lang];
        (void)fputs(title, out->file);
        pad(out->file, width - columns_of(title) + 2);
        (void)print_value(out->file, &values[i], 0);
        (void)fputs("\n", out->file);
    }
}

enum sg_err sg_out_end(struct sg_out *out)
{
    end_table(out);
    return fflush(out->file) == 0 && !ferror(out->file) ? SG_OK : SG_ERR_IO;
}
