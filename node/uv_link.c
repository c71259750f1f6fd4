#include "node/uv_link.h"

#include <string.h>

#include "node/say.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/plant.h"

/* Header of a message in the stream, at the most. */
#define HEADER_MAX 8u
/* Handles of a link that libuv holds. */
#define HANDLES 2u
/* No message of this version. */
#define LATER_MESSAGE 120

struct sg_uv_link {
    struct sg_uv_link_place place;
    const struct sg_uv_link_owner *owner; /* NULL: nobody listens any more */
    struct sg_channel *channel;
    uv_tcp_t tcp;
    uv_timer_t timer; /* handshake, failure, linger */
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    bool is_connected;
    bool is_paused;
    bool is_lingering; /* closes when all has left */
    bool is_dying;     /* its handles are being closed */
    unsigned closed;
    size_t bodies;  /* sent since the last write began */
    size_t writing; /* writes that libuv has */
    enum sg_err failure;
};

struct write {
    uv_write_t request;
    struct sg_uv_link *link;
    size_t bodies;
    uint8_t bytes[];
};

struct sg_uv_link_place *sg_uv_link_place(struct sg_uv_link *link)
{
    return &link->place;
}

struct sg_channel *sg_uv_link_channel(struct sg_uv_link *link)
{
    return link->channel;
}

/* --- The end
 * ------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
    struct sg_uv_link *link = handle->data;

    if (++link->closed < HANDLES)
        return;
    sg_channel_free(link->channel);
    sg_free(link);
}

static void die(struct sg_uv_link *link)
{
    if (link->is_dying)
        return;
    link->is_dying = true;
    link->owner = NULL;
    uv_close((uv_handle_t *)&link->timer, on_closed);
    uv_close((uv_handle_t *)&link->tcp, on_closed);
}

/* Tells the owner, who has no link any more afterwards. */
static void end(struct sg_uv_link *link, enum sg_err err, const char *why)
{
    const struct sg_uv_link_owner *owner = link->owner;

    link->owner = NULL;
    if (owner != NULL)
        owner->ended(owner->context, link, err, why);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status != 0)
        die(request->handle->data);
}

/* Once all has left, says so to the peer and waits for his end. */
static void go_on_closing(struct sg_uv_link *link)
{
    if (!link->is_lingering || link->is_dying || link->writing > 0)
        return;
    link->is_lingering = false;
    if (!link->is_connected ||
        uv_shutdown(&link->shutdown, (uv_stream_t *)&link->tcp, on_shutdown) !=
            0)
        die(link);
}

static void on_timer(uv_timer_t *timer)
{
    struct sg_uv_link *link = timer->data;

    if (link->failure != SG_OK)
        end(link, link->failure, "the connection failed");
    else
        end(link, SG_ERR_SLOW, "the handshake took too long");
    die(link);
}

/* In a call of the owner's nothing can be told: the timer does, at once. */
static void fail_later(struct sg_uv_link *link, enum sg_err err)
{
    if (link->failure != SG_OK || link->is_dying)
        return;
    link->failure = err;
    (void)uv_timer_start(&link->timer, on_timer, 0, 0);
}

/* --- Writing
 * ------------------------------------------------------------------ */

static void on_written(uv_write_t *request, int status)
{
    struct write *write = request->data;
    struct sg_uv_link *link = write->link;
    const struct sg_uv_link_owner *owner = link->owner;
    size_t bodies = write->bodies;

    sg_free(write);
    link->writing--;
    if (link->is_dying)
        return;
    if (status != 0) {
        end(link, SG_ERR_IO, uv_strerror(status));
        die(link);
        return;
    }
    if (owner != NULL && bodies > 0)
        owner->left(owner->context, link, bodies);
    go_on_closing(link);
}

