/* What is shown is written down first (API.md, Persons): why somebody reads,
 * whether he may, the entries, and the answer when they are durable. */
#include <string.h>

#include "node/api_call.h"

const char *const sg_api_call_purposes[SG_API_PURPOSES] = {
    [1] = "dossier",      [2] = "correction", [3] = "account",
    [4] = "conflict",     [5] = "duplicate",  [6] = "verification",
    [7] = "data_subject", [8] = "audit",      [9] = "other",
};
const char *const sg_api_call_channels[SG_API_CHANNELS] = {
    [SG_AUDIT_PAGE] = "page",
    [SG_AUDIT_CLI] = "cli",
    [SG_AUDIT_API] = "api",
};

/* --- Why ------------------------------------------------------------------
 */

void sg_api_call_refuse_member(struct sg_api_answer *ret, const char *member)
{
    sg_api_call_json(ret, 400,
                     json_pack("{s:s,s:s,s:s,s:s}", "error", "member", "en",
                               "a member is missing or is not what it must be",
                               "vi", "một trường bị thiếu hoặc sai dạng",
                               "member", member));
}

/* Gives the place of WORD in LIST; 0: it is not there. */
static unsigned place_of(const char *word, const char *const *list, size_t n)
{
    for (unsigned i = 1; i < n && word != NULL; i++)
        if (list[i] != NULL && strcmp(list[i], word) == 0)
            return i;
    return 0;
}

/* Says whether TEXT, of a form, can be the number of a matter. */
static bool is_matter(const json_t *text)
{
    size_t size = json_string_length(text);
    const char *value = json_string_value(text);

    return value != NULL && size <= SG_AUDIT_MATTER_MAX &&
           strlen(value) == size;
}

bool sg_api_call_reason(const struct sg_api_request *request,
                        const json_t *form, struct sg_api_reason *ret_reason,
                        size_t *count, struct sg_api_answer *ret)
{
    const json_t *matter = json_object_get(form, "case");
    const json_t *channel = json_object_get(form, "channel");

    ret_reason->matter = matter == NULL ? "" : json_string_value(matter);
    ret_reason->channel =
        request->caller.session[0] != '\0' ? SG_AUDIT_PAGE : SG_AUDIT_API;
    ret_reason->purpose =
        place_of(json_string_value(json_object_get(form, "purpose")),
                 sg_api_call_purposes, SG_API_PURPOSES);
    *count += 1u + (matter != NULL) + (channel != NULL);
    if (ret_reason->purpose == 0) {
        sg_api_call_refuse_member(ret, "purpose");
        return false;
    }
    if ((matter != NULL && !is_matter(matter)) ||
        (strcmp(sg_api_call_purposes[ret_reason->purpose], "other") == 0 &&
         ret_reason->matter[0] == '\0')) {
        sg_api_call_refuse_member(ret, "case");
        return false;
    }
    if (channel == NULL)
        return true;
    ret_reason->channel = (enum sg_audit_channel)place_of(
        json_string_value(channel), sg_api_call_channels, SG_API_CHANNELS);
    if (ret_reason->channel != 0)
        return true;
    sg_api_call_refuse_member(ret, "channel");
    return false;
}

/* --- Writing down ---------------------------------------------------------
 */

/* What new records say of the authority: as the core knows it. */
static void hear(struct sg_api *api)
{
    const struct sg_trust *trust;

    if (api->config.driver == NULL)
        return;
    trust = sg_sync_trust(sg_driver_core(api->config.driver));
    sg_audit_judge(api->audit, sg_trust_position(trust),
                   sg_trust_floor(trust).ms);
}

struct sg_audit_entry sg_api_call_entry(struct sg_api *api,
                                        const struct sg_key_id *officer,
                                        enum sg_type type)
{
    struct sg_audit_entry entry = {.type = type, .officer = *officer};

    (void)sg_officers_units(api->officers, officer, &entry.capture, 1);
    return entry;
}

enum sg_err sg_api_call_record(struct sg_api *api, struct sg_audit_note *note,
                               struct sg_api_task *task)
{
    enum sg_err err;

    if (api->audit == NULL) {
        sg_audit_note_free(note);
        return SG_ERR_NOTFOUND;
    }
    hear(api);
    note->owner = task;
    err = sg_audit_put(api->audit, note);
    if (err != SG_OK) {
        sg_audit_note_free(note);
        return err;
    }
    if (task != NULL)
        task->goes_on = true;
    /* What could not be sealed has come back already. */
    api->config.wake(api->config.context);
    return SG_OK;
}

enum sg_err sg_api_call_record_one(struct sg_api *api,
                                   const struct sg_audit_entry *entry,
                                   const struct sg_key *key,
                                   struct sg_api_task *task)
{
    struct sg_audit_note *note;
    enum sg_err err;

    if (api->audit == NULL)
        return SG_ERR_NOTFOUND;
    note = sg_audit_note_new();
    if (note == NULL)
        return SG_ERR_NOMEM;
    err = sg_audit_add(api->audit, note, entry, key);
    if (err == SG_OK)
        return sg_api_call_record(api, note, task);
    sg_audit_note_free(note);
    return err;
}

