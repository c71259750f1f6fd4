#include "replication/outbox.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define NONE UINT16_MAX

/* Priorities 0 and 1 are each one line without writers. */
#define LINES  2u
#define QUEUES (LINES + SG_OUTBOX_STREAMS_MAX + SG_OUTBOX_NOTES_MAX)

_Static_assert(QUEUES < NONE, "a queue has a number");

/* --- Memory --------------------------------------------------------------- */

/* Messages of priority 0 or 1, first in, first out: records of a type, a length
 * and a body, never broken over the end. Those from BEGIN to NEXT are given out
 * and still lent, those up to END wait. */
struct ring {
    uint8_t *bytes;
    size_t size;
    size_t begin;
    size_t next;
    size_t end;
    size_t kept;    /* records from BEGIN on */
    size_t waiting; /* of them, from NEXT on */
    size_t waiting_bytes;
};

#define RECORD_SIZE 5u
#define RECORD_WRAP UINT32_MAX /* in place of a length: go on at 0 */

/* A small message of priority 2 to 4. */
struct note {
    uint16_t next;
    uint16_t size;
    uint8_t type;
    uint8_t bytes[SG_OUTBOX_NOTE_SIZE_MAX];
};

struct stream {
    uint64_t log;
    uint16_t queue; /* NONE: the slot is free */
    uint16_t next;
};

/* A list of notes or streams by number. */
struct list {
    uint16_t first;
    uint16_t last;
};

/* What one writer has waiting in one priority; or a line. */
struct queue {
    uint8_t writer[SG_KEY_SIZE];
    uint8_t priority;
    uint16_t next; /* in its priority's round, or of the free ones */
    int32_t deficit;
    struct list notes;
    struct list streams;
};

struct sg_outbox {
    struct sg_budget *budget;
    struct sg_credit credit;
    struct sg_pace pace;
    struct ring rings[LINES];
    struct list rounds[SG_OUTBOX_PRIORITIES]; /* of queues; none for lines */
    size_t round_counts[SG_OUTBOX_PRIORITIES];
    /* Queues and notes that were given back; those from the second number on
     * were never taken since the reset, which therefore need not touch them. */
    uint16_t free_queue, queues_top;
    uint16_t free_note, notes_top;
    struct list lent_notes;
    size_t note_bytes; /* that wait */
    uint16_t making;   /* slot */
    struct queue queues[QUEUES];
    struct stream streams[SG_OUTBOX_STREAMS_MAX];
    struct note notes[SG_OUTBOX_NOTES_MAX];
    uint8_t urgent[SG_OUTBOX_URGENT_SIZE];
    uint8_t control[SG_OUTBOX_CONTROL_SIZE];
};

enum sg_err sg_outbox_new(struct sg_outbox **ret_outbox)
{
    struct sg_outbox *outbox = sg_alloc(sizeof *outbox);

    if (outbox == NULL)
        return SG_ERR_NOMEM;
    sg_outbox_reset(outbox, NULL);
    *ret_outbox = outbox;
    return SG_OK;
}

void sg_outbox_free(struct sg_outbox *outbox)
{
    sg_free(outbox);
}

static const struct list empty = {NONE, NONE};

static void reset_queues(struct sg_outbox *outbox)
{
    for (uint8_t i = 0; i < LINES; i++)
        outbox->queues[i] =
            (struct queue){.priority = i, .notes = empty, .streams = empty};
    outbox->queues_top = LINES;
    outbox->free_queue = NONE;
    for (size_t i = 0; i < SG_OUTBOX_PRIORITIES; i++) {
        outbox->rounds[i] = empty;
        outbox->round_counts[i] = 0;
    }
}

void sg_outbox_reset(struct sg_outbox *outbox, struct sg_budget *budget)
{
    outbox->budget = budget;
    sg_credit_init(&outbox->credit);
    sg_pace_init(&outbox->pace);
    outbox->rings[0] =
        (struct ring){.bytes = outbox->urgent, .size = sizeof outbox->urgent};
    outbox->rings[1] =
        (struct ring){.bytes = outbox->control, .size = sizeof outbox->control};
    reset_queues(outbox);
    for (size_t i = 0; i < SG_OUTBOX_STREAMS_MAX; i++)
        outbox->streams[i] = (struct stream){0, NONE, NONE};
    outbox->notes_top = 0;
    outbox->free_note = NONE;
    outbox->lent_notes = empty;
    outbox->note_bytes = 0;
    outbox->making = NONE;
}

