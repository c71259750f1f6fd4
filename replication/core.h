/* The inside of the sync core: what its parts share, and for nobody else
 * (sync.h is the core).
 *
 * The parts: sync.c takes events and hands them on; session.c is one session
 * from its handshake to its close; first.c puts the authority first; fetch.c
 * asks for what is lacking, serve.c gives what is asked for, gossip.c offers
 * what is new; forks.c, witness.c and dial.c do what they are called. They meet
 * in the structures here. Every pass over them has a named limit.
 *
 * How a step goes: its event is taken in, which makes a bounded number of
 * effects; then pumping hands out what waits, as far as the effects and their
 * memory reach; the rest waits for the next step.
 */
#ifndef SG_REPLICATION_CORE_H
#define SG_REPLICATION_CORE_H

#include "replication/close.h"
#include "replication/exchange.h"
#include "replication/flow.h"
#include "replication/holding.h"
#include "replication/log_table.h"
#include "replication/outbox.h"
#include "replication/package.h"
#include "replication/proof.h"
#include "replication/stage1.h"
#include "replication/sync.h"
#include "replication/trust.h"
#include "storage/base/prng.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

/* Memory of one step's effects: a package that came, the packages and messages
 * that go. */
#define SG_CORE_ARENA_SIZE (4u * SG_MESSAGE_SIZE_MAX)
/* Effects that pumping leaves to what cannot wait. */
#define SG_CORE_EFFECTS_SPARE 4u
/* Writes on their way to the store: packages of one entry under the credit of
 * all sessions are fewer. */
#define SG_CORE_WRITES_MAX 8192u
/* Logs being fetched at a time, by all sessions; and by one. */
#define SG_CORE_FETCHES_MAX       256u
#define SG_CORE_WANTS_SESSION_MAX 64u
/* Logs held in part that can be served all the same, of which each takes 4 KiB.
 */
#define SG_CORE_PARTIALS_MAX 256u
/* Claims of peers that are remembered over sessions. */
#define SG_CORE_PROMISES_MAX 4096u
/* Cuts and rotations that name forked logs, and are told by branch. */
#define SG_CORE_LINEAGES_MAX 64u
/* Peers that are remembered, the oldest memory goes first. */
#define SG_CORE_MEMORIES_MAX 1024u
/* Acknowledgements after one event; what is beyond is said with the next
 * commit, or asked for again. */
#define SG_CORE_ACKS_MAX 512u
/* Alarms waiting to be said; one more is counted and not said. */
#define SG_CORE_ALARMS_MAX 64u
/* Questions of a peer for proofs that wait for the store. */
#define SG_CORE_PROVES_MAX 64u
/* Logs that a peer did not deliver, which it is not asked for again until it
 * says more. */
#define SG_CORE_STOPPED_MAX 256u
/* Own wants of a session are so far apart: the numbers between are the peer's.
 */
#define SG_CORE_NUMBERS_STEP 2u
/* Statements that are known to have come before. */
#define SG_CORE_STATEMENTS_MAX 256u
/* Peers that were asked what this node once signed, in this process. */
#define SG_CORE_ASKED_MAX 256u
/* Nodes that misbehaved and wait to be let in again. */
#define SG_CORE_PENALTIES_MAX 256u

/* --- Sessions ---------------------------------------------------------- */

enum sg_core_state {
    SG_CORE_FREE,    /* no session */
    SG_CORE_JUDGING, /* the peer's certificate waits for the peer's chain, or
                      * an applicant for its answer */
    SG_CORE_READY,   /* own `ready` is said; the peer's is awaited */
    SG_CORE_LIMITED, /* stage 2 for the authority's logs alone */
    SG_CORE_OPEN,    /* stage 2 */
    SG_CORE_CLOSING, /* nothing more is taken; the close waits to be said */
};

/* Where the authority's logs stand in a session (PROTOCOL.md section 6). */
enum sg_core_gate {
    SG_CORE_GATE_TAG,    /* the peer's auth tag or first head message awaited */
    SG_CORE_GATE_LIST,   /* the peer's `authority` is awaited */
    SG_CORE_GATE_LOGS,   /* what it lists is fetched and judged */
    SG_CORE_GATE_PASSED, /* everything else is accepted */
};

/* What ties the held part of a log to its known checkpoint: partial.h. */
struct sg_core_partial {
    uint32_t log;  /* row */
    uint64_t used; /* for which goes first; 0: free */
    struct sg_frontier held;
    struct sg_package_stack stack;
};

