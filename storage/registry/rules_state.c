#include "storage/registry/rules_state.h"

#include "storage/base/check.h"

#define LAW_2014 ((struct sg_date){20160101})
#define LAW_2023 ((struct sg_date){20240701})

#define STAY_DAYS_MIN    30
#define STAY_YEARS_MAX   2
#define PARENT_AGE_MIN   12
#define MOTHER_AGE_MAX   60
#define FATHER_AGE_MAX   80
#define CARD_AGE         14 /* must have a card, signs oneself */
#define BIOMETRICS_AGE   6
#define CARD_EARLY_YEARS 2
#define ACTIVATION_DAYS  7

static enum sg_rules_verdict pass_if(bool is_right)
{
    return is_right ? SG_RULES_PASS : SG_RULES_FAIL;
}

static bool is_known(struct sg_date date)
{
    return date.ymd != 0;
}

/* Returns the day YEARS years after DAY, which is a day; on 28 February where
 * the year has no 29th. No date beyond the year 9999. */
static struct sg_date anniversary(struct sg_date day, int years)
{
    int year = (int)(day.ymd / 10000) + years;
    unsigned month = day.ymd / 100 % 100;
    unsigned on = day.ymd % 100;
    struct sg_date date;

    if (year < 1 || year > 9999)
        return (struct sg_date){0};
    date = sg_date_make((unsigned)year, month, on);
    return is_known(date) ? date : sg_date_make((unsigned)year, month, on - 1);
}

int sg_rules_age(struct sg_date birth, struct sg_date day)
{
    struct sg_date born = sg_date_first(birth);
    struct sg_date on = sg_date_first(day);
    int years = (int)(on.ymd / 10000) - (int)(born.ymd / 10000);

    if (sg_date_compare(on, born) < 0)
        return -1;
    return sg_date_compare(on, anniversary(born, years)) < 0 ? years - 1
                                                             : years;
}

bool sg_rules_is_after(struct sg_date event, struct sg_date death)
{
    return sg_date_compare(sg_date_first(event), sg_date_last(death)) > 0;
}

/* --- numbers ----------------------------------------------------------- */

enum sg_rules_verdict sg_rules_v01(uint64_t number, enum sg_sex sex,
                                   struct sg_date birth)
{
    if (number == 0)
        return SG_RULES_NOT_APPLICABLE;
    switch (sg_pin_check_person(number, sex, birth)) {
    case SG_PIN_FITS:
        return SG_RULES_PASS;
    case SG_PIN_UNKNOWN:
        return SG_RULES_UNKNOWN;
    default:
        return SG_RULES_FAIL;
    }
}

enum sg_rules_verdict sg_rules_v02(uint64_t number, unsigned province)
{
    unsigned said = sg_pin_split(number).province;

    if (number == 0 || said == SG_PIN_PROVINCE_TEST)
        return SG_RULES_NOT_APPLICABLE;
    if (province == 0)
        return SG_RULES_UNKNOWN;
    return pass_if(said == province);
}

enum sg_rules_verdict sg_rules_v03(uint64_t number,
                                   const struct sg_rules_holder *holders,
                                   size_t count)
{
    if (number == 0)
        return SG_RULES_NOT_APPLICABLE;
    for (size_t i = 0; i < count; i++) {
        if (holders[i].is_void || holders[i].state == 3)
            continue;
        for (size_t k = 0; k < count; k++) {
            bool is_other =
                sg_uid_compare(&holders[i].person, &holders[k].person) != 0;

            if (holders[k].is_void)
                continue;
            if (is_other || holders[k].state == 3)
                return SG_RULES_FAIL;
        }
    }
    return SG_RULES_PASS;
}

/* --- persons ----------------------------------------------------------- */

enum sg_rules_verdict sg_rules_v05(struct sg_date birth)
{
    if (!is_known(birth))
        return SG_RULES_UNKNOWN;
    return pass_if(sg_date_precision(birth) == SG_DATE_YMD);
}

/* Says whether a temporary stay is shorter or longer than the law has it. */
static bool is_odd_stay(const struct sg_rules_residence *residence)
{
    struct sg_date from, until;

    if (residence->kind != 2 || !is_known(residence->from) ||
        !is_known(residence->until))
        return false;
    from = sg_date_first(residence->from);
    until = sg_date_first(residence->until);
    return sg_date_diff(until, from) < STAY_DAYS_MIN ||
           sg_date_compare(until, anniversary(from, STAY_YEARS_MAX)) > 0;
}

enum sg_rules_verdict sg_rules_v09(const struct sg_rules_residence *residences,
                                   size_t count,
                                   enum sg_rules_severity *ret_severity)
{
    size_t n_permanent = 0, n_temporary = 0;
    bool is_odd = false;

    for (size_t i = 0; i < count; i++) {
        if (!residences[i].is_open)
            continue;
        n_permanent += residences[i].kind == 1;
        n_temporary += residences[i].kind == 2;
        is_odd = is_odd || is_odd_stay(&residences[i]);
    }
    *ret_severity = SG_RULES_OFF;
    if (n_permanent > 1)
        *ret_severity = SG_RULES_CONFLICT;
    else if (n_temporary > 1 || is_odd)
        *ret_severity = SG_RULES_FLAG;
    return pass_if(*ret_severity == SG_RULES_OFF);
}