/* --- Rings ---------------------------------------------------------------- */

/* Finds room for SIZE bytes in a row; false if there is none now. */
static bool ring_place(struct ring *ring, size_t size, size_t *ret_at)
{
    if (ring->kept == 0)
        ring->begin = ring->next = ring->end = 0;
    if (ring->kept > 0 && ring->end <= ring->begin) { /* it is wrapped */
        *ret_at = ring->end;
        return ring->begin - ring->end >= size;
    }
    *ret_at = ring->end;
    if (ring->size - ring->end >= size)
        return true;
    if (ring->begin < size)
        return false;
    if (ring->size - ring->end >= RECORD_SIZE)
        sg_bytes_put_u32be(ring->bytes + ring->end + 1, RECORD_WRAP);
    *ret_at = 0;
    return true;
}

static bool ring_put(struct ring *ring, enum sg_message_type type,
                     struct sg_bytes body)
{
    size_t at;

    if (!ring_place(ring, RECORD_SIZE + body.size, &at))
        return false;
    ring->bytes[at] = (uint8_t)type;
    sg_bytes_put_u32be(ring->bytes + at + 1, (uint32_t)body.size);
    if (body.size > 0)
        memcpy(ring->bytes + at + RECORD_SIZE, body.data, body.size);
    ring->end = at + RECORD_SIZE + body.size;
    ring->kept++;
    ring->waiting++;
    ring->waiting_bytes += body.size;
    return true;
}

static void ring_take(struct ring *ring, struct sg_outbox_turn *ret_turn)
{
    size_t at = ring->next, size;

    SG_ASSERT(ring->waiting > 0);
    if (ring->size - at < RECORD_SIZE ||
        sg_bytes_get_u32be(ring->bytes + at + 1) == RECORD_WRAP)
        at = 0;
    size = sg_bytes_get_u32be(ring->bytes + at + 1);
    ret_turn->kind = SG_OUTBOX_MESSAGE;
    ret_turn->type = (enum sg_message_type)ring->bytes[at];
    ret_turn->body = sg_bytes(ring->bytes + at + RECORD_SIZE, size);
    ring->next = at + RECORD_SIZE + size;
    ring->waiting--;
    ring->waiting_bytes -= size;
}

static void ring_release(struct ring *ring)
{
    ring->begin = ring->next;
    ring->kept = ring->waiting;
}

/* --- Writers -------------------------------------------------------------- */

static void append_queue(struct sg_outbox *outbox, uint16_t number)
{
    struct queue *queue = &outbox->queues[number];
    struct list *round = &outbox->rounds[queue->priority];

    queue->next = NONE;
    if (round->first == NONE)
        round->first = number;
    else
        outbox->queues[round->last].next = number;
    round->last = number;
    outbox->round_counts[queue->priority]++;
}

/* Takes queue NUMBER out of its round; the others stay in order. */
static void remove_queue(struct sg_outbox *outbox, uint16_t number)
{
    unsigned priority = outbox->queues[number].priority;
    struct list *round = &outbox->rounds[priority];
    uint16_t before = NONE;

    for (uint16_t i = round->first; i != number; i = outbox->queues[i].next)
        before = i;
    if (before == NONE)
        round->first = outbox->queues[number].next;
    else
        outbox->queues[before].next = outbox->queues[number].next;
    if (round->last == number)
        round->last = before;
    outbox->round_counts[priority]--;
}

static uint16_t take_queue(struct sg_outbox *outbox)
{
    uint16_t number = outbox->free_queue;

    if (number == NONE) {
        /* There is one for each stream and each note. */
        SG_ASSERT(outbox->queues_top < QUEUES);
        return outbox->queues_top++;
    }
    outbox->free_queue = outbox->queues[number].next;
    return number;
}

static uint16_t new_queue(struct sg_outbox *outbox, unsigned priority,
                          const uint8_t writer[SG_KEY_SIZE])
{
    uint16_t number = take_queue(outbox);
    struct queue *queue = &outbox->queues[number];

    memcpy(queue->writer, writer, sizeof queue->writer);
    queue->priority = (uint8_t)priority;
    queue->deficit = SG_OUTBOX_QUANTUM;
    queue->notes = queue->streams = empty;
    append_queue(outbox, number);
    return number;
}

