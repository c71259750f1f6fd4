#include "replication/graft.h"

#include <string.h>

#include "tests/lib/sync_pair.h"

/* The rows of node 2's first log at NODE that have anything. */
static size_t count_rows(struct pair_net *net, size_t node,
                         const struct sg_log_id *id)
{
    size_t n = 0;

    for (uint8_t i = 0; i < SG_BRANCHES_MAX; i++) {
        const struct pair_log *log = pair_branch(net, node, id, i);

        n += log != NULL && log->frontier.size > 0;
    }
    return n;
}

/* Says whether NODE holds a branch of the log of SIZE entries, of which those
 * from COMMON on are IS_OTHER's, with all payloads. */
static bool holds(struct pair_net *net, size_t node, const struct sg_log_id *id,
                  uint64_t common, uint64_t size, bool is_other)
{
    for (uint8_t i = 0; i < SG_BRANCHES_MAX; i++) {
        const struct pair_log *log = pair_branch(net, node, id, i);

        if (log == NULL || log->frontier.size != size ||
            (log->entries[common].length == sizeof "another" - 1) != is_other)
            continue;
        for (uint64_t e = 0; e < size; e++)
            assert_int_equal(log->entries[e].payload.size,
                             log->entries[e].length);
        return true;
    }
    return false;
}

/* Two nodes, 0 and 1, hold two histories of node 2's log, which are one up to
 * COMMON; then they meet. Returns the bytes of bodies that this took. */
struct fork_case {
    uint64_t common;
    size_t first, second; /* entries behind it */
};

static void part(struct pair_net *net, const struct fork_case *c,
                 struct sg_log_id *ret_id)
{
    pair_new(net, 3, NULL);
    *ret_id = pair_own(net, 2)->id;
    pair_append(net, 2, (size_t)c->common - 1 + c->first);
    pair_connect(net, 2, 0);
    pair_run(net, 40000);
    pair_cut(net, 0, 2);
    pair_fork(net, 2, c->common, c->second);
    pair_connect(net, 2, 1);
    pair_run(net, 40000);
    pair_cut(net, 1, 2);
    assert_int_equal(pair_held(net, 0, 2), c->common + c->first);
    assert_int_equal(pair_held(net, 1, 2), c->common + c->second);
}

static size_t meet(struct pair_net *net)
{
    size_t before = net->nodes[0].bytes + net->nodes[1].bytes;

    pair_connect(net, 0, 1);
    pair_run(net, 100000);
    return net->nodes[0].bytes + net->nodes[1].bytes - before;
}

static void assert_both(struct pair_net *net, const struct sg_log_id *id,
                        const struct fork_case *c)
{
    for (size_t node = 0; node < 2; node++) {
        assert_true(
            holds(net, node, id, c->common, c->common + c->first, false));
        assert_true(
            holds(net, node, id, c->common, c->common + c->second, true));
        assert_int_equal(count_rows(net, node, id), 2);
        assert_int_equal(net->nodes[node].n_closed, 0);
    }
}

/* Wherever two histories part, and however they go on, both are kept whole by
 * both, and of what they have in common next to nothing crosses: not a tenth of
 * it, and a few proofs. */
static void test_common_stays(void **state)
{
    static const struct fork_case cases[] = {
        {1000, 3, 5},    {1000, 24, 24}, {1023, 1, 1},    {1024, 1, 1},
        {1025, 1, 1},    {600, 424, 1},  {600, 1, 424},   {513, 500, 700},
        {777, 1, 1},     {1500, 1, 36},  {1280, 256, 10}, {300, 1, 1},
        {999, 100, 101}, {65, 2, 2},     {1, 300, 300},   {2, 80, 90},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fork_case *c = &cases[i];
        struct sg_log_id id;
        struct pair_net net;
        size_t bytes;

        part(&net, c, &id);
        bytes = meet(&net);
        assert_both(&net, &id, c);
        assert_in_range(bytes, 0,
                        (c->first + c->second) * 190 + c->common * 140 / 10 +
                            70 * 190 + 16000);
        pair_free(&net);
    }
}

