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

/* Persons by what a rule says of them. */
struct sg_measure_rule {
    int64_t pass;
    int64_t fail;
    int64_t unknown;
};

/* What is counted of a unit; only int64_t. */
struct sg_measure {
    int64_t persons;
    int64_t pending; /* of a split unit, counted apart */
    struct sg_measure_rule rules[SG_RULES_COUNT + 1];
    struct sg_measure_rule external;
    int64_t sampled; /* fields */
    int64_t wrong;
    int64_t due;
    int64_t present;
    int64_t evidenced;
    int64_t adults; /* from 14 on, who need a card or a reason */
    int64_t adults_met;
    int64_t dirty[SG_QUALITY_DIRT_COUNT]; /* persons, by bit */
    int64_t clean;
    int64_t new_year;       /* born on a first of January */
    int64_t clean_new_year; /* of these clean otherwise */
    int64_t events;
    int64_t in_time;
    int64_t duties;
    int64_t met;
    int64_t touched;
    int64_t identity_wrong; /* PIN or unit code fails, is missing or unclean */
};

/* Adds PERSON, or with SIGN -1 takes him out. */
void sg_measure_count(struct sg_measure *measure,
                      const struct sg_quality_person *person, int sign);

/* Adds the counts of a unit to those of the unit above. */
void sg_measure_add(struct sg_measure *measure, const struct sg_measure *part);

/* An exact fraction; of 0 there is none. */
struct sg_fraction {
    int64_t of; /* the part */
    int64_t in; /* the whole; 0: not computable */
};

/* Returns -1, 0 or 1 as A is smaller, equal or larger; one that is not
 * computable is larger than all, since it limits nothing. */
int sg_measure_compare(struct sg_fraction a, struct sg_fraction b);

/* Writes the per cent of FRACTION with one decimal, rounded down: 100.0 is
 * written only for a whole. "-" when it is not computable. */
void sg_measure_print(struct sg_fraction fraction, char ret_text[8]);

/* What does not come from persons. */
struct sg_measure_outside {
    int64_t reference;      /* persons that another source says there are; 0: no
                               such source */
    int64_t known_events;   /* of the unit, older than 7 days */
    int64_t acknowledged;   /* of these */
    int64_t head_age_days;  /* of the oldest log in the cut */
    int64_t units_compared; /* with the centre, at a common cut */
    int64_t units_equal;
    int64_t mapping_errors; /* of the table of units */
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
    bool has_sample;     /* at least 30 fields were checked by visits */
    /* The sample's share of wrong fields, at most, with 95 % (Wilson), in
     * parts of a million. */
    int64_t sample_wrong_max;

    struct sg_fraction correct; /* đúng */
    struct sg_fraction fields;  /* đủ, of fields */
    struct sg_fraction people;  /* đủ, of persons */
    struct sg_fraction evidence;
    struct sg_fraction complete; /* đủ */
    bool has_new_year; /* too many first days of January: they are not clean */
    struct sg_fraction clean; /* sạch */
    struct sg_fraction lag, due, touch, replication;
    struct sg_fraction live;       /* sống */
    struct sg_fraction consistent; /* thống nhất */
    struct sg_fraction coverage;   /* of the rules of structure */
    enum sg_measure_verdict verdict;
};

/* Makes the figures of MEASURE. */
void sg_measure_judge(const struct sg_measure *measure,
                      const struct sg_measure_outside *outside,
                      struct sg_measure_result *ret_result);

/* Names VERDICT in LANG. Static storage. */
const char *sg_measure_text(enum sg_measure_verdict verdict, enum sg_lang lang);

#endif