enum sg_rules_verdict sg_rules_v10_parent(enum sg_rules_kin kin,
                                          struct sg_date parent,
                                          struct sg_date child)
{
    int top = kin == SG_RULES_MOTHER ? MOTHER_AGE_MAX : FATHER_AGE_MAX;
    int age;

    if (!is_known(parent) || !is_known(child))
        return SG_RULES_UNKNOWN;
    age = sg_rules_age(parent, child);
    return pass_if(age >= PARENT_AGE_MIN && age <= top);
}

enum sg_rules_verdict sg_rules_v10_spouse(const struct sg_uid *person,
                                          const struct sg_uid *named)
{
    if (named == NULL)
        return SG_RULES_UNKNOWN;
    return pass_if(sg_uid_compare(person, named) == 0);
}

enum sg_rules_verdict sg_rules_v13(struct sg_date event, struct sg_date death)
{
    if (!is_known(death))
        return SG_RULES_NOT_APPLICABLE;
    if (!is_known(event))
        return SG_RULES_UNKNOWN;
    return pass_if(!sg_rules_is_after(event, death));
}

/* --- cards ------------------------------------------------------------- */

/* Law 26/2023 Art. 19, 23. */
static enum sg_rules_verdict judge_2023(const struct sg_rules_dossier *dossier,
                                        int age)
{
    if (age < BIOMETRICS_AGE)
        return pass_if(!dossier->has_biometrics);
    if (age < CARD_AGE)
        return pass_if(dossier->has_guardian);
    if (dossier->signed_by == 0)
        return SG_RULES_UNKNOWN;
    return pass_if(dossier->signed_by == 1);
}

enum sg_rules_verdict sg_rules_v11(const struct sg_rules_dossier *dossier)
{
    int age;

    if (!is_known(dossier->captured) || !is_known(dossier->birth))
        return SG_RULES_UNKNOWN;
    if (sg_date_compare(dossier->captured, LAW_2014) < 0)
        return SG_RULES_NOT_APPLICABLE;
    age = sg_rules_age(dossier->birth, dossier->captured);
    if (sg_date_compare(dossier->captured, LAW_2023) < 0)
        return pass_if(age >= CARD_AGE);
    return judge_2023(dossier, age);
}

struct sg_date sg_rules_card_until(struct sg_date birth, struct sg_date issued)
{
    static const int ages[] = {14, 25, 40, 60};
    struct sg_date born = sg_date_first(birth);
    size_t i = sg_date_compare(issued, LAW_2023) < 0 ? 1 : 0;

    if (sg_date_compare(issued, LAW_2014) < 0)
        return (struct sg_date){0};
    for (; i < sizeof(ages) / sizeof(ages[0]); i++) {
        struct sg_date early = anniversary(born, ages[i] - CARD_EARLY_YEARS);

        if (is_known(early) && sg_date_compare(issued, early) < 0)
            return anniversary(born, ages[i]);
    }
    return SG_RULES_FOR_LIFE;
}

enum sg_rules_verdict sg_rules_v12(struct sg_date birth, struct sg_date issued,
                                   struct sg_date until)
{
    struct sg_date due;

    if (!is_known(birth) || !is_known(issued) || !is_known(until) ||
        sg_date_precision(birth) != SG_DATE_YMD)
        return SG_RULES_UNKNOWN;
    due = sg_rules_card_until(birth, issued);
    if (!is_known(due))
        return SG_RULES_NOT_APPLICABLE;
    return pass_if(sg_date_compare(until, due) == 0);
}

/* --- accounts ---------------------------------------------------------- */

static bool is_in_force(const struct sg_rules_account *account)
{
    return is_known(account->card_from) && is_known(account->card_until) &&
           sg_date_compare(account->card_from, account->requested) <= 0 &&
           sg_date_compare(account->requested, account->card_until) <= 0;
}

enum sg_rules_verdict sg_rules_v14(const struct sg_rules_account *account)
{
    if (!is_known(account->requested))
        return SG_RULES_UNKNOWN;
    if (sg_date_compare(account->requested, LAW_2023) < 0)
        return SG_RULES_NOT_APPLICABLE;
    if (account->level == 2 && !(is_in_force(account) && account->has_phone))
        return SG_RULES_FAIL;
    if (!is_known(account->birth))
        return SG_RULES_UNKNOWN;
    if (sg_rules_age(account->birth, account->requested) < CARD_AGE)
        return pass_if(account->has_guardian);
    return account->level == 2 ? SG_RULES_PASS : SG_RULES_NOT_APPLICABLE;
}

enum sg_rules_verdict sg_rules_v15(struct sg_date notified,
                                   struct sg_date activated,
                                   struct sg_date today)
{
    struct sg_date end = is_known(activated) ? activated : today;

