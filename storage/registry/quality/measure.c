#include "storage/registry/quality/measure.h"

#include <string.h>

const uint8_t sg_measure_correct[SG_MEASURE_N_CORRECT] = {1, 2, 5, 8, 10, 12};
const uint8_t sg_measure_clean[SG_MEASURE_N_CLEAN] = {3, 6, 7, 9, 13};

#define MILLION INT64_C(1000000)

/* One birth in 365 is on a given day; three times as many on the first of
 * January are not births but guesses. */
#define NEW_YEAR_FACTOR 3
#define DAYS            365
/* Below this a unit is too small for the share to say anything. */
#define NEW_YEAR_PERSONS_MIN 200

#define SAMPLE_MIN         30
#define SAMPLE_MAX         MILLION /* more would say no more */
#define HEAD_AGE_HOURS_MAX 720

static void count_rule(struct sg_measure_rule *rule, unsigned verdict, int sign)
{
    if (verdict == SG_RULES_PASS)
        rule->pass += sign;
    else if (verdict == SG_RULES_FAIL)
        rule->fail += sign;
    else if (verdict == SG_RULES_UNKNOWN)
        rule->unknown += sign;
}

/* What is asked of the dead too. */
static void count_anyone(struct sg_measure *measure,
                         const struct sg_quality_person *person, int sign)
{
    measure->due += sign * person->due;
    measure->present += sign * person->present;
    measure->evident_of += sign * person->evident_of;
    measure->evident += sign * person->evident;
    measure->events += sign * person->events;
    measure->in_time += sign * person->in_time;
    if (person->is_death_disputed) {
        measure->death_disputed += sign;
        for (unsigned i = 0; i < SG_QUALITY_DIRT_COUNT; i++)
            if ((person->dirt >> i & 1) != 0)
                measure->dirty[i] += sign;
    }
}

static void count_sample(struct sg_measure *measure,
                         const struct sg_quality_person *person, int sign)
{
    if (!person->is_sampled)
        return;
    if (person->stratum >= SG_MEASURE_STRATA) {
        measure->beyond_strata += sign;
        return;
    }
    measure->strata[person->stratum].sampled += sign;
    if (person->is_wrong)
        measure->strata[person->stratum].wrong += sign;
}

static void count_clean(struct sg_measure *measure,
                        const struct sg_quality_person *person, int sign)
{
    for (unsigned i = 0; i < SG_QUALITY_DIRT_COUNT; i++)
        if ((person->dirt >> i & 1) != 0)
            measure->dirty[i] += sign;
    if (person->dirt == 0)
        measure->clean += sign;
    if (person->is_new_year)
        measure->new_year += sign;
    if (person->is_new_year && person->dirt == 0)
        measure->clean_new_year += sign;
}

static void count_if(int64_t *count, bool is_so, int sign)
{
    if (is_so)
        *count += sign;
}

void sg_measure_count(struct sg_measure *measure,
                      const struct sg_quality_person *person, int sign)
{
    if (person->is_counted || person->is_deceased)
        count_anyone(measure, person, sign);
    if (!person->is_counted)
        return;
    measure->persons += sign;
    count_if(&measure->pending, person->is_pending, sign);
    count_if(&measure->homeless, person->is_homeless, sign);
    for (unsigned i = 1; i <= SG_RULES_COUNT; i++)
        count_rule(&measure->rules[i], person->rules[i], sign);
    count_rule(&measure->external, person->external, sign);
    count_sample(measure, person, sign);
    count_clean(measure, person, sign);
    count_if(&measure->in_duty, person->duties > 0, sign);
    count_if(&measure->met, person->duties > 0 && person->met == person->duties,
             sign);
    count_if(&measure->touched, person->is_touched, sign);
    count_if(&measure->identity_wrong, person->is_identity_wrong, sign);
}

/* --- A commune's first days of January ------------------------------------ */

static bool has_new_year(const struct sg_measure *measure,
                         struct sg_fraction national)
{
    if (national.in <= 0 || national.of <= 0)
        national = (struct sg_fraction){1, DAYS};
    return measure->persons >= NEW_YEAR_PERSONS_MIN &&
           measure->new_year * national.in >
               measure->persons * national.of * NEW_YEAR_FACTOR;
}

