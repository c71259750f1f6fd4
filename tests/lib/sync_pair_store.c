/* The stores of the nodes in sync_pair.h. */
#include "replication/package.h"
#include "storage/base/alloc.h"
#include "tests/lib/sync_pair.h"

void *pair_must(void *memory)
{
    assert_non_null(memory);
    return memory;
}

uint8_t *pair_copy(const void *bytes, size_t size)
{
    uint8_t *copy = pair_must(sg_alloc(size + 1));

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

/* --- Stores -------------------------------------------------------------- */

struct pair_log *pair_branch(struct pair_net *net, size_t node,
                             const struct sg_log_id *id, uint8_t branch)
{
    struct pair_node *at = &net->nodes[node];

    for (size_t i = 0; i < at->n_logs; i++)
        if (at->logs[i].branch == branch &&
            memcmp(&at->logs[i].id, id, sizeof *id) == 0)
            return &at->logs[i];
    return NULL;
}

struct pair_log *pair_find(struct pair_net *net, size_t node,
                           const struct sg_log_id *id)
{
    return pair_branch(net, node, id, 0);
}

static struct pair_log *add_log(struct pair_net *net, size_t node,
                                const struct sg_log_core *core)
{
    struct pair_node *at = &net->nodes[node];
    struct pair_log *log = &at->logs[at->n_logs++];

    assert_true(at->n_logs <= PAIR_LOGS_MAX);
    *log = (struct pair_log){.core = *core};
    log->id = sg_entry_log_id(&net->world.registry, core);
    return log;
}

struct pair_log *pair_own(struct pair_net *net, size_t node)
{
    for (size_t i = 0; i < net->nodes[node].n_logs; i++)
        if (net->nodes[node].logs[i].is_own)
            return &net->nodes[node].logs[i];
    return NULL;
}

static void append(struct pair_log *log, const struct sg_entry *entry)
{
    size_t n = (size_t)log->frontier.size;

    if (n == log->room) {
        log->room = log->room * 2 + 64;
        log->entries = pair_must(
            sg_realloc(log->entries, log->room * sizeof log->entries[0]));
        log->leaves = pair_must(
            sg_realloc(log->leaves, log->room * sizeof log->leaves[0]));
    }
    log->entries[n] = *entry;
    log->entries[n].payload =
        sg_bytes(pair_copy(entry->payload.data, entry->payload.size),
                 entry->payload.size);
    log->leaves[n] = sg_entry_leaf(entry);
    sg_merkle_append(&log->frontier, &log->leaves[n], NULL, NULL);
}

/* The hash of leaves [START, END). */
static struct sg_hash range_of(const struct pair_log *log, uint64_t start,
                               uint64_t end)
{
    struct sg_frontier frontier = {0};

    for (uint64_t i = start; i < end; i++)
        sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
    return sg_merkle_root(&frontier);
}

static size_t cover_of(const struct pair_log *log, uint64_t from, uint64_t to,
                       struct sg_hash *ret)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = sg_merkle_plan_extension(from, to, ranges);

    for (size_t i = 0; i < n; i++)
        ret[i] = range_of(log, ranges[i].start, ranges[i].end);
    return n;
}

void pair_head(const struct pair_log *log, struct sg_event *ret)
{
    *ret = (struct sg_event){.kind = SG_EVENT_HEAD};
    ret->head.core = log->core;
    ret->head.branch = log->branch;
    ret->head.is_own = log->is_own;
    ret->head.is_forked = log->is_forked;
    ret->head.known = log->known;
    ret->head.frontier = log->frontier;
    ret->head.change = log->change;
    for (uint64_t i = 0; i < log->frontier.size; i++)
        ret->head.absent += log->entries[i].state == SG_PAYLOAD_NOT_HELD;
}

/* Signs an own log as it is. */
static void sign_log(struct pair_net *net, size_t node, struct pair_log *log)
{
    struct sg_hash root = sg_merkle_root(&log->frontier);

    sg_checkpoint_sign(&net->world.registry, &log->id, &net->nodes[node].key,
                       log->frontier.size, &root, &log->known);
    log->change = ++net->nodes[node].changes;
}

/* And tells the core. */
void pair_sign(struct pair_net *net, size_t node, struct pair_log *log)
{
    struct sg_event event;

    sign_log(net, node, log);
    pair_head(log, &event);
    if (net->nodes[node].core != NULL)
        pair_step(net, node, &event);
}

void pair_append_plain(struct pair_net *net, struct pair_log *log, uint8_t kind,
                       struct sg_bytes payload)
{
    struct sg_entry_hasher hasher;
    struct sg_entry entry;

