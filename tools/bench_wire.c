/* Connections as they are: real channels (hello, handshake, Noise frames)
 * between the cores of bench_pair.h, in virtual time. What is counted is every
 * byte of both directions that arrives, the hello's first included.
 *
 * reconnect: the bytes of a connection of two nodes that have nothing to say to
 * each other, from its first byte to the silence after it.
 *
 * cut: of a link of 2 kbit/s with 20 % loss that is cut every minute, which
 * share of the bytes that got through were entries (payload and its length)
 * that became durable on the other side and were new there; and of those bytes
 * which share was hello and handshake, packages, what is around them and other
 * messages, or the beginning of a message whose end a cut took. Over HOURS of
 * one hour each, with other losses. Modelled: a stream
 * as TCP gives it. It goes in segments of 536 bytes at most, each 40 bytes
 * longer on the link; four at most are not acknowledged, in each direction. One
 * is lost with 20 %, and goes out again 2 s after it left, or 4, 8, ...; those
 * behind it wait for it where they arrive. 300 ms one way; opening takes three
 * of them. TCP's acknowledgements cost nothing and are not lost. The system's
 * buffer takes 16 KiB ahead of the link. A cut, at every full minute whatever
 * is going on, loses what did not arrive, in both directions and in the middle
 * of a frame; both sides learn of it at once, and the link is there again for
 * who dials: the core does, when it thinks it right. A write is durable after
 * 50 ms. Node 0 is a district with a backlog that an hour does not empty. */
#include <stdio.h>
#include <string.h>

#include "replication/channel.h"
#include "storage/base/check.h"
#include "storage/base/prng.h"
#include "tools/bench_pair.h"

#define ENTRIES       16384u
#define BITS_A_SECOND 2000u
#define LATENCY_MS    300u
#define SEGMENT_SIZE  536u
#define SEGMENT_EXTRA 40u
#define SEGMENTS_MAX  4u /* on their way */
#define RETRY_MS      2000u
#define RETRY_MS_MAX  60000u
#define BUFFER_SIZE   16384u
#define COMMIT_MS     50u
#define CUT_MS        60000u
#define HOUR_MS       3600000u
#define BEGIN_MS      1000u
#define QUIET_MS      20000u /* before anybody pings */
#define ROOM          (512u << 10)
#define STREAM_MAX    (4u << 20)
#define HOURS         6u
#define NAME_SIZE     64
#define NEVER         UINT64_MAX
/* Issue 4: bytes of a reconnect, percent. */
#define GOAL_RECONNECT 700.0
#define GOAL_USEFUL    80.0

/* Bytes of a stream on their way. */
struct segment {
    size_t size;
    uint64_t arrives_at; /* NEVER: lost, or waiting for the link */
    uint64_t again_at;   /* when it goes out (again) */
    uint64_t retry_ms;
};

/* One end of the connection, and what is on its way from there. */
struct side {
    struct sg_channel *channel; /* NULL: no connection */
    bool is_open;               /* for the core, too */
    bool is_closing;            /* the core closed it */
    size_t bodies;              /* that have not left */
    size_t unfinished;          /* bytes that came since a whole message */
    struct sg_buf stream;       /* from the first byte that did not arrive */
    size_t n_segments; /* of its beginning: on their way, oldest first */
    struct segment segments[SEGMENTS_MAX];
    uint64_t busy_until; /* the link, with one of them */
    uint64_t commit_at;
};

/* Bytes that arrived, both directions. */
struct delivered {
    uint64_t all;
    uint64_t handshake;
    uint64_t packages;
    uint64_t unfinished; /* before a cut */
};

struct link {
    struct sg_bench_pair *pair;
    struct sg_prng prng;
    bool is_bad; /* slow, lossy, cut; else everything arrives at once */
    uint64_t now_ms;
    uint64_t cut_at, dialled_at;
    uint8_t ephemeral; /* makes one of each connection's two */
    struct side sides[2];
    struct delivered delivered;
    uint64_t connections;
    enum sg_err err;
};

static void note(struct link *link, enum sg_err err)
{
    if (link->err == SG_OK)
        link->err = err;
}

static void tell(struct link *link, unsigned node, struct sg_event *event)
{
    if (link->err == SG_OK)
        note(link, sg_bench_pair_step(link->pair, node, event));
}

