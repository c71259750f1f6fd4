#include "storage/registry/work/campaign.h"

#include "storage/registry/rules_state.h"

#define RESIDENCE_OPEN     2u
#define RESIDENCE_KINDS    3u
#define PERMANENT          1u
#define EXCLUSION_PROPOSED 1u
#define EXCLUSION_APPROVED 2u

void sg_campaign_read(const struct sg_record *record,
                      struct sg_campaign *ret_campaign)
{
    struct sg_campaign *campaign = ret_campaign;
    struct sg_msgpack reader;
    uint32_t count;

    *campaign = (struct sg_campaign){
        .uid = record->subject,
        .state = (enum sg_campaign_state)sg_record_uint(
            record, SG_FIELD_CAMPAIGN_STATE),
        .goal = (enum sg_campaign_goal)sg_record_uint(record,
                                                      SG_FIELD_CAMPAIGN_GOAL),
        .age = (unsigned)sg_record_uint(record, SG_FIELD_CAMPAIGN_AGE),
        .residence =
            (uint8_t)sg_record_uint(record, SG_FIELD_CAMPAIGN_RESIDENCE),
        .reference = sg_record_date(record, SG_FIELD_CAMPAIGN_REFERENCE),
        .committed = sg_record_date(record, SG_FIELD_CAMPAIGN_COMMITTED),
        .mandated = sg_record_date(record, SG_FIELD_CAMPAIGN_MANDATED),
        .excluded_permille = (unsigned)sg_record_uint_or(
            record, SG_FIELD_CAMPAIGN_EXCLUDED_PERMILLE, 0),
    };
    sg_record_open(record, SG_FIELD_CAMPAIGN_UNITS, &reader);
    count = sg_msgpack_read_array(&reader);
    for (uint32_t i = 0; i < count && i < SG_CAMPAIGN_UNITS_MAX; i++)
        if (sg_record_read_unit(&reader, &campaign->units[campaign->n_units]))
            campaign->n_units++;
}

static bool equals(const struct sg_uid *a, const struct sg_uid *b)
{
    return sg_uid_compare(a, b) == 0;
}

/* --- Where he counts --------------------------------------------------- */

static const struct sg_subject_object *open_residence(
    const struct sg_subject *subject, unsigned kind)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_RESIDENCE, &count);

    for (size_t i = 0; i < count; i++)
        if (objects[i].state == RESIDENCE_OPEN &&
            sg_subject_uint(&objects[i], SG_FIELD_RESIDENCE_KIND, 0) == kind)
            return &objects[i];
    return NULL;
}

/* The first of the residences that the campaign counts and he has. */
static bool find_unit(const struct sg_campaign *campaign,
                      const struct sg_subject *subject,
                      const struct sg_unit_table *units, struct sg_date today,
                      struct sg_campaign_person *person)
{
    for (unsigned kind = PERMANENT; kind <= RESIDENCE_KINDS; kind++) {
        const struct sg_subject_object *residence;
        struct sg_unit_place place;

        if ((campaign->residence >> (kind - 1) & 1) == 0)
            continue;
        if (kind == PERMANENT && subject->has_home) {
            person->unit = subject->unit;
            person->is_pending = (subject->marks & SG_SUBJECT_REHOMING) != 0;
            return true;
        }
        residence = open_residence(subject, kind);
        if (kind == PERMANENT || residence == NULL)
            continue;
        place = sg_unit_carry(
            units, sg_subject_unit(residence, SG_FIELD_RESIDENCE_UNIT), today);
        person->unit = place.unit;
        person->is_pending = place.fit == SG_UNIT_FIT_PENDING;
        return place.fit != SG_UNIT_FIT_NONE;
    }
    return false;
}

/* A unit of the campaign may have become another one meanwhile. */
static bool covers(const struct sg_campaign *campaign,
                   const struct sg_unit_table *units, struct sg_unit_key unit,
                   struct sg_date today)
{
    for (size_t i = 0; i < campaign->n_units; i++) {
        struct sg_unit_place place =
            sg_unit_carry(units, campaign->units[i], today);

        if (sg_unit_covers(units, campaign->units[i], unit) ||
            (place.fit == SG_UNIT_FIT_EXACT &&
             sg_unit_covers(units, place.unit, unit)))
            return true;
    }
    return false;
}

