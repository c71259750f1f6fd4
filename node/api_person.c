/* Persons over the API: one in full, and finding them. Nobody is shown before
 * it is written down (api_audit.c). */
#include <string.h>

#include "node/api_call.h"
#include "node/person_json.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"

/* Any officer may read, within his territory: who does is written down. */
#define READERS                                                               \
    (SG_ROLE_CAPTURE | SG_ROLE_APPROVE | SG_ROLE_ADJUDICATE | SG_ROLE_AUDIT | \
     SG_ROLE_ADMINISTER)

/* Persons of one page; turns of the index for it. */
#define PAGE_MAX     100u
#define PAGE_DEFAULT 20u
#define TURNS_MAX    8u

_Static_assert(PAGE_MAX <= SG_AUDIT_NOTE_MAX, "a page is one note");

/* What both calls begin with. */
struct reading {
    struct sg_view *view;
    const struct sg_officer *officer;
    struct sg_api_reason reason;
    size_t members; /* of the form, that were read */
};

static bool begin(struct sg_api *api, const struct sg_api_request *request,
                  const json_t *form, struct reading *ret_reading,
                  struct sg_api_answer *ret)
{
    ret_reading->officer = sg_api_call_officer(api, request, READERS, ret);
    if (ret_reading->officer == NULL ||
        !sg_api_call_reason(request, form, &ret_reading->reason,
                            &ret_reading->members, ret))
        return false;
    ret_reading->view = sg_api_call_view(api, ret);
    if (ret_reading->view == NULL)
        return false;
    if (api->audit != NULL)
        return true;
    sg_api_call_refuse_record(ret, SG_ERR_NOTFOUND);
    return false;
}

/* --- One person -----------------------------------------------------------
 */

struct places {
    size_t n, capacity;
    struct sg_person_json_place *list;
    uint32_t *logs; /* of each: its number */
};

static enum sg_err grow(struct places *places)
{
    size_t capacity = places->capacity > 0 ? 2 * places->capacity : 32;
    struct sg_person_json_place *list =
        sg_realloc(places->list, capacity * sizeof *list);
    uint32_t *logs;

    if (list == NULL)
        return SG_ERR_NOMEM;
    places->list = list;
    logs = sg_realloc(places->logs, capacity * sizeof *logs);
    if (logs == NULL)
        return SG_ERR_NOMEM;
    places->logs = logs;
    places->capacity = capacity;
    return SG_OK;
}

static enum sg_err take_place(void *context, const struct sg_view_copy *copy)
{
    struct places *places = context;
    enum sg_err err = places->n == places->capacity ? grow(places) : SG_OK;

    if (err != SG_OK)
        return err;
    places->logs[places->n] = copy->log;
    places->list[places->n++] = (struct sg_person_json_place){
        .record = copy->record,
        .index = copy->index,
        .is_admitted = copy->is_admitted,
    };
    return SG_OK;
}

/* Names the logs, now that no transaction of the view is open. */
static void name_logs(struct sg_store *store, struct places *places)
{
    struct sg_store_log log = {.number = 0};

    for (size_t i = 0; i < places->n; i++) {
        if (log.number != places->logs[i] &&
            sg_store_get(store, places->logs[i], &log) != SG_OK)
            log = (struct sg_store_log){.number = 0};
        places->list[i].log = log.id;
    }
}

static void refuse_person(struct sg_api_answer *ret, enum sg_err err)
{
    if (err == SG_ERR_NOTFOUND)
        sg_api_call_refuse(ret, 404, "person",
                           "the register has nobody with this uid",
                           "sổ gốc không có ai mang mã này");
    else
        sg_api_call_refuse_err(ret, 503, err);
}

/* Makes RET what is to be shown of SUBJECT. */
static void render(struct sg_view *view, const struct sg_subject *subject,
                   const struct places *places, struct sg_api_answer *ret)
{
    const struct sg_authority *authority = sg_view_hold(view);
    json_t *json = authority == NULL ? NULL
                                     : sg_person_json(subject, authority,
                                                      places->list, places->n);

    sg_view_release(view);
    sg_api_call_json(ret, 200, json);
}

static void show(struct sg_api *api, const struct sg_api_request *request,
                 const struct reading *reading, const struct sg_uid *uid,
                 struct sg_api_answer *ret)
{
    struct places places = {.n = 0};
    struct sg_api_shown shown = {.officer = reading->officer,
                                 .reason = &reading->reason,
                                 .what = SG_AUDIT_PERSON,
                                 .count = 1,
                                 .uids = uid};
    const struct sg_subject *subject;
    struct sg_unit_key home;
    enum sg_err err = sg_view_copies(api->reader, uid, take_place, &places);

    name_logs(api->config.identity->store, &places);
    if (err == SG_OK)
        err = sg_view_person(api->reader, uid, &subject);
    if (err != SG_OK) {
        refuse_person(ret, err);
    } else {
        home = subject->unit;
        shown.homes = &home;
        if (sg_api_call_covers(api, reading->officer, home, ret)) {
            render(reading->view, subject, &places, ret);
            if (ret->status == 200)
                sg_api_call_show(api, request, &shown, ret);
        }
    }
    sg_free(places.list);
    sg_free(places.logs);
}