    sg_entry_hasher_init(&hasher, &net->world.registry);
    assert_ok(sg_entry_make(&hasher, kind, kind == SG_ENTRY_SEALED ? 1 : 0,
                            payload, &entry));
    append(log, &entry);
}

void pair_write(struct pair_net *net, size_t node, struct sg_bytes payload)
{
    struct pair_log *log = pair_own(net, node);

    pair_append_plain(net, log, SG_ENTRY_PLAIN, payload);
    pair_sign(net, node, log);
}

void pair_append(struct pair_net *net, size_t node, size_t count)
{
    struct pair_log *log = pair_own(net, node);
    uint8_t payload[139];

    for (size_t i = 0; i < count; i++) {
        memset(payload, (int)node, sizeof payload);
        sg_bytes_put_u64be(payload, log->frontier.size);
        pair_append_plain(net, log, SG_ENTRY_PLAIN, SG_BYTES_ARRAY(payload));
    }
    pair_sign(net, node, log);
}

struct pair_log *pair_epoch(struct pair_net *net, size_t node, uint8_t epoch)
{
    struct sg_opening opening = {.core.kind = SG_LOG_RECORDS};
    uint8_t bytes[SG_OPENING_SIZE_MAX];
    struct pair_log *before = pair_own(net, node), *log;

    if (before != NULL)
        before->is_own = false;
    memcpy(opening.core.node_key, net->nodes[node].node_key, SG_KEY_SIZE);
    memset(opening.core.epoch, epoch, sizeof opening.core.epoch);
    log = add_log(net, node, &opening.core);
    log->is_own = true;
    pair_append_plain(
        net, log, SG_ENTRY_OPENING,
        sg_bytes(bytes, sg_entry_opening_encode(&opening, bytes)));
    return log;
}

void pair_shorten(struct pair_log *log, uint64_t size)
{
    struct sg_frontier frontier = {0};

    for (uint64_t i = 0; i < log->frontier.size; i++) {
        if (i < size)
            sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
        else
            sg_free((void *)(uintptr_t)log->entries[i].payload.data);
    }
    log->frontier = frontier;
}

void pair_fork(struct pair_net *net, size_t node, uint64_t size, size_t count)
{
    struct pair_log *log = pair_own(net, node);

    pair_shorten(log, size);
    for (size_t i = 0; i < count; i++)
        pair_append_plain(net, log, SG_ENTRY_PLAIN, SG_BYTES_TEXT("another"));
    sign_log(net, node, log);
    pair_restart(net, node);
}

uint64_t pair_held(struct pair_net *net, size_t node, size_t of)
{
    const struct pair_log *log = pair_find(net, node, &pair_own(net, of)->id);

    return log == NULL ? 0 : log->frontier.size;
}

/* --- Writes -------------------------------------------------------------- */

/* Keeps a write until it is committed; what it points to is copied. */
void pair_keep_write(struct pair_node *at, const struct sg_effect *effect)
{
    struct sg_effect *kept = &at->writes[at->n_writes++];

    assert_true(at->n_writes <= PAIR_WRITES_MAX);
    *kept = *effect;
    if (effect->kind == SG_EFFECT_WRITE_STATEMENT)
        kept->statement.bytes = sg_bytes(NULL, 0);
    if (effect->kind == SG_EFFECT_WRITE_FORK)
        kept->proof.data = pair_copy(effect->proof.data, effect->proof.size);
    if (effect->kind == SG_EFFECT_WRITE_PACKAGE ||
        effect->kind == SG_EFFECT_WRITE_FILL) {
        struct sg_entry *entries = (void *)pair_copy(
            effect->package.entries,
            effect->package.count * sizeof effect->package.entries[0]);

        for (size_t i = 0; i < effect->package.count; i++)
            entries[i].payload.data =
                pair_copy(entries[i].payload.data, entries[i].payload.size);
        kept->package.entries = entries;
        kept->package.cover = (void *)pair_copy(
            effect->package.cover,
            effect->package.cover_count * sizeof effect->package.cover[0]);
    }
}

void pair_free_log(struct pair_log *log)
{
    for (uint64_t i = 0; i < log->frontier.size; i++)
        sg_free((void *)(uintptr_t)log->entries[i].payload.data);
    sg_free(log->entries);
    sg_free(log->leaves);
}

void pair_forget(struct pair_net *net, size_t node, const struct sg_log_id *log)
{
    struct pair_node *at = &net->nodes[node];
    struct pair_log *forgotten = pair_find(net, node, log);

    assert_non_null(forgotten);
    pair_free_log(forgotten);
    *forgotten = at->logs[--at->n_logs];
}

