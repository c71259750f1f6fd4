/* The ring behind trace.h: the last events, written by all threads and read at
 * any moment, without a lock and without waiting.
 *
 * An event that is read is whole: nothing of another event is ever in it. The
 * price is that a thread which falls 256 events behind in the middle of a write
 * costs an event: its own, or the younger one for the same place.
 */
#ifndef SG_STORAGE_BASE_TRACE_RING_H
#define SG_STORAGE_BASE_TRACE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SG_TRACE_RING_EVENTS 256
#define SG_TRACE_RING_VALUES 4

struct sg_trace_event {
    uint64_t part;
    uint64_t now_ms;
    const char *message;
    uint64_t values[SG_TRACE_RING_VALUES];
};

/* All fields are atomic, so that no access is a data race. */
struct sg_trace_slot {
    atomic_uint_fast64_t number; /* of the event, from 1; 0 none yet */
    atomic_uint_fast64_t part;
    atomic_uint_fast64_t now_ms;
    _Atomic(const char *) message;
    atomic_uint_fast64_t values[SG_TRACE_RING_VALUES];
};

/* Zero bytes are an empty ring. */
struct sg_trace_ring {
    atomic_uint_fast64_t count; /* numbers given out */
    struct sg_trace_slot slots[SG_TRACE_RING_EVENTS];
};

/* Gives the next event its number and puts it. Borrows: what the message points
 * to, for ever. Context: any thread, signal handlers too. */
void sg_trace_ring_add(struct sg_trace_ring *ring,
                       const struct sg_trace_event *event);

/* Puts EVENT in the place of its NUMBER; does nothing when a younger event is
 * there, or another thread is writing there. The second half of _add. */
void sg_trace_ring_put(struct sg_trace_ring *ring, uint64_t number,
                       const struct sg_trace_event *event);

/* Returns the number of the youngest event, 0 when there is none. */
uint64_t sg_trace_ring_newest(const struct sg_trace_ring *ring);

/* Gives the event of NUMBER. Returns false when it is there no more, or not
 * yet whole; RET_EVENT is then undefined. Context: as _add. */
bool sg_trace_ring_get(const struct sg_trace_ring *ring, uint64_t number,
                       struct sg_trace_event *ret_event);

#endif
