/* The core in memory: how many entries a second cross from one core to another
 * that knows nothing of them, are verified there and applied to a store in
 * memory. Both cores run on one thread and share its time: heads, wants,
 * packages made, read and verified, credit and acknowledgements of both sides
 * are in the figure. Without transport: messages are copied, not sealed. */
#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"
#include "tools/bench_pair.h"

#define ENTRIES 131072u /* of all logs */
#define ROOM    (512u << 10)
/* A commit takes so many messages at most. */
#define WAY_MAX   (64u << 20)
#define MANY_LOGS 27u
#define NAME_SIZE 64
#define GOAL      500000.0 /* issue 4 */

struct message {
    enum sg_message_type type;
    size_t size;
};

struct work {
    struct sg_bench_pair *pair;
    /* On its way to each node: headers and bodies. */
    struct sg_buf ways[2];
    struct sg_buf taken;
    enum sg_err err;
    uint64_t now_ms;
};

static void on_send(void *context, unsigned node, enum sg_message_type type,
                    struct sg_bytes body)
{
    struct work *work = context;
    struct message message = {type, body.size};
    struct sg_buf *way = &work->ways[1 - node];

    if (work->err == SG_OK)
        work->err = sg_buf_append(way, sg_bytes(&message, sizeof message));
    if (work->err == SG_OK)
        work->err = sg_buf_append(way, body);
}

static void on_close(void *context, unsigned node, enum sg_err why)
{
    struct work *work = context;

    (void)node;
    if (work->err == SG_OK)
        work->err = why == SG_OK ? SG_ERR_CLOSED : why;
}

/* Gives NODE what is on its way to it, and its peer the room for as much. */
static enum sg_err take(struct work *work, unsigned node)
{
    struct sg_buf taken = work->ways[node];
    struct sg_event room = {.kind = SG_EVENT_ROOM};
    enum sg_err err = SG_OK;

    work->ways[node] = work->taken;
    work->taken = taken;
    for (size_t at = 0; at < taken.size && err == SG_OK;) {
        struct sg_event event = {.kind = SG_EVENT_MESSAGE};
        struct message message;

        memcpy(&message, taken.data + at, sizeof message);
        at += sizeof message;
        event.message.type = message.type;
        event.message.body = sg_bytes(taken.data + at, message.size);
        at += message.size;
        room.room += message.size;
        err = sg_bench_pair_step(work->pair, node, &event);
    }
    sg_buf_truncate(&work->taken, 0);
    if (err == SG_OK && room.room > 0)
        err = sg_bench_pair_step(work->pair, 1 - node, &room);
    return err == SG_OK ? work->err : err;
}

static enum sg_err open_session(struct work *work)
{
    struct sg_hello_payload payloads[2];
    enum sg_err err = SG_OK;

    sg_sync_greet(sg_bench_pair_core(work->pair, 1), NULL, &payloads[1]);
    sg_sync_greet(sg_bench_pair_core(work->pair, 0), &payloads[1],
                  &payloads[0]);
    for (unsigned i = 0; i < 2 && err == SG_OK; i++) {
        struct sg_event event = {.kind = SG_EVENT_OPEN};

        event.open.link = i == 0 ? SG_SYNC_INITIATOR : SG_SYNC_RESPONDER;
        event.open.peer = SG_SYNC_NONE;
        event.open.sent = payloads[i];
        event.open.received = payloads[1 - i];
        err = sg_bench_pair_step(work->pair, i, &event);
        event = (struct sg_event){.kind = SG_EVENT_ROOM, .room = ROOM};
        if (err == SG_OK)
            err = sg_bench_pair_step(work->pair, i, &event);
    }
    return err;
}

/* Nothing is on its way: commit, or let a little time pass. */
static enum sg_err go_on(struct work *work)
{
    struct sg_event tick = {.kind = SG_EVENT_TICK};
    enum sg_err err;

    if (sg_bench_pair_writes(work->pair, 0) ||
        sg_bench_pair_writes(work->pair, 1)) {
        err = sg_bench_pair_commit(work->pair, 0);
        return err == SG_OK ? sg_bench_pair_commit(work->pair, 1) : err;
    }
    sg_bench_pair_at(work->pair, ++work->now_ms);
    err = sg_bench_pair_step(work->pair, 0, &tick);
    return err == SG_OK ? sg_bench_pair_step(work->pair, 1, &tick) : err;
}

/* Everything crosses, to a core that begins with nothing. */
static enum sg_err cross(void *context)
{
    struct work *work = context;
    uint64_t end = work->now_ms + 60000;
    enum sg_err err = sg_bench_pair_start(work->pair, 0, true);

    for (unsigned i = 0; i < 2; i++)
        sg_buf_truncate(&work->ways[i], 0);
    if (err == SG_OK)
        err = sg_bench_pair_start(work->pair, 1, false);
    if (err == SG_OK)
        err = open_session(work);
    while (err == SG_OK && sg_bench_pair_entries(work->pair) <
                               sg_bench_pair_expected(work->pair)) {
        if (work->now_ms > end)
            return SG_ERR_SLOW;
        for (unsigned i = 0; i < 2 && err == SG_OK; i++)
            err = take(work, i);
        if (err == SG_OK && work->ways[0].size + work->ways[1].size == 0)
            err = go_on(work);
    }
    return err;
}

static enum sg_err run(struct sg_bench *bench, struct work *work, unsigned logs,
                       struct sg_bench_workload *workload)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {.name = name,
                                     .unit = "/s",
                                     .goal = GOAL,
                                     .goal_kind = SG_BENCH_AT_LEAST};
    enum sg_err err = sg_bench_pair_new(workload, logs, ENTRIES, &work->pair);
    const struct sg_bench_pair_hooks hooks = {on_send, on_close, NULL, work};

    if (err != SG_OK)
        return err;
    work->now_ms = 1000;
    sg_bench_pair_hook(work->pair, &hooks);
    (void)snprintf(name, sizeof name, "sync/core_%u_%s", logs, workload->name);
    err = sg_bench_rate(bench, (double)sg_bench_pair_expected(work->pair),
                        UINT64_MAX, cross, work, &figure.value);
    if (err == SG_OK)
        err = sg_bench_pair_check(work->pair);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    sg_bench_pair_free(work->pair);
    return err;
}

enum sg_err sg_bench_core(struct sg_bench *bench,
                          struct sg_bench_workload *workload)
{
    struct work work = {.err = SG_OK};
    enum sg_err err;

    for (unsigned i = 0; i < 2; i++)
        sg_buf_init(&work.ways[i], WAY_MAX);
    sg_buf_init(&work.taken, WAY_MAX);
    err = run(bench, &work, 1, workload);
    if (err == SG_OK)
        err = run(bench, &work, MANY_LOGS, workload);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: the core: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    for (unsigned i = 0; i < 2; i++)
        sg_buf_clear(&work.ways[i]);
    sg_buf_clear(&work.taken);
    return err;
}
