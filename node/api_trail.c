/* What was written down of reads, read again: to count on after a start, and to
 * show to who has the role for it (API.md, Persons). */
#include <string.h>

#include "node/api_call.h"
#include "storage/base/alloc.h"
#include "storage/base/text.h"

/* Entries that one call looks at, and shows. */
#define LOOKED_MAX 2048u
#define SHOWN_MAX  200u
/* A cursor: a log's number and an index in it. */
#define INDEX_BITS 40u
/* Entries of a day that a start counts again: 100 officers at work. */
#define LOAD_MAX 262144u

static const char *const shown_words[] = {
    [SG_AUDIT_PERSON] = "person", [SG_AUDIT_SEARCH] = "search",
    [SG_AUDIT_LIST] = "list",     [SG_AUDIT_EXPORT] = "export",
    [SG_AUDIT_PRINT] = "print",   [SG_AUDIT_PROOF] = "proof",
};
static const char *const key_words[] = {
    [SG_AUDIT_UNLOCKED] = "unlocked",
    [SG_AUDIT_LOCKED] = "locked",
    [SG_AUDIT_TIMED_OUT] = "timed_out",
    [SG_AUDIT_FAILED] = "failed",
};

#define N_OF(list) (sizeof(list) / sizeof(list)[0])

/* --- What was counted before ----------------------------------------------
 */

/* An access or a permit of the days that still matter. */
struct loaded {
    bool is_permit;
    bool has_permit; /* of an access */
    struct sg_key_id officer;
    struct sg_uid uid;
    uint64_t ms;
    struct sg_ref ref; /* of the permit */
    struct sg_reads_permit permit;
};

struct loading {
    uint64_t since_ms;
    size_t n, capacity;
    struct loaded *list;
    enum sg_err err;
};

static void load_item(const struct sg_trail_item *item, struct loaded *ret)
{
    const struct sg_record *record = &item->record;
    struct sg_bytes bytes;

    *ret = (struct loaded){.officer = record->officer, .ms = item->ms};
    ret->is_permit = record->type == SG_TYPE_PERMIT;
    if (!ret->is_permit) {
        ret->uid = record->subject;
        ret->has_permit = sg_record_has(record, SG_FIELD_ACCESS_PERMIT);
        if (ret->has_permit)
            ret->ref = sg_record_ref(record, SG_FIELD_ACCESS_PERMIT);
        return;
    }
    ret->permit = (struct sg_reads_permit){
        .ref = sg_ref_of(&item->id),
        .persons = sg_record_uint(record, SG_FIELD_PERMIT_PERSONS),
        .until_ms = sg_record_uint(record, SG_FIELD_PERMIT_UNTIL),
        .purpose = (unsigned)sg_record_uint(record, SG_FIELD_PERMIT_PURPOSE),
    };
    bytes = sg_record_bin(record, SG_FIELD_PERMIT_OFFICER);
    memcpy(ret->permit.officer.bytes, bytes.data, SG_KEY_ID_SIZE);
    bytes = sg_record_str(record, SG_FIELD_PERMIT_CASE);
    ret->permit.matter_size = bytes.size;
    memcpy(ret->permit.matter, bytes.data, bytes.size);
}

static bool take_loaded(void *context, const struct sg_trail_item *item)
{
    static const struct sg_uid query;
    struct loading *loading = context;

    if (item->ms < loading->since_ms || loading->n == LOAD_MAX)
        return false;
    if (item->record.type == SG_TYPE_SESSION ||
        (item->record.type == SG_TYPE_ACCESS &&
         sg_uid_compare(&item->record.subject, &query) == 0))
        return true;
    if (loading->n == loading->capacity) {
        size_t capacity = loading->capacity > 0 ? 2 * loading->capacity : 256;
        struct loaded *list =
            sg_realloc(loading->list, capacity * sizeof *list);

        if (list == NULL) {
            loading->err = SG_ERR_NOMEM;
            return false;
        }
        loading->list = list;
        loading->capacity = capacity;
    }
    load_item(item, &loading->list[loading->n++]);
    return true;
}

static bool is_own_audit(const struct sg_api *api,
                         const struct sg_store_log *log)
{
    return log->row.core.kind == SG_LOG_AUDIT && log->branch == 0 &&
           memcmp(log->row.core.node_key,
                  api->config.identity->node->public_key, SG_KEY_SIZE) == 0;
}

enum sg_err sg_api_audit_load(struct sg_api *api)
{
    struct sg_store *store = api->config.identity->store;
    uint64_t now_ms = sg_audit_now(api->audit);
    struct loading loading = {.since_ms = sg_reads_day_begin(now_ms)};
    struct sg_store_log log;

