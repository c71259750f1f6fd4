#include "replication/exchange.h"

#include <string.h>

#include "replication/exchange_internal.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* A sketch's first cells. */
#define CELLS_FIRST 16u

/* Refs that one ask takes at most, in bytes of its body. */
#define ASK_REF_SIZE 5u

/* --- Making ------------------------------------------------------------ */

enum sg_err sg_exchange_room_new(struct sg_exchange_room **ret_room)
{
    struct sg_exchange_room *room = sg_alloc(sizeof *room);

    if (room == NULL)
        return SG_ERR_NOMEM;
    *ret_room = room;
    return SG_OK;
}

void sg_exchange_room_free(struct sg_exchange_room *room)
{
    sg_free(room);
}

enum sg_err sg_exchange_new(const struct sg_exchange_config *config,
                            struct sg_exchange **ret_exchange)
{
    struct sg_exchange *x;
    enum sg_err err;

    if (config->send_max < SG_EXCHANGE_SEND_MIN)
        return SG_ERR_LIMIT;
    x = sg_calloc(1, sizeof *x);
    if (x == NULL)
        return SG_ERR_NOMEM;
    x->table = config->table;
    x->room = config->room;
    x->send_max = config->send_max;
    err = sg_claims_new(config->table, config->claims_max, &x->claims);
    x->cells = sg_alloc(SG_CELLS_MAX * sizeof *x->cells);
    x->asked = sg_alloc(SG_ASKS_MAX * sizeof *x->asked);
    if (err == SG_OK && (x->cells == NULL || x->asked == NULL))
        err = SG_ERR_NOMEM;
    if (err != SG_OK) {
        sg_exchange_free(x);
        return err;
    }
    *ret_exchange = x;
    return SG_OK;
}

void sg_exchange_free(struct sg_exchange *exchange)
{
    if (exchange == NULL)
        return;
    sg_claims_free(exchange->claims);
    sg_free(exchange->cells);
    sg_free(exchange->asked);
    sg_free(exchange);
}

void sg_exchange_begin(struct sg_exchange *exchange,
                       const struct sg_exchange_session *session)
{
    exchange->session = *session;
    exchange->has_told = session->remembers;
    exchange->told = session->change;
    exchange->is_open = false;
    exchange->root_sent = false;
    exchange->closing_due = false;
    exchange->cells_sent = 0;
    exchange->cells_got = 0;
    exchange->is_asking = false;
    exchange->next = SG_EXCHANGE_NOTHING;
    sg_claims_clear(exchange->claims);
}

/* --- Sending ----------------------------------------------------------- */

/* Begins a call: nothing is to be sent yet. */
static void begin_call(struct sg_exchange *x,
                       const struct sg_exchange_sink *sink,
                       struct sg_exchange_report *report)
{
    *report = (struct sg_exchange_report){0};
    x->sink = sink;
    x->report = report;
    x->budget = x->send_max;
    x->introduce_max = SG_EXCHANGE_INTRODUCE_SHARE(x->send_max);
    x->ask_count = 0;
    x->list_count = 0;
    x->list_size = 0;
    x->untold[0] = 0;
    x->untold[1] = 0;
    sg_writer_init_array(&x->introduced, x->room->introduced,
                         sizeof x->room->introduced);
}

static void send(struct sg_exchange *x, enum sg_message_type type,
                 struct sg_bytes body)
{
    SG_ASSERT(body.size + SG_MESSAGE_HEADER_SIZE_MAX <= x->budget);
    x->budget -= body.size + SG_MESSAGE_HEADER_SIZE_MAX;
    x->sink->send(x->sink->context, type, body);
}

static void flush_introduced(struct sg_exchange *x)
{
    if (x->introduced.size == 0)
        return;
    SG_ASSERT(x->introduced.err == SG_OK);
    send(x, SG_MESSAGE_INTRODUCE, sg_writer_written(&x->introduced));
    sg_writer_init_array(&x->introduced, x->room->introduced,
                         sizeof x->room->introduced);
}

