#include "node/uv_node.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "node/applicants.h"
#include "node/driver.h"
#include "node/front.h"
#include "node/notify.h"
#include "node/say.h"
#include "node/turnstile.h"
#include "node/uv_address.h"
#include "node/uv_http.h"
#include "node/uv_link.h"
#include "node/uv_links.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"

#define BACKLOG 128

struct node {
    const struct sg_config *config;
    const struct sg_identity *identity;
    struct sg_noise_key transport;
    struct sg_driver *driver;
    struct sg_front front;
    struct sg_http_gate gate;
    struct sg_uv_http *http;
    uint64_t position; /* as the desk was told last */
    bool is_judged;    /* it is to be told */
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t timer;      /* the core's deadline */
    uv_timer_t stop_timer; /* peers had their time */
    uv_prepare_t prepare;  /* before each wait: what is left to do */
    uv_async_t wake;       /* by the keeper and other threads */
    uv_signal_t terminate, interrupt, hangup;
    struct sg_uv_link_owner owner;
    struct sg_uv_link *links; /* all that are not closed */
    size_t n_links, n_open;
    struct sg_uv_link *sessions[SG_PEERS_MAX];
    bool is_undialled[SG_PEERS_MAX];
    bool is_paused;
    bool is_stopping;
    bool is_behind; /* the clock of this machine, as was said */
    bool is_done;
    struct sg_applicants applicants;
    struct sg_turnstile turnstile; /* of callers' handshakes */
    enum sg_uv_node_end end;
    char caller[SG_UV_ADDRESS_SIZE]; /* whom peer_of spoke of last */
    uint8_t buffer[SG_UV_LINK_READ_SIZE];
};

static struct sg_event event_of(enum sg_event_kind kind)
{
    return (struct sg_event){
        .kind = kind,
        .now_ms = sg_clock_mono().ms,
        .seconds = (uint64_t)(sg_clock_wall().ms / 1000),
    };
}

/* --- Links
 * -------------------------------------------------------------------- */

static const char *name_of(const struct node *node, struct sg_uv_link *link,
                           char ret[SG_UV_LINKS_NAME_SIZE])
{
    return sg_uv_links_name(node->config, link, ret);
}

static void keep_link(struct node *node, struct sg_uv_link *link, uint32_t peer)
{
    struct sg_uv_link_place *place = sg_uv_link_place(link);

    place->peer = peer;
    place->session = SG_SYNC_NONE;
    place->next = node->links;
    place->back = &node->links;
    if (node->links != NULL)
        sg_uv_link_place(node->links)->back = &place->next;
    node->links = link;
    node->n_links++;
}

/* Takes LINK off the list; a call that brought no session is one that came to
 * nothing. */
static void forget_link(struct node *node, struct sg_uv_link *link)
{
    struct sg_uv_link_place *place = sg_uv_link_place(link);

    *place->back = place->next;
    if (place->next != NULL)
        sg_uv_link_place(place->next)->back = place->back;
    node->n_links--;
    if (place->session != SG_SYNC_NONE) {
        node->sessions[place->session] = NULL;
        node->n_open--;
    } else if (place->peer != SG_SYNC_NONE) {
        node->is_undialled[place->peer] = true;
    }
}

static void drop_link(struct node *node, struct sg_uv_link *link)
{
    forget_link(node, link);
    sg_uv_link_abort(link);
}

/* --- What links say
 * -------------------------------------------------------------- */

static void on_greet(void *context, struct sg_uv_link *link)
{
    struct node *node = context;
    struct sg_channel *channel = sg_uv_link_channel(link);
    struct sg_hello_payload payload;
    char name[SG_UV_LINKS_NAME_SIZE];
    enum sg_err err;

    if (!sg_uv_links_admits(node->config, &node->turnstile, link)) {
        sg_say(SG_CONFIG_LOG_DEBUG, "%s: too many handshakes a second; closed",
               name_of(node, link, name));
        drop_link(node, link);
        return;
    }
    sg_sync_greet(sg_driver_core(node->driver), sg_channel_received(channel),
                  &payload);
    err = sg_channel_greet(channel, &payload);
    if (err == SG_OK)
        return;
    sg_say(SG_CONFIG_LOG_WARNING, "%s: handshake failed: %s; closed",
           name_of(node, link, name), sg_err_text(err, SG_LANG_EN));
    drop_link(node, link);
}

