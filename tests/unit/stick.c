#include "tests/unit/stick.h"

#include "replication/package.h"
#include "storage/base/alloc.h"

#define EXPONENT SG_BUNDLE_MAKE_EXPONENT_MIN
#define SESSION  (PAIR_SESSIONS_MAX - 1u)

void stick_key(size_t node, uint8_t ret_public[SG_KEY_SIZE],
               uint8_t ret_secret[SG_KEY_SIZE])
{
    uint8_t seed[SG_KEY_SIZE];

    memset(seed, (int)(0x50 + node), sizeof seed);
    memcpy(ret_secret, seed, SG_KEY_SIZE);
    sg_crypto_x25519_public(seed, ret_public);
}

/* --- Planning --------------------------------------------------------------
 */

struct sg_bundle_plan *stick_plan(struct pair_net *net, size_t node)
{
    struct pair_node *at = &net->nodes[node];
    struct sg_bundle_plan_config config = {
        .registry = net->world.registry,
        .trust = sg_sync_trust(at->core),
        .logs_max = PAIR_LOGS_MAX,
    };
    struct sg_bundle_plan *plan;

    memcpy(config.certificate, at->certificate, sizeof config.certificate);
    assert_ok(sg_bundle_plan_new(&config, &plan));
    for (size_t i = 0; i < at->n_logs; i++) {
        struct sg_event event;

        pair_head(&at->logs[i], &event);
        assert_ok(sg_bundle_plan_add(plan, &event.head));
    }
    return plan;
}

/* --- Making ----------------------------------------------------------------
 */

/* The hashes of the subtrees that extend END entries of LOG to TO. */
static size_t cover(const struct pair_log *log, uint64_t end, uint64_t to,
                    struct sg_hash *ret)
{
    struct sg_merkle_range ranges[SG_MERKLE_HASHES_MAX];
    size_t n = sg_merkle_plan_extension(end, to, ranges);

    for (size_t i = 0; i < n; i++) {
        struct sg_frontier frontier = {0};

        for (uint64_t k = ranges[i].start; k < ranges[i].end; k++)
            sg_merkle_append(&frontier, &log->leaves[k], NULL, NULL);
        ret[i] = sg_merkle_root(&frontier);
    }
    return n;
}

static void answer(struct pair_net *net, size_t node,
                   struct sg_bundle_make *make,
                   const struct sg_bundle_make_log *of,
                   const struct sg_bundle_turn *turn)
{
    struct sg_log_id id = sg_entry_log_id(&net->world.registry, &of->core);
    const struct pair_log *log = pair_find(net, node, &id);
    struct sg_hash hashes[SG_FORK_HASHES_MAX];
    size_t size = 0, n = 0, before = 0;

    assert_non_null(log);
    if (turn->is_proof) {
        struct sg_frontier frontier = {0};

        for (uint64_t i = 0; i < turn->first; i++)
            sg_merkle_append(&frontier, &log->leaves[i], NULL, NULL);
        before = sg_merkle_frontier_count(turn->first);
        memcpy(hashes, frontier.hashes, before * sizeof hashes[0]);
    }
    while (turn->first + n < turn->to) {
        size += log->entries[turn->first + n].payload.size;
        if (n > 0 && size > turn->size_max)
            break;
        n++;
    }
    assert_ok(sg_bundle_make_give(
        make, log->entries + turn->first, n, hashes,
        before + cover(log, turn->first + n, turn->prove_to, hashes + before)));
}

static void write(struct stick *stick, const struct sg_bundle_turn *turn)
{
    size_t at = turn->part - 1u;

    assert_true(at < STICK_PARTS_MAX);
    if (turn->kind == SG_BUNDLE_TURN_HEADER)
        stick->n_parts = turn->part;
    stick->parts[at] = pair_must(
        sg_realloc(stick->parts[at], stick->sizes[at] + turn->bytes.size));
    memcpy(stick->parts[at] + stick->sizes[at], turn->bytes.data,
           turn->bytes.size);
    stick->sizes[at] += turn->bytes.size;
}

