/* Records as JSON over the API: turned into the bytes that are signed, and back
 * (API.md, "Records as JSON"). Nothing is kept. */
#include <string.h>

#include "node/api_call.h"
#include "node/form.h"
#include "storage/base/text.h"

json_t *sg_api_call_fault(const struct sg_form_fault *fault)
{
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:s}", "error", "member", "en",
                  "a member of the record is missing or is not what it must be",
                  "vi", "một trường của bản ghi bị thiếu hoặc sai dạng",
                  "member", fault->member);

    if (fault->field != NULL)
        sg_api_call_set(json, "field", json_string(fault->field));
    return json;
}

void sg_api_call_refuse_form(struct sg_api_answer *ret,
                             const struct sg_form_fault *fault)
{
    sg_api_call_json(ret, 400, sg_api_call_fault(fault));
}

/* From JSON to what is signed. */
static void answer_inner(struct sg_api *api, const json_t *form,
                         struct sg_api_answer *ret)
{
    struct sg_form_fault fault;
    struct sg_buf inner;
    struct sg_hash id;
    enum sg_err err;
    json_t *json;

    sg_buf_init(&inner, SG_RECORD_SIZE_MAX);
    err = sg_form_encode(form, NULL, &inner, &fault);
    if (err == SG_ERR_INVALID) {
        sg_api_call_refuse_form(ret, &fault);
    } else if (err != SG_OK) {
        sg_api_call_refuse_err(ret, err == SG_ERR_LIMIT ? 422 : 503, err);
    } else {
        sg_record_id(sg_store_registry(api->config.identity->store),
                     sg_buf_bytes(&inner), &id);
        json = json_object();
        sg_api_call_set(json, "inner",
                        sg_api_call_base64(sg_buf_bytes(&inner)));
        sg_api_call_set(json, "id", sg_api_call_hash(&id));
        sg_api_call_json(ret, 200, json);
    }
    sg_buf_wipe(&inner);
}

/* And back. */
static void answer_record(struct sg_api *api, const json_t *text,
                          struct sg_api_answer *ret)
{
    const struct sg_registry_id *registry =
        sg_store_registry(api->config.identity->store);
    struct sg_record record;
    struct sg_writer writer;
    struct sg_buf inner;
    uint8_t no;
    bool is_right;

    sg_buf_init(&inner, SG_RECORD_SIZE_MAX);
    sg_writer_init_buf(&writer, &inner);
    sg_text_base64_decode(
        &writer, sg_bytes(json_string_value(text), json_string_length(text)));
    is_right = sg_writer_end(&writer) == SG_OK &&
               sg_record_decode_inner(sg_buf_bytes(&inner), &record) == SG_OK &&
               record.schema != NULL &&
               sg_record_fit(&record, registry, &no) == SG_RECORD_FITS;
    if (is_right)
        sg_api_call_json(ret, 200,
                         json_pack("{s:o}", "record", sg_form_decode(&record)));
    else
        sg_api_call_refuse(ret, 400, "member",
                           "these bytes are no record of a known type",
                           "các byte này không phải bản ghi thuộc loại đã "
                           "biết");
    sg_buf_wipe(&inner);
}

void sg_api_form_turn(struct sg_api *api, const struct sg_api_request *request,
                      struct sg_api_answer *ret)
{
    json_t *json = sg_api_call_body(request, ret);
    const json_t *record = json_object_get(json, "record");
    const json_t *inner = json_object_get(json, "inner");

    if (json == NULL)
        return;
    if (json_object_size(json) == 1 && record != NULL)
        answer_inner(api, record, ret);
    else if (json_object_size(json) == 1 && json_is_string(inner))
        answer_record(api, inner, ret);
    else
        sg_api_call_refuse(ret, 400, "member",
                           "either a record or inner bytes, nothing else",
                           "hoặc record hoặc inner, không có gì khác");
    json_decref(json);
}
