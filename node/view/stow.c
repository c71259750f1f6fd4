#include "node/view/stow.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/sealed.h"

#define NOBODY UINT32_MAX
#define WORDS  (SG_SEALED_PAGE_SIZE / 64 + 1)

/* Rows by their size. */
struct rack {
    uint32_t first[SG_SEALED_PAGE_SIZE + 1]; /* of a size; NOBODY: none left */
    uint64_t bits[WORDS];                    /* sizes that have one */
    uint32_t *next;                          /* of the same size */
};

static void fill(struct rack *rack, const uint16_t *sizes, size_t count)
{
    memset(rack->first, 0xff, sizeof rack->first);
    memset(rack->bits, 0, sizeof rack->bits);
    for (size_t i = count; i-- > 0;) { /* the first comes first again */
        uint16_t size = sizes[i];

        SG_ASSERT(size <= SG_SEALED_PAGE_SIZE);
        rack->next[i] = rack->first[size];
        rack->first[size] = (uint32_t)i;
        rack->bits[size / 64] |= UINT64_C(1) << size % 64;
    }
}

/* Gives the largest size up to MAX that has a row; false when none has. */
static bool find(const struct rack *rack, size_t max, size_t *ret_size)
{
    size_t at = max / 64;
    uint64_t bits = rack->bits[at] & UINT64_MAX >> (63 - max % 64);

    while (bits == 0 && at > 0)
        bits = rack->bits[--at];
    if (bits == 0)
        return false;
    *ret_size = at * 64 + 63 - (size_t)__builtin_clzll(bits);
    return true;
}

static uint32_t take(struct rack *rack, size_t size)
{
    uint32_t row = rack->first[size];

    rack->first[size] = rack->next[row];
    if (rack->first[size] == NOBODY)
        rack->bits[size / 64] &= ~(UINT64_C(1) << size % 64);
    return row;
}

enum sg_err sg_stow_order(const uint16_t *sizes, size_t count, size_t *left,
                          uint32_t *ret_order)
{
    struct rack *rack;

    SG_ASSERT(*left <= SG_SEALED_PAGE_SIZE);
    SG_ASSERT(count < NOBODY);
    if (count == 0)
        return SG_OK;
    rack = sg_alloc(sizeof *rack);
    if (rack == NULL)
        return SG_ERR_NOMEM;
    rack->next = sg_alloc(count * sizeof *rack->next);
    if (rack->next == NULL) {
        sg_free(rack);
        return SG_ERR_NOMEM;
    }
    fill(rack, sizes, count);
    for (size_t i = 0; i < count; i++) {
        size_t size;

        if (!find(rack, *left, &size)) {
            bool is_there = find(rack, SG_SEALED_PAGE_SIZE, &size);

            SG_ASSERT(is_there);
            *left = SG_SEALED_PAGE_SIZE;
        }
        ret_order[i] = take(rack, size);
        *left -= size;
    }
    sg_free(rack->next);
    sg_free(rack);
    return SG_OK;
}
