/* Records over the API: what a form hands in, what it gets for it. */
#include <string.h>

#include "node/api_call.h"
#include "node/form.h"
#include "node/issue.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/registry/rules.h"

static json_t *field_word(const char *field)
{
    static const char english[] = "a member is missing or is not what it must "
                                  "be: inner and signature base64, capture and "
                                  "home units, nothing else";
    static const char vietnamese[] =
        "một trường bị thiếu hoặc sai dạng: inner và signature là base64, "
        "capture và home là đơn vị hành chính, không có trường nào khác";

    return json_pack("{s:s,s:s,s:s,s:s}", "error", "member", "en", english,
                     "vi", vietnamese, "member", field);
}

/* Decodes the base64 in JSON; what is longer than BUF takes is refused. */
static bool read_base64(const json_t *json, struct sg_buf *buf)
{
    struct sg_writer writer;

    if (!json_is_string(json))
        return false;
    sg_writer_init_buf(&writer, buf);
    sg_text_base64_decode(
        &writer, sg_bytes(json_string_value(json), json_string_length(json)));
    return sg_writer_end(&writer) == SG_OK;
}

static bool read_unit(const json_t *json, struct sg_unit_key *ret)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0)
        return false;
    ret->value = (uint64_t)json_integer_value(json);
    return sg_unit_key_is_valid(*ret);
}

/* Reads the inner bytes: as they are, or of a record in JSON; in it an officer
 * that is not named is the one who asks. False: *RET_FAULT says why. */
static bool read_inner(const json_t *form, const struct sg_officer *officer,
                       struct sg_buf *buf, struct sg_form_fault *ret_fault)
{
    const json_t *inner = json_object_get(form, "inner");
    const json_t *record = json_object_get(form, "record");

    *ret_fault = (struct sg_form_fault){.member = "inner"};
    if (record == NULL)
        return read_base64(inner, buf) && buf->size > 0;
    if (inner != NULL)
        return false;
    return sg_form_encode(record, officer == NULL ? NULL : &officer->id, buf,
                          ret_fault) == SG_OK;
}

/* The members of a form; NULL: what is missing or wrong is in *RET_FAULT, whose
 * member is NULL where there is no memory. */
static struct sg_desk_paper *read_form(const json_t *form,
                                       const struct sg_officer *officer,
                                       struct sg_buf *buf,
                                       struct sg_form_fault *ret_fault)
{
    const json_t *signature = json_object_get(form, "signature");
    const json_t *home = json_object_get(form, "home");
    struct sg_desk_paper *paper;
    struct sg_unit_key capture, own_home;
    size_t size;

    if (!read_inner(form, officer, buf, ret_fault))
        return NULL;
    size = buf->size;
    ret_fault->member = "signature";
    if (signature != NULL &&
        (!read_base64(signature, buf) || buf->size - size != SG_SIGNATURE_SIZE))
        return NULL;
    ret_fault->member = "capture";
    if (!read_unit(json_object_get(form, "capture"), &capture))
        return NULL;
    ret_fault->member = "home";
    own_home = capture;
    if (home != NULL && !read_unit(home, &own_home))
        return NULL;
    if (json_object_size(form) != 2u + (signature != NULL) + (home != NULL)) {
        ret_fault->member = "?";
        return NULL;
    }
    ret_fault->member = NULL;
    paper = sg_desk_paper_new(sg_bytes(buf->data, size));
    if (paper == NULL)
        return NULL;
    paper->capture = capture;
    paper->home = own_home;
    paper->is_signed = signature != NULL;
    if (paper->is_signed)
        memcpy(paper->signature, buf->data + size, SG_SIGNATURE_SIZE);
    return paper;
}

/* Signs a record in JSON that the officer who asks is named in, if the form
 * brought no signature: his key is unlocked for that. */
static void sign_own(struct sg_api *api, const struct sg_officer *officer,
                     struct sg_desk_paper *paper)
{
    struct sg_record record;
    struct sg_hash id;

