/* Nodes that meet by stick alone: what one has, the other has after it, and no
 * damage, order, repetition or malice does harm. */
#include "replication/bundle_take.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/prng.h"
#include "tests/unit/stick.h"

#define HEADER_SIZE sg_bundle_header_size(2)
#define PIECE       ((size_t)1 << SG_BUNDLE_MAKE_EXPONENT_MIN)

static size_t pieces_of(const struct stick *stick, size_t part)
{
    return (stick->sizes[part] - HEADER_SIZE) / PIECE;
}

/* NODE brings all it has to TO. */
static void carry(struct pair_net *net, size_t node, size_t to, uint8_t id,
                  struct stick_result *ret)
{
    struct stick_wish wish = {.id = id, .to = to, .to2 = to};
    struct stick stick;

    stick_make(net, node, &wish, &stick);
    stick_take(net, to, &stick, ret);
    stick_free(&stick);
}

/* TO asks, NODE answers what it lacks, TO takes it. Returns the stick's bytes.
 */
static size_t ask_and_carry(struct pair_net *net, size_t node, size_t to,
                            uint8_t id)
{
    struct stick_wish wish = {.id = id, .to = to, .to2 = to};
    struct stick_how how = {0};
    struct stick_result result;
    struct stick request, stick;
    size_t size = 0;

    stick_request(net, to, node, &request);
    wish.plan = stick_plan(net, node);
    how.plan = wish.plan;
    assert_ok(
        stick_take_part(net, node, stick_part(&request, 0), &how, &result));
    assert_ok(result.view.maker);
    assert_true(result.n_claims > 0);
    stick_make(net, node, &wish, &stick);
    stick_take(net, to, &stick, &result);
    for (size_t i = 0; i < stick.n_parts; i++)
        size += pieces_of(&stick, i);
    stick_free(&request);
    stick_free(&stick);
    return size;
}

/* A stick from the authority makes a node that knew nobody hold and believe
 * all, the authority's statements before anything else. */
static void test_all_arrives(void **state)
{
    struct stick_result result;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 0, 40);
    pair_append(&net, 2, 500);
    carry(&net, 2, 0, 1, &result);
    assert_int_equal(pair_held(&net, 0, 2), 501);
    carry(&net, 0, 1, 2, &result);
    assert_int_equal(result.n_early, 0);
    assert_int_equal(result.view.waiting, 0);
    assert_int_equal(result.view.damaged, 0);
    assert_int_equal(result.view.refused, 0);
    assert_int_equal(pair_held(&net, 1, 2), 501);
    assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
    carry(&net, 1, 0, 3, &result);
    carry(&net, 0, 2, 4, &result);
    pair_assert_equal(&net);
    /* Also when all writers are known already. */
    pair_append(&net, 0, 300);
    pair_append(&net, 2, 30);
    carry(&net, 2, 0, 5, &result);
    carry(&net, 0, 1, 6, &result);
    assert_int_equal(result.n_early, 0);
    assert_int_equal(pair_held(&net, 1, 2), 531);
    pair_free(&net);
}

/* Head request, bundle, and what is said then: only what is lacked travels; a
 * second round brings nothing. Three nodes in a chain become equal. */
static void test_request_and_answer(void **state)
{
    struct pair_net net;
    size_t all, rest, sent;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 0, 100);
    pair_append(&net, 1, 3000);
    pair_append(&net, 2, 100);
    all = ask_and_carry(&net, 1, 0, 1);
    assert_true(all > 3);
    (void)ask_and_carry(&net, 0, 1, 2);
    (void)ask_and_carry(&net, 1, 2, 3);
    (void)ask_and_carry(&net, 2, 1, 4);
    (void)ask_and_carry(&net, 1, 0, 5);
    pair_assert_equal(&net);
    pair_append(&net, 1, 10);
    rest = ask_and_carry(&net, 1, 0, 6);
    assert_int_equal(rest, 1);
    sent = net.nodes[0].sent[SG_MESSAGE_WANT] + net.nodes[0].bytes;
    assert_int_equal(sent, 0); /* nothing went by wire */
    (void)ask_and_carry(&net, 1, 2, 7);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* Taken twice or late, a bundle changes nothing and rolls nothing back. */