/* --- Bytes on the way ---------------------------------------------------- */

/* Puts SEGMENT of SIDE onto the link, where it may be lost. */
static void transmit(struct link *link, struct side *side,
                     struct segment *segment)
{
    uint64_t ms =
        (uint64_t)(segment->size + SEGMENT_EXTRA) * 8 * 1000 / BITS_A_SECOND;

    segment->again_at = NEVER;
    segment->arrives_at = link->now_ms;
    if (!link->is_bad)
        return;
    side->busy_until = link->now_ms + ms;
    segment->arrives_at = side->busy_until + LATENCY_MS;
    if (sg_prng_below(&link->prng, 5) != 0)
        return;
    segment->arrives_at = NEVER;
    segment->again_at = side->busy_until + segment->retry_ms;
    segment->retry_ms *= 2;
    if (segment->retry_ms > RETRY_MS_MAX)
        segment->retry_ms = RETRY_MS_MAX;
}

/* Gives what goes next over the link: what was lost, or new bytes. */
static struct segment *next_segment(const struct link *link, struct side *side)
{
    size_t sent = 0;
    struct segment *segment;

    for (size_t i = 0; i < side->n_segments; i++) {
        if (side->segments[i].again_at <= link->now_ms)
            return &side->segments[i];
        sent += side->segments[i].size;
    }
    if (side->n_segments == SEGMENTS_MAX || sent == side->stream.size)
        return NULL;
    segment = &side->segments[side->n_segments++];
    *segment = (struct segment){.size = side->stream.size - sent,
                                .retry_ms = RETRY_MS};
    if (segment->size > SEGMENT_SIZE)
        segment->size = SEGMENT_SIZE;
    return segment;
}

/* Tells the core what the system's buffer took. */
static void leave(struct link *link, unsigned node)
{
    struct side *side = &link->sides[node];
    struct sg_event event = {.kind = SG_EVENT_ROOM};

    if (!side->is_open || side->bodies == 0 || side->stream.size > BUFFER_SIZE)
        return;
    event.room = side->bodies;
    side->bodies = 0;
    tell(link, node, &event);
}

/* Moves what NODE's channel has to say into the stream, and the next of it onto
 * the link when that is free. */
static void push(struct link *link, unsigned node)
{
    struct side *side = &link->sides[node];
    struct sg_bytes output;

    if (side->channel == NULL)
        return;
    if (side->is_open)
        note(link, sg_channel_flush(side->channel));
    output = sg_channel_output(side->channel);
    note(link, sg_buf_append(&side->stream, output));
    sg_channel_sent(side->channel, output.size);
    while (side->busy_until <= link->now_ms) {
        struct segment *segment = next_segment(link, side);

        if (segment == NULL)
            break;
        transmit(link, side, segment);
    }
}

/* --- Connections --------------------------------------------------------- */

static void drop(struct link *link, struct side *side)
{
    link->delivered.unfinished += side->unfinished;
    side->unfinished = 0;
    sg_channel_free(side->channel);
    sg_buf_truncate(&side->stream, 0);
    side->channel = NULL;
    side->is_open = side->is_closing = false;
    side->bodies = side->n_segments = 0;
    side->busy_until = 0;
}

/* The connection is gone; cores that were open or dialling learn it. */
static void cut(struct link *link)
{
    bool was_dialling = link->dialled_at != NEVER ||
                        (link->sides[0].channel != NULL &&
                         !link->sides[0].is_open && !link->sides[0].is_closing);

    link->dialled_at = NEVER;
    for (unsigned i = 0; i < 2; i++) {
        struct sg_event event = {.kind = SG_EVENT_SHUT};
        bool was_open = link->sides[i].is_open;

        drop(link, &link->sides[i]);
        event.shut = SG_ERR_CLOSED;
        if (was_open)
            tell(link, i, &event);
    }
    if (was_dialling) {
        struct sg_event event = {.kind = SG_EVENT_UNDIALLED, .undialled = 0};

        tell(link, 0, &event);
    }
}

static void on_dial(void *context, unsigned node)
{
    struct link *link = context;

    SG_ASSERT(node == 0);
    link->dialled_at = link->now_ms + (link->is_bad ? 3 * LATENCY_MS : 0);
}