static uint32_t free_session(const struct node *node)
{
    for (uint32_t i = 0; i < node->config->sessions; i++)
        if (node->sessions[i] == NULL)
            return i;
    return SG_SYNC_NONE;
}

static void on_opened(void *context, struct sg_uv_link *link)
{
    struct node *node = context;
    struct sg_uv_link_place *place = sg_uv_link_place(link);
    const struct sg_channel *channel = sg_uv_link_channel(link);
    struct sg_event event = event_of(SG_EVENT_OPEN);
    uint32_t session = free_session(node);
    char name[SG_UV_LINKS_NAME_SIZE];

    if (session == SG_SYNC_NONE) {
        sg_say(SG_CONFIG_LOG_WARNING, "%s: all %u sessions are taken; closed",
               name_of(node, link, name), (unsigned)node->config->sessions);
        drop_link(node, link);
        return;
    }
    place->session = session;
    place->opened_ms = place->heard_ms = uv_now(&node->loop);
    node->sessions[session] = link;
    node->n_open++;
    sg_say(SG_CONFIG_LOG_DEBUG, "%s: encrypted, session %u begins",
           name_of(node, link, name), (unsigned)session);
    event.session = session;
    event.open.link =
        place->is_initiator ? SG_SYNC_INITIATOR : SG_SYNC_RESPONDER;
    event.open.peer = place->peer;
    event.open.sent = *sg_channel_sent_payload(channel);
    event.open.received = *sg_channel_received(channel);
    event.open.handshake = *sg_channel_handshake(channel);
    memcpy(event.open.remote_static, sg_channel_remote_static(channel),
           SG_KEY_SIZE);
    sg_driver_step(node->driver, &event);
    if (node->sessions[session] != link)
        return;
    event = event_of(SG_EVENT_ROOM);
    event.session = session;
    event.room = SG_UV_LINK_ROOM;
    sg_driver_step(node->driver, &event);
}

static void on_message(void *context, struct sg_uv_link *link,
                       const struct sg_frame_message *message)
{
    struct node *node = context;
    struct sg_event event = event_of(SG_EVENT_MESSAGE);

    sg_uv_link_place(link)->heard_ms = uv_now(&node->loop);
    event.session = sg_uv_link_place(link)->session;
    event.message = *message;
    sg_driver_step(node->driver, &event);
}

static void on_left(void *context, struct sg_uv_link *link, size_t size)
{
    struct node *node = context;
    struct sg_event event = event_of(SG_EVENT_ROOM);

    event.session = sg_uv_link_place(link)->session;
    event.room = size;
    sg_driver_step(node->driver, &event);
}

static void on_ended(void *context, struct sg_uv_link *link, enum sg_err err,
                     const char *why)
{
    struct node *node = context;
    struct sg_event event = event_of(SG_EVENT_SHUT);
    uint32_t session = sg_uv_link_place(link)->session;
    char name[SG_UV_LINKS_NAME_SIZE];

    sg_say(SG_CONFIG_LOG_INFO, "%s: %s; %s", name_of(node, link, name), why,
           sg_uv_link_place(link)->peer != SG_SYNC_NONE
               ? "closed, will be dialled again"
               : "closed, waiting for its next call");
    forget_link(node, link);
    if (session == SG_SYNC_NONE)
        return;
    event.session = session;
    event.shut = err;
    sg_driver_step(node->driver, &event);
}

/* --- What the core wants
 * ---------------------------------------------------------- */

static void hook_send(void *context, uint32_t session,
                      enum sg_message_type type, struct sg_bytes body)
{
    struct node *node = context;

    SG_ASSERT(node->sessions[session] != NULL);
    sg_uv_link_send(node->sessions[session], type, body);
}

static void hook_close(void *context, uint32_t session, enum sg_err err)
{
    struct node *node = context;
    struct sg_uv_link *link = node->sessions[session];
    char name[SG_UV_LINKS_NAME_SIZE];

    SG_ASSERT(link != NULL);
    sg_say(err == SG_OK || err == SG_ERR_DONE || err == SG_ERR_STOPPING ||
                   err == SG_ERR_DOUBLE
               ? SG_CONFIG_LOG_INFO
               : SG_CONFIG_LOG_WARNING,
           "%s: %s; session closed", name_of(node, link, name),
           sg_err_text(err, SG_LANG_EN));
    forget_link(node, link);
    sg_uv_link_close(link);
}