/* --- Whether he counts -------------------------------------------------- */

/* Of the dead those who died after the reference day are still eligible, and
 * excluded by the record of their death. */
static enum sg_campaign_standing eligibility(const struct sg_campaign *campaign,
                                             const struct sg_subject *subject)
{
    const struct sg_subject_object *object =
        sg_subject_find(subject, SG_TYPE_PERSON, sg_bytes(NULL, 0));
    struct sg_date birth = sg_subject_date(object, SG_FIELD_PERSON_BIRTH);

    if (subject->status == SG_SUBJECT_NO_PERSON ||
        subject->status == SG_SUBJECT_VOID ||
        subject->status == SG_SUBJECT_MERGED)
        return SG_CAMPAIGN_NOT_ELIGIBLE;
    if (subject->status == SG_SUBJECT_DECEASED &&
        sg_date_is_valid(subject->death) &&
        sg_date_compare(sg_date_last(subject->death), campaign->reference) <= 0)
        return SG_CAMPAIGN_NOT_ELIGIBLE;
    if (!sg_date_is_valid(birth))
        return SG_CAMPAIGN_UNKNOWN;
    if (sg_rules_age(birth, campaign->reference) < (int)campaign->age)
        return SG_CAMPAIGN_NOT_ELIGIBLE;
    return SG_CAMPAIGN_REMAINING;
}

static bool is_of(const struct sg_campaign *campaign,
                  const struct sg_subject_object *exclusion)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(exclusion, SG_FIELD_EXCLUSION_CAMPAIGN);
    struct sg_msgpack reader;
    struct sg_uid uid;

    if (cell == NULL)
        return false;
    sg_subject_open(cell, &reader);
    return sg_record_read_uid(&reader, &uid) && equals(&uid, &campaign->uid);
}

static void read_exclusions(const struct sg_campaign *campaign,
                            const struct sg_subject *subject,
                            struct sg_date today,
                            struct sg_campaign_person *person)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_EXCLUSION, &count);

    if (subject->status == SG_SUBJECT_DECEASED)
        person->reason = SG_CAMPAIGN_REASON_DECEASED;
    for (size_t i = 0; i < count && person->reason == 0; i++) {
        struct sg_date expires =
            sg_subject_date(&objects[i], SG_FIELD_EXCLUSION_EXPIRES);

        if (!is_of(campaign, &objects[i]))
            continue;
        if (objects[i].state == EXCLUSION_PROPOSED)
            person->is_proposed = true;
        if (objects[i].state != EXCLUSION_APPROVED)
            continue;
        if (!sg_date_is_valid(expires) || sg_date_compare(expires, today) <= 0)
            person->is_expired = true;
        else
            person->reason = (uint8_t)sg_subject_uint(
                &objects[i], SG_FIELD_EXCLUSION_REASON, 0);
    }
}

/* --- How far he is -------------------------------------------------------- */

/* A dossier of this campaign counts; and any whose card is still good, since
 * nobody needs two. */
static bool counts(const struct sg_campaign *campaign,
                   const struct sg_dossier *dossier, struct sg_date today)
{
    if (dossier->has_campaign && equals(&dossier->campaign, &campaign->uid))
        return true;
    return dossier->stage >= SG_DOSSIER_ISSUED &&
           sg_date_is_valid(dossier->card_until) &&
           sg_date_compare(today, dossier->card_until) <= 0;
}

static void read_dossiers(const struct sg_campaign *campaign,
                          const struct sg_subject *subject,
                          struct sg_date today,
                          const struct sg_calendar *calendar,
                          struct sg_campaign_person *person)
{
    struct sg_date rejected = {0};
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_DOSSIER, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_dossier dossier;

