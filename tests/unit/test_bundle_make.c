/* Making bundles: what goes in comes out, piece by piece, whatever is lost. */
#include "replication/bundle_make.h"

#include <string.h>

#include "replication/head_message.h"
#include "replication/proof.h"
#include "storage/base/alloc.h"
#include "tests/lib/protocol.h"
#include "tests/unit/any_log.h"

#define LOGS       8u
#define PIECES_MAX 64u
#define EXPONENT   17u
#define PIECE      ((size_t)1 << EXPONENT)

/* What a stick has after the maker is done. */
struct stick {
    struct sg_bundle_header headers[PIECES_MAX];
    uint8_t header_bytes[PIECES_MAX][1024];
    size_t header_sizes[PIECES_MAX];
    size_t n_headers;
    uint8_t pieces[PIECES_MAX][PIECE];
    uint16_t part_of[PIECES_MAX];
    size_t n_pieces;
};

static struct any_log a_log; /* sent as many times as there are LOGS */
static struct stick stick;
static struct sg_registry_id registry;
static struct sg_sign_key node_key;
static uint8_t node_public[SG_KEY_SIZE];

static void make_logs(uint64_t seed, size_t count)
{
    struct sg_prng prng;
    uint8_t bytes[SG_KEY_SIZE] = {9};

    sg_prng_init(&prng, seed);
    any_log_init(&a_log, &prng, count);
    registry = a_log.hasher.registry;
    sg_crypto_sign_keypair(bytes, &node_key, node_public);
}

static struct sg_bundle_make_config config_for(
    struct sg_bundle_make_log of[LOGS], const uint8_t (*keys)[SG_KEY_SIZE])
{
    struct sg_bundle_make_config config = {
        .registry = registry,
        .kind = SG_BUNDLE_ENTRIES,
        .exponent = EXPONENT,
        .id = {0xb1},
        .key = {0x66},
        .node_key = &node_key,
        .seconds = 1687046400,
        .transport_keys = keys,
        .n_destinations = 2,
        .logs = of,
        .n_logs = LOGS,
    };

    memcpy(config.certificate + 16, node_public, SG_KEY_SIZE);
    for (size_t i = 0; i < LOGS; i++)
        of[i] = (struct sg_bundle_make_log){
            .core = a_log.of.core,
            .known = any_log_checkpoint(&a_log, a_log.count),
        };
    return config;
}

/* Answers a READ as a store would. */
static enum sg_err answer(struct sg_bundle_make *make,
                          const struct sg_bundle_turn *turn)
{
    const struct any_log *log = &a_log;
    struct sg_hash hashes[SG_MERKLE_HASHES_MAX];
    size_t size = 0;
    size_t n = 0;

    while (turn->first + n < turn->to) {
        size += log->entries[turn->first + n].payload.size;
        if (n > 0 && size > turn->size_max)
            break;
        n++;
    }
    return sg_bundle_make_give(make, log->entries + turn->first, n, hashes,
                               any_log_cover(log, (size_t)turn->first + n,
                                             (size_t)turn->prove_to, hashes));
}

static void take_header(const struct sg_bundle_turn *turn)
{
    size_t i = stick.n_headers++;
    struct sg_bytes boxes;

    assert_true(turn->bytes.size <= sizeof stick.header_bytes[i]);
    memcpy(stick.header_bytes[i], turn->bytes.data, turn->bytes.size);
    stick.header_sizes[i] = turn->bytes.size;
    assert_ok(sg_bundle_header_decode(turn->bytes, &registry, &stick.headers[i],
                                      &boxes));
    assert_int_equal(stick.headers[i].part, stick.n_headers);
}

static void take_piece(const struct sg_bundle_turn *turn)
{
    assert_true(stick.n_pieces < PIECES_MAX);
    assert_int_equal(turn->bytes.size, PIECE);
    stick.part_of[stick.n_pieces] = turn->part;
    memcpy(stick.pieces[stick.n_pieces++], turn->bytes.data, PIECE);
}

static enum sg_err run(const struct sg_bundle_make_config *config)
{
    struct sg_bundle_make *make;
    struct sg_bundle_turn turn;
    enum sg_err err;

