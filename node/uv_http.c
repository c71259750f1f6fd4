#include "node/uv_http.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/uv_door.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"

/* What libmicrohttpd keeps of a connection: a header of full size, and room to
 * read a body by. */
#define CONNECTION_SIZE 20480u
#define SWEEP_MS        500u
/* A body that is refused is taken in and thrown away up to this. */
#define DISCARDED_MAX (4u * SG_HTTP_BODY_SIZE_MAX)
/* Followers are told together; a quiet one hears that we are there. */
#define FOLLOW_MS    100u
#define HEARTBEAT_MS 15000u
#define NEVER        UINT64_MAX

struct door {
    struct sg_uv_http *http;
    enum sg_http_way way;
    struct MHD_Daemon *daemon; /* NULL: not open */
    uv_poll_t poll;
    uv_timer_t timer; /* what libmicrohttpd wants to do by itself */
};

/* A connection, from its first byte on. */
struct caller {
    struct caller *next, **back;
    struct MHD_Connection *connection;
    uint64_t deadline_ms; /* beyond it he is too slow */
};

/* One request of his. */
struct request {
    struct request *next, **back; /* of those whose answer is still to come */
    struct door *door;
    struct caller *caller; /* NULL: he is gone, and a paper is at the desk */
    const struct sg_api_call *call;
    struct sg_buf body;
    struct sg_api_answer answer;
    bool is_too_large;
    bool is_hopeless; /* his body is not waited for */
    bool is_waiting;  /* suspended: for a paper, for news, or held */
    bool is_held;     /* not handled yet: it is not due */
    bool is_answered; /* the answer is there, and not queued yet */
    bool has_paper;   /* at the desk, or a task */
    struct sg_api_hold hold;
    bool is_following;
    uint64_t change;
    uint64_t heard_ms; /* when a follower was told something */
    struct sg_buf events;
    size_t told; /* bytes of the events */
};

struct sg_uv_http {
    const struct sg_config *config;
    struct sg_http_gate *gate;
    struct sg_api *api;
    struct door doors[2];
    uv_timer_t sweep;
    uv_timer_t follow;
    struct caller *callers;
    struct request *requests; /* that wait, or follow */
    bool has_changed;
    bool is_closing;
};

/* --- Turns of libmicrohttpd -----------------------------------------------
 */

static void run(struct door *door);

static void on_door_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void run(struct door *door)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    if (door->daemon == NULL)
        return;
    (void)MHD_run(door->daemon);
    if (MHD_get_timeout(door->daemon, &wait_ms) == MHD_YES)
        (void)uv_timer_start(&door->timer, on_door_timer, wait_ms, 0);
    else
        (void)uv_timer_stop(&door->timer);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

/* --- Callers --------------------------------------------------------------
 */

static void give_time(struct caller *caller, uint64_t time_ms)
{
    caller->deadline_ms =
        time_ms == NEVER ? NEVER : sg_clock_mono().ms + time_ms;
}

static void on_caller(void *context, struct MHD_Connection *connection,
                      void **socket_context,
                      enum MHD_ConnectionNotificationCode code)
{
    struct door *door = context;
    struct caller *caller = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        caller = sg_calloc(1, sizeof *caller);
        *socket_context = caller;
        if (caller == NULL)
            return; /* his request is refused */
        caller->connection = connection;
        caller->next = door->http->callers;
        caller->back = &door->http->callers;
        if (caller->next != NULL)
            caller->next->back = &caller->next;
        door->http->callers = caller;
        give_time(caller, SG_HTTP_HEADER_MS);
    } else if (caller != NULL) {
        *caller->back = caller->next;
        if (caller->next != NULL)
            caller->next->back = caller->back;
        sg_free(caller);
        *socket_context = NULL;
    }
}