/* CONFIG without what is drawn anew for each connection. */
static enum sg_err make_link(struct node *node,
                             const struct sockaddr_storage *address,
                             bool has_room, struct sg_uv_link **ret_link)
{
    uint8_t ephemeral[SG_KEY_SIZE];
    struct sg_channel_config config = {
        .role = address != NULL ? SG_NOISE_INITIATOR : SG_NOISE_RESPONDER,
        .registry = sg_store_registry(node->identity->store),
        .transport_key = &node->transport,
        .ephemeral_secret = ephemeral,
        .has_room = has_room,
    };
    enum sg_err err;

    sg_crypto_random(ephemeral, sizeof ephemeral);
    err = address != NULL ? sg_uv_link_dial(&node->loop, address, &node->owner,
                                            &config, ret_link)
                          : sg_uv_link_accept((uv_stream_t *)&node->listener,
                                              &node->owner, &config, ret_link);
    sg_crypto_wipe(ephemeral, sizeof ephemeral);
    return err;
}

static void hook_dial(void *context, uint32_t peer)
{
    struct node *node = context;
    const struct sg_config_peer *config = &node->config->peers[peer];
    struct sockaddr_storage address;
    struct sg_uv_link *link;
    enum sg_err err = sg_uv_address_parse(config->address, &address);

    if (err == SG_OK)
        err = make_link(node, &address, true, &link);
    if (err == SG_OK) {
        keep_link(node, link, peer);
        return;
    }
    sg_say(SG_CONFIG_LOG_WARNING, "peer %s (%s): %s; will be dialled again",
           config->name, config->address, sg_err_text(err, SG_LANG_EN));
    node->is_undialled[peer] = true;
}

static void hook_alarm(void *context, const struct sg_effect *effect)
{
    (void)context;
    sg_say_alarm(effect);
}

static void hook_appended(void *context, const struct sg_keeper_job *job)
{
    sg_front_appended(&((struct node *)context)->front, job);
}

/* Tells the desk what new records are to say of the authority, and how far
 * clocks may go back, where that has changed: statements that are no business
 * of the core's move the position alone. */
static void tell_desk(struct node *node)
{
    const struct sg_trust *trust = sg_sync_trust(sg_driver_core(node->driver));
    uint64_t position = sg_trust_position(trust);

    if (position == node->position && !node->is_judged)
        return;
    node->position = position;
    node->is_judged = false;
    sg_desk_judge(node->front.desk, position, sg_trust_floor(trust).ms);
}

static void hook_join(void *context, const struct sg_effect *effect)
{
    struct node *node = context;
    struct sg_event event = event_of(SG_EVENT_TICK);

    SG_ASSERT(node->sessions[effect->session] != NULL);
    if (sg_applicants_ask(
            &node->applicants, &event, effect,
            &sg_uv_link_place(node->sessions[effect->session])->address))
        (void)uv_async_send(&node->wake);
}

static void hook_judged(void *context)
{
    ((struct node *)context)->is_judged = true;
}

static void hook_wake(void *context)
{
    (void)uv_async_send(&((struct node *)context)->wake);
}

/* --- The listener
 * ------------------------------------------------------------------ */

/* Makes room for another stranger. */
static void make_room(struct node *node, const struct sockaddr_storage *address,
                      size_t most)
{
    struct sg_uv_link *oldest = sg_uv_links_surplus(node->links, address, most);
    char name[SG_UV_LINKS_NAME_SIZE];

    if (oldest == NULL)
        return;
    sg_say(SG_CONFIG_LOG_DEBUG, "%s: too many strangers; closed",
           name_of(node, oldest, name));
    drop_link(node, oldest);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct sg_event event = event_of(SG_EVENT_TICK);
    struct node *node = listener->data;
    struct sg_uv_link *link;

    if (status != 0 ||
        make_link(node, NULL, node->n_open < node->config->sessions, &link) !=
            SG_OK)
        return;
    if (node->is_stopping) {
        sg_uv_link_abort(link);
        return;
    }
    sg_applicants_look(&node->applicants, &event);
    make_room(node, &sg_uv_link_place(link)->address, SG_UV_NODE_ADDRESS_MAX);
    make_room(node, NULL, SG_UV_NODE_STRANGERS_MAX);
    keep_link(node, link, SG_SYNC_NONE);
}

static enum sg_err listen_at(struct node *node)
{
    struct sockaddr_storage address;
    int code;

