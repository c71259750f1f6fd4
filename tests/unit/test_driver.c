/* The driver: two and three cores over real stores, messages by hand. */
#include "node/driver.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/identity.h"
#include "storage/base/alloc.h"
#include "storage/base/clock.h"
#include "storage/lmdb/batch.h"
#include "storage/lmdb/fetch.h"
#include "tests/lib/founding.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/test.h"

#define NODES_MAX    3
#define SESSIONS_MAX 8
#define ROOM         (1u << 20)
#define FILL_MAX     1000

/* --- A net of drivers
 * --------------------------------------------------------- */

struct net;

struct node {
    struct net *net;
    char dir[512];
    struct sg_store_config config;
    struct sg_identity identity;
    struct sg_driver *driver;
    struct {
        bool is_open;
        size_t node;
        uint32_t session;
    } ends[SESSIONS_MAX];
    size_t n_alarms;
};

struct message {
    struct message *next;
    size_t node;
    uint32_t session;
    bool is_end;
    enum sg_message_type type;
    size_t size;
    uint8_t body[];
};

struct net {
    char *dir;
    size_t n;
    uint64_t now_ms;
    sem_t news;        /* a keeper has something */
    size_t n_complete; /* lists of all heads that were sent (PROTOCOL 7) */
    struct message *first, **last;
    struct node nodes[NODES_MAX];
};

static struct sg_event at_now(const struct net *net, enum sg_event_kind kind)
{
    return (struct sg_event){.kind = kind,
                             .now_ms = net->now_ms,
                             .seconds = 1751302800 + net->now_ms / 1000};
}

static void post(struct node *node, uint32_t session, bool is_end,
                 enum sg_message_type type, struct sg_bytes body)
{
    struct message *message = sg_alloc(sizeof *message + body.size);

    assert_non_null(message);
    assert_true(node->ends[session].is_open);
    node->net->n_complete +=
        type == SG_MESSAGE_HEADS && (body.data[0] & 4) != 0;
    *message = (struct message){.node = node->ends[session].node,
                                .session = node->ends[session].session,
                                .is_end = is_end,
                                .type = type,
                                .size = body.size};
    if (body.size > 0)
        memcpy(message->body, body.data, body.size);
    *node->net->last = message;
    node->net->last = &message->next;
}

static void on_send(void *context, uint32_t session, enum sg_message_type type,
                    struct sg_bytes body)
{
    post(context, session, false, type, body);
}

static void on_close(void *context, uint32_t session, enum sg_err err)
{
    struct node *node = context;

    (void)err;
    post(node, session, true, SG_MESSAGE_NONE, sg_bytes(NULL, 0));
    node->ends[session].is_open = false;
}

static void on_dial(void *context, uint32_t peer)
{
    (void)context;
    (void)peer;
    fail();
}

static void on_alarm(void *context, const struct sg_effect *effect)
{
    (void)effect;
    ((struct node *)context)->n_alarms++;
}

static void on_wake(void *context)
{
    (void)sem_post(&((struct node *)context)->net->news);
}

static void open_node(struct net *net, size_t i)
{
    struct node *node = &net->nodes[i];
    const struct sg_driver_hooks hooks = {
        .send = on_send,
        .close = on_close,
        .dial = on_dial,
        .alarm = on_alarm,
        .wake = on_wake,
        .context = node,
    };
    struct sg_event event = at_now(net, SG_EVENT_TICK);
    struct sg_sync_config config = {.sessions_max = SESSIONS_MAX,
                                    .logs_max = 64};
    const char *what;

    assert_ok(sg_identity_open(&node->config, NULL, &node->identity, &what));
    config.registry = *sg_store_registry(node->identity.store);
    config.key = &node->identity.node->sign;
    config.chain = sg_buf_bytes(&node->identity.chain);
    memcpy(config.certificate, node->identity.certificate, SG_CERTIFICATE_SIZE);
    memset(config.seed, (int)i, sizeof config.seed);
    assert_ok(
        sg_driver_new(node->identity.store, &config, &hooks, &node->driver));
    assert_ok(sg_driver_start(node->driver, &event));
}

