#include "tools/synth.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/prng.h"
#include "tools/synth_batch.h"
#include "tools/synth_flaw.h"

#define PROVINCE   UINT64_C(999) /* given to nobody */
#define SERIALS    1000000u
#define SERIAL_GAP 611953u /* has no divisor with SERIALS */
#define CARD_AGE   14

/* Births fall into the two centuries that digit 4 is drawn for here. */
#define DAY_FIRST 20060101u
#define DAY_LAST  20991231u

_Static_assert(SERIAL_GAP % 2 != 0 && SERIAL_GAP % 5 != 0,
               "all serials are met before one comes again");

struct commune {
    struct sg_unit_key unit;
    const struct sg_synth_district *district;
    bool is_urban;
    uint32_t weight_sum; /* of all up to here */
};

struct sg_synth {
    struct sg_synth_options options;
    const struct sg_unit_table *units;
    struct sg_synth_table table;
    struct sg_prng prng;
    struct commune *communes;
    size_t n_communes;
    size_t at;                /* the commune that comes next */
    uint64_t in_commune;      /* entries that the one before still needs */
    uint32_t serial;          /* of its next household */
    uint64_t given;           /* entries so far */
    uint32_t serials[4][100]; /* by digit 4 and year of the century */
    uint32_t old_numbers;     /* given so far */
    uint32_t spoilt_pins;     /* likewise */
    uint16_t twins[SG_SYNTH_BATCH_MAX]; /* persons who come twice */
    size_t n_twins;
    size_t in_batch; /* of its entries given so far */
    struct sg_synth_batch batch;
    struct sg_synth_person person;
};

void sg_synth_options_init(struct sg_synth_options *options, uint64_t count,
                           uint64_t seed)
{
    static const uint32_t rates[SG_SYNTH_FLAW_COUNT] = {
#define RATE(NAME, word, per_million, whom) per_million,
        SG_SYNTH_FLAWS(RATE)
#undef RATE
    };

    *options = (struct sg_synth_options){
        .count = count, .seed = seed, .day = {20230410}};
    memcpy(options->per_million, rates, sizeof rates);
}

const char *sg_synth_flaw_word(enum sg_synth_flaw_kind kind)
{
    static const char *const words[SG_SYNTH_FLAW_COUNT] = {
#define WORD(NAME, word, per_million, whom) word,
        SG_SYNTH_FLAWS(WORD)
#undef WORD
    };

    SG_ASSERT(kind < SG_SYNTH_FLAW_COUNT);
    return words[kind];
}

static bool chance(struct sg_synth *synth, enum sg_synth_flaw_kind kind)
{
    return sg_prng_below(&synth->prng, 1000000) <
           synth->options.per_million[kind];
}

static bool percent(struct sg_synth *synth, unsigned value)
{
    return sg_prng_below(&synth->prng, 100) < value;
}

/* Lists the communes of the day. Urban ones weigh 1.3, those in the mountains
 * 0.55: no open table of population by commune exists. */
static enum sg_err new_communes(struct sg_synth *synth,
                                const struct sg_unit_table *units)
{
    struct sg_date day = synth->options.day;
    uint32_t sum = 0;

    synth->communes =
        sg_calloc(sg_unit_count_at(units, SG_UNIT_LEVEL_COMMUNE, day),
                  sizeof *synth->communes);
    if (synth->communes == NULL)
        return SG_ERR_NOMEM;
    for (size_t i = 0; i < sg_unit_table_size(units); i++) {
        const struct sg_unit *unit = sg_unit_table_get(units, i);
        struct commune *commune = &synth->communes[synth->n_communes];
        const struct sg_unit *above;

        if (sg_unit_key_level(unit->key) != SG_UNIT_LEVEL_COMMUNE ||
            !sg_unit_is_at(unit, day))
            continue;
        above = sg_unit_above(units, unit, SG_UNIT_LEVEL_DISTRICT);
        commune->unit = unit->key;
        commune->is_urban = unit->kind == 8 || unit->kind == 9;
        commune->district = sg_synth_table_district(
            &synth->table, above == NULL ? 0 : sg_unit_key_code(above->key));
        if (commune->is_urban)
            sum += 130;
        else
            sum += commune->district->ground == SG_SYNTH_LOWLAND ? 100 : 55;
        commune->weight_sum = sum;
        synth->n_communes++;
    }
    return synth->n_communes == 0 ? SG_ERR_INVALID : SG_OK;
}

