#include "storage/registry/service/dossier.h"

#include "storage/registry/rules_state.h"

enum state {
    CAPTURED = 1,
    APPROVED = 2,
    SENT = 3,
    ACCEPTED = 4,
    REJECTED = 5,
    ISSUED = 6,
    ARRIVED = 7,
    DELIVERED = 8,
    UNDELIVERABLE = 9,
    CARD_WITHDRAWN = 10,
    HELD = 11,
    WITHDRAWN = 12,
    RETURNED = 13,
    STATE_COUNT,
};

static const uint8_t stages[STATE_COUNT] = {
    [CAPTURED] = SG_DOSSIER_CAPTURED,    [APPROVED] = SG_DOSSIER_APPROVED,
    [SENT] = SG_DOSSIER_APPROVED,        [ACCEPTED] = SG_DOSSIER_ACCEPTED,
    [ISSUED] = SG_DOSSIER_ISSUED,        [ARRIVED] = SG_DOSSIER_ISSUED,
    [UNDELIVERABLE] = SG_DOSSIER_ISSUED, [DELIVERED] = SG_DOSSIER_DELIVERED,
    [HELD] = SG_DOSSIER_ISSUED,          [RETURNED] = SG_DOSSIER_DELIVERED,
};

/* A card that is held may have been with its holder before. */
static enum sg_dossier_stage stage_of(const struct sg_subject_object *object)
{
    if (object->state >= STATE_COUNT)
        return SG_DOSSIER_NONE;
    if (object->state == HELD &&
        sg_subject_known(object, SG_FIELD_DOSSIER_DELIVERED) != NULL)
        return SG_DOSSIER_DELIVERED;
    return (enum sg_dossier_stage)stages[object->state];
}

/* The day of the result; of a rejection without one that of the record that
 * says so. */
static struct sg_date result_of(const struct sg_subject_object *object)
{
    struct sg_date result = sg_subject_date(object, SG_FIELD_DOSSIER_RESULT);

    if (object->state == REJECTED && !sg_date_is_valid(result) &&
        object->state_by != NULL)
        return sg_date_last(object->state_by->effective);
    return result;
}

struct sg_date sg_dossier_months_after(struct sg_date day, unsigned n)
{
    unsigned months = day.ymd / 10000 * 12 + day.ymd / 100 % 100 - 1 + n;
    unsigned month_day = day.ymd % 100;
    struct sg_date after;

    do
        after = sg_date_make(months / 12, months % 12 + 1, month_day--);
    while (!sg_date_is_valid(after));
    return after;
}

/* The person's own object of TYPE; NULL when there is none. */
static const struct sg_subject_object *own(const struct sg_subject *subject,
                                           enum sg_type type)
{
    return sg_subject_find(subject, type, sg_bytes(NULL, 0));
}

static enum sg_dossier_block block_of(const struct sg_subject *subject)
{
    struct sg_date birth =
        sg_subject_date(own(subject, SG_TYPE_PERSON), SG_FIELD_PERSON_BIRTH);

    if (sg_subject_has_open(subject, 9))
        return SG_DOSSIER_BLOCKED_PIN;
    return sg_rules_v05(birth) == SG_RULES_PASS ? SG_DOSSIER_FREE
                                                : SG_DOSSIER_BLOCKED_BIRTH;
}

static void read_campaign(const struct sg_subject_object *object,
                          struct sg_dossier *dossier)
{
    const struct sg_subject_cell *cell =
        sg_subject_known(object, SG_FIELD_DOSSIER_CAMPAIGN);
    struct sg_msgpack reader;

    if (cell == NULL)
        return;
    sg_subject_open(cell, &reader);
    dossier->has_campaign = sg_record_read_uid(&reader, &dossier->campaign);
}

/* The law's time limit runs from capture to the result, whatever it is. */
static void judge_clock(struct sg_dossier *dossier, struct sg_date today,
                        const struct sg_calendar *calendar)
{
    enum sg_rules_verdict verdict;

    if (!sg_date_is_valid(dossier->captured) || dossier->state == WITHDRAWN)
        return;
    verdict =
        sg_rules_v19(SG_RULES_CLOCK_CARD, dossier->captured, dossier->result,
                     today, calendar, &dossier->is_provisional);
    if (verdict == SG_RULES_NOT_APPLICABLE)
        return;
    dossier->due = sg_rules_due(SG_RULES_CLOCK_CARD, dossier->captured,
                                calendar, &dossier->is_provisional);
    dossier->is_overdue = verdict == SG_RULES_FAIL;
}

