/* Quality of one person's entry: đúng, đủ, sạch, sống (correct, complete,
 * clean, live), rule by rule, as of a day.
 *
 * A rule gives pass, fail, not applicable or unknown, and unknown is never a
 * pass. What is counted for a unit is in measure.h; which persons are behind a
 * failing rule is found by asking each. A function of the folded subject, of
 * what little is needed of others (struct sg_quality_facts), and of a day: the
 * same cut and day give the same numbers everywhere. Pure; no clock.
 *
 * Sources: Decree 70/2024; Law 26/2023 Art. 9, 21; Law on Residence 2020; the
 * campaign "đúng, đủ, sạch, sống" of the Ministry of Public Security.
 */
#ifndef SG_STORAGE_REGISTRY_QUALITY_QUALITY_H
#define SG_STORAGE_REGISTRY_QUALITY_QUALITY_H

#include "storage/registry/calendar.h"
#include "storage/registry/merge/subject.h"
#include "storage/registry/rules_state.h"
#include "storage/registry/unit.h"

/* A field that must be there, for persons of an age (policy 8). */
enum sg_quality_age {
    SG_QUALITY_ALL,
    SG_QUALITY_BELOW_6,
    SG_QUALITY_6_TO_13,
    SG_QUALITY_BELOW_18,
    SG_QUALITY_FROM_14,
    SG_QUALITY_DECEASED,
};

struct sg_quality_field {
    enum sg_quality_age age;
    enum sg_type type;
    uint8_t field;
};

/* The default of policy 8, and of the dead the day of death. */
extern const struct sg_quality_field sg_quality_fields[];
extern const size_t sg_quality_n_fields;

#define SG_QUALITY_FIELDS_MAX 48u

/* What is asked about other subjects; each returns false when there is none. */
struct sg_quality_relative {
    struct sg_date birth;
    bool has_spouse;
    struct sg_uid spouse;
};

struct sg_quality_household {
    bool is_open;
    unsigned heads;
    bool has_file_no;
    bool has_members;
    bool has_person; /* the person asked about is a member */
};

struct sg_quality_facts {
    void *context;
    bool (*relative)(void *context, const struct sg_uid *uid,
                     struct sg_quality_relative *ret);
    bool (*household)(void *context, const struct sg_uid *uid,
                      const struct sg_uid *person,
                      struct sg_quality_household *ret);
    /* Says whether CODE is a row of TABLE on DAY; of the provinces in a test
     * registry only 999 is. */
    bool (*has_code)(void *context, enum sg_schema_table table, uint16_t code,
                     struct sg_date day);
    const struct sg_unit_table *units;
    const struct sg_calendar *calendar;
    struct sg_date today;
    const struct sg_quality_field *fields;
    size_t n_fields; /* at most SG_QUALITY_FIELDS_MAX */
};

/* Why an entry is not clean; bits. */
enum sg_quality_dirt {
    SG_QUALITY_PIN_TWICE = 1,    /* V03, C09 */
    SG_QUALITY_DUPLICATE = 2,    /* an open pair, C10 */
    SG_QUALITY_NAME = 4,         /* V06 */
    SG_QUALITY_CODE = 8,         /* V07 */
    SG_QUALITY_RESIDENCE = 16,   /* V09, C07 */
    SG_QUALITY_AFTER_DEATH = 32, /* V13, C08 */
    SG_QUALITY_ORPHAN = 64,      /* in no household, or in one without head */
    SG_QUALITY_TWO_HEADS = 128,
    SG_QUALITY_PLACEHOLDER = 256, /* a value that stands for none */
    SG_QUALITY_IN_CONFLICT = 512, /* any other open conflict */
    SG_QUALITY_DIRT_COUNT = 10,   /* bits above */
};

/* One person, judged. */
struct sg_quality_person {
    bool is_counted; /* alive, registered, nobody else's double */
    bool is_pending; /* his unit was split: which part is open */
    struct sg_unit_key unit;

    uint8_t rules[SG_RULES_COUNT + 1]; /* enum sg_rules_verdict; [1] is V01 */
    enum sg_rules_verdict external; /* with the national database, the newest */
    uint16_t sampled; /* fields that a visit has checked (phúc tra) */
    uint16_t wrong;   /* of these */

    uint16_t due;       /* fields that must be there */
    uint16_t present;   /* of these */
    uint64_t missing;   /* bit i: fields[i] of the facts */
    uint16_t evidenced; /* of those present: by document, visit or database */
    bool has_card_or_reason; /* from 14 on */

    uint16_t dirt;    /* bits of enum sg_quality_dirt */
    bool is_new_year; /* born on a first of January, in full */

    uint16_t events;  /* that had a legal time limit, and it is over or met */
    uint16_t in_time; /* of these */
    uint16_t duties;  /* that fell due in the last 12 months */
    uint16_t met;     /* of these */
    bool
        is_identity_wrong; /* the number or the unit fails, lacks, or is unclean
                            */
    bool is_touched;       /* anything was recorded in the last 24 months */
};

/* Judges SUBJECT, a person. */
void sg_quality_judge(const struct sg_subject *subject,
                      const struct sg_quality_facts *facts,
                      struct sg_quality_person *ret_person);

/* Says why an entry is not clean, for one bit of enum sg_quality_dirt. Static
 * storage. */
const char *sg_quality_dirt_text(enum sg_quality_dirt dirt, enum sg_lang lang);

#endif