static void close_node(struct node *node)
{
    if (node->driver == NULL)
        return;
    sg_driver_free(node->driver);
    node->driver = NULL;
    sg_identity_close(&node->identity);
}

static void net_new(struct net *net, size_t n)
{
    *net = (struct net){.n = n, .now_ms = 1000};
    net->last = &net->first;
    net->dir = sg_tempdir_new();
    assert_int_equal(sem_init(&net->news, 0, 0), 0);
    founding_make(net->dir, n);
    for (size_t i = 0; i < n; i++) {
        struct node *node = &net->nodes[i];

        (void)snprintf(node->dir, sizeof node->dir, "%s/%zu", net->dir, i);
        node->net = net;
        node->config.dir = node->dir;
    }
}

static void drop_messages(struct net *net)
{
    while (net->first != NULL) {
        struct message *message = net->first;

        net->first = message->next;
        sg_free(message);
    }
    net->last = &net->first;
}

static void net_free(struct net *net)
{
    drop_messages(net);
    for (size_t i = 0; i < net->n; i++)
        close_node(&net->nodes[i]);
    (void)sem_destroy(&net->news);
    sg_tempdir_free(net->dir);
    assert_int_equal(sg_alloc_live(), 0);
}

/* --- Sessions
 * ------------------------------------------------------------------ */

static void begin_end(struct net *net, size_t i, uint32_t session,
                      enum sg_sync_link link,
                      const struct sg_hello_payload *sent,
                      const struct sg_hello_payload *received)
{
    struct sg_event event = at_now(net, SG_EVENT_OPEN);

    event.session = session;
    event.open.link = link;
    event.open.peer = SG_SYNC_NONE;
    event.open.sent = *sent;
    event.open.received = *received;
    sg_driver_step(net->nodes[i].driver, &event);
    event = at_now(net, SG_EVENT_ROOM);
    event.session = session;
    event.room = ROOM;
    sg_driver_step(net->nodes[i].driver, &event);
}

/* Session number of A for B is B's number, and the other way round. */
static void connect_nodes(struct net *net, size_t a, size_t b)
{
    struct sg_hello_payload from_a, from_b;

    sg_sync_greet(sg_driver_core(net->nodes[b].driver), NULL, &from_b);
    sg_sync_greet(sg_driver_core(net->nodes[a].driver), &from_b, &from_a);
    net->nodes[a].ends[b].is_open = true;
    net->nodes[a].ends[b].node = b;
    net->nodes[a].ends[b].session = (uint32_t)a;
    net->nodes[b].ends[a].is_open = true;
    net->nodes[b].ends[a].node = a;
    net->nodes[b].ends[a].session = (uint32_t)b;
    begin_end(net, a, (uint32_t)b, SG_SYNC_INITIATOR, &from_a, &from_b);
    begin_end(net, b, (uint32_t)a, SG_SYNC_RESPONDER, &from_b, &from_a);
}

static void give_room(struct net *net, struct node *to, uint32_t session,
                      size_t size)
{
    struct node *from = &net->nodes[to->ends[session].node];
    uint32_t number = to->ends[session].session;
    struct sg_event event = at_now(net, SG_EVENT_ROOM);

    if (!from->ends[number].is_open || from->driver == NULL)
        return;
    event.session = number;
    event.room = size;
    sg_driver_step(from->driver, &event);
}

static bool deliver(struct net *net)
{
    struct message *message = net->first;
    struct node *node;

    if (message == NULL)
        return false;
    net->first = message->next;
    if (net->first == NULL)
        net->last = &net->first;
    node = &net->nodes[message->node];
    if (node->ends[message->session].is_open) {
        struct sg_event event =
            at_now(net, message->is_end ? SG_EVENT_SHUT : SG_EVENT_MESSAGE);

        event.session = message->session;
        if (message->is_end) {
            node->ends[message->session].is_open = false;
        } else {
            event.message.type = message->type;
            event.message.body = sg_bytes(message->body, message->size);
        }
        sg_driver_step(node->driver, &event);
        give_room(net, node, message->session, message->size);
    }
    sg_free(message);
    return true;
}