    if (officer == NULL || paper->is_signed ||
        sg_record_decode_inner(sg_bytes(paper->inner, paper->size), &record) !=
            SG_OK ||
        sg_key_id_compare(&record.officer, &officer->id) != 0)
        return;
    sg_record_id(sg_store_registry(api->config.identity->store), record.inner,
                 &id);
    paper->is_signed = sg_officers_sign(api->officers, officer, &id,
                                        paper->signature) == SG_OK;
}

struct sg_desk_paper *sg_api_record_read(struct sg_api *api,
                                         const struct sg_api_request *request,
                                         const json_t *form, json_t **ret_word)
{
    bool is_json = json_object_get(form, "record") != NULL;
    const struct sg_officer *officer =
        is_json
            ? sg_officers_find(api->officers, &request->caller, request->now_ms)
            : NULL;
    struct sg_desk_paper *paper;
    struct sg_form_fault fault;
    struct sg_buf buf;

    sg_buf_init(&buf, SG_RECORD_SIZE_MAX + SG_SIGNATURE_SIZE);
    paper = read_form(form, officer, &buf, &fault);
    sg_buf_wipe(&buf);
    if (paper == NULL) {
        *ret_word = fault.member == NULL ? NULL
                    : is_json            ? sg_api_call_fault(&fault)
                                         : field_word(fault.member);
        return NULL;
    }
    sign_own(api, officer, paper);
    paper->owner = request->owner;
    return paper;
}

void sg_api_record_submit(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    struct sg_desk_paper *paper;
    json_t *form, *word = NULL;

    if (request->is_lines) {
        sg_api_lines_submit(api, request, ret);
        return;
    }
    form = sg_api_call_body(request, ret);
    if (form == NULL)
        return;
    paper = sg_api_record_read(api, request, form, &word);
    json_decref(form);
    if (paper == NULL && word != NULL) {
        sg_api_call_json(ret, 400, word);
        return;
    }
    if (paper != NULL) {
        if (sg_desk_put(api->config.desk, paper) == SG_OK) {
            ret->turn = SG_API_LATER;
            return;
        }
        sg_desk_paper_free(paper);
    }
    sg_api_call_refuse(ret, 503, "busy", "too much is waiting; try again",
                       "đang có quá nhiều việc chờ; hãy thử lại");
}

/* --- What became of it ----------------------------------------------------
 */

static json_t *kept_word(const struct sg_desk_paper *paper)
{
    json_t *json = json_object();

    sg_api_call_set(json, "id", sg_api_call_hash(&paper->id));
    sg_api_call_set(json, "submit",
                    sg_api_call_hex(SG_BYTES_ARRAY(paper->submit.bytes)));
    sg_api_call_set(json, "log", sg_api_call_hash(&paper->log.hash));
    sg_api_call_set(json, "index", json_integer((json_int_t)paper->index));
    sg_api_call_set(json, "checkpoint",
                    sg_api_call_checkpoint(&paper->checkpoint));
    return json;
}

