#include "tools/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"

#define BUFFER_SIZE (4u * SG_ROWS_SIZE_MAX)
/* Of the head of CSV: with those that nobody asked for. */
#define HEAD_MAX    256u
#define NUMBER_SIZE 24u
#define NO_COLUMN   (-1)

struct sg_rows {
    enum sg_rows_form form;
    char separator;
    int fd;
    bool is_at_end; /* of the file */
    uint64_t line;  /* of the row at hand, or the last */
    uint64_t next_line;
    struct sg_sha256 digest;     /* of what was taken */
    struct sg_sha256 row_digest; /* of that up to the last row */
    const char *const *names;
    unsigned n_names;
    /* CSV: which of the names each column is. */
    int columns[HEAD_MAX];
    unsigned n_columns;
    struct sg_bytes left_over[HEAD_MAX];
    unsigned n_left_over;
    uint8_t head[SG_ROWS_SIZE_MAX]; /* the bytes of the names left over */
    size_t begin, end;              /* bytes[begin, end) are not read yet */
    uint8_t row[SG_ROWS_SIZE_MAX];  /* of several lines, to be looked at */
    uint8_t bytes[BUFFER_SIZE];
};

struct sg_rows_reader {
    const struct sg_rows *rows;
    json_t *json; /* the row at hand */
    char numbers[SG_ROWS_COLUMNS_MAX][NUMBER_SIZE];
};

enum sg_err sg_rows_open(const char *path, enum sg_rows_form form,
                         char separator, struct sg_rows **ret_rows)
{
    struct sg_rows *rows = sg_calloc(1, sizeof *rows);

    if (rows == NULL)
        return SG_ERR_NOMEM;
    rows->form = form;
    rows->separator = separator;
    rows->next_line = 1;
    sg_crypto_sha256_init(&rows->digest);
    rows->fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                      : open(path, O_RDONLY | O_CLOEXEC);
    if (rows->fd < 0) {
        enum sg_err err = errno == ENOENT || errno == ENOTDIR ? SG_ERR_NOTFOUND
                          : errno == EACCES                   ? SG_ERR_ACCESS
                                                              : SG_ERR_IO;
        sg_free(rows);
        return err;
    }
    *ret_rows = rows;
    return SG_OK;
}

void sg_rows_close(struct sg_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->fd > STDIN_FILENO)
        (void)close(rows->fd);
    sg_crypto_wipe(rows, sizeof *rows);
    sg_free(rows);
}

uint64_t sg_rows_line(const struct sg_rows *rows)
{
    return rows->line;
}

void sg_rows_digest(const struct sg_rows *rows, struct sg_hash *ret_hash)
{
    struct sg_sha256 digest = rows->row_digest;

    sg_crypto_sha256_final(&digest, ret_hash);
}

/* Reads on until the buffer has a longest row, or the file ends. */
static enum sg_err fill(struct sg_rows *rows)
{
    ssize_t n;

    if (rows->is_at_end || rows->end - rows->begin > SG_ROWS_SIZE_MAX)
        return SG_OK;
    memmove(rows->bytes, rows->bytes + rows->begin, rows->end - rows->begin);
    rows->end -= rows->begin;
    rows->begin = 0;
    while (!rows->is_at_end && rows->end < BUFFER_SIZE) {
        n = read(rows->fd, rows->bytes + rows->end, BUFFER_SIZE - rows->end);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return SG_ERR_IO;
        rows->is_at_end = n == 0;
        rows->end += (size_t)n;
    }
    return SG_OK;
}

/* Takes SIZE bytes, N_LINES lines, which the caller still reads. */
static uint8_t *take(struct sg_rows *rows, size_t size, uint64_t n_lines)
{
    uint8_t *bytes = rows->bytes + rows->begin;

    SG_ASSERT(size <= rows->end - rows->begin);
    sg_crypto_sha256_update(&rows->digest, bytes, size);
    rows->begin += size;
    rows->next_line += n_lines;
    return bytes;
}

/* The size of the line that comes, with its end. */
static size_t line_size(const struct sg_rows *rows)
{
    const uint8_t *from = rows->bytes + rows->begin;
    size_t left = rows->end - rows->begin;
    const uint8_t *newline = memchr(from, '\n', left);

    return newline == NULL ? left : (size_t)(newline - from) + 1;
}

/* Finds the size of the row of CSV that comes, over lines within quotation
 * marks; 0 where they do not end in time. */