/* Hands what the channel has for the peer to libuv. */
static void write_output(struct sg_uv_link *link)
{
    struct sg_bytes output = sg_channel_output(link->channel);
    struct write *write;
    uv_buf_t buf;

    if (output.size == 0 || !link->is_connected || link->is_dying)
        return;
    write = sg_alloc(sizeof *write + output.size);
    if (write == NULL) {
        fail_later(link, SG_ERR_NOMEM);
        return;
    }
    memcpy(write->bytes, output.data, output.size);
    write->link = link;
    write->bodies = link->bodies;
    write->request.data = write;
    buf = uv_buf_init((char *)write->bytes, (unsigned)output.size);
    sg_channel_sent(link->channel, output.size);
    link->bodies = 0;
    if (uv_write(&write->request, (uv_stream_t *)&link->tcp, &buf, 1,
                 on_written) != 0) {
        sg_free(write);
        fail_later(link, SG_ERR_IO);
        return;
    }
    link->writing++;
}

void sg_uv_link_flush(struct sg_uv_link *link)
{
    if (link->place.is_open && link->failure == SG_OK) {
        enum sg_err err = sg_channel_flush(link->channel);

        if (err != SG_OK)
            fail_later(link, err);
    }
    write_output(link);
}

static void send_message(struct sg_uv_link *link, enum sg_message_type type,
                         struct sg_bytes body)
{
    enum sg_err err;

    if (link->failure != SG_OK)
        return;
    if (sg_channel_room(link->channel) < body.size + HEADER_MAX)
        sg_uv_link_flush(link);
    if (link->failure != SG_OK)
        return;
    err = sg_channel_send(link->channel, type, body);
    link->bodies += body.size;
    if (err != SG_OK)
        fail_later(link, err);
}

/* What only a later minor version says: it is passed over. */
static void speak_later(struct sg_uv_link *link)
{
    sg_say(SG_CONFIG_LOG_DEBUG, "session %u: a message of a later version",
           (unsigned)link->place.session);
    send_message(link, (enum sg_message_type)LATER_MESSAGE,
                 sg_bytes("later", 5));
}

void sg_uv_link_send(struct sg_uv_link *link, enum sg_message_type type,
                     struct sg_bytes body)
{
    send_message(link, type, body);
    if (SG_PLANT(later_message))
        speak_later(link);
}

/* --- Reading
 * ------------------------------------------------------------------ */

static void start_reading(struct sg_uv_link *link);

/* Nobody listens any more: what was written leaves, what comes is passed over.
 */
static void linger(struct sg_uv_link *link)
{
    if (link->is_dying)
        return;
    write_output(link);
    link->owner = NULL;
    link->is_lingering = true;
    if (link->failure == SG_OK)
        (void)uv_timer_start(&link->timer, on_timer, SG_UV_LINK_LINGER_MS, 0);
    if (link->is_paused)
        start_reading(link);
    go_on_closing(link);
}

/* Takes one thing out of INPUT. False: nothing more is to be taken. */
static bool take_one(struct sg_uv_link *link, struct sg_bytes *input)
{
    const struct sg_uv_link_owner *owner = link->owner;
    struct sg_frame_message message;
    enum sg_channel_event event;
    enum sg_err err = sg_channel_take(link->channel, input, &event, &message);

    if (err != SG_OK) {
        end(link, err, sg_err_text(err, SG_LANG_EN));
        linger(link);
        return false;
    }
    switch (event) {
    case SG_CHANNEL_GREET:
        owner->greet(owner->context, link);
        break;
    case SG_CHANNEL_OPENED:
        (void)uv_timer_stop(&link->timer);
        link->place.is_open = true;
        owner->opened(owner->context, link);
        break;
    case SG_CHANNEL_MESSAGE:
        owner->message(owner->context, link, &message);
        break;
    default:
        return false;
    }
    return link->owner != NULL && link->failure == SG_OK;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
    static char rest[4096]; /* what comes after a close is not looked at */
    const struct sg_uv_link *link = handle->data;

    (void)size;
    *ret_buf = link->owner != NULL ? uv_buf_init((char *)link->owner->buffer,
                                                 SG_UV_LINK_READ_SIZE)
                                   : uv_buf_init(rest, sizeof rest);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct sg_uv_link *link = stream->data;
    struct sg_bytes input;

    if (n < 0) {
        end(link, SG_ERR_IO,
            n == UV_EOF ? "the peer hung up" : uv_strerror((int)n));
        die(link);
        return;
    }
    if (n == 0 || link->owner == NULL)
        return;
    input = sg_bytes(buf->base, (size_t)n);
    while (take_one(link, &input))
        ;
    if (link->owner != NULL)
        write_output(link);
}

