#include "tools/bench_pair.h"

#include <string.h>

#include "replication/chain.h"
#include "replication/package.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tools/bench_logs.h"

#define READS_MAX  256u
#define CHAIN_MAX  65536u
#define FIRST_MS   1000u
#define SECONDS_AT UINT64_C(1700000000)

/* A log of a store: the beginning of what was written. */
struct kept {
    uint64_t held, durable;
    uint64_t change;
    struct sg_checkpoint known;
    struct sg_entry *entries; /* node 1: as they came */
};

struct node {
    struct sg_sync *core;
    struct kept kept[SG_BENCH_LOGS_WRITERS_MAX + 1];
    uint8_t *bytes; /* of payloads, each where it lies in the original */
    uint64_t changes;
    uint64_t ticket; /* of the last write; 0: all is durable */
    size_t n_reads;
    struct sg_effect reads[READS_MAX];
    struct sg_effects effects;
    uint64_t entries_durable, bytes_durable;
    uint64_t entries_waiting, bytes_waiting;
};

struct sg_bench_pair {
    struct sg_bench_logs *logs;
    struct sg_bench_pair_hooks hooks;
    uint64_t now_ms;
    struct node nodes[2];
    struct sg_hash hashes[2 * SG_MERKLE_HASHES_MAX]; /* of an answer */
};

/* --- Making -------------------------------------------------------------- */

enum sg_err sg_bench_pair_new(struct sg_bench_workload *workload,
                              unsigned n_writers, size_t entries,
                              struct sg_bench_pair **ret_pair)
{
    struct sg_bench_pair *pair = sg_calloc(1, sizeof *pair);
    enum sg_err err;

    if (pair == NULL)
        return SG_ERR_NOMEM;
    pair->now_ms = FIRST_MS;
    err = sg_bench_logs_new(workload, n_writers, entries, &pair->logs);
    if (err == SG_OK) {
        pair->nodes[1].bytes = sg_alloc(pair->logs->bytes.size);
        err = pair->nodes[1].bytes == NULL ? SG_ERR_NOMEM : SG_OK;
    }
    for (unsigned i = 0; err == SG_OK && i < pair->logs->n_logs; i++) {
        struct kept *kept = &pair->nodes[1].kept[i];

        kept->entries =
            sg_calloc(pair->logs->logs[i].count, sizeof kept->entries[0]);
        err = kept->entries == NULL ? SG_ERR_NOMEM : SG_OK;
    }
    if (err != SG_OK) {
        sg_bench_pair_free(pair);
        return err;
    }
    *ret_pair = pair;
    return SG_OK;
}

void sg_bench_pair_free(struct sg_bench_pair *pair)
{
    if (pair == NULL)
        return;
    for (unsigned i = 0; i < 2; i++)
        sg_sync_free(pair->nodes[i].core);
    for (unsigned i = 0; i <= SG_BENCH_LOGS_WRITERS_MAX; i++)
        sg_free(pair->nodes[1].kept[i].entries);
    sg_free(pair->nodes[1].bytes);
    sg_bench_logs_free(pair->logs);
    sg_free(pair);
}

void sg_bench_pair_hook(struct sg_bench_pair *pair,
                        const struct sg_bench_pair_hooks *hooks)
{
    pair->hooks = *hooks;
}

/* Member 1 is node 0; the last member, who writes nothing, is node 1. */
static const struct sg_bench_member *member(const struct sg_bench_pair *pair,
                                            unsigned node)
{
    return &pair->logs->members[node == 0 ? 1 : pair->logs->n_members - 1];
}

static enum sg_err make_core(struct sg_bench_pair *pair, unsigned node)
{
    static const struct sg_sync_peer peer = {.dial = true};
    struct sg_sync_config config = {.registry = pair->logs->registry,
                                    .key = &member(pair, node)->key,
                                    .sessions_max = 1,
                                    .logs_max = 64};
    struct sg_buf chain;
    struct sg_writer writer;
    enum sg_err err;