static int64_t suspect_of(const struct sg_measure *measure,
                          struct sg_fraction national)
{
    if (measure->communes > 0)
        return measure->suspect;
    return has_new_year(measure, national) ? measure->clean_new_year : 0;
}

_Static_assert(sizeof(struct sg_measure) % sizeof(int64_t) == 0, "counts");

void sg_measure_add(struct sg_measure *measure, const struct sg_measure *part,
                    struct sg_fraction national)
{
    int64_t *to = (int64_t *)(void *)measure;
    const int64_t *from = (const int64_t *)(const void *)part;
    int64_t suspect = measure->suspect + suspect_of(part, national);
    int64_t communes =
        measure->communes + (part->communes > 0 ? part->communes : 1);

    for (size_t i = 0; i < sizeof *measure / sizeof *to; i++)
        to[i] += from[i];
    measure->suspect = suspect;
    measure->communes = communes;
}

/* --- Fractions ------------------------------------------------------------ */

int sg_measure_compare(struct sg_fraction a, struct sg_fraction b)
{
    int64_t left = a.of * b.in;
    int64_t right = b.of * a.in;

    if (a.in == 0 || b.in == 0)
        return (a.in == 0) - (b.in == 0);
    return left < right ? -1 : left > right;
}

static struct sg_fraction smaller(struct sg_fraction a, struct sg_fraction b)
{
    return sg_measure_compare(a, b) <= 0 ? a : b;
}

/* Says whether FRACTION is at least PERCENT; one that is not computable is. */
static bool reaches(struct sg_fraction fraction, int64_t percent)
{
    return fraction.in == 0 || fraction.of * 100 >= fraction.in * percent;
}

void sg_measure_print(struct sg_fraction fraction, char ret_text[8])
{
    int64_t tenths = 0;
    int64_t digit = 1000;
    size_t n = 0;

    if (fraction.in != 0)
        tenths = fraction.of * 1000 / fraction.in;
    if (fraction.in == 0 || tenths < 0 || tenths > 9999) {
        memcpy(ret_text, "-", 2);
        return;
    }
    while (digit > 10 && tenths < digit)
        digit /= 10;
    for (; digit > 0; digit /= 10) {
        if (digit == 1)
            ret_text[n++] = '.';
        ret_text[n++] = (char)('0' + tenths / digit % 10);
    }
    ret_text[n] = 0;
}

struct sg_fraction sg_measure_dqi(const struct sg_measure_rule *rule)
{
    return (struct sg_fraction){rule->pass, rule->pass + rule->fail};
}

struct sg_fraction sg_measure_coverage(const struct sg_measure_rule *rule)
{
    return (struct sg_fraction){rule->pass + rule->fail,
                                rule->pass + rule->fail + rule->unknown};
}

int64_t sg_measure_mean(const struct sg_measure *measure, const uint8_t rules[],
                        size_t count,
                        const uint64_t weights[SG_RULES_COUNT + 1])
{
    int64_t sum = 0;
    int64_t whole = 0;

    for (size_t i = 0; i < count; i++) {
        struct sg_fraction dqi = sg_measure_dqi(&measure->rules[rules[i]]);
        int64_t weight = weights == NULL || weights[rules[i]] > MILLION
                             ? 1000
                             : (int64_t)weights[rules[i]];

        if (dqi.in == 0)
            continue;
        sum += dqi.of * MILLION / dqi.in * weight;
        whole += weight;
    }
    return whole == 0 ? -1 : sum / whole;
}

/* --- The sample --------------------------------------------------------- */

