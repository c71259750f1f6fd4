/* Officers over the API: unlocking and locking a key, who asks, and what he may
 * do (API.md, Officers). */
#include <stdio.h>
#include <string.h>

#include "node/api_call.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/lmdb/key_store.h"

#define PATH_SIZE 4096
/* Units of a grant (RECORDS.md 6). */
#define UNITS_MAX 64u

static const struct {
    unsigned bit;
    const char *word;
} roles_of[] = {
    {SG_ROLE_CAPTURE, "capture"},       {SG_ROLE_APPROVE, "approve"},
    {SG_ROLE_ADJUDICATE, "adjudicate"}, {SG_ROLE_AUDIT, "audit"},
    {SG_ROLE_ADMINISTER, "administer"},
};

json_t *sg_api_call_roles(unsigned roles)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof roles_of / sizeof roles_of[0]; i++)
        if ((roles & roles_of[i].bit) != 0)
            (void)json_array_append_new(list, json_string(roles_of[i].word));
    return list;
}

/* --- Who asks -------------------------------------------------------------
 */

const struct sg_officer *sg_api_call_officer(
    struct sg_api *api, const struct sg_api_request *request, unsigned roles,
    struct sg_api_answer *ret)
{
    const struct sg_officer *officer =
        sg_officers_find(api->officers, &request->caller, request->now_ms);

    if (officer == NULL) {
        sg_api_call_refuse(ret, 401, "locked",
                           "no officer's key is unlocked here",
                           "chưa có cán bộ nào mở khóa tại đây");
        return NULL;
    }
    if ((sg_officers_roles(api->officers, &officer->id) & roles) != 0)
        return officer;
    if (!sg_officers_is_ready(api->officers))
        sg_api_call_refuse_err(ret, 503, SG_ERR_STATE);
    else
        sg_api_call_refuse(ret, 403, "role",
                           "this officer has no role for that",
                           "cán bộ này không có vai trò để làm việc đó");
    return NULL;
}

bool sg_api_call_covers(struct sg_api *api, const struct sg_officer *officer,
                        struct sg_unit_key unit, struct sg_api_answer *ret)
{
    if (sg_officers_covers(api->officers, &officer->id, unit))
        return true;
    sg_api_call_refuse(ret, 403, "unit",
                       "that is not in this officer's territory",
                       "không thuộc địa bàn của cán bộ này");
    return false;
}

static json_t *json_of_officer(struct sg_api *api,
                               const struct sg_officer *officer,
                               uint64_t now_ms)
{
    struct sg_unit_key units[UNITS_MAX];
    size_t n = sg_officers_units(api->officers, &officer->id, units, UNITS_MAX);
    uint64_t idle_ms = api->config.config->unlock;
    json_t *json = json_object(), *list = json_array();

    for (size_t i = 0; i < n && i < UNITS_MAX; i++)
        (void)json_array_append_new(list,
                                    json_integer((json_int_t)units[i].value));
    sg_api_call_set(json, "officer",
                    sg_api_call_hex(SG_BYTES_ARRAY(officer->id.bytes)));
    sg_api_call_set(json, "name", json_string(officer->name));
    sg_api_call_set(
        json, "roles",
        sg_api_call_roles(sg_officers_roles(api->officers, &officer->id)));
    sg_api_call_set(json, "units", list);
    sg_api_call_set(
        json, "locks_in_ms",
        json_integer((json_int_t)(officer->used_ms + idle_ms - now_ms)));
    return json;
}

void sg_api_officer_show(struct sg_api *api,
                         const struct sg_api_request *request,
                         struct sg_api_answer *ret)
{
    const struct sg_officer *officer =
        sg_officers_find(api->officers, &request->caller, request->now_ms);

    if (officer == NULL)
        (void)sg_api_call_officer(api, request, 0, ret);
    else
        sg_api_call_json(ret, 200,
                         json_of_officer(api, officer, request->now_ms));
}

/* --- Opening a key file ----------------------------------------------------
 */

