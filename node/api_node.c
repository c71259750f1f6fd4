/* What the API says about the node itself: health, metrics, peers, logs, the
 * cut, and what changes. Nothing here is about a person. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/api_call.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/version.h"
#include "storage/lmdb/fetch.h"

/* Logs of one event at most: who is told MORE asks for the list. */
#define EVENT_LOGS_MAX 64u

/* --- Health ---------------------------------------------------------------
 */

static const char *status_of(struct sg_api *api)
{
    if (sg_driver_failure(api->config.driver) != SG_OK)
        return "failed";
    if (sg_driver_is_closed(api->config.driver))
        return "closed";
    return sg_driver_is_full(api->config.driver) ? "disk_full" : "ok";
}

static size_t count_sessions(const struct sg_api *api)
{
    struct sg_api_peer peer;
    size_t n = 0;

    for (size_t i = 0; api->config.peer(api->config.context, i, &peer); i++)
        n += peer.session != SG_SYNC_NONE;
    return n;
}

/* How the register follows the logs, and how it was met at the start. */
static json_t *json_of_register(struct sg_api *api)
{
    struct sg_roll *roll = api->config.roll;
    struct sg_view_status status;
    const char *state = "ok";
    enum sg_err err;

    if (roll == NULL)
        return json_pack("{s:s,s:n}", "state", "none", "start");
    err = sg_roll_err(roll);
    if (err == SG_ERR_FULL)
        state = "disk_full";
    else if (err != SG_OK)
        state = "failed";
    sg_view_status(sg_roll_view(roll), &status);
    if (err == SG_OK && status.is_building)
        state = "building";
    else if (err == SG_OK &&
             (status.applied < status.held || status.to_fold > 0))
        state = "folding";
    return json_pack("{s:s,s:s}", "state", state, "start", sg_roll_start(roll));
}

void sg_api_node_health(struct sg_api *api,
                        const struct sg_api_request *request,
                        struct sg_api_answer *ret)
{
    struct sg_store *store = api->config.identity->store;
    const struct sg_sync *core = sg_driver_core(api->config.driver);
    struct sg_store_log log;
    json_t *json = json_object();

    sg_api_call_set(json, "status", json_string(status_of(api)));
    sg_api_call_set(json, "version", json_string(sg_version()));
    sg_api_call_set(json, "registry",
                    sg_api_call_hash(&sg_store_registry(store)->hash));
    sg_api_call_set(json, "node",
                    sg_api_call_hex(SG_BYTES_ARRAY(
                        api->config.identity->node->public_key)));
    if (sg_store_get(store, sg_store_own(store, 0)->number, &log) == SG_OK) {
        sg_api_call_set(json, "log", sg_api_call_hash(&log.id.hash));
        sg_api_call_set(json, "size",
                        json_integer((json_int_t)log.row.known.size));
    }
    sg_api_call_set(json, "register", json_of_register(api));
    sg_api_call_set(json, "sessions",
                    json_integer((json_int_t)count_sessions(api)));
    sg_api_call_set(
        json, "clock",
        json_string(
            sg_wall_is_before(sg_clock_wall(), sg_desk_floor(api->config.desk))
                ? "behind"
                : "ok"));
    sg_api_call_set(
        json, "position",
        json_integer((json_int_t)sg_trust_position(sg_sync_trust(core))));
    sg_api_call_set(
        json, "seconds",
        json_integer((json_int_t)((request->now_ms - api->began_ms) / 1000)));
    sg_api_call_json(ret, 200, json);
}

/* --- Metrics --------------------------------------------------------------
 */

struct metric {
    const char *name; /* with its labels */
    const char *type;
    const char *help;
    uint64_t value;
};

static void put_text(struct sg_buf *buf, const char *text)
{
    if (sg_buf_append(buf, sg_bytes(text, strlen(text))) != SG_OK)
        sg_buf_truncate(buf, 0);
}

/* The Prometheus text format 0.0.4; a family's rows follow each other. */
static void put_metrics(struct sg_buf *buf, const struct metric metrics[],
                        size_t count)
{
    char line[256];

    for (size_t i = 0; i < count; i++) {
        int length = (int)strcspn(metrics[i].name, "{");

        if (metrics[i].help != NULL) {
            (void)snprintf(line, sizeof line,
                           "# HELP sogoc_%.*s %s\n# TYPE sogoc_%.*s %s\n",
                           length, metrics[i].name, metrics[i].help, length,
                           metrics[i].name, metrics[i].type);
            put_text(buf, line);
        }
        (void)snprintf(line, sizeof line, "sogoc_%s %" PRIu64 "\n",
                       metrics[i].name, metrics[i].value);
        put_text(buf, line);
    }
}

