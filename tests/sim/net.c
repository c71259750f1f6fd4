/* Links and connections.
 *
 * A connection is a stream in each direction, as TCP would give it: lost
 * segments come again and cost time, order is kept, a cut link delays
 * everything behind it, and who is cut off for long learns it from nobody. Of
 * the handshake only bytes and time are played; tests/unit runs the real one.
 */
#include <string.h>

#include "tests/sim/check.h"
#include "tests/sim/courier.h"
#include "tests/sim/memory.h"
#include "tests/sim/world.h"

#define SEGMENT_SIZE    1200u
#define FRAME_OVERHEAD  18u /* length and tag of a Noise frame */
#define HANDSHAKE_BYTES 494u
#define FEATURE_LATER   (UINT32_C(1) << 30)
#define DIAL_MS         20000u
#define ROOM_MIN        4096u
#define ROOM_MAX        262144u
/* How long a stream waits for a link that is down before it is given up, as
 * TCP's retransmissions do. */
#define GIVE_UP_MS (15 * WORLD_MINUTE)

struct link *net_link(struct world *world, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < world->n_links; i++) {
        struct link *link = &world->links[i];

        if ((link->node[0] == a && link->node[1] == b) ||
            (link->node[0] == b && link->node[1] == a))
            return link;
    }
    return NULL;
}

/* Which direction of LINK leads away from NODE. */
static unsigned away(const struct link *link, uint32_t node)
{
    return link->node[0] == node ? 0 : 1;
}

static void release(struct connection *connection)
{
    if (--connection->references == 0)
        memory_free(connection);
}

/* Milliseconds that SIZE bytes take, with what is lost on the way. */
static uint64_t transmission_ms(struct world *world, const struct link *link,
                                size_t size)
{
    uint64_t ms = (uint64_t)size * 8 * 1000 / link->bits + 1;
    size_t segments = size / SEGMENT_SIZE + 1;

    if (link->loss == 0)
        return ms;
    for (size_t i = 0; i < segments; i++) {
        uint64_t wait = link->latency_ms * 2 + 200;

        while (sg_prng_chance(&world->prng, link->loss)) {
            ms += wait;
            wait = wait < 3000 ? wait * 2 : wait;
            world->changed[NEMESIS_LOSS]++;
        }
    }
    return ms;
}

/* --- Dialling ---------------------------------------------------------- */

static uint32_t free_slot(const struct node *node)
{
    for (uint32_t i = 0; i < node->slots; i++)
        if (node->sessions[i].connection == NULL)
            return i;
    return SG_SYNC_NONE;
}

void net_dial(struct world *world, struct node *node, uint32_t peer)
{
    struct link *link = net_link(world, node->number, node->peers[peer]);
    uint64_t delay =
        transmission_ms(world, link, HANDSHAKE_BYTES) + 3 * link->latency_ms;

    world_trace(world, node->number, "dial", NULL, node->peers[peer], 0, 0);
    if (!link->is_up[0] || !link->is_up[1] ||
        !world->nodes[node->peers[peer]].is_up)
        delay = DIAL_MS;
    world_later(world, delay, QUEUE_DIALLED, node->number, peer,
                node->generation, NULL);
}

static void undialled(struct world *world, struct node *node, uint32_t peer)
{
    struct sg_event event = {.kind = SG_EVENT_UNDIALLED, .undialled = peer};

    node_step(world, node, &event);
}

/* What a sender may have on its way: two seconds of the link. */
static size_t room_of(const struct world *world,
                      const struct connection *connection)
{
    uint64_t room = world->links[connection->link].bits / 8 * 2;

    return room < ROOM_MIN   ? ROOM_MIN
           : room > ROOM_MAX ? ROOM_MAX
                             : (size_t)room;
}

/* Gives side SIDE's core the news of its session. */
static void open_side(struct world *world, struct connection *connection,
                      unsigned side)
{
    struct node *node = &world->nodes[connection->node[side]];
    struct sg_event event = {.kind = SG_EVENT_OPEN};

    event.session = connection->slot[side];
    event.open.link = side == 0 ? SG_SYNC_INITIATOR : SG_SYNC_RESPONDER;
    event.open.peer = SG_SYNC_NONE;
    for (uint32_t i = 0; side == 0 && i < node->n_peers; i++)
        if (node->peers[i] == connection->node[1])
            event.open.peer = i;
    event.open.sent = connection->payload[side];
    event.open.received = connection->payload[1 - side];
    world_trace(world, node->number, "open", NULL, connection->node[1 - side],
                connection->slot[side], side);
    node_step(world, node, &event);
    if (connection->slot[side] != SG_SYNC_NONE) {
        node_event(&event, SG_EVENT_ROOM, connection->slot[side]);
        event.room = room_of(world, connection);
        node_step(world, node, &event);
    }
}

/* Takes SLOT for its side of CONNECTION, noting what the peer has of the
 * authority. */
