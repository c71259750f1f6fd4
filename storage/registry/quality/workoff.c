#include "storage/registry/quality/workoff.h"

#include "storage/registry/quality/judge.h"

#define VERIFY_DAYS       5u
#define FIX_DAYS          10u /* 5 to verify, 5 more */
#define CONTESTED_DAYS    15u
#define REQUEST_LODGED    1u
#define REQUEST_FORWARDED 2u

/* What a rule looks at: a flag is as old as the newest of these. */
static const struct {
    uint8_t rule;
    enum sg_type type;
    uint8_t field; /* 0: the object itself */
} sources[] = {
    {1, SG_TYPE_PIN, 0},
    {1, SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH},
    {1, SG_TYPE_PERSON, SG_FIELD_PERSON_SEX},
    {2, SG_TYPE_PIN, 0},
    {2, SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH_REG},
    {3, SG_TYPE_PIN, 0},
    {5, SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH},
    {6, SG_TYPE_PERSON, SG_FIELD_PERSON_NAME},
    {7, SG_TYPE_PERSON, SG_FIELD_PERSON_ETHNICITY},
    {7, SG_TYPE_PERSON, SG_FIELD_PERSON_RELIGION},
    {7, SG_TYPE_PERSON, SG_FIELD_PERSON_NATIONALITY},
    {7, SG_TYPE_PERSON, SG_FIELD_PERSON_BLOOD},
    {7, SG_TYPE_PERSON, SG_FIELD_PERSON_MARITAL},
    {8, SG_TYPE_RESIDENCE, SG_FIELD_RESIDENCE_UNIT},
    {9, SG_TYPE_RESIDENCE, SG_FIELD_RESIDENCE_FROM},
    {10, SG_TYPE_PERSON, SG_FIELD_PERSON_BIRTH},
    {10, SG_TYPE_PERSON, SG_FIELD_PERSON_FATHER},
    {10, SG_TYPE_PERSON, SG_FIELD_PERSON_MOTHER},
    {10, SG_TYPE_PERSON, SG_FIELD_PERSON_SPOUSE},
    {12, SG_TYPE_DOSSIER, SG_FIELD_DOSSIER_CARD_UNTIL},
};

static uint64_t newest_of(const struct sg_subject *subject, enum sg_type type,
                          unsigned field)
{
    size_t count;
    const struct sg_subject_object *objects =
        sg_subject_objects(subject, type, &count);
    uint64_t newest = 0;

    for (size_t i = 0; i < count; i++) {
        const struct sg_subject_cell *cell =
            field == 0 ? NULL : sg_subject_cell(&objects[i], field);
        const struct sg_subject_record *by =
            cell != NULL ? cell->by : objects[i].opening;

        if (by != NULL && by->hlc > newest)
            newest = by->hlc;
    }
    return newest;
}

/* The older of two flags, where 0 is none. */
static uint64_t older(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint64_t rules_since(const struct sg_subject *subject,
                            const struct sg_quality_person *person)
{
    uint64_t oldest = 0;

    for (unsigned rule = 1; rule <= SG_RULES_COUNT; rule++) {
        uint64_t newest = 0;

        if (person->rules[rule] != SG_RULES_FAIL)
            continue;
        for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
            uint64_t hlc =
                sources[i].rule == rule
                    ? newest_of(subject, sources[i].type, sources[i].field)
                    : 0;

            newest = hlc > newest ? hlc : newest;
        }
        oldest = older(oldest, newest);
    }
    return oldest;
}

/* A disputed or doubled entry, and one whose values stand for none. */
static uint64_t dirt_since(const struct sg_subject *subject,
                           const struct sg_quality_person *person)
{
    uint64_t oldest = 0;
    uint64_t address =
        newest_of(subject, SG_TYPE_RESIDENCE, SG_FIELD_RESIDENCE_ADDRESS);
    uint64_t phone = newest_of(subject, SG_TYPE_PERSON, SG_FIELD_PERSON_PHONE);

    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (subject->conflicts[i].state != SG_SUBJECT_DECIDED)
            oldest = older(oldest, subject->conflicts[i].since);
    if ((person->dirt & SG_QUALITY_STAND_IN) != 0)
        oldest = older(oldest, address > phone ? address : phone);
    if ((person->dirt & (SG_QUALITY_ORPHAN | SG_QUALITY_TWO_HEADS)) != 0)
        oldest = older(oldest, newest_of(subject, SG_TYPE_RESIDENCE,
                                         SG_FIELD_RESIDENCE_HOUSEHOLD));
    return oldest;
}

