#include "replication/pace.h"

#include "tests/lib/test.h"

static struct sg_pace pace;

/* Packages of the size that is due over a link of BYTES a second and LATENCY,
 * one after the other, COUNT of them; gives the last size. */
static size_t run(uint64_t *now_ms, uint64_t bytes, uint64_t latency_ms,
                  unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t size = sg_pace_size(&pace);

        sg_pace_sent(&pace, *now_ms, 1, i + 1, size);
        *now_ms += latency_ms + size * 1000 / bytes;
        assert_true(sg_pace_stored(&pace, *now_ms, 1, i + 1));
    }
    return sg_pace_size(&pace);
}

/* A session starts with 1,280 bytes and doubles, up to a whole message. */
static void test_start(void **state)
{
    uint64_t now = 1000;

    (void)state;
    sg_pace_init(&pace);
    assert_int_equal(sg_pace_size(&pace), 1280);
    assert_int_equal(run(&now, 100000000, 5, 1), 2560);
    assert_int_equal(run(&now, 100000000, 5, 1), 5120);
    assert_int_equal(run(&now, 100000000, 5, 5), 163840);
    assert_int_equal(run(&now, 100000000, 5, 9), SG_MESSAGE_SIZE_MAX);
}

/* On any link the size comes to about two seconds of what it carries, latency
 * counted. */
static void test_two_seconds(void **state)
{
    static const struct {
        uint64_t bytes, latency_ms;
        size_t low, high;
    } links[] = {
        {250, 0, 480, 520},       /* 2 kbit/s */
        {250, 300, 300, 520},     /* the same, a satellite */
        {1200, 100, 2000, 2500},  /* 9.6 kbit/s */
        {8000, 600, 9000, 16500}, /* 64 kbit/s */
        {50000, 100, 80000, 110000}, {10, 0, 256, 256},
    };

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        uint64_t now = 0;
        size_t size;

        sg_pace_init(&pace);
        size = run(&now, links[i].bytes, links[i].latency_ms, 60);
        assert_in_range(size, links[i].low, links[i].high);
    }
}

/* A link that gets worse, and better again, is followed. */
static void test_follows(void **state)
{
    uint64_t now = 0;

    (void)state;
    sg_pace_init(&pace);
    assert_in_range(run(&now, 50000, 0, 40), 95000, 105000);
    assert_in_range(run(&now, 1000, 0, 20), 1900, 2100);
    assert_in_range(run(&now, 50000, 0, 40), 95000, 105000);
}

/* It never grows more than twofold at a time, whatever is acknowledged. */
static void test_growth(void **state)
{
    uint64_t now = 0;
    size_t size;

    (void)state;
    sg_pace_init(&pace);
    size = run(&now, 100, 0, 9);
    for (unsigned i = 0; i < 30; i++) {
        size_t next = run(&now, 1000000, 0, 1);

        assert_true(next <= 2 * size);
        size = next;
    }
}

/* Small pushes that were acknowledged at once say nothing. */
static void test_small_is_silent(void **state)
{
    (void)state;
    sg_pace_init(&pace);
    for (uint64_t i = 0; i < 100; i++) {
        sg_pace_sent(&pace, i * 1000, 7, i + 1, 300);
        assert_true(sg_pace_stored(&pace, i * 1000 + 50, 7, i + 1));
    }
    assert_int_equal(sg_pace_size(&pace), SG_PACE_SIZE_FIRST);
    sg_pace_sent(&pace, 200000, 7, 500, 300);
    assert_true(sg_pace_stored(&pace, 202500, 7, 500));
    assert_int_equal(sg_pace_size(&pace), SG_PACE_SIZE_MIN);
}

/* An acknowledgement in no time at all is as good as any quick one. */
static void test_no_time(void **state)
{
    (void)state;
    sg_pace_init(&pace);
    pace.is_starting = false;
    sg_pace_sent(&pace, 5, 1, 1, SG_PACE_SIZE_FIRST);
    assert_true(sg_pace_stored(&pace, 5, 1, 1));
    assert_int_equal(sg_pace_size(&pace), 2 * SG_PACE_SIZE_FIRST);
}

/* Time in which nothing was on its way does not count. */
static void test_idle(void **state)
{
    uint64_t now = 0;
    size_t size;

    (void)state;
    sg_pace_init(&pace);
    size = run(&now, 5000, 0, 30);
    for (unsigned i = 0; i < 20; i++) {
        now += 3600000;
        assert_in_range(run(&now, 5000, 0, 1), size - 200, size + 200);
    }
}

/* One acknowledgement covers all packages of a log up to there, not of others;
 * what went out before and was never answered is forgotten. */
static void test_flight(void **state)
{
    (void)state;
    sg_pace_init(&pace);
    sg_pace_sent(&pace, 0, 1, 10, 600);
    sg_pace_sent(&pace, 0, 2, 10, 600);
    sg_pace_sent(&pace, 0, 2, 20, 600);
    sg_pace_sent(&pace, 0, 2, 30, 600);
    assert_false(sg_pace_stored(&pace, 10, 3, 100));
    assert_false(sg_pace_stored(&pace, 10, 2, 9));
    assert_true(sg_pace_stored(&pace, 10, 2, 20));
    assert_int_equal(pace.flight_count, 1);
    assert_false(sg_pace_stored(&pace, 10, 1, 10));
    assert_true(sg_pace_stored(&pace, 10, 2, 30));
    assert_int_equal(pace.flight_count, 0);
    for (uint64_t i = 0; i < 3 * SG_PACE_FLIGHT_MAX; i++)
        sg_pace_sent(&pace, 20, 9, i, 1);
    assert_int_equal(pace.flight_count, SG_PACE_FLIGHT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_two_seconds),
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_small_is_silent),
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_flight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
