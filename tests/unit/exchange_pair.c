#include "tests/unit/exchange_pair.h"

#include <stdlib.h>

#include "storage/base/alloc.h"

/* --- Two nodes, connected ---------------------------------------------- */

const struct pair_options pair_plain = {true, SG_HEADS_MAX, 1 << 20, {0}, {0}};

struct pair_context {
    struct pair *pair;
    struct pair_side *to;
};

static void deliver(void *context, enum sg_message_type type,
                    struct sg_bytes body)
{
    struct pair_context *from = context;
    struct pair_side *to = from->to;
    uint8_t *copy = sg_alloc(body.size);

    assert_true(to->last - to->first < PAIR_QUEUE_MAX);
    from->pair->sent[type]++;
    assert_non_null(copy);
    if (body.size > 0)
        memcpy(copy, body.data, body.size);
    to->queue[to->last++ % PAIR_QUEUE_MAX] =
        (struct sg_frame_message){type, sg_bytes(copy, body.size)};
    from->pair->bytes += body.size + (body.size < 128     ? 2
                                      : body.size < 16384 ? 3
                                                          : 4);
    if (body.size > from->pair->largest)
        from->pair->largest = body.size;
}

void pair_open(struct pair *pair, const struct pair_options *options)
{
    *pair = (struct pair){.sides[0].table = pair->sides[0].table,
                          .sides[1].table = pair->sides[1].table};
    for (int i = 0; i < 2; i++) {
        struct pair_side *side = &pair->sides[i];
        struct sg_exchange_config config = {.table = side->table,
                                            .claims_max = options->claims_max,
                                            .send_max = options->send_max};
        struct sg_exchange_session session = {.is_initiator = i == 0,
                                              .has_cells = options->has_cells,
                                              .remembers =
                                                  options->remembers[i],
                                              .change = options->change[i]};

        assert_ok(sg_exchange_room_new(&side->room));
        config.room = side->room;
        assert_ok(sg_exchange_new(&config, &side->exchange));
        sg_exchange_begin(side->exchange, &session);
    }
}

void pair_drop(struct pair *pair, int i)
{
    struct pair_side *side = &pair->sides[i];

    for (; side->first < side->last; side->first++)
        sg_free((void *)side->queue[side->first % PAIR_QUEUE_MAX].body.data);
}

void pair_close(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        struct pair_side *side = &pair->sides[i];

        pair_drop(pair, i);
        sg_exchange_free(side->exchange);
        sg_exchange_room_free(side->room);
        side->exchange = NULL;
    }
}

bool pair_arrive(struct pair *pair, int i)
{
    struct pair_side *side = &pair->sides[i];
    struct pair_context context = {pair, &pair->sides[1 - i]};
    struct sg_exchange_sink sink = {deliver, &context};
    struct sg_frame_message *message;
    struct sg_exchange_report report;

    if (side->first == side->last)
        return false;
    message = &side->queue[side->first++ % PAIR_QUEUE_MAX];
    assert_true(sg_exchange_takes(message->type));
    assert_ok(sg_exchange_receive(side->exchange, message, &sink, &report));
    sg_free((void *)message->body.data);
    side->calls++;
    side->report.is_equal |= report.is_equal;
    side->report.is_agreed |= report.is_agreed;
    side->report.has_auth_tag |= report.has_auth_tag;
    if (report.is_equal)
        side->report.change = report.change;
    return true;
}

void pair_settle(struct pair *pair)
{
    bool any = true;

    while (any) {
        any = pair_arrive(pair, 0);
        any = pair_arrive(pair, 1) || any;
    }
    for (int i = 0; i < 2; i++)
        assert_false(sg_exchange_is_open(pair->sides[i].exchange));
}

void pair_forget(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        pair->sides[i].report = (struct sg_exchange_report){0};
        pair->sides[i].calls = 0;
    }
}

void pair_answer(struct pair *pair, const uint8_t root[SG_HEAD_ROOT_SIZE])
{
    struct pair_context context = {pair, &pair->sides[0]};
    struct sg_exchange_sink sink = {deliver, &context};

    sg_exchange_answer(pair->sides[1].exchange, root, &sink,
                       &pair->sides[1].report);
}

void pair_greet(struct pair *pair)
{
    uint8_t root[SG_HEAD_ROOT_SIZE];

    pair_forget(pair);
    sg_exchange_offer(pair->sides[0].exchange, root);
    pair_answer(pair, root);
    pair_settle(pair);
}

void pair_send_root(struct pair *pair, int i)
{
    struct pair_context context = {pair, &pair->sides[1 - i]};
    struct sg_exchange_sink sink = {deliver, &context};

    sg_exchange_send_root(pair->sides[i].exchange, &sink);
}

void pair_fetch(struct pair_side *side, struct pair_side *other)
{
    const struct sg_claims *claims = sg_exchange_claims(side->exchange);

    for (uint32_t i = 0; i < sg_claims_count(claims); i++) {
        const struct sg_claim *claim = sg_claims_at(claims, i);
        enum sg_claim_news news = sg_claims_news(claims, claim);
        struct sg_log *theirs = sg_log_table_find(other->table, &claim->id, 0);
        struct sg_log *mine = sg_claims_log(claims, claim);
        uint64_t change = sg_log_table_change(side->table) + 1;

        if (news == SG_CLAIM_OLD || theirs == NULL)
            continue;
        if (mine == NULL)
            assert_ok(sg_log_table_add(side->table, &claim->core, 0, &mine));
        if (theirs->known.size > mine->known.size) {
            sg_log_table_set_known(side->table, mine, &theirs->known, change);
        } else if (theirs->known.size == mine->known.size &&
                   memcmp(&theirs->known.root, &mine->known.root, 32) != 0) {
            sg_log_table_set_forked(side->table, mine, change);
            sg_log_table_set_forked(other->table, theirs,
                                    sg_log_table_change(other->table) + 1);
        }
        if (theirs->is_forked)
            sg_log_table_set_forked(side->table, mine, change);
    }
}

