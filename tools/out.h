/* What a verb of sogoc prints: rows and cards, as text for a person or as one
 * JSON object a line for a program.
 *
 * A verb describes its rows once, in a shape, and hands over values; which form
 * they take is not its business. Text never carries a control character of
 * what it shows to the terminal. Errors are not printed here: cli.h does.
 */
#ifndef SG_TOOLS_OUT_H
#define SG_TOOLS_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"

#define SG_OUT_FIELDS_MAX 12

/* One column of a table, one line of a card. */
struct sg_out_field {
    const char *key;      /* in JSON */
    const char *title[2]; /* by enum sg_lang */
    int width; /* columns in a table, to the right if negative; 0: the rest */
};

struct sg_out_shape {
    const char *type; /* the "type" of the JSON object */
    unsigned field_count;
    struct sg_out_field fields[SG_OUT_FIELDS_MAX];
    const char *legend[2]; /* what a table's words mean; may be NULL */
};

enum sg_out_kind {
    SG_OUT_NONE,   /* "-", null */
    SG_OUT_WORD,   /* a word of ours: the second form for the person */
    SG_OUT_NUMBER, /* in JSON a string where it does not fit 63 bits */
    SG_OUT_HEX,    /* in a table as many digits as the column has */
    SG_OUT_BODY,   /* what somebody wrote: shown as text if it is text */
    SG_OUT_BASE64,
};

struct sg_out_value {
    enum sg_out_kind kind;
    const char *word;  /* the same in every language, for programs */
    const char *shown; /* for the person; WORD if NULL */
    uint64_t number;
    struct sg_bytes bytes;
};

struct sg_out {
    FILE *file;
    enum sg_lang lang;
    bool is_json;
    const struct sg_out_shape *table; /* whose head is printed */
};

/* Make values. What they point to is borrowed until it is printed. */
static inline struct sg_out_value sg_out_none(void)
{
    return (struct sg_out_value){.kind = SG_OUT_NONE};
}

static inline struct sg_out_value sg_out_word(const char *word,
                                              const char *shown)
{
    return (struct sg_out_value){
        .kind = SG_OUT_WORD, .word = word, .shown = shown};
}

static inline struct sg_out_value sg_out_number(uint64_t number)
{
    return (struct sg_out_value){.kind = SG_OUT_NUMBER, .number = number};
}

static inline struct sg_out_value sg_out_bytes(enum sg_out_kind kind,
                                               struct sg_bytes bytes)
{
    return (struct sg_out_value){.kind = kind, .bytes = bytes};
}

static inline struct sg_out_value sg_out_hash(const struct sg_hash *hash)
{
    return sg_out_bytes(SG_OUT_HEX, sg_bytes(hash->bytes, sizeof hash->bytes));
}

/* Prints one row of a table; the head comes before the first. VALUES has one
 * element for each field of SHAPE. */
void sg_out_row(struct sg_out *out, const struct sg_out_shape *shape,
                const struct sg_out_value values[]);

/* Prints one thing by itself: a line for each field. */
void sg_out_card(struct sg_out *out, const struct sg_out_shape *shape,
                 const struct sg_out_value values[]);

/* Ends the output: prints the legend of the last table, flushes.
 * Errors: IO (something did not reach the file, now or before). */
SG_USE_RESULT enum sg_err sg_out_end(struct sg_out *out);

/* Prints BYTES, which come from outside, to FILE: UTF-8 as it is, and control
 * characters, marks that turn the direction of writing, and bytes that are no
 * UTF-8 escaped. At most WIDTH characters, then "…"; 0 prints all. Returns how
 * many columns that took. */
int sg_out_shown(FILE *file, struct sg_bytes bytes, int width);

/* The JSON form, in out_json.c. */
void sg_out_json(struct sg_out *out, const struct sg_out_shape *shape,
                 const struct sg_out_value values[]);

#endif