static uint64_t since_of(const struct sg_subject *subject,
                         const struct sg_quality_person *person)
{
    uint64_t first = newest_of(subject, SG_TYPE_PERSON, 0);
    uint64_t oldest =
        older(rules_since(subject, person),
              person->dirt != 0 ? dirt_since(subject, person) : 0);

    if (person->missing != 0)
        oldest = older(oldest, first);
    return oldest != 0 ? oldest : first;
}

static bool is_contested(const struct sg_subject *subject)
{
    size_t count;
    const struct sg_subject_object *requests =
        sg_subject_objects(subject, SG_TYPE_REQUEST, &count);

    for (size_t i = 0; i < count; i++)
        if (requests[i].state == REQUEST_LODGED ||
            requests[i].state == REQUEST_FORWARDED)
            return true;
    for (size_t i = 0; i < subject->n_conflicts; i++)
        if (subject->conflicts[i].state != SG_SUBJECT_DECIDED)
            return true;
    return false;
}

static bool is_verified(const struct sg_subject *subject, uint64_t since)
{
    for (size_t i = 0; i < subject->n_records; i++)
        if (subject->records[i].type == SG_TYPE_VERIFICATION &&
            !subject->records[i].is_refused && subject->records[i].hlc >= since)
            return true;
    return false;
}

static bool has_flag(const struct sg_quality_person *person)
{
    bool has = person->missing != 0 || person->dirt != 0 ||
               person->external == SG_RULES_FAIL;

    for (unsigned rule = 1; rule <= SG_RULES_COUNT; rule++)
        has = has || person->rules[rule] == SG_RULES_FAIL;
    return has && (person->is_counted || person->is_death_disputed);
}

void sg_workoff_read(const struct sg_subject *subject,
                     const struct sg_quality_person *person,
                     struct sg_date today, const struct sg_calendar *calendar,
                     struct sg_workoff *ret_workoff)
{
    static const unsigned days[SG_WORKOFF_STAGE_COUNT] = {
        0, VERIFY_DAYS, FIX_DAYS, CONTESTED_DAYS};
    struct sg_workoff *workoff = ret_workoff;
    uint64_t since;

    *workoff = (struct sg_workoff){.unit = person->unit};
    if (!has_flag(person))
        return;
    since = since_of(subject, person);
    workoff->since = sg_judge_day(since);
    workoff->stage = is_contested(subject)         ? SG_WORKOFF_CONTESTED
                     : is_verified(subject, since) ? SG_WORKOFF_FIX
                                                   : SG_WORKOFF_VERIFY;
    workoff->due =
        sg_calendar_due_worked(calendar, workoff->since, days[workoff->stage],
                               &workoff->is_provisional);
    workoff->is_overdue = sg_date_compare(workoff->due, today) < 0;
}

void sg_workoff_count(struct sg_workoff_count *count,
                      const struct sg_workoff *workoff, int sign)
{
    count->by_stage[workoff->stage] += sign;
    if (workoff->is_overdue)
        count->overdue[workoff->stage] += sign;
}

const char *sg_workoff_text(enum sg_workoff_stage stage, enum sg_lang lang)
{
    static const char *const texts[SG_WORKOFF_STAGE_COUNT][2] = {
        [SG_WORKOFF_NOTHING] = {"nothing to do", "không có việc"},
        [SG_WORKOFF_VERIFY] = {"to be verified", "chờ xác minh"},
        [SG_WORKOFF_FIX] = {"to be fixed", "chờ sửa"},
        [SG_WORKOFF_CONTESTED] = {"contested", "đang có tranh chấp"},
    };

    return texts[stage][lang == SG_LANG_VI];
}
