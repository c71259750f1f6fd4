/* The authority's state: what the holder of the root key has said, as far as
 * a cut holds it. RECORDS.md, sections 6.1 to 6.11.
 *
 * It is a set, not a sequence: statements are added in any order, each as often
 * as copies of it are found, and sealing gives the same state whatever the
 * order was. Two questions are asked of it:
 *
 *   at the cut         what denies (cuts, erasures), what the fold needs
 * (units, campaigns, calendars, rules, policies), the time floor at a position
 * what allows (nodes, grants, units, codes, blocks), as the writer of a record
 * held it: struct sg_authority_at
 *
 * How to use it: _new, _hold and _add for every entry of the cut, _seal, then
 * ask; after a further _add it is sealed again, which verifies only what is
 * new. Signatures of statements are verified here, for nothing in it may be
 * believed without. A sealed state never changes: any thread may ask. Answers
 * are borrowed until the next _add, _hold or _free. Whether a copy of a
 * record counts is admission.h's. Pure: no clock, no file.
 */
#ifndef SG_STORAGE_REGISTRY_AUTHORITY_H
#define SG_STORAGE_REGISTRY_AUTHORITY_H

#include "storage/registry/calendar.h"
#include "storage/registry/rules.h"
#include "storage/registry/territory.h"

struct sg_authority;

/* The rule version that this program has (RECORDS 11). */
#define SG_AUTHORITY_RULE_VERSION 1u

/* --- what goes in ------------------------------------------------------ */

/* Where a copy lies. BRANCH is 0 below the fork point of its log, which is
 * everywhere while it has none; from there on 1 and up, one for each branch
 * held. So branch != 0 is the mark *forked* (RECORDS 3). */
struct sg_authority_place {
    struct sg_log_id log;
    uint64_t index;
    uint32_t branch;
};

/* No branch that is held has this root at this size. */
#define SG_AUTHORITY_BRANCH_NONE UINT32_MAX

/* What a statement says of a log: the branch with ROOT at SIZE stands. */
struct sg_authority_prefix {
    struct sg_log_id log;
    uint64_t size;
    struct sg_hash root;
};

/* Says on which branch a prefix lies: 0 when it ends at or below the fork
 * point, or the log has none; SG_AUTHORITY_BRANCH_NONE when no branch held has
 * it. Must answer alike for one cut. */
typedef uint32_t (*sg_authority_branch_of)(
    const void *context, const struct sg_authority_prefix *prefix);

/* Gives an empty state of REGISTRY; BRANCH_OF may be NULL when no log has
 * forked. Caller frees with sg_authority_free. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_authority_new(
    const struct sg_registry_id *registry, sg_authority_branch_of branch_of,
    const void *context, struct sg_authority **ret_authority);

/* Takes AUTHORITY, which may be NULL. */
void sg_authority_free(struct sg_authority *authority);

/* Says that the cut has the first SIZE entries of LOG, of its longest branch;
 * the largest SIZE counts. Due for every log that an authority's node writes:
 * a position is ahead of what is held otherwise. Errors: LIMIT above
 * SG_AUTHORITY_LOGS_MAX; NOMEM. */
SG_USE_RESULT enum sg_err sg_authority_hold(struct sg_authority *authority,
                                            const struct sg_log_id *log,
                                            uint64_t size);

/* Adds the copy PAYLOAD, a plain entry at PLACE in a log of NODE; any number of
 * times. What does not count, by its log or signature, only takes memory: hand
 * in the logs of nodes with a certificate of role 1. Borrows: all for the call.
 * Errors: INVALID when it is no statement (types 1 to 22) that passes A03 to
 * A06, and nothing has changed; LIMIT above SG_AUTHORITY_STATEMENTS_MAX or
 * SG_AUTHORITY_LOGS_MAX; NOMEM. */
SG_USE_RESULT enum sg_err sg_authority_add(
    struct sg_authority *authority, struct sg_bytes payload,
    const struct sg_authority_place *place, const uint8_t node[SG_KEY_SIZE]);

/* Makes the state of what was added. Errors: LIMIT when the units or acts are
 * more than RECORDS 13 allows; NOMEM; it can be called again after both. */
SG_USE_RESULT enum sg_err sg_authority_seal(struct sg_authority *authority);

/* --- a statement's own standing ---------------------------------------- */

