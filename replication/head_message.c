#include "replication/head_message.h"

#include <string.h>

#include "replication/field.h"
#include "storage/base/check.h"

/* Bits of the flags of heads, cells and tree. */
#define FLAG_AUTH     1u
#define FLAG_JUDGE    2u /* heads */
#define FLAG_WIDE     2u /* tree */
#define FLAG_COMPLETE 4u /* heads */
#define WIDTH_SHIFT   3  /* heads */

/* --- Pieces ------------------------------------------------------------ */

static void read_auth(struct sg_reader *reader, unsigned flags,
                      struct sg_head_message_auth *ret)
{
    ret->is_there = (flags & FLAG_AUTH) != 0;
    if (ret->is_there)
        sg_reader_copy(reader, ret->tag, sizeof ret->tag);
}

static void put_auth(struct sg_writer *writer,
                     const struct sg_head_message_auth *auth)
{
    if (auth->is_there)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(auth->tag));
}

static void read_claim(struct sg_reader *reader,
                       struct sg_head_message_claim *ret)
{
    ret->size = sg_reader_varint(reader);
    ret->short_by = sg_reader_varint(reader);
    sg_reader_copy(reader, ret->tag, sizeof ret->tag);
    if (ret->short_by > ret->size)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
}

static void put_claim(struct sg_writer *writer,
                      const struct sg_head_message_claim *claim)
{
    SG_ASSERT(claim->short_by <= claim->size);
    sg_writer_varint(writer, claim->size);
    sg_writer_varint(writer, claim->short_by);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(claim->tag));
}

/* Reads a count of things that are at most MAX and of which each takes a byte
 * at least, so that it is bounded by the body too. */
static uint32_t read_count(struct sg_reader *reader, uint32_t max)
{
    uint64_t count = sg_reader_varint(reader);

    if (count > max)
        sg_reader_fail(reader, SG_ERR_LIMIT);
    else if (count > reader->left.size)
        sg_reader_fail(reader, SG_ERR_TRUNCATED);
    return reader->err == SG_OK ? (uint32_t)count : 0;
}

/* Reads a short ref of WIDTH bits, written as the difference to LAST. */
static uint32_t read_ref(struct sg_reader *reader, unsigned width,
                         uint32_t last)
{
    uint64_t gap = sg_reader_varint(reader);
    uint64_t max = (UINT64_C(1) << width) - 1;

    if (gap > max - last) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
        return last;
    }
    return last + (uint32_t)gap;
}

/* Passes over COUNT short refs, which it gives as a reader of their own. With
 * IS_STRICT no two are equal. */
static struct sg_reader pass_refs(struct sg_reader *reader, unsigned width,
                                  uint32_t count, bool is_strict)
{
    struct sg_reader refs = *reader;
    uint32_t last = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t ref = read_ref(reader, width, last);

        if (is_strict && i > 0 && ref == last)
            sg_reader_fail(reader, SG_ERR_MALFORMED);
        last = ref;
    }
    refs.left.size -= reader->left.size;
    return refs;
}

static void put_refs(struct sg_writer *writer, const uint32_t refs[],
                     uint32_t count)
{
    uint32_t last = 0;

    for (uint32_t i = 0; i < count; i++) {
        SG_ASSERT(refs[i] >= last);
        sg_writer_varint(writer, refs[i] - last);
        last = refs[i];
    }
}

/* --- heads ------------------------------------------------------------- */

enum sg_err sg_head_message_heads_decode(
    struct sg_bytes body, struct sg_head_message_heads *ret_heads)
{
    struct sg_head_message_heads heads = {0};
    struct sg_head_message_claim claim;
    struct sg_reader reader;
    enum sg_err err;
    unsigned flags;

    sg_reader_init(&reader, body);
    flags = sg_reader_u8(&reader);
    heads.width = (flags >> WIDTH_SHIFT) + 1;
    heads.has_judge = (flags & FLAG_JUDGE) != 0;
    heads.is_complete = (flags & FLAG_COMPLETE) != 0;
    read_auth(&reader, flags, &heads.auth);
    heads.count = read_count(&reader, SG_HEADS_MAX);
    heads.left = heads.count;
    heads.refs = pass_refs(&reader, heads.width, heads.count, false);
    heads.claims = reader;
    for (uint32_t i = 0; i < heads.count; i++)
        read_claim(&reader, &claim);
    for (int i = 0; heads.has_judge && i < 2; i++) {
        heads.judge[i] = sg_reader_u32be(&reader);
        if (heads.judge[i] >= SG_FIELD_PRIME)
            sg_reader_fail(&reader, SG_ERR_NOTCANONICAL);
    }
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_heads = heads;
    return err;
}