static void test_twice_and_late(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_result result;
    struct pair_net net;
    struct stick old;
    struct sg_hash before, after;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 700);
    stick_make(&net, 0, &wish, &old);
    stick_take(&net, 1, &old, &result);
    assert_true(result.view.taken > 700);
    stick_take(&net, 1, &old, &result);
    assert_int_equal(result.view.taken, 0);
    assert_int_equal(result.view.waiting, 0);
    pair_append(&net, 0, 300);
    pair_connect(&net, 1, 0);
    pair_run(&net, 20000);
    pair_assert_equal(&net);
    before = sg_sync_root(net.nodes[1].core);
    stick_take(&net, 1, &old, &result);
    after = sg_sync_root(net.nodes[1].core);
    assert_int_equal(result.view.taken, 0);
    assert_int_equal(result.view.refused, 0);
    assert_memory_equal(&before, &after, sizeof before);
    pair_assert_equal(&net);
    stick_free(&old);
    pair_free(&net);
}

/* Parts in any order: what is ahead of its log is not lost, and comes when the
 * part before it has been taken. */
static void test_parts_in_any_order(void **state)
{
    struct stick_wish wish = {
        .id = 1, .to = 1, .to2 = 1, .part_size_max = 2 * PIECE + 1024};
    struct stick_how how = {0};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 4000);
    stick_make(&net, 0, &wish, &stick);
    assert_true(stick.n_parts > 2);
    for (size_t i = stick.n_parts; i-- > 0;) {
        assert_ok(
            stick_take_part(&net, 1, stick_part(&stick, i), &how, &result));
        assert_int_equal(result.view.waiting, i > 0 ? pieces_of(&stick, i) : 0);
    }
    for (size_t i = 1; i < stick.n_parts; i++) {
        assert_ok(
            stick_take_part(&net, 1, stick_part(&stick, i), &how, &result));
        assert_int_equal(result.view.waiting, 0);
    }
    assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
    stick_free(&stick);
    pair_free(&net);
}

/* Every piece damaged once: it is named, the others are taken, and the same
 * stick whole brings the rest. */
static void test_every_piece_lost(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 0, .to2 = 2};
    struct stick_how how = {0};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;
    size_t n = 5;

    (void)state;
    for (size_t lost = 0; lost < n; lost++) {
        struct sg_bytes bytes;

        pair_new(&net, 3, NULL);
        pair_append(&net, 1, 2500);
        carry(&net, 0, 1, 9, &result);
        stick_make(&net, 1, &wish, &stick);
        n = pieces_of(&stick, 0);
        assert_true(n > 2);
        bytes = stick_part(&stick, 0);
        stick.parts[0][HEADER_SIZE + lost * PIECE + 100] ^= 1;
        assert_ok(stick_take_part(&net, 2, bytes, &how, &result));
        assert_int_equal(result.n_damages, 1);
        assert_err(result.damage, DECRYPT);
        assert_int_equal(result.damaged_piece, lost + 1);
        assert_int_equal(result.pieces, n);
        assert_int_equal(result.view.damaged, 1);
        assert_int_equal(result.view.refused, 0);
        stick.parts[0][HEADER_SIZE + lost * PIECE + 100] ^= 1;
        assert_ok(stick_take_part(&net, 2, bytes, &how, &result));
        assert_int_equal(result.view.waiting, 0);
        assert_int_equal(pair_held(&net, 2, 1), 2501);
        assert_int_equal(pair_held(&net, 2, 0), pair_held(&net, 0, 0));
        stick_free(&stick);
        pair_free(&net);
    }
}

/* A file that is cut anywhere gives what is whole, and says where it ends. */
static void test_cut_anywhere(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_how how = {0};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;
    uint64_t held = 0;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 2500);
    stick_make(&net, 0, &wish, &stick);
    for (size_t i = 0; i < 100; i++) {
        size_t size = stick.sizes[0] * i / 100;
        enum sg_err err = stick_take_part(
            &net, 1, sg_bytes(stick.parts[0], size), &how, &result);

        if (size < HEADER_SIZE) {
            assert_err(err, TRUNCATED);
            continue;
        }
        assert_ok(err);
        assert_int_equal(result.n_damages, 1);
        assert_err(result.damage, TRUNCATED);
        assert_int_equal(result.damaged_piece,
                         (size - HEADER_SIZE) / PIECE + 1);
        assert_int_equal(result.view.damaged,
                         result.pieces - (result.damaged_piece - 1));
        assert_true(pair_held(&net, 1, 0) >= held);
        held = pair_held(&net, 1, 0);
    }
    assert_true(held > 1000);
    stick_take(&net, 1, &stick, &result);
    assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
    stick_free(&stick);
    pair_free(&net);
}

