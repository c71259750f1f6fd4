#include "storage/registry/service/campaign.h"

#include "storage/registry/rules_state.h"

#define RESIDENCE_OPEN     2u
#define RESIDENCE_CLOSED   3u
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

/* Finds the member of field NO that begins with UNIT; READER is then behind
 * the unit. Each member has LENGTH values. */
static bool find_member(const struct sg_record *record, unsigned no,
                        uint32_t length, struct sg_unit_key unit,
                        struct sg_msgpack *reader)
{
    uint32_t count;

    if (!sg_record_has(record, no) || sg_record_is_nil(record, no))
        return false;
    sg_record_open(record, no, reader);
    count = sg_msgpack_read_array(reader);
    for (uint32_t i = 0; i < count; i++) {
        struct sg_unit_key key = SG_UNIT_COUNTRY;

        (void)sg_msgpack_read_array(reader);
        (void)sg_record_read_unit(reader, &key);
        if (sg_unit_key_equal(key, unit))
            return true;
        for (uint32_t k = 1; k < length; k++)
            (void)sg_msgpack_skip(reader);
    }
    return false;
}

bool sg_campaign_target(const struct sg_record *record, struct sg_unit_key unit,
                        uint64_t *ret_persons)
{
    struct sg_msgpack reader;

    if (!find_member(record, SG_FIELD_CAMPAIGN_TARGETS, 2, unit, &reader))
        return false;
    *ret_persons = sg_msgpack_read_uint(&reader);
    return true;
}

bool sg_campaign_denominator(const struct sg_record *record,
                             struct sg_unit_key unit,
                             struct sg_campaign_denominator *ret)
{
    struct sg_msgpack reader;

    if (!find_member(record, SG_FIELD_CAMPAIGN_DENOMINATORS, 4, unit, &reader))
        return false;
    ret->persons = sg_msgpack_read_uint(&reader);
    ret->source = sg_msgpack_read_str(&reader);
    ret->day = sg_record_read_date(&reader);
    return true;
}

static bool equals(const struct sg_uid *a, const struct sg_uid *b)
{
    return sg_uid_compare(a, b) == 0;
}

/* --- Where he counts --------------------------------------------------- */

/* The first day on which somebody who closed OBJECT lived there no more; no
 * date while he may still. */
static struct sg_date end_of(const struct sg_subject_object *object)
{
    struct sg_date until = sg_subject_date(object, SG_FIELD_RESIDENCE_UNTIL);

    if (!sg_date_is_valid(until) && object->state == RESIDENCE_CLOSED &&
        object->state_by != NULL)
        until = object->state_by->effective;
    return until;
}

/* A day that is not known shuts nobody out. */
static bool is_lived_in(const struct sg_subject_object *object,
                        struct sg_date day)
{
    struct sg_date from = sg_subject_date(object, SG_FIELD_RESIDENCE_FROM);
    struct sg_date end = end_of(object);

    if (object->state != RESIDENCE_OPEN && object->state != RESIDENCE_CLOSED)
        return false;
    if (sg_date_is_valid(from) && sg_date_compare(sg_date_first(from), day) > 0)
        return false;
    if (!sg_date_is_valid(end))
        return object->state == RESIDENCE_OPEN;
    return sg_date_compare(day, sg_date_last(end)) < 0;
}

/* Of several the one that began last. */
static const struct sg_subject_object *residence_on(
    const struct sg_subject *subject, unsigned kind, struct sg_date day)
{
    const struct sg_subject_object *best = NULL;
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_RESIDENCE, &count);

    for (size_t i = 0; i < count; i++)
        if (sg_subject_uint(&objects[i], SG_FIELD_RESIDENCE_KIND, 0) == kind &&
            is_lived_in(&objects[i], day) &&
            (best == NULL ||
             sg_date_compare(
                 sg_subject_date(best, SG_FIELD_RESIDENCE_FROM),
                 sg_subject_date(&objects[i], SG_FIELD_RESIDENCE_FROM)) <= 0))
            best = &objects[i];
    return best;
}

/* The first of the residences that the campaign counts and he had. */
static const struct sg_subject_object *find_residence(
    const struct sg_campaign *campaign, const struct sg_subject *subject)
{
    for (unsigned kind = PERMANENT; kind <= RESIDENCE_KINDS; kind++) {
        const struct sg_subject_object *residence;

        if ((campaign->residence >> (kind - 1) & 1) == 0)
            continue;
        residence = residence_on(subject, kind, campaign->reference);
        if (residence != NULL)
            return residence;
    }
    return NULL;
}