enum sg_err sg_synth_new(const struct sg_synth_options *options,
                         const struct sg_unit_table *units,
                         struct sg_synth **ret_synth)
{
    struct sg_synth *synth;
    enum sg_err err;

    if (options->count > SG_SYNTH_COUNT_MAX)
        return SG_ERR_LIMIT;
    if (sg_date_precision(options->day) != SG_DATE_YMD ||
        options->day.ymd < DAY_FIRST || options->day.ymd > DAY_LAST)
        return SG_ERR_INVALID;
    synth = sg_calloc(1, sizeof *synth);
    if (synth == NULL)
        return SG_ERR_NOMEM;
    synth->options = *options;
    synth->units = units;
    sg_synth_table_read(&synth->table);
    sg_prng_init(&synth->prng, options->seed);
    err = new_communes(synth, units);
    if (err != SG_OK) {
        sg_synth_free(synth);
        return err;
    }
    *ret_synth = synth;
    return SG_OK;
}

void sg_synth_free(struct sg_synth *synth)
{
    if (synth == NULL)
        return;
    sg_free(synth->communes);
    sg_free(synth);
}

/* How many entries the communes before AT have together. */
static uint64_t quota_before(const struct sg_synth *synth, size_t at)
{
    uint64_t all = synth->communes[synth->n_communes - 1].weight_sum;

    return at == 0 ? 0
                   : synth->options.count * synth->communes[at - 1].weight_sum /
                         all;
}

static const struct commune *commune_now(const struct sg_synth *synth)
{
    SG_ASSERT(synth->at > 0);
    return &synth->communes[synth->at - 1];
}

static const struct commune *commune_any(struct sg_synth *synth)
{
    return &synth->communes[sg_prng_below(&synth->prng, synth->n_communes)];
}

/* Fills the next batch; false when there are no entries left. */
static bool next_batch(struct sg_synth *synth)
{
    struct sg_synth_batch *batch = &synth->batch;
    struct sg_synth_site site;
    size_t count;

    while (synth->in_commune == 0 && synth->at < synth->n_communes) {
        synth->at++;
        synth->serial = 1;
        synth->in_commune =
            quota_before(synth, synth->at) - quota_before(synth, synth->at - 1);
    }
    if (synth->in_commune == 0)
        return false;
    count = synth->in_commune < SG_SYNTH_BATCH_MAX ? synth->in_commune
                                                   : SG_SYNTH_BATCH_MAX;
    synth->in_commune -= count;
    synth->n_twins = 0;
    for (size_t i = 1; i < count; i++)
        if (chance(synth, SG_SYNTH_DUPLICATE))
            synth->n_twins++;
    site =
        (struct sg_synth_site){commune_now(synth)->district,
                               sg_date_days(synth->options.day), synth->serial};
    sg_synth_batch_fill(batch, &synth->table, &site, count - synth->n_twins,
                        &synth->prng);
    synth->serial += (uint32_t)batch->n_households;
    for (size_t i = 0; i < synth->n_twins; i++)
        synth->twins[i] = (uint16_t)sg_prng_below(&synth->prng, batch->count);
    synth->in_batch = 0;
    return true;
}

/*
 * From draft to entry.
 */

static struct sg_synth_kin kin_of(const struct sg_synth_batch *batch,
                                  uint16_t at)
{
    struct sg_synth_kin kin = {NULL, {{NULL, 0}, {NULL, 0}, {NULL, 0}}};

    if (at == SG_SYNTH_NOBODY)
        return kin;
    kin.uid = &batch->drafts[at].uid;
    kin.name = batch->drafts[at].name;
    return kin;
}

/* Returns the serial of place I, 0 to 999,999: each once, in no clear order. */
static uint64_t serial_of(const struct sg_synth *synth, uint32_t i)
{
    return (UINT64_C(1) * i * SERIAL_GAP + synth->options.seed % 7919) %
           SERIALS;
}

