#include "tests/lib/sync_pair.h"

#include "replication/package.h"
#include "storage/base/alloc.h"

#define ROOM (1u << 20)

static void *must(void *memory)
{
    assert_non_null(memory);
    return memory;
}

static uint8_t *copy_of(const void *bytes, size_t size)
{
    uint8_t *copy = must(sg_alloc(size + 1));

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

/* --- Stores -------------------------------------------------------------- */

struct pair_log *pair_find(struct pair_net *net, size_t node,
                           const struct sg_log_id *id)
{
    struct pair_node *at = &net->nodes[node];

    for (size_t i = 0; i < at->n_logs; i++)
        if (at->logs[i].branch == 0 &&
            memcmp(&at->logs[i].id, id, sizeof *id) == 0)
            return &at->logs[i];
    return NULL;
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
        log->entries =
            must(sg_realloc(log->entries, log->room * sizeof log->entries[0]));
        log->leaves =
            must(sg_realloc(log->leaves, log->room * sizeof log->leaves[0]));
    }
    log->entries[n] = *entry;
    log->entries[n].payload = sg_bytes(
        copy_of(entry->payload.data, entry->payload.size), entry->payload.size);
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

static void head_of(const struct pair_log *log, struct sg_event *ret)
{
    *ret = (struct sg_event){.kind = SG_EVENT_HEAD};
    ret->head.core = log->core;
    ret->head.branch = log->branch;
    ret->head.is_own = log->is_own;
    ret->head.is_forked = log->is_forked;
    ret->head.known = log->known;
    ret->head.frontier = log->frontier;
    ret->head.change = log->change;
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
static void sign(struct pair_net *net, size_t node, struct pair_log *log)
{
    struct sg_event event;

    sign_log(net, node, log);
    head_of(log, &event);
    if (net->nodes[node].core != NULL)
        pair_step(net, node, &event);
}

static void append_plain(struct pair_net *net, struct pair_log *log,
                         uint8_t kind, struct sg_bytes payload)
{
    struct sg_entry_hasher hasher;
    struct sg_entry entry;

    sg_entry_hasher_init(&hasher, &net->world.registry);
    assert_ok(sg_entry_make(&hasher, kind, 0, payload, &entry));
    append(log, &entry);
}

void pair_write(struct pair_net *net, size_t node, struct sg_bytes payload)
{
    struct pair_log *log = pair_own(net, node);

    append_plain(net, log, SG_ENTRY_PLAIN, payload);
    sign(net, node, log);
}

void pair_append(struct pair_net *net, size_t node, size_t count)
{
    struct pair_log *log = pair_own(net, node);
    uint8_t payload[139];

    for (size_t i = 0; i < count; i++) {
        memset(payload, (int)node, sizeof payload);
        sg_bytes_put_u64be(payload, log->frontier.size);
        append_plain(net, log, SG_ENTRY_PLAIN, SG_BYTES_ARRAY(payload));
    }
    sign(net, node, log);
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
    append_plain(net, log, SG_ENTRY_OPENING,
                 sg_bytes(bytes, sg_entry_opening_encode(&opening, bytes)));
    return log;
}

void pair_fork(struct pair_net *net, size_t node, uint64_t size, size_t count)
{
    struct pair_log *log = pair_own(net, node);
    struct sg_frontier frontier = {0};

    for (uint64_t i = 0; i < log->frontier.size; i++) {
        if (i < size)
            sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
        else
            sg_free((void *)(uintptr_t)log->entries[i].payload.data);
    }
    log->frontier = frontier;
    for (size_t i = 0; i < count; i++)
        append_plain(net, log, SG_ENTRY_PLAIN, SG_BYTES_TEXT("another"));
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
static void keep_write(struct pair_node *at, const struct sg_effect *effect)
{
    struct sg_effect *kept = &at->writes[at->n_writes++];

    assert_true(at->n_writes <= PAIR_WRITES_MAX);
    *kept = *effect;
    if (effect->kind == SG_EFFECT_WRITE_STATEMENT)
        kept->statement.bytes = sg_bytes(NULL, 0);
    if (effect->kind == SG_EFFECT_WRITE_FORK)
        kept->proof.data = copy_of(effect->proof.data, effect->proof.size);
    if (effect->kind == SG_EFFECT_WRITE_PACKAGE ||
        effect->kind == SG_EFFECT_WRITE_FILL) {
        struct sg_entry *entries = (void *)copy_of(
            effect->package.entries,
            effect->package.count * sizeof effect->package.entries[0]);

        for (size_t i = 0; i < effect->package.count; i++)
            entries[i].payload.data =
                copy_of(entries[i].payload.data, entries[i].payload.size);
        kept->package.entries = entries;
        kept->package.cover = (void *)copy_of(
            effect->package.cover,
            effect->package.cover_count * sizeof effect->package.cover[0]);
    }
}

static void free_log(struct pair_log *log)
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
    free_log(forgotten);
    *forgotten = at->logs[--at->n_logs];
}

static void free_write(struct sg_effect *write)
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
    struct pair_log *log = pair_find(net, node, &write->log);
    struct sg_hash root;

    if (log == NULL)
        log = add_log(net, node, &write->package.core);
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
    struct pair_log *log = pair_find(net, node, &write->log);
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

static bool commit(struct pair_net *net, size_t node)
{
    struct pair_node *at = &net->nodes[node];
    struct sg_event event = {.kind = SG_EVENT_STORED};
    size_t n = at->n_writes;
    struct sg_effect *writes;

    if (n == 0 || at->holds_commits)
        return false;
    writes = (void *)copy_of(at->writes, n * sizeof at->writes[0]);
    at->n_writes = 0;
    event.stored = writes[n - 1].ticket;
    for (size_t i = 0; i < n; i++) {
        const struct pair_log *log = pair_find(net, node, &writes[i].log);
        uint64_t held = log == NULL ? 0 : log->frontier.size;

        if (at->refuses || (writes[i].kind == SG_EFFECT_WRITE_PACKAGE &&
                            writes[i].package.first != held)) {
            struct sg_event refused = {.kind = SG_EVENT_REFUSED};

            refused.refused.ticket = writes[i].ticket;
            refused.refused.err = at->refuses ? SG_ERR_FULL : SG_ERR_STATE;
            at->refuses = false;
            pair_step(net, node, &refused);
        } else {
            apply(net, node, &writes[i]);
        }
        free_write(&writes[i]);
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
    const struct pair_log *log = pair_find(net, node, &effect->log);
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
    if (effect->read.prove_to > 0)
        event.read.hash_count +=
            cover_of(log, end,
                     effect->read.frontier
                         ? effect->read.prove_to
                         : sg_package_reach(first, end, effect->read.prove_to,
                                            effect->read.is_fresh),
                     hashes + event.read.hash_count);
    pair_step(net, node, &event);
}

static bool read_all(struct pair_net *net, size_t node)
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

/* --- Messages ------------------------------------------------------------ */

static void post(struct pair_net *net, const struct pair_end *to,
                 enum sg_message_type type, struct sg_bytes body, bool is_end)
{
    struct pair_message *message = must(sg_calloc(1, sizeof *message));

    message->node = to->node;
    message->session = to->session;
    message->type = type;
    message->is_end = is_end;
    message->size = body.size;
    message->body = copy_of(body.data, body.size);
    *net->last = message;
    net->last = &message->next;
}

static void execute(struct pair_net *net, size_t node,
                    const struct sg_effect *effect)
{
    struct pair_node *at = &net->nodes[node];
    struct pair_end *end;

    switch (effect->kind) {
    case SG_EFFECT_SEND:
        end = &at->ends[effect->session];
        assert_true(end->is_open);
        at->sent[effect->send.type]++;
        at->bytes += effect->send.body.size;
        post(net, end, effect->send.type, effect->send.body, false);
        break;
    case SG_EFFECT_CLOSE:
        end = &at->ends[effect->session];
        assert_true(end->is_open);
        at->closed = effect->close;
        at->n_closed++;
        post(net, end, SG_MESSAGE_NONE, sg_bytes(NULL, 0), true);
        end->is_open = false;
        break;
    case SG_EFFECT_READ:
        assert_true(at->n_reads < 64);
        at->reads[at->n_reads] = *effect;
        if (effect->read.filter != NULL)
            at->filters[at->n_reads] = *effect->read.filter;
        at->n_reads++;
        break;
    case SG_EFFECT_DIAL:
        at->n_dials++;
        break;
    case SG_EFFECT_JUDGED:
        at->n_judged++;
        break;
    case SG_EFFECT_BEHIND:
        at->n_behind++;
        break;
    case SG_EFFECT_ALARM:
        assert_true(at->n_alarms < PAIR_ALARMS_MAX);
        at->alarms[at->n_alarms++] = *effect;
        break;
    default:
        keep_write(at, effect);
        break;
    }
}

void pair_step(struct pair_net *net, size_t node, struct sg_event *event)
{
    struct sg_effects *effects = must(sg_alloc(sizeof *effects));
    struct sg_event next = *event;

    for (size_t i = 0;; i++) {
        next.now_ms = net->now_ms;
        next.seconds = 1700000000 + net->now_ms / 1000;
        assert_ok(sg_sync_step(net->nodes[node].core, &next, effects));
        for (size_t k = 0; k < effects->count; k++)
            execute(net, node, &effects->items[k]);
        if (!effects->more)
            break;
        assert_true(i < 10000); /* it comes to an end */
        next = (struct sg_event){.kind = SG_EVENT_TICK};
    }
    sg_free(effects);
}

static bool deliver(struct pair_net *net)
{
    struct pair_message *message = net->first;
    struct sg_event event = {.kind = SG_EVENT_MESSAGE};
    struct pair_end *end;

    if (message == NULL)
        return false;
    net->first = message->next;
    if (net->first == NULL)
        net->last = &net->first;
    end = &net->nodes[message->node].ends[message->session];
    event.session = message->session;
    if (end->is_open && message->is_end) {
        event.kind = SG_EVENT_SHUT;
        end->is_open = false;
        pair_step(net, message->node, &event);
    } else if (end->is_open) {
        struct sg_event room = {.kind = SG_EVENT_ROOM};
        struct pair_end from = *end;

        if (net->filter == NULL || net->filter(net, message)) {
            event.message.type = message->type;
            event.message.body = sg_bytes(message->body, message->size);
            pair_step(net, message->node, &event);
        }
        room.session = from.session;
        room.room = message->size;
        if (net->nodes[from.node].ends[from.session].is_open)
            pair_step(net, from.node, &room);
    }
    sg_free(message->body);
    sg_free(message);
    return true;
}

static void drop_messages(struct pair_net *net)
{
    while (net->first != NULL) {
        struct pair_message *message = net->first;

        net->first = message->next;
        sg_free(message->body);
        sg_free(message);
    }
    net->last = &net->first;
}

void pair_run(struct pair_net *net, uint64_t ms)
{
    uint64_t end = net->now_ms + ms;

    for (;;) {
        struct sg_event tick = {.kind = SG_EVENT_TICK};
        bool did = deliver(net);
        uint64_t next = end;

        for (size_t i = 0; i < net->n_nodes; i++)
            did = read_all(net, i) || did;
        for (size_t i = 0; i < net->n_nodes && !did; i++)
            did = commit(net, i) || did;
        if (did)
            continue;
        for (size_t i = 0; i < net->n_nodes; i++) {
            uint64_t at = sg_sync_deadline(net->nodes[i].core);
            if (at < next)
                next = at;
        }
        if (net->now_ms >= end)
            break;
        net->now_ms = next > net->now_ms ? next : net->now_ms + 1;
        for (size_t i = 0; i < net->n_nodes; i++)
            pair_step(net, i, &tick);
    }
}

/* --- Sessions ------------------------------------------------------------ */

static uint32_t free_session(const struct pair_node *at)
{
    uint32_t i = 0;

    while (at->ends[i].is_open)
        i++;
    assert_true(i < PAIR_SESSIONS_MAX);
    return i;
}

static void open_end(struct pair_net *net, size_t node, uint32_t session,
                     enum sg_sync_link link,
                     const struct sg_hello_payload *sent,
                     const struct sg_hello_payload *received)
{
    struct sg_event event = {.kind = SG_EVENT_OPEN, .session = session};

    event.open.link = link;
    event.open.peer = SG_SYNC_NONE;
    event.open.sent = *sent;
    event.open.received = *received;
    pair_step(net, node, &event);
    if (!net->nodes[node].ends[session].is_open)
        return;
    event = (struct sg_event){.kind = SG_EVENT_ROOM, .session = session};
    event.room = ROOM;
    pair_step(net, node, &event);
}

void pair_connect(struct pair_net *net, size_t a, size_t b)
{
    uint32_t at_a = free_session(&net->nodes[a]);
    uint32_t at_b = free_session(&net->nodes[b]);
    struct sg_hello_payload from_a, from_b;

    sg_sync_greet(net->nodes[b].core, NULL, &from_b);
    sg_sync_greet(net->nodes[a].core, &from_b, &from_a);
    net->nodes[a].ends[at_a] = (struct pair_end){true, (uint32_t)b, at_b};
    net->nodes[b].ends[at_b] = (struct pair_end){true, (uint32_t)a, at_a};
    open_end(net, a, at_a, SG_SYNC_INITIATOR, &from_a, &from_b);
    open_end(net, b, at_b, SG_SYNC_RESPONDER, &from_b, &from_a);
}

void pair_cut(struct pair_net *net, size_t a, size_t b)
{
    drop_messages(net);
    for (uint32_t i = 0; i < PAIR_SESSIONS_MAX; i++)
        for (int side = 0; side < 2; side++) {
            size_t node = side == 0 ? a : b, other = side == 0 ? b : a;
            struct pair_end *end = &net->nodes[node].ends[i];
            struct sg_event event = {.kind = SG_EVENT_SHUT, .session = i};

            if (!end->is_open || end->node != other)
                continue;
            end->is_open = false;
            pair_step(net, node, &event);
        }
}

/* --- Nodes --------------------------------------------------------------- */

static void start(struct pair_net *net, size_t node)
{
    struct pair_node *at = &net->nodes[node];
    struct sg_buf chain;
    struct sg_writer writer;
    struct sg_sync_config config = {.registry = net->world.registry,
                                    .key = &at->key,
                                    .sessions_max = PAIR_SESSIONS_MAX,
                                    .logs_max = PAIR_LOGS_MAX,
                                    .interval_ms = net->interval_ms,
                                    .cosigns = at->certificate[1] ==
                                               SG_CERTIFICATE_CENTRAL};
    struct sg_event event;

    sg_buf_init(&chain, 1 << 16);
    sg_writer_init_buf(&writer, &chain);
    sg_chain_begin(&writer, SG_CHAIN_FROM_GENESIS);
    sg_chain_put(&writer, net->world.genesis);
    assert_ok(sg_writer_end(&writer));
    config.chain = sg_buf_bytes(&chain);
    memcpy(config.certificate, at->certificate, sizeof config.certificate);
    memset(config.database, (int)(0x70 + node), sizeof config.database);
    memset(config.seed, (int)(1 + node), sizeof config.seed);
    assert_ok(sg_sync_new(&config, &at->core));
    sg_buf_clear(&chain);
    for (size_t i = 0; i < at->n_logs; i++) {
        head_of(&at->logs[i], &event);
        pair_step(net, node, &event);
        if (at->logs[i].proof_size == 0)
            continue;
        event = (struct sg_event){.kind = SG_EVENT_PROOF};
        event.proof = sg_bytes(at->logs[i].proof, at->logs[i].proof_size);
        pair_step(net, node, &event);
    }
    if (at->has_memory) {
        event = at->memory;
        pair_step(net, node, &event);
    }
    event = (struct sg_event){.kind = SG_EVENT_START};
    pair_step(net, node, &event);
}

void pair_restart(struct pair_net *net, size_t node)
{
    for (size_t i = 0; i < net->n_nodes; i++)
        if (i != node)
            pair_cut(net, node, i);
    sg_sync_free(net->nodes[node].core);
    for (size_t i = 0; i < net->nodes[node].n_writes; i++)
        free_write(&net->nodes[node].writes[i]);
    net->nodes[node].n_writes = 0;
    net->nodes[node].n_reads = 0;
    start(net, node);
}

static void make_node(struct pair_net *net, size_t node,
                      enum sg_certificate_role role)
{
    struct pair_node *at = &net->nodes[node];
    uint8_t transport[SG_KEY_SIZE];
    struct sg_certificate certificate;

    memset(transport, (int)(0x40 + node), sizeof transport);
    certificate =
        trust_certificate(&net->world, 0, role, at->node_key, transport);
    sg_certificate_encode(&certificate, at->certificate);
    pair_epoch(net, node, (uint8_t)(1 + node));
    sign(net, node, pair_own(net, node));
}

void pair_new(struct pair_net *net, size_t n,
              const enum sg_certificate_role *roles)
{
    struct pair_log *log;

    assert_true(n <= PAIR_NODES_MAX);
    *net = (struct pair_net){.n_nodes = n, .now_ms = 1000, .serial = 2};
    net->last = &net->first;
    net->nodes = must(sg_calloc(n, sizeof *net->nodes));
    for (size_t i = 0; i < n; i++)
        net->nodes[i].key = trust_key((uint8_t)(i + 1), net->nodes[i].node_key);
    net->world = trust_found(net->nodes[0].node_key);
    for (size_t i = 0; i < n; i++)
        make_node(net, i,
                  roles != NULL ? roles[i]
                  : i == 0      ? SG_CERTIFICATE_AUTHORITY
                                : SG_CERTIFICATE_DISTRICT);
    log = pair_own(net, 0);
    append_plain(net, log, SG_ENTRY_PLAIN, net->world.genesis);
    for (size_t i = 0; i < n; i++) {
        struct sg_certificate certificate;

        assert_ok(sg_certificate_decode(
            SG_BYTES_ARRAY(net->nodes[i].certificate), &certificate));
        append_plain(net, log, SG_ENTRY_PLAIN,
                     trust_admit(&net->world, 0, net->serial++, &certificate));
    }
    sign(net, 0, log);
    for (size_t i = 0; i < n; i++)
        start(net, i);
}

void pair_free(struct pair_net *net)
{
    drop_messages(net);
    for (size_t i = 0; i < net->n_nodes; i++) {
        struct pair_node *at = &net->nodes[i];

        sg_sync_free(at->core);
        for (size_t k = 0; k < at->n_writes; k++)
            free_write(&at->writes[k]);
        for (size_t k = 0; k < at->n_logs; k++)
            free_log(&at->logs[k]);
    }
    sg_free(net->nodes);
    assert_int_equal(sg_alloc_live(), 0);
}

/* --- Judging ------------------------------------------------------------- */

void pair_assert_equal(struct pair_net *net)
{
    struct sg_hash root = sg_sync_root(net->nodes[0].core);

    for (size_t i = 1; i < net->n_nodes; i++) {
        struct sg_hash other = sg_sync_root(net->nodes[i].core);

        assert_int_equal(net->nodes[i].n_logs, net->nodes[0].n_logs);
        assert_memory_equal(&root, &other, sizeof root);
        for (size_t k = 0; k < net->nodes[0].n_logs; k++) {
            const struct pair_log *a = &net->nodes[0].logs[k];
            const struct pair_log *b = pair_find(net, i, &a->id);

            assert_non_null(b);
            assert_int_equal(a->frontier.size, b->frontier.size);
            for (uint64_t e = 0; e < a->frontier.size; e++)
                assert_true(sg_bytes_equal(a->entries[e].payload,
                                           b->entries[e].payload));
        }
    }
}

size_t pair_alarms(const struct pair_net *net, size_t node,
                   enum sg_sync_alarm alarm)
{
    size_t n = 0;

    for (size_t i = 0; i < net->nodes[node].n_alarms; i++)
        n += net->nodes[node].alarms[i].alarm == alarm;
    return n;
}