static size_t csv_size(const struct sg_rows *rows, uint64_t *ret_lines)
{
    const uint8_t *from = rows->bytes + rows->begin;
    size_t left = rows->end - rows->begin, size = line_size(rows);
    bool is_inside = false;

    *ret_lines = 1;
    if (memchr(from, '"', size) == NULL)
        return size;
    for (size_t i = 0; i < left && i < SG_ROWS_SIZE_MAX; i++) {
        is_inside ^= from[i] == '"';
        if (from[i] != '\n')
            continue;
        if (!is_inside)
            return i + 1;
        ++*ret_lines;
    }
    return !is_inside && left <= SG_ROWS_SIZE_MAX ? left : 0;
}

/* Takes one value of CSV out of *TEXT, up to END; its quotation marks are
 * undone in place. False: they do not fit. */
static bool csv_value(uint8_t **text, const uint8_t *end, char separator,
                      struct sg_bytes *ret)
{
    uint8_t *from = *text, *to = from, *at = from;

    if (at == end || *at != '"') {
        for (at = from; at < end && *at != (uint8_t)separator; at++)
            if (*at == '"')
                return false;
        *ret = sg_bytes(from, (size_t)(at - from));
        *text = at;
        return true;
    }
    for (at++; at < end; at++) {
        if (*at == '"' && (at + 1 == end || at[1] != '"'))
            break;
        at += *at == '"';
        *to++ = *at;
    }
    if (at == end)
        return false;
    *ret = sg_bytes(from, (size_t)(to - from));
    *text = at + 1;
    return *text == end || **text == (uint8_t)separator;
}

/* Takes a row apart: up to MAX values. */
static enum sg_rows_state csv_split(const struct sg_rows *rows, uint8_t *text,
                                    size_t size, struct sg_bytes values[],
                                    unsigned max, unsigned *ret_count)
{
    bool is_utf8 = sg_text_is_utf8(sg_bytes(text, size));
    uint8_t *end = text + size;
    unsigned count = 0;

    if (end > text && end[-1] == '\n')
        end--;
    if (end > text && end[-1] == '\r')
        end--;
    for (;;) {
        if (count == max)
            return SG_ROWS_COUNT;
        if (!csv_value(&text, end, rows->separator, &values[count++]))
            return SG_ROWS_QUOTE;
        if (text == end)
            break;
        text++;
    }
    *ret_count = count;
    return is_utf8 ? SG_ROWS_ROW : SG_ROWS_TEXT;
}

/* Passes over lines that have nothing in them. False: the file has ended. */
static enum sg_err skip_empty(struct sg_rows *rows, bool *ret_more)
{
    enum sg_err err;

    while ((err = fill(rows)) == SG_OK && rows->begin < rows->end) {
        const uint8_t *from = rows->bytes + rows->begin;
        size_t left = rows->end - rows->begin;
        size_t size = from[0] == '\n'                                  ? 1
                      : left > 1 && from[0] == '\r' && from[1] == '\n' ? 2
                                                                       : 0;
        if (size == 0)
            break;
        (void)take(rows, size, 1);
    }
    *ret_more = rows->begin < rows->end;
    if (*ret_more)
        rows->line = rows->next_line;
    return err;
}

/* Looks how a row of several lines, SIZE bytes, comes out. */
static enum sg_rows_state csv_try(struct sg_rows *rows, size_t size)
{
    struct sg_bytes values[HEAD_MAX];
    unsigned count;

    memcpy(rows->row, rows->bytes + rows->begin, size);
    return csv_split(rows, rows->row, size, values, rows->n_columns, &count);
}

/* Cuts a row of CSV. One of several lines that is not right ends with its first
 * line: the next one has its chance. */
static enum sg_rows_state csv_cut(struct sg_rows *rows,
                                  struct sg_bytes *ret_bytes)
{
    uint64_t n_lines;
    size_t size = csv_size(rows, &n_lines), first = line_size(rows);
    enum sg_rows_state state = size == 0                 ? SG_ROWS_QUOTE
                               : size > SG_ROWS_SIZE_MAX ? SG_ROWS_LONG
                               : n_lines > 1             ? csv_try(rows, size)
                                                         : SG_ROWS_ROW;
    bool is_row = state == SG_ROWS_ROW;