/* 999, century and sex, year of birth, and a serial that comes once. */
static uint64_t new_pin(struct sg_synth *synth,
                        const struct sg_synth_draft *draft)
{
    unsigned year = draft->birth.ymd / 10000;
    unsigned digit = (year / 100 - 19) * 2 + (draft->sex == 2);
    uint32_t *serial;
    uint64_t number;

    SG_ASSERT(digit < 4);
    serial = &synth->serials[digit][year % 100];
    number = serial_of(synth, *serial);
    *serial += 1;
    return ((PROVINCE * 10 + digit) * 100 + year % 100) * SERIALS + number;
}

static void set_numbers(struct sg_synth *synth, struct sg_synth_person *person,
                        const struct sg_synth_draft *draft)
{
    /* In no plan of numbers that we know of is one of these given out. */
    static const char *const prefixes[] = {"030", "031", "050", "051",
                                           "072", "080", "095"};
    const char *prefix = prefixes[sg_prng_below(
        &synth->prng, sizeof prefixes / sizeof prefixes[0])];

    person->pin = new_pin(synth, draft);
    person->old_number.size = 0;
    if (draft->birth.ymd < 20050000 && draft->age > CARD_AGE &&
        percent(synth, 90)) {
        sg_synth_flaw_put(&person->old_number, SG_BYTES_TEXT("999"));
        sg_synth_flaw_put_number(&person->old_number,
                                 serial_of(synth, synth->old_numbers++), 6);
    }
    person->phone.size = 0;
    if (draft->age >= CARD_AGE && percent(synth, 85)) {
        sg_synth_flaw_put(&person->phone, sg_bytes(prefix, 3));
        sg_synth_flaw_put_number(&person->phone,
                                 sg_prng_below(&synth->prng, 10000000), 7);
    }
}

static void set_places(struct sg_synth *synth, struct sg_synth_person *person,
                       const struct sg_synth_household *household)
{
    const struct commune *commune = commune_now(synth);

    person->unit = person->lives = commune->unit;
    person->household = household->uid;
    person->address.size = 0;
    if (commune->is_urban)
        sg_synth_flaw_put(&person->address, SG_BYTES_TEXT("Tổ dân phố "));
    else if (commune->district->ground == SG_SYNTH_WEST)
        sg_synth_flaw_put(&person->address, SG_BYTES_TEXT("Bản "));
    else
        sg_synth_flaw_put(&person->address, SG_BYTES_TEXT("Thôn "));
    sg_synth_flaw_put_number(&person->address, household->hamlet, 1);
    person->file_no.size = 0;
    sg_synth_flaw_put_number(&person->file_no, sg_unit_key_code(commune->unit),
                             5);
    sg_synth_flaw_put(&person->file_no, SG_BYTES_TEXT("-"));
    sg_synth_flaw_put_number(&person->file_no, household->serial, 6);
    person->birth_reg =
        percent(synth, 93) ? commune->unit : commune_any(synth)->unit;
    person->hometown =
        percent(synth, 88) ? commune->unit : commune_any(synth)->unit;
}

static struct sg_date day_before(const struct sg_synth *synth, int64_t days)
{
    return sg_date_from_days(sg_date_days(synth->options.day) - days);
}

/* The card's dossier, and the account: one in five is activated within seven
 * days of the notice. */
static void set_card(struct sg_synth *synth, struct sg_synth_person *person,
                     const struct sg_synth_draft *draft)
{
    int64_t captured = (int64_t)sg_prng_below(&synth->prng, 700);
    int64_t notified, activated;

    person->captured = person->notified = person->activated =
        (struct sg_date){0};
    person->dossier_birth = (struct sg_date){0};
    person->dossier_phone.size = person->dossier_address.size = 0;
    if (draft->age < CARD_AGE + 2 || !percent(synth, 95))
        return;
    person->captured = day_before(synth, captured);
    person->dossier_birth = person->birth;
    person->dossier_phone = person->phone;
    person->dossier_address = person->address;
    notified = captured - 5 - (int64_t)sg_prng_below(&synth->prng, 60);
    if (notified < 0 || !percent(synth, 85))
        return;
    person->notified = day_before(synth, notified);
    if (percent(synth, 20))
        activated = notified - (int64_t)sg_prng_below(&synth->prng, 8);
    else if (percent(synth, 35))
        activated = notified - 8 - (int64_t)sg_prng_below(&synth->prng, 150);
    else
        return;
    if (activated >= 0)
        person->activated = day_before(synth, activated);
}

