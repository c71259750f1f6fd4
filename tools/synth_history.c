#include "tools/synth_history.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "tools/synth_form.h"

#define PAYLOADS_SIZE_MAX (SG_SYNTH_RECORDS_MAX * 4096)
#define MEMBERS_MAX       64

/* States of a dossier and of an account on the way to the holder (RECORDS 8.5,
 * 8.6), and the field that the day of each goes into. */
struct step {
    unsigned state;
    unsigned day_field;
    bool is_approver;
};

static const struct step card_steps[] = {
    {2, SG_FIELD_DOSSIER_APPROVED, true},
    {3, SG_FIELD_DOSSIER_SENT, false},
    {4, SG_FIELD_DOSSIER_RESULT, false},
    {6, SG_FIELD_DOSSIER_CARD_FROM, false},
    {7, SG_FIELD_NONE, false},
    {8, SG_FIELD_DOSSIER_DELIVERED, false},
};
static const struct step account_steps[] = {
    {2, SG_FIELD_ACCOUNT_ISSUED, false},
    {3, SG_FIELD_ACCOUNT_NOTIFIED, false},
    {4, SG_FIELD_ACCOUNT_ACTIVATED, false},
};

struct sg_synth_history {
    struct sg_synth_history_options options;
    const struct sg_unit_table *units;
    uint8_t *nodes; /* of each unit of the table */
    struct sg_synth *synth;
    struct sg_prng prng;
    struct sg_synth_officer officers[SG_SYNTH_NODES_MAX][2];
    struct sg_buf payloads;
    struct sg_synth_record records[SG_SYNTH_RECORDS_MAX];
    struct sg_synth_desk desk;
    /* Of the citizen at hand. */
    struct sg_date enrolled;
    struct sg_ref person, residence, pin;
    bool has_pin;
};

void sg_synth_history_options_init(struct sg_synth_history_options *options,
                                   uint64_t count, uint64_t seed)
{
    static const uint32_t rates[SG_SYNTH_EVENT_COUNT] = {
#define RATE(NAME, word, per_thousand, whom) per_thousand,
        SG_SYNTH_EVENTS(RATE)
#undef RATE
    };

    *options =
        (struct sg_synth_history_options){.n_nodes = 27, .is_signed = true};
    sg_synth_options_init(&options->population, count, seed);
    memcpy(options->per_thousand, rates, sizeof rates);
}

const char *sg_synth_event_word(enum sg_synth_event event)
{
    static const char *const words[SG_SYNTH_EVENT_COUNT] = {
#define WORD(NAME, word, per_thousand, whom) word,
        SG_SYNTH_EVENTS(WORD)
#undef WORD
    };

    SG_ASSERT(event < SG_SYNTH_EVENT_COUNT);
    return words[event];
}

void sg_synth_history_options_alone(struct sg_synth_history_options *options)
{
    options->per_thousand[SG_SYNTH_DISPUTED] = 0;
    options->per_thousand[SG_SYNTH_RELOCATED] = 0;
    options->per_thousand[SG_SYNTH_AFTER_DEATH] = 0;
}

/* Draws an officer, or takes the one who was GIVEN. */
static void new_officer(struct sg_synth_history *history,
                        const struct sg_key *given,
                        struct sg_synth_officer *officer)
{
    uint8_t seed[SG_KEY_SIZE];

    sg_prng_bytes(&history->prng, seed, sizeof seed);
    if (given == NULL) {
        sg_crypto_sign_keypair(seed, &officer->key, officer->public_key);
    } else {
        officer->key = given->sign;
        memcpy(officer->public_key, given->public_key, SG_KEY_SIZE);
    }
    officer->id = sg_key_id_of(&history->options.registry, SG_KEY_OFFICER,
                               officer->public_key);
}

static void new_officers(struct sg_synth_history *history)
{
    for (unsigned node = 0; node < history->options.n_nodes; node++)
        for (unsigned role = 0; role < 2; role++)
            new_officer(history, history->options.officers[role],
                        &history->officers[node][role]);
}

/* Deals out the districts to the nodes, in the order of their codes; communes
 * go with theirs, or, where there is none, are dealt out too. */
static enum sg_err new_nodes(struct sg_synth_history *history)
{
    const struct sg_unit_table *units = history->units;
    unsigned n_nodes = history->options.n_nodes;
    unsigned dealt = 0;
    uint32_t code_last = 0;

    history->nodes = sg_calloc(sg_unit_table_size(units), 1);
    if (history->nodes == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < sg_unit_table_size(units); i++) {
        const struct sg_unit *unit = sg_unit_table_get(units, i);
        const struct sg_unit *above =
            sg_unit_above(units, unit, SG_UNIT_LEVEL_DISTRICT);

        if (above != NULL && above != unit) {
            history->nodes[i] = history->nodes[sg_unit_index(units, above)];
            continue;
        }
        if (sg_unit_key_level(unit->key) == SG_UNIT_LEVEL_PROVINCE)
            continue;
        if (sg_unit_key_code(unit->key) != code_last)
            dealt++;
        code_last = sg_unit_key_code(unit->key);
        history->nodes[i] = (uint8_t)((dealt - 1) % n_nodes);
    }
    return SG_OK;
}