static bool read_uid(const json_t *text, struct sg_uid *ret_uid)
{
    struct sg_writer writer;
    size_t size = json_string_length(text);

    if (size != 2 * sizeof ret_uid->bytes)
        return false;
    sg_writer_init_array(&writer, ret_uid->bytes, sizeof ret_uid->bytes);
    sg_text_hex_decode(&writer, sg_bytes(json_string_value(text), size));
    return sg_writer_end(&writer) == SG_OK;
}

void sg_api_person_show(struct sg_api *api,
                        const struct sg_api_request *request,
                        struct sg_api_answer *ret)
{
    json_t *form = sg_api_call_body(request, ret);
    struct reading reading = {.members = 1};
    struct sg_uid uid;

    if (form == NULL)
        return;
    if (begin(api, request, form, &reading, ret)) {
        if (!read_uid(json_object_get(form, "uid"), &uid))
            sg_api_call_refuse_member(ret, "uid");
        else if (json_object_size(form) != reading.members)
            sg_api_call_refuse_member(ret, "?");
        else
            show(api, request, &reading, &uid, ret);
    }
    json_decref(form);
}

/* --- Finding persons ------------------------------------------------------
 */

/* What is looked for. */
struct search {
    bool has_pin, has_name, has_unit;
    uint64_t pin;
    struct sg_view_name name;
    struct sg_unit_key unit;
    struct sg_date birth; /* no date: any */
    size_t limit;
    uint64_t cursor;

    size_t count; /* found, and may be shown */
    struct sg_uid uids[PAGE_MAX];
    struct sg_unit_key homes[PAGE_MAX];
    json_t *list;
};

/* Reads the whole number KEY of FORM, LEAST to MOST. */
static bool read_number(const json_t *form, const char *key, uint64_t least,
                        uint64_t most, uint64_t *ret_value, size_t *count,
                        struct sg_api_answer *ret)
{
    const json_t *value = json_object_get(form, key);

    if (value == NULL)
        return true;
    ++*count;
    *ret_value = (uint64_t)json_integer_value(value);
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        *ret_value >= least && *ret_value <= most)
        return true;
    sg_api_call_refuse_member(ret, key);
    return false;
}

/* Reads twelve digits. */
static bool read_pin(const json_t *text, uint64_t *ret_pin)
{
    const char *digits = json_string_value(text);

    *ret_pin = 0;
    if (digits == NULL || json_string_length(text) != 12)
        return false;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        *ret_pin = 10 * *ret_pin + (uint64_t)(*digits - '0');
    return *digits == '\0';
}

/* Reads what is looked for by its text. */
static bool read_texts(const json_t *form, struct search *search, size_t *count,
                       struct sg_api_answer *ret)
{
    const json_t *pin = json_object_get(form, "pin");
    const json_t *name = json_object_get(form, "name");
    const json_t *birth = json_object_get(form, "birth");

    search->has_pin = pin != NULL;
    search->has_name = name != NULL;
    *count += 0u + (pin != NULL) + (name != NULL) + (birth != NULL);
    if (pin != NULL && !read_pin(pin, &search->pin)) {
        sg_api_call_refuse_member(ret, "pin");
        return false;
    }
    if (name != NULL && json_string_length(name) == 0) {
        sg_api_call_refuse_member(ret, "name");
        return false;
    }
    if (name != NULL)
        search->name.text =
            sg_bytes(json_string_value(name), json_string_length(name));
    if (birth != NULL && (!json_is_string(birth) ||
                          sg_date_parse(sg_bytes(json_string_value(birth),
                                                 json_string_length(birth)),
                                        &search->birth) != SG_OK)) {
        sg_api_call_refuse_member(ret, "birth");
        return false;
    }
    return true;
}

static bool read_search(const json_t *form, struct search *search,
                        size_t *count, struct sg_api_answer *ret)
{
    uint64_t limit = PAGE_DEFAULT, unit = 0;

    if (!read_texts(form, search, count, ret) ||
        !read_number(form, "unit", 1, INT64_MAX, &unit, count, ret) ||
        !read_number(form, "limit", 1, PAGE_MAX, &limit, count, ret) ||
        !read_number(form, "after", 1, INT64_MAX, &search->cursor, count, ret))
        return false;
    search->limit = (size_t)limit;
    search->unit.value = unit;
    search->has_unit = unit != 0;
    search->name.unit = search->unit;
    search->name.birth_year = search->birth.ymd / 10000;
    if (search->has_unit && !sg_unit_key_is_valid(search->unit)) {
        sg_api_call_refuse_member(ret, "unit");
        return false;
    }
    /* One way to look at a time: a number, a name, or a unit. */
    if (search->has_pin ? search->has_name || search->has_unit
                        : !search->has_name && !search->has_unit) {
        sg_api_call_refuse_member(ret, "pin");
        return false;
    }
    if (json_object_size(form) == *count)
        return true;
    sg_api_call_refuse_member(ret, "?");
    return false;
}