/* libmicrohttpd sees the end of what is shut down, and lets go of it. */
static void on_sweep(uv_timer_t *timer)
{
    struct sg_uv_http *http = timer->data;
    uint64_t now_ms = sg_clock_mono().ms;

    if (http->api != NULL) {
        sg_api_tick(http->api, now_ms);
        sg_uv_http_finish(http); /* who was held for too long */
    }
    for (struct caller *caller = http->callers; caller != NULL;
         caller = caller->next) {
        const union MHD_ConnectionInfo *info;

        if (caller->deadline_ms > now_ms)
            continue;
        caller->deadline_ms = NEVER;
        info = MHD_get_connection_info(caller->connection,
                                       MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL)
            (void)shutdown(info->connect_fd, SHUT_RDWR);
    }
}

/* --- Requests -------------------------------------------------------------
 */

static struct request *request_new(struct door *door, struct caller *caller)
{
    struct request *request = sg_calloc(1, sizeof *request);

    if (request == NULL)
        return NULL;
    request->door = door;
    request->caller = caller;
    sg_buf_init(&request->body, SG_HTTP_BODY_SIZE_MAX);
    sg_buf_init(&request->events, SG_API_ANSWER_SIZE_MAX);
    sg_api_answer_init(&request->answer);
    return request;
}

static void list_request(struct request *request)
{
    struct sg_uv_http *http = request->door->http;

    request->next = http->requests;
    request->back = &http->requests;
    if (request->next != NULL)
        request->next->back = &request->next;
    http->requests = request;
}

static void unlist_request(struct request *request)
{
    if (request->back == NULL)
        return;
    *request->back = request->next;
    if (request->next != NULL)
        request->next->back = request->back;
    request->back = NULL;
}

static void request_free(struct request *request)
{
    unlist_request(request);
    sg_buf_wipe(&request->body);
    sg_buf_clear(&request->events);
    sg_api_answer_clear(&request->answer);
    sg_free(request);
}

static void on_completed(void *context, struct MHD_Connection *connection,
                         void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    struct request *request = *request_context;

    (void)context;
    (void)connection;
    (void)code;
    *request_context = NULL;
    if (request == NULL)
        return;
    give_time(request->caller, SG_HTTP_IDLE_MS);
    request->caller = NULL;
    if (!request->has_paper)
        request_free(request);
}

/* --- Answers --------------------------------------------------------------
 */

static ssize_t read_events(void *context, uint64_t at, char *buf, size_t max)
{
    struct request *request = context;
    size_t left = request->events.size - request->told;
    size_t n = left < max ? left : max;

    (void)at;
    if (request->door->http->is_closing)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0) {
        request->is_waiting = true;
        give_time(request->caller, NEVER);
        MHD_suspend_connection(request->caller->connection);
        return 0;
    }
    memcpy(buf, request->events.data + request->told, n);
    request->told += n;
    give_time(request->caller, SG_HTTP_ANSWER_MS);
    return (ssize_t)n;
}