void pair_free_write(struct sg_effect *write)
{
    if (write->kind == SG_EFFECT_WRITE_FORK)
        sg_free((void *)(uintptr_t)write->proof.data);
    if (write->kind != SG_EFFECT_WRITE_PACKAGE &&
        write->kind != SG_EFFECT_WRITE_FILL)
        return;
    for (size_t i = 0; i < write->package.count; i++)
        sg_free((void *)(uintptr_t)write->package.entries[i].payload.data);
    sg_free((void *)(uintptr_t)write->package.entries);
    sg_free((void *)(uintptr_t)write->package.cover);
}

/* Appends a package as the store does: checked against what was signed. */
static void apply_package(struct pair_net *net, size_t node,
                          const struct sg_effect *write)
{
    struct pair_log *log = pair_branch(net, node, &write->log, write->branch);
    struct sg_hash root;

    if (log == NULL)
        log = add_log(net, node, &write->package.core);
    log->branch = write->branch;
    assert_int_equal(log->frontier.size, write->package.first);
    for (size_t i = 0; i < write->package.count; i++) {
        assert_ok(
            sg_entry_check(&write->package.entries[i], log->frontier.size));
        append(log, &write->package.entries[i]);
    }
    assert_ok(sg_merkle_fold(&log->frontier, write->package.known.size,
                             write->package.cover, write->package.cover_count,
                             &root));
    assert_memory_equal(&root, &write->package.known.root, sizeof root);
    assert_ok(sg_checkpoint_verify(&net->world.registry, &log->id,
                                   log->core.node_key, &write->package.known));
    if (write->package.known.size > log->known.size)
        log->known = write->package.known;
    log->change = ++net->nodes[node].changes;
}

static void apply(struct pair_net *net, size_t node,
                  const struct sg_effect *write)
{
    struct pair_node *at = &net->nodes[node];
    struct pair_log *log = pair_branch(net, node, &write->log, write->branch);
    struct sg_fork fork;

    switch (write->kind) {
    case SG_EFFECT_WRITE_PACKAGE:
        apply_package(net, node, write);
        break;
    case SG_EFFECT_WRITE_KNOWN:
        assert_non_null(log);
        assert_true(write->known.checkpoint.size > log->known.size);
        log->known = write->known.checkpoint;
        break;
    case SG_EFFECT_WRITE_FILL:
        assert_non_null(log);
        for (size_t i = 0; i < write->package.count; i++) {
            const struct sg_entry *entry = &write->package.entries[i];
            struct sg_entry *kept = &log->entries[write->package.first + i];
            struct sg_hash leaf = sg_entry_leaf(entry);

            if (entry->state != SG_PAYLOAD_PRESENT)
                continue;
            assert_int_equal(kept->state, SG_PAYLOAD_NOT_HELD);
            assert_memory_equal(&leaf, &log->leaves[write->package.first + i],
                                sizeof leaf);
            sg_free((void *)(uintptr_t)kept->payload.data);
            kept->state = SG_PAYLOAD_PRESENT;
            kept->payload =
                sg_bytes(pair_copy(entry->payload.data, entry->payload.size),
                         entry->payload.size);
        }
        break;
    case SG_EFFECT_WRITE_FORK:
        if (log == NULL) {
            assert_ok(sg_fork_decode(write->proof, &fork));
            log = add_log(net, node, &fork.core);
        }
        log->is_forked = true;
        log->proof_size = write->proof.size;
        memcpy(log->proof, write->proof.data, write->proof.size);
        break;
    case SG_EFFECT_WRITE_MEMORY:
        at->has_memory = true;
        at->memory = (struct sg_event){.kind = SG_EVENT_MEMORY};
        memcpy(&at->memory.memory, &write->memory, sizeof write->memory);
        break;
    case SG_EFFECT_WRITE_ERASE:
        assert_non_null(log);
        log->entries[write->erase.index].state = SG_PAYLOAD_ERASED;
        memcpy(log->entries[write->erase.index].erased_by, write->erase.order,
               SG_ERASED_BY_SIZE);
        break;
    case SG_EFFECT_WRITE_STATEMENT:
        at->n_statements++;
        break;
    default:
        fail();
    }
}

/* Says why the store does not take WRITE, of LOG: OK if it does. EXISTS is as
 * batch.h has it: a package before it brought as much. */