static void connect_sides(struct link *link)
{
    link->dialled_at = NEVER;
    link->connections++;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t secret[SG_KEY_SIZE];
        struct sg_channel_config config = {
            .role = i == 0 ? SG_NOISE_INITIATOR : SG_NOISE_RESPONDER,
            .registry = sg_bench_pair_registry(link->pair),
            .transport_key = sg_bench_pair_transport(link->pair, i),
            .ephemeral_secret = secret,
            .has_room = true};

        memset(secret, ++link->ephemeral, sizeof secret);
        drop(link, &link->sides[i]);
        note(link, sg_channel_new(&config, &link->sides[i].channel));
    }
}

static void on_send(void *context, unsigned node, enum sg_message_type type,
                    struct sg_bytes body)
{
    struct link *link = context;
    struct side *side = &link->sides[node];

    if (sg_channel_room(side->channel) < body.size + SG_MESSAGE_HEADER_SIZE_MAX)
        push(link, node);
    note(link, sg_channel_send(side->channel, type, body));
    side->bodies += body.size;
}

static void on_close(void *context, unsigned node, enum sg_err why)
{
    struct link *link = context;

    link->sides[node].is_open = false;
    link->sides[node].is_closing = true;
    note(link, why == SG_OK ? SG_ERR_CLOSED : why);
}

/* --- Arrival ------------------------------------------------------------- */

static void open_side(struct link *link, unsigned node)
{
    struct side *side = &link->sides[node];
    struct sg_event event = {.kind = SG_EVENT_OPEN};

    side->is_open = true;
    event.open.link = node == 0 ? SG_SYNC_INITIATOR : SG_SYNC_RESPONDER;
    event.open.peer = node == 0 ? 0 : SG_SYNC_NONE;
    event.open.sent = *sg_channel_sent_payload(side->channel);
    event.open.received = *sg_channel_received(side->channel);
    event.open.handshake = *sg_channel_handshake(side->channel);
    memcpy(event.open.remote_static, sg_channel_remote_static(side->channel),
           SG_KEY_SIZE);
    tell(link, node, &event);
    event = (struct sg_event){.kind = SG_EVENT_ROOM, .room = ROOM};
    if (side->is_open)
        tell(link, node, &event);
}

/* Notes what the bytes were that SIDE took. */
static void count(struct link *link, struct side *side,
                  enum sg_channel_event what,
                  const struct sg_frame_message *message)
{
    if (what == SG_CHANNEL_GREET || what == SG_CHANNEL_OPENED)
        link->delivered.handshake += side->unfinished;
    else if (what != SG_CHANNEL_MESSAGE)
        return;
    else if (message->type == SG_MESSAGE_PACKAGE)
        link->delivered.packages += message->body.size;
    side->unfinished = 0;
}

/* Lets NODE take INPUT. */
static void take(struct link *link, unsigned node, struct sg_bytes input)
{
    struct side *side = &link->sides[node];
    enum sg_channel_event what = SG_CHANNEL_GREET;
    struct sg_frame_message message;

    while (link->err == SG_OK && what != SG_CHANNEL_MORE) {
        size_t size = input.size;

        note(link, sg_channel_take(side->channel, &input, &what, &message));
        if (link->err != SG_OK)
            break;
        side->unfinished += size - input.size;
        count(link, side, what, &message);
        if (what == SG_CHANNEL_GREET) {
            struct sg_hello_payload payload;

            sg_sync_greet(sg_bench_pair_core(link->pair, node),
                          sg_channel_received(side->channel), &payload);
            note(link, sg_channel_greet(side->channel, &payload));
        } else if (what == SG_CHANNEL_OPENED) {
            open_side(link, node);
        } else if (what == SG_CHANNEL_MESSAGE) {
            struct sg_event event = {.kind = SG_EVENT_MESSAGE,
                                     .message = message};

            tell(link, node, &event);
        }
    }
}

/* The first segment from NODE, or none, has arrived: its bytes are read. */
static void arrive(struct link *link, unsigned node)
{
    struct side *side = &link->sides[node];
    uint8_t bytes[SEGMENT_SIZE];

    while (side->n_segments > 0 &&
           side->segments[0].arrives_at <= link->now_ms) {
        size_t size = side->segments[0].size;

        memcpy(bytes, side->stream.data, size);
        memmove(side->stream.data, side->stream.data + size,
                side->stream.size - size);
        sg_buf_truncate(&side->stream, side->stream.size - size);
        side->n_segments--;
        memmove(&side->segments[0], &side->segments[1],
                side->n_segments * sizeof side->segments[0]);
        link->delivered.all += size;
        take(link, 1 - node, sg_bytes(bytes, size));
        leave(link, node);
    }
}

