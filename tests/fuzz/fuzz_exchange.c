/* Head exchange with a peer who says anything: every answer fits its queue and
 * is well-formed, claims stay within their limit, nothing else happens.
 *
 * Input: a byte of options, then steps of a byte each: a message type 16 to 23,
 * a length (2 bytes) and a body; 1 and a byte: that log grows; 2: our root is
 * sent if nothing is open; 3: a new session. */
#include <string.h>

#include "replication/exchange.h"
#include "replication/head_message.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/heads.h"

#define OPTION_CELLS     1u
#define OPTION_INITIATOR 2u
#define OPTION_REMEMBERS 4u
#define OPTION_FEW       8u
#define OPTION_NARROW    16u

#define LOGS       100u
#define LOGS_FEW   20u
#define CLAIMS_MAX 40u
#define SEND_MAX   32768u

struct world {
    struct sg_log_table *table;
    struct sg_exchange *exchange;
    size_t send_max;
    size_t sent; /* of this call */
};

static const uint8_t other_root[SG_HEAD_ROOT_SIZE] = {1};

static enum sg_err decode(enum sg_message_type type, struct sg_bytes body)
{
    struct sg_head_message_introduce introduce;
    struct sg_head_message_heads heads;
    struct sg_head_message_cells cells;
    struct sg_head_message_tree tree;
    struct sg_head_message_root root;
    struct sg_head_message_ask ask;
    uint32_t to;

    switch ((unsigned)type) {
    case SG_MESSAGE_HEADS:
        return sg_head_message_heads_decode(body, &heads);
    case SG_MESSAGE_ASK:
        return sg_head_message_ask_decode(body, &ask);
    case SG_MESSAGE_INTRODUCE:
        return sg_head_message_introduce_decode(body, &introduce);
    case SG_MESSAGE_CELLS:
        return sg_head_message_cells_decode(body, &cells);
    case SG_MESSAGE_MORE:
        return sg_head_message_more_decode(body, &to);
    case SG_MESSAGE_TREE:
        return sg_head_message_tree_decode(body, &tree);
    case SG_MESSAGE_ROOT:
        return sg_head_message_root_decode(body, &root);
    default:
        return type == SG_MESSAGE_SAME && body.size == 0 ? SG_OK
                                                         : SG_ERR_MALFORMED;
    }
}

static void check_sent(void *context, enum sg_message_type type,
                       struct sg_bytes body)
{
    struct world *world = context;

    world->sent += body.size + SG_MESSAGE_HEADER_SIZE_MAX;
    SG_ASSERT(world->sent <= world->send_max);
    SG_ASSERT(decode(type, body) == SG_OK);
}

/* A session whose root is being answered, here or there. */
static void begin(struct world *world, unsigned options)
{
    const struct sg_exchange_sink sink = {check_sent, world};
    struct sg_exchange_session session = {
        .is_initiator = (options & OPTION_INITIATOR) != 0,
        .has_cells = (options & OPTION_CELLS) != 0,
        .remembers = (options & OPTION_REMEMBERS) != 0,
        .change = sg_log_table_change(world->table) - 10};
    struct sg_exchange_report report;
    uint8_t root[SG_HEAD_ROOT_SIZE];

    sg_exchange_begin(world->exchange, &session);
    world->sent = 0;
    if (session.is_initiator)
        sg_exchange_offer(world->exchange, root);
    else
        sg_exchange_answer(world->exchange, other_root, &sink, &report);
}

static void make(struct world *world, struct sg_exchange_room *room,
                 unsigned options)
{
    struct sg_exchange_config config = {.room = room, .claims_max = CLAIMS_MAX};
    enum sg_err err;

    world->table = heads_table(LOGS);
    for (uint64_t n = 0; n < (options & OPTION_FEW ? LOGS_FEW : LOGS); n++)
        (void)heads_set(world->table, n, n + 1, 0);
    config.table = world->table;
    config.send_max = options & OPTION_NARROW ? SG_EXCHANGE_SEND_MIN : SEND_MAX;
    world->send_max = config.send_max;
    err = sg_exchange_new(&config, &world->exchange);
    SG_ASSERT(err == SG_OK);
}

/* Takes one message off INPUT and gives it to the exchange. */
static enum sg_err give(struct world *world, enum sg_message_type type,
                        struct sg_bytes *input)
{
    const struct sg_exchange_sink sink = {check_sent, world};
    struct sg_exchange_report report;
    struct sg_frame_message message = {type, *input};
    const struct sg_claims *claims = sg_exchange_claims(world->exchange);
    enum sg_err err;
    size_t size;

    if (input->size < 2)
        return SG_ERR_TRUNCATED;
    size = sg_bytes_get_u16be(input->data);
    size = size < input->size - 2 ? size : input->size - 2;
    message.body = sg_bytes(input->data + 2, size);
    *input = sg_bytes(input->data + 2 + size, input->size - 2 - size);
    world->sent = 0;
    err = sg_exchange_receive(world->exchange, &message, &sink, &report);
    SG_ASSERT(sg_claims_count(claims) <= CLAIMS_MAX);
    SG_ASSERT(!report.is_equal || !report.is_agreed);
    if (report.is_equal || report.is_agreed)
        SG_ASSERT(!sg_exchange_is_open(world->exchange));
    for (uint32_t i = 0; i < sg_claims_count(claims); i++)
        (void)sg_claims_news(claims, sg_claims_at(claims, i));
    return err;
}

static void grow(struct world *world, uint8_t which)
{
    uint32_t number = which % sg_log_table_count(world->table);
    const struct sg_log *log = sg_log_table_at(world->table, number);

    (void)heads_put(world->table, &log->core, log->known.size + 1, 0);
}

static enum sg_err step(struct world *world, unsigned options,
                        struct sg_bytes *input)
{
    const struct sg_exchange_sink sink = {check_sent, world};
    uint8_t what = input->data[0];

    *input = sg_bytes(input->data + 1, input->size - 1);
    if (sg_exchange_takes((enum sg_message_type)what))
        return give(world, (enum sg_message_type)what, input);
    world->sent = 0;
    if (what == 1 && input->size > 0)
        grow(world, input->data[0]);
    else if (what == 2 && !sg_exchange_is_open(world->exchange))
        sg_exchange_send_root(world->exchange, &sink);
    else if (what == 3)
        begin(world, options);
    return SG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_exchange_room *room;
    struct sg_bytes input = sg_bytes(data, size);
    struct world world = {0};
    enum sg_err err;
    unsigned options;

    if (size == 0)
        return 0;
    err = sg_exchange_room_new(&room);
    SG_ASSERT(err == SG_OK);
    options = data[0];
    input = sg_bytes(data + 1, size - 1);
    make(&world, room, options);
    begin(&world, options);
    while (err == SG_OK && input.size > 0)
        err = step(&world, options, &input);
    sg_exchange_free(world.exchange);
    sg_exchange_room_free(room);
    sg_log_table_free(world.table);
    return 0;
}
