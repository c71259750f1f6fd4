/* The sync core: one node's side of replication, without I/O (DESIGN.md D7).
 *
 *     sg_sync_step(core, event, effects)
 *
 * Everything that happens to a node comes in as an event; everything it wants
 * done goes out as effects, to be executed in their order. The core reads no
 * clock, draws no random number, opens no file or socket and calls nobody. It
 * holds heads, not payloads. So the daemon, the bundle tool, the fuzzer and the
 * simulator run the same code, and a run can be repeated to the byte.
 *
 * What is around it: the driver (node/, tests/sim). It moves whole messages
 * (channel.h makes them of bytes), owns the store and the clock, and answers
 * READ and WRITE effects with events. What the messages say is PROTOCOL.md.
 *
 * Ownership: event memory is borrowed until step returns; effect memory is the
 * core's and valid until the next step. Memory is taken at creation only.
 * Context: one thread; step is not entered twice (asserted).
 *
 * Durable before visible: a head is claimed, served, pushed or acknowledged
 * only after the event that says it is durable (HEAD, or STORED of its ticket).
 * An effect that needs an earlier one to be done comes after it.
 */
#ifndef SG_REPLICATION_SYNC_H
#define SG_REPLICATION_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/frame.h"
#include "replication/hello.h"
#include "replication/join.h"
#include "replication/trust.h"
#include "storage/base/bytes.h"
#include "storage/base/crypto.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/mono.h"
#include "storage/log/checkpoint.h"
#include "storage/log/entry.h"
#include "storage/log/fork.h"
#include "storage/log/key_id.h"
#include "storage/log/merkle.h"

struct sg_sync;

/* A session or a peer that there is not. */
#define SG_SYNC_NONE UINT32_MAX

/* --- Making one -------------------------------------------------------- */

/* How to treat one configured peer. The driver knows its address; the core
 * knows it by its place in the configuration. */
struct sg_sync_peer {
    bool dial;     /* this node opens the connection */
    bool metered;  /* anti-entropy every 10 min, not every 30 s */
    uint64_t hour; /* bytes an hour in both directions; 0: no budget */
    uint64_t day;  /* bytes a day; 0: no budget */
};

struct sg_sync_config {
    struct sg_registry_id registry;
    const struct sg_sign_key *key; /* node key; borrowed as long as the core */
    uint8_t certificate[SG_CERTIFICATE_SIZE]; /* zeros: a node not admitted */
    uint8_t database[16];                     /* its id; 4 bytes travel */
    uint8_t seed[SG_KEY_SIZE]; /* of jitter and choices, nothing secret */

    /* Whom to believe: the body of a `chain` message from the genesis on, as it
     * was shown when the node joined; borrowed for the call. Empty: a node that
     * believes nobody, and judges no peer. And the time floor as it was kept
     * (sg_trust_floor after each JUDGED effect). */
    struct sg_bytes chain;
    struct sg_trust_floor floor;
    const struct sg_trust_limits *trust_limits; /* NULL: of a province */

    /* What is ours to decide (0: the default in brackets). */
    uint32_t sessions_max; /* [SG_PEERS_MAX] */
    uint32_t logs_max;     /* [16,384; at most SG_LOGS_MAX] */
    uint32_t claims_max;   /* a session [logs_max; at most SG_HEADS_MAX] */
    /* Logs whose frontier is in memory, 2 KiB each; of others it is read when
     * they grow [logs_max, and at most that]. */
    uint32_t frontiers_max;
    uint64_t interval_ms; /* anti-entropy [30,000] */
    uint64_t metered_ms;  /* the same on metered links [600,000] */
    uint64_t ping_ms; /* quiet for so long: ping [60,000; at most 900,000] */
    uint64_t writer_size_max; /* bytes kept of one writer [4 GiB] */
    uint64_t writer_day_max;  /* a day, then he waits at priority 4 [256 MiB] */
    bool cosigns;             /* a central node: cosigns what it stores */

    const struct sg_sync_peer *peers; /* borrowed for the call */
    size_t n_peers;                   /* at most SG_PEERS_MAX */
};

/* Makes a core that knows nothing yet: give it the store's logs by HEAD events,
 * its memories of peers by MEMORY events, then START. Takes all memory that it
 * will ever use. Caller frees. Errors: NOMEM, INVALID. */
SG_USE_RESULT enum sg_err sg_sync_new(const struct sg_sync_config *config,
                                      struct sg_sync **ret_core);

/* Frees; takes NULL. */
void sg_sync_free(struct sg_sync *core);

/* --- Events ------------------------------------------------------------ */

