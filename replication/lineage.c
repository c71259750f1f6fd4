#include "replication/lineage.h"

#include <string.h>

#include "replication/first.h"
#include "replication/graft.h"
#include "storage/base/check.h"

#define NO_BRANCH SG_BRANCHES_MAX

static struct sg_log *row_of(const struct sg_sync *core,
                             const struct sg_core_lineage *lineage,
                             uint8_t branch)
{
    return sg_log_table_find(core->table, &lineage->log, branch);
}

/* Counts the entries held of all branches: with more of them another answer may
 * come out. */
static uint64_t count_held(const struct sg_sync *core,
                           const struct sg_core_lineage *lineage)
{
    uint64_t held = 0;

    for (uint8_t branch = 0; branch < SG_BRANCHES_MAX; branch++) {
        const struct sg_log *row = row_of(core, lineage, branch);

        held += row == NULL ? 0 : row->held;
    }
    return held;
}

/* --- Answers ---------------------------------------------------------------
 */

uint64_t sg_lineage_prefix(void *context, const struct sg_log_id *log,
                           unsigned branch, uint64_t size,
                           const struct sg_hash *root)
{
    struct sg_sync *core = context;
    const struct sg_log *row = sg_log_table_find(core->table, log, 0);
    struct sg_core_lineage *lineage;

    SG_ASSERT(branch < SG_BRANCHES_MAX);
    if (row == NULL || !row->is_forked || size == 0)
        return size;
    for (size_t i = 0; i < core->n_lineages; i++) {
        lineage = &core->lineages[i];
        if (lineage->size == size &&
            memcmp(&lineage->log, log, sizeof *log) == 0 &&
            memcmp(&lineage->root, root, sizeof *root) == 0)
            return lineage->prefix[branch];
    }
    if (core->n_lineages < SG_CORE_LINEAGES_MAX) {
        lineage = &core->lineages[core->n_lineages++];
        *lineage = (struct sg_core_lineage){
            .log = *log, .size = size, .root = *root, .prefix = {size}};
    }
    return branch == 0 ? size : 0;
}

/* --- The search ------------------------------------------------------------
 */

static struct sg_core_lineage *searched(struct sg_sync *core)
{
    return &core->lineages[core->search.lineage];
}

/* Asks the store for the frontier of BRANCH at SIZE. */
static void read_frontier(struct sg_sync *core, uint8_t branch, uint64_t size)
{
    struct sg_effect *effect = sg_core_effect(core, SG_EFFECT_READ);

    effect->ticket = ++core->ticket;
    effect->log = searched(core)->log;
    effect->branch = branch;
    effect->read.first = size;
    effect->read.to = size;
    effect->read.frontier = true;
    core->search.ticket = effect->ticket;
    core->search.asked = size;
}

/* The search is over; what has come out is judged by. */
static void finish(struct sg_sync *core, bool is_found)
{
    struct sg_core_search *search = &core->search;
    struct sg_core_lineage *lineage = searched(core);
    bool is_other = is_found && memcmp(lineage->prefix, search->prefix,
                                       sizeof lineage->prefix) != 0;

    search->state = SG_CORE_SEARCH_NONE;
    lineage->held = search->held;
    if (!is_other)
        return;
    memcpy(lineage->prefix, search->prefix, sizeof lineage->prefix);
    core->says_judged = true; /* cuts are others */
    sg_first_judge(core);
}

/* Goes on to the next branch that can have the root; then to what they have in
 * common with the one that has. */
static void next_root(struct sg_sync *core)
{
    struct sg_core_search *search = &core->search;
    const struct sg_core_lineage *lineage = searched(core);

    for (; search->branch < SG_BRANCHES_MAX; search->branch++) {
        const struct sg_log *row = row_of(core, lineage, search->branch);

        if (row == NULL || row->held < lineage->size)
            continue;
        read_frontier(core, search->branch, lineage->size);
        return;
    }
    finish(core, /* is_found= */ true); /* as long as nothing is known of it */
}

static void next_common(struct sg_sync *core)
{
    struct sg_core_search *search = &core->search;
    const struct sg_core_lineage *lineage = searched(core);

    for (; search->branch < SG_BRANCHES_MAX; search->branch++) {
        const struct sg_log *row = row_of(core, lineage, search->branch);

        if (search->branch == search->home || row == NULL || row->held == 0)
            continue;
        search->state = SG_CORE_SEARCH_BRANCH;
        search->low = 0;
        search->at = row->held < lineage->size ? row->held : lineage->size;
        read_frontier(core, search->branch, search->at);
        return;
    }
    finish(core, /* is_found= */ true);
}

/* Compares both frontiers; the first subtree that differs is looked into. */
static void compare(struct sg_sync *core, const struct sg_hash *home)
{
    struct sg_core_search *search = &core->search;
    struct sg_merkle_range range;

    if (sg_graft_compare(search->frontier, home, search->at, &range)) {
        search->low = range.start;
        search->at = range.end - 1;
    } else {
        search->low = search->at;
    }
    if (search->low == search->at) {
        search->prefix[search->branch++] = search->low;
        next_common(core);
        return;
    }
    search->state = SG_CORE_SEARCH_BRANCH;
    read_frontier(core, search->branch, search->at);
}

bool sg_lineage_read(struct sg_sync *core, const struct sg_event *event)
{
    struct sg_core_search *search = &core->search;
    struct sg_hash root;

    if (search->state == SG_CORE_SEARCH_NONE ||
        search->ticket != event->read.ticket)
        return false;
    if (event->read.err != SG_OK ||
        event->read.hash_count != sg_merkle_frontier_count(search->asked)) {
        finish(core, /* is_found= */ false);
        return true;
    }
    switch (search->state) {
    case SG_CORE_SEARCH_ROOT:
        root = sg_merkle_join(event->read.hashes, event->read.hash_count);
        if (memcmp(&root, &searched(core)->root, sizeof root) != 0) {
            search->branch++;
            next_root(core);
            break;
        }
        search->home = search->branch;
        memset(search->prefix, 0, sizeof search->prefix);
        search->prefix[search->home] = searched(core)->size;
        search->branch = 0;
        next_common(core);
        break;
    case SG_CORE_SEARCH_BRANCH:
        memcpy(search->frontier, event->read.hashes,
               event->read.hash_count * sizeof search->frontier[0]);
        search->state = SG_CORE_SEARCH_HOME;
        read_frontier(core, search->home, search->at);
        break;
    default:
        compare(core, event->read.hashes);
        break;
    }
    return true;
}

void sg_lineage_pump(struct sg_sync *core)
{
    struct sg_core_search *search = &core->search;

    if (search->state != SG_CORE_SEARCH_NONE || !sg_core_has_effects(core, 1))
        return;
    for (uint32_t i = 0; i < core->n_lineages; i++) {
        const struct sg_core_lineage *lineage = &core->lineages[i];
        uint64_t held = count_held(core, lineage);

        if (held == lineage->held)
            continue;
        *search = (struct sg_core_search){
            .state = SG_CORE_SEARCH_ROOT,
            .lineage = i,
            .home = NO_BRANCH,
            .held = held,
        };
        memcpy(search->prefix, lineage->prefix, sizeof search->prefix);
        next_root(core);
        return;
    }
}
