#include "storage/registry/name.h"

#include <string.h>
#include <utf8proc.h>

#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/registry/nfc.h"

#define APOSTROPHE   0x2019
#define D_STROKE     0x0111 /* đ */
#define ETH_CAPITAL  0x00d0 /* Ð, which looks like Đ */
#define ETH          0x00f0 /* ð */
#define POINTS_MAX   (4 * 2 * SG_NAME_SIZE_MAX)
#define TONE_NONE    '\0'
#define NO_CHARACTER 0

/* --- characters -------------------------------------------------------- */

/* Reads one character and moves over it; below 0 when it is no UTF-8. */
static int32_t take(struct sg_bytes *text)
{
    int32_t point = text->data[0];
    utf8proc_ssize_t size = 1;

    if (point >= 0x80)
        size =
            utf8proc_iterate(text->data, (utf8proc_ssize_t)text->size, &point);
    if (size <= 0)
        return -1;
    text->data += size;
    text->size -= (size_t)size;
    return point;
}

static void put(struct sg_writer *writer, int32_t point)
{
    uint8_t bytes[4];
    utf8proc_ssize_t size = utf8proc_encode_char(point, bytes);

    SG_ASSERT(size > 0);
    sg_writer_bytes(writer, sg_bytes(bytes, (size_t)size));
}

/* The letters of the Latin script that names are written in: all of these
 * characters are letters, which saves the look-up. */
static bool is_latin_letter(int32_t point)
{
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') ||
           (point >= 0x1e00 && point <= 0x1eff) ||
           (point >= 0xc0 && point <= 0x24f && point != 0xd7 && point != 0xf7);
}

static bool is_letter(int32_t point)
{
    if (is_latin_letter(point))
        return true;
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return true;
    default:
        return false;
    }
}

static bool is_mark(int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC;
}

/* Latin as section 10.1 has it, or a mark of the Latin script. */
static bool is_latin(int32_t point)
{
    return is_latin_letter(point) || (point >= 0x300 && point <= 0x36f);
}

/* Returns POINT in lower case if it is of ASCII or Latin-1, else as it is. */
static int32_t small(int32_t point)
{
    bool is_capital = (point >= 'A' && point <= 'Z') ||
                      (point >= 0xc0 && point <= 0xde && point != 0xd7);

    return is_capital ? point + 0x20 : point;
}

/* Of the letters U+00C0 to U+00FF, those that Vietnamese uses. The others are
 * what TCVN3 and VNI look like when they are read as Latin-1. */
static bool is_vietnamese(int32_t point)
{
    static const char used[] = {
        [0x00] = 1, [0x01] = 1, [0x02] = 1, [0x03] = 1, /* À Á Â Ã */
        [0x08] = 1, [0x09] = 1, [0x0a] = 1,             /* È É Ê */
        [0x0c] = 1, [0x0d] = 1,                         /* Ì Í */
        [0x12] = 1, [0x13] = 1, [0x14] = 1, [0x15] = 1, /* Ò Ó Ô Õ */
        [0x19] = 1, [0x1a] = 1, [0x1d] = 1, [0x1f] = 0, /* Ù Ú Ý */
    };

    if (point < 0xc0 || point > 0xff)
        return true;
    return used[point & 0x1f] != 0;
}

/* VNI writes a letter with a sign as the letter and a sign of its own: ễ is
 * "eã". Says whether A and B, both in lower case, are such a pair. */
static bool is_vni_pair(int32_t a, int32_t b)
{
    static const int32_t signs[] = {0xe0, 0xe1, 0xe3, 0xe2, 0xea, 0xf9, 0xf5};

    if (a == 'o')
        return b == 0xe2;
    if (a != 'a' && a != 'e')
        return false;
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (b == signs[i])
            return true;
    }
    return false;
}

/* --- check ------------------------------------------------------------- */

enum place { AT_START, IN_LETTER, AFTER_JOIN };

/* Words of letters with one space between them; an apostrophe or a hyphen
 * stands between two letters. */
static enum sg_name_fault check_form(struct sg_bytes text)
{
    enum place place = AT_START;
    bool is_first = true;