/* Finds or makes the queue of WRITER, or the line. */
static uint16_t queue_of(struct sg_outbox *outbox, unsigned priority,
                         const uint8_t writer[SG_KEY_SIZE])
{
    uint16_t number;

    SG_ASSERT(priority < SG_OUTBOX_PRIORITIES);
    SG_ASSERT((writer == NULL) == (priority < LINES));
    if (priority < LINES)
        return (uint16_t)priority;
    number = outbox->rounds[priority].first;
    while (number != NONE &&
           memcmp(outbox->queues[number].writer, writer, SG_KEY_SIZE) != 0)
        number = outbox->queues[number].next;
    return number != NONE ? number : new_queue(outbox, priority, writer);
}

/* Gives a queue back in which nothing waits. */
static void drop_if_empty(struct sg_outbox *outbox, uint16_t number)
{
    struct queue *queue = &outbox->queues[number];

    if (number < LINES || queue->notes.first != NONE ||
        queue->streams.first != NONE)
        return;
    remove_queue(outbox, number);
    queue->next = outbox->free_queue;
    outbox->free_queue = number;
}

/* --- What waits ----------------------------------------------------------- */

/* Takes a note that is free; NONE if there is none. */
static uint16_t take_note_place(struct sg_outbox *outbox)
{
    uint16_t number = outbox->free_note;

    if (number != NONE)
        outbox->free_note = outbox->notes[number].next;
    else if (outbox->notes_top < SG_OUTBOX_NOTES_MAX)
        number = outbox->notes_top++;
    return number;
}

static enum sg_err put_note(struct sg_outbox *outbox, unsigned priority,
                            const uint8_t writer[SG_KEY_SIZE],
                            enum sg_message_type type, struct sg_bytes body)
{
    uint16_t number = take_note_place(outbox);
    struct queue *queue;
    struct note *note;

    SG_ASSERT(body.size <= SG_OUTBOX_NOTE_SIZE_MAX);
    if (number == NONE)
        return SG_ERR_LIMIT;
    note = &outbox->notes[number];
    note->next = NONE;
    note->type = (uint8_t)type;
    note->size = (uint16_t)body.size;
    if (body.size > 0)
        memcpy(note->bytes, body.data, body.size);
    queue = &outbox->queues[queue_of(outbox, priority, writer)];
    if (queue->notes.first == NONE)
        queue->notes.first = number;
    else
        outbox->notes[queue->notes.last].next = number;
    queue->notes.last = number;
    outbox->note_bytes += body.size;
    return SG_OK;
}

enum sg_err sg_outbox_put(struct sg_outbox *outbox, unsigned priority,
                          const uint8_t writer[SG_KEY_SIZE],
                          enum sg_message_type type, struct sg_bytes body)
{
    SG_ASSERT(priority < SG_OUTBOX_PRIORITIES);
    SG_ASSERT((writer == NULL) == (priority < LINES));
    if (priority >= LINES)
        return put_note(outbox, priority, writer, type, body);
    return ring_put(&outbox->rings[priority], type, body) ? SG_OK
                                                          : SG_ERR_LIMIT;
}

void sg_outbox_open(struct sg_outbox *outbox, uint32_t slot, uint64_t log,
                    unsigned priority, const uint8_t writer[SG_KEY_SIZE])
{
    struct stream *stream;
    struct queue *queue;

    SG_ASSERT(slot < SG_OUTBOX_STREAMS_MAX);
    stream = &outbox->streams[slot];
    SG_ASSERT(stream->queue == NONE);
    *stream = (struct stream){log, queue_of(outbox, priority, writer), NONE};
    queue = &outbox->queues[stream->queue];
    if (queue->streams.first == NONE)
        queue->streams.first = (uint16_t)slot;
    else
        outbox->streams[queue->streams.last].next = (uint16_t)slot;
    queue->streams.last = (uint16_t)slot;
}

bool sg_outbox_is_open(const struct sg_outbox *outbox, uint32_t slot)
{
    SG_ASSERT(slot < SG_OUTBOX_STREAMS_MAX);
    return outbox->streams[slot].queue != NONE;
}