bool sg_head_message_heads_next(struct sg_head_message_heads *heads,
                                uint32_t *ret_ref,
                                struct sg_head_message_claim *ret_claim)
{
    if (heads->left == 0)
        return false;
    heads->left--;
    heads->last = read_ref(&heads->refs, heads->width, heads->last);
    *ret_ref = heads->last;
    read_claim(&heads->claims, ret_claim);
    SG_ASSERT(heads->refs.err == SG_OK);
    SG_ASSERT(heads->claims.err == SG_OK);
    return true;
}

void sg_head_message_heads_encode(struct sg_writer *writer,
                                  const struct sg_head_message_heads *heads,
                                  const uint32_t refs[],
                                  const struct sg_head_message_claim claims[])
{
    unsigned flags = (heads->width - 1) << WIDTH_SHIFT;

    SG_ASSERT(heads->width >= 1);
    SG_ASSERT(heads->width <= 32);
    SG_ASSERT(heads->count <= SG_HEADS_MAX);
    flags |= heads->auth.is_there ? FLAG_AUTH : 0;
    flags |= heads->has_judge ? FLAG_JUDGE : 0;
    flags |= heads->is_complete ? FLAG_COMPLETE : 0;
    sg_writer_u8(writer, (uint8_t)flags);
    put_auth(writer, &heads->auth);
    sg_writer_varint(writer, heads->count);
    put_refs(writer, refs, heads->count);
    for (uint32_t i = 0; i < heads->count; i++)
        put_claim(writer, &claims[i]);
    for (int i = 0; heads->has_judge && i < 2; i++)
        sg_writer_u32be(writer, heads->judge[i]);
}

/* --- ask --------------------------------------------------------------- */

enum sg_err sg_head_message_ask_decode(struct sg_bytes body,
                                       struct sg_head_message_ask *ret_ask)
{
    struct sg_head_message_ask ask = {0};
    struct sg_reader reader;
    unsigned width;
    enum sg_err err;

    sg_reader_init(&reader, body);
    width = sg_reader_u8(&reader);
    if (width > 31)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    ask.width = (width & 31) + 1;
    ask.count = read_count(&reader, SG_ASKS_MAX);
    ask.left = ask.count;
    ask.refs = pass_refs(&reader, ask.width, ask.count, true);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_ask = ask;
    return err;
}

bool sg_head_message_ask_next(struct sg_head_message_ask *ask,
                              uint32_t *ret_ref)
{
    if (ask->left == 0)
        return false;
    ask->left--;
    ask->last = read_ref(&ask->refs, ask->width, ask->last);
    *ret_ref = ask->last;
    SG_ASSERT(ask->refs.err == SG_OK);
    return true;
}

void sg_head_message_ask_encode(struct sg_writer *writer, unsigned width,
                                const uint32_t refs[], uint32_t count)
{
    SG_ASSERT(width >= 1);
    SG_ASSERT(width <= 32);
    SG_ASSERT(count <= SG_ASKS_MAX);
    sg_writer_u8(writer, (uint8_t)(width - 1));
    sg_writer_varint(writer, count);
    put_refs(writer, refs, count);
}

/* --- introduce --------------------------------------------------------- */

/* Reads one log; a core that is none is the reader's failure. */
static void read_introduced(struct sg_reader *reader,
                            struct sg_log_core *ret_core,
                            struct sg_head_message_claim *ret_claim)
{
    struct sg_bytes core = sg_reader_take(reader, SG_LOG_CORE_SIZE);
    enum sg_err err = reader->err;

    if (err == SG_OK)
        err = sg_entry_core_decode(core, ret_core);
    if (err != SG_OK)
        sg_reader_fail(reader, err);
    read_claim(reader, ret_claim);
}

enum sg_err sg_head_message_introduce_decode(
    struct sg_bytes body, struct sg_head_message_introduce *ret_introduce)
{
    struct sg_head_message_claim claim;
    struct sg_log_core core;
    struct sg_reader reader;

    sg_reader_init(&reader, body);
    while (reader.err == SG_OK && reader.left.size > 0)
        read_introduced(&reader, &core, &claim);
    if (reader.err == SG_OK)
        sg_reader_init(&ret_introduce->left, body);
    return sg_reader_end(&reader);
}

