/* The simulated world: nodes with disks and clocks, links between them, an
 * oracle that knows the truth, nemeses that make trouble, checkers that judge.
 *
 * Everything follows from the seed: one queue of events, one source of numbers,
 * no clock, no address, no order of the outside world.
 */
#ifndef SG_TESTS_SIM_WORLD_H
#define SG_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/sync.h"
#include "storage/base/buf.h"
#include "storage/base/prng.h"
#include "storage/log/seal.h"
#include "tests/sim/disk.h"
#include "tests/sim/oracle.h"
#include "tests/sim/queue.h"
#include "tests/sim/trace.h"

#define WORLD_SECOND UINT64_C(1000)
#define WORLD_MINUTE (60 * WORLD_SECOND)
#define WORLD_HOUR   (60 * WORLD_MINUTE)
#define WORLD_DAY    (24 * WORLD_HOUR)

#define WORLD_SLOTS     64u /* sessions of one node */
#define WORLD_TWINS_MAX 3u
#define WORLD_LINKS_MAX 8192u

/* Nemeses: X(name, what it does). Each is on or off for a seed; README.md says
 * what "changed an outcome" means for each. */
/* clang-format off */
#define WORLD_NEMESIS_LIST(X)                                                 \
    X(LOSS, "loss", "segments are lost, 1 to 30 %")                           \
    X(DUPLICATE, "duplicate", "a frame comes twice: link ends")                 \
    X(REORDER, "reorder", "a frame comes early: link ends")                 \
    X(ONE_WAY, "one-way", "a link carries one direction only")                \
    X(PARTITION, "partition", "links are down, a minute to 60 days")          \
    X(SLOW, "slow", "links of 2 to 64 kbit/s")                                \
    X(CRASH, "crash", "nodes lose power at a storage operation")              \
    X(RECOVERY, "recovery", "and again while they recover, at three places")  \
    X(TORN, "torn", "the high-water slot being written is torn")              \
    X(FULL, "full", "disks are full for a while")                             \
    X(ROT, "rot", "stored payloads read as other bytes")                      \
    X(CLONE, "clone", "a disk is copied to another machine")                  \
    X(RESTORE, "restore", "a node gets last week's backup")                   \
    X(CLOCK, "clock", "clocks are off by minutes to 60 years")                \
    X(EQUIVOCATE, "equivocate", "two machines write with one key")            \
    X(WITHHOLD, "withhold", "a node claims and does not deliver")             \
    X(FLOOD, "flood", "a node writes 1,000 times its share")                  \
    X(LIE, "lie", "a node sends damaged messages")                            \
    X(BACKDATE, "backdate", "a thief goes on writing a revoked log")          \
    X(EPOCHS, "epochs", "a node opens more logs than it may")                 \
    X(REVOKE, "revoke", "a node is revoked during a partition")               \
    X(ROTATE, "rotate", "the root key is rotated during a partition")         \
    X(MINOR, "minor", "nodes of a later minor: messages, entries, records")   \
    X(BUNDLE, "bundle", "couriers carry sticks, a minute to 60 days late")    \
    X(STICK_TWICE, "stick-twice", "a stick comes twice")                      \
    X(STICK_CUT, "stick-cut", "a stick is cut short or has flipped bits")      \
    X(ERASE, "erase", "the authority orders payloads erased")                 \
    X(WANTS, "wants", "nodes want fewer payloads, and later all again")
/* clang-format on */

enum nemesis {
#define WORLD_NEMESIS_ENUM(name, text, what) NEMESIS_##name,
    WORLD_NEMESIS_LIST(WORLD_NEMESIS_ENUM)
#undef WORLD_NEMESIS_ENUM
        NEMESIS_COUNT
};

/* A connection of two nodes. */
struct pipe {
    uint64_t free_at;    /* when the transmitter has sent what it has */
    uint64_t last_at;    /* of the last arrival: a stream keeps its order */
    uint64_t stalled_at; /* since when it meets a link that is down */
    size_t in_flight;    /* bytes */
    size_t owed;         /* of them that arrived, and the sender was not told */
    uint64_t total;      /* bytes ever */
};

struct connection {
    uint32_t node[2]; /* 0: who dialled */
    uint32_t slot[2]; /* at each; SG_SYNC_NONE when it is gone there */
    uint32_t link;
    uint64_t began;
    struct pipe pipe[2]; /* 0: from the initiator */
    struct sg_hello_payload payload[2];
    unsigned references; /* events and slots that point here */
    bool is_open;
};