enum sg_event_kind {
    SG_EVENT_TICK,    /* time passed; also: go on after effects->more */
    SG_EVENT_START,   /* all HEAD and MEMORY events of the store are in */
    SG_EVENT_HEAD,    /* a log of the store: at start, and whenever the driver
                       * itself changed one durably: own entries, a new epoch */
    SG_EVENT_MEMORY,  /* a row of the store's memory of peers, at start */
    SG_EVENT_PROOF,   /* a fork proof of the store, at start */
    SG_EVENT_STORED,  /* all WRITE effects up to a ticket are durable */
    SG_EVENT_REFUSED, /* the store did not take one WRITE effect */
    SG_EVENT_FULL, /* the store takes no ordinary writes now, or again does */
    SG_EVENT_READ, /* the answer to a READ effect */
    SG_EVENT_OPEN, /* a handshake is complete: a session begins */
    SG_EVENT_MESSAGE,   /* a whole message came */
    SG_EVENT_ROOM,      /* the transport takes so many bytes more */
    SG_EVENT_SHUT,      /* a session's connection ended, not by CLOSE */
    SG_EVENT_UNDIALLED, /* a DIAL effect came to nothing */
    SG_EVENT_WANTS,     /* what payloads of others this node wants */
    SG_EVENT_INVITES,   /* applicants are heard from now on, or no more; at the
                         * beginning they are not (close code 3) */
    SG_EVENT_JOINED,    /* the answer to a JOIN effect */
    SG_EVENT_STOP,      /* the node is stopping: close every session (11) */
};

/* How a session came to be. */
enum sg_sync_link {
    SG_SYNC_INITIATOR,
    SG_SYNC_RESPONDER,
    SG_SYNC_BUNDLE, /* messages of a bundle; nothing can be sent */
};

/* Which sealed payloads of others are wanted here (`subscribe`). */
enum sg_sync_payloads {
    SG_SYNC_PAYLOADS_NONE,
    SG_SYNC_PAYLOADS_ALL,
    SG_SYNC_PAYLOADS_SCOPES, /* what a listed scope can read */
};

struct sg_sync_wants {
    enum sg_sync_payloads records;
    enum sg_sync_payloads audits;
    size_t n_scopes;              /* at most SG_SUBSCRIBE_SCOPES_MAX */
    struct sg_key_id scopes[256]; /* scope key ids, ascending */
};

/* A log as the store has it. */
struct sg_sync_head {
    struct sg_log_core core;
    uint8_t branch;              /* 0: as first seen */
    bool is_own;                 /* this node writes it and has not closed it */
    bool is_forked;              /* a fork proof is stored */
    struct sg_checkpoint known;  /* size 0: none yet */
    struct sg_frontier frontier; /* its size is what is held */
    uint64_t absent;             /* payloads not held */
    uint64_t change;             /* change number of the last change */
};

struct sg_event {
    enum sg_event_kind kind;
    uint64_t now_ms;  /* monotonic, never less than before */
    uint64_t seconds; /* since 1970 by this node's clock: for display only */
    uint64_t change;  /* STORED: the store's largest change number; 0: none */
    /* OPEN, MESSAGE, ROOM, SHUT: the driver's number for it, below
     * sessions_max, free before OPEN and after SHUT or CLOSE. */
    uint32_t session;
    union {
        struct sg_sync_head head;
        struct {
            uint8_t node_key[SG_KEY_SIZE];
            uint8_t database_tag[SG_HELLO_TAG_SIZE];
            uint64_t change;
        } memory;
        struct sg_bytes proof;
        uint64_t stored; /* ticket */
        struct {
            uint64_t ticket;
            enum sg_err err; /* EXISTS, STATE, FORK, FULL, ...: batch.h */
        } refused;
        bool is_full;
        struct {
            uint64_t ticket; /* of the READ effect */
            enum sg_err err; /* DAMAGED, NOTFOUND: nothing below */
            uint64_t first;
            size_t count;
            const struct sg_entry
                *entries; /* payloads as the filter left them */
            const struct sg_hash *hashes;
            size_t hash_count;
        } read;
        struct {
            enum sg_sync_link link;
            uint32_t peer; /* that was dialled; SG_SYNC_NONE: a caller */
            struct sg_hello_payload sent; /* own payload, from sg_sync_greet */
            struct sg_hello_payload received;
            struct sg_hash handshake; /* its hash, binds a join request */
            /* The peer's static key, as the handshake proved it: an applicant's
             * request must be of it. */
            uint8_t remote_static[SG_KEY_SIZE];
        } open;
        struct sg_frame_message message;
        /* Bytes of bodies. Messages are sent while there is room left, so that
         * the last one may exceed it, by SG_MESSAGE_SIZE_MAX at most. 0 at
         * OPEN; what was sent is given back when it has left. */
        size_t room;
        enum sg_err shut;   /* why, for the record */
        uint32_t undialled; /* peer */
        struct sg_sync_wants wants;
        bool is_inviting;
        /* Late or never is no fault: the applicant is closed with SLOW after
         * SG_STAGE1_MS_MAX, and an answer that finds nobody is dropped. */
        struct {
            uint64_t ticket; /* of the JOIN effect */
            enum sg_join_answer answer;
            uint8_t certificate[SG_CERTIFICATE_SIZE]; /* ADMITTED only */
        } joined;
    };
};

