/* Rules: V01 to V20, what the law and common sense ask of a record and of a
 * person. RECORDS.md, section 10.
 *
 * A rule has a severity for each time of the event: the law of 2023 judges the
 * events of 2023. Rules of scope *record* are judged here, from a record and
 * from what the authority had said when it was written, through the small
 * interface struct sg_rules_facts; one that rejects keeps the record out for
 * ever (A13). Rules of scope *state* need what the merge has found: their
 * functions are in rules_state.h. Nothing here reads a clock or allocates.
 */
#ifndef SG_STORAGE_REGISTRY_RULES_H
#define SG_STORAGE_REGISTRY_RULES_H

#include "storage/registry/pin.h"
#include "storage/registry/record.h"
#include "storage/registry/unit.h"

#define SG_RULES_COUNT 20u /* V01 to V20 */
/* A record has at most this many findings: one for each rule and field. */
#define SG_RULES_FINDINGS_MAX 64u

enum sg_rules_severity {
    SG_RULES_OFF,
    SG_RULES_FLAG,
    SG_RULES_OVERDUE,
    SG_RULES_BLOCK,    /* the object stays, its further steps do not count */
    SG_RULES_CONFLICT, /* somebody must decide */
    SG_RULES_REJECT,   /* scope record: never applied */
    SG_RULES_QUARANTINE,
};

/* Bits. */
enum sg_rules_scope {
    SG_RULES_RECORD = 1,
    SG_RULES_STATE = 2,
};

/* What a rule says of a person. Unknown, when a value it needs is not known or
 * in conflict, is never a pass. */
enum sg_rules_verdict {
    SG_RULES_PASS,
    SG_RULES_FAIL,
    SG_RULES_NOT_APPLICABLE,
    SG_RULES_UNKNOWN,
};

/* The severities of one time. */
struct sg_rules_period {
    struct sg_date from;  /* no date: always */
    struct sg_date until; /* the first day it no longer holds; no date: open */
    enum sg_rules_severity record;
    enum sg_rules_severity legacy; /* scope record, of legacy values */
    enum sg_rules_severity state;
};

struct sg_rules_rule {
    uint8_t no;
    const char *key;
    uint8_t scopes;
    const char *english;
    const char *vietnamese;
    const char *source; /* the law */
    uint8_t n_periods;
    struct sg_rules_period periods[2]; /* ascending, not overlapping */
};

/* A statement `rules` replaces the severity of RULE for events of these days:
 * one member of its field `changes`. */
struct sg_rules_change {
    uint8_t rule;
    struct sg_date from;
    struct sg_date until; /* no date: open */
    enum sg_rules_severity severity;
};

/* What the authority had said at the position of the record, and where its copy
 * lies. Read only; the functions get CONTEXT and must answer alike for ever,
 * or nodes disagree. */
struct sg_rules_facts {
    const void *context;
    bool is_test;              /* a test registry: province 999 only */
    uint8_t node[SG_KEY_SIZE]; /* of the log that the copy is in */
    const struct sg_rules_change *changes; /* of all `rules` in force */
    size_t n_changes;

    /* Says whether CODE is a row of TABLE on a day from FIRST to LAST. */
    bool (*has_code)(const void *context, enum sg_schema_table table,
                     uint16_t code, struct sg_date first, struct sg_date last);
    /* Finds a unit; NULL when none is defined. */
    const struct sg_unit *(*find_unit)(const void *context,
                                       struct sg_unit_key unit);
    /* Says whether FROM has TO as a part. */
    bool (*is_part)(const void *context, struct sg_unit_key from,
                    struct sg_unit_key to);
    /* Finds the lease that this statement grants for the serial number SERIAL:
     * not where an earlier lease of another node has it. */
    bool (*find_block)(const void *context, const struct sg_ref *block,
                       unsigned serial, struct sg_pin_block *ret_block);
    /* Says whether OFFICER's grant covers UNIT. */
    bool (*covers)(const void *context, const struct sg_key_id *officer,
                   struct sg_unit_key unit);
};

struct sg_rules_finding {
    uint8_t rule;  /* 1 to 20 */
    uint8_t field; /* SG_FIELD_NONE: the envelope */
    enum sg_rules_severity severity;
};

struct sg_rules_findings {
    size_t count;
    struct sg_rules_finding items[SG_RULES_FINDINGS_MAX]; /* by rule, field */
};

/* Gives rule NO, 1 to SG_RULES_COUNT. Static storage. */
const struct sg_rules_rule *sg_rules_get(unsigned no);

/* Says in LANG what a breach of rule NO means. Static storage. */
const char *sg_rules_text(unsigned no, enum sg_lang lang);

/* Returns how severe a breach of rule NO by an event of DAY is: a partial date
 * counts as its first day. Pass NULL, 0 where none are known. */
enum sg_rules_severity sg_rules_severity(unsigned no, enum sg_rules_scope scope,
                                         bool is_legacy, struct sg_date day,
                                         const struct sg_rules_change *changes,
                                         size_t n_changes);

/* Judges RECORD, which fits its table, by all rules of scope record. */
void sg_rules_check(const struct sg_record *record,
                    const struct sg_rules_facts *facts,
                    struct sg_rules_findings *ret_findings);

/* Returns the first rule of FINDINGS that rejects, by which the record is
 * refused (A13); 0 when none does. */
unsigned sg_rules_refused_by(const struct sg_rules_findings *findings);

#endif