static bool is_home(const struct sg_subject *subject,
                    const struct sg_subject_object *residence)
{
    return subject->has_home && subject->has_residence &&
           sg_bytes_equal(residence->key,
                          sg_bytes(subject->residence.bytes,
                                   sizeof subject->residence.bytes));
}

/* A part of a split unit was chosen for the home that stands (resettle). */
static bool find_unit(const struct sg_subject *subject,
                      const struct sg_subject_object *residence,
                      const struct sg_unit_table *units, struct sg_date today,
                      struct sg_campaign_person *person)
{
    struct sg_unit_place place;

    if (is_home(subject, residence)) {
        person->unit = subject->unit;
        person->is_pending = (subject->marks & SG_SUBJECT_REHOMING) != 0;
        return true;
    }
    place = sg_unit_carry(
        units, sg_subject_unit(residence, SG_FIELD_RESIDENCE_UNIT), today);
    person->unit = place.unit;
    person->is_pending = place.fit == SG_UNIT_FIT_PENDING;
    return place.fit != SG_UNIT_FIT_NONE;
}

/* What lies in a unit of the campaign is asked of the reference day's table. */
static bool covers(const struct sg_campaign *campaign,
                   const struct sg_unit_table *units,
                   const struct sg_subject_object *residence)
{
    struct sg_unit_key unit =
        sg_unit_carry(units,
                      sg_subject_unit(residence, SG_FIELD_RESIDENCE_UNIT),
                      campaign->reference)
            .unit;

    for (size_t i = 0; i < campaign->n_units; i++)
        if (sg_unit_covers(units, campaign->units[i], unit) ||
            sg_unit_covers(
                units,
                sg_unit_carry(units, campaign->units[i], campaign->reference)
                    .unit,
                unit))
            return true;
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
        if (!sg_date_is_valid(expires) ||
            sg_date_compare(expires, today) <= 0) {
            person->is_expired = true;
            continue;
        }
        person->reason =
            (uint8_t)sg_subject_uint(&objects[i], SG_FIELD_EXCLUSION_REASON, 0);
        person->is_unevidenced =
            sg_subject_str(&objects[i], SG_FIELD_EXCLUSION_EVIDENCE).size == 0;
    }
}

/* --- How far he is -------------------------------------------------------- */

/* A dossier of this campaign counts, and so does any that is under way or whose
 * card is still good: nobody needs two. */
static bool counts(const struct sg_campaign *campaign,
                   const struct sg_dossier *dossier, struct sg_date today)
{
    if (dossier->has_campaign && equals(&dossier->campaign, &campaign->uid))
        return true;
    if (dossier->stage < SG_DOSSIER_ISSUED)
        return dossier->stage != SG_DOSSIER_NONE || !dossier->has_campaign;
    return sg_date_is_valid(dossier->card_until) &&
           sg_date_compare(today, dossier->card_until) <= 0;
}

static void take_farthest(const struct sg_dossier *dossier,
                          struct sg_campaign_person *person)
{
    if (dossier->stage <= person->stage)
        return;
    person->stage = dossier->stage;
    person->reached = dossier->captured;
    person->is_blocked = dossier->block != SG_DOSSIER_FREE;
    person->is_undelivered = dossier->is_undelivered;
    person->waiting = dossier->waiting;
}

static void read_dossiers(const struct sg_campaign *campaign,
                          const struct sg_subject *subject,
                          struct sg_date today,
                          const struct sg_calendar *calendar,
                          struct sg_campaign_person *person)
{
    struct sg_dossier rejected = {0};
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_DOSSIER, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_dossier dossier;

        sg_dossier_read(subject, &objects[i], today, calendar, &dossier);
        if (!counts(campaign, &dossier, today))
            continue;
        if (dossier.is_rejected &&
            sg_date_compare(rejected.captured, dossier.captured) <= 0)
            rejected = dossier;
        take_farthest(&dossier, person);
    }
    if (person->stage != SG_DOSSIER_NONE)
        return;
    person->is_rejected = rejected.is_rejected;
    person->reject_code = rejected.reject_code;
    person->is_dropped = rejected.is_expired;
}

