#include "replication/log_table.h"

#include <string.h>

#include "replication/field.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"

/* What `mine` hashes begins with this, beside the marks of the head tree. */
#define MARK_MINE 3

struct sg_log_table {
    struct sg_registry_id registry;
    struct sg_sha256 hasher;
    uint32_t logs_max;
    uint32_t count;
    struct sg_log *logs;
    uint32_t *index; /* by ref, open addressing: number + 1 of branch 0 */
    uint32_t index_mask;
    uint32_t newest;
    uint32_t oldest;
    uint64_t change;
    struct sg_head_tree *heads;
    uint64_t version;
    uint32_t sums[2];
    /* The authority's logs, in a tree of their own. */
    struct sg_head_tree *authority;
    uint32_t authority_logs[SG_AUTHORITY_LOGS_MAX];
    uint32_t authority_count;
    bool authority_is_forked;
    /* Frontiers, the rows that have them, and which is lent next. */
    struct sg_frontier *frontiers;
    uint32_t *holders; /* SG_LOG_NONE: free */
    uint32_t frontiers_max;
    uint32_t next_frontier;
};

/* --- Making ------------------------------------------------------------ */

/* At least half of it stays empty, so that a search ends soon. */
static uint32_t index_size(uint32_t logs_max)
{
    uint32_t size = 2;

    while (size < 2 * logs_max)
        size *= 2;
    return size;
}

static enum sg_err take_memory(struct sg_log_table *table,
                               const struct sg_log_table_config *config)
{
    uint32_t size = index_size(config->logs_max);
    enum sg_err err;

    table->index_mask = size - 1;
    table->index = sg_calloc(size, sizeof *table->index);
    table->logs = sg_calloc(config->logs_max, sizeof *table->logs);
    /* Of the largest piece only what is in use is touched. */
    table->frontiers =
        sg_alloc(config->frontiers_max * sizeof *table->frontiers);
    table->holders = sg_calloc(config->frontiers_max, sizeof *table->holders);
    if (table->index == NULL || table->logs == NULL ||
        table->frontiers == NULL || table->holders == NULL)
        return SG_ERR_NOMEM;
    err = sg_head_tree_new(&config->registry, config->logs_max, &table->heads);
    if (err == SG_OK)
        err = sg_head_tree_new(&config->registry, SG_AUTHORITY_LOGS_MAX,
                               &table->authority);
    return err;
}

enum sg_err sg_log_table_new(const struct sg_log_table_config *config,
                             struct sg_log_table **ret_table)
{
    struct sg_log_table *table;
    enum sg_err err;

    if (config->logs_max < 1 || config->logs_max > SG_LOGS_MAX ||
        config->frontiers_max > config->logs_max)
        return SG_ERR_LIMIT;
    table = sg_calloc(1, sizeof *table);
    if (table == NULL)
        return SG_ERR_NOMEM;
    err = take_memory(table, config);
    if (err != SG_OK) {
        sg_log_table_free(table);
        return err;
    }
    table->registry = config->registry;
    table->logs_max = config->logs_max;
    table->newest = SG_LOG_NONE;
    table->oldest = SG_LOG_NONE;
    sg_head_tree_hasher(&config->registry, &table->hasher);
    table->frontiers_max = config->frontiers_max;
    for (uint32_t i = 0; i < config->frontiers_max; i++)
        table->holders[i] = SG_LOG_NONE;
    *ret_table = table;
    return SG_OK;
}

void sg_log_table_free(struct sg_log_table *table)
{
    if (table == NULL)
        return;
    sg_head_tree_free(table->heads);
    sg_head_tree_free(table->authority);
    sg_free(table->index);
    sg_free(table->logs);
    sg_free(table->frontiers);
    sg_free(table->holders);
    sg_free(table);
}

/* --- Finding ----------------------------------------------------------- */

/* The place in the index of the log that begins with REF, or where it is to
 * be put. A log id is a hash, so any of its bytes spread. */