    if (!is_known(notified))
        return SG_RULES_NOT_APPLICABLE;
    if (sg_date_compare(notified, LAW_2023) < 0)
        return SG_RULES_NOT_APPLICABLE;
    return pass_if(sg_date_diff(end, notified) <= ACTIVATION_DAYS);
}

enum sg_rules_verdict sg_rules_v16(const struct sg_key_id *decider,
                                   const struct sg_key_id *captor)
{
    return pass_if(sg_key_id_compare(decider, captor) != 0);
}

/* --- V19 --------------------------------------------------------------- */

static const struct sg_rules_limit limits[SG_RULES_CLOCK_COUNT] = {
    [SG_RULES_CLOCK_ADJUST] = {"adjust data",
                               2,
                               SG_RULES_WORKED_DAYS,
                               {20240701},
                               "Decree 70/2024 Art. 6"},
    [SG_RULES_CLOCK_RESIDENCE] = {"permanent residence",
                                  7,
                                  SG_RULES_WORKED_DAYS,
                                  {20210701},
                                  "Law on Residence 2020 Art. 22"},
    [SG_RULES_CLOCK_CARD] =
        {"card", 7, SG_RULES_WORKED_DAYS, {20240701}, "Law 26/2023 Art. 26"},
    [SG_RULES_CLOCK_ACCOUNT_1] = {"account level 1",
                                  1,
                                  SG_RULES_WORKED_DAYS,
                                  {20240701},
                                  "Decree 69/2024 Art. 13"},
    [SG_RULES_CLOCK_ACCOUNT_2] = {"account level 2",
                                  3,
                                  SG_RULES_WORKED_DAYS,
                                  {20240701},
                                  "Decree 69/2024 Art. 13"},
    [SG_RULES_CLOCK_ACCOUNT_2_NO_CARD] = {"account level 2 without card",
                                          7,
                                          SG_RULES_WORKED_DAYS,
                                          {20240701},
                                          "Decree 69/2024 Art. 13"},
    [SG_RULES_CLOCK_LOCK] = {"lock, unlock",
                             3,
                             SG_RULES_WORKED_DAYS,
                             {20240701},
                             "Decree 69/2024 Art. 16"},
    [SG_RULES_CLOCK_ACTIVATION] =
        {"activation", 7, SG_RULES_DAYS, {20240701}, "Decree 69/2024 Art. 14"},
    [SG_RULES_CLOCK_BIRTH] =
        {"birth", 60, SG_RULES_DAYS, {20160101}, "Civil Status Law Art. 15"},
    [SG_RULES_CLOCK_DEATH] =
        {"death", 15, SG_RULES_DAYS, {20160101}, "Civil Status Law Art. 33"},
    [SG_RULES_CLOCK_TEMPORARY] = {"temporary stay",
                                  30,
                                  SG_RULES_DAYS,
                                  {20210701},
                                  "Law on Residence 2020 Art. 27"},
    [SG_RULES_CLOCK_MOVE] = {"move",
                             12,
                             SG_RULES_MONTHS,
                             {20210701},
                             "Law on Residence 2020 Art. 22"},
    [SG_RULES_CLOCK_SUBJECT] = {"data subject, answer",
                                2,
                                SG_RULES_WORKED_DAYS,
                                {20260101},
                                "Law 91/2025, Decree 356/2025"},
};

const struct sg_rules_limit *sg_rules_limit(enum sg_rules_clock clock)
{
    SG_ASSERT(clock < SG_RULES_CLOCK_COUNT);
    return &limits[clock];
}

struct sg_date sg_rules_due(enum sg_rules_clock clock, struct sg_date start,
                            const struct sg_calendar *calendar,
                            bool *is_provisional)
{
    const struct sg_rules_limit *limit = sg_rules_limit(clock);
    struct sg_date day;

    switch (limit->unit) {
    case SG_RULES_WORKED_DAYS:
        return sg_calendar_due_worked(calendar, start, limit->count,
                                      is_provisional);
    case SG_RULES_DAYS:
        return sg_calendar_due_days(calendar, start, limit->count,
                                    is_provisional);
    default:
        SG_ASSERT(limit->count % 12 == 0);
        day = anniversary(start, limit->count / 12);
        return is_known(day)
                   ? sg_calendar_due_days(calendar, day, 0, is_provisional)
                   : day;
    }
}

enum sg_rules_verdict sg_rules_v19(enum sg_rules_clock clock,
                                   struct sg_date start, struct sg_date end,
                                   struct sg_date today,
                                   const struct sg_calendar *calendar,
                                   bool *is_provisional)
{
    struct sg_date due;

    if (!is_known(start))
        return SG_RULES_UNKNOWN;
    start = sg_date_first(start);
    if (sg_date_compare(start, sg_rules_limit(clock)->since) < 0)
        return SG_RULES_NOT_APPLICABLE;
    due = sg_rules_due(clock, start, calendar, is_provisional);
    return pass_if(
        sg_date_compare(is_known(end) ? sg_date_first(end) : today, due) <= 0);
}
