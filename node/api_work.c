/* What the API says of the work: how far a campaign is, by unit and by the
 * office that serves it. Figures, nobody's data. */
#include <string.h>

#include "node/api_sum.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/text.h"
#include "storage/registry/territory.h"

/* Units of one answer: what fits into SG_API_ANSWER_SIZE_MAX. */
#define ROWS_MAX 800u

/* --- A campaign -----------------------------------------------------------
 */

static const char *const states[] = {
    [SG_CAMPAIGN_DRAFT] = "draft",
    [SG_CAMPAIGN_FROZEN] = "frozen",
    [SG_CAMPAIGN_RUNNING] = "running",
    [SG_CAMPAIGN_CLOSED] = "closed",
};

static json_t *json_of_counts(const int64_t *counts, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, json_integer(counts[i]));
    return list;
}

static json_t *json_of_exclusions(const struct sg_funnel *funnel)
{
    json_t *list = json_array();

    for (unsigned i = 1; i < SG_CAMPAIGN_REASON_COUNT; i++)
        if (funnel->excluded[i] != 0)
            (void)json_array_append_new(
                list, json_pack("{s:i,s:I,s:s,s:s}", "reason", (int)i,
                                "persons", (json_int_t)funnel->excluded[i],
                                "en", sg_campaign_reason_text(i, SG_LANG_EN),
                                "vi", sg_campaign_reason_text(i, SG_LANG_VI)));
    return list;
}

static json_t *json_of_forecast(const struct sg_funnel *funnel,
                                const struct sg_campaign *campaign,
                                struct sg_date today)
{
    struct sg_funnel_forecast forecast;
    json_t *json = json_object();

    sg_funnel_foresee(funnel, campaign, today, &forecast);
    sg_api_call_set(json, "done", json_boolean(forecast.is_done));
    sg_api_call_set(json, "day",
                    forecast.has_end ? sg_api_call_date(forecast.done)
                                     : json_null());
    sg_api_call_set(json, "before_committed",
                    json_boolean(forecast.is_before_committed));
    sg_api_call_set(json, "before_mandated",
                    json_boolean(forecast.is_before_mandated));
    sg_api_call_set(json, "needed_committed",
                    json_integer(forecast.needed_committed));
    sg_api_call_set(json, "needed_mandated",
                    json_integer(forecast.needed_mandated));
    return json;
}

static json_t *json_of_verdict(const struct sg_funnel *funnel,
                               const struct sg_campaign *campaign)
{
    static const char *const words[SG_FUNNEL_VERDICT_COUNT] = {
        [SG_FUNNEL_EMPTY] = "empty",
        [SG_FUNNEL_OPEN] = "open",
        [SG_FUNNEL_TOO_MANY_EXCLUDED] = "too_many_excluded",
        [SG_FUNNEL_NOT_EVIDENCED] = "not_evidenced",
        [SG_FUNNEL_UNKNOWN] = "unknown",
        [SG_FUNNEL_HUNDRED] = "hundred",
        [SG_FUNNEL_FINISHED] = "finished",
    };
    enum sg_funnel_verdict verdict = sg_funnel_judge(funnel, campaign);

    return json_pack("{s:s,s:s,s:s}", "word", words[verdict], "en",
                     sg_funnel_text(verdict, SG_LANG_EN), "vi",
                     sg_funnel_text(verdict, SG_LANG_VI));
}

static json_t *json_of_accounts(const struct sg_funnel *funnel)
{
    json_t *json = json_object();

    sg_api_call_set(json, "issued", json_of_counts(funnel->account_issued, 3));
    sg_api_call_set(json, "notified", json_integer(funnel->notified));
    sg_api_call_set(json, "active_in_time",
                    json_integer(funnel->active_in_time));
    sg_api_call_set(json, "active_late", json_integer(funnel->active_late));
    sg_api_call_set(json, "lapsed", json_integer(funnel->lapsed));
    sg_api_call_set(json, "locked", json_integer(funnel->locked));
    return json;
}

