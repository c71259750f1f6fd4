/* The rules of scope state: what the merge asks of the values that stand.
 *
 * Each takes values, not records, and gives a verdict; the severity is
 * sg_rules_severity's. They never unapply anything: they mark. A value that is
 * unset or in conflict comes in as "not known" (no date, SG_SEX_UNKNOWN) and
 * then the verdict is never a pass. A partial date counts as its first day.
 */
#ifndef SG_STORAGE_REGISTRY_RULES_STATE_H
#define SG_STORAGE_REGISTRY_RULES_STATE_H

#include "storage/registry/calendar.h"
#include "storage/registry/rules.h"

/* A card for life, and "no such date". */
#define SG_RULES_FOR_LIFE ((struct sg_date){99991231})

/* Returns the full years of a person born on BIRTH on DAY; -1 before birth.
 * Born on 29 February, one is a year older on the 28th in other years (Civil
 * Code 2015 Art. 148). */
int sg_rules_age(struct sg_date birth, struct sg_date day);

/* Says whether every day EVENT may mean is after every day DEATH may mean. */
bool sg_rules_is_after(struct sg_date event, struct sg_date death);

/* V01: digit 4 and the birth year, of an active NUMBER. */
enum sg_rules_verdict sg_rules_v01(uint64_t number, enum sg_sex sex,
                                   struct sg_date birth);

/* V02: the province of birth registration, 0 when not known. */
enum sg_rules_verdict sg_rules_v02(uint64_t number, unsigned province);

/* Somebody with a number, in one state of the PIN machine (8.2). */
struct sg_rules_holder {
    struct sg_uid person; /* the canonical uid of his cluster */
    uint8_t state;        /* 1 asked for, 2 active, 3 cancelled */
    bool is_void;         /* entered in error: no such person */
};

/* V03, C09: NUMBER is one person's for ever. HOLDERS are all who ever had it;
 * a fail concerns all of them. */
enum sg_rules_verdict sg_rules_v03(uint64_t number,
                                   const struct sg_rules_holder *holders,
                                   size_t count);

/* V05: a card needs the day of birth. */
enum sg_rules_verdict sg_rules_v05(struct sg_date birth);

struct sg_rules_residence {
    uint8_t kind; /* 1 permanent, 2 temporary, 3 current, 4 absence */
    bool is_open;
    struct sg_date from, until; /* no date: not known, or open */
};

/* V09: one permanent residence and one temporary, which lasts 30 days to 2
 * years. *RET_SEVERITY is CONFLICT for two permanent ones (C07), FLAG for the
 * others, OFF when it passes. */
enum sg_rules_verdict sg_rules_v09(const struct sg_rules_residence *residences,
                                   size_t count,
                                   enum sg_rules_severity *ret_severity);

enum sg_rules_kin { SG_RULES_MOTHER, SG_RULES_FATHER };

/* V10: a mother is 12 to 60 years older than her child, a father 12 to 80. */
enum sg_rules_verdict sg_rules_v10_parent(enum sg_rules_kin kin,
                                          struct sg_date parent,
                                          struct sg_date child);

/* V10: SPOUSE names PERSON; NAMED is whom SPOUSE names, or NULL when nobody is
 * known. */
enum sg_rules_verdict sg_rules_v10_spouse(const struct sg_uid *person,
                                          const struct sg_uid *named);

struct sg_rules_dossier {
    struct sg_date captured;
    struct sg_date birth;
    bool has_biometrics;
    bool has_guardian;
    uint8_t signed_by; /* 1 holder, 2 guardian, 0 not known */
};

/* V11: below 6 no biometrics; from 6 to 13 with a guardian; from 14 one signs
 * oneself. Before 2024-07-01 there was no card below 14. */
enum sg_rules_verdict sg_rules_v11(const struct sg_rules_dossier *dossier);

/* Returns the last day of a card issued on ISSUED to a person born on BIRTH,
 * by the law of that day; no date when there was no such card. */
struct sg_date sg_rules_card_until(struct sg_date birth, struct sg_date issued);

/* V12: UNTIL is that day. */
enum sg_rules_verdict sg_rules_v12(struct sg_date birth, struct sg_date issued,
                                   struct sg_date until);

/* V13, C08: EVENT is not certainly after DEATH, no date while he lives. */
enum sg_rules_verdict sg_rules_v13(struct sg_date event, struct sg_date death);

struct sg_rules_account {
    uint8_t level;
    struct sg_date requested;
    struct sg_date birth;
    struct sg_date card_from, card_until; /* of the card, no date: none */
    bool has_phone;
    bool has_guardian;
};

/* V14: level 2 stands on a card in force and a phone of one's own; below 14 on
 * a guardian. */
enum sg_rules_verdict sg_rules_v14(const struct sg_rules_account *account);

/* V15: activated within 7 days of notice; otherwise it is the late path, which
 * stays open. ACTIVATED is no date while it is not; TODAY is the day asked
 * about. */
enum sg_rules_verdict sg_rules_v15(struct sg_date notified,
                                   struct sg_date activated,
                                   struct sg_date today);

/* V16: who decides did not capture what he rules on. */
enum sg_rules_verdict sg_rules_v16(const struct sg_key_id *decider,
                                   const struct sg_key_id *captor);

/* --- V19: legal time limits (section 10.2) ----------------------------- */

enum sg_rules_clock {
    SG_RULES_CLOCK_ADJUST,
    SG_RULES_CLOCK_RESIDENCE,
    SG_RULES_CLOCK_CARD,
    SG_RULES_CLOCK_ACCOUNT_1,
    SG_RULES_CLOCK_ACCOUNT_2,
    SG_RULES_CLOCK_ACCOUNT_2_NO_CARD,
    SG_RULES_CLOCK_LOCK,
    SG_RULES_CLOCK_ACTIVATION,
    SG_RULES_CLOCK_BIRTH,
    SG_RULES_CLOCK_DEATH,
    SG_RULES_CLOCK_TEMPORARY,
    SG_RULES_CLOCK_MOVE,
    SG_RULES_CLOCK_SUBJECT,
    SG_RULES_CLOCK_COUNT,
};

enum sg_rules_unit {
    SG_RULES_WORKED_DAYS,
    SG_RULES_DAYS,
    SG_RULES_MONTHS,
};

struct sg_rules_limit {
    const char *name; /* as in section 10.2 */
    uint16_t count;
    enum sg_rules_unit unit;
    struct sg_date since; /* no limit for what began before */
    const char *source;
};

/* Gives the limit of CLOCK. Static storage. */
const struct sg_rules_limit *sg_rules_limit(enum sg_rules_clock clock);

/* Returns the last day that is in time for what began on START, which is a day.
 * *IS_PROVISIONAL as in calendar.h. */
struct sg_date sg_rules_due(enum sg_rules_clock clock, struct sg_date start,
                            const struct sg_calendar *calendar,
                            bool *is_provisional);

/* V19: it ended in time or, while it has not (END is no date), TODAY is not
 * past the day due. NOT_APPLICABLE for what began before the law. */
enum sg_rules_verdict sg_rules_v19(enum sg_rules_clock clock,
                                   struct sg_date start, struct sg_date end,
                                   struct sg_date today,
                                   const struct sg_calendar *calendar,
                                   bool *is_provisional);

#endif
