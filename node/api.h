/* The API: what is asked of a node over HTTP, and what it answers (API.md).
 *
 * A request whose header was let in (http.h) is answered from the store, the
 * core and the desk; a record is answered later, when it is durable. It moves
 * no bytes and knows no connection: uv_http.h does.
 * Context: the loop's thread.
 */
#ifndef SG_NODE_API_H
#define SG_NODE_API_H

#include "node/config.h"
#include "node/desk.h"
#include "node/driver.h"
#include "node/http.h"
#include "node/identity.h"
#include "node/officers.h"
#include "node/roll.h"
#include "node/turnstile.h"
#include "storage/base/buf.h"

/* An answer: the logs of a page, a record with its proof. */
#define SG_API_ANSWER_SIZE_MAX (2u << 20)
/* Records that are handed in at a time, a line each. */
#define SG_API_LINES_MAX 256u
/* Rows of one page of a list. */
#define SG_API_PAGE_MAX 1000u

struct sg_api;

/* A peer as the node's owner knows him. */
struct sg_api_peer {
    const char *name;    /* of the configuration; NULL: a caller */
    const char *address; /* as written or seen */
    uint32_t session;    /* SG_SYNC_NONE: no session now */
    uint64_t open_ms;    /* since the session began */
    uint64_t silent_ms;  /* since its last message */
};

struct sg_api_config {
    const struct sg_config *config;
    const struct sg_identity *identity;
    struct sg_driver *driver;
    struct sg_keeper *keeper;
    struct sg_desk *desk;
    struct sg_roll *roll; /* NULL: there is no view now */
    struct sg_http_gate *gate;
    const struct sg_turnstile *turnstile;
    /* Gives the I-th peer; false beyond the last. Borrowed for the call. */
    bool (*peer)(void *context, size_t i, struct sg_api_peer *ret_peer);
    /* By other threads: call sg_api_settle. */
    void (*wake)(void *context);
    void *context;
};

/* Makes one; borrows what CONFIG points to. Errors: NOMEM, DAMAGED. */
SG_USE_RESULT enum sg_err sg_api_new(const struct sg_api_config *config,
                                     struct sg_api **ret_api);

/* Locks all officers' keys and lets go of the view, which is closed before the
 * API is freed, as the keeper is. Both take NULL. */
void sg_api_stop(struct sg_api *api);
void sg_api_free(struct sg_api *api);

/* A row of the table of calls. */
struct sg_api_call;

enum sg_api_turn {
    SG_API_NOW,
    /* A paper is at the desk, sg_api_paper; or a task is under way,
     * sg_api_finish. The body that there is may not be shown before. */
    SG_API_LATER,
    SG_API_FOLLOW, /* 200, then events as they come: sg_api_follow */
};

struct sg_api_answer {
    enum sg_api_turn turn;
    unsigned status;
    const char *type;    /* of the body */
    const char *allow;   /* of 405: the methods there are; else NULL */
    const char *session; /* a session that begins: the cookie's value */
    bool ends_session;
    struct sg_buf body;
};

void sg_api_answer_init(struct sg_api_answer *answer);
void sg_api_answer_clear(struct sg_api_answer *answer);

/* How long a request has been held, and for what; all zero at first. */
struct sg_api_hold {
    uint64_t until_ms; /* 0: it was not held */
    uint64_t size;     /* of the own log, that the register is to have */
};

struct sg_api_request {
    enum sg_http_way way;
    struct sg_officers_caller caller;
    const char *cookie;
    uint64_t now_ms;
    size_t n_query;
    struct {
        const char *key;
        const char *value;
    } query[SG_HTTP_QUERY_MAX];
    bool is_lines; /* the body is JSON lines, not one object */
    struct sg_bytes body;
    const struct sg_api_hold *hold;
    void *owner; /* of the paper or task, where the answer comes later */
};

/* Finds the call for METHOD and PATH. NULL: there is none, and RET_ANSWER says
 * 404 or 405. */
const struct sg_api_call *sg_api_find(const char *method, const char *path,
                                      struct sg_api_answer *ret_answer);
enum sg_http_need sg_api_need(const struct sg_api_call *call);

/* Sets RET_ANSWER to a refusal. */
void sg_api_refuse(struct sg_api_answer *ret_answer,
                   const struct sg_http_refusal *refusal);

/* Says whether a request for CALL may be handled. If not, it is held: ask again
 * after `wake`, and now and then. HOLD is the request's own. */
bool sg_api_is_due(struct sg_api *api, const struct sg_api_call *call,
                   struct sg_api_hold *hold, uint64_t now_ms);

/* Answers REQUEST, which is due, or hands a paper with its owner to the desk,
 * or begins a task for its owner. */
void sg_api_handle(struct sg_api *api, const struct sg_api_call *call,
                   const struct sg_api_request *request,
                   struct sg_api_answer *ret_answer);

/* Is told that PAPER is answered, whether or not somebody waits for that. */
void sg_api_answered(struct sg_api *api, const struct sg_desk_paper *paper);

/* Takes the answer of PAPER if it is one of many that are answered together:
 * their task comes to its end with the last. False: it is alone. */
bool sg_api_gather(struct sg_api *api, const struct sg_desk_paper *paper);

/* Says what became of PAPER, which is alone. */
void sg_api_paper(struct sg_api *api, const struct sg_desk_paper *paper,
                  struct sg_api_answer *ret_answer);

/* --- Tasks: what an answer waits for beside the desk --------------------- */

struct sg_api_task;

/* Takes what the keeper says of an append. False: it was not the API's. */
bool sg_api_appended(struct sg_api *api, const struct sg_keeper_job *job);

/* Looks what has come to an end. Context: the loop's thread, after `wake`, or
 * after a keeper's job was settled. */
void sg_api_settle(struct sg_api *api);

/* Gives a task that has come to an end, for sg_api_finish; NULL: there is none.
 */
struct sg_api_task *sg_api_take(struct sg_api *api);
void *sg_api_task_owner(const struct sg_api_task *task);

/* Makes RET_ANSWER, which its owner still has from sg_api_handle, what is to be
 * said now, and frees TASK; or says LATER again, and goes on with it. Due also
 * when nobody waits for the answer any more. */
void sg_api_finish(struct sg_api *api, struct sg_api_task *task,
                   struct sg_api_answer *ret_answer);

/* Locks the keys that nobody used for too long; about once a second. */
void sg_api_tick(struct sg_api *api, uint64_t now_ms);

/* Appends to EVENTS what has changed since *CHANGE, the store's change number
 * (0: tell nothing, begin now), and moves it on. Nothing is appended when
 * nothing has. */
void sg_api_follow(struct sg_api *api, uint64_t *change, struct sg_buf *events);

/* Counts a request with its status, for the metrics. */
void sg_api_count(struct sg_api *api, unsigned status);

#endif
