#include "tools/synth_batch.h"

#include <string.h>

#include "storage/base/check.h"

#define AGE_MAX       104
#define ADULT         18
#define HOUSEHOLD_X10 36 /* the census of 2019: 3.6 persons */
#define TRIES         8

static bool chance(struct sg_prng *prng, unsigned percent)
{
    return sg_prng_below(prng, 100) < percent;
}

static void draw_ages(struct sg_synth_batch *batch,
                      const struct sg_synth_table *table,
                      const struct sg_synth_site *site, struct sg_prng *prng)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct sg_synth_draft *draft = &batch->drafts[i];
        const struct sg_synth_age *row = &table->ages[sg_synth_table_draw(
            table->age_sums, table->n_ages, prng)];
        unsigned years = row->last - row->first + 1u;
        int32_t days;

        draft->age = (uint8_t)(row->first + sg_prng_below(prng, years));
        draft->sex = row->sex;
        draft->relation = 0;
        draft->father = draft->mother = draft->spouse = SG_SYNTH_NOBODY;
        days = site->day - draft->age * 1461 / 4 -
               (int32_t)sg_prng_below(prng, 365);
        draft->birth = sg_date_from_days(days);
        sg_prng_bytes(prng, draft->uid.bytes, sizeof draft->uid.bytes);
    }
}

static void shuffle(struct sg_synth_batch *batch, struct sg_prng *prng)
{
    for (size_t i = 0; i < batch->count; i++) {
        size_t k = sg_prng_below(prng, i + 1);

        batch->order[i] = batch->order[k];
        batch->order[k] = (uint16_t)i;
    }
}

/* Makes heads of those of SEX (0: of either) and at least AGE_MIN years, until
 * there are UP_TO households. */
static void place_heads(struct sg_synth_batch *batch, uint8_t sex,
                        uint8_t age_min, size_t up_to)
{
    for (size_t i = 0; i < batch->count && batch->n_households < up_to; i++) {
        struct sg_synth_draft *draft = &batch->drafts[batch->order[i]];

        if (draft->relation != 0 || draft->age < age_min ||
            (age_min > ADULT && draft->age > 74) ||
            (sex != 0 && draft->sex != sex))
            continue;
        draft->relation = SG_SYNTH_HEAD;
        draft->household = (uint16_t)batch->n_households;
        batch->households[batch->n_households++].head = batch->order[i];
    }
}

static void place_households(struct sg_synth_batch *batch,
                             const struct sg_synth_site *site,
                             struct sg_prng *prng)
{
    size_t wanted = (batch->count * 10 + HOUSEHOLD_X10 / 2) / HOUSEHOLD_X10;

    if (wanted == 0)
        wanted = 1;
    batch->n_households = 0;
    place_heads(batch, 1, 25, wanted * 73 / 100);
    place_heads(batch, 2, 25, wanted);
    place_heads(batch, 0, ADULT, wanted);
    place_heads(batch, 0, 0, wanted);
    for (size_t i = 0; i < batch->n_households; i++) {
        struct sg_synth_household *household = &batch->households[i];

        sg_prng_bytes(prng, household->uid.bytes, sizeof household->uid.bytes);
        household->people = (enum sg_synth_people)sg_synth_table_draw(
            site->district->sums, SG_SYNTH_PEOPLES, prng);
        household->serial = site->first_serial + (uint32_t)i;
        household->hamlet = (uint16_t)(1 + sg_prng_below(prng, 12));
    }
}

/* Gives most male heads the nearest free woman of a fitting age. */
static void place_spouses(struct sg_synth_batch *batch, struct sg_prng *prng)
{
    uint16_t of_age[AGE_MAX + 1];

    for (size_t i = 0; i <= AGE_MAX; i++)
        of_age[i] = SG_SYNTH_NOBODY;
    for (size_t i = 0; i < batch->count; i++) {
        uint16_t at = batch->order[i];
        const struct sg_synth_draft *draft = &batch->drafts[at];

        if (draft->relation != 0 || draft->sex != 2 || draft->age < ADULT)
            continue;
        batch->next[at] = of_age[draft->age];
        of_age[draft->age] = at;
    }
    for (size_t i = 0; i < batch->n_households; i++) {
        uint16_t head = batch->households[i].head;
        struct sg_synth_draft *husband = &batch->drafts[head];
        int around = husband->age - 3 + (int)sg_prng_below(prng, 4);

        if (husband->sex != 1 || husband->age < 20 || !chance(prng, 88))
            continue;
        for (int k = 0; k < 13; k++) {
            int age = around + (k % 2 == 0 ? k / 2 : -(k + 1) / 2);
            uint16_t wife;

            if (age < ADULT || age > AGE_MAX || of_age[age] == SG_SYNTH_NOBODY)
                continue;
            wife = of_age[age];
            of_age[age] = batch->next[wife];
            batch->drafts[wife].relation = SG_SYNTH_SPOUSE;
            batch->drafts[wife].household = (uint16_t)i;
            batch->drafts[wife].spouse = head;
            husband->spouse = wife;
            break;
        }
    }
}