/* The account that is shown is the one of the highest level, and of these the
 * one that has come farthest. */
static void read_accounts(const struct sg_campaign *campaign,
                          const struct sg_subject *subject,
                          struct sg_date today,
                          const struct sg_calendar *calendar,
                          struct sg_campaign_person *person)
{
    struct sg_account best = {0};
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, SG_TYPE_ACCOUNT, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_account account;

        sg_account_read(subject, &objects[i], today, calendar, &account);
        if (account.shown == SG_ACCOUNT_NONE ||
            account.shown == SG_ACCOUNT_DELETED || account.level < best.level ||
            (account.level == best.level && account.shown <= best.shown))
            continue;
        best = account;
    }
    person->account = best.shown;
    person->account_level = best.level;
    person->is_account_issued =
        sg_date_is_valid(best.issued) || best.shown == SG_ACCOUNT_ISSUED;
    person->is_account_notified =
        sg_date_is_valid(best.notified) || best.shown == SG_ACCOUNT_NOTIFIED;
    person->is_account_late = best.is_late;
    if (campaign->goal == SG_CAMPAIGN_ACCOUNT)
        person->reached = best.level == 2 && best.shown == SG_ACCOUNT_ACTIVE
                              ? best.activated
                              : (struct sg_date){0};
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

bool sg_campaign_is_reached(const struct sg_campaign *campaign,
                            const struct sg_campaign_person *person)
{
    return campaign->goal == SG_CAMPAIGN_CARD
               ? person->stage != SG_DOSSIER_NONE
               : person->account_level == 2 &&
                     person->account == SG_ACCOUNT_ACTIVE;
}

static void judge_days(const struct sg_campaign *campaign,
                       struct sg_campaign_person *person)
{
    if (!sg_campaign_is_reached(campaign, person) ||
        !sg_date_is_valid(person->reached))
        return;
    person->is_after_committed =
        sg_date_compare(person->reached, campaign->committed) > 0;
    person->is_after_mandated =
        sg_date_compare(person->reached, campaign->mandated) > 0;
}

void sg_campaign_judge(const struct sg_campaign *campaign,
                       const struct sg_subject *subject,
                       const struct sg_unit_table *units, struct sg_date today,
                       const struct sg_calendar *calendar,
                       struct sg_campaign_person *ret_person)
{
    const struct sg_subject_object *residence =
        find_residence(campaign, subject);
    struct sg_campaign_person *person = ret_person;

    *person = (struct sg_campaign_person){0};
    if (residence == NULL || !covers(campaign, units, residence) ||
        !find_unit(subject, residence, units, today, person)) {
        person->standing = SG_CAMPAIGN_ELSEWHERE;
        return;
    }
    person->standing = eligibility(campaign, subject);
    if (person->standing != SG_CAMPAIGN_REMAINING)
        return;
    read_dossiers(campaign, subject, today, calendar, person);
    read_accounts(campaign, subject, today, calendar, person);
    read_exclusions(campaign, subject, today, person);
    judge_days(campaign, person);
    person->standing = standing_of(campaign, person);
    /* What was achieved before the reason came stays achieved. */
    if (person->reason != 0 && person->standing != SG_CAMPAIGN_ACHIEVED)
        person->standing = SG_CAMPAIGN_EXCLUDED;
}

const char *sg_campaign_text(enum sg_campaign_standing standing,
                             enum sg_lang lang)
{
    static const char *const texts[][2] = {
        [SG_CAMPAIGN_ELSEWHERE] = {"lives elsewhere", "cư trú nơi khác"},
        [SG_CAMPAIGN_NOT_ELIGIBLE] = {"not eligible", "không thuộc diện"},
        [SG_CAMPAIGN_UNKNOWN] = {"age not known", "chưa rõ tuổi"},
        [SG_CAMPAIGN_EXCLUDED] = {"excluded", "loại trừ có lý do"},
        [SG_CAMPAIGN_REMAINING] = {"remains", "còn lại"},
        [SG_CAMPAIGN_UNDER_WAY] = {"under way", "đang thực hiện"},
        [SG_CAMPAIGN_ACHIEVED] = {"achieved", "đã hoàn thành"},
    };

    return texts[standing][lang == SG_LANG_VI];
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