bool pair_is_equal(struct pair *pair)
{
    struct sg_hash a = sg_log_table_root(pair->sides[0].table);
    struct sg_hash b = sg_log_table_root(pair->sides[1].table);

    return memcmp(&a, &b, sizeof a) == 0;
}

void pair_assert_agreed(struct pair *pair)
{
    uint32_t judges[2][2];

    for (int i = 0; i < 2; i++)
        sg_claims_judge(sg_exchange_claims(pair->sides[i].exchange), judges[i]);
    assert_memory_equal(judges[0], judges[1], sizeof judges[0]);
}

int pair_converge(struct pair *pair, struct sg_prng *prng)
{
    int rounds = 1;

    pair_greet(pair);
    while (!pair->sides[0].report.is_equal) {
        assert_false(pair->sides[1].report.is_equal);
        assert_true(pair->sides[0].report.is_agreed);
        assert_true(pair->sides[1].report.is_agreed);
        assert_true(pair->sides[0].report.has_auth_tag);
        if (pair->is_exact)
            pair_assert_agreed(pair);
        pair_fetch(&pair->sides[0], &pair->sides[1]);
        pair_fetch(&pair->sides[1], &pair->sides[0]);
        assert_true(rounds++ < 40);
        pair_forget(pair);
        pair_send_root(pair, sg_exchange_wants_root(pair->sides[0].exchange)
                                 ? 0
                                 : (int)sg_prng_below(prng, 2));
        pair_settle(pair);
    }
    assert_true(pair->sides[1].report.is_equal);
    assert_true(pair_is_equal(pair));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pair->sides[i].report.change,
                         sg_log_table_change(pair->sides[i].table));
    return rounds;
}

/* --- Worlds ------------------------------------------------------------ */

void pair_begin_world(struct pair *pair, const struct pair_world *world,
                      uint64_t seed)
{
    struct sg_prng prng;

    *pair = (struct pair){.bytes = 0};
    sg_prng_init(&prng, seed);
    for (int i = 0; i < 2; i++)
        pair->sides[i].table = heads_table(20000);
    for (uint64_t n = 0; n < world->common; n++) {
        uint64_t size = 1 + sg_prng_below(&prng, 5000);

        (void)heads_set(pair->sides[0].table, n, size, 0);
        (void)heads_set(pair->sides[1].table, n, size, 0);
    }
}

static uint64_t size_of(struct pair_side *side, uint64_t n)
{
    struct sg_log_core core = heads_core(n);
    struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);

    return sg_log_table_find(side->table, &id, 0)->known.size;
}

void pair_change_world(struct pair *pair, const struct pair_world *world,
                       uint64_t seed)
{
    struct sg_prng prng;

    sg_prng_init(&prng, ~seed);
    for (uint64_t i = 0; i < world->changed && world->common > 0; i++) {
        uint64_t n = sg_prng_below(&prng, world->common);
        struct pair_side *side = &pair->sides[sg_prng_below(&prng, 2)];

        (void)heads_set(side->table, n,
                        size_of(side, n) + 1 + sg_prng_below(&prng, 50), 0);
    }
    for (uint64_t i = 0; i < world->added; i++) {
        struct pair_side *side = &pair->sides[sg_prng_below(&prng, 2)];

        (void)heads_set(side->table, world->common + i,
                        1 + sg_prng_below(&prng, 9), 0);
    }
    for (uint64_t i = 0; i < world->forked && world->common > 0; i++) {
        uint64_t n = sg_prng_below(&prng, world->common);
        struct pair_side *side = &pair->sides[sg_prng_below(&prng, 2)];
        struct sg_log *log = heads_set(side->table, n, size_of(side, n), 1 + i);

        if (sg_prng_chance(&prng, 300))
            sg_log_table_set_forked(side->table, log, log->change + 1);
    }
}

void pair_end_world(struct pair *pair)
{
    sg_log_table_free(pair->sides[0].table);
    sg_log_table_free(pair->sides[1].table);
}

static int by_begin(const void *a, const void *b)
{
    const struct pair_begin *left = a, *right = b;

    return (left->begin > right->begin) - (left->begin < right->begin);
}

void pair_find_alike(struct pair_begin *list, uint32_t ret[2])
{
    qsort(list, PAIR_SEARCHED, sizeof *list, by_begin);
    for (uint32_t i = 1; i < PAIR_SEARCHED; i++) {
        if (list[i].begin != list[i - 1].begin)
            continue;
        ret[0] = list[i - 1].n;
        ret[1] = list[i].n;
        return;
    }
    fail_msg("no two begin alike");
}

void pair_logs_alike(uint32_t ret[2])
{
    struct pair_begin *list = sg_calloc(PAIR_SEARCHED, sizeof *list);

    for (uint32_t n = 0; n < PAIR_SEARCHED; n++) {
        struct sg_log_core core = heads_core(n);
        struct sg_log_id id = sg_entry_log_id(&heads_registry, &core);

        list[n] = (struct pair_begin){sg_bytes_get_u32be(id.hash.bytes), n};
    }
    pair_find_alike(list, ret);
    sg_free(list);
}

enum sg_err pair_give(struct pair *pair, int i, enum sg_message_type type,
                      struct sg_bytes body)
{
    struct pair_context context = {pair, &pair->sides[1 - i]};
    struct sg_exchange_sink sink = {deliver, &context};
    struct sg_frame_message message = {type, body};

    return sg_exchange_receive(pair->sides[i].exchange, &message, &sink,
                               &pair->sides[i].report);
}