static void start_reading(struct sg_uv_link *link)
{
    if (link->is_dying || !link->is_connected)
        return;
    if (uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read) != 0)
        fail_later(link, SG_ERR_IO);
}

void sg_uv_link_pause(struct sg_uv_link *link, bool is_paused)
{
    if (link->is_paused == is_paused)
        return;
    link->is_paused = is_paused;
    if (is_paused)
        (void)uv_read_stop((uv_stream_t *)&link->tcp);
    else
        start_reading(link);
}

void sg_uv_link_close(struct sg_uv_link *link)
{
    sg_uv_link_flush(link);
    linger(link);
}

void sg_uv_link_abort(struct sg_uv_link *link)
{
    die(link);
}

/* --- The beginning
 * ------------------------------------------------------------- */

static void begin(struct sg_uv_link *link)
{
    link->is_connected = true;
    (void)uv_tcp_nodelay(&link->tcp, 1);
    (void)uv_tcp_keepalive(&link->tcp, 1, 60);
    write_output(link);
    start_reading(link);
}

static enum sg_err make(uv_loop_t *loop, const struct sg_uv_link_owner *owner,
                        const struct sg_channel_config *config,
                        struct sg_uv_link **ret_link)
{
    struct sg_uv_link *link = sg_calloc(1, sizeof *link);
    enum sg_err err;

    if (link == NULL)
        return SG_ERR_NOMEM;
    err = sg_channel_new(config, &link->channel);
    if (err != SG_OK) {
        sg_free(link);
        return err;
    }
    link->owner = owner;
    (void)uv_tcp_init(loop, &link->tcp);
    (void)uv_timer_init(loop, &link->timer);
    link->tcp.data = link;
    link->timer.data = link;
    (void)uv_timer_start(&link->timer, on_timer, SG_UV_LINK_HANDSHAKE_MS, 0);
    *ret_link = link;
    return SG_OK;
}

enum sg_err sg_uv_link_accept(uv_stream_t *listener,
                              const struct sg_uv_link_owner *owner,
                              const struct sg_channel_config *config,
                              struct sg_uv_link **ret_link)
{
    struct sg_uv_link *link;
    enum sg_err err = make(listener->loop, owner, config, &link);
    int size = sizeof link->place.address;

    if (err != SG_OK)
        return err;
    if (uv_accept(listener, (uv_stream_t *)&link->tcp) != 0 ||
        uv_tcp_getpeername(&link->tcp, (struct sockaddr *)&link->place.address,
                           &size) != 0) {
        die(link);
        return SG_ERR_IO;
    }
    begin(link);
    *ret_link = link;
    return SG_OK;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct sg_uv_link *link = request->handle->data;

    if (link->is_dying)
        return;
    if (status == 0) {
        begin(link);
        return;
    }
    end(link, SG_ERR_IO, uv_strerror(status));
    die(link);
}

enum sg_err sg_uv_link_dial(uv_loop_t *loop,
                            const struct sockaddr_storage *address,
                            const struct sg_uv_link_owner *owner,
                            const struct sg_channel_config *config,
                            struct sg_uv_link **ret_link)
{
    struct sg_uv_link *link;
    enum sg_err err = make(loop, owner, config, &link);

    if (err != SG_OK)
        return err;
    link->place.is_initiator = true;
    link->place.address = *address;
    if (uv_tcp_connect(&link->connect, &link->tcp,
                       (const struct sockaddr *)address, on_connected) != 0) {
        die(link);
        return SG_ERR_IO;
    }
    *ret_link = link;
    return SG_OK;
}
