/* Head exchange: two nodes learn which logs they know differently, for a few
 * bytes (PROTOCOL.md section 7, DESIGN.md D8).
 *
 * One struct sg_exchange belongs to one session. It reads the table of logs
 * (log_table.h), takes the peer's messages, hands the answers to a sink, and
 * keeps what the peer claimed. It knows nothing of sessions, stages, time and
 * budgets: those are the core's. What a peer says here is a claim, unproved:
 * it decides what is asked for next, and nothing else.
 *
 *     offer or answer             (message 3 and its receiver, once a session)
 *     receive, receive, ...       until report.is_agreed or report.is_equal
 *     fetch what the claims say that is lacking here
 *     send_root                   once, by the session's initiator, to close
 *
 * is_equal ends it: the roots are the same, and both sides write their memory
 * of the other. is_agreed means that both sides know the same claims.
 *
 * Rules for the core that are not obvious:
 *  - Its stage is 2 in both directions, messages come in order.
 *  - A bare claim (`heads` of one log without auth tag, instead of a push) is
 *    sent only while sg_exchange_is_open says no: within an exchange the peer
 *    would take it for an answer.
 *  - `root` is sent while no exchange is open, nothing is being fetched from
 *    this peer, and no more often than section 11 says; one that comes sooner
 *    is handed in later.
 *  - Unequal auth tags: `authority` goes first; report.auth_tag has it.
 *
 * Memory is taken at creation: 197 KB and about 128 bytes a claim for each
 * session, and one room of 1.3 MB for all sessions of a core. One thread at a
 * time.
 */
#ifndef SG_REPLICATION_EXCHANGE_H
#define SG_REPLICATION_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/claims.h"
#include "replication/frame.h"
#include "replication/log_table.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"

struct sg_exchange;

/* Working memory that exchanges share, because only one of them works at a
 * time. Caller frees it after them. Errors: NOMEM. */
struct sg_exchange_room;
SG_USE_RESULT enum sg_err sg_exchange_room_new(
    struct sg_exchange_room **ret_room);
void sg_exchange_room_free(struct sg_exchange_room *room);

/* The least of send_max: a sketch's first cells and an answer fit. */
#define SG_EXCHANGE_SEND_MIN 4096u

struct sg_exchange_config {
    struct sg_log_table *table;    /* borrowed; the core's */
    struct sg_exchange_room *room; /* borrowed */
    uint32_t claims_max;           /* 1 to SG_HEADS_MAX */
    /* Bytes of messages that one call hands to the sink at most, headers of
     * SG_MESSAGE_HEADER_SIZE_MAX included, at least SG_EXCHANGE_SEND_MIN: what
     * the session's queue has room for. Half of it is for introductions, 3/8
     * for a list: one that does not fit is cut, and the next exchange finds the
     * rest. From 700,000 on no list is cut that a message could hold. */
    size_t send_max;
};

/* Makes an exchange; begin it for each session. Caller frees. Errors: NOMEM,
 * LIMIT. */
SG_USE_RESULT enum sg_err sg_exchange_new(
    const struct sg_exchange_config *config, struct sg_exchange **ret_exchange);

/* Frees; takes NULL. */
void sg_exchange_free(struct sg_exchange *exchange);

/* What a session knows when its stage 2 begins. */
struct sg_exchange_session {
    bool is_initiator;
    bool has_cells; /* both sides have feature 0 */
    /* The memory of this peer, if its database tag is the one remembered: own
     * change number when the roots last were equal. */
    bool remembers;
    uint64_t change;
};

/* Begins SESSION: all claims of the one before are forgotten. */
void sg_exchange_begin(struct sg_exchange *exchange,
                       const struct sg_exchange_session *session);

/* Called for each message to send, in order. Borrows: BODY for the call. */
typedef void sg_exchange_send_fn(void *context, enum sg_message_type type,
                                 struct sg_bytes body);

struct sg_exchange_sink {
    sg_exchange_send_fn *send;
    void *context;
};

/* What one call brought about. */
struct sg_exchange_report {
    bool is_equal;   /* both head roots are the same: write the memory, */
    uint64_t change; /* that is this change number */
    bool is_agreed;  /* both sides know the same claims: fetch */
    bool has_auth_tag;
    uint8_t auth_tag[SG_HEAD_TAG_SIZE]; /* of the peer */
};

/* Gives the head root for handshake message 3 and awaits the answer. Initiator
 * only; after _begin, before anything is received. */
void sg_exchange_offer(struct sg_exchange *exchange,
                       uint8_t ret_root[SG_HEAD_ROOT_SIZE]);

/* Answers the root of message 3. Responder only; after _begin. */
void sg_exchange_answer(struct sg_exchange *exchange,
                        const uint8_t root[SG_HEAD_ROOT_SIZE],
                        const struct sg_exchange_sink *sink,
                        struct sg_exchange_report *ret_report);

/* Sends `root`: anti-entropy, or the closing one. No exchange is open. */
void sg_exchange_send_root(struct sg_exchange *exchange,
                           const struct sg_exchange_sink *sink);

/* Takes one of the messages 16 to 23 (sg_exchange_takes says which) and
 * answers. Errors: MALFORMED and what else decoding says; LIMIT when the peer
 * sends more than SG_EXCHANGE_MESSAGES_MAX in one exchange; what it claims and
 * introduces before it answers the own root is not counted. After an error the
 * session is to be closed; what was claimed before stays. */
SG_USE_RESULT enum sg_err sg_exchange_receive(
    struct sg_exchange *exchange, const struct sg_frame_message *message,
    const struct sg_exchange_sink *sink, struct sg_exchange_report *ret_report);

bool sg_exchange_takes(enum sg_message_type type);

/* Says whether an exchange is open: an answer is due, of the peer or of us. */
bool sg_exchange_is_open(const struct sg_exchange *exchange);

/* Says whether the closing `root` is due from this side: the session's
 * initiator, after claims agreed, once. Send it when nothing is left to fetch
 * on either side. */
bool sg_exchange_wants_root(const struct sg_exchange *exchange);

/* What the peer claimed in this session, so far: see claims.h. */
const struct sg_claims *sg_exchange_claims(const struct sg_exchange *exchange);

#endif
