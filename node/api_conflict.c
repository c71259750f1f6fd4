/* What the API says of conflicts: where they wait and for whom, by unit, rule
 * and record. No value is shown, and nobody's name or number: whoever wants to
 * see what the records say asks for the person. */
#include "node/api_conflict.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"

/* Subjects of one answer. */
#define SUBJECTS_MAX 200u

static const char *const states[] = {
    [SG_SUBJECT_OPEN] = "open",
    [SG_SUBJECT_DECIDED] = "decided",
    [SG_SUBJECT_REOPENED] = "reopened",
};

/* Acts of a decision by which conflicts end (RECORDS.md 7.11), by rule. */
static const char *const *acts_of(unsigned rule)
{
    static const char *const cell[] = {"choose", "settle", NULL};
    static const char *const settle[] = {"settle", NULL};
    static const char *const clear[] = {"clear", NULL};
    static const char *const pair[] = {"same", "different", "defer", NULL};

    switch (rule) {
    case 5:
    case 11:
    case 16:
    case 18:
        return cell;
    case 13:
    case 14:
        return clear;
    case 10:
        return pair;
    default:
        return settle;
    }
}

/* --- One conflict ---------------------------------------------------------
 */

static const struct sg_subject_record *find_record(
    const struct sg_subject *subject, const struct sg_ref *ref)
{
    size_t low = 0, high = subject->n_records;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = sg_ref_compare(&subject->records[middle].ref, ref);

        if (order == 0)
            return &subject->records[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static json_t *json_of_ref(const struct sg_ref *ref)
{
    return sg_api_call_hex(SG_BYTES_ARRAY(ref->bytes));
}

/* Where a record is not the subject's own (of a pair), or not held, its id is
 * all that is said. */
static json_t *json_of_contender(const struct sg_subject *subject,
                                 const struct sg_ref *ref)
{
    const struct sg_subject_record *record = find_record(subject, ref);
    json_t *json = json_object();

    sg_api_call_set(json, "record", json_of_ref(ref));
    if (record == NULL)
        return json;
    sg_api_call_set(json, "type",
                    json_string(sg_schema_find(record->type, 1)->name));
    sg_api_call_set(json, "effective", sg_api_call_date(record->effective));
    sg_api_call_set(json, "officer",
                    sg_api_call_hex(SG_BYTES_ARRAY(record->officer.bytes)));
    sg_api_call_set(json, "signed", json_boolean(record->is_signed));
    sg_api_call_set(json, "approved", json_boolean(record->is_approved));
    return json;
}

bool sg_api_conflict_object(const struct sg_subject *subject,
                            const struct sg_subject_conflict *conflict,
                            struct sg_ref *ret_ref)
{
    const struct sg_subject_object *object;

    if (conflict->type == 0 || conflict->object.size == 0)
        return false;
    object = sg_subject_find(subject, (enum sg_type)conflict->type,
                             conflict->object);
    if (object != NULL && object->opening != NULL) {
        *ret_ref = object->opening->ref;
        return true;
    }
    return false;
}

/* The uid that an element of a set has for its key. */
static json_t *json_of_element(struct sg_bytes element)
{
    struct sg_msgpack reader;

    if (element.size == 0)
        return json_null();
    sg_msgpack_init(&reader, element);
    return sg_msgpack_peek(&reader) == SG_MSGPACK_BIN
               ? sg_api_call_hex(sg_msgpack_read_bin(&reader))
               : json_null();
}

static void set_place(json_t *json, const struct sg_subject *subject,
                      const struct sg_subject_conflict *conflict)
{
    const struct sg_schema_type *type =
        conflict->type == 0 ? NULL : sg_schema_find(conflict->type, 1);
    const struct sg_schema_field *field =
        type == NULL || conflict->field == 0
            ? NULL
            : sg_schema_field(type, conflict->field);
    struct sg_ref opening;

    sg_api_call_set(json, "type",
                    type == NULL ? json_null() : json_string(type->name));
    sg_api_call_set(json, "field",
                    field == NULL ? json_null() : json_string(field->name));
    /* The key of a number is the number: its opening record is named. */
    sg_api_call_set(json, "object",
                    sg_api_conflict_object(subject, conflict, &opening)
                        ? json_of_ref(&opening)
                        : json_null());
    sg_api_call_set(json, "element", json_of_element(conflict->element));
}

static void set_times(json_t *json, const struct sg_subject_conflict *conflict,
                      const struct sg_calendar *calendar)
{
    bool is_provisional = false;
    struct sg_date due = sg_conflict_due(conflict, calendar, &is_provisional);

    sg_api_call_set(json, "since_ms",
                    conflict->since == 0
                        ? json_null()
                        : json_integer((json_int_t)(conflict->since >> 16)));
    sg_api_call_set(json, "due", sg_api_call_date(due));
    sg_api_call_set(json, "due_provisional", json_boolean(is_provisional));
}

json_t *sg_api_conflict_json(const struct sg_authority *authority,
                             const struct sg_subject *subject,
                             const struct sg_subject_conflict *conflict)
{
    const struct sg_conflict_rule *rule = sg_conflict_get(conflict->rule);
    json_t *json = json_object(), *contenders = json_array(),
           *decisions = json_array(), *acts = json_array();
    char name[8];

    for (const char *const *act = acts_of(conflict->rule); *act != NULL; act++)
        (void)json_array_append_new(acts, json_string(*act));
    for (size_t i = 0; i < conflict->n_contenders; i++)
        (void)json_array_append_new(
            contenders, json_of_contender(subject, &conflict->contenders[i]));
    for (size_t i = 0; i < conflict->n_decisions; i++)
        (void)json_array_append_new(decisions,
                                    json_of_ref(&conflict->decisions[i]->ref));
    (void)snprintf(name, sizeof name, "C%02u", conflict->rule % 100u);
    sg_api_call_set(json, "subject",
                    sg_api_call_hex(SG_BYTES_ARRAY(subject->uid.bytes)));
    sg_api_call_set(json, "home",
                    json_integer((json_int_t)subject->unit.value));
    sg_api_call_set(json, "rule", json_string(name));
    sg_api_call_set(json, "state", json_string(states[conflict->state]));
    set_place(json, subject, conflict);
    set_times(json, conflict, sg_authority_calendar(authority));
    sg_api_call_set(json, "acts", acts);
    sg_api_call_set(json, "contenders", contenders);
    sg_api_call_set(json, "decisions", decisions);
    sg_api_call_set(json, "en",
                    json_string(sg_conflict_text(rule->no, SG_LANG_EN)));
    sg_api_call_set(json, "vi",
                    json_string(sg_conflict_text(rule->no, SG_LANG_VI)));
    return json;
}

/* --- The list of one unit -------------------------------------------------
 */

/* What is asked for, and who answers it. */
struct listing {
    struct sg_view *view;
    struct sg_view_reader *reader;
    struct sg_unit_key unit;
    bool is_decided;
    json_t *list;
};

static bool is_meant(const struct listing *listing,
                     const struct sg_authority *authority,
                     const struct sg_subject *subject,
                     const struct sg_subject_conflict *conflict)
{
    if (sg_conflict_get(conflict->rule)->owner == SG_CONFLICT_NOBODY ||
        (conflict->state == SG_SUBJECT_DECIDED) != listing->is_decided)
        return false;
    return sg_unit_key_equal(
        sg_conflict_owner(sg_authority_units(authority), subject, conflict),
        listing->unit);
}

/* Lists the conflicts of UID that UNIT is to decide. */
static enum sg_err add_subject(struct listing *listing,
                               const struct sg_uid *uid)
{
    const struct sg_authority *authority;
    const struct sg_subject *subject;
    enum sg_err err = sg_view_person(listing->reader, uid, &subject);

    if (err == SG_ERR_NOTFOUND)
        return SG_OK; /* it has gone meanwhile */
    if (err != SG_OK)
        return err;
    authority = sg_view_hold(listing->view);
    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (is_meant(listing, authority, subject, &subject->conflicts[i]))
            (void)json_array_append_new(
                listing->list, sg_api_conflict_json(authority, subject,
                                                    &subject->conflicts[i]));
    sg_view_release(listing->view);
    return SG_OK;
}

static enum sg_err add_page(struct listing *listing, uint64_t limit,
                            uint64_t *cursor)
{
    struct sg_uid uids[SUBJECTS_MAX];
    struct sg_view_page page = {
        .cursor = *cursor, .max = (size_t)limit, .uids = uids};
    enum sg_err err = sg_view_reader_new(listing->view, &listing->reader);

    if (err == SG_OK)
        err = sg_view_conflicts(listing->reader, listing->unit,
                                listing->is_decided, &page);
    for (size_t i = 0; i < page.count && err == SG_OK; i++)
        err = add_subject(listing, &uids[i]);
    sg_view_reader_free(listing->reader);
    *cursor = page.cursor;
    return err;
}

/* --- Where they wait ------------------------------------------------------
 */

static enum sg_err add_count(void *context, const struct sg_view_tally *tally)
{
    json_t *rules = json_object();
    int64_t all = 0;

    for (unsigned rule = 1; rule <= SG_CONFLICT_COUNT; rule++) {
        char name[8];

        if (tally->conflicts[rule] == 0)
            continue;
        (void)snprintf(name, sizeof name, "C%02u", rule);
        sg_api_call_set(rules, name, json_integer(tally->conflicts[rule]));
        all += tally->conflicts[rule];
    }
    if (all == 0) {
        json_decref(rules);
        return SG_OK;
    }
    return json_array_append_new(
               context,
               json_pack("{s:I,s:I,s:o}", "unit", (json_int_t)tally->unit.value,
                         "open", (json_int_t)all, "rules", rules)) == 0
               ? SG_OK
               : SG_ERR_NOMEM;
}

/* Names are the authority's to say, and not while the tallies are read. */
static void name_units(struct sg_view *view, json_t *list)
{
    const struct sg_unit_table *units = sg_authority_units(sg_view_hold(view));
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        const struct sg_unit *unit = sg_unit_find(
            units, (struct sg_unit_key){(uint64_t)json_integer_value(
                       json_object_get(row, "unit"))});

        sg_api_call_set(
            row, "name",
            unit == NULL
                ? json_null()
                : json_stringn((const char *)unit->name.data, unit->name.size));
    }
    sg_view_release(view);
}

static void list_units(struct sg_view *view, struct sg_api_answer *ret)
{
    json_t *list = json_array();
    enum sg_err err = sg_view_conflict_counts(view, add_count, list);

    if (err != SG_OK) {
        json_decref(list);
        sg_api_call_refuse_err(ret, 503, err);
        return;
    }
    name_units(view, list);
    sg_api_call_json(ret, 200, json_pack("{s:o}", "units", list));
}

/* --- GET /v1/conflicts ----------------------------------------------------
 */

static void refuse_parameter(struct sg_api_answer *ret)
{
    sg_api_call_refuse(ret, 400, "parameter",
                       "a parameter is not what is allowed",
                       "tham số không hợp lệ");
}

static bool read_state(const struct sg_api_request *request,
                       bool *ret_is_decided, struct sg_api_answer *ret)
{
    const char *state = sg_api_call_parameter(request, "state");

    *ret_is_decided = state != NULL && strcmp(state, "decided") == 0;
    if (state == NULL || *ret_is_decided || strcmp(state, "open") == 0)
        return true;
    refuse_parameter(ret);
    return false;
}

void sg_api_conflict_list(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    struct listing listing = {.view = sg_api_call_view(api, ret)};
    uint64_t limit, cursor;
    enum sg_err err;
    json_t *json;

    if (listing.view == NULL ||
        !sg_api_call_number(request, "unit", 0, 0, INT64_MAX,
                            &listing.unit.value, ret) ||
        !sg_api_call_number(request, "after", 0, 0, INT64_MAX, &cursor, ret) ||
        !sg_api_call_number(request, "limit", SUBJECTS_MAX, 1, SUBJECTS_MAX,
                            &limit, ret) ||
        !read_state(request, &listing.is_decided, ret))
        return;
    if (sg_api_call_parameter(request, "unit") == NULL) {
        list_units(listing.view, ret);
        return;
    }
    if (!sg_unit_key_is_valid(listing.unit)) {
        refuse_parameter(ret);
        return;
    }
    listing.list = json_array();
    err = add_page(&listing, limit, &cursor);
    if (err != SG_OK) {
        json_decref(listing.list);
        sg_api_call_refuse_err(ret, 503, err);
        return;
    }
    json = json_pack("{s:I,s:o}", "unit", (json_int_t)listing.unit.value,
                     "conflicts", listing.list);
    if (cursor != 0)
        sg_api_call_set(json, "after", json_integer((json_int_t)cursor));
    sg_api_call_json(ret, 200, json);
}