enum sg_err sg_synth_history_new(const struct sg_synth_history_options *options,
                                 const struct sg_unit_table *units,
                                 struct sg_synth_history **ret_history)
{
    struct sg_synth_history *history;
    enum sg_err err;

    if (options->n_nodes == 0 || options->n_nodes > SG_SYNTH_NODES_MAX ||
        (options->n_nodes > 1 &&
         (options->officers[0] != NULL || options->officers[1] != NULL)))
        return SG_ERR_INVALID;
    history = sg_calloc(1, sizeof *history);
    if (history == NULL)
        return SG_ERR_NOMEM;
    history->options = *options;
    history->units = units;
    sg_buf_init(&history->payloads, PAYLOADS_SIZE_MAX);
    /* The submit ids of two districts are not to be the same. */
    sg_prng_init(&history->prng,
                 ~options->population.seed ^ options->population.within.value);
    new_officers(history);
    err = sg_buf_reserve(&history->payloads, PAYLOADS_SIZE_MAX);
    if (err == SG_OK)
        err = new_nodes(history);
    if (err == SG_OK)
        err = sg_synth_new(&options->population, units, &history->synth);
    if (err != SG_OK) {
        sg_synth_history_free(history);
        return err;
    }
    history->desk = (struct sg_synth_desk){
        .is_signed = options->is_signed,
        .registry = &history->options.registry,
        .position = options->position,
        .prng = &history->prng,
        .payloads = &history->payloads,
        .records = history->records,
    };
    *ret_history = history;
    return SG_OK;
}

void sg_synth_history_free(struct sg_synth_history *history)
{
    if (history == NULL)
        return;
    sg_free(history->nodes);
    sg_synth_free(history->synth);
    sg_crypto_wipe(history->officers, sizeof history->officers);
    sg_buf_clear(&history->payloads);
    sg_free(history);
}

void sg_synth_history_officer(const struct sg_synth_history *history,
                              unsigned node, bool is_approver,
                              uint8_t ret_public_key[SG_KEY_SIZE])
{
    SG_ASSERT(node < history->options.n_nodes);
    memcpy(ret_public_key, history->officers[node][is_approver].public_key,
           SG_KEY_SIZE);
}

/*
 * When and where.
 */

static bool chance(struct sg_synth_history *history, enum sg_synth_event event)
{
    return sg_prng_below(&history->prng, 1000) <
           history->options.per_thousand[event];
}

static struct sg_date days_after(struct sg_date day, int64_t days)
{
    return sg_date_from_days(sg_date_days(day) + days);
}

/* A day of the year after the one on which the population was taken. */
static struct sg_date some_day(struct sg_synth_history *history)
{
    return days_after(history->options.population.day,
                      1 + (int64_t)sg_prng_below(&history->prng, 365));
}

static unsigned node_of(const struct sg_synth_history *history,
                        struct sg_unit_key key)
{
    const struct sg_unit *unit = sg_unit_find(history->units, key);

    SG_ASSERT(unit != NULL);
    return history->nodes[sg_unit_index(history->units, unit)];
}

/* Gives a commune of DAY, of another node than UNIT wherever there is one
 * (which a few tries find). */
static struct sg_unit_key far_from(struct sg_synth_history *history,
                                   struct sg_unit_key unit, struct sg_date day)
{
    struct sg_unit_key far = unit;

    for (int i = 0; i < 64; i++) {
        const struct sg_unit *found = sg_unit_table_get(
            history->units,
            sg_prng_below(&history->prng, sg_unit_table_size(history->units)));

        if (sg_unit_key_level(found->key) != SG_UNIT_LEVEL_COMMUNE ||
            !sg_unit_is_at(found, day) || sg_unit_key_equal(found->key, unit))
            continue;
        far = found->key;
        if (node_of(history, far) != node_of(history, unit))
            break;
    }
    return far;
}

/* Sits down at the desk of the node of UNIT on DAY, to write about somebody
 * whose home is HOME. Units are those of the day; false when one of them was
 * split until then, or ended, or the desk is not within the population's unit
 * any more. */
static bool sit(struct sg_synth_history *history, enum sg_synth_event event,
                struct sg_date day, struct sg_unit_key unit,
                struct sg_unit_key home, bool is_approver)
{
    struct sg_synth_desk *desk = &history->desk;
    struct sg_unit_place capture = sg_unit_carry(history->units, unit, day);
    struct sg_unit_place lives = sg_unit_carry(history->units, home, day);

