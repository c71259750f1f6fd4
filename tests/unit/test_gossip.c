#include "replication/gossip.h"

#include <string.h>

#include "tests/lib/sync_pair.h"

/* A node that was restored from a backup learns from its peer what it once
 * signed: it is told to begin a new epoch, and gets its own tail back. */
static void test_own_tail_comes_back(void **state)
{
    struct pair_net net;
    struct sg_event event;
    struct pair_log *old;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_append(&net, 1, 30);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    pair_fork(&net, 1, 11, 0);
    assert_int_equal(pair_own(&net, 1)->frontier.size, 11);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    assert_int_equal(net.nodes[1].n_behind, 1);
    assert_int_equal(pair_alarms(&net, 1, SG_SYNC_ALARM_OWN_FORK), 0);
    old = pair_own(&net, 1);
    pair_epoch(&net, 1, 0x77);
    event = (struct sg_event){.kind = SG_EVENT_HEAD};
    event.head.core = old->core;
    event.head.known = old->known;
    event.head.frontier = old->frontier;
    pair_step(&net, 1, &event);
    pair_append(&net, 1, 1);
    pair_run(&net, 60000);
    assert_int_equal(old->frontier.size, 31);
    assert_int_equal(pair_held(&net, 0, 1), 2);
    pair_assert_equal(&net);
    pair_free(&net);
}

/* An epoch of its own that a restored node does not know at all is told to it
 * too. */
static void test_own_epoch_comes_back(void **state)
{
    struct pair_net net;
    struct sg_log_id later;

    (void)state;
    pair_new(&net, 2, NULL);
    pair_connect(&net, 1, 0);
    pair_run(&net, 10000);
    pair_epoch(&net, 1, 0x77);
    pair_append(&net, 1, 4);
    pair_run(&net, 10000);
    assert_int_equal(pair_held(&net, 0, 1), 5);
    later = pair_own(&net, 1)->id;
    pair_forget(&net, 1, &later);
    pair_restart(&net, 1);
    pair_connect(&net, 0, 1);
    pair_run(&net, 60000);
    assert_int_equal(pair_find(&net, 1, &later)->frontier.size, 5);
    pair_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_tail_comes_back),
        cmocka_unit_test(test_own_epoch_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