    if (node->config->listen[0] == '\0')
        return SG_OK;
    if (sg_uv_address_parse(node->config->listen, &address) != SG_OK)
        return SG_ERR_INVALID;
    code = uv_tcp_bind(&node->listener, (struct sockaddr *)&address, 0);
    if (code == 0)
        code =
            uv_listen((uv_stream_t *)&node->listener, BACKLOG, on_connection);
    if (code == 0) {
        sg_say(SG_CONFIG_LOG_INFO, "listening on %s", node->config->listen);
        return SG_OK;
    }
    sg_say(SG_CONFIG_LOG_ERROR, "cannot listen on %s: %s; stopping",
           node->config->listen, uv_strerror(code));
    return SG_ERR_IO;
}

/* --- The loop's turns
 * ---------------------------------------------------------------- */

static void on_stop_timer(uv_timer_t *timer)
{
    ((struct node *)timer->data)->is_done = true;
}

static void stop(struct node *node, enum sg_uv_node_end end)
{
    struct sg_event event = event_of(SG_EVENT_STOP);

    /* Who stops it while it makes ready to begin again is heard. */
    if (end == SG_UV_NODE_STOPPED || !node->is_stopping)
        node->end = end;
    if (node->is_stopping)
        return;
    node->is_stopping = true;
    (void)uv_timer_start(&node->stop_timer, on_stop_timer, SG_UV_NODE_STOP_MS,
                         0);
    sg_driver_step(node->driver, &event);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct node *node = signal->data;

    sg_say(SG_CONFIG_LOG_INFO, "signal %d: %s", number,
           number == SIGHUP ? "reading the configuration anew" : "stopping");
    (void)sg_notify_state(number == SIGHUP ? SG_NOTIFY_RELOADING
                                           : SG_NOTIFY_STOPPING);
    stop(node, number == SIGHUP ? SG_UV_NODE_RELOADS : SG_UV_NODE_STOPPED);
}

/* An officer who sees it can mend it; nothing depends on it. */
static void look_at_clock(struct node *node)
{
    uint64_t floor_ms = sg_desk_floor(node->front.desk);
    bool is_behind = sg_wall_is_before(sg_clock_wall(), floor_ms);

    if (is_behind != node->is_behind)
        sg_say_clock(is_behind, floor_ms);
    node->is_behind = is_behind;
}

static void on_tick(uv_timer_t *timer)
{
    struct node *node = timer->data;
    struct sg_event event = event_of(SG_EVENT_TICK);

    sg_driver_step(node->driver, &event);
}

static void on_wake(uv_async_t *wake)
{
    struct node *node = wake->data;
    struct sg_event event = event_of(SG_EVENT_TICK);
    bool was_full = sg_driver_is_full(node->driver);

    /* Not at each wake: the view wakes us after its turns too. */
    if (sg_driver_settle(node->driver, &event))
        sg_roll_kick(node->front.roll);
    if (sg_driver_failure(node->driver) != SG_OK)
        return; /* nothing more is acknowledged */
    sg_applicants_answer(&node->applicants, &event);
    tell_desk(node);
    sg_uv_http_answer(node->http, sg_desk_take(node->front.desk));
    sg_uv_http_finish(node->http);
    sg_uv_http_changed(node->http);
    if (was_full == sg_driver_is_full(node->driver))
        return;
    if (was_full)
        sg_say(SG_CONFIG_LOG_WARNING, "there is room again: writing goes on");
    else
        sg_say(SG_CONFIG_LOG_ERROR, "the disk is full: nothing is taken from "
                                    "peers until there is room");
}

static void say_undialled(struct node *node)
{
    for (uint32_t i = 0; i < node->config->n_peers; i++) {
        struct sg_event event = event_of(SG_EVENT_UNDIALLED);

        if (!node->is_undialled[i])
            continue;
        node->is_undialled[i] = false;
        event.undialled = i;
        sg_driver_step(node->driver, &event);
    }
}

static void wait_for_core(struct node *node)
{
    uint64_t at = sg_driver_deadline(node->driver);
    uint64_t now = sg_clock_mono().ms;

    if (at == UINT64_MAX) {
        (void)uv_timer_stop(&node->timer);
        return;
    }
    uv_update_time(&node->loop);
    (void)uv_timer_start(&node->timer, on_tick, at > now ? at - now : 0, 0);
}