static bool is_between(int value, int first, int last)
{
    return first <= value && value <= last;
}

/* Says what DRAFT can be to HOUSEHOLD, by ages alone; 0 when nothing near. */
static uint8_t fits(const struct sg_synth_batch *batch,
                    const struct sg_synth_draft *draft,
                    const struct sg_synth_household *household)
{
    const struct sg_synth_draft *head = &batch->drafts[household->head];
    int older = head->age - draft->age;
    int wife_older = older;

    if (head->spouse != SG_SYNTH_NOBODY)
        wife_older = batch->drafts[head->spouse].age - draft->age;
    if (is_between(older, 18, 50) && is_between(wife_older, 17, 44))
        return SG_SYNTH_CHILD;
    if (draft->age < 25)
        return is_between(older, 45, 75) ? SG_SYNTH_GRANDCHILD : 0;
    if (is_between(-older, 18, 44) &&
        (draft->sex == 1 ? head->father : head->mother) == SG_SYNTH_NOBODY)
        return SG_SYNTH_PARENT;
    return is_between(older, -14, 14) ? SG_SYNTH_SIBLING : 0;
}

static void place_other(struct sg_synth_batch *batch, uint16_t at,
                        struct sg_prng *prng)
{
    struct sg_synth_draft *draft = &batch->drafts[at];
    uint8_t relation = 0;
    size_t chosen = 0;
    struct sg_synth_draft *head;

    /* The first household where he is a child, else the last that fits. */
    for (int k = 0; k < TRIES && relation != SG_SYNTH_CHILD; k++) {
        size_t i = sg_prng_below(prng, batch->n_households);
        uint8_t fit = fits(batch, draft, &batch->households[i]);

        if (fit == 0)
            continue;
        relation = fit;
        chosen = i;
        if (fit == SG_SYNTH_PARENT)
            break;
    }
    if (relation == 0) {
        relation = SG_SYNTH_OTHER_RELATIVE;
        chosen = sg_prng_below(prng, batch->n_households);
    }
    draft->relation = relation;
    draft->household = (uint16_t)chosen;
    head = &batch->drafts[batch->households[chosen].head];
    if (relation == SG_SYNTH_CHILD) {
        uint16_t one = batch->households[chosen].head;

        draft->father = head->sex == 1 ? one : head->spouse;
        draft->mother = head->sex == 2 ? one : head->spouse;
    } else if (relation == SG_SYNTH_PARENT) {
        *(draft->sex == 1 ? &head->father : &head->mother) = at;
    }
}

static void place_others(struct sg_synth_batch *batch, struct sg_prng *prng)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->drafts[batch->order[i]].relation == 0)
            place_other(batch, batch->order[i], prng);
    for (size_t i = 0; i < batch->n_households; i++) {
        const struct sg_synth_draft *head =
            &batch->drafts[batch->households[i].head];

        if (head->father == SG_SYNTH_NOBODY || head->mother == SG_SYNTH_NOBODY)
            continue;
        batch->drafts[head->father].spouse = head->mother;
        batch->drafts[head->mother].spouse = head->father;
    }
}

/* Lists the members of each household. */
static void list_members(struct sg_synth_batch *batch)
{
    for (size_t i = 0; i < batch->n_households; i++)
        batch->households[i].first = SG_SYNTH_NOBODY;
    for (size_t i = batch->count; i-- > 0;) {
        struct sg_synth_household *household =
            &batch->households[batch->drafts[i].household];

        batch->next[i] = household->first;
        household->first = (uint16_t)i;
    }
}

/*
 * Names.
 */

/* Percent of the born in YEAR whose middle name is Van or Thi: from 70 before
 * 1960 down to 10 after 2005. */
static unsigned classic_percent(unsigned year)
{
    if (year <= 1960)
        return 70;
    if (year >= 2005)
        return 10;
    return 70 - (year - 1960) * 60 / 45;
}