    memset(&stick, 0, sizeof stick);
    assert_ok(sg_bundle_make_new(config, &make));
    do {
        err = sg_bundle_make_next(make, &turn);
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_READ)
            err = answer(make, &turn);
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_HEADER)
            take_header(&turn);
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_PIECE)
            take_piece(&turn);
    } while (err == SG_OK && turn.kind != SG_BUNDLE_TURN_DONE);
    sg_bundle_make_free(make);
    return err;
}

/* --- Taking -----------------------------------------------------------------
 */

struct taker {
    struct sg_package_receiver receiver;
    bool knows; /* the log was introduced in this piece */
    size_t manifests;
    size_t packages;
};

static void take_introduce(struct taker *taker, struct sg_bytes body)
{
    struct sg_head_message_introduce introduce;
    struct sg_head_message_claim claim;
    struct sg_log_core core;

    assert_ok(sg_head_message_introduce_decode(body, &introduce));
    while (sg_head_message_introduce_next(&introduce, &core, &claim)) {
        assert_memory_equal(core.epoch, a_log.of.core.epoch, SG_EPOCH_SIZE);
        assert_int_equal(claim.size, a_log.count);
        taker->knows = true;
    }
}

/* Every package stands with the introduction that its own piece has. */
static void take_package(struct taker *taker, struct sg_bytes body)
{
    static struct sg_package_body package;
    static struct sg_package_result result;
    enum sg_package_verdict verdict;
    struct sg_package_head head;

    assert_ok(sg_package_peek(body, &head));
    assert_int_equal(head.number, 0);
    assert_true(head.is_fresh && head.has_checkpoint);
    assert_true(taker->knows);
    assert_ok(sg_package_decode(body, 0, &a_log.hasher, &package));
    verdict =
        sg_package_verify(&a_log.of, &package, 0, &taker->receiver, &result);
    assert_true(verdict == SG_PACKAGE_FITS || verdict == SG_PACKAGE_DUPLICATE ||
                verdict == SG_PACKAGE_AHEAD);
    taker->packages++;
}

static void take_one(struct taker *taker, size_t number)
{
    static uint8_t piece[PIECE];
    const struct sg_bundle_header *header =
        &stick.headers[stick.part_of[number] - 1];
    uint8_t key[SG_KEY_SIZE] = {0x66};
    uint32_t in_part = 0;
    struct sg_frame_message message;
    struct sg_bytes messages;

    for (size_t i = 0; i < number; i++)
        in_part += stick.part_of[i] == stick.part_of[number];
    memcpy(piece, stick.pieces[number], PIECE);
    assert_ok(sg_bundle_piece_open(piece, header, key, in_part, &messages));
    taker->knows = false;
    do {
        assert_ok(sg_bundle_next(&messages, SG_BUNDLE_ENTRIES, &message));
        if (message.type == SG_MESSAGE_MANIFEST)
            taker->manifests++;
        if (message.type == SG_MESSAGE_INTRODUCE)
            take_introduce(taker, message.body);
        if (message.type == SG_MESSAGE_PACKAGE)
            take_package(taker, message.body);
    } while (message.type != SG_MESSAGE_NONE);
}

static void assert_all_held(const struct taker *taker)
{
    struct sg_hash root = sg_merkle_root(&taker->receiver.held);
    struct sg_checkpoint known = any_log_checkpoint(&a_log, a_log.count);

    assert_int_equal(taker->receiver.held.size, a_log.count);
    assert_memory_equal(&root, &known.root, sizeof root);
}

static void make_keys(uint8_t ret[2][SG_KEY_SIZE])
{
    for (int i = 0; i < 2; i++) {
        struct sg_noise_key key =
            protocol_key((uint8_t)(PROTOCOL_STATIC_A + i));

        memcpy(ret[i], key.public_key, SG_KEY_SIZE);
    }
}

/* Whoever takes all pieces in order holds all entries; taken twice, backwards
 * or with a piece missing, nothing wrong is taken, and a second time the rest
 * comes. */
