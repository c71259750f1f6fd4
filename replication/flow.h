/* Flow: the small messages around packages and proofs - want, stored, credit,
 * stop, ping and pong, subscribe, branches - as bytes and as values.
 *
 * PROTOCOL.md sections 9 to 12 have the bytes. Strict: one encoding of each
 * value, so that what is decoded is encoded again as the same bytes. It decides
 * nothing: who may want what, and what follows, is the core's. Pure: bytes in,
 * bytes out; no allocation.
 *
 * Encoders write a body, without type and length. Decoders leave their outputs
 * alone on failure, but for arrays, which are undefined then. Their errors,
 * unless said otherwise: TRUNCATED, TRAILING, NOTCANONICAL, MALFORMED; all of
 * them close the session.
 */
#ifndef SG_REPLICATION_FLOW_H
#define SG_REPLICATION_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/package.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/writer.h"
#include "storage/log/checkpoint.h"
#include "storage/log/key_id.h"

/* --- want ----------------------------------------------------------------- */

/* One item: entries [from, to) of a log; to 0: whatever the peer knows. */
struct sg_flow_want {
    uint64_t number; /* 1 and up */
    struct sg_log_ref ref;
    bool is_filling;   /* flag 1: payloads only */
    bool has_stack;    /* flag 2: the asker has cover(from, to); to is not 0 */
    bool has_branch;   /* flag 4: of a forked log; to is not 0 */
    uint8_t branch[4]; /* the beginning of the root at to */
    uint64_t from;
    uint64_t to;
};

/* Writes 1 to SG_WANTS_MAX items. */
void sg_flow_wants_encode(const struct sg_flow_want wants[], size_t count,
                          struct sg_writer *writer);

/* Errors: also LIMIT (more than SG_WANTS_MAX items). */
SG_USE_RESULT enum sg_err sg_flow_wants_decode(
    struct sg_bytes body, struct sg_flow_want ret_wants[SG_WANTS_MAX],
    size_t *ret_count);

/* --- stored --------------------------------------------------------------- */

/* One item: a log is durable here up to held. */
struct sg_flow_stored {
    uint64_t number;       /* of the want; 0: the log is named by ref */
    struct sg_log_ref ref; /* zeros unless NUMBER is 0 */
    uint64_t held;
};

/* Writes 1 to SG_STORED_MAX items. */
void sg_flow_stored_encode(const struct sg_flow_stored stored[], size_t count,
                           struct sg_writer *writer);

/* Errors: also LIMIT (more than SG_STORED_MAX items). */
SG_USE_RESULT enum sg_err sg_flow_stored_decode(
    struct sg_bytes body, struct sg_flow_stored ret_stored[SG_STORED_MAX],
    size_t *ret_count);

/* --- credit, stop, ping and pong ------------------------------------------ */

/* The bytes of `package` bodies that may be sent, since the session began. */
void sg_flow_credit_encode(uint64_t total, struct sg_writer *writer);
SG_USE_RESULT enum sg_err sg_flow_credit_decode(struct sg_bytes body,
                                                uint64_t *ret_total);

enum sg_flow_reason {
    SG_FLOW_DONE = 0,
    SG_FLOW_NOT_HELD = 1,
    SG_FLOW_NO_LOG = 2,
    SG_FLOW_CANNOT_PROVE = 3,
    SG_FLOW_QUOTA = 4,
    SG_FLOW_NO_BRANCH = 5,
};

struct sg_flow_stop {
    uint64_t number; /* 1 and up */
    enum sg_flow_reason reason;
};

void sg_flow_stop_encode(const struct sg_flow_stop *stop,
                         struct sg_writer *writer);
SG_USE_RESULT enum sg_err sg_flow_stop_decode(struct sg_bytes body,
                                              struct sg_flow_stop *ret_stop);

#define SG_FLOW_PING_SIZE 4u

/* `ping` and its echo, `pong`. */
SG_USE_RESULT enum sg_err sg_flow_ping_decode(
    struct sg_bytes body, uint8_t ret_echo[SG_FLOW_PING_SIZE]);

/* --- subscribe ------------------------------------------------------------ */

/* Which sealed payloads a peer wants; kinds 0 to 2 always go. */
enum sg_flow_payloads {
    SG_FLOW_PAYLOADS_NONE = 0,
    SG_FLOW_PAYLOADS_ALL = 1,
    SG_FLOW_PAYLOADS_SCOPES = 2, /* what one of the scopes can read */
};

struct sg_flow_subscription {
    enum sg_flow_payloads records;
    enum sg_flow_payloads audits;
    size_t scope_count; /* 0 unless one of them says SCOPES */
    struct sg_key_id scopes[SG_SUBSCRIBE_SCOPES_MAX]; /* ascending */
};

/* Gives what counts until a peer says otherwise: all. */
struct sg_flow_subscription sg_flow_subscription_default(void);

void sg_flow_subscribe_encode(const struct sg_flow_subscription *subscription,
                              struct sg_writer *writer);

/* Errors: also LIMIT (more than SG_SUBSCRIBE_SCOPES_MAX scopes). */
SG_USE_RESULT enum sg_err sg_flow_subscribe_decode(
    struct sg_bytes body, struct sg_flow_subscription *ret_subscription);

/* --- branches ------------------------------------------------------------- */

/* What one branch of a forked log claims. */
struct sg_flow_branch {
    struct sg_checkpoint checkpoint;
    uint64_t lacks; /* entries at its end that cannot be served: `short` */
};

struct sg_flow_branches {
    struct sg_log_ref ref;
    size_t count; /* 1 to SG_BRANCHES_MAX */
    struct sg_flow_branch items[SG_BRANCHES_MAX];
};

void sg_flow_branches_encode(const struct sg_flow_branches *branches,
                             struct sg_writer *writer);

/* Errors: also LIMIT (more than SG_BRANCHES_MAX). */
SG_USE_RESULT enum sg_err sg_flow_branches_decode(
    struct sg_bytes body, struct sg_flow_branches *ret_branches);

/* Verifies that LOG's node signed every branch. Errors: SIGNATURE: close 7. */
SG_USE_RESULT enum sg_err sg_flow_branches_verify(
    const struct sg_package_log *log, const struct sg_flow_branches *branches);

#endif