    if (loading.since_ms > now_ms - SG_READS_PERMIT_MS_MAX)
        loading.since_ms = now_ms - SG_READS_PERMIT_MS_MAX;
    /* Of all epochs: a new one begins no new day. */
    for (uint32_t number = 1;
         loading.err == SG_OK && sg_store_get(store, number, &log) == SG_OK;
         number++) {
        uint64_t end = log.row.known.size;

        if (is_own_audit(api, &log))
            loading.err = sg_trail_back(api->trail, &log, &end, LOAD_MAX,
                                        take_loaded, &loading);
    }
    for (size_t i = loading.n; i-- > 0;) {
        const struct loaded *one = &loading.list[i];

        if (one->is_permit)
            sg_reads_permit(api->reads, &one->permit);
        else
            sg_reads_count(api->reads, &one->officer, &one->uid, one->ms,
                           one->has_permit ? &one->ref : NULL);
    }
    sg_free(loading.list);
    return loading.err;
}

/* --- Who read what --------------------------------------------------------
 */

struct listing {
    struct sg_api *api;
    const struct sg_officer *officer; /* who asks */
    bool has_officer, has_uid;
    struct sg_key_id of; /* whose reads are asked for */
    struct sg_uid uid;   /* reads of whom */
    size_t limit;
    json_t *list;
};

static json_t *word_of(const char *const *list, size_t n, uint64_t number)
{
    return number < n && list[number] != NULL
               ? json_string(list[number])
               : json_integer((json_int_t)number);
}

/* Verified here: whoever asks in court asks for this. */
static const char *signature_of(const struct listing *listing,
                                const struct sg_trail_item *item)
{
    const struct sg_record *record = &item->record;
    uint8_t key[SG_KEY_SIZE];
    struct sg_api *api = listing->api;

    if (record->copy.signature.size == 0)
        return "none";
    if (!sg_officers_public(api->officers, &record->officer, key))
        return "unknown";
    return sg_record_verify(record, &item->id,
                            sg_store_registry(api->config.identity->store),
                            key) == SG_OK
               ? "right"
               : "wrong";
}

static void put_access(json_t *json, const struct sg_record *record)
{
    static const struct sg_uid query;
    struct sg_bytes matter = sg_record_str(record, SG_FIELD_ACCESS_CASE);
    struct sg_ref permit;

    sg_api_call_set(json, "what",
                    word_of(shown_words, N_OF(shown_words),
                            sg_record_uint(record, SG_FIELD_ACCESS_WHAT)));
    sg_api_call_set(json, "purpose",
                    word_of(sg_api_call_purposes, SG_API_PURPOSES,
                            sg_record_uint(record, SG_FIELD_ACCESS_PURPOSE)));
    sg_api_call_set(json, "case",
                    json_stringn((const char *)matter.data, matter.size));
    if (sg_uid_compare(&record->subject, &query) != 0)
        sg_api_call_set(json, "uid",
                        sg_api_call_hex(SG_BYTES_ARRAY(record->subject.bytes)));
    else
        sg_api_call_set(json, "persons",
                        json_integer((json_int_t)sg_record_uint_or(
                            record, SG_FIELD_ACCESS_PERSONS, 0)));
    if (sg_record_has(record, SG_FIELD_ACCESS_CHANNEL))
        sg_api_call_set(
            json, "channel",
            word_of(sg_api_call_channels, SG_API_CHANNELS,
                    sg_record_uint(record, SG_FIELD_ACCESS_CHANNEL)));
    if (!sg_record_has(record, SG_FIELD_ACCESS_PERMIT))
        return;
    permit = sg_record_ref(record, SG_FIELD_ACCESS_PERMIT);
    sg_api_call_set(json, "permit",
                    sg_api_call_hex(SG_BYTES_ARRAY(permit.bytes)));
}

static void put_permit(json_t *json, const struct sg_record *record)
{
    struct sg_bytes matter = sg_record_str(record, SG_FIELD_PERMIT_CASE);

    sg_api_call_set(
        json, "for",
        sg_api_call_hex(sg_record_bin(record, SG_FIELD_PERMIT_OFFICER)));
    sg_api_call_set(json, "persons",
                    json_integer((json_int_t)sg_record_uint(
                        record, SG_FIELD_PERMIT_PERSONS)));
    sg_api_call_set(json, "until_ms",
                    json_integer((json_int_t)sg_record_uint(
                        record, SG_FIELD_PERMIT_UNTIL)));
    sg_api_call_set(json, "purpose",
                    word_of(sg_api_call_purposes, SG_API_PURPOSES,
                            sg_record_uint(record, SG_FIELD_PERMIT_PURPOSE)));
    sg_api_call_set(json, "case",
                    json_stringn((const char *)matter.data, matter.size));
}

static json_t *json_of_item(const struct listing *listing,
                            const struct sg_trail_item *item)
{
    const struct sg_record *record = &item->record;
    struct sg_ref ref = sg_ref_of(&item->id);
    json_t *json = json_object();

    sg_api_call_set(json, "type", json_string(record->schema->name));
    sg_api_call_set(json, "ref", sg_api_call_hex(SG_BYTES_ARRAY(ref.bytes)));
    sg_api_call_set(json, "log", sg_api_call_hash(&item->log->id.hash));
    sg_api_call_set(json, "index", json_integer((json_int_t)item->index));
    sg_api_call_set(json, "ms", json_integer((json_int_t)item->ms));
    sg_api_call_set(json, "officer",
                    sg_api_call_hex(SG_BYTES_ARRAY(record->officer.bytes)));
    sg_api_call_set(json, "unit",
                    json_integer((json_int_t)record->copy.home.value));
    sg_api_call_set(json, "signature",
                    json_string(signature_of(listing, item)));
    if (record->type == SG_TYPE_ACCESS)
        put_access(json, record);
    else if (record->type == SG_TYPE_PERMIT)
        put_permit(json, record);
    else
        sg_api_call_set(json, "what",
                        word_of(key_words, N_OF(key_words),
                                sg_record_uint(record, SG_FIELD_SESSION_WHAT)));
    return json;
}

