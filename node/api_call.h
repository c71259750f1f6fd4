/* The calls of the API, each a function: api.c has their table. Not for anybody
 * outside api*.c.
 */
#ifndef SG_NODE_API_CALL_H
#define SG_NODE_API_CALL_H

#include <jansson.h>

#include "node/api.h"
#include "node/vault.h"

struct sg_api {
    struct sg_api_config config;
    uint64_t began_ms;
    uint64_t requests[6]; /* by the first digit of their status */
    struct sg_officers *officers;
    struct sg_vault *vault;
    struct sg_api_task *tasks;             /* all, wherever they are */
    struct sg_api_task *done, **done_last; /* that have come to an end */
};

/* What an answer waits for. A call makes one with sg_api_call_task, gives it to
 * whoever does the work, and says LATER; it is handed to sg_api_call_done
 * when that is done, and FINISH makes the answer. */
struct sg_api_task {
    struct sg_api_task *next, **back; /* of all */
    struct sg_api_task *next_done;
    void *owner;
    void (*finish)(struct sg_api *api, struct sg_api_task *task,
                   struct sg_api_answer *ret);
    bool goes_on; /* FINISH has given it to somebody again */
};

/* Gives a task of SIZE bytes, the struct above at their head, the rest zero,
 * for the owner of REQUEST; it is freed after FINISH. NULL: no memory, and RET
 * says so. */
void *sg_api_call_task(struct sg_api *api, const struct sg_api_request *request,
                       size_t size, struct sg_api_answer *ret);
/* Gives it up before it was begun. */
void sg_api_call_drop(struct sg_api *api, struct sg_api_task *task);
void sg_api_call_done(struct sg_api *api, struct sg_api_task *task);

typedef void sg_api_call_fn(struct sg_api *api,
                            const struct sg_api_request *request,
                            struct sg_api_answer *ret);

/* Sets RET to STATUS and what JSON says; takes JSON, NULL being no memory. */
void sg_api_call_json(struct sg_api_answer *ret, unsigned status, json_t *json);

/* Appends JSON to BUF. False: no memory, and BUF may have a part of it. */
bool sg_api_call_dump(const json_t *json, struct sg_buf *buf);

/* Sets RET to a refusal with words for programs and people. */
void sg_api_call_refuse(struct sg_api_answer *ret, unsigned status,
                        const char *code, const char *english,
                        const char *vietnamese);
void sg_api_call_refuse_err(struct sg_api_answer *ret, unsigned status,
                            enum sg_err err);

/* Gives the value of parameter KEY; NULL: it is not there. */
const char *sg_api_call_parameter(const struct sg_api_request *request,
                                  const char *key);

/* Reads the parameter KEY, a decimal number, LEAST to MOST; INSTEAD when it is
 * not there. False: it is no such number, and RET says so. */
bool sg_api_call_number(const struct sg_api_request *request, const char *key,
                        uint64_t instead, uint64_t least, uint64_t most,
                        uint64_t *ret_value, struct sg_api_answer *ret);

/* Reads the body, one JSON object. NULL: it is none, and RET says so. Caller
 * frees with json_decref. */
json_t *sg_api_call_body(const struct sg_api_request *request,
                         struct sg_api_answer *ret);

/* Give a JSON string: BYTES in hex or in base64. NULL: no memory. */
json_t *sg_api_call_hex(struct sg_bytes bytes);
json_t *sg_api_call_base64(struct sg_bytes bytes);
json_t *sg_api_call_hash(const struct sg_hash *hash);

/* Sets the member KEY of OBJECT, taking VALUE; without memory OBJECT stays
 * without it, which sg_api_call_json finds out. */
void sg_api_call_set(json_t *object, const char *key, json_t *value);

/* Says that a record in JSON is not what it must be (form.h). */
struct sg_form_fault;
void sg_api_call_refuse_form(struct sg_api_answer *ret,
                             const struct sg_form_fault *fault);

/* Gives the view. NULL: there is none now, and RET says 503. */
struct sg_view *sg_api_call_view(struct sg_api *api, struct sg_api_answer *ret);

/* DATE as a number, YYYYMMDD; null where there is none. */
json_t *sg_api_call_date(struct sg_date date);

/* {"size", "root", "signature"} of a checkpoint. */
json_t *sg_api_call_checkpoint(const struct sg_checkpoint *checkpoint);

/* --- Who asks: api_officer.c --------------------------------------------- */

/* Gives the officer who asks, if his key is unlocked and he has one of ROLES
 * (bits of enum sg_schema_signer) by what the authority says now. NULL: RET
 * says 401 `locked`, 403 `role` or 503. Borrowed for the call; what has to wait
 * copies his id. */
const struct sg_officer *sg_api_call_officer(
    struct sg_api *api, const struct sg_api_request *request, unsigned roles,
    struct sg_api_answer *ret);

/* Says whether the grant of OFFICER covers UNIT; if not, RET says 403 `unit`.
 */
bool sg_api_call_covers(struct sg_api *api, const struct sg_officer *officer,
                        struct sg_unit_key unit, struct sg_api_answer *ret);

/* {"capture", ...} of role bits. */
json_t *sg_api_call_roles(unsigned roles);

/* About the node: api_node.c. */
sg_api_call_fn sg_api_node_health, sg_api_node_metrics, sg_api_node_peers,
    sg_api_node_logs, sg_api_node_cut, sg_api_node_follow;
/* About the register as a whole: api_roll.c. */
sg_api_call_fn sg_api_roll_register, sg_api_roll_roots;
/* Figures: api_work.c, api_quality.c. What waits for an officer's word, and the
 * word: api_conflict.c, api_decision.c. */
sg_api_call_fn sg_api_work_campaign, sg_api_quality_show;
sg_api_call_fn sg_api_conflict_list, sg_api_decision_file;
/* Records as JSON: api_form.c. */
sg_api_call_fn sg_api_form_turn;
/* Sessions of a browser: api.c. Records: api_record.c. */
sg_api_call_fn sg_api_session_begin, sg_api_session_end;
sg_api_call_fn sg_api_record_submit, sg_api_record_slip;
/* Officers: api_officer.c. */
sg_api_call_fn sg_api_page_html, sg_api_page_css, sg_api_page_js;
sg_api_call_fn sg_api_officer_unlock, sg_api_officer_lock, sg_api_officer_show;

#endif
