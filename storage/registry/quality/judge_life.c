/* sống: events recorded in time, duties met, an entry that somebody has
 * touched.
 */
#include "storage/registry/quality/judge.h"
#include "storage/registry/service/account.h"
#include "storage/registry/service/dossier.h"

#define BORN      1u
#define DEAD      2u
#define PERMANENT 1u
#define TEMPORARY 2u
#define CLOSED    3u
#define APPROVED  3u
#define REFUSED   4u
#define WITHDRAWN 5u

struct life {
    const struct sg_subject *subject;
    const struct sg_quality_facts *facts;
    struct sg_quality_person *person;
    struct sg_date year_ago;
};

/* An event with a legal limit counts when the limit is met or over. */
static void count_event(struct life *life, enum sg_rules_clock clock,
                        struct sg_date start, struct sg_date end)
{
    bool is_provisional = false;
    enum sg_rules_verdict verdict;

    if (sg_date_precision(start) != SG_DATE_YMD)
        return;
    verdict = sg_rules_v19(clock, start, end, life->facts->today,
                           life->facts->calendar, &is_provisional);
    if (verdict != SG_RULES_PASS && verdict != SG_RULES_FAIL)
        return;
    if (verdict == SG_RULES_PASS && !sg_date_is_valid(end))
        return; /* there is time left */
    life->person->events++;
    life->person->in_time =
        (uint16_t)(life->person->in_time + (verdict == SG_RULES_PASS));
}

/* An event counts from its own day to the one on which it was recorded. What
 * was imported with the books of old is no event. */
static void count_recorded(struct life *life, enum sg_rules_clock clock,
                           const struct sg_subject_object *object,
                           unsigned field)
{
    const struct sg_subject_cell *cell = sg_subject_known(object, field);

    if (cell == NULL || cell->by == NULL || cell->by->hlc == 0 ||
        cell->source == SG_RECORD_SOURCE_LEGACY)
        return;
    count_event(life, clock, sg_subject_date(object, field),
                sg_judge_day(cell->by->hlc));
}

static void count_vital(struct life *life)
{
    const struct sg_subject_object *vital =
        sg_subject_find(life->subject, SG_TYPE_VITAL, sg_bytes(NULL, 0));

    if (vital == NULL || (vital->state != BORN && vital->state != DEAD))
        return;
    count_recorded(life,
                   vital->state == BORN ? SG_RULES_CLOCK_BIRTH
                                        : SG_RULES_CLOCK_DEATH,
                   vital, SG_FIELD_VITAL_AT);
}

static void count_duty(struct life *life, struct sg_date due, bool is_met)
{
    if (sg_date_compare(due, life->year_ago) <= 0 ||
        sg_date_compare(due, life->facts->today) > 0)
        return;
    life->person->duties++;
    life->person->met = (uint16_t)(life->person->met + is_met);
}

static void count_residences(struct life *life)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(life->subject, SG_TYPE_RESIDENCE, &count);

    for (size_t i = 0; i < count; i++) {
        const struct sg_subject_object *object = &objects[i];
        uint64_t kind = sg_subject_uint(object, SG_FIELD_RESIDENCE_KIND, 0);
        struct sg_date until =
            sg_subject_date(object, SG_FIELD_RESIDENCE_UNTIL);

        if (kind == PERMANENT || kind == TEMPORARY)
            count_recorded(life,
                           kind == PERMANENT ? SG_RULES_CLOCK_MOVE
                                             : SG_RULES_CLOCK_TEMPORARY,
                           object, SG_FIELD_RESIDENCE_FROM);
        if (kind == TEMPORARY && sg_date_precision(until) == SG_DATE_YMD)
            count_duty(life, until, object->state == CLOSED);
    }
}

/* Clocks that run from a request to its decision; an account has its own. */
static bool clock_of(uint64_t kind, enum sg_rules_clock *ret_clock)
{
    static const enum sg_rules_clock clocks[] = {
        SG_RULES_CLOCK_ADJUST, SG_RULES_CLOCK_COUNT, SG_RULES_CLOCK_LOCK,
        SG_RULES_CLOCK_RESIDENCE, SG_RULES_CLOCK_SUBJECT};

    if (kind == 0 || kind > sizeof clocks / sizeof clocks[0])
        return false;
    *ret_clock = clocks[kind - 1];
    return *ret_clock != SG_RULES_CLOCK_COUNT;
}