static void attach(struct world *world, struct node *node, uint32_t slot,
                   struct connection *connection, unsigned side,
                   const struct node *peer)
{
    struct session *session = &node->sessions[slot];

    *session = (struct session){.connection = connection, .side = side};
    for (size_t i = 0; i < peer->disk.n_logs; i++) {
        const struct disk_log *log = peer->disk.logs[i];

        if (memcmp(log->core.node_key, world->nodes[0].public_key,
                   SG_KEY_SIZE) != 0 ||
            session->n_authority == SESSION_AUTHORITY_MAX || log->branch != 0)
            continue;
        session->authority[session->n_authority++] = (struct session_authority){
            log->id, log->is_own ? log->known.size : log->n_slots};
    }
}

/* A later minor version says so, and offers a feature that is not known. */
static void date_later(const struct node *node,
                       struct sg_hello_payload *payload)
{
    if (!node->is_later_minor)
        return;
    payload->minor++;
    payload->features |= FEATURE_LATER;
}

void net_dialled(struct world *world, struct node *node, uint64_t peer)
{
    struct node *other = &world->nodes[node->peers[peer]];
    struct link *link = net_link(world, node->number, other->number);
    struct connection *connection;
    uint32_t slots[2] = {free_slot(node), free_slot(other)};

    if (!other->is_up || !link->is_up[0] || !link->is_up[1] ||
        slots[0] == SG_SYNC_NONE || slots[1] == SG_SYNC_NONE) {
        undialled(world, node, (uint32_t)peer);
        return;
    }
    connection = memory_new(sizeof *connection);
    *connection = (struct connection){
        .node = {node->number, other->number},
        .slot = {slots[0], slots[1]},
        .link = (uint32_t)(link - world->links),
        .began = world->now_ms,
        .references = 3,
    };
    sg_sync_greet(other->core, NULL, &connection->payload[1]);
    sg_sync_greet(node->core, &connection->payload[1], &connection->payload[0]);
    date_later(other, &connection->payload[1]);
    date_later(node, &connection->payload[0]);
    attach(world, node, slots[0], connection, 0, other);
    attach(world, other, slots[1], connection, 1, node);
    connection->pipe[0].total = HANDSHAKE_BYTES / 2;
    connection->pipe[1].total = HANDSHAKE_BYTES / 2;
    world_later(world, link->latency_ms, QUEUE_OPEN, other->number, 0, 0,
                connection);
    connection->pipe[0].last_at = world->now_ms + link->latency_ms;
    open_side(world, connection, 0);
}

void net_open(struct world *world, struct connection *connection)
{
    if (connection->slot[1] != SG_SYNC_NONE) {
        connection->is_open = true;
        open_side(world, connection, 1);
    }
    release(connection);
}

/* --- Sending ----------------------------------------------------------- */

static void post(struct world *world, struct connection *connection,
                 unsigned direction, struct delivery *delivery)
{
    struct link *link = &world->links[connection->link];
    struct pipe *pipe = &connection->pipe[direction];
    size_t bytes = delivery->size + FRAME_OVERHEAD + 4;
    uint64_t begin =
        pipe->free_at > world->now_ms ? pipe->free_at : world->now_ms;
    uint64_t arrival;

    pipe->free_at = begin + transmission_ms(world, link, bytes);
    arrival = pipe->free_at + link->latency_ms;
    if (arrival <= pipe->last_at)
        arrival = pipe->last_at + 1;
    pipe->last_at = arrival;
    pipe->in_flight += delivery->size;
    pipe->total += bytes;
    delivery->connection = connection;
    delivery->direction = direction;
    connection->references++;
    world_later(world, arrival - world->now_ms, QUEUE_DELIVER,
                connection->node[1 - direction], 0, 0, delivery);
}

void net_send(struct world *world, struct node *node, uint32_t slot,
              enum sg_message_type type, struct sg_bytes body)
{
    struct session *session = &node->sessions[slot];
    struct delivery *delivery = memory_raw(sizeof *delivery + body.size);

    *delivery = (struct delivery){
        .type = type,
        .size = body.size,
    };
    if (body.size > 0)
        memcpy(delivery->body, body.data, body.size);
    check_seal(world, node->number, body);
    world_trace(world, node->number, "send", NULL, slot, (uint64_t)type,
                body.size);
    post(world, session->connection, session->side, delivery);
}

static void detach(struct node *node, uint32_t slot)
{
    struct connection *connection = node->sessions[slot].connection;

    connection->slot[node->sessions[slot].side] = SG_SYNC_NONE;
    node->sessions[slot] = (struct session){0};
    release(connection);
}

void net_close(struct world *world, struct node *node, uint32_t slot,
               bool at_once)
{
    struct session *session = &node->sessions[slot];
    struct connection *connection = session->connection;

    if (!at_once) {
        struct delivery *last = memory_new(sizeof *last);

        last->is_last = true;
        post(world, connection, session->side, last);
    }
    detach(node, slot);
}

/* --- Arrival ----------------------------------------------------------- */

static void free_delivery(struct delivery *delivery)
{
    release(delivery->connection);
    memory_free(delivery);
}

static void shut(struct world *world, struct node *node, uint32_t slot)
{
    struct sg_event event;

    detach(node, slot);
    node_event(&event, SG_EVENT_SHUT, slot);
    event.shut = SG_ERR_CLOSED;
    world_trace(world, node->number, "shut", NULL, slot, 0, 0);
    node_step(world, node, &event);
}

