/* What will happen, by virtual time: a heap of events. Two events of one time
 * happen in the order in which they were put in. */
#ifndef SG_TESTS_SIM_QUEUE_H
#define SG_TESTS_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum queue_kind {
    QUEUE_TICK,      /* a node's core wants to be woken; a: generation */
    QUEUE_DELIVER,   /* a message arrives; pointer: it */
    QUEUE_COMMIT,    /* LMDB's flushes are through; a: generation */
    QUEUE_MARK,      /* the high-water file's too; a: generation, b: tickets */
    QUEUE_READ,      /* an answer to a READ; a: generation, pointer: it */
    QUEUE_SUBMIT,    /* an officer files records */
    QUEUE_DIALLED,   /* a dial ends; a: peer, b: generation */
    QUEUE_OPEN,      /* the responder sees message 3; pointer: connection */
    QUEUE_CRASH,     /* power fails; a: generation */
    QUEUE_START,     /* a node comes (back) up; a: generation */
    QUEUE_NEMESIS,   /* the next act of a nemesis; a: which */
    QUEUE_LINK,      /* a link goes up or down; a: link, b: what */
    QUEUE_AUTHORITY, /* the authority's day */
    QUEUE_STICK,     /* a courier is there; pointer: the stick */
    QUEUE_TAKING,    /* a stick is gone on with; a: generation */
    QUEUE_CHECK,     /* the checkers that look now and then */
};

struct queue_event {
    uint64_t at; /* ms */
    uint64_t seq;
    enum queue_kind kind;
    uint32_t node;
    uint64_t a;
    uint64_t b;
    void *pointer;
};

struct queue {
    struct queue_event *events;
    size_t count;
    size_t room;
    uint64_t seq;
};

/* Puts EVENT in; its seq is given here. */
void queue_put(struct queue *queue, struct queue_event event);

/* Takes the next event out. Returns false when there is none. */
bool queue_take(struct queue *queue, struct queue_event *ret_event);

/* Frees what QUEUE holds; pointers of events that are left go to FREE_POINTER.
 */
void queue_clear(struct queue *queue,
                 void (*free_pointer)(enum queue_kind kind, void *pointer));

#endif