/* What a funnel is made for. */
struct figures {
    const struct sg_campaign *campaign;
    struct sg_date today;
};

static json_t *json_of_funnel(const struct sg_funnel *funnel,
                              const struct figures *figures)
{
    const int64_t *reached = funnel->reached;
    const struct {
        const char *key;
        int64_t value;
    } numbers[] = {
        {"eligible", funnel->eligible},
        {"unknown", funnel->unknown},
        {"excluded", sg_funnel_excluded(funnel)},
        {"unevidenced", funnel->unevidenced},
        {"proposed", funnel->proposed},
        {"run_out", funnel->run_out},
        {"target", sg_funnel_target(funnel)},
        {"captured", reached[SG_DOSSIER_CAPTURED]},
        {"approved", reached[SG_DOSSIER_APPROVED]},
        {"accepted", reached[SG_DOSSIER_ACCEPTED]},
        {"issued", reached[SG_DOSSIER_ISSUED]},
        {"delivered", reached[SG_DOSSIER_DELIVERED]},
        {"remaining", funnel->remaining},
        {"under_way", funnel->under_way},
        {"achieved", funnel->achieved},
        {"counted", funnel->counted},
        {"counted_7", funnel->counted_7},
        {"left", sg_funnel_left(funnel)},
        {"dropped", funnel->dropped},
        {"blocked", funnel->blocked},
        {"pending", funnel->pending},
        {"after_committed", funnel->after_committed},
        {"after_mandated", funnel->after_mandated},
    };
    json_t *json = json_object();

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sg_api_call_set(json, numbers[i].key, json_integer(numbers[i].value));
    sg_api_call_set(json, "exclusions", json_of_exclusions(funnel));
    sg_api_call_set(json, "rejected",
                    json_of_counts(funnel->rejected, SG_FUNNEL_REJECT_CODES));
    sg_api_call_set(
        json, "undelivered",
        json_of_counts(funnel->undelivered, SG_FUNNEL_WAITING_COUNT));
    sg_api_call_set(json, "accounts", json_of_accounts(funnel));
    sg_api_call_set(json, "verdict",
                    json_of_verdict(funnel, figures->campaign));
    sg_api_call_set(
        json, "forecast",
        json_of_forecast(funnel, figures->campaign, figures->today));
    return json;
}

static json_t *json_of_sum_funnel(const struct sg_api_sum *sum, void *context)
{
    return json_of_funnel(&sum->funnel, context);
}

static json_t *json_of_campaign(const struct sg_campaign *campaign,
                                const struct sg_record *record)
{
    struct sg_bytes title = sg_record_str(record, SG_FIELD_CAMPAIGN_TITLE);
    json_t *json = json_object();
    json_t *units = json_array();

    for (size_t i = 0; i < campaign->n_units; i++)
        (void)json_array_append_new(
            units, json_integer((json_int_t)campaign->units[i].value));
    sg_api_call_set(json, "id",
                    sg_api_call_hex(SG_BYTES_ARRAY(campaign->uid.bytes)));
    sg_api_call_set(json, "title",
                    json_stringn((const char *)title.data, title.size));
    sg_api_call_set(json, "state", json_string(states[campaign->state]));
    sg_api_call_set(
        json, "goal",
        json_string(campaign->goal == SG_CAMPAIGN_CARD ? "card" : "account"));
    sg_api_call_set(json, "age", json_integer(campaign->age));
    sg_api_call_set(json, "reference", sg_api_call_date(campaign->reference));
    sg_api_call_set(json, "committed", sg_api_call_date(campaign->committed));
    sg_api_call_set(json, "mandated", sg_api_call_date(campaign->mandated));
    sg_api_call_set(json, "excluded_permille",
                    json_integer(campaign->excluded_permille));
    sg_api_call_set(json, "units", units);
    return json;
}

