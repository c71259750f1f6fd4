#include "node/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/api_call.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/text.h"

struct sg_api_call {
    const char *method;
    const char *path;
    enum sg_http_need need;
    sg_api_call_fn *fn;
};

/* API.md and openapi.json describe these, in this order; a test compares. */
static const struct sg_api_call calls[] = {
    {"GET", "/", SG_HTTP_OPEN, sg_api_page_html},
    {"GET", "/page.css", SG_HTTP_OPEN, sg_api_page_css},
    {"GET", "/page.js", SG_HTTP_OPEN, sg_api_page_js},
    {"GET", "/v1/health", SG_HTTP_OPEN, sg_api_node_health},
    {"GET", "/v1/metrics", SG_HTTP_TOKEN, sg_api_node_metrics},
    {"GET", "/v1/peers", SG_HTTP_TOKEN, sg_api_node_peers},
    {"GET", "/v1/logs", SG_HTTP_TOKEN, sg_api_node_logs},
    {"GET", "/v1/cut", SG_HTTP_TOKEN, sg_api_node_cut},
    {"GET", "/v1/follow", SG_HTTP_TOKEN, sg_api_node_follow},
    {"GET", "/v1/register", SG_HTTP_TOKEN, sg_api_roll_register},
    {"GET", "/v1/roots", SG_HTTP_TOKEN, sg_api_roll_roots},
    {"GET", "/v1/conflicts", SG_HTTP_TOKEN, sg_api_conflict_list},
    {"POST", "/v1/decisions", SG_HTTP_CHANGES, sg_api_decision_file},
    {"GET", "/v1/campaign", SG_HTTP_TOKEN, sg_api_work_campaign},
    {"GET", "/v1/quality", SG_HTTP_TOKEN, sg_api_quality_show},
    {"POST", "/v1/records", SG_HTTP_CHANGES, sg_api_record_submit},
    {"POST", "/v1/form", SG_HTTP_CHANGES, sg_api_form_turn},
    {"GET", "/v1/slip", SG_HTTP_TOKEN, sg_api_record_slip},
    {"POST", "/v1/session", SG_HTTP_LOGIN, sg_api_session_begin},
    {"DELETE", "/v1/session", SG_HTTP_CHANGES, sg_api_session_end},
    {"POST", "/v1/unlock", SG_HTTP_CHANGES, sg_api_officer_unlock},
    {"POST", "/v1/lock", SG_HTTP_CHANGES, sg_api_officer_lock},
    {"GET", "/v1/officer", SG_HTTP_TOKEN, sg_api_officer_show},
    {"POST", "/v1/person", SG_HTTP_CHANGES, sg_api_person_show},
    {"POST", "/v1/search", SG_HTTP_CHANGES, sg_api_person_search},
    {"POST", "/v1/permits", SG_HTTP_CHANGES, sg_api_permit_give},
    {"GET", "/v1/audit", SG_HTTP_TOKEN, sg_api_audit_list},
};

#define N_CALLS (sizeof calls / sizeof calls[0])

/* What is asked of persons stands on the audit. Where there is none, nobody is
 * shown: a relay, a node whose view cannot be opened. */
static enum sg_err make_audit(struct sg_api *api)
{
    const struct sg_identity *identity = api->config.identity;
    struct sg_audit_config config = {
        .store = identity->store,
        .keeper = api->config.keeper,
        .scope = identity->scope,
        .roll = api->config.roll,
    };
    enum sg_err err;

    memcpy(config.node, identity->node->public_key, sizeof config.node);
    err = sg_audit_new(&config, &api->audit);
    if (err == SG_ERR_NOTFOUND)
        return SG_OK;
    if (err == SG_OK)
        err = sg_view_reader_new(sg_roll_view(config.roll), &api->reader);
    if (err == SG_OK)
        err = sg_reads_new(&api->reads);
    if (err == SG_OK)
        err = sg_trail_new(config.store, config.scope, identity->transport,
                           &api->trail);
    return err == SG_OK ? sg_api_audit_load(api) : err;
}

enum sg_err sg_api_new(const struct sg_api_config *config,
                       struct sg_api **ret_api)
{
    struct sg_api *api = sg_calloc(1, sizeof *api);
    enum sg_err err;

    if (api == NULL)
        return SG_ERR_NOMEM;
    api->config = *config;
    api->began_ms = sg_clock_mono().ms;
    api->done_last = &api->done;
    err = sg_officers_new(sg_store_registry(config->identity->store),
                          config->roll, config->config->unlock, &api->officers);
    if (err == SG_OK)
        err = sg_vault_new(config->wake, config->context, &api->vault);
    if (err == SG_OK)
        err = make_audit(api);
    if (err != SG_OK) {
        sg_api_stop(api);
        sg_api_free(api);
        return err;
    }
    *ret_api = api;
    return SG_OK;
}

