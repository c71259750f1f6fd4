/* Census: one line of an older book about one person, as records of the
 * register, and what is wrong with it.
 *
 * A line becomes the records that an office would write of it: person, number,
 * old number, residence, household; all as legacy data (source class 1, form
 * 20). It is its own proof of identity: the same line with the same day, by the
 * same officer, gives the same records with the same ids and submit ids, so
 * that a second import of it has no effect. A uid that the line does not say is
 * drawn by the officer's key from what it says and where it stands, its numbers
 * left out (RECORDS 1: never derived from a personal number).
 *
 * What is refused is what the rules V01 to V20 refuse of new records, and what
 * has no place in a record at all; legacy data that they only flag can be let
 * through. Texts are brought into NFC, and the bytes received are kept.
 */
#ifndef SG_TOOLS_CENSUS_H
#define SG_TOOLS_CENSUS_H

#include "storage/base/buf.h"
#include "storage/log/key_file.h"
#include "storage/registry/record.h"
#include "storage/registry/unit.h"

/* X(NAME, column of CSV, member of JSON). The names of fathers, mothers and
 * spouses have three columns each, as those of the person. */
/* clang-format off */
#define SG_CENSUS_FIELDS(X)                                                    \
    X(UID, "uid", "uid")                                                       \
    X(NAME, "name", "name")                                                    \
    X(FAMILY, "family", "name.0")                                              \
    X(MIDDLE, "middle", "name.1")                                              \
    X(GIVEN, "given", "name.2")                                                \
    X(OTHER_NAME, "other_name", "other_name")                                  \
    X(BIRTH, "birth", "birth")                                                 \
    X(SEX, "sex", "sex")                                                       \
    X(PIN, "pin", "pin")                                                       \
    X(OLD_NUMBER, "old_number", "old_number")                                  \
    X(NATIONALITY, "nationality", "nationality.0")                             \
    X(ETHNICITY, "ethnicity", "ethnicity")                                     \
    X(RELIGION, "religion", "religion")                                        \
    X(BLOOD, "blood", "blood")                                                 \
    X(MARITAL, "marital", "marital")                                           \
    X(FATHER_UID, "father_uid", "father.uid")                                  \
    X(FATHER_FAMILY, "father_family", "father.name.0")                         \
    X(FATHER_MIDDLE, "father_middle", "father.name.1")                         \
    X(FATHER_GIVEN, "father_given", "father.name.2")                           \
    X(MOTHER_UID, "mother_uid", "mother.uid")                                  \
    X(MOTHER_FAMILY, "mother_family", "mother.name.0")                         \
    X(MOTHER_MIDDLE, "mother_middle", "mother.name.1")                         \
    X(MOTHER_GIVEN, "mother_given", "mother.name.2")                           \
    X(SPOUSE_UID, "spouse_uid", "spouse.uid")                                  \
    X(SPOUSE_FAMILY, "spouse_family", "spouse.name.0")                         \
    X(SPOUSE_MIDDLE, "spouse_middle", "spouse.name.1")                         \
    X(SPOUSE_GIVEN, "spouse_given", "spouse.name.2")                           \
    X(HOUSEHOLD, "household", "household")                                     \
    X(RELATION, "relation", "relation")                                        \
    X(FILE_NO, "file_no", "file_no")                                           \
    X(UNIT, "unit", "unit")                                                    \
    X(ADDRESS, "address", "address")                                           \
    X(BIRTH_REG, "birth_reg", "birth_reg")                                     \
    X(HOMETOWN, "hometown", "hometown")                                        \
    X(PHONE, "phone", "phone")                                                 \
    X(EMAIL, "email", "email")                                                 \
    X(OCCUPATION, "occupation", "occupation")
/* clang-format on */

enum sg_census_field {
#define SG_CENSUS_ENUM(NAME, ...) SG_CENSUS_##NAME,
    SG_CENSUS_FIELDS(SG_CENSUS_ENUM)
#undef SG_CENSUS_ENUM
        SG_CENSUS_FIELD_COUNT
};

#define SG_CENSUS_RECORDS_MAX 5u
#define SG_CENSUS_FAULTS_MAX  16u

struct sg_census_config {
    const struct sg_unit_table *units; /* sealed; borrowed */
    struct sg_date day;                /* as of which the book is */
    const struct sg_key *officer;      /* who signs; NULL: nobody. Borrowed */
    struct sg_date today;              /* for what lies in the future */
    bool is_test;   /* a test registry: numbers of province 999 */
    bool is_legacy; /* what rules only flag of legacy data is let through */
};

/* What is wrong with a line. Static storage. */
struct sg_census_fault {
    char code[4];      /* V01 to V20; A05: it has no place in a record */
    const char *field; /* column of CSV */
    const char *english, *vietnamese;
    bool is_flag; /* it was let through */
};

/* Borrows from the census until its next line. */
struct sg_census_result {
    unsigned n_records; /* 0 where the line is refused */
    struct sg_record records[SG_CENSUS_RECORDS_MAX];
    unsigned n_faults; /* the first of them */
    struct sg_census_fault faults[SG_CENSUS_FAULTS_MAX];
};

struct sg_census;

/* Gives a census; caller frees with sg_census_free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_census_new(const struct sg_census_config *config,
                                        struct sg_census **ret_census);

/* Takes CENSUS, which may be NULL; wipes the last line. */
void sg_census_free(struct sg_census *census);

/* Makes records of the VALUES of line NUMBER, SG_CENSUS_FIELD_COUNT of them;
 * what is not known has no bytes. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_census_take(struct sg_census *census,
                                         const struct sg_bytes values[],
                                         uint64_t number,
                                         struct sg_census_result *ret_result);

/* Appends RECORD of the last line to FORM as POST /v1/records takes it
 * (node/API.md). Errors: NOMEM, LIMIT. */
SG_USE_RESULT enum sg_err sg_census_form(const struct sg_record *record,
                                         struct sg_buf *form);

/* The column of CSV and the member of JSON that FIELD is called if nothing
 * else is said. */
const char *sg_census_column(enum sg_census_field field);
const char *sg_census_member(enum sg_census_field field);

#endif