/* --- Effects ----------------------------------------------------------- */

enum sg_effect_kind {
    SG_EFFECT_SEND,  /* a message for a session, within the room it gave */
    SG_EFFECT_CLOSE, /* close it after what was sent; its number is free, and no
                      * event of it follows */
    SG_EFFECT_READ,
    /* Writes. Each has a ticket, ascending; the driver commits them in order,
     * many together if it likes, and says STORED, or REFUSED for one. */
    SG_EFFECT_WRITE_PACKAGE,   /* verified entries for the end of a log */
    SG_EFFECT_WRITE_KNOWN,     /* a newer verified checkpoint */
    SG_EFFECT_WRITE_FILL,      /* verified payloads of entries held without */
    SG_EFFECT_WRITE_FORK,      /* a fork proof: mark the log, keep the proof */
    SG_EFFECT_WRITE_ERASE,     /* an erasure order reaches a held payload */
    SG_EFFECT_WRITE_MEMORY,    /* of a peer: as in the MEMORY event */
    SG_EFFECT_WRITE_STATEMENT, /* cosignature, holding, statement to keep */
    SG_EFFECT_DIAL,            /* dial this peer now */
    SG_EFFECT_JUDGED, /* authority state changed: cuts, floor, officers */
    SG_EFFECT_BEHIND, /* a peer holds own entries that this store lacks: close
                       * the own log and begin a new epoch (FORMAT.md 8) */
    SG_EFFECT_ALARM,  /* for officers: shown, counted */
    SG_EFFECT_JOIN,   /* an applicant asks to be admitted: answer with JOINED */
};

enum sg_sync_alarm {
    SG_SYNC_ALARM_FORK,      /* of LOG */
    SG_SYNC_ALARM_OWN_FORK,  /* LOG is our own: new epoch, re-file */
    SG_SYNC_ALARM_ROLLBACK,  /* SESSION's peer offers less of LOG than before */
    SG_SYNC_ALARM_WITHHOLDS, /* SESSION's peer does not deliver LOG */
    SG_SYNC_ALARM_QUOTA,     /* LOG's writer is beyond his quota */
    SG_SYNC_ALARM_EPOCHS,    /* LOG's writer opened more than he may */
    SG_SYNC_ALARM_REVOKED,   /* this node was revoked */
    SG_SYNC_ALARM_PROOF,     /* SESSION's peer sent what its proof denies */
    SG_SYNC_ALARM_QUARANTINE, /* entries of LOG above a cut arrived */
    SG_SYNC_ALARM_DAMAGED,    /* LOG could not be read here: repair it */
};

struct sg_effect {
    enum sg_effect_kind kind;
    uint32_t session;
    uint64_t ticket;      /* READ, WRITE, JOIN */
    struct sg_log_id log; /* READ, WRITE, ALARM */
    uint8_t branch;
    bool uses_reserve; /* WRITE: also below the store's reserve (batch.h) */
    union {
        struct {
            enum sg_message_type type;
            struct sg_bytes body;
        } send;
        enum sg_err close; /* 300 + close code of PROTOCOL.md 18, or SG_OK */
        /* Entries [first, end) with end <= to, as many as size_max bytes of
         * payloads allow, at least one; never across a multiple of 256 unless
         * IS_JUDGED. With PROVE_TO > 0 the hashes of
         * sg_merkle_plan_extension(end, sg_package_reach(...)), see package.h:
         * to PROVE_TO if IS_FRESH; but no further than HELD, for beyond it the
         * core has them. FRONTIER asks for the frontier at FIRST first, then
         * those; then no entries are wanted (FIRST == TO). */
        struct {
            uint64_t first;
            uint64_t to;
            size_t size_max;
            uint64_t prove_to;
            uint64_t held;
            bool is_fresh;
            bool frontier;
            bool is_judged; /* for the core itself, not for a peer */
            const struct sg_sync_wants *filter; /* NULL: all payloads */
        } read;
        struct {
            struct sg_log_core core; /* a new log is introduced by it */
            uint64_t first;
            const struct sg_entry *entries;
            size_t count;
            struct sg_checkpoint known;
            const struct sg_hash *cover; /* of sg_batch_package */
            size_t cover_count;
        } package; /* FILL: without known and cover */
        struct {
            struct sg_log_core core;
            struct sg_checkpoint checkpoint;
        } known;               /* BEHIND too */
        struct sg_bytes proof; /* FORK: encoded; STATEMENT: type in send form */
        struct {
            uint64_t index;
            uint8_t order[16];
        } erase;
        struct {
            uint8_t node_key[SG_KEY_SIZE];
            uint8_t database_tag[SG_HELLO_TAG_SIZE];
            uint64_t change;
        } memory;
        struct {
            enum sg_message_type type;
            struct sg_bytes bytes; /* whole, as PROTOCOL.md 13 signs it */
        } statement;
        uint32_t dial; /* peer */
        enum sg_sync_alarm alarm;
        /* REQUEST is signed by its node key, and its transport key is the
         * session's. Whether the invite is known here is the driver's to say:
         * PROOF is sg_join_proof(registry, secret, &handshake, bytes, ...) of
         * the right one. */
        struct {
            struct sg_join_request request;
            uint8_t bytes[SG_JOIN_REQUEST_SIZE]; /* of it, as signed */
            uint8_t proof[SG_JOIN_PROOF_SIZE];
            struct sg_hash handshake;
        } join;
    };
};