/* What a browser must not do with what it gets. */
static void put_browser_headers(struct MHD_Response *response)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy", "default-src 'self'; frame-ancestors "
                                    "'none'; base-uri 'none'; form-action "
                                    "'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"X-Frame-Options", "DENY"},
    };

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        (void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

static void put_headers(const struct request *request,
                        struct MHD_Response *response)
{
    const struct sg_api_answer *answer = &request->answer;
    char cookie[SG_HTTP_TOKEN_NEW + 64];

    (void)MHD_add_response_header(response, "Content-Type", answer->type);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    if (answer->allow != NULL)
        (void)MHD_add_response_header(response, "Allow", answer->allow);
    if (answer->status == 503)
        (void)MHD_add_response_header(response, "Retry-After", "1");
    if (answer->session != NULL || answer->ends_session) {
        (void)snprintf(cookie, sizeof cookie,
                       SG_HTTP_COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/"
                                      "%s",
                       answer->session != NULL ? answer->session : "",
                       answer->ends_session ? "; Max-Age=0" : "");
        (void)MHD_add_response_header(response, "Set-Cookie", cookie);
    }
    if (request->door->way == SG_HTTP_LOOPBACK)
        put_browser_headers(response);
}

static enum MHD_Result queue_answer(struct request *request,
                                    struct MHD_Connection *connection)
{
    struct sg_api_answer *answer = &request->answer;
    struct MHD_Response *response;
    enum MHD_Result result;

    give_time(request->caller, SG_HTTP_ANSWER_MS);
    request->is_answered = false;
    if (request->door->http->api != NULL)
        sg_api_count(request->door->http->api, answer->status);
    response =
        request->is_following
            ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096,
                                                read_events, request, NULL)
            : MHD_create_response_from_buffer(
                  answer->body.size, answer->body.data, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    put_headers(request, response);
    result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- What is asked --------------------------------------------------------
 */

static const char *header_of(struct MHD_Connection *connection,
                             const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result add_parameter(void *context, enum MHD_ValueKind kind,
                                     const char *key, const char *value)
{
    struct sg_api_request *request = context;

    (void)kind;
    if (request->n_query == SG_HTTP_QUERY_MAX)
        return MHD_NO;
    request->query[request->n_query].key = key;
    request->query[request->n_query++].value = value;
    return MHD_YES;
}

/* A number that is too long for any body is the largest. */
static uint64_t size_announced(const char *text)
{
    uint64_t size = 0;

    for (; text != NULL && *text >= '0' && *text <= '9'; text++) {
        if (size > DISCARDED_MAX)
            return UINT64_MAX;
        size = 10 * size + (uint64_t)(*text - '0');
    }
    return size;
}

/* The header is in. Whoever is refused is answered when he has sent his body,
 * which is not kept: who is hung up on while he sends does not read why. */
static void begin(struct request *request, struct MHD_Connection *connection,
                  const char *method, const char *path)
{
    struct sg_uv_http *http = request->door->http;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    uint64_t size = size_announced(header_of(connection, "Content-Length"));
    struct sg_http_request header = {
        .way = request->door->way,
        .host = header_of(connection, "Host"),
        .origin = header_of(connection, "Origin"),
        .site = header_of(connection, "Sec-Fetch-Site"),
        .authorization = header_of(connection, "Authorization"),
        .cookie = header_of(connection, "Cookie"),
        .forgery = header_of(connection, SG_HTTP_FORGERY_HEADER),
        .content_type = header_of(connection, "Content-Type"),
        .has_body =
            size > 0 || header_of(connection, "Transfer-Encoding") != NULL,
        .header_size = info == NULL ? 0 : info->header_size,
        .body_size = size,
    };
    struct sg_http_refusal refusal;

    give_time(request->caller, SG_HTTP_BODY_MS);
    request->call = sg_api_find(method, path, &request->answer);
    refusal = sg_http_check(http->gate, &header,
                            request->call == NULL ? SG_HTTP_TOKEN
                                                  : sg_api_need(request->call),
                            sg_clock_mono().ms);
    if (refusal.status != 0) {
        request->answer.allow = NULL;
        sg_api_refuse(&request->answer, &refusal);
    }
    request->is_answered = refusal.status != 0 || request->call == NULL;
    request->is_hopeless = size > DISCARDED_MAX;
}

static void too_large(struct request *request)
{
    static const struct sg_http_refusal refusal = {
        413, "body_size", "the body has more than 256 KiB",
        "nội dung lớn hơn 256 KiB"};

    sg_api_refuse(&request->answer, &refusal);
}

/* Without memory a follower is told the next time. */
static void put_event(struct request *request, const char *text)
{
    if (sg_buf_append(&request->events, sg_bytes(text, strlen(text))) != SG_OK)
        sg_buf_truncate(&request->events, 0);
}

static void begin_following(struct request *request)
{
    request->is_following = true;
    request->heard_ms = sg_clock_mono().ms;
    list_request(request);
    sg_api_follow(request->door->http->api, &request->change, &request->events);
    put_event(request, ": sogoc\n\n");
}

/* Who asks: at the socket whoever the kernel says, at loopback the session. */
static void fill_caller(struct request *request,
                        struct MHD_Connection *connection,
                        struct sg_api_request *asked)
{
    const union MHD_ConnectionInfo *info;
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof peer;

    asked->caller.way = asked->way;
    if (asked->way == SG_HTTP_LOOPBACK) {
        (void)snprintf(
            asked->caller.session, sizeof asked->caller.session, "%s",
            sg_http_session_id(request->door->http->gate, asked->cookie));
        return;
    }
    info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED,
                                   &peer, &size) != 0)
        peer.uid = (uid_t)-1; /* nobody has this one */
    asked->caller.uid = peer.uid;
}

/* Has REQUEST wait, however long that takes, without a turn of its connection.
 */
static void suspend(struct request *request, struct MHD_Connection *connection)
{
    request->is_waiting = true;
    list_request(request);
    give_time(request->caller, NEVER);
    MHD_suspend_connection(connection);
}

/* All of it is in. False: the answer comes later. */
static bool handle(struct request *request, struct MHD_Connection *connection)
{
    struct sg_uv_http *http = request->door->http;
    struct sg_api_request asked = {
        .way = request->door->way,
        .cookie = header_of(connection, "Cookie"),
        .now_ms = sg_clock_mono().ms,
        .is_lines = sg_http_is_lines(header_of(connection, "Content-Type")),
        .body = sg_buf_bytes(&request->body),
        .hold = &request->hold,
        .owner = request,
    };

    if (request->is_too_large) {
        too_large(request);
        return true;
    }
    if (!sg_api_is_due(http->api, request->call, &request->hold,
                       asked.now_ms)) {
        request->is_held = true;
        suspend(request, connection);
        return false;
    }
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND,
                                    add_parameter, &asked);
    fill_caller(request, connection, &asked);
    sg_api_handle(http->api, request->call, &asked, &request->answer);
    if (request->answer.turn == SG_API_FOLLOW)
        begin_following(request);
    if (request->answer.turn != SG_API_LATER)
        return true;
    sg_buf_wipe(&request->body);
    sg_buf_init(&request->body, SG_HTTP_BODY_SIZE_MAX);
    request->has_paper = true;
    suspend(request, connection);
    return false;
}

