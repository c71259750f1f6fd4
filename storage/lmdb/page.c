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
#define LEAF          0x02u
#define OVERFLOW      0x04u
#define NODE_BIG      0x01u /* the value is the number of an overflow page */
#define NODE_DATABASE 0x02u /* the value describes a database */

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

bool sg_page_is_sound(const struct sg_txn *txn, const void *key)
{
    uintptr_t begin = (uintptr_t)txn->map, at = (uintptr_t)key;
    unsigned lower, upper, i;
    const uint8_t *page;
    uint64_t used = 0;

    if (at < begin || at - begin >= txn->map_size) {
        return true; /* on the heap */
    }
    page = txn->map + (at - begin) / PAGE * PAGE;
    lower = u16_at(page + AT_LOWER);
    upper = u16_at(page + AT_UPPER);
    if (u64_at(page) != (at - begin) / PAGE ||
        u16_at(page + AT_FLAGS) != LEAF || lower < HEAD || lower > upper ||
        upper > PAGE || lower % 2 != 0) {
        return false;
    }
    for (i = HEAD; i < lower; i += 2) {
        if (!node_is_sound(txn, page, u16_at(page + i), upper, &used)) {
            return false;
        }
    }
    return used == PAGE - upper; /* no gaps: a size that changed shows */
}

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