/* --- Time ---------------------------------------------------------------- */

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When something happens to what is on its way. */
static uint64_t side_at(const struct side *side, uint64_t now_ms)
{
    uint64_t at = NEVER;

    if (side->n_segments > 0)
        at = side->segments[0].arrives_at;
    if (side->busy_until > now_ms)
        return sooner(at, side->busy_until);
    for (size_t i = 0; i < side->n_segments; i++)
        at = sooner(at, side->segments[i].again_at);
    return at;
}

/* When something happens next. */
static uint64_t next_at(const struct link *link)
{
    uint64_t at = sooner(link->cut_at, link->dialled_at);

    for (unsigned i = 0; i < 2; i++) {
        const struct side *side = &link->sides[i];

        at = sooner(at, sg_sync_deadline(sg_bench_pair_core(link->pair, i)));
        at = sooner(at, side->commit_at);
        at = sooner(at, side_at(side, link->now_ms));
    }
    return at < link->now_ms ? link->now_ms : at;
}

static void happen(struct link *link)
{
    if (link->cut_at <= link->now_ms) {
        link->cut_at += CUT_MS;
        cut(link);
    }
    if (link->dialled_at <= link->now_ms)
        connect_sides(link);
    for (unsigned i = 0; i < 2; i++) {
        struct side *side = &link->sides[i];
        struct sg_event tick = {.kind = SG_EVENT_TICK};

        arrive(link, i);
        if (side->commit_at <= link->now_ms) {
            side->commit_at = NEVER;
            note(link, sg_bench_pair_commit(link->pair, i));
        }
        if (sg_sync_deadline(sg_bench_pair_core(link->pair, i)) <= link->now_ms)
            tell(link, i, &tick);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (sg_bench_pair_writes(link->pair, i) &&
            link->sides[i].commit_at == NEVER)
            link->sides[i].commit_at = link->now_ms + COMMIT_MS;
        push(link, i);
        leave(link, i);
    }
}

/* Lets MS pass. */
static enum sg_err pass(struct link *link, uint64_t ms)
{
    uint64_t end = link->now_ms + ms;

    while (link->err == SG_OK) {
        uint64_t at = next_at(link);

        if (at > end)
            break;
        link->now_ms = at;
        sg_bench_pair_at(link->pair, at);
        happen(link);
    }
    link->now_ms = end;
    sg_bench_pair_at(link->pair, end);
    return link->err;
}

/* --- Rows ---------------------------------------------------------------- */

static enum sg_err begin(struct link *link, struct sg_bench_workload *workload,
                         bool is_bad, uint64_t seed)
{
    const struct sg_bench_pair_hooks hooks = {on_send, on_close, on_dial, link};
    enum sg_err err;

    *link = (struct link){.is_bad = is_bad,
                          .now_ms = BEGIN_MS,
                          .cut_at = is_bad ? BEGIN_MS + CUT_MS : NEVER,
                          .dialled_at = NEVER};
    sg_prng_init(&link->prng, seed);
    for (unsigned i = 0; i < 2; i++) {
        link->sides[i].commit_at = NEVER;
        sg_buf_init(&link->sides[i].stream, STREAM_MAX);
    }
    err = sg_bench_pair_new(workload, 1, ENTRIES, &link->pair);
    if (err != SG_OK)
        return err;
    sg_bench_pair_hook(link->pair, &hooks);
    err = sg_bench_pair_start(link->pair, 0, true);
    if (err == SG_OK)
        err = sg_bench_pair_start(link->pair, 1, !is_bad);
    return err;
}

static void end(struct link *link)
{
    for (unsigned i = 0; i < 2; i++) {
        drop(link, &link->sides[i]);
        sg_buf_clear(&link->sides[i].stream);
    }
    sg_bench_pair_free(link->pair);
}

