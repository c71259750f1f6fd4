#include "storage/lmdb/set.h"

#include <string.h>

#include "storage/base/check.h"

/* A row: its key is not above its members, and begins as they all do. Its
 * value: u8 how many bytes those are, then what each goes on with. */
struct row {
    const uint8_t *key; /* as long as a member */
    size_t size;
    size_t shared;
    size_t width; /* of what is not shared */
    const uint8_t *tails;
    size_t count;
};

/* --- reading ----------------------------------------------------------- */

static bool decode(struct sg_txn *txn, size_t size, struct sg_bytes key,
                   struct sg_bytes value, struct row *ret)
{
    *ret = (struct row){.key = key.data, .size = size};
    if (key.size == size && value.size > 1 && value.data[0] < size) {
        ret->shared = value.data[0];
        ret->width = size - ret->shared;
        ret->tails = value.data + 1;
        ret->count = (value.size - 1) / ret->width;
    }
    if (ret->count > 0 && ret->count <= SG_SET_ROW_COUNT &&
        ret->count * ret->width == value.size - 1)
        return true;
    (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
    return false;
}

static void member_at(const struct row *row, size_t at, uint8_t *ret)
{
    memcpy(ret, row->key, row->shared);
    memcpy(ret + row->shared, row->tails + at * row->width, row->width);
}

/* Gives the first place in ROW whose member is not below FROM, as long as one.
 */
static size_t find(const struct row *row, const uint8_t *from)
{
    int order = memcmp(row->key, from, row->shared);
    size_t begin = 0, count = row->count;

    if (order != 0)
        return order > 0 ? 0 : row->count;
    from += row->shared;
    while (count > 0) {
        size_t half = count / 2;

        if (memcmp(row->tails + (begin + half) * row->width, from, row->width) <
            0) {
            begin += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return begin;
}

/* Gives the row where MEMBER lies or belongs, if there is any row: the last
 * that begins not above it, else the first. */
static bool row_of(struct sg_txn *txn, unsigned db, struct sg_bytes member,
                   struct row *ret)
{
    struct sg_bytes key, value;

    if (!sg_txn_seek_back(txn, db, member, &key, &value) &&
        !sg_txn_seek(txn, db, member, &key, &value))
        return false;
    return decode(txn, member.size, key, value, ret);
}

/* --- walking ----------------------------------------------------------- */

static void enter(struct sg_set_walk *walk, const struct row *row, size_t at)
{
    walk->tails = row->tails;
    walk->width = row->width;
    walk->count = row->count;
    walk->at = at;
    member_at(row, at, walk->member);
}

static bool next_row(struct sg_set_walk *walk)
{
    struct sg_bytes key, value;
    struct row row;

    if (!sg_txn_next(walk->txn, walk->db, &key, &value) ||
        !decode(walk->txn, walk->size, key, value, &row))
        return false;
    enter(walk, &row, 0);
    return true;
}

bool sg_set_seek(struct sg_txn *txn, unsigned db, size_t size,
                 struct sg_bytes from, struct sg_set_walk *ret_walk)
{
    struct sg_set_walk *walk = ret_walk;
    uint8_t whole[SG_SET_MEMBER_MAX] = {0};
    struct row row;
    size_t at;

    SG_ASSERT(size > 0);
    SG_ASSERT(size <= SG_SET_MEMBER_MAX);
    SG_ASSERT(from.size <= size);
    if (from.size > 0)
        memcpy(whole, from.data, from.size);
    *walk = (struct sg_set_walk){.txn = txn, .db = db, .size = size};
    if (!row_of(txn, db, sg_bytes(whole, size), &row))
        return false;
    at = find(&row, whole);
    if (at == row.count)
        return next_row(walk);
    enter(walk, &row, at);
    return true;
}

bool sg_set_next(struct sg_set_walk *walk)
{
    if (walk->at + 1 == walk->count)
        return next_row(walk);
    walk->at++;
    memcpy(walk->member + walk->size - walk->width,
           walk->tails + walk->at * walk->width, walk->width);
    return true;
}

/* --- writing ----------------------------------------------------------- */

/* Members in the clear, ascending. */
typedef uint8_t members[SG_SET_ROW_COUNT + 1][SG_SET_MEMBER_MAX];

static size_t common(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t count = 0;

    while (count < size && a[count] == b[count])
        count++;
    return count;
}

/* What a row with KEY and LAST as its last member writes once; a tail has a
 * byte at least. */
static size_t shared_of(const uint8_t *key, const uint8_t *last, size_t size)
{
    return common(key, last, size - 1);
}

static bool fits(size_t count, size_t width)
{
    return count <= SG_SET_ROW_COUNT && 1 + count * width <= SG_SET_ROW_MAX;
}

/* Writes COUNT members from FIRST on as a row under KEY. */
static void write_row(struct sg_txn *txn, unsigned db, const uint8_t *key,
                      uint8_t (*first)[SG_SET_MEMBER_MAX], size_t count,
                      size_t size, bool is_last)
{
    uint8_t value[SG_SET_ROW_MAX];
    size_t shared = shared_of(key, first[count - 1], size);
    size_t width = size - shared;
    struct sg_bytes bytes = sg_bytes(value, 1 + count * width);

    SG_ASSERT(fits(count, width));
    value[0] = (uint8_t)shared;
    for (size_t i = 0; i < count; i++)
        memcpy(value + 1 + i * width, first[i] + shared, width);
    if (is_last)
        sg_txn_append(txn, db, sg_bytes(key, size), bytes);
    else
        sg_txn_put(txn, db, sg_bytes(key, size), bytes);
}

/* Writes COUNT members under KEY and, where they are too many for one row, the
 * upper half of them under their first. */
static void write_rows(struct sg_txn *txn, unsigned db, const uint8_t *key,
                       uint8_t (*list)[SG_SET_MEMBER_MAX], size_t count,
                       size_t size)
{
    size_t half = count / 2;

    if (fits(count, size - shared_of(key, list[count - 1], size))) {
        write_row(txn, db, key, list, count, size, false);
        return;
    }
    write_rows(txn, db, key, list, half, size);
    write_rows(txn, db, list[half], list + half, count - half, size);
}

/* Puts MEMBER into ROW at AT where no more than that changes; false when the
 * row has to be made anew. */
static bool put_tail(struct sg_txn *txn, unsigned db, const struct row *row,
                     size_t at, const uint8_t *member)
{
    uint8_t value[SG_SET_ROW_MAX], key[SG_SET_MEMBER_MAX];
    size_t before = at * row->width, all = row->count * row->width;

    if (memcmp(row->key, member, row->shared) != 0 ||
        memcmp(row->key, member, row->size) > 0 ||
        !fits(row->count + 1, row->width))
        return false;
    value[0] = (uint8_t)row->shared;
    memcpy(key, row->key, row->size);
    memcpy(value + 1, row->tails, before);
    memcpy(value + 1 + before, member + row->shared, row->width);
    memcpy(value + 1 + before + row->width, row->tails + before, all - before);
    sg_txn_put(txn, db, sg_bytes(key, row->size),
               sg_bytes(value, 1 + all + row->width));
    return true;
}

/* The same for any row and MEMBER. */
static void put_anew(struct sg_txn *txn, unsigned db, const struct row *row,
                     size_t at, const uint8_t *member)
{
    members list;
    uint8_t key[SG_SET_MEMBER_MAX];
    size_t size = row->size, count = row->count;

    for (size_t i = 0; i < count; i++)
        member_at(row, i, list[i + (i >= at)]);
    memcpy(list[at], member, size);
    memcpy(key, row->key, size);
    if (memcmp(member, key, size) < 0) {
        sg_txn_del(txn, db, sg_bytes(key, size));
        memcpy(key, member, size);
    }
    write_rows(txn, db, key, list, count + 1, size);
}

static bool is_at(const struct row *row, size_t at, const uint8_t *member)
{
    return at < row->count && memcmp(row->key, member, row->shared) == 0 &&
           memcmp(row->tails + at * row->width, member + row->shared,
                  row->width) == 0;
}

void sg_set_put(struct sg_txn *txn, unsigned db, struct sg_bytes member)
{
    struct row row;
    size_t at;

    SG_ASSERT(member.size > 0);
    SG_ASSERT(member.size <= SG_SET_MEMBER_MAX);
    if (!row_of(txn, db, member, &row)) {
        members list;

        memcpy(list[0], member.data, member.size);
        if (sg_txn_err(txn) == SG_OK)
            write_row(txn, db, list[0], list, 1, member.size, false);
        return;
    }
    at = find(&row, member.data);
    if (!is_at(&row, at, member.data) &&
        !put_tail(txn, db, &row, at, member.data))
        put_anew(txn, db, &row, at, member.data);
}

void sg_set_del(struct sg_txn *txn, unsigned db, struct sg_bytes member)
{
    uint8_t value[SG_SET_ROW_MAX], key[SG_SET_MEMBER_MAX];
    struct row row;
    size_t at, before, all;

    if (!row_of(txn, db, member, &row))
        return;
    at = find(&row, member.data);
    if (!is_at(&row, at, member.data))
        return;
    memcpy(key, row.key, row.size);
    if (row.count == 1) {
        sg_txn_del(txn, db, sg_bytes(key, row.size));
        return;
    }
    before = at * row.width;
    all = row.count * row.width;
    value[0] = (uint8_t)row.shared;
    memcpy(value + 1, row.tails, before);
    memcpy(value + 1 + before, row.tails + before + row.width,
           all - before - row.width);
    sg_txn_put(txn, db, sg_bytes(key, row.size),
               sg_bytes(value, 1 + all - row.width));
}

/* --- in bulk ----------------------------------------------------------- */

void sg_set_append(struct sg_txn *txn, unsigned db, struct sg_set_fill *fill,
                   struct sg_bytes member)
{
    SG_ASSERT(member.size > 0);
    SG_ASSERT(member.size <= SG_SET_MEMBER_MAX);
    if (fill->count > 0 &&
        !fits(fill->count + 1,
              member.size -
                  shared_of(fill->members[0], member.data, member.size)))
        sg_set_append_end(txn, db, fill);
    fill->size = member.size;
    memcpy(fill->members[fill->count++], member.data, member.size);
}

void sg_set_append_end(struct sg_txn *txn, unsigned db,
                       struct sg_set_fill *fill)
{
    if (fill->count > 0)
        write_row(txn, db, fill->members[0], fill->members, fill->count,
                  fill->size, true);
    fill->count = 0;
}