static void refuse_passphrase(struct sg_api_answer *ret)
{
    sg_api_call_refuse(ret, 403, "passphrase",
                       "the passphrase does not open this officer's key",
                       "mật khẩu không mở được khóa của cán bộ này");
}

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t size = strlen(name);

    return size > 0 && size < SG_OFFICERS_NAME_SIZE &&
           strspn(name, allowed) == size;
}

/* Reads the key file of officer NAME. False: RET says why not. */
static bool read_file(struct sg_api *api, const char *name,
                      uint8_t ret_file[SG_KEY_FILE_SIZE],
                      struct sg_key_file_info *ret_info,
                      struct sg_api_answer *ret)
{
    char folder[PATH_SIZE], file[SG_OFFICERS_NAME_SIZE + 16];
    int n = snprintf(folder, sizeof folder, "%s/keys",
                     api->config.config->directory);
    enum sg_err err = n < 0 || n >= PATH_SIZE ? SG_ERR_LIMIT : SG_OK;

    (void)snprintf(file, sizeof file, "officer-%s", name);
    if (err == SG_OK)
        err = sg_key_store_read(folder, file, ret_file);
    if (err == SG_OK)
        err =
            sg_key_file_inspect(sg_bytes(ret_file, SG_KEY_FILE_SIZE), ret_info);
    if (err == SG_OK && ret_info->kind == SG_KEY_OFFICER)
        return true;
    if (err == SG_ERR_NOTFOUND || err == SG_OK)
        sg_api_call_refuse(ret, 404, "officer",
                           "no officer of this name has a key here",
                           "không có khóa của cán bộ mang số hiệu này ở đây");
    else
        sg_api_call_refuse_err(ret, 503, err);
    return false;
}

/* Takes the passphrase that the JSON string TEXT says, if it says one. */
static enum sg_err take_passphrase(const json_t *text, struct sg_vault_job *job)
{
    size_t size = text == NULL ? 0 : json_string_length(text);
    enum sg_err err;

    if (size == 0)
        return SG_OK;
    if (size > SG_PASSPHRASE_SIZE_MAX)
        return SG_ERR_DECRYPT;
    err = sg_passphrase_new(&job->passphrase);
    if (err != SG_OK)
        return err;
    memcpy(job->passphrase->bytes, json_string_value(text), size);
    job->passphrase->size = size;
    return SG_OK;
}

/* Says whether ID may try; if not, RET says why. */
static bool may_try(struct sg_api *api, const struct sg_key_id *id,
                    uint64_t now_ms, struct sg_api_answer *ret)
{
    uint64_t wait_ms = sg_officers_wait_ms(api->officers, id, now_ms);

    if (!sg_officers_is_ready(api->officers)) {
        sg_api_call_refuse_err(ret, 503, SG_ERR_STATE);
        return false;
    }
    if (sg_officers_roles(api->officers, id) == 0) {
        sg_api_call_refuse(ret, 403, "grant",
                           "the authority grants this officer nothing now",
                           "cơ quan quản lý chưa trao, hoặc đã thu hồi, quyền "
                           "của cán bộ này");
        return false;
    }
    if (wait_ms == 0)
        return true;
    sg_api_call_json(ret, 429,
                     json_pack("{s:s,s:s,s:s,s:I}", "error", "tries", "en",
                               "too many wrong passphrases; wait", "vi",
                               "nhập sai mật khẩu quá nhiều lần; hãy chờ",
                               "seconds",
                               (json_int_t)((wait_ms + 999) / 1000)));
    return false;
}

/* Makes JOB ready for the vault. False: RET says why not. */
static bool fill_job(struct sg_api *api, const struct sg_api_request *request,
                     const char *name, const json_t *passphrase,
                     struct sg_vault_job *job, struct sg_key_id *ret_id,
                     struct sg_api_answer *ret)
{
    struct sg_key_file_info info;
    enum sg_err err;

