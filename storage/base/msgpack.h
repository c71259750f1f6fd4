/* A strict reader of canonical MessagePack, over borrowed bytes.
 *
 * The first thing that untrusted bytes meet (DESIGN.md D16). It allocates
 * nothing, and it accepts exactly one encoding of each value, so that what it
 * accepts, read and packed again (pack.h), is the same bytes:
 *
 *   - integers, lengths and counts in their shortest form; integers from 0 up
 *     in the unsigned forms;
 *   - no floats, no extension types; nil, booleans, strings, binaries, arrays
 *     and maps;
 *   - strings are UTF-8;
 *   - keys of a map are unsigned integers or strings, strictly ascending in
 *     the order of their encoded bytes, so none occurs twice. In that order
 *     come 0 to 127, strings up to 31 bytes, larger integers, longer strings;
 *   - at most SG_MSGPACK_DEPTH_MAX arrays and maps within each other;
 *   - an array or map claims no more items than bytes are left.
 *
 * The reader is a cursor with a sticky error: after the first failure every
 * call does nothing and gives 0 or no bytes. A decoder is straight lines with
 * one check at the end, and the rules above are checked as it goes:
 *
 *     sg_msgpack_init(&reader, bytes);
 *     count = sg_msgpack_read_array(&reader);
 *     kind = sg_msgpack_read_uint(&reader);
 *     name = sg_msgpack_read_str(&reader);
 *     while (count-- > 2)
 *         sg_msgpack_skip(&reader);
 *     return sg_msgpack_end(&reader);
 *
 * Errors of all reading calls: TRUNCATED when the bytes end too early or could
 * not hold what is claimed; MALFORMED for a type that does not exist here, as a
 * value or as a key; NOTCANONICAL for a longer form or for keys out of order;
 * TEXT; LIMIT for the depth; TYPE when the next value is of another type than
 * the call reads.
 */
#ifndef SG_STORAGE_BASE_MSGPACK_H
#define SG_STORAGE_BASE_MSGPACK_H

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

enum sg_msgpack_type {
    SG_MSGPACK_NONE, /* the end, a failure, or no type of ours */
    SG_MSGPACK_NIL,
    SG_MSGPACK_BOOL,
    SG_MSGPACK_UINT, /* 0 and up */
    SG_MSGPACK_INT,  /* below 0 */
    SG_MSGPACK_STR,
    SG_MSGPACK_BIN,
    SG_MSGPACK_ARRAY,
    SG_MSGPACK_MAP,
};

/* An array or a map that is being read. */
struct sg_msgpack_level {
    uint64_t items_left; /* keys and values both count */
    struct sg_bytes key; /* the last key as encoded; no bytes before it */
    bool is_map;
};

struct sg_msgpack {
    struct sg_bytes left; /* what is not yet read */
    enum sg_err err;      /* the first failure */
    unsigned depth;       /* levels in use; finished ones may still count */
    struct sg_msgpack_level levels[SG_MSGPACK_DEPTH_MAX];
};

/* Sets READER to the start of BYTES. Borrows: BYTES for as long as the reader,
 * and whatever it gives, is used. */
void sg_msgpack_init(struct sg_msgpack *reader, struct sg_bytes bytes);

/* Says what the next value is, without reading it. */
enum sg_msgpack_type sg_msgpack_peek(const struct sg_msgpack *reader);

void sg_msgpack_read_nil(struct sg_msgpack *reader);
bool sg_msgpack_read_bool(struct sg_msgpack *reader);
uint64_t sg_msgpack_read_uint(struct sg_msgpack *reader);

/* Reads an integer of either sign. Errors: also TYPE when it is beyond
 * INT64_MAX. */
int64_t sg_msgpack_read_int(struct sg_msgpack *reader);

/* Give the content, borrowed from the input. */
struct sg_bytes sg_msgpack_read_str(struct sg_msgpack *reader);
struct sg_bytes sg_msgpack_read_bin(struct sg_msgpack *reader);

/* Begin an array or a map: give how many items, or pairs of key and value,
 * follow. The caller reads or skips exactly these. */
uint32_t sg_msgpack_read_array(struct sg_msgpack *reader);
uint32_t sg_msgpack_read_map(struct sg_msgpack *reader);

/* Reads one whole value of any type and gives it as encoded, borrowed from the
 * input: to keep what a later version has added. */
struct sg_bytes sg_msgpack_skip(struct sg_msgpack *reader);

/* Records ERR as the reader's failure if it has none yet: for the decoder's
 * own findings, such as a code out of range. */
void sg_msgpack_fail(struct sg_msgpack *reader, enum sg_err err);

/* Ends the reading. Errors: the first failure; else TRAILING when bytes are
 * left over; else TRUNCATED when an array or map still lacks items. */
SG_USE_RESULT enum sg_err sg_msgpack_end(struct sg_msgpack *reader);

/* Checks that BYTES are one canonical value of at most SIZE_MAX bytes, and
 * nothing after it. Errors: as above; LIMIT when BYTES are more than that. */
SG_USE_RESULT enum sg_err sg_msgpack_check(struct sg_bytes bytes,
                                           size_t size_max);

#endif