static enum sg_err judge(const struct pair_node *at,
                         const struct sg_effect *write,
                         const struct pair_log *log)
{
    uint64_t held = log == NULL ? 0 : log->frontier.size;

    if (at->refuses)
        return SG_ERR_FULL;
    if (write->kind == SG_EFFECT_WRITE_PACKAGE && write->package.first != held)
        return SG_ERR_STATE;
    if (write->kind == SG_EFFECT_WRITE_KNOWN && log != NULL &&
        write->known.checkpoint.size <= log->known.size)
        return SG_ERR_EXISTS;
    return SG_OK;
}

bool pair_commit(struct pair_net *net, size_t node)
{
    struct pair_node *at = &net->nodes[node];
    struct sg_event event = {.kind = SG_EVENT_STORED};
    size_t n = at->n_writes;
    struct sg_effect *writes;

    if (n == 0 || at->holds_commits)
        return false;
    writes = (void *)pair_copy(at->writes, n * sizeof at->writes[0]);
    at->n_writes = 0;
    event.stored = writes[n - 1].ticket;
    for (size_t i = 0; i < n; i++) {
        const struct pair_log *log =
            pair_branch(net, node, &writes[i].log, writes[i].branch);
        enum sg_err err = judge(at, &writes[i], log);

        if (err != SG_OK) {
            struct sg_event refused = {.kind = SG_EVENT_REFUSED};

            refused.refused.ticket = writes[i].ticket;
            refused.refused.err = err;
            at->refuses = at->refuses_all;
            pair_step(net, node, &refused);
        } else {
            apply(net, node, &writes[i]);
        }
        pair_free_write(&writes[i]);
    }
    sg_free(writes);
    event.change = at->changes;
    pair_step(net, node, &event);
    return true;
}

/* --- Reads --------------------------------------------------------------- */

static void answer(struct pair_net *net, size_t node,
                   const struct sg_effect *effect,
                   const struct sg_sync_wants *filter)
{
    const struct pair_log *log =
        pair_branch(net, node, &effect->log, effect->branch);
    static struct sg_entry entries[SG_PACKAGE_ENTRIES_MAX];
    static struct sg_hash hashes[2 * SG_MERKLE_HASHES_MAX];
    struct sg_event event = {.kind = SG_EVENT_READ, .session = effect->session};
    uint64_t first = effect->read.first, end = first;
    size_t size = 0;

    assert_non_null(log);
    assert_true(effect->read.to <= log->frontier.size);
    event.read.ticket = effect->ticket;
    event.read.first = first;
    event.read.entries = entries;
    event.read.hashes = hashes;
    while (end < effect->read.to && end - first < SG_PACKAGE_ENTRIES_MAX) {
        struct sg_entry entry = log->entries[end];

        if (effect->read.filter != NULL &&
            filter->records == SG_SYNC_PAYLOADS_NONE &&
            entry.kind >= SG_ENTRY_SEALED)
            entry.state = SG_PAYLOAD_NOT_HELD;
        if (entry.state != SG_PAYLOAD_PRESENT)
            entry.payload = sg_bytes(NULL, 0);
        size += entry.payload.size;
        if (end > first && size > effect->read.size_max)
            break;
        entries[end++ - first] = entry;
    }
    event.read.count = (size_t)(end - first);
    if (effect->read.frontier) {
        struct sg_frontier frontier = {0};

        for (uint64_t i = 0; i < first; i++)
            sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
        event.read.hash_count = sg_merkle_frontier_count(first);
        memcpy(hashes, frontier.hashes,
               event.read.hash_count * sizeof hashes[0]);
    }
    if (effect->read.prove_to > 0) {
        uint64_t reach =
            effect->read.frontier
                ? effect->read.prove_to
                : sg_package_reach(first, end, effect->read.prove_to,
                                   effect->read.is_fresh);

        assert_true(effect->read.held <= log->frontier.size);
        if (reach > effect->read.held)
            reach = effect->read.held;
        if (reach > end)
            event.read.hash_count +=
                cover_of(log, end, reach, hashes + event.read.hash_count);
    }
    pair_step(net, node, &event);
}

bool pair_read(struct pair_net *net, size_t node)
{
    struct pair_node *at = &net->nodes[node];
    struct sg_effect effect;
    struct sg_sync_wants filter;

    if (at->n_reads == 0)
        return false;
    effect = at->reads[0];
    filter = at->filters[0];
    at->n_reads--;
    memmove(&at->reads[0], &at->reads[1], at->n_reads * sizeof at->reads[0]);
    memmove(&at->filters[0], &at->filters[1],
            at->n_reads * sizeof at->filters[0]);
    answer(net, node, &effect, &filter);
    return true;
}