struct totals {
    uint64_t logs, forked, held, behind, absent;
};

static enum sg_err add_totals(void *context, const struct sg_store_log *log)
{
    struct totals *totals = context;
    uint64_t held = log->row.frontier.size;

    totals->logs++;
    totals->forked += (log->row.flags & SG_LOG_FORKED) != 0;
    totals->held += held;
    totals->absent += log->row.absent;
    if (log->row.known.size > held)
        totals->behind += log->row.known.size - held;
    return SG_OK;
}

void sg_api_node_metrics(struct sg_api *api,
                         const struct sg_api_request *request,
                         struct sg_api_answer *ret)
{
    struct sg_driver *driver = api->config.driver;
    struct totals totals = {.logs = 0};
    struct sg_sync_counts core;
    struct sg_desk_counts desk;
    enum sg_err err =
        sg_store_each(api->config.identity->store, add_totals, &totals);

    if (err != SG_OK) {
        sg_api_call_refuse_err(ret, 503, err);
        return;
    }
    sg_sync_count(sg_driver_core(driver), &core);
    sg_desk_count(api->config.desk, &desk);
    const struct metric metrics[] = {
        {"up_seconds", "gauge", "Seconds since the node began.",
         (request->now_ms - api->began_ms) / 1000},
        {"disk_full", "gauge", "1: nothing is written for lack of room.",
         sg_driver_is_full(driver)},
        {"clock_behind", "gauge",
         "1: the clock shows a time before what the authority has said.",
         sg_wall_is_before(sg_clock_wall(), sg_desk_floor(api->config.desk))},
        {"sessions", "gauge", "Sessions with other nodes.",
         count_sessions(api)},
        {"logs", "gauge", "Logs known.", totals.logs},
        {"logs_forked", "gauge", "Logs with a proof of a fork.", totals.forked},
        {"entries_held", "gauge", "Entries held of all logs.", totals.held},
        {"entries_behind", "gauge", "Entries that are signed and not here.",
         totals.behind},
        {"payloads_absent", "gauge", "Payloads not held.", totals.absent},
        {"writing_bytes", "gauge", "Bytes that wait for the disk.",
         sg_keeper_waiting(sg_driver_keeper(driver))},
        {"records_waiting", "gauge", "Records handed in and not answered.",
         desk.waiting},
        {"records_total{answer=\"kept\"}", "counter", "Records handed in.",
         desk.kept},
        {"records_total{answer=\"kept_before\"}", NULL, NULL, desk.again},
        {"records_total{answer=\"refused\"}", NULL, NULL, desk.refused},
        {"entries_received_total", "counter", "Entries taken from peers.",
         core.entries},
        {"packages_total", "counter", "Packages taken from peers.",
         core.packages},
        {"handshakes_refused_total", "counter",
         "Handshakes of callers that came too fast.",
         api->config.turnstile->refused},
        {"pushes_total", "counter", "Packages pushed to peers.", core.pushes},
        {"dials_total", "counter", "Connections tried.", core.dials},
        {"closes_total", "counter", "Sessions that ended.", core.closes},
        {"forks_total", "counter", "Forks seen.", core.forks},
        {"refused_total{why=\"proof\"}", "counter",
         "Messages of peers that were refused.", core.refused_proof},
        {"refused_total{why=\"limit\"}", NULL, NULL, core.refused_limit},
        {"refused_total{why=\"malformed\"}", NULL, NULL,
         core.refused_malformed},
        {"refused_total{why=\"quota\"}", NULL, NULL, core.refused_quota},
        {"http_requests_total{status=\"2xx\"}", "counter", "Requests answered.",
         api->requests[2]},
        {"http_requests_total{status=\"4xx\"}", NULL, NULL, api->requests[4]},
        {"http_requests_total{status=\"5xx\"}", NULL, NULL, api->requests[5]},
    };
    ret->status = 200;
    ret->type = "text/plain; version=0.0.4; charset=utf-8";
    put_metrics(&ret->body, metrics, sizeof metrics / sizeof metrics[0]);
}

/* --- Peers ----------------------------------------------------------------
 */

