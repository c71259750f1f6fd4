/* Permits: a second officer lets one read more persons than the day's limit
 * (API.md, Persons). He signs with his own key: with his passphrase, once, or
 * as the officer who asks. */
#include <string.h>

#include "node/api_call.h"
#include "storage/base/check.h"
#include "storage/base/text.h"

/* Who may consent (RECORDS.md 5, type 66). */
#define CONSENTERS (SG_ROLE_APPROVE | SG_ROLE_ADJUDICATE | SG_ROLE_ADMINISTER)
#define HOUR_MS    UINT64_C(3600000)
#define HOURS_MAX  (SG_READS_PERMIT_MS_MAX / HOUR_MS)

struct permitting {
    struct sg_api_opening opening; /* of the second officer's key, or unused */
    uint64_t hours;
    struct sg_reads_permit permit;
};

static void refuse_consent(struct sg_api_answer *ret)
{
    sg_api_call_refuse(ret, 403, "consent",
                       "the second officer must be another one, who approves, "
                       "adjudicates or administers",
                       "cán bộ thứ hai phải là người khác, có vai trò phê "
                       "duyệt, phân xử hoặc quản trị");
}

static void on_recorded(struct sg_api *api, struct sg_api_task *task,
                        struct sg_api_answer *ret)
{
    const struct sg_reads_permit *permit = &((struct permitting *)task)->permit;
    json_t *json;

    if (task->err != SG_OK) {
        sg_api_call_refuse_record(ret, task->err);
        return;
    }
    sg_reads_permit(api->reads, permit);
    json = json_object();
    sg_api_call_set(json, "permit",
                    sg_api_call_hex(SG_BYTES_ARRAY(permit->ref.bytes)));
    sg_api_call_set(json, "for",
                    sg_api_call_hex(SG_BYTES_ARRAY(permit->officer.bytes)));
    sg_api_call_set(json, "persons", json_integer((json_int_t)permit->persons));
    sg_api_call_set(json, "until_ms",
                    json_integer((json_int_t)permit->until_ms));
    sg_api_call_json(ret, 200, json);
}

/* Has the permit written down, signed by officer ID with KEY. False: RET says
 * why not. */
static bool sign(struct sg_api *api, struct permitting *permitting,
                 const struct sg_key_id *id, const struct sg_key *key,
                 struct sg_api_answer *ret)
{
    struct sg_reads_permit *permit = &permitting->permit;
    struct sg_audit_entry entry = sg_api_call_entry(api, id, SG_TYPE_PERMIT);
    struct sg_audit_note *note;
    enum sg_err err;

    if ((sg_officers_roles(api->officers, id) & CONSENTERS) == 0 ||
        memcmp(id, &permit->officer, sizeof *id) == 0) {
        refuse_consent(ret);
        return false;
    }
    permit->until_ms = sg_audit_now(api->audit) + permitting->hours * HOUR_MS;
    entry.permitted = permit->officer;
    entry.persons = permit->persons;
    entry.until_ms = permit->until_ms;
    entry.purpose = permit->purpose;
    entry.matter = sg_bytes(permit->matter, permit->matter_size);
    permitting->opening.task.finish = on_recorded;
    note = sg_audit_note_new();
    err = note == NULL ? SG_ERR_NOMEM
                       : sg_audit_add(api->audit, note, &entry, key);
    if (err == SG_OK) {
        permit->ref = sg_ref_of(&note->last);
        err = sg_api_call_record(api, note, &permitting->opening.task);
    } else {
        sg_audit_note_free(note);
    }
    if (err == SG_OK)
        return true;
    sg_api_call_refuse_record(ret, err);
    return false;
}

static void on_opened(struct sg_api *api, struct sg_api_task *task,
                      struct sg_api_answer *ret)
{
    struct permitting *permitting = (struct permitting *)task;
    struct sg_key *key = sg_api_call_opened(api, &permitting->opening, ret);

    if (key == NULL)
        return;
    (void)sign(api, permitting, &permitting->opening.id, key, ret);
    sg_key_file_free(key);
}

static bool read_count(const json_t *form, const char *key, uint64_t most,
                       uint64_t *ret_value, struct sg_api_answer *ret)
{
    const json_t *value = json_object_get(form, key);

    *ret_value = (uint64_t)json_integer_value(value);
    if (json_is_integer(value) && json_integer_value(value) > 0 &&
        *ret_value <= most)
        return true;
    sg_api_call_refuse_member(ret, key);
    return false;
}

/* Reads FORM but for who signs. */
static bool read_form(const struct sg_api_request *request, const json_t *form,
                      struct permitting *permitting, struct sg_api_answer *ret)
{
    const json_t *whom = json_object_get(form, "for");
    struct sg_reads_permit *permit = &permitting->permit;
    struct sg_api_reason reason;
    size_t count = 3u + (json_object_get(form, "officer") != NULL) +
                   (json_object_get(form, "passphrase") != NULL);
    struct sg_writer writer;

    if (!sg_api_call_reason(request, form, &reason, &count, ret) ||
        !read_count(form, "persons", 1000000, &permit->persons, ret) ||
        !read_count(form, "hours", HOURS_MAX, &permitting->hours, ret))
        return false;
    permit->purpose = reason.purpose;
    permit->matter_size = strlen(reason.matter);
    memcpy(permit->matter, reason.matter, permit->matter_size);
    if (permit->matter_size == 0) {
        sg_api_call_refuse_member(ret, "case");
        return false;
    }
    sg_writer_init_array(&writer, permit->officer.bytes, SG_KEY_ID_SIZE);
    if (json_string_length(whom) == 2 * SG_KEY_ID_SIZE)
        sg_text_hex_decode(
            &writer, sg_bytes(json_string_value(whom), 2 * SG_KEY_ID_SIZE));
    if (sg_writer_end(&writer) != SG_OK || writer.size != SG_KEY_ID_SIZE) {
        sg_api_call_refuse_member(ret, "for");
        return false;
    }
    if (json_object_size(form) == count)
        return true;
    sg_api_call_refuse_member(ret, "?");
    return false;
}

/* Begins what FORM asks for. False: RET says why not. */
static bool begin(struct sg_api *api, const struct sg_api_request *request,
                  const json_t *form, struct permitting *permitting,
                  struct sg_api_answer *ret)
{
    const char *name = json_string_value(json_object_get(form, "officer"));
    const struct sg_officer *officer;

    if (!read_form(request, form, permitting, ret))
        return false;
    if (name != NULL)
        return sg_api_call_open(api, request, &permitting->opening, name,
                                json_object_get(form, "passphrase"), ret);
    officer = sg_api_call_officer(api, request, CONSENTERS, ret);
    if (officer == NULL ||
        !sign(api, permitting, &officer->id, officer->key, ret))
        return false;
    ret->turn = SG_API_LATER;
    return true;
}

void sg_api_permit_give(struct sg_api *api,
                        const struct sg_api_request *request,
                        struct sg_api_answer *ret)
{
    json_t *form = sg_api_call_body(request, ret);
    struct permitting *permitting;

    if (form == NULL)
        return;
    if (api->audit == NULL) {
        sg_api_call_refuse_record(ret, SG_ERR_NOTFOUND);
        json_decref(form);
        return;
    }
    permitting = sg_api_call_task(api, request, sizeof *permitting, ret);
    if (permitting != NULL) {
        permitting->opening.task.finish = on_opened;
        if (!begin(api, request, form, permitting, ret))
            sg_api_call_drop(api, &permitting->opening.task);
    }
    json_decref(form);
}
