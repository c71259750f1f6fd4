/* A channel: one connection's bytes, made into a session's messages and back.
 *
 * It ties together hello.h, noise.h and frame.h: cleartext hello, handshake,
 * frames, the stream of messages, both stages. Pure: bytes in, bytes out; the
 * ephemeral key comes in from outside, the payloads of the handshake from the
 * sync core. It does not judge the peer, and it is not the core: the simulator
 * hands messages to the core without any bytes.
 *
 *     err = sg_channel_take(channel, &input, &event, &message);
 *     SG_CHANNEL_GREET:   sg_sync_greet, then sg_channel_greet
 *     SG_CHANNEL_OPENED:  SG_EVENT_OPEN for the core
 *     SG_CHANNEL_MESSAGE: SG_EVENT_MESSAGE
 *     ...SEND effects: sg_channel_send; at the end sg_channel_flush
 *     write sg_channel_output, then sg_channel_sent
 *
 * Memory: about 6 KiB until the peer has proved his static key; then once two
 * frames and what is to be sent; and when he is in stage 2 once a message.
 * Context: one thread at a time.
 */
#ifndef SG_REPLICATION_CHANNEL_H
#define SG_REPLICATION_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/frame.h"
#include "replication/hello.h"
#include "replication/noise.h"
#include "storage/base/bytes.h"
#include "storage/base/err.h"

struct sg_channel;

/* Plaintext of a frame: what a sender may set, and the start of a session. */
#define SG_CHANNEL_FRAME_MIN   256u
#define SG_CHANNEL_FRAME_FIRST 2048u
#define SG_CHANNEL_FRAME_MAX   (SG_NOISE_SIZE_MAX - SG_SEAL_TAG_SIZE)

struct sg_channel_config {
    enum sg_noise_role role;
    const struct sg_registry_id *registry;    /* borrowed for the call */
    const struct sg_noise_key *transport_key; /* borrowed for the call */
    const uint8_t *ephemeral_secret; /* 32 random bytes, never used again; the
                                      * caller wipes its copy */
    bool has_room; /* of a responder: false says word 2 in the hello */
};

/* Makes a channel; an initiator's has output at once. Caller frees.
 * Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_channel_new(const struct sg_channel_config *config,
                                         struct sg_channel **ret_channel);

/* Wipes and frees; takes NULL. */
void sg_channel_free(struct sg_channel *channel);

enum sg_channel_event {
    SG_CHANNEL_MORE,    /* input is used up: give more */
    SG_CHANNEL_GREET,   /* sg_channel_greet is due before the next take */
    SG_CHANNEL_OPENED,  /* the handshake is complete; once */
    SG_CHANNEL_MESSAGE, /* RET_MESSAGE is whole */
};

/* Takes bytes off the front of INPUT until something has happened. Borrows: the
 * message lies in the channel or in INPUT, until the next call.
 * Errors: MALFORMED, NOTCANONICAL, LIMIT, TRUNCATED, TRAILING (the peer's
 * bytes); MAJOR, NOROOM (hello); HANDSHAKE, CRYPTO, DECRYPT; NOMEM. After an
 * error output may hold an answer to be sent before closing; it lasts. */
SG_USE_RESULT enum sg_err sg_channel_take(struct sg_channel *channel,
                                          struct sg_bytes *input,
                                          enum sg_channel_event *ret_event,
                                          struct sg_frame_message *ret_message);

/* Gives the own payload for the next handshake message. When GREET was the
 * last event, and then only. Errors: CRYPTO (the peer's key), NOMEM. */
SG_USE_RESULT enum sg_err sg_channel_greet(
    struct sg_channel *channel, const struct sg_hello_payload *payload);

/* Give the payloads of the handshake, its hash and the peer's static key that
 * it proved: RECEIVED from message 2 or 3 on, and NULL before; the others when
 * the channel is open. Borrows: as long as the channel. */
const struct sg_hello_payload *sg_channel_received(
    const struct sg_channel *channel);
const struct sg_hello_payload *sg_channel_sent_payload(
    const struct sg_channel *channel);
const struct sg_hash *sg_channel_handshake(const struct sg_channel *channel);
const uint8_t *sg_channel_remote_static(const struct sg_channel *channel);

/* Says how many bytes of messages, headers included, can be sent now. A channel
 * that is open and has no output has room for any message. */
size_t sg_channel_room(const struct sg_channel *channel);

/* Puts a message behind those sent before it. The channel is open; the body is
 * not larger than its type allows, header and body fit sg_channel_room.
 * One of SG_CHANNEL_FRAME_MIN or more begins a frame.
 * Errors: LIMIT (the session's nonces are used up). */
SG_USE_RESULT enum sg_err sg_channel_send(struct sg_channel *channel,
                                          enum sg_message_type type,
                                          struct sg_bytes body);

/* Ends the frame that is begun, so that everything sent is in the output.
 * Errors: LIMIT as above. */
SG_USE_RESULT enum sg_err sg_channel_flush(struct sg_channel *channel);

/* Sets the plaintext of later frames: SG_CHANNEL_FRAME_MIN to _MAX. About two
 * seconds of goodput, for a frame is of use only when whole. */
void sg_channel_frame_size(struct sg_channel *channel, size_t size);

/* Gives what is to be written to the connection, borrowed until the next call;
 * and takes note that its first SIZE bytes were. */
struct sg_bytes sg_channel_output(const struct sg_channel *channel);
void sg_channel_sent(struct sg_channel *channel, size_t size);

#endif