/* 1,000 random changes anywhere in the file: no harm, and each is met. */
static void test_mutations(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_how how = {0};
    struct stick_result result;
    struct sg_prng prng;
    struct pair_net net;
    struct stick stick;

    (void)state;
    sg_prng_init(&prng, 7);
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 700);
    stick_make(&net, 0, &wish, &stick);
    for (size_t i = 0; i < 1000; i++) {
        size_t at = (size_t)sg_prng_below(&prng, i % 4 == 0 ? HEADER_SIZE
                                                            : stick.sizes[0]);
        uint8_t bit = (uint8_t)(1u << sg_prng_below(&prng, 8));
        enum sg_err err;

        stick.parts[0][at] ^= bit;
        err = stick_take_part(&net, 1, stick_part(&stick, 0), &how, &result);
        if (at < HEADER_SIZE)
            assert_true(err != SG_OK);
        else
            assert_true(err == SG_OK && result.n_damages == 1 &&
                        result.view.damaged == 1);
        stick.parts[0][at] ^= bit;
    }
    stick_take(&net, 1, &stick, &result);
    assert_int_equal(result.view.damaged, 0);
    assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
    stick_free(&stick);
    pair_free(&net);
}

/* Whoever dies between any two settlings goes on from there: pieces that are
 * done are not read again, and in the end all is held. */
static void test_resumption(void **state)
{
    static uint8_t progress[SG_BUNDLE_PROGRESS_SIZE_MAX];
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_result result;
    struct stick stick;
    struct pair_net net;
    bool is_through = false;

    (void)state;
    for (uint32_t death = 1; !is_through; death++) {
        size_t kept = 0, n;
        struct stick_how how = {
            .keeps = progress, .kept = &kept, .stops_after = death};
        uint32_t done;

        pair_new(&net, 2, NULL);
        pair_append(&net, 0, 2500);
        stick_make(&net, 0, &wish, &stick);
        n = pieces_of(&stick, 0);
        assert_ok(
            stick_take_part(&net, 1, stick_part(&stick, 0), &how, &result));
        is_through = result.view.pieces_done == n;
        done = 0;
        for (size_t i = 22; i < kept; i++)
            for (unsigned bit = 0; bit < 8; bit++)
                done += progress[i] >> bit & 1u;
        how = (struct stick_how){.progress = sg_bytes(progress, kept)};
        assert_ok(
            stick_take_part(&net, 1, stick_part(&stick, 0), &how, &result));
        assert_true(result.n_reads <= 2 * (n - done));
        assert_int_equal(result.view.pieces_done, n);
        assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
        stick_free(&stick);
        pair_free(&net);
        assert_true(death < 100);
    }
}

/* A stick of another registry, one for others, one with something behind its
 * end: refused by name before anything is read. */
static void test_not_for_here(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_how how = {0};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;
    struct sg_bytes bytes;

    (void)state;
    pair_new(&net, 3, NULL);
    stick_make(&net, 0, &wish, &stick);
    bytes = stick_part(&stick, 0);
    assert_err(stick_take_part(&net, 2, bytes, &how, &result), NOTFOUND);
    net.world.registry.hash.bytes[0] ^= 1;
    assert_err(stick_take_part(&net, 1, bytes, &how, &result), UNTRUSTED);
    net.world.registry.hash.bytes[0] ^= 1;
    stick.parts[0] = pair_must(sg_realloc(stick.parts[0], bytes.size + 1));
    stick.parts[0][bytes.size] = 0;
    bytes = sg_bytes(stick.parts[0], bytes.size + 1);
    assert_err(stick_take_part(&net, 1, bytes, &how, &result), TRAILING);
    stick_free(&stick);
    pair_free(&net);
}