struct delivery {
    struct connection *connection;
    unsigned direction;
    bool is_last; /* the connection ends after it */
    bool is_copy; /* made by a nemesis */
    enum sg_message_type type;
    size_t size;
    uint8_t body[]; /* SIZE */
};

struct link {
    uint32_t node[2];
    uint64_t bits; /* a second */
    uint64_t latency_ms;
    unsigned loss; /* permille of segments */
    bool is_up[2]; /* 0: from the smaller node's side */
};

/* How much of an authority log the peer had when the session began. */
struct session_authority {
    struct sg_log_id log;
    uint64_t size;
};

#define SESSION_AUTHORITY_MAX 8u

struct session {
    struct connection *connection; /* NULL: free */
    unsigned side;
    size_t n_authority;
    struct session_authority authority[SESSION_AUTHORITY_MAX];
};

/* The largest sizes that a node had of a log. */
struct check_seen {
    struct sg_log_id log;
    uint8_t branch;
    uint64_t known;
    uint64_t held;
};

struct taking;

/* What a node believed at most; by check_roll.c. */
struct check_roll {
    struct sg_trust_floor floor;
    uint64_t position;      /* since its process began */
    uint64_t position_ever; /* while its disk went on */
    uint8_t generation;
    uint8_t generation_ever;
};

/* What a node does that no honest node would. */
struct malice {
    bool withholds;
    bool lies;
    bool floods;
    bool spawns; /* epochs */
};

struct node {
    uint32_t number;
    uint32_t identity; /* whose key it has: its own number, or its original's */
    struct sg_sign_key key;
    uint8_t public_key[SG_KEY_SIZE];
    uint8_t transport_secret[SG_KEY_SIZE];
    uint8_t transport_public[SG_KEY_SIZE];
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    uint8_t role;
    uint64_t fingerprint; /* of the machine */
    struct malice malice;
    bool is_later_minor;
    bool is_honest; /* demanded to converge; its state is checked */
    bool is_revoked;

    bool is_up;
    bool is_stepping;
    uint64_t up_at;
    uint64_t generation; /* of the process: events of an earlier one are void */
    struct sg_sync *core;
    struct disk disk;
    struct disk backup;
    bool has_backup;
    uint64_t backup_at;
    /* The first SLOTS are connections, the next one is for sticks. */
    struct session sessions[WORLD_SLOTS];
    struct taking *taking; /* a stick that is being taken; NULL: none */
    uint64_t replayed;     /* writes that a stick came to, or may have */
    uint64_t tick_at;      /* of the TICK in the queue; 0: none */

    struct sg_sync_wants wants;
    int64_t clock_off;           /* seconds */
    struct sg_trust_floor floor; /* as it was kept */
    bool is_committing;          /* a flush is under way */
    uint64_t asked_at; /* when the oldest unacknowledged record came; 0: none */
    uint32_t *peers;   /* nodes it has links to, by place in its config */
    size_t n_peers;
    size_t peers_room;
    uint32_t slots;          /* connections at most */
    uint64_t per_day;        /* records */
    struct check_seen *seen; /* of its logs, by check_monotone.c */
    size_t n_seen;
    size_t seen_room;
    uint64_t steps;      /* of its cores */
    uint64_t queued_max; /* bytes, by check_bound.c */
    struct check_roll roll;
};

#define AUTHORITY_ROOTS 8u

struct authority_root {
    struct sg_sign_key key;
    uint8_t public_key[SG_KEY_SIZE];
};

/* Who may admit and revoke; authority.h. */
struct authority {
    struct authority_root roots[AUTHORITY_ROOTS];
    uint8_t generation;
    uint64_t serial;  /* of the next statement */
    uint64_t logs;    /* that were begun */
    uint64_t beat_ms; /* the latest time that it signed */
    struct sg_buf genesis;
};

struct world_options {
    uint64_t seed;
    uint32_t nodes;
    uint64_t days;
    uint64_t interval_ms; /* anti-entropy */
    uint64_t per_day;     /* records a node */
    bool prints;          /* the trace */
    bool is_quiet;        /* no nemesis */
    uint32_t only;        /* bits of nemeses that are on; 0: by the seed */
};