void sg_outbox_close(struct sg_outbox *outbox, uint32_t slot)
{
    struct stream *stream;
    struct list *list;
    uint16_t before = NONE, number;

    if (!sg_outbox_is_open(outbox, slot))
        return;
    stream = &outbox->streams[slot];
    list = &outbox->queues[stream->queue].streams;
    for (uint16_t i = list->first; i != slot; i = outbox->streams[i].next)
        before = i;
    if (before == NONE)
        list->first = stream->next;
    else
        outbox->streams[before].next = stream->next;
    if (list->last == slot)
        list->last = before;
    number = stream->queue;
    stream->queue = NONE;
    if (outbox->making == slot)
        outbox->making = NONE;
    drop_if_empty(outbox, number);
}

/* --- What goes ------------------------------------------------------------ */

/* A queue in a round is never empty. */
static bool is_ready(const struct queue *queue, bool may_package)
{
    return may_package || queue->notes.first != NONE;
}

/* Brings a writer that is ready to the front of his round, by deficit round
 * robin; false if there is none. Who has had his quantum goes to the end, in
 * debt for what was more; so one large package costs its writer turns. */
static bool turn_round(struct sg_outbox *outbox, unsigned priority,
                       bool may_package)
{
    struct list *round = &outbox->rounds[priority];
    size_t passed = 0; /* since one that is ready */
    uint16_t number;

    while (passed < outbox->round_counts[priority]) {
        struct queue *queue = &outbox->queues[round->first];
        bool ready = is_ready(queue, may_package);

        if (ready && queue->deficit > 0)
            return true;
        if (ready)
            queue->deficit += SG_OUTBOX_QUANTUM;
        passed = ready ? 0 : passed + 1;
        number = round->first;
        remove_queue(outbox, number);
        append_queue(outbox, number);
    }
    return false;
}

static void charge(struct queue *queue, size_t size)
{
    SG_ASSERT(size <= SG_MESSAGE_SIZE_MAX + SG_MESSAGE_HEADER_SIZE_MAX);
    if (queue->priority >= LINES)
        queue->deficit -= (int32_t)size;
}

/* The bytes of a message with its header. */
static size_t message_size(size_t body_size)
{
    return 2u + (body_size > 127) + (body_size > 16383) + body_size;
}

static void take_note(struct sg_outbox *outbox, struct queue *queue,
                      struct sg_outbox_turn *ret_turn)
{
    uint16_t number = queue->notes.first;
    struct note *note = &outbox->notes[number];

    queue->notes.first = note->next;
    if (queue->notes.first == NONE)
        queue->notes.last = NONE;
    note->next = outbox->lent_notes.first;
    outbox->lent_notes.first = number;
    outbox->note_bytes -= note->size;
    ret_turn->kind = SG_OUTBOX_MESSAGE;
    ret_turn->type = (enum sg_message_type)note->type;
    ret_turn->body = sg_bytes(note->bytes, note->size);
    charge(queue, message_size(note->size));
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void take_stream(struct sg_outbox *outbox, struct queue *queue,
                        uint64_t budget, struct sg_outbox_turn *ret_turn)
{
    uint64_t size = smaller(sg_pace_size(&outbox->pace), budget);

    outbox->making = queue->streams.first;
    ret_turn->kind = SG_OUTBOX_PACKAGE;
    ret_turn->slot = outbox->making;
    ret_turn->size_max = (size_t)smaller(size, sg_credit_left(&outbox->credit));
}

/* Takes what goes next of PRIORITY; false if nothing may. */
static bool take(struct sg_outbox *outbox, unsigned priority, bool may_package,
                 uint64_t budget, struct sg_outbox_turn *ret_turn)
{
    uint16_t number = (uint16_t)priority;
    struct queue *queue;

    if (priority < LINES && outbox->rings[priority].waiting > 0) {
        ring_take(&outbox->rings[priority], ret_turn);
        return true;
    }
    if (priority >= LINES) {
        if (!turn_round(outbox, priority, may_package))
            return false;
        number = outbox->rounds[priority].first;
    }
    queue = &outbox->queues[number];
    if (queue->notes.first != NONE) {
        take_note(outbox, queue, ret_turn);
        drop_if_empty(outbox, number);
        return true;
    }
    if (!may_package || queue->streams.first == NONE)
        return false;
    take_stream(outbox, queue, budget, ret_turn);
    return true;
}

bool sg_outbox_next(struct sg_outbox *outbox, uint64_t now_ms, size_t *room,
                    struct sg_outbox_turn *ret_turn)
{
    bool may_package = outbox->making == NONE && sg_outbox_has_credit(outbox);
    size_t size;

