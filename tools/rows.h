/* Rows of a table that somebody else has made: CSV (RFC 4180) and JSON lines,
 * read in bounded memory.
 *
 * A row gives the values of the columns that were asked for, as text. A row
 * that is not right says so and the next one begins at the next line of the
 * file: one bad row costs no other. What the values mean is not asked here.
 * Rows are cut off the file one after the other, which is quick, and taken
 * apart on any threads.
 */
#ifndef SG_TOOLS_ROWS_H
#define SG_TOOLS_ROWS_H

#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"

#define SG_ROWS_COLUMNS_MAX 64u
/* The longest row, with all its lines. */
#define SG_ROWS_SIZE_MAX 65536u
/* A first line of JSON with this member is the head of an export, no row. */
#define SG_ROWS_JSON_HEAD "sogoc_export"

enum sg_rows_form { SG_ROWS_CSV, SG_ROWS_JSON };

enum sg_rows_state {
    SG_ROWS_ROW,
    SG_ROWS_END,
    SG_ROWS_LONG,  /* longer than SG_ROWS_SIZE_MAX */
    SG_ROWS_QUOTE, /* quotation marks that do not fit */
    SG_ROWS_COUNT, /* more or fewer values than the head has */
    SG_ROWS_TEXT,  /* no UTF-8 */
    SG_ROWS_NO_OBJECT,
};

struct sg_rows;

/* Opens PATH, "-" being standard input; SEPARATOR stands between the values of
 * CSV. Caller frees with sg_rows_close. Errors: NOTFOUND, ACCESS, IO, NOMEM. */
SG_USE_RESULT enum sg_err sg_rows_open(const char *path, enum sg_rows_form form,
                                       char separator,
                                       struct sg_rows **ret_rows);

/* Takes ROWS, which may be NULL; wipes what it has read. */
void sg_rows_close(struct sg_rows *rows);

/* Says which COUNT columns are wanted, before the first row: names of the head
 * of CSV, before which lines with # are remarks; members of JSON, of members
 * (`father.uid`) or of lists (`name.0`). A NULL is none. Borrows: NAMES until
 * sg_rows_close. RET_FOUND says which columns CSV has; JSON is taken to have
 * all. Errors: MALFORMED (there is no head, or a column stands in it twice);
 * IO. */
SG_USE_RESULT enum sg_err sg_rows_bind(struct sg_rows *rows,
                                       const char *const names[],
                                       unsigned count, bool ret_found[]);

/* Gives the name of a column of CSV that was not asked for, INDEX from 0; false
 * behind the last. Borrowed until the next row. */
bool sg_rows_left_over(const struct sg_rows *rows, unsigned index,
                       struct sg_bytes *ret_name);

/* A row as it stands in the file. */
struct sg_rows_piece {
    uint64_t line;            /* of the file, from 1, in which it begins */
    enum sg_rows_state state; /* ROW: sg_rows_read says whether it is one */
    struct sg_bytes bytes;    /* of a ROW, with its line end */
};

/* Cuts the next row off the file. Borrows: its bytes until the next call.
 * Errors: IO. */
SG_USE_RESULT enum sg_err sg_rows_cut(struct sg_rows *rows,
                                      struct sg_rows_piece *ret_piece);

/* What takes rows apart: one for each thread. */
struct sg_rows_reader;

/* Gives a reader of rows of ROWS, which are bound. Borrows: ROWS until
 * sg_rows_reader_free, which takes NULL. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_rows_reader_new(
    const struct sg_rows *rows, struct sg_rows_reader **ret_reader);
void sg_rows_reader_free(struct sg_rows_reader *reader);

/* Takes a ROW of SIZE bytes apart, in place; a column that it does not have has
 * no bytes. Borrows: ROW, and the reader until its next row. Context: any
 * thread. */
SG_USE_RESULT enum sg_rows_state sg_rows_read(struct sg_rows_reader *reader,
                                              uint8_t *row, size_t size,
                                              struct sg_bytes ret_values[]);

/* The line of the file in which the last row began. */
uint64_t sg_rows_line(const struct sg_rows *rows);

/* The hash of all bytes up to the end of the last row. */
void sg_rows_digest(const struct sg_rows *rows, struct sg_hash *ret_hash);

#endif
