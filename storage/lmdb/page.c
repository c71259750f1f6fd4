#include "storage/lmdb/page.h"

#include <stdint.h>
#include <string.h>

#include "storage/lmdb/guard.h"

#define PAGE          4096u
#define HEAD          16u
#define NODE_HEAD     8u
#define AT_FLAGS      10u
#define AT_LOWER      12u
#define AT_UPPER      14u
#define AT_COUNT      12u /* of pages, u32, on an overflow page */
#define BRANCH        0x01u
#define LEAF          0x02u
#define OVERFLOW      0x04u
#define NODE_BIG      0x01u /* the value is the number of an overflow page */
#define NODE_DATABASE 0x02u /* the value describes a database */
#define DATABASE_SIZE 48u
#define AT_TREE_FLAGS 4u /* in the description of a database */
#define AT_ROOT       40u
#define INTEGER_KEYS  0x08u /* of the tree of free pages */
#define AT_DATABASES  40u   /* two of them on a meta page: free pages, main */
#define AT_LAST_PAGE  136u  /* of a meta page */
#define AT_TXN        144u
#define EMPTY         UINT64_MAX
#define DEPTH_MAX     32u

static unsigned u16_at(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t u32_at(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t u64_at(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

_Static_assert(SG_PAGE_METAS_SIZE == 2 * PAGE, "two meta pages");

enum sg_err sg_page_check_metas(const uint8_t bytes[SG_PAGE_METAS_SIZE],
                                uint64_t size)
{
    const uint8_t *newer = bytes, *older = bytes + PAGE;
    unsigned i;
    for (i = 0; i < 2; i++) {
        const uint8_t *free = bytes + (size_t)i * PAGE + AT_DATABASES;
        if (u32_at(free) != PAGE ||
            u16_at(free + AT_TREE_FLAGS) != INTEGER_KEYS ||
            u16_at(free + DATABASE_SIZE + AT_TREE_FLAGS) != 0) {
            return SG_ERR_DAMAGED;
        }
    }
    if (u64_at(older + AT_TXN) > u64_at(newer + AT_TXN)) {
        newer = bytes + PAGE;
        older = bytes;
    }
    if (u64_at(newer + AT_TXN) != 0 &&
        u64_at(newer + AT_TXN) - u64_at(older + AT_TXN) != 1) {
        return SG_ERR_DAMAGED;
    }
    return u64_at(newer + AT_LAST_PAGE) < size / PAGE ? SG_OK
                                                      : SG_ERR_TRUNCATED;
}

/* The pages from NUMBER on hold one value of SIZE bytes. */
static bool overflow_is_sound(const struct sg_txn *txn, uint64_t number,
                              uint64_t size)
{
    uint64_t pages = (HEAD - 1 + size) / PAGE + 1;
    const uint8_t *page;
    if (number > txn->map_size / PAGE ||
        pages > txn->map_size / PAGE - number) {
        return false;
    }
    page = txn->map + number * PAGE;
    return u64_at(page) == number && u16_at(page + AT_FLAGS) == OVERFLOW &&
           u32_at(page + AT_COUNT) == pages;
}

/* Adds the bytes that the node takes to RET_USED. */
static bool node_is_sound(const struct sg_txn *txn, const uint8_t *page,
                          unsigned at, unsigned upper, uint64_t *ret_used)
{
    const uint8_t *node = page + at;
    uint64_t size, end;
    unsigned flags;

    if (at < upper || at > PAGE - NODE_HEAD || at % 2 != 0) {
        return false;
    }
    size = u16_at(node) | (uint64_t)u16_at(node + 2) << 16;
    flags = u16_at(node + 4);
    end = at + NODE_HEAD + u16_at(node + 6);
    if ((flags & ~(NODE_BIG | NODE_DATABASE)) != 0) {
        return false;
    }
    if ((flags & NODE_BIG) != 0) {
        if (end + 8 > PAGE ||
            !overflow_is_sound(txn, u64_at(page + end), size)) {
            return false;
        }
        size = 8;
    }
    *ret_used += (end + size - at + 1) & ~UINT64_C(1);
    return end + size <= PAGE;
}

/* Which offsets of a page begin a node. */
struct starts {
    uint8_t bits[PAGE / 16];
};

/* Notes that a node begins at AT; false if one did already: two offsets that
 * became one lead a copy into the same tree twice. */
static bool is_new_start(struct starts *starts, unsigned at)
{
    uint8_t *byte = &starts->bits[at / 16];
    uint8_t bit = (uint8_t)(1u << (at / 2) % 8);
    bool new = (*byte & bit) == 0;
    *byte |= bit;
    return new;
}

/* Checks the head of page NUMBER, of KIND, and gives where its offsets end. */
static bool head_is_sound(const uint8_t *page, uint64_t number, unsigned kind,
                          unsigned *ret_lower, unsigned *ret_upper)
{
    *ret_lower = u16_at(page + AT_LOWER);
    *ret_upper = u16_at(page + AT_UPPER);
    return u64_at(page) == number && u16_at(page + AT_FLAGS) == kind &&
           *ret_lower >= HEAD && *ret_lower <= *ret_upper &&
           *ret_upper <= PAGE && *ret_lower % 2 == 0;
}

static bool leaf_is_sound(const struct sg_txn *txn, uint64_t number)
{
    const uint8_t *page = txn->map + number * PAGE;
    struct starts starts = {{0}};
    unsigned lower, upper, i;
    uint64_t used = 0;

    if (!head_is_sound(page, number, LEAF, &lower, &upper)) {
        return false;
    }
    for (i = HEAD; i < lower; i += 2) {
        unsigned at = u16_at(page + i);
        if (!node_is_sound(txn, page, at, upper, &used) ||
            !is_new_start(&starts, at)) {
            return false;
        }
    }
    return used == PAGE - upper; /* no gaps: a size that changed shows */
}

bool sg_page_is_sound(const struct sg_txn *txn, const void *key)
{
    uintptr_t begin = (uintptr_t)txn->map, at = (uintptr_t)key;
    if (at < begin || at - begin >= txn->map_size) {
        return true; /* on the heap */
    }
    return leaf_is_sound(txn, (at - begin) / PAGE);
}

/* --- All of them ---------------------------------------------------------- */

static bool tree_is_sound(const struct sg_txn *txn, uint64_t number,
                          unsigned depth);

static bool branch_is_sound(const struct sg_txn *txn, uint64_t number,
                            unsigned depth)
{
    const uint8_t *page = txn->map + number * PAGE;
    struct starts starts = {{0}};
    unsigned lower, upper, i;
    uint64_t used = 0;

    if (!head_is_sound(page, number, BRANCH, &lower, &upper)) {
        return false;
    }
    for (i = HEAD; i < lower; i += 2) {
        unsigned at = u16_at(page + i);
        const uint8_t *node = page + at;
        uint64_t child;
        if (at < upper || at > PAGE - NODE_HEAD || at % 2 != 0 ||
            !is_new_start(&starts, at)) {
            return false;
        }
        used += (NODE_HEAD + u16_at(node + 6) + 1) & ~1u;
        child = u16_at(node) | (uint64_t)u16_at(node + 2) << 16 |
                (uint64_t)u16_at(node + 4) << 32;
        if (used > PAGE || !tree_is_sound(txn, child, depth + 1)) {
            return false;
        }
    }
    return used == PAGE - upper;
}

/* The trees of the databases that a sound leaf page describes. */
static bool databases_are_sound(const struct sg_txn *txn, uint64_t number,
                                unsigned depth)
{
    const uint8_t *page = txn->map + number * PAGE;
    unsigned lower = u16_at(page + AT_LOWER), i;
    for (i = HEAD; i < lower; i += 2) {
        const uint8_t *node = page + u16_at(page + i);
        const uint8_t *value = node + NODE_HEAD + u16_at(node + 6);
        uint64_t root;
        if ((u16_at(node + 4) & NODE_DATABASE) == 0) {
            continue;
        }
        if (u16_at(node) != DATABASE_SIZE) {
            return false;
        }
        root = u64_at(value + AT_ROOT);
        if (root != EMPTY && !tree_is_sound(txn, root, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool tree_is_sound(const struct sg_txn *txn, uint64_t number,
                          unsigned depth)
{
    const uint8_t *page = txn->map + number * PAGE;
    if (number >= txn->map_size / PAGE || depth > DEPTH_MAX) {
        return false;
    }
    if (u16_at(page + AT_FLAGS) == BRANCH) {
        return branch_is_sound(txn, number, depth);
    }
    return leaf_is_sound(txn, number) &&
           databases_are_sound(txn, number, depth);
}

bool sg_page_all_are_sound(const struct sg_txn *txn)
{
    /* A commit writes the meta page of its number's parity. */
    const uint8_t *meta = txn->map + (mdb_txn_id(txn->mdb) & 1) * PAGE;
    unsigned i;
    for (i = 0; i < 2; i++) {
        uint64_t root =
            u64_at(meta + AT_DATABASES + i * DATABASE_SIZE + AT_ROOT);
        if (root != EMPTY && !tree_is_sound(txn, root, 0)) {
            return false;
        }
    }
    return true;
}

/* --- Before a write ------------------------------------------------------- */

/* Moves CURSOR and looks at the page it comes to. */
static bool look(struct sg_txn *txn, MDB_cursor *cursor, MDB_val *key,
                 MDB_cursor_op op, int *ret_rc)
{
    MDB_val value;
    sg_guard_enter();
    *ret_rc = mdb_cursor_get(cursor, key, &value, op);
    sg_guard_exit();
    if (*ret_rc == MDB_NOTFOUND) {
        return true;
    }
    return *ret_rc == 0 && sg_page_is_sound(txn, key->mv_data);
}

bool sg_page_is_writable(struct sg_txn *txn, unsigned db, MDB_val key)
{
    MDB_val found = key;
    MDB_cursor *cursor;
    bool sound;
    int rc;

    if (mdb_cursor_open(txn->mdb, txn->dbi[db], &cursor) != 0) {
        return false;
    }
    sound = look(txn, cursor, &found, MDB_SET_RANGE, &rc);
    if (sound && (rc == MDB_NOTFOUND || found.mv_size != key.mv_size ||
                  memcmp(found.mv_data, key.mv_data, key.mv_size) != 0)) {
        sound = look(txn, cursor, &found,
                     rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV, &rc);
    }
    mdb_cursor_close(cursor);
    return sound;
}

bool sg_page_is_appendable(struct sg_txn *txn, unsigned db)
{
    MDB_val found = {0, NULL};
    MDB_cursor *cursor;
    bool sound;
    int rc;

    if (mdb_cursor_open(txn->mdb, txn->dbi[db], &cursor) != 0) {
        return false;
    }
    sound = look(txn, cursor, &found, MDB_LAST, &rc);
    mdb_cursor_close(cursor);
    return sound;
}
