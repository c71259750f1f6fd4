#include "replication/cells.h"

#include "replication/field.h"
#include "storage/base/check.h"

/* The cell of log number X in block K, an even spread of all bits of X. */
static uint32_t place(uint32_t x, unsigned k)
{
    uint32_t z = x + (k + 1) * UINT32_C(0x9e3779b9);

    if (k == 0)
        return 0;
    z = (z ^ z >> 16) * UINT32_C(0x85ebca6b);
    z = (z ^ z >> 13) * UINT32_C(0xc2b2ae35);
    z ^= z >> 16;
    return (UINT32_C(1) << k) - 1 + (z >> (32 - k));
}

/* What a log adds to each of its cells. */
static struct sg_head_cell share(uint32_t x, uint32_t v)
{
    uint32_t vx = sg_field_mul(v, x);

    return (struct sg_head_cell){{v, vx, sg_field_mul(vx, x)}};
}

static void cell_minus(struct sg_head_cell *cell,
                       const struct sg_head_cell *taken)
{
    for (int i = 0; i < 3; i++)
        cell->sums[i] = sg_field_sub(cell->sums[i], taken->sums[i]);
}

void sg_cells_add(struct sg_head_cell cells[], uint32_t first, uint32_t to,
                  uint32_t x, uint32_t v)
{
    struct sg_head_cell added = share(x, v);

    for (unsigned k = 0; (UINT32_C(1) << k) - 1 < to; k++) {
        uint32_t at = place(x, k);

        if (at < first || at >= to)
            continue;
        for (int i = 0; i < 3; i++) {
            uint32_t *sum = &cells[at - first].sums[i];

            *sum = sg_field_add(*sum, added.sums[i]);
        }
    }
}

void sg_cells_sub(struct sg_head_cell cells[], uint32_t first, uint32_t to,
                  uint32_t x, uint32_t v)
{
    sg_cells_add(cells, first, to, x, sg_field_sub(0, v));
}

void sg_cells_minus(struct sg_head_cell cells[],
                    const struct sg_head_cell taken[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        cell_minus(&cells[i], &taken[i]);
}

static bool is_zero(const struct sg_head_cell *cell)
{
    return (cell->sums[0] | cell->sums[1] | cell->sums[2]) == 0;
}

uint32_t sg_cells_next(const struct sg_head_cell cells[], uint32_t count)
{
    uint32_t last = count - count / 2, empty = 0, needed;
    uint64_t ratio, ln = 0; /* of 2^32 */

    SG_ASSERT(count > 0);
    SG_ASSERT(count <= SG_CELLS_MAX);
    for (uint32_t i = count / 2; i < count; i++)
        empty += is_zero(&cells[i]);
    if (empty * 16 < last) /* then d is above m ln 16, and needs 4.4 m */
        return last * 22 / 5 > SG_CELLS_MAX ? SG_CELLS_MAX + 1
               : 4 * count > SG_CELLS_MAX   ? SG_CELLS_MAX
                                            : 4 * count;
    /* m cells of which e are empty hold about d = m ln(m / e) logs; the
     * logarithm in steps of 1 %. Ask for 1.6 d, at least a quarter more. */
    ratio = ((uint64_t)last << 32) / empty;
    while (ratio > (UINT64_C(101) << 32) / 100) {
        ratio = ratio * 100 / 101;
        ln += 42735265; /* ln 1.01 */
    }
    needed = (uint32_t)((last * ln * 8 / 5) >> 32) + 6;
    return needed > count + count / 4 ? needed : count + count / 4 + 1;
}

/* --- Decoding ---------------------------------------------------------- */

/* Gives the number of the only log in CELL, which is cell AT. False if it is
 * empty or holds several. */
static bool lone(const struct sg_head_cell *cell, uint32_t at,
                 uint32_t *ret_number)
{
    const uint32_t *s = cell->sums;
    unsigned block = 31 - (unsigned)__builtin_clz(at + 1);

    if (s[0] == 0 || sg_field_mul(s[1], s[1]) != sg_field_mul(s[0], s[2]))
        return false;
    *ret_number = sg_field_mul(s[1], sg_field_inverse(s[0]));
    return place(*ret_number, block) == at;
}

static void queue_put(struct sg_cells_work *work, uint32_t *size, uint32_t at)
{
    if (work->is_queued[at])
        return;
    work->is_queued[at] = true;
    work->queue[(*size)++] = (uint16_t)at;
}

bool sg_cells_decode(struct sg_head_cell cells[], uint32_t count,
                     struct sg_cells_work *work, uint32_t ret_numbers[],
                     uint32_t *ret_found)
{
    uint32_t size = 0, found = 0, number;
    bool all_zero = true;

    SG_ASSERT(count <= SG_CELLS_MAX);
    for (uint32_t i = 0; i < count; i++)
        work->is_queued[i] = false;
    for (uint32_t i = 0; i < count; i++)
        queue_put(work, &size, i);
    while (size > 0 && found < count) {
        uint32_t at = work->queue[--size];

        work->is_queued[at] = false;
        if (!lone(&cells[at], at, &number))
            continue;
        struct sg_head_cell taken = cells[at];
        for (unsigned k = 0; (UINT32_C(1) << k) - 1 < count; k++) {
            uint32_t other = place(number, k);

            if (other >= count)
                continue;
            cell_minus(&cells[other], &taken);
            queue_put(work, &size, other);
        }
        ret_numbers[found++] = number;
    }
    for (uint32_t i = 0; i < count && all_zero; i++)
        all_zero = is_zero(&cells[i]);
    *ret_found = sg_cells_sort(ret_numbers, found);
    return all_zero;
}

/* Lets the number at AT sink in a heap of COUNT, the largest on top. */
static void sink(uint32_t numbers[], uint32_t at, uint32_t count)
{
    uint32_t number = numbers[at];

    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && numbers[child + 1] > numbers[child])
            child++;
        if (numbers[child] <= number)
            break;
        numbers[at] = numbers[child];
        at = child;
    }
    numbers[at] = number;
}

uint32_t sg_cells_sort(uint32_t numbers[], uint32_t count)
{
    uint32_t left = 0;

    for (uint32_t i = count / 2; i-- > 0;)
        sink(numbers, i, count);
    for (uint32_t i = count; i-- > 1;) {
        uint32_t largest = numbers[0];

        numbers[0] = numbers[i];
        numbers[i] = largest;
        sink(numbers, 0, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || numbers[i] != numbers[i - 1])
            numbers[left++] = numbers[i];
    }
    return left;
}
