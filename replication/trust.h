/* The authority's state, as far as replication needs it: roots, certificates,
 * cuts, the time floor and erasure orders.
 *
 * RECORDS.md 6.1 to 6.4 and 6.9, PROTOCOL.md sections 3, 5 and 6. The state is
 * a function of the *set* of statements given, from any log and any branch, in
 * any order and any number of times: statements are added, then judged anew all
 * together. So what comes before the thing it needs is simply kept, and counts
 * when that has come.
 *
 *     for each entry of an authority log that became durable:
 *         err = sg_trust_add(trust, &place, payload);  // counted
 *     sg_trust_held(trust, &log, branch, size);
 *     if (sg_trust_judge(trust))
 *         ...judge the peers again, show what changed...
 *
 * All questions are answered as of the last sg_trust_judge.
 *
 * What it is not: it does not decide roles of officers, units or tables, which
 * are the registry's; it does not fetch, store or forget entries. Texts in
 * statements are checked to be UTF-8, not Unicode 15: only a root's signature
 * brings one here, and nothing is decided by a text.
 *
 * Memory is taken once, at creation, from the configured maxima. What does not
 * fit is dropped and counted, deny statements last; the caller adds all entries
 * of authority logs again when sg_trust_wants_replay says so.
 *
 * Context: an object belongs to one thread at a time. No clock, no I/O.
 */
#ifndef SG_REPLICATION_TRUST_H
#define SG_REPLICATION_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/certificate.h"
#include "replication/chain.h"
#include "replication/root.h"
#include "storage/base/buf.h"
#include "storage/base/bytes.h"
#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/log/entry.h"

struct sg_trust;

/* Maxima of one object; each is at least 1. */
struct sg_trust_limits {
    uint32_t statements; /* different records */
    uint32_t places;     /* where they stand: a record may stand in several */
    uint32_t logs;       /* authority logs, each branch apart */
    uint32_t erasures;   /* entries that all erasure orders name */
    uint32_t bytes;      /* all records together */
};

/* For a country: 1,024 nodes certified a few times over, 65,536 erasures. */
extern const struct sg_trust_limits sg_trust_limits_country;
/* For a province of 27 nodes, and for simulations of many. */
extern const struct sg_trust_limits sg_trust_limits_province;

/* The largest heartbeat that stands: kept durably by the caller, and given back
 * at the next creation, so that a restored database does not lower it. */
struct sg_trust_floor {
    uint64_t ms;        /* since 1970; 0: no heartbeat yet */
    uint8_t generation; /* of the root that signed it */
};

/* Says how many of the first SIZE entries of a BRANCH of LOG belong to the
 * history that has ROOT at SIZE: SIZE itself for a log that never forked, and
 * for the branch with that root; for other branches the fork point. Called
 * within sg_trust_judge and the questions about cuts; gives the same answer
 * until more is held of LOG. */
typedef uint64_t sg_trust_prefix(void *context, const struct sg_log_id *log,
                                 unsigned branch, uint64_t size,
                                 const struct sg_hash *root);

struct sg_trust_config {
    struct sg_registry_id registry;
    struct sg_trust_limits limits;
    struct sg_trust_floor floor; /* zeros for a new node */
    sg_trust_prefix *prefix;     /* NULL: no log has forked */
    void *context;               /* of prefix */
};

/* Makes an object that knows the registry's id and nothing else. Caller frees
 * it with sg_trust_free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_trust_new(const struct sg_trust_config *config,
                                       struct sg_trust **ret);

/* Frees TRUST, which may be NULL. */
void sg_trust_free(struct sg_trust *trust);

/* --- what comes in ----------------------------------------------------- */

/* Where a record stands: a plain entry of a log of kind records. */
struct sg_trust_place {
    struct sg_log_id log;
    uint8_t node_key[SG_KEY_SIZE]; /* the log's writer */
    unsigned branch;               /* 0 where the log has not forked */
    uint64_t index;
};

/* Adds the record PAYLOAD that stands at PLACE. PLACE may be NULL for a genesis
 * and a rotation, which prove themselves wherever they are (a node that has
 * joined begins with the chain it was shown). Of other types than 1, 2, 4 to 7,
 * 10, 19 and 22 nothing is kept. Borrows: all for the call.
 * OK says that the record is kept, now or before, or is of no concern here; not
 * that it counts. Errors: the record never counts, for what it is (MALFORMED,
 * NOTCANONICAL, TRUNCATED, TRAILING, TEXT, TYPE), or in this version (VERSION),
 * or its signature is wrong (SIGNATURE; UNTRUSTED for
 * a genesis of another registry); LIMIT when there is no room now. The
 * entry itself is carried and proved in any case. */