/* Reads what stands of SAID; false: it is a draft, of which nothing is counted,
 * or nothing that fits. */
static bool read_campaign(const struct sg_authority_campaign *said,
                          struct sg_record *ret_record,
                          struct sg_campaign *ret_campaign)
{
    if (said->state < SG_CAMPAIGN_FROZEN ||
        sg_record_decode(said->payload, ret_record) != SG_OK)
        return false;
    sg_campaign_read(ret_record, ret_campaign);
    ret_campaign->uid = said->uid;
    ret_campaign->state = (enum sg_campaign_state)said->state;
    return true;
}

/* The campaign that is meant where none is named: one that runs before others,
 * then the one with the latest day of reference. */
static bool is_before(const struct sg_campaign *a, const struct sg_campaign *b)
{
    bool runs_a = a->state == SG_CAMPAIGN_RUNNING;
    bool runs_b = b->state == SG_CAMPAIGN_RUNNING;

    return runs_a != runs_b ? runs_a
                            : sg_date_compare(a->reference, b->reference) > 0;
}

/* Finds the campaign WANTED, in hex, or the one that is meant; lists all. The
 * view is held: RET_RECORD borrows of it. LIST may be NULL. */
static bool find_campaign(const struct sg_authority *authority,
                          const char *wanted, struct sg_record *ret_record,
                          struct sg_campaign *ret_campaign, json_t *list)
{
    size_t count;
    const struct sg_authority_campaign *said =
        sg_authority_campaigns(authority, &count);
    bool is_found = false;

    for (size_t i = 0; i < count; i++) {
        struct sg_campaign campaign;
        struct sg_record record;
        char hex[2 * sizeof campaign.uid.bytes + 1];
        struct sg_writer writer;

        if (!read_campaign(&said[i], &record, &campaign))
            continue;
        if (list != NULL)
            (void)json_array_append_new(list,
                                        json_of_campaign(&campaign, &record));
        sg_writer_init_array(&writer, (uint8_t *)hex, sizeof hex - 1);
        sg_text_hex_encode(&writer, SG_BYTES_ARRAY(campaign.uid.bytes));
        hex[sizeof hex - 1] = '\0';
        if (wanted != NULL ? strcmp(hex, wanted) == 0
                           : !is_found || is_before(&campaign, ret_campaign)) {
            *ret_campaign = campaign;
            *ret_record = record;
            is_found = true;
        }
    }
    return is_found;
}

/* --- Offices --------------------------------------------------------------
 */

/* A node that serves homes. */
struct office {
    uint8_t key[SG_KEY_SIZE];
    uint8_t role;
    char label[33];
    bool serves; /* somebody whom the campaign counts */
    struct sg_funnel funnel;
    uint64_t known, counted; /* entries of its logs */
};

#define OFFICES_MAX 1024u

struct offices {
    struct office *all;
    size_t n, capacity;
};

static enum sg_err add_office(void *context, struct sg_bytes payload)
{
    struct offices *offices = context;
    struct sg_record record;
    struct office *office;
    struct sg_bytes label;

    if (sg_record_decode(payload, &record) != SG_OK ||
        offices->n == OFFICES_MAX)
        return SG_OK;
    if (!sg_alloc_grow((void **)&offices->all, offices->n, &offices->capacity,
                       sizeof *offices->all))
        return SG_ERR_NOMEM;
    office = &offices->all[offices->n++];
    *office = (struct office){
        .role = (uint8_t)sg_record_uint(&record, SG_FIELD_NODE_ADMIT_ROLE)};
    memcpy(office->key, sg_record_bin(&record, SG_FIELD_NODE_ADMIT_NODE).data,
           sizeof office->key);
    if (sg_record_has(&record, SG_FIELD_NODE_ADMIT_LABEL)) {
        label = sg_record_str(&record, SG_FIELD_NODE_ADMIT_LABEL);
        SG_ASSERT(label.size < sizeof office->label);
        memcpy(office->label, label.data, label.size);
    }
    return SG_OK;
}

