/* Campaign: who is to be reached by a deadline, and where each person stands.
 * RECORDS.md 6.8, 7.9 and 8.7. Pure; no clock.
 *
 * Eligible minus exclusions with reasons is the target; 100 % of anything else
 * means nothing. A person counts where he lived on the reference day, by the
 * campaign's own rule, in the unit that this home has come to be by the day
 * asked about: who moves away later needs an exclusion (reason 4), and who
 * comes later is counted where he came from.
 */
#ifndef SG_STORAGE_REGISTRY_SERVICE_CAMPAIGN_H
#define SG_STORAGE_REGISTRY_SERVICE_CAMPAIGN_H

#include "storage/registry/service/account.h"
#include "storage/registry/service/dossier.h"
#include "storage/registry/unit.h"

#define SG_CAMPAIGN_UNITS_MAX 64u

enum sg_campaign_state {
    SG_CAMPAIGN_DRAFT = 1,
    SG_CAMPAIGN_FROZEN,
    SG_CAMPAIGN_RUNNING,
    SG_CAMPAIGN_CLOSED,
};

enum sg_campaign_goal {
    SG_CAMPAIGN_CARD = 1,
    SG_CAMPAIGN_ACCOUNT, /* of level 2, activated */
};

struct sg_campaign {
    struct sg_uid uid;
    enum sg_campaign_state state;
    enum sg_campaign_goal goal;
    unsigned age;      /* at least so old on the reference day */
    uint8_t residence; /* bits: 1 permanent, 2 temporary, 4 current */
    struct sg_date reference, committed, mandated;
    unsigned excluded_permille; /* the approved share of exclusions */
    size_t n_units;
    struct sg_unit_key units[SG_CAMPAIGN_UNITS_MAX];
};

/* Reads RECORD, a campaign statement that fits. */
void sg_campaign_read(const struct sg_record *record,
                      struct sg_campaign *ret_campaign);

/* A count that another source gives for a unit, with its name and day. */
struct sg_campaign_denominator {
    uint64_t persons;
    struct sg_bytes source; /* borrowed from the record */
    struct sg_date day;
};

/* Find what RECORD says of UNIT: the target it was set; how many persons there
 * ought to be. Return false when it says nothing. */
bool sg_campaign_target(const struct sg_record *record, struct sg_unit_key unit,
                        uint64_t *ret_persons);
bool sg_campaign_denominator(const struct sg_record *record,
                             struct sg_unit_key unit,
                             struct sg_campaign_denominator *ret);

/* Reasons of exclusion: 1 to 7 as in 7.9. */
#define SG_CAMPAIGN_REASON_DECEASED 3u
#define SG_CAMPAIGN_REASON_COUNT    8u

enum sg_campaign_standing {
    SG_CAMPAIGN_ELSEWHERE,    /* did not live in this campaign's units */
    SG_CAMPAIGN_NOT_ELIGIBLE, /* too young, or gone before the reference day */
    SG_CAMPAIGN_UNKNOWN,      /* the birth date is not known or in dispute */
    SG_CAMPAIGN_EXCLUDED,     /* eligible, with an approved reason */
    SG_CAMPAIGN_REMAINING,    /* nothing is captured: go and see him */
    SG_CAMPAIGN_UNDER_WAY,
    SG_CAMPAIGN_ACHIEVED, /* the card is with its holder; the account active */
};

/* One person in a campaign. */
struct sg_campaign_person {
    enum sg_campaign_standing standing;
    struct sg_unit_key unit; /* where he counts */
    bool is_pending;         /* his unit was split: which part is open */

    uint8_t reason;      /* of an exclusion */
    bool is_unevidenced; /* of the exclusion: what it rests on is not known */
    bool is_proposed;    /* an exclusion waits for approval: he remains */
    bool is_expired;     /* an exclusion has run out: he remains */

    enum sg_dossier_stage stage; /* the farthest of his dossiers */
    bool is_rejected;    /* the newest is, and none has taken its place */
    uint8_t reject_code; /* of that one; 0: none stated */
    bool is_dropped;     /* rejected for 6 months: nothing is left of it */
    bool is_blocked;
    bool is_undelivered;
    int32_t waiting; /* days that his card has been waiting */

    enum sg_account_shown account;
    uint8_t account_level;
    bool is_account_issued;   /* or farther, locked too */
    bool is_account_notified; /* the same */
    bool is_account_late;

    /* The day from which he counts as reached: his dossier was captured or, as
     * the goal has it, his account activated. No date: not yet, or not said. */
    struct sg_date reached;
    bool is_after_committed; /* that day is past the unit's own deadline */
    bool is_after_mandated;
};

/* Says whether the goal counts PERSON: a valid dossier is captured, whatever
 * is still to come; or the account is active. */
bool sg_campaign_is_reached(const struct sg_campaign *campaign,
                            const struct sg_campaign_person *person);

/* Says where SUBJECT stands in CAMPAIGN on TODAY. */
void sg_campaign_judge(const struct sg_campaign *campaign,
                       const struct sg_subject *subject,
                       const struct sg_unit_table *units, struct sg_date today,
                       const struct sg_calendar *calendar,
                       struct sg_campaign_person *ret_person);

/* Says STANDING, and REASON, 1 to 7, in LANG. Static storage. */
const char *sg_campaign_text(enum sg_campaign_standing standing,
                             enum sg_lang lang);
const char *sg_campaign_reason_text(unsigned reason, enum sg_lang lang);

#endif
