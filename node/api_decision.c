/* Decisions over the API: an officer's word on a conflict, or on records, made
 * into a record, signed with the key that he has unlocked, and handed in. */
#include <string.h>

#include "node/api_conflict.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/text.h"
#include "storage/registry/record_build.h"

#define VIET_NAM_MINUTES 420

/* RECORDS.md 7.11. */
static const struct act {
    const char *word;
    unsigned no;
    bool has_rule;     /* for conflicts of a rule */
    const char *extra; /* a member that it needs */
} acts[] = {
    {"approve", 1, false, NULL},       {"refuse", 2, false, NULL},
    {"choose", 3, true, "choice"},     {"settle", 4, true, NULL},
    {"clear", 5, true, NULL},          {"reopen", 6, false, NULL},
    {"same", 7, true, "keep"},         {"different", 8, true, NULL},
    {"defer", 9, true, "defer_until"},
};

#define ACT_CHOOSE 3u
#define ACT_CLEAR  5u
#define ACT_SAME   7u
#define ACT_DEFER  9u

/* What the officer says. */
struct word {
    const json_t *json;
    const char *wrong; /* the member that is not what it must be */
    size_t n_members;
    const struct act *act;
    struct sg_uid subject, submit, keep;
    struct sg_unit_key unit;
    unsigned rule;
    const char *type, *field; /* of the cell; NULL: none */
    bool has_object, has_element;
    struct sg_ref object;
    struct sg_uid element;
    struct sg_ref parents[SG_PARENTS_MAX];
    size_t n_parents;
    struct sg_ref choice;
    uint64_t defer_until;
    struct sg_bytes reason;
    struct sg_record_basis basis;
    struct sg_date effective;
};

/* --- Reading it -----------------------------------------------------------
 */

static const json_t *take(struct word *word, const char *member)
{
    const json_t *json = json_object_get(word->json, member);

    word->wrong = member;
    word->n_members += json != NULL;
    return json_is_null(json) ? NULL : json;
}

static bool read_16(const json_t *json, uint8_t ret[16])
{
    const char *text = json_string_value(json);
    struct sg_writer writer;

    if (text == NULL || json_string_length(json) != 32)
        return false;
    sg_writer_init_array(&writer, ret, 16);
    sg_text_hex_decode(&writer, sg_bytes(text, 32));
    return sg_writer_end(&writer) == SG_OK;
}

static bool read_day(const json_t *json, uint64_t *ret)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0 ||
        json_integer_value(json) > 99991231)
        return false;
    *ret = (uint64_t)json_integer_value(json);
    return true;
}

static struct sg_bytes bytes_of(const json_t *json)
{
    return sg_bytes(json == NULL ? "" : json_string_value(json),
                    json_string_length(json));
}

static bool read_act(struct word *word)
{
    const char *text = json_string_value(take(word, "act"));

    for (size_t i = 0; text != NULL && i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].word, text) == 0)
            word->act = &acts[i];
    return word->act != NULL;
}

static bool read_parents(struct word *word)
{
    const json_t *list =
        take(word, word->act->has_rule ? "contenders" : "records");

    word->n_parents = json_array_size(list);
    if (!json_is_array(list) || word->n_parents == 0 ||
        word->n_parents > SG_PARENTS_MAX)
        return false;
    for (size_t i = 0; i < word->n_parents; i++) {
        if (!read_16(json_array_get(list, i), word->parents[i].bytes))
            return false;
        for (size_t k = 0; k < i; k++)
            if (sg_ref_compare(&word->parents[k], &word->parents[i]) == 0)
                return false;
    }
    return true;
}

/* Which conflict it is, as the list says it. */
static bool read_place(struct word *word)
{
    const char *rule = json_string_value(take(word, "rule"));
    const json_t *json;
    uint64_t no;

    if (rule == NULL || rule[0] != 'C' || strlen(rule) != 3 ||
        strspn(rule + 1, "0123456789") != 2)
        return false;
    no = (uint64_t)(rule[1] - '0') * 10 + (uint64_t)(rule[2] - '0');
    if (no < 1 || no > SG_CONFLICT_COUNT)
        return false;
    word->rule = (unsigned)no;
    json = take(word, "type");
    if (json != NULL && !json_is_string(json))
        return false;
    word->type = json_string_value(json);
    json = take(word, "field");
    if (json != NULL && !json_is_string(json))
        return false;
    word->field = json_string_value(json);
    json = take(word, "object");
    word->has_object = json != NULL;
    if (word->has_object && !read_16(json, word->object.bytes))
        return false;
    json = take(word, "element");
    word->has_element = json != NULL;
    return !word->has_element || read_16(json, word->element.bytes);
}

