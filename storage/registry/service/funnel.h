/* Funnel: how many of a unit have come how far in a campaign, who is left, and
 * when it will be done. All counts are exact, and change with one person at a
 * time: take him out as he was, put him in as he is. Pure; no clock.
 */
#ifndef SG_STORAGE_REGISTRY_SERVICE_FUNNEL_H
#define SG_STORAGE_REGISTRY_SERVICE_FUNNEL_H

#include "storage/registry/service/campaign.h"

#define SG_FUNNEL_REJECT_CODES 10u

/* How long made cards have been waiting for their holders. */
enum sg_funnel_waiting {
    SG_FUNNEL_WEEK,    /* up to 7 days */
    SG_FUNNEL_MONTH,   /* up to 30 */
    SG_FUNNEL_QUARTER, /* up to 90 */
    SG_FUNNEL_LONGER,
    SG_FUNNEL_WAITING_COUNT,
};

/* Persons. A stage counts those who have reached it or a later one. */
struct sg_funnel {
    int64_t eligible;
    int64_t unknown; /* whether he is eligible is not known */
    int64_t excluded[SG_CAMPAIGN_REASON_COUNT]; /* by reason; 0 unused */
    int64_t unevidenced; /* of these: what they rest on is not known */
    int64_t proposed;    /* exclusions that wait for approval */
    int64_t run_out;     /* exclusions that hold no more */
    int64_t reached[SG_DOSSIER_STAGE_COUNT];
    /* By code, not captured again; 0: none stated, or one unknown here. */
    int64_t rejected[SG_FUNNEL_REJECT_CODES];
    int64_t dropped; /* of these rejected for 6 months */
    int64_t blocked;
    int64_t undelivered[SG_FUNNEL_WAITING_COUNT];
    int64_t account_issued[3]; /* by level; those locked later too */
    int64_t notified;          /* or farther */
    int64_t active_in_time;
    int64_t active_late;
    int64_t lapsed;
    int64_t locked;
    int64_t remaining;
    int64_t under_way;
    int64_t achieved;
    int64_t pending;   /* of all these: which part of a split unit is open */
    int64_t counted;   /* the goal counts them: campaign.h, is_reached */
    int64_t counted_7; /* of these in the last 7 days */
    int64_t after_committed; /* of these past the unit's own deadline */
    int64_t after_mandated;
};

/* Adds PERSON, as he stands in CAMPAIGN on TODAY, or with SIGN -1 takes him
 * out. */
void sg_funnel_count(struct sg_funnel *funnel,
                     const struct sg_campaign *campaign,
                     const struct sg_campaign_person *person,
                     struct sg_date today, int sign);

/* Adds the counts of a unit to those of the unit above. */
void sg_funnel_add(struct sg_funnel *funnel, const struct sg_funnel *part);

/* Returns all exclusions; the target, eligible minus exclusions. */
int64_t sg_funnel_excluded(const struct sg_funnel *funnel);
int64_t sg_funnel_target(const struct sg_funnel *funnel);

/* Returns those whom the goal does not count yet; counted and left make up the
 * target. */
int64_t sg_funnel_left(const struct sg_funnel *funnel);

/* What may be said of a unit. 100 % is of the target, and honest only when the
 * exclusions are evidenced and no more than the approved share. */
enum sg_funnel_verdict {
    SG_FUNNEL_EMPTY, /* nobody is eligible */
    SG_FUNNEL_OPEN,  /* somebody is left */
    /* Nobody is left, but: */
    SG_FUNNEL_TOO_MANY_EXCLUDED, /* more than the approved share */
    SG_FUNNEL_NOT_EVIDENCED,     /* an exclusion rests on nothing known */
    SG_FUNNEL_UNKNOWN,           /* somebody's age is not known */
    SG_FUNNEL_HUNDRED,           /* an honest 100 % */
    SG_FUNNEL_FINISHED,          /* and every card is with its holder */
    SG_FUNNEL_VERDICT_COUNT,
};
enum sg_funnel_verdict sg_funnel_judge(const struct sg_funnel *funnel,
                                       const struct sg_campaign *campaign);

/* Says VERDICT in LANG. Static storage. */
const char *sg_funnel_text(enum sg_funnel_verdict verdict, enum sg_lang lang);

/* When it will be done at the rate of the last 7 days. */
struct sg_funnel_forecast {
    bool is_done;        /* nobody is left: the days below are not asked */
    bool has_end;        /* else nobody was reached in 7 days */
    struct sg_date done; /* the day the last one is reached */
    /* It will be, or was for everybody, on that deadline's day or before. */
    bool is_before_committed;
    bool is_before_mandated;
    /* Persons a day, rounded up, that each deadline asks for from tomorrow
     * on; all of them on its last day; 0 when it is over, or nobody is left. */
    int64_t needed_committed;
    int64_t needed_mandated;
};
void sg_funnel_foresee(const struct sg_funnel *funnel,
                       const struct sg_campaign *campaign, struct sg_date today,
                       struct sg_funnel_forecast *ret_forecast);

#endif