SG_USE_RESULT enum sg_err sg_trust_add(struct sg_trust *trust,
                                       const struct sg_trust_place *place,
                                       struct sg_bytes payload);

/* Adds the records of CHAIN, the body of a `chain` message that begins with the
 * genesis: how a node that has joined begins, and each time it starts. Errors:
 * as sg_trust_add; MALFORMED when it begins elsewhere. */
SG_USE_RESULT enum sg_err sg_trust_add_chain(struct sg_trust *trust,
                                             struct sg_bytes chain);

/* Says that all entries of BRANCH of LOG below SIZE were added. A smaller size
 * than before changes nothing. Errors: LIMIT for too many logs. */
SG_USE_RESULT enum sg_err sg_trust_held(struct sg_trust *trust,
                                        const struct sg_log_id *log,
                                        unsigned branch, uint64_t size);

/* Judges all statements together. Says whether anything changed since the last
 * time: then peers are judged again. */
bool sg_trust_judge(struct sg_trust *trust);

/* Says whether statements were dropped that could count by what is known now:
 * then all entries of all authority logs are added again, after
 * sg_trust_replay has said that this begins. */
bool sg_trust_wants_replay(const struct sg_trust *trust);
void sg_trust_replay(struct sg_trust *trust);

/* --- roots ------------------------------------------------------------- */

/* Returns the newest generation of root keys; SG_HELLO_NO_GENERATION (255)
 * before the genesis is here. */
uint8_t sg_trust_generation(const struct sg_trust *trust);

/* Gives the root of GENERATION, borrowed until the next judge; NULL if it is
 * not known. */
const struct sg_root *sg_trust_root(const struct sg_trust *trust,
                                    uint8_t generation);

/* Writes the body of a `chain` message from generation FROM on (255: with the
 * genesis), as many links as SIZE_MAX bytes bear. Nothing is written when not
 * one link does. */
void sg_trust_write_chain(const struct sg_trust *trust, uint8_t from,
                          size_t size_max, struct sg_writer *writer);

/* --- nodes ------------------------------------------------------------- */

enum sg_trust_node_state {
    SG_TRUST_ADMITTED,
    SG_TRUST_SUSPENDED,
    SG_TRUST_RETIRED,
    SG_TRUST_REVOKED,
};

/* A node key of which a node_admit stands: the newest whose certificate is one
 * of ours and signed by its root. */
struct sg_trust_node {
    struct sg_certificate certificate;
    uint8_t bytes[SG_CERTIFICATE_SIZE]; /* the same, as signed */
    enum sg_trust_node_state state;
};

/* Finds the node with NODE_KEY. Says whether there is one. */
bool sg_trust_node(const struct sg_trust *trust,
                   const uint8_t node_key[SG_KEY_SIZE],
                   struct sg_trust_node *ret_node);

/* The same by the key's id; of two with one id the first by their keys. */
bool sg_trust_node_of_id(const struct sg_trust *trust,
                         const struct sg_key_id *id,
                         struct sg_trust_node *ret_node);

/* Walks over the nodes in the order of their keys: NO begins as 0 and is left
 * to the walk. Says whether there was one more. */
bool sg_trust_next_node(const struct sg_trust *trust, uint32_t *no,
                        struct sg_trust_node *ret_node);

/* Says whether the logs of NODE_KEY are authority logs: the genesis names it as
 * writer, or a node_admit that stands gives it that role. */
bool sg_trust_is_authority(const struct sg_trust *trust,
                           const uint8_t node_key[SG_KEY_SIZE]);

/* Returns how many logs of each kind NODE_KEY may open; 0 for a key of which no
 * node_admit stands. */
unsigned sg_trust_epochs(const struct sg_trust *trust,
                         const uint8_t node_key[SG_KEY_SIZE]);

/* Judges CERTIFICATE, 152 bytes with the peer's transport key in its place, by
 * what is known here and by what CHAIN shows in this session (NULL: nothing).
 * Errors: CERTIFICATE, UNTRUSTED, REVOKED, EXPIRED. */
SG_USE_RESULT enum sg_err sg_trust_judge_certificate(
    const struct sg_trust *trust, const struct sg_chain *chain,
    const uint8_t certificate[SG_CERTIFICATE_SIZE],
    enum sg_certificate_verdict *ret_verdict);

