/* Frames and messages: what comes off a connection in any pieces, made whole.
 *
 * PROTOCOL.md section 2: a frame is a u16 length and one Noise message. Section
 * 4: the plaintexts of the transport frames are a stream of messages, each a
 * type, a length and a body. Two readers of one shape, in which the caller
 * deciphers between the first and the second:
 *
 *     while (input.size > 0) {
 *         err = sg_frame_reader_next(&frames, &input, &sealed);
 *         ...sg_noise_open(sealed) -> plain...
 *         while (plain.size > 0)
 *             err = sg_frame_stream_next(&messages, &plain, &message);
 *     }
 *
 * Memory is the caller's, given at the start; nothing is taken because a peer
 * named a length. Pure: bytes in, bytes out. What is inside a body is not
 * decided here.
 */
#ifndef SG_REPLICATION_FRAME_H
#define SG_REPLICATION_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/base/bytes.h"
#include "storage/base/err.h"
#include "storage/base/limits.h"
#include "storage/base/writer.h"

/* --- Frames ------------------------------------------------------------ */

#define SG_FRAME_HEADER_SIZE 2u

/* Writes the length in front of a Noise message of SIZE bytes, which is at most
 * SG_NOISE_SIZE_MAX. */
void sg_frame_header_encode(size_t size, uint8_t ret[SG_FRAME_HEADER_SIZE]);

struct sg_frame_reader {
    uint8_t *room; /* borrowed */
    size_t room_size;
    size_t size_min; /* of the next Noise message */
    size_t size_max;
    uint8_t header[SG_FRAME_HEADER_SIZE];
    size_t header_got;
    size_t got;      /* bytes of the Noise message */
    enum sg_err err; /* the first failure */
};

/* Sets READER to the start of a connection's frames. Borrows: ROOM as long as
 * READER is used. Until sg_frame_reader_expect a message has 1 byte at least,
 * and at most what the room holds. */
void sg_frame_reader_init(struct sg_frame_reader *reader, uint8_t *room,
                          size_t room_size);

/* Says how long the next Noise messages may be: 1 <= SIZE_MIN <= SIZE_MAX <=
 * the room. Between two frames only. */
void sg_frame_reader_expect(struct sg_frame_reader *reader, size_t size_min,
                            size_t size_max);

/* Takes bytes off the front of INPUT until a Noise message is whole.
 * RET_MESSAGE is empty when more input is needed, and INPUT is then used up.
 * Borrows: the message lies in INPUT or in the room, until the next call.
 * Errors: MALFORMED when the frame says it is shorter than SIZE_MIN; LIMIT when
 * longer than SIZE_MAX; both before a byte of it is taken, and forever. */
SG_USE_RESULT enum sg_err sg_frame_reader_next(struct sg_frame_reader *reader,
                                               struct sg_bytes *input,
                                               struct sg_bytes *ret_message);

/* --- Messages ---------------------------------------------------------- */

/* The stages of a session (PROTOCOL.md section 5), as bits: a message is for
 * one of them or both. */
#define SG_STAGE_1 1u
#define SG_STAGE_2 2u

/* X(name, type, text, stages, largest body): the table of section 4. The
 * manifest is in bundles only. */