    for (; text.size > 0; is_first = false) {
        int32_t point = take(&text);

        if (point == ' ') {
            if (place != IN_LETTER)
                return is_first || place == AT_START ? SG_NAME_SPACE
                                                     : SG_NAME_CHARACTER;
            place = AT_START;
        } else if (point == APOSTROPHE || point == '-') {
            if (place != IN_LETTER)
                return SG_NAME_CHARACTER;
            place = AFTER_JOIN;
        } else if (point >= 0 && is_letter(point)) {
            place = IN_LETTER;
        } else if (point < 0 || !is_mark(point) || place != IN_LETTER) {
            return SG_NAME_CHARACTER;
        }
    }
    if (is_first || place == IN_LETTER)
        return SG_NAME_FINE;
    return place == AT_START ? SG_NAME_SPACE : SG_NAME_CHARACTER;
}

/* TCVN3 writes small letters with the codes of capitals: ễ is "Ô". Says whether
 * B, of Latin-1, is a capital behind the small letter A. */
static bool is_tcvn3_pair(int32_t a, int32_t b)
{
    return b >= 0xc0 && b <= 0xde && b != small(b) && a != NO_CHARACTER &&
           a != ' ' && a == small(a) && is_letter(a);
}

static bool has_residue(struct sg_bytes text)
{
    int32_t last = NO_CHARACTER;

    while (text.size > 0) {
        int32_t point = take(&text);

        if (point == 0xaa || point == 0xb5 || point == 0xba ||
            !is_vietnamese(point) || is_vni_pair(small(last), small(point)) ||
            is_tcvn3_pair(last, point))
            return true;
        last = point;
    }
    return false;
}

static bool has_other_script(struct sg_bytes text)
{
    while (text.size > 0) {
        int32_t point = take(&text);

        if (point != ' ' && point != '-' && point != APOSTROPHE &&
            !is_latin(point))
            return true;
    }
    return false;
}

enum sg_name_fault sg_name_check(struct sg_bytes text)
{
    enum sg_name_fault fault = check_form(text);

    if (fault != SG_NAME_FINE)
        return fault;
    if (has_residue(text))
        return SG_NAME_RESIDUE;
    return has_other_script(text) ? SG_NAME_SCRIPT : SG_NAME_FINE;
}

/* --- repair ------------------------------------------------------------ */

static bool is_space(int32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' ||
           utf8proc_category(point) == UTF8PROC_CATEGORY_ZS;
}

static int32_t repaired(int32_t point)
{
    switch (point) {
    case ETH_CAPITAL:
        return 0x110;
    case ETH:
        return D_STROKE;
    case '\'':
        return APOSTROPHE;
    default:
        return point;
    }
}

/* Writes TEXT with its spaces and signs repaired, not yet in NFC. */
static void write_repaired(struct sg_writer *writer, struct sg_bytes text)
{
    bool is_space_due = false;
    bool is_first = true;

    while (text.size > 0) {
        int32_t point = take(&text);

        if (point < 0) {
            sg_writer_fail(writer, SG_ERR_TEXT);
            return;
        }
        if (is_space(point)) {
            is_space_due = !is_first;
            continue;
        }
        if (is_space_due)
            put(writer, ' ');
        put(writer, repaired(point));
        is_space_due = false;
        is_first = false;
    }
}

enum sg_err sg_name_repair(struct sg_writer *writer, struct sg_bytes text,
                           bool *ret_changed)
{
    uint8_t spaced[2 * SG_NAME_SIZE_MAX];
    struct sg_writer inner;
    bool is_changed = false;

    if (text.size > SG_NAME_SIZE_MAX)
        sg_writer_fail(writer, SG_ERR_LIMIT);
    if (writer->err != SG_OK)
        return writer->err;
    sg_writer_init_array(&inner, spaced, sizeof(spaced));
    write_repaired(&inner, text);
    if (inner.err != SG_OK) {
        sg_writer_fail(writer, inner.err);
        return inner.err;
    }
    if (sg_nfc_write(writer, sg_bytes(spaced, inner.size), &is_changed) ==
        SG_OK)
        *ret_changed =
            is_changed || !sg_bytes_equal(sg_bytes(spaced, inner.size), text);
    return writer->err;
}

/* --- keys -------------------------------------------------------------- */

/* One word in lower case, decomposed. */
struct word {
    int32_t points[POINTS_MAX];
    size_t count;
};

/* Cuts the next word off TEXT; no bytes when there is none. */
static struct sg_bytes take_word(struct sg_bytes *text)
{
    struct sg_bytes word;

    while (text->size > 0 && text->data[0] == ' ') {
        text->data++;
        text->size--;
    }
    word = (struct sg_bytes){text->data, 0};
    while (word.size < text->size && word.data[word.size] != ' ')
        word.size++;
    text->data += word.size;
    text->size -= word.size;
    return word;
}