/* What a session knows of the peer's side of a log. */
struct sg_core_peer_log {
    uint64_t held;     /* up to here the peer has it; 0: not known */
    uint64_t common;   /* largest size that both are known to know */
    uint64_t promised; /* the most that the peer ever claimed or signed */
    uint64_t offered;  /* of a log held in part: up to where it was claimed, and
                        * the peer has not asked for it since; 0: nowhere */
    uint64_t doubted;  /* it claimed less than so much, and was asked what it
                        * knows; 0: not */
    uint64_t shown;    /* the most that it proved to know */
    uint32_t n_asked;  /* questions with `prove` that it has not answered */
    uint32_t n_doubt;  /* of them, those up to the one about DOUBTED */
    uint32_t next;     /* in the list of pushes */
    bool is_known;     /* the peer knows the log */
    bool is_queued;
    bool is_filled;      /* the peer was asked for payloads */
    bool wants_fill;     /* the peer asked us for payloads */
    bool owes_claim;     /* and is to hear that some came since */
    bool is_rolled_back; /* the peer showed less than before */
    bool is_asked;       /* of an own log: what is signed beyond it was asked */
};

/* Logs with news for the peer, in order. */
struct sg_core_list {
    uint32_t first, last; /* SG_LOG_NONE: empty */
};

enum sg_core_push {
    SG_CORE_PUSH_AUTHORITY,
    SG_CORE_PUSH_RECORDS,
    SG_CORE_PUSH_LATER, /* audits, quarantined */
    SG_CORE_PUSHES,
};

/* A stream of packages to the peer: a want that is being served, or a push. */
enum sg_core_serve_kind {
    SG_CORE_SERVE_FREE,
    SG_CORE_SERVE_WANT,
    SG_CORE_SERVE_PUSH,
};

struct sg_core_serve {
    enum sg_core_serve_kind kind;
    uint64_t number; /* of the want; 0: pushed */
    uint32_t log;    /* row */
    uint64_t next;   /* first entry not sent */
    uint64_t end;
    struct sg_checkpoint toward;
    bool is_filling;
    bool is_branch;  /* of a forked log */
    bool is_fresh;   /* the next package: it brings its checkpoint too */
    bool is_sent;    /* all of it: `stored` is awaited */
    size_t small;    /* bytes that may go as small still; 0: it is not */
    uint64_t to;     /* the package now read ends before; 0: where it fits */
    size_t size;     /* of its payloads, at most */
    size_t body_max; /* of its body, unless one entry alone is larger */
};

/* An authority log in the peer's `authority`. */
struct sg_core_listed {
    struct sg_log_id id;
    struct sg_log_core core;
    uint64_t size;
    uint64_t short_by;
};

struct sg_core_want {
    uint64_t number;
    uint32_t fetch;
};

struct sg_core_session {
    /* Looked at in every step, of every session: one line of memory.
     * Something happened to it since it was pumped; when it is due if nothing
     * does; messages lie in the outbox that were given out. */
    enum sg_core_state state;
    bool stirs;
    bool has_given;
    uint64_t due_ms;
    struct sg_outbox *outbox;

    struct sg_sync *core;
    uint32_t number;
    uint64_t serial; /* never the same for two sessions */
    enum sg_sync_link link;
    bool is_initiator;
    uint32_t peer; /* of the configuration, or SG_SYNC_NONE */
    uint8_t node_key[SG_KEY_SIZE];
    struct sg_hello_payload received;
    struct sg_stage1 stage1; /* of all but bundles */
    bool is_judged; /* the certificate is the peer's: the node key is proved */
    uint64_t join_ticket; /* of an applicant's question; 0: none waits */
    enum sg_err close;    /* why it is being closed */
    /* What stage 1 has to say before the close; it lies there. */
    size_t n_farewells;
    struct sg_frame_message farewells[SG_STAGE1_MESSAGES_MAX];
    bool says_close;     /* the peer is told */
    uint64_t budget_ms;  /* when it may be dialled again; 0: at once */
    uint64_t closing_ms; /* since when; 0: from the next step on */

    struct sg_exchange *exchange;
    bool has_exchange; /* it was begun */
    bool is_equal;
    bool withholds;
    uint64_t equal_change; /* of the memory last written */
    uint64_t root_change;  /* own change number when `root` was sent last */

    enum sg_core_gate gate;
    bool has_listed; /* own `authority` was sent in this exchange */
    bool lists_own;  /* what is listed is own: the peer claimed nothing */
    struct sg_log_id unserved; /* the last log that the peer said to lack */
    bool lists_unknown; /* an item could not be judged: nothing is passed */
    size_t n_listed;
    struct sg_core_listed *listed; /* SG_AUTHORITY_LISTED_MAX */