/* A courier carries what it cannot read, and adds nothing. */
static void test_courier(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 2, .to2 = 2};
    struct stick_how how = {0};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 0, 300);
    stick_make(&net, 0, &wish, &stick);
    assert_err(stick_take_part(&net, 1, stick_part(&stick, 0), &how, &result),
               NOTFOUND);
    assert_int_equal(pair_held(&net, 1, 0), 0);
    stick_take(&net, 2, &stick, &result);
    assert_int_equal(pair_held(&net, 2, 0), pair_held(&net, 0, 0));
    stick_free(&stick);
    pair_free(&net);
}

/* Revokes NODE from all it wrote after the opening on. */
static void revoke(struct pair_net *net, size_t node)
{
    const struct pair_log *log = pair_own(net, node);
    struct sg_frontier frontier = {0};
    struct sg_trust_stand stand = {.log = log->id, .size = 1};

    sg_merkle_append(&frontier, &log->leaves[0], NULL, NULL);
    stand.root = sg_merkle_root(&frontier);
    pair_write(net, 0,
               trust_cut(&net->world, 0, net->serial++,
                         net->nodes[node].node_key, SG_TRUST_REVOKE, &stand,
                         1));
}

/* A revocation travels by stick; entries above the cut are kept and
 * quarantined; claims of a revoked maker count for nothing. */
static void test_revocation(void **state)
{
    struct stick_how how = {0};
    struct stick_result result;
    struct stick request;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 2, 20);
    carry(&net, 0, 2, 1, &result);
    carry(&net, 2, 0, 2, &result);
    stick_request(&net, 2, 1, &request);
    revoke(&net, 2);
    carry(&net, 0, 1, 3, &result);
    assert_int_equal(pair_held(&net, 1, 2), 21);
    assert_int_equal(sg_sync_cut(net.nodes[1].core, &pair_own(&net, 2)->id), 1);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_QUARANTINE), 1);
    how.plan = stick_plan(&net, 1);
    assert_ok(stick_take_part(&net, 1, stick_part(&request, 0), &how, &result));
    assert_err(result.view.maker, REVOKED);
    assert_int_equal(result.n_claims, 0);
    sg_bundle_plan_free(how.plan);
    stick_free(&request);
    pair_free(&net);
}

/* A fork proof travels by stick, and is spread by whoever took it. */
static void test_fork(void **state)
{
    struct stick_result result;
    struct pair_net net;

    (void)state;
    pair_new(&net, 4, NULL);
    for (size_t i = 0; i < 4; i++)
        if (i != 1)
            carry(&net, 0, i == 0 ? 1 : i, (uint8_t)(1 + i), &result);
    pair_append(&net, 2, 20);
    carry(&net, 2, 0, 10, &result);
    pair_fork(&net, 2, 10, 11);
    /* Node 0 holds one branch of as many entries as node 2 has of another: node
     * 2 sees so in the request, and its checkpoint is the second half of the
     * proof. */
    (void)ask_and_carry(&net, 2, 0, 11);
    assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_FORK), 1);
    carry(&net, 0, 3, 12, &result);
    assert_int_equal(pair_alarms(&net, 3, SG_SYNC_ALARM_FORK), 1);
    carry(&net, 3, 1, 13, &result);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_FORK), 1);
    pair_free(&net);
}

/* Where the authority's logs are listed and not on the stick, the rest is taken
 * all the same: nobody can be asked for them. */
static void test_authority_is_missing(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 2, .to2 = 2};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;

    (void)state;
    pair_new(&net, 3, NULL);
    carry(&net, 0, 1, 1, &result);
    carry(&net, 0, 2, 2, &result);
    pair_append(&net, 0, 30);
    pair_append(&net, 1, 50);
    carry(&net, 0, 1, 3, &result);
    wish.plan = stick_plan(&net, 1);
    sg_bundle_plan_holds(wish.plan, &pair_own(&net, 0)->id,
                         pair_held(&net, 0, 0));
    stick_make(&net, 1, &wish, &stick);
    stick_take(&net, 2, &stick, &result);
    assert_true(pair_held(&net, 2, 0) < pair_held(&net, 0, 0));
    assert_int_equal(pair_held(&net, 2, 1), 51);
    assert_int_equal(result.view.waiting, 0);
    assert_true(result.n_early > 0); /* the count can see it */
    stick_free(&stick);
    pair_free(&net);
}