static uint32_t *index_place(const struct sg_log_table *table,
                             const uint8_t ref[SG_LOG_REF_SIZE])
{
    uint32_t at = sg_bytes_get_u32be(ref + 4) & table->index_mask;

    while (table->index[at] != 0 &&
           memcmp(table->logs[table->index[at] - 1].id.hash.bytes, ref,
                  SG_LOG_REF_SIZE) != 0)
        at = (at + 1) & table->index_mask;
    return &table->index[at];
}

struct sg_log *sg_log_table_find_ref(const struct sg_log_table *table,
                                     const uint8_t ref[SG_LOG_REF_SIZE])
{
    uint32_t found = *index_place(table, ref);

    return found == 0 ? NULL : &table->logs[found - 1];
}

struct sg_log *sg_log_table_find(const struct sg_log_table *table,
                                 const struct sg_log_id *id, uint8_t branch)
{
    struct sg_log *log = sg_log_table_find_ref(table, id->hash.bytes);

    if (log == NULL || memcmp(&log->id, id, sizeof *id) != 0)
        return NULL;
    while (log->branch != branch) {
        if (log->next_branch == SG_LOG_NONE)
            return NULL;
        log = &table->logs[log->next_branch];
    }
    return log;
}

uint32_t sg_log_table_count(const struct sg_log_table *table)
{
    return table->count;
}

struct sg_log *sg_log_table_at(const struct sg_log_table *table,
                               uint32_t number)
{
    SG_ASSERT(number < table->count);
    return &table->logs[number];
}

static struct sg_log *at_or_null(const struct sg_log_table *table,
                                 uint32_t number)
{
    return number == SG_LOG_NONE ? NULL : &table->logs[number];
}

struct sg_log *sg_log_table_newest(const struct sg_log_table *table)
{
    return at_or_null(table, table->newest);
}

struct sg_log *sg_log_table_older(const struct sg_log_table *table,
                                  const struct sg_log *log)
{
    return at_or_null(table, log->older);
}

uint64_t sg_log_table_change(const struct sg_log_table *table)
{
    return table->change;
}

/* Adds to the LOGS found those whose ids begin with the bits of REF. */
static uint32_t collect_fits(const struct sg_log_table *table, uint32_t ref,
                             unsigned width, struct sg_log *logs[],
                             uint32_t room, uint32_t found)
{
    struct sg_head_tree_walk walk;
    struct sg_log_id first = {{{0}}};
    uint32_t slot;

    sg_bytes_put_u32be(first.hash.bytes, ref << (32 - width));
    sg_head_tree_walk_from(&walk, table->heads, &first);
    while (sg_head_tree_walk_next(&walk, &slot)) {
        struct sg_log *log = &table->logs[slot];

        if (sg_bytes_get_u32be(log->id.hash.bytes) >> (32 - width) != ref)
            break;
        if (found < room)
            logs[found] = log;
        found++;
    }
    return found;
}

uint32_t sg_log_table_fits(const struct sg_log_table *table, uint32_t ref,
                           unsigned width, struct sg_log *ret_logs[],
                           uint32_t room)
{
    uint32_t found;

    SG_ASSERT(width >= 1);
    SG_ASSERT(width <= 32);
    if (width < 32)
        return collect_fits(table, ref, width, ret_logs, room, 0);
    ref = sg_field_of(ref);
    found = collect_fits(table, ref, width, ret_logs, room, 0);
    if (ref <= UINT32_MAX - SG_FIELD_PRIME)
        found = collect_fits(table, ref + SG_FIELD_PRIME, width, ret_logs, room,
                             found);
    return found;
}

/* --- Filling ----------------------------------------------------------- */