/* Says whether a disk is not done: the time of the net waits for it, so that a
 * slow one changes nothing of what is promised here. */
static bool is_writing(const struct net *net)
{
    for (size_t i = 0; i < net->n; i++) {
        struct sg_driver *driver = net->nodes[i].driver;

        if (driver != NULL && sg_keeper_waiting(sg_driver_keeper(driver)) > 0)
            return true;
    }
    return false;
}

/* Delivers and settles until nothing happens for a moment; then time passes. */
static void run(struct net *net, uint64_t ms)
{
    uint64_t end = net->now_ms + ms;

    while (net->now_ms < end) {
        struct timespec until;
        int64_t wall_ms;

        while (deliver(net))
            ;
        wall_ms = sg_clock_wall().ms + 20;
        until.tv_sec = wall_ms / 1000;
        until.tv_nsec = wall_ms % 1000 * 1000000;
        if (sem_timedwait(&net->news, &until) != 0 && !is_writing(net))
            net->now_ms += 1000;
        for (size_t i = 0; i < net->n; i++) {
            struct sg_event event = at_now(net, SG_EVENT_TICK);

            if (net->nodes[i].driver == NULL)
                continue;
            (void)sg_driver_settle(net->nodes[i].driver, &event);
            sg_driver_step(net->nodes[i].driver, &event);
            assert_ok(sg_driver_failure(net->nodes[i].driver));
        }
    }
}

/* --- Logs
 * ---------------------------------------------------------------------- */

/* Appends COUNT entries to the own log of node I, whose driver is closed. */
static void fill(struct net *net, size_t i, size_t count)
{
    static uint8_t payloads[FILL_MAX][64];
    static struct sg_entry entries[FILL_MAX];
    struct node *node = &net->nodes[i];
    const struct sg_store_own *own;
    struct sg_batch *batch;
    const char *what;

    assert_true(count <= FILL_MAX);
    assert_ok(sg_identity_open(&node->config, NULL, &node->identity, &what));
    own = sg_store_own(node->identity.store, 0);
    for (size_t k = 0; k < count; k++) {
        sg_bytes_put_u64be(payloads[k], k);
        assert_ok(sg_entry_make(sg_store_hasher(node->identity.store),
                                SG_ENTRY_PLAIN, 0, SG_BYTES_ARRAY(payloads[k]),
                                &entries[k]));
    }
    assert_ok(sg_batch_new(node->identity.store, &batch));
    assert_ok(sg_batch_append(batch, own->number, own->signed_checkpoint.size,
                              entries, count));
    assert_ok(sg_batch_commit(batch));
    sg_batch_free(batch);
    sg_identity_close(&node->identity);
}

static struct sg_store_log log_of(struct net *net, size_t at, size_t of)
{
    const struct sg_store_own *own =
        sg_store_own(net->nodes[of].identity.store, 0);
    struct sg_store_log log = {.number = 0};
    enum sg_err err =
        sg_store_find(net->nodes[at].identity.store, &own->id, 0, &log);

    assert_true(err == SG_OK || err == SG_ERR_NOTFOUND);
    return log;
}

/* Every node holds every node's log, whole, with the same root. */
static void assert_equal(struct net *net)
{
    for (size_t of = 0; of < net->n; of++) {
        struct sg_store_log here = log_of(net, of, of);
        struct sg_hash root = sg_merkle_root(&here.row.frontier);

        assert_true(here.row.frontier.size > 0);
        for (size_t at = 0; at < net->n; at++) {
            struct sg_store_log there = log_of(net, at, of);
            struct sg_hash other = sg_merkle_root(&there.row.frontier);

            assert_int_equal(there.row.frontier.size, here.row.frontier.size);
            assert_int_equal(there.row.absent, 0);
            assert_memory_equal(&root, &other, sizeof root);
        }
    }
}

/* --- Promises
 * ------------------------------------------------------------------ */

/* Two stores that meet hold the same of every log afterwards, durably: opened
 * anew they still do, and a second meeting writes nothing. */