        sg_dossier_read(subject, &objects[i], today, calendar, &dossier);
        if (!counts(campaign, &dossier, today))
            continue;
        if (dossier.reject_code != 0 && dossier.stage == SG_DOSSIER_NONE &&
            sg_date_compare(rejected, dossier.captured) <= 0) {
            rejected = dossier.captured;
            person->reject_code = dossier.reject_code;
        }
        if (dossier.stage <= person->stage)
            continue;
        person->stage = dossier.stage;
        person->captured = dossier.captured;
        person->is_blocked = dossier.block != SG_DOSSIER_FREE;
        person->is_undelivered = dossier.is_undelivered;
        person->waiting = dossier.waiting;
    }
    if (person->stage != SG_DOSSIER_NONE)
        person->reject_code = 0;
}

/* The account that is shown is the one of the highest level, and of these the
 * one that has come farthest. */
static void read_accounts(const struct sg_subject *subject,
                          struct sg_date today,
                          const struct sg_calendar *calendar,
                          struct sg_campaign_person *person)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_ACCOUNT, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_account account;

        sg_account_read(subject, &objects[i], today, calendar, &account);
        if (account.shown == SG_ACCOUNT_NONE ||
            account.shown == SG_ACCOUNT_DELETED ||
            account.level < person->account_level ||
            (account.level == person->account_level &&
             account.shown <= person->account))
            continue;
        person->account = account.shown;
        person->account_level = account.level;
        person->is_account_late = account.is_late;
    }
}

static enum sg_campaign_standing standing_of(
    const struct sg_campaign *campaign, const struct sg_campaign_person *person)
{
    if (campaign->goal == SG_CAMPAIGN_CARD) {
        if (person->stage == SG_DOSSIER_DELIVERED)
            return SG_CAMPAIGN_ACHIEVED;
        return person->stage != SG_DOSSIER_NONE ? SG_CAMPAIGN_UNDER_WAY
                                                : SG_CAMPAIGN_REMAINING;
    }
    if (person->account_level < 2)
        return SG_CAMPAIGN_REMAINING;
    if (person->account == SG_ACCOUNT_ACTIVE)
        return SG_CAMPAIGN_ACHIEVED;
    return person->account == SG_ACCOUNT_NONE ? SG_CAMPAIGN_REMAINING
                                              : SG_CAMPAIGN_UNDER_WAY;
}

void sg_campaign_judge(const struct sg_campaign *campaign,
                       const struct sg_subject *subject,
                       const struct sg_unit_table *units, struct sg_date today,
                       const struct sg_calendar *calendar,
                       struct sg_campaign_person *ret_person)
{
    struct sg_campaign_person *person = ret_person;

    *person = (struct sg_campaign_person){0};
    if (!find_unit(campaign, subject, units, today, person) ||
        !covers(campaign, units, person->unit, today)) {
        person->standing = SG_CAMPAIGN_ELSEWHERE;
        return;
    }
    person->standing = eligibility(campaign, subject);
    if (person->standing != SG_CAMPAIGN_REMAINING)
        return;
    read_dossiers(campaign, subject, today, calendar, person);
    read_accounts(subject, today, calendar, person);
    read_exclusions(campaign, subject, today, person);
    person->standing = standing_of(campaign, person);
    /* What was achieved before the reason came stays achieved. */
    if (person->reason != 0 && person->standing != SG_CAMPAIGN_ACHIEVED)
        person->standing = SG_CAMPAIGN_EXCLUDED;
}

const char *sg_campaign_reason_text(unsigned reason, enum sg_lang lang)
{
    static const char *const texts[SG_CAMPAIGN_REASON_COUNT][2] = {
        {"none", "không"},
        {"abroad", "ở nước ngoài"},
        {"in custody", "đang bị giam, giữ"},
        {"deceased", "đã chết"},
        {"moved away", "đã chuyển đi"},
        {"refuses", "từ chối"},
        {"incapable", "không đủ năng lực"},
        {"cannot be found", "không tìm thấy"},
    };

    return texts[reason < SG_CAMPAIGN_REASON_COUNT ? reason : 0]
                [lang == SG_LANG_VI];
}