struct world {
    struct world_options options;
    struct sg_prng prng;
    uint64_t now_ms;
    struct queue queue;
    struct trace trace;
    struct pool pool;
    struct oracle oracle;
    struct authority authority;
    struct sg_registry_id registry;
    struct sg_sealer *sealer;
    struct node *nodes;
    uint32_t n_nodes;
    uint32_t n_originals; /* the first so many are no clones */
    struct link *links;
    uint32_t n_links;
    bool nemesis[NEMESIS_COUNT];
    uint64_t changed[NEMESIS_COUNT]; /* how often each changed an outcome */
    bool is_healed;
    uint64_t end_at;
    uint64_t healed_at;
    uint64_t took_ms; /* to converge */
    uint64_t interval_ms;
    uint32_t logs_max;       /* rows of a core's table */
    uint64_t records;        /* acknowledged */
    unsigned crash_permille; /* of commits */
};

/* --- world.c ----------------------------------------------------------- */

struct world *world_new(const struct world_options *options);
void world_free(struct world *world);

/* Gives how long a quiet peer is left alone. */
uint64_t world_ping_ms(const struct world *world);

/* Runs to the end. Returns the number of violations. */
uint64_t world_run(struct world *world);

/* Runs until nothing is left to do before UNTIL. */
void world_run_until(struct world *world, uint64_t until);

/* Lays a link between two nodes. */
struct link *world_link(struct world *world, uint32_t a, uint32_t b);

/* Says whether the nemesis is on and its time has not passed. */
bool world_has(const struct world *world, enum nemesis nemesis);

void world_trace(struct world *world, uint32_t node, const char *what,
                 const struct sg_log_id *log, uint64_t a, uint64_t b,
                 uint64_t c);

/* Seconds since 1970 by NODE's clock, right or wrong. */
uint64_t world_seconds(const struct world *world, const struct node *node);

void world_later(struct world *world, uint64_t delay_ms, enum queue_kind kind,
                 uint32_t node, uint64_t a, uint64_t b, void *pointer);

/* --- node.c: one node's process ---------------------------------------- */

void node_start(struct world *world, struct node *node);
void node_crash(struct world *world, struct node *node);
void node_tick(struct world *world, struct node *node, uint64_t generation);
/* Begins an event, all but what is special to its kind: to set all of one to
 * zero, 2 KB, for each message would take as long as much of the core. */
void node_event(struct sg_event *ret_event, enum sg_event_kind kind,
                uint32_t session);
/* Gives EVENT to the core and executes what follows. Leaves EVENT undefined. */
void node_step(struct world *world, struct node *node, struct sg_event *event);

/* NODE wants other payloads from now on. */
void node_want(struct world *world, struct node *node,
               enum sg_sync_payloads what);

/* --- store.c: its storage ---------------------------------------------- */

/* Returns false when power fails again meanwhile. */
bool store_open(struct world *world, struct node *node);
void store_submit(struct world *world, struct node *node, uint64_t count);
/* The same of reads of people's data. */
void store_audit(struct world *world, struct node *node, uint64_t count);
void store_append(struct world *world, struct node *node, uint8_t kind,
                  struct sg_bytes payload);
void store_commit(struct world *world, struct node *node);
void store_committed(struct world *world, struct node *node);
void store_write(struct world *world, struct node *node,
                 const struct sg_effect *effect);
void store_read(struct world *world, struct node *node,
                const struct sg_effect *effect);
/* Gives entries of LOG at once, as a READ would be answered. Errors: DAMAGED:
 * the first one has rotted; it is not held from now on. */
enum sg_err store_give(struct world *world, struct node *node,
                       struct disk_log *log, const struct sg_effect *effect,
                       struct sg_entry *entries, size_t *ret_count);
void store_readied(struct world *world, struct node *node, void *pointer);
void store_marked(struct world *world, struct node *node, bool of_commit);
/* Reads everything, as `sogoc verify` does: what has rotted is found. */
void store_scrub(struct world *world, struct node *node);
/* Power fails at this node, at whatever its storage is doing. */
void store_fail(struct world *world, struct node *node);
/* Closes the own log and begins a new one. */
void store_new_epoch(struct world *world, struct node *node);

/* --- net.c: links and connections --------------------------------------- */

void net_dial(struct world *world, struct node *node, uint32_t peer);
void net_dialled(struct world *world, struct node *node, uint64_t peer);
void net_open(struct world *world, struct connection *connection);
void net_send(struct world *world, struct node *node, uint32_t slot,
              enum sg_message_type type, struct sg_bytes body);
/* All connections end. */
void net_shut_all(struct world *world);
/* Ends the connection in SLOT: at once, or after what was sent has arrived. */
void net_close(struct world *world, struct node *node, uint32_t slot,
               bool at_once);
void net_deliver(struct world *world, struct delivery *delivery);
void net_free(enum queue_kind kind, void *pointer);
struct link *net_link(struct world *world, uint32_t a, uint32_t b);

#endif