bool sg_exchange_introduce(struct sg_exchange *x, const struct sg_log *log)
{
    struct sg_head_message_claim claim = sg_exchange_own(x, log);

    if (x->introduced.size + SG_HEAD_INTRODUCED_SIZE_MAX >
        sizeof x->room->introduced)
        flush_introduced(x);
    if (x->introduce_max <
        SG_HEAD_INTRODUCED_SIZE_MAX + SG_MESSAGE_HEADER_SIZE_MAX)
        return false;
    size_t before = x->introduced.size;
    sg_head_message_introduce_put(&x->introduced, &log->core, &claim);
    x->introduce_max -= x->introduced.size - before;
    if (before == 0)
        x->introduce_max -= SG_MESSAGE_HEADER_SIZE_MAX;
    return true;
}

void sg_exchange_ask(struct sg_exchange *x, uint32_t ref)
{
    size_t max = SG_EXCHANGE_ASK_SHARE(x->send_max) / ASK_REF_SIZE;

    if (x->ask_count < SG_ASKS_MAX && x->ask_count < max)
        x->room->asks[x->ask_count++] = ref;
}

void sg_exchange_flush(struct sg_exchange *x, unsigned width)
{
    uint8_t body[3 + SG_ASKS_MAX * ASK_REF_SIZE];
    struct sg_writer writer;
    enum sg_err err;

    flush_introduced(x);
    if (x->ask_count == 0)
        return;
    x->ask_count = sg_cells_sort(x->room->asks, x->ask_count);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_ask_encode(&writer, width, x->room->asks, x->ask_count);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    send(x, SG_MESSAGE_ASK, sg_bytes(body, writer.size));
    memcpy(x->asked, x->room->asks, x->ask_count * sizeof *x->asked);
    x->asked_count = x->ask_count;
    x->asked_width = width;
    x->is_asking = true;
    x->ask_count = 0;
}

void sg_exchange_write_last(struct sg_exchange *x, struct sg_writer *writer)
{
    size_t size = x->budget - SG_MESSAGE_HEADER_SIZE_MAX;

    SG_ASSERT(x->budget > SG_MESSAGE_HEADER_SIZE_MAX);
    sg_writer_init_array(writer, x->room->body,
                         size < sizeof x->room->body ? size
                                                     : sizeof x->room->body);
}

void sg_exchange_send_last(struct sg_exchange *x, enum sg_message_type type,
                           struct sg_bytes body)
{
    SG_ASSERT(x->introduced.size == 0);
    SG_ASSERT(x->ask_count == 0);
    send(x, type, body);
}

struct sg_head_message_auth sg_exchange_auth(struct sg_exchange *x)
{
    struct sg_head_message_auth auth = {.is_there = x->auth_due};

    if (x->auth_due)
        sg_log_table_auth_tag(x->table, auth.tag);
    x->auth_due = false;
    return auth;
}

uint32_t sg_exchange_short_ref(const struct sg_log_id *id, unsigned width)
{
    if (width == 32)
        return sg_log_table_x(id);
    return sg_bytes_get_u32be(id->hash.bytes) >> (32 - width);
}

bool sg_exchange_knows(const struct sg_log *log)
{
    return log != NULL && log->known.size > 0;
}

struct sg_head_message_claim sg_exchange_own(const struct sg_exchange *x,
                                             const struct sg_log *log)
{
    struct sg_head_message_claim claim = {0};

    SG_ASSERT(sg_exchange_knows(log));
    memcpy(claim.tag, sg_log_table_tag(x->table, log), SG_HEAD_TAG_SIZE);
    if (log->is_forked)
        return claim;
    claim.size = log->known.size;
    claim.short_by = log->known.size - log->served;
    return claim;
}

/* --- States ------------------------------------------------------------ */

static void open_exchange(struct sg_exchange *x, bool is_closing)
{
    x->is_open = true;
    x->open_change = sg_log_table_change(x->table);
    x->root_sent = false;
    x->is_closing = is_closing;
    x->closing_due = false;
    x->auth_due = false;
    x->tried_cells = false;
    x->received = 0;
    x->is_asking = false;
    x->sketches = 0;
    x->next = SG_EXCHANGE_NOTHING;
    x->cells_sent = 0;
    x->cells_got = 0;
    /* What could not be fetched when all was to be fetched may have been meant
     * otherwise: the closing exchange names logs exactly. */
    if (is_closing)
        sg_claims_clear(x->claims);
    else
        sg_claims_sweep(x->claims);
}

