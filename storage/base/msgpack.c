#include "storage/base/msgpack.h"

#include "storage/base/check.h"
#include "storage/base/text.h"

/* Every value of every record comes through these: together they are an eighth
 * of its reading faster in one piece (RECORDS.md, enrolments). Unoptimised they
 * stay functions, so that coverage counts each once. */
#ifdef __OPTIMIZE__
#define HOT __attribute__((always_inline))
#else
#define HOT
#endif

/* What one byte begins. For 0xc0 to 0xdf a big-endian argument of WIDTH bytes
 * follows; it is not shorter to say when it is at least MIN (for negative
 * integers: when the value is below -MIN). */
struct lead {
    enum sg_msgpack_type type;
    uint8_t width;
    uint64_t min;
};

/* The head of the next value: VALUE is the integer (negative ones as two's
 * complement), the boolean, the length or the count. */
struct head {
    enum sg_msgpack_type type;
    size_t size;
    uint64_t value;
};

static const struct lead leads[32] = {
    {SG_MSGPACK_NIL, 0, 0},                      /* c0 */
    {SG_MSGPACK_NONE, 0, 0},                     /* c1 never used */
    {SG_MSGPACK_BOOL, 0, 0},                     /* c2 false */
    {SG_MSGPACK_BOOL, 0, 0},                     /* c3 true */
    {SG_MSGPACK_BIN, 1, 0},                      /* c4 */
    {SG_MSGPACK_BIN, 2, 0x100},                  /* c5 */
    {SG_MSGPACK_BIN, 4, 0x10000},                /* c6 */
    {SG_MSGPACK_NONE, 0, 0},                     /* c7 to c9 extensions */
    {SG_MSGPACK_NONE, 0, 0},                     /* c8 */
    {SG_MSGPACK_NONE, 0, 0},                     /* c9 */
    {SG_MSGPACK_NONE, 0, 0},                     /* ca, cb floats */
    {SG_MSGPACK_NONE, 0, 0},                     /* cb */
    {SG_MSGPACK_UINT, 1, 0x80},                  /* cc */
    {SG_MSGPACK_UINT, 2, 0x100},                 /* cd */
    {SG_MSGPACK_UINT, 4, 0x10000},               /* ce */
    {SG_MSGPACK_UINT, 8, UINT64_C(0x100000000)}, /* cf */
    {SG_MSGPACK_INT, 1, 0x20},                   /* d0 */
    {SG_MSGPACK_INT, 2, 0x80},                   /* d1 */
    {SG_MSGPACK_INT, 4, 0x8000},                 /* d2 */
    {SG_MSGPACK_INT, 8, 0x80000000},             /* d3 */
    {SG_MSGPACK_NONE, 0, 0},                     /* d4 to d8 extensions */
    {SG_MSGPACK_NONE, 0, 0},                     /* d5 */
    {SG_MSGPACK_NONE, 0, 0},                     /* d6 */
    {SG_MSGPACK_NONE, 0, 0},                     /* d7 */
    {SG_MSGPACK_NONE, 0, 0},                     /* d8 */
    {SG_MSGPACK_STR, 1, 0x20},                   /* d9 */
    {SG_MSGPACK_STR, 2, 0x100},                  /* da */
    {SG_MSGPACK_STR, 4, 0x10000},                /* db */
    {SG_MSGPACK_ARRAY, 2, 0x10},                 /* dc */
    {SG_MSGPACK_ARRAY, 4, 0x10000},              /* dd */
    {SG_MSGPACK_MAP, 2, 0x10},                   /* de */
    {SG_MSGPACK_MAP, 4, 0x10000},                /* df */
};

void sg_msgpack_init(struct sg_msgpack *reader, struct sg_bytes bytes)
{
    reader->left = bytes;
    reader->err = SG_OK;
    reader->depth = 0;
}

void sg_msgpack_fail(struct sg_msgpack *reader, enum sg_err err)
{
    SG_ASSERT(err != SG_OK);
    if (reader->err == SG_OK)
        reader->err = err;
}

/* Returns the head that a single byte says whole: everything below 0xc0, and
 * 0xe0 and above. */
static inline HOT struct head short_head(uint8_t byte)
{
    if (byte < 0x80)
        return (struct head){SG_MSGPACK_UINT, 1, byte};
    if (byte < 0x90)
        return (struct head){SG_MSGPACK_MAP, 1, byte & 0x0fu};
    if (byte < 0xa0)
        return (struct head){SG_MSGPACK_ARRAY, 1, byte & 0x0fu};
    if (byte < 0xc0)
        return (struct head){SG_MSGPACK_STR, 1, byte & 0x1fu};
    return (struct head){SG_MSGPACK_INT, 1, (uint64_t)(int64_t)(int8_t)byte};
}

