#include "tools/courier.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/un.h>

#include "storage/base/alloc.h"
#include "storage/base/buf.h"
#include "storage/base/clock.h"
#include "storage/base/limits.h"

#define PATH       "http://localhost/v1/records"
#define FORM_MAX   (4u * SG_RECORD_SIZE_MAX)
#define AGAIN_MS   200u /* between two attempts */
#define POLL_MS    1000
#define TIMEOUT_MS 60000L
#define BUSY       503

enum caller_state {
    CALLER_IDLE,
    CALLER_ASKS,
    CALLER_WAITS, /* for its next attempt */
};

struct caller {
    CURL *easy;
    enum caller_state state;
    uint64_t number;   /* of its form */
    struct sg_mono at; /* of the next attempt */
    struct sg_buf form, answer;
};

struct courier {
    const struct sg_courier_config *config;
    CURLM *multi;
    struct curl_slist *headers;
    struct caller callers[SG_COURIER_CALLERS_MAX];
    unsigned busy; /* callers that are not idle */
    bool is_last;  /* no more forms come */
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
    sg_buf_init(&caller->form, FORM_MAX);
    sg_buf_init(&caller->answer, SG_COURIER_ANSWER_MAX);
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
                           (long)caller->form.size);
    (void)curl_easy_setopt(caller->easy, CURLOPT_POSTFIELDS, caller->form.data);
    caller->state = CALLER_ASKS;
    return curl_multi_add_handle(courier->multi, caller->easy) == CURLM_OK
               ? SG_OK
               : SG_ERR_NOMEM;
}

/* Gives an idle caller the next form, if there is one. */
static enum sg_err begin(struct courier *courier, struct caller *caller)
{
    struct sg_bytes form = sg_bytes(NULL, 0);
    enum sg_err err =
        courier->config->next(courier->config->context, &form, &caller->number);

    if (err != SG_OK)
        return err;
    if (form.size == 0) {
        courier->is_last = true;
        return SG_OK;
    }
    sg_buf_truncate(&caller->form, 0);
    err = sg_buf_append(&caller->form, form);
    if (err == SG_OK)
        err = ask(courier, caller);
    if (err == SG_OK)
        courier->busy++;
    return err;
}

/* Lets all do what they can do now. */
static enum sg_err begin_all(struct courier *courier)
{
    struct sg_mono now = sg_clock_mono();
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < courier->config->callers && err == SG_OK; i++) {
        struct caller *caller = &courier->callers[i];

        if (caller->state == CALLER_IDLE && !courier->is_last)
            err = begin(courier, caller);
        else if (caller->state == CALLER_WAITS && now.ms >= caller->at.ms)
            err = ask(courier, caller);
    }
    return err;
}

/* Puts a form off; false when patience has ended. */
static bool put_off(struct courier *courier, struct caller *caller)
{
    struct sg_mono now = sg_clock_mono();

    if (!courier->is_waiting)
        courier->waiting_since = now;
    courier->is_waiting = true;
    if (sg_mono_diff(now, courier->waiting_since) >= courier->config->wait_ms)
        return false;
    caller->state = CALLER_WAITS;
    caller->at.ms = now.ms + AGAIN_MS;
    return true;
}

static enum sg_err finish(struct courier *courier, struct caller *caller,
                          CURLcode result)
{
    long status = 0;

    if (curl_multi_remove_handle(courier->multi, caller->easy) != CURLM_OK)
        return SG_ERR_IO;
    if (result == CURLE_COULDNT_CONNECT)
        return put_off(courier, caller) ? SG_OK : SG_ERR_NOTFOUND;
    if (result != CURLE_OK ||
        curl_easy_getinfo(caller->easy, CURLINFO_RESPONSE_CODE, &status) !=
            CURLE_OK)
        return SG_ERR_IO;
    if (status == BUSY && put_off(courier, caller))
        return SG_OK;
    if (status != BUSY)
        courier->is_waiting = false;
    caller->state = CALLER_IDLE;
    courier->busy--;
    courier->config->answered(courier->config->context, caller->number,
                              (unsigned)status, sg_buf_bytes(&caller->answer));
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

static enum sg_err run(struct courier *courier)
{
    enum sg_err err = begin_all(courier);
    int running;

    while (err == SG_OK && courier->busy > 0) {
        if (curl_multi_perform(courier->multi, &running) != CURLM_OK)
            return SG_ERR_IO;
        err = finish_all(courier);
        if (err == SG_OK)
            err = begin_all(courier);
        if (err == SG_OK && courier->busy > 0 &&
            curl_multi_poll(courier->multi, NULL, 0,
                            courier->is_waiting ? (int)AGAIN_MS : POLL_MS,
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
            curl_slist_append(headers, "Content-Type: application/json");
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
        sg_buf_wipe(&caller->form);
        sg_buf_wipe(&caller->answer);
    }
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