/* Why a copy of a statement does not count (RECORDS 6.1, 6.2). */
enum sg_authority_verdict {
    SG_AUTHORITY_VALID,
    SG_AUTHORITY_NO_NODE,   /* its log is of no authority's node (A08) */
    SG_AUTHORITY_NO_ROOT,   /* its signer is no root key that was named (A10) */
    SG_AUTHORITY_CUT,       /* after the cut of its root key (A11) */
    SG_AUTHORITY_SIGNATURE, /* wrong or missing, or a proof in it is (A12) */
};

/* Judges the copy at PLACE, with SIGNATURE, of the statement ID. One that was
 * not added is by no authority's node. */
enum sg_authority_verdict sg_authority_judge(
    const struct sg_authority *authority, const struct sg_hash *id,
    const struct sg_authority_place *place, struct sg_bytes signature);

/* Gives the payload of the statement that stands in the slot of TYPE and
 * SUBJECT in the whole cut; no bytes when none does, or the type has no slots.
 */
struct sg_bytes sg_authority_slot(const struct sg_authority *authority,
                                  enum sg_type type,
                                  const struct sg_uid *subject);

/* Called for a statement, with its payload, borrowed from the state; stops at
 * the first result other than SG_OK. */
typedef enum sg_err sg_authority_statement_fn(void *context,
                                              struct sg_bytes payload);

/* Calls FN for every statement of TYPE that stands in the whole cut, in the
 * order of statements, the largest first: of a type with slots the one of each
 * slot, of others all. Errors: those of FN. */
SG_USE_RESULT enum sg_err sg_authority_each(
    const struct sg_authority *authority, enum sg_type type,
    sg_authority_statement_fn *fn, void *context);

/* --- at a position ----------------------------------------------------- */

struct sg_authority_generation;

/* The statements that a writer held. A value; borrows the state. */
struct sg_authority_at {
    const struct sg_authority *authority;
    const struct sg_authority_generation *generation; /* NULL: the whole cut */
    uint64_t size;            /* of the generation's own log */
    uint64_t time_floor;      /* ms, see sg_authority_time_floor */
    struct sg_date floor_day; /* in Viet Nam */
};

/* Goes to POSITION, a record's (generation << 32 | size). Errors: STATE when it
 * is ahead of what the cut holds (A14); then *RET_AT is the whole cut. */
SG_USE_RESULT enum sg_err sg_authority_at(const struct sg_authority *authority,
                                          uint64_t position,
                                          struct sg_authority_at *ret_at);

/* Goes to the whole cut. */
void sg_authority_at_cut(const struct sg_authority *authority,
                         struct sg_authority_at *ret_at);

enum sg_authority_role {
    SG_AUTHORITY_ROLE_AUTHORITY = 1,
    SG_AUTHORITY_ROLE_CENTRAL = 2,
    SG_AUTHORITY_ROLE_DISTRICT = 3,
    SG_AUTHORITY_ROLE_RELAY = 4,
    SG_AUTHORITY_ROLE_AUDITOR = 5,
};

/* A node as admitted. */
struct sg_authority_node {
    uint8_t key[SG_KEY_SIZE];
    enum sg_authority_role role;
    struct sg_date from;
    struct sg_date until; /* no date: the genesis' writer, who has no end */
    struct sg_ref statement;
};

/* An officer's grant. UNITS ascend; 0 is the country. */
struct sg_authority_grant {
    struct sg_key_id officer;
    uint8_t key[SG_KEY_SIZE];
    uint8_t roles; /* bits of enum sg_schema_signer */
    struct sg_date from;
    struct sg_date until;
    size_t n_units;
    const struct sg_unit_key *units;
    struct sg_ref statement;
};

/* Give what stands of the node with this KEY, of OFFICER; NULL when nothing
 * does. Cuts and expiry are asked apart. */
const struct sg_authority_node *sg_authority_node(
    const struct sg_authority_at *at, const uint8_t key[SG_KEY_SIZE]);
const struct sg_authority_grant *sg_authority_grant(
    const struct sg_authority_at *at, const struct sg_key_id *officer);

/* Says whether what ends on UNTIL has ended: the time floor AT this position is
 * on that day or after it (RECORDS 3). No date never ends. */
bool sg_authority_is_expired(const struct sg_authority_at *at,
                             struct sg_date until);

/* Says whether GRANT covers UNIT: the unit, or one above it, is among its
 * units. */
bool sg_authority_covers(const struct sg_authority_at *at,
                         const struct sg_authority_grant *grant,
                         struct sg_unit_key unit);