static json_t *json_of_peer(const struct sg_api *api,
                            const struct sg_api_peer *peer)
{
    const struct sg_sync *core = sg_driver_core(api->config.driver);
    struct sg_sync_session_view view;
    json_t *json = json_object();
    bool is_open = peer->session != SG_SYNC_NONE &&
                   sg_sync_session(core, peer->session, &view) == SG_OK;

    sg_api_call_set(json, "name",
                    peer->name != NULL ? json_string(peer->name) : json_null());
    sg_api_call_set(json, "address", json_string(peer->address));
    sg_api_call_set(json, "connected", json_boolean(is_open));
    if (!is_open)
        return json;
    sg_api_call_set(json, "node",
                    sg_api_call_hex(SG_BYTES_ARRAY(view.node_key)));
    sg_api_call_set(json, "admitted", json_boolean(view.in_stage2));
    sg_api_call_set(json, "equal", json_boolean(view.is_equal));
    sg_api_call_set(json, "withholds", json_boolean(view.withholds));
    sg_api_call_set(json, "sent", json_integer((json_int_t)view.sent));
    sg_api_call_set(json, "received", json_integer((json_int_t)view.received));
    sg_api_call_set(json, "fetching", json_integer((json_int_t)view.wants));
    sg_api_call_set(json, "open_ms", json_integer((json_int_t)peer->open_ms));
    sg_api_call_set(json, "silent_ms",
                    json_integer((json_int_t)peer->silent_ms));
    return json;
}

void sg_api_node_peers(struct sg_api *api, const struct sg_api_request *request,
                       struct sg_api_answer *ret)
{
    json_t *list = json_array();
    struct sg_api_peer peer;

    (void)request;
    for (size_t i = 0; api->config.peer(api->config.context, i, &peer); i++)
        (void)json_array_append_new(list, json_of_peer(api, &peer));
    sg_api_call_json(ret, 200, json_pack("{s:o}", "peers", list));
}

/* --- Logs -----------------------------------------------------------------
 */

/* What is held of LOG as others may see it: own entries that are signed. */
static uint64_t held_of(const struct sg_store *store,
                        const struct sg_store_log *log)
{
    const struct sg_store_own *own;

    for (size_t i = 0; (own = sg_store_own(store, i)) != NULL; i++)
        if (own->number == log->number)
            return log->row.known.size;
    return log->row.frontier.size;
}

static json_t *json_of_log(const struct sg_store *store,
                           const struct sg_store_log *log)
{
    json_t *json = json_object();

    sg_api_call_set(json, "number", json_integer(log->number));
    sg_api_call_set(json, "log", sg_api_call_hash(&log->id.hash));
    sg_api_call_set(json, "node",
                    sg_api_call_hex(SG_BYTES_ARRAY(log->row.core.node_key)));
    sg_api_call_set(
        json, "kind",
        json_string(log->row.core.kind == SG_LOG_AUDIT ? "audit" : "records"));
    sg_api_call_set(json, "branch", json_integer(log->branch));
    sg_api_call_set(json, "held",
                    json_integer((json_int_t)held_of(store, log)));
    sg_api_call_set(json, "signed",
                    json_integer((json_int_t)log->row.known.size));
    sg_api_call_set(json, "absent", json_integer((json_int_t)log->row.absent));
    sg_api_call_set(json, "erased", json_integer((json_int_t)log->row.erased));
    sg_api_call_set(json, "own",
                    json_boolean((log->row.flags & SG_LOG_OWN) != 0));
    sg_api_call_set(json, "closed",
                    json_boolean((log->row.flags & SG_LOG_CLOSED) != 0));
    sg_api_call_set(json, "forked",
                    json_boolean((log->row.flags & SG_LOG_FORKED) != 0));
    return json;
}

/* {"size", "root", "log"} of what is held of a log of records; NULL where that
 * is nothing. Nothing is computed from audits. */
static json_t *json_of_head(struct sg_store *store,
                            const struct sg_store_log *log)
{
    uint64_t size = held_of(store, log);
    struct sg_hash root;
    json_t *json;

    if (log->branch != 0 || size == 0 || log->row.core.kind != SG_LOG_RECORDS ||
        sg_fetch_root(store, log->number, size, &root) != SG_OK)
        return NULL;
    json = json_object();
    sg_api_call_set(json, "log", sg_api_call_hash(&log->id.hash));
    sg_api_call_set(json, "size", json_integer((json_int_t)size));
    sg_api_call_set(json, "root", sg_api_call_hash(&root));
    return json;
}