static struct office *find_office(struct offices *offices, const uint8_t *key)
{
    for (size_t i = 0; i < offices->n; i++)
        if (memcmp(offices->all[i].key, key, SG_KEY_SIZE) == 0)
            return &offices->all[i];
    return NULL;
}

/* What each office's own logs have, as far as is known here. */
static enum sg_err add_known(void *context, const struct sg_store_log *log)
{
    struct office *office = find_office(context, log->row.core.node_key);

    if (office != NULL && log->branch == 0 &&
        log->row.core.kind == SG_LOG_RECORDS)
        office->known += log->row.known.size > log->row.frontier.size
                             ? log->row.known.size
                             : log->row.frontier.size;
    return SG_OK;
}

static enum sg_err add_counted(struct sg_store *store, struct sg_view *view,
                               struct offices *offices)
{
    struct sg_view_log logs[32];
    uint64_t cursor = 0;
    enum sg_err err;
    size_t count;

    do {
        err = sg_view_cut(view, &cursor, logs, 32, &count);
        for (size_t i = 0; i < count && err == SG_OK; i++) {
            struct sg_store_log log;
            struct office *office;

            if (logs[i].branch != 0 ||
                sg_store_get(store, logs[i].number, &log) != SG_OK)
                continue;
            office = find_office(offices, log.row.core.node_key);
            if (office != NULL)
                office->counted += logs[i].size;
        }
    } while (err == SG_OK && cursor != 0);
    return err;
}

/* Adds up what the units have that each office serves. */
static void serve(const struct sg_api_sums *sums,
                  const struct sg_authority *authority, struct offices *offices)
{
    const struct sg_territory *territory = sg_authority_territory(authority);

    for (size_t i = 0; i < sums->n; i++) {
        const struct sg_api_sum *sum = sums->all[i];
        const struct sg_territory_node *node =
            sum->is_own ? sg_territory_node_of(territory, sum->unit) : NULL;
        struct office *office =
            node == NULL ? NULL : find_office(offices, node->key);

        if (office == NULL)
            continue;
        sg_funnel_add(&office->funnel, &sum->own);
        office->serves = true;
    }
}

static json_t *json_of_offices(const struct offices *offices,
                               const struct figures *figures)
{
    static const char *const roles[] = {"",         "authority", "central",
                                        "district", "relay",     "auditor"};
    json_t *list = json_array();

    for (size_t i = 0; i < offices->n; i++) {
        const struct office *office = &offices->all[i];
        uint64_t lag = office->known > office->counted
                           ? office->known - office->counted
                           : 0;
        json_t *json;

        if (!office->serves && office->role != SG_AUTHORITY_ROLE_DISTRICT)
            continue;
        json = json_object();
        sg_api_call_set(json, "node",
                        sg_api_call_hex(SG_BYTES_ARRAY(office->key)));
        sg_api_call_set(json, "label", json_string(office->label));
        sg_api_call_set(json, "role", json_string(roles[office->role]));
        sg_api_call_set(json, "written",
                        json_integer((json_int_t)office->known));
        sg_api_call_set(json, "lag", json_integer((json_int_t)lag));
        sg_api_call_set(json, "funnel",
                        json_of_funnel(&office->funnel, figures));
        (void)json_array_append_new(list, json);
    }
    return list;
}

/* --- GET /v1/campaign -----------------------------------------------------
 */

/* All that one answer is made of. */
struct work {
    struct sg_api *api;
    struct sg_view *view;
    const char *wanted; /* a campaign in hex; NULL: the one that is meant */
    struct sg_api_sum_asked asked;
    struct sg_view_status status;
    bool is_complete;  /* of all that is held, and of one state of it */
    struct sg_uid uid; /* of the campaign */
    struct sg_api_sums sums;
    struct offices offices;
};