static void test_two_stores_become_equal(void **state)
{
    struct net net;
    struct sg_store_log before, after;

    (void)state;
    net_new(&net, 2);
    fill(&net, 1, 600);
    open_node(&net, 0);
    open_node(&net, 1);
    connect_nodes(&net, 0, 1);
    run(&net, 5000);
    assert_equal(&net);
    drop_messages(&net);
    close_node(&net.nodes[0]);
    close_node(&net.nodes[1]);
    memset(net.nodes[0].ends, 0, sizeof net.nodes[0].ends);
    memset(net.nodes[1].ends, 0, sizeof net.nodes[1].ends);
    open_node(&net, 0);
    open_node(&net, 1);
    assert_equal(&net);
    before = log_of(&net, 0, 1);
    connect_nodes(&net, 1, 0);
    run(&net, 5000);
    after = log_of(&net, 0, 1);
    assert_int_equal(before.row.change, after.row.change);
    net_free(&net);
}

static void close_all(struct net *net)
{
    drop_messages(net);
    for (size_t i = 0; i < net->n; i++) {
        close_node(&net->nodes[i]);
        memset(net->nodes[i].ends, 0, sizeof net->nodes[i].ends);
    }
}

/* Two who were equal remember it over a start: what is new since is told
 * without a list of everything. */
static void test_a_peer_is_remembered(void **state)
{
    struct net net;
    size_t before;

    (void)state;
    net_new(&net, 2);
    open_node(&net, 0);
    open_node(&net, 1);
    connect_nodes(&net, 0, 1);
    run(&net, 5000);
    assert_equal(&net);
    before = net.n_complete;
    assert_true(before > 0);
    close_all(&net);
    fill(&net, 1, 5);
    open_node(&net, 0);
    open_node(&net, 1);
    connect_nodes(&net, 0, 1);
    run(&net, 5000);
    assert_equal(&net);
    assert_int_equal(net.n_complete, before);
    net_free(&net);
}

/* Two checkpoints of one size, signed by node I: what no honest node makes. */
static struct sg_fork forge(struct net *net, size_t i)
{
    const struct sg_identity *identity = &net->nodes[i].identity;
    const struct sg_store_own *own = sg_store_own(identity->store, 0);
    struct sg_fork fork = {
        .registry = identity->node->registry,
        .core = own->core,
    };
    struct sg_checkpoint sides[2];

    for (size_t k = 0; k < 2; k++) {
        struct sg_hash root;

        memset(&root, (int)k + 1, sizeof root);
        sg_checkpoint_sign(&fork.registry, &own->id, &identity->node->sign, 1,
                           &root, &sides[k]);
    }
    sg_fork_order(&fork, &sides[0], &sides[1]);
    assert_ok(sg_fork_verify(&fork));
    return fork;
}

/* A fork proof that was kept is told the core at the next start: who meets this
 * node then learns of it. */
static void test_a_fork_is_remembered(void **state)
{
    uint8_t bytes[SG_FORK_SIZE_MAX];
    struct sg_effect effect = {.kind = SG_EFFECT_WRITE_FORK};
    struct sg_keeper *keeper;
    const char *what;
    struct sg_fork fork;
    struct net net;

    (void)state;
    net_new(&net, 2);
    open_node(&net, 0);
    open_node(&net, 1);
    connect_nodes(&net, 0, 1);
    run(&net, 5000);
    assert_equal(&net);
    fork = forge(&net, 1);
    effect.log = sg_store_own(net.nodes[1].identity.store, 0)->id;
    effect.proof = sg_bytes(bytes, sg_fork_encode(&fork, bytes));
    close_all(&net);
    assert_ok(sg_identity_open(&net.nodes[0].config, NULL,
                               &net.nodes[0].identity, &what));
    assert_ok(sg_keeper_new(net.nodes[0].identity.store, on_wake, &net.nodes[0],
                            &keeper));
    assert_ok(sg_keeper_put(keeper, &effect));
    sg_keeper_free(keeper);
    sg_identity_close(&net.nodes[0].identity);
    open_node(&net, 0);
    open_node(&net, 1);
    assert_int_equal(net.nodes[1].n_alarms, 0);
    connect_nodes(&net, 0, 1);
    run(&net, 5000);
    assert_true(net.nodes[1].n_alarms > 0);
    net_free(&net);
}