void sg_api_stop(struct sg_api *api)
{
    if (api == NULL)
        return;
    sg_view_reader_free(api->reader);
    api->reader = NULL;
    sg_vault_free(api->vault);
    api->vault = NULL;
    sg_officers_free(api->officers);
    api->officers = NULL;
}

void sg_api_free(struct sg_api *api)
{
    if (api == NULL)
        return;
    SG_ASSERT(api->reader == NULL);
    sg_audit_free(api->audit);
    sg_reads_free(api->reads);
    sg_trail_free(api->trail);
    while (api->tasks != NULL)
        sg_api_call_drop(api, api->tasks);
    sg_free(api);
}

/* --- Tasks ----------------------------------------------------------------
 */

void *sg_api_call_task(struct sg_api *api, const struct sg_api_request *request,
                       size_t size, struct sg_api_answer *ret)
{
    struct sg_api_task *task = sg_calloc(1, size);

    SG_ASSERT(size >= sizeof *task);
    if (task == NULL) {
        sg_api_call_refuse_err(ret, 503, SG_ERR_NOMEM);
        return NULL;
    }
    task->owner = request->owner;
    task->next = api->tasks;
    task->back = &api->tasks;
    if (task->next != NULL)
        task->next->back = &task->next;
    api->tasks = task;
    return task;
}

void sg_api_call_drop(struct sg_api *api, struct sg_api_task *task)
{
    (void)api;
    *task->back = task->next;
    if (task->next != NULL)
        task->next->back = task->back;
    if (task->clear != NULL)
        task->clear(task);
    sg_free(task);
}

void sg_api_call_done(struct sg_api *api, struct sg_api_task *task)
{
    task->next_done = NULL;
    *api->done_last = task;
    api->done_last = &task->next_done;
}

bool sg_api_appended(struct sg_api *api, const struct sg_keeper_job *job)
{
    return api != NULL && api->audit != NULL &&
           sg_audit_settle(api->audit, job);
}

void sg_api_settle(struct sg_api *api)
{
    struct sg_audit_note *note;
    struct sg_vault_job *job;

    while ((job = sg_vault_take(api->vault)) != NULL)
        sg_api_call_done(api, job->owner);
    while (api->audit != NULL && (note = sg_audit_take(api->audit)) != NULL) {
        struct sg_api_task *task = note->owner;

        if (task != NULL) {
            task->err = note->err;
            sg_api_call_done(api, task);
        }
        sg_audit_note_free(note);
    }
}

struct sg_api_task *sg_api_take(struct sg_api *api)
{
    struct sg_api_task *task = api->done;

    if (task == NULL)
        return NULL;
    api->done = task->next_done;
    if (api->done == NULL)
        api->done_last = &api->done;
    return task;
}

void *sg_api_task_owner(const struct sg_api_task *task)
{
    return task->owner;
}

void sg_api_finish(struct sg_api *api, struct sg_api_task *task,
                   struct sg_api_answer *ret_answer)
{
    ret_answer->turn = SG_API_NOW;
    task->goes_on = false;
    task->finish(api, task, ret_answer);
    ret_answer->turn = task->goes_on ? SG_API_LATER : SG_API_NOW;
    if (!task->goes_on)
        sg_api_call_drop(api, task);
}

/* --- Answers --------------------------------------------------------------
 */

void sg_api_answer_init(struct sg_api_answer *answer)
{
    *answer = (struct sg_api_answer){.status = 500};
    sg_buf_init(&answer->body, SG_API_ANSWER_SIZE_MAX);
}

void sg_api_answer_clear(struct sg_api_answer *answer)
{
    sg_buf_wipe(&answer->body);
}

static int put_json(const char *text, size_t size, void *buf)
{
    return sg_buf_append(buf, sg_bytes(text, size)) == SG_OK ? 0 : -1;
}

bool sg_api_call_dump(const json_t *json, struct sg_buf *buf)
{
    return json != NULL &&
           json_dump_callback(json, put_json, buf, JSON_COMPACT) == 0;
}

void sg_api_call_json(struct sg_api_answer *ret, unsigned status, json_t *json)
{
    ret->status = status;
    ret->type = "application/json";
    sg_buf_truncate(&ret->body, 0);
    if (!sg_api_call_dump(json, &ret->body)) {
        static const char text[] = "{\"error\":\"memory\"}";

        ret->status = 503;
        sg_buf_truncate(&ret->body, 0);
        (void)put_json(text, sizeof text - 1, &ret->body);
    }
    json_decref(json);
}