/* Which campaign it is, and which offices there are. */
static enum sg_err begin_work(struct work *work)
{
    const struct sg_authority *authority = sg_view_hold(work->view);
    struct sg_campaign campaign;
    struct sg_record record;
    enum sg_err err = SG_ERR_NOTFOUND;

    if (find_campaign(authority, work->wanted, &record, &campaign, NULL)) {
        work->uid = campaign.uid;
        err = sg_authority_each(authority, SG_TYPE_NODE_ADMIT, add_office,
                                &work->offices);
    }
    sg_view_release(work->view);
    return err;
}

/* What the store says of the offices, and the view of the units. */
static enum sg_err count_work(struct work *work)
{
    struct sg_store *store = work->api->config.identity->store;
    enum sg_err err = sg_store_each(store, add_known, &work->offices);

    if (err == SG_OK)
        err = add_counted(store, work->view, &work->offices);
    if (err == SG_OK)
        err = sg_view_funnels(work->view, &work->uid, sg_api_sum_take,
                              &work->sums);
    return err;
}

/* The answer; the view is held. */
static enum sg_err tell_work(struct work *work,
                             const struct sg_authority *authority, json_t *json)
{
    const struct sg_unit_table *units = sg_authority_units(authority);
    const struct sg_view_status *status = &work->status;
    struct sg_campaign campaign;
    struct figures figures = {&campaign, status->counted};
    struct sg_api_sum *country;
    struct sg_record record;
    json_t *list = json_array();
    enum sg_err err;

    sg_api_call_set(json, "campaigns", list);
    if (!find_campaign(authority, work->wanted, &record, &campaign, list))
        return SG_ERR_NOTFOUND;
    err = sg_api_sum_up(&work->sums, units, false);
    country =
        err == SG_OK ? sg_api_sum_need(&work->sums, SG_UNIT_COUNTRY) : NULL;
    if (country == NULL)
        return SG_ERR_NOMEM;
    serve(&work->sums, authority, &work->offices);
    sg_api_call_set(json, "campaign", json_of_campaign(&campaign, &record));
    sg_api_call_set(json, "day", sg_api_call_date(status->counted));
    sg_api_call_set(json, "complete", json_boolean(work->is_complete));
    sg_api_call_set(json, "total", json_of_funnel(&country->funnel, &figures));
    sg_api_call_set(json, "offices", json_of_offices(&work->offices, &figures));
    sg_api_sum_list(&work->sums, &work->asked, units, "funnel",
                    json_of_sum_funnel, &figures, json);
    return SG_OK;
}

void sg_api_work_campaign(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    struct work work = {.api = api, .view = sg_api_call_view(api, ret)};
    json_t *json;
    enum sg_err err;

    if (work.view == NULL ||
        !sg_api_sum_asked(request, ROWS_MAX, &work.asked, ret))
        return;
    work.wanted = sg_api_call_parameter(request, "campaign");
    work.is_complete = sg_api_call_status(api, work.view, &work.status);
    if (work.status.counted.ymd == 0) { /* nothing was ever counted */
        sg_api_call_refuse_err(ret, 503, SG_ERR_STATE);
        return;
    }
    json = json_object();
    err = begin_work(&work);
    if (err == SG_OK)
        err = count_work(&work);
    if (err == SG_OK) {
        err = tell_work(&work, sg_view_hold(work.view), json);
        sg_view_release(work.view);
    }
    if (err == SG_OK) {
        sg_api_call_json(ret, 200, json);
    } else {
        json_decref(json);
        if (err == SG_ERR_NOTFOUND)
            sg_api_call_refuse(ret, 404, "campaign",
                               "no such campaign has been frozen",
                               "không có chiến dịch nào như vậy đã chốt");
        else
            sg_api_call_refuse_err(ret, 503, err);
    }
    sg_api_sum_clear(&work.sums);
    sg_free(work.offices.all);
}