/* What two nodes have passes through a third to the other. */
static void test_a_third_relays(void **state)
{
    struct net net;

    (void)state;
    net_new(&net, 3);
    fill(&net, 1, 10);
    fill(&net, 2, 300);
    for (size_t i = 0; i < 3; i++)
        open_node(&net, i);
    connect_nodes(&net, 0, 1);
    connect_nodes(&net, 0, 2);
    run(&net, 10000);
    assert_equal(&net);
    net_free(&net);
}

/* What the keeper does when the core says BEHIND of the own log of node I. */
static void leave_log(struct net *net, size_t i)
{
    struct node *node = &net->nodes[i];
    struct sg_effect behind = {.kind = SG_EFFECT_BEHIND};
    struct sg_keeper_done done;
    struct sg_keeper *keeper;
    const char *what;

    assert_ok(sg_identity_open(&node->config, NULL, &node->identity, &what));
    behind.log = sg_store_own(node->identity.store, 0)->id;
    assert_ok(sg_keeper_new(node->identity.store, on_wake, node, &keeper));
    assert_ok(sg_keeper_put(keeper, &behind));
    assert_int_equal(sem_wait(&net->news), 0);
    sg_keeper_take(keeper, &done);
    assert_true(done.is_closed);
    assert_ok(done.err);
    sg_keeper_done_clear(&done);
    sg_keeper_free(keeper);
    sg_identity_close(&node->identity);
}

/* A log that is left is closed for ever: the node goes on under a new epoch,
 * which its peers take beside it. */
static void test_a_left_log_is_followed_by_a_new_epoch(void **state)
{
    struct net net;
    struct sg_store_log log;

    (void)state;
    net_new(&net, 2);
    leave_log(&net, 1);
    open_node(&net, 0);
    open_node(&net, 1);
    assert_ok(sg_store_get(net.nodes[1].identity.store, 1, &log));
    assert_true((log.row.flags & SG_LOG_CLOSED) != 0);
    assert_int_not_equal(sg_store_own(net.nodes[1].identity.store, 0)->number,
                         1);
    connect_nodes(&net, 0, 1);
    run(&net, 5000);
    assert_equal(&net);
    assert_ok(sg_store_find(net.nodes[0].identity.store, &log.id, 0, &log));
    net_free(&net);
}

/* A node below its reserve takes what the authority says, which is what the
 * reserve is kept for, and no more: what a district wrote waits for room. */
static void test_a_full_node_hears_the_authority(void **state)
{
    struct net net;
    struct sg_store_log there, here;

    (void)state;
    net_new(&net, 3);
    fill(&net, 2, 300);
    net.nodes[1].config.reserve_size = UINT64_C(1) << 60;
    for (size_t i = 0; i < 3; i++)
        open_node(&net, i);
    connect_nodes(&net, 0, 2);
    run(&net, 5000);
    connect_nodes(&net, 1, 0);
    connect_nodes(&net, 1, 2);
    run(&net, 5000);
    here = log_of(&net, 0, 0);
    there = log_of(&net, 1, 0);
    assert_int_equal(there.row.frontier.size, here.row.frontier.size);
    assert_int_equal(log_of(&net, 1, 2).row.frontier.size, 0);
    assert_true(sg_driver_is_full(net.nodes[1].driver));
    close_all(&net);
    net.nodes[1].config.reserve_size = 1;
    for (size_t i = 0; i < 3; i++)
        open_node(&net, i);
    connect_nodes(&net, 1, 0);
    run(&net, 5000);
    assert_equal(&net);
    net_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_stores_become_equal),
        cmocka_unit_test(test_a_third_relays),
        cmocka_unit_test(test_a_peer_is_remembered),
        cmocka_unit_test(test_a_fork_is_remembered),
        cmocka_unit_test(test_a_left_log_is_followed_by_a_new_epoch),
        cmocka_unit_test(test_a_full_node_hears_the_authority),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