/* What the act needs besides. */
static bool read_extra(struct word *word)
{
    const json_t *json;

    if (word->act->extra == NULL)
        return true;
    json = take(word, word->act->extra);
    if (word->act->no == ACT_CHOOSE)
        return read_16(json, word->choice.bytes);
    if (word->act->no == ACT_SAME)
        return read_16(json, word->keep.bytes);
    return read_day(json, &word->defer_until);
}

static bool read_basis(struct word *word)
{
    const json_t *json = take(word, "basis");
    const json_t *form = json_object_get(json, "form");
    uint64_t day;

    word->basis = (struct sg_record_basis){.document = bytes_of(NULL),
                                           .clause = bytes_of(NULL)};
    if (json != NULL) {
        if (!json_is_object(json) || json_object_size(json) != 3 ||
            !json_is_integer(form) || json_integer_value(form) < 0 ||
            json_integer_value(form) > UINT8_MAX ||
            !json_is_string(json_object_get(json, "document")) ||
            !json_is_string(json_object_get(json, "clause")))
            return false;
        word->basis.form = (uint8_t)json_integer_value(form);
        word->basis.document = bytes_of(json_object_get(json, "document"));
        word->basis.clause = bytes_of(json_object_get(json, "clause"));
    }
    word->effective = sg_date_from_wall(sg_clock_wall(), VIET_NAM_MINUTES);
    json = take(word, "effective");
    if (json == NULL)
        return true;
    if (!read_day(json, &day))
        return false;
    word->effective.ymd = (uint32_t)day;
    return true;
}

static bool read_reason(struct word *word)
{
    const json_t *json = take(word, "reason");

    word->reason = bytes_of(json);
    return json == NULL || json_is_string(json);
}

static bool read_unit(struct word *word)
{
    const json_t *json = take(word, "unit");

    if (!json_is_integer(json) || json_integer_value(json) < 0)
        return false;
    word->unit.value = (uint64_t)json_integer_value(json);
    return sg_unit_key_is_valid(word->unit);
}

static bool read_word(struct word *word)
{
    if (!read_16(take(word, "subject"), word->subject.bytes) ||
        !read_act(word) || !read_parents(word) ||
        (word->act->has_rule && !read_place(word)) || !read_extra(word) ||
        !read_unit(word) || !read_reason(word) || !read_basis(word) ||
        !read_16(take(word, "submit"), word->submit.bytes))
        return false;
    word->wrong = "?";
    return word->n_members == json_object_size(word->json);
}

/* --- The conflict it is about ---------------------------------------------
 */

static bool is_element(const struct sg_subject_conflict *conflict,
                       const struct word *word)
{
    struct sg_msgpack reader;
    struct sg_bytes key;

    if (conflict->element.size == 0 || !word->has_element)
        return conflict->element.size == 0 && !word->has_element;
    sg_msgpack_init(&reader, conflict->element);
    key = sg_msgpack_read_bin(&reader);
    return sg_bytes_equal(key, SG_BYTES_ARRAY(word->element.bytes));
}

static bool is_meant(const struct sg_subject *subject,
                     const struct sg_subject_conflict *conflict,
                     const struct word *word)
{
    const struct sg_schema_type *type =
        conflict->type == 0 ? NULL : sg_schema_find(conflict->type, 1);
    const struct sg_schema_field *field =
        type == NULL || conflict->field == 0
            ? NULL
            : sg_schema_field(type, conflict->field);
    struct sg_ref object;
    bool has_object = sg_api_conflict_object(subject, conflict, &object);

    if (conflict->rule != word->rule || !is_element(conflict, word) ||
        (type == NULL) != (word->type == NULL) ||
        (field == NULL) != (word->field == NULL) ||
        has_object != word->has_object)
        return false;
    return (type == NULL || strcmp(type->name, word->type) == 0) &&
           (field == NULL || strcmp(field->name, word->field) == 0) &&
           (!has_object || sg_ref_compare(&object, &word->object) == 0);
}

static bool has_parent(const struct word *word, const struct sg_ref *ref)
{
    for (size_t i = 0; i < word->n_parents; i++)
        if (sg_ref_compare(&word->parents[i], ref) == 0)
            return true;
    return false;
}

/* The officer rules on what he was shown: on all that contends, or on nothing.
 */