/* Notes that the roots were equal when own changes were at CHANGE. */
static void end_equal(struct sg_exchange *x, uint64_t change)
{
    x->is_open = false;
    x->closing_due = false;
    x->has_told = true;
    x->told = change;
    x->report->is_equal = true;
    x->report->change = change;
}

static void end_agreed(struct sg_exchange *x)
{
    x->is_open = false;
    x->root_sent = false;
    x->closing_due = !x->is_closing;
    x->has_told = true;
    x->told = x->open_change;
    x->report->is_agreed = true;
}

void sg_exchange_agree(struct sg_exchange *x)
{
    sg_exchange_send_last(x, SG_MESSAGE_SAME, sg_bytes(NULL, 0));
    end_agreed(x);
}

/* Compares the judge that came with ours; where claims are full ours cannot
 * tell, and the next exchange goes on. */
static void compare_judges(struct sg_exchange *x)
{
    uint32_t judge[2];

    sg_claims_judge(x->claims, judge);
    if ((judge[0] == x->judge[0] && judge[1] == x->judge[1]) ||
        sg_claims_are_full(x->claims))
        sg_exchange_agree(x);
    else if (x->session.has_cells && !x->tried_cells)
        sg_exchange_send_cells(x, 0, CELLS_FIRST);
    else
        sg_exchange_tell_tree(x);
}

void sg_exchange_follow(struct sg_exchange *x, enum sg_exchange_next next)
{
    x->next = next;
    if (x->is_asking)
        return;
    x->next = SG_EXCHANGE_NOTHING;
    switch (next) {
    case SG_EXCHANGE_NOTHING:
        break;
    case SG_EXCHANGE_TELL_CHANGES:
        sg_exchange_tell_changes(x, /* has_judge= */ true);
        break;
    case SG_EXCHANGE_TELL_REST:
        sg_exchange_tell_rest(x);
        break;
    case SG_EXCHANGE_TELL_LARGER:
        sg_exchange_tell_larger(x);
        break;
    case SG_EXCHANGE_JUDGE:
        compare_judges(x);
        break;
    case SG_EXCHANGE_END:
        sg_exchange_agree(x);
        break;
    }
}

/* Answers a root that is not ours, cheapest first. */
static void answer_unequal(struct sg_exchange *x)
{
    bool has_cells = x->session.has_cells;

    x->auth_due = true;
    if (x->is_closing && has_cells)
        sg_exchange_send_cells(x, 0, CELLS_FIRST);
    else if (x->is_closing)
        sg_exchange_tell_tree(x);
    else if (x->has_told &&
             sg_exchange_changes(x, SG_HEADS_MAX + 1) <= SG_HEADS_MAX)
        sg_exchange_tell_changes(x, /* has_judge= */ false);
    else if (sg_head_tree_count(sg_log_table_heads(x->table)) <=
             SG_EXCHANGE_COMPLETE_MAX)
        sg_exchange_tell_all(x);
    else if (has_cells)
        sg_exchange_send_cells(x, 0, CELLS_FIRST);
    else
        sg_exchange_tell_tree(x);
}

static void answer_root(struct sg_exchange *x,
                        const uint8_t root[SG_HEAD_ROOT_SIZE])
{
    struct sg_hash own = sg_log_table_root(x->table);

    if (memcmp(own.bytes, root, SG_HEAD_ROOT_SIZE) != 0 &&
        !SG_PLANT(sync_roots_always_same)) {
        answer_unequal(x);
        return;
    }
    sg_exchange_send_last(x, SG_MESSAGE_SAME, sg_bytes(NULL, 0));
    end_equal(x, x->open_change);
}

void sg_exchange_offer(struct sg_exchange *exchange,
                       uint8_t ret_root[SG_HEAD_ROOT_SIZE])
{
    struct sg_hash root = sg_log_table_root(exchange->table);

    SG_ASSERT(exchange->session.is_initiator);
    SG_ASSERT(!exchange->is_open);
    open_exchange(exchange, /* is_closing= */ false);
    exchange->root_sent = true;
    memcpy(ret_root, root.bytes, SG_HEAD_ROOT_SIZE);
}