/* A page of a list of logs: `after` and `limit` of the query. */
static void list_logs(struct sg_api *api, const struct sg_api_request *request,
                      bool is_cut, struct sg_api_answer *ret)
{
    struct sg_store *store = api->config.identity->store;
    uint64_t after, limit;
    struct sg_store_log log;
    uint32_t number;
    json_t *list, *json;

    if (!sg_api_call_number(request, "after", 0, 0, UINT32_MAX - 1, &after,
                            ret) ||
        !sg_api_call_number(request, "limit", SG_API_PAGE_MAX, 1,
                            SG_API_PAGE_MAX, &limit, ret))
        return;
    list = json_array();
    number = (uint32_t)after + 1;
    for (; json_array_size(list) < limit &&
           sg_store_get(store, number, &log) == SG_OK;
         number++) {
        json = is_cut ? json_of_head(store, &log) : json_of_log(store, &log);
        if (json != NULL)
            (void)json_array_append_new(list, json);
    }
    json = json_pack("{s:o}", is_cut ? "cut" : "logs", list);
    if (sg_store_get(store, number, &log) == SG_OK)
        sg_api_call_set(json, "after", json_integer(number - 1));
    if (is_cut)
        sg_api_call_set(json, "registry",
                        sg_api_call_hash(&sg_store_registry(store)->hash));
    sg_api_call_json(ret, 200, json);
}

void sg_api_node_logs(struct sg_api *api, const struct sg_api_request *request,
                      struct sg_api_answer *ret)
{
    list_logs(api, request, false, ret);
}

void sg_api_node_cut(struct sg_api *api, const struct sg_api_request *request,
                     struct sg_api_answer *ret)
{
    list_logs(api, request, true, ret);
}

/* --- What changes ---------------------------------------------------------
 */

void sg_api_node_follow(struct sg_api *api,
                        const struct sg_api_request *request,
                        struct sg_api_answer *ret)
{
    (void)api;
    (void)request;
    ret->turn = SG_API_FOLLOW;
    ret->status = 200;
    ret->type = "text/event-stream";
}

struct following {
    struct sg_store *store;
    uint64_t since, newest;
    uint64_t unsigned_since; /* the first change that is not signed yet */
    json_t *logs;            /* NULL: only look how far it is */
    bool is_more;
};

static enum sg_err follow_log(void *context, const struct sg_store_log *log)
{
    struct following *following = context;
    uint64_t held = held_of(following->store, log);
    json_t *json;

    if (log->row.change > following->newest)
        following->newest = log->row.change;
    /* Committed this moment, told when it is signed. */
    if (held < log->row.frontier.size &&
        log->row.change < following->unsigned_since)
        following->unsigned_since = log->row.change;
    if (following->logs == NULL || log->row.change <= following->since)
        return SG_OK;
    if (json_array_size(following->logs) == EVENT_LOGS_MAX) {
        following->is_more = true;
        return SG_OK;
    }
    json = json_object();
    sg_api_call_set(json, "log", sg_api_call_hash(&log->id.hash));
    sg_api_call_set(json, "branch", json_integer(log->branch));
    sg_api_call_set(json, "held", json_integer((json_int_t)held));
    sg_api_call_set(json, "signed",
                    json_integer((json_int_t)log->row.known.size));
    (void)json_array_append_new(following->logs, json);
    return SG_OK;
}

static void put_event(struct sg_api *api, const struct following *following,
                      struct sg_buf *events)
{
    json_t *json = json_pack("{s:O,s:b,s:s}", "logs", following->logs, "more",
                             following->is_more, "status", status_of(api));
    size_t before = events->size;

    put_text(events, "event: logs\ndata: ");
    if (!sg_api_call_dump(json, events))
        sg_buf_truncate(events, before);
    else
        put_text(events, "\n\n");
    json_decref(json);
}

void sg_api_follow(struct sg_api *api, uint64_t *change, struct sg_buf *events)
{
    struct following following = {
        .store = api->config.identity->store,
        .since = *change,
        .unsigned_since = UINT64_MAX,
        .logs = *change == 0 ? NULL : json_array(),
    };

    if (sg_store_each(following.store, follow_log, &following) == SG_OK) {
        *change = following.newest < following.unsigned_since
                      ? following.newest
                      : following.unsigned_since - 1;
        if (json_array_size(following.logs) > 0)
            put_event(api, &following, events);
    }
    json_decref(following.logs);
}