/* Gives the unit KEY; NULL when it is not defined. */
const struct sg_unit *sg_authority_unit(const struct sg_authority_at *at,
                                        struct sg_unit_key key);

/* Says whether a succession gives TO a part of FROM. */
bool sg_authority_is_part(const struct sg_authority_at *at,
                          struct sg_unit_key from, struct sg_unit_key to);

/* Says whether CODE is a row of TABLE on a day from FIRST to LAST. */
bool sg_authority_has_code(const struct sg_authority_at *at,
                           enum sg_schema_table table, uint16_t code,
                           struct sg_date first, struct sg_date last);

/* Gives the words for CODE on DAY, no bytes when the table has none. */
struct sg_bytes sg_authority_code_text(const struct sg_authority_at *at,
                                       enum sg_schema_table table,
                                       uint16_t code, struct sg_date day,
                                       enum sg_lang lang);

/* Finds the lease that the statement BLOCK grants for the serial number SERIAL;
 * not where an earlier lease of another node has it. */
bool sg_authority_block(const struct sg_authority_at *at,
                        const struct sg_ref *block, unsigned serial,
                        struct sg_pin_block *ret_block);

/* Returns the largest heartbeat AT this position, in ms since 1970; without one
 * the beginning, in Viet Nam, of the genesis' effective day; 0 without a
 * genesis. At the cut it is *the* time floor. */
uint64_t sg_authority_time_floor(const struct sg_authority_at *at);

/* Gives what sg_rules_check asks, for a record AT this position whose copy is
 * in a log of NODE. Borrows: AT, as long as RET_FACTS is used. */
void sg_authority_facts(const struct sg_authority_at *at,
                        const uint8_t node[SG_KEY_SIZE],
                        struct sg_rules_facts *ret_facts);

/* --- what denies: the whole cut ---------------------------------------- */

enum sg_authority_cut {
    SG_AUTHORITY_NOT_CUT,
    SG_AUTHORITY_SUSPENDED, /* can be lifted */
    SG_AUTHORITY_RETIRED,
    SG_AUTHORITY_REVOKED,
};

/* Say what has been done to the node KEY, to OFFICER: of several cuts that
 * stand, the gravest. */
enum sg_authority_cut sg_authority_node_cut(
    const struct sg_authority *authority, const uint8_t key[SG_KEY_SIZE]);
enum sg_authority_cut sg_authority_officer_cut(
    const struct sg_authority *authority, const struct sg_key_id *officer);

/* Say whether the entry at PLACE, in a log of the node KEY, by OFFICER, is
 * above a cut of the node (A09), of the officer (A11). Endorsed or not. */
bool sg_authority_is_above_node(const struct sg_authority *authority,
                                const uint8_t key[SG_KEY_SIZE],
                                const struct sg_authority_place *place);
bool sg_authority_is_above_officer(const struct sg_authority *authority,
                                   const struct sg_key_id *officer,
                                   const struct sg_authority_place *place);

/* Says whether an endorse_range has OFFICER's entry at PLACE count. */
bool sg_authority_is_endorsed(const struct sg_authority *authority,
                              const struct sg_key_id *officer,
                              const struct sg_authority_place *place);

/* An entry that an order erases. PARENTS bridge the ancestry of the record. */
struct sg_authority_erased {
    struct sg_log_id log;
    uint64_t index;
    struct sg_ref record;
    struct sg_ref order; /* the statement */
    size_t n_parents;
    const uint8_t *parents; /* refs, packed as in the statement: see _parent */
};

/* Finds the order that erases entry INDEX of LOG, of several the smallest ref;
 * NULL when none does. That entries of kinds 0 and 1 and of types 1 to 31 are
 * never erased is the caller's to see. */
const struct sg_authority_erased *sg_authority_find_erased(
    const struct sg_authority *authority, const struct sg_log_id *log,
    uint64_t index);

/* Finds what was erased of RECORD, in any log; NULL when nothing was. */
const struct sg_authority_erased *sg_authority_find_bridge(
    const struct sg_authority *authority, const struct sg_ref *record);

/* Returns parent NO of ERASED, below n_parents. */
struct sg_ref sg_authority_erased_parent(
    const struct sg_authority_erased *erased, size_t no);

/* --- what the fold needs: the whole cut -------------------------------- */

/* Gives the units and their successions, the nodes that serve them, and the
 * working days. */