json_t *sg_api_call_word(const char *code, const char *english,
                         const char *vietnamese)
{
    return json_pack("{s:s,s:s,s:s}", "error", code, "en", english, "vi",
                     vietnamese);
}

void sg_api_call_refuse(struct sg_api_answer *ret, unsigned status,
                        const char *code, const char *english,
                        const char *vietnamese)
{
    sg_api_call_json(ret, status, sg_api_call_word(code, english, vietnamese));
}

void sg_api_call_refuse_err(struct sg_api_answer *ret, unsigned status,
                            enum sg_err err)
{
    sg_api_call_refuse(ret, status, sg_err_name(err),
                       sg_err_text(err, SG_LANG_EN),
                       sg_err_text(err, SG_LANG_VI));
}

void sg_api_refuse(struct sg_api_answer *ret_answer,
                   const struct sg_http_refusal *refusal)
{
    sg_api_call_refuse(ret_answer, refusal->status, refusal->code,
                       refusal->english, refusal->vietnamese);
}

json_t *sg_api_call_hex(struct sg_bytes bytes)
{
    uint8_t text[2 * 152];
    struct sg_writer writer;

    SG_ASSERT(2 * bytes.size <= sizeof text);
    sg_writer_init_array(&writer, text, sizeof text);
    sg_text_hex_encode(&writer, bytes);
    return json_stringn((const char *)text, 2 * bytes.size);
}

json_t *sg_api_call_hash(const struct sg_hash *hash)
{
    return sg_api_call_hex(SG_BYTES_ARRAY(hash->bytes));
}

json_t *sg_api_call_base64(struct sg_bytes bytes)
{
    struct sg_writer writer;
    struct sg_buf text;
    json_t *json = NULL;

    sg_buf_init(&text, SG_API_ANSWER_SIZE_MAX);
    sg_writer_init_buf(&writer, &text);
    sg_text_base64_encode(&writer, bytes);
    if (sg_writer_end(&writer) == SG_OK)
        json = json_stringn((const char *)text.data, text.size);
    sg_buf_clear(&text);
    return json;
}

void sg_api_call_set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

struct sg_view *sg_api_call_view(struct sg_api *api, struct sg_api_answer *ret)
{
    enum sg_err err =
        api->config.roll == NULL ? SG_ERR_STATE : sg_roll_err(api->config.roll);

    if (err == SG_OK || err == SG_ERR_FULL)
        return sg_roll_view(api->config.roll);
    sg_api_call_refuse_err(ret, 503, err);
    return NULL;
}

json_t *sg_api_call_date(struct sg_date date)
{
    return date.ymd == 0 ? json_null() : json_integer(date.ymd);
}

json_t *sg_api_call_checkpoint(const struct sg_checkpoint *checkpoint)
{
    json_t *json = json_object();

    sg_api_call_set(json, "size", json_integer((json_int_t)checkpoint->size));
    sg_api_call_set(json, "root", sg_api_call_hash(&checkpoint->root));
    sg_api_call_set(json, "signature",
                    sg_api_call_hex(SG_BYTES_ARRAY(checkpoint->signature)));
    return json;
}

/* --- Requests -------------------------------------------------------------
 */

const char *sg_api_call_parameter(const struct sg_api_request *request,
                                  const char *key)
{
    for (size_t i = 0; i < request->n_query; i++)
        if (strcmp(request->query[i].key, key) == 0)
            return request->query[i].value == NULL ? ""
                                                   : request->query[i].value;
    return NULL;
}

bool sg_api_call_number(const struct sg_api_request *request, const char *key,
                        uint64_t instead, uint64_t least, uint64_t most,
                        uint64_t *ret_value, struct sg_api_answer *ret)
{
    const char *value = sg_api_call_parameter(request, key);

    *ret_value = instead;
    if (value == NULL || (sg_text_decimal_decode(sg_bytes(value, strlen(value)),
                                                 ret_value) == SG_OK &&
                          *ret_value >= least && *ret_value <= most))
        return true;
    sg_api_call_refuse(ret, 400, "parameter",
                       "a parameter is not what is allowed",
                       "tham số không hợp lệ");
    return false;
}

