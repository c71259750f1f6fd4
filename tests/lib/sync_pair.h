/* Sync cores with a driver around them that keeps everything in memory: a few
 * nodes of one registry, their stores, and messages that arrive one by one.
 *
 * Node 0 is the authority; its log has the genesis and everybody's node_admit.
 * Every node has an own log, whose entries after the opening are plain. A write
 * is durable when the driver commits it, which it does when no message is left
 * to deliver. It is not the simulator: nothing goes wrong here unless the test
 * makes it.
 */
#ifndef SG_TESTS_LIB_SYNC_PAIR_H
#define SG_TESTS_LIB_SYNC_PAIR_H

#include "replication/sync.h"
#include "tests/lib/trust.h"

#define PAIR_NODES_MAX    5
#define PAIR_LOGS_MAX     32
#define PAIR_SESSIONS_MAX 8
#define PAIR_WRITES_MAX   512
#define PAIR_ALARMS_MAX   64

/* A log in a store. */
struct pair_log {
    struct sg_log_core core;
    struct sg_log_id id;
    uint8_t branch;
    bool is_own;
    bool is_forked;
    size_t proof_size; /* of its fork */
    uint8_t proof[SG_FORK_SIZE_MAX];
    struct sg_checkpoint known;
    struct sg_frontier frontier;
    size_t room;
    struct sg_entry *entries; /* with payloads of their own */
    struct sg_hash *leaves;
    uint64_t change;
};

/* The other end of a session. */
struct pair_end {
    bool is_open;
    uint32_t node;
    uint32_t session;
};

struct pair_message {
    uint32_t node, session; /* to whom */
    bool is_end;            /* the connection ends here */
    enum sg_message_type type;
    size_t size;
    uint8_t *body;
    struct pair_message *next;
};

struct pair_node {
    struct sg_sign_key key;
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_sync *core;
    struct pair_end ends[PAIR_SESSIONS_MAX];
    size_t n_logs;
    struct pair_log logs[PAIR_LOGS_MAX];
    uint64_t changes;
    size_t n_writes;
    struct sg_effect writes[PAIR_WRITES_MAX]; /* deep copies */
    size_t n_reads;
    struct sg_effect reads[64];
    struct sg_sync_wants filters[64];
    bool has_memory;
    struct sg_event memory;
    bool holds_commits; /* the disk is slow: nothing becomes durable */
    bool refuses;       /* the next commit refuses its first write */
    bool refuses_all;   /* and every other, until it is told otherwise */
    size_t n_alarms;
    struct sg_effect alarms[PAIR_ALARMS_MAX];
    size_t n_judged, n_dials, n_behind, n_statements;
    enum sg_err closed; /* why the last session here was closed by the core */
    size_t n_closed;
    size_t sent[256]; /* messages by type */
    size_t bytes;     /* of bodies sent */
};

struct pair_net;

/* Sees every message before it is delivered; may change its body. False: it is
 * lost. */
typedef bool pair_filter(struct pair_net *net, struct pair_message *message);

struct pair_net {
    struct trust_world world;
    uint64_t now_ms;
    size_t n_nodes;
    struct pair_node *nodes;
    struct pair_message *first, **last;
    pair_filter *filter;
    void *context;
    uint64_t interval_ms;
    const struct sg_sync_peer *peers; /* of every node: whom it dials */
    size_t n_peers;
    uint64_t writer_size_max; /* of every node; 0: as ever */
    uint64_t serial;          /* of the authority's next statement */
};

/* Founds a registry of N nodes and starts their cores; node I's role is
 * ROLES[I] (NULL: the authority, then districts). */
void pair_new(struct pair_net *net, size_t n,
              const enum sg_certificate_role *roles);

/* Frees all of NET; and demands that nothing else is left either. */
void pair_clear(struct pair_net *net);
void pair_free(struct pair_net *net);

/* Starts NODE's core anew from its store; its sessions are gone. */
void pair_restart(struct pair_net *net, size_t node);

/* Gives EVENT to NODE's core and does what follows at once. */
void pair_step(struct pair_net *net, size_t node, struct sg_event *event);

/* Connects A, who dials, with B, on the session numbers that are free. */
void pair_connect(struct pair_net *net, size_t a, size_t b);

/* Cuts all connections of A and B, at once on both sides. */
void pair_cut(struct pair_net *net, size_t a, size_t b);

/* Delivers, commits and lets MS pass, a little at a time. */
void pair_run(struct pair_net *net, uint64_t ms);

/* Appends COUNT plain entries to NODE's own log; one PAYLOAD. */
void pair_append(struct pair_net *net, size_t node, size_t count);
void pair_write(struct pair_net *net, size_t node, struct sg_bytes payload);

/* Begins another own log of NODE (a new epoch); the old one is closed. */
struct pair_log *pair_epoch(struct pair_net *net, size_t node, uint8_t epoch);

/* Takes NODE's own log back to SIZE entries and writes COUNT other ones: as a
 * restored backup would. Its core starts anew. */
void pair_fork(struct pair_net *net, size_t node, uint64_t size, size_t count);

/* Takes LOG out of NODE's store, which then has an older backup. */
void pair_forget(struct pair_net *net, size_t node,
                 const struct sg_log_id *log);

/* Takes LOG's entries from SIZE on out of its store, which still knows of them:
 * a fetch that a crash cut short. */
void pair_shorten(struct pair_log *log, uint64_t size);

/* Gives NODE's own log; what NODE has of LOG, NULL if nothing. */
struct pair_log *pair_own(struct pair_net *net, size_t node);
struct pair_log *pair_find(struct pair_net *net, size_t node,
                           const struct sg_log_id *id);
struct pair_log *pair_branch(struct pair_net *net, size_t node,
                             const struct sg_log_id *id, uint8_t branch);

/* Says how much NODE holds of OF's own log. */
uint64_t pair_held(struct pair_net *net, size_t node, size_t of);

/* Demands that all nodes hold the same of every log, roots and payloads. */
void pair_assert_equal(struct pair_net *net);

/* Counts NODE's alarms of one kind. */
size_t pair_alarms(const struct pair_net *net, size_t node,
                   enum sg_sync_alarm alarm);

/* --- Between sync_pair.c and sync_pair_store.c ---------------------------- */

void *pair_must(void *memory);
uint8_t *pair_copy(const void *bytes, size_t size);

/* Writes the HEAD event of LOG. */
void pair_head(const struct pair_log *log, struct sg_event *ret);

/* Signs NODE's own LOG as it is, and tells the core. */
void pair_sign(struct pair_net *net, size_t node, struct pair_log *log);
void pair_append_plain(struct pair_net *net, struct pair_log *log, uint8_t kind,
                       struct sg_bytes payload);

/* Keeps a write until it is committed; what it points to is copied. */
void pair_keep_write(struct pair_node *at, const struct sg_effect *effect);
void pair_free_write(struct sg_effect *write);
void pair_free_log(struct pair_log *log);

/* Commits what waits; answers one READ. False: there was none. */
bool pair_commit(struct pair_net *net, size_t node);
bool pair_read(struct pair_net *net, size_t node);

#endif