static bool take_item(void *context, const struct sg_trail_item *item)
{
    struct listing *listing = context;
    const struct sg_record *record = &item->record;

    if ((listing->has_officer &&
         memcmp(&record->officer, &listing->of, sizeof listing->of) != 0) ||
        (listing->has_uid &&
         (record->type != SG_TYPE_ACCESS ||
          sg_uid_compare(&record->subject, &listing->uid) != 0)) ||
        !sg_officers_covers(listing->api->officers, &listing->officer->id,
                            record->copy.home))
        return true;
    (void)json_array_append_new(listing->list, json_of_item(listing, item));
    return json_array_size(listing->list) < listing->limit;
}

/* Reads SIZE bytes of hex from the parameter KEY; *RET_HAS: it is there. */
static bool read_hex(const struct sg_api_request *request, const char *key,
                     uint8_t *ret_bytes, size_t size, bool *ret_has,
                     struct sg_api_answer *ret)
{
    const char *value = sg_api_call_parameter(request, key);
    struct sg_writer writer;

    *ret_has = value != NULL;
    if (value == NULL)
        return true;
    sg_writer_init_array(&writer, ret_bytes, size);
    sg_text_hex_decode(&writer, sg_bytes(value, strlen(value)));
    if (sg_writer_end(&writer) == SG_OK && strlen(value) == 2 * size)
        return true;
    sg_api_call_refuse(ret, 400, "parameter",
                       "a parameter is not what is allowed",
                       "tham số không hợp lệ");
    return false;
}

/* Goes through the audit logs from AFTER on, this node's first epoch first;
 * gives where to go on, 0 at the end. */
static uint64_t walk(struct listing *listing, uint64_t after)
{
    struct sg_store *store = listing->api->config.identity->store;
    uint32_t number = after == 0 ? 1 : (uint32_t)(after >> INDEX_BITS);
    uint64_t end = after & ((UINT64_C(1) << INDEX_BITS) - 1);
    bool is_begun = after != 0;
    size_t left = LOOKED_MAX;
    struct sg_store_log log;

    for (; sg_store_get(store, number, &log) == SG_OK; number++) {
        uint64_t before;

        if (log.row.core.kind != SG_LOG_AUDIT || log.branch != 0)
            continue;
        if (!is_begun || end > log.row.frontier.size)
            end = log.row.frontier.size;
        is_begun = false;
        before = end;
        if (sg_trail_back(listing->api->trail, &log, &end, left, take_item,
                          listing) != SG_OK)
            end = 0;
        left -= before - end < left ? (size_t)(before - end) : left;
        if (end > 0)
            return (uint64_t)number << INDEX_BITS | end;
        if (left == 0 || json_array_size(listing->list) >= listing->limit)
            return (uint64_t)(number + 1) << INDEX_BITS |
                   ((UINT64_C(1) << INDEX_BITS) - 1);
    }
    return 0;
}

void sg_api_audit_list(struct sg_api *api, const struct sg_api_request *request,
                       struct sg_api_answer *ret)
{
    struct listing listing = {.api = api};
    uint64_t after, limit;
    struct sg_view *view;
    json_t *json;

    listing.officer = sg_api_call_officer(api, request, SG_ROLE_AUDIT, ret);
    if (listing.officer == NULL ||
        !read_hex(request, "officer", listing.of.bytes, SG_KEY_ID_SIZE,
                  &listing.has_officer, ret) ||
        !read_hex(request, "uid", listing.uid.bytes, sizeof listing.uid.bytes,
                  &listing.has_uid, ret) ||
        !sg_api_call_number(request, "after", 0, 1, INT64_MAX, &after, ret) ||
        !sg_api_call_number(request, "limit", 100, 1, SHOWN_MAX, &limit, ret))
        return;
    view = sg_api_call_view(api, ret);
    if (view == NULL)
        return;
    if (api->audit == NULL) {
        sg_api_call_refuse_record(ret, SG_ERR_NOTFOUND);
        return;
    }
    /* Without memory for more keys, what the old ones open is shown. */
    (void)(sg_trail_hear(api->trail, sg_view_hold(view)) == SG_OK);
    sg_view_release(view);
    listing.limit = (size_t)limit;
    listing.list = json_array();
    after = walk(&listing, after);
    json = json_object();
    sg_api_call_set(json, "entries", listing.list);
    if (after != 0)
        sg_api_call_set(json, "after", json_integer((json_int_t)after));
    sg_api_call_json(ret, 200, json);
}