    int64_t room;     /* of the transport; below 0 after a large message */
    int64_t reserved; /* of it, for the package in the making */
    struct sg_core_peer_log *logs; /* by row */
    struct sg_core_list pushes[SG_CORE_PUSHES];

    uint64_t next_number; /* of own wants: odd if this side dialled, else even,
                           * so that a `stop` means one want alone */
    size_t n_wants;
    struct sg_core_want wants[SG_CORE_WANTS_SESSION_MAX];
    uint32_t cursor; /* in the claims */
    bool scans;      /* claims are to be looked through */
    /* Logs whose wants ended since: of these alone there may be more. */
    size_t n_again;
    struct sg_log_id again[SG_CORE_WANTS_SESSION_MAX];
    size_t n_stopped;
    struct sg_log_ref stopped[SG_CORE_STOPPED_MAX];
    struct sg_credit credit; /* that the peer has */

    /* SG_OUTBOX_STREAMS_MAX: SG_WANTS_MAX for wants, then those for pushes. Of
     * either kind those from its top on were never used in this session. */
    struct sg_core_serve *serves;
    uint32_t wants_top, pushes_top;
    uint32_t n_serves; /* in use, and not all is sent */
    uint32_t n_sent;   /* of which `stored` is awaited */
    uint32_t n_pushes; /* of them */
    struct sg_flow_subscription subscription;
    struct sg_sync_wants filter; /* the same for READ effects */
    bool has_filter;

    uint64_t read_ticket; /* of the package in the making; 0: none is read */
    uint32_t read_slot;
    bool reads_partial; /* and then that is its partial */
    struct sg_core_partial read_partial;
    size_t n_doubts; /* logs of which less was claimed than promised */
    size_t n_proves; /* questions of the peer */
    struct sg_proof_question proves[SG_CORE_PROVES_MAX];
    uint64_t prove_ticket; /* of the first of them; 0: not asked yet */
    struct sg_checkpoint prove_toward;
    bool proves_partial;
    struct sg_core_partial prove_partial;

    /* Filling: rows before the cursor were looked at; one is in work, entries
     * before fill_next of it are done; of a window of them the leaves are in
     * core->fill_leaves, and a want asks for what is lacking in it. */
    uint32_t fill_cursor;
    bool fills; /* a row is in work */
    uint32_t fill_row;
    uint64_t fill_next, fill_to;
    uint64_t fill_first; /* of the window */
    size_t fill_count;
    uint8_t fill_lacks[SG_PACKAGE_ENTRIES_MAX / 8]; /* bits of the window */
    uint64_t fill_ticket; /* of the READ of a window; 0: none is read */
    uint64_t fill_number; /* of the want; 0: none */
    uint64_t fill_end;    /* and where it ends */
    uint64_t fill_ms;
    bool fill_again; /* the row's payloads came to the peer meanwhile */
    struct sg_flow_branches branches; /* that the peer named last */
    size_t branch_at;                 /* the item that is looked at */
    size_t n_late;                    /* logs whose `branches` came meanwhile */
    struct sg_log_ref late[SG_FORKED_LOGS_MAX];
    uint8_t branch_row;     /* against this row */
    uint64_t branch_ticket; /* 0: nothing is asked of the store */
    bool has_grown;         /* the item is this row, further on */
    uint8_t grown;
    bool is_grafted;         /* what the item has in common was looked for */
    struct sg_log_id missed; /* that the peer did not deliver */
    uint64_t missed_size;
    uint64_t missed_ms;    /* since when; 0: none */
    struct sg_log_id less; /* of which the peer keeps less than it stored */
    uint64_t less_size;
    uint64_t less_ms;          /* since when; 0: of none */
    struct sg_log_id compared; /* the peer's checkpoint is, with our tree */
    struct sg_checkpoint comparand;
    struct sg_checkpoint compare_toward;
    uint64_t compare_ticket;           /* 0: none */
    struct sg_holding_message holding; /* that is looked up */
    uint64_t holding_ticket;           /* 0: none */
    uint64_t dropped_notes;            /* for which there was no room */

