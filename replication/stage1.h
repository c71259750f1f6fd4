/* Stage 1: what two nodes say before they believe each other, and the judgement
 * that ends it.
 *
 * PROTOCOL.md sections 5 and 16. One object a session, from the end of the
 * handshake to the end of the session: it also watches over stage 2, since a
 * peer is judged again whenever the authority's state changes. It makes and
 * takes bodies of messages; frames, time and the connection are the caller's.
 *
 *     sg_stage1_greet(...)              while the handshake is written
 *     sg_stage1_init(&stage1, &config, &out)          when it is complete
 *     sg_stage1_take(&stage1, &message, &out)         for each message
 *     sg_stage1_answer(&stage1, ..., &out)            after out.is_asked
 *     sg_stage1_judge(&stage1, &out)                  when trust has changed
 *
 * After each call the caller sends out.messages in their order, then closes the
 * session if out.is_closed. Nothing that a closed session brings is read any
 * more. Bounded: 4,096 bytes of bodies go out, whatever comes in; no
 * allocation, no I/O, no clock (the caller closes with SLOW after
 * SG_STAGE1_MS_MAX).
 */
#ifndef SG_REPLICATION_STAGE1_H
#define SG_REPLICATION_STAGE1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/certificate.h"
#include "replication/chain.h"
#include "replication/close.h"
#include "replication/frame.h"
#include "replication/hello.h"
#include "replication/join.h"
#include "replication/trust.h"

/* What an applicant brings. */
struct sg_stage1_application {
    struct sg_join_request request; /* signed */
    uint8_t secret[SG_JOIN_SECRET_SIZE];
};

struct sg_stage1_config {
    const struct sg_trust *trust;          /* judged; as long as the session */
    const struct sg_registry_id *registry; /* as long as the session */
    struct sg_hash handshake;              /* the handshake hash */
    uint8_t node_key[SG_KEY_SIZE];         /* own */
    uint8_t remote_static[SG_KEY_SIZE];    /* what the handshake proved */
    struct sg_hello_payload sent;          /* own payload */
    struct sg_hello_payload received;
    bool invites; /* applicants are heard here; else they are closed with 3 */
    /* Of an applicant, else NULL; as long as the session. */
    const struct sg_stage1_application *application;
};

enum sg_stage1_state {
    SG_STAGE1_WAITS,  /* for the peer */
    SG_STAGE1_OPEN,   /* stage 2: both have passed */
    SG_STAGE1_CLOSED, /* whatever comes is dropped unread */
};

/* The session's side of it; read it freely, change nothing. */
struct sg_stage1 {
    struct sg_stage1_config config;
    enum sg_stage1_state state;
    enum sg_certificate_verdict verdict; /* of the peer; REFUSED before it */
    struct sg_certificate peer;          /* its certificate, once judged */
    struct sg_chain chain;               /* what it showed */
    bool has_sent_ready; /* stage-2 messages may be sent from here on */
    bool has_peer_ready;
    bool needs_chain; /* the peer knows a newer root */
    bool has_asked;   /* join was sent */
    bool is_asked;    /* an applicant waits for sg_stage1_answer */
    size_t left;      /* of the bytes of bodies that may go out */
    size_t used;      /* of room */
    uint8_t room[SG_STAGE1_SIZE_MAX];
};

#define SG_STAGE1_MESSAGES_MAX 3u

/* What follows from one call; valid until the next. */
struct sg_stage1_out {
    size_t count;
    struct sg_frame_message messages[SG_STAGE1_MESSAGES_MAX];
    bool is_opened;  /* the session came to stage 2 in this call */
    bool is_changed; /* the verdict is another than before */
    bool is_closed;  /* close it, after the messages */
    bool is_by_peer; /* closed by its word, or else by ours */
    uint8_t code;    /* the word; see sg_close_write */
    enum sg_err err; /* the same: 300 + code, or one of err.h */
    /* A valid revocation of this node: officers are told, nobody is dialled any
     * more. Borrowed from the message. */
    struct sg_bytes own_revocation;
    /* An applicant asks: REQUEST is verified, and of the key that the handshake
     * proved; JOIN is it as sent, SG_JOIN_REQUEST_SIZE bytes, and the proof.
     * Borrowed from the message. */
    bool is_asked;
    struct sg_join_request request;
    struct sg_bytes join;
    /* The answer to an application, and with ADMITTED the certificate, judged.
     * SHOWN is the body of `chain`, to be kept (sg_trust_add_chain). */
    bool is_answered;
    enum sg_join_answer answer;
    uint8_t certificate[SG_CERTIFICATE_SIZE];
    struct sg_bytes shown;
};

/* Completes the own PAYLOAD of message 2 (PEER is NULL) or 3 (PEER is the
 * payload of message 2): the generation; and for message 3 whether this side is
 * ready at once, and the head root, which is zeros for a peer that has not
 * passed. Of an applicant's payload nothing is changed. */
void sg_stage1_greet(const struct sg_trust *trust,
                     const struct sg_hello_payload *peer,
                     struct sg_hello_payload *payload);

/* Begins: the handshake is complete, CONFIG.sent and .received are what was in
 * it. */
void sg_stage1_init(struct sg_stage1 *stage1,
                    const struct sg_stage1_config *config,
                    struct sg_stage1_out *ret_out);

/* Takes a message of the peer: every one in stage 1, and in stage 2 `revoked`
 * and `close`; other messages of stage 2 are the caller's when it is OPEN, and
 * a fault of the peer before. */
void sg_stage1_take(struct sg_stage1 *stage1,
                    const struct sg_frame_message *message,
                    struct sg_stage1_out *ret_out);

/* Answers the applicant who asks, which ends the session: whether the proof is
 * right for one of the open invites (which that uses up, as a wrong one counts
 * as a try) is the caller's to know. CERTIFICATE goes with ADMITTED, else NULL.
 * Nothing happens if nobody asks. */
void sg_stage1_answer(struct sg_stage1 *stage1, enum sg_join_answer answer,
                      const uint8_t certificate[SG_CERTIFICATE_SIZE],
                      struct sg_stage1_out *ret_out);

/* Judges the peer again: after a change of trust. */
void sg_stage1_judge(struct sg_stage1 *stage1, struct sg_stage1_out *ret_out);

/* Closes the session for the caller's own reasons, with ERR's code. */
void sg_stage1_close(struct sg_stage1 *stage1, enum sg_err err,
                     struct sg_stage1_out *ret_out);

#endif