static void test_all_comes_out(void **state)
{
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config config;
    static struct taker taker;

    (void)state;
    make_logs(3, 1000);
    make_keys(keys);
    config = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    config.part_size_max = 3 * PIECE;
    assert_ok(run(&config));
    assert_true(stick.n_pieces > 3 && stick.n_headers > 1);
    for (size_t lost = 0; lost < stick.n_pieces; lost++) {
        memset(&taker, 0, sizeof taker);
        for (size_t i = stick.n_pieces; i-- > 0;)
            take_one(&taker, i);
        for (size_t i = 0; i < stick.n_pieces; i++)
            if (i != lost)
                take_one(&taker, i);
        for (size_t i = 0; i < stick.n_pieces; i++)
            take_one(&taker, i);
        assert_all_held(&taker);
    }
    assert_true(taker.manifests >= 1);
}

/* A part is as large as its header says, and no larger than it may be; the
 * parts count their pieces. */
static void test_parts_are_counted(void **state)
{
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config config;
    size_t pieces = 0;

    (void)state;
    make_logs(4, 700);
    make_keys(keys);
    config = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    config.part_size_max = 2 * PIECE + 1024;
    assert_ok(run(&config));
    for (size_t i = 0; i < stick.n_headers; i++) {
        assert_int_equal(stick.headers[i].parts, stick.n_headers);
        assert_true(sg_bundle_part_size(&stick.headers[i]) <=
                    config.part_size_max);
        pieces += stick.headers[i].pieces;
    }
    assert_int_equal(pieces, stick.n_pieces);
}

/* What the destination holds is not sent; of nothing at all a bundle is its
 * manifest. */
static void test_only_what_is_lacked(void **state)
{
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config config;
    static struct taker taker;

    (void)state;
    make_logs(5, 300);
    make_keys(keys);
    config = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    for (size_t i = 0; i < LOGS; i++)
        of[i].from = a_log.count;
    of[1].from = 299;
    memset(&taker, 0, sizeof taker);
    assert_ok(run(&config));
    assert_int_equal(stick.n_pieces, 1);
    take_one(&taker, 0);
    assert_int_equal(taker.packages, 1);
    of[1].from = 300;
    memset(&taker, 0, sizeof taker);
    assert_ok(run(&config));
    assert_int_equal(stick.n_pieces, 1);
    take_one(&taker, 0);
    assert_int_equal(taker.packages, 0);
    assert_int_equal(taker.manifests, 1);
}

/* What was erased between counting and writing, or came, makes the maker stop
 * rather than write a part that its header does not describe. */
static void change_between_passes(bool is_more)
{
    const enum sg_payload_state before =
        is_more ? SG_PAYLOAD_NOT_HELD : SG_PAYLOAD_PRESENT;
    const enum sg_payload_state after =
        is_more ? SG_PAYLOAD_PRESENT : SG_PAYLOAD_NOT_HELD;
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config config;
    struct sg_bundle_make *make;
    struct sg_bundle_turn turn;
    enum sg_err err;

    make_logs(6, 1000);
    make_keys(keys);
    config = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    assert_ok(sg_bundle_make_new(&config, &make));
    do {
        err = sg_bundle_make_next(make, &turn);
        for (size_t j = 1; j < a_log.count; j++)
            a_log.entries[j].state = turn.pieces_all > 0 ? after : before;
        if (err == SG_OK && turn.kind == SG_BUNDLE_TURN_READ)
            err = answer(make, &turn);
    } while (err == SG_OK && turn.kind != SG_BUNDLE_TURN_DONE);
    assert_err(err, STATE);
    sg_bundle_make_free(make);
}

static void test_a_change_between_passes(void **state)
{
    (void)state;
    change_between_passes(/* is_more= */ false);
    change_between_passes(/* is_more= */ true);
}

/* More parts than a header can number are refused when they are counted. */
static void test_too_many_parts(void **state)
{
    static const uint8_t half[PIECE / 2];
    const size_t n = UINT16_MAX + 1;
    struct sg_bundle_make_message *messages = sg_calloc(n, sizeof messages[0]);
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config config;
    struct sg_bundle_make *make;
    struct sg_bundle_turn turn;

    (void)state;
    assert_non_null(messages);
    for (size_t i = 0; i < n; i++)
        messages[i] = (struct sg_bundle_make_message){SG_MESSAGE_AUTHORITY,
                                                      SG_BYTES_ARRAY(half)};
    make_logs(7, 10);
    make_keys(keys);
    config = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    config.messages = messages;
    config.n_logs = 0;
    config.part_size_max = 1;
    for (config.n_messages = n - 1; config.n_messages <= n;
         config.n_messages++) {
        assert_ok(sg_bundle_make_new(&config, &make));
        if (config.n_messages == n)
            assert_err(sg_bundle_make_next(make, &turn), LIMIT);
        else
            assert_ok(sg_bundle_make_next(make, &turn));
        sg_bundle_make_free(make);
    }
    sg_free(messages);
}

