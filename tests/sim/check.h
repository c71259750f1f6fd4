/* Checkers: one file per invariant of the shared page on threats, section 4.
 * Each counts the facts it has judged; one that judged none over many seeds
 * tests nothing. */
#ifndef SG_TESTS_SIM_CHECK_H
#define SG_TESTS_SIM_CHECK_H

#include "tests/sim/world.h"

/* X(name, text, what it demands) */
/* clang-format off */
#define CHECK_LIST(X)                                                         \
    X(DUR, "durable", "what an officer was told survives every crash")        \
    X(PREFIX, "prefix", "each copy of a log is a prefix of what was signed")  \
    X(MONO, "monotone", "no verified size ever goes back")                    \
    X(SIGN, "sign", "nothing is signed twice or before it is durable")        \
    X(ROOT, "root", "stored entries give the root of the checkpoint")         \
    X(WRITER, "writer", "a copied or restored disk writes a new log")         \
    X(READ, "read", "what is read is what was written, or an error")          \
    X(CUT, "cut", "all nodes cut revoked logs at the same size")              \
    X(FIRST, "first", "the authority's word comes before other entries")      \
    X(FRAME, "frame", "nobody is called a forger without his signatures")     \
    X(BLAME, "blame", "no honest peer is closed as a liar")                   \
    X(FORK, "fork", "every fork that can be seen is proved everywhere")       \
    X(TOUCH, "touch", "after healing peers find each other again")            \
    X(REVOKED, "revoked", "then all know of all revocations, in D intervals") \
    X(CONVERGE, "converge", "and hold all entries, in 2 D intervals")         \
    X(LIVE, "live", "a record is acknowledged within 2 s on a sound node")    \
    X(BOUND, "bound", "queues stay within their limits")                      \
    X(EVENT, "event", "the core takes every event that can be")               \
    X(IDEM, "replay", "a bundle taken once more changes nothing")             \
    X(SEAL, "seal", "no secret is in a message, on a disk or a stick")        \
    X(ERASE, "erase", "what was ordered erased is gone, and nothing else")    \
    X(ROLL, "roll", "neither the time floor nor the authority goes back")     \
    X(TRUST, "trust", "all who hold the same statements believe the same")    \
    X(FILL, "fill", "payloads that are wanted come, if anybody has them")     \
    X(QUOTA, "quota", "a flood delays nobody's entries but its writer's")
/* clang-format on */

enum check {
#define CHECK_ENUM(name, text, what) CHECK_##name,
    CHECK_LIST(CHECK_ENUM)
#undef CHECK_ENUM
        CHECK_COUNT
};

/* Facts judged, over all seeds of the program. */
extern uint64_t check_facts[CHECK_COUNT];

/* Counts a fact; if IS_SO is false it is a violation: it is printed with the
 * seed and counted. */
void check_fact(struct world *world, enum check check, uint32_t node,
                const struct sg_log_id *log, bool is_so, uint64_t a,
                uint64_t b);

const char *check_text(enum check check);

/* When they are asked. */
/* EVENT */
void check_event(struct world *world, struct node *node,
                 const struct sg_event *event, enum sg_err err);
void check_bound(struct world *world, struct node *node);   /* BOUND */
void check_started(struct world *world, struct node *node); /* DUR, MONO */
void check_stored(struct world *world, struct node *node, struct disk_log *log,
                  uint64_t from); /* PREFIX, MONO */
void check_sign(struct world *world, struct node *node,
                const struct disk_log *log, uint64_t from); /* SIGN */
void check_epoch(struct world *world, struct node *node,
                 const struct disk_log *log); /* WRITER */
void check_read(struct world *world, struct node *node,
                const struct sg_entry *entry,
                const struct pool_entry *place); /* READ */
void check_write(struct world *world, struct node *node,
                 const struct sg_effect *effect); /* FIRST */
void check_proof(struct world *world, struct node *node,
                 const struct sg_effect *effect,
                 struct sg_log_core *ret_core); /* FRAME */
void check_live(struct world *world, struct node *node,
                uint64_t waited_ms); /* LIVE */
void check_alarm(struct world *world, struct node *node,
                 const struct sg_effect *effect); /* FRAME */
void check_close(struct world *world, struct node *node,
                 const struct sg_effect *effect);          /* BLAME */
void check_judged(struct world *world, struct node *node); /* CUT */
void check_roots(struct world *world);                     /* ROOT */
void check_cuts(struct world *world);                      /* CUT, at the end */
void check_forks(struct world *world); /* FORK, at the end */

/* A bundle that was taken whole was taken again: CAME is what came of it. */
void check_replay(struct world *world, struct node *node,
                  uint64_t came); /* IDEM */
/* BYTES are about to leave NODE. */
void check_seal(struct world *world, uint32_t node,
                struct sg_bytes bytes); /* SEAL */

/* NODE judged the authority anew; its process begins. */
void check_roll(struct world *world, struct node *node); /* ROLL */
void check_roll_anew(struct node *node);
void check_erased(struct world *world); /* ERASE, at the end */
void check_trusts(struct world *world); /* ROLL and TRUST, at the end */

/* Whose convergence is demanded, and of which logs. */
bool check_is_demanded(const struct node *node);
bool check_is_ordinary(const struct world *world, const struct disk_log *log);

/* QUOTA: a trial of its own after the end, on links that are all slow. */
void check_quota(struct world *world);

void check_filled(struct world *world); /* FILL, at the end */
/* FILL: says whether NODE lacks a payload of LOG that another honest node has.
 */
bool check_lacks_payload(const struct world *world, const struct node *node,
                         const struct disk_log *log);

/* REVOKED: says whether all nodes whose convergence is demanded know of all
 * revocations. */
bool check_is_cut(const struct world *world);

/* CONVERGE: says whether they have the same logs and entries; at the end it
 * must be so, and it was IN_TIME. */
bool check_is_equal(const struct world *world);
void check_converged(struct world *world, bool in_time, uint64_t took_ms,
                     uint64_t bound_ms);

/* Gives the bytes that the neediest of them lacks, of all logs or OF_AUTHORITY
 * alone, about as they travel. */
uint64_t check_lacking(const struct world *world, bool of_authority);

/* FILL: says whether every payload is there that can be. */
bool check_is_filled(const struct world *world);

void check_monotone(struct world *world, struct node *node,
                    const struct disk_log *log); /* MONO */

/* MONO: forgets what NODE had, whose disk was set back. */
void check_forget(struct node *node);

#endif