    if (capture.fit != SG_UNIT_FIT_EXACT || lives.fit != SG_UNIT_FIT_EXACT ||
        !sg_unit_covers(history->units, history->options.population.within,
                        capture.unit))
        return false;
    desk->event = event;
    desk->day = day;
    desk->capture = capture.unit;
    desk->home = lives.unit;
    desk->node = node_of(history, capture.unit);
    desk->officer = &history->officers[desk->node][is_approver];
    return true;
}

/*
 * What happens.
 */

/* The day of the enrolment: that of the dossier, else some day before; never
 * before the birth or before a unit that the records name. */
static struct sg_date enrolment_day(struct sg_synth_history *history,
                                    const struct sg_synth_person *person)
{
    const struct sg_unit_key units[] = {person->unit, person->birth_reg,
                                        person->hometown};
    struct sg_date day = person->captured;

    if (day.ymd == 0)
        day = days_after(history->options.population.day,
                         -(int64_t)sg_prng_below(&history->prng, 400));
    if (day.ymd < person->born.ymd)
        day = person->born;
    for (size_t i = 0; i < 3; i++)
        if (units[i].value != 0 && day.ymd < sg_unit_key_from(units[i]).ymd)
            day = sg_unit_key_from(units[i]);
    return day;
}

static void enrol(struct sg_synth_history *history,
                  const struct sg_synth_person *person)
{
    struct sg_synth_desk *desk = &history->desk;
    struct sg_synth_member members[MEMBERS_MAX];
    struct sg_date day = enrolment_day(history, person);
    bool seated =
        sit(history, SG_SYNTH_ENROLLED, day, person->unit, person->unit, false);
    size_t n_members;

    SG_ASSERT(seated);
    history->enrolled = day;
    history->person = sg_synth_form_person(desk);
    history->has_pin = person->pin != 0;
    if (history->has_pin)
        history->pin = sg_synth_form_pin(desk);
    if (person->old_number.size > 0)
        (void)sg_synth_form_old_id(desk);
    history->residence =
        sg_synth_form_residence(desk, person->unit, SG_UNIT_COUNTRY);
    n_members = sg_synth_members(history->synth, members, MEMBERS_MAX);
    if (n_members > 0)
        (void)sg_synth_form_household(desk, members, n_members);
}

static void approve(struct sg_synth_history *history,
                    const struct sg_synth_person *person)
{
    struct sg_ref parents[] = {history->person, history->residence,
                               history->pin};
    struct sg_date day = days_after(
        history->desk.day, 1 + (int64_t)sg_prng_below(&history->prng, 3));

    if (chance(history, SG_SYNTH_APPROVED) &&
        sit(history, SG_SYNTH_APPROVED, day, person->unit, person->unit, true))
        (void)sg_synth_form_decision(&history->desk, parents,
                                     history->has_pin ? 3 : 2, NULL);
}

/* Takes OBJECT through STEPS, a few days each. Returns whether it got to the
 * end. */
static bool walk(struct sg_synth_history *history,
                 const struct sg_synth_person *person, enum sg_type type,
                 struct sg_ref object, const struct step *steps, size_t count)
{
    enum sg_synth_event event = history->desk.event;
    struct sg_ref last = object;

    for (size_t i = 0; i < count; i++) {
        struct sg_date day = days_after(
            history->desk.day, 1 + (int64_t)sg_prng_below(&history->prng, 4));

        if (!sit(history, event, day, person->unit, person->unit,
                 steps[i].is_approver))
            return false;
        last = sg_synth_form_move(&history->desk, type, object, last,
                                  steps[i].state, steps[i].day_field);
    }
    return true;
}

/* The dossier of the enrolment; for half of them the card up to its delivery,
 * and then the account, active where the entry says so. */
static void make_card(struct sg_synth_history *history,
                      const struct sg_synth_person *person)
{
    struct sg_ref object;
    size_t n_steps = person->activated.ymd != 0 ? 3 : 2;

    if (person->captured.ymd == 0 ||
        !sit(history, SG_SYNTH_CARD, history->enrolled, person->unit,
             person->unit, false))
        return;
    object = sg_synth_form_dossier(&history->desk);
    if (sg_date_precision(person->birth) != SG_DATE_YMD ||
        !chance(history, SG_SYNTH_CARD) ||
        !walk(history, person, SG_TYPE_DOSSIER, object, card_steps,
              sizeof card_steps / sizeof card_steps[0]))
        return;
    if (person->notified.ymd == 0 || !chance(history, SG_SYNTH_ACCOUNT))
        return;
    history->desk.event = SG_SYNTH_ACCOUNT;
    object = sg_synth_form_account(&history->desk);
    (void)walk(history, person, SG_TYPE_ACCOUNT, object, account_steps,
               n_steps);
}