/* Percent of the born in YEAR with a given name of two syllables. */
static unsigned double_percent(unsigned year)
{
    return year < 1990 ? 6 : year < 2005 ? 20 : 40;
}

static void put(struct sg_synth_text *text, struct sg_bytes bytes)
{
    SG_ASSERT(text->size + bytes.size <= SG_SYNTH_TEXT_SIZE_MAX);
    memcpy(text->bytes + text->size, bytes.data, bytes.size);
    text->size = (uint8_t)(text->size + bytes.size);
}

/* Middle and given name; the family name is there already. */
static void name_one(struct sg_synth_draft *draft,
                     const struct sg_synth_table *table,
                     enum sg_synth_people people, struct sg_prng *prng)
{
    unsigned year = draft->birth.ymd / 10000;
    size_t sex = draft->sex - 1u;
    size_t cohort = year < 1960 ? 0 : year < 1990 ? 1 : 2;
    bool is_mong = people == SG_SYNTH_MONG;
    const struct sg_synth_list *middles = &table->middles[sex];
    struct sg_bytes given =
        sg_synth_table_pick(&table->givens[is_mong][sex][cohort], prng);

    draft->text.size = 0;
    if (is_mong && sex == 0)
        draft->name.middle = SG_BYTES_TEXT("A");
    else if (is_mong || chance(prng, classic_percent(year)))
        draft->name.middle =
            sex == 0 ? SG_BYTES_TEXT("Văn") : SG_BYTES_TEXT("Thị");
    else
        draft->name.middle = sg_synth_table_pick(middles, prng);
    draft->name.given = given;
    if (is_mong || !chance(prng, double_percent(year)))
        return;
    put(&draft->text, sg_synth_table_pick(middles, prng));
    put(&draft->text, SG_BYTES_TEXT(" "));
    put(&draft->text, given);
    draft->name.given = sg_bytes(draft->text.bytes, draft->text.size);
}

/* The one whose family name DRAFT has; NULL: one of his own. */
static const struct sg_synth_draft *named_after(
    const struct sg_synth_batch *batch, const struct sg_synth_draft *draft)
{
    const struct sg_synth_draft *head =
        &batch->drafts[batch->households[draft->household].head];

    switch (draft->relation) {
    case SG_SYNTH_CHILD:
        return draft->father != SG_SYNTH_NOBODY ? &batch->drafts[draft->father]
                                                : head;
    case SG_SYNTH_PARENT:
        return draft->sex == 1 ? head : NULL;
    case SG_SYNTH_GRANDCHILD:
    case SG_SYNTH_SIBLING:
        return head;
    default:
        return NULL;
    }
}

static void name_all(struct sg_synth_batch *batch,
                     const struct sg_synth_table *table, struct sg_prng *prng)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct sg_synth_draft *draft = &batch->drafts[i];
        enum sg_synth_people people =
            batch->households[draft->household].people;

        draft->name.family =
            sg_synth_table_pick(&table->families[people], prng);
        name_one(draft, table, people, prng);
    }
    /* Heads and their spouses have names of their own, so one pass is all. */
    for (size_t i = 0; i < batch->count; i++) {
        struct sg_synth_draft *draft = &batch->drafts[i];
        const struct sg_synth_draft *elder = named_after(batch, draft);

        if (elder != NULL)
            draft->name.family = elder->name.family;
    }
}

/* Code table 5. */
static void marry(struct sg_synth_batch *batch, struct sg_prng *prng)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct sg_synth_draft *draft = &batch->drafts[i];

        if (draft->spouse != SG_SYNTH_NOBODY)
            draft->marital = 2;
        else if (draft->age < 25)
            draft->marital = 1;
        else if (draft->age >= 60)
            draft->marital = chance(prng, 70) ? 4 : 2;
        else
            draft->marital = chance(prng, 50) ? 1 : chance(prng, 15) ? 3 : 2;
    }
}

void sg_synth_batch_fill(struct sg_synth_batch *batch,
                         const struct sg_synth_table *table,
                         const struct sg_synth_site *site, size_t count,
                         struct sg_prng *prng)
{
    SG_ASSERT(count > 0);
    SG_ASSERT(count <= SG_SYNTH_BATCH_MAX);
    batch->count = count;
    draw_ages(batch, table, site, prng);
    shuffle(batch, prng);
    place_households(batch, site, prng);
    place_spouses(batch, prng);
    place_others(batch, prng);
    list_members(batch);
    name_all(batch, table, prng);
    marry(batch, prng);
}