/* Puts LOG behind the newest, which it is not yet. */
static void link_newest(struct sg_log_table *table, struct sg_log *log)
{
    log->newer = SG_LOG_NONE;
    log->older = table->newest;
    if (table->newest == SG_LOG_NONE)
        table->oldest = log->number;
    else
        table->logs[table->newest].newer = log->number;
    table->newest = log->number;
}

static void unlink_log(struct sg_log_table *table, struct sg_log *log)
{
    if (log->newer == SG_LOG_NONE)
        table->newest = log->older;
    else
        table->logs[log->newer].older = log->older;
    if (log->older == SG_LOG_NONE)
        table->oldest = log->newer;
    else
        table->logs[log->older].newer = log->newer;
}

enum sg_err sg_log_table_add(struct sg_log_table *table,
                             const struct sg_log_core *core, uint8_t branch,
                             struct sg_log **ret_log)
{
    struct sg_log_id id = sg_entry_log_id(&table->registry, core);
    uint32_t *place = index_place(table, id.hash.bytes);
    struct sg_log *log;

    SG_ASSERT(branch < SG_BRANCHES_MAX);
    if (branch == 0 ? *place != 0
                    : sg_log_table_find(table, &id, branch) != NULL)
        return SG_ERR_EXISTS;
    if (table->count == table->logs_max)
        return SG_ERR_LIMIT;
    log = &table->logs[table->count];
    *log = (struct sg_log){.id = id, .core = *core, .branch = branch};
    log->number = table->count;
    log->next_branch = SG_LOG_NONE;
    log->frontier = SG_LOG_NONE;
    if (branch == 0) {
        *place = log->number + 1;
    } else {
        struct sg_log *trunk = sg_log_table_find(table, &id, 0);

        SG_ASSERT(trunk != NULL);
        log->next_branch = trunk->next_branch;
        trunk->next_branch = log->number;
    }
    link_newest(table, log);
    table->count++;
    *ret_log = log;
    return SG_OK;
}

/* Notes that LOG changed, as number CHANGE. */
static void touch(struct sg_log_table *table, struct sg_log *log,
                  uint64_t change)
{
    log->change = change;
    if (change > table->change)
        table->change = change;
    if (log->newer == SG_LOG_NONE)
        return;
    unlink_log(table, log);
    link_newest(table, log);
}

/* The leaf of LOG as it is now. */
static struct sg_hash leaf_of(const struct sg_log_table *table,
                              const struct sg_log *log)
{
    if (log->is_forked)
        return sg_head_tree_leaf_forked(&table->hasher, &log->id);
    return sg_head_tree_leaf(&table->hasher, &log->id, log->known.size,
                             &log->known.root);
}

static void put_authority(struct sg_log_table *table, const struct sg_log *log,
                          const struct sg_hash *leaf)
{
    for (uint32_t i = 0; i < table->authority_count; i++) {
        if (table->authority_logs[i] == log->number)
            sg_head_tree_put(table->authority, i, &log->id, leaf);
    }
    table->authority_is_forked = table->authority_is_forked || log->is_forked;
}

/* Puts what is known of LOG into the tree and the sums. */
static void put_head(struct sg_log_table *table, const struct sg_log *log)
{
    uint32_t x = sg_log_table_x(&log->id), v;
    struct sg_hash leaf;

    if (log->branch != 0 || log->known.size == 0)
        return;
    if (sg_head_tree_has(table->heads, log->number)) {
        v = sg_log_table_v(sg_log_table_tag(table, log));
        table->sums[0] = sg_field_sub(table->sums[0], v);
        table->sums[1] = sg_field_sub(table->sums[1], sg_field_mul(v, x));
    }
    leaf = leaf_of(table, log);
    table->version++;
    sg_head_tree_put(table->heads, log->number, &log->id, &leaf);
    v = sg_log_table_v(leaf.bytes);
    table->sums[0] = sg_field_add(table->sums[0], v);
    table->sums[1] = sg_field_add(table->sums[1], sg_field_mul(v, x));
    if (log->is_authority)
        put_authority(table, log, &leaf);
}