static void run(struct pair_net *net, size_t node,
                struct sg_bundle_make_config *config,
                const struct stick_wish *wish, struct stick *ret)
{
    uint8_t keys[2][SG_KEY_SIZE], secret[SG_KEY_SIZE];
    struct sg_bundle_make *make;
    struct sg_bundle_turn turn;

    stick_key(wish->to, keys[0], secret);
    stick_key(wish->to2, keys[1], secret);
    config->registry = net->world.registry;
    config->exponent = EXPONENT;
    config->part_size_max = wish->part_size_max;
    config->id[0] = wish->id;
    config->key[0] = (uint8_t)(wish->id + 1);
    config->node_key = &net->nodes[node].key;
    config->transport_keys = (const uint8_t(*)[SG_KEY_SIZE])keys;
    config->n_destinations = 2;
    memcpy(config->certificate,
           net->nodes[wish->poses_as != 0 ? wish->poses_as : node].certificate,
           SG_CERTIFICATE_SIZE);
    *ret = (struct stick){0};
    assert_ok(sg_bundle_make_new(config, &make));
    do {
        assert_ok(sg_bundle_make_next(make, &turn));
        if (turn.kind == SG_BUNDLE_TURN_READ)
            answer(net, node, make, &config->logs[turn.log], &turn);
        else if (turn.kind != SG_BUNDLE_TURN_DONE)
            write(ret, &turn);
    } while (turn.kind != SG_BUNDLE_TURN_DONE);
    sg_bundle_make_free(make);
}

/* Messages that are kept for the maker. */
struct kept {
    size_t n;
    struct sg_bundle_make_message items[64];
};

static void keep(void *context, enum sg_message_type type, struct sg_bytes body)
{
    struct kept *kept = context;

    assert_true(kept->n < 64);
    kept->items[kept->n++] = (struct sg_bundle_make_message){
        type, sg_bytes(pair_copy(body.data, body.size), body.size)};
}

static void drop(struct kept *kept)
{
    for (size_t i = 0; i < kept->n; i++)
        sg_free((void *)(uintptr_t)kept->items[i].body.data);
}

void stick_make(struct pair_net *net, size_t node,
                const struct stick_wish *wish, struct stick *ret)
{
    struct sg_bundle_plan *plan =
        wish->plan != NULL ? wish->plan : stick_plan(net, node);
    struct sg_bundle_make_config config = {.kind = SG_BUNDLE_ENTRIES};
    struct pair_node *at = &net->nodes[node];
    struct kept kept = {0};

    assert_ok(sg_bundle_plan_authority(plan, keep, &kept));
    for (size_t i = 0; i < at->n_logs; i++)
        if (at->logs[i].proof_size > 0)
            keep(&kept, SG_MESSAGE_FORK,
                 sg_bytes(at->logs[i].proof, at->logs[i].proof_size));
    sg_bundle_plan_proofs(plan, keep, &kept);
    config.messages = kept.items;
    config.n_messages = kept.n;
    config.logs = sg_bundle_plan_logs(plan, &config.n_logs);
    run(net, node, &config, wish, ret);
    drop(&kept);
    sg_bundle_plan_free(plan);
}

void stick_make_of(struct pair_net *net, size_t node, enum sg_bundle_kind kind,
                   const struct sg_bundle_make_message *messages, size_t n,
                   const struct stick_wish *wish, struct stick *ret)
{
    struct sg_bundle_make_config config = {
        .kind = kind, .messages = messages, .n_messages = n};

    run(net, node, &config, wish, ret);
}

void stick_request(struct pair_net *net, size_t node, size_t to,
                   struct stick *ret)
{
    struct sg_bundle_plan *plan = stick_plan(net, node);
    struct stick_wish wish = {.id = 0x21, .to = to, .to2 = to};
    struct kept kept = {0};

    assert_ok(sg_bundle_plan_request(plan, NULL, EXPONENT, keep, &kept));
    stick_make_of(net, node, SG_BUNDLE_REQUEST, kept.items, kept.n, &wish, ret);
    drop(&kept);
    sg_bundle_plan_free(plan);
}

void stick_state(struct pair_net *net, size_t node,
                 const struct stick_wish *wish, struct stick *ret)
{
    struct sg_bundle_plan *plan = stick_plan(net, node);
    struct kept kept = {0};

    sg_bundle_plan_statements(plan, &net->nodes[node].key, 1700000000, keep,
                              &kept);
    stick_make_of(net, node, SG_BUNDLE_STATEMENTS, kept.items, kept.n, wish,
                  ret);
    drop(&kept);
    sg_bundle_plan_free(plan);
}