static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *upload,
                                  size_t *upload_size, void **request_context)
{
    struct door *door = context;
    struct request *request = *request_context;
    const union MHD_ConnectionInfo *info;

    (void)version;
    if (request == NULL) {
        info = MHD_get_connection_info(connection,
                                       MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        if (door->http->api == NULL || info == NULL ||
            info->socket_context == NULL)
            return MHD_NO;
        request = request_new(door, info->socket_context);
        *request_context = request;
        if (request == NULL)
            return MHD_NO;
        begin(request, connection, method, path);
        return request->is_hopeless ? queue_answer(request, connection)
                                    : MHD_YES;
    }
    if (*upload_size > 0) {
        if (!request->is_answered &&
            sg_buf_append(&request->body, sg_bytes(upload, *upload_size)) !=
                SG_OK)
            request->is_too_large = true;
        *upload_size = 0;
        return MHD_YES;
    }
    if (!request->is_answered && !handle(request, connection))
        return MHD_YES;
    return queue_answer(request, connection);
}

/* --- What comes later -----------------------------------------------------
 */

static void wake_up(struct request *request)
{
    SG_ASSERT(request->is_waiting);
    request->is_waiting = false;
    MHD_resume_connection(request->caller->connection);
}

void sg_uv_http_answer(struct sg_uv_http *http, struct sg_desk_paper *papers)
{
    bool any = papers != NULL;

    while (papers != NULL) {
        struct sg_desk_paper *paper = papers;
        struct request *request = paper->owner;

        papers = paper->next;
        sg_api_answered(http->api, paper);
        if (sg_api_gather(http->api, paper)) {
            sg_desk_paper_free(paper);
            continue;
        }
        request->has_paper = false;
        if (request->caller == NULL) {
            request_free(request);
        } else if (request->is_waiting) {
            sg_api_paper(http->api, paper, &request->answer);
            request->is_answered = true;
            unlist_request(request);
            wake_up(request);
        }
        sg_desk_paper_free(paper);
    }
    for (size_t i = 0; any && i < 2; i++)
        run(&http->doors[i]);
}

/* Ends TASK, which REQUEST waits for. False: it goes on. */
static bool finish(struct sg_uv_http *http, struct sg_api_task *task)
{
    struct request *request = sg_api_task_owner(task);

    sg_api_finish(http->api, task, &request->answer);
    if (request->answer.turn == SG_API_LATER)
        return false;
    request->has_paper = false;
    if (request->caller == NULL) {
        request_free(request);
    } else if (request->is_waiting) {
        request->is_answered = true;
        unlist_request(request);
        wake_up(request);
    }
    return true;
}

/* Has those handled that are due now. Returns whether there is one. */
static bool release(struct sg_uv_http *http)
{
    uint64_t now_ms = sg_clock_mono().ms;
    struct request *next;
    bool any = false;

    for (struct request *request = http->requests; request != NULL;
         request = next) {
        next = request->next;
        if (!request->is_held || !request->is_waiting ||
            !sg_api_is_due(http->api, request->call, &request->hold, now_ms))
            continue;
        request->is_held = false;
        unlist_request(request);
        wake_up(request);
        any = true;
    }
    return any;
}

void sg_uv_http_finish(struct sg_uv_http *http)
{
    struct sg_api_task *task;
    bool any;

    sg_api_settle(http->api);
    any = release(http);
    while ((task = sg_api_take(http->api)) != NULL)
        any = finish(http, task) || any;
    for (size_t i = 0; any && i < 2; i++)
        run(&http->doors[i]);
}

/* Tells a follower what there is to tell. */
static void tell(struct request *request, bool has_changed, uint64_t now_ms)
{
    if (!request->is_following || !request->is_waiting)
        return;
    sg_buf_truncate(&request->events, 0);
    request->told = 0;
    if (has_changed)
        sg_api_follow(request->door->http->api, &request->change,
                      &request->events);
    if (request->events.size == 0 && now_ms - request->heard_ms > HEARTBEAT_MS)
        put_event(request, ":\n\n");
    if (request->events.size == 0)
        return;
    request->heard_ms = now_ms;
    wake_up(request);
}

/* A follower who was not ready for the last news is asked again. */
static void on_follow(uv_timer_t *timer)
{
    struct sg_uv_http *http = timer->data;
    uint64_t now_ms = sg_clock_mono().ms;
    bool is_any = false, is_behind = false;

    for (struct request *request = http->requests; request != NULL;
         request = request->next) {
        is_any = is_any || request->is_following;
        is_behind =
            is_behind || (request->is_following && !request->is_waiting);
        tell(request, http->has_changed, now_ms);
    }
    http->has_changed = http->has_changed && is_behind;
    for (size_t i = 0; is_any && i < 2; i++)
        run(&http->doors[i]);
}

void sg_uv_http_changed(struct sg_uv_http *http)
{
    http->has_changed = true;
}

/* --- Doors ----------------------------------------------------------------
 */

/* Takes FD. */
static enum sg_err open_door(struct door *door, uv_loop_t *loop, int fd)
{
    bool is_loopback = door->way == SG_HTTP_LOOPBACK;
    const union MHD_DaemonInfo *info;

    door->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
        door, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_SIZE, MHD_OPTION_CONNECTION_LIMIT,
        is_loopback ? SG_HTTP_LOOPBACK_MAX : SG_HTTP_SOCKET_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        is_loopback ? SG_HTTP_ADDRESS_MAX : 0u, MHD_OPTION_NOTIFY_CONNECTION,
        on_caller, door, MHD_OPTION_NOTIFY_COMPLETED, on_completed, door,
        MHD_OPTION_STRICT_FOR_CLIENT, is_loopback ? 1 : 0, MHD_OPTION_END);
    if (door->daemon == NULL) {
        (void)close(fd);
        return SG_ERR_NOMEM;
    }
    info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    SG_ASSERT(info != NULL);
    (void)uv_poll_init(loop, &door->poll, info->epoll_fd);
    (void)uv_timer_init(loop, &door->timer);
    door->poll.data = door;
    door->timer.data = door;
    (void)uv_poll_start(&door->poll, UV_READABLE, on_poll);
    return SG_OK;
}