/* Numbers that cannot be are refused at once. */
static void test_refusals(void **state)
{
    static const uint8_t large[SG_MESSAGE_SIZE_MAX];
    struct sg_bundle_make_message message = {SG_MESSAGE_PACKAGE,
                                             {large, sizeof large}};
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config good, config;
    struct sg_bundle_make *make;

    (void)state;
    make_logs(7, 10);
    make_keys(keys);
    good = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    config = good;
    config.exponent = 16;
    assert_err(sg_bundle_make_new(&config, &make), INVALID);
    config = good;
    config.n_destinations = 0;
    assert_err(sg_bundle_make_new(&config, &make), INVALID);
    config = good;
    config.messages = &message;
    config.n_messages = 1;
    assert_err(sg_bundle_make_new(&config, &make), INVALID);
    config = good;
    of[0].from = 11;
    assert_err(sg_bundle_make_new(&config, &make), INVALID);
    of[0].from = 0;
    memset(keys[1], 0, sizeof keys[1]);
    assert_err(sg_bundle_make_new(&good, &make), CRYPTO);
}

/* Goes on with MAKE to its first READ. */
static void to_read(struct sg_bundle_make *make, struct sg_bundle_turn *turn)
{
    do {
        assert_ok(sg_bundle_make_next(make, turn));
        assert_int_not_equal(turn->kind, SG_BUNDLE_TURN_DONE);
    } while (turn->kind != SG_BUNDLE_TURN_READ);
}

/* An answer that nobody asked for, or that cannot be one, is refused; the right
 * one is taken after that. */
static void test_refused_answers(void **state)
{
    static const struct sg_hash hashes[SG_MERKLE_HASHES_MAX + 1];
    struct sg_bundle_make_log of[LOGS];
    uint8_t keys[2][SG_KEY_SIZE];
    struct sg_bundle_make_config config;
    struct sg_bundle_make *make;
    struct sg_bundle_turn turn;

    (void)state;
    make_logs(7, 300);
    make_keys(keys);
    config = config_for(of, (const uint8_t(*)[SG_KEY_SIZE])keys);
    assert_ok(sg_bundle_make_new(&config, &make));
    assert_err(sg_bundle_make_give(make, a_log.entries, 1, hashes, 0), INVALID);
    to_read(make, &turn);
    assert_err(sg_bundle_make_give(make, a_log.entries, 0, hashes, 0), INVALID);
    assert_err(sg_bundle_make_give(make, a_log.entries,
                                   SG_PACKAGE_ENTRIES_MAX + 1, hashes, 0),
               INVALID);
    assert_err(sg_bundle_make_give(make, a_log.entries, 1, hashes,
                                   SG_MERKLE_HASHES_MAX + 1),
               INVALID);
    assert_ok(answer(make, &turn));
    sg_bundle_make_free(make);
    of[0].prove_from = 100;
    assert_ok(sg_bundle_make_new(&config, &make));
    to_read(make, &turn);
    assert_int_equal(turn.first, 100);
    assert_int_equal(turn.to, 100);
    assert_err(sg_bundle_make_give(make, a_log.entries, 1, hashes,
                                   sg_proof_hash_count(100, 300)),
               INVALID);
    assert_err(sg_bundle_make_give(make, NULL, 0, hashes,
                                   sg_proof_hash_count(100, 300) - 1),
               INVALID);
    assert_ok(sg_bundle_make_give(make, NULL, 0, hashes,
                                  sg_proof_hash_count(100, 300)));
    sg_bundle_make_free(make);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_comes_out),
        cmocka_unit_test(test_parts_are_counted),
        cmocka_unit_test(test_only_what_is_lacked),
        cmocka_unit_test(test_a_change_between_passes),
        cmocka_unit_test(test_too_many_parts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_refused_answers),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