/* Both are equal and in stage 2. */
static bool is_quiet(const struct link *link)
{
    struct sg_sync_session_view view;

    for (unsigned i = 0; i < 2; i++)
        if (sg_sync_session(sg_bench_pair_core(link->pair, i), 0, &view) !=
                SG_OK ||
            !view.in_stage2 || !view.is_equal)
            return false;
    return true;
}

static enum sg_err run_reconnect(struct sg_bench *bench,
                                 struct sg_bench_workload *workload)
{
    struct sg_bench_figure figure = {.name = "sync/reconnect",
                                     .unit = "B",
                                     .goal = GOAL_RECONNECT,
                                     .goal_kind = SG_BENCH_AT_MOST};
    struct link link;
    enum sg_err err = begin(&link, workload, false, 1);

    if (err == SG_OK)
        err = pass(&link, QUIET_MS);
    if (err == SG_OK && !is_quiet(&link))
        err = SG_ERR_STATE;
    if (err == SG_OK) {
        cut(&link);
        link.delivered.all = 0;
        err = pass(&link, QUIET_MS);
    }
    if (err == SG_OK && (link.connections != 2 || !is_quiet(&link)))
        err = SG_ERR_STATE;
    figure.value = (double)link.delivered.all;
    end(&link);
    if (err == SG_OK)
        sg_bench_print(bench, &figure);
    return err;
}

/* One hour of the bad link: adds to SUM and USEFUL. */
static enum sg_err run_hour(struct sg_bench_workload *workload, uint64_t seed,
                            struct delivered *sum, uint64_t *useful)
{
    struct link link;
    enum sg_err err = begin(&link, workload, true, seed);

    if (err == SG_OK)
        err = pass(&link, HOUR_MS);
    if (err == SG_OK)
        err = sg_bench_pair_check(link.pair);
    if (err == SG_OK &&
        sg_bench_pair_entries(link.pair) == sg_bench_pair_expected(link.pair))
        err = SG_ERR_STATE; /* it was over too soon: nothing is said */
    if (err == SG_OK)
        *useful += sg_bench_pair_bytes(link.pair);
    end(&link);
    sum->all += link.delivered.all;
    sum->handshake += link.delivered.handshake;
    sum->packages += link.delivered.packages;
    sum->unfinished += link.delivered.unfinished;
    return err;
}

/* Prints that BYTES were spent of ALL; with a goal if there is no PART. */
static void print_share(struct sg_bench *bench, const char *workload,
                        const char *part, uint64_t bytes, uint64_t all)
{
    char name[NAME_SIZE];
    struct sg_bench_figure figure = {
        .name = name,
        .unit = "%",
        .value = 100.0 * (double)bytes / (double)(all > 0 ? all : 1),
        .goal = GOAL_USEFUL,
        .goal_kind = part[0] == '\0' ? SG_BENCH_AT_LEAST : SG_BENCH_NO_GOAL};

    (void)snprintf(name, sizeof name, "sync/cut_2kbit_%s%s", workload, part);
    sg_bench_print(bench, &figure);
}

static enum sg_err run_cut(struct sg_bench *bench,
                           struct sg_bench_workload *workload)
{
    struct delivered sum = {0};
    uint64_t useful = 0;
    enum sg_err err = SG_OK;

    for (uint64_t seed = 1; seed <= HOURS && err == SG_OK; seed++)
        err = run_hour(workload, seed, &sum, &useful);
    if (err != SG_OK)
        return err;
    print_share(bench, workload->name, "", useful, sum.all);
    print_share(bench, workload->name, "/handshake", sum.handshake, sum.all);
    print_share(bench, workload->name, "/packages", sum.packages, sum.all);
    print_share(bench, workload->name, "/unfinished", sum.unfinished, sum.all);
    print_share(bench, workload->name, "/around",
                sum.all - sum.handshake - sum.packages - sum.unfinished,
                sum.all);
    return SG_OK;
}

enum sg_err sg_bench_wire(struct sg_bench *bench,
                          struct sg_bench_workload *workload)
{
    enum sg_err err = SG_OK;

    if (workload->kind != SG_SEAL_OPAQUE)
        err = run_reconnect(bench, workload);
    if (err == SG_OK)
        err = run_cut(bench, workload);
    if (err != SG_OK)
        (void)fprintf(stderr, "bench: connections: %s\n",
                      sg_err_text(err, SG_LANG_EN));
    return err;
}