void stick_free(struct stick *stick)
{
    for (size_t i = 0; i < STICK_PARTS_MAX; i++)
        sg_free(stick->parts[i]);
    *stick = (struct stick){0};
}

/* --- Taking ----------------------------------------------------------------
 */

/* Counts the packages of others that are written while the authority's log is
 * not all here. */
static size_t count_early(struct pair_net *net, size_t node)
{
    const struct pair_node *at = &net->nodes[node];
    const struct sg_log_id *first = &pair_own(net, 0)->id;
    size_t n = 0;

    if (pair_held(net, node, 0) == pair_held(net, 0, 0))
        return 0;
    for (size_t i = 0; i < at->n_writes; i++)
        n += at->writes[i].kind == SG_EFFECT_WRITE_PACKAGE &&
             memcmp(&at->writes[i].log, first, sizeof *first) != 0;
    return n;
}

/* Reads and commits until the core wants nothing more. */
static void settle(struct pair_net *net, size_t node, struct stick_result *ret)
{
    ret->n_early += count_early(net, node);
    while (pair_read(net, node) || pair_commit(net, node))
        ;
}

/* Does what TURN says. Returns false when the process dies of it. */
static bool obey(struct pair_net *net, size_t node, struct sg_bytes bytes,
                 const struct stick_how *how, struct sg_bundle_take *take,
                 struct sg_bundle_take_turn *turn, struct stick_result *ret,
                 uint32_t *settled)
{
    struct sg_bytes progress;

    switch (turn->kind) {
    case SG_BUNDLE_TAKE_READ:
        assert_true(turn->offset + turn->size <= bytes.size);
        ret->n_reads++;
        sg_bundle_take_give(take, SG_OK,
                            sg_bytes(bytes.data + turn->offset, turn->size));
        break;
    case SG_BUNDLE_TAKE_EVENT:
        pair_step(net, node, &turn->event);
        break;
    case SG_BUNDLE_TAKE_CLAIM:
        ret->n_claims++;
        if (how->plan != NULL)
            assert_ok(sg_bundle_plan_take(how->plan, &turn->message));
        break;
    case SG_BUNDLE_TAKE_SETTLE:
        settle(net, node, ret);
        progress = sg_bundle_take_progress(take);
        if (how->keeps != NULL) {
            memcpy(how->keeps, progress.data, progress.size);
            *how->kept = progress.size;
        }
        return ++*settled != how->stops_after;
    case SG_BUNDLE_TAKE_DAMAGE:
        if (ret->n_damages++ == 0) {
            ret->damage = turn->damage;
            ret->damaged_piece = turn->piece;
            ret->pieces = turn->pieces;
        }
        break;
    case SG_BUNDLE_TAKE_DONE:
        break;
    }
    return true;
}

enum sg_err stick_take_part(struct pair_net *net, size_t node,
                            struct sg_bytes bytes, const struct stick_how *how,
                            struct stick_result *ret)
{
    struct sg_bundle_take_config config = {
        .registry = net->world.registry,
        .core = net->nodes[node].core,
        .session = SESSION,
    };
    struct sg_bundle_take *take;
    struct sg_bundle_take_turn turn;
    uint32_t settled = 0;
    enum sg_err err;
    bool lives;

    stick_key(node, config.public_key, config.secret);
    *ret = (struct stick_result){0};
    err = sg_bundle_take_new(&config, bytes, bytes.size, how->progress, &take);
    if (err != SG_OK)
        return err;
    do {
        sg_bundle_take_next(take, &turn);
        lives = obey(net, node, bytes, how, take, &turn, ret, &settled);
    } while (lives && turn.kind != SG_BUNDLE_TAKE_DONE);
    sg_bundle_take_view(take, &ret->view);
    sg_bundle_take_free(take);
    if (!lives)
        pair_restart(net, node);
    return SG_OK;
}

void stick_take(struct pair_net *net, size_t node, const struct stick *stick,
                struct stick_result *ret)
{
    struct stick_how how = {0};

    for (size_t i = 0; i < stick->n_parts; i++)
        assert_ok(stick_take_part(net, node, stick_part(stick, i), &how, ret));
}
