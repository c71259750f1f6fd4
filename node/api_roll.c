/* What the API says of the register as a whole: how far it is, and its state
 * roots at a cut. Figures, nobody's data. */
#include <stdlib.h>
#include <string.h>

#include "node/api_call.h"
#include "storage/base/alloc.h"
#include "storage/lmdb/fetch.h"

/* Logs of a cut that are named beside the roots. */
#define CUT_MAX 1000u

void sg_api_roll_register(struct sg_api *api,
                          const struct sg_api_request *request,
                          struct sg_api_answer *ret)
{
    struct sg_view *view = sg_api_call_view(api, ret);
    struct sg_view_status status;
    json_t *json;

    (void)request;
    if (view == NULL)
        return;
    (void)sg_api_call_status(api, view, &status);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {
        {"held", status.held},         {"applied", status.applied},
        {"verified", status.verified}, {"absent", status.absent},
        {"waiting", status.waiting},   {"quarantined", status.quarantined},
        {"refused", status.refused},   {"subjects", status.subjects},
        {"to_fold", status.to_fold},
    };
    json = json_object();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sg_api_call_set(json, numbers[i].key,
                        json_integer((json_int_t)numbers[i].value));
    sg_api_call_set(json, "as_of", sg_api_call_date(status.as_of));
    sg_api_call_set(json, "counted", sg_api_call_date(status.counted));
    sg_api_call_set(json, "building", json_boolean(status.is_building));
    sg_api_call_json(ret, 200, json);
}

/* --- Roots ----------------------------------------------------------------
 */

static json_t *json_of_reasons(unsigned reasons)
{
    static const struct {
        enum sg_view_reason bit;
        const char *word;
    } words[] = {
        {SG_VIEW_UNREADABLE, "unreadable"}, {SG_VIEW_RULES, "rules"},
        {SG_VIEW_UNSIGNED, "unsigned"},     {SG_VIEW_WAITING, "waiting"},
        {SG_VIEW_FOLDING, "folding"},       {SG_VIEW_NO_GENESIS, "no_genesis"},
    };
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((reasons & (unsigned)words[i].bit) != 0)
            (void)json_array_append_new(list, json_string(words[i].word));
    return list;
}

/* A root that is not computable is not shown: it would be taken for one. */
static json_t *json_of_root(const struct sg_view_root *root)
{
    json_t *json = json_object();

    sg_api_call_set(json, "root",
                    root->reasons != 0 ? json_null()
                                       : sg_api_call_hash(&root->root.sum));
    sg_api_call_set(json, "rows", json_integer((json_int_t)root->root.n_rows));
    sg_api_call_set(json, "persons",
                    json_integer((json_int_t)root->root.n_persons));
    sg_api_call_set(json, "not_computable", json_of_reasons(root->reasons));
    return json;
}

/* Rows as they come, to be sorted: each node has its logs and units in an order
 * of its own, and answers are compared. */
struct listing {
    struct sg_view_root *units;
    size_t n_units, units_capacity;
    struct sg_view_log *logs;
    size_t n_logs, logs_capacity;
};

static int compare_units(const void *a, const void *b)
{
    const struct sg_view_root *x = a, *y = b;

    return (x->unit.value > y->unit.value) - (x->unit.value < y->unit.value);
}

static int compare_logs(const void *a, const void *b)
{
    const struct sg_view_log *x = a, *y = b;
    int order = memcmp(&x->log, &y->log, sizeof x->log);

    return order != 0 ? order : (int)x->branch - (int)y->branch;
}

static enum sg_err add_unit(void *context, const struct sg_view_root *root)
{
    struct listing *listing = context;

    if (!sg_alloc_grow((void **)&listing->units, listing->n_units,
                       &listing->units_capacity, sizeof *listing->units))
        return SG_ERR_NOMEM;
    listing->units[listing->n_units++] = *root;
    return SG_OK;
}

/* REASONS speak against all of the roots besides. */
static json_t *json_of_units(struct listing *listing, unsigned reasons)
{
    json_t *list = json_array(), *json;

    if (listing->n_units > 1)
        qsort(listing->units, listing->n_units, sizeof listing->units[0],
              compare_units);
    for (size_t i = 0; i < listing->n_units; i++) {
        struct sg_view_root *root = &listing->units[i];

        root->reasons |= reasons;
        json = json_of_root(root);
        sg_api_call_set(json, "unit",
                        json_integer((json_int_t)root->unit.value));
        (void)json_array_append_new(list, json);
    }
    return list;
}

