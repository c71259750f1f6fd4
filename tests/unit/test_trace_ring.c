#include "storage/base/trace_ring.h"

#include <pthread.h>

#include "tests/lib/test.h"

#define THREADS 4
#define ROUNDS  20000

static struct sg_trace_event event_of(uint64_t value)
{
    return (struct sg_trace_event){.part = value,
                                   .now_ms = value,
                                   .message = "a message",
                                   .values = {value, value, value, value}};
}

static void assert_is(const struct sg_trace_event *event, uint64_t value)
{
    assert_true(event->part == value);
    assert_true(event->now_ms == value);
    assert_string_equal(event->message, "a message");
    for (unsigned i = 0; i < SG_TRACE_RING_VALUES; i++)
        assert_true(event->values[i] == value);
}

/* The last 256 events can be had, and no older ones. */
static void test_trace_ring_keeps_the_last(void **state)
{
    static struct sg_trace_ring ring;
    struct sg_trace_event event;

    (void)state;
    assert_true(sg_trace_ring_newest(&ring) == 0);
    assert_false(sg_trace_ring_get(&ring, 1, &event));
    for (uint64_t i = 1; i <= 1000; i++) {
        struct sg_trace_event added = event_of(i * 3);

        sg_trace_ring_add(&ring, &added);
        assert_true(sg_trace_ring_newest(&ring) == i);
        assert_true(sg_trace_ring_get(&ring, i, &event));
        assert_is(&event, i * 3);
        assert_false(sg_trace_ring_get(&ring, i + 1, &event));
    }
    for (uint64_t i = 1; i <= 1000; i++)
        assert_int_equal(sg_trace_ring_get(&ring, i, &event), i > 744);
}

/* A writer that comes late does not overwrite a younger event. */
static void test_trace_ring_late_writer(void **state)
{
    static struct sg_trace_ring ring;
    struct sg_trace_event young = event_of(300);
    struct sg_trace_event old = event_of(44);
    struct sg_trace_event event;

    (void)state;
    sg_trace_ring_put(&ring, 300, &young);
    sg_trace_ring_put(&ring, 44, &old);
    assert_false(sg_trace_ring_get(&ring, 44, &event));
    assert_true(sg_trace_ring_get(&ring, 300, &event));
    assert_is(&event, 300);
}

/* A place that another thread is writing is neither written nor read. */
static void test_trace_ring_busy_place(void **state)
{
    static struct sg_trace_ring ring;
    struct sg_trace_event added = event_of(7);
    struct sg_trace_event event;

    (void)state;
    atomic_store(&ring.slots[7].number, UINT64_MAX);
    sg_trace_ring_put(&ring, 7, &added);
    assert_null(atomic_load(&ring.slots[7].message));
    assert_false(sg_trace_ring_get(&ring, 7, &event));
}

static struct sg_trace_ring shared;

static void *add_many(void *context)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct sg_trace_event event = event_of(*(uint64_t *)context + i);

        sg_trace_ring_add(&shared, &event);
    }
    return NULL;
}

/* Reads what can be read, and says how many that were. */
static unsigned read_all(void)
{
    uint64_t newest = sg_trace_ring_newest(&shared);
    unsigned count = 0;

    for (uint64_t i = 0; i < SG_TRACE_RING_EVENTS && i < newest; i++) {
        struct sg_trace_event event;

        if (!sg_trace_ring_get(&shared, newest - i, &event))
            continue;
        assert_is(&event, event.part);
        count++;
    }
    return count;
}

/* Whatever the threads do, an event that is read is whole; and when they are
 * done, hardly any of the last 256 is missing. */
static void test_trace_ring_threads(void **state)
{
    pthread_t threads[THREADS];
    uint64_t begins[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        begins[i] = i * UINT64_C(1000000);
        assert_int_equal(
            pthread_create(&threads[i], NULL, add_many, &begins[i]), 0);
    }
    while (sg_trace_ring_newest(&shared) < THREADS * ROUNDS)
        (void)read_all();
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_in_range(read_all(), SG_TRACE_RING_EVENTS / 2, SG_TRACE_RING_EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_ring_keeps_the_last),
        cmocka_unit_test(test_trace_ring_late_writer),
        cmocka_unit_test(test_trace_ring_busy_place),
        cmocka_unit_test(test_trace_ring_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