/* Integer square root, rounded up. */
static int64_t root_above(int64_t value)
{
    int64_t low = 0;
    int64_t high = INT64_C(3037000499);

    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (middle * middle >= value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Upper end of Wilson's 95 % interval for K wrong of N, both in thousandths; in
 * millionths, without floats, rounded up: (k + z^2/2 + z sqrt(k(n-k)/n +
 * z^2/4)) / (n + z^2), z = 1.96. */
static int64_t wilson_max(int64_t k, int64_t n)
{
    int64_t z2 = 3842; /* 1.96^2, thousandths, rounded up */
    int64_t inner = k * (n - k) / n + z2 / 4 + 1;
    int64_t root = root_above(inner * 1000); /* thousandths */
    int64_t top = k + z2 / 2 + 1 + 1960 * root / 1000 + 1;
    int64_t max = top * MILLION / (n + z2) + 1;

    return max > MILLION ? MILLION : max;
}

/* The persons of each stratum, in millionths of the unit. Returns false when
 * one of them was not visited. */
static bool weigh(const struct sg_measure *measure,
                  const struct sg_measure_outside *outside,
                  int64_t ret_weights[SG_MEASURE_STRATA])
{
    int64_t given = 0;
    int64_t sum = 0;

    for (size_t i = 0; i < SG_MEASURE_STRATA; i++)
        given += outside->strata[i];
    for (size_t i = 0; i < SG_MEASURE_STRATA; i++)
        sum += given > 0 ? outside->strata[i] : measure->strata[i].sampled;
    for (size_t i = 0; i < SG_MEASURE_STRATA; i++) {
        int64_t n = measure->strata[i].sampled;
        int64_t of = given > 0 ? outside->strata[i] : n;

        if (of > 0 && n == 0)
            return false;
        ret_weights[i] = of * MILLION / sum;
    }
    return true;
}

/* The estimate is sum(w k / n); a simple sample that says as much has
 * 1 / sum(w^2 / n) persons (Kish, "Survey Sampling", 1965). */
static void judge_sample(const struct sg_measure *measure,
                         const struct sg_measure_outside *outside,
                         struct sg_measure_result *result)
{
    int64_t weights[SG_MEASURE_STRATA];
    int64_t spread = 0;
    int64_t size; /* thousandths */

    for (size_t i = 0; i < SG_MEASURE_STRATA; i++)
        result->sampled += measure->strata[i].sampled;
    result->has_sample = result->sampled >= SAMPLE_MIN &&
                         measure->beyond_strata == 0 &&
                         weigh(measure, outside, weights);
    if (!result->has_sample)
        return;
    for (size_t i = 0; i < SG_MEASURE_STRATA; i++) {
        const struct sg_measure_stratum *stratum = &measure->strata[i];

        if (stratum->sampled == 0)
            continue;
        result->sample_wrong += weights[i] * stratum->wrong / stratum->sampled;
        spread += weights[i] * weights[i] / stratum->sampled;
    }
    size = spread > 0 ? MILLION * MILLION * 1000 / spread : SAMPLE_MAX * 1000;
    if (size > SAMPLE_MAX * 1000)
        size = SAMPLE_MAX * 1000;
    result->sample_wrong_max =
        wilson_max(result->sample_wrong * size / MILLION, size);
}

/* --- The figures -------------------------------------------------------- */

static void judge_correct(const struct sg_measure *measure,
                          struct sg_measure_result *result)
{
    const struct sg_measure_rule *external = &measure->external;
    int64_t known = external->pass + external->fail;
    int64_t unknown = 0;

    for (size_t i = 0; i < SG_MEASURE_N_CORRECT; i++) {
        const struct sg_measure_rule *rule =
            &measure->rules[sg_measure_correct[i]];

        result->struct_correct.of += rule->pass;
        result->struct_correct.in += rule->pass + rule->fail;
        unknown += rule->unknown;
    }
    result->coverage = (struct sg_fraction){
        result->struct_correct.in, result->struct_correct.in + unknown};
    result->external = (struct sg_fraction){external->pass, known};
    result->external_coverage =
        (struct sg_fraction){known, known + external->unknown};
    result->is_provisional =
        known == 0 || !reaches(result->external_coverage, 50);
    result->correct = result->is_provisional
                          ? result->struct_correct
                          : smaller(result->struct_correct, result->external);
}

static void judge_complete(const struct sg_measure *measure,
                           const struct sg_measure_outside *outside,
                           struct sg_measure_result *result)
{
    int64_t held = measure->persons < outside->reference ? measure->persons
                                                         : outside->reference;

    result->fields = (struct sg_fraction){measure->present, measure->due};
    result->people = (struct sg_fraction){held, outside->reference};
    if (outside->reference > 0 && measure->persons > outside->reference)
        result->excess = measure->persons - outside->reference;
    result->evidence =
        (struct sg_fraction){measure->evident, measure->evident_of};
    result->complete = smaller(result->fields, result->people);
}

/* Of whom it is disputed whether he lives: he counts, and is not clean. */
static void judge_clean(const struct sg_measure *measure,
                        const struct sg_measure_outside *outside,
                        struct sg_measure_result *result)
{
    int64_t suspect = suspect_of(measure, outside->national);

    result->has_new_year = suspect > 0;
    result->clean = (struct sg_fraction){
        measure->clean - suspect, measure->persons + measure->death_disputed};
}

static void judge_live(const struct sg_measure *measure,
                       const struct sg_measure_outside *outside,
                       struct sg_measure_result *result)
{
    result->lag = (struct sg_fraction){measure->in_time, measure->events};
    result->due = (struct sg_fraction){measure->met, measure->in_duty};
    result->touch = (struct sg_fraction){measure->touched, measure->persons};
    result->replication =
        (struct sg_fraction){outside->acknowledged, outside->known_events};
    result->live =
        smaller(smaller(result->lag, result->due), result->replication);
    result->consistent = (struct sg_fraction){
        outside->mapping_errors == 0 ? outside->units_equal : 0,
        outside->units_compared};
}

static bool is_grey(const struct sg_measure *measure,
                    const struct sg_measure_outside *outside,
                    const struct sg_measure_result *result)
{
    return measure->persons == 0 || result->coverage.in == 0 ||
           !reaches(result->coverage, 50) || result->correct.in == 0 ||
           result->complete.in == 0 || result->live.in == 0 ||
           outside->head_age_hours > HEAD_AGE_HOURS_MAX;
}

static enum sg_measure_verdict verdict_of(
    const struct sg_measure *measure, const struct sg_measure_outside *outside,
    const struct sg_measure_result *result)
{
    struct sg_fraction least = smaller(
        smaller(result->correct, result->complete),
        smaller(smaller(result->clean, result->live), result->consistent));
    bool is_whole = result->people.in > 0 && result->consistent.in > 0;

    if (is_grey(measure, outside, result))
        return SG_MEASURE_GREY;
    if (reaches(least, 90) && is_whole && measure->identity_wrong == 0)
        return SG_MEASURE_GREEN;
    return reaches(least, 75) ? SG_MEASURE_YELLOW : SG_MEASURE_RED;
}

void sg_measure_judge(const struct sg_measure *measure,
                      const struct sg_measure_outside *outside,
                      struct sg_measure_result *ret_result)
{
    *ret_result = (struct sg_measure_result){0};
    judge_correct(measure, ret_result);
    judge_sample(measure, outside, ret_result);
    judge_complete(measure, outside, ret_result);
    judge_clean(measure, outside, ret_result);
    judge_live(measure, outside, ret_result);
    ret_result->mean_correct = sg_measure_mean(
        measure, sg_measure_correct, SG_MEASURE_N_CORRECT, outside->weights);
    ret_result->mean_clean = sg_measure_mean(
        measure, sg_measure_clean, SG_MEASURE_N_CLEAN, outside->weights);
    ret_result->verdict = verdict_of(measure, outside, ret_result);
}

const char *sg_measure_text(enum sg_measure_verdict verdict, enum sg_lang lang)
{
    static const char *const texts[][2] = {
        [SG_MEASURE_GREY] = {"grey: too little is known",
                             "xám: chưa đủ dữ liệu"},
        [SG_MEASURE_RED] = {"red", "đỏ"},
        [SG_MEASURE_YELLOW] = {"yellow", "vàng"},
        [SG_MEASURE_GREEN] = {"green", "xanh"},
    };

    return texts[verdict][lang == SG_LANG_VI];
}