/* Before each wait: sends what was put together, reads on or not, and ends. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct node *node = prepare->data;
    bool is_busy;

    say_undialled(node);
    is_busy = sg_driver_is_busy(node->driver);
    for (struct sg_uv_link *link = node->links; link != NULL;
         link = sg_uv_link_place(link)->next) {
        sg_uv_link_flush(link);
        if (is_busy != node->is_paused)
            sg_uv_link_pause(link, is_busy);
    }
    node->is_paused = is_busy;
    if (sg_driver_is_closed(node->driver))
        stop(node, SG_UV_NODE_NEW_EPOCH);
    if (sg_driver_compacts(node->driver, sg_clock_mono().ms))
        stop(node, SG_UV_NODE_COMPACTS);
    look_at_clock(node);
    wait_for_core(node);
    if (sg_driver_failure(node->driver) != SG_OK ||
        (node->is_stopping && node->n_open == 0))
        node->is_done = true;
}

/* --- Life
 * ------------------------------------------------------------------------------
 */

static enum sg_err make_driver(struct node *node)
{
    const struct sg_config *from = node->config;
    const struct sg_driver_hooks hooks = {
        .send = hook_send,
        .close = hook_close,
        .dial = hook_dial,
        .alarm = hook_alarm,
        .appended = hook_appended,
        .judged = hook_judged,
        .join = hook_join,
        .wake = hook_wake,
        .context = node,
    };
    struct sg_sync_peer peers[SG_PEERS_MAX];
    struct sg_sync_config config = {
        .registry = *sg_store_registry(node->identity->store),
        .key = &node->identity->node->sign,
        .chain = sg_buf_bytes(&node->identity->chain),
        .sessions_max = (uint32_t)from->sessions,
        .logs_max = (uint32_t)from->logs,
        .interval_ms = from->interval,
        .metered_ms = from->metered_interval,
        .ping_ms = from->ping,
        .writer_size_max = from->writer_size,
        .writer_day_max = from->writer_day,
        .cosigns = from->cosigns,
        .peers = peers,
        .n_peers = from->n_peers,
    };

    for (size_t i = 0; i < from->n_peers; i++)
        peers[i] = (struct sg_sync_peer){
            .dial = from->peers[i].dial && from->peers[i].address[0] != '\0',
            .metered = from->peers[i].metered,
            .hour = from->peers[i].hour,
            .day = from->peers[i].day,
        };
    memcpy(config.certificate, node->identity->certificate,
           sizeof config.certificate);
    sg_crypto_random(config.seed, sizeof config.seed);
    return sg_driver_new(node->identity->store, &config, &hooks, &node->driver);
}

static void mask_signals(int how)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(how, &set, NULL);
}

void sg_uv_node_hold_signals(void)
{
    mask_signals(SIG_BLOCK);
}

static void watch(struct node *node, uv_signal_t *handle, int number)
{
    (void)uv_signal_init(&node->loop, handle);
    handle->data = node;
    (void)uv_signal_start(handle, on_signal, number);
}

static void make_handles(struct node *node)
{
    (void)uv_tcp_init(&node->loop, &node->listener);
    (void)uv_timer_init(&node->loop, &node->timer);
    (void)uv_timer_init(&node->loop, &node->stop_timer);
    (void)uv_prepare_init(&node->loop, &node->prepare);
    (void)uv_async_init(&node->loop, &node->wake, on_wake);
    node->listener.data = node;
    node->timer.data = node;
    node->stop_timer.data = node;
    node->prepare.data = node;
    node->wake.data = node;
    watch(node, &node->terminate, SIGTERM);
    watch(node, &node->interrupt, SIGINT);
    watch(node, &node->hangup, SIGHUP);
}

static void close_handles(struct node *node)
{
    uv_handle_t *const handles[] = {
        (uv_handle_t *)&node->listener,   (uv_handle_t *)&node->timer,
        (uv_handle_t *)&node->stop_timer, (uv_handle_t *)&node->prepare,
        (uv_handle_t *)&node->wake,       (uv_handle_t *)&node->terminate,
        (uv_handle_t *)&node->interrupt,  (uv_handle_t *)&node->hangup,
    };

    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        uv_close(handles[i], NULL);
}

/* Sessions that are open, or closing, end with the loop: those that took leave
 * have a moment for their last bytes. */
static void end_loop(struct node *node)
{
    while (node->links != NULL)
        drop_link(node, node->links);
    close_handles(node);
    (void)uv_run(&node->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&node->loop);
}

static void set_session(const struct node *node,
                        const struct sg_uv_link_place *place,
                        struct sg_api_peer *peer)
{
    uint64_t now = uv_now(&node->loop);

    peer->session = place->session;
    peer->open_ms = now - place->opened_ms;
    peer->silent_ms = now - place->heard_ms;
}