/* Who was left with the middle of a log knows more of it than he holds; his
 * next request says so, and the answer proves its larger checkpoint to him. */
static void test_known_beyond_held(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_how how = {0};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 2500);
    stick_make(&net, 0, &wish, &stick);
    assert_ok(stick_take_part(
        &net, 1, sg_bytes(stick.parts[0], HEADER_SIZE + PIECE), &how, &result));
    stick_free(&stick);
    assert_true(pair_held(&net, 1, 0) > 100 && pair_held(&net, 1, 0) < 2500);
    pair_restart(&net, 1);
    pair_append(&net, 0, 500);
    carry(&net, 0, 1, 2, &result);
    assert_true(result.view.waiting > 0);
    assert_true(pair_held(&net, 1, 0) < 2500);
    (void)ask_and_carry(&net, 0, 1, 3);
    assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
    (void)ask_and_carry(&net, 1, 0, 4);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* What the taker states comes back: the maker stores each holding, and the next
 * stick begins where the taker is. In another's name it counts for nothing,
 * while what is signed in it counts all the same. */
static void test_statements(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 0, .to2 = 0};
    struct stick_result result;
    struct stick states;
    struct pair_net net;

    (void)state;
    pair_new(&net, 3, NULL);
    pair_append(&net, 0, 1500);
    carry(&net, 0, 1, 1, &result);
    for (int lies = 0; lies < 2; lies++) {
        struct stick_how how = {.plan = stick_plan(&net, 0)};
        size_t count = 0, before = net.nodes[0].n_statements;

        wish.poses_as = lies ? 2 : 0;
        wish.id++;
        stick_state(&net, 1, &wish, &states);
        assert_ok(
            stick_take_part(&net, 0, stick_part(&states, 0), &how, &result));
        assert_int_equal(net.nodes[0].n_statements - before, 1);
        (void)sg_bundle_plan_logs(how.plan, &count);
        if (lies)
            assert_err(result.view.maker, SIGNATURE);
        else
            assert_ok(result.view.maker);
        assert_int_equal(result.n_claims, lies ? 0 : 1);
        assert_int_equal(count, lies ? 1 : 0);
        sg_bundle_plan_free(how.plan);
        stick_free(&states);
    }
    pair_free(&net);
}

/* A node whose store is an older backup learns from a stick what it once
 * signed, and takes none of it into a log that it still writes. */
static void test_restored_node(void **state)
{
    struct stick_result result;
    struct pair_net net;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 300);
    carry(&net, 0, 1, 1, &result);
    pair_fork(&net, 0, 200, 0); /* back, and nothing written since */
    carry(&net, 1, 0, 2, &result);
    assert_int_equal(net.nodes[0].n_behind, 1);
    assert_int_equal(pair_alarms(&net, 0, SG_SYNC_ALARM_OWN_FORK), 0);
    assert_int_equal(result.view.refused, 0);
    assert_true(result.view.waiting > 0);
    assert_int_equal(pair_held(&net, 0, 0), 200);
    pair_free(&net);
}

/* What the store refuses is not done. */
static void test_refused_by_the_store(void **state)
{
    struct stick_wish wish = {.id = 1, .to = 1, .to2 = 1};
    struct stick_result result;
    struct pair_net net;
    struct stick stick;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 0, 50);
    stick_make(&net, 0, &wish, &stick);
    net.nodes[1].refuses = true;
    stick_take(&net, 1, &stick, &result);
    assert_int_equal(pair_held(&net, 1, 0), pair_held(&net, 0, 0));
    assert_int_equal(result.view.waiting, 0);
    assert_true(result.n_reads > 1);
    stick_free(&stick);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_arrives),
        cmocka_unit_test(test_request_and_answer),
        cmocka_unit_test(test_twice_and_late),
        cmocka_unit_test(test_parts_in_any_order),
        cmocka_unit_test(test_every_piece_lost),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_not_for_here),
        cmocka_unit_test(test_courier),
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_authority_is_missing),
        cmocka_unit_test(test_known_beyond_held),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_restored_node),
        cmocka_unit_test(test_refused_by_the_store),
    };

    if (sg_crypto_init() != SG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