/* Effects of one step at most; the rest comes with the next one. */
#define SG_EFFECTS_MAX 64u

struct sg_effects {
    size_t count;
    bool more; /* step again at once, with SG_EVENT_TICK if nothing else is */
    struct sg_effect items[SG_EFFECTS_MAX];
};

/* Takes EVENT in and gives what follows from it. A peer's misbehaviour is no
 * error: it becomes a CLOSE effect. Errors: INVALID (an event that cannot be:
 * an unknown session or ticket, time going back; nothing changed). */
SG_USE_RESULT enum sg_err sg_sync_step(struct sg_sync *core,
                                       const struct sg_event *event,
                                       struct sg_effects *ret_effects);

/* When a TICK is due if nothing happens before: ms of now_ms; UINT64_MAX:
 * never. */
uint64_t sg_sync_deadline(const struct sg_sync *core);

/* Gives the payload for handshake message 2 (PEER is NULL) or 3 (PEER is what
 * message 2 said). */
void sg_sync_greet(const struct sg_sync *core,
                   const struct sg_hello_payload *peer,
                   struct sg_hello_payload *ret_payload);

/* --- Looking in -------------------------------------------------------- */

/* What came of a bundle's messages. */
struct sg_sync_carried {
    uint64_t taken;   /* entries handed to the store */
    uint64_t missed;  /* messages that cannot be taken now, but perhaps after
                       * others, or when writes are durable; refused writes */
    uint64_t refused; /* messages that are wrong */
    bool is_gated;    /* the authority's logs that it lists are awaited */
};

/* What is known of a session, for `sogoc peers` and the checkers. */
struct sg_sync_session_view {
    uint8_t node_key[SG_KEY_SIZE];
    bool in_stage2;
    bool is_equal; /* the last roots compared were equal */
    bool withholds;
    bool settles; /* writes of it are under way, or the authority's entries wait
                   * to be judged: before a bundle goes on from the authority
                   * to other logs, wait until not */
    uint64_t sent, received; /* message bytes */
    uint64_t wants;          /* logs being fetched */
    size_t queued;           /* bytes in queues for it */
    struct sg_sync_carried carried;
};

/* Fills RET_VIEW. Errors: NOTFOUND. */
SG_USE_RESULT enum sg_err sg_sync_session(
    const struct sg_sync *core, uint32_t session,
    struct sg_sync_session_view *ret_view);

/* Counts since creation; every refusal has one. */
struct sg_sync_counts {
    uint64_t packages, entries, duplicates, pushes;
    uint64_t refused_proof, refused_limit, refused_malformed, refused_quota;
    uint64_t forks, closes, dials, quarantined, unknown_messages;
    uint64_t refused_statements; /* of the authority's logs: never count */
    uint64_t unknown_writers;    /* logs of keys without a certificate here */
};
void sg_sync_count(const struct sg_sync *core, struct sg_sync_counts *ret);

/* Gives what is believed here: floor, nodes, quarantine, position. Borrows:
 * until the next step. */
const struct sg_trust *sg_sync_trust(const struct sg_sync *core);

/* Gives the head root over all known checkpoints (PROTOCOL.md 7). */
struct sg_hash sg_sync_root(const struct sg_sync *core);

/* Says up to which size entries of LOG count: those above are quarantined.
 * UINT64_MAX: no cut. */
uint64_t sg_sync_cut(const struct sg_sync *core, const struct sg_log_id *log);

#endif