void sg_log_table_set_known(struct sg_log_table *table, struct sg_log *log,
                            const struct sg_checkpoint *known, uint64_t change)
{
    SG_ASSERT(known->size > 0);
    SG_ASSERT(known->size >= log->known.size);
    if (log->known.size == 0)
        log->first = change;
    log->known = *known;
    log->head_change = change;
    touch(table, log, change);
    put_head(table, log);
}

void sg_log_table_set_held(struct sg_log_table *table, struct sg_log *log,
                           uint64_t held, uint64_t served, uint64_t change)
{
    SG_ASSERT(held <= log->known.size);
    SG_ASSERT(served <= held);
    log->held = held;
    log->served = served;
    touch(table, log, change);
}

void sg_log_table_set_served(struct sg_log_table *table, struct sg_log *log,
                             uint64_t served)
{
    SG_ASSERT(log->number < table->count);
    SG_ASSERT(served <= log->held);
    log->served = served;
}

void sg_log_table_set_forked(struct sg_log_table *table, struct sg_log *log,
                             uint64_t change)
{
    log->is_forked = true;
    log->head_change = change;
    touch(table, log, change);
    put_head(table, log);
}

enum sg_err sg_log_table_set_authority(struct sg_log_table *table,
                                       struct sg_log *log)
{
    SG_ASSERT(log->branch == 0);
    if (log->is_authority)
        return SG_OK;
    if (table->authority_count == SG_AUTHORITY_LOGS_MAX)
        return SG_ERR_LIMIT;
    table->authority_logs[table->authority_count++] = log->number;
    log->is_authority = true;
    put_head(table, log);
    return SG_OK;
}

/* Takes the older of the first rows of two lists off; either may be empty. */
static uint32_t take_older(struct sg_log *logs, uint32_t *a, uint32_t *b)
{
    uint32_t *from = a;
    uint32_t taken;

    if (*a == SG_LOG_NONE ||
        (*b != SG_LOG_NONE && logs[*b].change < logs[*a].change))
        from = b;
    taken = *from;
    *from = logs[taken].newer;
    return taken;
}

/* Merges two lists from old to new. */
static uint32_t merge(struct sg_log *logs, uint32_t a, uint32_t b)
{
    uint32_t head = SG_LOG_NONE, last = SG_LOG_NONE;

    while (a != SG_LOG_NONE || b != SG_LOG_NONE) {
        uint32_t next = take_older(logs, &a, &b);

        if (last == SG_LOG_NONE)
            head = next;
        else
            logs[last].newer = next;
        last = next;
    }
    if (last != SG_LOG_NONE)
        logs[last].newer = SG_LOG_NONE;
    return head;
}

void sg_log_table_sort(struct sg_log_table *table)
{
    uint32_t sorted[32], next = table->oldest; /* lists of 2^i rows */

    memset(sorted, 0xff, sizeof sorted);
    while (next != SG_LOG_NONE) {
        uint32_t list = next;
        size_t i = 0;

        next = table->logs[list].newer;
        table->logs[list].newer = SG_LOG_NONE;
        table->logs[list].first = 0;
        for (; sorted[i] != SG_LOG_NONE; i++) {
            list = merge(table->logs, sorted[i], list);
            sorted[i] = SG_LOG_NONE;
        }
        sorted[i] = list;
    }
    for (size_t i = 0; i < 32; i++)
        next = merge(table->logs, sorted[i], next);
    table->newest = SG_LOG_NONE;
    table->oldest = SG_LOG_NONE;
    while (next != SG_LOG_NONE) {
        uint32_t after = table->logs[next].newer;

        link_newest(table, &table->logs[next]);
        next = after;
    }
}

/* Gives the number of a frontier that nobody has, or whose log gives it back:
 * the one that has it longest, and is not written here. */