/* clang-format off */
#define SG_MESSAGE_LIST(X)                                                 \
    X(CHAIN, 1, "chain", SG_STAGE_1, 4096)                                 \
    X(REVOKED, 2, "revoked", SG_STAGE_1 | SG_STAGE_2, 4096)                \
    X(READY, 3, "ready", SG_STAGE_1, 0)                                    \
    X(JOIN, 4, "join", SG_STAGE_1, 256)                                    \
    X(JOINED, 5, "joined", SG_STAGE_1, 256)                                \
    X(CLOSE, 8, "close", SG_STAGE_1 | SG_STAGE_2, 1)                       \
    X(PING, 9, "ping", SG_STAGE_2, 4)                                      \
    X(PONG, 10, "pong", SG_STAGE_2, 4)                                     \
    X(SAME, 16, "same", SG_STAGE_2, 0)                                     \
    X(HEADS, 17, "heads", SG_STAGE_2, 262144)                              \
    X(ASK, 18, "ask", SG_STAGE_2, 262144)                                  \
    X(INTRODUCE, 19, "introduce", SG_STAGE_2, 262144)                      \
    X(CELLS, 20, "cells", SG_STAGE_2, 196608)                              \
    X(MORE, 21, "more", SG_STAGE_2, 196608)                                \
    X(TREE, 22, "tree", SG_STAGE_2, 262144)                                \
    X(ROOT, 23, "root", SG_STAGE_2, 20)                                    \
    X(PROVE, 24, "prove", SG_STAGE_2, 4352)                                \
    X(PROOF, 25, "proof", SG_STAGE_2, 4352)                                \
    X(MINE, 26, "mine", SG_STAGE_2, 9)                                     \
    X(AUTHORITY, 28, "authority", SG_STAGE_2, 65536)                       \
    X(WANT, 32, "want", SG_STAGE_2, 262144)                                \
    X(PACKAGE, 33, "package", SG_STAGE_2, 262144)                          \
    X(STORED, 34, "stored", SG_STAGE_2, 65536)                             \
    X(STOP, 35, "stop", SG_STAGE_2, 65536)                                 \
    X(CREDIT, 36, "credit", SG_STAGE_2, 65536)                             \
    X(SUBSCRIBE, 48, "subscribe", SG_STAGE_2, 4096)                        \
    X(COSIGNATURE, 49, "cosignature", SG_STAGE_2, 256)                     \
    X(HOLDING, 50, "holding", SG_STAGE_2, 256)                             \
    X(FORK, 51, "fork", SG_STAGE_2, 4608)                                  \
    X(BRANCHES, 52, "branches", SG_STAGE_2, 4608)                          \
    X(STATEMENT, 53, "statement", SG_STAGE_2, 217)                         \
    X(MANIFEST, 54, "manifest", 0, 240)
/* clang-format on */

enum sg_message_type {
    SG_MESSAGE_NONE = 0, /* no message; on the wire an unknown type */
#define SG_MESSAGE_ENUM(name, type, text, stages, body_max) \
    SG_MESSAGE_##name = type,
    SG_MESSAGE_LIST(SG_MESSAGE_ENUM)
#undef SG_MESSAGE_ENUM
};

/* The longest header: a type and a varint up to SG_MESSAGE_SIZE_MAX. */
#define SG_MESSAGE_HEADER_SIZE_MAX 4u

struct sg_frame_message {
    enum sg_message_type type;
    struct sg_bytes body;
};

/* Gives the name of TYPE as in the table, or "unknown". Static storage. */
const char *sg_frame_message_name(unsigned type);

/* Returns how long a body of TYPE may be; of an unknown type, how long any. */
size_t sg_frame_body_max(unsigned type);

/* Writes a message of TYPE around BODY, which is not larger than the table
 * allows. Errors: as the writer's. */
void sg_frame_message_put(struct sg_writer *writer, enum sg_message_type type,
                          struct sg_bytes body);

struct sg_frame_stream {
    uint8_t *room; /* borrowed */
    size_t room_size;
    unsigned stage;
    size_t stage1_left; /* bytes of bodies that stage 1 still allows */
    uint8_t header[SG_MESSAGE_HEADER_SIZE_MAX];
    size_t header_size;
    bool in_body;
    bool is_skipped;
    size_t body_size; /* of this message */
    size_t got;       /* bytes of its body */
    enum sg_err err;  /* the first failure */
};

/* Sets STREAM to the start of the peer's messages, in stage 1. ROOM holds
 * SG_STAGE1_SIZE_MAX bytes at least. Borrows: ROOM until the next stage. */
void sg_frame_stream_init(struct sg_frame_stream *stream, uint8_t *room,
                          size_t room_size);

/* Moves STREAM to stage 2, which may follow at once or after the peer's
 * `ready`; never within a message. ROOM holds SG_MESSAGE_SIZE_MAX bytes at
 * least. Borrows: ROOM as long as STREAM is used. */
void sg_frame_stream_enter(struct sg_frame_stream *stream, uint8_t *room,
                           size_t room_size);

/* Takes bytes off the front of INPUT until a message is whole. Its type is
 * SG_MESSAGE_NONE when more input is needed, and INPUT is then used up.
 * Messages of unknown types, a later minor version's, are passed over. Borrows:
 * the body lies in INPUT or in the room, until the next call. Errors: LIMIT
 * when the body is longer than its type allows, or all bodies of stage 1 than
 * SG_STAGE1_SIZE_MAX; MALFORMED when the type is not for this stage;
 * NOTCANONICAL when the length is not in its shortest form; all before a byte
 * of the body is taken, and forever. */
SG_USE_RESULT enum sg_err sg_frame_stream_next(
    struct sg_frame_stream *stream, struct sg_bytes *input,
    struct sg_frame_message *ret_message);

#endif