    if (!read_file(api, name, job->file, &info, ret))
        return false;
    *ret_id = sg_key_id_of(sg_store_registry(api->config.identity->store),
                           SG_KEY_OFFICER, info.public_key);
    if (!may_try(api, ret_id, request->now_ms, ret))
        return false;
    err = take_passphrase(passphrase, job);
    if (err == SG_OK && info.is_wrapped && job->passphrase == NULL)
        err = SG_ERR_DECRYPT;
    if (err == SG_OK)
        return true;
    if (err == SG_ERR_DECRYPT)
        refuse_passphrase(ret);
    else
        sg_api_call_refuse_err(ret, 503, err);
    return false;
}

bool sg_api_call_open(struct sg_api *api, const struct sg_api_request *request,
                      struct sg_api_opening *opening, const char *name,
                      const json_t *passphrase, struct sg_api_answer *ret)
{
    struct sg_vault_job *job;

    if (name == NULL || !is_name(name)) {
        sg_api_call_refuse_member(ret, "officer");
        return false;
    }
    if (passphrase != NULL && !json_is_string(passphrase)) {
        sg_api_call_refuse_member(ret, "passphrase");
        return false;
    }
    job = sg_vault_job_new();
    if (job == NULL) {
        sg_api_call_refuse_err(ret, 503, SG_ERR_NOMEM);
        return false;
    }
    if (!fill_job(api, request, name, passphrase, job, &opening->id, ret)) {
        sg_vault_job_free(job);
        return false;
    }
    memcpy(opening->name, name, strlen(name) + 1);
    opening->job = job;
    job->owner = &opening->task;
    if (sg_vault_put(api->vault, job) == SG_OK) {
        ret->turn = SG_API_LATER;
        return true;
    }
    sg_vault_job_free(job);
    sg_api_call_refuse_record(ret, SG_ERR_LIMIT);
    return false;
}

/* What is refused is shown when it is written down, or cannot be. */
static void on_failed(struct sg_api *api, struct sg_api_task *task,
                      struct sg_api_answer *ret)
{
    (void)api;
    (void)task;
    (void)ret;
}

/* Writes down that KEY, of an officer, was unlocked or not; NULL: it is not
 * open. */
static enum sg_err record_key(struct sg_api *api, const struct sg_key_id *id,
                              enum sg_audit_key what, const struct sg_key *key,
                              struct sg_api_task *task)
{
    struct sg_audit_entry entry = sg_api_call_entry(api, id, SG_TYPE_SESSION);

    entry.what = what;
    return sg_api_call_record_one(api, &entry, key, task);
}

struct sg_key *sg_api_call_opened(struct sg_api *api,
                                  struct sg_api_opening *opening,
                                  struct sg_api_answer *ret)
{
    struct sg_vault_job *job = opening->job;
    struct sg_key *key = job->key;
    enum sg_err err = job->err;

    job->key = NULL;
    opening->job = NULL;
    sg_vault_job_free(job);
    if (err == SG_ERR_DECRYPT || err == SG_OK)
        sg_officers_tried(api->officers, &opening->id, err != SG_OK,
                          sg_clock_mono().ms);
    if (err == SG_OK)
        return key;
    if (err != SG_ERR_DECRYPT) {
        sg_api_call_refuse_err(ret, 503, err);
        return NULL;
    }
    refuse_passphrase(ret);
    opening->task.finish = on_failed;
    (void)record_key(api, &opening->id, SG_AUDIT_FAILED, NULL, &opening->task);
    return NULL;
}

/* --- Unlocking ------------------------------------------------------------
 */

struct unlocking {
    struct sg_api_opening opening;
    struct sg_officers_caller caller;
};

/* It is written down, or not: then the key is locked again. */
static void on_unlocked(struct sg_api *api, struct sg_api_task *task,
                        struct sg_api_answer *ret)
{
    struct unlocking *unlocking = (struct unlocking *)task;
    uint64_t now_ms = sg_clock_mono().ms;
    const struct sg_officer *officer =
        sg_officers_find(api->officers, &unlocking->caller, now_ms);