/* Old people often know the year only. */
static void set_birth(struct sg_synth *synth, struct sg_synth_person *person,
                      struct sg_date birth)
{
    unsigned year = birth.ymd / 10000;
    unsigned unknown = year < 1945 ? 25 : year <= 1960 ? 10 : 2;

    person->birth = birth;
    if (percent(synth, unknown))
        person->birth.ymd = year * 10000;
}

static void set_person(struct sg_synth *synth, struct sg_synth_person *person,
                       const struct sg_synth_draft *draft)
{
    static const uint8_t ethnic[SG_SYNTH_PEOPLES] = {1, 6, 3, 8};
    const struct sg_synth_batch *batch = &synth->batch;
    const struct sg_synth_household *household =
        &batch->households[draft->household];

    person->number = synth->given;
    person->n_flaws = 0;
    person->uid = draft->uid;
    person->name = person->clean = draft->name;
    person->born = draft->birth;
    person->sex = draft->sex;
    person->ethnic = ethnic[household->people];
    person->marital = draft->marital;
    person->relation = draft->relation;
    person->is_national = true;
    person->died = (struct sg_date){0};
    person->father = kin_of(batch, draft->father);
    person->mother = kin_of(batch, draft->mother);
    person->spouse = kin_of(batch, draft->spouse);
    set_birth(synth, person, draft->birth);
    set_numbers(synth, person, draft);
    set_places(synth, person, household);
    set_card(synth, person, draft);
}

/*
 * What is wrong.
 */

/* Takes one field away that every entry ought to have. */
static void spoil_incomplete(struct sg_synth *synth,
                             struct sg_synth_person *person)
{
    switch (sg_prng_below(&synth->prng, 5)) {
    case 0:
        sg_synth_flaw_add(person, SG_SYNTH_INCOMPLETE, "ethnicity");
        sg_synth_flaw_truth_number(person, person->ethnic);
        person->ethnic = 0;
        break;
    case 1:
        sg_synth_flaw_add(person, SG_SYNTH_INCOMPLETE, "birth_reg");
        sg_synth_flaw_truth_number(person, person->birth_reg.value);
        person->birth_reg.value = 0;
        break;
    case 2:
        sg_synth_flaw_add(person, SG_SYNTH_INCOMPLETE, "hometown");
        sg_synth_flaw_truth_number(person, person->hometown.value);
        person->hometown.value = 0;
        break;
    case 3:
        sg_synth_flaw_add(person, SG_SYNTH_INCOMPLETE, "nationality");
        person->is_national = false;
        break;
    default:
        sg_synth_flaw_add(person, SG_SYNTH_INCOMPLETE, "file_no");
        sg_synth_flaw_truth_text(person, person->file_no);
        person->file_no.size = 0;
        break;
    }
}

/* Lets the dossier say something else than the register. */
static void spoil_dossier(struct sg_synth *synth,
                          struct sg_synth_person *person)
{
    uint64_t what = sg_prng_below(&synth->prng, 3);

    if (what == 0 && sg_date_precision(person->birth) == SG_DATE_YMD) {
        uint32_t day = person->birth.ymd % 100;

        sg_synth_flaw_add(person, SG_SYNTH_MISMATCH, "dossier.birth");
        sg_synth_flaw_truth_number(person, person->birth.ymd);
        person->dossier_birth.ymd += day < 28 ? 1u : -1u;
    } else if (what == 1 && person->phone.size > 0) {
        char *last = &person->dossier_phone.bytes[person->phone.size - 1u];

        sg_synth_flaw_add(person, SG_SYNTH_MISMATCH, "dossier.phone");
        sg_synth_flaw_truth_text(person, person->phone);
        *last = (char)('0' + (*last - '0' + 1) % 10);
    } else {
        sg_synth_flaw_add(person, SG_SYNTH_MISMATCH, "dossier.address");
        sg_synth_flaw_truth_text(person, person->address);
        person->dossier_address.size = 0;
        sg_synth_flaw_put(&person->dossier_address, SG_BYTES_TEXT("Số "));
        sg_synth_flaw_put_number(&person->dossier_address,
                                 1 + sg_prng_below(&synth->prng, 300), 1);
    }
}