static void start_timer(uv_loop_t *loop, uv_timer_t *timer,
                        struct sg_uv_http *http, uv_timer_cb callback,
                        uint64_t every_ms)
{
    (void)uv_timer_init(loop, timer);
    timer->data = http;
    (void)uv_timer_start(timer, callback, every_ms, every_ms);
}

enum sg_err sg_uv_http_open(uv_loop_t *loop, const struct sg_config *config,
                            struct sg_http_gate *gate,
                            struct sg_uv_http **ret_http)
{
    struct sg_uv_http *http = sg_calloc(1, sizeof *http);
    enum sg_err err;
    int fd;

    if (http == NULL)
        return SG_ERR_NOMEM;
    http->config = config;
    http->gate = gate;
    http->doors[0] = (struct door){.http = http, .way = SG_HTTP_SOCKET};
    http->doors[1] = (struct door){.http = http, .way = SG_HTTP_LOOPBACK};
    start_timer(loop, &http->sweep, http, on_sweep, SWEEP_MS);
    start_timer(loop, &http->follow, http, on_follow, FOLLOW_MS);
    *ret_http = http;
    err = sg_uv_door_socket(config->socket, (mode_t)config->socket_mode, &fd);
    if (err == SG_OK)
        err = open_door(&http->doors[0], loop, fd);
    if (err != SG_OK || config->http[0] == '\0')
        return err;
    err = sg_uv_door_loopback(config->http, &fd);
    if (err == SG_OK)
        err = open_door(&http->doors[1], loop, fd);
    return err == SG_OK ? sg_uv_door_token(config->directory, gate->token)
                        : err;
}