/* A peer who does not say where his branch parts, or says it wrong, or goes
 * away meanwhile: the branch is fetched from its beginning. */
enum trouble_kind { SILENT, WRONG, CUT, TROUBLES };

struct trouble {
    enum trouble_kind what;
    bool is_asked; /* for a proof of a branch */
};

static bool trouble(struct pair_net *net, struct pair_message *message)
{
    static const uint8_t zeros[32];
    struct trouble *it = net->context;

    bool asks = message->type == SG_MESSAGE_PROVE && message->size >= 22;

    it->is_asked = it->is_asked || asks;
    if (message->type == SG_MESSAGE_PROOF && it->is_asked && it->what == WRONG)
        memcpy(message->body + message->size - 32, zeros, sizeof zeros);
    return !asks || it->what == WRONG;
}

static void test_fetched_all_the_same(void **state)
{
    static const struct fork_case c = {1000, 3, 5};

    (void)state;
    for (int i = 0; i < TROUBLES; i++) {
        struct trouble it = {.what = (enum trouble_kind)i};
        struct sg_log_id id;
        struct pair_net net;

        part(&net, &c, &id);
        net.filter = trouble;
        net.context = &it;
        pair_connect(&net, 0, 1);
        pair_run(&net, 20000);
        assert_true(it.is_asked);
        if (it.what == CUT) {
            pair_cut(&net, 0, 1);
            pair_connect(&net, 0, 1);
        }
        pair_run(&net, 300000);
        for (size_t node = 0; node < 2; node++) {
            assert_true(holds(&net, node, &id, 1000, 1003, false));
            assert_true(holds(&net, node, &id, 1000, 1005, true));
        }
        pair_free(&net);
    }
}

/* A store that refuses a copied entry, or that starts anew in the middle: the
 * rest comes all the same. */
static void test_copy_is_cut_short(void **state)
{
    static const struct fork_case c = {1000, 3, 5};

    (void)state;
    for (size_t cut = 0; cut < 8; cut++) {
        struct sg_log_id id;
        struct pair_net net;

        part(&net, &c, &id);
        pair_connect(&net, 0, 1);
        for (size_t i = 0; i < 100 + cut; i++) {
            const struct pair_log *row = pair_branch(&net, 0, &id, 1);

            if (row != NULL && row->frontier.size > 1 + cut * 100)
                break;
            pair_run(&net, 1);
        }
        if (cut % 2 == 0) {
            pair_restart(&net, 0);
        } else {
            net.nodes[0].refuses = true;
            pair_run(&net, 10);
            pair_cut(&net, 0, 1);
        }
        pair_connect(&net, 0, 1);
        pair_run(&net, 200000);
        for (size_t node = 0; node < 2; node++) {
            assert_true(holds(&net, node, &id, 1000, 1003, false));
            assert_true(holds(&net, node, &id, 1000, 1005, true));
        }
        pair_free(&net);
    }
}

/* A branch that has grown is the same branch: no other row is begun for it. */
static void test_grown(void **state)
{
    static const struct fork_case c = {500, 3, 5};
    struct sg_log_id id;
    struct pair_net net;

    (void)state;
    part(&net, &c, &id);
    (void)meet(&net);
    assert_both(&net, &id, &c);
    for (size_t i = 0; i < 10; i++) {
        struct pair_log *log = pair_own(&net, 2);

        pair_append_plain(&net, log, SG_ENTRY_PLAIN, SG_BYTES_TEXT("another"));
        pair_sign(&net, 2, log);
        pair_connect(&net, 2, 1);
        pair_run(&net, 40000);
        pair_cut(&net, 1, 2);
    }
    pair_run(&net, 100000);
    for (size_t node = 0; node < 2; node++) {
        assert_int_equal(count_rows(&net, node, &id), 2);
        assert_true(holds(&net, node, &id, 500, 503, false));
        assert_true(holds(&net, node, &id, 500, 515, true));
    }
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common_stays),
        cmocka_unit_test(test_fetched_all_the_same),
        cmocka_unit_test(test_copy_is_cut_short),
        cmocka_unit_test(test_grown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