/* Returns the big-endian value of WIDTH bytes at FROM, with the sign extended
 * if IS_SIGNED. */
static uint64_t argument(const uint8_t *from, size_t width, bool is_signed)
{
    uint64_t value = is_signed && from[0] >= 0x80 ? UINT64_MAX : 0;

    for (size_t i = 0; i < width; i++)
        value = value << 8 | from[i];
    return value;
}

static bool is_shortest(const struct lead *lead, uint64_t value)
{
    if (lead->type == SG_MSGPACK_INT)
        return (int64_t)value < -(int64_t)lead->min;
    return value >= lead->min;
}

/* Reads the head of a value that takes more than one byte. */
static enum sg_err long_head(struct sg_bytes bytes, struct head *ret_head)
{
    const struct lead *lead = &leads[bytes.data[0] - 0xc0];
    bool is_signed = lead->type == SG_MSGPACK_INT;
    struct head head = {lead->type, 1u + lead->width, 0};

    if (lead->type == SG_MSGPACK_NONE)
        return SG_ERR_MALFORMED;
    if (bytes.size < head.size)
        return SG_ERR_TRUNCATED;
    if (lead->width > 0)
        head.value = argument(bytes.data + 1, lead->width, is_signed);
    else
        head.value = bytes.data[0] & 1; /* c2, c3; nil has no value */
    if (!is_shortest(lead, head.value))
        return SG_ERR_NOTCANONICAL;
    *ret_head = head;
    return SG_OK;
}

static inline HOT enum sg_err read_head(struct sg_bytes bytes,
                                        struct head *ret_head)
{
    if (bytes.size == 0)
        return SG_ERR_TRUNCATED;
    if (bytes.data[0] >= 0xc0 && bytes.data[0] < 0xe0)
        return long_head(bytes, ret_head);
    *ret_head = short_head(bytes.data[0]);
    return SG_OK;
}

/* Returns how many bytes of content, and how many items, follow HEAD. */
static inline HOT uint64_t content_size(const struct head *head)
{
    bool has = head->type == SG_MSGPACK_STR || head->type == SG_MSGPACK_BIN;

    return has ? head->value : 0;
}

static inline HOT uint64_t item_count(const struct head *head)
{
    if (head->type == SG_MSGPACK_MAP)
        return head->value * 2;
    return head->type == SG_MSGPACK_ARRAY ? head->value : 0;
}

static inline HOT bool is_container(const struct head *head)
{
    return head->type == SG_MSGPACK_ARRAY || head->type == SG_MSGPACK_MAP;
}

/* Checks what follows HEAD against the bytes LEFT after it. */
static inline HOT enum sg_err check_content(const struct sg_msgpack *reader,
                                            const struct head *head,
                                            struct sg_bytes left)
{
    if (content_size(head) > left.size || item_count(head) > left.size)
        return SG_ERR_TRUNCATED;
    left.size = (size_t)content_size(head);
    if (head->type == SG_MSGPACK_STR && !sg_text_is_utf8(left))
        return SG_ERR_TEXT;
    if (is_container(head) && reader->depth == SG_MSGPACK_DEPTH_MAX)
        return SG_ERR_LIMIT;
    return SG_OK;
}

/* Checks the next item, ENCODED as a whole unless it is a container, in its
 * place in LEVEL, and counts it. */
static inline HOT enum sg_err place(struct sg_msgpack_level *level,
                                    const struct head *head,
                                    struct sg_bytes encoded)
{
    bool is_key = level->is_map && level->items_left % 2 == 0;

    level->items_left--;
    if (!is_key)
        return SG_OK;
    if (head->type != SG_MSGPACK_UINT && head->type != SG_MSGPACK_STR)
        return SG_ERR_MALFORMED;
    if (sg_bytes_compare(level->key, encoded) >= 0)
        return SG_ERR_NOTCANONICAL;
    level->key = encoded;
    return SG_OK;
}

/* Leaves the arrays and maps that have been read to their end. */
static inline HOT void leave(struct sg_msgpack *reader)
{
    while (reader->depth > 0 &&
           reader->levels[reader->depth - 1].items_left == 0)
        reader->depth--;
}

static inline HOT void enter(struct sg_msgpack *reader, const struct head *head)
{
    SG_ASSERT(reader->depth < SG_MSGPACK_DEPTH_MAX);
    reader->levels[reader->depth++] = (struct sg_msgpack_level){
        .items_left = item_count(head),
        .is_map = head->type == SG_MSGPACK_MAP,
    };
}

static inline HOT enum sg_err read_item(struct sg_msgpack *reader,
                                        struct head *ret_head,
                                        struct sg_bytes *ret_encoded)
{
    struct sg_bytes encoded = reader->left;
    struct sg_bytes left;
    enum sg_err err = read_head(reader->left, ret_head);