/* Digit 4 against the sex, digits 5 and 6 against the year, or a province that
 * is not 999 and nobody's either. The serial comes from the far end, so that
 * the wrong number is not by chance another one's. */
static void spoil_pin(struct sg_synth *synth, struct sg_synth_person *person)
{
    uint64_t province = PROVINCE;
    uint64_t digit = person->pin / (SERIALS * UINT64_C(100)) % 10;
    uint64_t year = person->pin / SERIALS % 100;

    sg_synth_flaw_add(person, SG_SYNTH_PIN, "pin");
    sg_synth_flaw_truth_number(person, person->pin);
    switch (sg_prng_below(&synth->prng, 3)) {
    case 0:
        digit ^= 1;
        break;
    case 1:
        year = (year + 1 + sg_prng_below(&synth->prng, 98)) % 100;
        break;
    default:
        province--;
        break;
    }
    person->pin =
        ((province * 10 + digit) * 100 + year) * SERIALS +
        serial_of(synth, SERIALS - 1 - synth->spoilt_pins++ % SERIALS);
}

static void spoil_life(struct sg_synth *synth, struct sg_synth_person *person,
                       const struct sg_synth_draft *draft)
{
    if (draft->age >= 60 && chance(synth, SG_SYNTH_DEAD)) {
        person->died =
            day_before(synth, (int64_t)sg_prng_below(&synth->prng, 90));
        sg_synth_flaw_add(person, SG_SYNTH_DEAD, "");
        sg_synth_flaw_truth_number(person, person->died.ymd);
    }
    if (chance(synth, SG_SYNTH_MOVED)) {
        person->lives = commune_any(synth)->unit;
        if (sg_unit_key_equal(person->lives, person->unit))
            return;
        sg_synth_flaw_add(person, SG_SYNTH_MOVED, "unit");
        sg_synth_flaw_truth_number(person, person->lives.value);
    }
}

/* Gives PERSON the name and birth year of another adult of the batch. */
static void spoil_homonym(struct sg_synth *synth,
                          struct sg_synth_person *person,
                          const struct sg_synth_draft *draft)
{
    const struct sg_synth_batch *batch = &synth->batch;
    const struct sg_synth_draft *other =
        &batch->drafts[sg_prng_below(&synth->prng, batch->count)];
    unsigned month_day = draft->birth.ymd % 10000;

    /* The number goes with the year, so only one of the same year serves. */
    for (size_t i = 0; i < batch->count; i++, other++) {
        if (other == batch->drafts + batch->count)
            other = batch->drafts;
        if (other != draft && other->sex == draft->sex && other->age >= 18 &&
            other->birth.ymd / 10000 == draft->birth.ymd / 10000 &&
            other->birth.ymd % 10000 != month_day)
            break;
        if (i + 1 == batch->count)
            return;
    }
    person->name = person->clean = other->name;
    sg_synth_flaw_add(person, SG_SYNTH_HOMONYM, "name");
    person->flaws[person->n_flaws - 1].other = &other->uid;
}