void sg_uv_http_start(struct sg_uv_http *http, struct sg_api *api)
{
    http->api = api;
}

/* The poll goes before the descriptor that it watches. */
static void close_door(struct door *door)
{
    if (door->daemon == NULL)
        return;
    (void)MHD_run(door->daemon);
    (void)uv_poll_stop(&door->poll);
    MHD_stop_daemon(door->daemon);
    door->daemon = NULL;
    uv_close((uv_handle_t *)&door->poll, NULL);
    uv_close((uv_handle_t *)&door->timer, NULL);
}

void sg_uv_http_close(struct sg_uv_http *http)
{
    static const struct sg_http_refusal stopping = {
        503, "stopping", "this node is stopping; ask again later",
        "nút này đang dừng; hãy thử lại sau"};
    struct request *next;
    bool is_ours; /* the socket: where another daemon has it, it stays */

    if (http == NULL)
        return;
    is_ours = http->doors[0].daemon != NULL;
    http->is_closing = true;
    for (struct request *request = http->requests; request != NULL;
         request = next) {
        next = request->next;
        if (!request->is_waiting)
            continue;
        if (!request->is_following) {
            sg_api_refuse(&request->answer, &stopping);
            request->is_answered = true;
        }
        wake_up(request);
    }
    for (size_t i = 0; i < 2; i++) {
        close_door(&http->doors[i]);
    }
    if (is_ours)
        (void)unlink(http->config->socket);
    uv_close((uv_handle_t *)&http->sweep, NULL);
    uv_close((uv_handle_t *)&http->follow, NULL);
}

void sg_uv_http_free(struct sg_uv_http *http)
{
    if (http == NULL)
        return;
    while (http->requests != NULL)
        request_free(http->requests);
    sg_free(http);
}