static bool is_as_seen(const struct sg_subject_conflict *conflict,
                       const struct word *word)
{
    for (size_t i = 0; i < conflict->n_contenders; i++)
        if (!has_parent(word, &conflict->contenders[i]))
            return false;
    return conflict->n_contenders == word->n_parents &&
           conflict->state != SG_SUBJECT_DECIDED;
}

/* Says whether WORD was said before, and this is a retry: the desk knows its
 * place. */
static bool was_said(const struct sg_subject_conflict *conflict,
                     const struct word *word)
{
    for (size_t i = 0; i < conflict->n_decisions; i++) {
        struct sg_record record;

        if (sg_record_decode_inner(conflict->decisions[i]->inner, &record) ==
                SG_OK &&
            sg_uid_compare(&record.submit, &word->submit) == 0)
            return true;
    }
    return false;
}

static void refuse_changed(const struct sg_authority *authority,
                           const struct sg_subject *subject,
                           const struct sg_subject_conflict *conflict,
                           struct sg_api_answer *ret)
{
    sg_api_call_json(
        ret, 409,
        json_pack("{s:s,s:s,s:s,s:o}", "error", "changed", "en",
                  "the conflict is not as it was shown; look at it again", "vi",
                  "mâu thuẫn không còn như lúc xem; hãy xem lại", "conflict",
                  sg_api_conflict_json(authority, subject, conflict)));
}

/* Finds what WORD is about; where its subject is at home. False: RET says why
 * not. */
static bool find(struct sg_view *view, const struct word *word,
                 struct sg_unit_key *ret_home, unsigned *ret_field,
                 struct sg_api_answer *ret)
{
    const struct sg_subject_conflict *conflict = NULL;
    struct sg_view_reader *reader = NULL;
    const struct sg_subject *subject;
    enum sg_err err = sg_view_reader_new(view, &reader);
    bool is_found = false;

    if (err == SG_OK)
        err = sg_view_person(reader, &word->subject, &subject);
    if (err == SG_OK) {
        *ret_home = subject->unit;
        for (size_t i = 0; word->act->has_rule && i < subject->n_conflicts; i++)
            if (is_meant(subject, &subject->conflicts[i], word))
                conflict = &subject->conflicts[i];
        is_found = conflict != NULL || !word->act->has_rule;
        *ret_field = conflict != NULL ? conflict->field : 0;
        if (conflict != NULL && !is_as_seen(conflict, word) &&
            !was_said(conflict, word)) {
            is_found = false;
            refuse_changed(sg_view_hold(view), subject, conflict, ret);
            sg_view_release(view);
        } else if (!is_found) {
            err = SG_ERR_NOTFOUND;
        }
    }
    sg_view_reader_free(reader);
    if (err == SG_ERR_NOTFOUND)
        sg_api_call_refuse(ret, 404, "conflict",
                           "there is no such conflict in the register here",
                           "sổ tại đây không có mâu thuẫn như vậy");
    else if (err != SG_OK)
        sg_api_call_refuse_err(ret, 503, err);
    return is_found;
}

/* --- The record -----------------------------------------------------------
 */

static void put_fields(struct sg_record_build *build, const struct word *word,
                       unsigned field)
{
    unsigned act = word->act->no;
    bool is_ruled = act >= ACT_CHOOSE && act <= ACT_CLEAR;

    sg_record_build_uint(build, SG_FIELD_DECISION_ACT, act);
    sg_record_build_uint(build, SG_FIELD_DECISION_UNIT, word->unit.value);
    if (word->reason.size > 0)
        sg_record_build_str(build, SG_FIELD_DECISION_REASON, word->reason);
    if (is_ruled)
        sg_record_build_uint(build, SG_FIELD_DECISION_RULE, word->rule);
    if (is_ruled && field != 0)
        sg_record_build_uint(build, SG_FIELD_DECISION_FIELD, field);
    if (is_ruled && word->has_object)
        sg_record_build_bin(build, SG_FIELD_DECISION_OBJECT,
                            SG_BYTES_ARRAY(word->object.bytes));
    if (is_ruled && word->has_element)
        sg_record_build_bin(build, SG_FIELD_DECISION_ELEMENT,
                            SG_BYTES_ARRAY(word->element.bytes));
    if (act == ACT_CHOOSE)
        sg_record_build_bin(build, SG_FIELD_DECISION_CHOICE,
                            SG_BYTES_ARRAY(word->choice.bytes));
    if (act == ACT_SAME)
        sg_record_build_bin(build, SG_FIELD_DECISION_KEEP,
                            SG_BYTES_ARRAY(word->keep.bytes));
    if (act == ACT_DEFER)
        sg_record_build_uint(build, SG_FIELD_DECISION_DEFER_UNTIL,
                             word->defer_until);
}