/* The words of RECORDS.md section 3. */
static const struct {
    const char *english;
    const char *vietnamese;
    unsigned status;
} checks[] = {
    [SG_ADMISSION_A00] = {"", "", 422},
    [SG_ADMISSION_A02] = {"erased by order", "đã xóa theo lệnh", 422},
    [SG_ADMISSION_A03] = {"the bytes do not follow the format",
                          "dữ liệu sai định dạng", 422},
    [SG_ADMISSION_A04] = {"this program does not know the type",
                          "chương trình chưa biết loại bản ghi này", 422},
    [SG_ADMISSION_A05] = {"the fields do not fit the type",
                          "trường dữ liệu không đúng loại", 422},
    [SG_ADMISSION_A06] = {"a later form of envelope",
                          "phong bì thuộc phiên bản mới hơn", 422},
    [SG_ADMISSION_A07] = {"filed in the wrong place", "ghi sai nơi", 422},
    [SG_ADMISSION_A08] = {"this node was not admitted",
                          "nút chưa được thừa nhận", 403},
    [SG_ADMISSION_A09] = {"after the cut of its node", "sau điểm cắt của nút",
                          403},
    [SG_ADMISSION_A10] = {"the officer had no such role",
                          "cán bộ không có thẩm quyền", 403},
    [SG_ADMISSION_A11] = {"after the cut of its officer",
                          "sau điểm cắt của cán bộ", 403},
    [SG_ADMISSION_A12] = {"the signature is wrong or missing",
                          "chữ ký sai hoặc thiếu", 422},
    [SG_ADMISSION_A13] = {"a rule rejects it", "trái quy tắc", 422},
    [SG_ADMISSION_A14] = {"waits for the authority's state",
                          "chờ trạng thái của cơ quan quản lý", 503},
    [SG_ADMISSION_A15] = {"too many records of one person",
                          "quá nhiều bản ghi của một người", 422},
};

/* Which field does not fit: its number, and its name where there is such a
 * field. */
static void set_field(json_t *json, const struct sg_desk_paper *paper)
{
    const struct sg_schema_field *field = NULL;
    struct sg_record record;

    sg_api_call_set(json, "field", json_integer(paper->field));
    if (sg_record_decode_inner(sg_bytes(paper->inner, paper->size), &record) ==
            SG_OK &&
        record.schema != NULL)
        field = sg_schema_field(record.schema, paper->field);
    if (field != NULL)
        sg_api_call_set(json, "name", json_string(field->name));
}

static json_t *refused_word(const struct sg_desk_paper *paper,
                            unsigned *ret_status)
{
    enum sg_admission_code code = paper->code;
    json_t *json;

    SG_ASSERT((size_t)code < sizeof checks / sizeof checks[0]);
    SG_ASSERT(checks[code].english != NULL);
    json = json_pack("{s:s,s:s,s:s,s:s}", "error", "refused", "en",
                     checks[code].english, "vi", checks[code].vietnamese,
                     "check", sg_admission_code_name(code));
    if (code == SG_ADMISSION_A05) {
        sg_api_call_set(
            json, "misfit",
            json_string(sg_record_misfit_text(paper->misfit, SG_LANG_EN)));
        if (paper->field != SG_FIELD_NONE)
            set_field(json, paper);
    }
    if (code == SG_ADMISSION_A13)
        sg_api_call_set(json, "rule", json_integer(paper->rule));
    *ret_status = checks[code].status;
    return json;
}

static json_t *err_word(enum sg_err err)
{
    return sg_api_call_word(sg_err_name(err), sg_err_text(err, SG_LANG_EN),
                            sg_err_text(err, SG_LANG_VI));
}

static json_t *unable_word(enum sg_err err, unsigned *ret_status)
{
    *ret_status = err == SG_ERR_NOTFOUND ? 403 : 503;
    return err == SG_ERR_NOTFOUND
               ? sg_api_call_word(
                     "no_scope",
                     "this node has no scope key of its own, as an authority's "
                     "has none: hand records in at a district's or the "
                     "centre's node",
                     "nút này không có khóa phạm vi (nút cơ quan quản lý không "
                     "có): hãy nộp hồ sơ tại nút huyện hoặc trung tâm")
               : err_word(err);
}

json_t *sg_api_record_word(const struct sg_desk_paper *paper,
                           unsigned *ret_status)
{
    switch (paper->answer) {
    case SG_DESK_KEPT:
    case SG_DESK_KEPT_BEFORE:
        *ret_status = paper->answer == SG_DESK_KEPT ? 201 : 200;
        return kept_word(paper);
    case SG_DESK_USED:
        *ret_status = 409;
        return sg_api_call_word("submit", "another record has this submit id",
                                "mã gửi này đã dùng cho bản ghi khác");
    case SG_DESK_REFUSED:
        return refused_word(paper, ret_status);
    case SG_DESK_FULL:
        *ret_status = 507;
        return err_word(SG_ERR_FULL);
    case SG_DESK_UNABLE:
        break;
    }
    return unable_word(paper->err, ret_status);
}