/* Gives the node_cut record that names NODE_KEY and stands, as it is in the
 * authority's log; borrowed until the next add. No bytes if there is none; of
 * several the gravest, then the newest, that fits SIZE_MAX. */
struct sg_bytes sg_trust_revocation(const struct sg_trust *trust,
                                    const uint8_t node_key[SG_KEY_SIZE],
                                    size_t size_max);

/* Judges a node_cut record that somebody shows, as in a `revoked` message: says
 * whether it names NODE_KEY and is signed by the newest root that is known here
 * or shown by CHAIN, or stands here already. */
bool sg_trust_is_revocation(const struct sg_trust *trust,
                            const struct sg_chain *chain,
                            struct sg_bytes record,
                            const uint8_t node_key[SG_KEY_SIZE]);

/* --- time -------------------------------------------------------------- */

/* Gives the time floor, to be kept durably when it changed. It is lowered by
 * nothing but a rotation that cuts off the heartbeat it came from. */
struct sg_trust_floor sg_trust_floor(const struct sg_trust *trust);

/* Gives its day in UTC+7; no date before the first heartbeat. */
struct sg_date sg_trust_floor_day(const struct sg_trust *trust);

/* --- cuts and quarantine ----------------------------------------------- */

#define SG_TRUST_NO_CUT UINT64_MAX

/* Returns the size above which entries of BRANCH of LOG, written by NODE_KEY,
 * are quarantined: the smallest of all node_cuts of that key that stand, 0 for
 * a log that one does not list; SG_TRUST_NO_CUT for a key without one. */
uint64_t sg_trust_cut(const struct sg_trust *trust,
                      const uint8_t node_key[SG_KEY_SIZE],
                      const struct sg_log_id *log, unsigned branch);

/* Says whether the entry at INDEX is quarantined: above the cut, and in no
 * endorsed range that is for all officers. (What was endorsed for one officer,
 * or record by record under seal, the registry knows.) */
bool sg_trust_is_quarantined(const struct sg_trust *trust,
                             const uint8_t node_key[SG_KEY_SIZE],
                             const struct sg_log_id *log, unsigned branch,
                             uint64_t index);

/* Returns how many of the first HELD entries are quarantined. */
uint64_t sg_trust_quarantined(const struct sg_trust *trust,
                              const uint8_t node_key[SG_KEY_SIZE],
                              const struct sg_log_id *log, unsigned branch,
                              uint64_t held);

/* --- erasure ----------------------------------------------------------- */

/* Says whether an order to erase the entry at INDEX of LOG stands, and gives
 * the first half of its record id; of several the smallest. Entries that are
 * never erased (openings, content keys, statements) are the caller's to know.
 */
bool sg_trust_erasure(const struct sg_trust *trust, const struct sg_log_id *log,
                      uint64_t index, uint8_t ret_order[SG_ERASED_BY_SIZE]);

/* Says whether just this ORDER covers the entry: what "erased" from a peer must
 * name to count. */
bool sg_trust_has_order(const struct sg_trust *trust,
                        const struct sg_log_id *log, uint64_t index,
                        const uint8_t order[SG_ERASED_BY_SIZE]);

/* --- the whole --------------------------------------------------------- */

/* Returns generation << 32 | size held of the log that opened the newest
 * generation of authority logs (RECORDS.md 6.1); 0 before there is one. */
uint64_t sg_trust_position(const struct sg_trust *trust);

/* What there is to be shown. The first four add up to the records kept. */
struct sg_trust_counts {
    uint64_t stand;    /* statements in force */
    uint64_t cut_off;  /* signed by a rotated root, outside of what stands */
    uint64_t waiting;  /* by a root, or of a node, that is not known yet */
    uint64_t refused;  /* a certificate inside that its root did not sign */
    uint64_t dropped;  /* for lack of room, since creation */
    uint64_t rejected; /* never kept: malformed, or the signature is wrong */
    uint64_t later;    /* never kept: of a later version */
    uint64_t rivals;   /* rotations beside the one that counts: alarm */
};

struct sg_trust_counts sg_trust_counts(const struct sg_trust *trust);

/* Appends the state as text, a line a fact, in an order that depends on the
 * state alone: equal states, equal texts. For tests, simulation and support.
 * Errors: NOMEM, LIMIT (of RET). */
SG_USE_RESULT enum sg_err sg_trust_dump(const struct sg_trust *trust,
                                        struct sg_buf *ret);

#endif