const struct sg_unit_table *sg_authority_units(
    const struct sg_authority *authority);
const struct sg_territory *sg_authority_territory(
    const struct sg_authority *authority);
const struct sg_calendar *sg_authority_calendar(
    const struct sg_authority *authority);

/* Returns the as-of day: the Vietnam day of the cut's time floor (RECORDS 4).
 * No date without a genesis. */
struct sg_date sg_authority_as_of(const struct sg_authority *authority);

/* Returns the largest hlc that decides ties, by the time floor and the clock
 * window; HLC itself, or 0 when it is beyond that (RECORDS 2). */
uint64_t sg_authority_hlc_max(const struct sg_authority *authority);
uint64_t sg_authority_effective_hlc(const struct sg_authority *authority,
                                    uint64_t hlc);

/* Says whether a genesis is held; whether it founds a test registry; the unit
 * of its scope Z. */
bool sg_authority_has_genesis(const struct sg_authority *authority);
bool sg_authority_is_test(const struct sg_authority *authority);
struct sg_unit_key sg_authority_centre(const struct sg_authority *authority);

/* Returns the rule version in force; above SG_AUTHORITY_RULE_VERSION figures
 * are by our rules and state roots are not computable (RECORDS 11). */
unsigned sg_authority_rule_version(const struct sg_authority *authority);

/* Gives all changes of rules by versions that this program has, those that
 * hold before those they replace, as sg_rules_severity wants them. */
const struct sg_rules_change *sg_authority_rules_changes(
    const struct sg_authority *authority, size_t *ret_count);

/* Numbers of policies (RECORDS 6.11). */
enum sg_authority_policy {
    SG_AUTHORITY_POLICY_GREEN_DAYS = 1,
    SG_AUTHORITY_POLICY_AMBER_DAYS,
    SG_AUTHORITY_POLICY_LEASE_DAYS,
    SG_AUTHORITY_POLICY_READS_A_DAY,
    SG_AUTHORITY_POLICY_CLOCK_DAYS,
    SG_AUTHORITY_POLICY_DUPLICATE_SCORE,
    SG_AUTHORITY_POLICY_WEIGHTS,
    SG_AUTHORITY_POLICY_MANDATORY,
    SG_AUTHORITY_POLICY_STALE_DAYS,
};

/* Returns the value of POLICY, stated or default; of 7 and 8, KEY's member of
 * `detail`, and 1000 or 0 where the statement and the default have none. KEY is
 * ignored for the others. */
uint64_t sg_authority_policy(const struct sg_authority *authority,
                             enum sg_authority_policy policy, uint64_t key);

/* A campaign as its row shows it (RECORDS 6.8, 12). */
struct sg_authority_campaign {
    struct sg_uid uid;
    uint8_t state;           /* 1 draft, 2 frozen, 3 running, 4 closed */
    struct sg_bytes payload; /* of the last statement that is not ignored: what
                                its fields say stands */
};

/* Gives the campaigns, ascending by uid. */
const struct sg_authority_campaign *sg_authority_campaigns(
    const struct sg_authority *authority, size_t *ret_count);

/* --- what is wrong with it --------------------------------------------- */

enum sg_authority_alarm_kind {
    SG_AUTHORITY_ALARM_ROTATION,    /* two rotations from one root */
    SG_AUTHORITY_ALARM_GENERATION,  /* an authority log below one it lists */
    SG_AUTHORITY_ALARM_UNIT,        /* a unit or edge that is none */
    SG_AUTHORITY_ALARM_CODE,        /* one code in two parts of a table */
    SG_AUTHORITY_ALARM_CAMPAIGN,    /* a step back or over, a frozen field */
    SG_AUTHORITY_ALARM_BLOCK,       /* two leases of one number */
    SG_AUTHORITY_ALARM_CERTIFICATE, /* a node's fields are not its bytes' */
    SG_AUTHORITY_ALARM_LIFT,        /* of what cannot be lifted */
};

/* STATEMENT is at fault; OTHER is what it contradicts, or itself. */
struct sg_authority_alarm {
    enum sg_authority_alarm_kind kind;
    struct sg_ref statement;
    struct sg_ref other;
};

/* Gives the alarms, ascending. The statements stand but for the part that the
 * page says is ignored. Faults of the units themselves:
 * sg_unit_table_check. */
const struct sg_authority_alarm *sg_authority_alarms(
    const struct sg_authority *authority, size_t *ret_count);

#endif
