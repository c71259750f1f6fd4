/* Quality of one person's entry: đúng, đủ, sạch, sống (correct, complete,
 * clean, live), rule by rule, as of a day.
 *
 * A rule gives pass, fail, not applicable or unknown, and unknown is never a
 * pass. What is counted for a unit is in measure.h; the persons behind a figure
 * are those for whom sg_quality_is_behind is true. A function of the folded
 * subject, of what little is needed of others (struct sg_quality_facts), and of
 * a day: the same cut and day give the same numbers everywhere. Pure; no clock.
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
     * registry only 999 is. Of table 11 the code is 256 * first letter +
     * second (RECORDS 9). */
    bool (*has_code)(void *context, enum sg_schema_table table, uint16_t code,
                     struct sg_date day);
    const struct sg_unit_table *units;
    const struct sg_calendar *calendar;
    struct sg_date today;
    const struct sg_quality_field *fields;
    size_t n_fields; /* at most SG_QUALITY_FIELDS_MAX */
    /* The sample (phúc tra) whose visits count; NULL: every visit does. */
    const struct sg_uid *sample;
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
    SG_QUALITY_STAND_IN = 256,    /* a stand-in value: typed, none was known */
    SG_QUALITY_IN_CONFLICT = 512, /* any other open conflict */
    SG_QUALITY_DIRT_COUNT = 10,   /* bits above */
};

/* One person, judged. */
struct sg_quality_person {
    bool is_counted; /* alive, registered, nobody else's double */
    /* Deceased: counts only for the day of death, and for how soon it was
     * recorded. */
    bool is_deceased;
    bool is_death_disputed; /* something is dated after it (C08): not clean */
    bool is_homeless;       /* no permanent residence: listed by `registered` */
    bool is_pending;        /* his unit was split: which part is open */
    struct sg_unit_key unit;

    uint8_t rules[SG_RULES_COUNT + 1]; /* enum sg_rules_verdict; [1] is V01 */
    /* Agreement with the national database on number, name, birth date and sex
     * as they stand, by the newest comparison; unknown unless all four were
     * compared and none was changed since. */
    enum sg_rules_verdict external;
    bool is_sampled; /* a visit has checked a field (phúc tra) */
    bool is_wrong;   /* and found one to be false */
    uint16_t stratum;

    uint16_t due;        /* fields that must be there */
    uint16_t present;    /* of these */
    uint64_t missing;    /* bit i: fields[i] of the facts */
    uint16_t evident_of; /* of those present: his own, not the household's */
    uint16_t evident;    /* of these: an evidence reference is given */
    bool has_card_or_reason;

    uint16_t dirt;    /* bits of enum sg_quality_dirt */
    bool is_new_year; /* born on a first of January, in full */
    /* The number or the unit is missing, fails, is not known to be right, or is
     * unclean. */
    bool is_identity_wrong;

    uint16_t events;  /* that had a legal time limit, and it is over or met */
    uint16_t in_time; /* of these */
    uint16_t duties;  /* that fell due in the last 12 months */
    uint16_t met;     /* of these */
    bool is_touched;  /* anything was recorded in the last 24 months */
};

/* Whom, of the others, the figures of a person depend on. */
struct sg_quality_asked {
    struct sg_uid person;
    struct sg_date birth;
    bool has_mother, has_father, has_spouse, has_household;
    struct sg_uid mother, father, spouse;
    struct sg_uid household; /* the home names it */
    bool has_home;
};

/* Judges SUBJECT, a person, as if there were nobody else, and says whom to ask;
 * the answers of FACTS, whose questions about others are not asked here, are
 * taken in by _end. So that it can be done when they are known: PERSON and
 * ASKED borrow nothing. */
void sg_quality_begin(const struct sg_subject *subject,
                      const struct sg_quality_facts *facts,
                      struct sg_quality_person *ret_person,
                      struct sg_quality_asked *ret_asked);
void sg_quality_end(const struct sg_quality_asked *asked,
                    const struct sg_quality_facts *facts,
                    struct sg_quality_person *person);

/* Judges SUBJECT, a person: both at once. */
void sg_quality_judge(const struct sg_subject *subject,
                      const struct sg_quality_facts *facts,
                      struct sg_quality_person *ret_person);

/* Judges nothing, and says whom to ask. */
void sg_quality_ask(const struct sg_subject *subject,
                    struct sg_quality_asked *ret_asked);

/* What a list of persons can be asked for. */
enum sg_quality_list {
    SG_QUALITY_LIST_RULE,         /* NO of V01 to V20 fails */
    SG_QUALITY_LIST_RULE_UNKNOWN, /* cannot be judged */
    SG_QUALITY_LIST_EXTERNAL,     /* the national database says otherwise */
    SG_QUALITY_LIST_SAMPLE,       /* a visit found something false */
    SG_QUALITY_LIST_FIELD,        /* fields[NO] of the facts is missing */
    SG_QUALITY_LIST_DIRT,         /* NO is a bit of enum sg_quality_dirt */
    SG_QUALITY_LIST_NEW_YEAR,
    SG_QUALITY_LIST_IDENTITY,
    SG_QUALITY_LIST_LATE,      /* an event was recorded too late */
    SG_QUALITY_LIST_DUTY,      /* a duty of the last 12 months is not met */
    SG_QUALITY_LIST_UNTOUCHED, /* nothing recorded in 24 months */
};

/* Says whether PERSON is behind the figure of LIST and NO (0 where it has
 * none): one of those for whom it is not the whole. */
bool sg_quality_is_behind(const struct sg_quality_person *person,
                          enum sg_quality_list list, unsigned no);

/* Says why an entry is not clean, for one bit of enum sg_quality_dirt. Static
 * storage. */
const char *sg_quality_dirt_text(enum sg_quality_dirt dirt, enum sg_lang lang);

#endif