void sg_exchange_answer(struct sg_exchange *exchange,
                        const uint8_t root[SG_HEAD_ROOT_SIZE],
                        const struct sg_exchange_sink *sink,
                        struct sg_exchange_report *ret_report)
{
    SG_ASSERT(!exchange->session.is_initiator);
    SG_ASSERT(!exchange->is_open);
    begin_call(exchange, sink, ret_report);
    open_exchange(exchange, /* is_closing= */ false);
    answer_root(exchange, root);
}

void sg_exchange_send_root(struct sg_exchange *exchange,
                           const struct sg_exchange_sink *sink)
{
    uint8_t body[SG_HEAD_ROOT_SIZE + SG_HEAD_TAG_SIZE];
    struct sg_head_message_root message;
    struct sg_exchange_report report;
    struct sg_hash root = sg_log_table_root(exchange->table);
    struct sg_writer writer;
    enum sg_err err;

    SG_ASSERT(!exchange->is_open);
    begin_call(exchange, sink, &report);
    open_exchange(exchange, exchange->closing_due);
    exchange->root_sent = true;
    memcpy(message.root, root.bytes, SG_HEAD_ROOT_SIZE);
    sg_log_table_auth_tag(exchange->table, message.auth_tag);
    sg_writer_init_array(&writer, body, sizeof body);
    sg_head_message_root_encode(&writer, &message);
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    sg_exchange_send_last(exchange, SG_MESSAGE_ROOT, SG_BYTES_ARRAY(body));
}

/* --- Receiving --------------------------------------------------------- */

static void take_same(struct sg_exchange *x)
{
    if (!x->is_open)
        return;
    if (x->root_sent)
        end_equal(x, x->open_change);
    else
        end_agreed(x);
    x->root_sent = false;
}

static enum sg_err take_root(struct sg_exchange *x, struct sg_bytes body)
{
    struct sg_head_message_root root;
    enum sg_err err = sg_head_message_root_decode(body, &root);

    if (err != SG_OK)
        return err;
    x->report->has_auth_tag = true;
    memcpy(x->report->auth_tag, root.auth_tag, SG_HEAD_TAG_SIZE);
    /* Two roots crossed: the initiator's is answered. */
    if (x->is_open && x->root_sent && x->session.is_initiator)
        return SG_OK;
    open_exchange(x, x->is_open ? x->is_closing : x->closing_due);
    answer_root(x, root.root);
    return SG_OK;
}

/* Says whether the log of CORE fits the question that is open. */
static bool was_asked(const struct sg_exchange *x,
                      const struct sg_log_core *core)
{
    struct sg_log_id id =
        sg_entry_log_id(sg_log_table_registry(x->table), core);
    uint32_t ref, low = 0, high = x->asked_count;

    if (!x->is_asking)
        return false;
    ref = sg_exchange_short_ref(&id, x->asked_width);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (x->asked[middle] < ref)
            low = middle + 1;
        else
            high = middle;
    }
    return low < x->asked_count && x->asked[low] == ref;
}

/* Logs may be introduced at any time; what was asked for is the answer, and so
 * is an introduction of none. */
static enum sg_err take_introduce(struct sg_exchange *x, struct sg_bytes body)
{
    struct sg_head_message_introduce introduce;
    struct sg_head_message_claim claim;
    struct sg_log_core core;
    enum sg_err err = sg_head_message_introduce_decode(body, &introduce);
    bool is_answer;

    if (err != SG_OK)
        return err;
    is_answer = body.size == 0;
    while (sg_head_message_introduce_next(&introduce, &core, &claim)) {
        (void)sg_claims_introduce(x->claims, &core, claim.size, claim.short_by,
                                  claim.tag);
        is_answer = is_answer || was_asked(x, &core);
    }
    if (!x->is_asking || !is_answer)
        return SG_OK;
    x->is_asking = false;
    sg_exchange_follow(x, x->next);
    return SG_OK;
}