bool sg_head_message_introduce_next(struct sg_head_message_introduce *introduce,
                                    struct sg_log_core *ret_core,
                                    struct sg_head_message_claim *ret_claim)
{
    if (introduce->left.left.size == 0)
        return false;
    read_introduced(&introduce->left, ret_core, ret_claim);
    SG_ASSERT(introduce->left.err == SG_OK);
    return true;
}

void sg_head_message_introduce_put(struct sg_writer *writer,
                                   const struct sg_log_core *core,
                                   const struct sg_head_message_claim *claim)
{
    uint8_t bytes[SG_LOG_CORE_SIZE];

    sg_entry_core_encode(core, bytes);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(bytes));
    put_claim(writer, claim);
}

/* --- cells, more ------------------------------------------------------- */

static void read_cell(struct sg_reader *reader, struct sg_head_cell *ret)
{
    for (int i = 0; i < 3; i++) {
        ret->sums[i] = sg_reader_u32be(reader);
        if (ret->sums[i] >= SG_FIELD_PRIME)
            sg_reader_fail(reader, SG_ERR_NOTCANONICAL);
    }
}

enum sg_err sg_head_message_cells_decode(
    struct sg_bytes body, struct sg_head_message_cells *ret_cells)
{
    struct sg_head_message_cells cells = {0};
    struct sg_head_cell cell;
    struct sg_reader reader;
    unsigned flags;
    uint64_t first;

    sg_reader_init(&reader, body);
    flags = sg_reader_u8(&reader);
    if ((flags & ~FLAG_AUTH) != 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    read_auth(&reader, flags, &cells.auth);
    first = sg_reader_varint(&reader);
    cells.left = reader;
    while (reader.err == SG_OK && reader.left.size > 0) {
        read_cell(&reader, &cell);
        cells.count++;
    }
    if (cells.count == 0)
        sg_reader_fail(&reader, SG_ERR_TRUNCATED);
    if (cells.count > SG_CELLS_MAX || first > SG_CELLS_MAX - cells.count)
        sg_reader_fail(&reader, SG_ERR_LIMIT);
    cells.first = (uint32_t)first;
    if (reader.err == SG_OK)
        *ret_cells = cells;
    return sg_reader_end(&reader);
}

bool sg_head_message_cells_next(struct sg_head_message_cells *cells,
                                struct sg_head_cell *ret_cell)
{
    if (cells->left.left.size == 0)
        return false;
    read_cell(&cells->left, ret_cell);
    SG_ASSERT(cells->left.err == SG_OK);
    return true;
}

void sg_head_message_cells_encode(struct sg_writer *writer,
                                  const struct sg_head_message_auth *auth,
                                  uint32_t first,
                                  const struct sg_head_cell cells[],
                                  uint32_t count)
{
    SG_ASSERT(count > 0);
    SG_ASSERT(first + count <= SG_CELLS_MAX);
    sg_writer_u8(writer, auth->is_there ? FLAG_AUTH : 0);
    put_auth(writer, auth);
    sg_writer_varint(writer, first);
    for (uint32_t i = 0; i < count; i++) {
        for (int k = 0; k < 3; k++)
            sg_writer_u32be(writer, cells[i].sums[k]);
    }
}

enum sg_err sg_head_message_more_decode(struct sg_bytes body, uint32_t *ret_to)
{
    struct sg_reader reader;
    enum sg_err err;
    uint64_t to;