    if (node == 0 && pair->hooks.dial != NULL) {
        config.peers = &peer;
        config.n_peers = 1;
    }
    memcpy(config.certificate, member(pair, node)->certificate,
           sizeof config.certificate);
    memset(config.database, (int)(0x70 + node), sizeof config.database);
    memset(config.seed, (int)(1 + node), sizeof config.seed);
    sg_buf_init(&chain, CHAIN_MAX);
    sg_writer_init_buf(&writer, &chain);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, pair->logs->logs[0].entries[1].payload);
    err = sg_writer_end(&writer);
    config.chain = sg_buf_bytes(&chain);
    if (err == SG_OK)
        err = sg_sync_new(&config, &pair->nodes[node].core);
    sg_buf_clear(&chain);
    return err;
}

/* Tells NODE's core of log NO, which it holds whole. */
static enum sg_err start_log(struct sg_bench_pair *pair, unsigned node,
                             unsigned no)
{
    const struct sg_bench_log *log = &pair->logs->logs[no];
    struct kept *kept = &pair->nodes[node].kept[no];
    struct sg_event event = {.kind = SG_EVENT_HEAD};

    kept->held = kept->durable = log->count;
    kept->known = log->known;
    kept->change = ++pair->nodes[node].changes;
    if (node == 1) {
        for (size_t i = 0; i < log->count; i++)
            kept->entries[i] = log->entries[i];
    }
    event.head.core = log->core;
    event.head.is_own = node == 0 && no == 1;
    event.head.known = log->known;
    event.head.frontier = sg_bench_logs_frontier(log, log->count);
    event.head.change = kept->change;
    return sg_bench_pair_step(pair, node, &event);
}

enum sg_err sg_bench_pair_start(struct sg_bench_pair *pair, unsigned node,
                                bool is_full)
{
    struct node *at = &pair->nodes[node];
    struct sg_event event = {.kind = SG_EVENT_WANTS};
    enum sg_err err;

    sg_sync_free(at->core);
    at->core = NULL;
    at->changes = at->ticket = at->n_reads = 0;
    at->entries_durable = at->bytes_durable = 0;
    at->entries_waiting = at->bytes_waiting = 0;
    err = make_core(pair, node);
    for (unsigned i = 0; err == SG_OK && i < pair->logs->n_logs; i++) {
        struct sg_entry *entries = at->kept[i].entries;

        at->kept[i] = (struct kept){.entries = entries};
        if (i == 0 || node == 0 || is_full)
            err = start_log(pair, node, i);
    }
    event.wants.records = event.wants.audits = SG_SYNC_PAYLOADS_ALL;
    if (err == SG_OK)
        err = sg_bench_pair_step(pair, node, &event);
    event = (struct sg_event){.kind = SG_EVENT_START};
    return err == SG_OK ? sg_bench_pair_step(pair, node, &event) : err;
}

/* --- The store ----------------------------------------------------------- */

static unsigned find(const struct sg_bench_pair *pair,
                     const struct sg_log_id *id)
{
    unsigned i = 0;

    while (i < pair->logs->n_logs &&
           memcmp(&pair->logs->logs[i].id, id, sizeof *id) != 0)
        i++;
    return i;
}

/* What ENTRY is in a package beside what all share: the length of its payload,
 * a varint, and the payload. */
static size_t entry_size(const struct sg_entry *entry)
{
    return entry->payload.size + (entry->payload.size < 128     ? 1
                                  : entry->payload.size < 16384 ? 2
                                                                : 3);
}

/* Keeps a package: entries and payloads are copied. */
static enum sg_err write_package(struct sg_bench_pair *pair, struct node *at,
                                 const struct sg_effect *effect)
{
    unsigned no = find(pair, &effect->log);
    const struct sg_entry *first = effect->package.entries;
    size_t count = effect->package.count;
    struct kept *kept = &at->kept[no];

    if (no == pair->logs->n_logs || kept->entries == NULL ||
        effect->package.first != kept->held ||
        kept->held + count > pair->logs->logs[no].count)
        return SG_ERR_STATE;
    for (size_t i = 0; i < count; i++) {
        const struct sg_entry *original =
            &pair->logs->logs[no].entries[kept->held];
        struct sg_entry *entry = &kept->entries[kept->held++];

        *entry = first[i];
        if (entry->payload.size != original->payload.size)
            return SG_ERR_PROOF;
        entry->payload.data =
            at->bytes + (original->payload.data - pair->logs->bytes.data);
        memcpy(at->bytes + (original->payload.data - pair->logs->bytes.data),
               first[i].payload.data, entry->payload.size);
        at->bytes_waiting += entry_size(entry);
    }
    at->entries_waiting += count;
    kept->change = ++at->changes;
    if (effect->package.known.size > kept->known.size)
        kept->known = effect->package.known;
    at->ticket = effect->ticket;
    return SG_OK;
}