static bool has_expired(const struct sg_dossier *dossier, struct sg_date today)
{
    return dossier->is_rejected && sg_date_is_valid(dossier->result) &&
           sg_date_compare(sg_dossier_months_after(dossier->result,
                                                   SG_DOSSIER_EXPIRY_MONTHS),
                           today) <= 0;
}

static void judge_delivery(struct sg_dossier *dossier, struct sg_date today)
{
    struct sg_date since = sg_date_is_valid(dossier->result)
                               ? dossier->result
                               : dossier->card_from;

    dossier->is_undelivered =
        dossier->stage == SG_DOSSIER_ISSUED && dossier->state != HELD;
    if (dossier->is_undelivered && sg_date_is_valid(since) &&
        sg_date_compare(since, today) < 0)
        dossier->waiting = sg_date_diff(today, since);
}

void sg_dossier_read(const struct sg_subject *subject,
                     const struct sg_subject_object *object,
                     struct sg_date today, const struct sg_calendar *calendar,
                     struct sg_dossier *ret_dossier)
{
    struct sg_dossier *dossier = ret_dossier;

    *dossier = (struct sg_dossier){
        .state = object->state,
        .stage = stage_of(object),
        .block = block_of(subject),
        .kind = (uint8_t)sg_subject_uint(object, SG_FIELD_DOSSIER_KIND, 0),
        .cause = (uint8_t)sg_subject_uint(object, SG_FIELD_DOSSIER_CAUSE, 0),
        .is_rejected = object->state == REJECTED,
        .captured = sg_subject_date(object, SG_FIELD_DOSSIER_CAPTURED),
        .approved = sg_subject_date(object, SG_FIELD_DOSSIER_APPROVED),
        .sent = sg_subject_date(object, SG_FIELD_DOSSIER_SENT),
        .result = result_of(object),
        .delivered = sg_subject_date(object, SG_FIELD_DOSSIER_DELIVERED),
        .card_from = sg_subject_date(object, SG_FIELD_DOSSIER_CARD_FROM),
        .card_until = sg_subject_date(object, SG_FIELD_DOSSIER_CARD_UNTIL),
    };
    if (dossier->is_rejected)
        dossier->reject_code =
            (uint8_t)sg_subject_uint(object, SG_FIELD_DOSSIER_REJECT_CODE, 0);
    read_campaign(object, dossier);
    judge_clock(dossier, today, calendar);
    judge_delivery(dossier, today);
    dossier->is_expired = has_expired(dossier, today);
}

static bool is_within(struct sg_date from, struct sg_date day,
                      struct sg_date until)
{
    return sg_date_is_valid(from) && sg_date_is_valid(until) &&
           sg_date_compare(from, day) <= 0 && sg_date_compare(day, until) <= 0;
}

static bool is_in_force(const struct sg_subject_object *object,
                        struct sg_date day)
{
    if (object->state < ISSUED || object->state == CARD_WITHDRAWN ||
        object->state == HELD || object->state == WITHDRAWN)
        return false;
    return is_within(sg_subject_date(object, SG_FIELD_DOSSIER_CARD_FROM), day,
                     sg_subject_date(object, SG_FIELD_DOSSIER_CARD_UNTIL));
}

/* An old number's key is its kind, 12 digits, and the day of issue. */
#define OLD_KEY_SIZE   17u
#define OLD_KEY_ISSUED 13u
#define OLD_KIND_CCCD  3u

static bool is_old_in_force(const struct sg_subject_object *object,
                            struct sg_date day)
{
    struct sg_date withdrawn =
        sg_subject_date(object, SG_FIELD_OLD_ID_WITHDRAWN);
    struct sg_date issued = {0};

    if (object->key.size != OLD_KEY_SIZE || object->key.data[0] < OLD_KIND_CCCD)
        return false;
    for (size_t i = OLD_KEY_ISSUED; i < OLD_KEY_SIZE; i++)
        issued.ymd = issued.ymd << 8 | object->key.data[i];
    if (sg_date_is_valid(withdrawn) && sg_date_compare(withdrawn, day) <= 0)
        return false;
    return is_within(issued, day,
                     sg_subject_date(object, SG_FIELD_OLD_ID_EXPIRES));
}

static bool has_object(const struct sg_subject *subject, enum sg_type type,
                       bool (*is_good)(const struct sg_subject_object *object,
                                       struct sg_date day),
                       struct sg_date day)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, type, &count);

    for (size_t i = 0; i < count; i++)
        if (is_good(&objects[i], day))
            return true;
    return false;
}

bool sg_dossier_has_card(const struct sg_subject *subject, struct sg_date day)
{
    return has_object(subject, SG_TYPE_DOSSIER, is_in_force, day) ||
           has_object(subject, SG_TYPE_OLD_ID, is_old_in_force, day);
}
