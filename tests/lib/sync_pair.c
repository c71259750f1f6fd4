#include "tests/lib/sync_pair.h"

#include "storage/base/alloc.h"

#define ROOM (1u << 20)

/* --- Messages ------------------------------------------------------------ */

static void post(struct pair_net *net, const struct pair_end *to,
                 enum sg_message_type type, struct sg_bytes body, bool is_end)
{
    struct pair_message *message = pair_must(sg_calloc(1, sizeof *message));

    message->node = to->node;
    message->session = to->session;
    message->type = type;
    message->is_end = is_end;
    message->size = body.size;
    message->body = pair_copy(body.data, body.size);
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
        pair_keep_write(at, effect);
        break;
    }
}

void pair_step(struct pair_net *net, size_t node, struct sg_event *event)
{
    struct sg_effects *effects = pair_must(sg_alloc(sizeof *effects));
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
            did = pair_read(net, i) || did;
        for (size_t i = 0; i < net->n_nodes && !did; i++)
            did = pair_commit(net, i) || did;
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
    event.open.peer =
        net->n_peers > 0 && link == SG_SYNC_INITIATOR ? 0 : SG_SYNC_NONE;
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
                                    .peers = net->peers,
                                    .n_peers = net->n_peers,
                                    .writer_size_max = net->writer_size_max,
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
        pair_head(&at->logs[i], &event);
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
    while (pair_read(net, node)) /* it lets nobody in before that */
        continue;
}

void pair_restart(struct pair_net *net, size_t node)
{
    for (size_t i = 0; i < net->n_nodes; i++)
        if (i != node)
            pair_cut(net, node, i);
    sg_sync_free(net->nodes[node].core);
    for (size_t i = 0; i < net->nodes[node].n_writes; i++)
        pair_free_write(&net->nodes[node].writes[i]);
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
    pair_sign(net, node, pair_own(net, node));
}

void pair_new(struct pair_net *net, size_t n,
              const enum sg_certificate_role *roles)
{
    struct pair_log *log;

    assert_true(n <= PAIR_NODES_MAX);
    *net = (struct pair_net){.n_nodes = n, .now_ms = 1000, .serial = 2};
    net->last = &net->first;
    net->nodes = pair_must(sg_calloc(n, sizeof *net->nodes));
    for (size_t i = 0; i < n; i++)
        net->nodes[i].key = trust_key((uint8_t)(i + 1), net->nodes[i].node_key);
    net->world = trust_found(net->nodes[0].node_key);
    for (size_t i = 0; i < n; i++)
        make_node(net, i,
                  roles != NULL ? roles[i]
                  : i == 0      ? SG_CERTIFICATE_AUTHORITY
                                : SG_CERTIFICATE_DISTRICT);
    log = pair_own(net, 0);
    pair_append_plain(net, log, SG_ENTRY_PLAIN, net->world.genesis);
    for (size_t i = 0; i < n; i++) {
        struct sg_certificate certificate;

        assert_ok(sg_certificate_decode(
            SG_BYTES_ARRAY(net->nodes[i].certificate), &certificate));
        pair_append_plain(
            net, log, SG_ENTRY_PLAIN,
            trust_admit(&net->world, 0, net->serial++, &certificate));
    }
    pair_sign(net, 0, log);
    for (size_t i = 0; i < n; i++)
        start(net, i);
}

void pair_clear(struct pair_net *net)
{
    drop_messages(net);
    for (size_t i = 0; i < net->n_nodes; i++) {
        struct pair_node *at = &net->nodes[i];

        sg_sync_free(at->core);
        for (size_t k = 0; k < at->n_writes; k++)
            pair_free_write(&at->writes[k]);
        for (size_t k = 0; k < at->n_logs; k++)
            pair_free_log(&at->logs[k]);
    }
    sg_free(net->nodes);
}

void pair_free(struct pair_net *net)
{
    pair_clear(net);
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