enum sg_err sg_bench_pair_commit(struct sg_bench_pair *pair, unsigned node)
{
    struct node *at = &pair->nodes[node];
    struct sg_event event = {.kind = SG_EVENT_STORED};

    if (at->ticket == 0)
        return SG_OK;
    event.stored = at->ticket;
    event.change = at->changes;
    at->ticket = 0;
    at->entries_durable += at->entries_waiting;
    at->bytes_durable += at->bytes_waiting;
    at->entries_waiting = at->bytes_waiting = 0;
    for (unsigned i = 0; i < pair->logs->n_logs; i++)
        at->kept[i].durable = at->kept[i].held;
    return sg_bench_pair_step(pair, node, &event);
}

static size_t cover(const struct sg_bench_log *log, uint64_t from, uint64_t to,
                    struct sg_hash *ret)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = sg_merkle_plan_extension(from, to, ranges);

    for (size_t i = 0; i < n; i++)
        ret[i] = sg_bench_logs_range(log, &ranges[i]);
    return n;
}

/* The hashes that the read EFFECT wants behind END: see sync.h. */
static size_t prove(struct sg_bench_pair *pair, const struct sg_bench_log *log,
                    const struct sg_effect *effect, uint64_t end)
{
    size_t n = 0;
    uint64_t reach;

    if (effect->read.frontier) {
        struct sg_frontier frontier = sg_bench_logs_frontier(log, end);

        n = sg_merkle_frontier_count(end);
        memcpy(pair->hashes, frontier.hashes, n * sizeof frontier.hashes[0]);
    }
    if (effect->read.prove_to == 0)
        return n;
    reach = effect->read.frontier ? effect->read.prove_to
                                  : sg_package_reach(effect->read.first, end,
                                                     effect->read.prove_to,
                                                     effect->read.is_fresh);
    if (reach > effect->read.held)
        reach = effect->read.held;
    return reach > end ? n + cover(log, end, reach, pair->hashes + n) : n;
}

/* Makes the answer to EFFECT. Node 1 serves what it holds of what was written:
 * sg_bench_pair_check says whether that is the same. */
static enum sg_err answer(struct sg_bench_pair *pair,
                          const struct sg_effect *effect,
                          struct sg_event *ret_event)
{
    unsigned no = find(pair, &effect->log);
    const struct sg_bench_log *log = &pair->logs->logs[no];
    uint64_t first = effect->read.first, end = first;
    size_t size = 0;

    if (no == pair->logs->n_logs || effect->read.to > log->count ||
        (effect->read.filter != NULL &&
         effect->read.filter->records != SG_SYNC_PAYLOADS_ALL))
        return SG_ERR_STATE;
    while (end < effect->read.to && end - first < SG_PACKAGE_ENTRIES_MAX) {
        size += log->entries[end].payload.size;
        if (end > first && size > effect->read.size_max)
            break;
        end++;
    }
    *ret_event =
        (struct sg_event){.kind = SG_EVENT_READ, .session = effect->session};
    ret_event->read.ticket = effect->ticket;
    ret_event->read.first = first;
    ret_event->read.count = (size_t)(end - first);
    ret_event->read.entries = log->entries + first;
    ret_event->read.hashes = pair->hashes;
    ret_event->read.hash_count = prove(pair, log, effect, end);
    return SG_OK;
}

/* --- Steps --------------------------------------------------------------- */

