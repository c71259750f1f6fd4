#include "tools/courier.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/un.h>

#include "node/api.h"
#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/clock.h"

#define PATH       "http://localhost/v1/records"
#define AGAIN_MS   200u /* between two attempts */
#define PAUSE_MS   5    /* until more forms are asked for */
#define POLL_MS    1000
#define TIMEOUT_MS 60000L
#define DONE       200
#define BUSY       503

enum caller_state {
    CALLER_IDLE,
    CALLER_ASKS,
    CALLER_WAITS, /* for its next attempt */
};

/* A form in a body, with the newline behind it. */
struct form {
    uint64_t number;
    size_t size;
};

struct caller {
    CURL *easy;
    enum caller_state state;
    struct sg_mono at; /* of the next attempt */
    struct sg_buf body, answer;
    size_t count;
    struct form forms[SG_API_LINES_MAX];
};

struct courier {
    const struct sg_courier_config *config;
    CURLM *multi;
    struct curl_slist *headers;
    struct caller callers[SG_COURIER_CALLERS_MAX];
    unsigned busy;  /* callers that are not idle */
    bool is_last;   /* no more forms come */
    bool is_paused; /* none for the moment */
    /* A form that had no room behind those before it; empty: there is none. */
    struct sg_buf held;
    uint64_t held_number;
    /* Since when nothing has been taken; only while is_waiting. */
    struct sg_mono waiting_since;
    bool is_waiting;
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct caller *caller = context;

    return sg_buf_append(&caller->answer, sg_bytes(bytes, size * count)) ==
                   SG_OK
               ? size * count
               : 0;
}

