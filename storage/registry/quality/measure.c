#include "storage/registry/quality/measure.h"

#include <string.h>

/* The rules that say whether an entry is correct by its structure. */
static const uint8_t structural[] = {1, 2, 5, 8, 10, 12};
#define N_STRUCTURAL (sizeof structural / sizeof structural[0])

/* One birth in 365 is on a given day; three times as many on the first of
 * January are not births but guesses. */
#define NEW_YEAR_FACTOR 3
#define DAYS            365
/* Below this a unit is too small for the share to say anything. */
#define NEW_YEAR_PERSONS_MIN 200

#define SAMPLE_MIN        30
#define HEAD_AGE_DAYS_MAX 30

static void count_rule(struct sg_measure_rule *rule, unsigned verdict, int sign)
{
    if (verdict == SG_RULES_PASS)
        rule->pass += sign;
    else if (verdict == SG_RULES_FAIL)
        rule->fail += sign;
    else if (verdict == SG_RULES_UNKNOWN)
        rule->unknown += sign;
}

void sg_measure_count(struct sg_measure *measure,
                      const struct sg_quality_person *person, int sign)
{
    if (!person->is_counted)
        return;
    if (person->is_pending)
        measure->pending += sign;
    measure->persons += sign;
    for (unsigned i = 1; i <= SG_RULES_COUNT; i++)
        count_rule(&measure->rules[i], person->rules[i], sign);
    count_rule(&measure->external, person->external, sign);
    measure->sampled += sign * person->sampled;
    measure->wrong += sign * person->wrong;
    measure->due += sign * person->due;
    measure->present += sign * person->present;
    measure->evidenced += sign * person->evidenced;
    for (unsigned i = 0; i < SG_QUALITY_DIRT_COUNT; i++)
        if ((person->dirt >> i & 1) != 0)
            measure->dirty[i] += sign;
    if (person->dirt == 0)
        measure->clean += sign;
    if (person->is_new_year)
        measure->new_year += sign;
    if (person->is_new_year && person->dirt == 0)
        measure->clean_new_year += sign;
    measure->events += sign * person->events;
    measure->in_time += sign * person->in_time;
    measure->duties += sign * person->duties;
    measure->met += sign * person->met;
    if (person->is_touched)
        measure->touched += sign;
    if (person->is_identity_wrong)
        measure->identity_wrong += sign;
}

_Static_assert(sizeof(struct sg_measure) % sizeof(int64_t) == 0, "counts");

void sg_measure_add(struct sg_measure *measure, const struct sg_measure *part)
{
    int64_t *to = (int64_t *)(void *)measure;
    const int64_t *from = (const int64_t *)(const void *)part;

    for (size_t i = 0; i < sizeof *measure / sizeof *to; i++)
        to[i] += from[i];
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

/* --- The figures -----------------------------------------------------------
 */

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

/* Upper end of Wilson's 95 % interval for K wrong of N, in millionths, without
 * floats: (k + z^2/2 + z sqrt(k(n-k)/n + z^2/4)) / (n + z^2), z = 1.96. All is
 * kept in thousandths under the root. */
static int64_t wilson_max(int64_t k, int64_t n)
{
    int64_t z2 = 3842; /* 1.96^2, thousandths, rounded up */
    int64_t inner = k * (n - k) * 1000 / n + z2 / 4 + 1;
    int64_t root = root_above(inner * 1000); /* thousandths */
    int64_t top = k * 1000 + z2 / 2 + 1 + 1960 * root / 1000 + 1;

    return top * 1000000 / (n * 1000 + z2) + 1;
}

static void judge_correct(const struct sg_measure *measure,
                          struct sg_measure_result *result)
{
    const struct sg_measure_rule *external = &measure->external;
    int64_t known = external->pass + external->fail;
    int64_t unknown = 0;

    for (size_t i = 0; i < N_STRUCTURAL; i++) {
        const struct sg_measure_rule *rule = &measure->rules[structural[i]];

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
    result->has_sample = measure->sampled >= SAMPLE_MIN;
    if (result->has_sample)
        result->sample_wrong_max = wilson_max(measure->wrong, measure->sampled);
}

static void judge_complete(const struct sg_measure *measure,
                           const struct sg_measure_outside *outside,
                           struct sg_measure_result *result)
{
    int64_t held = measure->persons < outside->reference ? measure->persons
                                                         : outside->reference;

    result->fields = (struct sg_fraction){measure->present, measure->due};
    result->people = (struct sg_fraction){held, outside->reference};
    result->evidence =
        (struct sg_fraction){measure->evidenced, measure->present};
    result->complete = smaller(result->fields, result->people);
}

static void judge_clean(const struct sg_measure *measure,
                        struct sg_measure_result *result)
{
    result->has_new_year =
        measure->persons >= NEW_YEAR_PERSONS_MIN &&
        measure->new_year * DAYS > measure->persons * NEW_YEAR_FACTOR;
    result->clean = (struct sg_fraction){
        measure->clean - (result->has_new_year ? measure->clean_new_year : 0),
        measure->persons};
}

static void judge_live(const struct sg_measure *measure,
                       const struct sg_measure_outside *outside,
                       struct sg_measure_result *result)
{
    result->lag = (struct sg_fraction){measure->in_time, measure->events};
    result->due = (struct sg_fraction){measure->met, measure->duties};
    result->touch = (struct sg_fraction){measure->touched, measure->persons};
    result->replication =
        (struct sg_fraction){outside->acknowledged, outside->known_events};
    result->live =
        smaller(smaller(result->lag, result->due), result->replication);
    result->consistent = (struct sg_fraction){
        outside->mapping_errors == 0 ? outside->units_equal : 0,
        outside->units_compared};
}

static enum sg_measure_verdict verdict_of(
    const struct sg_measure *measure, const struct sg_measure_outside *outside,
    const struct sg_measure_result *result)
{
    struct sg_fraction least = smaller(
        smaller(result->correct, result->complete),
        smaller(smaller(result->clean, result->live), result->consistent));

    if (measure->persons == 0 || result->coverage.in == 0 ||
        !reaches(result->coverage, 50) ||
        outside->head_age_days > HEAD_AGE_DAYS_MAX)
        return SG_MEASURE_GREY;
    if (reaches(least, 90) && measure->identity_wrong == 0)
        return SG_MEASURE_GREEN;
    return reaches(least, 75) ? SG_MEASURE_YELLOW : SG_MEASURE_RED;
}

void sg_measure_judge(const struct sg_measure *measure,
                      const struct sg_measure_outside *outside,
                      struct sg_measure_result *ret_result)
{
    *ret_result = (struct sg_measure_result){0};
    judge_correct(measure, ret_result);
    judge_complete(measure, outside, ret_result);
    judge_clean(measure, ret_result);
    judge_live(measure, outside, ret_result);
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