    *ret_bytes =
        sg_bytes(take(rows, is_row ? size : first, is_row ? n_lines : 1),
                 is_row ? size : 0);
    return state;
}

/* --- What is asked for ---------------------------------------------------- */

static int find_name(const struct sg_rows *rows, struct sg_bytes name)
{
    for (unsigned i = 0; i < rows->n_names; i++)
        if (rows->names[i] != NULL &&
            sg_bytes_equal(name,
                           sg_bytes(rows->names[i], strlen(rows->names[i]))))
            return (int)i;
    return NO_COLUMN;
}

/* A column of the head; false where it stands there twice. */
static bool bind_column(struct sg_rows *rows, struct sg_bytes name,
                        bool ret_found[])
{
    int column = find_name(rows, name);

    rows->columns[rows->n_columns++] = column;
    if (column == NO_COLUMN) {
        rows->left_over[rows->n_left_over++] = name;
        return true;
    }
    if (ret_found[column])
        return false;
    ret_found[column] = true;
    return true;
}

/* Excel writes a byte order mark. */
static void skip_mark(struct sg_rows *rows)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

    if (rows->end - rows->begin >= sizeof mark &&
        memcmp(rows->bytes + rows->begin, mark, sizeof mark) == 0)
        (void)take(rows, sizeof mark, 0);
}

/* Passes over remarks: the head of an export of ours. */
static enum sg_err skip_remarks(struct sg_rows *rows, bool *ret_more)
{
    enum sg_err err = skip_empty(rows, ret_more);

    while (err == SG_OK && *ret_more && rows->bytes[rows->begin] == '#') {
        (void)take(rows, line_size(rows), 1);
        err = skip_empty(rows, ret_more);
    }
    return err;
}

enum sg_err sg_rows_bind(struct sg_rows *rows, const char *const names[],
                         unsigned count, bool ret_found[])
{
    struct sg_bytes head[HEAD_MAX], line;
    unsigned n_head = 0;
    size_t used = 0;
    bool is_more;
    enum sg_err err = fill(rows);

    SG_ASSERT(count <= SG_ROWS_COLUMNS_MAX);
    rows->names = names;
    rows->n_names = count;
    for (unsigned i = 0; i < count; i++)
        ret_found[i] = rows->form == SG_ROWS_JSON;
    skip_mark(rows);
    if (err != SG_OK || rows->form == SG_ROWS_JSON)
        return err;
    err = skip_remarks(rows, &is_more);
    if (err != SG_OK)
        return err;
    rows->n_columns = HEAD_MAX;
    if (!is_more || csv_cut(rows, &line) != SG_ROWS_ROW)
        return SG_ERR_MALFORMED;
    memcpy(rows->row, line.data, line.size);
    if (csv_split(rows, rows->row, line.size, head, HEAD_MAX, &n_head) !=
        SG_ROWS_ROW)
        return SG_ERR_MALFORMED;
    rows->n_columns = 0;
    for (unsigned i = 0; i < n_head; i++) {
        SG_ASSERT(head[i].size <= sizeof rows->head - used);
        if (head[i].size > 0)
            memcpy(rows->head + used, head[i].data, head[i].size);
        if (!bind_column(rows, sg_bytes(rows->head + used, head[i].size),
                         ret_found))
            return SG_ERR_MALFORMED;
        used += head[i].size;
    }
    return SG_OK;
}

bool sg_rows_left_over(const struct sg_rows *rows, unsigned index,
                       struct sg_bytes *ret_name)
{
    if (index >= rows->n_left_over)
        return false;
    *ret_name = rows->left_over[index];
    return true;
}

/* --- Rows, cut off ---------------------------------------------------------
 */

static json_t *json_parse(struct sg_bytes text)
{
    return json_loadb((const char *)text.data, text.size,
                      JSON_REJECT_DUPLICATES, NULL);
}

static enum sg_rows_state json_cut(struct sg_rows *rows,
                                   struct sg_bytes *ret_bytes)
{
    size_t size = line_size(rows);

    *ret_bytes = sg_bytes(take(rows, size, 1), size);
    return size > SG_ROWS_SIZE_MAX ? SG_ROWS_LONG : SG_ROWS_ROW;
}

