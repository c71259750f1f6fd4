/* Synthetic citizens: any number of invented persons of Thanh Hoa, with the
 * defects that registers have, and the truth about each defect.
 *
 * The same seed gives the same persons for ever. They live in the real units
 * of a day, in households of 3.6 on average, with ages, surnames, middle and
 * given names as they are found there by cohort and people (data/README.md);
 * so several of one commune share a full name and a birth year, as they do.
 * Nobody here exists: personal numbers have the province code 999, phones have
 * prefixes that no network was given.
 *
 *     sg_synth_options_init(&options, 160000, seed);
 *     err = sg_synth_new(&options, units, &synth);
 *     while (sg_synth_next(synth, &person)) ...
 *     sg_synth_free(synth);
 *
 * A defect is what a check of the register is to find; what is merely common,
 * such as a homonym, is in the truth too, so that false alarms can be counted.
 */
#ifndef SG_TOOLS_SYNTH_H
#define SG_TOOLS_SYNTH_H

#include "storage/base/bytes.h"
#include "storage/base/date.h"
#include "storage/base/err.h"
#include "storage/registry/unit.h"
#include "storage/registry/value.h"

/* X(NAME, word in the truth file, entries in a million, of whom): the rates of
 * domain section 4; the last five are so common or so harmless that they are no
 * defects, but a check may stumble over them. */
/* clang-format off */
#define SG_SYNTH_FLAWS(X)                                                      \
    X(INCOMPLETE, "incomplete", 100000, "all: a field that is due is missing") \
    X(MISMATCH, "mismatch", 180000, "dossiers: a value is not the register's") \
    X(PIN, "pin", 3000, "all: the number does not fit sex, year or province")  \
    X(DUPLICATE, "duplicate", 5000, "all: a person entered a second time")     \
    X(DEAD, "dead", 6500, "from 60 on: died, not removed")                     \
    X(MOVED, "moved", 20000, "all: lives in another unit than recorded")       \
    X(MOJIBAKE, "mojibake", 2000, "all: the name in a wrong encoding")         \
    X(IMPUTED, "imputed", 500000, "birth known by year: stored as 1 January")  \
    X(NFD, "nfd", 30000, "all: the name decomposed")                           \
    X(TONE, "tone", 50000, "names that allow it: the tone on the other letter")\
    X(HOMONYM, "homonym", 10000, "adults, father unknown: another's name, year")
/* clang-format on */

enum sg_synth_flaw_kind {
#define SG_SYNTH_ENUM(NAME, ...) SG_SYNTH_##NAME,
    SG_SYNTH_FLAWS(SG_SYNTH_ENUM)
#undef SG_SYNTH_ENUM
        SG_SYNTH_FLAW_COUNT
};

/* Persons at a time, all of one commune, and the longest text of one. */
#define SG_SYNTH_BATCH_MAX     4096
#define SG_SYNTH_TEXT_SIZE_MAX 160
/* Numbers of 999 last for this many persons of the pyramid. */
#define SG_SYNTH_COUNT_MAX 100000000

struct sg_synth_options {
    uint64_t count; /* entries made: persons, and those entered twice */
    uint64_t seed;
    struct sg_date day; /* as of which they live and are so old */
    /* Only entries whose permanent residence it covers are given: so the
     * offices of a province each get their own citizens of one population. 0:
     * all. */
    struct sg_unit_key within;
    uint32_t per_million[SG_SYNTH_FLAW_COUNT];
};

/* A short text of one entry. */
struct sg_synth_text {
    uint8_t size;
    char bytes[SG_SYNTH_TEXT_SIZE_MAX];
};

struct sg_synth_name {
    struct sg_bytes family, middle, given;
};

/* Another person of the household; NULL when there is none. */
struct sg_synth_kin {
    const struct sg_uid *uid;
    struct sg_synth_name name;
};

/* One line of the truth: what is wrong with a person, or only looks so. */
struct sg_synth_flaw {
    enum sg_synth_flaw_kind kind;
    const char *field;          /* a field of the entry, "" for none */
    struct sg_synth_text truth; /* what it ought to be */
    const struct sg_uid *other; /* the other person; NULL when none */
};

/* The fields of domain section 1.4 that an entry has. What is 0 or has no
 * bytes is not known. */
struct sg_synth_person {
    uint64_t number; /* 0 and up */
    struct sg_uid uid;
    struct sg_synth_name name;
    struct sg_date birth; /* of any precision */
    uint8_t sex;          /* 1 male, 2 female */
    uint8_t ethnic;       /* code table 2 */
    uint8_t marital;      /* code table 5 */
    uint8_t relation;     /* code table 6: to the head of the household */
    bool is_national;     /* of Viet Nam */
    uint64_t pin;
    struct sg_synth_text old_number; /* 9 digits */
    struct sg_synth_text phone;
    struct sg_unit_key unit; /* permanent residence */
    struct sg_synth_text address;
    struct sg_uid household;
    struct sg_synth_text file_no; /* of the household */
    struct sg_unit_key birth_reg, hometown;
    struct sg_synth_kin father, mother, spouse;

    struct sg_date captured; /* the dossier; no date: there is none */
    struct sg_date dossier_birth;
    struct sg_synth_text dossier_phone, dossier_address;
    struct sg_date notified, activated; /* the account of level 2 */

    struct sg_date died; /* what the register does not know */
    struct sg_unit_key lives;
    struct sg_synth_name clean;     /* the name before it was spoilt */
    struct sg_date born;            /* the day of birth, whatever is known */
    struct sg_synth_text name_text; /* what a spoilt name is made of */
    struct sg_synth_flaw flaws[SG_SYNTH_FLAW_COUNT];
    size_t n_flaws;
};

struct sg_synth;

/* Sets OPTIONS to COUNT entries of SEED as of 2023-04-10, with the rates of the
 * list above. */
void sg_synth_options_init(struct sg_synth_options *options, uint64_t count,
                           uint64_t seed);

/* Gives a population, all of whose memory is taken here; caller frees with
 * sg_synth_free. Borrows: UNITS, sealed, until then. Errors: INVALID when no
 * commune is there on the day, or the day is before 2006 or after 2099; LIMIT
 * above SG_SYNTH_COUNT_MAX; NOMEM. */
SG_USE_RESULT enum sg_err sg_synth_new(const struct sg_synth_options *options,
                                       const struct sg_unit_table *units,
                                       struct sg_synth **ret_synth);

/* Takes SYNTH, which may be NULL. */
void sg_synth_free(struct sg_synth *synth);

/* Gives the next entry, borrowed until the next call; false after the last. */
bool sg_synth_next(struct sg_synth *synth,
                   const struct sg_synth_person **ret_person);

/* A member of a household. */
struct sg_synth_member {
    const struct sg_uid *uid;
    uint8_t relation;
};

/* Gives the first MAX members of the household of the entry given last, when
 * he is its head, himself included; returns how many; 0 for all others.
 * Borrowed until the next call of sg_synth_next. */
size_t sg_synth_members(const struct sg_synth *synth,
                        struct sg_synth_member *ret_members, size_t max);

/* The word of KIND in the truth file. */
const char *sg_synth_flaw_word(enum sg_synth_flaw_kind kind);

#endif