    if (task->err != SG_OK) {
        if (officer != NULL)
            sg_officers_lock(api->officers, officer);
        sg_api_call_refuse_record(ret, task->err);
    } else if (officer == NULL) { /* locked again meanwhile */
        sg_api_call_json(ret, 401, NULL);
    } else {
        sg_api_call_json(ret, 200, json_of_officer(api, officer, now_ms));
    }
}

/* The vault has looked. */
static void on_opened(struct sg_api *api, struct sg_api_task *task,
                      struct sg_api_answer *ret)
{
    struct unlocking *unlocking = (struct unlocking *)task;
    struct sg_key *key = sg_api_call_opened(api, &unlocking->opening, ret);
    const struct sg_officer *officer;
    enum sg_err err;

    if (key == NULL)
        return;
    officer =
        sg_officers_unlock(api->officers, &unlocking->caller,
                           unlocking->opening.name, key, sg_clock_mono().ms);
    task->finish = on_unlocked;
    err = record_key(api, &officer->id, SG_AUDIT_UNLOCKED, officer->key, task);
    if (err == SG_OK)
        return;
    sg_officers_lock(api->officers, officer);
    sg_api_call_refuse_record(ret, err);
}

void sg_api_officer_unlock(struct sg_api *api,
                           const struct sg_api_request *request,
                           struct sg_api_answer *ret)
{
    json_t *form = sg_api_call_body(request, ret);
    const json_t *passphrase = json_object_get(form, "passphrase");
    struct unlocking *unlocking;

    if (form == NULL)
        return;
    if (json_object_size(form) > 1u + (passphrase != NULL)) {
        sg_api_call_refuse_member(ret, "?");
        json_decref(form);
        return;
    }
    unlocking = sg_api_call_task(api, request, sizeof *unlocking, ret);
    if (unlocking != NULL) {
        unlocking->opening.task.finish = on_opened;
        unlocking->caller = request->caller;
        if (!sg_api_call_open(
                api, request, &unlocking->opening,
                json_string_value(json_object_get(form, "officer")), passphrase,
                ret))
            sg_api_call_drop(api, &unlocking->opening.task);
    }
    json_decref(form);
}

/* --- Locking --------------------------------------------------------------
 */

static void on_locked(struct sg_api *api, struct sg_api_task *task,
                      struct sg_api_answer *ret)
{
    (void)api;
    if (task->err != SG_OK)
        sg_api_call_refuse_record(ret, task->err);
}

void sg_api_officer_lock(struct sg_api *api,
                         const struct sg_api_request *request,
                         struct sg_api_answer *ret)
{
    const struct sg_officer *officer =
        sg_officers_find(api->officers, &request->caller, request->now_ms);
    struct sg_api_task *task = NULL;

    sg_api_call_json(ret, 200, json_pack("{s:b}", "locked", officer != NULL));
    if (officer == NULL)
        return;
    task = sg_api_call_task(api, request, sizeof *task, ret);
    if (task != NULL) {
        task->finish = on_locked;
        if (record_key(api, &officer->id, SG_AUDIT_LOCKED, officer->key,
                       task) == SG_OK)
            ret->turn = SG_API_LATER;
        else
            sg_api_call_drop(api, task);
    }
    /* It is locked, whether that can be written down or not. */
    sg_officers_lock(api->officers, officer);
}

void sg_api_officer_end(struct sg_api *api,
                        const struct sg_officers_caller *caller)
{
    const struct sg_officer *officer =
        sg_officers_find(api->officers, caller, sg_clock_mono().ms);

    if (officer == NULL)
        return;
    (void)record_key(api, &officer->id, SG_AUDIT_LOCKED, officer->key, NULL);
    sg_officers_lock(api->officers, officer);
}

void sg_api_tick(struct sg_api *api, uint64_t now_ms)
{
    const struct sg_officer *officer;

    while ((officer = sg_officers_idle(api->officers, now_ms)) != NULL) {
        (void)record_key(api, &officer->id, SG_AUDIT_TIMED_OUT, officer->key,
                         NULL);
        sg_officers_lock(api->officers, officer);
    }
}