static uint32_t free_frontier(struct sg_log_table *table)
{
    for (uint32_t i = 0; i < table->frontiers_max; i++) {
        uint32_t at = table->next_frontier;
        struct sg_log *holder = table->holders[at] == SG_LOG_NONE
                                    ? NULL
                                    : &table->logs[table->holders[at]];

        table->next_frontier = (at + 1) % table->frontiers_max;
        if (holder == NULL)
            return at;
        if (holder->is_own)
            continue;
        holder->frontier = SG_LOG_NONE;
        return at;
    }
    return SG_LOG_NONE;
}

struct sg_frontier *sg_log_table_frontier(struct sg_log_table *table,
                                          struct sg_log *log)
{
    uint32_t at = log->frontier;

    if (at == SG_LOG_NONE) {
        at = free_frontier(table);
        if (at == SG_LOG_NONE)
            return NULL;
        table->holders[at] = log->number;
        table->frontiers[at].size = 0;
        log->frontier = at;
    }
    return &table->frontiers[at];
}

/* --- Hashes and sums --------------------------------------------------- */

struct sg_head_tree *sg_log_table_heads(struct sg_log_table *table)
{
    return table->heads;
}

const struct sg_registry_id *sg_log_table_registry(
    const struct sg_log_table *table)
{
    return &table->registry;
}

const struct sg_sha256 *sg_log_table_hasher(const struct sg_log_table *table)
{
    return &table->hasher;
}

struct sg_hash sg_log_table_root(struct sg_log_table *table)
{
    return sg_head_tree_root(table->heads);
}

void sg_log_table_auth_tag(struct sg_log_table *table,
                           uint8_t ret[SG_HEAD_TAG_SIZE])
{
    struct sg_hash root = sg_head_tree_root(table->authority);

    memcpy(ret, root.bytes, SG_HEAD_TAG_SIZE);
}

bool sg_log_table_authority_is_forked(const struct sg_log_table *table)
{
    return table->authority_is_forked;
}

const uint8_t *sg_log_table_tag(const struct sg_log_table *table,
                                const struct sg_log *log)
{
    SG_ASSERT(log->branch == 0);
    return sg_head_tree_leaf_at(table->heads, log->number)->bytes;
}

uint32_t sg_log_table_x(const struct sg_log_id *id)
{
    return sg_field_of(sg_bytes_get_u32be(id->hash.bytes));
}

uint32_t sg_log_table_v(const uint8_t tag[SG_HEAD_TAG_SIZE])
{
    uint32_t v = sg_field_of(sg_bytes_get_u32be(tag));

    return v == 0 ? 1 : v;
}

uint64_t sg_log_table_version(const struct sg_log_table *table)
{
    return table->version;
}

void sg_log_table_sums(const struct sg_log_table *table, uint32_t ret[2])
{
    ret[0] = table->sums[0];
    ret[1] = table->sums[1];
}

void sg_log_table_mine(const struct sg_log_table *table,
                       const uint8_t node_key[SG_KEY_SIZE],
                       uint8_t ret[SG_HEAD_MINE_SIZE])
{
    static const struct sg_head_prefix all = {0};
    struct sg_sha256 hash = table->hasher;
    struct sg_head_tree_walk walk;
    struct sg_hash mine;
    uint8_t mark = MARK_MINE;
    uint32_t slot;

    sg_crypto_sha256_update(&hash, &mark, 1);
    sg_head_tree_walk_prefix(&walk, table->heads, &all);
    while (sg_head_tree_walk_next(&walk, &slot)) {
        const struct sg_hash *leaf = sg_head_tree_leaf_at(table->heads, slot);

        if (memcmp(table->logs[slot].core.node_key, node_key, SG_KEY_SIZE) == 0)
            sg_crypto_sha256_update(&hash, leaf->bytes, sizeof leaf->bytes);
    }
    sg_crypto_sha256_final(&hash, &mine);
    memcpy(ret, mine.bytes, SG_HEAD_MINE_SIZE);
}