    uint64_t opened_ms;
    uint64_t moved_ms;     /* something came or went */
    uint64_t quiet_ms;     /* since when nothing is fetched or served */
    uint64_t root_ms;      /* when anti-entropy is due */
    uint64_t said_root_ms; /* when own `root` was said last */
    uint64_t rooted_ms;    /* when the peer's last `root` was taken */
    bool has_late_root;
    uint8_t late_root[SG_HEAD_ROOT_SIZE + SG_HEAD_TAG_SIZE];
    bool awaits_pong;
    uint64_t sent, received_bytes;  /* messages */
    struct sg_sync_carried carried; /* of a bundle */
};

/* --- Fetching ---------------------------------------------------------- */

enum sg_core_fetch_state {
    SG_CORE_FETCH_FREE,
    SG_CORE_FETCH_FRONTIER, /* the store is asked for the frontier */
    SG_CORE_FETCH_PROVING,  /* `prove` was sent */
    SG_CORE_FETCH_WANTED,   /* `want` was sent, packages come */
    SG_CORE_FETCH_PUSHED,   /* a push is on its way to the store */
    SG_CORE_FETCH_ENDING,   /* nobody's; writes are under way */
    SG_CORE_FETCH_GRAFTED,  /* a branch begins with what another has: graft.h */
};

struct sg_core_fetch {
    enum sg_core_fetch_state state;
    uint64_t serial;
    uint32_t session; /* whose want it is; SG_SYNC_NONE */
    uint64_t number;
    uint64_t ticket; /* of the READ for the frontier */
    struct sg_log_id id;
    struct sg_log_core core;
    uint8_t branch;
    uint64_t toward; /* size of the checkpoint the packages prove; 0: unknown */
    uint32_t in_flight;
    uint64_t wanted_ms;
    uint64_t claimed; /* the peer serves it up to here; 0: it did not say so */
    uint64_t peer_known; /* and knows it up to here */
    bool is_branch;      /* of a forked log: wanted by its root */
    bool is_suspect; /* a package did not fold: the proof shows whose fault */
    bool has_said_stack; /* the want says that the stack is here */
    struct sg_package_receiver receiver;
    uint64_t noted_ticket; /* of the write with which NOTED is durable; 0: none
                            */
    struct sg_core_partial noted;
};

enum sg_core_graft_state {
    SG_CORE_GRAFT_NONE,
    SG_CORE_GRAFT_READING, /* the store is asked for the own frontier */
    SG_CORE_GRAFT_PROVING, /* the peer is asked for his */
    SG_CORE_GRAFT_COPYING, /* entries are read and written */
};

/* What a branch has in common with another: graft.h. */
struct sg_core_graft {
    enum sg_core_graft_state state;
    uint32_t session; /* of the peer who has the branch */
    uint64_t serial;
    uint32_t fetch; /* the branch's, which is nobody else's meanwhile */
    uint64_t fetch_serial;
    struct sg_log_id id;
    uint8_t source; /* the branch held here */
    struct sg_checkpoint toward;
    uint64_t low, high; /* up to LOW they are one, at HIGH they are not */
    uint64_t at;        /* where they are compared; then the end of the copy */
    uint64_t ticket;    /* of the READ; 0: none is out */
    uint64_t since_ms;
    struct sg_core_partial partial; /* at AT */
};

/* How much of each branch of a log is of the history with ROOT at SIZE:
 * lineage.h. */
struct sg_core_lineage {
    struct sg_log_id log;
    uint64_t size;
    struct sg_hash root;
    uint64_t
        held; /* entries of all branches when it was looked for; 0: never */
    uint64_t prefix[SG_BRANCHES_MAX];
};

enum sg_core_search_state {
    SG_CORE_SEARCH_NONE,
    SG_CORE_SEARCH_ROOT,   /* which branch has the root */
    SG_CORE_SEARCH_BRANCH, /* a frontier of another branch is read */
    SG_CORE_SEARCH_HOME,   /* and the same of the one that has it */
};

/* The search for one of them. */
struct sg_core_search {
    enum sg_core_search_state state;
    uint32_t lineage;
    uint8_t branch; /* looked at */
    uint8_t home;   /* the branch that has the root */
    uint64_t low;   /* up to here they are one */
    uint64_t at;    /* where they are compared */
    uint64_t ticket;
    uint64_t asked; /* size of the frontier that is read */
    uint64_t held;
    struct sg_hash frontier[SG_MERKLE_HASHES_MAX];
    uint64_t prefix[SG_BRANCHES_MAX];
};

/* --- Writes ------------------------------------------------------------ */