static enum sg_err decompose(struct sg_bytes bytes, struct word *ret_word)
{
    uint8_t lower[2 * SG_NAME_SIZE_MAX];
    struct sg_writer writer;
    utf8proc_ssize_t count;

    sg_writer_init_array(&writer, lower, sizeof(lower));
    while (bytes.size > 0) {
        int32_t point = take(&bytes);

        if (point < 0)
            return SG_ERR_TEXT;
        point = utf8proc_tolower(point);
        put(&writer, point == ETH ? D_STROKE : point);
    }
    if (writer.err != SG_OK)
        return writer.err;
    count = utf8proc_decompose(lower, (utf8proc_ssize_t)writer.size,
                               ret_word->points, POINTS_MAX,
                               UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    SG_ASSERT(count >= 0);
    SG_ASSERT(count <= POINTS_MAX);
    ret_word->count = (size_t)count;
    return SG_OK;
}

static char tone_of(int32_t point)
{
    switch (point) {
    case 0x300: /* huyền */
        return '1';
    case 0x301: /* sắc */
        return '2';
    case 0x309: /* hỏi */
        return '3';
    case 0x303: /* ngã */
        return '4';
    case 0x323: /* nặng */
        return '5';
    default:
        return TONE_NONE;
    }
}

/* Takes the tone marks out of WORD and composes the rest; returns the first
 * tone. */
static char take_tone(struct word *word)
{
    char tone = TONE_NONE;
    size_t count = 0;

    for (size_t i = 0; i < word->count; i++) {
        char found = tone_of(word->points[i]);

        if (found == TONE_NONE)
            word->points[count++] = word->points[i];
        else if (tone == TONE_NONE)
            tone = found;
    }
    word->count = 0;
    if (count > 0)
        word->count = (size_t)utf8proc_normalize_utf32(
            word->points, (utf8proc_ssize_t)count,
            UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    return tone;
}

static bool is_vowel(int32_t point)
{
    static const int32_t vowels[] = {'a',   'e',  'i',  'o',  'u',   'y',
                                     0x103, 0xe2, 0xea, 0xf4, 0x1a1, 0x1b0};

    for (size_t i = 0; i < sizeof(vowels) / sizeof(vowels[0]); i++) {
        if (point == vowels[i])
            return true;
    }
    return false;
}

/* Mỹ and Mĩ are one name to the ear, and so is every final y that is the only
 * vowel; Thúy and Thúi are not. */
static void join_y(struct word *word)
{
    if (word->count == 0 || word->points[word->count - 1] != 'y')
        return;
    for (size_t i = 0; i + 1 < word->count; i++) {
        if (is_vowel(word->points[i]))
            return;
    }
    word->points[word->count - 1] = 'i';
}

static void match_word(struct sg_writer *writer, struct word *word)
{
    char tone = take_tone(word);

    join_y(word);
    for (size_t i = 0; i < word->count; i++)
        put(writer, word->points[i]);
    if (tone != TONE_NONE)
        sg_writer_u8(writer, (uint8_t)tone);
}

static void search_word(struct sg_writer *writer, struct word *word)
{
    for (size_t i = 0; i < word->count; i++) {
        if (word->points[i] == D_STROKE)
            put(writer, 'd');
        else if (!is_mark(word->points[i]))
            put(writer, word->points[i]);
    }
}

/* Writes the key of each word of TEXT, behind what WRITER has. */
static void write_words(struct sg_writer *writer, struct sg_bytes text,
                        void (*write)(struct sg_writer *, struct word *),
                        bool *is_first)
{
    struct word word;
    enum sg_err err;

    if (text.size > SG_NAME_SIZE_MAX)
        sg_writer_fail(writer, SG_ERR_LIMIT);
    while (text.size > 0 && writer->err == SG_OK) {
        struct sg_bytes bytes = take_word(&text);

        if (bytes.size == 0)
            return;
        err = decompose(bytes, &word);
        if (err != SG_OK) {
            sg_writer_fail(writer, err);
            return;
        }
        if (!*is_first)
            sg_writer_u8(writer, ' ');
        *is_first = false;
        write(writer, &word);
    }
}

enum sg_err sg_name_match_key(struct sg_writer *writer,
                              const struct sg_bytes parts[3])
{
    bool is_first = true;

    for (int i = 0; i < 3; i++)
        write_words(writer, parts[i], match_word, &is_first);
    return writer->err;
}

enum sg_err sg_name_search_key(struct sg_writer *writer, struct sg_bytes text)
{
    bool is_first = true;

    write_words(writer, text, search_word, &is_first);
    return writer->err;
}
