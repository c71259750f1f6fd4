/* Two nodes and the head exchange between them: whatever one sends arrives at
 * the other, in order, when the test says so. Side 0 is the initiator.
 */
#ifndef SG_TESTS_UNIT_EXCHANGE_PAIR_H
#define SG_TESTS_UNIT_EXCHANGE_PAIR_H

#include "replication/exchange.h"
#include "replication/head_message.h"
#include "storage/base/prng.h"
#include "tests/lib/heads.h"
#include "tests/lib/test.h"

#define PAIR_QUEUE_MAX 64

struct pair_side {
    struct sg_log_table *table;
    struct sg_exchange_room *room;
    struct sg_exchange *exchange;
    struct sg_exchange_report report; /* of all calls together */
    /* Messages on their way to this side. */
    struct sg_frame_message queue[PAIR_QUEUE_MAX];
    size_t first, last;
    unsigned calls; /* of receive */
};

struct pair {
    struct pair_side sides[2];
    size_t bytes; /* of all messages, with their headers */
    size_t largest;
    unsigned sent[32]; /* messages by type */
    bool is_exact;     /* whenever claims agree, they are the same */
};

struct pair_options {
    bool has_cells;
    uint32_t claims_max;
    size_t send_max;
    bool remembers[2];
    uint64_t change[2];
};

/* Cells, all the room there can be, and no memory. */
extern const struct pair_options pair_plain;

/* What two tables have in common, and what happened since. */
struct pair_world {
    uint64_t common;  /* logs known to both */
    uint64_t changed; /* of them, changed since, on either side or both */
    uint64_t added;   /* known to one side alone */
    uint64_t forked;  /* of equal size with another root, or proved forked */
};

/* Makes both tables as they were when they were equal; makes happen what
 * happened since; frees them. */
void pair_begin_world(struct pair *pair, const struct pair_world *world,
                      uint64_t seed);
void pair_change_world(struct pair *pair, const struct pair_world *world,
                       uint64_t seed);
void pair_end_world(struct pair *pair);

/* Begins and ends a session over the tables. */
void pair_open(struct pair *pair, const struct pair_options *options);
void pair_close(struct pair *pair);

/* Lets the next message arrive at side I; false if there is none. */
bool pair_arrive(struct pair *pair, int i);

/* Lets all messages arrive; then no exchange is open. */
void pair_settle(struct pair *pair);

/* Gives a message of TYPE to side I; what it answers is on its way. */
enum sg_err pair_give(struct pair *pair, int i, enum sg_message_type type,
                      struct sg_bytes body);

/* Loses all messages on their way to side I. */
void pair_drop(struct pair *pair, int i);

/* Forgets the reports. */
void pair_forget(struct pair *pair);

/* Lets side 1 answer ROOT, as that of message 3; runs the whole exchange that
 * message 3 begins. */
void pair_answer(struct pair *pair, const uint8_t root[SG_HEAD_ROOT_SIZE]);
void pair_greet(struct pair *pair);

/* Lets side I send its root. */
void pair_send_root(struct pair *pair, int i);

/* Takes what SIDE's claims say is lacking, from the OTHER side's table as it
 * is: what packages, proofs and fork proofs do. */
void pair_fetch(struct pair_side *side, struct pair_side *other);

/* Says whether both head roots are the same. */
bool pair_is_equal(struct pair *pair);

/* Asserts that both know the same union of heads and claims. */
void pair_assert_agreed(struct pair *pair);

/* Exchanges and fetches until both sides found equal roots; returns after how
 * many roots. */
int pair_converge(struct pair *pair, struct sg_prng *prng);

/* Finds two numbers of things that begin alike, in a LIST of
 * PAIR_SEARCHED. */
#define PAIR_SEARCHED 200000u

struct pair_begin {
    uint32_t begin; /* of a log's id, or of a leaf */
    uint32_t n;
};

void pair_find_alike(struct pair_begin *list, uint32_t ret[2]);

/* Finds two logs whose ids have the same first 4 bytes. */
void pair_logs_alike(uint32_t ret[2]);

#endif