struct sg_core_write {
    uint64_t ticket;
    enum sg_effect_kind kind;
    bool is_refused;
    bool is_unwanted; /* refused, and not because it is there already */
    uint32_t fetch;   /* SG_SYNC_NONE: none */
    uint64_t fetch_serial;
    uint32_t session; /* from where it came */
    uint64_t session_serial;
    struct sg_log_id id;
    struct sg_log_core core;
    uint8_t branch;
    uint64_t held;
    struct sg_checkpoint known;
    uint64_t absent; /* payloads that did not come */
    size_t bytes;    /* of the message, for credit */
};

/* What a peer is to hear after a commit. */
struct sg_core_ack {
    uint32_t session;
    struct sg_flow_stored stored;
};

struct sg_core_alarm {
    enum sg_sync_alarm alarm;
    uint32_t session;
    struct sg_log_id log;
};

struct sg_core_memory {
    uint8_t node_key[SG_KEY_SIZE];
    uint8_t database_tag[SG_HELLO_TAG_SIZE];
    uint64_t change;
    uint64_t used; /* for which goes first; 0: free */
};

/* An authority log's way into the authority's state. */
struct sg_core_judged {
    uint32_t log; /* row */
    uint64_t upto;
    uint64_t erased_upto; /* orders before it were given to the store */
    uint32_t erased_skip; /* and so many entries of the one at it */
    bool erases_again;    /* one of them is on its way to the disk */
    bool is_stuck;        /* it could not be read */
};

struct sg_core_peer_key {
    uint8_t bytes[SG_KEY_SIZE];
};

/* A configured peer. */
struct sg_core_peer {
    struct sg_sync_peer config;
    bool is_dialling;
    bool has_key; /* it was seen once */
    uint8_t node_key[SG_KEY_SIZE];
    uint32_t session;
    struct sg_budget budget;
    uint64_t dial_ms; /* not before */
    uint64_t backoff_ms;
};

/* What the core notes of a log beside its row in the table. */
struct sg_core_row {
    uint64_t absent;          /* payloads not held */
    bool is_refilled;         /* some came; nobody was told yet */
    uint32_t filling;         /* writes of payloads that are not durable */
    uint64_t said_ms;         /* when its holding was said last; 0: never */
    uint64_t central_held;    /* what a central node last said to hold */
    struct sg_key_id central; /* and which */
    uint32_t partial;         /* place in the partials and 1; 0: none */
    uint64_t asked_ms;        /* when a peer was asked for another branch */
    bool is_due;              /* its holding is to be said */
    uint32_t next;            /* in that list */
};

/* A fork proof, to be shown to whoever lacks it. */
struct sg_core_proof {
    struct sg_log_id log;
    size_t size;
    uint8_t bytes[SG_FORK_SIZE_MAX];
};

/* What one writer has brought here since the start. */
struct sg_core_writer {
    uint8_t node_key[SG_KEY_SIZE];
    bool is_used;
    uint64_t size; /* bytes of packages */
    uint64_t day;  /* of them in the day that began at day_ms */
    uint64_t day_ms;
    uint64_t later_ms; /* until when his entries wait at priority 4 */
};

/* The most that a peer claimed of a log, or said to hold. */
struct sg_core_promise {
    uint8_t node_key[SG_KEY_SIZE];
    uint32_t log;  /* row */
    uint64_t size; /* 0: free */
};

struct sg_core_penalty {
    uint8_t node_key[SG_KEY_SIZE];
    uint64_t until_ms; /* 0: free */
    uint64_t wait_ms;
};

struct sg_sync {
    struct sg_sync_config config;
    struct sg_entry_hasher hasher;
    struct sg_certificate certificate; /* own; only if HAS_CERTIFICATE */
    bool has_certificate;
    uint8_t node_key[SG_KEY_SIZE]; /* own */
    struct sg_prng prng;
    struct sg_log_table *table;
    struct sg_trust *trust;
    struct sg_exchange_room *room;
    bool is_stepping;
    bool is_started;
    bool is_full;
    bool is_stopping;
    bool is_revoked;
    bool is_inviting; /* applicants are heard */
    uint64_t now_ms;
    uint64_t seconds;
    uint64_t heartbeat_ms; /* when the floor last rose */

    struct sg_effects *effects; /* of this step */
    uint8_t *arena;
    struct sg_hash *fill_leaves; /* a window of them for each session */
    size_t arena_used;
    struct sg_package_body *body; /* of the package now taken or made */

    uint64_t ticket;              /* last given */
    struct sg_core_write *writes; /* a ring */
    size_t first_write, n_writes;
    size_t n_acks;
    struct sg_core_ack acks[SG_CORE_ACKS_MAX];
    size_t n_alarms;
    struct sg_core_alarm alarms[SG_CORE_ALARMS_MAX];

