#include "replication/partial.h"

#include <string.h>

#include "storage/base/check.h"

/* --- What is noted ------------------------------------------------------- */

/* Sets RET to what RECEIVER has verified. False: all of it, or not toward what
 * is known. */
static bool take(const struct sg_core_fetch *fetch, struct sg_core_partial *ret)
{
    const struct sg_package_receiver *receiver = &fetch->receiver;

    if (fetch->branch != 0 || fetch->is_branch ||
        receiver->stack.toward.size != receiver->known.size ||
        receiver->held.size == receiver->known.size)
        return false;
    ret->held = receiver->held;
    ret->stack = receiver->stack;
    return true;
}

void sg_partial_note(struct sg_core_fetch *fetch, uint64_t ticket)
{
    if (fetch->noted_ticket == 0 && take(fetch, &fetch->noted))
        fetch->noted_ticket = ticket;
}

/* The place of a partial: the row's own, or a free one, or that of the row that
 * has waited longest, which cannot be served any more. */
static struct sg_core_partial *place_of(struct sg_sync *core,
                                        const struct sg_log *log)
{
    struct sg_core_partial *found = NULL;

    if (core->rows[log->number].partial != 0)
        return &core->partials[core->rows[log->number].partial - 1];
    for (size_t i = 0; i < SG_CORE_PARTIALS_MAX; i++) {
        struct sg_core_partial *partial = &core->partials[i];

        if (partial->used == 0 || found == NULL ||
            partial->used < found->used) {
            found = partial;
            if (partial->used == 0)
                break;
        }
    }
    if (found->used != 0) {
        struct sg_log *other = sg_log_table_at(core->table, found->log);

        core->rows[found->log].partial = 0;
        sg_log_table_set_served(core->table, other,
                                sg_partial_served(core, other));
    }
    found->log = log->number;
    core->rows[log->number].partial = (uint32_t)(found - core->partials) + 1;
    return found;
}

void sg_partial_stored(struct sg_sync *core, struct sg_core_fetch *fetch,
                       uint64_t ticket, struct sg_log *log)
{
    bool is_noted = fetch->noted_ticket == ticket;
    struct sg_core_partial *partial;

    if (is_noted)
        fetch->noted_ticket = 0;
    if (log == NULL || log->is_forked)
        return;
    /* The last of those on their way: all that is verified is durable. */
    if (fetch->in_flight == 0 && fetch->receiver.held.size == log->held)
        is_noted = take(fetch, &fetch->noted);
    if (!is_noted || log->held < fetch->noted.held.size ||
        log->known.size != fetch->noted.stack.toward.size)
        return;
    partial = place_of(core, log);
    partial->used = ++core->serial;
    partial->held = fetch->noted.held;
    partial->stack = fetch->noted.stack;
    sg_log_table_set_served(core->table, log, sg_partial_served(core, log));
}

const struct sg_core_partial *sg_partial_find(struct sg_sync *core,
                                              const struct sg_log *log)
{
    uint32_t place = core->rows[log->number].partial;
    const struct sg_core_partial *partial;

    if (place == 0)
        return NULL;
    partial = &core->partials[place - 1];
    SG_ASSERT(partial->log == log->number);
    SG_ASSERT(partial->held.size <= log->held);
    return partial->stack.toward.size == log->known.size ? partial : NULL;
}

uint64_t sg_partial_served(struct sg_sync *core, const struct sg_log *log)
{
    const struct sg_core_partial *partial;

    if (log->held == log->known.size)
        return log->held;
    partial = sg_partial_find(core, log);
    return partial == NULL ? 0 : partial->held.size;
}

void sg_partial_settle(struct sg_sync *core, const struct sg_log *log)
{
    uint32_t place = core->rows[log->number].partial;

    if (place == 0 || (log->held < log->known.size && !log->is_forked))
        return;
    core->partials[place - 1].used = 0;
    core->rows[log->number].partial = 0;
}

/* --- Nodes --------------------------------------------------------------- */

/* The hash of RANGE, of which PARTIAL holds only the beginning: what it holds
 * are complete subtrees, the last ones of its frontier; the rest the stack has
 * first. */
static bool hash_edge(const struct sg_core_partial *partial,
                      const struct sg_merkle_range *range, struct sg_hash *ret)
{
    struct sg_merkle_range rest[SG_MERKLE_HASHES_MAX];
    uint64_t held = partial->held.size;
    struct sg_frontier part = {.size = held - range->start};
    size_t all = sg_merkle_frontier_count(held);
    size_t own = sg_merkle_frontier_count(part.size);
    size_t n = sg_merkle_plan_extension(held, range->end, rest);

    if (n > partial->stack.count)
        return false;
    SG_ASSERT(own <= all);
    memcpy(part.hashes, &partial->held.hashes[all - own],
           own * sizeof part.hashes[0]);
    return sg_merkle_fold(&part, range->end - range->start,
                          partial->stack.hashes, n, ret) == SG_OK;
}

/* The hash of RANGE, of which PARTIAL holds nothing: one of the stack's. */
static bool hash_beyond(const struct sg_core_partial *partial,
                        const struct sg_merkle_range *range,
                        struct sg_hash *ret)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = sg_merkle_plan_extension(partial->held.size,
                                        partial->stack.toward.size, ranges);

    for (size_t i = 0; i < n && i < partial->stack.count; i++) {
        if (ranges[i].start != range->start || ranges[i].end != range->end)
            continue;
        *ret = partial->stack.hashes[i];
        return true;
    }
    return false;
}

bool sg_partial_nodes(const struct sg_core_partial *partial, uint64_t end,
                      uint64_t reach, const struct sg_hash hashes[],
                      size_t count, struct sg_hash ret[], size_t *ret_count)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = sg_merkle_plan_extension(end, reach, ranges);
    bool fits = true;

    *ret_count = n;
    if (partial == NULL || reach <= partial->held.size) {
        if (count == n)
            memcpy(ret, hashes, n * sizeof ret[0]);
        return count == n;
    }
    for (size_t i = 0; i < n && fits; i++) {
        if (ranges[i].start >= partial->held.size)
            fits = hash_beyond(partial, &ranges[i], &ret[i]);
        else if (ranges[i].end > partial->held.size)
            fits = hash_edge(partial, &ranges[i], &ret[i]);
        else if (i < count)
            ret[i] = hashes[i];
        else
            fits = false;
    }
    return fits;
}
