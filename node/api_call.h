/* The calls of the API, each a function: api.c has their table. Not for anybody
 * outside api*.c.
 */
#ifndef SG_NODE_API_CALL_H
#define SG_NODE_API_CALL_H

#include <jansson.h>

#include "node/api.h"
#include "node/audit.h"
#include "node/reads.h"
#include "node/trail.h"
#include "node/vault.h"

struct sg_api {
    struct sg_api_config config;
    uint64_t began_ms;
    uint64_t requests[6]; /* by the first digit of their status */
    struct sg_officers *officers;
    struct sg_vault *vault;
    struct sg_audit *audit; /* NULL: nothing can be recorded, nor shown */
    struct sg_reads *reads;
    struct sg_trail *trail;
    struct sg_view_reader *reader;        /* NULL: there is no view */
    const struct sg_desk_paper *deciding; /* a decision at the desk, or NULL */
    uint64_t decided; /* up to where the own log has those that were kept */
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
    /* Frees what is beside the task; NULL: nothing is. */
    void (*clear)(struct sg_api_task *task);
    bool goes_on;    /* FINISH has given it to somebody again */
    enum sg_err err; /* of the audit */
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

/* --- What a call waits for: api_hold.c ----------------------------------- */

enum sg_api_wait {
    SG_API_WAITS_NOT,
    /* Until the register has all that this node has answered for. */
    SG_API_WAITS_FOLDED,
    SG_API_WAITS_ALONE, /* and no decision is on its way */
};

/* Says whether a request is held no longer: what it waits for is there, has
 * taken too long, or cannot be. HOLD is moved on. */
bool sg_api_hold_is_over(struct sg_api *api, enum sg_api_wait wait,
                         struct sg_api_hold *hold, uint64_t now_ms);

/* Says whether what HOLD waited for, alone, is there. There is a view. A
 * decision asks it again, for HOLD may have taken too long. */
bool sg_api_call_is_folded(struct sg_api *api, const struct sg_api_hold *hold);

/* Gives how the view is, with `held` as the store has it now. Returns whether
 * figures are of all that is held. */
bool sg_api_call_status(struct sg_api *api, struct sg_view *view,
                        struct sg_view_status *ret_status);

/* Sets RET to STATUS and what JSON says; takes JSON, NULL being no memory. */
void sg_api_call_json(struct sg_api_answer *ret, unsigned status, json_t *json);

/* Appends JSON to BUF. False: no memory, and BUF may have a part of it. */
bool sg_api_call_dump(const json_t *json, struct sg_buf *buf);

/* Gives a refusal with words for programs and people; NULL: no memory. */
json_t *sg_api_call_word(const char *code, const char *english,
                         const char *vietnamese);

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

/* Reads TEXT, one JSON object. NULL: it is none. Caller frees with json_decref.
 */
json_t *sg_api_call_parse(struct sg_bytes text);

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

/* Say that a record in JSON is not what it must be (form.h). */
struct sg_form_fault;
json_t *sg_api_call_fault(const struct sg_form_fault *fault);
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

/* A key on its way from its file; the head of a larger task. */
struct sg_api_opening {
    struct sg_api_task task;
    struct sg_vault_job *job;
    struct sg_key_id id;
    char name[SG_OFFICERS_NAME_SIZE];
};

/* Has the key of officer NAME opened with PASSPHRASE, a JSON string or NULL,
 * and OPENING finished then: RET is LATER. False: RET says why not, and the
 * task is the caller's to drop. */
bool sg_api_call_open(struct sg_api *api, const struct sg_api_request *request,
                      struct sg_api_opening *opening, const char *name,
                      const json_t *passphrase, struct sg_api_answer *ret);

/* Gives the key of OPENING, which came to its end; the caller frees it. NULL:
 * RET says why, and will be shown when that is written down; return. */
struct sg_key *sg_api_call_opened(struct sg_api *api,
                                  struct sg_api_opening *opening,
                                  struct sg_api_answer *ret);

/* Gives the view; NULL: there is none now, and RET says so. */
struct sg_view *sg_api_call_view(struct sg_api *api, struct sg_api_answer *ret);

/* --- What is written down: api_audit.c, api_trail.c ---------------------- */

/* Words of the API, by their numbers; NULL: there is none. */
#define SG_API_PURPOSES 10u
#define SG_API_CHANNELS 4u
extern const char *const sg_api_call_purposes[SG_API_PURPOSES];
extern const char *const sg_api_call_channels[SG_API_CHANNELS];

/* Why somebody reads, as every such request says it. */
struct sg_api_reason {
    unsigned purpose;
    enum sg_audit_channel channel;
    const char *matter; /* of the form; "" where it says none */
};

/* Reads `purpose`, `case` and `channel` of FORM; counts those that are there in
 * *COUNT. False: RET says which is wrong. */
bool sg_api_call_reason(const struct sg_api_request *request,
                        const json_t *form, struct sg_api_reason *ret_reason,
                        size_t *count, struct sg_api_answer *ret);

/* Refuses: MEMBER is missing or wrong. */
void sg_api_call_refuse_member(struct sg_api_answer *ret, const char *member);

/* Begins an entry by OFFICER. */
struct sg_audit_entry sg_api_call_entry(struct sg_api *api,
                                        const struct sg_key_id *officer,
                                        enum sg_type type);

/* Has NOTE recorded, taking it, and TASK (may be NULL) finished after that.
 * Errors: LIMIT, NOTFOUND (there is no audit): then TASK is as before. */
SG_USE_RESULT enum sg_err sg_api_call_record(struct sg_api *api,
                                             struct sg_audit_note *note,
                                             struct sg_api_task *task);

/* As above, for a note of one ENTRY, signed with KEY (NULL: not). */
SG_USE_RESULT enum sg_err sg_api_call_record_one(
    struct sg_api *api, const struct sg_audit_entry *entry,
    const struct sg_key *key, struct sg_api_task *task);

/* Says that it could not be recorded because of ERR. */
void sg_api_call_refuse_record(struct sg_api_answer *ret, enum sg_err err);

/* Gives how many persons an officer may read a day: what the configuration says
 * and the authority's policy allows, the smaller. */
uint64_t sg_api_call_reads_limit(struct sg_api *api);

/* Shows the PERSONS, counted and written down first: RET has what is to be
 * shown, and is LATER then, or a refusal. Of no persons the query is written
 * down. */
struct sg_api_shown {
    const struct sg_officer *officer;
    const struct sg_api_reason *reason;
    enum sg_audit_shown what;
    size_t count;
    const struct sg_uid *uids;
    const struct sg_unit_key *homes;
};
void sg_api_call_show(struct sg_api *api, const struct sg_api_request *request,
                      const struct sg_api_shown *shown,
                      struct sg_api_answer *ret);

/* Counts again what was counted before the start. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_api_audit_load(struct sg_api *api);

/* Locks the key of CALLER, who is gone. */
void sg_api_officer_end(struct sg_api *api,
                        const struct sg_officers_caller *caller);

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
/* Sessions of a browser: api.c. Records: api_record.c, api_lines.c. */
sg_api_call_fn sg_api_session_begin, sg_api_session_end;
sg_api_call_fn sg_api_record_submit, sg_api_record_slip;

/* Reads FORM: the record that a form hands in. NULL: *RET_WORD says why not, or
 * is NULL where there is no memory. */
struct sg_desk_paper *sg_api_record_read(struct sg_api *api,
                                         const struct sg_api_request *request,
                                         const json_t *form, json_t **ret_word);
/* Gives what is said of PAPER, with its status; NULL: no memory. */
json_t *sg_api_record_word(const struct sg_desk_paper *paper,
                           unsigned *ret_status);
/* A form a line. */
sg_api_call_fn sg_api_lines_submit;

/* Officers: api_officer.c. */
sg_api_call_fn sg_api_page_html, sg_api_page_css, sg_api_page_js;
sg_api_call_fn sg_api_officer_unlock, sg_api_officer_lock, sg_api_officer_show;
/* Persons: api_person.c. The audit: api_trail.c, api_permit.c. */
sg_api_call_fn sg_api_person_show, sg_api_person_search;
sg_api_call_fn sg_api_audit_list, sg_api_permit_give;

#endif