json_t *sg_api_call_parse(struct sg_bytes text)
{
    json_t *json = NULL;

    if (sg_http_is_flat(text.data, text.size))
        json = json_loadb((const char *)text.data, text.size,
                          JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

json_t *sg_api_call_body(const struct sg_api_request *request,
                         struct sg_api_answer *ret)
{
    json_t *json = NULL;

    if (request->is_lines) {
        sg_api_call_refuse(ret, 415, "content_type",
                           "this takes application/json",
                           "lời gọi này nhận application/json");
        return NULL;
    }
    json = sg_api_call_parse(request->body);
    if (json != NULL)
        return json;
    sg_api_call_refuse(ret, 400, "json", "the body is not one JSON object",
                       "nội dung không phải là một đối tượng JSON");
    return NULL;
}

/* The methods that PATH has, as Allow wants them; NULL: no such path. */
static const char *methods_of(const char *path)
{
    static const struct {
        bool get, post, delete;
        const char *text;
    } sets[] = {
        {true, false, false, "GET"},
        {false, true, false, "POST"},
        {false, true, true, "POST, DELETE"},
    };
    bool get = false, post = false, delete = false;

    for (size_t i = 0; i < N_CALLS; i++) {
        if (strcmp(calls[i].path, path) != 0)
            continue;
        get = get || strcmp(calls[i].method, "GET") == 0;
        post = post || strcmp(calls[i].method, "POST") == 0;
        delete = delete || strcmp(calls[i].method, "DELETE") == 0;
    }
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        if (sets[i].get == get && sets[i].post == post &&
            sets[i].delete == delete)
            return sets[i].text;
    return NULL;
}

const struct sg_api_call *sg_api_find(const char *method, const char *path,
                                      struct sg_api_answer *ret_answer)
{
    for (size_t i = 0; i < N_CALLS; i++)
        if (strcmp(calls[i].path, path) == 0 &&
            strcmp(calls[i].method, method) == 0)
            return &calls[i];
    ret_answer->allow = methods_of(path);
    if (ret_answer->allow == NULL)
        sg_api_call_refuse(ret_answer, 404, "path", "there is nothing here",
                           "không có gì ở đây");
    else
        sg_api_call_refuse(ret_answer, 405, "method",
                           "this cannot be done here",
                           "không thể làm việc này ở đây");
    return NULL;
}

enum sg_http_need sg_api_need(const struct sg_api_call *call)
{
    return call->need;
}

/* What is said of the register includes what was answered here before. */
static enum sg_api_wait wait_of(const struct sg_api_call *call)
{
    static sg_api_call_fn *const readers[] = {
        sg_api_roll_roots,   sg_api_conflict_list, sg_api_work_campaign,
        sg_api_quality_show, sg_api_person_show,   sg_api_person_search};

    if (call->fn == sg_api_decision_file)
        return SG_API_WAITS_ALONE;
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        if (call->fn == readers[i])
            return SG_API_WAITS_FOLDED;
    return SG_API_WAITS_NOT;
}

bool sg_api_is_due(struct sg_api *api, const struct sg_api_call *call,
                   struct sg_api_hold *hold, uint64_t now_ms)
{
    return sg_api_hold_is_over(api, wait_of(call), hold, now_ms);
}

void sg_api_handle(struct sg_api *api, const struct sg_api_call *call,
                   const struct sg_api_request *request,
                   struct sg_api_answer *ret_answer)
{
    call->fn(api, request, ret_answer);
}

void sg_api_count(struct sg_api *api, unsigned status)
{
    SG_ASSERT(status >= 100);
    SG_ASSERT(status < 600);
    api->requests[status / 100]++;
}

/* --- Sessions of a browser ------------------------------------------------
 */

void sg_api_session_begin(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    const struct sg_http_session *session;

    if (request->way != SG_HTTP_LOOPBACK) {
        sg_api_call_refuse(ret, 400, "way",
                           "sessions are for browsers; the socket needs none",
                           "phiên chỉ dành cho trình duyệt; kết nối qua socket "
                           "không cần phiên");
        return;
    }
    session = sg_http_session_begin(api->config.gate, request->now_ms);
    ret->session = session->id;
    sg_api_call_json(ret, 201, json_pack("{s:s}", "token", session->forgery));
}

void sg_api_session_end(struct sg_api *api,
                        const struct sg_api_request *request,
                        struct sg_api_answer *ret)
{
    /* Whoever sat at this browser goes with it. */
    if (request->caller.session[0] != '\0')
        sg_api_officer_end(api, &request->caller);
    ret->ends_session = true;
    sg_api_call_json(
        ret, 200,
        json_pack("{s:b}", "ended",
                  sg_http_session_end(api->config.gate, request->cookie)));
}