static enum sg_err obey(struct sg_bench_pair *pair, unsigned node,
                        const struct sg_effect *effect)
{
    const struct sg_bench_pair_hooks *hooks = &pair->hooks;
    struct node *at = &pair->nodes[node];

    switch (effect->kind) {
    case SG_EFFECT_SEND:
        hooks->send(hooks->context, node, effect->send.type, effect->send.body);
        return SG_OK;
    case SG_EFFECT_CLOSE:
        hooks->close(hooks->context, node, effect->close);
        return SG_OK;
    case SG_EFFECT_DIAL:
        SG_ASSERT(hooks->dial != NULL);
        hooks->dial(hooks->context, node);
        return SG_OK;
    case SG_EFFECT_READ:
        if (at->n_reads == READS_MAX)
            return SG_ERR_LIMIT;
        at->reads[at->n_reads++] = *effect;
        return SG_OK;
    case SG_EFFECT_WRITE_PACKAGE:
        return write_package(pair, at, effect);
    case SG_EFFECT_WRITE_KNOWN:
    case SG_EFFECT_WRITE_MEMORY:
    case SG_EFFECT_WRITE_STATEMENT:
        at->ticket = effect->ticket;
        return SG_OK;
    case SG_EFFECT_JUDGED:
        return SG_OK;
    default:
        return SG_ERR_STATE;
    }
}

/* One event, and what it has left over. */
static enum sg_err step_one(struct sg_bench_pair *pair, unsigned node,
                            struct sg_event *event)
{
    struct node *at = &pair->nodes[node];
    enum sg_err err;

    do {
        event->now_ms = pair->now_ms;
        event->seconds = SECONDS_AT + pair->now_ms / 1000;
        err = sg_sync_step(at->core, event, &at->effects);
        for (size_t i = 0; i < at->effects.count && err == SG_OK; i++)
            err = obey(pair, node, &at->effects.items[i]);
        *event = (struct sg_event){.kind = SG_EVENT_TICK};
    } while (err == SG_OK && at->effects.more);
    return err;
}

enum sg_err sg_bench_pair_step(struct sg_bench_pair *pair, unsigned node,
                               struct sg_event *event)
{
    struct node *at = &pair->nodes[node];
    enum sg_err err = step_one(pair, node, event);

    while (err == SG_OK && at->n_reads > 0) {
        struct sg_effect effect = at->reads[0];
        struct sg_event read;

        at->n_reads--;
        memmove(&at->reads[0], &at->reads[1],
                at->n_reads * sizeof at->reads[0]);
        err = answer(pair, &effect, &read);
        if (err == SG_OK)
            err = step_one(pair, node, &read);
    }
    return err;
}

/* --- Looking in ---------------------------------------------------------- */

bool sg_bench_pair_writes(const struct sg_bench_pair *pair, unsigned node)
{
    return pair->nodes[node].ticket != 0;
}

uint64_t sg_bench_pair_entries(const struct sg_bench_pair *pair)
{
    return pair->nodes[1].entries_durable;
}

uint64_t sg_bench_pair_bytes(const struct sg_bench_pair *pair)
{
    return pair->nodes[1].bytes_durable;
}

uint64_t sg_bench_pair_expected(const struct sg_bench_pair *pair)
{
    uint64_t count = 0;

    for (unsigned i = 1; i < pair->logs->n_logs; i++)
        count += pair->logs->logs[i].count;
    return count;
}

enum sg_err sg_bench_pair_check(const struct sg_bench_pair *pair)
{
    for (unsigned i = 0; i < pair->logs->n_logs; i++) {
        const struct sg_bench_log *log = &pair->logs->logs[i];
        const struct kept *kept = &pair->nodes[1].kept[i];

        for (uint64_t k = 0; k < kept->durable; k++) {
            struct sg_hash leaf = sg_entry_leaf(&kept->entries[k]);

            if (memcmp(&leaf, &log->nodes[0][k], sizeof leaf) != 0 ||
                !sg_bytes_equal(kept->entries[k].payload,
                                log->entries[k].payload))
                return SG_ERR_PROOF;
        }
    }
    return SG_OK;
}

struct sg_sync *sg_bench_pair_core(struct sg_bench_pair *pair, unsigned node)
{
    return pair->nodes[node].core;
}

const struct sg_registry_id *sg_bench_pair_registry(
    const struct sg_bench_pair *pair)
{
    return &pair->logs->registry;
}

const struct sg_noise_key *sg_bench_pair_transport(
    const struct sg_bench_pair *pair, unsigned node)
{
    return &member(pair, node)->transport;
}

void sg_bench_pair_at(struct sg_bench_pair *pair, uint64_t now_ms)
{
    SG_ASSERT(now_ms >= pair->now_ms);
    pair->now_ms = now_ms;
}
