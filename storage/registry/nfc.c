#include "storage/registry/nfc.h"

#include <string.h>
#include <utf8proc.h>

#include "storage/base/check.h"
#include "storage/base/limits.h"

/* A character that cannot combine with the one before, and what follows it and
 * can. Normal forms of two such pieces never touch each other (UAX #15, 9.1),
 * so a text is normalized piece by piece, in a small array. */
#define PIECE_MAX (1 + SG_TEXT_MARKS_MAX)
/* No character has more in its canonical decomposition than 4. */
#define DECOMPOSED_MAX (4 * PIECE_MAX)

struct piece {
    struct sg_bytes bytes;
    int32_t points[PIECE_MAX];
    unsigned count;
};

const char *sg_nfc_version(void)
{
    return utf8proc_unicode_version();
}

/* Latin up to U+02FF and U+1E00 to U+1EFF: all of it is assigned, nothing
 * combines, and each is its own normal form. That is every Vietnamese text. */
static bool is_simple(int32_t point)
{
    return (point >= 0xa0 && point < 0x300) ||
           (point >= 0x20 && point < 0x7f) ||
           (point >= 0x1e00 && point < 0x1f00);
}

static bool is_combining(int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return category == UTF8PROC_CATEGORY_MN ||
           category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME ||
           (point >= 0x1160 && point < 0x1200); /* Hangul vowels, finals */
}

/* Reads one character of TEXT and moves over it; below 0 when it may not stand
 * in a record. */
static int32_t take(struct sg_bytes *text)
{
    int32_t point;
    utf8proc_ssize_t size =
        utf8proc_iterate(text->data, (utf8proc_ssize_t)text->size, &point);

    if (size <= 0)
        return -1;
    text->data += size;
    text->size -= (size_t)size;
    if (is_simple(point))
        return point;
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CS:
        return -1;
    default:
        return point;
    }
}

/* Cuts the next piece off TEXT. */
static enum sg_err take_piece(struct sg_bytes *text, struct piece *ret_piece)
{
    struct sg_bytes rest = *text;

    ret_piece->count = 0;
    ret_piece->bytes = (struct sg_bytes){text->data, 0};
    while (rest.size > 0) {
        int32_t point = take(&rest);

        if (point < 0)
            return SG_ERR_TEXT;
        if (ret_piece->count > 0 && (is_simple(point) || !is_combining(point)))
            break;
        if (ret_piece->count == PIECE_MAX)
            return SG_ERR_LIMIT;
        ret_piece->points[ret_piece->count++] = point;
        ret_piece->bytes.size = (size_t)(rest.data - text->data);
    }
    text->data += ret_piece->bytes.size;
    text->size -= ret_piece->bytes.size;
    return SG_OK;
}

/* Brings PIECE's characters into NFC; returns how many there are. */
static unsigned compose(const struct piece *piece,
                        int32_t ret_points[DECOMPOSED_MAX])
{
    utf8proc_ssize_t count = utf8proc_decompose(
        piece->bytes.data, (utf8proc_ssize_t)piece->bytes.size, ret_points,
        DECOMPOSED_MAX, UTF8PROC_STABLE | UTF8PROC_COMPOSE);

    SG_ASSERT(count > 0);
    SG_ASSERT(count <= DECOMPOSED_MAX);
    count = utf8proc_normalize_utf32(ret_points, count,
                                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    SG_ASSERT(count > 0);
    return (unsigned)count;
}

static bool is_composed(const struct piece *piece)
{
    int32_t points[DECOMPOSED_MAX];

    if (piece->count == 1 && is_simple(piece->points[0]))
        return true;
    return compose(piece, points) == piece->count &&
           memcmp(points, piece->points,
                  piece->count * sizeof(piece->points[0])) == 0;
}

/* Moves TEXT over what is certainly right: the common case, and the fast one.
 * One simple character stays, since a mark may follow it. */
static void skip_simple(struct sg_bytes *text)
{
    const uint8_t *at = text->data;
    const uint8_t *end = text->data + text->size;
    const uint8_t *last = at;

    while (at < end) {
        size_t size = 0;

        if (at[0] >= 0x20 && at[0] < 0x7f)
            size = 1;
        else if (end - at >= 2 && at[0] >= 0xc2 && at[0] <= 0xcb &&
                 (at[1] & 0xc0) == 0x80 && (at[0] > 0xc2 || at[1] >= 0xa0))
            size = 2; /* U+00A0 to U+02FF */
        else if (end - at >= 3 && at[0] == 0xe1 && at[1] >= 0xb8 &&
                 at[1] <= 0xbb && (at[2] & 0xc0) == 0x80)
            size = 3; /* U+1E00 to U+1EFF */
        if (size == 0)
            break;
        last = at;
        at += size;
    }
    if (at == end)
        last = at;
    text->data = last;
    text->size = (size_t)(end - last);
}

enum sg_err sg_nfc_check(struct sg_bytes text)
{
    struct piece piece;

    if (text.size > 0)
        skip_simple(&text);
    while (text.size > 0) {
        enum sg_err err = take_piece(&text, &piece);

        if (err != SG_OK)
            return err;
        if (!is_composed(&piece))
            return SG_ERR_NOTCANONICAL;
    }
    return SG_OK;
}

static void write_points(struct sg_writer *writer, const int32_t *points,
                         unsigned count)
{
    uint8_t bytes[4];

    for (unsigned i = 0; i < count; i++) {
        utf8proc_ssize_t size = utf8proc_encode_char(points[i], bytes);

        SG_ASSERT(size > 0);
        sg_writer_bytes(writer, sg_bytes(bytes, (size_t)size));
    }
}

enum sg_err sg_nfc_write(struct sg_writer *writer, struct sg_bytes text,
                         bool *ret_changed)
{
    int32_t points[DECOMPOSED_MAX];
    struct piece piece;
    bool is_changed = false;

    while (text.size > 0 && writer->err == SG_OK) {
        enum sg_err err = take_piece(&text, &piece);

        if (err != SG_OK) {
            sg_writer_fail(writer, err);
            break;
        }
        if (is_composed(&piece)) {
            sg_writer_bytes(writer, piece.bytes);
            continue;
        }
        is_changed = true;
        write_points(writer, points, compose(&piece, points));
    }
    if (writer->err == SG_OK)
        *ret_changed = is_changed;
    return writer->err;
}
