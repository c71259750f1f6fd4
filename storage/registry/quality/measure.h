/* Measure: đúng, đủ, sạch, sống, thống nhất of a unit, as exact fractions, and
 * the verdict, which is the smallest of them and not a mean.
 *
 * Counts change by one person at a time: taken out as he was, put in as he is
 * (quality.h). A figure without coverage is no figure: each has the number of
 * those who could be judged beside it. The caller prints the cut it was
 * computed from. Pure; no clock.
 */
#ifndef SG_STORAGE_REGISTRY_QUALITY_MEASURE_H
#define SG_STORAGE_REGISTRY_QUALITY_MEASURE_H

#include "storage/registry/quality/quality.h"

/* An exact fraction; of 0 there is none. */
struct sg_fraction {
    int64_t of; /* the part */
    int64_t in; /* the whole; 0: not computable */
};

/* Persons by what a rule says of them. */
struct sg_measure_rule {
    int64_t pass;
    int64_t fail;
    int64_t unknown;
};

/* Strata of a sample; one with a larger number makes it insufficient. */
#define SG_MEASURE_STRATA 32u

struct sg_measure_stratum {
    int64_t sampled; /* persons */
    int64_t wrong;   /* of these, with a field found false */
};

/* What is counted of a unit; only int64_t. */
struct sg_measure {
    int64_t persons;
    int64_t pending;  /* of these: of a split unit, listed apart */
    int64_t homeless; /* of these: without permanent residence */
    struct sg_measure_rule rules[SG_RULES_COUNT + 1];
    struct sg_measure_rule external;
    struct sg_measure_stratum strata[SG_MEASURE_STRATA];
    int64_t beyond_strata;
    int64_t due; /* fields, of the living and the dead */
    int64_t present;
    int64_t evident_of;
    int64_t evident;
    int64_t dirty[SG_QUALITY_DIRT_COUNT]; /* persons, by bit */
    int64_t clean;
    int64_t death_disputed; /* deceased, and something is dated after it */
    int64_t new_year;       /* born on a first of January */
    int64_t clean_new_year; /* of these clean otherwise */
    int64_t events;         /* of the living and the dead */
    int64_t in_time;
    int64_t in_duty; /* persons with a duty in the last 12 months */
    int64_t met;     /* of these all duties */
    int64_t touched;
    int64_t identity_wrong; /* PIN or unit code fails, is missing or unclean */
    /* Of a sum of communes: how many they are, and the persons that are not
     * clean because of their own commune's first days of January. */
    int64_t communes;
    int64_t suspect;
};

/* Adds PERSON, or with SIGN -1 takes him out. */
void sg_measure_count(struct sg_measure *measure,
                      const struct sg_quality_person *person, int sign);

/* Adds PART, a commune or a sum of communes, to the counts of the unit above.
 * NATIONAL: see struct sg_measure_outside. */
void sg_measure_add(struct sg_measure *measure, const struct sg_measure *part,
                    struct sg_fraction national);

/* Return pass / (pass + fail), and of how many that could be said. */
struct sg_fraction sg_measure_dqi(const struct sg_measure_rule *rule);
struct sg_fraction sg_measure_coverage(const struct sg_measure_rule *rule);

/* Returns the weighted mean of the DQI of COUNT rules, in millionths rounded
 * down, and -1 when none has any. WEIGHTS by rule, in thousandths (policy 7);
 * NULL: all 1000. A mean is printed beside a verdict and is never one. */
int64_t sg_measure_mean(const struct sg_measure *measure, const uint8_t rules[],
                        size_t count,
                        const uint64_t weights[SG_RULES_COUNT + 1]);

/* The rules of đúng, and those of sạch. */
#define SG_MEASURE_N_CORRECT 6u
#define SG_MEASURE_N_CLEAN   5u
extern const uint8_t sg_measure_correct[SG_MEASURE_N_CORRECT];
extern const uint8_t sg_measure_clean[SG_MEASURE_N_CLEAN];

/* Returns -1, 0 or 1 as A is smaller, equal or larger; one that is not
 * computable is larger than all, since it limits nothing. */
int sg_measure_compare(struct sg_fraction a, struct sg_fraction b);

/* Writes the per cent of FRACTION with one decimal, rounded down: 100.0 is
 * written only for a whole. "-" when it is not computable. */
void sg_measure_print(struct sg_fraction fraction, char ret_text[8]);

/* What does not come from persons. */
struct sg_measure_outside {
    /* Persons that another source, named and dated, says there are; 0: no such
     * source (campaign.h, denominators). */
    int64_t reference;
    int64_t known_events;   /* of the unit, older than 7 days */
    int64_t acknowledged;   /* of these */
    int64_t head_age_hours; /* of the oldest log in the cut */
    int64_t units_compared; /* with the centre, at a common cut */
    int64_t units_equal;
    int64_t mapping_errors; /* of the table of units */
    /* Share of first days of January among the nation's births; without one
     * (0 of 0) one day in 365. */
    struct sg_fraction national;
    /* Persons of each stratum in the unit; all 0: the strata are taken as the
     * sample has them. */
    int64_t strata[SG_MEASURE_STRATA];
    const uint64_t *weights; /* of rules, as in sg_measure_mean */
};

enum sg_measure_verdict {
    SG_MEASURE_GREY, /* coverage below 50 %, or older than 30 days */
    SG_MEASURE_RED,
    SG_MEASURE_YELLOW, /* all at least 75 % */
    SG_MEASURE_GREEN,  /* all at least 90 %, identity fields 100 % */
};

struct sg_measure_result {
    struct sg_fraction struct_correct; /* đúng, by structure */
    struct sg_fraction external;       /* đúng, by the national database */
    struct sg_fraction external_coverage;
    bool is_provisional; /* đúng rests on structure alone */
    int64_t sampled;     /* persons visited */
    bool has_sample;     /* at least 30, and some of each stratum */
    /* Share of wrong persons in the unit, and with 95 % at most (Wilson, for
     * the size of sample that weighs as much), in millionths, rounded up. */
    int64_t sample_wrong;
    int64_t sample_wrong_max;

    struct sg_fraction correct; /* đúng */
    struct sg_fraction fields;  /* đủ, of fields */
    struct sg_fraction people;  /* đủ, of persons; capped at the whole */
    int64_t excess;             /* persons beyond the reference */
    struct sg_fraction evidence;
    struct sg_fraction complete; /* đủ */
    bool has_new_year; /* too many first days of January: they are not clean */
    struct sg_fraction clean; /* sạch */
    struct sg_fraction lag, due, touch, replication;
    struct sg_fraction live;       /* sống */
    struct sg_fraction consistent; /* thống nhất */
    struct sg_fraction coverage;   /* of the rules of structure */
    int64_t mean_correct; /* as sg_measure_mean; beside, never in, the verdict
                           */
    int64_t mean_clean;
    enum sg_measure_verdict verdict;
};

/* Makes the figures of MEASURE. What cannot be computed is no pass: a unit of
 * which nothing is known to be correct, complete, clean or live is grey, and
 * without a reference count or a comparison with the centre none is green. */
void sg_measure_judge(const struct sg_measure *measure,
                      const struct sg_measure_outside *outside,
                      struct sg_measure_result *ret_result);

/* Names VERDICT in LANG. Static storage. */
const char *sg_measure_text(enum sg_measure_verdict verdict, enum sg_lang lang);

#endif
