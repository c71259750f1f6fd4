#include "tests/sim/queue.h"

#include "tests/sim/memory.h"

static bool is_before(const struct queue_event *a, const struct queue_event *b)
{
    return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

void queue_put(struct queue *queue, struct queue_event event)
{
    size_t i = queue->count++;

    queue->events = memory_room(queue->events, queue->count, &queue->room,
                                sizeof *queue->events);
    event.seq = queue->seq++;
    while (i > 0 && is_before(&event, &queue->events[(i - 1) / 2])) {
        queue->events[i] = queue->events[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    queue->events[i] = event;
}

bool queue_take(struct queue *queue, struct queue_event *ret_event)
{
    struct queue_event last;
    size_t i = 0;

    if (queue->count == 0)
        return false;
    *ret_event = queue->events[0];
    last = queue->events[--queue->count];
    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= queue->count)
            break;
        if (child + 1 < queue->count &&
            is_before(&queue->events[child + 1], &queue->events[child]))
            child++;
        if (!is_before(&queue->events[child], &last))
            break;
        queue->events[i] = queue->events[child];
        i = child;
    }
    queue->events[i] = last;
    return true;
}

void queue_clear(struct queue *queue,
                 void (*free_pointer)(enum queue_kind kind, void *pointer))
{
    struct queue_event event;

    while (queue_take(queue, &event))
        free_pointer(event.kind, event.pointer);
    memory_free(queue->events);
    *queue = (struct queue){0};
}
