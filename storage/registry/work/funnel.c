#include "storage/registry/work/funnel.h"

static enum sg_funnel_waiting waiting_of(int32_t days)
{
    if (days <= 7)
        return SG_FUNNEL_WEEK;
    if (days <= 30)
        return SG_FUNNEL_MONTH;
    return days <= 90 ? SG_FUNNEL_QUARTER : SG_FUNNEL_LONGER;
}

static void count_dossier(struct sg_funnel *funnel,
                          const struct sg_campaign_person *person,
                          struct sg_date today, int sign)
{
    for (int i = SG_DOSSIER_CAPTURED; i <= (int)person->stage; i++)
        funnel->reached[i] += sign;
    if (person->reject_code < SG_FUNNEL_REJECT_CODES && person->reject_code > 0)
        funnel->rejected[person->reject_code] += sign;
    if (person->is_blocked)
        funnel->blocked += sign;
    if (person->is_undelivered)
        funnel->undelivered[waiting_of(person->waiting)] += sign;
    if (person->stage != SG_DOSSIER_NONE &&
        sg_date_is_valid(person->captured) &&
        sg_date_compare(person->captured, today) <= 0 &&
        sg_date_diff(today, person->captured) < 7)
        funnel->captured_7 += sign;
}

static void count_account(struct sg_funnel *funnel,
                          const struct sg_campaign_person *person, int sign)
{
    if (person->account >= SG_ACCOUNT_ISSUED && person->account_level < 3)
        funnel->account_issued[person->account_level] += sign;
    if (person->account >= SG_ACCOUNT_NOTIFIED &&
        person->account != SG_ACCOUNT_LOCKED)
        funnel->notified += sign;
    if (person->account == SG_ACCOUNT_ACTIVE && person->is_account_late)
        funnel->active_late += sign;
    else if (person->account == SG_ACCOUNT_ACTIVE)
        funnel->active_in_time += sign;
    if (person->account == SG_ACCOUNT_LAPSED)
        funnel->lapsed += sign;
    if (person->account == SG_ACCOUNT_LOCKED)
        funnel->locked += sign;
}

void sg_funnel_count(struct sg_funnel *funnel,
                     const struct sg_campaign_person *person,
                     struct sg_date today, int sign)
{
    switch (person->standing) {
    case SG_CAMPAIGN_ELSEWHERE:
    case SG_CAMPAIGN_NOT_ELIGIBLE:
        return;
    case SG_CAMPAIGN_UNKNOWN:
        funnel->unknown += sign;
        return;
    case SG_CAMPAIGN_EXCLUDED:
        funnel->excluded[person->reason] += sign;
        break;
    case SG_CAMPAIGN_REMAINING:
        funnel->remaining += sign;
        break;
    case SG_CAMPAIGN_UNDER_WAY:
        funnel->under_way += sign;
        break;
    case SG_CAMPAIGN_ACHIEVED:
        funnel->achieved += sign;
        break;
    }
    funnel->eligible += sign;
    if (person->is_pending)
        funnel->pending += sign;
    if (person->standing == SG_CAMPAIGN_EXCLUDED)
        return;
    if (person->is_proposed)
        funnel->proposed += sign;
    if (person->is_expired)
        funnel->run_out += sign;
    count_dossier(funnel, person, today, sign);
    count_account(funnel, person, sign);
}

/* Every member is an int64_t, and struct sg_funnel nothing but counts. */
_Static_assert(sizeof(struct sg_funnel) % sizeof(int64_t) == 0, "counts");

void sg_funnel_add(struct sg_funnel *funnel, const struct sg_funnel *part)
{
    int64_t *to = (int64_t *)(void *)funnel;
    const int64_t *from = (const int64_t *)(const void *)part;

    for (size_t i = 0; i < sizeof *funnel / sizeof *to; i++)
        to[i] += from[i];
}

int64_t sg_funnel_excluded(const struct sg_funnel *funnel)
{
    int64_t sum = 0;

    for (size_t i = 0; i < SG_CAMPAIGN_REASON_COUNT; i++)
        sum += funnel->excluded[i];
    return sum;
}

int64_t sg_funnel_target(const struct sg_funnel *funnel)
{
    return funnel->eligible - sg_funnel_excluded(funnel);
}

enum sg_funnel_verdict sg_funnel_judge(const struct sg_funnel *funnel,
                                       unsigned excluded_permille)
{
    if (funnel->eligible == 0 && funnel->unknown == 0)
        return SG_FUNNEL_EMPTY;
    if (funnel->remaining > 0 || funnel->under_way > 0)
        return SG_FUNNEL_OPEN;
    if (sg_funnel_excluded(funnel) * 1000 >
        funnel->eligible * (int64_t)excluded_permille)
        return SG_FUNNEL_TOO_MANY_EXCLUDED;
    return funnel->unknown > 0 ? SG_FUNNEL_UNKNOWN : SG_FUNNEL_HUNDRED;
}

/* Persons a day from tomorrow to DEADLINE. */
static int64_t needed(int64_t remaining, struct sg_date today,
                      struct sg_date deadline)
{
    int64_t days = sg_date_diff(deadline, today);

    if (remaining <= 0 || days <= 0)
        return 0;
    return (remaining + days - 1) / days;
}

void sg_funnel_foresee(const struct sg_funnel *funnel,
                       const struct sg_campaign *campaign, struct sg_date today,
                       struct sg_funnel_forecast *ret_forecast)
{
    struct sg_funnel_forecast *forecast = ret_forecast;
    int64_t left = funnel->remaining;
    int64_t days = 0;

    *forecast = (struct sg_funnel_forecast){
        .needed_committed = needed(left, today, campaign->committed),
        .needed_mandated = needed(left, today, campaign->mandated),
    };
    if (left > 0 && funnel->captured_7 <= 0)
        return;
    if (left > 0)
        days = (left * 7 + funnel->captured_7 - 1) / funnel->captured_7;
    forecast->done = sg_date_from_days(sg_date_days(today) + days);
    forecast->has_end = sg_date_is_valid(forecast->done);
    forecast->is_before_committed =
        forecast->has_end &&
        sg_date_compare(forecast->done, campaign->committed) <= 0;
    forecast->is_before_mandated =
        forecast->has_end &&
        sg_date_compare(forecast->done, campaign->mandated) <= 0;
}