static enum sg_err turn(struct sg_api *api, struct search *search,
                        struct sg_view_page *page)
{
    if (search->has_pin)
        return sg_view_find_pin(api->reader, search->pin, page);
    if (search->has_name)
        return sg_view_find_name(api->reader, &search->name, page);
    return sg_view_find_unit(api->reader, search->unit, page);
}

/* Says whether BIRTH, as precise as it is known, can be what is asked for. */
static bool is_born(const struct search *search,
                    const struct sg_subject *subject)
{
    struct sg_date birth;

    if (search->birth.ymd == 0)
        return true;
    return sg_person_json_birth(subject, &birth) &&
           sg_date_compare(sg_date_last(birth), sg_date_first(search->birth)) >=
               0 &&
           sg_date_compare(sg_date_last(search->birth), sg_date_first(birth)) >=
               0;
}

/* Looks at UID, and lists whom may be shown: others are as if not there. */
static enum sg_err look(struct sg_api *api, const struct reading *reading,
                        struct search *search, const struct sg_uid *uid)
{
    const struct sg_subject *subject;
    enum sg_err err = sg_view_person(api->reader, uid, &subject);

    if (err == SG_ERR_NOTFOUND)
        return SG_OK; /* gone meanwhile */
    if (err != SG_OK || subject->status == SG_SUBJECT_NO_PERSON ||
        !is_born(search, subject) ||
        !sg_officers_covers(api->officers, &reading->officer->id,
                            subject->unit))
        return err;
    search->uids[search->count] = *uid;
    search->homes[search->count++] = subject->unit;
    (void)json_array_append_new(search->list, sg_person_json_brief(subject));
    return SG_OK;
}

/* Fills the page, with as many turns of the index as it takes. */
static enum sg_err find(struct sg_api *api, const struct reading *reading,
                        struct search *search)
{
    struct sg_uid found[PAGE_MAX];
    struct sg_view_page page = {.cursor = search->cursor, .uids = found};
    enum sg_err err = SG_OK;

    for (unsigned i = 0; i < TURNS_MAX && err == SG_OK; i++) {
        page.max = search->limit - search->count;
        err = turn(api, search, &page);
        for (size_t k = 0; err == SG_OK && k < page.count; k++)
            err = look(api, reading, search, &found[k]);
        if (page.cursor == 0 || search->count == search->limit)
            break;
    }
    search->cursor = page.cursor;
    return err;
}

/* The names of the units of whom was found. */
static json_t *json_of_units(struct sg_view *view, const struct search *search)
{
    const struct sg_authority *authority = sg_view_hold(view);
    json_t *json = json_object();

    for (size_t i = 0; authority != NULL && i < search->count; i++)
        sg_person_json_unit(json, authority, search->homes[i]);
    sg_view_release(view);
    return json;
}

static void search_for(struct sg_api *api, const struct sg_api_request *request,
                       const struct reading *reading, struct search *search,
                       struct sg_api_answer *ret)
{
    const struct sg_api_shown shown = {
        .officer = reading->officer,
        .reason = &reading->reason,
        .what = search->has_pin || search->has_name ? SG_AUDIT_SEARCH
                                                    : SG_AUDIT_LIST,
        .uids = search->uids,
        .homes = search->homes,
    };
    struct sg_api_shown found = shown;
    json_t *json;
    enum sg_err err;

    search->list = json_array();
    err = find(api, reading, search);
    if (err != SG_OK) {
        json_decref(search->list);
        if (err == SG_ERR_INVALID || err == SG_ERR_TEXT)
            sg_api_call_refuse_member(ret, "name");
        else
            sg_api_call_refuse_err(ret, 503, err);
        return;
    }
    json = json_object();
    sg_api_call_set(json, "persons", search->list);
    sg_api_call_set(json, "units", json_of_units(reading->view, search));
    if (search->cursor != 0)
        sg_api_call_set(json, "after",
                        json_integer((json_int_t)search->cursor));
    sg_api_call_json(ret, 200, json);
    found.count = search->count;
    if (ret->status == 200)
        sg_api_call_show(api, request, &found, ret);
}

void sg_api_person_search(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    json_t *form = sg_api_call_body(request, ret);
    struct reading reading = {.members = 0};
    struct search *search;

    if (form == NULL)
        return;
    search = sg_calloc(1, sizeof *search);
    if (search == NULL)
        sg_api_call_refuse_err(ret, 503, SG_ERR_NOMEM);
    else if (begin(api, request, form, &reading, ret) &&
             read_search(form, search, &reading.members, ret) &&
             (!search->has_unit ||
              sg_api_call_covers(api, reading.officer, search->unit, ret)))
        search_for(api, request, &reading, search, ret);
    sg_free(search);
    json_decref(form);
}