void sg_api_call_refuse_record(struct sg_api_answer *ret, enum sg_err err)
{
    if (err == SG_ERR_LIMIT)
        sg_api_call_refuse(ret, 503, "busy", "too much is waiting; try again",
                           "đang có quá nhiều việc chờ; hãy thử lại");
    else if (err == SG_ERR_NOTFOUND)
        sg_api_call_refuse(ret, 503, sg_err_name(err),
                           "this node has no scope key: it reads nothing, and "
                           "no officer sits at it",
                           "nút này không có khóa phạm vi: không đọc được gì, "
                           "không có cán bộ làm việc tại đây");
    else
        sg_api_call_refuse_err(ret, err == SG_ERR_FULL ? 507 : 503, err);
}

uint64_t sg_api_call_reads_limit(struct sg_api *api)
{
    static const struct sg_uid policy = {
        .bytes = {[15] = SG_AUTHORITY_POLICY_READS_A_DAY}};
    uint64_t limit = api->config.config->reads;
    struct sg_view *view = sg_roll_view(api->config.roll);
    const struct sg_authority *authority = sg_view_hold(view);

    /* The default of the policy is that of the configuration: only what was
     * said counts. */
    if (authority != NULL &&
        sg_authority_slot(authority, SG_TYPE_POLICY, &policy).size > 0) {
        uint64_t most =
            sg_authority_policy(authority, SG_AUTHORITY_POLICY_READS_A_DAY, 0);

        limit = most < limit ? most : limit;
    }
    sg_view_release(view);
    return limit;
}

/* --- Showing persons ------------------------------------------------------
 */

static void on_recorded(struct sg_api *api, struct sg_api_task *task,
                        struct sg_api_answer *ret)
{
    (void)api;
    if (task->err != SG_OK)
        sg_api_call_refuse_record(ret, task->err);
}

/* Adds an entry for each person, or for the query, to NOTE. */
static enum sg_err add_entries(struct sg_api *api,
                               const struct sg_api_shown *shown,
                               const struct sg_reads_verdict *verdict,
                               uint64_t now_ms, struct sg_audit_note *note)
{
    struct sg_audit_entry entry =
        sg_api_call_entry(api, &shown->officer->id, SG_TYPE_ACCESS);
    enum sg_err err = SG_OK;

    entry.what = shown->what;
    entry.purpose = shown->reason->purpose;
    entry.channel = shown->reason->channel;
    entry.matter =
        sg_bytes(shown->reason->matter, strlen(shown->reason->matter));
    entry.permit = verdict->permit;
    if (shown->count == 0)
        return sg_audit_add(api->audit, note, &entry, shown->officer->key);
    for (size_t i = 0; i < shown->count && err == SG_OK; i++) {
        entry.subject = shown->uids[i];
        entry.home = shown->homes[i];
        entry.has_permit = verdict->has_permit &&
                           !sg_reads_is_counted(api->reads, &entry.officer,
                                                &entry.subject, now_ms);
        err = sg_audit_add(api->audit, note, &entry, shown->officer->key);
        if (err == SG_OK)
            sg_reads_count(api->reads, &entry.officer, &entry.subject, now_ms,
                           entry.has_permit ? &entry.permit : NULL);
    }
    return err;
}

static bool may_show(struct sg_api *api, const struct sg_api_shown *shown,
                     uint64_t now_ms, struct sg_reads_verdict *ret_verdict,
                     struct sg_api_answer *ret)
{
    struct sg_reads_asked asked = {
        .officer = shown->officer->id,
        .ms = now_ms,
        .limit = sg_api_call_reads_limit(api),
        .purpose = shown->reason->purpose,
        .matter =
            sg_bytes(shown->reason->matter, strlen(shown->reason->matter)),
    };

    sg_reads_ask(api->reads, &asked, shown->uids, shown->count, ret_verdict);
    if (ret_verdict->may)
        return true;
    sg_api_call_json(
        ret, 403,
        json_pack("{s:s,s:s,s:s,s:I}", "error", "reads", "en",
                  "so many persons were read today that a second officer must "
                  "consent",
                  "vi",
                  "hôm nay đã xem quá số người cho phép; cần một cán bộ thứ "
                  "hai đồng ý",
                  "left", (json_int_t)ret_verdict->left));
    return false;
}

void sg_api_call_show(struct sg_api *api, const struct sg_api_request *request,
                      const struct sg_api_shown *shown,
                      struct sg_api_answer *ret)
{
    uint64_t now_ms = sg_audit_now(api->audit);
    struct sg_reads_verdict verdict;
    struct sg_audit_note *note;
    struct sg_api_task *task;
    enum sg_err err;

    if (!may_show(api, shown, now_ms, &verdict, ret))
        return;
    task = sg_api_call_task(api, request, sizeof *task, ret);
    if (task == NULL)
        return;
    task->finish = on_recorded;
    note = sg_audit_note_new();
    err = note == NULL ? SG_ERR_NOMEM
                       : add_entries(api, shown, &verdict, now_ms, note);
    if (err == SG_OK)
        err = sg_api_call_record(api, note, task);
    else
        sg_audit_note_free(note);
    if (err == SG_OK) {
        ret->turn = SG_API_LATER;
        return;
    }
    sg_api_call_drop(api, task);
    sg_api_call_refuse_record(ret, err);
}