    sg_reader_init(&reader, body);
    to = sg_reader_varint(&reader);
    err = sg_reader_end(&reader);
    if (err == SG_OK && to == 0)
        err = SG_ERR_MALFORMED;
    if (err == SG_OK && to > SG_CELLS_MAX)
        err = SG_ERR_LIMIT;
    if (err == SG_OK)
        *ret_to = (uint32_t)to;
    return err;
}

void sg_head_message_more_encode(struct sg_writer *writer, uint32_t to)
{
    SG_ASSERT(to > 0);
    SG_ASSERT(to <= SG_CELLS_MAX);
    sg_writer_varint(writer, to);
}

/* --- tree -------------------------------------------------------------- */

static void read_prefix(struct sg_reader *reader, struct sg_head_prefix *ret)
{
    *ret = (struct sg_head_prefix){.nibbles = sg_reader_u8(reader)};
    if (ret->nibbles > SG_HEAD_NIBBLES_MAX) {
        sg_reader_fail(reader, SG_ERR_MALFORMED);
        return;
    }
    sg_reader_copy(reader, ret->id.bytes, (ret->nibbles + 1u) / 2);
    if (ret->nibbles % 2 == 1 && (ret->id.bytes[ret->nibbles / 2] & 15) != 0)
        sg_reader_fail(reader, SG_ERR_NOTCANONICAL);
}

/* Says whether SIZE first bytes of an id, at least as far as they go, begin
 * with PREFIX. */
static bool has_prefix(const uint8_t *id, size_t size,
                       const struct sg_head_prefix *prefix)
{
    size_t whole = prefix->nibbles / 2;

    if (whole >= size)
        return memcmp(id, prefix->id.bytes, size) == 0;
    return memcmp(id, prefix->id.bytes, whole) == 0 &&
           (prefix->nibbles % 2 == 0 ||
            (id[whole] & 0xf0) == prefix->id.bytes[whole]);
}

static void read_listed(struct sg_reader *reader, bool is_wide,
                        struct sg_head_message_listed *ret)
{
    memset(ret, 0, sizeof *ret);
    if (!is_wide) {
        ret->ref = sg_reader_u32be(reader);
        read_claim(reader, &ret->claim);
        return;
    }
    sg_reader_copy(reader, ret->id.hash.bytes, sizeof ret->id.hash.bytes);
    ret->claim.size = sg_reader_varint(reader);
    sg_reader_copy(reader, ret->root.bytes, sizeof ret->root.bytes);
    ret->ref = sg_bytes_get_u32be(ret->id.hash.bytes);
}

/* Passes over the logs of a list: they lie below its prefix, ascending. */
static void pass_list(struct sg_reader *reader,
                      struct sg_head_message_record *record)
{
    struct sg_head_message_listed last = {0}, next;

    record->count = read_count(reader, SG_TREE_LIST_MAX);
    record->left = record->count;
    record->logs = *reader;
    for (uint32_t i = 0; i < record->count; i++) {
        uint8_t ref[4];

        read_listed(reader, record->is_wide, &next);
        sg_bytes_put_u32be(ref, next.ref);
        if (next.ref < last.ref ||
            (record->is_wide && i > 0 &&
             memcmp(&next.id, &last.id, sizeof next.id) <= 0) ||
            !(record->is_wide
                  ? has_prefix(next.id.hash.bytes, 32, &record->prefix)
                  : has_prefix(ref, sizeof ref, &record->prefix)))
            sg_reader_fail(reader, SG_ERR_MALFORMED);
        last = next;
    }
}

static void read_record(struct sg_reader *reader, bool is_wide,
                        struct sg_head_message_record *ret)
{
    unsigned kind = sg_reader_u8(reader);

    *ret = (struct sg_head_message_record){.is_wide = is_wide};
    ret->kind = (enum sg_head_record_kind)kind;
    read_prefix(reader, &ret->prefix);
    if (kind == SG_HEAD_RECORD_LIST || kind == SG_HEAD_RECORD_ANSWER) {
        pass_list(reader, ret);
        return;
    }
    ret->bitmap = sg_reader_u16be(reader);
    ret->hashes = sg_reader_take(
        reader, (size_t)__builtin_popcount(ret->bitmap) *
                    (is_wide ? SG_HEAD_WIDE_SIZE : SG_HEAD_NARROW_SIZE));
    if (kind != SG_HEAD_RECORD_NODE || ret->bitmap == 0 ||
        ret->prefix.nibbles == SG_HEAD_NIBBLES_MAX)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
}

enum sg_err sg_head_message_tree_decode(struct sg_bytes body,
                                        struct sg_head_message_tree *ret_tree)
{
    struct sg_head_message_tree tree = {0};
    struct sg_head_message_record record;
    struct sg_reader reader;
    unsigned flags;

