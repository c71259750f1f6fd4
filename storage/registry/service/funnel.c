#include "storage/registry/service/funnel.h"

static enum sg_funnel_waiting waiting_of(int32_t days)
{
    if (days <= 7)
        return SG_FUNNEL_WEEK;
    if (days <= 30)
        return SG_FUNNEL_MONTH;
    return days <= 90 ? SG_FUNNEL_QUARTER : SG_FUNNEL_LONGER;
}

static void count_dossier(struct sg_funnel *funnel,
                          const struct sg_campaign_person *person, int sign)
{
    unsigned code = person->reject_code;

    for (int i = SG_DOSSIER_CAPTURED; i <= (int)person->stage; i++)
        funnel->reached[i] += sign;
    if (person->is_rejected)
        funnel->rejected[code < SG_FUNNEL_REJECT_CODES ? code : 0] += sign;
    if (person->is_dropped)
        funnel->dropped += sign;
    if (person->is_blocked)
        funnel->blocked += sign;
    if (person->is_undelivered)
        funnel->undelivered[waiting_of(person->waiting)] += sign;
}

static void count_account(struct sg_funnel *funnel,
                          const struct sg_campaign_person *person, int sign)
{
    if (person->is_account_issued && person->account_level < 3)
        funnel->account_issued[person->account_level] += sign;
    if (person->is_account_notified)
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

static void count_goal(struct sg_funnel *funnel,
                       const struct sg_campaign *campaign,
                       const struct sg_campaign_person *person,
                       struct sg_date today, int sign)
{
    if (!sg_campaign_is_reached(campaign, person))
        return;
    funnel->counted += sign;
    if (person->is_after_committed)
        funnel->after_committed += sign;
    if (person->is_after_mandated)
        funnel->after_mandated += sign;
    if (sg_date_is_valid(person->reached) &&
        sg_date_compare(person->reached, today) <= 0 &&
        sg_date_diff(today, person->reached) < 7)
        funnel->counted_7 += sign;
}

void sg_funnel_count(struct sg_funnel *funnel,
                     const struct sg_campaign *campaign,
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
        funnel->excluded[person->reason < SG_CAMPAIGN_REASON_COUNT
                             ? person->reason
                             : 0] += sign;
        if (person->is_unevidenced)
            funnel->unevidenced += sign;
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
    count_dossier(funnel, person, sign);
    count_account(funnel, person, sign);
    count_goal(funnel, campaign, person, today, sign);
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

int64_t sg_funnel_left(const struct sg_funnel *funnel)
{
    return sg_funnel_target(funnel) - funnel->counted;
}

enum sg_funnel_verdict sg_funnel_judge(const struct sg_funnel *funnel,
                                       const struct sg_campaign *campaign)
{
    if (funnel->eligible == 0 && funnel->unknown == 0)
        return SG_FUNNEL_EMPTY;
    if (sg_funnel_left(funnel) > 0)
        return SG_FUNNEL_OPEN;
    if (sg_funnel_excluded(funnel) * 1000 >
        funnel->eligible * (int64_t)campaign->excluded_permille)
        return SG_FUNNEL_TOO_MANY_EXCLUDED;
    if (funnel->unevidenced > 0)
        return SG_FUNNEL_NOT_EVIDENCED;
    if (funnel->unknown > 0)
        return SG_FUNNEL_UNKNOWN;
    return funnel->under_way > 0 ? SG_FUNNEL_HUNDRED : SG_FUNNEL_FINISHED;
}

const char *sg_funnel_text(enum sg_funnel_verdict verdict, enum sg_lang lang)
{
    static const char *const texts[SG_FUNNEL_VERDICT_COUNT][2] = {
        [SG_FUNNEL_EMPTY] = {"nobody is eligible", "không có người thuộc diện"},
        [SG_FUNNEL_OPEN] = {"not done yet", "chưa hoàn thành"},
        [SG_FUNNEL_TOO_MANY_EXCLUDED] = {"more are excluded than was approved",
                                         "số loại trừ vượt mức được duyệt"},
        [SG_FUNNEL_NOT_EVIDENCED] = {"an exclusion has no evidence",
                                     "có trường hợp loại trừ thiếu căn cứ"},
        [SG_FUNNEL_UNKNOWN] = {"somebody's age is not known",
                               "có người chưa rõ tuổi"},
        [SG_FUNNEL_HUNDRED] = {"100 %", "đạt 100 %"},
        [SG_FUNNEL_FINISHED] = {"100 %, and all delivered",
                                "đạt 100 %, đã trao hết"},
    };

    return texts[verdict][lang == SG_LANG_VI];
}

/* Persons a day from tomorrow to DEADLINE. */
static int64_t needed(int64_t left, struct sg_date today,
                      struct sg_date deadline)
{
    int64_t days = sg_date_diff(deadline, today);

    if (left <= 0 || days < 0)
        return 0;
    return days == 0 ? left : (left + days - 1) / days;
}

void sg_funnel_foresee(const struct sg_funnel *funnel,
                       const struct sg_campaign *campaign, struct sg_date today,
                       struct sg_funnel_forecast *ret_forecast)
{
    struct sg_funnel_forecast *forecast = ret_forecast;
    int64_t left = sg_funnel_left(funnel);
    int64_t days;

    *forecast = (struct sg_funnel_forecast){
        .is_done = left <= 0,
        .is_before_committed = left <= 0 && funnel->after_committed == 0,
        .is_before_mandated = left <= 0 && funnel->after_mandated == 0,
        .needed_committed = needed(left, today, campaign->committed),
        .needed_mandated = needed(left, today, campaign->mandated),
    };
    if (left <= 0 || funnel->counted_7 <= 0)
        return;
    days = (left * 7 + funnel->counted_7 - 1) / funnel->counted_7;
    forecast->done = sg_date_from_days(sg_date_days(today) + days);
    forecast->has_end = sg_date_is_valid(forecast->done);
    forecast->is_before_committed =
        forecast->has_end &&
        sg_date_compare(forecast->done, campaign->committed) <= 0;
    forecast->is_before_mandated =
        forecast->has_end &&
        sg_date_compare(forecast->done, campaign->mandated) <= 0;
}