/* Each question gets one answer, which may be empty. */
static enum sg_err take_ask(struct sg_exchange *x, struct sg_bytes body)
{
    struct sg_log *logs[SG_EXCHANGE_GROUP_MAX];
    struct sg_head_message_ask ask;
    enum sg_err err = sg_head_message_ask_decode(body, &ask);
    uint32_t ref;

    if (err != SG_OK)
        return err;
    while (sg_head_message_ask_next(&ask, &ref)) {
        uint32_t fits = sg_log_table_fits(x->table, ref, ask.width, logs,
                                          SG_EXCHANGE_GROUP_MAX);

        for (uint32_t i = 0; i < fits && i < SG_EXCHANGE_GROUP_MAX; i++)
            (void)sg_exchange_introduce(x, logs[i]);
    }
    if (x->introduced.size == 0)
        sg_exchange_send_last(x, SG_MESSAGE_INTRODUCE, sg_bytes(NULL, 0));
    sg_exchange_flush(x, ask.width);
    return SG_OK;
}

static enum sg_err take_more(struct sg_exchange *x, struct sg_bytes body)
{
    uint32_t to;
    enum sg_err err = sg_head_message_more_decode(body, &to);

    if (err == SG_OK && (x->cells_sent == 0 || to <= x->cells_sent))
        err = SG_ERR_MALFORMED;
    if (err != SG_OK)
        return err;
    if (++x->sketches > SG_EXCHANGE_SKETCHES_MAX)
        sg_exchange_tell_tree(x);
    else
        sg_exchange_send_cells(x, x->cells_sent, to);
    return SG_OK;
}

bool sg_exchange_takes(enum sg_message_type type)
{
    return type >= SG_MESSAGE_SAME && type <= SG_MESSAGE_ROOT;
}

/* Takes a message that is only sent within an exchange. */
static enum sg_err take_open(struct sg_exchange *x,
                             const struct sg_frame_message *message)
{
    if (!x->is_open)
        return SG_ERR_MALFORMED;
    x->root_sent = false;
    if (message->type == SG_MESSAGE_CELLS)
        return sg_exchange_take_cells(x, message->body);
    if (message->type == SG_MESSAGE_TREE)
        return sg_exchange_take_tree(x, message->body);
    return take_more(x, message->body);
}

/* Says whether a message of TYPE may be none of the exchange: until the peer
 * has the own root, which he may answer late, he goes on claiming and
 * introducing what is new there, without any bound. */
static bool is_beside(const struct sg_exchange *x, enum sg_message_type type)
{
    return x->root_sent &&
           (type == SG_MESSAGE_HEADS || type == SG_MESSAGE_INTRODUCE);
}

enum sg_err sg_exchange_receive(struct sg_exchange *exchange,
                                const struct sg_frame_message *message,
                                const struct sg_exchange_sink *sink,
                                struct sg_exchange_report *ret_report)
{
    SG_ASSERT(sg_exchange_takes(message->type));
    begin_call(exchange, sink, ret_report);
    if (exchange->is_open && !is_beside(exchange, message->type) &&
        ++exchange->received > SG_EXCHANGE_MESSAGES_MAX)
        return SG_ERR_LIMIT;
    if (message->type == SG_MESSAGE_ROOT)
        return take_root(exchange, message->body);
    if (message->type == SG_MESSAGE_HEADS)
        return sg_exchange_take_heads(exchange, message->body);
    if (message->type == SG_MESSAGE_INTRODUCE)
        return take_introduce(exchange, message->body);
    if (message->type == SG_MESSAGE_ASK)
        return take_ask(exchange, message->body);
    if (message->type != SG_MESSAGE_SAME)
        return take_open(exchange, message);
    if (message->body.size > 0)
        return SG_ERR_TRAILING;
    take_same(exchange);
    return SG_OK;
}

/* --- Looking ----------------------------------------------------------- */

bool sg_exchange_is_open(const struct sg_exchange *exchange)
{
    return exchange->is_open;
}

bool sg_exchange_wants_root(const struct sg_exchange *exchange)
{
    return exchange->session.is_initiator && !exchange->is_open &&
           exchange->closing_due;
}

const struct sg_claims *sg_exchange_claims(const struct sg_exchange *exchange)
{
    return exchange->claims;
}