static void count_requests(struct life *life)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(life->subject, SG_TYPE_REQUEST, &count);

    for (size_t i = 0; i < count; i++) {
        const struct sg_subject_object *object = &objects[i];
        bool is_decided = object->state == APPROVED || object->state == REFUSED;
        enum sg_rules_clock clock;
        struct sg_date end = {0};

        if (object->state == WITHDRAWN ||
            !clock_of(sg_subject_uint(object, SG_FIELD_REQUEST_KIND, 0),
                      &clock))
            continue;
        if (is_decided && object->state_by != NULL)
            end = sg_date_last(object->state_by->effective);
        count_event(life, clock,
                    sg_subject_date(object, SG_FIELD_REQUEST_LODGED), end);
    }
}

static void count_dossiers(struct life *life)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(life->subject, SG_TYPE_DOSSIER, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_dossier dossier;

        sg_dossier_read(life->subject, &objects[i], life->facts->today,
                        life->facts->calendar, &dossier);
        if (sg_date_is_valid(dossier.due))
            count_event(life, SG_RULES_CLOCK_CARD, dossier.captured,
                        dossier.result);
        if (sg_date_precision(dossier.card_until) == SG_DATE_YMD)
            count_duty(life, dossier.card_until,
                       sg_dossier_has_card(life->subject, life->facts->today));
    }
}

static enum sg_rules_clock clock_of_issue(const struct life *life,
                                          const struct sg_account *account)
{
    if (account->level < 2)
        return SG_RULES_CLOCK_ACCOUNT_1;
    return sg_dossier_has_card(life->subject, account->requested)
               ? SG_RULES_CLOCK_ACCOUNT_2
               : SG_RULES_CLOCK_ACCOUNT_2_NO_CARD;
}

static void count_accounts(struct life *life)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(life->subject, SG_TYPE_ACCOUNT, &count);

    for (size_t i = 0; i < count; i++) {
        struct sg_account account;

        sg_account_read(life->subject, &objects[i], life->facts->today,
                        life->facts->calendar, &account);
        if (account.shown == SG_ACCOUNT_DELETED)
            continue;
        if (sg_date_is_valid(account.issue_due))
            count_event(life, clock_of_issue(life, &account), account.requested,
                        account.issued);
        count_event(life, SG_RULES_CLOCK_ACTIVATION, account.notified,
                    account.activated);
    }
}

/* At 14, 25, 40 and 60 one needs a card made then, or in the two years before
 * (Law 26/2023 Art. 21). */
static void count_ages(struct life *life)
{
    static const unsigned ages[] = {14, 25, 40, 60};
    const struct sg_subject_object *person =
        sg_subject_find(life->subject, SG_TYPE_PERSON, sg_bytes(NULL, 0));
    struct sg_date birth = sg_subject_date(person, SG_FIELD_PERSON_BIRTH);

    if (sg_date_precision(birth) != SG_DATE_YMD)
        return;
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        struct sg_date due = sg_dossier_months_after(birth, ages[i] * 12);

        count_duty(life, due,
                   sg_dossier_has_card(life->subject, life->facts->today));
    }
}

/* The day YEARS before DAY; of 29 February the 28th. */
static struct sg_date years_before(struct sg_date day, uint32_t years)
{
    struct sg_date before = {day.ymd - years * 10000};

    if (!sg_date_is_valid(before))
        before.ymd--;
    return before;
}

static bool is_touched(const struct life *life)
{
    struct sg_date since = years_before(life->facts->today, 2);

    for (size_t i = 0; i < life->subject->n_records; i++)
        if (sg_date_compare(sg_judge_day(life->subject->records[i].hlc),
                            since) >= 0)
            return true;
    return false;
}

void sg_judge_life_fill(const struct sg_subject *subject,
                        const struct sg_quality_facts *facts,
                        struct sg_quality_person *person)
{
    struct life life = {subject, facts, person, years_before(facts->today, 1)};

    count_vital(&life);
    count_residences(&life);
    count_requests(&life);
    count_dossiers(&life);
    count_accounts(&life);
    if (sg_subject_is_counted(subject))
        count_ages(&life);
    person->is_touched = is_touched(&life);
}