/* One log of the cut; its root is what the store has at that size. */
static enum sg_err add_log(struct sg_store *store, const struct sg_view_log *at,
                           json_t *list)
{
    struct sg_hash root;
    enum sg_err err = sg_fetch_root(store, at->number, at->size, &root);
    json_t *json;

    if (err != SG_OK)
        return err;
    json = json_object();
    sg_api_call_set(json, "log", sg_api_call_hash(&at->log.hash));
    sg_api_call_set(json, "branch", json_integer(at->branch));
    sg_api_call_set(json, "size", json_integer((json_int_t)at->size));
    sg_api_call_set(json, "root", sg_api_call_hash(&root));
    return json_array_append_new(list, json) == 0 ? SG_OK : SG_ERR_NOMEM;
}

/* Takes the logs of the cut that have something. */
static enum sg_err take_cut(struct sg_view *view, struct listing *listing)
{
    struct sg_view_log logs[32];
    uint64_t cursor = 0;
    size_t count;
    enum sg_err err;

    do {
        err = sg_view_cut(view, &cursor, logs, sizeof logs / sizeof logs[0],
                          &count);
        for (size_t i = 0; i < count && err == SG_OK; i++) {
            if (logs[i].size == 0)
                continue;
            if (!sg_alloc_grow((void **)&listing->logs, listing->n_logs,
                               &listing->logs_capacity, sizeof *listing->logs))
                return SG_ERR_NOMEM;
            listing->logs[listing->n_logs++] = logs[i];
        }
    } while (err == SG_OK && cursor != 0);
    return err;
}

static enum sg_err list_cut(struct sg_store *store, struct listing *listing,
                            json_t *list)
{
    enum sg_err err = SG_OK;

    if (listing->n_logs > 1)
        qsort(listing->logs, listing->n_logs, sizeof listing->logs[0],
              compare_logs);
    for (size_t i = 0; i < listing->n_logs && i < CUT_MAX && err == SG_OK; i++)
        err = add_log(store, &listing->logs[i], list);
    return err;
}

/* Puts the answer together; REASONS speak against all roots of it. */
static enum sg_err make_roots(struct sg_api *api, struct sg_view *view,
                              struct listing *listing, unsigned reasons,
                              json_t **ret_json)
{
    struct sg_view_root whole;
    json_t *cut = json_array(), *json;
    enum sg_err err = take_cut(view, listing);

    if (err == SG_OK)
        err = list_cut(api->config.identity->store, listing, cut);
    if (err == SG_OK)
        err = sg_view_root_all(view, &whole);
    if (err == SG_OK)
        err = sg_view_roots(view, add_unit, listing);
    if (err != SG_OK) {
        json_decref(cut);
        return err;
    }
    whole.reasons |= reasons;
    json = json_object();
    sg_api_call_set(json, "all", json_of_root(&whole));
    sg_api_call_set(json, "units", json_of_units(listing, reasons));
    sg_api_call_set(json, "cut", cut);
    sg_api_call_set(json, "more", json_boolean(listing->n_logs > CUT_MAX));
    *ret_json = json;
    return SG_OK;
}

static enum sg_err tell_roots(struct sg_api *api, struct sg_view *view,
                              unsigned reasons, json_t **ret_json)
{
    struct listing listing = {.n_units = 0};
    enum sg_err err = make_roots(api, view, &listing, reasons, ret_json);

    sg_free(listing.units);
    sg_free(listing.logs);
    return err;
}

/* Cut and roots are asked for one after the other. Where the register moved
 * meanwhile they may belong to different cuts, and where the logs are ahead of
 * it they are not of what this node holds: then no root is shown. */
void sg_api_roll_roots(struct sg_api *api, const struct sg_api_request *request,
                       struct sg_api_answer *ret)
{
    struct sg_view *view = sg_api_call_view(api, ret);
    struct sg_view_status status;
    uint64_t before, after;
    json_t *json;
    enum sg_err err;
    bool stands;

    (void)request;
    if (view == NULL)
        return;
    stands = sg_roll_rests(api->config.roll, &before);
    err = tell_roots(api, view, stands ? 0 : SG_VIEW_FOLDING, &json);
    if (err == SG_OK && stands) {
        stands = sg_api_call_status(api, view, &status);
        (void)sg_roll_rests(api->config.roll, &after);
        if (!stands || before != after) {
            json_decref(json);
            err = tell_roots(api, view, SG_VIEW_FOLDING, &json);
        }
    }
    if (err == SG_OK)
        sg_api_call_json(ret, 200, json);
    else
        sg_api_call_refuse_err(ret, 503, err);
}