static void spoil(struct sg_synth *synth, struct sg_synth_person *person,
                  const struct sg_synth_draft *draft)
{
    if (draft->age >= 18 && draft->father == SG_SYNTH_NOBODY &&
        chance(synth, SG_SYNTH_HOMONYM))
        spoil_homonym(synth, person, draft);
    if (chance(synth, SG_SYNTH_INCOMPLETE))
        spoil_incomplete(synth, person);
    if (person->captured.ymd != 0 && chance(synth, SG_SYNTH_MISMATCH))
        spoil_dossier(synth, person);
    if (chance(synth, SG_SYNTH_PIN))
        spoil_pin(synth, person);
    if (sg_date_precision(person->birth) == SG_DATE_Y &&
        chance(synth, SG_SYNTH_IMPUTED)) {
        sg_synth_flaw_add(person, SG_SYNTH_IMPUTED, "birth");
        sg_synth_flaw_truth_number(person, person->birth.ymd);
        person->birth.ymd += 101;
    }
    spoil_life(synth, person, draft);
    if (chance(synth, SG_SYNTH_MOJIBAKE))
        sg_synth_flaw_mojibake(person, percent(synth, 50));
    else if (chance(synth, SG_SYNTH_NFD))
        sg_synth_flaw_nfd(person);
    else if (chance(synth, SG_SYNTH_TONE))
        sg_synth_flaw_tone(person);
}

/* Makes PERSON, as set from DRAFT, a second entry for the same citizen: a new
 * uid, no number, and a slip in one or two places. */
static void twin(struct sg_synth *synth, struct sg_synth_person *person,
                 const struct sg_synth_draft *draft)
{
    uint32_t ymd = draft->birth.ymd;
    uint32_t day = ymd % 100;
    uint32_t month = ymd / 100 % 100;

    sg_prng_bytes(&synth->prng, person->uid.bytes, sizeof person->uid.bytes);
    sg_prng_bytes(&synth->prng, person->household.bytes,
                  sizeof person->household.bytes);
    person->birth = draft->birth;
    person->pin = 0;
    person->relation = SG_SYNTH_HEAD;
    person->captured = person->notified = person->activated =
        (struct sg_date){0};
    sg_synth_flaw_put(&person->file_no, SG_BYTES_TEXT("B"));
    if (percent(synth, 30))
        person->unit = person->lives = commune_any(synth)->unit;
    sg_synth_flaw_add(person, SG_SYNTH_DUPLICATE, "");
    person->flaws[0].other = &draft->uid;
    switch (sg_prng_below(&synth->prng, 5)) {
    case 0:
        if (day <= 12)
            person->birth.ymd = ymd - ymd % 10000 + day * 100 + month;
        break;
    case 1:
        person->birth.ymd = ymd - ymd % 10000;
        break;
    case 2:
        person->name.middle.size = 0;
        break;
    case 3:
        person->old_number.size = 0;
        break;
    default:
        break;
    }
}

/* As sg_synth_next, wherever the entry lives. */
static bool next_anywhere(struct sg_synth *synth,
                          const struct sg_synth_person **ret_person)
{
    struct sg_synth_batch *batch = &synth->batch;
    struct sg_synth_person *person = &synth->person;
    const struct sg_synth_draft *draft;

    if (synth->in_batch == batch->count + synth->n_twins && !next_batch(synth))
        return false;
    if (synth->in_batch < batch->count) {
        draft = &batch->drafts[synth->in_batch];
        set_person(synth, person, draft);
        spoil(synth, person, draft);
    } else {
        draft = &batch->drafts[synth->twins[synth->in_batch - batch->count]];
        set_person(synth, person, draft);
        twin(synth, person, draft);
    }
    synth->in_batch++;
    synth->given++;
    *ret_person = person;
    return true;
}

bool sg_synth_next(struct sg_synth *synth,
                   const struct sg_synth_person **ret_person)
{
    struct sg_unit_key within = synth->options.within;

    while (next_anywhere(synth, ret_person))
        if (within.value == 0 ||
            sg_unit_covers(synth->units, within, (*ret_person)->unit))
            return true;
    return false;
}

size_t sg_synth_members(const struct sg_synth *synth,
                        struct sg_synth_member *ret_members, size_t max)
{
    const struct sg_synth_batch *batch = &synth->batch;
    size_t at = synth->in_batch - 1;
    size_t count = 0;

    SG_ASSERT(synth->in_batch > 0);
    if (at >= batch->count || batch->drafts[at].relation != SG_SYNTH_HEAD)
        return 0;
    for (uint16_t i = batch->households[batch->drafts[at].household].first;
         i != SG_SYNTH_NOBODY && count < max; i = batch->next[i])
        ret_members[count++] = (struct sg_synth_member){
            &batch->drafts[i].uid, batch->drafts[i].relation};
    return count;
}
