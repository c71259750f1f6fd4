#include "tests/fault/pages.h"

#include <string.h>

#include "storage/base/alloc.h"

#define META_MAIN   88u /* MDB_db, behind that of free pages */
#define META_LAST   136u
#define META_TXN    144u
#define DB_ROOT     40u
#define FLAG_BRANCH 1u
#define FLAG_LEAF   2u
#define FLAG_META   8u
#define NODE_HEAD   8u
#define NODE_BIG    1u /* the value lies on overflow pages */
#define NODE_TREE   2u /* the value is an MDB_db */

static uint16_t get16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t get64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static unsigned count_nodes(const uint8_t *page)
{
    return (get16(page + 12) - PAGES_HEAD) / 2;
}

static const uint8_t *node_at(const uint8_t *page, unsigned i)
{
    return page + get16(page + PAGES_HEAD + 2 * i);
}

static void walk(struct pages *pages, uint64_t number);

static void walk_leaf_node(struct pages *pages, const uint8_t *node)
{
    unsigned flags = get16(node + 4);
    const uint8_t *data = node + NODE_HEAD + get16(node + 6);

    if ((flags & NODE_BIG) != 0) {
        uint64_t first = get64(data), i;
        uint32_t n;
        if (first >= pages->count) {
            return;
        }
        n = get32(pages->bytes + first * PAGES_SIZE + 12);
        for (i = 0; i < n && first + i < pages->count; i++) {
            pages->kinds[first + i] = PAGES_OVERFLOW;
        }
    } else if ((flags & NODE_TREE) != 0) {
        walk(pages, get64(data + DB_ROOT));
    }
}

/* As deep as the trees are: a handful of levels. */
static void walk(struct pages *pages, uint64_t number)
{
    const uint8_t *page;
    unsigned i;

    if (number >= pages->count) {
        return; /* an empty tree */
    }
    page = pages->bytes + number * PAGES_SIZE;
    if ((get16(page + 10) & FLAG_BRANCH) != 0) {
        pages->kinds[number] = PAGES_BRANCH;
        for (i = 0; i < count_nodes(page); i++) {
            const uint8_t *node = node_at(page, i);
            walk(pages, get16(node) | (uint64_t)get16(node + 2) << 16 |
                            (uint64_t)get16(node + 4) << 32);
        }
    } else if ((get16(page + 10) & FLAG_LEAF) != 0) {
        pages->kinds[number] = PAGES_LEAF;
        for (i = 0; i < count_nodes(page); i++) {
            walk_leaf_node(pages, node_at(page, i));
        }
    }
}

bool pages_find(const uint8_t *bytes, size_t size, struct pages *ret)
{
    const uint8_t *meta = bytes;

    if (size < 2 * (size_t)PAGES_SIZE || (get16(bytes + 10) & FLAG_META) == 0) {
        return false;
    }
    if (get64(bytes + PAGES_SIZE + META_TXN) > get64(bytes + META_TXN)) {
        meta = bytes + PAGES_SIZE;
    }
    ret->bytes = bytes;
    ret->count = (size_t)get64(meta + META_LAST) + 1;
    if (ret->count * PAGES_SIZE > size) {
        return false;
    }
    ret->kinds = sg_calloc(ret->count, 1);
    if (ret->kinds == NULL) {
        return false;
    }
    walk(ret, get64(meta + META_MAIN + DB_ROOT));
    return true;
}

/* Says whether PLACE is on a page in use and not in the room between what
 * points to its rows and the rows, where old ones lie. */
static bool is_used(const struct pages *pages, size_t place)
{
    size_t number = place / PAGES_SIZE;
    uint8_t kind = pages->kinds[number];
    return kind == PAGES_OVERFLOW ||
           (kind != PAGES_UNUSED &&
            place % PAGES_SIZE >=
                get16(pages->bytes + number * PAGES_SIZE + 14));
}

size_t pages_search(const struct pages *pages, const uint8_t *needle,
                    size_t size, unsigned n)
{
    const uint8_t *end = pages->bytes + pages->count * PAGES_SIZE;
    const uint8_t *at = pages->bytes;

    while ((at = memmem(at, (size_t)(end - at), needle, size)) != NULL) {
        size_t place = (size_t)(at - pages->bytes);
        if (is_used(pages, place) && n-- == 0) {
            return place;
        }
        at++;
    }
    return SIZE_MAX;
}

bool pages_row(const struct pages *pages, size_t n, struct pages_row *ret)
{
    size_t number;
    unsigned i;

    for (number = 2; number < pages->count; number++) {
        const uint8_t *page = pages->bytes + number * PAGES_SIZE;
        if (pages->kinds[number] != PAGES_LEAF) {
            continue;
        }
        for (i = 0; i < count_nodes(page); i++) {
            const uint8_t *node = node_at(page, i);
            if ((get16(node + 4) & (NODE_BIG | NODE_TREE)) != 0 || n-- > 0) {
                continue;
            }
            ret->key_size = get16(node + 6);
            ret->value_size = get16(node) | (size_t)get16(node + 2) << 16;
            ret->key = (size_t)(node - pages->bytes) + NODE_HEAD;
            ret->value = ret->key + ret->key_size;
            return true;
        }
    }
    return false;
}