/* Tells the sender that SIZE bytes have left, together with others: while a
 * quarter of the room is owed it still has three, and each step costs. */
static void make_room(struct world *world, struct connection *connection,
                      unsigned side, size_t size)
{
    struct sg_event event;

    connection->pipe[side].in_flight -= size;
    connection->pipe[side].owed += size;
    if (connection->slot[side] == SG_SYNC_NONE ||
        connection->pipe[side].owed < room_of(world, connection) / 4)
        return;
    node_event(&event, SG_EVENT_ROOM, connection->slot[side]);
    event.room = connection->pipe[side].owed;
    connection->pipe[side].owed = 0;
    node_step(world, &world->nodes[connection->node[side]], &event);
}

/* The transport ends: whoever is still there learns it. */
static void give_up(struct world *world, struct connection *connection)
{
    /* The last side that is shut takes the connection with it. */
    const struct connection was = *connection;

    for (unsigned side = 0; side < 2; side++)
        if (was.slot[side] != SG_SYNC_NONE)
            shut(world, &world->nodes[was.node[side]], was.slot[side]);
}

void net_shut_all(struct world *world)
{
    for (uint32_t i = 0; i < world->n_nodes; i++)
        for (uint32_t k = 0; k < world->nodes[i].slots; k++)
            if (world->nodes[i].sessions[k].connection != NULL)
                give_up(world, world->nodes[i].sessions[k].connection);
}

/* Puts off what meets a link that is down. Returns false when it does not. */
static bool put_off(struct world *world, struct delivery *delivery)
{
    struct connection *connection = delivery->connection;
    struct link *link = &world->links[connection->link];
    uint32_t from = connection->node[delivery->direction];
    struct pipe *pipe = &connection->pipe[delivery->direction];

    if (link->is_up[away(link, from)])
        return false;
    if (connection->slot[0] == SG_SYNC_NONE &&
        connection->slot[1] == SG_SYNC_NONE)
        return false; /* nobody is left to wait for it */
    if (pipe->stalled_at == 0)
        pipe->stalled_at = world->now_ms;
    if (world->now_ms - pipe->stalled_at > GIVE_UP_MS) {
        give_up(world, connection);
        return false;
    }
    if (pipe->last_at < world->now_ms + 1000)
        pipe->last_at = world->now_ms + 1000;
    world_later(world, 1000, QUEUE_DELIVER,
                connection->node[1 - delivery->direction], 0, 0, delivery);
    return true;
}

static void hand_over(struct world *world, struct delivery *delivery,
                      uint32_t slot)
{
    struct connection *connection = delivery->connection;
    struct node *node =
        &world->nodes[connection->node[1 - delivery->direction]];
    struct sg_event event;

    node_event(&event, SG_EVENT_MESSAGE, slot);
    event.message.type = delivery->type;
    event.message.body = sg_bytes(delivery->body, delivery->size);
    world_trace(world, node->number, "message", NULL, slot,
                (uint64_t)delivery->type, delivery->size);
    node_step(world, node, &event);
}

/* A frame that comes twice, or before the one sent before it, meets another
 * nonce than its own: the channel ends (PROTOCOL.md 3), as tests/unit shows. So
 * the core sees connections that end at any message, never such a message. */
static bool breaks(struct world *world)
{
    bool is_twice =
        world_has(world, NEMESIS_DUPLICATE) && sg_prng_chance(&world->prng, 1);
    bool is_early =
        world_has(world, NEMESIS_REORDER) && sg_prng_chance(&world->prng, 1);

    if (is_twice)
        world->changed[NEMESIS_DUPLICATE]++;
    if (is_early)
        world->changed[NEMESIS_REORDER]++;
    return is_twice || is_early;
}

void net_deliver(struct world *world, struct delivery *delivery)
{
    struct connection *connection = delivery->connection;
    unsigned to = 1 - delivery->direction;
    struct node *node = &world->nodes[connection->node[to]];

    if (put_off(world, delivery))
        return;
    if (connection->slot[to] == SG_SYNC_NONE) {
        /* A reset comes back. */
        if (connection->slot[delivery->direction] != SG_SYNC_NONE)
            shut(world, &world->nodes[connection->node[delivery->direction]],
                 connection->slot[delivery->direction]);
        free_delivery(delivery);
        return;
    }
    if (delivery->is_last) {
        shut(world, node, connection->slot[to]);
        free_delivery(delivery);
        return;
    }
    connection->pipe[delivery->direction].stalled_at = 0;
    if (breaks(world)) {
        give_up(world, connection);
        free_delivery(delivery);
        return;
    }
    hand_over(world, delivery, connection->slot[to]);
    make_room(world, connection, delivery->direction, delivery->size);
    free_delivery(delivery);
}

void net_free(enum queue_kind kind, void *pointer)
{
    if (kind == QUEUE_DELIVER)
        free_delivery(pointer);
    if (kind == QUEUE_OPEN)
        release(pointer);
    if (kind == QUEUE_STICK)
        courier_free(pointer);
}
