#include "node/view/parted.h"

#include <string.h>

#include "storage/lmdb/fetch.h"

static bool same_log(const struct sg_store_log *a, const struct sg_store_log *b)
{
    return memcmp(&a->id, &b->id, sizeof a->id) == 0;
}

/* Finds the size up to which A and B are one history; at most the smaller. */
static enum sg_err find_common(struct sg_store *store,
                               const struct sg_store_log *a,
                               const struct sg_store_log *b, uint64_t *ret_size)
{
    uint64_t size_a = a->row.frontier.size, size_b = b->row.frontier.size;
    uint64_t low = 0, high = size_a < size_b ? size_a : size_b;

    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        struct sg_hash root_a, root_b;
        enum sg_err err = sg_fetch_root(store, a->number, middle, &root_a);

        if (err == SG_OK)
            err = sg_fetch_root(store, b->number, middle, &root_b);
        if (err != SG_OK)
            return err;
        if (memcmp(&root_a, &root_b, sizeof root_a) == 0)
            low = middle;
        else
            high = middle - 1;
    }
    *ret_size = low;
    return SG_OK;
}

enum sg_err sg_parted_find(struct sg_store *store,
                           const struct sg_store_log *logs, size_t n,
                           uint64_t *ret_forks)
{
    enum sg_err err = SG_OK;

    for (size_t i = 0; i < n; i++)
        ret_forks[i] = UINT64_MAX;
    for (size_t i = 0; i < n && err == SG_OK; i++) {
        const struct sg_store_log *side = &logs[i];

        for (size_t k = 0; side->branch > 0 && k < n && err == SG_OK; k++) {
            const struct sg_store_log *first = &logs[k];
            uint64_t common;

            if (first->branch != 0 || !same_log(first, side))
                continue;
            err = find_common(store, first, side, &common);
            if (err != SG_OK || common == side->row.frontier.size ||
                common == first->row.frontier.size)
                continue;
            if (common < ret_forks[k])
                ret_forks[k] = common;
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; logs[i].branch > 0 && k < n; k++)
            if (logs[k].branch == 0 && same_log(&logs[i], &logs[k]))
                ret_forks[i] = ret_forks[k];
    return err;
}