/* Makes the record, signed; NULL: RET says why not. */
static struct sg_desk_paper *make_paper(struct sg_api *api,
                                        const struct word *word, unsigned field,
                                        const struct sg_officer *officer,
                                        struct sg_api_answer *ret)
{
    const struct sg_record_head head = {.type = SG_TYPE_DECISION,
                                        .subject = word->subject,
                                        .parents = word->parents,
                                        .n_parents = word->n_parents,
                                        .basis = word->basis,
                                        .effective = word->effective,
                                        .officer = officer->id,
                                        .submit = word->submit};
    const struct sg_record_copy copy = {.capture = word->unit,
                                        .home = word->unit};
    struct sg_desk_paper *paper = NULL;
    struct sg_record_build build;
    struct sg_record record;
    struct sg_buf payload;
    struct sg_hash id;
    enum sg_err err;

    sg_buf_init(&payload, SG_RECORD_SIZE_MAX);
    sg_record_build_init(&build, &head);
    put_fields(&build, word, field);
    err = sg_record_build_end(&build, &copy, NULL,
                              sg_store_registry(api->config.identity->store),
                              &payload, &id);
    if (err == SG_OK)
        err = sg_record_decode(sg_buf_bytes(&payload), &record);
    if (err == SG_OK) {
        paper = sg_desk_paper_new(record.inner);
        err = paper == NULL ? SG_ERR_NOMEM
                            : sg_officers_sign(api->officers, officer, &id,
                                               paper->signature);
    }
    sg_buf_wipe(&payload);
    if (err == SG_OK) {
        paper->is_signed = true;
        return paper;
    }
    sg_desk_paper_free(paper);
    if (err == SG_ERR_NOMEM)
        sg_api_call_refuse_err(ret, 503, err);
    else
        sg_api_call_refuse(ret, 400, "member",
                           "this act needs other members (a reason, a text of "
                           "the right length)",
                           "quyết định này cần trường khác (lý do, văn bản "
                           "đúng độ dài)");
    return NULL;
}

/* --- POST /v1/decisions ---------------------------------------------------
 */

static void decide(struct sg_api *api, const struct sg_api_request *request,
                   const struct word *word, struct sg_api_answer *ret)
{
    const struct sg_officer *officer = sg_api_call_officer(
        api, request, SG_ROLE_APPROVE | SG_ROLE_ADJUDICATE, ret);
    struct sg_view *view = officer == NULL ? NULL : sg_api_call_view(api, ret);
    struct sg_desk_paper *paper;
    struct sg_unit_key home;
    unsigned field;

    if (view == NULL || !sg_api_call_covers(api, officer, word->unit, ret))
        return;
    /* Else it would rule on what was decided a moment ago. */
    if (!sg_api_call_is_folded(api, request->hold)) {
        sg_api_call_refuse(ret, 503, "folding",
                           "the register does not have yet what was filed "
                           "here before; try again",
                           "sổ chưa nhập xong hồ sơ vừa ghi tại đây; hãy thử "
                           "lại");
        return;
    }
    if (!find(view, word, &home, &field, ret))
        return;
    paper = make_paper(api, word, field, officer, ret);
    if (paper == NULL)
        return;
    paper->owner = request->owner;
    paper->capture = word->unit;
    paper->home = home;
    if (sg_desk_put(api->config.desk, paper) == SG_OK) {
        api->deciding = paper;
        ret->turn = SG_API_LATER;
        return;
    }
    sg_desk_paper_free(paper);
    sg_api_call_refuse(ret, 503, "busy", "too much is waiting; try again",
                       "đang có quá nhiều việc chờ; hãy thử lại");
}

void sg_api_decision_file(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    json_t *json = sg_api_call_body(request, ret);
    struct word word = {.json = json};

    if (json == NULL)
        return;
    if (read_word(&word))
        decide(api, request, &word, ret);
    else
        sg_api_call_json(
            ret, 400,
            json_pack("{s:s,s:s,s:s,s:s}", "error", "member", "en",
                      "a member is missing or is not what it must be", "vi",
                      "một trường bị thiếu hoặc sai dạng", "member",
                      word.wrong));
    json_decref(json);
}
