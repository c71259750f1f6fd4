/* A link: one TCP connection of a peer, from its first byte to its last.
 *
 * It moves bytes between a socket and a channel (replication/channel.h) and
 * says what came of it. It does not know the core: its owner does (uv_node.h).
 *
 * Life: a link belongs to its owner until it has ENDED, or until the owner has
 * called sg_uv_link_close or _abort; it then frees itself when libuv lets go.
 * No owner function is called out of a call of the owner's.
 * Context: the loop's thread.
 */
#ifndef SG_NODE_UV_LINK_H
#define SG_NODE_UV_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "replication/channel.h"
#include "storage/base/err.h"

/* Bodies that are sent and have not left: a second of a fast link. */
#define SG_UV_LINK_ROOM (512u << 10)
/* Bytes that are read at once. */
#define SG_UV_LINK_READ_SIZE 65536u
/* A handshake takes so long at most, and a close until the peer agrees. */
#define SG_UV_LINK_HANDSHAKE_MS 10000u
#define SG_UV_LINK_LINGER_MS    2000u

struct sg_uv_link;

struct sg_uv_link_owner {
    /* sg_channel_greet is due. */
    void (*greet)(void *context, struct sg_uv_link *link);
    void (*opened)(void *context, struct sg_uv_link *link);
    void (*message)(void *context, struct sg_uv_link *link,
                    const struct sg_frame_message *message);
    /* So many bytes of bodies have left. */
    void (*left)(void *context, struct sg_uv_link *link, size_t size);
    /* The connection is over; WHY is a sentence. */
    void (*ended)(void *context, struct sg_uv_link *link, enum sg_err err,
                  const char *why);
    void *context;
    uint8_t *buffer; /* SG_UV_LINK_READ_SIZE bytes, one for all links */
};

/* A place for the owner's own remarks, and what it may read. */
struct sg_uv_link_place {
    struct sg_uv_link *next, **back; /* the owner's list */
    bool is_initiator;
    bool is_open;                 /* the handshake is complete */
    uint32_t peer;                /* that was dialled */
    uint32_t session;             /* when open */
    uint64_t opened_ms, heard_ms; /* by the loop's clock */
    struct sockaddr_storage address;
};

struct sg_uv_link_place *sg_uv_link_place(struct sg_uv_link *link);
struct sg_channel *sg_uv_link_channel(struct sg_uv_link *link);

/* Takes a connection from LISTENER, or begins one to ADDRESS. Borrows: OWNER as
 * long as the link. CONFIG is that of the channel.
 * Errors: NOMEM, IO; there is no link then. */
SG_USE_RESULT enum sg_err sg_uv_link_accept(
    uv_stream_t *listener, const struct sg_uv_link_owner *owner,
    const struct sg_channel_config *config, struct sg_uv_link **ret_link);
SG_USE_RESULT enum sg_err sg_uv_link_dial(
    uv_loop_t *loop, const struct sockaddr_storage *address,
    const struct sg_uv_link_owner *owner,
    const struct sg_channel_config *config, struct sg_uv_link **ret_link);

/* Sends a message; it is on its way after the next sg_uv_link_flush. */
void sg_uv_link_send(struct sg_uv_link *link, enum sg_message_type type,
                     struct sg_bytes body);
void sg_uv_link_flush(struct sg_uv_link *link);

/* Stops or goes on reading. */
void sg_uv_link_pause(struct sg_uv_link *link, bool is_paused);

/* Takes LINK: closes it after what was sent has left; or at once. */
void sg_uv_link_close(struct sg_uv_link *link);
void sg_uv_link_abort(struct sg_uv_link *link);

#endif