/* Says whether a first line of JSON is the head of an export. */
static bool is_head(const struct sg_rows *rows,
                    const struct sg_rows_piece *piece)
{
    json_t *json;
    bool is_head;

    if (rows->form != SG_ROWS_JSON || piece->line != 1 ||
        piece->state != SG_ROWS_ROW)
        return false;
    json = json_parse(piece->bytes);
    is_head = json_object_get(json, SG_ROWS_JSON_HEAD) != NULL;
    json_decref(json);
    return is_head;
}

enum sg_err sg_rows_cut(struct sg_rows *rows, struct sg_rows_piece *ret_piece)
{
    bool is_more;
    enum sg_err err;

    do {
        err = skip_empty(rows, &is_more);
        if (err != SG_OK)
            return err;
        ret_piece->line = rows->line;
        ret_piece->state = SG_ROWS_END;
        if (!is_more)
            return SG_OK;
        ret_piece->state = rows->form == SG_ROWS_CSV
                               ? csv_cut(rows, &ret_piece->bytes)
                               : json_cut(rows, &ret_piece->bytes);
        rows->row_digest = rows->digest;
    } while (is_head(rows, ret_piece));
    return SG_OK;
}

/* --- Rows, taken apart -----------------------------------------------------
 */

enum sg_err sg_rows_reader_new(const struct sg_rows *rows,
                               struct sg_rows_reader **ret_reader)
{
    struct sg_rows_reader *reader = sg_calloc(1, sizeof *reader);

    if (reader == NULL)
        return SG_ERR_NOMEM;
    reader->rows = rows;
    *ret_reader = reader;
    return SG_OK;
}

void sg_rows_reader_free(struct sg_rows_reader *reader)
{
    if (reader == NULL)
        return;
    json_decref(reader->json);
    sg_crypto_wipe(reader, sizeof *reader);
    sg_free(reader);
}

static enum sg_rows_state read_csv(const struct sg_rows *rows, uint8_t *row,
                                   size_t size, struct sg_bytes ret_values[])
{
    struct sg_bytes values[HEAD_MAX];
    unsigned count = 0;
    enum sg_rows_state state =
        csv_split(rows, row, size, values, rows->n_columns, &count);

    if (state == SG_ROWS_ROW && count != rows->n_columns)
        state = SG_ROWS_COUNT;
    for (unsigned i = 0; state == SG_ROWS_ROW && i < count; i++)
        if (rows->columns[i] != NO_COLUMN)
            ret_values[rows->columns[i]] = values[i];
    return state;
}

/* Goes down PATH in JSON: members of objects, places of lists. */
static const json_t *find_path(const json_t *json, const char *path)
{
    while (json != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");

        if (json_is_array(json))
            json = size == 1 && *path >= '0' && *path <= '9'
                       ? json_array_get(json, (size_t)(*path - '0'))
                       : NULL;
        else
            json = json_object_getn(json, path, size);
        path += size + (path[size] == '.');
    }
    return json;
}

/* A value as text; objects, lists and what is missing have none. */
static struct sg_bytes json_text(struct sg_rows_reader *reader, unsigned column)
{
    const json_t *json = find_path(reader->json, reader->rows->names[column]);
    char *number = reader->numbers[column];

    if (json_is_string(json))
        return sg_bytes(json_string_value(json), json_string_length(json));
    if (!json_is_integer(json))
        return sg_bytes(NULL, 0);
    (void)snprintf(number, NUMBER_SIZE, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json));
    return sg_bytes(number, strlen(number));
}

static enum sg_rows_state read_json(struct sg_rows_reader *reader,
                                    struct sg_bytes row,
                                    struct sg_bytes ret_values[])
{
    json_decref(reader->json);
    reader->json = NULL;
    if (!sg_text_is_utf8(row))
        return SG_ROWS_TEXT;
    reader->json = json_parse(row);
    if (!json_is_object(reader->json))
        return SG_ROWS_NO_OBJECT;
    for (unsigned i = 0; i < reader->rows->n_names; i++)
        if (reader->rows->names[i] != NULL)
            ret_values[i] = json_text(reader, i);
    return SG_ROWS_ROW;
}

enum sg_rows_state sg_rows_read(struct sg_rows_reader *reader, uint8_t *row,
                                size_t size, struct sg_bytes ret_values[])
{
    for (unsigned i = 0; i < reader->rows->n_names; i++)
        ret_values[i] = sg_bytes(NULL, 0);
    return reader->rows->form == SG_ROWS_CSV
               ? read_csv(reader->rows, row, size, ret_values)
               : read_json(reader, sg_bytes(row, size), ret_values);
}