/* The I-th peer: those of the configuration, then callers. */
static bool peer_of(void *context, size_t i, struct sg_api_peer *ret_peer)
{
    const struct node *node = context;
    size_t n = node->config->n_peers;

    *ret_peer = (struct sg_api_peer){.session = SG_SYNC_NONE};
    if (i < n) {
        ret_peer->name = node->config->peers[i].name;
        ret_peer->address = node->config->peers[i].address;
    }
    for (struct sg_uv_link *link = node->links; link != NULL;
         link = sg_uv_link_place(link)->next) {
        const struct sg_uv_link_place *place = sg_uv_link_place(link);

        if (place->session == SG_SYNC_NONE)
            continue;
        if (i < n && place->peer == i)
            set_session(node, place, ret_peer);
        if (place->peer != SG_SYNC_NONE || n++ != i)
            continue;
        sg_uv_address_print(&place->address, ((struct node *)context)->caller);
        ret_peer->address = node->caller;
        set_session(node, place, ret_peer);
    }
    return ret_peer->address != NULL;
}

static enum sg_err make_front(struct node *node)
{
    const struct sg_api_config config = {
        .config = node->config,
        .identity = node->identity,
        .driver = node->driver,
        .keeper = sg_driver_keeper(node->driver),
        .gate = &node->gate,
        .turnstile = &node->turnstile,
        .peer = peer_of,
        .wake = hook_wake,
        .context = node,
    };

    return sg_front_open(&node->front, &config);
}

/* In the order in which they need each other. */
static void end_front(struct node *node)
{
    sg_uv_http_close(node->http);
    sg_front_stop(&node->front);
    sg_driver_free(node->driver);
    sg_front_free(&node->front);
}

static enum sg_err start(struct node *node)
{
    struct sg_event event = event_of(SG_EVENT_START);
    enum sg_err err = make_driver(node);

    if (err == SG_OK) {
        sg_driver_compact_after(node->driver, node->config->compact);
        err = make_front(node);
    }
    if (err == SG_OK)
        err = sg_uv_http_open(&node->loop, node->config, &node->gate,
                              &node->http);
    if (err == SG_OK)
        err = listen_at(node);
    if (err == SG_OK)
        err = sg_driver_start(node->driver, &event);
    if (err != SG_OK)
        return err;
    tell_desk(node);
    node->applicants = (struct sg_applicants){
        .dir = node->config->directory,
        .registry = &node->identity->node->registry,
        .driver = node->driver,
    };
    sg_uv_http_start(node->http, node->front.api);
    (void)sg_notify_state(SG_NOTIFY_READY);
    return SG_OK;
}

static enum sg_err run(struct node *node)
{
    enum sg_err err = start(node);

    if (err != SG_OK)
        return err;
    (void)uv_prepare_start(&node->prepare, on_prepare);
    mask_signals(SIG_UNBLOCK);
    while (!node->is_done)
        (void)uv_run(&node->loop, UV_RUN_ONCE);
    mask_signals(SIG_BLOCK);
    /* One that came in the last turn waits in the loop: its handle is closed
     * next, and nobody would hear it. */
    (void)uv_run(&node->loop, UV_RUN_NOWAIT);
    return sg_driver_failure(node->driver);
}

enum sg_err sg_uv_node_run(const struct sg_config *config,
                           const struct sg_identity *identity,
                           enum sg_uv_node_end *ret_end)
{
    struct node *node = sg_calloc(1, sizeof *node);
    enum sg_err err;

    if (node == NULL)
        return SG_ERR_NOMEM;
    if (uv_loop_init(&node->loop) != 0) {
        sg_free(node);
        return SG_ERR_NOMEM;
    }
    node->config = config;
    node->identity = identity;
    sg_identity_transport(identity, &node->transport);
    node->owner = (struct sg_uv_link_owner){
        on_greet, on_opened, on_message, on_left, on_ended, node, node->buffer,
    };
    sg_turnstile_init(&node->turnstile, config->handshakes_each,
                      config->handshakes);
    make_handles(node);
    sg_http_gate_init(&node->gate, config->http);
    err = run(node);
    end_front(node);
    end_loop(node);
    sg_uv_http_free(node->http);
    sg_crypto_wipe(&node->gate, sizeof node->gate);
    *ret_end = node->end;
    sg_crypto_wipe(&node->transport, sizeof node->transport);
    sg_free(node);
    return err;
}