    sg_reader_init(&reader, body);
    flags = sg_reader_u8(&reader);
    if ((flags & ~(FLAG_AUTH | FLAG_WIDE)) != 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    tree.is_wide = (flags & FLAG_WIDE) != 0;
    read_auth(&reader, flags, &tree.auth);
    tree.left = reader;
    if (reader.left.size == 0)
        sg_reader_fail(&reader, SG_ERR_TRUNCATED);
    while (reader.err == SG_OK && reader.left.size > 0)
        read_record(&reader, tree.is_wide, &record);
    if (reader.err == SG_OK)
        *ret_tree = tree;
    return sg_reader_end(&reader);
}

bool sg_head_message_tree_next(struct sg_head_message_tree *tree,
                               struct sg_head_message_record *ret_record)
{
    if (tree->left.left.size == 0)
        return false;
    read_record(&tree->left, tree->is_wide, ret_record);
    SG_ASSERT(tree->left.err == SG_OK);
    return true;
}

bool sg_head_message_record_next(struct sg_head_message_record *record,
                                 struct sg_head_message_listed *ret_listed)
{
    if (record->left == 0)
        return false;
    record->left--;
    read_listed(&record->logs, record->is_wide, ret_listed);
    SG_ASSERT(record->logs.err == SG_OK);
    return true;
}

void sg_head_message_tree_begin(struct sg_writer *writer,
                                const struct sg_head_message_auth *auth,
                                bool is_wide)
{
    sg_writer_u8(writer, (uint8_t)((auth->is_there ? FLAG_AUTH : 0) |
                                   (is_wide ? FLAG_WIDE : 0)));
    put_auth(writer, auth);
}

static void put_prefix(struct sg_writer *writer, enum sg_head_record_kind kind,
                       const struct sg_head_prefix *prefix)
{
    sg_writer_u8(writer, (uint8_t)kind);
    sg_writer_u8(writer, prefix->nibbles);
    sg_writer_bytes(writer,
                    sg_bytes(prefix->id.bytes, (prefix->nibbles + 1u) / 2));
}

void sg_head_message_tree_node(struct sg_writer *writer, bool is_wide,
                               const struct sg_head_prefix *prefix,
                               uint16_t bitmap, const struct sg_hash hashes[])
{
    SG_ASSERT(bitmap != 0);
    put_prefix(writer, SG_HEAD_RECORD_NODE, prefix);
    sg_writer_u16be(writer, bitmap);
    for (unsigned c = 0; c < 16; c++) {
        if (bitmap >> c & 1)
            sg_writer_bytes(writer, sg_bytes(hashes[c].bytes,
                                             is_wide ? SG_HEAD_WIDE_SIZE
                                                     : SG_HEAD_NARROW_SIZE));
    }
}

void sg_head_message_tree_list(struct sg_writer *writer,
                               enum sg_head_record_kind kind,
                               const struct sg_head_prefix *prefix,
                               uint32_t count)
{
    SG_ASSERT(kind != SG_HEAD_RECORD_NODE);
    SG_ASSERT(count <= SG_TREE_LIST_MAX);
    put_prefix(writer, kind, prefix);
    sg_writer_varint(writer, count);
}

void sg_head_message_tree_log(struct sg_writer *writer, bool is_wide,
                              const struct sg_head_message_listed *listed)
{
    if (!is_wide) {
        sg_writer_u32be(writer, listed->ref);
        put_claim(writer, &listed->claim);
        return;
    }
    sg_writer_bytes(writer, SG_BYTES_ARRAY(listed->id.hash.bytes));
    sg_writer_varint(writer, listed->claim.size);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(listed->root.bytes));
}

/* --- root, mine -------------------------------------------------------- */

enum sg_err sg_head_message_root_decode(struct sg_bytes body,
                                        struct sg_head_message_root *ret_root)
{
    struct sg_head_message_root root;
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, root.root, sizeof root.root);
    sg_reader_copy(&reader, root.auth_tag, sizeof root.auth_tag);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_root = root;
    return err;
}

void sg_head_message_root_encode(struct sg_writer *writer,
                                 const struct sg_head_message_root *root)
{
    sg_writer_bytes(writer, SG_BYTES_ARRAY(root->root));
    sg_writer_bytes(writer, SG_BYTES_ARRAY(root->auth_tag));
}

enum sg_err sg_head_message_mine_decode(struct sg_bytes body,
                                        struct sg_head_message_mine *ret_mine)
{
    struct sg_head_message_mine mine;
    struct sg_reader reader;
    unsigned flags;
    enum sg_err err;

    sg_reader_init(&reader, body);
    flags = sg_reader_u8(&reader);
    if (flags > 1)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    mine.is_answer = flags == 1;
    sg_reader_copy(&reader, mine.heads, sizeof mine.heads);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_mine = mine;
    return err;
}

void sg_head_message_mine_encode(struct sg_writer *writer,
                                 const struct sg_head_message_mine *mine)
{
    sg_writer_u8(writer, mine->is_answer);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(mine->heads));
}