    uint64_t serial; /* last given, to sessions and fetches */
    struct sg_core_session *sessions;
    uint32_t top;                  /* sessions from here on were never used */
    struct sg_core_fetch *fetches; /* SG_CORE_FETCHES_MAX */
    size_t fetches_top;            /* those from here on are free */
    bool lacks_fetches; /* a session waits for one of them to be free */
    struct sg_core_partial *partials; /* SG_CORE_PARTIALS_MAX */
    struct sg_core_promise *promises; /* SG_CORE_PROMISES_MAX */
    struct sg_core_graft graft;
    struct sg_core_lineage *lineages; /* SG_CORE_LINEAGES_MAX */
    size_t n_lineages;
    struct sg_core_search search;
    struct sg_core_memory *memories;
    struct sg_core_peer *peers;
    struct sg_core_penalty *penalties;
    struct sg_core_writer *writers; /* a hash table of WRITERS_MAX */
    uint32_t writers_max;
    struct sg_core_row *rows; /* logs_max */
    struct sg_core_list due_now, due_later;
    size_t n_seen; /* statements, ever */
    struct sg_hash seen[SG_CORE_STATEMENTS_MAX];
    size_t n_proofs;
    struct sg_core_proof *proofs; /* SG_FORKED_LOGS_MAX */
    size_t n_asked;               /* ever */
    struct sg_core_peer_key asked[SG_CORE_ASKED_MAX];
    struct sg_budget no_budget; /* of callers */
    uint32_t turn;              /* session that is pumped first */

    size_t n_judged;
    struct sg_core_judged judged[SG_AUTHORITY_LISTED_MAX];
    bool was_judged; /* all that was held at the start */
    bool is_judging; /* a READ is out */
    bool is_erasing; /* it is for orders to erase */
    uint64_t judge_ticket;
    size_t judge_at;
    bool says_judged;

    struct sg_log_id behind; /* own log of which BEHIND was said last */
    uint64_t behind_size;
    struct sg_sync_wants wants; /* own subscription */
    bool has_wants;
    struct sg_sync_counts counts;
};

/* --- core.c ------------------------------------------------------------ */

/* Says whether N more effects may be made while pumping. */
bool sg_core_has_effects(const struct sg_sync *core, size_t n);

/* Gives the next effect, zeroed but for its kind. */
struct sg_effect *sg_core_effect(struct sg_sync *core,
                                 enum sg_effect_kind kind);

/* Gives SIZE bytes that live until the next step; NULL when no more are left.
 */
void *sg_core_memory(struct sg_sync *core, size_t size);

/* Gives the place of a write that is about to be asked for, with its ticket;
 * NULL when too many are on their way. */
struct sg_core_write *sg_core_begin_write(struct sg_sync *core,
                                          enum sg_effect_kind kind);

/* Notes an alarm, to be said when there is room. */
void sg_core_say(struct sg_sync *core, enum sg_sync_alarm alarm,
                 uint32_t session, const struct sg_log_id *log);

/* Returns the number of SESSION's next own want, which is then taken. */
uint64_t sg_core_number(struct sg_core_session *session);

/* Puts a message of priority 0 or 1 into SESSION's outbox. A peer who does not
 * take what he asked for is closed: SLOW. */
void sg_core_post(struct sg_core_session *session, unsigned priority,
                  enum sg_message_type type, struct sg_bytes body);

/* The same with what WRITER holds, which is whole. */
void sg_core_post_written(struct sg_core_session *session, unsigned priority,
                          enum sg_message_type type,
                          const struct sg_writer *writer);

/* Sends a message now, whose body is the arena's or is copied there. False when
 * this step has no memory for it. */
bool sg_core_send(struct sg_sync *core, struct sg_core_session *session,
                  enum sg_message_type type, struct sg_bytes body);

/* Gives the session with NUMBER and SERIAL, if it is still there. */
struct sg_core_session *sg_core_session(struct sg_sync *core, uint32_t number,
                                        uint64_t serial);

/* Says whether a certificate of NODE_KEY is known here. */
bool sg_core_knows(const struct sg_sync *core,
                   const uint8_t node_key[SG_KEY_SIZE]);

/* Gives the log as package.h wants it. */
struct sg_package_log sg_core_package_log(const struct sg_sync *core,
                                          const struct sg_log_id *id,
                                          const struct sg_log_core *log);

#endif