    for (unsigned priority = 0; *room > 0 && priority < SG_OUTBOX_PRIORITIES;
         priority++) {
        uint64_t budget = sg_budget_left(outbox->budget, now_ms, priority);

        *ret_turn = (struct sg_outbox_turn){.priority = priority};
        if (budget == 0 ||
            !take(outbox, priority, may_package, budget, ret_turn))
            continue;
        size = ret_turn->size_max;
        if (ret_turn->kind == SG_OUTBOX_MESSAGE) {
            size = message_size(ret_turn->body.size);
            sg_budget_count(outbox->budget, now_ms, priority, size);
        }
        *room -= size < *room ? size : *room;
        return true;
    }
    return false;
}

void sg_outbox_release(struct sg_outbox *outbox)
{
    ring_release(&outbox->rings[0]);
    ring_release(&outbox->rings[1]);
    while (outbox->lent_notes.first != NONE) {
        uint16_t number = outbox->lent_notes.first;

        outbox->lent_notes.first = outbox->notes[number].next;
        outbox->notes[number].next = outbox->free_note;
        outbox->free_note = number;
    }
}

void sg_outbox_made(struct sg_outbox *outbox, uint64_t now_ms, size_t size,
                    uint64_t end, bool is_done)
{
    uint16_t slot = outbox->making;
    enum sg_err err = sg_credit_use(&outbox->credit, size);
    struct stream *stream;
    struct queue *queue;

    SG_ASSERT(slot != NONE);
    SG_ASSERT(err == SG_OK);
    stream = &outbox->streams[slot];
    queue = &outbox->queues[stream->queue];
    charge(queue, message_size(size));
    sg_budget_count(outbox->budget, now_ms, queue->priority,
                    message_size(size));
    sg_pace_sent(&outbox->pace, now_ms, stream->log, end, size);
    outbox->making = NONE;
    if (is_done)
        sg_outbox_close(outbox, slot);
}

bool sg_outbox_is_making(const struct sg_outbox *outbox, uint32_t *ret_slot)
{
    if (outbox->making == NONE)
        return false;
    *ret_slot = outbox->making;
    return true;
}

void sg_outbox_stored(struct sg_outbox *outbox, uint64_t now_ms, uint64_t log,
                      uint64_t held)
{
    (void)sg_pace_stored(&outbox->pace, now_ms, log, held);
}

enum sg_err sg_outbox_credit(struct sg_outbox *outbox, uint64_t total)
{
    return sg_credit_allow(&outbox->credit, total);
}

/* --- Looking in ----------------------------------------------------------- */

bool sg_outbox_has_credit(const struct sg_outbox *outbox)
{
    return sg_credit_left(&outbox->credit) >= SG_PACKAGE_ONE_SIZE_MAX;
}

size_t sg_outbox_size(const struct sg_outbox *outbox)
{
    return sg_pace_size(&outbox->pace);
}

/* Whether anything of PRIORITY waits, or is in the making. */
static bool waits(const struct sg_outbox *outbox, unsigned priority)
{
    if (priority >= LINES)
        return outbox->round_counts[priority] > 0;
    return outbox->rings[priority].waiting > 0 ||
           outbox->queues[priority].streams.first != NONE;
}

bool sg_outbox_is_empty(const struct sg_outbox *outbox)
{
    for (unsigned priority = 0; priority < SG_OUTBOX_PRIORITIES; priority++) {
        if (waits(outbox, priority))
            return false;
    }
    return true;
}

size_t sg_outbox_waiting(const struct sg_outbox *outbox)
{
    return outbox->rings[0].waiting_bytes + outbox->rings[1].waiting_bytes +
           outbox->note_bytes;
}

uint64_t sg_outbox_deadline(const struct sg_outbox *outbox, uint64_t now_ms)
{
    for (unsigned priority = 1; priority < SG_OUTBOX_PRIORITIES; priority++) {
        if (waits(outbox, priority) &&
            sg_budget_left(outbox->budget, now_ms, priority) == 0)
            return sg_budget_next(outbox->budget, now_ms);
    }
    return UINT64_MAX;
}