    if (err != SG_OK)
        return err;
    left =
        sg_bytes(encoded.data + ret_head->size, encoded.size - ret_head->size);
    leave(reader);
    err = check_content(reader, ret_head, left);
    if (err != SG_OK)
        return err;
    encoded.size = ret_head->size + (size_t)content_size(ret_head);
    if (reader->depth > 0)
        err = place(&reader->levels[reader->depth - 1], ret_head, encoded);
    *ret_encoded = encoded;
    return err;
}

/* Moves over the next value, or into it if it is a container. Returns false
 * after a failure. */
static bool next(struct sg_msgpack *reader, struct head *ret_head,
                 struct sg_bytes *ret_encoded)
{
    enum sg_err err;

    if (reader->err != SG_OK)
        return false;
    err = read_item(reader, ret_head, ret_encoded);
    if (err != SG_OK) {
        sg_msgpack_fail(reader, err);
        return false;
    }
    reader->left.data += ret_encoded->size;
    reader->left.size -= ret_encoded->size;
    if (is_container(ret_head))
        enter(reader, ret_head);
    return true;
}

/* Reads the next value, which must be of TYPE, and returns its head's value
 * and its content; zeros after a failure. */
static uint64_t next_of(struct sg_msgpack *reader, enum sg_msgpack_type type,
                        struct sg_bytes *ret_content)
{
    struct head head;
    struct sg_bytes encoded;

    *ret_content = (struct sg_bytes){0};
    if (!next(reader, &head, &encoded))
        return 0;
    if (head.type != type) {
        sg_msgpack_fail(reader, SG_ERR_TYPE);
        return 0;
    }
    *ret_content = sg_bytes(encoded.data + head.size, encoded.size - head.size);
    return head.value;
}

enum sg_msgpack_type sg_msgpack_peek(const struct sg_msgpack *reader)
{
    uint8_t byte;

    if (reader->err != SG_OK || reader->left.size == 0)
        return SG_MSGPACK_NONE;
    byte = reader->left.data[0];
    if (byte >= 0xc0 && byte < 0xe0)
        return leads[byte - 0xc0].type;
    return short_head(byte).type;
}

void sg_msgpack_read_nil(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    (void)next_of(reader, SG_MSGPACK_NIL, &content);
}

bool sg_msgpack_read_bool(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    return next_of(reader, SG_MSGPACK_BOOL, &content) != 0;
}

uint64_t sg_msgpack_read_uint(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    return next_of(reader, SG_MSGPACK_UINT, &content);
}

int64_t sg_msgpack_read_int(struct sg_msgpack *reader)
{
    struct sg_bytes content;
    uint64_t value;

    if (sg_msgpack_peek(reader) == SG_MSGPACK_INT)
        return (int64_t)next_of(reader, SG_MSGPACK_INT, &content);
    value = next_of(reader, SG_MSGPACK_UINT, &content);
    if (value <= INT64_MAX)
        return (int64_t)value;
    sg_msgpack_fail(reader, SG_ERR_TYPE);
    return 0;
}

struct sg_bytes sg_msgpack_read_str(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    (void)next_of(reader, SG_MSGPACK_STR, &content);
    return content;
}

struct sg_bytes sg_msgpack_read_bin(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    (void)next_of(reader, SG_MSGPACK_BIN, &content);
    return content;
}

uint32_t sg_msgpack_read_array(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    return (uint32_t)next_of(reader, SG_MSGPACK_ARRAY, &content);
}

uint32_t sg_msgpack_read_map(struct sg_msgpack *reader)
{
    struct sg_bytes content;

    return (uint32_t)next_of(reader, SG_MSGPACK_MAP, &content);
}

struct sg_bytes sg_msgpack_skip(struct sg_msgpack *reader)
{
    struct sg_bytes value = reader->left;
    struct sg_bytes encoded;
    struct head head;
    uint64_t items = 1;

    while (items > 0) {
        if (!next(reader, &head, &encoded))
            return (struct sg_bytes){0};
        items += item_count(&head) - 1;
    }
    value.size -= reader->left.size;
    return value;
}

enum sg_err sg_msgpack_end(struct sg_msgpack *reader)
{
    leave(reader);
    if (reader->left.size > 0)
        sg_msgpack_fail(reader, SG_ERR_TRAILING);
    if (reader->depth > 0)
        sg_msgpack_fail(reader, SG_ERR_TRUNCATED);
    return reader->err;
}

enum sg_err sg_msgpack_check(struct sg_bytes bytes, size_t size_max)
{
    struct sg_msgpack reader;

    if (bytes.size > size_max)
        return SG_ERR_LIMIT;
    sg_msgpack_init(&reader, bytes);
    (void)sg_msgpack_skip(&reader);
    return sg_msgpack_end(&reader);
}