void sg_api_paper(struct sg_api *api, const struct sg_desk_paper *paper,
                  struct sg_api_answer *ret_answer)
{
    unsigned status = 503;
    json_t *word = sg_api_record_word(paper, &status);

    (void)api;
    ret_answer->turn = SG_API_NOW;
    sg_api_call_json(ret_answer, status, word);
}

/* --- Slips ----------------------------------------------------------------
 */

static void refuse_place(struct sg_api_answer *ret)
{
    sg_api_call_refuse(ret, 404, "place",
                       "this node has written no record at that place",
                       "nút này không ghi bản ghi nào ở vị trí đó");
}

/* Finds the log that the parameter `log` names; the one that this node writes
 * where there is no parameter. */
static bool find_log(struct sg_api *api, const char *name,
                     struct sg_store_log *ret_log)
{
    const struct sg_identity *identity = api->config.identity;
    struct sg_writer writer;
    struct sg_log_id id;

    if (name == NULL)
        return sg_store_get(identity->store,
                            sg_store_own(identity->store, 0)->number,
                            ret_log) == SG_OK;
    sg_writer_init_array(&writer, id.hash.bytes, sizeof id.hash.bytes);
    sg_text_hex_decode(&writer, sg_bytes(name, strlen(name)));
    return sg_writer_end(&writer) == SG_OK &&
           strlen(name) == 2 * sizeof id.hash.bytes &&
           sg_store_find(identity->store, &id, 0, ret_log) == SG_OK;
}

static void answer_slip(const struct sg_slip *slip,
                        const struct sg_store_log *log,
                        struct sg_api_answer *ret)
{
    uint8_t bytes[SG_SLIP_SIZE];
    struct sg_buf text;
    json_t *json;

    sg_slip_encode(slip, bytes);
    sg_buf_init(&text, SG_SLIP_TEXT_SIZE);
    if (sg_slip_text(bytes, &text) != SG_OK) {
        sg_buf_clear(&text);
        sg_api_call_json(ret, 503, NULL);
        return;
    }
    json = json_object();
    sg_api_call_set(json, "slip",
                    json_stringn((const char *)text.data, text.size));
    sg_buf_clear(&text);
    sg_api_call_set(json, "id", sg_api_call_hash(&slip->record));
    sg_api_call_set(json, "log", sg_api_call_hash(&log->id.hash));
    sg_api_call_set(json, "index", json_integer((json_int_t)slip->index));
    sg_api_call_set(json, "seconds", json_integer((json_int_t)slip->seconds));
    sg_api_call_set(json, "checkpoint",
                    sg_api_call_checkpoint(&slip->checkpoint));
    sg_api_call_json(ret, 200, json);
}

void sg_api_record_slip(struct sg_api *api,
                        const struct sg_api_request *request,
                        struct sg_api_answer *ret)
{
    const struct sg_identity *identity = api->config.identity;
    const struct sg_issue_office office = {
        identity->store,
        identity->node,
        identity->scope,
        identity->certificate,
    };
    struct sg_store_log log;
    struct sg_slip slip;
    uint64_t index;
    enum sg_err err = SG_ERR_NOTFOUND;

    if (!sg_api_call_number(request, "index", 0, 1, INT64_MAX, &index, ret))
        return;
    if (find_log(api, sg_api_call_parameter(request, "log"), &log))
        err = sg_issue_slip(&office, &log, index, &slip);
    if (err == SG_OK)
        answer_slip(&slip, &log, ret);
    else if (err == SG_ERR_NOTFOUND)
        refuse_place(ret);
    else
        sg_api_call_refuse_err(ret, 503, err);
}
