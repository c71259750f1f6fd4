#include "storage/base/trace_ring.h"

#include <stddef.h>

/* The number of a slot that is being written: younger than any other. */
#define BUSY UINT64_MAX

static size_t place(uint64_t number)
{
    return (size_t)(number % SG_TRACE_RING_EVENTS);
}

/* Takes SLOT for writing, unless a younger event or another writer has it: a
 * slot that was ever taken is not 0 again, so then the exchange fails. */
static bool claim(struct sg_trace_slot *slot, uint64_t number)
{
    uint64_t seen = atomic_load_explicit(&slot->number, memory_order_relaxed);
    uint64_t expected = seen < number ? seen : 0;

    return atomic_compare_exchange_strong_explicit(&slot->number, &expected,
                                                   BUSY, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

void sg_trace_ring_put(struct sg_trace_ring *ring, uint64_t number,
                       const struct sg_trace_event *event)
{
    struct sg_trace_slot *slot = &ring->slots[place(number)];

    if (!claim(slot, number))
        return;
    /* Released, so that a reader that meets one of these also meets BUSY. */
    atomic_store_explicit(&slot->part, event->part, memory_order_release);
    atomic_store_explicit(&slot->now_ms, event->now_ms, memory_order_release);
    atomic_store_explicit(&slot->message, event->message, memory_order_release);
    for (size_t i = 0; i < SG_TRACE_RING_VALUES; i++)
        atomic_store_explicit(&slot->values[i], event->values[i],
                              memory_order_release);
    atomic_store_explicit(&slot->number, number, memory_order_release);
}

void sg_trace_ring_add(struct sg_trace_ring *ring,
                       const struct sg_trace_event *event)
{
    uint64_t before =
        atomic_fetch_add_explicit(&ring->count, 1, memory_order_relaxed);

    sg_trace_ring_put(ring, before + 1, event);
}

uint64_t sg_trace_ring_newest(const struct sg_trace_ring *ring)
{
    return atomic_load_explicit(&ring->count, memory_order_relaxed);
}

bool sg_trace_ring_get(const struct sg_trace_ring *ring, uint64_t number,
                       struct sg_trace_event *ret_event)
{
    const struct sg_trace_slot *slot = &ring->slots[place(number)];

    if (atomic_load_explicit(&slot->number, memory_order_acquire) != number)
        return false;
    ret_event->part = atomic_load_explicit(&slot->part, memory_order_acquire);
    ret_event->now_ms =
        atomic_load_explicit(&slot->now_ms, memory_order_acquire);
    ret_event->message =
        atomic_load_explicit(&slot->message, memory_order_acquire);
    for (size_t i = 0; i < SG_TRACE_RING_VALUES; i++)
        ret_event->values[i] =
            atomic_load_explicit(&slot->values[i], memory_order_acquire);
    return atomic_load_explicit(&slot->number, memory_order_relaxed) == number;
}