/* Another day of birth within the same month, so that the number still fits. */
static struct sg_date other_birth(const struct sg_synth_person *person,
                                  uint32_t by)
{
    struct sg_date day = {person->born.ymd - person->born.ymd % 100};

    day.ymd += (person->born.ymd % 100 + by) % 28 + 1;
    return day;
}

/* One office corrects the day of birth, and the home commune approves. */
static void correct(struct sg_synth_history *history,
                    const struct sg_synth_person *person, struct sg_date day)
{
    struct sg_ref ref;

    if (!sit(history, SG_SYNTH_CORRECTED, day, person->unit, person->unit,
             false))
        return;
    ref = sg_synth_form_birth(&history->desk, history->person,
                              other_birth(person, 3));
    if (sit(history, SG_SYNTH_CORRECTED, days_after(day, 1), person->unit,
            person->unit, true))
        (void)sg_synth_form_decision(&history->desk, &ref, 1, NULL);
}

/* Two offices correct it differently, neither knowing of the other: no value
 * wins. The home commune may choose. */
static void dispute(struct sg_synth_history *history,
                    const struct sg_synth_person *person, struct sg_date day)
{
    struct sg_unit_key far = far_from(history, person->unit, day);
    struct sg_ref refs[2];

    if (!sit(history, SG_SYNTH_DISPUTED, day, person->unit, person->unit,
             false))
        return;
    refs[0] = sg_synth_form_birth(&history->desk, history->person,
                                  other_birth(person, 3));
    if (!sit(history, SG_SYNTH_DISPUTED, day, far, person->unit, false))
        return;
    refs[1] = sg_synth_form_birth(&history->desk, history->person,
                                  other_birth(person, 9));
    if (chance(history, SG_SYNTH_RULED) &&
        sit(history, SG_SYNTH_RULED, days_after(day, 2), person->unit,
            person->unit, true))
        (void)sg_synth_form_decision(&history->desk, refs, 2, &refs[0]);
}

/* The new home opens a residence and closes the old one. */
static void relocate(struct sg_synth_history *history,
                     const struct sg_synth_person *person, struct sg_date day)
{
    struct sg_unit_key to = far_from(history, person->unit, day);
    struct sg_unit_key old;

    if (!sit(history, SG_SYNTH_RELOCATED, day, to, person->unit, false) ||
        sg_unit_key_equal(history->desk.home, history->desk.capture))
        return;
    old = history->desk.home;
    (void)sg_synth_form_leave(&history->desk, history->residence);
    history->desk.home = history->desk.capture;
    (void)sg_synth_form_residence(&history->desk, history->desk.capture, old);
}

/* The home commune registers a death; a node that has not heard of it may open
 * a dossier a month later. */
static void die(struct sg_synth_history *history,
                const struct sg_synth_person *person, struct sg_date day)
{
    struct sg_date later = days_after(day, 30);

    if (!sit(history, SG_SYNTH_DIED, day, person->unit, person->unit, false))
        return;
    (void)sg_synth_form_death(&history->desk);
    if (chance(history, SG_SYNTH_AFTER_DEATH) &&
        sit(history, SG_SYNTH_AFTER_DEATH, later,
            far_from(history, person->unit, later), person->unit, false))
        (void)sg_synth_form_dossier(&history->desk);
}

static void live(struct sg_synth_history *history,
                 const struct sg_synth_person *person)
{
    uint32_t today = history->options.population.day.ymd;

    enrol(history, person);
    approve(history, person);
    make_card(history, person);
    if (person->born.ymd + 600000 <= today && chance(history, SG_SYNTH_DIED)) {
        die(history, person, some_day(history));
        return;
    }
    /* Not within the first year: the other day must not be to come. */
    if (person->born.ymd + 10000 <= today) {
        if (chance(history, SG_SYNTH_CORRECTED))
            correct(history, person, some_day(history));
        else if (chance(history, SG_SYNTH_DISPUTED))
            dispute(history, person, some_day(history));
    }
    if (chance(history, SG_SYNTH_RELOCATED))
        relocate(history, person, some_day(history));
}

enum sg_err sg_synth_history_next(struct sg_synth_history *history,
                                  const struct sg_synth_person **ret_person,
                                  const struct sg_synth_record **ret_records,
                                  size_t *ret_count)
{
    struct sg_synth_desk *desk = &history->desk;
    const struct sg_synth_person *person = NULL;

    sg_buf_truncate(&history->payloads, 0);
    desk->count = 0;
    desk->err = SG_OK;
    desk->hlc_last = 0;
    if (sg_synth_next(history->synth, &person)) {
        desk->person = person;
        live(history, person);
    }
    if (desk->err != SG_OK)
        return desk->err;
    *ret_person = person;
    *ret_records = history->records;
    *ret_count = desk->count;
    return SG_OK;
}
