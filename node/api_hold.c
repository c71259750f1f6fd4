/* Requests that are held until the register has what was answered before them:
 * who was told that his record is durable finds it when he asks next, and who
 * decides does so on what was said before. */
#include "node/api_call.h"

/* How long a request is held at most: a turn of the view takes a moment, and
 * who waits longer is better told so. */
#define HOLD_MS 3000u

/* Adds what there is of logs of records. */
struct held {
    struct sg_store *store;
    uint64_t entries, absent;
};

static enum sg_err add_held(void *context, const struct sg_store_log *log)
{
    struct held *held = context;
    uint64_t size = log->row.frontier.size;

    if (log->row.core.kind != SG_LOG_RECORDS)
        return SG_OK;
    /* What is not signed yet was not told to anybody. */
    if (log->number == sg_store_own(held->store, 0)->number &&
        log->row.known.size < size)
        size = log->row.known.size;
    held->entries += size;
    held->absent += log->row.absent;
    return SG_OK;
}

bool sg_api_call_status(struct sg_api *api, struct sg_view *view,
                        struct sg_view_status *ret_status)
{
    struct held held = {.store = api->config.identity->store};
    bool is_whole;

    /* In this order: what comes in between is missed by the view alone. */
    sg_view_status(view, ret_status);
    is_whole = sg_store_each(held.store, add_held, &held) == SG_OK &&
               held.entries == ret_status->held &&
               held.absent == ret_status->absent;
    if (held.entries > ret_status->held)
        ret_status->held = held.entries;
    return is_whole && ret_status->applied == ret_status->held &&
           ret_status->to_fold == 0 && !ret_status->is_building;
}

/* Gives up to where the own log is signed; 0 when that cannot be read. */
static uint64_t own_size(const struct sg_api *api)
{
    struct sg_store *store = api->config.identity->store;
    struct sg_store_log log;

    return sg_store_get(store, sg_store_own(store, 0)->number, &log) == SG_OK
               ? log.row.known.size
               : 0;
}

/* How much of the own log a decision must have before it. */
static uint64_t goal_of(const struct sg_api *api,
                        const struct sg_api_hold *hold)
{
    return hold->size > api->decided ? hold->size : api->decided;
}

bool sg_api_call_is_folded(struct sg_api *api, const struct sg_api_hold *hold)
{
    struct sg_view_status status;

    if (api->deciding != NULL)
        return false;
    sg_view_status(sg_roll_view(api->config.roll), &status);
    return !status.is_building && status.own >= goal_of(api, hold);
}

/* Says whether waiting is of no use: the register follows nothing now. */
static bool is_stuck(struct sg_api *api)
{
    struct sg_view_status status;

    if (api->config.roll == NULL || sg_roll_err(api->config.roll) != SG_OK)
        return true;
    sg_view_status(sg_roll_view(api->config.roll), &status);
    return status.is_building || !status.is_ready;
}

bool sg_api_hold_is_over(struct sg_api *api, enum sg_api_wait wait,
                         struct sg_api_hold *hold, uint64_t now_ms)
{
    struct sg_view_status status;

    if (wait == SG_API_WAITS_NOT)
        return true;
    if (hold->until_ms == 0) {
        hold->until_ms = now_ms + HOLD_MS;
        hold->size = own_size(api);
    }
    if (now_ms >= hold->until_ms || is_stuck(api))
        return true;
    if (wait == SG_API_WAITS_ALONE && api->deciding != NULL)
        return false;
    sg_view_status(sg_roll_view(api->config.roll), &status);
    if (status.own >=
        (wait == SG_API_WAITS_ALONE ? goal_of(api, hold) : hold->size))
        return true;
    sg_roll_hurry(api->config.roll);
    return false;
}

void sg_api_answered(struct sg_api *api, const struct sg_desk_paper *paper)
{
    if (api->deciding != paper)
        return;
    api->deciding = NULL;
    if (paper->answer == SG_DESK_KEPT || paper->answer == SG_DESK_KEPT_BEFORE)
        api->decided = paper->index + 1;
}