static enum sg_err open_caller(struct courier *courier, struct caller *caller)
{
    sg_buf_init(&caller->body, SG_HTTP_BODY_SIZE_MAX);
    sg_buf_init(&caller->answer, SG_API_ANSWER_SIZE_MAX);
    caller->easy = curl_easy_init();
    if (caller->easy == NULL)
        return SG_ERR_NOMEM;
    (void)curl_easy_setopt(caller->easy, CURLOPT_URL, PATH);
    (void)curl_easy_setopt(caller->easy, CURLOPT_HTTPHEADER, courier->headers);
    (void)curl_easy_setopt(caller->easy, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(caller->easy, CURLOPT_WRITEDATA, caller);
    (void)curl_easy_setopt(caller->easy, CURLOPT_PRIVATE, caller);
    (void)curl_easy_setopt(caller->easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    /* Nothing of the environment sends a form elsewhere. */
    (void)curl_easy_setopt(caller->easy, CURLOPT_PROXY, "");
    return curl_easy_setopt(caller->easy, CURLOPT_UNIX_SOCKET_PATH,
                            courier->config->socket) == CURLE_OK
               ? SG_OK
               : SG_ERR_NOMEM;
}

static enum sg_err ask(struct courier *courier, struct caller *caller)
{
    sg_buf_truncate(&caller->answer, 0);
    (void)curl_easy_setopt(caller->easy, CURLOPT_POSTFIELDSIZE,
                           (long)caller->body.size);
    (void)curl_easy_setopt(caller->easy, CURLOPT_POSTFIELDS, caller->body.data);
    caller->state = CALLER_ASKS;
    return curl_multi_add_handle(courier->multi, caller->easy) == CURLM_OK
               ? SG_OK
               : SG_ERR_NOMEM;
}

/* --- Forms ----------------------------------------------------------------
 */

static enum sg_err put_form(struct caller *caller, struct sg_bytes form,
                            uint64_t number)
{
    enum sg_err err = sg_buf_append(&caller->body, form);

    if (err == SG_OK)
        err = sg_buf_append(&caller->body, SG_BYTES_TEXT("\n"));
    if (err == SG_OK)
        caller->forms[caller->count++] = (struct form){number, form.size + 1};
    return err;
}

/* Puts the next form into the body of CALLER, or keeps it for the next one. */
static enum sg_err take_form(struct courier *courier, struct caller *caller,
                             bool *ret_is_full)
{
    bool is_idle = courier->busy == 0 && caller->count == 0;
    enum sg_pipeline_next next = SG_PIPELINE_END;
    struct sg_bytes form;
    uint64_t number;
    enum sg_err err = courier->config->next(courier->config->context, is_idle,
                                            &next, &form, &number);

    if (err != SG_OK)
        return err;
    courier->is_last = next == SG_PIPELINE_END;
    courier->is_paused = next == SG_PIPELINE_PAUSE;
    if (next != SG_PIPELINE_BODY)
        return SG_OK;
    if (form.size >= SG_HTTP_BODY_SIZE_MAX)
        return SG_ERR_LIMIT;
    if (form.size < SG_HTTP_BODY_SIZE_MAX - caller->body.size)
        return put_form(caller, form, number);
    *ret_is_full = true;
    courier->held_number = number;
    return sg_buf_append(&courier->held, form);
}

/* Gives an idle caller as many forms as there are and have room. */
static enum sg_err begin(struct courier *courier, struct caller *caller)
{
    enum sg_err err = SG_OK;
    bool is_full = false;

    caller->count = 0;
    sg_buf_truncate(&caller->body, 0);
    if (courier->held.size > 0)
        err = put_form(caller, sg_buf_bytes(&courier->held),
                       courier->held_number);
    sg_buf_truncate(&courier->held, 0);
    while (err == SG_OK && !is_full && caller->count < SG_API_LINES_MAX &&
           !courier->is_last && !courier->is_paused)
        err = take_form(courier, caller, &is_full);
    if (err != SG_OK || caller->count == 0)
        return err;
    courier->busy++;
    return ask(courier, caller);
}

static bool has_forms(const struct courier *courier)
{
    return courier->held.size > 0 || (!courier->is_last && !courier->is_paused);
}

/* Lets all do what they can do now. */
static enum sg_err begin_all(struct courier *courier)
{
    struct sg_mono now = sg_clock_mono();
    enum sg_err err = SG_OK;

    courier->is_paused = false;
    for (unsigned i = 0; i < courier->config->callers && err == SG_OK; i++) {
        struct caller *caller = &courier->callers[i];

        if (caller->state == CALLER_IDLE && has_forms(courier))
            err = begin(courier, caller);
        else if (caller->state == CALLER_WAITS && now.ms >= caller->at.ms)
            err = ask(courier, caller);
    }
    return err;
}

/* --- Answers --------------------------------------------------------------
 */

/* Says whether what the node is too busy for is handed in again. */
static bool has_patience(struct courier *courier)
{
    struct sg_mono now = sg_clock_mono();

    if (!courier->is_waiting)
        courier->waiting_since = now;
    courier->is_waiting = true;
    return sg_mono_diff(now, courier->waiting_since) < courier->config->wait_ms;
}

/* Has all forms of CALLER handed in again after a while. */
static void put_off(struct caller *caller)
{
    caller->state = CALLER_WAITS;
    caller->at.ms = sg_clock_mono().ms + AGAIN_MS;
}

/* Gives the answer to one form, unless it is to be handed in again. */
static bool is_answered(struct courier *courier, const struct form *form,
                        unsigned status, const json_t *answer)
{
    if (status == BUSY && has_patience(courier))
        return false;
    if (status != BUSY)
        courier->is_waiting = false;
    courier->config->answered(courier->config->context, form->number, status,
                              answer);
    return true;
}

/* Cuts the next line off TEXT and reads its object. NULL: it is none. */
static json_t *take_line(struct sg_bytes *text)
{
    const uint8_t *newline =
        text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    size_t size = newline == NULL ? 0 : (size_t)(newline - text->data) + 1;
    json_t *json;

    if (size == 0)
        return NULL;
    json = json_loadb((const char *)text->data, size, 0, NULL);
    *text = sg_bytes(text->data + size, text->size - size);
    return json;
}

/* A line for each form: those that are to be handed in again stay. */
static enum sg_err take_lines(struct courier *courier, struct caller *caller)
{
    struct sg_bytes text = sg_buf_bytes(&caller->answer);
    size_t from = 0, to = 0, kept = 0;

    for (size_t i = 0; i < caller->count; i++) {
        const struct form form = caller->forms[i];
        json_t *answer = take_line(&text);
        json_int_t status =
            json_integer_value(json_object_get(answer, "status"));
        bool is_kept = status > 0 &&
                       !is_answered(courier, &form, (unsigned)status, answer);

        json_decref(answer);
        if (status <= 0)
            return SG_ERR_IO;
        if (is_kept) {
            memmove(caller->body.data + to, caller->body.data + from,
                    form.size);
            caller->forms[kept++] = form;
            to += form.size;
        }
        from += form.size;
    }
    caller->count = kept;
    sg_buf_truncate(&caller->body, to);
    return SG_OK;
}

/* One word for all forms: the request was not looked into. */
static enum sg_err take_word(struct courier *courier, struct caller *caller,
                             unsigned status)
{
    json_t *answer;

    if (status == BUSY && has_patience(courier))
        return SG_OK;
    answer = json_loadb((const char *)caller->answer.data, caller->answer.size,
                        0, NULL);
    for (size_t i = 0; i < caller->count; i++)
        courier->config->answered(courier->config->context,
                                  caller->forms[i].number, status, answer);
    caller->count = 0;
    json_decref(answer);
    return SG_OK;
}

static enum sg_err finish(struct courier *courier, struct caller *caller,
                          CURLcode result)
{
    long status = 0;
    enum sg_err err;

    if (curl_multi_remove_handle(courier->multi, caller->easy) != CURLM_OK)
        return SG_ERR_IO;
    caller->state = CALLER_IDLE;
    if (result == CURLE_COULDNT_CONNECT) {
        if (!has_patience(courier))
            return SG_ERR_NOTFOUND;
        put_off(caller);
        return SG_OK;
    }
    if (result != CURLE_OK ||
        curl_easy_getinfo(caller->easy, CURLINFO_RESPONSE_CODE, &status) !=
            CURLE_OK)
        return SG_ERR_IO;
    err = status == DONE ? take_lines(courier, caller)
                         : take_word(courier, caller, (unsigned)status);
    if (err != SG_OK)
        return err;
    if (caller->count > 0)
        put_off(caller);
    else
        courier->busy--;
    return SG_OK;
}

static enum sg_err finish_all(struct courier *courier)
{
    enum sg_err err = SG_OK;
    CURLMsg *message;
    int left;

    while (err == SG_OK &&
           (message = curl_multi_info_read(courier->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct caller *caller;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &caller) != CURLE_OK)
            return SG_ERR_IO;
        err = finish(courier, caller, result);
    }
    return err;
}

/* How long nothing needs to be looked at but the socket. */
static int patience_ms(const struct courier *courier)
{
    return courier->is_paused    ? PAUSE_MS
           : courier->is_waiting ? (int)AGAIN_MS
                                 : POLL_MS;
}

static enum sg_err run(struct courier *courier)
{
    enum sg_err err = begin_all(courier);
    int running;

    while (err == SG_OK && (courier->busy > 0 || courier->is_paused)) {
        if (curl_multi_perform(courier->multi, &running) != CURLM_OK)
            return SG_ERR_IO;
        err = finish_all(courier);
        if (err == SG_OK)
            err = begin_all(courier);
        if (err == SG_OK && courier->busy > 0 &&
            curl_multi_poll(courier->multi, NULL, 0, patience_ms(courier),
                            NULL) != CURLM_OK)
            return SG_ERR_IO;
    }
    return err;
}

static enum sg_err open_all(struct courier *courier)
{
    enum sg_err err = SG_OK;
    /* Without this curl would ask before it sends a long form. */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

    if (headers != NULL)
        courier->headers =
            curl_slist_append(headers, "Content-Type: " SG_HTTP_LINES);
    courier->multi = curl_multi_init();
    if (courier->headers == NULL) {
        curl_slist_free_all(headers);
        return SG_ERR_NOMEM;
    }
    if (courier->multi == NULL)
        return SG_ERR_NOMEM;
    (void)curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS,
                            (long)courier->config->callers);
    for (unsigned i = 0; i < courier->config->callers && err == SG_OK; i++)
        err = open_caller(courier, &courier->callers[i]);
    return err;
}

static void close_all(struct courier *courier)
{
    for (unsigned i = 0; i < courier->config->callers; i++) {
        struct caller *caller = &courier->callers[i];

        if (caller->state == CALLER_ASKS)
            (void)curl_multi_remove_handle(courier->multi, caller->easy);
        curl_easy_cleanup(caller->easy);
        sg_buf_wipe(&caller->body);
        sg_buf_wipe(&caller->answer);
    }
    sg_buf_wipe(&courier->held);
    (void)curl_multi_cleanup(courier->multi);
    curl_slist_free_all(courier->headers);
    sg_free(courier);
}

enum sg_err sg_courier_run(const struct sg_courier_config *config)
{
    struct sockaddr_un address;
    struct courier *courier;
    enum sg_err err;

    if (config->callers == 0 || config->callers > SG_COURIER_CALLERS_MAX ||
        strlen(config->socket) >= sizeof address.sun_path)
        return SG_ERR_INVALID;
    courier = sg_calloc(1, sizeof *courier);
    if (courier == NULL)
        return SG_ERR_NOMEM;
    courier->config = config;
    sg_buf_init(&courier->held, SG_HTTP_BODY_SIZE_MAX);
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
        sg_free(courier);
        return SG_ERR_NOMEM;
    }
    err = open_all(courier);
    if (err == SG_OK)
        err = run(courier);
    close_all(courier);
    curl_global_cleanup();
    return err;
}
